"""Tasks, permits, progress and supervision of the hand-made projects P1 to P10: every figure worked out by hand or in pandas.

The as-of day is 2026-06-30; other days run the compiled SQL of one board again, on the same warehouse.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import chinese_calendar
import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from docx import Document
from invented_district import District, day, exported, run_dbt

from models.assessment import assess
from office import DEFAULTS
from office.working_days import TABLE, exceptions
from publishing.documents import (
    Month,
    PackRefused,
    dispatch_figures,
    freeze,
    project_pages,
    write_dispatch_pack,
    write_project_pages,
)
from publishing.documents.dispatch import READINGS, chair_of
from publishing.documents.project_pages import READINGS as PAGES
from publishing.documents.project_pages import extent_words
from publishing.figures import stems

pytestmark = pytest.mark.dbt


def row(frame: pd.DataFrame, **key: Any) -> pd.Series[Any]:
    """The one row with this key."""
    for name, value in key.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, (key, len(frame))
    return frame.iloc[0]


def board(home: Path, name: str) -> pd.DataFrame:
    return exported(home, "boards", name)


def board_of_year(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    return frame[frame["target_year"] == year].sort_values("indicator_order")


def on_another_day(home: Path, path: str, as_of: str, **replaced: str) -> pd.DataFrame:
    """What a board says on another day: its compiled SQL with that day, and with other tables where a test brings its own."""
    sql = (home / "dbt_target" / "compiled" / "zeyou" / "models" / path).read_text(encoding="utf-8")
    assert "date '2026-06-30'" in sql
    sql = sql.replace("date '2026-06-30'", f"date '{as_of}'")
    for table, query in replaced.items():
        sql, count = re.subn(rf"'[^']*/office/{table}\.parquet'", lambda _, query=query: f"({query})", sql)
        assert count, table
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).df()


# --- tasks ------------------------------------------------------------------------------------------------------------


def test_an_indicator_of_the_office_alone_is_counted_with_no_code(
    home: Path, district: District, tmp_path: Path
) -> None:
    """What counts, from what size, in which measure, of whom: a row of the office's table, under the name of a ledger's clerk."""
    folder = Path(shutil.copytree(home, tmp_path / "home"))
    own = {
        "indicator": "重点区域开工投资", "indicator_order": 40, "measure": "亿元", "is_task": True, "written_measures": "亿元、万元",
        "counted_by": "阶段金额", "stage": "开工", "until_stage": None, "min_investment_wan_cny": 5000.0, "is_stock": False,
        "evidence_kinds": None, "leaves_out_expansions": False, "also_written": "重点片区开工", "applies_to": "镇、开发区",
        "source": "测试",
    }  # fmt: skip
    path = folder / "landing" / "office" / "indicators.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, pa.Table.from_pylist([own], table.schema)]), path)
    targets = folder / "landing" / "targets.parquet"
    rows = pq.read_table(targets).to_pylist()
    town, street = rows[0] | {"unit_name": "南岭镇"}, rows[0] | {"unit_name": "东园区"}
    for number, line in enumerate((town, street)):
        line |= {
            "target_year": 2026,
            "indicator": "重点片区开工",
            "target_value": 20000.0,
            "measure": "万元",
            "source_row": 900 + number,
        }
        rows.append(line)
    rows.append(town | {"indicator": "没有的指标", "source_row": 990})
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(targets)), targets)
    run = run_dbt(
        folder,
        "build",
        "--select",
        "stg_ledger__targets+",
        "fct_task_facts+",
        "--exclude",
        "path:models/scores",
        "path:models/features",
        "fct_row_accounting",  # counts landed rows, of which this test adds some
    )
    assert run.returncode == 0, run.stdout[-3000:]
    facts = exported(folder, "marts", "fct_task_facts")
    started = facts[(facts["indicator"] == "新开工项目数") & facts["not_counted_reason"].isna()]
    started = started[pd.to_datetime(started["known_date"]) < pd.Timestamp(2026, 6, 30)]
    started = started[pd.to_datetime(started["fact_date"]).dt.year == 2026]
    for unit in ("南岭镇", "东园区"):
        found = row(board(folder, "brd_task__progress"), unit_name=unit, target_year=2026, indicator="重点区域开工投资")
        mine = started[(started["unit_name"] == unit) & (started["investment_wan_cny"] >= 5000)]
        assert found["done_value"] == pytest.approx(mine["investment_wan_cny"].sum() / 10000), unit
        assert (found["target_text"], found["measure"]) == ("2亿元", "亿元")
    assert len(started[started["unit_name"].isin(["南岭镇", "东园区"])]), "nothing would have been counted"
    whole = row(board(folder, "brd_task__district"), target_year=2026, indicator="重点区域开工投资")
    assert whole["target_text"] == "4亿元"
    others = facts[
        (facts["indicator"] == "重点区域开工投资") & ~facts["unit_name"].isin(["南岭镇", "东园区", "西河镇"])
    ]
    types = exported(folder, "marts", "dim_units").set_index("unit_name")["unit_type"]
    others = others[~others["unit_name"].map(types).isin(["镇", "园区"])]
    assert others["not_counted_reason"].notna().all()
    rejected = exported(folder, "marts", "fct_rejected_rows")
    named = rejected[rejected["written_value"] == "没有的指标"].iloc[0]
    assert named["reason"] == "指标“没有的指标”不在任务指标表中" and "indicators.csv" in named["mend"]


def test_the_two_tasks_of_the_speech_are_among_the_indicators(home: Path) -> None:
    facts = exported(home, "marts", "fct_task_facts")
    progress = board(home, "brd_task__progress")
    large = facts[(facts["indicator"] == "新开工过亿元以上项目数") & facts["not_counted_reason"].isna()]
    assert (large["investment_wan_cny"] >= 10000).all()
    unknown = facts[(facts["indicator"] == "新开工过亿元以上项目数") & facts["investment_wan_cny"].isna()]
    assert unknown["not_counted_reason"].notna().all()
    money = {name: progress[progress["indicator"] == name].set_index(["unit_name", "target_year"])["done_value"] for name in
             ("签约金额", "新签约项目投资总额")}  # fmt: skip
    pd.testing.assert_series_equal(money["签约金额"], money["新签约项目投资总额"], check_names=False)


def test_gap_pace_and_projection_are_those_worked_by_hand(home: Path) -> None:
    found = row(board(home, "brd_task__progress"), unit_name="南岭镇", target_year=2026, indicator="新签约项目数")
    # P1, P2, and P7 which was still 南岭镇's when it signed; P8 has no evidence. 181 of 365 days have passed.
    assert (found["target_value"], found["done_value"], found["counted_count"], found["not_counted_count"]) == (
        4,
        3,
        3,
        1,
    )
    assert (found["gap_value"], found["completion_pct"], found["passed_pct"]) == (1, 75, 49.59)
    assert (found["expected_value"], found["arrears_value"], found["light"]) == (1.98, 0, "绿")
    assert found["required_per_month"] == pytest.approx(1 / (184 / 365 * 12), abs=0.005)
    assert found["done_per_month"] == pytest.approx(3 / (181 / 365 * 12), abs=0.005)
    assert found["projected_value"] == pytest.approx(3 * 365 / 181, abs=0.005)
    moved = row(board(home, "brd_task__progress"), unit_name="东园区", target_year=2026, indicator="新开工项目数")
    assert (moved["done_value"], moved["target_text"]) == (1, "未下达")  # P7 started after it was handed over
    assert moved[["gap_value", "expected_value", "pace_pct"]].isna().all() and pd.isna(moved["light"])


def test_money_counts_with_its_voucher_in_the_months_that_are_over(home: Path) -> None:
    found = row(board(home, "brd_task__progress"), unit_name="南岭镇", target_year=2026, indicator="到位资金")
    # 500 with a voucher; 700 without; the 9000 of July are of a month that is not over. 1亿元 is 10000万元.
    assert (found["target_text"], found["done_text"], found["not_counted_count"]) == ("10000万元", "500万元", 1)
    assert found["arrears_value"] == pytest.approx(10000 * 181 / 365 - 500, abs=0.005)
    assert found["light"] == "红"


def test_two_rates_in_a_month_are_told_and_not_chosen_between(home: Path) -> None:
    facts = exported(home, "marts", "fct_task_facts")
    mine = facts[(facts["indicator"] == "实际使用外资") & (facts["lead_id"] == "P5")].set_index("fact_date")
    values = {day.month: value for day, value in mine["fact_value"].items()}
    # 710万元 written in dollars at 7.1; 710万元 in a month with two rates; 720万元 in a month at 7.2.
    assert (values[2], values[3], values[4]) == (100, None, 100)
    assert "2个美元汇率" in mine[mine["fact_value"].isna()].iloc[0]["not_counted_reason"]
    foreign = row(exported(home, "scores", "scr_project__foreign"), lead_id="P5")
    assert foreign["rate_text"].endswith("未折算（当月没有或不止一个美元汇率）：实际使用外资2026年03月")
    assert foreign[["contract_wan_usd", "year_paid_wan_usd", "rest_planned_wan_usd"]].tolist() == [300, 200, 100]
    assert pd.isna(foreign["planned_wan_usd"])  # nobody filed it
    assert "2024年版" in foreign["restriction_text"] and "人工核对" in foreign["restriction_text"]
    done = row(board(home, "brd_task__progress"), unit_name="东园区", target_year=2026, indicator="实际使用外资")
    assert (done["done_text"], done["measure"], done["completion_pct"]) == ("200万美元", "万美元", 50)


def test_what_no_ledger_tells_reads_nothing_and_not_zero(home: Path) -> None:
    progress = board(home, "brd_task__progress")
    unknown = row(progress, unit_name="南岭镇", target_year=2024, indicator="固定资产投资")
    assert pd.isna(unknown["done_value"]) and unknown["done_text"] == "暂无"
    assert row(progress, unit_name="南岭镇", target_year=2024, indicator="新开工项目数")["done_text"] == "0个"
    assert row(progress, unit_name="南岭镇", target_year=2026, indicator="新签约项目数")["done_value"] == 3
    assert row(progress, unit_name="南岭镇", target_year=2026, indicator="外出招商次数")["done_value"] == 1


def test_a_target_cut_in_september_is_right_before_and_after(home: Path) -> None:
    path = "boards/task/brd_task__progress.sql"
    key = {"unit_name": "南岭镇", "target_year": 2026, "indicator": "新签约项目数"}
    for as_of, target, changed in [
        ("2026-08-31", 4, None),
        ("2026-09-01", 3, "2026-09-01"),
        ("2026-12-31", 3, "2026-09-01"),
    ]:
        found = row(on_another_day(home, path, as_of), **key)
        assert (found["target_value"], found["original_target_value"]) == (target, 4)
        assert pd.isna(found["changed_date"]) if changed is None else str(found["changed_date"])[:10] == changed
    # The table of 2025 was sent again with the new figure; before the cut the old one still stands.
    key["target_year"] = 2025
    assert row(on_another_day(home, path, "2025-06-30"), **key)["target_value"] == 10
    assert row(board(home, "brd_task__progress"), **key)["target_value"] == 6
    history = exported(home, "marts", "fct_target_history")
    assert history["is_reconciled"].all()


def test_a_leap_day_is_a_day_of_366(home: Path) -> None:
    key = {"unit_name": "南岭镇", "target_year": 2024, "indicator": "新签约项目数"}
    path = "boards/task/brd_task__progress.sql"
    eve = row(on_another_day(home, path, "2024-02-28"), **key)
    after = row(on_another_day(home, path, "2024-02-29"), **key)
    assert (eve["done_value"], after["done_value"]) == (0, 1)  # P6 was signed on 29 February
    assert (eve["passed_pct"], after["passed_pct"]) == (round(100 * 59 / 366, 2), round(100 * 60 / 366, 2))
    assert after["expected_value"] == pytest.approx(2 * 60 / 366, abs=0.005)


def test_a_past_day_counts_only_what_was_known(home: Path) -> None:
    key = {"unit_name": "南岭镇", "target_year": 2026, "indicator": "新签约项目数"}
    path = "boards/task/brd_task__progress.sql"
    # P2 was signed on 1 March and written down on the 5th.
    assert [row(on_another_day(home, path, d), **key)["done_value"] for d in ("2026-03-04", "2026-03-05")] == [2, 3]


def test_tasks_divided_below_are_compared_with_what_was_set_above(home: Path) -> None:
    found = board(home, "brd_task__decomposition")
    of_2026 = found[found["target_year"] == 2026].set_index(["level", "indicator"])["difference_text"].to_dict()
    own = {
        ("全区", "新签约项目数"): "一致",  # 7 set; 4, 2 and 1 divided
        ("全区", "到位资金"): "一致",
        ("全区", "新投产项目数"): "未分解",
        ("全区", "实际使用外资"): "上级未下达",
    }
    assert of_2026 == own
    # Where the office rules that a unit's task holds those under it, the group's 1 is part of 南岭镇's 4.
    rules = "select 'parent_task_includes_children' as rule_key, '是' as rule_value, date '2024-01-01' as valid_from"
    found = on_another_day(home, "boards/task/brd_task__decomposition.sql", "2026-06-30", dispatch_rules=rules)
    within = found[found["target_year"] == 2026].set_index(["level", "indicator"])["difference_text"].to_dict()
    assert within == own | {("全区", "新签约项目数"): "分解数少1个", ("单位", "新签约项目数"): "分解数少3个"}


def test_the_district_is_measured_as_its_units_are(home: Path) -> None:
    """One share of the year; where nothing was set above, sums of the units."""
    progress, district = board(home, "brd_task__progress"), board(home, "brd_task__district")
    assert set(district["target_basis"]) == {"上级下达", "分解合计"}
    for found in district.itertuples():
        own = progress[(progress["target_year"] == found.target_year) & (progress["indicator"] == found.indicator)]
        (share,) = set(own["due_share"])
        assert found.expected_value == pytest.approx(found.target_value * share, abs=0.005)
        assert found.passed_pct == own["passed_pct"].iloc[0]
        if found.target_basis == "分解合计":
            tasked = own[own["target_value"].notna()]
            sums = tasked[["target_value", "done_value", "expected_value"]].sum(min_count=1)
            assert [found.target_value, found.done_value, found.expected_value] == pytest.approx(
                sums.tolist(), abs=0.05, nan_ok=True
            )


def test_the_unit_rule_counts_projects_and_says_when_no_standard_is_set(home: Path) -> None:
    found = board(home, "brd_task__unit_rule")
    reserve = row(found, unit_name="南岭镇", rule_code="镇街部门储备")
    assert (reserve["verdict"], reserve["counted_count"]) == ("达标", 2)
    assert reserve["counted_projects"] == "P3项目（8000万元）、P8项目（7000万元）"  # P4 is too small, P2 has signed
    started = row(found, unit_name="南岭镇", rule_code="镇街部门开工")
    assert (started["verdict"], started["standard_text"], started["counted_count"]) == ("标准未下达", "未下达", 1)
    park = row(found, unit_name="东园区", rule_code="开发区开工")
    assert park["counted_projects"] == "P7项目（9000万元）"
    own = (
        "select '镇街部门开工' as rule_code, '' as rule_text, '镇' as applies_to, '开工' as counted_by, 1 as min_count, "
        "15000.0 as min_investment_wan_cny, date '2024-01-01' as valid_from, cast(null as date) as valid_to, '' as source"
    )
    set_now = on_another_day(home, "boards/task/brd_task__unit_rule.sql", "2026-06-30", unit_rules=own)
    assert row(set_now, unit_name="南岭镇")["verdict"] == "未达标"  # P1 has 12000
    looser = own.replace("15000.0", "12000.0")
    set_now = on_another_day(home, "boards/task/brd_task__unit_rule.sql", "2026-06-30", unit_rules=looser)
    assert row(set_now, unit_name="南岭镇")["verdict"] == "达标"


def test_the_unit_rule_speaks_of_parks_and_leading_departments(home: Path) -> None:
    rule = (
        "select '规则' as rule_code, '' as rule_text, '{}' as applies_to, '开工' as counted_by, 1 as min_count, "
        "5000.0 as min_investment_wan_cny, date '2024-01-01' as valid_from, cast(null as date) as valid_to, '' as source"
    )
    units = exported(home, "marts", "dim_units").set_index("unit_name")["unit_type"]
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        leading = {name for (name,) in connection.execute(
            "select unit_name from staging.stg_ledger__units where is_lead_department").fetchall()}  # fmt: skip
    for applies_to, expected in (
        ("开发区", set(units.index[units == "园区"])),
        ("园区", set(units.index[units == "园区"])),
        ("镇、牵头部门", set(units.index[units == "镇"]) | leading),
        ("非牵头部门", set()),
    ):
        path = "boards/task/brd_task__unit_rule.sql"
        found = on_another_day(home, path, "2026-06-30", unit_rules=rule.format(applies_to))
        assert set(found["unit_name"]) == expected, applies_to
    assert (
        row(on_another_day(home, path, "2026-06-30", unit_rules=rule.format("开发区")), unit_name="东园区")["verdict"]
        == "达标"
    )
    reserve = board(home, "brd_task__unit_rule").query("rule_code == '开发区储备'")
    assert set(reserve["unit_name"]) == set(units.index[units == "园区"]) and set(reserve["verdict"]) == {"标准未下达"}


def test_months_leave_expansions_out_only_where_the_indicator_says_so(home: Path) -> None:
    path = "boards/unit/brd_unit__indicators.sql"
    own = home / "landing" / "office" / "indicators.parquet"
    every_kind = f"select * replace (false as leaves_out_expansions) from '{own}'"
    told = on_another_day(home, path, "2026-06-30").groupby("indicator")["indicator_value"].sum()
    all_told = (
        on_another_day(home, path, "2026-06-30", indicators=every_kind).groupby("indicator")["indicator_value"].sum()
    )
    leads = exported(home, "marts", "dim_leads").merge(
        exported(home, "marts", "dim_leads_in_chains")[["lead_id", "recruit_kind"]]
    )
    known = leads[pd.to_datetime(leads["reported_date"]) <= pd.Timestamp("2026-06-30")]
    expansions = known[known["recruit_kind"] == "增资扩产"]
    assert all_told["新增线索数"] == len(known) and told["新增线索数"] == len(known) - len(expansions) < len(known)
    started = (
        on_another_day(home, "boards/lead/brd_lead__progress.sql", "2026-06-30")
        .merge(expansions[["lead_id"]])
        .dropna(subset="started_date")
    )
    assert all_told["新开工项目数"] - told["新开工项目数"] == len(started)
    assert all_told["开工金额"] - told["开工金额"] == pytest.approx(started["investment_wan_cny"].sum())
    assert all_told["到位资金"] == told["到位资金"] > 0


def test_done_of_every_unit_is_that_of_plain_pandas(home: Path) -> None:
    """Recount the signings of 2025 and 2026 from the stage ledger alone; expansions of local firms are not new recruitment."""
    moves, leads = exported(home, "marts", "fct_stage_moves"), exported(home, "marts", "dim_leads")
    transfers = exported(home, "marts", "fct_lead_transfers")
    as_of = pd.Timestamp("2026-06-30")
    signed = moves[(moves["stage"] == "签约") & moves["has_required_evidence"]]
    kinds = exported(home, "marts", "dim_leads_in_chains").set_index("lead_id")["recruit_kind"]
    expansions = set(kinds[kinds == "增资扩产"].index) & set(signed["lead_id"])
    assert expansions
    facts = exported(home, "marts", "fct_task_facts").query("lead_id in @expansions")
    left_out = facts[facts["indicator"].isin(["新增线索数", "新签约项目数", "储备项目数"])]
    assert left_out["not_counted_reason"].str.startswith("未计入：增资扩产（").all() and len(left_out)
    assert (
        not facts.loc[facts["indicator"] == "到位资金", "not_counted_reason"].fillna("").str.contains("增资扩产").any()
    )
    signed = signed[(pd.to_datetime(signed["known_date"]) <= as_of) & ~signed["lead_id"].isin(expansions)]
    first = pd.to_datetime(signed["moved_date"]).groupby(signed["lead_id"]).min()
    owner = leads.set_index("lead_id")["unit_name"].to_dict()
    known_units = set(exported(home, "marts", "dim_units")["unit_name"])
    counts: dict[tuple[str, int], int] = {}
    for lead, at in first.items():
        later = transfers[(transfers["lead_id"] == lead) & (pd.to_datetime(transfers["transferred_date"]) > at)]
        later = later[later["from_unit_name"].isin(known_units)].sort_values("transferred_date")
        unit = later["from_unit_name"].iloc[0] if len(later) else owner[str(lead)]
        counts[unit, at.year] = counts.get((unit, at.year), 0) + 1
    progress = board(home, "brd_task__progress")
    progress = progress[progress["indicator"] == "新签约项目数"]
    for found in progress.itertuples():
        assert found.done_value == counts.get((found.unit_name, found.target_year), 0), found
    assert sum(counts.values()) > 20


# --- permits ----------------------------------------------------------------------------------------------------------


def test_the_table_of_holidays_is_the_librarys() -> None:
    written = pd.read_csv(TABLE)
    assert list(written.itertuples(index=False, name=None)) == [(d.isoformat(), w, n) for d, w, n in exceptions()]


def test_working_days_are_those_of_the_library(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        days = connection.execute(
            "select calendar_date, is_working_day from intermediate.int_calendar__days"
        ).fetchall()
    years = {d.year for d, _ in days}
    assert len(days) == sum(366 if calendar.isleap(y) else 365 for y in years) and min(years) == 2020
    assert all(is_working == chinese_calendar.is_workday(d) for d, is_working in days)


def test_permits_are_counted_on_working_days(home: Path) -> None:
    found = board(home, "brd_follow_up__procedures")
    filed = row(found, lead_id="P1", procedure_step="立项备案")
    # 12 to 26 February 2026: the 13th, Saturday the 14th (worked), the 24th, 25th, 26th; the rest is Spring Festival.
    assert (filed["used_days"], filed["over_limit_days"] is None or pd.isna(filed["over_limit_days"])) == (5, True)
    assert filed["delay_days"] == 1
    review = row(found, lead_id="P1", procedure_step="环评")
    expected = len(chinese_calendar.get_workdays(day("2026-06-19"), day("2026-06-30")))
    assert (review["used_days"], review["delay_days"], review["blocked_days"]) == (expected, 4, 6)
    assert (review["state"], review["blocked_by_unit"], review["light"]) == ("卡住", "生态环境分局", "黄")
    early = row(found, lead_id="P2", procedure_step="立项备案")
    assert early["used_text"] == "暂无"  # accepted in a year that the calendar doesn't know


def test_the_critical_path_is_the_longest_way_to_the_end(home: Path) -> None:
    found = board(home, "brd_follow_up__procedures")
    mine = found[found["lead_id"] == "P1"].set_index("procedure_step")
    # 环评 has 13 of 20 days left, 招投标 all 15; 施工许可 needs both and 10 more: 25 working days from 30 June.
    assert mine["days_to_finish"].dropna().to_dict() == {"环评": 13, "招投标": 15, "施工许可": 25}
    assert mine["critical_path"].iloc[0] == "招投标→施工许可"
    assert mine["is_critical"].to_dict() == {"立项备案": False, "环评": False, "招投标": True, "施工许可": True}
    after = [day("2026-07-01") + dt.timedelta(days=i) for i in range(60)]
    twenty_fifth = [d for d in after if chinese_calendar.is_workday(d)][24]
    assert pd.Timestamp(mine.loc["施工许可", "expected_done_date"]).date() == twenty_fifth
    assert not mine.loc["招投标", "is_in_ledger"]  # the rule asks for it, nobody wrote it down


def test_bottlenecks_are_told_by_department(home: Path) -> None:
    found = board(home, "brd_follow_up__bottlenecks")
    stuck = row(found, department="生态环境分局", procedure_step="环评")
    assert stuck[["open_count", "blocked_count", "blocked_days", "longest_blocked_days"]].tolist() == [1, 1, 6, 6]
    assert stuck["blocked_projects"] == "P1项目" and pd.isna(stuck["within_limit_pct"])
    filed = row(found, department="区行政审批局", procedure_step="立项备案")
    assert filed[["done_count", "median_used_days", "within_limit_pct"]].tolist() == [2, 5, 100]


# --- projects ---------------------------------------------------------------------------------------------------------


def test_lights_come_with_their_reasons(home: Path) -> None:
    found = board(home, "brd_follow_up__status").set_index("lead_id")
    assert found.loc["P1", "light"] == "黄"
    assert found.loc["P1", "light_reasons"] == "超约定竣工15天；环评卡在生态环境分局6个工作日；形象进度落后10个百分点"
    assert found.loc["P1", ["start_late_days", "year_invested_wan_cny", "year_investment_pct"]].tolist() == [
        49,
        900,
        75,
    ]
    assert (found.loc["P1", "leader_name"], found.loc["P1", "missing_team_text"]) == ("甲领导", "")
    # Its leader takes over tomorrow.
    assert found.loc["P2", "light_reasons"] == "没有责任领导、服务专班；签约121天未开工；超约定开工29天"
    assert found.loc["P2", "missing_team_text"] == "领导、班子、计划"
    assert "P8" not in found.index  # its signing has no evidence
    assert found.loc["P7", "unit_name"] == "东园区"
    # In operation; its start and completion were never written down: neither waited for nor late.
    assert found.loc["P10", ["waiting_days", "start_late_days", "completion_late_days"]].isna().all()
    assert found.loc["P10", "operation_late_days"] == 30
    assert found.loc["P10", "light_reasons"] == "没有责任领导、服务专班"


def test_talks_without_a_next_action_are_red(home: Path) -> None:
    found = board(home, "brd_follow_up__talks").set_index("lead_id")
    assert found.loc["P3", ["next_action", "reminder", "light", "silent_days"]].tolist() == [
        "签框架协议",
        "本周到期",
        "绿",
        5,
    ]
    # What was written down two days later is not known.
    assert found.loc["P4", ["reminder", "light", "follow_up_count"]].tolist() == ["没有下一步", "红", 0]


def test_promised_and_kept_after_landing(home: Path) -> None:
    found = board(home, "brd_follow_up__fulfilment")
    first = row(found, lead_id="P10", year_no=1)
    assert first[["tax_year", "paid_tax_wan_cny", "tax_pct", "tax_wan_cny_per_mu"]].tolist() == [2025, 80, 80, 4]
    assert (first["fulfilment_text"], first["intensity_wan_cny_per_mu"]) == ("低于约定", 900)
    assert row(found, lead_id="P10", year_no=2)["fulfilment_text"] == "未到期"
    assert row(found, lead_id="P1", year_no=1)["fulfilment_text"] == "未投产"
    past = on_another_day(home, "boards/follow_up/brd_follow_up__fulfilment.sql", "2026-02-28")
    assert row(past, lead_id="P10", year_no=1)["fulfilment_text"] == "暂无税收数据"  # confirmed on 1 March


@pytest.mark.parametrize(("paid", "verdict"), [(400.0, "已达约定"), (399.0, "低于约定"), (None, "暂无税收数据")])
def test_a_year_is_compared_with_what_was_agreed_for_that_year(home: Path, paid: float | None, verdict: str) -> None:
    """A ramp of 400, 700, 1000 on 50 亩 with 20 万元/亩 at the end: the first year is no breach of the end's promise."""
    agreed = """
        select 'P10' as lead_id, 'C' as agreed_contract_no, date '2024-01-01' as agreed_date, 50.0 as agreed_land_mu,
            400.0 as agreed_tax_year1_wan_cny, 700.0 as agreed_tax_year2_wan_cny, 1000.0 as agreed_tax_year3_wan_cny,
            20.0 as agreed_tax_wan_cny_per_mu, null::double as agreed_intensity_wan_cny_per_mu,
            8000.0 as agreed_fixed_investment_wan_cny, null::double as agreed_output_wan_cny
    """
    tax = f"""
        select 'P10' as lead_id, 'U' as uscc, 2025 as tax_year, {paid or "null"}::double as paid_tax_wan_cny, null::double as output_wan_cny,
            50.0 as land_mu, 1 as received_seq, date '2026-03-01' as confirmed_date
    """
    path = "boards/follow_up/brd_follow_up__fulfilment.sql"
    found = on_rows(home, path, "2026-06-30", {"stg_ledger__project_commitments": agreed, "stg_ledger__tax_paid": tax})
    first = row(found, lead_id="P10", year_no=1)
    assert (first["fulfilment_text"], first["agreed_tax_wan_cny_per_mu"]) == (verdict, 8)
    assert (
        first["agreed_intensity_wan_cny_per_mu"] == 160
    )  # of the fixed investment, where the contract names no intensity
    assert (first["shortfall_text"] is None) == (verdict != "低于约定")


def test_every_list_of_breaches_has_one_verdict(home: Path) -> None:
    kept, projects = board(home, "brd_follow_up__fulfilment"), board(home, "brd_park__projects")
    short = set(kept.loc[kept["fulfilment_text"] == "低于约定", "lead_id"])
    assert short and short & set(projects["lead_id"])
    says_so = projects["breach_text"].str.contains("税收", na=False)
    assert set(projects.loc[says_so, "lead_id"]) == short & set(projects["lead_id"])
    judged = set(kept.loc[kept["fulfilment_text"].isin(["低于约定", "已达约定"]), "lead_id"])
    told = projects[projects["paid_tax_year"].notna()]
    assert set(told["lead_id"]) == judged & set(projects["lead_id"])


def test_a_forecast_on_one_month_is_not_made(home: Path) -> None:
    found = board(home, "brd_follow_up__foreign_forecast").iloc[0]
    assert found["forecast_text"] == "暂无：有计划的月份只有1个" and pd.isna(found["forecast_wan_usd"])
    own = home / "landing" / "office" / "dispatch_rules.parquet"
    one = f"select * replace (case when rule_key = 'forecast_min_months' then '1' else rule_value end as rule_value) from '{own}'"
    path = "boards/follow_up/brd_follow_up__foreign_forecast.sql"
    told = on_another_day(home, path, "2026-06-30", dispatch_rules=one).iloc[0]
    # 100 of 200 planned came in February: half of the 100 still planned.
    assert told["forecast_wan_usd"] == 200 + 100 * 0.5


def on_rows(home: Path, path: str, as_of: str, tables: dict[str, str]) -> pd.DataFrame:
    """What a compiled model says where some of its tables hold these rows."""
    sql = (home / "dbt_target" / "compiled" / "zeyou" / "models" / path).read_text(encoding="utf-8")
    for table, rows in tables.items():
        schema = "staging" if table.startswith("stg_") else "intermediate"
        assert f'"warehouse"."{schema}"."{table}"' in sql
        sql = sql.replace(f'"warehouse"."{schema}"."{table}"', f"({rows})")
    sql = sql.replace("2026-06-30", as_of)
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).df()


def test_a_forecast_takes_whole_months_and_verified_money(home: Path) -> None:
    # A plan of 10 a month and half of it paid; what came before the 24 months was ten times the plan. May waits for its verification.
    rows = """
        select '实际使用外资' as fdi_kind, month_date as counted_date, if(month_date < date '2024-06-01', 100.0, 5.0) as amount_wan_usd,
            if(month_date = date '2026-05-01', date '2026-06-20', last_day(month_date)) as known_date
        from generate_series(date '2024-05-01', date '2026-05-01', interval 1 month) as months (month_date)
        union all
        select '月度计划', month_date, 10.0, null
        from generate_series(date '2024-05-01', date '2026-12-01', interval 1 month) as months (month_date)
    """
    path = "boards/follow_up/brd_follow_up__foreign_forecast.sql"
    found = on_rows(home, path, "2026-06-15", {"int_project__fdi": rows}).iloc[0]
    # January to April are paid, June to December are planned; June 2024 to April 2026 tell what plans bring.
    assert found[["paid_wan_usd", "rest_planned_wan_usd", "month_count"]].tolist() == [20, 70, 23]
    assert found[["forecast_low_wan_usd", "forecast_wan_usd", "forecast_high_wan_usd"]].tolist() == [55, 55, 55]
    found = on_rows(home, path, "2026-06-21", {"int_project__fdi": rows}).iloc[0]
    assert found[["paid_wan_usd", "rest_planned_wan_usd", "month_count"]].tolist() == [25, 70, 24]


def test_of_two_reports_of_a_month_the_later_one_stands(home: Path) -> None:
    rows = """
        select * from (values
            ('P', date '2026-03-15', 100.0, null), ('P', date '2026-03-31', 160.0, date '2026-04-08'), ('P', date '2026-04-15', 40.0, null)
        ) as reports (lead_id, period_date, month_investment_wan_cny, verified_date)
    """
    path = "intermediate/project/int_project__months.sql"
    found = on_rows(home, path, "2026-06-30", {"stg_ledger__investment_progress": rows}).sort_values("period_date")
    assert found["month_investment_wan_cny"].tolist() == [160, 40]
    assert found["known_date"].astype(str).str[:10].tolist() == ["2026-04-08", "2026-04-30"]


def test_events_show_what_became_of_their_projects(home: Path) -> None:
    found = board(home, "brd_follow_up__events").set_index(["event_id", "lead_id"])
    assert found.loc[("E1", "P1"), "outcome_text"] == "已开工"
    assert found.loc[("E1", "P2"), "outcome_text"] == "签约后121天未开工"
    assert found.loc[("E1", "X404"), "stage"] == "线索编号不在线索台账中"
    assert bool(found.loc[("E3", ""), "is_ahead"]) and found.loc[("E3", ""), "stage"] == "未安排项目"


# --- supervision ------------------------------------------------------------------------------------------------------


def test_supervision_lists_facts(home: Path) -> None:
    found = board(home, "brd_assessment__supervision").set_index("item_id")
    assert found.loc["M1", ["late_days", "reminder_level", "fact_text"]].tolist() == [29, "二级催办", "超期29天未办结"]
    assert found.loc["M1", ["unit_name", "project_name"]].tolist() == ["南岭镇", "P2项目"]
    assert found.loc["M2", ["state", "fact_text"]].tolist() == ["已办结", "按期办结"]
    assert found.loc["M3", "reminder_level"] == "列入约谈事实清单" and not found.loc["M3", "is_unit_known"]
    assert found.loc["M4", "fact_text"] == "距完成时限10天" and "M5" not in found.index


def test_a_stage_without_its_evidence_does_not_count(home: Path) -> None:
    found = board(home, "brd_assessment__evidence").set_index(["lead_id", "stage"])
    assert not found.loc[("P8", "签约"), "is_counted"]
    assert found.loc[("P8", "签约"), "evidence_text"] == "未计入：缺少佐证材料，应有签约协议"
    assert found.loc[("P1", "签约"), "evidence_text"] == "计入；区统计局于2026-01-25核验"
    assert found.loc[("P7", "开工"), "evidence_text"] == "计入；有1份材料存疑或退回"


def test_only_what_is_approved_and_not_confidential_may_be_published(home: Path) -> None:
    found = board(home, "brd_assessment__publicity").set_index("release_id")
    assert found.loc[["X1", "X2", "X3", "X4"], "publicity_text"].tolist() == [
        "可发布",
        "涉密，不得发布",
        "未批准",
        "未批准",
    ]
    assert found.loc["X2", "release_text"] is None or pd.isna(found.loc["X2", "release_text"])


def test_every_board_stands_on_the_day(home: Path, district: District) -> None:
    for path in sorted((home / "exports" / "boards").glob("*.parquet")):
        frame = pd.read_parquet(path)
        if "as_of_date" in frame and len(frame):
            assert set(pd.to_datetime(frame["as_of_date"]).dt.date) == {day("2026-06-30")}, path.stem


# --- the dispatch pack ------------------------------------------------------------------------------------------------

RULES = pd.read_csv(DEFAULTS / "dispatch_rules.csv")


@pytest.fixture(scope="module")
def frames(home: Path) -> dict[str, pd.DataFrame]:
    return {name: board(home, name) for name in stems((*READINGS, *PAGES))}


def test_the_pack_holds_red_projects_arrears_and_what_was_left_open(
    home: Path, frames: dict[str, pd.DataFrame]
) -> None:
    pack = dispatch_figures(Month(2026, 6), day("2026-06-30"), frames, RULES, is_synthetic=True)
    assert pack.chair == "区委书记"  # an even month
    totals = pack.tables["总体情况"].set_index("指标")
    # 7 were set above; P1, P2 and P7 and the seeded projects of the year count for it.
    moves = exported(home, "marts", "fct_task_facts")
    signed = moves[(moves["indicator"] == "新签约项目数") & moves["not_counted_reason"].isna()]
    signed = signed[pd.to_datetime(signed["known_date"]) <= pd.Timestamp("2026-06-30")]
    first = pd.to_datetime(signed["fact_date"]).groupby(signed["fact_key"]).min()
    done = int((first.dt.year == 2026).sum())
    assert totals.loc["新签约项目数", ["全年任务", "任务依据", "完成", "完成率"]].tolist() == [
        "7个", "上级下达", str(done), f"{100 * done / 7:.1f}%",
    ]  # fmt: skip
    own = board_of_year(frames["brd_task__district"], 2026)
    assert totals["欠账"].tolist() == ["暂无" if pd.isna(v) else f"{v:g}" for v in own["arrears_value"]]
    assert totals.loc["实际使用外资", ["全年任务", "任务依据", "完成", "完成率"]].tolist() == [
        "400万美元", "分解合计", "200", "50.0%",
    ]  # fmt: skip
    assert (
        totals.loc["到位资金", "欠账"] == f"{round(10000 * 181 / 365 - 500, 2):g}"
    )  # by days, as each unit's, not by the 49.59 of the page
    red = pack.tables["红灯项目"].set_index("项目")
    assert red.loc["P2项目", ["责任单位", "责任领导", "阶段"]].tolist() == ["南岭镇", "未明确", "签约"]
    assert "P1项目" not in red.index and "P1项目" in set(pack.tables["黄灯项目"]["项目"])
    assert pack.tables["超期事项"]["编号"].tolist() == ["M3", "M1"]  # the later the higher
    assert pack.tables["结转事项"]["编号"].tolist() == ["M3", "M1"]  # M2 is closed, M4 is of this month
    assert pack.tables["本月新议事项"]["编号"].tolist() == ["M4"]
    behind = set(zip(pack.tables["欠账单位"]["单位"], pack.tables["欠账单位"]["指标"], strict=True))
    assert behind == {("南岭镇", "到位资金"), ("东园区", "新签约项目数"), ("南岭招商组", "新签约项目数")}
    assert pack.tables["市级重点"]["项目"].tolist() == ["P1项目"] and pack.tables["区级重点"].empty
    assert pack.tables["卡点部门"][["部门", "手续", "项目"]].to_numpy().tolist() == [["生态环境分局", "环评", "P1项目"]]
    by_chain = pack.tables["分产业"]
    assert by_chain["新签约项目数"].sum() == done


def test_the_pack_is_made_again_the_same_and_laid_out(frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    pack = dispatch_figures(Month(2026, 6), day("2026-06-30"), frames, RULES, is_synthetic=True)
    word, excel = write_dispatch_pack(tmp_path / "一", pack, tmp_path / "模板.docx")
    again = write_dispatch_pack(tmp_path / "二", pack, tmp_path / "模板二.docx")
    assert [word.read_bytes(), excel.read_bytes()] == [path.read_bytes() for path in again]
    document = Document(str(word))
    page = document.sections[0]
    assert [round(m.mm) for m in (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)] == [
        37,
        35,
        28,
        26,
    ]
    text = "\n".join(p.text for p in document.paragraphs)
    assert "2026年6月招商引资调度会材料" in text and "主持：区委书记（双月）" in text and "合成数据" in text
    assert "{{" not in text and "{%" not in text
    cells = [[cell.text for cell in line.cells] for line in document.tables[0].rows]
    assert cells[0][:3] == ["指标", "全年任务", "任务依据"] and len(cells) == 1 + len(pack.tables["总体情况"])
    with zipfile.ZipFile(excel) as book:
        assert sum(name.startswith("xl/media/") for name in book.namelist()) == len(pack.drawings)
    sheets = pd.read_excel(excel, sheet_name=[*pack.tables, "口径"], header=2)
    stages = frames["brd_funnel__stages"]
    most = stages[(stages["slice_kind"] == "全区") & (stages["stage"] == "线索")]["at_least_count"].item()
    assert f">{most}</text>" in pack.drawings["funnel"] and len(document.inline_shapes) == len(pack.drawings)
    assert set(pack.drawings) == {"funnel", "arrears", "balance", "trend", "foretold"}
    assert (
        len(sheets["红灯项目"]) == len(pack.tables["红灯项目"]) > 15
    )  # Word shows the first, the workbook has them all
    frozen = freeze(tmp_path, "调度材料", "2026-06", (word, excel), pack.as_of)
    assert freeze(tmp_path, "调度材料", "2026-06", again, pack.as_of).number == frozen.number == 1


def test_the_pack_is_refused_where_a_figure_would_be_wrong(frames: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(PackRefused, match="2026年7月的材料要用该月内某一天的数据，现有数据截至2026-06-30"):
        dispatch_figures(Month(2026, 7), day("2026-06-30"), frames, RULES)
    # A red check leaves the list of yesterday; the boards are of today.
    with pytest.raises(PackRefused, match="的截至日与清单（2026-06-29）不一致"):
        dispatch_figures(Month(2026, 6), day("2026-06-29"), frames, RULES)
    progress = frames["brd_task__progress"]
    without = progress.assign(target_value=progress["target_value"].where(progress["indicator"] != "新签约项目数"))
    with pytest.raises(PackRefused, match="2026年“新签约项目数”任务未下达，完成率没有分母"):
        dispatch_figures(Month(2026, 6), day("2026-06-30"), {**frames, "brd_task__progress": without}, RULES)
    with pytest.raises(PackRefused, match="由谁主持没有规定"):
        dispatch_figures(Month(2026, 6), day("2026-06-30"), frames, RULES[RULES["rule_key"] != "chair_even_month"])
    with pytest.raises(ValueError, match="应为年月"):
        Month.read("2026-13")
    assert [chair_of(Month(2026, n), RULES) for n in (5, 6, 12)] == ["区长", "区委书记", "区委书记"]


def test_a_project_has_its_page_with_agreed_and_actual_dates(frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    status, procedures = frames["brd_follow_up__status"], frames["brd_follow_up__procedures"]
    pages = project_pages(status, procedures, day("2026-06-30"))
    assert [page["light"] for page in pages] == sorted((p["light"] for p in pages), key="红黄绿".index)
    mine = next(page for page in pages if page["name"] == "P1项目")
    assert mine["dates"][1:] == [
        ["约定", "—", "2026-04-01", "2026-06-15", "2027-01-01"],
        ["实际", "2026-01-15", "2026-05-20", "未到", "未到"],
        ["比约定（天）", "—", "晚49", "已超15", "还有185"],
    ]
    # From 1 January 2026 to 31 days after 1 January 2027: 396 days; 1 April is the 90th after the first.
    assert mine["milestones"][1] == {"name": "开工", "due": round(90 / 396, 5), "done": round(139 / 396, 5)}
    assert mine["steps"][1][5:] == ["7/20", "缺总量指标（生态环境分局，6个工作日）"]
    few = status[status["lead_id"].isin(["P1", "P2"])]
    paths = [tmp_path / "一.pdf", tmp_path / "二.pdf"]
    some = {**frames, "brd_follow_up__status": few}
    assert [write_project_pages(path, some, day("2026-06-30"), True) for path in paths] == [2, 2]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with pytest.raises(PackRefused, match="没有签约后在跟进的项目"):
        write_project_pages(paths[0], {**some, "brd_follow_up__status": few.iloc[:0]}, day("2026-06-30"))
    total = len(status)
    assert extent_words(total, total).endswith(f"共 {total} 个，全部列出")
    assert (
        f"只列前 2 个（红灯在前，同色的投资大的在前）；其余 {total - 2} 个见办公桌看板“签约项目跟进”"
        in extent_words(2, total)
    )


def test_units_are_scored_from_the_same_facts(home: Path) -> None:
    """A scheme over the hand-made projects: its points are the board's figures, and each is traced."""
    rule = {"scheme_name": "试算", "rule_kind": "完成率", "valid_from_date": day("2026-01-01"), "cap": 100.0}
    table = pd.DataFrame(
        [
            rule | {"rule_code": "签约", "indicator": "签约", "points": 60.0, "measured_indicator": "新签约项目数", "cap": 60.0},
            rule | {"rule_code": "到资", "indicator": "到资", "points": 40.0, "measured_indicator": "到位资金"},
            rule | {"rule_code": "超时", "indicator": "超时", "points": 5.0, "rule_kind": "按个扣分", "cap": 10.0,
                    "measured_indicator": "超时限未开工项目数"},
        ]
    ).reindex(columns=exported(home, "marts", "fct_scoring_rules").columns)  # fmt: skip
    names = ("fct_assessment_marks", "fct_task_facts", "fct_target_history", "dim_units")
    marts = [exported(home, "marts", name) for name in names]
    indicators = pd.read_csv(DEFAULTS / "indicators.csv")
    found = assess(table, *marts, indicators, day("2026-06-30"), passed=dict.fromkeys(("月", "季", "半年", "年"), 1.0))
    items = found.items[found.items["unit_name"] == "南岭镇"].set_index("rule_code")["item_points"]
    # 3 of 4 signed; 500 of 10000 paid in; P2 has not started by 1 June.
    assert items.to_dict() == {"签约": 45.0, "到资": 2.0, "超时": -5.0}
    assert found.scores.set_index("unit_name").loc["南岭镇", "score"] == 42.0
    behind = found.traces[(found.traces["unit_name"] == "南岭镇") & found.traces["is_counted"]]
    assert sorted(behind[behind["rule_code"] == "签约"]["project_name"]) == ["P1项目", "P2项目", "P7项目"]
    # On the last day of September: 3 of 3 after the cut; P8 still has no evidence.
    later = assess(table, *marts, indicators, day("2026-10-01"), passed=dict.fromkeys(("月", "季", "半年", "年"), 1.0))
    assert later.items[later.items["unit_name"] == "南岭镇"].set_index("rule_code")["item_points"]["签约"] == 60.0
    refused = assess(
        exported(home, "marts", "fct_scoring_rules"),
        *marts,
        indicators,
        day("2026-06-30"),
        passed=dict.fromkeys(("月", "季", "半年", "年"), 1.0),
    )
    assert refused.scores.empty  # the example rows of the ledger name no known indicator
