"""The operator's page (运行体检): what `zeyou doctor` finds, for the administrator.

Belongs here: the page. Does not belong here: a check: it is given to the desk, which knows nothing of nights and backups.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from desk.pages.context import DeskDep, render
from desk.pages.people import AdminDep

router = APIRouter()
STATES = {"bad": "不行", "warn": "注意", "unknown": "不知", "ok": "正常"}


@router.get("/doctor", summary="运行体检")
def doctor(request: Request, desk: DeskDep, viewer: AdminDep) -> Response:
    """Show every check, what is bad first; where nothing was examined, say where to ask."""
    found = desk.examine() if desk.examine is not None else None
    order = list(STATES)
    checks = sorted(found or [], key=lambda check: order.index(check["state"]))
    counts = {name: sum(check["state"] == state for check in checks) for state, name in STATES.items()}
    return render(request, desk, "doctor.html", viewer, checks=checks, states=STATES, counts=counts)
