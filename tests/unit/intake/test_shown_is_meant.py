"""What a cell shows is what is taken, or the row is refused: formats, marks, two numbers, second headers, lost digits."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_writing import HEADER, lead, write_xlsx

from intake.contract import get_contract, load_contracts
from intake.number_format import is_plain, shown, shown_otherwise
from intake.reading import SheetReading
from intake.values import Unreadable, parse_amount, parse_amount_unit, parse_area, parse_date, parse_number
from intake.workbook import read_workbook

LEADS = get_contract("leads")
WAN = ["线索编号", "项目名称", "投资主体", "负责单位", "首报日期", "计划总投资（万元）", "用地需求（亩）", "用电需求"]


def row(key: Any, amount: Any = 5000, **changed: Any) -> list[Any]:
    cells = dict(zip(WAN, [key, "项目", "某市试验有限公司", "城关镇", "2026-03-05", amount, 30, 100], strict=True))
    return list((cells | changed).values())


def formatted(path: Path, rows: list[list[Any]], formats: dict[tuple[int, str], str], header: list[str] = WAN) -> Path:
    """Write rows under a header; `formats` are number formats by (row from 1, header)."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("线索")
        sheet.write_row(0, 0, header)
        for y, cells in enumerate(rows, start=1):
            for x, cell in enumerate(cells):
                code = formats.get((y, header[x]))
                sheet.write(y, x, cell, book.add_format({"num_format": code}) if code else None)
    return path


def read(path: Path) -> SheetReading:
    (reading,) = read_tables(path)
    return reading


def read_tables(path: Path) -> list[SheetReading]:
    readings = read_workbook(path, LEADS)
    for reading in readings:
        assert reading.read == len(reading.accepted) + reading.refused + reading.not_data
    return readings


def rows_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return the accepted rows of all tables by their keys, each of which is borne once."""
    rows = [r for reading in read_tables(path) for r in reading.accepted]
    assert len({r["lead_id"] for r in rows}) == len(rows)
    return {r["lead_id"]: r for r in rows}


# --- number formats -------------------------------------------------------------------------------------------------

PLAIN = [
    "General", "G/通用格式", "0", "0.00", "#,##0", "#,##0.00_ ", "0_);[Red](0)", "#,##0;[Red]-#,##0", "0;0;;@", "???", "0.00E+00",
    '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', '_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-', "[Blue]0.0", "@", "# ?/?",
    "#,##0.00;[红色]-#,##0.00", "[DBNum1][$-804]General", "0.00;-0.00;0.00;@", "[$-804]0",
]  # fmt: skip
SHOWN = {
    ('0"."0,"万元"', 50_000_000): "5000.0万元", ("0!.0,", 50_000_000): "5000.0", ('0"亿元"', 3): "3亿元", ("0%", 0.5): "50%",
    ("0.0%", 0.125): "12.5%", ("#,##0,", 5_000_000): "5,000", ("#,##0.0,,", 12_345_678): "12.3", ("0‰", 3): "3‰",
    ('"¥"#,##0', 5000): "¥5,000", ("[$$-409]#,##0.00", 12.5): "$12.50", ("[$€-2] 0", 7): "€ 7", ("￥0", 8): "￥8",
    ('0.00"万"', 5): "5.00万", ("0万", 6): "6万", ("#!.0000", 50_000_000): "5000.0000", ('0"0000"', 5): "50000",
    ('G/通用格式"万元"', 12.5): "12.5万元", ('General"亩"', 30): "30亩", ('"约"0', 9): "约9", ("000-0000", 1234567): "123-4567",
    ('[>=10000]0!.0,"万";0', 50_000): "5.0万", ('[<1]0.0%;0"亩"', 30): "30亩", ("0\\元", 3): "3元",
}  # fmt: skip


@pytest.mark.parametrize("code", PLAIN)
@pytest.mark.parametrize("value", [0.0, 3.0, -3.0, 12345.678, 5e7])
def test_a_format_that_shows_the_number_changes_nothing(code, value):
    assert is_plain(code)
    assert shown_otherwise(value, code) is None


@pytest.mark.parametrize(("code", "value"), list(SHOWN))
def test_a_format_that_shows_more_is_rendered_as_a_spreadsheet_does(code, value):
    assert not is_plain(code)
    assert shown_otherwise(value, code) == shown(value, code) == SHOWN[code, value]


@given(st.integers(0, 10**9), st.integers(0, 4), st.integers(0, 2))
def test_scaled_digits_are_the_number_divided_in_another_way(number, decimals, commas):
    code = "#,##0" + ("." + "0" * decimals if decimals else "") + "," * commas
    text = shown_otherwise(number, code) or shown(number, code)
    expected = number / 1000**commas
    assert math.isclose(float(text.replace(",", "")), expected, abs_tol=0.5 * 10.0**-decimals * (1 + 1e-9))


@given(st.text(max_size=40), st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_any_text_is_a_format_that_can_be_judged(code, value):
    shown_otherwise(value, code)
    is_plain(code)
    shown(value, code)


# What a clerk reads under 计划总投资（万元） where it is certain; all else must be refused with what it shows.
READ_AS_SHOWN: dict[str, dict[str, float]] = {
    "计划总投资（万元）": {"5000.0万元": 5000, "5000.0": 5000, "3亿元": 30_000, "5,000": 5000, "5.00万": 5, "6万": 6, "5000.0000": 5000,
                  "50000": 50_000, "12.5万元": 12.5, "5.0万": 5, "3元": 0.0003},
    "用地需求（亩）": {"5000.0": 5000, "5,000": 5000, "5000.0000": 5000, "50000": 50_000, "30亩": 30},
    "用电需求": {"5000.0": 5000, "5,000": 5000, "5000.0000": 5000, "50000": 50_000},
}  # fmt: skip
COLUMNS = {"计划总投资（万元）": "investment_wan_cny", "用地需求（亩）": "land_mu", "用电需求": "power_kva"}


@pytest.mark.parametrize("header", READ_AS_SHOWN)
def test_a_cell_whose_format_shows_more_is_read_as_shown_or_refused_with_it(tmp_path, header):
    pairs = list(SHOWN)
    rows = [row(f"F{at}", **{header: value}) for at, (_, value) in enumerate(pairs)]
    formats = {(at + 1, header): code for at, (code, _) in enumerate(pairs)}
    reading = read(formatted(tmp_path / "a.xlsx", rows, formats))
    taken = {int(r["lead_id"][1:]): r[COLUMNS[header]] for r in reading.accepted}
    said = {refusal.row - 2: refusal for refusal in reading.refusals}
    for at, pair in enumerate(pairs):
        if SHOWN[pair] in READ_AS_SHOWN[header]:
            assert taken[at] == pytest.approx(READ_AS_SHOWN[header][SHOWN[pair]]), pair
        else:
            assert f"“{SHOWN[pair]}”" in said[at].reason
            assert (said[at].column, at in taken) == (header, False)


def test_plain_formats_and_formats_of_other_columns_cost_no_row(tmp_path):
    rows = [row(f"P{at}", 100 + at) for at in range(len(PLAIN))]
    formats = {(at + 1, "计划总投资（万元）"): code for at, code in enumerate(PLAIN)}
    formats |= {(at + 1, "项目名称"): '0"号"' for at in range(len(PLAIN))}
    reading = read(formatted(tmp_path / "a.xlsx", rows, formats))
    assert reading.refusals == []
    assert [r["investment_wan_cny"] for r in reading.accepted] == [100 + at for at in range(len(PLAIN))]


def test_a_format_of_the_default_style_counts_too(tmp_path):
    book = openpyxl.Workbook()
    book._named_styles["Normal"].number_format = '0"亿元"'  # every cell without a style of its own
    sheet = book.active
    sheet.append(WAN)
    sheet.append(row("A1", 3))
    book.save(tmp_path / "a.xlsx")
    with_style = openpyxl.load_workbook(tmp_path / "a.xlsx").active.cell(2, 6).number_format
    reading = read(tmp_path / "a.xlsx")
    assert bool(reading.refusals) == (with_style == '0"亿元"')


def test_a_key_is_what_its_format_shows(tmp_path):
    rows = [row(7), row(12), row(13), row(14)]
    formats = {(1, "线索编号"): '"XS"0000', (2, "线索编号"): "00000", (3, "线索编号"): "0", (4, "线索编号"): "0.00"}
    reading = read(formatted(tmp_path / "a.xlsx", rows, formats))
    assert [r["lead_id"] for r in reading.accepted] == ["XS0007", "00012", "13", "14"]


# --- marks, two numbers ---------------------------------------------------------------------------------------------

MARKS = [c for c in map(chr, range(0x80, 0x1F200)) if not c.isdecimal() and any(d in "0123456789" for d in unicodedata.normalize("NFKC", c))]  # fmt: skip
PARSERS = {
    "amount": lambda text: parse_amount(text, parse_amount_unit("万元")),
    "area": lambda text: parse_area(text, 1.0),
    "number": parse_number,
}


@pytest.mark.parametrize("parser", PARSERS)
@given(number=st.integers(1, 10**6), mark=st.sampled_from(MARKS), before=st.booleans())
def test_no_mark_becomes_a_digit(parser, number, mark, before):
    with pytest.raises(Unreadable):
        PARSERS[parser](f"{mark}{number}" if before else f"{number}{mark}")


@given(day=st.dates(dt.date(2000, 1, 1), dt.date(2050, 1, 1)), mark=st.sampled_from(MARKS))
def test_no_mark_becomes_a_day(day, mark):
    for text in (f"{day:%Y.%m}{mark}", f"{day:%Y-%m-%d}{mark}", f"{day.year}年{day.month}月{mark}"):
        with pytest.raises(Unreadable):
            parse_date(text)


@pytest.mark.parametrize("parser", PARSERS)
@given(
    numbers=st.lists(st.integers(1, 10**6), min_size=2, max_size=3),
    between=st.sampled_from(
        [" ", "\n", "\r\n", "\u3000", "\t", "\u00a0", "、", "，", "/", "+", ";", "～", "至", "\n\n"]
    ),
)
def test_two_numbers_never_become_one(parser, numbers, between):
    with pytest.raises(Unreadable):
        PARSERS[parser](between.join(map(str, numbers)))


@pytest.mark.parametrize(
    "text", ["inf", "-inf", "nan1", "1e400", "1_000", "1,2", "3000,200", "0x10", "١٢٣", "5000⃝", "１②"]
)
@pytest.mark.parametrize("parser", PARSERS)
def test_what_python_takes_for_a_number_is_none_here(parser, text):
    with pytest.raises(Unreadable):
        PARSERS[parser](text)
    with pytest.raises(Unreadable):
        PARSERS[parser](math.inf)


def test_a_space_before_a_unit_and_full_width_digits_are_certain():
    assert parse_amount("5000 万元", None).wan_cny == 5000
    assert parse_amount("５０００", parse_amount_unit("万元")).wan_cny == 5000
    assert parse_area("20000m²", None) == parse_area("20000㎡", None) == 30
    assert parse_amount("12,000", parse_amount_unit("万元")).wan_cny == 12000
    assert parse_date("2026-03-05 10:30:00")[0] == dt.date(2026, 3, 5)
    assert parse_date("2026年 3月 5日")[0] == dt.date(2026, 3, 5)


# --- keys, formulas, rows of text files -----------------------------------------------------------------------------


@given(digits=st.integers(16, 19), data=st.data())
@settings(max_examples=10, deadline=None)
def test_a_long_number_is_no_key(tmp_path_factory, digits, data):
    key = data.draw(st.integers(10 ** (digits - 1), 10**digits - 1).filter(lambda number: number % 100))
    book = openpyxl.Workbook()
    book.active.append(WAN)
    book.active.append(row(key))
    book.active.append(row(str(key)))
    path = tmp_path_factory.mktemp("keys") / "a.xlsx"
    book.save(path)
    reading = read(path)
    assert [r["lead_id"] for r in reading.accepted] == [str(key)]
    assert "长数字" in reading.refusals[0].reason


def test_a_key_in_scientific_notation_is_refused(tmp_path):
    reading = read(write_xlsx(tmp_path / "a.xlsx", {"线索": [WAN, row("2.0263E+17"), row("2E+18")]}))
    assert [r["lead_id"] for r in reading.accepted] == []


@pytest.mark.parametrize("formula", ["=3000+2000", "=SUM(G2:G3)", "=B2", '=IF(1,"甲","乙")'])
@pytest.mark.parametrize("column", [0, 2, 5])
def test_the_placeholder_of_a_formula_is_no_value(tmp_path, formula, column):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("线索")
        for y, cells in enumerate([WAN, row("A1"), row("A2")]):
            sheet.write_row(y, 0, cells)
        sheet.write_formula(1, column, formula)  # 0 is stored, and fullCalcOnLoad asks for the result
    reading = read(tmp_path / "a.xlsx")
    assert [r["lead_id"] for r in reading.accepted] == ["A2"]
    assert "占位" in reading.refusals[0].reason


@pytest.mark.parametrize("number", ["12,000", "1,234,567", "3,000.5"])
@pytest.mark.parametrize("place", range(5, 8))
@pytest.mark.parametrize("trailing", ["", ","])
def test_a_comma_inside_a_number_moves_no_cell(tmp_path, number, place, trailing):
    cells = [str(cell) for cell in row("A1")]
    cells[place] = number
    lines = [",".join(WAN), ",".join(map(str, row("A2"))), ",".join(cells) + trailing]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    reading = read(tmp_path / "a.csv")
    assert [r["lead_id"] for r in reading.accepted] == ["A2"]
    assert "逗号" in reading.refusals[0].reason


def test_a_text_file_is_split_as_its_quotes_say(tmp_path):
    paths = '"' + ";".join(f"/附件/{i}.jpg" for i in range(12)) + '"'
    lines = [
        ",".join([*WAN, "佐证材料"]),
        ",".join([*map(str, row('="00123"')), paths]),
        ",".join([*map(str, row("B\x0b2")), paths]),
    ]
    (tmp_path / "a.csv").write_text("\r\n".join(lines), encoding="utf-8")
    assert [r["lead_id"] for r in read(tmp_path / "a.csv").accepted] == ["00123", "B 2"]


# --- where a table ends ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [
    [*WAN[:5], "计划总投资（亿元）", *WAN[6:]],
    [WAN[0], WAN[2], WAN[1], *WAN[3:]],
    ["线索编号", "进展阶段", "发生日期"],
    ["1.线索编号", "2.项目名称", "3.投资主体", "4.负责单位", "5.首报日期", "6.计划总投资/亿元"],
    ["单位：亿元"],
    ["二、签约项目（单位：亿元）"],
])  # fmt: skip
@pytest.mark.parametrize("title", [[], [["二、签约项目"]], [[None]]])
def test_nothing_under_a_second_header_is_read_by_the_first(tmp_path, second, title):
    rows = [["一、在谈项目"], WAN, row("A1"), row("A2"), *title, second, row("B1", 3), row("B2", 1.2)]
    path = write_xlsx(tmp_path / "a.xlsx", {"线索": rows})
    found, refusals = rows_of(path), [r for reading in read_tables(path) for r in reading.refusals]
    if second[:3] == WAN[:3] and len(second) == len(WAN):  # the same columns, in 亿元
        assert [r["investment_wan_cny"] for r in found.values()] == [5000, 5000, 30_000, 12_000]
    elif len(second) == len(WAN):  # two columns exchanged
        assert (found["A1"]["project_name"], found["B1"]["enterprise_name"]) == ("项目", "项目")
    else:
        assert list(found) == ["A1", "A2"]
        assert {r.row for r in refusals} == {len(rows) - 1, len(rows)}
        assert all("表头" in r.reason for r in refusals)


def test_of_two_tables_neither_is_lost_where_the_lower_has_more_columns(tmp_path):
    rows = [WAN[:6], row("A1")[:6], row("A2")[:6], [*WAN[:5], "计划总投资（亿元）", *WAN[6:], "主要产品"], row("B1", 3)]
    found = rows_of(write_xlsx(tmp_path / "a.xlsx", {"线索": rows}))
    assert {key: r["investment_wan_cny"] for key, r in found.items()} == {"A1": 5000, "A2": 5000, "B1": 30_000}


def test_a_repeated_header_begins_no_table(tmp_path):
    rows = [WAN, row("A1"), WAN, row("A2")]
    assert [r["lead_id"] for r in read(write_xlsx(tmp_path / "a.xlsx", {"线索": rows})).accepted] == ["A1", "A2"]


@pytest.mark.parametrize(
    "word", ["合计", "合计：", "合 计", "总计:", "小计（3个）", "城关镇小计", "合计(2家)", "总数", "汇总", "Total"]
)
@pytest.mark.parametrize("full", [True, False])
def test_a_total_is_no_row_however_many_columns_it_fills(tmp_path, word, full):
    total = (
        [word, "2个项目", "2家", "全区", "2026-06-30", 10000, 60, 200]
        if full
        else [word, None, None, None, None, 10000]
    )
    reading = read(
        write_xlsx(tmp_path / "a.xlsx", {"线索": [WAN, row("A1"), ["一、工业项目（1个）"], row("A2"), total]})
    )
    assert ([r["lead_id"] for r in reading.accepted], reading.refused) == (["A1", "A2"], 0)


# --- columns that are not read --------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["计划总投资/万元", "7.计划总投资（万元）", "计划总投资（单位：万元）", "计划总投资万元", "(6)计划总投资(万元)",
                                    "6、投资额（万元）", "协议总投资（万元）", "项目总投资_万元", "计划总投资\n（万元）"])  # fmt: skip
def test_a_unit_or_a_number_about_the_header_hides_no_amount(tmp_path, header):
    rows = [[header if h == "计划总投资（万元）" else h for h in WAN], row("A1", 5)]
    assert read(write_xlsx(tmp_path / "a.xlsx", {"线索": rows})).accepted[0]["investment_wan_cny"] == 5


@pytest.mark.parametrize(
    "header", ["首付款金额（万元）", "履约保证金额", "拟投入资金（亿元）", "外资部分(万美元)", "设备投资"]
)
def test_an_unknown_column_of_money_is_named_or_refused(tmp_path, header):
    beside = read(write_xlsx(tmp_path / "a.xlsx", {"线索": [[*WAN, header], [*row("A1"), 700]]}))
    assert (len(beside.accepted), beside.unread_amounts) == (1, (header,))
    assert any(header in remark for remark in beside.remarks)
    instead = [header if h == "计划总投资（万元）" else h for h in WAN]
    alone = read(write_xlsx(tmp_path / "b.xlsx", {"线索": [instead, row("A1")]}))
    assert alone.accepted == []
    assert header in alone.refusals[0].reason


@pytest.mark.parametrize("name", ["2026年上半年", "6月", "一季度", "汇总表", "Sheet1", "在谈项目台账", "附件1"])
def test_a_period_is_no_unit(tmp_path, name):
    rows = [[h for h in WAN if h != "负责单位"], [c for c in row("A1") if c != "城关镇"]]
    assert [r["unit_name"] for r in read(write_xlsx(tmp_path / "a.xlsx", {name: rows})).accepted] == [None]


def test_a_sheet_is_no_unit_beside_a_column_of_units_that_is_not_read(tmp_path):
    rows = [["分管部门" if h == "负责单位" else h for h in WAN], row("A1")]
    assert read(write_xlsx(tmp_path / "a.xlsx", {"城关镇": rows})).accepted == []
    rows = [[h for h in WAN if h != "负责单位"], [c for c in row("A1") if c != "城关镇"]]
    assert read(write_xlsx(tmp_path / "b.xlsx", {"城关镇": rows})).accepted[0]["unit_name"] == "城关镇"


@given(
    at=st.integers(0, 6),
    mark=st.sampled_from("\u200b\u200d\ufeff\u202a\u2060\u00ad\u200e\u2066\u034f\u3164\ufe0f\u115f\u2800\ufffc"),
)
@settings(max_examples=20, deadline=None)
def test_what_nobody_can_see_is_in_no_value(tmp_path_factory, at, mark):
    cells = [f"{mark}{cell}{mark}" if isinstance(cell, str) else cell for cell in row("A1", "5000")]
    header = [h[:at] + mark + h[at:] for h in WAN]
    (found,) = read(write_xlsx(tmp_path_factory.mktemp("x") / "a.xlsx", {"线索": [header, cells]})).accepted
    assert (found["lead_id"], found["unit_name"], found["enterprise_name"]) == ("A1", "城关镇", "某市试验有限公司")
    assert found["investment_wan_cny"] == 5000


@pytest.mark.parametrize(
    "stroke", ["／", "－", "——", "―", "\\", "...", "……", "- -", "//", "不涉及", "不适用", "\u200b"]
)
def test_a_stroke_is_an_empty_cell(tmp_path, stroke):
    rows = [WAN, row("A1", stroke, 项目名称="甲"), row("A2", 投资主体=stroke)]
    reading = read(write_xlsx(tmp_path / "a.xlsx", {"线索": rows}))
    assert [(r["lead_id"], r["investment_wan_cny"]) for r in reading.accepted] == [("A1", None)]
    assert [r.reason for r in reading.refusals] == ["“投资主体”没有填写"]


def test_every_contract_reads_its_own_header_and_no_row_of_data_looks_like_one(tmp_path):
    for contract in load_contracts().values():
        if not contract.bulk:
            titles = [f.title for f in contract.fields]
            assert contract.match(titles[0])
    assert (
        read(
            write_xlsx(tmp_path / "a.xlsx", {"线索": [HEADER, lead(1, 主要产品="投资主体、责任单位"), lead(2)]})
        ).refused
        == 0
    )


def test_a_row_of_a_contract_that_asks_for_little_is_not_dropped_for_a_unit_in_its_text(tmp_path):
    for contract in load_contracts().values():
        required = [f for f in contract.fields if f.required]
        amounts = [f for f in contract.fields if f.type == "amount"]
        texts = [f for f in contract.fields if f.type == "text" and not f.required and not f.personal]
        if contract.bulk or len(required) > 2 or not amounts or len(texts) < 2:
            continue
        header = [f.title for f in [*required, *texts[:2]]] + [f"{amounts[0].title}（万元）"]
        cells = [*("2026-03-05" if f.type == "date" else "甲" for f in required), "注（亿元）", "乙", 5]
        (reading,) = read_workbook(write_xlsx(tmp_path / f"{contract.name}.xlsx", {"表": [header, cells]}), contract)
        assert reading.not_data == 1, contract.name


def test_many_rows_that_begin_like_totals_are_refused_at_once(tmp_path):
    header = ["序号", *WAN]
    rows = [header, *(["合计", *row(f"A{n}")] for n in range(3_000))]
    reading = read(write_xlsx(tmp_path / "a.xlsx", {"线索": rows}))
    assert (len(reading.accepted), reading.refused) == (0, 3_000)
