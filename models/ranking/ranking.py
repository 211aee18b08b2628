"""Score, order and explain leads; the points of all reasons add up to the score as decimals.

Belongs here: the three parts, the product of two of them, their weights, ranks, bands, exclusions and the allocation of points to reasons.
Does not belong here: where the parts come from (landing, tax, chain), who may see a row (``desk``), the clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.level import LEVEL
from models.ranking.weights import BASE_LABEL, PARTS, RankingWeights

# Terms that are the same for every lead of a night: part of the sum, and no reason to call one lead before another.
SAME_FOR_ALL = ("base", LEVEL)
Floats = npt.NDArray[np.float64]

RANKING_COLUMNS = [
    "lead_id", "project_name", "enterprise_name", "uscc", "unit_name", "stage", "rank", "band", "score",
    "landing_probability", "landing_logit", "tax_wan_cny", "tax_low_wan_cny", "tax_high_wan_cny", "chain_fit",
    "chain_node", "reasons", "excluded_reason", "landing_kind", "tax_kind", "as_of_date",
]  # fmt: skip
FRAME_COLUMNS = [
    "lead_id", "project_name", "enterprise_name", "uscc", "unit_name", "stage", "landing_logit", "landing_base_logit",
    "tax_log", "tax_base_log", "tax_low_wan_cny", "tax_high_wan_cny", "chain_fit", "chain_node", "excluded_reason",
    "as_of_date", "landing_kind", "tax_kind",
]  # fmt: skip
# Read where the frame has it: what the admission screens say (准入筛查). FORBIDDEN is never ranked, whatever else is written.
SCREEN_COLUMN, FORBIDDEN = "screen_result", "禁止"
CONTRIBUTION_COLUMNS = ["lead_id", "part", "term", "label", "value", "contribution"]

UNITS = 10_000  # points and scores have four decimals: counted in whole ten-thousandths, their sums cannot drift
SUM_TOLERANCE = 1e-6
NEAR = 1e-5  # closer than this, the secant of the index loses digits and the slope in the middle is taken instead


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), dtype=np.float64)


def part_index(part: str, natural: Floats, weights: RankingWeights) -> Floats:
    """Index 0–100 of a part from its natural score (log odds, log1p 万元, fit)."""
    if part == "landing":
        return 100.0 * _sigmoid(natural)
    if part == "tax":
        return 100.0 * np.clip(natural / math.log1p(weights.tax_full_marks_wan_cny), 0.0, 1.0)
    return natural


def part_slope(part: str, natural: Floats, weights: RankingWeights) -> Floats:
    """Derivative of :func:`part_index`."""
    if part == "landing":
        p = _sigmoid(natural)
        return 100.0 * p * (1.0 - p)
    if part == "tax":
        full = math.log1p(weights.tax_full_marks_wan_cny)
        return np.where((natural >= 0) & (natural <= full), 100.0 / full, 0.0)
    return np.ones_like(natural)


LEAST_TAX_LOG = 1e-12  # log1p 万元 below which tax counts as that little: a logarithm needs something


def _logs(landing: Floats, tax: Floats) -> tuple[Floats, Floats]:
    """Logarithms of probability and of tax in 万元; their sum is that of expected tax (期望税收)."""
    return -np.logaddexp(0.0, -landing), np.log(np.expm1(np.maximum(tax, LEAST_TAX_LOG)))


def _expected_index(log_expected: Floats, weights: RankingWeights) -> Floats:
    """Square root of expected tax against full marks: a project ten times as good gains three times the points."""
    share = np.minimum((log_expected - math.log(weights.expected_full_marks_wan_cny)) / 2, 0.0)
    return np.asarray(100.0 * np.exp(share), dtype=np.float64)


def expected_moves(
    natural: Mapping[str, Floats], base: Mapping[str, Floats], weights: RankingWeights
) -> tuple[Floats, dict[str, Floats]]:
    """Index 0–100 of expected tax, probability times yearly tax, and its mean slope along each of the two parts.

    The index is a function of a sum, log p + log tax, and each of these a function of its part's score: their mean slopes
    multiply, so the moves of all reasons add up to the move of the index from base to natural score.
    """
    now, start = (_logs(n["landing"], n["tax"]) for n in (natural, base))
    log_now, log_start = now[0] + now[1], start[0] + start[1]
    index = _expected_index(log_now, weights)

    def secant(rise: Floats, run: Floats, nearby: Floats) -> Floats:
        near = np.abs(run) < NEAR
        return np.where(near, nearby, rise / np.where(near, 1.0, run))

    half = NEAR / 2
    middle = (log_now + log_start) / 2
    slope = (_expected_index(middle + half, weights) - _expected_index(middle - half, weights)) / NEAR
    outer = secant(index - _expected_index(log_start, weights), log_now - log_start, slope)
    rates = {}
    for position, part in enumerate(("landing", "tax")):
        centre = (natural[part] + base[part]) / 2
        above, below = (_logs(centre + step, centre + step)[position] for step in (half, -half))
        inner = secant(now[position] - start[position], natural[part] - base[part], (above - below) / NEAR)
        rates[part] = outer * inner
    return index, rates


def score_units(landing: Floats, tax: Floats, fit: Floats, weights: RankingWeights) -> npt.NDArray[np.int64]:
    """Score of leads in whole :data:`UNITS` of a point, from their log odds, log1p 万元 and fit; -1 where one is not known."""
    natural = {"landing": landing, "tax": tax, "fit": fit}
    finite = np.logical_and.reduce([np.isfinite(natural[p]) for p in PARTS])
    natural = {p: np.where(finite, natural[p], 0.0) for p in PARTS}
    weight = {"landing": weights.landing, "tax": weights.tax, "fit": weights.fit}
    total = sum((weight[p] * part_index(p, natural[p], weights) for p in PARTS), start=np.zeros(len(landing)))
    if weights.expected:
        log_landing, log_tax = _logs(natural["landing"], natural["tax"])
        total = total + weights.expected * _expected_index(log_landing + log_tax, weights)
    return np.where(finite, np.round(total * UNITS), -1).astype(np.int64)


def tax_wan_cny(tax: Floats) -> Floats:
    """Yearly tax in 万元 from its natural score."""
    return np.asarray(np.expm1(np.maximum(tax, 0.0)), dtype=np.float64)


def rank_leads(frame: pd.DataFrame, contributions: pd.DataFrame, weights: RankingWeights) -> pd.DataFrame:
    """Rank leads and explain every score.

    The score is a weighted sum of indices 0–100: the three parts, and expected tax (probability times tax) if the office
    gives it a weight; what that brings is told with the reasons of landing and tax that it comes from. A part moves from the index of its base (its intercept; 0 for
    fit) to its index along the straight path on which all contributions grow together; each contribution gets its
    share of that move (Aumann-Shapley for a function of a sum: contribution times the mean slope of the path). Reasons
    of one part thus keep their natural proportions, and nothing is left unexplained.

    Parameters
    ----------
    frame : DataFrame
        One row per lead with :data:`FRAME_COLUMNS`, and :data:`SCREEN_COLUMN` where screens were run.
    contributions : DataFrame
        Long, with :data:`CONTRIBUTION_COLUMNS`; of a part, contributions + base equal its natural score.
    weights : RankingWeights
        What the office set.

    Returns
    -------
    DataFrame
        :data:`RANKING_COLUMNS`, best first, excluded leads last with a null ``rank`` and ``band``. Each list in
        ``reasons`` holds every non-zero contribution by falling absolute points, then one base row a part. Points of
        a list sum to ``score`` as decimals of four places; contributions of a part with its base sum to its natural
        score.
    """
    _require(frame, FRAME_COLUMNS, "frame")
    _require(contributions, CONTRIBUTION_COLUMNS, "contributions")
    if frame["lead_id"].duplicated().any():
        raise ValueError("frame holds a lead_id more than once")
    frame = frame.sort_values("lead_id", kind="stable").reset_index(drop=True)
    weight = {"landing": weights.landing, "tax": weights.tax, "fit": weights.fit}

    excluded = _exclusions(frame, weights)
    zero = np.zeros(len(frame))
    natural = {
        p: _floats(frame[c]) for p, c in (("landing", "landing_logit"), ("tax", "tax_log"), ("fit", "chain_fit"))
    }
    base = {"landing": _floats(frame["landing_base_logit"]), "tax": _floats(frame["tax_base_log"]), "fit": zero}
    finite = np.logical_and.reduce([np.isfinite(natural[p]) & np.isfinite(base[p]) for p in PARTS])
    blank = frame.loc[~finite & excluded.isna().to_numpy(), "lead_id"].tolist()
    if blank:
        raise ValueError(f"leads without a landing, tax or fit score are neither ranked nor excluded: {blank[:5]}")
    outside = frame.loc[finite & ((natural["fit"] < 0) | (natural["fit"] > 100)), "lead_id"].tolist()
    if outside:
        raise ValueError(f"chain_fit lies outside 0 to 100: {outside[:5]}")

    index = {p: part_index(p, natural[p], weights) for p in PARTS}
    expected, expected_rate = expected_moves(natural, base, weights)
    units = np.where(finite, score_units(natural["landing"], natural["tax"], natural["fit"], weights), -1)
    rate = {p: weight[p] * _mean_slope(p, natural[p], base[p], index[p], weights) for p in PARTS}
    worth = {p: weight[p] * index[p] for p in PARTS}
    if weights.expected:
        # What landing moves of it goes to landing; the rest, its base among it, to tax.
        moved = weights.expected * expected_rate["landing"] * (natural["landing"] - base["landing"])
        worth["landing"] = worth["landing"] + moved
        worth["tax"] = worth["tax"] + weights.expected * expected - moved
        rate |= {p: rate[p] + weights.expected * expected_rate[p] for p in expected_rate}
    reasons = _reasons(frame, contributions, natural, base, rate, worth, units, finite)

    tax = tax_wan_cny(natural["tax"])
    out = frame.assign(
        score=np.where(finite, units / UNITS, np.nan),
        landing_probability=_sigmoid(natural["landing"]),
        tax_wan_cny=tax,
        reasons=pd.Series(reasons, index=frame.index, dtype=object),
        excluded_reason=excluded,
    )
    # Ties on four decimals are ties to a reader: then the larger tax goes first, then the id, not the order of arrival.
    order = np.lexsort((np.arange(len(out)), -np.nan_to_num(tax, nan=-1.0), -units, excluded.notna().to_numpy()))
    out = out.iloc[order].reset_index(drop=True)
    ranked = out["excluded_reason"].isna()
    out["rank"] = pd.Series(np.where(ranked, np.arange(1, len(out) + 1), 0), dtype="Int64").where(ranked)
    bands = [weights.band(s) if r else None for s, r in zip(out["score"], ranked, strict=True)]
    out["band"] = pd.Series(bands, index=out.index, dtype="str")
    return out[RANKING_COLUMNS]


def top_reasons(reasons: Sequence[Mapping[str, Any]], weights: RankingWeights) -> list[dict[str, Any]]:
    """The ``reasons_per_part`` largest reasons of each part, for a page that can't show all; without :data:`SAME_FOR_ALL`."""
    shown: list[dict[str, Any]] = []
    for part in PARTS:
        of_part = [dict(r) for r in reasons if r["part"] == part and r["term"] not in SAME_FOR_ALL]
        shown += of_part[: weights.reasons_per_part]
    return shown


def _exclusions(frame: pd.DataFrame, weights: RankingWeights) -> pd.Series[Any]:
    stated = frame["excluded_reason"].astype("str")
    stated = stated.where(stated.notna() & (stated.str.strip() != ""))
    if SCREEN_COLUMN in frame:
        forbidden = frame[SCREEN_COLUMN].eq(FORBIDDEN).fillna(False).astype(bool) & stated.isna()
        stated = stated.mask(forbidden, "准入筛查为禁止")
    by_stage = frame["stage"].map(dict(weights.excluding_stages)).astype("str")
    return stated.where(stated.notna(), by_stage)


def _reasons(
    frame: pd.DataFrame,
    contributions: pd.DataFrame,
    natural: dict[str, Floats],
    base: dict[str, Floats],
    rate: dict[str, Floats],
    worth: dict[str, Floats],
    units: npt.NDArray[np.int64],
    finite: npt.NDArray[np.bool_],
) -> list[list[dict[str, Any]]]:
    """Reasons of each row of ``frame``: ``rate`` points a unit of contribution, ``worth`` points of a part in all."""
    position = pd.Series(np.arange(len(frame)), index=frame["lead_id"])
    rows = contributions[contributions["lead_id"].isin(position.index)]
    unknown = set(rows["part"]) - set(PARTS)
    if unknown:
        raise ValueError(f"contributions name unknown parts: {sorted(unknown)}")
    if (rows["term"] == "base").any():
        raise ValueError("contributions must not hold a term 'base': it is the intercept's")
    if rows.duplicated(["lead_id", "part", "term"]).any():
        raise ValueError("contributions hold a lead, part and term more than once")
    lead = position.loc[rows["lead_id"]].to_numpy()
    amount = _floats(rows["contribution"])
    part_of = rows["part"].to_numpy()
    rate = {p: np.where(finite, rate[p], 0.0) for p in PARTS}
    points = np.zeros(len(rows), dtype=np.int64)
    left = {p: np.round(np.where(finite, worth[p], 0.0) * UNITS).astype(np.int64) for p in PARTS}
    left["landing"] = left["landing"] + np.where(finite, units - left["landing"] - left["tax"] - left["fit"], 0)
    rest: dict[str, Floats] = {}
    for part in PARTS:
        mine = part_of == part
        at = lead[mine]
        points[mine] = np.round(rate[part][at] * np.nan_to_num(amount[mine]) * UNITS).astype(np.int64)
        np.subtract.at(left[part], at, points[mine])
        rest[part] = natural[part] - np.bincount(at, weights=amount[mine], minlength=len(frame))
        off = finite & ~(np.abs(rest[part] - base[part]) <= SUM_TOLERANCE)
        if off.any():
            worst = frame.loc[off, "lead_id"].tolist()[:5]
            raise ValueError(f"contributions of part {part!r} plus base do not sum to its score, leads {worst}")

    lists: list[list[dict[str, Any]]] = [[] for _ in range(len(frame))]
    fields = [rows[c].tolist() for c in ("part", "term", "label", "value")]
    for at_, part, term, label, value, size, gained in zip(
        lead.tolist(), *fields, amount.tolist(), points.tolist(), strict=True
    ):
        if finite[at_] and size != 0:
            text = None if pd.isna(value) else str(value)
            reason = {"part": part, "term": term, "label": label, "value": text, "contribution": size}
            lists[at_].append({**reason, "points": gained / UNITS})
    for at_, found in enumerate(lists):
        found.sort(key=lambda r: (-abs(r["points"]), PARTS.index(r["part"]), r["term"]))
        for part in PARTS if finite[at_] else ():
            # The base is what is left of the natural score: a part sums exactly even if its parts are not dyadic.
            terms = [r["contribution"] for r in found if r["part"] == part]
            start = _remainder(float(natural[part][at_]), terms, float(base[part][at_]))
            head = {"part": part, "term": "base", "label": BASE_LABEL, "value": None, "contribution": start}
            found.append({**head, "points": int(left[part][at_]) / UNITS})
    return lists


def _remainder(natural: float, terms: list[float], base: float) -> float:
    """The base itself when the sum is exact with it (dyadic tables), else the float that makes it exact."""
    return base if math.fsum([*terms, base]) == natural else natural - math.fsum(terms)


def _mean_slope(part: str, natural: Floats, base: Floats, index: Floats, weights: RankingWeights) -> Floats:
    """Mean slope of a part's index between base and natural score; the slope itself where they meet."""
    gap = natural - base
    near = np.abs(gap) < NEAR
    secant = (index - part_index(part, base, weights)) / np.where(near, 1.0, gap)
    return np.where(near, part_slope(part, (natural + base) / 2, weights), secant)


def _floats(column: pd.Series[Any]) -> Floats:
    return np.asarray(pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _require(frame: pd.DataFrame, columns: list[str], what: str) -> None:
    absent = [c for c in columns if c not in frame.columns]
    if absent:
        raise ValueError(f"{what} lacks columns {absent}")
