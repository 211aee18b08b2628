"""What is wrong in the office's folder, in one Chinese line each (设置的问题): file, row, field, value, fix.

Belongs here: the one form of such a line, and pydantic's errors put into it. Does not belong here: checking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError


@dataclass(frozen=True)
class Problem:
    """One thing to fix. `line` is the line of the file (1 is the first), None where the file as a whole is meant."""

    file: str
    reason: str
    fix: str
    line: int | None = None
    field: str = ""
    value: str = ""

    def __str__(self) -> str:
        place = f"{self.file} 第 {self.line} 行" if self.line else self.file
        field = f" {self.field}" if self.field else ""
        value = f"“{self.value[:40]}”" if self.value else ""
        return f"{place}{field}{value}：{self.reason}；{self.fix}"


class OfficeError(ValueError):
    """The office's folder can't be used; `problems` says why, one line each."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        more = f"（另有 {len(problems) - 1} 处，见 zeyou office check）" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")


# pydantic's kinds of error: what is wrong, how to fix it.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("缺少这一项", "请补上"),
    "extra_forbidden": ("不认识这一项", "请删去，或改成说明里的名称"),
    "string_type": ("应为文字", "请改成文字"),
    "string_too_short": ("没有填", "请填写"),
    "float_type": ("应为数字", "请改成数字，如 30"),
    "int_type": ("应为整数", "请改成整数，如 30"),
    "bool_type": ("应为 true 或 false", "请改正"),
    "float_parsing": ("应为数字", "请改成数字，如 30"),
    "finite_number": ("应为数字", "请改成数字，如 30"),
    "int_parsing": ("应为整数", "请改成整数，如 30"),
    "int_from_float": ("应为整数", "请改成整数，如 30"),
    "bool_parsing": ("应为 true 或 false", "请改正"),
}


def problems_of(error: ValidationError, file: str, line: int | None = None) -> list[Problem]:
    """Return pydantic's errors as problems of a file or of one line of it; an unknown name first, as what else is missing follows."""
    entries = sorted(error.errors(include_url=False), key=lambda entry: entry["type"] != "extra_forbidden")
    return [_problem(entry, file, line) for entry in entries]


def _problem(entry: Mapping[str, Any], file: str, line: int | None) -> Problem:
    field = ".".join(str(part) for part in entry["loc"])
    value = entry.get("input")
    shown = "" if value is None or isinstance(value, dict | list) else str(value)
    kind, context = str(entry["type"]), entry.get("ctx", {})
    if value is None and kind.endswith("_type"):
        reason, fix = "没有填", "请填日期，如 2026-01-31" if kind.startswith("date") else "请填写"
    elif kind.startswith("date"):
        reason, fix = "不是日期", "请写成 2026-01-31 的样子"
    elif kind in ("literal_error", "enum"):
        reason, fix = (
            "不在可用的写法之内",
            f"可用：{str(context.get('expected', '')).replace(' or ', '、').replace(chr(39), '')}",
        )
    elif kind in ("greater_than_equal", "greater_than", "less_than_equal", "less_than"):
        words = {"ge": "不小于", "gt": "大于", "le": "不大于", "lt": "小于"}
        reason, fix = (
            "超出范围",
            "、".join(f"应{words[name]} {limit:g}" for name, limit in context.items() if name in words),
        )
    elif kind == "value_error":
        reason, fix = str(context.get("error", "写法不对")), "请改正"
        if "；" in reason:
            reason, fix = reason.split("；", 1)
    else:
        reason, fix = _WORDS.get(kind, ("写法不对", "请参照默认设置改正"))
    return Problem(file, reason, fix, line, field, shown)
