"""The firm of the register that a row means though its name is not whole (名录中最近的一家): slips, short and changed forms.

Belongs here: how near a name of the register is to a row's, and when one firm alone is that near. Does not belong here:
equal names and codes (run.py), which firms are looked at (register.py), weights that codes teach (weights.py).

A register names every firm, so one firm alone near enough is the answer; two are a question, and so is a slip that
makes another brand of the name.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pypinyin import lazy_pinyin

from intake.matching.comparison import LEVELS, SHAPE
from intake.matching.grouping import BY_REGISTER, Edges
from intake.matching.letters import text_of
from intake.matching.records import Records

Rows = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# How near, best first: what the reader of the result is told.
SAME_CORE, SAME_CORE_OTHER_FORM, SLIP, SHORT, GUESS = range(5)
IN_WORDS: Final = (
    "名录中唯一核心名称相同", "名录中唯一核心名称相同（组织形式不同）", "名录中唯一一字之差（音近、颠倒、多字漏字）", "名录中唯一以此为简称", "与名录中一家相近",
)  # fmt: skip
BRAND: Final = 2  # characters that a brand has at least
# Groups of characters that look alike (形近字), a line each.
_LOOK_ALIKES: Final = Path(__file__).parents[1] / "reference" / "look_alikes.txt"
_ALIKE: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"))


def nearest(
    records: Records,
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
    pattern: npt.NDArray[np.int32],
    taken: Bools,
) -> tuple[Edges, Bools]:
    """Return edges from rows to the one firm of the register nearest to each, and which rows several firms are near to.

    Pairs are candidates with their patterns; rows that are `taken` have their firm already.
    """
    one_listed = (records.listed[left] >= 0) != (records.listed[right] >= 0)
    left, right, pattern = left[one_listed], right[one_listed], pattern[one_listed]
    row = np.where(records.listed[left] >= 0, right, left).astype(np.int64)
    firm = np.where(records.listed[left] >= 0, left, right).astype(np.int64)
    level = dict(zip(LEVELS, np.unravel_index(pattern, SHAPE), strict=True))
    # A municipality's register says the district where a lead says 上海: places of both names count before.
    elsewhere = (level["place"] == 0) | ((level["city"] == 0) & (level["place"] < 2))
    open_ = ~taken[row] & ~elsewhere & (records.code[row] < 0)
    row, firm, level = row[open_], firm[open_], {name: of[open_] for name, of in level.items()}
    near = _nearness(records, row, firm, level)
    near_enough = near >= 0
    row, firm, near = row[near_enough], firm[near_enough], near[near_enough]
    where = (level["place"] + level["city"])[near_enough]
    # Best first: the nearness, then how much of the place agrees.
    order = np.lexsort((firm, -where, near, row))
    row, firm, near, where = row[order], firm[order], near[order], where[order]
    first = np.concatenate([[True], row[1:] != row[:-1]]) if len(row) else np.zeros(0, dtype=bool)
    best = np.maximum.accumulate(np.where(first, np.arange(len(row)), 0)) if len(row) else row
    rivals = (near == near[best]) & (where == where[best])
    alone = np.bincount(row[rivals], minlength=len(records))[row] == 1
    found = first & alone & (near < GUESS)
    asked = np.zeros(len(records), dtype=bool)
    asked[row[first & ~found]] = True
    count = int(found.sum())
    kind = np.full(count, BY_REGISTER, dtype=np.int8)
    note = -(near[found] + NOTES)
    return Edges(row[found], firm[found], np.full(count, 20.0) - near[found], kind, note), asked


NOTES: Final = 100  # a note of -100 - n says IN_WORDS[n]


def _nearness(records: Records, row: Rows, firm: Rows, level: dict[str, npt.NDArray[np.intp]]) -> Rows:
    """Return how near each pair is, -1 where it is not."""
    near = np.full(len(row), -1, dtype=np.int64)
    same = (level["name"] >= 6) & (level["name"] <= 8)
    near[same] = np.where(level["form"][same] == 1, SAME_CORE, SAME_CORE_OTHER_FORM)
    names = records.names
    both = (level["place"] == 2) | (level["city"] == 2)
    # 杭州鹏鑫 for 杭州鹏鑫贸易有限公司: the row's name begins the firm's and says no form of its own.
    begins = (level["name"] == 3) & (names.length[row] < names.length[firm])
    near[begins & both] = SHORT
    near[begins & ~both & (names.length[row] >= BRAND + 2)] = SHORT
    near[(level["name"] == 2) & (names.length[row] < names.length[firm]) & both] = GUESS
    off = np.flatnonzero((level["name"] == 4) | (level["name"] == 5))
    if len(off):
        mine, theirs = (text_of(names.core[side[off]]).to_pylist() for side in (row, firm))
        near[off] = [SLIP if is_slip(a, b) else GUESS for a, b in zip(mine, theirs, strict=True)]
    return near


def is_slip(written: str, meant: str) -> bool:
    """Return whether one character off is how a hand or an input method errs, rather than another firm's name.

    >>> is_slip("宏立贸易", "宏利贸易"), is_slip("丰源源地产", "丰源地产"), is_slip("华新贸易", "华鑫贸易")
    (True, True, True)
    >>> is_slip("巨龙建筑", "巨星建筑")
    False
    """
    start = next(
        (at for at, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b), min(len(written), len(meant))
    )
    if len(written) != len(meant):
        return max(len(written), len(meant)) >= BRAND + 2
    if written[start + 1 : start + 2] == meant[start : start + 1] and written[start] == meant[start + 1 : start + 2]:
        return True
    if _sound(written[start]) == _sound(meant[start]):
        return True
    return frozenset((written[start], meant[start])) in _look_alikes() or (start >= BRAND and len(written) > BRAND + 2)


@cache
def _look_alikes() -> frozenset[frozenset[str]]:
    lines = _LOOK_ALIKES.read_text(encoding="utf-8").split()
    return frozenset(frozenset(pair) for line in lines for pair in combinations(line, 2))


@cache
def _sound(character: str) -> str:
    sound = lazy_pinyin(character)[0]
    for written, plain in _ALIKE:
        if sound.startswith(written):
            sound = plain + sound[len(written) :]
    return sound.removesuffix("g") if sound.endswith("ng") else sound
