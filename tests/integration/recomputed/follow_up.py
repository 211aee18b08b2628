"""Projects followed through and what meetings decided (C88–C102, C111–C114)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from recomputed import permits
from recomputed.ledgers import Ledgers, seed


def stages(ledgers: Ledgers) -> pd.DataFrame:
    """Every lead with how far it came; one that ended stands last."""
    state = ledgers.state
    return state.assign(stage_order=state["stage_order"].mask(state["is_ended"], 99)).reset_index()[
        [
            "lead_id",
            "unit_name",
            "investment_wan_cny",
            "land_mu",
            "signed_date",
            "started_date",
            "completed_date",
            "stage_order",
            "is_in_follow_up",
            "is_foreign",
        ]
    ]


def talks(ledgers: Ledgers) -> pd.DataFrame:
    """Neither signed nor ended: days since the last contact."""
    state = ledgers.state
    own = state[~state["is_ended"] & ~state["is_in_follow_up"]]
    return own.assign(
        follow_up_count=own["contact_count"],
        silent_days=(ledgers.as_of - own["last_contact_date"].fillna(own["reported_date"])).dt.days,
    ).reset_index()[["lead_id", "unit_name", "investment_wan_cny", "follow_up_count", "silent_days"]]


def status(ledgers: Ledgers) -> pd.DataFrame:
    """Signed with evidence and not ended: how late against the latest contract, what the latest month says."""
    state = ledgers.state
    own = state[state["is_in_follow_up"]].copy()
    agreed = ledgers.read("project_commitments")
    agreed = agreed[agreed["agreed_date"] <= ledgers.as_of].sort_values(["agreed_date", "agreed_contract_no"])
    agreed = agreed.drop_duplicates("lead_id", keep="last").set_index("lead_id")
    for name, due, came, stage in [
        ("start", "start_due_date", "started_date", "开工"),
        ("completion", "completion_due_date", "completed_date", "竣工"),
        ("operation", "operation_due_date", "operation_date", "投产"),
    ]:
        day = agreed[due].reindex(own.index)
        # A milestone that only a later paper shows is passed on an unknown day.
        until = (
            ledgers.own_days[stage]
            .reindex(own.index)
            .fillna(own[came].isna().map({True: ledgers.as_of, False: pd.NaT}))
        )
        own[f"{name}_late_days"] = (until - day).dt.days
    own["waiting_days"] = (ledgers.as_of - own["signed_date"]).dt.days.where(own["started_date"].isna())
    months = ledgers.read("investment_progress")
    months = months[months["period_date"] <= ledgers.as_of].sort_values("period_date")
    last = months.drop_duplicates("lead_id", keep="last").set_index("lead_id").reindex(own.index)
    own["month_planned_wan_cny"] = last["planned_investment_wan_cny"]
    own["month_investment_wan_cny"] = last["month_investment_wan_cny"]
    own["total_investment_wan_cny"] = last["total_investment_wan_cny"]
    own["planned_progress_pct"], own["progress_pct"] = last["planned_progress_pct"], last["progress_pct"]
    own["progress_gap_pct"] = last["planned_progress_pct"] - last["progress_pct"]
    year = months[months["period_date"].dt.year == ledgers.as_of.year].groupby("lead_id")
    own["year_planned_wan_cny"] = year["planned_investment_wan_cny"].sum(min_count=1).reindex(own.index)
    own["year_invested_wan_cny"] = year["month_investment_wan_cny"].sum(min_count=1).reindex(own.index)
    planned = own["year_planned_wan_cny"].where(own["year_planned_wan_cny"] > 0)
    own["year_investment_pct"] = 100 * own["year_invested_wan_cny"] / planned
    own["photo_count"] = year["photo_ref"].count().reindex(own.index).fillna(0)
    own["blocked_days"] = permits.procedures(ledgers).groupby("lead_id")["blocked_days"].max().reindex(own.index)
    return own.reset_index()[
        ["lead_id", "unit_name", "stage_order", "investment_wan_cny", "signed_date", "started_date", "waiting_days"]
        + [f"{name}_late_days" for name in ("start", "completion", "operation")]
        + ["month_planned_wan_cny", "month_investment_wan_cny", "total_investment_wan_cny", "planned_progress_pct"]
        + ["progress_pct", "progress_gap_pct", "year_planned_wan_cny", "year_invested_wan_cny", "year_investment_pct"]
        + ["photo_count", "blocked_days"]
    ]


def lights(ledgers: Ledgers) -> pd.DataFrame:
    """How many projects are followed up, in all and by unit."""
    units = ledgers.state["unit_name"].reindex(status(ledgers)["lead_id"])
    counts = (
        units.value_counts().rename_axis("slice_name").reset_index(name="project_count").assign(slice_kind="责任单位")
    )
    whole = pd.DataFrame([{"slice_kind": "全区", "slice_name": "全区", "project_count": len(units)}])
    return pd.concat([whole, counts], ignore_index=True)


def reached(ledgers: Ledgers) -> pd.DataFrame:
    """First day of each stage that a lead reached with evidence."""
    found = ledgers.reached.melt(ignore_index=False, var_name="stage", value_name="reached_date")
    found = found.dropna(subset="reached_date").reset_index()
    own = ledgers.own_days.assign(终止=ledgers.reached["终止"]).melt(
        ignore_index=False, var_name="stage", value_name="own_date"
    )
    found = found.merge(own.reset_index(), on=["lead_id", "stage"], how="left")
    return found.assign(stage_order=found["stage"].map({**ledgers.stages.to_dict(), "终止": 99}))


def fulfilment(ledgers: Ledgers) -> pd.DataFrame:
    """Agreed against paid, the first year being the one after 投产."""
    agreed = ledgers.read("project_commitments")
    agreed = agreed[
        (agreed["agreed_date"] <= ledgers.as_of) & agreed["lead_id"].isin(ledgers.reached["签约"].dropna().index)
    ]
    agreed = agreed.sort_values(["agreed_date", "agreed_contract_no"]).drop_duplicates("lead_id", keep="last")
    paid = ledgers.read("tax_paid")
    year_end = pd.to_datetime(paid["tax_year"].astype(int).astype(str) + "-12-31")
    paid = paid.assign(confirmed_date=paid["confirmed_date"].fillna(year_end))
    paid = paid[paid["confirmed_date"] <= ledgers.as_of].sort_values("confirmed_date")
    paid = paid.drop_duplicates(["lead_id", "tax_year"], keep="last").set_index(["lead_id", "tax_year"])
    running = ledgers.reached["投产"]
    months = ledgers.read("investment_progress")
    months = months[months["period_date"] <= ledgers.as_of].sort_values("period_date")
    built = months.drop_duplicates("lead_id", keep="last").set_index("lead_id")["total_investment_wan_cny"]
    rows = []
    for row in agreed.to_dict("records"):
        for number in (1, 2, 3):
            day = running.get(row["lead_id"])
            year = None if pd.isna(day) else day.year + number
            told = paid.loc[(row["lead_id"], year)] if (row["lead_id"], year) in paid.index else None
            tax = None if told is None else told["paid_tax_wan_cny"]
            output = None if told is None else told["output_wan_cny"]
            land = row["agreed_land_mu"] if told is None or pd.isna(told["land_mu"]) else told["land_mu"]
            promised, value = row[f"agreed_tax_year{number}_wan_cny"], row["agreed_output_wan_cny"]
            # What was agreed a 亩 is agreed for the third year.
            share = 1.0 if number == 3 else promised / row["agreed_tax_year3_wan_cny"]
            rows.append(
                {
                    "lead_id": row["lead_id"], "year_no": number, "tax_year": year, "agreed_tax_wan_cny": promised,
                    "paid_tax_wan_cny": tax, "output_wan_cny": output, "agreed_output_wan_cny": value,
                    "tax_pct": None if tax is None or not promised > 0 else 100 * tax / promised,
                    "agreed_tax_wan_cny_per_mu": row["agreed_tax_wan_cny_per_mu"] * share,
                    "agreed_intensity_wan_cny_per_mu": row["agreed_intensity_wan_cny_per_mu"],
                    "tax_wan_cny_per_mu": None if tax is None or not land > 0 else tax / land,
                    "intensity_wan_cny_per_mu": None if not land > 0 else built.get(row["lead_id"], np.nan) / land,
                    "output_pct": None if output is None or not value > 0 else 100 * output / value,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def supervision(ledgers: Ledgers) -> pd.DataFrame:
    """What meetings decided: days over the due date, until it was closed or until the day."""
    table = ledgers.read("meeting_items")
    table = table[table["meeting_date"] <= ledgers.as_of]
    closed = table["closed_date"].where(table["closed_date"] <= ledgers.as_of)
    late = (closed.fillna(ledgers.as_of) - table["due_date"]).dt.days
    return table.assign(
        late_days=late.clip(lower=0), is_closed=closed.notna(), is_unit_known=table["unit_name"].isin(ledgers.spellings)
    )[["item_id", "is_unit_known", "due_date", "is_closed", "late_days", "reminder_count"]]


def evidence(ledgers: Ledgers) -> pd.DataFrame:
    """Moves whose stage asks for evidence, beside the documents that were filed for them and what became of them."""
    moves = ledgers.moves[ledgers.moves["stage"].isin(["签约", "注册", "备案", "供地", "开工", "竣工", "投产", "达效"])]
    filed = ledgers.read("evidence_items")
    filed = filed[filed["received_date"] <= ledgers.as_of]
    judged = filed["verified_date"] <= ledgers.as_of
    groups = [filed["lead_id"], filed["stage"]]
    keys = pd.MultiIndex.from_frame(moves[["lead_id", "stage"]])

    def count(mask: pd.Series) -> list[float]:
        return mask.groupby(groups).sum().reindex(keys).fillna(0).tolist()

    return moves.assign(
        item_count=count(pd.Series(1, filed.index)),
        verified_count=count((filed["verdict"] == "属实") & judged),
        doubted_count=count(filed["verdict"].isin(["存疑", "退回", "不属实"]) & judged),
        is_counted=moves["has_evidence"],
    )[["lead_id", "stage", "moved_date", "item_count", "verified_count", "doubted_count", "is_counted"]]


def publicity(ledgers: Ledgers) -> pd.DataFrame:
    """Approved, not confidential, of a project on the ledger."""
    table = ledgers.read("publicity_releases")
    table = table[table["submitted_date"] <= ledgers.as_of]
    approved = (table["approval"] == "同意") & (table["approved_date"] <= ledgers.as_of)
    known = table["lead_id"].isna() | table["lead_id"].isin(ledgers.leads.index)
    return table.assign(is_publishable=approved & known & ~table["is_confidential"].astype(bool))[
        ["release_id", "is_publishable"]
    ]


def events(ledgers: Ledgers) -> pd.DataFrame:
    """Ceremonies with the projects assigned to them, and where these stand on the day."""
    table = ledgers.trips[ledgers.trips["event_kind"].isin(["集中签约", "集中开工"])].copy()
    table["lead_id"] = table["lead_ids"].map(lambda ids: [None] if pd.isna(ids) else re.split("[、；;，,]", str(ids)))
    table = table.explode("lead_id")
    known = table["lead_id"].isna() | table["lead_id"].isin(ledgers.leads.index)
    table = table[known].drop_duplicates(["event_id", "lead_id"])
    state = ledgers.state
    far = state["stage"].mask(state["is_ended"], "终止")
    for name in ("investment_wan_cny", "signed_date", "started_date"):
        table[name] = table["lead_id"].map(state[name])
    table["stage"] = table["lead_id"].map(far)
    return table.assign(is_ahead=table["start_date"] > ledgers.as_of)[
        [
            "event_id",
            "lead_id",
            "event_kind",
            "start_date",
            "unit_name",
            "is_ahead",
            "investment_wan_cny",
            "stage",
            "signed_date",
            "started_date",
        ]
    ]


def foreign_forecast(ledgers: Ledgers) -> pd.DataFrame:
    """What the running year may bring, as told on the day, and how often such intervals held."""
    told = _foreign_told(ledgers, ledgers.as_of + pd.Timedelta(days=1), ledgers.as_of.year)
    judged = foreign_record(ledgers)["is_inside"].dropna()
    return pd.DataFrame([told | {"judged_count": len(judged), "inside_count": int(judged.astype(bool).sum())}])


def foreign_record(ledgers: Ledgers) -> pd.DataFrame:
    """The same on the first day of every month since the year of the first plan, beside what was paid in by the end."""
    written = ledgers.read("investment_progress")
    planned = written.loc[written["planned_fdi_wan_cny"].notna(), "period_date"]
    paid = foreign_months(ledgers)
    paid = paid[paid["known_date"] <= ledgers.as_of].groupby(paid["period_date"].dt.year)["paid"].sum()
    rows = []
    for day in pd.date_range(f"{planned.min().year}-01-01", ledgers.as_of, freq="MS"):
        row = {"told_date": day} | _foreign_told(ledgers, day, day.year)
        low, high = row["forecast_low_wan_usd"], row["forecast_high_wan_usd"]
        is_over = pd.Timestamp(day.year, 12, 31) <= ledgers.as_of
        came = round(paid.get(day.year, 0.0), 4) if is_over else None
        is_inside = None if came is None or low is None else round(low, 2) <= came <= round(high, 2)
        so_far = round(paid.get(day.year, 0.0), 4)
        rows.append(row | {"is_over": is_over, "came_wan_usd": came, "is_inside": is_inside, "so_far_wan_usd": so_far})
    return pd.DataFrame(rows)


def foreign_months(ledgers: Ledgers) -> pd.DataFrame:
    """Paid and planned in dollars, by lead and month, with the day since which it is known."""
    table = ledgers.read("investment_progress")
    table = table[table["lead_id"].isin(ledgers.leads.index)].copy()
    for name, column in [("paid", "paid_in_fdi_wan_cny"), ("planned", "planned_fdi_wan_cny")]:
        table[name] = ledgers.written(table, column)
    return table.assign(known_date=table[["period_date", "verified_date"]].max(axis=1))


def _foreign_told(ledgers: Ledgers, day: pd.Timestamp, year: int) -> dict[str, object]:
    """Paid in the year and the plan of its other months, taken at the quartiles of paid by planned of past months."""
    rules = seed("dispatch_rules").set_index("rule_key")["rule_value"]
    table = foreign_months(ledgers)
    known, past = table["known_date"] < day, table["period_date"] < day
    running = table["period_date"].dt.year == year
    paid = table.loc[known & running, "paid"].sum()
    rest = table.loc[~past & running, "planned"].sum()
    table["month"] = table["period_date"].dt.to_period("M")
    waits = set(table.loc[past & ~known & (table["paid"] > 0), "month"])
    first = day.to_period("M") - int(rules["forecast_months"])
    months = table[past & (table["month"] >= first) & ~table["month"].isin(waits)]
    sums = months.groupby("month")[["paid", "planned"]].sum()
    ratios = (sums["paid"] / sums["planned"].where(sums["planned"] > 0)).dropna()
    # The month that runs brings what was paid in it, or what its plan used to bring if that is more.
    this = table["month"] == day.to_period("M")
    now, plan = table.loc[known & running & this, "paid"].sum(), table.loc[running & this, "planned"].sum()
    is_told = len(ratios) >= int(rules["forecast_min_months"]) and rest > 0
    low, mid, high = (
        paid - now + max(now, plan * share) + (rest - plan) * share if is_told else None
        for share in (ratios.quantile(q) for q in (0.25, 0.5, 0.75))
    )
    return {
        "target_year": year, "paid_wan_usd": paid, "rest_planned_wan_usd": rest, "month_count": len(ratios),
        "forecast_low_wan_usd": low, "forecast_wan_usd": mid, "forecast_high_wan_usd": high,
        "plan_share": ratios.quantile(0.5) if is_told else None,
    }  # fmt: skip
