"""Projects (C24–C26, C29): grades of four axes from their points, steps of size, quality by quarter."""

from __future__ import annotations

import numpy as np
import pandas as pd

from recomputed import follow_up, tasks
from recomputed.ledgers import Ledgers, seed

AXES = {"规模": "scale", "科技": "technology", "税收": "tax", "长久根基": "base"}
TITLES = {"is_gazelle": "瞪羚", "is_high_tech": "高新", "is_specialised": "专精特新", "is_unicorn": "独角兽"}


NO_HEADQUARTERS = ("否", "无", "不是")


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
        "research_centre": leads["is_research_centre"].map({"研发中心": 1.0, "非研发中心": 0.0}),
        "headquarters": leads["headquarters_kind"]
        .map(lambda kind: None if kind in NO_HEADQUARTERS or pd.isna(kind) else 1.0)
        .astype(float),
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
    for name, word in TITLES.items():
        found[name] = leads["titles"].fillna("").str.split("、").map(lambda told, word=word: word in told)
    found["patent_count"], found["research_wan_cny"] = leads["patent_count"], leads["research_wan_cny"]
    return found.reset_index()


def size_ladder(ledgers: Ledgers) -> pd.DataFrame:
    """Counts by unit, year and step: steps without an upper end include the larger ones."""
    state, rows = ledgers.state, []
    happened = {
        "签约": state[state["is_counted_signing"]].assign(unit=state["signed_unit_name"], day=state["signed_date"]),
        "开工": state[state["started_date"].notna()].assign(unit=state["started_unit_name"], day=state["started_date"]),
    }
    years = range(min(t["day"].min().year for t in happened.values()), ledgers.as_of.year + 1)
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
    # Whoever came back is in talks again.
    last = ledgers.as_of
    first = min(reached["在谈"].min(), reached["开工"].min(), ledgers.leads["reported_date"].min())
    rows = []
    for quarter in pd.date_range(first.to_period("Q").to_timestamp(), last, freq="QS"):
        end = min(quarter + pd.DateOffset(months=3) - pd.Timedelta(days=1), last)
        then = ledgers.courses(ledgers.moves[ledgers.moves["moved_date"] <= end]).reindex(reached.index)
        talking = (then["stage"] == "在谈") & then["ended_date"].isna()
        started = (reached["开工"] >= quarter) & (reached["开工"] <= end)
        for kind, who in [("在谈", talking), ("新开工", started)]:
            own = points[who.reindex(points.index)]
            medians = {f"{a}_median": own[f"{a}_points"].median() for a in [*AXES.values(), "mean"]}
            graded = int((own["known_axis_count"] == 4).sum())
            rows.append(
                {
                    "quarter_date": quarter,
                    "is_complete": quarter + pd.DateOffset(months=3, days=-1) <= ledgers.as_of,
                    "project_kind": kind,
                    "project_count": len(own),
                    "graded_count": graded,
                }
                | medians
            )
    return pd.DataFrame(rows)


def _paid(ledgers: Ledgers) -> pd.DataFrame:
    """Tax that the tax office confirmed, by lead and year; without a lead's number it is of the only lead with the code."""
    leads = ledgers.leads
    codes = leads.loc[leads["is_in_register"].astype(bool) | leads["is_code_written"].astype(bool), "uscc"].dropna()
    alone = {code: lead for lead, code in codes.items() if (codes == code).sum() == 1}
    paid = ledgers.read("tax_paid")
    # Without a day that can be read it is known once the year is over.
    year_end = pd.to_datetime(paid["tax_year"].astype(int).astype(str) + "-12-31")
    paid = paid[paid["confirmed_date"].fillna(year_end) <= ledgers.as_of]
    paid = paid.assign(lead_id=paid["lead_id"].fillna(paid["uscc"].map(alone)))
    paid = paid[paid["lead_id"].isin(leads.index)]
    found = paid.groupby(["lead_id", "tax_year"], as_index=False).agg(
        tax_wan_cny=("paid_tax_wan_cny", "sum"), land_mu=("land_mu", "max")
    )
    operation = found["lead_id"].map(ledgers.reached["投产"])
    found["year_no"] = (found["tax_year"] - operation.dt.year).clip(lower=-1).fillna(-1)
    land = found["land_mu"].fillna(found["lead_id"].map(leads["land_mu"]))
    found["tax_wan_cny_per_mu"] = found["tax_wan_cny"] / land.where(land > 0)
    number, year = found["year_no"].astype(int).astype(str), found["tax_year"].astype(int).astype(str)
    before = operation.notna().map({True: "年（投产前）", False: "年（未登记投产）"})
    text = (
        ("投产后第" + number + "年").mask(found["year_no"] == 0, "投产当年").mask(found["year_no"] < 0, year + before)
    )
    return found.assign(tax_basis="实际", is_estimate=False, year_text=text)


def _promised(ledgers: Ledgers) -> pd.DataFrame:
    """Tax of the first three years in the latest contract."""
    agreed = ledgers.read("project_commitments")
    agreed = agreed[agreed["lead_id"].isin(ledgers.leads.index) & (agreed["agreed_date"] <= ledgers.as_of)]
    agreed = agreed.sort_values(["agreed_date", "agreed_contract_no"]).drop_duplicates("lead_id", keep="last")
    parts = []
    for number in (1, 2, 3):
        tax = agreed[f"agreed_tax_year{number}_wan_cny"]
        land = tax / agreed["agreed_land_mu"].where(agreed["agreed_land_mu"] > 0)
        parts.append(
            agreed[["lead_id"]].assign(
                year_no=number,
                year_text=f"投产后第{number}年",
                tax_wan_cny=tax,
                tax_wan_cny_per_mu=agreed["agreed_tax_wan_cny_per_mu"].fillna(land),
            )
        )
    return pd.concat(parts).dropna(subset=["tax_wan_cny"]).assign(tax_basis="承诺", is_estimate=False)


def tax(ledgers: Ledgers) -> pd.DataFrame:
    """Tax promised, written in the ledger of leads, and paid."""
    leads = ledgers.leads
    told = leads[leads["promised_tax_wan_cny"].notna()].reset_index()
    written = told[["lead_id"]].assign(
        tax_basis="台账" + told["tax_basis"].fillna("未注明性质"),
        year_no=0,
        year_text="达产年",
        tax_wan_cny=told["promised_tax_wan_cny"],
        tax_wan_cny_per_mu=told["promised_tax_wan_cny"] / told["land_mu"].where(told["land_mu"] > 0),
    )
    written["is_estimate"] = ~written["tax_basis"].isin(["台账承诺", "台账实际"])
    table = pd.concat([_promised(ledgers), written, _paid(ledgers)], ignore_index=True).drop(columns="land_mu")
    table["tax_wan_cny_per_mu"] = table["tax_wan_cny_per_mu"].round(4)
    return table


def tax_realised(ledgers: Ledgers) -> pd.DataFrame:
    """Projects that are built: paid by promised over the years that have both."""
    state = ledgers.state
    built = state[state["completed_date"].notna() | state["operation_date"].notna()]
    keys = ["lead_id", "year_no"]
    years = _promised(ledgers).merge(_paid(ledgers)[[*keys, "tax_wan_cny"]], on=keys, suffixes=("", "_paid"))
    table = built.reset_index().merge(years, on="lead_id", how="left")
    table["investor_kind"] = "未填"  # no ledger of the sample has the column
    rows = []
    for kind, name in [("项目", "lead_id"), ("投资方类型", "investor_kind"), ("责任单位", "unit_name"), ("全区", None)]:
        for slice_key, own in table.groupby(name) if name else [("全区", table)]:
            both = own[own["tax_wan_cny"].notna()]
            promised, paid = both["tax_wan_cny"].sum(min_count=1), both["tax_wan_cny_paid"].sum(min_count=1)
            rows.append(
                {
                    "slice_kind": kind, "slice_key": slice_key, "project_count": own["lead_id"].nunique(),
                    "compared_project_count": both["lead_id"].nunique(), "compared_year_count": len(both),
                    "promised_wan_cny": promised, "paid_wan_cny": paid, "paid_to_promised_pct": 100 * paid / promised,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _dollars(ledgers: Ledgers) -> pd.DataFrame:
    """Foreign money in 万美元 as the ledgers write it: contracts, months paid, months planned."""
    leads = ledgers.leads.index
    agreed = ledgers.read("project_commitments")
    agreed = agreed[
        agreed["lead_id"].isin(leads) & (agreed["agreed_date"] <= ledgers.as_of) & (agreed["fdi_wan_cny"] > 0)
    ]
    months = ledgers.read("investment_progress")
    months = months[months["lead_id"].isin(leads)]
    known = months[["period_date", "verified_date"]].max(axis=1) <= ledgers.as_of
    paid, planned = months[known & (months["paid_in_fdi_wan_cny"] > 0)], months[months["planned_fdi_wan_cny"] > 0]
    return pd.concat(
        [
            agreed[["lead_id"]].assign(
                kind="合同外资", day=agreed["agreed_date"], amount=ledgers.written(agreed, "fdi_wan_cny")
            ),
            paid[["lead_id"]].assign(
                kind="实际使用外资",
                day=paid["period_date"],
                amount=ledgers.written(paid, "paid_in_fdi_wan_cny"),
            ),
            planned[["lead_id"]].assign(
                kind="月度计划", day=planned["period_date"], amount=ledgers.written(planned, "planned_fdi_wan_cny")
            ),
        ],
        ignore_index=True,
    )


def foreign(ledgers: Ledgers) -> pd.DataFrame:
    """Foreign leads with what was contracted, paid in and planned, in 万美元."""
    money, state, last = _dollars(ledgers), ledgers.state, ledgers.as_of
    dated = money[money["kind"] != "月度计划"]
    own = state[state["is_foreign"].map(lambda x: x is True) | state.index.isin(dated["lead_id"])]
    this_year, over = money["day"].dt.year == last.year, money["day"] <= ledgers.as_of

    def total(mask: pd.Series) -> pd.Series:
        return money[mask].groupby("lead_id")["amount"].sum().reindex(own.index)

    paid, planned = money["kind"] == "实际使用外资", money["kind"] == "月度计划"
    year_planned, year_paid = total(planned & this_year & over), total(paid & this_year)
    behind = year_planned - year_paid.fillna(0)
    return own.assign(
        contract_wan_usd=total(money["kind"] == "合同外资"),
        paid_wan_usd=total(paid),
        year_planned_wan_usd=year_planned,
        year_paid_wan_usd=year_paid,
        year_behind_wan_usd=behind.clip(lower=0),
        rest_planned_wan_usd=total(planned & this_year & ~over),
        planned_wan_usd=np.nan,
        unconverted_count=0,
    ).reset_index()[
        [
            "lead_id",
            "unit_name",
            "is_ended",
            "planned_wan_usd",
            "contract_wan_usd",
            "paid_wan_usd",
            "year_planned_wan_usd",
            "year_paid_wan_usd",
            "year_behind_wan_usd",
            "rest_planned_wan_usd",
            "unconverted_count",
        ]
    ]


def foreign_units(ledgers: Ledgers) -> pd.DataFrame:
    """A unit's year of foreign money beside its task, and the district's beside what was set above."""
    money = _dollars(ledgers)
    money["unit_name"] = ledgers.answering(money["lead_id"], money["day"])
    money["year"] = money["day"].dt.year
    last = ledgers.as_of.year
    held = tasks.current_targets(ledgers).query("indicator == '实际使用外资'")
    above = ledgers.read("district_targets").query("indicator == '实际使用外资'")
    above = above[above["issued_date"] <= ledgers.as_of].assign(unit_name="全区")
    target = pd.concat([held, above]).set_index(["unit_name", "target_year"])["target_value"].to_dict()
    years = range(int(money.loc[money["kind"] != "月度计划", "year"].min()), last + 1)
    leads = foreign(ledgers)
    going = leads[~leads["is_ended"]]
    told = follow_up.foreign_forecast(ledgers).iloc[0]
    months = follow_up.foreign_months(ledgers)
    months["unit_name"] = ledgers.answering(months["lead_id"], months["period_date"])
    months = months[months["period_date"].dt.year == last]
    month, this = months["period_date"].dt.to_period("M"), ledgers.as_of.to_period("M")
    rows = []
    for unit in [*ledgers.unit_types.index, "全区"]:
        own = money if unit == "全区" else money[money["unit_name"] == unit]
        is_own = (months["unit_name"] == unit) & (months["known_date"] < ledgers.as_of)
        now = months.loc[is_own & (month == this), "paid"].sum()
        plans = months[months["unit_name"] == unit]
        plan, later = (plans.loc[mine.loc[plans.index], "planned"].sum() for mine in (month == this, month > this))
        for year in years:
            paid = own.loc[(own["kind"] == "实际使用外资") & (own["year"] == year), "amount"].sum()
            goal = target.get((unit, year))
            mine = len(going) if unit == "全区" else int((going["unit_name"] == unit).sum())
            year_told = told["forecast_wan_usd"]
            if unit != "全区" and year_told is not None:
                share = told["plan_share"]
                year_told = paid - now + max(now, plan * share) + later * share
            rows.append(
                {
                    "forecast_wan_usd": year_told if year == last else None,
                    "slice_name": unit, "target_year": year, "paid_wan_usd": paid, "unconverted_count": 0,
                    "contract_wan_usd": own.loc[(own["kind"] == "合同外资") & (own["year"] == year), "amount"].sum(),
                    "target_value": goal, "gap_value": None if goal is None else max(goal - paid, 0),
                    "completion_pct": None if not goal else 100 * paid / goal,
                    "foreign_lead_count": mine if year == last else None,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
