"""Publication (发布): the tested list is swapped in, and documents are made; a failed gate upstream leaves the old ones.

Belongs here: gathering what a snapshot is made of and calling the desk. Does not belong here: formats (desk.snapshot),
layout of the workbook (desk.workbook), figures and layout of documents (desk.documents).
"""

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq

from desk.boards import all_boards
from desk.documents import Quarter, chart_projects, quarter_figures, write_bulletin, write_wall_chart
from desk.snapshot import current, publish
from desk.workbook import write_ranked_workbook
from intake.landing import content_hash
from models.ranking import RankingWeights
from orchestration.archive import keep
from orchestration.metadata import preview, row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN, QUARTERS
from orchestration.resources import Workplace

LANDED = ("units", "leads", "follow_ups", "stage_moves", "targets", "register", "chain_nodes", "chain_points")


def _weights(workplace: Workplace) -> RankingWeights:
    return RankingWeights.load(workplace.office_file("weights.yaml"))


def _made(workplace: Workplace, key: str) -> Path:
    """Give the file of an asset: what Python scored lies beside, what SQL built under exports."""
    return workplace.parquet(key) if key.startswith("scoring/") else workplace.export(key)


def _is_synthetic(workplace: Workplace) -> bool:
    files = pd.read_parquet(workplace.parquet("landing/files"), columns=["is_synthetic"])
    return bool(files["is_synthetic"].any())


def _versions(workplace: Workplace, as_of: str) -> dict[str, Any]:
    models = pq.read_table(workplace.parquet("learning/model_versions")).to_pylist()
    return {
        "as_of_date": as_of,
        "is_synthetic": _is_synthetic(workplace),
        "models": {row["part"]: row["version"] for row in models},
        "model_kinds": {row["part"]: row["kind"] for row in models},
        "model_shares": {row["part"]: row["model_share"] for row in models if row.get("model_share") is not None},
        "weights": _weights(workplace).version,
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
    boards = {board.file: pq.read_table(_made(workplace, board.export)) for board in all_boards()}
    write = partial(write_ranked_workbook, weights=_weights(workplace))
    published = publish(workplace.root / "published", leads, prospects, versions, write, boards)
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


# --- documents for leaders (领导材料) ------------------------------------------------------------------------------


def _marts(*names: str) -> list[dg.AssetKey]:
    return [dg.AssetKey(["marts", name]) for name in names]


@dg.asset(
    key=["publication", "wall_chart"],
    deps=[*_marts("dim_leads", "mart_outcomes"), dg.AssetKey(["publication", "snapshot"])],
    group_name="publication",
    kinds={"pdf"},
    owners=["team:督查考核"],
    description="挂图作战 signed projects on one A1 page, red, yellow or green by rule",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def wall_chart(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Typeset the chart of the day from the tested marts; a failed gate upstream leaves yesterday's."""
    as_of = dt.date.fromisoformat(context.partition_key)
    leads, outcomes = (pd.read_parquet(workplace.export(f"marts/{name}")) for name in ("dim_leads", "mart_outcomes"))
    projects = chart_projects(leads, outcomes, as_of)
    path = workplace.root / "documents" / f"挂图作战_{as_of}.pdf"
    write_wall_chart(path, projects, as_of, _is_synthetic(workplace))
    lights = {light: int((projects["灯"] == light).sum()) for light in ("红", "黄", "绿")}
    return dg.MaterializeResult(metadata={"挂图": dg.MetadataValue.path(path), "项目数": len(projects), **lights})


@dg.asset(
    key=["publication", "quarterly_bulletin"],
    deps=_marts("mart_unit__monthly", "mart_unit__targets", "dim_units", "mart_outcomes"),
    group_name="publication",
    kinds={"word", "excel"},
    owners=["team:督查考核"],
    description="季通报 the quarter in Word and Excel, on the office's own template",
    partitions_def=QUARTERS,
    backfill_policy=ONE_DAY_A_RUN,
)
def quarterly_bulletin(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Write the bulletin of a quarter that is over, from marts that were exported after every test was green."""
    quarter = Quarter.of(dt.date.fromisoformat(context.partition_key))
    published = current(workplace.root / "published")
    if published is None:
        raise dg.Failure("尚无发布过的清单，不知道数据截至哪一天；请先运行夜间作业", allow_retries=False)
    names = ("mart_unit__monthly", "mart_unit__targets", "dim_units", "mart_outcomes")
    monthly, targets, units, outcomes = (pd.read_parquet(workplace.export(f"marts/{name}")) for name in names)
    try:
        figures = quarter_figures(
            quarter, monthly, targets, units, outcomes, published.as_of_date, _is_synthetic(workplace)
        )
    except ValueError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    template = workplace.root / "documents" / "模板" / "季通报.docx"
    word, excel = write_bulletin(workplace.root / "documents", figures, template)
    paths = {"Word": dg.MetadataValue.path(word), "Excel": dg.MetadataValue.path(excel)}
    return dg.MaterializeResult(metadata={**paths, "总体情况": preview(figures.totals.astype(str))})
