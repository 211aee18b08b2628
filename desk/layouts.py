"""What the page 台账版式 shows and asks for (台账版式的接口): given to the desk, which knows nothing of intake.

Belongs here: the shapes that a template reads, and what the wiring must be able to do. Does not belong here: a page
(pages/layouts.py), what a form seems to be (intake.layouts, joined in orchestration/desk_layouts.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class NotUsable(ValueError):
    """A file, or an answer about it, that can't be used; one Chinese line."""


@dataclass(frozen=True)
class WaitingForm:
    """A table whose columns nobody has confirmed. `unit` is the sender that it names."""

    file_id: str
    file: str
    sheet: str
    unit: str | None
    since: str
    why: str


@dataclass(frozen=True)
class KnownForm:
    """A layout that somebody confirmed."""

    ledger: str
    columns: tuple[str, ...]
    confirmed_by: str
    confirmed_on: dt.date


@dataclass(frozen=True)
class AskedRow:
    """A row without a key that may be an earlier one: what it says, and the rows it may be, each by its key."""

    ledger: str
    question_id: str
    file: str
    unit: str
    said: str
    may_be: tuple[tuple[str, str], ...]
    since: str


@dataclass(frozen=True)
class ColumnView:
    """One written column: some cells (contacts masked), the field and unit it seems to have, and why."""

    name: str  # A, B, C
    header: str
    examples: tuple[str, ...]
    field: str
    unit: str
    units: tuple[str, ...]
    why: str
    needs_look: bool


@dataclass(frozen=True)
class Choice:
    """What the person says: ledger, rows of the header, and for every column its field and unit, in order."""

    ledger: str = ""
    header_rows: tuple[int, int] | None = None
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class FormView:
    """A form as the page shows it. `problem` says why it can't be confirmed as it stands."""

    file: str
    sheet: str
    unit: str | None
    ledger: str
    ledgers: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]
    header_rows: tuple[int, int]
    columns: tuple[ColumnView, ...]
    rows: tuple[tuple[str, ...], ...]
    outside: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    taken: int
    refused: int
    result_titles: tuple[str, ...]
    result_rows: tuple[tuple[str, ...], ...]
    refusals: tuple[str, ...]
    problem: str


class LedgerLayouts(Protocol):
    """What the desk may ask of the forms of an installation; every method raises :class:`NotUsable` with one line."""

    def waiting(self) -> Sequence[WaitingForm]:
        """Return the forms that wait for an answer, oldest first."""

    def known(self) -> Sequence[KnownForm]:
        """Return the confirmed ones, newest first."""

    def asked(self) -> Sequence[AskedRow]:
        """Return the rows that may be earlier ones."""

    def look(self, file_id: str, sheet: str, choice: Choice | None) -> FormView:
        """Return a form as it seems to be, or as the person says."""

    def confirm(self, file_id: str, sheet: str, choice: Choice, by: str) -> None:
        """Keep what the person says of a form."""

    def put_away(self, file_id: str, sheet: str) -> None:
        """Ask no more about a form."""

    def receive(self, name: str, content: Path) -> Sequence[WaitingForm]:
        """Lay a file into the inbox; return what of it must be confirmed."""

    def answer(self, ledger: str, question_id: str, key: str) -> None:
        """Say which row a row is; an empty key: a new one."""

    def fill(self, name: str, blank: Path, unit: str, covers: Callable[[str | None], bool]) -> tuple[bytes, str]:
        """Return a blank form filled from our columns, and what to say of it."""
