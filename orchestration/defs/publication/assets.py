"""Publication (发布): the tested list is swapped in; a failed gate upstream leaves the old one.

Belongs here: gathering what a snapshot is made of and calling the desk. Does not belong here: formats (desk.snapshot),
layout of the workbook (desk.workbook).
"""

import datetime as dt
from functools import partial
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from desk.snapshot import current, publish
from desk.workbook import write_ranked_workbook
from intake.landing import content_hash
from models.ranking import RankingWeights
from orchestration.archive import keep
from orchestration.metadata import row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN
from orchestration.resources import Workplace

LANDED = ("units", "leads", "follow_ups", "stage_moves", "targets", "register", "chain_nodes", "chain_points")


def _weights(workplace: Workplace) -> RankingWeights:
    return RankingWeights.load(workplace.office_file("weights.yaml"))


def _versions(workplace: Workplace, as_of: str) -> dict[str, Any]:
    models = pq.read_table(workplace.parquet("learning/model_versions")).to_pylist()
    files = pq.read_table(workplace.parquet("landing/files"), columns=["is_synthetic"])
    return {
        "as_of_date": as_of,
        "is_synthetic": any(files["is_synthetic"].to_pylist()),
        "models": {row["part"]: row["version"] for row in models},
        "model_kinds": {row["part"]: row["kind"] for row in models},
        "weights": _weights(workplace).version,
        "data": {name: content_hash(workplace.parquet(f"landing/{name}")) for name in LANDED},
    }


@dg.asset(
    key=["publication", "snapshot"],
    deps=[
        dg.AssetKey(["scoring", "ranked_leads"]),
        dg.AssetKey(["scores", "scr_prospect__nodes"]),
        dg.AssetKey(["learning", "model_versions"]),
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
    write = partial(write_ranked_workbook, weights=_weights(workplace))
    published = publish(workplace.root / "published", leads, prospects, versions, write)
    metadata = row_counts(len(leads), len(leads)) | {
        "snapshot_id": published.snapshot_id,
        "prospect_count": len(prospects),
        "folder": dg.MetadataValue.path(str(published.folder)),
        "manifest": dg.MetadataValue.json(published.manifest),
    }
    return dg.MaterializeResult(metadata=metadata)


@dg.asset(
    key=["publication", "archive"],
    deps=[dg.AssetKey(["publication", "snapshot"])],
    group_name="publication",
    kinds={"parquet"},
    owners=["team:数据专员"],
    description="存档 the inputs of every published list, so that it can be rebuilt, and who was shown what rank",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def archive(workplace: Workplace) -> dg.MaterializeResult[None]:
    """Keep what the list was made from, and its exposures (曝光): lead, rank, whether it is on trial."""
    published = current(workplace.root / "published")
    if published is None:
        raise dg.Failure("尚无发布的清单", allow_retries=False)
    kept = keep(workplace, published)
    metadata = row_counts(kept.exposure_count) | {"new_files": kept.new_files, "new_bytes": kept.new_bytes}
    return dg.MaterializeResult(metadata=metadata | {"exploration_count": kept.exploration_count})
