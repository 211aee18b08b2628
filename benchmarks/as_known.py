"""Probabilities judged as known: retrained at every origin on what was known then, tested on what entered next.

Belongs here: the protocol, its metrics and tables, and the adapter by which any other pipeline is judged.
Does not belong here: the methods (``landing``), reading the three open pipelines (``outcomes``).

`python -m benchmarks.landing --as-known [--json OUT] [--quick] [--only NAME ...] [--adapter MODULE ...]`

An adapter is a module that can be imported (or a path to a .py file) with a function ``load()``. It returns a mapping,
an object or a tuple with, in this order:

- ``frame``: DataFrame of features known on entering, one row per case (or per case and as-of day);
- ``target``: 1 landed, 0 did not, NaN undecided;
- ``time``: day on which the row entered (its as-of day);
- ``known``: day on which the target was known: of a landing the day it was seen, of a failure the day it failed or its
  horizon was over; NaT where it is not known. A landing without a day is left out;
- ``groups``: what belongs together (one lead, many months), or None.

A mapping or object may add ``name``, ``horizon_days`` (landing within so many days is what is foretold), ``end`` (last day of
data), ``start`` (first origin) and ``every`` (pandas offset between origins, month starts by default). Without a
horizon it is the wait of the failures if that is one and the same, else the wait within which 95% of the landings came.
Without an end it is the last day in ``known`` or ``time``.

At an origin a row is a training row once its horizon is over (a success that was seen, or not). Rows entered from the
origin until the next are tested, by their final outcome. Models of earlier origins are the rehearsals from which the level's
rule (``models.level``) is chosen, for ours and for every peer alike; no outcome after the origin is looked at.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from benchmarks.measure import table
from benchmarks.outcomes import Floats, Rows
from models.additive.solver import solve_level
from models.level import Cases, Kept, LevelRule, Rehearsal, censored_losses, choose_rule, rows_a_landing, shares_by_age
from models.validation.censoring import decided_weights
from models.validation.metrics import expected_calibration_error, log_loss, roc_auc

Days = npt.NDArray[np.datetime64]
FEWEST_TRAINED = (100, 15)  # rows, landed rows at an origin
RESAMPLES = 1000
YOUNG_AT_FIRST = 0.02  # share of the fit that learns from young rows too, before any rehearsal
NEAR = 1e-6  # probabilities are kept this far from 0 and 1 before their log odds are shifted
FIELDS = ("frame", "target", "time", "known", "groups")


@dataclass(frozen=True)
class Task:
    """One pipeline to be judged as known; rows oldest first."""

    name: str
    X: pd.DataFrame
    y: Floats  # landed within the horizon: final
    cases: Cases
    lost: Days  # day on which the row was known to have failed before its horizon was over; NaT otherwise
    horizon: int
    end: np.datetime64
    start: np.datetime64 | None = None
    every: str = "MS"

    @property
    def over(self) -> Days:
        """Day on which each row's horizon is over."""
        return self.cases.entered + np.timedelta64(self.horizon, "D")

    def labels(self, day: np.datetime64) -> Floats:
        """Labels of the rows whose horizon was over on ``day``, as known then; NaN for all others."""
        return np.where(self.over <= day, (self.cases.seen <= day).astype(np.float64), np.nan)

    def decided(self, day: np.datetime64) -> tuple[Floats, Floats]:
        """Labels and inverse-censoring weights of all rows decided by ``day``, the young ones included."""
        return decided_weights(self.cases.entered, self.cases.seen, self.lost, self.horizon, day)

    def is_enough(self, day: np.datetime64) -> bool:
        """Whether there is enough to train on."""
        label = self.labels(day)
        landed, lost = (label == 1).sum(), (label == 0).sum()
        return bool(landed + lost >= FEWEST_TRAINED[0] and min(landed, lost) >= FEWEST_TRAINED[1])

    def origins(self, every: str | None = None) -> tuple[list[np.datetime64], list[np.datetime64]]:
        """Days to rehearse on, and origins to be judged: those whose rows have a final outcome."""
        first, last = self.cases.entered.min(), self.end - np.timedelta64(self.horizon, "D")
        start = pd.Timestamp(first) if self.start is None else pd.Timestamp(self.start)
        offset = pd.tseries.frequencies.to_offset(every or self.every)
        after = pd.date_range(start, pd.Timestamp(last), freq=offset)
        back: list[pd.Timestamp] = []
        while len(after) and (at := (back[-1] if back else after[0]) - offset) > pd.Timestamp(first):
            back.append(at)
        days = [np.datetime64(d, "D") for d in [*reversed(back), *after]]
        days = [d for d in days if self.is_enough(d)]
        judged = [d for d in days if self.start is None or d >= self.start]
        if self.start is None:
            judged = judged[max(1, len(judged) // 4) :]  # the first quarter is rehearsal only
        return [d for d in days if d not in set(judged)], judged


def task_of(content: Any, name: str) -> Task:
    """Read what an adapter's ``load()`` gave."""
    if isinstance(content, (tuple, list)):
        content = dict(zip(FIELDS, content, strict=True))
    get: Callable[..., Any] = content.get if isinstance(content, Mapping) else lambda k, d=None: getattr(content, k, d)
    frame = pd.DataFrame(get("frame")).reset_index(drop=True)
    target = pd.to_numeric(pd.Series(np.asarray(get("target"), dtype=object))).to_numpy(dtype=np.float64)
    entered, known = (
        np.asarray(pd.to_datetime(pd.Series(np.asarray(get(k)))).to_numpy(), dtype="datetime64[D]")
        for k in ("time", "known")
    )
    groups = get("groups")
    group = np.arange(len(frame)) if groups is None else pd.factorize(np.asarray(groups))[0]
    wait = (known - entered).astype(np.float64)
    landed, failed = target == 1, target == 0
    horizon = get("horizon_days")
    if horizon is None:
        waits = np.unique(wait[failed & ~np.isnat(known)])
        horizon = waits[0] if len(waits) == 1 else np.ceil(np.quantile(wait[landed & ~np.isnat(known)], 0.95))
    horizon = int(horizon)
    within = landed & (wait <= horizon)
    dates = np.concatenate([known[~np.isnat(known)], entered])
    end = np.datetime64(get("end"), "D") if get("end") is not None else dates.max()
    order = np.lexsort((np.arange(len(frame)), entered))
    order = order[~(landed & np.isnat(known))[order]]
    lost = np.where(failed & (wait < horizon), np.maximum(known, entered), np.datetime64("NaT", "D"))
    seen = np.where(within, np.maximum(known, entered), np.datetime64("NaT", "D"))
    start = get("start")
    return Task(
        str(get("name", None) or name),
        frame.iloc[order].reset_index(drop=True),
        within[order].astype(np.float64),
        Cases(entered[order], seen[order], np.asarray(group, dtype=np.intp)[order]),
        lost[order],
        horizon,
        end,
        None if start is None else np.datetime64(start, "D"),
        str(get("every", None) or "MS"),
    )


def load_adapter(source: str) -> Task:
    """Import an adapter by its module name or path, and read what it loads."""
    if source.endswith(".py"):
        spec = importlib.util.spec_from_file_location(Path(source).stem, source)
        if spec is None or spec.loader is None:
            raise SystemExit(f"{source} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        sys.modules[Path(source).stem] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(source)
    name = Path(source).stem if source.endswith(".py") else source.rsplit(".", 1)[-1]
    return task_of(module.load(), name)


# A fit of one day: training rows (label, weight, day each label was known) to log odds of all rows of the task.
Fit = Callable[[Rows, Floats, Days, npt.NDArray[np.intp], pd.DataFrame], Floats]


@dataclass
class Judged:
    """Predictions of one method on all tested rows, oldest origin first."""

    p: list[Floats] = field(default_factory=list)
    chosen: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


def run(task: Task, fits: Mapping[str, Mapping[str, Fit]], every: str | None) -> dict[str, Any]:
    """Judge every method as it comes and with the level; one that may learn from young rows too, with these as well.

    A method is a mapping of label weightings ("matured", "decided") to fits.
    """
    warm, judged = task.origins(every)
    blocks = _blocks(task, judged)
    out: dict[str, Judged] = {}
    for name, modes in fits.items():
        kept: dict[str, list[Rehearsal]] = {mode: [] for mode in modes}
        shifts: dict[str, Kept] = {mode: {} for mode in modes}
        lines = {name: Judged(), f"{name} + level": Judged()}
        if len(modes) > 1:
            lines[f"{name} + level + young"] = Judged()
        started = clock.process_time()
        for day in [*warm, *judged]:
            now = {mode: Rehearsal(day, _eta(task, mode, fit, day)) for mode, fit in modes.items()}
            if day in blocks:
                for line, (score, chosen) in zip(lines, _tell(task, kept, now, blocks[day], shifts), strict=True):
                    lines[line].p.append(np.asarray(expit(score)))
                    lines[line].chosen.append(chosen)
            for mode, rehearsal in now.items():
                kept[mode].append(rehearsal)
        lines[name].seconds = clock.process_time() - started
        out |= lines
    truth = [task.y[rows] for rows in blocks.values()]
    return {
        "origins": [str(d) for d in blocks],
        "rehearsed_before": [str(d) for d in warm],
        "horizon_days": task.horizon,
        "rows": [len(y) for y in truth],
        "landed": [round(float(y.mean()), 6) for y in truth],
        "methods": {
            name: measured(truth, j.p) | {"chosen": j.chosen, "cpu_s": round(j.seconds, 1)} for name, j in out.items()
        },
        "oracle_level": {name: _oracle(truth, j.p) for name, j in out.items()},
    }


def _blocks(task: Task, judged: Sequence[np.datetime64]) -> dict[np.datetime64, npt.NDArray[np.intp]]:
    last = task.end - np.timedelta64(task.horizon, "D")
    until = [*judged[1:], last + np.timedelta64(1, "D")][: len(judged)]
    entered = task.cases.entered
    found = {d: np.flatnonzero((entered >= d) & (entered < u)) for d, u in zip(judged, until, strict=True)}
    return {d: rows for d, rows in found.items() if len(rows)}


def _eta(task: Task, mode: str, fit: Fit, day: np.datetime64) -> Floats:
    if mode == "matured":
        label = task.labels(day)
        weight, final = np.ones(len(label)), task.over
    else:
        label, weight = task.decided(day)
        final = np.where(label == 1, task.cases.seen, np.where(np.isnat(task.lost), task.over, task.lost))
    rows = np.flatnonzero(~np.isnan(label) & (task.cases.entered < day))
    train = Rows(task.X.iloc[rows].reset_index(drop=True), label[rows], task.cases.entered[rows])
    p = fit(train, weight[rows], final[rows], task.cases.group[rows], task.X)
    return np.asarray(logit(np.clip(p, NEAR, 1 - NEAR)))


def _tell(
    task: Task,
    kept: Mapping[str, Sequence[Rehearsal]],
    now: Mapping[str, Rehearsal],
    rows: npt.NDArray[np.intp],
    shifts: Mapping[str, Kept],
) -> list[tuple[Floats, dict[str, Any]]]:
    """Log odds of one origin's rows, and what was chosen: as it comes, with the level, and averaged with the young rows' fit.

    The level's rule is that of the rehearsals so far. The share of the fit that learned from young rows is how likely it
    made the rehearsals beside the other, from 1 in 50 on: few young rows with large weights may say anything.
    """
    day = now["matured"].day
    scores, losses, told = {}, {}, {}
    for mode, past in kept.items():
        rule = choose_rule(past, task.cases, day, task.horizon, shifts[mode])
        level = rule.level(now[mode].eta, task.cases, day, task.horizon, shifts[mode])
        scores[mode] = now[mode].eta[rows] + level.shift
        losses[mode] = _rehearsed_losses(past, rule, task, day, shifts[mode])
        (follows, windows, spread), share = max(rule.shares, key=lambda s: s[1])
        told[mode] = {"follows": follows, "windows": list(windows), "spread": spread, "share": round(share, 3)}
        told[mode] |= {"shift": round(level.shift, 4), "error": round(level.error, 4)}
    found = [(now["matured"].eta[rows], {}), (scores["matured"], told["matured"])]
    if "decided" in kept:
        gain = np.nansum(losses["matured"] - losses["decided"]) / rows_a_landing(task.cases.known_on(day))
        share = float(expit(logit(YOUNG_AT_FIRST) + gain))
        mixed = share * scores["decided"] + (1 - share) * scores["matured"]
        found.append((mixed, told["decided"] | {"young_share": round(share, 4)}))
    return found


def _rehearsed_losses(past: Sequence[Rehearsal], rule: LevelRule, task: Task, day: np.datetime64, kept: Kept) -> Floats:
    """Loss on ``day`` of every row that entered after a rehearsal and before the next, the level being the rehearsal's."""
    cases = task.cases
    known = cases.known_on(day)
    share = shares_by_age(known, day, task.horizon)((day - cases.entered).astype(np.float64))
    losses = np.full(len(share), np.nan)
    for i, rehearsal in enumerate(past):
        until = past[i + 1].day if i + 1 < len(past) else day
        rows = (cases.entered >= rehearsal.day) & (cases.entered < until) & (share > 0)
        if rows.any():
            x = rehearsal.eta[rows] + rule.level(rehearsal.eta, cases, rehearsal.day, task.horizon, kept).shift
            losses[rows] = censored_losses(x, cases.seen[rows] <= day, share[rows])
    return losses


def average_precision(y: Floats, p: Floats) -> float:
    """Mean precision over the landed rows; NaN without one."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(y, p)) if y.any() else float("nan")


def excess_calibration_error(y: Floats, p: Floats, draws: int = 100) -> float:
    """Calibration error beyond what exactly right forecasts of the same values would show on as many rows."""
    rng = np.random.default_rng(20240601)
    right = np.mean([expected_calibration_error((rng.random(len(p)) < p).astype(np.float64), p) for _ in range(draws)])
    return expected_calibration_error(y, p) - float(right)


def measured(truth: Sequence[Floats], told: Sequence[Floats]) -> dict[str, Any]:
    """Metrics over all tested rows, intervals by resampling whole origins, and the gap of the level by origin."""
    y, p = np.concatenate(truth), np.concatenate(told)
    gaps = [float(b.mean() - a.mean()) for a, b in zip(truth, told, strict=True)]
    sizes = np.array([len(a) for a in truth], dtype=np.float64)
    metrics: dict[str, Callable[[Floats, Floats], float]] = {
        "log_loss": log_loss,
        "auc": roc_auc,
        "ap": average_precision,
        "ece": expected_calibration_error,
    }
    found: dict[str, Any] = {name: [round(f(y, p), 6)] for name, f in metrics.items()}
    found["excess_ece"] = [round(excess_calibration_error(y, p), 6)]
    found["mean_level_gap"] = [round(float(np.average(np.abs(gaps), weights=sizes)), 6)]
    rng = np.random.default_rng(20240601)
    draws: dict[str, list[float]] = {name: [] for name in found if name != "excess_ece"}
    for _ in range(RESAMPLES if len(truth) > 1 else 0):
        pick = rng.integers(0, len(truth), len(truth))
        a, b = np.concatenate([truth[i] for i in pick]), np.concatenate([told[i] for i in pick])
        for name, f in metrics.items():
            draws[name].append(f(a, b))
        draws["mean_level_gap"].append(float(np.average(np.abs([gaps[i] for i in pick]), weights=sizes[pick])))
    for name, values in draws.items():
        if values:
            found[name] += [round(float(v), 6) for v in np.nanquantile(values, (0.025, 0.975))]
    found["level_gap_by_origin"] = [round(g, 4) for g in gaps]
    return found


def _oracle(truth: Sequence[Floats], told: Sequence[Floats]) -> float:
    """Log loss if every origin's level had been known from its own outcomes: nothing that moves the level can beat it."""
    parts = []
    for y, p in zip(truth, told, strict=True):
        x = logit(np.clip(p, NEAR, 1 - NEAR))
        x = x + solve_level(x, y, np.ones(len(y)), "logistic", prior_rows=1e-3)
        parts.append(np.logaddexp(0.0, x) - y * x)
    return round(float(np.concatenate(parts).mean()), 6)


def show(name: str, found: Mapping[str, Any]) -> None:
    """Print the table of one pipeline."""
    rows = int(np.sum(found["rows"]))
    print(
        f"\n{name}, as known: {len(found['origins'])} origins {found['origins'][0]} to {found['origins'][-1]} "
        f"({len(found['rehearsed_before'])} rehearsed before), {rows:,} rows, horizon {found['horizon_days']} days"
    )
    head = ("", "log loss", "AUC", "AP", "ECE", "excess", "level gap", "oracle level", "CPU s")
    lines = [head]
    for method, m in found["methods"].items():
        cells = [_cell(m[k]) for k in ("log_loss", "auc", "ap", "ece", "excess_ece", "mean_level_gap")]
        cpu = f"{m['cpu_s']:.0f}" if m["cpu_s"] else ""
        lines.append((method, *cells, f"{found['oracle_level'][method]:.4f}", cpu))
    print(table(lines), flush=True)


def _cell(value: Sequence[float]) -> str:
    return f"{value[0]:.4f}" + (f" [{value[1]:.3f}, {value[2]:.3f}]" if len(value) > 1 else "")
