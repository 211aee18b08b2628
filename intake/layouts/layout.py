"""A confirmed layout (已确认的版式): its fingerprint, its place in the office's folder, a header read by it.

Belongs here: what a layout says and how a header is read by it. Does not belong here: guessing one (proposal.py).

A layout is known by the words of its header in their order. Another form, be it a column more, is another layout: it is
proposed from the nearest one and confirmed, never guessed.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from intake.contract import Contract, Field, header_form, load_contracts
from intake.header import Column, Header, Top, Window, with_unit
from intake.returned import MARK, RESULT, SAID
from intake.values import AREA_UNITS, INTENSITY_UNITS, fold, parse_amount_unit
from office import cached, settings_file
from office.tables import TABLES
from storage import write_text

FILE: Final = TABLES["layouts"].file
LEAST_COLUMNS: Final = 3  # of a header: what is narrower is a title or a note
_SERVICE: Final = frozenset({RESULT, SAID, MARK})
_MONEY: Final = ("万元", "亿元", "元", "千元", "百万元", "千万元", "万美元", "亿美元", "美元", "万港元", "万欧元")


class LayoutProblem(ValueError):
    """A layout that can't be kept as it was confirmed; one Chinese line."""


@dataclass(frozen=True)
class LayoutColumn:
    """One written column: the title of the field it is (None: not read), its unit, and the unit that the sheet stated then."""

    header: str
    field: str | None
    unit: str = ""
    stated_unit: str = ""


@dataclass(frozen=True)
class Layout:
    """What a person confirmed of a header. `columns` are all that bear a word, in their order."""

    fingerprint: str
    ledger: str
    columns: tuple[LayoutColumn, ...]
    confirmed_by: str
    confirmed_on: dt.date

    @property
    def digest(self) -> str:
        """Return a hash of what it means for a reader: who confirmed it, and when, changes nothing."""
        return hashlib.sha256(repr((self.ledger, self.columns)).encode()).hexdigest()[:12]

    @property
    def contract(self) -> Contract:
        """Return the ledger that the rows become."""
        return load_contracts()[self.ledger]

    @property
    def is_whole(self) -> bool:
        """Say whether rows can be read by it; a form that is only filled may lack what a row needs."""
        found = (self.contract.match(column.field) for column in self.columns if column.field)
        return not missing_fields(self.contract, {f.name for f in found if f})


Layouts = Mapping[str, Layout]


def missing_key(contract: Contract, titles: set[str | None]) -> bool:
    """Say whether none of these columns is the key of a ledger whose rows may be told apart without one."""
    return bool(contract.identified_by) and any(
        f.title not in titles for f in contract.fields if f.name in contract.key
    )


def own_parts(parts: Mapping[int, list[str]]) -> dict[int, list[str]]:
    """Return the words over each column without the columns that our returned workbook adds."""
    return {index: words for index, words in sorted(parts.items()) if words[-1] not in _SERVICE}


def fingerprint_of(parts: Mapping[int, list[str]]) -> str:
    """Return the fingerprint of a header: its words in their order, however wide, bracketed or spaced they are written."""
    words = ("/".join(header_form(word) for word in words) for words in own_parts(parts).values())
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:12]


def units_of(f: Field) -> tuple[str, ...]:
    """Return the units in which a column of this field may be written."""
    return {"amount": _MONEY, "area": tuple(AREA_UNITS), "intensity": tuple(INTENSITY_UNITS)}.get(f.type, ())


def same_unit(f: Field, one: str, other: str) -> bool:
    """Say whether two words name one unit: 亿 and 亿元, ㎡ and 平方米."""
    if f.type == "amount":
        return parse_amount_unit(one) is not None and parse_amount_unit(one) == parse_amount_unit(other)
    factors = AREA_UNITS if f.type == "area" else INTENSITY_UNITS
    return fold(one) in factors and factors[fold(one)] == factors.get(fold(other))


def in_unit(column: Column, unit: str) -> Column:
    """Return the column read in a unit that a person named.

    Raises
    ------
    LayoutProblem
        Nobody knows such a unit.
    """
    f, factor = column.field, None
    if f.type == "amount":
        found: dict[str, Any] = {"amount_unit": parse_amount_unit(unit)}
    elif f.type == "area":
        found = {"to_mu": (factor := AREA_UNITS.get(fold(unit)))}
    else:
        found = {"to_wan_per_mu": (factor := INTENSITY_UNITS.get(fold(unit)))}
    if found.get("amount_unit") is None and factor is None:
        raise LayoutProblem(f"“{column.header}”的单位“{unit}”不认识；可写 {'、'.join(units_of(f)) or '（不需要单位）'}")
    return replace(column, **found, units_by=(), unit_from="已确认的版式")


# --- reading a header by a layout -----------------------------------------------------------------------------------


def confirmed_header(top: Top, layouts: Layouts, candidates: Sequence[Contract]) -> Header | None:
    """Return the header that a confirmed layout reads in the first rows; None where no layout fits."""
    if not layouts:
        return None
    names = {contract.name for contract in candidates}
    for window in top.windows():
        if len(window.parts) >= LEAST_COLUMNS:
            layout = layouts.get(fingerprint_of(window.parts))
            if layout and layout.ledger in names and layout.is_whole:
                return header_by(layout, window)
    return None


def header_by(layout: Layout, window: Window) -> Header:
    """Read a header by a layout. A unit that the sheet states otherwise than it was confirmed leaves a doubt."""
    contract, columns, doubts = layout.contract, [], []
    for (index, parts), told in zip(own_parts(window.parts).items(), layout.columns, strict=True):
        f = contract.match(told.field) if told.field else None
        if f is None:
            continue
        column = with_unit(Column(index, f, "/".join(parts), matched=f.title), window)
        if told.unit:
            stated = column.unit_text
            if stated and not any(same_unit(f, stated, known) for known in (told.unit, told.stated_unit) if known):
                doubts.append(f"“{column.header}”确认过的单位是{told.unit}，这里写的是{stated}")
            column = in_unit(column, told.unit)
        columns.append(column)
    missing = missing_fields(contract, {column.field.name for column in columns})
    return Header(
        contract, window.first, window.last, tuple(columns), missing, (), layout.fingerprint, tuple(doubts)
    )  # fmt: skip


def missing_fields(contract: Contract, names: set[str]) -> tuple[str, ...]:
    """Return the titles of required fields that neither a column nor anything beside the table gives."""
    return tuple(
        f.title for f in contract.fields if f.required and f.name not in names and not _given(contract, f, names)
    )


def _given(contract: Contract, f: Field, names: set[str]) -> bool:
    """Say whether a field needs no column: the unit is told beside the table, a first day by the period, a key by the rest."""
    if f.from_sheet or any(name in names for name in f.else_from):
        return True
    return bool(contract.identified_by) and (f.name in contract.key or is_first_day(contract, f))


def is_first_day(contract: Contract, f: Field) -> bool:
    """Say whether a field is the day by which rows are known, which a ledger without it takes from its period."""
    return f.type == "date" and f.name in contract.identified_by


# --- the office's table ---------------------------------------------------------------------------------------------


def read_layouts(path: Path) -> dict[str, Layout]:
    """Read every layout of the office's table; a missing file has none, and one whose ledger is gone is left out."""
    if not path.is_file():
        return {}
    found: dict[str, list[dict[str, str]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["fingerprint"], []).append(row)
    layouts = {}
    for fingerprint, rows in found.items():
        rows.sort(key=lambda row: int(row["place"]))
        columns = tuple(
            LayoutColumn(row["header"], row["field"] or None, row["unit"], row["stated_unit"]) for row in rows
        )
        if rows[0]["ledger"] in load_contracts():
            day = dt.date.fromisoformat(rows[0]["confirmed_on"])
            layouts[fingerprint] = Layout(fingerprint, rows[0]["ledger"], columns, rows[0]["confirmed_by"], day)
    return layouts


@cached
def layouts_in_use() -> dict[str, Layout]:
    """Return the layouts of the settings in use."""
    return read_layouts(settings_file(FILE))


def keep_layout(folder: Path, layout: Layout, *, is_form: bool = False) -> None:
    """Write a confirmed layout into the office's table, in place of an earlier one of the same header.

    A form that is only filled (上报表) may ask for less than a row needs to be read.
    """
    check_layout(layout, is_form=is_form)
    layouts = read_layouts(folder / FILE) | {layout.fingerprint: layout}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TABLES["layouts"].columns)
    for kept in layouts.values():
        for place, column in enumerate(kept.columns, start=1):
            who = (kept.confirmed_by, kept.confirmed_on.isoformat())
            told = (column.header, kept.ledger, column.field or "", column.unit, column.stated_unit)
            writer.writerow((kept.fingerprint, place, *told, *who))
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / FILE, text.getvalue())


def check_layout(layout: Layout, *, is_form: bool = False) -> None:
    """Raise LayoutProblem for a layout by which no row could be read, or one that reads a field twice."""
    contract, seen = layout.contract, dict[str, str]()
    for told in layout.columns:
        f = contract.match(told.field) if told.field else None
        if told.field and f is None:
            raise LayoutProblem(f"“{told.header}”：{contract.title}没有“{told.field}”这一列")
        if f is None or f.personal:
            continue
        if f.name in seen:
            raise LayoutProblem(f"“{seen[f.name]}”和“{told.header}”都读作“{f.title}”；请只留一列，另一列选“不读”")
        seen[f.name] = told.header
        if told.unit:
            in_unit(Column(0, f, told.header), told.unit)
    if not is_form and (missing := missing_fields(contract, set(seen))):
        raise LayoutProblem(f"还缺必填的“{'、'.join(missing)}”：请指出是哪一列")
