"""Skill of the landing estimator on three real pipelines, beside its peers, on the same rows and features.

Run `python -m benchmarks.landing --data DIR [--json FILE] [--few]`; DIR holds the files of shared/data/outcomes, or a
folder `outcomes` with them. Nothing is chosen on the rows after the cut: peers are tuned, like ours, by forward splits
inside the training window. Peers that are not installed (benchmarks/peers.lock) are named as missing. `--few` adds a
table of fits on the latest 100, 300 and 1,000 rows before the cut.

`--as-known` judges otherwise, and officially: retrained at every origin with what was known then (`benchmarks/as_known.py`, which
also says what an `--adapter` is). `--quick` takes yearly origins (half-monthly ones for leads) in place of monthly ones.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.as_known import Fit, load_adapter, run, task_of
from benchmarks.as_known import show as show_as_known
from benchmarks.measure import table
from benchmarks.outcomes import AS_KNOWN, PIPELINES, Floats, Pipeline, Rows
from models.additive import ForwardAdditiveClassifier
from models.additive.points import tables_from_points
from models.validation.metrics import (
    bootstrap_interval,
    difference,
    expected_calibration_error,
    lift_at_k,
    log_loss,
    roc_auc,
)

Method = Callable[[Rows, pd.DataFrame], Floats]
FEW = (100, 300, 1000)
SEEDS = 5
TREE_CATEGORIES = 250  # HistGradientBoosting takes 255 at most; the rest reads as missing, for all trees alike


def average_precision(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Mean precision over the landed rows, as scikit-learn has it; NaN without a landed row."""
    if not np.average(y, weights=weight) > 0:
        return float("nan")
    return float(average_precision_score(y, p, sample_weight=weight))


METRICS = {
    "auc": roc_auc,
    "ap": average_precision,
    "logloss": log_loss,
    "ece": expected_calibration_error,
    "lift10": lift_at_k,
}


def zeyou(train: Rows, X: pd.DataFrame) -> Floats:
    """Ours, with its defaults."""
    model = ForwardAdditiveClassifier().fit(train.X, train.y, time=train.time)
    return np.asarray(model.predict_proba(X)[:, 1])


def zeyou_as_known(train: Rows, weight: Floats, known: Any, groups: Any, X: pd.DataFrame) -> Floats:
    """Ours on rows known on a day; rows of one group weigh together as one case, and in the level once a quarter."""
    cases = weight * (len(np.unique(groups)) / len(groups))
    quarters = np.unique(np.column_stack([groups, train.time.astype("datetime64[M]").astype(int) // 3]), axis=0)
    model = ForwardAdditiveClassifier().fit(
        train.X,
        train.y,
        cases,
        time=train.time,
        known=known,
        groups=groups,
        level_weight=weight * (len(quarters) / len(groups)),
    )
    return np.asarray(model.predict_proba(X)[:, 1])


def as_known(method: Method) -> Fit:
    """A peer as the rolling benchmark calls it: on rows whose horizon is over, each with the weight 1."""
    return lambda train, weight, known, groups, X: method(train, X)


def base_rate(train: Rows, X: pd.DataFrame) -> Floats:
    return np.full(len(X), train.y.mean())


# What somebody of the trade might write down before any outcome: points by column, 20 to a unit of log odds. Nothing here
# was looked up in the files; the level (base_points) is a guess too, so the rule is judged by its order.
RULES: dict[str, dict[str, Any]] = {
    "queues": {
        "log_mw": {"missing": 0, "bins": [{"below": 3.1, "points": 10}, {"below": 4.7, "points": 4}, {"points": -6}]},
        "days_to_planned": {
            "missing": -4,
            "bins": [{"below": 731, "points": 6}, {"below": 1461, "points": 0}, {"points": -6}],
        },
        "is_developer_known": {"missing": 0, "categories": {"true": 3, "false": 0}},
    },
    "uk": {
        "log_mw": {"missing": 0, "bins": [{"below": 1.8, "points": 6}, {"below": 3.1, "points": 2}, {"points": -4}]},
        "technology": {"missing": 0, "categories": {"Solar Photovoltaics": 8, "Landfill Gas": 8, "Wind Onshore": -4}},
        "chp": {"missing": 0, "categories": {"Yes": 2, "No": 0}},
    },
    "leads": {
        "origin": {
            "missing": -4,
            "categories": {"referral": 6, "paid_search": 4, "organic_search": 4, "direct_traffic": 4, "email": -4}
            | {"social": -6, "display": -6, "other_publicities": -4, "unknown": 0, "other": 0},
        },
        "day_of_week": {"missing": 0, "categories": {"Saturday": -2, "Sunday": -2}},
    },
}


def rules(train: Rows, X: pd.DataFrame) -> Floats:
    """Points written by hand, whatever the training rows say; the columns tell which pipeline it is."""
    terms = next(t for t in RULES.values() if set(t) <= set(X.columns))
    sheet = tables_from_points({"label": "rules", "points_per_unit": 20, "base_points": -20, "terms": terms})
    return np.asarray(1 / (1 + np.exp(-sheet.score(X))))


def odoo(train: Rows, X: pd.DataFrame) -> Floats:
    """Odoo's predictive lead scoring: products of frequencies, each counted from 0.1, in won and in lost leads.

    A value never seen, or a field absent, is left out of the product, as there. Odoo scores categories only, so numbers
    enter as tenths of the training rows. The result is rounded to 0.01% between 0.01% and 99.99%, also as there.
    """
    won, lost = np.log(train.y.mean()), np.log(1 - train.y.mean())
    score = np.full((len(X), 2), [won, lost])
    for name in train.X.columns:
        old, new = train.X[name], X[name]
        if old.dtype.kind == "f":
            edges = np.unique(np.nanquantile(old, np.linspace(0.1, 0.9, 9))) if old.notna().any() else np.empty(0)
            old, new = (
                pd.Series(np.searchsorted(edges, c, side="right"), index=c.index).where(c.notna()) for c in (old, new)
            )
        counts = pd.crosstab(old.astype(object), train.y).reindex(columns=[1.0, 0.0], fill_value=0) + 0.1
        share = np.log(counts / counts.sum())
        score += share.reindex(new.astype(object)).fillna(0.0).to_numpy()
    p = 1 / (1 + np.exp(score[:, 1] - score[:, 0]))
    return np.asarray(np.clip(np.round(p, 4), 0.0001, 0.9999))


def _numbers(X: pd.DataFrame) -> list[str]:
    return [c for c in X.columns if X[c].dtype.kind == "f"]


def _text(X: pd.DataFrame) -> pd.DataFrame:
    """Categories as text, absence a category of its own."""
    return X.assign(**{c: X[c].astype(object).fillna("missing").astype(str) for c in X.columns.difference(_numbers(X))})


def _trees(train: pd.DataFrame, X: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Categories as categories; those not among the most frequent, and new ones, read as missing."""
    out = []
    for frame in (train, X):
        columns = {}
        for name in train.columns.difference(_numbers(train), sort=False):
            kept = train[name].dropna().astype(str).value_counts().index[:TREE_CATEGORIES]
            text = frame[name].astype(object).where(frame[name].notna())
            columns[name] = pd.Categorical(
                text.map(lambda v: v if pd.isna(v) else str(v)), categories=sorted(kept) or ["none"]
            )
        out.append(frame.assign(**columns))
    return out[0], out[1]


def _logistic(train: Rows, weight: Floats, X: pd.DataFrame, C: float = 1.0) -> Floats:
    numbers = [c for c in _numbers(train.X) if train.X[c].notna().any()]
    coded = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
        (
            OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5),
            list(train.X.columns.difference(_numbers(train.X), sort=False)),
        ),
    )
    model = LogisticRegression(C=C, max_iter=2000)
    model.fit(coded.fit_transform(_text(train.X)), train.y, sample_weight=weight)
    return np.asarray(model.predict_proba(coded.transform(_text(X)))[:, 1])


def _histogram(train: Rows, weight: Floats, X: pd.DataFrame, **options: Any) -> Floats:
    old, new = _trees(train.X, X)
    model = HistGradientBoostingClassifier(random_state=0, **options).fit(old, train.y, sample_weight=weight)
    return np.asarray(model.predict_proba(new)[:, 1])


def _lightgbm(train: Rows, weight: Floats, X: pd.DataFrame, **options: Any) -> Floats:
    from lightgbm import LGBMClassifier

    old, new = _trees(train.X, X)
    model = LGBMClassifier(random_state=0, n_jobs=1, verbose=-1, deterministic=True, **options)
    return np.asarray(model.fit(old, train.y, sample_weight=weight).predict_proba(new)[:, 1])


def _xgboost(train: Rows, weight: Floats, X: pd.DataFrame, **options: Any) -> Floats:
    from xgboost import XGBClassifier

    old, new = _trees(train.X, X)
    model = XGBClassifier(random_state=0, n_jobs=1, enable_categorical=True, **options)
    return np.asarray(model.fit(old, train.y, sample_weight=weight).predict_proba(new)[:, 1])


def _ebm(train: Rows, weight: Floats, X: pd.DataFrame) -> Floats:
    from interpret.glassbox import ExplainableBoostingClassifier

    model = ExplainableBoostingClassifier(random_state=0, n_jobs=1)
    return np.asarray(model.fit(_text(train.X), train.y, sample_weight=weight).predict_proba(_text(X))[:, 1])


def _recency(rows: int, half_life: float | None) -> Floats:
    return np.ones(rows) if half_life is None else 0.5 ** (np.arange(rows)[::-1] / (half_life * rows))


def plain(fit: Any) -> Method:
    """The method as it comes."""
    return lambda train, X: np.asarray(fit(train, np.ones(len(train.y)), X))


def tuned(fit: Any, grid: dict[str, list[Any]]) -> Method:
    """The method with options and half-life chosen by mean log loss over forward splits of the training rows."""

    def method(train: Rows, X: pd.DataFrame) -> Floats:
        cuts = [int(len(train.y) * share) for share in (0.4, 0.55, 0.7, 0.85)]
        cuts = [c for c in cuts if min(train.y[:c].sum(), c - train.y[:c].sum()) >= 5]
        best: tuple[float, dict[str, Any], float | None] = (np.inf, {}, None)
        for values in product(*grid.values()):
            options = dict(zip(grid, values, strict=True))
            for half_life in (None, 0.25):
                losses = []
                for cut in cuts:
                    early, late = train.at(slice(0, cut)), train.at(slice(cut, None))
                    losses.append(log_loss(late.y, fit(early, _recency(cut, half_life), late.X, **options)))
                loss = float(np.mean(losses)) if losses else 0.0
                if loss < best[0] - 1e-9:
                    best = (loss, options, half_life)
        return np.asarray(fit(train, _recency(len(train.y), best[2]), X, **best[1]))

    return method


METHODS: dict[str, tuple[str | None, Method]] = {
    "zeyou": (None, zeyou),
    "rules": (None, rules),
    "base_rate": (None, base_rate),
    "odoo": (None, odoo),
    "logistic": (None, plain(_logistic)),
    "logistic_tuned": (None, tuned(_logistic, {"C": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]})),
    "hist_gradient_boosting": (None, plain(_histogram)),
    "hist_gradient_boosting_tuned": (
        None,
        tuned(_histogram, {"learning_rate": [0.03], "max_iter": [50, 150], "max_leaf_nodes": [4, 15]}),
    ),
    "lightgbm": ("lightgbm", plain(_lightgbm)),
    "lightgbm_tuned": (
        "lightgbm",
        tuned(_lightgbm, {"learning_rate": [0.03], "n_estimators": [50, 150], "num_leaves": [4, 15]}),
    ),
    "xgboost": ("xgboost", plain(_xgboost)),
    "xgboost_tuned": (
        "xgboost",
        tuned(_xgboost, {"learning_rate": [0.05], "n_estimators": [50, 150], "max_depth": [2, 4]}),
    ),
    "ebm": ("interpret", plain(_ebm)),
}


# HistGradientBoosting and EBM take minutes a fit; plain boosters are behind their tuned selves everywhere.
AS_KNOWN_PEERS = ("base_rate", "odoo", "logistic_tuned", "lightgbm_tuned", "xgboost_tuned")


def measured(y: Floats, p: Floats) -> dict[str, tuple[float, float, float]]:
    """Value and 95% interval of every metric; the resamples are the same for all methods."""
    out = {}
    for name, metric in METRICS.items():
        low, high = bootstrap_interval(lambda m, f=metric: f(y, p, m), np.arange(len(y)), n_resamples=200)
        out[name] = (metric(y, p), low, high)
    return out


def show(pipeline: Pipeline, methods: dict[str, Method]) -> dict[str, dict[str, float]]:
    """Print the table of one pipeline and give its numbers."""
    y = pipeline.test.y
    print(
        f"\n{pipeline.name}: {len(pipeline.train.y):,} rows before the cut ({pipeline.train.y.mean():.3f} landed), "
        f"{len(y):,} after ({y.mean():.3f})"
    )
    rows = [("", "AUC", "AP", "log loss", "calibration error", "lift 10%", "AUC, ours minus it", "s")]
    numbers: dict[str, dict[str, float]] = {}
    ours: Floats | None = None
    for name, method in methods.items():
        started = time.perf_counter()
        p = method(pipeline.train, pipeline.test.X)
        seconds = time.perf_counter() - started
        ours = p if ours is None else ours
        found = measured(y, p)
        gap = difference(roc_auc, y, ours, p, np.arange(len(y)), n_resamples=200)
        against = "" if name == "zeyou" else f"{gap['value']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"
        cells = (f"{v:.3f} [{low:.3f}, {high:.3f}]" for v, low, high in found.values())
        rows.append((name, *cells, against, f"{seconds:.1f}"))
        numbers[name] = {metric: round(value[0], 6) for metric, value in found.items()}
    print(table(rows), flush=True)
    return numbers


def latest(train: Rows, n: int) -> Iterator[Rows]:
    """The latest ``n`` rows, then ``n`` drawn from the latest 1.5 ``n``, by seed; always oldest first."""
    yield train.at(slice(-n, None))
    pool = np.arange(len(train.y))[-int(1.5 * n) :]
    for seed in range(1, SEEDS):
        yield train.at(np.sort(np.random.default_rng(seed).choice(pool, n, replace=False)))


def show_few(pipeline: Pipeline, methods: dict[str, Method]) -> None:
    """Print mean AUC and log loss of fits on few rows, with 95% intervals of the means over the draws (Student's t)."""
    print(f"\n{pipeline.name}, few rows: AUC / log loss, mean over {SEEDS} draws of the latest rows [95% interval]")
    rows = [("", *(f"{n:,}" for n in FEW))]
    for name, method in methods.items():
        cells = []
        for n in FEW:
            found = []
            for train in latest(pipeline.train, n):
                p = method(train, pipeline.test.X)
                found.append((roc_auc(pipeline.test.y, p), log_loss(pipeline.test.y, p)))
            means = np.mean(found, axis=0)
            half = 2.776 * np.std(found, axis=0, ddof=1) / np.sqrt(SEEDS)
            told = (f"{m:.3f} [{m - h:.3f}, {m + h:.3f}]" for m, h in zip(means, half, strict=True))
            cells.append(" / ".join(told))
        rows.append((name, *cells))
    print(table(rows), flush=True)


def folder_of(data: Path) -> Path:
    """Folder of the outcomes' files: the one given or its folder ``outcomes``."""
    return data / "outcomes" if (data / "outcomes").is_dir() else data


def show_all_as_known(arguments: argparse.Namespace, methods: dict[str, Method]) -> None:
    """Judge the open pipelines, or those of the adapters, as known; print tables and write the numbers."""
    fits: dict[str, dict[str, Fit]] = {}
    for name, method in methods.items():
        if name == "zeyou":
            fits[name] = {"matured": zeyou_as_known, "decided": zeyou_as_known}
        elif name in AS_KNOWN_PEERS:
            fits[name] = {"matured": as_known(method)}
    tasks = {name: lambda n=name: load_adapter(n) for name in arguments.adapter}
    if not tasks:
        tasks = {n: lambda n=n: task_of(AS_KNOWN[n](folder_of(arguments.data)), n) for n in arguments.only}
    numbers = {}
    for load in tasks.values():
        task = load()
        every = arguments.every or (("SMS" if task.horizon < 100 else "YS") if arguments.quick else None)
        numbers[task.name] = run(task, fits, every)
        show_as_known(task.name, numbers[task.name])
        if arguments.json:
            arguments.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("ZEYOU_REFERENCE_DATA"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--only", nargs="+", choices=PIPELINES, default=list(PIPELINES), help="these pipelines")
    parser.add_argument("--without", nargs="+", choices=METHODS, default=[], help="not these methods")
    parser.add_argument("--as-known", action="store_true", help="retrained at every origin on what was known then")
    parser.add_argument("--adapter", nargs="+", default=[], help="with --as-known: judge these pipelines instead")
    parser.add_argument("--every", help="with --as-known: pandas offset between origins, as MS, QS, YS")
    parser.add_argument("--quick", action="store_true", help="with --as-known: few origins")
    arguments = parser.parse_args()
    if arguments.data is None and not arguments.adapter:
        print("landing: no --data and no ZEYOU_REFERENCE_DATA; the real pipelines are not part of the project")
        return
    missing = sorted({module for module, _ in METHODS.values() if module and not find_spec(module)})
    if missing:
        print(f"not installed, so missing below: {', '.join(missing)} (benchmarks/peers.lock)")
    methods = {
        name: method
        for name, (module, method) in METHODS.items()
        if module not in missing and name not in arguments.without
    }
    warnings.simplefilter("ignore")
    if arguments.as_known:
        show_all_as_known(arguments, methods)
        return
    folder = folder_of(arguments.data)
    numbers = {}
    for name in arguments.only:
        pipeline = PIPELINES[name](folder)
        numbers[name] = show(pipeline, methods)
        if arguments.json:
            arguments.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
        if arguments.few:
            quick = {
                k: m
                for k, m in methods.items()
                if k in ("zeyou", "rules", "base_rate", "odoo") or k.startswith("logistic")
            }
            quick |= {k: m for k, m in methods.items() if k in ("hist_gradient_boosting", "lightgbm", "xgboost")}
            show_few(pipeline, quick)


if __name__ == "__main__":
    sys.exit(main())
