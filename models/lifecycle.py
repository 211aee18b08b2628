"""When a task is trained, and what came of each training (训练记录).

Belongs here: whether training is due, training with its gate, the record of trainings by as-of day. Does not belong here:
fitting (each task), the decision (promotion), the active version (registry), clocks.

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
from models.promotion import Verdict, judge
from models.registry import Artefact, Registry
from models.tax import TaxSettings
from models.tax.interval import Interval
from storage import write_json

Settings = LandingSettings | TaxSettings


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
    inputs, through = read(), day - dt.timedelta(days=1)
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
    return Contender(middle, report["kind"] != "rule", Interval.of_version(tables, report))


def _train(settings: Settings, inputs: Inputs, through: dt.date) -> Any:
    if isinstance(settings, LandingSettings):
        from models.landing import train_landing

        return train_landing(inputs.features, inputs.outcomes, through, settings)
    from models.tax import train_tax

    return train_tax(inputs.features, inputs.outcomes, through, settings)


def _record(registry: Registry, name: str) -> dict[str, Any]:
    path = registry.root / name / "trainings.json"
    content: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return content


def _write(registry: Registry, name: str, content: Mapping[str, Any]) -> None:
    path = registry.root / name / "trainings.json"
    write_json(path, content, indent=1)
