"""What people decided (人工决定): two rows, or a row and an enterprise, are 同一 or 不同; by whom, on which day.

Belongs here: the ledger of decisions and its complaints, which decision stands. Does not belong: how a decision is
carried out (grouping.py). Who decided stays in the ledger: it goes into no output.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from intake.values import Unreadable, parse_date
from intake.workbook import FileProblem

COLUMNS: Final = ("record_id", "other_id", "verdict", "decided_by", "decided_date")
SAME, DIFFERENT = "同一", "不同"


@dataclass(frozen=True, order=True)
class Decision:
    """`other_id` is a record_id or an enterprise_id; `day` is ISO."""

    day: str
    record_id: str
    other_id: str
    is_same: bool


def read_decisions(path: Path) -> list[Decision]:
    """Read the ledger (CSV in UTF-8, or Parquet) and give the decisions that stand, oldest first."""
    if not path.is_file():
        raise FileProblem(f"{path}：人工决定台账不存在；请检查路径")
    try:
        if path.suffix.lower() == ".parquet":
            table = pq.read_table(path)
            columns, rows = table.column_names, table.to_pylist()
        else:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                reader = csv.DictReader(lines)
                rows = list(reader)
                columns = list(reader.fieldnames or [])
    except (pa.ArrowException, UnicodeError, csv.Error):
        raise FileProblem(f"{path.name}：人工决定台账打不开；请存为 UTF-8 的 CSV 或 Parquet") from None
    if missing := [column for column in COLUMNS if column not in columns]:
        raise FileProblem(f"{path.name}：人工决定台账缺少列 {'、'.join(missing)}；请补上")
    return standing([_decision(row, number, path.name) for number, row in enumerate(rows, start=2)])


def _decision(row: dict[str, object], number: int, name: str) -> Decision:
    values = {column: str(row[column] or "").strip() for column in COLUMNS}
    where = f"{name} 第 {number} 行"
    for column in ("record_id", "other_id", "decided_by"):
        if not values[column]:
            raise FileProblem(f"{where}：{column} 为空；请填写")
    if values["verdict"] not in (SAME, DIFFERENT):
        raise FileProblem(f"{where}：结论“{values['verdict'][:20]}”不认识；请填 同一 或 不同")
    if values["record_id"] == values["other_id"]:
        raise FileProblem(f"{where}：两个编号相同；请改正其中一个")
    try:
        day = parse_date(values["decided_date"])
    except Unreadable as problem:
        raise FileProblem(f"{where}：{problem}") from None
    if day is None:
        raise FileProblem(f"{where}：decided_date 为空；请填年月日")
    return Decision(day[0].isoformat(), values["record_id"], values["other_id"], values["verdict"] == SAME)


def standing(decisions: list[Decision]) -> list[Decision]:
    """Give the last word on every pair, oldest first; of one day's two words 不同 stands, the one that joins nothing."""
    last: dict[tuple[str, str], Decision] = {}
    for decision in sorted(decisions, key=lambda d: (d.day, not d.is_same, d.record_id, d.other_id)):
        pair = (min(decision.record_id, decision.other_id), max(decision.record_id, decision.other_id))
        last[pair] = decision
    return sorted(last.values())
