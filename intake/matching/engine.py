"""What matching computes with (计算): the one DuckDB in memory, and work on parts of a list on two cores.

Belongs here: opening the database once, cutting lists into parts. Does not belong: any query, any rule.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, TypeVar

import duckdb
import numpy as np
import pyarrow as pa

PART: Final = 1 << 16  # rows worked on at once: what they touch stays in the cache
Part = TypeVar("Part")


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


def by_parts(work: Callable[..., Part], *lists: Any) -> list[Part]:
    """Apply `work` to equal parts of lists (Arrow or NumPy, equal lengths) on two cores; give the results in order."""
    starts = range(0, max(len(lists[0]), 1), PART)
    parts = [tuple(_slice(whole, at) for whole in lists) for at in starts]
    with ThreadPoolExecutor(max_workers=2) as pool:  # NumPy, Arrow and DuckDB work outside the lock of Python
        return list(pool.map(lambda part: work(*part), parts))


def _slice(whole: Any, at: int) -> Any:
    return whole.slice(at, PART) if isinstance(whole, pa.Array) else whole[at : at + PART]
