"""PSI by hand, and it tells a moved column from one that stayed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from models.drift import DriftSettings, feature_drift, plot_distributions, plot_drift, stability_index


def test_index_by_hand() -> None:
    then = pd.Series(["甲"] * 8 + ["乙"] * 2)
    now = pd.Series(["甲"] * 3 + ["乙"] * 6 + [None])
    p = [8.5 / 11.5, 2.5 / 11.5, 0.5 / 11.5]
    q = [3.5 / 11.5, 6.5 / 11.5, 1.5 / 11.5]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert stability_index(then, now) == pytest.approx(expected)
    assert stability_index(then, then) == 0


def test_a_moved_column_comes_first_and_one_that_stayed_is_below_the_limit() -> None:
    rng = np.random.default_rng(3)
    then = pd.DataFrame({"a": rng.normal(size=2000), "b": rng.normal(size=2000), "c": [np.nan] * 2000})
    now = pd.DataFrame({"a": rng.normal(size=500), "b": rng.normal(2, size=500), "c": [np.nan] * 500})
    table = feature_drift(then, now, {"a": "留", "b": "移", "c": "空"}, 10)
    limit = DriftSettings.load().feature_psi_warn
    assert table["feature"].tolist()[0] == "b" and (table["psi"] > limit).sum() == 1
    assert (
        plot_drift(table, limit)[:4] == plot_distributions(then["a"].to_numpy(), now["b"].to_numpy())[:4] == b"\x89PNG"
    )
