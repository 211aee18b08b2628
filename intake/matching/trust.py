"""Whether learned weights may be used (权重核查): strata that nothing vouches for score no pair.

Belongs here: what learned weights must look like, and the words for those that do not. Does not belong: learning them
(weights.py), what stands in for them: exact keys (run.py).

Without codes EM finds two classes of pairs in any register, also where all firms differ: on 66,963 real firms by name and
city it joined 10,201, one cluster of 1,028.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from intake.matching.comparison import LEVELS, NAME_LEVELS, SHAPE
from intake.matching.weights import STRATA, THRESHOLD, UNLIKE, UNLIKE_THRESHOLD, Floats, Weights

Bools = npt.NDArray[np.bool_]

ENOUGH_STRANGERS: Final = 50  # pairs known to be two firms, to see how many of them would be joined
# Of the pairs joined, if all open pairs were strangers: degenerate weights reach 0 to 0.3, good ones 0.6 and more, for
# grouping parts what contradicts.
LEAST_PRECISION: Final = 0.5
LEAST_EVIDENCE: Final = 0.2  # of the pairs: a person, a phone or an address to compare
SEEN: Final = 30  # pairs from which a level is judged
# Matches among candidates: pairs of one brand are nearly all strangers, pairs of one name may nearly all be one firm.
MOST_MATCHES: Final = {(1,): 0.2, (2, 3, 4, 5): 0.6, (6, 7, 8, 9): 0.98}
EVIDENCE: Final = {"person": 2, "phone": 2, "address": 3}  # from which level on: a road alone is none
_TITLES: Final = {
    "place": "名称中的地点", "city": "城市", "person": "法定代表人", "phone": "电话", "address": "地址", "form": "集团或股份",
}  # fmt: skip
_STRATUM: Final = {(0,): "名称不同", (1,): "字号相同", (2, 3, 4, 5): "简写或一字之差", (6, 7, 8, 9): "核心名称相同"}
# What agrees besides the name where nothing but places is known.
_BARE: Final = {"place": 2, "city": 2, "person": 1, "phone": 1, "address": 1, "form": 1}
_NEAR_NAMES: Final = {1: THRESHOLD, 2: THRESHOLD, 3: UNLIKE_THRESHOLD, 4: THRESHOLD, 5: UNLIKE_THRESHOLD}


@dataclass(frozen=True)
class Trust:
    """`vouched` tells of every pattern whether codes vouch for its weight, `plausible` whether it at least makes sense.

    A pattern that is neither joins nothing. `objections` says why, in Chinese.
    """

    vouched: Bools
    plausible: Bools
    objections: tuple[str, ...]


def judged(log_odds: Floats, weights: list[Weights], same: Floats, different: Floats, open_pairs: Floats) -> Trust:
    """Judge what was learned from counts of patterns (as weights.learned takes them)."""
    size = int(np.prod(SHAPE))
    vouched, plausible = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    said: dict[tuple[int, ...], str] = {}
    unsupported: list[tuple[int, ...]] = []
    for stratum, found in zip(STRATA, weights, strict=True):
        inside = _inside(stratum)
        strangers, asked = np.where(inside, different, 0.0), np.where(inside, open_pairs, 0.0)
        joined = log_odds >= (UNLIKE_THRESHOLD if stratum == UNLIKE else THRESHOLD)
        if found.by_codes and stratum != UNLIKE:
            vouched |= inside
        elif not asked[joined].sum():
            plausible |= inside
        elif strangers.sum() >= ENOUGH_STRANGERS:
            if (share := _right_share(joined, strangers, asked)) >= LEAST_PRECISION:
                vouched |= inside
            else:
                said[stratum] = f"已知不是一家的行会被并在一起（估计准确率 {max(share, 0.0):.0%}）"
        elif stratum == UNLIKE:
            plausible |= inside  # believed, not learned
        elif problem := _objection(stratum, found, log_odds, np.where(inside, same + different + open_pairs, 0.0)):
            said[stratum] = problem
        else:
            unsupported.append(stratum)
    # Strata learned without codes come of one EM on one kind of table: where one is nonsense none is believed.
    if not said:
        for stratum in unsupported:
            plausible |= _inside(stratum)
    return Trust(vouched, plausible, tuple(f"“{_STRATUM[stratum]}”：{problem}" for stratum, problem in said.items()))


def has_evidence() -> Bools:
    """Tell of every pattern whether a person, a phone or a whole address agrees."""
    grid = np.zeros(SHAPE, dtype=bool)
    for name, least in EVIDENCE.items():
        grid[(slice(None),) * list(LEVELS).index(name) + (slice(least, None),)] = True
    return grid.ravel()


def disagreeing(*names: str) -> Bools:
    """Tell of every pattern whether one of these disagrees."""
    grid = np.zeros(SHAPE, dtype=bool)
    for name in names:
        grid[(slice(None),) * list(LEVELS).index(name) + (0,)] = True
    return grid.ravel()


def of_name_level(level: int) -> Bools:
    """Return a mask of the patterns whose names agree at a level, shape (prod(SHAPE),)."""
    return _inside((level,))


def _inside(stratum: tuple[int, ...]) -> Bools:
    grid = np.zeros(SHAPE, dtype=bool)
    grid[list(stratum)] = True
    return grid.ravel()


def _right_share(joined: Bools, strangers: Floats, asked: Floats) -> float:
    """Return the share of joined pairs that are one firm at least, by how many known strangers would be joined."""
    wrong = (strangers[joined].sum() + 0.5) / (strangers.sum() + 1.0)
    return float(1.0 - wrong * asked.sum() / asked[joined].sum())


def _objection(stratum: tuple[int, ...], found: Weights, log_odds: Floats, pairs: Floats) -> str | None:
    """Say what is wrong with weights that no code vouches for; None where nothing is."""
    counts: dict[str, Any] = {}
    for axis, name in enumerate(LEVELS):
        others = tuple(at for at in range(len(SHAPE)) if at != axis)
        counts[name] = pairs.reshape(SHAPE).sum(axis=others)
    compared = max(1.0 - counts[name][1] / pairs.sum() for name in EVIDENCE)
    if compared < LEAST_EVIDENCE:
        return "除名称和地点外没有可核对的信用代码、法定代表人、电话或地址"
    if found.share > MOST_MATCHES[stratum]:
        return f"学到的同一企业比例 {found.share:.0%} 过高"
    grid = log_odds.reshape(SHAPE)
    for level, limit in _NEAR_NAMES.items():
        if level in stratum and grid[(level, *_BARE.values())] >= limit:
            return f"只是{NAME_LEVELS[level]}就会算作一家"
    weight = {name: np.log(found.m[name]) - np.log(found.u[name]) for name in LEVELS}
    for name, title in _TITLES.items():
        seen, value, top = counts[name] >= SEEN, weight[name], LEVELS[name] - 1
        if seen[0] and value[0] >= 0:
            return f"{title}不同反而算作相同的理由"
        if seen[0] and seen[top] and value[top] <= value[0]:
            return f"{title}相同不如不同"
        if top == 3 and seen[2] and seen[3] and value[3] < value[2]:
            return f"{title}完全相同不如部分相同"
    levels = [level for level in (6, 7, 8) if level in stratum and counts["name"][level] >= SEEN]
    if any(weight["name"][rarer] < weight["name"][common] for common, rarer in pairwise(levels)):
        return "罕见的名称不如常见的名称"
    return None
