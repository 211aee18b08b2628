"""Hostile uploads: permission and seal come before content, whatever goes wrong is that file's line, and the others go on."""

from __future__ import annotations

import datetime as dt
import io
import random
import re
import threading
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from desk.forms import reading
from desk.forms.columns import INPUTS
from tests.integration.desk.desk_site import Site
from tests.integration.desk.test_desk_forms import TITLES, downloaded, events, filled, saved, sent

GOOD = {"膜材料项目6号": {"回答": "有意向"}}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tried here comes before the database: one kind is enough."""
    return f"sqlite:///{tmp_path / 'desk.sqlite'}"


class Watched:
    """The opener of the desk: counts how often it is asked, and may do something else instead."""

    def __init__(self, site: Site) -> None:
        self._open, self.count, self.instead = site.app.state.desk.open_workbook, 0, None
        site.app.state.desk.open_workbook = self

    def __call__(self, path: Path) -> Iterable[Any]:
        self.count += 1
        if self.instead is not None:
            raise self.instead
        return self._open(path)  # type: ignore[no-any-return]


def changed(content: bytes, part: str, text: bytes) -> bytes:
    """Put something else in the place of a part."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in source.infolist():
            archive.writestr(entry.filename, text if entry.filename == part else source.read(entry.filename))
    return target.getvalue()


def test_nothing_is_opened_before_permission_and_seal(site: Site) -> None:
    jia, opener = site.browser("jia"), Watched(site)
    own = filled(downloaded(jia, "?q=膜材料项目"), GOOD)
    book = openpyxl.load_workbook(io.BytesIO(own))
    book["_meta"]["A1"].value = book["_meta"]["A1"].value.replace('"version": ', '"version": 1')
    hostile = changed(own, "xl/worksheets/sheet1.xml", b"row " * 60_000)
    stranger = io.BytesIO()
    openpyxl.Workbook().save(stranger)
    for login, content, status in (
        ("jia2", own, 422), ("jia2", hostile, 422), ("jia", saved(book), 422), ("jia", stranger.getvalue(), 422), ("jia", b"", 422),
        ("jia", b"not a zip", 422), ("leader", own, 403), ("analyst", own, 403), ("root", hostile, 403),
    ):  # fmt: skip
        answer = sent(site.browser(login), content)
        assert answer.status_code == status and re.search("[一-龥]", answer.text), login
    assert jia.client.post("/workbook", data={"form_token": "x"}, files={"file": ("a.xlsx", own)}).status_code == 403
    assert sent(site.browser("jia"), own, "a.xls").status_code == 422
    assert opener.count == 0 and events(site) == []
    assert "记录 1 行" in sent(jia, own).text and opener.count == 1


def test_a_workbook_with_shared_texts_as_excel_saves_it_is_taken(site: Site) -> None:
    jia = site.browser("jia")
    target = io.BytesIO()
    source = openpyxl.load_workbook(io.BytesIO(filled(downloaded(jia, "?q=膜材料项目"), GOOD)))
    with xlsxwriter.Workbook(target) as copy:
        for sheet in source.worksheets:
            other = copy.add_worksheet(sheet.title)
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.value is not None:
                        other.write_string(cell.row - 1, cell.column - 1, str(cell.value))
    content = target.getvalue()
    assert "xl/sharedStrings.xml" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert "记录 1 行" in sent(jia, content).text


class Panic(BaseException):
    """What a library in Rust raises when it breaks."""


PROBLEMS = (
    Panic("index out of bounds"), MemoryError(), RecursionError("deep"), ValueError("File is not a zip file"), KeyError("rId1"),
    zipfile.BadZipFile("File is not a zip file"), UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
)  # fmt: skip


def test_whatever_opening_raises_is_that_files_line(site: Site) -> None:
    jia, opener = site.browser("jia"), Watched(site)
    content = filled(downloaded(jia, "?q=膜材料项目"), GOOD)
    for problem in PROBLEMS:
        opener.instead = problem
        answer = sent(jia, content)
        told = re.findall(r'role="alert">([^<]+)<', answer.text)
        assert answer.status_code == 422 and len(told) == 1, problem
        assert not re.search("[A-Za-z]{5,}", told[0].replace("Excel", "")), problem
    opener.instead = None
    assert "记录 1 行" in sent(jia, content).text


def test_a_file_broken_anywhere_is_refused_in_chinese_and_the_next_is_taken(site: Site) -> None:
    jia = site.browser("jia")
    content, chance = filled(downloaded(jia, "?q=膜材料项目6号"), GOOD), random.Random(16)
    with jia.client:
        for _ in range(25):
            broken = bytearray(content)
            for _ in range(chance.randint(1, 4)):
                broken[chance.randrange(len(broken))] ^= chance.randint(1, 255)
            answer = sent(jia, bytes(broken[: chance.choice([len(broken), chance.randrange(len(broken))])]))
            assert answer.status_code in (200, 422)
            for told in re.findall(r'class="problem" role="alert">([^<]+)<', answer.text):
                assert re.search("[一-龥]", told) and "zip file" not in told
        assert "记录 1 行" in sent(jia, content).text


def test_what_cannot_be_written_back_is_told_row_by_row(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    jia = site.browser("jia")
    bad = {f"膜材料项目{n}号": {"回答": "想想"} for n in range(9, 90, 3)}
    content = filled(downloaded(jia, "?q=膜材料项目"), {**GOOD, **bad})

    def fails(*_: Any, **__: Any) -> bytes:
        raise OverflowError("cannot convert float infinity to integer")

    monkeypatch.setattr(reading, "form_bytes", fails)
    page = sent(jia, content)
    assert page.status_code == 200 and "退回件没有写成" in page.text and "infinity" not in page.text
    assert page.text.count("不在可选项中") == len(bad) and [e.lead_id for e in events(site)] == ["L00006"]


ODD: tuple[Any, ...] = (
    float("inf"), float("-inf"), float("nan"), 1e308, -0.0, 10**30, True, dt.time(1, 2), dt.timedelta(days=9), dt.datetime(1, 1, 1),
    dt.date(9999, 12, 31), dt.datetime(1899, 12, 31, 5), "\x00", "\ud800", "=1+1", "x" * 40_000, "２０２６年２月３０日", "²", " ", b"bytes", [1],
)  # fmt: skip


def test_no_cell_keeps_the_answer_from_being_written(site: Site) -> None:
    """Cells that no dropdown offers, in every column, as an opener may give them: each row comes back, with what is wrong."""
    jia, desk = site.browser("jia"), site.app.state.desk
    content, opened = downloaded(jia, "?q=膜材料项目"), desk.open_workbook

    def odd(path: Path) -> list[Any]:
        sheets = list(opened(path))
        header, *rows = next(s for s in sheets if s.name == "名单").rows
        for at, row in enumerate(rows):
            for title in TITLES:
                row[header.index(title)] = ODD[at % len(ODD)]
            row[header.index("项目名称")] = ODD[-1 - at % len(ODD)]
        return sheets

    desk.open_workbook = odd
    page = sent(jia, content)
    assert page.status_code == 200, page.text
    number = re.findall(r"/workbook/returned\?id=(\d+)", page.text)[0]
    back = openpyxl.load_workbook(io.BytesIO(jia.get(f"/workbook/returned?id={number}").content))["名单"]
    assert back.max_row > len(ODD) and {cell.value for cell in back[1]} >= {given.title for given in INPUTS}
    assert events(site) == []


def test_uploads_that_wait_leave_threads_for_the_pages(site: Site) -> None:
    jia, desk, go, reads = site.browser("jia"), site.app.state.desk, threading.Event(), threading.Semaphore(0)
    content, opened = filled(downloaded(jia, "?q=膜材料项目"), GOOD), desk.open_workbook

    def slow(path: Path) -> Any:
        reads.release()
        assert go.wait(60)
        return opened(path)

    desk.open_workbook = slow
    with ThreadPoolExecutor(7) as pool:
        waiting = [pool.submit(sent, jia, content) for _ in range(7)]
        assert reads.acquire(timeout=60)
        refused = 0
        while refused < 3:  # four of seven wait; the others are told at once
            refused = sum(one.done() and one.result().status_code == 503 for one in waiting)
        assert site.browser(None).get("/health").status_code == 200 and jia.get("/").status_code == 200
        go.set()
        assert sorted(one.result().status_code for one in waiting) == [200] * 4 + [503] * 3
