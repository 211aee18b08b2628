"""Files that anybody may send: every kind that is read, every hostile one refused in one line, quickly and in little memory."""

from __future__ import annotations

import datetime as dt
import re
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from ledger_writing import HEADER, OLE, lead, write_xlsx

from intake import old_workbook, opening
from intake.contract import get_contract
from intake.landing import LandingStore
from intake.opening import FileProblem, open_sheets
from intake.workbook import read_workbook

LEADS = get_contract("leads")
ROWS = [["2025年台账"], HEADER, lead(1), lead(2, 首报日期="6月底"), ["合计", None, "2个"]]
XLS = Path(__file__).parent / "files" / "old_format.xls"  # written by LibreOffice
OLD_FORMATS = XLS.with_name("old_formats_of_numbers.xls")


def csv_text(rows=ROWS, delimiter=",") -> str:
    return "".join(delimiter.join("" if cell is None else str(cell) for cell in row) + "\r\n" for row in rows)


def assert_same_two(path: Path) -> None:
    (reading,) = [r for r in read_workbook(path) if r.contract]
    assert (reading.contract, reading.refusals) == ("leads", [])
    assert [r["lead_id"] for r in reading.accepted] == ["YC0001", "YC0002"]
    assert [r["reported_date"] for r in reading.accepted] == [dt.date(2025, 6, 3), dt.date(2025, 6, 30)]
    assert [r["investment_wan_cny"] for r in reading.accepted] == [12000, 12000]
    assert reading.not_data == 3


# --- kinds of file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_csv_in_each_encoding(tmp_path, encoding, delimiter):
    (tmp_path / "线索.csv").write_bytes(csv_text(delimiter=delimiter).encode(encoding))
    assert_same_two(tmp_path / "线索.csv")


def test_a_csv_never_names_the_unit(tmp_path):
    keep = [i for i, h in enumerate(HEADER) if h != "责任单位"]
    (tmp_path / "城关镇.csv").write_text(
        csv_text([[row[i] for i in keep] for row in (HEADER, lead(1))]), encoding="utf-8"
    )
    (reading,) = read_workbook(tmp_path / "城关镇.csv", LEADS)
    assert [row["unit_name"] for row in reading.accepted] == [None]


def test_an_xlsx_and_an_xlsm_with_a_macro_that_is_never_run(tmp_path):
    path = write_xlsx(tmp_path / "线索.xlsx", {"线索": ROWS})
    assert_same_two(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", OLE + bytes(5000))
    assert_same_two(path.rename(tmp_path / "线索.xlsm"))


def test_an_old_xls(tmp_path):
    readings = read_workbook(XLS)
    assert [r.sheet for r in readings] == ["城关镇", "空"]
    assert [r["reported_date"] for r in readings[0].accepted] == [dt.date(2025, 6, 3)] * 2 + [dt.date(2025, 6, 30)]
    assert (readings[0].refusals, readings[0].not_data) == ([], 3)
    assert readings[0].remarks == ()


def test_the_formats_of_an_old_xls_count_too(tmp_path, monkeypatch):
    """Written by LibreOffice of a ledger whose amounts show 3亿元, 5000.0万元, 50% and 12,000; 30² has a raised digit."""
    (reading,) = read_workbook(OLD_FORMATS, LEADS)
    read_as_shown = {r["lead_id"]: r["investment_wan_cny"] for r in reading.accepted}
    assert read_as_shown == {"A1": 30_000, "A2": 5_000, "A4": 12_000}
    said = {r.row: r.reason for r in reading.refusals}
    assert ["50%" in said[4], "上标" in said[6], "错误值" in said[7]] == [True] * 3
    monkeypatch.setattr(old_workbook, "LARGEST", 0)
    (unseen,) = read_workbook(OLD_FORMATS, LEADS)
    assert any("数字格式" in remark for remark in unseen.remarks)


def test_external_links_are_not_followed_and_their_cached_value_is_read(tmp_path):
    path = tmp_path / "线索.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("线索")
        for y, row in enumerate([HEADER, lead(1)]):
            sheet.write_row(y, 0, row)
        sheet.write_formula("G2", "='http://127.0.0.1:9/[别处.xlsx]表'!A1", None, 2.5)
    (reading,) = read_workbook(path)
    assert reading.accepted[0]["investment_wan_cny"] == 25000


def test_formulas_without_a_result_and_error_values_are_refused_not_empty(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADER)
    sheet.append([*lead(1)[:6], "=1+1", *lead(1)[7:]])
    sheet.append(lead(2))
    book.save(tmp_path / "a.xlsx")
    (reading,) = read_workbook(tmp_path / "a.xlsx", LEADS)
    assert [(r.row, r.column, r.reason) for r in reading.refusals] == [(2, "计划总投资（亿元）", "公式没有计算结果")]
    with xlsxwriter.Workbook(tmp_path / "b.xlsx") as written:
        sheet = written.add_worksheet("线索")
        for y, row in enumerate([HEADER, lead(1), lead(2), lead(3)]):
            sheet.write_row(y, 0, row)
        sheet.write_formula("G2", "=1/0", None, "#DIV/0!")
        sheet.write_formula("G3", "=1+1", None, 2)
        sheet.write_formula("J4", '=IF(1,"")', None, "")
    # Excel marks a formula that gave the empty text so; without the mark nothing was computed.
    mark = (b'<c r="J4"><f>', b'<c r="J4" t="str"><f>')
    replace_part(tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", lambda xml: xml.replace(*mark))
    (reading,) = read_workbook(tmp_path / "b.xlsx", LEADS)
    assert [(r.row, r.reason) for r in reading.refusals] == [(2, "单元格是错误值（如 #REF!、#N/A）")]
    assert [r["investment_wan_cny"] for r in reading.accepted] == [20000, 12000]


def test_hidden_rows_columns_sheets_and_filters_are_read_and_said(tmp_path):
    path = tmp_path / "线索.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("说明")
        sheet = book.add_worksheet("线索")
        sheet.hide()
        for y, row in enumerate([HEADER, lead(1), lead(2), lead(3)]):
            sheet.write_row(y, 0, row)
        sheet.autofilter("A1:J4")
        sheet.filter_column(1, "x == YC0001")
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.set_column("I:J", None, None, {"hidden": True})
    reading = read_workbook(path, LEADS)[1]
    assert len(reading.accepted) == 3
    assert reading.remarks == (
        "工作表是隐藏的，已照常读取", "有 2 行是隐藏或被筛选掉的，已照常读取", "有 2 列是隐藏的，已照常读取",
    )  # fmt: skip
    told: list[str] = []
    LandingStore(tmp_path / "store").land_inbox(path.parent, told.append)
    assert any("被筛选掉" in line for line in told)


def test_a_million_formatted_empty_rows(tmp_path):
    path = write_xlsx(tmp_path / "线索.xlsx", {"线索": [HEADER, lead(1)]})
    empty = "".join(f'<row r="{n}" s="1"><c r="XFD{n}" s="1"/></row>' for n in range(3, 1_000_001))
    replace_part(
        path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", empty.encode() + b"</sheetData>")
    )
    started = time.perf_counter()
    (reading,) = read_workbook(path, LEADS)
    assert (reading.read, len(reading.accepted)) == (2, 1)
    assert time.perf_counter() - started < 20


# --- the inbox ------------------------------------------------------------------------------------------------------


def test_what_can_not_be_read_in_an_inbox_is_listed_not_ignored(tmp_path):
    inbox = tmp_path / "inbox"
    write_xlsx(inbox / "a.xlsx", {"线索": ROWS})
    (inbox / "b.csv").write_text(csv_text([HEADER, lead(7)]), encoding="gb18030")
    for name in ("汇报.doc", "扫描.pdf", "台账.et", "照片.jpg", "Thumbs.db", "~$a.xlsx", ".DS_Store"):
        (inbox / name).write_bytes(name.encode())
    landed = LandingStore(tmp_path / "store").land_inbox(inbox)
    files = pq.read_table(landed.folder / "files.parquet").to_pylist()
    assert {f["file"] for f in files if f["problem"]} == {"台账.et", "扫描.pdf", "汇报.doc", "照片.jpg"}
    assert {f["file"] for f in files if not f["problem"]} == {"a.xlsx", "b.csv"}
    assert all("不是 Excel 工作簿" in problem for problem in landed.problems)
    assert pq.read_table(landed.folder / "leads.parquet")["lead_id"].to_pylist() == ["YC0001", "YC0002", "YC0007"]


# --- hostile files --------------------------------------------------------------------------------------------------


def replace_part(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as old:
        parts = {n: old.read(n) for n in old.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part, content in parts.items():
            new.writestr(part, content)


def bomb(path: Path) -> None:
    """One part of a quarter of a gigabyte of spaces, and the directory says so."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(b" " * 2**20) for _ in range(256)) + packer.flush()
    rewrite_entry(path, packed, 2**28)


def lying_bomb(path: Path) -> None:
    """The directory says that the part is small; what inflates is not."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(b" " * 2**20) for _ in range(64)) + packer.flush()
    rewrite_entry(path, packed, 1000)


def rewrite_entry(path: Path, packed: bytes, said: int) -> None:
    """Put raw deflated bytes in place of the first sheet, with the size that the directory is to say."""
    replace_part(path, "xl/worksheets/sheet1.xml", lambda xml: b"")
    with zipfile.ZipFile(path) as old:
        parts = {n: old.read(n) for n in old.namelist() if n != "xl/worksheets/sheet1.xml"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part, content in parts.items():
            new.writestr(part, content)
    content, name = path.read_bytes(), b"xl/worksheets/sheet1.xml"
    directory = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, len(packed), said, len(name), 0) + name + packed
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, 0, len(packed), said, len(name), 0, 0, 0, 0, 0, directory
    )  # fmt: skip
    central = content[directory:end] + entry + name
    count = len(parts) + 1
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(central), directory + len(head), 0)
    path.write_bytes(content[:directory] + head + central + tail)


def many_entries(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        for n in range(opening.MAX_ENTRIES):
            archive.writestr(f"xl/media/{n}", b"")


def entities(path: Path) -> None:
    lol = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    replace_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<worksheet", lol + b"<worksheet", 1))


def entities_in_workbook(path: Path) -> None:
    doctype = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    replace_part(path, "xl/workbook.xml", lambda xml: xml.replace(b"<workbook", doctype + b"<workbook", 1))


def far_cell(path: Path) -> None:
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    replace_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", cell))


def repeated_text(path: Path) -> None:
    """One long text that every cell uses: small in the file, gigabytes once each cell has its own."""
    text = b"<si><t>" + b"x" * 32_000 + b"</t></si></sst>"
    with zipfile.ZipFile(path) as archive:
        index = archive.read("xl/sharedStrings.xml").count(b"<si>")
    replace_part(path, "xl/sharedStrings.xml", lambda xml: xml.replace(b"</sst>", text))
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{index}</v></c></row>' for n in range(10, 50_000)).encode()
    replace_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", cells + b"</sheetData>"))


def all_merged(path: Path) -> None:
    merges = "".join(f'<mergeCell ref="A{n}:XFD{n + 100}"/>' for n in range(1, 200)).encode()
    xml = b"</sheetData><mergeCells>" + merges + b"</mergeCells>"
    replace_part(path, "xl/worksheets/sheet1.xml", lambda old: old.replace(b"</sheetData>", xml))


def since_1904(path: Path) -> None:
    replace_part(path, "xl/workbook.xml", lambda xml: xml.replace(b"<workbookPr ", b'<workbookPr date1904="1" '))


def no_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")


def encrypted(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    path.write_bytes(bytes(content))


def nested_directory(path: Path) -> None:
    """An archive in the comment of another: zipfile reads the inner one, calamine the outer."""
    inner = path.read_bytes()
    far_cell(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = inner


def directory_in_a_prefix(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)


def wide_directory(path: Path) -> None:
    """A 64-bit directory beside the plain one, pointing elsewhere."""
    content = path.read_bytes()
    end = content.index(b"PK\x05\x06")
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 0, 0, 0, 0)
    path.write_bytes(content[:end] + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1) + content[end:])


def same_part_twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("XL/worksheets/Sheet1.xml", b"<worksheet/>")


def cells_without_places(path: Path) -> None:
    cells = b"<row>" + b"<c><v>1</v></c>" * 2_000 + b"</row>"
    replace_part(
        path, "xl/worksheets/sheet1.xml", lambda x: x.replace(b"</sheetData>", cells * 12_000 + b"</sheetData>")
    )


def empty_cells_without_places(path: Path) -> None:
    row = b"<row>" + b"<c/>" * 16_000 + b"</row>"
    replace_part(path, "xl/worksheets/sheet1.xml", lambda x: x.replace(b"</sheetData>", row * 1_300 + b"</sheetData>"))


def far_cell_in_a_near_row(path: Path) -> None:
    cell = b'<row r="9"><c r="A1048576"><v>1</v></c><c r="XFD9"><v>1</v></c></row></sheetData>'
    replace_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", cell))


def single_quotes(path: Path) -> None:
    replace_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<c r="', b"<c t='e' r=\""))


def styles_without_end(path: Path) -> None:
    style = b"<xf numFmtId='0'/>" * 2_000_000
    replace_part(path, "xl/styles.xml", lambda xml: xml.replace(b"</cellXfs>", style + b"</cellXfs>"))


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "压缩炸弹": (bomb, "大得不像台账"),
    "谎报大小的压缩炸弹": (lying_bomb, "像压缩炸弹"),
    "部件太多": (many_entries, "个部件"),
    "实体膨胀": (entities, "实体声明"),
    "外部实体": (entities_in_workbook, "实体声明"),
    "远处的单元格": (far_cell, "个单元格"),
    "重复的长文本": (repeated_text, "文字铺开"),
    "满表合并": (all_merged, "合并单元格"),
    "1904日期": (since_1904, "1904"),
    "注释里另有压缩包": (nested_directory, "目录不止一份"),
    "前面另有压缩包": (directory_in_a_prefix, "目录不止一份"),
    "另有64位目录": (wide_directory, "目录不止一份|损坏"),
    "同名部件": (same_part_twice, "同名的部件"),
    "没有位置的单元格": (cells_without_places, "个，不像台账|大得不像台账"),
    "没有位置的空单元格": (empty_cells_without_places, "个，不像台账|大得不像台账"),
    "行号之外的单元格": (far_cell_in_a_near_row, "个单元格"),
    "单引号的属性": (single_quotes, "不是 Excel 或 WPS 写的"),
    "样式太多": (styles_without_end, "大得不像台账"),
    "不是工作簿的压缩包": (no_workbook, "损坏"),
    "压缩包加密": (encrypted, "打开密码"),
    "有密码的工作簿": (lambda p: p.write_bytes(OLE + bytes(5000)), "打开密码"),
    "截断": (lambda p: p.write_bytes(p.read_bytes()[:-300]), "损坏"),
    "截断在头部": (lambda p: p.write_bytes(p.read_bytes()[:30]), "损坏"),
    "一百兆的零": (lambda p: p.write_bytes(bytes(100 * 2**20)), "损坏"),
    "一百多兆": (lambda p: p.write_bytes(bytes(101 * 2**20)), "超过 100 MB"),
    "网页改成xlsx": (lambda p: p.write_text("<html><table></table></html>"), "损坏"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_within_bounds(tmp_path, name):
    path = write_xlsx(tmp_path / "线索.xlsx", {"线索": ROWS})
    make, said = HOSTILE[name]
    make(path)
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(FileProblem, match=said) as problem:
        read_workbook(path)
    seconds, peak = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "线索.xlsx" in str(problem.value)
    assert "\n" not in str(problem.value)
    assert "请" in str(problem.value)
    assert seconds < 5
    assert peak < 2**28


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xls", b"PK\x03\x04" + bytes(100), "改了后缀的 .xlsx"),
        ("a.xls", b"<html></html>", "没有表格"),
        ("a.xls", OLE + bytes(3000), "损坏"),
        ("a.csv", b"PK\x03\x04", "改了后缀"),
        ("a.csv", b"\x00\x01", "UTF-8"),
        ("a.csv", b"\xff\xfe\x00\xd8\x00", "UTF-8"),
        ("a.csv", b"\xff\xff\xff", "编码"),
        ("a.csv", '线索编号,"项目\n没有结束'.encode(), "引号"),
        ("a.csv", ("x" * 200_000).encode(), "请"),
        ("a.et", b"x", "不是 Excel 工作簿"),
    ],
)
def test_a_wrong_extension_or_encoding_is_told(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileProblem, match=said) as problem:
        list(read_workbook(tmp_path / name))
    assert name in str(problem.value)
    assert "\n" not in str(problem.value)


def test_cells_without_places_are_read_where_they_follow(tmp_path):
    """Some writers leave r= out: the values, the errors and the formulas are those of the next column and row."""
    path = write_xlsx(tmp_path / "a.xlsx", {"线索": [HEADER, lead(1), lead(2), lead(3)]})
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    cell = b'<c r="G3"><v>1.2</v></c>'
    assert cell in xml
    broken = b'<c r="G3" t="e"><v>#N/A</v></c>'
    bare = re.sub(rb'(<(?:row|c))( spans="[^"]*")? r="[A-Z0-9]+"', rb"\1\2", xml.replace(cell, broken))
    replace_part(path, "xl/worksheets/sheet1.xml", lambda _: bare)
    (reading,) = read_workbook(path, LEADS)
    assert [r["lead_id"] for r in reading.accepted] == ["YC0001", "YC0003"]
    assert [(r.row, r.column) for r in reading.refusals] == [(3, "计划总投资（亿元）")]


def test_a_crash_of_the_library_is_the_line_of_its_file(tmp_path, monkeypatch):
    class PanicException(BaseException):
        """What a failed assertion in Rust becomes: no Exception."""

    def panic(*_: object) -> None:
        raise PanicException("index out of bounds")

    path = write_xlsx(tmp_path / "线索.xlsx", {"线索": ROWS})
    monkeypatch.setattr(opening.python_calamine, "CalamineWorkbook", type("Book", (), {"from_path": panic}))
    with pytest.raises(FileProblem, match=r"线索\.xlsx.*损坏"):
        read_workbook(path)


def test_sheets_are_opened_from_the_first_cell(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", {"表": [[], [None, None, "x"]]})
    (sheet,) = open_sheets(path)
    assert sheet.rows[1][2] == "x"
