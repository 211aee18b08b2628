"""The limits of plausibility (数值合理性的界限): the office's dated table, as it holds on a day.

Belongs here: reading `plausibility_limits.csv`. Does not belong here: its columns and words (office.tables), what a limit
decides (judging.py, holding.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from math import log10
from pathlib import Path
from typing import Final

from office.reading import read_table

TABLE: Final = "plausibility_limits"


@dataclass(frozen=True)
class Limits:
    """Limits of one day. Times are how often larger or smaller than expected."""

    change_times: float
    ratio_times: float
    kind_times: float
    least_spread: float
    widest_times: float
    least_rows: float
    unit_times: float
    total_gap_pct: float
    hold_days: float

    def decades(self, name: str) -> float:
        """Return a limit in powers of ten, as logarithms are compared."""
        return log10(max(float(getattr(self, name)), 1.0))


def read_limits(folder: Path, day: dt.date) -> Limits:
    """Return the limits of an office's folder as they hold on a day: of each the last one from that day or before."""
    found: dict[str, tuple[dt.date, float]] = {}
    for row in read_table(folder, TABLE).to_pylist():
        before = found.get(row["rule_code"])
        if row["valid_from"] <= day and (before is None or before[0] <= row["valid_from"]):
            found[row["rule_code"]] = (row["valid_from"], float(row["limit_value"]))
    if missing := [f.name for f in fields(Limits) if f.name not in found]:
        raise ValueError(f"{TABLE}.csv：{day} 没有生效的 {'、'.join(missing)}；请补上")
    return Limits(**{f.name: found[f.name][1] for f in fields(Limits)})
