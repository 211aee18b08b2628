"""Projects after signing as every document lists them (签约后在跟进的项目): their order, their lights, where a light comes from.

Belongs here: what the wall chart, the pack and the page of a project share about brd_follow_up__status. Does not belong here: what
is red (dbt_project/models/boards/follow_up), the look of a document.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import pandas as pd

from publishing.figures import Shown, shown

LIGHTS: Final = ("红", "黄", "绿")
LIGHTS_NOTE: Final = "红黄灯按 traffic_lights.csv 中当日适用的规则，依据列在表中；标“未核实”的规则待主管部门确认。"


@dataclass(frozen=True)
class LightCounts:
    """How many projects stand in each light, as brd_follow_up__lights counts them; `by_light` in the order of `LIGHTS`."""

    SHOWN: ClassVar[tuple[Shown, ...]] = (
        shown("在跟进签约项目", "project_count"),
        shown("红灯", "red_count"),
        shown("黄灯", "yellow_count"),
        shown("绿灯", "green_count"),
    )
    KEYS: ClassVar[tuple[str, ...]] = ("slice_kind", "slice_name")

    total: int
    by_light: tuple[int, int, int]

    @classmethod
    def of_row(cls, row: Mapping[Any, Any]) -> LightCounts:
        """Return the counts of a row of the board."""
        total, red, yellow, green = (int(figure.cell(row)) for figure in cls.SHOWN)
        return cls(total, (red, yellow, green))

    @classmethod
    def of_district(cls, board: pd.DataFrame) -> LightCounts:
        """Return the counts of the whole district."""
        return cls.of_row(board[board["slice_kind"] == "全区"].to_dict("records")[0])

    @classmethod
    def of_units(cls, board: pd.DataFrame) -> list[tuple[str, LightCounts]]:
        """Return the counts of each unit, most red first."""
        units = board[board["slice_kind"] == "责任单位"]
        order = ["red_count", "yellow_count", "slice_name"]
        ordered = units.sort_values(order, ascending=[False, False, True], kind="stable").to_dict("records")
        return [(str(row["slice_name"]), cls.of_row(row)) for row in ordered]

    @property
    def words(self) -> str:
        """Return the three counts in words."""
        return "、".join(f"{light}灯 {count}" for light, count in zip(LIGHTS, self.by_light, strict=True))


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
