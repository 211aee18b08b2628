"""Charts as SVG drawn on the server (图): bars of reasons that add up, the funnel, cohorts, towns beside streets, a chain.

Belongs here: geometry and accessible text. Does not belong here: numbers (listing.py, boards), colours (static/desk.css).

No script and no library: a bar is a rectangle with attributes, which the content policy allows and a phone draws at once
(docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape


def reason_bars(reasons: Sequence[Mapping[str, Any]], score: float) -> Markup:
    """Draw every reason as a step from the one before: the last step ends at the score."""
    base = sum(float(r["points"]) for r in reasons if r["term"] == "base")
    steps: list[tuple[str, str, float, str]] = [("基准", "三项基准分之和", base, "base")]
    for reason in sorted((r for r in reasons if r["term"] != "base"), key=lambda r: -abs(r["points"])):
        steps.append((reason["label"], reason["value"] or "暂无", float(reason["points"]), reason["part"]))
    ends = [0.0]
    for _, _, points, _ in steps:
        ends.append(ends[-1] + points)
    low, high = min(*ends, 0.0), max(*ends, score)
    scale = 100 / max(high - low, 1e-9)
    label = f"理由分解：{len(steps)} 项相加等于 {score:.1f} 分"
    parts = [f'<ol class="bars" aria-label="{escape(label)}">']
    for (name, value, points, part), start in zip(steps, ends, strict=False):
        x, width = (min(start, start + points) - low) * scale, max(abs(points) * scale, 0.6)
        parts.append(_bar(name, value, x, width, part if points >= 0 else f"{part} minus", f"{points:+.1f}"))
    parts.append(_bar("总分", "", -low * scale, max(score * scale, 0.6), "score", f"{score:.1f}", "total"))
    return Markup("".join([*parts, "</ol>"]))


def funnel(rows: Sequence[Mapping[str, Any]], column: str = "at_least_lead_count") -> Markup:
    """Draw the stages as bars, each as long as its leads, with the share of the stage before."""
    top = max((int(r[column]) for r in rows), default=0) or 1
    parts = ['<ol class="bars funnel" aria-label="阶段漏斗">']
    before: int | None = None
    for found in rows:
        count = int(found[column])
        step = f"上一阶段的 {count / before:.0%}" if before else ""
        width = max(100 * count / top, 0.6)
        parts.append(_bar(str(found["stage"]), step, 0.0, width, "stage", f"{count:,}"))
        before = count
    return Markup("".join([*parts, "</ol>"]))


def slices(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw the funnel of one slice; several at once are not one funnel."""
    named = {(r["slice_kind"], r["slice_name"]) for r in rows}
    return funnel(rows, "at_least_count") if len(named) == 1 else Markup("")


def cohorts(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw cohorts by month of signing: a cell for each horizon, darker with the share started, grey while it is young."""
    if len({(r["slice_kind"], r["slice_name"]) for r in rows}) != 1:
        return Markup("")
    horizons = sorted({int(r["horizon_months"]) for r in rows})
    cells = {(r["signed_month_date"], int(r["horizon_months"])): r for r in rows}
    months = sorted({r["signed_month_date"] for r in rows}, reverse=True)[:24]
    width, height, left, top = 96, 26, 150, 28
    size = f"{left + width * len(horizons)} {top + height * len(months)}"
    parts = [f'<svg class="cohorts" viewBox="0 0 {size}" role="img" aria-label="签约批次转开工，按签约月和观察期">']
    for at, horizon in enumerate(horizons):
        parts.append(f'<text x="{left + width * (at + 0.5)}" y="18" class="middle">{horizon} 个月内开工</text>')
    for line, month in enumerate(months):
        y = top + height * line
        signed = max(int(cells[month, h]["signed_count"]) for h in horizons if (month, h) in cells)
        parts.append(f'<text x="0" y="{y + 17}">{month:%Y-%m}　签约 {signed}</text>')
        for at, horizon in enumerate(horizons):
            cell = cells.get((month, horizon))
            if cell is None:
                continue
            share, x = cell["started_within_pct"], left + width * at
            look = 'class="young"' if share is None else f'class="share" fill-opacity="{0.08 + 0.8 * share / 100:.2f}"'
            words = "未满" if share is None else f"{share:.0f}%"
            tone = "middle light" if (share or 0) > 55 else "middle"
            parts.append(f'<rect x="{x + 1}" y="{y + 1}" width="{width - 2}" height="{height - 2}" {look}/>')
            parts.append(f'<text x="{x + width / 2}" y="{y + 17}" class="{tone}">{words}</text>')
    return Markup("".join([*parts, "</svg>"]))


def balance(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw the medians of towns and streets side by side, each indicator on its own scale, of the latest year shown."""
    latest = max((r["target_year"] for r in rows), default=None)
    parts = [f'<ol class="bars balance" aria-label="{escape(latest)} 年镇、街道中位数">']
    for found in (r for r in rows if r["target_year"] == latest):
        both = {"镇": found["town_median"], "街道": found["street_median"]}
        top = max((v for v in both.values() if v is not None), default=0) or 1
        for kind, (side, value) in zip(("town", "street"), both.items(), strict=True):
            note = f"{side}中位数（{found['measure']}）"
            words = "暂无" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
            parts.append(_bar(str(found["indicator"]), note, 0.0, max(100 * (value or 0) / top, 0.6), kind, words))
    return Markup("".join([*parts, "</ol>"]))


PLACES = ("上游", "中游", "下游")
BOX_W, BOX_H, GAP_Y, COLUMN_W, TOP = 210, 50, 12, 350, 34
BEND = 46  # how far a link between two nodes of one column swings out to the right
GAPS = {"强": "strong", "补": "fill", "延": "extend"}


def chain_map(name: str, nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw one chain from left to right (强补延链图): nodes by place, the links between them as wide as the trade known along them.

    `nodes` need node_id, node_name, position_name, gap_class, is_saturated, local_enterprise_count and prospect_count, `edges`
    from_node_id, to_node_id and trade_wan_cny (None where nobody told). An edge to a node of another chain is left out.
    """
    at: dict[str, tuple[float, float]] = {}
    rows = [0] * len(PLACES)
    for node in nodes:
        column = PLACES.index(node["position_name"])
        at[node["node_id"]] = (COLUMN_W * column, TOP + rows[column] * (BOX_H + GAP_Y))
        rows[column] += 1
    width, height = COLUMN_W * (len(PLACES) - 1) + BOX_W + BEND, TOP + max(rows) * (BOX_H + GAP_Y)
    drawn = [e for e in edges if e["from_node_id"] in at and e["to_node_id"] in at]
    most = max((e["trade_wan_cny"] or 0.0 for e in drawn), default=0.0)
    label = f"{name}：{len(nodes)} 个环节，{len(drawn)} 条上下游关系"
    parts = [f'<svg class="chainmap" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">']
    parts += [f'<text x="{COLUMN_W * i}" y="18" class="place">{place}</text>' for i, place in enumerate(PLACES)]
    for edge in drawn:
        trade = edge["trade_wan_cny"] or 0.0
        thick = 1.4 + (12 * trade / most if most else 0.0)
        parts.append(
            f'<path d="{_link(at[edge["from_node_id"]], at[edge["to_node_id"]])}" stroke-width="{thick:.1f}"/>'
        )
    for node in nodes:
        x, y = at[node["node_id"]]
        told = f"本地 {node['local_enterprise_count']} 家　目标 {node['prospect_count']} 家"
        told += "　已饱和" if node["is_saturated"] else ""
        parts.append(
            f'<a href="/prospects?{urlencode({"node": node["node_id"]})}"><g class="gap-{GAPS.get(node["gap_class"], "other")}">'
            f'<rect x="{x}" y="{y}" width="{BOX_W}" height="{BOX_H}" rx="6"/><rect x="{x}" y="{y}" width="6" height="{BOX_H}" '
            f'class="edge"/><text x="{x + 14}" y="{y + 20}" class="node-name">{escape(node["gap_class"])}　'
            f'{escape(node["node_name"])}</text><text x="{x + 14}" y="{y + 39}">{told}</text></g></a>'
        )
    return Markup("".join([*parts, "</svg>"]))


def _link(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Give the path of a link: from right edge to left edge, around the right where both stand in one column or it runs back."""
    y1, y2 = start[1] + BOX_H / 2, end[1] + BOX_H / 2
    if end[0] > start[0]:
        x1, x2 = start[0] + BOX_W, end[0]
        middle = (x1 + x2) / 2
        return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
    x1, x2 = start[0] + BOX_W, end[0] + BOX_W
    bend = max(x1, x2) + BEND
    return f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}"


def _bar(name: str, value: str, x: float, width: float, kind: str, points: str, row: str = "") -> str:
    """One line: words as text of the page, so that they stay readable on a phone, and the bar as a drawing."""
    return (
        f'<li class="{row}"><span class="name">{escape(name)}<small>{escape(value)}</small></span>'
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="{x:.2f}" width="{width:.2f}" height="10" class="{kind}"/></svg>'
        f'<span class="points">{points}</span></li>'
    )


def progress(share: float | None) -> Markup:
    """Draw how much of a task is done; nothing where no task was set."""
    if share is None:
        return Markup("")
    width = 100 * min(max(share, 0.0), 1.0)
    return Markup(
        '<svg class="progress" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="100" height="6" class="task"/>'
        f'<rect width="{width:.1f}" height="6" class="done"/></svg>'
    )
