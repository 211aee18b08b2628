"""Two meanings have one place each: reached a stage (macros/reached.sql) and by the day (macros/by_the_day.sql), decision 65.

Read from the SQL as it is written, without a list of exceptions.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
HOMES = {"by_the_day.sql", "reached.sql"}
STAGES = "签约|注册|备案|供地|开工|竣工|投产|达效"
DAY = r"\{\{ *(?:as_of_date\(\)|as_of|day|last) *\}\}"

# What no model may write on its own, each with the macro that says it. A span of days (`> day - 90`) is no cut.
BARE = {
    "by_the_day": [
        rf"(?:<|>)=? *\(?{DAY}(?! *[-+])",
        rf"(?<![-+] ){DAY} *(?:<|>)",
        r"(?:<|>)=? *(?:\w+\.)?as_of_date\b(?! *[-+])",
        r"\bknown_date *(?:<|>)=?(?! *(?:\w+\.)?\w+ - \d)",
    ],
    "reached": [
        r"\b(?:\w+_)?(?:stage|furthest|started|signed|previous)_order *(?:<|>)",
        r"(?:<|>)=? *(?:\w+\.)?(?:stage|furthest|started|signed)_order\b",
    ],
}
OF_ONE_STAGE = rf"\bstage (?:=|in) *\(? *'(?:{STAGES})'"


def own_meanings(name: str, sql: str) -> list[str]:
    """Return the lines that cut by the day or rank stages on their own."""
    if name in HOMES:
        return []
    found = []
    reads_reached = "brd_lead__reached" in sql  # its rows are what was reached, by stage
    for number, line in enumerate(sql.splitlines(), 1):
        code = line.split("--")[0]
        for macro, patterns in BARE.items():
            found += [f"{name}:{number} {macro}: {line.strip()}" for pattern in patterns if re.search(pattern, code)]
        if re.search(OF_ONE_STAGE, code) and not reads_reached:
            found.append(f"{name}:{number} reached: {line.strip()}")
    return found


def test_no_model_has_a_meaning_of_its_own() -> None:
    files = [*(PROJECT / "models").rglob("*.sql"), *(PROJECT / "macros").glob("*.sql")]
    assert len(files) > 150
    assert [line for file in sorted(files) for line in own_meanings(file.name, file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "line",
    [
        "where known_date < {{ as_of_date() }}",
        "    and coalesce(until_date >= {{ as_of }}, true)",
        "where {{ day }} > decided_date",
        "on facts.known_date <= pairs.as_of_date",
        "inner join x on moves.known_date < days.day_date",
        "where stage_order >= started.started_order",
        "and leads.furthest_order < stages.stage_order",
        "min(moved_date) filter (where stage = '开工') as started_date",
        "where has_required_evidence and stage in ('开工', '终止')",
    ],
)
def test_a_cut_or_a_rank_of_its_own_is_found(line: str) -> None:
    assert own_meanings("brd_lead__x.sql", f"select 1\n{line}")


@pytest.mark.parametrize(
    "line",
    [
        "where {{ by_the_day('known_date') }}",
        "count(*) filter (where facts.known_date > pairs.as_of_date - 90) as follow_up_count_90d",
        "{{ as_of }} - progress.stage_date > limits.limit_days",
        "where {{ reached('开工') }}",
        "{{ as_of }} as as_of_date",
    ],
)
def test_macros_and_spans_of_days_pass(line: str) -> None:
    assert own_meanings("brd_lead__x.sql", f"select 1\n{line}") == []
