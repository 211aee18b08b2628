"""One installation of the platform in a test: its settings, its result, and hashes of what it leaves."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

from orchestration.nightly import NightlyResult
from orchestration.settings import Settings

AS_OF = dt.date(2026, 6, 30)
# What a run leaves that others read. Clocks stand in received.json, inbox.json, history.jsonl and Dagster's own storage only.
STAGES = ("landing", "exports", "learning", "registry", "scoring", "published")
CLOCKS = ("received.json", "inbox.json", "history.jsonl")


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


def settings_at(home: Path, district: Path) -> Settings:
    """Settings of a fresh installation beside the district."""
    return Settings(home=home, inbox=district / "inbox", register=district / "register.parquet")


def content_hashes(home: Path) -> dict[str, str]:
    """SHA-256 of every file that a run leaves for others."""
    found = {}
    for stage in STAGES:
        for path in sorted((home / stage).rglob("*")):
            if path.is_file() and not path.is_symlink() and path.name not in CLOCKS:
                found[str(path.relative_to(home))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
