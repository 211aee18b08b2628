"""What a check looks at and what it says (体检的对象与结论).

Belongs here: the situation that is examined, the four verdicts. Does not belong here: a check.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import dagster as dg

from desk.settings import DeskSettings
from orchestration.settings import OFFICE_ZONE, Service, Settings

State = Literal["ok", "warn", "bad", "unknown"]
SHOWN: Final[dict[State, str]] = {"ok": "正常", "warn": "注意", "bad": "不行", "unknown": "不知"}


@dataclass(frozen=True)
class Verdict:
    """What one check says: a state, a Chinese line, and the fix where there is something to do."""

    state: State
    line: str
    fix: str = ""


def ok(line: str) -> Verdict:
    """Return that all is well."""
    return Verdict("ok", line)


def warn(line: str, fix: str) -> Verdict:
    """Return what should be seen to."""
    return Verdict("warn", line, fix)


def bad(line: str, fix: str) -> Verdict:
    """Return what does not work or is not safe."""
    return Verdict("bad", line, fix)


def unknown(line: str, fix: str = "") -> Verdict:
    """Return that nobody can say."""
    return Verdict("unknown", line, fix)


@dataclass(frozen=True)
class Situation:
    """One installation at one moment."""

    settings: Settings
    desk: DeskSettings
    service: Service
    now: dt.datetime

    @classmethod
    def from_environment(cls) -> Situation:
        """Return the installation that the environment names, as it is now."""
        now = dt.datetime.now(dt.UTC)
        return cls(Settings.from_environment(), DeskSettings.from_environment(), Service.from_environment(), now)

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def today(self) -> dt.date:
        """The day it is at the office."""
        return self.now.astimezone(OFFICE_ZONE).date()

    @cached_property
    def instance(self) -> dg.DagsterInstance | None:
        """Dagster's own records; None where nothing ever ran."""
        if not (self.settings.dagster_home / "dagster.yaml").exists():
            return None
        return dg.DagsterInstance.from_config(str(self.settings.dagster_home))

    def severe(self, line: str, fix: str) -> Verdict:
        """Return `bad` for an installed service, `warn` for a try-out: there nobody waits for what does not run."""
        return bad(line, fix) if self.service.is_installed else warn(line, fix)

    def hours_since(self, moment: dt.datetime) -> float:
        """Return how long ago something was."""
        return (self.now - moment) / dt.timedelta(hours=1)


Check = Callable[[Situation], Verdict]
