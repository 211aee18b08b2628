"""Homes on which dbt has run: one built in the three steps of the night, shared by all tests that only read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from invented_district import STEPS, District, build, build_district, model_tables, write_landing, write_learning

os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")


@pytest.fixture(scope="session")
def district() -> District:
    return build_district()


@pytest.fixture(scope="session")
def home(district: District, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after the night's three builds, each green alone."""
    folder = tmp_path_factory.mktemp("home")
    write_landing(district, folder)
    for step in ("warehouse", "features", "boards"):
        build(folder, *STEPS[step])
    # Learning comes between features and scores: the first two steps must not ask for its files.
    write_learning(folder, model_tables())
    build(folder, *STEPS["scores"])
    return folder
