"""Rows scored in bulk: the same as the tables say, to the last bit, and nothing half-written (批量评分)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.additive import AdditiveTables, Term
from models.additive.bulk import CHUNK, BulkScorer, score_parquet

CAPITAL = Term(
    "capital", "capital", True, np.array([0.0, 100.0, 5000.0]), np.array([-1.5, -0.5, 0.25, 1.0]), missing=0.125
)
KIND = Term("kind", "kind", False, categories={"有限公司": 0.5, "外商投资": -0.75, "3": 0.0625}, missing=-0.25)
YEARS = Term("years", "years", True, np.array([3.0, 10.0]), np.array([-0.5, 0.5, 0.0]), missing=-2.0)
BOTH = Term(
    "kind × years",
    "kind × years",
    False,
    np.array([5.0]),
    cells={("有限公司", 0): 0.375, ("有限公司", 1): -0.125, ("外商投资", 2): 3.0},
    partner_is_numeric=True,
)
LANDING = AdditiveTables(-2.0, [CAPITAL, KIND, YEARS, BOTH])
TAX = AdditiveTables(1.0, [Term("capital", "capital", True, np.array([50.0, 100.0]), np.array([0.0, 1.0, 2.0]))])


def largest(tables: AdditiveTables, frame: pd.DataFrame, count: int) -> list[list[tuple[str, float]]]:
    """The reasons of every row, by sorting all contributions."""
    parts = tables.contributions(frame)
    told = []
    for row in parts.itertuples(index=False):
        named = sorted(zip(parts.columns, row, strict=True), key=lambda part: -abs(part[1]))
        told.append([(name, value) for name, value in named if value][:count])
    return told


def agrees(scorer: BulkScorer, models: dict[str, AdditiveTables], frame: pd.DataFrame, batch: pa.RecordBatch) -> None:
    rows = scorer.score(batch).to_pylist()
    for name, tables in models.items():
        assert [r[f"{name}_score"] for r in rows] == tables.score(frame).tolist()
        for row, expected in zip(rows, largest(tables, frame, 3), strict=True):
            told = [(row[f"{name}_reason_{k}"], row[f"{name}_contribution_{k}"]) for k in (1, 2, 3)]
            assert told == [*expected, *[(None, None)] * (3 - len(expected))]


values = st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([0.0, 50.0, 100.0, 5000.0, np.inf, -np.inf]))
rows = st.lists(
    st.tuples(
        values,
        st.sampled_from(["有限公司", "外商投资", "3", "从未见过", None]),
        st.one_of(st.none(), st.integers(-5, 200_000)),
    ),
    min_size=1,
    max_size=40,
)


@given(rows)
@settings(deadline=None, max_examples=150)
def test_equals_the_tables_to_the_last_bit(drawn: list[tuple[Any, ...]]) -> None:
    frame = pd.DataFrame(drawn, columns=["capital", "kind", "years"])
    frame["capital"], frame["years"] = frame["capital"].astype("float64"), frame["years"].astype("float64")
    capital, kind, years = (list(column) for column in zip(*drawn, strict=True))
    batch = pa.record_batch(
        {
            "capital": pa.array(capital, pa.float64()),
            "kind": pa.array(kind, pa.string()),
            "years": pa.array(years, pa.int32()),
        }
    )
    models = {"landing": LANDING, "tax": TAX}
    agrees(BulkScorer(models), models, frame, batch)
    as_codes = batch.set_column(1, "kind", batch.column("kind").dictionary_encode())
    agrees(BulkScorer(models), models, frame, as_codes)


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (pa.array([Decimal("99.9999"), Decimal("100.0000"), None]), [99.9999, 100.0, None]),
        (pa.array([None, None, None]), [None, None, None]),
        (pa.array([0, 255, 100], pa.uint8()), [0.0, 255.0, 100.0]),
        (pa.array([-(2**40), 2**40, None], pa.int64()), [-(2.0**40), 2.0**40, None]),
        (pa.array([np.nan, 0.0, -0.0]), [None, 0.0, -0.0]),
    ],
)
def test_numbers_of_every_kind(column: pa.Array, read: list[float | None]) -> None:
    models = {"tax": TAX, "landing": AdditiveTables(0.0, [CAPITAL])}
    frame = pd.DataFrame({"capital": pd.Series(read, dtype="float64")})
    agrees(BulkScorer(models), models, frame, pa.record_batch({"capital": column}))


@pytest.mark.parametrize(
    "column", [pa.array([True, False, None]), pa.array([3, 4, None]), pa.array([3.0, np.nan, 2.5])]
)
def test_categories_that_are_no_text(column: pa.Array) -> None:
    term = Term("kind", "kind", False, categories={"true": 1.0, "false": -1.0, "3": 0.5, "2.5": 0.75}, missing=0.25)
    models = {"landing": AdditiveTables(0.0, [term])}
    agrees(BulkScorer(models), models, pd.DataFrame({"kind": column.to_pandas()}), pa.record_batch({"kind": column}))


def test_of_equal_contributions_the_first_term_is_told_and_never_a_zero() -> None:
    terms = [
        Term(name, name, True, np.array([0.0]), np.array([0.0, sign]), missing=0.0)
        for name, sign in (("a", 0.5), ("b", -0.5), ("c", 0.5), ("d", 0.0))
    ]
    scorer = BulkScorer({"m": AdditiveTables(0.0, terms)}, reasons=2)
    row, low = scorer.score(pa.record_batch({n: [1.0, -1.0] for n in "abcd"})).to_pylist()
    assert (row["m_reason_1"], row["m_contribution_1"], row["m_reason_2"]) == ("a", 0.5, "b")
    assert low == {"m_score": 0.0} | {f"m_{kind}_{k}": None for kind in ("reason", "contribution") for k in (1, 2)}


@pytest.mark.parametrize(
    ("batch", "error", "words"),
    [
        (pa.record_batch({"other": [1.0]}), ValueError, "columns are missing"),
        (pa.record_batch({"capital": ["100"]}), ValueError, "read as a number"),
        (pa.record_batch({"capital": pa.array([0], pa.date32())}), TypeError, "dates"),
    ],
)
def test_a_wrong_column_is_refused(batch: pa.RecordBatch, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        BulkScorer({"tax": TAX}).score(batch)


def drawn(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    kind = rng.choice(np.array(["有限公司", "外商投资", "个体", None], dtype=object), rows)
    capital = np.where(rng.random(rows) < 0.1, np.nan, rng.lognormal(5, 2, rows))
    return pd.DataFrame({"id": np.arange(rows), "kind": kind, "capital": capital, "years": rng.integers(0, 40, rows)})


@pytest.mark.parametrize("threads", [1, 3])
def test_a_file_in_several_groups_keeps_its_order(tmp_path: Path, threads: int) -> None:
    frame, models = drawn(3 * CHUNK + 7), {"landing": LANDING, "tax": TAX}
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "in.parquet", row_group_size=CHUNK + 1)
    seen: list[tuple[int, int]] = []
    done = score_parquet(
        tmp_path / "in.parquet",
        tmp_path / "out.parquet",
        BulkScorer(models),
        ["id"],
        threads,
        lambda *at: seen.append(at),
    )
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert done == len(frame) and seen[-1] == (done, done)
    assert found["id"].tolist() == frame["id"].tolist()
    assert found["landing_score"].tolist() == LANDING.score(frame).tolist()
    assert found["tax_score"].tolist() == TAX.score(frame).tolist()
    told = [f"landing_contribution_{k}" for k in (1, 2, 3)]
    some = frame.index[:: len(frame) // 200]
    expected = largest(LANDING, frame.loc[some].reset_index(drop=True), 3)
    assert [[v for v in row if v == v] for row in found.loc[some, told].astype(float).to_numpy().tolist()] == [
        [value for _, value in row] for row in expected
    ]


def test_a_file_without_rows_gives_one_without_rows(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pandas(drawn(4).iloc[:0], preserve_index=False), tmp_path / "in.parquet")
    assert score_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", BulkScorer({"tax": TAX}), ["id"]) == 0
    assert pq.read_table(tmp_path / "out.parquet").column_names[:2] == ["id", "tax_score"]


def test_what_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pandas(drawn(50), preserve_index=False), tmp_path / "in.parquet", row_group_size=10)

    def broken(done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", BulkScorer({"tax": TAX}), ["id"], 1, broken)
    with pytest.raises(ValueError, match="nowhere"):
        score_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", BulkScorer({"tax": TAX}), ["nowhere"])
    assert [p.name for p in tmp_path.iterdir()] == ["in.parquet"]
