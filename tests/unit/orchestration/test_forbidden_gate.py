"""The gate on what is handed out: one forbidden lead or firm on any list stops the publication."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import dagster as dg
import pandas as pd
import pytest

from orchestration.defs.scoring.checks import (
    FIRMS_HANDED_OUT,
    LEADS_HANDED_OUT,
    SCREENED,
    nothing_forbidden_is_recommended,
)
from orchestration.resources import Workplace

PLACES = [(name, column, "坏线索") for name, column in LEADS_HANDED_OUT.items()]
PLACES += [(name, column, "坏企业") for name, column in FIRMS_HANDED_OUT.items()]


def judged(home: Path, extra: dict[str, dict[str, Any]], **lead: Any) -> dg.AssetCheckResult:
    """The gate on lists that hold what is allowed, and one row more for the tables of `extra`."""
    tables: dict[str, list[dict[str, Any]]] = {
        "brd_lead__screens": [
            {"lead_id": "好线索", "screen_result": "通过"},
            {"lead_id": "坏线索", "screen_result": "禁止"},
        ]
    }
    for name, column in SCREENED.items():
        rows = tables.setdefault(name, [])
        rows += [{column: "好企业", "screen_result": "疑似"}, {column: "坏企业", "screen_result": "禁止"}]
        rows.append({column: None, "screen_result": "禁止"})  # a firm that no register knows has no key
    for places, good in ((LEADS_HANDED_OUT, "好线索"), (FIRMS_HANDED_OUT, "好企业")):
        for name, column in places.items():
            rows = tables.setdefault(name, [{}])
            rows[0][column] = good
    for name, row in extra.items():
        tables[name].append(row)
    for name, rows in tables.items():
        path = home / "exports" / "boards" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_parquet(path)
    ranked = [{"lead_id": "好线索", "rank": 1, "is_exploration": False}]
    ranked.append({"lead_id": "坏线索", "rank": None, "is_exploration": False} | lead)
    workplace = Workplace(home=str(home), inbox=str(home))
    pd.DataFrame(ranked).astype({"rank": "Int64"}).to_parquet(workplace.parquet("scoring/ranked_leads"))
    return cast(dg.AssetCheckResult, nothing_forbidden_is_recommended(workplace=workplace))


def test_lists_without_the_forbidden_pass(tmp_path: Path) -> None:
    found = judged(tmp_path, {})
    assert found.passed
    assert (found.metadata["禁止的线索数"].value, found.metadata["禁止的企业数"].value) == (1, 1)


@pytest.mark.parametrize(("name", "column", "key"), PLACES)
def test_one_row_on_any_list_stops_it_and_is_named(tmp_path: Path, name: str, column: str, key: str) -> None:
    found = judged(tmp_path, {name: {column: key}})
    assert not found.passed and found.severity == dg.AssetCheckSeverity.ERROR
    assert name in str(found.metadata["不符合的行"].value) and key in str(found.metadata["不符合的行"].value)


@pytest.mark.parametrize("lead", [{"rank": 2}, {"is_exploration": True}])
def test_a_rank_or_a_trial_of_a_forbidden_lead_stops_it(tmp_path: Path, lead: dict[str, Any]) -> None:
    assert not judged(tmp_path, {}, **lead).passed
