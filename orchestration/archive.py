"""The archive (存档): what every published list was made from, who was shown what, and rebuilding a past list.

Belongs here: keeping inputs by content, the exposure log, rebuilding in a home of its own and comparing bytes. Does not
belong here: what a list is (desk.snapshot), how it is computed (the stages run as at night).

`archive/inputs/<sha256>` holds each input once; `archive/lists/<snapshot>.json` names the inputs of a list;
`archive/exposures/<snapshot>.parquet` says which lead stood at which rank. Landing files are replaced and never written
over, so a hard link keeps the old ones at no cost until they change.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from desk.snapshot import LEADS, MANIFEST, Snapshot, verified
from intake.landing import content_hash, write_json, write_parquet
from orchestration.district import DISTRICT, read_district
from orchestration.nightly import NightlyResult, run_job
from orchestration.resources import Workplace
from orchestration.settings import OFFICE_FILES, REPOSITORY, Settings

LEARNED = ("learning/model_tables.parquet", "learning/model_versions.parquet")
EXPOSURE_COLUMNS = ["snapshot_id", "as_of_date", "lead_id", "unit_name", "rank", "band", "is_exploration"]
CODE = ("intake", "models", "desk", "dbt_project", "orchestration")
STAGES = ("seeds", "staging", "intermediate", "marts", "features", "boards", "scores", "scoring")


@dataclass(frozen=True)
class Kept:
    """What one archiving added."""

    new_files: int
    new_bytes: int
    exposure_count: int
    exploration_count: int


@dataclass(frozen=True)
class Rebuilt:
    """A list made again: files that differ from the published ones, and what is known to have changed since."""

    snapshot_id: str
    folder: Path | None
    differing: list[str]
    remarks: list[str]
    result: NightlyResult

    @property
    def is_equal(self) -> bool:
        return self.result.success and not self.differing


def code_hash() -> str:
    """Give a hash of everything that computes a list: Python, SQL, contracts, seeds (not what the office edits)."""
    digest = hashlib.sha256()
    office = set(OFFICE_FILES.values())
    for path in sorted(p for room in CODE for p in (REPOSITORY / room).rglob("*")):
        if (
            path.suffix in (".py", ".sql", ".yml", ".yaml", ".csv")
            and path not in office
            and "target" not in path.parts
        ):
            digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


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
    files = {f"landing/{path.name}": path for path in sorted((workplace.root / "landing").glob("*.parquet"))}
    files |= {name: workplace.root / name for name in LEARNED}
    files |= {f"office/{name}": workplace.office_file(name) for name in OFFICE_FILES}
    files[f"office/{DISTRICT}"] = workplace.district_file
    hashes, new = {}, []
    for name, path in files.items():
        hashes[name] = content_hash(path)
        target = folder / "inputs" / hashes[name]
        if not target.exists():
            _link_or_copy(path, target, may_link=name.startswith("landing/"))
            new.append(target)
    write_parquet(folder / "exposures" / f"{published.snapshot_id}.parquet", shown)
    content = {"snapshot_id": published.snapshot_id, "as_of_date": str(published.as_of_date)}
    write_json(record, {**content, "inputs": hashes, "code": code_hash()})
    return Kept(len(new), sum(path.stat().st_size for path in new), *counts)


def _link_or_copy(source: Path, target: Path, may_link: bool) -> None:
    if may_link:
        try:
            os.link(source, target)
            return
        except OSError:
            pass  # another file system: copy
    partial = target.with_name(target.name + ".part")
    shutil.copyfile(source, partial)
    os.replace(partial, target)


def list_of(settings: Settings, as_of: str) -> str:
    """Give the id of the last published list of a day, or the id itself if `as_of` is one already."""
    record = settings.home / "published" / "history.jsonl"
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    found = [name for line in lines if (name := str(json.loads(line)["snapshot_id"])).startswith(as_of)]
    if not found:
        raise LookupError(f"没有发布过截至 {as_of} 的清单；发布过哪些，见 {record}")
    return found[-1]


def rebuild(settings: Settings, snapshot_id: str) -> Rebuilt:
    """Make a past list again from its archived inputs, in a home of its own, and compare it with the published one."""
    archive = settings.home / "archive"
    record = archive / "lists" / f"{snapshot_id}.json"
    if not record.exists():
        raise LookupError(f"{snapshot_id}：没有存档，无法重建；请换一份有存档的（{archive / 'lists'}）")
    content: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    home = settings.home / "rebuilt" / snapshot_id
    shutil.rmtree(home, ignore_errors=True)
    for name, digest in content["inputs"].items():
        path = archive / "inputs" / digest
        if not path.exists() or content_hash(path) != digest:
            raise LookupError(f"{snapshot_id}：存档中的 {name} 缺失或已改动，无法重建；请从备份恢复 {path}")
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(path, home / name, may_link=True)
    if not (home / "office" / DISTRICT).exists():  # a list from before districts had settings of their own
        (home / "office").mkdir(exist_ok=True)
        read_district(settings.office_folder)
        shutil.copyfile(settings.office_folder / DISTRICT, home / "office" / DISTRICT)
    made_by = replace(settings, home=home, office=home / "office")
    result = _run(made_by, content["as_of_date"])
    remarks = [] if content["code"] == code_hash() else [f"程序已改过（当时 {content['code']}，现在 {code_hash()}）"]
    folder = (home / "published" / "current").resolve() if (home / "published" / "current").exists() else None
    differing = _differing(settings.home / "published" / snapshot_id, folder)
    if folder:  # the warehouse of the rebuild has served
        shutil.rmtree(home / "warehouse", ignore_errors=True)
    return Rebuilt(snapshot_id, folder, differing, remarks, result)


def _run(settings: Settings, as_of: str) -> NightlyResult:
    """Run the SQL, the ranking and the publication of the nightly job; nothing is received, nothing is learned."""
    import datetime as dt

    from orchestration.definitions import build_defs

    graph = build_defs(settings).resolve_asset_graph()
    only = [k for k in graph.materializable_asset_keys if graph.get(k).group_name in STAGES]
    only.append(dg.AssetKey(["publication", "snapshot"]))
    # Lists archived before the law scanner was landed: judged now, from their own ledgers.
    law = ("text_findings", "measure_obstacles")
    if not all((settings.home / "landing" / f"{name}.parquet").exists() for name in law):
        only += [dg.AssetKey(["landing", name]) for name in law]
    return run_job(settings, dt.date.fromisoformat(as_of), "nightly", only)


def _differing(then: Path, now: Path | None) -> list[str]:
    """Names of files that are not the same to the byte; everything if there is nothing to compare."""
    names = [*verified(then).manifest["files"], MANIFEST]
    if now is None:
        return names
    return [n for n in names if not (now / n).exists() or (then / n).read_bytes() != (now / n).read_bytes()]
