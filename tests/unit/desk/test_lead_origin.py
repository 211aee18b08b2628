"""Where a lead comes from, as its page says it."""

from __future__ import annotations

from typing import Any, cast

from desk.listing import PublishedList
from desk.pages.lead import origin
from publishing.figures import Reading


class OneLead:
    """A list that knows one lead's ledger row, or is older than that table."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def about(self, lead_id: str, reading: Reading) -> list[dict[str, Any]]:
        assert reading.board == "lead_standing"
        return [row for row in self.rows if row["lead_id"] == lead_id]


def told(rows: list[dict[str, Any]]) -> dict[str, str]:
    return dict(origin(cast(PublishedList, OneLead(rows)), "L1"))


def test_source_recommender_file_and_row_are_told() -> None:
    row = {
        "lead_id": "L1", "lead_source": "委托招商", "introduced_by": None, "agency_name": "代招公司", "agency_contract_no": "HT1",
        "origin_name": "江苏苏州", "event_id": None, "source_file": "线索台账.xlsx", "source_sheet": "一季度", "source_row": 12,
    }  # fmt: skip
    assert told([row]) == {
        "来源": "委托招商", "推荐单位": "代招公司（合同 HT1）", "来源地": "江苏苏州", "活动编号": "暂无",
        "文件、表、行": "线索台账.xlsx　一季度　第 12 行",
    }  # fmt: skip
    both = told([row | {"introduced_by": "本地甲公司", "agency_contract_no": None, "source_row": None}])
    assert both["推荐单位"] == "本地甲公司、代招公司" and both["文件、表、行"] == "线索台账.xlsx　一季度"


def test_an_older_list_tells_nothing() -> None:
    assert told([]) == {}
