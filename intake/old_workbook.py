"""What calamine does not tell of an old workbook (.xls): number formats, error values, raised and struck-out letters, hidden rows.

Belongs here: reading just these by xlrd. Does not belong: the cells themselves (opening.py reads them by calamine, seven
times faster), what a format shows (number_format.py).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from intake.number_format import changes_codes, is_plain

LARGEST: Final = 20 * 2**20  # bytes; a sheet of 60,000 rows and 10 columns has 9 MB and takes 0.7 s

Place = tuple[int, int]


@dataclass
class OldSheet:
    """Cells by (row, column) from 0: error values, formats that may show another number, texts with marks."""

    errors: set[Place] = field(default_factory=set)
    formats: dict[Place, str] = field(default_factory=dict)
    marked: set[Place] = field(default_factory=set)
    struck: set[Place] = field(default_factory=set)  # all of the cell
    hidden_rows: set[int] = field(default_factory=set)


def look_at_old_workbook(path: Path) -> dict[str, OldSheet] | None:
    """Return what each sheet holds besides its cells; None where xlrd can't read the file, or it is too large to try."""
    import xlrd

    if path.stat().st_size > LARGEST:
        return None
    try:
        with xlrd.open_workbook(str(path), formatting_info=True, ragged_rows=True, logfile=io.StringIO()) as book:
            return {sheet.name: _look_at_sheet(book, sheet, xlrd.XL_CELL_ERROR) for sheet in book.sheets()}
    except Exception:  # of many kinds: xlrd checks little of what it unpacks
        return None


def _look_at_sheet(book: Any, sheet: Any, error: int) -> OldSheet:
    found = OldSheet()
    codes = {at: str(book.format_map[xf.format_key].format_str) for at, xf in enumerate(book.xf_list)}
    odd = {at: code for at, code in codes.items() if not is_plain(code) or changes_codes(code)}
    struck = {at for at, xf in enumerate(book.xf_list) if book.font_list[xf.font_index].struck_out}
    found.hidden_rows = {at for at, info in sheet.rowinfo_map.items() if info.hidden}
    for row in range(sheet.nrows):
        types = sheet.row_types(row)
        if error in types:
            found.errors |= {(row, column) for column, kind in enumerate(types) if kind == error}
        if odd or struck:
            for column in range(len(types)):
                style = sheet.cell_xf_index(row, column)
                if code := odd.get(style):
                    found.formats[row, column] = code
                if style in struck:
                    found.struck.add((row, column))
    for place, runs in sheet.rich_text_runlist_map.items():
        fonts = [book.font_list[font] for _, font in runs]
        if any(font.escapement or font.struck_out for font in fonts):
            found.marked.add(place)
    return found
