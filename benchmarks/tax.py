"""Pinball loss and coverage of the tax model, beside quantile boosting and linear quantile regression (税收模型).

Run `python -m benchmarks.tax [--data DIR] [--seed N ...]`, DIR with ashare_fundamentals (default ZEYOU_REFERENCE_DATA/enterprises). No public file holds
paid tax by project, so listed companies stand in for it: next year's revenue, and next year's profit with losses as 0. The fictional district is invented
with a signal in it (sample/PROCESS.md): no skill on a real district is claimed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import QuantileRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from benchmarks.measure import table
from models.tax import TaxSettings
from models.tax.evaluation import Floats, interval
from models.tax.evaluation import pinball as pinball_of
from models.tax.features import matrix
from models.tax.training import _log_tax, _Rehearsal, train_tax
from models.validation.calibration import wilson
from models.validation.metrics import log_loss, roc_auc
from models.validation.splits import forward_cutoffs
from orchestration.nightly import run_nightly
from orchestration.settings import Settings
from sample import write_sample

LEVELS = (0.1, 0.5, 0.9)
LAST_DAY = dt.date(2026, 6, 30)
MOST_LINEAR_ROWS = 1_500
LINEAR_ALPHA = 0.003  # scikit-learn's default of 1 leaves nothing but a constant
RESAMPLES = 500
Cut = tuple[pd.DataFrame, pd.DataFrame]


class Task:
    """Projects before and after a day, and the cuts inside the former with which ours chooses and measures."""

    def __init__(self, rehearsal: _Rehearsal, train: pd.DataFrame, test: pd.DataFrame, cuts: list[Cut]) -> None:
        self.rehearsal, self.train, self.test, self.cuts = rehearsal, train, test, cuts
        self.settings = rehearsal.settings
        self.y_train, self.y = _log_tax(train), _log_tax(test)

    def features(self, projects: pd.DataFrame) -> pd.DataFrame:
        """Hold the same features for every peer: numbers as float, categories of the training rows, others missing."""
        frame = matrix(projects, self.settings).copy()
        for name in frame:
            if name in self.settings.categorical:
                known = sorted(self.train[name].dropna().astype(str).unique())
                texts = projects[name].map(lambda v: None if pd.isna(v) else str(v))
                frame[name] = pd.Categorical(texts, categories=known)
            else:
                frame[name] = pd.to_numeric(frame[name]).astype(np.float64)
        return frame


def ours(task: Task) -> tuple[Floats, str]:
    """Give 10, 50 and 90% of the tax model as it stands: sums of tables, the ends moved by conformal ranks."""
    recipe, _, _ = task.rehearsal.choose(task.cuts)
    offsets = task.rehearsal.rehearse_all(task.cuts, recipe).offsets(task.settings.interval_level)
    if offsets is None:
        raise SystemExit("too few residuals for an interval")
    x = matrix(task.test, task.settings)
    middle = task.rehearsal.train(task.train, recipe).score(x)
    low, high = task.rehearsal.train_widths(task.train, recipe).moved(*offsets).ends(middle, x)
    return np.column_stack([low, middle, high]), recipe.told()


def constant(task: Task) -> tuple[Floats, str]:
    return np.tile(np.quantile(task.y_train, LEVELS), (len(task.y), 1)), ""


def hist_gradient_boosting(task: Task) -> tuple[Floats, str]:
    def fit(level: float) -> Floats:
        model = HistGradientBoostingRegressor(
            loss="quantile", quantile=level, categorical_features="from_dtype", random_state=0
        )
        return model.fit(task.features(task.train), task.y_train).predict(task.features(task.test))

    return np.column_stack([fit(level) for level in LEVELS]), "defaults"


def lightgbm(task: Task) -> tuple[Floats, str]:
    from lightgbm import LGBMRegressor

    def fit(level: float) -> Floats:
        model = LGBMRegressor(objective="quantile", alpha=level, verbose=-1, n_jobs=1, random_state=0)
        return np.asarray(
            model.fit(task.features(task.train), task.y_train).predict(task.features(task.test)), np.float64
        )

    return np.column_stack([fit(level) for level in LEVELS]), "defaults"


def signed_log(values: Floats) -> Floats:
    return np.sign(values) * np.log1p(np.abs(values))


def linear(task: Task) -> tuple[Floats, str]:
    """Numbers as logarithms, scaled, the median where missing; categories one-hot."""
    categorical = list(task.settings.categorical)
    numeric = [f.name for f in task.settings.features if f.name not in categorical]
    rows, note = np.arange(len(task.train)), f"logarithms, L1 {LINEAR_ALPHA}"
    if len(rows) > MOST_LINEAR_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_LINEAR_ROWS, replace=False))
        note += f", {MOST_LINEAR_ROWS:,} rows"

    def text(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.astype(object).where(frame.notna(), "")

    def fit(level: float) -> Floats:
        numbers = make_pipeline(
            FunctionTransformer(signed_log), SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
        )
        names = make_pipeline(FunctionTransformer(text), OneHotEncoder(handle_unknown="ignore", min_frequency=5))
        model = make_pipeline(
            make_column_transformer((numbers, numeric), (names, categorical), sparse_threshold=0),
            QuantileRegressor(quantile=level, alpha=LINEAR_ALPHA, solver="highs"),
        )
        model.fit(task.features(task.train).iloc[rows], task.y_train[rows])
        return np.asarray(model.predict(task.features(task.test)), np.float64)

    return np.column_stack([fit(level) for level in LEVELS]), note


METHODS: dict[str, Callable[[Task], tuple[Floats, str]]] = {
    "zeyou": ours,
    "constant (quantiles of the training rows)": constant,
    "hist_gradient_boosting": hist_gradient_boosting,
    "lightgbm": lightgbm,
    "linear quantile regression": linear,
}


def pinball(y: Floats, predicted: Floats) -> Floats:
    """Give the loss of every row (first axis) at every level."""
    return np.column_stack([pinball_of(y, predicted[:, at], level) for at, level in enumerate(LEVELS)])


def by_third(inside: npt.NDArray[np.bool_], middle: Floats) -> str:
    """Give the share inside the interval among the smallest, middle and largest third by a method's own middle."""
    thirds = np.array_split(inside[np.argsort(middle, kind="stable")], 3)
    return " ".join(f"{third.mean():.2f}" for third in thirds)


def show(name: str, tasks: Sequence[Task]) -> None:
    """Print one table over the test rows of all tasks, each fitted alone; quantiles that cross are put in order first."""
    counts = [(len(task.train), len(task.test)) for task in tasks]
    print(f"\n{name}: " + "; ".join(f"{before:,} before the cut, {after:,} after" for before, after in counts))
    header = [
        "",
        "pinball 10%",
        "50%",
        "90%",
        "mean",
        "mean, ours minus it",
        "inside 80% interval",
        "by third",
        "width",
        "s",
        "",
    ]
    rows, our_loss = [header], np.empty(0)
    y = np.concatenate([task.y for task in tasks])
    leads = np.concatenate([[f"{at} {lead}" for lead in task.test["lead_id"]] for at, task in enumerate(tasks)])
    for method_name, method in METHODS.items():
        if method_name == "lightgbm" and find_spec("lightgbm") is None:
            print("lightgbm is not installed (benchmarks/peers.lock)")
            continue
        started = time.perf_counter()
        found = [method(task) for task in tasks]
        seconds = time.perf_counter() - started
        predicted = np.sort(np.concatenate([one for one, _ in found]), axis=1)
        loss, less = pinball(y, predicted), ""
        inside = (y >= predicted[:, 0]) & (y <= predicted[:, 2])
        low, high = wilson(float(inside.mean()), float(len(y)))
        if method_name == "zeyou":
            our_loss = loss.mean(axis=1)
        else:
            d = interval(our_loss - loss.mean(axis=1), leads, RESAMPLES)
            less = f"{d['value']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}]"
        rows.append(
            [
                method_name,
                *(f"{v:.3f}" for v in loss.mean(axis=0)),
                f"{loss.mean():.3f}",
                less,
                f"{inside.mean():.3f} [{low:.3f}, {high:.3f}]",
                by_third(inside, predicted[:, 1]),
                f"{(predicted[:, 2] - predicted[:, 0]).mean():.2f}",
                f"{seconds:.1f}",
                "; ".join(dict.fromkeys(note for _, note in found)),
            ]
        )
    print(table(rows), flush=True)


def show_pays(name: str, task: Task) -> None:
    """Print the chance to pay anything beside the share of the training rows and logistic boosting."""
    alpha, _ = task.rehearsal.choose_pays(task.cuts)
    tables = task.rehearsal.train_pays(task.train, alpha)
    if tables is None:
        print(f"{name}: nobody paid nothing before the cut")
        return
    paid, y = task.y_train > 0, (task.y > 0).astype(np.float64)
    boosting = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
    boosting.fit(task.features(task.train), paid)
    chances = {
        f"zeyou, stiffness {alpha}": 1 / (1 + np.exp(-tables.score(matrix(task.test, task.settings)))),
        "share of the training rows": np.full(len(y), paid.mean()),
        "hist_gradient_boosting, defaults": boosting.predict_proba(task.features(task.test))[:, 1],
    }
    rows = [["", "log loss", "AUC", "mean chance", "paid"]]
    for method, p in chances.items():
        row = [f"{log_loss(y, p):.4f}", f"{roc_auc(y, p):.3f}", f"{p.mean():.3f}", f"{y.mean():.3f}"]
        rows.append([method, *row])
    print(f"\n{name}\n{table(rows)}", flush=True)


def listed(folder: Path, target: str) -> Task:
    """Learn 2014 from what was known of 2013, predict 2015 from what was known of 2014.

    Revenue of 2013 is that of 2014 over its stated growth (the same for 2014 gives the file's own figure back). One year to learn from leaves no cut in
    time inside it, so ours chooses and measures its residuals over five fifths of the companies, by order of code.
    """
    facts = pd.read_parquet(folder / "ashare_fundamentals_2014_2015.parquet").drop_duplicates(["code", "year"])
    since = pd.read_csv(folder / "ashare_stock_basic_2026.csv", dtype=str).drop_duplicates("symbol").set_index("symbol")
    growth = 1 + facts["mbrg"] / 100
    facts["last_revenue_wan_cny"] = (facts["revenue_mn_cny"] / growth.where(growth > 0)) * 100
    facts["years_listed"] = facts["year"] - pd.to_datetime(facts["code"].map(since["list_date"])).dt.year
    facts["years_listed"] = facts["years_listed"].where(facts["years_listed"] > 0)
    column = {"revenue": "revenue_mn_cny", "profit": "net_profit_mn_cny"}[target]
    frame = pd.DataFrame(
        {
            "lead_id": facts["code"],
            "as_of_date": facts["year"].map(lambda year: dt.date(year, 1, 1)),
            "is_open": True,
            "known_date": facts["year"].map(lambda year: dt.date(year + 1, 4, 30)),
            "paid_tax_wan_cny": facts[column].clip(lower=0) * 100,
            **{name: facts[name] for name in ("last_revenue_wan_cny", "years_listed", "industry", "area")},
        }
    ).sort_values(["as_of_date", "lead_id"], ignore_index=True)
    default = TaxSettings.load()
    settings = TaxSettings(
        **{
            **vars(default),
            "features": tuple(
                type(default.features[0])(name, name, monotone=int(name == "last_revenue_wan_cny"))
                for name in ("last_revenue_wan_cny", "years_listed", "industry", "area")
            ),
            "categorical": ("industry", "area"),
            "candidate_half_lives_days": (None,),  # one year: nothing to fade
        }
    )
    is_first = frame["as_of_date"] == dt.date(2014, 1, 1)
    train, test = frame[is_first].reset_index(drop=True), frame[~is_first].reset_index(drop=True)
    fifth = np.arange(len(train)) % 5
    cuts = [(train[fifth != at], train[fifth == at]) for at in range(5)]
    return Task(_Rehearsal(frame, frame, settings), train, test, cuts)


def district(seed: int, folder: Path) -> Task:
    """Write a fictional district, run the night, and cut its paid projects as training does."""
    write_sample(out=folder, leads=3000, register=20_000, seed=seed, as_of=LAST_DAY, progress=lambda line: None)
    home = folder / "home"
    result = run_nightly(Settings(home=home, inbox=folder / "inbox", register=folder / "register.parquet"), LAST_DAY)
    if not result.success:
        raise SystemExit("\n".join(result.problems))
    features = pd.read_parquet(home / "exports/features/ftr_lead__12m.parquet")
    outcomes = pd.read_parquet(home / "exports/marts/fct_outcomes.parquet")
    through, settings = LAST_DAY, TaxSettings.load()
    rehearsal = _Rehearsal(features, outcomes, settings)
    projects = rehearsal.known(through)
    day = pd.Timestamp(forward_cutoffs(projects["known_date"], 1, settings.holdout_share)[0]).date()
    train = rehearsal.known(day)
    test = projects[~projects["lead_id"].isin(train["lead_id"])].reset_index(drop=True)
    report = train_tax(features, outcomes, through, settings).report
    held = report["holdout"]
    errors = ", ".join(f"{k} {held[f'mae_log_{k}']['value']:.3f}" for k in ("model", "baseline", "rule"))
    print(
        f"seed {seed}: training itself ends as {report['kind']}; hold-out from {held['from']}, {held['row_count']} rows,"
        f" mean absolute error {errors}; inside its interval {held['coverage']['value']:.3f}",
        flush=True,
    )
    return Task(rehearsal, train, test, rehearsal.cuts(train))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--seed", type=int, nargs="*", default=[7, 8, 9])
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    folder = chosen.data or Path(os.environ.get("ZEYOU_REFERENCE_DATA", "")) / "enterprises"
    print("loss on log1p(万元), where all are fitted; lower is better; 95% intervals")
    show("listed companies, revenue of the year (a stand-in, not tax)", [listed(folder, "revenue")])
    profit = listed(folder, "profit")
    show("listed companies, profit of the year, losses as 0 (a stand-in, not tax)", [profit])
    show_pays("the chance of any profit", profit)
    print()
    tasks = []
    for seed in chosen.seed:
        with tempfile.TemporaryDirectory() as home:
            tasks.append(district(seed, Path(home)))
    if tasks:
        show(f"fictional districts (合成数据), seeds {chosen.seed}, paid tax, each learned alone", tasks)


if __name__ == "__main__":
    main()
