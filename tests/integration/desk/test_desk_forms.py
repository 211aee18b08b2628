"""Workbooks that go out, are filled in with Excel or WPS, and come back by page."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import sqlalchemy as sa

from desk.forms.columns import INPUTS, MARK
from desk.store.models import AuditEntry, Event
from tests.integration.desk.desk_site import NASTY, NOW, PEOPLE, UNITS, Browser, Site, secret_of

Fill = Callable[[Any, dict[str, int], dict[str, int]], None]
TITLES = [given.title for given in INPUTS]


def downloaded(browser: Browser, query: str = "") -> bytes:
    answer = browser.get(f"/download{query}")
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)


def opened(content: bytes) -> tuple[Any, Any, dict[str, int], dict[str, int]]:
    """Give the book, its list, the columns by title (from 1) and the rows by project."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["名单"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    return book, sheet, columns, {row[columns["项目名称"] - 1].value: row[0].row for row in sheet.iter_rows(min_row=2)}


def filled(content: bytes, values: dict[str, dict[str, Any]]) -> bytes:
    """Fill in inputs by project and title, as a person does in Excel."""
    book, sheet, columns, rows = opened(content)
    for project, given in values.items():
        for title, value in given.items():
            sheet.cell(rows[project], columns[title]).value = value
    return saved(book)


def saved(book: Any) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def sent(browser: Browser, content: bytes, name: str = "回填.xlsx") -> Any:
    return browser.client.post("/workbook", data={"form_token": browser.token}, files={"file": (name, content)})


def returned(browser: Browser, page: str) -> bytes:
    number = re.findall(r"/workbook/returned\?id=(\d+)", page)[0]
    answer = browser.get(f"/workbook/returned?id={number}")
    assert answer.status_code == 200
    return bytes(answer.content)


def events(site: Site) -> list[Event]:
    with site.database() as session:
        return list(
            session.scalars(sa.select(Event).where(~Event.client_id.startswith("seed")).order_by(Event.event_id))
        )


def test_a_view_goes_out_and_comes_back_blank_means_unchanged_twice_is_once(site: Site) -> None:
    jia = site.browser("jia")
    content = downloaded(jia, "?q=膜材料项目")
    book, sheet, _, rows = opened(content)
    assert set(rows) == {f"膜材料项目{n}号" for n in range(6, 90, 3)} and book["_meta"].sheet_state == "veryHidden"
    offered = {v.formula1 for v in sheet.data_validations.dataValidation}
    assert len([o for o in offered if o.startswith("选项!")]) == 6 and book["选项"]["A1"].value == "有意向"
    back = filled(content, {
        "膜材料项目6号": {"回答": "有意向", "原因": "愿意面谈", "下次联系日期": dt.datetime(2026, 7, 5), "名单有用吗": "有用"},
        "膜材料项目9号": {"跟进内容": "对方来电\n要地块资料", "跟进方式": "见商", "带队层级": "一把手", "跟进日期": "2026年6月29日",
                          "跟进结果": "推进签约", "下次联系日期": 46210},
        "膜材料项目12号": {"回答": "联系不上", "跟进内容": "改约下周"},
    })  # fmt: skip
    page = sent(jia, back)
    assert page.status_code == 200 and "记录 3 行" in page.text and "不改的 25 行" in page.text
    found = events(site)
    assert [(e.kind, e.lead_id, e.result, e.lost_reason, e.next_step_date) for e in found] == [
        ("answer", "L00006", "有意向", "愿意面谈", dt.date(2026, 7, 5)),
        ("usefulness", "L00006", "有用", None, None),
        ("follow_up", "L00009", "推进签约", None, dt.date(2026, 7, 7)),
        ("answer", "L00012", "联系不上", None, None),
        ("follow_up", "L00012", "待回复", None, None),
    ]
    talk = found[2]
    assert (talk.follow_up_date, talk.method, talk.led_by) == (dt.date(2026, 6, 29), "见商", "一把手")
    assert talk.content == "对方来电\n要地块资料" and talk.snapshot_id and talk.snapshot_id.startswith("2026-06-30")
    assert "记录 3 行" in sent(jia, back).text and len(events(site)) == 5
    # The sender of a workbook may change an answer of that workbook.
    again = filled(back, {"膜材料项目6号": {"回答": "无意向", "原因": None}})
    assert "记录 3 行" in sent(jia, again).text and [e.result for e in events(site)][-2:] == ["无意向", "有用"]
    with site.database() as session:
        told = [e.action for e in session.scalars(sa.select(AuditEntry))]
    assert told.count("下载") == 1 and told.count("回填工作簿") == 3


def test_good_rows_are_taken_bad_ones_come_back_with_all_that_is_wrong_and_can_be_mended(site: Site) -> None:
    jia = site.browser("jia")
    content = downloaded(jia, "?q=膜材料项目")
    back = filled(content, {
        "膜材料项目6号": {"回答": "有意向"},
        "膜材料项目9号": {"回答": "想想", "跟进内容": "=HYPERLINK(1)", "下次联系日期": "6月底", "跟进日期": "2027-01-01"},
        "膜材料项目12号": {"原因": "愿意面谈"},
        "膜材料项目15号": {"回答": "无意向", "原因": "愿意面谈"},
        "膜材料项目18号": {"跟进内容": "＝1+1"},
        "膜材料项目21号": {"下次联系日期": dt.datetime(2026, 7, 9)},
        "膜材料项目24号": {"跟进内容": "谈", "跟进日期": dt.datetime(2026, 7, 9), "下次联系日期": dt.datetime(2026, 7, 1)},
    })  # fmt: skip
    # openpyxl wrote =HYPERLINK as a formula without a result, as a hostile file may hold one.
    page = sent(jia, back)
    assert "记录 1 行，退回 6 行" in page.text and [e.lead_id for e in events(site)] == ["L00006"]
    _, sheet, columns, rows = opened(returned(jia, page.text))
    said = {project: sheet.cell(row, 2).value for project, row in rows.items()}
    nine = said["膜材料项目9号"]
    assert nine.startswith("原第 ") and "公式没有计算结果" in nine
    assert "同时选回答" in said["膜材料项目12号"] and "“无意向”的理由应为" in said["膜材料项目15号"]
    assert "会被当成公式" in said["膜材料项目18号"] and "请同时填回答或跟进内容" in said["膜材料项目21号"]
    assert "不能晚于今天" in said["膜材料项目24号"] and "下一步日期应在" in said["膜材料项目24号"]
    assert sheet.cell(rows["膜材料项目18号"], columns["跟进内容"]).value == "＝1+1"
    mended = filled(returned(jia, page.text), {
        "膜材料项目9号": {"回答": "有意向", "跟进内容": "谈", "下次联系日期": None, "跟进日期": None},
        "膜材料项目12号": {"回答": "有意向"},
    })  # fmt: skip
    assert "记录 2 行，退回 4 行" in sent(jia, mended).text


def test_several_errors_of_a_row_are_told_at_once(site: Site) -> None:
    jia = site.browser("jia")
    back = filled(downloaded(jia, "?q=膜材料项目6号"), {
        "膜材料项目6号": {"回答": "想想", "跟进内容": "＋1", "下次联系日期": "6月底", "带队层级": "处长"}
    })  # fmt: skip
    _, sheet, _, rows = opened(returned(jia, sent(jia, back).text))
    said = sheet.cell(rows["膜材料项目6号"], 2).value
    assert all(f"【{title}】" in said for title in ("回答", "跟进内容", "下次联系日期", "带队层级"))


def test_what_came_later_is_a_conflict_with_both_values_and_the_sender_decides(site: Site) -> None:
    jia, other = site.browser("jia"), site.browser("jia2")
    content = downloaded(jia, "?q=膜材料项目")
    for lead, word in (("L00006", "无意向"), ("L00009", "有意向")):
        assert other.post("/answers", {"lead_id": lead, "word": word, "client_id": f"tap-{lead}"}).status_code == 303
    back = filled(content, {
        "膜材料项目6号": {"回答": "有意向", "跟进内容": "谈成了"}, "膜材料项目9号": {"回答": "有意向"},
    })  # fmt: skip
    page = sent(jia, back)
    assert "记录 1 行，退回 1 行" in page.text and "1 行是下载之后别人先答了的" in page.text
    assert "jia2员 06-30 09:00 已答“无意向”，表中是“有意向”" in page.text
    assert len(events(site)) == 2
    decided = returned(jia, page.text)
    assert opened(decided)[1].cell(2, 1).value == "冲突"
    assert "记录 1 行" in sent(jia, decided).text
    assert [(e.kind, e.result) for e in events(site)[2:]] == [("answer", "有意向"), ("follow_up", "待回复")]


def test_a_workbook_that_is_not_ours_or_was_changed_is_refused_whole(site: Site) -> None:
    jia, jia2 = site.browser("jia"), site.browser("jia2")
    content = filled(downloaded(jia, "?q=膜材料项目6号"), {"膜材料项目6号": {"回答": "有意向"}})
    assert "别人下载的" in sent(jia2, content).text

    def changed(change: Callable[[Any], None]) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(content))
        change(book)
        return saved(book)

    def forge(book: Any) -> None:
        book["_meta"]["A1"].value = book["_meta"]["A1"].value.replace('"jia"', '"jia2"')

    assert "封签不符" in sent(jia2, changed(forge)).text
    assert "缺少“_meta”" in sent(jia, changed(lambda book: book.remove(book["_meta"]))).text
    assert "“名单”表或" in sent(jia, changed(lambda book: book["名单"].delete_cols(book["名单"].max_column))).text
    assert "只收 .xlsx" in sent(jia, content, "回填.xlsm").text
    assert "损坏" in sent(jia, b"PK\x03\x04 nothing").text and "0 字节" in sent(jia, b"").text
    bomb = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            grown = b" " * 50_000_000 if entry.filename == "xl/worksheets/sheet1.xml" else b""
            target.writestr(entry.filename, source.read(entry.filename) + grown)
    assert "大得不像台账" in sent(jia, bomb.getvalue()).text
    huge = sent(jia, b"x" * 21_000_000)
    assert huge.status_code == 413
    site.clock(NOW + dt.timedelta(days=61))
    assert "超过 60 天" in sent(site.browser("jia"), content).text
    assert events(site) == []


def test_marks_are_opaque_and_good_for_ones_own_rows_only(site: Site) -> None:
    jia, yi = site.browser("jia"), site.browser("yi")
    book, sheet, columns, rows = opened(downloaded(jia, "?view=pool&q=膜材料项目"))
    marks = {project: sheet.cell(row, columns[MARK]).value for project, row in rows.items()}
    assert all(re.fullmatch(r"[0-9a-f]{20}", mark) for mark in marks.values())
    assert "L00006" not in str([cell.value for row in sheet.iter_rows() for cell in row])
    again = opened(downloaded(jia, "?view=pool&q=膜材料项目"))
    assert again[1].cell(again[3]["膜材料项目6号"], again[2][MARK]).value != marks["膜材料项目6号"]
    sheet.cell(rows["膜材料项目7号"], columns["回答"]).value = "有意向"  # of 乙街道
    sheet.cell(rows["膜材料项目6号"], columns["回答"]).value = "有意向"
    sheet.cell(rows["膜材料项目9号"], columns["回答"]).value = "有意向"
    sheet.cell(rows["膜材料项目9号"], columns[MARK]).value = marks["膜材料项目6号"]  # a copied row
    sheet.cell(rows["膜材料项目12号"], columns["回答"]).value = "有意向"
    sheet.cell(rows["膜材料项目12号"], columns[MARK]).value = "0" * 20
    page = sent(jia, saved(book)).text
    assert "记录 1 行，退回 3 行" in page and "由乙街道负责" in page and "是同一条线索" in page and "行标记缺失" in page
    number = re.findall(r"/workbook/returned\?id=(\d+)", page)[0]
    assert yi.get(f"/workbook/returned?id={number}").status_code == 404


def test_names_that_look_like_formulas_go_out_as_text_and_no_foreign_contact_goes_out(site: Site) -> None:
    for login, (role, _) in PEOPLE.items():
        someone = site.browser(login)
        for view in ("list", "pool", "unit"):
            answer = someone.get(f"/download?view={view}")
            if role == "admin" or (view == "unit" and role in ("leader", "analyst")):
                assert answer.status_code in (403, 404)
                continue
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                # Marks of rows are random: some end like somebody's phone.
                inside = re.sub(
                    r">[0-9a-f]{20}<", "><", "".join(archive.read(name).decode() for name in archive.namelist())
                )
            assert "<f>" not in re.sub(r"<dataValidations.*?</dataValidations>", "", inside)
            for unit in UNITS:
                secret = secret_of(unit)
                assert secret["phone"] not in inside and secret["person"] not in inside
                assert secret["content"] not in inside and "****" + secret["phone"][-4:] not in inside
    _, sheet, _, rows = opened(downloaded(site.browser("leader"), "?only=ranked"))
    assert set(NASTY) <= set(rows) and all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    form = sheet.cell(rows[NASTY[3]], 4)
    assert form.number_format == "@" and form.quotePrefix


def test_filters_hold_and_refused_enterprises_are_in_no_workbook(site: Site) -> None:
    jia = site.browser("jia")
    assert set(opened(downloaded(jia, "?q=L00009"))[3]) == {"膜材料项目9号"}
    assert jia.get("/download?view=unit&unit=丙园区").status_code == 404
    content = filled(downloaded(jia, "?q=膜材料项目6号"), {"膜材料项目6号": {"回答": "有意向"}})
    assert jia.post("/leads/refuse", {"lead_id": "L00006", "reason": "来函拒绝"}).status_code == 303
    for view in ("list", "pool", "unit"):
        assert "膜材料项目6号" not in opened(downloaded(jia, f"?view={view}"))[3]
    assert "企业已拒绝联系" in sent(jia, content).text and events(site) == []
