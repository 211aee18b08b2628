"""The desk in a real Chromium: a recruiter's morning, a unit head's week, a leader's meeting. Nothing leaves this machine.

DESK_SCREENSHOTS names a folder for pictures of it; DESK_PUBLISHED a home whose lists to show instead of the handmade one.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Route, sync_playwright

from desk.application import build_app
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import Contact, Person
from intake.opening import open_sheets
from tests.integration.desk.desk_site import HASH, PASSWORD, publish_two_days

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--no-first-run"]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 860}


@dataclass
class Running:
    address: str
    unit: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A desk on loopback with a recruiter, a unit head and a leader."""
    if CHROMIUM is None:
        pytest.skip("没有 Chromium：apt-get install chromium 后再测")
    home = tmp_path_factory.mktemp("desk")
    given = os.environ.get("DESK_PUBLISHED")
    if given:
        shutil.copytree(Path(given) / "published", home / "published", symlinks=True)
    else:
        publish_two_days(home)
    (home / "documents").mkdir()
    for name in ("调度材料_2026-06.docx", "季通报_2026Q1.docx", "挂图作战_2026-06-30.pdf"):
        (home / "documents" / name).write_bytes(name.encode())
    app = build_app(
        DeskSettings(home, f"sqlite:///{home / 'desk.sqlite'}"),
        lambda: dt.datetime(2026, 6, 30, 1, tzinfo=dt.UTC),
        open_sheets,
    )
    desk = app.state.desk
    published = desk.lists.current()
    assert published is not None
    unit = published.table["unit_name"].to_pylist()[0]
    with desk.sessions() as session:
        writing(session)
        for login, name, role in (
            ("zhang", "张敏", "recruiter"),
            ("li", "李强", "unit_head"),
            ("wang", "王区长", "leader"),
        ):
            session.add(
                Person(login=login, person_name=name, role=role, unit_name=None if role == "leader" else unit,
                       password_hash=HASH, must_change_password=False, created_at=desk.now())
            )  # fmt: skip
        session.flush()
        mine = [
            x
            for x, u in zip(
                published.table["lead_id"].to_pylist(), published.table["unit_name"].to_pylist(), strict=True
            )
            if u == unit
        ]
        session.add(
            Contact(lead_id=mine[0], unit_name=unit, contact_person="示例联系人", contact_phone="13900000000", position="总经理",
                    source="展会名片（合成数据）", created_by=1, created_at=desk.now())
        )  # fmt: skip
        session.commit()
    with served(app) as address:
        yield Running(address, unit)
    desk.engine.dispose()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve a desk on loopback; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def chromium(running: Running) -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def visit(
    chromium: Browser, running: Running, login: str, size: Any, scripts: bool = True, may_fail: bool = False
) -> Iterator[Page]:
    """Sign in; anything asked of outside fails the test, and so does an error on the console."""
    context = chromium.new_context(viewport=size, locale="zh-CN", java_script_enabled=scripts, device_scale_factor=1)
    outside: list[str] = []
    troubles: list[str] = []

    def guard(route: Route) -> None:
        if route.request.url.startswith((running.address + "/", "data:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: troubles.append(str(e)))
    page.goto(running.address + "/")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(running.address + "/")
    yield page
    context.close()
    assert outside == [] and (may_fail or troubles == [])


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("DESK_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def fits(page: Page) -> None:
    """Nothing is wider than the screen, and what a finger must hit is at least 44 px high."""
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, .tabs a, input:not([type=hidden]):not([type=checkbox])')]"
        ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 90))"
    )
    assert small == []


def test_a_recruiters_morning_on_a_phone(chromium: Browser, running: Running) -> None:
    with visit(chromium, running, "zhang", PHONE) as page:
        fits(page)
        picture(page, "desk-today-phone")
        first = page.locator("article.card").first
        first.get_by_role("button", name="有意向").click()
        page.get_by_text("张敏 06-30 09:00").wait_for()
        assert page.url == running.address + "/"  # only the card changed
        page.locator("article.card").first.get_by_role("button", name="撤销").click()
        page.locator("article.card").first.get_by_role("button", name="无意向").wait_for()
        page.locator("article.card h2 a").first.click()
        fits(page)
        assert page.locator(".bars rect").count() >= 3 and page.get_by_text("139****0000").is_visible()
        page.locator(".bars").first.scroll_into_view_if_needed()
        page.evaluate(
            "window.scrollTo(0, document.querySelector('.bars').getBoundingClientRect().top + window.scrollY - 60)"
        )
        picture(page, "desk-lead-phone")
        page.get_by_text("登记一次跟进").click()
        page.get_by_label("洽谈内容").fill("对方愿意来考察，索要地块资料")
        page.get_by_role("button", name="保存跟进").click()
        page.get_by_text("对方愿意来考察，索要地块资料").wait_for()
        page.get_by_label("事由").first.fill("约定考察时间")
        page.get_by_role("button", name="查看完整电话").click()
        assert page.get_by_text("13900000000").is_visible()


def test_a_unit_heads_week_on_a_desktop(chromium: Browser, running: Running) -> None:
    with visit(chromium, running, "li", DESKTOP) as page:
        picture(page, "desk-today")
        page.get_by_role("link", name="单位", exact=True).click()
        fits(page)
        page.locator("input[name=lead_id]").first.check()
        page.get_by_label("交给").select_option(label="张敏（0/30 条）")
        page.evaluate("window.scrollTo(0, 0)")
        picture(page, "desk-unit")
        page.get_by_role("button", name="分派").click()
        page.get_by_text("张敏（1/30 条）").wait_for(state="attached")
        page.locator(".line a, article h2 a").first.click()
        fits(page)
        picture(page, "desk-lead")
        page.get_by_text("申请移交给其他单位").click()
        page.get_by_label("移交原因").fill("接收单位有现成厂房")
        page.get_by_role("button", name="申请移交").click()
        page.get_by_text("负责人答复。").wait_for()
        page.get_by_role("button", name="撤回申请").click()
        page.get_by_text("申请移交给其他单位").wait_for()


def test_a_workbook_goes_out_and_comes_back_on_phone_and_desktop(
    chromium: Browser, running: Running, tmp_path: Path
) -> None:
    for size in (PHONE, DESKTOP):
        with visit(chromium, running, "zhang", size) as page:
            with page.expect_download() as found:
                page.get_by_role("link", name="下载回填表").click()
            file = tmp_path / "回填.xlsx"
            found.value.save_as(file)
            book = openpyxl.load_workbook(file)
            sheet = book["名单"]
            columns = {cell.value: cell.column for cell in sheet[1]}
            sheet.cell(5, columns["名单有用吗"]).value = "有用"
            sheet.cell(6, columns["回答"]).value = "再想想"
            book.save(file)
            page.goto(running.address + "/workbook")
            fits(page)
            page.get_by_label("工作簿", exact=True).set_input_files(file)
            page.get_by_role("button", name="上传").click()
            page.get_by_text("记录 1 行，退回 1 行").wait_for()
            fits(page)
            with page.expect_download() as back:
                page.get_by_role("link", name="下载退回件").click()
            assert back.value.suggested_filename.startswith("退回修改")


def test_a_leaders_meeting(chromium: Browser, running: Running) -> None:
    for size in (DESKTOP, PHONE):
        with visit(chromium, running, "wang", size) as page:
            page.get_by_role("link", name="领导页").click()
            fits(page)
            assert page.locator(".funnel rect").count() >= 2
            with page.expect_download() as taken:
                page.get_by_role("link", name="调度材料_2026-06.docx").click()
            assert taken.value.suggested_filename == "调度材料_2026-06.docx"
            assert Path(taken.value.path()).read_bytes() == "调度材料_2026-06.docx".encode()
            picture(page, "desk-leader" if size is DESKTOP else "desk-leader-phone")
            for path in ("/boards/funnel_slices", "/boards/task_progress", "/prospects", "/pool"):
                page.goto(running.address + path)
                fits(page)
            page.goto(running.address + "/prospects")
            if size is DESKTOP:
                picture(page, "desk-prospects")


def test_without_scripts_and_by_keyboard_only(chromium: Browser, running: Running) -> None:
    with visit(chromium, running, "zhang", DESKTOP, scripts=False) as page:
        card = page.locator("article.card").nth(1)
        name = card.locator("h2").inner_text()
        card.get_by_role("button", name="联系不上").focus()
        page.keyboard.press("Enter")
        page.wait_for_load_state()
        assert "联系不上" in page.locator("article.card", has_text=name).locator(".answered").inner_text()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.get_by_role("link", name="线索池").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="线索池").wait_for()
