"""A small fictional district, written once, and the nightly job run on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from installation import AS_OF, Home, settings_at

from orchestration.nightly import run_nightly
from sample import write_sample


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ledgers and register of a district of 400 leads."""
    folder = tmp_path_factory.mktemp("district")
    write_sample(out=folder, leads=400, register=4000, seed=7, as_of=AS_OF, progress=lambda line: None)
    return folder


@pytest.fixture(scope="session")
def nightly(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The nightly job, run once."""
    settings = settings_at(tmp_path_factory.mktemp("home"), district)
    return Home(settings, run_nightly(settings, AS_OF))


@pytest.fixture(scope="session")
def documents(nightly: Home) -> Path:
    """The bulletin of the first quarter and the pack of June, the latter asked for twice; what is not over is refused."""
    from orchestration.definitions import build_defs
    from orchestration.nightly import prepare_instance

    with prepare_instance(nightly.settings) as instance:
        job = build_defs(nightly.settings).resolve_job_def("quarterly")
        assert job.execute_in_process(instance=instance, partition_key="2026-01-01").success
        refused = job.execute_in_process(instance=instance, partition_key="2026-07-01", raise_on_error=False)
        meeting = build_defs(nightly.settings).resolve_job_def("monthly")
        assert all(meeting.execute_in_process(instance=instance, partition_key="2026-06-01").success for _ in range(2))
        july = meeting.execute_in_process(instance=instance, partition_key="2026-07-01", raise_on_error=False)
    assert not refused.success  # the quarter has not begun
    assert not july.success  # the list is of June
    return nightly.root / "documents"
