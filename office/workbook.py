"""The workbook of all rules (规则工作簿): one sheet a table, one for single settings, 说明 in front.

Belongs here: what is in the sheets, how a value of a file becomes a cell, writing the workbook and the one that goes back.
Does not belong here: reading one back (receiving.py), opening a file that anybody may have sent (the caller's opener).

Codes, days and texts are text cells, so that Excel and WPS leave them as they are. A hidden sheet holds a hash of every row
as it was exported: it tells what the sender changed from what the folder changed since. The same folder gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import pyarrow as pa
import xlsxwriter
from pydantic import TypeAdapter, ValidationError

from office.district import read_district
from office.problems import OfficeError, Problem
from office.reading import SETTINGS, records
from office.scalars import Setting, day_text, number_text, settings_in
from office.tables import TABLES, Table, YesNo

TITLE: Final = "择优规则工作簿"  # the mark by which a workbook is known, in A1 of GUIDE
GUIDE: Final = "说明"
OTHER: Final = "其他设置"
STATE: Final = "_office"
DISTRICT_LABEL, SENDER, BASE = "本区", "填表人", "底稿标记（勿改）"
RESULT, SAID = "处理结果", "错误说明"
WRONG, WAITS = "需修改", "待改好后一并生效"
OTHER_COLUMNS: Final = {"file": "文件", "path": "设置项", "note": "说明", "value": "值"}
SINGLE: Final = tuple(name for name in SETTINGS if name != "chains.yaml")
LONGEST: Final = 32_000  # characters; a cell holds 32,767
_CREATED: Final = dt.datetime(2000, 1, 1)
_YES_NO: Final[TypeAdapter[bool]] = TypeAdapter(YesNo)
_SPARE_ROWS: Final = 200  # rows below the last that also get text format and dropdowns
_GUIDE: Final = (
    "1. 每张工作表是一个规则表，第一行是列名，不要改；列、行可以挪动，顺序不起作用；用不着的工作表可以删去，删去不算改动。",
    "2. 规则修订：保留原来的行，另加一行，写明新的生效日期和来源；到生效日期那一天起按新的一行计算。没有核实的写“未核实”。",
    "3. 日期写成 2026-01-31 的样子；是否一类的列填 是 或 否；删去一行就是取消这一条。",
    f"4. “{OTHER}”只改“值”一列；一格里有几个词的用顿号分隔。产业链在 chains.yaml 里直接改。",
    f"5. 填好“{SENDER}”，存为 .xlsx，放进收件夹，下一次夜间运行时生效；或运行 zeyou office import 文件。",
    "6. 只要有一处不对，整本都不生效，原来的设置照旧；退回的工作簿在有问题的行前写明原因，改好后再放进收件夹。",
    "7. 导出之后设置又被别人改过、同一行两边都改了的，退回时两个值都写明，由您再定。",
)

Cell = Any  # str, float, int, bool or a date, as the opener gives it
Kind = Literal["text", "number", "whole", "day", "yes_no"]
Key = tuple[str, ...]
Texts = tuple[str, ...]  # the cells of a row, each in its one form, blank ones ""


@dataclass
class Page:
    """One sheet of rows: titles, kinds and words of its columns, rows of cells, what is said of rows, cells that are wrong."""

    title: str
    header: list[str]
    kinds: list[Kind]
    rows: list[list[Cell]]
    choices: dict[int, list[str]] = field(default_factory=dict)
    said: dict[int, list[str]] = field(default_factory=dict)
    waits: set[int] = field(default_factory=set)
    wrong: set[tuple[int, int]] = field(default_factory=set)
    about: str = ""
    wraps: frozenset[int] = frozenset()


def kinds_of(table: Table) -> dict[str, Kind]:
    """Return the kind of every column of a table."""
    kinds: dict[pa.DataType, Kind] = {
        pa.bool_(): "yes_no", pa.float64(): "number", pa.int64(): "whole", pa.date32(): "day"
    }  # fmt: skip
    return {column.name: kinds.get(column.type, "text") for column in table.schema}


def one_form(kind: Kind, text: str | None) -> str:
    """Return the text of a cell in the one form in which equal values are equal; one that can't be read as it is.

    Examples
    --------
    >>> one_form("number", "30.0"), one_form("yes_no", "是"), one_form("day", "2026/1/31"), one_form("whole", "约30")
    ('30', 'true', '2026-01-31', '约30')
    """
    if not text:
        return ""
    try:
        if kind == "number":
            return number_text(float(text))
        if kind == "whole":
            value = float(text)
            return str(int(value)) if value.is_integer() else text
        if kind == "yes_no":
            return str(_YES_NO.validate_python(text)).lower()
    except (ValueError, ArithmeticError, ValidationError):
        return text
    return day_text(text) if kind == "day" else text


def digest_of(texts: Texts) -> str:
    """Return a short hash of a row."""
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:16]


def table_rows(folder: Path, table: Table) -> Iterator[tuple[Key, Texts, str]]:
    """Yield the rows of a table of a folder: key, cells in the order of the table's columns, the text in the file."""
    kinds = kinds_of(table)
    for record in records(folder / table.file, table)[1]:
        cells = {name: one_form(kind, record.cells[name]) for name, kind in kinds.items()}
        yield tuple(cells[name] for name in table.key), tuple(cells.values()), record.source


def folder_settings(folder: Path) -> dict[str, list[Setting]]:
    """Return the single settings of every YAML file of a folder."""
    return {name: settings_in((folder / name).read_bytes().decode()) for name in SINGLE if (folder / name).is_file()}


def state_of(folder: Path) -> dict[tuple[str, Key], str]:
    """Return the hash of every row of a folder, by file and key."""
    state = {
        (table.file, key): digest_of(texts) for table in TABLES.values() for key, texts, _ in table_rows(folder, table)
    }
    for name, settings in folder_settings(folder).items():
        state |= {(name, (setting.path,)): digest_of((setting.text,)) for setting in settings}
    return state


def mark_of(state: Mapping[tuple[str, Key], str]) -> str:
    """Return the hash of an exported state."""
    written = sorted((file, list(key), digest) for (file, key), digest in state.items())
    return hashlib.sha256(json.dumps(written, ensure_ascii=False).encode()).hexdigest()[:32]


def export(folder: Path) -> bytes:
    """Return the workbook of a folder; raise OfficeError where a file can't be read."""
    pages = [_page_of(folder, table) for table in TABLES.values()]
    rows = [[file, s.path, s.note, shown(s)] for file, settings in folder_settings(folder).items() for s in settings]
    pages.append(settings_page(rows))
    for page in pages:
        _refuse_longer_than_a_cell(page)
    return write_book(pages, state_of(folder), read_district(folder).name)


def empty_page(table: Table) -> Page:
    """Return the sheet of a table without rows."""
    kinds = list(kinds_of(table).values())
    choices = {at: ["是", "否"] for at, kind in enumerate(kinds) if kind == "yes_no"}
    for at, info in enumerate(table.row.model_fields.values()):
        for part in (info.annotation, *get_args(info.annotation)):
            if get_origin(part) is Literal:
                choices[at] = [str(word) for word in get_args(part)]
    return Page(table.title, list(table.columns.values()), kinds, [], choices, about=table.about)


def settings_page(rows: list[list[Cell]]) -> Page:
    """Return the sheet of single settings."""
    wraps = frozenset([list(OTHER_COLUMNS).index("note")])
    kinds: list[Kind] = ["text"] * len(OTHER_COLUMNS)
    return Page(OTHER, list(OTHER_COLUMNS.values()), kinds, rows, about="单个的数和词，每项一行", wraps=wraps)


def as_cell(kind: Kind, text: str) -> Cell:
    """Return the cell that shows a text of a file: a number as one where a cell holds it exactly, true as 是."""
    if kind == "yes_no":
        return {"true": "是", "false": "否"}.get(text, text)
    if kind in ("number", "whole"):
        try:
            value = float(text)
        except ValueError:
            return text
        return value if abs(value) < 1e15 and float(f"{value:.15g}") == value else text
    return text


def shown(setting: Setting) -> Cell:
    """Return the cell that shows a setting."""
    kind: Kind = "number" if setting.kind == "number" else "yes_no" if setting.kind == "yes_no" else "text"
    return as_cell(kind, setting.text)


def write_book(
    pages: Sequence[Page],
    state: Mapping[tuple[str, Key], str],
    district: str,
    sender: str = "",
    problems: Sequence[Problem] = (),
) -> bytes:
    """Return a workbook of sheets; with problems, it is one that goes back."""
    content = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False
    }  # fmt: skip
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"author": "择优", "title": TITLE, "created": _CREATED})
        formats = {
            "title": book.add_format({"bold": True, "font_size": 15, "num_format": "@"}),
            "head": book.add_format(
                {"bold": True, "border": 1, "text_wrap": True, "bg_color": "#DDEBF7", "num_format": "@"}
            ),
            "text": book.add_format({"num_format": "@"}),
            "number": book.add_format({"num_format": "General"}),
            "wrapped": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
            "input": book.add_format({"num_format": "@", "bg_color": "#FFF8DC", "border": 1}),
            "bad": book.add_format({"num_format": "@", "bg_color": "#FFC7CE"}),
            "bad number": book.add_format({"bg_color": "#FFC7CE"}),
            "said": book.add_format({"font_color": "#9C0006", "text_wrap": True, "num_format": "@", "valign": "top"}),
        }
        _write_guide(book.add_worksheet(GUIDE), formats, pages, mark_of(state), district, sender, problems)
        for page in pages:
            _write_page(book.add_worksheet(page.title), formats, page, is_returned=bool(problems))
        hidden = book.add_worksheet(STATE)
        for y, ((file, key), digest) in enumerate(sorted(state.items())):
            for x, text in enumerate((file, json.dumps(key, ensure_ascii=False), digest)):
                hidden.write_string(y, x, text)
        hidden.very_hidden()
    return content.getvalue()


def _page_of(folder: Path, table: Table) -> Page:
    page = empty_page(table)
    for _, texts, _ in table_rows(folder, table):
        page.rows.append([as_cell(kind, text) for kind, text in zip(page.kinds, texts, strict=True)])
    return page


def _refuse_longer_than_a_cell(page: Page) -> None:
    for text in (cell for row in page.rows for cell in row if isinstance(cell, str) and len(cell) > LONGEST):
        fix = "请拆开，或直接在文件里改"
        raise OfficeError([Problem(page.title, f"一格有 {len(text):,} 字，工作簿放不下", fix, value=text)])


def _write_guide(
    sheet: Any,
    formats: Mapping[str, Any],
    pages: Sequence[Page],
    mark: str,
    district: str,
    sender: str,
    problems: Sequence[Problem],
) -> None:
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 100)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, TITLE, formats["title"])
    sheet.write_string(1, 0, DISTRICT_LABEL, formats["head"])
    sheet.write_string(1, 1, district, formats["text"])
    sheet.write_string(2, 0, SENDER, formats["head"])
    _write_cell(sheet, 2, 1, sender, formats["input"], formats["number"])
    sheet.write_string(3, 0, BASE, formats["head"])
    sheet.write_string(3, 1, mark, formats["text"])
    at = 5
    if problems:
        sheet.write_string(at, 0, "退回原因", formats["head"])
        sheet.write_string(at, 1, f"有 {len(problems):,} 处要改，整本没有生效：", formats["said"])
        for problem in problems[:100]:
            at += 1
            sheet.write_string(at, 1, str(problem)[:LONGEST], formats["said"])
        at += 2
    for line in _GUIDE:
        sheet.write_string(at, 1, line, formats["wrapped"])
        at += 1
    at += 1
    sheet.write_string(at, 0, "工作表", formats["head"])
    sheet.write_string(at, 1, "内容", formats["head"])
    for page in pages:
        at += 1
        sheet.write_url(at, 0, f"internal:'{page.title}'!A1", string=page.title)
        sheet.write_string(at, 1, f"{page.about}（{len(page.rows):,} 行）", formats["wrapped"])


def _write_page(sheet: Any, formats: Mapping[str, Any], page: Page, *, is_returned: bool) -> None:
    """Write a sheet; in one that goes back, what is wrong comes first, and each row says what became of it."""
    first = 2 if is_returned else 0
    for x, title in enumerate([*((RESULT, SAID) if is_returned else ()), *page.header]):
        sheet.write_string(0, x, title, formats["head"])
    last = len(page.rows) + _SPARE_ROWS
    for at, kind in enumerate(page.kinds):
        longest = max((_width(row[at]) for row in page.rows[:1000] if at < len(row)), default=0)
        width = min(max(longest + 2, min(_width(page.header[at]), 16) + 2, 8), 60)
        form = formats["number" if kind in ("number", "whole") else "text"]
        sheet.set_column(first + at, first + at, width, form)
        if at in page.choices:
            rule = {"validate": "list", "source": page.choices[at], "error_message": "请从下拉列表中选择"}
            sheet.data_validation(1, first + at, last, first + at, rule)
    order = sorted(range(len(page.rows)), key=lambda n: (n not in page.said, n))
    for y, number in enumerate(order, start=1):
        if number in page.said:
            sheet.write_string(y, 0, WRONG, formats["said"])
            sheet.write_string(y, 1, "；".join(page.said[number])[:LONGEST], formats["said"])
        elif number in page.waits:
            sheet.write_string(y, 0, WAITS, formats["text"])
        for x, cell in enumerate(page.rows[number]):
            bad = (number, x) in page.wrong
            plain = "wrapped" if x in page.wraps else "text"
            text, value = ("bad", "bad number") if bad else (plain, "number")
            _write_cell(sheet, y, first + x, cell, formats[text], formats[value])
    if is_returned:
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 1, 60)
    width = first + len(page.header)
    sheet.freeze_panes(1, first + 1)
    sheet.autofilter(0, 0, max(len(page.rows), 1), width - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:ZZ{last}"})


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, text_format: Any, number_format: Any) -> None:
    if cell is None or cell == "":
        sheet.write_blank(row, column, None, text_format)
    elif isinstance(cell, bool):
        sheet.write_string(row, column, "是" if cell else "否", text_format)
    elif isinstance(cell, int | float) and abs(cell) < 1e15:
        sheet.write_number(row, column, cell, number_format)
    else:
        text = str(cell.date()) if isinstance(cell, dt.datetime) else str(cell)
        sheet.write_string(row, column, text[:LONGEST], text_format)


def _width(cell: Cell) -> int:
    return sum(2 if ord(letter) > 255 else 1 for letter in str(cell if cell is not None else ""))
