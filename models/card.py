"""The model card of one training (模型卡), written from its report: what it is, how it was examined, what it leaves out.

Belongs here: wording a report for people, in Chinese. Does not belong here: the numbers (each task's training and
evaluation), whether it is promoted (promotion), the standing descriptions of a task (its MODEL_CARD.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.promotion import Verdict

TASK_NAMES = {"landing": "落地概率", "tax": "预计年纳税"}
METRIC_NAMES = {
    "roc_auc": "排序能力 AUC",
    "log_loss": "对数损失（越小越好）",
    "expected_calibration_error": "校准误差（越小越好）",
    "lift_at_10pct": "前一成提升倍数",
}
TAX_ERRORS = {
    "mae_log_model": "模型",
    "mae_log_baseline": "一律取中位数",
    "mae_log_rule": "行业系数估算",
    "mae_log_promised": "企业承诺",
}
NOT_USED = "单位名称、人员姓名、联系方式、当前环节、承诺的返还：不作特征（不公平、会泄露结果，或法律不许）。"


def model_card(version: str, report: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """Give the card as Markdown; `names` are of values that are codes, as those of chains."""
    task = str(report["task"])
    lines = [f"## {TASK_NAMES[task]}：{report['label']}", f"版本 {version}；数据截至 {report['data_through']}。", ""]
    window = "至".join(report["window"]) if report["window"] else "暂无"
    lines.append(f"- 训练窗口：{window}；{report['row_count']:,} 行，{report['lead_count']:,} 条线索")
    if task == "landing":
        lines.append(
            f"- 口径：截至日后 {report['horizon_days']} 天内凭佐证材料{report['milestone']}；未满观察期的不算成败"
        )
        lines.append(
            f"- 标签：已落地 {report['landed_lead_count']:,} 条，观察期满未落地 {report['not_landed_lead_count']:,} 条"
        )
        lines += _share_and_level(report)
    else:
        lines.append("- 口径：达产后一年实际入库税收；承诺和估算都不作标签")
    lines += ["", *_examination(task, report.get("holdout"), names or {})]
    if report["reasons"]:
        lines += ["", "**未通过，不作为模型使用**：" + "；".join(report["reasons"])]
    if report["terms"]:
        lines += ["", "| 特征 | 平均影响 |", "|---|---|"]
        lines += [f"| {term['label']} | {term['mean_abs_contribution']:.3f} |" for term in report["terms"][:10]]
    if task == "tax" and report["kind"] == "model":
        nothing = report.get("paid_nothing_count", 0)
        lines += [
            "",
            f"实缴为 0 的项目 {nothing:,} 个{'，区间和中间值都已算上，另给会缴税的可能性' if nothing else ''}。",
        ]
        widest = "、".join(term["label"] for term in report.get("interval_terms", [])[:3])
        lines += [
            "",
            f"区间宽窄：{'随项目不同，主要看' + widest if widest else '各项目一样（看不出哪些项目更有把握）'}。",
        ]
    return "\n".join([*lines, "", f"没有使用：{NOT_USED}"])


def _share_and_level(report: Mapping[str, Any]) -> list[str]:
    """How much is learned and how sure the level is; a report from before these were told says neither."""
    lines = []
    share = report.get("model_share")
    if report["kind"] == "model" and share is not None:
        rest = "" if share == 1 else f"，规则分占 {1 - share:.0%}（标签还不够多，按比例相加）"
        lines.append(f"- 构成：模型占 {share:.0%}{rest}")
    level = report.get("level")
    if level:
        sure = "暂无" if level["low"] is None else f"{level['low']:.1%} 至 {level['high']:.1%}"
        lines.append(
            f"- 总体水平：{level['as_of_date']} 在谈的 {level['lead_count']:,} 条线索平均 "
            f"{level['mean_probability']:.1%}（95% 区间 {sure}）"
        )
        followed = level.get("followed")
        if followed:
            lines.append(
                f"- 水平按实际调整：{followed['since']} 至 {followed['day']}，未调整时应见落地 {followed['expected']:,.0f} 条次"
                f"（一条线索每月一次），实际 {followed['seen']:,.0f} 条次，故对数几率 {followed['shift']:+.2f}"
                f"（标准误 {followed['error']:.2f}）；每月调整一次，“说与成真”不符则当即调整"
            )
    if report.get("suspects"):
        lines.append(
            "- 请核对：有无内容就几乎定了成败的栏（可能是结案时才填或清空的）：" + "、".join(report["suspects"])
        )
    return lines


def _segments(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[str]:
    if not rows:
        return []
    head = [
        "",
        "| 分组 | 线索 | 其中落地 | 预计 | 实际 | 预计减实际（95% 区间） | AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    return head + [
        f"| {r['label']}：{names.get(r['value'], r['value'])} | {r['lead_count']:,} | {r['landed_lead_count']:,} | {r['expected_share']:.1%} "
        f"| {r['observed_share']:.1%} | {_shown(r['expected_minus_observed'])} | {_number(r['roc_auc'])} |"
        for r in rows
    ]


def gate_card(verdict: Verdict) -> str:
    """Give the gate's verdict as Markdown: may it replace the active version, and the two side by side."""
    head = f"**{'可以启用' if verdict.may else '不启用'}**：{verdict.sentence}"
    found = verdict.comparison
    if found is None:
        return head
    rows = [("误差：" + found["error"], *(f"{found[who]['error']:.3f}" for who in ("candidate", "active")))]
    for key, name in (("roc_auc", "排序能力 AUC"), ("calibration_error", "校准误差")):
        if key in found["candidate"]:
            rows.append((name, *(_number(found[who][key]) for who in ("candidate", "active"))))
    for key, name in (("gap", "平均预测与实际之差（95% 区间）"), ("coverage", "80% 区间实际覆盖")):
        if key in found["candidate"]:
            values = [found[who][key] for who in ("candidate", "active")]
            rows.append((name, *("暂无" if v is None else _shown(v) for v in values)))
    basis = (
        f"比较的是 {found['cohort_from']} 至 {found['cohort_to']} 满期的 {found['lead_count']:,} 条线索。"
        f"候选用同样的做法只以 {found['trained_through']} 之前的数据训练，没有见过这一批；"
        f"在用模型训练时见过其中 {found['rows_seen_by_active']:,} 行。"
    )
    lines = [head, "", "| 指标 | 候选 | 在用 |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    return "\n".join([*lines, "", basis])


def _number(value: float | None) -> str:
    return "暂无" if value is None else f"{value:.3f}"


def _examination(task: str, holdout: Mapping[str, Any] | None, names: Mapping[str, str]) -> list[str]:
    if not holdout:
        return ["样本外检验：数据不足，没有做。"]
    head = f"样本外检验：{holdout['from']} 起 {holdout['row_count']:,} 行，训练时没有见过。"
    if task == "tax":
        rows = [f"| {name} | {_shown(holdout[key])} |" for key, name in TAX_ERRORS.items() if holdout.get(key)]
        coverage = holdout.get("coverage")
        told = f"80% 区间实际覆盖 {_shown(coverage)}。" if coverage else "区间覆盖：数据不足。"
        return [head, "", "| 谁来估 | 平均误差（对数尺度，95% 区间） |", "|---|---|", *rows, "", told]
    rows = [
        f"| {name} | {_shown(holdout['model'][key])} | {_shown(holdout['baseline'][key])} | {_shown(holdout['rule'][key])} |"
        for key, name in METRIC_NAMES.items()
    ]
    table = [head, "", "| 指标（95% 区间） | 模型 | 平均落地率 | 规则分 |", "|---|---|---|---|", *rows]
    return table + _segments(holdout.get("segments", []), names)


def _shown(entry: Mapping[str, float | None]) -> str:
    value, low, high = (("暂无" if entry[k] is None else f"{entry[k]:.3f}") for k in ("value", "low", "high"))
    return f"{value}（{low} 至 {high}）"
