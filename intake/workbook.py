"""Read the rows of a ledger (读台账): typed rows or refusals, and every non-empty row accounted for.

Belongs here: telling data from titles, totals and notes, and turning rows into typed rows or refusals, so that read =
accepted + refused + not_data. Does not belong: opening a file (opening.py), the header (header.py), what a cell means
(values.py), where results are kept (landing.py).
"""

from __future__ import annotations

import datetime as dt
import gc
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from intake.contract import Contract, Field, header_form, load_contracts, split_header
from intake.doubtful_keys import refuse_doubtful_keys
from intake.header import (
    HEADER_ROWS,
    HEADER_WITHIN,
    Column,
    Header,
    Top,
    Window,
    fill_merged,
    find_headers,
    named_units,
)
from intake.layouts.assigning import Received, assign_keys
from intake.layouts.layout import Layouts, confirmed_header, fingerprint_of, layouts_in_use, own_parts
from intake.layouts.proposal import NUMBERED, guess_header, sending_unit
from intake.number_format import shown, shown_otherwise, shown_text
from intake.opening import SUFFIXES, FileProblem, Row, Sheet, open_sheets
from intake.periods import period_of, set_periods
from intake.reading import Refusal, SheetReading, UnknownTable, WrittenTotal
from intake.returned import ANEW, RESULT, TAKEN, unchanged_state
from intake.values import (
    AREA_UNITS,
    EMPTY_WORDS,
    FIRST_OF_EMPTY,
    NOTE_ENDS,
    TURNED,
    UNKNOWN_WORDS,
    AmountUnit,
    Unreadable,
    as_text,
    fold,
    is_empty_word,
    is_number,
    is_visible,
    mask_phones,
    parse_amount,
    parse_amount_unit,
    parse_area,
    parse_date,
    parse_industry,
    parse_intensity,
    parse_number,
    parse_uscc,
    parse_year,
    split_note,
)

__all__ = ["SUFFIXES", "FileProblem", "Refusal", "SheetReading", "read_workbook"]

_COUNTED = r"(?:\([^()]*\))?[:]?(?:[共计]?\d[\d,]*[个项家条户宗批次笔]?)?"
_TOTAL = re.compile(
    rf"^(?:[合小总共累]计|总数|总和|汇总|合计数|total|.{{1,8}}(?:小计|合计|总计)){_COUNTED}$",
    re.IGNORECASE,
)
# Where a key should stand, more words say that the row is none; 小计量泵 is a product.
_NO_KEY = re.compile(
    r"^.{0,8}[合小总共累]计(?:[^量算划价件生\d-].{0,3}|:?\d+[个项家条户宗批次笔])?$|^(?:汇总|总数|总和|平均|均值|其中).{0,8}$|^共\d|^计$|^Σ$|^(?:sub|grand)?-?total$|^sum$|^average$",
    re.IGNORECASE,
)
_MAY_BE_NO_KEY = re.compile(r"[计計总汇均共Σ]|其中|total|sum|average|甲|必填|^\d{1,2}$", re.IGNORECASE | re.MULTILINE)
_KEYLESS: Final = frozenset({
    "待定", "待编", "待编号", "暂未编号", "未编号", "新增", "自动生成", "同上", "同前", "〃", "″", "?", "??", "0", "×", "x", "编号", "无编号",
})  # fmt: skip
_FIRST, _LAST = itemgetter(0), itemgetter(-1)  # characters of a text
_SIGNS_OF_ERRORS: Final = frozenset("#?？")
_ENDS_OF_TOTALS: Final = frozenset("计数和总汇:：)）lL")
_KEYLESS_AS_WRITTEN: Final = _KEYLESS | {"X", "０", "ｘ"}
_DITTO: Final = frozenset({"同上", "同前", "同左", "〃", "″", '"', "''", "..", "↑"})
_GUIDES: Final = (frozenset({"必填", "选填", "可选", "必填项", "选填项"}), frozenset("甲乙丙丁戊己庚辛壬癸123456789"))
_GUIDE_WORDS: Final = _GUIDES[0] | {"甲", "1"}
_SECTION = re.compile(
    r"^(?:[一二三四五六七八九十]{1,3}[、.:]|\([一二三四五六七八九十]{1,3}\)|第[一二三四五六七八九十]{1,3}(?:部分|类|批))"
)
_PAGE = re.compile(
    r"^第\d{1,4}页(?:[,，/]?共\d{1,4}页)?$|^共\d{1,4}页(?:第\d{1,4}页)?$|^-\d{1,4}-$|^(?:接|续)(?:上页|下页|表)$|^(?:附件|附表)\d{0,2}$"
)
_COUNT = re.compile(
    r"^(?:共|计)?\d[\d,]*(?:\.\d+)?(?:个项目|个企业|户企业|家企业|个|项|家|条|户|宗|批|次|人|笔|处|亩|元|万元|亿元)?$"
)
# Compared with folded text. A colon or a number tells 注：… from 注塑机项目, and 以上数据 from 以上海为….
_NOTE = re.compile(
    r"^(?:(?:备?注|说明)(?:\d*|\(\d+\))[:.、]|(?:填报|填表|审核|制表|统计|单位)(?:单位|部门|人|时间|日期|说明|负责人)|"
    r"(?:单位|联系人|联系电话|电话|日期|负责人)(?:\(.*\))?:|数据截至|本表|合成数据|以上(?:数据|项目|金额|均|为))"
)
_FIRST_OF_MARKS = frozenset(
    "备注说填审制统单联电日负数本合以小总共累全示汇附接续tT一二三四五六七八九十(第"
)  # of the patterns above
_LAST_OF_TOTALS = frozenset("计:)")
EXAMPLE: Final = "示例"  # in the first cell of a template's example row

Cell = object
Placed = frozenset[tuple[int, str]]


SYNTHETIC: Final = "合成数据"
CONFIRM_HERE: Final = "请在办公桌“台账版式”页或用 zeyou read 文件 --learn 确认一次，以后同样的表头自动读取"
HIDDEN: Final = "工作表是隐藏的，已照常读取"


class UnknownLayout(FileProblem):
    """A file none of whose headers is known: `tables` are those that a person may confirm."""

    def __init__(self, said: str, tables: tuple[UnknownTable, ...]) -> None:
        super().__init__(said)
        self.tables = tables


@dataclass(frozen=True)
class _Known:
    """What a header is looked for among: contracts by their words, layouts by their fingerprints."""

    contracts: list[Contract]
    layouts: Layouts


def read_workbook(
    path: Path,
    contract: Contract | None = None,
    *,
    may_repeat: bool = False,
    layouts: Layouts | None = None,
    received: Received | None = None,
) -> list[SheetReading]:
    """Read every table of a workbook or .csv by one contract, or by the contract whose columns it has.

    `may_repeat` says that the later row of a key replaces the earlier one, as in a source that is given whole. `layouts` are
    those that people confirmed (None: of the settings in use), `received` what is known of earlier files.

    Raises
    ------
    FileProblem
        The file can't be opened, is empty, or none of its sheets has a known header (:class:`UnknownLayout`).
    """
    candidates = [contract] if contract else [c for c in load_contracts().values() if not c.bulk]
    known = _Known(candidates, layouts_in_use() if layouts is None else layouts)
    with _no_collection():
        readings = [reading for sheet in open_sheets(path) for reading in _read_sheet(path, sheet, known)]
        set_periods(path, readings)
        assign_keys(path, readings, known.layouts, received or Received())
        if not may_repeat:
            refuse_doubtful_keys(path, readings)
    _refuse_lost_rows(path, readings)
    if not any(reading.read for reading in readings):
        raise FileProblem(f"{path.name}：工作簿是空的；请确认发送的是填好的台账")
    if not any(reading.contract for reading in readings):
        wanted = "、".join(f"“{f.title}”" for c in candidates[:1] for f in c.fields if f.required) if contract else ""
        place = f"{path.name}，工作表“{readings[0].sheet}”前 {HEADER_WITHIN} 行"
        unknown = tuple(reading.unknown for reading in readings if reading.unknown)
        once = f"；{CONFIRM_HERE}" if unknown else ""
        if contract:
            said = f"{place}：找不到“{contract.title}”的表头，应有 {wanted}；请核对表头或更换 --contract{once}"
            raise UnknownLayout(said, unknown)
        titles = "、".join(c.title for c in candidates)
        raise UnknownLayout(f"{place}：找不到认识的表头{once or f'；能读的台账有：{titles}'}", unknown)
    return readings


def _refuse_lost_rows(path: Path, readings: list[SheetReading]) -> None:
    """Name the sheets of a ledger whose header is not known, and refuse their rows that look like leads or payments."""
    known = next((reading for reading in readings if reading.contract), None)
    for reading in readings:
        if known is None or reading.contract:
            continue
        wide = {number: row for number, row in reading.cells.items() if _cells_in(row) >= 4}
        guessed, reading.unknown = reading.unknown, None  # 填表说明 beside a ledger asks nothing
        if not wide:
            continue
        reading.remarks += (f"没有认出表头，{len(wide):,} 行没有读取",)
        lost = {number: row for number, row in wide.items() if any(_is_day(cell) for cell in row)}
        if not lost:
            continue
        reading.unknown = guessed
        reading.contract, reading.header_rows = known.contract, (0, 0)
        reading.unknown = reading.unknown and replace(reading.unknown, why="这张工作表没有认出表头")
        reading.cells, reading.unseen = lost, set(lost)
        for number in lost:
            reading.refuse_row(number, path.name, "这张工作表没有认出表头", "请补上表头，或与有表头的表合在一起")
        reading.not_data -= len(lost)


def _is_day(cell: Cell) -> bool:
    if isinstance(cell, (dt.date, dt.datetime)):
        return True
    try:
        return isinstance(cell, str) and len(cell) >= 8 and parse_date(cell) is not None
    except Unreadable:
        return False


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
    if row and (cell := row[0]) and (type(cell) is not str or cell.isalnum()):  # nearly every row
        return False
    for cell in row:
        if cell is not None and cell != "" and not (isinstance(cell, str) and not cell.strip()):
            return False
    return True


def _may_mark(text: str) -> bool:
    """Say whether a text may make its row a total, a note or the example; its ends tell nearly all that can't."""
    if _folded_end(text[0]) not in _FIRST_OF_MARKS and "计" not in text:
        return False
    folded = fold(text)
    return folded == EXAMPLE or any(p.match(folded) for p in (_TOTAL, _NOTE, _SECTION, _PAGE))


@lru_cache(maxsize=65_536)
def _folded_end(character: str) -> str:
    return fold(character)


def _chunks(rows: list[Row]) -> list[set[Cell]]:
    """Return the distinct cells of every so many rows, few enough to stay in the cache."""
    return [set().union(*rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]


def _suspects(chunks: list[set[Cell]], header_words: frozenset[str]) -> set[Cell]:
    """Give the distinct cells that may make a row a total, a note, the example or a repeated header.

    A row with none of them and a required cell is data, which nearly all rows are: they need no closer look.
    """
    # A header of years meets numbers and dates.
    has_years = any(not word.strip("0123456789.-/:年月日 ") for word in header_words)
    suspects: set[Cell] = set()
    for distinct in chunks:
        texts = [cell for cell in distinct if type(cell) is str and cell]
        ends = set(map(_FIRST, texts)) | set(map(_LAST, texts))
        blank = {end for end in ends if not _folded_end(end)}
        first = {end for end in ends if _folded_end(end) in _FIRST_OF_MARKS} | blank
        last = {end for end in ends if _folded_end(end) in _LAST_OF_TOTALS} | blank
        marked = [text for text in texts if text[0] in first] if first else []
        marked += [text for text in texts if text[-1] in last] if last else []
        suspects |= {text for text in marked if _may_mark(text.strip() or text) or as_text(text) in header_words}
        suspects |= distinct.intersection(header_words)
        if has_years:
            suspects |= {cell for cell in distinct if type(cell) is not str and as_text(cell) in header_words}
    return suspects


def _odd_keys(rows: list[Row], columns: set[int]) -> set[Cell]:
    """Return the cells under the columns of a key that say that their row is none."""
    cells = {row[at] for at in columns for row in rows if at < len(row)}
    kinds = set(map(type, cells))
    written = list(cells) if kinds == {str} else [cell for cell in cells if type(cell) is str]
    numbers = [cell for cell in cells if type(cell) in {int, float} and 0 < cell < 100]
    if not numbers and not _MAY_BE_NO_KEY.search("\n".join(written)):
        return set()
    texts = {cell: cell for cell in written if len(cell) <= 24} | {cell: str(as_text(cell)) for cell in numbers}

    def is_none(text: str) -> bool:
        return bool(_NO_KEY.match(_bare(text))) or text in _GUIDE_WORDS or (text.isdecimal() and len(text) <= 2)

    return {cell for cell, text in texts.items() if (bare := as_text(text)) and is_none(bare)}


def _is_full(cell: Cell) -> bool:
    """Say whether a cell has a text; plain words, as nearly all are, are told at once."""
    return (type(cell) is str and cell.isalnum() and cell not in EMPTY_WORDS) or as_text(cell) is not None


def _is_no_data(written: Row, row: Row, header: Header, header_texts: list[Placed]) -> bool:
    """Tell totals, notes, repeated headers and prepared empty rows from data; in doubt it is data, and may be refused.

    `written` is the row as it stands, `row` with merged cells filled in.
    """
    own = {c.field.name: text for c in header.columns if (text := _text_at(written, c.index))}
    if not own and not any(_text_at(row, c.index) for c in header.columns if c.field.required):
        return True  # only dashes, or a serial number prepared for a lead to come
    texts = [fold(text) for cell in written if (text := as_text(cell))]
    if _repeats(row, header_texts) or _means_the_same(row, list(header.columns), header.contract):
        return True
    if texts and texts[0] == EXAMPLE and fold(EXAMPLE) not in {fold(text) for text in own.values()}:
        return True
    plain = {name for name, text in own.items() if not _TOTAL.match(fold(text)) and not _NOTE.match(fold(text))}
    required = {f.name for f in header.contract.fields if f.required}
    if any(_NO_KEY.match(_bare(own[name])) for name in header.contract.key if name in own):
        return True  # nothing is called 合计
    if len(texts) > 2 and any(guide.issuperset(texts) for guide in _GUIDES):
        return True
    if len(texts) > 2 and texts == [str(number) for number in range(1, len(texts) + 1)]:
        return True  # numbers of the columns
    if len(texts) == 1 and _PAGE.match(texts[0]):
        return True
    if texts and _SECTION.match(texts[0]) and all(_COUNT.match(text) for text in texts[1:]):
        return True  # 一、工业项目（3个）
    if any(_TOTAL.match(text) for text in texts[:3]):
        # 合计 | | 20个: a count under the key's column names nothing. With two names it is a row, and refused if it lacks one.
        texts_of = {f.name for f in header.contract.fields if f.type == "text"}
        named = {n for n in plain & texts_of if not _COUNT.match(fold(own[n])) and own[n] not in _NO_UNITS}
        keys = required.intersection(header.contract.key)
        if not keys <= named and len(required & named) < 2:
            return True
    return bool(texts and _NOTE.match(texts[0])) and len(required & plain) < 2


@cache
def _header_words() -> frozenset[str]:
    """Return every header word of every contract as it is written there."""
    fields = (f for contract in load_contracts().values() for f in contract.fields)
    return frozenset(word for f in fields for word in (f.title, *f.synonyms, *f.also))


def _looks_like_header(row: Row, own: Contract | None = None) -> bool:
    """Say whether a row is a header of some contract: three and more of its columns, and at least half of its cells.

    Two cells are enough where both are columns of the contract that the table is read by: the lower row of a header.
    """
    texts = {text for cell in row if isinstance(cell, str) and len(cell) <= 40 and (text := as_text(cell))}
    if own and len(texts) > 1 and len({f.name for t in texts if (f := own.match(t))}) == len(texts) == _cells_in(row):
        return True
    if len(texts) < 3:
        return False
    for contract in load_contracts().values():
        fields = {found.name for text in texts if (found := contract.match(text))}
        if len(fields) >= max(3, len(texts) / 2):
            return True
    return False


def _placed_texts(row: Row) -> Placed:
    return frozenset((at, header_form(text)) for at, cell in enumerate(row) if (text := as_text(cell)))


def _header_cells(rows: list[Row]) -> frozenset[str]:
    return frozenset(text for row in rows for cell in row if (text := as_text(cell)))


def _repeats(row: Row, header_texts: list[Placed]) -> bool:
    """Say whether a row repeats a row of the header, each word in its column; merged cells are empty but for the first."""
    placed = _placed_texts(row)
    return bool(placed) and any(placed <= texts for texts in header_texts)


def _means_the_same(row: Row, columns: list[Column], own: Contract) -> bool:
    """Say whether a row is the header again, perhaps in other words: the same fields in the same columns and units."""
    known = {c.index for c in columns}
    if any(own.match(text) for at, cell in enumerate(row) if at not in known and (text := as_text(cell))):
        return False  # it has a column more
    again = [(c, text) for c in columns if (text := _text_at(row, c.index))]
    if len(again) < 3 or any(own.match(text) is not c.field for c, text in again):
        return False
    for column, text in again:
        for written in split_header(text)[1]:
            unit, factor = parse_amount_unit(written), AREA_UNITS.get(fold(written))
            if (unit and column.amount_unit not in {None, unit}) or (factor and column.to_mu not in {None, factor}):
                return False
    return True


def _second_header(
    rows: list[Row],
    chunks: list[set[Cell]],
    header_texts: list[Placed],
    best: Header,
    layouts: Layouts,
) -> int | None:
    """Return the first row, from 0, below the header in which another header begins; None where there is none.

    A header that only repeats the first one, as printed pages do, begins no table, unless a title of another period is over it.
    """
    own = _header_cells(rows[best.first : best.last + 1])
    learned = frozenset(word for layout in layouts.values() for c in layout.columns for word in c.header.split("/"))
    words = _header_words() | own | learned
    periods = {period_of(text) for row in rows[: best.first] for cell in row if (text := as_text(cell))}
    for start, distinct in zip(range(best.last + 1, len(rows), CHUNK), chunks, strict=True):
        if len(words.intersection(distinct)) < 2:
            continue
        for at, row in enumerate(rows[start : start + CHUNK], start):
            if sum(cell in words for cell in row) < 2:
                continue
            if _repeats(row, header_texts) and _cells_in(row) > 2 and _titled_anew(rows, at, periods):
                return at
            if learned and _starts_layout(rows, at, layouts) and not _repeats(row, header_texts):
                return at
            if not _looks_like_header(row, best.contract):
                continue
            if not _repeats(row, header_texts) and not _means_the_same(row, list(best.columns), best.contract):
                return at
    return None


def _titled_anew(rows: list[Row], at: int, periods: set[dt.date | None]) -> bool:
    """Say whether the lines right above a row are titles that name another period than those of the first table."""
    for row in reversed(rows[max(at - 3, 0) : at]):
        if _cells_in(row) > 2:
            return False
        found = {period_of(text) for cell in row if (text := as_text(cell)) and len(text) <= 120} - {None}
        if found:
            return not found <= periods
    return False


def _starts_layout(rows: list[Row], at: int, layouts: Layouts) -> bool:
    """Say whether a confirmed header begins in a row."""
    top = Top.of(rows[at : at + HEADER_ROWS], [])
    return any(window.first == 0 and fingerprint_of(window.parts) in layouts for window in top.windows())


def _other_unit(row: Row, columns: list[Column]) -> str | None:
    """Return the unit of money that a line inside or below the table sets, where a column is read in another."""
    for cell in row:
        if isinstance(cell, str) and len(cell) <= 200 and (text := as_text(cell)):
            for written in named_units(text):
                unit = parse_amount_unit(written)
                if unit and any(c.amount_unit not in {None, unit} for c in columns):
                    return written
    return None


def _bare(text: str) -> str:
    return fold(text).strip("[]【】()（）*-—－_=<>《》:： ").replace("計", "计")


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


_TICKS: Final = {
    **dict.fromkeys("是√✓✔☑Yy1有对", True), "yes": True, "true": True, "t": True, "[√]": True, "(√)": True, "☑是": True, "是√": True,
    **dict.fromkeys("否×✗✘✕☒Nn0无", False), "no": False, "false": False, "f": False, "没有": False, "x": False, "(×)": False,
    "不是": False,
}  # fmt: skip


_OF_QUESTIONS: Final = frozenset({"1", "0", "有", "无", "对", "没有", "t", "f", "x"})


def _parse_boolean(column: Column, cell: Cell) -> dict[str, Any]:
    # 无 is the answer no here, and an empty cell elsewhere.
    text = str(cell).strip() if isinstance(cell, str) and cell.strip() == "无" else as_text(cell)
    if text is None:
        return {column.field.name: None}
    # 内外资 asks for one of two words: a 1 or 无 there may mean either.
    folded = fold(text).lower()
    is_question = column.field.title.startswith("是否")
    known = _TICKS.get(folded) if is_question or folded not in _OF_QUESTIONS else None
    return {column.field.name: known if known is not None else _choice(column.field, text) == "true"}


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
    "number": lambda column, cell: {column.field.name: parse_number(cell, is_share=_is_share(column.field))},
    "year": lambda column, cell: {column.field.name: parse_year(cell)},
    "uscc": lambda column, cell: {column.field.name: parse_uscc(cell)},
    "industry": lambda column, cell: {column.field.name: parse_industry(cell)},
}


def _is_share(f: Field) -> bool:
    return f.name.endswith("_pct")


_MEASURED: Final = frozenset({"amount", "area", "intensity", "number", "date", "year"})
_NO_UNITS: Final = frozenset(
    {
        "待定",
        "未定",
        "暂定",
        "全区",
        "全市",
        "各镇街",
        "各单位",
        "空",
        "?",
        "??",
        "*",
        "***",
        "0",
        "1",
        "x",
        "待分配",
        "待明确",
    }
)
_WEIGHED: Final = frozenset({"amount", "area", "intensity"})
TOO_MANY: Final = 3  # optional cells of one row that can't be read: the row is refused
_BROKEN_TEXT = re.compile(r"^#+$|^#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)$")
_THOUSANDS = re.compile(r"^[+-]?\d{1,3},\d{3}(?:\.\d+)?(?:[万亿]?元|[万亿]|亩)?$")
_SCALE = re.compile(r"[万亿千百%‰]")
_OF_MEASURE = re.compile(r"[吨米升度瓦伏安方年月日天时]|[a-z]")
_SAME_UNITS: Final = (
    frozenset({"吨标准煤", "吨标煤", "tce"}), frozenset({"kva", "千伏安"}), frozenset({"吨/日", "吨/天", "t/d"}), frozenset({"米", "m"}),
    frozenset({"立方米/小时", "m3/h", "立方米/时"}), frozenset({"吨/小时", "吨/时", "t/h"}), frozenset({"吨/平方米", "吨/m2", "t/m2"}),
)  # fmt: skip


def _is_other_unit(note: str, f: Field) -> bool:
    """Say whether brackets after a header of numbers name another unit than the field's: 万吨标煤 for 吨标准煤."""
    written, own = fold(note).lower(), fold(f.description).lower()
    if written == own or any({written, own} <= same for same in _SAME_UNITS):
        return False
    if "%" in written and (re.search(r"率|比|进度|占|%", f.title + f.description)):
        return False
    return bool(_SCALE.search(written) or (own and _OF_MEASURE.search(written)))


_OF_CURRENCY = re.compile(r"币种|货币|(?:金额|计价|投资额?)单位$")
_ZEROS = re.compile(r"^[1-9]\d{14}0{2,}$")  # a text of 17 and more digits whose last are zeros was a number once


def _no_names(values: list[str | None], f: Field) -> set[str]:
    """Return the texts under a required column that name nothing: totals, 同上, errors; for units also words like 全区."""
    distinct = {value for value in values if value}
    words = distinct & (_DITTO | _NO_UNITS if f.from_sheet else _DITTO)
    ends: set[str] = set()
    if not (_ENDS_OF_TOTALS.isdisjoint(map(_LAST, distinct)) and _SIGNS_OF_ERRORS.isdisjoint(map(_FIRST, distinct))):
        ends = {value for value in distinct if value[-1] in _ENDS_OF_TOTALS or value[0] in _SIGNS_OF_ERRORS}
    return words | {
        value
        for value in ends
        if _TOTAL.match(fold(value)) or _BROKEN_TEXT.match(value) or (f.from_sheet and fold(value) in _NO_UNITS)
    }


def _may_be_no_key(cells: list[Cell]) -> bool:
    """Say whether a column of keys holds anything but texts that look like keys: nearly none does."""
    distinct = set(cells) - {None, ""}
    if set(map(type, distinct)) - {str} or not distinct.isdisjoint(_KEYLESS_AS_WRITTEN):
        return True
    joined = "\0".join(distinct)  # type: ignore[arg-type]
    return bool(re.search(r"\s|[?？×〃″↑]|(?:\0|^)[1-9]\d{14}0{2,}(?:\0|$)", joined))


def _no_key(cell: Cell) -> str | None:
    """Say why a cell can't be a key: a word for a key to come, a day, digits that a spreadsheet made up or lost."""
    if isinstance(cell, (dt.datetime, dt.date)):
        return "编号被存成了日期"
    if is_number(cell) and not float(cell).is_integer():
        return f"编号“{cell!r}”被存成了小数，1.1 与 1.10 分不清"
    if isinstance(cell, str) and (text := as_text(cell)):
        if re.search(r"\n|\d\s+\S*\d", text):
            return f"“{' '.join(text.split())}”像是两个编号"
        if fold(text).lower() in _KEYLESS or fold(text) in _DITTO:
            return f"“{text}”不是编号"
        if _ZEROS.match(text):
            return f"编号“{text}”末几位都是 0，可能曾被存成数值而丢失"
    return None


_LOST_DIGITS = re.compile(r"^\s*\d(?:\.\d{1,16})?[eE]\+?\d{2}\s*$")  # 2.0263E+17: a long number as Excel shows it


def _may_have_lost_digits(cells: list[Cell]) -> bool:
    """Say whether a column holds a number or a text like one in scientific notation: nearly none does."""
    if not set(map(type, cells)) <= {str, type(None)}:
        return True
    joined = "\n".join(set(cells) - {None})  # type: ignore[arg-type]
    return ("e" in joined or "E" in joined) and bool(re.search(r"\d[eE]\+?\d\d", joined))


def _has_digit(cell: Cell) -> bool:
    return is_number(cell) or any(character.isdecimal() for character in str(cell))


_YEAR_AND_ONE = re.compile(r"^\s*\d{4}\.1\s*$")
_FIGURE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")


def _may_be_read_as_shown(number: float, said: str, code: str, column: Column, is_code: bool) -> bool:
    """Say whether what a cell shows is certain: its figures are those of the number, and its column can read it."""
    if is_code:
        return float(number).is_integer() and abs(number) < 1e15 and bool(re.fullmatch(r"[^.,%\s]+", said))
    figures = _FIGURE.findall(said)
    if len(figures) != 1 or column.field.type == "date" or column.units_by:
        return False
    whole = (
        Decimal(figure).normalize().as_tuple().digits for figure in (figures[0].replace(",", ""), repr(float(number)))
    )
    try:
        _PARSERS[column.field.type](column, said)
    except Unreadable:
        return False
    return next(whole) == next(whole) and (number < 0) == ("-" in said)


def _shown_otherwise(number: float, code: str, is_code: bool) -> str | None:
    """Return what a cell shows where that isn't its number; a code must also keep its leading zeros."""
    if is_code and re.search("E[+-]", code, re.IGNORECASE):
        return f"{number:.2E}"
    if is_code:
        text = shown(number, code).strip().replace(",", "")
        return None if (text.split(".")[0] if float(number).is_integer() else text) == as_text(number) else text
    return shown_otherwise(number, code)


def _shown(cell: Cell) -> str | None:
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d")
    text = as_text(cell)
    return mask_phones(text)[:200] if text else None


CHUNK: Final = 1024
MAX_TABLES: Final = 50  # on one sheet; what is below them is refused


def _read_sheet(path: Path, sheet: Sheet, known: _Known) -> list[SheetReading]:
    """Read the tables that stand one below the other on a sheet, each by its own header."""
    readings: list[SheetReading] = []
    rest, offset = sheet, 0
    while True:
        found = _read_table(path, rest, known, offset, may_split=len(readings) < MAX_TABLES)
        if isinstance(found, SheetReading):
            return [*readings, _moved(found, offset)]
        upper = _read_table(path, rest.part(0, found), known, offset, may_split=False)
        assert isinstance(upper, SheetReading)
        readings.append(_moved(upper, offset))
        rest, offset = rest.part(found, len(rest.rows)), offset + found


def _moved(reading: SheetReading, by: int) -> SheetReading:
    """Return the reading of a part of a sheet with the row numbers of the whole."""
    if by:
        first, last = reading.header_rows or (-by, -by)
        reading.header_rows = (first + by, last + by) if reading.header_rows else None
        if reading.unknown:
            first, last = reading.unknown.header_rows
            reading.unknown = replace(reading.unknown, header_rows=(first + by, last + by))
        reading.accepted = [row | {"source_row": row["source_row"] + by} for row in reading.accepted]
        reading.refusals = [replace(refusal, row=refusal.row + by) for refusal in reading.refusals]
        reading.cells = {number + by: row for number, row in reading.cells.items()}
        reading.unseen = {number + by for number in reading.unseen}
        reading.hidden = frozenset(number + by for number in reading.hidden)
        reading.totals = [replace(t, row=t.row + by, since_row=t.since_row + by) for t in reading.totals]
    return reading


def _next_table(sheet: Sheet, known: _Known, header: int) -> int | None:
    """Return the row, from 0, from which a second table can be read by itself, its title included; None where it can't.

    `header` is the row in which its header begins.
    """
    start = header
    while start > 1 and _cells_in(sheet.rows[start - 1]) <= 2 and not _is_total(sheet.rows[start - 1]):
        start -= 1
    best = max(_whole_headers(sheet.part(start, header + HEADER_ROWS), known), key=lambda h: h.strength, default=None)
    return start if best and start + best.first <= header + 1 else None


def _read_table(path: Path, sheet: Sheet, known: _Known, offset: int, *, may_split: bool) -> SheetReading | int:
    """Read the table of a sheet; or, if another one follows that can be read by itself, return the row of its title."""
    rows = sheet.rows
    blank = {at for at, row in enumerate(rows) if _is_blank(row)}
    reading = SheetReading(sheet.name, read=len(rows) - len(blank), remarks=sheet.remarks, is_hidden=sheet.is_hidden)
    reading.hidden = frozenset(range(1, len(rows) + 1) if sheet.is_hidden else (at + 1 for at in sheet.hidden_rows))
    if sheet.is_hidden:
        reading.remarks = (HIDDEN, *reading.remarks)
    # Said in a title above the table or a note below it; what is made of such rows is labelled too.
    outer = [*rows[:HEADER_WITHIN], *rows[-HEADER_WITHIN:]]
    reading.is_synthetic = any(isinstance(cell, str) and SYNTHETIC in cell for row in outer for cell in row)
    # Header rows are filled first, so that a merged parent stands over each of its columns.
    top = Top.of(rows, sheet.merged)
    confirmed = confirmed_header(top, known.layouts, known.contracts)
    headers = [confirmed] if confirmed else find_headers(top, known.contracts)
    whole = [h for h in headers if not h.missing]
    partial = [h for h in headers if h.missing and h.is_near]
    if not whole and not partial:
        if not sheet.is_hidden and (window := guess_header(top, rows, known.layouts)):
            reading.unknown = _unknown(sheet, window, rows, "没有认出表头")
        reading.not_data = reading.read
        reading.cells = {at + 1: row for at, row in enumerate(rows) if at not in blank}
        return reading
    best = max(whole or partial, key=lambda h: h.strength)
    # Of several tables the uppermost is read first, whichever has the better header.
    while (above := next((at for at in range(best.first) if _looks_like_header(rows[at])), None)) is not None:
        # Cells merged over both rows: the upper of the two rows of one header, that looks like a header by itself.
        if any(first[0] <= above and last[0] >= best.first for first, last in sheet.merged):
            above = None
            break
        if not (upper := _whole_headers(sheet.part(0, best.first), known)):
            break
        best = max(upper, key=lambda h: h.strength)
    reading.contract, reading.header_rows, reading.layout = (
        best.contract.name,
        (best.first + 1, best.last + 1),
        best.layout,
    )
    reading.columns, reading.headers = list(best.columns), top.headers(best)
    reading.top = top.rows[: best.last + 1]
    reading.remarks += tuple(
        f"“{c.header}”按“{c.field.title}”读取，括号中的“{'、'.join(c.unheeded)}”没有列入约定，请确认口径一致"
        for c in best.columns
        if c.unheeded
    )
    equals = [h for h in whole if h.strength[0] == best.strength[0] and h.contract is not best.contract]
    problem = None
    lacking = [title for title in best.missing if title not in _absent(best, reading.headers, rows[best.last + 1 :])]
    if lacking:
        problem = (f"表头缺少必填列：{'、'.join(lacking)}", "请补上这些列后重新发送")
    elif best.doubts:
        problem = ("；".join(best.doubts), "请核对单位，改正表头或重新确认台账版式")
    elif best.ambiguous:
        problem = (f"有两列都像“{'、'.join(best.ambiguous)}”", "请只保留一列，或改写其中一列的表头")
    elif equals:
        problem = (f"既像“{best.contract.title}”又像“{equals[0].contract.title}”", "请按模板的表头填写")
    own = {
        c.index for c in best.columns if c.field.type in _MEASURED - {"date"} or [c.field.name] == [*best.contract.key]
    }
    body = fill_merged(rows, sheet.merged, best.last, own)
    header_texts = [_placed_texts(row) for row in reading.top[best.first :]]
    is_returned = RESULT in reading.headers.values()
    chunks = _chunks(rows[best.last + 1 :])
    below = _second_header(rows, chunks, header_texts, best, known.layouts)
    if may_split:
        split = _next_table(sheet, known, below) if below is not None else None
        if split is not None and split > best.last:
            return split
    keys = {c.index for c in best.columns if c.field.name in best.contract.key}
    suspects = _odd_keys(rows[best.last + 1 :], keys) | _suspects(chunks, _header_cells(reading.top[best.first :]))
    required = [c.index for c in best.columns if c.field.required]
    key, names = (required or [0])[0], required[1:]
    numbers: list[int] = []
    totals: set[int] = set()  # rows whose first cell says so, although they name all that a row must
    units: list[tuple[int, str]] = []  # of money, that lines other than rows set
    lines: list[int] = []  # that are no rows: some of them totals
    # Nearly every row: below the header, with a plain key and a plain name, and nothing in it that needs a closer look.
    plain_from = len(rows) if is_returned or not names else best.last + 1
    plain_width = max([key, *names[:1]]) + 1
    for number, row in enumerate(body, start=1):
        written = rows[number - 1]
        if number - 1 in blank:
            continue
        if (
            number > plain_from
            and number - 1 != below
            and len(written) >= plain_width
            and type(cell := written[key]) is str
            and cell.isalnum()
            and written[names[0]]
            and cell not in EMPTY_WORDS
            and (not suspects or suspects.isdisjoint(written))
        ):
            numbers.append(number)
            reading.cells[number] = row
            continue
        if above is not None and above < number - 1 < best.first and _cells_in(written) >= 3:
            reading.cells[number] = row
            reading.refuse_row(number, path.name, *_under_other_header(above + offset, best.first + offset))
            reading.unseen.add(number)
            continue
        is_data = key < len(written) and _is_full(written[key]) and suspects.isdisjoint(written)
        if (
            number - 1 <= best.last
            or (not is_data and _is_no_data(written, row, best, header_texts))
            or (is_returned and unchanged_state(row, reading.headers) == TAKEN)
        ):
            if number - 1 > best.last and (unit := _other_unit(written, reading.columns)):
                units.append((number, unit))
            if number - 1 > best.last and not suspects.isdisjoint(written):
                lines.append(number)
            reading.not_data += 1
            continue
        if number - 1 == below:
            reading.not_data += 1
            continue
        if is_returned and unchanged_state(row, reading.headers) == ANEW:
            reading.cells[number] = row
            said = "退回后没有改动，仍看不出对错"
            reading.refuse_row(number, path.name, said, f"请核对后重填；确认无误的请清空“{RESULT}”")
            reading.unseen.add(number)
            continue
        is_sparse = not (names and names[0] < len(written) and written[names[0]])
        is_sparse = is_sparse and all(at >= len(written) or written[at] in ("", None) for at in names)
        is_sparse = is_sparse and _cells_in(written) <= 2  # a contract may ask for one column only
        if is_sparse and number - 1 > best.last and (unit := _other_unit(written, reading.columns)):
            units.append((number, unit))
            reading.not_data += 1
            continue
        numbers.append(number)
        reading.cells[number] = row
        if not is_data and _TOTAL.match(fold(next((t for cell in written if (t := as_text(cell))), ""))):
            totals.add(number)
    other_unit = None
    if units and numbers:
        at, unit = units[0]
        if at < numbers[-1]:
            below = at - 1 if below is None else min(below, at - 1)
        elif not problem:
            problem = other_unit = (
                f"表下第 {at + offset} 行写明单位是“{unit}”，与表头的单位不一致",
                "请核对单位，只保留正确的一处",
            )
    # What a person said is not read is no surprise.
    reading.unread_amounts = () if best.layout else _unread_amounts(reading, numbers)
    if reading.unread_amounts:
        reading.remarks += tuple(f"“{header}”列像金额，但不认识，没有读取" for header in reading.unread_amounts)
        titles = [f.title for f in best.contract.fields if f.type == "amount"]
        if not problem and titles and not any(c.field.type == "amount" for c in best.columns):
            said = f"“{'、'.join(reading.unread_amounts)}”列像金额，但不认识"
            problem = (said, f"请把表头改为“{'、'.join(titles[:3])}”等认识的名称，或删去这一列")
    if problem:
        for number in numbers:
            reading.refuse_row(number, path.name, *problem)
        if numbers and not is_returned and problem is not other_unit and _is_about_columns(best, reading):
            reading.unknown = _unknown(sheet, Window.of(top, best.first, best.last), rows, problem[0])
            reading.remarks += (f"版式待确认：{CONFIRM_HERE}",)
        return reading
    reader = _TableReader(path, sheet, reading, best, top)
    read = [number for number in numbers if below is None or number - 1 < below]
    reader.read(read)
    # A header none of whose words is written as in a contract shows by what its cells can't be read as.
    refused = sorted({refusal.row for refusal in reading.refusals if refusal.column})
    late = next((n for n in refused if _is_late_header(reading.cells[n], reading, n)), None)
    if late is not None:
        below = late - 1
        reading.drop_from(late)
        reading.not_data += 1
        del reading.cells[late]
    said = "第一格写着“合计”一类的字，像合计行"
    for row_read in reading.accepted:
        if row_read["source_row"] in totals:
            reading.refuse_row(row_read["source_row"], path.name, said, "合计行请删去；是数据的请改写第一格")
    reading.accepted = [r for r in reading.accepted if r["source_row"] not in totals]
    for number in numbers:
        if below is not None and number - 1 > below:
            reading.refuse_row(number, path.name, *_under_other_header(below + offset, None))
            reading.unseen.add(number)
    reading.totals = list(_written_totals(rows, reading, [n for n in lines if below is None or n - 1 < below]))
    return reading


def _is_total(row: Row) -> bool:
    """Say whether one of the first cells of a row says that it is a total."""
    texts = [fold(text) for cell in row if (text := as_text(cell))][:3]
    return any(_TOTAL.match(text) or _NO_KEY.match(_bare(text)) for text in texts)


def _written_totals(rows: list[Row], reading: SheetReading, lines: list[int]) -> Iterator[WrittenTotal]:
    """Yield the lines of totals with the amounts that can be read; they are compared with the rows, never taken as one."""
    lost = {refusal.row for refusal in reading.refusals}
    since = 0
    for number in lines:
        if not _is_total(rows[number - 1]):
            continue
        values = {}
        for column in reading.columns:
            cell = rows[number - 1][column.index] if column.index < len(rows[number - 1]) else None
            if column.field.type not in {"amount", "area"} or column.units_by or not is_number(cell):
                continue
            try:
                value = _PARSERS[column.field.type](column, cell)[column.field.name]
            except Unreadable:
                continue
            if value:
                values[column.field.name] = float(value)
        if values:
            yield WrittenTotal(number, since, values, not any(row < number for row in lost))
        since = number + 1


def _is_about_columns(header: Header, reading: SheetReading) -> bool:
    """Say whether somebody who knows the form could say what its columns are; else its sender must add what is missing."""
    if header.layout:
        return False  # a confirmed form that states another unit
    if not header.missing:
        return True
    known = {column.index for column in header.columns}
    names = {column.field.name for column in header.columns}
    unknown = [h for at, h in reading.headers.items() if at not in known and not NUMBERED.match(header_form(h))]
    return bool(unknown) or (bool(header.contract.identified_by) and header.contract.key[0] not in names)


def _unknown(sheet: Sheet, window: Window, rows: list[Row], why: str) -> UnknownTable:
    """Return a table as the question that it is: which columns are which."""
    headers = tuple("/".join(texts) for texts in own_parts(window.parts).values())
    place = (window.first + 1, window.last + 1)
    return UnknownTable(
        sheet.name, fingerprint_of(window.parts), headers, place, sending_unit(rows[: window.first]), why
    )


_OF_DAYS = re.compile(r"日期|时间|年月|日$")
_OF_PROJECTS = re.compile("项目|线索")


def _absent(header: Header, headers: dict[int, str], body: list[Row]) -> set[str]:
    """Return the titles of the required fields that a table may do without, as none of its unread columns may be theirs."""
    known = {column.index for column in header.columns}
    unread = {index: fold(text) for index, text in headers.items() if index not in known}
    texts = list(unread.values())
    has_days = any(_OF_DAYS.search(text) for text in texts) or any(
        index < len(row) and _is_day(row[index]) for row in body[:200] for index in unread
    )
    doubtful = {
        "date": has_days,
        "unit": any(_OF_UNITS.search(text) for text in texts),
        "project": any(_OF_PROJECTS.search(text) for text in texts),
    }
    names = {column.field.name for column in header.columns}
    absent = [f for f in header.contract.fields if f.may_be_absent and f.name not in names]
    kinds = {f.title: "date" if f.type == "date" else "unit" if f.from_sheet else "project" for f in absent}
    return {title for title, kind in kinds.items() if not doubtful[kind]}


def _whole_headers(sheet: Sheet, known: _Known) -> list[Header]:
    """Return the headers of the first rows that lack nothing and leave no doubt."""
    top = Top.of(sheet.rows, sheet.merged)
    confirmed = confirmed_header(top, known.layouts, known.contracts)
    headers = [confirmed] if confirmed else find_headers(top, known.contracts)
    return [h for h in headers if not h.missing and not h.ambiguous]


def _is_late_header(row: Row, reading: SheetReading, number: int) -> bool:
    """Say whether a refused row is a header in words of its own: no digit in it, and no measured cell that can be read."""
    if _looks_like_header(row):
        contract = load_contracts()[str(reading.contract)]
        return not _means_the_same(row, reading.columns, contract)
    typed = [c for c in reading.columns if c.field.type in _MEASURED | {"uscc"} and _text_at(row, c.index)]
    unread = {r.column for r in reading.refusals if r.row == number}
    has_digit = any(c.isdecimal() for cell in row if (text := as_text(cell)) for c in text)
    return len(typed) > 1 and not has_digit and all(c.header in unread for c in typed)


_OF_MONEY = re.compile(r"投资|资金|金额|总额|税|产值|收入|营收|利润|资本|到资|固投|造价|贷款|融资|[万亿]元|美元")
_OF_NO_MONEY = re.compile(
    r"[方者人号]$|方式|来源|主体|单位|部门|名称|类型|类别|性质|用途|编号|日期|时间|年度|是否|说明|备注|比例|占比|增幅|率$|数$"
)


def _unread_amounts(reading: SheetReading, numbers: list[int]) -> tuple[str, ...]:
    """Return the headers of columns that look like money, hold mostly numbers, and were not recognised."""
    known = {column.index for column in reading.columns}
    found = []
    for index, header in reading.headers.items():
        folded = fold(header.split("/")[-1] if "/" in header else header)
        if index in known or not _OF_MONEY.search(fold(header)) or _OF_NO_MONEY.search(split_header(folded)[0]):
            continue
        rows = (reading.cells[number] for number in numbers[:200])
        texts = [text for row in rows if index < len(row) and (text := as_text(row[index]))]
        if texts and 2 * sum(bool(_AMOUNT_LIKE.match(fold(text))) for text in texts) >= len(texts):
            found.append(header)
    return tuple(found)


_AMOUNT_LIKE = re.compile(r"^[约近超]?[+-]?\d[\d,]*(?:\.\d+)?(?:[万亿千]?元|[万亿])?(?:左右)?$")


def _cells_in(row: Row) -> int:
    return sum(as_text(cell) is not None for cell in row)


def _under_other_header(at: int, first: int | None) -> tuple[str, str]:
    where = (
        f"第 {at + 1} 行还有一个表头或另一个单位"
        if first is None
        else f"第 {at + 1} 行还有一个表头，读的是第 {first + 1} 行的"
    )
    return f"{where}，不能确定本行各列是什么", "请把每张表放到各自的工作表，重新发送"


@dataclass(frozen=True)
class _Wrong:
    """What is wrong with one cell: the row's place in the table, what was written, and what to say."""

    at: int
    column: str
    value: str | None
    reason: str
    mend: str
    costs_row: bool = True


# Words by which sheets are called after a period, a stage, a kind or a draft; short names of towns have none of them.
_NO_UNIT = re.compile(
    r"\d{4}|\d月|[月季]度|半年|年度|一览|台账|汇总|明细|统计|附件|附表|清单|名单|目录|模板|填报|表\d*$|^[a-z\d_ ]+$|\(\d+\)$|"
    r"在谈|签约|落地|开工|投产|竣工|储备|意向|洽谈|项目|线索|重点|副本|备份|未命名|[内外]资|最新|初稿|终稿|定稿|原始|数据|更新|^全|^各|[省市区]外|省内",
    re.IGNORECASE,
)
_OF_UNITS = re.compile(r"(?:部门|单位|镇街|乡镇|街道|专班|园区)(?:\(.*\))?$")


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
        # Nor does one called after a period name it, nor any beside a column of units that isn't read.
        self.sheet_names_unit = sheet.is_named and not (
            _NO_UNIT.search(fold(sheet.name))
            or any(
                _OF_UNITS.search(fold(h))
                for i, h in reading.headers.items()
                if i not in {c.index for c in header.columns}
            )
        )
        self.completed = [f for f in header.contract.fields if f.required or f.from_sheet or f.else_from]
        # What a confirmed layout has no column for is given afterwards: a key by the rest, a first day by the period.
        contract = header.contract
        self.given_later = {
            f.name
            for f in contract.fields
            if header.layout and f.name not in names and (f.name in contract.key or f.name in contract.identified_by)
        }
        self.sender = sending_unit(sheet.rows[: header.first]) if header.layout else None
        self.absent = _absent(header, reading.headers, sheet.rows[header.last + 1 :])
        self.stand_ins = {
            f.name: next(names[name] for name in f.else_from if name in names)
            for f in header.contract.fields
            if f.else_from and f.name not in names and any(name in names for name in f.else_from)
        }
        written = [at for at, cell in enumerate(sheet.rows[header.last]) if as_text(cell)]
        self.header_width = max(written, default=-1) + 1
        self.formatted = {index for _, index in sheet.formats}
        self.units_of_rows: dict[int, AmountUnit] = {}  # by place in the table
        self.unit_header = ""
        self.wrong: list[_Wrong] = []
        self.values: dict[str, list[Any]] = {}  # by field, in the order of rows; "" where the cell was refused

    def read(self, numbers: list[int]) -> None:
        """Read the rows of these numbers; all that is wrong with a row is told at once."""
        rows = [self.reading.cells[number] for number in numbers]
        width = max((len(row) for row in rows), default=0)
        if self.sheet.is_delimited:
            self._refuse_longer_rows(rows, numbers)
        if any(len(row) != width for row in rows):  # .csv
            rows = [row + [None] * (width - len(row)) for row in rows]
        by_index: list[Sequence[Cell]] = list(zip(*rows, strict=True))
        nothing: list[Cell] = [None] * len(rows)
        cells = {c.field.name: by_index[c.index] if c.index < width else nothing for c in self.columns}
        self._read_units_of_rows(by_index)
        years = None
        if self.year_column is not None and self.year_column < width:
            years = [self._year_of(cell) for cell in by_index[self.year_column]]
        for column in sorted(self.columns, key=lambda c: bool(c.units_by)):  # what tells a unit goes first
            written = list(cells[column.field.name])
            faults = self._faults(column, written, numbers)
            costs_row = self._is_needed(column) or column.field.type not in {"text", "choice", "boolean"}
            for at, fault in faults.items():
                self.reading.unseen.add(numbers[at])
                self.wrong.append(_Wrong(at, column.header, _shown(written[at]), *fault, costs_row))
                written[at] = None
            self._read_column(column, written, years)
            for at in faults:
                self.values[column.field.name][at] = ""
        self._complete(len(rows))
        self._sort_out(numbers)

    def _read_units_of_rows(self, by_index: list[Sequence[Cell]]) -> None:
        """Read a column of units or currencies (币种、货币单位) beside the amounts, which no contract has."""
        known = {c.index for c in self.header.columns}
        for index, header in self.reading.headers.items():
            if index in known or index >= len(by_index) or not _OF_CURRENCY.search(fold(header)):
                continue
            for at, cell in enumerate(by_index[index]):
                text = as_text(cell)
                unit = parse_amount_unit(text) if text else None
                if unit and (unit.currency != "CNY" or fold(str(text)) not in {"元", "人民币", "人民币元"}):
                    self.units_of_rows[at], self.unit_header = unit, header

    def _faults(self, column: Column, cells: list[Cell], numbers: list[int]) -> dict[int, tuple[str, str]]:
        """Return, by place in the table, the cells that hold something else than what they show, and what to say."""
        faults: dict[int, tuple[str, str]] = {}
        sheet, kind = self.sheet, column.field.type
        is_code = kind in {"uscc", "industry"} or column.field.name in self.header.contract.key
        if column.index in self.formatted:
            read: dict[tuple[type, Cell, str], tuple[str | None, bool]] = {}  # amounts of a column repeat
            for at, number in enumerate(numbers):
                if (code := sheet.formats.get((number - 1, column.index))) is None:
                    continue
                cell = cells[at]
                if type(cell) is str and cell.strip() and (text := shown_text(cell.strip(), code)):
                    cells[at] = text
                elif is_number(cell) and (is_code or kind in _MEASURED):
                    key = (type(cell), cell, code)
                    if key not in read:
                        said = _shown_otherwise(cell, code, is_code)
                        is_sure = said is not None and _may_be_read_as_shown(cell, said, code, column, is_code)
                        read[key] = said, is_sure
                    said, is_sure = read[key]
                    if said is not None and not is_sure:
                        reason = f"单元格显示“{said}”，存的数却是 {as_text(cell)}"
                        faults[at] = reason, "请把单元格格式设为“常规”，按表头的单位填写数字"
                    elif said is not None:
                        cells[at] = said
        for ((top, left), (bottom, right)), code in sheet.conditional:
            if not left <= column.index <= right or not (is_code or kind in _MEASURED):
                continue
            for at, number in enumerate(numbers):
                cell = cells[at]
                if top < number <= bottom + 1 and is_number(cell) and _shown_otherwise(cell, code, is_code) is not None:
                    said = f"条件格式可能把 {as_text(cell)} 显示成“{_shown_otherwise(cell, code, is_code)}”"
                    faults[at] = said, "请清除这一列的条件格式，按表头的单位填写数字"
        if sheet.struck:
            for at, number in enumerate(numbers):
                if (number - 1, column.index) in sheet.struck and as_text(cells[at]):
                    faults[at] = "单元格带删除线，看不出是否作废", "作废的请删去，有效的请去掉删除线"
        if is_code and kind == "text" and _may_be_no_key(cells):
            for at, cell in enumerate(cells):
                if said := _no_key(cell):
                    faults[at] = said, "请填编号的原文，每行一个；该列设为文本"
        if kind == "number" and (odd := [n for n in split_header(column.header)[1] if _is_other_unit(n, column.field)]):
            said = f"表头写的单位是“{'、'.join(odd)}”，这一列应填{column.field.description or '原数'}"
            faults |= {at: (said, "请改写表头的单位并换算") for at, cell in enumerate(cells) if as_text(cell)}
        if kind == "amount" and self.units_of_rows:
            for at, unit in self.units_of_rows.items():
                if as_text(cells[at]) and (column.amount_unit is None or unit != column.amount_unit):
                    said = f"“{self.unit_header}”列写的单位与“{column.header}”不一致"
                    faults[at] = said, "请统一单位，只在表头或单元格里写一处"
        if kind == "text" and _may_have_lost_digits(cells):
            for at, cell in enumerate(cells):
                if (is_number(cell) and abs(cell) >= 1e15) or (type(cell) is str and _LOST_DIGITS.match(cell)):
                    faults[at] = "长数字被存成了数值，第 16 位起已丢失", "请把该列设为文本后重新填写"
        if sheet.marked and (is_code or kind in _MEASURED):
            for at, number in enumerate(numbers):
                if (number - 1, column.index) in sheet.marked:
                    said = "单元格里有上标、下标或带删除线的字，分不清哪些是数"
                    faults[at] = said, "请只留下有效的内容，注释写到备注"
        if sheet.broken:
            mend = "请用 Excel/WPS 打开，改正公式或填入数值，保存后重新发送"
            for at, number in enumerate(numbers):
                if broken := sheet.broken.get((number - 1, column.index)):
                    faults[at] = broken, mend
        return faults

    def _refuse_longer_rows(self, rows: list[Row], numbers: list[int]) -> None:
        """Refuse rows of a .csv with more cells than the header: a comma inside a number has moved what follows."""
        usual = Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 0
        for at, row in enumerate(rows):
            over = row[self.header_width :]
            if (
                any(as_text(cell) for cell in over)
                or len(row) > max(usual, self.header_width)
                or self._is_split(row, usual)
            ):
                reason = f"这一行有 {len(row)} 格，表头只有 {self.header_width} 格，可能是数字里的逗号把一格分成了两格"
                self.reading.unseen.add(numbers[at])
                mend = "请去掉数字里的逗号，或另存为 .xlsx 后重新发送"
                self.wrong.append(_Wrong(at, "", None, reason, mend))

    def _is_split(self, row: Row, usual: int) -> bool:
        """Say whether a number and the next cell may be one number: 12 and 000, or 12 and 500 where there should be words."""
        kinds = {c.index: c.field.type for c in self.columns}
        for at, kind in kinds.items():
            pair = [str(cell).strip() for cell in row[at : at + 2]]
            if kind not in _MEASURED - {"date", "year"} or len(pair) < 2 or not _THOUSANDS.match(",".join(pair)):
                continue
            if pair[1].startswith("0") or len(row) != usual or kinds.get(at + 1) not in _MEASURED:
                return True
        return False

    def _read_column(self, column: Column, cells: list[Cell], years: list[int | None] | None) -> None:
        """Parse each distinct cell once, as what its column is."""
        name, kind = column.field.name, column.field.type
        if kind == "text":
            texts = _texts(cells, column.field.mask_phones)
            if name.endswith("_name") or name in self.header.contract.key:
                texts = self._without_notes(column, texts)
            self.values[name] = texts
            return
        contexts: list[Any] | None = None
        if column.units_by:
            units = dict(column.units_by)
            by = self.values.get(column.field.unit_by["field"], [None] * len(cells))
            contexts = [units.get("" if value is None else str(value).lower()) for value in by]
        elif kind == "date":
            contexts = years or [self.year] * len(cells)
        # 1, 1.0 and True are one key of a dictionary, and mean different things in a cell.
        one_context = contexts[0] if contexts and contexts.count(contexts[0]) == len(contexts) else None
        is_one = (not contexts or contexts.count(one_context) == len(contexts)) and set(map(type, cells)) <= _UNLIKE
        keys: list[Any] = (
            cells if is_one else list(zip(map(type, cells), cells, contexts or [None] * len(cells), strict=True))
        )
        known: dict[Any, dict[str, Any]] = {}
        faulty: dict[Any, Unreadable] = {}
        marks: Counter[str] = Counter()
        for key in set(keys):
            cell, context = (key, one_context) if is_one else (key[1], key[2])
            if cell is None or cell == "":
                known[key] = {}
                continue
            try:
                if isinstance(cell, str) and not TURNED.isdisjoint(cell):
                    raise Unreadable("单元格里有改变书写方向的字符，显示的与存的不同", "请删去重新填写")
                if type(cell) is str and cell[-1] in NOTE_ENDS:
                    cell, mark = split_note(cell)
                    if mark:
                        marks[mark] += 1
                if kind == "date" and self.sheet.is_text and type(cell) is str and _YEAR_AND_ONE.match(cell):
                    raise Unreadable(f"“{cell}”可能是1月，也可能是10月", "请写成 2025-01 或 2025-10")
                if kind == "date":
                    known[key] = _parse_date(column, cell, context)
                elif column.units_by:
                    known[key] = _parse_amount(replace(column, amount_unit=context), cell)
                else:
                    known[key] = _PARSERS[kind](column, cell)
            except Unreadable as error:
                if type(cell) is str and fold(cell) in UNKNOWN_WORDS and not self._is_needed(column):
                    known[key] = {}
                else:
                    known[key], faulty[key] = {name: ""}, error
        self._say_notes(column, marks)
        for part in _parts(column):
            of_key = {key: found.get(part) for key, found in known.items()}
            self.values[part] = [of_key[key] for key in keys]
        if faulty:
            for at, key in enumerate(keys):
                if fault := faulty.get(key):
                    # A number that somebody sees must not be missing from a row that counts.
                    costs_row = self._is_needed(column) or (kind in _WEIGHED and _has_digit(cells[at]))
                    self.wrong.append(_Wrong(at, column.header, _shown(cells[at]), fault.reason, fault.mend, costs_row))

    def _is_needed(self, column: Column) -> bool:
        """Say whether a row can't be taken without this cell: the field is required, of the key, or stands in for one."""
        f = column.field
        return f.required or f.name in self.header.contract.key or column in self.stand_ins.values()

    def _without_notes(self, column: Column, texts: list[str | None]) -> list[str | None]:
        """Return names without the marks that point to a note below the table; the marks are told."""
        if NOTE_ENDS.isdisjoint({text[-1] for text in texts if text} | {text[0] for text in texts if text}):
            return texts
        marks: Counter[str] = Counter()
        bare: dict[str | None, str | None] = {None: None}
        for text in set(texts) - {None}:
            assert text
            if text[-1] not in NOTE_ENDS and text[0] not in NOTE_ENDS:
                bare[text] = text
                continue
            bare[text], mark = split_note(text, is_name=True)
            if not bare[text]:
                bare[text] = text
            elif mark:
                marks[mark] += 1
        self._say_notes(column, marks)
        return [bare[text] for text in texts]

    def _say_notes(self, column: Column, marks: Counter[str]) -> None:
        if marks:
            said = "、".join(mark for mark, _ in marks.most_common(5))
            self.reading.remarks += (f"“{column.header}”列有 {marks.total():,} 种内容带注号（{said}），只读了正文",)

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
            if f.from_sheet and f.name not in self.written and (self.sheet_names_unit or self.sender):
                self.values[f.name] = [self.reading.sheet if self.sheet_names_unit else self.sender] * count
            values = self.values.get(f.name, nothing)
            odd = _no_names(values, f) if f.required and f.type == "text" else set()
            if odd:
                for at, value in enumerate(values):
                    if value in odd:
                        reason = f"“{value}”像合计、“同上”、待定或出错的公式，不像“{f.title}”"
                        self.wrong.append(_Wrong(at, f.title, value, reason, "合计行请删去或放到最后；同上请写全"))
            if f.title in self.absent and f.name not in self.stand_ins:
                self.values.setdefault(f.name, list(nothing))
                if None in values:
                    self.reading.remarks += (f"没有“{f.title}”列，各行的这一项暂无",)
            elif f.required and None in values and not (f.name in self.given_later and f.name not in self.values):
                title = self.stand_ins[f.name].header if f.name in self.stand_ins else f.title
                said = (title, None, f"“{title}”没有填写", f"请补填“{title}”")
                self.wrong.extend(_Wrong(at, *said) for at, value in enumerate(values) if value is None)

    def _sort_out(self, numbers: list[int]) -> None:
        place = (self.header.contract.name, self.path.name, self.reading.sheet)
        order = {column.header: at for at, column in enumerate(self.columns)}
        self.wrong.sort(key=lambda w: (w.at, w.value is None and w.reason.endswith("没有填写"), order.get(w.column, 0)))
        bad, cells = {w.at for w in self.wrong if w.costs_row}, Counter(w.at for w in self.wrong if not w.costs_row)
        bad |= {at for at, count in cells.items() if count >= TOO_MANY}  # the columns may have moved
        self.reading.refusals += [
            Refusal(*place, numbers[w.at], w.column or None, w.value, w.reason, w.mend, w.at not in bad)
            for w in self.wrong
        ]
        for name, values in self.values.items():
            if cells and "" in values:
                self.values[name] = [None if value == "" else value for value in values]
        names = [*self.values, "source_sheet", "source_row"]
        table = zip(*self.values.values(), repeat(self.reading.sheet), numbers, strict=False)
        self.reading.accepted = [dict(zip(names, row, strict=True)) for at, row in enumerate(table) if at not in bad]

    def _year_of(self, cell: Cell) -> int | None:
        """Give the one year the row is of: its 年度, else the one that the title names."""
        try:
            return parse_year(cell) or self.year
        except Unreadable:
            return None


_UNLIKE: Final = frozenset({str, float, type(None), dt.datetime, dt.date})  # kinds of cells that never equal each other


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
        written = list(set(cells) - {None, ""})
        whole = "".join(written)  # type: ignore[arg-type]
        if is_visible(whole) and " " not in whole and not (mask and _may_hold_phone(written)):
            return _without_empty_words(cells)  # type: ignore[arg-type]
        of_text = {text: as_text(text) for text in set(cells)}
        if mask:
            of_text = {text: mask_phones(found) if found else found for text, found in of_text.items()}
        return [of_text[cell] for cell in cells]
    texts = [as_text(cell) for cell in cells]
    return [mask_phones(text) if text else text for text in texts] if mask else texts


def _without_empty_words(cells: list[str | None]) -> list[str | None]:
    """Return visible texts, None for those that mean an empty cell, as few do: most begin with another character."""
    distinct = set(cells)
    odd = {text[0] for text in distinct if text} & FIRST_OF_EMPTY
    empty = {text for text in distinct if text and text[0] in odd and is_empty_word(text)} if odd else set()
    if not empty and "" not in distinct:
        return list(cells)
    return [None if not cell or cell in empty else cell for cell in cells]


def _may_hold_phone(texts: list[Any]) -> bool:
    found = pc.match_substring_regex(pa.array(texts, pa.string()), r"\p{Nd}{3,4}[- ]?\p{Nd}{4}")
    return bool(pc.any(found).as_py())
