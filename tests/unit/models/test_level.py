"""The level followed as it happens: recomputed another way, and what it must never do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit

from models.additive import AdditiveTables, Term, from_tables
from models.additive.bulk import BulkScorer
from models.additive.tables import TABLE_COLUMNS
from models.landing import LandingSettings
from models.landing.coming_true import count_interval, said_and_came
from models.landing.features import labels_known_on
from models.landing.level import landing_cases, level_on, pairs_through
from models.level import (
    BOUND,
    LEVEL,
    STILL,
    Cases,
    LevelRule,
    Rehearsal,
    censored_losses,
    choose_rule,
    level_shift,
    rows_a_landing,
    shares_by_age,
    usual_rule,
    watch,
)
from models.lifecycle import Inputs, level_if_due
from models.registry import Registry

SETTINGS = LandingSettings.load()
HORIZON = 100
START = np.datetime64("2020-01-01")
NEVER = np.datetime64("NaT", "D")


def invented(n: int = 3000, seed: int = 0, days: int = 1000, jump: float = 0.0) -> tuple[Cases, np.ndarray]:
    """Cases with their log odds of landing within the horizon; from the middle on the level is higher by ``jump``."""
    rng = np.random.default_rng(seed)
    entered = START + np.sort(rng.integers(0, days, n))
    eta = rng.normal(-2, 0.7, n)
    later = entered >= START + np.timedelta64(days // 2, "D")
    landed = rng.random(n) < expit(eta + jump * later)
    age = np.ceil(HORIZON * rng.beta(1.3, 2, n)).astype(int)
    return Cases.of(entered, np.where(landed, entered + age.astype("timedelta64[D]"), NEVER)), eta


def test_shares_equal_the_product_limit_counted_case_by_case() -> None:
    cases, _ = invented(400, days=300)
    day = START + np.timedelta64(300, "D")
    known = cases.known_on(day)
    ages = [(int((s - e).astype(int)), int((day - e).astype(int))) for e, s in zip(known.entered, known.seen, strict=True)
            if not np.isnat(s)]  # fmt: skip
    shares = shares_by_age(known, day, HORIZON)
    for t in (0, 5, 20, 40, 80):
        product = 1.0
        for u in sorted({a for a, _ in ages if a > t}):
            died = sum(a == u for a, _ in ages)
            at_risk = sum(a <= u <= limit for a, limit in ages)
            product *= 1 - died / at_risk
        weight = len(ages) / (len(ages) + 2.0)
        assert shares(np.array([float(t)]))[0] == pytest.approx(
            weight * product + (1 - weight) * (t + 1) / (HORIZON + 1)
        )


def test_shares_of_cases_all_over_are_plain_shares_and_do_not_mind_a_rise_of_the_level() -> None:
    cases, _ = invented(4000, days=500, jump=1.5)
    over, young = START + np.timedelta64(700, "D"), START + np.timedelta64(500, "D")
    age = (cases.seen - cases.entered).astype(float)
    seen = ~np.isnat(cases.seen)
    at = np.array([10.0, 30.0, 60.0])
    plain = [(age[seen] <= t).mean() for t in at]
    assert np.allclose(shares_by_age(cases, over, HORIZON)(at), plain, atol=0.01)
    assert np.allclose(shares_by_age(cases.known_on(young), young, HORIZON)(at), plain, atol=0.06)


def test_the_shift_makes_the_expected_equal_the_seen() -> None:
    cases, eta = invented(jump=0.8)
    day = START + np.timedelta64(1000, "D")
    known = cases.known_on(day)
    shares = shares_by_age(known, day, HORIZON)
    found = level_shift(eta, known, day, HORIZON, 0.5, 1e3, shares)
    since = day - np.timedelta64(50, "D")

    def gap(shift: float) -> float:
        total = 0.0
        for entered, seen, x in zip(known.entered, known.seen, eta, strict=True):
            late, early = (shares(np.array([(at - entered).astype(float)]))[0] for at in (day, since))
            total += (late - early) / (1 + np.exp(-x - shift)) - (since < seen <= day)
        return total

    assert found.shift == pytest.approx(brentq(gap, -1.5, 1.5, xtol=1e-4), abs=2e-3)
    assert 0.3 < found.shift < 1.3 and found.error < 0.35


@given(st.integers(0, 40), st.sampled_from([0.5, 1.0]), st.sampled_from([0.25, 0.5, 1.0, 2.0]), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_few_events_move_little_and_more_seen_never_lower_the_level(
    extra: int, spread: float, window: float, seed: int
) -> None:
    cases, eta = invented(60, seed, days=200)
    day = START + np.timedelta64(200, "D")
    known = cases.known_on(day)
    shares = shares_by_age(known, day, HORIZON)
    found = level_shift(eta, known, day, HORIZON, window, spread, shares)
    assert abs(found.shift) <= BOUND and 0 < found.error <= spread * (1 + 1e-9)
    # What is seen beyond what is expected weighs at most as a Poisson count does against the spread.
    assert abs(found.shift) <= spread**2 * max(found.seen, found.expected * np.exp(BOUND)) + 1e-3
    young = np.flatnonzero(np.isnat(known.seen) & (day - known.entered < np.timedelta64(20, "D")))[:extra]
    more = known.seen.copy()
    more[young] = day
    higher = level_shift(eta, Cases(known.entered, more, known.group), day, HORIZON, window, spread, shares)
    assert higher.seen == found.seen + len(young)
    assert higher.shift >= found.shift - 1e-3 or len(young) == 0


def test_copies_of_a_case_are_one_landing() -> None:
    cases, eta = invented(800, jump=0.5)
    day = START + np.timedelta64(1000, "D")
    known = cases.known_on(day)
    five = Cases(*(np.repeat(v, 5) for v in (known.entered, known.seen, known.group)))
    assert rows_a_landing(known) == 1 and rows_a_landing(five) == 5
    once, often = (
        level_shift(x, c, day, HORIZON, 0.5, 0.5, shares_by_age(c, day, HORIZON))
        for x, c in ((eta, known), (np.repeat(eta, 5), five))
    )
    # The shares are learned from as many landed groups, but their weight in the count grows with the rows.
    assert often.shift == pytest.approx(once.shift, abs=0.06) and often.error == pytest.approx(once.error, rel=0.15)
    assert often.seen == 5 * once.seen


def test_nothing_after_the_day_is_looked_at() -> None:
    cases, eta = invented(jump=0.8)
    day = START + np.timedelta64(700, "D")
    rng = np.random.default_rng(1)
    changed = np.where(cases.seen > day, np.where(rng.random(len(eta)) < 0.5, NEVER, cases.seen + 9), cases.seen)
    other = Cases(cases.entered, changed, cases.group)
    past = [Rehearsal(START + np.timedelta64(300, "D"), eta)]
    rules = [choose_rule(past, c, day, HORIZON) for c in (cases, other)]
    assert rules[0] == rules[1]
    assert rules[0].level(eta, cases, day, HORIZON) == rules[0].level(eta, other, day, HORIZON)


def test_rehearsal_follows_a_level_that_jumped_and_lets_one_be_that_stays() -> None:
    day = START + np.timedelta64(1000, "D")
    past = np.timedelta64(300, "D")
    moved, eta = invented(4000, jump=1.0)
    rule = choose_rule([Rehearsal(START + past, eta)], moved, day, HORIZON)
    share = dict(rule.shares)
    assert share.get(STILL, 0.0) < 0.02 and rule.level(eta, moved, day, HORIZON).shift == pytest.approx(1.0, abs=0.35)
    shifts = []
    for seed in range(3):
        stays, eta = invented(2000, seed)
        shifts.append(
            choose_rule([Rehearsal(START + past, eta)], stays, day, HORIZON).level(eta, stays, day, HORIZON).shift
        )
    assert np.abs(shifts).mean() < 0.2


def test_young_cases_are_judged_by_what_can_have_been_seen_of_them() -> None:
    eta, share = np.array([-1.0, 0.5, 2.0]), np.array([0.3, 1.0, 0.6])
    p = expit(eta) * share
    assert censored_losses(eta, np.zeros(3, bool), share) == pytest.approx(-np.log(1 - p))
    # The share itself is the same for every level, so it is left out.
    assert censored_losses(eta, np.ones(3, bool), share) == pytest.approx(-np.log(expit(eta)))


def test_a_rule_is_read_back_as_it_was_told() -> None:
    cases, eta = invented(500)
    rule = choose_rule(
        [Rehearsal(START + np.timedelta64(300, "D"), eta)], cases, START + np.timedelta64(900, "D"), HORIZON
    )
    again = LevelRule.read(rule.told())
    assert [c for c, _ in again.shares] == [c for c, _ in rule.shares] and again.cases == rule.cases
    assert LevelRule.read(usual_rule().told()) == usual_rule()


# --- the term --------------------------------------------------------------------------------------------------------

NUMBERS = st.floats(-5, 5).map(lambda v: round(v * 2**10) / 2**10)


@given(NUMBERS, NUMBERS, st.lists(st.tuples(st.sampled_from(["展会", "以商", None]), NUMBERS), min_size=2, max_size=20))
@settings(max_examples=40, deadline=None)
def test_only_the_intercept_moves_and_reasons_still_add_up_to_the_last_bit(
    shift: float, base: float, rows: list[tuple[str | None, float]]
) -> None:
    frame = pd.DataFrame(rows, columns=["source", "visits"]).astype({"source": object})
    terms = [
        Term("source", "source", False, categories={"展会": 0.5}, missing=-0.25),
        Term("visits", "visits", True, np.array([0.0]), np.array([-0.5, 0.75])),
    ]
    plain = AdditiveTables(base, terms).rounded()
    moved = plain.levelled(shift / 3)
    assert moved.levelled(shift).score(frame).tolist() == plain.levelled(shift).score(frame).tolist()
    reasons = moved.contributions(frame)
    assert (reasons.drop(columns=LEVEL) == plain.contributions(frame)).all(axis=None) and reasons[LEVEL].nunique() == 1
    assert moved.intercept == plain.intercept
    score = moved.score(frame)
    assert (score == moved.intercept + reasons.sum(axis=1).to_numpy()).all()
    assert (score - plain.score(frame) == reasons[LEVEL].to_numpy()).all()
    assert np.array_equal(np.argsort(score, kind="stable"), np.argsort(plain.score(frame), kind="stable"))
    again = from_tables(moved.to_tables())
    assert again.score(frame).tolist() == score.tolist() and again.to_tables().equals(moved.to_tables())
    bulk = BulkScorer({"landing": moved}).score(_batch(frame)).to_pydict()
    assert bulk["landing_score"] == score.tolist() and LEVEL not in bulk["landing_reason_1"]


def _batch(frame: pd.DataFrame) -> Any:
    import pyarrow as pa

    return pa.RecordBatch.from_pandas(frame, preserve_index=False)


def test_the_level_is_a_row_of_its_own_in_the_tidy_table_and_a_number_in_sql() -> None:
    from models.additive.sql import to_sql

    moved = AdditiveTables(-1.0, [Term("source", "source", False, categories={"展会": 0.5})]).levelled(0.25)
    rows = moved.to_tables()
    level = rows[rows["kind"] == "constant"]
    assert list(rows.columns) == TABLE_COLUMNS and level[["term", "value"]].to_numpy().tolist() == [[LEVEL, 0.25]]
    assert level["feature"].isna().all()
    assert f'2.5e-1 AS "contribution: {LEVEL}"' in to_sql(moved, "leads")
    assert moved.blended(moved, 0.5).score(pd.DataFrame({"source": ["展会"]})).tolist() == [-0.25]


# --- landing ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office(district_of: Callable[..., Any]) -> Any:
    return district_of(n_leads=600, every="ME")


def test_cases_are_the_pairs_and_the_successes_that_labels_know(office: Any) -> None:
    pairs = pairs_through(office.features, office.data_through)
    cases, is_case = landing_cases(pairs, office.outcomes, office.data_through, SETTINGS)
    labels = labels_known_on(pairs, office.outcomes, office.data_through, SETTINGS)["label"].to_numpy()
    seen = np.full(len(pairs), False)
    seen[is_case] = ~np.isnat(cases.seen)
    assert (seen[labels == 1]).all() and not seen[labels == 0].any()
    assert not is_case[np.isnan(labels) & (labels_of_closed(pairs, office.outcomes))].any()


def labels_of_closed(pairs: pd.DataFrame, outcomes: pd.DataFrame) -> np.ndarray:
    """Pairs whose lead had landed or was lost by the as-of."""
    closed = outcomes[outcomes["stage"].isin([SETTINGS.milestone, SETTINGS.lost_stage])]
    first = pairs["lead_id"].map(closed.groupby("lead_id")["reached_date"].min())
    return (pd.to_datetime(first) <= pd.to_datetime(pairs["as_of_date"])).to_numpy()


def test_said_and_came_recomputed_lead_by_lead(office: Any) -> None:
    tables = SETTINGS.rule
    rule = LevelRule(((STILL, 1.0),))
    kinds = {"甲镇": "镇街"}
    features = office.features.assign(unit_name="甲镇")
    found = said_and_came(tables, rule, features, office.outcomes, office.data_through, SETTINGS, kinds)
    months = found[found["dimension"] == "月份"]
    assert len(months) == 12 and set(found["colour"]) <= {"正常", "留意", "不符"}
    for name in ("单位类型", "线索来源", "可能性"):
        part = found[found["dimension"] == name]
        assert part["came_count"].sum() == months["came_count"].sum()
        assert part["said_count"].sum() == pytest.approx(months["said_count"].sum(), abs=0.01)
    last = months.iloc[-1]
    pairs = pairs_through(features, office.data_through)
    pairs = pairs[pd.to_datetime(pairs["as_of_date"]) == pd.Timestamp(last["from_date"])]
    landed = (
        office.outcomes[office.outcomes["stage"] == "开工"].groupby("lead_id")[["reached_date", "known_date"]].min()
    )
    lost = office.outcomes[office.outcomes["stage"] == "终止"].groupby("lead_id")["reached_date"].min()
    came = count = 0
    for lead in pairs["lead_id"]:
        start = pd.Timestamp(last["from_date"])
        if lost.get(lead, start + pd.Timedelta(days=1)) <= start:
            continue
        if lead in landed.index:
            if landed.loc[lead, "reached_date"] <= start:
                continue
            came += bool(start < landed.loc[lead, "known_date"] <= pd.Timestamp(last["to_date"]))
        count += 1
    assert (came, count) == (last["came_count"], last["lead_count"])


@given(st.floats(0.1, 200), st.floats(0, 30))
@settings(max_examples=30, deadline=None)
def test_an_unsure_level_only_widens_the_interval(mean: float, error: float) -> None:
    low, high = count_interval(mean, 0.0)
    wide = count_interval(mean, error)
    assert low <= mean + 1 and high >= mean - 1 and wide[1] >= high - 1 and wide[0] <= low + 1


def test_the_level_moves_once_a_month_unless_the_check_is_red(office: Any, tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    report = {"kind": "model", "task": "landing", "passed": True, "label": "", "reasons": []}
    version, other = (
        registry.save("landing", t.to_tables(), report, {}) for t in (SETTINGS.rule, SETTINGS.rule.recalibrated(1, 0.5))
    )
    reads = []

    def read() -> Inputs:
        reads.append(1)
        return Inputs(office.features, office.outcomes, {})

    def on(day: str, version: str = version, is_off: bool = False) -> Any:
        return level_if_due(registry, SETTINGS, version, dt.date.fromisoformat(day), read, lambda: is_off)

    first = on("2026-05-04")
    assert on("2026-05-20") == first and on("2026-05-04") == first and len(reads) == 1
    moved = on("2026-05-21", is_off=True)
    assert moved.why == "检查不符" and on("2026-05-22") == moved and on("2026-05-04") == first
    assert on("2026-06-01").as_of == dt.date(2026, 6, 1)
    assert on("2026-06-02", other).version == other and len(reads) == 4
    pairs, through = pairs_through(office.features, dt.date(2026, 5, 4)), dt.date(2026, 5, 4)
    again = level_on(SETTINGS.rule, usual_rule(), pairs, office.outcomes, through, SETTINGS)
    assert first.level == again.told()


# --- the watch -------------------------------------------------------------------------------------------------------


def test_the_watch_keeps_evidence_and_starts_anew_after_red() -> None:
    said, came = [10.0] * 8, [10, 14, 18, 22, 24, 10, 10, 30]
    found = watch(said, came)
    colours = [c for _, c in found]
    red = colours.index("red")
    assert colours[0] == "green" and "yellow" in colours[:red]
    assert found[red + 1 :] == watch(said[red + 1 :], came[red + 1 :])
    assert [c for _, c in watch([40, 40], [20, 20])][-1] == "red", "a level that falls is seen too"


def test_of_twenty_districts_that_jump_eighteen_are_caught_and_those_that_stay_are_left_alone() -> None:
    """Counts of two years of months, 40 landings a month said; jumping districts have 60 from the 13th month on."""
    rng = np.random.default_rng(7)
    said = np.full(24, 40.0)
    caught = sum(
        any(c != "green" for _, c in watch(said[:14], rng.poisson(np.where(np.arange(14) < 12, 40.0, 60.0)))[12:])
        for _ in range(20)
    )
    reds = sum(sum(c == "red" for _, c in watch(said, rng.poisson(said))) for _ in range(20))
    assert caught >= 18 and reds <= 1
