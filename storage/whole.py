"""Replace a file or a folder in one step, and hash what is in a file (要么完整，要么没有).

Belongs here: writing beside the place and renaming, links to kept files, content hashes. Does not belong here: content.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

_ENTRY_TIME: Final = (2000, 1, 1, 0, 0, 0)


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hex, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a path beside `path`, then rename: readers see the old file or the new one."""
    partial = path.with_name(f".{path.name}.part{path.suffix}")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Replace a UTF-8 file."""
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_json(path: Path, content: Any, indent: int = 2) -> None:
    """Replace a JSON file; keys are sorted, so that equal content has equal bytes. Days and times become text."""
    text = json.dumps(content, ensure_ascii=False, indent=indent, sort_keys=True, default=str, allow_nan=False)
    write_text(path, text + "\n")


def write_parquet(path: Path, table: pa.Table, **options: Any) -> None:
    """Replace a Parquet file; `options` are those of :func:`pyarrow.parquet.write_table`."""
    write_whole(path, lambda partial: pq.write_table(table, partial, **options))


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder` and rename it once the block ends; after an error nothing is left.

    A folder that exists is kept and the new one dropped: name folders by their content.
    """
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if not folder.exists():
            os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def swap_link(link: Path, folder: Path) -> None:
    """Point a symbolic link to a folder beside it in one step: a reader sees the old folder or the new one."""
    partial = link.with_name(f".{link.name}.part")
    partial.unlink(missing_ok=True)
    partial.symlink_to(os.path.relpath(folder, link.parent), target_is_directory=True)
    os.replace(partial, link)


def link_or_copy(source: Path, target: Path, *, may_link: bool) -> None:
    """Put a file at a second place: a hard link where the source is only ever replaced and the disk allows it, else a copy."""
    if may_link:
        try:
            os.link(source, target)
            return
        except OSError:
            pass  # another file system: copy
    write_whole(target, lambda partial: shutil.copyfile(source, partial))


def pin_zip(path: Path) -> None:
    """Rewrite a zip (.docx) with every entry at one fixed time: python-docx stamps the clock into it."""
    with zipfile.ZipFile(path) as old:
        entries = [(name, old.read(name)) for name in old.namelist()]

    def write(partial: Path) -> None:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as new:
            for name, content in entries:
                new.writestr(zipfile.ZipInfo(name, _ENTRY_TIME), content, zipfile.ZIP_DEFLATED)

    write_whole(path, write)
