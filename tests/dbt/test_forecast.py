"""What is foretold (预测), beside what came: worked by hand on a district that signs one of two leads a month, and as known on each day.

Belongs here: 签约预测、外资预计 and their records. Does not belong here: the same from the sample's ledgers
(tests/integration/recomputed/forecast.py).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from invented_district import exported, told_on

pytestmark = pytest.mark.dbt
RECORD = "funnel/brd_funnel__signing_record.sql"
FORECAST = "funnel/brd_funnel__signing_forecast.sql"
FOREIGN = "follow_up/brd_follow_up__foreign_record.sql"
TOLD = ["open_count", "past_month_count", "expected_count", "low_count", "high_count"]
TOLD_MONEY = ["expected_wan_cny", "low_wan_cny", "high_wan_cny", "rehearsal_count", "forecast_text"]


def rules(**values: str) -> pd.DataFrame:
    own = {"forecast_months": "24", "forecast_min_months": "6", "signing_forecast_months_ahead": "2"}
    own |= {"forecast_coverage_pct": "80"} | values
    rows = {"rule_key": list(own), "rule_value": list(own.values())}
    return pd.DataFrame({**rows, "valid_from": [dt.date(2020, 1, 1)] * len(own)})


def one_of_two(*, last: str = "2025-05") -> dict[str, pd.DataFrame]:
    """A and B are reported on the 10th of each month; a month later A signs on the 20th and B ends on the 25th.

    A of August 2024 ends instead of signing. That A of March 2025 signed in April was written down on 5 May.
    """
    leads: list[dict[str, Any]] = []
    moves: list[dict[str, Any]] = []
    for month in pd.period_range("2024-01", last, freq="M"):
        after = month + 1
        for name, stage, day, amount in [("A", "签约", 20, 1000.0), ("B", "终止", 25, 3000.0)]:
            lead = f"{name}{month}"
            reported = dt.date(month.year, month.month, 10)
            leads.append({"lead_id": lead, "reported_date": reported, "investment_wan_cny": amount})
            stage = "终止" if lead == "A2024-08" else stage
            moved = dt.date(after.year, after.month, day)
            known = dt.date(2025, 5, 5) if lead == "A2025-03" else moved
            order = 3 if stage == "签约" else 99
            moves.append(
                {"lead_id": lead, "stage": stage, "stage_order": order, "moved_date": moved, "known_date": known,
                 "has_required_evidence": True}
            )  # fmt: skip
    ids = [row["lead_id"] for row in leads]
    return {
        "dim_leads": pd.DataFrame(leads),
        "fct_stage_moves": pd.DataFrame(moves),
        "stg_ledger__leads": pd.DataFrame({"lead_id": ids, "project_name": ids}),
        "stg_identity__leads": pd.DataFrame({"lead_id": ids, "enterprise_id": ids}),
        "int_lead__recruit_kind": pd.DataFrame({"lead_id": ids, "is_expansion": [False] * len(ids)}),
    }


def row(frame: pd.DataFrame, told: str, ahead: int) -> pd.Series[Any]:
    found = frame[(frame["told_date"].astype(str).str[:10] == told) & (frame["months_ahead"] == ahead)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_forecast_is_that_worked_by_hand(home: Path) -> None:
    found = told_on(home, RECORD, "2025-06-15", dispatch_rules=rules(), **one_of_two())
    june = row(found, "2025-06-01", 1)
    # 16 months from February 2024 to May 2025 had 2 leads in hand on their first day, May had 3 (A of March was not known to
    # have signed): 33. All but September's brought one signing of a lead in hand: 15. Two are in hand now.
    assert (june["open_count"], june["past_month_count"], june["expected_count"]) == (2, 16, 0.91)
    assert june["expected_wan_cny"] == pytest.approx(4000 * 15 * 1000 / (16 * 4000 + 1000), abs=0.005)
    # Told from August 2024 on (six months to learn from): errors 0, -1, .12, .11, .10, .09, .08, .08, .07 and in May 1 - 1.3.
    # Of ten the first from either end: -1 and .12; less than nothing can't be signed.
    assert (june["rehearsal_count"], june["low_count"], june["high_count"]) == (10, 0, 1.03)
    assert june["forecast_text"] == "约0.91个（0至1.03个）"
    # A signs on the 20th: not yet.
    assert (june["is_over"], june["came_count"]) == (False, 0) and pd.isna(june["is_count_inside"])
    # The month after is signed by leads that are not in hand yet: 14 in 15 months.
    july = row(found, "2025-06-01", 2)
    assert (july["past_month_count"], july["expected_count"]) == (15, 0.93)
    assert july["expected_wan_cny"] == pytest.approx(1000 * 14 / 15, abs=0.005) and pd.isna(july["came_count"])


def test_what_was_told_stands_beside_what_came(home: Path) -> None:
    found = told_on(home, RECORD, "2025-06-15", dispatch_rules=rules(), **one_of_two())
    may = row(found, "2025-05-01", 1)
    # On 1 May the signing of April was not known: three in hand, 13 signings of 30 in hand before.
    assert (may["open_count"], may["expected_count"], may["came_count"]) == (3, 1.3, 1)
    # Nine errors by then: August to April, of which April's is 0 - .93 as known then; the smallest is September's -1.
    assert (may["rehearsal_count"], may["low_count"], may["high_count"]) == (9, 0.3, 1.42)
    assert may["is_over"] and may["is_count_inside"]
    september = row(found, "2024-09-01", 1)
    assert (september["expected_count"], september["came_count"]) == (1, 0)
    assert september["forecast_text"] == "约1个，没有区间：预演只有1次" and pd.isna(september["is_count_inside"])
    april = row(found, "2025-04-01", 1)
    assert (april["came_count"], april["came_wan_cny"]) == (1, 1000)  # known by now


def test_too_little_history_is_no_forecast(home: Path) -> None:
    found = told_on(home, RECORD, "2025-06-15", dispatch_rules=rules(), **one_of_two())
    assert row(found, "2024-07-01", 1)["forecast_text"] == "无法预测：可对照的月份只有5个"
    assert row(found, "2024-08-01", 1)["expected_count"] == 1
    # A lead in talks, where none was in talks before: nobody knows what such leads bring.
    tables = one_of_two()
    talk = {"lead_id": "B2025-05", "stage": "在谈", "stage_order": 2, "moved_date": dt.date(2025, 5, 20),
            "known_date": dt.date(2025, 5, 20), "has_required_evidence": True}  # fmt: skip
    tables["fct_stage_moves"] = pd.concat([tables["fct_stage_moves"], pd.DataFrame([talk])], ignore_index=True)
    found = told_on(home, RECORD, "2025-06-15", dispatch_rules=rules(), **tables)
    june = row(found, "2025-06-01", 1)
    assert june["forecast_text"] == "无法预测：在手线索中有以往没有出现过的阶段"
    assert june[["expected_count", "low_count", "expected_wan_cny", "high_wan_cny"]].isna().all()


@pytest.mark.parametrize("as_of", ["2025-11-01", "2026-01-15", "2026-04-30"])
def test_nothing_learnt_later_changes_what_was_told(home: Path, as_of: str) -> None:
    then, now = told_on(home, RECORD, as_of), exported(home, "boards", "brd_funnel__signing_record")
    key = ["told_date", "months_ahead"]
    for frame in (then, now):
        frame["told_date"] = pd.to_datetime(frame["told_date"])
    both = then.merge(now, on=key, suffixes=("", "_now"))
    assert len(both) >= 6 * 15 and both["expected_count"].notna().any() and both["high_wan_cny"].notna().any()
    for column in TOLD + TOLD_MONEY:
        pd.testing.assert_series_equal(both[column], both[f"{column}_now"], check_names=False)


def test_what_came_is_what_the_months_of_units_say(home: Path) -> None:
    record = exported(home, "boards", "brd_funnel__signing_record")
    months = exported(home, "boards", "brd_unit__indicators")
    for indicator, column in [("新签约项目数", "came_count"), ("签约金额", "came_wan_cny")]:
        told = months[months["indicator"] == indicator].groupby("month_date")["indicator_value"].sum()
        came = record[record["is_over"]].drop_duplicates("month_date").set_index("month_date")[column]
        shared = came.index.intersection(told.index)
        assert len(shared) > 20 and came.sum() > 0
        assert came[shared].round(4).tolist() == told[shared].round(4).tolist()


def test_the_forecast_of_the_month_counts_how_often_it_held(home: Path) -> None:
    record = exported(home, "boards", "brd_funnel__signing_record")
    forecast = exported(home, "boards", "brd_funnel__signing_forecast")
    assert forecast["months_ahead"].tolist() == [1, 2, 3, 4, 5, 6]
    assert str(forecast["month_date"].iloc[0])[:10] == "2026-06-01"
    for ahead, told in forecast.set_index("months_ahead").iterrows():
        # The running month is judged by what was told on the same day of the months before it.
        low, high = (f"running_{end}_count" if ahead == 1 else f"{end}_count" for end in ("low", "high"))
        own = record[(record["months_ahead"] == ahead) & record["is_over"] & record[low].notna()]
        inside = own["came_count"].between(own[low], own[high]).sum()
        assert (told["judged_count"], told["inside_count"]) == (len(own), inside)
        assert told["held_text"].startswith(f"个数{len(own)}次中{inside}次")


# --- foreign capital --------------------------------------------------------------------------------------------------


def foreign(known: dict[str, dt.date] | None = None, **paid: tuple[float, float]) -> dict[str, pd.DataFrame]:
    """Months with (paid, planned) in dollars; what was paid in is known on its day, or on the one given."""
    days = {m: dt.date(int(m[1:5]), int(m[5:]), 28) for m in paid}
    rows: list[dict[str, Any]] = []
    for m, (came, plan) in paid.items():
        row = {"counted_date": days[m], "known_date": None}
        rows.append(row | {"fdi_kind": "月度计划", "amount_wan_usd": plan})
        row["known_date"] = (known or {}).get(m, days[m])
        rows.append(row | {"fdi_kind": "实际使用外资", "amount_wan_usd": came})
    # Another kind counts for nothing here.
    rows.append(
        {"counted_date": days[min(days)], "known_date": days[min(days)], "fdi_kind": "合同外资", "amount_wan_usd": 999}
    )
    plans = pd.DataFrame({"period_date": list(days.values()), "planned_fdi_wan_cny": 7.0})
    return {"int_project__fdi": pd.DataFrame(rows), "stg_ledger__investment_progress": plans}


def test_foreign_capital_told_stands_beside_what_came(home: Path) -> None:
    tables = foreign(
        m202410=(50, 100), m202411=(60, 100), m202412=(100, 100), m202501=(80, 100), m202502=(20, 200), m202503=(0, 0)
    )
    found = told_on(home, FOREIGN, "2026-01-01", dispatch_rules=rules(forecast_min_months="3"), **tables)
    found = found.assign(day=found["told_date"].astype(str).str[:10]).set_index("day")
    # Shares .5, .6, 1: quartiles .55, .6, .8 of the 300 planned for 2025; 100 came.
    january = found.loc["2025-01-01"]
    assert january[["forecast_low_wan_usd", "forecast_wan_usd", "forecast_high_wan_usd"]].tolist() == [165, 180, 240]
    assert (january["came_wan_usd"], january["is_inside"]) == (100, False)
    # 80 paid; shares .5, .6, .8, 1 of the 200 still planned: more than what came.
    february = found.loc["2025-02-01"]
    assert (february["forecast_low_wan_usd"], february["is_inside"]) == (80 + 200 * 0.575, False)
    assert found.loc["2025-03-01", "forecast_text"] == "暂无：余下月份没有计划"
    assert found.loc["2024-12-01", "forecast_text"] == "暂无：有计划的月份只有2个"
    # Known only on 10 April: February waited, so its share told nothing in March, and the money came all the same.
    late = foreign(
        {"m202502": dt.date(2025, 4, 10)},
        m202410=(50, 100), m202411=(60, 100), m202412=(100, 100), m202501=(80, 100), m202502=(20, 200), m202504=(0, 100),
    )  # fmt: skip
    waited = told_on(home, FOREIGN, "2026-01-01", dispatch_rules=rules(forecast_min_months="3"), **late)
    waited = waited.assign(day=waited["told_date"].astype(str).str[:10]).set_index("day")
    columns = ["paid_wan_usd", "rest_planned_wan_usd", "month_count", "forecast_wan_usd", "came_wan_usd"]
    assert waited.loc["2025-03-01", columns].tolist() == [80, 100, 4, 80 + 100 * 0.7, 100]
    assert waited.loc["2025-05-01", columns[:2]].tolist() == [100, 0]
    assert (waited["came_wan_usd"] == waited["target_year"].map({2024: 210, 2025: 100})).sum() == 24
    early = told_on(home, FOREIGN, "2025-12-30", dispatch_rules=rules(forecast_min_months="3"), **tables)
    of_2025 = early[early["target_year"] == 2025]
    assert not of_2025["is_over"].any() and of_2025[["came_wan_usd", "is_inside"]].isna().all(axis=None)


def test_foreign_capital_told_today_is_the_record_of_that_day(home: Path) -> None:
    path = "follow_up/brd_follow_up__foreign_forecast.sql"
    today = told_on(home, path, "2026-05-01", dispatch_rules=rules(forecast_min_months="1")).iloc[0]
    record = told_on(home, FOREIGN, "2026-06-30", dispatch_rules=rules(forecast_min_months="1"))
    then = record[record["told_date"].astype(str).str[:10] == "2026-05-01"].iloc[0]
    shared = ["target_year", "paid_wan_usd", "rest_planned_wan_usd", "month_count", "forecast_wan_usd", "forecast_text"]
    assert today[shared].tolist() == then[shared].tolist() and today["forecast_wan_usd"] > 0


# --- the month that runs ----------------------------------------------------------------------------------------------


def test_the_running_month_is_what_is_known_and_what_such_months_brought_later(home: Path) -> None:
    # On 25 June A of May has signed (20 June). Of 15 signings in 16 months 14 were known on the 25th: April's was not.
    june = row(told_on(home, RECORD, "2025-06-25", dispatch_rules=rules(), **one_of_two()), "2025-06-01", 1)
    assert (june["expected_count"], june["known_count"], june["rest_count"]) == (0.91, 1, round(0.91 / 15, 2))
    # Nothing known by the 15th in any month: everything is still to come.
    early = row(told_on(home, RECORD, "2025-06-15", dispatch_rules=rules(), **one_of_two()), "2025-06-01", 1)
    assert (early["known_count"], early["rest_count"]) == (0, early["expected_count"])


@pytest.mark.parametrize("as_of", ["2025-11-30", "2026-01-01", "2026-03-17", "2026-06-30"])
def test_no_forecast_of_a_running_month_is_less_than_what_is_known(home: Path, as_of: str) -> None:
    record = told_on(home, RECORD, as_of)
    own = record[(record["months_ahead"] == 1) & record["expected_count"].notna()]
    assert len(own) > 10 and own["running_low_count"].notna().any()
    for measure in ("count", "wan_cny"):
        bounds = own[[f"running_low_{measure}", f"running_high_{measure}"]]
        assert (bounds.min(axis=1).fillna(1e12) >= own[f"known_{measure}"].round(2)).all()
        assert (own[f"rest_{measure}"].dropna() >= 0).all()
    now = own.iloc[own["told_date"].astype(str).argmax()]
    assert now["known_count"] == now["came_count"]


def test_the_forecast_of_a_running_month_is_known_plus_rest(home: Path) -> None:
    # As of the end of the last month that the district signed in, whichever that is.
    record = exported(home, "boards", "brd_funnel__signing_record")
    month = pd.Timestamp(record.loc[record["is_over"] & (record["came_count"] > 0), "month_date"].max())
    as_of = f"{month + pd.offsets.MonthEnd():%Y-%m-%d}"
    forecast = told_on(home, FORECAST, as_of, brd_funnel__signing_record=told_on(home, RECORD, as_of))
    forecast = forecast.set_index("months_ahead")
    running = forecast.loc[1]
    assert running["expected_count"] == pytest.approx(running["known_count"] + running["rest_count"], abs=0.006)
    assert running["expected_count"] >= running["known_count"] == running["came_count"] > 0
    assert running["forecast_text"].startswith(f"已签{int(running['known_count'])}个，其余约")
    assert forecast.loc[2:, "known_count"].isna().all()
    assert 0 < running["inside_count"] <= running["judged_count"]


def test_a_bound_that_was_passed_is_said_before_the_month_is_over(home: Path) -> None:
    tables = one_of_two()
    # Five leads more sign on 3 June, where at most 1.03 were told.
    extra = [f"C{at}" for at in range(5)]
    leads = pd.DataFrame({"lead_id": extra, "reported_date": dt.date(2025, 6, 2), "investment_wan_cny": 10.0})
    moves = pd.DataFrame(
        {"lead_id": extra, "stage": "签约", "stage_order": 3, "moved_date": dt.date(2025, 6, 3),
         "known_date": dt.date(2025, 6, 3), "has_required_evidence": True}
    )  # fmt: skip
    ids = pd.DataFrame({"lead_id": extra})
    for name, frame in {
        "dim_leads": leads, "fct_stage_moves": moves, "stg_ledger__leads": ids.assign(project_name=extra),
        "stg_identity__leads": ids.assign(enterprise_id=extra), "int_lead__recruit_kind": ids.assign(is_expansion=False),
    }.items():  # fmt: skip
        tables[name] = pd.concat([tables[name], frame], ignore_index=True)
    found = told_on(home, RECORD, "2025-06-15", dispatch_rules=rules(), **tables)
    june = row(found, "2025-06-01", 1)
    assert (june["is_over"], june["came_count"]) == (False, 5) and "个数已超过上限" in june["passed_text"]
    assert june["running_high_count"] >= 5


def test_foreign_money_past_the_upper_end_is_said_at_once(home: Path) -> None:
    tables = foreign(
        m202410=(50, 100),
        m202411=(60, 100),
        m202412=(100, 100),
        m202501=(80, 100),
        m202502=(200, 200),
        m202503=(0, 100),
    )
    found = told_on(home, FOREIGN, "2025-03-15", dispatch_rules=rules(forecast_min_months="3"), **tables)
    found = found.assign(day=found["told_date"].astype(str).str[:10]).set_index("day")
    january = found.loc["2025-01-01"]
    # Quartiles .55 to .8 of 400 planned: at most 320 were told; 280 are in, so nothing is passed yet.
    assert (january["forecast_high_wan_usd"], january["so_far_wan_usd"]) == (320, 280) and pd.isna(
        january["passed_text"]
    )
    more = foreign(
        m202410=(50, 100),
        m202411=(60, 100),
        m202412=(100, 100),
        m202501=(80, 100),
        m202502=(250, 200),
        m202503=(0, 100),
    )
    found = told_on(home, FOREIGN, "2025-03-15", dispatch_rules=rules(forecast_min_months="3"), **more)
    found = found.assign(day=found["told_date"].astype(str).str[:10]).set_index("day")
    january = found.loc["2025-01-01"]
    assert (january["is_over"], january["passed_text"]) == (False, "已超过上限") and pd.isna(january["is_inside"])


def test_what_a_month_has_brought_is_not_foretold_once_more(home: Path) -> None:
    # In March 100 are planned and 90 paid by the 20th: shares .5 to 1 of the plan bring no more than 90 to 100.
    tables = foreign(
        {"m202503": dt.date(2025, 3, 19)},
        m202410=(50, 100), m202411=(60, 100), m202412=(100, 100), m202501=(80, 100), m202502=(60, 100), m202503=(90, 100),
        m202504=(0, 100),
    )  # fmt: skip
    path = "follow_up/brd_follow_up__foreign_forecast.sql"
    told = told_on(home, path, "2025-03-20", dispatch_rules=rules(forecast_min_months="3"), int_project__fdi=tables["int_project__fdi"]).iloc[0]  # fmt: skip
    # Shares .5 .6 .6 .8 1: quartiles .6, .6, .8. 140 before March, 90 in it, and April's plan.
    ends = ["forecast_low_wan_usd", "forecast_wan_usd", "forecast_high_wan_usd"]
    assert told[ends].tolist() == [140 + 90 + 60, 140 + 90 + 60, 140 + 90 + 80]
