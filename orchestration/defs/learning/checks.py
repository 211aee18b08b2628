"""The model gate (模型关卡), drift (漂移), and expected against seen (说与成真): everybody sees what is no better or has moved.

Belongs here: telling the verdict and how far today is from the training window. They warn and do not block: the active
version goes on ranking, the list is published. Does not belong here: the verdict (models.promotion), drift (models.drift).
"""

import datetime as dt
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from models.card import gate_card
from models.drift import DriftSettings, feature_drift, plot_distributions, plot_drift, stability_index
from models.landing import LandingSettings
from models.registry import Artefact
from orchestration.defs.learning.assets import TASKS, read_inputs, registry_of, settings_of, training_on
from orchestration.metadata import board_titles, picture, preview
from orchestration.resources import Workplace


def _gate(name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name="model_gate",
        asset=["learning", f"{name}_candidate"],
        description="候选模型是否通过样本外检验、不差于在用模型、校准合格；不通过则不启用",
    )
    def model_gate(context: dg.AssetCheckExecutionContext, workplace: Workplace) -> dg.AssetCheckResult:
        registry = registry_of(workplace)
        done = training_on(workplace, name, dt.date.fromisoformat(context.partition_key))
        if done is None:
            return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description="尚未训练")
        left = done.version in registry.reverted(name)
        passed = bool(registry.load(name, done.version).report.get("passed")) and done.verdict.may and not left
        return dg.AssetCheckResult(
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{done.version} 已被人工退回，不再自动启用" if left else done.verdict.sentence,
            metadata={
                "候选版本": done.version,
                "在用版本": registry.active(name) or "（尚无）",
                "候选与在用": dg.MetadataValue.md(gate_card(done.verdict)),
            },
        )

    return model_gate


model_gates = [_gate(name) for name in TASKS]

WARN = dg.AssetCheckSeverity.WARN
ACTIVE = ["learning", "model_versions"]


def _landing_in_use(workplace: Workplace) -> tuple[Artefact, LandingSettings]:
    versions = pd.read_parquet(workplace.parquet("learning/model_versions")).set_index("part")["version"]
    settings = settings_of(workplace, "landing")[0]
    assert isinstance(settings, LandingSettings)
    return registry_of(workplace).load("landing", str(versions["landing"])), settings


def _then_and_now(workplace: Workplace) -> tuple[Artefact, LandingSettings, pd.DataFrame, pd.DataFrame]:
    """Open leads of the training window of the landing model in use (all earlier days if it has none), and of today."""
    used, settings = _landing_in_use(workplace)
    features = read_inputs(workplace).features
    is_open = features[features["is_open"].fillna(False).astype(bool)]
    then = is_open[~is_open["is_current"]]
    if used.report.get("window"):
        days = pd.to_datetime(then["as_of_date"])
        first, last = (pd.Timestamp(day) for day in used.report["window"])
        then = then[(days >= first) & (days <= last)]
    return used, settings, then, is_open[is_open["is_current"]]


def _too_few(count: int) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True, severity=WARN, description=f"样本太少（{count} 行），没有比较")


@dg.asset_check(asset=ACTIVE, description="今天在谈线索的特征与训练窗口相比（PSI），超过 drift.yaml 的界限则提醒")
def features_have_not_drifted(workplace: Workplace) -> dg.AssetCheckResult:
    """Compare every feature of today's open leads with the training window."""
    limits = DriftSettings.load()
    _, settings, then, now = _then_and_now(workplace)
    if min(len(then), len(now)) < limits.minimum_rows:
        return _too_few(min(len(then), len(now)))
    table = feature_drift(then, now, settings.feature_labels, limits.bins)
    over = table[table["psi"] > limits.feature_psi_warn]
    told = "；".join(f"{row.label} {row.psi:.2f}" for row in over.itertuples())
    titles = {
        "label": "特征", "psi": "PSI", "missing_then_pct": "训练窗口缺失（%）", "missing_now_pct": "今天缺失（%）",
    }  # fmt: skip
    metadata: dict[str, Any] = {
        "特征漂移": preview(table, titles, 30),
        "特征漂移图": picture(plot_drift(table, limits.feature_psi_warn), "特征漂移"),
    }
    return dg.AssetCheckResult(passed=not len(over), severity=WARN, description=told or None, metadata=metadata)


@dg.asset_check(asset=ACTIVE, description="今天的落地分布与训练窗口相比（PSI）")
def scores_have_not_drifted(workplace: Workplace) -> dg.AssetCheckResult:
    """Compare scores of today's open leads with those of the training window, by the same tables."""
    from models.additive import from_tables

    limits = DriftSettings.load()
    used, _, then, now = _then_and_now(workplace)
    if min(len(then), len(now)) < limits.minimum_rows:
        return _too_few(min(len(then), len(now)))
    before, today = (0.5 * (1 + np.tanh(0.5 * from_tables(used.tables).score(rows))) for rows in (then, now))
    index = stability_index(pd.Series(before), pd.Series(today), limits.bins)
    return dg.AssetCheckResult(
        passed=index <= limits.score_psi_warn,
        severity=WARN,
        description=f"PSI {index:.2f}，平均概率 {before.mean():.1%} → {today.mean():.1%}",
        metadata={
            "稳定性指数 PSI": round(index, 4),
            "落地概率分布图": picture(plot_distributions(before, today), "落地概率分布"),
        },
    )


@dg.asset_check(asset=ACTIVE, description="最新满期的一批线索：落地概率是否兑现")
def calibration_has_not_drifted(context: dg.AssetCheckExecutionContext, workplace: Workplace) -> dg.AssetCheckResult:
    """Compare probabilities of the newest matured cohort with what came of it."""
    from models.additive import from_tables
    from models.cohort import landing_cohort, level_gap
    from models.landing.level import level_on, pairs_through, rule_of
    from models.validation import calibration_table, plot_calibration

    limits, inputs = DriftSettings.load(), read_inputs(workplace)
    used, settings = _landing_in_use(workplace)
    through = dt.date.fromisoformat(context.partition_key)
    since = min(dt.date.fromisoformat(str(used.report["data_through"])), through)
    cohort = landing_cohort(inputs.features, inputs.outcomes, through, since, settings, limits.minimum_leads_per_class)
    if not len(cohort):
        return _too_few(0)
    y, weight = cohort["label"].to_numpy(), cohort["weight"].to_numpy()
    score = from_tables(used.tables).score(cohort)
    if used.manifest["kind"] == "model":  # with the level that it would have had on the cohort's first day
        told_on = pd.Timestamp(cohort["as_of_date"].min()).date()
        pairs = pairs_through(inputs.features, told_on)
        tables = from_tables(used.tables)
        score = score + level_on(tables, rule_of(used.report), pairs, inputs.outcomes, told_on, settings).shift
    p = 0.5 * (1 + np.tanh(0.5 * score))
    gap = level_gap(y, p, cohort["lead_id"].to_numpy(), weight)
    off = abs(gap["value"]) > limits.calibration_gap_warn and not gap["low"] <= 0 <= gap["high"]
    rule = "（规则估计，不是概率）" if used.manifest["kind"] == "rule" else ""
    return dg.AssetCheckResult(
        passed=not off,
        severity=WARN,
        description=f"平均预测与实际之差 {gap['value']:+.3f}（{gap['low']:+.3f} 至 {gap['high']:+.3f}）{rule}",
        metadata={
            "线索数": int(cohort["lead_id"].nunique()),
            "校准图": picture(plot_calibration(calibration_table(y, p, weight)), "最新满期一批的校准图"),
        },
    )


@dg.asset_check(
    asset=["scoring", "said_and_came"],
    description="说与成真：每月应落地的条数与实际相比；偏离累积到一定程度先黄后红，红则水平不待下月即调整",
)
def expected_is_seen(workplace: Workplace) -> dg.AssetCheckResult:
    """Compare landings said with landings that came: a month of weak evidence warns (yellow), of strong evidence fails (red)."""
    table = pd.read_parquet(workplace.parquet("scoring/said_and_came"))
    months = table[table["dimension"] == "月份"]
    if not len(months):
        return _too_few(0)
    last, whole = months.iloc[-1], table[table["dimension"] == "全部"].iloc[0]
    outside = table[~table["dimension"].isin(["月份", "全部"]) & (table["colour"] != "正常")]
    told = [
        f"{row.dimension}“{row.value}”说 {row.said_count:.1f} 成真 {row.came_count}" for row in outside.itertuples()
    ]
    head = (
        f"{last['colour']}：{last['value']} 说 {last['said_count']:.1f} 条（{last['low_count']} 至 {last['high_count']}），"
        f"成真 {last['came_count']} 条；近{len(months)}个月说 {whole['said_count']:.0f} 条"
        f"（{whole['low_count']} 至 {whole['high_count']}），成真 {whole['came_count']} 条"
    )
    return dg.AssetCheckResult(
        passed=last["colour"] == "正常",
        severity=dg.AssetCheckSeverity.ERROR if last["colour"] == "不符" else WARN,
        description="；".join([head, *told]),
        metadata={"说与成真": preview(table, board_titles("scoring/said_and_came"), 40)},
    )


drift_checks = [expected_is_seen, features_have_not_drifted, scores_have_not_drifted, calibration_has_not_drifted]
