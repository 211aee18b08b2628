"""Points of the assessment (C107, C110) from the table of rules, in decimals: scores, items, what stands behind each point."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

import pandas as pd

from recomputed import task_lists, tasks
from recomputed.ledgers import Ledgers, seed

MONTHS = {"月": 1, "季": 3, "半年": 6, "年": 12}
RULE = ["scheme_name", "unit_name", "rule_code"]
NUMBERS = ("points", "cap", "floor", "threshold", "target_value", "step_size", "step_points")
STEPS = ("按步扣分", "按步加分")
COUNTED = ("按个加分", "按个扣分")
INNER = [*NUMBERS, "unit_type", "is_percent", "steps", "is_voted", "is_waiting"]


def _decimal(value: object) -> Decimal:
    return Decimal(repr(float(value)))


def _rules(ledgers: Ledgers) -> pd.DataFrame:
    """Rules that hold on the day, with the indicator and the size that each measures; none where marks tell it."""
    table = ledgers.read("scoring_rules")
    table = table[(table["valid_from_date"] <= ledgers.as_of) & ~(table["valid_to_date"] < ledgers.as_of)]
    further = seed("scoring_measures").set_index("measure_key")["measure_text"].to_dict()
    told = table["measured_indicator"].map(lambda key: further.get(key, key))
    parts = told.str.extract(r"^(?P<measured>[^\[@]+?)(?:\[(?P<low>[\d.]*),(?P<high>[\d.]*)\))?(?P<paced>@时序)?$")
    table = table.assign(measured=parts["measured"], is_paced=parts["paced"].notna())
    return table.assign(low=pd.to_numeric(parts["low"]), high=pd.to_numeric(parts["high"]))


def refused(ledgers: Ledgers) -> pd.DataFrame:
    """Rules of schemes whose weights don't add up to 1, or that measure what nobody knows."""
    rules = _rules(ledgers)
    sums = rules.groupby("scheme_name")["weight"].transform(lambda w: float(sum(_decimal(x) for x in w.dropna())))
    known = rules["measured"].isna() | rules["measured"].isin(seed("indicators")["indicator"])
    return rules[(sums != 1) | ~known][["scheme_name", "rule_code"]]


def _facts(ledgers: Ledgers) -> pd.DataFrame:
    """Facts known before the day, without later mentions of what counts already."""
    table = task_lists.facts(ledgers)
    for name in ("fact_date", "known_date", "until_date"):
        table[name] = pd.to_datetime(table[name])
    table = table[(table["known_date"] <= ledgers.as_of) & (table["fact_date"] <= ledgers.as_of)]
    table = table.sort_values(["fact_date", "known_date", "fact_key"])
    keys = table["indicator"] + "｜" + table["fact_key"].astype(str)
    counted = table["not_counted_reason"].isna()
    first = counted & ~keys.where(counted).duplicated()
    return table[first | ~keys.isin(keys[counted])]


@cache
def _behind(ledgers: Ledgers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each rule that applies to a unit with what it comes to, and the facts and marks behind it."""
    facts, last = _facts(ledgers), ledgers.as_of
    stock = set(seed("indicators").query("is_stock")["indicator"])
    held = tasks.current_targets(ledgers).set_index(["unit_name", "target_year", "indicator"])["target_value"].to_dict()
    marks = ledgers.read("assessment_marks")
    marks = marks[marks["period_date"] <= ledgers.as_of]
    items: list[dict[str, object]] = []
    traces: list[pd.DataFrame] = []
    for rule in _rules(ledgers).to_dict("records"):
        months = MONTHS[rule["period_kind"]]
        first = pd.Timestamp(last.year, (last.month - 1) // months * months + 1, 1)
        end = first + pd.DateOffset(months=months)
        own = facts[facts["indicator"] == rule["measured"]]
        if rule["measured"] in stock:
            own = own[~(own["until_date"] <= ledgers.as_of)]
        else:
            own = own[(own["fact_date"] >= first) & (own["fact_date"] < end)]
        size = own["investment_wan_cny"].astype(float)
        own = own[~(size < rule["low"]) & ~(size >= rule["high"]) & (size.notna() | pd.isna(rule["low"]))]
        asked = None if pd.isna(rule["evidence_kind"]) else re.split("[、；]", rule["evidence_kind"])
        lacks = own["not_counted_reason"].isna() & (
            pd.Series(asked is not None and ~own["evidence_kind"].isin(asked or []), own.index)
        )
        own = own.assign(
            not_counted_reason=own["not_counted_reason"].mask(lacks, f"未计入：本规则须有{'或'.join(asked or [])}")
        )
        given = marks[(marks["scheme_name"] == rule["scheme_name"]) & (marks["rule_code"] == rule["rule_code"])]
        is_voted = bool((given["value_kind"] == "评分").any())
        given = given[(given["period_date"] >= first) & (given["period_date"] < end)].sort_values("period_date")
        for unit, kind in ledgers.unit_types.items():
            if kind not in rule["unit_type"].split("、"):
                continue
            key = {"scheme_name": rule["scheme_name"], "unit_name": unit, "rule_code": rule["rule_code"]}
            if pd.isna(rule["measured"]):
                mine = given[given["unit_name"].map(ledgers.spellings) == unit]
                if (mine["value_kind"] == "评分").any():
                    mine = mine[mine["value_kind"] == "评分"].tail(1)
                done = sum((_decimal(v) for v in mine["value"]), Decimal(0)) if len(mine) else None
                shown = mine.assign(
                    fact_key="评分", fact_date=mine["period_date"], fact_value=mine["value"], is_counted=True
                )
                shown["not_counted_reason"] = None
            else:
                mine = own[own["unit_name"] == unit]
                good = mine["not_counted_reason"].isna()
                done = sum((_decimal(v) for v in mine.loc[good, "fact_value"]), Decimal(0))
                shown = mine.assign(is_counted=good)
            names = ["fact_key", "fact_date", "fact_value", "is_counted", "not_counted_reason"]
            traces.append(shown[names].assign(**key))
            numbers = {name: None if pd.isna(rule[name]) else _decimal(rule[name]) for name in NUMBERS}
            task = held.get((unit, last.year, rule["measured"]))
            # The task of the period as a fraction, so that a step that is just full is full.
            above, below = (1, 1) if rule["measured"] in stock else (months, 12)
            if rule["is_paced"]:
                above, below = above * ((ledgers.as_of - first).days + 1), below * (end - first).days
            base = None if task is None else (_decimal(task) * above, below)
            is_percent = rule["rule_kind"] in STEPS and rule["measure"] in ("%", "百分点", "个百分点")
            if rule["rule_kind"] not in ("完成率", *STEPS):
                base = None
            elif numbers["target_value"] is not None and not is_percent:
                base = (numbers["target_value"], 1)
            counts = int(shown["is_counted"].sum())
            items.append(
                key
                | {"rule_kind": rule["rule_kind"], "done_value": done, "fact_count": counts}
                | {
                    "base_value": base and base[0] / base[1],
                    "steps": _steps(rule["rule_kind"], done, base, is_percent, numbers),
                }
                | {"not_counted_count": len(shown) - counts, "unit_type": kind, "is_percent": is_percent}
                | {"is_voted": is_voted, "is_waiting": is_voted and given.empty and rule["rule_kind"] in COUNTED}
                | numbers
            )
    return pd.DataFrame(items), pd.concat(traces, ignore_index=True)


def _steps(
    kind: str, done: Decimal | None, base: tuple[Decimal, int] | None, is_percent: bool, rule: dict[str, Decimal | None]
) -> Decimal | None:
    """Whole steps below the target, or above it; of the rate in percent where the rule is in percent."""
    size, target = rule["step_size"], rule["target_value"]
    if kind not in STEPS or done is None or base is None or size is None or (is_percent and base[0] <= 0):
        return None
    task, below = base
    if is_percent:  # 100 done / (task / below) less the target, in steps, both sides times the task
        over, one = 100 * done * below - (Decimal(100) if target is None else target) * task, size * task
    else:
        over, one = done * below - task, size * below
    return max((over if kind == "按步加分" else -over) // one, Decimal(0))


def _points(row: dict[str, object]) -> Decimal | None:
    """What a rule is worth: nothing known is nothing, but what is only counted when found is none, unless it is voted on."""
    done, base, points = row["done_value"], row["base_value"], row["points"]
    assert isinstance(points, Decimal)
    kind = row["rule_kind"]
    if kind == "完成率":
        if done is None or base is None or base <= 0:
            return None
        earned = points * done / base
        earned = earned if row["cap"] is None else min(earned, row["cap"])
        return earned if row["floor"] is None else max(earned, row["floor"])
    if kind in STEPS:
        steps, each = row["steps"], row["step_points"]
        if steps is None:
            return None
        assert isinstance(steps, Decimal) and isinstance(each, Decimal)
        earned = points + steps * each if kind == "按步加分" else max(points - steps * each, row["floor"] or Decimal(0))
        return earned if row["cap"] is None else min(earned, row["cap"])
    if done is None and kind in COUNTED and row["is_voted"]:
        return None
    done = Decimal(0) if done is None else done
    if kind == "达标":
        return points if done >= (row["threshold"] or 0) else Decimal(0)
    if kind == "否决":
        return Decimal(0)
    earned = points * done
    earned = earned if row["cap"] is None else min(earned, row["cap"])
    return earned if kind == "按个加分" else -earned


def items(ledgers: Ledgers) -> pd.DataFrame:
    table = _behind(ledgers)[0].copy()
    table["item_points"] = [_points(row) for row in table.to_dict("records")]
    is_rate = table["is_percent"] | (table["rule_kind"] == "完成率")
    pairs = zip(table["done_value"], table["base_value"], is_rate, strict=True)
    table["rate_pct"] = [100 * a / b if rate and a is not None and b else None for a, b, rate in pairs]
    for name in ("done_value", "base_value", "rate_pct", "item_points"):
        table[name] = pd.to_numeric(table[name]).astype(float)
    return table.drop(columns=INNER)


def traces(ledgers: Ledgers) -> pd.DataFrame:
    return _behind(ledgers)[1]


def scores(ledgers: Ledgers) -> pd.DataFrame:
    """Sums by unit; a veto takes all; what has no task leaves a unit without a place, a vote that none has yet does not."""
    table = _behind(ledgers)[0]
    rows = []
    for (scheme, unit, kind), own in table.groupby(["scheme_name", "unit_name", "unit_type"]):
        points = [_points(row) for row in own.to_dict("records")]
        vetoes = own[own["rule_kind"] == "否决"].to_dict("records")
        is_vetoed = any((v["done_value"] or 0) >= (v["threshold"] or 1) for v in vetoes)
        total = Decimal(0) if is_vetoed else sum((p for p in points if p is not None), Decimal(0))
        rows.append(
            {
                "scheme_name": scheme,
                "unit_name": unit,
                "unit_type": kind,
                "score": total,
                "is_complete": None not in points,
                "is_ranked": None not in [p for p, waits in zip(points, own["is_waiting"], strict=True) if not waits],
            }
        )
    found = pd.DataFrame(rows)
    ranked = found[found["is_ranked"]]
    place = ranked.assign(score=ranked["score"].astype(float).round(4)).groupby(["scheme_name", "unit_type"])["score"]
    found["position"] = place.rank(method="min", ascending=False).reindex(found.index)
    return found.assign(score=found["score"].astype(float))
