"""The page 台账版式 by its addresses: who may see it, uploading, confirming, answering for a row, filling a form."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from desk.store.models import AuditEntry
from intake.layouts.keys import MINTED, KeyBook, KeyQuestion, keys_path, parts_of, waiting_keys
from intake.layouts.layout import FILE, read_layouts
from tests.integration.desk.desk_site import LEDGER, Browser, Site, ledger_id

FIELDS = ("", "项目名称", "投资主体", "计划总投资", "负责单位", "首报日期", "联系人", "联系电话")


def answer(someone: Browser, site: Site, act: str, fields: tuple[str, ...] = FIELDS) -> Any:
    form = {
        "id": ledger_id(site.home), "sheet": "Sheet1", "act": act, "ledger": "leads", "first": "1", "last": "1",
        "shown": "leads 1 1", "field": list(fields), "unit": ["万元" if f == "计划总投资" else "" for f in fields],
        "form_token": someone.token,
    }  # fmt: skip
    return someone.client.post("/layouts/file", data=form, follow_redirects=False)


def upload(someone: Browser, path: str, name: str, content: bytes) -> Any:
    files, form = {"file": (name, content)}, {"form_token": someone.token}
    return someone.client.post(path, data=form, files=files, follow_redirects=False)


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sheet1"
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_form_is_confirmed_by_an_analyst_and_by_nobody_else(site: Site) -> None:
    table = site.home / "office" / FILE
    for login in ("jia", "jiahead", "leader", "root"):
        assert site.browser(login).get("/layouts").status_code == 403
        assert answer(site.browser(login), site, "confirm").status_code == 403
    analyst = site.browser("analyst")
    assert answer(analyst, site, "confirm", ("", *FIELDS[2:], "")).status_code == 422
    assert (
        answer(analyst, site, "confirm", ("", "项目名称", *FIELDS[2:7], "线索编号")).status_code == 422
    )  # phones are no key
    assert read_layouts(table) == {}
    shown = answer(analyst, site, "try").text
    assert "接收 6 行" in shown and "隐秘人0" not in shown and "1390000" not in shown
    assert answer(analyst, site, "confirm").status_code == 303
    (layout,) = read_layouts(table).values()
    assert [c.field or "" for c in layout.columns] == list(FIELDS) and layout.confirmed_by == "analyst"
    assert analyst.get(f"/layouts/file?id={ledger_id(site.home)}&sheet=Sheet1").status_code == 404
    with site.database() as session:
        acts = [(e.action, e.subject) for e in session.query(AuditEntry)]
    assert ("确认台账版式", LEDGER) in acts


def test_an_uploaded_ledger_lies_in_the_inbox_and_is_asked_about_at_once(site: Site) -> None:
    analyst = site.browser("analyst")
    unknown = workbook(
        ["序", "干啥的", "哪家", "多少钱（亿元）", "谁管"],
        *[[i, f"机床{i}线", f"云川{i}号公司", 1.5, "甲镇"] for i in range(1, 5)],
    )
    sent = upload(analyst, "/layouts/upload", "../../新来的.xlsx", unknown)
    assert sent.status_code == 303 and sent.headers["location"].startswith("/layouts/file?id=")
    assert (site.home / "inbox" / "新来的.xlsx").read_bytes() == unknown
    known = workbook(
        ["线索编号", "项目名称", "投资主体", "负责单位", "首报日期", "计划总投资（万元）"],
        ["A1", "机床线", "云川机床有限公司", "甲镇", dt.datetime(2026, 3, 1), 5_000],
    )
    assert "done=" in upload(analyst, "/layouts/upload", "认识的.xlsx", known).headers["location"]
    other = upload(analyst, "/layouts/upload", "认识的.xlsx", unknown)  # the name again with another content
    assert other.status_code == 303 and len(list((site.home / "inbox").glob("认识的*.xlsx"))) == 2
    for name, content in (("坏的.xlsx", b"PK\x03\x04"), ("程序.exe", b"MZ"), ("~$锁.xlsx", known)):
        assert upload(analyst, "/layouts/upload", name, content).status_code == 422
    assert not list((site.home / "inbox").glob("*.exe"))


def test_a_row_is_said_to_be_an_earlier_one(site: Site) -> None:
    path, old = keys_path(site.home), parts_of("甲镇", "云川材料", "膜项目一期", dt.date(2026, 3, 1))
    new = parts_of("甲镇", "云川材料", "膜项目二期", dt.date(2026, 3, 1))
    book = KeyBook()
    book.remember([(old, MINTED + "1")], [KeyQuestion(new, (MINTED + "1",), "表.xlsx", "Sheet1", "2026-06-30")])
    book.save(path, "leads")
    ((ledger, question),) = waiting_keys(path)
    analyst = site.browser("analyst")
    assert "膜项目二期" in analyst.get("/layouts").text
    form = {"ledger": ledger, "question": question.question_id, "key": MINTED + "1"}
    assert site.browser("jia").post("/layouts/rows", form).status_code == 403
    assert analyst.post("/layouts/rows", form).status_code == 303
    assert waiting_keys(path) == [] and KeyBook.load(path, "leads").decisions == {question.question_id: MINTED + "1"}


def test_a_blank_form_comes_back_filled(site: Site) -> None:
    analyst = site.browser("analyst")
    header = ["序号", "项目名称", "投资主体", "计划总投资（亿元）", "负责单位"]
    blank = workbook(header, *[[None]] * 2)
    assert upload(analyst, "/layouts/fill", "上报表.xlsx", blank).status_code == 422
    rows = [{"lead_id": "L1", "project_name": "机床线", "enterprise_name": "云川机床有限公司", "investment_wan_cny": 12_000.0,
             "unit_name": "甲镇", "reported_date": dt.date(2026, 3, 1)}]  # fmt: skip
    marts = site.home / "exports" / "marts"
    marts.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), marts / "dim_leads.parquet")
    from intake.layouts.filling import form_of
    from intake.layouts.layout import keep_layout

    place = Path(site.home) / "上报表.xlsx"
    place.write_bytes(blank)
    keep_layout(site.home / "office", form_of(place, {}).confirmed("赵", dt.date(2026, 6, 30)), is_form=True)
    sent = upload(analyst, "/layouts/fill", "上报表.xlsx", blank)
    assert sent.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(sent.content)).worksheets[0]
    assert [cell.value for cell in sheet[2]] == [1, "机床线", "云川机床有限公司", 1.2, "甲镇"]
