"""Templates: recognised as their own ledger and no other; written, filled, read, written again, read: equal rows."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from ledger_writing import write_xlsx

from intake.contract import Contract, load_contracts
from intake.reading import SheetReading
from intake.template import header_text, template_workbook, write_template
from intake.values import exchange_rates, month_end
from intake.workbook import read_workbook
from orchestration.command_line import main

LEDGERS = {name: c for name, c in load_contracts().items() if not c.bulk}
SPANS = ("day", "ten_days", "month", "quarter", "half", "year")


def ledger(readings: list[SheetReading]) -> SheetReading:
    (found,) = [reading for reading in readings if reading.contract]
    return found


def random_row(contract: Contract, rng: random.Random, number: int) -> dict[str, Any]:
    """Give a row as the landing store would hold it."""
    row: dict[str, Any] = {}
    for f in contract.landed_fields:
        if not f.required and rng.random() < 0.3:
            continue
        if f.choices:
            value = rng.choice(list(f.choices))
            row[f.name] = value == "true" if f.type == "boolean" else value
        elif f.type == "date":
            span, year, month = rng.choice(SPANS), rng.randint(2015, 2030), rng.randint(1, 12)
            ends = {"month": month, "quarter": (month + 2) // 3 * 3, "half": 6 if month < 7 else 12, "year": 12}
            day = month_end(year, ends.get(span, month)) if span in ends else dt.date(year, month, rng.randint(1, 28))
            row[f.name] = day.replace(day=rng.choice([10, 20])) if span == "ten_days" else day
            row[f"{f.name}_precision"] = span
        elif f.type == "amount":
            currency = rng.choice(["CNY", "CNY", "USD", "HKD", "EUR", "JPY"])
            row[f.name] = round(rng.uniform(0, 9e5), 2) * (rate := exchange_rates()[currency])
            stem = f.name.removesuffix("_wan_cny")
            row |= {f"{stem}_currency": currency, f"{stem}_rate": rate}
        elif f.type == "uscc":
            row[f.name] = rng.choice(["91440300708461136T", "91370300MA3C000700", "91370300MA3C00257Y"])
        elif f.type == "industry":
            row[f.name] = rng.choice(["17", "1781", "291"])
        elif f.type == "year":
            row[f.name] = rng.randint(2000, 2050)
        elif f.type in {"area", "intensity", "number"}:
            row[f.name] = round(rng.uniform(0, 5000), 3)
        else:
            row[f.name] = f"{f.title}{number}" + rng.choice(["", "（甲）", "①号", "A-1", " 与 乙"])
    return row


def assert_equal(contract: Contract, found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    assert len(found) == len(wanted)
    columns = [c.name for f in contract.landed_fields for c in f.arrow_fields() if not c.name.endswith("_basis")]
    for got, want in zip(found, wanted, strict=True):
        for name in columns:
            expected = want.get(name)
            if isinstance(expected, float):
                expected = pytest.approx(expected, abs=1e-5)
            assert got.get(name) == expected, name


@pytest.mark.parametrize("name", sorted(LEDGERS))
def test_written_read_written_and_read_again_gives_equal_rows(name, tmp_path):
    contract = LEDGERS[name]
    drawn = [random_row(contract, random.Random(f"{name} {n}"), n) for n in range(25)]
    rows = list({tuple(row.get(part, n) for part in contract.key): row for n, row in enumerate(drawn)}.values())
    write_template(contract, tmp_path / "一.xlsx", rows)
    first = ledger(read_workbook(tmp_path / "一.xlsx"))
    assert (first.contract, first.refusals) == (name, [])
    assert_equal(contract, first.accepted, rows)
    write_template(contract, tmp_path / "二.xlsx", first.accepted)
    second = ledger(read_workbook(tmp_path / "二.xlsx"))
    assert second.accepted == first.accepted


@pytest.mark.parametrize("name", sorted(LEDGERS))
def test_an_empty_template_is_its_own_ledger_and_its_example_is_no_data(name, tmp_path):
    write_template(LEDGERS[name], tmp_path / "模板.xlsx")
    reading = ledger(read_workbook(tmp_path / "模板.xlsx"))
    assert (reading.contract, reading.accepted, reading.refusals, reading.not_data) == (name, [], [], 2)
    assert len(reading.columns) == len(LEDGERS[name].fields)


@pytest.mark.parametrize("name", sorted(LEDGERS))
def test_a_ledger_is_known_by_its_required_columns_alone(name, tmp_path):
    contract = LEDGERS[name]
    header = [header_text(f) for f in contract.fields if f.required]
    row = [random_row(contract, random.Random(1), 1)[f.name] for f in contract.fields if f.required]
    row = ["x" if isinstance(cell, bool) else cell for cell in row]
    path = write_xlsx(tmp_path / "表.xlsx", {"台账": [header, row]})
    (reading,) = read_workbook(path)
    assert reading.contract == name
    assert not any("既像" in refusal.reason for refusal in reading.refusals)


def test_a_template_has_dropdowns_text_columns_and_hides_its_dictionary(tmp_path):
    write_template(LEDGERS["leads"], tmp_path / "模板.xlsx")
    book = openpyxl.load_workbook(tmp_path / "模板.xlsx")
    assert book.sheetnames == ["线索台账", "填表说明", "字典"]
    assert book["字典"].sheet_state == "hidden"
    sheet = book["线索台账"]
    lists = {str(v.sqref).split(":")[0]: v.formula1 for v in sheet.data_validations.dataValidation}
    header = [cell.value for cell in sheet[1]]
    foreign = sheet.cell(2, header.index("内外资") + 1).coordinate
    assert lists[foreign].startswith("字典!$")
    for title in ("统一社会信用代码", "联系电话", "*线索编号"):
        at = header.index(title) + 1
        spans = [d for d in sheet.column_dimensions.values() if d.min <= at <= d.max]
        assert [d.number_format for d in spans] == ["@"]
    assert "计划总投资（万元）" in header


def test_the_same_template_has_the_same_bytes():
    assert template_workbook(LEDGERS["leads"]) == template_workbook(LEDGERS["leads"])


def test_the_commands_write_a_template_and_explain_a_file(tmp_path, capsys):
    out = tmp_path / "模板.xlsx"
    assert main(["template", "leads", "--out", str(out)]) == 0
    assert "线索台账" in capsys.readouterr().out
    header = ["线索编号", "项目名称", "投资方", "责任单位", "首报日期", "总投资（亿元）", "用地", "天气", "联系人"]
    rows = [
        header,
        ["A1", "项目", "甲公司", "城关镇", "2025-06-03", 1, None, "晴", "王某某"],
        ["A2", "乙项目", "乙", "镇", "待定"],
    ]
    path = write_xlsx(tmp_path / "台账.xlsx", {"线索": rows, "说明": [["看这里"]]})
    assert main(["explain", str(path)]) == 0
    told = capsys.readouterr().out
    for part in (
        "表头在第 1 行",
        "“投资方”是“投资主体”的同义写法",
        "单位 亿元（来自表头）",
        "单位不明，须在单元格写明",
        "H 列“天气”：没有认出，不读取",
        "个人信息，不读取",
        "共 3 行 = 接收 1 + 拒收 1 + 非数据 1",
        "拒收 第 3 行 “首报日期”列",
        "没有认出表头",
    ):
        assert part in told
    assert "王某某" not in told
    assert main(["explain", str(Path(tmp_path / "没有.xlsx"))]) == 2
    assert main(["template", "没有", "--out", str(out)]) == 2


def test_a_bracket_that_no_contract_knows_is_told(tmp_path, capsys):

    def write(name, headers, dates):
        path = tmp_path / name
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("台账")
            required = ["线索编号", "项目名称", "投资主体", "负责单位", "首报日期"]
            sheet.write_row(0, 0, [*required, *headers])
            sheet.write_row(1, 0, ["X1", "甲项目", "甲有限公司", "云山镇", "2025-01-02", *dates])
        main(["explain", str(path)])
        return capsys.readouterr().out

    told = write("口径.xlsx", ["开工时间(统计口径)"], ["2025-03-04"])
    assert "“开工时间(统计口径)”按“开工日期”读取，括号中的“统计口径”没有列入约定，请确认口径一致" in told
    assert "接收 1 " in told
    # The column that bears the field's own title is read, and the other is said to give way.
    told = write("两列.xlsx", ["开工日期", "开工时间(统计口径)"], ["2025-03-04", "2025-05-06"])
    assert "另有一列与“开工日期”同名，以那一列为准，不读取" in told
    assert "没有列入约定" not in told
    told = write("两种口径.xlsx", ["开工时间(统计口径)", "开工时间(住建口径)"], ["2025-03-04", "2025-05-06"])
    assert "有两列都像“开工日期”" in told
    # A known bracket is a field of its own.
    assert "没有列入约定" not in write("发改.xlsx", ["实际开工时间(发改)"], ["2025-03-04"])
