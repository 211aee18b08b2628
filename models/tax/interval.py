"""The interval of yearly tax (区间): how far below and above its middle, as sums of tables like the middle itself.

Belongs here: the two tables, the ends that they give, reading them back from a saved version.
Does not belong here: learning them (``training``), ranks of residuals (``evaluation``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive.tables import AdditiveTables, from_tables, part_of

Floats = npt.NDArray[np.float64]

MIDDLE, LOW, HIGH, PAYS = "tax", "tax_low", "tax_high", "tax_pays"  # parts of the tidy table


@dataclass(frozen=True)
class Interval:
    """Distance of either end from the middle on the log scale: an offset, and what each feature adds to it.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> interval = Interval.of_offsets(-0.5, 0.25)
    >>> [end.tolist() for end in interval.ends(np.array([4.0]), pd.DataFrame({"land_mu": [30.0]}))]
    [[3.5], [4.25]]
    """

    low: AdditiveTables
    high: AdditiveTables

    @classmethod
    def of_offsets(cls, low: float, high: float) -> Interval:
        """One width for all."""
        return cls(AdditiveTables(low, []).rounded(), AdditiveTables(high, []).rounded())

    @classmethod
    def of_version(cls, tables: pd.DataFrame, report: Mapping[str, Any]) -> Interval | None:
        """Read that of a saved version; versions from before widths were learned have their offsets only."""
        if "part" in tables and (tables["part"] == LOW).any():
            return cls(from_tables(part_of(tables, LOW)), from_tables(part_of(tables, HIGH)))
        low, high = report.get("interval_low_offset"), report.get("interval_high_offset")
        return None if low is None or high is None else cls.of_offsets(float(low), float(high))

    def ends(self, middle: Floats, X: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lower and upper end; the middle is always between them."""
        return np.minimum(middle, middle + self.low.score(X)), np.maximum(middle, middle + self.high.score(X))

    def moved(self, low: float, high: float) -> Interval:
        """Copy whose ends lie further by these offsets."""
        return Interval(
            *(AdditiveTables(t.intercept + by, t.terms).rounded() for t, by in ((self.low, low), (self.high, high)))
        )

    @property
    def is_one_width(self) -> bool:
        """Whether every project has the same."""
        return not (self.low.terms or self.high.terms)


def in_one(middle: AdditiveTables, interval: Interval, pays: AdditiveTables | None = None) -> pd.DataFrame:
    """Tidy table of the middle, of the interval and of the chance to pay anything, told apart by ``part``."""
    models = {MIDDLE: middle, LOW: interval.low, HIGH: interval.high} | ({} if pays is None else {PAYS: pays})
    return pd.concat([t.to_tables().assign(part=part) for part, t in models.items()], ignore_index=True)
