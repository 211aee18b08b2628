"""From gaps to named targets (从缺口到目标企业): what stands beside the ranked list, in the workbook and in Dagster alike.

Belongs here: which rows of the published tables are taken, how many and in which order, and the sentence that says so. Does not
belong here: the tables themselves (dbt_project), the drawing of a chain (documents/pictures.py), cells and widths (workbook.py).

Whatever is recommended here is on the ranked list or a prospect; what the screens forbid is neither.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from publishing.boards import BoardColumn, Kind, board_named
from publishing.charts import chain_map
from publishing.documents.pictures import SHOWN, pictures
from publishing.figures import Reading, Reckoned, shown
from publishing.trips import cities, plan_trip, trip_settings, worth_visiting

Row = Mapping[str, Any]
PROSPECTS_A_NODE: Final = 10
PARKS_A_LEAD: Final = 3
MOST_ROWS: Final = 500
MAP_WIDTH_MM: Final = 240
TRIP_DAYS: Final = 3
NO_TRACE: Final = "暂无"
LEGEND: Final = "左边色条：强绿、补红、延蓝；连线越粗，供需台账中的金额越大，细线为金额暂无；到其他产业链的连线不画。数字与规则见“链条环节”一表"
SEVERITY: Final = ("禁止", "疑似", "无法判断", "通过")
OFFERED: Final = ("符合", "待核对")
SURFACE: Final = "择优清单（工作簿）"
NODES: Final = Reading(SURFACE, "强补延链图、链条环节", "chain_nodes")
EDGES: Final = Reading(SURFACE, "强补延链图的连线", "chain_edges")
COUNTS: Final = Reading(
    SURFACE, "强补延链图、链条环节：环节数、列出的目标企业", "prospect_counts",
    (
        shown("环节数", "node_count"),
        shown("强、补、延", "strong_count", "fill_count", "extend_count"),
        shown("目标企业家次", "prospect_count"),
    ),
    ("slice_kind", "slice_key"),
)  # fmt: skip
SCREENS: Final = Reading(SURFACE, "准入筛查", "lead_screens")
PARKS: Final = Reading(SURFACE, "园区匹配", "park_matches")
OFFERS: Final = Reading(SURFACE, "可依法推荐的政策", "policy_matches")
VISITS: Final = Reading(SURFACE, "外出行程、目标企业的引荐路径", "trip_targets")
READINGS: Final = (NODES, EDGES, COUNTS, SCREENS, PARKS, OFFERS, VISITS)
RECKONED: Final = (
    Reckoned(SURFACE, "各表第一行", "共几条、列了几条、各结论几条", "数的是该表自己的行"),
    Reckoned(SURFACE, "外出行程", "日期、路程、列几家", "示例行程在发布时排定，与外出行程页同一算法"),
)


@dataclass(frozen=True)
class Extract:
    """Some rows of one subject: `note` says what was taken of how many, and where all of them are."""

    name: str
    note: str
    columns: tuple[BoardColumn, ...]
    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True)
class ChainPicture:
    """One chain, drawn."""

    name: str
    png: bytes
    told: str


@dataclass(frozen=True)
class Opportunities:
    """The gap map drawn, and an extract a subject, in the order of work: node, firm, screen, park, offer, visit."""

    pictures: tuple[ChainPicture, ...]
    extracts: tuple[Extract, ...]

    def named(self, name: str) -> Extract:
        """Find an extract by its name."""
        return next(extract for extract in self.extracts if extract.name == name)


def gather(
    tables: Mapping[str, pa.Table],
    prospects: pa.Table,
    leads: pd.DataFrame,
    as_of: dt.date,
    register_problem: str | None = None,
) -> Opportunities:
    """Take the extracts of a day.

    Parameters
    ----------
    tables : mapping
        Published tables by their name in publishing/catalogue; those of :data:`READINGS` are needed.
    prospects : Table
        The prospects of every node (brd_prospect__nodes).
    leads : DataFrame
        The ranked list: lead_id, rank, score. Only leads with a rank are matched, offered or visited.
    register_problem : str, optional
        Why there is no prospect: the register was left out.
    """
    listed = leads[leads["rank"].notna()].sort_values("rank")
    ranked, visits = listed["lead_id"].tolist(), tables[VISITS.board].to_pylist()
    scores = dict(zip(ranked, listed["score"], strict=True))
    firms = prospects.to_pylist()
    counts = {(row["slice_kind"], row["slice_key"]): row for row in COUNTS.narrowed(tables[COUNTS.board].to_pylist())}
    nodes = [
        {**node, "prospect_count": counts["环节", node["node_id"]]["prospect_count"]}
        for node in tables[NODES.board].to_pylist()
    ]
    extracts = (
        _gaps(nodes),
        _targets(nodes, firms, visits, register_problem),
        _screens(tables[SCREENS.board]),
        _parks(tables[PARKS.board], ranked),
        _offers(tables[OFFERS.board], ranked),
        _trips(visits, scores, as_of),
    )
    return Opportunities(_pictures(nodes, tables[EDGES.board].to_pylist(), counts), extracts)


def _pictures(
    nodes: Sequence[Row], edges: Sequence[Row], counts: Mapping[tuple[str, str], Row]
) -> tuple[ChainPicture, ...]:
    chains: dict[str, list[Row]] = {}
    for node in sorted(nodes, key=lambda n: n["node_order"]):
        chains.setdefault(node["chain_name"], []).append(node)
    drawings = {name: chain_map(name, of_chain, edges) for name, of_chain in chains.items()}
    drawn = pictures(drawings, MAP_WIDTH_MM, SHOWN, is_titled=True)
    found = []
    for name in chains:
        of = counts["产业链", name]
        told = f"强 {of['strong_count']}、补 {of['fill_count']}、延 {of['extend_count']}"
        words = f"{name}：{of['node_count']} 个环节（{told}），目标企业 {of['prospect_count']} 家次"
        found.append(ChainPicture(name, drawn[name], words))
    return tuple(found)


def _gaps(nodes: Sequence[Row]) -> Extract:
    board = board_named("chain_nodes")
    assert board is not None
    columns = (*board.columns[:4], BoardColumn("prospect_count", "列出的目标企业", "count"), *board.columns[4:])
    rows = tuple(sorted(nodes, key=lambda n: n["node_order"]))
    return Extract("链条环节", f"{board.caliber}。共 {len(rows)} 个环节，全部列出", columns, rows, len(rows))


def _targets(
    nodes: Sequence[Row], firms: Sequence[Row], visits: Sequence[Row], register_problem: str | None
) -> Extract:
    paths = {row["target_key"]: row["path_text"] for row in visits if row["target_kind"] == "prospect"}
    rows = []
    order = {node["node_id"]: node["node_order"] for node in nodes}
    for firm in sorted(firms, key=lambda f: (order.get(f["node_id"], len(order)), f["node_rank"])):
        if firm["node_rank"] > PROSPECTS_A_NODE:
            continue
        # A municipality (直辖市) is its own province.
        place = "".join(dict.fromkeys(part for part in (firm["province_name"], firm["city_name"]) if part))
        path = paths.get(firm["enterprise_key"]) or firm["tie_text"]
        since = (
            None if firm["growth_age_days"] is None else f"{firm['growth_date']}（距今 {firm['growth_age_days']} 天）"
        )
        rows.append({**firm, "place": place, "path": path or NO_TRACE, "evidence": since or NO_TRACE})
    titles: tuple[tuple[str, str, Kind], ...] = (
        ("chain_name", "产业链", "text"), ("node_name", "环节", "text"), ("gap_class", "强补延", "text"),
        ("node_rank", "环节内名次", "count"), ("enterprise_name", "目标企业", "text"), ("place", "所在地", "text"),
        ("fit", "契合度", "score"), ("reason_text", "理由", "text"), ("path", "引荐路径或本地联系", "text"),
        ("evidence", "扩张证据日期", "text"), ("growth_text", "扩张证据", "text"), ("need_text", "对应的本地需求", "text"),
        ("list_text", "榜单（版次）", "text"), ("screen_result", "准入筛查", "text"), ("screen_text", "筛查依据", "text"),
        ("registered_capital_wan_cny", "注册资本（万元）", "money"), ("established_date", "成立日期", "date"),
        ("uscc", "统一社会信用代码", "text"),
    )  # fmt: skip
    told = (
        f"登记库中还没有单位跟进的外地企业，每个环节仅列前 {PROSPECTS_A_NODE} 家：列 {len(rows)} 家次，共 {len(firms)} 家次，"
        "全部见办公桌“目标企业”页。筛查为禁止的不列；拒绝联系的企业以办公桌为准"
    )
    if register_problem:
        told = f"没有目标企业：{register_problem}"
    return Extract("目标企业", told, tuple(BoardColumn(*title) for title in titles), tuple(rows), len(firms))


def _of_board(name: str, board_name: str, table: pa.Table, order: Sequence[pa.Array], taken: str) -> Extract:
    """Give the first rows of a board, ordered by arrays beside it, with the board's own columns and 口径."""
    board = board_named(board_name)
    assert board is not None
    keys = {str(at): values for at, values in enumerate(order)}
    first = pc.sort_indices(pa.table(keys), [(key, "ascending") for key in keys]).slice(0, MOST_ROWS)
    total = table.num_rows
    much = f"共 {total:,} 条，全部列出" if total <= MOST_ROWS else f"仅列前 {MOST_ROWS} 条，共 {total:,} 条"
    note = f"{board.caliber}。{taken}；{much}；全部见办公桌看板“{board.title}”"
    return Extract(name, note, board.columns, tuple(table.take(first).to_pylist()), total)


def _place_in(words: Sequence[str], values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give where each value stands in a list, null for what is not in it."""
    return pc.index_in(values, value_set=pa.array(words, pa.string()))


def _screens(table: pa.Table) -> Extract:
    counts = Counter(table["screen_result"].to_pylist())
    told = "、".join(f"{result} {counts[result]} 条" for result in SEVERITY if counts[result])
    order = [_place_in(SEVERITY, table["screen_result"]), table["lead_id"]]
    return _of_board("准入筛查", "lead_screens", table, order, f"按结论排：{told or '没有在册线索'}")


def _parks(table: pa.Table, ranked: Sequence[str]) -> Extract:
    place = _place_in(ranked, table["lead_id"])
    is_shown = pc.and_(pc.is_valid(place), pc.fill_null(pc.less_equal(table["park_rank"], PARKS_A_LEAD), False))
    fits, place = table.filter(is_shown), place.filter(is_shown)
    taken = f"只列参加排序的线索，按名单名次，每条列匹配分最高的 {PARKS_A_LEAD} 个园区"
    return _of_board("园区匹配", "park_matches", fits, [place, fits["park_rank"]], taken)


def _offers(table: pa.Table, ranked: Sequence[str]) -> Extract:
    place, step = _place_in(ranked, table["lead_id"]), _place_in(OFFERED, table["verdict"])
    is_shown = pc.and_(pc.is_valid(place), pc.is_valid(step))
    lawful, place, step = table.filter(is_shown), place.filter(is_shown), step.filter(is_shown)
    taken = "只列参加排序的线索和没有一项不符合的措施，符合在前、待核对在后；不普惠、未审查、失效或与税收挂钩的措施不得承诺，不在此列"
    return _of_board("可依法推荐的政策", "policy_matches", lawful, [step, place, lawful["policy_id"]], taken)


def _trips(rows: Sequence[Row], scores: Mapping[str, float], as_of: dt.date) -> Extract:
    settings, places = trip_settings(), cities()
    first = as_of + dt.timedelta(days=1)
    since = as_of - dt.timedelta(days=settings.visited_within_days)
    found: list[Row] = []
    told, total = [], 0
    for region in settings.regions:
        targets = worth_visiting(rows, scores, region, since)
        plan = plan_trip(targets, first, TRIP_DAYS, places[settings.start_city], settings)
        total += len(targets)
        told.append(f"{region}列 {plan.visited} 家，可拜访 {len(targets)} 家")
        for stop in plan.stops:
            for order, visit in enumerate(stop.visits):
                is_move = order == 0 and stop.from_city != stop.city
                way = (stop.from_city, round(stop.distance_km)) if is_move else (None, None)
                about = {
                    "region": region,
                    "day": stop.day,
                    "city": stop.city,
                    "from_city": way[0],
                    "distance_km": way[1],
                }
                found.append({**visit, **about})
    titles: tuple[tuple[str, str, Kind], ...] = (
        ("region", "地区", "text"), ("day", "日期（示例）", "date"), ("city", "城市", "text"), ("from_city", "来自", "text"),
        ("distance_km", "路程（公里）", "count"), ("enterprise_name", "拜访企业", "text"), ("project_name", "线索项目", "text"),
        ("unit_name", "跟进单位", "text"), ("score", "评分", "score"), ("reason_text", "理由", "text"),
        ("path_text", "引荐路径", "text"), ("last_visit_date", "最近拜访", "date"),
    )  # fmt: skip
    note = (
        f"从{settings.start_city}出发、自 {first} 起 {TRIP_DAYS} 天的示例行程，按城市成程，直线距离；{'；'.join(told)}。"
        "日期和地区在办公桌“外出行程”页自选。线索按总分、招商对象按契合度，两个尺度"
    )
    return Extract("外出行程", note, tuple(BoardColumn(*title) for title in titles), tuple(found), total)


def targets_by_node(opportunities: Opportunities) -> list[dict[str, Any]]:
    """Give one row per node that has targets: how many, and the first three with reason and path."""
    nodes: dict[tuple[str, str], list[Row]] = {}
    for firm in opportunities.named("目标企业").rows:
        nodes.setdefault((firm["chain_name"], firm["node_name"]), []).append(firm)
    counts = {row["node_name"]: row["prospect_count"] for row in opportunities.named("链条环节").rows}
    found = []
    for (chain, node), firms in nodes.items():
        best = firms[0]
        found.append(
            {
                "产业链": chain,
                "环节": node,
                "强补延": best["gap_class"],
                "目标企业": counts.get(node, len(firms)),
                "前三家": "、".join(firm["enterprise_name"] or NO_TRACE for firm in firms[:3]),
                "第一家的理由": best["reason_text"],
                "第一家的路径": best["path"],
                "扩张证据日期": best["evidence"],
            }
        )
    return found
