"""The workbook reader against python-calamine reading the same cells (读台账的速度).

Run `python benchmarks/workbook_reader.py [rows]`. Calamine opens the file and hands over the cells; the reader also looks
inside the file first, finds the header, types every cell and accounts for every row. Target: twice calamine's time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import python_calamine
import xlsxwriter

from intake.contract import get_contract
from intake.workbook import read_workbook

HEADER = [
    "序号", "线索编号", "项目名称", "投资主体", "责任单位", "首报日期", "计划总投资（亿元）", "内外资", "来源地", "主要产品",
]  # fmt: skip


def write_ledger(path: Path, rows: int) -> None:
    """Write a ledger of so many leads; a third of the dates are texts."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("线索")
        sheet.write_row(0, 0, HEADER)
        for n in range(1, rows + 1):
            day = f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}" if n % 3 else 45_000 + n % 700
            cells = [
                n,
                f"YC{n:06d}",
                f"项目{n}",
                f"企业{n}有限公司",
                f"第{n % 30}镇",
                day,
                n % 900 / 10,
                "内资",
                "上海",
                "纺织面料",
            ]
            sheet.write_row(n, 0, cells)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "线索.xlsx"
        write_ledger(path, rows)
        started = time.perf_counter()
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            cells = sum(len(row) for row in book.get_sheet_by_index(0).to_python(skip_empty_area=False))
        calamine = time.perf_counter() - started
        started = time.perf_counter()
        (reading,) = read_workbook(path, get_contract("leads"))
        ours = time.perf_counter() - started
    assert len(reading.accepted) == rows
    print("| reader | seconds | rows/s | times calamine |")
    print("|---|---|---|---|")
    print(f"| python-calamine, {cells:,} cells | {calamine:.2f} | {rows / calamine:,.0f} | 1.0 |")
    print(f"| intake.workbook, {rows:,} typed rows | {ours:.2f} | {rows / ours:,.0f} | {ours / calamine:.1f} |")


if __name__ == "__main__":
    main()
