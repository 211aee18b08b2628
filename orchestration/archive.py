"""The archive (存档): what every published list was made from, and who was shown what.

Belongs here: keeping inputs by content, the exposure log. Does not belong here: what a list is (publishing.snapshot),
making it again (rebuilding.py).

`archive/inputs/<sha256>` holds each input once; `archive/lists/<snapshot>.json` names the inputs of a list, what was scored
for it, and the list that it was compared with (before); `archive/exposures/<snapshot>.parquet` says which lead stood at which rank. Landing files are replaced and never written
over, so a hard link keeps the old ones at no cost until they change.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from orchestration.landing_office import LANDED
from orchestration.resources import Workplace
from orchestration.settings import REPOSITORY, Settings
from publishing.snapshot import LEADS, Snapshot
from storage import content_hash, link_or_copy, write_json, write_parquet

LEARNED = ("learning/model_tables.parquet", "learning/model_versions.parquet")
# What was scored for a list: the next list is compared with it, step by step.
SCORED = (
    "scoring/ranked_leads.parquet",
    "exports/scores/scr_lead__parts.parquet",
    "exports/scores/scr_lead__contributions.parquet",
)
EXPOSURE_COLUMNS = ["snapshot_id", "as_of_date", "lead_id", "unit_name", "rank", "band", "is_exploration"]
CODE = ("characters", "storage", "intake", "models", "publishing", "dbt_project", "orchestration")


@dataclass(frozen=True)
class Kept:
    """What one archiving added."""

    new_files: int
    new_bytes: int
    exposure_count: int
    exploration_count: int


def code_hash() -> str:
    """Give a hash of everything that computes a list: Python, SQL, contracts, seeds (not what the office edits)."""
    digest = hashlib.sha256()
    for path in sorted(p for room in CODE for p in (REPOSITORY / room).rglob("*")):
        if path.suffix in (".py", ".sql", ".yml", ".yaml", ".csv") and "target" not in path.parts:
            digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def input_files(workplace: Workplace) -> dict[str, Path]:
    """Return what the list of a home is made from, by its name below the home."""
    files = {f"landing/{path.name}": path for path in sorted((workplace.root / "landing").glob("[!.]*.parquet"))}
    files |= {name: workplace.root / name for name in LEARNED}
    return files | {f"{LANDED}/{path.name}": path for path in sorted(workplace.landed_office.iterdir())}


@dataclass(frozen=True)
class ArchivedList:
    """An archived list: its record, and where the files that it names are kept."""

    archive: Path
    record: dict[str, Any]

    @property
    def snapshot_id(self) -> str:
        return str(self.record["snapshot_id"])

    @property
    def as_of_date(self) -> dt.date:
        return dt.date.fromisoformat(self.record["as_of_date"])

    def file(self, name: str) -> Path | None:
        """Return the kept file of an input or of what was scored; None if the list had none of the name."""
        digest = {**self.record["inputs"], **self.record["scored"]}.get(name)
        return None if digest is None else self.archive / "inputs" / digest


def list_before(workplace: Workplace, as_of: dt.date) -> ArchivedList | None:
    """Return the list that today's is compared with: the newest of a day not later, published before any from the same inputs.

    A list made again from the same inputs thus finds the list before that it had, and comes out with the same bytes.
    """
    archive, history = workplace.root / "archive", workplace.root / "published" / "history.jsonl"
    lines = history.read_text(encoding="utf-8").splitlines() if history.exists() else []
    records = [
        archive / "lists" / f"{name}.json" for name in dict.fromkeys(json.loads(x)["snapshot_id"] for x in lines)
    ]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in records if path.exists()]
    if not found:
        return None
    mine = {name: content_hash(path) for name, path in input_files(workplace).items()}
    known: list[dict[str, Any]] = []
    for record in found:
        if record["inputs"] == mine and record["as_of_date"] == str(as_of):
            break
        known.append(record)
    # Lists from before anything scored was kept can't be compared with.
    known = [record for record in known if record.get("scored") and record["as_of_date"] <= str(as_of)]
    last = max(enumerate(known), key=lambda found: (found[1]["as_of_date"], found[0]), default=None)
    return ArchivedList(archive, last[1]) if last else None


def keep(workplace: Workplace, published: Snapshot) -> Kept:
    """Archive the inputs and the exposures of a list; the same list again changes nothing."""
    folder = workplace.root / "archive"
    for name in ("inputs", "lists", "exposures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    leads = pq.read_table(published.folder / LEADS, columns=EXPOSURE_COLUMNS)
    shown = leads.filter(leads["rank"].is_valid())
    counts = (len(shown), sum(shown["is_exploration"].to_pylist()))
    record = folder / "lists" / f"{published.snapshot_id}.json"
    if record.exists():
        return Kept(0, 0, *counts)
    before = list_before(workplace, published.as_of_date)
    inputs = input_files(workplace)
    scored = {name: workplace.root / name for name in SCORED}
    hashes, new = {}, []
    for name, path in {**inputs, **scored}.items():
        hashes[name] = content_hash(path)
        target = folder / "inputs" / hashes[name]
        if not target.exists():
            link_or_copy(path, target, may_link=name.startswith("landing/"))
            new.append(target)
    write_parquet(folder / "exposures" / f"{published.snapshot_id}.parquet", shown)
    content = {"snapshot_id": published.snapshot_id, "as_of_date": str(published.as_of_date)}
    kept = {key: {name: hashes[name] for name in files} for key, files in (("inputs", inputs), ("scored", scored))}
    write_json(record, {**content, **kept, "code": code_hash(), "before": before.snapshot_id if before else None})
    return Kept(len(new), sum(path.stat().st_size for path in new), *counts)


def list_of(settings: Settings, as_of: str) -> str:
    """Give the id of the last published list of a day, or the id itself if `as_of` is one already."""
    record = settings.home / "published" / "history.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    found = [name for line in lines if (name := str(json.loads(line)["snapshot_id"])).startswith(as_of)]
    if not found:
        raise LookupError(f"没有发布过截至 {as_of} 的清单；发布过哪些，见 {record}")
    return found[-1]
