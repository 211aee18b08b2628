"""The level of landing (落地总体水平): which cases count, and the shift of the intercept as of a day.

Belongs here: leads and months as cases of ``models.level``, the rule that a training chose, what was said beside what came.
Does not belong here: the estimate itself (``models.level``), training, when the level moves (``models.lifecycle``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive.tables import AdditiveTables, Floats
from models.landing.features import matrix, open_pairs
from models.landing.settings import LandingSettings
from models.level import Cases, Level, LevelRule, Rehearsal, choose_rule, usual_rule
from models.validation.censoring import last_losses
from models.validation.splits import as_days


def landing_cases(
    pairs: pd.DataFrame, outcomes: pd.DataFrame, through: dt.date, settings: LandingSettings
) -> tuple[Cases, npt.NDArray[np.bool_]]:
    """Cases of (lead, as-of) pairs, and which of the pairs are cases at all.

    A landing within the horizon is seen on the day on which the office knew of it. A pair whose lead had landed or was lost
    by its as-of, though that was booked later, is none.
    """
    known = outcomes[as_days(outcomes["known_date"]) <= np.datetime64(through)]
    lead = pairs["lead_id"]

    def first(stage: str, column: str) -> Any:
        rows = known[known["stage"] == stage]
        return as_days(lead.map(pd.to_datetime(rows[column]).groupby(rows["lead_id"]).min()))

    entered = as_days(pairs["as_of_date"])
    reached, lost = (
        first(settings.milestone, "reached_date"),
        last_losses(lead, entered, outcomes, settings.lost_stage, through),
    )
    seen = first(settings.milestone, "known_date")
    within = (reached > entered) & (reached <= entered + np.timedelta64(settings.horizon_days, "D"))
    is_case = ~(reached <= entered) & np.isnat(lost)
    return Cases.of(entered, np.where(within, seen, np.datetime64("NaT")), lead).at(is_case), np.asarray(is_case)


def choose_level_rule(
    rehearsed: Sequence[tuple[Any, AdditiveTables]],
    pairs: pd.DataFrame,
    outcomes: pd.DataFrame,
    through: dt.date,
    settings: LandingSettings,
) -> LevelRule:
    """Rehearse the level inside the past, with the tables that would have been in use at each cut."""
    cases, is_case = landing_cases(pairs, outcomes, through, settings)
    x = matrix(pairs[is_case], settings)
    past = [Rehearsal(np.datetime64(day, "D"), tables.score(x)) for day, tables in rehearsed]
    return choose_rule(past, cases, np.datetime64(through, "D"), settings.horizon_days)


def level_on(
    tables: AdditiveTables,
    rule: LevelRule,
    pairs: pd.DataFrame,
    outcomes: pd.DataFrame,
    through: dt.date,
    settings: LandingSettings,
) -> Level:
    """Level of ``tables`` by what was known through a day."""
    cases, is_case = landing_cases(pairs, outcomes, through, settings)
    bare = AdditiveTables(tables.intercept, [t for t in tables.terms if not t.is_constant])
    return rule.level(
        bare.score(matrix(pairs[is_case], settings)), cases, np.datetime64(through, "D"), settings.horizon_days
    )


def rule_of(report: Mapping[str, Any]) -> LevelRule:
    """The rule that a training chose; the usual one in a report from before there was one."""
    return LevelRule.read(report["level_rule"]) if report.get("level_rule") else usual_rule()


def pairs_through(features: pd.DataFrame, through: dt.date) -> pd.DataFrame:
    """Open pairs up to a day, in a fixed order."""
    pairs = open_pairs(features)
    return pairs[as_days(pairs["as_of_date"]) <= np.datetime64(through)].reset_index(drop=True)


def mean_probability(score: Floats, level: Level) -> dict[str, float]:
    """Mean of the probabilities that a level makes of scores, and its 95% interval by the level's error."""
    ends = {"mean_probability": 0.0, "low": -1.96 * level.error, "high": 1.96 * level.error}
    return {k: round(float(np.mean(0.5 * (1 + np.tanh(0.5 * (score + level.shift + d))))), 6) for k, d in ends.items()}
