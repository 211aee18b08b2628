"""The file that goes back: the rows to correct and no other, all that is wrong at once; corrected and sent again they are in."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledger_writing import HEADER, lead, write_xlsx

from intake.landing import LandingStore
from intake.reading import SheetReading
from intake.returned import RESULT, SAID, returned_workbook
from intake.workbook import read_workbook

TITLE = ["云川区线索台账", None, None]
GOOD, BAD, WORSE = (
    lead(1),
    lead(2, 首报日期="待定"),
    lead(3, 首报日期=2025.1, 投资主体=None, 主要产品="面料，13812345678"),
)


@pytest.fixture
def store(tmp_path) -> LandingStore:
    return LandingStore(tmp_path / "landing", tmp_path / "outbox")


def send(inbox: Path, *rows, name="线索.xlsx", header=HEADER):
    return write_xlsx(inbox / name, {"线索": [TITLE, header, *rows, ["合计", None, "3个"]]})


def returned(store: LandingStore) -> list[Path]:
    assert store.outbox is not None
    return sorted(store.outbox.iterdir()) if store.outbox.exists() else []


def cells(path: Path) -> list[list[object]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)["线索"].iter_rows()]


def lead_ids(store: LandingStore) -> list[str]:
    return pq.read_table(store.folder / "leads.parquet")["lead_id"].to_pylist()


def mend(path: Path, target: Path, **by_id: dict[str, object]) -> Path:
    """Fill in, in the returned workbook, cells by lead and header, as the sender would."""
    book = openpyxl.load_workbook(path)
    sheet = book["线索"]
    header = {cell.value: cell.column for cell in sheet[2]}
    for row in range(3, sheet.max_row + 1):
        for title, value in by_id.get(str(sheet.cell(row, header["线索编号"]).value), {}).items():
            sheet.cell(row, header[title]).value = value
    target.parent.mkdir(exist_ok=True)
    book.save(target)
    return target


def test_what_goes_back(store, tmp_path):
    send(tmp_path / "inbox", GOOD, BAD, WORSE)
    store.land_inbox(tmp_path / "inbox")
    (path,) = returned(store)
    assert path.name == "00001_线索_退回修改.xlsx"
    rows = cells(path)
    assert rows[1][:3] == [RESULT, SAID, "序号"]
    assert [row[0] for row in rows[2:]] == ["需修改", "需修改"]
    assert [row[3] for row in rows[2:]] == ["YC0002", "YC0003"]
    assert "原第4行：F4【首报日期】“待定”不是日期" in str(rows[2][1]) and "如 2025-06-03" in str(rows[2][1])
    for part in ("也可能是10月", "D5【投资主体】“投资主体”没有填写", "如 东海纺织有限公司"):
        assert part in str(rows[3][1])
    sheet = openpyxl.load_workbook(path)["线索"]
    marked = {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"}
    assert marked == {"H3", "H4", "F4"}
    assert sheet["I4"].number_format == "@"
    (said,) = openpyxl.load_workbook(path)["接收情况"].iter_rows(values_only=True)
    assert "已接收 1 行" in said[0] and "需修改 2 行" in said[0]


def test_contacts_go_back_as_they_were_sent_and_stay_nowhere_else(store, tmp_path):
    contacts = [
        {"联系人": "王某某、李某", "联系电话": 13812345678},
        {"联系人": " 张 某", "联系电话": "0513-81234567 转 8"},
    ]
    contacts.append({"联系人": "/", "联系电话": "无"})
    rows = [lead(at, 首报日期="待定", 主要产品="面料，13812345678", **own) for at, own in enumerate(contacts, 2)]
    said: list[str] = []
    send(tmp_path / "inbox", GOOD, *rows)
    store.land_inbox(tmp_path / "inbox", said.append)
    (path,) = returned(store)
    back = [dict(zip(cells(path)[1], row, strict=True)) for row in cells(path)[2:]]
    assert [{name: row[name] for name in ("联系人", "联系电话")} for row in back] == contacts
    assert {row["主要产品"] for row in back} == {"面料，13812345678"}
    assert "王某某" not in str(said)
    for kept in store.folder.rglob("*"):
        if kept.is_file():
            text = kept.read_bytes() if kept.suffix != ".parquet" else str(pq.read_table(kept).to_pylist()).encode()
            assert not any(word.encode() in text for word in ("王某某", "13812345678", "81234567"))


def test_mended_and_sent_again_it_is_read_and_rows_taken_are_not_taken_twice(store, tmp_path):
    inbox = tmp_path / "inbox"
    send(inbox, GOOD, BAD, WORSE)
    store.land_inbox(inbox)
    (path,) = returned(store)
    mend(
        path,
        inbox / "改好.xlsx",
        YC0002={"首报日期": "2025-07-01"},
        YC0003={"首报日期": "2025-10", "投资主体": "丙公司"},
    )
    landed = store.land_inbox(inbox)
    assert lead_ids(store) == ["YC0001", "YC0002", "YC0003"]
    assert landed.files[1].summary.refused == 0
    assert returned(store) == [path]
    table = pq.read_table(store.folder / "leads.parquet").to_pylist()
    assert [row["investment_wan_cny"] for row in table] == [12000, 12000, 12000]
    assert table[2]["reported_date"] == dt.date(2025, 10, 31)


def test_not_mended_it_is_refused_again_and_never_guessed(store, tmp_path):
    inbox = tmp_path / "inbox"
    send(inbox, GOOD, BAD, WORSE)
    store.land_inbox(inbox)
    (path,) = returned(store)
    (inbox / "没改.xlsx").write_bytes(path.read_bytes())
    landed = store.land_inbox(inbox)
    assert lead_ids(store) == ["YC0001"]
    assert landed.files[1].summary.refused == 2
    first, second = returned(store)
    assert cells(second)[1] == cells(first)[1]  # its own columns do not pile up
    said = [
        {re.sub("[A-Z][0-9]+【", "【", str(row[1]).split("：", 1)[1]) for row in cells(p)[2:4]} for p in (first, second)
    ]
    assert said[0] == said[1]


@pytest.mark.parametrize("is_changed", [True, False])
def test_a_row_that_was_taken_without_a_cell_comes_back_for_it_and_replaces_itself(store, tmp_path, is_changed):
    inbox = tmp_path / "inbox"
    header = [*HEADER, "内外资"]
    send(inbox, [*GOOD, "内资"], [*lead(2), "都有"], header=header)
    landed = store.land_inbox(inbox)
    assert (landed.rows["leads"].accepted, landed.rows["leads"].refused) == (2, 0)
    (path,) = returned(store)
    assert [row[0] for row in cells(path)[2:]] == ["已接收，有格没读入"]
    mend(path, inbox / "改.xlsx", **({"YC0002": {"内外资": "外资"}} if is_changed else {}))
    again = store.land_inbox(inbox).files[-1].summary
    assert (again.accepted, again.not_data) == ((1, 3) if is_changed else (0, 4))
    rows = pq.read_table(store.folder / "leads.parquet").to_pylist()
    assert [row["is_foreign"] for row in rows] == [False, None, *([True] if is_changed else [])]


def test_merged_parents_and_units_survive_the_way_back(store, tmp_path):
    inbox = tmp_path / "inbox"
    header = ["线索编号", "项目名称", "投资主体", "责任单位", "首报日期"]
    rows = [
        ["2025年台账", "单位：亩"], [*header, "投资情况（亿元）", None, "用地"], [*[None] * 5, "总投资", "固投", None],
        ["A1", "甲", "甲公司", "城关镇", "6月底", 1.5, 1, 30], ["A2", "乙", "乙公司", None, "某日", 2, 1, 40],
    ]  # fmt: skip
    merged = [("台账", f"{c}2:{c}3", h) for c, h in zip("ABCDE", header, strict=True)]
    merged += [("台账", "F2:G2", "投资情况（亿元）"), ("台账", "D4:D5", "城关镇"), ("台账", "H2:H3", "用地")]
    path = write_xlsx(inbox / "a.xlsx", {"台账": rows}, merged)
    content = returned_workbook(read_workbook(path))
    assert content == returned_workbook(read_workbook(path))
    (tmp_path / "退回.xlsx").write_bytes(content)
    book = openpyxl.load_workbook(tmp_path / "退回.xlsx")
    assert book["台账"]["G4"].value == "某日"
    book["台账"]["G4"].value = "7月"
    book.save(tmp_path / "改.xlsx")
    reading, _ = read_workbook(tmp_path / "改.xlsx")
    assert reading.refusals == []
    (row,) = reading.accepted
    assert [row[name] for name in ("lead_id", "unit_name", "investment_wan_cny", "land_mu")] == [
        "A2",
        "城关镇",
        20000,
        40,
    ]
    assert row["reported_date"] == dt.date(2025, 7, 31)


def test_a_missing_column_is_told_in_every_row_and_can_be_added(store, tmp_path):
    inbox = tmp_path / "inbox"
    keep = [i for i, h in enumerate(HEADER) if h != "投资主体"]
    send(inbox, [lead(1)[i] for i in keep], header=[HEADER[i] for i in keep])
    store.land_inbox(inbox)
    (path,) = returned(store)
    book = openpyxl.load_workbook(path)
    sheet = book["线索"]
    assert "缺少必填列：投资主体" in str(sheet["B3"].value)
    sheet.cell(2, sheet.max_column + 1).value = "投资主体"
    sheet.cell(3, sheet.max_column).value = "甲公司"
    book.save(inbox / "补列.xlsx")
    store.land_inbox(inbox)
    assert lead_ids(store) == ["YC0001"]


def test_no_refusals_no_file_and_without_an_outbox_none_is_written(store, tmp_path):
    send(tmp_path / "inbox", GOOD)
    store.land_inbox(tmp_path / "inbox")
    assert returned(store) == []
    send(tmp_path / "other", BAD)
    LandingStore(tmp_path / "plain").land_inbox(tmp_path / "other")
    assert not (tmp_path / "plain" / "outbox").exists()


@given(names=st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=4, unique=True))
@example(names=["线" * 40, "线" * 40 + "索"])
@example(names=["a/b:c*d?[e]\\f", "A_B_C_D__E__F", "'引号'", "History", " ", "\x00", "未读取的金额列"])
@settings(max_examples=40, deadline=None)
def test_a_sheet_of_any_name_is_answered(names):
    readings = []
    for name in names:
        reading = SheetReading(name, contract="leads", header_rows=(1, 1), headers={0: "线索编号"})
        reading.top, reading.cells = [["线索编号"]], {2: ["A1"]}
        reading.refuse_row(2, "a.xlsx", "原因", "改法")
        readings.append(reading)
    content = returned_workbook(readings)
    assert content is not None
    sheets = openpyxl.load_workbook(io.BytesIO(content)).sheetnames
    assert len(sheets) == len(names) + 1
    assert all(0 < len(sheet) <= 31 for sheet in sheets)


def test_a_fault_that_the_answer_cannot_show_is_refused_again_until_somebody_changes_the_row(store, tmp_path):
    """A format, another unit below: in the answer 3 stands under 万元 and would be taken for 3 万元."""
    path = tmp_path / "inbox" / "a.xlsx"
    path.parent.mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    other = [header.replace("亿元", "万元") for header in HEADER]
    for row in (other, lead(1), lead(2), ["以下单位：亿元"], lead(3)):
        sheet.append(row)
    sheet["G2"].number_format = "0.0%"
    book.save(path)
    (landed,) = store.land_inbox(path.parent).files
    assert landed.summary.refused == 2
    answer = tmp_path / "outbox" / landed.returned_file
    (tmp_path / "inbox" / "b.xlsx").write_bytes(answer.read_bytes())
    again = store.land_inbox(path.parent).files[-1]
    assert (again.summary.accepted, again.summary.refused) == (0, 2)
    book = openpyxl.load_workbook(answer)
    sheet = book.active
    amount = next(cell.column for cell in sheet[1] if cell.value and cell.value.startswith("计划总投资"))
    sheet.cell(2, amount).value = 12000
    sheet.cell(3, 1).value = None  # seen and found right
    book.save(tmp_path / "inbox" / "c.xlsx")
    changed = store.land_inbox(path.parent).files[-1]
    assert (changed.summary.accepted, changed.summary.refused) == (2, 0)
