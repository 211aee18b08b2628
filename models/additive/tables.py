"""Lookup tables of an additive model: score rows, explain rows, go to and from one tidy table.

Belongs here: everything that a compiled model can do without its estimator, and the rule that makes its sums exact.
Does not belong here: learning (``estimator``), hand-written points (``points``), SQL (the orchestration compiles it
from the tidy table). Imports numpy and pandas only, so a scorer never loads scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Number
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.level import LEVEL

Floats = npt.NDArray[np.float64]

TABLE_COLUMNS = ["term", "feature", "kind", "lower", "upper", "category", "value"]
KINDS = ("intercept", "constant", "numeric", "missing", "category", "other", "pair", "pair_present", "pair_missing")

PAIR = " × "  # between the two columns of a pair, in its name

FINEST_EXPONENT = -24


def quantum_for(bound: float) -> float:
    """Spacing of the grid on which sums up to ``bound`` are exact: 2**-24, coarser only beyond 2**28."""
    if not bound > 0:
        return 2.0**FINEST_EXPONENT
    return 2.0 ** max(FINEST_EXPONENT, math.frexp(bound)[1] - 52)


def dyadic(values: npt.ArrayLike, quantum: float = 2.0**FINEST_EXPONENT) -> Floats:
    """Round to multiples of ``quantum``, a power of two.

    A float64 holds 53 bits. Numbers that are multiples of 2**-24 and smaller than 2**28 add without any rounding, so a
    sum is the same in any order, in NumPy, DuckDB or Spark, on any number of threads. That is what lets the reasons
    of a lead add up to its score to the last digit. It also hides the last bits in which two BLAS builds may differ.
    """
    rounded = np.round(np.asarray(values, dtype=np.float64) / quantum) * quantum
    return np.asarray(rounded + 0.0, dtype=np.float64)  # + 0.0 turns -0.0 into 0.0, which prints and hashes the same


def category_key(value: Any) -> str:
    """Text under which a category is stored. Booleans read true/false, as SQL casts them; 3.0 reads 3."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def is_numeric_column(column: pd.Series[Any]) -> bool:
    """Whether a column is read as a number: numeric dtypes, and objects that hold only numbers (Decimal, None).

    Dates raise: their distance to something is a feature, they are not.
    """
    if pd.api.types.is_bool_dtype(column.dtype) or isinstance(column.dtype, pd.CategoricalDtype):
        return False
    if pd.api.types.is_numeric_dtype(column.dtype):
        return True
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        raise TypeError(f"column {column.name!r} holds dates; give a number of days instead")
    if column.dtype == object:
        present = column[column.notna()]
        if len(present) and all(isinstance(v, Number) and not isinstance(v, (bool, np.bool_)) for v in present):
            return True
        if not all(isinstance(v, (str, bool, np.bool_, Number)) for v in present):
            raise TypeError(f"column {column.name!r}: argument must be a string or a real number")
        return len(present) == 0
    return False


def numeric_values(column: pd.Series[Any]) -> Floats:
    """Column as float64 with NaN where missing. Decimals and nullable dtypes are read; text raises."""
    if column.dtype == object:
        return np.array([math.nan if pd.isna(v) else float(v) for v in column], dtype=np.float64)
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def category_codes(column: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Codes and their keys; a missing value has the code -1."""
    codes, uniques = pd.factorize(column, use_na_sentinel=True)
    return np.asarray(codes, dtype=np.intp), [category_key(v) for v in uniques]


def partner_slots(column: pd.Series[Any], edges: Floats, is_numeric: bool) -> npt.NDArray[np.intp]:
    """Bin of the second column of a pair: a number's bin, 0 for any category, the last slot where it is missing."""
    if not is_numeric:
        return column.isna().to_numpy().astype(np.intp)
    x = numeric_values(column)
    return np.where(np.isnan(x), len(edges) + 1, np.searchsorted(edges, x, side="right")).astype(np.intp)


@dataclass(frozen=True)
class Term:
    """One shape of the sum: a step function of a number, or a value per category.

    ``edges`` are the inner bounds of half-open bins [lower, upper), ``values`` has one more entry than ``edges``.
    ``missing`` is the contribution of an absent value, ``other`` that of a category not in the table (0 in every
    learned term).

    A pair has ``cells`` instead: (category of the first column, bin of the second; the last bin is missing) to a value;
    any other cell contributes 0. Its ``feature`` names both columns, joined by :data:`PAIR`.

    A constant reads no column and contributes ``other`` to every row; :meth:`constant` makes one.
    """

    name: str
    feature: str
    is_numeric: bool
    edges: Floats = field(default_factory=lambda: np.empty(0))
    values: Floats = field(default_factory=lambda: np.zeros(1))
    categories: Mapping[str, float] = field(default_factory=dict)
    missing: float = 0.0
    other: float = 0.0
    cells: Mapping[tuple[str, int], float] = field(default_factory=dict)
    partner_is_numeric: bool = False
    is_constant: bool = False

    @classmethod
    def constant(cls, name: str, value: float) -> Term:
        """Return a term that adds the same to every row: an intercept of its own name."""
        return cls(name, name, False, missing=value, other=value, is_constant=True)

    @property
    def columns(self) -> list[str]:
        """Columns that the term reads."""
        if self.is_constant:
            return []
        return self.feature.split(PAIR) if self.cells else [self.feature]

    def pair_contribution(self, first: pd.Series[Any], second: pd.Series[Any]) -> Floats:
        """Contribution of each row of a pair."""
        codes, keys = category_codes(first)
        width = len(self.edges) + 2
        lookup = np.zeros((len(keys) + 1, width))  # last row: missing
        for i, key in enumerate(keys):
            lookup[i] = [self.cells.get((key, b), 0.0) for b in range(width)]
        return np.asarray(lookup[codes, partner_slots(second, self.edges, self.partner_is_numeric)], dtype=np.float64)

    def contribution(self, column: pd.Series[Any]) -> Floats:
        """Contribution of each value; infinities fall into the end bins."""
        if self.is_numeric:
            x = numeric_values(column)
            out: Floats = self.values[np.searchsorted(self.edges, x, side="right").clip(0, len(self.edges))]
            return np.where(np.isnan(x), self.missing, out)
        codes, keys = category_codes(column)
        lookup = np.array([*(self.categories.get(k, self.other) for k in keys), self.missing], dtype=np.float64)
        return np.asarray(lookup[codes], dtype=np.float64)  # code -1 picks the last entry: missing

    def largest(self) -> float:
        """Largest absolute contribution that the term can make."""
        candidates = [self.missing, self.other, *self.categories.values(), *self.cells.values()]
        candidates += list(self.values if self.is_numeric else [])
        return float(np.max(np.abs(candidates)))

    def mapped(self, function: Any) -> Term:
        """Copy whose contributions went through ``function`` (an array to an array)."""
        keys = list(self.categories)
        flat = function(np.array([self.missing, self.other, *(self.categories[k] for k in keys)], dtype=np.float64))
        cells = function(np.array(list(self.cells.values()), dtype=np.float64))
        return replace(
            self,
            values=np.asarray(function(self.values), dtype=np.float64),
            missing=float(flat[0]),
            other=float(flat[1]),
            categories={k: float(v) for k, v in zip(keys, flat[2:], strict=True)},
            cells={k: float(v) for k, v in zip(self.cells, cells, strict=True)},
        )

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the tidy table, in a fixed order."""

        def row(
            kind: str, value: float, lower: float = np.nan, upper: float = np.nan, category: Any = None
        ) -> dict[str, Any]:
            return dict(zip(TABLE_COLUMNS, (self.name, self.feature, kind, lower, upper, category, value), strict=True))

        if self.is_constant:
            return [row("constant", self.other) | {"feature": None}]
        bounds = [np.nan, *self.edges.tolist(), np.nan]
        if self.cells:
            last = len(self.edges) + 1
            present = "pair" if self.partner_is_numeric else "pair_present"
            return [
                row("pair_missing", v, category=key)
                if b == last
                else row(present, v, bounds[b], bounds[b + 1], category=key)
                for (key, b), v in sorted(self.cells.items())
            ]
        if self.is_numeric:
            rows = [row("numeric", float(v), bounds[i], bounds[i + 1]) for i, v in enumerate(self.values)]
        else:
            rows = [row("category", self.categories[k], category=k) for k in sorted(self.categories)]
            rows.append(row("other", self.other))
        return [*rows, row("missing", self.missing)]


class AdditiveTables:
    """A compiled additive model: an intercept and one lookup table per term.

    Parameters
    ----------
    intercept : float
        Score of a row all of whose contributions are 0.
    terms : sequence of Term
        In the order of the columns of :meth:`contributions`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from models.additive import AdditiveTables, Term
    >>> visits = Term("visits", "visits", True, np.array([1.0, 3.0]), np.array([-0.5, 0.0, 0.75]), missing=-0.25)
    >>> tables = AdditiveTables(-1.0, [visits])
    >>> tables.score(pd.DataFrame({"visits": [0, 2, 3, None]})).tolist()
    [-1.5, -1.0, -0.25, -1.25]
    """

    def __init__(self, intercept: float, terms: list[Term] | tuple[Term, ...]) -> None:
        self.intercept = float(intercept)
        self.terms = tuple(terms)
        if len({t.name for t in self.terms}) != len(self.terms):
            raise ValueError("term names must be unique")

    @property
    def features(self) -> list[str]:
        """Names of the columns that are read, each once."""
        return list(dict.fromkeys(c for t in self.terms for c in t.columns))

    def contributions(self, X: Any) -> pd.DataFrame:
        """One column per term, one row per row of ``X`` (a frame by name, an array by position)."""
        frame = as_frame(X, self.features)
        absent = [f for f in self.features if f not in frame.columns]
        if absent:
            raise ValueError(f"columns are missing: {absent}")

        def part(term: Term) -> Floats:
            if term.is_constant:
                return np.full(len(frame), term.other)
            columns = [frame[c] for c in term.columns]
            return term.pair_contribution(*columns) if term.cells else term.contribution(columns[0])

        return pd.DataFrame({t.name: part(t) for t in self.terms}, index=frame.index)

    def score(self, X: Any) -> Floats:
        """Intercept plus all contributions; exact on the dyadic grid, so the order of adding does not matter."""
        return self.intercept + np.asarray(
            self.contributions(X).to_numpy(dtype=np.float64).sum(axis=1), dtype=np.float64
        )

    def rounded(self) -> AdditiveTables:
        """Copy on the dyadic grid; see :func:`dyadic`."""
        quantum = quantum_for(abs(self.intercept) + sum(t.largest() for t in self.terms))
        terms = [t.mapped(lambda v: dyadic(v, quantum)) for t in self.terms]
        return AdditiveTables(float(dyadic(self.intercept, quantum)), terms)

    def levelled(self, shift: float) -> AdditiveTables:
        """Copy whose term :data:`LEVEL` adds ``shift`` to every row, in place of one it had; nothing else moves."""
        terms = [t for t in self.terms if t.name != LEVEL]
        return AdditiveTables(self.intercept, [*terms, Term.constant(LEVEL, shift)]).rounded()

    def folded(self) -> AdditiveTables:
        """Copy whose constants are in the intercept: the score is the same to the last bit, being dyadic."""
        constants = sum(t.other for t in self.terms if t.is_constant)
        return AdditiveTables(self.intercept + constants, [t for t in self.terms if not t.is_constant])

    def recalibrated(self, slope: float, shift: float) -> AdditiveTables:
        """Copy with every term times ``slope`` and ``shift`` added to the intercept, rounded again."""
        terms = [t.mapped(lambda v: v * slope) for t in self.terms]
        return AdditiveTables(self.intercept + shift, terms).rounded()

    def blended(self, other: AdditiveTables, share: float) -> AdditiveTables:
        """``share`` of these tables and the rest of ``other``, one term a feature; a sum of tables is a table.

        Terms of one name are put on the bins or categories of both; a pair must not be in both.
        """
        theirs = {t.name: t for t in other.terms}
        terms = [
            _blend(t, theirs.pop(t.name), share) if t.name in theirs else t.mapped(lambda v: v * share)
            for t in self.terms
        ]
        terms += [t.mapped(lambda v: v * (1 - share)) for t in other.terms if t.name in theirs]
        return AdditiveTables(share * self.intercept + (1 - share) * other.intercept, terms).rounded()

    def to_tables(self) -> pd.DataFrame:
        """Tidy table ``term, feature, kind, lower, upper, category, value``; open ends and absences are null."""
        head = dict(
            zip(TABLE_COLUMNS, ("intercept", None, "intercept", np.nan, np.nan, None, self.intercept), strict=True)
        )
        rows = [head, *(row for t in self.terms for row in t.rows())]
        frame = pd.DataFrame(rows, columns=TABLE_COLUMNS)
        text = dict.fromkeys(("term", "feature", "kind", "category"), "str")
        return frame.astype({**text, **dict.fromkeys(("lower", "upper", "value"), "float64")})


def _blend(first: Term, second: Term, share: float) -> Term:
    kinds = [(t.feature, t.is_numeric, t.is_constant) for t in (first, second)]
    if kinds[0] != kinds[1] or first.cells or second.cells:
        raise ValueError(f"terms named {first.name!r} are not of one kind")

    def mix(a: Any, b: Any) -> Any:
        return share * a + (1 - share) * b

    keys = sorted({*first.categories, *second.categories})
    edges = np.union1d(first.edges, second.edges)
    middle = np.searchsorted(first.edges, edges, side="right"), np.searchsorted(second.edges, edges, side="right")
    slots = [np.concatenate([[0], at]).astype(np.intp) for at in middle]
    return replace(
        first,
        edges=edges,
        values=np.asarray(mix(first.values[slots[0]], second.values[slots[1]]), dtype=np.float64),
        categories={k: mix(first.categories.get(k, first.other), second.categories.get(k, second.other)) for k in keys},
        missing=mix(first.missing, second.missing),
        other=mix(first.other, second.other),
    )


def from_tables(tables: pd.DataFrame) -> AdditiveTables:
    """Read a tidy table back; the result scores bit for bit like the model that wrote it."""
    unknown = set(tables["kind"]) - set(KINDS)
    if unknown:
        raise ValueError(f"unknown kinds in tables: {sorted(unknown)}")
    value = pd.to_numeric(tables["value"], errors="coerce")
    if not np.isfinite(value).all():
        raise ValueError(
            f"tables hold a value that is no finite number, for term {tables.loc[~np.isfinite(value), 'term'].iloc[0]!r}"
        )
    twice = tables.duplicated(["term", "kind", "lower", "upper", "category"])
    if twice.any():
        raise ValueError(f"tables state the same bin or category twice, for term {tables.loc[twice, 'term'].iloc[0]!r}")
    head = value[tables["kind"] == "intercept"]
    if len(head) != 1:
        raise ValueError("tables need exactly one intercept row")
    body = tables[tables["kind"] != "intercept"]
    terms = [_read_term(str(name), rows) for name, rows in body.groupby("term", sort=False)]
    return AdditiveTables(float(head.iloc[0]), terms)


def part_of(tables: pd.DataFrame, part: str) -> pd.DataFrame:
    """Rows of one part of a tidy table that holds several models; a table without ``part`` is one model, and comes whole."""
    return tables[tables["part"] == part].drop(columns="part") if "part" in tables else tables


def _read_term(name: str, rows: pd.DataFrame) -> Term:
    def single(kind: str) -> float:
        found = rows.loc[rows["kind"] == kind, "value"]
        return float(found.iloc[0]) if len(found) else 0.0

    if (rows["kind"] == "constant").any():
        return Term.constant(name, single("constant"))
    feature = str(rows["feature"].iloc[0])
    pairs = rows[rows["kind"].isin(["pair", "pair_present", "pair_missing"])]
    if len(pairs):
        return _read_pair(name, feature, pairs)
    numeric = rows[rows["kind"] == "numeric"].sort_values("lower", na_position="first", kind="stable")
    if len(numeric):
        edges = numeric["lower"].to_numpy(dtype=np.float64)[1:]
        if np.isnan(edges).any() or not np.array_equal(edges, numeric["upper"].to_numpy(dtype=np.float64)[:-1]):
            raise ValueError(f"bins of term {name!r} do not tile the line")
        values = numeric["value"].to_numpy(dtype=np.float64)
        return Term(name, feature, True, edges, values, missing=single("missing"))
    known = rows[rows["kind"] == "category"]
    categories = {str(k): float(v) for k, v in zip(known["category"], known["value"], strict=True)}
    return Term(name, feature, False, categories=categories, missing=single("missing"), other=single("other"))


def _read_pair(name: str, feature: str, rows: pd.DataFrame) -> Term:
    """Pair whose bins are rebuilt from the bounds of its cells; a bin that no cell mentions contributes 0 anyway."""
    edges = np.unique(rows[["lower", "upper"]].to_numpy(dtype=np.float64))
    edges = edges[~np.isnan(edges)]
    cells = {}
    for kind, key, lower, value in rows[["kind", "category", "lower", "value"]].itertuples(index=False):
        bin_number = 0 if np.isnan(lower) else int(np.searchsorted(edges, lower)) + 1
        cells[str(key), len(edges) + 1 if kind == "pair_missing" else bin_number] = float(value)
    numeric = bool((rows["kind"] == "pair").any())
    return Term(name, feature, False, edges, cells=cells, partner_is_numeric=numeric)


def as_frame(X: Any, names: list[str]) -> pd.DataFrame:
    """``X`` itself if it is a frame (with text column names), else a frame with ``names`` by position."""
    if isinstance(X, pd.DataFrame):
        return X if all(isinstance(c, str) for c in X.columns) else X.set_axis([str(c) for c in X.columns], axis=1)
    array = np.asarray(X)
    if array.ndim != 2 or array.shape[1] != len(names):
        raise ValueError(f"X has shape {array.shape}, expected {len(names)} columns")
    return pd.DataFrame({name: array[:, i] for i, name in enumerate(names)})
