"""Charts as SVG drawn on the server (图): bars of reasons that add up, the funnel, progress.

Belongs here: geometry and accessible text. Does not belong here: numbers (listing.py, boards), colours (static/desk.css).

No script and no library: a bar is a rectangle with attributes, which the content policy allows and a phone draws at once
(docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


def funnel(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw the stages as bars, each as long as its leads, with the share of the stage before."""
    top = max((int(r["at_least_lead_count"]) for r in rows), default=0) or 1
    parts = ['<ol class="bars funnel" aria-label="阶段漏斗">']
    before: int | None = None
    for found in rows:
        count = int(found["at_least_lead_count"])
        step = f"上一阶段的 {count / before:.0%}" if before else ""
        width = max(100 * count / top, 0.6)
        parts.append(_bar(str(found["stage"]), step, 0.0, width, "stage", f"{count:,}"))
        before = count
    return Markup("".join([*parts, "</ol>"]))


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
