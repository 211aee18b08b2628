"""Lead ledgers (线索台账) as each kind of office keeps them, and the rows that nobody can read.

Belongs here: which columns under which headers, who writes what in which form, spoiled cells, the corrected ledger.
Does not belong: the look of a sheet (sheets.py), other ledgers (records.py), what is true (leads.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from sample import details, district
from sample.industries import lettered
from sample.leads import Lead
from sample.process import fake_phone
from sample.sheets import Cell, Column, Form, amount_cell, date_cell, month_cell, open_book, plain, write_sheet

REFUSED_SHARE: Final = 0.010
CORRECTED: Final = 8  # leads of towns whose investment was wrong at first and is sent again
SPOILED: Final = ("信用代码校验位错误", "信用代码存成数字", "日期不存在", "选项不认识", "必填项未填", "月份有歧义")
SPOILED_WITHOUT_UNIT: Final = "金额单位无法确定"
_AMOUNTS: Final = {
    "investment_wan_cny": "investment",
    "fixed_investment_wan_cny": "fixed",
    "expected_output_wan_cny": "output",
    "promised_tax_wan_cny": "promised",
}


@dataclass(frozen=True)
class LedgerRow:
    """Where a lead stands written; `investment` is what stands there, `is_current` whether no later row corrects it."""

    lead_id: str
    file: str
    sheet: str
    row: int
    investment: float | None
    refused_kind: str | None
    is_current: bool


@dataclass(frozen=True)
class Office:
    """How one kind of unit keeps its ledger."""

    kind: str
    form: Form
    share_real_dates: float = 0.5
    share_text_amounts: float = 0.12
    uses_short_names: bool = False
    sheet_per_unit: bool = False

    @property
    def file(self) -> str:
        return f"线索台账_{self.kind}.xlsx"

    @property
    def whole_form(self) -> Form:
        """The form with the columns that every office of the kind adds behind its own."""
        return replace(self.form, columns=self.form.columns + details.COLUMNS[self.kind])


_PERSONAL: Final = (Column("contact_person", "联系人", "资方"), Column("contact_phone", "联系电话", "资方"))
_SIGNED: Final = "填报单位：（盖章）    填报人：赵甲    填报时间：当月25日"

OFFICES: Final = (
    Office(
        "镇",
        Form(
            "云川区镇级招商引资线索台账",
            (
                Column("", "序号"),
                Column("lead_id", "线索编号"),
                Column("project_name", "项目名称"),
                Column("enterprise_name", "投资主体"),
                Column("uscc", "统一社会信用代码"),
                Column("reported_date", "首报日期"),
                Column("investment_wan_cny", "计划总投资", "投资情况", "万元"),
                Column("fixed_investment_wan_cny", "其中：固定资产投资", "投资情况", "万元"),
                Column("is_foreign", "内外资", "投资情况"),
                Column("origin_name", "来源地"),
                Column("industry_name", "行业类别"),
                Column("product_text", "主要产品"),
                Column("lead_source", "线索来源"),
                Column("land_mu", "用地需求（亩）", "要素需求"),
                Column("expected_output_wan_cny", "预计年产值", "预期效益", "万元"),
                Column("promised_tax_wan_cny", "预计年税收", "预期效益", "万元"),
                *_PERSONAL,
                Column("", "备注"),
            ),
            notes=("单位：万元",),
            footer=(_SIGNED, "注：1.投资额以协议或洽谈意向为准；2.日期为首次上报日期。"),
            has_total=True,
        ),
        sheet_per_unit=True,
    ),
    Office(
        "街道",
        Form(
            "云川区街道在谈项目汇总表",
            (
                Column("", "序号"),
                Column("unit_name", "申报单位"),
                Column("lead_id", "项目编号"),
                Column("project_name", "拟投资项目"),
                Column("enterprise_name", "投资方"),
                Column("uscc", "信用代码"),
                Column("reported_date", "上报日期"),
                Column("investment_wan_cny", "投资金额(亿元)", unit="亿元"),
                Column("fixed_investment_wan_cny", "固投金额(亿元)", unit="亿元"),
                Column("is_foreign", "内资/外资"),
                Column("origin_name", "投资方所在地"),
                Column("product_text", "项目简介"),
                Column("lead_source", "渠道"),
                Column("land_mu", "拟用地面积(亩)"),
                Column("expected_output_wan_cny", "达产产值(亿元)", unit="亿元"),
                Column("promised_tax_wan_cny", "承诺税收(万元)", unit="万元"),
                Column("contact_person", "企业联系人"),
                Column("contact_phone", "手机号码"),
            ),
            footer=("说明：投资金额按亿元填报。",),
            merged_field="unit_name",
            has_subtotals=True,
            has_total=True,
        ),
        share_real_dates=0.2,
        uses_short_names=True,
    ),
    Office(
        "部门",
        Form(
            "云川区区直部门招商线索登记表",
            (
                Column("lead_id", "编号"),
                Column("unit_name", "责任单位"),
                Column("enterprise_name", "企业名称"),
                Column("uscc", "证照号码"),
                Column("project_name", "线索名称"),
                Column("reported_date", "登记日期"),
                Column("lead_source", "招商类型"),
                Column("investment_wan_cny", "投资总额"),
                Column("promised_tax_wan_cny", "预期税收"),
                Column("industry_name", "产业类别"),
                Column("product_text", "建设内容"),
                Column("origin_name", "企业来源地"),
                Column("contact_phone", "联系方式"),
            ),
            footer=(_SIGNED,),
            repeats_header_every=60,
        ),
        share_real_dates=0.3,
        share_text_amounts=1.0,
    ),
    Office(
        "招商组",
        Form(
            "驻外专业招商组项目线索台账",
            (
                Column("", "序号"),
                Column("lead_id", "线索编码", "基本信息"),
                Column("unit_name", "跟进单位", "基本信息"),
                Column("project_name", "项目名称", "基本信息"),
                Column("enterprise_name", "洽谈主体", "企业信息"),
                Column("uscc", "社会信用代码", "企业信息"),
                Column("origin_name", "来源地区", "企业信息"),
                Column("industry_code", "国民经济行业代码", "企业信息"),
                Column("reported_date", "线索获取时间"),
                Column("lead_source", "来源渠道"),
                Column("investment_wan_cny", "总投资", "投资计划", "亿元"),
                Column("fixed_investment_wan_cny", "固投", "投资计划", "亿元"),
                Column("is_foreign", "资金性质", "投资计划"),
                Column("land_mu", "申请用地（亩）", "投资计划"),
                Column("expected_output_wan_cny", "预计产值", "投资计划", "亿元"),
                Column("promised_tax_wan_cny", "预计税收（万元）", "投资计划", "万元"),
                Column("product_text", "主要产品及建设内容"),
                *_PERSONAL,
            ),
            notes=("各驻外招商组每月25日前更新", "金额单位：亿元"),
            footer=("数据截至当月25日", _SIGNED),
        ),
        share_real_dates=0.7,
    ),
    Office(
        "园区",
        Form(
            "云川市园区入园项目线索表",
            (
                Column("", "序号"),
                Column("lead_id", "区级项目编码"),
                Column("project_name", "项目名称"),
                Column("enterprise_name", "签约主体（洽谈主体）"),
                Column("uscc", "统一社会信用代码"),
                Column("unit_name", "承接单位"),
                Column("reported_date", "报送日期"),
                Column("industry_code", "行业代码"),
                Column("industry_name", "所属行业"),
                Column("investment_wan_cny", "计划投资总额（万元）", unit="万元"),
                Column("fixed_investment_wan_cny", "固定资产投资（万元）", unit="万元"),
                Column("is_foreign", "内外资"),
                Column("land_mu", "用地面积（平方米）"),
                Column("expected_output_wan_cny", "预期产值（万元）", unit="万元"),
                Column("promised_tax_wan_cny", "预计年税收（万元）", unit="万元"),
                Column("lead_source", "线索来源"),
                Column("product_text", "投资内容"),
                Column("contact_person", "联系人"),
                Column("contact_phone", "电话"),
            ),
            notes=("填报单位：各园区管委会    填报时间：当月25日",),
            footer=("以上项目均为在库项目。",),
        ),
        share_real_dates=0.8,
        sheet_per_unit=True,
    ),
    Office(
        "产业投促委",
        Form(
            "产业投促委重点线索台账",
            (
                Column("", "序号"),
                Column("lead_id", "线索编号"),
                Column("unit_name", "负责单位"),
                Column("project_name", "项目"),
                Column("enterprise_name", "投资企业"),
                Column("uscc", "统一信用代码"),
                Column("reported_date", "报备日期"),
                Column("investment_wan_cny", "总投资（亿元）", unit="亿元"),
                Column("is_foreign", "投资性质"),
                Column("industry_code", "行业小类代码"),
                Column("product_text", "产品"),
                Column("lead_source", "来源"),
                Column("promised_tax_wan_cny", "预计年税收（万元）", unit="万元"),
                Column("contact_phone", "手机"),
            ),
            footer=(_SIGNED,),
        ),
    ),
)

_SOURCE_WORDS: Final = {
    "以商招商": ("以商招商", "以企招商", "企业推荐"),
    "外出招商": ("外出招商", "外出拜访"),
    "驻点招商": ("驻点招商",),
    "委托招商": ("委托招商", "中介机构"),
    "展会活动": ("展会活动", "推介会"),
    "乡友商会": ("乡友商会", "商会", "校友"),
    "上门自荐": ("上门自荐", "来电来访"),
    "上级推送": ("上级推送", "领导交办"),
}


def write_ledgers(inbox: Path, leads: list[Lead], rng: np.random.Generator) -> list[LedgerRow]:
    """Write the ledger of every office, spoil about one row in a hundred, and send a corrected one of the towns."""
    rows: list[LedgerRow] = []
    for office in OFFICES:
        own = [lead for lead in leads if district.UNITS[lead.unit].kind == office.kind]
        first_written = _first_mistakes(own, rng) if office.kind == "镇" else {}
        written = _write_office(inbox / office.file, office, own, first_written, rng)
        rows += written
        if office.kind == "镇":
            again = _correct(inbox, office, own, first_written, rng)
            renewed = {row.lead_id for row in again}
            rows = [replace(row, is_current=row.is_current and row.lead_id not in renewed) for row in rows] + again
    return rows


def spoil(leads: list[Lead], followed: dict[str, int], rng: np.random.Generator) -> None:
    """Choose the leads whose row nobody can read, among those that little has happened to."""
    quiet = [lead for lead in leads if followed.get(lead.lead_id, 0) <= 4 and "签约" not in lead.events]
    for number, place in enumerate(rng.permutation(len(quiet))[: max(6, round(len(leads) * REFUSED_SHARE))]):
        lead = quiet[place]
        lead.refused_kind = SPOILED[number % len(SPOILED)]
        # Only bureaus keep a ledger that says no unit anywhere.
        if district.UNITS[lead.unit].kind == "部门" and rng.random() < 0.7:
            lead.refused_kind = SPOILED_WITHOUT_UNIT
            lead.investment = lead.investment or 3000.0


def _first_mistakes(leads: list[Lead], rng: np.random.Generator) -> dict[str, float]:
    """Investments ten times too high at first: a 0 too many."""
    sure = [lead for lead in leads if lead.investment and not lead.usd_wan and not lead.refused_kind]
    return {sure[i].lead_id: sure[i].investment * 10 for i in rng.permutation(len(sure))[:CORRECTED]}


def _write_office(
    path: Path, office: Office, leads: list[Lead], mistakes: dict[str, float], rng: np.random.Generator
) -> list[LedgerRow]:
    rows: list[LedgerRow] = []
    ordered = sorted(leads, key=lambda lead: lead.unit) if office.form.merged_field else leads
    sheets: dict[str, list[Lead]] = {}
    for lead in ordered:
        unit = district.UNITS[lead.unit]
        sheets.setdefault(_sheet_name(office, unit) if office.sheet_per_unit else f"{office.kind}汇总", []).append(lead)
    form = office.whole_form
    with open_book(path) as book:
        if office.kind == "镇":
            book.book.add_worksheet("填表说明").write_string(0, 0, "合成数据：每镇一张表，请勿改动表头")
        for name, own in sheets.items():
            cells = [_cells(lead, office, mistakes.get(lead.lead_id), rng) for lead in own]
            numbers = write_sheet(book, name, form, cells)
            rows += [
                LedgerRow(
                    lead.lead_id,
                    path.name,
                    name,
                    number,
                    mistakes.get(lead.lead_id, lead.investment),
                    lead.refused_kind,
                    lead.refused_kind is None,
                )
                for lead, number in zip(own, numbers, strict=True)
            ]
    return rows


def _sheet_name(office: Office, unit: district.Unit) -> str:
    # Two towns' sheets carry the spoken name only, as offices do.
    is_spoken = office.kind == "镇" and unit.code in {"Z03", "Z07"}
    return unit.short_names[0] if is_spoken else unit.name


def _correct(
    inbox: Path, office: Office, leads: list[Lead], mistakes: dict[str, float], rng: np.random.Generator
) -> list[LedgerRow]:
    """Send again what was wrong: the mistaken investments and half of the towns' refused rows, now readable."""
    refused = [lead for lead in leads if lead.refused_kind]
    wanted = {lead.lead_id for lead in refused[: (len(refused) + 1) // 2]} | set(mistakes)
    mended = [replace(lead, refused_kind=None) for lead in leads if lead.lead_id in wanted]
    if not mended:
        return []
    corrected = replace(office, form=replace(office.form, title=f"{office.form.title}·更正"))
    # Sorts behind the file it corrects, so that it is received later.
    return _write_office(inbox / "线索台账_镇_更正.xlsx", corrected, mended, {}, rng)


def _cells(lead: Lead, office: Office, mistaken: float | None, rng: np.random.Generator) -> dict[str, Cell]:
    reported = (
        month_cell(lead.reported, rng) if lead.is_month_only else date_cell(lead.reported, rng, office.share_real_dates)
    )
    unit = district.UNITS[lead.unit]
    unit_name = lead.unit_name
    if office.uses_short_names and unit_name == unit.name:
        unit_name = unit.short_names[0]
    words = _SOURCE_WORDS[lead.source]
    cells: dict[str, Cell] = {
        "lead_id": lead.lead_id,
        "project_name": lead.project_name,
        "enterprise_name": lead.written_name,
        "uscc": lead.uscc if lead.is_code_written else None,
        "unit_name": unit_name,
        "reported_date": reported,
        "is_foreign": ("外资" if lead.is_foreign else "内资"),
        "origin_name": lead.origin,
        "industry_code": (lettered(lead.industry_code) if rng.random() < 0.4 else lead.industry_code),
        "industry_name": lead.industry.chain or lead.industry.trade,
        "product_text": lead.product_text,
        "lead_source": words[int(rng.integers(len(words)))],
        "land_mu": _land(lead.land, office, rng),
        "contact_person": district.SURNAMES[int(rng.integers(len(district.SURNAMES)))]
        + district.GIVEN[int(rng.integers(len(district.GIVEN)))],
        "contact_phone": fake_phone(rng),
    }
    for column in office.form.columns:
        if column.field in _AMOUNTS:
            wan = getattr(lead, _AMOUNTS[column.field])
            cells[column.field] = amount_cell(wan, column.unit, rng, office.share_text_amounts)
    cells |= {c.field: details.cell(c, lead, str(cells["contact_person"])) for c in details.COLUMNS[office.kind]}
    if mistaken is not None:
        cells["investment_wan_cny"] = mistaken
    elif lead.usd_wan and lead.investment:
        cells["investment_wan_cny"] = f"{plain(lead.usd_wan)}万美元"
    if lead.refused_kind:
        cells |= _spoiled(lead, rng)
    return cells


def _land(land: float | None, office: Office, rng: np.random.Generator) -> Cell:
    if land is None:
        return None if rng.random() < 0.7 else "-"
    if office.kind == "园区":  # in square metres: 1 亩 = 1 / 0.0015
        return round(land / 0.0015, 2)
    return f"{plain(land)}亩" if rng.random() < 0.2 else land


def _spoiled(lead: Lead, rng: np.random.Generator) -> dict[str, Cell]:
    if lead.refused_kind == "信用代码校验位错误":
        return {"uscc": lead.uscc[:17] + ("1" if lead.uscc[17] == "0" else "0")}
    if lead.refused_kind == "信用代码存成数字":
        return {"uscc": float(913799000000000000 + int(rng.integers(0, 10**11)))}
    if lead.refused_kind == "日期不存在":
        return {"reported_date": f"{lead.reported.year}-02-30"}
    if lead.refused_kind == "选项不认识":
        return {"lead_source": "朋友圈"}
    if lead.refused_kind == "必填项未填":
        return {"enterprise_name": None}
    if lead.refused_kind == "月份有歧义":
        return {"reported_date": lead.reported.year + 0.1}  # Excel makes one number of 2025.1 and 2025.10
    if lead.refused_kind == SPOILED_WITHOUT_UNIT:
        return {"investment_wan_cny": lead.investment}
    raise AssertionError(lead.refused_kind)
