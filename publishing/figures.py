"""Which board each figure on a surface comes from (一数一源): a surface declares what it reads, and reads by the declaration.

Belongs here: the declaration, reading a published table by it, writing a row by it. Does not belong here: what any surface
shows (its own module declares that), the list of all surfaces (orchestration/figures.py), the catalogue (boards.py).

A reading gives no other columns than it declares, so the table of figures in docs/figures.md can't leave one out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from publishing.boards import Board, board_named, read_table


@dataclass(frozen=True)
class Shown:
    """One figure or word on a surface: its title there, the columns it is written from, and how."""

    title: str
    columns: tuple[str, ...]
    write: Callable[..., Any]

    def cell(self, row: Mapping[Any, Any]) -> Any:
        """Return the cell of a row."""
        return self.write(*(row[name] for name in self.columns))


def _as_it_is(*values: Any) -> Any:
    return values[0] if len(values) == 1 else values


def shown(title: str, *columns: str, write: Callable[..., Any] = _as_it_is) -> Shown:
    """Return a declaration: `shown("完成率", "completion_pct", write=percent)`."""
    return Shown(title, columns, write)


@dataclass(frozen=True)
class Reading:
    """What one place of a surface takes from one published table.

    `keys` name, pick or order rows and are no figures of their own. With neither, whole rows are read and shown as the
    catalogue titles them.
    """

    surface: str
    place: str
    board: str
    figures: tuple[Shown, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Return every column that is read, each once."""
        return list(dict.fromkeys([*self.keys, *(name for figure in self.figures for name in figure.columns)]))

    @property
    def is_whole(self) -> bool:
        """Return whether whole rows are read."""
        return not self.columns

    @property
    def stem(self) -> str:
        """Return the table's name in the SQL project, by which documents know their frames."""
        return self.source.export.rsplit("/", 1)[-1]

    @property
    def source(self) -> Board:
        """Return the board of the catalogue."""
        board = board_named(self.board)
        if board is None:
            raise KeyError(f"{self.surface}“{self.place}”：看板目录中没有 {self.board}")
        return board

    def table(self, folder: Path, filters: Sequence[tuple[str, str, Any]] | None = None) -> pa.Table | None:
        """Return the declared columns of the table in a snapshot's folder; None if the snapshot is older than the table.

        A column that the snapshot is older than is null (暂无).
        """
        path = folder / self.source.file
        if self.is_whole or not path.exists():
            return read_table(folder, self.board, filters)
        known = set(pq.read_schema(path).names)
        table = read_table(folder, self.board, filters, [name for name in self.columns if name in known])
        assert table is not None
        for name in self.columns:
            if name not in known:
                table = table.append_column(name, pa.nulls(table.num_rows))
        return table

    def rows(self, folder: Path, filters: Sequence[tuple[str, str, Any]] | None = None) -> list[dict[str, Any]]:
        """Return the rows of :meth:`table`; none if the snapshot is older than the table."""
        table = self.table(folder, filters)
        return [] if table is None else table.to_pylist()

    def narrowed(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return rows with the declared columns only."""
        return [{name: row.get(name) for name in self.columns or row} for row in rows]

    def sheet(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows as they are written: a column each figure."""
        titles = [figure.title for figure in self.figures]
        cells = [[figure.cell(row) for figure in self.figures] for row in rows.to_dict("records")]
        return pd.DataFrame(cells, columns=titles)


Frames = Mapping[str, pd.DataFrame]
"""Tables that a document is made of, by their name in the SQL project."""


def stems(readings: Iterable[Reading]) -> list[str]:
    """Return the names of the tables in the SQL project that readings need."""
    return sorted({reading.stem for reading in readings})


def read_frames(folder: Path, readings: Iterable[Reading]) -> dict[str, pd.DataFrame]:
    """Return the tables of a snapshot that readings need: of each the declared columns only.

    Raises
    ------
    ValueError
        The snapshot is older than one of the tables.
    """
    wanted: dict[str, dict[str, None]] = {}
    for reading in readings:
        wanted.setdefault(reading.board, {}).update(dict.fromkeys(reading.columns))
    frames = {}
    for name, columns in wanted.items():
        board = board_named(name)
        assert board is not None
        path = folder / board.file
        if not path.exists() or columns.keys() - set(pq.read_schema(path).names):
            raise ValueError(f"发布的清单里没有“{board.title}”，或缺其中的列；请重新运行夜间作业")
        table = pq.read_table(path, columns=list(columns))
        frames[board.export.rsplit("/", 1)[-1]] = table.to_pandas()
    return frames


@dataclass(frozen=True)
class Reckoned:
    """A number that a surface works out itself: of what, and why no board can hold it."""

    surface: str
    place: str
    what: str
    why: str
