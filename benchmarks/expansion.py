"""Who will set up elsewhere, and where: skill on a register of one's own, beside simple rules and peers.

Run `python -m benchmarks.expansion --register FILE --as-of 2004-01-01 [--cities FILE] --json OUT`. Everything is learned from what the
register told before the day; the twelve months after it are the examination. Cities (CSV province,city) are by default
the 24 that most firms of elsewhere went to in the year before. Peers take the same rows, weights and features, and are tuned
by a forward split: fitted on all training days but the last, judged on that one. Those that are not installed (benchmarks/peers.lock)
are named as missing. `--without-undated` leaves out the columns that a register does not date, `--quick` the peers.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.measure import table
from intake.moves import place_name, read_named_firms, tie_branches
from intake.registers import land_register
from models.expansion.evaluation import Ranking, compared
from models.expansion.features import YEAR, Floats, Known, Register, Rows, firm_features
from models.expansion.pairs import Ways
from models.expansion.places import distances
from models.expansion.settings import ExpansionSettings
from models.expansion.training import (
    ExpansionModel,
    TrainingRows,
    has_moved,
    pair_frame,
    propensity_rows,
    train_expansion,
)

FIRST = 1000
FIRST_OF_CITY = 200
CITIES = 24
CANDIDATES = 30_000  # firms of the highest propensity that are paired with a city; the rest can't reach its first 200
Fit = Callable[..., Callable[[pd.DataFrame], Floats]]


def read_register(path: Path, settings: ExpansionSettings) -> Register:
    """Land a register as the night does, tie its branches."""
    with tempfile.TemporaryDirectory() as folder:
        landed = Path(folder) / "register.parquet"
        land_register(path, landed, Path(folder) / "refused.parquet")
        firms = read_named_firms(landed)
    return Register(firms, tie_branches(firms), settings.networks)


# --- peers ----------------------------------------------------------------------------------------------------------


def _numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers on the scale of sizes, absence marked; categories as indicators; for the logistic regression."""
    out = {}
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind == "f":
            x = column.to_numpy(dtype=np.float64)
            out[name] = np.nan_to_num(np.sign(x) * np.log1p(np.abs(x)))
            if np.isnan(x).any():
                out[f"{name} missing"] = np.isnan(x).astype(float)
        else:
            for value in sorted(column.astype(str).unique()):
                out[f"{name} {value}"] = (column.astype(str) == value).astype(float).to_numpy()
    return pd.DataFrame(out)


def _trees(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        **{
            name: pd.Categorical(frame[name].astype(str), sorted(frame[name].astype(str).unique()))
            for name in frame.columns
            if frame[name].dtype.kind != "f"
        }
    )


def _logistic(frame: pd.DataFrame, y: Floats, weight: Floats, C: float = 1.0) -> Callable[[pd.DataFrame], Floats]:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=3000))
    coded = _numbers(frame)
    model.fit(coded, y, logisticregression__sample_weight=weight)
    return lambda X: np.asarray(model.decision_function(_numbers(X).reindex(columns=coded.columns, fill_value=0.0)))


def _aligned(frame: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        **{
            name: pd.Categorical(frame[name].astype(str), like[name].cat.categories)
            for name in like.columns
            if isinstance(like[name].dtype, pd.CategoricalDtype)
        }
    )


def _lightgbm(frame: pd.DataFrame, y: Floats, weight: Floats, **options: Any) -> Callable[[pd.DataFrame], Floats]:
    from lightgbm import LGBMClassifier

    old = _trees(frame)
    options = {"min_child_samples": 30, "colsample_bytree": 0.5, "reg_lambda": 10.0, **options}
    model = LGBMClassifier(random_state=0, n_jobs=1, verbose=-1, deterministic=True, **options)
    model.fit(old, y, sample_weight=weight)
    return lambda X: np.asarray(model.predict(_aligned(X, old), raw_score=True))


def _xgboost(frame: pd.DataFrame, y: Floats, weight: Floats, **options: Any) -> Callable[[pd.DataFrame], Floats]:
    from xgboost import XGBClassifier

    old = _trees(frame)
    model = XGBClassifier(
        random_state=0, n_jobs=1, enable_categorical=True, colsample_bytree=0.5, reg_lambda=10.0, **options
    )
    model.fit(old, y, sample_weight=weight)
    return lambda X: np.asarray(model.predict(_aligned(X, old), output_margin=True), dtype=np.float64)


def _ebm(frame: pd.DataFrame, y: Floats, weight: Floats, **options: Any) -> Callable[[pd.DataFrame], Floats]:
    from interpret.glassbox import ExplainableBoostingClassifier

    text = frame.assign(**{c: frame[c].astype(str) for c in frame.columns if frame[c].dtype.kind != "f"})
    model = ExplainableBoostingClassifier(random_state=0, n_jobs=1, outer_bags=4, **options)
    model.fit(text, y, sample_weight=weight)
    return lambda X: np.asarray(
        model.decision_function(X.assign(**{c: X[c].astype(str) for c in X.columns if X[c].dtype.kind != "f"}))
    )


PEERS: dict[str, tuple[str | None, Fit, dict[str, list[Any]]]] = {
    "logistic": (None, _logistic, {"C": [0.001, 0.01, 0.1, 1.0]}),
    "lightgbm": ("lightgbm", _lightgbm, {"learning_rate": [0.03], "n_estimators": [150, 400], "num_leaves": [4, 15]}),
    "xgboost": ("xgboost", _xgboost, {"learning_rate": [0.05], "n_estimators": [150, 400], "max_depth": [2, 4]}),
    "ebm": ("interpret", _ebm, {"interactions": [0, 10]}),
}


def tuned(
    fit: Fit, grid: dict[str, list[Any]], rows: TrainingRows
) -> tuple[Callable[[pd.DataFrame], Floats], dict[str, Any]]:
    """The peer with the options of the best average precision on the last training day, fitted on all."""
    late = rows.day == rows.day.max()
    best: tuple[float, dict[str, Any]] = (-1.0, {})
    for values in product(*grid.values()):
        options = dict(zip(grid, values, strict=True))
        predict = fit(rows.frame[~late].reset_index(drop=True), rows.y[~late], rows.weight[~late], **options)
        found = average_precision_score(
            rows.y[late], predict(rows.frame[late].reset_index(drop=True)), sample_weight=rows.weight[late]
        )
        if found > best[0]:
            best = (float(found), options)
    return fit(rows.frame, rows.y, rows.weight, **best[1]), best[1]


# --- the two examinations -------------------------------------------------------------------------------------------


def show_propensity(scores: dict[str, Floats], y: Floats, moved: Any) -> dict[str, dict[str, Any]]:
    """Print the table of all firms and of those that never moved; give its numbers."""
    everyone = compared({name: Ranking(score, y) for name, score in scores.items()}, FIRST)
    never = compared({name: Ranking(score[~moved], y[~moved]) for name, score in scores.items()}, FIRST)
    lines = [
        [
            "",
            f"hits of {FIRST:,}",
            "AP",
            "AUC",
            "ours minus it: hits",
            "AP",
            "AUC",
            "never moved: hits",
            "ours minus it",
        ]
    ]

    def cell(found: dict[str, Any], metric: str, digits: int, kind: str = "interval") -> str:
        low, high = found[f"{metric}_{kind}"]
        head = f"{found[metric]:.{digits}f} " if kind == "interval" else ""
        return f"{head}[{low:.{digits}f}, {high:.{digits}f}]"

    hits = f"hits_{FIRST}"
    for name, found in everyone.items():
        behind = ["", "", ""]
        if name != "zeyou":
            behind = [cell(found, m, d, "behind_first") for m, d in ((hits, 0), ("ap", 4), ("auc", 3))]
        lines.append(
            [name, cell(found, hits, 0), cell(found, "ap", 4), cell(found, "auc", 3), *behind,
             cell(never[name], hits, 0), "" if name == "zeyou" else cell(never[name], hits, 0, "behind_first")]
        )  # fmt: skip
        found["never_moved"] = never[name]
    print(table(lines), flush=True)
    return everyone


def cities_of(known: Known, path: Path | None) -> Rows:
    """Numbers of the cities asked for, each once; by default those that most firms of elsewhere went to lately."""
    names = known.register.place[1]
    if path is None:
        moves = known.moves
        lately = moves[moves["is_away"] & (moves["age"] <= YEAR) & np.isin(moves["firm"], known.population)]
        count = np.bincount(lately.drop_duplicates(["firm", "place"])["place"], minlength=len(names))
        return np.argsort(-count, kind="stable")[:CITIES]
    asked = pd.read_csv(path, dtype=str)
    places = place_name(asked["province"], asked["city"].fillna(""))
    number = {name: at for at, name in enumerate(names)}
    unknown = sorted({str(p) for p in places if p not in number})
    if unknown:
        print(f"no firm of the register lies in {'、'.join(unknown)}: left out")
    # Districts of a municipality are one place: firms move between them without going elsewhere.
    return np.array(list(dict.fromkeys(number[p] for p in places if p in number)), dtype=np.int64)


def show_affinity(
    known: Known, ways: Ways, model: ExpansionModel, frame: pd.DataFrame, propensity: Floats, cities: Rows
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Print how many events the first firms of elsewhere hold, summed over the cities; give the numbers."""
    register, population = known.register, known.population
    outcomes = known.outcomes()
    hits: dict[str, list[float]] = {}
    events, by_city = 0, []
    for city in cities:
        outside = np.flatnonzero(register.place[0][population] != city)
        y = np.isin(population[outside], outcomes.loc[outcomes["place"] == city, "firm"].to_numpy()).astype(float)
        events += int(y.sum())
        near = np.argsort(-propensity[outside], kind="stable")[:CANDIDATES]
        rows = outside[near]
        pairs = pair_frame(ways, population[rows], np.full(len(rows), city), frame.iloc[rows])
        affinity = model.score("affinity", pairs)
        product_of = np.full(len(outside), -np.inf)
        product_of[near] = propensity[rows] + pairs["way_home"].to_numpy()
        ours = np.full(len(outside), -np.inf)
        ours[near] = model.order(propensity[rows], affinity)
        scores = {
            "zeyou": ours,
            "branches": frame["away_count"].to_numpy()[outside],
            "propensity alone": propensity[outside],
            "propensity × flow": product_of,
            "capital": frame["capital_wan_cny"].fillna(0.0).to_numpy()[outside],
        }
        for name, score in scores.items():
            hits.setdefault(name, []).append(Ranking(score, y).metrics(FIRST_OF_CITY)[f"hits_{FIRST_OF_CITY}"])
        by_city.append([register.place[1][city], int(y.sum()), hits["zeyou"][-1]])
    rng = np.random.default_rng(1)
    draws = rng.integers(0, len(cities), (1000, len(cities)))
    lines, out = [["", f"hits of {FIRST_OF_CITY} a city", "95% (cities drawn)", "ours minus it"]], {}
    for name, found in hits.items():
        values = np.array(found)
        low, high = np.quantile(values[draws].sum(axis=1), [0.025, 0.975])
        gap = np.quantile((np.array(hits["zeyou"]) - values)[draws].sum(axis=1), [0.025, 0.975])
        lines.append(
            [name, f"{values.sum():.0f}", f"[{low:.0f}, {high:.0f}]",
             "" if name == "zeyou" else f"[{gap[0]:.0f}, {gap[1]:.0f}]"]
        )  # fmt: skip
        out[name] = {
            f"hits_{FIRST_OF_CITY}": float(values.sum()), "interval": [low, high], "behind_first": gap.tolist()
        }  # fmt: skip
    print(f"\nby destination: {events:,} events in {len(cities)} cities")
    print(table(lines), flush=True)
    print("、".join(f"{name} {hit:.0f}/{of}" for name, of, hit in by_city))
    return out, {"affinity_events": events, "affinity_cities": [name for name, _, _ in by_city]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("ZEYOU_REFERENCE_DATA")
    source = Path(default) / "enterprises" / "cn_registry_1978_2004_core.parquet" if default else None
    parser.add_argument("--register", type=Path, default=source)
    parser.add_argument("--as-of", default="2004-01-01")
    parser.add_argument("--cities", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--without-undated", action="store_true")
    arguments = parser.parse_args()
    if arguments.register is None:
        print("expansion: no --register and no ZEYOU_REFERENCE_DATA; the real register is not part of the project")
        return
    settings = ExpansionSettings.load()
    if arguments.without_undated:
        kept = tuple(f for f in settings.propensity if f.name not in settings.undated)
        settings = replace(settings, propensity=kept)
    as_of = np.datetime64(arguments.as_of, "D")
    started = time.process_time()
    register = read_register(arguments.register, settings)
    if register.firms.empty:
        parser.error(f"{arguments.register}: no row has a name, a date and a city; nothing can be learned")
    if register.day.max() < (pd.Timestamp(as_of) + pd.DateOffset(years=1, days=-1)).to_datetime64():
        print(f"the register ends on {register.day.max()}: the twelve months after {as_of} are not all in it")
    distance = distances(register.place[1])
    model = train_expansion(register, as_of, settings)
    print(f"{model.report['label']}: {model.report}")
    known = Known(register, as_of)
    frame = firm_features(known, distance)
    y = np.isin(known.population, known.outcomes()["firm"].to_numpy()).astype(float)
    propensity = model.score("propensity", frame)
    exact = model.contributions("propensity", frame.iloc[:100_000]).sum(axis=1).to_numpy() == propensity[:100_000]
    expected = float((1 / (1 + np.exp(-propensity))).sum())
    print(
        f"{len(y):,} firms, {y.sum():.0f} of them moved within twelve months ({expected:.0f} expected), "
        f"{y[~has_moved(frame)].sum():.0f} for the first time; reasons add up: {bool(exact.all())}; "
        f"{time.process_time() - started:.0f} s of processor"
    )
    scores = {
        "zeyou": propensity,
        "branches": frame["away_count"].to_numpy(),
        "capital": frame["capital_wan_cny"].fillna(0.0).to_numpy(),
        "newest": -frame["age_years"].to_numpy(),
    }
    chosen: dict[str, Any] = {}
    if not arguments.quick and model.kind == "model":
        missing = sorted({module for module, _, _ in PEERS.values() if module and not find_spec(module)})
        if missing:
            print(f"not installed, so missing below: {', '.join(missing)} (benchmarks/peers.lock)")
        names = settings.columns("propensity", has_moved=True)
        rows, _ = propensity_rows(register, as_of, settings, distance)
        rows = replace(rows, frame=rows.frame[names])
        for name, (module, fit, grid) in PEERS.items():
            if module not in missing:
                started = time.process_time()
                predict, chosen[name] = tuned(fit, grid, rows)
                scores[name] = predict(frame[names])
                print(f"{name}: {chosen[name]}, {time.process_time() - started:.0f} s of processor", flush=True)
    found: dict[str, Any] = {"as_of": str(as_of), "firms": len(y), "events": int(y.sum()), "expected_events": expected}
    found["propensity"] = show_propensity(scores, y, has_moved(frame))
    for name, options in chosen.items():
        found["propensity"][name]["options"] = options
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    cities = cities_of(known, arguments.cities)
    found["affinity"], beside = show_affinity(known, Ways(known, distance), model, frame, propensity, cities)
    found |= beside
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
