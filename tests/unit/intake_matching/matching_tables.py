"""Small tables for the tests of matching."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from intake.matching import Matched, match
from intake.matching.decisions import Decision, standing
from intake.matching.records import OPTIONAL, checked
from sample.enterprises import credit_codes

CODES = credit_codes(np.full(40, 37), np.zeros(40, dtype=bool), np.random.default_rng(1)).to_pylist()
COLUMNS = ("record_id", "name", *OPTIONAL)


def table(*rows: dict[str, str | None]) -> pa.Table:
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS})


def row(record_id: str, name: str, **others: str | None) -> dict[str, str | None]:
    return {"record_id": record_id, "name": name, **others}


def matched(rows: pa.Table, before: Matched | None = None, decisions: Sequence[Decision] = ()) -> Matched:
    crosswalk, events = (before.crosswalk, before.events) if before else (None, None)
    return match(checked(rows, "表"), crosswalk, events, standing(list(decisions)))


def ids(found: Matched) -> dict[str, str]:
    return dict(zip(found.table["record_id"].to_pylist(), found.table["enterprise_id"].to_pylist(), strict=True))


def parts(found: Matched) -> set[frozenset[str]]:
    """Give the enterprises as sets of records."""
    groups: dict[str, set[str]] = {}
    for record, enterprise in ids(found).items():
        groups.setdefault(enterprise, set()).add(record)
    return {frozenset(group) for group in groups.values()}
