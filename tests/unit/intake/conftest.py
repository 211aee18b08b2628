"""Writes a workbook for a test of the intake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ledger_writing import HEADER, write_xlsx


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook of leads: rows under HEADER, or whole sheets by name."""

    def write(*rows: Sequence[Any], name: str = "线索.xlsx", header: Sequence[Any] = HEADER, **kinds: Any) -> Path:
        return write_xlsx(tmp_path / "inbox" / name, kinds.pop("sheets", None) or {"线索": [header, *rows]}, **kinds)

    return write
