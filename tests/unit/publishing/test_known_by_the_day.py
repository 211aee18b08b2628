"""What is published with the list of a past day holds no later fact (decision 65): tables without an as-of are cut."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.boards import Board, all_boards

DAY = dt.date(2026, 6, 30)
DATES = st.none() | st.dates(DAY - dt.timedelta(5), DAY + dt.timedelta(5))


def board(known_by: str, *until: str) -> Board:
    return Board(
        "b", "marts/x", "part", "表", "一行", "口径", "台账", "", "shared", "类", known_by=known_by, until=until
    )


@given(st.lists(st.tuples(DATES, DATES), max_size=12))
def test_only_what_was_known_by_the_day_is_kept_and_no_later_end(
    rows: list[tuple[dt.date | None, dt.date | None]],
) -> None:
    table = pa.table(
        {"n": range(len(rows)), "known_date": pa.array([a for a, _ in rows], pa.date32()),
         "until_date": pa.array([b for _, b in rows], pa.date32())}
    )  # fmt: skip
    told = board("known_date", "until_date").as_known(table, DAY).to_pylist()
    # A row without a date was always known.
    assert [row["n"] for row in told] == [n for n, (known, _) in enumerate(rows) if known is None or known <= DAY]
    ends = [rows[row["n"]][1] for row in told]
    assert [row["until_date"] for row in told] == [end if end is not None and end <= DAY else None for end in ends]


def test_a_table_of_the_day_stays_as_it_is() -> None:
    table = pa.table({"due_date": pa.array([DAY + dt.timedelta(9)], pa.date32())})
    assert board("").as_known(table, DAY) is table


@pytest.mark.parametrize(
    "name", ["follow_ups", "stage_moves", "funnel_moves", "outcomes", "task_facts", "target_history"]
)
def test_facts_without_an_as_of_say_since_when_they_are_known(name: str) -> None:
    (found,) = (board for board in all_boards() if board.name == name)
    assert found.export.startswith("marts/") and found.known_by
    assert next(b for b in all_boards() if b.name == "lead_facts").export == "boards/brd_lead__facts"
