"""Periods of months: what comes before, leap February, across years, what is not over, what is not on the books."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.periods import Month, Period, compared, usual_periods

MONTHS = st.builds(Month, st.integers(2000, 2100), st.integers(1, 12))


def rows(**values: float) -> list[dict[str, object]]:
    """Running sums of every month from the first to the last, of months written as m2024_02=5."""
    came = {Month(int(k[1:5]), int(k[6:])): v for k, v in values.items()}
    found, running, month = [], 0.0, min(came)
    while month <= max(came):
        running += came.get(month, 0.0)
        found.append({"indicator": "跟进次数", "measure": "次", "month_date": month.first_day, "v": running})
        month = month.shifted(1)
    return found


@given(MONTHS, st.integers(0, 40))
def test_the_period_before_is_as_long_and_ends_where_this_begins(since: Month, more: int) -> None:
    period = Period(since, since.shifted(more))
    assert period.months == period.before.months == period.last_year.months == more + 1
    assert period.before.until.shifted(1) == period.since
    assert period.last_year.since.shifted(12) == period.since


def test_leap_february_and_a_range_across_years() -> None:
    assert Period(Month(2024, 2), Month(2024, 2)).holds(dt.date(2024, 2, 29))
    assert Month(2024, 2).next_start == dt.date(2024, 3, 1)
    across = Period(Month(2023, 11), Month(2024, 2))
    assert across.before == Period(Month(2023, 7), Month(2023, 10))
    found = compared(
        rows(m2022_11=1, m2022_12=2, m2023_02=4, m2023_07=8, m2023_10=16, m2023_11=32, m2024_02=64, m2024_03=128),
        across, "indicator", "v", dt.date(2024, 4, 1),
    )[0]  # fmt: skip
    assert (found["value"], found["before"], found["last_year"]) == (96, 24, 7)
    assert found["before_change_pct"] == 300


def test_what_is_not_on_the_books_or_not_over_has_no_figure() -> None:
    june = Period(Month(2026, 6), Month(2026, 6))
    (young,) = compared(rows(m2026_05=4, m2026_06=2), june, "indicator", "v", dt.date(2026, 6, 29))
    assert (young["value"], young["before"], young["last_year"]) == (2, 4, None)
    # Facts of 30 June are known on 30 June, and the month is over.
    assert young["before_change_pct"] is None
    (over,) = compared(rows(m2026_05=4, m2026_06=2), june, "indicator", "v", dt.date(2026, 6, 30))
    assert over["before_change_pct"] == -50
    # From 0 there is no share.
    (zero,) = compared(rows(m2026_05=0, m2026_06=2), june, "indicator", "v", dt.date(2026, 7, 1))
    assert (zero["before"], zero["before_change_pct"]) == (0, None)


COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=40)


@given(COUNTS, st.integers(-3, 42), st.integers(0, 20))
def test_a_period_is_the_sum_of_its_months_or_not_on_the_books(counts: list[int], start: int, more: int) -> None:
    first = Month(2020, 1)
    months = [first.shifted(at) for at in range(len(counts))]
    running = [
        {"indicator": "跟进次数", "measure": "次", "month_date": month.first_day, "v": float(sum(counts[: at + 1]))}
        for at, month in enumerate(months)
    ]
    period = Period(first.shifted(start), first.shifted(start + more))
    (found,) = compared(running, period, "indicator", "v", dt.date(2030, 1, 1))
    for name, span in (("value", period), ("before", period.before), ("last_year", period.last_year)):
        inside = [count for month, count in zip(months, counts, strict=True) if span.since <= month <= span.until]
        is_known = months[0] <= span.since <= months[-1]
        assert found[name] == (sum(inside) if is_known else None)


def test_usual_periods_hold_the_day_of_the_list() -> None:
    found = {name: str(period) for name, period in usual_periods(dt.date(2026, 6, 30)).items()}
    assert found == {
        "本月": "2026-06", "本季度": "2026-04 至 2026-06", "本半年": "2026-01 至 2026-06", "本年": "2026-01 至 2026-12",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["2026-13", "2026-6", "上半年", "2026-00", ""])
def test_a_month_that_is_none_is_said_in_chinese(text: str) -> None:
    with pytest.raises(ValueError, match="应为年月"):
        Month.read(text)


def test_a_range_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ValueError, match="晚于"):
        Period(Month(2026, 2), Month(2026, 1))
