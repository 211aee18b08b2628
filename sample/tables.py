"""One ledger from true rows (由真值写台账): any contract's columns under an office's headers, cells as people fill them.

Belongs here: how a true value of a type becomes a cell, rows that nobody can read, where each row came to stand.
Does not belong: what is true (the modules of the subjects), the look of a sheet (sheets.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from intake.contract import Field, get_contract
from intake.values import exchange_rates
from sample import district
from sample.industries import lettered
from sample.process import fake_phone
from sample.sheets import Cell, Column, Form, amount_cell, date_cell, month_cell, open_book, write_sheet

Row = dict[str, Any]
FEWEST_TO_SPOIL: Final = 40  # a short table is looked over before it is sent
SPOILED_SHARE: Final = 0.006
OTHER_WORD_SHARE: Final = 0.3  # a choice written by another word than the first
_UNIT: Final = re.compile(r"（(万元/千平方米|万元/亩|万美元|万元|亿元|平方米|亩)）$")
_PER_MU: Final = {"万元/亩": 1.0, "万元/千平方米": 1.5}


@dataclass
class Ledger:
    """A ledger to be written: `rows` by field, in 万元, 亩 and days, choices as they are stored.

    `sheet` names the sheet of a row; `months` are the date fields written without a day (their day is the month's last).
    """

    contract: str
    file: str
    form: Form
    rows: list[Row]
    sheet: str | Callable[[Row], str] = ""
    months: tuple[str, ...] = ()
    may_spoil: bool = True
    share_real_dates: float = 0.6
    share_text_amounts: float = 0.06
    places: list[tuple[str, str, int, str | None]] = field(default_factory=list)  # file, sheet, row, why unreadable

    @property
    def file_name(self) -> str:
        return f"{self.file}.xlsx"


def columns(text: str, unit: str = "") -> tuple[Column, ...]:
    """Read `field header` or `field parent>header`, one a line; the unit is the header's, else `unit` (a note says it)."""
    found = []
    for line in text.strip().split("\n"):
        name, _, header = line.strip().partition(" ")
        parent, _, own = header.rpartition(">")
        written = _UNIT.search(own)
        found.append(Column("" if name == "-" else name, own, parent, written.group(1) if written else unit))
    return tuple(found)


def write_ledger(inbox: Path, ledger: Ledger, rng: np.random.Generator) -> None:
    """Write one workbook, and tell the ledger where each of its rows stands."""
    fields = {f.name: f for f in get_contract(ledger.contract).fields}
    used = [(column, fields[column.field]) for column in ledger.form.columns if column.field]
    spoiled = _chosen(ledger, rng)
    by_sheet: dict[str, list[int]] = {}
    for place, row in enumerate(ledger.rows):
        name = ledger.sheet(row) if callable(ledger.sheet) else ledger.sheet or ledger.file.split("_")[0]
        by_sheet.setdefault(name, []).append(place)
    ledger.places = [("", "", 0, None)] * len(ledger.rows)
    with open_book(inbox / ledger.file_name) as book:
        for sheet, places in by_sheet.items():
            cells, kinds = [], []
            for place in places:
                row = ledger.rows[place]
                cell = {column.field: _cell(column, f, row.get(f.name), ledger, rng) for column, f in used}
                kind = None
                if place in spoiled:
                    kind, wrong = _spoiled(ledger, spoiled[place])
                    cell |= wrong
                cells.append(cell)
                kinds.append(kind)
            numbers = write_sheet(book, sheet, ledger.form, cells)
            for place, number, kind in zip(places, numbers, kinds, strict=True):
                ledger.places[place] = (ledger.file_name, sheet, number, kind)


def write_truth(folder: Path, ledgers: list[Ledger]) -> None:
    """Write what is true of each ledger, one Parquet file a contract, whatever its workbooks are called."""
    by_contract: dict[str, list[Ledger]] = {}
    for ledger in ledgers:
        by_contract.setdefault(ledger.contract, []).append(ledger)
    for name, own in by_contract.items():
        fields = get_contract(name).landed_fields
        schema = [next(iter(f.arrow_fields())) for f in fields]
        written = [
            {f.name: row.get(f.name) for f in fields}
            | {"file": file, "sheet": sheet, "row": number, "is_refused": kind is not None}
            for ledger in own
            for row, (file, sheet, number, kind) in zip(ledger.rows, ledger.places, strict=True)
        ]
        places = [("file", pa.string()), ("sheet", pa.string()), ("row", pa.int64()), ("is_refused", pa.bool_())]
        table = pa.Table.from_pylist(written, pa.schema([*schema, *(pa.field(*place) for place in places)]))
        pq.write_table(table.replace_schema_metadata({"说明": "合成数据：真值，只供检验"}), folder / f"{name}.parquet")


def refused_of(ledgers: list[Ledger]) -> list[Row]:
    """Give the rows that the reader must refuse."""
    return [
        {"contract": ledger.contract, "file": file, "sheet": sheet, "row": number, "kind": kind}
        for ledger in ledgers
        for file, sheet, number, kind in ledger.places
        if kind
    ]


# --- cells ----------------------------------------------------------------------------------------------------------


def _cell(column: Column, f: Field, value: Any, ledger: Ledger, rng: np.random.Generator) -> Cell:
    written: Cell = value  # as it stands, where its type needs nothing more
    if f.personal:
        return fake_phone(rng) if "phone" in f.name else invented_person(rng)
    if value is None:
        return "-" if f.type in {"amount", "area"} and rng.random() < 0.2 else None
    if f.type == "date":
        if f.name in ledger.months:
            return month_cell(value, rng)
        return date_cell(value, rng, ledger.share_real_dates)
    if f.type == "amount":
        if column.unit == "万美元":
            return round(float(value) / exchange_rates()["USD"], 8)
        return amount_cell(value, column.unit, rng, ledger.share_text_amounts)
    if f.type == "area":
        return round(float(value) / 0.0015, 2) if column.unit == "平方米" else written
    if f.type == "intensity":
        return round(float(value) * _PER_MU[column.unit], 6)
    if f.type == "choice":
        words = f.choices[value]
        return words[int(rng.integers(len(words)))] if rng.random() < OTHER_WORD_SHARE else words[0]
    if f.type == "boolean":
        return ("是" if value else "否") if rng.random() < 0.7 else f.choices["true" if value else "false"][0]
    if f.type == "year":
        return f"{value}年" if value % 2 else written
    if f.type == "industry":
        return lettered(value) if rng.random() < 0.4 else written
    return written


def invented_person(rng: np.random.Generator) -> str:
    """Give a name that is plainly nobody's: 赵甲."""
    return (
        district.SURNAMES[int(rng.integers(len(district.SURNAMES)))]
        + district.GIVEN[int(rng.integers(len(district.GIVEN)))]
    )


def usd_rounded(wan_cny: float) -> float:
    """Give the 万元 of an amount that is written in hundredths of 万美元."""
    rate = exchange_rates()["USD"]
    return round(round(wan_cny / rate, 2) * rate, 6)


# --- rows nobody can read -------------------------------------------------------------------------------------------


def _chosen(ledger: Ledger, rng: np.random.Generator) -> dict[int, int]:
    count = len(ledger.rows)
    if not ledger.may_spoil or count < FEWEST_TO_SPOIL:
        return {}
    chosen = rng.permutation(count)[: max(1, round(count * SPOILED_SHARE))].tolist()
    return {place: number for number, place in enumerate(sorted(chosen))}


def _spoiled(ledger: Ledger, number: int) -> tuple[str, dict[str, Cell]]:
    fields = {f.name: f for f in get_contract(ledger.contract).fields}
    own = [fields[c.field] for c in ledger.form.columns if c.field and c.field != ledger.form.merged_field]
    dates = [f.name for f in own if f.type == "date"]
    choices = [f.name for f in own if f.type == "choice"]
    needed = [f.name for f in own if f.required and not f.from_sheet and f.type in {"text", "uscc"}]
    kinds: list[tuple[str, dict[str, Cell]]] = []
    if dates:
        kinds += [("日期不存在", {dates[0]: "2025年2月30日"}), ("日期无法识别", {dates[0]: "近期"})]
    if choices:
        kinds.append(("选项不认识", {choices[0]: "其他情形待定"}))
    if needed:
        kinds.append(("必填项未填", {needed[-1]: None}))
    return kinds[number % len(kinds)]
