"""The gap map as a picture (强补延链图): the drawing of the desk's page, typeset once for the workbook and for Dagster.

Belongs here: a standalone look for the drawing, and the picture. Does not belong here: geometry (desk/charts.py), figures.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from desk.charts import chain_map

LAYOUT: Final = Path(__file__).with_name("chain_map.typ")
SHEET_OF_STYLE: Final = Path(__file__).parents[1] / "static" / "desk.css"
FONTS: Final = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",SimHei,sans-serif'
PIXELS_AN_INCH: Final = 96  # what Excel takes for granted, so that a picture stands in a sheet as large as it is


def draw_chains(chains: Mapping[str, Sequence[Mapping[str, Any]]], edges: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Give a PNG a chain, in one run of the typesetter; the same figures give the same bytes.

    Each chain has its nodes; nodes and edges are as `desk.charts.chain_map` needs them.
    """
    import typst

    if not chains:
        return []
    drawn = [{"name": name, "drawing": _alone(str(chain_map(name, nodes, edges)))} for name, nodes in chains.items()]
    inputs = {"chains": json.dumps(drawn, ensure_ascii=False)}
    pages = typst.compile(LAYOUT, format="png", ppi=PIXELS_AN_INCH, sys_inputs=inputs)
    return [pages] if isinstance(pages, bytes) else list(pages)


def _alone(drawing: str) -> str:
    """Make a drawing of the page stand without it: a namespace, and the rules of the desk's style sheet that speak of it."""
    rules = re.findall(r"svg\.chainmap[^{}]*\{[^{}]*\}", SHEET_OF_STYLE.read_text(encoding="utf-8"))
    style = f"text{{font-family:{FONTS}}}" + "".join(rule for rule in rules if ":hover" not in rule)
    style = style.replace("font-weight:650", "font-weight:700")  # the typesetter has no weight between
    opening, rest = drawing.split(">", 1)
    return f'{opening} xmlns="http://www.w3.org/2000/svg"><style>{style}</style>{rest}'
