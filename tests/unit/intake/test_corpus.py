"""A corpus of ledgers as offices send them: each trap by its name, as a workbook, and the values that must come out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from ledger_writing import write_xlsx

from intake.contract import get_contract
from intake.reading import SheetReading
from intake.values import exchange_rates
from intake.workbook import read_workbook

D = dt.date
H = ["线索编号", "项目名称", "投资主体", "责任单位", "首报日期"]
USD = exchange_rates()["USD"]
HKD = exchange_rates()["HKD"]


def row(number: int = 1, *more: Any, **changed: Any) -> list[Any]:
    base = dict(zip(H, [f"A{number}", f"项目{number}", f"企业{number}有限公司", "城关镇", "2025-06-03"], strict=True))
    return [*(base | changed).values(), *more]


@dataclass(frozen=True)
class Case:
    """Rows of one sheet, and what is read: the accepted rows' fields, the reasons of refusal, rows that are no data."""

    rows: list[list[Any]]
    expect: list[dict[str, Any]] = field(default_factory=list)
    refused: tuple[str, ...] = ()
    not_data: int | None = None
    merged: tuple[tuple[str, Any], ...] = ()
    sheet: str = "线索"
    contract: str | None = "leads"


def amounts(header: str, *cells: Any, note: str | None = None) -> list[list[Any]]:
    return [*([[note]] if note else []), [*H, header], *(row(n, cell) for n, cell in enumerate(cells, 1))]


def column(header: str, *cells: Any) -> list[list[Any]]:
    return [[*H, header], *(row(n, cell) for n, cell in enumerate(cells, 1))]


def dates(*cells: Any, title: str | None = None) -> list[list[Any]]:
    return [*([[title]] if title else []), H, *(row(n, 首报日期=cell) for n, cell in enumerate(cells, 1))]


def wan(*values: float | None) -> list[dict[str, Any]]:
    return [{"investment_wan_cny": value} for value in values]


def on(*values: tuple[D, str]) -> list[dict[str, Any]]:
    return [{"reported_date": day, "reported_date_precision": precision} for day, precision in values]


PARENT = [
    [*H, "投资情况（万元）", None, "用地（平方米）"],
    [*[None] * 5, "总投资", "固投", None],
    row(1, 12000, 8000, 20000),
    row(2, 300, None, None),
]
THREE = [
    ["2025年度招商台账"],
    ["基本情况", None, None, None, None, "项目情况", None],
    [*H, "投资（亿元）", None],
    [None, None, None, None, None, "计划总投资", "固定资产投资"],
    row(1, 1.2, 0.8),
]
T1 = [
    [*H, "内外资", "总投资额（亿元/万美元）"],
    row(1, "内资", 1.5),
    row(2, "外资", 500),
    row(3, None, 7),
    row(4, "外资", "3000万元"),
]
SPREAD = [
    ("F1:G1", "投资情况（万元）"),
    *((f"{c}1:{c}2", H[i]) for i, c in enumerate("ABCDE")),
    ("H1:H2", "用地（平方米）"),
]

CASES: dict[str, Case] = {
    # T1-T3
    "T1 内资亿元与外资万美元在同一列": Case(T1, [*wan(15000, 500 * USD), {"investment_wan_cny": 3000}], ("单位无法确定",)),
    "T1 表头写明各自单位": Case([[*H, "内外资", "总投资额（内资：亿元，外资：万美元）"], row(1, "外资", 2)], wan(2 * USD)),
    "T1 没有内外资列时两种单位都不猜": Case(amounts("总投资额（亿元/万美元）", 3), refused=("单位无法确定",)),
    "T1 单一单位的表头优先": Case([[*H, "内外资", "总投资额（亿元）"], row(1, "外资", 2)], wan(20000)),
    "T2 半角括号": Case(amounts("投资金额(亿元)", 1.2), wan(12000)),
    "T2 全角括号": Case(amounts("投资金额（亿元）", 1.2), wan(12000)),
    "T2 混用括号和空格": Case(amounts(" 投资 金额 （ 亿元 ) ", 1.2), wan(12000)),
    "T2 方括号": Case(amounts("投资金额〔亿元〕", 1.2), wan(12000)),
    "T3 直引号与弯引号": Case([[*H[:4], '“首报日期"'], row()], on((D(2025, 6, 3), "day"))),
    "表头里有换行和星号": Case([["*线索\n编号", *H[1:]], row()], [{"lead_id": "A1"}]),
    "全角字母数字的编号": Case([H, row(线索编号="ＹＣ００１")], [{"lead_id": "ＹＣ００１"}]),
    # T4 dates
    "T4 Excel序列号": Case(dates(45811, 45811.0, "45811", "45811.0"), on(*[(D(2025, 6, 3), "day")] * 4)),
    "T4 毫秒时间戳": Case(dates(1748908800000, "1748908800000"), on(*[(D(2025, 6, 3), "day")] * 2)),
    "T4 带时间": Case(dates("2025-06-03 08:30:00", "2025/6/3 8:30", "2025-06-03T08:30:00"), on(*[(D(2025, 6, 3), "day")] * 3)),
    "T4 真日期单元格": Case(dates(D(2025, 6, 3), dt.datetime(2025, 6, 3, 23, 59)), on(*[(D(2025, 6, 3), "day")] * 2)),
    "T4 写法": Case(dates("2025/6/3", "2025.6.3", "2025年6月3日", "20250603", "20250603.0"), on(*[(D(2025, 6, 3), "day")] * 5)),
    "T4 横线是空": Case(dates("-"), refused=("没有填写",)),
    "T4 只有月份": Case(dates("2025.6", "2025年6月", "2025年6月底", "2025-06", "2025年6月份"), on(*[(D(2025, 6, 30), "month")] * 5)),
    "T4 2025.10存成数": Case(dates(2025.1), refused=("也可能是10月",)),
    "T4 2025.6存成数": Case(dates(2025.6), on((D(2025, 6, 30), "month"))),
    "T4 6月底且标题有年份": Case(dates("6月底", "6月", title="2025年招商台账"), on(*[(D(2025, 6, 30), "month")] * 2)),
    "T4 6月底而年份不知": Case(dates("6月底", title="招商台账"), refused=("没有写年份",)),
    "T4 标题有两个年份则不猜": Case(dates("6月底", title="2024年、2025年招商台账"), refused=("没有写年份",)),
    "T4 年度列给出年份": Case([[*H, "年度"], row(1, 2024, 首报日期="6月底"), row(2, "2025年", 首报日期="上半年")],
                      on((D(2024, 6, 30), "month"), (D(2025, 6, 30), "half"))),
    "T4 年度列与标题不同以列为准": Case([["2025年台账"], [*H, "年度"], row(1, 2024, 首报日期="3月5日")], on((D(2024, 3, 5), "day"))),
    "T4 上半年": Case(dates("2025年上半年", "2025年下半年"), on((D(2025, 6, 30), "half"), (D(2025, 12, 31), "half"))),
    "T4 季度与旬": Case(dates("2025年第二季度", "2025年6月上旬", "2025年2月下旬"),
                    on((D(2025, 6, 30), "quarter"), (D(2025, 6, 10), "ten_days"), (D(2025, 2, 28), "ten_days"))),
    "T4 年底": Case(dates("2025年底"), on((D(2025, 12, 31), "year"))),
    "T4 不存在的日子": Case(dates("2025-02-30", "2025年13月"), refused=("不存在", "不存在")),
    # T5-T8
    "T5 当年到位与累计到资分开": Case(
        [[*H, "当年到位资金情况(亿元)", "到资金额(亿元)", "现阶段到资情况(亿元)"], row(1, None, 3, 4)],
        [{"paid_in_this_year_wan_cny": None, "paid_in_wan_cny": 30000, "paid_in_to_date_wan_cny": 40000}]),
    "T6 投资强度每千平方米与每亩": Case(column("投资强度（万元/千平方米）", 300, "300万元/亩"),
                             [{"investment_intensity_wan_cny_per_mu": 200}, {"investment_intensity_wan_cny_per_mu": 300}]),
    "T6 投资强度没有单位": Case(column("投资强度", 300), refused=("单位无法确定",)),
    "T6 平方米与千平方米与亩": Case(column("用地面积（平方米）", 20000, "20千平方米", "30亩"), [{"land_mu": 30}] * 3),
    "T8 汇率来自表且随行记录": Case(amounts("计划总投资（万美元）", 100), [{"investment_rate": USD, "investment_currency": "USD"}]),
    "万港币": Case(amounts("计划总投资（万港币）", 100), wan(100 * HKD)),
    "元": Case(amounts("计划总投资（元）", 5_000_000), wan(500)),
    # T9 totals
    "T9 合计行": Case([H, row(), ["合计", None, None, None, None]], [{"lead_id": "A1"}], not_data=2),
    "T9 合计行的个数写在编号列": Case([["序号", *H], [1, *row()], ["合计", None, "20个"], ["小计", "20个"]], [{"lead_id": "A1"}], not_data=3),
    "T9 合计行个数是数字": Case([["序号", *H], [1, *row()], ["合计", 20, 20]], [{"lead_id": "A1"}], not_data=2),
    "T9 镇小计": Case([H, row(), ["城关镇小计", None, "3家"]], [{"lead_id": "A1"}], not_data=2),
    "T9 总计中间有空格": Case([H, row(), ["总 计"]], [{"lead_id": "A1"}], not_data=2),
    "T9 合计公司不是合计": Case([H, row(投资主体="合计科技有限公司")], [{"enterprise_name": "合计科技有限公司"}]),
    "T9 序号写合计的线索不当数据也不丢掉": Case([["序号", *H], ["合计", *row()]], [], ("像合计行",)),
    "T9 缺编号的线索不会当合计丢掉": Case([["序号", *H], [1, *row()], ["合计", *row(2, 线索编号=None)]], [{"lead_id": "A1"}], ("没有填写",)),
    # T10 merged cells
    "T10 正文合并的单位": Case([H, row(1, 责任单位="城关镇"), row(2, 责任单位=None)],
                      [{"unit_name": "城关镇"}] * 2, merged=(("D2:D3", "城关镇"),)),
    "T10 正文合并的金额不重复": Case(amounts("计划总投资（万元）", 100, None), wan(100, None), merged=(("F2:F3", 100),)),
    "T10 父表头的单位": Case(PARENT, [{"investment_wan_cny": 12000, "fixed_investment_wan_cny": 8000, "land_mu": 30},
                                 {"investment_wan_cny": 300}], merged=tuple(SPREAD)),
    "T10 三行表头": Case(THREE, [{"investment_wan_cny": 12000, "fixed_investment_wan_cny": 8000}],
                    merged=(("F3:G3", "投资（亿元）"), ("F2:G2", "项目情况"), ("A2:E2", "基本情况"),
                            *((f"{c}3:{c}4", H[i]) for i, c in enumerate("ABCDE")))),
    "子表头自己的单位优先": Case([[*H, "投资（万元）", None], [*[None] * 5, "总投资", "固投（亿元）"], row(1, 100, 2)],
                       [{"investment_wan_cny": 100, "fixed_investment_wan_cny": 20000}],
                       merged=(("F1:G1", "投资（万元）"), *((f"{c}1:{c}2", H[i]) for i, c in enumerate("ABCDE")))),
    # T11-T15
    "T11 三个名字以投资主体为准": Case([[*H, "签约主体(洽谈主体)", "注册公司名称"], row(1, "签约方", "注册有限公司")],
                            [{"enterprise_name": "企业1有限公司", "registered_name": "注册有限公司"}]),
    "T12 信用代码存成数字": Case(column("统一社会信用代码", 9.144030070846e17), [{"uscc": None}], ("存成了数字",)),
    "T12 信用代码是文本": Case(column("统一社会信用代码", "91440300708461136T"), [{"uscc": "91440300708461136T"}]),
    "T12 电话存成数字不读": Case(column("联系电话", 13812345678.0), [{"lead_id": "A1"}]),
    "T13 单元格写单位": Case(amounts("计划总投资", "1.2亿", "12000万元", "¥12000万", "1亿2000万元"), wan(*[12000.0] * 4)),
    "T13 大约的数不猜": Case(amounts("计划总投资", "约12000万", "1.2亿元左右"), refused=("“约”", "“左右”")),
    "T13 单元格单位先于列": Case(amounts("计划总投资（亿元）", "5000万元", 0.5), wan(5000, 5000)),
    "T13 没有单位的数不猜": Case(amounts("计划总投资", 12000), refused=("单位无法确定",)),
    "T13 区间不猜": Case(amounts("计划总投资（亿元）", "1-2"), refused=("不止一个金额",)),
    "T13 面议": Case(amounts("计划总投资（亿元）", "面议"), [{"investment_wan_cny": None}], ("不是金额",)),
    "T14 年份文字": Case([["年度", "单位", "指标", "任务数", "计量单位"], ["2026年度", "城关镇", "签约个数", 5, "个"]],
                    [{"target_year": 2026}], contract="targets"),
    "T14 年份区间不猜": Case([["年度", "单位", "指标", "任务数", "计量单位"], ["2025-2026", "城关镇", "签约个数", 5, "个"]],
                      refused=("不是年份",), contract="targets"),
    "T7 进展只认词不认号": Case([["线索编号", "进展阶段", "发生日期"], ["A1", "开工", "2025-06-03"], ["A2", 2, "2025-06-03"]],
                       [{"stage": "开工"}], ("不在可选项中",), contract="stage_moves"),
    "T15 权重照读不改": Case([["考核方案", "规则编号", "考核指标", "计分方式", "分值", "权重", "生效日期"],
                        ["甲", "1", "签约", "完成率", 10, 0.9, "2025-01-01"]], [{"weight": 0.9}], contract="scoring_rules"),
    # header and notes
    "表头在第20行": Case([*[["标题"]] * 19, H, row()], [{"lead_id": "A1"}], not_data=20),
    "单位在说明行": Case(amounts("计划总投资", 12000, note="单位：万元"), wan(12000)),
    "单位在说明行的括号里": Case(amounts("计划总投资", 12000, note="（单位：万元、亩）"), wan(12000)),
    "说明行有两种钱则不猜": Case(amounts("计划总投资", 12000, note="单位：万元、亿元"), refused=("单位无法确定",)),
    "表下的注和签字": Case([H, row(), ["注：1.金额为计划数"], ["填报人：张某"], ["审核人：李某"]], [{"lead_id": "A1"}], not_data=4),
    "重复的表头": Case([H, row(1), H, row(2)], [{"lead_id": "A1"}, {"lead_id": "A2"}], not_data=2),
    "示例行不读": Case([["序号", *H], ["示例", *row(9)], [1, *row()]], [{"lead_id": "A1"}], not_data=2),
    "项目名叫示例要读": Case([H, row(项目名称="示例")], [{"project_name": "示例"}]),
    "多出的列不读": Case([[*H, "备注", "天气"], row(1, "x", "晴")], [{"lead_id": "A1"}]),
    "两列同义则拒收": Case([["编号", "项目编号", *H[1:]], ["A1", "B1", *row()[1:]]], refused=("两列都像",)),
    "空行夹在中间": Case([H, row(1), [], [None, " "], row(2)], [{"lead_id": "A1"}, {"lead_id": "A2"}], not_data=1),
    "工作表名是镇名": Case([[*H[:3], H[4]], ["A1", "项目", "企业", "2025-06-03"]], [{"unit_name": "东湖街道"}], sheet="东湖街道"),
    "工作表叫Sheet1不当单位": Case([[*H[:3], H[4]], ["A1", "项目", "企业", "2025-06-03"]], [{"unit_name": None}], sheet="Sheet1"),
    "行业名称": Case(column("行业代码", "纺织业", "C1781", "1781"), [{"industry_code": c} for c in ("17", "1781", "1781")]),
    "行业门类太宽": Case(column("行业代码", "制造业"), [{"industry_code": None}], ("太宽",)),
    "是否与勾选": Case(column("内外资", "外资", "内资", "是"), [{"is_foreign": True}, {"is_foreign": False}, {"is_foreign": True}]),
    "一行的错误一次说完": Case([H, row(首报日期="待定", 投资主体=None)], refused=("不是日期", "没有填写")),
}  # fmt: skip


def read(path: Path, case: Case) -> SheetReading:
    (reading,) = read_workbook(path, get_contract(case.contract) if case.contract else None)
    assert reading.read == len(reading.accepted) + reading.refused + reading.not_data
    return reading


@pytest.mark.parametrize("name", CASES)
def test_trap(name, tmp_path):
    case = CASES[name]
    merged = [(case.sheet, where, value) for where, value in case.merged]
    reading = read(write_xlsx(tmp_path / "台账.xlsx", {case.sheet: case.rows}, merged), case)
    said = [r.reason for r in reading.refusals]
    assert len(said) == len(case.refused), said
    assert all(part in text for part, text in zip(case.refused, said, strict=True)), said
    assert len(reading.accepted) == len(case.expect)
    for found, wanted in zip(reading.accepted, case.expect, strict=True):
        for key, value in wanted.items():
            assert found[key] == (pytest.approx(value) if isinstance(value, float | int) else value), key
    if case.not_data is not None:
        assert reading.not_data == case.not_data


# --- two bureaus' exports -------------------------------------------------------------------------------------------

BUREAU_A = {
    "区级项目编码": "Q1", "项目名称": "纺织项目", "项目区域/承接区": "东区", "申报人": "王某某", "负责单位/报送区": "城关镇",
    "计划投资总额(亿元)": 1.2, "固投金额(亿元)": 0.8, "当年到位资金情况(亿元)": 0.1, "到资金额(亿元)": 0.3,
    "现阶段到资情况(亿元)": 0.2, "到位资金用途说明": "设备", "项目简介": "高端面料", "内外资": "内资", "来源地": "上海",
    "产业类别": "纺织", "产业链类别": "纺织服装", "招商类型": "以商招商", "是否FDI": "否", "FDI金额(万美元)": None,
    "是否总部经济": "否", "是否研发中心": "否", "用地情况": "新增", "用地/办公面积（亩）": 30, "建设性质": "新建",
    "协议类型": "投资协议", "注册时间": "2025-03-01", "注册资本(万元)": 5000, "注册公司名称": "云川面料有限公司",
    "证照号码": "91440300708461136T", "投资主体": "甲集团有限公司", "签约主体(洽谈主体)": "甲面料有限公司",
    "联系人(投资方)": "李某某", "联系电话(投资方)": 13812345678, "联系人(区)": "赵某某", "预计年产值(亿元)": 2,
    "预计年税收(亿元)": 0.05, "签约审核通过时间": "2025-04-01", "落地审核通过时间": "2025-08-01", "是否已开工": "是",
    "开工时间": "2025-07-01", "实际开工时间(发改)": "2025-07-15", "竣工时间(发改)": None, "实际开工时间(经信)": "2025-07-20",
    "投产时间(经信)": None, "基金名称": None, "基金参投金额(万元)": 300, "区级责任领导": "孙某某", "备注": None,
}  # fmt: skip
BUREAU_B = {
    "评估状态": "已评估", "园区": "东湖园区", "产业方向": "新材料", "项目编号": "P7", "投资方": "乙公司", "投资方类型": "央企",
    "投资方所在地": "北京", "签约日期": "2025-04-01", "统计日期": "2025-04-30", "备案(核准)名称": "膜材料项目",
    "备案(核准)总投资（万元）": 9000, "备案(核准)日期": "2025-05-01", "统一社会信用代码": "91440300708461136T",
    "注册公司": "乙材料有限公司", "注册资金（万元）": 2000, "注册日期": "2025-03-02", "申请用地(亩)": 20, "到账金额（万元）": 10,
    "开工日期": "2025-06-01", "竣工日期": None, "招商人员": "周某某", "固定资产投资(万元)": 6000,
    "投资强度(万元/千平方米)": 300, "年耗能(吨标煤)": 120, "容积率": 1.2, "佐证材料": "a.pdf;b.pdf",
}  # fmt: skip


def test_the_export_of_one_bureau(tmp_path):
    path = write_xlsx(tmp_path / "导出.xlsx", {"项目库": [list(BUREAU_A), list(BUREAU_A.values())]})
    (reading,) = read_workbook(path)
    assert (reading.contract, reading.refusals) == ("leads", [])
    (got,) = reading.accepted
    assert got["investment_wan_cny"] == pytest.approx(12000)
    assert got["enterprise_name"] == "甲集团有限公司"
    assert (got["reported_date"], got["reported_date_basis"]) == (D(2025, 3, 1), "注册日期")
    starts = {name: got[name] for name in ("started_date", "planning_started_date", "industry_office_started_date")}
    assert starts == {
        "started_date": D(2025, 7, 1),
        "planning_started_date": D(2025, 7, 15),
        "industry_office_started_date": D(2025, 7, 20),
    }
    assert not {"王某某", "李某某", "赵某某"} & {str(value) for value in got.values()}


@pytest.mark.parametrize("with_phases", [False, True])
def test_the_export_of_another_bureau(tmp_path, with_phases):
    header, cells = list(BUREAU_B), list(BUREAU_B.values())
    merged = []
    if with_phases:
        width = len(header)
        rows = [[*header, "计划总投资(万元)", None], [*[None] * width, "一期", "二期"], [*cells, 5000, 4000]]
        last = xlsxwriter.utility.xl_col_to_name
        merged = [("库", f"{last(i)}1:{last(i)}2", title) for i, title in enumerate(header)]
        merged += [("库", f"{last(width)}1:{last(width + 1)}1", "计划总投资(万元)")]
    else:
        rows = [[*header, "计划总投资(万元)"], [*cells, 9000]]
    (reading,) = read_workbook(write_xlsx(tmp_path / "导出.xlsx", {"库": rows}, merged))
    assert (reading.contract, reading.refusals) == ("leads", [])
    (got,) = reading.accepted
    assert (got["unit_name"], got["project_name"]) == ("东湖园区", "膜材料项目")
    assert (got["reported_date"], got["reported_date_basis"]) == (D(2025, 3, 2), "注册日期")
    assert got["investment_intensity_wan_cny_per_mu"] == pytest.approx(200)
    if with_phases:
        assert (got["phase_one_investment_wan_cny"], got["phase_two_investment_wan_cny"]) == (5000, 4000)
        assert got.get("investment_wan_cny") is None
    else:
        assert got["investment_wan_cny"] == 9000
