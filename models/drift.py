"""How far today is from what a model was trained on (漂移): features, scores, calibration.

Belongs here: the population stability index (PSI), its thresholds, its picture. Does not belong here: what to do about
it (people), whether a candidate is promoted (promotion).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from models.additive.tables import category_key, is_numeric_column, numeric_values
from office import settings_file

Floats = npt.NDArray[np.float64]
MISSING = "（缺失）"


@dataclass(frozen=True)
class DriftSettings:
    """Content of ``drift.yaml``."""

    feature_psi_warn: float
    score_psi_warn: float
    calibration_gap_warn: float
    bins: int
    minimum_rows: int
    minimum_leads_per_class: int

    @classmethod
    def load(cls, path: Path | None = None) -> DriftSettings:
        """Read a file (default: the one of the office in use)."""
        return cls(**yaml.safe_load((path or settings_file("drift.yaml")).read_text("utf-8")))


def stability_index(then: pd.Series[Any], now: pd.Series[Any], bins: int = 10) -> float:
    """PSI of two samples of a column: sum of (q - p) ln(q / p) over bins of equal count then, missing being one.

    Half a row is added to every bin, so that an empty one does not make it infinite.
    """
    if is_numeric_column(then) and is_numeric_column(now):
        a, b = numeric_values(then), numeric_values(now)
        inner = np.quantile(a[~np.isnan(a)], np.arange(1, bins) / bins) if (~np.isnan(a)).any() else np.empty(0)
        edges = np.unique(inner)
        codes = [np.where(np.isnan(v), len(edges) + 1, np.searchsorted(edges, v, side="right")) for v in (a, b)]
    else:
        keys = [pd.Series([MISSING if pd.isna(v) else category_key(v) for v in c], dtype=object) for c in (then, now)]
        both, _ = pd.factorize(pd.concat(keys))
        codes = [both[: len(then)], both[len(then) :]]
    size = int(max(c.max(initial=0) for c in codes)) + 1
    p, q = (np.bincount(c.astype(np.intp), minlength=size) + 0.5 for c in codes)
    seen = (p + q) > 1
    p, q = p[seen] / p[seen].sum(), q[seen] / q[seen].sum()
    return float(((q - p) * np.log(q / p)).sum())


def feature_drift(then: pd.DataFrame, now: pd.DataFrame, labels: dict[str, str], bins: int) -> pd.DataFrame:
    """One row per feature, largest first: ``feature, label, psi, missing_then_pct, missing_now_pct``."""
    rows = [
        {
            "feature": name,
            "label": label,
            "psi": round(stability_index(then[name], now[name], bins), 4),
            "missing_then_pct": round(100 * float(then[name].isna().mean()), 1),
            "missing_now_pct": round(100 * float(now[name].isna().mean()), 1),
        }
        for name, label in labels.items()
    ]
    return pd.DataFrame(rows).sort_values(["psi", "feature"], ascending=[False, True]).reset_index(drop=True)


def plot_drift(table: pd.DataFrame, warn: float) -> bytes:
    """PNG of the indices with the line beyond which a warning is given."""
    buffer = io.BytesIO()
    with _drawing((6, 0.28 * len(table) + 1), buffer) as (axis, font):
        names = table["label"] if font else table["feature"]
        axis.barh(list(names)[::-1], list(table["psi"])[::-1])
        axis.axvline(warn, color="grey", linestyle=":")
        axis.set_xlabel("PSI")
    return buffer.getvalue()


def plot_distributions(then: Floats, now: Floats) -> bytes:
    """PNG of two distributions of scores."""
    buffer = io.BytesIO()
    with _drawing((6, 3), buffer) as (axis, font):
        edges = np.histogram_bin_edges(np.concatenate([then, now]), 30)
        for values, name in ((then, "训练窗口" if font else "then"), (now, "今天" if font else "now")):
            axis.hist(values, bins=list(edges), density=True, histtype="step", label=name)
        axis.legend()
    return buffer.getvalue()


@contextmanager
def _drawing(size: tuple[float, float], target: io.BytesIO) -> Iterator[tuple[Any, str | None]]:
    """Give an axis and the Chinese font, if one is installed; words take their font when they are written, so all within."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from models.additive.plots import chinese_font

    font = chinese_font()
    settings: dict[Any, Any] = {"axes.unicode_minus": False, **({"font.family": [font]} if font else {})}
    with mpl.rc_context(settings):
        figure = Figure(figsize=size, dpi=90, layout="constrained")
        yield figure.subplots(), font
        figure.savefig(target, format="png", metadata={"Software": None})
