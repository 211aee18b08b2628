"""Ranking: points add up as decimals, order does not depend on arrival, exclusions stay visible."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.additive import dyadic
from models.ranking import (
    FORBIDDEN,
    RANKING_COLUMNS,
    RankingWeights,
    WeightsError,
    compare_weights,
    exploration_picks,
    rank_leads,
    top_reasons,
)

WEIGHTS = dataclasses.replace(RankingWeights.load(), landing=0.5, tax=0.25, expected=0.0, fit=0.25)
NATURAL = {"landing": "landing_logit", "tax": "tax_log", "fit": "chain_fit"}


def content(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "weights": {"landing": 0.5, "tax": 0.25, "fit": 0.25},
        "tax_full_marks_wan_cny": 3000,
        "bands": {"A": [60, 100], "B": [30, 60], "D": [0, 30]},
    }
    return {**base, **changes}


def district(n: int, seed: int, spread: float = 1.0, zero_terms: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    leads = [f"L{i:04d}" for i in range(n)]
    parts = {"landing": (-1.5, 0.6, 5), "tax": (5.0, 0.5, 4), "fit": (0.0, 0.0, 3)}
    long, natural = [], {}
    for part, (intercept, scale, count) in parts.items():
        if part == "fit":
            amounts = rng.integers(0, 33, size=(n, count)).astype(float)
        else:
            amounts = dyadic(rng.normal(size=(n, count)) * scale * spread)
        if zero_terms:
            amounts[:] = 0.0
        natural[part] = intercept + amounts.sum(axis=1)
        for j in range(count):
            long.append(
                pd.DataFrame(
                    {
                        "lead_id": leads,
                        "part": part,
                        "term": f"t{j}",
                        "label": f"特征{j}",
                        "value": "3次",
                        "contribution": amounts[:, j],
                    }
                )
            )
    frame = pd.DataFrame(
        {
            "lead_id": leads,
            "project_name": [f"项目{i}" for i in range(n)],
            "enterprise_name": "某企业",
            "uscc": None,
            "unit_name": "甲镇",
            "stage": "在谈",
            "landing_logit": natural["landing"],
            "landing_base_logit": -1.5,
            "tax_log": natural["tax"],
            "tax_base_log": 5.0,
            "tax_low_wan_cny": 1.0,
            "tax_high_wan_cny": 2.0,
            "chain_fit": natural["fit"],
            "chain_node": None,
            "excluded_reason": None,
            "as_of_date": pd.Timestamp("2026-06-30"),
            "landing_kind": "model",
            "tax_kind": "rule",
        }
    )
    return frame, pd.concat(long, ignore_index=True)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    results=st.lists(st.sampled_from(["通过", "疑似", "禁止", "无法判断", None]), min_size=9, max_size=9),
    stated=st.lists(st.sampled_from([None, "", "别的原因"]), min_size=9, max_size=9),
    share=st.floats(0, 1),
)
def test_what_the_screens_forbid_is_recommended_on_no_path(
    seed: int, results: list[str | None], stated: list[str | None], share: float
) -> None:
    weights = RankingWeights.from_mapping(content(exploration_share=share))
    frame, contributions = district(9, seed)
    frame = frame.assign(screen_result=results, excluded_reason=stated)
    forbidden = set(frame.loc[frame["screen_result"] == FORBIDDEN, "lead_id"])
    ranking = rank_leads(frame, contributions, weights)
    assert set(ranking["lead_id"]) == set(frame["lead_id"]), "excluded, never gone"
    out = ranking[ranking["lead_id"].isin(forbidden)]
    assert out["rank"].isna().all() and out["band"].isna().all() and (out["excluded_reason"].str.len() > 0).all()
    assert not forbidden & set(exploration_picks(ranking, weights))
    moved = compare_weights(frame, contributions, weights, RankingWeights.load())
    assert moved.loc[moved["lead_id"].isin(forbidden), ["old_rank", "new_rank"]].isna().all(axis=None)
    others = ranking[~ranking["lead_id"].isin(forbidden)]
    free = frame.loc[~frame["lead_id"].isin(forbidden) & (frame["excluded_reason"].fillna("") == ""), "lead_id"]
    assert set(others.loc[others["rank"].notna(), "lead_id"]) == set(free)


def decimal_sum(reasons: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(repr(r["points"])) for r in reasons), Decimal(0))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    spread=st.sampled_from([0.0, 1e-7, 0.1, 1.0, 8.0]),
    landing=st.integers(0, 100),
    has_expected=st.booleans(),
)
def test_points_sum_to_score_and_contributions_to_each_part(
    seed: int, spread: float, landing: int, has_expected: bool
) -> None:
    share = landing / 100
    quarter = round((1 - share) / 4, 6)
    parts = {"landing": share, "tax": quarter, "fit": 1 - share - quarter}
    if has_expected:
        parts |= {"expected": parts["fit"], "fit": 0}
    weights = RankingWeights.from_mapping(content(weights=parts))
    frame, contributions = district(7, seed, spread)
    ranking = rank_leads(frame, contributions, weights)
    assert list(ranking.columns) == RANKING_COLUMNS
    naturals = frame.set_index("lead_id")
    for row in ranking.to_dict("records"):
        assert decimal_sum(row["reasons"]) == Decimal(repr(row["score"]))
        for part, column in NATURAL.items():
            assert (
                math.fsum(r["contribution"] for r in row["reasons"] if r["part"] == part)
                == naturals.loc[row["lead_id"], column]
            )
        assert all(Decimal(repr(r["points"])).as_tuple().exponent >= -4 for r in row["reasons"])
        assert [r["term"] for r in row["reasons"]][-3:] == ["base"] * 3


def test_score_and_points_match_an_independent_computation() -> None:
    frame, contributions = district(25, 3)
    ranking = rank_leads(frame, contributions, WEIGHTS).set_index("lead_id")
    for row in frame.to_dict("records"):
        p = 1 / (1 + math.exp(-row["landing_logit"]))
        tax = max(0.0, math.expm1(row["tax_log"]))
        tax_index = 100 * min(1.0, math.log1p(tax) / math.log1p(3000))
        expected = 0.5 * 100 * p + 0.25 * tax_index + 0.25 * row["chain_fit"]
        got = ranking.loc[row["lead_id"]]
        assert got["score"] == round(expected, 4) or abs(got["score"] - expected) < 5.1e-5
        assert got["landing_probability"] == pytest.approx(p, abs=1e-12)
        assert got["tax_wan_cny"] == pytest.approx(tax)
        # Aumann-Shapley by brute force: integrate the slope along the straight path.
        steps = (np.arange(20000) + 0.5) / 20000
        path = row["landing_base_logit"] + steps * (row["landing_logit"] - row["landing_base_logit"])
        slope = float(np.mean(100 * np.exp(-path) / (1 + np.exp(-path)) ** 2))
        for reason in got["reasons"]:
            if reason["part"] == "landing" and reason["term"] != "base":
                assert reason["points"] == pytest.approx(0.5 * slope * reason["contribution"], abs=1e-4)


def test_reasons_are_ordered_and_zero_contributions_dropped() -> None:
    frame, contributions = district(10, 5)
    contributions.loc[contributions["term"] == "t0", "contribution"] = 0.0
    for part, column in NATURAL.items():
        moved = contributions[contributions["part"] == part].groupby("lead_id")["contribution"].sum()
        base = {"landing": -1.5, "tax": 5.0, "fit": 0.0}[part]
        frame[column] = frame["lead_id"].map(moved) + base
    for reasons in rank_leads(frame, contributions, WEIGHTS)["reasons"]:
        body = reasons[:-3]
        assert [abs(r["points"]) for r in body] == sorted((abs(r["points"]) for r in body), reverse=True)
        assert all(r["term"] != "t0" for r in body)
        shown = top_reasons(reasons, WEIGHTS)
        assert len(shown) <= 9 and all(r["term"] != "base" for r in shown)


def test_row_order_does_not_change_the_ranking() -> None:
    frame, contributions = district(40, 8)
    frame.loc[:9, ["landing_logit", "tax_log", "chain_fit"]] = frame.loc[
        0, ["landing_logit", "tax_log", "chain_fit"]
    ].to_list()
    first = contributions[contributions["lead_id"] == "L0000"].set_index(["part", "term"])["contribution"]
    for i in range(1, 10):
        mine = contributions["lead_id"] == f"L{i:04d}"
        keys = pd.MultiIndex.from_frame(contributions.loc[mine, ["part", "term"]])
        contributions.loc[mine, "contribution"] = first.loc[keys].to_numpy()
    straight = rank_leads(frame, contributions, WEIGHTS)
    shuffled = rank_leads(frame.sample(frac=1, random_state=1), contributions.sample(frac=1, random_state=2), WEIGHTS)
    pd.testing.assert_frame_equal(straight, shuffled)
    tied = straight[straight["lead_id"].isin([f"L{i:04d}" for i in range(10)])]
    assert tied["lead_id"].is_monotonic_increasing and tied["score"].nunique() == 1
    assert straight["rank"].tolist() == list(range(1, 41))
    assert straight["score"].is_monotonic_decreasing


def test_exclusions_keep_the_row_without_a_rank() -> None:
    frame, contributions = district(6, 2)
    frame["excluded_reason"] = [None, "淘汰类产业", None, "", np.nan, None]
    frame.loc[2, "stage"] = "开工"
    frame.loc[1, "chain_fit"] = np.nan
    ranking = rank_leads(frame, contributions, WEIGHTS)
    assert len(ranking) == 6 and ranking["rank"].dtype == "Int64"
    last = ranking.tail(2).set_index("lead_id")
    assert last["rank"].isna().all() and last["band"].isna().all()
    assert last["excluded_reason"].to_dict() == {"L0001": "淘汰类产业", "L0002": WEIGHTS.excluding_stages["开工"]}
    assert last.loc["L0001", "reasons"] == [] and math.isnan(last.loc["L0001", "score"])
    assert ranking["rank"].dropna().tolist() == [1, 2, 3, 4]
    frame["excluded_reason"] = None
    with pytest.raises(ValueError, match="L0001"):
        rank_leads(frame, contributions, WEIGHTS)


def test_contributions_that_do_not_add_up_are_refused() -> None:
    frame, contributions = district(4, 1)
    contributions.loc[0, "contribution"] += 0.01
    with pytest.raises(ValueError, match="L0000"):
        rank_leads(frame, contributions, WEIGHTS)


def test_terms_that_cancel_still_get_opposite_points() -> None:
    frame, contributions = district(1, 1, zero_terms=True)
    landing = contributions["part"] == "landing"
    contributions.loc[landing & (contributions["term"] == "t0"), "contribution"] = 1.0
    contributions.loc[landing & (contributions["term"] == "t1"), "contribution"] = -1.0
    reasons = rank_leads(frame, contributions, WEIGHTS).loc[0, "reasons"]
    p = 1 / (1 + math.exp(1.5))
    points = {r["term"]: r["points"] for r in reasons if r["part"] == "landing"}
    assert points["t0"] == -points["t1"] == pytest.approx(50 * p * (1 - p), abs=1e-4)


def test_empty_frame_gives_an_empty_ranking() -> None:
    frame, contributions = district(3, 1)
    assert list(rank_leads(frame.head(0), contributions.head(0), WEIGHTS).columns) == RANKING_COLUMNS


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"weights": {"landing": 0.5, "tax": 0.3, "fit": 0.25}}, "weights"),
        ({"weights": {"landing": 0.5, "tax": 0.5}}, "weights.fit"),
        ({"weights": {"landing": 1.5, "tax": -0.25, "fit": -0.25}}, "weights.landing"),
        ({"weights": {"landing": "高", "tax": 0.25, "fit": 0.25}}, "weights.landing"),
        ({"weights": {"landing": 0.5, "tax": 0.25, "fit": 0.25, "luck": 0}}, "weights.luck"),
        ({"tax_full_marks_wan_cny": 0}, "tax_full_marks_wan_cny"),
        ({"bands": {"A": [60, 100], "B": [30, 50], "D": [0, 30]}}, "bands.A"),
        ({"bands": {"A": [60, 90], "D": [0, 60]}}, "bands"),
        ({"exploration_share": 2}, "exploration_share"),
        ({"reasons_per_part": 0}, "reasons_per_part"),
        ({"excluding_stages": {"开工": None}}, "excluding_stages.开工"),
        ({"weihgts": {}}, "weihgts"),
    ],
)
def test_a_wrong_weights_file_names_the_key(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(WeightsError, match=named.replace(".", r"\.")) as caught:
        RankingWeights.from_mapping(content(**changes))
    assert any("\u4e00" <= character <= "\u9fff" for character in str(caught.value))


def test_version_follows_content_not_layout(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(
        "tax_full_marks_wan_cny: 3000\nbands: {A: [50, 100], D: [0, 50]}\nweights: {landing: 1, tax: 0, fit: 0}\n"
    )
    two.write_text(
        "# 注\nweights: {fit: 0.0, tax: 0, landing: 1.0}\n"
        "bands: {D: [0, 50], A: [50, 100]}\ntax_full_marks_wan_cny: 3000.0\n"
    )
    assert RankingWeights.load(one) == RankingWeights.load(two)
    assert RankingWeights.load(one).version == RankingWeights.load(two).version != WEIGHTS.version


def test_compare_weights_reports_moves() -> None:
    frame, contributions = district(12, 4)
    new = RankingWeights.from_mapping(content(weights={"landing": 0, "tax": 0, "fit": 1}))
    moves = compare_weights(frame, contributions, WEIGHTS, new)
    assert (moves["rank_gain"] == moves["old_rank"] - moves["new_rank"]).all() and moves["rank_gain"].sum() == 0
    assert moves["new_score"].to_list() == sorted(frame["chain_fit"], reverse=True)
    assert (compare_weights(frame, contributions, WEIGHTS, WEIGHTS)["rank_gain"] == 0).all()


def test_exploration_is_reproducible_and_leaves_the_top_alone() -> None:
    frame, contributions = district(40, 4)
    ranking = rank_leads(frame, contributions, WEIGHTS)
    assert exploration_picks(ranking, RankingWeights.from_mapping(content())) == []
    some = RankingWeights.from_mapping(content(exploration_share=0.1))
    picks = exploration_picks(ranking, some)
    assert len(picks) == 4 and picks == exploration_picks(ranking, some)
    assert not set(picks) & set(ranking["lead_id"].head(20))


def test_ranking_does_not_load_sklearn() -> None:
    code = (
        "import sys, models.ranking, models.landing, models.tax, models.validation, models.additive, models.registry;"
    )
    code += "sys.exit('sklearn' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False).returncode == 0


def test_expected_tax_is_probability_times_tax_and_its_points_lie_with_both() -> None:
    parts = {"landing": 0.1, "tax": 0.1, "expected": 0.6, "fit": 0.2}
    weights = RankingWeights.from_mapping(content(weights=parts, expected_full_marks_wan_cny=500))
    frame, contributions = district(25, 3, spread=2.0)
    ranking = rank_leads(frame, contributions, weights).set_index("lead_id")

    def expected_index(landing: Any, tax: Any) -> Any:
        p, money = 1 / (1 + np.exp(-landing)), np.maximum(np.expm1(tax), 0)
        return 100 * np.minimum(1.0, np.sqrt(p * money / 500))

    for row in frame.to_dict("records"):
        got = ranking.loc[row["lead_id"]]
        p, tax = got["landing_probability"], got["tax_wan_cny"]
        alone = 10 * p + 10 * min(1.0, math.log1p(tax) / math.log1p(3000)) + 0.2 * row["chain_fit"]
        assert got["score"] == pytest.approx(
            alone + 0.6 * expected_index(row["landing_logit"], row["tax_log"]), abs=6e-5
        )
        # Reasons of one part keep their proportions: points over contribution is one number a part.
        for part in ("landing", "tax"):
            ratios = [
                r["points"] / r["contribution"] for r in got["reasons"] if r["part"] == part and r["term"] != "base"
            ]
            sizes = [abs(r["contribution"]) for r in got["reasons"] if r["part"] == part and r["term"] != "base"]
            assert max(ratios) - min(ratios) < 2e-4 / min(sizes)
            assert min(ratios) >= 0, "more of either never costs points"
    assert weights.shares_text == "落地 10%、税收 10%、期望税收（概率×年纳税） 60%、契合 20%"


def test_weights_from_before_expected_tax_keep_their_version_and_order() -> None:
    old = RankingWeights.from_mapping(content())
    told = RankingWeights.from_mapping(content(weights={"landing": 0.5, "tax": 0.25, "expected": 0, "fit": 0.25}))
    assert old.expected == 0 and old.version == told.version
    with pytest.raises(WeightsError, match="expected_full_marks_wan_cny"):
        RankingWeights.from_mapping(content(expected_full_marks_wan_cny=0))


def test_a_part_that_pays_nothing_expects_nothing() -> None:
    frame, contributions = district(3, 1, zero_terms=True)
    frame["tax_log"] = frame["tax_base_log"] = 0.0
    weights = RankingWeights.from_mapping(content(weights={"landing": 0, "tax": 0, "expected": 1, "fit": 0}))
    assert (rank_leads(frame, contributions, weights)["score"] < 0.1).all()
