"""Which published board is recomputed by what, and which of its figures are not, with the reason.

Belongs here: the table and the comparison. Does not belong: how a figure is made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from recomputed import conduct, follow_up, forecast, funnel, projects, tasks, unit
from recomputed.ledgers import Ledgers


@dataclass(frozen=True)
class Board:
    """A published table: how to make it again, by what its rows are known, what is left out and why."""

    make: Callable[[Ledgers], pd.DataFrame]
    key: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    only: str | None = None
    """Rows of the published table that are compared (a pandas query), where others hang on what is not recomputed."""


ROLE: Final = "按单位名录的标注"
WORKING: Final = "按工作日，手算：tests/dbt/test_tasks_and_progress.py"
TITLES: Final = ("is_gazelle", "is_high_tech", "is_specialised", "is_unicorn")
PER_MU: Final = (
    "agreed_intensity_wan_cny_per_mu",
    "agreed_tax_wan_cny_per_mu",
    "intensity_wan_cny_per_mu",
    "tax_wan_cny_per_mu",
)

BOARDS: Final = {
    "marts/dim_units": Board(unit.register, ("unit_name",)),
    "marts/mart_funnel__moves": Board(funnel.moves, ("lead_id", "stage", "moved_date")),
    "marts/mart_unit__monthly": Board(unit.monthly, ("unit_name", "month_date")),
    "boards/brd_funnel__stages": Board(
        funnel.stages, ("slice_kind", "slice_name", "stage"), only="slice_kind != '产业链'"
    ),
    "boards/brd_funnel__cohorts": Board(
        funnel.cohorts, ("slice_kind", "slice_name", "signed_month_date", "horizon_months")
    ),
    "boards/brd_funnel__signed_not_started": Board(funnel.signed_not_started, ("lead_id",)),
    "boards/brd_funnel__stuck": Board(funnel.stuck, ("lead_id",), {"is_lead_department": ROLE}),
    "boards/brd_funnel__signing_record": Board(forecast.signing_record, ("told_date", "months_ahead")),
    "boards/brd_funnel__signing_forecast": Board(forecast.signing_forecast, ("month_date",)),
    "boards/brd_unit__indicators": Board(unit.indicators, ("unit_name", "indicator", "month_date")),
    "boards/brd_unit__ranks": Board(
        unit.ranks, ("unit_name", "indicator", "month_date"), {"is_latest_month": "只标出最近一月"}
    ),
    "boards/brd_unit__balance": Board(unit.balance, ("target_year", "indicator")),
    "boards/brd_unit__overdue": Board(unit.overdue, ("lead_id",)),
    "boards/brd_unit__standing": Board(unit.standing, ("unit_name",), {"is_lead_department": ROLE}),
    "boards/brd_unit__external_ranks": Board(unit.external_ranks, ("ranking_name", "ranking_period", "ranked_name")),
    "boards/brd_conduct__units": Board(
        conduct.units,
        ("unit_name", "quarter_date"),
        {"no_counterparty_count": "信用代码经归并，见 tests/dbt/test_funnel_conduct.py"},
    ),
    "boards/brd_conduct__single_touch": Board(conduct.single_touch, ("lead_id",)),
    "boards/brd_project__grades": Board(
        projects.grades, ("lead_id",), dict.fromkeys(TITLES, "资质文字的标记，见 tests/dbt/test_funnel_conduct.py")
    ),
    "boards/brd_project__size_ladder": Board(projects.size_ladder, ("unit_name", "event_year", "event", "size_step")),
    "boards/brd_project__quality_trend": Board(
        projects.quality_trend, ("quarter_date", "project_kind"), {"is_complete": "只标出未完季度"}
    ),
    "boards/brd_follow_up__stages": Board(
        follow_up.stages,
        ("lead_id",),
        {"stage_order": "终止排在最后，别处另标", "is_foreign": "由阶段漏斗的内外资切片复核"},
    ),
    "boards/brd_follow_up__talks": Board(follow_up.talks, ("lead_id",)),
    "boards/brd_follow_up__status": Board(follow_up.status, ("lead_id",), {"blocked_days": WORKING}),
    "boards/brd_follow_up__fulfilment": Board(
        follow_up.fulfilment,
        ("lead_id", "year_no"),
        dict.fromkeys(PER_MU, "按手算：tests/dbt/test_tasks_and_progress.py"),
    ),
    "boards/brd_assessment__supervision": Board(follow_up.supervision, ("item_id",), {"is_unit_known": ROLE}),
    "boards/brd_assessment__evidence": Board(follow_up.evidence, ("lead_id", "stage", "moved_date")),
    "boards/brd_assessment__publicity": Board(follow_up.publicity, ("release_id",)),
    "boards/brd_task__progress": Board(
        tasks.progress,
        ("unit_name", "target_year", "indicator"),
        {"not_counted_count": "逐条原因见 fct_task_facts，手算：tests/dbt/test_tasks_and_progress.py"},
    ),
}

_BY_HAND = "按手算的小例子核对："
# Boards that are shown for these capabilities and are checked elsewhere, each with where.
ELSEWHERE: Final = {
    "boards/brd_conduct__copied_texts": "与 Python 的三字片段集合比较：tests/dbt/test_funnel_conduct.py",
    "boards/brd_conduct__repeat_signings": _BY_HAND + "tests/dbt/test_funnel_conduct.py；是否计入由各看板的签约数复核",
    "boards/brd_conduct__amounts": _BY_HAND
    + "tests/dbt/test_funnel_conduct.py；注册资本取自登记库与归并，样本另有写法",
    "boards/brd_conduct__no_counterparty": _BY_HAND + "tests/dbt/test_funnel_conduct.py；没有数值列，信用代码经归并",
    "boards/brd_follow_up__procedures": _BY_HAND + "tests/dbt/test_tasks_and_progress.py（工作日、关键路径）",
    "boards/brd_follow_up__bottlenecks": _BY_HAND + "tests/dbt/test_tasks_and_progress.py",
    "boards/brd_follow_up__foreign_forecast": _BY_HAND + "tests/dbt/test_tasks_and_progress.py",
    "boards/brd_unit__completeness": _BY_HAND
    + "tests/dbt/test_completeness.py；各台账行数与 mart_row_accounting 相加核对",
    "boards/brd_follow_up__foreign_record": _BY_HAND + "tests/dbt/test_forecast.py",
    "boards/brd_follow_up__events": _BY_HAND + "tests/dbt/test_tasks_and_progress.py",
    "scores/scr_project__tax": _BY_HAND + "tests/dbt/test_funnel_conduct.py；估算取自模型",
    "scores/scr_project__tax_realised": _BY_HAND + "tests/dbt/test_funnel_conduct.py",
    "scores/scr_project__foreign_units": _BY_HAND + "tests/dbt/test_funnel_conduct.py；概率取自模型",
    "scores/scr_project__foreign": _BY_HAND + "tests/dbt/test_funnel_conduct.py；概率取自模型",
    "boards/brd_task__decomposition": _BY_HAND + "tests/dbt/test_tasks_and_progress.py",
    "boards/brd_task__unit_rule": _BY_HAND + "tests/dbt/test_tasks_and_progress.py",
    "marts/fct_task_facts": "各项合计由 brd_task__progress 复核",
    "marts/fct_target_history": "各月任务数由 brd_unit__ranks 复核",
    "scoring/assessment_scores": _BY_HAND + "tests/unit/models/test_assessment.py",
    "scoring/assessment_items": _BY_HAND + "tests/unit/models/test_assessment.py",
    "scoring/assessment_traces": _BY_HAND + "tests/unit/models/test_assessment.py",
    "scoring/assessment_refused": _BY_HAND + "tests/unit/models/test_assessment.py",
}


def differences(ledgers: Ledgers, name: str, published: pd.DataFrame) -> list[str]:
    """Say where the board and the recomputation differ, and which figures nobody recomputed; [] if nothing."""
    board = BOARDS[name]
    key = list(board.key)
    if name.startswith("marts/"):  # marts hold whatever was received, boards what was known before the day
        ledgers = Ledgers(ledgers.folder, ledgers.as_of_day + dt.timedelta(days=1))
    if board.only:
        published = published.query(board.only)
    if "known_date" in published:
        published = published[pd.to_datetime(published["known_date"]) < ledgers.as_of]
    made, told = _plain(board.make(ledgers)), _plain(published)
    figures = {c for c in published if pd.api.types.is_numeric_dtype(published[c])} - set(key)
    found = [f"{c}：没有重算" for c in sorted(figures - set(made.columns) - set(board.left_out))]
    both = told.merge(made, on=key, how="outer", suffixes=("", "｜again"), indicator="side")
    for side, text in [("left_only", "看板多出"), ("right_only", "看板缺少")]:
        rows = both[both["side"] == side]
        if len(rows):
            found.append(f"{text} {len(rows)} 行：{rows[key].head(4).to_dict('records')}")
    both = both[both["side"] == "both"]
    for column in [c for c in made.columns if c in told.columns and c not in key and c not in board.left_out]:
        ours, theirs = both[column], both[f"{column}｜again"]
        if pd.api.types.is_numeric_dtype(published[column]) and not pd.api.types.is_bool_dtype(published[column]):
            a, b = pd.to_numeric(ours).astype(float), pd.to_numeric(theirs).astype(float)
            # One in the last printed place: sums in another order round apart.
            same = ((a - b).abs() <= 0.0101 + 1e-7 * b.abs()) | (a.isna() & b.isna())
        else:
            same = (ours.astype(str) == theirs.astype(str)) | (ours.isna() & theirs.isna())
        if not same.all():
            rows = both[~same]
            shown = rows[[*key, column, f"{column}｜again"]].head(4).values.tolist()
            found.append(f"{column}：{len(rows)} 行不同：{shown}")
    return found


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Dates as text, so that whatever holds them compares."""
    table = table.copy()
    for column in table:
        if column.endswith("date"):
            table[column] = pd.to_datetime(table[column]).dt.strftime("%Y-%m-%d")
    return table
