"""Which published tables there are and how they are shown (看板目录).

Belongs here: the meaning of catalogue/*.yaml, reading a table of a snapshot. Does not belong here: drawing (pages/boards.py),
making the tables (dbt_project), the ranked list (listing.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from office import cached, settings_file

CATALOGUE: Final = Path(__file__).with_name("catalogue")
QUESTIONS: Final = Path(__file__).with_name("questions.yaml")
MOST_QUESTIONS: Final = 12
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
class Question:
    """What boards answer together (谁欠账、卡在哪): one page, its `main` boards first."""

    key: str
    title: str
    asks: str
    main: tuple[str, ...]


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
    question: str = ""
    choose: tuple[tuple[str, str], ...] = ()  # columns that readers choose rows by, each with what stands chosen
    is_hidden: bool = False  # by the office: no page of its own
    known_by: str = ""  # a table of facts without an as-of: the column that says from which day on a row is known
    until: tuple[str, ...] = ()  # its columns of days on which something ended: empty while that lies ahead

    @property
    def is_page(self) -> bool:
        """Whether it has a page of its own."""
        return self.use in ("board", "both") and not self.is_hidden

    @property
    def file(self) -> str:
        """Name inside a snapshot."""
        return f"{FOLDER}/{self.name}.parquet"

    def as_known(self, table: pa.Table, as_of: dt.date) -> pa.Table:
        """Return the rows that were known by a day, the day included, and nothing that ended later (截至日当日计入)."""
        if not self.known_by:
            return table
        day = pa.scalar(as_of, pa.date32())
        table = table.filter(pc.fill_null(pc.less_equal(table[self.known_by].cast(pa.date32()), day), True))
        for name in self.until:
            ended = table[name].cast(pa.date32())
            place = table.column_names.index(name)
            table = table.set_column(
                place, name, pc.if_else(pc.greater(ended, day), pa.scalar(None, pa.date32()), ended)
            )
        return table


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
            if (entry["use"] in ("board", "both")) != bool(entry.get("question")):
                raise ValueError(f"{file} {entry['name']}：成页的看板须写明 question，其他的不写")
            if entry["rows"] == "reach" and not entry["unit"]:
                raise ValueError(f"{file} {entry['name']}：rows: reach 须写明 unit")
            choose = tuple((name, str(value)) for name, value in entry.get("choose", {}).items())
            if unknown := [name for name, _ in choose if name not in {c.name for c in columns}]:
                raise ValueError(f"{file} {entry['name']}：choose 中的列不在 columns 里：{'、'.join(unknown)}")
            until = tuple(entry.get("until", ()))
            told = {"columns": columns, "choose": choose, "until": until, "section": content["section"]}
            boards.append(Board(**{**entry, **told}))
    names = [board.name for board in boards]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"看板目录：name 有重复：{'、'.join(twice)}")
    return tuple(boards)


@cached
def all_boards() -> tuple[Board, ...]:
    """Return the catalogue without the pages that the office hides (boards.yaml); what stands on a lead's page stays."""
    boards = read_boards((p.name, yaml.safe_load(p.read_text(encoding="utf-8"))) for p in CATALOGUE.glob("*.yaml"))
    hidden = set(yaml.safe_load(settings_file("boards.yaml").read_text(encoding="utf-8-sig"))["hidden"] or ())
    if unknown := sorted(hidden - {board.name for board in boards}):
        raise ValueError(f"boards.yaml hidden：没有这些看板：{'、'.join(unknown)}")
    return tuple(replace(board, is_hidden=board.name in hidden) for board in boards)


@cached
def questions() -> tuple[Question, ...]:
    """Return the questions in the order of the index, after checking that boards and questions know each other."""
    content = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    found = tuple(Question(**{**entry, "main": tuple(entry["main"])}) for entry in content)
    if len(found) > MOST_QUESTIONS:
        raise ValueError(f"questions.yaml：最多 {MOST_QUESTIONS} 个问题，现有 {len(found)} 个")
    answers = {board.name: board.question for board in all_boards()}
    odd = [name for question in found for name in question.main if answers.get(name) != question.key]
    odd += sorted({key for key in answers.values() if key} - {question.key for question in found})
    if odd:
        raise ValueError(f"questions.yaml：看板与问题对不上：{'、'.join(odd)}")
    return found


def boards_of(question: Question) -> list[Board]:
    """Return the boards that answer a question, the main ones first."""
    own = [board for board in all_boards() if board.is_page and board.question == question.key]
    places = {name: place for place, name in enumerate(question.main)}
    return sorted(own, key=lambda board: places.get(board.name, len(places)))


def found_boards(words: str) -> list[Board]:
    """Return the boards whose title, 口径, grain, source or columns hold every word, in the order of the catalogue."""
    asked = words.casefold().split()

    def text(board: Board) -> str:
        titles = "\n".join(column.title for column in board.columns)
        return "\n".join((board.title, board.caliber, board.grain, board.source, board.section, titles)).casefold()

    return [board for board in all_boards() if board.is_page and asked and all(word in text(board) for word in asked)]


def board_named(name: str) -> Board | None:
    """Find a board by its name; names from an address never become a path."""
    return next((board for board in all_boards() if board.name == name), None)


def ledgers_missing(folder: Path) -> list[str]:
    """Return the ledgers of which no row had come when a list was published, the most useful first; none of an older list."""
    table = read_table(folder, "ledgers", columns=["ledger_name", "received_count"])
    rows = table.to_pylist() if table is not None else []
    return [row["ledger_name"] for row in rows if row["received_count"] is None]


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
