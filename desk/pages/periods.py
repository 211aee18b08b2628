"""Comparison of any range of months (期间对比): the district by indicator, a unit by indicator, or an indicator by unit.

Belongs here: the page and its form. Does not belong here: what a period is and sums (publishing/periods.py).
"""

from __future__ import annotations

from typing import Annotated

import pyarrow.compute as pc
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from desk.pages.context import DeskDep, Line, ViewerDep, list_in_use, render
from publishing.boards import board_named, read_table
from publishing.periods import Month, Period, compared, usual_periods

router = APIRouter()
BOARD = "unit_indicators"


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
    table = read_table(published.snapshot.folder, BOARD)
    if table is None:
        raise HTTPException(404, "这份名单发布时还没有逐月指标")
    usual = usual_periods(published.as_of_date)
    try:
        latest = usual["本半年"]
        period = Period(
            Month.read(since) if since else latest.since,
            Month.read(until) if until else (Month.read(since) if since else latest.until),
        )
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    names = list(dict.fromkeys(table["indicator"].to_pylist()))
    if indicator:
        table = table.filter(pc.equal(table["indicator"], indicator))
    if unit:
        table = table.filter(pc.equal(table["unit_name"], unit))
    key, value = ("unit_name" if indicator else "indicator"), ("started_value" if zero else "indicator_value")
    rows = compared(
        table.select([key, "month_date", "measure", value]).to_pylist(), period, key, value, published.as_of_date
    )
    return render(
        request, desk, "periods.html", viewer,
        rows=rows, key=key, period=period, usual=usual, indicators=names, indicator=indicator, unit=unit, zero=zero,
        units=sorted(published.units), is_over=period.is_over(published.as_of_date), board=board_named(BOARD),
    )  # fmt: skip
