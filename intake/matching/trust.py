"""What weights may join (权重核查): learned ones where codes vouch for them, kept ones only with evidence beside the name.

Belongs here: when a stratum's weights are used, and the words where they are not. Does not belong: learning them
(weights.py), what is left without them: exact keys (run.py).

Without codes EM finds two classes of pairs in any register, also where all firms differ: on 66,963 real firms by name and
city it joined 10,201, one cluster of 1,028.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from intake.matching.comparison import LEVELS, SHAPE
from intake.matching.weights import STRATA, THRESHOLD, UNLIKE, UNLIKE_THRESHOLD, Floats, Weights

Bools = npt.NDArray[np.bool_]

ENOUGH_STRANGERS: Final = 50  # pairs known to be two firms, to see how many of them would be joined
# Of the pairs joined, if all open pairs were strangers: degenerate weights reach 0 to 0.3, good ones 0.6 and more, for
# grouping parts what contradicts.
LEAST_PRECISION: Final = 0.5
# Log-odds that weights no code vouches for must reach: 3.5 is a chance of 0.97.
UNVOUCHED_THRESHOLD: Final = 3.5
UNVOUCHED_UNLIKE_THRESHOLD: Final = 5.0
BRAND: Final = (1,)  # two firms of one brand share persons, phones and doors
EVIDENCE: Final = {"person": 2, "phone": 2, "address": 3}  # from which level on: a road alone is none
_STRATUM: Final = {(0,): "名称不同", (1,): "字号相同", (2, 3, 4, 5): "简写或一字之差", (6, 7, 8, 9): "核心名称相同"}


@dataclass(frozen=True)
class Trust:
    """`vouched` tells of every pattern whether codes vouch for its weight, `allowed` whether a kept weight may join it.

    A pattern that is neither joins nothing. `objections` says why, in Chinese.
    """

    vouched: Bools
    allowed: Bools
    objections: tuple[str, ...]


def judged(log_odds: Floats, weights: list[Weights], same: Floats, different: Floats, open_pairs: Floats) -> Trust:
    """Judge the weights of every stratum by counts of patterns (as weights.learned takes them)."""
    vouched, allowed = np.zeros(len(log_odds), dtype=bool), np.zeros(len(log_odds), dtype=bool)
    said: dict[tuple[int, ...], str] = {}
    sure = sure_enough(log_odds) & has_evidence()
    for stratum, found in zip(STRATA, weights, strict=True):
        inside = _inside(stratum)
        strangers, asked = np.where(inside, different, 0.0), np.where(inside, open_pairs, 0.0)
        if found.by_codes and stratum != UNLIKE:
            vouched |= inside
        elif strangers.sum() < ENOUGH_STRANGERS:
            allowed |= inside
        elif (
            min(_right_share(likely(log_odds), strangers, asked), same[inside].sum() / ENOUGH_STRANGERS)
            >= LEAST_PRECISION
        ):
            vouched |= inside
        elif (share := _right_share(sure, strangers, asked)) >= LEAST_PRECISION:
            allowed |= inside
        else:
            said[stratum] = f"已知不是一家的行会被并在一起（估计准确率 {max(share, 0.0):.0%}）"
    allowed &= has_evidence() & ~_inside(BRAND)
    return Trust(vouched, allowed, tuple(f"“{_STRATUM[stratum]}”：{problem}" for stratum, problem in said.items()))


def likely(log_odds: Floats) -> Bools:
    """Tell of every pattern whether it joins where codes vouch for its weight."""
    limit = np.where(_inside(UNLIKE) | _inside(BRAND), UNLIKE_THRESHOLD, THRESHOLD)
    return np.asarray(log_odds >= limit)


def sure_enough(log_odds: Floats) -> Bools:
    """Tell of every pattern whether it joins though no code vouches for its weight."""
    limit = np.where(_inside(UNLIKE), UNVOUCHED_UNLIKE_THRESHOLD, UNVOUCHED_THRESHOLD)
    return np.asarray(log_odds >= limit)


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
    if not asked[joined].sum():
        return 1.0
    wrong = (strangers[joined].sum() + 0.5) / (strangers.sum() + 1.0)
    return float(1.0 - wrong * asked.sum() / asked[joined].sum())
