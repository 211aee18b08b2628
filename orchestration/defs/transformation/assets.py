"""SQL models as assets (加工): facts once; features, boards and scores as of a day. dbt tests are their checks.

Belongs here: which part of the SQL project runs with which variables, and how a model becomes an asset. Does not belong
here: SQL, exports (a macro of dbt_project writes them once a build is green).
"""

import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, DbtProject, dbt_assets

from orchestration.endings import GATE, OURS, UNKNOWN, chinese_line, ending_of, kind_of
from orchestration.metadata import FAULT, PREVIEW, preview, row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN
from orchestration.resources import WarehouseDbt, Workplace, manifest_of

FACTS = "path:seeds path:models/staging path:models/intermediate path:models/marts"
FEATURES = "path:models/features"
BOARDS = "path:models/boards"
SCORES = "path:models/scores"


class StageTranslator(DagsterDbtTranslator):
    """Asset key = stage/model: the folder under models/ is the stage, so the tree is the lineage."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Give [source, table] for a source, [folder, model] for a model."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey([self.get_group_name(dbt_resource_props), dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Give the stage of a model."""
        is_seed = dbt_resource_props["resource_type"] == "seed"
        return "seeds" if is_seed else str(dbt_resource_props["fqn"][1])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Give the grain and meaning of a model, without its SQL."""
        return str(dbt_resource_props.get("description") or "")

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Give who answers for the models."""
        return ["team:数据专员"]


# The one model of each build whose rows stand for the step in the run's table.
SPEAKERS = ("fct_row_accounting", "ftr_lead__12m", "scr_lead__parts")
ACCOUNTING_TITLES = {
    "ledger_name": "台账", "landed_count": "落地行", "standing_count": "有效行", "superseded_count": "被替换行",
    "rejected_count": "待更正行", "refused_count": "拒收行（未落地）",
}  # fmt: skip
# What dagster-dbt tells of every model and test, under keys as the rest of the UI has them.
DBT_KEYS = {
    "Execution Duration": "用时（秒）", "dagster_dbt/failed_row_count": "不符合的行数", "status": "dbt/status",
    "unique_id": "dbt/unique_id", "invocation_id": "dbt/invocation_id",
}  # fmt: skip


def _counts(workplace: Workplace) -> dict[str, int]:
    """Rows of every model as the last green builds left them."""
    found: dict[str, int] = {}
    for path in sorted((workplace.root / "exports" / "row_counts").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            found[row["model_name"]] = int(row["row_count"])
    return found


def _told(workplace: Workplace, model: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """Metadata of a model: its rows, and for the speaker of a step the rows that went in and out."""
    if model not in counts:
        return {}
    metadata: dict[str, Any] = {"dagster/row_count": counts[model]}
    if model == "fct_row_accounting":
        rows = pq.read_table(workplace.export("marts/fct_row_accounting")).to_pandas()
        left = int(rows["superseded_count"].sum() + rows["rejected_count"].sum())
        metadata |= row_counts(int(rows["standing_count"].sum()), int(rows["landed_count"].sum()), left)
        metadata[PREVIEW] = preview(rows, ACCOUNTING_TITLES)
    elif model in SPEAKERS:
        metadata |= row_counts(counts[model], counts.get("dim_leads" if model == "ftr_lead__12m" else model))
    return metadata | {"dagster/row_count": counts[model]}


def _failure(invocation: DbtCliInvocation, home: Path) -> dg.Failure:
    """Name what failed, in Chinese; nothing that dbt says of its own gets better by waiting."""
    target, log = invocation.target_path, invocation.target_path / "dbt.log"
    try:
        results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError, KeyError):
        text = log.read_text(encoding="utf-8", errors="replace")[-20_000:] if log.exists() else ""
        if invocation.process.returncode == -signal.SIGKILL:  # by the system, when memory runs out
            text = "MemoryError"
        ending = ending_of(iter([text]), home)
        line = "dbt 没有运行起来" if ending.kind in ("ours", "unknown") else ending.line
        return _ended(ending.kind, f"{line}；详情在 {log}")
    broken = [r for r in results if r["status"] in ("error", "fail", "runtime error")]
    for result in broken:
        if (kind := kind_of(str(result["message"]))) in ("disk", "memory", "corrupt", "locked"):
            return _ended(kind, ending_of(iter([str(result["message"])]), home).line)
    names = "；".join(_broken(result) for result in broken[:5])
    errors = [result for result in broken if result["status"] != "fail"]
    is_ours = all(any(map(chinese_line, str(result["message"]).splitlines())) for result in errors)
    kind = GATE if not errors else OURS if is_ours else UNKNOWN
    return _ended(kind, f"SQL 构建有 {len(broken)} 项未通过：{names}；详情在 {log}")


def _broken(result: Mapping[str, Any]) -> str:
    name = result["unique_id"].split(".")[2]
    if result["status"] == "fail":
        return f"检验 {name} 有 {result.get('failures') or '若干'} 行不符"
    said = (chinese_line(line) for line in str(result["message"]).splitlines())
    return f"{next(filter(None, said), '出错')}（{name}）"


def _ended(kind: str, line: str) -> dg.Failure:
    return dg.Failure(line, metadata={FAULT: kind}, allow_retries=False)


def _build(
    context: dg.AssetExecutionContext, dbt: WarehouseDbt, workplace: Workplace, as_of: str | None = None
) -> Iterator[Any]:
    """Run `dbt build` for the selection of the context; every event is told, also those before a failure."""
    invocation = dbt.build(context, as_of)
    events = []
    for event in invocation.stream():
        events.append(event)
        if len(events) % 50 == 0:
            context.log.info(f"dbt：已完成 {len(events)} 步")
    failure = None if invocation.is_successful() else _failure(invocation, workplace.root)
    # The counts are there once the process has ended, so events wait for it.
    counts = {} if failure else _counts(workplace)
    for event in events:
        own = {DBT_KEYS.get(key, key): value for key, value in event.metadata.items()}
        told = _told(workplace, event.output_name.split("__", 1)[-1], counts) if isinstance(event, dg.Output) else {}
        yield event.with_metadata({**own, **told})
    if failure:
        raise failure


def sql_assets(project: DbtProject) -> list[dg.AssetsDefinition]:
    """Build the four dbt assets definitions from the parsed project."""
    shared: dict[str, Any] = {
        "manifest": manifest_of(project),
        "project": project,
        "dagster_dbt_translator": StageTranslator(),
        "pool": "warehouse",
        "backfill_policy": ONE_DAY_A_RUN,
    }

    @dbt_assets(name="facts", select=FACTS, **shared)
    def facts(context: dg.AssetExecutionContext, dbt: WarehouseDbt, workplace: Workplace) -> Iterator[Any]:
        """Staging, intermediate models and marts: facts, which have no as-of."""
        yield from _build(context, dbt, workplace)

    @dbt_assets(name="features", select=FEATURES, partitions_def=AS_OF_DAYS, **shared)
    def features(context: dg.AssetExecutionContext, dbt: WarehouseDbt, workplace: Workplace) -> Iterator[Any]:
        """Features of every (lead, as-of) up to the day of the partition."""
        yield from _build(context, dbt, workplace, context.partition_key)

    @dbt_assets(name="boards", select=BOARDS, partitions_def=AS_OF_DAYS, **shared)
    def boards(context: dg.AssetExecutionContext, dbt: WarehouseDbt, workplace: Workplace) -> Iterator[Any]:
        """Boards and registers of the day of the partition: nothing that was learned is in them."""
        yield from _build(context, dbt, workplace, context.partition_key)

    @dbt_assets(name="scores", select=SCORES, partitions_def=AS_OF_DAYS, **shared)
    def scores(context: dg.AssetExecutionContext, dbt: WarehouseDbt, workplace: Workplace) -> Iterator[Any]:
        """What the active tables of the models say of every current lead: contributions, parts, tax, foreign money to come."""
        yield from _build(context, dbt, workplace, context.partition_key)

    return [facts, features, boards, scores]
