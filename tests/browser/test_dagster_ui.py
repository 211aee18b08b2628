"""The Dagster UI in a real headless Chromium: the stages are there, no dialog in the way, nothing asked of outside."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The UI on loopback, as `make ui` starts it, on a fresh home."""
    if CHROMIUM is None:
        pytest.skip("没有 Chromium：apt-get install chromium")
    port = free_port()
    home = tmp_path_factory.mktemp("ui")
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


def page(url: str, profile: Path) -> str:
    """The page's DOM once its scripts came to rest; hosts outside this machine do not resolve."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         "--window-size=1900,1100", "--virtual-time-budget=30000", "--dump-dom", url],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    return done.stdout


def test_the_lineage_shows_every_stage_and_no_dialog(address: str, tmp_path: Path) -> None:
    dom = ""
    for attempt in range(4):  # the code location may still be loading when the server answers
        dom = page(f"{address}/asset-groups", tmp_path / f"profile{attempt}")
        if "publication" in dom:
            break
        time.sleep(5)
    for stage in ("ingestion", "staging", "marts", "features", "learning", "scores", "scoring", "publication"):
        assert stage in dom
    assert "Sign up" not in dom and "newsletter" not in dom.lower()


def test_the_job_page_describes_the_nightly_job(address: str, tmp_path: Path) -> None:
    dom = page(f"{address}/locations/zeyou/jobs/nightly", tmp_path / "profile")
    assert "nightly" in dom
