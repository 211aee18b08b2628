"""Firms that are here already (本地企业): what they make, pay, use and want, and who supplies whom.

Belongs here: 本地企业, 上下游供需, 产业链需求, 企业诉求, 企业动向. Does not belong: leads, parks (places.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from sample import district
from sample.enterprises import Enterprises
from sample.industries import INDUSTRIES, Industry
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, pick, plus

MOST_FIRMS: Final = 160
LEADER_OUTPUT: Final = 6000.0  # 万元: the first firm of a chain drawn above it leads the chain
NEGLECTED_SHARE: Final = 0.15  # of the firms: nobody came for a year
_OUTSIDE_CHAINS: Final = {
    "C": 1.0,
    "D": 1.0,
    "G": 0.2,
    "I": 0.3,
    "L": 0.2,
    "M": 0.3,
}  # by section, against 12 in a chain
_PER_HEAD: Final = {"纺织服装": 45.0, "环保水处理": 90.0, "医药医疗器械": 120.0, "新能源新材料": 150.0}
_TCE_PER_WAN: Final = {"纺织服装": 0.10, "环保水处理": 0.05, "医药医疗器械": 0.06, "新能源新材料": 0.16}


@dataclass(frozen=True)
class LocalFirm:
    """A firm of the register that stands in the district. Money in 万元 of the last full year, land in 亩."""

    place: int
    name: str
    uscc: str
    industry: Industry
    industry_code: str
    products: tuple[str, ...]
    unit_name: str
    established: dt.date
    employees: int
    output: float
    tax: float
    energy: float
    land: float | None
    care_level: str
    is_leader: bool


def draw_local_firms(enterprises: Enterprises, rng: np.random.Generator) -> list[LocalFirm]:
    """Choose firms of the register that stand in the district: most of them in its chains."""
    n = enterprises.in_register
    local = (enterprises.city[:n] == len(district.CITIES) - 1) & (enterprises.broken[:n] < 0)
    places = np.flatnonzero(local & (enterprises.status[:n] < 2))
    is_chain = np.array([bool(INDUSTRIES[i].chain) for i in enterprises.industry[places]])
    weight = np.where(
        is_chain, 12.0, [_OUTSIDE_CHAINS.get(INDUSTRIES[i].section, 0.0) for i in enterprises.industry[places]]
    )
    count = min(MOST_FIRMS, int((weight > 0).sum()), max(30, len(places) // 2))
    chosen = np.sort(rng.choice(places, count, replace=False, p=weight / weight.sum())) if count else places[:0]
    towns = [unit for unit in district.UNITS if unit.kind in {"镇", "街道"}]
    firms: list[LocalFirm] = []
    leaders: set[str] = set()
    for place in chosen.tolist():
        industry = INDUSTRIES[int(enterprises.industry[place])]
        employees = max(12, int(np.exp(rng.normal(4.2, 0.9))))
        output = round(employees * _PER_HEAD.get(industry.chain, 60.0) * float(np.exp(rng.normal(0, 0.35))), 1)
        count_products = min(len(industry.products), int(rng.integers(1, 4)))
        is_leader = bool(industry.chain) and industry.chain not in leaders and output > LEADER_OUTPUT
        if is_leader:
            leaders.add(industry.chain)
        level = "重点" if is_leader or output > 20_000 else "骨干" if output > 6000 else "一般"
        code = enterprises.industry_code[place].as_py()
        firms.append(
            LocalFirm(
                place=place,
                name=enterprises.name[place].as_py(),
                uscc=enterprises.uscc[place].as_py(),
                industry=industry,
                industry_code=code or industry.codes[0],
                products=tuple(industry.products[i] for i in range(count_products)),
                unit_name=pick(towns, rng).name,
                established=enterprises.established[place].astype(object),
                employees=employees,
                output=output,
                tax=round(output * industry.tax_rate * float(np.exp(rng.normal(0.2, 0.4))), 2),
                energy=round(output * _TCE_PER_WAN.get(industry.chain, 0.08) * float(np.exp(rng.normal(0, 0.4))), 1),
                land=float(round(output / rng.uniform(120, 420)) + 3) if rng.random() < 0.85 else None,
                care_level=level,
                is_leader=is_leader,
            )
        )
    return firms


def firms_ledger(world: World, firms: list[LocalFirm], parks: list[str], rng: np.random.Generator) -> Ledger:
    """Return the ledger of local enterprises (本地企业)."""
    rows: list[Row] = []
    for firm in firms:
        days = rng.uniform(400, 900) if rng.random() < NEGLECTED_SHARE else rng.uniform(5, 170)
        wants_more = rng.random() < 0.2
        is_head = firm.output > 25_000 and rng.random() < 0.5
        rows.append(
            {
                "uscc": firm.uscc,
                "enterprise_name": firm.name,
                "care_level": firm.care_level,
                "unit_name": firm.unit_name,
                "is_recruiting": firm.is_leader or rng.random() < 0.15,
                "industry_code": firm.industry_code,
                "products": "、".join(firm.products),
                "chain_name": firm.industry.chain or None,
                "titles": pick((None, None, "高新", "高新、专精特新", "专精特新", "瞪羚"), rng),
                "is_chain_leader": firm.is_leader,
                "output_wan_cny": firm.output,
                "tax_wan_cny": firm.tax,
                "employee_count": float(firm.employees),
                "land_mu": firm.land,
                "last_visit_date": plus(world.as_of, -days),
                "expansion_text": f"拟新上{firm.products[0]}二期，约需用地{int(rng.integers(2, 9)) * 10}亩"
                if wants_more
                else None,
                "energy_tce": firm.energy,
                "established_date": firm.established,
                "group_name": f"{firm.name[2:5]}集团" if firm.is_leader else None,
                "headquarters_kind": "区域总部" if is_head else "非总部",
                "park_name": pick(parks, rng) if rng.random() < 0.5 else None,
                "building_name": "云川金融中心" if is_head else None,
                "office_area_m2": float(int(rng.integers(5, 40)) * 100) if is_head else None,
                "leader_post": pick(("区委书记", "区长", "常务副区长", "分管副区长"), rng)
                if firm.care_level == "重点"
                else None,
                "home_region_name": district.CITIES[int(rng.integers(len(district.CITIES) - 1))].name
                if rng.random() < 0.2
                else None,
            }
        )
    form = Form(
        "云川区本地企业服务台账",
        columns("""
            - 序号
            unit_name 所在镇街
            enterprise_name 企业全称
            uscc 社会信用代码
            care_level 包保等级
            leader_post 包保领导职务
            is_recruiting 以企招商企业
            industry_code 国民经济行业代码
            products 主要产品
            chain_name 所属产业链
            titles 资质荣誉
            is_chain_leader 链主企业
            output_wan_cny 上年度产值（亿元）
            tax_wan_cny 上年度税收（万元）
            employee_count 从业人数
            land_mu 用地面积（亩）
            energy_tce 年综合能耗
            established_date 成立日期
            group_name 母公司
            headquarters_kind 总部类型
            park_name 所在园区
            building_name 所在楼宇
            office_area_m2 办公面积
            home_region_name 创办者籍贯地区
            last_visit_date 走访日期
            expansion_text 扩产计划
            contact_person 企业联系人
            contact_phone 手机号码
        """),
        footer=("填报单位：各镇街", "注：能耗为吨标准煤，办公面积为平方米。"),
    )
    return Ledger("local_enterprises", "本地企业", form, rows)


# --- who supplies whom ----------------------------------------------------------------------------------------------


def supply_ledger(world: World, firms: list[LocalFirm], rng: np.random.Generator) -> Ledger:
    """Links along a chain between local firms, and what they buy from outside because nobody here makes it."""
    rows: dict[tuple[str, str, str], Row] = {}
    places = {industry.trade: number for number, industry in enumerate(INDUSTRIES)}

    def link(supplier: tuple[str, str | None], customer: LocalFirm, product: str, is_local: bool) -> None:
        share = round(float(rng.uniform(3, 40)), 1)
        rows.setdefault(
            (supplier[0], customer.name, product),
            {
                "supplier_name": supplier[0],
                "supplier_uscc": supplier[1],
                "customer_name": customer.name,
                "customer_uscc": customer.uscc,
                "product_text": product,
                "yearly_amount_wan_cny": round(customer.output * 0.5 * share / 100, 1),
                "share_pct": share,
                "is_local": is_local,
                "told_by": pick(("企业走访", "企业填报", "增值税开票分析（合成）"), rng),
                "as_of_date": dt.date(world.as_of.year - 1, 12, 31),
            },
        )

    for supplier in firms:
        if supplier.industry.section != "C":
            continue
        step = [firm for firm in firms if _may_buy(supplier, firm, places)]
        for number in rng.permutation(len(step))[:3].tolist():
            link((supplier.name, supplier.uscc), step[number], pick(supplier.products, rng), True)
    outside = _makers_outside(world.enterprises, firms)
    for firm in firms:
        found = outside.get(firm.industry.chain, [])
        if found and rng.random() < 0.6:
            place = pick(found, rng)
            maker = INDUSTRIES[int(world.enterprises.industry[place])]
            name = world.enterprises.name[place].as_py()
            code = world.enterprises.uscc[place].as_py() if rng.random() < 0.6 else None
            link((name, code), firm, pick(maker.products, rng), False)
    form = Form(
        "云川区重点产业链上下游供需关系表",
        columns("""
            supplier_name 供方>上游企业
            supplier_uscc 供方>供应方信用代码
            customer_name 需方>下游企业
            customer_uscc 需方>需求方信用代码
            product_text 供应产品
            yearly_amount_wan_cny 年采购额（万元）
            share_pct 占采购比例
            is_local 是否本地配套
            told_by 信息来源
            as_of_date 数据时点
        """),
        footer=("注：比例为百分数。",),
    )
    return Ledger("supply_links", "上下游供需", form, list(rows.values()))


def _may_buy(supplier: LocalFirm, customer: LocalFirm, places: dict[str, int]) -> bool:
    """Along a chain the links a few steps below buy; packers and makers of parts outside the chains sell to any maker."""
    if supplier.industry.chain:
        ahead = places[customer.industry.trade] - places[supplier.industry.trade]
        return customer.industry.chain == supplier.industry.chain and 1 <= ahead <= 4
    return customer.industry.section == "C" and customer.industry is not supplier.industry


def _makers_outside(enterprises: Enterprises, firms: list[LocalFirm]) -> dict[str, list[int]]:
    """Give firms elsewhere that make what the district most needs, by chain."""
    n = enterprises.in_register
    sound = (enterprises.broken[:n] < 0) & (enterprises.status[:n] < 2)
    away = np.flatnonzero(sound & (enterprises.city[:n] != len(district.CITIES) - 1))
    key = [number for number, industry in enumerate(INDUSTRIES) if industry.is_key]
    found: dict[str, list[int]] = {}
    for place in away[np.isin(enterprises.industry[away], key)][:200].tolist():
        found.setdefault(INDUSTRIES[int(enterprises.industry[place])].chain, []).append(place)
    return found


# what the office calls the link of each trade that the district most needs: number and name of the chain file
NEEDED_NODES: Final = {
    "生物纤维": ("textile.bio_fibre", "再生与生物基纤维"),
    "染整": ("textile.finishing", "绿色印染与后整理"),
    "产业用布": ("textile.nonwoven", "无纺布与产业用纺织品"),
    "膜材料": ("water.membrane_material", "膜材料与支撑层"),
    "膜科技": ("water.ro_membrane", "反渗透与纳滤膜"),
    "水质仪器": ("water.monitoring", "水质监测仪器"),
    "医用材料": ("medical.polymer", "医用高分子材料"),
    "诊断": ("medical.ivd", "体外诊断"),
    "外科器械": ("medical.surgical", "外科、口腔与植介入器械"),
    "锂电材料": ("energy_materials.cathode", "锂电正极材料"),
    "功能膜": ("energy_materials.separator", "电池隔膜与功能膜"),
    "储能": ("energy_materials.storage", "储能系统与电力电子"),
}


def needs_ledger(world: World, firms: list[LocalFirm], parks: list[str], rng: np.random.Generator) -> Ledger:
    """What is missing here, asked for by a firm of the chain or a park; some is met by a lead that signed."""
    rows: list[Row] = []
    for industry in (i for i in INDUSTRIES if i.is_key):
        node_id, node_name = NEEDED_NODES[industry.trade]
        buyers = [firm for firm in firms if firm.industry.chain == industry.chain]
        met = [lead for lead in world.signed if lead.industry is industry]
        for number, product in enumerate(industry.products[: int(rng.integers(1, 4))]):
            asked = plus(world.as_of, -float(rng.uniform(40, 700)))
            later = [lead for lead in met if world.known[lead.lead_id]["签约"] > asked]
            rows.append(
                {
                    "need_id": f"XQ{len(rows) + 1:03d}",
                    "chain_name": industry.chain,
                    "node_name": node_name,
                    "node_id": node_id,
                    "need_text": f"缺{product}配套，现从外地采购",
                    "gap_class": pick(("补链", "补链", "延链", "强链"), rng),
                    "asked_by": pick(buyers, rng).name if buyers and number == 0 else pick(parks, rng),
                    "yearly_amount_wan_cny": float(int(rng.integers(3, 80)) * 100),
                    "priority": pick(("高", "高", "中", "低"), rng),
                    "asked_date": asked,
                    "due_date": plus(asked, 365),
                    "met_by_lead_id": later[0].lead_id if later and number == 0 else None,
                }
            )
    form = Form(
        "云川区四大产业链缺链补链需求清单",
        columns("""
            need_id 需求编号
            chain_name 产业链名称
            node_id 环节编号
            node_name 缺失环节
            need_text 需求产品
            gap_class 强补延类型
            asked_by 提出方
            yearly_amount_wan_cny 年需求金额（亿元）
            priority 紧急程度
            asked_date 提出日期
            due_date 需求时限
            met_by_lead_id 对应线索编号
        """),
    )
    return Ledger("chain_needs", "产业链需求", form, rows, may_spoil=False)
