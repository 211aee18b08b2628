"""Funnel, cohorts and what stands still (C19–C23). Belongs here: 阶段漏斗, 签约批次, 签约未开工, 停滞清单, 阶段变动."""

from __future__ import annotations

import pandas as pd

from recomputed.ledgers import Ledgers, seed
from recomputed.tasks import expansions

HORIZONS = (3, 6, 12)


def stages(ledgers: Ledgers) -> pd.DataFrame:
    """至少到达: a skipped stage counts as passed; conversion from the stage before; only started ones beside it."""
    state, order = ledgers.state, ledgers.stages
    slices = {
        "全区": pd.Series("全区", state.index),
        "单位类型": state["unit_type"],
        "责任单位": state["unit_name"],
        "线索来源": state["lead_source"].fillna("未填"),
        "内外资": state["is_foreign"].map({True: "外资", False: "内资"}).fillna("未填"),
        "首报年度": state["reported_date"].dt.year.astype(str),
    }
    unproved = ledgers.moves.groupby(["lead_id", "stage"])["has_evidence"].any()
    unproved = set(unproved[~unproved].index)
    rows = []
    for kind, names in slices.items():
        for name, own in state.groupby(names):
            before = None
            for stage, place in order.items():
                far = own[own["furthest_order"] >= place]
                here = own[own["stage_order"] == place]
                proved = ledgers.own_days.loc[own.index, stage].notna()
                passed = own["furthest_order"] >= place
                rows.append(
                    {
                        "slice_kind": kind,
                        "slice_name": name,
                        "stage": stage,
                        "stage_order": place,
                        "at_least_count": len(far),
                        "at_least_wan_cny": far["investment_wan_cny"].sum(),
                        "from_previous_pct": None if not before else 100 * len(far) / before,
                        "reached_count": int(proved.sum()),
                        "skipped_count": 0 if stage == "线索" else int((passed & ~proved).sum()),
                        "current_count": int((~here["is_ended"]).sum()),
                        "ended_count": int(here["is_ended"].sum()),
                        "not_counted_count": sum((lead, stage) in unproved for lead in own.index),
                        "started_count": int(far["started_date"].notna().sum()),
                        "started_wan_cny": far.loc[far["started_date"].notna(), "investment_wan_cny"].sum(),
                    }
                )
                before = len(far)
    return pd.DataFrame(rows)


def cohorts(ledgers: Ledgers) -> pd.DataFrame:
    """Signings of a month that started within so many months; no rate until all of them were watched that long."""
    own = ledgers.state[ledgers.state["is_counted_signing"]].copy()
    own = own[~own.index.isin(expansions(ledgers))]
    own["month"] = own["signed_date"].dt.to_period("M").dt.to_timestamp()
    own["days"] = (own["started_date"] - own["signed_date"]).dt.days
    kind = own["signed_unit_name"].map(ledgers.unit_types)
    slices = {"全区": pd.Series("全区", own.index), "单位类型": kind, "责任单位": own["signed_unit_name"]}
    rows = []
    for slice_kind, names in slices.items():
        for (name, month), cohort in own.groupby([names, own["month"]]):
            for months in HORIZONS:
                last = month + pd.offsets.MonthEnd(0)
                mature = last + pd.DateOffset(months=months) <= ledgers.as_of
                within = (cohort["started_date"] <= cohort["signed_date"] + pd.DateOffset(months=months)).sum()
                rows.append(
                    {
                        "slice_kind": slice_kind,
                        "slice_name": name,
                        "signed_month_date": month,
                        "horizon_months": months,
                        "is_mature": mature,
                        "signed_count": len(cohort),
                        "signed_wan_cny": cohort["investment_wan_cny"].sum(),
                        "started_count": int(cohort["started_date"].notna().sum()),
                        "started_within_count": int(within),
                        "started_within_pct": 100 * within / len(cohort) if mature else None,
                        "median_days_to_start": cohort["days"].median(),
                    }
                )
    return pd.DataFrame(rows)


def quarter_cohorts(ledgers: Ledgers) -> pd.DataFrame:
    """The same by quarter of signing."""
    months = cohorts(ledgers)
    months["signed_quarter_date"] = months["signed_month_date"].dt.to_period("Q").dt.to_timestamp()
    keys = ["slice_kind", "slice_name", "signed_quarter_date", "horizon_months"]
    found = months.groupby(keys, as_index=False)[["signed_count", "started_within_count"]].sum()
    ends = [
        day + pd.DateOffset(months=3 + n, days=-1)
        for day, n in zip(found["signed_quarter_date"], found["horizon_months"], strict=True)
    ]
    found["is_mature"] = [end <= ledgers.as_of for end in ends]
    share = 100 * found["started_within_count"] / found["signed_count"]
    return found.assign(started_within_pct=share.where(found["is_mature"]))


def signed_not_started(ledgers: Ledgers) -> pd.DataFrame:
    """Signed with evidence, not started, not ended; the agreed start is that of the latest contract."""
    state = ledgers.state
    agreed = ledgers.read("project_commitments")
    agreed = agreed[(agreed["agreed_date"] <= ledgers.as_of) & agreed["start_due_date"].notna()]
    agreed = agreed.sort_values(["agreed_date", "agreed_contract_no"]).drop_duplicates("lead_id", keep="last")
    due = agreed.set_index("lead_id")["start_due_date"].reindex(state.index)
    waits = state["is_in_follow_up"] & state["started_date"].isna()
    late = due < ledgers.as_of
    found = state[waits].assign(
        start_due_date=due,
        is_past_due=late,
        days_since_signed=(ledgers.as_of - state["signed_date"]).dt.days,
        past_due_days=(ledgers.as_of - due).dt.days.where(late),
    )
    return found.reset_index()[
        [
            "lead_id",
            "unit_name",
            "signed_date",
            "days_since_signed",
            "start_due_date",
            "is_past_due",
            "past_due_days",
            "investment_wan_cny",
            "is_counted_signing",
            "last_activity_date",
            "stage",
        ]
    ]


def stuck(ledgers: Ledgers) -> pd.DataFrame:
    """Leads that have not ended and stand in a stage longer than the office's limit for it."""
    limits = seed("stage_limits").set_index("stage")
    state = ledgers.state
    days = (ledgers.as_of - state["stage_date"]).dt.days
    limit = state["stage"].map(limits["limit_days"])
    found = state.assign(days_in_stage=days, limit_days=limit, is_contact=state["stage"].map(limits["is_contact"]))
    found["is_lead_department"] = found["unit_name"].isin(ledgers.lead_departments)
    found = found[(days > limit) & ~state["is_ended"]]
    return found.reset_index()[
        [
            "lead_id",
            "unit_name",
            "stage",
            "stage_date",
            "days_in_stage",
            "limit_days",
            "investment_wan_cny",
            "is_contact",
            "is_lead_department",
            "last_activity_date",
        ]
    ]


def moves(ledgers: Ledgers) -> pd.DataFrame:
    """Every move beside the one before it."""
    table = ledgers.moves.assign(place=ledgers.moves["stage"].map(ledgers.stages).fillna(99))
    table = table.sort_values(["lead_id", "moved_date", "place"])
    before = table.groupby("lead_id")["moved_date"].shift()
    reported = table["lead_id"].map(ledgers.leads["reported_date"])
    return table.assign(
        days_since_previous=(table["moved_date"] - before.fillna(reported)).dt.days,
        is_before_reported=table["moved_date"] < reported,
        has_required_evidence=table["has_evidence"],
    )[["lead_id", "stage", "moved_date", "days_since_previous", "is_before_reported", "has_required_evidence"]]
