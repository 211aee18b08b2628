"""Train propensity and affinity as they could have been trained on a day, and compile them to tables.

Belongs here: which rows are learned from and what they weigh, the two parts of each model, the order of pairs.
Does not belong here: features (``features``, ``pairs``), the estimator (``models.additive``), metrics (``evaluation``).

Rare events: every firm that moved and every firm with a history is kept, of the rest a share, weighted by its inverse;
so the level is that of the whole register (a probability of a move *that a register comes to hold*: who moved without a
branch of its name counts as not moved). Each model has two parts, for firms that moved before and for those that never did, because what
tells the ones apart says nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive.estimator import AdditiveClassifier
from models.additive.tables import AdditiveTables, from_tables, part_of
from models.expansion.evaluation import examine, verdict
from models.expansion.features import Bools, Floats, Known, Register, Rows, away_history, firm_features
from models.expansion.pairs import Ways
from models.expansion.places import distances
from models.expansion.settings import ExpansionSettings

HISTORY_SHARE = 0.5  # of firms with local branches or kin that moved, kept
FEWEST_EXAMINED = 10  # events of each part on the last training day
MOVED, NEW = "moved", "new"


@dataclass(frozen=True)
class TrainingRows:
    """Sampled rows of several days: features, outcome, inverse of the share sampled, day."""

    frame: pd.DataFrame
    y: Floats
    weight: Floats
    day: npt.NDArray[np.datetime64]

    def of(self, inside: Bools) -> TrainingRows:
        """The rows of a mask."""
        frame = self.frame[inside].reset_index(drop=True)
        return TrainingRows(frame, self.y[inside], self.weight[inside], self.day[inside])


@dataclass(frozen=True)
class ExpansionModel:
    """Tables of both models, in parts; ``kind`` is 'model' or 'rule' (events too few), ``report`` says why."""

    kind: str
    tables: pd.DataFrame
    settings: ExpansionSettings
    report: dict[str, Any]

    def _compiled(self, model: str, part: str) -> AdditiveTables:
        return from_tables(part_of(self.tables, "propensity" if self.kind == "rule" else f"{model}_{part}"))

    def score(self, model: str, frame: pd.DataFrame) -> Floats:
        """Log odds of the propensity of firms, or of the affinity of pairs; a rule has no affinity: 0."""
        out = np.zeros(len(frame))
        for part, rows in self._parts(model, frame):
            out[rows] = self._compiled(model, part).score(frame.iloc[rows])
        return out

    def contributions(self, model: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Reasons: one column a feature and `level`; a row's sum is its score, bit for bit."""
        found = []
        for part, rows in self._parts(model, frame):
            tables = self._compiled(model, part)
            reasons = tables.contributions(frame.iloc[rows]).assign(level=tables.intercept)
            found.append(reasons.set_axis(rows, axis=0))
        if not found:
            return pd.DataFrame({"level": np.zeros(len(frame))}, index=frame.index)
        return pd.concat(found).fillna(0.0).sort_index().set_axis(frame.index, axis=0)

    def order(self, propensity: Floats, affinity: Floats) -> Floats:
        """Score by which pairs of firm and place are ordered; exact, for the weight is a sixteenth's multiple."""
        return propensity + self.settings.affinity_weight * affinity

    def _parts(self, model: str, frame: pd.DataFrame) -> list[tuple[str, Rows]]:
        if self.kind == "rule":
            return [("rule", np.arange(len(frame)))] if model == "propensity" else []
        moved = has_moved(frame)
        return [(part, np.flatnonzero(rows)) for part, rows in ((MOVED, moved), (NEW, ~moved)) if rows.any()]


def has_moved(frame: pd.DataFrame) -> Bools:
    """Whether a firm has set up elsewhere before."""
    return np.asarray(frame["away_cities"].to_numpy() > 0, dtype=bool)


def training_days(as_of: Any, settings: ExpansionSettings) -> list[np.datetime64]:
    """Days a year apart whose twelve months are over on ``as_of``, oldest first."""
    end = pd.Timestamp(as_of)
    days = [end - pd.DateOffset(years=back) for back in range(settings.training_years, 0, -1)]
    return [np.datetime64(d, "D") for d in days]


def _draw(*texts: Iterable[str]) -> Floats:
    """A number between 0 and 1 for every row, by a checksum of its texts: the sample does not depend on their order."""
    joined = np.array(["\x1f".join(parts) for parts in zip(*texts, strict=True)], dtype=object)
    return np.asarray(pd.util.hash_array(joined, categorize=False) / 2.0**64, dtype=np.float64)


def propensity_rows(
    register: Register, as_of: Any, settings: ExpansionSettings, distance: Floats
) -> tuple[TrainingRows, dict[str, int]]:
    """Return sampled firms of the training days with what they did, as known on ``as_of``; and events by day."""
    days = training_days(as_of, settings)
    known_by = np.datetime64(as_of, "D")
    populations = [Known(register, day) for day in days]
    everyone = sum(len(k.population) for k in populations)
    found: list[pd.DataFrame] = []
    events = {}
    for day, known in zip(days, populations, strict=True):
        frame = firm_features(known, distance)
        y = np.isin(known.population, known.outcomes(known_by)["firm"].to_numpy())
        events[str(day)] = int(y.sum())
        share = np.full(len(frame), min(1.0, settings.sampled_firms / max(everyone, 1)))
        share[(frame["local_count"] + frame["core_moves_2y"] + frame["brand_moves_2y"]).to_numpy() > 0] = HISTORY_SHARE
        share[y | has_moved(frame)] = 1.0
        ids = register.firms["firm_id"].to_numpy()[known.population]
        kept = _draw(ids.tolist(), [str(day)] * len(ids)) < share
        found.append(frame[kept].assign(_y=y[kept].astype(float), _weight=1.0 / share[kept], _day=day, _id=ids[kept]))
    rows = pd.concat(found, ignore_index=True).sort_values(["_day", "_id"], kind="stable")
    frame = rows.drop(columns=["_y", "_weight", "_day", "_id"]).reset_index(drop=True)
    days_of = rows["_day"].to_numpy().astype("datetime64[D]")
    return TrainingRows(frame, rows["_y"].to_numpy(), rows["_weight"].to_numpy(), days_of), events


def affinity_rows(register: Register, as_of: Any, settings: ExpansionSettings, distance: Floats) -> TrainingRows:
    """Return firms that moved with the places they went to and a sample of those they did not."""
    names = np.array(register.place[1], dtype=object)
    found: list[pd.DataFrame] = []
    for day in training_days(as_of, settings):
        known = Known(register, day)
        ways = Ways(known, distance)
        moved = known.outcomes(np.datetime64(as_of, "D"))
        movers = np.unique(moved["firm"].to_numpy())
        firm, place = np.repeat(movers, len(names)), np.tile(np.arange(len(names)), len(movers))
        away = place != register.place[0][firm]
        firm, place = firm[away], place[away]
        y = np.isin(firm * len(names) + place, moved["firm"].to_numpy() * len(names) + moved["place"].to_numpy())
        share = np.full(len(firm), min(1.0, settings.sampled_places / max(len(names), 1)))
        share[y | (ways.own.at(firm, place) > 0)] = 1.0
        ids = register.firms["firm_id"].to_numpy()[firm]
        kept = _draw(ids.tolist(), names[place].tolist(), [str(day)] * len(ids)) < share
        firm, place, ids = firm[kept], place[kept], ids[kept]
        frame = pair_frame(ways, firm, place, pd.DataFrame(away_history(known, firm)))
        found.append(
            frame.assign(_y=y[kept].astype(float), _weight=1.0 / share[kept], _day=day, _id=ids, _place=names[place])
        )
    rows = pd.concat(found, ignore_index=True).sort_values(["_day", "_id", "_place"], kind="stable")
    frame = rows.drop(columns=["_y", "_weight", "_day", "_id", "_place"]).reset_index(drop=True)
    days_of = rows["_day"].to_numpy().astype("datetime64[D]")
    return TrainingRows(frame, rows["_y"].to_numpy(), rows["_weight"].to_numpy(), days_of)


def pair_frame(ways: Ways, firm: Rows, place: Rows, histories: pd.DataFrame) -> pd.DataFrame:
    """Return the affinity's features of pairs; ``histories`` are the firms' own, in the order of the pairs."""
    own = histories[["away_cities", "away_recent"]].reset_index(drop=True)
    return pd.concat([ways.features(firm, place), own], axis=1)


def train_expansion(register: Register, as_of: Any, settings: ExpansionSettings) -> ExpansionModel:
    """Train both models on what was known on ``as_of``; or fall back to the rule and say why.

    Examples
    --------
    A register without a branch gives the rule; ``tests/unit/models/test_expansion.py`` shows both.
    """
    report: dict[str, Any] = {
        "task": "expansion",
        "as_of": str(np.datetime64(as_of, "D")),
        "undated": [settings.feature_labels[name] for name in settings.undated],
    }
    if not (register.day < training_days(as_of, settings)[-1]).any():
        return _rule(report, ["登记库没有截至日一年之前的、有日期的企业"], settings)
    distance = distances(register.place[1])
    rows, events = propensity_rows(register, as_of, settings, distance)
    report.update(events=events, row_count=len(rows.frame))
    reasons = _too_few(rows, settings)
    if not reasons:
        report["holdout"] = _examined(rows, settings)
        reasons = verdict(report["holdout"])
    if reasons:
        return _rule(report, reasons, settings)
    parts = [*_fit("propensity", rows, settings)]
    pairs = affinity_rows(register, as_of, settings, distance)
    parts += _fit("affinity", pairs, settings)
    report.update(kind="model", label="外拓倾向", reasons=[], pair_count=len(pairs.frame))
    return ExpansionModel("model", pd.concat(parts, ignore_index=True), settings, report)


def _rule(report: dict[str, Any], reasons: list[str], settings: ExpansionSettings) -> ExpansionModel:
    report.update(kind="rule", label="规则估计", rule_label=settings.rule_label, reasons=reasons)
    return ExpansionModel("rule", settings.rule.to_tables().assign(part="propensity"), settings, report)


def _too_few(rows: TrainingRows, settings: ExpansionSettings) -> list[str]:
    """Say in Chinese where either part has too few events, before the last training day or on it."""
    moved, late = has_moved(rows.frame), rows.day == rows.day.max()
    half = settings.minimum_events // 2
    reasons = []
    for part, name in ((moved, "曾外拓"), (~moved, "首次外拓")):
        early, last = int(rows.y[part & ~late].sum()), int(rows.y[part & late].sum())
        if early < half or last < FEWEST_EXAMINED or (1 - rows.y)[part & ~late].sum() < half:
            reasons.append(
                f"外拓企业不足：{name}的企业此前 {early} 家、最近一年 {last} 家，各需 {half}、{FEWEST_EXAMINED} 家"
            )
    return reasons


def _examined(rows: TrainingRows, settings: ExpansionSettings) -> dict[str, Any]:
    """Fit on all training days but the last and examine on that one."""
    late = rows.day == rows.day.max()
    early, last = rows.of(~late), rows.of(late)
    tables = pd.concat(_fit("propensity", early, settings), ignore_index=True)
    candidate = ExpansionModel("model", tables, settings, {})
    base_rate = float(np.average(early.y, weights=early.weight))
    score, rule = candidate.score("propensity", last.frame), settings.rule.score(last.frame)
    return {"day": str(last.day[0]), **examine(last.y, last.weight, score, rule, base_rate)}


def _fit(model: str, rows: TrainingRows, settings: ExpansionSettings) -> list[pd.DataFrame]:
    """Tables of both parts of a model."""
    moved = has_moved(rows.frame)
    found = []
    for part, inside in ((MOVED, moved), (NEW, ~moved)):
        stiffness = float(settings.stiffness[model])
        estimator = AdditiveClassifier(alpha=stiffness, ridge=stiffness, straight_held=settings.straight_held)
        frame = rows.frame.loc[inside, settings.columns(model, has_moved=part == MOVED)].reset_index(drop=True)
        estimator.fit(frame, rows.y[inside], rows.weight[inside])
        found.append(estimator.to_tables().assign(part=f"{model}_{part}"))
    return found
