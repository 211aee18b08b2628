"""A model as SQL scores in DuckDB bit for bit as its tables do in NumPy."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.additive import AdditiveClassifier, AdditiveTables, ForwardAdditiveClassifier
from models.additive.sql import to_sql


def rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            'odd "name"': rng.normal(size=n),
            "amount": rng.choice([np.inf, -np.inf, np.nan, 0.0, 1.0, 2.5, 1e9], n),
            "group": rng.choice(["甲", "it's", "b"], n),
            "rare": rng.choice([f"k{i}" for i in range(400)], n),
            "is_new": rng.random(n) < 0.5,
        }
    )
    frame.loc[rng.random(n) < 0.2, ["rare", 'odd "name"']] = None
    frame.loc[rng.random(n) < 0.1, "group"] = None
    return frame


@pytest.mark.parametrize("estimator", [AdditiveClassifier(), ForwardAdditiveClassifier()])
def test_sql_and_tables_agree_bit_for_bit(estimator: AdditiveClassifier) -> None:
    train = rows(700, 0)
    y = np.random.default_rng(1).random(700) < expit(
        np.where(train["group"] == "甲", 3, -3) * train['odd "name"'].fillna(0.5)
    )
    model = estimator.fit(train.drop(columns="id"), y)
    if isinstance(model, ForwardAdditiveClassifier):
        assert any(t.cells for t in model.tables_.terms), "a pair is part of what is compared"
    new = rows(5000, 2)
    new.loc[::7, "group"] = "never seen"
    with duckdb.connect() as connection:
        connection.register("leads", new)
        found = connection.execute(to_sql(model.tables_, "leads", ["id"]) + " ORDER BY id").df()
    assert (found["score"].to_numpy() == model.decision_function(new.drop(columns="id"))).all()
    for name, values in model.explain(new.drop(columns="id")).items():
        assert (found[f"contribution: {name}"].to_numpy() == values.to_numpy()).all()


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(ValueError, match="oracle"):
        to_sql(AdditiveTables(0.0, []), "leads", dialect="oracle")  # type: ignore[arg-type]
