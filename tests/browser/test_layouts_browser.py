"""The page 台账版式 in a real Chromium: two forms that nobody knows, confirmed column by column, read by themselves afterwards.

DESK_SCREENSHOTS names a folder for pictures of it.
"""

from __future__ import annotations

import datetime as dt
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import office
from desk.application import build_app
from desk.pages.context import Desk
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import AuditEntry, Person
from intake.landing import LandingStore
from office import DEFAULTS
from orchestration.desk_layouts import DeskLayouts
from orchestration.ledger_layouts import waiting_layouts
from orchestration.settings import Settings
from tests.browser.test_desk_browser import CHROMIUM, FLAGS, PHONE, Running, fits, picture, served, visit
from tests.integration.desk.desk_site import HASH, UNITS, publish_two_days

DESKTOP = {"width": 1366, "height": 768}
# 序号 only, other words, a unit in a note, a total, contacts.
NUMBERED = ["序号", "在谈项目", "来资企业", "体量", "归口", "第一次见面", "对方老板", "老板电话", "到哪一步了"]
# Months stacked on one sheet, each with its own title.
STACKED = ["合同号", "拟落地项目", "资方", "总盘子(亿元)", "谁在跟", "第一次见面"]


def numbered_rows() -> list[list[Any]]:
    return [
        [i, f"膜材料{i}号项目", f"云川{i}号材料有限公司", 3000 + 500 * i, UNITS[i % 2], dt.datetime(2026, 3, i), "王小明",
         f"1381234567{i % 10}", "在谈"]
        for i in range(1, 13)
    ]  # fmt: skip


def write_numbered(path: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (["甲镇招商情况"], ["填报单位：甲镇　　单位：万元"], NUMBERED, *rows, ["合计", None, None, 99_000]):
        sheet.append(line)
    book.save(path)
    return path


def write_stacked(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for month, amounts in ((5, (1.5, 2.0)), (6, (1.8, 2.0, 3.2))):
        sheet.append([f"2026年{month}月在谈项目"])
        sheet.append(STACKED)
        for at, amount in enumerate(amounts, start=1):
            sheet.append(
                [f"HT-{at}", f"机床{at}线", f"云川{at}号机床有限公司", amount, "乙街道", "2026-04-0" + str(at)]
            )
    book.save(path)
    return path


@dataclass
class District:
    running: Running
    settings: Settings
    store: LandingStore
    desk: Desk

    def land(self) -> list[dict[str, Any]]:
        """Read the inbox as a night does and return the leads that stand."""
        with office.using(self.settings.office_folder):
            self.store.land_inbox(self.settings.inbox)
        return pq.read_table(self.store.folder / "leads.parquet").to_pylist()


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    """A desk over an inbox with two ledgers that nobody knows."""
    if CHROMIUM is None:
        pytest.skip("没有 Chromium：apt-get install chromium 后再测")
    home = tmp_path / "home"
    publish_two_days(home)
    shutil.copytree(DEFAULTS, home / "office")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    settings = Settings(home, inbox, None, home / "office")
    write_numbered(inbox / "甲镇.xlsx", numbered_rows())
    write_stacked(inbox / "乙街道按月.xlsx")
    app = build_app(
        DeskSettings(home, f"sqlite:///{home / 'desk.sqlite'}"),
        lambda: dt.datetime(2026, 6, 30, 1, tzinfo=dt.UTC),
        layouts=DeskLayouts(lambda: settings),
    )
    desk = app.state.desk
    with desk.sessions() as session:
        writing(session)
        for login, role in (("zhao", "analyst"), ("wu", "recruiter")):
            unit = UNITS[0] if role == "recruiter" else None
            session.add(
                Person(login=login, person_name=login, role=role, unit_name=unit, password_hash=HASH,
                       must_change_password=False, created_at=desk.now())
            )  # fmt: skip
        session.commit()
    with served(app) as address:
        yield District(Running(address, UNITS[0]), settings, LandingStore(home / "landing", home / "outbox"), desk)
    desk.engine.dispose()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def confirm(page: Page, told: dict[str, str]) -> None:
    """Correct the columns that are told, look again, confirm."""
    for header, title in told.items():
        page.get_by_label(f"{header} 读作").select_option(title)
    page.get_by_role("button", name="按改过的再看一遍").click()
    fits(page)
    page.get_by_role("button", name="确认，以后照此读取").click()
    page.get_by_text("的版式已确认").wait_for()


def test_two_forms_are_confirmed_once_and_read_by_themselves_afterwards(district: District, chromium: Browser) -> None:
    assert district.land() == []
    assert {w.file for w in waiting_layouts(district.settings)} == {"甲镇.xlsx", "乙街道按月.xlsx"}
    assert not list((district.settings.home / "outbox").glob("*")), "a form that we do not know is nothing to send back"

    with visit(chromium, district.running, "zhao", DESKTOP) as page:
        page.goto(district.running.address + "/layouts")
        picture(page, "layouts-list")
        page.get_by_role("link", name="甲镇.xlsx").click()
        text = page.locator("main").inner_text()
        assert "王小明" not in text and "13812345671" not in text
        picture(page, "layouts-form")
        page.get_by_role("heading", name="各列是什么").scroll_into_view_if_needed()
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(200)
        picture(page, "layouts-columns")
        confirm(
            page,
            {
                "在谈项目": "项目名称",
                "来资企业": "投资主体",
                "体量": "计划总投资",
                "归口": "负责单位",
                "第一次见面": "首报日期",
            },
        )
    with visit(chromium, district.running, "zhao", PHONE) as page:
        page.goto(district.running.address + "/layouts")
        page.get_by_role("link", name="乙街道按月.xlsx").click()
        fits(page)
        picture(page, "layouts-form-phone")
        confirm(
            page,
            {
                "合同号": "线索编号",
                "拟落地项目": "项目名称",
                "资方": "投资主体",
                "谁在跟": "负责单位",
                "第一次见面": "首报日期",
                "总盘子(亿元)": "计划总投资",
            },
        )

    with district.desk.sessions() as session:
        acts = [entry.action for entry in session.query(AuditEntry)]
    assert acts.count("查看待确认台账") == 2 and acts.count("确认台账版式") == 2
    leads = district.land()
    assert waiting_layouts(district.settings) == []
    numbered = {row["project_name"]: row for row in leads if row["source_file"] == "甲镇.xlsx"}
    written = {row[1]: row for row in numbered_rows()}
    assert {name: (r["investment_wan_cny"], r["unit_name"], r["reported_date"]) for name, r in numbered.items()} == {
        name: (row[3], row[4], row[5].date()) for name, row in written.items()
    }
    stacked = [row for row in leads if row["source_file"] == "乙街道按月.xlsx"]
    newest = {r["lead_id"]: r["investment_wan_cny"] for r in sorted(stacked, key=lambda r: r["source_period_date"])}
    assert newest == {"HT-1": 18_000.0, "HT-2": 20_000.0, "HT-3": 32_000.0}

    # Sent again: sorted otherwise, a name written longer, another first day, one lead more.
    again = numbered_rows()
    random.Random(7).shuffle(again)
    again = [[at, *row[1:]] for at, row in enumerate(again, start=1)]
    at = {row[1]: row for row in again}
    at["膜材料1号项目"][2] = "云川1号材料有限责任公司"
    at["膜材料2号项目"][5] = dt.datetime(2026, 2, 1)
    again.append([13, "光伏支架生产线", "云川光伏有限公司", 8000, "甲镇", dt.datetime(2026, 6, 1), "", "", ""])
    write_numbered(district.settings.inbox / "甲镇7月.xlsx", again)
    leads = district.land()
    assert waiting_layouts(district.settings) == []
    keys = {row["lead_id"] for row in leads if row["source_file"].startswith("甲镇")}
    new = {row["lead_id"] for row in leads if row["project_name"] == "光伏支架生产线"}
    assert keys == {row["lead_id"] for row in numbered.values()} | new and len(new) == 1


def test_only_analysts_see_forms(district: District, chromium: Browser) -> None:
    district.land()
    with visit(chromium, district.running, "wu", DESKTOP, may_fail=True) as page:
        response = page.goto(district.running.address + "/layouts")
        assert response is not None and response.status == 403
