"""What agreement weighs (权重): log-odds by Fellegi and Sunter, learned from the codes and by EM.

Belongs here: m and u of every level, the share of matches among candidates, the probability of a pattern. Pairs that
both have a credit code are free labels; the rest is learned by EM. Does not belong: comparing (comparison.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from intake.matching.comparison import LEVELS, SHAPE

Floats = npt.NDArray[np.float64]

# What is believed before any data is seen; worth PRIOR_PAIRS pairs a side, so that a small ledger is not ruled by chance.
PRIOR_PAIRS: Final = 60.0
PRIOR_SHARE: Final = 0.08
PRIOR_M: Final[dict[str, tuple[float, ...]]] = {
    "name": (0.02, 0.01, 0.02, 0.08, 0.03, 0.04, 0.10, 0.25, 0.42, 0.03),
    "place": (0.02, 0.45, 0.53),
    "city": (0.04, 0.16, 0.80),
    "person": (0.10, 0.25, 0.15, 0.50),
    "phone": (0.25, 0.35, 0.05, 0.35),
    "address": (0.15, 0.35, 0.10, 0.40),
    "form": (0.12, 0.88),
}
PRIOR_U: Final[dict[str, tuple[float, ...]]] = {
    "name": (0.36, 0.31, 0.05, 0.03, 0.10, 0.02, 0.09, 0.03, 0.0095, 0.0005),
    "place": (0.45, 0.40, 0.15),
    "city": (0.45, 0.15, 0.40),
    "person": (0.62, 0.25, 0.11, 0.02),
    "phone": (0.53, 0.35, 0.10, 0.02),
    "address": (0.52, 0.35, 0.10, 0.03),
    "form": (0.25, 0.75),
}
# Unlike names: a person, a phone or an address agrees, or the pair would not have been looked at.
PRIOR_UNLIKE_U: Final[dict[str, tuple[float, ...]]] = {
    "person": (0.30, 0.20, 0.35, 0.15),
    "phone": (0.35, 0.30, 0.25, 0.10),
    "address": (0.30, 0.25, 0.10, 0.35),
}
PRIOR_UNLIKE_SHARE: Final = 0.03
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


def believed(stratum: tuple[int, ...]) -> Weights:
    """Give what is believed of pairs whose names stand at the levels of a stratum."""
    m = {name: np.asarray(value) for name, value in PRIOR_M.items()}
    u = {name: np.asarray(value) for name, value in PRIOR_U.items()}
    inside = np.isin(np.arange(LEVELS["name"]), stratum)
    matches, others = PRIOR_SHARE * m["name"][inside].sum(), (1 - PRIOR_SHARE) * u["name"][inside].sum()
    for side in (m, u):
        side["name"] = np.where(inside, side["name"], _NEVER)
        side["name"] = side["name"] / side["name"].sum()
    if stratum == UNLIKE:
        return Weights(PRIOR_UNLIKE_SHARE, m, u | {name: np.asarray(value) for name, value in PRIOR_UNLIKE_U.items()})
    return Weights(float(matches / (matches + others)), m, u)


_NEVER: Final = 1e-9


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
        prior = believed(stratum)
        # Codes alone teach where there are enough, and always of unlike names: there EM finds other classes than match
        # and no match (agents, namesakes, office towers).
        if stratum == UNLIKE or is_labelled(counts[0], counts[1]):
            weights = _by_codes(prior, counts[0], counts[1])
        else:
            weights = _by_em(prior, *counts)
        total[levels] = weights.log_odds()[levels]
        found.append(weights)
    return total.ravel(), found


def is_labelled(same: Floats, different: Floats) -> bool:
    """Tell whether codes alone teach a stratum."""
    return bool(min(same.sum(), different.sum()) >= ENOUGH_LABELS)


def _by_codes(prior: Weights, same: Floats, different: Floats) -> Weights:
    share = (same.sum() + PRIOR_PAIRS * prior.share) / (same.sum() + different.sum() + PRIOR_PAIRS)
    return Weights(float(share), _shares(same, prior.m), _shares(different, prior.u), by_codes=True)


def _by_em(prior: Weights, same: Floats, different: Floats, open_pairs: Floats) -> Weights:
    found = prior
    for _ in range(ROUNDS):
        matches = open_pairs / (1.0 + np.exp(-found.log_odds().ravel()))
        share = (matches.sum() + PRIOR_PAIRS * prior.share) / (open_pairs.sum() + PRIOR_PAIRS)
        found = Weights(
            float(share), _shares(same + matches, prior.m), _shares(different + open_pairs - matches, prior.u)
        )
    return found


def _shares(counts: Floats, prior: dict[str, Floats]) -> dict[str, Floats]:
    grid = counts.reshape(SHAPE)
    result = {}
    for axis, name in enumerate(LEVELS):
        others = tuple(at for at in range(len(SHAPE)) if at != axis)
        level = grid.sum(axis=others) + PRIOR_PAIRS * prior[name]
        result[name] = level / level.sum()
    return result
