"""What was foretold on the first day of each month, told again from the ledgers as known on that day (C90)."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd

from recomputed.ledgers import Ledgers, month_of, seed
from recomputed.tasks import expansions

MEASURES = ("count", "wan_cny")


def _known(ledgers: Ledgers, day: pd.Timestamp, left_out: set[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give leads in hand on a day with their stage, and the signings that were known before it with their month."""
    leads = ledgers.leads[ledgers.leads["reported_date"] < day]
    moves = ledgers.moves[ledgers.moves["has_evidence"] & ledgers.moves["lead_id"].isin(leads.index)]
    moves = moves[moves[["moved_date", "recorded_date"]].max(axis=1) < day]
    far = moves.assign(order=moves["stage"].map(ledgers.stages))
    signed = far[far["order"] >= ledgers.stages["签约"]].groupby("lead_id")["moved_date"].min()
    signings = ledgers.grouped(moves)
    counted = set(signings.loc[signings["is_counted"], "lead_id"] if len(signings) else ()) - left_out
    came = pd.DataFrame({"month": month_of(signed)}).loc[sorted(counted)]
    courses = ledgers.courses(moves).reindex(leads.index)
    order = courses["stage_order"].fillna(1)
    is_before = courses["furthest_order"].fillna(1) < ledgers.stages["签约"]
    in_hand = leads[is_before & courses["ended_date"].isna() & ~leads.index.isin(left_out)]
    money = ledgers.leads["investment_wan_cny"].fillna(0)
    came["wan_cny"], came["count"] = money.reindex(came.index), 1.0
    stage = order.reindex(in_hand.index)
    return pd.DataFrame({"stage": stage, "wan_cny": money.reindex(in_hand.index), "count": 1.0}), came


@cache
def signing_record(ledgers: Ledgers) -> pd.DataFrame:
    """Leads in hand by stage, times the share of such leads that had signed so many months later, plus what others brought."""
    rules = seed("dispatch_rules").set_index("rule_key")["rule_value"]
    ahead, span = int(rules["signing_forecast_months_ahead"]), int(rules["forecast_months"])
    fewest, tail = int(rules["forecast_min_months"]), (100 - float(rules["forecast_coverage_pct"])) / 200
    left_out = expansions(ledgers)
    this = ledgers.as_of.to_period("M").to_timestamp()
    first = ledgers.leads["reported_date"].min().to_period("M").to_timestamp() + pd.DateOffset(months=1)
    days = pd.date_range(max(first, this - pd.DateOffset(months=3 * span)), this, freq="MS")
    known = {day: _known(ledgers, day, left_out) for day in days}
    now = _known(ledgers, ledgers.as_of + pd.Timedelta(days=1), left_out)[1]
    # Of every month what was known so many days into it, as many as of the running month are behind.
    days_in = ledgers.as_of + pd.Timedelta(days=1) - this
    so_far = {day: _known(ledgers, day + days_in, left_out)[1].query("month == @day") for day in days}
    rests: dict[tuple[pd.Timestamp, str], float] = {}
    told: dict[tuple[pd.Timestamp, int, str], float] = {}
    rows = []
    for day in days:
        in_hand, came = known[day]
        for h in range(1, ahead + 1):
            month = day + pd.DateOffset(months=h - 1)
            # Days of telling whose month, h ahead, is over.
            past = [p for p in days if p >= day - pd.DateOffset(months=span) and p + pd.DateOffset(months=h) <= day]
            row = {"told_date": day, "months_ahead": h, "month_date": month, "past_month_count": len(past)}
            row |= {"open_count": len(in_hand), "is_over": month + pd.offsets.MonthEnd(0) <= ledgers.as_of}
            for measure in MEASURES:
                expected = 0.0
                brought = {p: came[came["month"] == p + pd.DateOffset(months=h - 1)] for p in past}
                for stage, own in in_hand.groupby("stage"):
                    before = sum(known[p][0].loc[known[p][0]["stage"] == stage, measure].sum() for p in past)
                    stood = {p: known[p][0].index[known[p][0]["stage"] == stage] for p in past}
                    signed = sum(b.loc[b.index.isin(stood[p]), measure].sum() for p, b in brought.items())
                    expected += own[measure].sum() * (signed / before if before else math.nan)
                others = sum(b.loc[~b.index.isin(known[p][0].index), measure].sum() for p, b in brought.items())
                expected = round(expected + others / len(past), 2) if len(past) >= fewest else math.nan
                told[day, h, measure] = expected
                errors = sorted(
                    b[measure].sum() - told[p, h, measure]
                    for p, b in brought.items()
                    if not math.isnan(told[p, h, measure])
                )
                rank = math.floor((len(errors) + 1) * tail + 1e-9)
                bounds = (errors[rank - 1], errors[-rank]) if rank else (math.nan, math.nan)
                row[f"expected_{measure}"] = expected
                row[f"low_{measure}"], row[f"high_{measure}"] = (max(expected + e, 0) if e == e else e for e in bounds)
                total = now.loc[now["month"] == month, measure].sum()
                row[f"came_{measure}"] = total if month <= ledgers.as_of else math.nan
                if h == 1:
                    _run_on(row, measure, past, so_far, brought, rests, rank)
                if measure == "count":
                    row["rehearsal_count"] = math.nan if math.isnan(expected) else len(errors)
            rows.append(row)
    found = pd.DataFrame(rows)
    return found[found["told_date"] >= this - pd.DateOffset(months=span)]


def _run_on(
    row: dict[str, object],
    measure: str,
    past: list[pd.Timestamp],
    so_far: dict[pd.Timestamp, pd.DataFrame],
    brought: dict[pd.Timestamp, pd.DataFrame],
    rests: dict[tuple[pd.Timestamp, str], float],
    rank: int,
) -> None:
    """Add to a row what was known of its month so far, what such months brought later, and the ends of both together."""
    day = row["told_date"]
    assert isinstance(day, pd.Timestamp)
    early = sum(so_far[p][measure].sum() for p in past)
    whole = sum(brought[p][measure].sum() for p in past)
    share = max(1 - early / whole, 0) if whole else 1.0
    known = float(so_far[day][measure].sum())
    rest = rests[day, measure] = round(float(str(row[f"expected_{measure}"])) * share, 2)
    row[f"known_{measure}"], row[f"rest_{measure}"] = known, rest
    errors = sorted(
        brought[p][measure].sum() - so_far[p][measure].sum() - rests[p, measure]
        for p in past
        if not math.isnan(rests[p, measure])
    )
    for end, error in (("low", errors[rank - 1]), ("high", errors[-rank])) if rank else ():
        row[f"running_{end}_{measure}"] = known + max(rest + error, 0)


def signing_forecast(ledgers: Ledgers) -> pd.DataFrame:
    """The last day of telling, the running month by what is known of it, and how often intervals told so far ahead held."""
    record = signing_record(ledgers).copy()
    runs = record["months_ahead"] == 1
    record["told_count"] = record["expected_count"]
    for judged, inside, measure in [
        ("judged_count", "inside_count", "count"),
        ("judged_wan_count", "inside_wan_count", "wan_cny"),
    ]:
        known = record[f"known_{measure}"] + record[f"rest_{measure}"]
        record[f"expected_{measure}"] = record[f"expected_{measure}"].where(~runs, known)
        for end in ("low", "high"):
            own = record[f"running_{end}_{measure}"]
            record[f"{end}_{measure}"] = record[f"{end}_{measure}"].where(~runs, own)
        low, high, came = (record[f"{name}_{measure}"].round(2) for name in ("low", "high", "came"))
        told = record["is_over"] & low.notna()
        months = record["months_ahead"]
        record[judged] = months.map(told.groupby(months).sum())
        record[inside] = months.map((told & (came >= low) & (came <= high)).groupby(months).sum())
    return record[record["told_date"] == record["told_date"].max()]
