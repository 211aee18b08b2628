"""Tax: learned from paid tax only, intervals that hold, an estimate that says it is one."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from models.additive import AdditiveTables, from_tables, part_of
from models.tax import TaxRun, TaxSettings, train_tax
from models.tax.evaluation import conformal_offsets
from models.tax.features import matrix, paid_projects
from models.tax.interval import Interval
from models.tax.training import Rehearsed, _Rehearsal
from office import settings_file

SETTINGS = dataclasses.replace(
    TaxSettings.load(), bootstrap_resamples=60, candidate_alphas=(1.0, 10.0), candidate_max_bins=(8,)
)


@pytest.fixture(scope="module")
def taxed(district_of: Callable[..., Any]) -> Any:
    return district_of(years=6, n_leads=1000, every="2QE")


@pytest.fixture(scope="module")
def run(taxed: Any) -> TaxRun:
    return train_tax(taxed.features, taxed.outcomes, taxed.data_through, SETTINGS)


def test_model_beats_the_median_and_its_interval_holds(run: TaxRun) -> None:
    assert run.kind == "model" and run.report["passed"]
    holdout = run.report["holdout"]
    assert holdout["mae_log_model_minus_baseline"]["high"] < 0
    assert holdout["coverage"]["high"] >= 0.8 and holdout["coverage"]["value"] < 0.97, (
        "wide rather than narrow, not useless"
    )
    assert run.report["interval_low_offset"] < 0 < run.report["interval_high_offset"]
    json.dumps(run.report, ensure_ascii=False, allow_nan=False)


def test_training_twice_gives_the_same_bytes_in_any_row_order(run: TaxRun, taxed: Any) -> None:
    features, outcomes = taxed.features.sample(frac=1, random_state=1), taxed.outcomes.sample(frac=1, random_state=2)
    again = train_tax(features, outcomes, taxed.data_through, SETTINGS)
    assert again.tables.to_csv() == run.tables.to_csv() and json.dumps(again.report) == json.dumps(run.report)


def test_directions_hold(run: TaxRun) -> None:
    for feature in SETTINGS.monotone:
        rows = part_of(run.tables, "tax")
        rows = rows[(rows["term"] == feature) & (rows["kind"] == "numeric")]
        assert len(rows) and (np.diff(rows["value"]) >= 0).all()


def test_promised_tax_is_never_a_label(run: TaxRun, taxed: Any) -> None:
    unpaid = taxed.outcomes.assign(paid_tax_wan_cny=None)
    estimate = train_tax(taxed.features, unpaid, taxed.data_through, SETTINGS)
    assert (
        estimate.kind == "rule" and estimate.report["row_count"] == 0 and estimate.report["interval_basis"] == "assumed"
    )
    assert estimate.report["label"] == "估算"
    bad = yaml.safe_load(settings_file("tax.yaml").read_text("utf-8"))
    bad["features"]["paid_tax_wan_cny"] = {"label": "实缴"}
    with pytest.raises(ValueError, match="paid_tax_wan_cny"):
        TaxSettings.from_mapping(bad)


def test_a_project_is_one_row_seen_before_the_milestone() -> None:
    features = pd.DataFrame(
        {
            "lead_id": ["a", "a", "a", "b"],
            "as_of_date": pd.to_datetime(["2023-01-31", "2023-02-28", "2023-03-31", "2023-01-31"]),
            "is_open": [True, True, False, True],
            "investment_wan_cny": [1.0, 2.0, 3.0, 4.0],
        }
    )
    rows = [
        ("a", "开工", "2023-03-01", "2023-03-05", None),
        ("a", "投产", "2023-10-01", "2023-10-05", 50.0),
        ("a", "达效", "2024-06-01", "2024-06-05", 80.0),
        ("a", "达效", "2025-06-01", "2025-06-05", 90.0),
        ("b", "投产", "2023-01-31", "2023-10-05", 70.0),
    ]
    outcomes = pd.DataFrame(rows, columns=["lead_id", "stage", "reached_date", "known_date", "paid_tax_wan_cny"])

    def known(day: str) -> list[tuple[Any, ...]]:
        got = paid_projects(features, outcomes, pd.Timestamp(day).date(), SETTINGS)
        return list(got[["lead_id", "investment_wan_cny", "paid_tax_wan_cny"]].itertuples(index=False, name=None))

    assert known("2023-09-30") == []
    assert known("2023-12-31") == [("a", 2.0, 50.0)], "b has no as-of before its milestone"
    assert known("2024-12-31") == [("a", 2.0, 80.0)]
    assert known("2025-12-31") == [("a", 2.0, 90.0)]


def test_the_estimate_is_the_share_of_tax_in_output_of_its_sector() -> None:
    # By hand: 1,000 x 0.9 x 3.34%; nothing told: 10,000 x 0.9 x 3.34%; trade 8,000 x 0.9 x 6.37%; farms at the least, 0.1%.
    X = pd.DataFrame(
        {"investment_wan_cny": [1000.0, 50000.0, None, 8000.0, 90000.0], "industry_section": ["C", "C", "C", "F", "A"]}
    )
    tax = np.expm1(SETTINGS.rule.score(X))
    assert tax == pytest.approx([30.1, 1503, 301, 459, 81], rel=0.15)
    assert np.isfinite(SETTINGS.rule.score(X.assign(industry_section=None))).all()


def test_the_office_s_own_rate_goes_before_the_prior() -> None:
    content = yaml.safe_load(settings_file("tax.yaml").read_text("utf-8"))
    content["rule"]["tax_per_wan_cny_by_section"] = {"F": 0.02}
    X = pd.DataFrame({"investment_wan_cny": [8000.0, 8000.0], "industry_section": ["F", "C"]})
    own, prior = (np.expm1(s.rule.score(X)) for s in (TaxSettings.from_mapping(content), SETTINGS))
    assert own[0] == pytest.approx(160, rel=0.15) and own[1] == prior[1]
    content["rule"]["tax_per_wan_cny_by_section"] = {"F": 0}
    with pytest.raises(ValueError, match="F"):
        TaxSettings.from_mapping(content)


def test_a_rule_needs_its_prior_or_one_rate() -> None:
    content = yaml.safe_load(settings_file("tax.yaml").read_text("utf-8"))
    del content["rule"]["sector_prior"]
    with pytest.raises(ValueError, match="sector_prior"):
        TaxSettings.from_mapping(content)
    content["rule"]["default_tax_per_wan_cny"] = 0.03
    settings = TaxSettings.from_mapping(content)
    X = pd.DataFrame({"investment_wan_cny": [10000.0], "industry_section": ["C"]})
    assert np.expm1(settings.rule.score(X)) == pytest.approx([300], rel=0.15)


def test_the_prior_is_that_of_the_input_output_table() -> None:
    path = Path(os.environ.get("ZEYOU_REFERENCE_DATA", "")) / "standards/io_2020_sector_tax_prior.csv"
    if not path.is_file():
        pytest.skip("no reference data")
    sectors = pd.read_csv(path)
    prior = yaml.safe_load(settings_file("tax.yaml").read_text("utf-8"))["rule"]["sector_prior"]
    first = dict(zip("ABCDEFGHIJKLMNOPQRS",
                     (1, 6, 12, 100, 103, 109, 111, 123, 125, 130, 133, 134, 136, 139, 142, 144, 145, 147, 152),
                     strict=True))  # fmt: skip
    section = pd.cut(sectors["code"].astype(int), [*first.values(), 154], right=False, labels=list(first))
    sums = sectors.groupby(section, observed=True)[["net_prod_tax", "gross_output"]].sum()
    found = (sums["net_prod_tax"] / sums["gross_output"]).round(4).to_dict()
    assert found == prior["tax_per_output_by_section"]
    assert round(sums["net_prod_tax"].sum() / sums["gross_output"].sum(), 4) == prior["tax_per_output"]


def test_few_projects_give_an_estimate_with_a_measured_interval(taxed: Any) -> None:
    some = taxed.outcomes[taxed.outcomes["stage"] == "达效"].head(40)["lead_id"]
    outcomes = taxed.outcomes[taxed.outcomes["lead_id"].isin(some)]
    run = train_tax(taxed.features, outcomes, taxed.data_through, SETTINGS)
    assert run.kind == "rule" and "不足 60 个" in run.report["reasons"][0]
    assert run.report["interval_basis"] == "paid_projects"


def test_conformal_offsets_cover_as_promised() -> None:
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(400):
        low, high = conformal_offsets(rng.normal(size=30), 0.8) or (np.nan, np.nan)
        hits.append(np.mean((lambda z: (z >= low) & (z <= high))(rng.normal(size=200))))
    assert 0.8 <= np.mean(hits) < 0.86
    assert conformal_offsets(np.arange(8.0), 0.8) is None and conformal_offsets(np.arange(9.0), 0.8) == (0.0, 8.0)


def uneven(n: int, seed: int) -> pd.DataFrame:
    """Projects that became known one a day: factories pay within a few per cent, traders anything, a fifth of farms nothing."""
    rng = np.random.default_rng(seed)
    section = rng.choice(["C", "F", "A"], n, p=[0.5, 0.3, 0.2])
    investment = np.exp(rng.normal(8, 1.5, n))
    spread = pd.Series(section).map({"C": 0.1, "F": 1.2, "A": 0.3}).to_numpy()
    tax = 0.05 * investment * np.exp(rng.normal(size=n) * spread)
    tax[(section == "A") & (rng.random(n) < 0.2)] = 0.0
    frame = pd.DataFrame({f.name: None for f in SETTINGS.features}, index=range(n), dtype=object)
    frame["investment_wan_cny"], frame["industry_section"], frame["paid_tax_wan_cny"] = investment, section, tax
    for feature in SETTINGS.features:
        if feature.name not in SETTINGS.categorical:
            frame[feature.name] = pd.to_numeric(frame[feature.name])
    days = pd.date_range("2020-01-01", periods=n)
    return frame.assign(lead_id=[f"L{i:05}" for i in range(n)], as_of_date=days, known_date=days)


def test_the_interval_is_as_wide_as_what_is_known_of_the_project() -> None:
    projects, new = uneven(900, 1), uneven(3000, 2)
    rehearsal = _Rehearsal(projects, projects, SETTINGS)
    cuts = [(projects.head(at), projects.iloc[at : at + 150]) for at in (450, 600, 750)]
    recipe, _, tried = rehearsal.choose(cuts)
    assert recipe.width_alpha is not None and tried[0]["width_alpha"] is None
    offsets = rehearsal.rehearse_all(cuts, recipe).offsets(0.8)
    assert offsets is not None
    x, y = matrix(new, SETTINGS), np.log1p(new["paid_tax_wan_cny"].to_numpy(float))
    middle = rehearsal.train(projects, recipe).score(x)
    interval = rehearsal.train_widths(projects, recipe).moved(*offsets)
    low, high = interval.ends(middle, x)
    inside, width = (y >= low) & (y <= high), high - low
    assert inside.mean() == pytest.approx(0.8, abs=0.05)
    for section in ("C", "F", "A"):
        at = (new["industry_section"] == section).to_numpy()
        assert inside[at].mean() == pytest.approx(0.8, abs=0.1), section
        # Those who pay nothing are a part of the distribution: half lie below its median all the same.
        assert (y[at] < middle[at]).mean() == pytest.approx(0.5, abs=0.1), section
    of = {s: float(np.median(width[(new["industry_section"] == s).to_numpy()])) for s in "CFA"}
    assert of["F"] > 5 * of["C"]
    farms = (new["industry_section"] == "A").to_numpy()
    assert np.median(low[farms]) < 2.0 < np.median(middle[farms]) - 1.0, (
        "a tenth pays nothing, so the lower end is near 0"
    )


def test_one_width_for_all_where_none_is_surely_better() -> None:
    rng = np.random.default_rng(0)
    projects = uneven(240, 3).assign(industry_section="C")
    projects["paid_tax_wan_cny"] = 0.05 * projects["investment_wan_cny"] * np.exp(rng.normal(size=240) * 0.5)
    cuts = [(projects.head(at), projects.iloc[at : at + 40]) for at in (120, 160, 200)]
    rehearsal = _Rehearsal(projects, projects, SETTINGS)
    recipe, _, tried = rehearsal.choose(cuts)
    assert recipe.width_alpha is None
    assert all(one["gain"] <= one["gain_standard_error"] for one in tried)
    assert rehearsal.train_widths(projects, recipe).is_one_width


def test_a_version_tells_its_interval_back(run: TaxRun, taxed: Any) -> None:
    interval = Interval.of_version(run.tables, run.report)
    assert interval is not None
    assert (interval.low.intercept, interval.high.intercept) == (
        run.report["interval_low_offset"], run.report["interval_high_offset"],
    )  # fmt: skip
    x = matrix(taxed.features.head(300), SETTINGS)
    middle = run.compiled().score(x)
    low, high = interval.ends(middle, x)
    assert (low <= middle).all() and (middle <= high).all()
    by_hand = middle + from_tables(part_of(run.tables, "tax_low")).contributions(x).sum(axis=1) + interval.low.intercept
    assert (np.minimum(middle, by_hand) == low).all()
    # A version from before widths were learned: no parts, two offsets.
    offsets = {"interval_low_offset": -1.0, "interval_high_offset": 0.5}
    earlier = Interval.of_version(part_of(run.tables, "tax"), offsets)
    assert earlier is not None and [e[0] for e in earlier.ends(np.array([3.0]), x.head(1))] == [2.0, 3.5]
    assert Interval.of_version(part_of(run.tables, "tax"), {}) is None


def test_each_end_is_moved_by_its_own_residuals() -> None:
    y = np.arange(1.0, 20.0)
    seen = Rehearsed(y, np.full(19, 10.0), np.full(19, 5.0), np.full(19, 12.0))
    low, high = seen.offsets(0.8) or (np.nan, np.nan)
    # Of 19, the 2nd and the 18th: the interval reaches from 2 to 18.
    assert (5.0 + low, 12.0 + high) == (2.0, 18.0)
    assert Interval(AdditiveTables(-5.0, []), AdditiveTables(2.0, [])).moved(low, high).ends(
        np.array([10.0]), pd.DataFrame(index=[0])
    ) == (np.array([2.0]), np.array([18.0]))


def test_the_chance_to_pay_anything_is_that_of_the_projects_own_kind() -> None:
    projects, new = uneven(900, 4), uneven(4000, 5)
    rehearsal = _Rehearsal(projects, projects, SETTINGS)
    cuts = [(projects.head(at), projects.iloc[at : at + 150]) for at in (450, 600, 750)]
    alpha, tried = rehearsal.choose_pays(cuts)
    assert alpha is not None and tried[0]["alpha"] is None and tried[0]["gain"] == 0
    tables = rehearsal.train_pays(projects, alpha)
    assert tables is not None
    x = matrix(new, SETTINGS)
    chance = 1 / (1 + np.exp(-tables.score(x)))
    paid, farms = (new["paid_tax_wan_cny"] > 0).to_numpy(), (new["industry_section"] == "A").to_numpy()
    assert chance[farms].mean() == pytest.approx(paid[farms].mean(), abs=0.06) and chance[~farms].mean() > 0.97
    assert (tables.contributions(x).sum(axis=1) + tables.intercept == tables.score(x)).all()
    # A table on its own: nobody who paid nothing, no chance; one kind only, the share of all.
    assert rehearsal.train_pays(projects[projects["paid_tax_wan_cny"] > 0], alpha) is None
    share = rehearsal.train_pays(projects, None)
    assert (
        share is not None
        and share.terms == ()
        and 1 / (1 + np.exp(-share.intercept)) == pytest.approx((projects["paid_tax_wan_cny"] > 0).mean(), abs=1e-6)
    )


def test_a_district_in_which_all_pay_tells_no_chance(run: TaxRun, taxed: Any) -> None:
    paid = taxed.outcomes["paid_tax_wan_cny"]
    assert run.report["paid_nothing_count"] == int((paid == 0).sum()) == 0 and run.pays() is None
    rng = np.random.default_rng(0)
    some = taxed.outcomes.assign(paid_tax_wan_cny=paid.where(paid.isna() | (rng.random(len(paid)) > 0.15), 0.0))
    again = train_tax(taxed.features, some, taxed.data_through, SETTINGS)
    assert again.report["paid_nothing_count"] > 10
    assert again.kind == "rule" or again.pays() is not None
