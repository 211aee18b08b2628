"""What the ledgers of one district share (同一个云川区): its leads and what offices know of them on the as-of day.

Belongs here: look-ups that several subjects need, days and working days. Does not belong: draws, headers.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from sample import district
from sample.enterprises import Enterprises
from sample.leads import Lead, month_end
from sample.process import FollowUp, Move

T = TypeVar("T")


@dataclass
class World:
    """The district up to `as_of`; `leads` are those whose row an office can read in the end."""

    enterprises: Enterprises
    leads: list[Lead]
    follow_ups: list[FollowUp]
    moves: list[Move]
    as_of: dt.date

    @cached_property
    def by_id(self) -> dict[str, Lead]:
        return {lead.lead_id: lead for lead in self.leads}

    @cached_property
    def moves_of(self) -> dict[str, list[Move]]:
        """The moves that offices had told by the as-of day, by lead."""
        found: dict[str, list[Move]] = defaultdict(list)
        for move in self.moves:
            if move.is_written and move.lead_id in self.by_id:
                found[move.lead_id].append(move)
        return found

    @cached_property
    def known(self) -> dict[str, dict[str, dt.date]]:
        """By lead, the first day of every stage that an office had told."""
        return {
            lead_id: {move.stage: move.date for move in reversed(moves)} for lead_id, moves in self.moves_of.items()
        }

    @cached_property
    def signed(self) -> list[Lead]:
        """Leads that signed, as far as anybody told, in the order of signing."""
        found = [lead for lead in self.leads if "签约" in self.known.get(lead.lead_id, {})]
        return sorted(found, key=lambda lead: (self.known[lead.lead_id]["签约"], lead.lead_id))

    @cached_property
    def running(self) -> list[Lead]:
        """Leads that came into operation (投产)."""
        return [lead for lead in self.signed if "投产" in self.known[lead.lead_id]]

    def unit_name(self, lead: Lead) -> str:
        return district.UNITS[lead.unit].name


def first_of_next_month(day: dt.date) -> dt.date:
    """Return the first day of the month after."""
    return month_end(day) + dt.timedelta(days=1)


def month_ends(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Give the last day of each month from that of `first`, as far as it is over on `last`."""
    day = month_end(first)
    while day <= last:
        yield day
        day = month_end(day + dt.timedelta(days=1))


def working_day(day: dt.date) -> dt.date:
    """Give the day itself, or the Friday before a weekend."""
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def plus(day: dt.date, days: float) -> dt.date:
    """Return the day so many days later, rounded."""
    return day + dt.timedelta(days=round(days))


def pick(items: list[T] | tuple[T, ...], rng: np.random.Generator) -> T:
    """Return one item at random, all equally likely."""
    return items[int(rng.integers(len(items)))]
