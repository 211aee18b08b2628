"""A signal ends a command and all it started, although a library has its own handler and a child does not listen."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# As a run at night: Dagster's handler of the moment only takes note, the main thread waits for a child, the child has one.
SCRIPT = """
import signal, subprocess, sys
from orchestration import stopping

stopping.SECONDS_TO_END = 0.5
DEAF = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
with stopping.ends_on_signals(lambda: "仍是昨天的清单"):
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
    child.wait()
print("went on", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything_with_one_line(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        child = int(run.stdout.readline())
        run.send_signal(number)
        out, error = run.communicate(timeout=120)
    assert run.returncode == 128 + number and out == ""
    assert "正在停止" in error and "已停止：仍是昨天的清单" in error and "Traceback" not in error
    assert_gone(child)


def assert_gone(process: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        state = Path(f"/proc/{process}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the child lives")


def test_without_a_signal_nothing_is_left_behind() -> None:
    from orchestration.stopping import ends_on_signals

    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with ends_on_signals(lambda: ""):
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


HOLDER = """
import subprocess, sys
from pathlib import Path
from orchestration import nightly, stopping
from orchestration.settings import Settings

stopping.SECONDS_TO_END, stopping.SECONDS_BETWEEN_LOOKS = 0.5, 0.1
home = Path(sys.argv[1])
with nightly.only_one(Settings(home, home / "inbox", None), "nightly"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(child.pid, flush=True)
    child.wait()
"""


@pytest.mark.parametrize("way", ["deleted", "moved", "replaced"])
def test_a_home_that_goes_away_under_a_run_ends_it_with_a_line(tmp_path: Path, way: str) -> None:
    home = tmp_path / "home"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        child = int(run.stdout.readline())
        if way == "deleted":
            shutil.rmtree(home)
        else:
            home.rename(tmp_path / "elsewhere")
        if way == "replaced":
            home.mkdir()
            (home / "nightly.lock").touch()
        _, error = run.communicate(timeout=120)
    assert run.returncode == 1 and f"数据目录 {home} 在运行中被删除或移走" in error and "Traceback" not in error
    assert_gone(child)
