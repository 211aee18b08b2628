"""Fill somebody else's blank form from our columns (填上报表): a layout in reverse.

Belongs here: where a blank's rows begin, a value in the unit that its column asks for. Does not belong here: which leads (the
caller gives them), what a column is (layout.py).
"""

from __future__ import annotations

import copy
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import openpyxl
from openpyxl.worksheet.cell_range import CellRange

from intake.contract import Field
from intake.header import Column, Top, Window
from intake.layouts.layout import LEAST_COLUMNS, Layout, Layouts, fingerprint_of, in_unit, own_parts
from intake.layouts.proposal import NUMBERED, Proposal, propose
from intake.opening import FileProblem, open_sheets
from intake.template import UNIT_OF
from intake.values import as_text, exchange_rates, fold
from storage import write_whole

SUFFIXES: Final = (".xlsx", ".xlsm")
Lead = Mapping[str, Any]


@dataclass(frozen=True)
class Filled:
    """What was filled: rows, and the columns that we have nothing for."""

    rows: int
    empty: tuple[str, ...]


def form_of(blank: Path, layouts: Layouts) -> Proposal:
    """Return what the first form of a blank workbook seems to be.

    Raises
    ------
    FileProblem
        It can't be opened, is no .xlsx, or holds nothing like a header.
    """
    if blank.suffix.lower() not in SUFFIXES:
        raise FileProblem(f"{blank.name}：空白表须是 .xlsx；请另存为 .xlsx 后再填")
    for sheet in open_sheets(blank):
        # A blank has no rows: one is lent, without which nothing looks like a table.
        lent = type(sheet)(sheet.name, [*sheet.rows, [""]], sheet.merged)
        if not sheet.is_hidden and (found := propose(lent, layouts)):
            return found
    raise FileProblem(f"{blank.name}：没有找到表头；请确认是上级发的空白表")


def fill_form(blank: Path, layout: Layout, leads: Sequence[Lead]) -> tuple[bytes, Filled]:
    """Return the blank with one row a lead under its header, all else as it was."""
    form = form_of(blank, {layout.fingerprint: layout})
    if form.fingerprint != layout.fingerprint:
        raise FileProblem(f"{blank.name}：表头与确认过的版式不同；请重新确认")
    parts = own_parts(_window(blank, form, layout).parts)
    book = openpyxl.load_workbook(blank)
    sheet = book[form.sheet]
    first = form.header_rows[1] + 1
    written = {
        index: (contract_field, told.unit or UNIT_OF.get(contract_field.type, ""))
        for index, told in zip(parts, layout.columns, strict=True)
        if told.field and (contract_field := layout.contract.match(told.field)) and not contract_field.personal
    }
    numbering = [index for index, words in parts.items() if NUMBERED.match(fold(words[-1]))]
    _make_room(sheet, first, len(leads), {*numbering})
    known = set(leads[0]) if leads else {f.name for f, _ in written.values()}
    for at, lead in enumerate(leads):
        for index in numbering:
            _put(sheet, first + at, index, at + 1)
        for index, (f, unit) in written.items():
            if f.name in known:
                _put(sheet, first + at, index, _value(lead, f, unit))
    empty = [
        "/".join(words)
        for index, words in parts.items()
        if index not in numbering and (index not in written or written[index][0].name not in known)
    ]
    content = io.BytesIO()
    book.save(content)
    return content.getvalue(), Filled(len(leads), tuple(empty))


def write_form(blank: Path, out: Path, layout: Layout, leads: Sequence[Lead]) -> Filled:
    """Write a filled blank so that it stands whole or not at all."""
    content, filled = fill_form(blank, layout, leads)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, lambda partial: partial.write_bytes(content))
    return filled


def _window(blank: Path, form: Proposal, layout: Layout) -> Window:
    for sheet in open_sheets(blank):
        for window in Top.of(sheet.rows, sheet.merged).windows():
            if len(window.parts) >= LEAST_COLUMNS and fingerprint_of(window.parts) == layout.fingerprint:
                return window
    raise FileProblem(f"{blank.name}：没有找到表头；请确认是上级发的空白表")


def _make_room(sheet: Any, first: int, count: int, numbering: set[int]) -> None:
    """Move what stands below the prepared rows down, if there are fewer of them than leads; new rows look like the first."""

    def is_prepared(row: int) -> bool:
        texts = ((at, as_text(cell.value)) for at, cell in enumerate(sheet[row]))
        return all(text is None or (at in numbering and text.isdecimal()) for at, text in texts)

    prepared = 0
    while first + prepared <= sheet.max_row and is_prepared(first + prepared):
        prepared += 1
    missing = count - prepared
    if missing > 0 and first + prepared <= sheet.max_row:
        at = first + prepared
        below = [CellRange(str(merged)) for merged in sheet.merged_cells.ranges if merged.min_row >= at]
        for merged in below:
            sheet.unmerge_cells(str(merged))
        sheet.insert_rows(at, missing)
        for merged in below:
            merged.shift(row_shift=missing)
            sheet.merge_cells(str(merged))
    for row in range(first + max(prepared, 1), first + count):
        for model in sheet[first]:
            if model.has_style:
                sheet.cell(row, model.column)._style = copy.copy(model._style)


def _put(sheet: Any, row: int, index: int, value: Any) -> None:
    cell = sheet.cell(row, index + 1)
    if value is None or type(cell).__name__ == "MergedCell":
        return
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # a name that begins with = is no formula
    elif isinstance(value, dt.date) and cell.number_format == "General":
        cell.number_format = "yyyy-mm-dd"


def _value(lead: Lead, f: Field, unit: str) -> Any:
    """Return a stored value as the form asks for it: amounts and areas in its unit, words as people write them."""
    value = lead.get(f.name)
    if value is None:
        return None
    if f.type in {"amount", "area", "intensity"}:
        column = in_unit(Column(0, f, f.title), unit)
        if column.amount_unit:
            factor = column.amount_unit.to_wan * exchange_rates()[column.amount_unit.currency]
        else:
            factor = column.to_mu or column.to_wan_per_mu or 1.0
        return round(float(value) / factor, 6)
    if f.type == "boolean":
        return (
            f.choices["true" if value else "false"][0] if not f.title.startswith("是否") else ("是" if value else "否")
        )
    if f.type == "choice":
        return f.choices[value][0] if value in f.choices else str(value)
    return value
