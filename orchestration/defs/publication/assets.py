"""Publication (发布): the tested list is swapped in, and documents are made; a failed gate upstream leaves the old ones.

Belongs here: gathering what a snapshot is made of and calling the desk. Does not belong here: formats (publishing.snapshot),
layout of the workbook (publishing.workbook), figures and layout of documents (publishing.documents).
"""

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq

from models.ranking import RankingWeights
from orchestration.archive import keep
from orchestration.metadata import preview, row_counts, told_of_opportunities
from orchestration.partitions import AS_OF_DAYS, MONTHS, ONE_DAY_A_RUN, QUARTERS
from orchestration.register_limits import read_note
from orchestration.resources import Workplace
from publishing.boards import all_boards
from publishing.documents import (
    Correction,
    Month,
    Quarter,
    chart_content,
    dispatch_figures,
    freeze,
    quarter_figures,
    write_bulletin,
    write_dispatch_pack,
    write_project_pages,
    write_wall_chart,
)
from publishing.documents.bulletin import READINGS as BULLETIN
from publishing.documents.dispatch import READINGS as PACK
from publishing.documents.project_pages import READINGS as PAGES
from publishing.documents.wall_chart import READINGS as CHART
from publishing.figures import read_frames
from publishing.opportunities import gather
from publishing.snapshot import Snapshot, current, publish
from publishing.workbook import write_ranked_workbook
from storage import content_hash

LANDED = ("units", "leads", "follow_ups", "stage_moves", "targets", "register", "chain_nodes", "chain_points")


def _weights(workplace: Workplace) -> RankingWeights:
    return RankingWeights.load(workplace.office_file("weights.yaml"))


def _made(workplace: Workplace, key: str) -> Path:
    """Give the file of an asset: what Python scored lies beside, what SQL built under exports."""
    return workplace.parquet(key) if key.startswith("scoring/") else workplace.export(key)


def _published(workplace: Workplace) -> Snapshot:
    found = current(workplace.root / "published")
    if found is None:
        raise dg.Failure("尚无发布过的清单，不知道数据截至哪一天；请先运行夜间作业", allow_retries=False)
    return found


def _is_synthetic(workplace: Workplace) -> bool:
    files = pd.read_parquet(workplace.parquet("landing/files"), columns=["is_synthetic"])
    return bool(files["is_synthetic"].any())


def _versions(workplace: Workplace, as_of: str) -> dict[str, Any]:
    models = pq.read_table(workplace.parquet("learning/model_versions")).to_pylist()
    problem, _ = read_note(workplace.root)
    return {
        **({"register_problem": problem} if problem else {}),
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
        dg.AssetKey(["boards", "brd_prospect__nodes"]),
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
    prospects = pq.read_table(workplace.export("boards/brd_prospect__nodes"))
    versions = _versions(workplace, context.partition_key)
    as_of = dt.date.fromisoformat(context.partition_key)
    boards = {board: board.as_known(pq.read_table(_made(workplace, board.export)), as_of) for board in all_boards()}
    found = gather(
        {board.name: table for board, table in boards.items()},
        prospects,
        leads.to_pandas(),
        as_of,
        versions.get("register_problem"),
    )
    write = partial(write_ranked_workbook, weights=_weights(workplace), opportunities=found)
    published = publish(
        workplace.root / "published", leads, prospects, versions, write, {b.file: t for b, t in boards.items()}
    )
    metadata = row_counts(len(leads), len(leads)) | {
        "快照编号": published.snapshot_id,
        "目标企业家次": len(prospects),
        "所在文件夹": dg.MetadataValue.path(str(published.folder)),
        "快照清单（JSON）": dg.MetadataValue.json(published.manifest),
    }
    return dg.MaterializeResult(metadata=metadata | told_of_opportunities(found, versions["is_synthetic"]))


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
    metadata = row_counts(kept.exposure_count) | {"新存文件数": kept.new_files, "新存字节数": kept.new_bytes}
    return dg.MaterializeResult(metadata=metadata | {"试探跟进线索数": kept.exploration_count})


# --- documents for leaders (领导材料) ------------------------------------------------------------------------------


# Documents read what was published, so that paper and page of one night can't differ.
SNAPSHOT = dg.AssetKey(["publication", "snapshot"])


@dg.asset(
    key=["publication", "wall_chart"],
    deps=[SNAPSHOT],
    group_name="publication",
    kinds={"pdf"},
    owners=["team:督查考核"],
    description="挂图作战 signed projects on one A1 page, with the lights and reasons of the board 签约项目跟进",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def wall_chart(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Typeset the chart of the day from the published boards; a failed gate upstream leaves yesterday's."""
    as_of = dt.date.fromisoformat(context.partition_key)
    path = workplace.root / "documents" / f"挂图作战_{as_of}.pdf"
    try:
        frames = read_frames(_published(workplace).folder, CHART)
        content = chart_content(frames, as_of, _is_synthetic(workplace))
        write_wall_chart(path, content)
    except ValueError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    return dg.MaterializeResult(metadata={"挂图": dg.MetadataValue.path(path), "内容": content["count"]})


class Issue(dg.Config):
    """Why a frozen period is issued again (更正或申诉), who asked, who signed. 首次冻结不用填"""

    reason: str = ""
    appealed_by: str = ""
    signed_by: str = ""

    @property
    def correction(self) -> Correction:
        return Correction(self.reason, self.appealed_by, self.signed_by)


@dg.asset(
    key=["publication", "quarterly_bulletin"],
    deps=[SNAPSHOT],
    group_name="publication",
    kinds={"word", "excel"},
    owners=["team:督查考核"],
    description="季通报 the quarter in Word and Excel, on the office's own template, kept as numbered frozen copies",
    partitions_def=QUARTERS,
    backfill_policy=ONE_DAY_A_RUN,
)
def quarterly_bulletin(
    context: dg.AssetExecutionContext, workplace: Workplace, config: Issue
) -> dg.MaterializeResult[None]:
    """Write and freeze the bulletin of a quarter that is over, from the boards of the published list."""
    quarter = Quarter.of(dt.date.fromisoformat(context.partition_key))
    published, folder = _published(workplace), workplace.root / "documents"
    try:
        frames = read_frames(published.folder, BULLETIN)
        figures = quarter_figures(quarter, published.as_of_date, frames, _is_synthetic(workplace))
        files = write_bulletin(folder, figures, folder / "模板" / "季通报.docx")
        frozen = freeze(
            folder, "季通报", str(quarter), files, published.as_of_date, config.correction,
            {"snapshot": published.snapshot_id},
        )  # fmt: skip
    except ValueError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    paths: dict[str, Any] = {"冻结件": dg.MetadataValue.path(frozen.folder), "版本": frozen.number}
    return dg.MaterializeResult(metadata={**paths, "总体情况": preview(figures.totals)})


@dg.asset(
    key=["publication", "dispatch_pack"],
    deps=[SNAPSHOT],
    group_name="publication",
    kinds={"word", "excel", "pdf"},
    owners=["team:督查考核"],
    description="调度会材料 the pack of the month's meeting (双月书记、单月区长), kept as numbered frozen copies",
    partitions_def=MONTHS,
    backfill_policy=ONE_DAY_A_RUN,
)
def dispatch_pack(context: dg.AssetExecutionContext, workplace: Workplace, config: Issue) -> dg.MaterializeResult[None]:
    """Write and freeze the pack of a month; a red check leaves the list of another day, and then there is no pack."""
    published = _published(workplace)
    rules = pd.read_parquet(workplace.office_file("dispatch_rules.parquet"))
    folder, as_of = workplace.root / "documents", published.as_of_date
    try:
        frames = read_frames(published.folder, (*PACK, *PAGES))
        month = Month.read(context.partition_key[:7])
        figures = dispatch_figures(month, as_of, frames, rules, _is_synthetic(workplace))
        pages = folder / f"项目一页_{month}.pdf"
        write_project_pages(pages, frames, as_of, figures.is_synthetic)
        files = (*write_dispatch_pack(folder, figures, folder / "模板" / "调度材料.docx"), pages)
        frozen = freeze(
            folder, "调度材料", str(month), files, as_of, config.correction, {"snapshot": published.snapshot_id}
        )
    except ValueError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    told: dict[str, Any] = {
        "冻结件": dg.MetadataValue.path(frozen.folder),
        "版本": frozen.number,
        "主持": figures.chair,
    }
    return dg.MaterializeResult(metadata=told | {"总体情况": preview(figures.tables["总体情况"])})


STANDINGS = ("scores", "items", "traces", "refused")


@dg.asset(
    key=["publication", "frozen_assessment"],
    deps=[
        *(dg.AssetKey(["scoring", f"assessment_{name}"]) for name in STANDINGS),
        dg.AssetKey(["publication", "snapshot"]),
    ],
    group_name="publication",
    kinds={"parquet"},
    owners=["team:督查考核"],
    description="考核冻结 the standings of a month with every item and fact behind it; appeals and corrections are new versions",
    partitions_def=MONTHS,
    backfill_policy=ONE_DAY_A_RUN,
)
def frozen_assessment(
    context: dg.AssetExecutionContext, workplace: Workplace, config: Issue
) -> dg.MaterializeResult[None]:
    """Freeze the standings of a month as of a day in it."""
    as_of, month = _published(workplace).as_of_date, context.partition_key[:7]
    if f"{as_of:%Y-%m}" != month:
        raise dg.Failure(f"{month} 的考核要用该月内某一天的数据，现有数据截至{as_of}", allow_retries=False)
    files = [workplace.parquet(f"scoring/assessment_{name}") for name in STANDINGS]
    try:
        frozen = freeze(workplace.root / "documents", "考核", month, files, as_of, config.correction)
    except ValueError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None
    return dg.MaterializeResult(metadata={"冻结件": dg.MetadataValue.path(frozen.folder), "版本": frozen.number})
