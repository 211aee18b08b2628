"""The other columns of a lead (线索的其余各列): elements, screens, trips, next actions; drawn apart from all before.

Belongs here: what a lead ledger says besides who, what and how much. Does not belong: what decides landing (leads.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from sample import district
from sample.enterprises import Enterprises
from sample.firms import LocalFirm
from sample.leads import Lead
from sample.partners import agency_of
from sample.places import park_of
from sample.projects import UNLAWFUL_PACKAGES
from sample.sheets import Cell, Column
from sample.tables import columns
from sample.world import pick, plus

Details = dict[str, str | float | dt.date | None]
_TCE_PER_WAN: Final = {"纺织服装": 0.11, "环保水处理": 0.05, "医药医疗器械": 0.06, "新能源新材料": 0.18}
_TWO_HIGH: Final = ("261", "2651", "307", "3240", "3252", "3041")
_NEXT: Final = (
    "约企业董事长会面",
    "组织专家评估工艺",
    "报专题会研究用地",
    "草拟投资协议",
    "陪同企业看厂房",
    "核实资金证明",
)
_BLOCKERS: Final = ("用地指标未落实", "企业融资未到位", "能耗指标待平衡", "条件分歧较大", "等待企业集团决策")
_COUNTRIES: Final = ("香港", "日本", "韩国", "德国", "新加坡", "美国")
UNLAWFUL_PROMISE_SHARE: Final = 0.03

_EVERY_OFFICE: Final = columns("""
    recruiter_no 专员工号
    event_id 来源活动编号
    agency_name 委托招商机构名称
    agency_contract_no 委托招商合同编号
    chain_name 所属产业链
    park_name 落地园区
    energy_tce 年耗能
    registered_capital_wan_cny 注册资本（万元）
    filed_investment_wan_cny 备案总投资（万元）
    tax_basis 税收数据性质
    promise_text 拟承诺事项
    next_action 下步举措
    next_action_due_date 下步举措时限
    blocker 堵点
    is_expansion 是否增资扩产
    headquarters_kind 总部经济类型
""")
_WHERE_IT_GOES: Final = columns("""
    outside_park_reason 园外落地原因
    plant_area_mu 厂房需求（平方米）
    storey_height_m 层高要求
    floor_load_t 承重要求
    power_kva 用电需求
    water_tpd 用水需求
    steam_tph 用汽需求
    sewage_tpd 排水需求
    emission_text 排污情况
    heavy_metal_text 重金属排放
    is_two_high 是否两高项目
""")
_WHO_COMES: Final = columns("""
    introduced_by 推荐单位
    introducer_person 介绍人
    investor_country 投资方国别
    investor_structure 股权结构
    financing_need_wan_cny 融资需求（万元）
    titles 企业资质
    titles_source 资质来源
    titles_date 资质认定日期
    patent_count 专利数
    research_wan_cny 研发投入（万元）
    key_level 重点项目级别
    growth_tags 新旧动能标签
""")
COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    kind: _EVERY_OFFICE + (_WHERE_IT_GOES if kind in {"镇", "街道", "园区"} else _WHO_COMES)
    for kind in ("镇", "街道", "园区", "部门", "招商组", "产业投促委")
}
_AREAS: Final = {"plant_area_mu"}


_HEADQUARTERS: Final = ("区域总部", "功能性总部", "结算中心")
_HEADQUARTERS_EVERY: Final = 12


def _headquarters(lead: Lead) -> str | None:
    """Return which headquarters a lead brings: one of twelve does, by its number, so that no stream of chance moves."""
    turn, rest = divmod(int(lead.lead_id[-5:]), _HEADQUARTERS_EVERY)
    return None if rest else _HEADQUARTERS[turn % len(_HEADQUARTERS)]


def set_details(
    leads: list[Lead], enterprises: Enterprises, firms: list[LocalFirm], as_of: dt.date, rng: np.random.Generator
) -> None:
    """Draw the columns of every lead; what a firm makes and whether it is here already decide most of them."""
    for lead in leads:
        is_local = enterprises.city[lead.enterprise] == len(district.CITIES) - 1
        is_making = lead.industry.section in "CD"
        lead.is_expansion = bool(is_local and is_making)
        if is_making and lead.output:
            per_wan = _TCE_PER_WAN.get(lead.industry.chain, 0.12)
            lead.energy = round(lead.output * per_wan * float(np.exp(rng.normal(0, 0.4))), 1)
        agency = agency_of(lead, as_of, rng)
        park = park_of(lead, rng) if is_making else None
        capital = float(enterprises.capital_wan[lead.enterprise])
        investment = lead.investment or 0.0
        is_unlawful = rng.random() < UNLAWFUL_PROMISE_SHARE
        lead.details = {
            "recruiter_no": lead.recruiter_no,
            "event_id": lead.event_id,
            "agency_name": agency.name if agency else None,
            "agency_contract_no": agency.contract if agency else None,
            "chain_name": lead.industry.chain or None,
            "park_name": park,
            "energy_tce": lead.energy,
            "registered_capital_wan_cny": round(investment * 0.02, 1) + 10 if lead.is_inflated else capital,
            "filed_investment_wan_cny": _filed(lead, rng),
            "tax_basis": "承诺" if "签约" in lead.events else pick(("承诺", "估算"), rng),
            "promise_text": pick(UNLAWFUL_PACKAGES, rng) if is_unlawful else None,
            "is_expansion": lead.is_expansion,
            "headquarters_kind": _headquarters(lead),
            **_next_step(lead, as_of, rng),
            **(_elements(lead, park, rng) if is_making else {}),
            **_who_comes(lead, firms, rng),
        }


def _filed(lead: Lead, rng: np.random.Generator) -> float | None:
    if "备案" not in lead.events or not lead.investment:
        return None
    return round(lead.investment * (0.15 if lead.is_inflated else float(rng.uniform(0.92, 1.06))), 1)


def _next_step(lead: Lead, as_of: dt.date, rng: np.random.Generator) -> Details:
    """Open leads mostly have a next step, some of it overdue; a few have neither step nor reason."""
    if {"开工", "终止"} & set(lead.events):
        return {}
    has_step = rng.random() < 0.7
    return {
        "next_action": pick(_NEXT, rng) if has_step else None,
        "next_action_due_date": plus(as_of, float(rng.integers(-40, 60))) if has_step else None,
        "blocker": pick(_BLOCKERS, rng) if rng.random() < 0.18 else None,
    }


def _elements(lead: Lead, park: str | None, rng: np.random.Generator) -> Details:
    size = (lead.investment or 3000.0) / 1000
    rents = lead.land is None
    is_wet = lead.industry.trade in {"染整", "药化", "水处理剂", "锂电材料", "生物纤维"}
    is_two_high = lead.industry_code.startswith(_TWO_HIGH)
    return {
        "outside_park_reason": None if park else pick(("利用镇内闲置厂房", "企业自选地块", "配套企业就近建设"), rng),
        "plant_area_mu": float(round(2 + 1.2 * size)) if rents else None,
        "storey_height_m": float(rng.choice([4.0, 5.5, 7.5, 9.0])) if rents else None,
        "floor_load_t": float(rng.choice([0.5, 1.0, 2.0])) if rents else None,
        "power_kva": float(round(80 * size + 100, -1)),
        "water_tpd": float(round((30 if is_wet else 4) * size)),
        "steam_tph": round(1.2 * size, 1) if is_wet else None,
        "sewage_tpd": float(round((26 if is_wet else 2) * size)),
        "emission_text": "工艺废水、VOCs" if is_wet else "少量粉尘",
        "heavy_metal_text": "含镍废水" if lead.industry.trade == "锂电材料" else None,
        "is_two_high": is_two_high,
    }


def _who_comes(lead: Lead, firms: list[LocalFirm], rng: np.random.Generator) -> Details:
    titled = pick((None, None, None, "高新", "高新、专精特新", "专精特新", "瞪羚", "独角兽", "上市"), rng)
    near = [firm for firm in firms if firm.industry.chain == lead.industry.chain] or firms
    introduced = None
    if lead.source == "以商招商" and near:
        introduced = pick(near, rng).name
    elif lead.source == "乡友商会":
        introduced = f"{(lead.origin or '外地')[:2]}云川商会"
    return {
        "introduced_by": introduced,
        "investor_country": pick(_COUNTRIES, rng) if lead.is_foreign else None,
        "investor_structure": pick(("外方独资", "中外合资（外方51%）", "中外合资（外方30%）"), rng)
        if lead.is_foreign
        else None,
        "financing_need_wan_cny": round((lead.investment or 0) * 0.3, -1) or None if rng.random() < 0.25 else None,
        "titles": titled,
        "titles_source": "企业提供证书" if titled else None,
        "titles_date": plus(lead.reported, -float(rng.integers(60, 1500))) if titled else None,
        "patent_count": float(rng.poisson(9)) if titled else None,
        "research_wan_cny": round((lead.output or 0) * float(rng.uniform(0.02, 0.06)), 1) or None if titled else None,
        "key_level": pick(("省级", "市级", "区级"), rng) if (lead.investment or 0) > 30_000 else None,
        "growth_tags": "新材料" if lead.industry.chain == "新能源新材料" and rng.random() < 0.5 else None,
    }


def cell(column: Column, lead: Lead, person: str) -> Cell:
    """Write one of these columns as offices do."""
    if column.field == "introducer_person":
        return person if lead.details.get("introduced_by") else None
    value = lead.details.get(column.field)
    if isinstance(value, bool):
        return "是" if value else "否"
    if column.field in _AREAS and isinstance(value, float):
        return round(value / 0.0015, 2)
    return value
