"""The workbook of rules: out and back without a change, applied whole or not at all, conflicts shown with both values."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import io
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office_folders import (
    FACTS,
    WHEN,
    Book,
    bad_cells,
    bytes_of,
    copy_of,
    returned_book,
    rows_of,
    set_cell,
    table_titled,
    write_rows,
)

import office.receiving
from intake.opening import Sheet, open_sheets
from office import OfficeError
from office.receiving import CHANGES, NotReadable, is_rules_workbook
from office.scalars import settings_in
from office.tables import TABLES, Table
from office.workbook import SINGLE, STATE, export, kinds_of
from orchestration.landing_office import check_office

RATE = ("USD", "2026-07-01", 7.05, "与外汇管理部门公布数核对")


def recorded(folder: Path) -> list[dict[str, Any]]:
    path = folder / CHANGES
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


# --- out --------------------------------------------------------------------------------------------------------------


def test_the_same_folder_gives_the_same_bytes_and_names_every_table(written: Path, exported: list[Sheet]) -> None:
    assert export(written) == export(written)
    titles = [table.title for table in TABLES.values()]
    assert [sheet.name for sheet in exported] == ["说明", *titles, "其他设置", STATE]
    assert is_rules_workbook(exported) and not is_rules_workbook(exported[1:])
    guide = {row[0]: row[1] for row in exported[0].rows if row[0]}
    assert guide["本区"] == FACTS["name"] and guide["填表人"] == "" and len(guide["底稿标记（勿改）"]) == 32


def test_every_cell_of_every_table_is_in_the_workbook(written: Path, whole_book: Book) -> None:
    for table in TABLES.values():
        sheet, raw = whole_book.sheet(table.title), rows_of(written / table.file)
        assert sheet.rows[0] == list(table.columns.values()) and len(sheet.rows) == len(raw) + 1
        for row, source in zip(sheet.rows[1:], raw, strict=True):
            for cell, (name, kind) in zip(row, kinds_of(table).items(), strict=True):
                text = source[name]
                if kind in ("number", "whole") and text:
                    assert cell == float(text)
                else:
                    assert cell == {"true": "是", "false": "否"}.get(text, text) if kind == "yes_no" else cell == text


def test_every_single_setting_is_in_the_workbook(written: Path, book: Book) -> None:
    rows = {(row[0], row[1]): row[3] for row in book.sheet("其他设置").rows[1:]}
    settings = [(name, s) for name in SINGLE for s in settings_in((written / name).read_text(encoding="utf-8"))]
    assert set(rows) == {(name, setting.path) for name, setting in settings}
    assert rows["weights.yaml", "weights.landing"] == 0.5 and rows["district.yaml", "towns"] == "石桥镇、柳泉镇"
    assert rows["first_report.yaml", "valid_from"] == "2026-01-01"


def test_excel_sees_text_where_it_would_change_what_it_sees(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "规则.xlsx"
    path.write_bytes(export(written))
    book = openpyxl.load_workbook(path)
    assert book[STATE].sheet_state == "veryHidden"
    sheet = book["汇率"]
    assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref
    for row in sheet.iter_rows(min_row=2):
        assert [cell.data_type for cell in row] == ["s", "s", "n", "s"]
        assert row[1].number_format == "@"  # a day typed here stays as it was typed
    assert any(rule.formula1 == '"是,否"' for rule in book["节假日与调休"].data_validations.dataValidation)


def test_a_cell_that_no_workbook_holds_is_refused_not_cut(folder: Path) -> None:
    set_cell(folder / "zones.csv", 0, "source", "长" * 33_000)
    with pytest.raises(OfficeError, match="放不下"):
        export(folder)


# --- back -------------------------------------------------------------------------------------------------------------


def test_a_workbook_that_nobody_changed_changes_nothing(folder: Path, book: Book) -> None:
    before = bytes_of(folder)
    received = book.signed("").received(folder)
    assert (received.changes, received.problems) == ((), ()) and bytes_of(folder) == before


def test_order_of_rows_columns_and_sheets_means_nothing(folder: Path, whole_book: Book) -> None:
    before = bytes_of(folder)
    chance = random.Random(7)
    for sheet in whole_book.sheets[1:-1]:
        columns = list(range(len(sheet.rows[0])))
        chance.shuffle(columns)
        body = sheet.rows[1:]
        chance.shuffle(body)
        sheet.rows[:] = [[row[x] for x in columns] for row in [sheet.rows[0], *body]]
    chance.shuffle(whole_book.sheets)
    whole_book.drop("红黄绿灯", "汇率")  # a sheet that was taken out is no change
    received = whole_book.received(folder)
    assert received.problems == () and received.changes == () and bytes_of(folder) == before


def test_changes_are_applied_and_recorded_with_who_and_when(folder: Path, book: Book) -> None:
    before = bytes_of(folder)
    rates = (folder / "exchange_rates.csv").read_text(encoding="utf-8").splitlines()
    book.add("汇率", *RATE).set_setting("weights.yaml", "weights.landing", 0.4)
    book.set_setting("weights.yaml", "weights.tax", "0.25").set_setting(
        "district.yaml", "towns", "石桥镇，柳泉镇、清溪镇"
    )
    received = book.received(folder, check_office)
    assert received.problems == () and received.sender == "王某"
    after = bytes_of(folder)
    assert {name for name in after if after[name] != before.get(name)} == {
        "exchange_rates.csv", "weights.yaml", "district.yaml", CHANGES,
    }  # fmt: skip
    now = (folder / "exchange_rates.csv").read_text(encoding="utf-8").splitlines()
    usd = [line for line in now if line.startswith("USD")]
    assert (
        usd[-1] == "USD,2026-07-01,7.05,与外汇管理部门公布数核对" and [line for line in now if line != usd[-1]] == rates
    )
    assert "towns: [石桥镇, 柳泉镇, 清溪镇]  # 镇街" in (folder / "district.yaml").read_text(encoding="utf-8")
    assert "  landing: 0.4    # 落地（一年内开工的概率）" in (folder / "weights.yaml").read_text(encoding="utf-8")
    lines = recorded(folder)
    assert all((line["who"], line["when"]) == ("王某", WHEN.isoformat()) for line in lines)
    assert {(line["file"], *line["key"]): (line["before"], line["after"]) for line in lines} == {
        ("exchange_rates.csv", "USD", "2026-07-01"): (
            None,
            {"currency": "USD", "valid_from": "2026-07-01", "cny_per_unit": "7.05", "source": RATE[3]},
        ),
        ("weights.yaml", "weights.landing"): ("0.5", "0.4"),
        ("weights.yaml", "weights.tax"): ("0.15", "0.25"),
        ("district.yaml", "towns"): ("石桥镇、柳泉镇", "石桥镇、柳泉镇、清溪镇"),
    }


def test_the_same_workbook_a_second_time_finds_its_changes_there(folder: Path, book: Book) -> None:
    book.add("汇率", *RATE)
    assert len(book.received(folder).changes) == 1
    after = bytes_of(folder)
    again = book.received(folder)
    assert (again.changes, again.problems) == ((), ()) and bytes_of(folder) == after


def test_a_change_interrupted_between_files_is_ended_by_the_same_workbook(
    folder: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = folder.parent / "whole"
    shutil.copytree(folder, whole)
    book.add("汇率", *RATE).set_setting("weights.yaml", "reasons_per_part", 4)
    book.received(whole)
    real, written = office.receiving.write_whole, []

    def once(path: Path, write: Callable[[Path], object]) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        real(path, write)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(office.receiving, "write_whole", once)
        book.received(folder)
    assert bytes_of(folder) != bytes_of(whole)
    book.received(folder)
    assert bytes_of(folder) == bytes_of(whole)


def plain(rows: list[dict[str, str]], table: Table) -> list[tuple[Any, ...]]:
    """Return rows to be compared whatever their order and however a number is written."""
    kinds = kinds_of(table).items()
    return sorted(tuple(float(row[name]) if kind == "number" else row[name] for name, kind in kinds) for row in rows)


cells = st.fixed_dictionaries({
    "汇率": st.lists(st.tuples(st.sampled_from(["drop", "set", "add"]), st.integers(0, 4), st.floats(0.01, 900)), max_size=3),
    "功能区": st.lists(st.tuples(st.sampled_from(["drop", "set", "add"]), st.integers(0, 150), st.just(0.0)), max_size=4),
    "阶段期限": st.lists(st.tuples(st.sampled_from(["set", "add"]), st.integers(0, 7), st.integers(1, 900)), max_size=3),
})  # fmt: skip


@given(cells)
@settings(max_examples=6)
def test_any_good_changes_end_in_the_files_and_nothing_else_does(
    written: Path, exported: list[Sheet], acts: Any
) -> None:
    book = copy_of([sheet for sheet in exported if sheet.name in ("说明", *acts, STATE)])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "office"
        shutil.copytree(written, folder)
        expected: dict[str, list[dict[str, str]]] = {}
        for title, steps in acts.items():
            table = table_titled(title)
            rows = {tuple(r[c] for c in table.key): r for r in rows_of(folder / table.file)}
            original = copy.deepcopy(rows)
            keys = list(rows)
            number = {"汇率": "cny_per_unit", "阶段期限": "limit_days"}.get(title)
            for at, (act, row, value) in enumerate(steps):
                key = keys[row]
                if key not in rows:
                    continue
                if act == "drop":
                    del rows[key]
                    continue
                new = dict(rows[key])
                if number:
                    new[number] = repr(float(f"{value:.6g}"))
                new["source" if "source" in new else "source_text"] = f"第 {at} 次改，“引号”、逗号,和\n换行"
                if act == "add":
                    new["valid_from"] = f"2031-0{at + 1}-01"
                    if title == "功能区":
                        new["written"] = f"新功能区{at}"
                rows[tuple(new[c] for c in table.key)] = new
            sheet = book.sheet(title)
            sheet.rows[1:] = [
                [float(r[name]) if kind == "number" else {"true": "是", "false": "否"}.get(r[name], r[name])
                 for name, kind in kinds_of(table).items()]
                for r in rows.values()
            ]  # fmt: skip
            expected[title] = list(rows.values())
            changed = {k for k in rows.keys() | original.keys() if rows.get(k) != original.get(k)}
            expected[f"changed {title}"] = changed  # type: ignore[assignment]
        if any(not expected[title] for title in acts):
            return
        lines = {t: (folder / table_titled(t).file).read_text(encoding="utf-8").splitlines() for t in acts}
        received = book.received(folder)
        assert received.problems == ()
        for title in acts:
            table = table_titled(title)
            assert {(c.file, c.key) for c in received.changes if c.file == table.file} == {
                (table.file, key) for key in expected[f"changed {title}"]
            }

            now = rows_of(folder / table.file)
            assert plain(now, table) == plain(expected[title], table)
            untouched = [line for line in lines[title][1:] if line in (folder / table.file).read_text(encoding="utf-8")]
            assert len(untouched) >= len(lines[title]) - 1 - len(expected[f"changed {title}"])
        assert len(recorded(folder)) == len(received.changes)
        # What is exported now holds no change against the folder.
        path = Path(place) / "again.xlsx"
        path.write_bytes(export(folder))
        assert Book(list(open_sheets(path))).received(folder).changes == ()


def test_a_new_row_follows_the_earlier_ones_of_its_rule_in_a_file_with_other_line_ends(
    folder: Path, book: Book
) -> None:
    path = folder / "exchange_rates.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n").rstrip())
    before = path.read_bytes()
    book.add("汇率", *RATE).received(folder)
    after = path.read_bytes()
    new = "USD,2026-07-01,7.05,与外汇管理部门公布数核对\r\n".encode()
    assert after.replace(new, b"") == before + b"\r\n" and after.count(new) == 1
    codes = [row["currency"] for row in rows_of(path)]
    assert codes == sorted(codes, key=list(dict.fromkeys(codes)).index)


@pytest.mark.parametrize(
    "typed", ["2026/7/1", "2026年7月1日", "20260701", dt.datetime(2026, 7, 1), dt.date(2026, 7, 1), 46204.0]
)
def test_a_day_counts_however_excel_or_a_person_writes_it(folder: Path, book: Book, typed: Any) -> None:
    received = book.add("汇率", "usd".upper(), typed, "7.05", RATE[3]).received(folder)
    assert [change.key for change in received.changes] == [("USD", "2026-07-01")]


# --- what is wrong ------------------------------------------------------------------------------------------------------


def test_every_wrong_cell_is_returned_in_place_and_nothing_is_applied(
    folder: Path, whole_book: Book, tmp_path: Path
) -> None:
    """For every column of every table, what it can't mean: named with sheet, row and title, and marked in its row."""
    before, expected = bytes_of(folder), set()
    for table in TABLES.values():
        sheet = whole_book.sheet(table.title)
        for at, (name, value) in enumerate(bad_cells(table).items()):
            if at + 1 >= len(sheet.rows):
                # A table may come without rows, as that of layouts does.
                sheet.rows.append(list(sheet.rows[1]) if len(sheet.rows) > 1 else ["1"] * len(sheet.rows[0]))
            whole_book.set(table.title, at + 1, table.columns[name], value)
            expected.add((f"工作表“{table.title}”", at + 2, table.columns[name]))
    whole_book.add("汇率", *RATE)
    received = whole_book.received(folder)
    assert received.changes == () and bytes_of(folder) == before
    found = {(p.file, p.line, p.field) for p in received.problems}
    assert found >= expected
    assert all(p.reason and p.fix for p in received.problems)
    back = returned_book(received, tmp_path)
    for title in {file[4:-1] for file, _, _ in expected}:
        rows = back.sheet(title).rows
        assert rows[0][:2] == ["处理结果", "错误说明"]
        wrong = [row for row in rows[1:] if row[0] == "需修改"]
        assert len(wrong) == len({line for file, line, _ in expected if file == f"工作表“{title}”"})
        assert rows[1 : len(wrong) + 1] == wrong and all("；" in row[1] for row in wrong)
    assert [row[2:5] for row in back.sheet("汇率").rows if row[0] == "待改好后一并生效"] == [list(RATE[:3])]


def test_a_returned_workbook_put_right_is_taken(folder: Path, book: Book, tmp_path: Path) -> None:
    book.add("汇率", *RATE).add("汇率", "JPY", "2026-07-01", "约四角", "x")
    received = book.received(folder)
    (problem,) = received.problems
    assert str(problem).endswith("折合人民币元“约四角”：应为数字；请改成数字，如 30")
    back = returned_book(received, tmp_path)
    back.set("汇率", 1, "折合人民币元", 0.045)
    again = back.received(folder)
    assert again.problems == () and {change.key[0] for change in again.changes} == {"USD", "JPY"}
    assert again.sender == "王某"


LOOKS = [
    ({"broken": {(1, 2): "单元格是错误值"}}, "错误值"),
    ({"formats": {(1, 2): "0%"}}, "不是同一个数"),
    ({"marked": frozenset({(1, 2)})}, "划线"),
]


@pytest.mark.parametrize(("looks", "said"), LOOKS)
def test_a_cell_that_shows_another_thing_than_it_holds_is_refused(
    folder: Path, book: Book, looks: dict[str, Any], said: str
) -> None:
    before = bytes_of(folder)
    (problem,) = book.looking("汇率", **looks).received(folder).problems
    assert (
        said in problem.reason and (problem.line, problem.field) == (2, "折合人民币元") and bytes_of(folder) == before
    )


@pytest.mark.parametrize(("cell", "said"), [(dt.datetime(2026, 1, 2), "日期"), ("看\x07不见", "看不见")])
def test_a_text_that_excel_changed_or_nobody_sees_is_refused(folder: Path, book: Book, cell: Any, said: str) -> None:
    (problem,) = book.set("汇率", 1, "来源", cell).received(folder).problems
    assert said in problem.reason and problem.field == "来源"


def spoil_header(book: Book) -> None:
    book.sheet("汇率").rows[0][2] = "中间价"


def spoil_by_a_column(book: Book) -> None:
    for row in book.sheet("汇率").rows:
        row.append("备注")


def spoil_by_a_nameless_column(book: Book) -> None:
    book.sheet("汇率").rows[1].append("备注")


def spoil_by_doubling(book: Book) -> None:
    for row in book.sheet("汇率").rows:
        row.append(row[1])


def empty_sheet(book: Book) -> None:
    del book.sheet("汇率").rows[1:]


def repeat_row(book: Book) -> None:
    book.add("汇率", *book.sheet("汇率").rows[1])


def strange_sheet(book: Book) -> None:
    book.sheets.append(Sheet("汇率 (2)", [["币种"], ["USD"]], []))


def unknown_setting(book: Book) -> None:
    book.add("其他设置", "weights.yaml", "weights.luck", "", 1)


def too_many(book: Book) -> None:
    book.sheet("汇率").rows.extend([["USD", "", "", ""]] * 300)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_header, "缺“折合人民币元”、多“中间价”"), (spoil_by_a_column, "多“备注”"),
        (spoil_by_a_nameless_column, "第 5 列没有列名"), (spoil_by_doubling, "“生效日期”有两列"), (empty_sheet, "整张表都空了"),
        (repeat_row, "重复"), (strange_sheet, "不认识这张工作表"), (unknown_setting, "没有这一项设置"), (too_many, "超过 300 行"),
    ],
)  # fmt: skip
def test_a_sheet_that_is_not_as_it_was_is_said_once_and_returned(
    folder: Path,
    book: Book,
    spoil: Callable[[Book], None],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(office.receiving, "MOST_ROWS", 300)
    before = bytes_of(folder)
    spoil(book)
    received = book.received(folder)
    (problem,) = received.problems
    assert said in str(problem) and bytes_of(folder) == before
    reasons = [row[1] for row in returned_book(received, tmp_path).sheet("说明").rows if said in str(row[1])]
    assert len(reasons) == 1


def test_who_changed_it_must_be_said(folder: Path, book: Book, tmp_path: Path) -> None:
    received = book.signed("").add("汇率", *RATE).received(folder)
    (problem,) = received.problems
    assert str(problem) == "工作表“说明” 第 3 行 填表人：没有填；请写上填表人的姓名"
    assert len(returned_book(received, tmp_path).signed("王某").received(folder).changes) == 1


# Each is right by itself, and the folder would be wrong with it.
CROSSED: list[tuple[Callable[[Book], object], str, str, str]] = [
    (lambda b: b.set("红黄绿灯", 1, "有灯的数值", "新的灯"), "红黄绿灯", "有灯的数值", "不认识"),
    (lambda b: b.set("单位达标规则", 1, "适用的单位类型，用顿号分隔", "望湖镇"), "单位达标规则", "适用的单位类型", "没有这个镇街"),
    (lambda b: b.set_setting("weights.yaml", "weights.landing", 0.9), "weights.yaml", "", "1"),
    (lambda b: b.set_setting("boards.yaml", "hidden", "没有的看板"), "boards.yaml", "hidden", "没有这些看板"),
    (lambda b: b.set_setting("trips.yaml", "start_city", "乌有市"), "trips.yaml", "", "start_city（不在城市表中）"),
    (lambda b: b.set("红线词类", 1, "写法", "税.*返"), "红线词类", "", "没有上限"),
]  # fmt: skip


@pytest.mark.parametrize("case", CROSSED, ids=lambda case: case[1])
def test_a_change_that_the_folder_can_not_bear_is_returned_with_its_row(
    folder: Path, whole_book: Book, case: tuple[Callable[[Book], object], str, str, str], tmp_path: Path
) -> None:
    change, place, field, said = case
    before = bytes_of(folder)
    change(whole_book.add("汇率", *RATE))
    received = whole_book.received(folder, check_office)
    assert received.problems and received.changes == () and bytes_of(folder) == before
    problem = received.problems[0]
    assert place in problem.file and problem.field.startswith(field) and said in str(problem)
    back = returned_book(received, tmp_path)
    assert [row[2] for row in back.sheet("汇率").rows if row[0] == "待改好后一并生效"] == ["USD"]
    sheet = "其他设置" if place.endswith(".yaml") else place
    marked = [row for row in back.sheet(sheet).rows if row[0] == "需修改"]
    assert len(marked) == 1 and problem.reason in marked[0][1]


# --- conflicts ----------------------------------------------------------------------------------------------------------


def test_a_row_that_only_the_folder_changed_stays(folder: Path, book: Book) -> None:
    set_cell(folder / "exchange_rates.csv", 1, "cny_per_unit", "7.3")
    rows = rows_of(folder / "zones.csv")
    write_rows(folder / "zones.csv", [*rows[1:], {**rows[0], "written": "后来加的功能区"}])
    before = bytes_of(folder)
    received = book.set_setting("weights.yaml", "reasons_per_part", 5).received(folder)
    assert received.problems == () and [change.file for change in received.changes] == ["weights.yaml"]
    after = bytes_of(folder)
    assert {name for name in after if after[name] != before.get(name)} == {"weights.yaml", CHANGES}


def both_change(folder: Path, book: Book) -> tuple[str, str, str]:
    set_cell(folder / "exchange_rates.csv", 1, "cny_per_unit", "7.3")
    book.set("汇率", 2, "折合人民币元", 7.05)
    return "汇率", "7.3", "7.05"


def both_add(folder: Path, book: Book) -> tuple[str, str, str]:
    rows = rows_of(folder / "exchange_rates.csv")
    write_rows(folder / "exchange_rates.csv", [*rows, {**rows[0], "currency": "KRW", "cny_per_unit": "0.0053"}])
    book.add("汇率", "KRW", rows[0]["valid_from"], 0.0051, "另一个来源")
    return "汇率", "0.0053", "0.0051"


def changed_where_removed(folder: Path, book: Book) -> tuple[str, str, str]:
    rows = rows_of(folder / "exchange_rates.csv")
    write_rows(folder / "exchange_rates.csv", [rows[0], *rows[2:]])
    book.set("汇率", 2, "折合人民币元", 7.05)
    return "汇率", "已删去", "7.05"


def removed_where_changed(folder: Path, book: Book) -> tuple[str, str, str]:
    set_cell(folder / "exchange_rates.csv", 1, "cny_per_unit", "7.3")
    del book.sheet("汇率").rows[2]
    return "汇率", "7.3", "这里删去了"


def setting_by_both(folder: Path, book: Book) -> tuple[str, str, str]:
    path = folder / "weights.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("reasons_per_part: 3", "reasons_per_part: 4"), encoding="utf-8"
    )
    book.set_setting("weights.yaml", "reasons_per_part", 5)
    return "其他设置", "4", "5"


CONFLICTS = [both_change, both_add, changed_where_removed, removed_where_changed, setting_by_both]


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_a_row_that_both_changed_shows_both_values_and_sent_again_it_wins(
    folder: Path, book: Book, conflict: Callable[[Path, Book], tuple[str, str, str]], tmp_path: Path
) -> None:
    title, theirs, ours = conflict(folder, book)
    before = bytes_of(folder)
    received = book.received(folder)
    (problem,) = received.problems
    assert "导出之后" in problem.reason and theirs in problem.reason and ours in problem.reason
    assert bytes_of(folder) == before
    back = returned_book(received, tmp_path)
    if conflict is removed_where_changed:  # the row is shown again: to remove it, remove it once more
        sheet = back.sheet(title)
        sheet.rows[:] = [row for row in sheet.rows if row[0] != "需修改"]
    again = back.received(folder)
    assert again.problems == () and len(again.changes) == 1


def test_both_changed_to_the_same_is_no_conflict(folder: Path, book: Book) -> None:
    set_cell(folder / "exchange_rates.csv", 1, "cny_per_unit", "7.050")
    received = book.set("汇率", 2, "折合人民币元", 7.05).received(folder)
    assert (received.changes, received.problems) == ((), ())


# --- not ours -----------------------------------------------------------------------------------------------------------


def test_a_workbook_of_another_district_is_not_taken(folder: Path, book: Book) -> None:
    book.sheet("说明").rows[1][1] = "东皋区"
    with pytest.raises(NotReadable, match="“东皋区”的规则工作簿，本区是“临澜区”"):
        book.received(folder)


@pytest.mark.parametrize("spoil", ["gone", "cut", "mark"])
def test_a_workbook_without_its_base_says_nothing_of_what_was_changed(folder: Path, book: Book, spoil: str) -> None:
    if spoil == "gone":
        book.drop(STATE)
    elif spoil == "cut":
        del book.sheet(STATE).rows[5]
    else:
        book.sheet("说明").rows[3][1] = "0" * 32
    with pytest.raises(NotReadable, match="zeyou office export"):
        book.received(folder)


def test_a_workbook_saved_by_another_program_is_taken(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "规则.xlsx"
    path.write_bytes(export(folder))
    edited = openpyxl.load_workbook(path)
    edited["说明"]["B3"] = "赵某"
    edited["汇率"].append([RATE[0], dt.date(2026, 7, 1), RATE[2], RATE[3]])
    content = io.BytesIO()
    edited.save(content)
    path.write_bytes(content.getvalue())
    received = Book(list(open_sheets(path))).received(folder)
    assert received.problems == () and [c.after for c in received.changes] == [("USD", "2026-07-01", "7.05", RATE[3])]
    with (folder / "exchange_rates.csv").open(encoding="utf-8", newline="") as stream:
        assert ["USD", "2026-07-01", "7.05", RATE[3]] in list(csv.reader(stream))
