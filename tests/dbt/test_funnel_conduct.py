"""Boards of funnel, conduct, units, quality and foreign money on a district small enough to work out by hand (合成数据).

Every expected figure is worked out in a comment or in pandas from the rows below, never read from the SQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from invented_district import (
    District,
    Row,
    day,
    exported,
    model_tables,
    run_dbt,
    told_on,
    write_landing,
    write_learning,
)

from office import DEFAULTS

pytestmark = pytest.mark.dbt
AS_OF = day("2026-06-30")
Boards = Callable[[str], pd.DataFrame]


@dataclass(frozen=True)
class FullDistrict(District):
    """A district with the later ledgers too."""

    project_commitments: list[Row] = field(default_factory=list)
    investment_progress: list[Row] = field(default_factory=list)
    exchange_rates: list[Row] = field(default_factory=list)
    district_targets: list[Row] = field(default_factory=list)
    external_ranks: list[Row] = field(default_factory=list)
    tax_paid: list[Row] = field(default_factory=list)
    trips_events: list[Row] = field(default_factory=list)


def lead(lead_id: str, unit: str, reported: str, amount: float | None = None, **more: Any) -> Row:
    row = {"lead_id": lead_id, "project_name": f"{lead_id}号项目", "enterprise_name": f"{lead_id}有限公司"}
    row |= {"unit_name": unit, "reported_date": day(reported), "reported_date_precision": "day"}
    return {**row, "investment_wan_cny": amount, **more}


def move(lead_id: str, stage: str, at: str, evidence: str | None = None, recorded: str | None = None) -> Row:
    return {
        "lead_id": lead_id, "stage": stage, "moved_date": day(at), "moved_date_precision": "day",
        "evidence_kind": evidence, "recorded_date": day(recorded) if recorded else None,
    }  # fmt: skip


def visit(lead_id: str, at: str, content: str | None = None, method: str = "电话", **more: Any) -> Row:
    row = {"lead_id": lead_id, "follow_up_date": day(at), "follow_up_date_precision": "day", "method": method}
    return {**row, "content": content, **more}


SIGNED, STARTED, RUNNING = "签约协议", "施工许可证", "投产证明"
COPIED = "与企业负责人见面座谈，介绍本区产业基础和要素保障，企业表示有投资意向，约定下月再次洽谈选址"


def district() -> FullDistrict:
    """Fifteen leads, each for a rule."""
    units = [
        {"unit_name": "甲镇", "unit_type": "镇"},
        {"unit_name": "乙镇", "unit_type": "镇"},
        # Renamed in March 2026: rows before are written with the old name.
        {"unit_name": "新丁镇", "unit_type": "镇", "former_names": "旧丁镇", "valid_from_date": day("2026-03-01")},
        {"unit_name": "东街道", "unit_type": "街道"},
        {"unit_name": "西街道", "unit_type": "街道"},
        {"unit_name": "工信局", "unit_type": "部门", "is_lead_department": True},
    ]
    leads = [
        lead("A01", "甲镇", "2025-01-10", 20000.0, project_name="膜项目", registered_capital_wan_cny=500.0,
             filed_investment_wan_cny=10000.0, land_mu=100.0, promised_tax_wan_cny=1000.0, titles="高新、专精特新",
             titles_source="省厅公告", titles_date=day("2024-05-01"), patent_count=12.0, research_wan_cny=50.0,
             fixed_investment_wan_cny=14000.0, is_research_centre=True),
        lead("A02", "甲镇", "2025-01-05", 6000.0),
        lead("A03", "乙镇", "2026-02-01", 3000.0),
        lead("A04", "东街道", "2025-03-01", 150000.0),  # moved from 甲镇 on 2025-06-01
        lead("A05", "旧丁镇", "2026-01-15", 1000.0),
        lead("A06", "东街道", "2025-06-01", 9000.0),
        lead("A07", "乙镇", "2024-02-29", 50000.0),
        lead("A08", "东街道", "2026-05-01", 8000.0, project_name="膜项目（二期）"),
        lead("A09", "甲镇", "2026-03-01", uscc="91110108000000009Z"),
        lead("A10", "甲镇", "2026-05-20"),
        lead("A11", "东街道", "2026-03-01"),
        lead("A12", "甲镇", "2026-06-01"),
        lead("A13", "工信局", "2026-01-01"),
        lead("A14", "东街道", "2025-10-01", 72000.0, is_foreign=True, investor_country="新加坡"),
        lead("A15", "新丁镇", "2023-01-10", 30000.0, investor_kind="民企"),
        lead("A16", "西街道", "2026-07-01"),  # reported on the day after: not known yet
    ]  # fmt: skip
    moves = [
        move("A01", "签约", "2025-01-31", SIGNED), move("A01", "开工", "2025-04-30", STARTED),
        move("A02", "签约", "2025-01-15", SIGNED), move("A02", "开工", "2025-09-01", STARTED),
        move("A03", "签约", "2026-03-20", SIGNED),
        move("A04", "签约", "2025-05-10", SIGNED), move("A04", "开工", "2025-12-01", STARTED),
        # Straight to 备案, past three stages, and back to 在谈.
        move("A05", "备案", "2026-02-10", "备案证"), move("A05", "在谈", "2026-03-01"),
        # Dated before the lead; and a signing without its evidence.
        move("A06", "在谈", "2025-05-20"), move("A06", "签约", "2025-07-01"),
        move("A07", "签约", "2024-02-29", SIGNED), move("A07", "开工", "2025-02-28", STARTED),
        move("A08", "签约", "2026-05-20", SIGNED),
        # Happened in time, written down on the day after: not known yet.
        move("A13", "在谈", "2026-06-01", recorded="2026-07-01"),
        move("A14", "在谈", "2025-10-05"),
        move("A15", "开工", "2023-02-01", STARTED), move("A15", "投产", "2023-05-01", RUNNING),
    ]  # fmt: skip
    follow_ups = [
        visit("A09", "2026-03-05", COPIED, "见商", led_by="一把手", counterparty_name="A09有限公司", next_step="再谈",
              recorded_date=day("2026-03-30")),
        visit("A10", "2026-05-25", "短文"),
        # The same text in another unit, but for digits and punctuation.
        visit("A11", "2026-03-10", COPIED.replace("，", "、") + "2026", "出差", led_by="分管领导",
              counterparty_name="某公司", counterparty_uscc="91110108000000001A", next_step="考察",
              recorded_date=day("2026-03-31")),
        visit("A11", "2026-06-20", "企业来电询问厂房层高承重和配套蒸汽，已转园区答复", recorded_date=day("2026-06-20")),
        # Nearly the same: two characters of the words differ.
        visit("A12", "2026-06-05", COPIED.replace("座谈", "会谈"), "考察", recorded_date=day("2026-06-06")),
        visit("A14", "2026-06-25", "讨论外方股权比例与分期到资安排，外方将提交董事会审议", "见商"),
    ]  # fmt: skip
    usd = {"fdi_currency": "USD", "fdi_rate": 7.2}
    commitments = [
        {"lead_id": "A03", "agreed_contract_no": "Y1", "agreed_date": day("2026-03-20"),
         "start_due_date": day("2026-05-01")},
        # A later contract moves the start.
        {"lead_id": "A03", "agreed_contract_no": "Y2", "agreed_date": day("2026-04-20"),
         "start_due_date": day("2026-06-01")},
        {"lead_id": "A14", "agreed_contract_no": "Y3", "agreed_date": day("2026-01-20"), "fdi_wan_cny": 7200.0, **usd},
        {"lead_id": "A15", "agreed_contract_no": "Y4", "agreed_date": day("2023-01-20"),
         "agreed_tax_year1_wan_cny": 100.0, "agreed_tax_year2_wan_cny": 200.0, "agreed_tax_year3_wan_cny": 300.0},
    ]  # fmt: skip
    progress = [
        {"lead_id": "A14", "period_date": day("2026-02-28"), "month_paid_in_wan_cny": 720.0,
         "paid_in_fdi_wan_cny": 720.0, "paid_in_fdi_currency": "USD", "paid_in_fdi_rate": 7.2},
        {"lead_id": "A14", "period_date": day("2026-03-31"), "month_paid_in_wan_cny": 1440.0,
         "paid_in_fdi_wan_cny": 1440.0, "paid_in_fdi_currency": "CNY", "paid_in_fdi_rate": 1.0},
        {"lead_id": "A14", "period_date": day("2026-04-30"), "month_paid_in_wan_cny": 500.0,
         "paid_in_fdi_wan_cny": 500.0, "paid_in_fdi_currency": "CNY", "paid_in_fdi_rate": 1.0},
        {"lead_id": "A14", "period_date": day("2026-05-31"), "month_paid_in_wan_cny": 720.0,
         "paid_in_fdi_wan_cny": 720.0, "paid_in_fdi_currency": "CNY", "paid_in_fdi_rate": 1.0},
        # July is not over on the day: not known yet.
        {"lead_id": "A14", "period_date": day("2026-07-15"), "month_paid_in_wan_cny": 7200.0,
         "paid_in_fdi_wan_cny": 7200.0, "paid_in_fdi_currency": "CNY", "paid_in_fdi_rate": 1.0},
        # Two reports of one month: the later stands.
        {"lead_id": "A02", "period_date": day("2026-01-10"), "month_paid_in_wan_cny": 90.0,
         "evidence_kind": "银行凭证"},
        {"lead_id": "A02", "period_date": day("2026-01-31"), "month_paid_in_wan_cny": 100.0,
         "month_fixed_investment_wan_cny": 40.0, "evidence_kind": "银行凭证"},
        {"lead_id": "A07", "period_date": day("2026-02-28"), "month_paid_in_wan_cny": 10.0,
         "month_fixed_investment_wan_cny": 5000.0, "total_paid_in_wan_cny": 6000.0},
    ]  # fmt: skip
    rates = [
        {"currency": "USD", "rate_month_date": day("2026-03-01"), "cny_per_unit": 7.0, "rate_source": "国家外汇管理局"},
        {"currency": "USD", "rate_month_date": day("2026-03-15"), "cny_per_unit": 7.2,
         "rate_source": "中国外汇交易中心"},
        {"currency": "USD", "rate_month_date": day("2026-05-15"), "cny_per_unit": 7.2, "rate_source": "中国外汇交易中心"},
    ]  # fmt: skip
    targets = [
        {"target_year": 2025, "unit_name": "甲镇", "indicator": "新签约项目数", "target_value": 4.0, "measure": "个"},
        {"target_year": 2025, "unit_name": "东街道", "indicator": "新签约项目数", "target_value": 2.0, "measure": "个"},
        # Written with the old name.
        {"target_year": 2026, "unit_name": "旧丁镇", "indicator": "新增线索数", "target_value": 2.0, "measure": "个"},
    ]
    return FullDistrict(
        units, leads, follow_ups, moves, targets,
        register=[{"enterprise_name": "无关有限公司", "uscc": "91110108000000009Z"}],
        lead_transfers=[{"lead_id": "A04", "from_unit_name": "甲镇", "to_unit_name": "东街道",
                         "transferred_date": day("2025-06-01"), "transferred_date_precision": "day"}],
        project_commitments=commitments,
        investment_progress=progress,
        exchange_rates=rates,
        district_targets=[{"target_year": 2026, "issued_by": "市政府", "indicator": "实际使用外资",
                           "target_value": 900.0, "measure": "万美元", "issued_date": day("2026-01-15")}],
        external_ranks=[
            {"ranking_name": "全市通报", "ranking_period": p, "ranked_name": "本区", "position": n, "ranked_count": 9.0,
             "level": "市", "published_date": day(at)}
            for p, n, at in [("2025年", 5.0, "2026-01-20"), ("2026年一季度", 3.0, "2026-04-20"),
                             ("2026年上半年", 1.0, "2026-07-20")]
        ],
        tax_paid=[
            {"uscc": "91110108000000009Z", "enterprise_name": "甲", "lead_id": "A15", "tax_year": y,
             "paid_tax_wan_cny": paid, "confirmed_date": day(f"{y + 1}-02-01")}
            for y, paid in [(2023, 10.0), (2024, 80.0), (2025, 150.0)]
        ],
        trips_events=[{"event_id": "T1", "event_name": "赴长三角", "event_kind": "外出招商", "unit_name": "甲镇",
                       "start_date": day("2026-06-10")}],
    )  # fmt: skip


@pytest.fixture(scope="module")
def boards_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after one run over the district."""
    home = tmp_path_factory.mktemp("boards_home")
    write_landing(district(), home)
    # One enterprise behind A01 and A08; every other lead stands alone.
    path: Path = home / "landing" / "lead_identities.parquet"
    table = pq.read_table(path)
    ids = table["record_id"].to_pylist()
    firms = pa.array(["E01" if i in ("A01", "A08") else f"E{i}" for i in ids])
    pq.write_table(table.set_column(table.column_names.index("enterprise_id"), "enterprise_id", firms), path)
    # Four visits are too few to say what is usual: here the figures are looked at, the share that is listed in a test of its own.
    limits: Path = home / "landing" / "office" / "board_limits.parquet"
    few = {"flagged_min_rows": 1.0, "flagged_share_pct": 100.0, "copied_formula_pct": 100.0}
    table = pq.read_table(limits)
    values = [
        few.get(code, value)
        for code, value in zip(table["rule_code"].to_pylist(), table["limit_value"].to_pylist(), strict=True)
    ]
    pq.write_table(table.set_column(table.column_names.index("limit_value"), "limit_value", pa.array(values)), limits)
    write_learning(home, model_tables())
    # Grain tests of every board run in the shared home of this folder; here only the figures are looked at.
    chosen = (
        "--select",
        "+path:models/boards",
        "+path:models/scores/project",
        "+fct_stage_transitions",
    )
    run = run_dbt(home, "build", *chosen, "--exclude-resource-type", "test", as_of=AS_OF)
    assert run.returncode == 0, run.stdout[-4000:]
    return home


@pytest.fixture(scope="module")
def boards(boards_home: Path) -> Boards:
    """Its boards by name."""

    def read(name: str) -> pd.DataFrame:
        return exported(boards_home, {"fct": "marts", "brd": "boards", "scr": "scores"}[name[:3]], name)

    return read


def only(frame: pd.DataFrame, **key: Any) -> pd.Series[Any]:
    """The one row with this key; dates as text."""
    for name, value in key.items():
        column = pd.to_datetime(frame[name]).dt.date.astype(str) if name.endswith("_date") else frame[name]
        frame = frame[column == value]
    assert len(frame) == 1, (key, len(frame))
    return frame.iloc[0]


def as_date(value: Any) -> dt.date:
    return pd.Timestamp(value).date()


# --- units ------------------------------------------------------------------------------------------------------------


def value(boards: Boards, unit: str, indicator: str, month: str, column: str = "indicator_value") -> Any:
    found = only(boards("brd_unit__indicators"), unit_name=unit, indicator=indicator, month_date=f"{month}-01")
    return found[column]


def test_every_unit_stands_in_every_month_with_what_was_known(boards: Boards) -> None:
    frame = boards("brd_unit__indicators")
    # January 2023 (A15) to June 2026 is 42 months; 6 units; 14 indicators.
    assert len(frame) == 42 * 6 * 14
    # A16 was reported on the day itself, and A13's move written down on it: neither is known yet.
    assert frame.loc[frame["unit_name"] == "西街道", "indicator_value"].sum() == 0
    assert value(boards, "工信局", "进展更新次数", "2026-06") == 0
    assert value(boards, "甲镇", "跟进次数", "2026-05") == 1
    assert value(boards, "甲镇", "走访次数", "2026-05") == 0
    assert value(boards, "甲镇", "走访次数", "2026-03") == 1
    assert value(boards, "甲镇", "填报次数", "2026-03") == 1
    assert value(boards, "甲镇", "外出招商次数", "2026-06") == 1


def test_a_leap_day_belongs_to_february(boards: Boards) -> None:
    assert value(boards, "乙镇", "签约金额", "2024-02") == 50000
    assert value(boards, "乙镇", "新签约项目数", "2024-02") == 1
    assert value(boards, "乙镇", "新签约项目数", "2024-03") == 0


def test_a_unit_renamed_keeps_what_stands_under_its_old_name(boards: Boards) -> None:
    assert value(boards, "新丁镇", "新增线索数", "2026-01") == 1
    half = only(boards("brd_unit__ranks"), unit_name="新丁镇", indicator="新增线索数", month_date="2026-06-01")
    assert (half["year_value"], half["target_value"], half["completion_pct"]) == (1, 2, 50)
    assert "旧丁镇" not in set(boards("brd_unit__standing")["unit_name"])


def test_a_moved_project_counts_where_it_was_on_the_day(boards: Boards) -> None:
    # Signed in May under 甲镇, moved on 1 June, started in December under 东街道.
    assert value(boards, "甲镇", "新签约项目数", "2025-05") == 1
    assert value(boards, "东街道", "新签约项目数", "2025-05") == 0
    assert value(boards, "甲镇", "新增线索数", "2025-03") == 1
    assert value(boards, "东街道", "新开工项目数", "2025-12") == 1
    assert value(boards, "甲镇", "新开工项目数", "2025-12") == 0


def test_the_later_report_of_a_month_stands_and_foreign_money_is_apart(boards: Boards) -> None:
    assert value(boards, "甲镇", "到位资金", "2026-01") == 100
    assert value(boards, "甲镇", "固定资产投资", "2026-01") == 40
    # Nothing shows that A14's money came in: it counts for the task no more than here.
    assert value(boards, "东街道", "到位资金", "2026-03") == 0
    # 720 万元 at the ledger's 7.2; March has two rates, April none; May's one rate is 7.2; June is not over.
    assert [value(boards, "东街道", "实际使用外资", f"2026-0{m}") for m in (2, 3, 4, 5, 6)] == [100, 0, 0, 100, 0]


def test_the_zero_rule_leaves_only_started_projects(boards: Boards) -> None:
    # A02 has started, A14 has not.
    assert value(boards, "甲镇", "到位资金", "2026-01", "started_value") == 100
    assert value(boards, "东街道", "到位资金", "2026-02", "started_value") == 0
    assert value(boards, "乙镇", "签约金额", "2026-03") == 3000
    assert value(boards, "乙镇", "签约金额", "2026-03", "started_value") == 0


def test_ranks_compare_like_with_like_and_ties_share_a_rank(boards: Boards) -> None:
    ranks = boards("brd_unit__ranks")
    year = {"indicator": "新签约项目数", "month_date": "2025-12-01"}
    first = only(ranks, unit_name="甲镇", **year)
    assert (first["year_value"], first["peer_rank"], first["peer_count"], first["peer_median"]) == (3, 1, 3, 0)
    assert (first["completion_pct"], first["completion_rank"]) == (75, 1)
    for unit in ("乙镇", "新丁镇"):
        tied = only(ranks, unit_name=unit, **year)
        assert tied["peer_rank"] == 2 and pd.isna(tied["completion_pct"]) and pd.isna(tied["completion_rank"])
    assert {only(ranks, unit_name=u, **year)["peer_rank"] for u in ("东街道", "西街道")} == {1}
    # A new year begins at 0; the old months stay.
    assert only(ranks, unit_name="甲镇", indicator="新签约项目数", month_date="2026-01-01")["year_value"] == 0


def test_towns_stand_beside_streets(boards: Boards) -> None:
    found = only(boards("brd_unit__balance"), target_year=2025, indicator="新签约项目数")
    assert (found["town_unit_count"], found["town_total"], found["town_median"]) == (3, 3, 0)
    assert (found["street_unit_count"], found["street_total"], found["street_median"]) == (2, 0, 0)
    # 3 of 4 in the only town with a task, 0 of 2 in the only street.
    assert (found["town_completion_median_pct"], found["street_completion_median_pct"]) == (75, 0)
    assert found["completion_gap_pct"] == 75
    nobody = only(boards("brd_unit__balance"), target_year=2024, indicator="新签约项目数")
    assert nobody["town_target_count"] == 0 and pd.isna(nobody["town_completion_median_pct"])


def test_overdue_names_the_rule_and_the_days(boards: Boards) -> None:
    found = boards("brd_unit__overdue").set_index("lead_id")
    # Never contacted: from the report (1 day). Contacted: from the last activity (14 days). 2026-06-30 minus that.
    assert found["overdue_days"].to_dict() == {
        "A06": 393, "A13": 179, "A05": 165, "A09": 103, "A10": 22, "A12": 11,
    }  # fmt: skip
    assert found.loc["A13", "rule_name"] == "首报后首次联系" and found.loc["A09", "rule_name"] == "进展更新间隔"
    assert as_date(found.loc["A09", "due_date"]) == day("2026-03-19")
    assert found["rule_source"].str.contains("未核实").all()


def test_a_unit_that_did_nothing_is_silent_and_stands_with_0(boards: Boards) -> None:
    found = boards("brd_unit__standing").set_index("unit_name")
    assert found.loc["西街道", "is_silent"] and pd.isna(found.loc["西街道", "silent_days"])
    assert found.loc["西街道", ["lead_count", "signed_count", "overdue_count", "stuck_count"]].tolist() == [0, 0, 0, 0]
    assert pd.isna(found.loc["西街道", "beyond_contact_pct"])
    assert found.loc["工信局", "silent_days"] == 180 and found.loc["工信局", "is_silent"]
    # A trip is activity: 10 June.
    assert found.loc["甲镇", "silent_days"] == 20 and not found.loc["甲镇", "is_silent"]
    assert found.loc["甲镇", ["lead_count", "contact_only_count", "beyond_contact_pct"]].tolist() == [5, 3, 40]
    assert found.loc["工信局", ["is_lead_department", "beyond_contact_pct", "stuck_count"]].tolist() == [True, 0, 1]
    assert found.loc["乙镇", ["signed_count", "signed_wan_cny", "started_count", "started_wan_cny"]].tolist() == [
        2, 53000, 1, 50000,
    ]  # fmt: skip
    assert found.loc["乙镇", ["signed_not_started_count", "past_due_count"]].tolist() == [1, 1]


def test_published_places_are_kept_over_time(boards: Boards) -> None:
    found = boards("brd_unit__external_ranks")
    assert set(found["ranking_period"]) == {"2025年", "2026年一季度"}  # the half-year was published later
    quarter = only(found, ranking_period="2026年一季度")
    assert (quarter["published_rank"], quarter["previous_rank"], quarter["places_up"]) == (3, 5, 2)


# --- funnel -----------------------------------------------------------------------------------------------------------


def test_young_cohorts_have_no_rate_and_month_ends_are_kept(boards: Boards) -> None:
    frame = boards("brd_funnel__cohorts")
    district_wide = frame[frame["slice_kind"] == "全区"]

    def told(month: str) -> list[tuple[int, bool, int, float | None]]:
        rows = district_wide[pd.to_datetime(district_wide["signed_month_date"]).dt.strftime("%Y-%m") == month]
        return [
            (r.horizon_months, r.is_mature, r.started_within_count, None if pd.isna(r.started_within_pct) else
             r.started_within_pct)
            for r in rows.sort_values("horizon_months").itertuples()
        ]  # fmt: skip

    # A01 started on the last day of its three months (31 January to 30 April); A02 after 229 days.
    assert told("2025-01") == [(3, True, 1, 50.0), (6, True, 1, 50.0), (12, True, 2, 100.0)]
    # Signed on 29 February: its twelve months end on 28 February.
    assert told("2024-02") == [(3, True, 0, 0.0), (6, True, 0, 0.0), (12, True, 1, 100.0)]
    # Three months after the last day of March is the day itself, which counts: over.
    assert told("2026-03") == [(3, True, 0, 0.0), (6, False, 0, None), (12, False, 0, None)]
    # A08 repeats A01 within 24 months and is no cohort.
    assert told("2026-05") == []
    january = district_wide[pd.to_datetime(district_wide["signed_month_date"]).dt.strftime("%Y-%m") == "2025-01"]
    assert set(january["median_days_to_start"]) == {(89 + 229) / 2}
    may = frame[(frame["slice_name"] == "甲镇") & (pd.to_datetime(frame["signed_month_date"]).dt.month == 5)]
    assert len(may) == 3  # A04 was 甲镇's on the day of its signing


def test_the_funnel_counts_skipped_stages_as_passed(boards: Boards) -> None:
    frame = boards("brd_funnel__stages")
    found = frame[frame["slice_kind"] == "全区"].set_index("stage")
    counts = found["at_least_count"].to_dict()
    assert counts == {"线索": 15, "在谈": 10, "签约": 8, "注册": 6, "备案": 6, "供地": 5, "开工": 5, "竣工": 1, "投产": 1,
                      "达效": 0}  # fmt: skip
    assert pd.isna(found.loc["线索", "from_previous_pct"])
    assert found.loc["在谈", "from_previous_pct"] == 66.67 and found.loc["签约", "from_previous_pct"] == 80
    # Counted signings: A01 to A04, A07, A08. A05 and A15 went past; A06 has no evidence.
    assert found.loc["签约", ["reached_count", "skipped_count", "not_counted_count"]].tolist() == [6, 2, 1]
    assert found.loc["开工", "at_least_wan_cny"] == 256000
    assert found.loc["线索", "started_count"] == 5
    # Every slice adds up to the district.
    for _, part in frame.groupby("slice_kind"):
        assert part.groupby("stage")["at_least_count"].sum().to_dict() == counts
    empty = frame[(frame["slice_name"] == "甲镇") & (frame["stage"] == "达效")].iloc[0]
    assert pd.isna(empty["from_previous_pct"])  # nothing at 投产: no rate


def test_every_move_stays_with_what_it_was(boards: Boards) -> None:
    moves = boards("fct_stage_transitions")
    assert only(moves, lead_id="A05", stage="备案")["move_kind"] == "跳过3个阶段"
    back = only(moves, lead_id="A05", stage="在谈")
    assert (back["move_kind"], back["previous_stage"], back["days_since_previous"]) == ("回退", "备案", 19)
    early = only(moves, lead_id="A06", stage="在谈")
    assert early["is_before_reported"] and early["days_since_previous"] == -12
    unproved = only(moves, lead_id="A06", stage="签约")
    assert unproved["not_counted_reason"] == "未计入：缺少佐证材料，应有签约协议"
    assert not moves.loc[moves["lead_id"] != "A06", "is_before_reported"].any()


def test_signed_and_not_started_with_the_latest_agreed_start(boards: Boards) -> None:
    found = boards("brd_funnel__signed_not_started").set_index("lead_id")
    assert set(found.index) == {"A03", "A08"}
    assert found.loc["A03", ["days_since_signed", "past_due_days", "due_text"]].tolist() == [
        102,
        29,
        "超过约定开工日期",
    ]
    assert as_date(found.loc["A03", "start_due_date"]) == day("2026-06-01")
    assert not found.loc["A08", "is_past_due"] and found.loc["A08", "due_text"] == "合同未约定开工日期"


def test_stuck_leads_by_the_limit_of_their_stage(boards: Boards) -> None:
    found = boards("brd_funnel__stuck").set_index("lead_id")
    expected = {"A06": 406, "A09": 121, "A11": 121, "A13": 180, "A14": 268, "A15": 1156}
    assert found["days_in_stage"].to_dict() == expected
    assert found.loc["A13", ["is_lead_department", "is_contact", "limit_days"]].tolist() == [True, True, 60]


# --- conduct ----------------------------------------------------------------------------------------------------------


def test_single_touch(boards: Boards) -> None:
    found = boards("brd_conduct__single_touch").set_index("lead_id")
    # A12 is too recent, A11 was talked to twice, A14 five days ago.
    assert found["days_since_contact"].to_dict() == {"A09": 117, "A10": 36}
    assert found["is_over_long_limit"].to_dict() == {"A09": True, "A10": False}


def test_closing_a_lead_after_one_talk_does_not_hide_it(boards_home: Path) -> None:
    with duckdb.connect(str(boards_home / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        progress = connection.execute("select * from boards.brd_lead__progress").df()
    for column in progress.select_dtypes("datetime"):
        progress[column] = progress[column].astype(object).where(progress[column].notna(), None)
        progress[column] = [None if value is None else value.date() for value in progress[column]]
    closed = progress["lead_id"] == "A10"
    progress["ended_date"] = [day("2026-06-10") if is_closed else None for is_closed in closed]
    progress["is_ended"] = closed
    found = told_on(boards_home, "conduct/brd_conduct__single_touch.sql", brd_lead__progress=progress)
    assert found.set_index("lead_id")["is_ended"].to_dict() == {"A09": False, "A10": True}


def shingles(text: str) -> set[str]:
    plain = "".join(c for c in text if c.isalpha())
    return {plain[i : i + 3] for i in range(len(plain) - 2)}


def test_copied_texts_stand_beside_the_earliest(boards: Boards) -> None:
    found = boards("brd_conduct__copied_texts").set_index("lead_id")
    assert set(found.index) == {"A11", "A12"}
    assert set(found["other_lead_id"]) == {"A09"}
    assert found.loc["A11", "similarity"] == 1 and not found.loc["A11", "is_same_unit"]
    one, other = shingles(COPIED), shingles(COPIED.replace("座谈", "会谈"))
    assert found.loc["A12", "similarity"] == round(len(one & other) / len(one | other), 4) < 1
    assert found.loc["A12", "is_same_unit"] and (found["limit_similarity"] == 0.8).all()


@pytest.mark.parametrize("figures", [3, 900])
def test_copies_are_told_from_notes_in_set_phrases(boards_home: Path, figures: int) -> None:
    """Notes put together from a few set phrases come out alike by chance; a third of them say something of their own."""
    rng = np.random.default_rng(figures)
    opening = [
        f"与{surname}总{way}" for surname in "赵钱孙李周吴郑王冯陈" for way in ("通话沟通项目进展", "在园区实地看厂房")
    ]
    phrase = ["企业关心蒸汽价格和供应稳定性", "对方询问人才公寓和子女入学", "用地约{}亩需要核实规划", "企业担心招工难要找{}名熟练工",
              "索要控规图和地勘资料", "上年销售{}万元今年看涨", "已考察周边{}个县区", "董事会定于{}月讨论"]  # fmt: skip
    closing = ["约定下次带技术负责人来谈", "会后发送园区资料给对方", "由专班对接自然资源部门", "双方商定建立联络群"]

    def note() -> str:
        parts = [rng.choice(opening), *rng.choice(phrase, 2, replace=False), rng.choice(closing)]
        if rng.random() < 0.35:
            own = "".join(rng.choice(list("砚岫昀霁樾珩彧澍骁翊隽黻皓茗筱苡笙溦旻烨琤瑭璟弘"), 8))
            parts.insert(3, f"{own}的样品检测还差{rng.integers(2, 99)}项")
        return "，".join(part.format(rng.integers(1, figures + 1)) for part in parts) + "。"

    texts = [note() for _ in range(2000)]
    own = [i for i, text in enumerate(texts) if "样品检测" in text and i > 300]
    copies = {place: int(source) for place, source in zip(own[10:40], rng.integers(0, 300, 30), strict=True)}
    for number, (place, source) in enumerate(copies.items()):
        texts[place] = texts[source] + "。" if "样品" in texts[source] else texts[own[0]]
        if number % 2:
            texts[place] = texts[place].replace("对方", "企业", 1).replace("与", "同", 1)
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=i // 8) for i in range(2000)]
    notes = pd.DataFrame({
        "lead_id": [f"L{i:04d}" for i in range(2000)], "follow_up_date": days, "known_date": days, "method": "电话",
        "content": texts, "unit_name": "甲镇",
    })  # fmt: skip
    limits = pd.read_csv(DEFAULTS / "board_limits.csv", parse_dates=["valid_from"])
    found = told_on(boards_home, "conduct/brd_conduct__copied_texts.sql", fct_follow_ups=notes, board_limits=limits)
    planted = {f"L{place:04d}" for place in copies}
    assert len(planted & set(found["lead_id"])) >= 0.9 * len(planted)
    assert len(planted & set(found["lead_id"])) >= 0.5 * len(found)


def test_visits_without_a_counterparty(boards: Boards) -> None:
    found = boards("brd_conduct__no_counterparty").set_index("lead_id")
    # A09's counterparty is its investor, whose code is known; A11's visit is complete.
    assert found["missing_text"].to_dict() == dict.fromkeys(["A12", "A14"], "洽谈对象、信用代码、下一步计划")


def test_a_repeated_signing_is_grouped_and_not_counted(boards: Boards) -> None:
    found = boards("brd_conduct__repeat_signings").set_index("lead_id")
    assert found["is_counted"].to_dict() == {"A01": True, "A08": False}
    assert found.loc["A08", ["previous_lead_id", "days_since_previous", "group_signing_count"]].tolist() == [
        "A01",
        474,
        2,
    ]
    assert value(boards, "东街道", "新签约项目数", "2026-05") == 0


def signings_with(
    home: Path, rng: np.random.Generator, usual: float, spread: float, odd: int, count: int
) -> pd.DataFrame:
    """The board of amounts of a district whose signings are so many times the capital, `odd` of them a hundred times more."""
    ids = [f"S{number:03d}" for number in range(count)]
    ratios = (
        usual * np.exp(rng.normal(0, spread, count)) * np.where(np.arange(count) < odd, 100 * np.exp(3 * spread), 1)
    )
    filed = np.where(np.arange(count) < odd, 4.0, rng.uniform(0.9, 1.1, count))
    shared = {"lead_id": ids, "registered_capital_wan_cny": np.full(count, 100.0)}
    progress = pd.DataFrame(shared | {
        "project_name": ids, "enterprise_name": ids, "unit_name": "甲镇", "signed_date": dt.date(2024, 1, 5),
        "investment_wan_cny": 100.0 * ratios, "as_of_date": AS_OF,
    })  # fmt: skip
    leads = pd.DataFrame(shared | {"filed_investment_wan_cny": 100.0 * ratios / filed})
    built = pd.DataFrame({
        "lead_id": ids, "period_date": dt.date(2025, 1, 31), "verified_date": None, "total_paid_in_wan_cny": 1.0,
        "month_fixed_investment_wan_cny": 100.0 * ratios * np.where(np.arange(count) < odd, 0.001, rng.uniform(0.7, 1.1, count)),
    })  # fmt: skip
    built["verified_date"] = built["verified_date"].astype("datetime64[ns]")
    limits = pd.read_csv(DEFAULTS / "board_limits.csv", parse_dates=["valid_from"])
    return told_on(
        home, "conduct/brd_conduct__amounts.sql", brd_lead__progress=progress, stg_ledger__leads=leads,
        dim_leads=pd.DataFrame(shared), stg_ledger__investment_progress=built, board_limits=limits,
    )  # fmt: skip


@pytest.mark.parametrize(("usual", "spread"), [(2, 0.3), (25, 0.8), (400, 0.1), (30, 0.0)])
def test_amounts_name_what_stands_out_whatever_is_usual_here(boards_home: Path, usual: float, spread: float) -> None:
    rng = np.random.default_rng(5)
    found = signings_with(boards_home, rng, usual, spread, odd=6, count=120)
    named = {c: set(rows["lead_id"]) for c, rows in found.groupby("comparison")}
    for comparison in ("注册资本", "备案总投资", "累计固定资产投资"):
        assert {f"S00{number}" for number in range(6)} <= named[comparison], comparison
        assert len(named[comparison]) <= 0.1 * 120, comparison
    assert set(found["compared_count"]) == {120}
    one = found[(found["lead_id"] == "S000") & (found["comparison"] == "备案总投资")].iloc[0]
    assert one["fact_text"] == "签约额为备案总投资的4.00倍，高于1.5倍" and one["usual_ratio"] == pytest.approx(
        1, abs=0.1
    )


def test_amounts_that_are_all_alike_or_few_are_not_named(boards_home: Path) -> None:
    rng = np.random.default_rng(6)
    # Forty times the capital is over the office's limit and usual here.
    assert "注册资本" not in set(signings_with(boards_home, rng, 40, 0.0, odd=0, count=100)["comparison"])
    assert signings_with(boards_home, rng, 40, 0.5, odd=3, count=29).empty


@pytest.mark.parametrize("habits", [(0.03, 0.1, 0.4), (0.3, 0.9, 0.05), (0.0, 1.0, 1.0), (0.5, 0.5, 0.5)])
def test_visits_named_lack_more_than_is_usual_here(boards_home: Path, habits: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(7)
    count = 400
    lacks = rng.random((count, 3)) < habits
    lacks[:4] = True
    ids = [f"V{number:03d}" for number in range(count)]
    shared = {"lead_id": ids, "follow_up_date": dt.date(2026, 3, 2), "method": "见商", "content": ids}
    facts = pd.DataFrame(shared | {
        "unit_name": "甲镇", "known_date": dt.date(2026, 3, 3), "is_in_person": True, "led_by": None,
        "next_step": np.where(lacks[:, 2], None, "再谈"),
    })  # fmt: skip
    written = pd.DataFrame(shared | {
        "counterparty_name": np.where(lacks[:, 0], None, "某公司"), "event_id": None,
        "counterparty_uscc": np.where(lacks[:, 1], None, "91110108000000001A"),
    })  # fmt: skip
    leads = pd.DataFrame({"lead_id": ids, "project_name": ids, "enterprise_name": "投资方", "uscc": None})
    limits = pd.read_csv(DEFAULTS / "board_limits.csv", parse_dates=["valid_from"])
    told = {"fct_follow_ups": facts, "stg_ledger__follow_ups": written, "dim_leads": leads, "board_limits": limits}
    found = told_on(boards_home, "conduct/brd_conduct__no_counterparty.sql", **told)
    assert len(found) <= 0.1 * count
    if habits[0] < 0.3:
        assert set(ids[:4]) <= set(found["lead_id"])
    # What is listed is rarer here than what is not.
    both = pd.Series([tuple(row) for row in lacks], ids)
    assert not set(both[found["lead_id"]]) & set(both[~both.index.isin(found["lead_id"])])
    few = {name: frame[frame["lead_id"] < "V029"] for name, frame in told.items() if name != "board_limits"}
    assert told_on(boards_home, "conduct/brd_conduct__no_counterparty.sql", **few, board_limits=limits).empty


def test_units_by_quarter(boards: Boards) -> None:
    frame = boards("brd_conduct__units")
    first = only(frame, unit_name="甲镇", quarter_date="2026-01-01")
    # Written on 30 March about 5 March: in the last three days, and 25 days late.
    assert first[["entry_count", "late_entry_pct", "back_dated_pct"]].tolist() == [1, 100, 100]
    assert first[["visit_count", "principal_visit_pct", "new_lead_count", "visits_per_new_lead"]].tolist() == [
        1,
        100,
        1,
        1,
    ]
    assert pd.isna(first["visits_per_signed"]) and first["is_complete"]
    second = only(frame, unit_name="甲镇", quarter_date="2026-04-01")
    assert second[["late_entry_count", "back_dated_count", "level_missing_count", "no_counterparty_count"]].tolist() == [
        0, 0, 1, 1,
    ]  # fmt: skip
    assert second["visits_per_new_lead"] == 0.5 and second["is_complete"]
    nothing = only(frame, unit_name="西街道", quarter_date="2023-07-01")
    assert nothing[["entry_count", "visit_count", "new_lead_count"]].tolist() == [0, 0, 0]
    assert pd.isna(nothing["late_entry_pct"]) and pd.isna(nothing["principal_visit_pct"])


# --- projects and foreign money ---------------------------------------------------------------------------------------


def test_four_axes_with_their_figures(boards: Boards) -> None:
    found = boards("brd_project__grades").set_index("lead_id")
    points = ["scale_points", "technology_points", "tax_points", "base_points", "mean_points"]
    # 2 亿: 60. Two titles 50, 12 patents 25, 50 万元 of research 0. 1000 万元 60, 10 a mu 30. 70 % fixed 40, land 30,
    # research centre 15.
    assert found.loc["A01", points].tolist() == [60, 75, 90, 85, 77.5]
    assert found.loc["A01", "tax_inputs_text"] == "亩均税收10万元/亩，30分；预计年税收1000万元，60分"
    assert found.loc["A01", ["is_high_tech", "is_specialised", "is_gazelle", "titles_source"]].tolist() == [
        True, True, False, "省厅公告",
    ]  # fmt: skip
    # Nothing known is not 0; one axis known gives no mean.
    assert found.loc["A10", points].isna().all() and found.loc["A10", "known_axis_count"] == 0
    assert found.loc["A05", "scale_points"] == 20 and pd.isna(found.loc["A05", "mean_points"])


def test_the_size_ladder(boards: Boards) -> None:
    frame = boards("brd_project__size_ladder")
    signed = frame[(frame["unit_name"] == "甲镇") & (frame["event_year"] == 2025) & (frame["event"] == "签约")]
    # 2 亿, 6000 万 and 15 亿.
    assert signed.sort_values("step_order")["project_count"].tolist() == [3, 2, 0, 1, 0]
    assert frame.loc[frame["unit_name"] == "西街道", "project_count"].sum() == 0


def test_tax_promised_estimated_and_paid_stay_apart(boards: Boards) -> None:
    frame = boards("scr_project__tax")
    told = frame[frame["lead_id"] == "A15"].set_index(["tax_basis", "year_no"])["tax_wan_cny"]
    assert told["承诺"].to_dict() == {1: 100, 2: 200, 3: 300}
    assert told["实际"].to_dict() == {0: 10, 1: 80, 2: 150}
    ledger = only(frame, lead_id="A01", tax_basis="台账未注明性质")
    assert (ledger["tax_wan_cny"], ledger["tax_wan_cny_per_mu"], ledger["is_estimate"]) == (1000, 10, True)
    estimated = frame[frame["tax_basis"] == "规则估算"]
    assert set(estimated["lead_id"]) == set(boards("brd_project__grades")["lead_id"])
    assert (estimated["tax_low_wan_cny"] <= estimated["tax_wan_cny"] + 1e-9).all()
    assert (estimated["tax_wan_cny"] <= estimated["tax_high_wan_cny"] + 1e-9).all() and estimated["is_estimate"].all()
    per_mu = ["tax_low_wan_cny_per_mu", "tax_wan_cny_per_mu", "tax_high_wan_cny_per_mu"]
    assert frame.loc[~frame["tax_basis"].isin(["模型估算", "规则估算"]), [per_mu[0], per_mu[2]]].isna().all(axis=None)
    chance = frame["tax_pays_probability"]
    assert (chance.notna() == frame["tax_basis"].isin(["模型估算", "规则估算"])).all() and chance.dropna().between(
        0, 1
    ).all()
    known = estimated.dropna(subset=["tax_wan_cny_per_mu"])
    mu = known["lead_id"].map({"A01": 100.0}).dropna()
    assert len(mu) == 1 and 0 < len(known) < len(estimated)
    asked = known.loc[mu.index]
    for name in per_mu:
        assert asked[name].tolist() == pytest.approx((asked[name.removesuffix("_per_mu")] / mu).tolist(), abs=1e-4)
    assert estimated.loc[estimated["tax_wan_cny_per_mu"].isna(), per_mu].isna().all(axis=None)


def test_tax_paid_beside_tax_promised(boards: Boards) -> None:
    frame = boards("scr_project__tax_realised")
    for kind, key in [("项目", "A15"), ("投资方类型", "民企"), ("责任单位", "新丁镇"), ("全区", "全区")]:
        found = only(frame, slice_kind=kind, slice_key=key)
        assert found[["promised_wan_cny", "paid_wan_cny", "paid_to_promised_pct"]].tolist() == [300, 230, 76.67]
        assert found["compared_year_count"] == 2


def test_quality_by_quarter(boards: Boards) -> None:
    frame = boards("brd_project__quality_trend")
    # 在谈 at the end of March: A05 (1000 万: 20), A06 (9000 万: 40), A14 (7.2 亿: 75).
    talk = only(frame, quarter_date="2026-01-01", project_kind="在谈")
    assert (talk["project_count"], talk["scale_median"], talk["graded_count"]) == (3, 40, 0)
    started = only(frame, quarter_date="2025-10-01", project_kind="新开工")
    assert (started["project_count"], started["scale_median"]) == (1, 90)
    none = only(frame, quarter_date="2026-01-01", project_kind="新开工")
    assert none["project_count"] == 0 and pd.isna(none["scale_median"])
    assert only(frame, quarter_date="2026-04-01", project_kind="在谈")["is_complete"]


def test_foreign_money_in_dollars_with_its_rate(boards: Boards) -> None:
    found = only(boards("scr_project__foreign"), lead_id="A14")
    assert (found["contract_wan_usd"], found["paid_wan_usd"], found["unconverted_count"]) == (1000, 200, 2)
    assert "中国外汇交易中心 7.2000" in found["rate_text"] and "台账填报 7.2000" in found["rate_text"]
    logit = boards("scr_lead__parts").set_index("lead_id").loc["A14", "landing_logit"]
    chance = 1 / (1 + 2.718281828459045**-logit)
    assert found["landing_probability"] == pytest.approx(chance)
    assert found["weighted_wan_usd"] == pytest.approx(800 * chance, abs=1e-3)
    units = boards("scr_project__foreign_units")
    whole = only(units, slice_name="全区", target_year=2026)
    assert whole[["contract_wan_usd", "paid_wan_usd", "target_value", "gap_value"]].tolist() == [1000, 200, 900, 700]
    # No plan of a month is written, so nobody can say what the year brings; what is under way (800) judges nothing.
    assert pd.isna(whole["is_short"]) and whole["short_text"].startswith("不能判断")
    nothing = only(units, slice_name="西街道", target_year=2026)
    assert nothing["paid_wan_usd"] == 0 and nothing["target_text"] == "未下达"
    assert pd.isna(nothing["gap_value"]) and pd.isna(nothing["is_short"])
    # Domestic projects are nowhere in it.
    assert set(boards("scr_project__foreign")["lead_id"]) == {"A14"}
