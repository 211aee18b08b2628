"""Projects (C24–C26, C29): grades of four axes from their points, steps of size, quality by quarter."""

from __future__ import annotations

import pandas as pd

from recomputed.ledgers import Ledgers, seed

AXES = {"规模": "scale", "科技": "technology", "税收": "tax", "长久根基": "base"}


def grades(ledgers: Ledgers) -> pd.DataFrame:
    """0 to 100 an axis from the table of points; nothing known is nothing, not 0."""
    leads, points = ledgers.leads, seed("grade_points")
    land = leads["land_mu"].where(leads["land_mu"] > 0)
    money = leads["investment_wan_cny"].where(leads["investment_wan_cny"] > 0)
    figures = {
        "investment": leads["investment_wan_cny"],
        "title_count": leads["titles"].map(lambda t: None if pd.isna(t) else len(str(t).split("、"))).astype(float),
        "patent_count": leads["patent_count"].astype(float),
        "research": leads["research_wan_cny"].astype(float),
        "yearly_tax": leads["promised_tax_wan_cny"],
        "tax_per_mu": leads["promised_tax_wan_cny"] / land,
        "fixed_share": 100 * leads["fixed_investment_wan_cny"] / money,
        "land": leads["land_mu"],
    }
    found = pd.DataFrame(index=leads.index)
    for axis, name in AXES.items():
        parts = []
        for code, steps in points[points["axis"] == axis].groupby("input_code"):
            if code not in figures:
                continue
            value = figures[str(code)]
            earned = pd.Series(0.0, leads.index)
            for step in steps.sort_values("at_least").to_dict("records"):
                earned = earned.where(~(value >= step["at_least"]), step["points"])
            parts.append(earned.where(value.notna()))
        found[f"{name}_points"] = pd.concat(parts, axis=1).sum(axis=1, min_count=1).clip(upper=100)
    own = found.copy()
    found["known_axis_count"] = own.notna().sum(axis=1)
    found["mean_points"] = own.mean(axis=1).where(found["known_axis_count"] == 4)
    found["patent_count"], found["research_wan_cny"] = leads["patent_count"], leads["research_wan_cny"]
    return found.reset_index()


def size_ladder(ledgers: Ledgers) -> pd.DataFrame:
    """Counts by unit, year and step: steps without an upper end include the larger ones."""
    state, rows = ledgers.state, []
    happened = {
        "签约": state[state["is_counted_signing"]].assign(unit=state["signed_unit_name"], day=state["signed_date"]),
        "开工": state[state["started_date"].notna()].assign(unit=state["started_unit_name"], day=state["started_date"]),
    }
    years = range(min(t["day"].min().year for t in happened.values()), (ledgers.as_of - pd.Timedelta(days=1)).year + 1)
    for event, table in happened.items():
        for step in seed("size_ladder").to_dict("records"):
            big = table[table["investment_wan_cny"] >= step["at_least_wan_cny"]]
            if not pd.isna(step["below_wan_cny"]):
                big = big[big["investment_wan_cny"] < step["below_wan_cny"]]
            for year in years:
                own = big[big["day"].dt.year == year].groupby("unit")["investment_wan_cny"].agg(["size", "sum"])
                for unit in ledgers.unit_types.index:
                    count, amount = own.loc[unit] if unit in own.index else (0, 0.0)
                    rows.append((unit, year, event, step["size_step"], step["step_order"], count, amount))
    columns = ["unit_name", "event_year", "event", "size_step", "step_order", "project_count", "amount_wan_cny"]
    return pd.DataFrame(rows, columns=columns)


def quality_trend(ledgers: Ledgers) -> pd.DataFrame:
    """In talks at the end of the quarter, newly started in it: medians of what is known."""
    points, reached = grades(ledgers).set_index("lead_id"), ledgers.reached
    # Whoever skipped a stage and came back is in talks again; signed or started is not.
    beyond = reached[["签约", "开工"]].min(axis=1)
    last = ledgers.as_of - pd.Timedelta(days=1)
    first = min(reached["在谈"].min(), reached["开工"].min(), ledgers.leads["reported_date"].min())
    rows = []
    for quarter in pd.date_range(first.to_period("Q").to_timestamp(), last, freq="QS"):
        end = min(quarter + pd.DateOffset(months=3) - pd.Timedelta(days=1), last)
        talking = (reached["在谈"] <= end) & ~(beyond <= end) & ~(reached["终止"] <= end)
        started = (reached["开工"] >= quarter) & (reached["开工"] <= end)
        for kind, who in [("在谈", talking), ("新开工", started)]:
            own = points[who.reindex(points.index)]
            medians = {f"{a}_median": own[f"{a}_points"].median() for a in [*AXES.values(), "mean"]}
            graded = int((own["known_axis_count"] == 4).sum())
            rows.append(
                {"quarter_date": quarter, "project_kind": kind, "project_count": len(own), "graded_count": graded}
                | medians
            )
    return pd.DataFrame(rows)
