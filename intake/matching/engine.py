"""The one DuckDB in memory behind matching (内存引擎). Belongs here: opening it once. Does not belong: any query."""

from __future__ import annotations

from functools import cache

import duckdb
import numpy as np
import pyarrow as pa


@cache
def _database() -> duckdb.DuckDBPyConnection:
    # Opening one takes 22 ms and a run needs six. 1 GB of DuckDB leaves room for the arrays under the limit of 2.
    return duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})


def session() -> duckdb.DuckDBPyConnection:
    """Open a session of its own: temporary tables and registered ones end with it."""
    return _database().cursor()


def in_order(table: pa.Table) -> pa.Table:
    """Give the rows by their column `place`: DuckDB keeps the order of a scan, a sort of wide rows would be for nothing."""
    place = table["place"].to_numpy()
    if bool((place[1:] > place[:-1]).all()):
        return table
    return table.take(pa.array(np.argsort(place, kind="stable")))
