"""When a task is trained, and what came of each training (训练记录).

Belongs here: whether training is due, training with its gate, the record of trainings by as-of day; when the level of landing
moves, and its record. Does not belong here: fitting (each task), the decision (promotion), the active version (registry), clocks.

Training is due once a calendar month, and when the task's settings changed: nights in between only score. The record
is by as-of day, so a past day finds the training of its own month and never a later one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.additive.tables import from_tables, part_of
from models.cohort import Contender, GateSettings, compare_landing, compare_tax
from models.landing import LandingSettings
from models.landing.level import level_on, pairs_through, rule_of
from models.promotion import Verdict, judge
from models.registry import Artefact, Registry
from models.tax import TaxSettings
from models.tax.interval import Interval
from storage import write_json

Settings = LandingSettings | TaxSettings
TRAININGS, LEVELS = "trainings.json", "levels.json"


@dataclass(frozen=True)
class Inputs:
    """What a task learns from: features, outcomes, and a hash of each."""

    features: pd.DataFrame
    outcomes: pd.DataFrame
    hashes: Mapping[str, str]


@dataclass(frozen=True)
class Training:
    """One training: its day, the version it made, what the gate said, and whether it was made just now."""

    as_of: dt.date
    version: str
    settings_hash: str
    verdict: Verdict
    is_new: bool = False


def training_of(registry: Registry, name: str, day: dt.date, settings_hash: str) -> Training | None:
    """Give the last training of the day's month up to the day with the same settings; None means that one is due."""
    found = [
        Training(dt.date.fromisoformat(key), e["version"], e["settings_hash"], Verdict(**e["verdict"]))
        for key, e in sorted(_record(registry, name).items())
    ]
    same_month = [t for t in found if (t.as_of.year, t.as_of.month) == (day.year, day.month) and t.as_of <= day]
    return same_month[-1] if same_month and same_month[-1].settings_hash == settings_hash else None


def train_if_due(
    registry: Registry,
    settings: Settings,
    settings_hash: str,
    day: dt.date,
    read: Callable[[], Inputs],
    force: bool = False,
    gate: GateSettings | None = None,
) -> Training:
    """Train a task as of a day if that is due or forced, judge it, and record it; otherwise give the month's training."""
    name = "landing" if isinstance(settings, LandingSettings) else "tax"
    known = training_of(registry, name, day, settings_hash)
    if known and not force:
        return known
    inputs, through = read(), day
    run = _train(settings, inputs, through)
    made_of = {"as_of_date": str(day), "data_sha256": dict(inputs.hashes)}
    if "model_share" in run.report:
        made_of["model_share"] = run.report["model_share"]
    version = registry.save(name, run.tables, run.report, made_of)
    standing = registry.standing_on(name, day)
    comparison = None
    if run.kind == "model" and standing and standing != version:
        active = registry.load(name, standing)
        if active.manifest["kind"] != "rule":
            comparison = compare(settings, inputs, through, active, gate or GateSettings.load())
    verdict = judge(registry, name, version, standing, comparison, gate)
    entry = {"version": version, "settings_hash": settings_hash, "verdict": verdict.told()}
    _write(registry, name, {**_record(registry, name), day.isoformat(): entry})
    return Training(day, version, settings_hash, verdict, is_new=True)


@dataclass(frozen=True)
class KeptLevel:
    """The level that a day's list is told with: since when it stands, for which version, why it moved, and what it is."""

    as_of: dt.date
    version: str
    why: str
    level: Mapping[str, Any]

    @property
    def shift(self) -> float:
        return float(self.level["shift"])


def level_of(registry: Registry, version: str, day: dt.date) -> KeptLevel | None:
    """Give the level of the day's month for a version, as it stood on the day; None means that it is to be taken anew."""
    found = [
        KeptLevel(dt.date.fromisoformat(key), e["version"], e["why"], e["level"])
        for key, e in sorted(_record(registry, "landing", LEVELS).items())
    ]
    same = [k for k in found if (k.as_of.year, k.as_of.month) == (day.year, day.month) and k.as_of <= day]
    return same[-1] if same and same[-1].version == version else None


def level_if_due(
    registry: Registry,
    settings: LandingSettings,
    version: str,
    day: dt.date,
    read: Callable[[], Inputs],
    is_off: Callable[[], bool] = lambda: False,
) -> KeptLevel:
    """Take the level of a version of landing as of a day, at most once a month: sooner if ``is_off`` says that it is off.

    The month's level stands as it was recorded, so a list made again has the level that it had.
    """
    kept = level_of(registry, version, day)
    if kept and (kept.as_of == day or not is_off()):
        return kept
    artefact, inputs, through = registry.load("landing", version), read(), day
    found = level_on(
        from_tables(part_of(artefact.tables, "landing")),
        rule_of(artefact.report),
        pairs_through(inputs.features, through),
        inputs.outcomes,
        through,
        settings,
    )
    why = "检查不符" if kept else "每月一次"
    entry = {"version": version, "why": why, "level": found.told()}
    _write(registry, "landing", {**_record(registry, "landing", LEVELS), day.isoformat(): entry}, LEVELS)
    return KeptLevel(day, version, why, found.told())


def compare(
    settings: Settings, inputs: Inputs, through: dt.date, active: Artefact, gate: GateSettings
) -> dict[str, Any] | None:
    """Compare the recipe of today with an active model on the newest cohort."""

    def twin_of(day: dt.date) -> Contender:
        return _contender(*(lambda run: (run.tables, run.report))(_train(settings, inputs, day)))

    standing = _contender(active.tables, active.report)
    active_through = dt.date.fromisoformat(str(active.report["data_through"]))
    shared = (inputs.features, inputs.outcomes, through)
    if isinstance(settings, LandingSettings):
        return compare_landing(*shared, settings, standing, active_through, twin_of, gate)
    return compare_tax(*shared, settings, standing, active_through, twin_of, gate)


def _contender(tables: pd.DataFrame, report: Mapping[str, Any]) -> Contender:
    middle = from_tables(part_of(tables, str(report["task"])))
    is_model = report["kind"] != "rule"
    rule = rule_of(report) if is_model and report["task"] == "landing" else None
    return Contender(middle, is_model, Interval.of_version(tables, report), rule)


def _train(settings: Settings, inputs: Inputs, through: dt.date) -> Any:
    if isinstance(settings, LandingSettings):
        from models.landing import train_landing

        return train_landing(inputs.features, inputs.outcomes, through, settings)
    from models.tax import train_tax

    return train_tax(inputs.features, inputs.outcomes, through, settings)


def _record(registry: Registry, name: str, file: str = TRAININGS) -> dict[str, Any]:
    path = registry.root / name / file
    content: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return content


def _write(registry: Registry, name: str, content: Mapping[str, Any], file: str = TRAININGS) -> None:
    write_json(registry.root / name / file, content, indent=1)
