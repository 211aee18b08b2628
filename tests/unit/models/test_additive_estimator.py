"""The additive estimators: scikit-learn contract, exact sums, shapes that keep their direction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from models.additive import AdditiveClassifier, AdditiveRegressor, from_tables
from models.additive.solver import Block, solve
from models.validation import log_loss, roc_auc


@parametrize_with_checks(
    [
        AdditiveClassifier(),
        AdditiveRegressor(),
        AdditiveRegressor(quantile=0.5, straight_held=0.1),
        AdditiveClassifier(monotone={"x0": 1}, max_bins=5),
    ]
)
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    check(estimator)


def leads(n: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "visits": rng.poisson(3, n).astype(float),
            "size": np.exp(rng.normal(8, 2, n)),
            "idle_days": pd.array(rng.integers(0, 200, n), dtype="Int64"),
            "source": rng.choice(["以企", "展会", "网络", "乡友"], n, p=[0.5, 0.3, 0.199, 0.001]),
            "is_foreign": rng.random(n) < 0.2,
            "money": [Decimal(int(v)) for v in rng.integers(1, 9, n)],
        }
    )
    eta = -1 + 0.4 * X["visits"] - 0.01 * X["idle_days"].astype(float) + 0.8 * (X["source"] == "以企")
    y = (rng.random(n) < expit(eta)).astype(int)
    X.loc[rng.random(n) < 0.2, "visits"] = np.nan
    X.loc[rng.random(n) < 0.1, "source"] = None
    X.loc[rng.random(n) < 0.1, "idle_days"] = pd.NA
    return X, y.to_numpy()


@pytest.mark.parametrize(
    "estimator", [AdditiveClassifier(), AdditiveRegressor(), AdditiveClassifier(monotone={"visits": 1})]
)
def test_reasons_sum_to_the_score_bit_for_bit(estimator: Any) -> None:
    X, y = leads()
    model = estimator.fit(X, y)
    score = model.decision_function(X) if hasattr(model, "decision_function") else model.predict(X)
    parts = model.explain(X)
    assert list(parts.columns) == list(X.columns) and parts.index.equals(X.index)
    assert (parts.sum(axis=1) + model.intercept_ == score).all()
    backwards = parts.iloc[:, ::-1].to_numpy().cumsum(axis=1)[:, -1] + model.intercept_
    assert (backwards == score).all()
    assert (from_tables(model.to_tables()).score(X) == score).all()
    assert (model.to_tables()["value"] * 2**24 % 1 == 0).all()


def test_each_term_is_centred_and_the_level_is_right() -> None:
    X, y = leads()
    weight = np.random.default_rng(1).uniform(0.1, 2, len(y))
    model = AdditiveClassifier(min_bin_weight=0).fit(X, y, sample_weight=weight)
    assert np.abs(np.average(model.explain(X), axis=0, weights=weight)).max() < 1e-6
    assert np.average(model.predict_proba(X)[:, 1], weights=weight) == pytest.approx(
        np.average(y, weights=weight), abs=1e-6
    )


def test_beats_the_base_rate_out_of_sample_and_keeps_up_with_logistic_regression_on_a_bent_shape() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(-2, 2, size=(4000, 2))
    y = (rng.random(4000) < expit(2 * np.abs(x[:, 0]) - 2)).astype(float)
    half = slice(0, 2000), slice(2000, 4000)
    p = AdditiveClassifier().fit(x[half[0]], y[half[0]]).predict_proba(x[half[1]])[:, 1]
    linear = LogisticRegression().fit(x[half[0]], y[half[0]]).predict_proba(x[half[1]])[:, 1]
    test = y[half[1]]
    assert log_loss(test, p) < log_loss(test, np.full(2000, y[half[0]].mean()))
    assert roc_auc(test, p) > roc_auc(test, linear) + 0.1


def test_directions_hold_and_the_fit_is_the_constrained_optimum() -> None:
    X, y = leads(600)
    model = AdditiveClassifier(monotone={"visits": -1, "idle_days": 1, "money": 1}, alpha=0.1).fit(X, y)
    shapes = {t.name: t.values for t in model.tables_.terms}
    assert (np.diff(shapes["visits"]) <= 0).all()
    assert (np.diff(shapes["idle_days"]) >= 0).all() and (np.diff(shapes["money"]) >= 0).all()
    free = {t.name: t.values for t in AdditiveClassifier(alpha=0.1).fit(X, y).tables_.terms}
    assert (np.diff(free["visits"]) > 0).any(), "the data says the opposite, so the constraint was at work"


def test_projected_newton_agrees_with_a_general_purpose_solver() -> None:
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    n, k = 300, 5
    slots = rng.integers(0, k, n)
    y = (rng.random(n) < expit(np.array([0.5, -0.5, 0.4, 0.0, 1.0])[slots])).astype(float)
    weight = rng.uniform(0.5, 2, n)
    found = solve([Block(slots, k, 0, 1)], y, weight, "logistic", 0.5, 1.0, 200, 1e-11)

    difference = np.diff(np.eye(k), axis=0)

    def objective(b: Any) -> float:
        theta = np.cumsum(b[1:])
        eta = b[0] + theta[slots]
        penalty = 0.5 * (k - 1) * np.sum((difference @ theta) ** 2) + 1e-3 / k * np.sum(theta**2)
        return float(weight @ (np.logaddexp(0, eta) - y * eta) + 0.5 * penalty)

    bounds = [(None, None), (None, None)] + [(0, None)] * (k - 1)
    reference = minimize(
        objective, np.zeros(k + 1), bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10}
    )
    expected = reference.x[0] + np.cumsum(reference.x[1:])
    assert found.intercept + found.shapes[0] == pytest.approx(expected, abs=1e-4)
    assert (np.diff(found.shapes[0]) >= 0).all() and (np.diff(found.shapes[0]) == 0).any()


def test_more_stiffness_gives_flatter_shapes() -> None:
    X, y = leads()
    spans = [np.ptp(AdditiveClassifier(alpha=a).fit(X, y).tables_.terms[0].values) for a in (0.1, 10, 1000)]
    assert spans[0] > spans[1] > spans[2]


def test_unseen_and_rare_categories_contribute_nothing() -> None:
    X, y = leads()
    model = AdditiveClassifier().fit(X, y)
    strange = X.head(3).assign(source=["火星", "乡友", "以企"])
    assert (X["source"] == "乡友").sum() < 5
    parts = model.explain(strange)["source"]
    assert parts.tolist()[:2] == [0.0, 0.0] and parts.tolist()[2] > 0


def test_row_order_and_repetition_give_the_same_model() -> None:
    X, y = leads(500)
    order = np.random.default_rng(0).permutation(len(X))
    one = AdditiveClassifier(monotone={"visits": 1}).fit(X, y).to_tables()
    two = AdditiveClassifier(monotone={"visits": 1}).fit(X, y).to_tables()
    shuffled = AdditiveClassifier(monotone={"visits": 1}).fit(X.iloc[order], y[order]).to_tables()
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    pd.testing.assert_frame_equal(one, shuffled, check_exact=False, atol=2**-23, rtol=0)


def test_weights_count_as_copies() -> None:
    X, y = leads(300)
    copies = np.random.default_rng(2).integers(0, 4, len(X))
    weighted = AdditiveClassifier().fit(X, y, sample_weight=copies).to_tables()
    repeated = AdditiveClassifier().fit(X.loc[np.repeat(X.index, copies)], np.repeat(y, copies)).to_tables()
    pd.testing.assert_frame_equal(weighted, repeated, check_exact=False, atol=2**-22, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monotone": {"source": 1}}, "source"),
        ({"monotone": {"nothing": 1}}, "nothing"),
        ({"monotone": {"visits": 2}}, "visits"),
        ({"categorical": ["nothing"]}, "nothing"),
        ({"max_bins": 1}, "max_bins"),
        ({"ridge": 0}, "ridge"),
    ],
)
def test_wrong_parameters_are_named(options: dict[str, Any], message: str) -> None:
    X, y = leads(100)
    with pytest.raises(ValueError, match=message):
        AdditiveClassifier(**options).fit(X, y)


def test_dates_are_refused() -> None:
    with pytest.raises(TypeError, match="dates"):
        AdditiveClassifier().fit(pd.DataFrame({"when": pd.date_range("2024-01-01", periods=4)}), [0, 1, 0, 1])


def test_an_explicit_category_may_be_a_number() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"code": rng.integers(1, 4, 300)})
    y = (rng.random(300) < np.where(X["code"] == 2, 0.8, 0.2)).astype(int)
    model = AdditiveClassifier(categorical=["code"]).fit(X, y)
    assert set(model.tables_.terms[0].categories) == {"1", "2", "3"}
    assert (model.decision_function(X) == model.decision_function(X.astype(float))).all()


def sizes(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """A size over six decades that the target follows as a line over its logarithm."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(9, 2.5, n))
    return pd.DataFrame({"size": size}), 0.9 * np.log1p(size) + rng.normal(scale=0.3, size=n)


def test_a_straight_part_is_the_penalised_optimum_by_dense_algebra() -> None:
    rng = np.random.default_rng(0)
    n, k, alpha, ridge, held = 200, 6, 2.0, 1.0, 0.05
    slots, positions = rng.integers(0, k, n), np.array([0.0, 0.5, 0.7, 2.0, 3.5, 4.0])
    y, weight = positions[slots] + rng.normal(size=n), rng.uniform(0.5, 2, n)
    found = solve([Block(slots, k, 0, 0, positions, held)], y, weight, "squared", alpha, ridge, 50, 1e-12)

    # By hand: rises over their distances; of the line through the positions only the share held is left in the matrix.
    rise = np.diff(np.eye(k), axis=0)
    rough = alpha * np.ptp(positions) * rise.T @ np.diag(1 / np.diff(positions)) @ rise
    line = rough @ positions
    rough -= (1 - held) * np.outer(line, line) / (positions @ line)
    assert positions @ rough @ positions == pytest.approx(held * alpha * np.ptp(positions) ** 2)
    X = np.column_stack([np.ones(n), np.eye(k)[slots]])
    penalty = np.zeros((k + 1, k + 1))
    penalty[1:, 1:] = rough + 1e-3 * ridge / k * np.eye(k)
    by_hand = np.linalg.solve(X.T @ (X * weight[:, None]) + penalty, X.T @ (y * weight))
    assert found.intercept + found.shapes[0] == pytest.approx(by_hand[0] + by_hand[1:], abs=1e-6)


def test_a_straight_part_follows_a_line_where_steps_are_wide_and_stays_a_table() -> None:
    (X, y), (new, truth) = sizes(400, 1), sizes(4000, 2)
    steps, straight = (AdditiveRegressor(straight_held=held, monotone={"size": 1}).fit(X, y) for held in (1.0, 0.01))
    error = [np.sqrt(np.mean((truth - m.predict(new)) ** 2)) for m in (steps, straight)]
    assert error[1] < 0.33 < 0.4 < error[0], "the noise alone is 0.3"
    values = straight.tables_.terms[0].values
    assert (np.diff(values) >= 0).all() and len(values) > len(steps.tables_.terms[0].values)
    assert (from_tables(straight.to_tables()).score(new) == straight.predict(new)).all()
    # Bent where the data say so: the line is let off, not enforced.
    bent = AdditiveRegressor(straight_held=0.01, alpha=0.3).fit(X, np.abs(y - y.mean()))
    assert np.mean(np.diff(bent.tables_.terms[0].values) < 0) > 0.2


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_a_quantile_has_its_share_below_it_and_is_that_of_every_group(quantile: float) -> None:
    rng = np.random.default_rng(3)
    group = rng.choice(["甲", "乙", "丙"], 6000)
    spread = pd.Series(group).map({"甲": 0.5, "乙": 1.0, "丙": 3.0}).to_numpy()
    y = rng.normal(size=6000) * spread
    X = pd.DataFrame({"group": group})
    weight = rng.integers(1, 3, 6000).astype(float)
    model = AdditiveRegressor(quantile=quantile, ridge=0.01).fit(X, y, sample_weight=weight)
    assert weight[y <= model.predict(X)].sum() / weight.sum() == pytest.approx(quantile, abs=1e-3)
    for name in ("甲", "乙", "丙"):
        at = group == name
        share = weight[at][y[at] <= model.predict(X[at])].sum() / weight[at].sum()
        assert share == pytest.approx(quantile, abs=0.04)


@pytest.mark.parametrize("quantile", [None, 0.1, 0.5])
def test_the_unit_of_the_target_changes_nothing_but_the_unit(quantile: float | None) -> None:
    rng = np.random.default_rng(4)
    X = pd.DataFrame({"group": rng.choice(["甲", "乙", "丙"], 300), "size": rng.lognormal(3, 1, 300)})
    y = X["group"].map({"甲": -1.0, "乙": 0.0, "丙": 1.0}).to_numpy() + np.log(X["size"]) + rng.normal(size=300)
    wan, yuan = (AdditiveRegressor(quantile=quantile, alpha=1.0, ridge=5.0).fit(X, unit * y) for unit in (1.0, 1e4))
    assert yuan.predict(X) == pytest.approx(1e4 * wan.predict(X), rel=1e-5, abs=1e-2)


def test_wrong_quantiles_and_shares_are_refused() -> None:
    X, y = sizes(50, 0)
    for wrong in ({"quantile": 1.0}, {"straight_held": 0.0}):
        with pytest.raises(ValueError, match="quantile|straight_held"):
            AdditiveRegressor(**wrong).fit(X, y)


@pytest.mark.parametrize("kind", [AdditiveClassifier, AdditiveRegressor])
@pytest.mark.parametrize("later", [["展会", None], [True, None], [3.5, None], ["2024", "x"]])
def test_a_column_empty_in_fit_may_hold_anything_at_scoring(kind: Any, later: list[Any]) -> None:
    empty = pd.DataFrame({"visits": [0.0, 1.0, 2.0, 3.0], "note": pd.Series([None] * 4, dtype=object)})
    model = kind().fit(empty, [0, 1, 0, 1])
    rows = pd.DataFrame({"visits": [1.0, 1.0], "note": pd.Series(later, dtype=object)})
    assert (model.explain(rows)["note"] == 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_counted_meetings_equal_the_matrix_of_meetings_bit_for_bit(seed: int) -> None:
    from models.additive.solver import Block, Design

    rng = np.random.default_rng(seed)
    n = 300
    blocks = [
        Block(rng.integers(-1, ordered + free, n), ordered, free, 0)
        for ordered, free in ((5, 1), (0, 7), (3, 0), (1, 1))
    ]
    held, counted = Design(blocks, n), Design(blocks, n, most_meetings=0)
    assert counted.counted and not held.counted
    for weight in (rng.random(n), np.ones(n)):
        full = held.curvature(weight)
        assert np.array_equal(counted.curvature(weight), full)
        dense = held.matrix.toarray()
        assert np.allclose(full, dense.T @ (dense * weight[:, None]))
