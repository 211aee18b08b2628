"""Rows of one key that contradict each other (编号相同而内容不同): none of them counts until one is left.

Belongs here: the declaration of the kind. Does not belong here: finding them (intake/doubtful_keys.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from desk.questions.asking import Answer, Kind, Question, Sources
from publishing.figures import Reading, shown

ROWS = Reading(
    "待你确认页", "编号相同而内容不同", "doubtful_rows",
    (shown("行数", "doubtful_row_count"), shown("矛盾", "doubtful_reason")),
    ("source_file", "source_sheet", "ledger"),
)  # fmt: skip


def _rows(sources: Sources) -> Iterable[Question]:
    return [
        Question(
            f"{row['source_file']}｜{row['source_sheet']}｜{row['ledger']}",
            f"{row['source_file']}“{row['source_sheet']}”有 {row['doubtful_row_count']} 行编号相同而内容不同",
            f"例如：{row['doubtful_reason']}。退回件里有这些行",
            weight=float(row["doubtful_row_count"]),
        )
        for row in ROWS.rows(sources.folder)
    ]


KIND = Kind(
    key="doubtful_rows",
    title="编号相同而内容不同",
    about="同一份来件里同一编号有几行、内容不同，看不出以哪一行为准",
    rows=_rows,
    answers=(Answer("已请报送单位改", "不再提醒这份来件；改好的再发来就计入"),),
    if_unanswered="这些行一直不计入，直到收到改好的台账",
    changes="这些线索是否在名单上",
)
