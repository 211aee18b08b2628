"""Planning a trip (外出行程) and scanning a text that promises something (承诺审查).

Belongs here: their forms, what a template gets, the workbook to take along. Does not belong here: the order of a trip
(publishing/trips.py), the rules of the law (models/screening).
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Annotated, Any, Literal
from urllib.parse import quote

import pyarrow.compute as pc
import xlsxwriter
from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Viewer
from desk.listing import PublishedList
from desk.pages.boards import without_refused
from desk.pages.context import (
    Day,
    Desk,
    DeskDep,
    FormDep,
    Line,
    Paragraph,
    ReadDep,
    ViewerDep,
    list_in_use,
    render,
)
from desk.store.database import writing
from models.screening import NOTE, VERDICT_TEXTS, scan, verdict_of
from publishing.figures import Reading, Reckoned, shown
from publishing.trips import TripPlan, cities, plan_trip, trip_settings, worth_visiting
from publishing.workbook import SYNTHETIC_LABEL

router = APIRouter()
Who = Literal["all", "lead", "prospect"]
TARGETS = Reading(
    "外出行程页", "可拜访企业", "trip_targets",
    (
        shown("企业", "enterprise_name"),
        shown("项目", "project_name"),
        shown("单位", "unit_name"),
        shown("契合度", "fit"),
        shown("理由", "reason_text"),
        shown("引荐路径", "path_text"),
        shown("最近拜访", "last_visit_date"),
    ),
    ("target_kind", "target_key", "lead_id", "province_name", "city_name"),
)  # fmt: skip
READINGS = (TARGETS,)
RECKONED = (
    Reckoned(
        "外出行程页",
        "行程",
        "天数、路程、列几家",
        "地区和日期由读者选；直线距离按城市坐标，与择优清单的示例行程同一算法",
    ),
)
# The visit sheet has the headings of the follow-up ledger (跟进记录): filled in, it comes back as one.
SHEET = (
    "线索编号",
    "项目名称",
    "跟进单位",
    "跟进日期",
    "跟进方式",
    "洽谈对象",
    "所在城市",
    "带队层级",
    "洽谈内容",
    "跟进结果",
    "下一步计划",
    "下一步时限",
)
ITINERARY = ("日期", "城市", "来自", "路程（公里）", "企业", "项目", "评分", "理由", "引荐路径", "最近拜访")


def _regions() -> list[str]:
    named = trip_settings().regions
    return [*named, *sorted({city.province for city in cities().values()})]


def _targets(
    published: PublishedList, database: Session, viewer: Viewer, region: str, since: dt.date, who: Who
) -> list[dict[str, Any]]:
    """Give whom the viewer may visit in a region: leads of the viewer's reach, and firms that nobody follows."""
    table = TARGETS.table(published.snapshot.folder)
    if table is None:
        raise HTTPException(404, "这份名单发布时还没有可拜访企业")
    table = without_refused(table, database, published)
    ranked = published.light.select(["lead_id", "score"]).filter(pc.is_valid(published.light["score"])).to_pydict()
    scores = dict(zip(ranked["lead_id"], ranked["score"], strict=True))
    reach = viewer.reach("detail")
    return [
        row
        for row in worth_visiting(table.to_pylist(), scores, region, since)
        if who in ("all", row["target_kind"]) and (row["target_kind"] != "lead" or reach.covers(row["unit_name"]))
    ]


def _plan(
    desk: Desk, database: Session, viewer: Viewer, region: str, first: dt.date, last: dt.date, since_days: int, who: Who
) -> TripPlan:
    settings = trip_settings()
    days = (last - first).days + 1
    if not 1 <= days <= settings.most_days:
        raise HTTPException(422, f"行程应为 1 至 {settings.most_days} 天，且结束不早于开始")
    if region not in _regions():
        raise HTTPException(422, f"地区“{region}”不在城市表中")
    published = list_in_use(desk)
    since = published.as_of_date - dt.timedelta(days=since_days)
    targets = _targets(published, database, viewer, region, since, who)
    return plan_trip(targets, first, days, cities()[settings.start_city], settings)


@router.get("/trips", summary="外出行程")
def trips(
    request: Request,
    desk: DeskDep,
    database: ReadDep,
    viewer: ViewerDep,
    region: Annotated[Line, Query()] = "",
    first: Day | None = None,
    last: Day | None = None,
    since_days: Annotated[int, Query(ge=0, le=3650)] = 30,
    who: Who = "all",
) -> Response:
    """Show the form, and the plan once a region and days are given."""
    first = first or desk.today + dt.timedelta(days=1)
    last = last or first + dt.timedelta(days=1)
    plan = _plan(desk, database, viewer, region, first, last, since_days, who) if region else None
    asked = {
        "region": region,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "since_days": since_days,
        "who": who,
    }
    return render(
        request, desk, "trips.html", viewer,
        plan=plan, asked=asked, regions=_regions(), settings=trip_settings(), list_day=list_in_use(desk).as_of_date,
    )  # fmt: skip


@router.get("/trips/plan.xlsx", summary="外出行程工作簿")
def trip_workbook(
    desk: DeskDep,
    database: ReadDep,
    viewer: ViewerDep,
    region: Annotated[Line, Query()],
    first: Day,
    last: Day,
    since_days: Annotated[int, Query(ge=0, le=3650)] = 30,
    who: Who = "all",
) -> Response:
    """Give the plan and a visit sheet to fill in; that it was taken along is logged."""
    plan = _plan(desk, database, viewer, region, first, last, since_days, who)
    is_synthetic = bool(list_in_use(desk).snapshot.manifest["is_synthetic"])
    content = write_trip(plan, region, viewer.unit_name or "", is_synthetic)
    with desk.sessions() as session:
        writing(session)
        detail = {"地区": region, "开始": str(first), "结束": str(last), "拜访": plan.visited}
        audit.append(session, desk.now(), viewer.login, "下载", f"外出行程_{region}", detail)
        session.commit()
    name = quote(f"外出行程_{region}_{first}.xlsx")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(content, media_type=kind, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"})


def write_trip(plan: TripPlan, region: str, unit: str, is_synthetic: bool) -> bytes:
    """Write the itinerary and the visit sheet; cells are text, so that a name that begins with = stays a name."""
    buffer = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    label = SYNTHETIC_LABEL if is_synthetic else ""
    with xlsxwriter.Workbook(buffer, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#1F3864", "font_color": "#FFFFFF", "text_wrap": True})
        text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        sheet, forms = book.add_worksheet("行程"), book.add_worksheet("跟进记录")
        sheet.write_string(
            0, 0, f"{region}外出行程{label}　全程约 {plan.distance_km:,.0f} 公里，拜访 {plan.visited} 家", text
        )
        for page, titles, at in ((sheet, ITINERARY, 1), (forms, SHEET, 0)):
            for column, title in enumerate(titles):
                page.write_string(at, column, title, head)
                page.set_column(column, column, 40 if title in ("理由", "引荐路径", "洽谈内容") else 18)
            page.freeze_panes(at + 1, 0)
            page.set_landscape()
            page.fit_to_pages(1, 0)
        number = 0
        for stop in plan.stops:
            for order, visit in enumerate(stop.visits):
                way = f"{stop.distance_km:.0f}" if order == 0 else "0"
                cells = [
                    stop.day.isoformat(), stop.city, stop.from_city if order == 0 else stop.city, way, visit["enterprise_name"],
                    visit["project_name"], f"{visit['score'] or 0:.1f}", visit["reason_text"], visit["path_text"],
                    visit["last_visit_date"],
                ]  # fmt: skip
                blank = [
                    visit["lead_id"], visit["project_name"], unit, stop.day.isoformat(), "出差", visit["enterprise_name"], stop.city,
                ]  # fmt: skip
                for page, row, given in ((sheet, number + 2, cells), (forms, number + 1, blank)):
                    for column, value in enumerate(given):
                        page.write_string(row, column, "" if value is None else str(value), text)
                number += 1
    return buffer.getvalue()


# --- promises (承诺审查) ------------------------------------------------------------------------------------------------


@router.get("/promises", summary="承诺审查页")
def promises_page(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Show the form."""
    return render(request, desk, "promises.html", viewer, text="", hits=None, note=NOTE)


@router.post("/promises", summary="承诺审查")
def scan_promises(
    request: Request, desk: DeskDep, viewer: FormDep, text: Annotated[Paragraph, Form()] = ""
) -> Response:
    """Scan a text; nothing of it is kept."""
    hits = scan(text, desk.today)
    verdict = VERDICT_TEXTS[verdict_of(hits)]
    return render(
        request, desk, "promises.html", viewer, text=text, hits=hits if text else None, verdict=verdict, note=NOTE
    )
