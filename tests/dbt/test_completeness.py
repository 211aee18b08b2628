"""Completeness of a unit's ledgers (台账完整率), counted by hand; every row that was received stands in one place."""

from __future__ import annotations

import ast
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from invented_district import PROJECT, exported, told_on

from intake.contract import get_contract
from office import DEFAULTS

pytestmark = pytest.mark.dbt
BOARD = "unit/brd_unit__completeness.sql"
LEDGERS = {
    "leads": ("project_name", "enterprise_name", "written_unit_name", "reported_date", "lead_source", "product_text",
              "investment_wan_cny", "industry_code", "fixed_investment_wan_cny", "land_mu"),
    "follow_ups": ("follow_up_date", "known_date", "method", "content", "result"),
    "stage_moves": ("stage", "moved_date", "known_date", "evidence_kind"),
    "targets": ("target_year", "written_unit_name", "indicator", "target_value", "measure"),
    "investment_progress": ("period_date", "month_paid_in_wan_cny", "progress_pct"),
    "project_commitments": ("agreed_contract_no", "agreed_date", "start_due_date", "completion_due_date"),
}  # fmt: skip


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def ledger(name: str, *rows: dict[str, Any]) -> pd.DataFrame:
    columns = ["lead_id", *LEDGERS[name], "source_file", "source_sheet", "source_row", "received_seq"]
    given = [{"source_file": f"{name}.xlsx", "source_sheet": "甲", "source_row": i + 2, "received_seq": 1, **row}
             for i, row in enumerate(rows)]  # fmt: skip
    return pd.DataFrame(given, columns=columns).astype({"source_row": "int64", "received_seq": "int64"})


def tables() -> dict[str, pd.DataFrame]:
    """甲镇 has A (线索) and B (签约); the unit of C nobody knows."""
    lead = {
        "project_name": "项目",
        "enterprise_name": "公司",
        "written_unit_name": "甲镇",
        "reported_date": day("2026-01-05"),
    }
    places = {"ledger": "leads", "source_file": "leads.xlsx", "source_sheet": "甲"}
    refused = places | {"is_row_taken": False}
    return {
        "stg_ledger__leads": ledger(
            "leads",
            # In 线索 money and land are not asked for yet: 6 of 6.
            {"lead_id": "A", **lead, "lead_source": "展会活动"},
            # In 签约 eleven fields: product and land lack, and a blank is nothing: 8 of 11.
            {"lead_id": "B", **lead, "lead_source": " ", "investment_wan_cny": 0.0, "industry_code": "2921",
             "fixed_investment_wan_cny": 10.0},
            {"lead_id": "C", **lead, "written_unit_name": "无名局", "lead_source": "其他", "source_sheet": "杂"},
        ),
        "stg_ledger__follow_ups": ledger(
            "follow_ups",
            {"lead_id": "A", "follow_up_date": day("2026-02-01"), "known_date": day("2026-02-03"), "method": "电话",
             "content": "谈", "result": "有意向"},
            # Known after the day: it counts as a row, and is not the last before it.
            {"lead_id": "A", "follow_up_date": day("2026-07-01"), "known_date": day("2026-07-01"), "method": "电话"},
        ),
        # Only a signing is asked for its evidence.
        "stg_ledger__stage_moves": ledger(
            "stage_moves",
            {"lead_id": "B", "stage": "在谈", "moved_date": day("2026-01-10"), "known_date": day("2026-01-10")},
            {"lead_id": "B", "stage": "签约", "moved_date": day("2026-03-01"), "known_date": day("2026-03-01")},
            # Of the same file, received again: another row with the same number.
            {"lead_id": "B", "stage": "终止", "moved_date": day("2026-03-09"), "known_date": day("2026-03-09"),
             "source_row": 2, "received_seq": 2},
        ),
        "stg_ledger__targets": ledger("targets"),
        "stg_ledger__investment_progress": ledger("investment_progress"),
        "stg_ledger__project_commitments": ledger("project_commitments"),
        "int_lead__units": pd.DataFrame({"lead_id": ["A", "B", "C"], "unit_name": ["甲镇", "甲镇", None]}),
        "brd_lead__progress": pd.DataFrame({"lead_id": ["A", "B"], "stage_order": [1, 3]}),
        "int_unit__names": pd.DataFrame({"name_form": ["甲镇"], "unit_name": ["甲镇"], "is_ambiguous": [False]}),
        "dim_units": pd.DataFrame({"unit_name": ["甲镇", "空镇"], "unit_type": ["镇", "镇"]}),
        "int_ledger__rejected": pd.DataFrame([places | {"source_sheet": "杂", "source_row": 4}]),
        # Two cells of one row are one row; a sheet that is 甲镇's alone is 甲镇's, a sheet of nobody is nobody's.
        "stg_ledger__refused": pd.DataFrame(
            [refused | {"source_row": 9}, refused | {"source_row": 9}, refused | {"source_row": 10},
             refused | {"source_row": 11, "is_row_taken": True},
             refused | {"source_sheet": "杂", "source_row": 5}, refused | {"ledger": "未识别", "source_row": 1}]
        ),
    }  # fmt: skip


def test_a_units_ledgers_are_counted_by_hand(home: Path) -> None:
    found = told_on(home, BOARD, **tables()).set_index(["unit_name", "ledger"])
    counts = ["row_count", "complete_row_count", "asked_count", "filled_count", "annotated_count", "refused_count"]
    leads = found.loc[("甲镇", "leads")]
    assert leads[counts].tolist() == [2, 1, 6 + 11, 6 + 8, 0, 2]
    assert (leads["filled_pct"], leads["missing_text"]) == (82.35, "主要产品缺1行、用地缺1行、线索来源缺1行")
    calls = found.loc[("甲镇", "follow_ups")]
    assert calls[counts].tolist() == [2, 1, 10, 8, 0, 0] and str(calls["last_row_date"])[:10] == "2026-02-03"
    moves = found.loc[("甲镇", "stage_moves")]
    assert moves[counts].tolist() == [3, 2, 3 + 4 + 3, 3 + 3 + 3, 0, 0] and moves["missing_text"] == "佐证材料缺1行"
    whole = found.loc[("甲镇", "全部")]
    assert whole[counts].tolist() == [7, 4, 37, 31, 0, 2] and whole["filled_pct"] == 83.78
    assert found.loc[("未归到单位", "leads"), counts].tolist() == [1, 1, 6, 6, 1, 1]
    # A unit that sent nothing is not complete: it has no rate.
    empty = found.loc[("空镇", "全部")]
    assert empty[counts].tolist() == [0, 0, 0, 0, 0, 0] and pd.isna(empty["filled_pct"])


def test_every_row_of_the_ledgers_is_in_one_place(home: Path) -> None:
    found = exported(home, "boards", "brd_unit__completeness")
    whole = found[found["ledger"] == "全部"]
    sums = found[found["ledger"] != "全部"].groupby("ledger")[["row_count", "annotated_count", "refused_count"]].sum()
    accounts = exported(home, "marts", "fct_row_accounting").set_index("ledger").loc[sums.index]
    assert set(sums.index) == set(LEDGERS) and sums["annotated_count"].sum() > 0
    assert (sums["row_count"] == accounts["standing_count"] + accounts["rejected_count"]).all()
    assert (sums["row_count"] == accounts["landed_count"] - accounts["superseded_count"]).all()
    assert (sums["annotated_count"] == accounts["rejected_count"]).all()
    assert (sums["refused_count"] == accounts["refused_count"]).all()
    assert whole["row_count"].sum() == sums["row_count"].sum()
    assert set(exported(home, "marts", "dim_units")["unit_name"]) | {"未归到单位"} == set(whole["unit_name"])


def test_fields_asked_for_are_those_of_the_contracts_and_of_the_offices_table() -> None:
    text = (PROJECT / "macros" / "ledger.sql").read_text(encoding="utf-8")
    body = re.search(r"macro completeness_fields\(\).*?return\((.*?)\) }}", text, re.S)
    assert body is not None
    fields = ast.literal_eval(body[1].strip())
    seed = pd.read_csv(DEFAULTS / "completeness_fields.csv")
    assert set(fields) == set(LEDGERS)
    for name, own in fields.items():
        asked = seed[seed["ledger"] == name]
        assert set(asked["field_name"]) == set(own)
        required = {f.name for f in get_contract(name).fields if f.required}
        assert required == set(asked.loc[asked["source_text"] == "台账必填", "field_name"])
