"""Say in Chinese what would be read from a file, and why (读前说明).

Belongs here: the lines of `zeyou explain`. Does not belong: deciding anything (header.py, workbook.py).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from xlsxwriter.utility import xl_col_to_name

from intake.contract import Contract, get_contract, header_form
from intake.header import Column
from intake.layouts.layout import Layouts
from intake.reading import SheetReading
from intake.workbook import read_workbook

SHOWN_REFUSALS = 20


def explain(path: Path, contract: Contract | None = None, layouts: Layouts | None = None) -> list[str]:
    """Give the lines that tell, sheet by sheet, header rows, columns with their fields and units, and refusals."""
    readings = read_workbook(path, contract, layouts=layouts)
    lines = [f"文件 {path.name}：{len(readings)} 个工作表"]
    for reading in readings:
        lines += ["", *_sheet_lines(reading)]
    return lines


def _sheet_lines(reading: SheetReading) -> list[str]:
    lines = [f"工作表“{reading.sheet}”", *(f"  注意：{remark}" for remark in reading.remarks)]
    if reading.contract is None or reading.header_rows is None:
        return [*lines, f"  没有认出表头，{reading.read:,} 行都不作为数据读取"]
    title = get_contract(reading.contract).title
    first, last = reading.header_rows
    rows = f"第 {first} 行" if first == last else f"第 {first} 至 {last} 行"
    by = "按人工确认过的版式" if reading.layout else ""
    lines.append(f"  {by}按“{title}”（{reading.contract}）读取，表头在{rows}")
    lines += [_column_line(column) for column in reading.columns]
    known = {column.index for column in reading.columns}
    lines += [
        f"  {xl_col_to_name(index)} 列“{header}”：{_why_unread(reading.contract, header)}，不读取"
        for index, header in sorted(reading.headers.items())
        if index not in known
    ]
    lines.append(
        f"  共 {reading.read:,} 行 = 接收 {len(reading.accepted):,} + 拒收 {reading.refused:,} + 非数据 {reading.not_data:,}"
    )
    for refusal in reading.refusals[:SHOWN_REFUSALS]:
        where = f"“{refusal.column}”列" if refusal.column else "整行"
        lines.append(f"  拒收 第 {refusal.row} 行 {where}：{refusal.reason}；{refusal.mend}")
    if len(reading.refusals) > SHOWN_REFUSALS:
        counts = Counter(refusal.reason for refusal in reading.refusals[SHOWN_REFUSALS:])
        lines.append(f"  另有 {sum(counts.values()):,} 处拒收，最多的是：{counts.most_common(1)[0][0]}")
    return lines


def _why_unread(contract: str, header: str) -> str:
    found = get_contract(contract).match(header.split("/")[-1])
    return f"另有一列与“{found.title}”同名，以那一列为准" if found else "没有认出"


def _column_line(column: Column) -> str:
    f = column.field
    same = header_form(column.matched).startswith(header_form(f.title))
    why = "与字段同名" if same else f"“{column.matched}”是“{f.title}”的同义写法"
    if f.personal:
        what = "个人信息，不读取"
    else:
        needs = f.type in {"amount", "area", "intensity"}
        unit = (
            f"，单位 {column.unit_text}（来自{column.unit_from}）" if column.unit_text else "，单位不明，须在单元格写明"
        )
        what = f"{'必填，' if f.required else ''}{why}{unit if needs else ''}"
    return f"  {xl_col_to_name(column.index)} 列“{column.header}” → {f.title}（{f.name}）：{what}"
