"""A visiting plan (外出行程): whom to visit in a region, in which order of cities, on which day.

Belongs here: distances between cities, the order of stops, filling days. Does not belong here: which firms there are
(brd_trip__targets), the page (pages/trips.py), the workbook (trip_workbook.py).
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from office import cached, settings_file

EARTH_KM: Final = 6371.0
EXACT_STOPS: Final = 9  # up to here the best order is found exactly: 9 · 2⁹ steps


@dataclass(frozen=True)
class City:
    """A prefecture-level city. The datum of the coordinates is not known: distances are good to a kilometre."""

    name: str
    province: str
    region: str
    longitude: float
    latitude: float


@dataclass(frozen=True)
class TripSettings:
    """Checked content of trips.yaml."""

    start_city: str
    visits_a_day: int
    long_move_km: float
    visited_within_days: int
    most_days: int
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Stop:
    """One day's visits in one city, and the way there."""

    day: dt.date
    city: str
    from_city: str
    distance_km: float
    visits: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class TripPlan:
    """Stops in the order of travel; ``left_out`` were good enough but had no room."""

    stops: tuple[Stop, ...]
    left_out: int
    distance_km: float
    visited: int


def read_trip_settings(content: Mapping[str, Any], cities: Mapping[str, City]) -> TripSettings:
    """Check the content of the file; what is missing or odd is named in Chinese."""
    whole = ("visits_a_day", "visited_within_days", "most_days")
    odd = [name for name in whole if type(content.get(name)) is not int or content[name] < 1]
    if not isinstance(content.get("long_move_km"), int | float) or content["long_move_km"] <= 0:
        odd.append("long_move_km")
    if content.get("start_city") not in cities:
        odd.append("start_city（不在城市表中）")
    if not isinstance(content.get("regions"), list) or not isinstance(content.get("valid_from"), dt.date):
        odd.append("regions、valid_from")
    if odd:
        raise ValueError(f"trips.yaml：这些项缺失或写错：{'、'.join(odd)}")
    names = ("start_city", "visits_a_day", "long_move_km", "visited_within_days", "most_days")
    return TripSettings(**{name: content[name] for name in names}, regions=tuple(content["regions"]))


@cached
def cities() -> Mapping[str, City]:
    """Give every city by its name."""
    with settings_file("cities.csv").open(encoding="utf-8-sig", newline="") as file:
        return {
            row["city_name"]: City(
                row["city_name"], row["province_name"], row["region_name"], float(row["longitude"]), float(row["latitude"])
            )
            for row in csv.DictReader(file)
        }  # fmt: skip


@cached
def trip_settings() -> TripSettings:
    """Give the settings of this installation."""
    return read_trip_settings(yaml.safe_load(settings_file("trips.yaml").read_text(encoding="utf-8-sig")), cities())


def worth_visiting(
    rows: Iterable[Mapping[str, Any]], scores: Mapping[str, float], region: str, since: dt.date
) -> list[dict[str, Any]]:
    """Give whom a trip to a region (or province) could visit: leads that have a score, and prospects; not who was visited since a day.

    ``rows`` are of brd_trip__targets; each gets the ``score`` that :func:`plan_trip` orders by.
    """
    names = {c.name for c in cities().values() if region in (c.region, c.province)}
    found = []
    for row in rows:
        is_lead = row["target_kind"] == "lead"
        if row["city_name"] not in names or (is_lead and row["lead_id"] not in scores):
            continue
        if row["last_visit_date"] is None or row["last_visit_date"] < since:
            found.append({**row, "score": scores[row["lead_id"]] if is_lead else row["fit"]})
    return found


def distance_km(a: City, b: City) -> float:
    """Give the great-circle distance.

    Examples
    --------
    >>> round(distance_km(cities()["北京市"], cities()["上海市"]) / 10) * 10
    1070
    """
    one, two = math.radians(a.latitude), math.radians(b.latitude)
    half = math.sin((two - one) / 2) ** 2 + math.cos(one) * math.cos(two) * (
        math.sin(math.radians(b.longitude - a.longitude) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def best_order(start: City, stops: Sequence[City]) -> list[City]:
    """Order stops so that the way from ``start`` through all of them and home again is short.

    Exact up to :data:`EXACT_STOPS` stops (Held-Karp), beyond that nearest neighbour with 2-opt. Ties go by name.
    """
    stops = sorted(stops, key=lambda c: c.name)
    if len(stops) <= EXACT_STOPS:
        return _exact(start, stops)
    return _two_opt(start, _nearest(start, stops))


def way_km(start: City, order: Sequence[City]) -> float:
    """Give the length of the way from start through the stops and home."""
    path = [start, *order, start]
    return sum(distance_km(a, b) for a, b in itertools.pairwise(path))


def _exact(start: City, stops: list[City]) -> list[City]:
    if not stops:
        return []
    count = len(stops)
    between = [[distance_km(a, b) for b in stops] for a in stops]
    from_start = [distance_km(start, c) for c in stops]
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {
        (1 << at, at): (from_start[at], (at,)) for at in range(count)
    }
    for size in range(2, count + 1):
        for chosen in itertools.combinations(range(count), size):
            mask = sum(1 << at for at in chosen)
            for last in chosen:
                before = mask ^ (1 << last)
                best[mask, last] = min(
                    (best[before, at][0] + between[at][last], (*best[before, at][1], last))
                    for at in chosen
                    if at != last
                )
    full = (1 << count) - 1
    _, order = min((best[full, at][0] + from_start[at], best[full, at][1]) for at in range(count))
    return [stops[at] for at in order]


def _nearest(start: City, stops: list[City]) -> list[City]:
    left, order, here = list(stops), [], start
    while left:
        here = min(left, key=lambda c: (distance_km(here, c), c.name))
        left.remove(here)
        order.append(here)
    return order


def _two_opt(start: City, order: list[City]) -> list[City]:
    improved = True
    while improved:
        improved = False
        for low, high in itertools.combinations(range(len(order) + 1), 2):
            turned = [*order[:low], *reversed(order[low:high]), *order[high:]]
            if way_km(start, turned) < way_km(start, order) - 1e-9:
                order, improved = turned, True
    return order


def plan_trip(
    targets: Sequence[Mapping[str, Any]],
    first_day: dt.date,
    days: int,
    start: City,
    settings: TripSettings,
    places: Mapping[str, City] | None = None,
) -> TripPlan:
    """Plan visits: the best targets that fit the days, city by city.

    ``targets`` have ``city_name``, ``score``, ``target_key``. Of the best, as many as there are places in the days are
    taken; while the way needs more days than there are, the worst of them is left out.
    """
    places = cities() if places is None else places
    known = [t for t in targets if t["city_name"] in places]
    ranked = sorted(known, key=lambda t: (-float(t["score"] or 0), str(t["target_key"])))
    taken = ranked[: days * settings.visits_a_day]
    while True:
        stops = _fill(taken, first_day, start, settings, places)
        if not stops or stops[-1].day < first_day + dt.timedelta(days=days):
            break
        taken = taken[:-1]
    last = places[stops[-1].city] if stops else start
    total = sum(stop.distance_km for stop in stops) + distance_km(last, start)
    return TripPlan(tuple(stops), len(ranked) - len(taken), total, len(taken))


def _fill(
    taken: Sequence[Mapping[str, Any]],
    first_day: dt.date,
    start: City,
    settings: TripSettings,
    places: Mapping[str, City],
) -> list[Stop]:
    by_city: dict[str, list[Mapping[str, Any]]] = {}
    for target in taken:
        by_city.setdefault(target["city_name"], []).append(target)
    order = best_order(start, [places[name] for name in by_city])
    # A round is as long either way: the way round that ends earlier, then the one that begins nearer home.
    ways = [_days(turn, by_city, first_day, start, settings) for turn in (order, order[::-1])]
    return min(ways, key=lambda w: (w[-1].day, len(w), w[0].distance_km, w[0].city)) if order else []


def _days(
    order: Sequence[City],
    by_city: Mapping[str, list[Mapping[str, Any]]],
    first_day: dt.date,
    start: City,
    settings: TripSettings,
) -> list[Stop]:
    stops: list[Stop] = []
    day, room, here = first_day, settings.visits_a_day, start
    for city in order:
        way = distance_km(here, city)
        waiting = by_city[city.name]
        # The way out on the first morning costs as much as any other.
        if way > settings.long_move_km:
            room -= settings.visits_a_day // 2
        while waiting:
            if room <= 0:
                day, room = day + dt.timedelta(days=1), settings.visits_a_day
            visits, waiting = waiting[:room], waiting[room:]
            room -= len(visits)
            stops.append(Stop(day, city.name, here.name, way, tuple(visits)))
            here, way = city, 0.0
    return stops
