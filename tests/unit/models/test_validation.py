"""Splits, censoring, metrics and calibration, recomputed another way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from models.validation import (
    bootstrap_interval,
    brier_score,
    calibration_table,
    evaluate_probabilities,
    expected_calibration_error,
    forward_cutoffs,
    forward_splits,
    label_pairs,
    lift_at_k,
    log_loss,
    plot_calibration,
    precision_at_k,
    roc_auc,
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), levels=st.sampled_from([2, 5, 1000]))
def test_metrics_agree_with_scikit_learn(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.concatenate([[0.0, 1.0], (rng.random(50) < 0.3).astype(float)])
    p = np.round(rng.uniform(0.01, 0.99, 52) * levels) / levels * 0.98 + 0.01
    w = rng.uniform(0.1, 2, 52)
    assert roc_auc(y, p, w) == pytest.approx(reference.roc_auc_score(y, p, sample_weight=w))
    assert brier_score(y, p, w) == pytest.approx(reference.brier_score_loss(y, p, sample_weight=w))
    assert log_loss(y, p, w) == pytest.approx(reference.log_loss(y, p, sample_weight=w))


def test_precision_and_lift_by_hand() -> None:
    y = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0], dtype=float)
    p = np.linspace(0.9, 0.1, 10)
    assert precision_at_k(y, p, share=0.2) == 0.5
    assert lift_at_k(y, p, share=0.3) == pytest.approx((2 / 3) / 0.2)
    assert precision_at_k(y, np.full(10, 0.5), share=0.1) == pytest.approx(0.2), "ties count pro rata"


def test_calibration_error_is_zero_only_where_shares_come_true() -> None:
    y = np.array([1.0, 0, 0, 0] * 50 + [1.0, 1, 1, 0] * 50)
    good = np.repeat([0.25, 0.75], 200)
    assert expected_calibration_error(y, good) == pytest.approx(0)
    assert expected_calibration_error(y, good + 0.1) == pytest.approx(0.1)
    table = calibration_table(y, good)
    assert table["observed"].tolist() == [0.25, 0.75] and table["row_count"].sum() == 400
    assert ((table["low"] < table["observed"]) & (table["observed"] < table["high"])).all()
    png = plot_calibration(table)
    assert png.startswith(b"\x89PNG") and png == plot_calibration(table)


def test_interval_is_seeded_and_wider_when_rows_of_a_lead_repeat() -> None:
    rng = np.random.default_rng(0)
    y, p = (rng.random(200) < 0.4).astype(float), rng.random(200)
    rows = np.repeat(np.arange(200), 6)

    def brier(multiplicity: Any) -> float:
        return brier_score(y[rows], p[rows], multiplicity)

    by_lead, by_row = bootstrap_interval(brier, rows), bootstrap_interval(brier, np.arange(1200))
    assert by_lead == bootstrap_interval(brier, rows)
    assert by_lead[1] - by_lead[0] > 1.8 * (by_row[1] - by_row[0])
    found = evaluate_probabilities(y, p, np.arange(200), n_resamples=50)
    assert all(
        e["low"] <= e["value"] <= e["high"] for e in found.values() if e["value"] is not None and e["low"] is not None
    )
    assert evaluate_probabilities(np.zeros(20), p[:20], np.arange(20), n_resamples=20)["roc_auc"]["value"] is None


def test_forward_splits_train_only_on_what_was_known() -> None:
    as_of = pd.date_range("2020-01-31", periods=60, freq="ME")
    known = as_of + pd.Timedelta(days=365)
    splits = list(forward_splits(as_of, known, n_splits=3, test_share=0.5))
    assert len(splits) == 3
    for split in splits:
        assert (known[split.train] <= split.cutoff).all() and (as_of[split.test] >= split.cutoff).all()
        assert len(split.train) and len(split.test)
    tests = np.concatenate([s.test for s in splits])
    assert len(tests) == len(set(tests)) == 30
    assert forward_cutoffs([], 3, 0.5) == []


def outcomes(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["lead_id", "stage", "reached_date", "known_date"])


def pairs(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["lead_id", "as_of_date"])


OPTIONS: dict[str, Any] = {
    "milestone": "开工",
    "lost_stage": "终止",
    "horizon_days": 365,
    "data_through": dt.date(2024, 12, 31),
}


def test_matured_labels_wait_for_the_whole_horizon() -> None:
    happened = outcomes(
        ("early", "开工", "2023-06-01", "2023-06-10"),
        ("late", "开工", "2024-12-01", "2024-12-05"),
        ("young", "开工", "2024-06-01", "2024-06-02"),
        ("lost", "终止", "2023-03-01", "2023-03-01"),
        ("unheard", "开工", "2023-06-01", "2025-01-15"),
    )
    at = "2023-01-31"
    asked = pairs(
        ("early", at), ("late", at), ("young", "2024-03-31"), ("lost", at), ("unheard", at), ("early", "2023-06-30")
    )
    got = label_pairs(asked, happened, **OPTIONS)
    assert got["label"].fillna(-1).tolist() == [1.0, 0.0, -1.0, 0.0, 0.0, -1.0]
    assert got["weight"].tolist() == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    later = label_pairs(asked, happened, **OPTIONS, reporting_lag_days=365)
    assert later["label"].isna().all()
    assert (got["final_date"].dropna() == pd.Timestamp("2024-01-31")).all()


def test_labels_survive_an_office_without_outcomes() -> None:
    got = label_pairs(pairs(("a", "2023-01-31"), ("b", "2024-06-30")), outcomes(), **OPTIONS)
    assert got["label"].fillna(-1).tolist() == [0.0, -1.0]


def test_ipcw_recovers_the_rate_that_decided_pairs_alone_overstate() -> None:
    rng = np.random.default_rng(0)
    n, through = 20000, np.datetime64("2024-12-31")
    as_of = through - rng.integers(0, 730, n).astype("timedelta64[D]")
    landing = rng.exponential(900, n).astype(int) + 1
    losing = rng.exponential(2000, n).astype(int) + 1
    lead = np.array([f"L{i}" for i in range(n)])
    first = np.minimum(landing, losing)
    reached = as_of + first.astype("timedelta64[D]")
    stage = np.where(landing <= losing, "开工", "终止")
    seen = reached <= through
    happened = pd.DataFrame(
        {"lead_id": lead[seen], "stage": stage[seen], "reached_date": reached[seen], "known_date": reached[seen]}
    )
    asked = pd.DataFrame({"lead_id": lead, "as_of_date": as_of})
    truth = float(np.mean((landing <= 365) & (landing <= losing)))
    weighted = label_pairs(asked, happened, **OPTIONS, mode="ipcw")
    decided = weighted["label"].notna()
    naive = weighted.loc[decided, "label"].mean()
    corrected = np.average(weighted.loc[decided, "label"], weights=weighted.loc[decided, "weight"])
    matured = label_pairs(asked, happened, **OPTIONS)["label"]
    assert abs(corrected - truth) < 0.015 and abs(matured.mean() - truth) < 0.015
    assert naive - truth > 0.03
    assert decided.sum() > matured.notna().sum()


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="hope"):
        label_pairs(pairs(("a", "2023-01-31")), outcomes(), **OPTIONS, mode="hope")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["matured", "ipcw"])
def test_a_lead_that_came_back_is_a_case_again(mode: Any) -> None:
    """Lost and reopened (重启): no case while lost, one before and after; a loss that was undone decides nothing."""
    happened = outcomes(
        ("won", "终止", "2022-03-01", "2022-03-02"),
        ("won", "重启", "2022-06-01", "2022-06-03"),
        ("won", "开工", "2022-09-01", "2022-09-01"),
        ("twice", "终止", "2022-03-01", "2022-03-02"),
        ("twice", "重启", "2022-06-01", "2022-06-03"),
        ("twice", "终止", "2022-08-01", "2022-08-01"),
        ("back", "终止", "2022-03-01", "2022-03-01"),
        ("back", "重启", "2023-12-01", "2023-12-01"),
    )
    days = ("2022-02-28", "2022-04-30", "2022-06-30")
    asked = pairs(*((lead, day) for lead in ("won", "twice", "back") for day in days))
    got = label_pairs(asked, happened, **OPTIONS, mode=mode)
    assert got["label"].fillna(-1).tolist() == [1.0, -1.0, 1.0, 0.0, -1.0, 0.0, 0.0, -1.0, -1.0]
    if mode == "ipcw":  # decided by the loss that stands, not by the one that was undone
        assert [str(day.date()) for day in got["final_date"].dropna()[2:4]] == ["2022-08-01", "2022-08-01"]
    # Reopened, and too young to know.
    young = label_pairs(pairs(("back", "2024-06-30")), happened, **OPTIONS, mode=mode)
    assert young["label"].isna().all()
