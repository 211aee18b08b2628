"""Charts as pictures for Word, Excel and Dagster (图片): the page's drawings in the page's colours, made into PNG by typst.

Belongs here: from a drawing to the bytes of a picture. Does not belong here: geometry (publishing/charts.py), look (publishing/charts.css).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LAYOUT: Final = Path(__file__).with_name("pictures.typ")
LOOK: Final = Path(__file__).parents[1] / "charts.css"
FONTS: Final = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",SimHei,sans-serif'
WIDTH_MM: Final = 150
PRINTED: Final = 200
SHOWN: Final = 96  # what Excel takes for granted, so that a picture stands in a sheet as large as it is


def pictures(
    drawings: Mapping[str, str], width_mm: float = WIDTH_MM, pixels_an_inch: int = PRINTED, is_titled: bool = False
) -> dict[str, bytes]:
    """Make every drawing (SVG as the page has it) into a PNG `width_mm` wide, in one run of the typesetter.

    `is_titled` sets each one's name above it. The same drawings and fonts give the same bytes.
    """
    import typst

    if not drawings:
        return {}
    # The typesetter has no weight between bold and not.
    look = LOOK.read_text(encoding="utf-8").replace("font-weight:650", "font-weight:700")
    style = f"<style>text{{font-family:{FONTS}}}{look}</style>"
    whole = [
        {"title": name if is_titled else "", "drawing": _standing_alone(str(drawing), style)}
        for name, drawing in drawings.items()
    ]
    inputs = {"drawings": json.dumps(whole, ensure_ascii=False), "width": str(width_mm)}
    made = typst.compile(LAYOUT, format="png", ppi=pixels_an_inch, sys_inputs=inputs)
    return dict(zip(drawings, made if isinstance(made, list) else [made], strict=True))


def _standing_alone(drawing: str, style: str) -> str:
    """Give a drawing of the page as a file of its own: name space, size, fonts, look."""
    found = re.match(r'<svg ([^>]*)viewBox="0 0 ([\d.]+) ([\d.]+)"([^>]*)>', drawing)
    if found is None:
        raise ValueError("图没有 viewBox，不能画成图片")
    before, width, height, after = found.groups()
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {before}viewBox="0 0 {width} {height}" width="{width}" height="{height}"{after}>'
    return head + style + drawing[found.end() :]
