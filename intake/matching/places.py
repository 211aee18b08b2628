"""Places that a text starts with (行政区划与功能区): province, prefecture, county, zone, in any order.

Belongs here: GB/T 2260 (reference/places.csv), the zones that an office may add to (reference/zones.csv), how many
characters they take. Does not belong: what is left behind them (names.py).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from intake.matching.letters import Chars, Keys, chars_of, shifted, stirred, whole_hash
from office import cached, settings_file

REFERENCE: Final = Path(__file__).parents[1] / "reference"
LONGEST_PLACE: Final = 9
MOST_PLACES: Final = 6  # province, prefecture, county, zone, and two more
LONGEST_OWN: Final = 5  # 长白山保护开发区
OWN_ZONE: Final = "专名"
# 保安服务总公司经济技术开发区…: what stands before the zone is a firm, not the zone's own name.
_NO_ZONES_NAME: Final = re.compile("公司|银行|集团|供销|合作|信用|大学|学院|医院|服务|工厂|商店|中国|国际")
_COUNTY: Final = re.compile("(?:县|旗|(?<!自治)(?<!地)(?<!林)(?<!行政)区)$")
_COUNTY_ENDS: Final = re.compile("(?:自治县|自治旗|新区|[市区县旗])$")

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Zone:
    """A way of writing a zone: `name` is what all ways of one zone share, `takes` 是, 否 or 专名 (a certain zone)."""

    written: str
    name: str
    takes: str
    city: str


@dataclass(frozen=True)
class Leading:
    """The places that texts start with, one row per text.

    `taken` characters in all, the last place from `last` on; `number` of the place whose prefecture counts, -1 where there is none (city_of); keys of
    the county, of the kind of zone and of the zone's own name, 0 where none is named.
    """

    taken: Rows
    last: Rows
    number: Rows
    county: Keys
    zone: Keys
    zone_own: Keys


@cache
def places() -> dict[str, tuple[str, str]]:
    """Read the places of GB/T 2260: each spelling to its prefecture (地级) and province, empty where ambiguous."""
    with (REFERENCE / "places.csv").open(encoding="utf-8", newline="") as lines:
        return {row["place"]: (row["city"], row["province"]) for row in csv.DictReader(lines)}


@cached
def zones() -> tuple[Zone, ...]:
    """Read the zones and the words for them, the longest first."""
    with settings_file("zones.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [Zone(r["written"], r["zone"], r["takes_own_name"], r["city"]) for r in csv.DictReader(lines)]
    return tuple(sorted(rows, key=lambda zone: (-len(zone.written), zone.written)))


@dataclass(frozen=True)
class _PlaceTable:
    keys: Keys  # sorted
    sieve: npt.NDArray[np.bool_]  # by the low bits of a key: may it be one of a place?
    beginnings: npt.NDArray[np.bool_]  # the same of the first two characters
    number: Rows
    cities: pa.Array
    provinces: pa.Array
    city: Rows  # number of the prefecture by number of the place, -1 where unknown
    province: Rows
    county: Keys  # key of the short name, 0 for provinces and prefectures
    short_keys: Keys  # sorted: a county without 区, together with its prefecture or province
    short_county: Keys
    short_number: Rows


_SIEVE: Final = np.uint64(2**18 - 1)  # 4,115 places leave 98% of it empty


def _sieve(keys: Keys) -> npt.NDArray[np.bool_]:
    found = np.zeros(int(_SIEVE) + 1, dtype=bool)
    found[keys & _SIEVE] = True
    return found


def _keys_of(words: list[str]) -> Keys:
    return whole_hash(chars_of(pa.array(words, pa.string()), LONGEST_PLACE))


def _short(word: str) -> str:
    """Return a county without its kind: 鄞州区, 余姚市, 滨海新区 as 鄞州, 余姚, 滨海."""
    short = _COUNTY_ENDS.sub("", word)
    return short if len(short) >= 2 else word


@cache
def _place_table() -> _PlaceTable:
    words = list(places())
    chars = chars_of(pa.array(words), LONGEST_PLACE)
    keys = whole_hash(chars)
    order = np.argsort(keys)
    cities = [places()[word][0] or None for word in words]
    provinces = [places()[word][1] or None for word in words]
    counties = [_is_county(word) for word in words]
    cities_array = pa.array([*cities, None], pa.string())
    provinces_array = pa.array([*provinces, None], pa.string())
    city, province = (_numbers(array) for array in (cities_array, provinces_array))
    # 武清 alone is a brand anywhere, behind 天津 it is the county. A short name that two counties of a prefecture or
    # province have is none of it.
    shorts: dict[tuple[str, bool, int], tuple[str, int]] = {}
    for at, word in enumerate(words):
        for is_city, ruler in ((True, city[at]), (False, province[at])):
            short = _short(word)
            if counties[at] and ruler >= 0 and short != word and len(short) <= 3:
                mark = (short, is_city, int(ruler))
                known = shorts.get(mark)
                shorts[mark] = (short, at if known is None or known[1] == at else -1)
    marks = [(mark, at) for mark, (_, at) in shorts.items() if at >= 0]
    short_keys = _short_keys(
        _keys_of([mark[0] for mark, _ in marks]),
        np.array([mark[1] for mark, _ in marks]),
        np.array([mark[2] for mark, _ in marks]),
    )
    by_key = np.argsort(short_keys)
    county = np.where(np.array(counties), _keys_of([_short(word) for word in words]), np.uint64(0))
    short_number = np.array([at for _, at in marks], dtype=np.int64)[by_key]
    return _PlaceTable(
        keys[order], _sieve(keys), _sieve(whole_hash(chars[:, :2])), order, cities_array, provinces_array,
        city, province, county, short_keys[by_key], county[short_number], short_number,
    )  # fmt: skip


def _is_county(word: str) -> bool:
    city, province = places()[word]
    if _COUNTY.search(word) and word not in (city, province):
        return True
    return bool(city) and not word.startswith(city) and not word.startswith(province)


def _numbers(texts: pa.Array) -> Rows:
    numbers = pc.fill_null(texts.dictionary_encode().indices, -1)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def _short_keys(words: Keys, is_city: npt.NDArray[np.bool_], ruler: Rows) -> Keys:
    return stirred(words, ruler * 2 + is_city)


def leading_places(chars: Chars, zoned_text: pa.Array | None = None) -> Leading:
    """Return what places the texts start with: the longest spelling is taken, again and again.

    山东省青岛市崂山区华泰… starts with 9 characters of places. Zones are looked for where `zoned_text`, the texts
    themselves, is given.
    """
    table = _place_table()
    count = len(chars)
    taken, last = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    number = np.full(count, -1, dtype=np.int64)
    county, zone, zone_own = (np.zeros(count, dtype=np.uint64) for _ in range(3))
    zoned = {} if zoned_text is None else _zoned(zoned_text)
    looking = np.arange(count)
    for _ in range(MOST_PLACES):
        if not len(looking):
            break
        window = shifted(chars[looking], taken[looking], LONGEST_PLACE)
        longest, which = _in_table(window)
        before = number[looking]
        odd = (which >= 0) & _elsewhere(table, before, which)
        size, place = _district(table, window, before)
        instead = (size > longest) | (odd & (size > 0))
        longest, which = np.where(instead, size, longest), np.where(instead, place, which)
        odd &= ~instead
        if zoned:
            for at in np.flatnonzero((longest == 0) | odd):
                row = int(looking[at])
                if row in zoned and (hit := _zone_at(zoned[row], int(taken[row]))):
                    length, kind, own = hit
                    longest[at], which[at], odd[at] = length, -1, False
                    zone[row], zone_own[row] = kind, own
        found = longest > 0
        looking, longest, which, odd = looking[found], longest[found], which[found], odd[found]
        last[looking] = taken[looking]
        taken[looking] += longest
        # A county that two provinces have says nothing of them: the prefecture before it stands. So it does where the
        # next place lies elsewhere (北京东方…, 东方 is in 海南): that one only tells names apart.
        says = (which >= 0) & ~odd & ((table.city[which] >= 0) | (number[looking] < 0))
        number[looking[says]] = which[says]
        named = np.where(which < 0, 0, np.where(odd, _place_keys()[which], table.county[which]))
        county[looking] += named.astype(np.uint64)  # of several the sum, so that their order does not matter
    return Leading(taken, last, number, county, zone, zone_own)


def _in_table(window: Chars) -> tuple[Rows, Rows]:
    """Return the length and the number of the longest place at the start of each row, 0 and -1 where there is none."""
    table = _place_table()
    longest = np.zeros(len(window), dtype=np.int64)
    which = np.full(len(window), -1, dtype=np.int64)
    # Two characters that begin no place end the search for most rows.
    key = stirred(stirred(np.zeros(len(window), dtype=np.uint64), window[:, 0]), window[:, 1])
    rows = np.flatnonzero(table.beginnings[key & _SIEVE] & (window[:, 1] > 0))
    key, window = key[rows], window[rows]
    for size in range(2, LONGEST_PLACE + 1):
        if size > 2:
            key = stirred(key, window[:, size - 1])
        likely = np.flatnonzero(table.sieve[key & _SIEVE] & (window[:, size - 1] > 0))
        spot = np.minimum(np.searchsorted(table.keys, key[likely]), len(table.keys) - 1)
        hit = table.keys[spot] == key[likely]
        longest[rows[likely[hit]]] = size
        which[rows[likely[hit]]] = table.number[spot[hit]]
    return longest, which


def _elsewhere(table: _PlaceTable, before: Rows, which: Rows) -> npt.NDArray[np.bool_]:
    """Tell where a place lies in another province or prefecture than the one named before it."""
    known = before >= 0
    provinces = (table.province[before], table.province[which])
    cities = (table.city[before], table.city[which])
    other = np.zeros(len(before), dtype=bool)
    for one, two in (provinces, cities):
        other |= (one >= 0) & (two >= 0) & (one != two)
    return known & other


def _district(table: _PlaceTable, window: Chars, before: Rows) -> tuple[Rows, Rows]:
    """Return length and number of the county without its 区 that follows its own prefecture or province."""
    size = np.zeros(len(window), dtype=np.int64)
    place = np.full(len(window), -1, dtype=np.int64)
    rows = np.flatnonzero((before >= 0) & (window[:, 1] > 0))
    key = stirred(stirred(np.zeros(len(rows), dtype=np.uint64), window[rows, 0]), window[rows, 1])
    city, province = table.city[before[rows]], table.province[before[rows]]
    for length in (2, 3):
        if length == 3:
            key = stirred(key, window[rows, 2])
        is_city = city >= 0
        asked = _short_keys(key, is_city, np.where(is_city, city, province))
        spot = np.minimum(np.searchsorted(table.short_keys, asked), len(table.short_keys) - 1)
        hit = (table.short_keys[spot] == asked) & (is_city | (province >= 0)) & (window[rows, length - 1] > 0)
        size[rows[hit]], place[rows[hit]] = length, table.short_number[spot[hit]]
    return size, place


@cache
def _place_keys() -> Keys:
    return _keys_of([_short(word) for word in places()])


# --- zones ----------------------------------------------------------------------------------------------------------


@cached
def _zone_words() -> tuple[str, re.Pattern[str], dict[str, Zone]]:
    """Return what any zone contains, a pattern for a zone at a place of a text, and the zones by their spelling."""

    def any_of(takes: tuple[str, ...]) -> str:
        return "|".join(re.escape(zone.written) for zone in zones() if zone.takes in takes) or "(?!)"

    at = (
        f"(?P<certain>{any_of((OWN_ZONE,))})|(?P<plain>{any_of(('是', '否'))})"
        f"|(?P<own>[\\u4e00-\\u9fff]{{1,{LONGEST_OWN}}}?)(?P<kind>{any_of(('是',))})"
    )
    return any_of(("是", "否", OWN_ZONE)), re.compile(at), {zone.written: zone for zone in zones()}


def _zoned(text: pa.Array) -> dict[int, str]:
    """Return the texts that hold the word for a zone, by row."""
    rows = np.flatnonzero(
        pc.fill_null(pc.match_substring_regex(text, _zone_words()[0]), False).to_numpy(zero_copy_only=False)
    )
    return dict(zip(rows.tolist(), text.take(pa.array(rows)).to_pylist(), strict=True))


def _zone_at(text: str, start: int) -> tuple[int, np.uint64, np.uint64] | None:
    """Return length, key of the kind and key of the own name of the zone at a place of a text."""
    found = _zone_words()[1].match(text, start)
    if not found or (found["own"] and _NO_ZONES_NAME.search(found["own"])):
        return None
    zone = _zone_words()[2][found["certain"] or found["plain"] or found["kind"]]
    own = _keys_of([found["own"] or ""])[0]
    return found.end() - start, _keys_of([zone.name])[0], own


# --- what is asked --------------------------------------------------------------------------------------------------


def place_of(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return prefecture and province of the places that a text starts with."""
    number = leading_places(chars_of(text, 20)).number
    return city_of(number), province_of(number)


def city_of(number: Rows) -> pa.Array:
    """Return the prefecture of places by their number (Leading.number); null for -1."""
    return _taken(_place_table().cities, number)


def province_of(number: Rows) -> pa.Array:
    """Return the province of places by their number; null for -1."""
    return _taken(_place_table().provinces, number)


def _taken(values: pa.Array, number: Rows) -> pa.Array:
    return values.take(pa.array(np.where(number < 0, len(values) - 1, number)))
