"""Branches find their parents by name, and later rows change nothing that was known before."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.moves import place_name, read_named_firms, tie_branches


def firms_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Firms as read from a register: name, day, place; oldest first, as `read_named_firms` gives them."""
    frame = pd.DataFrame(rows, columns=["written_name", "established_date", "place"])
    frame["established_date"] = pd.to_datetime(frame["established_date"])
    return frame.sort_values("established_date", kind="stable").reset_index(drop=True)


def ties_by_name(firms: pd.DataFrame) -> dict[str, tuple[str, str]]:
    ties, name = tie_branches(firms), firms["written_name"].to_numpy()
    return {
        name[b]: (name[f], str(np.datetime64(k, "D")))
        for f, b, k in zip(ties["firm"], ties["branch"], ties["known_date"], strict=True)
    }


def test_the_longest_registered_name_is_the_parent_and_the_topmost_counts() -> None:
    ties = ties_by_name(
        firms_of(
            ("久隆集团公司", "1990-01-01", "江苏徐州"),
            ("久隆集团公司建安有限公司", "1995-01-01", "江苏徐州"),
            ("久隆集团公司建安有限公司常熟分公司", "2001-05-01", "江苏苏州"),
            ("久隆集团公司连云港办事处", "2002-05-01", "江苏连云港"),
            ("久隆建材有限公司", "2002-06-01", "江苏徐州"),
        )
    )
    assert ties["久隆集团公司建安有限公司常熟分公司"] == ("久隆集团公司", "2001-05-01")
    assert ties["久隆集团公司连云港办事处"] == ("久隆集团公司", "2002-05-01")
    assert "久隆建材有限公司" not in ties and "久隆集团公司" not in ties


def test_a_parent_registered_later_makes_the_tie_known_later() -> None:
    branch = ("华安工程有限公司池州分公司", "1999-02-03", "安徽池州")
    assert ties_by_name(firms_of(branch)) == {}
    ties = ties_by_name(firms_of(branch, ("华安工程有限公司", "2001-01-08", "安徽合肥")))
    assert ties == {branch[0]: ("华安工程有限公司", "2001-01-08")}


PARTS = st.sampled_from(["甲乙丙丁公司", "戊己", "分公司", "东区", "一部"])
ROW = st.tuples(st.lists(PARTS, min_size=1, max_size=4).map("".join), st.integers(0, 40))


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=14, unique_by=lambda row: row[0]), st.integers(1, 40))
def test_rows_of_later_days_change_no_tie_known_before(rows: list[tuple[str, int]], cut: int) -> None:
    start = dt.date(2000, 1, 1)
    whole = [(name, str(start + dt.timedelta(days=day)), "山东青岛") for name, day in rows]
    day = str(start + dt.timedelta(days=cut))
    before = ties_by_name(firms_of(*(row for row in whole if row[1] < day)))
    after = {b: tie for b, tie in ties_by_name(firms_of(*whole)).items() if tie[1] < day}
    assert before == after


def test_a_landed_register_is_read_oldest_first_with_one_row_a_name(tmp_path: Path) -> None:
    names = ["青岛海川科技有限公司", "青岛海川科技有限公司", "青岛海川科技有限公司济南分公司", "无日期有限公司"]
    days = [dt.date(2003, 1, 1), dt.date(2001, 1, 1), dt.date(2002, 1, 1), None]
    table = pa.table(
        {
            "uscc": ["A" * 18, "B" * 18, "C" * 18, "D" * 18],
            "registration_no": pa.nulls(4, pa.string()),
            "enterprise_name": names,
            "established_date": pa.array(days, pa.date32()),
            "province_name": ["山东省", "山东", "山东", "山东"],
            "city_name": ["青岛市", "青岛", "济南", "青岛"],
            "registered_capital_wan_cny": [1.0, 2.0, None, 3.0],
            "registered_capital_currency": ["CNY", "CNY", None, "CNY"],
            "source_row": [1, 2, 3, 4],
        }
    )
    pq.write_table(table, tmp_path / "register.parquet")
    firms = read_named_firms(tmp_path / "register.parquet")
    assert firms["firm_id"].tolist() == ["B" * 18, "C" * 18]
    assert firms["place"].tolist() == ["山东青岛", "山东济南"]
    ties = tie_branches(firms)
    assert ties[["firm", "branch"]].to_numpy().tolist() == [[0, 1]]


def test_a_municipality_is_one_place() -> None:
    found = place_name(pd.Series(["上海市", "内蒙古自治区", "广西壮族自治区"]), pd.Series(["浦东", "包头市", "南宁"]))
    assert found.tolist() == ["上海", "内蒙古包头", "广西南宁"]
