"""The kinds of faults that offices' files have, each in many forms: what is certain is read, all else is asked for.

Formats × magnitudes × units, bounds, notes, struck-out cells, conditional formats, stacked tables, keys that differ,
hidden sheets, periods, exports that are no .xls, cells that cost only themselves.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import html
import random
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.field import SEED, run
from intake.contract import get_contract
from intake.landing import LandingStore, read_file
from intake.opening import FileProblem
from intake.periods import period_of
from intake.values import Unreadable, parse_amount, parse_amount_unit, parse_area, parse_number, split_note
from intake.workbook import SheetReading, read_workbook

LEADS = get_contract("leads")
HEAD = [
    "线索编号",
    "项目名称",
    "投资主体",
    "负责单位",
    "首报日期",
    "计划总投资（万元）",
    "用地需求（亩）",
    "是否FDI",
    "线索来源",
    "签约日期",
]
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def row(key: str, amount: Any = 5000, **changed: Any) -> list[Any]:
    cells = dict(
        zip(
            HEAD,
            [key, "项目", "某市试验有限公司", "城关镇", "2026-03-05", amount, 30, "是", "展会活动", None],
            strict=True,
        )
    )
    return list((cells | changed).values())


def write(
    path: Path, sheets: dict[str, list[list[Any]]], looks: dict[tuple[str, int, int], dict[str, Any]] | None = None
) -> Path:
    """Write sheets; `looks` are properties of cells by sheet, row and column from 0."""
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for y, cells in enumerate(rows):
                for x, cell in enumerate(cells):
                    look = (looks or {}).get((name, y, x))
                    sheet.write(y, x, cell, book.add_format(look) if look else None)
    return path


def taken(readings: list[SheetReading]) -> dict[str, dict[str, Any]]:
    for reading in readings:
        assert reading.read == len(reading.accepted) + reading.refused + reading.not_data
    return {r["lead_id"]: r for reading in readings for r in reading.accepted}


# --- the benchmark's generator, a few workbooks a run ------------------------------------------------------------------


@pytest.mark.parametrize("seed", [SEED, 7])
def test_generated_workbooks_have_no_wrong_value_and_lose_no_row(seed):
    told: list[str] = []
    counts = run(40, seed, told.append)
    assert sum(c.wrong + c.lost for c in counts.values()) == 0, [line for line in told if "WRONG" in line]
    assert sum(c.taken for c in counts.values()) >= 0.98 * sum(c.certain for c in counts.values())
    assert "0 whose rows do not add up" in told[-1]


# --- numbers ----------------------------------------------------------------------------------------------------------

BOUNDS = ["约{}", "大约{}", "近{}", "超{}", "逾{}", "不低于{}", "不少于{}", "不超过{}", "至少{}", "最高{}", ">{}", "≥{}", "≤{}", "＞{}", "≈{}",
          "{}以上", "{}以下", "{}以内", "{}左右", "{}上下", "{}余", "{}多", "{}起", "{}+", "{}之内"]  # fmt: skip
PARSERS = {
    "amount": lambda text: parse_amount(text, parse_amount_unit("万元")),
    "area": lambda text: parse_area(text, 1.0),
    "number": parse_number,
}


@pytest.mark.parametrize("parser", PARSERS)
@given(
    number=st.integers(1, 10**6), form=st.sampled_from(BOUNDS), unit=st.sampled_from(["", "万", "万元", "亿元", "亩"])
)
def test_a_bound_is_no_value(parser, number, form, unit):
    with pytest.raises(Unreadable):
        PARSERS[parser](form.format(f"{number}{unit}"))


@given(
    yi=st.integers(1, 900),
    wan=st.integers(1, 9999),
    end=st.sampled_from(["万", "万元", "万元整"]),
    sign=st.sampled_from(["", "¥", "￥", "人民币"]),
)
def test_an_amount_in_two_parts_is_their_sum(yi, wan, end, sign):
    amount = parse_amount(f"{sign}{yi}亿{wan}{end}", None)
    assert amount is not None and (amount.wan_cny, amount.currency) == (yi * 10_000 + wan, "CNY")


@given(number=st.integers(1, 10**6), sign=st.sampled_from(["¥", "￥", "$", "€", "US$"]))
def test_a_sign_of_currency_alone_is_no_unit(number, sign):
    with pytest.raises(Unreadable):
        parse_amount(f"{sign}{number}", parse_amount_unit("万元"))


UNIT_FORMATS = {"万元": 1.0, "万": 1.0, "亿元": 10_000.0, "元": 0.0001, "百万元": 100.0}


@FEW
@given(
    data=st.lists(
        st.tuples(st.integers(1, 10**7), st.integers(0, 2), st.sampled_from(list(UNIT_FORMATS)), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_a_number_under_a_format_is_what_is_shown(tmp_path, data):
    """Formats × magnitudes × units: value and format chosen apart, expected from the digits that are shown."""
    rows, looks, expected = [HEAD], {}, {}
    for at, (number, decimals, unit, grouped) in enumerate(data):
        code = ("#,##0" if grouped else "0") + ("." + "0" * decimals if decimals else "") + f'"{unit}"'
        rows.append(row(f"A{at}", number / 10**decimals))
        looks["线索", at + 1, 5] = {"num_format": code}
        expected[f"A{at}"] = number / 10**decimals * UNIT_FORMATS[unit]
    found = taken(read_workbook(write(tmp_path / "a.xlsx", {"线索": rows}, looks), LEADS))
    assert {key: r["investment_wan_cny"] for key, r in found.items()} == pytest.approx(expected, rel=1e-9, abs=1e-6)


@FEW
@given(number=st.integers(1, 10**9).filter(lambda n: n % 1000), commas=st.integers(1, 2))
def test_a_scaled_number_that_is_shown_rounded_is_refused(tmp_path, number, commas):
    looks = {("线索", 1, 5): {"num_format": "#,##0" + "," * commas}}
    assert taken(read_workbook(write(tmp_path / "a.xlsx", {"线索": [HEAD, row("A1", number)]}, looks), LEADS)) == {}


# --- notes, struck-out cells, conditional formats -----------------------------------------------------------------------

NOTES = ["①", "②", "⑳", "⑴", "*", "＊", "※", "【注1】", "（注2）", "[注]", "（见注3）", "(备注1)", "①②"]


@FEW
@given(notes=st.lists(st.sampled_from(NOTES), min_size=5, max_size=5), gap=st.sampled_from(["", " "]))
def test_a_mark_of_a_note_is_in_no_value_and_is_told(tmp_path, notes, gap):
    cells = row(
        f"A1{notes[0]}",
        f"5000{gap}{notes[1]}",
        投资主体=f"某市试验有限公司{gap}{notes[2]}",
        签约日期=f"2026.3.1{notes[4]}",
    )
    cells[HEAD.index("用地需求（亩）")] = f"30{notes[3]}"
    readings = read_workbook(write(tmp_path / "a.xlsx", {"线索": [HEAD, cells]}), LEADS)
    found = taken(readings)["A1"]
    assert (found["investment_wan_cny"], found["land_mu"], found["enterprise_name"]) == (5000, 30, "某市试验有限公司")
    assert found["signed_date"] == dt.date(2026, 3, 1)
    assert sum("注号" in remark for remark in readings[0].remarks) == 5


@given(st.text(max_size=30))
def test_taking_notes_off_any_text_takes_off_only_ends(text):
    for is_name in (True, False):
        bare, marks = split_note(text, is_name=is_name)
        assert bare in text
        assert split_note(bare, is_name=False)[0] == bare or not marks


@pytest.mark.parametrize("name", ["*ST海航", "张**", "年产20万m²", "某公司（已注销）", "厂房1", "A+B"])
def test_what_only_looks_like_a_note_stays(name):
    assert split_note(name, is_name=True) == (name, "")


@pytest.mark.parametrize("at", range(6))
def test_a_struck_out_cell_that_a_row_needs_costs_the_row(tmp_path, at):
    looks = {("线索", 1, at): {"font_strikeout": True}}
    readings = read_workbook(write(tmp_path / "a.xlsx", {"线索": [HEAD, row("A1"), row("A2")]}, looks), LEADS)
    assert list(taken(readings)) == ["A2"]
    assert "删除线" in readings[0].refusals[0].reason


@pytest.mark.parametrize("code", ['0"亿元"', '#,##0,"万元"', "0%", '0.0"万美元"'])
@pytest.mark.parametrize("where", ["F2:F3", "F1:F1048576", "A1:Z9"])
def test_a_format_that_a_condition_may_set_is_a_doubt(tmp_path, code, where):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("线索")
        for y, cells in enumerate([HEAD, row("A1"), row("A2", "5000万元")]):
            sheet.write_row(y, 0, cells)
        sheet.conditional_format(
            where, {"type": "cell", "criteria": ">", "value": 1, "format": book.add_format({"num_format": code})}
        )
    readings = read_workbook(tmp_path / "a.xlsx", LEADS)
    assert "A1" not in taken(readings)
    assert any("条件格式" in refusal.reason for refusal in readings[0].refusals)


@pytest.mark.parametrize(("code", "wan"), [('@"亿元"', 30_000), ('@"万元"', 3), ('0;0;0;@"亿"', 30_000)])
def test_a_text_under_a_format_is_what_is_shown(tmp_path, code, wan):
    path = write(tmp_path / "a.xlsx", {"线索": [HEAD, row("A1", "3")]}, {("线索", 1, 5): {"num_format": code}})
    assert taken(read_workbook(path, LEADS))["A1"]["investment_wan_cny"] == wan


# --- cells that cost only themselves, yes and no ------------------------------------------------------------------------


@pytest.mark.parametrize(("sign", "value"), [*((s, True) for s in ["√", "✓", "是", "Y", "y", "yes", 1, "1", "有", True]),
                                             *((s, False) for s in ["×", "✗", "否", "N", "no", 0, "0", "无", False]),
                                             *((s, None) for s in ["", "／", "－", "\\", "——", "不涉及", "不适用", "办理中", "待定", "未知"])])  # fmt: skip
def test_yes_no_and_nothing(tmp_path, sign, value):
    readings = read_workbook(write(tmp_path / "a.xlsx", {"线索": [HEAD, row("A1", 是否FDI=sign)]}), LEADS)
    assert taken(readings)["A1"]["is_fdi"] is value
    assert readings[0].refusals == []


BAD = {"是否FDI": "也许", "线索来源": "朋友圈", "签约日期": "2026-02-30", "用地需求（亩）": "利用厂房"}


@pytest.mark.parametrize("column", BAD)
def test_a_bad_optional_cell_costs_the_cell_and_is_told(tmp_path, column):
    path = write(
        tmp_path / "a.xlsx", {"线索": [HEAD, row("A1", **{column: BAD[column]}), row("A2", 首报日期="2026-02-30")]}
    )
    readings = read_workbook(path, LEADS)
    assert list(taken(readings)) == ["A1"]
    field = LEADS.match(column)
    assert field is not None and taken(readings)["A1"][field.name] is None
    assert [(r.row, r.column, r.is_row_taken) for r in readings[0].refusals] == [
        (2, column, True),
        (3, "首报日期", False),
    ]


def test_a_number_that_is_seen_never_vanishes_from_a_row_that_counts(tmp_path):
    readings = read_workbook(
        write(tmp_path / "a.xlsx", {"线索": [HEAD, row("A1", "5000万以上"), row("A2", "面议")]}), LEADS
    )
    assert [(key, r["investment_wan_cny"]) for key, r in taken(readings).items()] == [("A2", None)]


def test_many_bad_cells_in_a_row_cost_the_row(tmp_path):
    assert taken(read_workbook(write(tmp_path / "a.xlsx", {"线索": [HEAD, row("A1", **BAD)]}), LEADS)) == {}


def test_a_file_of_which_only_cells_were_left_out_goes_back(tmp_path):
    (tmp_path / "inbox").mkdir()
    write(tmp_path / "inbox" / "a.xlsx", {"线索": [HEAD, row("A1", 线索来源="朋友圈")]})
    store = LandingStore(tmp_path / "store", tmp_path / "outbox")
    (landed,) = store.land_inbox(tmp_path / "inbox").files
    assert (landed.summary.accepted, landed.summary.refused, landed.left_out) == (1, 0, 1)
    answer = tmp_path / "outbox" / str(landed.returned_file)
    (tmp_path / "inbox" / "b.xlsx").write_bytes(answer.read_bytes())
    again = store.land_inbox(tmp_path / "inbox").files[-1]
    assert (again.summary.accepted, again.summary.refused) == (0, 0)  # an unchanged row that was taken is no new one


# --- tables, keys, sheets -----------------------------------------------------------------------------------------------


@FEW
@given(seed=st.integers(0, 10**6), tables=st.integers(2, 5))
def test_each_of_several_tables_is_read_by_its_own_header(tmp_path, seed, tables):
    rng = random.Random(seed)
    rows: list[list[Any]] = []
    expected: dict[str, float] = {}
    for table in range(tables):
        unit, factor = rng.choice([("万元", 1.0), ("亿元", 10_000.0), ("元", 0.0001)])
        names = [*HEAD[:5], f"计划总投资（{unit}）", *rng.sample(HEAD[6:9], rng.randint(0, 3))]
        order = rng.sample(names, len(names))
        rows += rng.choice([[], [[]], [["二、签约项目"]], [["附表", "续"]]]) if table else []
        rows.append(order)
        for at in range(rng.randint(1, 4)):
            key, amount = f"T{table}-{at}", float(rng.randint(1, 9000))
            cells = dict(zip(HEAD, row(key, amount), strict=True))
            cells[names[5]] = amount
            rows.append([cells[name] for name in order])
            expected[key] = amount * factor
        rows += rng.choice([[], [["合计"]]])
    readings = read_workbook(write(tmp_path / "a.xlsx", {"线索": rows}), LEADS)
    assert {key: r["investment_wan_cny"] for key, r in taken(readings).items()} == pytest.approx(expected)
    assert all(rows[r["source_row"] - 1].count(r["lead_id"]) == 1 for r in taken(readings).values())


@FEW
@given(amounts=st.lists(st.integers(1, 3), min_size=2, max_size=4), apart=st.integers(0, 3))
def test_rows_of_one_key_that_differ_are_a_question(tmp_path, amounts, apart):
    others = [row(f"B{n}") for n in range(apart)]
    rows = [HEAD, row("A1", amounts[0]), *others, *(row("A1", amount) for amount in amounts[1:])]
    readings = read_workbook(write(tmp_path / "a.xlsx", {"线索": rows}), LEADS)
    differ = len(set(amounts)) > 1
    assert ("A1" in taken(readings)) is not differ
    assert readings[0].refused == (len(amounts) if differ else 0)
    assert all("编号相同而内容不同" in refusal.reason for refusal in readings[0].refusals)


@pytest.mark.parametrize("first", ["台账", "旧稿"])
def test_a_hidden_sheet_never_counts_beside_a_visible_one(tmp_path, first):
    names = [first, "旧稿" if first == "台账" else "台账"]
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        for name in names:
            sheet = book.add_worksheet(name)
            for y, cells in enumerate(
                [HEAD, row("A1", 9000 if name == "台账" else 1111), *([row("A2")] if name == "旧稿" else [])]
            ):
                sheet.write_row(y, 0, cells)
            if name == "台账":
                sheet.set_first_sheet()
                sheet.activate()
            else:
                sheet.hide()
    found = taken(read_workbook(tmp_path / "a.xlsx", LEADS))
    assert {key: r["investment_wan_cny"] for key, r in found.items()} == {"A1": 9000}


@pytest.mark.parametrize("hidden", [1, 2])
def test_of_a_hidden_and_a_visible_row_of_one_key_the_visible_one_counts(tmp_path, hidden):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("线索")
        for y, cells in enumerate([HEAD, row("A1", 1), row("A1", 2)]):
            sheet.write_row(y, 0, cells)
        sheet.set_row(hidden, None, None, {"hidden": True})
    assert taken(read_workbook(tmp_path / "a.xlsx", LEADS))["A1"]["investment_wan_cny"] == 3 - hidden


PERIODS = {
    "截至2026年6月30日": dt.date(2026, 6, 30), "2026年6月": dt.date(2026, 6, 30), "2026年1-6月台账": dt.date(2026, 6, 30), "2026.9": dt.date(2026, 9, 30),
    "2026年上半年": dt.date(2026, 6, 30), "2026年第三季度": dt.date(2026, 9, 30), "台账20260615": dt.date(2026, 6, 15), "202610": dt.date(2026, 10, 31),
    "2026年度": None, "6月": None, "2026年计划12月开工": None, "城关镇": None, "2026年13月": None,
}  # fmt: skip


@pytest.mark.parametrize("text", PERIODS)
def test_a_title_tells_its_period(text):
    assert period_of(text) == PERIODS[text]


@pytest.mark.parametrize("names", [["2026年9月", "2026年10月"], ["9月", "10月"]])
@pytest.mark.parametrize("turned", [False, True])
def test_sheets_of_months_land_with_their_periods_in_any_order(tmp_path, names, turned):
    sheets = {name: [HEAD, row("A1", amount)] for name, amount in zip(names, (1000, 2000), strict=True)}
    sheets = dict(reversed(sheets.items())) if turned else sheets
    readings = read_workbook(write(tmp_path / "台账.xlsx", sheets), LEADS)
    rows = [r for reading in readings for r in reading.accepted]
    newest = max(rows, key=lambda r: r["source_period_date"])
    assert (len(rows), newest["investment_wan_cny"], newest["source_period_date"]) == (2, 2000, dt.date(2026, 10, 31))


def test_sheets_that_say_no_period_and_differ_are_a_question(tmp_path):
    sheets = {name: [HEAD, row("A1", amount)] for name, amount in (("初稿", 1000), ("终稿", 2000))}
    assert taken(read_workbook(write(tmp_path / "台账.xlsx", sheets), LEADS)) == {}


def test_an_older_month_that_comes_later_ranks_lower_and_a_file_without_period_ranks_by_receipt(tmp_path):
    inbox, store = tmp_path / "inbox", LandingStore(tmp_path / "store")
    inbox.mkdir()
    for name, amount in (("2026年6月台账", 6), ("2026年5月台账", 5), ("更正", 7)):
        write(inbox / f"{name}.xlsx", {"线索": [HEAD, row("A1", amount)]})
        store.land_inbox(inbox)
    import pyarrow.parquet as pq

    rows = pq.read_table(store.folder / "leads.parquet").to_pylist()
    rows.sort(key=lambda r: (r["source_period_date"], r["received_seq"]))
    assert [r["investment_wan_cny"] for r in rows] == [5, 6, 7]


# --- exports that are no .xls --------------------------------------------------------------------------------------------


def as_html(rows: list[list[Any]], charset: str = "gb2312") -> str:
    lines = [
        "<tr>" + "".join(f"<td>{html.escape('' if c is None else str(c))}</td>" for c in r) + "</tr>" for r in rows
    ]
    return f'<html><head><meta http-equiv=Content-Type content="text/html; charset={charset}"></head><body><table>{"".join(lines)}</table></body></html>'


def as_xml(rows: list[list[Any]]) -> str:
    lines = [
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{"" if c is None else c}</Data></Cell>' for c in r) + "</Row>"
        for r in rows
    ]
    return (
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="s1"><NumberFormat ss:Format="0&quot;亿元&quot;"/></Style>'
        f'</Styles><Worksheet ss:Name="线索"><Table>{"".join(lines)}</Table></Worksheet></Workbook>'
    )


ROWS = [HEAD, row("A1"), row("A2", "1.2亿元"), row("A3", "3000 2000")]
EXPORTS = {
    "html gbk": as_html(ROWS).encode("gb18030"), "html utf-8": as_html(ROWS, "utf-8").encode(), "xml": as_xml(ROWS).encode(),
    "tabs gbk": "\r\n".join("\t".join("" if c is None else str(c) for c in r) for r in ROWS).encode("gb18030"),
    "tabs utf-16": "\r\n".join("\t".join("" if c is None else str(c) for c in r) for r in ROWS).encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("kind", EXPORTS)
def test_what_a_system_exports_as_xls_is_read(tmp_path, kind):
    (tmp_path / "a.xls").write_bytes(EXPORTS[kind])
    summary = read_file(tmp_path / "a.xls", "leads", tmp_path / "out")
    assert (summary.accepted, summary.refused, summary.not_data) == (2, 1, 1)
    found = taken(read_workbook(tmp_path / "a.xls", LEADS))
    assert {key: r["investment_wan_cny"] for key, r in found.items()} == {"A1": 5000, "A2": 12_000}


def test_a_page_is_read_as_it_is_seen(tmp_path):
    line = "<tr><td>{}<td>项目<td>某市<br>试验有限公司<td>城关镇<td>2026-03-05<td>{}<td>30<td>√<td>展会活动<td></tr>"
    head = "<tr>" + "".join(f"<th>{h}" for h in HEAD)
    rows = [line.format("A1", "5000<script>1</script>"), line.format("A2", "<s>5000</s>"), line.format("A3", "500<sup>2</sup>"),
            line.format("A4", "<span style='display:none'>9</span>5000")]  # fmt: skip
    (tmp_path / "a.xls").write_text(
        f"<table><tr><td colspan=10>招商台账</td></tr>{head}{''.join(rows)}</table>", encoding="utf-8"
    )
    readings = read_workbook(tmp_path / "a.xls", LEADS)
    assert {key: r["investment_wan_cny"] for key, r in taken(readings).items()} == {"A1": 5000, "A4": 5000}


def test_formats_of_xml_count(tmp_path):
    cell = '<Cell ss:StyleID="s1"><Data ss:Type="Number">3</Data></Cell>'
    text = as_xml([HEAD, row("A1", "XX")]).replace('<Cell><Data ss:Type="String">XX</Data></Cell>', cell)
    (tmp_path / "a.xls").write_text(text, encoding="utf-8")
    assert taken(read_workbook(tmp_path / "a.xls", LEADS))["A1"]["investment_wan_cny"] == 30_000


@pytest.mark.parametrize("content", [
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">&a;</Workbook>',
    '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><table><tr><td>&x;</td></tr></table></html>',
    '<html><table><tr><td colspan="99999999" rowspan="99999999">1</td></tr></table></html>',
    '<html><table>' + '<tr><td colspan=20000>1</td></tr>' * 400 + "</table></html>",
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table><Row Index="1"><Cell>',
    "MIME-Version: 1.0\nContent-Type: multipart/related", "<html><table></table></html>", "\x00\x01\x02",
])  # fmt: skip
def test_a_hostile_or_broken_export_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "a.xls").write_text(content, encoding="utf-8")
    with pytest.raises(FileProblem) as problem:
        read_workbook(tmp_path / "a.xls", LEADS)
    assert "\n" not in str(problem.value) and "a.xls" in str(problem.value)


@FEW
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [b"<html><table><tr><td>", b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', b""]
    ),
)
def test_any_bytes_under_xls_are_read_or_refused(tmp_path, content, head):
    (tmp_path / "a.xls").write_bytes(head + content + b" ")
    with contextlib.suppress(FileProblem):
        read_workbook(tmp_path / "a.xls", LEADS)
