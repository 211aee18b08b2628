"""Find the table in a real workbook (读台账): merged titles, two-row headers, notes of units, total rows.

Belongs here: opening .xlsx/.xls/.xlsm without running anything, finding the header, telling data from titles, totals and
notes, and turning rows into typed rows or refusals. Every non-empty row is accounted for: read = accepted + refused +
not_data. Does not belong: what a cell means (values.py), where results are kept (landing.py).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import python_calamine

from intake.contract import Contract, Field, load_contracts, split_header
from intake.values import (
    AREA_UNITS,
    AmountUnit,
    Unreadable,
    as_text,
    fold,
    mask_phones,
    parse_amount,
    parse_amount_unit,
    parse_area,
    parse_date,
    parse_industry,
    parse_number,
    parse_uscc,
    parse_year,
)

SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls"})
HEADER_WITHIN: Final = 20  # rows from the top in which a header may start
HEADER_ROWS: Final = 3
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TOTAL = re.compile(r"^(合计|小计|总计|共计|累计|本页合计|全区合计|.{1,8}(小计|合计))$")
# Compared with folded text. A colon or a number tells 注：… from 注塑机项目, and 以上数据 from 以上海为….
_NOTE = re.compile(
    r"^(?:(?:备?注|说明)(?:\d*|\(\d+\))[:.、]|(?:填报|填表|审核|制表|统计|单位)(?:单位|部门|人|时间|日期|说明|负责人)|"
    r"(?:单位|联系人|联系电话|电话|日期|负责人)(?:\(.*\))?:|数据截至|本表|合成数据|以上(?:数据|项目|金额|均|为))"
)
_UNIT_NOTE = re.compile(r"单位[:：]?\s*([^\n]+)")
_BETWEEN_UNITS = re.compile(r"[\s,，;；、/)）(（]+")

Cell = object
Row = list[Any]


class FileProblem(ValueError):
    """A file that can't be read at all: one Chinese line that names the file, the place and the mend."""


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


@dataclass(frozen=True)
class Column:
    """A column of the sheet that a field was found in, and the unit written for it."""

    index: int
    field: Field
    header: str
    amount_unit: AmountUnit | None = None
    to_mu: float | None = None


@dataclass
class SheetReading:
    """What one sheet gave: typed rows, refusals, and the count of rows that are no data (titles, totals, notes)."""

    sheet: str
    contract: str | None = None
    header_rows: tuple[int, int] | None = None
    columns: list[Column] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    read: int = 0
    not_data: int = 0

    @property
    def refused(self) -> int:
        return len({refusal.row for refusal in self.refusals})


def read_workbook(path: Path, contract: Contract | None = None) -> list[SheetReading]:
    """Read every sheet of a workbook by one contract, or by the contract whose columns it has.

    Raises
    ------
    FileProblem
        The file is missing, broken, empty, behind a password, or none of its sheets has a known header.
    """
    candidates = [contract] if contract else [c for c in load_contracts().values() if not c.bulk]
    readings = [_read_sheet(path, name, rows, merged, candidates) for name, rows, merged in _open(path)]
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


def _open(path: Path) -> Iterable[tuple[str, list[Row], list[tuple[tuple[int, int], tuple[int, int]]]]]:
    if not path.is_file():
        raise FileProblem(f"{path}：文件不存在；请检查路径")
    if path.suffix.lower() not in SUFFIXES:
        raise FileProblem(f"{path.name}：不是 Excel 工作簿（.xlsx、.xls、.xlsm）；请另存为 .xlsx 后再试")
    if path.stat().st_size == 0:
        raise FileProblem(f"{path.name}：文件是空的（0 字节）；请重新发送")
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            for meta in book.sheets_metadata:
                if meta.typ == python_calamine.SheetTypeEnum.WorkSheet:
                    sheet = book.get_sheet_by_name(meta.name)
                    rows = sheet.to_python(skip_empty_area=False)
                    yield meta.name, rows, list(sheet.merged_cell_ranges or [])
    except python_calamine.PasswordError:
        raise FileProblem(f"{path.name}：工作簿有打开密码；请去掉密码后重新发送") from None
    except (python_calamine.CalamineError, OSError) as error:
        with path.open("rb") as stream:
            is_ole = stream.read(len(_OLE)) == _OLE
        if is_ole and path.suffix.lower() != ".xls":
            # What Excel makes of an .xlsx with a password is an OLE file, and so is an .xls under a wrong name.
            raise FileProblem(
                f"{path.name}：工作簿有打开密码，或是改了后缀的 .xls；请去掉密码、另存为 .xlsx 后重新发送"
            ) from None
        said = " ".join(str(error).split())
        raise FileProblem(
            f"{path.name}：文件损坏或不是真正的 Excel 文件（{said}）；请用 Excel/WPS 打开后另存"
        ) from None


# --- header ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Header:
    contract: Contract
    first: int
    last: int
    columns: tuple[Column, ...]
    missing: tuple[str, ...]
    ambiguous: tuple[str, ...]

    @property
    def is_near(self) -> bool:
        """Say whether the header is a ledger's with columns left out: dropping its rows in silence would lose them."""
        required = sum(f.required and not f.from_sheet for f in self.contract.fields)
        return len(self.columns) >= 3 and 2 * len(self.missing) <= required

    @property
    def strength(self) -> tuple[int, int, int]:
        """Order of preference: most fields found, then the shorter header, then the higher one."""
        return len({c.field.name for c in self.columns}), -(self.last - self.first), -self.first


def _header_parts(rows: list[Row], first: int, last: int, column: int) -> list[str]:
    parts: list[str] = []
    for row in rows[first : last + 1]:
        text = as_text(row[column]) if column < len(row) else None
        if text and (not parts or parts[-1] != text):
            parts.append(text)
    return parts


def _column_unit(f: Field, parts: list[str], note_units: list[str]) -> tuple[AmountUnit | None, float | None]:
    """Give the unit in the header's brackets, else the one in the notes above; none where two are possible."""
    bracketed = [text for part in parts for text in split_header(part)[1]]
    if f.type == "amount":
        if any("元" in text and not parse_amount_unit(text) for text in bracketed):
            return None, None  # (亿元/万美元): only the cell can say which
        units = [unit for text in reversed(bracketed) if (unit := parse_amount_unit(text))]
        noted = {unit for text in note_units if (unit := parse_amount_unit(text))}
        return (units[0] if units else noted.pop() if len(noted) == 1 else None), None
    if f.type == "area":
        areas = [to_mu for text in reversed(bracketed) if (to_mu := AREA_UNITS.get(fold(text)))]
        noted_areas = {to_mu for text in note_units if (to_mu := AREA_UNITS.get(fold(text)))}
        return None, (areas[0] if areas else noted_areas.pop() if len(noted_areas) == 1 else None)
    return None, None


def _is_header(contract: Contract, columns: list[Column], parts: dict[int, list[str]]) -> bool:
    """Say whether the last row belongs to the header: under a required column's header stands no value of a row."""
    return all(
        contract.match(parts[c.index][-1]) is c.field or contract.match("".join(parts[c.index])) is c.field
        for c in columns
        if c.field.required
    )


def _one_each(contract: Contract, columns: list[Column]) -> list[Column]:
    """Keep, of several columns for one field, the one that bears the field's own title, if just one does.

    A real ledger has 投资主体, 签约主体 and 联系人 thrice; personal columns are never read, so they are never in doubt.
    """
    kept: list[Column] = []
    for name in dict.fromkeys(c.field.name for c in columns):
        same = [c for c in columns if c.field.name == name]
        titled = [c for c in same if split_header(c.header.split("/")[-1])[0] == split_header(c.field.title)[0]]
        kept += titled if len(titled) == 1 else same[:1] if same[0].field.personal else same
    return sorted(kept, key=lambda c: c.index)


def _find_header(rows: list[Row], contract: Contract) -> _Header | None:
    best: _Header | None = None
    width = max((len(row) for row in rows[: HEADER_WITHIN + HEADER_ROWS]), default=0)
    for first in range(min(HEADER_WITHIN, len(rows))):
        for last in range(first, min(first + HEADER_ROWS, len(rows))):
            note_units = [
                unit
                for row in rows[:first]
                for cell in row
                if (text := as_text(cell))
                for note in _UNIT_NOTE.findall(text)
                for unit in _BETWEEN_UNITS.split(note)
            ]
            columns: list[Column] = []
            written = {index: _header_parts(rows, first, last, index) for index in range(width)}
            for index, parts in written.items():
                names = [*reversed(parts), "".join(parts)]
                found = next((f for name in names if (f := contract.match(name))), None)
                if found:
                    amount_unit, to_mu = _column_unit(found, parts, note_units)
                    columns.append(Column(index, found, "/".join(parts), amount_unit, to_mu))
            if not columns or not _is_header(contract, columns, written):
                continue
            columns = _one_each(contract, columns)
            times = Counter(column.field.name for column in columns)
            missing = tuple(f.title for f in contract.fields if f.required and not f.from_sheet and f.name not in times)
            ambiguous = tuple(f.title for f in contract.fields if times[f.name] > 1)
            header = _Header(contract, first, last, tuple(columns), missing, ambiguous)
            if best is None or header.strength > best.strength:
                best = header
    return best


# --- rows -----------------------------------------------------------------------------------------------------------


def _fill_merged(rows: list[Row], merged: list[tuple[tuple[int, int], tuple[int, int]]], header_last: int) -> list[Row]:
    """Repeat a merged cell's value over its range: in headers everywhere, in the body only downwards, only words and dates.

    A merged amount belongs to its rows together: repeating it would count it twice.
    """
    filled = [list(row) for row in rows]
    for (top, left), (bottom, right) in merged:
        if top >= len(filled) or left >= len(filled[top]):
            continue
        value = filled[top][left]
        in_header = bottom <= header_last
        if value in ("", None) or (not in_header and (not isinstance(value, (str, dt.date)) or left != right)):
            continue
        for row in filled[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row))):
                row[column] = value
    return filled


def _is_blank(row: Row) -> bool:
    return all(cell in ("", None) or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _is_no_data(written: Row, row: Row, header: _Header, header_texts: list[frozenset[str]]) -> bool:
    """Tell totals, notes, repeated headers and prepared empty rows from data; in doubt it is data, and may be refused.

    `written` is the row as it stands, `row` with merged cells filled in.
    """
    own = {c.field.name: text for c in header.columns if (text := _text_at(written, c.index))}
    if not own and not any(_text_at(row, c.index) for c in header.columns if c.field.required):
        return True  # only dashes, or a serial number prepared for a lead to come
    texts = [fold(text) for cell in written if (text := as_text(cell))]
    if frozenset(text for cell in row if (text := as_text(cell))) in header_texts:
        return True
    plain = {name for name, text in own.items() if not _TOTAL.match(fold(text)) and not _NOTE.match(fold(text))}
    required = {f.name for f in header.contract.fields if f.required}
    if any(_TOTAL.match(text) for text in texts[:3]) and not required.intersection(header.contract.key) <= plain:
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


def _parse_date(column: Column, cell: Cell) -> dict[str, Any]:
    found, precision = parse_date(cell) or (None, None)
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


def _read_sheet(
    path: Path,
    sheet: str,
    rows: list[Row],
    merged: list[tuple[tuple[int, int], tuple[int, int]]],
    candidates: list[Contract],
) -> SheetReading:
    reading = SheetReading(sheet, read=sum(not _is_blank(row) for row in rows))
    # Header rows are filled first, so that a merged parent stands over each of its columns.
    head = _fill_merged(rows, [r for r in merged if r[1][0] < HEADER_WITHIN + HEADER_ROWS], len(rows))
    headers = [found for c in candidates if (found := _find_header(head, c))]
    whole = [h for h in headers if not h.missing]
    partial = [h for h in headers if h.missing and h.is_near]
    if not whole and not partial:
        reading.not_data = reading.read
        return reading
    best = max(whole or partial, key=lambda h: h.strength)
    reading.contract, reading.header_rows = best.contract.name, (best.first + 1, best.last + 1)
    reading.columns = list(best.columns)
    equals = [h for h in whole if h.strength[0] == best.strength[0] and h.contract is not best.contract]
    problem = None
    if best.missing:
        problem = (f"表头缺少必填列：{'、'.join(best.missing)}", "请补上这些列后重新发送")
    elif best.ambiguous:
        problem = (f"有两列都像“{'、'.join(best.ambiguous)}”", "请只保留一列，或改写其中一列的表头")
    elif equals:
        problem = (f"既像“{best.contract.title}”又像“{equals[0].contract.title}”", "请按模板的表头填写")
    body = _fill_merged(rows, merged, best.last)
    header_texts = [frozenset(t for cell in row if (t := as_text(cell))) for row in head[best.first : best.last + 1]]
    for number, row in enumerate(body, start=1):
        if _is_blank(rows[number - 1]):
            continue
        if number - 1 <= best.last or _is_no_data(rows[number - 1], row, best, header_texts):
            reading.not_data += 1
        elif problem:
            reading.refusals.append(Refusal(best.contract.name, path.name, sheet, number, None, None, *problem))
        else:
            _read_row(path, reading, best, number, row)
    return reading


def _read_row(path: Path, reading: SheetReading, header: _Header, number: int, row: Row) -> None:
    values: dict[str, Any] = {}
    refusals: list[Refusal] = []

    def refuse(column: str | None, value: str | None, reason: str, mend: str) -> None:
        refusals.append(
            Refusal(header.contract.name, path.name, reading.sheet, number, column, value, reason, mend),
        )

    for column in header.columns:
        if column.field.personal:
            continue
        cell = row[column.index] if column.index < len(row) else None
        try:
            values |= _PARSERS[column.field.type](column, None if cell == "" else cell)
        except Unreadable as error:
            refuse(column.header, _shown(cell), error.reason, error.mend)
            values[column.field.name] = ""  # said already: not missing as well
    for f in header.contract.fields:
        if f.from_sheet and values.get(f.name) is None:
            values[f.name] = reading.sheet
        if f.required and values.get(f.name) is None:
            refuse(f.title, None, f"“{f.title}”没有填写", f"请补填“{f.title}”")
    if refusals:
        reading.refusals.extend(refusals)
    else:
        values |= {"source_sheet": reading.sheet, "source_row": number}
        reading.accepted.append(values)
