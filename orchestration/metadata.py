"""What an asset tells about a materialisation (元数据): rows in, out and refused, a preview, a plot.

Belongs here: the keys of metadata and how they are written, so that every asset and the run's table agree.
Does not belong here: computing what is told.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

ROWS_IN, ROWS_OUT, REFUSED = "zeyou/rows_in", "zeyou/rows_out", "zeyou/refused"


def row_counts(rows_out: int, rows_in: int | None = None, refused: int | None = None) -> dict[str, Any]:
    """Give the metadata of a step's rows; what a step can't refuse or doesn't read is left out."""
    known = {ROWS_IN: rows_in, ROWS_OUT: rows_out, REFUSED: refused, "dagster/row_count": rows_out}
    return {key: value for key, value in known.items() if value is not None}


def preview(frame: pd.DataFrame, rows: int = 8) -> dg.MarkdownMetadataValue:
    """Give the first rows as a table."""
    return dg.MetadataValue.md(frame.head(rows).to_markdown(index=False))


def returned_workbooks(files: pd.DataFrame, outbox: Path) -> dict[str, Any]:
    """Say which workbooks wait for their senders (退回件): how many rows each asks to mend, and where it lies."""
    waiting = files[files["returned_file"].notna()]
    told = waiting[["file", "rows_refused", "returned_file"]].set_axis(["来件", "需修改的行", "退回件"], axis=1)
    table = told.to_markdown(index=False) if len(told) else "没有要退回的台账"
    return {"退回件": dg.MetadataValue.md(table), "退回件所在文件夹": dg.MetadataValue.path(outbox)}


def picture(png: bytes, alternative: str) -> dg.MarkdownMetadataValue:
    """Give a PNG inline: the UI shows it without a file server."""
    return dg.MetadataValue.md(f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode()})")
