"""首报首谈: who owns a lead, who is refused, when protection lapses, who keeps the credit."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from models.ownership import first_reports

DAY = dt.date(2026, 1, 1)


def after(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


def judged(
    *leads: tuple[str, str | None, str | None, str, dt.date],
    progress: list[tuple[str, dt.date]] | None = None,
    transfers: list[tuple[str, str, dt.date]] | None = None,
) -> dict[str, dict[str, object]]:
    columns = ("lead_id", "enterprise_id", "project_key", "unit_name", "reported_date")
    rows = pa.Table.from_pylist([dict(zip(columns, lead, strict=True)) for lead in leads])
    moves = pa.table({"lead_id": [p[0] for p in progress or []], "progress_date": [p[1] for p in progress or []]})
    handed = pa.table(
        {
            "lead_id": [t[0] for t in transfers or []],
            "to_unit": [t[1] for t in transfers or []],
            "transfer_date": [t[2] for t in transfers or []],
        }
    )
    return {line["lead_id"]: line for line in first_reports(rows, moves, handed, protection_days=90).to_pylist()}


def test_the_first_owns_and_the_later_is_refused_with_the_owner_named() -> None:
    found = judged(("b", "QY1", "某项目", "乙镇", after(90)), ("a", "QY1", "某项目", "甲镇", DAY))
    assert found["a"]["verdict"] == "首报有效" and found["a"]["owner_unit"] == found["a"]["credit_unit"] == "甲镇"
    assert (found["b"]["verdict"], found["b"]["owner_lead_id"], found["b"]["owner_unit"]) == ("拒绝", "a", "甲镇")
    assert "甲镇" in str(found["b"]["why"]) and found["b"]["protected_until_date"] == after(90)


def test_protection_lapses_without_progress_and_progress_renews_it() -> None:
    leads = (("a", "QY1", "项目", "甲镇", DAY), ("b", "QY1", "项目", "乙镇", after(91)))
    assert judged(*leads)["b"]["verdict"] == "保护期满后接手"
    assert judged(*leads, progress=[("a", after(50))])["b"]["verdict"] == "拒绝"
    # What became known later does not count on the day of the report.
    assert judged(*leads, progress=[("a", after(92))])["b"]["verdict"] == "保护期满后接手"


def test_a_transfer_changes_who_works_not_who_has_the_credit() -> None:
    found = judged(
        ("a", "QY1", "项目", "甲镇", DAY),
        ("b", "QY1", "项目", "乙镇", after(40)),
        transfers=[("a", "丙街道", after(30))],
    )
    assert (found["a"]["owner_unit"], found["a"]["credit_unit"]) == ("丙街道", "甲镇")
    assert (found["b"]["verdict"], found["b"]["owner_unit"], found["b"]["credit_unit"]) == ("拒绝", "丙街道", "甲镇")


def test_other_projects_and_enterprises_do_not_meet() -> None:
    found = judged(
        ("a", "QY1", "项目一", "甲镇", DAY), ("b", "QY1", "项目二", "乙镇", DAY), ("c", "QY2", "项目一", "乙镇", DAY)
    )
    assert {line["verdict"] for line in found.values()} == {"首报有效"}


def test_a_report_without_enterprise_owns_nothing() -> None:
    found = judged(("a", None, "项目", "甲镇", DAY), ("b", "QY1", "项目", "乙镇", after(1)))
    assert (found["a"]["verdict"], found["b"]["verdict"]) == ("无效", "首报有效")


def test_the_order_of_rows_does_not_matter_and_a_negative_protection_is_refused() -> None:
    leads = [(name, "QY1", "项目", f"{name}镇", DAY) for name in "cab"]
    assert judged(*leads) == judged(*reversed(leads))
    assert [line["lead_id"] for line in judged(*leads).values() if line["verdict"] == "首报有效"] == ["a"]
    with pytest.raises(ValueError, match="negative"):
        first_reports(pa.table({"lead_id": []}), pa.table({"lead_id": []}), pa.table({"lead_id": []}), -1)
