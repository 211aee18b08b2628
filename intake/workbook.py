"""Read the rows of a ledger (读台账): typed rows or refusals, and every non-empty row accounted for.

Belongs here: telling data from titles, totals and notes, and turning rows into typed rows or refusals, so that read =
accepted + refused + not_data. Does not belong: opening a file (opening.py), the header (header.py), what a cell means
(values.py), where results are kept (landing.py).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from intake.contract import Contract, Field, load_contracts
from intake.header import HEADER_WITHIN, Column, Header, Top, fill_merged, find_headers
from intake.opening import SUFFIXES, FileProblem, Row, Sheet, open_sheets
from intake.returned import RESULT, is_unchanged_and_taken
from intake.values import (
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
_KNOWN: Final = 100_000  # cells whose reading is remembered: units, dates and choices come again and again
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


# --- what a row is --------------------------------------------------------------------------------------------------


def _is_blank(row: Row) -> bool:
    return all(cell in ("", None) or (isinstance(cell, str) and not cell.strip()) for cell in row)


@lru_cache(maxsize=65_536)
def _may_mark(text: str) -> bool:
    """Say whether a text may make its row a total, a note or the example."""
    folded = fold(text)
    return folded == EXAMPLE or bool(_TOTAL.match(folded) or _NOTE.match(folded))


def _is_surely_data(written: Row, required: list[int], header_words: frozenset[str]) -> bool:
    """Say without a closer look that a row is data: no early cell marks it, and none of the header's words begins it."""
    seen = 0
    for cell in written:
        text = as_text(cell)
        if text is None:
            continue
        seen += 1
        if (isinstance(cell, str) and _may_mark(text)) or (text in header_words):
            return False
        if seen == 3:
            break
    return any(_text_at(written, index) for index in required)


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


def _parse_text(column: Column, cell: Cell) -> dict[str, Any]:
    text = as_text(cell)
    return {column.field.name: mask_phones(text) if text and column.field.mask_phones else text}


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
    "text": _parse_text,
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
    reading = SheetReading(sheet.name, read=sum(not _is_blank(row) for row in rows), remarks=sheet.remarks)
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
    row_reader = _RowReader(path, sheet, reading, best, top)
    header_words = frozenset[str]().union(*header_texts)

    def is_no_row(written: Row, row: Row) -> bool:
        return not _is_surely_data(written, required, header_words) and _is_no_data(written, row, best, header_texts)

    required = [c.index for c in best.columns if c.field.required]
    for number, row in enumerate(body, start=1):
        written = rows[number - 1]
        if _is_blank(written):
            continue
        if (
            number - 1 <= best.last
            or is_no_row(written, row)
            or (is_returned and is_unchanged_and_taken(row, reading.headers))
        ):
            reading.not_data += 1
        elif problem:
            reading.refusals.append(Refusal(best.contract.name, path.name, sheet.name, number, None, None, *problem))
            reading.cells[number] = row
        else:
            row_reader.read(number, row)
    return reading


class _RowReader:
    """Turns the rows of one sheet into typed rows or refusals."""

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
        self.known: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.completed = [f for f in header.contract.fields if f.required or f.from_sheet or f.else_from]
        self.stand_ins = {
            f.name: next(names[name] for name in f.else_from if name in names)
            for f in header.contract.fields
            if f.else_from and f.name not in names and any(name in names for name in f.else_from)
        }

    def read(self, number: int, row: Row) -> None:
        """Read one row; all that is wrong with it is told at once."""
        values: dict[str, Any] = {}
        refusals: list[Refusal] = []
        contract = self.header.contract

        def refuse(column: str | None, value: str | None, reason: str, mend: str) -> None:
            place = (contract.name, self.path.name, self.reading.sheet, number)
            refusals.append(Refusal(*place, column, value, reason, mend))

        late: list[Column] = []
        for column in self.columns:
            cell = row[column.index] if column.index < len(row) else None
            if cell in (None, "") and not self.sheet.broken:
                values[column.field.name] = None
            elif column.units_by:
                late.append(column)  # until the column on which its unit depends is read
            else:
                self._read_cell(number, column, row, values, refuse)
        for column in late:
            by = values.get(column.field.unit_by["field"])
            unit = dict(column.units_by).get("" if by is None else str(by).lower())
            self._read_cell(number, replace(column, amount_unit=unit), row, values, refuse)
        for f in self.completed:
            if stand_in := self.stand_ins.get(f.name):
                values[f.name] = values.get(stand_in.field.name)
                values[f"{f.name}_precision"] = values.get(f"{stand_in.field.name}_precision")
                values[f"{f.name}_basis"] = stand_in.field.title if values[f.name] else None
            elif f.else_from:
                values[f"{f.name}_basis"] = f.title if values.get(f.name) else None
            if f.from_sheet and f.name not in self.written and self.sheet.is_named:
                values[f.name] = self.reading.sheet
            if f.required and values.get(f.name) is None:
                title = self.stand_ins[f.name].header if f.name in self.stand_ins else f.title
                refuse(title, None, f"“{title}”没有填写", f"请补填“{title}”")
        self.reading.cells[number] = row
        if refusals:
            self.reading.refusals.extend(refusals)
        else:
            values |= {"source_sheet": self.reading.sheet, "source_row": number}
            self.reading.accepted.append(values)

    def _read_cell(
        self,
        number: int,
        column: Column,
        row: Row,
        values: dict[str, Any],
        refuse: Callable[[str | None, str | None, str, str], None],
    ) -> None:
        cell = row[column.index] if column.index < len(row) else None
        cell = None if cell == "" else cell
        try:
            if broken := self.sheet.broken.get((number - 1, column.index)):
                raise Unreadable(broken, "请用 Excel/WPS 打开，改正公式或填入数值，保存后重新发送")
            if column.field.type == "text":  # seldom the same twice
                values |= _parse_text(column, cell)
                return
            year = self._year_of(row) if column.field.type == "date" else None
            key = (column.index, column.amount_unit, cell.__class__, cell, year)
            found = self.known.get(key)
            if found is None:
                found = _parse_date(column, cell, year) if year else _PARSERS[column.field.type](column, cell)
                if len(self.known) < _KNOWN:
                    self.known[key] = found
            values |= found
        except Unreadable as error:
            refuse(column.header, _shown(cell), error.reason, error.mend)
            values[column.field.name] = ""  # said already: not missing as well

    def _year_of(self, row: Row) -> int | None:
        """Give the one year the row is of: its 年度, else the one that the title names."""
        if self.year_column is None or self.year_column >= len(row):
            return self.year
        try:
            return parse_year(row[self.year_column]) or self.year
        except Unreadable:
            return None
