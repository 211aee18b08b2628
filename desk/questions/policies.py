"""Measures that need a review (待审查的政策): not recommended while nobody reviewed them.

Belongs here: the declaration of the kind. Does not belong here: the rules of the law (models/screening).
"""

from __future__ import annotations

from collections.abc import Iterable

from desk.questions.asking import Answer, Kind, Question, Sources
from publishing.figures import Reading, shown

MEASURES = Reading(
    "待你确认页", "待审查的政策", "policies",
    (shown("处理", "verdict"), shown("原因", "stop_text")),
    ("policy_id", "policy_name", "is_recommended", "valid_from_date", "valid_to_date"),
)  # fmt: skip


def _rows(sources: Sources) -> Iterable[Question]:
    return [
        Question(
            row["policy_id"],
            f"政策“{row['policy_name']}”待审查",
            f"{row['verdict']}：{row['stop_text'] or '没有写明原因'}",
            since=row["valid_from_date"],
        )
        for row in MEASURES.rows(sources.folder)
        if row["verdict"] == "需审查"
        and not row["is_recommended"]
        and (row["valid_to_date"] is None or row["valid_to_date"] >= sources.published.as_of_date)
    ]


KIND = Kind(
    key="policy",
    title="待审查的政策",
    about="按法规核验需要公平竞争审查或法制部门看过的政策",
    rows=_rows,
    answers=(
        Answer("已送审查", "不再提醒；审查结论写进政策库台账后才可能推荐"),
        Answer("已停用", "不再提醒；仍不推荐，请在政策库台账写明失效日期"),
    ),
    if_unanswered="一直不推荐，也不出现金额",
    changes="能给企业推荐哪些政策",
)
