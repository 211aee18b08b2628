"""Findings as tables for SQL (扫描结果): which columns of which ledgers are scanned, one row per finding.

Belongs here: landed ledgers in, tables of findings out, the same bytes for the same rows. Does not belong here: writing
files (orchestration), choosing the findings of a day (dbt_project compares the days that every row carries).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from models.screening.measures import ALWAYS, obstacles_of
from models.screening.scanning import scan

# Texts that promise something, by ledger; policies are judged whole.
PROMISING: Final = {
    "leads": "promise_text",
    "project_commitments": "package_text",
    "promise_clauses": "clause_text",
    "funds": "terms_text",
    "fund_investments": "terms_text",
}
MEASURES: Final = "policies"
NOTHING: Final = "未发现"  # in place of a rule's id: the text was scanned and meets none
ROW: Final = ("policy_id", "received_seq", "source_file", "source_sheet", "source_row")
TEXT_FINDINGS: Final = pa.schema(
    [
        ("text", pa.string()), ("rule_id", pa.string()), ("rule_name", pa.string()), ("kind", pa.string()),
        ("found_text", pa.string()), ("verdict", pa.string()), ("article", pa.string()), ("article_text", pa.string()),
        ("is_verified", pa.bool_()), ("valid_from_date", pa.date32()),
    ]
)  # fmt: skip
MEASURE_OBSTACLES: Final = pa.schema(
    [
        ("policy_id", pa.string()), ("received_seq", pa.int64()), ("source_file", pa.string()),
        ("source_sheet", pa.string()), ("source_row", pa.int64()), ("obstacle_no", pa.int64()),
        ("obstacle_text", pa.string()), ("is_forbidden", pa.bool_()), ("rule_name", pa.string()),
        ("verdict", pa.string()), ("holds_from_date", pa.date32()), ("holds_until_date", pa.date32()),
    ]
)  # fmt: skip


def text_findings(texts: Iterable[str]) -> pa.Table:
    """Return one row per text and rule that it meets, one without a rule where it meets none: that text was scanned."""
    rows: list[dict[str, Any]] = []
    for text in sorted(set(texts)):
        hits = scan(text, ALWAYS)
        if not hits:
            rows.append({"text": text, "rule_id": NOTHING})
        for hit in hits:
            rule = hit.rule
            row = {
                "text": text, "rule_id": rule.rule_id, "rule_name": rule.rule_name, "kind": rule.kind,
                "found_text": hit.found, "verdict": hit.verdict, "article": rule.article,
                "article_text": rule.article_text, "is_verified": rule.is_verified, "valid_from_date": rule.valid_from,
            }  # fmt: skip
            rows.append(row)
    return pa.Table.from_pylist(rows, TEXT_FINDINGS)


def measure_obstacles(measures: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return one row per received measure and obstacle, number 0 without text for each: that row was judged."""
    rows: list[dict[str, Any]] = []
    for measure in measures:
        key = {name: measure[name] for name in ROW}
        rows.append({**key, "obstacle_no": 0})
        for number, one in enumerate(obstacles_of(measure), start=1):
            row = {
                **key, "obstacle_no": number, "obstacle_text": one.text, "is_forbidden": one.is_forbidden,
                "rule_name": one.rule_name, "verdict": one.verdict,
                "holds_from_date": one.from_day, "holds_until_date": one.until_day,
            }  # fmt: skip
            rows.append(row)
    return pa.Table.from_pylist(rows, MEASURE_OBSTACLES)


def findings(landing: Path) -> dict[str, pa.Table]:
    """Return both tables of a landing folder, by the name under which SQL reads them."""
    columns = (pq.read_table(landing / f"{ledger}.parquet", columns=[name])[name] for ledger, name in PROMISING.items())
    texts = [text for column in columns for text in column.drop_null().unique().to_pylist()]
    measures = pq.read_table(landing / f"{MEASURES}.parquet").to_pylist()
    return {"text_findings": text_findings(texts), "measure_obstacles": measure_obstacles(measures)}
