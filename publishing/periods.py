"""Any range of months beside the one before and the same of last year (期间对比), from the running sums of brd_unit__running.

Belongs here: what a period is, which one comes before it. Does not belong here: how the months were counted and added up
(dbt_project/models/boards/unit), the page (pages/periods.py).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_MONTH = re.compile("([0-9]{4})-([0-9]{2})")
FIRST_YEAR: Final = 1949
LAST_YEAR: Final = 2100


@dataclass(frozen=True, order=True)
class Month:
    """One month of the calendar."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Month:
        """Read `2026-06`; ValueError says in Chinese what is wrong."""
        found = _MONTH.fullmatch(text.strip())
        if found is None or not 1 <= int(found[2]) <= 12:
            raise ValueError(f"“{text}”应为年月，如 2026-06")
        if not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            raise ValueError(f"“{text}”应在 {FIRST_YEAR} 至 {LAST_YEAR} 年间")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: dt.date) -> Month:
        """Give the month of a day."""
        return cls(day.year, day.month)

    def shifted(self, months: int) -> Month:
        """Give the month so many later (earlier if negative)."""
        at = self.year * 12 + self.month - 1 + months
        return Month(at // 12, at % 12 + 1)

    @property
    def first_day(self) -> dt.date:
        """Return its first day."""
        return dt.date(self.year, self.month, 1)

    @property
    def text(self) -> str:
        """Return it as documents write it."""
        return f"{self.year}年{self.month}月"

    @property
    def next_start(self) -> dt.date:
        """Give the day on which it is over."""
        following = self.shifted(1)
        return dt.date(following.year, following.month, 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True)
class Period:
    """Months from `since` to `until`, both included."""

    since: Month
    until: Month

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError(f"起始月 {self.since} 晚于截止月 {self.until}")

    @property
    def months(self) -> int:
        """Give how many months it has."""
        return (self.until.year - self.since.year) * 12 + self.until.month - self.since.month + 1

    @property
    def before(self) -> Period:
        """Give the period of the same length that ends where this one begins (上期)."""
        return Period(self.since.shifted(-self.months), self.since.shifted(-1))

    @property
    def last_year(self) -> Period:
        """Give the same months of the year before (去年同期)."""
        return Period(self.since.shifted(-12), self.until.shifted(-12))

    def holds(self, day: dt.date) -> bool:
        """Say whether a day falls into it."""
        return self.since <= Month.of(day) <= self.until

    def is_over(self, as_of: dt.date) -> bool:
        """Say whether all its days are known: facts of the day itself count."""
        return self.until.next_start - dt.timedelta(days=1) <= as_of

    def __str__(self) -> str:
        return str(self.since) if self.months == 1 else f"{self.since} 至 {self.until}"


def counted_year(as_of: dt.date) -> int:
    """Return the year that figures of a list are of: that of its day, whose facts count."""
    return as_of.year


def usual_periods(as_of: dt.date) -> dict[str, Period]:
    """Give month, quarter, half-year and year that the day of the list falls into."""
    last = Month.of(as_of)
    found = {}
    for name, length in (("本月", 1), ("本季度", 3), ("本半年", 6), ("本年", 12)):
        start = Month(last.year, (last.month - 1) // length * length + 1)
        found[name] = Period(start, start.shifted(length - 1))
    return found


def compared(
    rows: Iterable[Mapping[str, Any]], period: Period, key: str, running: str, as_of: dt.date
) -> list[dict[str, Any]]:
    """Return what each `key` came to in the period, the one before and the same of last year.

    `running` is the column of what had come by the end of a month since the books began: a period is the difference of two of
    them. A period that reaches before the first month on the books can't be told: its sum is None (暂无), not 0. The change is
    None too while the period runs, since a part of a period is no match for a whole one.
    """
    spans = {"value": period, "before": period.before, "last_year": period.last_year}
    books: dict[str, dict[Month, float | None]] = {}
    measures: dict[str, str] = {}
    for row in rows:
        books.setdefault(row[key], {})[Month.of(row["month_date"])] = row[running]
        measures[row[key]] = row["measure"]
    months = sorted({month for by_month in books.values() for month in by_month})
    entries = []
    for name, by_month in books.items():

        def came(span: Period, by_month: Mapping[Month, float | None] = by_month) -> float | None:
            if span.since < months[0] or span.since > months[-1]:
                return None
            until = by_month.get(min(span.until, months[-1]))
            since = 0.0 if span.since == months[0] else by_month.get(span.since.shifted(-1))
            return None if until is None or since is None else round(until - since, 4)

        entry: dict[str, Any] = {key: name, "measure": measures[name], **{at: came(span) for at, span in spans.items()}}
        for at in ("before", "last_year"):
            is_told = entry[at] and entry["value"] is not None and period.is_over(as_of)
            entry[f"{at}_change_pct"] = 100 * (entry["value"] - entry[at]) / entry[at] if is_told else None
        entries.append(entry)
    return entries
