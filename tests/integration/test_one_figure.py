"""One figure, one source (一数一源): what stands on two surfaces of one night is the same on both.

Page, pack (Word and Excel), wall chart, project pages and bulletin are read back as a reader reads them; whatever has the same title and
is of the same thing is compared, without exceptions.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from installation import AS_OF, Home
from jinja2 import StrictUndefined
from surfaces import Figure, figures_of, html_tables, pdf_text, word_tables, word_text, workbook_tables

from desk.application import build_app
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import Person
from orchestration.figures import PAGE, figures_page, needed_by, reckoned
from publishing.boards import all_boards, questions
from publishing.documents import chart_content
from publishing.documents.bulletin import INDICATORS
from publishing.documents.wall_chart import READINGS as CHART
from publishing.figures import read_frames
from tests.integration.desk.desk_site import HASH, Browser

pytestmark = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="没有 pdftotext：apt-get install poppler-utils"
)
YEAR, QUARTER = str(AS_OF.year), "2026Q1"


@pytest.fixture(scope="module")
def browser(nightly: Home, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """A district leader's browser; a template that shows what its page does not read is an error."""
    app = build_app(DeskSettings(nightly.root, f"sqlite:///{tmp_path_factory.mktemp('desk') / 'desk.sqlite'}"))
    app.state.desk.templates.env.undefined = StrictUndefined
    with app.state.desk.sessions() as session:
        writing(session)
        session.add(
            Person(login="li", person_name="李敏", role="leader", password_hash=HASH, must_change_password=False,
                   created_at=dt.datetime(2026, 6, 30, tzinfo=dt.UTC))
        )  # fmt: skip
        session.commit()
    return Browser(app, "li")


@pytest.fixture(scope="module")
def tables(nightly: Home) -> Callable[[str], pd.DataFrame]:
    """The published boards by name."""
    return lambda name: pq.read_table(nightly.current / f"boards/{name}.parquet").to_pandas()


def page_of(browser: Browser, path: str, **given: Any) -> str:
    answer = browser.get(path, params=given)
    assert answer.status_code == 200, f"{path} {given}: {answer.text[-600:]}"
    return str(answer.text)


def board_rows(browser: Browser, name: str, **chosen: str) -> list[dict[str, str]]:
    """Every row of a board's pages."""
    rows: list[dict[str, str]] = []
    while True:
        page = page_of(browser, f"/boards/{name}", **chosen, after=len(rows))
        found = html_tables(page)[0]
        rows += found
        if not found or "下一页" not in page:
            return rows


# --- each surface read back -------------------------------------------------------------------------------------------


def of_boards(browser: Browser) -> Iterator[Figure]:
    for name in ("task_district", "task_progress", "task_chains"):
        yield from figures_of(f"看板 {name}", board_rows(browser, name), 年度=YEAR)
    yield from figures_of("看板 task_unit_rule", board_rows(browser, "task_unit_rule"))
    for row in board_rows(browser, "supervision"):
        level = "" if row["催办级别"] == "暂无" else f"，{row['催办级别']}"
        told = {"编号": row["编号"], "会议日期": row["会议日期"], "时限": row["时限"], "情况": row["情况"] + level}
        yield from figures_of("看板 supervision", [told])
    for row in board_rows(browser, "task_quarters"):
        day = dt.date.fromisoformat(row.pop("季度"))
        yield from figures_of("看板 task_quarters", [row], 季度=f"{day.year}Q{(day.month + 2) // 3}")
    for row in board_rows(browser, "quarter_cohorts", slice_kind="全区"):
        day, months = dt.date.fromisoformat(row["签约季度"]), row["观察期（月）"]
        share = (
            "未到期" if row["期内开工率"] == "暂无" else f"{row['期内开工']}（{float(row['期内开工率'][:-1]):.0f}%）"
        )
        told = {"签约数": row["签约数"], f"{months}个月内开工": share}
        yield from figures_of("看板 quarter_cohorts", [told], 季度=f"{day.year}Q{(day.month + 2) // 3}")
    for row in board_rows(browser, "project_lights"):
        row["单位"], _ = row.pop("单位"), row.pop("范围")
        yield from figures_of("看板 project_lights", [row])
    ranks = board_rows(browser, "unit_ranks", indicator="新开工项目数", month_date="2026-03-01")
    names = {"单位": "单位", "年初累计": "年初至季末", "任务": "全年任务", "完成率": "完成率", "完成率位次": "名次"}
    yield from figures_of(
        "看板 unit_ranks",
        ({names[k]: v for k, v in row.items() if k in names} for row in ranks),
        季度=QUARTER,
        指标="新开工项目数",
    )
    for row in board_rows(browser, "project_status"):
        yield from figures_of("看板 project_status", [{k: row[k] for k in ("项目", "责任单位", "灯", "依据", "阶段")}])
    for row in board_rows(browser, "signing_record", is_over="是", months_ahead="1"):
        if row["第几个月"] == "1" and row["已过完"] == "是":
            told = {"月份": row["月份"][:7], "月初预计（个）": row["预计（个）"], "实际（个）": row["实际（个）"]}
            yield from figures_of("看板 signing_record", [told], 年度="")
    for row in board_rows(browser, "signing_forecast"):
        told = {
            "月份": row["月份"][:7],
            "预计签约（个）": row["预计签约（个）"],
            "过去落在区间内": row["过去落在区间内"],
        }
        yield from figures_of("看板 signing_forecast", [told], 年度="")
    for row in board_rows(browser, "project_bottlenecks"):
        told = {
            "部门": row["部门"],
            "手续": row["手续"],
            "卡住项目数": row["卡住"],
            "最长（工作日）": row["最长卡住（工作日）"],
        }
        yield from figures_of("看板 project_bottlenecks", [told])
    for row in board_rows(browser, "unit_standing"):
        yield from figures_of("看板 unit_standing", [{"单位": row["单位"], "逾期线索": row["逾期线索"]}])
    late: dict[str, int] = defaultdict(int)
    for row in board_rows(browser, "unit_overdue"):
        late[row["单位"]] += 1
    yield from figures_of("看板 unit_overdue", ({"单位": unit, "逾期线索": n} for unit, n in late.items()))


def of_leader(browser: Browser) -> Iterator[Figure]:
    page = page_of(browser, "/leader")
    district = next(rows for rows in html_tables(page) if rows and "指标" in rows[0])
    yield from figures_of("领导页", district, 年度=YEAR)
    (passed,) = re.findall(r"时序进度 ([\d.]+%)", page)
    yield from figures_of("领导页", ({"指标": row["指标"], "时序进度": passed} for row in district), 年度=YEAR)
    for line in lxml.html.fromstring(page).xpath('//div[@class="behind"]'):
        unit, told = line.findtext("span"), line.findtext("b")
        done, task, owed = re.fullmatch(r"(.+) / (.+)　欠 (.+)", str(told)).groups()  # type: ignore[union-attr]
        row = {"单位": unit, "指标": "新开工项目数", "完成": done, "全年任务": task, "欠账": owed}
        yield from figures_of("领导页", [row], 年度=YEAR)


def of_units(browser: Browser, units: list[str]) -> Iterator[Figure]:
    for unit in units:
        page = page_of(browser, "/unit", name=unit)
        (passed,) = re.findall(r"时序进度\s*([\d.]+%)", page)
        (late,) = re.findall(r"没有联系的 <small>(\d+) 条", page)
        yield from figures_of("单位页", [{"单位": unit, "逾期线索": late}])
        for card in lxml.html.fromstring(page).xpath('//div[@class="task"]'):
            name, figure, *_, small = [" ".join(" ".join(p.itertext()).split()) for p in card.iterfind("p")]
            done, task = figure.split(" / ")
            row = {"单位": unit, "指标": name, "完成": done, "全年任务": task, "时序进度": passed}
            if owed := re.search(r"时序欠账 ([\d.]+)", small):
                row["欠账"] = owed[1]
            if light := re.search(r"([红黄绿])灯", small):
                row["灯"] = light[1]
            yield from figures_of("单位页", [row], 年度=YEAR)


def of_periods(browser: Browser) -> Iterator[Figure]:
    for since, until, about, names in (
        ("2026-01", "2026-03", {"季度": QUARTER}, {"本期": "本季", "上期": "上季", "去年同期": "去年同季"}),
        ("2026-01", "2026-06", {"年度": YEAR}, {"本期": "完成"}),
    ):
        for row in html_tables(page_of(browser, "/periods", since=since, until=until))[0]:
            told = {names[title.split()[0]]: text for title, text in row.items() if title.split()[0] in names}
            yield from figures_of("期间对比页", [{"指标": row["指标"], **told}], **about)
    for row in html_tables(page_of(browser, "/periods", since="2026-01", until="2026-03", indicator="新签约项目数"))[0]:
        yield from figures_of(
            "期间对比页", [{"单位": row["单位"], "指标": "新签约项目数", "本季": row["本期"]}], 季度=QUARTER
        )


COUNTS = re.compile(r"签约后在跟进项目(\d+)个[，：](?:其中)?红灯(\d+)个?、黄灯(\d+)个?、绿灯(\d+)个?")


def of_light_counts(surface: str, text: str) -> Iterator[Figure]:
    (found,) = COUNTS.findall(text)
    yield from figures_of(surface, [dict(zip(("在跟进签约项目", "红灯", "黄灯", "绿灯"), found, strict=True))])


def of_pack(documents: Path) -> Iterator[Figure]:
    sheets = workbook_tables(documents / "调度材料_2026-06.xlsx")
    first = word_tables(documents / "调度材料_2026-06.docx")
    word = dict(zip([name for name in WORD_ORDER if sheets[name]], first, strict=True))
    for surface, of in (("调度材料.xlsx", sheets), ("调度材料.docx", word)):
        for name in ("总体情况", "分单位", "欠账单位"):
            yield from figures_of(surface, of.get(name, []), 年度=YEAR)
        yield from figures_of(surface, of.get("单位达标", []))
        for name, titles in DETAILS.items():
            yield from figures_of(surface, ({title: row[title] for title in titles} for row in of.get(name, [])))
        for name in ("签约预测", "签约预测与实际"):
            yield from figures_of(surface, of.get(name, []), 年度="")
        for name in ("红灯项目", "黄灯项目", "市级重点", "区级重点"):
            light = {"灯": name[0]} if name[1] == "灯" else {}
            yield from figures_of(surface, ({**row, **light} for row in of.get(name, [])))
        for row in of.get("分产业", []):
            for indicator in set(row) - {"产业链"}:
                told = {"产业链": row["产业链"], "指标": indicator.removesuffix("（万元）"), "完成": row[indicator]}
                yield from figures_of(surface, [told], 年度=YEAR)
    notes = openpyxl.load_workbook(documents / "调度材料_2026-06.xlsx", read_only=True)["口径"]
    yield from of_light_counts("调度材料.xlsx", "".join(str(line[0]) for line in notes.iter_rows(values_only=True)))
    yield from of_light_counts("调度材料.docx", word_text(documents / "调度材料_2026-06.docx"))


ITEM = ("编号", "会议日期", "时限", "情况")
# Of tables whose other columns are words put together, those that a board has as they are.
DETAILS = {
    "超期事项": ITEM,
    "结转事项": ITEM,
    "本月新议事项": ITEM,
    "卡点部门": ("部门", "手续", "卡住项目数", "最长（工作日）"),
}
WORD_ORDER = ("总体情况", "红灯项目", "超期事项", "欠账单位", "结转事项", "本月新议事项", "卡点部门", "签约预测")


def of_bulletin(documents: Path) -> Iterator[Figure]:
    sheets = workbook_tables(documents / "季通报_2026Q1.xlsx")
    word = word_tables(documents / "季通报_2026Q1.docx")
    kinds = [name for name in sheets if name not in ("总体情况", "签约转开工")]
    of_word = dict(zip(["总体情况", *kinds, "签约转开工"], word, strict=True))
    beside = {"本季新增线索": "新增线索数", "本季签约": "新签约项目数", "本季开工": "新开工项目数"}
    for surface, of in (("季通报.xlsx", sheets), ("季通报.docx", of_word)):
        yield from figures_of(surface, of["总体情况"], 季度=QUARTER)
        yield from figures_of(surface, of["签约转开工"])
        for row in (row for kind in kinds for row in of[kind]):
            own = {title: value for title, value in row.items() if title not in beside}
            yield from figures_of(surface, [own], 季度=QUARTER, 指标="新开工项目数")
            for title, indicator in beside.items():
                told = {"单位": row["单位"], "指标": indicator, "本季": row[title]}
                yield from figures_of(surface, [told], 季度=QUARTER)
    text = word_text(documents / "季通报_2026Q1.docx")
    for indicator in INDICATORS:
        (count,) = re.findall(rf"全区.*?{indicator}(\d+)个", text)
        yield from figures_of("季通报.docx", [{"指标": indicator, "本季": count}], 季度=QUARTER)


def of_papers(documents: Path) -> Iterator[Figure]:
    yield from of_light_counts("挂图作战", pdf_text(documents / f"挂图作战_{AS_OF}.pdf"))
    frames = read_frames(documents.parent / "published/current", CHART)
    for unit in chart_content(frames, AS_OF)["units"]:
        row = dict(zip(("单位", "红灯", "黄灯", "绿灯"), (unit["name"], *unit["counts"]), strict=True))
        yield from figures_of("挂图作战", [row])
    extents = set(re.findall(r"签约后在跟进项目共(\d+)个", pdf_text(documents / "项目一页_2026-06.pdf")))
    yield from figures_of("一项目一页", ({"在跟进签约项目": count} for count in extents))


@pytest.fixture(scope="module")
def figures(browser: Browser, documents: Path, tables: Callable[[str], pd.DataFrame]) -> list[Figure]:
    """Every figure of the night's surfaces."""
    units = sorted(tables("units")["unit_name"])
    found = [*of_boards(browser), *of_leader(browser), *of_units(browser, units), *of_periods(browser)]
    return [*found, *of_pack(documents), *of_bulletin(documents), *of_papers(documents)]


# --- what must hold ---------------------------------------------------------------------------------------------------


def disagreements(figures: list[Figure]) -> tuple[list[str], dict[tuple[str, ...], int]]:
    """Say where two surfaces differ, and how many figures each pair of surfaces shares."""
    told: dict[Any, list[Figure]] = defaultdict(list)
    for figure in figures:
        told[figure.about, figure.what].append(figure)
    wrong, shared = [], defaultdict[tuple[str, ...], int](int)
    for (about, what), found in told.items():
        first = found[0]
        for other in found[1:]:
            shared[tuple(sorted({first.surface, other.surface}))] += 1
            if not first.agrees(other):
                wrong.append(f"{dict(about)} {what}：{first.surface} {first.text}，{other.surface} {other.text}")
    return wrong, shared


def test_what_stands_on_two_surfaces_is_the_same(figures: list[Figure]) -> None:
    wrong, shared = disagreements(figures)
    assert wrong == []
    # The comparison has something to compare: every surface shares figures with another.
    seen = {surface for pair, count in shared.items() if len(pair) == 2 and count for surface in pair}
    assert {figure.surface for figure in figures} - seen == set()
    assert sum(count for pair, count in shared.items() if len(pair) == 2) > 1000


def test_a_changed_figure_is_found_wherever_it_stands(figures: list[Figure]) -> None:
    """The comparison sees a number that one surface alone has otherwise: of every surface, one is changed in turn."""
    told = defaultdict(set)
    for figure in figures:
        told[figure.about, figure.what].add(figure.surface)
    for surface in sorted({figure.surface for figure in figures}):
        one = next(f for f in figures if f.surface == surface and len(told[f.about, f.what]) > 1)
        same = [f for f in figures if (f.about, f.what) == (one.about, one.what) and f is not one]
        assert disagreements([*same, one])[0] == []
        assert disagreements([*same, replace(one, text="987654")])[0], surface


def test_what_two_boards_count_by_other_ways_is_one_figure(
    tables: Callable[[str], pd.DataFrame], nightly: Home
) -> None:
    status, places, units = tables("project_status"), tables("park_projects"), tables("unit_standing")
    slices, waiting, facts = tables("funnel_slices"), tables("signed_not_started"), tables("task_facts")
    started = slices[(slices["slice_kind"] == "全区") & (slices["stage"] == "开工")]["at_least_count"].item()
    overdue = facts[(facts["indicator"] == "超时限未开工项目数") & facts["not_counted_reason"].isna()]
    overdue = overdue[
        pd.to_datetime(overdue["until_date"]).isna() & (pd.to_datetime(overdue["known_date"]) <= pd.Timestamp(AS_OF))
    ]
    quarter = tables("task_quarters")
    quarter = quarter[pd.to_datetime(quarter["quarter_date"]) == pd.Timestamp(2026, 1, 1)].set_index("indicator")
    parks = (
        tables("park_concentration")
        .query("unit_name == '全区'")
        .set_index(["signed_year", "signed_quarter"])["project_count"]
    )
    cohorts = tables("quarter_cohorts").query("slice_kind == '全区' and horizon_months == 3")
    cohorts = cohorts.set_index(pd.to_datetime(cohorts["signed_quarter_date"]))["signed_count"]
    reserve = tables("task_progress")
    reserve = reserve[(reserve["indicator"] == "储备项目数") & (reserve["target_year"] == AS_OF.year)]["done_value"]
    stock = facts[(facts["indicator"] == "储备项目数") & facts["not_counted_reason"].isna()]
    standing, page = (
        tables("lead_standing").set_index("lead_id")["stage"],
        tables("lead_facts").set_index("lead_id")["stage"],
    )
    ranked = pq.read_table(nightly.current / "ranked_leads.parquet").to_pandas().set_index("lead_id")["stage"]
    trips = tables("task_district").query(f"target_year == {AS_OF.year}").set_index("indicator")["done_value"]
    running = tables("unit_running").query("slice_kind == '全区'")
    running = running[running["month_date"] == running["month_date"].max()].set_index("indicator")["year_value"]
    pairs: dict[str, tuple[float, float]] = {
        "凭佐证签约且未终止": (len(status), places["lead_id"].nunique()),
        "有记录以来开工": (started, units["started_count"].sum()),
        "超约定开工": (waiting["is_past_due"].sum(), len(overdue)),
        "2026年第一季度签约（园区集中度）": (
            quarter.loc["新签约项目数", "quarter_value"],
            parks[YEAR, "第1季度"],
        ),
        "2026年第一季度签约（签约批次）": (
            quarter.loc["新签约项目数", "quarter_value"],
            cohorts[pd.Timestamp(2026, 1, 1)],
        ),
        "储备": (reserve.sum(), pd.to_datetime(stock["until_date"]).isna().sum()),
        "线索当日阶段不同的条数": (
            (standing != page.reindex(standing.index)).sum() + (ranked != page.reindex(ranked.index)).sum(),
            0,
        ),
        "投资项目出资": (tables("funds")["project_invested_wan_cny"].sum(), tables("funds")["invested_wan_cny"].sum()),
        "外出招商次数": (trips["外出招商次数"], running["外出招商次数"]),
        "2026年上半年签约": (trips["新签约项目数"], running["新签约项目数"]),
        "2026年上半年开工": (trips["新开工项目数"], running["新开工项目数"]),
        "2026年上半年到位资金": (trips["到位资金"], running["到位资金"]),
    }
    assert {name: pair for name, pair in pairs.items() if abs(pair[0] - pair[1]) > 0.01} == {}


def test_sums_of_boards_are_sums_of_their_parts(tables: Callable[[str], pd.DataFrame], nightly: Home) -> None:
    progress, chains = tables("task_progress"), tables("task_chains")
    by_chain = chains.groupby(["target_year", "indicator"])["done_value"].sum()
    by_unit = progress.groupby(["target_year", "indicator"])["done_value"].sum()
    for key, value in by_chain.items():
        if key in by_unit.index:
            assert value == pytest.approx(by_unit[key]), key
    status, lights = tables("project_status"), tables("project_lights").set_index("slice_name")
    for light, column in zip("红黄绿", ("red_count", "yellow_count", "green_count"), strict=True):
        own = status[status["light"] == light]
        assert lights.loc["全区", column] == len(own)
        counted = own["unit_name"].value_counts().reindex(lights.index.drop("全区")).fillna(0)
        assert (lights.drop("全区")[column] == counted).all()
    pace = pd.read_parquet(nightly.root / "exports/boards/brd_task__pace.parquet").set_index("period_kind")
    assert set(progress.query(f"target_year == {AS_OF.year}")["passed_pct"]) == {pace.loc["年", "passed_pct"]}
    counts = tables("prospect_counts")
    firms = pq.read_table(nightly.current / "ranked_prospects.parquet").to_pandas()
    nodes = counts[counts["slice_kind"] == "环节"].set_index("slice_key")["prospect_count"]
    assert nodes[nodes > 0].to_dict() == firms["node_id"].value_counts().to_dict()


def test_the_page_of_figures_is_current_and_every_number_without_a_board_has_a_reason() -> None:
    assert PAGE.read_text(encoding="utf-8") == figures_page(), "请运行 zeyou figures"
    assert all(one.why and one.what for one in reckoned())


def test_every_published_table_is_read_by_somebody_and_boards_are_found_by_twelve_questions(browser: Browser) -> None:
    assert [board.name for board in all_boards() if not board.is_page and not needed_by(board)] == []
    page = page_of(browser, "/boards")
    asked = re.findall(r'href="/boards\?question=(\w+)"', page)
    assert asked == [question.key for question in questions()] and len(asked) <= 12
    found = [
        name for key in asked for name in re.findall(r'href="/boards/(\w+)"', page_of(browser, "/boards", question=key))
    ]
    assert sorted(found) == sorted(board.name for board in all_boards() if board.is_page)
    hits = re.findall(r'href="/boards/(\w+)"', page_of(browser, "/boards", q="欠账 全区"))
    assert "task_district" in hits and "parks" not in hits
    assert "没有找到" in page_of(browser, "/boards", q="没有这样的看板")
    assert browser.get("/boards", params={"question": "无此问题"}).status_code == 404
