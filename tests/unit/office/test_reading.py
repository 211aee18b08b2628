"""Reading a folder: types, and every kind of fault named with file, line, field, value and fix."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from office_folders import BAD, bad_cells, rows_of, set_cell, write_rows

from office.district import PROVINCES, parse_district
from office.problems import OfficeError, Problem
from office.reading import FILES, check_folder, read_table, unverified
from office.tables import TABLES, Table
from office.workbook import kinds_of

CLOSED = [(table, column) for table in TABLES.values() for column in table.closed]


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, [str(problem) for problem in problems]
    assert re.search("[一-龥]", problems[0].reason) and re.search("[一-龥]", problems[0].fix)
    return problems[0]


def problems_in(folder: Path, table: Table) -> list[Problem]:
    with pytest.raises(OfficeError) as error:
        read_table(folder, table.name)
    return error.value.problems


def test_a_fresh_folder_can_be_used(written: Path) -> None:
    assert check_folder(written) == []
    assert {path.name for path in written.iterdir()} == {*FILES, "说明.md", ".defaults.json"}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_has_the_types_of_its_class(written: Path, table: Table) -> None:
    read, raw = read_table(written, table.name), rows_of(written / table.file)
    assert read.num_rows == len(raw) and read.schema == table.schema
    kinds = {
        "text": (pa.string(), str), "number": (pa.float64(), float), "whole": (pa.int64(), int),
        "day": (pa.date32(), dt.date), "yes_no": (pa.bool_(), bool),
    }  # fmt: skip
    for name, kind in kinds_of(table).items():
        arrow, python = kinds[kind]
        assert read.schema.field(name).type == arrow
        for value, written_value in zip(read[name].to_pylist(), (row[name] for row in raw), strict=True):
            assert (value is None) == (written_value == "")
            if value is not None and kind in ("number", "whole"):
                assert value == float(written_value)
            elif value is not None:
                assert isinstance(value, python) and str(value).lower() == written_value.strip().lower()


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_of_every_table_refuses_what_it_can_not_mean(folder: Path, table: Table) -> None:
    wrong = bad_cells(table)
    rows = rows_of(folder / table.file) or [dict.fromkeys(table.columns, "1")]  # 台账版式 comes without rows
    while len(rows) < len(wrong):
        rows += rows
    for (name, value), row in zip(wrong.items(), range(len(wrong)), strict=False):
        rows[row] = {**rows[row], name: value}
    write_rows(folder / table.file, rows)
    said = {(p.line, p.field): p for p in problems_in(folder, table)}
    for row, (name, value) in enumerate(wrong.items()):
        problem = said[row + 2, name]  # the header is line 1
        assert problem.file == table.file and problem.value == value
        line = str(problem)
        assert line.startswith(f"{table.file} 第 {row + 2} 行 {name}") and "；" in line
        assert value in line


def test_a_missing_date_is_named(folder: Path) -> None:
    set_cell(folder / "traffic_lights.csv", 1, "valid_from", "")
    problem = only(check_folder(folder))
    assert str(problem) == "traffic_lights.csv 第 3 行 valid_from：没有填；请填日期，如 2026-01-31"


@pytest.mark.parametrize("case", CLOSED, ids=lambda case: f"{case[0].name}-{case[1]}")
def test_a_closed_word_is_known_and_has_a_row(folder: Path, case: tuple[Table, str]) -> None:
    table, column = case
    path = folder / table.file
    word = rows_of(path)[0][column]
    rows = [{**row, column: "新写法"} if row[column] == word else row for row in rows_of(path)]
    write_rows(path, rows)
    problems = problems_in(folder, table)
    unknown = [p for p in problems if "不认识" in p.reason]
    missing = [p for p in problems if p.reason.startswith("缺少")]
    assert {(p.file, p.line, p.field, p.value) for p in unknown} == {
        (table.file, number, column, "新写法") for number, row in enumerate(rows, start=2) if row[column] == "新写法"
    }
    assert [(p.file, p.field) for p in missing] == [(table.file, column)] and f"“{word}”" in missing[0].reason


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_repeated_key_is_named(folder: Path, table: Table) -> None:
    rows = rows_of(folder / table.file)
    if not rows:
        pytest.skip(f"{table.file} comes without rows")
    write_rows(folder / table.file, [*rows, rows[0]])
    problem = only(problems_in(folder, table))
    assert (problem.file, problem.line) == (table.file, len(rows) + 2)
    assert "重复" in problem.reason and problem.field == "、".join(table.key)


def test_a_header_that_differs_says_what_is_missing_and_what_is_extra(folder: Path) -> None:
    path = folder / "exchange_rates.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("cny_per_unit", "汇率", 1), encoding="utf-8")
    problem = only(check_folder(folder))
    assert (problem.file, problem.line) == (path.name, 1)
    assert "缺 cny_per_unit" in problem.reason and "多 汇率" in problem.reason


def test_an_extra_column_is_a_wrong_header_and_a_stray_comma_a_wrong_row(folder: Path) -> None:
    rows = rows_of(folder / "size_ladder.csv")
    write_rows(folder / "size_ladder.csv", [{**row, "备注": "x"} for row in rows])
    assert "多 备注" in only(check_folder(folder)).reason
    write_rows(folder / "size_ladder.csv", rows)
    lines = (folder / "size_ladder.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[2] = lines[2].rstrip("\n") + ",多出的一格\n"
    (folder / "size_ladder.csv").write_text("".join(lines), encoding="utf-8")
    problem = only(check_folder(folder))
    assert problem.line == 3 and "有 5 格，表头有 4 格" in problem.reason


@pytest.mark.parametrize("name", ["zones.csv", "weights.yaml", "district.yaml"])
def test_a_file_saved_as_gbk_is_named(folder: Path, name: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_bytes(text.encode("gb18030"))
    problem = only(check_folder(folder))
    assert Path(problem.file).name == name and "UTF-8" in problem.reason and "另存" in problem.fix


def test_every_file_that_is_gone_is_named(folder: Path) -> None:
    gone = [name for name in FILES if name != "district.yaml"]
    for name in gone:
        (folder / name).unlink()
    problems = check_folder(folder)
    assert [p.file for p in problems] == gone
    # Chains are chosen, by the command that completes a folder; an upgrade adds the rest.
    assert all(
        ("zeyou init --chains" if p.file == "chains.yaml" else "zeyou office upgrade") in p.fix for p in problems
    )


def test_a_folder_without_a_district_says_only_that(folder: Path) -> None:
    (folder / "district.yaml").unlink()
    (folder / "zones.csv").unlink()
    assert "zeyou init" in only(check_folder(folder)).fix


@pytest.mark.parametrize(
    ("written_as", "is_known"),
    [("石桥镇", True), ("镇、街道", True), ("园区、石桥镇", True), ("望湖镇", False), ("石桥镇，望湖街道", False)],
)
def test_a_town_of_a_rule_is_in_the_district(folder: Path, written_as: str, is_known: bool) -> None:
    set_cell(folder / "unit_rules.csv", 0, "applies_to", written_as)
    problems = check_folder(folder)
    if is_known:
        assert problems == []
    else:
        problem = only(problems)
        assert (problem.file, problem.line, problem.field) == ("unit_rules.csv", 2, "applies_to")
        assert problem.value in ("望湖镇", "望湖街道") and "临澜区没有这个镇街" in problem.reason


def test_a_district_without_towns_accepts_any(folder: Path) -> None:
    path = folder / "district.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("[石桥镇, 柳泉镇]", "[]"), encoding="utf-8")
    set_cell(folder / "unit_rules.csv", 0, "applies_to", "望湖镇")
    assert check_folder(folder) == []


def test_a_row_over_two_lines_keeps_the_numbers_of_the_later_rows(folder: Path) -> None:
    path = folder / "source_sides.csv"
    rows = rows_of(path)
    rows[0]["basis"] = "起始设置\n（未核实）"
    rows[2]["valid_from"] = BAD["day"]
    write_rows(path, rows)
    assert only(check_folder(folder)).line == 5


@given(st.sampled_from(PROVINCES), st.text(alphabet="临澜石桥柳泉", min_size=1, max_size=4))
def test_a_district_is_what_its_facts_say(province: str, name: str) -> None:
    facts = {"name": f"{name}区", "province": f"{province}省", "city": f"{name}市"}
    district = parse_district(facts, "district.yaml")
    assert district.short_province == province and district.name == facts["name"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": "某某区"}, "name"),
        ({"name": "Linlan"}, "name"),
        ({"province": "江南省"}, "province"),
        ({"level": "县级"}, "level"),
        ({"fiscal_year_starts_in": 13}, "fiscal_year_starts_in"),
        ({"mayor": "某"}, "mayor"),
        ({"towns": ["石桥镇", "石桥镇"]}, ""),
    ],
)
def test_a_wrong_fact_of_the_district_is_named(facts: dict[str, object], field: str) -> None:
    with pytest.raises(OfficeError) as error:
        parse_district({"name": "临澜区", "province": "江苏省", "city": "临澜市", **facts}, "district.yaml")
    problem = error.value.problems[0]
    assert problem.field == field and problem.file == "district.yaml"


def test_what_nobody_verified_is_counted_by_another_way(written: Path) -> None:
    found = list(unverified(written))
    words = re.compile("未核实|未下达|verified: *false")
    expected = 0
    for name in FILES:
        flagged = name.endswith(".csv") and "is_verified" in (rows_of(written / name) or [{}])[0]
        lines = (written / name).read_text(encoding="utf-8").splitlines()
        flags = [row["is_verified"] == "false" for row in rows_of(written / name)] if flagged else []
        expected += sum(
            bool(words.search(line)) or (flagged and number > 0 and flags[number - 1])
            for number, line in enumerate(lines)
        )
    assert len(found) == expected > 500
