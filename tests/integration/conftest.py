"""A small fictional district, written once, and the nightly job run on it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from intake.sample import write_sample
from orchestration.nightly import NightlyResult, run_nightly
from orchestration.settings import Settings

AS_OF = dt.date(2026, 6, 30)
# What a run leaves that others read. Clocks stand in received.json, history.jsonl and Dagster's own storage only.
STAGES = ("landing", "exports", "learning", "registry", "scoring", "published")
CLOCKS = ("received.json", "history.jsonl")


@dataclass(frozen=True)
class Home:
    """One installation after a run."""

    settings: Settings
    result: NightlyResult

    @property
    def root(self) -> Path:
        return self.settings.home

    @property
    def current(self) -> Path:
        return self.root / "published" / "current"


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ledgers and register of a district of 400 leads."""
    folder = tmp_path_factory.mktemp("district")
    write_sample(out=folder, leads=400, register=4000, seed=7, as_of=AS_OF, progress=lambda line: None)
    return folder


def settings_at(home: Path, district: Path) -> Settings:
    """Settings of a fresh installation beside the district."""
    return Settings(home=home, inbox=district / "inbox", register=district / "register.parquet")


@pytest.fixture(scope="session")
def nightly(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The nightly job, run once."""
    settings = settings_at(tmp_path_factory.mktemp("home"), district)
    return Home(settings, run_nightly(settings, AS_OF))


def content_hashes(home: Path) -> dict[str, str]:
    """SHA-256 of every file that a run leaves for others."""
    found = {}
    for stage in STAGES:
        for path in sorted((home / stage).rglob("*")):
            if path.is_file() and not path.is_symlink() and path.name not in CLOCKS:
                found[str(path.relative_to(home))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
