"""What two rows have in common (逐项比较): one small whole number a pair, level by level.

Belongs here: the levels of agreement of names, places, persons, phones, addresses. Does not belong: what a level weighs
(weights.py).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from intake.matching.letters import Keys, chars_of, stirred, whole_hash
from intake.matching.records import Records

Levels = npt.NDArray[np.int8]
Index = npt.NDArray[np.int32]

NAME_LEVELS: Final = (
    "名称不同", "字号相同", "简写（字号不同）", "简写", "字号一字之差", "行业一字之差", "核心名称相同（常见）",
    "核心名称相同（少见）", "核心名称相同（罕见）", "曾用名或简称相同",
)  # fmt: skip
ALIAS_LEVEL: Final = 9
LEVELS: Final = {
    "name": len(NAME_LEVELS),
    "place": 3,  # 0 differ, 1 not both named, 2 agree: prefecture, county and zone
    "city": 3,
    "person": 4,  # 0 differ, 1 missing, 2 agree on a common value, 3 agree on a rare one
    "phone": 4,
    "address": 4,  # 2 the road, 3 the whole
    "form": 2,  # 集团, 股份: 0 differ, 1 agree
}
SHAPE: Final = tuple(LEVELS.values())
CHUNK: Final = 60_000  # what a chunk touches stays in the cache: twice as fast as 250,000
COMPARED: Final = 16  # characters of a core; 2 bytes each, all of the basic plane
# Cores that firms of 25 cities and more bear in the real register, read through, and words like them.
_TRADES: Final = Path(__file__).parents[1] / "reference" / "trades.csv"
_ORDINALS: Final = np.array(
    [ord(c) for c in "一二三四五六七八九十甲乙丙丁东西南北中上下前后左右新老大小0123456789"], dtype=np.uint16
)
RARE, UNCOMMON = 3, 12  # rows of one core name; firms of one core are met about three times in ledgers


def same_name_level(
    left: npt.NDArray[Any], right: npt.NDArray[Any], left_length: npt.NDArray[Any], right_length: npt.NDArray[Any]
) -> Levels:
    """Compare cores that are not equal: 0 other, 1 brand, 2 and 3 one is an abbreviation, 4 and 5 one character off.

    Shapes (pairs, width). Everything is done by common ends and one pass of subsequence: no matrix of edit distances.
    """
    pairs, width = left.shape
    size, small = np.maximum(left_length, right_length), np.minimum(left_length, right_length)
    same = (left == right) & (left > 0)
    prefix = np.where(same.all(axis=1), small, same.argmin(axis=1)).astype(np.int8)
    # The common end, with both names pushed to the right edge.
    step = np.arange(width, dtype=np.int8)
    tail_left = np.take_along_axis(left, (left_length[:, None] - 1 - step) % width, axis=1)
    tail_right = np.take_along_axis(right, (right_length[:, None] - 1 - step) % width, axis=1)
    alike = (tail_left == tail_right) & (step < small[:, None])
    suffix = np.where(alike.all(axis=1), small, alike.argmin(axis=1)).astype(np.int8)
    suffix = np.minimum(suffix, small - prefix)
    one_off = (size - small <= 1) & (prefix + suffix >= size - 1) & (small >= 3)
    # 第二门市部 for 第三门市部, 东厂 for 西厂: what tells firms apart is no slip.
    spot = np.minimum(prefix, width - 1)[:, None].astype(np.int64)
    here, there = (np.take_along_axis(side, spot, axis=1)[:, 0] for side in (left, right))
    one_off &= ~((size == small) & np.isin(here, _ORDINALS) & np.isin(there, _ORDINALS))
    # 泰华 for 华泰: two neighbours changed places.
    swapped = (size == small) & (prefix + suffix == size - 2) & (small >= 3)
    if swapped.any():
        at = np.flatnonzero(swapped)
        spot = prefix[at]
        swapped[at] = (left[at, spot] == right[at, spot + 1]) & (left[at, spot + 1] == right[at, spot])
    one_off |= swapped
    result = np.where(prefix >= 2, 1, 0).astype(np.int8)
    shared_first = (small >= 2) & ~one_off & (size > small)
    looked = np.flatnonzero(shared_first & (prefix >= 1) | shared_first & (suffix >= 1))
    if len(looked):
        pointer = np.zeros(len(looked), dtype=np.int64)
        row = np.arange(len(looked))
        is_long = (left_length >= right_length)[looked, None]
        source, target = np.where(is_long, left[looked], right[looked]), np.where(is_long, right[looked], left[looked])
        need = small[looked]
        for column in range(int(size[looked].max())):
            pointer += (pointer < need) & (source[:, column] == target[row, np.minimum(pointer, width - 1)])
        inside = pointer >= need
        result[looked[inside]] = np.where(prefix[looked[inside]] >= 2, 3, 2)
    result[one_off] = np.where(prefix[one_off] >= 2, 5, 4)
    assert len(result) == pairs
    return result


def counts_of(keys: Keys) -> npt.NDArray[np.int64]:
    """Give how many rows have each row's key."""
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse])


def patterns(records: Records, left: Index, right: Index) -> npt.NDArray[np.int32]:
    """Give the pattern of each pair: its levels as one number in mixed radix (SHAPE)."""
    core = np.minimum(records.names.core[:, :COMPARED], 0xFFFF).astype(np.uint16)
    length = np.minimum(records.names.length, COMPARED).astype(np.int8)
    where = records.where
    core_count = counts_of(_told_apart_by_place(records))
    person_count, phone_count = counts_of(records.person), counts_of(records.phone)
    alias = set_of_aliases(records)
    has_form = pc.ends_with(records.names.written, "公司").to_numpy(zero_copy_only=False)
    is_whole = np.asarray(has_form, dtype=bool) | records.names.is_branch
    found = np.empty(len(left), dtype=np.int32)

    def compare(start: int) -> None:
        one, other = left[start : start + CHUNK], right[start : start + CHUNK]
        levels = (
            _name(records, core, length, one, other, core_count, alias, is_whole),
            _place(records, one, other),
            _agreement(where[one], where[other]),
            _counted(records.person, person_count, one, other, 20),
            _counted(records.phone, phone_count, one, other, 6),
            _address(records, one, other),
            (
                (records.names.is_group[one] == records.names.is_group[other])
                & (records.names.is_shares[one] == records.names.is_shares[other])
            ).astype(np.int8),
        )
        pattern = np.zeros(len(one), dtype=np.int32)
        for level, count in zip(levels, SHAPE, strict=True):
            pattern = pattern * count + level
        found[start : start + CHUNK] = pattern

    with ThreadPoolExecutor(max_workers=2) as pool:  # numpy works outside the lock of Python
        list(pool.map(compare, range(0, len(left), CHUNK)))
    return found


def _told_apart_by_place(records: Records) -> Keys:
    """Return the core of each row; with the place of the name where the core says a trade only (西昌电力, 湖南黄金)."""
    place = np.where(records.place > 0, records.place, records.province)
    only_trade = np.isin(records.core_key, _trades()) & (place > 0)
    return np.where(only_trade, stirred(records.core_key, place), records.core_key)


@cache
def _trades() -> Keys:
    """Return the cores that say no more than a trade, as keys."""
    words = pacsv.read_csv(_TRADES)["trade"].combine_chunks()
    return whole_hash(chars_of(words))


def set_of_aliases(records: Records) -> npt.NDArray[np.uint64]:
    """Give the sorted keys (row, alias core) that answer whether a core is an alias of a row."""
    return np.sort(_row_and_key(records.alias_row, records.alias_key))


def _row_and_key(row: npt.NDArray[np.int64], key: Keys) -> Keys:
    with np.errstate(over="ignore"):
        return np.asarray(key * np.uint64(0x9E3779B97F4A7C15) + row.astype(np.uint64), dtype=np.uint64)


def _name(
    records: Records,
    core: npt.NDArray[np.uint16],
    length: npt.NDArray[np.int8],
    one: Index,
    other: Index,
    core_count: npt.NDArray[np.int64],
    alias: npt.NDArray[np.uint64],
    is_whole: npt.NDArray[np.bool_],
) -> Levels:
    level = np.zeros(len(one), dtype=np.int8)
    equal = (records.core_key[one] == records.core_key[other]) & (records.names.length[one] >= 2)
    count = np.maximum(core_count[one], core_count[other])
    level[equal] = np.where(count <= RARE, 8, np.where(count <= UNCOMMON, 7, 6))[equal]
    # 加油船(002号), 加油船(003号)
    mine, yours = records.names.aside[one], records.names.aside[other]
    equal_level = level[equal]
    equal_level[((mine > 0) & (yours > 0) & (mine != yours))[equal]] = 1
    level[equal] = equal_level
    rest = np.flatnonzero(~equal)
    compared = same_name_level(core[one[rest]], core[other[rest]], length[one[rest]], length[other[rest]])
    # Whole names abbreviate none: 科达集团有限公司 and 科达物流有限公司 are kin, 浏阳支行 and 浏阳开发区支行 too.
    both_whole = is_whole[one[rest]] & is_whole[other[rest]]
    compared[both_whole & ((compared == 2) | (compared == 3))] = 1
    level[rest] = compared
    if len(alias):
        for this, that in ((one, other), (other, one)):
            asked = _row_and_key(this.astype(np.int64), records.core_key[that])
            spot = np.minimum(np.searchsorted(alias, asked), len(alias) - 1)
            level[(alias[spot] == asked) & ~equal] = ALIAS_LEVEL
    return level


def _agreement(one: Keys, other: Keys) -> Levels:
    return np.where((one == 0) | (other == 0), 1, np.where(one == other, 2, 0)).astype(np.int8)


def _place(records: Records, one: Index, other: Index) -> Levels:
    """Compare the places of the names; where one names only a province, provinces are compared.

    Two counties or two zones are two places; one that only one of the names says is a place not both name.
    """
    by_city = _agreement(records.place[one], records.place[other])
    by_province = _agreement(records.province[one], records.province[other])
    level = np.where(by_city == 1, np.minimum(by_province, 1), by_city)
    taken = records.names
    for part in (taken.county, taken.zone, taken.zone_own):
        mine, yours = part[one], part[other]
        level = np.where(mine == yours, level, np.where((mine == 0) | (yours == 0), np.minimum(level, 1), 0))
    return level.astype(np.int8)


def places_differ(records: Records, one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Tell where two rows name or are recorded in different places."""
    return np.asarray((_place(records, one, other) == 0) | (_agreement(records.where[one], records.where[other]) == 0))


def _counted(keys: Keys, counts: npt.NDArray[np.int64], one: Index, other: Index, rare: int) -> Levels:
    level = _agreement(keys[one], keys[other])
    level[(level == 2) & (counts[one] <= rare)] = 3
    return level


def _address(records: Records, one: Index, other: Index) -> Levels:
    level = _agreement(records.road[one], records.road[other])
    level[(records.address[one] == records.address[other]) & (records.address[one] > 0)] = 3
    return level
