"""The landing store: append-only, the same bytes again, whole after any crash, and nothing personal in it."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from ledger_writing import HEADER, lead, write_xlsx

from intake import landing
from intake.landing import LandingStore, Summary, is_ledger
from intake.workbook import FileProblem

FOLLOW_UPS = [["线索编号", "日期", "类型", "内容"], ["YC0001", "2025-06-03", "电话", "联系13912345678"]]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    write_xlsx(
        folder / "a.xlsx", {"线索": [HEADER, lead(1), lead(2, 首报日期="6月底"), ["合计"]], "说明": [["填表须知"]]}
    )
    write_xlsx(folder / "镇" / "b.xlsx", {"跟进": FOLLOW_UPS})
    (folder / "c.xlsx").write_bytes(b"")
    (folder / "~$a.xlsx").write_bytes(b"lock")
    return folder


def state(store: LandingStore) -> dict[str, bytes]:
    """Give what stands: every landed Parquet file and its bytes, without the temporary files of a crash."""
    files = [p for p in store.folder.rglob("*.parquet") if ".part" not in str(p)]
    return {str(p.relative_to(store.folder)): p.read_bytes() for p in files}


def leads(store: LandingStore) -> list[tuple[str, str, int]]:
    table = pq.read_table(store.folder / "leads.parquet")
    return list(zip(*(table[n].to_pylist() for n in ("lead_id", "project_name", "received_seq")), strict=True))


def test_what_lands(inbox, tmp_path):
    told: list[str] = []
    landed = LandingStore(tmp_path / "store").land_inbox(inbox, told.append)
    assert landed.rows["leads"] == Summary(read=5, accepted=1, refused=1, not_data=3)
    assert landed.rows["follow_ups"] == Summary(read=2, accepted=1, not_data=1)
    assert landed.rows["targets"] == Summary()
    assert [f.file for f in landed.files] == ["a.xlsx", "c.xlsx", "b.xlsx"]
    assert landed.problems == ("c.xlsx：文件是空的（0 字节）；请重新发送",)
    assert len(told) == 3
    files = pq.read_table(landed.folder / "files.parquet").to_pylist()
    assert [row["problem"] for row in files] == [None, landed.problems[0], None]
    assert all(row["rows_read"] == row["rows_accepted"] + row["rows_refused"] + row["rows_not_data"] for row in files)
    assert pq.read_table(landed.folder / "refused.parquet")["row"].to_pylist() == [3]


def test_a_file_received_again_changes_nothing_whenever_and_under_whatever_name(inbox, tmp_path, monkeypatch):
    store = LandingStore(tmp_path / "store")
    store.land_inbox(inbox)
    before, received = state(store), store.received_path.read_bytes()
    (inbox / "a 副本.xlsx").write_bytes((inbox / "a.xlsx").read_bytes())
    read: list[Path] = []
    monkeypatch.setattr(landing, "read_workbook", lambda path: read.append(path))
    store.land_inbox(inbox)
    assert (state(store), store.received_path.read_bytes(), read) == (before, received, [])


def stands(store: LandingStore) -> dict[str, str]:
    """The project's name that stands for each lead: that of the row received last."""
    return {lead_id: name for lead_id, name, _ in sorted(leads(store), key=lambda row: row[2])}


@pytest.mark.parametrize(
    "names", [("a.xlsx", "a.xlsx", "a.xlsx"), ("1.xlsx", "2.xlsx", "3.xlsx"), ("1.xlsx", "2.xlsx", "1.xlsx")]
)
@pytest.mark.parametrize("is_time_kept", [True, False])
def test_content_a_then_b_then_a_again_takes_effect_as_a_and_is_said(tmp_path, names, is_time_kept):
    inbox, store = tmp_path / "inbox", LandingStore(tmp_path / "store", tmp_path / "outbox")
    inbox.mkdir()
    rows = [[HEADER, lead(1, 项目名称=name), lead(2, 首报日期="某日")] for name in ("甲", "乙")]
    contents = [write_xlsx(tmp_path / "sent" / f"{at}.xlsx", {"线索": own}).read_bytes() for at, own in enumerate(rows)]
    told: list[str] = []
    is_told = names != ("1.xlsx", "2.xlsx", "1.xlsx") or not is_time_kept
    for at, name in enumerate(names):
        told.clear()
        (inbox / name).write_bytes(contents[at % 2])
        if is_time_kept:
            os.utime(inbox / name, (1_700_000_000, 1_700_000_000))
        landed = store.land_inbox(inbox, told.append)
    assert stands(store)["YC0001"] == (
        "甲" if is_told else "乙"
    )  # the very file that stood there all the time was not sent
    assert any("再发，现以它为准" in line for line in told) == is_told
    assert [f.is_sent_again for f in landed.files] == ([False, True] if is_told else [False, False])
    waiting = {f.returned_file for f in landed.files}
    assert waiting <= {path.name for path in (tmp_path / "outbox").iterdir()}
    before = state(store), store.received_path.read_bytes()
    assert store.land_inbox(inbox).files == landed.files
    assert (state(store), store.received_path.read_bytes()) == before


def test_moving_files_about_or_a_share_that_was_away_sends_nothing(tmp_path):
    inbox, away, store = tmp_path / "inbox", tmp_path / "away", LandingStore(tmp_path / "store")
    for name, project in (("a.xlsx", "甲"), ("b.xlsx", "乙")):
        write_xlsx(inbox / name, {"线索": [HEADER, lead(1, 项目名称=project)]})
        store.land_inbox(inbox)
    received = store.received_path.read_bytes()
    (inbox / "a.xlsx").rename(inbox / "已归档.xlsx")
    store.land_inbox(inbox)
    inbox.rename(away)
    inbox.mkdir()
    store.land_inbox(inbox)
    inbox.rmdir()
    away.rename(inbox)
    store.land_inbox(inbox)
    for path in inbox.iterdir():  # restored from a copy: all times are new, the order of what was sent is not
        os.utime(path)
    store.land_inbox(inbox)
    assert stands(store) == {"YC0001": "乙"}
    assert len(json.loads(store.received_path.read_text())) - len(json.loads(received)) <= 2


def test_landed_parquet_does_not_know_the_clock_nor_the_order_of_the_file_system(inbox, tmp_path, monkeypatch):
    first = LandingStore(tmp_path / "one")
    first.land_inbox(inbox)

    class Later(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2031, 1, 1, tzinfo=tz)

    listed = Path.rglob
    monkeypatch.setattr(landing.dt, "datetime", Later)
    monkeypatch.setattr(Path, "rglob", lambda self, pattern: reversed(list(listed(self, pattern))))
    second = LandingStore(tmp_path / "two")
    second.land_inbox(inbox)
    assert state(first) == state(second)
    assert first.received_path.read_bytes() != second.received_path.read_bytes()


def test_a_correction_comes_later_and_both_rows_remain(inbox, tmp_path):
    store = LandingStore(tmp_path / "store")
    store.land_inbox(inbox)
    write_xlsx(inbox / "a.xlsx", {"线索": [HEADER, lead(1, 项目名称="改过的项目"), lead(2)]})
    store.land_inbox(inbox)
    assert leads(store) == [("YC0001", "项目1", 1), ("YC0001", "改过的项目", 4), ("YC0002", "项目2", 4)]


def test_a_file_taken_out_of_the_inbox_stays_landed(inbox, tmp_path):
    store = LandingStore(tmp_path / "store")
    store.land_inbox(inbox)
    before = state(store)
    (inbox / "a.xlsx").unlink()
    store.land_inbox(inbox)
    assert state(store) == before


def test_a_file_that_is_gone_when_the_reader_changes_is_told(inbox, tmp_path, monkeypatch):
    store = LandingStore(tmp_path / "store")
    store.land_inbox(inbox)
    (inbox / "a.xlsx").unlink()
    monkeypatch.setattr(landing, "READER_VERSION", "next")
    landed = store.land_inbox(inbox)
    assert "a.xlsx" in landed.problems[0]
    assert "放回" in landed.problems[0]
    assert landed.rows["follow_ups"].accepted == 1


def test_two_inboxes_do_not_mix(inbox, tmp_path):
    store = LandingStore(tmp_path / "store")
    store.land_inbox(inbox)
    other = tmp_path / "other"
    write_xlsx(other / "x.xlsx", {"线索": [HEADER, lead(9)]})
    (other / "y.xlsx").write_bytes((inbox / "a.xlsx").read_bytes())
    store.land_inbox(other)
    table = pq.read_table(store.folder / "leads.parquet")
    assert table["lead_id"].to_pylist() == ["YC0009", "YC0001"]
    assert table["source_file"].to_pylist() == ["x.xlsx", "y.xlsx"]
    assert pq.read_table(store.folder / "refused.parquet")["file"].to_pylist() == ["y.xlsx"]
    store.land_inbox(inbox)
    assert pq.read_table(store.folder / "leads.parquet")["source_file"].to_pylist() == ["a.xlsx"]


def test_nothing_personal_lands(inbox, tmp_path):
    store = LandingStore(tmp_path / "store")
    told: list[str] = []
    store.land_inbox(inbox, told.append)
    for path in store.folder.rglob("*.parquet"):
        table = pq.read_table(path)
        assert not {"contact_person", "contact_phone"} & set(table.column_names)
        for word in ("王某某", "13812345678", "13912345678"):
            assert word not in str(table.to_pylist())
    assert "139****5678" in str(pq.read_table(store.folder / "follow_ups.parquet").to_pylist())
    assert "13812345678" not in "".join(told)


class Killed(BaseException):
    """The process is gone: nothing that catches errors may catch it."""


def test_whole_after_a_crash_at_any_write(inbox, tmp_path, monkeypatch):
    register = tmp_path / "名录.csv"
    register.write_text("企业名称,统一社会信用代码,省份\n云川纺织有限公司,91440300708461136T,山东\n", encoding="utf-8")

    def run(store: LandingStore) -> None:
        store.land_inbox(inbox)
        store.land_register(register)

    calm = LandingStore(tmp_path / "calm")
    run(calm)
    expected, real = state(calm), os.replace
    calls = 0
    kill_at: int | None = None

    def replace(source, target):
        nonlocal calls
        calls += 1
        if calls == kill_at:
            raise Killed
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(Path, "replace", lambda self, target: replace(self, target))
    run(LandingStore(tmp_path / "counted"))
    total = calls
    assert total > 12
    for kill_at in range(1, total + 1):
        calls, store = 0, LandingStore(tmp_path / f"killed{kill_at}")
        with pytest.raises(Killed):
            run(store)
        for path in state(store):
            pq.read_table(store.folder / path)  # what is there is whole
        calls = -total
        run(store)
        assert state(store) == expected, kill_at
        assert not list(store.folder.rglob("*.part"))


def test_a_register_is_read_once_and_again_when_it_changes(tmp_path):
    store, source = LandingStore(tmp_path / "store"), tmp_path / "r.csv"
    source.write_text("企业名称,统一社会信用代码,省份\n云川纺织有限公司,91440300708461136T,山东\n", encoding="utf-8")
    assert store.land_register(source) == Summary(1, 1)
    mark = (store.folder / "register.parquet").stat().st_mtime_ns
    assert store.land_register(source) == Summary(1, 1)
    assert (store.folder / "register.parquet").stat().st_mtime_ns == mark
    source.write_text("企业名称,统一社会信用代码,省份\n云川纺织有限公司,无,山东\n", encoding="utf-8")
    assert store.land_register(source) == Summary(1, 0, 1)
    before = state(store)
    source.write_text("企业名称,省份\n云川纺织有限公司,山东\n", encoding="utf-8")
    with pytest.raises(FileProblem, match="缺少列"):
        store.land_register(source)
    assert state(store) == before


def test_a_missing_inbox_and_an_empty_one(tmp_path):
    store = LandingStore(tmp_path / "store")
    with pytest.raises(FileProblem, match="收件夹不存在"):
        store.land_inbox(tmp_path / "没有")
    (tmp_path / "空").mkdir()
    landed = store.land_inbox(tmp_path / "空")
    assert (landed.files, set(landed.rows.values())) == ((), {Summary()})
    assert pq.read_table(store.folder / "leads.parquet").num_rows == 0


def test_what_is_a_ledger(tmp_path):
    for name in ("a.xlsx", "a.XLS", "a.xlsm", "~$a.xlsx", ".~a.xlsx", "a.docx", ".a.xlsx"):
        (tmp_path / name).touch()
    assert sorted(p.name for p in tmp_path.iterdir() if is_ledger(p)) == ["a.XLS", "a.xlsm", "a.xlsx"]


# --- whatever goes wrong with one file is that file's line ------------------------------------------------------------


def good_and_bad(tmp_path: Path) -> Path:
    for name, number in (("甲.xlsx", 1), ("乙.xlsx", 2), ("丙.xlsx", 3)):
        write_xlsx(tmp_path / "inbox" / name, {"线索": [HEADER, lead(number), lead(9, 首报日期="何时")]})
    return tmp_path / "inbox"


FAILURES = {
    "reading": ("read_workbook", ZeroDivisionError("x")),
    "the answer": ("returned_workbook", KeyError("x")),
    "landing": ("_accepted", RecursionError("x")),
    "sending back": ("write_whole", AssertionError("x")),
}


@pytest.mark.parametrize("step", FAILURES)
def test_a_failure_of_the_program_on_one_file_costs_no_other(tmp_path, monkeypatch, step):
    inbox, (name, error) = good_and_bad(tmp_path), FAILURES[step]
    real, calls = getattr(landing, name), []

    def fails_once(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 2:
            raise error
        return real(*arguments, **named)

    monkeypatch.setattr(landing, name, fails_once)
    store, told = LandingStore(tmp_path / "store", tmp_path / "outbox"), []
    landed = store.land_inbox(inbox, told.append)
    assert len(leads(store)) == 2
    (problem,) = landed.problems
    bad = next(f.file for f in landed.files if f.problem)
    assert problem.startswith(bad)
    assert f"拒收整个文件：{problem}" in told
    assert type(error).__name__ not in problem
    (trace,) = store.folder.rglob(landing.FAILURE)
    assert str(trace) in problem.replace(".part", "")
    assert type(error).__name__ in trace.read_text(encoding="utf-8")
    assert store.land_inbox(inbox).problems == landed.problems


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O error"), MemoryError()])
@pytest.mark.parametrize("name", ["content_hash", "read_workbook"])
def test_a_file_that_the_machine_could_not_read_is_read_the_next_time(tmp_path, monkeypatch, name, error):
    inbox, real = good_and_bad(tmp_path), getattr(landing, name)

    def fails(path, *more, **kinds):
        if path.name == "乙.xlsx":
            raise error
        return real(path, *more, **kinds)

    store = LandingStore(tmp_path / "store")
    with monkeypatch.context() as patched:
        patched.setattr(landing, name, fails)
        landed = store.land_inbox(inbox)
    assert len(leads(store)) == 2
    (problem,) = landed.problems
    assert problem.startswith("乙.xlsx")
    rows = pq.read_table(store.folder / "files.parquet").to_pylist()
    assert [row["file"] for row in rows if row["problem"]] == ["乙.xlsx"]
    assert store.land_inbox(inbox).problems == ()
    assert len(leads(store)) == 3


def test_a_full_disk_is_no_fault_of_the_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    inbox = good_and_bad(tmp_path)
    monkeypatch.setattr(landing, "returned_workbook", full)
    with pytest.raises(OSError, match="No space"):
        LandingStore(tmp_path / "store", tmp_path / "outbox").land_inbox(inbox)
    monkeypatch.undo()
    store = LandingStore(tmp_path / "store", tmp_path / "outbox")
    assert store.land_inbox(inbox).problems == ()


def test_names_that_a_disk_or_a_text_cannot_hold(tmp_path):
    inbox = good_and_bad(tmp_path)
    (inbox / "乙.xlsx").rename(inbox / os.fsdecode("乙.xlsx".encode("gb18030")))
    (inbox / "丙.xlsx").rename(inbox / ("长" * 83 + ".xlsx"))
    landed = LandingStore(tmp_path / "store", tmp_path / "outbox").land_inbox(inbox)
    (problem,) = landed.problems
    assert "编码不是 UTF-8" in problem
    assert [f.returned_file and len(f.returned_file.encode()) < 256 for f in landed.files if not f.problem] == [
        True,
        True,
    ]
    assert len(list((tmp_path / "outbox").iterdir())) == 2


def test_an_unread_column_of_money_is_in_the_list_of_files_and_in_the_answer(tmp_path):
    header = [*HEADER, "首付款金额（万元）"]
    path = write_xlsx(tmp_path / "inbox" / "a.xlsx", {"线索": [header, [*lead(1), 700], [*lead(2), 800]]})
    store, told = LandingStore(tmp_path / "store", tmp_path / "outbox"), []
    (landed,) = store.land_inbox(path.parent, told.append).files
    assert landed.unread_amounts == ("工作表“线索”的“首付款金额（万元）”",)
    assert any("首付款金额" in line for line in told)
    assert pq.read_table(store.folder / "files.parquet")["unread_amounts"].to_pylist() == [
        "、".join(landed.unread_amounts)
    ]
    answer = openpyxl.load_workbook(tmp_path / "outbox" / landed.returned_file)
    assert "首付款金额" in answer["未读取的金额列"]["A1"].value
    # Corrected and sent again, its rows are read again although nothing in them changed.
    sheet = answer["线索"]
    for cell in sheet[1]:
        if cell.value == "首付款金额（万元）":
            cell.value = "固定资产投资（万元）"
    answer.save(tmp_path / "inbox" / "b.xlsx")
    store.land_inbox(path.parent)
    amounts = pq.read_table(store.folder / "leads.parquet")["fixed_investment_wan_cny"].to_pylist()
    assert amounts == [None, None, 700, 800]
