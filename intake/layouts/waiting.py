"""Forms that wait for somebody who knows their columns (待确认的版式): which file, which sheet, since when.

Belongs here: the list under the installation's folder. Does not belong here: what a form seems to be (proposal.py), the page.

Nothing of the rows is kept here: words of headers only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from intake.layouts.layout import Layouts
from intake.reading import UnknownTable
from storage import content_hash, write_json

FILE: Final = Path("landing") / "waiting_layouts.json"
WHERE: Final = "/layouts"  # the page of the desk that answers


@dataclass(frozen=True)
class Waiting:
    """One table whose columns nobody has confirmed. `file_hash` tells its file, whatever it is called."""

    file: str
    file_hash: str
    sheet: str
    fingerprint: str
    headers: tuple[str, ...]
    header_rows: tuple[int, int]
    unit: str | None
    why: str
    since: str
    inbox: str = ""
    is_put_away: bool = False  # somebody said that it need not be read

    @property
    def where(self) -> str:
        """Return the address of the page that answers it."""
        return f"{WHERE}/file?id={self.file_hash[:16]}&sheet={self.sheet}"


def waiting_of(file: str, file_hash: str, tables: Iterable[UnknownTable], since: str) -> list[Waiting]:
    """Return the questions of one file."""
    return [Waiting(file=file, file_hash=file_hash, since=since, **asdict(table)) for table in tables]


def _read(home: Path) -> list[Waiting]:
    path = home / FILE
    if not path.is_file():
        return []
    content: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [
        Waiting(**row | {"headers": tuple(row["headers"]), "header_rows": tuple(row["header_rows"])}) for row in content
    ]


def _write(home: Path, entries: Iterable[Waiting]) -> None:
    rows = sorted(entries, key=lambda w: (w.since, w.file, w.sheet, w.header_rows))
    if rows or (home / FILE).is_file():
        (home / FILE).parent.mkdir(parents=True, exist_ok=True)
        write_json(home / FILE, [asdict(row) for row in rows])


def _place(entry: Waiting) -> tuple[str, str, str, str]:
    return entry.inbox, entry.file_hash, entry.sheet, entry.fingerprint


def write_waiting(home: Path, inbox: Path, found: Sequence[Sequence[Waiting]]) -> None:
    """Replace what waits of one inbox; what waited before keeps its day, and stays put away."""
    place = str(inbox.resolve())
    before = {_place(entry): entry for entry in _read(home)}
    entries = [replace(entry, inbox=place) for of_file in found for entry in of_file]
    kept = [
        replace(e, since=old.since, is_put_away=old.is_put_away) if (old := before.get(_place(e))) else e
        for e in entries
    ]
    _write(home, [*(e for e in before.values() if e.inbox != place), *kept])


def add_waiting(home: Path, inbox: Path, found: Sequence[Waiting]) -> None:
    """Add what waits of one file."""
    place = str(inbox.resolve())
    new = {_place(e): e for e in (replace(entry, inbox=place) for entry in found)}
    _write(home, (new | {_place(entry): entry for entry in _read(home)}).values())


def put_away(home: Path, file_hash: str, sheet: str) -> None:
    """Ask no more about a table that need not be read."""
    _write(
        home,
        [replace(e, is_put_away=True) if (e.file_hash, e.sheet) == (file_hash, sheet) else e for e in _read(home)],
    )


def waiting_layouts(home: Path, layouts: Layouts) -> list[Waiting]:
    """Return the forms that wait for an answer, oldest first; those that were confirmed since do not.

    `layouts` are the confirmed ones of the office's folder as it is now: a night need not have landed them.
    """
    known = {fingerprint for fingerprint, layout in layouts.items() if layout.is_whole}
    return [entry for entry in _read(home) if not entry.is_put_away and entry.fingerprint not in known]


def find_file(inbox: Path, entry: Waiting) -> Path | None:
    """Return where a waiting file lies in its inbox; None where it is gone."""
    files = sorted(inbox.rglob("*"), key=lambda path: path.name != entry.file)
    alike = (path for path in files if path.is_file() and path.suffix.lower() == Path(entry.file).suffix.lower())
    return next((path for path in alike if content_hash(path) == entry.file_hash), None)
