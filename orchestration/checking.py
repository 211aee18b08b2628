"""How a gate reports (关卡结果): observed, expected, worst rows, and whether it blocks.

Belongs here: turning a suite's result or a list of offending rows into Dagster's check result.
Does not belong here: what is checked (defs/<stage>/checks.py, quality/suites.py).
"""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq

from orchestration.metadata import preview
from orchestration.quality import validate
from orchestration.quality.validation import Suite
from orchestration.resources import Workplace


def suite_result(name: str, frame: pd.DataFrame, suite: Suite) -> dg.AssetCheckResult:
    """Run a suite on a frame; broken expectations are a table in the metadata."""
    found = validate(name, frame, suite)
    metadata: dict[str, Any] = {"row_count": len(frame), "expectation_count": found.expectation_count}
    if not found.passed:
        metadata["failed"] = preview(found.failed, rows=50)
    return dg.AssetCheckResult(
        passed=found.passed, metadata=metadata, description=None if found.passed else _sentence(found.failed)
    )


def _sentence(failed: pd.DataFrame) -> str:
    return "；".join(f"{row.column}：{row.expectation}，实际 {row.observed}" for row in failed.itertuples(index=False))[
        :500
    ]


def suite_check(key: str, suite: Suite, columns: list[str] | None = None) -> dg.AssetChecksDefinition:
    """Build the blocking check that validates the Parquet file of an asset (only `columns` of it) by a suite."""

    @dg.asset_check(
        name="suite_holds", asset=key.split("/"), blocking=True, description=f"Great Expectations：{key} 的关卡"
    )
    def suite_holds(workplace: Workplace) -> dg.AssetCheckResult:
        frame = pq.read_table(workplace.parquet(key), columns=columns).to_pandas()
        return suite_result(key, frame, suite)

    return suite_holds


def accounting_result(offending: pd.DataFrame, *, warn: bool = False, **metadata: Any) -> dg.AssetCheckResult:
    """Pass when no row offends; otherwise show the worst ones."""
    if len(offending):
        metadata["offending"] = preview(offending, rows=20)
    severity = dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR
    return dg.AssetCheckResult(passed=not len(offending), severity=severity, metadata=metadata)
