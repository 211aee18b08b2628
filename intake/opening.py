"""Open a file that anybody may have sent (打开来件): what is not a workbook, or not a harmless one, is refused in one line.

Belongs here: the kinds of file, the zip directory and its limits, what calamine doesn't tell (hidden rows, formulas
without a result, error values), the encoding of .csv. Does not belong: what the cells mean (workbook.py, values.py).
Why it is done in this process and within which limits: docs/decisions/0011-reading-hostile-files.md
"""

from __future__ import annotations

import csv
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final
from xml.etree import ElementTree

import numpy as np
import python_calamine

BOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls"})
SUFFIXES: Final = BOOKS | {".csv"}
MAX_FILE: Final = 100 * 2**20  # a ledger of 200,000 rows and 20 columns has 15 MB
MAX_ENTRIES: Final = 5_000  # parts of a workbook; one with photos has hundreds
MAX_INFLATED: Final = 2**30  # all XML of a workbook; 200,000 rows and 20 columns have 150 MB
MAX_PART: Final = 2**29  # one part is held in memory while it is looked at
MAX_RATIO: Final = 250  # deflate reaches 1,000 on nothing at all; a million formatted empty rows reach 40
RATIO_FROM: Final = 2**20  # below a megabyte the ratio does no harm
MAX_CELLS: Final = 20_000_000  # calamine lays a sheet out whole, from A1 to its last cell: 24 bytes each
MAX_TEXT: Final = 2**30  # each cell that uses a shared string holds a copy of it

Row = list[Any]
Range = tuple[tuple[int, int], tuple[int, int]]
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK"
_X = rb"(?:\w+:)?"  # a namespace prefix
_ROW = re.compile(rb"<" + _X + rb"row\s([^>]*)>")
_COLUMN_TAG = re.compile(rb"<" + _X + rb"col\s([^>]*)>")
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_NUMBER_OF = {name: re.compile(rb"\b" + name.encode() + rb'="(\d+)"') for name in ("r", "min", "max")}
_ROW_NUMBER = re.compile(rb'row\s[^>]*?\br="(\d{1,9})"')
_FAR_COLUMN = re.compile(rb'r="[A-Z]{2}')
_LETTERS = re.compile(rb'\sr="([A-Z]{1,3})\d')
_VALUED = re.compile(rb"<" + _X + rb'c\s[^>]*?\br="([A-Z]{1,3})(\d+)"(?:[^>]*[^>/])?>')
_ERROR = re.compile(rb"<" + _X + rb'c\s(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})(\d+)"')
# A result of kind t="str" may be the empty text. An empty <v/> is also written <v></v>.
_UNCOMPUTED = re.compile(
    rb"<" + _X + rb'c\s(?![^>]*\bt="str")[^>]*?\br="([A-Z]{1,3})(\d+)"[^>]*>\s*'
    rb"<" + _X + rb"f(?:\s[^>]*)?(?:/>|>[^<]*</" + _X + rb"f>)\s*(?:</" + _X + rb"c>|<" + _X + rb"v\s*(?:/>|>\s*</))"
)  # fmt: skip
_SHARED_USE = re.compile(rb'\bt="s"[^>]*>\s*<' + _X + rb"v>(\d{1,9})<")


class FileProblem(ValueError):
    """A file that can't be read at all: one Chinese line that names the file, the place and the mend."""


@dataclass(frozen=True)
class Sheet:
    """One sheet as it stands, from A1: cells, merged ranges, and what would be lost if only cells were looked at."""

    name: str
    rows: list[Row]
    merged: list[Range]
    broken: dict[tuple[int, int], str] = field(default_factory=dict)  # (row, column) from 0: why there is no value
    remarks: tuple[str, ...] = ()
    is_named: bool = True  # a name that somebody gave, so that it may name the unit


@dataclass
class _Look:
    """What a look at the XML of one sheet gave."""

    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def open_sheets(path: Path) -> Iterator[Sheet]:
    """Yield every sheet of a workbook or .csv, without running, fetching or computing anything.

    Raises
    ------
    FileProblem
        The file is missing, of another kind, broken, behind a password, or larger inside than a ledger can be.
    """
    if not path.is_file():
        raise FileProblem(f"{path}：文件不存在；请检查路径")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FileProblem(f"{path.name}：不是 Excel 工作簿（.xlsx、.xls、.xlsm）或 .csv；请另存为 .xlsx 后再试")
    size = path.stat().st_size
    if size == 0:
        raise FileProblem(f"{path.name}：文件是空的（0 字节）；请重新发送")
    if size > MAX_FILE:
        raise FileProblem(f"{path.name}：文件有 {size / 2**20:.0f} MB，超过 {MAX_FILE // 2**20} MB；请按镇街或年度拆开")
    with path.open("rb") as stream:
        head = stream.read(len(_OLE))
    if suffix == ".csv":
        yield _open_csv(path, head)
        return
    if suffix == ".xls" and head != _OLE:
        what = "改了后缀的 .xlsx" if head.startswith(_ZIP) else "网页或文本"
        raise FileProblem(f"{path.name}：文件损坏，或是{what}，不是真正的 .xls；请用 Excel/WPS 打开后另存为 .xlsx")
    if suffix != ".xls" and head == _OLE:
        # What Excel makes of an .xlsx with a password is an OLE file, and so is an .xls under a wrong name.
        raise FileProblem(
            f"{path.name}：工作簿有打开密码，或是改了后缀的 .xls；请去掉密码、另存为 .xlsx 后重新发送"
        ) from None
    looks = {} if suffix == ".xls" else _look_inside(path)
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            for meta in book.sheets_metadata:
                if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_name(meta.name)
                look = looks.get(meta.name, _Look())
                is_visible = meta.visible == python_calamine.SheetVisibleEnum.Visible
                remarks = [*([] if is_visible else ["工作表是隐藏的，已照常读取"]), *look.remarks]
                yield Sheet(
                    meta.name,
                    sheet.to_python(skip_empty_area=False),
                    _bounded(path, list(sheet.merged_cell_ranges or [])),
                    look.broken,
                    tuple(remarks),
                    is_named=not re.fullmatch(r"(?i)(sheet|工作表)\s*\d*", meta.name.strip()),
                )
    except python_calamine.PasswordError:
        raise FileProblem(f"{path.name}：工作簿有打开密码；请去掉密码后重新发送") from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, FileProblem):
            raise
        raise _broken(path, error) from None


def has_sheet(path: Path, name: str) -> bool:
    """Say whether an .xlsx names such a sheet, from its first part alone; a file that is no .xlsx has none."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as stream:
            return f'name="{name}"'.encode() in stream.read(2**20)
    except (
        zipfile.BadZipFile,
        KeyError,
        OSError,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        struct.error,
    ):
        return False


def _broken(path: Path, error: object) -> FileProblem:
    said = " ".join(str(error).split())[:200]
    return FileProblem(f"{path.name}：文件损坏或不是真正的 Excel 文件（{said}）；请用 Excel/WPS 打开后另存")


def _bounded(path: Path, merged: list[Range]) -> list[Range]:
    # fill_merged walks over each range: in a file that Excel wrote they can't overlap
    if sum((bottom - top + 1) * (right - left + 1) for (top, left), (bottom, right) in merged) > 50_000_000:
        raise FileProblem(f"{path.name}：合并单元格有 {len(merged):,} 处，不像台账；请取消合并后重新发送")
    return merged


# --- .csv -----------------------------------------------------------------------------------------------------------


def _open_csv(path: Path, head: bytes) -> Sheet:
    if head.startswith((_ZIP, _OLE[:4])):
        raise FileProblem(f"{path.name}：是改了后缀的 Excel 工作簿，不是 .csv；请改回后缀 .xlsx 或 .xls 后重新发送")
    content = path.read_bytes()
    if b"\x00" in content:
        raise FileProblem(f"{path.name}：不是 UTF-8 或 GB18030 的文本；请另存为“CSV UTF-8”或 .xlsx 后重新发送")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise FileProblem(f"{path.name}：编码既不是 UTF-8 也不是 GB18030；请另存为“CSV UTF-8”或 .xlsx 后重新发送")
    lines = text.splitlines(keepends=True)
    start = "".join(lines[:20])
    delimiter = max(",\t;", key=start.count)
    try:
        rows: list[Row] = [list(row) for row in csv.reader(lines, delimiter=delimiter, strict=True)]
    except csv.Error as error:
        raise FileProblem(f"{path.name}：CSV 的引号或分隔不完整（{error}）；请另存为 .xlsx 后重新发送") from None
    return Sheet("CSV", rows, [], is_named=False)


# --- .xlsx, .xlsm ---------------------------------------------------------------------------------------------------


def _look_inside(path: Path) -> dict[str, _Look]:
    """Check the zip directory and every XML part against the limits, before calamine opens the file."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
            entries = archive.infolist()
            _check_directory(path, entries)
            by_name = {entry.filename.replace("\\", "/").lower(): entry for entry in entries}
            parts = [e for e in entries if e.filename.lower().endswith((".xml", ".rels"))]
            sheets = _sheet_parts(path, stream, by_name)
            shared = np.zeros(0, dtype=np.int64)
            if entry := by_name.get("xl/sharedstrings.xml"):
                texts = _inflate(path, stream, entry).split(b"</si>")
                shared = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
            total, looks = 0, {}
            for entry in parts:
                content = _inflate(path, stream, entry)
                total += len(content)
                if total > MAX_INFLATED:
                    raise FileProblem(
                        f"{path.name}：解开后超过 {MAX_INFLATED // 2**20} MB，不像台账；请按年度拆开后重新发送"
                    )
                if name := sheets.get(entry.filename.replace("\\", "/").lower()):
                    looks[name] = _look_at_sheet(path, name, content, shared)
            return looks
    except (zipfile.BadZipFile, zlib.error, struct.error, ElementTree.ParseError, EOFError) as error:
        raise _broken(path, error) from None
    except (NotImplementedError, UnicodeDecodeError, OverflowError) as error:
        raise _broken(path, error) from None


def _check_directory(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise FileProblem(f"{path.name}：压缩包里有 {len(entries):,} 个部件，不像工作簿；请用 Excel/WPS 另存后重新发送")
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileProblem(f"{path.name}：工作簿有打开密码；请去掉密码后重新发送")
    if sum(entry.compress_size for entry in entries) > path.stat().st_size:
        raise FileProblem(f"{path.name}：压缩包的部件互相重叠，像压缩炸弹；请用 Excel/WPS 另存后重新发送")
    inflated = sum(e.file_size for e in entries if e.filename.lower().endswith((".xml", ".rels")))
    if inflated > MAX_INFLATED or any(e.file_size > MAX_RATIO * max(e.compress_size, 1) + RATIO_FROM for e in entries):
        raise FileProblem(
            f"{path.name}：解开后大得不像台账（{inflated / 2**20:,.0f} MB）；请用 Excel/WPS 另存后重新发送"
        )


def _inflate(path: Path, stream: Any, entry: zipfile.ZipInfo) -> bytes:
    """Inflate one part by its real size: what the directory says of it may be a lie, and calamine would follow it."""
    stream.seek(entry.header_offset)
    names, extra = struct.unpack("<26x2H", stream.read(30))
    stream.seek(names + extra, 1)
    packed = stream.read(entry.compress_size)
    limit = min(MAX_PART, entry.file_size)
    if entry.compress_type == zipfile.ZIP_STORED:
        content: bytes = packed
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        content = zlib.decompressobj(-15).decompress(packed, limit + 1)
    else:
        raise FileProblem(f"{path.name}：压缩方式不是 Excel 用的；请用 Excel/WPS 另存后重新发送")
    if len(content) > limit:
        raise FileProblem(f"{path.name}：部件 {entry.filename} 比它自称的大，像压缩炸弹；请用 Excel/WPS 另存后重新发送")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise FileProblem(f"{path.name}：部件 {entry.filename} 含有 XML 实体声明，不是 Excel 写的；请另存后重新发送")
    return content


def _sheet_parts(path: Path, stream: Any, by_name: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    """Give the part of each sheet and its name; a workbook that counts days from 1904 is refused."""
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= by_name.keys():
        raise FileProblem(
            f"{path.name}：文件损坏或不是真正的 Excel 文件（缺少 workbook.xml）；请用 Excel/WPS 打开后另存"
        )
    book = ElementTree.fromstring(_inflate(path, stream, by_name["xl/workbook.xml"]))
    links = ElementTree.fromstring(_inflate(path, stream, by_name["xl/_rels/workbook.xml.rels"]))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    found: dict[str, str] = {}
    for element in book.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "workbookPr" and element.get("date1904") in {"1", "true"}:
            raise FileProblem(
                f"{path.name}：工作簿用 1904 日期系统，日期会差四年；请在 Excel 选项里关掉它，核对后重新发送"
            )
        if tag == "sheet":
            key = next((value for name, value in element.attrib.items() if name.endswith("}id")), None)
            target = targets.get(key, "")
            part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl", target))
            found[part.lower()] = element.get("name", "")
    return found


def _look_at_sheet(path: Path, name: str, content: bytes, shared: np.ndarray[Any, Any]) -> _Look:
    look = _Look()
    # Most sheets hide nothing and end before column AA: a plain search says so faster than a walk over every cell.
    row_numbers = _ROW_NUMBER.findall(content)
    last_row = max(map(int, row_numbers), default=0)
    may_hide = b'hidden="' in content
    hidden_rows = sum(bool(_HIDDEN.search(match.group(1))) for match in _ROW.finditer(content)) if may_hide else 0
    letters_met = set(_LETTERS.findall(content)) if may_hide or _FAR_COLUMN.search(content) else {b"Z"}
    last_column = max((_column_number(letters) for letters in letters_met), default=0)
    if last_row * last_column > MAX_CELLS:  # perhaps only formats stand there
        valued = [(int(row), _column_number(letters)) for letters, row in _VALUED.findall(content)]
        far = max((row for row, _ in valued), default=0) * max((column for _, column in valued), default=0)
        if far > MAX_CELLS:
            raise FileProblem(
                f"{path.name}，工作表“{name}”：铺开有 {far:,} 个单元格，不像台账；请删去远处的单元格后重新发送"
            )
    if len(shared) and int(shared.max()) * content.count(b'"s"') > MAX_TEXT:
        used = np.fromstring(b" ".join(_SHARED_USE.findall(content)), dtype=np.int64, sep=" ")
        if shared[used[used < len(shared)]].sum() > MAX_TEXT:
            raise FileProblem(
                f"{path.name}，工作表“{name}”：文字铺开超过 {MAX_TEXT // 2**20} MB，不像台账；请拆开后重新发送"
            )
    if b't="e"' in content:
        look.broken |= {_place(m): "单元格是错误值（如 #REF!、#N/A）" for m in _ERROR.finditer(content)}
    if b"<f" in content or b":f" in content:
        look.broken |= {_place(m): "公式没有计算结果" for m in _UNCOMPUTED.finditer(content)}
    tags = [match.group(1) for match in _COLUMN_TAG.finditer(content[: content.find(b"<row") if may_hide else 0])]
    tags = [tag for tag in tags if _HIDDEN.search(tag)]
    hidden_columns = sum(_span(tag, last_column) for tag in tags)
    if hidden_rows:
        look.remarks.append(f"有 {hidden_rows:,} 行是隐藏或被筛选掉的，已照常读取")
    if hidden_columns:
        look.remarks.append(f"有 {hidden_columns:,} 列是隐藏的，已照常读取")
    return look


def _span(tag: bytes, last: int) -> int:
    low, high = (_NUMBER_OF[name].search(tag) for name in ("min", "max"))
    return max(0, min(int(high.group(1)), last) - int(low.group(1)) + 1) if low and high else 0


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _place(match: re.Match[bytes]) -> tuple[int, int]:
    return int(match.group(2)) - 1, _column_number(match.group(1)) - 1
