"""A run killed between any two steps loses nothing: run again, the bytes are those of an undisturbed run."""

from __future__ import annotations

import os
import subprocess
import sys
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


_KEPT: list[Path] = []


def _home(factory: pytest.TempPathFactory) -> Path:
    """One home for all kills of this module: each rerun starts from what the last kill left."""
    if not _KEPT:
        _KEPT.append(factory.mktemp("killed"))
    return _KEPT[0]
