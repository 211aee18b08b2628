"""Proposals of identity (待核对的归并): leads that the night took for a firm of the register by resemblance only.

Belongs here: the declaration of the kind, and the row of 归并决定 that an answer is. Does not belong here: how rows are matched
(intake/matching).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from desk.questions.asking import Answer, Kind, Question, Sources
from publishing.figures import Reading, shown

PROPOSALS = Reading(
    "待你确认页", "待核对的归并", "identity_proposals",
    (
        shown("线索上的企业", "enterprise_name"),
        shown("名录中的企业", "registered_enterprise_name", "enterprise_key"),
        shown("依据", "proposal_text"),
    ),
    ("lead_id", "unit_name", "project_name", "reported_date"),
)  # fmt: skip
SAME, OTHER = "是同一家", "不是同一家"
DECISIONS = {SAME: "归并", OTHER: "不归并"}


def _question(row: dict[str, Any]) -> Question:
    return Question(
        f"{row['lead_id']}｜{row['enterprise_key']}",
        f"{row['project_name']}的“{row['enterprise_name']}”，是名录中的“{row['registered_enterprise_name']}”吗",
        f"依据：{row['proposal_text']}。名录编码 {row['enterprise_key']}",
        unit=row["unit_name"],
        lead_id=row["lead_id"],
        since=row["reported_date"],
        told={
            "left_id": row["lead_id"], "right_id": row["enterprise_key"], "left_name": row["enterprise_name"],
            "right_name": row["registered_enterprise_name"],
        },
    )  # fmt: skip


def _rows(sources: Sources) -> Iterable[Question]:
    rows = PROPOSALS.rows(sources.folder)
    return [_question(row) for row in rows if row["enterprise_key"] and row["registered_enterprise_name"]]


def _decision(told: Mapping[str, Any]) -> Mapping[str, Sequence[str | None]]:
    names = [str(told[name]) for name in ("left_id", "right_id", "left_name", "right_name")]
    return {
        "归并决定": (
            *names,
            DECISIONS[str(told["answer"])],
            str(told["answered_on"]),
            str(told["answered_by"]),
            "待你确认页答复",
        )
    }


KIND = Kind(
    key="identity",
    title="是不是同一家企业",
    about="名称写法不同、没有信用代码，凭相近归到名录中一家企业的线索",
    rows=_rows,
    answers=(
        Answer(SAME, "记一条归并决定，不再问"),
        Answer(OTHER, "记一条不归并的决定，今夜起不再用名录中这家企业的资料"),
    ),
    if_unanswered="照现在的归并用，一直可以改",
    changes="这条线索的企业资料、契合和首报首谈",
    also=_decision,
)
