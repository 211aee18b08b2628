"""Which published board is recomputed by what, and which of its figures are not, with the reason.

Belongs here: the table and the comparison. Does not belong: how a figure is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import pandas as pd

from recomputed import (
    completeness,
    conduct,
    follow_up,
    forecast,
    funnel,
    permits,
    projects,
    scoring,
    task_lists,
    tasks,
    unit,
)
from recomputed.ledgers import Ledgers


@dataclass(frozen=True)
class Board:
    """A published table: how to make it again, by what its rows are known, what is left out and why."""

    make: Callable[[Ledgers], pd.DataFrame]
    key: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    only: str | None = None
    """Rows of the published table that are compared (a pandas query), where others hang on what is not recomputed."""
    may_lack: tuple[str, str] | None = None
    """Rows of the recomputation (a pandas query) that the published table may leave out, and why."""


PROBABILITY: Final = "概率取自模型：tests/dbt/test_funnel_conduct.py"
BOARDS: Final = {
    "marts/dim_units": Board(unit.register, ("unit_name",)),
    "boards/brd_unit__ledgers": Board(
        unit.uses,
        ("ledger",),
        {
            "received_count": "读入、接收、拒收逐文件对账：tests/dbt/test_lineage.py",
            "ledger_name": "同上",
        },
    ),
    "marts/fct_stage_transitions": Board(funnel.moves, ("lead_id", "stage", "moved_date")),
    # The chain of a lead comes from matching it with the nodes of the chains: tests/unit/models_chain/test_chains.py.
    "boards/brd_funnel__stages": Board(
        funnel.stages, ("slice_kind", "slice_name", "stage"), only="slice_kind != '产业链'"
    ),
    "boards/brd_funnel__cohorts": Board(
        funnel.cohorts, ("slice_kind", "slice_name", "signed_month_date", "horizon_months")
    ),
    "boards/brd_funnel__signed_not_started": Board(funnel.signed_not_started, ("lead_id",)),
    "boards/brd_funnel__stuck": Board(funnel.stuck, ("lead_id",)),
    "boards/brd_funnel__signing_record": Board(forecast.signing_record, ("told_date", "months_ahead")),
    "boards/brd_funnel__signing_forecast": Board(forecast.signing_forecast, ("month_date",)),
    "boards/brd_unit__indicators": Board(unit.indicators, ("unit_name", "indicator", "month_date")),
    "boards/brd_unit__running": Board(unit.running, ("slice_kind", "slice_name", "indicator", "month_date")),
    "boards/brd_funnel__quarter_cohorts": Board(
        funnel.quarter_cohorts, ("slice_kind", "slice_name", "signed_quarter_date", "horizon_months")
    ),
    "boards/brd_task__quarters": Board(task_lists.quarters, ("quarter_date", "indicator")),
    "boards/brd_task__chains": Board(
        task_lists.history,
        ("target_year", "indicator"),
        dict.fromkeys(
            ("done_value", "counted_count", "indicator_order"),
            "线索归哪条链不重算；各链之和等于任务完成数：tests/integration/test_one_figure.py",
        ),
        only="target_year < 0",
        may_lack=("target_year > 0", "同上"),
    ),
    "boards/brd_follow_up__lights": Board(
        follow_up.lights,
        ("slice_kind", "slice_name"),
        dict.fromkeys(
            ("red_count", "yellow_count", "green_count"), "与逐项目的灯相加核对：tests/integration/test_one_figure.py"
        ),
    ),
    "boards/brd_lead__reached": Board(follow_up.reached, ("lead_id", "stage")),
    "boards/brd_unit__ranks": Board(unit.ranks, ("unit_name", "indicator", "month_date")),
    "boards/brd_unit__balance": Board(unit.balance, ("target_year", "indicator")),
    "boards/brd_unit__overdue": Board(unit.overdue, ("lead_id",)),
    "boards/brd_unit__standing": Board(unit.standing, ("unit_name",)),
    "boards/brd_unit__completeness": Board(completeness.completeness, ("unit_name", "ledger")),
    "boards/brd_unit__external_ranks": Board(unit.external_ranks, ("ranking_name", "ranking_period", "ranked_name")),
    "boards/brd_conduct__units": Board(conduct.units, ("unit_name", "quarter_date")),
    "boards/brd_conduct__single_touch": Board(conduct.single_touch, ("lead_id",)),
    "boards/brd_project__grades": Board(projects.grades, ("lead_id",)),
    "boards/brd_project__size_ladder": Board(projects.size_ladder, ("unit_name", "event_year", "event", "size_step")),
    "boards/brd_project__quality_trend": Board(projects.quality_trend, ("quarter_date", "project_kind")),
    "boards/brd_follow_up__stages": Board(
        follow_up.stages,
        ("lead_id",),
    ),
    "boards/brd_follow_up__talks": Board(follow_up.talks, ("lead_id",)),
    "boards/brd_follow_up__status": Board(follow_up.status, ("lead_id",)),
    "boards/brd_follow_up__fulfilment": Board(
        follow_up.fulfilment,
        ("lead_id", "year_no"),
    ),
    "boards/brd_assessment__supervision": Board(follow_up.supervision, ("item_id",)),
    "boards/brd_assessment__evidence": Board(follow_up.evidence, ("lead_id", "stage", "moved_date")),
    "boards/brd_assessment__publicity": Board(follow_up.publicity, ("release_id",)),
    "boards/brd_task__progress": Board(
        tasks.progress,
        ("unit_name", "target_year", "indicator"),
    ),
    "boards/brd_task__district": Board(task_lists.district, ("target_year", "indicator")),
    "boards/brd_task__decomposition": Board(
        task_lists.decomposition, ("level", "target_year", "upper_name", "indicator")
    ),
    "boards/brd_task__unit_rule": Board(task_lists.unit_rule, ("unit_name", "rule_code")),
    "marts/fct_target_history": Board(task_lists.history, ("target_year", "unit_name", "indicator", "valid_from_date")),
    "marts/fct_task_facts": Board(task_lists.facts, ("indicator", "fact_key", "fact_date", "known_date")),
    "boards/brd_follow_up__procedures": Board(permits.procedures, ("lead_id", "procedure_step")),
    "boards/brd_follow_up__bottlenecks": Board(permits.bottlenecks, ("department", "procedure_step")),
    "boards/brd_follow_up__events": Board(follow_up.events, ("event_id", "lead_id")),
    "boards/brd_follow_up__foreign_forecast": Board(follow_up.foreign_forecast, ("target_year",)),
    "boards/brd_follow_up__foreign_record": Board(follow_up.foreign_record, ("told_date",)),
    "boards/brd_conduct__no_counterparty": Board(
        conduct.no_counterparty, ("lead_id", "follow_up_date", "method", "content")
    ),
    "boards/brd_conduct__repeat_signings": Board(conduct.repeat_signings, ("lead_id", "signed_date")),
    "boards/brd_conduct__amounts": Board(conduct.amounts, ("lead_id", "comparison")),
    "boards/brd_conduct__copied_texts": Board(
        conduct.copied_texts,
        ("lead_id", "follow_up_date", "content"),
        may_lack=("similarity < 1", "拥挤处只比相邻几条，见 docs/decisions/0031；全同的一条不漏"),
    ),
    # The model's estimate is not recomputed here: tests/unit/models/test_tax.py.
    "scores/scr_project__tax": Board(
        projects.tax,
        ("lead_id", "tax_basis", "year_no", "year_text"),
        dict.fromkeys(
            ("tax_low_wan_cny", "tax_high_wan_cny", "tax_low_wan_cny_per_mu", "tax_high_wan_cny_per_mu"),
            "只有模型估算有区间",
        )
        | {"tax_pays_probability": "只有模型估算有概率"},
        only="tax_basis not in ('模型估算', '规则估算')",
    ),
    "scores/scr_project__tax_realised": Board(projects.tax_realised, ("slice_kind", "slice_key")),
    "scores/scr_project__foreign": Board(
        projects.foreign, ("lead_id",), dict.fromkeys(("landing_probability", "weighted_wan_usd"), PROBABILITY)
    ),
    "scores/scr_project__foreign_units": Board(
        projects.foreign_units,
        ("slice_name", "target_year"),
        {"weighted_wan_usd": PROBABILITY, "is_short": PROBABILITY},
    ),
    "scoring/assessment_scores": Board(scoring.scores, ("scheme_name", "unit_name")),
    "scoring/assessment_items": Board(scoring.items, ("scheme_name", "unit_name", "rule_code")),
    "scoring/assessment_traces": Board(
        scoring.traces, ("scheme_name", "unit_name", "rule_code", "fact_key", "fact_date")
    ),
    "scoring/assessment_refused": Board(
        scoring.refused,
        ("scheme_name", "rule_code"),
        {"source_row": "样本没有拒用的规则：tests/unit/models/test_assessment.py"},
    ),
}


def differences(ledgers: Ledgers, name: str, published: pd.DataFrame) -> list[str]:
    """Say where the board and the recomputation differ, and which figures nobody recomputed; [] if nothing."""
    board = BOARDS[name]
    key = list(board.key)
    if board.only:
        published = published.query(board.only)
    if "known_date" in published:
        published = published[pd.to_datetime(published["known_date"]) <= ledgers.as_of]
    made, told = _plain(board.make(ledgers)), _plain(published)
    figures = {c for c in told if pd.api.types.is_numeric_dtype(told[c])} - set(key)
    found = [f"{c}：没有重算" for c in sorted(figures - set(made.columns) - set(board.left_out))]
    both = told.merge(made, on=key, how="outer", suffixes=("", "｜again"), indicator="side")
    for side, text in [("left_only", "看板多出"), ("right_only", "看板缺少")]:
        rows = both[both["side"] == side]
        if side == "right_only" and board.may_lack:
            lacking = made.merge(rows[key], on=key)
            rows = lacking.drop(lacking.query(board.may_lack[0]).index)
        if len(rows):
            found.append(f"{text} {len(rows)} 行：{rows[key].head(4).to_dict('records')}")
    both = both[both["side"] == "both"]
    for column in [c for c in made.columns if c in told.columns and c not in key and c not in board.left_out]:
        ours, theirs = both[column], both[f"{column}｜again"]
        if column in figures and not pd.api.types.is_bool_dtype(told[column]):
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
    """Dates as text and decimals as numbers, so that whatever holds them compares."""
    table = table.copy()
    for column in table:
        if any(isinstance(value, Decimal) for value in table[column]):
            table[column] = table[column].astype(float)
        if column.endswith("date"):
            table[column] = pd.to_datetime(table[column]).dt.strftime("%Y-%m-%d")
    return table
