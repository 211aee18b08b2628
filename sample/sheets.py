"""Workbooks as people make them (工作簿样式): titles, unit notes, two-row headers, subtotals, signatures; and cell forms.

Belongs here: how a value is written into a cell, how a table is laid out, bytes that depend on nothing but the content.
Does not belong: which columns an office keeps (ledgers.py, records.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import xlsxwriter

Cell = str | float | int | dt.date | None
MARK: Final = "合成数据"
CREATED: Final = dt.datetime(2026, 7, 1, 9, 0)


@dataclass(frozen=True)
class Column:
    """One column: the field it holds ("" for 序号 and 备注), its header and, over it, a merged parent."""

    field: str
    header: str
    parent: str = ""
    unit: str = ""  # 万元 or 亿元, where the column or a note says so


@dataclass(frozen=True)
class Form:
    """The look of one table."""

    title: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    merged_field: str = ""  # runs of the same value in this column become one merged cell
    has_subtotals: bool = False
    has_total: bool = False
    repeats_header_every: int = 0

    @property
    def has_parents(self) -> bool:
        return any(column.parent for column in self.columns)


@dataclass
class Book:
    """An open workbook and its cell formats."""

    path: Path
    book: Any
    formats: dict[str, Any] = field(default_factory=dict)


@contextmanager
def open_book(path: Path) -> Iterator[Book]:
    """Open a workbook for writing; two runs over the same content give the same bytes."""
    book = xlsxwriter.Workbook(str(path), {"in_memory": True, "strings_to_numbers": False})
    book.set_properties({"title": path.stem, "author": "择优", "comments": MARK, "created": CREATED})
    formats = {
        "title": book.add_format({"bold": True, "font_size": 16, "align": "center"}),
        "header": book.add_format({"bold": True, "border": 1, "align": "center", "text_wrap": True}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "text": book.add_format({"num_format": "@"}),
        "merged": book.add_format({"align": "center", "valign": "vcenter"}),
    }
    yield Book(path, book, formats)
    book.close()


def write_sheet(book: Book, name: str, form: Form, rows: Sequence[dict[str, Cell]]) -> list[int]:
    """Write one table and give the row number (from 1) in which each of `rows` stands."""
    sheet = book.book.add_worksheet(name)
    width = len(form.columns)
    sheet.merge_range(0, 0, 0, width - 1, f"{form.title}（{MARK}）", book.formats["title"])
    at = 1
    for note in form.notes:
        sheet.write_string(at, 0, note)
        at += 1
    header_at = at
    at = _write_header(book, sheet, form, at)
    sheet.freeze_panes(at, 0)
    sheet.set_column(0, width - 1, 14)
    numbers: list[int] = []
    group: list[int] = []
    merged = next((i for i, c in enumerate(form.columns) if c.field and c.field == form.merged_field), None)

    def close_group() -> None:
        if merged is not None and len(group) > 1:
            value = rows[len(numbers) - 1][form.merged_field]
            sheet.merge_range(group[0], merged, group[-1], merged, value, book.formats["merged"])
        group.clear()

    for serial, row in enumerate(rows, start=1):
        changes = serial > 1 and form.merged_field and row[form.merged_field] != rows[serial - 2][form.merged_field]
        if changes:
            count = len(group)
            close_group()
            if form.has_subtotals:
                sheet.write_string(at, 0, "小计")
                sheet.write_string(at, 1, f"{count}个")
                at += 1
        if form.repeats_header_every and serial > 1 and serial % form.repeats_header_every == 1:
            for place, column in enumerate(form.columns):
                sheet.write_string(at, place, column.header)
            at += 1
        for place, column in enumerate(form.columns):
            value: Cell = serial if column.header == "序号" else row.get(column.field)
            _write_cell(book, sheet, at, place, value)
        group.append(at)
        numbers.append(at + 1)
        at += 1
    if rows:
        close_group()
    if form.has_total:
        sheet.write_string(at, 0, "合计")
        named = next((i for i, c in enumerate(form.columns) if c.field == "project_name"), 1)
        sheet.write_string(at, named, f"{len(rows)}个")
        at += 1
    for line in form.footer:
        sheet.write_string(at, 0, line)
        at += 1
    assert header_at < 15
    return numbers


def _write_header(book: Book, sheet: Any, form: Form, at: int) -> int:
    style = book.formats["header"]
    if not form.has_parents:
        for place, column in enumerate(form.columns):
            sheet.write_string(at, place, column.header, style)
        return at + 1
    place = 0
    while place < len(form.columns):
        column = form.columns[place]
        last = place
        while column.parent and last + 1 < len(form.columns) and form.columns[last + 1].parent == column.parent:
            last += 1
        if not column.parent:
            sheet.merge_range(at, place, at + 1, place, column.header, style)
        else:
            if last > place:
                sheet.merge_range(at, place, at, last, column.parent, style)
            else:
                sheet.write_string(at, place, column.parent, style)
            for child in range(place, last + 1):
                sheet.write_string(at + 1, child, form.columns[child].header, style)
        place = last + 1
    return at + 2


def _write_cell(book: Book, sheet: Any, row: int, column: int, value: Cell) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value, book.formats["date"])
    else:
        sheet.write_number(row, column, value)


# --- cell forms -----------------------------------------------------------------------------------------------------


def date_cell(day: dt.date, rng: np.random.Generator, share_real: float = 0.5) -> Cell:
    """Write a day as some person would: mostly a real date, else one of the texts."""
    if rng.random() < share_real:
        return day
    texts = (
        f"{day:%Y-%m-%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}.{day.month}.{day.day}",
    )
    return texts[int(rng.integers(len(texts)))]


def month_cell(day: dt.date, rng: np.random.Generator) -> Cell:
    """Write a month without a day, as text: as a number Excel would make January of 2025.10."""
    texts = (
        f"{day.year}.{day.month}",
        f"{day.year}年{day.month}月",
        f"{day.year}-{day.month:02d}",
        f"{day.year}年{day.month}月底",
    )
    return texts[int(rng.integers(len(texts)))]


def plain(number: float) -> str:
    """Give a number as people type it: no exponent, no zeros at the end."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def amount_cell(wan: float | None, unit: str, rng: np.random.Generator, share_text: float = 0.12) -> Cell:
    """Write 万元 under a column of `unit`: a number of that unit, or a text that says its own; "" forces the text."""
    if wan is None:
        return (None, "-", "/", "无")[int(rng.integers(4))]
    if unit and rng.random() >= share_text:
        return round(wan / 10_000, 8) if unit == "亿元" else wan
    if wan >= 10_000:
        return f"{plain(wan / 10_000)}亿元" if rng.random() < 0.6 else f"{plain(wan / 10_000)}亿"
    return f"{plain(wan)} 万元" if rng.random() < 0.4 else f"{plain(wan)}万元"
