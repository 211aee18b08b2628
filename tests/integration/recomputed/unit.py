"""Units beside each other (C2–C9, C18, C22). Belongs here: 逐月指标, 排位, 镇街对照, 逾期, 单位现状, 外部位次."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from recomputed import funnel, tasks
from recomputed.ledgers import IN_PERSON, Ledgers, month_of, seed, share

MEASURES = {
    "新增线索数": "个", "填报次数": "次", "跟进次数": "次", "走访次数": "次", "进展更新次数": "次", "外出招商次数": "次",
    "新签约项目数": "个", "签约金额": "万元", "新开工项目数": "个", "开工金额": "万元", "新投产项目数": "个", "到位资金": "万元",
    "固定资产投资": "万元", "实际使用外资": "万美元",
}  # fmt: skip


def events(ledgers: Ledgers) -> pd.DataFrame:
    """Everything that counts for a month: indicator, unit, lead, day, amount."""
    state, follow_ups, moves = ledgers.state.reset_index(), ledgers.follow_ups, ledgers.moves
    state = state[~state["lead_id"].isin(tasks.expansions(ledgers))]
    counted = state[state["is_counted_signing"]]
    started, running = state[state["started_date"].notna()], state[state["operation_date"].notna()]
    trips = ledgers.trips[(ledgers.trips["event_kind"] == "外出招商")]
    trips = trips[trips[["start_date", "end_date"]].max(axis=1) <= ledgers.as_of].assign(lead_id=None)
    visits = follow_ups[follow_ups["method"].isin(IN_PERSON)]

    def part(name: str, rows: pd.DataFrame, unit: str, day: str, amount: str | None = None) -> pd.DataFrame:
        value = rows[amount] if amount else 1.0
        return pd.DataFrame(
            {"indicator": name, "unit_name": rows[unit], "lead_id": rows["lead_id"], "day": rows[day], "amount": value}
        ).dropna(subset=["day"])

    money = tasks.facts(ledgers)
    money = money[money["indicator"].isin(["到位资金", "固定资产投资", "实际使用外资"]) & money["is_counted"]]
    parts = [
        part("新增线索数", state, "reported_unit_name", "reported_date"),
        part("填报次数", follow_ups, "unit_name", "recorded_date"),
        part("填报次数", moves, "unit_name", "recorded_date"),
        part("跟进次数", follow_ups, "unit_name", "follow_up_date"),
        part("走访次数", visits, "unit_name", "follow_up_date"),
        part("进展更新次数", moves, "unit_name", "moved_date"),
        part("外出招商次数", trips, "unit_name", "start_date"),
        part("新签约项目数", counted, "signed_unit_name", "signed_date"),
        part("签约金额", counted, "signed_unit_name", "signed_date", "investment_wan_cny"),
        part("新开工项目数", started, "started_unit_name", "started_date"),
        part("开工金额", started, "started_unit_name", "started_date", "investment_wan_cny"),
        part("新投产项目数", running, "operation_unit_name", "operation_date"),
        *[part(str(name), rows, "unit_name", "day", "value") for name, rows in money.groupby("indicator")],
    ]
    return pd.concat(parts, ignore_index=True)


def indicators(ledgers: Ledgers) -> pd.DataFrame:
    """按发生月; a unit with nothing stands with 0; beside it only what belongs to started projects."""
    table = events(ledgers).assign(month_date=lambda t: month_of(t["day"]))
    begun = ledgers.state.index[ledgers.state["started_date"].notna()]
    months = pd.date_range(table["month_date"].min(), ledgers.as_of, freq="MS")
    every = pd.MultiIndex.from_product(
        [ledgers.unit_types.index, list(MEASURES), months], names=["unit_name", "indicator", "month_date"]
    )
    keys = list(every.names)
    whole = table.groupby(keys)["amount"].sum().reindex(every).fillna(0)
    part = table[table["lead_id"].isin(begun)].groupby(keys)["amount"].sum().reindex(every).fillna(0)
    found = pd.DataFrame({"indicator_value": whole, "started_value": part}).reset_index()
    found.loc[found["indicator"] == "外出招商次数", "started_value"] = None
    found["unit_type"] = found["unit_name"].map(ledgers.unit_types)
    found["indicator_order"] = found["indicator"].map({name: i for i, name in enumerate(MEASURES, 1)})
    return found


def ranks(ledgers: Ledgers) -> pd.DataFrame:
    """年初以来累计, ranked among units of the kind; by share of the task where one is set."""
    table = indicators(ledgers).sort_values("month_date")
    table["year"] = table["month_date"].dt.year
    table["year_value"] = table.groupby(["unit_name", "indicator", "year"])["indicator_value"].cumsum().round(4)
    first = tasks.first_targets(ledgers).rename(columns={"target_year": "year"})
    table = table.merge(first, on=["unit_name", "year", "indicator"], how="left")
    for row in tasks.changes(ledgers).to_dict("records"):  # from its month on, not before
        same = table[["unit_name", "year", "indicator"]].eq([row[k] for k in ("unit_name", "target_year", "indicator")])
        after = table["month_date"] + pd.DateOffset(months=1) > row["effective_date"]
        table.loc[same.all(axis=1) & after, "target_value"] = row["new"]
    done = table["year_value"] / table["target_value"].where(table["target_value"] > 0)
    table["completion_pct"] = (100 * done).round(2)
    peers = table.groupby(["indicator", "month_date", "unit_type"])
    table["peer_rank"] = peers["year_value"].rank(method="min", ascending=False)
    table["peer_count"] = peers["year_value"].transform("size")
    table["peer_median"] = peers["year_value"].transform("median")
    table["gap_to_median"] = table["year_value"] - table["peer_median"]
    table["completion_rank"] = peers["completion_pct"].rank(method="min", ascending=False)
    table["is_latest_month"] = table["month_date"] == table["month_date"].max()
    return table.drop(columns=["indicator_value", "started_value", "year", "unit_type"])


def balance(ledgers: Ledgers) -> pd.DataFrame:
    """镇 beside 街道 at the end of each year, the running one to the day."""
    table = ranks(ledgers).assign(kind=lambda t: t["unit_name"].map(ledgers.unit_types))
    table["target_year"] = table["month_date"].dt.year
    table = table[table["month_date"] == table.groupby("target_year")["month_date"].transform("max")]
    rows = []
    for (year, name), own in table.groupby(["target_year", "indicator"]):
        row: dict[str, object] = {
            "target_year": year,
            "indicator": name,
            "indicator_order": own["indicator_order"].iloc[0],
        }
        for side, kind in [("town", "镇"), ("street", "街道")]:
            units = own[own["kind"] == kind]
            row |= {
                f"{side}_unit_count": len(units),
                f"{side}_total": units["year_value"].sum(),
                f"{side}_median": units["year_value"].median(),
                f"{side}_target_count": int(units["target_value"].notna().sum()),
                f"{side}_completion_median_pct": units["completion_pct"].median(),
            }
        rows.append(row)
    found = pd.DataFrame(rows)
    found["median_gap"] = found["town_median"] - found["street_median"]
    found["completion_gap_pct"] = found["town_completion_median_pct"] - found["street_completion_median_pct"]
    return found


def overdue(ledgers: Ledgers) -> pd.DataFrame:
    """Leads before signing: never talked to since the report, or not touched since the last activity, for too long."""
    state = ledgers.state
    own = state[~state["is_ended"] & ~state["is_in_follow_up"]].copy()
    fresh = own["contact_count"] == 0
    own["since_date"] = own["reported_date"].where(fresh, own["last_activity_date"])
    own["limit_days"] = fresh.map({True: ledgers.limit("first_contact_days"), False: ledgers.limit("update_days")})
    own["due_date"] = own["since_date"] + pd.to_timedelta(own["limit_days"], unit="D")
    own["overdue_days"] = (ledgers.as_of - own["due_date"]).dt.days
    own = own[own["overdue_days"] > 0].reset_index()
    return own[
        ["lead_id", "unit_name", "recruiter_no", "stage", "limit_days", "since_date", "due_date", "overdue_days"]
    ]


def standing(ledgers: Ledgers) -> pd.DataFrame:
    """One line a unit."""
    state, limits = ledgers.state, seed("stage_limits").set_index("stage")["is_contact"]
    units = ledgers.unit_types.index
    trips = ledgers.trips[ledgers.trips["start_date"] <= ledgers.as_of]
    days = pd.concat(
        [
            ledgers.follow_ups[["unit_name", "follow_up_date"]].set_axis(["unit_name", "day"], axis=1),
            ledgers.moves[["unit_name", "moved_date"]].set_axis(["unit_name", "day"], axis=1),
            state[["reported_unit_name", "reported_date"]].set_axis(["unit_name", "day"], axis=1),
            trips[["unit_name", "start_date"]].set_axis(["unit_name", "day"], axis=1),
        ]
    )
    last = days.groupby("unit_name")["day"].max().reindex(units)
    recent = ledgers.follow_ups[ledgers.follow_ups["follow_up_date"] > ledgers.as_of - pd.Timedelta(days=30)]
    contact = state["stage"].map(limits).fillna(False).astype(bool)
    signed, started = state["is_counted_signing"], state["started_date"].notna()
    waits = funnel.signed_not_started(ledgers)

    def count(mask: pd.Series) -> pd.Series:
        return state[mask].groupby("unit_name").size().reindex(units).fillna(0)

    def money(mask: pd.Series) -> pd.Series:
        return state[mask].groupby("unit_name")["investment_wan_cny"].sum().reindex(units).fillna(0)

    leads = count(pd.Series(True, state.index))
    return pd.DataFrame(
        {
            "unit_name": units,
            "is_lead_department": units.isin(ledgers.lead_departments),
            "last_activity_date": last.to_numpy(),
            "silent_days": (ledgers.as_of - last).dt.days.to_numpy(),
            "silent_limit_days": ledgers.limit("silent_days"),
            "is_silent": ~((ledgers.as_of - last).dt.days <= ledgers.limit("silent_days")).to_numpy(),
            "follow_up_count_30d": recent.groupby("unit_name").size().reindex(units).fillna(0).to_numpy(),
            "overdue_count": overdue(ledgers).groupby("unit_name").size().reindex(units).fillna(0).to_numpy(),
            "lead_count": leads.to_numpy(),
            "contact_only_count": count(contact & ~state["is_ended"]).to_numpy(),
            "beyond_contact_count": count(~contact).to_numpy(),
            "beyond_contact_pct": share(count(~contact), leads).to_numpy(),
            "stuck_count": funnel.stuck(ledgers).groupby("unit_name").size().reindex(units).fillna(0).to_numpy(),
            "signed_count": count(signed).to_numpy(),
            "signed_wan_cny": money(signed).to_numpy(),
            "started_count": count(started).to_numpy(),
            "started_wan_cny": money(started).to_numpy(),
            "signed_not_started_count": waits.groupby("unit_name").size().reindex(units).fillna(0).to_numpy(),
            "past_due_count": waits[waits["is_past_due"]]
            .groupby("unit_name")
            .size()
            .reindex(units)
            .fillna(0)
            .to_numpy(),
        }
    )


def external_ranks(ledgers: Ledgers) -> pd.DataFrame:
    """As published; up is the place before less this one."""
    table = ledgers.read("external_ranks").sort_values("published_date")
    table = table[table["published_date"] <= ledgers.as_of]
    before = table.groupby(["ranking_name", "ranked_name"])["position"].shift()
    return table.assign(published_rank=table["position"], previous_rank=before, places_up=before - table["position"])[
        [
            "ranking_name",
            "ranking_period",
            "ranked_name",
            "published_date",
            "published_rank",
            "ranked_count",
            "score",
            "previous_rank",
            "places_up",
        ]
    ]


def running(ledgers: Ledgers) -> pd.DataFrame:
    """逐月累计: the months of 单位逐月指标 added up by quarter, by year and in all, for each unit and for all of them."""
    units = indicators(ledgers).rename(columns={"unit_name": "slice_name"}).assign(slice_kind="责任单位")
    keys = ["indicator", "indicator_order", "month_date"]
    values = ["indicator_value", "started_value"]
    whole = units.astype({"started_value": float}).groupby(keys, as_index=False)[values].sum(min_count=1)
    table = pd.concat([units, whole.assign(slice_kind="全区", slice_name="全区")]).sort_values("month_date")
    by, month = ["slice_kind", "slice_name", "indicator"], table["month_date"].dt
    table["quarter"], table["year"] = month.to_period("Q").astype(str), month.year
    table["month_value"] = table["indicator_value"].round(4)
    for name, more in (("quarter_value", ["quarter"]), ("year_value", ["year"]), ("running_value", [])):
        table[name] = table.groupby([*by, *more])["month_value"].cumsum().round(4)
    table["started_running_value"] = table.groupby(by)["started_value"].transform(
        lambda own: own.astype(float).cumsum()
    )
    return table.drop(columns=["quarter", "year", "indicator_value", "started_value", "unit_type"])


def uses(ledgers: Ledgers) -> pd.DataFrame:
    """What every ledger is for, as the table says."""
    return pd.read_csv(Path(__file__).resolve().parents[3] / "dbt_project" / "seeds" / "ledger_uses.csv")


def register(ledgers: Ledgers) -> pd.DataFrame:
    """单位名录 with the leads that each has now."""
    return ledgers.units[["unit_name", "unit_type"]].assign(
        lead_count=lambda t: t["unit_name"].map(ledgers.leads["unit_name"].value_counts()).fillna(0),
        is_named_by_leads=False,  # the ledger of units has come
    )
