"""Open a file that anybody may have sent (打开来件): what is not a workbook, or not a harmless one, is refused in one line.

Belongs here: the kinds of file, the zip directory and its limits, what calamine doesn't tell (hidden rows, formats,
formulas without a result, error values, struck-out cells), the encoding of text files. Does not belong: what the cells mean (workbook.py, values.py).
Why it is done in this process and within which limits: docs/decisions/0011-reading-hostile-files.md
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final
from xml.etree import ElementTree

import numpy as np
import python_calamine

from intake.exported import (
    ExportedSheet,
    ExportProblem,
    decode_text,
    is_html,
    is_spreadsheet_xml,
    read_html,
    read_spreadsheet_xml,
)
from intake.number_format import BUILT_IN, changes_codes, is_plain
from intake.old_workbook import look_at_old_workbook

BOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls"})
SUFFIXES: Final = BOOKS | {".csv"}
MAX_FILE: Final = 100 * 2**20  # a ledger of 200,000 rows and 20 columns has 15 MB
MAX_ENTRIES: Final = 5_000  # parts of a workbook; one with photos has hundreds
MAX_INFLATED: Final = 2**30  # all XML of a workbook; 200,000 rows and 20 columns have 150 MB
MAX_PART: Final = 2**29  # one part is held in memory while it is looked at
MAX_RATIO: Final = 250  # deflate reaches 1,000 on nothing at all; a million formatted empty rows reach 40
RATIO_FROM: Final = 2**20  # below a megabyte the ratio does no harm
MAX_CELLS: Final = 20_000_000  # calamine lays a sheet out whole, from A1 to its last cell: 24 bytes each
MAX_UNPLACED: Final = 2_000_000  # cells and rows without r=, which are numbered one by one: 2 s
MAX_TREE: Final = 2**25  # parts that are parsed whole: sixty thousand styles have 10 MB
MAX_TEXT: Final = 2**30  # each cell that uses a shared string holds a copy of it

Row = list[Any]
Range = tuple[tuple[int, int], tuple[int, int]]
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK"
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_NUMBER_OF = {name: re.compile(rb"\b" + name.encode() + rb'="(\d{1,9})"') for name in ("r", "s", "min", "max")}
_LIMIT: Final = str(MAX_CELLS // 26)  # rows of a sheet of 26 columns
_FAR = re.compile(
    rb'r="(?:[A-Z]{2}|[A-Z](?:[%s-9]\d{%d}|\d{%d}))' % (_LIMIT[0].encode(), len(_LIMIT) - 1, len(_LIMIT) + 1)
)
_PREFIXED = re.compile(rb":(?:c|row)")
_LETTERS = re.compile(rb'\sr="([A-Z]{1,3})\d')
_PLACED = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,9})"')


class _Tags:
    """Patterns of the tags of a sheet, with or without a namespace prefix before their names.

    A tag ends before the next "<": so every pattern is linear, also in a text of nothing but beginnings of tags.
    """

    def __init__(self, prefix: bytes) -> None:
        def tag(name: bytes, rest: bytes) -> bytes:
            return rb"<" + prefix + name + rest

        place = rb'\s(?:[^<>]*?\s)?r="([A-Z]{1,3})(\d{1,9})"'
        end = rb"</" + prefix
        formula = tag(rb"f", rb"(?:\s[^<>]*)?(?:/>|>[^<]*") + end + rb"f>)\s*"
        not_text = rb'(?!\s[^<>]*\bt="str")'  # a result that is a text may be the empty one
        self._prefix = prefix
        self.row = re.compile(tag(rb"row", rb"\s([^<>]*)>"))
        self.row_number = re.compile(tag(rb"row", rb'\s(?:[^<>]*?\s)?r="(\d{1,9})"'))
        self.column = re.compile(tag(rb"col", rb"\s([^<>]*)>"))
        self.cell = re.compile(tag(rb"c", rb"\s([^<>]*)>"))
        self.valued = re.compile(tag(rb"c", place + rb"(?:[^<>]*[^<>/])?>"))
        self.error = re.compile(tag(rb"c", rb'(?=\s[^<>]*\bt="e")' + place))
        computed = tag(rb"c", not_text + place + rb"[^<>]*>\s*") + formula
        # An empty <v/> is also written <v></v>.
        self.uncomputed = re.compile(computed + rb"(?:" + end + rb"c>|" + tag(rb"v", rb"\s*(?:/>|>\s*</))"))
        self.placeholder = re.compile(computed + tag(rb"v", rb"(?:\s[^<>]*)?>\s*0(?:\.0{1,9})?\s*</"))
        self.shared_use = re.compile(rb'\bt="s"[^<>]*>\s*' + tag(rb"v", rb">(\d{1,9})<"))
        self.single_quoted = re.compile(tag(rb"(?:c|row|f|v)", rb"\s[^<>]*='"))
        self.placeable = re.compile(rb"<(" + prefix + rb"(?:row|c))(\s[^<>]*?)?(/?)>")
        self.unplaced = re.compile(tag(rb"(?:row|c)", rb'(?=[\s/>])(?![^<>]*\sr=")[^<>]*>'))

    def styled(self, numbers: Iterable[int]) -> re.Pattern[bytes]:
        """Return the pattern of a cell that names one of these styles."""
        named = b"|".join(b"0{0,8}%d" % number for number in sorted(numbers))
        return re.compile(rb"<" + self._prefix + rb'c\s((?:[^<>]*?\s)?s="(?:' + named + rb')"[^<>]*)>')


_PLAIN_TAGS, _ANY_TAGS = _Tags(rb""), _Tags(rb"(?:\w{1,32}:)?")
_MARK_WORDS: Final = (b"vertAlign", b"trike")
_RICH = re.compile(
    rb'vertAlign\s[^<>]*val="(?:super|sub)script"|<(?:\w{1,32}:)?d?strike(?!\s[^<>]*val="(?:0|false)")[\s/>]'
)
_STYLE = re.compile(rb'\ss="(\d{1,9})"')
_CONDITIONAL = re.compile(rb"<(?:\w{1,32}:)?conditionalFormatting[\s>]")
_SQREF = re.compile(rb"""sqref=["']([^"'<>]*)["']|<(?:\w{1,32}:)?sqref>([^<]*)<""")
_DXF = re.compile(rb'\sdxfId="(\d{1,9})"')
_FORMAT_CODE = re.compile(rb'\sformatCode="([^"<>]*)"')
_SHARED = re.compile(rb"\s{0,99}<(?:\w{1,32}:)?v>(\d{1,9})<")
# Exports guard codes from being read as numbers: ="00123" and '00123.
_GUARDED = re.compile(r'^="([^"]*)"$|^\'([0-9A-Z]+)$')
_DIRECTORY_END: Final = b"PK\x05\x06"
_DIRECTORY_END_64: Final = b"PK\x06\x06"


_ERROR_VALUE: Final = "单元格是错误值（如 #REF!、#N/A）"


class FileProblem(ValueError):
    """A file that can't be read at all: one Chinese line that names the file, the place and the mend."""


@dataclass(frozen=True)
class Sheet:
    """One sheet as it stands, from A1: cells, merged ranges, and what would be lost if only cells were looked at."""

    name: str
    rows: list[Row]
    merged: list[Range]
    broken: dict[tuple[int, int], str] = field(default_factory=dict)  # (row, column) from 0: why there is no value
    formats: dict[tuple[int, int], str] = field(default_factory=dict)  # formats that may show another number
    marked: frozenset[tuple[int, int]] = frozenset()  # texts with raised, lowered or struck-out letters
    struck: frozenset[tuple[int, int]] = frozenset()  # cells all struck out, as what is cancelled
    conditional: tuple[tuple[Range, str], ...] = ()  # formats of numbers that conditions may set, and where
    hidden_rows: frozenset[int] = frozenset()  # from 0
    is_hidden: bool = False
    remarks: tuple[str, ...] = ()
    is_named: bool = True  # a name that somebody gave, so that it may name the unit
    is_delimited: bool = False  # text with delimiters, in which a row may be longer than its header
    is_text: bool = False  # written by a program that may have made 2026.1 of 2026.10

    def part(self, first: int, end: int) -> Sheet:
        """Return the rows from `first` to before `end`, from 0, as a sheet of its own."""

        def moved(places: dict[tuple[int, int], str]) -> dict[tuple[int, int], str]:
            return {(r - first, c): value for (r, c), value in places.items() if first <= r < end}

        def moved_range(place: Range) -> Range:
            (top, left), (bottom, right) = place
            return (max(top - first, 0), left), (min(bottom, end - 1) - first, right)

        return replace(
            self,
            rows=self.rows[first:end],
            merged=[moved_range(place) for place in self.merged if first <= place[0][0] < end],
            broken=moved(self.broken),
            formats=moved(self.formats),
            marked=frozenset(moved(dict.fromkeys(self.marked, ""))),
            struck=frozenset(moved(dict.fromkeys(self.struck, ""))),
            conditional=tuple(
                (moved_range(place), code)
                for place, code in self.conditional
                if place[0][0] < end and place[1][0] >= first
            ),
            hidden_rows=frozenset(row - first for row in self.hidden_rows if first <= row < end),
            remarks=self.remarks if first == 0 else (),
        )


@dataclass
class _Look:
    """What a look at the XML of one sheet gave."""

    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    marked: frozenset[tuple[int, int]] = frozenset()
    struck: frozenset[tuple[int, int]] = frozenset()
    conditional: tuple[tuple[Range, str], ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Styles:
    """Of the styles in styles.xml, what a reader of cells must know: formats and strike-through, by number."""

    formats: dict[int, str] = field(default_factory=dict)  # that may show another number than the cell holds
    struck: frozenset[int] = frozenset()
    conditional: dict[int, str] = field(default_factory=dict)  # odd formats of numbers, by dxf

    @property
    def watched(self) -> frozenset[int]:
        return frozenset(self.formats) | self.struck


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
        if head.startswith(_ZIP):
            raise FileProblem(f"{path.name}：是改了后缀的 .xlsx，不是真正的 .xls；请把后缀改为 .xlsx 后重新发送")
        yield from _open_export(path)
        return
    if suffix != ".xls" and head == _OLE:
        # What Excel makes of an .xlsx with a password is an OLE file, and so is an .xls under a wrong name.
        raise FileProblem(
            f"{path.name}：工作簿有打开密码，或是改了后缀的 .xls；请去掉密码、另存为 .xlsx 后重新发送"
        ) from None
    looks = _old_looks(path) if suffix == ".xls" else _look_inside(path)
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            for meta in book.sheets_metadata:
                if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_name(meta.name)
                look = looks[meta.name] if suffix == ".xls" else looks.get(meta.name, _Look())
                is_visible = meta.visible == python_calamine.SheetVisibleEnum.Visible
                yield Sheet(
                    meta.name,
                    sheet.to_python(skip_empty_area=False),
                    _bounded(path, list(sheet.merged_cell_ranges or [])),
                    look.broken,
                    look.formats,
                    look.marked,
                    look.struck,
                    look.conditional,
                    look.hidden_rows,
                    is_hidden=not is_visible,
                    remarks=tuple(look.remarks),
                    is_named=not re.fullmatch(r"(?i)(sheet|工作表)\s*\d*", meta.name.strip()),
                )
    except python_calamine.PasswordError:
        raise FileProblem(f"{path.name}：工作簿有打开密码；请去掉密码后重新发送") from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, FileProblem):
            raise
        raise _broken(path, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a failed assertion in Rust becomes
            raise
        raise _broken(path, "部件的内容前后矛盾") from None


def _old_looks(path: Path) -> dict[str, _Look]:
    sheets = look_at_old_workbook(path)
    if sheets is None:
        unseen = "旧版 .xls 看不到数字格式和错误值，请核对金额，最好另存为 .xlsx 后再发送"
        return defaultdict(lambda: _Look(remarks=[unseen]))
    return {
        name: _Look(
            dict.fromkeys(sheet.errors, _ERROR_VALUE),
            sheet.formats,
            frozenset(sheet.marked),
            frozenset(sheet.struck),
            hidden_rows=frozenset(sheet.hidden_rows),
            remarks=_hidden_remarks(len(sheet.hidden_rows), 0),
        )
        for name, sheet in sheets.items()
    }


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
    return _read_delimited(path, path.read_bytes())


def _open_export(path: Path) -> Iterator[Sheet]:
    """Yield what a system exported under .xls: an HTML table, XML 2003, or text with delimiters."""
    content = path.read_bytes()
    text = decode_text(content)
    if text is None or "\x00" in text:
        raise FileProblem(f"{path.name}：文件损坏，不是真正的 .xls；请用 Excel/WPS 打开后另存为 .xlsx")
    if text.startswith("MIME-Version"):
        raise FileProblem(f"{path.name}：是单个文件网页（MHTML），不是真正的 .xls；请用 Excel/WPS 打开后另存为 .xlsx")
    try:
        if is_spreadsheet_xml(text):
            found = read_spreadsheet_xml(text, lambda code: not is_plain(code) or changes_codes(code))
        elif is_html(text):
            found = read_html(text)
        else:
            yield _read_delimited(path, content)
            return
    except ExportProblem as problem:
        raise FileProblem(f"{path.name}：{problem}") from None
    for sheet in found:
        yield _exported(path, sheet)


def _exported(path: Path, sheet: ExportedSheet) -> Sheet:
    width = max(map(len, sheet.rows), default=0)
    return Sheet(
        sheet.name,
        [row + [None] * (width - len(row)) for row in sheet.rows],
        _bounded(path, sheet.merged),
        dict.fromkeys(sheet.errors, _ERROR_VALUE),
        sheet.formats,
        frozenset(sheet.marked),
        frozenset(sheet.struck),
        hidden_rows=frozenset(sheet.hidden_rows),
        is_hidden=sheet.is_hidden,
        is_text=True,
        remarks=("是系统导出的网页或 XML 表，按表格读取", *_hidden_remarks(len(sheet.hidden_rows), 0)),
        is_named=sheet.name != "网页" and not re.fullmatch(r"(?i)(sheet|工作表)\s*\d*", sheet.name.strip()),
    )


def _read_delimited(path: Path, content: bytes) -> Sheet:
    kind = path.suffix.lower()
    text = None if b"\x00" in content and content[:2] not in {b"\xff\xfe", b"\xfe\xff"} else decode_text(content)
    if text is None or "\x00" in text:
        raise FileProblem(
            f"{path.name}：不是文本，或编码既不是 UTF-8 也不是 GB18030；请另存为“CSV UTF-8”或 .xlsx 后重新发送"
        )
    first, _, rest = text.partition("\n")
    said = first.strip().lower()
    if said.startswith("sep=") and len(said) == 5:
        delimiter, text = first.strip()[-1] if first.strip()[-1] != "=" else "\t", rest
    else:
        delimiter = max((",", "\t", ";", "|"), key=lambda sign: _fit(text, sign))
    try:
        rows: list[Row] = [
            list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        ]
    except csv.Error as error:
        raise FileProblem(f"{path.name}：文本的引号或分隔不完整（{error}）；请另存为 .xlsx 后重新发送") from None
    if said.startswith("sep=") and len(said) == 5:
        rows.insert(0, [])  # numbers of rows are those of the file
    if '="' in text or "'" in text:
        rows = [[_GUARDED.sub(r"\1\2", cell) for cell in row] for row in rows]
    remarks = [] if kind == ".csv" else ["是文本，不是真正的 .xls，按分隔符读取"]
    # Programs end each line alike: a last line without an end, after lines that have one, may have been cut.
    if "\n" in text and not text.endswith(("\n", "\r")):
        remarks.append("文件末尾没有换行，请核对最后一行是否完整")
    return Sheet("CSV", rows, [], remarks=tuple(remarks), is_named=False, is_delimited=True, is_text=True)


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """Return how well a delimiter splits the first lines: the share of the commonest width above one, and that width."""
    widths: Counter[int] = Counter()
    try:
        for row in islice(csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter, strict=True), 20):
            widths[len(row)] += 1
    except csv.Error:
        pass  # cut inside a quoted cell, or not the delimiter
    width, count = max(((w, c) for w, c in widths.items() if w > 1), key=lambda pair: pair[::-1], default=(1, 0))
    return count / max(widths.total(), 1), width


# --- .xlsx, .xlsm ---------------------------------------------------------------------------------------------------


def _look_inside(path: Path) -> dict[str, _Look]:
    """Check the zip directory and every XML part against the limits, before calamine opens the file."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
            entries = archive.infolist()
            _check_directory(path, entries)
            _check_one_directory(path, stream, archive.start_dir)
            by_name = {entry.filename.replace("\\", "/").lower(): entry for entry in entries}
            if len(by_name) < len(entries):
                raise FileProblem(f"{path.name}：压缩包里有同名的部件，不像工作簿；请用 Excel/WPS 另存后重新发送")
            parts = [e for e in entries if e.filename.lower().endswith((".xml", ".rels"))]
            sheets, computes = _sheet_parts(path, stream, by_name)
            entry = by_name.get("xl/styles.xml")
            styles = _odd_styles(_tree(path, stream, entry)) if entry else _Styles()
            doubts = not computes or _is_made_by_program(path, stream, by_name)
            shared, marked = np.zeros(0, dtype=np.int64), set[int]()
            if entry := by_name.get("xl/sharedstrings.xml"):
                packed = _inflate(path, stream, entry)
                texts = packed.split(b"</si>")
                shared = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
                if any(word in packed for word in _MARK_WORDS):
                    marked = {at for at, text in enumerate(texts) if _RICH.search(text)}
            total, looks = 0, {}
            for entry in parts:
                content = _inflate(path, stream, entry)
                total += len(content)
                if total > MAX_INFLATED:
                    raise FileProblem(
                        f"{path.name}：解开后超过 {MAX_INFLATED // 2**20} MB，不像台账；请按年度拆开后重新发送"
                    )
                if name := sheets.get(entry.filename.replace("\\", "/").lower()):
                    looks[name] = _look_at_sheet(path, name, content, shared, styles, doubts)
                    looks[name].marked = _marked_cells(content, marked)
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


def _check_one_directory(path: Path, stream: Any, start: int) -> None:
    """Refuse an archive in which two readers may find two directories: zipfile and calamine search in their own ways."""
    size = path.stat().st_size
    stream.seek(max(0, size - 22 - 65_535))
    tail = stream.read()
    at = tail.rfind(_DIRECTORY_END)
    entries, length, offset, comment = struct.unpack("<10xHIIH", tail[at : at + 22])
    end = size - len(tail) + at
    is_one = tail.count(_DIRECTORY_END) == 1 and at + 22 + comment == len(tail) and start + length == end
    if entries == 0xFFFF or length == 0xFFFFFFFF or offset == 0xFFFFFFFF or _DIRECTORY_END_64 in tail[:at]:
        is_one = False  # the wide form, for archives of 65,536 parts or 4 GiB, holds a directory of its own
    if not is_one or start != offset:
        raise FileProblem(
            f"{path.name}：压缩包的目录不止一份或前后不一，不像 Excel 写的；请用 Excel/WPS 另存后重新发送"
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
    if (b"!" in content and (b"<!DOCTYPE" in content or b"<!ENTITY" in content)) or content[:2] in {
        b"\xff\xfe",
        b"\xfe\xff",
    }:
        raise FileProblem(f"{path.name}：部件 {entry.filename} 含有 XML 实体声明，不是 Excel 写的；请另存后重新发送")
    return content


def _tree(path: Path, stream: Any, entry: zipfile.ZipInfo) -> ElementTree.Element:
    if entry.file_size > MAX_TREE:
        raise FileProblem(f"{path.name}：部件 {entry.filename} 大得不像台账的；请用 Excel/WPS 另存后重新发送")
    return ElementTree.fromstring(_inflate(path, stream, entry))


def _sheet_parts(path: Path, stream: Any, by_name: dict[str, zipfile.ZipInfo]) -> tuple[dict[str, str], bool]:
    """Return the name of each sheet by its part, and whether formulas were computed when the workbook was saved.

    A workbook that counts days from 1904 is refused.
    """
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= by_name.keys():
        raise FileProblem(
            f"{path.name}：文件损坏或不是真正的 Excel 文件（缺少 workbook.xml）；请用 Excel/WPS 打开后另存"
        )
    book = _tree(path, stream, by_name["xl/workbook.xml"])
    links = _tree(path, stream, by_name["xl/_rels/workbook.xml.rels"])
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    found: dict[str, str] = {}
    computes = False
    for element in book.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "calcPr":  # Excel, WPS and LibreOffice always write it; programs leave it out or ask for computation
            computes = element.get("fullCalcOnLoad") not in {"1", "true"}
        if tag == "workbookPr" and element.get("date1904") in {"1", "true"}:
            raise FileProblem(
                f"{path.name}：工作簿用 1904 日期系统，日期会差四年；请在 Excel 选项里关掉它，核对后重新发送"
            )
        if tag == "sheet":
            key = next((value for name, value in element.attrib.items() if name.endswith("}id")), None)
            target = targets.get(key, "")
            part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl", target))
            found[part.lower()] = element.get("name", "")
    return found, computes


def _is_made_by_program(path: Path, stream: Any, by_name: dict[str, zipfile.ZipInfo]) -> bool:
    """Say whether the workbook names Apache POI: it stores 0 as the result of a formula that nobody computed."""
    entry = by_name.get("docprops/app.xml")
    return bool(entry and b"Apache POI" in _inflate(path, stream, entry))


def _odd_styles(styles: ElementTree.Element) -> _Styles:
    """Return the styles that make a cell show another number than it holds, or strike it out."""
    codes: dict[int, str] = dict(BUILT_IN)
    fonts: set[int] = set()
    odd: dict[int, str] = {}
    struck: frozenset[int] = frozenset()
    conditional: dict[int, str] = {}
    for element in styles:
        tag = element.tag.rpartition("}")[2]
        if tag == "numFmts":
            codes |= {int(e.get("numFmtId", 0)): e.get("formatCode", "") for e in element}
        if tag == "fonts":
            fonts = {at for at, font in enumerate(element) if any(_is_strike(e) for e in font)}
        if tag == "cellXfs":
            by_style = {at: codes.get(int(e.get("numFmtId", 0)), "") for at, e in enumerate(element)}
            odd = {at: code for at, code in by_style.items() if not is_plain(code) or changes_codes(code)}
            struck = frozenset(at for at, e in enumerate(element) if int(e.get("fontId", 0)) in fonts)
        if tag == "dxfs":
            of_dxf = {at: code for at, dxf in enumerate(element) for e in dxf if (code := e.get("formatCode"))}
            conditional = {at: code for at, code in of_dxf.items() if not is_plain(code) or changes_codes(code)}
    return _Styles(odd, struck, conditional)


def _is_strike(element: ElementTree.Element) -> bool:
    return element.tag.rpartition("}")[2] in {"strike", "dstrike"} and element.get("val") not in {"0", "false"}


def _with_places(path: Path, name: str, content: bytes, tags: _Tags) -> bytes:
    """Return the sheet with a place on every row and cell: some writers leave r= out, and calamine counts on instead."""
    # Between these two, only a cell begins with <c.
    start, end = content.find(b"<sheetData"), content.rfind(b"</sheetData")
    if tags is _PLAIN_TAGS and 0 <= start < end:
        cells = content.count(b"<c", start, end)
    else:
        start, end = 0, len(content)
        marks = (b"<c ", b"<c>", b"<c/", b":c ", b":c>", b":c/")
        cells = sum(map(content.count, marks))
    if cells > MAX_CELLS:
        raise FileProblem(f"{path.name}，工作表“{name}”：单元格有 {cells:,} 个，不像台账；请拆开后重新发送")
    rows = content.count(b"<row", start, end)
    if content.count(b'<c r="', start, end) == cells and rows == content.count(b'<row r="', start, end):
        return content
    if not tags.unplaced.search(content):
        return content
    if cells + content.count(b"row") > MAX_UNPLACED:
        raise FileProblem(
            f"{path.name}，工作表“{name}”：单元格没有写明位置，不像 Excel 写的；请用 Excel/WPS 另存后重新发送"
        )
    row, column = 0, 0

    def place(match: re.Match[bytes]) -> bytes:
        nonlocal row, column
        tag, attributes, end = match.group(1), match.group(2) or b"", match.group(3)
        if tag.endswith(b"row"):
            known = _NUMBER_OF["r"].search(attributes)
            row, column = int(known.group(1)) if known else row + 1, 0
            return match.group() if known else b'<%s r="%d"%s%s>' % (tag, row, attributes, end)
        if known := _PLACED.search(attributes):
            column = _column_number(known.group(1))
            return match.group()
        column += 1
        return b'<%s r="%s%d"%s%s>' % (tag, _letters_of(column), row, attributes, end)

    return tags.placeable.sub(place, content)


def _letters_of(column: int) -> bytes:
    letters = b""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = bytes([65 + rest]) + letters
    return letters


def _ends_near(content: bytes) -> bool:
    """Say whether no cell stands beyond column Z, nor in a row of so many digits that the sheet may be too large."""
    return not _FAR.search(content)


def _far_rows(content: bytes, above: int) -> int:
    """Return the last row that a cell of its own names beyond row `above`, or 0; few sheets have rows of so many digits."""
    digits = re.compile(rb'r="[A-Z]{1,3}(\d{%d,9})"' % len(str(above + 1)))
    return max(map(int, set(digits.findall(content))), default=0)


def _look_at_sheet(
    path: Path, name: str, content: bytes, shared: np.ndarray[Any, Any], styles: _Styles, doubts: bool
) -> _Look:
    look = _Look()
    # Searches for a sign that sheets hardly have run many times faster than those for a pair that begins with < or =.
    tags = _ANY_TAGS if _PREFIXED.search(content) else _PLAIN_TAGS
    if b"'" in content and b"='" in content and tags.single_quoted.search(content):
        raise FileProblem(f"{path.name}，工作表“{name}”：不是 Excel 或 WPS 写的；请用 Excel/WPS 打开后另存再发送")
    content = _with_places(path, name, content, tags)
    # Most sheets hide nothing and end before column AA: a plain search says so faster than a walk over every cell.
    row_numbers = tags.row_number.findall(content)
    last_row = max(map(int, row_numbers), default=0)
    may_hide = b'hidden="' in content
    if may_hide:
        hidden = (match.group(1) for match in tags.row.finditer(content) if _HIDDEN.search(match.group(1)))
        numbers = (_NUMBER_OF["r"].search(b" " + attributes) for attributes in hidden)
        look.hidden_rows = frozenset(int(number.group(1)) - 1 for number in numbers if number)
    is_near = _ends_near(content)
    letters_met = set(_LETTERS.findall(content)) if may_hide or not is_near else {b"Z"}
    last_column = max((_column_number(letters) for letters in letters_met), default=0)
    if not is_near:
        last_row = max(last_row, _far_rows(content, MAX_CELLS // max(last_column, 1)))
    if last_row * last_column > MAX_CELLS:  # perhaps only formats stand there
        valued = [(int(row), _column_number(letters)) for letters, row in tags.valued.findall(content)]
        far = max((row for row, _ in valued), default=0) * max((column for _, column in valued), default=0)
        if far > MAX_CELLS:
            raise FileProblem(
                f"{path.name}，工作表“{name}”：铺开有 {far:,} 个单元格，不像台账；请删去远处的单元格后重新发送"
            )
    if len(shared) and int(shared.max()) * content.count(b'"s"') > MAX_TEXT:
        used = np.fromstring(b" ".join(tags.shared_use.findall(content)), dtype=np.int64, sep=" ")
        if shared[used[used < len(shared)]].sum() > MAX_TEXT:
            raise FileProblem(
                f"{path.name}，工作表“{name}”：文字铺开超过 {MAX_TEXT // 2**20} MB，不像台账；请拆开后重新发送"
            )
    if b't="e"' in content:
        look.broken |= {_place(m): _ERROR_VALUE for m in tags.error.finditer(content)}
    body = max(content.find(b"<sheetData"), 0)  # before it stand sheetFormatPr and the like
    if content.find(b"f", body) >= 0 and (b"<f" in content or b":f" in content):
        look.broken |= {_place(m): "公式没有计算结果" for m in tags.uncomputed.finditer(content)}
        if doubts:
            said = "公式从未计算过，存的只是占位的 0"
            look.broken |= {_place(m): said for m in tags.placeholder.finditer(content)}
    watched = styles.watched
    if watched and (0 in watched or not watched.isdisjoint(map(int, set(_STYLE.findall(content))))):
        look.formats, look.struck = _styles_of_cells(content, styles, tags)
    end = content[content.rfind(b"sheetData") :]
    if styles.conditional or b"formatCode" in end:
        look.conditional = _conditional_formats(end, styles.conditional)
    before_rows = content[: content.find(b"row") if may_hide else 0]
    columns = [match.group(1) for match in tags.column.finditer(before_rows)]
    hidden_columns = sum(_span(column, last_column) for column in columns if _HIDDEN.search(column))
    look.remarks += _hidden_remarks(len(look.hidden_rows), hidden_columns)
    return look


def _hidden_remarks(rows: int, columns: int) -> list[str]:
    of_rows = [f"有 {rows:,} 行是隐藏或被筛选掉的，已照常读取"] if rows else []
    return of_rows + ([f"有 {columns:,} 列是隐藏的，已照常读取"] if columns else [])


def _styles_of_cells(
    content: bytes, styles: _Styles, tags: _Tags
) -> tuple[dict[tuple[int, int], str], frozenset[tuple[int, int]]]:
    """Return the odd formats of cells, and the cells that are struck out."""
    found: dict[tuple[int, int], str] = {}
    struck = set()
    # A cell that names no style has the first; where that one is plain, only cells of the others are looked at.
    cells = tags.cell if 0 in styles.watched else tags.styled(styles.watched)
    for match in cells.finditer(content):
        written = _NUMBER_OF["s"].search(match.group(1))
        style = int(written.group(1)) if written else 0
        code = styles.formats.get(style)
        if code is None and style not in styles.struck:
            continue
        if placed := _PLACED.search(b" " + match.group(1)):
            place = _place(placed)
            if code is not None:
                found[place] = code
            if style in styles.struck:
                struck.add(place)
    return found, frozenset(struck)


def _conditional_formats(end: bytes, of_dxf: dict[int, str]) -> tuple[tuple[Range, str], ...]:
    """Return where conditions may show numbers in a format of their own: whether they hold, only a spreadsheet knows."""
    found: list[tuple[Range, str]] = []
    for block in _CONDITIONAL.split(end)[1:]:
        places = b" ".join(part for pair in _SQREF.findall(block) for part in pair).decode("ascii", "ignore")
        codes = [of_dxf[at] for at in map(int, _DXF.findall(block)) if at in of_dxf]
        inline = (_unescape(code.decode("utf-8", "replace")) for code in _FORMAT_CODE.findall(block))
        codes += [code for code in inline if not is_plain(code) or changes_codes(code)]
        ranges = [_range(place) for place in places.split()[:1000]] if codes else []
        found += [(place, code) for place in ranges if place for code in codes]
    return tuple(found)


def _unescape(text: str) -> str:
    return text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _range(text: str) -> Range | None:
    match = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d{1,9})(?::\$?([A-Z]{1,3})\$?(\d{1,9}))?", text)
    if not match:
        return None
    left, top, right, bottom = match.groups()
    start = int(top) - 1, _column_number(left.encode()) - 1
    return start, ((int(bottom) - 1, _column_number(right.encode()) - 1) if right else start)


def _marked_cells(content: bytes, shared: set[int]) -> frozenset[tuple[int, int]]:
    """Return the cells whose text has raised, lowered or struck-out letters, of their own or of a shared string."""
    # Such letters stand in runs with properties of their own.
    if not shared and not (b"rPr" in content and any(word in content for word in _MARK_WORDS)):
        return frozenset()
    found = set()
    for match in _ANY_TAGS.cell.finditer(content):
        rest = content[match.end() : match.end() + 10_000].partition(b"</c>")[0]
        text = _SHARED.match(rest) if b't="s"' in match.group(1) else None
        is_marked = int(text.group(1)) in shared if text else _RICH.search(rest)
        if is_marked and (placed := _PLACED.search(b" " + match.group(1))):
            found.add(_place(placed))
    return frozenset(found)


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
