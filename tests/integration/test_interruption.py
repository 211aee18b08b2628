"""A run killed between any two steps loses nothing: run again, the bytes are those of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from installation import AS_OF, Home, content_hashes, settings_at

from orchestration.nightly import run_nightly

KILLED = 9
# Ends its own process the moment the n-th asset step has succeeded: no clean-up, no finally, like a power cut.
SCRIPT = """
import logging, os, sys
from pathlib import Path
import dagster as dg
from orchestration.definitions import build_defs
from orchestration.nightly import STARTED_BY, STEP_NAMES, bury_dead_runs, prepare_instance
from orchestration.settings import Settings

class Killer(logging.Handler):
    left = int(sys.argv[1])
    def emit(self, record):
        event = (getattr(record, "dagster_meta", {}) or {}).get("dagster_event")
        if event and event.event_type_value == "STEP_SUCCESS" and event.step_key in STEP_NAMES:
            Killer.left -= 1
            if Killer.left == 0:
                os._exit(9)

@dg.logger
def killer(context):
    found = logging.Logger("killer", level=logging.DEBUG)
    found.addHandler(Killer())
    return found

settings = Settings.from_environment()
with prepare_instance(settings) as instance:
    bury_dead_runs(instance, "command")
    defs = build_defs(settings, loggers={"killer": killer})
    defs.resolve_job_def("nightly").execute_in_process(tags={STARTED_BY: "command"}, instance=instance, partition_key=sys.argv[2], run_config={"loggers": {"killer": {}}})
"""


# After the ledgers, and between scoring and publication.
@pytest.mark.parametrize("steps", [2, 14])
def test_killed_after_a_step_and_run_again(
    steps: int, nightly: Home, district: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = settings_at(_home(tmp_path_factory), district)
    environment = {
        "ZEYOU_HOME": str(settings.home),
        "ZEYOU_INBOX": str(settings.inbox),
        "ZEYOU_REGISTER": str(settings.register),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(steps), AS_OF.isoformat()],
        cwd=Path(__file__).parents[2], env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == KILLED, done.stderr[-2000:]
    assert not (settings.home / "published" / "current").exists()


def test_after_all_kills_one_run_leaves_the_undisturbed_bytes(
    nightly: Home, district: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = settings_at(_home(tmp_path_factory), district)
    assert run_nightly(settings, AS_OF).success
    assert content_hashes(settings.home) == content_hashes(nightly.root)


def test_a_night_that_is_told_to_stop_ends_and_leaves_yesterdays_list(
    nightly: Home, district: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With garbage in the warehouse, which once kept it silent for ten minutes; the next night builds it anew."""
    settings = settings_at(_home(tmp_path_factory), district)
    warehouse = settings.home / "warehouse" / "warehouse.duckdb"
    warehouse.write_bytes(b"garbage" * 10_000)
    before = content_hashes(settings.home)
    command = [
        sys.executable,
        "-m",
        "orchestration",
        "run",
        "--inbox",
        str(settings.inbox),
        "--as-of",
        AS_OF.isoformat(),
    ]
    with subprocess.Popen(
        [*command, "--register", str(settings.register)], cwd=Path(__file__).parents[2], text=True,
        env={**os.environ, "ZEYOU_HOME": str(settings.home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as run:  # fmt: skip
        assert run.stderr is not None
        said = []
        for line in run.stderr:
            said.append(line)
            if "现在重建" in line:
                break
        until = time.monotonic() + 120
        while not _with_home(settings.home) and time.monotonic() < until:
            time.sleep(0.1)  # until dbt runs below it
        run.send_signal(signal.SIGTERM)
        out, rest = run.communicate(timeout=300)
    error = "".join(said) + rest
    assert run.returncode == 128 + signal.SIGTERM and out == "", error
    assert "仓库文件损坏" in error and "现在重建" in error
    assert f"已停止：仍是 {AS_OF} 的清单" in error and "Error" not in error and "Traceback" not in error
    published = {name: digest for name, digest in before.items() if name.startswith("published")}
    assert published and published.items() <= content_hashes(settings.home).items()
    assert _with_home(settings.home) == []


def _with_home(home: Path) -> list[Path]:
    """The builds of dbt that work for a home."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            called, environment = ((place / name).read_text(errors="replace") for name in ("cmdline", "environ"))
            if "dbt\0build" in called and f"ZEYOU_HOME={home}" in environment:
                found.append(place)
    return found


_KEPT: list[Path] = []


def _home(factory: pytest.TempPathFactory) -> Path:
    """One home for all kills of this module: each rerun starts from what the last kill left."""
    if not _KEPT:
        _KEPT.append(factory.mktemp("killed"))
    return _KEPT[0]
