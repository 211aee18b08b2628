"""What "reached" and "by the day" say in SQL, against a walk through the moves in Python (decision 65).

The macros are rendered alone and run in DuckDB: no project is built.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"
STAGES = ("线索", "在谈", "签约", "注册", "备案", "供地", "开工", "竣工", "投产", "达效")
ORDERS = {stage: place for place, stage in enumerate(STAGES, 1)} | {"终止": 99}
DAY = dt.date(2026, 6, 30)
REACHED = {"talk_date": "在谈", "signed_date": "签约", "started_date": "开工", "completed_date": "竣工"}


def rendered(call: str) -> str:
    """Return the SQL of a macro call."""
    files = "".join((MACROS / name).read_text(encoding="utf-8") for name in ("by_the_day.sql", "reached.sql"))
    context = {"source": lambda schema, table: table, "as_of_date": lambda: f"date '{DAY}'"}
    return jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(files + call).render(context)


def asked(sql: str, **tables: pd.DataFrame) -> list[dict[str, Any]]:
    """Run SQL on frames; empty cells are None."""
    with duckdb.connect() as connection:
        rules = pd.DataFrame({"stage": list(ORDERS), "stage_order": list(ORDERS.values())})
        for name, frame in {"stage_rules": rules, **tables}.items():
            connection.register(f"{name}_frame", frame)
            connection.execute(f"create table {name} as select * from {name}_frame")
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def courses(moves: list[tuple[str, str, str]]) -> dict[str, dict[str, Any]]:
    """Return each lead's course by the macro."""
    frame = pd.DataFrame(moves, columns=["lead_id", "stage", "moved_date"])
    frame["stage_order"] = frame["stage"].map(ORDERS)
    frame["moved_date"] = pd.to_datetime(frame["moved_date"]).dt.date
    select = "select * replace (cast(moved_date as date) as moved_date) from moves"
    sql = f"with typed as ({select}), " + rendered("{{ lead_courses('typed') }}") + " select * from courses"
    return {row["lead_id"]: row for row in asked(sql, moves=frame)}


def walked(moves: list[tuple[dt.date, str]]) -> dict[str, Any]:
    """The same by walking through one lead's moves: where it is, since when, whether it ended, what it ever reached."""
    where, since, ended, first = "线索", None, None, {}
    for day, stage in sorted(moves, key=lambda move: (move[0], ORDERS[move[1]])):
        if stage == "终止":
            ended = ended or day
            continue
        for passed in STAGES[: ORDERS[stage]]:
            first.setdefault(passed, day)
        goes_back = ORDERS[stage] < ORDERS["签约"] and stage != where
        if ended or since is None or goes_back or ORDERS[stage] > ORDERS[where]:
            where, since = stage, day
        ended = None
    return {
        "stage": where, "stage_date": since, "ended_date": ended, "is_ended": ended is not None,
        "is_open": ended is None and ORDERS[where] < ORDERS["开工"],
        "furthest_order": max((ORDERS[s] for s in first), default=1),
        **{column: first.get(stage) for column, stage in REACHED.items()},
    }  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.dates(dt.date(2025, 1, 1), dt.date(2025, 1, 20)), st.sampled_from(list(ORDERS))),
            min_size=1, max_size=8, unique=True,
        ),
        min_size=1, max_size=15,
    )
)  # fmt: skip
def test_courses_are_what_a_walk_through_the_moves_finds(leads: list[list[tuple[dt.date, str]]]) -> None:
    told = courses([(f"L{n}", stage, str(day)) for n, moves in enumerate(leads) for day, stage in moves])
    for n, moves in enumerate(leads):
        expected = walked(moves)
        assert {key: told[f"L{n}"][key] for key in expected} == expected, sorted(moves)


def test_a_project_in_production_has_started_and_one_that_went_back_is_where_it_went() -> None:
    told = courses(
        [
            ("produces", "签约", "2025-01-01"), ("produces", "竣工", "2025-05-01"), ("produces", "投产", "2025-04-01"),
            ("licence first", "注册", "2025-01-01"), ("licence first", "签约", "2025-02-01"),
            ("back", "签约", "2025-01-01"), ("back", "在谈", "2025-03-01"),
            ("reopened", "在谈", "2025-01-01"), ("reopened", "终止", "2025-02-01"), ("reopened", "在谈", "2025-03-01"),
            ("said twice", "在谈", "2025-01-01"), ("said twice", "在谈", "2025-03-01"),
            ("lost twice", "终止", "2025-01-01"), ("lost twice", "在谈", "2025-02-01"), ("lost twice", "终止", "2025-03-01"),
        ]
    )  # fmt: skip
    produces = told["produces"]
    assert (produces["stage"], produces["started_date"]) == ("投产", dt.date(2025, 4, 1)) and not produces["is_open"]
    assert (told["licence first"]["stage"], told["licence first"]["signed_date"]) == ("注册", dt.date(2025, 1, 1))
    assert (told["back"]["stage"], told["back"]["signed_date"]) == ("在谈", dt.date(2025, 1, 1))
    assert told["reopened"]["is_open"] and told["reopened"]["ended_date"] is None
    assert told["said twice"]["stage_date"] == dt.date(2025, 1, 1)
    assert told["lost twice"]["is_ended"] and told["lost twice"]["ended_date"] == dt.date(2025, 3, 1)


@pytest.mark.parametrize(
    ("before", "stage", "kind"),
    [
        (None, "线索", "首次"), (None, "在谈", "前进"), (None, "签约", "跳过1个阶段"), ("线索", "在谈", "前进"),
        ("在谈", "签约", "前进"), ("签约", "签约", "再次"), ("签约", "在谈", "回退"), ("终止", "在谈", "重启"),
        ("终止", "签约", "重启"), ("在谈", "终止", "终止"), ("终止", "终止", "再次"), ("签约", "备案", "跳过1个阶段"),
    ],
)  # fmt: skip
def test_moves_are_called_once_more_only_where_they_are(before: str | None, stage: str, kind: str) -> None:
    row = pd.DataFrame(
        {
            "stage": [stage],
            "stage_order": [ORDERS[stage]],
            "previous_stage": pd.array([before], "string"),
            "previous_order": pd.array([before and ORDERS[before]], "Int64"),
        }
    )
    (found,) = asked("select " + rendered("{{ move_kind() }}") + " as kind from one", one=row)
    assert found["kind"] == kind


def test_the_day_counts_in_and_a_due_day_is_not_over_on_itself() -> None:
    days = pd.DataFrame({"day": [DAY - dt.timedelta(1), DAY, DAY + dt.timedelta(1), None]})
    by, before = rendered("{{ by_the_day('day') }}"), rendered("{{ before_the_day('day') }}")
    found = asked(
        f"select {by} as has_come, {before} as is_over from (select cast(day as date) as day from days)", days=days
    )
    assert [(row["has_come"], row["is_over"]) for row in found] == [
        (True, True),
        (True, False),
        (False, False),
        (None, None),
    ]
