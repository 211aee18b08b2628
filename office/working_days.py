"""Days on which the calendar of the State Council differs from the week (调休): holidays on weekdays, work on weekends.

`python -m office.working_days` rewrites the default working_day_exceptions.csv after the library knows a new year (once a
year, by a developer); an office gets the new rows by `zeyou office upgrade`.

Belongs here: reading chinese_calendar. Does not belong here: counting working days (dbt_project/models/intermediate/calendar).
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Final

from office.folder import DEFAULTS

FIRST_YEAR: Final = 2020
TABLE: Final = DEFAULTS / "working_day_exceptions.csv"


def exceptions(first_year: int = FIRST_YEAR) -> list[tuple[dt.date, bool, str]]:
    """Return every day that is not what its weekday says: the day, whether it is worked, the holiday that moves it."""
    from chinese_calendar.constants import Holiday, holidays, workdays

    names = {holiday.value: holiday.chinese for holiday in Holiday}
    free = [(day, False, names[name]) for day, name in holidays.items() if day.weekday() < 5]
    worked = [(day, True, names[name]) for day, name in workdays.items() if day.weekday() >= 5]
    return sorted(row for row in free + worked if row[0].year >= first_year)


def write_table(path: Path = TABLE) -> None:
    """Write the dated table that SQL counts working days by."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["exception_date", "is_working_day", "holiday_name"])
        writer.writerows((day.isoformat(), str(worked).lower(), name) for day, worked, name in exceptions())


if __name__ == "__main__":
    write_table()
