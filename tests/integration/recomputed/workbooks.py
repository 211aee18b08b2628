"""The ledgers as the offices wrote them: workbooks of the inbox, read with openpyxl by a few rules of its own.

Belongs here: titles, measures, dates, merged cells, which rows nobody can read. Does not belong: intake, whose reading this checks:
from intake come only the tables of words (contracts, places of rates), which say what a title means.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import yaml

from office import DEFAULTS

INTAKE = Path(__file__).resolve().parents[3] / "intake"
# Where a ledger's workbooks are not called by the ledger's own name.
FILES = {"investment_progress": "到资进度", "leads": "线索台账_", "evidence_items": "佐证材料"}
EMPTY = ("", "-", "—", "/", "无", "None")
CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MEASURE = re.compile(r"\((亿元|万元|万美元|亩|平方米|万元/亩|万元/千平方米|米|吨/平方米|公顷)\)$")
TIMES = {"亿元": 10000.0, "亿": 10000.0, "万元": 1.0, "万": 1.0, "元": 0.0001}
HALF = str.maketrans("（）：，／％", "():,/%")


class Unreadable(ValueError):
    """A cell of which nobody can say what it means: its row is sent back."""


def plain(cell: object) -> str:
    return "" if cell is None else re.sub(r"\s", "", str(cell).translate(HALF))


def split_title(cell: object) -> tuple[str, str | None]:
    """A title without its measure, and the measure."""
    text = re.sub("^其中:", "", plain(cell))
    found = MEASURE.search(text)
    return (text[: found.start()], found[1]) if found else (text, None)


def as_date(cell: object) -> pd.Timestamp | None:
    """A day; a month as its last day."""
    if isinstance(cell, dt.datetime):
        return pd.Timestamp(cell.date())
    if isinstance(cell, int | float):
        if 20000 <= cell <= 60000:
            return pd.Timestamp("1899-12-30") + pd.Timedelta(days=int(cell))
        month = f"{cell:g}".partition(".")[2]
        if month in ("", "1"):  # 2025.1: January, or October that lost its 0
            raise Unreadable(cell)
        return as_date(f"{cell:g}")
    text = re.sub("(日|月|月底|底)$", "", re.sub("[年月./]", "-", plain(cell)).replace("日", "").replace("底", ""))
    if plain(cell) in EMPTY:
        return None
    parts = text.strip("-").split("-")
    if not all(part.isdigit() for part in parts) or len(parts) not in (2, 3):
        raise Unreadable(cell)
    try:
        year, month_no = int(parts[0]), int(parts[1])
        day = int(parts[2]) if len(parts) == 3 else calendar.monthrange(year, month_no)[1]
        return pd.Timestamp(year, month_no, day)
    except (ValueError, calendar.IllegalMonthError) as error:
        raise Unreadable(cell) from error


def as_code(cell: object) -> str | None:
    """A credit code of 18 characters whose last one is right (GB 32100)."""
    if isinstance(cell, int | float):
        raise Unreadable(cell)
    text = plain(cell).upper()
    if text in EMPTY:
        return None
    if len(text) != 18 or any(c not in CODE for c in text):
        raise Unreadable(cell)
    total = sum(CODE.index(c) * pow(3, i, 31) for i, c in enumerate(text[:17]))
    if CODE[-total % 31] != text[17]:
        raise Unreadable(cell)
    return text


def as_number(cell: object) -> float | None:
    if isinstance(cell, int | float):
        return float(cell)
    text = plain(cell).replace(",", "").removeprefix("约").rstrip("%")
    if text in EMPTY:
        return None
    found = re.match(r"^-?\d+(\.\d+)?", text)
    if found is None:
        raise Unreadable(cell)
    return float(found[0])


class Workbooks:
    """All workbooks of a district's inbox."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "inbox"
        self._tables: dict[str, pd.DataFrame] = {}
        self._sent_back: dict[str, list[tuple[str, str, int]]] = {}

    @cached_property
    def usd(self) -> float:
        """What a dollar in a ledger counts: the office's table of rates."""
        rates = pd.read_csv(DEFAULTS / "exchange_rates.csv")
        return float(rates.loc[rates["currency"] == "USD", "cny_per_unit"].iloc[-1])

    def table(self, ledger: str) -> pd.DataFrame:
        """Rows that can be read, by the contract's names; of rows with one key the last one received."""
        if ledger not in self._tables:
            contract = yaml.safe_load((INTAKE / "contracts" / f"{ledger}.yaml").read_text())
            rows = list(self._rows(contract))
            names = [f["name"] for f in contract["fields"]]
            table = pd.DataFrame(rows, columns=[*names, *[f"{n}｜written" for n in names], "file", "sheet", "row"])
            for told in contract["fields"]:
                if told["type"] in ("amount", "number", "area", "intensity", "year"):
                    table[told["name"]] = pd.to_numeric(table[told["name"]])
                elif told["type"] == "date":
                    table[told["name"]] = pd.to_datetime(table[told["name"]])
            self._tables[ledger] = table.drop_duplicates(contract["key"], keep="last").reset_index(drop=True)
        return self._tables[ledger].copy()

    def sent_back(self, ledger: str) -> pd.DataFrame:
        """Places of rows that hold something, and that nobody can read or that lack what every row must have."""
        self.table(ledger)
        return pd.DataFrame(self._sent_back.get(ledger, []), columns=["file", "sheet", "row"])

    def _rows(self, contract: dict[str, Any]) -> Iterator[dict[str, Any]]:
        stem = FILES.get(contract["name"], contract["title"])
        for path in sorted(self.folder.glob(f"{stem}*.xlsx")):
            for sheet in openpyxl.load_workbook(path, data_only=True):
                yield from self._sheet(contract, path.name, sheet)

    def _sheet(self, contract: dict[str, Any], file: str, sheet: Any) -> Iterator[dict[str, Any]]:
        cells = [list(row) for row in sheet.iter_rows(values_only=True)]
        for area in sheet.merged_cells.ranges:
            for r in range(area.min_row - 1, area.max_row):
                for c in range(area.min_col - 1, area.max_col):
                    cells[r][c] = cells[area.min_row - 1][area.min_col - 1]
        fields = {f["name"]: f for f in contract["fields"]}
        words = {plain(w): f["name"] for f in contract["fields"] for w in [f["title"], *f.get("synonyms", [])]}

        def known(cell: object) -> str | None:
            return words.get(plain(cell)) or words.get(split_title(cell)[0])

        counts = [len({known(c) for c in row} - {None}) for row in cells[:8]]
        if not counts or max(counts) < 3:
            return
        last = max(i for i, n in enumerate(counts) if n >= 3 or n == max(counts))
        columns: dict[int, tuple[str, str | None]] = {}
        for i in range(len(cells[last])):
            for row in (cells[last], cells[last - 1] if last and counts[last - 1] >= 2 else []):
                if i < len(row) and known(row[i]):
                    columns[i] = (str(known(row[i])), split_title(row[i])[1])
                    break
        note = next(
            (m[1] for row in cells[:last] for c in row if (m := re.search(r"单位:(亿元|万元)", plain(c)))), None
        )
        for number, row in enumerate(cells[last + 1 :], last + 2):
            first = next((plain(c) for c in row if c is not None), "")
            if not first or re.match("合计|小计|总计|注:|填报|以上|备注", first):
                continue
            written = {name: (row[i], measure) for i, (name, measure) in columns.items()}
            if sum(plain(cell) not in EMPTY for cell, _ in written.values()) < 2:
                continue
            if len({known(cell) for cell in row} - {None}) >= 3:  # the titles once more
                continue
            back = self._sent_back.setdefault(contract["name"], [])
            try:
                found = {
                    name: self._read_or_leave(fields[name], cell, measure or note, written)
                    for name, (cell, measure) in written.items()
                }
            except Unreadable:
                back.append((file, sheet.title, number))
                continue
            for name, told in fields.items():
                if told.get("from_sheet") and found.get(name) is None:
                    found[name] = sheet.title
            if any(found.get(name) is None for name, told in fields.items() if told.get("required")):
                back.append((file, sheet.title, number))
                continue
            raw = {f"{name}｜written": cell for name, (cell, _) in written.items()}
            yield found | raw | {"file": file, "sheet": sheet.title, "row": number}

    def _read_or_leave(self, field: dict[str, Any], cell: object, measure: str | None, written: dict[str, Any]) -> Any:
        """A cell that nobody can read costs itself, where the row can do without it; a figure of money or size costs the row."""
        try:
            return self._read(field, cell, measure, written)
        except Unreadable:
            if field.get("required") or field["type"] in ("amount", "area", "intensity", "number", "year"):
                raise
            return None

    def _read(self, field: dict[str, Any], cell: object, measure: str | None, written: dict[str, Any]) -> Any:
        kind, text = field["type"], plain(cell)
        if kind == "date":
            return as_date(cell)
        if text in EMPTY:
            return None
        if kind == "uscc":
            return as_code(cell)
        if kind in ("choice", "boolean"):
            return self._choice(field, text)
        if kind == "year":
            return int(as_number(cell) or 0)
        if kind == "amount":
            return self._amount(field, cell, measure, written)
        if kind == "area":
            value = as_number(cell)
            is_metres = text.endswith("平方米") or (measure == "平方米" and not text.endswith("亩"))
            return None if value is None else round(value / 2000 * 3, 2) if is_metres else value
        if kind == "intensity":
            value = as_number(cell)
            return None if value is None else value / 1.5 if "千平方米" in f"{text}{measure}" else value
        if kind == "number":
            if not isinstance(cell, int | float) and re.search(r"[^\d.,%\-约]", text) and not re.match(r"^\d", text):
                raise Unreadable(cell)
            return as_number(cell)
        if kind == "industry":
            return re.sub("^[A-Z]", "", text)
        return f"{cell:g}" if isinstance(cell, float) else str(cell).strip()

    def _choice(self, field: dict[str, Any], text: str) -> Any:
        is_flag = field["type"] == "boolean"
        for value, words in field.get("choices", {}).items():
            more = {"true": ["是", "有"], "false": ["否", "无"]}.get(str(value), []) if is_flag else []
            if text in [str(value), *words, *more]:
                return str(value) == "true" if is_flag else value
        raise Unreadable(text)

    def _amount(
        self, field: dict[str, Any], cell: object, measure: str | None, written: dict[str, Any]
    ) -> float | None:
        value, text = as_number(cell), plain(cell).replace(",", "")
        if value is None:
            return None
        said = re.search(r"(万美元|亿元|万元|亿|万|元)$", text) if isinstance(cell, str) else None
        measure = said[1] if said else measure
        if measure is None and "unit_by" in field:
            other, _ = written.get(field["unit_by"]["field"], (None, None))
            told = {"外资": "true", "外商投资": "true", "港澳台": "true", "内资": "false", "国内": "false"}.get(
                plain(other)
            )
            measure = field["unit_by"]["units"].get(told)
        if measure == "万美元":
            return value * self.usd
        if measure not in TIMES:
            raise Unreadable(cell)
        return value * TIMES[measure]
