"""Signed projects after the signing (签约以后): what was agreed, paid in, built, taxed, and the papers that prove it.

Belongs here: 项目约定, 到资与建设进度, 实缴税收, 佐证材料. Does not belong: permits (permits.py), who answers (people.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from sample.firms import LocalFirm
from sample.leads import Lead
from sample.sheets import Form
from sample.tables import Ledger, Row, columns, usd_rounded
from sample.world import World, month_ends, pick, plus

UNLAWFUL_PACKAGE_SHARE: Final = 0.07
UNLAWFUL_PACKAGES: Final = (
    "前三年地方留成部分全额返还企业",
    "实行一企一策，税收先征后返",
    "以零地价供地，五年内承诺不迁出",
    "按纳税额的30%给予奖励",
)
LAWFUL_PACKAGES: Final = (
    "提供项目代办服务，协助申请普遍适用的支持政策",
    "协助招工和员工子女入学",
    "按标准地条件供地，配套道路与供电",
    "协助申报省级技术改造普惠贷款贴息",
)
PLAN_MONTHS: Final = 18  # from the start of building to operation, as contracts say
TAX_RAMP: Final = (0.45, 0.75, 0.95, 1.0)  # of the full yearly tax, by year after operation began


def commitments_ledger(world: World, rng: np.random.Generator) -> tuple[Ledger, list[str]]:
    """One contract a signing; leads whose package promises what nobody may promise are named beside it."""
    rows: list[Row] = []
    unlawful: list[str] = []
    for lead in world.signed:
        signings = [move for move in world.moves_of[lead.lead_id] if move.stage == "签约"]
        is_unlawful = rng.random() < UNLAWFUL_PACKAGE_SHARE
        if is_unlawful:
            unlawful.append(lead.lead_id)
        tax = lead.promised or round(lead.yearly_tax * 1.5, 1)
        start_due = plus(signings[0].date, float(rng.choice([90, 120, 180, 240])))
        build = 420 if lead.land else 180
        for number, move in enumerate(signings, start=1):
            rows.append(
                {
                    "lead_id": lead.lead_id,
                    "project_name": lead.project_name,
                    "agreed_contract_no": move.evidence_no or f"云招合{lead.lead_id.removeprefix('YC')}-{number}",
                    "agreed_date": move.date,
                    "agreed_investment_wan_cny": lead.investment,
                    "agreed_fixed_investment_wan_cny": lead.fixed,
                    "agreed_land_mu": lead.land,
                    "agreed_intensity_wan_cny_per_mu": round(lead.fixed / lead.land, 2)
                    if lead.fixed and lead.land
                    else None,
                    "agreed_tax_wan_cny_per_mu": round(tax / lead.land, 2) if lead.land else None,
                    "agreed_output_wan_cny": lead.output,
                    "agreed_tax_year1_wan_cny": round(tax * 0.4, 1),
                    "agreed_tax_year2_wan_cny": round(tax * 0.7, 1),
                    "agreed_tax_year3_wan_cny": tax,
                    "agreed_energy_tce": lead.energy,
                    "agreed_employee_count": float(round((lead.investment or 3000) / 120) + 5),
                    "start_due_date": start_due,
                    "completion_due_date": plus(start_due, build),
                    "operation_due_date": plus(start_due, build + 60),
                    "fdi_wan_cny": usd_rounded((lead.investment or 0) * 0.4) if lead.is_foreign else None,
                    "package_text": pick(UNLAWFUL_PACKAGES if is_unlawful else LAWFUL_PACKAGES, rng),
                }
            )
    form = Form(
        "云川区招商项目投资合同约定事项台账",
        columns("""
            - 序号
            lead_id 项目编码
            project_name 项目名称
            agreed_contract_no 投资协议编号
            agreed_date 协议签订日期
            agreed_investment_wan_cny 约定总投资（亿元）
            agreed_fixed_investment_wan_cny 约定固投（亿元）
            agreed_land_mu 约定用地面积（亩）
            agreed_intensity_wan_cny_per_mu 约定投资强度（万元/千平方米）
            agreed_tax_wan_cny_per_mu 约定亩均税收（万元/亩）
            agreed_output_wan_cny 约定年产值（亿元）
            agreed_tax_year1_wan_cny 第一年承诺税收（万元）
            agreed_tax_year2_wan_cny 第二年承诺税收（万元）
            agreed_tax_year3_wan_cny 第三年承诺税收（万元）
            agreed_energy_tce 约定年耗能
            agreed_employee_count 约定用工人数
            start_due_date 约定开工时限
            completion_due_date 约定竣工时限
            operation_due_date 约定投产时限
            fdi_wan_cny 合同外资（万美元）
            package_text 约定支持事项
        """),
        footer=("注：耗能为吨标准煤。",),
    )
    return Ledger("project_commitments", "项目约定", form, rows), unlawful


def progress_ledgers(world: World, rng: np.random.Generator) -> list[Ledger]:
    """Month by month what was paid in and built, from the month of signing; one workbook a year."""
    rows = [row for lead in world.signed for row in _months(lead, world, rng)]
    form = Form(
        "云川区招商项目到资与建设进度月报",
        columns(
            """
            - 序号
            lead_id 项目编码
            project_name 项目名称
            period_date 统计月份
            planned_paid_in_wan_cny 到位资金>本月计划到资
            month_paid_in_wan_cny 到位资金>本月到位资金
            year_paid_in_wan_cny 到位资金>本年到位资金
            total_paid_in_wan_cny 到位资金>累计到位资金
            planned_fdi_wan_cny 外资>计划使用外资（万美元）
            paid_in_fdi_wan_cny 外资>实际使用外资（万美元）
            planned_investment_wan_cny 建设投资>本月计划投资
            month_investment_wan_cny 建设投资>本月完成投资
            total_investment_wan_cny 建设投资>累计完成投资
            planned_fixed_investment_wan_cny 建设投资>本月计划固投
            month_fixed_investment_wan_cny 建设投资>本月固投
            planned_progress_pct 形象>计划形象进度(%)
            progress_pct 形象>形象进度(%)
            progress_text 形象>工程进度
            evidence_kind 凭证>到资佐证
            evidence_no 凭证>凭证编号
            verified_by 凭证>审核单位
            verified_date 凭证>审核日期
            photo_ref 照片编号
            entered_statistics_date 入统时间
            above_scale_date 入规时间
            safety_text 安全质量情况
            """,
            unit="万元",
        ),
        notes=("单位：万元（外资为万美元）",),
        footer=("填报单位：各项目责任单位", "注：当年到位资金按自然年累计。"),
    )
    by_year: dict[int, list[Row]] = {}
    for row in rows:
        by_year.setdefault(row["period_date"].year, []).append(row)
    return [
        Ledger(
            "investment_progress",
            f"到资进度_{year}",
            form,
            own,
            sheet=lambda row: "上半年" if row["period_date"].month <= 6 else "下半年",
            months=("period_date",),
            share_real_dates=0.9,
            share_text_amounts=0.01,
        )
        for year, own in sorted(by_year.items())
    ]


def _share_paid(months: int, whole: int) -> float:
    """Give the share of the money that is in after `months` of `whole`: slow, then fast, then slow."""
    x = min(1.0, months / whole)
    return x * x * (3 - 2 * x)


def _months(lead: Lead, world: World, rng: np.random.Generator) -> list[Row]:
    known = world.known[lead.lead_id]
    signed, started, done = known["签约"], known.get("开工"), known.get("竣工") or known.get("投产")
    last = min(known.get("终止", world.as_of), plus(done, 60) if done else world.as_of, world.as_of)
    if not started:
        last = min(last, plus(signed, 400))  # after that nobody reports of it any more
    whole = (lead.investment or 3000.0) * float(np.exp(rng.normal(-0.08, 0.15)))
    if lead.is_inflated:
        whole *= 0.15
    fixed_share = (lead.fixed / lead.investment) if lead.fixed and lead.investment else 0.6
    length = max(3, round(((done - started).days if done and started else 420 if lead.land else 180) / 30))
    rows: list[Row] = []
    paid_before = built_before = paid_year = paid_total = built_total = 0.0
    pace = float(np.exp(rng.normal(0, 0.15)))
    for number, day in enumerate(month_ends(signed, last)):
        if started is None or day < started:
            share, built_share = min(0.10, 0.01 * number), 0.0
        else:
            since = (day - started).days / 30
            share = 0.10 + 0.90 * _share_paid(max(1, round(since * pace + 0.5)), length)
            built_share = _share_paid(max(1, round(since + 0.5)), length)
            if done and day >= done:
                share, built_share = 1.0, 1.0
        paid = round(max(0.0, whole * share - paid_before), 1)
        built = round(max(0.0, whole * built_share - built_before), 1)
        paid_before, built_before = whole * share, whole * built_share
        paid_year = paid if not rows or rows[-1]["period_date"].year != day.year else paid_year + paid
        paid_total, built_total = paid_total + paid, built_total + built
        plan = round(whole / length, 1)
        fdi = usd_rounded(paid * 0.4) if lead.is_foreign else None
        is_proved = paid > 0 and rng.random() < 0.93
        rows.append(
            {
                "lead_id": lead.lead_id,
                "project_name": lead.project_name,
                "period_date": day,
                "planned_paid_in_wan_cny": plan if started else None,
                "month_paid_in_wan_cny": paid,
                "year_paid_in_wan_cny": round(paid_year, 1),
                "total_paid_in_wan_cny": round(paid_total, 1),
                "planned_fdi_wan_cny": usd_rounded(plan * 0.4) if lead.is_foreign and started else None,
                "paid_in_fdi_wan_cny": fdi,
                "planned_investment_wan_cny": plan if started else None,
                "month_investment_wan_cny": built if started else 0.0,
                "total_investment_wan_cny": round(built_total, 1),
                "planned_fixed_investment_wan_cny": round(plan * fixed_share, 1) if started else None,
                "month_fixed_investment_wan_cny": round(built * fixed_share, 1),
                "planned_progress_pct": float(round(100 * _share_paid(number, length + 4))),
                "progress_pct": float(round(100 * built_share)),
                "progress_text": _stage_of_building(built_share) if started else "手续办理中",
                "evidence_kind": pick(("银行凭证", "土地款凭证", "设备发票"), rng) if is_proved else None,
                "evidence_no": f"PZ{day:%y%m}-{int(rng.integers(1, 99999)):05d}" if is_proved else None,
                "verified_by": "云川区财政局" if is_proved else None,
                "verified_date": min(plus(day, 8), world.as_of) if is_proved else None,
                "photo_ref": f"ZP{lead.lead_id.removeprefix('YC')}-{day:%y%m}" if built > 0 else None,
                "entered_statistics_date": None,
                "above_scale_date": None,
                "safety_text": "发现临边防护缺失，已整改" if built > 0 and rng.random() < 0.03 else None,
            }
        )
    if started and whole >= 500:
        _mark(rows, "entered_statistics_date", plus(started, 35))
    if "投产" in known and (lead.output or 0) >= 2000:
        _mark(rows, "above_scale_date", plus(known["投产"], 30))
    return rows


def _mark(rows: list[Row], name: str, day: dt.date) -> None:
    """State a day in the report of its month and in every later one, if it is not yet to come."""
    for row in rows:
        if row["period_date"] >= day:
            row[name] = day


def _stage_of_building(share: float) -> str:
    for limit, text in ((0.1, "土方施工"), (0.35, "基础施工"), (0.7, "主体施工"), (0.99, "设备安装")):
        if share < limit:
            return text
    return "完工"


def tax_ledger(world: World, firms: list[LocalFirm], rng: np.random.Generator) -> Ledger:
    """Tax by firm and year from the tax office: projects in operation, and the local firms of the last two years."""
    rows: dict[tuple[str, int], Row] = {}
    for lead in world.running:
        began = world.known[lead.lead_id]["投产"]
        for number, year in enumerate(range(began.year, world.as_of.year)):
            share = TAX_RAMP[min(number, 3)] * ((12 - began.month + 1) / 12 if number == 0 else 1.0)
            paid = round(lead.yearly_tax * share * float(np.exp(rng.normal(0, 0.15))), 2)
            rows.setdefault(
                (lead.uscc, year),
                {
                    "uscc": lead.uscc,
                    "enterprise_name": lead.enterprise_name,
                    "lead_id": lead.lead_id,
                    "tax_year": year,
                    "paid_tax_wan_cny": max(paid, 0.1),
                    "local_tax_wan_cny": round(max(paid, 0.1) * 0.42, 2),
                    "output_wan_cny": round((lead.output or 3000) * share * 0.85, 1),
                    "revenue_wan_cny": round((lead.output or 3000) * share * 0.8, 1),
                    "land_mu": lead.land,
                    "confirmed_date": dt.date(year + 1, 3, 20),
                    "energy_tce": round(lead.energy * share * 1.1, 1) if lead.energy else None,
                    "employee_count": float(round((lead.investment or 3000) / 130 * share) + 4),
                },
            )
    for firm in firms:
        for year in (world.as_of.year - 2, world.as_of.year - 1):
            paid = firm.tax if year == world.as_of.year - 1 else round(firm.tax * 0.93, 2)
            rows.setdefault(
                (firm.uscc, year),
                {
                    "uscc": firm.uscc,
                    "enterprise_name": firm.name,
                    "tax_year": year,
                    "paid_tax_wan_cny": paid,
                    "local_tax_wan_cny": round(paid * 0.42, 2),
                    "output_wan_cny": firm.output,
                    "revenue_wan_cny": round(firm.output * 0.95, 1),
                    "land_mu": firm.land,
                    "confirmed_date": dt.date(year + 1, 3, 20),
                    "energy_tce": firm.energy,
                    "employee_count": float(firm.employees),
                },
            )
    kept = [row for row in rows.values() if row["confirmed_date"] <= world.as_of]
    form = Form(
        "云川区企业实缴税收清单",
        columns("""
            - 序号
            uscc 纳税人识别号
            enterprise_name 纳税人名称
            lead_id 项目编号
            tax_year 税收年度
            paid_tax_wan_cny 实缴税收（万元）
            local_tax_wan_cny 区级留成（万元）
            output_wan_cny 年产值（亿元）
            revenue_wan_cny 开票销售（亿元）
            land_mu 占地面积（平方米）
            energy_tce 年耗能
            employee_count 职工人数
            confirmed_date 税务确认日期
        """),
        footer=("数据截至上年底", "注：全口径税收，耗能为吨标准煤。"),
    )
    return Ledger("tax_paid", "实缴税收", form, kept, sheet=lambda row: f"{row['tax_year']}年", share_text_amounts=0.02)


def evidence_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Every paper that a move names, filed when the move was told, mostly verified; and pictures of the site."""
    rows: dict[tuple[str, str], Row] = {}
    for lead in world.leads:
        for move in world.moves_of.get(lead.lead_id, ()):
            if not move.evidence_no or not move.evidence_kind:
                continue
            verified = plus(move.recorded, float(rng.integers(2, 25)))
            is_verified = verified <= world.as_of and rng.random() < 0.95
            verdict = pick(("属实",) * 12 + ("存疑", "退回"), rng)
            row: Row = {
                "lead_id": lead.lead_id,
                "evidence_no": move.evidence_no,
                "evidence_kind": move.evidence_kind,
                "stage": move.stage,
                "document_date": move.date,
                "received_date": move.recorded,
                "file_name": f"{move.evidence_kind}_{move.evidence_no}.pdf",
                "verdict": verdict if is_verified else None,
                "verified_by": "云川区投资促进局" if is_verified else None,
                "verified_date": verified if is_verified else None,
            }
            rows.setdefault((lead.lead_id, move.evidence_no), row)
            if move.stage == "开工":
                picture = f"ZP{lead.lead_id.removeprefix('YC')}-KG"
                rows.setdefault(
                    (lead.lead_id, picture),
                    row | {"evidence_no": picture, "evidence_kind": "现场照片", "file_name": f"{picture}.jpg"},
                )
    form = Form(
        "云川区招商项目佐证材料归档台账",
        columns("""
            - 序号
            lead_id 项目编码
            evidence_no 佐证编号
            evidence_kind 佐证类型
            stage 对应阶段
            document_date 材料日期
            received_date 收到材料日期
            file_name 材料文件名
            verdict 核验结论
            verified_by 审核单位
            verified_date 审核日期
        """),
    )
    return Ledger(
        "evidence_items", "佐证材料", form, list(rows.values()), sheet=lambda row: f"{row['received_date'].year}年"
    )
