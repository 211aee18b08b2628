"""A trip shows only leads of the viewer's reach, leaves out who was visited, and can be taken along; a text is stopped."""

from __future__ import annotations

import io

import openpyxl
import sqlalchemy as sa

from desk.store.models import AuditEntry
from tests.integration.desk.desk_site import Site

ASKED = "region=长三角&first=2026-07-01&last=2026-07-02"


def test_a_trip_is_of_the_viewers_leads_and_of_firms_nobody_follows(site: Site) -> None:
    own = site.browser("jia").get(f"/trips?{ASKED}&since_days=0").text
    assert "甲镇的企业" in own and "乙街道的企业" not in own and "杭州市" in own
    everyone = site.browser("leader").get(f"/trips?{ASKED}&since_days=30").text
    assert "甲镇的企业" in everyone and "乙街道的企业" in everyone
    assert "杭州市</h2>" not in everyone and "某商会" not in everyone  # visited five days before
    assert "只作估算" in everyone


def test_what_a_trip_cannot_be_is_said(site: Site) -> None:
    browser = site.browser("jia")
    assert browser.get("/trips?region=长三角&first=2026-07-05&last=2026-07-01").status_code == 422
    assert "不在城市表中" in browser.get(f"/trips?{ASKED.replace('长三角', '无此地')}").text


def test_the_workbook_has_the_plan_and_a_sheet_that_comes_back_as_follow_ups(site: Site) -> None:
    answer = site.browser("leader").get(f"/trips/plan.xlsx?{ASKED}")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["行程", "跟进记录"]
    assert "合成数据" in book["行程"]["A1"].value
    with site.database() as session:
        taken = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "下载")).all()
    assert [(entry.actor, entry.subject) for entry in taken] == [("leader", "外出行程_长三角")]
    firms = {cell.value for cell in book["跟进记录"]["F"][1:]}
    assert firms == {"甲镇的企业", "乙街道的企业"}
    assert all(cell.data_type == "s" for line in book["行程"].iter_rows(min_row=3) for cell in line if cell.value)


def test_a_package_that_promises_tax_back_is_stopped_on_the_page(site: Site) -> None:
    page = site.browser("jia").post("/promises", {"text": "税收先征后返 <b>三年</b>"}).text
    assert "不得承诺" in page and "公平竞争审查条例第十条" in page and "命中不等于违法" in page
    assert "<b>三年</b>" not in page
    found = site.browser("jia").post("/promises", {"text": "证照代办"}).text
    assert "未发现，仍须公平竞争审查" in found and "没有命中" not in found
    held = site.browser("jia").post("/promises", {"text": "给予300万元"}).text
    assert "需送公平竞争审查" in held and "写了金额或者比例" in held


def test_a_lead_page_tells_what_the_boards_say_of_it(site: Site) -> None:
    page = site.browser("jia").get("/lead?id=L00000").text
    assert "<h2>线索分派建议</h2>" in page and "东园区" in page
    assert "线索分派建议" not in site.browser("yi").get("/lead?id=L00000").text
