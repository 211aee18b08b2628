"""Charts as SVG drawn on the server (图): bars of reasons that add up, the funnel, progress.

Belongs here: geometry and accessible text. Does not belong here: numbers (listing.py, boards), colours (static/desk.css).

No script and no library: a bar is a rectangle with attributes, which the content policy allows and a phone draws at once
(docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

WIDTH = 640


def reason_bars(reasons: Sequence[Mapping[str, Any]], score: float) -> Markup:
    """Draw every reason as a step from the one before: the last step ends at the score."""
    bases = [r for r in reasons if r["term"] == "base"]
    steps: list[tuple[str, str, float, str]] = []
    base = sum(float(r["points"]) for r in bases)
    steps.append(("基准", "三项基准分之和", base, "base"))
    for reason in sorted((r for r in reasons if r["term"] != "base"), key=lambda r: -abs(r["points"])):
        steps.append((reason["label"], reason["value"] or "暂无", float(reason["points"]), reason["part"]))
    low = high = at = 0.0
    for _, _, points, _ in steps:
        at += points
        low, high = min(low, at), max(high, at)
    scale = (WIDTH - 330) / max(high - low, 1e-9)
    row, left = 30, 236
    height = row * (len(steps) + 1) + 6
    label = f"理由分解：{len(steps)} 项相加等于 {score:.1f} 分"
    parts = [f'<svg class="bars" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">']
    at = 0.0
    for number, (name, value, points, part) in enumerate(steps):
        y = number * row + 4
        start = left + (min(at, at + points) - low) * scale
        width = max(abs(points) * scale, 1.0)
        kind = part if points >= 0 else f"{part} minus"
        parts.append(f'<text x="0" y="{y + 13}" class="name">{escape(_short(name, 15))}</text>')
        parts.append(f'<text x="0" y="{y + 25}" class="value">{escape(_short(value, 19))}</text>')
        parts.append(f'<rect x="{start:.1f}" y="{y + 4}" width="{width:.1f}" height="16" rx="2" class="{kind}"/>')
        edge = start + width + 6
        parts.append(f'<text x="{edge:.1f}" y="{y + 17}" class="points">{points:+.1f}</text>')
        at += points
        x = left + (at - low) * scale
        parts.append(f'<line x1="{x:.1f}" y1="{y + 20}" x2="{x:.1f}" y2="{y + row + 4}" class="join"/>')
    y = len(steps) * row + 4
    parts.append(f'<text x="0" y="{y + 17}" class="name total">总分</text>')
    start, width = left + (0 - low) * scale, max(score * scale, 1.0)
    parts.append(f'<rect x="{start:.1f}" y="{y + 4}" width="{width:.1f}" height="16" rx="2" class="score"/>')
    parts.append(f'<text x="{start + width + 6:.1f}" y="{y + 17}" class="points total">{score:.1f}</text></svg>')
    return Markup("".join(parts))


def funnel(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw the stages as bars, each as long as its leads, with the share of the first."""
    top = max((int(r["at_least_lead_count"]) for r in rows), default=0) or 1
    row, left, width = 40, 60, WIDTH - 200
    parts = [f'<svg class="funnel" viewBox="0 0 {WIDTH} {row * len(rows) + 4}" role="img" aria-label="阶段漏斗">']
    before: int | None = None
    for number, found in enumerate(rows):
        y, count = number * row, int(found["at_least_lead_count"])
        size = max(width * count / top, 1.0)
        step = f"　上一阶段的 {count / before:.0%}" if before else ""
        parts.append(f'<text x="0" y="{y + 24}" class="name">{escape(str(found["stage"]))}</text>')
        parts.append(f'<rect x="{left}" y="{y + 6}" width="{size:.1f}" height="26" rx="3" class="stage"/>')
        parts.append(f'<text x="{left + size + 8:.1f}" y="{y + 24}" class="points">{count:,}{step}</text>')
        before = count
    return Markup("".join([*parts, "</svg>"]))


def progress(share: float | None) -> Markup:
    """Draw how much of a task is done; nothing where no task was set."""
    if share is None:
        return Markup("")
    width = 100 * min(max(share, 0.0), 1.0)
    return Markup(
        '<svg class="progress" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="100" height="6" rx="3" class="task"/>'
        f'<rect width="{width:.1f}" height="6" rx="3" class="done"/></svg>'
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
