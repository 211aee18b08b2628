"""Compiled tables: they tile the line, survive odd values, round trips and any order of adding."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.additive import AdditiveTables, Term, dyadic, from_tables, plot_term, tables_from_points
from models.additive.tables import TABLE_COLUMNS

numbers = st.floats(-1e3, 1e3, allow_nan=False).map(lambda v: float(dyadic(v)))
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=6)


@st.composite
def terms(draw: Any, name: str) -> Term:
    if draw(st.booleans()):
        edges = sorted(draw(st.sets(st.floats(-1e6, 1e6, allow_nan=False), max_size=6)))
        edges = list(dict.fromkeys(e + 0.0 for e in edges))
        values = draw(st.lists(numbers, min_size=len(edges) + 1, max_size=len(edges) + 1))
        return Term(name, name, True, np.array(edges, dtype=float), np.array(values), missing=draw(numbers))
    categories = draw(st.dictionaries(names, numbers, max_size=5))
    return Term(name, name, False, categories=categories, missing=draw(numbers), other=draw(numbers))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_round_trip_scores_the_same_whatever_comes_in(data: Any) -> None:
    tables = AdditiveTables(data.draw(numbers), [data.draw(terms(f"t{i}")) for i in range(3)])
    columns = {}
    for term in tables.terms:
        odd = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, *term.edges.tolist()])
        value = (
            st.one_of(odd, st.floats())
            if term.is_numeric
            else st.one_of(st.none(), names, st.sampled_from(["火星", ""]))
        )
        drawn = data.draw(st.lists(value, min_size=6, max_size=6))
        columns[term.feature] = pd.Series(drawn, dtype="float64" if term.is_numeric else "object")
    X = pd.DataFrame(columns)
    again = from_tables(tables.to_tables())
    assert np.array_equal(tables.score(X), again.score(X))
    pd.testing.assert_frame_equal(tables.to_tables(), again.to_tables(), check_exact=True)
    parts = tables.contributions(X)
    assert not parts.isna().any().any()
    for row, score in zip(parts.to_numpy().tolist(), tables.score(X).tolist(), strict=True):
        row.append(tables.intercept)
        random.Random(0).shuffle(row)
        assert math.fsum(row) == sum(row) == score


def test_bins_are_half_open_and_looked_up_as_written() -> None:
    term = Term("a", "a", True, np.array([1.0, 3.0]), np.array([0.25, 0.5, 0.75]), missing=-1.0)
    table = AdditiveTables(0.0, [term]).to_tables()
    assert list(table.columns) == TABLE_COLUMNS
    numeric = table[table["kind"] == "numeric"]
    for x in (-math.inf, 0.999, 1.0, 2.0, 3.0, 1e9, math.inf):
        inside = ~(numeric["lower"] > x) & ~(numeric["upper"] <= x)
        assert inside.sum() == 1
        assert term.contribution(pd.Series([x], name="a"))[0] == numeric.loc[inside, "value"].item()
    assert term.contribution(pd.Series([None], dtype="Float64"))[0] == -1.0


def test_categories_read_as_sql_casts_them() -> None:
    term = Term("a", "a", False, categories={"true": 1.0, "3": 2.0, "C": 3.0}, missing=9.0, other=0.0)
    for column, expected in (
        (pd.Series([True, False]), [1.0, 0.0]),
        (pd.array([True, None], dtype="boolean"), [1.0, 9.0]),
        (pd.Series([3, 4]), [2.0, 0.0]),
        (pd.Series([3.0, np.nan]), [2.0, 9.0]),
        (pd.Series(["C", None], dtype="category"), [3.0, 9.0]),
    ):
        assert term.contribution(pd.Series(column)).tolist() == expected


def test_a_table_with_a_gap_is_refused() -> None:
    table = AdditiveTables(0.0, [Term("a", "a", True, np.array([1.0, 3.0]), np.zeros(3))]).to_tables()
    with pytest.raises(ValueError, match="tile"):
        from_tables(table[table["lower"] != 1.0])
    with pytest.raises(ValueError, match="intercept"):
        from_tables(table[table["kind"] != "intercept"])
    with pytest.raises(ValueError, match="columns are missing"):
        from_tables(table).score(pd.DataFrame({"b": [1]}))


def test_recalibration_scales_terms_and_shifts_the_level() -> None:
    tables = AdditiveTables(1.0, [Term("a", "a", True, np.array([0.0]), np.array([-1.0, 2.0]), missing=0.5)])
    moved = tables.recalibrated(0.5, -0.25)
    assert moved.score(pd.DataFrame({"a": [-1.0, 1.0, None]})).tolist() == [0.25, 1.75, 1.0]


def test_points_compile_to_tables() -> None:
    sheet = {
        "points_per_unit": 20,
        "base_points": -40,
        "terms": {"a": {"bins": [{"below": 2, "points": 0}, {"points": 10}]}},
    }
    assert tables_from_points(sheet).score(pd.DataFrame({"a": [1, 2, None]})).tolist() == [-2.0, -1.5, -2.0]
    sheet["terms"] = {"a": {"bins": [{"below": 2, "points": 0}, {"below": 1, "points": 0}, {"points": 10}]}}
    with pytest.raises(ValueError, match="递增"):
        tables_from_points(sheet)


def test_plot_gives_the_same_png_twice() -> None:
    tables = AdditiveTables(
        0.0,
        [Term("a", "a", True, np.array([0.0]), np.array([-1.0, 2.0])), Term("b", "b", False, categories={"甲": 1.0})],
    )
    for name in ("a", "b"):
        png = plot_term(tables, name)
        assert png.startswith(b"\x89PNG") and png == plot_term(tables, name)


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (1, "value", math.nan, "no finite number"),
        (1, "value", math.inf, "no finite number"),
        (2, "upper", 9.0, "tile"),
        (1, "kind", "bin", "unknown kinds"),
        (5, "category", "乙", "twice"),
    ],
)
def test_a_table_edited_by_hand_into_nonsense_is_refused(row: int, column: str, value: Any, message: str) -> None:
    number = Term("a", "a", True, np.array([1.0, 3.0]), np.zeros(3))
    table = AdditiveTables(0.0, [number, Term("b", "b", False, categories={"甲": 1.0, "乙": 2.0})]).to_tables()
    assert table.loc[5, "category"] in {"甲", "乙"}
    table = table.copy()
    if message == "twice":
        table.loc[[5, 6], column] = value
    else:
        table.loc[row, column] = value
    with pytest.raises(ValueError, match=message):
        from_tables(table)
