"""Training and promotion (学习): a candidate a task, and the tables of what is active, for SQL to score with.

Belongs here: reading features and outcomes, calling training, saving to the registry, writing active tables with the level.
Does not belong here: fitting, examinations (models).
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pandas as pd

from models.card import gate_card, model_card
from models.chain import load_chains
from models.landing import LandingSettings
from models.landing.level import rule_of
from models.level import LEVEL
from models.lifecycle import Inputs, KeptLevel, Training, level_if_due, train_if_due, training_of
from models.promotion import version_in_use
from models.ranking import KIND_NAMES, PART_NAMES
from models.registry import Artefact, Registry
from models.tax import TaxSettings
from models.wording import LEVEL_LABEL
from orchestration.metadata import PREVIEW, picture, preview, row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN
from orchestration.resources import Workplace
from storage import content_hash

TASKS = ("landing", "tax")
SHAPES_SHOWN = 6
TABLE_TITLES = {
    "part": "模型", "term": "特征", "kind": "档", "lower": "下限", "upper": "上限", "category": "类别", "value": "贡献",
}  # fmt: skip
VERSION_TITLES = {
    "part": "模型", "version": "版本", "kind": "来源", "model_share": "模型占比", "interval_low_offset": "区间下限偏移",
    "interval_high_offset": "区间上限偏移", "level_shift": "总体水平调整（对数几率）", "level_since": "水平自", "level_why": "为何调整",
}  # fmt: skip
BIN_NAMES = {
    "intercept": "基准", "constant": "总体水平", "numeric": "数值", "missing": "缺失", "category": "类别", "other": "其他类别", "pair": "两项组合",
    "pair_present": "两项组合", "pair_missing": "两项组合（缺失）",
}  # fmt: skip
INPUTS = [dg.AssetKey(["features", "ftr_lead__12m"]), dg.AssetKey(["marts", "fct_outcomes"])]


def registry_of(workplace: Workplace) -> Registry:
    """Open the registry of an installation."""
    return Registry(workplace.root / "registry")


class Retraining(dg.Config):
    """Whether to train although the month's training is done. 设为 true 则立即重新训练"""

    retrain: bool = False


def settings_of(workplace: Workplace, name: str) -> tuple[LandingSettings | TaxSettings, str]:
    """Read the settings of a task, and give a hash of its files: a change of them makes a training due."""
    if name == "landing":
        files = [workplace.office_file(name) for name in ("landing.yaml", "landing_points.yaml")]
        return LandingSettings.load(*files), workplace.office_hash("landing.yaml", "landing_points.yaml")
    return TaxSettings.load(workplace.office_file("tax.yaml")), workplace.office_hash("tax.yaml")


def read_inputs(workplace: Workplace) -> Inputs:
    """Read what training learns from."""
    paths = {key.path[-1]: workplace.export(key.to_user_string()) for key in INPUTS}
    features, outcomes = (pd.read_parquet(path) for path in paths.values())
    return Inputs(features, outcomes, {name: content_hash(path) for name, path in paths.items()})


def training_on(workplace: Workplace, name: str, day: dt.date) -> Training | None:
    """Give the training that counts on a day, None if there is none."""
    return training_of(registry_of(workplace), name, day, settings_of(workplace, name)[1])


def _candidate(workplace: Workplace, name: str, as_of: dt.date, retrain: bool) -> dict[str, Any]:
    """Train if due, and tell card, picture and verdict; a night on which nothing is due tells them again."""
    registry = registry_of(workplace)
    settings, settings_hash = settings_of(workplace, name)
    done = train_if_due(registry, settings, settings_hash, as_of, lambda: read_inputs(workplace), retrain)
    report = registry.load(name, done.version).report
    chains = {chain.chain_id: chain.name for chain in load_chains(workplace.office_file("chains.yaml")).chains}
    when = "本次训练" if done.is_new else f"本月已于 {done.as_of} 训练，今天不再训练"
    metadata: dict[str, Any] = row_counts(report["row_count"]) | {
        "训练": when,
        "版本": done.version,
        "来源": KIND_NAMES[report["kind"]],
        "模型关卡": dg.MetadataValue.md(gate_card(done.verdict)),
        "未通过的原因": "；".join(report["reasons"]) or "无",
        "模型卡": dg.MetadataValue.md(model_card(done.version, report, chains)),
        "训练报告（JSON）": dg.MetadataValue.json(json.loads(json.dumps(report, default=str))),
    }
    if report["terms"]:
        titles = {"label": "特征", "mean_abs_contribution": "平均影响"}
        metadata["特征的影响"] = preview(pd.DataFrame(report["terms"]), titles, rows=12)
    return metadata | _pictures(name, report, registry.load(name, done.version).tables)


def _pictures(name: str, report: Mapping[str, Any], tables: pd.DataFrame) -> dict[str, Any]:
    from models.additive import from_tables, part_of, plot_term
    from models.validation import plot_calibration

    found: dict[str, Any] = {}
    table = (report["holdout"] or {}).get("calibration_table")
    if name == "landing" and table:
        found["校准图"] = picture(plot_calibration(pd.DataFrame(table)), "校准图")
    compiled = from_tables(part_of(tables, name))
    drawn = {term.name for term in compiled.terms if not term.cells}
    for term in [t for t in report["terms"] if t["term"] in drawn][:SHAPES_SHOWN]:
        found[f"形状：{term['label']}"] = picture(plot_term(compiled, term["term"], term["label"]), term["label"])
    return found


@dg.asset(
    key=["learning", "landing_candidate"],
    deps=INPUTS,
    kinds={"scikitlearn"},
    description="落地模型候选 a candidate of the landing model, trained once a month, examined out of time",
    group_name="learning",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    owners=["team:数据专员"],
    pool="learning",
)
def landing_candidate(
    context: dg.AssetExecutionContext, config: Retraining, workplace: Workplace
) -> dg.MaterializeResult[None]:
    """Train and examine the landing model as of the day, if the month has no training yet."""
    as_of = dt.date.fromisoformat(context.partition_key)
    return dg.MaterializeResult(metadata=_candidate(workplace, "landing", as_of, config.retrain))


@dg.asset(
    key=["learning", "tax_candidate"],
    deps=INPUTS,
    kinds={"scikitlearn"},
    description="税收模型候选 a candidate of the tax model, trained once a month, examined out of time",
    group_name="learning",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
    owners=["team:数据专员"],
    pool="learning",
)
def tax_candidate(
    context: dg.AssetExecutionContext, config: Retraining, workplace: Workplace
) -> dg.MaterializeResult[None]:
    """Train and examine the tax model as of the day, if the month has no training yet."""
    as_of = dt.date.fromisoformat(context.partition_key)
    return dg.MaterializeResult(metadata=_candidate(workplace, "tax", as_of, config.retrain))


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
def active_models(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Promote candidates that deserve it and write the tables to score the day with, the level among them, for SQL."""
    from models.additive import from_tables, part_of

    registry, day = registry_of(workplace), dt.date.fromisoformat(context.partition_key)
    tables, versions = [], []
    for name in TASKS:
        done = training_on(workplace, name, day)
        candidate = (done.version, done.verdict) if done else (None, None)
        active = registry.load(name, version_in_use(registry, name, day, *candidate))
        level = _level(workplace, active, day) if name == "landing" and active.manifest["kind"] == "model" else None
        found = active.tables
        if level:
            found = from_tables(part_of(found, name)).levelled(level.shift).to_tables()
        tables.append(found if "part" in found else found.assign(part=name))
        offsets = {key: active.report.get(key) for key in ("interval_low_offset", "interval_high_offset")}
        share = active.report.get("model_share")
        about = {"part": name, "version": active.version, "kind": active.manifest["kind"], "model_share": share}
        versions.append(about | offsets | _level_columns(level, active.report))
    frames = {"model_tables": pd.concat(tables, ignore_index=True), "model_versions": pd.DataFrame(versions)}
    names = ("model_share", "interval_low_offset", "interval_high_offset", "level_shift")
    texts = dict.fromkeys(("level_since", "level_why", "level_rule"), "str")
    frames["model_versions"] = frames["model_versions"].astype(dict.fromkeys(names, "float64") | texts)
    for name, titles in (("model_tables", TABLE_TITLES), ("model_versions", VERSION_TITLES)):
        frames[name].to_parquet(workplace.parquet(f"learning/{name}"), index=False)
        shown = preview(_in_words(workplace, frames[name].head(8)), titles)
        yield dg.MaterializeResult(
            asset_key=["learning", name], metadata=row_counts(len(frames[name])) | {PREVIEW: shown}
        )


def _level(workplace: Workplace, active: Artefact, day: dt.date) -> KeptLevel:
    """The month's level of a landing model, or a new one if there is none or what was said did not come."""
    from models.additive import from_tables, part_of
    from models.landing.coming_true import is_red, said_and_came

    settings = settings_of(workplace, "landing")[0]
    assert isinstance(settings, LandingSettings)

    def is_off() -> bool:
        inputs = read_inputs(workplace)
        tables, through = from_tables(part_of(active.tables, "landing")), day
        found = said_and_came(tables, rule_of(active.report), inputs.features, inputs.outcomes, through, settings, {})
        return is_red(found)

    registry = registry_of(workplace)
    return level_if_due(registry, settings, active.version, day, lambda: read_inputs(workplace), is_off)


def _level_columns(level: KeptLevel | None, report: Mapping[str, Any]) -> dict[str, Any]:
    """What a list keeps of the level it was told with; the rule too, since a list is made again without the registry."""
    if level is None:
        return dict.fromkeys(("level_shift", "level_since", "level_why", "level_rule"))
    rule = json.dumps(rule_of(report).told(), sort_keys=True)
    since = {"level_since": str(level.as_of), "level_why": level.why, "level_rule": rule}
    return {"level_shift": level.shift} | since


def _in_words(workplace: Workplace, rows: pd.DataFrame) -> pd.DataFrame:
    """Give rows about models with the names that people know: of the model, of its terms, of the kind."""
    labels = {k: v for name in TASKS for k, v in settings_of(workplace, name)[0].feature_labels.items()}
    names = {
        "part": PART_NAMES,
        "term": labels | {"intercept": "基准", LEVEL: LEVEL_LABEL},
        "kind": BIN_NAMES | KIND_NAMES,
    }
    return rows.replace(names)
