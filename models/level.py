"""The level of a probability followed as it happens (总体水平): outcomes seen in a window against those expected in it.

Belongs here: the share of landings by age under censoring, the shift of the intercept that makes expected equal seen, how
far few events may move it, and the choice of window and shrinkage by rehearsal. Does not belong here: shapes (additive),
which rows and outcomes count (each task), when the level of the list moves (``models.lifecycle``).

A model learns from cohorts whose horizon is over, so its level is a horizon old. A case that entered a month ago says
something already: of those that will land, a known share lands in the first month. Only the intercept moves, so reasons stay
exact and the order of cases stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Days = npt.NDArray[np.datetime64]

LEVEL = "level"  # name of the term that the shift is in the sum of reasons
# What may be followed: landings seen within a window, of all cases or only of those that entered in it ("entered"). Windows are in
# horizons; the shifts of several are averaged. Spreads say how far a level usually moves, in log odds.
FOLLOWED = (
    ("seen", (0.25,)),
    ("seen", (0.5,)),
    ("seen", (1.0,)),
    ("seen", (2.0,)),
    ("seen", (0.25, 0.5, 1.0)),
    ("entered", (0.5,)),
    ("entered", (1.0,)),
)
SPREADS = (0.5, 1.0)
STILL = ("still", (), 0.0)  # the candidate that never moves
BOUND = 1.5  # no more than this is ever added, in log odds
PRIOR_LANDINGS = 2.0  # landings spread evenly over the horizon, as if seen before any other
STEPS = 12  # rehearsed levels a horizon


@dataclass(frozen=True)
class Cases:
    """Cases of any age: when each entered, when its landing within the horizon was seen (NaT: not yet, or never), its group.

    Cases of one group (months of one lead) land together, so they count as fewer events than there are rows.
    """

    entered: Days
    seen: Days
    group: Ints

    @classmethod
    def of(cls, entered: Any, seen: Any, group: Any = None) -> Cases:
        """Read dates of any kind; without groups every case is one of its own."""
        days = [np.asarray(pd.to_datetime(pd.Series(v)).to_numpy(), dtype="datetime64[D]") for v in (entered, seen)]
        codes = np.arange(len(days[0])) if group is None else pd.factorize(np.asarray(group))[0]
        return cls(days[0], days[1], np.asarray(codes, dtype=np.intp))

    def at(self, rows: Any) -> Cases:
        """The cases of a mask or index."""
        return Cases(self.entered[rows], self.seen[rows], self.group[rows])

    def known_on(self, day: np.datetime64) -> Cases:
        """Cases entered before ``day``, with what had been seen by it."""
        kept = self.at(self.entered < day)
        return Cases(kept.entered, np.where(kept.seen <= day, kept.seen, np.datetime64("NaT")), kept.group)


@dataclass(frozen=True)
class Shares:
    """Share of all landings that are seen by an age in days: a step function from 0 to 1, with a thin even prior."""

    ages: Floats
    values: Floats
    landings: int
    horizon: int

    def __call__(self, age: Floats) -> Floats:
        """Share seen by ``age``; nothing is seen before entering."""
        at = np.searchsorted(self.ages, age, side="right")
        learned = np.concatenate([[0.0], self.values])[at]
        even = np.clip((age + 1.0) / (self.horizon + 1.0), 0.0, 1.0)
        weight = self.landings / (self.landings + PRIOR_LANDINGS)
        return np.asarray(np.where(age < 0, 0.0, weight * learned + (1 - weight) * even))


def shares_by_age(cases: Cases, day: np.datetime64, horizon: int) -> Shares:
    """Learn from landings alone how old cases are when their landing is seen, though the young are not over.

    A landing is only among those seen if its age is at most the time since entry: right truncation. The product-limit
    estimate in reverse time (Lynden-Bell's; epidemiologists use it for delays of reporting) is right whatever the level
    of each cohort; an estimate that counts cases at risk would take a rise of the level for haste.
    """
    age = np.maximum((cases.seen - cases.entered).astype(np.float64), 0.0)
    known = ~np.isnat(cases.seen) & (cases.seen <= day)
    age, limit = age[known], (day - cases.entered[known]).astype(np.float64)
    ages = np.unique(age)
    events = np.searchsorted(np.sort(age), ages, side="right")
    # Landings no older than the age, less those whose case was younger than the age on the day.
    at_risk = events - np.searchsorted(np.sort(limit), ages, side="left")
    died = np.diff(np.concatenate([[0], events]))
    left = np.where(at_risk > died, 1.0 - died / np.maximum(at_risk, 1), 0.0)
    left[:1] = 1.0  # the youngest age ends the product
    values = np.concatenate([np.cumprod(left[::-1])[::-1][1:], [1.0]]) if len(ages) else np.empty(0)
    return Shares(ages, np.maximum.accumulate(values), len(np.unique(cases.group[known])), horizon)


@dataclass(frozen=True)
class Level:
    """A shift of the intercept, how sure it is, and the landings seen and expected without it in the last horizon."""

    shift: float
    error: float
    seen: float
    expected: float
    since: str
    day: str

    def told(self) -> dict[str, Any]:
        """Return the level as JSON-able content."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


def seen_and_expected(
    p: Floats, cases: Cases, since: np.datetime64, day: np.datetime64, shares: Shares
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Per case: whether its landing was seen after ``since`` and by ``day``, and the chance of that."""
    seen = (cases.seen > since) & (cases.seen <= day)
    early, late = ((at - cases.entered).astype(np.float64) for at in (since, day))
    return seen, np.asarray(p * (shares(late) - shares(early)))


def rows_a_landing(cases: Cases) -> float:
    """Cases that one landing brings with it: the sum of squared cases a landed group, over their sum; at least 1."""
    count = np.bincount(cases.group[~np.isnat(cases.seen)])
    total = float(count.sum())
    return max(1.0, float(count @ count) / total) if total else 1.0


@dataclass(frozen=True)
class Shift:
    """What one window says: the shift, its error, and the seen and expected that it makes equal."""

    shift: float
    error: float
    seen: float
    expected: float


def level_shift(
    eta: Floats, cases: Cases, day: np.datetime64, horizon: int, window: float, spread: float, shares: Shares
) -> Shift:
    """Shift that makes the expected equal the seen of one window, pulled to 0.

    The seen vary about the expected as a Poisson count does, fewer by :func:`rows_a_landing`, and as the shares do, which
    are themselves learned from a few landings; the shift is normal about 0 with ``spread``. The most probable shift is
    returned, within :data:`BOUND`: with few events it stays near 0.
    """
    since = day - np.timedelta64(max(1, round(window * horizon)), "D")
    seen, chance = seen_and_expected(np.ones(len(eta)), cases, since, day, shares)
    open_ = chance > 0
    x, share = eta[open_], chance[open_]
    p = _sigmoid(x)
    count, expected = float(seen.sum()), float(share @ p)
    if spread <= 0 or not expected > 1e-9:
        return Shift(0.0, spread, count, expected)
    part = min(expected / float(p.sum()), 1.0)  # share of what is expected in all that falls into the window
    few = rows_a_landing(cases) + max(expected, count) * (1 - part) / (part * (shares.landings + PRIOR_LANDINGS))

    from scipy.optimize import minimize_scalar  # here, since definitions load this module and must load fast

    def loss(shift: float) -> float:
        mean = float(share @ _sigmoid(x + shift))
        return (mean - count * float(np.log(mean))) / few + 0.5 * (shift / spread) ** 2

    found = float(minimize_scalar(loss, bounds=(-BOUND, BOUND), method="bounded", options={"xatol": 1e-5}).x)
    p = _sigmoid(x + found)
    mean, slope = float(share @ p), float(share @ (p * (1 - p)))
    return Shift(found, float((slope**2 / max(mean, 1e-12) / few + spread**-2) ** -0.5), count, expected)


Candidate = tuple[str, tuple[float, ...], float]  # what is followed, windows, spread


def candidates() -> list[Candidate]:
    """Everything that a rehearsal chooses among."""
    return [STILL, *((kind, windows, spread) for kind, windows in FOLLOWED for spread in SPREADS)]


def candidate_shifts(eta: Floats, known: Cases, day: np.datetime64, horizon: int) -> dict[Candidate, list[Shift]]:
    """Shifts of every candidate on a day, one a window; ``known`` and ``eta`` are of the cases entered before it."""
    shares = shares_by_age(known, day, horizon)
    found: dict[tuple[str, float, float], Shift] = {}
    for kind, window in {(kind, w) for kind, windows in FOLLOWED for w in windows}:
        since = day - np.timedelta64(max(1, round(window * horizon)), "D")
        young = known.entered >= since if kind == "entered" else np.ones(len(eta), dtype=bool)
        few, x = known.at(young), eta[young]
        for spread in SPREADS:
            found[kind, window, spread] = level_shift(x, few, day, horizon, window, spread, shares)
    return {(k, ws, s): [found[k, w, s] for w in ws] for k, ws, s in candidates()}


def _mean_shift(shifts: Sequence[Shift]) -> float:
    return float(np.mean([s.shift for s in shifts])) if shifts else 0.0


@dataclass(frozen=True)
class LevelRule:
    """Which candidates are followed, each with its share: what the rehearsals chose."""

    shares: tuple[tuple[Candidate, float], ...]
    rehearsals: int = 0
    cases: int = 0

    def told(self) -> dict[str, Any]:
        """Return the rule as JSON-able content; :meth:`read` reads it back."""
        rows = [{"follows": k, "windows": list(w), "spread": s, "share": round(q, 6)} for (k, w, s), q in self.shares]
        return {"candidates": rows, "rehearsals": self.rehearsals, "cases": self.cases, "bound": BOUND}

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> LevelRule:
        """Read what :meth:`told` gave."""
        rows = content["candidates"]
        shares = tuple(((r["follows"], tuple(r["windows"]), float(r["spread"])), float(r["share"])) for r in rows)
        return cls(shares, int(content["rehearsals"]), int(content["cases"]))

    def level(self, eta: Floats, cases: Cases, day: np.datetime64, horizon: int, kept: Kept | None = None) -> Level:
        """Level on a day: every candidate's shift, averaged by its share; ``eta`` is of all ``cases``."""
        found = (kept or {}).get((day, day))
        if found is None:
            found = candidate_shifts(eta[cases.entered < day], cases.known_on(day), day, horizon)
        if kept is not None:
            kept[day, day] = found
        total = sum(q for _, q in self.shares)
        means = {c: _mean_shift(found[c]) for c, _ in self.shares}
        shift = sum(q * means[c] for c, q in self.shares) / total
        # Within a candidate the windows overlap, so their errors are averaged, not added up; between candidates shifts differ.
        squares = {c: float(np.mean([s.error**2 for s in found[c]])) if found[c] else 0.0 for c, _ in self.shares}
        error = sum(q * (squares[c] + (means[c] - shift) ** 2) for c, q in self.shares) / total
        widest = found["seen", (1.0,), SPREADS[-1]][0]
        since = day - np.timedelta64(horizon, "D")
        return Level(float(shift), float(np.sqrt(error)), widest.seen, widest.expected, str(since), str(day))


USUAL: Candidate = ("seen", (0.25, 0.5, 1.0), 1.0)


def usual_rule() -> LevelRule:
    """What stands where nothing could be rehearsed: better than an even average on the pasts that it was chosen on."""
    return LevelRule(((USUAL, 1.0),))


@dataclass(frozen=True)
class Rehearsal:
    """What a model of an earlier day says of every case: it counts from ``day`` until the next rehearsal."""

    day: np.datetime64
    eta: Floats


def censored_losses(eta: Floats, seen: npt.NDArray[np.bool_], share: Floats) -> Floats:
    """Log loss of "seen by now" of every case, if a share of all landings is seen at its age: young cases count too."""
    p = np.clip(_sigmoid(eta) * share, 1e-12, 1 - 1e-12)
    return np.where(seen, np.logaddexp(0.0, -eta), -np.log1p(-p))


Kept = dict[tuple[np.datetime64, np.datetime64], dict[Candidate, list[Shift]]]


def choose_rule(
    rehearsals: Sequence[Rehearsal], cases: Cases, day: np.datetime64, horizon: int, kept: Kept | None = None
) -> LevelRule:
    """Rehearse every candidate in the past and average them by how likely they made what came.

    From the first rehearsal on, each twelfth of a horizon, the level is taken from what was known then and judged on
    the cases that entered until the next, by what was seen of them until ``day`` (:func:`censored_losses`). No case is
    judged twice. Rows of one landing count once. Shifts of a day do not change later: whoever chooses again and again
    over the same cases may have them ``kept``, by day of rehearsal and day of the level.
    """
    kept = {} if kept is None else kept
    every = candidates()
    losses = dict.fromkeys(every, 0.0)
    judged, count = 0, 0.0
    known = cases.known_on(day)
    few, shares = rows_a_landing(known), shares_by_age(known, day, horizon)
    seen = cases.seen <= day
    share = shares((day - cases.entered).astype(np.float64))
    step = np.timedelta64(max(1, round(horizon / STEPS)), "D")
    ordered = sorted((r for r in rehearsals if r.day < day), key=lambda r: r.day)
    for rehearsal, until in pairwise([*ordered, Rehearsal(day, np.empty(0))]):
        at = rehearsal.day
        while at < until.day:
            end = min(at + step, until.day)
            rows = (cases.entered >= at) & (cases.entered < end) & (share > 0)
            if rows.any():
                key = rehearsal.day, at
                if key not in kept:
                    kept[key] = candidate_shifts(rehearsal.eta[cases.entered < at], cases.known_on(at), at, horizon)
                shifts = kept[key]
                for candidate in every:
                    x = rehearsal.eta[rows] + _mean_shift(shifts[candidate])
                    losses[candidate] += float(censored_losses(x, seen[rows], share[rows]).sum()) / few
                judged, count = judged + 1, count + float(share[rows].sum()) / few
            at = end
    if not judged:
        return usual_rule()
    loss = np.array([losses[c] for c in every])
    likely = np.exp(-(loss - loss.min()))
    likely /= likely.sum()
    followed = tuple((c, float(q)) for c, q in zip(every, likely, strict=True) if q > 1e-4)
    return LevelRule(followed, judged, round(count))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), dtype=np.float64)


JUMP = 1.5  # the change of the level that the watch is keenest for, up or down
YELLOW, RED = 2.0, 6.0  # log likelihood ratios at which the watch warns and at which the level moves at once


def watch(said: Sequence[float], came: Sequence[float]) -> list[tuple[float, str]]:
    """Evidence after each month that the level has jumped by :data:`JUMP`, and its colour; a red one starts anew.

    Page's CUSUM of Poisson counts, one up and one down: evidence that builds up is kept, evidence against it is forgotten
    once it is all used up. Of invented districts with 40 landings a month whose level jumped by half 96% were yellow or red
    within two months (85% with 20 a month); of 20 that stayed as they were 0.4 had one red month in 24.
    """
    up = down = 0.0
    found = []
    for expected, seen in zip(said, came, strict=True):
        up = max(0.0, up + seen * float(np.log(JUMP)) - expected * (JUMP - 1))
        down = max(0.0, down - seen * float(np.log(JUMP)) + expected * (1 - 1 / JUMP))
        evidence = max(up, down)
        colour = "red" if evidence >= RED else "yellow" if evidence >= YELLOW else "green"
        found.append((round(evidence, 6), colour))
        if colour == "red":
            up = down = 0.0
    return found
