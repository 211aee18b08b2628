"""The leader's page (领导页) with the documents of meetings (会议材料), and prospects by node (目标企业).

Belongs here: the district in one page, giving out documents, and whom to look for at each node. Does not belong here: making
documents (publishing/documents), drawing (charts.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import pyarrow.compute as pc
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from desk import audit
from desk.access import Viewer
from desk.listing import Filters
from desk.pages.boards import without_refused
from desk.pages.context import DeskDep, Line, ReadDep, ViewerDep, hidden_leads, list_in_use, render
from desk.pages.today import cards, trust
from desk.store.database import writing
from publishing.boards import read_table
from publishing.documents.dispatch import indicators_trend
from publishing.documents.issued import handed_out
from publishing.periods import counted_year

router = APIRouter()
TOP = 10
PERIODS_SHOWN = 2
KINDS: Final[Mapping[str, str]] = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
}


def the_leader(viewer: ViewerDep) -> Viewer:
    """Give the viewer if the page of the whole district is for it."""
    if viewer.role not in ("leader", "analyst"):
        raise HTTPException(403, "这一页供区领导和数据专员查看")
    return viewer


LeaderDep = Annotated[Viewer, Depends(the_leader)]


def latest(folder: Path) -> dict[str, list[str]]:
    """Give the names of the last documents of each kind (调度材料 and so on), by kind."""
    found: dict[str, list[str]] = {}
    periods: dict[str, set[str]] = {}
    for path in handed_out(folder):
        kind, period = path.stem.split("_", 1)
        periods.setdefault(kind, set()).add(period)
        if len(periods[kind]) <= PERIODS_SHOWN:
            found.setdefault(kind, []).append(path.name)
    return found


def least_complete(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the units whose ledgers lack most; those that sent nothing first, what belongs to no unit last."""
    named = [row for row in rows if row["unit_type"] is not None]
    named.sort(key=lambda row: (row["filled_pct"] is not None, row["filled_pct"] or 0, row["unit_name"]))
    return [*named[:TOP], *(row for row in rows if row["unit_type"] is None)]


@router.get("/leader", summary="领导页")
def leader(request: Request, desk: DeskDep, database: ReadDep, viewer: LeaderDep) -> Response:
    """Show the first leads, the funnel, what is to come, the units furthest behind their task, and the documents of meetings."""
    published = list_in_use(desk)
    year = counted_year(published.as_of_date)
    rows = published.select(Filters(), viewer.reach("detail"), hidden_leads(database, published))
    funnel = read_table(published.snapshot.folder, "funnel_slices")
    tasks = read_table(published.snapshot.folder, "task_progress")
    district = read_table(published.snapshot.folder, "task_district", [("target_year", "=", year)])
    monthly = read_table(published.snapshot.folder, "unit_indicators")
    record = read_table(published.snapshot.folder, "signing_record")
    forecast = read_table(published.snapshot.folder, "signing_forecast")
    ledgers = read_table(published.snapshot.folder, "unit_completeness", [("ledger_name", "=", "全部台账")])
    foreign = read_table(published.snapshot.folder, "foreign_forecast")
    of_year = tasks.filter(pc.equal(tasks["target_year"], year)).to_pylist() if tasks is not None else []
    started = [t for t in of_year if t["indicator"] == "新开工项目数"]
    set_tasks = sorted(
        (t for t in started if t["target_value"] is not None), key=lambda t: (t["completion_pct"] or 0, -t["gap_value"])
    )
    return render(
        request, desk, "leader.html", viewer,
        cards=cards(desk, database, published, desk.lists.before(published), published.page(rows, -1, TOP).rows),
        stages=[s for s in (funnel.to_pylist() if funnel is not None else []) if s["slice_kind"] == "全区"],
        behind=set_tasks[:TOP], unset=[t["unit_name"] for t in started if t["target_value"] is None], year=year,
        district=district.to_pylist() if district is not None else [], total=len(rows), trust=trust(desk, published),
        trend=indicators_trend(monthly.to_pandas(), published.as_of_date) if monthly is not None else "",
        record=record.to_pylist() if record is not None else [],
        forecast=forecast.to_pylist() if forecast is not None else [],
        foreign=foreign.to_pylist() if foreign is not None else [],
        ledgers=least_complete(ledgers.to_pylist()) if ledgers is not None else [],
        documents=latest(desk.settings.home / "documents"),
    )  # fmt: skip


@router.get("/documents/{name}", summary="下载材料", response_class=Response)
def document(desk: DeskDep, viewer: LeaderDep, name: Annotated[str, InPath(max_length=64)]) -> Response:
    """Give a document of the meeting, bulletin or wall chart; that it was taken along is logged."""
    made = {path.name: path for path in handed_out(desk.settings.home / "documents")}
    if name not in made:
        raise HTTPException(404)
    with desk.sessions() as session:
        writing(session)
        audit.append(session, desk.now(), viewer.login, "下载", name)
        session.commit()
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(made[name].read_bytes(), media_type=KINDS[made[name].suffix], headers=headers)


@router.get("/prospects", summary="目标企业")
def prospects(
    request: Request, desk: DeskDep, database: ReadDep, viewer: ViewerDep, node: Annotated[Line, Query()] = ""
) -> Response:
    """Show the chains drawn with how many prospects each node has, or the prospects of one node with their evidence."""
    published = list_in_use(desk)
    table = without_refused(published.prospects, database, published)
    counts = {row["values"]: row["counts"] for row in pc.value_counts(table["node_id"]).to_pylist()}
    nodes: dict[str, dict[str, Any]] = {}
    drawn, edges = (read_table(published.snapshot.folder, name) for name in ("chain_nodes", "chain_edges"))
    if drawn is not None:
        nodes = {n["node_id"]: {**n, "prospect_count": counts.get(n["node_id"], 0)} for n in drawn.to_pylist()}
    else:  # a list published before the chains were
        for row in table.select(["chain_name", "node_id", "node_name", "gap_class"]).to_pylist():
            nodes.setdefault(row["node_id"], {**row, "prospect_count": counts[row["node_id"]]})
    chosen = nodes.get(node)
    if node and chosen is None:
        raise HTTPException(404)
    found = table.filter(pc.equal(table["node_id"], node)).slice(0, 50).to_pylist() if node else []
    chains: dict[str, list[dict[str, Any]]] = {}
    for entry in nodes.values():
        chains.setdefault(str(entry["chain_name"]), []).append(entry)
    return render(
        request, desk, "prospects.html", viewer,
        chains=chains, chosen=chosen, prospects=found, edges=edges.to_pylist() if edges is not None else None,
        register_problem=published.snapshot.manifest.get("register_problem"),
    )  # fmt: skip
