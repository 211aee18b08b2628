"""Make a past list again from the archive, in a home of its own, and compare it with the published one (重建).

Belongs here: laying out archived inputs, running the stages on them, comparing bytes. Does not belong here: keeping the
inputs (archive.py), how a list is computed (the stages run as at night).
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from intake.contract import get_contract
from intake.plausibility import HELD_SCHEMA
from orchestration.archive import code_hash
from orchestration.definitions import build_defs
from orchestration.landing_office import LANDED
from orchestration.nightly import NightlyResult, run_job
from orchestration.settings import Settings
from publishing.snapshot import MANIFEST, verified
from storage import content_hash, link_or_copy, write_json, write_parquet

STAGES = ("seeds", "staging", "intermediate", "marts", "features", "boards", "scores", "scoring")


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
        link_or_copy(path, home / name, may_link=True)
    if content.get("before"):
        _lay_out_before(archive, content["before"], home)
    _add_later_tables(home / "landing")
    made_by = replace(settings, home=home, office=home / LANDED)
    result = _run(made_by, content["as_of_date"])
    remarks = [] if content["code"] == code_hash() else [f"程序已改过（当时 {content['code']}，现在 {code_hash()}）"]
    folder = (home / "published" / "current").resolve() if (home / "published" / "current").exists() else None
    differing = _differing(settings.home / "published" / snapshot_id, folder)
    if folder:  # the warehouse of the rebuild has served
        shutil.rmtree(home / "warehouse", ignore_errors=True)
    return Rebuilt(snapshot_id, folder, differing, remarks, result)


def _lay_out_before(archive: Path, snapshot_id: str, home: Path) -> None:
    """Put the list that a past list was compared with into the home, as if it had been published there."""
    record: dict[str, Any] = json.loads((archive / "lists" / f"{snapshot_id}.json").read_text(encoding="utf-8"))
    for folder in ("lists", "inputs"):
        (home / "archive" / folder).mkdir(parents=True, exist_ok=True)
    for digest in sorted({*record["inputs"].values(), *record["scored"].values()}):
        path = archive / "inputs" / digest
        if not path.exists() or content_hash(path) != digest:
            raise LookupError(f"{snapshot_id}（上一份名单）：存档缺失或已改动，无法重建；请从备份恢复 {path}")
        link_or_copy(path, home / "archive" / "inputs" / digest, may_link=True)
    write_json(home / "archive" / "lists" / f"{snapshot_id}.json", record)
    (home / "published").mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": None, "snapshot_id": snapshot_id})
    (home / "published" / "history.jsonl").write_text(line + "\n", encoding="utf-8")


def _add_later_tables(landing: Path) -> None:
    """Lay empty what lists archived before amounts were held do not have: then every amount counted as written."""
    answers = get_contract("question_answers").schema().append(pa.field("received_seq", pa.int64()))
    for name, schema in (("held", HELD_SCHEMA), ("question_answers", answers)):
        if not (landing / f"{name}.parquet").exists():
            write_parquet(landing / f"{name}.parquet", schema.empty_table())


def _run(settings: Settings, as_of: str) -> NightlyResult:
    """Run the SQL, the ranking and the publication of the nightly job; nothing is received, nothing is learned."""
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
