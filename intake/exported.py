"""Read what systems of bureaus export as .xls though it is none (系统导出的“Excel”): HTML tables, XML 2003.

Belongs here: the cells of such a text, and what it tells beside them: merged ranges, formats, hidden rows, struck-out and
raised letters. Does not belong: which kind a file is and its limits of size (opening.py), what a cell means.

Nothing is fetched, run or resolved: a text with a DOCTYPE of its own entities is refused before it is parsed, styles and
scripts are passed over, and repeated cells are counted before they are laid out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree

Row = list[Any]
Range = tuple[tuple[int, int], tuple[int, int]]
Place = tuple[int, int]

MAX_TEXT: Final = 2**25  # bytes; 100,000 rows of ten columns have 20 MB as HTML
MAX_CELLS: Final = 3_000_000
MAX_SPAN: Final = 20_000  # rows or columns of one merged cell
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_CHINESE: Final = frozenset({"gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "ms936"})
_SPACES = re.compile(r"[ \t\r\n\f]+")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.IGNORECASE)
_STRUCK_STYLE = re.compile(r"text-decoration[^;]*line-through", re.IGNORECASE)
_SKIPPED: Final = frozenset({"script", "style", "head", "template", "noscript", "xml"})
_BREAKS: Final = frozenset({"br", "p", "div", "li", "tr"})
_NS: Final = "{urn:schemas-microsoft-com:office:spreadsheet}"
# Names of formats that XML 2003 writes instead of codes, where they show more than the number.
_NAMED_FORMATS: Final = {
    "Currency": '"¥"#,##0.00', "Euro Currency": '"€"#,##0.00', "Percent": "0.00%", "Scientific": "0.00E+00",
}  # fmt: skip


class ExportProblem(ValueError):
    """A text that can't be read as a table: the reason and the fix in Chinese."""


@dataclass
class ExportedSheet:
    """One sheet of an export; places are (row, column) from 0."""

    name: str
    rows: list[Row] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    errors: set[Place] = field(default_factory=set)
    formats: dict[Place, str] = field(default_factory=dict)
    marked: set[Place] = field(default_factory=set)
    struck: set[Place] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    is_hidden: bool = False


def decode_text(content: bytes) -> str | None:
    """Return the text of a file by its mark, by what it declares, as UTF-8 or as GB18030; None where it is none of them."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encodings = ["utf-16"]
    else:
        found = _CHARSET.search(content[:4096])
        declared = found.group(1).decode("ascii", "ignore").lower() if found else ""
        encodings = ["utf-8-sig", "gb18030" if not declared or declared in _CHINESE else declared, "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def is_html(text: str) -> bool:
    """Say whether a text holds an HTML table."""
    return bool(re.search(r"<(?:html|table|body|head|!doctype\s+html)[\s>]", text[:100_000], re.IGNORECASE))


def is_spreadsheet_xml(text: str) -> bool:
    """Say whether a text is a workbook in the XML of Excel 2003."""
    return "urn:schemas-microsoft-com:office:spreadsheet" in text[:10_000] and "<html" not in text[:10_000].lower()


def check_markup(text: str) -> None:
    """Refuse what may make a parser fetch or multiply something.

    Raises
    ------
    ExportProblem
        The text declares entities or a document type of its own, or is too long.
    """
    if len(text) > MAX_TEXT:
        raise ExportProblem(f"文件有 {len(text) / 2**20:.0f} MB 文本，不像台账；请拆开或另存为 .xlsx 后重新发送")
    if "<!ENTITY" in text.upper() or re.search(r"<!DOCTYPE[^>]{0,4096}\[", text, re.IGNORECASE):
        raise ExportProblem("含有 XML 实体声明，不是系统导出的表；请用 Excel/WPS 打开后另存为 .xlsx")


# --- HTML -----------------------------------------------------------------------------------------------------------


def read_html(text: str) -> list[ExportedSheet]:
    """Return the tables of a page, one below the other on one sheet, as they are seen."""
    from lxml import etree

    check_markup(text)
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        # libxml2 reads the encoding of a text from its own mark, not from what the page once declared.
        root = etree.fromstring(b"\xef\xbb\xbf" + re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode(), parser)
    except (etree.LxmlError, ValueError):
        root = None
    if root is None:
        raise ExportProblem("网页的内容不完整；请用 Excel/WPS 打开后另存为 .xlsx")
    sheet = ExportedSheet("网页")
    for table in root.iter("table"):
        if any(table is not inner for inner in table.iter("table")):
            continue  # it only lays out the page
        _read_table(sheet, table)
    if not any(any(row) for row in sheet.rows):
        raise ExportProblem("网页里没有表格；请用 Excel/WPS 打开后另存为 .xlsx")
    return [sheet]


def _read_table(sheet: ExportedSheet, table: Any) -> None:
    taken: dict[int, int] = {}  # by column: the first row, counted on the sheet, in which it is free again
    rows = sheet.rows
    cells = sum(map(len, rows))
    if rows:
        rows.append([])
    if (caption := table.find("caption")) is not None:
        rows.append([_seen_text(caption)])
    for line in table.iter("tr"):
        at, column = len(rows), 0
        row: Row = []
        rows.append(row)
        if _is_unseen(line):
            sheet.hidden_rows.add(at)
        for cell in line.iterchildren("td", "th"):
            while taken.get(column, 0) > at:
                column += 1
            across, down = _span(cell.get("colspan")), _span(cell.get("rowspan"))
            cells += column + across - len(row)
            if column + across > MAX_SPAN or cells > MAX_CELLS:
                raise ExportProblem("表格大得不像台账；请拆开后重新发送")
            row.extend([None] * (column + across - len(row)))
            row[column] = _seen_text(cell)
            if _is_struck(cell):
                sheet.struck.add((at, column))
            elif any(True for _ in cell.iter("sup", "sub", "s", "del", "strike")):
                sheet.marked.add((at, column))
            if across > 1 or down > 1:
                sheet.merged.append(((at, column), (at + down - 1, column + across - 1)))
            if down > 1:
                taken |= dict.fromkeys(range(column, column + across), at + down)
            column += across
    # A rowspan may reach below the table's last row.
    last = len(rows) - 1
    sheet.merged[:] = [(start, (min(end[0], last), end[1])) for start, end in sheet.merged]


def _span(written: str | None) -> int:
    return min(max(int(written), 1), MAX_SPAN) if written and written.strip().isdecimal() and len(written) < 9 else 1


def _is_unseen(element: Any) -> bool:
    return bool(_HIDDEN_STYLE.search(element.get("style") or "")) or element.get("hidden") is not None


def _is_struck(cell: Any) -> bool:
    """Say whether all that is written in a cell is struck out."""
    if _STRUCK_STYLE.search(cell.get("style") or ""):
        return True
    whole = _seen_text(cell)
    return bool(whole) and any(_seen_text(inner) == whole for inner in cell.iter("s", "del", "strike"))


def _seen_text(element: Any) -> str:
    """Return the text of an element as a page shows it: spaces run together, breaks where lines end."""
    parts: list[str] = []

    def walk(node: Any) -> None:
        if not isinstance(node.tag, str) or node.tag in _SKIPPED or _is_unseen(node):
            return
        if node.tag in _BREAKS and parts:
            parts.append("\n")
        parts.append(_SPACES.sub(" ", node.text or ""))
        for child in node:
            walk(child)
            parts.append(_SPACES.sub(" ", child.tail or ""))

    walk(element)
    return "\n".join(line.strip() for line in "".join(parts).split("\n")).strip()


# --- XML 2003 -------------------------------------------------------------------------------------------------------


def read_spreadsheet_xml(text: str, is_odd: Callable[[str], bool]) -> list[ExportedSheet]:
    """Return the sheets of a workbook in the XML of Excel 2003; `is_odd` says which formats are told."""
    check_markup(text)
    if "<!DOCTYPE" in text[:10_000].upper():
        raise ExportProblem("含有文档类型声明，不是 Excel 写的；请用 Excel/WPS 打开后另存为 .xlsx")
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff")))
    except ElementTree.ParseError as error:
        raise ExportProblem(f"XML 表格不完整（{error}）；请用 Excel/WPS 打开后另存为 .xlsx") from None
    formats: dict[str, str] = {}
    struck: set[str] = set()
    for style in root.iter(f"{_NS}Style"):
        name = style.get(f"{_NS}ID", "")
        for number_format in style.iter(f"{_NS}NumberFormat"):
            code = number_format.get(f"{_NS}Format", "")
            code = _NAMED_FORMATS.get(code, code)
            if code and is_odd(code):
                formats[name] = code
        if any(font.get(f"{_NS}StrikeThrough") == "1" for font in style.iter(f"{_NS}Font")):
            struck.add(name)
    return [_read_worksheet(sheet, formats, struck) for sheet in root.iter(f"{_NS}Worksheet")]


def _read_worksheet(element: ElementTree.Element, formats: dict[str, str], struck: set[str]) -> ExportedSheet:
    sheet = ExportedSheet(element.get(f"{_NS}Name", ""))
    sheet.is_hidden = any(
        (e.text or "").startswith("SheetHidden") for e in element.iter() if e.tag.endswith("}Visible")
    )
    cells = 0
    for at, line in _placed(element.findall(f"{_NS}Table/{_NS}Row"), 0):
        sheet.rows.extend([] for _ in range(at + 1 - len(sheet.rows)))
        if line.get(f"{_NS}Hidden") == "1":
            sheet.hidden_rows.add(at)
        row = sheet.rows[at]
        for column, cell in _placed(line.findall(f"{_NS}Cell"), 0, of_cells=True):
            cells += column + 1 - len(row)
            if cells > MAX_CELLS:
                raise ExportProblem("表格大得不像台账；请拆开后重新发送")
            row.extend([None] * (column + 1 - len(row)))
            data = cell.find(f"{_NS}Data")
            style = cell.get(f"{_NS}StyleID") or line.get(f"{_NS}StyleID") or "Default"
            row[column], is_error = _value(data)
            if is_error:
                sheet.errors.add((at, column))
            if style in formats:
                sheet.formats[at, column] = formats[style]
            if style in struck and row[column] is not None:
                sheet.struck.add((at, column))
            if data is not None and any(child.tag.rpartition("}")[2] in {"Sup", "Sub", "S"} for child in data.iter()):
                sheet.marked.add((at, column))
            across, down = (_number(cell.get(f"{_NS}{name}")) for name in ("MergeAcross", "MergeDown"))
            if across or down:
                sheet.merged.append(((at, column), (at + down, column + across)))
    return sheet


def _placed(
    elements: list[ElementTree.Element], at: int, *, of_cells: bool = False
) -> Iterator[tuple[int, ElementTree.Element]]:
    """Yield rows or cells with their places: the one written as Index, else the one after the last."""
    for element in elements:
        index = _number(element.get(f"{_NS}Index"))
        at = index - 1 if index else at
        if at > 1_100_000:
            raise ExportProblem("表格大得不像台账；请拆开后重新发送")
        yield at, element
        at += 1 + (_number(element.get(f"{_NS}MergeAcross")) if of_cells else _number(element.get(f"{_NS}Span")))


def _number(written: str | None) -> int:
    return min(int(written), 2_000_000) if written and written.isdecimal() and len(written) < 9 else 0


def _value(data: ElementTree.Element | None) -> tuple[Any, bool]:
    """Return what a cell holds, and whether it is an error value."""
    if data is None:
        return None, False
    text, kind = "".join(data.itertext()), data.get(f"{_NS}Type")
    if kind == "Number":
        try:
            return float(text), False
        except ValueError:
            return text, False
    if kind == "DateTime":
        try:
            return dt.datetime.fromisoformat(text), False
        except ValueError:
            return text, False
    if kind == "Boolean":
        return text.strip() == "1", False
    return text, kind == "Error"
