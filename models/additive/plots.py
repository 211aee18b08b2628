"""Draw one shape of an additive model.

Belongs here: a picture of a term, as PNG bytes, the same bytes for the same table.
Does not belong here: calibration plots (``models.validation``), charts of business figures (``desk``).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from models.additive.tables import AdditiveTables

CJK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",  # the face that matplotlib finds in the collection of all four
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "SimHei",
    "Microsoft YaHei",
)


def chinese_font() -> str | None:
    """First installed font that has Chinese glyphs, or None: then labels must stay Latin, or boxes are drawn."""
    from matplotlib import font_manager

    installed = {f.name for f in font_manager.fontManager.ttflist}
    return next((name for name in CJK_FONTS if name in installed), None)


def plot_term(tables: AdditiveTables, name: str, label: str | None = None) -> bytes:
    """PNG of one term: steps for numbers, bars for categories; the missing value as a dotted line."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    term = next(t for t in tables.terms if t.name == name)
    font = chinese_font()
    settings: dict[Any, Any] = {"axes.unicode_minus": False}
    if font:
        settings["font.family"] = [font]
    with rc_context(settings):
        figure = Figure(figsize=(5, 3), dpi=100, layout="constrained")
        axis = figure.subplots()
        if term.is_numeric:
            edges = term.edges if len(term.edges) else np.array([0.0, 1.0])
            pad = (edges[-1] - edges[0]) * 0.1 or 1.0
            axis.stairs(
                term.values, np.concatenate([[edges[0] - pad], term.edges, [edges[-1] + pad]])[: len(term.values) + 1]
            )
            axis.axhline(term.missing, linestyle=":", color="grey")
        else:
            keys = sorted(term.categories)
            axis.barh(range(len(keys)), [term.categories[k] for k in keys])
            axis.set_yticks(range(len(keys)), keys if font or all(k.isascii() for k in keys) else [""] * len(keys))
        axis.set_title(label if label and (font or label.isascii()) else name)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
