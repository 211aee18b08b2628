"""Why a rank moved: the split of every change, recomputed another way, over random pairs of nights with one kind of cause or many."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from models.additive import AdditiveTables, Term
from models.rank_changes import CHANGE_COLUMNS, PLACE_STEPS, POINT_STEPS, Told, moves_by_days, rank_changes
from models.ranking import RankingWeights, rank_leads

DAY = dt.date(2026, 6, 30)
WEIGHTS = RankingWeights.load()
POINTS = {("product_word", "1"): 18.0, ("product_word", "2"): 25.0, ("industry_code", "4"): 35.0}


def tables_of(rng: np.random.Generator, level: float | None) -> dict[str, AdditiveTables]:
    def term(name: str) -> Term:
        return Term(name, name, True, np.array([1.0, 3.0, 6.0]), rng.normal(size=4), missing=float(rng.normal()))

    landing = AdditiveTables(-1.5, [term(f) for f in ("follow_up_count", "days_since_reported", "land_mu")]).rounded()
    tax = AdditiveTables(5.0, [term("investment_wan_cny"), term("land_mu")]).rounded()
    return {"landing": landing if level is None else landing.levelled(level), "tax": tax}


def features_of(rng: np.random.Generator, count: int) -> pd.DataFrame:
    names = ("follow_up_count", "days_since_reported", "land_mu", "investment_wan_cny")
    frame = pd.DataFrame({name: rng.integers(0, 9, count).astype(float) for name in names})
    frame.loc[rng.random(count) < 0.2, "investment_wan_cny"] = np.nan
    frame.insert(0, "lead_id", [f"L{i:03d}" for i in range(count)])
    frame["fit"] = rng.choice([0.0, 18.0, 25.0, 35.0], count)
    frame["stage"] = "在谈"
    return frame


def told(
    features: pd.DataFrame,
    tables: dict[str, AdditiveTables],
    weights: RankingWeights,
    day: dt.date,
    points: Any = POINTS,
) -> Told:
    """Return a list as the night would make it of these features."""
    long, natural = [], {}
    for part in ("landing", "tax"):
        added = tables[part].contributions(features)
        natural[part] = tables[part].score(features)
        for term in tables[part].terms:
            value = features[term.feature] if not term.is_constant else pd.Series(np.nan, index=features.index)
            long.append(
                pd.DataFrame(
                    {
                        "lead_id": features["lead_id"], "part": part, "term": term.name, "feature": term.feature,
                        "value_text": [None if pd.isna(v) else f"{v:g}" for v in value], "contribution": added[term.name],
                        "level_label": None, "label": term.name, "value": [f"{v:g}" for v in value],
                    }
                )
            )  # fmt: skip
    # The points that a level has follow the office's table of that night.
    scale = {POINTS[key]: points[key] for key in POINTS}
    fit = features["fit"].map(lambda x: scale.get(x, x))
    term = features["fit"].map({18.0: "product_word", 25.0: "product_word", 35.0: "industry_code", 0.0: "product_word"})
    long.append(
        pd.DataFrame(
            {
                "lead_id": features["lead_id"], "part": "fit", "term": term, "feature": term, "value_text": "x",
                "contribution": fit, "level_label": "档", "label": "契合", "value": "档",
            }
        )
    )  # fmt: skip
    reasons = pd.concat(long, ignore_index=True)
    frame = features.assign(
        landing_logit=natural["landing"], landing_base_logit=tables["landing"].intercept, tax_log=natural["tax"],
        tax_base_log=tables["tax"].intercept, chain_fit=fit, project_name="项目", enterprise_name=None, uscc=None,
        unit_name="甲镇", tax_low_wan_cny=0.0, tax_high_wan_cny=1.0, chain_node=None, excluded_reason=None, as_of_date=day,
        landing_kind="model", tax_kind="model",
    )  # fmt: skip
    ranked = rank_leads(frame, reasons, weights)
    shown = ["lead_id", "project_name", "unit_name", "stage", "rank", "score", "excluded_reason"]
    leads = ranked[shown].merge(frame[["lead_id", "landing_logit", "tax_log", "chain_fit"]], on="lead_id")
    return Told(day, leads, reasons, tables, points, weights)


def scored(
    features: pd.DataFrame, tables: dict[str, AdditiveTables], weights: RankingWeights, points: Any = POINTS
) -> Any:
    """Return score by lead, by ranking everything anew: the other way."""
    return told(features, tables, weights, DAY, points).leads.set_index("lead_id")


def sums(row: dict[str, Any]) -> tuple[Decimal, int]:
    points = sum((Decimal(repr(row[f"{step}_points"])) for step in POINT_STEPS), Decimal(0))
    return points, sum(int(row[f"{step}_places"]) for step in PLACE_STEPS)


@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 10**6), days=st.integers(0, 3), causes=st.sets(st.sampled_from(["facts", "shapes", "level", "weights", "points", "left", "came"])))  # fmt: skip
def test_the_parts_sum_to_the_change_and_each_is_its_own_step(seed: int, days: int, causes: set[str]) -> None:
    rng = np.random.default_rng(seed)
    count = 30
    tables = tables_of(rng, 0.25)
    old = features_of(rng, count)
    new = old.copy()
    new["days_since_reported"] += days
    touched = {}
    if "facts" in causes:
        for at in rng.choice(count, 4, replace=False):
            new.loc[at, "follow_up_count"] += 3
            touched[f"L{at:03d}"] = "跟进记录新增3行"
    shaped = tables_of(rng, 0.25) if "shapes" in causes else tables
    levelled = {**shaped, "landing": shaped["landing"].levelled(0.75)} if "level" in causes else shaped
    weights = dataclasses.replace(WEIGHTS, landing=WEIGHTS.tax, tax=WEIGHTS.landing) if "weights" in causes else WEIGHTS
    weights = (
        dataclasses.replace(weights, landing=0.4, tax=0.2, fit=0.2, expected=0.2) if "weights" in causes else weights
    )
    points = {**POINTS, ("product_word", "2"): 30.0} if "points" in causes else POINTS
    gone = set(rng.choice(old["lead_id"], 3, replace=False)) if "left" in causes else set()
    fresh = set(rng.choice(old["lead_id"], 2, replace=False)) - gone if "came" in causes else set()
    new.loc[new["lead_id"].isin(gone), "stage"] = "终止"
    first, second = old[~old["lead_id"].isin(fresh)].reset_index(drop=True), new
    before = told(first, tables, WEIGHTS, DAY - dt.timedelta(days=days))
    now = told(second, levelled, weights, DAY, points)
    touched = {lead: words for lead, words in touched.items() if lead not in gone | fresh}

    found = rank_changes(before, now, new.drop(columns=["fit", "stage"]), touched)
    assert list(found.columns) == CHANGE_COLUMNS
    was, is_ = (t.leads.set_index("lead_id") for t in (before, now))
    assert set(found["lead_id"]) == set(was.index[was["rank"].notna()]) | set(is_.index[is_["rank"].notna()])

    # The other way: whole lists made anew, of the leads that stand on both.
    both = sorted(set(first["lead_id"]) - gone)
    kept_old, kept_new = (f[f["lead_id"].isin(both)].reset_index(drop=True) for f in (first, second))
    aged = kept_old.assign(days_since_reported=kept_new["days_since_reported"])
    lists = [
        scored(kept_old, tables, WEIGHTS), scored(aged, tables, WEIGHTS), scored(kept_new, tables, WEIGHTS),
        scored(kept_new, shaped, WEIGHTS), scored(kept_new, levelled, WEIGHTS), scored(kept_new, levelled, weights, points),
    ]  # fmt: skip
    rows = found.set_index("lead_id")
    for lead in both:
        row = rows.loc[lead].to_dict()
        total, places = sums(row)
        assert (
            total
            == Decimal(repr(row["score_change"]))
            == Decimal(repr(row["score_now"])) - Decimal(repr(row["score_before"]))
        )
        assert places == row["rank_gain"] == row["rank_before"] - row["rank_now"]
        for step, start, end in zip(POINT_STEPS[1:], lists[:-1], lists[1:], strict=True):
            assert row[f"{step}_points"] == pytest.approx(end.loc[lead, "score"] - start.loc[lead, "score"], abs=1e-9)
            gain = int(start.loc[lead, "rank"] - end.loc[lead, "rank"])
            told_places = row[f"{step}_places"] + (row["others_places"] if step == "facts" else 0)
            assert told_places == gain, step
        assert row["program_points"] == row["program_places"] == 0
        if lead not in touched:
            assert row["facts_points"] == row["facts_places"] == 0
    # Exactly those whose rows changed are told as changed by facts.
    assert set(found.loc[found["cause"] == "资料变动", "lead_id"]) == set(touched)
    assert set(found.loc[found["cause"] == "退出名单", "lead_id"]) == gone
    assert set(found.loc[found["cause"] == "新上名单", "lead_id"]) == fresh - gone
    assert set(found["cause"]) <= allowed(causes, days)
    for lead, row in rows.iterrows():
        assert row["why_text"], lead
        if lead in touched:
            before_count = old.set_index("lead_id").loc[lead, "follow_up_count"]
            assert f"follow_up_count {before_count:g}→{before_count + 3:g}" in row["why_text"]
        elif lead not in gone | fresh:
            assert row["why_text"] == "未变" or row["why_text"].startswith("自身资料未变；"), row["why_text"]


def allowed(causes: set[str], days: int) -> set[str]:
    words = {
        "facts": {"资料变动", "其他线索变动"}, "shapes": {"模型重新训练"}, "level": {"总体水平调整"},
        "weights": {"权重与打分规则调整"}, "points": {"权重与打分规则调整"}, "left": {"退出名单", "其他线索进出"},
        "came": {"新上名单", "其他线索进出"},
    }  # fmt: skip
    return {"未变"}.union(*(words[c] for c in causes), {"时间推移"} if days else set())


def test_nothing_changed_is_told_as_nothing() -> None:
    rng = np.random.default_rng(3)
    features, tables = features_of(rng, 20), tables_of(rng, 0.25)
    same = told(features, tables, WEIGHTS, DAY)
    found = rank_changes(same, same, features, {})
    assert set(found["cause"]) == set(found["why_text"]) == {"未变"} and not found["is_own"].any()
    assert (found[[f"{step}_places" for step in PLACE_STEPS]] == 0).all(axis=None)


def test_lists_on_which_nobody_is_ranked_have_no_changes() -> None:
    rng = np.random.default_rng(6)
    features, tables = features_of(rng, 5), tables_of(rng, None)
    now = told(features, tables, WEIGHTS, DAY)
    unscored = now.leads.assign(rank=pd.array([pd.NA] * 5, dtype="Int64"), score=np.nan, tax_log=np.nan)
    nobody = dataclasses.replace(
        now, leads=unscored, tables={"landing": tables["landing"]}, reasons=now.reasons[now.reasons["part"] != "tax"]
    )
    assert rank_changes(nobody, nobody, features, {}).empty
    # The first night with a model of tax: everybody comes.
    found = rank_changes(nobody, now, features, {})
    assert set(found["cause"]) == {"重新参加排序"} and found["rank_now"].tolist() == [1, 2, 3, 4, 5]


def test_a_program_that_scores_otherwise_is_told_as_such() -> None:
    rng = np.random.default_rng(4)
    features, tables = features_of(rng, 20), tables_of(rng, None)
    now = told(features, tables, WEIGHTS, DAY)
    # The list before was published by another program: everybody stood half a point lower, one lead two points.
    leads = now.leads.assign(score=now.leads["score"] - 0.5)
    leads.loc[0, "score"] -= 1.5
    leads["rank"] = leads["score"].rank(ascending=False, method="first").astype("Int64")
    found = rank_changes(dataclasses.replace(now, leads=leads), now, features, {})
    ranked = found.set_index("lead_id")
    assert ranked.loc[leads.loc[0, "lead_id"], "program_points"] == 2.0
    assert set(found["cause"]) == {"程序更新"}
    for row in found.to_dict("records"):
        total, places = sums(row)
        assert total == Decimal(repr(row["score_change"])) and places == row["rank_gain"]


def test_a_row_that_moves_no_point_is_still_named() -> None:
    rng = np.random.default_rng(5)
    features, tables = features_of(rng, 20), tables_of(rng, None)
    features.loc[7, "follow_up_count"] = 7.0
    more = features.copy()
    more.loc[7, "follow_up_count"] = 8.0  # the same bin
    found = rank_changes(
        told(features, tables, WEIGHTS, DAY), told(more, tables, WEIGHTS, DAY), more, {"L007": "跟进记录新增1行"}
    )
    row = found.set_index("lead_id").loc["L007"]
    assert row["cause"] == "资料变动" and "follow_up_count 7→8（分数和名次未变）" in row["why_text"]
    assert set(found.loc[found["lead_id"] != "L007", "cause"]) == {"未变"}


@pytest.mark.parametrize(
    ("feature", "before", "now", "days", "is_touched", "by_days"),
    [
        ("days_since_reported", "10", "11", 1, False, True),
        ("days_since_reported", "10", "12", 1, False, False),
        ("days_since_follow_up", "10", "0", 1, False, False),
        ("enterprise_age_years", "1.0", str(1 + 3 / 365.25), 3, False, True),
        ("enterprise_age_years", None, "1.0", 3, False, False),
        ("in_person_count_90d", "2", "1", 1, False, True),
        ("in_person_count_90d", "2", "1", 1, True, False),
        ("in_person_count_90d", "2", "1", 0, False, False),
        ("in_person_count_90d", "1", "2", 1, False, False),
        ("investment_wan_cny", "34000", "35000", 1, False, False),
        ("lead_source", "以企招商", "展会", 1, False, False),
    ],
)
def test_what_days_alone_explain(
    feature: str, before: str | None, now: str, days: int, is_touched: bool, by_days: bool
) -> None:
    assert moves_by_days(feature, before, now, days, is_touched) is by_days
