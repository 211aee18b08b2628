"""One lead (线索页) and what is done there: answers, follow-ups, claims, undo.

Belongs here: the lead page and its forms. Does not belong here: writing (actions.py), contacts (contacts.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from desk import actions, contacts, transfers
from desk.access import SHARED_COLUMNS, Viewer
from desk.guards import same_site_path
from desk.ledgers import OFFICE_ZONE
from desk.listing import PublishedList, similar_landings
from desk.pages.context import (
    ClientId,
    Desk,
    DeskDep,
    FormDep,
    Line,
    Number,
    Paragraph,
    ReadDep,
    ViewerDep,
    hidden_leads,
    list_in_use,
    render,
)
from desk.pages.today import card
from desk.rules import LEVELS, METHODS, RESULTS
from publishing import charts
from publishing.boards import Board, all_boards
from publishing.figures import Reading, Reckoned, shown

router = APIRouter()
LeadId = Annotated[Line, Form(min_length=1)]
SHOWN_RELATIVES = 20
SURFACE = "线索页"
MOVES = Reading(
    SURFACE, "经过：阶段", "stage_moves",
    (shown("进入阶段", "stage"), shown("佐证", "evidence_kind", "not_counted_reason")),
    ("moved_date", "is_from_desk"),
)  # fmt: skip
FOLLOW_UPS = Reading(
    SURFACE, "经过：跟进", "follow_ups",
    (shown("跟进", "method", "led_by", "result"), shown("内容", "content", "next_step")),
    ("follow_up_date", "unit_name", "is_from_desk"),
)  # fmt: skip
STANDING = Reading(
    SURFACE, "来源凭据", "lead_standing",
    (
        shown("来源", "lead_source"),
        shown("推荐单位", "introduced_by", "agency_name", "agency_contract_no"),
        shown("来源地", "origin_name"),
        shown("活动编号", "event_id"),
        shown("文件、表、行", "source_file", "source_sheet", "source_row"),
    ),
)  # fmt: skip
TREND = Reading(
    SURFACE,
    "落地可能性走势",
    "landing_trend",
    (shown("落地可能性", "landing_probability"), shown("阶段", "stage")),
    ("told_date",),
)
READINGS = (MOVES, FOLLOW_UPS, STANDING, TREND)
RECKONED = (Reckoned(SURFACE, "落地可能性走势", "升降百分点", "列出的最早与最近两个数之差"),)


def about_lead() -> tuple[Reading, ...]:
    """Return the boards of which a lead's page shows whole rows (use: both in the catalogue)."""
    return tuple(Reading(SURFACE, board.title, board.name) for board in all_boards() if board.use == "both")


def found_lead(published: PublishedList, session: Session, lead_id: str) -> dict[str, Any]:
    """Give a lead of the list; one that refuses contact is on no page."""
    row = published.row(lead_id)
    if row is None or lead_id in hidden_leads(session, published):
        raise HTTPException(404, "名单上没有这条线索，或企业已拒绝联系")
    return row


def timeline(
    published: PublishedList, session: Session, viewer: Viewer, lead_id: str, unit: str
) -> list[dict[str, Any]]:
    """Give what happened to a lead, newest first. What was said belongs to the unit; that it happened does not."""
    lines: list[dict[str, Any]] = []
    # What the night read from the desk stands below as the desk's own record, with who wrote it.
    for row in (r for r in published.about(lead_id, MOVES) if not r.get("is_from_desk")):
        note = row["not_counted_reason"] or f"佐证：{row['evidence_kind'] or '无需'}"
        lines.append({"day": row["moved_date"], "kind": "阶段", "title": f"进入“{row['stage']}”", "text": note})
    for row in (r for r in published.about(lead_id, FOLLOW_UPS) if not r.get("is_from_desk")):
        text = "；".join(x for x in (row["content"], f"下一步：{row['next_step']}" if row["next_step"] else "") if x)
        # After a hand-over what was said before stays with who said it.
        own = viewer.reach("private").covers(row.get("unit_name") or unit)
        title = f"{row['method']}跟进" + (f"·{row['led_by']}" if row["led_by"] else "")
        result = f"·{row['result']}" if row["result"] else ""
        lines.append(
            {"day": row["follow_up_date"], "kind": "跟进", "title": title + result, "text": text if own else ""}
        )
    words = {
        "answer": "答复",
        "follow_up": "跟进",
        "claim": "认领",
        "release": "释放",
        "assign": "分派",
        "transfer_request": "申请移交",
        "transfer_reply": "移交",
        "question_answer": "答复问题",
    }
    for event, name, later in actions.timeline_events(session, lead_id):
        told, reach = event.detail or {}, viewer.reach("private")
        # Both units of a hand-over read why it was asked for.
        own = reach.covers(event.unit_name) or (
            event.kind.startswith("transfer") and reach.covers(told.get("to_unit_name"))
        )
        text = "；".join(
            x for x in (event.content, event.lost_reason, f"下一步：{event.next_step}" if event.next_step else "") if x
        )
        title = f"{words.get(event.kind, event.kind)}" + (f"“{event.result}”" if event.result else "")
        if event.kind == "transfer_request":
            title += f"：{event.unit_name}→{told.get('to_unit_name')}"
        elif event.kind == "transfer_reply":
            title += (
                "已同意" if told.get("is_accepted") else "已退回"
            ) + f"：{event.unit_name}→{told.get('to_unit_name')}"
        if event.undone_event_id:
            title = f"更正为{title}"
        may_correct = event.kind == "answer" and not later and viewer.reach("write").covers(event.unit_name)
        lines.append(
            {
                "day": event.follow_up_date or event.recorded_at.astimezone(OFFICE_ZONE).date(),
                "kind": "办公桌",
                "title": f"{title}（{name}）" if own else title,
                "text": text if own else "",
                "replaced": {None: "", "undo": "已撤销"}.get(later, "已更正"),
                "corrected_as": event.event_id
                if may_correct and (event.person_id == viewer.person_id or viewer.assigns)
                else None,
            }
        )
    return sorted(lines, key=lambda line: (line["day"], line["kind"] == "办公桌"), reverse=True)


def origin(published: PublishedList, lead_id: str) -> list[tuple[str, str]]:
    """Give where a lead comes from: source, who recommended it, event, file, sheet and row; empty for a list older than that table."""
    found = published.about(lead_id, STANDING)
    if not found:
        return []
    of = found[0].get  # a list of another version may have fewer columns
    contract = of("agency_contract_no")
    recommended = "、".join(x for x in (of("introduced_by"), of("agency_name")) if x)
    place = "　".join(str(x) for x in (of("source_file"), of("source_sheet")) if x)
    if of("source_row") is not None:
        place += f"　第 {of('source_row')} 行"
    return [
        ("来源", of("lead_source") or "暂无"),
        ("推荐单位", recommended + (f"（合同 {contract}）" if contract else "") or "暂无"),
        ("来源地", of("origin_name") or "暂无"),
        ("活动编号", of("event_id") or "暂无"),
        ("文件、表、行", place or "暂无"),
    ]


def boards_about(published: PublishedList, lead_id: str, most: int = 4) -> list[tuple[Board, list[dict[str, Any]]]]:
    """Give the boards that speak of a lead, with their first rows of it: parks, offers, requests, money."""
    wanted = [reading for reading in about_lead() if reading.board in published.tables_of_leads]
    found = [(reading.source, published.about(lead_id, reading)[:most]) for reading in wanted]
    return [(board, rows) for board, rows in found if rows]


def landing_trend(published: PublishedList, lead_id: str) -> dict[str, Any] | None:
    """Give how likely a lead has been to land, month end by month end, and by how much that moved; None with one day only."""
    told = sorted(published.about(lead_id, TREND), key=lambda row: row["told_date"])
    if len(told) < 2:
        return None
    points = [round(100 * row["landing_probability"], 1) for row in told]
    bars = [
        charts.Bar(str(row["told_date"]), row["stage"], share, "landing", f"{share:.1f}%")
        for row, share in zip(told, points, strict=True)
    ]
    words = f"{told[0]['told_date']} 为 {points[0]:.1f}%，现为 {points[-1]:.1f}%，"
    moved = round(points[-1] - points[0], 1)
    words += f"{'升' if moved > 0 else '降'} {abs(moved):.1f} 个百分点。" if moved else "没有变化。"
    return {"chart": charts.as_list(bars, "落地可能性走势"), "words": words}


@router.get("/lead", summary="线索页")
def lead(
    request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep, id: Annotated[Line, Query(min_length=1)]
) -> Response:
    """Show a lead; to other units only what the shared pool tells."""
    published = list_in_use(desk)
    row = found_lead(published, database, id)
    fact = published.fact(id)
    if not viewer.reach("detail").covers(row["unit_name"]):
        shared = {name: (fact or row).get(name) for name in SHARED_COLUMNS}
        about = transfer_about(desk, published, database, viewer, row)
        return render(request, desk, "shared_lead.html", viewer, lead=shared, **about)
    answers, held = actions.standing_answers(database, [id]), actions.holders(database, [id])
    hidden = hidden_leads(database, published)
    same = [x for x in published.relatives(id) if x["lead_id"] not in hidden]
    return render(
        request, desk, "lead.html", viewer,
        card=card(desk, published, row, answers.get(id), held.get(id)),
        row=row,
        fact=fact,
        found_on=boards_about(published, id),
        origin=origin(published, id),
        trend=landing_trend(published, id),
        can_write=viewer.reach("write").covers(row["unit_name"]),
        sees_private=viewer.reach("private").covers(row["unit_name"]),
        contacts=contacts.of_lead(database, viewer, id),
        timeline=timeline(published, database, viewer, id, row["unit_name"]),
        similar=[x for x in similar_landings(published, id) if x["lead_id"] not in hidden],
        relatives=same[:SHOWN_RELATIVES],
        relative_count=len(same),
        answers=desk.rules.answers,
        methods=METHODS, levels=LEVELS, results=RESULTS,
        undo_minutes=desk.rules.limits.undo_minutes,
        **transfer_about(desk, published, database, viewer, row),
    )  # fmt: skip


def transfer_about(
    desk: Desk, published: PublishedList, session: Session, viewer: Viewer, row: dict[str, Any]
) -> dict[str, Any]:
    """Give what the section about handing over shows; to a third unit nothing."""
    unit, reach = row["unit_name"], viewer.reach("write")
    found = transfers.standing_transfer(session, row["lead_id"])
    if found and not (reach.covers(found.giver) or reach.covers(found.taker)):
        found = None
    gives = reach.covers(unit)
    is_open = found is None or not (found.is_accepted is None or (found.is_accepted and found.giver == unit))
    takers = sorted(set(published.units) - {unit}) if gives else sorted(viewer.units & set(published.units))
    return {
        "transfer": found, "lead_id": row["lead_id"], "lead_unit": unit, "gives": gives, "takers": takers,
        "may_ask": bool(viewer.units) and is_open and bool(takers),
        "answers_transfer": found is not None and transfers.may_answer(viewer, found),
    }  # fmt: skip


@router.post("/corrections", summary="更正答复")
def correct(
    desk: DeskDep,
    viewer: FormDep,
    event_id: Annotated[Number, Form()],
    word: Annotated[Line, Form()],
    client_id: Annotated[ClientId, Form()],
    reason: Annotated[Line, Form()] = "",
) -> Response:
    """Correct an answer after the time for undoing it."""
    with desk.sessions() as session:
        lead_id = actions.correct(
            session,
            viewer,
            desk.rules,
            event_id=event_id,
            word=word,
            reason=reason,
            client_id=client_id,
            now=desk.now(),
        ).lead_id
        session.commit()
    return RedirectResponse(f"/lead?{urlencode({'id': lead_id})}#timeline", 303)


@router.post("/answers", summary="三十秒答复")
def answer(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    lead_id: LeadId,
    word: Annotated[Line, Form()],
    client_id: Annotated[ClientId, Form()],
    reason: Annotated[Line, Form()] = "",
    seen_event_id: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
    back: Annotated[str, Form(max_length=600)] = "",
) -> Response:
    """Record an answer, then show the card again (to htmx only the card)."""
    published = list_in_use(desk)
    with desk.sessions() as session:
        row = found_lead(published, session, lead_id)
    with desk.sessions() as session:
        actions.answer(
            session, viewer, desk.rules, lead_id=lead_id, unit=row["unit_name"], word=word, reason=reason,
            client_id=client_id, seen_event_id=seen_event_id, snapshot_id=published.snapshot_id,
            now=desk.now(), today=desk.today,
        )  # fmt: skip
        session.commit()
    return after_action(request, desk, viewer, lead_id, back)


@router.post("/undo", summary="撤销答复或跟进")
def undo(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    event_id: Annotated[Number, Form()],
    client_id: Annotated[ClientId, Form()],
    back: Annotated[str, Form(max_length=600)] = "",
) -> Response:
    """Take back one's own answer or follow-up."""
    with desk.sessions() as session:
        event = actions.undo(session, viewer, event_id, client_id, desk.now(), desk.rules.limits.undo_minutes)
        lead_id = event.lead_id
        session.commit()
    return after_action(request, desk, viewer, lead_id, back)


@router.post("/follow-ups", summary="登记跟进")
def follow_up(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    lead_id: LeadId,
    client_id: Annotated[ClientId, Form()],
    follow_up_date: Annotated[dt.date, Form()],
    method: Annotated[Line, Form()],
    led_by: Annotated[Line, Form()],
    result: Annotated[Line, Form()],
    content: Annotated[Paragraph, Form()],
    next_step: Annotated[Paragraph, Form()] = "",
    next_step_date: Annotated[dt.date | None, Form()] = None,
) -> Response:
    """Record a follow-up of the own unit's lead."""
    published = list_in_use(desk)
    with desk.sessions() as session:
        row = found_lead(published, session, lead_id)
    with desk.sessions() as session:
        actions.follow_up(
            session, viewer, lead_id=lead_id, unit=row["unit_name"], client_id=client_id,
            snapshot_id=published.snapshot_id, now=desk.now(), today=desk.today, follow_up_date=follow_up_date,
            method=method, led_by=led_by, content=content, result=result, next_step=next_step,
            next_step_date=next_step_date,
        )  # fmt: skip
        session.commit()
    return RedirectResponse(f"/lead?{urlencode({'id': lead_id})}#timeline", 303)


@router.post("/claims", summary="认领线索")
def claim(
    request: Request, desk: DeskDep, viewer: FormDep, lead_id: LeadId, client_id: Annotated[ClientId, Form()],
    back: Annotated[str, Form(max_length=600)] = "",
) -> Response:  # fmt: skip
    """Take a lead of the own unit."""
    with desk.sessions() as session:
        row = found_lead(list_in_use(desk), session, lead_id)
    with desk.sessions() as session:
        actions.claim(session, viewer, lead_id, row["unit_name"], client_id, desk.now())
        session.commit()
    return after_action(request, desk, viewer, lead_id, back)


@router.post("/releases", summary="释放线索")
def release(
    request: Request, desk: DeskDep, viewer: FormDep, lead_id: LeadId, client_id: Annotated[ClientId, Form()],
    back: Annotated[str, Form(max_length=600)] = "",
) -> Response:  # fmt: skip
    """Give a lead back to the unit."""
    with desk.sessions() as session:
        row = found_lead(list_in_use(desk), session, lead_id)
    with desk.sessions() as session:
        actions.release(session, viewer, lead_id, row["unit_name"], client_id, desk.now())
        session.commit()
    return after_action(request, desk, viewer, lead_id, back)


def after_action(request: Request, desk: DeskDep, viewer: Viewer, lead_id: str, back: str) -> Response:
    """Show the card to htmx, or go back to the page that the form was on."""
    if request.headers.get("hx-request") != "true":
        return RedirectResponse(same_site_path(back) if back else f"/lead?{urlencode({'id': lead_id})}", 303)
    published = list_in_use(desk)
    row = published.row(lead_id)
    if row is None or not viewer.reach("detail").covers(row["unit_name"]):
        raise HTTPException(404)
    with desk.sessions() as session:
        standing, held = actions.standing_answers(session, [lead_id]), actions.holders(session, [lead_id])
        found = card(desk, published, row, standing.get(lead_id), held.get(lead_id))
    return render(request, desk, "card.html", viewer, card=found, back=same_site_path(back) if back else "/")
