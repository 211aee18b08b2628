"""Which published board is recomputed by what, and which of its figures are not, with the reason.

Belongs here: the table and the comparison. Does not belong: how a figure is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from recomputed import funnel, tasks, unit
from recomputed.ledgers import Ledgers


@dataclass(frozen=True)
class Board:
    """A published table: how to make it again, by what its rows are known, what is left out and why."""

    make: Callable[[Ledgers], pd.DataFrame]
    key: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    only: str | None = None
    """Rows of the published table that are compared (a pandas query), where others hang on what is not recomputed."""


BOARDS: Final = {
    "marts/dim_units": Board(unit.register, ("unit_name",)),
    "marts/mart_funnel__stages": Board(funnel.district_stages, ("stage",), only="stage != '终止'"),
    "marts/mart_funnel__moves": Board(funnel.moves, ("lead_id", "stage", "moved_date")),
    "marts/mart_unit__monthly": Board(unit.monthly, ("unit_name", "month_date")),
    "boards/brd_funnel__stages": Board(
        funnel.stages, ("slice_kind", "slice_name", "stage"), only="slice_kind != '产业链'"
    ),
    "boards/brd_funnel__cohorts": Board(
        funnel.cohorts, ("slice_kind", "slice_name", "signed_month_date", "horizon_months")
    ),
    "boards/brd_funnel__signed_not_started": Board(funnel.signed_not_started, ("lead_id",)),
    "boards/brd_funnel__stuck": Board(funnel.stuck, ("lead_id",)),
    "boards/brd_unit__indicators": Board(unit.indicators, ("unit_name", "indicator", "month_date")),
    "boards/brd_unit__ranks": Board(unit.ranks, ("unit_name", "indicator", "month_date")),
    "boards/brd_unit__balance": Board(unit.balance, ("target_year", "indicator")),
    "boards/brd_unit__overdue": Board(unit.overdue, ("lead_id",)),
    "boards/brd_unit__standing": Board(unit.standing, ("unit_name",)),
    "boards/brd_unit__external_ranks": Board(unit.external_ranks, ("ranking_name", "ranking_period", "ranked_name")),
    "boards/brd_task__progress": Board(tasks.progress, ("unit_name", "target_year", "indicator")),
}


def differences(ledgers: Ledgers, name: str, published: pd.DataFrame) -> list[str]:
    """Say where the board and the recomputation differ, and which figures nobody recomputed; [] if nothing."""
    board = BOARDS[name]
    key = list(board.key)
    if board.only:
        published = published.query(board.only)
    if "known_date" in published:
        published = published[pd.to_datetime(published["known_date"]) < ledgers.as_of]
    made, told = _plain(board.make(ledgers)), _plain(published)
    figures = {c for c in published if pd.api.types.is_numeric_dtype(published[c])} - set(key)
    found = [f"{c}：没有重算" for c in sorted(figures - set(made.columns) - set(board.left_out))]
    both = told.merge(made, on=key, how="outer", suffixes=("", "｜again"), indicator="side")
    for side, text in [("left_only", "看板多出"), ("right_only", "看板缺少")]:
        rows = both[both["side"] == side]
        if len(rows):
            found.append(f"{text} {len(rows)} 行：{rows[key].head(4).to_dict('records')}")
    both = both[both["side"] == "both"]
    for column in [c for c in made.columns if c in told.columns and c not in key and c not in board.left_out]:
        ours, theirs = both[column], both[f"{column}｜again"]
        if pd.api.types.is_numeric_dtype(published[column]) and not pd.api.types.is_bool_dtype(published[column]):
            a, b = pd.to_numeric(ours).astype(float), pd.to_numeric(theirs).astype(float)
            # Half a unit of the last printed place: both round, from sums in another order.
            same = ((a - b).abs() <= 0.0051 + 1e-7 * b.abs()) | (a.isna() & b.isna())
        else:
            same = (ours.astype(str) == theirs.astype(str)) | (ours.isna() & theirs.isna())
        if not same.all():
            rows = both[~same]
            shown = rows[[*key, column, f"{column}｜again"]].head(4).values.tolist()
            found.append(f"{column}：{len(rows)} 行不同：{shown}")
    return found


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Dates as text, so that whatever holds them compares."""
    table = table.copy()
    for column in table:
        if column.endswith("date"):
            table[column] = pd.to_datetime(table[column]).dt.strftime("%Y-%m-%d")
    return table
