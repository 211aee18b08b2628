"""Write the workbook that a contract asks for (填报模板): empty to be filled in, or with rows that were read before.

Belongs here: 填表说明, dropdowns, text columns, the example row, how a stored value is written so that it reads back
equal. Does not belong: reading (workbook.py), the file that goes back with refusals (returned.py).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from intake.contract import Contract, Field, chosen_word
from intake.values import exchange_rates
from intake.workbook import EXAMPLE
from storage import write_whole

NUMBER_TITLE: Final = "序号"
UNIT_OF: Final = {"amount": "万元", "area": "亩", "intensity": "万元/亩"}
_CREATED: Final = dt.datetime(2000, 1, 1)
_PREPARED: Final = 2_000  # rows for which dropdowns and text formats are set
_CURRENCY: Final = {"USD": "美元", "HKD": "港元", "EUR": "欧元", "JPY": "日元"}
_HOW: Final = {
    "text": "文字",
    "uscc": "18位统一社会信用代码，按文本填写",
    "industry": "国民经济行业代码（如 C1781）或大类名称",
    "date": "年月日，如 2025-06-03；只知月份写 2025年6月",
    "amount": "数字，单位万元；外币写明单位，如 500万美元",
    "area": "数字，单位亩；其他单位请写明，如 20000平方米",
    "intensity": "数字，单位万元/亩",
    "number": "数字",
    "year": "四位年份，如 2026",
    "choice": "从下拉列表选填",
    "boolean": "从下拉列表选填",
}
_EXAMPLES: Final = {
    "text": "（示例文字）", "uscc": "91370300MA3C000700", "industry": "C1781", "date": "2025-06-03", "amount": 12000,
    "area": 30, "intensity": 300, "number": 10, "year": 2026,
}  # fmt: skip


def header_text(f: Field) -> str:
    """Give the header of a field as the template writes it: required ones starred, the unit in brackets."""
    unit = UNIT_OF.get(f.type)
    return f"{'*' if f.required else ''}{f.title}{f'（{unit}）' if unit else ''}"


def template_workbook(contract: Contract, rows: Sequence[dict[str, Any]] = ()) -> bytes:
    """Give the workbook of a contract: the ledger, 填表说明, and a hidden 字典 for the dropdowns; deterministic bytes."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties({"author": "择优", "title": contract.title, "created": _CREATED})
        formats = {
            "head": book.add_format({"bold": True, "border": 1, "text_wrap": True, "bg_color": "#DDEBF7"}),
            "text": book.add_format({"num_format": "@"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "example": book.add_format({"font_color": "#7F7F7F", "italic": True, "num_format": "@"}),
        }
        ledger = book.add_worksheet(contract.title)
        _write_instructions(book.add_worksheet("填表说明"), contract)
        lists = _write_lists(book.add_worksheet("字典"), contract)
        _write_ledger(ledger, formats, contract, rows, lists)
    return content.getvalue()


def write_template(contract: Contract, path: Path, rows: Sequence[dict[str, Any]] = ()) -> None:
    """Write the workbook of a contract so that it stands whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: partial.write_bytes(template_workbook(contract, rows)))


def _write_instructions(sheet: Any, contract: Contract) -> None:
    lines = [
        (f"填表说明：{contract.title}", "", ""),
        ("1. 带 * 的列必填；表头、列名不要改；可以增加列，平台不读。", "", ""),
        (f"2. {NUMBER_TITLE}为“{EXAMPLE}”的一行是示例，不会读入，可以保留或删去。", "", ""),
        ("3. 编号、代码、电话列已设为文本，请不要改成数字。", "", ""),
        ("", "", ""),
        ("说明：列", "是否必填", "怎样填写"),
    ]
    for f in contract.fields:
        how = "、".join(words[0] for words in f.choices.values()) if f.choices else _HOW[f.type]
        lines.append(
            (
                f"“{f.title}”",
                "必填" if f.required else "选填",
                f"{how}{f'（{f.description}）' if f.description else ''}",
            )
        )
    for y, line in enumerate(lines):
        for x, text in enumerate(line):
            if text:
                sheet.write_string(y, x, text)
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 2, 80)


def _write_lists(sheet: Any, contract: Contract) -> dict[str, str]:
    """Write the words of each choice into a column of the hidden sheet and give the ranges for the dropdowns."""
    ranges: dict[str, str] = {}
    for x, f in enumerate(f for f in contract.fields if f.choices):
        words = [chosen_word(f, value) for value in f.choices]
        for y, word in enumerate([f"字典-{f.title}", *words]):
            sheet.write_string(y, x, word)
        column = xl_col_to_name(x, col_abs=True)
        ranges[f.name] = f"=字典!{column}$2:{column}${len(words) + 1}"
    sheet.hide()
    return ranges


def _write_ledger(
    sheet: Any, formats: dict[str, Any], contract: Contract, rows: Sequence[dict[str, Any]], lists: dict[str, str]
) -> None:
    sheet.write_string(0, 0, NUMBER_TITLE, formats["head"])
    sheet.write_string(1, 0, EXAMPLE, formats["example"])
    for x, f in enumerate(contract.fields, start=1):
        sheet.write_string(0, x, header_text(f), formats["head"])
        as_text_column = f.type in {"text", "uscc", "industry", "date", "amount"}
        sheet.set_column(x, x, 18, formats["text"] if as_text_column else None)
        if f.name in lists:
            sheet.data_validation(1, x, _PREPARED, x, {"validate": "list", "source": lists[f.name]})
        _write(sheet, 1, x, f.example or _example(f), formats["example"], formats)
    for y, row in enumerate(rows, start=2):
        sheet.write_number(y, 0, y - 1)
        for x, f in enumerate(contract.fields, start=1):
            _write(sheet, y, x, written(f, row), formats["text"], formats)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows) + 1, 1), len(contract.fields))


def _write(sheet: Any, y: int, x: int, value: Any, style: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(y, x, value, style)
    elif isinstance(value, dt.date):
        sheet.write_datetime(y, x, value, formats["date"])
    else:
        sheet.write_number(y, x, value)


def _example(f: Field) -> Any:
    return chosen_word(f, next(iter(f.choices))) if f.choices else _EXAMPLES[f.type]


def written(f: Field, row: dict[str, Any]) -> Any:
    """Give a stored value as it is written under the template's header, so that reading it gives the same again."""
    value = row.get(f.name)
    if value is None or f.personal:
        return None
    if f.type == "boolean":
        return "是" if value else "否"
    if f.type == "choice":
        return f.choices[value][0]
    if f.type == "date":
        return _written_date(value, row.get(f"{f.name}_precision"))
    if f.type == "amount":
        currency = row.get(f"{f.name.removesuffix('_wan_cny')}_currency") or "CNY"
        if currency == "CNY":
            return value
        return f"{_decimal(value / exchange_rates()[currency])}万{_CURRENCY[currency]}"
    return value


def _decimal(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")


def _written_date(day: dt.date, precision: str | None) -> dt.date | str:
    """Write a date no more precisely than it is known; a span is stored as its last day."""
    if precision == "month":
        return f"{day.year}年{day.month}月"
    if precision == "ten_days":
        return f"{day.year}年{day.month}月{'上旬' if day.day == 10 else '中旬' if day.day == 20 else '下旬'}"
    if precision == "quarter":
        return f"{day.year}年第{'一二三四'[(day.month - 1) // 3]}季度"
    if precision == "half":
        return f"{day.year}年{'上' if day.month == 6 else '下'}半年"
    if precision == "year":
        return f"{day.year}年底"
    return day
