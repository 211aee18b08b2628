"""Today's list (今日名单): filters, pages, what changed, the answer on the card, saved views.

Belongs here: the list page. Does not belong here: selecting rows (listing.py), writing an answer (actions.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk.access import Viewer
from desk.actions import held_by, holders, standing_answers
from desk.listing import Filters, Lists, PublishedList, change, hit_rate, next_step
from desk.pages.context import (
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
from desk.store.database import writing
from desk.store.models import Exposure, SavedView
from models.ranking import KIND_NAMES, SAME_FOR_ALL

router = APIRouter()
Only = Literal["ranked", "excluded", "moved"]
KEPT_FACES: Final = 20_000  # about 2 KB each


@dataclass(frozen=True)
class Asked:
    """What an address narrows the list to; the page and its workbook have the same."""

    filters: Filters
    is_mine: bool

    @property
    def address(self) -> dict[str, str]:
        """Give it as parameters of an address; what is usual is left out."""
        f = self.filters
        only = "" if f.only == "ranked" else f.only
        return {
            "q": f.search, "unit": f.unit, "band": f.band, "stage": f.stage, "chain": f.chain, "only": only,
            "mine": "1" if self.is_mine else "",
        }  # fmt: skip


def asked_for(
    q: Annotated[Line, Query()] = "",
    unit: Annotated[Line, Query()] = "",
    band: Annotated[str, Query(max_length=4)] = "",
    stage: Annotated[Line, Query()] = "",
    chain: Annotated[Line, Query()] = "",
    only: Only = "ranked",
    mine: Literal["", "1"] = "",
) -> Asked:
    """Read what an address narrows the list to."""
    return Asked(Filters(q, unit, band, stage, chain, only), bool(mine))


AskedDep = Annotated[Asked, Depends(asked_for)]


@router.get("/", summary="今日名单")
def today(
    request: Request,
    desk: DeskDep,
    database: ReadDep,
    viewer: ViewerDep,
    asked: AskedDep,
    after: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Show a page of the list, narrowed by the address."""
    if viewer.role == "admin":
        return RedirectResponse("/people", 303)
    newest = list_in_use(desk)
    published, start = desk.lists.continued(after, newest)
    rows = narrowed(database, viewer, published, asked.filters, asked.is_mine)
    page = published.page(rows, start, desk.rules.limits.rows_a_page)
    _show_once(desk, viewer, published, [r["lead_id"] for r in page.rows])
    return render(
        request, desk, "today.html", viewer,
        page=page,
        cards=cards(desk, database, published, page.rows),
        asked=asked.address,
        is_first=start < 0,
        newer=newest.snapshot_id if newest.snapshot_id != published.snapshot_id else None,
        shown_list=published,
        units=sorted(viewer.units) if viewer.units else sorted(published.units),
        trust=trust(desk, published),
        views=list(database.scalars(sa.select(SavedView).where(SavedView.person_id == viewer.person_id))),
    )  # fmt: skip


def narrowed(
    database: Session,
    viewer: Viewer,
    published: PublishedList,
    filters: Filters,
    is_mine: bool,
) -> npt.NDArray[np.int64]:
    """Give the rows of the list that the viewer may see in detail and that pass the filters."""
    visible = viewer.reach("detail")
    among = held_by(database, viewer.person_id) if is_mine else None
    return published.select(filters, visible, hidden_leads(database, published), among)


def cards(desk: Desk, database: Session, published: PublishedList, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each row with what the card shows besides: evidence, change, answer, holder, next step."""
    ids = [r["lead_id"] for r in rows]
    answers, held = standing_answers(database, ids), holders(database, ids)
    return [card(desk, published, r, answers.get(r["lead_id"]), held.get(r["lead_id"])) for r in rows]


def card(desk: Desk, published: PublishedList, row: dict[str, Any], answer: Any, held: Any) -> dict[str, Any]:
    """Give one row as a card."""
    fact = published.fact(row["lead_id"])
    return {
        "row": row,
        "face": face(desk, published, row, fact),
        "answer": answer,
        "holder": held,
        "next_step": next_step(fact, published.overdue.get(row["lead_id"]), published.as_of_date) if fact else None,
        "reported_date": fact.get("reported_date"),
    }


def face(desk: Desk, published: PublishedList, row: dict[str, Any], fact: dict[str, Any]) -> Markup:
    """Give what the list itself says of a lead, drawn: the same for everybody who may see it, so drawn once a list."""
    key = row["lead_id"]
    found = published.faces.get(key)
    if found is None:
        credit = published.handed_over.get(row["lead_id"], ("", ""))[0]
        given = {
            "row": row,
            "credit": credit,
            "chips": chips(desk, published, row, fact),
            "change": change(published, row["lead_id"]),
        }
        found = Markup(desk.templates.env.get_template("card_face.html").render(given))
        if len(published.faces) >= KEPT_FACES:
            published.faces.clear()
        published.faces[key] = found
    return found


def chips(
    desk: Desk, published: PublishedList, row: dict[str, Any], fact: dict[str, Any], shown: int = 4
) -> list[dict[str, Any]]:
    """Give the largest reasons, each with where its fact is kept and the day it is known by."""
    found = []
    for reason in [r for r in row["reasons"] if r["term"] not in SAME_FOR_ALL and abs(r["points"]) >= 0.05][:shown]:
        evidence = desk.rules.evidence.get(reason["term"])
        day = published.as_of_date if evidence and evidence.date == "as_of_date" else None
        if evidence and day is None:
            day = fact.get(evidence.date)
        found.append({**reason, "source": evidence.source if evidence else None, "day": day})
    return found


_TRUST: dict[str, Any] = {}


def trust(desk: Desk, published: PublishedList) -> dict[str, Any]:
    """Give what the list is worth: its day, its models, how past lists did."""
    manifest = published.snapshot.manifest
    key = f"{desk.settings.home}{published.snapshot_id}{len(desk.lists.history())}"
    if key not in _TRUST:
        _TRUST.clear()
        past: Lists = desk.lists
        _TRUST[key] = hit_rate(past, published, desk.rules.limits.hit_rate_top)
    return {
        "as_of": published.as_of_date,
        "kinds": manifest["model_kinds"],
        "kind_names": KIND_NAMES,
        "models": manifest["models"],
        "is_synthetic": manifest["is_synthetic"],
        "rate": _TRUST[key],
        "top": desk.rules.limits.hit_rate_top,
    }


def _show_once(desk: Desk, viewer: Viewer, published: PublishedList, lead_ids: list[str]) -> None:
    """Log what was shown, once per person, list and page; a busy database does not keep the list back."""
    if not lead_ids:
        return
    digest = hashlib.sha256("\n".join(lead_ids).encode()).hexdigest()
    with desk.sessions() as session:
        known = sa.select(Exposure.exposure_id).where(
            Exposure.person_id == viewer.person_id,
            Exposure.snapshot_id == published.snapshot_id,
            Exposure.shown_hash == digest,
        )
        if session.scalar(known):
            return
    try:
        with desk.sessions() as session:
            writing(session)
            session.add(
                Exposure(
                    person_id=viewer.person_id,
                    snapshot_id=published.snapshot_id,
                    shown_hash=digest,
                    shown_at=desk.now(),
                    lead_ids=lead_ids,
                )
            )
            session.commit()
    except (IntegrityError, sa.exc.OperationalError):
        return


@router.post("/views", summary="保存视图")
def save_view(
    desk: DeskDep,
    viewer: FormDep,
    view_name: Annotated[Line, Form(min_length=1, max_length=32)],
    query: Annotated[Line, Form()] = "",
) -> Response:
    """Keep the address of the list under a name; the same name again replaces it."""
    with desk.sessions() as session:
        writing(session)
        session.execute(
            sa.delete(SavedView).where(SavedView.person_id == viewer.person_id, SavedView.view_name == view_name[:32])
        )
        session.add(SavedView(person_id=viewer.person_id, view_name=view_name[:32], query=query))
        session.commit()
    return RedirectResponse(f"/?{query}", 303)


@router.post("/views/delete", summary="删除视图")
def delete_view(desk: DeskDep, viewer: FormDep, view_id: Annotated[Number, Form()]) -> Response:
    """Forget one of one's own views."""
    with desk.sessions() as session:
        writing(session)
        session.execute(
            sa.delete(SavedView).where(SavedView.person_id == viewer.person_id, SavedView.view_id == view_id)
        )
        session.commit()
    return RedirectResponse("/", 303)
