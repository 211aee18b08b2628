"""Tables on the terminal (终端上的表): columns of Chinese text that line up.

Belongs here: widths and padding. Does not belong here: what a table says (commands.py).
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from publishing.workbook import shown_width


def aligned(lines: Sequence[Sequence[str]], right: Container[int] = ()) -> str:
    """Return lines of cells as text; the columns in `right` are set to the right, the last one is not padded otherwise."""
    widths = [max(shown_width(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(_padded(cell, widths[at], at in right) for at, cell in enumerate(line)).rstrip() for line in lines
    )


def _padded(text: str, width: int, is_right: bool) -> str:
    gap = " " * max(0, width - shown_width(text))
    return gap + text if is_right else text + gap
