"""Plain forms of characters (字形): traditional, variant and radical forms and the simplified one that each stands for.

Belongs here: the one table (variants.txt, generated from OpenCC) that names of firms and texts of promises are folded by.
Does not belong: which forms a reader folds; each says for itself what it leaves.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

VARIANTS: Final = Path(__file__).parent / "variants.txt"

__all__ = ["VARIANTS", "plain_forms"]


@cache
def plain_forms() -> dict[str, str]:
    """Return the plain form of every character of the table, one character each."""
    lines = VARIANTS.read_text(encoding="utf-8").splitlines()
    return {pair[0]: pair[1] for line in lines if not line.startswith("#") for pair in line.split()}
