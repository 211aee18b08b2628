"""Ledgers as they are sent: the table is found, every row is accounted for, and doubt is refused, never resolved."""

from __future__ import annotations

import datetime as dt
import random
import zipfile
from pathlib import Path

import pytest
from ledger_writing import HEADER, OLE, lead

from intake.contract import ContractError, get_contract, load_contracts
from intake.reading import SheetReading
from intake.workbook import FileProblem, read_workbook

LEADS = get_contract("leads")


def one(path: Path, contract=LEADS) -> SheetReading:
    (reading,) = read_workbook(path, contract)
    assert_adds_up(reading)
    return reading


def assert_adds_up(reading: SheetReading) -> None:
    assert reading.read == len(reading.accepted) + reading.refused + reading.not_data


# --- the table is found ---------------------------------------------------------------------------------------------


def test_a_plain_ledger(book):
    reading = one(book(lead(1), lead(2)))
    assert (reading.read, len(reading.accepted), reading.refused, reading.not_data) == (3, 2, 0, 1)
    row = reading.accepted[0]
    assert row["lead_id"] == "YC0001"
    assert row["reported_date"] == dt.date(2025, 6, 3)
    assert row["investment_wan_cny"] == pytest.approx(12000)
    assert (row["source_sheet"], row["source_row"]) == ("线索", 2)


def test_titles_unit_notes_two_row_headers_totals_and_notes(book):
    rows = [
        ["云川区招商线索台账"], ["填报单位：城关镇", None, None, None, None, "单位：万元、亩"], None or [],
        ["序号", "基本情况", None, None, None, "首报时间", "投资", None, "联系方式", "用地需求"],
        [None, "线索编号", "项目名称", "企业名称", "责任单位", None, "总投资", "固定资产投资", None, None],
        [1, "A1", "项目一", "甲有限公司", "城关镇", dt.date(2025, 6, 3), 12000, 8000, "王某某13812345678", 30],
        [2, "A2", "项目二", "乙有限公司", "城关镇", "2025年6月", "1.2亿元", None, None, "20000平方米"],
        [None, "合计", None, None, None, None, 24000, 8000, None, 60],
        ["注：1.金额为计划数。"], ["填表人：李某某", None, None, "联系电话：0537-2345678", None, "填报时间：2025-07-01"],
    ]  # fmt: skip
    merged = [
        ("线索", "A1:J1", "云川区招商线索台账"),
        ("线索", "B4:E4", "基本情况"),
        ("线索", "G4:H4", "投资"),
        ("线索", "A4:A5", "序号"),
    ]
    reading = one(book(sheets={"线索": rows}, merged=merged))
    assert reading.header_rows == (4, 5)
    assert reading.refusals == []
    assert [row["lead_id"] for row in reading.accepted] == ["A1", "A2"]
    assert [row["investment_wan_cny"] for row in reading.accepted] == [12000, 12000]
    assert [row["land_mu"] for row in reading.accepted] == [30, 30]
    assert [row["source_row"] for row in reading.accepted] == [6, 7]
    assert reading.not_data == 7


def test_a_sheet_for_each_town_gives_its_name_and_instructions_are_no_data(book):
    header = [h for h in HEADER if h != "责任单位"]
    row = [cell for h, cell in zip(HEADER, lead(), strict=True) if h != "责任单位"]
    instructions = [
        ["填写说明"],
        ["线索编号", "必填，由区统一编号"],
        ["首报日期", "必填，格式 2025-06-03"],
        ["投资主体", "营业执照全称"],
    ]
    readings = read_workbook(
        book(sheets={"填写说明": instructions, "城关镇": [header, row], "东湖街道": [header, [1, "YC0002", *row[2:]]]}),
        LEADS,
    )
    assert [r.not_data for r in readings] == [4, 1, 1]
    assert [row["unit_name"] for r in readings for row in r.accepted] == ["城关镇", "东湖街道"]
    assert readings[0].contract is None


@pytest.mark.parametrize(
    "written", ["计划总投资(亿元)", "投资金额（亿元）", "计划投资总额 （ 亿元 ）", "*计划总投资\n（亿元）"]
)
def test_header_synonyms_and_brackets(book, written):
    header = [written if h.startswith("计划总投资") else h for h in HEADER]
    assert one(book(lead(), header=header)).accepted[0]["investment_wan_cny"] == pytest.approx(12000)


def test_a_unit_that_can_not_be_known_is_refused_even_with_a_note_above(book):
    header = [h.replace("亿元", "亿元/万美元") for h in HEADER]
    rows = [["单位：万元"], header, lead(), lead(2, **{"计划总投资（亿元）": "500万美元"})]
    reading = one(book(sheets={"线索": rows}))
    assert [r.reason for r in reading.refusals] == ["金额的单位无法确定"]
    assert [row["investment_currency"] for row in reading.accepted] == ["USD"]


def test_merged_words_are_repeated_downwards_and_amounts_are_not(book):
    rows = [HEADER, lead(1), lead(2, 责任单位=None, **{"计划总投资（亿元）": None})]
    reading = one(book(sheets={"线索": rows}, merged=[("线索", "E2:E3", "城关镇"), ("线索", "G2:G3", 1.2)]))
    assert [row["unit_name"] for row in reading.accepted] == ["城关镇", "城关镇"]
    assert [row["investment_wan_cny"] for row in reading.accepted] == [pytest.approx(12000), None]


def test_the_first_row_under_a_header_is_never_taken_into_it(book):
    # The unknown column holds a word that is itself a header word.
    reading = one(book([*lead(1), "产品"], [*lead(2), "x"], header=[*HEADER[:-1], "其他", "另一列"]))
    assert reading.header_rows == (1, 1)
    assert len(reading.accepted) == 2


# --- what is data and what is not -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["说明书印刷项目", "注塑机项目", "以上海为中心的物流项目", "单位制服项目", "合计科技园", "备注册项目"]
)
def test_a_project_may_be_called_like_a_note(book, name):
    assert one(book(lead(项目名称=name, 序号=None))).accepted[0]["project_name"] == name
    # and without its number it is refused, not dropped
    lost = one(book(lead(项目名称=name, 序号=None, 线索编号=None), lead(2)))
    assert (len(lost.accepted), lost.refused) == (1, 1)


def test_a_total_elsewhere_in_a_row_and_a_note_in_free_text_are_data(book):
    reading = one(book(lead(1, 主要产品="合计"), lead(2, 主要产品="注：待定"), lead(3, 序号="合计")))
    assert len(reading.accepted) == 2
    assert ["像合计行" in refusal.reason for refusal in reading.refusals] == [True]


@pytest.mark.parametrize(
    "row",
    [
        ["合计", None, None, None, None, None, 3.4],
        [None, None, "合计", None, None, None, 3.4],
        [None, "城关镇小计", None, None, None, None, 3.4],
        ["总 计", "-", "-", "-", "-", None, 3.4],
        ["注：本表为合成数据"],
        ["备注1：含二期", "", "见附件"],
        [7],
        ["-", "-", "—"],
        ["单位负责人：张某", None, None, "填表人：李某"],
        HEADER,
    ],
)
def test_totals_notes_and_prepared_rows_are_no_data(book, row):
    reading = one(book(lead(1), row, lead(2)))
    assert (len(reading.accepted), reading.refused, reading.not_data) == (2, 0, 2)


def test_hidden_empties_are_empty(book):
    reading = one(book(lead(1, 主要产品=" "), ["  ", "\n"], lead(2, 主要产品="N/A")))
    assert [row["product_text"] for row in reading.accepted] == [None, None]
    assert reading.read == 3


# --- refusals -------------------------------------------------------------------------------------------------------


def test_a_refused_row_says_where_why_and_how_to_mend(book):
    path = book(lead(1), lead(2, 首报日期="6月底", 投资主体="—"), lead(3, 首报日期=2025.1))
    reading = one(path)
    assert reading.refused == 2
    first = reading.refusals[0]
    assert (first.contract, first.file, first.sheet, first.row) == ("leads", path.name, "线索", 3)
    assert (first.column, first.value) == ("首报日期", "6月底")
    assert [r.column for r in reading.refusals] == ["首报日期", "投资主体", "首报日期"]
    assert all(r.reason and r.mend for r in reading.refusals)


def test_two_columns_for_one_field_refuse_the_sheet(book):
    header = [*HEADER[:-1], "线索编码"]
    reading = one(book(lead(1), lead(2), header=[h.replace("线索编号", "项目编号") for h in header]))
    assert (len(reading.accepted), reading.refused) == (0, 2)
    assert "两列都像“线索编号”" in reading.refusals[0].reason


def test_the_fields_own_title_goes_before_synonyms_and_contacts_may_come_thrice(book):
    reading = one(
        book([*lead(1), "签约用名", "李某某", "13912345678"], header=[*HEADER, "签约主体", "资方联系人", "手机"])
    )
    assert reading.accepted[0]["enterprise_name"] == "企业1有限公司"
    assert not {"contact_person", "contact_phone"} & set(reading.accepted[0])


def test_a_ledger_with_a_needed_column_left_out_is_refused_row_by_row(book):
    header = ["线索编号", "项目名称", "首报日期", "责任单位", "计划总投资（亿元）"]
    reading = one(book(["A1", "项目", "2025-06-03", "城关镇", 1], header=header))
    assert reading.refused == 1
    assert "投资主体" in reading.refusals[0].reason


ABSENT = {"项目名称": "项目", "责任单位": "城关镇", "首报日期": "2025-06-03"}


@pytest.mark.parametrize("kept", [{}, *({name: value} for name, value in ABSENT.items())], ids=str)
def test_a_ledger_without_projects_units_or_days_is_read_and_says_so(book, kept):
    header = ["线索编号", "投资主体", "计划总投资（亿元）", *kept]
    reading = one(book(["A1", "甲有限公司", 1, *kept.values()], header=header))
    (row,) = reading.accepted
    left_out = [
        name
        for name in ("项目名称", "负责单位", "首报日期")
        if name not in {*kept, *(["负责单位"] if "责任单位" in kept else [])}
    ]
    assert [remark for remark in reading.remarks if "暂无" in remark] == [
        f"没有“{name}”列，各行的这一项暂无" for name in left_out
    ]
    values = {"项目名称": row["project_name"], "负责单位": row["unit_name"], "首报日期": row["reported_date"]}
    assert [name for name, value in values.items() if value is None] == left_out


@pytest.mark.parametrize(
    ("other", "value"),
    [
        ("填表日子", "2025-06-03"),
        ("某某时间", "待定"),
        ("镇街道", "城关镇"),
        ("招商项目简称", "面料"),
        ("跟踪部门", "招商局"),
    ],
)
def test_a_column_that_may_be_the_one_left_out_is_not_passed_over(book, other, value):
    header = ["线索编号", "投资主体", "计划总投资（亿元）", other]
    reading = one(book(["A1", "甲有限公司", 1, value], header=header))
    assert reading.accepted == [] and reading.refused == 1


def test_phones_in_free_text_are_masked_and_contacts_never_read(book):
    reading = one(book(lead(1, 主要产品="面料，联系13812345678"), lead(2, 首报日期="待定，问13812345678")))
    assert reading.accepted[0]["product_text"] == "面料，联系138****5678"
    assert "13812345678" not in repr(reading.accepted) + repr(reading.refusals)
    assert "王某某" not in repr(reading.accepted) + repr(reading.refusals)


# --- which ledger ---------------------------------------------------------------------------------------------------

EXAMPLES = {
    "leads": [HEADER, lead()],
    "follow_ups": [["线索编号", "项目名称", "日期", "类型", "层级", "内容", "结果"], ["A1", "项目", "2025-06-03", "电话", "一把手", "谈", "有意向"]],
    "stage_moves": [["线索编号", "项目名称", "责任单位", "进展阶段", "日期", "统计日期", "佐证材料"],
                    ["A1", "项目", "城关镇", "签约", "2025-06-03", "2025-06-30", "投资协议"]],
    "targets": [["年度", "单位", "指标", "任务数", "计量单位"], [2026, "城关镇", "签约个数", 5, "个"]],
    "units": [["单位编号", "单位名称", "类型", "简称"], ["U1", "城关镇", "镇", "城关"]],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_contract_is_known_by_its_columns(book, name):
    reading = one(book(sheets={"表": EXAMPLES[name]}), contract=None)
    assert (reading.contract, len(reading.accepted), reading.refusals) == (name, 1, [])


def test_every_ledger_in_one_workbook(book):
    readings = read_workbook(book(sheets=EXAMPLES))
    assert [(r.sheet, r.contract) for r in readings] == [(name, name) for name in EXAMPLES]


def test_every_contract_is_checked_and_an_unknown_one_is_told():
    assert set(load_contracts()) >= {"leads", "follow_ups", "stage_moves", "targets", "units", "register"}
    with pytest.raises(ContractError, match="线索台账"):
        get_contract("lead")


# --- files that can't be read ---------------------------------------------------------------------------------------


def broken_zip(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:400])


def broken_sheet(path: Path) -> None:
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:300] + b"<<<"
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)


BREAKS = {
    "文件不存在": Path.unlink,
    "0 字节": lambda path: path.write_bytes(b""),
    "密码": lambda path: path.write_bytes(OLE + bytes(2000)),
    "损坏": broken_zip,
    "损坏或不是真正": broken_sheet,
    "Excel 文件": lambda path: path.write_text("不是工作簿", encoding="utf-8"),
}


@pytest.mark.parametrize("said", sorted(BREAKS))
def test_a_file_that_can_not_be_read_says_so_in_one_line(book, said):
    path = book(lead())
    BREAKS[said](path)
    with pytest.raises(FileProblem, match=said) as problem:
        read_workbook(path, LEADS)
    assert path.name in str(problem.value)
    assert "\n" not in str(problem.value)
    assert "请" in str(problem.value)


def test_empty_workbooks_wrong_kinds_and_unknown_headers(book, tmp_path):
    with pytest.raises(FileProblem, match="是空的"):
        read_workbook(book(sheets={"空": []}), LEADS)
    with pytest.raises(FileProblem, match=r"工作表“表”前 20 行：找不到“线索台账”的表头，应有 “线索编号”"):
        read_workbook(book(sheets={"表": EXAMPLES["units"]}), LEADS)
    with pytest.raises(FileProblem, match="能读的台账有"):
        read_workbook(book(sheets={"表": [["甲", "乙"], [1, 2]]}))
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(FileProblem, match="不是 Excel 工作簿"):
        read_workbook(tmp_path / "a.doc", LEADS)


# --- every row is accounted for -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_read_is_accepted_plus_refused_plus_not_data(book, seed):
    rng = random.Random(seed)
    words = [
        "",
        None,
        "-",
        "合计",
        "注：说明",
        "2025.6",
        "2025-06-03",
        45000,
        1.5,
        "项目",
        "线索编号",
        "13812345678",
        "城关镇",
        True,
        "1.2亿",
    ]
    sheets = {}
    for number in range(rng.randint(1, 3)):
        rows = [[rng.choice(words) for _ in range(rng.randint(0, 11))] for _ in range(rng.randint(0, 3))]
        rows.append(rng.sample(HEADER, len(HEADER)) if rng.random() < 0.3 else HEADER)
        for n in range(rng.randint(0, 15)):
            rows.append(lead(n) if rng.random() < 0.5 else [rng.choice([cell, rng.choice(words)]) for cell in lead(n)])
            if rng.random() < 0.2:
                rows.append([rng.choice(words) for _ in range(rng.randint(0, 12))])
        sheets[f"表{number}"] = rows
    for contract in (LEADS, None):
        for reading in read_workbook(book(sheets=sheets), contract):
            assert_adds_up(reading)
            written = sum(any(c is not None and str(c).strip() for c in row) for row in sheets[reading.sheet])
            assert reading.read == written
