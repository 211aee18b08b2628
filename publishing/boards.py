"""Which published tables there are and how they are shown (看板目录).

Belongs here: the meaning of catalogue/*.yaml, reading a table of a snapshot. Does not belong here: drawing (pages/boards.py),
making the tables (dbt_project), the ranked list (listing.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

CATALOGUE: Final = Path(__file__).with_name("catalogue")
FOLDER: Final = "boards"
Kind = Literal["text", "count", "money", "pct", "date", "score", "number"]
KINDS: Final = ("text", "count", "money", "pct", "date", "score", "number")


@dataclass(frozen=True)
class BoardColumn:
    """One column that people see."""

    name: str
    title: str
    kind: Kind


@dataclass(frozen=True)
class Board:
    """One published table: what it counts, where it comes from, who sees which rows."""

    name: str
    export: str
    use: str
    title: str
    grain: str
    caliber: str
    source: str
    unit: str
    rows: str
    section: str
    columns: tuple[BoardColumn, ...] = ()
    choose: tuple[tuple[str, str], ...] = ()  # columns that readers choose rows by, each with what stands chosen

    @property
    def is_page(self) -> bool:
        """Whether it has a page of its own."""
        return self.use in ("board", "both")

    @property
    def file(self) -> str:
        """Name inside a snapshot."""
        return f"{FOLDER}/{self.name}.parquet"


def read_boards(files: Iterable[tuple[str, dict[str, Any]]]) -> tuple[Board, ...]:
    """Check the content of catalogue files, each with its name for messages; boards come in the sections' order."""
    boards = []
    for file, content in sorted(files, key=lambda given: (given[1]["position"], given[0])):
        for entry in content["tables"]:
            columns = tuple(BoardColumn(**column) for column in entry.get("columns", ()))
            odd = [c.name for c in columns if c.kind not in KINDS]
            if odd or entry["use"] not in ("lead", "board", "both", "part") or entry["rows"] not in ("shared", "reach"):
                raise ValueError(f"{file} {entry['name']}：use、rows 或列的 kind 写错：{'、'.join(odd)}")
            if entry["use"] in ("board", "both") and not columns:
                raise ValueError(f"{file} {entry['name']}：看板须写明 columns")
            if entry["rows"] == "reach" and not entry["unit"]:
                raise ValueError(f"{file} {entry['name']}：rows: reach 须写明 unit")
            choose = tuple((name, str(value)) for name, value in entry.get("choose", {}).items())
            if unknown := [name for name, _ in choose if name not in {c.name for c in columns}]:
                raise ValueError(f"{file} {entry['name']}：choose 中的列不在 columns 里：{'、'.join(unknown)}")
            boards.append(Board(**{**entry, "columns": columns, "choose": choose, "section": content["section"]}))
    names = [board.name for board in boards]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"看板目录：name 有重复：{'、'.join(twice)}")
    return tuple(boards)


@cache
def all_boards() -> tuple[Board, ...]:
    """Give the catalogue of this installation."""
    return read_boards((p.name, yaml.safe_load(p.read_text(encoding="utf-8"))) for p in CATALOGUE.glob("*.yaml"))


def board_named(name: str) -> Board | None:
    """Find a board by its name; names from an address never become a path."""
    return next((board for board in all_boards() if board.name == name), None)


def read_table(
    folder: Path, name: str, filters: Sequence[tuple[str, str, Any]] | None = None, columns: list[str] | None = None
) -> pa.Table | None:
    """Read a table of a snapshot, or None when the snapshot is older than the table."""
    board = board_named(name)
    if board is None:
        raise KeyError(name)
    path = folder / board.file
    if not path.exists():
        return None
    return pq.read_table(path, filters=list(filters) if filters else None, columns=columns)
