"""What makes an amount suspicious (存疑的数): compared with its own past, the other amounts of its row, and others of its kind.

Belongs here: medians and spreads of logarithms, which cell of a row is the likely error. Does not belong here: what is done
with a suspicious cell (holding.py), limits (limits.py).

Everything is reckoned in powers of ten: a thousandfold error is 3, and errors of size are symmetric. A spread is the median
absolute deviation × 1.4826, which half of the rows may spoil.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from intake.plausibility.limits import Limits

Array = npt.NDArray[np.float64]
CHANGE, RATIO, KIND, UNIT, TOTAL = "change", "ratio", "kind", "unit", "total"
_TO_DEVIATION: Final = 1.4826
# A row of leads has some six amounts; of more columns than this the worst are taken as they come.
_MOST_TRIED: Final = 10


@dataclass(frozen=True)
class Doubt:
    """One suspicious cell: which check saw it, what it was compared with (a column, or none), and how many times off."""

    row: int
    column: int
    why: str
    other: int | None
    times: float


Kinds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reference:
    """Rows that others are measured by: logarithms, and the kind of each row (-1 for none)."""

    logs: Array
    kinds: Kinds


@dataclass(frozen=True)
class _Centre:
    """Median and spread of each row's kind where that has enough rows, else of all; NaN where not even that has."""

    middle: Array
    spread: Array


def _centre(values: Array, kinds: Kinds, wanted: Kinds, least: float) -> _Centre | None:
    known = np.isfinite(values)
    if known.sum() < least:
        return None
    overall = _robust(values[known])
    middle, spread = np.full(len(wanted), overall[0]), np.full(len(wanted), overall[1])
    for kind in np.unique(wanted[wanted >= 0]):
        own = values[known & (kinds == kind)]
        if len(own) >= least:
            at = wanted == kind
            middle[at], spread[at] = _robust(own)
    return _Centre(middle, spread)


def _robust(values: Array) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, float(np.median(np.abs(values - middle))) * _TO_DEVIATION


def judge(
    values: Array, kinds: Kinds, accepted: Array, references: Sequence[Reference], of_unit: Array, limits: Limits
) -> Iterator[Doubt]:
    """Yield the suspicious cells of some rows.

    `values` and `accepted` are logarithms, rows by columns: what the rows say, and what was accepted for the same keys before
    (NaN for neither). They are measured by the first of the `references` that has enough rows; `of_unit` is what the unit had
    in all before. A cell that says what was accepted is not asked again.
    """
    fresh = np.isfinite(values) & ~(np.isfinite(accepted) & (np.abs(values - accepted) < 1e-9))
    is_jump = fresh & (np.abs(values - accepted) > limits.decades("change_times"))
    alone = _alone(values, kinds, references, limits)
    ratios = _ratios(values, accepted, kinds, references, limits)
    has_partner = np.zeros(values.shape, dtype=bool)
    for (a, b), ratio in ratios.items():
        has_partner[:, [a, b]] |= np.isfinite(ratio.now)[:, None]
    suspicious = np.zeros(values.shape, dtype=bool)
    off = np.zeros(len(values), dtype=bool)
    for ratio in ratios.values():
        off |= ratio.is_off
    for row in map(int, np.flatnonzero(fresh.any(axis=1) & (off | is_jump.any(axis=1)))):
        jumps = {int(c) for c in np.flatnonzero(is_jump[row]) if not _is_corrected(row, int(c), ratios)}
        for column in jumps:
            suspicious[row, column] = True
            yield Doubt(row, column, CHANGE, None, 10 ** float(values[row, column] - accepted[row, column]))
        rest = {p: r for p, r in ratios.items() if np.isfinite(r.now[row]) and not jumps.intersection(p)}
        for column in _culprits(row, rest, fresh[row], alone.deviation[row]):
            suspicious[row, column] = True
            pair = max(
                (p for p, r in rest.items() if column in p and r.is_off[row]), key=lambda p: abs(rest[p].now[row])
            )
            times = 10 ** float(rest[pair].now[row] * (1 if pair[0] == column else -1))
            yield Doubt(row, column, RATIO, pair[0] if pair[1] == column else pair[1], times)
    outgrown = fresh & ~suspicious & (values - of_unit > limits.decades("unit_times")) & (alone.deviation > 1)
    for row, column in np.argwhere(outgrown):
        suspicious[row, column] = True
        yield Doubt(int(row), int(column), UNIT, None, 10 ** float(values[row, column] - of_unit[row, column]))
    lone = fresh & ~suspicious & ~has_partner & ~np.isfinite(accepted) & alone.is_far
    for row, column in np.argwhere(lone):
        yield Doubt(int(row), int(column), KIND, None, 10 ** float(alone.deviation[row, column]))


@dataclass(frozen=True)
class _Alone:
    """How far each cell is from the middle of its kind, by itself, and whether that is too far."""

    deviation: Array
    is_far: npt.NDArray[np.bool_]


def _alone(values: Array, kinds: Kinds, references: Sequence[Reference], limits: Limits) -> _Alone:
    deviation, is_far = np.full(values.shape, np.nan), np.zeros(values.shape, dtype=bool)
    for column in range(values.shape[1]):
        centres = (_centre(r.logs[:, column], r.kinds, kinds, limits.least_rows) for r in references)
        if (centre := next(filter(None, centres), None)) is None:
            continue
        deviation[:, column] = values[:, column] - centre.middle
        # An amount by itself spreads over some decades: the limit is never wider than what is no error any more.
        widest = limits.decades("widest_times")
        limit = np.clip(centre.spread * limits.least_spread, min(limits.decades("kind_times"), widest), widest)
        with np.errstate(invalid="ignore"):
            is_far[:, column] = np.abs(deviation[:, column]) > limit
    return _Alone(deviation, is_far)


@dataclass(frozen=True)
class _Ratio:
    """How far the ratio of two columns is from the usual one, now and as accepted before, and whether that is too far."""

    now: Array
    is_off: npt.NDArray[np.bool_]
    was_off: npt.NDArray[np.bool_]


def _ratios(
    values: Array, accepted: Array, kinds: Kinds, references: Sequence[Reference], limits: Limits
) -> dict[tuple[int, int], _Ratio]:
    """Return every pair of columns that keeps a ratio; of two amounts whose ratio is anything, neither speaks of the other."""
    found = {}
    for a, b in combinations(range(values.shape[1]), 2):
        now = values[:, a] - values[:, b]
        if not np.isfinite(now).any():
            continue
        centres = (_centre(r.logs[:, a] - r.logs[:, b], r.kinds, kinds, limits.least_rows) for r in references)
        if (centre := next(filter(None, centres), None)) is None:
            continue
        wide = centre.spread * limits.least_spread
        limit = np.maximum(wide, limits.decades("ratio_times"))
        now = np.where(wide > limits.decades("widest_times"), np.nan, now - centre.middle)
        with np.errstate(invalid="ignore"):
            was_off = np.abs(accepted[:, a] - accepted[:, b] - centre.middle) > limit
            found[a, b] = _Ratio(now, np.abs(now) > limit, was_off)
    return found


def _is_corrected(row: int, column: int, ratios: Mapping[tuple[int, int], _Ratio]) -> bool:
    """Say whether a jump mends an error: a ratio of before was off, none of now is."""
    own = [ratio for pair, ratio in ratios.items() if column in pair and np.isfinite(ratio.now[row])]
    return any(ratio.was_off[row] for ratio in own) and not any(ratio.is_off[row] for ratio in own)


def _culprits(
    row: int, ratios: Mapping[tuple[int, int], _Ratio], fresh: npt.NDArray[np.bool_], deviation: Array
) -> Sequence[int]:
    """Return the new cells that explain most of the ratios of a row that are off; of equals the fewest that leave the likeliest rest.

    A cell is an error only if it is off against half of what it can be compared with: a firm with much land and little output
    is odd in one ratio, a value a thousand times too large in all. A whole row in 元 under 万元 leaves its land as the odd one
    out, yet it is the land that looks like everybody's: what is left may not be far from its kind.
    """
    off = [pair for pair, ratio in ratios.items() if ratio.is_off[row]]
    columns = sorted({column for pair in off for column in pair})
    free = [column for column in columns if fresh[column]][:_MOST_TRIED]
    best: tuple[int, float] = (0, 0.0)
    found: Sequence[int] = ()
    for count in range(1, len(free) + 1):
        for chosen in combinations(free, count):
            covered = [pair for pair in off if pair[0] in chosen or pair[1] in chosen]
            outward = [pair for pair in ratios if (pair[0] in chosen) != (pair[1] in chosen)]
            shares = [[pair in off for pair in outward if column in pair] for column in chosen]
            if not all(share and sum(share) * 2 >= len(share) for share in shares):
                continue
            left = [abs(deviation[c]) for c in columns if c not in chosen and np.isfinite(deviation[c])]
            rated = (len(covered), -2 * max(left, default=0.0) - count)
            if rated > best:
                best, found = rated, chosen
    return found
