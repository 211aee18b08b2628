"""Landing: a model where there is signal and enough labels, a labelled rule everywhere else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import expit

from models.landing import LandingRun, LandingSettings, train_landing
from office import settings_file

SETTINGS = dataclasses.replace(LandingSettings.load(), bootstrap_resamples=60)


@pytest.fixture(scope="module")
def run(district: Any) -> LandingRun:
    return train_landing(district.features, district.outcomes, district.data_through, SETTINGS)


def test_signal_gives_a_model_that_beats_the_base_rate_out_of_time(run: LandingRun) -> None:
    assert run.kind == "model" and run.report["passed"] and run.report["reasons"] == []
    holdout = run.report["holdout"]
    assert holdout["model"]["roc_auc"]["low"] > 0.5
    assert holdout["differences"]["log_loss_model_minus_baseline"]["high"] < 0
    assert holdout["baseline"]["roc_auc"]["value"] == 0.5
    assert sum(r["row_count"] for r in holdout["calibration_table"]) == holdout["row_count"]
    json.dumps(run.report, ensure_ascii=False, allow_nan=False)


def test_tables_are_calibrated_on_the_young_cohorts(run: LandingRun, district: Any) -> None:
    from models.landing.features import labels_known_on, matrix, open_pairs

    pairs = open_pairs(district.features)
    label = labels_known_on(pairs, district.outcomes, district.data_through, SETTINGS)["label"]
    recent = label.notna() & (
        pairs["as_of_date"] > pairs.loc[label.notna(), "as_of_date"].max() - pd.Timedelta(days=365)
    )
    level = run.report["level"]["followed"]
    score = run.compiled().levelled(level["shift"]).score(matrix(pairs[recent], SETTINGS))
    sure = 1.96 * level["error"]
    assert expit(score - sure).mean() < label[recent].mean() < expit(score + sure).mean()
    assert expit(score).mean() == pytest.approx(label[recent].mean(), abs=0.04)


def test_known_directions_hold_in_the_tables(run: LandingRun) -> None:
    for feature, sign in SETTINGS.monotone.items():
        rows = run.tables[(run.tables["term"] == feature) & (run.tables["kind"] == "numeric")]
        assert (np.diff(rows["value"]) * sign >= 0).all(), feature


def test_training_twice_gives_the_same_bytes_in_any_row_order(run: LandingRun, district: Any) -> None:
    features = district.features.sample(frac=1, random_state=3)
    again = train_landing(features, district.outcomes.sample(frac=1, random_state=4), district.data_through, SETTINGS)
    assert again.tables.to_csv(index=False) == run.tables.to_csv(index=False)
    assert json.dumps(again.report) == json.dumps(run.report)


def test_the_future_is_not_looked_at(run: LandingRun, district: Any) -> None:
    lead = district.features["lead_id"].iloc[0]
    after = pd.Timestamp(district.data_through) + pd.Timedelta(days=1)
    tomorrow = pd.DataFrame({"lead_id": [lead], "stage": ["开工"], "reached_date": [after], "known_date": [after]})
    late_row = district.features.head(1).assign(as_of_date=after, is_open=True)
    again = train_landing(
        pd.concat([district.features, late_row]),
        pd.concat([district.outcomes, tomorrow]),
        district.data_through,
        SETTINGS,
    )
    assert again.tables.to_csv() == run.tables.to_csv()


def test_no_signal_gives_a_rule_with_reasons(district_of: Callable[..., Any]) -> None:
    noise = district_of(signal=0.0, seed=1)
    run = train_landing(noise.features, noise.outcomes, noise.data_through, SETTINGS)
    assert run.kind == "rule" and not run.report["passed"] and run.report["label"] == "规则估计"
    assert any("不能肯定" in r for r in run.report["reasons"])
    assert run.report["holdout"] is not None, "the failed examination is reported, not hidden"


def test_too_few_labels_give_a_rule(district_of: Callable[..., Any]) -> None:
    small = district_of(n_leads=60)
    run = train_landing(small.features, small.outcomes, small.data_through, SETTINGS)
    assert run.kind == "rule" and any("不足 60 条" in r for r in run.report["reasons"])
    pd.testing.assert_frame_equal(run.tables, SETTINGS.rule.to_tables())
    scored = run.compiled().score(small.features)
    assert np.isfinite(scored).all() and set(run.compiled().features) <= set(run.feature_labels)
    nothing = train_landing(small.features.head(0), small.outcomes.head(0), small.data_through, SETTINGS)
    assert nothing.kind == "rule" and nothing.report["window"] is None


def test_short_history_gives_a_rule_not_a_guess(district_of: Callable[..., Any]) -> None:
    young = district_of(years=2, n_leads=1500)
    run = train_landing(young.features, young.outcomes, young.data_through, SETTINGS)
    assert run.kind == "rule" and any("历史太短" in r for r in run.report["reasons"])


def test_long_history_is_tuned_by_forward_splits(district_of: Callable[..., Any]) -> None:
    old = district_of(years=9, n_leads=800)
    report = train_landing(old.features, old.outcomes, old.data_through, SETTINGS).report
    assert report["chosen"]["by"] == "forward_splits" and len(report["chosen"]["rehearsals"]) >= 2
    assert sum(fit["share"] for fit in report["chosen"]["fits"]) == pytest.approx(1, abs=1e-3)
    level = report["level"]
    assert level["low"] < level["mean_probability"] < level["high"]


def test_ipcw_trains_too(district: Any) -> None:
    settings = dataclasses.replace(SETTINGS, censoring="ipcw")
    run = train_landing(district.features, district.outcomes, district.data_through, settings)
    assert run.report["row_count"] > 0 and run.report["censoring"] == "ipcw" and run.report["holdout"] is not None


def test_stage_and_unit_are_never_features() -> None:
    content = yaml.safe_load(settings_file("landing.yaml").read_text("utf-8"))
    rules = yaml.safe_load(settings_file("landing_points.yaml").read_text("utf-8"))
    for name in ("stage", "unit_name"):
        bad = {**content, "features": {**content["features"], name: {"label": "x"}}}
        with pytest.raises(ValueError, match=name):
            LandingSettings.from_mapping(bad, rules)
    with pytest.raises(ValueError, match="horizon_days"):
        LandingSettings.from_mapping({k: v for k, v in content.items() if k != "horizon_days"}, rules)
    assert not {"stage", "unit_name"} & set(LandingSettings.load().feature_labels)


def test_missing_columns_and_repeated_pairs_are_named(district: Any) -> None:
    with pytest.raises(ValueError, match="land_mu"):
        train_landing(district.features.drop(columns="land_mu"), district.outcomes, district.data_through, SETTINGS)
    twice = pd.concat([district.features, district.features.head(1)])
    with pytest.raises(ValueError, match="more than once"):
        train_landing(twice, district.outcomes, district.data_through, SETTINGS)


def test_values_read_as_people_write_them() -> None:
    assert SETTINGS.value_text("investment_wan_cny", 12000) == "12,000万元"
    assert SETTINGS.value_text("is_in_register", False) == "查无"
    assert SETTINGS.value_text("chain_id", None) == "暂无"


def test_the_share_of_the_model_grows_with_the_labels_and_stops_at_all() -> None:
    share = SETTINGS.model_share
    assert share(59, 5000) == 0 and share(5000, 199) == 0
    assert share(100, 5000) == 0.4 and share(5000, 300) == 0.4 and share(250, 750) == 1 and share(9000, 9000) == 1


def test_few_labels_give_a_mixture_with_the_rule_whose_reasons_add_up(run: LandingRun, district: Any) -> None:
    from models.landing.features import matrix, open_pairs

    counts = run.report["landed_lead_count"] / 250, run.report["not_landed_lead_count"] / 750
    assert run.report["model_share"] == round(min(counts), 4) < 1
    x = matrix(open_pairs(district.features).head(500), SETTINGS)
    tables = run.compiled()
    assert (tables.contributions(x).sum(axis=1) + tables.intercept == tables.score(x)).all()
    assert (run.tables["value"] * 2**24 % 1 == 0).all()
    # A learned term never moves between two of its bins; the edges of the rule's bins show that it is in the mixture.
    rule = SETTINGS.rule.to_tables()
    for term in ("follow_up_count_90d", "chain_fit"):
        edges = [
            set(t.loc[(t["term"] == term) & (t["kind"] == "numeric"), "lower"].dropna()) for t in (rule, run.tables)
        ]
        assert edges[0] <= edges[1]


def test_a_mixture_of_tables_scores_as_the_mixture_of_scores() -> None:
    from models.additive import AdditiveTables, Term

    one = AdditiveTables(
        -1.0,
        [
            Term("v", "v", True, np.array([1.0, 3.0]), np.array([-0.5, 0.0, 0.75]), missing=-0.25),
            Term("c", "c", False, categories={"a": 1.0, "b": -1.0}, missing=0.5),
        ],
    )
    other = AdditiveTables(
        2.0,
        [
            Term("v", "v", True, np.array([2.0, 3.0, 9.0]), np.array([1.0, 2.0, 4.0, 8.0]), missing=16.0),
            Term("c", "c", False, categories={"b": 3.0, "d": 5.0}, missing=-2.0, other=7.0),
            Term("w", "w", True, np.array([0.0]), np.array([0.0, 1.0])),
        ],
    )
    values = [0.5, 1.0, 2.0, 2.5, 3.0, 9.0, None]
    x = pd.DataFrame({"v": values, "c": ["a", "b", "d", "e", None, "a", "e"], "w": [-1.0, 0, 1, 2, -5, 6, 7]})
    np.testing.assert_allclose(
        one.blended(other, 0.25).score(x), 0.25 * one.score(x) + 0.75 * other.score(x), atol=1e-6
    )
    with pytest.raises(ValueError, match="not of one kind"):
        one.blended(AdditiveTables(0.0, [Term("v", "v", False)]), 0.5)


def test_the_examination_tells_expected_and_observed_by_segment(run: LandingRun, district: Any) -> None:
    holdout = run.report["holdout"]
    segments = pd.DataFrame(holdout["segments"])
    assert set(segments["feature"]) == {"is_foreign", "chain_id", "investment_wan_cny"}
    for _, rows in segments.groupby("feature"):
        assert rows["row_count"].sum() == holdout["row_count"]
        landed = (rows["observed_share"] * rows["row_count"]).sum() / holdout["row_count"]
        assert landed == pytest.approx(holdout["base_rate"], abs=1e-5)
    gap = segments["expected_share"] - segments["observed_share"]
    assert gap.to_numpy() == pytest.approx([g["value"] for g in segments["expected_minus_observed"]], abs=2e-6)


def test_settings_may_leave_out_what_has_a_default_and_wrong_ones_are_named() -> None:
    content = yaml.safe_load(settings_file("landing.yaml").read_text("utf-8"))
    rules = yaml.safe_load(settings_file("landing_points.yaml").read_text("utf-8"))
    fewer = {k: v for k, v in content.items() if k not in ("ample_labels", "segments")}
    found = LandingSettings.from_mapping(fewer, rules)
    assert (found.ample_landed, found.ample_not_landed, found.segments) == (250, 750, {})
    with pytest.raises(ValueError, match="ridge"):
        LandingSettings.from_mapping({**content, "ridge": 5}, rules)
    with pytest.raises(ValueError, match="ample_labels"):
        LandingSettings.from_mapping({**content, "ample_labels": {"landed": 1, "lost_or_not": 1}}, rules)
    with pytest.raises(ValueError, match="segments"):
        LandingSettings.from_mapping({**content, "segments": {"nobody": None}}, rules)
