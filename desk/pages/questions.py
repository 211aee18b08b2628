"""What waits for somebody's word (待你确认): one page for all kinds of questions, and the count in the menu.

Belongs here: the page, its forms. Does not belong here: kinds and answers (desk/questions), what the night makes of an answer.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from desk.access import Viewer
from desk.pages.context import (
    ClientId,
    Desk,
    DeskDep,
    FormDep,
    Line,
    Number,
    ReadDep,
    ViewerDep,
    hidden_leads,
    list_in_use,
    render,
)
from desk.questions import asking
from desk.questions.asking import Asked, Sources
from desk.questions.registry import READINGS, kind_named
from office import folder_in_use
from publishing.figures import Reckoned

__all__ = ["READINGS", "RECKONED", "open_count", "router"]

router = APIRouter()
SHOWN = 20  # of a kind; the rest come up as those are answered
RECKONED = (Reckoned("待你确认页", "各类问题", "还有几项", "数的是本人看得到、还没有人在办公桌上答复的"),)


def _sources(desk: Desk) -> Sources:
    """Return where questions come from: the list, and the rules that its night reckoned with."""
    landed = desk.settings.home / "landing" / "office"
    return Sources(list_in_use(desk), landed if landed.is_dir() else folder_in_use())


def _asked(desk: Desk, session: Session, viewer: Viewer) -> list[Asked]:
    sources = _sources(desk)
    hidden = hidden_leads(session, sources.published)
    return asking.asked_of(session, viewer, desk.kinds, sources, hidden, desk.today)


def open_count(desk: Desk, session: Session, viewer: Viewer) -> int:
    """Return how many questions wait for a viewer's own word."""
    if desk.lists.current() is None:
        return 0
    return sum(asked.may_answer and asked.answered is None for asked in _asked(desk, session, viewer))


@router.get("/questions", summary="待你确认")
def questions(request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep) -> Response:
    """Show what waits for the viewer, then what waits for others, kind by kind."""
    found = _asked(desk, database, viewer)
    sections = []
    for kind in desk.kinds:
        own = [asked for asked in found if asked.kind is kind]
        waiting = sorted((a for a in own if a.answered is None), key=lambda a: not a.may_answer)
        if own:
            sections.append({
                "kind": kind, "shown": waiting[:SHOWN], "more": max(0, len(waiting) - SHOWN), "count": len(waiting),
                "answered": [asked for asked in own if asked.answered],
            })  # fmt: skip
    return render(
        request, desk, "questions.html", viewer,
        sections=sections, mine=sum(a.may_answer and a.answered is None for a in found),
        undo_minutes=desk.rules.limits.undo_minutes,
    )  # fmt: skip


@router.post("/questions", summary="答复问题")
def answer(
    desk: DeskDep,
    viewer: FormDep,
    kind: Annotated[Line, Form(min_length=1)],
    key: Annotated[str, Form(min_length=1, max_length=600)],
    word: Annotated[Line, Form(min_length=1)],
    client_id: Annotated[ClientId, Form()],
) -> Response:
    """Take an answer to a question that the list in use asks."""
    declared = kind_named(kind, desk.kinds)
    with desk.sessions() as session:
        found = [a for a in _asked(desk, session, viewer) if a.kind is declared and a.question.key == key]
    if declared is None or not found:
        raise HTTPException(404, "没有这个问题，或者它不在你的权限内；名单可能已更新，请刷新")
    with desk.sessions() as session:
        asking.answer(session, viewer, declared, found[0].question, word=word, client_id=client_id, now=desk.now())
        session.commit()
    return RedirectResponse(f"/questions#{declared.key}", 303)


@router.post("/questions/undo", summary="撤销对问题的答复")
def undo(
    desk: DeskDep, viewer: FormDep, event_id: Annotated[Number, Form()], client_id: Annotated[ClientId, Form()]
) -> Response:
    """Take back one's own answer."""
    with desk.sessions() as session:
        asking.take_back(session, viewer, event_id, client_id, desk.now(), desk.rules.limits.undo_minutes)
        session.commit()
    return RedirectResponse("/questions", 303)
