"""Layouts once learned: what is confirmed is read exactly, what is not is asked, and rows with 序号 only keep their keys."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_writing import write_xlsx

import office
from intake.contract import get_contract
from intake.landing import LandingStore, read_file
from intake.layouts.asking import answered, ask, outcome, sheet_of, shown_cell, unknown_tables
from intake.layouts.filling import fill_form, form_of
from intake.layouts.keys import (
    DAY,
    FIRM,
    MINTED,
    NEW,
    PROJECT,
    UNIT,
    KeyBook,
    KeyQuestion,
    Parts,
    answer_key,
    keys_path,
    parts_of,
    waiting_keys,
)
from intake.layouts.layout import (
    FILE,
    Layout,
    LayoutColumn,
    LayoutProblem,
    check_layout,
    keep_layout,
    read_layouts,
)
from intake.layouts.proposal import Proposal, propose
from intake.layouts.waiting import add_waiting, find_file, put_away, waiting_layouts, waiting_of
from intake.workbook import UnknownLayout, read_workbook
from office import DEFAULTS

LEADS = get_contract("leads")
TODAY = dt.date(2026, 6, 30)
TO_WAN = {"元": 0.0001, "万元": 1.0, "亿元": 10_000.0}
OWN_WORDS = ["序号", "招引的事", "哪家来投", "盘子", "谁在跟", "头一回见", "老板", "打给谁"]
OWN_FIELDS = [None, "项目名称", "投资主体", "计划总投资", "负责单位", "首报日期", "联系人", "联系电话"]


def rows(count: int = 6) -> list[list[Any]]:
    return [
        [i, f"膜材料{i}号项目", f"云川{i}号材料有限公司", 3000.0 + i, ("城北街道", "东皋镇")[i % 2], dt.date(2026, 1 + i % 5, 1 + i),
         "王小明", "13812345678"]
        for i in range(1, count + 1)
    ]  # fmt: skip


def first_sheet(path: Path) -> Any:
    return sheet_of(path, "Sheet1")


def write(path: Path, header: list[Any], body: list[list[Any]], *above: list[Any]) -> Path:
    return write_xlsx(path, {"Sheet1": [*above, header, *body]})


def proposal_of(path: Path, layouts: dict[str, Layout] | None = None) -> Proposal:
    found = propose(first_sheet(path), layouts or {})
    assert found
    return found


def told(path: Path, fields: dict[str, tuple[str | None, str]]) -> Layout:
    """Return the layout as a person says it: every column by its header."""
    proposal = proposal_of(path)
    for column in proposal.columns:
        title, unit = fields[column.header]
        proposal = proposal.corrected(column.index, title, unit)
    return proposal.confirmed("赵", TODAY)


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Layout]:
    """A ledger with 序号 only, in words of its own, and its layout."""
    path = write(tmp_path / "inbox" / "自己的表.xlsx", OWN_WORDS, rows())
    fields = {w: (f, "万元" if f == "计划总投资" else "") for w, f in zip(OWN_WORDS, OWN_FIELDS, strict=True)}
    return path, told(path, fields)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(DEFAULTS, tmp_path / "office")
    return tmp_path / "office"


# --- what is confirmed is read exactly ------------------------------------------------------------------------------

_WORD = st.text("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未", min_size=2, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(_WORD, min_size=9, max_size=9, unique=True),
    order=st.permutations(range(9)),
    unit=st.sampled_from(sorted(TO_WAN)),
    where=st.sampled_from(["header", "note", "nowhere"]),
    has_title=st.booleans(),
    has_total=st.booleans(),
    seed=st.integers(0, 999),
)
def test_whatever_a_form_calls_its_columns_it_is_read_as_confirmed(
    tmp_path_factory: pytest.TempPathFactory,
    words: list[str],
    order: list[int],
    unit: str,
    where: str,
    has_title: bool,
    has_total: bool,
    seed: int,
) -> None:
    """Other words, another order, another unit, said in the header, in a note or nowhere: values come out as they are meant."""
    draw = random.Random(seed)
    meant = [
        (f"编{i:03d}", f"机床{i}线", f"云川{i}号机床有限公司", draw.choice(["城北街道", "东皋镇"]), dt.date(2025, 1 + i, 3),
         float(draw.randint(1_000, 90_000)), float(draw.randint(5, 300)), draw.choice([True, False, None]))
        for i in range(1, 8)
    ]  # fmt: skip
    titles = ["线索编号", "项目名称", "投资主体", "负责单位", "首报日期", "计划总投资", "用地需求", "是否FDI", None]
    header = [*words[:5], words[5] + (f"（{unit}）" if where == "header" else ""), *words[6:]]
    body = [
        [*row[:5], row[5] / TO_WAN[unit], row[6], {True: "√", False: "×", None: None}[row[7]], "其他"] for row in meant
    ]
    total = ["合计", *[None] * 4, sum(row[5] for row in body), *[None] * 3]
    lines = [header, *body, *([total] if has_total else [])]
    above = [["某区在谈项目"]] if has_title else []
    above += [[f"单位：{unit}"]] if where == "note" else []
    path = write(
        tmp_path_factory.mktemp("form") / "表.xlsx",
        [header[i] for i in order],
        [[line[i] for i in order] for line in lines[1:]],
        *above,
    )
    sheet = first_sheet(path)
    at = len(above) + 1
    proposal = propose(sheet, {}, LEADS, (at, at))
    assert proposal
    fields = dict(zip(header, titles, strict=True))
    for column in proposal.columns:
        title = fields[column.header]
        units = {"计划总投资": unit, "用地需求": "亩"}
        proposal = proposal.corrected(column.index, title, units.get(title or "", ""))
    layout = proposal.confirmed("赵", TODAY)
    found = read_workbook(path, layouts={layout.fingerprint: layout})
    assert [r.refusals for r in found] == [[]]
    names = (
        "lead_id",
        "project_name",
        "enterprise_name",
        "unit_name",
        "reported_date",
        "investment_wan_cny",
        "land_mu",
        "is_fdi",
    )
    got = [tuple(row.get(name) for name in names) for row in found[0].accepted]
    assert [g[:5] + g[6:] for g in got] == [m[:5] + m[6:] for m in meant]
    assert [g[5] for g in got] == pytest.approx([m[5] for m in meant])
    assert found[0].read == len(found[0].accepted) + found[0].not_data


SYNONYMS = {
    "线索编号": ["线索编号", "项目编号", "台账编号"],
    "项目名称": ["项目名称", "拟投资项目", "招商项目名称", "在谈项目"],
    "投资主体": ["外来投资方", "来资企业", "客商名称", "引进企业", "合作企业名称"],
    "负责单位": ["牵头部门", "责任部门", "承接区", "报送区", "对接镇街"],
    "首报日期": ["首次接洽时间", "首报时间", "报备时间", "首次对接日期"],
    "计划总投资": [
        "签约总投资额（亿元）",
        "项目协议总投资额（亿元）",
        "协议总投资【亿元】",
        "投资概算/亿元",
        "总盘子（亿元）",
    ],
    "统一社会信用代码": ["信用代码", "企业的码"],
    "联系电话": ["老板手机", "联系方式"],
}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_proposal_sees_what_words_and_contents_say(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    header = {title: data.draw(st.sampled_from(words)) for title, words in SYNONYMS.items()}
    order = data.draw(st.permutations(sorted(header)))
    values: dict[str, Callable[[int], Any]] = {
        "线索编号": lambda i: f"XS-{i:03d}", "项目名称": lambda i: f"机床{i}线项目", "投资主体": lambda i: f"云川{i}号机床有限公司",
        "负责单位": lambda i: "城北街道", "首报日期": lambda i: dt.date(2026, 1, i), "计划总投资": lambda i: 1.5 + i,
        "统一社会信用代码": lambda i: "91330100799655058B", "联系电话": lambda i: "13812345678",
    }  # fmt: skip
    body = [[values[title](i) for title in order] for i in range(1, 6)]
    path = write(
        tmp_path_factory.mktemp("form") / "表.xlsx", [header[title] for title in order], body, ["某区在谈项目一览表"]
    )
    proposal = proposal_of(path)
    assert {c.header: c.title for c in proposal.columns} == {header[title]: title for title in order}
    assert next(c.unit for c in proposal.columns if c.title == "计划总投资") == "亿元"
    assert proposal.header_rows == (2, 2)
    assert all(c.is_personal for c in proposal.columns if c.title == "联系电话")


def test_a_header_of_two_rows_and_merged_parents_is_found(tmp_path: Path) -> None:
    head = [
        ["序", "招引的事", "哪家来投", "钱的事", None, "谁在跟", "头一回见"],
        [None, None, None, "盘子（亿元）", "固投（亿元）", None, None],
    ]
    body = [[i, f"机床{i}线", f"云川{i}号机床有限公司", 1.5, 1.0, "城北街道", dt.date(2026, 3, i)] for i in range(1, 6)]
    merged = [
        ("Sheet1", f"{c}2:{c}3", h)
        for c, h in zip("ABCFG", ["序", "招引的事", "哪家来投", "谁在跟", "头一回见"], strict=True)
    ]
    path = write_xlsx(
        tmp_path / "表.xlsx", {"Sheet1": [["某区招商台账"], *head, *body]}, [*merged, ("Sheet1", "D2:E2", "钱的事")]
    )
    proposal = proposal_of(path)
    assert proposal.header_rows == (2, 3)
    assert [(c.title, c.unit) for c in proposal.columns if c.unit] == [("计划总投资", "亿元"), ("固定资产投资", "亿元")]
    layout = answered(answered(proposal, "B=项目名称", first_sheet(path), {}), "F=负责单位", first_sheet(path), {})
    readings = outcome(path, layout.confirmed("赵", TODAY), {})
    assert [row["fixed_investment_wan_cny"] for r in readings for row in r.accepted] == [10_000.0] * 5


# --- what is not confirmed is asked ---------------------------------------------------------------------------------


def test_a_form_with_a_column_more_is_proposed_from_the_old_one_and_not_guessed(
    own: tuple[Path, Layout], tmp_path: Path
) -> None:
    _, layout = own
    changed = write(
        tmp_path / "新.xlsx", [*OWN_WORDS[:4], "预计税收", *OWN_WORDS[4:]], [[*r[:4], 50, *r[4:]] for r in rows()]
    )
    with pytest.raises(UnknownLayout) as asked:
        read_workbook(changed, layouts={layout.fingerprint: layout})
    assert len(asked.value.tables) == 1
    proposal = proposal_of(changed, {layout.fingerprint: layout})
    assert proposal.like == layout and proposal.changes == ("新增“预计税收”",)
    known = {c.header: (c.title or None, c.unit) for c in proposal.columns}
    assert known | {"预计税收": None} == {c.header: (c.field, c.unit) for c in layout.columns} | {"预计税收": None}


def test_another_unit_than_confirmed_goes_back(own: tuple[Path, Layout], tmp_path: Path) -> None:
    _, layout = own
    noted = write(tmp_path / "亿.xlsx", OWN_WORDS, rows(), ["单位：亿元"])
    reading = read_workbook(noted, layouts={layout.fingerprint: layout})[0]
    assert reading.accepted == [] and not reading.unknown, "its sender must say which unit it is"
    assert "确认过的单位是万元，这里写的是亿元" in reading.refusals[0].reason


def test_a_column_of_money_that_is_confirmed_as_not_read_costs_nothing(own: tuple[Path, Layout]) -> None:
    path, layout = own
    columns = tuple(LayoutColumn(c.header, None if c.unit else c.field) for c in layout.columns)
    reading = read_workbook(
        path, layouts={layout.fingerprint: Layout(layout.fingerprint, "leads", columns, "赵", TODAY)}
    )[0]
    assert len(reading.accepted) == 6 and reading.unread_amounts == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({1: "项目名称", 2: "投资主体", 4: "负责单位", 5: "项目名称"}, "都读作"),
        ({1: "项目名称", 4: "负责单位"}, "还缺必填的“投资主体”"),
        ({1: "项目名称", 2: "不认识的列"}, "没有“不认识的列”这一列"),
    ],
)
def test_what_can_not_be_read_is_not_kept(fields: dict[int, str], said: str, folder: Path) -> None:
    columns = tuple(LayoutColumn(word, fields.get(at)) for at, word in enumerate(OWN_WORDS))
    with pytest.raises(LayoutProblem, match=said):
        keep_layout(folder, Layout("0" * 12, "leads", columns, "赵", TODAY))
    assert read_layouts(folder / FILE) == {}


def test_a_number_of_the_row_is_no_key(own: tuple[Path, Layout]) -> None:
    path, _ = own
    proposal = answered(proposal_of(path), "主键=A", first_sheet(path), {})
    assert "不能当线索编号" in proposal.doubt
    assert not answered(proposal, "主键=无", first_sheet(path), {}).doubt


def test_calling_contacts_something_else_does_not_show_them(own: tuple[Path, Layout]) -> None:
    path, _ = own
    proposal = answered(proposal_of(path), "G=主要产品 H=线索编号", first_sheet(path), {})
    for column in proposal.columns[6:]:
        assert all(set(shown_cell(column, row)[1:]) == {"*"} for row in proposal.rows)
    assert "里是电话" in proposal.doubt


def test_a_layout_is_kept_as_the_office_reads_its_tables(own: tuple[Path, Layout], folder: Path) -> None:
    _, layout = own
    keep_layout(folder, layout)
    keep_layout(folder, layout)
    assert read_layouts(folder / FILE) == {layout.fingerprint: layout}
    from office.reading import read_table

    assert read_table(folder, "layouts").num_rows == len(OWN_WORDS)


def test_the_terminal_shows_masks_corrects_and_confirms(own: tuple[Path, Layout]) -> None:
    path, wanted = own
    answers = iter(["D=计划总投资/万元 B=项目名称 C=投资主体", "E=负责单位", "Z=项目名称", "F=首报日期,G=联系人", ""])
    said: list[str] = []
    layout = ask(path, unknown_tables(path, {})[0], {}, "赵", lambda _: next(answers), said.append)
    assert layout and layout.columns == tuple(LayoutColumn(c.header, c.field, c.unit, "") for c in wanted.columns)
    shown = "\n".join(said)
    assert "没有 Z 列" in shown and "13812345678" not in shown and "王小明" not in shown
    assert ask(path, unknown_tables(path, {})[0], {}, "赵", lambda _: "q", said.append) is None


# --- keys of rows with 序号 only --------------------------------------------------------------------------------------

_PARTS = st.tuples(
    st.sampled_from(["城北街道", "东皋镇", "高新区"]),
    st.integers(1, 30).map(lambda i: f"云川{i}号材料有限公司"),
    st.sampled_from(["膜材料项目", "机床生产线", "冷链物流基地", "光伏支架项目"]),
    st.dates(dt.date(2025, 1, 1), dt.date(2026, 6, 30)),
).map(lambda p: parts_of(*p))


@settings(max_examples=150, deadline=None)
@given(lists=st.lists(st.lists(_PARTS, max_size=12, unique=True), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_a_file_sent_again_in_any_order_gives_the_same_keys(lists: list[list[Parts]], seed: int) -> None:
    """Whatever came in between; and no two rows of a table that differ have one key."""
    book, taken = KeyBook(), []
    for table in lists:
        keys = book.assign(table)
        kept = [(parts, key) for parts, key in zip(table, keys, strict=True) if isinstance(key, str)]
        assert len({key for _, key in kept}) == len(kept)
        book.remember(kept)
        taken.append(dict(kept))
    draw = random.Random(seed)
    for found in taken:
        again = list(found)
        draw.shuffle(again)
        assert book.assign(again) == [found[parts] for parts in again]


@settings(max_examples=100, deadline=None)
@given(table=st.lists(_PARTS, min_size=1, max_size=10, unique_by=lambda p: (p[FIRM], p[PROJECT])), data=st.data())
def test_a_small_edit_of_one_part_keeps_the_key(table: list[Parts], data: st.DataObject) -> None:
    book = KeyBook()
    before = book.assign(table)
    book.remember(zip(table, before, strict=True))
    at = data.draw(st.integers(0, len(table) - 1))
    part = data.draw(st.sampled_from([UNIT, FIRM, PROJECT, DAY]))
    old = table[at]
    edit = {UNIT: old[UNIT] + "办", FIRM: "某市" + old[FIRM], PROJECT: "年产" + old[PROJECT], DAY: "2024-12-31"}[part]
    edited = [*table[:at], (*old[:part], edit, *old[part + 1 :]), *table[at + 1 :]]
    draw = random.Random(1)
    order = draw.sample(range(len(table)), len(table))
    assert book.assign([edited[i] for i in order]) == [before[i] for i in order]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            ("城北街道", "云川材料有限公司", "膜材料项目一期", "2026-03-01"),
            ("城北街道", "云川材料有限公司", "膜材料项目二期", "2026-03-01"),
        ),
        (
            ("城北街道", "云川材料有限公司", "年产3万吨膜项目", "2026-03-01"),
            ("城北街道", "云川材料有限公司", "年产5万吨膜项目", "2026-03-01"),
        ),
        (("城北街道", "待定", "新能源项目", "2026-03-01"), ("城北街道", "待定", "新能源项目", "2026-05-01")),
    ],
)
def test_what_tells_two_projects_apart_is_asked(old: Parts, new: Parts) -> None:
    book = KeyBook()
    (key,) = book.assign([old])
    assert isinstance(key, str)
    book.remember([(old, key)])
    assert book.assign([new]) == [(key,)]
    # Beside the old row it is another one, and nothing is asked.
    beside = book.assign([new, old])
    assert beside[1] == key and isinstance(beside[0], str) and beside[0] != key


@pytest.mark.parametrize(
    "new",
    [
        (
            "东皋镇",
            "云川材料有限公司",
            "膜材料项目",
            "2026-03-01",
        ),  # two towns that report one firm: nobody's row is taken
        ("城北街道", "远山机床有限公司", "膜材料项目", "2026-03-01"),
        ("城北街道", "云川材料有限公司", "冷链物流基地", "2026-03-01"),
        ("城北街道", "云川材料有限公司", "膜材料新厂", "2026-05-01"),  # two parts at once
    ],
)
def test_a_row_that_differs_widely_is_a_new_one(new: Parts) -> None:
    book, old = KeyBook(), ("城北街道", "云川材料有限公司", "膜材料项目", "2026-03-01")
    (key,) = book.assign([old])
    assert isinstance(key, str)
    book.remember([(old, key)])
    (found,) = book.assign([new])
    assert isinstance(found, str) and found != key


def test_a_question_about_a_row_is_answered_once(tmp_path: Path) -> None:
    path = keys_path(tmp_path)
    old, new = (
        parts_of("城北街道", "云川材料", "膜项目一期", TODAY),
        parts_of("城北街道", "云川材料", "膜项目二期", TODAY),
    )
    book = KeyBook()
    book.remember([(old, MINTED + "1")], [KeyQuestion(new, (MINTED + "1",), "表.xlsx", "Sheet1", "2026-06-30")])
    book.save(path, "leads")
    ((ledger, question),) = waiting_keys(path)
    with pytest.raises(LookupError):
        answer_key(path, ledger, question.question_id, MINTED + "2")
    answer_key(path, ledger, question.question_id, NEW)
    assert waiting_keys(path) == []
    (found,) = KeyBook.load(path, "leads").assign([new])
    assert isinstance(found, str) and found.startswith(MINTED) and found != MINTED + "1"


# --- from file to file ----------------------------------------------------------------------------------------------


class Site:
    """A store over an inbox, with an office's folder."""

    def __init__(self, folder: Path) -> None:
        self.home, self.folder, self.inbox = folder.parent / "home", folder, folder.parent / "inbox"
        self.store = LandingStore(self.home / "landing", self.home / "outbox")
        self.inbox.mkdir(exist_ok=True)

    def land(self) -> list[dict[str, Any]]:
        with office.using(self.folder):
            self.landed = self.store.land_inbox(self.inbox)
        found: list[dict[str, Any]] = pq.read_table(self.store.folder / "leads.parquet").to_pylist()
        return found

    def waiting(self) -> list[str]:
        return [entry.file for entry in waiting_layouts(self.home, read_layouts(self.folder / FILE))]


def test_a_form_waits_neither_read_nor_returned_and_is_read_once_confirmed(
    own: tuple[Path, Layout], folder: Path
) -> None:
    _, layout = own
    site = Site(folder)
    write(
        site.inbox / "缺编号.xlsx",
        ["序号", "项目名称", "投资主体", "计划总投资（万元）", "负责单位", "首报日期"],
        [r[:6] for r in rows()],
    )
    assert site.land() == []
    assert sorted(site.waiting()) == ["缺编号.xlsx", "自己的表.xlsx"]
    assert not (site.home / "outbox").exists()
    keep_layout(folder, layout)
    assert site.waiting() == ["缺编号.xlsx"]
    leads = site.land()
    assert {row["source_file"] for row in leads} == {"自己的表.xlsx"} and len(leads) == 6
    for file in site.landed.files:
        assert file.summary.read == file.summary.accepted + file.summary.refused + file.summary.not_data
    # The other form is learned from the terminal's proposal as it stands: all of its words are known but for the key.
    other = site.inbox / "缺编号.xlsx"
    keep_layout(folder, proposal_of(other).confirmed("赵", TODAY))
    leads = site.land()
    assert site.waiting() == [] and len(leads) == 12
    # One lead in two forms is one lead: the same unit, firm, project and first day.
    assert len({row["lead_id"] for row in leads}) == 6


def test_a_layout_confirmed_otherwise_is_read_anew(own: tuple[Path, Layout], folder: Path) -> None:
    _, layout = own
    site = Site(folder)
    keep_layout(folder, layout)
    assert {row["investment_wan_cny"] for row in site.land()} == {row[3] for row in rows()}
    columns = [LayoutColumn(c.header, c.field, "亿元" if c.unit else "", c.stated_unit) for c in layout.columns]
    keep_layout(folder, Layout(layout.fingerprint, "leads", tuple(columns), "钱", TODAY))
    assert {row["investment_wan_cny"] for row in site.land()} == {10_000 * row[3] for row in rows()}


def test_sent_again_sorted_and_edited_no_lead_is_new(own: tuple[Path, Layout], folder: Path) -> None:
    _, layout = own
    site = Site(folder)
    keep_layout(folder, layout)
    first = {row["lead_id"] for row in site.land()}
    again = rows()
    again[0][2], again[1][5], again[2][4] = "某市云川1号材料有限公司", dt.date(2026, 6, 1), again[2][4] + "办事处"
    random.Random(3).shuffle(again)
    again = [[at, *row[1:3], row[3] + 100, *row[4:]] for at, row in enumerate(again, start=1)]
    write(site.inbox / "七月.xlsx", OWN_WORDS, again)
    assert {row["lead_id"] for row in site.land()} == first
    assert len(site.land()) == 12


def test_a_doubtful_row_waits_and_is_read_once_somebody_says(own: tuple[Path, Layout], folder: Path) -> None:
    _, layout = own
    site = Site(folder)
    keep_layout(folder, layout)
    before = {row["lead_id"] for row in site.land()}
    one = rows()[0]
    write(site.inbox / "改了.xlsx", OWN_WORDS, [[1, "膜材料9号项目", *one[2:]]])
    assert {row["lead_id"] for row in site.land()} == before
    ((ledger, question),) = waiting_keys(keys_path(site.home))
    assert len(question.keys) == 1
    answer_key(keys_path(site.home), ledger, question.question_id, question.keys[0])
    leads = site.land()
    assert {row["lead_id"] for row in leads} == before and len(leads) == 7
    assert waiting_keys(keys_path(site.home)) == []


def test_two_rows_alike_in_all_parts_are_a_question(own: tuple[Path, Layout], tmp_path: Path) -> None:
    _, layout = own
    one = rows()[0]
    path = write(tmp_path / "重.xlsx", OWN_WORDS, [one, [2, *one[1:3], 9_999, *one[4:]]])
    reading = read_workbook(path, layouts={layout.fingerprint: layout})[0]
    assert reading.accepted == [] and all("都相同而内容不同" in r.reason for r in reading.refusals)


def test_months_stacked_on_a_sheet_are_periods_of_one_lead(own: tuple[Path, Layout], tmp_path: Path) -> None:
    _, layout = own
    june = [[r[0], *r[1:3], r[3] + 500, *r[4:]] for r in rows()]
    lines = [["2026年5月在谈项目"], OWN_WORDS, *rows(), ["2026年6月在谈项目"], OWN_WORDS, *june]
    path = write_xlsx(tmp_path / "按月.xlsx", {"Sheet1": lines})
    readings = read_workbook(path, layouts={layout.fingerprint: layout})
    assert [r.period for r in readings] == [dt.date(2026, 5, 31), dt.date(2026, 6, 30)]
    assert [len(r.accepted) for r in readings] == [6, 6]
    assert {r["lead_id"] for r in readings[0].accepted} == {r["lead_id"] for r in readings[1].accepted}


def test_without_a_day_the_first_period_stays_the_first_day(folder: Path) -> None:
    site = Site(folder)
    header = ["序号", "招引的事", "哪家来投", "盘子（万元）", "谁在跟"]
    may = write(site.inbox / "1.xlsx", header, [r[:5] for r in rows()], ["2026年5月在谈项目"])
    fields = dict(zip(header, [None, "项目名称", "投资主体", "计划总投资", "负责单位"], strict=True))
    keep_layout(folder, told(may, {w: (f, "万元" if f == "计划总投资" else "") for w, f in fields.items()}))
    site.land()
    write(site.inbox / "2.xlsx", header, [r[:5] for r in rows(7)], ["2026年6月在谈项目"])
    days = {(r["project_name"], r["reported_date"], r["reported_date_basis"]) for r in site.land()}
    expected = {(f"膜材料{i}号项目", dt.date(2026, 5, 31), "报告期") for i in range(1, 7)}
    assert days == expected | {("膜材料7号项目", dt.date(2026, 6, 30), "报告期")}


def test_a_form_put_away_is_asked_no_more(own: tuple[Path, Layout], folder: Path) -> None:
    path, _ = own
    site = Site(folder)
    site.land()
    (entry,) = waiting_layouts(site.home, {})
    assert find_file(site.inbox, entry) == path and "/layouts/file?id=" in entry.where
    put_away(site.home, entry.file_hash, entry.sheet)
    site.land()
    assert waiting_layouts(site.home, {}) == []
    add_waiting(site.home, site.inbox, waiting_of("乙.xlsx", "f" * 64, unknown_tables(path, {}), "2026-06-30"))
    assert [w.file for w in waiting_layouts(site.home, {})] == ["乙.xlsx"]


def test_read_keeps_writing_its_three_files(own: tuple[Path, Layout], tmp_path: Path) -> None:
    path, layout = own
    read_file(path, "leads", tmp_path / "out", layouts={layout.fingerprint: layout})
    table = pq.read_table(tmp_path / "out" / "accepted.parquet")
    assert table.schema.equals(LEADS.schema()) and table.num_rows == 6
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"accepted.parquet", "refused.parquet", "summary.json"}


# --- blank forms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prepared", [0, 2, 40])
def test_a_filled_form_reads_back_as_what_it_was_filled_from(tmp_path: Path, prepared: int) -> None:
    header = ["序号", "项目", "投资方", "总投资（亿元）", "用地（平方米）", "是否FDI", "责任单位", "首报时间", "联系人"]
    blank = tmp_path / "上报表.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["某市重点项目上报表"])
    sheet.append(header)
    for number in range(prepared):
        sheet.append([number + 1])
    sheet.append(["填表人："])
    sheet.merge_cells(f"A{3 + prepared}:C{3 + prepared}")
    book.save(blank)
    leads = [
        {"project_name": f"机床{i}线", "enterprise_name": "=1+1", "investment_wan_cny": 1234.5 * i, "land_mu": 30.0, "is_fdi": i % 2 == 0,
         "unit_name": "城北街道", "reported_date": dt.date(2026, 3, i)}
        for i in range(1, 6)
    ]  # fmt: skip
    layout = form_of(blank, {}).confirmed("赵", TODAY)
    check_layout(layout, is_form=True)
    content, filled = fill_form(blank, layout, leads)
    assert filled.rows == 5 and filled.empty == ("联系人",)
    (tmp_path / "已填.xlsx").write_bytes(content)
    readings = read_workbook(tmp_path / "已填.xlsx", layouts={layout.fingerprint: layout})
    got = [{name: row[name] for name in leads[0]} for r in readings for row in r.accepted]
    for row, lead in zip(got, leads, strict=True):
        assert row["investment_wan_cny"] == pytest.approx(lead["investment_wan_cny"])
        assert row["land_mu"] == pytest.approx(30.0, abs=1e-3)
        assert {k: v for k, v in row.items() if k not in ("investment_wan_cny", "land_mu")} == {
            k: v for k, v in lead.items() if k not in ("investment_wan_cny", "land_mu")
        }
    sheet = openpyxl.load_workbook(tmp_path / "已填.xlsx").active
    assert sheet is not None
    assert any(sheet.cell(row, 1).value == "填表人：" for row in range(1, sheet.max_row + 1))
