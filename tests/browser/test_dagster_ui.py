"""The Dagster UI in a real headless Chromium: the stages are there, no dialog in the way, nothing asked of outside; the
analyst finds the workbook that goes back.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright

from intake.returned import RESULT, SAID
from orchestration.defs.ingestion.assets import ledgers, office_settings
from orchestration.nightly import run_job
from orchestration.settings import Settings
from sample import write_sample

AS_OF = dt.date(2026, 6, 30)
ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ledgers were read once: some rows of the fictional district are refused on purpose."""
    if CHROMIUM is None:
        pytest.skip("没有 Chromium：apt-get install chromium")
    folder = tmp_path_factory.mktemp("ui")
    write_sample(out=folder / "sample", leads=60, register=500, seed=7, as_of=AS_OF, progress=lambda line: None)
    settings = Settings(folder / "home", folder / "sample/inbox", None)
    run_job(settings, AS_OF, "nightly", only=[*office_settings.keys, *ledgers.keys])
    return folder / "home"


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """The UI on loopback, as `make ui` starts it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration", "ui", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "ZEYOU_HOME": str(home)},
        stdout=(home / "ui.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2)
                pytest.fail("the UI answers without a token")
            except urllib.error.HTTPError as refused:
                assert refused.code == 401
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail((home / "ui.log").read_text()[-3000:])
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


@pytest.fixture(scope="module")
def token(address: str, home: Path) -> str:
    """What opens the guard, as the command prints it."""
    token = (home / "secrets" / "ui.token").read_text().strip()
    assert f"{address}/?token={token}" in (home / "ui.log").read_text()
    return token


def page(url: str, profile: Path) -> str:
    """The page's DOM once its scripts came to rest; hosts outside this machine do not resolve."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         "--window-size=1900,1100", "--virtual-time-budget=30000", "--dump-dom", url],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    return done.stdout


def test_the_lineage_shows_every_stage_and_no_dialog(address: str, token: str, tmp_path: Path) -> None:
    dom = ""
    for attempt in range(4):  # the code location may still be loading when the server answers
        dom = page(f"{address}/asset-groups?token={token}", tmp_path / f"profile{attempt}")
        if "publication" in dom:
            break
        time.sleep(5)
    for stage in ("ingestion", "staging", "marts", "features", "learning", "scores", "scoring", "publication"):
        assert stage in dom
    assert "Sign up" not in dom and "newsletter" not in dom.lower()


def test_the_job_page_describes_the_nightly_job(address: str, token: str, tmp_path: Path) -> None:
    dom = page(f"{address}/locations/zeyou/jobs/nightly?token={token}", tmp_path / "profile")
    assert "nightly" in dom


def test_the_analyst_finds_the_workbook_that_goes_back(address: str, token: str, home: Path) -> None:
    """On the page of the refused rows; in the workbook every bad row stands with all that is wrong with it."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS[1:])
        page = browser.new_page(viewport={"width": 1500, "height": 1400})
        page.route("**/*", lambda r: r.continue_() if r.request.url.startswith(address) else r.abort())
        page.goto(f"{address}/assets/landing/refused?view=overview&token={token}")
        # The key itself, not the folder's that begins alike.
        row = page.locator("tr", has=page.get_by_text("退回件", exact=True)).first
        row.get_by_text("Show Markdown").click()
        page.get_by_text("_退回修改.xlsx").first.wait_for()
        told = page.inner_text("body")
        browser.close()
    assert token not in page.url
    names = set(re.findall(r"\d{5}_\S+?_退回修改\.xlsx", told))
    assert names and names == {path.name for path in (home / "outbox").glob("*.xlsx")}
    refused = pd.read_parquet(home / "landing/refused.parquet")
    for name in names:
        sheet = openpyxl.load_workbook(home / "outbox" / name).worksheets[0]
        heads = next(row for row in sheet.iter_rows(values_only=True) if RESULT in row)
        said = [row[heads.index(SAID)] for row in sheet.iter_rows(values_only=True) if row != heads]
        assert any(said), name
    assert len(refused) >= len(names)
