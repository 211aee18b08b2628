"""How likely a lead has been to land, as its page says it."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest

from desk.listing import PublishedList
from desk.pages.lead import landing_trend
from publishing.figures import Reading


class OneLead:
    """A list that knows the probabilities of one lead."""

    def __init__(self, *told: tuple[dt.date, float]) -> None:
        self.told = told

    def about(self, lead_id: str, reading: Reading) -> list[dict[str, Any]]:
        assert reading.board == "landing_trend"
        return [
            {"lead_id": lead_id, "told_date": day, "stage": "在谈", "landing_probability": p} for day, p in self.told
        ]


def trend(*told: tuple[dt.date, float]) -> dict[str, Any] | None:
    return landing_trend(cast(PublishedList, OneLead(*told)), "L1")


@pytest.mark.parametrize(("now", "words"), [(0.187, "升 6.5"), (0.10, "降 2.2"), (0.122, "没有变化")])
def test_the_first_and_the_last_day_are_compared(now: float, words: str) -> None:
    # Rows of a table come in any order.
    found = trend((dt.date(2026, 6, 30), now), (dt.date(2026, 4, 30), 0.122), (dt.date(2026, 5, 31), 0.2))
    assert found is not None and words in found["words"]
    assert found["words"].startswith("2026-04-30 为 12.2%")
    drawn = str(found["chart"])
    assert drawn.index("04-30") < drawn.index("05-31") < drawn.index("06-30") and ">20.0%<" in drawn
    assert 'width="20.00"' in drawn and drawn.count("在谈") == 3


def test_one_day_is_no_trend() -> None:
    assert trend() is None
    assert trend((dt.date(2026, 6, 30), 0.1)) is None
