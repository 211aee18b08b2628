"""Points of units by the rules of a scheme (考核计分), for any day, from what was known before it; every point with its facts.

Belongs here: what each way of scoring (计分方式) computes. Does not belong here: which tables are right (rules.py), where facts come
from (dbt_project/models/marts/task).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from models.assessment.rules import COUNTED, STEPS, Rule, Term, read_rules

NOT_SET: Final = "未下达"
NOTHING: Final = "暂无"
WAITING: Final = "待评分"
MONTHS: Final = {"月": 1, "季": 3, "半年": 6, "年": 12}
_TEXT, _NUMBER, _COUNT, _FLAG, _DAY = pa.string(), pa.float64(), pa.int64(), pa.bool_(), pa.date32()
_KEY: Final = {"scheme_name": _TEXT, "unit_name": _TEXT}
SCHEMAS: Final[Mapping[str, Mapping[str, pa.DataType]]] = {
    "scores": _KEY
    | {"unit_type": _TEXT, "as_of_date": _DAY, "score": _NUMBER, "score_text": _TEXT, "position": _COUNT}
    | {"is_complete": _FLAG, "missing_text": _TEXT, "vetoed_by": _TEXT},
    "items": _KEY
    | {"rule_code": _TEXT, "as_of_date": _DAY, "rule_title": _TEXT, "rule_kind": _TEXT, "rule_group": _TEXT}
    | {"done_value": _NUMBER, "base_value": _NUMBER, "rate_pct": _NUMBER, "item_points": _NUMBER, "how_text": _TEXT}
    | {"fact_count": _COUNT, "not_counted_count": _COUNT},
    "traces": _KEY
    | {"rule_code": _TEXT, "fact_key": _TEXT, "fact_date": _DAY, "as_of_date": _DAY, "indicator": _TEXT}
    | {"project_name": _TEXT, "fact_value": _NUMBER, "is_counted": _FLAG, "not_counted_reason": _TEXT}
    | {"evidence_kind": _TEXT, "evidence_no": _TEXT, "given_by": _TEXT, "evidence_text": _TEXT},
    "refused": {"scheme_name": _TEXT, "rule_code": _TEXT, "reason": _TEXT}
    | {"source_file": _TEXT, "source_sheet": _TEXT, "source_row": _COUNT},
}


def assessment_table(name: str, frame: pd.DataFrame) -> pa.Table:
    """Give a frame of `Assessment` in its fixed schema, so that an empty table reads like a full one."""
    schema = SCHEMAS[name]
    ordered = frame.astype(object).where(frame.notna(), None)
    return pa.table({column: pa.array(ordered[column].tolist(), kind) for column, kind in schema.items()})


@dataclass(frozen=True)
class Assessment:
    """Scores of a day: one row per scheme and unit, per rule, per fact behind a rule, and per refused row of the table."""

    scores: pd.DataFrame
    items: pd.DataFrame
    traces: pd.DataFrame
    refused: pd.DataFrame


@dataclass(frozen=True)
class _Period:
    first: dt.date
    end: dt.date
    share_of_year: float
    passed_share: float

    @classmethod
    def of(cls, kind: str, as_of: dt.date, passed_share: float) -> _Period:
        """Return the period in which the day lies, of which so much has passed."""
        last = as_of
        months = MONTHS[kind]
        start = (last.month - 1) // months * months + 1
        first = dt.date(last.year, start, 1)
        after = start + months
        end = dt.date(last.year + (after > 12), after if after <= 12 else 1, 1)
        return cls(first, end, months / 12, passed_share)


class _Facts:
    """Facts and tasks as known by a day, the day included."""

    def __init__(
        self,
        facts: pd.DataFrame,
        targets: pd.DataFrame,
        marks: pd.DataFrame,
        indicators: pd.DataFrame,
        as_of: dt.date,
        passed: Mapping[str, float],
    ) -> None:
        def by_the_day(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
            dated = frame.assign(**{c: pd.to_datetime(frame[c]).dt.date for c in columns})
            for column in columns[:1]:
                dated = dated[dated[column] <= as_of]
            return dated

        own = by_the_day(facts, "known_date", "fact_date", "until_date").assign(
            fact_value=lambda f: f["fact_value"].astype(float),
            investment_wan_cny=lambda f: f["investment_wan_cny"].astype(float),
        )
        own = own[own["fact_date"] <= as_of].sort_values(["fact_date", "known_date", "fact_key"], kind="stable")
        self.by_unit = dict(list(own.groupby(["unit_name", "indicator"])))
        # The first counted fact of a key anywhere: a project handed over is counted once, by the unit that had it then.
        counted = own[own["not_counted_reason"].isna()].drop_duplicates(["indicator", "fact_key"])
        self.first = set(counted.index)
        self.counted_keys = set(zip(counted["indicator"], counted["fact_key"], strict=True))
        self.empty = own.iloc[:0]
        held = by_the_day(targets, "valid_from_date").sort_values("valid_from_date")
        held = held.drop_duplicates(["target_year", "unit_name", "indicator"], keep="last")
        self.targets = held.set_index(["target_year", "unit_name", "indicator"])["target_value"].to_dict()
        self.marks = by_the_day(marks, "period_date")
        voted = self.marks[self.marks["value_kind"] == "评分"]
        self.voted = set(zip(voted["scheme_name"], voted["rule_code"], strict=True))
        self.stock = set(indicators.loc[indicators["is_stock"].astype(bool), "indicator"])
        self.as_of = as_of
        self.passed = passed

    def of(self, unit: str, term: Term, rule: Rule, period: _Period) -> tuple[float, pd.DataFrame]:
        """Give what a unit has done in a period, and the facts with is_counted and a reason."""
        rows = self.by_unit.get((unit, term.key), self.empty)
        if term.key in self.stock:
            gone = rows["until_date"].map(lambda until: not pd.isna(until) and until <= self.as_of).astype(bool)
            rows = rows[~gone]
        else:
            rows = rows[(rows["fact_date"] >= period.first) & (rows["fact_date"] < period.end)]
        if term.low is not None:
            rows = rows[rows["investment_wan_cny"] >= term.low]
        if term.high is not None:
            rows = rows[rows["investment_wan_cny"] < term.high]
        shown, reasons = [], []
        for index, row in rows.iterrows():
            reason = row["not_counted_reason"]
            if index not in self.first and (row["indicator"], row["fact_key"]) in self.counted_keys:
                continue  # a later mention of what is counted already
            if pd.isna(reason):
                reason = None
                if rule.evidence_kinds and row["evidence_kind"] not in rule.evidence_kinds:
                    reason = f"未计入：本规则须有{'或'.join(rule.evidence_kinds)}"
            shown.append(index)
            reasons.append(reason)
        found = rows.loc[shown].assign(not_counted_reason=pd.Series(reasons, index=shown, dtype=object))
        done = math.fsum(found.loc[found["not_counted_reason"].isna(), "fact_value"])
        return round(done, 4), found

    def given(self, rule: Rule, period: _Period) -> pd.DataFrame:
        """Give the marks of a rule in a period, of all units."""
        return self.marks[
            (self.marks["scheme_name"] == rule.scheme)
            & (self.marks["rule_code"] == rule.code)
            & (self.marks["period_date"] >= period.first)
            & (self.marks["period_date"] < period.end)
        ]

    def mark(self, unit: str, rule: Rule, period: _Period) -> tuple[float | None, pd.DataFrame]:
        """Give the marks of a rule in a period: the last 评分, the sum of 个数 and 金额; None if nobody gave any."""
        rows = self.given(rule, period)
        rows = rows[rows["unit_name"] == unit].sort_values("period_date", kind="stable")
        if rows.empty:
            return None, rows
        if (rows["value_kind"] == "评分").any():
            rows = rows[rows["value_kind"] == "评分"].iloc[-1:]
        return round(math.fsum(rows["mark_value"].astype(float)), 4), rows


def assess(
    rules: pd.DataFrame,
    marks: pd.DataFrame,
    facts: pd.DataFrame,
    targets: pd.DataFrame,
    units: pd.DataFrame,
    indicators: pd.DataFrame,
    as_of: dt.date,
    further: Mapping[str, str] | None = None,
    *,
    passed: Mapping[str, float],
) -> Assessment:
    """Score every unit by every scheme as of a day.

    Parameters
    ----------
    rules, marks, facts, targets, units, indicators : DataFrame
        fct_scoring_rules, fct_assessment_marks, fct_task_facts, fct_target_history, dim_units as exported; the seed of indicators.
    as_of : date
        Only what was known before it counts, so a past day is scored as it was.
    further : mapping of str to str, optional
        Words that rules may use beyond the indicators: the measure each stands for, or empty if marks tell it.
    passed : mapping of str to float
        How much of the month, quarter, half-year and year has passed (brd_task__pace): what `@时序` is due by.

    Notes
    -----
    完成率: what the rule is worth x done / task, at most the cap (more than the task counts up to it); 按个加分: points for each, or for each
    above the target; 按个扣分: points off for each, or for each missing to the target; 按步扣分: the points, less so much for each whole step
    below the target, down to the floor or 0 (每低1个百分点扣0.1分); 按步加分: the points, and so much more for each whole step above it,
    up to the cap; steps in percent are of the task that is done, or of one indicator in the other; 达标: the points from the threshold on, or always
    where there is none; 否决: nothing at all from the threshold on. A group is added up, then held by the floor of its
    deductions, and by its one cap where it is a weighted formula. What has no task or no mark is null and told, never 0, and then the unit has no place;
    a count that nobody entered (漏报次数) is 0, and a vote on 按个加分 or 按个扣分 that no unit has yet in the period (待评分) costs nobody the place.
    """
    schemes, refused = read_rules(rules, set(indicators["indicator"]), as_of, further)
    known = _Facts(facts, targets, marks, indicators, as_of, passed)
    scores: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    traces: list[dict[str, Any]] = []
    for scheme, own_rules in schemes.items():
        for unit in units.sort_values("unit_name").to_dict("records"):
            applied = [rule for rule in own_rules if rule.applies_to(unit["unit_type"])]
            if not applied:
                continue
            found = [_item(rule, unit["unit_name"], known, traces) for rule in applied]
            found += _groups(applied, found)
            missing = [str(item["rule_title"]) for item in found if item["item_points"] is None]
            waiting = [str(item["rule_title"]) for item in found if item["how_text"] == WAITING]
            lacking = [title for title in missing if title not in waiting]
            told = [f"{'、'.join(lacking)}{NOTHING}，不参加排名"] * bool(lacking)
            told += [f"{'、'.join(waiting)}{WAITING}"] * bool(waiting)
            vetoed = [str(item["rule_title"]) for item in found if item["rule_kind"] == "否决" and item["is_vetoed"]]
            total = round(math.fsum(item["item_points"] or 0.0 for item in found), 4)
            if vetoed:
                how = f"{'、'.join(vetoed)}，一票否决，总分记 0"
                found.append(_row("（否决）", "否决", None, -total, how) | {"rule_code": "一票否决"})
                total = 0.0
            key = {"scheme_name": scheme, "unit_name": unit["unit_name"], "as_of_date": as_of}
            items += [item | key for item in found]
            scores.append(
                key
                | {
                    "unit_type": unit["unit_type"],
                    "score": total,
                    "score_text": f"{total:g}" + (f"（{'；'.join(told)}）" if told else ""),
                    "is_ranked": not lacking,
                    "is_complete": not missing,
                    "missing_text": "、".join(missing) or None,
                    "vetoed_by": "、".join(vetoed) or None,
                }
            )
    table = pd.DataFrame(scores, columns=[*(c for c in SCHEMAS["scores"] if c != "position"), "is_ranked"])
    ranked = table["score"].where(table["is_ranked"].astype(bool))
    place = ranked.groupby([table["scheme_name"], table["unit_type"]]).rank(method="min", ascending=False)
    return Assessment(
        table.assign(position=place.astype("Int64"))[list(SCHEMAS["scores"])],
        pd.DataFrame(items, columns=list(SCHEMAS["items"])),
        pd.DataFrame([trace | {"as_of_date": as_of} for trace in traces], columns=list(SCHEMAS["traces"])),
        refused,
    )


def _row(title: str, kind: str, group: str | None, points: float | None, how: str, **more: Any) -> dict[str, Any]:
    empty = {"done_value": None, "base_value": None, "rate_pct": None, "fact_count": 0, "not_counted_count": 0}
    given = {"rule_title": title, "rule_kind": kind, "rule_group": group, "item_points": points, "how_text": how}
    return empty | {"is_vetoed": False} | given | more


def _item(rule: Rule, unit: str, known: _Facts, traces: list[dict[str, Any]]) -> dict[str, Any]:
    """Compute one rule for one unit, and note the facts behind it."""
    period = _Period.of(rule.period, known.as_of, known.passed[rule.period])
    key = {"scheme_name": rule.scheme, "unit_name": unit, "rule_code": rule.code}
    base: float | None = None
    counted = passed_over = 0
    done: float | None
    if rule.measure is None:
        done, rows = known.mark(unit, rule, period)
        counted = len(rows)
        for mark in rows.to_dict("records"):
            traces.append(
                key
                | {
                    "fact_key": "评分",
                    "fact_date": mark["period_date"],
                    "fact_value": mark["mark_value"],
                    "is_counted": True,
                }
                | {name: mark[name] for name in ("given_by", "evidence_text")}
            )
    else:
        done, rows = known.of(unit, rule.measure.done, rule, period)
        counted = int(rows["not_counted_reason"].isna().sum())
        passed_over = len(rows) - counted
        for fact in rows.to_dict("records"):
            names = ("fact_key", "fact_date", "indicator", "project_name", "fact_value", "not_counted_reason")
            traces.append(
                key
                | {name: fact[name] for name in (*names, "evidence_kind", "evidence_no")}
                | {"is_counted": fact["not_counted_reason"] is None or pd.isna(fact["not_counted_reason"])}
            )
    is_rate = rule.kind == "完成率"
    if is_rate:
        base = _base(rule, unit, known, period)
    if rule.kind in STEPS:
        base, is_rate = _stepped_from(rule, unit, known, period)
        points, how, vetoed = *_step_points(rule, done, base, is_rate), False
    else:
        # What nobody counted (漏报次数, 弄虚作假) did not happen; a vote that nobody gave is not 0.
        is_none = rule.kind == "否决" or (rule.kind in COUNTED and (rule.scheme, rule.code) not in known.voted)
        points, how, vetoed = _points(rule, 0.0 if done is None and is_none else done, base)
        if points is None and rule.kind in COUNTED and known.given(rule, period).empty:
            how = WAITING
    rate = round(100 * done / base, 4) if is_rate and done is not None and base and base > 0 else None
    return _row(
        rule.title,
        rule.kind,
        rule.group,
        points,
        how,
        rule_code=rule.code,
        done_value=done,
        base_value=base,
        rate_pct=rate,
        is_vetoed=vetoed,
        fact_count=counted,
        not_counted_count=passed_over,
    )


def _base(rule: Rule, unit: str, known: _Facts, period: _Period) -> float | None:
    """Give what done is divided by: another indicator, the rule's target, or the unit's task for the period; None if not set."""
    if rule.measure is not None and rule.measure.base is not None:
        return known.of(unit, rule.measure.base, rule, period)[0]
    if rule.target is not None:
        whole = rule.target
    elif rule.measure is not None:
        task = known.targets.get((period.first.year, unit, rule.measure.done.key))
        if task is None or pd.isna(task):
            return None
        whole = float(task) * (1.0 if rule.measure.done.key in known.stock else period.share_of_year)
    else:
        return None
    return whole * period.passed_share if rule.measure is not None and rule.measure.is_paced else whole


def _stepped_from(rule: Rule, unit: str, known: _Facts, period: _Period) -> tuple[float | None, bool]:
    """Give what steps start from, or what done is divided by where they are of a rate, and whether they are."""
    if rule.measure is None:
        return rule.target, False
    if rule.measure.base is not None:
        return known.of(unit, rule.measure.base, rule, period)[0], True
    if rule.is_percent:  # the rule's target is then a rate, and not the task
        return _base(replace(rule, target=None), unit, known, period), True
    return _base(rule, unit, known, period), False


def _step_points(rule: Rule, done: float | None, base: float | None, is_rate: bool) -> tuple[float | None, str]:
    """Give the points of a rule by steps, in words too. In fractions: a step that is just full is full."""
    if done is None:
        return None, "没有评分"
    if base is None:
        return None, NOT_SET
    if is_rate and base <= 0:
        return None, f"分母为 0，{NOTHING}"
    size, each, points = (Fraction(str(value)) for value in (rule.step_size, rule.step_points, rule.points))
    reached, start, sign = Fraction(str(done)), Fraction(str(base)), ""
    if is_rate:
        reached *= (100 if rule.is_percent else 1) / start
        start = Fraction(str(rule.target)) if rule.target is not None else Fraction(100)
        sign = "%" if rule.is_percent else ""
    is_up = rule.kind == "按步加分"
    count = max(int((reached - start if is_up else start - reached) / size), 0)
    raw = points + (count if is_up else -count) * each
    shown = f"{float(reached):.4f}".rstrip("0").rstrip(".")
    how = f"{shown}{sign}，目标{float(start):g}{sign}，{'高' if is_up else '低'}{count}步（每步{rule.step_size:g}{sign}）×{rule.step_points:g}分"
    floor = Fraction(str(rule.floor or 0))
    if not is_up and raw < floor:
        raw, how = floor, f"{how}，保底{float(floor):g}"
    if rule.cap is not None and raw > Fraction(str(rule.cap)):
        raw, how = Fraction(str(rule.cap)), f"{how}，封顶{rule.cap:g}"
    return round(float(raw), 4), how


def _points(rule: Rule, done: float | None, base: float | None) -> tuple[float | None, str, bool]:
    """Give the points of a rule alone, in words too, and whether it vetoes; groups come after."""
    points = rule.full_points
    if rule.kind == "达标" and rule.threshold is None and rule.measure is None:
        return points, f"基础分{points:g}", False
    if done is None:
        return None, "没有评分", False
    if rule.kind == "否决":
        is_vetoed = done >= (rule.threshold if rule.threshold is not None else 1)
        return 0.0, f"{done:g}" + ("，达到否决条件" if is_vetoed else "，未达否决条件"), is_vetoed
    if rule.kind == "达标":
        reached = done >= (rule.threshold or 0.0)
        return (
            (points if reached else 0.0),
            f"{done:g}，标准{rule.threshold or 0:g}，{'达标' if reached else '未达标'}",
            False,
        )
    if rule.kind == "完成率":
        if base is None:
            return None, NOT_SET, False
        if base <= 0:
            return None, f"分母为 0，{NOTHING}", False
        rate = done / base
        raw = 0.0 if rule.threshold is not None and rate < rule.threshold else points * rate
        how = f"{done:g}÷{base:g}={100 * rate:.2f}%，×{points:g}分"
    else:
        count = done
        if rule.target is not None:
            count = max(done - rule.target, 0.0) if rule.kind == "按个加分" else max(rule.target - done, 0.0)
        raw = points * count
        how = f"{count:g}个×{points:g}分" + (f"（{done:g}，目标{rule.target:g}）" if rule.target is not None else "")
    cap = rule.cap if not rule.is_shared and rule.cap is not None else math.inf
    held = min(raw, cap)
    if held < raw:
        how += f"，封顶{cap:g}"
    if rule.kind == "按个扣分":
        return -round(held, 4) + 0.0, how, False
    if rule.floor is not None and held < rule.floor:
        held, how = rule.floor, f"{how}，保底{rule.floor:g}"
    return round(held, 4), how, False


def _groups(rules: list[Rule], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the rows that hold groups by cap and floor, so that items still add up to the score."""
    found = []
    for group in sorted({rule.group for rule in rules if rule.group}):
        members = [(rule, item) for rule, item in zip(rules, items, strict=True) if rule.group == group]
        total = math.fsum(item["item_points"] or 0.0 for _, item in members)
        caps = [rule.cap for rule, _ in members if rule.is_shared and rule.cap is not None]
        floors = [rule.floor for rule, _ in members if rule.kind == "按个扣分" and rule.floor is not None]
        held, how = total, ""
        if caps and held > min(caps):
            held, how = min(caps), f"分组合计{total:g}，封顶{min(caps):g}"
        if floors and held < max(floors):
            held, how = max(floors), f"分组合计{total:g}，保底{max(floors):g}"
        if how:
            row = _row(f"{group}（分组调整）", "分组", group, round(held - total, 4), how)
            found.append(row | {"rule_code": f"{group}（分组）"})
    return found
