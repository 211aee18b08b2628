"""Find the header of a table (找表头): which rows it takes, which column is which field, in which unit.

Belongs here: one- to three-row headers, merged parents, synonyms, units from the column, its parent or a note above,
and every doubt between two readings. Does not belong: rows of data (workbook.py), what a word means (contract.py).
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from intake.contract import Contract, Field, header_form, split_header
from intake.opening import Range, Row
from intake.values import AREA_UNITS, INTENSITY_UNITS, AmountUnit, as_text, fold, parse_amount_unit

HEADER_WITHIN: Final = 20  # rows from the top in which a header may start
HEADER_ROWS: Final = 3
_UNIT_NOTE = re.compile(r"单位[:：]?[ \t]*([^\n]+)")
_BETWEEN_UNITS = re.compile(r"[\s,，;；、/)）(（]+|单位[:：]?")
_MONEY: Final = r"(?:[亿万千]|百万|千万)?(?:人民币|美元|美金|港币|港元|欧元|日元|元)|亿"
_UNIT_OF_MONEY = re.compile(rf"(?<![\d.亿万千百])({_MONEY})")
_SETS_UNIT = re.compile(
    rf"单位[^。;；]{{0,8}}?(?<![亿万千百])({_MONEY})|(?:以|均?为)({_MONEY})(?:计|为|$)|\((?:单位:?)?({_MONEY})\)|^({_MONEY})$"
)
# Words in the brackets of a header that make it mean something else than its name does.
_OTHER_AMOUNT = re.compile(
    r"其中|[一二三首]期|[当本今去上][年月]|完成|实际|实缴|到位|设备|境外|外资|外方|内资|母公司|修订|调整|变更|不含|年均|人均|亩均|累计|计划|预计|拟|新增|增量|已供|申请|合计|上报"
)
_OTHER_DAY = re.compile(r"预计|预定|计划|拟|约定|目标|修订|调整|变更|截止|到期")
_LABEL_OF_UNIT = re.compile(r"^(?:金额|面积)?单位:?")
_LABELLED = re.compile(r"^[^:]*:")
_YEAR = re.compile(r"(?<!\d)(20\d{2})\s*年")
_YEAR_COLUMN: Final = frozenset({"年度", "年份"})


@dataclass(frozen=True)
class Column:
    """A column of the sheet that a field was found in, why, and the unit written for it."""

    index: int
    field: Field
    header: str
    amount_unit: AmountUnit | None = None
    to_mu: float | None = None
    to_wan_per_mu: float | None = None
    units_by: tuple[tuple[str, AmountUnit], ...] = ()  # value of the deciding field, and the unit it means
    matched: str = ""  # the words of the header that were recognised
    unit_from: str = ""  # 表头 or 单位说明

    @property
    def unheeded(self) -> tuple[str, ...]:
        """Give the texts in a date header's brackets that no contract knows: 开工时间(统计口径) is read as 开工日期."""
        words = {
            header_form(word) for word in (self.field.title, self.field.name, *self.field.synonyms, *self.field.also)
        }
        if self.field.type != "date" or header_form(self.matched) in words:
            return ()
        return tuple(text for text in split_header(self.matched)[1] if text.strip())

    @property
    def unit_text(self) -> str:
        """Say in Chinese in which unit the column is read."""
        if self.units_by:
            return "、".join(f"{value} 为 {_amount_text(unit)}" for value, unit in self.units_by)
        if self.amount_unit:
            return _amount_text(self.amount_unit)
        for factor, units in ((self.to_mu, AREA_UNITS), (self.to_wan_per_mu, INTENSITY_UNITS)):
            if factor is not None:
                return next(name for name, value in units.items() if value == factor)
        return ""


def _amount_text(unit: AmountUnit) -> str:
    scale = {10_000.0: "亿", 1_000.0: "千万", 100.0: "百万", 1.0: "万", 0.1: "千", 0.0001: ""}[unit.to_wan]
    return scale + {"CNY": "元", "USD": "美元", "HKD": "港元", "EUR": "欧元", "JPY": "日元"}[unit.currency]


@dataclass(frozen=True)
class Header:
    """One reading of a header by one contract. `first` and `last` are its rows, from 0."""

    contract: Contract
    first: int
    last: int
    columns: tuple[Column, ...]
    missing: tuple[str, ...]
    ambiguous: tuple[str, ...]
    layout: str = ""  # the fingerprint of the layout that a person confirmed, where the header was read by one
    doubts: tuple[str, ...] = ()  # why the confirmed layout can't be trusted here: another unit than was confirmed

    @property
    def is_near(self) -> bool:
        """Say whether the header is a ledger's with columns left out: dropping its rows in silence would lose them."""
        required = sum(f.required and not f.from_sheet for f in self.contract.fields)
        found = required - len(self.missing)
        return len(self.columns) >= 3 and 2 * len(self.missing) <= required and found >= min(2, required)

    @property
    def strength(self) -> tuple[int, int, int, int]:
        """Order of preference: most fields found, then most units known, then the shorter header, then the higher one.

        A parent `投资情况（万元）` over `总投资 | 固投` adds no field, but without it no amount below has a unit.
        """
        known = sum(c.unit_text != "" for c in self.columns)
        return len({c.field.name for c in self.columns}), known, -(self.last - self.first), -self.first


@dataclass(frozen=True)
class Top:
    """The rows in which a header may stand, their merged cells filled in, read once for every contract."""

    rows: list[Row]
    width: int

    @classmethod
    def of(cls, rows: list[Row], merged: list[Range]) -> Top:
        head = fill_merged(
            rows[: HEADER_WITHIN + HEADER_ROWS],
            [r for r in merged if r[1][0] < HEADER_WITHIN + HEADER_ROWS],
            len(rows),
        )
        return cls(head, max((len(row) for row in head), default=0))

    def windows(self) -> list[Window]:
        return [
            Window.of(self, first, last)
            for first in range(min(HEADER_WITHIN, len(self.rows)))
            for last in range(first, min(first + HEADER_ROWS, len(self.rows)))
        ]

    def years(self, before: int) -> set[int]:
        """Give the years that the titles above row `before` name: 2025年度招商引资台账."""
        texts = (as_text(cell) for row in self.rows[:before] for cell in row)
        return {int(year) for text in texts if text for year in _YEAR.findall(fold(text))}

    def year_column(self, header: Header) -> int | None:
        """Give the column titled 年度 or 年份, if there is just one."""
        titled = [
            index
            for index, parts in Window.of(self, header.first, header.last).parts.items()
            if split_header(parts[-1])[0] in _YEAR_COLUMN
        ]
        return titled[0] if len(titled) == 1 else None

    def headers(self, header: Header) -> dict[int, str]:
        """Give the written header of every column, parents first."""
        return {i: "/".join(p) for i, p in Window.of(self, header.first, header.last).parts.items()}


@dataclass(frozen=True)
class Window:
    """Some rows taken for a header: the texts over each column, and the names they may mean, best first."""

    first: int
    last: int
    parts: dict[int, list[str]]
    names: dict[int, list[str]]
    notes: tuple[str, ...]
    forms: frozenset[str]  # of every name, in which contracts know their words: most windows hold none of a contract's

    @classmethod
    def of(cls, top: Top, first: int, last: int) -> Window:
        parts: dict[int, list[str]] = {}
        for column in range(top.width):
            texts: list[str] = []
            for row in top.rows[first : last + 1]:
                text = as_text(row[column]) if column < len(row) else None
                if text and (not texts or texts[-1] != text):
                    texts.append(text)
            if texts:
                parts[column] = texts
        names = {i: [p[-1], *(["".join(p)] if len(p) > 1 else []), *reversed(p[:-1])] for i, p in parts.items()}
        notes = tuple(
            unit for row in top.rows[: last + 1] for cell in row if (text := as_text(cell)) for unit in unit_notes(text)
        )
        forms = {form for own in names.values() for n in own for form in (header_form(n), split_header(n)[0])}
        return cls(first, last, parts, names, notes, frozenset(forms))


def unit_notes(text: str) -> list[str]:
    """Return what a note like 填报单位：城关镇　单位：万元、亩（外资为万美元） names as units; 亿 元 is one, not 元."""
    folded = fold(text)
    if "单位" not in folded:
        return []
    areas = [
        unit for note in _UNIT_NOTE.findall(text) for unit in _BETWEEN_UNITS.split(note) if fold(unit) in AREA_UNITS
    ]
    return areas + _UNIT_OF_MONEY.findall(folded)


def named_units(text: str) -> list[str]:
    """Return the units of money that a line inside or below a table sets: in brackets, after 单位, as 以…计, or alone."""
    return [unit for groups in _SETS_UNIT.findall(fold(text)) for unit in groups if unit]


def find_headers(top: Top, candidates: list[Contract]) -> list[Header]:
    """Give the best reading of the top rows by each contract that any column is known to."""
    windows = top.windows()
    found = []
    for contract in candidates:
        headers = [header for window in windows if (header := _read_window(window, contract))]
        if headers:
            found.append(max(headers, key=lambda header: header.strength))
    return found


def _read_window(window: Window, contract: Contract) -> Header | None:
    if contract.words.keys().isdisjoint(window.forms):
        return None
    columns: list[Column] = []
    for index, names in window.names.items():
        for name in names:
            if (found := contract.match(name)) and not _means_another(found, name, contract):
                columns.append(with_unit(Column(index, found, "/".join(window.parts[index]), matched=name), window))
                break
    if not columns or not _is_header(contract, columns, window.parts):
        return None
    columns = _one_each(contract, columns)
    times = Counter(column.field.name for column in columns)
    missing = tuple(
        f.title
        for f in contract.fields
        if f.required and not f.from_sheet and f.name not in times and not any(name in times for name in f.else_from)
    )
    ambiguous = tuple(f.title for f in contract.fields if times[f.name] > 1 and not f.personal)
    return Header(contract, window.first, window.last, tuple(columns), missing, ambiguous)


def _means_another(f: Field, name: str, contract: Contract) -> bool:
    """Say whether brackets make a header mean another thing than the field: 总投资（其中一期）, 开工日期（预计）."""
    other = _OTHER_DAY if f.type == "date" else _OTHER_AMOUNT
    if f.type not in {"amount", "area", "intensity", "number", "date"} or header_form(name) in contract.words:
        return False
    parts = [text for text in split_header(name)[1] if not _UNIT_OF_MONEY.search(text)]
    return any(found.group() not in f.title for text in parts for found in other.finditer(text))


def with_unit(column: Column, window: Window) -> Column:
    """Add the unit in the header's brackets, the lowest row first, else the one in the notes above; none in doubt."""
    f = column.field
    if f.type not in {"amount", "area", "intensity"}:
        return column
    parts = reversed(window.parts[column.index])
    bracketed = [_LABEL_OF_UNIT.sub("", text) for part in parts for text in split_header(part)[1]]

    def place(**changes: Any) -> Column:
        known = {name: getattr(column, name) for name in ("index", "field", "header", "matched")}
        return Column(**known, **changes)

    if f.type == "amount":
        if any(_names_two_units(part, f) for part in window.parts[column.index]):
            return column  # (亿元)(万元)
        for text in bracketed:
            if unit := parse_amount_unit(text):
                return place(amount_unit=unit, unit_from="表头")
            if "元" in text:  # (亿元/万美元): another column or only the cell can say which
                return place(units_by=_units_by(f, text), unit_from="表头")
        noted = {unit for text in window.notes if (unit := parse_amount_unit(text))}
        if len(noted) > 1:  # 单位：万元（外资为万美元）, where the columns of 外资 say so themselves
            noted -= {
                unit
                for parts in window.parts.values()
                for part in parts
                if "单位" not in part
                for text in split_header(part)[1]
                if (unit := parse_amount_unit(text))
            }
        return place(amount_unit=noted.pop(), unit_from="单位说明") if len(noted) == 1 else column
    units, name = (AREA_UNITS, "to_mu") if f.type == "area" else (INTENSITY_UNITS, "to_wan_per_mu")
    for text in bracketed:
        if factor := units.get(fold(text)):
            return place(**{name: factor}, unit_from="表头")
    if f.type == "area":
        factors = {factor for text in window.notes if (factor := units.get(fold(text)))}
        if len(factors) == 1:
            return place(to_mu=factors.pop(), unit_from="单位说明")
    return column


def _names_two_units(part: str, f: Field) -> bool:
    texts = split_header(part)[1]
    written = [*texts, *(unit for text in texts for unit in _UNIT_OF_MONEY.findall(text))]
    units = {unit for text in written if (unit := parse_amount_unit(text))}
    return len(units) > 1 and not any(_units_by(f, text) for text in texts)


def _units_by(f: Field, text: str) -> tuple[tuple[str, AmountUnit], ...]:
    """Give the units by the deciding field, if the header names just those: 内资 in 亿元, 外资 in 万美元, one column."""
    written = {
        unit
        for part in re.split(r"[/,;、或]", text)
        if (unit := parse_amount_unit(_LABELLED.sub("", part).strip("内外资")))
    }
    meant = {value: unit for value, word in f.unit_by.get("units", {}).items() if (unit := parse_amount_unit(word))}
    return tuple(meant.items()) if meant and written == set(meant.values()) else ()


def _is_header(contract: Contract, columns: list[Column], parts: dict[int, list[str]]) -> bool:
    """Say whether the last row belongs to the header: under a required column's header stands no value of a row."""
    return all(
        contract.match(parts[c.index][-1]) is c.field or contract.match("".join(parts[c.index])) is c.field
        for c in columns
        if c.field.required
    )


def _is_weak(column: Column, contract: Contract) -> bool:
    return not contract.weak_words.isdisjoint({header_form(column.matched), split_header(column.matched)[0]})


def _one_each(contract: Contract, columns: list[Column]) -> list[Column]:
    """Keep, of several columns for one field, the one that bears the field's own title, if just one does.

    A real ledger has 投资主体, 签约主体 and 联系人 thrice; personal columns are never read, so they are never in doubt.
    """
    kept: list[Column] = []
    for name in dict.fromkeys(c.field.name for c in columns):
        same = [c for c in columns if c.field.name == name]
        same = [c for c in same if not _is_weak(c, contract)] or same
        titled = [c for c in same if split_header(c.header.split("/")[-1])[0] == split_header(c.field.title)[0]]
        kept += titled if len(titled) == 1 else same
    return sorted(kept, key=lambda c: c.index)


def fill_merged(
    rows: list[Row], merged: list[Range], header_last: int, own: Collection[int] = frozenset()
) -> list[Row]:
    """Repeat a merged cell's value over its range: in headers everywhere, in the body only downwards, only words and dates.

    A merged amount belongs to its rows together, also where it is written as text: repeating it would count it twice.
    `own` are the columns of such values, and of a key, which names one row.
    """
    if not merged:
        return rows
    filled = [list(row) for row in rows]
    for (top, left), (bottom, right) in merged:
        if top >= len(filled) or left >= len(filled[top]):
            continue
        value = filled[top][left]
        in_header = bottom <= header_last
        if value in ("", None) or (
            not in_header and (not isinstance(value, (str, dt.date)) or left != right or left in own)
        ):
            continue
        for row in filled[top : bottom + 1]:
            for column in range(left, min(right + 1, len(row))):
                row[column] = value
    return filled
