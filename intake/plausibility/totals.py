"""The sender's own totals (合计行) against the sum of the rows above them: a mistake of size shows in the difference.

Belongs here: which single cell, off by a power of ten, explains why a total does not fit. Does not belong here: finding the
line of a total in a sheet (workbook.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from intake.contract import Field
from intake.plausibility.limits import Limits

_FACTORS: Final = tuple(10.0**n for n in (3, 4, 8, 2, 1, 5, 6, 7))


@dataclass(frozen=True)
class Total:
    """One line of totals: where it stands, from which row on it may add up, and its amounts by field."""

    file_hash: str
    sheet: str
    row: int
    since_row: int
    values: Mapping[str, float]
    is_complete: bool = True  # nothing above it was refused


def total_gaps(
    table: pa.Table, fields: Sequence[Field], totals: Sequence[Total], limits: Limits
) -> dict[tuple[int, int], float]:
    """Return the cells, by row of the table and place of the field, that alone explain a total: how many times too large."""
    if not totals:
        return {}
    places: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    names = ("file_hash", "source_sheet", "source_row")
    for at, (file_hash, sheet, row) in enumerate(zip(*(table[n].to_pylist() for n in names), strict=True)):
        places[file_hash, sheet].append((row, at))
    found = {}
    for total in totals:
        above = [(row, at) for row, at in places[total.file_hash, total.sheet] if row < total.row]
        block = [at for row, at in above if row >= total.since_row]
        for column, f in enumerate(fields):
            wanted = total.values.get(f.name)
            if not wanted or not total.is_complete:
                continue
            values = table[f.name].to_numpy()
            candidates = [rows for rows in (block, [at for _, at in above]) if rows]
            sums = [float(np.nansum(values[rows])) for rows in candidates]
            if any(_fits(s, wanted, limits) for s in sums):
                continue
            for rows, s in zip(candidates, sums, strict=True):
                errors = list(_explaining(values, rows, s, wanted, limits))
                if len(errors) == 1:
                    found[errors[0][0], column] = errors[0][1]
                    break
    return found


def _fits(found: float, wanted: float, limits: Limits) -> bool:
    return abs(found - wanted) <= abs(wanted) * limits.total_gap_pct / 100


def _explaining(
    values: Any, rows: Sequence[int], found: float, wanted: float, limits: Limits
) -> Iterator[tuple[int, float]]:
    """Yield the rows whose value, taken as so many times too large or too small, makes the sum fit."""
    for at in rows:
        value = float(values[at])
        if not np.isfinite(value) or value <= 0:
            continue
        for factor in _FACTORS:
            for times in (factor, 1 / factor):
                # The change must be worth more than the tolerance, else anything explains it.
                if _fits(found - value + value / times, wanted, limits):
                    yield at, times
                    break
            else:
                continue
            break
