"""Charts as SVG drawn on the server (图): bars of reasons that add up, funnel, arrears, trend, forecast, cohorts, towns beside streets, a chain.

Belongs here: geometry and accessible text. Does not belong here: numbers (listing.py, boards), colours (charts.css),
pictures for Word (documents/pictures.py).

No script and no library: a bar is a rectangle with attributes, which the content policy allows and a phone draws at once
(docs/decisions/0020). A chart of bars is worked out once: `as_list` is for the page, `as_drawing` for paper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup, escape

COLOURS: Final = Path(__file__).with_name("charts.css")


@dataclass(frozen=True)
class Bar:
    """One line of a chart of bars: its name, a note below, the bar from `start` over `width` (of 100), its look, and the figure."""

    name: str
    note: str
    width: float
    kind: str
    figure: str
    start: float = 0.0
    line: str = ""


def as_list(bars: Sequence[Bar], label: str, look: str = "") -> Markup:
    """Draw bars for the page: words are text of the page, so that they stay readable on a phone."""
    parts = [f'<ol class="{f"bars {look}".strip()}" aria-label="{escape(label)}">']
    for bar in bars:
        parts.append(
            f'<li class="{bar.line}"><span class="name">{escape(bar.name)}<small>{escape(bar.note)}</small></span>'
            '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect x="{bar.start:.2f}" width="{max(bar.width, 0.6):.2f}" height="10" class="{bar.kind}"/></svg>'
            f'<span class="points">{escape(bar.figure)}</span></li>'
        )
    return Markup("".join([*parts, "</ol>"]))


def as_drawing(bars: Sequence[Bar], label: str) -> Markup:
    """Draw the same bars as one picture for paper, words and all."""
    high, names, span, figures = 34, 210, 330, 100
    size = f"0 0 {names + span + figures} {high * len(bars)}"
    parts = [f'<svg class="drawing" viewBox="{size}" role="img" aria-label="{escape(label)}">']
    for line, bar in enumerate(bars):
        y, x = high * line, names + span * bar.start / 100
        parts.append(f'<text x="0" y="{y + 15}">{escape(bar.name)}</text>')
        parts.append(f'<text x="0" y="{y + 29}" class="note">{escape(bar.note)}</text>')
        parts.append(f'<rect x="{names}" y="{y + 7}" width="{span}" height="18" class="ground"/>')
        width = span * max(bar.width, 0.6) / 100
        parts.append(f'<rect x="{x:.1f}" y="{y + 7}" width="{width:.1f}" height="18" class="{bar.kind}"/>')
        parts.append(f'<text x="{names + span + figures - 6}" y="{y + 21}" class="end">{escape(bar.figure)}</text>')
    return Markup("".join([*parts, "</svg>"]))


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
    bars = [
        Bar(
            name, value, abs(points) * scale, part if points >= 0 else f"{part} minus", f"{points:+.1f}",
            (min(start, start + points) - low) * scale,
        )
        for (name, value, points, part), start in zip(steps, ends, strict=False)
    ]  # fmt: skip
    bars.append(Bar("总分", "", score * scale, "score", f"{score:.1f}", -low * scale, "total"))
    return as_list(bars, f"理由分解：{len(steps)} 项相加等于 {score:.1f} 分")


def funnel_bars(rows: Sequence[Mapping[str, Any]], column: str = "at_least_count") -> list[Bar]:
    """Give the stages, each as long as its leads, with the share of the stage before as the board has it."""
    top = max((int(r[column]) for r in rows), default=0) or 1
    bars: list[Bar] = []
    for found in rows:
        count, share = int(found[column]), found["from_previous_pct"]
        step = "" if share is None or share != share else f"上一阶段的 {share:.0f}%"
        bars.append(Bar(str(found["stage"]), step, 100 * count / top, "stage", f"{count:,}"))
    return bars


def funnel(rows: Sequence[Mapping[str, Any]], column: str = "at_least_count") -> Markup:
    """Draw the stages of the funnel."""
    return as_list(funnel_bars(rows, column), "阶段漏斗", "funnel")


def slices(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw the funnel of one slice; several at once are not one funnel."""
    named = {(r["slice_kind"], r["slice_name"]) for r in rows}
    return funnel(rows, "at_least_count") if len(named) == 1 else Markup("")


def arrears_bars(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Give units that are behind the time (欠账), each with how much of its task is done; the furthest behind first."""
    return [
        Bar(
            str(r["unit_name"]),
            f"{r['indicator']}：{r['done_text']} / {r['target_text']}",
            min(max(float(r["completion_pct"] or 0), 0), 100),
            "behind-bar",
            f"欠 {r['arrears_value']:.2f}".rstrip("0").rstrip("."),
        )
        for r in sorted(rows, key=lambda r: (r["completion_pct"] or 0, -r["arrears_value"], r["unit_name"]))
    ]


def cohorts(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw cohorts by month of signing: a cell for each horizon, darker with the share started, grey while it is young."""
    if len({(r["slice_kind"], r["slice_name"]) for r in rows}) != 1:
        return Markup("")
    horizons = sorted({int(r["horizon_months"]) for r in rows})
    cells = {(r["signed_month_date"], int(r["horizon_months"])): r for r in rows}
    lines = []
    for month in sorted({r["signed_month_date"] for r in rows}, reverse=True)[:24]:
        own = [cells.get((month, h)) for h in horizons]
        signed = max(int(cell["signed_count"]) for cell in own if cell is not None)
        shares = [None if cell is None else (cell["started_within_pct"],) for cell in own]
        lines.append((f"{month:%Y-%m}　签约 {signed}", shares))
    return triangle([f"{h} 个月内开工" for h in horizons], lines, "签约批次转开工，按签约月和观察期")


def triangle(
    heads: Sequence[str], lines: Sequence[tuple[str, Sequence[tuple[float | None] | None]]], label: str
) -> Markup:
    """Draw a triangle of cohorts: a line each, a cell a horizon holding (share in %,), (None,) while too young, None where there is none."""
    width, height, left, top = 96, 26, 150, 28
    size = f"{left + width * len(heads)} {top + height * len(lines)}"
    parts = [f'<svg class="cohorts" viewBox="0 0 {size}" role="img" aria-label="{escape(label)}">']
    for at, head in enumerate(heads):
        parts.append(f'<text x="{left + width * (at + 0.5)}" y="18" class="middle">{escape(head)}</text>')
    for line, (name, cells) in enumerate(lines):
        y = top + height * line
        parts.append(f'<text x="0" y="{y + 17}">{escape(name)}</text>')
        for at, cell in enumerate(cells):
            if cell is None:
                continue
            (share,), x = cell, left + width * at
            look = 'class="young"' if share is None else f'class="share" fill-opacity="{0.08 + 0.8 * share / 100:.2f}"'
            words = "未满" if share is None else f"{share:.0f}%"
            tone = "middle light" if (share or 0) > 55 else "middle"
            parts.append(f'<rect x="{x + 1}" y="{y + 1}" width="{width - 2}" height="{height - 2}" {look}/>')
            parts.append(f'<text x="{x + width / 2}" y="{y + 17}" class="{tone}">{words}</text>')
    return Markup("".join([*parts, "</svg>"]))


def trend(months: Sequence[str], series: Mapping[str, Sequence[float]], label: str) -> Markup:
    """Draw counts by month as columns side by side, each with its figure; at most three series, in the colours of the funnel."""
    width, left, high, top = 46, 8, 120, 44
    tallest = max((value for values in series.values() for value in values), default=0) or 1
    size = f"{left * 2 + width * len(months)} {top + high + 24}"
    parts = [f'<svg class="drawing" viewBox="0 0 {size}" role="img" aria-label="{escape(label)}">']
    for place, (name, look) in enumerate(zip(series, ("stage", "fit", "tax"), strict=False)):
        parts.append(f'<rect x="{left + 120 * place}" y="4" width="12" height="12" class="{look}"/>')
        parts.append(f'<text x="{left + 120 * place + 18}" y="15" class="note">{escape(name)}</text>')
        thick = (width - 8) / len(series)
        for at, value in enumerate(series[name]):
            tall = high * value / tallest
            x, y = left + width * at + 2 + thick * place, top + high - tall
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{thick - 1:.1f}" height="{tall:.1f}" class="{look}"/>')
            if value:
                parts.append(f'<text x="{x + thick / 2:.1f}" y="{y - 3:.1f}" class="middle note">{value:g}</text>')
    for at, month in enumerate(months):
        parts.append(
            f'<text x="{left + width * (at + 0.5) - 2}" y="{top + high + 18}" class="middle note">{escape(month)}</text>'
        )
    return Markup("".join([*parts, "</svg>"]))


def foretold(rows: Sequence[Mapping[str, Any]], measure: str = "count") -> Markup:
    """Draw what was told of each month beside what came (预测与实际): past months as told on their first day, then the running one and those ahead.

    `rows` are those of the record of forecasts (brd_funnel__signing_record); `measure` is "count" (个) or "wan_cny" (drawn in 亿元).
    A band from the lower to the upper bound, a line at what was expected, a dot at what came; a month without a forecast has none.
    """
    told = max((r["told_date"] for r in rows), default=None)
    past = sorted((r for r in rows if r["months_ahead"] == 1 and r["is_over"]), key=lambda r: r["month_date"])[-8:]
    shown = [*past, *sorted((r for r in rows if r["told_date"] == told), key=lambda r: r["month_date"])]
    scale = 1 if measure == "count" else 1 / 10000

    def number(row: Mapping[str, Any], name: str) -> float | None:
        value = row.get(f"{name}_{measure}")
        return None if value is None or value != value else float(value) * scale

    def figure(row: Mapping[str, Any], name: str) -> float | None:
        # The month that runs is drawn as it is foretold on the day: what is known, and the rest of it.
        if name != "came" and row["months_ahead"] == 1 and not row["is_over"]:
            known, rest = number(row, "known"), number(row, "rest")
            if known is not None and rest is not None:
                return known + rest if name == "expected" else number(row, f"running_{name}")
        return number(row, name)

    width, left, high, top = 46, 8, 130, 44
    names = ("high", "expected", "came")
    tallest = max((v for r in shown for n in names if (v := figure(r, n)) is not None), default=0) or 1
    words = "签约个数" if measure == "count" else "签约金额（亿元）"
    size = f"{left * 2 + width * len(shown)} {top + high + 24}"
    parts = [f'<svg class="drawing" viewBox="0 0 {size}" role="img" aria-label="{words}：预测与实际">']
    for at, (look, text) in enumerate([("band", "预测区间"), ("expected", "预计"), ("came", "实际（当月为已有）")]):
        x = left + 96 * at
        shape = (
            f'<circle cx="{x + 6}" cy="10" r="4.5" class="came"/>'
            if look == "came"
            else f'<rect x="{x}" y="{4 if look == "band" else 9}" width="12" height="{12 if look == "band" else 3}" class="{look}"/>'
        )
        parts.append(f'{shape}<text x="{x + 18}" y="15" class="note">{text}</text>')

    def height(value: float) -> float:
        return top + high * (1 - value / tallest)

    for at, row in enumerate(shown):
        x, middle = left + width * at, left + width * (at + 0.5)
        low, upper, expected, came = (figure(row, n) for n in ("low", "high", "expected", "came"))
        if low is not None and upper is not None:
            y = height(upper)
            parts.append(
                f'<rect x="{x + 8}" y="{y:.1f}" width="{width - 16}" height="{max(height(low) - y, 1):.1f}" class="band"/>'
            )
        if expected is not None:
            parts.append(
                f'<rect x="{x + 8}" y="{height(expected) - 1.5:.1f}" width="{width - 16}" height="3" class="expected"/>'
            )
        if came is not None:
            parts.append(f'<circle cx="{middle}" cy="{height(came):.1f}" r="4.5" class="came"/>')
        told_figure = came if row["is_over"] else expected
        if told_figure is not None:
            ends = [v for v in (upper, expected, came) if v is not None]
            text = f"{told_figure:.1f}".removesuffix(".0")
            parts.append(f'<text x="{middle}" y="{height(max(ends)) - 7:.1f}" class="middle note">{text}</text>')
        month = row["month_date"]
        name = f"{month.year}年" if month.month == 1 else f"{month.month}月"
        parts.append(f'<text x="{middle}" y="{top + high + 18}" class="middle note">{name}</text>')
    return Markup("".join([*parts, "</svg>"]))


def balance_bars(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Give the medians of towns and streets (镇街对照) of the latest year, each indicator on its own scale."""
    latest = max((r["target_year"] for r in rows), default=None)
    bars = []
    for found in (r for r in rows if r["target_year"] == latest):
        both = {"镇": found["town_median"], "街道": found["street_median"]}
        known = {side: None if v is None or v != v else float(v) for side, v in both.items()}
        top = max((v for v in known.values() if v is not None), default=0) or 1
        for kind, (side, value) in zip(("town", "street"), known.items(), strict=True):
            words = "暂无" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
            note = f"{side}中位数（{found['measure']}）"
            bars.append(Bar(str(found["indicator"]), note, 100 * (value or 0) / top, kind, words))
    return bars


def balance(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw the medians of towns and streets side by side."""
    latest = max((r["target_year"] for r in rows), default=None)
    return as_list(balance_bars(rows), f"{latest} 年镇、街道中位数", "balance")


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
