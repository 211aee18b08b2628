"""Rules that the office edits (规则): read and checked once.

Belongs here: the meaning of every key of desk.yaml. Does not belong here: settings of the operator (settings.py), weights
of the ranking (models.ranking).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import yaml

from office import cached, settings_file

# 跟进记录 knows these two words; the other two are told by the lead's end or by another try.
ANSWERS: Final = ("有意向", "无意向", "已落他地", "联系不上")
METHODS: Final = ("电话", "见商", "出差", "线上", "考察")
LEVELS: Final = ("工作人员", "班子成员", "分管领导", "一把手")
USEFULNESS: Final = ("有用", "没用")  # whether it helped that the lead stood on the list
RESULTS: Final = ("待回复", "有意向", "无意向", "获取线索", "推进签约", "解决困难")


@dataclass(frozen=True)
class Evidence:
    """Where a reason's fact is kept and which day of the lead it is known by."""

    source: str
    date: str


@dataclass(frozen=True)
class Limits:
    """Limits of desk.yaml, by their names there."""

    reveals_a_day: int
    login_failures: int
    login_failures_address: int
    login_failures_account: int
    login_wait_minutes: int
    login_known_days: int
    one_time_password_hours: int
    session_idle_minutes: int
    session_hours: int
    rows_a_page: int
    undo_minutes: int
    hit_rate_top: int
    rows_a_workbook: int
    workbook_days: int


@dataclass(frozen=True)
class Rules:
    """Checked content of desk.yaml."""

    answers: Mapping[str, tuple[str, ...]]
    limits: Limits
    evidence: Mapping[str, Evidence]


def read_rules(content: Mapping[str, Any]) -> Rules:
    """Check the content of the file; what is missing or odd is named in Chinese."""
    answers = {str(word): tuple(str(r) for r in reasons) for word, reasons in content["answers"].items()}
    if set(answers) != set(ANSWERS):
        raise ValueError(f"desk.yaml answers：应为 {'、'.join(ANSWERS)}")
    limits = dict(content["limits"])
    odd = [f"limits.{name}" for name, value in limits.items() if type(value) is not int or value < 1]
    odd += [f"limits.{name}" for name in sorted({f.name for f in fields(Limits)} ^ limits.keys())]
    if odd:
        raise ValueError(f"desk.yaml：这些项缺失、多余或不是正整数：{'、'.join(odd)}")
    return Rules(
        answers=answers,
        limits=Limits(**limits),
        evidence={str(t): Evidence(e["source"], e["date"]) for t, e in content["evidence"].items()},
    )


@cached
def rules() -> Rules:
    """Give the rules of this installation."""
    return read_rules(yaml.safe_load(settings_file("desk.yaml").read_text(encoding="utf-8-sig")))
