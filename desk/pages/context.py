"""What every page needs (页面环境): the desk, the viewer, the form's token, texts that may be stored.

Belongs here: dependencies shared by all routers and the one way to render. Does not belong here: a page.
"""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import sqlalchemy as sa
from fastapi import Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates
from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session as Database
from sqlalchemy.orm import sessionmaker

from desk.access import Viewer
from desk.contacts import refused_leads
from desk.guards import storable
from desk.layouts import LedgerLayouts
from desk.ledgers import OFFICE_ZONE
from desk.listing import Lists, PublishedList, day_in_words
from desk.login import COOKIE, mark_seen, open_session, viewer_by_cookie
from desk.proxies import TwoLogins, client_address, is_https, login_by_proxy
from desk.questions.asking import Kind
from desk.questions.registry import KINDS
from desk.rules import Rules
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import Person
from publishing.periods import FIRST_YEAR, LAST_YEAR

_LOG = logging.getLogger(__name__)


class NotSignedIn(Exception):
    """Nobody is signed in: the browser goes to the sign-in page."""


class MustChangePassword(Exception):
    """The password was for one sign-in: the browser goes to the page that changes it."""


@dataclass
class Desk:
    """One running desk. `now` and `transport` (to the sign-on server) are replaced by tests.

    `open_workbook` opens a file that anybody may have sent, or raises ValueError with one Chinese line; it is given to the desk,
    which knows nothing of intake. None: nothing can be sent in by page. `read_code` reads a credit code (统一社会信用代码) in the same
    way; None: codes are checked at night only. `layouts` knows the forms of ledgers that wait (:mod:`desk.layouts`). `examine` runs
    the checks of `zeyou doctor`: name, state, line and fix of each, or None where that failed. `kinds` are the kinds of questions of the page 待你确认: the desk's own, and those whose rows another room knows.
    """

    settings: DeskSettings
    engine: sa.Engine
    sessions: sessionmaker[Database]
    lists: Lists
    rules: Rules
    templates: Jinja2Templates
    now: Callable[[], dt.datetime]
    transport: httpx.BaseTransport | None = None
    open_workbook: Callable[[Path], Iterable[Any]] | None = None
    read_code: Callable[[str], str | None] | None = None
    examine: Callable[[], list[dict[str, str]] | None] | None = None
    kinds: tuple[Kind, ...] = KINDS
    layouts: LedgerLayouts | None = None

    @property
    def today(self) -> dt.date:
        """The day it is at the office."""
        return self.now().astimezone(OFFICE_ZONE).date()

    def parents(self) -> dict[str, str | None]:
        """Give every unit with the one above it."""
        published = self.lists.current()
        return published.units if published else {}


def the_desk(request: Request) -> Desk:
    """Give the running desk."""
    found: Desk = request.app.state.desk
    return found


def reading(desk: Annotated[Desk, Depends(the_desk)]) -> Iterator[Database]:
    """Give a session that reads; it ends with the request."""
    with desk.sessions() as session:
        yield session


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def address_of(request: Request, desk: Desk) -> str:
    """Return the address of the client: the peer's, or the one that a trusted proxy forwards."""
    return client_address(desk.settings, _peer(request), request.headers)


def the_viewer(request: Request, desk: Annotated[Desk, Depends(the_desk)]) -> Viewer:
    """Give who is signed in."""
    found = signed_in(request, desk)
    if found is None:
        raise NotSignedIn
    if found.must_change_password and request.url.path not in ("/password", "/logout"):
        raise MustChangePassword
    return found


def signed_in(request: Request, desk: Desk) -> Viewer | None:
    """Give who is signed in by cookie, or by the header of a trusted proxy; None if nobody."""
    token, now, parents = cookie_of(request, desk, COOKIE), desk.now(), desk.parents()
    if token:
        with desk.sessions() as session:
            found = viewer_by_cookie(session, token, now, parents, desk.rules.limits)
        if found is not None:
            (viewer, is_mark_due), named = found, _proxied(request, desk)
            if named is None or named == viewer.login:
                if is_mark_due:
                    mark_seen(desk.sessions, token, now)
                return viewer
    named = _proxied(request, desk)
    if named is None:
        return None
    with desk.sessions() as session:
        writing(session)
        person = session.scalar(sa.select(Person).where(Person.login == named, Person.is_active))
        if person is None:
            raise HTTPException(403, "统一身份已确认，但本系统没有这个账号，请联系系统管理员")
        token = open_session(session, person, now, "proxy")
        found = viewer_by_cookie(session, token, now, parents, desk.rules.limits)
        session.commit()
    request.state.new_token = token
    return found[0] if found else None


def _proxied(request: Request, desk: Desk) -> str | None:
    try:
        return login_by_proxy(desk.settings, _peer(request), request.headers)
    except TwoLogins:
        raise HTTPException(400, "代理送来的登录名不止一个，已拒绝；请检查代理是否覆盖这个请求头") from None


def checked_form(
    viewer: Annotated[Viewer, Depends(the_viewer)], form_token: Annotated[str, Form(max_length=64)]
) -> Viewer:
    """Give the viewer of a form that came from one of our own pages."""
    if not hmac.compare_digest(form_token.encode(), viewer.form_token.encode()):
        raise HTTPException(403, "页面已过期，请刷新后重新提交")
    return viewer


Line = Annotated[str, AfterValidator(storable), Field(max_length=120)]
Paragraph = Annotated[str, AfterValidator(storable), Field(max_length=2000)]
ClientId = Annotated[str, AfterValidator(storable), Field(pattern=r"^[0-9a-zA-Z_-]{8,64}$")]
# What is far from any calendar of an office overflows where days are added.
Day = Annotated[dt.date, Field(ge=dt.date(FIRST_YEAR, 1, 1), le=dt.date(LAST_YEAR, 12, 31))]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]

DeskDep = Annotated[Desk, Depends(the_desk)]
ReadDep = Annotated[Database, Depends(reading)]
ViewerDep = Annotated[Viewer, Depends(the_viewer)]
FormDep = Annotated[Viewer, Depends(checked_form)]


def list_in_use(desk: Desk) -> PublishedList:
    """Give the current list; before the first one there is a page that says so."""
    found = desk.lists.current()
    if found is None:
        raise HTTPException(503, desk.lists.problem or "尚未发布过名单，请数据专员先运行一次夜间任务")
    return found


def hidden_leads(session: Database, published: PublishedList) -> frozenset[str]:
    """Give the leads that refuse contact (拒绝联系): they are on no list."""
    return refused_leads(session, published)


def new_client_id() -> str:
    """Give the id that makes a form's second posting harmless."""
    return uuid.uuid4().hex


def render(
    request: Request, desk: Desk, template: str, viewer: Viewer | None, status: int = 200, **values: Any
) -> HTMLResponse:
    """Render a page with what its frame needs."""
    published = desk.lists.current()
    today = desk.today
    notice = None
    if published is not None and published.as_of_date < today:
        notice = f"今日无新名单，显示 {day_in_words(published.as_of_date, today)}"
    if desk.lists.problem:
        notice = f"{desk.lists.problem}，" + (notice or "显示上一份名单")
    frame = {
        "viewer": viewer,
        "published": published,
        "notice": notice,
        "today": today,
        "client_id": new_client_id,
        "has_sign_on": desk.settings.oidc is not None,
        "is_part": request.headers.get("hx-request") == "true",
        **values,
    }
    response = desk.templates.TemplateResponse(request, template, frame, status_code=status)
    token = getattr(request.state, "new_token", None)
    if token:
        set_session_cookie(response, request, desk, token)
    return response


def _in_cookie(request: Request, desk: Desk, name: str) -> tuple[str, bool]:
    """Return the name of a cookie, and whether it goes by https only: then no other site of the domain can plant one (__Host-)."""
    is_secure = desk.settings.is_cookie_secure or is_https(
        desk.settings, _peer(request), request.scope["scheme"], request.headers
    )
    return (f"__Host-{name}" if is_secure else name), is_secure


def cookie_of(request: Request, desk: Desk, name: str) -> str:
    """Return what a cookie of ours holds; empty without one."""
    return request.cookies.get(_in_cookie(request, desk, name)[0], "")


def set_cookie(response: Response, request: Request, desk: Desk, name: str, value: str, seconds: int) -> None:
    """Give the browser a cookie: not for scripts, not for other sites. With no seconds left it goes."""
    full_name, is_secure = _in_cookie(request, desk, name)
    response.set_cookie(
        full_name, value, max_age=seconds, httponly=True, samesite="lax", secure=is_secure, path="/"
    )  # fmt: skip


def set_session_cookie(response: Response, request: Request, desk: Desk, token: str) -> None:
    """Give the browser its session."""
    set_cookie(response, request, desk, COOKIE, token, desk.rules.limits.session_hours * 3600)
