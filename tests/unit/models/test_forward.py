"""The forward classifier: scikit-learn contract, exact sums, nothing learned from the future, bad inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.additive import ForwardAdditiveClassifier, from_tables
from models.additive.forward import _consistent_part, _cuts, _ranks, level_now
from models.validation import log_loss, roc_auc

Frame = tuple[pd.DataFrame, np.ndarray[Any, Any], np.ndarray[Any, Any]]


@parametrize_with_checks([ForwardAdditiveClassifier()])
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    check(estimator)


def pipeline(n: int = 400, seed: int = 0, drift: float = 0.0) -> Frame:
    rng = np.random.default_rng(seed)
    when = np.arange(n)
    X = pd.DataFrame(
        {
            "visits": rng.poisson(3, n).astype(float),
            "size": np.exp(rng.normal(8, 2, n)),
            "source": rng.choice(["以企", "展会", "网络", "乡友"], n, p=[0.5, 0.3, 0.19, 0.01]),
            "unit": rng.choice([f"镇{i}" for i in range(60)], n),
        }
    )
    slope = np.where(when / n < 0.5, 0.6, 0.6 * (1 - 2 * drift))
    eta = -1 + slope * (X["visits"] - 3) + 0.8 * (X["source"] == "以企")
    y = (rng.random(n) < expit(eta)).astype(int).to_numpy()
    X.loc[rng.random(n) < 0.2, "visits"] = np.nan
    X.loc[rng.random(n) < 0.1, "source"] = None
    return X, y, when


@pytest.fixture(scope="module")
def fitted() -> tuple[ForwardAdditiveClassifier, Frame]:
    X, y, when = pipeline()
    return ForwardAdditiveClassifier().fit(X, y, time=when), (X, y, when)


def test_reasons_sum_to_the_score_bit_for_bit(fitted: Any) -> None:
    model, (X, _, _) = fitted
    strange = X.assign(source="火星", size=np.where(np.arange(len(X)) % 2, np.inf, -np.inf))
    for rows in (X, strange):
        score = model.decision_function(rows)
        parts = model.explain(rows)
        assert (parts.sum(axis=1) + model.intercept_ == score).all()
        assert (parts.iloc[:, ::-1].to_numpy().cumsum(axis=1)[:, -1] + model.intercept_ == score).all()
        assert (from_tables(model.to_tables()).score(rows) == score).all()
    assert (model.to_tables()["value"] * 2**24 % 1 == 0).all()


def test_pairs_are_tables_too_and_come_back_from_the_tidy_table() -> None:
    rng = np.random.default_rng(3)
    n = 800
    X = pd.DataFrame({"group": rng.choice(list("abc"), n), "x": rng.normal(size=n), "noise": rng.normal(size=n)})
    y = rng.random(n) < expit(np.where(X["group"] == "a", 3, -3) * X["x"])
    model = ForwardAdditiveClassifier().fit(X, y, time=np.arange(n))
    assert "group × x" in list(model.explain(X).columns)
    new = X.assign(x=np.where(np.arange(n) % 7, X["x"], np.nan), group=X["group"].where(np.arange(n) % 5 > 0, "new"))
    assert (from_tables(model.to_tables()).score(new) == model.decision_function(new)).all()
    plain = ForwardAdditiveClassifier(max_pairs=0).fit(X, y, time=np.arange(n))
    assert roc_auc(y.astype(float), model.decision_function(X)) > 0.2 + roc_auc(
        y.astype(float), plain.decision_function(X)
    )


def test_same_rows_give_the_same_model_in_any_order_of_rows(fitted: Any) -> None:
    model, (X, y, when) = fitted
    again = clone(model).fit(X, y, time=when).to_tables()
    pd.testing.assert_frame_equal(model.to_tables(), again, check_exact=True)
    order = np.random.default_rng(0).permutation(len(X))
    shuffled = clone(model).fit(
        X.iloc[order], y[order], time=pd.Timestamp("2020-01-01") + pd.to_timedelta(when[order], "D")
    )
    pd.testing.assert_frame_equal(model.to_tables(), shuffled.to_tables(), check_exact=True)


def test_without_time_rows_are_taken_in_order(fitted: Any) -> None:
    model, (X, y, _) = fitted
    pd.testing.assert_frame_equal(model.to_tables(), clone(model).fit(X, y).to_tables(), check_exact=True)


def test_what_is_fitted_before_a_cut_never_sees_later_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, when = pipeline(300)
    seen: list[dict[Any, Any]] = []
    original = ForwardAdditiveClassifier._fit_all

    def spy(self: Any, frame: pd.DataFrame, *rest: Any) -> Any:
        fits = original(self, frame, *rest)
        if len(frame) < len(X):
            seen.append(fits.theta)
        return fits

    monkeypatch.setattr(ForwardAdditiveClassifier, "_fit_all", spy)
    ForwardAdditiveClassifier().fit(X, y, time=when)
    first, cut = list(seen), 120
    seen.clear()
    order = np.concatenate([np.arange(cut), cut + np.random.default_rng(0).permutation(len(X) - cut)])
    ForwardAdditiveClassifier().fit(X.iloc[order], y[order], time=when)
    assert first and all((first[0][key] == seen[0][key]).all() for key in first[0])


def test_cuts_never_part_rows_of_one_time() -> None:
    when = np.repeat(np.arange(10), 30)
    y = np.tile([0.0, 1.0], 150)
    for early, late in _cuts(y, np.ones(300), when):
        assert len(set(when[early]) & set(when[late])) == 0 and (early | late).all()
    assert _cuts(y, np.ones(300), np.zeros(300, dtype=int)) == []


def test_old_rows_weigh_less_where_the_world_has_turned_round() -> None:
    X, y, when = pipeline(1000, drift=1.0)
    model = ForwardAdditiveClassifier().fit(X, y, time=when)
    late, late_y, _ = pipeline(3000, seed=1, drift=1.0)
    late, late_y = late.iloc[1500:], late_y[1500:].astype(float)
    in_random_order = np.random.default_rng(0).permutation(1000)
    blind = ForwardAdditiveClassifier().fit(X, y, time=in_random_order)
    ours, theirs = (m.predict_proba(late)[:, 1] for m in (model, blind))
    assert log_loss(late_y, ours) < log_loss(late_y, theirs) and roc_auc(late_y, ours) > roc_auc(late_y, theirs)
    assert sum(share for key, share in model.weights_.items() if key[3] is not None) > 0.5


def test_a_suspect_absence_is_not_carried_to_a_register_not_seen_yet() -> None:
    rng = np.random.default_rng(0)
    n = 900
    register = rng.choice(["甲", "乙"], n)
    y = rng.random(n) < 0.3
    planned = np.where((register == "甲") == y, np.nan, rng.normal(size=n))
    planned = np.where(register == "乙", np.where(rng.random(n) < 0.5, np.nan, 1.0), planned)
    X = pd.DataFrame({"register": register, "planned": planned})
    model = ForwardAdditiveClassifier().fit(X, y, time=np.arange(n))
    assert model.suspects_["planned"][0] == "register"
    new = pd.DataFrame({"register": ["丙", "丙"], "planned": [np.nan, 1.0]})
    p = model.predict_proba(new)[:, 1]
    assert p[0] == p[1] and abs(p[0] - y.mean()) < 0.1
    known = model.predict_proba(pd.DataFrame({"register": ["甲", "甲"], "planned": [np.nan, -0.5]}))[:, 1]
    assert known[0] > 0.8 and known[1] < 0.1


def test_only_a_consistent_miss_of_the_level_is_carried_on() -> None:
    assert _consistent_part([-0.3, -0.28, -0.32], 1e9) == pytest.approx(-0.3, abs=0.01)
    assert _consistent_part([-0.3, 0.32, -0.1, 0.1], 1e9) == 0.0
    assert _consistent_part([-0.3], 1e9) == 0.0


def test_the_level_follows_young_cohorts_only_where_levels_do_move() -> None:
    rng = np.random.default_rng(4)
    n, when = 4000, np.arange(4000)
    still = (rng.random(n) < 0.2).astype(float)
    falling = (rng.random(n) < expit(-0.5 - 2 * when / n)).astype(float)
    for y, truth in ((still, 0.2), (falling, expit(-2.5))):
        eta = np.full(n, np.log(y.mean() / (1 - y.mean())))
        shift, variance = level_now(eta, y, np.ones(n), when)
        # The filter lags a cohort or two behind: 0.03, where the mean over all rows is 0.13 off.
        assert abs(expit(eta[0] + shift) - truth) < 0.03 and 0 < variance < 0.05
        copies = np.repeat(when, 2)
        assert level_now(eta[copies], y[copies], np.full(2 * n, 0.5), copies)[0] == pytest.approx(shift, abs=1e-9)
    eta = np.full(n, np.log(still.mean() / (1 - still.mean())))
    young = still[-1200:].mean()
    apparent = np.log(young / (1 - young)) - eta[0]
    assert abs(level_now(eta, still, np.ones(n), when)[0]) < abs(apparent) / 2, "chance is mostly not followed"


def test_the_fit_says_how_sure_its_level_is(fitted: Any) -> None:
    assert fitted[0].level_spread_ > 0
    X, _y, when = pipeline(15)
    assert ForwardAdditiveClassifier().fit(X, [0, 1, 1] * 5, time=when).level_spread_ is None


def test_few_rows_stay_close_to_the_base_rate() -> None:
    X, y, when = pipeline(60)
    model = ForwardAdditiveClassifier().fit(X, y, time=when)
    test, truth, _ = pipeline(2000, seed=9)
    p = model.predict_proba(test)[:, 1]
    assert log_loss(truth.astype(float), p) < log_loss(truth.astype(float), np.full(2000, y.mean()))


@pytest.mark.parametrize("n", [2, 10])
def test_ten_rows_and_two_give_a_model(n: int) -> None:
    X, _, when = pipeline(n)
    y = np.arange(n) % 2
    p = ForwardAdditiveClassifier().fit(X, y, time=when).predict_proba(X)
    assert np.isfinite(p).all() and ((p > 0) & (p < 1)).all()


def test_constant_empty_and_infinite_columns_and_ten_thousand_categories() -> None:
    n = 10_000
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    X = pd.DataFrame(
        {
            "constant": 1.0,
            "same": "一",
            "empty": pd.Series([None] * n, dtype=object),
            "no_number": np.nan,
            "id": [f"c{i}" for i in range(n)],
            "amount": np.where(np.arange(n) % 50 == 0, np.inf, x),
        }
    )
    y = rng.random(n) < expit(x)
    model = ForwardAdditiveClassifier().fit(X, y, time=np.arange(n))
    parts = model.explain(X)
    assert (parts[["constant", "same", "empty", "no_number", "id"]].abs().max() < 0.05).all()
    assert roc_auc(y.astype(float), model.decision_function(X)) > 0.65
    later = X.head(2).assign(empty=["有", "无"], amount=[-np.inf, np.nan])
    assert np.isfinite(model.decision_function(later)).all()


def test_columns_at_scoring_must_be_those_of_training(fitted: Any) -> None:
    model, (X, _, _) = fitted
    with pytest.raises(ValueError, match="unit"):
        model.decision_function(X.drop(columns="unit"))
    with pytest.raises(ValueError, match="order"):
        model.decision_function(X[X.columns[::-1]])
    tables = from_tables(model.to_tables())
    assert (tables.score(X[X.columns[::-1]]) == model.decision_function(X)).all()


def test_wrong_inputs_are_named() -> None:
    X, y, when = pipeline(80)
    with pytest.raises(ValueError, match="one class"):
        ForwardAdditiveClassifier().fit(X, np.zeros(80), time=when)
    with pytest.raises(ValueError, match="missing for 1 rows"):
        ForwardAdditiveClassifier().fit(X, y, time=[np.nan, *when[1:]])
    with pytest.raises(ValueError, match="79 entries"):
        ForwardAdditiveClassifier().fit(X, y, time=when[1:])
    with pytest.raises(ValueError, match="source"):
        ForwardAdditiveClassifier(monotone={"source": 1}).fit(X, y)
    with pytest.raises(ValueError, match="max_pairs"):
        ForwardAdditiveClassifier(max_pairs=-1).fit(X, y)


def test_directions_hold() -> None:
    X, y, when = pipeline(300)
    model = ForwardAdditiveClassifier(monotone={"visits": -1, "size": 1}).fit(X, y, time=when)
    shapes = {t.name: t.values for t in model.tables_.terms}
    assert (np.diff(shapes["visits"]) <= 0).all() and (np.diff(shapes["size"]) >= 0).all()


def test_times_may_be_dates_numbers_or_nothing() -> None:
    assert _ranks(None, 3).tolist() == [0, 1, 2]
    assert _ranks(pd.to_datetime(["2024-02-01", "2024-01-01", "2024-02-01"]), 3).tolist() == [1, 0, 1]


def test_outcomes_not_known_at_a_cut_are_not_learned_from_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y, when = pipeline(300)
    rows: list[int] = []
    original = ForwardAdditiveClassifier._fit_all

    def spy(self: Any, frame: pd.DataFrame, *rest: Any) -> Any:
        rows.append(len(frame))
        return original(self, frame, *rest)

    monkeypatch.setattr(ForwardAdditiveClassifier, "_fit_all", spy)
    model = ForwardAdditiveClassifier().fit(X, y, time=when, known=when + 50)
    # The cuts lie on days 119, 164, 209 and 254; each learns from days whose outcome was known by then, 0 to 69 and on.
    assert rows == [70, 115, 160, 205, 300] and model.rehearsed_by_ == "time"
    with pytest.raises(ValueError, match="known needs time"):
        ForwardAdditiveClassifier().fit(X, y, known=when)


def test_without_room_for_cuts_whole_groups_are_rehearsed() -> None:
    X, y, when = pipeline(300)
    groups = np.array([f"L{i // 3}" for i in range(300)])
    model = ForwardAdditiveClassifier().fit(X, y, time=when, known=when + 300, groups=groups)
    assert model.rehearsed_by_ == "groups" and len(model.rehearsals_) == 3
    assert {key[3] for key in model.weights_} == {None}, "folds of groups tell nothing of drift"
    assert sum(r["after"] for r in model.rehearsals_) == 300
    alone = ForwardAdditiveClassifier().fit(X, y, time=when, known=when + 300)
    assert alone.rehearsed_by_ == "none" and alone.level_spread_ is None


def test_a_level_that_settled_is_not_carried_on_falling() -> None:
    assert _consistent_part([-0.9, -0.8, -0.5, -0.1], 1e9, True) == pytest.approx(-0.1)
    assert _consistent_part([-0.9, -0.8, -0.5, 0.1], 1e9, True) == 0
    assert _consistent_part([-0.5, -0.5, -0.5, -0.5], 1e9, True) == pytest.approx(-0.5)
