"""Candidate pairs (候选对): rows that share a key worth a comparison.

Belongs here: the keys and how large a block of each may be. Does not belong: what a pair is worth (comparison.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt

from intake.matching.comparison import COMPARED
from intake.matching.letters import Keys, stirred
from intake.matching.records import Records
from intake.matching.register import near_keys

_LOW_BITS: Final = np.uint64(2**22 - 1)

Pairs = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]
Rows = npt.NDArray[np.int64]

# The largest block of a key that is still paired up. A phone of 20 firms is an agent's (代办), a person of 30 a namesake.
LARGEST_BLOCK: Final = {
    "core": 40, "core_city": 200, "sorted": 40, "brand_city": 60, "three": 40, "without_first": 40, "without_second": 40,
    "phone": 20, "person_city": 30, "person_brand": 30, "address": 30, "alias": 60,
    "near": 40,
}  # fmt: skip


MANY: Final = 200_000  # rows from which a third of the pairs is worth sparing


def keys_of(records: Records) -> Iterator[tuple[str, Rows, Keys]]:
    """Give every blocking key as (name, rows, keys); branches never meet firms, so their keys are others."""
    core, length = records.names.core, records.names.length
    branch = records.names.is_branch.astype(np.uint64)
    where = records.where
    every = np.arange(len(records))

    def known(key: Keys, *parts: npt.NDArray[np.bool_]) -> tuple[Rows, Keys]:
        keep = np.logical_and.reduce(parts)
        return every[keep], stirred(key[keep], branch[keep])

    def of_columns(*columns: int) -> Keys:
        key = np.zeros(len(records), dtype=np.uint64)
        for column in columns:
            key = stirred(key, core[:, column])
        return key

    def rest_from(key: Keys, start: int) -> Keys:
        for column in range(start, 10):
            key = np.where(core[:, column] > 0, stirred(key, core[:, column]), key)
        return key

    long_enough, has_city = length >= 2, where > 0
    yield "core", *known(records.core_key, long_enough)
    yield "core_city", *known(stirred(records.core_key, where), long_enough, has_city)
    bag = np.zeros(len(records), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in range(core.shape[1]):
            letter = core[:, column]
            if not letter.any():
                break
            bag += np.where(letter > 0, stirred(np.zeros(len(letter), dtype=np.uint64), letter), np.uint64(0))
    yield "sorted", *known(bag, length >= 4)
    brand = of_columns(0, 1)
    yield "brand_city", *known(stirred(brand, where), long_enough, has_city)
    yield "three", *known(of_columns(0, 1, 2), length >= 3)
    # A wrong character in the brand: what is left without it still agrees.
    yield "without_first", *known(stirred(rest_from(of_columns(1), 2), where), length >= 4)
    yield "without_second", *known(stirred(rest_from(of_columns(0), 2), where), length >= 4)
    yield "phone", *known(records.phone, records.phone > 0)
    yield "person_city", *known(stirred(records.person, where), records.person > 0, has_city)
    yield "person_brand", *known(stirred(records.person, brand), records.person > 0, long_enough)
    yield "address", *known(stirred(records.address, where), records.address > 0)
    if (records.listed >= 0).any():
        near = [known(key, key > 0) for key in near_keys(core, length)]
        yield "near", np.concatenate([rows for rows, _ in near]), np.concatenate([keys for _, keys in near])
    if len(records.alias_row):
        rows = np.concatenate([every[long_enough], records.alias_row])
        keys = np.concatenate([records.core_key[long_enough], records.alias_key])
        yield "alias", rows, stirred(keys, branch[rows])


def block_pairs(rows: Rows, keys: Keys, largest: int) -> Pairs:
    """Pair up the rows of every block of at most `largest` rows, smaller row first."""
    # Most keys stand alone: those whose low bits stand alone too need no place in an order.
    low = keys & _LOW_BITS
    shared = np.bincount(low.view(np.int64), minlength=int(_LOW_BITS) + 1)[low] > 1
    keys, rows = keys[shared], rows[shared]
    order = np.argsort(keys)
    keys, rows = keys[order], rows[order]
    starts = (
        np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, dtype=np.int64)
    )
    sizes = np.diff(np.append(starts, len(keys)))
    keep = np.repeat((sizes > 1) & (sizes <= largest), sizes)
    ends = np.repeat(starts + sizes, sizes)[keep]
    at = np.flatnonzero(keep)
    left: list[npt.NDArray[np.int32]] = []
    right: list[npt.NDArray[np.int32]] = []
    step = 1
    while len(at):
        inside = at + step < ends
        at, ends = at[inside], ends[inside]
        one, other = rows[at], rows[at + step]
        left.append(np.minimum(one, other).astype(np.int32))
        right.append(np.maximum(one, other).astype(np.int32))
        step += 1
    if not left:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
    return np.concatenate(left), np.concatenate(right)


def _shared(keys: Keys, largest: int) -> npt.NDArray[np.bool_]:
    """Tell for each row whether its key has at most `largest` rows."""
    order = np.argsort(keys)
    starts = np.flatnonzero(np.concatenate([[True], keys[order][1:] != keys[order][:-1]]))
    sizes = np.diff(np.append(starts, len(keys)))
    told = np.empty(len(keys), dtype=bool)
    told[order] = np.repeat(sizes <= largest, sizes)
    return told


def _distinct(packed: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sort and drop what is repeated: `np.unique` hashes, which took 29 s of 72 for a million rows against 2."""
    packed.sort()
    keep = np.ones(len(packed), dtype=bool)
    np.not_equal(packed[1:], packed[:-1], out=keep[1:])
    return packed[keep]


def _letters(records: Records) -> Keys:
    """Give a set of the characters of each core name, as bits of one number."""
    found = np.zeros(len(records), dtype=np.uint64)
    for column in range(COMPARED):
        letter = records.names.core[:, column].astype(np.uint64)
        bit = np.uint64(1) << ((letter * np.uint64(0x9E3779B1) >> np.uint64(16)) & np.uint64(63))
        found |= np.where(letter > 0, bit, np.uint64(0))
    return found


def candidate_pairs(records: Records) -> Pairs:
    """Give the distinct pairs of all keys, in order."""
    count = np.int64(len(records))
    coded = int((records.code >= 0).sum())
    is_spared = count >= MANY and coded * 20 >= count  # few codes: what strangers share is learned from all pairs
    letters = _letters(records)
    branch = records.names.is_branch.astype(np.uint64)
    core = np.where(
        records.names.length >= 2, stirred(records.core_key, branch), np.arange(1, count + 1, dtype=np.uint64)
    )
    met = _shared(core, LARGEST_BLOCK["core"])

    def pairs(given: tuple[str, Rows, Keys]) -> npt.NDArray[np.int64]:
        name, rows, keys = given
        left, right = block_pairs(rows, keys, LARGEST_BLOCK[name])
        if name != "core":  # what the first key has met need not be met again
            other = ~((core[left] == core[right]) & met[left])
            left, right = left[other], right[other]
        if name == "brand_city" and is_spared:
            # 华泰建材, 华泰物流 of one city: two firms. An abbreviation or one character off has nearly the same characters.
            one, two = letters[left], letters[right]
            near = np.minimum(np.bitwise_count(one & ~two), np.bitwise_count(two & ~one)) <= 1
            near |= (records.code[left] >= 0) & (records.code[right] >= 0)  # they teach what strangers share
            left, right = left[near], right[near]
        return left.astype(np.int64) * count + right

    with ThreadPoolExecutor(max_workers=2) as pool:
        packed = list(pool.map(pairs, keys_of(records)))
        middle = np.int64(len(records) // 2) * count
        together = np.concatenate(packed)
        del packed
        lower = together < middle
        halves = pool.map(_distinct, (together[lower], together[~lower]))
        found = np.concatenate(list(halves))
    left, right = (found // count).astype(np.int32), (found % count).astype(np.int32)
    keep = left != right
    return left[keep], right[keep]
