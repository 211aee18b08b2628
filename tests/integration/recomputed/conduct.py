"""How units work (C10–C17): quarters, single touches, visits without counterparty, repeated signings, amounts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd

from recomputed import unit
from recomputed.ledgers import IN_PERSON, Ledgers, share

LEVELS = {"principal": "一把手", "deputy": "分管领导", "member": "班子成员", "staff": "工作人员"}


def _visits(ledgers: Ledgers) -> pd.DataFrame:
    """Visits in person with what is missing; the investor's own code stands on the lead."""
    visits = ledgers.follow_ups[ledgers.follow_ups["method"].isin(IN_PERSON)].copy()
    leads = ledgers.leads
    # Written on the lead, or to be found in the register.
    known = leads["is_in_register"].astype(bool) | leads["is_code_written"].astype(bool)
    codes = leads["uscc"].where(known)
    plain = str.maketrans("（）", "()", " 　")
    same = [
        isinstance(name, str) and name.translate(plain) == str(leads.at[lead, "enterprise_name"]).translate(plain)
        for lead, name in zip(visits["lead_id"], visits["counterparty_name"], strict=True)
    ]
    code = visits["counterparty_uscc"].where(
        visits["counterparty_uscc"].notna(), visits["lead_id"].map(codes).where(pd.Series(same, visits.index))
    )
    parts = {"洽谈对象": visits["counterparty_name"], "信用代码": code, "下一步计划": visits["next_step"]}
    lacks = pd.DataFrame({name: column.isna() for name, column in parts.items()})
    visits["missing_text"] = ["、".join(lacks.columns[row]) for row in lacks.to_numpy()]
    # The rarest kinds of lack, as many as the share that may be listed holds whole.
    kinds = lacks.groupby(list(lacks.columns)).size().rename("count").reset_index()
    surprise = -np.log(lacks.mean())
    kinds["weight"] = [round(float((row * surprise).sum()), 6) for row in kinds[list(lacks.columns)].to_numpy(float)]
    kinds = kinds[kinds["weight"] > 0].sort_values("weight", ascending=False)
    kinds["share"] = [
        100 * kinds.loc[kinds["weight"] >= weight, "count"].sum() / len(lacks) for weight in kinds["weight"]
    ]
    shares = kinds.set_index(list(lacks.columns))["share"]
    visits["as_lacking_pct"] = [shares.get(tuple(row)) for row in lacks.to_numpy()]
    is_listed = visits["as_lacking_pct"] <= ledgers.limit("flagged_share_pct")
    visits["is_listed"] = is_listed & (len(visits) >= ledgers.limit("flagged_min_rows"))
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
        by_quarter(visits[visits["is_listed"]], "follow_up_date", "no_counterparty_count"),
    ]
    for name, level in LEVELS.items():
        counts.append(by_quarter(visits[visits["led_by"] == level], "follow_up_date", f"{name}_visit_count"))
    happened = unit.events(ledgers)
    for name, indicator in [("new_lead_count", "新增线索数"), ("signed_count", "新签约项目数")]:
        counts.append(by_quarter(happened[happened["indicator"] == indicator], "day", name))
    table = pd.concat(counts, axis=1)
    first = table.index.get_level_values("quarter_date").min()
    every = pd.MultiIndex.from_product(
        [ledgers.unit_types.index, pd.date_range(first, ledgers.as_of, freq="QS")],
        names=["unit_name", "quarter_date"],
    )
    table = table.reindex(every).fillna(0).reset_index()
    end = table["quarter_date"] + pd.DateOffset(months=3, days=-1)
    table["is_complete"] = end <= ledgers.as_of
    for name in ("late_entry", "back_dated"):
        table[f"{name}_pct"] = share(table[f"{name}_count"], table["entry_count"])
    table["principal_visit_pct"] = share(table["principal_visit_count"], table["visit_count"])
    for name, whole in [("visits_per_new_lead", "new_lead_count"), ("visits_per_signed", "signed_count")]:
        table[name] = table["visit_count"] / table[whole].where(table[whole] > 0)
    return table


def single_touch(ledgers: Ledgers) -> pd.DataFrame:
    """Talked to on one day only and not since, for longer than the limit; not signed, ended or not."""
    state = ledgers.state
    days = (ledgers.as_of - state["last_contact_date"]).dt.days
    open_ = state["signed_date"].isna() & ~state["is_in_follow_up"]
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
            "is_ended",
            "contact_count",
            "days_since_contact",
            "limit_days",
            "long_limit_days",
            "is_over_long_limit",
        ]
    ]


def no_counterparty(ledgers: Ledgers) -> pd.DataFrame:
    """Visits in person that lack more of counterparty, code and next step than is usual."""
    visits = _visits(ledgers)
    return visits.loc[
        visits["is_listed"],
        ["lead_id", "follow_up_date", "method", "content", "unit_name", "led_by", "next_step", "missing_text", "as_lacking_pct"],
    ]  # fmt: skip


def repeat_signings(ledgers: Ledgers) -> pd.DataFrame:
    """Groups of more than one signing, each signing with the one before."""
    table = ledgers.signings
    keys = ["firm", "project_form", "group_no"]
    table["group_signing_count"] = table.groupby(keys)["lead_id"].transform("size")
    table = table[table["group_signing_count"] > 1].copy()
    days = (table["signed_date"] - pd.to_datetime(table["previous_date"])).dt.days
    table["days_since_previous"] = days.where(~table["starts"])
    table["limit_months"] = ledgers.limit("repeat_months")
    talks = ledgers.follow_ups.groupby("lead_id")
    table["follow_unit_count"] = table["lead_id"].map(talks["unit_name"].nunique()).fillna(0)
    table["trip_count"] = table["lead_id"].map(talks["event_id"].nunique()).fillna(0)
    table["investment_wan_cny"] = table["lead_id"].map(ledgers.leads["investment_wan_cny"])
    return table[
        [
            "lead_id",
            "signed_date",
            "unit_name",
            "is_counted",
            "counted_lead_id",
            "previous_lead_id",
            "days_since_previous",
            "group_signing_count",
            "limit_months",
            "investment_wan_cny",
            "follow_unit_count",
            "trip_count",
        ]
    ]


def amounts(ledgers: Ledgers) -> pd.DataFrame:
    """What was signed beside registered capital, what was filed and what was built."""
    state = ledgers.state
    own = state[state["signed_date"].notna() & (state["investment_wan_cny"] > 0)].copy()
    register = ledgers.register
    capital = own["registered_capital_wan_cny"].fillna(own["register_row"].map(register["注册资本(万元)"]))
    months = ledgers.read("investment_progress")
    months = months[months["period_date"] <= ledgers.as_of].sort_values("period_date")
    built = months.groupby("lead_id")["month_fixed_investment_wan_cny"].sum(min_count=1).reindex(own.index)
    own["paid_in_wan_cny"] = months.groupby("lead_id")["total_paid_in_wan_cny"].last().reindex(own.index)
    old = own["signed_date"] + pd.DateOffset(months=int(ledgers.limit("fixed_to_amount_months"))) <= ledgers.as_of
    parts = []
    for name, compared, ratio, limit, passes in [
        ("注册资本", capital, own["investment_wan_cny"] / capital.where(capital > 0), "amount_to_capital", 1),
        (
            "备案总投资",
            own["filed_investment_wan_cny"],
            own["investment_wan_cny"] / own["filed_investment_wan_cny"].where(own["filed_investment_wan_cny"] > 0),
            "amount_to_filed",
            1,
        ),
        ("累计固定资产投资", built, (100 * built / own["investment_wan_cny"]).where(old), "fixed_to_amount_pct", -1),
    ]:
        value = ledgers.limit(limit)
        table = own.assign(comparison=name, compared_wan_cny=compared, ratio=ratio, limit_value=value)
        table = table[table["ratio"].notna()]
        out = np.log(table["ratio"]) if passes > 0 else -table["ratio"]
        fence = out.median() + ledgers.limit("amount_deviations") * 1.4826 * (out - out.median()).abs().median()
        table = table.assign(out=out, compared_count=len(table), usual_ratio=table["ratio"].median())
        if len(table) % 2 == 0 and passes > 0:  # the middle of two logarithms
            table["usual_ratio"] = np.exp(out.median())
        most = int(ledgers.limit("flagged_share_pct") / 100 * len(table))
        ranked = table.reset_index().sort_values(
            ["out", "investment_wan_cny", "lead_id"], ascending=[False, False, True]
        )
        first = table.loc[ranked["lead_id"].head(most if len(table) >= ledgers.limit("flagged_min_rows") else 0)]
        parts.append(first[((first["ratio"] - value) * passes > 0) & (first["out"] > fence)])
    return pd.concat(parts).reset_index()[
        [
            "lead_id",
            "comparison",
            "signed_date",
            "investment_wan_cny",
            "compared_wan_cny",
            "ratio",
            "limit_value",
            "usual_ratio",
            "compared_count",
            "paid_in_wan_cny",
        ]
    ]


def copied_texts(ledgers: Ledgers) -> pd.DataFrame:
    """Every text beside the most alike of those before it, all pairs of three-character pieces."""
    limit, least = ledgers.limit("copied_similarity"), int(ledgers.limit("copied_min_chars"))
    table = ledgers.follow_ups.dropna(subset=["content"]).copy()
    table = table[table["follow_up_date"] > ledgers.as_of - pd.Timedelta(days=ledgers.limit("copied_lookback_days"))]
    table["plain"] = table["content"].map(lambda text: "".join(c for c in text if c.isalpha()))
    table = table[table["plain"].str.len() >= least].sort_values(["follow_up_date", "lead_id"]).reset_index(drop=True)
    pieces = [{text[i : i + 3] for i in range(len(text) - 2)} for text in table["plain"]]
    words = {word: i for i, word in enumerate(sorted(set().union(*pieces)))}
    held = np.zeros((len(pieces), len(words)), dtype=np.float32)
    for i, own in enumerate(pieces):
        held[i, [words[word] for word in own]] = 1
    common, size = held @ held.T, held.sum(axis=1)
    alike = common / (size[:, None] + size[None, :] - common)
    is_rare = _rare_enough(ledgers, table)
    first_text = {text: i for i, text in reversed(list(enumerate(table["plain"])))}
    first_note = {text: i for i, text in reversed(list(enumerate(table["content"])))}
    rows = []
    for i in range(1, len(table)):
        before = np.flatnonzero(alike[i, :i] >= limit - 1e-6)
        # Among equal texts the first stands for all, and the first with the same figures for those with them.
        firsts = {first_text[table.at[i, "plain"]], first_note[table.at[i, "content"]]}
        before = np.array([j for j in before if (alike[i, j] < 1 or j in firsts) and is_rare(i, j)], dtype=int)
        if len(before):
            best = before[np.argmax(alike[i, before])]
            rows.append(
                {
                    "lead_id": table.at[i, "lead_id"],
                    "follow_up_date": table.at[i, "follow_up_date"],
                    "content": table.at[i, "content"],
                    "unit_name": table.at[i, "unit_name"],
                    "other_lead_id": table.at[best, "lead_id"],
                    "other_follow_up_date": table.at[best, "follow_up_date"],
                    "similarity": round(float(alike[i, best]), 4),
                    "limit_similarity": limit,
                    "is_same_lead": table.at[best, "lead_id"] == table.at[i, "lead_id"],
                    "is_same_unit": table.at[best, "unit_name"] == table.at[i, "unit_name"],
                }
            )
    return pd.DataFrame(rows)


def _rare_enough(ledgers: Ledgers, table: pd.DataFrame) -> Callable[[int, int], bool]:
    """Say of two rows whether what they have in common is too rare for chance: clause by clause, by others' use of it."""
    marks = [{c: "\n" for c in text if unicodedata.category(c)[0] in "PS"} for text in table["content"]]
    clauses = [
        set("".join(text.split()).translate(str.maketrans(mark)).split())
        for text, mark in zip(table["content"], marks, strict=True)
    ]
    texts = table["plain"].tolist()
    used: dict[str, set[str]] = {}
    for text, own in zip(texts, clauses, strict=True):
        for clause in own:
            used.setdefault(clause, set()).add(text)
    count = len(set(texts))
    needed = np.log(count * count / 2 / ledgers.limit("copied_chance_pairs"))
    most = max(ledgers.limit("flagged_min_rows") - 1, ledgers.limit("copied_formula_pct") / 100 * len(texts))
    uses = Counter(texts)

    def is_rare(one: int, other: int) -> bool:
        if texts[one] == texts[other] and uses[texts[one]] > most:
            return False
        surprise = 0.0
        for clause in clauses[one] & clauses[other]:
            others = len(used[clause] - {texts[one], texts[other]})
            surprise += np.log(count / others) if others else np.log(count) + len(clause)
        return bool(surprise >= needed)

    return is_rare
