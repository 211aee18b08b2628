"""A file appears whole or not at all, and the same content gives the same bytes (要么完整，要么没有)."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

_THEN = (2000, 1, 1, 0, 0, 0)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the place and move there once it is complete."""
    partial = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def pinned_zip(path: Path) -> None:
    """Write a zip (.docx) again with every entry at one fixed time: python-docx stamps the clock into it."""
    with zipfile.ZipFile(path) as old:
        entries = [(name, old.read(name)) for name in old.namelist()]

    def write(partial: Path) -> None:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as new:
            for name, content in entries:
                new.writestr(zipfile.ZipInfo(name, _THEN), content, zipfile.ZIP_DEFLATED)

    write_whole(path, write)
