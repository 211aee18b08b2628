"""Give rows of a confirmed layout what its form has no column for (补齐): a key, and a first day.

Belongs here: walking over readings. Does not belong here: which earlier row a row is (keys.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intake.contract import Contract, load_contracts
from intake.layouts.keys import KeyBook, KeyQuestion, Parts, keys_path, parts_of
from intake.layouts.layout import Layouts, is_first_day
from intake.reading import SheetReading

BY_PERIOD = "报告期"
BY_RECEIPT = "收件日"


@dataclass
class Received:
    """When a file came, and what is known of the rows of earlier ones, by ledger."""

    day: dt.date = field(default_factory=dt.date.today)
    books: dict[str, KeyBook] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)  # ids of what had to be asked about this file
    has_news: bool = False  # whether the books hold what they did not hold before

    def book(self, ledger: str) -> KeyBook:
        """Return the rows known of a ledger."""
        return self.books.setdefault(ledger, KeyBook())


def books_of(home: Path, day: dt.date | None = None) -> Received:
    """Return what an installation knows of earlier rows; the day is that of receipt, today without one."""
    names = [name for name, contract in load_contracts().items() if contract.identified_by]
    books = {name: KeyBook.load(keys_path(home), name) for name in names}
    return Received(day or dt.date.today(), books)


def assign_keys(path: Path, readings: list[SheetReading], layouts: Layouts, received: Received) -> None:
    """Give keys and first days to rows read by confirmed layouts; tables of earlier periods go first."""
    learned = [r for r in readings if r.layout and r.accepted]
    for reading in sorted(learned, key=lambda r: r.period or dt.date.max):
        contract = layouts[reading.layout].contract
        if not contract.identified_by:
            continue
        book = received.book(contract.name)
        names = {column.field.name for column in reading.columns}
        day = next(f for f in contract.fields if is_first_day(contract, f))
        lacks_day = day.name not in names and not any(name in names for name in day.else_from)
        lacks_key = contract.key[0] not in names
        if lacks_key:
            _give_keys(path, reading, contract, book, received, day.name if not lacks_day else None)
        if lacks_day:
            received.has_news |= _give_days(reading, contract.key[0], day.name, book, received.day)


def _give_keys(
    path: Path, reading: SheetReading, contract: Contract, book: KeyBook, received: Received, day: str | None
) -> None:
    unit, firm, project = (name for name in contract.identified_by if name.endswith("_name"))
    rows = {row["source_row"]: row for row in reading.accepted}
    parts: dict[int, Parts] = {
        number: parts_of(row.get(unit), row.get(firm), row.get(project), row.get(day) if day else None)
        for number, row in rows.items()
    }
    taken, questions = [], []
    for number, key in zip(parts, book.assign(list(parts.values())), strict=True):
        if isinstance(key, str):
            rows[number][contract.key[0]] = key
            taken.append((parts[number], key))
            continue
        said = "、".join(f"“{book.described(known)}”" for known in key[:3])
        asked = KeyQuestion(parts[number], key, path.name, reading.sheet, received.day.isoformat())
        questions.append(asked)
        received.questions.append(asked.question_id)
        reason = f"没有编号，与以前收到的{said}很像又不全同，看不出是不是同一条"
        reading.refuse_taken(number, path.name, reason, "请数据专员在办公桌“台账版式”页确认；或照以前的写法改回")
    received.has_news |= book.remember(taken, questions)


def _give_days(reading: SheetReading, key: str, name: str, book: KeyBook, received: dt.date) -> bool:
    """Give every row the first day on which its lead was seen; say whether a day is new."""
    found, basis = (reading.period, BY_PERIOD) if reading.period else (received, BY_RECEIPT)
    before = len(book.first_days)
    for row in reading.accepted:
        first = book.first_days.setdefault(str(row[key]), f"{found.isoformat()} {basis}")
        day, of = first.split(" ", 1)
        told: dict[str, Any] = {name: dt.date.fromisoformat(day), f"{name}_basis": of}
        row |= told | {f"{name}_precision": "month" if of == BY_PERIOD else "day"}
    return len(book.first_days) > before
