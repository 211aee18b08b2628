"""Who helps (帮手): agencies, funds and what they put in, ties that open doors, lists that firms stand on.

Belongs here: 委托招商机构, 基金台账, 基金投资项目, 人脉资源, 外部榜单. Does not belong: local firms (firms.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from sample import district
from sample.enterprises import Enterprises
from sample.firms import LocalFirm
from sample.industries import INDUSTRIES
from sample.leads import Lead, month_end
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, pick, plus

OPEN_TIES: Final = 150


@dataclass(frozen=True)
class Agency:
    name: str
    contract: str
    kind: str
    scope: str
    region: str
    since_years: int
    length_years: int


AGENCIES: Final = (
    Agency("虚构产业研究咨询有限公司", "WT-01", "专业机构", "新能源新材料项目推荐", "长三角", 4, 3),
    Agency("虚构产业研究咨询有限公司", "WT-02", "专业机构", "新能源新材料项目推荐", "长三角", 1, 2),
    Agency("演示招商服务有限公司", "WT-03", "专业机构", "纺织服装项目推荐", "珠三角", 3, 4),
    Agency("假想医药行业协会", "WT-04", "商会协会", "医药医疗器械项目推荐", "京津", 4, 5),
    Agency("样本环保产业商会", "WT-05", "商会协会", "环保水处理项目推荐", "京津", 2, 3),
    Agency("云川虚构控股集团", "WT-06", "企业", "以商招商配套企业推荐", "全国", 4, 3),
)
FUNDS: Final = (
    ("云川健康医疗产业基金", "产业基金", "医药医疗器械", 50_000.0, "医药医疗器械"),
    ("云川政府引导基金", "政府引导基金", "四大产业链", 100_000.0, ""),
    ("云川新材料创业投资基金", "社会资本", "新能源新材料", 30_000.0, "新能源新材料"),
)
GUARANTEED: Final = "到期由区平台公司按年化8%保底回购"  # a term that review must find
LISTED_A_EDITION: Final = 25


def agency_dates(agency: Agency, as_of: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first and last day of an agency's contract."""
    since = dt.date(as_of.year - agency.since_years, 3, 1)
    return since, dt.date(since.year + agency.length_years, 2, 28)


def agency_of(lead: Lead, as_of: dt.date, rng: np.random.Generator) -> Agency | None:
    """Give the agency that brought a lead of 委托招商: one whose contract ran on the day, of its chain if there is one."""
    if lead.source != "委托招商":
        return None
    running = [a for a in AGENCIES if agency_dates(a, as_of)[0] <= lead.reported <= agency_dates(a, as_of)[1]]
    suited = [a for a in running if lead.industry.chain and lead.industry.chain in a.scope]
    return pick(suited or running, rng) if running else None


def agencies_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Return the ledger of agencies (委托招商机构) with what each brought."""
    rows: list[Row] = []
    for agency in AGENCIES:
        since, until = agency_dates(agency, world.as_of)
        own = [lead for lead in world.leads if lead.details.get("agency_contract_no") == agency.contract]
        landed = [lead for lead in own if "开工" in world.known.get(lead.lead_id, {})]
        due = 5.0 + 12.0 * len(landed)
        rows.append(
            {
                "agency_name": agency.name,
                "contract_no": agency.contract,
                "scope_text": agency.scope,
                "region_name": agency.region,
                "valid_from_date": since,
                "valid_to_date": until,
                "lead_count": float(len(own)),
                "landed_count": float(len(landed)),
                "fee_due_wan_cny": due,
                "fee_paid_wan_cny": round(due * float(rng.uniform(0.4, 1.0)), 1),
                "fee_evidence": "开工证明、委托合同" if landed else None,
                "agency_kind": agency.kind,
                "state": "履行中" if until >= world.as_of else "已到期",
            }
        )
    form = Form(
        "云川区委托招商合同台账",
        columns("""
            agency_name 委托机构
            agency_kind 机构类型
            contract_no 协议编号
            scope_text 服务范围
            region_name 服务区域
            valid_from_date 委托起始日期
            valid_to_date 委托截止日期
            lead_count 成果>推荐线索数
            landed_count 成果>促成落地数
            fee_due_wan_cny 费用>应付费用（万元）
            fee_paid_wan_cny 费用>已付费用（万元）
            fee_evidence 费用>付费佐证
            state 合同状态
            contact_person 机构联系人
            contact_phone 电话
        """),
    )
    return Ledger("agencies", "委托招商机构", form, rows, may_spoil=False)


# --- funds ----------------------------------------------------------------------------------------------------------


def _reported(day: dt.date, world: World) -> dt.date:
    """Return the month's end with which a fund reports a day, or the last day of the world if that comes first."""
    return min(month_end(day), world.as_of)


def fund_ledgers(world: World, rng: np.random.Generator) -> list[Ledger]:
    """Projects that a fund looks at or pays into, within what it has called; and the funds at two year ends, last month's end and now.

    A fund reports by the end of a month: what it paid in stands in the rows of that month's end, and its own sum of any day is
    that of its projects' rows up to the day.
    """
    parts: list[Row] = []
    for name, _, _, size, chain in FUNDS:
        left = size * 0.5
        fit = [lead for lead in world.signed if not chain or lead.industry.chain == chain]
        fit = [lead for lead in fit if (lead.investment or 0) > 4000]
        for place in sorted(rng.permutation(len(fit))[:14].tolist()):
            lead = fit[place]
            begun = plus(world.known[lead.lead_id]["签约"], float(rng.integers(10, 120)))
            amount = float(min(max(200, round((lead.investment or 0) * 0.12, -2)), 8000))
            step = pick(("接洽", "尽调", "认缴", "出资", "出资", "出资", "退出"), rng)
            paid = step in {"出资", "退出"} and plus(begun, 90) < world.as_of and amount <= left
            if not paid and step in {"出资", "退出"}:
                step = "尽调"
            left -= amount if paid else 0
            is_bad = rng.random() < 0.08
            parts.append(
                {
                    "fund_name": name,
                    "project_name": lead.project_name,
                    "as_of_date": world.as_of,
                    "step": step,
                    "lead_id": lead.lead_id,
                    "invested_wan_cny": amount if paid else 0.0,
                    "outside_capital_wan_cny": round(amount * float(rng.uniform(1.5, 5)), 1) if paid else None,
                    "reinvestment_counted_wan_cny": amount if paid else None,
                    "invested_date": plus(begun, 90) if paid else None,
                    "terms_text": GUARANTEED if is_bad else "按市场化估值增资，同股同权",
                }
            )
            now = parts[-1]
            if paid:
                parts.append(now | {"as_of_date": _reported(plus(begun, 90), world), "step": "出资"})
                parts.append(
                    now
                    | {"as_of_date": plus(begun, 30), "step": "尽调", "invested_wan_cny": 0.0}
                    | dict.fromkeys(("outside_capital_wan_cny", "reinvestment_counted_wan_cny", "invested_date"))
                )
            else:
                parts.append(now | {"as_of_date": _reported(begun, world)})
    parts = [row for row in parts if row["as_of_date"] <= world.as_of]
    whole: list[Row] = []
    for name, kind, sector, size, _ in FUNDS:
        last_month = world.as_of.replace(day=1) - dt.timedelta(days=1)
        ends = (dt.date(world.as_of.year - 2, 12, 31), dt.date(world.as_of.year - 1, 12, 31))
        for day in sorted({*ends, last_month, world.as_of}):
            in_by = {
                p["lead_id"]: p
                for p in parts
                if p["fund_name"] == name and p["invested_date"] and p["as_of_date"] <= day
            }
            invested = sum(float(p["invested_wan_cny"]) for p in in_by.values())
            whole.append(
                {
                    "fund_name": name,
                    "as_of_date": day,
                    "size_wan_cny": size,
                    "fund_kind": kind,
                    "sector_text": sector,
                    "manager_name": "虚构股权投资管理有限公司",
                    "committed_wan_cny": size * 0.8,
                    "called_wan_cny": max(size * 0.3, round(invested * 1.1, 1)),
                    "invested_wan_cny": invested,
                    "reinvestment_owed_wan_cny": round(size * 0.4, 1),
                    "reinvestment_done_wan_cny": invested,
                    "reinvestment_due_date": dt.date(world.as_of.year + 2, 12, 31),
                    "terms_text": "返投比例不低于实缴规模",
                    "valid_to_date": dt.date(world.as_of.year + 5, 12, 31),
                }
            )
    fund_form = Form(
        "云川区产业基金运行台账",
        columns("""
            fund_name 产业基金名称
            as_of_date 数据时点
            fund_kind 基金类别
            sector_text 投向领域
            manager_name 管理机构
            size_wan_cny 募资规模（亿元）
            committed_wan_cny 已认缴（亿元）
            called_wan_cny 已实缴（亿元）
            invested_wan_cny 累计已投（万元）
            reinvestment_owed_wan_cny 返投任务（亿元）
            reinvestment_done_wan_cny 返投完成额（万元）
            reinvestment_due_date 返投期限
            terms_text 合作条款
            valid_to_date 存续期至
        """),
    )
    part_form = Form(
        "云川区产业基金投资项目台账",
        columns("""
            fund_name 产业基金名称
            project_name 基金投资项目
            lead_id 投资项目编号
            as_of_date 数据时点
            step 基金状态
            invested_wan_cny 已投金额（万元）
            outside_capital_wan_cny 社会资本投入（万元）
            reinvestment_counted_wan_cny 计入返投金额（万元）
            invested_date 出资日期
            terms_text 投资条款
        """),
    )
    parts = [row for row in parts if row["as_of_date"] < world.as_of] + [
        r for r in parts if r["as_of_date"] == world.as_of
    ]
    unique = {(row["fund_name"], row["project_name"], row["as_of_date"]): row for row in parts}
    return [
        Ledger("funds", "基金台账", fund_form, whole, may_spoil=False),
        Ledger("fund_investments", "基金投资项目", part_form, list(unique.values()), may_spoil=False),
    ]


# --- ties and lists -------------------------------------------------------------------------------------------------


def connections_ledger(world: World, firms: list[LocalFirm], rng: np.random.Generator) -> Ledger:
    """Chambers, alumni and local firms, and the enterprises that they can bring to the table."""
    rows: dict[tuple[str, str], Row] = {}
    targets = [lead for lead in world.leads if "签约" not in world.known.get(lead.lead_id, {})]
    wanted = min(len(targets), 40 + len(world.leads) // 20)
    for place in sorted(rng.permutation(len(targets))[:wanted].tolist()):
        lead = targets[place]
        city = district.CITIES[int(world.enterprises.city[lead.enterprise])]
        kind = pick(("商会", "乡友", "校友", "上下游", "股东", "机构"), rng)
        firm = pick(firms, rng) if kind in {"上下游", "股东"} and firms else None
        ending = {"商会": "云川商会", "乡友": "云川乡友联谊会", "校友": "云川学院校友会"}.get(kind, "产业促进中心")
        name = firm.name if firm else f"{city.name.removesuffix('市')}{ending}"
        rows.setdefault(
            (name, lead.enterprise_name),
            {
                "introducer_name": name,
                "introducer_uscc": firm.uscc if firm else None,
                "relation_kind": kind,
                "target_name": lead.enterprise_name,
                "target_uscc": lead.uscc if rng.random() < 0.5 else None,
                "city_name": city.name,
                "strength": pick(("强", "中", "中", "弱"), rng),
                "unit_name": world.unit_name(lead),
                "last_contact_date": plus(world.as_of, -float(rng.integers(5, 500))),
                "consent_text": pick(("商会合作协议", "公开名录", "本人同意用于招商联络"), rng),
            },
        )
    n = world.enterprises.in_register
    sound = (world.enterprises.broken[:n] < 0) & (world.enterprises.status[:n] < 2)
    on_chain = np.array([bool(industry.chain) for industry in INDUSTRIES])[world.enterprises.industry[:n]]
    followed = {lead.enterprise_name for lead in world.leads}
    # Chambers and local firms also know firms on the chains that nobody follows yet.
    for place in rng.permutation(np.flatnonzero(sound & on_chain))[:OPEN_TIES].tolist():
        city = district.CITIES[int(world.enterprises.city[place])]
        target = world.enterprises.name[place].as_py()
        if city.name == district.LOCAL_CITY or target in followed:
            continue
        firm = pick(firms, rng) if firms and rng.random() < 0.5 else None
        name = firm.name if firm else f"{city.name.removesuffix('市')}云川商会"
        rows.setdefault(
            (name, target),
            {
                "introducer_name": name,
                "introducer_uscc": firm.uscc if firm else None,
                "relation_kind": "上下游" if firm else "商会",
                "target_name": target,
                "target_uscc": world.enterprises.uscc[place].as_py(),
                "city_name": city.name,
                "strength": pick(("强", "中", "弱"), rng),
                "unit_name": world.unit_name(pick(world.leads, rng)),
                "last_contact_date": plus(world.as_of, -float(rng.integers(5, 500))),
                "consent_text": pick(("商会合作协议", "公开名录", "本人同意用于招商联络"), rng),
            },
        )
    form = Form(
        "云川区招商人脉资源登记表",
        columns("""
            introducer_name 引荐商会
            introducer_uscc 引荐单位信用代码
            relation_kind 关系类型
            target_name 目标企业
            target_uscc 目标企业信用代码
            city_name 目标企业城市
            strength 联系紧密度
            unit_name 联系单位
            last_contact_date 最近联系日期
            consent_text 使用依据
            introducer_person 引荐人
            contact_phone 手机号
        """),
        footer=("注：个人信息只作联络之用。",),
    )
    return Ledger("connections", "人脉资源", form, list(rows.values()))


def lists_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Two editions of each list; every firm and group on it is invented, some of them have leads here."""
    n = world.enterprises.in_register
    sound = (world.enterprises.broken[:n] < 0) & (world.enterprises.status[:n] < 2)
    big = np.flatnonzero(sound & (world.enterprises.capital_wan[:n] > 1000))
    known = [lead.enterprise for lead in world.leads if lead.enterprise < n]
    rows: list[Row] = []
    names = ("世界500强", "中国500强", "民营500强", "央企", "上市公司", "专精特新")
    for name in names:
        base = rng.permutation(big)[: LISTED_A_EDITION - 5].tolist() + [
            known[i] for i in rng.permutation(len(known))[:5]
        ]
        for year in (world.as_of.year - 2, world.as_of.year - 1):
            kept = [place for place in dict.fromkeys(base) if rng.random() < 0.92]
            rows += [
                _listed(world.enterprises, name, year, rank, place, rng) for rank, place in enumerate(kept, start=1)
            ]
    form = Form(
        "外部榜单企业名录",
        columns("""
            - 序号
            list_name 榜单
            edition 榜单年度
            rank 排名
            enterprise_name 上榜企业名称
            uscc 信用代码
            group_name 集团名称
            stock_code 股票代码
            headquarters_name 总部城市
            industry_name 行业
            revenue_wan_cny 营业收入（亿元）
            published_date 公布日期
            source_text 榜单来源
        """),
        footer=("注：上榜企业均为虚构。",),
    )
    return Ledger("external_lists", "外部榜单", form, rows, sheet=lambda row: str(row["list_name"]))


def _listed(enterprises: Enterprises, name: str, year: int, rank: int, place: int, rng: np.random.Generator) -> Row:
    brand = enterprises.brand[place].as_py()
    return {
        "list_name": name,
        "edition": f"{year}年",
        "enterprise_name": enterprises.name[place].as_py(),
        "uscc": enterprises.uscc[place].as_py() if rng.random() < 0.7 else None,
        "rank": float(rank) if name not in {"央企", "专精特新"} else None,
        "group_name": f"{brand}集团",
        "stock_code": f"ZZ{place % 10_000:04d}" if name == "上市公司" else None,
        "headquarters_name": district.CITIES[int(enterprises.city[place])].name,
        "industry_name": INDUSTRIES[int(enterprises.industry[place])].trade,
        "revenue_wan_cny": float(round(np.exp(rng.normal(12.5, 1.0)), -2)),
        "published_date": dt.date(year, 8, 10),
        "source_text": "合成数据：虚构榜单",
    }
