"""Tasks and what counts for them (C3, C104–C106). Belongs here: 任务事实, 任务进度, 分解核对, 单位达标."""

from __future__ import annotations

import calendar

import pandas as pd

from recomputed.ledgers import Ledgers, seed

KEYS = ["target_year", "unit_name", "indicator"]


def in_measure(table: pd.DataFrame, value: str) -> pd.Series:
    """亿元 as 万元."""
    return table[value] * table["measure"].map({"亿元": 10000.0}).fillna(1.0)


def first_targets(ledgers: Ledgers) -> pd.DataFrame:
    """Tasks as first set, in the indicator's measure."""
    table = ledgers.read("targets")
    table["unit_name"] = table["unit_name"].map(ledgers.spellings)
    table["target_value"] = in_measure(table, "target_value")
    table = table.dropna(subset=["unit_name", "target_value"])
    return table.drop_duplicates(KEYS, keep="last")[[*KEYS, "target_value"]]


def changes(ledgers: Ledgers) -> pd.DataFrame:
    table = ledgers.read("target_changes")
    table = table.assign(unit_name=table["unit_name"].map(ledgers.spellings), new=in_measure(table, "new_value"))
    return table[table["effective_date"] <= ledgers.as_of].sort_values("effective_date")


def current_targets(ledgers: Ledgers) -> pd.DataFrame:
    """Tasks as they stand on the day: the last change that holds, else what was first set."""
    held = first_targets(ledgers).set_index(KEYS)["target_value"]
    for row in changes(ledgers).to_dict("records"):
        held.loc[tuple(row[k] for k in KEYS)] = row["new"]
    return held.rename("target_value").reset_index()


def local_firms(ledgers: Ledgers) -> set[str]:
    """Enterprises of the district, by name as names compare."""
    table = ledgers.read("local_enterprises")
    return set(table["uscc"].dropna()) | set(table["enterprise_name"].dropna())


def expansions(ledgers: Ledgers) -> set[str]:
    """增资扩产: the ledger says so, or it says nothing and the investor is a local enterprise."""
    leads, firms = ledgers.leads, local_firms(ledgers)
    said = leads["is_expansion"].map(lambda x: x is True)
    silent = leads["is_expansion"].isna()
    local = leads["uscc"].isin(firms) | leads["enterprise_name"].isin(firms)
    return set(leads.index[said | (silent & local)])


def _proves(kind: str, asked: object) -> bool:
    """Whether an evidence is of a kind that is asked for (设备发票 is a 发票)."""
    return not isinstance(asked, str) or any(one in kind for one in asked.split("、"))


def open_days(ledgers: Ledgers, stage: str) -> pd.DataFrame:
    """From when to when the office knew each lead as neither lost nor at a stage yet: once, and again for each time it came back."""
    moves = ledgers.moves[ledgers.moves["has_evidence"]]
    moves = moves.assign(
        place=moves["stage"].map(ledgers.stages).fillna(99), known=moves[["moved_date", "recorded_date"]].max(axis=1)
    )
    by_lead = dict(list(moves.sort_values(["moved_date", "place"]).groupby("lead_id")))
    rows = []
    for lead in ledgers.leads.index:
        number, since, until, came = 0, pd.NaT, pd.NaT, pd.NaT
        own = by_lead.get(lead)
        for place, known in () if own is None else zip(own["place"], own["known"], strict=True):
            if place == 99:
                until = known if pd.isna(until) else min(until, known)
                continue
            if pd.notna(until):
                rows.append((lead, number, since, until))
                number, since, until = number + 1, known, pd.NaT
            if ledgers.stages[stage] <= place:
                came = known if pd.isna(came) else min(came, known)
        rows.append((lead, number, since, until))
        rows[-number - 1 :] = [
            (a, n, s, u if pd.isna(came) or u <= came else came) for a, n, s, u in rows[-number - 1 :]
        ]
    found = pd.DataFrame(rows, columns=["lead_id", "number", "since", "until"])
    return found.assign(since=pd.to_datetime(found["since"]), until=pd.to_datetime(found["until"]))


def facts(ledgers: Ledgers) -> pd.DataFrame:
    """What counts for tasks, one row per indicator and thing, with whether it counts. Money stands a month at a time."""
    state = ledgers.state.reset_index()
    grown = expansions(ledgers)
    months = ledgers.read("investment_progress")
    months = months[months["lead_id"].isin(ledgers.leads.index) & (months["period_date"] <= ledgers.as_of)]
    verified = months["verified_date"].fillna(months["period_date"])
    months = months[months[["period_date"]].assign(v=verified).max(axis=1) <= ledgers.as_of].copy()
    months["unit_name"] = ledgers.answering(months["lead_id"], months["period_date"])
    asked = seed("indicators").set_index("indicator")["evidence_kinds"]
    rows = []
    for name, column in [
        ("到位资金", "month_paid_in_wan_cny"),
        ("固定资产投资", "month_fixed_investment_wan_cny"),
        ("实际使用外资", "paid_in_fdi_wan_cny"),
    ]:
        own = months[months[column].notna()]
        kinds = asked[name]
        proved = own["evidence_kind"].fillna("").map(lambda kind, kinds=kinds: _proves(kind, kinds)) | (
            own[column] <= 0
        )
        value = own[column]
        if name == "实际使用外资":
            value = ledgers.written(own, "paid_in_fdi_wan_cny")  # in 万美元 as the workbook has it
        rows.append(
            pd.DataFrame(
                {"indicator": name, "unit_name": own["unit_name"], "lead_id": own["lead_id"], "day": own["period_date"]}
            ).assign(value=value.round(4), is_counted=proved & value.notna(), until=pd.NaT)
        )
    counted = state[~state["lead_id"].isin(grown)]

    def stage(name: str, unit: str, day: str, amount: bool = False) -> pd.DataFrame:
        own = counted[
            counted[day].notna() & (counted["is_counted_signing"] if "签约" in name or name == "签约金额" else True)
        ]
        value = own["investment_wan_cny"] if amount else 1.0
        return (
            pd.DataFrame(
                {"indicator": name, "unit_name": own[unit], "lead_id": own["lead_id"], "day": own[day], "value": value}
            )
            .assign(is_counted=True, until=pd.NaT)
            .dropna(subset=["value"])
        )

    reserve = counted[counted["investment_wan_cny"] >= 5000]
    stays = open_days(ledgers, "签约")
    reserve = reserve.merge(stays, on="lead_id")
    reserve["since"] = reserve[["reported_date", "since"]].max(axis=1)
    reserve = reserve[~(reserve["until"] <= reserve["since"])]
    rows += [
        stage("新增线索数", "reported_unit_name", "reported_date"),
        stage("新签约项目数", "signed_unit_name", "signed_date"),
        stage("签约金额", "signed_unit_name", "signed_date", amount=True),
        stage("新开工项目数", "started_unit_name", "started_date"),
        stage("新签约项目投资总额", "signed_unit_name", "signed_date", amount=True),
        stage("新开工过亿元以上项目数", "started_unit_name", "started_date").merge(
            counted.loc[counted["investment_wan_cny"] >= 10_000, ["lead_id"]], on="lead_id"
        ),
        stage("新投产项目数", "operation_unit_name", "operation_date"),
        pd.DataFrame(
            {
                "indicator": "储备项目数",
                "unit_name": ledgers.answering(reserve["lead_id"], reserve["since"]),
                "lead_id": reserve["lead_id"],
                "day": reserve["since"],
                "value": 1.0,
                "is_counted": True,
                "until": reserve["until"],
            }
        ),
    ]
    trips = ledgers.trips[(ledgers.trips["event_kind"] == "外出招商") & (ledgers.trips["start_date"] <= ledgers.as_of)]
    rows.append(
        pd.DataFrame(
            {"indicator": "外出招商次数", "unit_name": trips["unit_name"], "lead_id": None, "day": trips["start_date"]}
        ).assign(value=1.0, is_counted=True, until=pd.NaT)
    )
    return pd.concat(rows, ignore_index=True)


def _passed_over(ledgers: Ledgers) -> dict[tuple[str, int, str], int]:
    """How many things count on no row of theirs, by unit, year and indicator."""
    from recomputed import task_lists  # these two modules speak of one table

    table = task_lists.facts(ledgers)
    for name in ("fact_date", "known_date"):
        table[name] = pd.to_datetime(table[name])
    table = table[table[["fact_date", "known_date"]].max(axis=1) <= ledgers.as_of]
    keys = table["indicator"] + "｜" + table["fact_key"].astype(str)
    table = table[~keys.isin(keys[table["not_counted_reason"].isna()])]
    return table.groupby(["unit_name", table["fact_date"].dt.year, "indicator"])["fact_key"].nunique().to_dict()


def progress(ledgers: Ledgers) -> pd.DataFrame:
    """任务进度与欠账: task, done, gap, what should be done by now, how it goes on."""
    table = facts(ledgers)
    table = table[table["is_counted"]]
    passed_over = _passed_over(ledgers)
    rules = seed("indicators").query("is_task").set_index("indicator")
    held = current_targets(ledgers).set_index(KEYS)["target_value"]
    first = first_targets(ledgers).set_index(KEYS)["target_value"]
    last = ledgers.as_of
    rows = []
    for year in sorted({key[0] for key in held.index}):
        days = 366 if calendar.isleap(year) else 365
        gone = min(max((ledgers.as_of - pd.Timestamp(year, 1, 1)).days + 1, 0), days)
        end = min(pd.Timestamp(year, 12, 31), last)
        for name, rule in rules.iterrows():
            own = table[table["indicator"] == name]
            if rule["is_stock"]:
                own = own[(own["day"] <= end) & ~(own["until"] <= end)]
            else:
                own = own[own["day"].dt.year == year]
            done = own.groupby("unit_name")["value"].agg(["sum", "size"])
            for unit, kind in ledgers.unit_types.items():
                value, count = done.loc[unit] if unit in done.index else (0.0, 0)
                target = held.get((year, unit, name))
                row = {
                    "unit_name": unit, "target_year": year, "indicator": name, "unit_type": kind, "target_value": target,
                    "indicator_order": rule["indicator_order"], "original_target_value": first.get((year, unit, name)),
                    "done_value": round(value, 4), "counted_count": count,
                    "not_counted_count": passed_over.get((unit, year, name), 0), "passed_pct": round(100 * gone / days, 2),
                    "due_share": 1.0 if rule["is_stock"] else gone / days,
                }  # fmt: skip
                if target is not None:
                    due = target if rule["is_stock"] else target * gone / days
                    row |= {
                        "gap_value": max(target - value, 0.0),
                        "completion_pct": round(100 * value / target, 2) if target > 0 else None,
                        "expected_value": due,
                        "arrears_value": round(max(due - value, 0.0), 2),
                        "pace_pct": round(100 * value / due, 2) if due > 0 else None,
                    }
                if gone > 0:
                    row["done_per_month"] = value * days / gone / 12
                    row["projected_value"] = value if rule["is_stock"] else value * days / gone
                if target is not None and gone < days:
                    row["required_per_month"] = max(target - value, 0.0) * days / (days - gone) / 12
                rows.append(row)
    return pd.DataFrame(rows)
