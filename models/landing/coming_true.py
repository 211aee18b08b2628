"""What was said beside what came true (说与成真): landings expected and seen, month by month and by kind of lead.

Belongs here: the table that the nightly check and the desk show, its intervals, and the watch over the months.
Does not belong here: the level (``level``), when it moves (``models.lifecycle``), pages.

Every lead open at a month end is expected to land by the next one with its probability times the share of landings that come
in the first month. Said is what the tables in use say with the level of that month end, by what was known then: the last
horizon of months is not over, so the tables have not learned from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import nbinom, poisson

from models.additive.tables import AdditiveTables, Floats
from models.landing.features import matrix
from models.landing.level import landing_cases, pairs_through
from models.landing.settings import LandingSettings
from models.level import LevelRule, shares_by_age, watch

MONTHS = 12
BANDS = (0.05, 0.1, 0.2, 0.4)
COLUMNS = [
    "dimension", "value", "from_date", "to_date", "lead_count", "said_count", "low_count", "high_count", "came_count",
    "evidence", "colour",
]  # fmt: skip
COLOURS = {"green": "正常", "yellow": "留意", "red": "不符"}


def said_and_came(
    tables: AdditiveTables,
    rule: LevelRule,
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    through: dt.date,
    settings: LandingSettings,
    unit_kinds: Mapping[str, str],
) -> pd.DataFrame:
    """Table of :data:`COLUMNS`: every month, then all of them together, by kind of unit, source and band.

    ``low_count`` and ``high_count`` hold 95% of what may come if the said is right; the level's own error is in them. A month
    has the evidence and colour of the watch; another row is yellow if what came lies outside, and green otherwise.
    """
    pairs = pairs_through(features, through)
    cases, is_case = landing_cases(pairs, outcomes, through, settings)
    pairs = pairs[is_case].reset_index(drop=True)
    bare = AdditiveTables(tables.intercept, [t for t in tables.terms if not t.is_constant])
    eta = bare.score(matrix(pairs, settings))
    day = np.datetime64(through, "D")
    starts = np.unique(cases.entered[cases.entered < day])[-MONTHS:]
    parts = []
    for start, end in pairwise([*starts, day]):
        level = rule.level(eta, cases, start, settings.horizon_days)
        share = shares_by_age(cases.known_on(start), start, settings.horizon_days)
        rows = np.flatnonzero(cases.entered == start)
        first = float(share(np.array([(end - start).astype(np.float64)]))[0])
        p = 0.5 * (1 + np.tanh(0.5 * (eta[rows] + level.shift)))
        parts.append(
            pd.DataFrame(
                {
                    "start": start,
                    "end": end,
                    "said": p * first,
                    "slope": p * (1 - p) * first * level.error,
                    "came": (cases.seen[rows] > start) & (cases.seen[rows] <= end),
                    "kind": pairs["unit_name"].iloc[rows].map(dict(unit_kinds)).fillna("暂无").to_numpy(),
                    "source": pairs["lead_source"].iloc[rows].astype(object).fillna("暂无").to_numpy(),
                    "band": _bands(p),
                    "lead": pairs["lead_id"].iloc[rows].to_numpy(),
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    long = pd.concat(parts, ignore_index=True)
    months = [_row("月份", str(end)[:7], rows) for end, rows in long.groupby("end", sort=True)]
    for row, (evidence, colour) in zip(
        months, watch([r["said_count"] for r in months], [r["came_count"] for r in months]), strict=True
    ):
        row |= {"evidence": evidence, "colour": COLOURS[colour]}
    found = [*months, _row("全部", "全部", long)]
    for name, column in (("单位类型", "kind"), ("线索来源", "source"), ("可能性", "band")):
        found += [_row(name, str(value), rows) for value, rows in long.groupby(column, sort=True)]
    return pd.DataFrame(found, columns=COLUMNS)


def is_red(table: pd.DataFrame) -> bool:
    """Whether the newest month of the table is red."""
    months = table[table["dimension"] == "月份"]
    return bool(len(months) and months["colour"].iloc[-1] == COLOURS["red"])


def _bands(p: Floats) -> list[str]:
    edges = [0.0, *BANDS, 1.0]
    names = [f"{low:.0%}至{high:.0%}" for low, high in pairwise(edges)]
    # Digits first, so that they sort as they rise.
    names = [f"{at + 1} {name}" for at, name in enumerate(names)]
    return [names[at] for at in np.searchsorted(BANDS, p, side="right")]


def _row(dimension: str, value: str, rows: pd.DataFrame) -> dict[str, Any]:
    said, came = float(rows["said"].sum()), int(rows["came"].sum())
    low, high = count_interval(said, float(rows["slope"].sum()))
    return {
        "dimension": dimension,
        "value": value,
        "from_date": pd.Timestamp(rows["start"].min()).date(),
        "to_date": pd.Timestamp(rows["end"].max()).date(),
        "lead_count": int(rows["lead"].nunique()),
        "said_count": round(said, 4),
        "low_count": low,
        "high_count": high,
        "came_count": came,
        "evidence": None,
        "colour": COLOURS["green" if low <= came <= high else "yellow"],
    }


def count_interval(mean: float, error: float) -> tuple[int, int]:
    """Counts between which 95% fall if ``mean`` is right up to a standard error: a Poisson count with an uncertain mean."""
    if not mean > 0:
        return 0, 0
    # A gamma mean makes a negative binomial of the Poisson count: its variance is mean + error².
    size = (mean / error) ** 2 if error > mean * 1e-3 else np.inf
    found = poisson(mean) if np.isinf(size) else nbinom(size, size / (size + mean))
    return int(found.ppf(0.025)), int(found.ppf(0.975))
