"""Does a stated probability come true: table and picture.

Belongs here: comparing predicted with observed shares.
Does not belong here: correcting a model (each task's training), single-number metrics (``metrics``).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.validation.metrics import equal_mass_bins

Floats = npt.NDArray[np.float64]


def calibration_table(y: Floats, p: Floats, weight: Floats | None = None, n_bins: int = 10) -> pd.DataFrame:
    """One row per bin of the prediction: rows, mean prediction, observed share and its 95% Wilson interval.

    The interval takes rows as independent; with several rows a lead it is too narrow, read it as a lower bound.
    """
    weight = np.ones(len(y)) if weight is None else weight
    slot = equal_mass_bins(p, weight, n_bins)
    rows: list[dict[str, Any]] = []
    for number in np.unique(slot):
        inside = slot == number
        mass = float(weight[inside].sum())
        observed = float(weight[inside] @ y[inside] / mass)
        low, high = wilson(observed, mass)
        mean = float(weight[inside] @ p[inside] / mass)
        rows.append({"row_count": int(inside.sum()), "predicted": mean, "observed": observed, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["row_count", "predicted", "observed", "low", "high"]).round(6)


def wilson(share: float, n: float, z: float = 1.959964) -> tuple[float, float]:
    """95% Wilson interval of a share."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def plot_calibration(table: pd.DataFrame, title: str = "校准：预测与实际") -> bytes:
    """PNG of a calibration table; the same table gives the same bytes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from models.additive.plots import chinese_font

    font = chinese_font()
    settings: dict[Any, Any] = {"font.family": [font]} if font else {}
    with rc_context(settings):
        figure = Figure(figsize=(4.5, 4.5), dpi=100, layout="constrained")
        axis = figure.subplots()
        top = float(max(table["predicted"].max(), table["high"].max(), 0.01)) * 1.05
        axis.plot([0, top], [0, top], color="grey", linewidth=1)
        reach = np.vstack([table["observed"] - table["low"], table["high"] - table["observed"]]).clip(0)
        axis.errorbar(table["predicted"], table["observed"], yerr=reach, fmt="o", capsize=3)
        axis.set_xlabel("预测概率" if font else "predicted")
        axis.set_ylabel("实际比例" if font else "observed")
        axis.set_title(title if font or title.isascii() else "calibration")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
