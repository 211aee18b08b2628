"""Check and land the office's folder (设置入库): what a night reckons with is one checked copy of it.

Belongs here: asking every room for what it demands of its own files, the landed copy and its tables. Does not belong here:
what can be said of the files by themselves (office), rules.

`landing/offices/<hash>/` holds each content once, with a Parquet file per table; `landing/office` points to the one in use.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import yaml

import office
from intake.plausibility import read_limits
from models.assignment import AssignmentSettings
from models.chain import load_chains
from models.cohort import GateSettings
from models.drift import DriftSettings
from models.landing import LandingSettings
from models.ownership import protection_days
from models.ranking import RankingWeights
from models.screening.tables import read_tables
from models.tax import TaxSettings
from office.problems import Problem
from office.reading import FILES, check_folder, read_table
from office.tables import TABLES
from orchestration.endings import Refused
from orchestration.register_limits import LIMITS, RegisterLimits
from orchestration.settings import office_today
from storage import replace_folder, swap_link

LANDED: Final = Path("landing") / "office"
# How a room says where it is wrong: a file, then a line, the key of a row or a field.
_PLACE: Final = re.compile(
    r"(?P<file>\w+\.(?:csv|yaml))(?: 的 (?:第 (?P<line>\d+) 行|(?P<key>[^：；]+))| (?P<field>[^\s：；]+))?："
)


def _check_desk(folder: Path) -> object:
    from desk.rules import read_rules

    return read_rules(_content(folder / "desk.yaml"))


def _check_passwords(folder: Path) -> object:
    from desk.passwords import read_plain

    return read_plain(_content(folder / "passwords.yaml"))


def _check_boards(folder: Path) -> object:
    from publishing.boards import all_boards

    with office.using(folder):
        return all_boards()


def _check_documents(folder: Path) -> object:
    from publishing.documents.issued import document_settings

    with office.using(folder):
        return document_settings()


def _check_trips(folder: Path) -> object:
    from publishing.trips import trip_settings

    with office.using(folder):
        return trip_settings()


# What a room demands of its own files; each raises ValueError with one Chinese line.
_ROOMS: Final[Mapping[str, Callable[[Path], object]]] = {
    "chains.yaml": lambda folder: load_chains(folder / "chains.yaml"),
    "weights.yaml": lambda folder: RankingWeights.load(folder / "weights.yaml"),
    "landing.yaml": lambda folder: LandingSettings.load(folder / "landing.yaml", folder / "landing_points.yaml"),
    "tax.yaml": lambda folder: TaxSettings.load(folder / "tax.yaml"),
    "assignment.yaml": lambda folder: AssignmentSettings.load(folder / "assignment.yaml"),
    "first_report.yaml": lambda folder: protection_days(folder / "first_report.yaml"),
    "promotion.yaml": lambda folder: GateSettings.load(folder / "promotion.yaml"),
    "drift.yaml": lambda folder: DriftSettings.load(folder / "drift.yaml"),
    LIMITS: lambda folder: RegisterLimits.load(folder / LIMITS),
    "desk.yaml": _check_desk,
    "passwords.yaml": _check_passwords,
    "boards.yaml": _check_boards,
    "documents.yaml": _check_documents,
    "trips.yaml": _check_trips,
    "law_rules.csv": read_tables,
    "plausibility_limits.csv": lambda folder: read_limits(folder, office_today()),
}


def _content(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    return content


def check_office(folder: Path) -> list[Problem]:
    """Return everything that keeps a night from reckoning with a folder; empty where nothing does."""
    if problems := check_folder(folder):
        return problems
    for name, check in _ROOMS.items():
        try:
            check(folder)
        except (Refused, ValueError, TypeError, KeyError, AttributeError) as error:
            problems.append(_as_problem(name, error))
    return problems


def _as_problem(name: str, error: Exception) -> Problem:
    said = str(error) if isinstance(error, Refused | ValueError) else f"缺少或写错一项（{error}）"
    place = _PLACE.match(said)
    reason, _, fix = said[place.end() if place else 0 :].partition("；")
    fix = fix or "请改正，可参照默认设置"
    if not place:
        return Problem(name, reason, fix)
    line = int(place["line"]) if place["line"] else None
    return Problem(place["file"], reason, fix, line, place["field"] or "", place["key"] or "")


def require_office(folder: Path) -> None:
    """Raise Refused with one line where a night can't reckon with a folder."""
    if problems := check_office(folder):
        raise Refused(str(office.OfficeError(problems)))


def land_office(folder: Path, home: Path) -> Path:
    """Check a folder and land it; return the landed copy. The same content again changes nothing."""
    require_office(folder)
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    target = home / "landing" / "offices" / digest.hexdigest()[:16]
    with replace_folder(target) as partial:
        if not target.exists():
            for name in FILES:
                shutil.copyfile(folder / name, partial / name)
            for table in TABLES:
                pq.write_table(read_table(folder, table), partial / f"{table}.parquet")
    if (home / LANDED).is_dir() and not (home / LANDED).is_symlink():
        shutil.rmtree(home / LANDED)  # a copy without links: of a backup, or laid out by a rebuild
    swap_link(home / LANDED, target)
    return home / LANDED
