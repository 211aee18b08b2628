"""The application (应用): pages, guards, error pages, static files put together.

Belongs here: building one desk from its settings. Does not belong here: a page, a rule.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from desk.actions import Conflict, Invalid, NotAllowed
from desk.guards import HEADERS, Guards
from desk.layouts import LedgerLayouts
from desk.listing import Lists
from desk.pages import (
    boards,
    contacts,
    doctor,
    entry,
    forms,
    lead,
    leader,
    morning,
    people,
    periods,
    pool,
    questions,
    today,
    transfers,
    trips,
    unit,
)
from desk.pages import layouts as layouts_page
from desk.pages.context import Desk, MustChangePassword, NotSignedIn, render, signed_in
from desk.pages.wording import install
from desk.questions.asking import Kind
from desk.questions.registry import KINDS
from desk.rules import rules
from desk.settings import DeskSettings
from desk.store.database import THREADS, open_engine, sessions, upgrade
from publishing import charts
from storage import content_hash

STATIC: Final = Path(__file__).parent / "static"
CHART_COLOURS: Final = charts.COLOURS  # the same on the page and on paper
TEMPLATES: Final = Path(__file__).parent / "templates"
_LOG = logging.getLogger(__name__)
# Every page may answer so; said once, for the OpenAPI description.
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": text, "content": {"text/html": {}}}
    for status, text in {
        400: "请求有误", 403: "不允许", 404: "没有这一页", 405: "方法不对", 409: "与他人的操作冲突",
        422: "填写有误", 503: "暂不可用",
    }.items()
}  # fmt: skip
ANSWERS[303] = {"description": "转到另一页"}
ANSWERS[403]["content"]["application/json"] = {}
ANSWERS[413] = {"description": "提交的内容过大", "content": {"application/json": {}}}


def build_app(
    settings: DeskSettings,
    now: Callable[[], dt.datetime] | None = None,
    open_workbook: Callable[[Path], Iterable[Any]] | None = None,
    read_code: Callable[[str], str | None] | None = None,
    names_a_firm: Callable[[str], bool] | None = None,
    examine: Callable[[], list[dict[str, str]] | None] | None = None,
    more_kinds: Sequence[Kind] = (),
    layouts: LedgerLayouts | None = None,
) -> FastAPI:
    """Build a desk; its tables are brought up to date first. `open_workbook`, `read_code`, `examine`, `layouts`: :class:`desk.pages.context.Desk`.

    `more_kinds` are kinds of questions whose rows another room knows; the page 待你确认 shows them first.
    `names_a_firm` tells placeholders (待定, 保密) from names of firms; None: every name is one.
    """
    engine = open_engine(settings.database_url)
    upgrade(engine)
    templates = Jinja2Templates(TEMPLATES)
    templates.env.auto_reload = False  # templates change with the code: no look at their files for every page
    install(templates.env, static_versions())
    templates.env.globals["charts"] = charts
    app = FastAPI(
        title="择优办公桌", docs_url=None, redoc_url=None, openapi_url=None, responses=ANSWERS,
        default_response_class=HTMLResponse, lifespan=_few_threads,
    )  # fmt: skip
    app.state.desk = Desk(
        settings=settings,
        engine=engine,
        sessions=sessions(engine),
        lists=Lists(settings.published, names_a_firm),
        rules=rules(),
        templates=templates,
        now=now or (lambda: dt.datetime.now(dt.UTC)),
        open_workbook=open_workbook,
        read_code=read_code,
        examine=examine,
        kinds=(*more_kinds, *KINDS),
        layouts=layouts,
    )
    for module in (
        entry,
        today,
        forms,
        lead,
        transfers,
        contacts,
        pool,
        unit,
        boards,
        periods,
        leader,
        morning,
        people,
        doctor,
        trips,
        questions,
        layouts_page,
    ):
        app.include_router(module.router)

    @app.get("/health", response_class=JSONResponse, summary="运行情况")
    def health() -> dict[str, str | None]:
        found = app.state.desk.lists.current()
        return {"status": "ok", "snapshot_id": found.snapshot_id if found else None}

    @app.get("/static/charts.css", include_in_schema=False)
    def chart_colours() -> FileResponse:
        return FileResponse(CHART_COLOURS, media_type="text/css")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(
        Guards,
        limit=settings.body_limit_bytes,
        upload_limit=settings.upload_limit_bytes,
        upload_paths=("/workbook", *layouts_page.UPLOADS),
    )
    _handle_errors(app, templates)
    return app


@asynccontextmanager
async def _few_threads(_app: FastAPI) -> AsyncIterator[None]:
    """Serve with as many threads as the pool of connections is made for."""
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def static_versions() -> dict[str, str]:
    """Give a short hash of each static file, so that a new file has a new address."""
    files = [*(path for path in STATIC.iterdir() if path.is_file()), CHART_COLOURS]
    return {path.name: content_hash(path)[:10] for path in files}


def _handle_errors(app: FastAPI, templates: Jinja2Templates) -> None:
    def failed(request: Request, status: int, text: str) -> Response:
        desk: Desk = app.state.desk
        try:
            viewer = signed_in(request, desk)
        except (SQLAlchemyError, HTTPException):
            viewer = None
        return render(request, desk, "failed.html", viewer, status, text=text, status_code=status)

    @app.exception_handler(NotSignedIn)
    def sign_in_first(request: Request, _error: Exception) -> Response:
        if request.method == "GET" and request.url.path != "/":
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?{urlencode({'next': path})}", 303)
        return RedirectResponse("/login", 303)

    @app.exception_handler(MustChangePassword)
    def change_first(_request: Request, _error: Exception) -> Response:
        return RedirectResponse("/password", 303)

    @app.exception_handler(StarletteHTTPException)
    def told(request: Request, error: StarletteHTTPException) -> Response:
        words = {404: "没有这一页，或者它不在你的权限内", 405: "这个地址不接受这种请求", 400: "请求的内容读不懂"}
        text = (
            error.detail
            if any("一" <= c <= "龥" for c in str(error.detail))
            else words.get(error.status_code, "请求有误")
        )
        return failed(request, error.status_code, text)

    @app.exception_handler(RequestValidationError)
    def misfilled(request: Request, error: RequestValidationError) -> Response:
        fields = sorted({str(found["loc"][-1]) for found in error.errors()})
        return failed(request, 422, f"有内容没填对或填得过长：{'、'.join(fields)}。请返回修改后再提交")

    for kind, status in ((NotAllowed, 403), (Conflict, 409), (Invalid, 422)):

        def refused(request: Request, error: Exception, status: int = status) -> Response:
            return failed(request, status, str(error))

        app.add_exception_handler(kind, refused)

    @app.exception_handler(Exception)
    def broken(request: Request, _error: Exception) -> Response:
        # Answered outside of the guards, so it brings their headers along; the error itself goes to the log.
        frame = {"text": "系统出错，已记入日志；请把时间和刚才的操作告诉系统管理员", "status_code": 500}
        headers = {**HEADERS, "cache-control": "no-store"}
        return templates.TemplateResponse(request, "failed.html", frame, status_code=500, headers=headers)

    @app.exception_handler(SQLAlchemyError)
    def busy(request: Request, error: SQLAlchemyError) -> Response:
        _LOG.error("database: %s", type(error).__name__)  # never the statement: it may hold a phone
        text = "数据库正忙或暂不可用，刚才的内容没有保存，请稍后再试"
        return render(request, app.state.desk, "failed.html", None, 503, text=text, status_code=503)
