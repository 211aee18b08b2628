"""Run one suite on one frame (执行关卡). Great Expectations has no DuckDB engine, so the batch is pandas from Parquet.

Belongs here: the adapter to Great Expectations 1.x, imported only when a suite runs (its import takes seconds).
Does not belong here: what is expected (suites.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

Suite = Callable[[Any], list[Any]]


@dataclass(frozen=True)
class SuiteResult:
    """What a suite found: `failed` holds one row per broken expectation, with what was observed."""

    name: str
    passed: bool
    expectation_count: int
    failed: pd.DataFrame


def validate(name: str, frame: pd.DataFrame, suite: Suite) -> SuiteResult:
    """Validate a frame against the expectations that `suite` builds from `great_expectations.expectations`."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations import expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("landed")
    batch_definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    batch = batch_definition.get_batch(batch_parameters={"dataframe": frame})
    gx_suite = gx.ExpectationSuite(name=name, expectations=suite(expectations))
    found = batch.validate(gx_suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 5})
    rows = [_row(result) for result in found.results if not result.success]
    failed = pd.DataFrame(rows, columns=["expectation", "column", "expected", "observed", "worst"])
    return SuiteResult(name, bool(found.success), len(found.results), failed)


def _row(result: Any) -> dict[str, str]:
    settings = {k: v for k, v in result.expectation_config.kwargs.items() if k not in {"batch_id", "column"}}
    details = result.result or {}
    observed = details.get("observed_value", f"{details.get('unexpected_count', '?')} 行不符")
    if (
        result.exception_info
        and "raised_exception" in result.exception_info
        and result.exception_info["raised_exception"]
    ):
        observed = "规则没有运行成，见最后一列"
        details = {"partial_unexpected_list": [result.exception_info.get("exception_message")]}
    return {
        "expectation": result.expectation_config.type,
        "column": str(result.expectation_config.kwargs.get("column", "（整表）")),
        "expected": str(settings)[:200],
        "observed": str(observed)[:200],
        "worst": "、".join(str(v) for v in details.get("partial_unexpected_list", []))[:200],
    }
