"""Projects after signing as every document lists them (签约后在跟进的项目): their order, their lights, where a light comes from.

Belongs here: what the wall chart, the pack and the page of a project share about brd_follow_up__status. Does not belong here: what
is red (dbt_project/models/boards/follow_up), the look of a document.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import pandas as pd

LIGHTS: Final = ("红", "黄", "绿")
LIGHTS_NOTE: Final = "红黄灯按 traffic_lights.csv 中当日适用的规则，依据列在表中；标“未核实”的规则待主管部门确认。"


def count_lights(projects: pd.DataFrame) -> dict[str, int]:
    """Return how many projects have each light; the order is that of `LIGHTS`."""
    return {light: int((projects["light"] == light).sum()) for light in LIGHTS}


def most_pressing_first(projects: pd.DataFrame) -> pd.DataFrame:
    """Return the projects red first, then the largest; an investment that nobody wrote down comes last."""
    places = projects["light"].map({light: place for place, light in enumerate(LIGHTS)})
    return (
        projects.assign(place=places)
        .sort_values(["place", "investment_wan_cny", "lead_id"], ascending=[True, False, True], kind="stable")
        .drop(columns="place")
    )


def day_of(value: Any) -> dt.date | None:
    """Return a day as exported, or None where there is none."""
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()
