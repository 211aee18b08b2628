"""What agreement weighs (权重): log-odds by Fellegi and Sunter, learned from the codes, or kept.

Belongs here: m and u of every level, the share of matches among candidates, the probability of a pattern. Pairs that
both have a credit code are free labels; where there are few, kept weights stand in. Does not belong: comparing (comparison.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from intake.matching.comparison import LEVELS, SHAPE

Floats = npt.NDArray[np.float64]

# What is known before any data is seen; worth PRIOR_PAIRS pairs a side, so that a small ledger is not ruled by chance.
# benchmarks/kept_weights.py learned it and says from what.
KEPT: Final = Path(__file__).parents[1] / "reference" / "kept_weights.json"
PRIOR_PAIRS: Final = 60.0
UNLIKE: Final = (0,)
ROUNDS: Final = 25
ENOUGH_LABELS: Final = 300  # pairs of a side
# Natural log-odds above which two rows are taken for one firm: 1.4 is a chance of 0.8.
THRESHOLD: Final = 1.4
# Unlike names, no alias: a renamed firm looks so, and so do two firms of one agent. 3 is a chance of 0.95.
UNLIKE_THRESHOLD: Final = 3.0


# Learned apart, by level of the name: pairs of unlike names are only met because a phone or a person agrees, so there
# that agreement says little. One set of weights for all cost 0.5 points of precision.
STRATA: Final = (UNLIKE, (1,), (2, 3, 4, 5), (6, 7, 8, 9))


@dataclass(frozen=True)
class Weights:
    """The share of matches in a stratum, and how often each level is met among matches (m) and others (u)."""

    share: float
    m: dict[str, Floats]
    u: dict[str, Floats]
    by_codes: bool = False

    def log_odds(self) -> Floats:
        """Give the log-odds of a match (natural logarithm) for every pattern, shape SHAPE."""
        total: Any = np.log(self.share) - np.log1p(-self.share)
        grid = np.full(SHAPE, total)
        for axis, name in enumerate(LEVELS):
            weight = np.log(self.m[name]) - np.log(self.u[name])
            grid += weight.reshape([-1 if at == axis else 1 for at in range(len(SHAPE))])
        return grid


@cache
def kept() -> dict[tuple[int, ...], Weights]:
    """Return the kept weights by stratum."""
    found = {}
    for one in json.loads(KEPT.read_text(encoding="utf-8")):
        m, u = ({name: np.asarray(shares) for name, shares in one[side].items()} for side in ("m", "u"))
        found[tuple(one["levels"])] = Weights(float(one["share"]), m, u)
    return found


def learned(same: Floats, different: Floats, open_pairs: Floats) -> tuple[Floats, list[Weights]]:
    """Learn from counts of patterns, each of shape (prod(SHAPE),): pairs of equal codes, of unequal codes, the rest.

    Gives the log-odds of every pattern, and the weights of every stratum.
    """
    total = np.zeros(SHAPE)
    found = []
    for stratum in STRATA:
        levels = list(stratum)
        inside = np.zeros(SHAPE, dtype=bool)
        inside[levels] = True
        counts = [np.where(inside.ravel(), count, 0.0) for count in (same, different, open_pairs)]
        prior = kept()[stratum]
        m, u = _shares(counts[0], prior.m), _shares(counts[1], prior.u)
        if stratum == UNLIKE or is_labelled(counts[0], counts[1]):
            share = (counts[0].sum() + PRIOR_PAIRS * prior.share) / (counts[0].sum() + counts[1].sum() + PRIOR_PAIRS)
            weights = Weights(float(share), m, u, by_codes=True)
        else:
            weights = _share_by_em(Weights(prior.share, m, u), *counts)
        total[levels] = weights.log_odds()[levels]
        found.append(weights)
    return total.ravel(), found


def is_labelled(same: Floats, different: Floats) -> bool:
    """Tell whether codes alone teach a stratum."""
    return bool(min(same.sum(), different.sum()) >= ENOUGH_LABELS)


def _share_by_em(found: Weights, same: Floats, different: Floats, open_pairs: Floats) -> Weights:
    """Estimate by EM how many of the pairs are matches, and nothing else: left to itself EM finds two classes in any table."""
    prior, pairs = found.share, same.sum() + different.sum() + open_pairs.sum()
    for _ in range(ROUNDS):
        matches = same.sum() + (open_pairs / (1.0 + np.exp(-found.log_odds().ravel()))).sum()
        found = replace(found, share=float((matches + PRIOR_PAIRS * prior) / (pairs + PRIOR_PAIRS)))
    return found


def _shares(counts: Floats, prior: dict[str, Floats]) -> dict[str, Floats]:
    grid = counts.reshape(SHAPE)
    result = {}
    for axis, name in enumerate(LEVELS):
        others = tuple(at for at in range(len(SHAPE)) if at != axis)
        level = grid.sum(axis=others) + PRIOR_PAIRS * prior[name]
        result[name] = level / level.sum()
    return result
