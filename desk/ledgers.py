"""What people did at the desk, as rows of the ledgers (台账): what the nightly job reads besides the inbox.

Belongs here: which event is a row of which ledger, and the workbook that holds them. Does not belong here: recording an
event (actions.py), reading and checking a ledger (the nightly job reads this workbook as it reads any other).

The workbook is written whole each time, from the events that stand: what was taken back is not in it, so an undo undoes.
Nothing of it is private to a person: no contact, no phone column, no name of who wrote it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.orm import Session

from desk.questions.asking import EVENT
from desk.questions.registry import kind_named
from desk.store.models import Event
from storage import write_whole

SOURCE: Final = "办公桌.xlsx"
OFFICE_ZONE: Final = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991
# How 跟进记录 says a thirty-second answer; 已落他地 ends the lead and is a row of 项目进展.
RESULT_OF: Final = {"有意向": "有意向", "无意向": "无意向", "联系不上": "待回复"}
LOST: Final = "已落他地"
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "线索台账": ("线索编号", "项目名称", "投资主体", "统一社会信用代码", "负责单位", "首报日期", "主要产品"),
    "跟进记录": (
        "线索编号", "跟进单位", "跟进日期", "填报日期", "跟进方式", "带队层级", "洽谈内容", "跟进结果", "下一步计划", "下一步时限",
    ),
    "项目进展": ("线索编号", "责任单位", "进展阶段", "发生日期", "填报日期", "终止原因"),
    "问题答复": ("问题类别", "问题编号", "问题内容", "问题答案", "答复日期", "答复单位"),
    "归并决定": (
        "甲方编号", "乙方编号", "甲方名称", "乙方名称", "归并结论", "决定日期", "决定单位", "归并理由",
    ),
    "线索流转": ("线索编号", "转出单位", "转入单位", "流转日期", "流转状态", "流转原因", "首谈业绩归属"),
}  # fmt: skip
Row = tuple[str | None, ...]
_CREATED: Final = dt.datetime(2000, 1, 1)  # the same events give the same bytes


def ledger_rows(session: Session) -> dict[str, list[Row]]:
    """Give the rows of each ledger, in the order of the events.

    Of several answers about a lead on one day the last stands. 已落他地 stands only while it is the last answer of all: a
    later one corrects it.
    """
    events = list(session.scalars(sa.select(Event).order_by(Event.event_id)))
    taken_back = {e.undone_event_id for e in events if e.undone_event_id}
    standing = [e for e in events if e.event_id not in taken_back]
    last_of_day = {(e.lead_id, e.follow_up_date): e.event_id for e in standing if e.kind == "answer"}
    last = {e.lead_id: e.event_id for e in standing if e.kind == "answer"}
    replies = {(e.detail or {}).get("request_event_id"): e for e in standing if e.kind == "transfer_reply"}
    rows: dict[str, list[Row]] = {name: [] for name in HEADERS}
    for event in standing:
        if event.kind == "report":
            rows["线索台账"].append(_report(event))
        elif event.kind == "follow_up":
            rows["跟进记录"].append(_follow_up(event, event.content, event.result))
        elif event.kind == EVENT:
            for name, row in _answer(event).items():
                rows[name].append(tuple(row))
        elif event.kind == "transfer_request":
            rows["线索流转"].append(_transfer(event, replies.get(event.event_id)))
        elif event.kind == "answer" and event.result == LOST:
            if last[event.lead_id] == event.event_id:
                rows["项目进展"].append(
                    (event.lead_id, event.unit_name, "终止", _day(event.follow_up_date), _recorded(event), event.lost_reason or LOST)
                )  # fmt: skip
        elif event.kind == "answer" and last_of_day[event.lead_id, event.follow_up_date] == event.event_id:
            why = f"（{event.lost_reason}）" if event.lost_reason else ""
            rows["跟进记录"].append(
                _follow_up(event, f"三十秒答复：{event.result}{why}", RESULT_OF[event.result or ""])
            )
    return rows


def write_ledgers(path: Path, rows: Mapping[str, Sequence[Row]]) -> Path | None:
    """Write the workbook so that it stands whole or not at all; without a row there is none, and none is left."""
    if not any(rows.values()):
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)

    def write(partial: Path) -> None:
        _write_sheets(rows, partial)
        partial.chmod(0o600)  # what people said is in it: nobody but the service reads the file

    write_whole(path, write)
    return path


def _write_sheets(rows: Mapping[str, Sequence[Row]], path: Path) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"author": "择优", "title": "办公桌", "created": _CREATED})
        text = book.add_format({"num_format": "@"})
        for name, header in HEADERS.items():
            if not rows[name]:
                continue
            sheet = book.add_worksheet(name)
            for at, row in enumerate([header, *rows[name]]):
                for column, value in enumerate(row):
                    if value:
                        sheet.write_string(at, column, value[:32_000], text)


def _day(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _recorded(event: Event) -> str:
    """Give the office's day on which the event was written down: what is known later than a list counts not in it."""
    return event.recorded_at.astimezone(OFFICE_ZONE).date().isoformat()


def _follow_up(event: Event, content: str | None, result: str | None) -> Row:
    return (
        event.lead_id, event.unit_name, _day(event.follow_up_date), _recorded(event), event.method, event.led_by, content,
        result, event.next_step, _day(event.next_step_date),
    )  # fmt: skip


def _report(event: Event) -> Row:
    told = event.detail or {}
    return (
        event.lead_id, told.get("project_name"), told.get("enterprise_name"), told.get("uscc") or None, event.unit_name,
        _recorded(event), event.content,
    )  # fmt: skip


def _answer(event: Event) -> dict[str, Sequence[str | None]]:
    """Give the row of 问题答复, and those of the ledgers that the question's kind names."""
    told = {**(event.detail or {}), "answer": event.result, "answered_on": _recorded(event)}
    kind = kind_named(told["question_kind"])
    own = (
        told["question_kind"], told["subject_key"], told["subject_text"], event.result, told["answered_on"], told["answered_by"]
    )  # fmt: skip
    return {"问题答复": own, **(kind.also(told) if kind else {})}


def _transfer(event: Event, reply: Event | None) -> Row:
    told = event.detail or {}
    state = "待接收" if reply is None else "已流转" if (reply.detail or {}).get("is_accepted") else "退回"
    return (
        event.lead_id, event.unit_name, told.get("to_unit_name"), _recorded(reply or event), state, event.content,
        f"首谈业绩归{event.unit_name}",
    )  # fmt: skip
