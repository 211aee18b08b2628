"""What stands on the surfaces of one night, read back as a reader reads it: tables of pages, workbooks and Word, lines of PDF.

Belongs here: a figure with what it is of, as text and as a number with the precision it is written to. Does not belong here: which
figures must be equal (test_one_figure.py).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import lxml.html
import openpyxl
from docx import Document

# Columns that say what a row is of; all others hold figures.
IDENTITIES = (
    "单位",
    "责任单位",
    "指标",
    "产业链",
    "年度",
    "季度",
    "月份",
    "项目",
    "台账",
    "切片",
    "观察期（月）",
    "规则",
    "编号",
    "手续",
    "部门",
)
# One word for what surfaces title differently.
SAME = {
    "任务": "全年任务", "全年任务": "全年任务", "时序欠账": "欠账", "完成率（%）": "完成率", "责任单位": "单位", "名称": "单位",
    "年初至季末开工": "年初至季末", "在跟进的签约项目": "在跟进签约项目", "签约季度": "季度", "提前完成": "提前", "投资（万元）": "投资",
    "总投资": "投资", "红黄灯": "灯", "灯的依据": "依据", "红黄灯依据": "依据", "项目名称": "项目",
}  # fmt: skip
UNITS = {"亿元": 10_000.0, "万元": 1.0, "万美元": 1.0, "": 1.0} | dict.fromkeys(
    ("个", "次", "家", "条", "天", "%", "项"), 1.0
)
_NUMBER = re.compile(r"([-+−]?[\d,]+(?:\.(\d+))?)\s*(\D*)")
MISSING = ("暂无", "未下达", "—", "")


@dataclass(frozen=True)
class Figure:
    """One figure on one surface: `about` names what it is of, `what` its title."""

    surface: str
    about: tuple[tuple[str, str], ...]
    what: str
    text: str

    @property
    def number(self) -> tuple[float, float] | None:
        """The number and half a unit of its last written place; None for words."""
        found = _NUMBER.fullmatch(self.text.strip())
        if found is None or found[3].strip() not in UNITS:
            return None
        scale = UNITS[found[3].strip()]
        return float(found[1].replace(",", "").replace("−", "-")) * scale, 0.51 * scale * 10 ** -len(found[2] or "")

    def agrees(self, other: Figure) -> bool:
        """Whether both say the same, as far as each is written."""
        mine, theirs = self.number, other.number
        if mine is None or theirs is None:
            is_missing = self.text.strip() in MISSING, other.text.strip() in MISSING
            return self.text.strip() == other.text.strip() or all(is_missing)
        return abs(mine[0] - theirs[0]) <= mine[1] + theirs[1]


def figures_of(surface: str, rows: Iterable[Mapping[str, object]], **about: str) -> Iterator[Figure]:
    """Give the figures of a table, each with the row's own identity and what the whole table is of."""
    for row in rows:
        plain = {SAME.get(str(title).split("\n")[0], str(title)): _text(value) for title, value in row.items()}
        own = {name: plain[name] for name in plain if name in IDENTITIES}
        who = {"单位": "全区", **about, **own}
        for what, text in plain.items():
            if what not in own:
                yield Figure(surface, tuple(sorted(who.items())), what, text)


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def html_tables(page: str) -> list[list[dict[str, str]]]:
    """Give the tables of a page, each as rows by title."""
    found = []
    for table in lxml.html.fromstring(page).iter("table"):
        heads = [" ".join("".join(cell.itertext()).split()) for cell in table.iterfind(".//thead//th")]
        rows = [[_words(cell) for cell in line] for line in table.iterfind(".//tbody/tr")]
        found.append([dict(zip(heads, row, strict=False)) for row in rows if len(row) == len(heads)])
    return found


def _words(cell: lxml.html.HtmlElement) -> str:
    return " ".join(" ".join(cell.itertext()).split())


def workbook_tables(path: Path) -> dict[str, list[dict[str, object]]]:
    """Give the sheets of a document's workbook as rows by title."""
    found: dict[str, list[dict[str, object]]] = {}
    for sheet in openpyxl.load_workbook(path, read_only=True).worksheets:
        lines = [list(line) for line in sheet.iter_rows(values_only=True)]
        if len(lines) > 2 and not any(lines[1]) and any(lines[2]):
            found[sheet.title] = [dict(zip(lines[2], line, strict=True)) for line in lines[3:]]
    return found


def word_tables(path: Path) -> list[list[dict[str, str]]]:
    """Give the tables of a Word document as rows by title."""
    found = []
    for table in Document(str(path)).tables:
        head, *lines = [[cell.text for cell in row.cells] for row in table.rows]
        found.append([dict(zip(head, line, strict=True)) for line in lines])
    return found


def word_text(path: Path) -> str:
    """Give the words of a Word document."""
    return "\n".join(paragraph.text for paragraph in Document(str(path)).paragraphs)


def pdf_text(path: Path) -> str:
    """Give the words of a PDF without spaces."""
    made = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True)
    return "".join(made.stdout.split())
