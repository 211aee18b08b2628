"""Permits on working days (C81, C83, C92, C93): every step of a project, what decides its end, where it waits."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from recomputed.ledgers import Ledgers, seed


@cache
def _calendar() -> np.busdaycalendar:
    told = seed("working_day_exceptions")
    days, worked = pd.to_datetime(told["exception_date"]), told["is_working_day"].astype(bool)
    # A weekday off is a holiday; a weekend worked makes a week of seven days where all other weekends are holidays.
    every = pd.date_range("2020-01-01", "2026-12-31")
    off = every[(every.dayofweek >= 5) & ~every.isin(days[worked])].append(pd.DatetimeIndex(days[~worked]))
    return np.busdaycalendar(weekmask="1111111", holidays=off.values.astype("datetime64[D]"))


KNOWN = (pd.Timestamp("2020-01-01"), pd.Timestamp("2026-12-31"))


def working_days(start: pd.Timestamp, end: pd.Timestamp) -> float:
    """Days worked after `start` up to and with `end`; nothing where the calendar knows neither."""
    if pd.isna(start) or pd.isna(end) or not (KNOWN[0] <= start <= KNOWN[1] and KNOWN[0] <= end <= KNOWN[1]):
        return np.nan
    one = dt.timedelta(days=1)
    return float(np.busday_count((start + one).date(), (end + one).date(), busdaycal=_calendar()))


def _steps(ledgers: Ledgers) -> pd.DataFrame:
    """Steps in the ledger, and those that only the rule of the kind asks for."""
    written = ledgers.read("procedures")
    going = ledgers.state.index[~ledgers.state["is_ended"]]
    written = written[written["lead_id"].isin(going)].assign(is_in_ledger=True)
    rules = ledgers.read("procedure_rules")
    rules = rules[(rules["valid_from_date"] <= ledgers.as_of) & ~(rules["valid_to_date"] < ledgers.as_of)]
    rules = rules.sort_values("valid_from_date").drop_duplicates(["project_kind", "procedure_step"], keep="last")
    kinds = written.groupby("lead_id")["project_kind"].first().reset_index()
    built = ledgers.state[["completed_date", "operation_date"]].notna().any(axis=1)
    rules = rules.rename(columns={"handling_unit_name": "handling_unit_name_rule", "limit_days": "limit_days_rule"})
    asked = kinds.merge(rules.drop(columns=["file", "sheet", "row", "is_refused"], errors="ignore"), on="project_kind")
    own = written.drop(columns="project_kind").merge(asked, on=["lead_id", "procedure_step"], how="outer")
    # Nobody wrote it down: still to be done, until the project is built.
    own = own[own["is_in_ledger"].notna() | ~own["lead_id"].map(built)].copy()
    for name in ("handling_unit_name", "limit_days"):
        own[name] = own[name].where(own[name].notna(), own[f"{name}_rule"])
    own["is_in_ledger"] = own["is_in_ledger"].map(lambda x: x is True)
    own["is_required"] = own["is_required"].map(lambda x: x is not False)
    return own


def _finish(own: pd.DataFrame) -> pd.DataFrame:
    """Days to the end of each open step of a project after those before it, and which steps decide the end."""
    left = own[own["state"].isin(["办理中", "卡住", "未受理"])].set_index("procedure_step")
    before = {
        step: [s for s in str(row["after_steps"]).split("、") if s in left.index] for step, row in left.iterrows()
    }

    def days(step: str) -> float:
        used = left.at[step, "used_days"]
        rest = left.at[step, "limit_days"] - (0 if pd.isna(used) else used)
        return max(rest, 1) + max((days(s) for s in before[step]), default=0)

    reach = {step: days(step) for step in left.index}
    found = own.assign(days_to_finish=own["procedure_step"].map(reach), critical_path=None, critical_path_days=np.nan)
    path: list[str] = []
    if reach:
        order = left["step_order"].to_dict()
        at = max(reach, key=lambda s: (reach[s], -order[s]))
        while True:
            path.insert(0, at)
            if not before[at]:
                break
            at = max(before[at], key=lambda s: (reach[s], -order[s]))
        found["critical_path"], found["critical_path_days"] = "→".join(path), max(reach.values())
    found["is_critical"] = found["procedure_step"].isin(path)
    return found


@cache
def procedures(ledgers: Ledgers) -> pd.DataFrame:
    """手续办理: state, working days used, over the limit, behind the plan, blocked, and to the end."""
    own, day = _steps(ledgers), ledgers.as_of
    for name in ("accepted_date", "done_date", "blocked_since_date"):
        own[name] = own[name].where(own[name] <= day)
    done, blocked, accepted = own["done_date"].notna(), own["blocked_since_date"].notna(), own["accepted_date"].notna()
    blocked &= own["blocker"].notna()
    own["blocked_by_unit"] = own["blocked_by_unit"].fillna(own["handling_unit_name"]).where(blocked & ~done)
    own["state"] = np.select(
        [~own["is_required"], done, blocked, accepted], ["不需要", "已办结", "卡住", "办理中"], "未受理"
    )
    until = own["done_date"].fillna(day)
    own["used_days"] = [working_days(a, b) for a, b in zip(own["accepted_date"], until, strict=True)]
    over = own["used_days"] - own["limit_days"]
    own["over_limit_days"] = over.where(over > 0)
    behind = pd.Series([working_days(a, b) for a, b in zip(own["planned_date"], until, strict=True)], own.index)
    own["delay_days"] = behind.where((until > own["planned_date"]) & (behind > 0) & own["is_required"])
    since = own["blocked_since_date"].where(own["state"] == "卡住")
    own["blocked_days"] = [working_days(a, day) for a in since]
    light = seed("traffic_lights").set_index("light_key").loc["blocked_days"]
    own["light"] = np.select(
        [own["blocked_days"] >= light["red_from"], own["blocked_days"] >= light["yellow_from"], own["blocked_days"] >= 0],
        ["红", "黄", "绿"], "",
    )  # fmt: skip
    own["light"] = own["light"].replace("", None)
    own = pd.concat([_finish(rows) for _, rows in own.groupby("lead_id")], ignore_index=True)
    last = np.datetime64(day.date())
    own["expected_done_date"] = [
        pd.NaT if pd.isna(n) else pd.Timestamp(np.busday_offset(last, int(n), roll="backward", busdaycal=_calendar()))
        for n in own["days_to_finish"]
    ]
    own["unit_name"] = own["lead_id"].map(ledgers.leads["unit_name"])
    return own[
        [
            "lead_id",
            "procedure_step",
            "step_order",
            "unit_name",
            "project_kind",
            "is_in_ledger",
            "is_required",
            "handling_unit_name",
            "planned_date",
            "accepted_date",
            "done_date",
            "state",
            "limit_days",
            "used_days",
            "over_limit_days",
            "delay_days",
            "blocked_days",
            "light",
            "days_to_finish",
            "expected_done_date",
            "is_critical",
            "critical_path",
            "critical_path_days",
            "blocked_by_unit",
        ]
    ]


def bottlenecks(ledgers: Ledgers) -> pd.DataFrame:
    """手续瓶颈: what is blocked under the department that blocks it, all else under the one that handles it."""
    table = procedures(ledgers)
    table = table[table["is_required"]].copy()
    table["department"] = table["blocked_by_unit"].fillna(table["handling_unit_name"])
    table["project_name"] = table["lead_id"].map(ledgers.leads["project_name"])
    rows = []
    for (department, step), own in table.groupby(["department", "procedure_step"]):
        stuck = own[own["state"] == "卡住"].sort_values(["blocked_days", "lead_id"], ascending=[False, True])
        running, done = own[own["state"].isin(["办理中", "卡住"])], own[own["state"] == "已办结"]
        judged = done[done["used_days"].notna() & done["limit_days"].notna()]
        rows.append(
            {
                "department": department, "procedure_step": step, "open_count": len(running),
                "blocked_count": len(stuck), "longest_blocked_days": stuck["blocked_days"].max(),
                "blocked_days": stuck["blocked_days"].sum(min_count=1),
                "over_limit_count": int(running["over_limit_days"].notna().sum()), "done_count": len(done),
                "median_used_days": done["used_days"].median(),
                "within_limit_pct": 100 * (judged["used_days"] <= judged["limit_days"]).mean() if len(judged) else None,
                "blocked_projects": "、".join(stuck["project_name"]) or None,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
