"""How values are written on pages (写法): numbers, money, days, addresses.

Belongs here: filters of the templates. Does not belong here: what is shown.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment
from markupsafe import Markup

MISSING = "暂无"


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def money(value: float | None) -> str:
    """Write 万元, from 1 亿 on as 亿元.

    Examples
    --------
    >>> money(423.76), money(88000), money(None)
    ('424 万元', '8.8 亿元', '暂无')
    """
    if _is_missing(value) or value is None:
        return MISSING
    return f"{value / 10_000:,.4g} 亿元" if abs(value) >= 10_000 else f"{value:,.0f} 万元"


def between(low: float | None, high: float | None) -> str:
    """Write a range with its unit once, where both ends have the same.

    Examples
    --------
    >>> between(60, 240), between(8000, 20000), between(None, 3)
    ('60–240 万元', '8,000 万元–2 亿元', '暂无')
    """
    first, last = money(low), money(high)
    if MISSING in (first, last):
        return MISSING
    unit = last[last.index(" ") :]
    return f"{first.removesuffix(unit)}–{last}"


def share(value: float | None) -> str:
    """Write a share of 0 to 1 as per cent."""
    return MISSING if _is_missing(value) or value is None else f"{value:.0%}"


def shown(value: Any, kind: str) -> str:
    """Write a cell of a board by its kind; missing is 暂无, never 0."""
    if _is_missing(value):
        return MISSING
    if isinstance(value, bool):
        return "是" if value else "否"
    if kind == "money":
        return money(float(value))
    if kind == "pct":
        return f"{float(value):,.1f}%"
    if kind == "score":
        return f"{float(value):.1f}"
    if kind == "count":
        return f"{int(value):,}"
    if kind == "number":
        # Never 1e+06, and no separators: years are numbers too.
        return f"{float(value):.4f}".rstrip("0").rstrip(".")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def signed(value: float) -> str:
    """Write points with their sign."""
    return f"{value:+.1f}"


def moment(value: dt.datetime) -> str:
    """Write a moment in the office's time."""
    return value.astimezone(dt.timezone(dt.timedelta(hours=8))).strftime("%m-%d %H:%M")


def install(environment: Environment, versions: Mapping[str, str]) -> None:
    """Give templates their filters and the addresses of static files."""
    environment.autoescape = True
    environment.filters |= {"money": money, "share": share, "signed": signed, "moment": moment, "shown": shown}
    environment.filters["query"] = lambda values: Markup(urlencode({k: v for k, v in values.items() if v}))
    environment.globals["between"] = between
    environment.globals["static"] = lambda name: f"/static/{name}?v={versions[name]}"
    environment.trim_blocks = environment.lstrip_blocks = True
