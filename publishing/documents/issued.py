"""One way of writing what leaders are given (成稿): Word on the office's own template, and Excel with every table, chart and 口径.

The office owns the template: the first run writes one, which may be edited in Word; it is filled by docxtpl.

Belongs here: filling, sheets, the same bytes again. Does not belong here: figures (bulletin.py, dispatch.py), the page
(template.py), drawing (publishing/charts.py).
"""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter
import yaml

from office import settings_file
from publishing.documents.pictures import WIDTH_MM, pictures
from storage import pin_zip, write_whole

NOT_SET: Final = "未下达"
NO_RATE: Final = "暂无"
SYNTHETIC: Final = "（合成数据，仅供演示）"
_CREATED: Final = dt.datetime(2000, 1, 1)
_PICTURES: Final = "图"


# What is made to be handed out lies in `documents/` by these names; its templates and frozen copies lie in folders beside.
HANDED_OUT: Final = re.compile(r"(调度材料|项目一页|季通报|挂图作战)_[0-9Q-]{6,10}\.(docx|xlsx|pdf)")


def handed_out(folder: Path) -> list[Path]:
    """Give the documents that were made, the newest period of each kind first."""
    found = [path for path in folder.glob("*") if path.is_file() and HANDED_OUT.fullmatch(path.name)]
    kinds = ("调度材料", "项目一页", "挂图作战", "季通报")
    by_name = sorted(found, key=lambda path: path.name, reverse=True)
    return sorted(by_name, key=lambda path: kinds.index(path.name.split("_")[0]))


@dataclass(frozen=True)
class Issued:
    """What is written: words of the template's marks, a sheet each table, a drawing each mark of a picture."""

    stem: str
    """Name of both files without suffix."""
    title: str
    words: Mapping[str, Any]
    """The template's marks, without pictures."""
    drawings: Mapping[str, str]
    """Mark of the template -> SVG; one that is not given leaves its place out."""
    tables: Mapping[str, pd.DataFrame]
    """Sheet -> table; numbers stay numbers."""
    notes: Sequence[str]
    heading: Callable[[str], str]
    """What stands above the table of a sheet."""
    wide: frozenset[str] = frozenset()
    """Columns that hold sentences."""


def write_issued(
    folder: Path, issued: Issued, template: Path, write_template: Callable[[Path], None]
) -> tuple[Path, Path]:
    """Write the .docx and the .xlsx, each whole or not at all; the same content and template give the same bytes.

    A template that is not there is written first, for the office to own and edit.
    """
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage

    if not template.exists():
        write_template(template)
    folder.mkdir(parents=True, exist_ok=True)
    word, excel = (folder / f"{issued.stem}.{suffix}" for suffix in ("docx", "xlsx"))
    drawn = pictures(issued.drawings)
    document = DocxTemplate(template)
    placed = {mark: InlineImage(document, io.BytesIO(png), width=Mm(WIDTH_MM)) for mark, png in drawn.items()}
    document.render({**issued.words, **placed}, autoescape=True)
    write_whole(word, lambda partial: document.save(partial))
    pin_zip(word)
    write_whole(excel, lambda partial: _write_excel(partial, issued, drawn))
    return word, excel


def _write_excel(path: Path, issued: Issued, drawn: Mapping[str, bytes]) -> None:
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"title": issued.title, "author": "择优", "created": _CREATED})
        head = book.add_format(
            {"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter", "bg_color": "#F2F2F2"}
        )
        cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
        bold = book.add_format({"bold": True, "font_size": 14})
        for name, table in issued.tables.items():
            sheet = book.add_worksheet(name)
            sheet.write_string(0, 0, issued.heading(name), bold)
            for x, title in enumerate(table.columns):
                sheet.write_string(2, x, str(title), head)
                sheet.set_column(x, x, 40 if title in issued.wide else 24 if title == "单位" else 15)
            for y, row in enumerate(table.itertuples(index=False), start=3):
                for x, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(y, x, value, cell)
                    else:
                        sheet.write_number(y, x, value, cell)
            sheet.freeze_panes(3, 0)
        if drawn:
            _place_pictures(book.add_worksheet(_PICTURES), issued, drawn, bold)
        notes = book.add_worksheet("口径")
        notes.set_column(0, 0, 100)
        for y, text in enumerate(issued.notes):
            notes.write_string(y, 0, text)


def _place_pictures(sheet: Any, issued: Issued, drawn: Mapping[str, bytes], bold: Any) -> None:
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, issued.heading(_PICTURES), bold)
    line = 2
    for mark, png in drawn.items():
        width, height = struct.unpack(">II", png[16:24])  # of the PNG's header
        scale = 620 / width
        sheet.insert_image(line, 0, f"{mark}.png", {"image_data": io.BytesIO(png), "x_scale": scale, "y_scale": scale})
        line += int(height * scale / 20) + 3


def document_settings() -> dict[str, Any]:
    """Return documents.yaml of the office in use."""
    content: dict[str, Any] = yaml.safe_load(settings_file("documents.yaml").read_text(encoding="utf-8-sig"))
    return content
