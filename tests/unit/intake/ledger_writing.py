"""Workbooks as the offices send them, written in a line or two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

HEADER = [
    "序号",
    "线索编号",
    "项目名称",
    "投资主体",
    "责任单位",
    "首报日期",
    "计划总投资（亿元）",
    "联系人",
    "联系电话",
    "主要产品",
]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def lead(number: int = 1, **changed: Any) -> list[Any]:
    """Give one good row under HEADER; a keyword changes the cell under that header."""
    row = dict(zip(HEADER, [number, f"YC{number:04d}", f"项目{number}", f"企业{number}有限公司", "城关镇", "2025-06-03", 1.2,
                            "王某某", "13812345678", "纺织面料"], strict=True))  # fmt: skip
    return list((row | changed).values())


def write_xlsx(
    path: Path,
    sheets: dict[str, Sequence[Sequence[Any]]],
    merged: Sequence[tuple[str, str, Any]] = (),
) -> Path:
    """Write the rows of each sheet; `merged` are (sheet, range, value)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "constant_memory": False}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for y, row in enumerate(rows):
                for x, cell in enumerate(row):
                    if isinstance(cell, (dt.date, dt.datetime)):
                        sheet.write_datetime(y, x, cell)
                    elif isinstance(cell, str):
                        sheet.write_string(y, x, cell)
                    elif cell is not None:
                        sheet.write(y, x, cell)
            for of, where, value in merged:
                if of == name:
                    sheet.merge_range(where, value)
    return path
