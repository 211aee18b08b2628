"""How units work (C10–C17): quarters, single touches, visits without counterparty, repeated signings, amounts."""

from __future__ import annotations

import pandas as pd

from recomputed import unit
from recomputed.ledgers import IN_PERSON, Ledgers, share

LEVELS = {"principal": "一把手", "deputy": "分管领导", "member": "班子成员", "staff": "工作人员"}


def _visits(ledgers: Ledgers) -> pd.DataFrame:
    """Visits in person with what is missing; the investor's own code stands on the lead."""
    visits = ledgers.follow_ups[ledgers.follow_ups["method"].isin(IN_PERSON)].copy()
    leads = ledgers.leads
    codes = leads["uscc"]
    plain = str.maketrans("（）", "()", " 　")
    same = [
        isinstance(name, str) and name.translate(plain) == str(leads.at[lead, "enterprise_name"]).translate(plain)
        for lead, name in zip(visits["lead_id"], visits["counterparty"], strict=True)
    ]
    code = visits["counterparty_uscc"].where(
        visits["counterparty_uscc"].notna(), visits["lead_id"].map(codes).where(pd.Series(same, visits.index))
    )
    parts = {"洽谈对象": visits["counterparty"], "信用代码": code, "下一步计划": visits["next_step"]}
    lacks = pd.DataFrame({name: column.isna() for name, column in parts.items()})
    visits["missing_text"] = ["、".join(lacks.columns[row]) for row in lacks.to_numpy()]
    return visits


def units(ledgers: Ledgers) -> pd.DataFrame:
    """A line a unit and quarter: what was written late, who led, how many visits a result took."""

    def by_quarter(rows: pd.DataFrame, day: str, name: str) -> pd.Series:
        quarter = rows[day].dt.to_period("Q").dt.to_timestamp()
        return rows.groupby([rows["unit_name"], quarter.rename("quarter_date")]).size().rename(name)

    own = pd.concat(
        [
            ledgers.follow_ups.rename(columns={"follow_up_date": "day"})[["unit_name", "day", "recorded_date"]],
            ledgers.moves.rename(columns={"moved_date": "day"})[["unit_name", "day", "recorded_date"]],
        ]
    ).dropna(subset=["recorded_date"])
    ends = own["recorded_date"].dt.to_period("Q").dt.end_time.dt.normalize()
    late = own[(ends - own["recorded_date"]).dt.days < ledgers.limit("burst_days")]
    back = own[(own["recorded_date"] - own["day"]).dt.days > ledgers.limit("back_dated_days")]
    visits = _visits(ledgers)
    counts = [
        by_quarter(own, "recorded_date", "entry_count"),
        by_quarter(late, "recorded_date", "late_entry_count"),
        by_quarter(back, "recorded_date", "back_dated_count"),
        by_quarter(visits, "follow_up_date", "visit_count"),
        by_quarter(visits[visits["led_by"].isna()], "follow_up_date", "level_missing_count"),
        by_quarter(visits[visits["missing_text"] != ""], "follow_up_date", "no_counterparty_count"),
    ]
    for name, level in LEVELS.items():
        counts.append(by_quarter(visits[visits["led_by"] == level], "follow_up_date", f"{name}_visit_count"))
    happened = unit.events(ledgers)
    for name, indicator in [("new_lead_count", "新增线索数"), ("signed_count", "新签约项目数")]:
        counts.append(by_quarter(happened[happened["indicator"] == indicator], "day", name))
    table = pd.concat(counts, axis=1)
    first = table.index.get_level_values("quarter_date").min()
    every = pd.MultiIndex.from_product(
        [ledgers.unit_types.index, pd.date_range(first, ledgers.as_of - pd.Timedelta(days=1), freq="QS")],
        names=["unit_name", "quarter_date"],
    )
    table = table.reindex(every).fillna(0).reset_index()
    end = table["quarter_date"] + pd.DateOffset(months=3)
    table["is_complete"] = end <= ledgers.as_of
    for name in ("late_entry", "back_dated"):
        table[f"{name}_pct"] = share(table[f"{name}_count"], table["entry_count"])
    table["principal_visit_pct"] = share(table["principal_visit_count"], table["visit_count"])
    for name, whole in [("visits_per_new_lead", "new_lead_count"), ("visits_per_signed", "signed_count")]:
        table[name] = table["visit_count"] / table[whole].where(table[whole] > 0)
    return table


def single_touch(ledgers: Ledgers) -> pd.DataFrame:
    """Talked to on one day only and not since, for longer than the limit; not signed, not ended."""
    state = ledgers.state
    days = (ledgers.as_of - state["last_contact_date"]).dt.days
    open_ = ~state["is_ended"] & (state["stage_order"] < ledgers.stages["签约"])
    own = state[(state["contact_day_count"] == 1) & open_ & (days > ledgers.limit("single_touch_days"))]
    return own.assign(
        days_since_contact=days,
        limit_days=ledgers.limit("single_touch_days"),
        long_limit_days=ledgers.limit("single_touch_long_days"),
        is_over_long_limit=days > ledgers.limit("single_touch_long_days"),
    ).reset_index()[
        [
            "lead_id",
            "unit_name",
            "contact_count",
            "days_since_contact",
            "limit_days",
            "long_limit_days",
            "is_over_long_limit",
        ]
    ]
