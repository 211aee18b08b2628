"""What reading a sheet gave (读取结果): typed rows, refusals with their reasons, and the account of every row.

Belongs here: the types that the reader fills and that the landing store and the returned workbook read. Does not belong
here: reading (workbook.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from intake.header import Column
from intake.opening import Row


@dataclass(frozen=True)
class Refusal:
    """One reason why a row was refused, or why an optional cell of a row that was taken is missing.

    A row may have several; `column` is null when the row as a whole is meant.
    """

    contract: str
    file: str
    sheet: str
    row: int
    column: str | None
    value: str | None
    reason: str
    mend: str
    is_row_taken: bool = False  # only the cell was left out


@dataclass(frozen=True)
class WrittenTotal:
    """A line of totals as its sender wrote it: amounts by field, and from which row on it may add up."""

    row: int
    since_row: int
    values: dict[str, float]
    is_complete: bool  # nothing above it was refused


@dataclass(frozen=True)
class UnknownTable:
    """A table whose columns nobody has confirmed yet: its header, where it stands, and why it was not read."""

    sheet: str
    fingerprint: str
    headers: tuple[str, ...]
    header_rows: tuple[int, int]
    unit: str | None  # the sender that the sheet names
    why: str


@dataclass
class SheetReading:
    """What one sheet gave: typed rows, refusals, and the count of rows that are no data (titles, totals, notes).

    `headers` are all the written headers by column, recognised or not; `unread_amounts` those that no contract knows
    although numbers of money are under them; `cells` are the rows as they were read, kept for the workbook that goes back.
    """

    sheet: str
    contract: str | None = None
    header_rows: tuple[int, int] | None = None
    columns: list[Column] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    read: int = 0
    not_data: int = 0
    headers: dict[int, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    unread_amounts: tuple[str, ...] = ()
    is_synthetic: bool = False
    top: list[Row] = field(default_factory=list)
    cells: dict[int, Row] = field(default_factory=dict)
    unseen: set[int] = field(default_factory=set)  # rows whose fault can't be seen in the answer: a format, a header
    hidden: frozenset[int] = frozenset()  # rows nobody sees, or all of a hidden sheet
    is_hidden: bool = False
    totals: list[WrittenTotal] = field(default_factory=list)
    period: dt.date | None = None  # the last day that the sheet or its title says it reports on
    layout: str = ""  # the fingerprint of the confirmed layout that it was read by
    unknown: UnknownTable | None = None  # the columns wait for somebody who knows them

    @property
    def refused(self) -> int:
        return len({refusal.row for refusal in self.refusals if not refusal.is_row_taken})

    def refuse_row(self, row: int, file: str, reason: str, mend: str) -> None:
        """Refuse a row as a whole."""
        assert self.contract
        self.refusals.append(Refusal(self.contract, file, self.sheet, row, None, None, reason, mend))

    def drop_from(self, row: int) -> None:
        """Take back what was read from this row on: it turned out to belong to another table."""
        self.accepted = [r for r in self.accepted if r["source_row"] < row]
        # What was refused as a whole before reading, as rows that came back unchanged, stays refused.
        self.refusals = [r for r in self.refusals if r.row < row or (r.row > row and r.column is None)]

    def refuse_taken(self, row: int, file: str, reason: str, mend: str) -> None:
        """Refuse a row that had been taken: what else was said of its cells costs the row with it."""
        self.accepted = [r for r in self.accepted if r["source_row"] != row]
        self.refusals = [replace(r, is_row_taken=False) if r.row == row else r for r in self.refusals]
        self.refuse_row(row, file, reason, mend)
