"""Downloading a view as a workbook to fill in, and sending it back (下载、回填).

Belongs here: their addresses. Does not belong here: layout and checks (desk/forms), which rows a view has (the pages' own
selection, asked for here).
"""

from __future__ import annotations

import datetime as dt
import io
import shutil
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from fastapi import APIRouter, File, HTTPException, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from desk import audit
from desk.access import EVERYTHING, NOTHING, Viewer
from desk.actions import Invalid, holders, standing_answers
from desk.forms.columns import KEY, Meta, Unsealed
from desk.forms.reading import Outcome, Told, open_sealed, take
from desk.forms.writing import VIEWS, FormRow, write_form
from desk.listing import Filters, PublishedList
from desk.pages.context import (
    Desk,
    DeskDep,
    FormDep,
    Number,
    ReadDep,
    ViewerDep,
    hidden_leads,
    list_in_use,
    render,
)
from desk.pages.today import AskedDep, narrowed
from desk.store.database import writing
from desk.store.keys import key as key_of
from desk.store.models import Event, ReturnedWorkbook
from models.ranking import SAME_FOR_ALL

router = APIRouter()
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KEPT_DAYS: Final = 7
TOLD: Final = 30  # lines of a page; the workbook that goes back has all of them
ONE_AT_A_TIME: Final = threading.Lock()  # a workbook unpacks to as much memory as its opener allows
FEW_WAIT: Final = threading.BoundedSemaphore(4)  # of sixteen threads: the others go on serving pages
_FACTS: Final = ("reported_date", "last_follow_up_date")


@router.get("/download", summary="下载回填工作簿", response_class=Response)
def download(
    desk: DeskDep,
    database: ReadDep,
    viewer: ViewerDep,
    asked: AskedDep,
    view: Literal["list", "pool", "unit"] = "list",
) -> Response:
    """Give a view with its filters as a workbook; the same predicate decides its rows as on the page."""
    if viewer.role == "admin":
        raise HTTPException(403, "系统管理员不接触线索")
    published, filters = list_in_use(desk), asked.filters
    if view == "pool":
        pooled = Filters(filters.search, filters.unit, "", filters.stage, "", "")
        rows = published.in_shared_order(published.select(pooled, EVERYTHING, hidden_leads(database, published)))
    elif view == "unit":
        chosen = filters.unit or viewer.unit_name or ""
        if not viewer.reach("detail").covers(chosen) or chosen not in published.units:
            raise HTTPException(404)
        rows = narrowed(database, viewer, published, Filters(unit=chosen, only=""), False)
    else:
        rows = narrowed(database, viewer, published, filters, asked.is_mine)
    most = desk.rules.limits.rows_a_workbook
    if len(rows) > most:
        raise Invalid(f"这个视图有 {len(rows):,} 条，一份工作簿最多 {most:,} 条；请先筛选")
    content = workbook(desk, viewer, published, view, rows)
    name = f"{VIEWS[view][0]}_{published.as_of_date}.xlsx"
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=XLSX, headers=headers)


def workbook(desk: Desk, viewer: Viewer, published: PublishedList, view: str, rows: npt.NDArray[np.int64]) -> bytes:
    """Write the rows for one viewer; that they were taken along is logged."""
    with desk.sessions() as session:
        writing(session)
        key = key_of(session, KEY)
        version = session.scalar(sa.select(sa.func.max(Event.event_id))) or 0
        meta = Meta.new(published.snapshot_id, view, viewer.login, version, desk.now())
        detail = {"视图": VIEWS[view][0], "行数": len(rows), "工作簿": meta.book_id}
        audit.append(session, desk.now(), viewer.login, "下载", published.snapshot_id, detail)
        session.commit()
    with desk.sessions() as session:
        shown = shown_rows(session, published, rows, is_shared=view == "pool")
    reach = viewer.reach("write")
    found = [FormRow(row, meta.mark(key, row["lead_id"]), reach.covers(row["unit_name"])) for row in shown]
    target = io.BytesIO()
    label = "（合成数据）" if published.snapshot.manifest["is_synthetic"] else ""
    write_form(target, meta, key, found, desk.rules, label)
    return target.getvalue()


def shown_rows(
    session: Session, published: PublishedList, rows: npt.NDArray[np.int64], is_shared: bool
) -> list[dict[str, Any]]:
    """Give rows of the list with what a workbook shows besides: dates, holder, the answer that stands, the first reasons."""
    table = published.light.take(pa.array(rows))
    found: list[dict[str, Any]] = table.to_pylist()
    ids = [row["lead_id"] for row in found]
    facts = published.facts_of(ids, _FACTS)
    for row in found:
        row |= facts.get(row["lead_id"], {})
    if is_shared:
        return found
    reasons = published.table["reasons"].take(pa.array(rows))
    first = pc.list_slice(reasons, 0, 5).to_pylist()
    held, answers = holders(session, ids), standing_answers(session, ids)
    for row, told in zip(found, first, strict=True):
        row["why"] = "；".join(
            f"{r['label']} {r['value'] or '暂无'}（{r['points']:+.1f}）"
            for r in told or []
            if r["term"] not in SAME_FOR_ALL
        )
        if row["lead_id"] in held:
            row["holder"] = held[row["lead_id"]][1]
        if answer := answers.get(row["lead_id"]):
            why = f"（{answer.event.lost_reason}）" if answer.event.lost_reason else ""
            row["answered"] = f"{answer.event.result}{why} {answer.person_name}"
    return found


@router.get("/workbook", summary="回填工作簿页")
def workbook_page(request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep) -> Response:
    """Show the form for sending a workbook back, and what went back lately."""
    return _page(request, desk, database, viewer, 200)


def _page(request: Request, desk: Desk, database: Session, viewer: Viewer, status: int, **values: Any) -> Response:
    """Show the page."""
    since = desk.now() - dt.timedelta(days=KEPT_DAYS)
    kept = database.execute(
        sa.select(ReturnedWorkbook.returned_id, ReturnedWorkbook.file_name, ReturnedWorkbook.created_at)
        .where(ReturnedWorkbook.person_id == viewer.person_id, ReturnedWorkbook.created_at > since)
        .order_by(ReturnedWorkbook.returned_id.desc())
        .limit(10)
    ).all()  # fmt: skip
    given = {"outcome": None, "problem": None, "told": (), **values}
    return render(request, desk, "workbook.html", viewer, status, kept=kept, days=KEPT_DAYS, **given)


@router.post("/workbook", summary="上传回填工作簿")
def send_back(
    request: Request, desk: DeskDep, database: ReadDep, viewer: FormDep, file: Annotated[UploadFile, File()]
) -> Response:
    """Take a filled-in workbook: good rows are recorded, the others come back as a workbook with all that is wrong."""
    if viewer.reach("write") == NOTHING:
        raise HTTPException(403, "只有责任单位的人可以回填")
    published = list_in_use(desk)
    try:
        outcome = _take(desk, viewer, published, file)
    except Unsealed as error:
        return _page(request, desk, database, viewer, 422, problem=str(error))
    told: tuple[Told, ...] = outcome.told[:TOLD] if outcome.returned else outcome.told
    if outcome.returned:
        with desk.sessions() as session:
            writing(session)
            old = ReturnedWorkbook.created_at <= desk.now() - dt.timedelta(days=KEPT_DAYS)
            session.execute(sa.delete(ReturnedWorkbook).where(old))
            name = f"退回修改_{desk.now():%m%d%H%M}.xlsx"
            session.add(
                ReturnedWorkbook(person_id=viewer.person_id, created_at=desk.now(), file_name=name, content=outcome.returned)
            )  # fmt: skip
            session.commit()
    database.expire_all()
    return _page(request, desk, database, viewer, 200, outcome=outcome, told=told)


def _take(desk: Desk, viewer: Viewer, published: PublishedList, file: UploadFile) -> Outcome:
    """Open the file with what the desk was given for it, and take its rows."""
    if desk.open_workbook is None:
        raise Unsealed("这里没有接上读取工作簿的部件；请用 make desk 启动，或把文件放入收件夹")
    if not (file.filename or "").lower().endswith(".xlsx"):
        raise Unsealed("只收 .xlsx 工作簿；请在 Excel/WPS 中另存为 .xlsx 后再上传")

    def check(meta: Meta) -> None:
        if meta.login != viewer.login:
            raise Unsealed("这份工作簿是别人下载的；请由本人上传，或自己重新下载再填")

    if not FEW_WAIT.acquire(blocking=False):
        raise HTTPException(503, "几份工作簿正在读取，请稍后再传")
    try:
        with ONE_AT_A_TIME, TemporaryDirectory() as folder:
            path = Path(folder) / "回填.xlsx"
            with path.open("wb") as target:
                shutil.copyfileobj(file.file, target)
            meta, sheets = open_sealed(desk.sessions, path, desk.open_workbook, check)
            return take(desk.sessions, published, viewer, meta, sheets, desk.rules, desk.now(), "网页")
    finally:
        FEW_WAIT.release()


@router.get("/workbook/returned", summary="下载退回件", response_class=Response)
def returned(database: ReadDep, viewer: ViewerDep, id: Annotated[Number, Query()]) -> Response:
    """Give a workbook that goes back to who sent it."""
    found = database.get(ReturnedWorkbook, id)
    if found is None or found.person_id != viewer.person_id:
        raise HTTPException(404)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(found.file_name)}"}
    return Response(found.content, media_type=XLSX, headers=headers)
