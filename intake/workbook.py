"""Read the rows of a ledger (读台账): typed rows or refusals, and every non-empty row accounted for.

Belongs here: telling data from titles, totals and notes, and turning rows into typed rows or refusals, so that read =
accepted + refused + not_data. Does not belong: opening a file (opening.py), the header (header.py), what a cell means
(values.py), where results are kept (landing.py).
"""

from __future__ import annotations

import datetime as dt
import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import Contract, Field, load_contracts
from intake.header import HEADER_WITHIN, Column, Header, Top, fill_merged, find_headers
from intake.opening import SUFFIXES, FileProblem, Row, Sheet, open_sheets
from intake.returned import RESULT, is_unchanged_and_taken
from intake.values import (
    EMPTY_WORDS,
    Unreadable,
    as_text,
    fold,
    mask_phones,
    parse_amount,
    parse_area,
    parse_date,
    parse_industry,
    parse_intensity,
    parse_number,
    parse_uscc,
    parse_year,
)

__all__ = ["SUFFIXES", "FileProblem", "Refusal", "SheetReading", "read_workbook"]

_TOTAL = re.compile(r"^(合计|小计|总计|共计|累计|本页合计|全区合计|.{1,8}(小计|合计))$")
_COUNT = re.compile(r"^(?:共|计)?\d[\d,]*(?:\.\d+)?(?:个|项|家|条|户|宗|批|次|人|笔|处|亩|元|万元|亿元)?$")
# Compared with folded text. A colon or a number tells 注：… from 注塑机项目, and 以上数据 from 以上海为….
_NOTE = re.compile(
    r"^(?:(?:备?注|说明)(?:\d*|\(\d+\))[:.、]|(?:填报|填表|审核|制表|统计|单位)(?:单位|部门|人|时间|日期|说明|负责人)|"
    r"(?:单位|联系人|联系电话|电话|日期|负责人)(?:\(.*\))?:|数据截至|本表|合成数据|以上(?:数据|项目|金额|均|为))"
)
_FIRST_OF_MARKS = frozenset("备注说填审制统单联电日负数本合以小总共累全示")  # of _TOTAL, _NOTE and EXAMPLE
EXAMPLE: Final = "示例"  # in the first cell of a template's example row

Cell = object


@dataclass(frozen=True)
class Refusal:
    """One reason why one row was refused. A row may have several; `column` is null when the row as a whole is meant."""

    contract: str
    file: str
    sheet: str
    row: int
    column: str | None
    value: str | None
    reason: str
    mend: str


SYNTHETIC: Final = "合成数据"


@dataclass
class SheetReading:
    """What one sheet gave: typed rows, refusals, and the count of rows that are no data (titles, totals, notes).

    `headers` are all the written headers by column, recognised or not; `cells` are the rows as they were read, kept for
    the workbook that goes back.
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
    is_synthetic: bool = False
    top: list[Row] = field(default_factory=list)
    cells: dict[int, Row] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        return len({refusal.row for refusal in self.refusals})


def read_workbook(path: Path, contract: Contract | None = None) -> list[SheetReading]:
    """Read every sheet of a workbook or .csv by one contract, or by the contract whose columns it has.

    Raises
    ------
    FileProblem
        The file can't be opened, is empty, or none of its sheets has a known header.
    """
    candidates = [contract] if contract else [c for c in load_contracts().values() if not c.bulk]
    with _no_collection():
        readings = [_read_sheet(path, sheet, candidates) for sheet in open_sheets(path)]
    if not any(reading.read for reading in readings):
        raise FileProblem(f"{path.name}：工作簿是空的；请确认发送的是填好的台账")
    if not any(reading.contract for reading in readings):
        wanted = "、".join(f"“{f.title}”" for c in candidates[:1] for f in c.fields if f.required) if contract else ""
        place = f"{path.name}，工作表“{readings[0].sheet}”前 {HEADER_WITHIN} 行"
        if contract:
            raise FileProblem(f"{place}：找不到“{contract.title}”的表头，应有 {wanted}；请核对表头或更换 --contract")
        titles = "、".join(c.title for c in candidates)
        raise FileProblem(f"{place}：找不到认识的表头；能读的台账有：{titles}")
    return readings


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the cycle collector from walking over millions of new cells, none in a cycle: a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- what a row is --------------------------------------------------------------------------------------------------


def _is_blank(row: Row) -> bool:
    for cell in row:
        if cell is not None and cell != "" and not (isinstance(cell, str) and not cell.strip()):
            return False
    return True


def _may_mark(text: str) -> bool:
    """Say whether a text may make its row a total, a note or the example; its ends tell nearly all that can't."""
    if _folded_end(text[0]) not in _FIRST_OF_MARKS and _folded_end(text[-1]) != "计":
        return False
    folded = fold(text)
    return folded == EXAMPLE or bool(_TOTAL.match(folded) or _NOTE.match(folded))


@lru_cache(maxsize=65_536)
def _folded_end(character: str) -> str:
    return fold(character)


def _suspects(rows: list[Row], header_words: frozenset[str]) -> set[Cell]:
    """Give the distinct cells that may make a row a total, a note, the example or a repeated header.

    A row with none of them and a required cell is data, which nearly all rows are: they need no closer look.
    """
    # A header of years meets numbers and dates.
    has_years = any(not word.strip("0123456789.-/:年月日 ") for word in header_words)
    suspects: set[Cell] = set()
    for start in range(0, len(rows), 1024):  # few enough rows to stay in the cache
        distinct: set[Cell] = set().union(*rows[start : start + 1024])
        texts = [cell for cell in distinct if type(cell) is str and cell]
        ends = {text[0] for text in texts} | {text[-1] for text in texts}
        blank = {end for end in ends if not _folded_end(end)}
        first = {end for end in ends if _folded_end(end) in _FIRST_OF_MARKS} | blank
        last = {end for end in ends if _folded_end(end) == "计"} | blank
        marked = [text for text in texts if text[0] in first or text[-1] in last]
        suspects |= {text for text in marked if _may_mark(text.strip() or text) or as_text(text) in header_words}
        suspects |= distinct.intersection(header_words)
        if has_years:
            suspects |= {cell for cell in distinct if type(cell) is not str and as_text(cell) in header_words}
    return suspects


def _is_full(cell: Cell) -> bool:
    """Say whether a cell has a text; plain words, as nearly all are, are told at once."""
    return (type(cell) is str and cell.isalnum() and cell not in EMPTY_WORDS) or as_text(cell) is not None


def _is_no_data(written: Row, row: Row, header: Header, header_texts: list[frozenset[str]]) -> bool:
    """Tell totals, notes, repeated headers and prepared empty rows from data; in doubt it is data, and may be refused.

    `written` is the row as it stands, `row` with merged cells filled in.
    """
    own = {c.field.name: text for c in header.columns if (text := _text_at(written, c.index))}
    if not own and not any(_text_at(row, c.index) for c in header.columns if c.field.required):
        return True  # only dashes, or a serial number prepared for a lead to come
    texts = [fold(text) for cell in written if (text := as_text(cell))]
    if frozenset(text for cell in row if (text := as_text(cell))) in header_texts:
        return True
    if texts and texts[0] == EXAMPLE and fold(EXAMPLE) not in {fold(text) for text in own.values()}:
        return True
    plain = {name for name, text in own.items() if not _TOTAL.match(fold(text)) and not _NOTE.match(fold(text))}
    required = {f.name for f in header.contract.fields if f.required}
    if any(_TOTAL.match(text) for text in texts[:3]):
        # 合计 | | 20个: a count under the key's column names nothing. With two names it is a row, and refused if it lacks one.
        named = {name for name in plain if not _COUNT.match(fold(own[name]))}
        if not required.intersection(header.contract.key) <= named and len(required & named) < 2:
            return True
    return bool(texts and _NOTE.match(texts[0])) and len(required & plain) < 2


def _text_at(row: Row, index: int) -> str | None:
    return as_text(row[index]) if index < len(row) else None


def _choice(f: Field, text: str) -> str:
    folded = fold(text)
    for value, words in f.choices.items():
        if folded in {fold(word) for word in words}:
            return value
    known = "、".join(words[0] for words in f.choices.values())
    raise Unreadable(f"“{text}”不在可选项中", f"请从 {known} 中选填")


def _parse_choice(column: Column, cell: Cell) -> dict[str, Any]:
    text = as_text(cell)
    return {column.field.name: None if text is None else _choice(column.field, text)}


def _parse_boolean(column: Column, cell: Cell) -> dict[str, Any]:
    text = as_text(cell)
    if text is None or fold(text) in {"是", "否"}:
        return {column.field.name: None if text is None else fold(text) == "是"}
    return {column.field.name: _choice(column.field, text) == "true"}


def _parse_date(column: Column, cell: Cell, year: int | None = None) -> dict[str, Any]:
    found, precision = parse_date(cell, year) or (None, None)
    return {column.field.name: found, f"{column.field.name}_precision": precision}


def _parse_amount(column: Column, cell: Cell) -> dict[str, Any]:
    amount = parse_amount(cell, column.amount_unit)
    stem = column.field.name.removesuffix("_wan_cny")
    return {
        column.field.name: amount.wan_cny if amount else None,
        f"{stem}_currency": amount.currency if amount else None,
        f"{stem}_rate": amount.rate if amount else None,
    }


_PARSERS: Final[dict[str, Callable[[Column, Cell], dict[str, Any]]]] = {
    "choice": _parse_choice,
    "boolean": _parse_boolean,
    "date": _parse_date,
    "amount": _parse_amount,
    "intensity": lambda column, cell: {column.field.name: parse_intensity(cell, column.to_wan_per_mu)},
    "area": lambda column, cell: {column.field.name: parse_area(cell, column.to_mu)},
    "number": lambda column, cell: {column.field.name: parse_number(cell)},
    "year": lambda column, cell: {column.field.name: parse_year(cell)},
    "uscc": lambda column, cell: {column.field.name: parse_uscc(cell)},
    "industry": lambda column, cell: {column.field.name: parse_industry(cell)},
}


def _shown(cell: Cell) -> str | None:
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d")
    text = as_text(cell)
    return mask_phones(text)[:200] if text else None


def _read_sheet(path: Path, sheet: Sheet, candidates: list[Contract]) -> SheetReading:
    rows = sheet.rows
    blank = {at for at, row in enumerate(rows) if _is_blank(row)}
    reading = SheetReading(sheet.name, read=len(rows) - len(blank), remarks=sheet.remarks)
    # Said in a title above the table or a note below it; what is made of such rows is labelled too.
    outer = [*rows[:HEADER_WITHIN], *rows[-HEADER_WITHIN:]]
    reading.is_synthetic = any(isinstance(cell, str) and SYNTHETIC in cell for row in outer for cell in row)
    # Header rows are filled first, so that a merged parent stands over each of its columns.
    top = Top.of(rows, sheet.merged)
    headers = find_headers(top, candidates)
    whole = [h for h in headers if not h.missing]
    partial = [h for h in headers if h.missing and h.is_near]
    if not whole and not partial:
        reading.not_data = reading.read
        return reading
    best = max(whole or partial, key=lambda h: h.strength)
    reading.contract, reading.header_rows = best.contract.name, (best.first + 1, best.last + 1)
    reading.columns, reading.headers = list(best.columns), top.headers(best)
    reading.top = top.rows[: best.last + 1]
    reading.remarks += tuple(
        f"“{c.header}”按“{c.field.title}”读取，括号中的“{'、'.join(c.unheeded)}”没有列入约定，请确认口径一致"
        for c in best.columns
        if c.unheeded
    )
    equals = [h for h in whole if h.strength[0] == best.strength[0] and h.contract is not best.contract]
    problem = None
    if best.missing:
        problem = (f"表头缺少必填列：{'、'.join(best.missing)}", "请补上这些列后重新发送")
    elif best.ambiguous:
        problem = (f"有两列都像“{'、'.join(best.ambiguous)}”", "请只保留一列，或改写其中一列的表头")
    elif equals:
        problem = (f"既像“{best.contract.title}”又像“{equals[0].contract.title}”", "请按模板的表头填写")
    body = fill_merged(rows, sheet.merged, best.last)
    header_texts = [frozenset(t for cell in row if (t := as_text(cell))) for row in reading.top[best.first :]]
    is_returned = RESULT in reading.headers.values()
    suspects = _suspects(rows[best.last + 1 :], frozenset[str]().union(*header_texts))
    key = next((c.index for c in best.columns if c.field.required), 0)
    numbers = []
    for number, row in enumerate(body, start=1):
        written = rows[number - 1]
        if number - 1 in blank:
            continue
        is_data = key < len(written) and _is_full(written[key]) and suspects.isdisjoint(written)
        if (
            number - 1 <= best.last
            or (not is_data and _is_no_data(written, row, best, header_texts))
            or (is_returned and is_unchanged_and_taken(row, reading.headers))
        ):
            reading.not_data += 1
            continue
        numbers.append(number)
        reading.cells[number] = row
    if problem:
        place = (best.contract.name, path.name, sheet.name)
        reading.refusals.extend(Refusal(*place, number, None, None, *problem) for number in numbers)
    else:
        _TableReader(path, sheet, reading, best, top).read(numbers)
    return reading


@dataclass(frozen=True)
class _Wrong:
    """What is wrong with one cell: the row's place in the table, what was written, and what to say."""

    at: int
    column: str
    value: str | None
    reason: str
    mend: str


class _TableReader:
    """Turns the rows of one sheet into typed rows or refusals, a column at a time: cells of a column are much alike."""

    def __init__(self, path: Path, sheet: Sheet, reading: SheetReading, header: Header, top: Top) -> None:
        self.path, self.sheet, self.reading, self.header = path, sheet, reading, header
        years = top.years(header.first)
        self.year = years.pop() if len(years) == 1 else None
        self.year_column = top.year_column(header)
        self.columns = [c for c in header.columns if not c.field.personal]
        names = {c.field.name: c for c in self.columns}
        # A sheet called 线索台账 is no unit, and an empty cell under 责任单位 is not filled from the sheet's name.
        titled = sheet.name in {c.title for c in load_contracts().values()}
        self.written = set(names) | ({f.name for f in header.contract.fields} if titled else set())
        self.completed = [f for f in header.contract.fields if f.required or f.from_sheet or f.else_from]
        self.stand_ins = {
            f.name: next(names[name] for name in f.else_from if name in names)
            for f in header.contract.fields
            if f.else_from and f.name not in names and any(name in names for name in f.else_from)
        }
        self.wrong: list[_Wrong] = []
        self.values: dict[str, list[Any]] = {}  # by field, in the order of rows; "" where the cell was refused

    def read(self, numbers: list[int]) -> None:
        """Read the rows of these numbers; all that is wrong with a row is told at once."""
        rows = [self.reading.cells[number] for number in numbers]
        width = max((len(row) for row in rows), default=0)
        if any(len(row) != width for row in rows):  # .csv
            rows = [row + [None] * (width - len(row)) for row in rows]
        by_index: list[Sequence[Cell]] = list(zip(*rows, strict=True))
        nothing: list[Cell] = [None] * len(rows)
        cells = {c.field.name: by_index[c.index] if c.index < width else nothing for c in self.columns}
        years = None
        if self.year_column is not None and self.year_column < width:
            years = [self._year_of(cell) for cell in by_index[self.year_column]]
        for column in sorted(self.columns, key=lambda c: bool(c.units_by)):  # what tells a unit goes first
            written = list(cells[column.field.name])
            places = [(number - 1, column.index) for number in numbers] if self.sheet.broken else []
            faults = {at: said for at, place in enumerate(places) if (said := self.sheet.broken.get(place))}
            for at, fault in faults.items():
                mend = "请用 Excel/WPS 打开，改正公式或填入数值，保存后重新发送"
                self.wrong.append(_Wrong(at, column.header, _shown(written[at]), fault, mend))
                written[at] = None
            self._read_column(column, written, years)
            for at in faults:
                self.values[column.field.name][at] = ""
        self._complete(len(rows))
        self._sort_out(numbers)

    def _read_column(self, column: Column, cells: list[Cell], years: list[int | None] | None) -> None:
        """Parse each distinct cell once, as what its column is."""
        name, kind = column.field.name, column.field.type
        if kind == "text":
            self.values[name] = _texts(cells, column.field.mask_phones)
            return
        contexts: list[Any] | None = None
        if column.units_by:
            units = dict(column.units_by)
            by = self.values.get(column.field.unit_by["field"], [None] * len(cells))
            contexts = [units.get("" if value is None else str(value).lower()) for value in by]
        elif kind == "date":
            contexts = years or [self.year] * len(cells)
        keys = list(zip(map(type, cells), cells, contexts or [None] * len(cells), strict=True))
        known: dict[Any, dict[str, Any]] = {}
        faulty: dict[Any, Unreadable] = {}
        for key in set(keys):
            cell, context = key[1], key[2]
            if cell is None or cell == "":
                known[key] = {}
                continue
            try:
                if kind == "date":
                    known[key] = _parse_date(column, cell, context)
                elif column.units_by:
                    known[key] = _parse_amount(replace(column, amount_unit=context), cell)
                else:
                    known[key] = _PARSERS[kind](column, cell)
            except Unreadable as error:
                known[key], faulty[key] = {name: ""}, error
        for part in _parts(column):
            of_key = {key: found.get(part) for key, found in known.items()}
            self.values[part] = [of_key[key] for key in keys]
        if faulty:
            for at, key in enumerate(keys):
                if fault := faulty.get(key):
                    self.wrong.append(_Wrong(at, column.header, _shown(key[1]), fault.reason, fault.mend))

    def _complete(self, count: int) -> None:
        """Fill what a row takes from elsewhere (another column, the sheet's name), then ask for what must be there."""
        nothing = [None] * count
        for f in self.completed:
            if stand_in := self.stand_ins.get(f.name):
                of = stand_in.field
                self.values[f.name] = list(self.values.get(of.name, nothing))
                self.values[f"{f.name}_precision"] = list(self.values.get(f"{of.name}_precision", nothing))
                self.values[f"{f.name}_basis"] = [of.title if value else None for value in self.values[f.name]]
            elif f.else_from:
                self.values[f"{f.name}_basis"] = [f.title if v else None for v in self.values.get(f.name, nothing)]
            if f.from_sheet and f.name not in self.written and self.sheet.is_named:
                self.values[f.name] = [self.reading.sheet] * count
            values = self.values.get(f.name, nothing)
            if f.required and None in values:
                title = self.stand_ins[f.name].header if f.name in self.stand_ins else f.title
                said = (title, None, f"“{title}”没有填写", f"请补填“{title}”")
                self.wrong.extend(_Wrong(at, *said) for at, value in enumerate(values) if value is None)

    def _sort_out(self, numbers: list[int]) -> None:
        place = (self.header.contract.name, self.path.name, self.reading.sheet)
        order = {column.header: at for at, column in enumerate(self.columns)}
        self.wrong.sort(key=lambda w: (w.at, w.value is None and w.reason.endswith("没有填写"), order.get(w.column, 0)))
        self.reading.refusals = [
            Refusal(*place, numbers[w.at], w.column, w.value, w.reason, w.mend) for w in self.wrong
        ]
        bad = {w.at for w in self.wrong}
        names = [*self.values, "source_sheet", "source_row"]
        table = zip(*self.values.values(), repeat(self.reading.sheet), numbers, strict=False)
        self.reading.accepted = [dict(zip(names, row, strict=True)) for at, row in enumerate(table) if at not in bad]

    def _year_of(self, cell: Cell) -> int | None:
        """Give the one year the row is of: its 年度, else the one that the title names."""
        try:
            return parse_year(cell) or self.year
        except Unreadable:
            return None


def _parts(column: Column) -> list[str]:
    """Name what a column gives: a date has a precision beside it, an amount its currency and rate."""
    name = column.field.name
    if column.field.type == "date":
        return [name, f"{name}_precision"]
    if column.field.type == "amount":
        stem = name.removesuffix("_wan_cny")
        return [name, f"{stem}_currency", f"{stem}_rate"]
    return [name]


def _texts(cells: list[Cell], mask: bool) -> list[str | None]:
    """Give a column of text; what needs no care, as nearly all does, is taken as it stands."""
    if set(map(type, cells)) <= {str, type(None)}:
        written = [cell for cell in cells if cell]
        whole = "".join(written)  # type: ignore[arg-type]
        if whole.isprintable() and " " not in whole and not (mask and _may_hold_phone(written)):
            return [None if not cell or cell in EMPTY_WORDS else cell for cell in cells]  # type: ignore[misc]
    texts = [as_text(cell) for cell in cells]
    return [mask_phones(text) if text else text for text in texts] if mask else texts


def _may_hold_phone(texts: list[Any]) -> bool:
    found = pc.match_substring_regex(pa.array(texts, pa.string()), r"\p{Nd}{3,4}[- ]?\p{Nd}{4}")
    return bool(pc.any(found).as_py())
