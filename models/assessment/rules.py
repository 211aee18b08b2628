"""The table of scoring rules (考核计分规则): read, refuse with the row what can't be computed or doesn't add up.

Belongs here: what a rule may say. Does not belong here: computing points (engine.py), the ledger's columns (intake).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

STEPS: Final = ("按步扣分", "按步加分")
COUNTED: Final = ("按个加分", "按个扣分")
KINDS: Final = ("完成率", *COUNTED, *STEPS, "达标", "否决")
PERCENT: Final = ("%", "％", "百分点", "个百分点")
PACED: Final = "@时序"
_CLOSE: Final = 1e-9
_TERM: Final = re.compile(r"(?P<key>[^\[\]/@]+?)(?:\[(?P<low>\d*\.?\d*),(?P<high>\d*\.?\d*)\))?")


@dataclass(frozen=True)
class Term:
    """One indicator, of projects from `low` up to, not including, `high` 万元 where they are written."""

    key: str
    low: float | None = None
    high: float | None = None

    @classmethod
    def parse(cls, text: str) -> Term:
        match = _TERM.fullmatch(text.strip())
        if match is None:
            raise ValueError(text)
        low, high = (float(match[name]) if match[name] else None for name in ("low", "high"))
        return cls(match["key"].strip(), low, high)


@dataclass(frozen=True)
class Measure:
    """What is measured (取数指标): 到位资金, 新签约项目数[30000,100000), 新开工项目数/新签约项目数, 到位资金@时序."""

    done: Term
    base: Term | None = None
    is_paced: bool = False

    @classmethod
    def parse(cls, text: str) -> Measure:
        """Read the cell; raises ValueError if it is none of the four forms."""
        plain = text.translate(str.maketrans("，）［【", ",)[[")).strip()
        is_paced = plain.endswith(PACED)
        terms = [Term.parse(part) for part in plain.removesuffix(PACED).split("/")]
        if len(terms) > 2 or (is_paced and len(terms) == 2):
            raise ValueError(text)
        return cls(terms[0], terms[1] if len(terms) == 2 else None, is_paced)

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.done.key, self.base.key) if self.base else (self.done.key,)


@dataclass(frozen=True)
class Rule:
    """One row of the table; numbers that are not written are None."""

    scheme: str
    code: str
    title: str
    kind: str
    points: float
    weight: float | None
    cap: float | None
    floor: float | None
    threshold: float | None
    unit_types: tuple[str, ...]
    evidence_kinds: tuple[str, ...]
    measure: Measure | None
    group: str | None
    target: float | None
    period: str
    full_points: float = 0.0
    """What the rule is worth at 100%: its points, or its weight's share of the points that weighted rows have in common."""
    is_shared: bool = False
    """Whether the rows of its group are one formula: added up, then held by their one cap."""
    step_size: float | None = None
    step_points: float | None = None
    is_percent: bool = False
    """Whether steps are counted in percent: of the task that is done, or of the one indicator in the other."""

    def applies_to(self, unit_type: str) -> bool:
        """Whether units of a type are judged by it; a rule that names no type judges all."""
        return not self.unit_types or unit_type in self.unit_types


def read_rules(
    table: pd.DataFrame, known_keys: Collection[str], as_of: dt.date, further: Mapping[str, str] | None = None
) -> tuple[dict[str, list[Rule]], pd.DataFrame]:
    """Read the rules that hold on a day, by scheme, and say which rows are refused and why.

    A scheme with a refused row is not scored at all: half a scheme would be another scheme. Of two rows of a rule that both
    hold, the one that came into force last does. `further` gives words beyond the indicators: the measure that each stands for, or
    an empty text if it is told by marks.

    Returns
    -------
    schemes : dict of str to list of Rule
    refused : DataFrame
        scheme_name, rule_code, reason (Chinese), source_file, source_sheet, source_row.
    """
    last = pd.Timestamp(as_of) - pd.Timedelta(
        days=1
    )  # the last day whose facts count: on 1 January it is the old year's
    starts, ends = pd.to_datetime(table["valid_from_date"]), pd.to_datetime(table["valid_to_date"])
    held = table[(starts <= last) & (ends.isna() | (ends >= last))]
    held = held.sort_values("valid_from_date").drop_duplicates(["scheme_name", "rule_code"], keep="last")
    schemes: dict[str, list[Rule]] = {}
    refused: list[dict[str, Any]] = []
    for name, rows in held.sort_values(["scheme_name", "rule_code"]).groupby("scheme_name"):
        read, problems = [], {}
        for row in rows.to_dict("records"):
            rule, why = _read_row(row, known_keys, further or {})
            if rule is None or why:
                problems[row["rule_code"]] = why
            if rule is not None:
                read.append(rule)
        weighed, unequal = _weigh(read)
        for code, why in unequal:
            problems.setdefault(code, why)
        if problems:
            refused += [
                {
                    "scheme_name": name,
                    "rule_code": row["rule_code"],
                    "reason": problems[row["rule_code"]],
                    **{place: row.get(place) for place in ("source_file", "source_sheet", "source_row")},
                }
                for row in rows.to_dict("records")
                if row["rule_code"] in problems
            ]
        else:
            schemes[str(name)] = weighed
    columns = ["scheme_name", "rule_code", "reason", "source_file", "source_sheet", "source_row"]
    return schemes, pd.DataFrame(refused, columns=columns)


def _read_row(row: dict[Any, Any], known_keys: Collection[str], further: Mapping[str, str]) -> tuple[Rule | None, str]:
    number = {name: _number(row[name]) for name in ("weight", "points", "cap", "floor", "threshold", "target_value")}
    number |= {name: _number(row.get(name)) for name in ("step_size", "step_points")}
    text = {name: _text(row[name]) for name in ("measured_indicator", "rule_group", "unit_type", "evidence_kind")}
    kind = row["rule_kind"]
    problems = []
    measure = None
    written = text["measured_indicator"]
    if written and further.get(written, written):
        try:
            measure = Measure.parse(further.get(written, written))
        except ValueError:
            problems.append(f"取数指标“{written}”写法不认识")
        else:
            unknown = [key for key in measure.keys if key not in known_keys]
            if unknown:
                problems.append(f"取数指标“{'、'.join(unknown)}”不在指标表中")
    if kind not in KINDS:
        problems.append(f"计分方式“{kind}”不认识")
    if number["points"] is None or number["points"] < 0:
        problems.append("分值应为不小于 0 的数")
    if kind in ("完成率", *COUNTED) and number["cap"] is None:
        problems.append("没有封顶，不能计分")
    if number["cap"] is not None and number["floor"] is not None and number["cap"] < number["floor"]:
        problems.append("封顶低于保底")
    if kind == "完成率" and measure is None and not problems and not (number["target_value"] or 0) > 0:
        problems.append("没有取数指标，须写明考核目标值（满分）")
    if number["weight"] is not None and number["weight"] < 0:
        problems.append("权重小于 0")
    problems += _steps(kind, number, measure)
    if problems:
        return None, "；".join(problems)
    rule = Rule(
        row["scheme_name"],
        row["rule_code"],
        row["indicator"],
        kind,
        float(number["points"] or 0.0),
        number["weight"],
        number["cap"],
        number["floor"],
        number["threshold"],
        _parts(text["unit_type"]),
        _parts(text["evidence_kind"]),
        measure,
        text["rule_group"],
        number["target_value"],
        _text(row["period_kind"]) or "年",
        step_size=number["step_size"],
        step_points=number["step_points"],
        is_percent=_text(row.get("measure")) in PERCENT,
    )
    return rule, ""


def _steps(kind: str, number: Mapping[str, float | None], measure: Measure | None) -> list[str]:
    """Say what is wrong with the steps of a rule (每低/每高一步); a rule of another kind has none."""
    size, each, cap, floor = (number[name] for name in ("step_size", "step_points", "cap", "floor"))
    points = number["points"] or 0.0
    if kind not in STEPS:
        is_told_of = kind in KINDS and (size is not None or each is not None)
        return [f"计分方式“{kind}”不用步长和每步分值"] if is_told_of else []
    problems = []
    if size is None:
        problems.append("没有步长，不能按步计分")
    elif size <= 0:
        problems.append("步长应为大于 0 的数")
    if each is None:
        problems.append("没有每步分值，不能按步计分")
    elif each <= 0:
        problems.append("每步分值应为大于 0 的数")
    if kind == "按步加分" and cap is None:
        problems.append("没有封顶，不能计分")
    if kind == "按步加分" and cap is not None and cap < points:
        problems.append("封顶低于分值")
    if kind == "按步扣分" and (floor or 0.0) > points:
        problems.append("保底高于分值")
    if number["weight"] is not None:
        problems.append("按步计分不用权重")
    if number["target_value"] is None and (measure is None or measure.base is not None):
        problems.append("没有考核目标值，不知从哪里起算")
    return problems


def _weigh(rules: list[Rule]) -> tuple[list[Rule], list[tuple[str, str]]]:
    """Check that weights add up to 1 for every type of unit, over the scheme or inside each group, and say what each row is worth.

    Rows with the same points share them by weight (100 points, 25%); rows whose points stand to each other as their weights are worth
    their own points (25 points of 100, 25%). Anything else says two things at once and is refused.
    """
    problems: dict[str, str] = {}
    worth: dict[str, tuple[float, bool]] = {rule.code: (rule.points, False) for rule in rules}
    types = {kind for rule in rules for kind in rule.unit_types} or {""}
    for unit_type in sorted(types):
        own = [rule for rule in rules if rule.applies_to(unit_type)]
        weighted = [rule for rule in own if rule.weight is not None]
        if not weighted:
            continue
        groups = {
            group: [rule for rule in weighted if rule.group == group] for group in {rule.group for rule in weighted}
        }
        total = math.fsum(rule.weight or 0.0 for rule in weighted)
        is_by_group = None not in groups and all(_is_one(members) for members in groups.values())
        if abs(total - 1) > _CLOSE and not is_by_group:
            of_type = f"（{unit_type}）" if unit_type else ""
            problems |= {rule.code: f"方案{of_type}权重合计 {total:.4g}，应为 1" for rule in weighted}
            continue
        for members in groups.values() if is_by_group else [weighted]:
            points, weights = [rule.points for rule in members], [rule.weight or 0.0 for rule in members]
            is_shared = is_by_group and len({rule.cap for rule in members}) == 1 and len(set(points)) == 1
            if len(set(points)) == 1:
                worth |= {rule.code: (rule.points * (rule.weight or 0.0), is_shared) for rule in members}
            elif any(abs(p / math.fsum(points) - w) > _CLOSE for p, w in zip(points, weights, strict=True)):
                problems |= {
                    rule.code: "分值与权重不成比例，读法不明：请使各行分值相同，或与权重成比例" for rule in members
                }
        lacking = [rule for rule in own if rule.kind == "完成率" and rule.weight is None]
        problems |= {rule.code: "同方案其他行有权重，这一行没有" for rule in lacking}
    weighed = [replace(rule, full_points=worth[rule.code][0], is_shared=worth[rule.code][1]) for rule in rules]
    return weighed, list(problems.items())


def _is_one(rules: list[Rule]) -> bool:
    return abs(math.fsum(rule.weight or 0.0 for rule in rules) - 1) <= _CLOSE


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) or not str(value).strip() else str(value).strip()


def _parts(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split("[、,，;；]", text) if part.strip()) if text else ()
