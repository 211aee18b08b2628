"""What came in since the list before (晨报): rows, stages and amounts by unit, who left the list, what moved the ranks.

Belongs here: the table of the morning page and its words. Does not belong here: comparing ledgers (intake.arrivals), the split
of a rank's change (rank_changes.py), the page (desk).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

MORNING_COLUMNS: Final = ["section", "item", "unit_name", "row_count", "amount_wan_cny", "amount_title", "note"]
DISTRICT: Final = "全区"
CONCLUSION, RECEIVED, STAGES, IN_AND_OUT, CAUSES, MODELS = (
    "结论", "收到资料", "阶段变动", "名单进出", "变动原因", "模型与规则",
)  # fmt: skip
ADDED: Final = "新增"
# What counts as the amount of a new row, by ledger; of a move it is the planned investment of its lead.
AMOUNTS: Final = {
    "leads": ("investment_wan_cny", "计划总投资"),
    "investment_progress": ("month_paid_in_wan_cny", "本月到资"),
    "tax_paid": ("paid_tax_wan_cny", "实缴税收"),
}
PLANNED: Final = "计划总投资"
LEFT_CAUSE, CAME_CAUSES, SAME = "退出名单", ("新上名单", "重新参加排序"), "未变"
PARTS: Final = {"landing": "落地模型", "tax": "税收模型"}


@dataclass(frozen=True)
class Between:
    """What lies between two lists: their days, the rows that came by ledger (with ``arrival``), leads, models, rules."""

    since: dt.date
    until: dt.date
    titles: Mapping[str, str]
    came: Mapping[str, pd.DataFrame]
    leads: pd.DataFrame
    models_before: Sequence[Mapping[str, Any]]
    models_now: Sequence[Mapping[str, Any]]
    weights_before: str
    weights_now: str
    is_other_program: bool
    office_files: Sequence[str]


def morning_news(between: Between, changes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the morning page in their order: :data:`MORNING_COLUMNS`."""
    rows = [
        _row(CONCLUSION, "比上一份名单", note=_conclusion(between, changes)),
        *_received(between),
        *_stages(between),
        *_in_and_out(changes),
        *(_row(CAUSES, str(cause), count=int(n)) for cause, n in changes["cause"].value_counts().items()),
        *_models(between),
    ]
    return pd.DataFrame(rows, columns=MORNING_COLUMNS)


def _row(
    section: str,
    item: str,
    unit: str = DISTRICT,
    count: int | None = None,
    amount: float | None = None,
    title: str | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    return dict(zip(MORNING_COLUMNS, (section, item, unit, count, amount, title, note), strict=True))


def _conclusion(between: Between, changes: pd.DataFrame) -> str:
    days = f"上一份名单截至{between.since}，这一份截至{between.until}。"
    counted = changes["cause"].value_counts().to_dict()
    moved = {str(cause): int(n) for cause, n in counted.items() if cause != SAME}
    rows = "没有收到新资料" if not between.came else f"收到{sum(len(f) for f in between.came.values())}行资料"
    if not moved:
        return f"{days}{rows}，分数和名次都没有变化。"
    if len(moved) == 1:
        (cause, count), *_ = moved.items()
        return f"{days}{rows}，{count}条线索的变化全部由“{cause}”引起。"
    told = "、".join(
        f"{cause}{count}条" for cause, count in sorted(moved.items(), key=lambda found: (-found[1], found[0]))
    )
    return f"{days}{rows}。按主要原因：{told}。"


def _of_units(between: Between, frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the unit that they belong to: that of their lead, else the one that is written."""
    written = frame["unit_name"] if "unit_name" in frame else pd.Series(None, index=frame.index, dtype=object)
    if "lead_id" in frame:
        units = between.leads.set_index("lead_id")["unit_name"]
        written = frame["lead_id"].map(units).fillna(written)
    return frame.assign(unit=written.fillna("未写明"))


def _received(between: Between) -> list[dict[str, Any]]:
    found = []
    for name, frame in between.came.items():
        column, title = AMOUNTS.get(name, (None, None))
        for (kind, unit), rows in _of_units(between, frame).groupby(["arrival", "unit"], sort=True):
            amount = float(rows[column].sum()) if column and kind == ADDED and rows[column].notna().any() else None
            shown = title if amount is not None else None
            found.append(_row(RECEIVED, f"{between.titles[name]}{kind}", str(unit), len(rows), amount, shown))
    return found


def _stages(between: Between) -> list[dict[str, Any]]:
    if "stage_moves" not in between.came:
        return []
    moves = between.came["stage_moves"]
    moves = _of_units(between, moves[moves["arrival"] == ADDED])
    planned = between.leads.set_index("lead_id")["investment_wan_cny"].astype(float)
    moves = moves.assign(planned=moves["lead_id"].map(planned))
    found = []
    for (stage, unit), rows in moves.groupby(["stage", "unit"], sort=True):
        known = rows.drop_duplicates("lead_id")["planned"].dropna()
        amount = float(known.sum()) if len(known) else None
        found.append(_row(STAGES, str(stage), str(unit), len(rows), amount, PLANNED if len(known) else None))
    return found


def _in_and_out(changes: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for cause in (LEFT_CAUSE, *CAME_CAUSES):
        own = changes[changes["cause"] == cause]
        for (unit, why), rows in own.assign(why=own["why_text"].map(_short)).groupby(["unit_name", "why"], sort=True):
            found.append(_row(IN_AND_OUT, cause, str(unit), len(rows), note=str(why)))
    return found


def _short(why: str) -> str:
    """Return the reason without the place, so that leads that left for one reason are one row."""
    return why.split("，此前第")[0].split("，第")[0].removeprefix("退出名单：").split("（阶段")[0]


def _models(between: Between) -> list[dict[str, Any]]:
    old, new = ({row["part"]: row for row in models} for models in (between.models_before, between.models_now))
    found = []
    for part, title in PARTS.items():
        then, now = (models.get(part, {}).get("version") for models in (old, new))
        found.append(_row(MODELS, title, note=f"没有重新训练（{now}）" if then == now else f"重新训练：{then}→{now}"))
    levels = [models.get("landing", {}).get("level_shift") for models in (old, new)]
    then, now = ("暂无" if x is None or pd.isna(x) else f"{x:+.4f}" for x in levels)
    found.append(_row(MODELS, "总体水平", note=f"没有调整（{now}）" if then == now else f"{then}→{now}"))
    same = between.weights_before == between.weights_now
    found.append(
        _row(MODELS, "权重", note="没有改动" if same else f"改过：{between.weights_before}→{between.weights_now}")
    )
    others = "、".join(name for name in between.office_files if name != "weights.yaml")
    found.append(_row(MODELS, "其他设置", note=f"改过：{others}" if others else "没有改动"))
    found.append(_row(MODELS, "程序", note="更新过" if between.is_other_program else "没有更新"))
    return found
