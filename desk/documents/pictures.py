"""Charts as pictures for Word (图片): the page's drawings in the page's colours, made into PNG by typst.

Belongs here: from a drawing to the bytes of a picture. Does not belong here: geometry (desk/charts.py), look (static/charts.css).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LAYOUT: Final = Path(__file__).with_name("pictures.typ")
LOOK: Final = Path(__file__).parents[1] / "static" / "charts.css"
WIDTH_MM: Final = 150
PIXELS_AN_INCH: Final = 200


def pictures(drawings: Mapping[str, str]) -> dict[str, bytes]:
    """Make every drawing (SVG as the page has it) into a PNG `WIDTH_MM` wide; the same drawings and fonts give the same bytes."""
    import typst

    if not drawings:
        return {}
    style = f"<style>{LOOK.read_text(encoding='utf-8')}</style>"
    whole = [_standing_alone(str(drawing), style) for drawing in drawings.values()]
    inputs = {"drawings": json.dumps(whole, ensure_ascii=False), "width": str(WIDTH_MM)}
    made = typst.compile(LAYOUT, format="png", ppi=PIXELS_AN_INCH, sys_inputs=inputs)
    return dict(zip(drawings, made if isinstance(made, list) else [made], strict=True))


def _standing_alone(drawing: str, style: str) -> str:
    """Give a drawing of the page as a file of its own: name space, size, fonts, look."""
    found = re.match(r'<svg ([^>]*)viewBox="0 0 ([\d.]+) ([\d.]+)"([^>]*)>', drawing)
    if found is None:
        raise ValueError("图没有 viewBox，不能画进 Word")
    before, width, height, after = found.groups()
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {before}viewBox="0 0 {width} {height}" width="{width}" height="{height}"{after}>'
    return head + style + drawing[found.end() :]
