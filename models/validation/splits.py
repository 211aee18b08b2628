"""Splits in time: train on what was known on a day, test on what came after.

Belongs here: where to cut, and which rows lie on which side of a cut.
Does not belong here: labels and their maturity (``censoring``), random splits of any kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]


def as_days(values: Any) -> Days:
    """Dates as datetime64[D]; NaT stays."""
    return np.asarray(pd.to_datetime(pd.Series(values)).to_numpy(), dtype="datetime64[D]")


@dataclass(frozen=True)
class Split:
    """One cut: row positions known on ``cutoff`` and row positions to predict from then on."""

    cutoff: np.datetime64
    train: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]


def forward_cutoffs(as_of: Any, n_splits: int, test_share: float) -> list[np.datetime64]:
    """Days that cut the last ``test_share`` of the rows, in time, into ``n_splits`` slices of about equal size.

    Examples
    --------
    >>> forward_cutoffs(["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"], 2, 0.5)
    [np.datetime64('2024-03-01'), np.datetime64('2024-04-01')]
    """
    days = np.sort(as_days(as_of))
    if not 0 < test_share < 1 or n_splits < 1:
        raise ValueError("test_share must lie between 0 and 1, n_splits must be at least 1")
    if not len(days):
        return []
    shares = 1 - test_share + test_share * np.arange(n_splits) / n_splits
    cuts = days[np.minimum(np.ceil(shares * len(days) - 1e-9).astype(np.intp), len(days) - 1)]
    return [c for c in np.unique(cuts) if c > days[0]]


def forward_splits(as_of: Any, known: Any, n_splits: int = 3, test_share: float = 0.5) -> Iterator[Split]:
    """Yield splits whose training labels were all ``known`` on or before the cut.

    Rows whose label was not yet known are in no training set, though their as-of lies before the cut: a model fitted on
    that day could not have used them. That costs a horizon of rows a cut, and it is the only honest rehearsal.

    Parameters
    ----------
    as_of, known : array-like of dates
        When a row was looked at, and when its label was final (NaT: never).
    """
    days, known_days = as_days(as_of), as_days(known)
    cuts = forward_cutoffs(days, n_splits, test_share)
    for i, cut in enumerate(cuts):
        before_next = days < cuts[i + 1] if i + 1 < len(cuts) else np.ones(len(days), dtype=bool)
        test = (days >= cut) & before_next & ~np.isnat(known_days)
        train = (days < cut) & (known_days <= cut)
        yield Split(cut, np.flatnonzero(train), np.flatnonzero(test))
