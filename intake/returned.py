"""The file that goes back (退回件): refused rows on top with what is wrong, ready to be mended and sent again.

Belongs here: the layout of the returned workbook, the fingerprint by which an unchanged row that was taken before is
known when it comes back. Does not belong: why a row is refused (workbook.py), when a file is written (landing.py).

Personal columns (联系人, 电话) go back empty and phones in free text masked, although they are the sender's own: a returned
workbook is never cleared away, is mailed on and lies outside the desk's database, the one place where contacts may be;
no contract reads them, so the mended file loses nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections import defaultdict
from typing import Any, Final

import xlsxwriter

from intake.opening import Row
from intake.reading import Refusal, SheetReading
from intake.values import as_text, mask_phones

RESULT: Final = "处理结果"
SAID: Final = "错误说明"
MARK: Final = "行标记（勿改）"
UNREAD: Final = "未读取的金额列"
LONGEST_NAME: Final = 31  # characters in the name of a sheet
TAKEN: Final = "已接收"
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
    if cells[RESULT] not in {TAKEN, ANEW}:
        return None
    # Only the columns that were sent back: one that the sender added is no change of the row.
    own = [as_text(cell) or "" for index, cell in enumerate(row) if index not in place.values()]
    return cells[RESULT] if fingerprint(own) == cells[MARK] else None


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
        _write_unread(book, formats, bad)
    return content.getvalue()


def _sheet_names(names: list[str]) -> list[str]:
    """Return names that Excel allows, one for each of these, as near to them as can be."""
    taken, allowed = {UNREAD.lower(), "history", ""}, []
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
            said = f"工作表“{name}”的“{header}”列像金额，但不认识，没有读取；请改用模板的表头后重新发送"
            sheet.write_string(y, 0, said, formats["said"])
        sheet.set_column(0, 0, 100)


def _write_sheet(sheet: Any, formats: dict[str, Any], reading: SheetReading) -> None:
    """Write the titles and the header as they were, so that units stay known, then bad rows, then those taken."""
    assert reading.header_rows
    # Of a table further down the sheet only its own titles and header are kept.
    first, last = (len(reading.top) - (reading.header_rows[1] - at) for at in reading.header_rows)
    # A file that comes back a second time has these columns already.
    kept = [i for i in range(_width(reading)) if reading.headers.get(i) not in _SERVICE]
    personal = {column.index for column in reading.columns if column.field.personal}
    for y, row in enumerate(reading.top):
        for x, index in enumerate(kept, start=2):
            _write_text(sheet, y, x, _text(row, index, reading), formats["head" if y + 1 >= first else "text"])
        if y + 1 >= first:
            for x, title in ((0, RESULT), (1, SAID), (len(kept) + 2, MARK)):
                sheet.write_string(y, x, title, formats["head"])
    refusals: dict[int, list[Refusal]] = defaultdict(list)
    for refusal in reading.refusals:
        refusals[refusal.row].append(refusal)
    at = last
    for number in sorted(reading.cells, key=lambda n: (n not in refusals, n)):
        row, said = reading.cells[number], refusals.get(number, [])
        wrong = _wrong_columns(reading, said)
        texts = []
        for x, index in enumerate(kept, start=2):
            text = "" if index in personal else _text(row, index, reading)
            texts.append(text)
            cell = row[index] if index < len(row) else None
            if index in wrong and isinstance(cell, float) and not cell.is_integer():
                # As text 2025.1 would read as January: what can't be known as a number must not be known as text.
                sheet.write_number(at, x, cell, formats["bad number"])
            elif text or index in wrong:
                _write_text(sheet, at, x, text, formats["bad" if index in wrong else "text"])
        is_refused = any(not refusal.is_row_taken for refusal in said)
        state = (ANEW if number in reading.unseen else REFUSED) if is_refused else TAKEN
        sheet.write_string(at, 0, state, formats["said" if said else "text"])
        if said:
            told = "；".join(f"{f'【{r.column}】' if r.column else ''}{r.reason}，{r.mend}" for r in said)
            sheet.write_string(at, 1, f"原第{number}行：{told}"[:32_000], formats["said"])
        # Rows under a header that was not read must be read again once it is corrected: they bear no mark.
        again = reading.unread_amounts and state != ANEW
        sheet.write_string(at, len(kept) + 2, "" if again else fingerprint(texts), formats["text"])
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


def _width(reading: SheetReading) -> int:
    return max((len(row) for row in [*reading.top, *reading.cells.values()]), default=0)


def _wrong_columns(reading: SheetReading, said: list[Refusal]) -> set[int]:
    headers = {column.header: column.index for column in reading.columns}
    titles = {column.field.title: column.index for column in reading.columns}
    found = (headers.get(r.column, titles.get(r.column)) for r in said if r.column)
    return {index for index in found if index is not None}


def _text(row: Row, index: int, reading: SheetReading) -> str:
    """Give a cell as text; phones masked, except in numbers of leads and documents, which look like phones."""
    text = as_text(row[index]) if index < len(row) else None
    if text is None:
        return ""
    column = next((column for column in reading.columns if column.index == index), None)
    return text if column and not column.field.mask_phones else mask_phones(text)


def _write_text(sheet: Any, row: int, column: int, text: str, style: Any) -> None:
    if text:
        sheet.write_string(row, column, text[:32_767], style)
    else:
        sheet.write_blank(row, column, None, style)
