"""Forms of ledgers that nobody knows yet (台账版式): look at one, say which column is which, from then on it reads by itself.

Belongs here: their addresses, who may see them, the record of it. Does not belong here: what a form seems to be (given to the
desk, desk/layouts.py), the upload of workbooks that the desk wrote itself (forms.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, File, Form, HTTPException, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response
from pydantic import AfterValidator, Field

from desk import audit
from desk.access import Viewer
from desk.guards import storable
from desk.layouts import Choice, LedgerLayouts, NotUsable, WaitingForm
from desk.pages.context import Desk, DeskDep, Line, ViewerDep, checked_form, render
from desk.pages.forms import FEW_WAIT, ONE_AT_A_TIME, XLSX
from desk.store.database import writing

router = APIRouter()
PAGE: Final = "/layouts"
UPLOADS: Final = (f"{PAGE}/upload", f"{PAGE}/fill")
MOST_COLUMNS: Final = 300
FileId = Annotated[str, AfterValidator(storable), Field(pattern="^[0-9a-f]{16}$")]
HeaderRow = Annotated[int, Field(ge=0, le=1_000_000)]


def an_analyst(viewer: ViewerDep) -> Viewer:
    """Return the viewer, if the page is for them."""
    if viewer.role != "analyst":
        raise HTTPException(403, "台账版式由数据专员确认")
    return viewer


def an_analysts_form(viewer: Annotated[Viewer, Depends(checked_form)]) -> Viewer:
    """Return the viewer of a form that came from the page."""
    return an_analyst(viewer)


AnalystDep = Annotated[Viewer, Depends(an_analyst)]
AnalystFormDep = Annotated[Viewer, Depends(an_analysts_form)]


def layouts_of(desk: Desk) -> LedgerLayouts:
    """Return what the desk was given for forms."""
    if desk.layouts is None:
        raise HTTPException(503, "这里没有接上读取台账的部件；请用 make desk 启动")
    return desk.layouts


@contextmanager
def one_file_at_a_time() -> Iterator[None]:
    """Open one file at a time: a workbook unpacks to as much memory as its opener allows."""
    if not FEW_WAIT.acquire(blocking=False):
        raise HTTPException(503, "几份工作簿正在读取，请稍后再试")
    try:
        with ONE_AT_A_TIME:
            yield
    finally:
        FEW_WAIT.release()


def _record(desk: Desk, viewer: Viewer, action: str, subject: str, **detail: Any) -> None:
    with desk.sessions() as session:
        writing(session)
        audit.append(session, desk.now(), viewer.login, action, subject, detail)
        session.commit()


def _waiting(desk: Desk, viewer: Viewer) -> list[WaitingForm]:
    reach = viewer.reach("detail")
    return [form for form in layouts_of(desk).waiting() if form.unit is None or reach.covers(form.unit)]


def _find(desk: Desk, viewer: Viewer, file_id: str, sheet: str) -> WaitingForm:
    found = next((f for f in _waiting(desk, viewer) if (f.file_id, f.sheet) == (file_id, sheet)), None)
    if found is None:
        raise HTTPException(404, "这份台账已经确认过，或者不在你的权限内")
    return found


@router.get(PAGE, summary="台账版式")
def list_forms(request: Request, desk: DeskDep, viewer: AnalystDep, done: Line = "", problem: Line = "") -> Response:
    """Show the forms and rows that wait, and the layouts that were confirmed."""
    return _page(request, desk, viewer, 200, done=done, problem=problem)


def _page(request: Request, desk: Desk, viewer: Viewer, status: int, **values: Any) -> Response:
    layouts, reach = layouts_of(desk), viewer.reach("detail")
    asked = [row for row in layouts.asked() if reach.covers(row.unit)]
    units = sorted(desk.parents())
    given = {"done": "", "problem": "", **values}
    waiting = _waiting(desk, viewer)
    return render(
        request, desk, "layouts.html", viewer, status, waiting=waiting, asked=asked, known=layouts.known(), units=units, **given
    )  # fmt: skip


@router.get(f"{PAGE}/file", summary="一份待确认的台账")
def show_form(
    request: Request, desk: DeskDep, viewer: AnalystDep, id: Annotated[FileId, Query()], sheet: Annotated[Line, Query()]
) -> Response:
    """Show a form: header, ten rows, what each column seems to be, and what would come out; that it was seen is logged."""
    form = _find(desk, viewer, id, sheet)
    _record(desk, viewer, "查看待确认台账", form.file, 工作表=sheet)
    return _form(request, desk, viewer, form, None, 200)


def _form(
    request: Request,
    desk: Desk,
    viewer: Viewer,
    form: WaitingForm,
    choice: Choice | None,
    status: int,
    problem: str = "",
) -> Response:
    try:
        with one_file_at_a_time():
            view = layouts_of(desk).look(form.file_id, form.sheet, choice)
    except NotUsable as error:
        return _page(request, desk, viewer, 422, problem=str(error))
    return render(request, desk, "layout.html", viewer, status, view=view, form=form, problem=problem or view.problem)


@router.post(f"{PAGE}/file", summary="确认台账版式")
def answer_form(
    request: Request,
    desk: DeskDep,
    viewer: AnalystFormDep,
    id: Annotated[FileId, Form()],
    sheet: Annotated[Line, Form()],
    act: Annotated[Line, Form()],
    ledger: Annotated[Line, Form()] = "",
    first: Annotated[HeaderRow, Form()] = 0,
    last: Annotated[HeaderRow, Form()] = 0,
    field: Annotated[list[Line], Form(max_length=MOST_COLUMNS)] = [],  # noqa: B006
    unit: Annotated[list[Line], Form(max_length=MOST_COLUMNS)] = [],  # noqa: B006
    shown: Annotated[Line, Form()] = "",
) -> Response:
    """Show the form again as the person says, or keep it. `shown` names the ledger and rows that the columns were shown for."""
    form = _find(desk, viewer, id, sheet)
    if act == "put_away":
        layouts_of(desk).put_away(id, sheet)
        _record(desk, viewer, "台账不读", form.file, 工作表=sheet)
        return _back(f"“{form.file}”不再询问")
    rows = (first, max(first, last)) if first else None
    is_same = shown == f"{ledger} {first} {last}"
    columns = tuple(zip(field, unit, strict=False)) if is_same else ()
    choice = Choice(ledger, rows, columns)
    if act != "confirm" or not is_same:
        return _form(request, desk, viewer, form, choice, 200)
    try:
        with one_file_at_a_time():
            layouts_of(desk).confirm(id, sheet, choice, viewer.login)
    except NotUsable as error:
        return _form(request, desk, viewer, form, choice, 422, str(error))
    _record(
        desk,
        viewer,
        "确认台账版式",
        form.file,
        工作表=sheet,
        台账=ledger,
        列=[f"{f}{f'/{u}' if u else ''}" for f, u in columns],
    )
    return _back(f"“{form.file}”的版式已确认，今夜起自动读取")


def _back(done: str = "", problem: str = "") -> Response:
    query = urlencode({name: text for name, text in (("done", done), ("problem", problem)) if text})
    return RedirectResponse(f"{PAGE}?{query}", 303)


@router.post(f"{PAGE}/rows", summary="确认是不是同一条")
def answer_row(
    desk: DeskDep,
    viewer: AnalystFormDep,
    ledger: Annotated[Line, Form()],
    question: Annotated[Line, Form()],
    key: Annotated[Line, Form()] = "",
) -> Response:
    """Say which earlier row a row is, or that it is a new one."""
    reach = viewer.reach("detail")
    found = next((r for r in layouts_of(desk).asked() if r.question_id == question and reach.covers(r.unit)), None)
    if found is None:
        raise HTTPException(404, "这条已经有了答复，或者不在你的权限内")
    try:
        layouts_of(desk).answer(ledger, question, key)
    except NotUsable as error:
        return _back(problem=str(error))
    _record(desk, viewer, "确认同一条线索", found.file, 内容=found.said, 编号=key or "新的一条")
    return _back("已记下，今夜重读时生效")


@router.post(f"{PAGE}/upload", summary="上传台账")
def upload(request: Request, desk: DeskDep, viewer: AnalystFormDep, file: Annotated[UploadFile, File()]) -> Response:
    """Lay a ledger into the inbox; one whose columns nobody knows is shown at once."""
    name = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    try:
        with one_file_at_a_time(), _kept(file, name) as path:
            waiting = layouts_of(desk).receive(name, path)
    except NotUsable as error:
        return _page(request, desk, viewer, 422, problem=str(error))
    _record(desk, viewer, "上传台账", name)
    if waiting:
        first = waiting[0]
        return RedirectResponse(f"{PAGE}/file?{urlencode({'id': first.file_id, 'sheet': first.sheet})}", 303)
    return _back(f"“{name}”的各列都认识，已放入收件夹，今夜读取")


@contextmanager
def _kept(file: UploadFile, name: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"来件{Path(name).suffix.lower()[:6]}"
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)
        yield path


@router.post(f"{PAGE}/fill", summary="填上报表", response_class=Response)
def fill(
    request: Request,
    desk: DeskDep,
    viewer: AnalystFormDep,
    file: Annotated[UploadFile, File()],
    unit: Annotated[Line, Form()] = "",
) -> Response:
    """Return a blank form of a superior, filled from our columns by the layout that was confirmed for it."""
    name = (file.filename or "上报表.xlsx").replace("\\", "/").rsplit("/", 1)[-1]
    try:
        with one_file_at_a_time(), _kept(file, name) as path:
            content, said = layouts_of(desk).fill(name, path, unit, viewer.reach("detail").covers)
    except NotUsable as error:
        return _page(request, desk, viewer, 422, problem=str(error))
    _record(desk, viewer, "填上报表", name, 单位=unit or "全部", 结果=said)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote('已填_' + name)}"}
    return Response(content, media_type=XLSX, headers=headers)
