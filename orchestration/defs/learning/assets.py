"""Training and promotion (学习): a candidate a task, and the tables of what is active, for SQL to score with.

Belongs here: reading features and outcomes, calling training, saving to the registry, writing active tables.
Does not belong here: fitting, examinations (models).
"""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from intake.landing import content_hash, write_json
from models.card import model_card
from models.landing import LandingSettings
from models.promotion import promote_if_deserved
from models.registry import Registry
from models.tax import TaxSettings
from orchestration.metadata import picture, preview, row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN
from orchestration.resources import Workplace

TASKS = ("landing", "tax")
INPUTS = [dg.AssetKey(["features", "ftr_lead__12m"]), dg.AssetKey(["marts", "mart_outcomes"])]


def registry_of(workplace: Workplace) -> Registry:
    """Open the registry of an installation."""
    return Registry(workplace.root / "registry")


def _inputs(workplace: Workplace) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    paths = {key.path[-1]: workplace.export(key.to_user_string()) for key in INPUTS}
    features, outcomes = (pd.read_parquet(path) for path in paths.values())
    return features, outcomes, {name: content_hash(path) for name, path in paths.items()}


def _save(workplace: Workplace, name: str, run: Any, as_of: dt.date, data: dict[str, str]) -> dict[str, Any]:
    version = registry_of(workplace).save(name, run.tables, run.report, {"as_of_date": str(as_of), "data_sha256": data})
    content = {"name": name, "version": version, "kind": run.kind}
    write_json(workplace.parquet(f"learning/{name}_candidate").with_suffix(".json"), content)
    report = run.report
    metadata: dict[str, Any] = row_counts(report["row_count"]) | {
        "version": version,
        "kind": f"{run.kind}（{report['label']}）",
        "reasons": "；".join(report["reasons"]) or "无",
        "model_card": dg.MetadataValue.md(model_card(version, report)),
        "report": dg.MetadataValue.json(json.loads(json.dumps(report, default=str))),
    }
    if report["terms"]:
        metadata["terms"] = preview(pd.DataFrame(report["terms"]), rows=12)
    return metadata


@dg.asset(
    key=["learning", "landing_candidate"],
    deps=INPUTS,
    kinds={"scikitlearn"},
    description="落地模型候选 a candidate of the landing model, examined out of time",
    group_name="learning",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    owners=["team:数据专员"],
    pool="learning",
)
def landing_candidate(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Train and examine the landing model as of the day."""
    from models.landing import train_landing
    from models.validation import plot_calibration

    as_of = dt.date.fromisoformat(context.partition_key)
    features, outcomes, data = _inputs(workplace)
    run = train_landing(features, outcomes, as_of - dt.timedelta(days=1), LandingSettings.load())
    metadata = _save(workplace, "landing", run, as_of, data)
    if holdout := run.report["holdout"]:
        metadata["calibration"] = picture(plot_calibration(pd.DataFrame(holdout["calibration_table"])), "校准图")
    return dg.MaterializeResult(metadata=metadata)


@dg.asset(
    key=["learning", "tax_candidate"],
    deps=INPUTS,
    kinds={"scikitlearn"},
    description="税收模型候选 a candidate of the tax model, examined out of time",
    group_name="learning",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    owners=["team:数据专员"],
    pool="learning",
)
def tax_candidate(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Train and examine the tax model as of the day."""
    from models.tax import train_tax

    as_of = dt.date.fromisoformat(context.partition_key)
    features, outcomes, data = _inputs(workplace)
    run = train_tax(features, outcomes, as_of - dt.timedelta(days=1), TaxSettings.load())
    return dg.MaterializeResult(metadata=_save(workplace, "tax", run, as_of, data))


def candidate_version(workplace: Workplace, name: str) -> str:
    """Give the version that the last training of a task made."""
    path: Path = workplace.root / "learning" / f"{name}_candidate.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["version"])


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["learning", name],
            deps=[dg.AssetKey(["learning", f"{task}_candidate"]) for task in TASKS],
            group_name="learning",
            kinds={"parquet"},
            owners=["team:数据专员"],
            description=text,
            partitions_def=AS_OF_DAYS,
        )
        for name, text in (
            ("model_tables", "在用模型的查找表 one row per bin or category of the active tables"),
            ("model_versions", "在用版本 one row per task: version, kind, interval"),
        )
    ],
    pool="learning",
    backfill_policy=ONE_DAY_A_RUN,
)
def active_models(workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Promote candidates that deserve it and write the active tables for SQL."""
    registry = registry_of(workplace)
    tables, versions = [], []
    for name in TASKS:
        active = registry.load(name, promote_if_deserved(registry, name, candidate_version(workplace, name)))
        tables.append(active.tables.assign(part=name))
        offsets = {key: active.report.get(key) for key in ("interval_low_offset", "interval_high_offset")}
        versions.append({"part": name, "version": active.version, "kind": active.manifest["kind"], **offsets})
    frames = {"model_tables": pd.concat(tables, ignore_index=True), "model_versions": pd.DataFrame(versions)}
    floats = {"interval_low_offset": "float64", "interval_high_offset": "float64"}
    frames["model_versions"] = frames["model_versions"].astype(floats)
    for name, frame in frames.items():
        frame.to_parquet(workplace.parquet(f"learning/{name}"), index=False)
        yield dg.MaterializeResult(
            asset_key=["learning", name], metadata=row_counts(len(frame)) | {"preview": preview(frame)}
        )
