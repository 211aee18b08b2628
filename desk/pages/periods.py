"""Comparison of any range of months (期间对比): the district by indicator, a unit by indicator, or an indicator by unit.

Belongs here: the page and its form. Does not belong here: what a period is (publishing/periods.py), sums (brd_unit__running).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from desk.pages.context import DeskDep, Line, ViewerDep, list_in_use, render
from publishing.boards import board_named
from publishing.figures import Reading, Reckoned, shown
from publishing.periods import Month, Period, compared, usual_periods

router = APIRouter()
BOARD = "unit_indicators"  # whose 口径 the page tells: the running sums have no other
RUNNING = Reading(
    "期间对比页", "本期、上期、去年同期", "unit_running",
    (shown("本期", "running_value"), shown("只计已开工", "started_running_value"), shown("计量", "measure")),
    ("slice_kind", "slice_name", "indicator", "indicator_order", "month_date"),
)  # fmt: skip
READINGS = (RUNNING,)
RECKONED = (
    Reckoned(
        "期间对比页",
        "任选期间",
        "本期、上期、去年同期和增幅",
        "起止月由读者选：看板存到每月末的累计，期间数是两个累计之差",
    ),
)


@router.get("/periods", summary="期间对比")
def periods(
    request: Request,
    desk: DeskDep,
    viewer: ViewerDep,
    since: Annotated[Line, Query()] = "",
    until: Annotated[Line, Query()] = "",
    indicator: Annotated[Line, Query()] = "",
    unit: Annotated[Line, Query()] = "",
    zero: Annotated[bool, Query()] = False,
) -> Response:
    """Show sums of a period beside the one before and last year's; `zero` counts only started projects."""
    published = list_in_use(desk)
    folder, district = published.snapshot.folder, [("slice_kind", "=", "全区")]
    whole = RUNNING.table(folder, district)
    if whole is None:
        raise HTTPException(404, "这份名单发布时还没有逐月累计")
    usual = usual_periods(published.as_of_date)
    try:
        latest = usual["本半年"]
        period = Period(
            Month.read(since) if since else latest.since,
            Month.read(until) if until else (Month.read(since) if since else latest.until),
        )
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    order = [("indicator_order", "ascending"), ("slice_name", "ascending")]
    names = list(dict.fromkeys(whole.sort_by(order)["indicator"].to_pylist()))
    chosen = [("indicator", "=", indicator)] if indicator else []
    if indicator or unit:
        chosen += [("slice_kind", "=", "责任单位"), *([("slice_name", "=", unit)] if unit else [])]
    else:
        chosen = district
    table = RUNNING.table(folder, chosen)
    assert table is not None
    table = table.sort_by(order)
    by, running = ("slice_name" if indicator else "indicator"), ("started_running_value" if zero else "running_value")
    found = compared(
        table.select([by, "month_date", "measure", running]).to_pylist(), period, by, running, published.as_of_date
    )
    key = "unit_name" if indicator else "indicator"
    rows = [{key: row[by], **row} for row in found]
    return render(
        request, desk, "periods.html", viewer,
        rows=rows, key=key, period=period, usual=usual, indicators=names, indicator=indicator, unit=unit, zero=zero,
        units=sorted(published.units), is_over=period.is_over(published.as_of_date), board=board_named(BOARD),
    )  # fmt: skip
