"""Amounts that wait for a yes (存疑的数): as the night held them, see intake/plausibility and decision 64.

Belongs here: the declaration of the kind. Does not belong here: why a value is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from desk.questions.asking import Answer, Kind, Question, Sources
from publishing.figures import Reading, shown

HELD = Reading(
    "待你确认页", "存疑的数", "held_values",
    (
        shown("存疑的数", "held_value", "measure"),
        shown("现在计入", "counted_value", "measure"),
        shown("原因", "why_text"),
        shown("来处", "source_file", "source_sheet", "source_row"),
        shown("答复期限", "due_date"),
    ),
    ("question_id", "lead_id", "unit_name", "subject_name", "ledger_name", "column_title", "since_date", "state", "is_question_open"),
)  # fmt: skip


def _figure(value: float, measure: str) -> str:
    """Write a value as its ledger has it, and large money in 亿元 besides: zeros are hard to count."""
    plain = f"{_trimmed(value)} {measure}"
    return f"{plain}（{_trimmed(value / 10_000)} 亿元）" if measure == "万元" and value >= 10_000 else plain


def _trimmed(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _question(row: dict[str, Any]) -> Question:
    held = _figure(row["held_value"], row["measure"])
    counted = (
        f"现按 {_figure(row['counted_value'], row['measure'])} 计" if row["counted_value"] is not None else "现未计入"
    )
    place = f"{row['ledger_name']}，{row['source_file']}“{row['source_sheet']}”第 {row['source_row']} 行"
    late = "，期限已过" if row["state"] == "逾期未答" else ""
    return Question(
        row["question_id"],
        f"{row['subject_name'] or row['ledger_name']}：{row['column_title']}写的是 {held}，对吗",
        f"{row['why_text']}。{counted}{late}。{place}",
        unit=row["unit_name"],
        lead_id=row["lead_id"],
        since=row["since_date"],
        due=row["due_date"],
        weight=abs(row["held_value"] - (row["counted_value"] or 0.0)),
    )


def _rows(sources: Sources) -> Iterable[Question]:
    return [_question(row) for row in HELD.rows(sources.folder) if row["is_question_open"]]


KIND = Kind(
    key="held",
    title="存疑的数",
    about="与以前、与同一行别的数、与同类相比差了几十倍以上的数，先问再计",
    rows=_rows,
    answers=(
        Answer("照此计入", "今夜起按这个数计入名单和看板"),
        Answer("有误", "不计这个数，以前有数的仍按以前的数；请发更正后的台账"),
    ),
    if_unanswered="下一份台账还是这个数，就当确认；改了就按改的；到期限没有答复，这一行照常计入，这个数空缺并标明",
    changes="这条线索的分数、名次和各看板的金额",
)
