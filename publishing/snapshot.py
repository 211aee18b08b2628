"""The published snapshot (发布快照): one folder a list, swapped in whole; `current` points to the one in use.

Belongs here: the schema of the published files, writing a snapshot so that it is there whole or not at all, reading the
current one. Does not belong here: deciding whether a list may be published (the gates), how a list looks (workbook.py).

A snapshot's name is its as-of day and a hash of what is in it, and no clock is in it: the same data, model and weights
give the same folder with the same bytes. When a list was swapped in stands in `history.jsonl`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from storage import content_hash, replace_folder, swap_link, write_json

LEADS, PROSPECTS, WORKBOOK, MANIFEST = (
    "ranked_leads.parquet",
    "ranked_prospects.parquet",
    "择优清单.xlsx",
    "manifest.json",
)
ROWS_A_GROUP: Final = 8_192
REASON: Final = pa.struct(
    [
        ("part", pa.string()),
        ("term", pa.string()),
        ("label", pa.string()),
        ("value", pa.string()),
        ("contribution", pa.float64()),
        ("points", pa.float64()),
    ]
)
_TEXT, _NUMBER = pa.string(), pa.float64()
RANKED_LEADS: Final = pa.schema(
    [(name, _TEXT) for name in ("lead_id", "project_name", "enterprise_name", "uscc", "unit_name", "stage")]
    + [("rank", pa.int64()), ("band", _TEXT), ("score", _NUMBER)]
    + [(name, _NUMBER) for name in ("landing_probability", "landing_logit")]
    + [(name, _NUMBER) for name in ("tax_wan_cny", "tax_low_wan_cny", "tax_high_wan_cny", "chain_fit")]
    + [("chain_node", _TEXT), ("reasons", pa.list_(REASON)), ("excluded_reason", _TEXT)]
    + [("same_enterprise", _TEXT), ("is_exploration", pa.bool_())]
    + [("landing_kind", _TEXT), ("tax_kind", _TEXT), ("as_of_date", pa.date32())]
)


def ranked_leads_table(ranking: pd.DataFrame) -> pa.Table:
    """Give the ranked list as Arrow with the published schema."""
    frame = ranking.assign(as_of_date=pd.to_datetime(ranking["as_of_date"]).dt.date)
    return pa.Table.from_pandas(frame, schema=RANKED_LEADS, preserve_index=False)


@dataclass(frozen=True)
class Snapshot:
    """One published list."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def snapshot_id(self) -> str:
        return str(self.manifest["snapshot_id"])

    @property
    def as_of_date(self) -> dt.date:
        return dt.date.fromisoformat(self.manifest["as_of_date"])


def publish(
    root: Path,
    leads: pa.Table,
    prospects: pa.Table,
    versions: Mapping[str, Any],
    write_workbook: Callable[[Path, pd.DataFrame, Mapping[str, Any]], None],
    boards: Mapping[str, pa.Table] | None = None,
) -> Snapshot:
    """Write a snapshot and swap it in.

    Parameters
    ----------
    root : Path
        Folder of snapshots (`var/published`).
    leads, prospects : Table
        The ranked list with :data:`RANKED_LEADS`, and the prospects of every node.
    versions : mapping
        JSON-able: as_of_date, versions of models, weights and code, hashes of the data. It names the snapshot together
        with the rows.
    write_workbook : callable
        Writes the workbook from (path, leads as frame, manifest without files).
    boards : mapping, optional
        Further tables by their file inside the snapshot (`boards/<name>.parquet`), as publishing/catalogue lists them.
    """
    boards = dict(sorted((boards or {}).items()))
    identity = hashlib.sha256(json.dumps(dict(versions), ensure_ascii=False, sort_keys=True).encode())
    for table in (leads, prospects, *boards.values()):
        identity.update(_content(table))
    snapshot_id = f"{versions['as_of_date']}-{identity.hexdigest()[:12]}"
    leads = leads.append_column("snapshot_id", pa.array([snapshot_id] * len(leads), pa.string()))
    model_version = "+".join(str(v) for _, v in sorted(versions["models"].items()))
    leads = leads.append_column("model_version", pa.array([model_version] * len(leads), pa.string()))
    root.mkdir(parents=True, exist_ok=True)
    folder = root / snapshot_id
    manifest: dict[str, Any] = {"snapshot_id": snapshot_id, **versions}
    with replace_folder(folder) as draft:
        pq.write_table(leads, draft / LEADS)
        pq.write_table(prospects, draft / PROSPECTS)
        write_workbook(draft / WORKBOOK, leads.to_pandas(), manifest)
        for name, table in boards.items():
            (draft / name).parent.mkdir(exist_ok=True)
            # Small groups: a page of one lead reads one of them.
            pq.write_table(table, draft / name, row_group_size=ROWS_A_GROUP)
        rows = {LEADS: len(leads), PROSPECTS: len(prospects), WORKBOOK: len(leads)}
        rows |= {name: len(table) for name, table in boards.items()}
        manifest["files"] = {
            name: {"sha256": content_hash(draft / name), "row_count": rows[name]} for name in sorted(rows)
        }
        write_json(draft / MANIFEST, manifest)
    snapshot = verified(folder)
    _swap(root, snapshot)
    return snapshot


def verified(folder: Path) -> Snapshot:
    """Read a snapshot's manifest and compare every file with its hash."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name, entry in manifest["files"].items():
        if content_hash(folder / name) != entry["sha256"]:
            raise ValueError(f"{folder / name}: content does not match the manifest")
    return Snapshot(folder, manifest)


def current(root: Path) -> Snapshot | None:
    """Give the snapshot in use, or None when nothing was ever published."""
    link = root / "current"
    if not link.exists():
        return None
    folder = link.resolve()
    return Snapshot(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))


def _swap(root: Path, snapshot: Snapshot) -> None:
    """Point `current` to a snapshot: one rename, so a reader sees the old list or the new one."""
    before = current(root)
    swap_link(root / "current", snapshot.folder)
    if before is None or before.snapshot_id != snapshot.snapshot_id:
        event = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "snapshot_id": snapshot.snapshot_id}
        with (root / "history.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(event) + "\n")


def _content(table: pa.Table) -> bytes:
    """Bytes to hash: Arrow's stream of the rows in one chunk, so that writing options play no part."""
    sink = pa.BufferOutputStream()
    plain = table.replace_schema_metadata(None).combine_chunks()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return bytes(sink.getvalue())
