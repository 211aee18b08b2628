"""People who may sign in (使用人) and the audit chain (审计), for the administrator; the menu for everybody.

Belongs here: making accounts, one-time passwords, reading the audit. Does not belong here: passwords themselves (login.py).
"""

from __future__ import annotations

import re
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response

from desk import audit
from desk.access import ROLES, Viewer
from desk.actions import Invalid
from desk.login import Password, set_one_time_password
from desk.pages.context import DeskDep, FormDep, Line, Number, ReadDep, ViewerDep, render
from desk.pages.questions import open_count
from desk.store.database import writing
from desk.store.models import AuditEntry, Person, Session

router = APIRouter()
LOGIN = re.compile(r"^[a-z0-9][a-z0-9._@-]{1,63}$")
SHOWN = 200


def the_admin(viewer: ViewerDep) -> Viewer:
    """Give the viewer if it is an administrator."""
    if viewer.role != "admin":
        raise HTTPException(403, "只有系统管理员可以管理使用人")
    return viewer


AdminDep = Annotated[Viewer, Depends(the_admin)]


@router.get("/menu", summary="更多")
def menu(request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep) -> Response:
    """Show where else to go, and how many questions wait."""
    return render(request, desk, "menu.html", viewer, waiting=open_count(desk, database, viewer))


@router.get("/people", summary="使用人")
def people(request: Request, desk: DeskDep, database: ReadDep, viewer: AdminDep) -> Response:
    """Show who may sign in."""
    found = database.scalars(sa.select(Person).order_by(Person.unit_name, Person.login).limit(1000))
    return render(
        request, desk, "people.html", viewer,
        people=list(found), roles=ROLES, units=sorted(desk.parents()), password=None, person=None,
        hours=desk.rules.limits.one_time_password_hours,
    )  # fmt: skip


@router.post("/people", summary="新增使用人")
def add(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    _admin: AdminDep,
    login: Annotated[Line, Form()],
    person_name: Annotated[Line, Form(min_length=1)],
    role: Annotated[str, Form(max_length=16)],
    unit_name: Annotated[Line, Form()] = "",
    lead_capacity: Annotated[int, Form(ge=0, le=10_000)] = 30,
) -> Response:
    """Make an account and show its one-time password, once."""
    if not LOGIN.match(login):
        raise Invalid("账号应为小写字母、数字、点、横线或 @，2 至 64 位")
    if role not in ROLES:
        raise Invalid("没有这个角色")
    units = desk.parents()
    if role in ("recruiter", "unit_head") and unit_name not in units:
        raise Invalid("招商专员和单位负责人须选择名录上的单位")
    password = Password.one_time()
    with desk.sessions() as session:
        writing(session)
        if session.scalar(sa.select(Person.person_id).where(Person.login == login)):
            raise Invalid("这个账号已存在")
        person = Person(
            login=login, person_name=person_name[:64], role=role, lead_capacity=lead_capacity, created_at=desk.now(),
            unit_name=unit_name if role in ("recruiter", "unit_head") else None,
        )  # fmt: skip
        session.add(person)
        session.flush()
        set_one_time_password(session, person, password, desk.now(), desk.rules.limits)
        audit.append(session, desk.now(), viewer.login, "新增使用人", login, {"角色": role, "单位": unit_name})
        session.commit()
    return _told(request, desk, viewer, password.text, person)


@router.post("/people/reset", summary="重发一次性密码")
def reset(
    request: Request, desk: DeskDep, viewer: FormDep, _admin: AdminDep, person_id: Annotated[Number, Form()]
) -> Response:
    """Give a person a new one-time password."""
    password = Password.one_time()
    with desk.sessions() as session:
        writing(session)
        person = session.get(Person, person_id)
        if person is None:
            raise HTTPException(404)
        set_one_time_password(session, person, password, desk.now(), desk.rules.limits)
        audit.append(session, desk.now(), viewer.login, "重置密码", person.login)
        session.commit()
    return _told(request, desk, viewer, password.text, person)


@router.post("/people/activity", summary="停用或启用")
def activity(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    _admin: AdminDep,
    person_id: Annotated[Number, Form()],
    is_active: Annotated[bool, Form()] = False,
) -> Response:
    """Close or reopen an account; closing ends its sessions."""
    if person_id == viewer.person_id:
        raise Invalid("不能停用自己的账号")
    with desk.sessions() as session:
        writing(session)
        person = session.get(Person, person_id)
        if person is None:
            raise HTTPException(404)
        person.is_active = is_active
        if not is_active:
            session.execute(sa.delete(Session).where(Session.person_id == person_id))
        audit.append(session, desk.now(), viewer.login, "启用" if is_active else "停用", person.login)
        session.commit()
    return _told(request, desk, viewer, None, None)


def _told(request: Request, desk: DeskDep, viewer: Viewer, password: str | None, person: Person | None) -> Response:
    with desk.sessions() as session:
        found = list(session.scalars(sa.select(Person).order_by(Person.unit_name, Person.login).limit(1000)))
    return render(
        request, desk, "people.html", viewer,
        people=found, roles=ROLES, units=sorted(desk.parents()), password=password, person=person,
        hours=desk.rules.limits.one_time_password_hours,
    )  # fmt: skip


@router.get("/audit", summary="审计")
def audit_page(request: Request, desk: DeskDep, database: ReadDep, viewer: AdminDep) -> Response:
    """Show the newest entries and whether the chain holds."""
    entries = database.scalars(sa.select(AuditEntry).order_by(AuditEntry.audit_id.desc()).limit(SHOWN))
    return render(request, desk, "audit.html", viewer, entries=list(entries), verdict=audit.verify(database))
