"""The benchmark that judges as known: nothing after an origin is seen, adapters of any form are one task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import as_known
from benchmarks.as_known import Task, excess_calibration_error, load_adapter, measured, run, task_of
from benchmarks.outcomes import Floats, Rows

START = pd.Timestamp("2020-01-01")


def invented(n: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Cases of three years with a horizon of 90 days, whose level doubles in the middle."""
    rng = np.random.default_rng(seed)
    time = START + pd.to_timedelta(np.sort(rng.integers(0, 1000, n)), unit="D")
    x = rng.normal(size=n)
    p = 1 / (1 + np.exp(2 - x - 0.8 * (np.arange(n) > n / 2)))
    landed = rng.random(n) < p
    wait = np.where(landed, rng.integers(1, 90, n), 90)
    return {
        "frame": pd.DataFrame({"x": x}),
        "target": landed.astype(float),
        "time": time,
        "known": time + pd.to_timedelta(wait, unit="D"),
        "groups": None,
    }


def spy(told: list[Any]) -> Any:
    def fit(train: Rows, weight: Floats, known: Any, groups: Any, X: pd.DataFrame) -> Floats:
        told.append((len(train.y), float(train.y.sum()), float(weight.sum()), known.max()))
        return np.full(len(X), np.clip(np.average(train.y, weights=weight), 0.01, 0.99))

    return fit


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_known, "RESAMPLES", 20)


def judge(content: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    told: list[Any] = []
    return run(task_of(content, "invented"), {"mean": {"matured": spy(told), "decided": spy(told)}}, "QS"), told


def test_what_happens_after_an_origin_changes_nothing_of_it() -> None:
    content = invented()
    found, told = judge(content)
    last = pd.Timestamp(found["origins"][-1])
    known = pd.Series(content["known"])
    later = known > last
    flipped = content | {"target": np.where(later, 1 - content["target"], content["target"])}
    again, told_again = judge(flipped)
    assert told == told_again
    chosen = [[c["chosen"] for c in r["methods"].values()] for r in (found, again)]
    assert (
        chosen[0] == chosen[1]
        and found["methods"]["mean + level"]["log_loss"] != again["methods"]["mean + level"]["log_loss"]
    )


def test_training_rows_are_those_whose_horizon_is_over_and_decided_ones_weigh_what_they_stand_for() -> None:
    content = invented()
    task = task_of(content, "invented")
    day = np.datetime64("2021-06-01")
    over = (content["time"] + pd.Timedelta(days=90)) <= pd.Timestamp(day)
    label = task.labels(day)
    assert (~np.isnan(label) == over).all() and (label[over] == content["target"][over]).all()
    label, weight = task.decided(day)
    entered = np.asarray(content["time"] <= pd.Timestamp(day))
    # Each decided row stands for those that could not be followed as long: together for all that entered.
    assert weight[~np.isnan(label)].sum() == pytest.approx(entered.sum(), rel=0.05)
    assert (label[~np.isnan(label)] == content["target"][~np.isnan(label)]).all()


def test_an_adapter_may_be_a_tuple_a_mapping_an_object_or_a_file(tmp_path: Path) -> None:
    content = invented(300)
    path = tmp_path / "mine.py"

    class Given:
        pass

    given = Given()
    for key, value in content.items():
        setattr(given, key, value)
    tasks = [task_of(content, "a"), task_of(tuple(content.values()), "a"), task_of(given, "a")]
    path.write_text(
        "import pandas as pd\n"
        f"def load():\n    c = pd.read_pickle({str(tmp_path / 'c.pkl')!r})\n"
        "    return c['frame'], c['target'], c['time'], c['known'], c['groups']\n",
        encoding="utf-8",
    )
    pd.to_pickle(content, tmp_path / "c.pkl")
    tasks.append(load_adapter(str(path)))
    assert tasks[-1].name == "mine"
    for task in tasks:
        assert isinstance(task, Task) and task.horizon == 90, "all failures waited 90 days: that is the horizon"
        assert task.y.tolist() == content["target"].tolist()


def test_landings_after_the_horizon_and_without_a_day_are_no_landings_within_it() -> None:
    content = invented(300)
    landed = np.flatnonzero(content["target"] == 1)
    known = pd.Series(content["known"])
    known[landed[0]] = pd.NaT
    known[landed[1]] = content["time"][landed[1]] + pd.Timedelta(days=91)
    task = task_of(content | {"known": known, "horizon_days": 90}, "a")
    assert len(task.y) == 299 and task.y.sum() == len(landed) - 2


def test_excess_calibration_error_of_right_forecasts_is_nothing_and_of_wrong_ones_what_they_are_off() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.4, 4000)
    right = [excess_calibration_error((rng.random(4000) < p).astype(float), p) for _ in range(10)]
    assert abs(np.mean(right)) < 0.004
    off = excess_calibration_error((rng.random(4000) < p + 0.1).astype(float), p)
    assert off == pytest.approx(0.1 - 0.016, abs=0.02)


def test_the_gap_of_the_level_is_that_of_every_origin() -> None:
    truth, told = [np.array([0.0, 1.0]), np.array([1.0, 1.0, 0.0, 0.0])], [np.full(2, 0.75), np.full(4, 0.4)]
    found = measured(truth, told)
    assert found["level_gap_by_origin"] == [0.25, -0.1]
    assert found["mean_level_gap"][0] == pytest.approx((2 * 0.25 + 4 * 0.1) / 6)


def test_the_level_brings_a_rolling_forecast_nearer_to_what_comes() -> None:
    found, _ = judge(invented(2500))
    gap = {name: m["mean_level_gap"][0] for name, m in found["methods"].items()}
    assert gap["mean + level"] < gap["mean"]
