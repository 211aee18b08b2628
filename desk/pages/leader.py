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
from publishing.documents.bulletin import monthly_trend
from publishing.documents.issued import handed_out
from publishing.figures import Reading, Reckoned, shown
from publishing.periods import Month, counted_year

router = APIRouter()
TOP = 10
PERIODS_SHOWN = 2
SURFACE: Final = "领导页"
DISTRICT: Final = Reading(
    SURFACE, "全区任务", "task_district",
    (
        shown("指标", "indicator"),
        shown("任务", "target_text"),
        shown("完成", "done_text"),
        shown("完成率", "completion_pct"),
        shown("欠账", "arrears_value"),
        shown("时序进度", "passed_pct"),
    ),
    ("target_year", "indicator_order"),
)  # fmt: skip
BEHIND: Final = Reading(
    SURFACE, "时序欠账最多的单位", "task_progress",
    (
        shown("单位", "unit_name"),
        shown("完成", "done_value"),
        shown("任务", "target_value"),
        shown("完成率", "completion_pct"),
        shown("时序欠账", "arrears_value", "measure"),
    ),
    ("target_year", "indicator", "pace_pct"),
)  # fmt: skip
FUNNEL: Final = Reading(
    SURFACE, "阶段漏斗", "funnel_slices",
    (shown("至少到达", "at_least_count"), shown("上一阶段转化率", "from_previous_pct")),
    ("slice_kind", "stage", "stage_order"),
)  # fmt: skip
TREND: Final = Reading(
    SURFACE, "近12个月新签约、新开工", "unit_running",
    (shown("当月", "month_value"),),
    ("slice_kind", "indicator", "month_date"),
)  # fmt: skip
RECORD: Final = Reading(
    SURFACE, "签约预测与实际", "signing_record",
    (
        shown("预计个数", "expected_count", "low_count", "high_count"),
        shown("实际个数", "came_count"),
        shown("预计金额", "expected_wan_cny", "low_wan_cny", "high_wan_cny"),
        shown("实际金额", "came_wan_cny"),
        shown("当月个数", "known_count", "rest_count", "running_low_count", "running_high_count"),
        shown("当月金额", "known_wan_cny", "rest_wan_cny", "running_low_wan_cny", "running_high_wan_cny"),
    ),
    ("told_date", "month_date", "months_ahead", "is_over"),
)  # fmt: skip
FORECAST: Final = Reading(
    SURFACE, "签约预测", "signing_forecast",
    (shown("预计", "forecast_text"), shown("过去落在区间内", "held_text")),
    ("month_date",),
)  # fmt: skip
FOREIGN: Final = Reading(
    SURFACE,
    "外资到资预计",
    "foreign_forecast",
    (shown("全年预计", "forecast_text"), shown("过去落在区间内", "held_text")),
    ("target_year",),
)
LEDGERS: Final = Reading(
    SURFACE, "台账最不完整的单位", "unit_completeness",
    (
        shown("单位", "unit_name"),
        shown("完整率", "filled_pct"),
        shown("行数", "row_count"),
        shown("需更正", "annotated_count"),
        shown("退回", "refused_count"),
        shown("最近一笔", "last_row_date"),
    ),
    ("unit_type", "ledger_name"),
)  # fmt: skip
NODES: Final = Reading(
    "目标企业页", "强补延链图", "chain_nodes",
    (
        shown("环节", "node_name", "gap_class", "position_name"),
        shown("本地企业", "local_enterprise_count"),
        shown("已饱和", "is_saturated", "saturation_text"),
        shown("按规则", "rule_gap_class", "gap_rule_text"),
        shown("上下游", "supplier_nodes", "customer_nodes"),
        shown("本地", "local_names"),
    ),
    ("chain_name", "node_id"),
)  # fmt: skip
EDGES: Final = Reading(
    "目标企业页", "强补延链图的连线", "chain_edges", (shown("金额", "trade_wan_cny"),), ("from_node_id", "to_node_id")
)
READINGS: Final = (DISTRICT, BEHIND, FUNNEL, TREND, RECORD, FORECAST, FOREIGN, LEDGERS, NODES, EDGES)
RECKONED: Final = (Reckoned("目标企业页", "各环节目标企业", "家次", "数的是名单附的目标企业，拒绝联系的企业不在内"),)
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
    year, folder = counted_year(published.as_of_date), published.snapshot.folder
    rows = published.select(Filters(), viewer.reach("detail"), hidden_leads(database, published))
    running = TREND.table(folder, [("slice_kind", "=", "全区")])
    last_month = Month.of(published.as_of_date).first_day
    started = BEHIND.rows(folder, [("target_year", "=", year), ("indicator", "=", "新开工项目数")])
    behind = sorted(
        (t for t in started if t["arrears_value"] is not None and t["arrears_value"] > 0),
        key=lambda t: (-t["arrears_value"], t["pace_pct"] or 0, t["unit_name"]),
    )
    return render(
        request, desk, "leader.html", viewer,
        cards=cards(desk, database, published, published.page(rows, -1, TOP).rows),
        stages=[s for s in FUNNEL.rows(folder, [("slice_kind", "=", "全区")]) if s["stage"] != "终止"],
        behind=behind[:TOP], unset=[t["unit_name"] for t in started if t["target_value"] is None], year=year,
        has_tasks=any(t["target_value"] is not None for t in started),
        district=DISTRICT.rows(folder, [("target_year", "=", year)]), total=len(rows), trust=trust(desk, published),
        trend=monthly_trend(running.to_pandas(), last_month) if running is not None else "",
        record=RECORD.rows(folder), forecast=FORECAST.rows(folder), foreign=FOREIGN.rows(folder),
        ledgers=least_complete(LEDGERS.rows(folder, [("ledger_name", "=", "全部台账")])),
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
    drawn, edges = (reading.table(published.snapshot.folder) for reading in (NODES, EDGES))
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
