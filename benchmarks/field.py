"""Workbooks with the faults of the field, and what a careful clerk takes from each cell (真实台账的毛病).

Run `python -m benchmarks.field [workbooks] [--seed N]`. Every workbook is a mixture: a layout (titles, units, words of headers,
totals, sections, stacked tables, sheets of months, a way of sending) and rows of which about a third have a cell of a
kind that public complaints name. What must come out is written down here, cell by cell, without asking the reader.

A row that a clerk takes must be taken with just these values; where the clerk would ask, no value may come out. Wrong
values and rows that vanish must be none.
"""

from __future__ import annotations

import argparse
import datetime as dt
import html
import math
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import pyarrow.parquet as pq
import xlsxwriter

from benchmarks.measure import table
from intake.landing import read_file
from intake.opening import FileProblem

SEED: Final = 20261130
ASK: Final = object()  # a clerk would ask: no value may come out
CODES: Final = ("91330100799655058B", "91440300708461136T", "91110000802100433B", "91370300MA3C000700")
UNITS: Final = ("城关镇", "东湖街道", "西山乡", "高新区管委会", "城北街道")
FIELDS: Final = {
    "key": "lead_id", "project": "project_name", "firm": "enterprise_name", "unit": "unit_name", "day": "reported_date",
    "amount": "investment_wan_cny", "land": "land_mu", "fdi": "is_fdi", "code": "uscc", "source": "lead_source",
}  # fmt: skip
REQUIRED: Final = frozenset({"key", "project", "firm", "unit", "day"})
HEADERS: Final = {
    "key": ("线索编号", "编号", "项目编号", "1.线索编号", "*线索编号"),
    "project": ("项目名称", "项目", "拟投资项目", "项目\n名称"),
    "firm": ("投资主体", "企业名称", "投资方名称", "投资单位", "客商名称", "投资企业名称", "公司名称"),
    "unit": ("负责单位", "责任单位", "承接单位", "申报单位"),
    "day": ("首报日期", "上报日期", "首报时间", "报备日期"),
    "land": ("用地需求（亩）", "用地面积(亩)", "拟用地面积（亩）", "用地（亩）"),
    "fdi": ("是否FDI",),
    "code": ("统一社会信用代码", "社会信用代码", "信用代码"),
    "source": ("线索来源", "来源渠道"),
}
AMOUNT_WORDS: Final = (
    "计划总投资",
    "总投资",
    "投资额",
    "协议总投资",
    "项目总投资",
    "计划投资额",
    "预计总投资",
    "投资金额",
)
UNIT_FORMS: Final = (
    "{}（{}）",
    "{}({})",
    "{}/{}",
    "7.{}（{}）",
    "{}（单位：{}）",
    "{}\n（{}）",
    "{}【{}】",
    "{}[{}]",
    "{}{}",
    "{}_{}",
)
WAN: Final = {"万元": 1.0, "亿元": 10_000.0, "元": 0.0001}


@dataclass
class Cell:
    """What is written: a value, how it is shown, and what the clerk takes (ASK: nothing without asking)."""

    value: Any
    takes: Any
    code: str | None = None  # number format
    struck: bool = False
    raised: str = ""  # letters behind the value, raised
    formula: str | None = None
    conditional: str | None = None
    is_text: bool = True  # can be sent as text


@dataclass
class Expected:
    """A row that somebody wrote: where it stands, its kind, and what the clerk takes from it."""

    sheet: str
    row: int
    kind: str
    takes: dict[str, Any]
    visible: bool = True

    @property
    def is_certain(self) -> bool:
        return ASK not in self.takes.values()


@dataclass
class Sheet:
    name: str
    rows: list[list[Any]] = field(default_factory=list)
    is_hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)


@dataclass
class Book:
    """A file, its sheets, and the rows that it holds."""

    sheets: list[Sheet] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    sent_as: str = "xlsx"


# --- cells ----------------------------------------------------------------------------------------------------------

Make = Callable[[random.Random, "Row"], Cell]


@dataclass
class Row:
    """The true row, before anybody writes it badly; `unit` is the one of its amount column, "" where none is written."""

    number: int
    unit: str
    key: str
    project: str
    firm: str
    town: str
    day: dt.date
    wan: float
    mu: float


def _in(unit: str, wan: float) -> float:
    value = round(wan / WAN[unit], 8)
    return int(value) if value == int(value) else value


def _plain_amount(rng: random.Random, row: Row) -> Cell:
    number = _in(row.unit, row.wan)
    return Cell(rng.choice([number, f"{number:,}", str(number), f" {number} "]), row.wan)


def _said_amount(rng: random.Random, row: Row) -> Cell:
    wan = row.wan
    texts = [f"{wan:g}万元", f"{wan:g}万", f"{wan:g} 万元", f"¥{wan:g}万", f"{wan:g}万元人民币", f"人民币{wan:g}万元", f"{wan:g}万元整",
             f"{wan / 10_000:.10g}亿元", f"{wan / 10_000:.10g}亿", f"{wan / 10_000:.10g}个亿", f"￥{wan:,.0f}万元", f"{wan * 10_000:,.0f}元"]  # fmt: skip
    if wan > 10_000 and wan % 10_000 and wan == int(wan):
        texts += [f"{int(wan // 10_000)}亿{int(wan % 10_000)}万", f"{int(wan // 10_000)}亿{int(wan % 10_000)}万元"]
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    return Cell(rng.choice([*texts, f"{wan:g}".translate(wide) + "万元"]), wan)


def _format_with_unit(rng: random.Random, row: Row) -> Cell:
    wan, yuan = row.wan, round(row.wan * 10_000)
    forms = [(wan, f'{p}"万元"') for p in ("0", "#,##0", "0.00", "#,##0.0", "G/通用格式", "General")]
    forms += [(wan, "0万"), (wan, '#,##0.00"万"'), (wan, '0.0"万元";-0.0"万元"'), (wan, '[=0]"—";0"万元"')]
    forms += [
        (yuan, code)
        for code in ('0"."0,"万元"', '0!.0,"万元"', '0!.0,"万"', "0\\.0,\\万\\元", '[>=10000]0!.0,"万元";0"元"')
    ]
    if wan % 1000 == 0:
        forms += [(wan / 10_000, '0.0"亿元"'), (wan / 10_000, '0.0#"亿"'), (wan / 10_000, 'General"亿元"')]
    value, code = rng.choice(forms)
    return Cell(value, wan, code, is_text=False)


def _format_that_scales(rng: random.Random, row: Row) -> Cell:
    if row.unit != "万元":
        return _format_with_unit(rng, row)
    value, code = rng.choice([(row.wan * 10_000, "0!.0,"), (row.wan * 1000, "#,##0,"), (row.wan * 1_000_000, "#,##0,,"),
                              (row.wan * 10_000, '0"."0,'), (row.wan * 10_000, "#!.0000")])  # fmt: skip
    return Cell(value, row.wan, code, is_text=False)


def _format_of_another_kind(rng: random.Random, row: Row) -> Cell:
    value, code = rng.choice([(0.5, "0%"), (0.125, "0.0%"), (row.wan, "[$$-409]#,##0.00"), (row.wan, '"约"0'), (row.wan, '0"万吨"'),
                              (row.wan, '">"0'), (3, "0‰"), (row.wan, '0"以上"'), (row.wan, '"★"0"户"'), (1234567, "000-0000")])  # fmt: skip
    return Cell(value, ASK, code, is_text=False)


def _text_format(rng: random.Random, row: Row) -> Cell:
    wan, unit = rng.choice([(row.wan, "万元"), (row.wan, "万"), (row.wan * 10_000, "亿元")])
    return Cell(f"{row.wan:g}", wan, f'@"{unit}"', is_text=False)


def _conditional_format(rng: random.Random, row: Row) -> Cell:
    return Cell(
        _in(row.unit, row.wan),
        ASK,
        conditional=rng.choice(['0"亿元"', '#,##0,"万元"', '0"万美元"', "0%"]),
        is_text=False,
    )


def _note_mark(rng: random.Random, row: Row) -> Cell:
    mark = rng.choice(["①", "②", "⑴", "③", "*", "＊", "【注1】", "（注2）", "[注]", " ①", "※", "（见注3）", "❶"])
    return Cell(f"{_in(row.unit, row.wan)}{mark}", row.wan)


def _raised_digit(rng: random.Random, row: Row) -> Cell:
    if rng.random() < 0.5:
        return Cell(f"{_in(row.unit, row.wan)}", ASK, raised=rng.choice(["1", "2", "3"]), is_text=False)
    return Cell(f"{_in(row.unit, row.wan)}{rng.choice('¹²³')}", ASK)


def _two_numbers(rng: random.Random, row: Row) -> Cell:
    one, two = rng.randint(2, 90) * 100, rng.randint(2, 90) * 100
    between = rng.choice(
        ["\n", " ", "、", "/", "+", "-", "～", "~", "—", "至", "；", "\n\n", "　", " / ", "（一期），", "和"]
    )
    return Cell(f"{one}{between}{two}", ASK)


def _bound(rng: random.Random, row: Row) -> Cell:
    number, unit = f"{_in(row.unit, row.wan)}", rng.choice(["", "万", "万元"]) if row.unit == "万元" else "亿元"
    before = ["约{}", "大约{}", "近{}", "超{}", "超过{}", "逾{}", "不低于{}", "不少于{}", "不超过{}", "至少{}", "最高{}", ">{}", "≥{}", "≤{}", "＞{}",
              "<{}", "≈{}", "~{}", "不高于{}", "上限{}", "最多{}", "高于{}", "低于{}", "预计{}", "拟{}", "暂估{}", "将近{}", "±{}"]  # fmt: skip
    behind = [
        "{}以上",
        "{}以下",
        "{}以内",
        "{}左右",
        "{}上下",
        "{}余",
        "{}+",
        "{}起",
        "{}（暂定）",
        "{}（预计）",
        "{}之内",
        "{}多",
        "{}不等",
        "{}（待核）",
    ]
    return Cell(rng.choice(before + behind).format(number + unit), ASK)


def _no_amount(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["待定", "面议", "保密", "未定", "待核实", "暂缺", "未知", "不详", "暂未确定"]), None)


def _stroke(rng: random.Random, row: Row) -> Cell:
    return Cell(
        rng.choice(["／", "－", "—", "——", "-", "/", "\\", "无", "不涉及", "不适用", "N/A", "…", "暂无", " ", "--"]),
        None,
    )


def _uncomputed(rng: random.Random, row: Row) -> Cell:
    return Cell(0, ASK, formula=rng.choice(["=3000+2000", "=SUM(F2:F3)", "=F2*2", "=IF(1,5000,0)"]), is_text=False)


def _computed(rng: random.Random, row: Row) -> Cell:
    number = _in(row.unit, row.wan)
    return Cell(number, row.wan, formula=f"={number}+0", is_text=False)


def _struck(rng: random.Random, row: Row) -> Cell:
    return Cell(_in(row.unit, row.wan), ASK, struck=True, is_text=False)


def _no_number(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["inf", "1e400", "1_000", "3000,20", "0x10", "12.3.4", "五千万", "-500"]), ASK)


def _invisible(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice("\u200b\u200d\ufeff\u2060\u00ad\u200e\u202a") + text[at:]


def _amount_with_invisible(rng: random.Random, row: Row) -> Cell:
    return Cell(_invisible(str(_in(row.unit, row.wan)), rng), row.wan)


def _plain_day(rng: random.Random, row: Row) -> Cell:
    d = row.day
    return Cell(rng.choice([d, f"{d}", f"{d:%Y/%m/%d}"]), d)


def _said_day(rng: random.Random, row: Row) -> Cell:
    d = row.day
    return Cell(rng.choice([f"{d.year}.{d.month}.{d.day}", f"{d.year}年{d.month}月{d.day}日", f"{d.year}年{d.month}月{d.day}号", f"{d:%Y%m%d}",
                            f"{d} 10:30:00", f"{d.year}年 {d.month}月 {d.day}日", f"{d.year}/{d.month}/{d.day}", f"{d.year}.{d.month}.{d.day}①",
                            f"{d.year}-{d.month}-{d.day}【注1】"]), d)  # fmt: skip


def _month_only(rng: random.Random, row: Row) -> Cell:
    d = row.day
    end = (d.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
    return Cell(
        rng.choice(
            [f"{d.year}年{d.month}月", f"{d.year}-{d.month:02d}", f"{d.year}年{d.month}月份", f"{d.year}年{d.month}月②"]
        ),
        end,
    )


def _bad_day(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice([f"{row.day}  1", "2026-02-30", 2026.1, "3月5日前", f"{row.day}\n{row.day + dt.timedelta(9)}", "待定", "近期", "2026.3.1²",
                            f"{row.day}至{row.day + dt.timedelta(9)}", "26年3月"]), ASK)  # fmt: skip


def _plain_land(rng: random.Random, row: Row) -> Cell:
    return Cell(
        rng.choice([row.mu, str(row.mu), f"{row.mu}亩", f"{row.mu} 亩", f"{row.mu * 2000 / 3:.6f}平方米"]), row.mu
    )


def _land_format(rng: random.Random, row: Row) -> Cell:
    return Cell(row.mu, row.mu, rng.choice(['0"亩"', 'General"亩"', '0.0" 亩"']), is_text=False)


def _odd_land(rng: random.Random, row: Row) -> Cell:
    form = rng.choice(
        ["约{}亩", "{}亩左右", "{}-{}", "{}\n{}", "{}²", "{}亩以上", "{}/{}亩", "不少于{}亩", "{}（其中一期{}）"]
    )
    return Cell(form.format(row.mu, row.mu + 10), ASK)


def _marked_land(rng: random.Random, row: Row) -> Cell:
    return Cell(f"{row.mu}{rng.choice('①②*※')}", row.mu)


def _no_land(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["／", "待定", "不涉及", "租赁厂房", "无", "办理中", "利用现有厂房"]), None)


def _tick(rng: random.Random, row: Row) -> Cell:
    is_yes = rng.random() < 0.5
    signs: list[Any] = (
        ["√", "是", "Y", "✓", "1", 1, "有", "y", "Yes", "☑"]
        if is_yes
        else ["×", "否", "N", "✗", "0", 0, "无", "n", "No"]
    )
    return Cell(rng.choice(signs), is_yes)


def _no_tick(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["办理中", "不适用", "／", "—", "未知", "待定", "也许", "2", ""]), None)


def _good_code(rng: random.Random, row: Row) -> Cell:
    code = rng.choice(CODES)
    return Cell(
        rng.choice([code, code, code.lower(), _invisible(code, rng), f"{code[:8]} {code[8:]}", f" {code}"]), code
    )


def _bad_code(rng: random.Random, row: Row) -> Cell:
    code = rng.choice(CODES)
    return Cell(
        rng.choice(
            [
                code[:17] + "0" if code[17] != "0" else code[:17] + "1",
                code[:17],
                "办理中",
                "／",
                9.1330100799655e17,
                "待补",
                "无",
            ]
        ),
        None,
    )


def _good_source(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["展会活动", "驻点招商"]), None)


def _bad_source(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["朋友圈", "其他", "①", "3"]), None)


def _noted_firm(rng: random.Random, row: Row) -> Cell:
    form = rng.choice(["{}①", "{}*", "{}【注1】", "{}（注2）", "①{}", "*{}", "{}※", "{}（见注1）", "{}²"])
    return Cell(form.format(row.firm), row.firm)


def _hidden_in_firm(rng: random.Random, row: Row) -> Cell:
    return Cell(_invisible(row.firm, rng), row.firm)


def _no_firm(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["／", "－", "同上", "—", "#REF!", "", "-"]), ASK)


def _struck_firm(rng: random.Random, row: Row) -> Cell:
    return Cell(row.firm, ASK, struck=True, is_text=False)


def _hidden_in_unit(rng: random.Random, row: Row) -> Cell:
    return Cell(_invisible(row.town, rng), row.town)


def _long_key(rng: random.Random, row: Row) -> Cell:
    return Cell(
        rng.choice([float(202606300001370101 + row.number * 100), f"2.0263{row.number % 10}E+17"]), ASK, is_text=False
    )


def _formatted_key(rng: random.Random, row: Row) -> Cell:
    code, shown = rng.choice(
        [('"XS"0000', f"XS{row.number:04d}"), ("00000000", f"{row.number:08d}"), ("0", str(row.number))]
    )
    return Cell(row.number, shown, code, is_text=False)


def _no_key(rng: random.Random, row: Row) -> Cell:
    return Cell(rng.choice(["待定", "同上", "新增", "", 1.1, "／", f"{row.key}\n{row.key}1"]), ASK)


def _key_with_invisible(rng: random.Random, row: Row) -> Cell:
    return Cell(_invisible(row.key, rng), row.key)


PLAIN: Final[dict[str, Make]] = {
    "key": lambda rng, row: Cell(row.key, row.key), "project": lambda rng, row: Cell(row.project, row.project),
    "firm": lambda rng, row: Cell(row.firm, row.firm), "unit": lambda rng, row: Cell(row.town, row.town), "day": _plain_day,
    "amount": _plain_amount, "land": _plain_land, "fdi": _tick, "code": _good_code, "source": _good_source,
}  # fmt: skip
KINDS: Final[dict[str, tuple[str, Make]]] = {
    "amount with its own unit": ("amount", _said_amount), "format with a unit": ("amount", _format_with_unit),
    "format that scales": ("amount", _format_that_scales), "format of another kind": ("amount", _format_of_another_kind),
    "text format": ("amount", _text_format), "conditional format": ("amount", _conditional_format),
    "note mark behind an amount": ("amount", _note_mark), "raised digit": ("amount", _raised_digit),
    "two numbers": ("amount", _two_numbers), "bound or estimate": ("amount", _bound), "word for no amount": ("amount", _no_amount),
    "stroke": ("amount", _stroke), "formula not computed": ("amount", _uncomputed), "formula computed": ("amount", _computed),
    "struck-out amount": ("amount", _struck), "no number": ("amount", _no_number), "invisible in an amount": ("amount", _amount_with_invisible),
    "day in words": ("day", _said_day), "month only": ("day", _month_only), "no certain day": ("day", _bad_day),
    "area by format": ("land", _land_format), "uncertain area": ("land", _odd_land), "note mark behind an area": ("land", _marked_land),
    "no area": ("land", _no_land), "unknown yes or no": ("fdi", _no_tick), "bad credit code": ("code", _bad_code),
    "bad choice": ("source", _bad_source), "note mark at a name": ("firm", _noted_firm), "invisible in a name": ("firm", _hidden_in_firm),
    "no firm": ("firm", _no_firm), "struck-out firm": ("firm", _struck_firm), "invisible in a unit": ("unit", _hidden_in_unit),
    "long number as key": ("key", _long_key), "key by format": ("key", _formatted_key), "no key": ("key", _no_key),
    "invisible in a key": ("key", _key_with_invisible),
}  # fmt: skip

# --- layouts --------------------------------------------------------------------------------------------------------

TOTALS: Final = (
    "合计",
    "合计：",
    "总计",
    "小计",
    "合 计",
    "总计：",
    "合计（{n}个）",
    "共计",
    "累计",
    "小计（{n}个）",
    "{town}小计",
    "总计（{n}个项目）",
    "本页合计",
)
SECTIONS: Final = (
    "一、工业项目",
    "二、服务业项目（3个）",
    "（一）在谈项目",
    "三、签约项目：",
    "第一部分",
    "二、农业项目",
    "（二）1亿元以上项目",
)


class Maker:
    """Makes one workbook after another from one stream of random numbers."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.number = 0

    def row(self, unit: str) -> Row:
        rng = self.rng
        self.number += 1
        wan = float(
            rng.choice(
                [
                    rng.randint(1, 99) * 100,
                    rng.randint(1, 500) * 1000,
                    rng.randint(1, 90) * 10_000,
                    rng.randint(3, 99) * 500,
                ]
            )
        )
        return Row(self.number, unit, f"YC{self.number:06d}", f"年产{rng.randint(2, 90)}万件{rng.choice(['膜材料', '轴承', '服装', '注塑件'])}项目",
                   f"{rng.choice(['华', '中', '恒', '远'])}{rng.choice(['信', '达', '通', '泰'])}{self.number}有限公司", rng.choice(UNITS),
                   dt.date(2026, 1, 1) + dt.timedelta(days=rng.randrange(300)), wan, float(rng.randint(5, 300)))  # fmt: skip

    def book(self) -> Book:
        rng = self.rng
        book = Book(sent_as=rng.choices(["xlsx", "csv", "html", "xml", "tsv"], [70, 14, 7, 5, 4])[0])
        layout = rng.choices(
            [
                "one table",
                "stacked",
                "months",
                "hidden sheet",
                "repeated key",
                "towns",
                "money column not known",
                "longer rows",
            ],
            [50, 12, 8, 6, 6, 6, 6, 6],
        )[0]
        if layout in {"months", "hidden sheet", "towns"}:
            book.sent_as = "xlsx"
        if layout == "longer rows":
            book.sent_as = "csv"
        getattr(self, "_" + layout.replace(" ", "_"))(book)
        return book

    def _one_table(self, book: Book) -> None:
        sheet = self._sheet(book, self.rng.choice(["线索", "Sheet1", "2026年上半年", "台账", "汇总表"]))
        self._table(book, sheet, "one table")

    def _stacked(self, book: Book) -> None:
        sheet = self._sheet(book, self.rng.choice(["线索", "Sheet1", "重点项目"]))
        for at in range(self.rng.randint(2, 3)):
            if at:
                sheet.rows += self.rng.choice([[], [[]], [[self.rng.choice(SECTIONS)]], [[], ["附表2"]]])
            self._table(book, sheet, "stacked tables", must_say_unit=True)

    def _months(self, book: Book) -> None:
        """The same leads on sheets of months in any order: all land, and a night lets the newest stand."""
        names = self.rng.choice([["2026年9月", "2026年10月"], ["9月", "10月"], ["2026年1-5月", "2026年1-6月"]])
        order = self.rng.sample(names, 2)
        rows = [self.row("万元") for _ in range(4)]
        for name in order:
            sheet = self._sheet(book, name)
            for row in rows:
                row.wan += 100
            self._table(book, sheet, "sheets of months", rows=[Row(**vars(row)) for row in rows], unit="万元")

    def _hidden_sheet(self, book: Book) -> None:
        shown = self._sheet(book, "台账")
        rows = [self.row("万元") for _ in range(4)]
        self._table(book, shown, "beside a hidden sheet", rows=rows, unit="万元")
        hidden = self._sheet(book, self.rng.choice(["旧稿", "Sheet2", "副本"]), is_hidden=True)
        older = [Row(**(vars(row) | {"wan": row.wan + 7})) for row in rows] + [self.row("万元")]
        self._table(book, hidden, "hidden sheet", rows=older, unit="万元", asks=True)
        if self.rng.random() < 0.5:
            book.sheets.reverse()

    def _repeated_key(self, book: Book) -> None:
        sheet = self._sheet(book, "线索")
        rows = [self.row("万元") for _ in range(4)]
        twin = Row(**(vars(rows[1]) | {"wan": rows[1].wan + 300}))
        is_hidden = book.sent_as == "xlsx" and self.rng.random() < 0.5
        self._table(book, sheet, "beside a repeated key", rows=[*rows, twin], unit="万元", lines=False)
        own = [e for e in book.expected if e.takes.get("key") == twin.key]
        for expected in own:
            expected.kind = "one key twice"
        if is_hidden:
            sheet.hidden_rows.add(own[-1].row)
            own[-1].visible = False
        for expected in own[1:] if is_hidden else own:
            expected.takes = dict.fromkeys(expected.takes, ASK)

    def _towns(self, book: Book) -> None:
        for town in self.rng.sample(UNITS[:3], 2):
            rows = [self.row("万元") for _ in range(3)]
            for row in rows:
                row.town = town
            self._table(
                book, self._sheet(book, town), "a sheet for each town", rows=rows, unit="万元", without=("unit",)
            )

    def _money_column_not_known(self, book: Book) -> None:
        sheet = self._sheet(book, "线索")
        word = self.rng.choice(
            ["拟投入资金（万元）", "项目资金盘子(万元)", "首付款金额（万元）", "双方商定金额（万元）"]
        )
        self._table(book, sheet, "money column not known", amount_header=word, unit="万元", asks_amount=True)

    def _longer_rows(self, book: Book) -> None:
        """A comma inside a number, unquoted, makes the row longer than the header."""
        sheet = self._sheet(book, "CSV")
        self._table(book, sheet, "beside longer rows", unit="万元", lines=False)
        last = book.expected[-1]
        cells = sheet.rows[last.row - 1]
        at = next(
            i for i, cell in enumerate(cells) if isinstance(cell, Cell) and cell.takes == last.takes.get("amount")
        )
        cells[at : at + 1] = ["12", "000"]
        last.kind, last.takes = "row longer than the header", dict.fromkeys(last.takes, ASK)

    def _sheet(self, book: Book, name: str, *, is_hidden: bool = False) -> Sheet:
        book.sheets.append(Sheet(name, is_hidden=is_hidden))
        return book.sheets[-1]

    def _table(
        self, book: Book, sheet: Sheet, kind: str, *, rows: list[Row] | None = None, unit: str = "", must_say_unit: bool = False,
        amount_header: str = "", asks: bool = False, asks_amount: bool = False, without: tuple[str, ...] = (), lines: bool = True,
    ) -> None:  # fmt: skip
        rng = self.rng
        unit = unit or rng.choice(["万元", "万元", "亿元"])
        optional = [name for name in ("land", "fdi", "code", "source") if rng.random() < 0.7]
        names = [name for name in ("key", "project", "firm", "unit", "day", "amount", *optional) if name not in without]
        if rng.random() < 0.4:
            names = [names[0], *rng.sample(names[1:], len(names) - 1)]
        in_note = not must_say_unit and not amount_header and rng.random() < 0.35
        self._titles(sheet, unit if in_note else "")
        word = rng.choice(AMOUNT_WORDS)
        of_amount = amount_header or (word if in_note else rng.choice(UNIT_FORMS).format(word, unit))
        header = [of_amount if name == "amount" else rng.choice(HEADERS[name]) for name in names]
        if rng.random() < 0.4:
            names, header = ["serial", *names], ["序号", *header]
        if rng.random() < 0.4:
            names, header = [*names, "note"], [*header, rng.choice(["备注", "联系人", "联系电话", "情况说明"])]
        sheet.rows.append([_invisible(h, rng) if rng.random() < 0.03 else h for h in header])
        if lines and rng.random() < 0.12:
            sheet.rows.append(rng.choice([[str(i + 1) for i in range(len(names))], ["必填"] * len(names)]))
        written = rows or [self.row(unit) for _ in range(rng.randint(3, 8))]
        for at, row in enumerate(written):
            if lines and rng.random() < 0.08:
                sheet.rows.append(rng.choice([[rng.choice(SECTIONS)], [], [f"第 {rng.randint(1, 3)} 页 共 3 页"]]))
            if lines and rng.random() < 0.05:
                sheet.rows.append(list(header))
            row.unit = unit
            self._row(book, sheet, kind, names, row, at, asks, asks_amount, may_vary=rows is None and not amount_header)
        if lines and rng.random() < 0.4:
            sheet.rows.append(self._total(names, written))
        if lines and rng.random() < 0.3:
            sheet.rows.append(
                [
                    rng.choice(
                        [
                            "注：金额为计划数",
                            "备注：1.本表一式两份",
                            "填报人：张某某",
                            "审核人：李某  联系电话：0537-1234567",
                            "说明：数据截至6月底",
                        ]
                    )
                ]
            )

    def _titles(self, sheet: Sheet, unit: str) -> None:
        rng = self.rng
        if rng.random() < 0.6:
            sheet.rows.append(
                [rng.choice(["招商引资线索台账", "重点项目一览表", "附件2", "在谈项目情况表", "招商项目汇总表"])]
            )
        if unit:
            sheet.rows.append(rng.choice([[f"单位：{unit}"], [f"填报单位：城北街道　　单位：{unit}"], [None, None, None, f"单位：{unit}"], [f"（单位：{unit}、亩）"],
                                          [f"填报单位（盖章）：城北街道  填报日期：2026年6月30日  单位：{unit}"], [f"金额单位：{unit}"],
                                          ["填报单位：城北街道", None, None, f"单位：{unit}"]]))  # fmt: skip

    def _row(
        self, book: Book, sheet: Sheet, kind: str, names: list[str], row: Row, at: int, asks: bool, asks_amount: bool, *, may_vary: bool
    ) -> None:  # fmt: skip
        rng = self.rng
        cells: dict[str, Cell] = {name: PLAIN[name](rng, row) for name in names if name in PLAIN}
        own = kind
        if may_vary and rng.random() < 0.35:
            label, (name, make) = rng.choice([item for item in KINDS.items() if item[1][0] in cells])
            cell = make(rng, row)
            if (cell.is_text or book.sent_as == "xlsx") and not (
                name == "key" and cell.takes is ASK and book.sent_as != "xlsx"
            ):
                own, cells[name] = label, cell
        takes = {name: cell.takes for name, cell in cells.items()}
        if "source" in takes:
            takes["source"] = cells["source"].value if cells["source"].value in {"展会活动", "驻点招商"} else None
        if "unit" not in takes:
            takes["unit"] = row.town
        if asks_amount:
            takes["amount"] = ASK
        if asks:
            takes = dict.fromkeys(takes, ASK)
        line: list[Any] = [
            cells.get(name, at + 1 if name == "serial" else rng.choice([None, "一切正常", "见附件"])) for name in names
        ]
        sheet.rows.append(line)
        book.expected.append(Expected(sheet.name, len(sheet.rows), own, takes))

    def _total(self, names: list[str], rows: list[Row]) -> list[Any]:
        rng = self.rng
        word = rng.choice(TOTALS).format(n=len(rows), town=rng.choice(UNITS))
        line: list[Any] = [None] * len(names)
        line[0] = word
        at = names.index("amount")
        if at:
            line[at] = sum(_in(row.unit, row.wan) for row in rows)
        if rng.random() < 0.3:
            full = {
                "project": f"{len(rows)}个项目",
                "firm": f"{len(rows)}家",
                "unit": "全区",
                "day": "2026-06-30",
                "land": 300.0,
            }
            line = [full.get(name, cell) if i else cell for i, (name, cell) in enumerate(zip(names, line, strict=True))]
        return line


# --- sending --------------------------------------------------------------------------------------------------------


def write(book: Book, folder: Path, name: str) -> Path:
    """Write a workbook as it is sent."""
    if book.sent_as == "xlsx":
        return _write_xlsx(book, folder / f"{name}.xlsx")
    (sheet,) = book.sheets
    rows = [[_as_sent(cell) for cell in row] for row in sheet.rows]
    rng = random.Random(name)
    if book.sent_as in {"csv", "tsv"}:
        sign = "\t" if book.sent_as == "tsv" else rng.choice([",", ",", ";", "\t"])
        is_longer = any(e.kind == "row longer than the header" for e in book.expected)
        sign = "," if is_longer else sign
        width = max(len(row) for row in rows)
        lines = [
            sign.join(_quoted(cell, sign) for cell in row + ([""] * (width - len(row)) if not is_longer else []))
            for row in rows
        ]
        path = folder / f"{name}.{'csv' if book.sent_as == 'csv' else 'xls'}"
        content = "\r\n".join(lines) + "\r\n"
        encoding = "gb18030" if book.sent_as == "tsv" else rng.choice(["utf-8-sig", "utf-8", "gb18030"])
        path.write_bytes(content.encode(encoding))
        return path
    path = folder / f"{name}.xls"
    if book.sent_as == "html":
        lines = [
            "<tr>" + "".join(f"<{rng.choice(['td', 'td', 'th'])}>{_in_html(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        ]
        charset, encoding = rng.choice([("gb2312", "gb18030"), ("utf-8", "utf-8")])
        page = f'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv="Content-Type" content="text/html; charset={charset}">'
        page += f"<style>td {{mso-number-format:'\\@'}}</style></head><body><table border=1>{''.join(lines)}</table></body></html>"
        path.write_bytes(page.encode(encoding))
        return path
    cells = ["<Row>" + "".join(_in_xml(cell) for cell in row) + "</Row>" for row in rows]
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="{escape(sheet.name)}"><Table>{"".join(cells)}</Table></Worksheet></Workbook>',
        encoding="utf-8",
    )
    return path


def _as_sent(cell: Any) -> str:
    value = cell.value if isinstance(cell, Cell) else cell
    return "" if value is None else str(value)


def _quoted(text: str, sign: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in (sign, '"', "\n", "\r")) else text


def _in_html(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _in_xml(text: str) -> str:
    return f'<Cell><Data ss:Type="String">{escape(text).replace(chr(10), "&#10;")}</Data></Cell>' if text else "<Cell/>"


def _write_xlsx(book: Book, path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as out:
        for sheet in book.sheets:
            page = out.add_worksheet(sheet.name)
            if sheet.is_hidden:
                page.hide()
            for y, row in enumerate(sheet.rows):
                for x, cell in enumerate(row):
                    _write_cell(out, page, y, x, cell)
                if y + 1 in sheet.hidden_rows:
                    page.set_row(y, None, None, {"hidden": True})
        if all(not sheet.is_hidden for sheet in book.sheets[:1]):
            return path
        next(page for page, sheet in zip(out.worksheets(), book.sheets, strict=True) if not sheet.is_hidden).activate()
        out.worksheets()[0].hide()
    return path


def _write_cell(out: Any, page: Any, y: int, x: int, cell: Any) -> None:
    known = cell if isinstance(cell, Cell) else Cell(cell, None)
    value: Any = known.value
    look: dict[str, Any] = {}
    if known.code:
        look["num_format"] = known.code
    if known.struck:
        look["font_strikeout"] = True
    if isinstance(value, dt.date):
        page.write_datetime(
            y, x, dt.datetime(value.year, value.month, value.day), out.add_format(look | {"num_format": "yyyy-mm-dd"})
        )
        return
    style = out.add_format(look) if look else None
    if known.formula:
        page.write_formula(y, x, known.formula, style, value)
    elif known.raised:
        page.write_rich_string(y, x, str(value), out.add_format({"font_script": 1}), known.raised)
    elif isinstance(value, str) and value:
        page.write_string(y, x, value, style)
    elif value not in (None, ""):
        page.write_number(y, x, value, style)
    if known.conditional:
        page.conditional_format(
            y,
            x,
            y,
            x,
            {"type": "cell", "criteria": ">", "value": 0, "format": out.add_format({"num_format": known.conditional})},
        )


# --- judging --------------------------------------------------------------------------------------------------------


@dataclass
class Count:
    """Of the rows of one kind: how many a clerk takes, how many were taken, what was wrong."""

    rows: int = 0
    certain: int = 0
    taken: int = 0
    refused: int = 0
    left_out: int = 0
    wrong: int = 0
    lost: int = 0


def _same(got: Any, want: Any) -> bool:
    if isinstance(want, float) and isinstance(got, (int, float)):
        return math.isclose(got, want, rel_tol=1e-7, abs_tol=1e-6)
    return bool(got == want)


def judge(book: Book, out: Path, counts: dict[str, Count], told: list[str], name: str) -> bool:
    """Compare what was read with what a clerk takes; return whether the counts of rows add up."""
    accepted = pq.read_table(out / "accepted.parquet").to_pylist()
    refused = pq.read_table(out / "refused.parquet").to_pylist()
    by_place = {(row["source_sheet"], row["source_row"]): row for row in accepted}
    said: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for refusal in refused:
        said[refusal["sheet"], refusal["row"]].append(refusal)
    one_sheet = len(book.sheets) == 1
    for expected in book.expected:
        count = counts[expected.kind]
        count.rows += 1
        count.certain += expected.is_certain
        place = (expected.sheet, expected.row)
        if one_sheet and book.sent_as != "xlsx":  # text has no name of a sheet
            place = next(((s, r) for s, r in [*by_place, *said] if r == expected.row), place)
        row = by_place.pop(place, None)
        if row is None:
            count.refused += place in said
            if place not in said:
                count.lost += 1
                told.append(f"{name} {expected.kind}: row {expected.row} is neither taken nor refused")
            elif expected.is_certain:
                told.append(f"{name} {expected.kind}: refused: {said[place][0]['reason']}")
            continue
        bad = []
        for column, want in expected.takes.items():
            got = row[FIELDS[column]]
            if (want is ASK and got is not None) or (want is not ASK and got is not None and not _same(got, want)):
                bad.append(f"{column} is {got!r}, should be {'asked for' if want is ASK else repr(want)}")
            elif got is None and want is not None and not said[place]:
                bad.append(f"{column} is missing, and nothing was said")
        if any(expected.takes.get(column) is ASK for column in REQUIRED):
            bad.append("was taken")
        if bad:
            count.wrong += 1
            told.append(f"WRONG {name} {expected.kind}: row {expected.row}: {'; '.join(bad)}")
        elif said[place] and any(
            want not in (None, ASK) and row[FIELDS[c]] is None for c, want in expected.takes.items()
        ):
            count.left_out += 1
            told.append(f"{name} {expected.kind}: left out: {said[place][0]['reason']}")
        else:
            count.taken += expected.is_certain
            count.left_out += not expected.is_certain
    rows_of_data = {(e.sheet, e.row) for e in book.expected}
    numbers = {e.row for e in book.expected}
    for place, refusals in said.items():
        if place not in rows_of_data and (not one_sheet or place[1] not in numbers):
            counts["no row at all"].rows += 1
            counts["no row at all"].refused += 1
            told.append(f"{name} no row at all: {place} was sent back: {refusals[0]['reason']}")
    for place, row in by_place.items():
        counts["no row at all"].wrong += 1
        told.append(f"WRONG {name}: {place} was taken as a row: {row['lead_id']}")
    import json

    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return bool(summary["read"] == summary["accepted"] + summary["refused"] + summary["not_data"])


def run(workbooks: int, seed: int, say: Callable[[str], None] = print) -> dict[str, Count]:
    """Make, read and judge so many workbooks; return the counts by kind."""
    maker, counts, told = Maker(seed), defaultdict[str, Count](Count), list[str]()
    off, unread, started = 0, 0, time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for at in range(workbooks):
            book = maker.book()
            name = f"{at:05d}"
            path = write(book, Path(folder), name)
            try:
                read_file(path, "leads", Path(folder) / "out")
            except FileProblem as problem:
                unread += 1
                told.append(f"{path.name} was not read at all: {problem}")
                for expected in book.expected:
                    count = counts[expected.kind]
                    count.rows, count.certain, count.refused = (
                        count.rows + 1,
                        count.certain + expected.is_certain,
                        count.refused + 1,
                    )
                continue
            finally:
                path.unlink()
            off += not judge(book, Path(folder) / "out", counts, told, path.name)
    for line in told:
        say(line)
    say(f"{workbooks:,} workbooks, seed {seed}, {dt.date.today()}: {unread:,} not read at all, {off:,} whose rows do not add up, "
        f"{time.process_time() - started:,.0f} s of processor time")  # fmt: skip
    return dict(counts)


def lines_of(counts: dict[str, Count]) -> list[list[str]]:
    """Return the table by kind, its head and its sum."""
    total = Count(*(sum(getattr(c, name) for c in counts.values()) for name in Count.__dataclass_fields__))
    lines = [["kind", "rows", "a clerk takes", "taken", "share", "refused", "cell left out", "wrong", "lost"]]
    for kind, c in [*sorted(counts.items()), ("all", total)]:
        share = f"{100 * c.taken / c.certain:.1f}%" if c.certain else "–"
        lines.append(
            [
                kind,
                *(f"{n:,}" for n in (c.rows, c.certain, c.taken)),
                share,
                *(f"{n:,}" for n in (c.refused, c.left_out, c.wrong, c.lost)),
            ]
        )
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workbooks", nargs="?", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quiet", action="store_true", help="only the table")
    arguments = parser.parse_args()
    counts = run(arguments.workbooks, arguments.seed, (lambda line: None) if arguments.quiet else print)
    print(table(lines_of(counts)))
    return int(any(count.wrong or count.lost for count in counts.values()))


if __name__ == "__main__":
    raise SystemExit(main())
