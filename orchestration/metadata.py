"""What an asset tells about a materialisation (元数据): rows in, out and refused, a preview, a plot.

Belongs here: the keys of metadata and how they are written, so that every asset and the run's table agree. Keys that
people read are Chinese, keys that code reads are named `owner/name`; a test holds them to it.
Does not belong here: computing what is told.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from publishing.boards import all_boards
from publishing.opportunities import LEGEND, Opportunities, targets_by_node
from publishing.workbook import SYNTHETIC_LABEL

ROWS_IN, ROWS_OUT, REFUSED = "zeyou/rows_in", "zeyou/rows_out", "zeyou/refused"
FAULT = "zeyou/fault"  # the kind of an ending (endings.py), which a remedy is chosen by
PREVIEW = "预览"
MISSING = "暂无"


def row_counts(rows_out: int, rows_in: int | None = None, refused: int | None = None) -> dict[str, Any]:
    """Give the metadata of a step's rows; what a step can't refuse or doesn't read is left out."""
    known = {ROWS_IN: rows_in, ROWS_OUT: rows_out, REFUSED: refused, "dagster/row_count": rows_out}
    return {key: value for key, value in known.items() if value is not None}


def preview(frame: pd.DataFrame, titles: Mapping[str, str] | None = None, rows: int = 8) -> dg.MarkdownMetadataValue:
    """Give the first rows as a table: the columns of `titles` under their titles, or all as they are named."""
    shown = frame if titles is None else frame[list(titles)].set_axis(list(titles.values()), axis=1)
    return dg.MetadataValue.md(_table(shown.head(rows), decimals=4))


def board_titles(export: str) -> dict[str, str]:
    """Give the columns of a published table that people see, with their titles in publishing/catalogue."""
    board = next(board for board in all_boards() if board.export == export)
    return {column.name: column.title for column in board.columns}


def returned_workbooks(files: pd.DataFrame, outbox: Path) -> dict[str, Any]:
    """Say which workbooks wait for their senders (退回件): how many rows each asks to mend, and where it lies."""
    waiting = files[files["returned_file"].notna()]
    told = waiting[["file", "rows_refused", "returned_file"]].set_axis(["来件", "需修改的行", "退回件"], axis=1)
    table = told.to_markdown(index=False) if len(told) else "没有要退回的台账"
    return {"退回件": dg.MetadataValue.md(table), "退回件所在文件夹": dg.MetadataValue.path(outbox)}


def inline(png: bytes, alternative: str) -> str:
    """Give a PNG as Markdown that needs no file server."""
    return f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode()})"


def picture(png: bytes, alternative: str) -> dg.MarkdownMetadataValue:
    """Give a PNG inline: the UI shows it as it stands."""
    return dg.MetadataValue.md(inline(png, alternative))


def told_of_opportunities(found: Opportunities, is_synthetic: bool = False, rows: int = 10) -> dict[str, Any]:
    """Give the gap map drawn (强补延链图), the targets of every node, and the first rows of each extract below its note."""
    label = SYNTHETIC_LABEL if is_synthetic else ""
    drawn = "\n\n".join(f"**{chain.told}**\n\n{inline(chain.png, chain.told)}" for chain in found.pictures)
    legend = f"{label}{LEGEND}\n\n{drawn}" if drawn else "没有读入产业链，所以没有图"
    told = {"强补延链图": dg.MetadataValue.md(legend)}
    for extract in found.extracts:
        titles = {column.name: column.title for column in extract.columns}
        if extract.name == "目标企业":
            frame = pd.DataFrame(targets_by_node(found))
        else:
            frame = pd.DataFrame(extract.rows[:rows], columns=list(titles), dtype=object).rename(columns=titles)
        told[extract.name] = dg.MetadataValue.md(f"{label}{extract.note}\n\n{_table(frame)}")
    return told


def _table(frame: pd.DataFrame, decimals: int = 1) -> str:
    """Give a frame as a Markdown table; what is missing reads 暂无, and no cell breaks a row."""
    if frame.empty:
        return "没有"
    words = frame.astype(object).map(lambda cell: _written(cell, decimals))
    return str(
        words.replace({r"\|": "／", r"\s*\n\s*": "；"}, regex=True).to_markdown(index=False, disable_numparse=True)
    )


def _written(cell: Any, decimals: int) -> str:
    if cell is None or cell is pd.NA or cell != cell:
        return MISSING
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(round(cell, decimals))
    return str(cell)
