"""How a gate reports (关卡结果): observed, expected, worst rows, and whether it blocks.

Belongs here: turning a suite's result or a list of offending rows into Dagster's check result.
Does not belong here: what is checked (defs/<stage>/checks.py, quality/suites.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq

from intake.contract import get_contract
from orchestration.endings import LEDGERS
from orchestration.metadata import FAULT, preview
from orchestration.quality import validate
from orchestration.quality.suites import REQUIRED
from orchestration.quality.validation import Suite
from orchestration.resources import Workplace

BROKEN = {"column": "列", "expectation": "规则", "expected": "应为", "observed": "实际", "worst": "不符合的值"}
RULES = {
    "expect_table_row_count_to_be_between": "行数在范围内",
    "expect_column_values_to_not_be_null": "不为空",
    "expect_column_values_to_be_unique": "不重复",
    "expect_column_values_to_be_between": "取值在范围内",
    "expect_column_values_to_be_in_set": "取值在所列之内",
    "expect_column_values_to_match_regex": "格式相符",
    "expect_column_pair_values_a_to_be_greater_than_b": "上限不小于下限",
    "expect_column_unique_value_count_to_be_between": "不同取值的个数在范围内",
}


def suite_result(
    name: str,
    frame: pd.DataFrame,
    suite: Suite,
    titles: Mapping[str, str] | None = None,
    before: str = "",
    behind: str = "；原因见界面上这一项的“未通过的规则”",
) -> dg.AssetCheckResult:
    """Run a suite on a frame; broken expectations are a table in the metadata, columns under `titles` if given.

    What is broken is said in one sentence, between `before` and `behind`.
    """
    found = validate(name, frame, suite)
    metadata: dict[str, Any] = {"行数": len(frame), "规则数": found.expectation_count}
    if found.passed:
        return dg.AssetCheckResult(passed=True, metadata=metadata)
    failed = found.failed.replace({"expectation": RULES, "column": dict(titles or {})})
    metadata["未通过的规则"] = preview(failed, BROKEN, rows=50)
    return dg.AssetCheckResult(passed=False, metadata=metadata, description=f"{before}{_sentence(failed)}{behind}")


def _sentence(failed: pd.DataFrame) -> str:
    return "；".join(f"{row.column}：{row.expectation}，实际 {row.observed}" for row in failed.itertuples(index=False))[
        :400
    ]


def suite_check(key: str, suite: Suite, columns: list[str] | None = None) -> dg.AssetChecksDefinition:
    """Build the blocking check that validates a landed ledger (only `columns` of it) by a suite."""

    @dg.asset_check(
        name="suite_holds", asset=key.split("/"), blocking=True, description=f"Great Expectations：{key} 的关卡"
    )
    def suite_holds(workplace: Workplace) -> dg.AssetCheckResult:
        frame = pq.read_table(workplace.parquet(key), columns=columns).to_pandas()
        contract = get_contract(key.split("/")[-1])
        if frame.empty and contract.name in REQUIRED:
            why = f"没有收到{contract.title}，或其中没有一行能接收；请放进收件夹 {workplace.inbox}（退回件在 {workplace.root / 'outbox'}）"
            return dg.AssetCheckResult(passed=False, metadata={"行数": 0, FAULT: LEDGERS}, description=why)
        titles = {field.name: field.title for field in contract.fields}
        mend = f"；请按此改正{contract.title}，再放进收件夹 {workplace.inbox}"
        return suite_result(key, frame, suite, titles, before=f"{contract.title}：", behind=mend)

    return suite_holds


def accounting_result(
    offending: pd.DataFrame,
    titles: Mapping[str, str],
    counts: Mapping[str, int],
    *,
    warn: bool = False,
    said: str | None = None,
) -> dg.AssetCheckResult:
    """Pass when no row offends; otherwise show the worst ones under their titles, beside the counts.

    `said` is the one line of a failure; without it, the first row is it.
    """
    metadata: dict[str, Any] = dict(counts)
    description = None
    if len(offending):
        metadata["不符合的行"] = preview(offending, titles, rows=20)
        first = {title: offending[name].iloc[0] for name, title in titles.items()}
        shown = "，".join(f"{title} {value}" for title, value in first.items() if value is not None and value == value)
        description = f"{len(offending):,} 行不符，第一行：{shown}"
    severity = dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(
        passed=not len(offending), severity=severity, metadata=metadata, description=said or description
    )
