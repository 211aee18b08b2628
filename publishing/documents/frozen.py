"""Frozen copies (冻结件): numbered versions of what was given out for a period, with hashes; a correction is a new version.

`documents/冻结/<what>/<period>/第1版/` holds the files and 说明.json (number, day, hashes, reason, who signed, hash of the version before).
Nothing frozen is ever written again.

Belongs here: numbering, hashing, refusing a second version without a reason, reading back. Does not belong here: what is frozen.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from storage import content_hash, replace_folder, write_json

FOLDER: Final = "冻结"
NOTE: Final = "说明.json"
_VERSION: Final = re.compile(r"第(\d+)版")


@dataclass(frozen=True)
class Correction:
    """Why a frozen period is issued again, who asked and who signed; the first version needs no reason."""

    reason: str = ""
    appealed_by: str = ""
    signed_by: str = ""


@dataclass(frozen=True)
class Frozen:
    """One frozen version: its number, folder, note, and whether it is new."""

    number: int
    folder: Path
    note: Mapping[str, Any]
    is_new: bool


def versions(root: Path, what: str, period: str) -> list[Frozen]:
    """Give the frozen versions of a period, the oldest first."""
    base = root / FOLDER / what / period
    numbered = [(int(m[1]), p) for p in base.glob("第*版") if (m := _VERSION.fullmatch(p.name))]
    return [
        Frozen(number, path, json.loads((path / NOTE).read_text(encoding="utf-8")), False)
        for number, path in sorted(numbered)
    ]


def freeze(
    root: Path,
    what: str,
    period: str,
    files: Sequence[Path],
    as_of: dt.date,
    correction: Correction | None = None,
    details: Mapping[str, Any] | None = None,
) -> Frozen:
    """Keep files as the next version of a period; the same bytes again are the version that is there.

    Raises
    ------
    ValueError
        The period is frozen with other content and no reason is given, or a frozen file was changed since.
    """
    correction = correction or Correction()
    known = versions(root, what, period)
    for version in known:
        verify(version)
    hashes = {path.name: content_hash(path) for path in sorted(files, key=lambda path: path.name)}
    if known and known[-1].note["files"] == hashes:
        return known[-1]
    if known and not correction.reason.strip():
        changed = [name for name, digest in hashes.items() if known[-1].note["files"].get(name) != digest]
        raise ValueError(
            f"{what} {period} 已冻结为第{known[-1].number}版，内容有变（{'、'.join(changed)}）；更正须写明原因，另出第{known[-1].number + 1}版"
        )
    number = known[-1].number + 1 if known else 1
    note = {
        "what": what,
        "period": period,
        "version": number,
        "as_of_date": as_of.isoformat(),
        "reason": correction.reason.strip() or "首次冻结",
        "appealed_by": correction.appealed_by,
        "signed_by": correction.signed_by,
        "before": _note_hash(known[-1].folder) if known else None,
        "details": dict(details or {}),
        "files": hashes,
    }
    folder = root / FOLDER / what / period / f"第{number}版"
    with replace_folder(folder) as partial:
        for path in files:
            shutil.copyfile(path, partial / path.name)
        write_json(partial / NOTE, note)
    return Frozen(number, folder, note, True)


def verify(version: Frozen) -> None:
    """Compare every frozen file with its note; raises ValueError naming the first that differs."""
    for name, digest in version.note["files"].items():
        path = version.folder / name
        if not path.exists() or content_hash(path) != digest:
            raise ValueError(f"{version.folder.name}的“{name}”与冻结时不符，请从备份恢复")


def _note_hash(folder: Path) -> str:
    return content_hash(folder / NOTE)
