"""How metadata is written: tables under Chinese titles, what is missing in words, rules of suites in words."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orchestration.checking import RULES
from orchestration.metadata import board_titles, preview
from orchestration.quality import suites


def cells(markdown: str) -> list[list[str]]:
    """The rows of a Markdown table, its rule left out."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and not line.startswith("|:")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_preview_has_titles_and_words_for_what_is_missing() -> None:
    frame = pd.DataFrame(
        {
            "rank": [1.0, np.nan],
            "name": ["甲|乙\n丙", None],
            "psi": [0.1234567, 12345.678],
            "is_key": [True, False],
            "count": pd.array([3, None], "Int64"),
            "hidden": ["x", "y"],
        }
    )
    titles = {"name": "名称", "rank": "名次", "psi": "PSI", "is_key": "重点", "count": "个数"}
    told = cells(str(preview(frame, titles).value))
    assert told[0] == list(titles.values())
    assert told[1] == ["甲／乙；丙", "1", "0.1235", "是", "3"]
    assert told[2] == ["暂无", "暂无", "12345.678", "否", "暂无"]
    assert len(cells(str(preview(frame, titles, rows=1).value))) == 2
    assert preview(frame.head(0), titles).value == "没有"


def test_titles_of_a_published_table_are_those_of_the_catalogue() -> None:
    assert board_titles("scoring/lead_assignment")["assigned_unit_name"] == "建议承办单位"


@pytest.mark.parametrize("name", ["units", "leads", "follow_ups", "stage_moves", "register_summary", "ranked_leads"])
def test_every_rule_of_a_suite_is_told_in_words(name: str) -> None:
    class Named:
        """Stands for Great Expectations' classes: gives what a result calls the expectation."""

        def __getattr__(self, expectation: str) -> Any:
            return lambda **settings: re.sub(r"(?<!^)(?=[A-Z])", "_", expectation).lower()

    assert set(getattr(suites, name)(Named())) <= set(RULES)
