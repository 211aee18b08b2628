"""What tests of the office's folder share: facts of a district, changing a cell of a file or of a workbook in memory."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl

from intake.opening import Sheet, open_sheets
from office.problems import Problem
from office.reading import check_folder
from office.receiving import Received, receive
from office.tables import TABLES, Table
from office.workbook import Kind, kinds_of

FACTS = {"name": "临澜区", "province": "江苏省", "city": "临澜市", "towns": ["石桥镇", "柳泉镇"]}
CHAINS = ["纺织服装", "医药医疗器械"]
WHEN = dt.datetime(2026, 7, 1, 2, 30, tzinfo=dt.UTC)
LARGE = ("红线词类", "红线规则", "占位企业名", "功能区", "城市", "节假日与调休", "国家政策")
# What no column of a kind takes; a text column takes everything but nothing.
BAD: dict[Kind, str] = {"number": "约三十", "whole": "3.5", "day": "月底", "yes_no": "也许", "text": ""}


def bad_cells(table: Table) -> dict[str, str]:
    """Return a value that each column refuses; columns that may be blank and take any text have none."""
    kinds = kinds_of(table)
    fields = {info.alias or name: info for name, info in table.row.model_fields.items()}
    return {
        name: BAD[kind]
        for name, kind in kinds.items()
        if kind != "text" or type(None) not in getattr(fields[name].annotation, "__args__", ())
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, read without the program's reader."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(path: Path, rows: list[dict[str, str]], header: list[str] | None = None) -> None:
    """Write a CSV file."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, header or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(stream.getvalue().encode())


def set_cell(path: Path, row: int, column: str, value: str) -> None:
    """Change one cell of a CSV file; row 0 is the first below the header."""
    rows = rows_of(path)
    rows[row][column] = value
    write_rows(path, rows)


def bytes_of(folder: Path) -> dict[str, str]:
    """Return a hash of every file of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@dataclass
class Book:
    """A workbook in memory: sheets as the opener gives them, to be filled in."""

    sheets: list[Sheet]

    def sheet(self, title: str) -> Sheet:
        return next(sheet for sheet in self.sheets if sheet.name == title)

    def signed(self, name: str) -> Book:
        self.sheet("说明").rows[2][1] = name
        return self

    def column(self, title: str, header: str) -> int:
        return [str(cell) for cell in self.sheet(title).rows[0]].index(header)

    def set(self, title: str, row: int, header: str, value: Any) -> Book:
        """Change a cell; row 1 is the first below the header."""
        self.sheet(title).rows[row][self.column(title, header)] = value
        return self

    def set_setting(self, file: str, path: str, value: Any) -> Book:
        row = next(n for n, row in enumerate(self.sheet("其他设置").rows) if row[:2] == [file, path])
        return self.set("其他设置", row, "值", value)

    def add(self, title: str, *cells: Any) -> Book:
        self.sheet(title).rows.append(list(cells))
        return self

    def drop(self, *titles: str) -> Book:
        self.sheets = [sheet for sheet in self.sheets if sheet.name not in titles]
        return self

    def looking(self, title: str, **looks: Any) -> Book:
        """Let a sheet show more than its cells: formats, errors, marks."""
        self.sheets = [replace(sheet, **looks) if sheet.name == title else sheet for sheet in self.sheets]
        return self

    def received(self, folder: Path, check: Callable[[Path], list[Problem]] = check_folder) -> Received:
        return receive(folder, self.sheets, check, "0123456789abcdef", WHEN)


def copy_of(sheets: list[Sheet]) -> Book:
    """Return a signed workbook that may be changed."""
    return Book([replace(sheet, rows=[list(row) for row in sheet.rows]) for sheet in sheets]).signed("王某")


def save(book: Book, path: Path) -> Path:
    """Write a workbook as another program would."""
    written = openpyxl.Workbook(write_only=True)
    for sheet in book.sheets:
        target = written.create_sheet(sheet.name)
        for row in sheet.rows:
            target.append([None if cell == "" else cell for cell in row])
    path.parent.mkdir(exist_ok=True)
    written.save(path)
    return path


def returned_book(received: Received, tmp_path: Path) -> Book:
    """Return the workbook that went back, opened again."""
    assert received.returned is not None
    path = tmp_path / "退回.xlsx"
    path.write_bytes(received.returned)
    return Book(list(open_sheets(path)))


def table_titled(title: str) -> Table:
    return next(table for table in TABLES.values() if table.title == title)
