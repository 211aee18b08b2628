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
