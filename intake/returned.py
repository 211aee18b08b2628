"""The file that goes back (退回件): the rows to correct, each with what is wrong, where, and how a right value looks.

Belongs here: the layout of the returned workbook, the fingerprint by which an unchanged row that was taken before is
known when it comes back. Does not belong: why a row is refused (workbook.py), when a file is written (landing.py).

Rows that were taken are counted, not repeated. All columns go back as they were sent, contacts (联系人, 电话) too: whoever
keeps the corrected file must not lose them. They come from the sender's own file while it is read, and go nowhere else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from intake.contract import right_value
from intake.opening import Row
from intake.reading import Refusal, SheetReading
from intake.values import as_text, is_number, is_visible

RESULT: Final = "处理结果"
SAID: Final = "错误说明"
MARK: Final = "行标记（勿改）"
UNREAD: Final = "未读取的金额列"
COUNTS: Final = "接收情况"
LONGEST_NAME: Final = 31  # characters in the name of a sheet
TAKEN: Final = "已接收"
PARTLY: Final = "已接收，有格没读入"
REFUSED: Final = "需修改"
ANEW: Final = "需重填"  # a format, an error, another header: gone from the answer, so that the row looks right in it
_SERVICE: Final = (RESULT, SAID, MARK)
_FORBIDDEN = re.compile("[\\[\\]:*?/\\\\\x00-\x1f\ufffe\uffff\ud800-\udfff]")
_CREATED: Final = dt.datetime(2000, 1, 1)  # the same refusals give the same bytes


def fingerprint(texts: list[str]) -> str:
    """Give the mark of a row: the same cells, whatever their place in the sheet, give the same mark."""
    while texts and not texts[-1]:
        texts = texts[:-1]
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:16]


def unchanged_state(row: Row, headers: dict[int, str]) -> str | None:
    """Return what was said of a row when it went back, if nobody changed it since; None for any other row.

    A row that was taken is no new data; one to be written anew shows its fault only in the file it came from.
    """
    place = {header: index for index, header in headers.items() if header in _SERVICE}
    if not {RESULT, MARK} <= place.keys():
        return None
    cells = {name: as_text(row[index]) if index < len(row) else None for name, index in place.items()}
    if cells[RESULT] not in {TAKEN, PARTLY, ANEW}:
        return None
    # Only the columns that were sent back: one that the sender added is no change of the row.
    own = [as_text(cell) or "" for index, cell in enumerate(row) if index not in place.values()]
    if fingerprint(own) != cells[MARK]:
        return None
    return ANEW if cells[RESULT] == ANEW else TAKEN


def returned_workbook(readings: list[SheetReading]) -> bytes | None:
    """Return the workbook of every sheet with refusals or unread amounts, deterministic bytes; None where there is none."""
    bad = [reading for reading in readings if reading.refusals or reading.unread_amounts]
    if not bad:
        return None
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"author": "择优", "title": "退回修改", "created": _CREATED})
        formats = {
            "head": book.add_format({"bold": True, "border": 1, "text_wrap": True, "num_format": "@"}),
            "bad": book.add_format({"bg_color": "#FFC7CE", "num_format": "@"}),
            "bad number": book.add_format({"bg_color": "#FFC7CE"}),
            "text": book.add_format({"num_format": "@"}),
            "said": book.add_format({"font_color": "#9C0006", "text_wrap": True, "num_format": "@"}),
        }
        for reading, name in zip(bad, _sheet_names([reading.sheet for reading in bad]), strict=True):
            _write_sheet(book.add_worksheet(name), formats, reading)
        _write_counts(book.add_worksheet(COUNTS), formats["said"], bad)
        _write_unread(book, formats, bad)
    return content.getvalue()


def _sheet_names(names: list[str]) -> list[str]:
    """Return names that Excel allows, one for each of these, as near to them as can be."""
    taken, allowed = {UNREAD.lower(), COUNTS, "history", ""}, []
    for name in names:
        plain = _FORBIDDEN.sub("_", name).strip("'")
        unique, times = _cut(plain, LONGEST_NAME), 1
        while unique.lower() in taken or unique.strip() != unique:
            times += 1
            unique = f"{_cut(plain, LONGEST_NAME - 5).strip()}_{times}"
        taken.add(unique.lower())
        allowed.append(unique)
    return allowed


def _cut(text: str, length: int) -> str:
    """Return the text cut to so many units of UTF-16, in which Excel counts."""
    return text.encode("utf-16-le")[: 2 * length].decode("utf-16-le", errors="ignore").rstrip("'")


def _write_unread(book: Any, formats: dict[str, Any], readings: list[SheetReading]) -> None:
    """Write a sheet that names the columns of money which were not read; the next reading takes it for a note."""
    unread = [(reading.sheet, header) for reading in readings for header in reading.unread_amounts]
    if unread:
        sheet = book.add_worksheet(UNREAD)
        for y, (name, header) in enumerate(unread):
            said = f"工作表“{name}”的“{header}”列像金额，但不认识，没有读取；请把这一列的表头改成模板的写法（如“计划总投资（万元）”），再发送"
            sheet.write_string(y, 0, said, formats["said"])
        sheet.set_column(0, 0, 100)


def _write_sheet(sheet: Any, formats: dict[str, Any], reading: SheetReading) -> None:
    """Write how many rows were taken, the titles and the header as they were, so that units stay known, then the bad rows."""
    assert reading.header_rows
    refusals: dict[int, list[Refusal]] = defaultdict(list)
    for refusal in reading.refusals:
        refusals[refusal.row].append(refusal)
    # Of a table further down the sheet only its own titles and header are kept.
    first, last = (len(reading.top) - (reading.header_rows[1] - at) for at in reading.header_rows)
    # A file that comes back a second time has these columns already.
    kept = [i for i in range(_width(reading)) if reading.headers.get(i) not in _SERVICE]
    for y, row in enumerate(reading.top):
        for x, index in enumerate(kept, start=2):
            cell = row[index] if index < len(row) else None
            _write_cell(sheet, y, x, cell, formats["head" if y + 1 >= first else "text"])
        if y + 1 >= first:
            for x, title in ((0, RESULT), (1, SAID), (len(kept) + 2, MARK)):
                sheet.write_string(y, x, title, formats["head"])
    at = last
    personal = {column.index for column in reading.columns if column.field.personal}
    unread = _rows_unread(reading)
    for number in sorted(refusals.keys() | unread, key=lambda n: (not _is_refused(refusals.get(n, ())), n)):
        row, said = reading.cells[number], refusals.get(number, [])
        wrong = _wrong_columns(reading, said)
        for x, index in enumerate(kept, start=2):
            cell = row[index] if index < len(row) else None
            is_odd = isinstance(cell, float) and index in wrong and not cell.is_integer()
            if is_odd or (index in personal and is_number(cell)):
                # As text 2025.1 would read as January: what can't be known as a number must not be known as text.
                sheet.write_number(at, x, cell, formats["bad number"] if is_odd else None)
            elif _text(row, index) or index in wrong or index in personal:
                _write_cell(sheet, at, x, cell, formats["bad" if index in wrong else "text"])
        state = (ANEW if number in reading.unseen else REFUSED) if _is_refused(said) else PARTLY
        sheet.write_string(at, 0, state, formats["said"])
        told = (
            "；".join(_told(reading, refusal) for refusal in said) or f"“{'、'.join(reading.unread_amounts)}”没有读取"
        )
        sheet.write_string(at, 1, f"原第{number}行：{told}"[:32_000], formats["said"])
        # Rows under a header that was not read must be read again once it is corrected: they bear no mark.
        again = reading.unread_amounts and state != ANEW
        mark = "" if again else fingerprint([_text(row, index) for index in kept])
        sheet.write_string(at, len(kept) + 2, mark, formats["text"])
        at += 1
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 1, 60)
    sheet.set_column(2, len(kept) + 1, 14)
    sheet.set_column(len(kept) + 2, len(kept) + 2, 18, None, {"hidden": True})
    sheet.freeze_panes(last, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    if last:
        sheet.repeat_rows(first - 1, last - 1)


def _is_refused(said: Iterable[Refusal]) -> bool:
    return any(not refusal.is_row_taken for refusal in said)


def _rows_unread(reading: SheetReading) -> set[int]:
    """Return the rows that have an amount in a column that was not read: once its header is corrected, they are read."""
    columns = [index for index, header in reading.headers.items() if header in reading.unread_amounts]
    read = {row["source_row"] for row in reading.accepted}
    return {number for number in read if any(_text(reading.cells[number], index) for index in columns)}


def _write_counts(sheet: Any, style: Any, readings: list[SheetReading]) -> None:
    """Write how many rows of each sheet were taken, which are not listed, and what to do with the others."""
    for y, reading in enumerate(readings):
        refused, taken = reading.refused, len(reading.accepted)
        partly = {refusal.row for refusal in reading.refusals if refusal.is_row_taken}
        said = f"工作表“{reading.sheet}”：已接收 {taken:,} 行，不再列出；需修改 {refused:,} 行"
        partly |= _rows_unread(reading)
        said += f"；已接收的行中 {len(partly):,} 行有格没有读入，也列出" if partly else ""
        sheet.write_string(y, 0, f"{said}。请改标红的格，不要动最后一列，保存后整本发回。", style)
    sheet.set_column(0, 0, 100)


def _told(reading: SheetReading, refusal: Refusal) -> str:
    """Say what is wrong in the sender's own words: the cell of their file, what stands there, and how a right value looks."""
    at = _column_index(reading, refusal)
    said = f"{refusal.reason}，{refusal.mend}"
    if at is None:
        return f"{f'【{refusal.column}】' if refusal.column else ''}{said}"
    column = next((column for column in reading.columns if column.index == at), None)
    example = right_value(column.field) if column else None
    shown = f"（如 {example}）" if example is not None and str(example) not in said else ""
    return f"{xl_rowcol_to_cell(refusal.row - 1, at)}【{refusal.column}】{said}{shown}"


def _width(reading: SheetReading) -> int:
    return max((len(row) for row in [*reading.top, *reading.cells.values()]), default=0)


def _wrong_columns(reading: SheetReading, said: list[Refusal]) -> set[int]:
    return {index for refusal in said if (index := _column_index(reading, refusal)) is not None}


def _column_index(reading: SheetReading, refusal: Refusal) -> int | None:
    """Return the column that a refusal means, by its written header or its field's title."""
    named = {column.field.title: column.index for column in reading.columns}
    named |= {column.header: column.index for column in reading.columns}
    return named.get(refusal.column) if refusal.column else None


def _text(row: Row, index: int) -> str:
    return (as_text(row[index]) or "") if index < len(row) else ""


def _write_cell(sheet: Any, row: int, column: int, cell: object, style: Any) -> None:
    """Write a cell as text, as it was sent; what nobody can see or a file can't hold is left out."""
    text = cell if isinstance(cell, str) and is_visible(cell) else as_text(cell)
    if text:
        sheet.write_string(row, column, text[:32_767], style)
    else:
        sheet.write_blank(row, column, None, style)
