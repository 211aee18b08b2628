"""What counts for tasks line by line and what was set (C3, C104, C106): 任务事实, 任务调整, 分解核对, 单位达标."""

from __future__ import annotations

from functools import cache

import pandas as pd

from recomputed import tasks, unit
from recomputed.ledgers import Ledgers, seed

FROM_OUTSET = pd.Timestamp("1900-01-01")
FACTS = ["indicator", "fact_key", "fact_date", "known_date", "until_date", "unit_name", "lead_id", "project_name"]
FACTS += [
    "investment_wan_cny",
    "measure",
    "fact_value",
    "evidence_kind",
    "evidence_no",
    "not_counted_reason",
    "ledger_name",
]


def _missing(kind: object, asked: str, what: str) -> str | None:
    """Why an evidence doesn't do; nothing if it does."""
    words = asked.replace("、", "或")
    if pd.isna(kind):
        return f"未计入：缺少{what}，应有{words}"
    return None if any(one in str(kind) for one in asked.split("、")) else f"未计入：{what}“{kind}”不符，应有{words}"


def _expansion_text(ledgers: Ledgers) -> pd.Series:
    said = ledgers.leads["is_expansion"].map(lambda x: x is True)
    how = said.map({True: "台账写明增资扩产", False: "投资主体是本地企业"})
    grown = ledgers.leads.index.isin(tasks.expansions(ledgers))
    return ("未计入：增资扩产（" + how + "），与新引进分开计").where(grown)


def _repeats(ledgers: Ledgers) -> dict[str, str]:
    """Leads whose signing repeats that of another, with the other."""
    first = ledgers.signings.sort_values("signed_date").drop_duplicates("lead_id")
    return first[~first["is_counted"]].set_index("lead_id")["previous_lead_id"].to_dict()


def _moves(ledgers: Ledgers, stage: str) -> pd.DataFrame:
    """Moves to a stage, with when the office knew of them; one past it where none before had told of the stage by then."""
    table = ledgers.moves.assign(place=ledgers.moves["stage"].map(ledgers.stages))
    table["known_date"] = table[["moved_date", "recorded_date"]].max(axis=1)
    own = table["stage"] == stage
    past = table[table["has_evidence"] & (table["place"] >= ledgers.stages[stage])]
    shows = set()
    for _, rows in past.sort_values(["moved_date", "place"]).groupby("lead_id"):
        known = rows["known_date"].cummin().shift()
        shows |= set(rows.index[~(known <= rows["known_date"])])
    table = table[own | table.index.isin(shows)].assign(is_own=own)
    # Of two on one day the one with evidence, then the stage's own.
    table = table.sort_values(["has_evidence", "is_own"], ascending=False, kind="stable")
    return table.drop_duplicates(["lead_id", "moved_date"]).sort_index()


def _once(rows: pd.DataFrame) -> pd.Series:
    """Reasons of rows that count on no day: one that happened and was known before them does."""
    found = {}
    for _, own in rows[rows["not_counted_reason"].isna()].groupby("lead_id"):
        told: list[dict[str, pd.Timestamp]] = []
        for row in own.sort_values(["fact_date", "known_date"]).reset_index().to_dict("records"):
            if any(before["known_date"] <= row["known_date"] for before in told):
                found[row["index"]] = "未计入：此前已计入，同一项目只计一次"
            told.append(row)
    return pd.Series(found, dtype=object).reindex(rows.index)


def facts(ledgers: Ledgers) -> pd.DataFrame:
    """任务事实, also of what doesn't count, with why."""
    return _facts(ledgers).copy()


@cache
def _facts(ledgers: Ledgers) -> pd.DataFrame:
    leads, rules = ledgers.leads, seed("indicators").set_index("indicator")
    grown, repeats = _expansion_text(ledgers), _repeats(ledgers)
    parts = []
    for name, rule in rules.iterrows():
        asked = rule["evidence_kinds"]
        if rule["counted_by"] == "报备":
            own = leads.reset_index().assign(
                fact_date=leads["reported_date"].to_numpy(), fact_value=1.0, ledger_name="线索台账"
            )
            own["known_date"], own["fact_key"], own["until_date"] = own["fact_date"], own["lead_id"], pd.NaT
            own["not_counted_reason"] = own["lead_id"].map(grown)
        elif rule["counted_by"] == "储备":
            own = leads.reset_index().assign(
                fact_date=leads["reported_date"].to_numpy(), fact_value=1.0, ledger_name="线索台账"
            )
            own = own.merge(tasks.open_days(ledgers, rule["until_stage"]), on="lead_id")
            own["fact_date"] = own[["fact_date", "since"]].max(axis=1)
            own["known_date"], own["until_date"] = own["fact_date"], own["until"]
            own["fact_key"] = own["lead_id"] + own["number"].map(lambda n: f"｜第{n + 1}次" if n else "")
            own = own[~(own["until_date"] <= own["fact_date"])]
            least = rule["min_investment_wan_cny"]
            why = pd.Series(f"未计入：总投资不足{least:.0f}万元", own.index).where(own["investment_wan_cny"] < least)
            why = why.mask(own["investment_wan_cny"].isna(), "未计入：未填总投资")
            own["not_counted_reason"] = own["lead_id"].map(grown).fillna(why)
        elif rule["counted_by"] in ("阶段个数", "阶段金额"):
            own = _moves(ledgers, rule["stage"]).assign(fact_key=lambda t: t["lead_id"], ledger_name="项目进展")
            needed = seed("stage_rules").set_index("stage").loc[rule["stage"], "evidence_kinds"]
            own["fact_date"], own["until_date"] = own["moved_date"], pd.NaT
            own["investment_wan_cny"] = own["lead_id"].map(leads["investment_wan_cny"])
            own["fact_value"] = own["investment_wan_cny"] if rule["counted_by"] == "阶段金额" else 1.0
            why = pd.Series(
                [_missing(kind, needed, "佐证材料") for kind in own["evidence_kind"]], own.index, dtype=object
            ).where(own["is_own"])
            if rule["stage"] == "签约":
                why = why.fillna(
                    own["lead_id"].map({a: f"未计入：与{b}重复签约，只计第一次" for a, b in repeats.items()})
                )
            why = why.fillna(own["lead_id"].map(grown))
            least = rule["min_investment_wan_cny"]
            blank = own["fact_value"].isna() | (own["investment_wan_cny"].isna() & pd.notna(least))
            why = why.fillna(pd.Series("未计入：未填总投资", own.index).where(blank))
            if pd.notna(least):
                small = own["investment_wan_cny"] < least
                why = why.fillna(pd.Series(f"未计入：总投资不足{least:.0f}万元", own.index).where(small))
            own["not_counted_reason"] = why
            own["not_counted_reason"] = own["not_counted_reason"].fillna(_once(own))
        elif rule["counted_by"] in MONEY:
            own = _money(ledgers, rule["counted_by"])
            if isinstance(asked, str):
                why = [_missing(kind, asked, "到资凭证") for kind in own["evidence_kind"]]
                own["not_counted_reason"] = pd.Series(why, own.index, dtype=object).where(own["fact_value"] > 0)
        elif rule["counted_by"] == "外出招商":
            trips = ledgers.trips[ledgers.trips["event_kind"] == "外出招商"]
            known = trips[["start_date", "end_date"]].max(axis=1)
            own = trips.assign(fact_key=trips["event_id"], fact_date=trips["start_date"], known_date=known)
            own = own[own["known_date"] <= ledgers.as_of].assign(fact_value=1.0, ledger_name="外出招商与活动")
        else:
            own = _overdue(ledgers)
        parts.append(own.assign(indicator=name, measure=rule["measure"]).reindex(columns=FACTS))
    found = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    for field in ("project_name", "investment_wan_cny"):
        found[field] = found["lead_id"].map(leads[field])
    stays = found["unit_name"].notna() & found["indicator"].isin(["外出招商次数"])
    answers = ledgers.answering(found["lead_id"], pd.to_datetime(found["fact_date"]))
    found["unit_name"] = found["unit_name"].where(stays, answers)
    return found


MONEY = {
    "到位资金": "month_paid_in_wan_cny",
    "固定资产投资": "month_fixed_investment_wan_cny",
    "实际使用外资": "paid_in_fdi_wan_cny",
}


def _money(ledgers: Ledgers, name: str) -> pd.DataFrame:
    """Months of a project; a month is known when somebody verified it."""
    months = ledgers.read("investment_progress")
    months = months[months["lead_id"].isin(ledgers.leads.index) & months[MONEY[name]].notna()].copy()
    months["known_date"] = months[["period_date", "verified_date"]].max(axis=1)
    months = months[months["known_date"] <= ledgers.as_of]
    value = ledgers.written(months, "paid_in_fdi_wan_cny") if name == "实际使用外资" else months[MONEY[name]]
    return months.assign(
        fact_key=months["lead_id"] + "｜" + months["period_date"].dt.strftime("%Y-%m-%d"),
        fact_date=months["period_date"], fact_value=value.round(4), ledger_name="到资与建设进度",
    )  # fmt: skip


def _overdue(ledgers: Ledgers) -> pd.DataFrame:
    """Agreed start passed: from the day after it until the office knows of the start or of the end."""
    agreed = ledgers.read("project_commitments")
    agreed = agreed[agreed["lead_id"].isin(ledgers.leads.index) & agreed["start_due_date"].notna()]
    agreed = agreed[agreed["agreed_date"] <= ledgers.as_of].sort_values(["agreed_date", "agreed_contract_no"])
    agreed = agreed.drop_duplicates("lead_id", keep="last").copy()
    agreed = agreed.merge(_signed_days(ledgers), on="lead_id")
    agreed["fact_date"] = agreed["start_due_date"] + pd.Timedelta(days=1)
    agreed["fact_date"] = agreed[["fact_date", "agreed_date", "since"]].max(axis=1)
    agreed["until_date"] = agreed["until"]
    agreed["known_date"] = agreed["fact_date"]
    own = agreed[(agreed["known_date"] <= ledgers.as_of) & ~(agreed["until_date"] <= agreed["fact_date"])]
    return own.assign(
        fact_key=own["lead_id"] + own["number"].map(lambda n: f"｜第{n + 1}次" if n else ""),
        fact_value=1.0,
        evidence_no=own["agreed_contract_no"],
        ledger_name="项目约定",
    )


def _signed_days(ledgers: Ledgers) -> pd.DataFrame:
    """From when to when the office knew each project as signed, neither started nor lost nor back in talks."""
    moves = ledgers.moves[ledgers.moves["has_evidence"]]
    moves = moves.assign(
        place=moves["stage"].map(ledgers.stages).fillna(99), known=moves[["moved_date", "recorded_date"]].max(axis=1)
    )
    signed, rows = ledgers.stages["签约"], []
    for lead, own in moves.sort_values(["moved_date", "place"]).groupby("lead_id"):
        begun = own.loc[(own["place"] >= ledgers.stages["开工"]) & (own["place"] < 99), "known"].min()
        spans, is_lost = [[pd.NaT, pd.NaT]], False
        for place, known in zip(own["place"], own["known"], strict=True):
            if place == 99:
                spans[-1][1], is_lost = min((x for x in (spans[-1][1], known) if pd.notna(x)), default=known), True
                continue
            if place < signed or is_lost:
                spans[-1][1] = min((x for x in (spans[-1][1], known) if pd.notna(x)), default=known)
                spans.append([pd.NaT, pd.NaT])
                is_lost = False
            if place >= signed:
                spans[-1][0] = min((x for x in (spans[-1][0], known) if pd.notna(x)), default=known)
        spans = [(a, min((x for x in (b, begun) if pd.notna(x)), default=pd.NaT)) for a, b in spans if pd.notna(a)]
        rows += [(lead, number, a, b) for number, (a, b) in enumerate(spans)]
    found = pd.DataFrame(rows, columns=["lead_id", "number", "since", "until"])
    return found.assign(since=pd.to_datetime(found["since"]), until=pd.to_datetime(found["until"]))


def history(ledgers: Ledgers) -> pd.DataFrame:
    """任务调整记录: as first set from the outset, then each change from its day."""
    table = ledgers.read("target_changes")
    table = table[table["effective_date"] <= ledgers.as_of]
    table = table.assign(
        unit_name=table["unit_name"].map(ledgers.spellings),
        target_value=tasks.in_measure(table, "new_value"), old_value=tasks.in_measure(table, "old_value"),
        valid_from_date=table["effective_date"],
    )  # fmt: skip
    first = tasks.first_targets(ledgers).assign(valid_from_date=FROM_OUTSET)
    found = pd.concat([first, table], ignore_index=True).sort_values([*tasks.KEYS, "valid_from_date"])
    own = found.groupby(tasks.KEYS)
    found["valid_to_date"] = own["valid_from_date"].shift(-1)
    found["is_reconciled"] = (found["valid_from_date"] == FROM_OUTSET) | (
        found["old_value"] == own["target_value"].shift()
    )
    found["measure"] = found["indicator"].map(seed("indicators").set_index("indicator")["measure"])
    columns = [
        "valid_from_date",
        "valid_to_date",
        "target_value",
        "measure",
        "old_value",
        "is_reconciled",
        "document_no",
        "reason",
    ]
    return found[[*tasks.KEYS, *columns]]


def _plain(value: float, measure: str) -> str:
    return "未下达" if pd.isna(value) else f"{value:.2f}".rstrip("0").rstrip(".") + measure


def decomposition(ledgers: Ledgers) -> pd.DataFrame:
    """What the city set beside the sum of what the units have; a unit's task doesn't hold those below it (dispatch_rules)."""
    rules = seed("indicators").set_index("indicator")
    upper = ledgers.read("district_targets")
    upper = upper[upper["issued_date"] <= ledgers.as_of].assign(upper_value=tasks.in_measure(upper, "target_value"))
    held = tasks.current_targets(ledgers)
    found = upper.rename(columns={"issued_by": "upper_name"})
    own = held.groupby(["target_year", "indicator"])["target_value"].agg(divided_value="sum", unit_count="size")
    found = found.drop(columns="target_value").merge(own.reset_index(), on=["target_year", "indicator"], how="outer")
    found["measure"] = found["indicator"].map(rules["measure"])
    found["indicator_order"] = found["indicator"].map(rules["indicator_order"])
    found = found.assign(level="全区", upper_name=found["upper_name"].fillna(""))
    found["difference_value"] = found["divided_value"] - found["upper_value"]
    found["upper_text"] = [_plain(v, m) for v, m in zip(found["upper_value"], found["measure"], strict=True)]
    found["divided_text"] = [_plain(v, m) for v, m in zip(found["divided_value"], found["measure"], strict=True)]
    found["difference_text"] = [
        "上级未下达"
        if pd.isna(upper)
        else "未分解"
        if pd.isna(divided)
        else "一致"
        if divided == upper
        else f"分解数{'多' if divided > upper else '少'}{_plain(abs(divided - upper), measure)}"
        for upper, divided, measure in zip(found["upper_value"], found["divided_value"], found["measure"], strict=True)
    ]
    return found[
        [
            "level",
            "target_year",
            "upper_name",
            "indicator",
            "indicator_order",
            "measure",
            "upper_value",
            "upper_text",
            "divided_value",
            "divided_text",
            "unit_count",
            "difference_value",
            "difference_text",
            "document_no",
        ]
    ]


def district(ledgers: Ledgers) -> pd.DataFrame:
    """What the district should have done and has: by what was set above, or by the sum of what the units have."""
    made = tasks.progress(ledgers)
    rows = []
    for given in decomposition(ledgers).drop_duplicates(["target_year", "indicator"]).to_dict("records"):
        own = made[(made["target_year"] == given["target_year"]) & (made["indicator"] == given["indicator"])]
        if own.empty:
            continue
        is_set_above = pd.notna(given["upper_value"])
        task = given["upper_value"] if is_set_above else given["divided_value"]
        done = own["done_value"] if is_set_above else own.loc[own["target_value"].notna(), "done_value"]
        due, done = task * own["due_share"].iloc[0], done.sum()
        rows.append(
            {
                **{name: given[name] for name in ("target_year", "indicator", "indicator_order", "measure")},
                "target_value": task,
                "target_text": _plain(task, given["measure"]),
                "target_basis": "上级下达" if is_set_above else "分解合计",
                "done_value": done,
                "completion_pct": 100 * done / task if task > 0 else None,
                "passed_pct": own["passed_pct"].iloc[0],
                "expected_value": due,
                "arrears_value": max(due - done, 0.0),
            }
        )
    return pd.DataFrame(rows)


def quarters(ledgers: Ledgers) -> pd.DataFrame:
    """全区季度完成情况: what came beside the task that held on the quarter's last day."""
    table = unit.running(ledgers)
    table["quarter_date"] = table["month_date"].dt.to_period("Q").dt.to_timestamp()
    ends = table[table["month_date"] == table.groupby("quarter_date")["month_date"].transform("max")]
    rules = seed("indicators").set_index("indicator")
    upper = ledgers.read("district_targets")
    upper = upper.assign(upper_value=tasks.in_measure(upper, "target_value"))
    first, rows = table["month_date"].min(), []
    for quarter, own in ends[ends["indicator"].isin(rules.index[rules["is_task"]])].groupby("quarter_date"):
        day = min(quarter + pd.DateOffset(months=3, days=-1), ledgers.as_of)
        then = Ledgers(ledgers.folder, day.date())
        is_known = (upper["issued_date"] <= day) & (upper["target_year"] == quarter.year)
        above = upper[is_known].set_index("indicator")["upper_value"]
        held = tasks.current_targets(then)
        held = held[held["target_year"] == quarter.year]
        for row in own[own["slice_kind"] == "全区"].to_dict("records"):
            name, units = row["indicator"], own[own["slice_kind"] == "责任单位"]
            own_tasks = held[held["indicator"] == name]
            set_units = own_tasks["unit_name"]
            mine = units[(units["indicator"] == name) & units["slice_name"].isin(set_units)]
            is_above = name in above.index
            target = above[name] if is_above else own_tasks["target_value"].sum() if len(own_tasks) else None
            done = row["year_value"] if is_above else mine["year_value"].sum()

            def came(months: int, quarter: pd.Timestamp = quarter, name: str = name) -> float | None:
                start = quarter - pd.DateOffset(months=months)
                found = ends[
                    (ends["quarter_date"] == start) & (ends["slice_kind"] == "全区") & (ends["indicator"] == name)
                ]
                return None if start < first or found.empty else found["quarter_value"].iloc[0]

            rows.append(
                {
                    "quarter_date": quarter,
                    "indicator": name,
                    "indicator_order": row["indicator_order"],
                    "quarter_value": came(0),
                    "before_value": came(3),
                    "last_year_value": came(12),
                    "year_value": row["year_value"],
                    "target_value": target,
                    "completion_pct": 100 * done / target if target else None,
                }
            )
    return pd.DataFrame(rows)


def unit_rule(ledgers: Ledgers) -> pd.DataFrame:
    """单位达标: started in the year, or in reserve on the day, at least so large."""
    table = facts(ledgers)
    table = table[table["not_counted_reason"].isna() & (pd.to_datetime(table["known_date"]) <= ledgers.as_of)]
    rows = []
    rules = seed("unit_rules")
    valid = (pd.to_datetime(rules["valid_from"]) <= ledgers.as_of) & ~(
        pd.to_datetime(rules["valid_to"]) < ledgers.as_of
    )
    for rule in rules[valid].to_dict("records"):
        if rule["counted_by"] == "储备":
            own = table[(table["indicator"] == "储备项目数") & ~(pd.to_datetime(table["until_date"]) <= ledgers.as_of)]
        else:
            day = pd.to_datetime(table["fact_date"])
            own = table[(table["indicator"] == "新开工项目数") & (day.dt.year == ledgers.as_of.year)]
        least, number = rule["min_investment_wan_cny"], rule["min_count"]
        if pd.notna(least):
            own = own[own["investment_wan_cny"].astype(float) >= least]
        for name, kind in ledgers.unit_types.items():
            kinds = {kind, "牵头部门"} if name in ledgers.lead_departments else {kind}
            if not kinds & set(rule["applies_to"].split("、")):
                continue
            mine = own[own["unit_name"] == name].sort_values(["investment_wan_cny", "lead_id"], ascending=[False, True])
            verdict = "标准未下达" if pd.isna(number) else "达标" if len(mine) >= number else "未达标"
            told = [
                f"{p}（{_plain(i, '万元')}）"
                for p, i in zip(mine["project_name"], mine["investment_wan_cny"], strict=True)
            ]
            rows.append(
                {
                    "unit_name": name, "unit_type": kind, "rule_code": rule["rule_code"], "min_count": number,
                    "min_investment_wan_cny": least, "counted_count": len(mine), "verdict": verdict,
                    "counted_projects": "、".join(told) or None,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
