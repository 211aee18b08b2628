"""Signing in and out, changing the password (登录).

Belongs here: their forms. Does not belong here: checking who somebody is (login.py).
"""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from desk import oidc
from desk.guards import same_site_path
from desk.login import COOKIE, DEVICE_COOKIE, Refused, change_password, close_session, open_session, sign_in
from desk.pages.context import (
    DeskDep,
    FormDep,
    Line,
    ViewerDep,
    address_of,
    cookie_of,
    render,
    set_cookie,
    set_session_cookie,
    signed_in,
)
from desk.store.database import writing

router = APIRouter()


@router.get("/login", summary="登录页")
def login_page(request: Request, desk: DeskDep, next: Annotated[str, Query(max_length=600)] = "/") -> Response:
    """Show the form; who is signed in already goes on."""
    if signed_in(request, desk):
        return RedirectResponse(same_site_path(next), 303)
    return render(request, desk, "login.html", None, next_path=same_site_path(next), problem=None, login="")


@router.post("/login", summary="登录")
def login(
    request: Request,
    desk: DeskDep,
    login: Annotated[Line, Form()],
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=600)] = "/",
) -> Response:
    """Check the password; the browser is known from then on."""
    limits = desk.rules.limits
    device = cookie_of(request, desk, DEVICE_COOKIE)[:64] or secrets.token_urlsafe(32)
    try:
        token = sign_in(desk.sessions, login[:64], password, address_of(request, desk), device, desk.now(), limits)
    except Refused as error:
        return render(
            request, desk, "login.html", None, 403, next_path=same_site_path(next), problem=str(error), login=login
        )
    response = RedirectResponse(same_site_path(next), 303)
    set_session_cookie(response, request, desk, token)
    set_cookie(response, request, desk, DEVICE_COOKIE, device, limits.login_known_days * 86_400)
    return response


@router.get("/login/oidc", summary="去统一身份认证")
def to_sign_on(request: Request, desk: DeskDep) -> Response:
    """Send the browser to the sign-on server."""
    settings = desk.settings.oidc
    if settings is None:
        raise HTTPException(404)
    try:
        address, state = oidc.begin(desk.sessions, settings, desk.now(), desk.transport)
    except oidc.Refused as error:
        raise HTTPException(503, str(error)) from error
    response = RedirectResponse(address, 303)
    set_cookie(response, request, desk, oidc.COOKIE, state, int(oidc.LASTS.total_seconds()))
    return response


@router.get("/login/oidc/back", summary="从统一身份认证回来")
def from_sign_on(
    request: Request,
    desk: DeskDep,
    code: Annotated[str, Query(max_length=2000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Check what the sign-on server says and open a session."""
    settings = desk.settings.oidc
    if settings is None:
        raise HTTPException(404)
    try:
        cookie = cookie_of(request, desk, oidc.COOKIE)
        person = oidc.finish(desk.sessions, settings, code, state, cookie, desk.now(), desk.transport)
    except oidc.Refused as error:
        raise HTTPException(403, str(error)) from error
    with desk.sessions() as session:
        writing(session)
        token = open_session(session, person, desk.now(), "oidc")
        session.commit()
    response = RedirectResponse("/", 303)
    set_cookie(response, request, desk, oidc.COOKIE, "", 0)
    set_session_cookie(response, request, desk, token)
    return response


@router.post("/logout", summary="退出")
def logout(request: Request, desk: DeskDep, viewer: FormDep) -> Response:
    """Forget the session."""
    with desk.sessions() as session:
        writing(session)
        close_session(session, cookie_of(request, desk, COOKIE))
        session.commit()
    response = RedirectResponse("/login", 303)
    set_cookie(response, request, desk, COOKIE, "", 0)
    return response


@router.get("/password", summary="改密码页")
def password_page(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Show the form."""
    return render(request, desk, "password.html", viewer, problem=None)


@router.post("/password", summary="改密码")
def set_password(
    request: Request,
    desk: DeskDep,
    viewer: FormDep,
    old: Annotated[str, Form(max_length=200)],
    new: Annotated[str, Form(max_length=200)],
    again: Annotated[str, Form(max_length=200)],
) -> Response:
    """Change the password; every session of the person ends."""
    try:
        if new != again:
            raise Refused("两次输入的新密码不一致")
        change_password(desk.sessions, viewer.person_id, old, new, desk.now(), desk.rules.limits)
    except Refused as error:
        return render(request, desk, "password.html", viewer, 422, problem=str(error))
    return RedirectResponse("/login", 303)
