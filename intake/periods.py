"""Which period a sheet reports on (报告期): the day up to which its rows are true, as its title, name or file says.

Belongs here: reading such days out of titles and names. Does not belong: dates of rows (values.py), which row of a key
counts (dbt_project/macros/ledger.sql).
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any, Final

from intake.reading import SheetReading
from intake.values import as_text, fold, month_end

_YEAR: Final = r"(?<!\d)(20\d\d)"
_DAY = re.compile(rf"{_YEAR}[年.\-/_]?(\d{{1,2}})[月.\-/_](\d{{1,2}})日?(?![\d月])|{_YEAR}(\d{{2}})(\d{{2}})(?!\d)")
_MONTH = re.compile(
    rf"{_YEAR}[年.\-/_]?度?(?:\d{{1,2}}月?[-—–~至到])?(\d{{1,2}})月|{_YEAR}[.\-/_](\d{{1,2}})(?!\d)|{_YEAR}(0[1-9]|1[0-2])(?!\d)"
)
_PART = re.compile(rf"{_YEAR}年?度?(?:(上|下)半年|第?([一二三四1-4])季度)")
_BARE_MONTH = re.compile(
    r"(?<!\d)(?:\d{1,2}月?[-—–~至到])?(\d{1,2})月(?!\d)|(?<![\d年])(?:(上)半年|第?([一二三四1-4])季度)"
)
_OF_A_DAY_TO_COME = re.compile(r"计划|目标|任务|拟|预计|十五五|规划")


def period_of(text: str) -> dt.date | None:
    """Return the last day that a title names as its period: 截至2026年6月30日, 2026年6月, 2026年1-6月, 2026年上半年."""
    folded = fold(text)
    if _OF_A_DAY_TO_COME.search(folded):
        return None
    try:
        if match := _DAY.search(folded):
            year, month, day = (int(part) for part in match.groups() if part)
            return dt.date(year, month, day)
        if match := _MONTH.search(folded):
            year, month = (int(part) for part in match.groups() if part)
            return month_end(year, month) if 1 <= month <= 12 else None
    except ValueError:
        return None
    if match := _PART.search(folded):
        return month_end(int(match.group(1)), _last_month(match.group(2), match.group(3)))
    return None


def _last_month(half: str | None, quarter: str | None) -> int:
    if half:
        return 6 if half == "上" else 12
    return 3 * ("一二三四1234".index(str(quarter)) % 4 + 1)


def set_periods(path: Path, readings: list[SheetReading]) -> None:
    """Tell each table its period and its rows with it: by its title, the sheet's name, the file's; None where none says.

    A sheet called 6月 is of the year of the newest day in the workbook's rows, unless its months pass the turn of a year.
    """
    bare = {r.sheet: found for r in readings if (found := _bare_month(r.sheet))}
    may_be_of_one_year = not (bare and min(bare.values()) <= 2 and max(bare.values()) >= 11)
    year: int | None = None
    for reading in readings:
        period = next((p for text in _titles(reading) if (p := period_of(text))), None) or period_of(reading.sheet)
        if period is None and reading.sheet in bare:
            if may_be_of_one_year:
                year = year or _year_of(path, readings)
                period = month_end(year, bare[reading.sheet]) if year else None
        else:
            period = period or period_of(path.stem)
        reading.period = period
        if period:
            for row in reading.accepted:
                row["source_period_date"] = period


def _titles(reading: SheetReading) -> list[str]:
    height = reading.header_rows[1] - reading.header_rows[0] + 1 if reading.header_rows else 0
    rows = reading.top[: len(reading.top) - height]
    return [text for row in rows for text in {as_text(cell) for cell in row[:60]} if text and len(text) <= 120]


def _bare_month(name: str) -> int | None:
    if not (match := _BARE_MONTH.search(fold(name))):
        return None
    month, half, quarter = match.groups()
    found = int(month) if month else _last_month(half, quarter)
    return found if 1 <= found <= 12 else None


def _year_of(path: Path, readings: list[SheetReading]) -> int | None:
    if named := re.search(_YEAR, path.stem):
        return int(named.group(1))
    newest: Any = max(
        (v for r in readings for row in r.accepted for v in row.values() if type(v) is dt.date), default=None
    )
    return newest.year if newest else None
