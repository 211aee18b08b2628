"""Unverified rules of the office (未核实的规则): settings that nobody has confirmed yet, file by file.

Belongs here: the declaration of the kind. Does not belong here: what a rule does, its file (office).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from desk.questions.asking import Answer, Kind, Question, Sources
from office.reading import SETTINGS, unverified
from office.tables import TABLES


def _rows(sources: Sources) -> Iterable[Question]:
    lines: dict[str, list[str]] = defaultdict(list)
    for name, _, text in unverified(sources.office):
        lines[name].append(text)
    for name, texts in lines.items():
        table = TABLES.get(Path(name).stem)
        title = table.title if table else SETTINGS.get(name, name).partition("：")[0]
        # Another line that nobody verified is another question.
        content = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]
        yield Question(
            f"{name}｜{content}",
            f"规则“{title}”有 {len(texts)} 处未核实",
            f"文件 {name}，例如：{texts[0][:80]}",
            weight=float(len(texts)),
        )


KIND = Kind(
    key="office_rule",
    title="未核实的规则",
    about="本区设置里标明未核实的数和口径",
    rows=_rows,
    answers=(
        Answer("已核对，照用", "记下谁在哪天核对过，这些行不再提醒；改了内容会再问"),
        Answer("要改", "不再提醒；请导出规则工作簿（zeyou office export）改好，放进收件夹"),
    ),
    if_unanswered="照现在的规则用，页面和材料上仍标“未核实”",
    changes="用到这条规则的分数、灯和看板",
)
