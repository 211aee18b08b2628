"""Publication (发布): the tested list is swapped in; a failed gate upstream leaves the old one.

Belongs here: gathering what a snapshot is made of and calling the desk. Does not belong here: formats (desk.snapshot),
layout of the workbook (desk.workbook).
"""

import datetime as dt
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from desk.boards import all_boards
from desk.snapshot import publish
from desk.workbook import write_ranked_workbook
from intake.landing import content_hash
from models.ranking import RankingWeights
from orchestration.metadata import row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN
from orchestration.resources import Workplace

LANDED = ("units", "leads", "follow_ups", "stage_moves", "targets", "register", "chain_nodes", "chain_points")


def _versions(workplace: Workplace, as_of: str) -> dict[str, Any]:
    models = pq.read_table(workplace.parquet("learning/model_versions")).to_pylist()
    files = pq.read_table(workplace.parquet("landing/files"), columns=["is_synthetic"])
    return {
        "as_of_date": as_of,
        "is_synthetic": any(files["is_synthetic"].to_pylist()),
        "models": {row["part"]: row["version"] for row in models},
        "model_kinds": {row["part"]: row["kind"] for row in models},
        "weights": RankingWeights.load().version,
        "data": {name: content_hash(workplace.parquet(f"landing/{name}")) for name in LANDED},
    }


@dg.asset(
    key=["publication", "snapshot"],
    deps=[
        dg.AssetKey(["scoring", "ranked_leads"]),
        dg.AssetKey(["scores", "scr_prospect__nodes"]),
        dg.AssetKey(["learning", "model_versions"]),
        *(dg.AssetKey(board.export.split("/")) for board in all_boards()),
    ],
    group_name="publication",
    kinds={"parquet", "excel"},
    owners=["team:招商专员"],
    description="发布快照 the tested list: Parquet, workbook and manifest, swapped in at once",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=dt.timedelta(hours=36), warn_window=dt.timedelta(hours=26)
    ),
)
def snapshot(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Publish the list of the day. Reached only if every blocking check upstream was green."""
    leads = pq.read_table(workplace.parquet("scoring/ranked_leads"))
    prospects = pq.read_table(workplace.export("scores/scr_prospect__nodes"))
    versions = _versions(workplace, context.partition_key)
    boards = {board.file: pq.read_table(workplace.export(board.export)) for board in all_boards()}
    published = publish(workplace.root / "published", leads, prospects, versions, write_ranked_workbook, boards)
    metadata = row_counts(len(leads), len(leads)) | {
        "snapshot_id": published.snapshot_id,
        "prospect_count": len(prospects),
        "folder": dg.MetadataValue.path(str(published.folder)),
        "manifest": dg.MetadataValue.json(published.manifest),
    }
    return dg.MaterializeResult(metadata=metadata)
