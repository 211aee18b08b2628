"""The drawing of what was foretold beside what came (预测与实际): geometry worked by hand."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from publishing.charts import foretold


def row(told: int, ahead: int, **more: Any) -> dict[str, Any]:
    at = told + ahead - 1
    empty = {f"{n}_{m}": None for n in ("low", "high", "expected", "came") for m in ("count", "wan_cny")}
    dates = {"told_date": dt.date(2026, told, 1), "month_date": dt.date(2026, at, 1), "months_ahead": ahead}
    return {**empty, **dates, "is_over": at < 6, **more}


ROWS = [
    row(5, 1, low_count=1.0, high_count=4.0, expected_count=2.0, came_count=3, came_wan_cny=25000.0),
    row(5, 2, low_count=9.0, high_count=9.0, expected_count=9.0, came_count=0),  # told a month before: not drawn
    row(6, 1, low_count=0.0, high_count=2.0, expected_count=1.5, came_count=1),
    row(6, 2),  # nothing told
]


def test_bands_lines_and_dots_stand_where_the_figures_say() -> None:
    drawn = str(foretold(ROWS))
    bands = re.findall(r'<rect x="[\d.]+" y="([\d.]+)" width="30" height="([\d.]+)" class="band"', drawn)
    # 4 is the tallest: 130 high from 44 on; from 4 down to 1 are three quarters of it.
    assert bands == [("44.0", "97.5"), ("109.0", "65.0")]
    dots = re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)" r="4.5" class="came"/>', drawn)[
        1:
    ]  # the first is the legend's
    assert dots == ["76.5", "141.5"]
    # A month that is over shows what came, the others what is expected; a month without a forecast is only named.
    assert re.findall(r'class="middle note">([^<]*)<', drawn) == ["3", "5月", "1.5", "6月", "7月"]


def test_money_is_drawn_in_yi_and_nothing_told_is_an_empty_chart() -> None:
    assert ">2.5<" in str(foretold(ROWS, "wan_cny")) and "亿元" in str(foretold(ROWS, "wan_cny"))
    empty = str(foretold([row(6, 1), row(6, 2)]))
    assert 'class="band"/><text' in empty and empty.count('class="band"') == 1  # only the legend
