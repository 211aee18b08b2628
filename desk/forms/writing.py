"""Writing a workbook that comes back (下载回填表).

Belongs here: sheets, columns, dropdowns, formats. Does not belong here: which rows a viewer may have (the page asks with one
predicate), the meaning of an input (reading.py).

Texts are written as text in cells formatted and quoted as text: what begins with = or ＝ stays what it is, also after
somebody edits the cell.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal

import xlsxwriter

from desk.forms.columns import CONFLICT, INPUTS, MARK, META, OPTIONS, REFUSED, RESULT, SAID, SHEET, Meta, choices
from desk.rules import Rules

FONT: Final = "Microsoft YaHei"
EXCEL_ROWS: Final = 1_048_576
LARGEST: Final = 1e300
Kind = Literal["text", "count", "share", "money", "score", "date"]
# column of a row, title, kind, width
LIST: Final[tuple[tuple[str, str, Kind, float], ...]] = (
    ("rank", "名次", "count", 6), ("band", "档", "text", 5), ("score", "总分", "score", 7),
    ("project_name", "项目名称", "text", 34), ("enterprise_name", "投资主体", "text", 30), ("unit_name", "负责单位", "text", 16),
    ("stage", "当前阶段", "text", 9), ("landing_probability", "一年内开工概率", "share", 9),
    ("tax_wan_cny", "预计年纳税（万元）", "money", 11), ("chain_fit", "产业链契合度", "score", 8),
    ("chain_node", "产业链环节", "text", 18), ("why", "主要理由", "text", 44), ("excluded_reason", "不参加排序的原因", "text", 20),
    ("reported_date", "首报日期", "date", 12), ("last_follow_up_date", "上次跟进", "date", 12), ("holder", "承办", "text", 9),
    ("answered", "当前回答", "text", 22),
)  # fmt: skip
_SHARED: Final = ("project_name", "enterprise_name", "unit_name", "stage", "reported_date")
VIEWS: Final = {
    "list": ("今日名单", LIST),
    "unit": ("单位线索", LIST),
    "pool": ("线索池", tuple(column for column in LIST if column[0] in _SHARED)),
    "returned": ("退回修改", tuple(column for column in LIST if column[0] in (*_SHARED, "answered"))),
}
_GUIDE: Final = (
    "只填写黄色列。空白表示不改。填完另存为 .xlsx，在网页“更多－回填工作簿”上传，或放入收件夹。",
    "一行可以同时填回答和跟进内容；原因须与回答相配；只填“下次联系日期”不算一次跟进。",
    "行可以排序、筛选、删除；“行标记”和隐藏的“_meta”表不要改。灰色行不由您单位负责，填了也不会记录。",
    "下载之后网页上有人先答了同一条线索的，不会被覆盖：退回时两个答案都写明，由您再定。",
)


@dataclass(frozen=True)
class FormRow:
    """One row: what is shown, what is filled in already (a returned workbook), what is wrong with it, its mark."""

    shown: Mapping[str, Any]
    mark: str
    is_open: bool = True
    inputs: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    is_conflict: bool = False


def write_form(target: BinaryIO, meta: Meta, key: bytes, rows: Iterable[FormRow], rules: Rules, label: str = "") -> int:
    """Write a workbook and give the number of its rows; `label` says that the data is invented."""
    title, columns = VIEWS[meta.view]
    is_returned = meta.view == "returned"
    lead = ((RESULT, 10.0), (SAID, 60.0)) if is_returned else ()
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False
    }  # fmt: skip
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"title": f"{title}{label}", "author": "择优"})
        formats = _formats(book)
        sheet = book.add_worksheet(SHEET)
        first = len(lead) + len(columns)
        titles = [*(name for name, _ in lead), *(c[1] for c in columns), *(i.title for i in INPUTS), MARK]
        widths = [*(w for _, w in lead), *(c[3] for c in columns), *(i.width for i in INPUTS), 22.0]
        for at, width in enumerate(widths):
            is_input = first <= at < first + len(INPUTS)
            form = formats[f"input {INPUTS[at - first].kind}"] if is_input else None
            sheet.set_column(at, at, width, form, {"hidden": True} if at == len(widths) - 1 else {})
        # The first five columns stay in sight on a wide screen; a phone shows the sheet from its start.
        sheet.freeze_panes(1, min(4, first))
        for at, text in enumerate(titles):
            sheet.write_string(0, at, text, formats["head input" if first <= at < first + len(INPUTS) else "head"])
        count = 0
        for count, row in enumerate(rows, start=1):
            at = 0
            if is_returned:
                sheet.write_string(count, 0, CONFLICT if row.is_conflict else REFUSED, formats["said"])
                sheet.write_string(count, 1, printable(row.said), formats["said"])
                at = 2
            for name, _, kind, _ in columns:
                _write(sheet, count, at, row.shown.get(name), kind, formats)
                at += 1
            if not row.is_open:
                for column in range(first, first + len(INPUTS)):
                    sheet.write_blank(count, column, None, formats["closed"])
            elif row.inputs:
                for column, given in enumerate(INPUTS, start=first):
                    _write_input(sheet, count, column, row.inputs.get(given.name), formats[f"input {given.kind}"])
            sheet.write_string(count, len(titles) - 1, printable(row.mark), formats["text"])
        sheet.autofilter(0, 0, max(count, 1), len(titles) - 1)
        _dropdowns(book, sheet, first, max(count, 1), rules, formats)
        _guide(book.add_worksheet("说明"), meta, title, label, formats)
        hidden = book.add_worksheet(META)
        for at, text in enumerate(meta.sealed(key)):
            hidden.write_string(at, 0, text, formats["text"])
        hidden.very_hidden()
    return count


def form_bytes(meta: Meta, key: bytes, rows: Sequence[FormRow], rules: Rules, label: str = "") -> bytes:
    """Write a workbook into memory."""
    content = io.BytesIO()
    write_form(content, meta, key, rows, rules, label)
    return content.getvalue()


def _formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
    text = {"num_format": "@", "quote_prefix": True}
    filled = {"bg_color": "#FFF8DC", "border": 1, "border_color": "#E3D9B4"}
    head = {**base, "bold": True, "align": "center", "text_wrap": True, "font_color": "#FFFFFF"}
    return {
        "head": book.add_format({**head, "bg_color": "#1F3864"}),
        "head input": book.add_format({**head, "bg_color": "#9A6B00"}),
        "text": book.add_format({**base, **text}),
        "said": book.add_format({**base, **text, "font_color": "#9C0006", "text_wrap": True}),
        "count": book.add_format({**base, "num_format": "0", "align": "center"}),
        "share": book.add_format({**base, "num_format": "0.0%", "align": "center"}),
        "money": book.add_format({**base, "num_format": "#,##0.0"}),
        "score": book.add_format({**base, "num_format": "0.0", "align": "center"}),
        "date": book.add_format({**base, "num_format": "yyyy-mm-dd", "align": "center"}),
        "closed": book.add_format({**base, "bg_color": "#E7E7E7"}),
        "input choice": book.add_format({**base, **filled, "num_format": "@"}),
        "input text": book.add_format({**base, **filled, **text, "text_wrap": True}),
        "input date": book.add_format({**base, **filled, "num_format": "yyyy-mm-dd", "align": "center"}),
        "title": book.add_format({**base, "font_size": 15, "bold": True}),
        "wrapped": book.add_format({**base, "text_wrap": True}),
    }


def _write(sheet: Any, row: int, column: int, value: Any, kind: Kind, formats: Mapping[str, Any]) -> None:
    if value is None or value == "":
        return
    if kind == "text":
        sheet.write_string(row, column, printable(str(value)), formats["text"])
    elif kind == "date":
        sheet.write_datetime(row, column, value, formats["date"])
    elif value == value:  # a missing number is no number
        sheet.write_number(row, column, value, formats[kind])


def _write_input(sheet: Any, row: int, column: int, value: Any, form: Any) -> None:
    """Put what somebody had filled in back where it stood, as it was."""
    if value is None or value == "":
        sheet.write_blank(row, column, None, form)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value, form)
    elif isinstance(value, int | float) and abs(value) < LARGEST:  # neither endless nor no number
        sheet.write_number(row, column, value, form)
    else:
        sheet.write_string(row, column, printable(str(value)), form)


def printable(text: str) -> str:
    """Keep what a cell can hold."""
    if not text.isprintable():
        text = "".join(c for c in text if c.isprintable() or c == "\n")
    return text[:32_000]


def _dropdowns(
    book: xlsxwriter.Workbook, sheet: Any, first: int, last_row: int, rules: Rules, formats: Mapping[str, Any]
) -> None:
    """Offer the words of each column; the lists stand on a hidden sheet, for a formula holds 255 characters only."""
    found = choices(rules)
    lists = book.add_worksheet(OPTIONS)
    tallest = max(len(words) for words in found.values())
    places = {name: at for at, name in enumerate(found)}
    for at in range(tallest):
        for name, words in found.items():
            if at < len(words):
                lists.write_string(at, places[name], words[at], formats["text"])
    lists.hide()
    for column, given in enumerate(INPUTS, start=first):
        if given.kind == "choice":
            letter = chr(ord("A") + places[given.name])
            rule: dict[str, Any] = {
                "validate": "list", "source": f"={OPTIONS}!${letter}$1:${letter}${len(found[given.name])}",
                "error_title": given.title, "error_message": "请从下拉列表中选择；不改请留空",
            }  # fmt: skip
        elif given.kind == "date":
            rule = {
                "validate": "date", "criteria": "between", "minimum": dt.date(2000, 1, 1), "maximum": dt.date(2100, 1, 1),
                "error_title": given.title, "error_message": "请填日期，如 2026-07-05",
            }  # fmt: skip
        else:
            rule = {"validate": "length", "criteria": "<=", "value": 2000, "error_message": "最多 2000 字"}
        sheet.data_validation(1, column, last_row, column, rule)


def _guide(sheet: Any, meta: Meta, title: str, label: str, formats: Mapping[str, Any]) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 100)
    sheet.write_string(0, 0, f"{title}{label}", formats["title"])
    sheet.write_string(1, 0, f"名单 {meta.snapshot_id}　下载人 {meta.login}", formats["text"])
    for at, line in enumerate(_GUIDE, start=3):
        sheet.write_string(at, 0, line, formats["wrapped"])
