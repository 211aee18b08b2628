"""Three hops over a million edges: the SQL of the chain's reach beside a sparse product (产业链三步可达).

Run `python -m benchmarks.chain_reach [edges] [nodes]`. The text of the dbt model int_chain__reach runs as it stands on DuckDB, on invented random edges;
the peer multiplies SciPy's sparse matrix of the same edges, and both sides' reach with its shortest way is compared.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from benchmarks.measure import table

MODEL = Path(__file__).parents[1] / "dbt_project/models/intermediate/chain/int_chain__reach.sql"
TABLES = {"ref('stg_chain__edges')": "edges_read", "ref('stg_chain__hops')": "hops_read"}
HOPS = 3
LIMIT = 2.0
REPEATS = 3
Integers = npt.NDArray[np.int64]


def statement() -> str:
    """Give the model's SQL with its two inputs named plainly; anything else of dbt in it is an error."""
    text = re.sub(r"\{\{\s*(.*?)\s*\}\}", lambda found: TABLES[found[1]], MODEL.read_text("utf-8"))
    if "{%" in text:
        raise SystemExit(f"{MODEL.name} holds more of dbt than this benchmark reads")
    return text


def random_edges(edges: int, nodes: int) -> tuple[Integers, Integers]:
    """Draw distinct edges between different nodes, evenly."""
    rng = np.random.default_rng(26)
    keys = np.unique(rng.integers(0, nodes, int(edges * 1.2)) * nodes + rng.integers(0, nodes, int(edges * 1.2)))
    keys = rng.permutation(keys[keys // nodes != keys % nodes])[:edges]
    if len(keys) < edges:
        raise SystemExit("too few nodes for so many distinct edges")
    return keys // nodes, keys % nodes


def by_sql(edges: pd.DataFrame) -> tuple[float, duckdb.DuckDBPyConnection]:
    """Run the model into a table; the seconds are of that alone, not of loading the edges."""
    connection = duckdb.connect()
    connection.register("frame", edges)
    connection.execute("create table edges_read as select * from frame")
    connection.execute(f"create table hops_read as select range as hop_count from range(1, {HOPS + 1})")
    started = time.perf_counter()
    connection.execute(f"create table reach as {statement()}")
    return time.perf_counter() - started, connection


def by_product(starts: Integers, ends: Integers, nodes: int) -> tuple[float, list[tuple[Integers, Integers, Any]]]:
    """Give (node, reached, hops) upstream and downstream from the powers of the matrix, in the same form as the SQL."""
    started = time.perf_counter()
    one = sp.csr_matrix((np.ones(len(starts), np.int8), (starts, ends)), shape=(nodes, nodes))
    power, seen = one, None
    for hop in range(1, HOPS + 1):
        if hop > 1:
            power = power @ one
            power.data[:] = 1
        # a pair reached in fewer steps carries the larger weight, so the largest weight tells the shortest way
        weighted = power * np.int8(HOPS + 1 - hop)
        seen = weighted if seen is None else seen.maximum(weighted)
    assert seen is not None
    pairs = seen.tocoo()
    other = pairs.row != pairs.col
    row, column = pairs.row[other].astype(np.int64), pairs.col[other].astype(np.int64)
    hops = (HOPS + 1 - pairs.data[other]).astype(np.int64)
    found = [(column, row, hops), (row, column, hops)]
    return time.perf_counter() - started, found


def same(connection: duckdb.DuckDBPyConnection, found: list[tuple[Integers, Integers, Any]], nodes: int) -> bool:
    """Compare both sides pair by pair, with the hops."""
    for side, (node, reached, hops) in zip(("上游", "下游"), found, strict=True):
        read = connection.execute(
            "select cast(node_id as bigint) as n, cast(reached_node_id as bigint) as r, hop_count as h"
            " from reach where side_name = ?",
            [side],
        ).fetchnumpy()
        key = [np.asarray(a) * nodes + np.asarray(b) for a, b in ((read["n"], read["r"]), (node, reached))]
        order = [np.argsort(k, kind="stable") for k in key]
        if not np.array_equal(key[0][order[0]], key[1][order[1]]):
            return False
        if not np.array_equal(np.asarray(read["h"])[order[0]], hops[order[1]]):
            return False
    return True


def main() -> None:
    edges = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    nodes = int(sys.argv[2]) if len(sys.argv) > 2 else 500_000
    starts, ends = random_edges(edges, nodes)
    frames = {
        "ours: SQL, ids are integers": pd.DataFrame({"from_node_id": starts, "to_node_id": ends}),
        "ours: SQL, ids are text as in the product": pd.DataFrame(
            {"from_node_id": starts.astype(str), "to_node_id": ends.astype(str)}
        ),
    }
    seconds: dict[str, list[float]] = {"peer: SciPy sparse product, integers": [], **{name: [] for name in frames}}
    peer = next(iter(seconds))
    equal: set[bool] = set()
    pairs = 0
    for _ in range(REPEATS):
        took, found = by_product(starts, ends, nodes)
        seconds[peer].append(took)
        for name, frame in frames.items():
            took, connection = by_sql(frame)
            seconds[name].append(took)
            if len(seconds[name]) == 1:
                equal.add(same(connection, found, nodes))
                pairs = sum(len(side[0]) for side in found)
            connection.close()
    print(f"{edges:,} random edges, {nodes:,} nodes, {HOPS} hops both ways: {pairs:,} rows; fastest of {REPEATS}")
    best = {name: min(taken) for name, taken in seconds.items()}
    rows = [["reach", "seconds", "ratio", "limit"]]
    for name, taken in best.items():
        ratio = taken / best[peer]
        rows.append([name, f"{taken:.2f}", f"{ratio:.2f}", "" if name == peer else f"{LIMIT:.2f}"])
    print(table(rows))
    print("reach and shortest way the same: " + ("yes" if equal == {True} else "NO"))
    if equal != {True}:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
