"""From columns to slots: bins, categories and pairs of a frame, and from slot values back to terms.

Belongs here: which slot of which term a cell falls into, learned on training rows, applied to any rows.
Does not belong here: penalties and their solution (``solver``), the choice among fits (``forward``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive.solver import Block
from models.additive.tables import Floats, Term, category_codes, numeric_values, partner_slots

Ints = npt.NDArray[np.intp]


def quantile_edges(x: Floats, weight: Floats, max_bins: int, min_bin_weight: float) -> Floats:
    """Inner edges of about equally heavy bins. Edges are observed values, so a bin reads 'from 3 visits on'."""
    present = np.isfinite(x) & (weight > 0)
    if not present.any():
        return np.empty(0)
    values, inverse = np.unique(x[present], return_inverse=True)
    mass = np.bincount(inverse, weights=weight[present])
    if len(values) <= max_bins:
        label = np.arange(len(values))
    else:
        middle = np.cumsum(mass) - mass / 2
        label = np.floor(middle / mass.sum() * max_bins).astype(np.intp)
    starts = np.flatnonzero(np.diff(label, prepend=-1))
    heavy: list[int] = []
    held = 0.0
    for start, bin_mass in zip(starts, np.add.reduceat(mass, starts), strict=True):
        if not heavy or held >= min_bin_weight:
            heavy.append(int(start))
            held = 0.0
        held += float(bin_mass)
    if held < min_bin_weight and len(heavy) > 1:
        heavy.pop()
    return np.asarray(values[heavy[1:]], dtype=np.float64)


def signed_log(x: Floats) -> Floats:
    """Scale on which sizes lie: logarithmic far from 0, plain near it, odd."""
    return np.asarray(np.sign(x) * np.log1p(np.abs(x)), dtype=np.float64)


def with_even_edges(edges: Floats, x: Floats, weight: Floats, max_bins: int) -> Floats:
    """``edges`` and those that cut the range of ``x`` into ``max_bins`` of equal width on the scale of sizes.

    Equally heavy bins are wide where rows are few: at the ends, where a size makes most of the difference. Added edges
    have three digits. None are added to a number of so few values that each has its bin.
    """
    present = x[np.isfinite(x) & (weight > 0)]
    if len(edges) + 1 < max_bins or len(np.unique(present)) <= max_bins:
        return edges
    low, high = signed_log(np.array([present.min(), present.max()]))
    even = np.linspace(low, high, max_bins + 1)[1:-1]
    even = np.array([float(f"{v:.2e}") for v in np.sign(even) * np.expm1(np.abs(even))])
    return np.union1d(edges, even[(even > present.min()) & (even <= present.max())])


def positions_of(edges: Floats, x: Floats, weight: Floats) -> Floats:
    """Middle of every bin on the scale of sizes; the outermost end at the least and the largest value."""
    present = x[np.isfinite(x) & (weight > 0)]
    ends = signed_log(np.concatenate([[present.min()], edges, [present.max()]])) if len(present) else np.zeros(2)
    return np.asarray((ends[1:] + ends[:-1]) / 2, dtype=np.float64)


@dataclass(frozen=True)
class Shape:
    """One term to be: a number's bins, a column's categories, or the cells of a category and a second column.

    The slots of a number are its bins and then missing; those of categories the kept ones and then missing. A pair has
    kept cells only. Whatever has no slot (-1) contributes 0.
    """

    name: str
    is_numeric: bool
    edges: Floats = field(default_factory=lambda: np.empty(0))
    keys: tuple[str, ...] = ()
    direction: int = 0
    partner: str | None = None
    partner_is_numeric: bool = False
    cells: tuple[tuple[int, int], ...] = ()
    positions: Floats | None = None
    held: float = 1.0

    @property
    def size(self) -> int:
        """Number of slots."""
        if self.partner is not None:
            return len(self.cells)
        return len(self.edges) + 2 if self.is_numeric else len(self.keys) + 1

    def slots(self, frame: pd.DataFrame) -> Ints:
        """Slot of every row."""
        if self.is_numeric:
            x = numeric_values(frame[self.name])
            found = np.searchsorted(self.edges, x, side="right")
            return np.where(np.isnan(x), len(self.edges) + 1, found).astype(np.intp)
        number = {key: i for i, key in enumerate(self.keys)}
        codes, keys = category_codes(frame[self.name])
        missing = -1 if self.partner is not None else len(self.keys)
        found = np.array([*(number.get(k, -1) for k in keys), missing], dtype=np.intp)[codes]
        if self.partner is None:
            return found
        width = len(self.edges) + 2
        cell = np.full(len(self.keys) * width + 1, -1, dtype=np.intp)
        for i, (key, bin_number) in enumerate(self.cells):
            cell[key * width + bin_number] = i
        second = partner_slots(frame[self.partner], self.edges, self.partner_is_numeric)
        return np.asarray(cell[np.where(found < 0, len(cell) - 1, found * width + second)], dtype=np.intp)

    def block(self, slots: Ints) -> Block:
        """Slots as the solver reads them."""
        if self.is_numeric:
            return Block(slots, len(self.edges) + 1, 1, self.direction, self.positions, self.held)
        return Block(slots, 0, self.size, 0)

    def term(self, values: Floats, slots: Ints, weight: Floats, centred: bool = True) -> Term:
        """Term of these values; a slot that no row ever filled keeps 0, as an unseen category does.

        Centred, they read 'against the average row' that has a slot.
        """
        held = slots >= 0
        mass = np.bincount(slots[held], weights=weight[held], minlength=self.size)
        mean = float(mass @ values / mass.sum()) if centred and mass.sum() > 0 else 0.0
        never = (mass == 0) & (np.arange(self.size) >= (len(self.edges) + 1 if self.is_numeric else 0))
        shape = np.where(never, 0.0, values - mean)
        if self.partner is not None:
            cells = {(self.keys[k], b): float(v) for (k, b), v in zip(self.cells, shape, strict=True)}
            title = f"{self.name} × {self.partner}"
            return Term(title, title, False, self.edges, cells=cells, partner_is_numeric=self.partner_is_numeric)
        if self.is_numeric:
            return Term(self.name, self.name, True, self.edges, shape[:-1], missing=float(shape[-1]))
        categories = {k: float(v) for k, v in zip(self.keys, shape[:-1], strict=True)}
        return Term(self.name, self.name, False, categories=categories, missing=float(shape[-1]))


def shapes_of(
    frame: pd.DataFrame,
    weight: Floats,
    categorical: Mapping[str, bool],
    monotone: Mapping[str, int],
    max_bins: int,
    min_bin_weight: float,
    held: float = 1.0,
) -> list[Shape]:
    """One shape per column, learned on the weighted rows of ``frame``; with a straight part if ``held`` is below 1."""
    shapes = []
    for name in frame.columns:
        if categorical[name]:
            codes, keys = category_codes(frame[name])
            mass = np.bincount(codes[codes >= 0], weights=weight[codes >= 0], minlength=len(keys))
            kept = sorted(k for i, k in enumerate(keys) if mass[i] >= min_bin_weight and mass[i] > 0)
            shapes.append(Shape(name, False, keys=tuple(kept)))
        else:
            x, direction = numeric_values(frame[name]), int(monotone.get(name, 0))
            edges = quantile_edges(x, weight, max_bins, min_bin_weight)
            if held < 1:
                edges = with_even_edges(edges, x, weight, max_bins)
                shapes.append(
                    Shape(name, True, edges, direction=direction, positions=positions_of(edges, x, weight), held=held)
                )
            else:
                shapes.append(Shape(name, True, edges, direction=direction))
    return shapes


def pair_of(
    first: Shape, second: Shape, frame: pd.DataFrame, weight: Floats, n_bins: int, min_bin_weight: float
) -> Shape:
    """Cells of a category with a number in ``n_bins`` bins, or with the presence of a second category."""
    numeric = second.is_numeric
    edges = (
        quantile_edges(numeric_values(frame[second.name]), weight, n_bins, min_bin_weight) if numeric else np.empty(0)
    )
    width = len(edges) + 2
    codes = Shape(first.name, False, keys=first.keys).slots(frame)
    inside = (codes >= 0) & (codes < len(first.keys))
    number = codes[inside] * width + partner_slots(frame[second.name], edges, numeric)[inside]
    mass = np.bincount(number, weights=weight[inside], minlength=len(first.keys) * width)
    cells = tuple((int(c) // width, int(c) % width) for c in np.flatnonzero((mass >= min_bin_weight) & (mass > 0)))
    return Shape(first.name, False, edges, first.keys, 0, second.name, numeric, cells)


def centred_terms(
    shapes: Sequence[Shape], values: Sequence[Floats], slots: Sequence[Ints], weight: Floats
) -> list[Term]:
    """Terms of all shapes; see :meth:`Shape.term`."""
    return [s.term(v, at, weight) for s, v, at in zip(shapes, values, slots, strict=True)]
