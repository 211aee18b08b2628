"""The seal of a workbook, read before anything else in it (封签).

Belongs here: finding the two cells of `_meta` in a file that anybody may have sent, within bounds. Does not belong here: whether the seal
fits (columns.py), opening the workbook itself (the opener is given to the desk).

Only the sheet `_meta` is read, and of the shared texts as many as come before its own. What is read is streamed, counted and
stopped, so that a hostile file costs a moment whatever else is in it.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final
from xml.parsers import expat

from desk.forms.columns import META, Unsealed

BROKEN: Final = "文件损坏或不是真正的 Excel 工作簿；请用 Excel/WPS 打开后另存为 .xlsx 再上传"
TOO_LARGE: Final = "文件里的内容大得不像本系统下载的工作簿；请重新下载再填"
MOST_DIRECTORY: Final = 2**20  # a workbook has some twenty parts of a hundred bytes
MOST_SMALL: Final = 2**20
MOST_TEXTS: Final = 64 * 2**20  # 20,000 rows of the largest view are a third of it
MOST_ELEMENTS: Final = 2_000_000
MOST_TOKEN: Final = 2**20
_BLOCK: Final = 2**16
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END: Final = struct.Struct("<4s4H2LH")  # end of the zip's directory


class _Enough(Exception):
    """What was looked for is found: the rest of the part stays unread."""


def sealed_texts(path: Path) -> list[str]:
    """Return the first cell of the first two rows of `_meta`: the text and its seal.

    Raises
    ------
    Unsealed
        The file is no workbook, has no `_meta`, or is larger where this looks than a workbook of the desk can be.
    """
    with path.open("rb") as stream:
        head = stream.read(len(_OLE))
        stream.seek(max(0, path.stat().st_size - _END.size - 2**16))
        tail = stream.read()
    if not head:
        raise Unsealed("文件是空的（0 字节）；请重新另存后再上传")
    if head == _OLE:
        raise Unsealed("工作簿有打开密码，或是改了后缀的 .xls；请去掉密码、另存为 .xlsx 后再上传")
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + _END.size:
        raise Unsealed(BROKEN)
    if _END.unpack_from(tail, end)[5] > MOST_DIRECTORY:
        raise Unsealed(TOO_LARGE)
    try:
        with zipfile.ZipFile(path) as archive:
            texts = _Parts(archive).texts()
    except Unsealed:
        raise
    except Exception as error:  # a broken file may break in any of a dozen ways: all of them are the file's
        raise Unsealed(BROKEN) from error
    if len(texts) < 2:
        raise Unsealed("不是本系统下载的工作簿（缺少“_meta”表）；请从网页重新下载再填")
    return texts


class _Parts:
    """The parts of a workbook that lead to `_meta`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._by_name = {entry.filename.lower(): entry for entry in archive.infolist()}

    def texts(self) -> list[str]:
        key = self._key_of_sheet()
        if key is None:
            return []
        targets = self._targets()
        cells = self._first_cells(targets[key])
        shared = [int(text) for kind, text in cells if kind == "s"]
        texts = self._shared(targets.get("shared", "xl/sharedstrings.xml"), shared) if shared else {}
        return [texts.get(int(text), "") if kind == "s" else text for kind, text in cells]

    def _key_of_sheet(self) -> str | None:
        found: list[str] = []

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "sheet" and attributes.get("name") == META:
                found.extend(value for key, value in attributes.items() if key.endswith(" id"))
                raise _Enough

        self._walk("xl/workbook.xml", MOST_SMALL, start)
        return found[0] if found else None

    def _targets(self) -> dict[str, str]:
        """Return the part of each key, and under `shared` that of the shared texts."""
        found: dict[str, str] = {}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship":
                target = attributes["Target"]
                part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl", target))
                found[attributes["Id"]] = part.lower()
                if attributes.get("Type", "").endswith("/sharedStrings"):
                    found["shared"] = part.lower()

        self._walk("xl/_rels/workbook.xml.rels", MOST_SMALL, start)
        return found

    def _first_cells(self, part: str) -> list[tuple[str, str]]:
        """Return kind and text of the first cell of the first two rows."""
        cells: list[tuple[str, str]] = []
        inside, is_first, kind, pieces = "", False, "", list[str]()

        def start(name: str, attributes: Mapping[str, str]) -> None:
            nonlocal inside, is_first, kind
            if name == "row":
                is_first = True
            elif name == "c":
                kind, inside = (attributes.get("t", ""), "c") if is_first else ("", "")
                is_first = False
                pieces.clear()
            elif name in ("v", "t") and inside == "c":
                inside = name

        def end(name: str) -> None:
            nonlocal inside
            if name == inside and name in ("v", "t"):
                inside = "c"
            elif name == "c" and inside == "c":
                inside = ""
                cells.append((kind, "".join(pieces)))
                if len(cells) == 2:
                    raise _Enough

        def text(piece: str) -> None:
            if inside in ("v", "t"):
                pieces.append(piece)

        self._walk(part, MOST_SMALL, start, end, text)
        return cells

    def _shared(self, part: str, wanted: list[int]) -> dict[int, str]:
        """Return the shared texts of some numbers."""
        texts: dict[int, str] = {}
        at, is_text, pieces = -1, False, list[str]()

        def start(name: str, _: Mapping[str, str]) -> None:
            nonlocal at, is_text
            if name == "si":
                at += 1
                pieces.clear()
            is_text = name == "t" and at in wanted

        def end(name: str) -> None:
            nonlocal is_text
            is_text = False
            if name == "si" and at in wanted:
                texts[at] = "".join(pieces)
                if len(texts) == len(set(wanted)):
                    raise _Enough

        def text(piece: str) -> None:
            if is_text:
                pieces.append(piece)

        self._walk(part, MOST_TEXTS, start, end, text)
        return texts

    def _walk(
        self,
        part: str,
        most: int,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None] = lambda _: None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """Walk over the elements of a part, by their local names, until somebody has enough."""
        entry, count, fed = self._by_name[part], 0, 0
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unsealed(BROKEN)
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True

        def started(name: str, attributes: dict[str, str]) -> None:
            nonlocal count
            count += 1
            if count > MOST_ELEMENTS:
                raise Unsealed(TOO_LARGE)
            start(name.rpartition(" ")[2], attributes)

        def declared(*_: object) -> None:
            raise Unsealed(BROKEN)  # no program for tables declares a document type; entities come with one

        parser.StartElementHandler, parser.StartDoctypeDeclHandler = started, declared
        parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
        if text is not None:
            parser.CharacterDataHandler = text
        try:
            with self._archive.open(entry) as stream:
                while block := stream.read(_BLOCK):
                    parser.Parse(block)
                    fed += len(block)
                    # What ends nowhere (a tag, a comment) is begun anew by the parser with every block: that costs the square.
                    if fed > most or fed - parser.CurrentByteIndex > MOST_TOKEN:
                        raise Unsealed(TOO_LARGE)
                parser.Parse(b"", True)
        except _Enough:
            return
