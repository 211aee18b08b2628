"""The bulletin and the wall chart: figures worked by hand, GB/T 9704 in the XML, the same bytes again, refusals."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from publishing import charts
from publishing.documents import (
    BulletinFigures,
    Quarter,
    chart_content,
    quarter_figures,
    write_bulletin,
    write_wall_chart,
)
from publishing.documents.dispatch import _span
from publishing.documents.pictures import pictures

DAY = dt.date


LATER = DAY(2026, 6, 30)
OF_BULLETIN = ("新增线索数", "新签约项目数", "新开工项目数", "跟进次数")


def running(
    slice_name: str, quarter: tuple[int, ...], months: dict[DAY, tuple[int, int]] | None = None
) -> list[dict[str, object]]:
    """Rows of brd_unit__running of March 2026 with the quarter's figures, and of other months what was signed and started."""
    kind = "全区" if slice_name == "全区" else "责任单位"
    row = {"slice_kind": kind, "slice_name": slice_name, "month_value": 0.0, "as_of_date": LATER}
    found = [
        row | {"indicator": indicator, "month_date": DAY(2026, 3, 1), "quarter_value": float(value)}
        for indicator, value in zip(OF_BULLETIN, quarter, strict=True)
    ]
    for month, counts in (months or {}).items():
        for indicator, count in zip(OF_BULLETIN[1:3], counts, strict=True):
            of_month = {"indicator": indicator, "month_date": month, "month_value": float(count)}
            if month == DAY(2026, 3, 1):
                next(r for r in found if r["indicator"] == indicator)["month_value"] = float(count)
            else:
                found.append(row | {"quarter_value": 0.0} | of_month)
    return found


def total(indicator: str, *figures: float | None) -> dict[str, object]:
    names = ("quarter_value", "before_value", "last_year_value", "year_value", "target_value", "completion_pct")
    key = {"quarter_date": DAY(2026, 1, 1), "indicator": indicator, "as_of_date": LATER}
    return key | dict(zip(names, figures, strict=True))


def place(
    unit: str, kind: str, done: float, task: float | None, rate: float | None, rank: float | None
) -> dict[str, object]:
    row = {"unit_name": unit, "unit_type": kind, "indicator": "新开工项目数", "month_date": DAY(2026, 3, 1)}
    return row | {"year_value": done, "target_value": task, "completion_pct": rate, "completion_rank": rank}


def cohort(quarter: DAY, signed: int, *within: tuple[int, float | None]) -> list[dict[str, object]]:
    row = {"slice_kind": "全区", "signed_quarter_date": quarter, "signed_count": signed}
    return [
        row | {"horizon_months": months, "started_within_count": count, "started_within_pct": share}
        for months, (count, share) in zip((3, 6, 12), within, strict=True)
    ]


FRAMES = {
    "brd_task__quarters": pd.DataFrame(
        [
            total("新增线索数", 6, 2, 1, 6, 40, 15.0),
            total("新签约项目数", 2, 1, None, 2, None, None),
            total("新开工项目数", 4, 0, 0, 4, 8, 50.0),
        ]
    ),
    "brd_unit__ranks": pd.DataFrame(
        [
            place("甲镇", "镇", 2, 4, 50.0, 1),
            place("乙镇", "镇", 2, 4, 50.0, 1),
            place("丙镇", "镇", 0, None, None, None),
            place("东街道", "街道", 0, 0, None, None),
        ]
    ),
    "brd_unit__running": pd.DataFrame(
        running(
            "全区", (6, 2, 4, 10),
            {DAY(2025, 12, 1): (1, 0), DAY(2026, 1, 1): (1, 1), DAY(2026, 2, 1): (1, 2), DAY(2026, 3, 1): (0, 1)},
        )
        + running("甲镇", (4, 1, 2, 4)) + running("乙镇", (2, 1, 2, 1)) + running("丙镇", (0, 0, 0, 0))
        + running("东街道", (0, 0, 0, 5))
    ),
    "brd_funnel__quarter_cohorts": pd.DataFrame(
        cohort(DAY(2025, 1, 1), 2, (1, 50.0), (2, 100.0), (2, 100.0))
        + cohort(DAY(2025, 10, 1), 1, (0, 0.0), (0, None), (0, None))
        + cohort(DAY(2026, 1, 1), 1, (1, None), (1, None), (1, None))
        + cohort(DAY(2026, 4, 1), 1, (0, None), (0, None), (0, None))
    ),
}  # fmt: skip


def figures(known_until: dt.date = LATER, year: int = 2026) -> BulletinFigures:
    frames = {**FRAMES, "brd_task__quarters": FRAMES["brd_task__quarters"].assign(as_of_date=known_until)}
    return quarter_figures(Quarter(year, 1), known_until, frames, is_synthetic=True)


def test_totals_are_of_the_quarter_and_beside_the_task() -> None:
    rows = figures().totals.set_index("指标").to_dict("index")
    assert rows["新增线索数"] == {
        "本季": 6, "上季": 2, "去年同季": 1, "年初至季末": 6, "全年任务": "40", "完成率": "15.0%",
    }  # fmt: skip
    assert rows["新签约项目数"]["全年任务"] == "未下达" and rows["新签约项目数"]["完成率"] == "暂无"
    assert rows["新开工项目数"]["本季"] == 4 and rows["新开工项目数"]["完成率"] == "50.0%"


def test_ranks_are_among_units_of_a_kind_ties_share_and_no_task_is_not_ranked() -> None:
    towns = figures().standings["镇"].set_index("单位")
    assert towns["名次"].to_dict() == {"甲镇": "1", "乙镇": "1", "丙镇": "—"}
    assert towns.loc["丙镇", ["全年任务", "完成率"]].tolist() == ["未下达", "暂无"]
    street = figures().standings["街道"].iloc[0]
    assert (street["名次"], street["全年任务"], street["完成率"]) == ("—", "0", "暂无")  # no rate over nothing
    assert figures().silent == ["丙镇"]


def test_cohorts_too_young_are_not_failures() -> None:
    rows = figures().cohorts.set_index("签约季度").to_dict("index")
    assert rows["2025Q1"] == {
        "签约数": 2,
        "3个月内开工": "1（50%）",
        "6个月内开工": "2（100%）",
        "12个月内开工": "2（100%）",
    }
    assert rows["2025Q4"] == {"签约数": 1, "3个月内开工": "0（0%）", "6个月内开工": "未到期", "12个月内开工": "未到期"}
    assert set(rows) == {"2025Q1", "2025Q4", "2026Q1"}  # the signing of April is of another quarter


def test_a_quarter_that_is_not_over_or_not_covered_is_refused() -> None:
    with pytest.raises(ValueError, match="要到 2026-03-31 才结束"):
        figures(DAY(2026, 3, 30))
    with pytest.raises(ValueError, match="月度数据不覆盖2024年第一季度"):
        figures(year=2024)
    with pytest.raises(ValueError, match="截至日与清单"):
        quarter_figures(Quarter(2026, 1), DAY(2026, 7, 1), FRAMES)
    with pytest.raises(ValueError, match="不是季度"):
        Quarter.parse("2026年1季度")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_quarters_meet(number: int) -> None:
    quarter = Quarter(2024, number)
    assert Quarter.of(quarter.first_day) == Quarter.of(quarter.end - dt.timedelta(days=1)) == quarter
    assert Quarter.of(quarter.end) > quarter and Quarter.parse(str(quarter)) == quarter


def test_the_bulletin_is_on_the_page_of_gbt_9704_and_made_again_the_same(tmp_path: Path) -> None:
    word, excel = write_bulletin(tmp_path / "一", figures(), tmp_path / "模板.docx")
    again = write_bulletin(tmp_path / "二", figures(), tmp_path / "模板二.docx")
    assert [word.read_bytes(), excel.read_bytes()] == [path.read_bytes() for path in again]
    document = Document(str(word))
    page = document.sections[0]
    margins = (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)
    assert [round(margin.mm) for margin in margins] == [37, 35, 28, 26]
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (210, 297)
    body = document.styles["Normal"]
    assert body.font.size.pt == 16 and body.paragraph_format.line_spacing.pt == pytest.approx(28.95, abs=0.1)
    styles = zipfile.ZipFile(word).read("word/styles.xml").decode()
    for font in ("仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312"):
        assert f'w:eastAsia="{font}"' in styles
    text = "\n".join(p.text for p in document.paragraphs)
    assert "2026年第一季度招商引资工作通报" in text and "合成数据" in text and "丙镇" in text
    cells = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert cells[1] == ["新增线索数", "6", "2", "1", "6", "40", "15.0%"] and len(cells) == 4
    assert len(document.inline_shapes) == 2 and "图1  近12个月" in text and "图2  签约批次" in text
    assert {round(shape.width.mm) for shape in document.inline_shapes} == {150}
    with zipfile.ZipFile(excel) as book:
        assert sum(name.startswith("xl/media/") for name in book.namelist()) == 2
    assert "{{" not in text and "{%" not in text


def test_charts_hold_the_figures_of_the_tables() -> None:
    drawn = figures().drawings
    # Signed by month from April 2025: December 1, January 1, February 1; started January 1, February 2, March 1.
    shown = re.findall(r'class="middle note">([^<]*)<', drawn["trend"])
    months = ["4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月", "2026年", "2月", "3月"]
    assert shown == ["1", "1", "1", "1", "2", "1", *months]
    cells = re.findall(r">(\d+%|未满)<", drawn["cohorts_drawn"])
    assert cells == ["50%", "100%", "100%", "0%", "未满", "未满", "未满", "未满", "未满"]


def test_the_same_bars_stand_on_the_page_and_on_paper() -> None:
    rows = [
        {"stage": "线索", "at_least_count": 40, "from_previous_pct": None},
        {"stage": "<签约>", "at_least_count": 10, "from_previous_pct": 25.0},
    ]
    bars = charts.funnel_bars(rows)
    page, paper = charts.as_list(bars, "漏斗"), charts.as_drawing(bars, "漏斗")
    assert charts.funnel(rows) == charts.as_list(bars, "阶段漏斗", "funnel")
    for drawing in (page, paper):
        assert "上一阶段的 25%" in drawing and "&lt;签约&gt;" in drawing and "<签约>" not in drawing
    assert 'width="25.00"' in page and 'width="82.5"' in paper  # a quarter of 100, of 330
    assert pictures({}) == {} and pictures({"图": paper})["图"].startswith(b"\x89PNG")


def test_the_template_is_the_offices_own(tmp_path: Path) -> None:
    template = tmp_path / "模板.docx"
    write_bulletin(tmp_path, figures(), template)
    own = Document(str(template))
    own.paragraphs[0].insert_paragraph_before("云川区招商引资工作领导小组办公室")
    own.save(str(template))
    word, _ = write_bulletin(tmp_path, figures(), template)
    assert Document(str(word)).paragraphs[0].text == "云川区招商引资工作领导小组办公室"


COLUMNS = (
    "lead_id", "project_name", "unit_name", "as_of_date", "stage", "investment_wan_cny", "signed_date", "leader_name", "leader_post",
    "start_due_date", "started_date", "completion_due_date", "completed_date", "operation_due_date", "in_operation_date",
    "full_effect_date", "light", "light_reasons",
)  # fmt: skip


def followed_up(count: int, lights: str, **changed: object) -> pd.DataFrame:
    """Rows of brd_follow_up__status, all signed 400 days ago and not started, with these lights in turn."""
    row: dict[str, object] = dict.fromkeys(COLUMNS) | {
        "as_of_date": LATER,
        "signed_date": DAY(2025, 5, 26),
        "stage": "签约",
    }
    rows = [
        row | {"lead_id": f"L{n}", "project_name": f"#{n}$项目*", "unit_name": f"单位{n % 7}", "light": lights[n % len(lights)],
               "light_reasons": f"依据{n}", "investment_wan_cny": float(n % 5)} | changed
        for n in range(count)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


NO_STEPS = pd.DataFrame(columns=["lead_id", "stage", "reached_date"])


def charted(board: pd.DataFrame, steps: pd.DataFrame = NO_STEPS) -> dict[str, pd.DataFrame]:
    """The boards of a chart: projects, steps, and the lights counted as brd_follow_up__lights counts them."""
    slices = [("全区", "全区", board), *(("责任单位", str(unit), own) for unit, own in board.groupby("unit_name"))]
    counts = [
        {"slice_kind": kind, "slice_name": name, "project_count": len(own)}
        | {f"{word}_count": int((own["light"] == light).sum()) for word, light in zip(("red", "yellow", "green"), "红黄绿", strict=True)}
        for kind, name, own in slices
    ]  # fmt: skip
    return {"brd_follow_up__status": board, "brd_lead__reached": steps, "brd_follow_up__lights": pd.DataFrame(counts)}


@given(lights=st.text(alphabet="红黄绿", min_size=1, max_size=30), count=st.integers(0, 60), most=st.integers(1, 60))
def test_the_chart_has_the_lights_of_the_board_whatever_they_are(lights: str, count: int, most: int) -> None:
    """All wait equally long: a chart that judged by its own rule could not tell them apart."""
    board = followed_up(count, lights)
    chart = chart_content(charted(board), LATER, most=most)
    shown = pd.DataFrame(chart["rows"], columns=["lead_id", "light", "reasons"]).set_index("lead_id")
    own = board.set_index("lead_id").loc[shown.index]
    assert (
        shown["light"].tolist() == own["light"].tolist() and shown["reasons"].tolist() == own["light_reasons"].tolist()
    )
    assert len(shown) == min(count, most)
    left = board[~board["lead_id"].isin(shown.index)]
    order = {"红": 0, "黄": 1, "绿": 2}
    assert max(map(order.__getitem__, shown["light"]), default=0) <= min(
        map(order.__getitem__, left["light"]), default=2
    )
    totals = [int((board["light"] == light).sum()) for light in "红黄绿"]
    assert f"{count} 个：红灯 {totals[0]}、黄灯 {totals[1]}、绿灯 {totals[2]}" in chart["count"]
    assert (f"列出其中 {most} 个" in chart["count"]) == (most < count)
    assert [sum(unit["counts"][at] for unit in chart["units"]) for at in range(3)] == totals


def test_a_chart_of_another_day_than_the_board_is_refused() -> None:
    with pytest.raises(ValueError, match="截至日与挂图（2026-06-29）不一致"):
        chart_content(charted(followed_up(3, "红")), DAY(2026, 6, 29))


def test_agreed_and_actual_dates_lie_on_the_line_of_time_or_are_left_out() -> None:
    steps = pd.DataFrame({"lead_id": "L0", "stage": ["签约", "备案", "在谈"], "own_date": [DAY(2025, 5, 26), DAY(2025, 8, 1), DAY(2025, 3, 1)]})  # fmt: skip
    dates = {
        "start_due_date": DAY(2025, 9, 1),
        "completion_due_date": DAY(2027, 3, 1),
        "operation_due_date": DAY(2040, 1, 1),
    }
    (row,) = chart_content(charted(followed_up(1, "黄", **dates), steps), LATER)["rows"]
    assert [m["text"] for m in row["done"]] == ["签", "备"] and [m["text"] for m in row["due"]] == ["开", "竣"]
    places = [m["at"] for m in (row["done"][0], row["done"][1], *row["due"])]
    assert places == sorted(places) and row["from"] == places[0]
    assert places[2] < chart_content(charted(followed_up(1, "黄"), steps), LATER)["today"] < places[3]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="没有 pdftotext：apt-get install poppler-utils")
@pytest.mark.parametrize(("count", "length"), [(0, 0), (3, 1), (400, 60)])
def test_the_chart_is_one_a1_page_however_much_there_is(tmp_path: Path, count: int, length: int) -> None:
    """Nothing, little, and more projects and units with longer words than fit."""
    board = followed_up(count, "红黄绿绿")
    units = [f"{'云川区某某办公室' * 4}{n % 90}" for n in range(count)] if length > 1 else board["unit_name"]
    board = board.assign(
        unit_name=units, light_reasons="签约400天未开工；" * length, leader_name="张某", leader_post="区委书记" * length
    )
    chart = chart_content(charted(board), LATER, is_synthetic=True)
    path, again = (write_wall_chart(tmp_path / name, chart) for name in ("一.pdf", "二.pdf"))
    assert path.read_bytes() == again.read_bytes()
    info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert "Pages:           1" in info and "2383.94 x 1683.78 pts" in info
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    text = "".join(text.split())
    shown = [row["name"] for row in chart["rows"]]
    for words in ("合成数据", chart["count"], "traffic_lights.csv", "看板“签约项目跟进”", "开＝开工", *shown):
        assert "".join(words.split()) in text


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(14.46, 33.64, "15至33"), (2.0, 2.0, "2至2"), (0.2, 0.8, "0.2至0.8"), (float("nan"), 1.0, "暂无")],
)
def test_an_interval_of_counts_is_told_by_the_counts_inside_it(low: float, high: float, told: str) -> None:
    assert _span(low, high) == told
