"""Tasks and marks (任务、考核): what the city sets, what units have to do, changes, rates, scoring rules, marks, ranks.

Belongs here: 年度任务 beyond the first four indicators, 上级下达任务, 任务调整, 月度汇率, 考核计分规则, 考核评分, 外部排名.
Does not belong: what was achieved.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Final

import numpy as np

from intake.values import exchange_rates
from sample import district
from sample.leads import month_end
from sample.records import Target
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, first_of_next_month, month_ends, pick, plus

# indicator | measure | a unit of weight 1 has to do in a year
MORE_INDICATORS: Final = {
    "到位资金": ("亿元", 5.0),
    "固定资产投资": ("亿元", 3.0),
    "实际使用外资": ("万美元", 180.0),
    "储备项目数": ("个", 5.0),
    "外出招商次数": ("个", 12.0),
}
# The two that the speech names, of this year; the same share of the whole for every unit, so that nothing else is drawn anew.
SPOKEN_INDICATORS: Final = {"新开工过亿元以上项目数": ("个", 2.0), "新签约项目投资总额": ("亿元", 10.0)}
NOT_SET_SHARE: Final = 0.03
UNDIVIDED: Final = ("签约金额", 1.05)  # of this year: the city wants more than all units together were given


def more_targets(as_of: dt.date, rng: np.random.Generator) -> tuple[list[Target], list[tuple[int, str, str]]]:
    """Draw targets of the other indicators, and name the pairs that were never set."""
    found: list[Target] = []
    missing: list[tuple[int, str, str]] = []
    for year in range(as_of.year - 2, as_of.year + 1):
        for unit in district.UNITS:
            for indicator, (measure, base) in MORE_INDICATORS.items():
                value = max(1.0, float(round(base * unit.weight * rng.uniform(0.75, 1.2))))
                if rng.random() < NOT_SET_SHARE:
                    missing.append((year, unit.name, indicator))
                else:
                    found.append(Target(year, unit.name, indicator, value, measure))
    for unit in district.UNITS:
        for indicator, (measure, base) in SPOKEN_INDICATORS.items():
            found.append(Target(as_of.year, unit.name, indicator, max(1.0, float(round(base * unit.weight))), measure))
    return found, missing


def city_ledger(as_of: dt.date, targets: list[Target]) -> Ledger:
    """What the city sets: the sum of what the units were first given, but for one indicator of this year."""
    total: dict[tuple[int, str, str], float] = defaultdict(float)
    for target in targets:
        total[target.year, target.indicator, target.measure] += target.value
    rows: list[Row] = []
    for (year, indicator, measure), value in sorted(total.items()):
        is_more = (indicator, year) == (UNDIVIDED[0], as_of.year)
        rows.append(
            {
                "target_year": year,
                "issued_by": "云川市人民政府",
                "indicator": indicator,
                "target_value": float(round(value * UNDIVIDED[1])) if is_more else value,
                "measure": measure,
                "issued_date": dt.date(year, 1, 18),
                "document_no": f"云政字〔{year}〕6号",
            }
        )
    form = Form(
        "云川市下达云川区招商引资年度任务",
        columns("""
            target_year 任务年度
            issued_by 下达机关
            indicator 任务指标
            target_value 下达任务数
            measure 计量单位
            issued_date 下达日期
            document_no 下达文号
        """),
    )
    return Ledger("district_targets", "上级下达任务", form, rows, may_spoil=False)


def changes_ledger(as_of: dt.date, targets: list[Target], rng: np.random.Generator) -> Ledger:
    """Last September tasks were cut for some units and given to others: the sum stays. A late one of spring does not."""
    year = as_of.year - 1
    rows: list[Row] = []

    def change(target: Target, new: float, day: dt.date, reason: str) -> None:
        rows.append(
            {
                "target_year": target.year,
                "unit_name": target.unit_name,
                "indicator": target.indicator,
                "old_value": target.value,
                "new_value": new,
                "measure": target.measure,
                "effective_date": day,
                "reason": reason,
                "document_no": f"云招发〔{day.year}〕{len(rows) + 11}号",
            }
        )

    for indicator in ("新签约项目数", "签约金额", "到位资金"):
        own = [t for t in targets if (t.year, t.indicator) == (year, indicator)]
        cut, raised = (own[i] for i in rng.permutation(len(own))[:2])
        by = max(1.0, round(cut.value * 0.25))
        if cut.value > by and dt.date(year, 9, 1) < as_of:
            change(cut, cut.value - by, dt.date(year, 9, 1), "国土空间规划调整，可供地减少，任务核减")
            change(raised, raised.value + by, dt.date(year, 9, 1), "承接核减任务")
    starts = [t for t in targets if (t.year, t.indicator) == (as_of.year, "新开工项目数")]
    if starts and dt.date(as_of.year, 4, 1) < as_of:
        raised = pick(starts, rng)
        change(raised, raised.value + 1, dt.date(as_of.year, 4, 1), "区委专题会议加任务")
    form = Form(
        "云川区招商引资年度任务调整通知单汇总",
        columns("""
            target_year 任务年度
            unit_name 任务单位
            indicator 任务指标
            old_value 调整前
            new_value 调整后
            measure 计量单位
            effective_date 生效日期
            reason 调整依据
            document_no 调整文号
        """),
    )
    return Ledger("target_changes", "任务调整", form, rows, may_spoil=False)


def rates_ledger(as_of: dt.date, rng: np.random.Generator) -> Ledger:
    """A rate a month and currency, wandering about the reference rate: invented, and said to be."""
    rows: list[Row] = []
    for currency in ("USD", "HKD", "EUR"):
        rate = exchange_rates()[currency]
        for day in month_ends(dt.date(as_of.year - 3, 1, 1), as_of):
            rate = rate * float(np.exp(rng.normal(0, 0.006)))
            rows.append(
                {
                    "currency": currency,
                    "rate_month_date": day,
                    "cny_per_unit": round(rate, 4),
                    "rate_source": "合成数据：演示用月平均汇率",
                }
            )
    form = Form(
        "月度折算汇率表",
        columns("""
            currency 币种
            rate_month_date 汇率月份
            cny_per_unit 折算汇率
            rate_source 汇率依据
        """),
        footer=("注：1单位外币合人民币元；数字为虚构。",),
    )
    return Ledger("exchange_rates", "月度汇率", form, rows, months=("rate_month_date",), may_spoil=False)


# --- assessment -----------------------------------------------------------------------------------------------------

# code | indicator | measured by | how | weight | points | cap | floor | threshold | evidence | group | size of a step | points a step
_RULES: Final = """
    Q01|新签约项目完成率|新签约项目数|完成率|0.15|15|18|0||签约协议|指标落实
    Q02|签约金额完成率|签约金额|完成率|0.10|10|12|0||签约协议|指标落实
    Q03|新开工项目完成率|新开工项目数|完成率|0.30|30|36|0||施工许可证|落地见效
    Q04|到位资金完成率|到位资金|完成率|0.25|25|30|0||银行凭证|落地见效
    Q05|固定资产投资完成率|固定资产投资|完成率|0.10|10|12|0|||落地见效
    Q06|实际使用外资完成率|实际使用外资|完成率|0.10|10|12|0||银行凭证|指标落实
    J01|新开工亿元以上项目|新开工亿元以上项目数|按个加分||2|6|||施工许可证|加分项
    J02|镇街达标（开工且有储备）|达标单位|达标||3|||1|施工许可证|加分项
    J03|到位资金超时序|到位资金@时序|按步加分||0|3||||加分项|5|0.5
    K01|超时限未开工|超时限未开工项目数|按个扣分||0.5|3||||扣分项
    K02|报表漏报|漏报次数|按个扣分||0.5|3||||扣分项
    K03|部门评价|部门评价|按个加分||1|5||||加分项
    F01|弄虚作假|弄虚作假次数|否决||0|||1||否决项
"""


def scoring_ledger(as_of: dt.date) -> Ledger:
    """Three schemes by kind of unit in two editions; the weights of each edition add up to 1."""
    rows: list[Row] = []
    last, this = dt.date(as_of.year - 1, 1, 1), dt.date(as_of.year, 1, 1)
    for scheme, kinds in SCHEMES.items():
        for since in (last, this):
            for line in _RULES.strip().split("\n"):
                cells = line.strip().split("|")
                code, indicator, measured, how, weight, points, cap, floor, threshold, evidence, group, *steps = cells
                shift = {"Q01": 0.05, "Q03": -0.05}.get(code, 0.0) if since == last else 0.0
                number = float(weight) + shift if weight else None
                rows.append(
                    {
                        "scheme_name": scheme,
                        "rule_code": code,
                        "indicator": indicator,
                        "measured_indicator": measured,
                        "rule_kind": how,
                        "weight": None if number is None else round(number, 2),
                        "points": float(points) + round(shift * 100),
                        "cap": float(cap) + round(shift * 120) if cap else None,
                        "floor": float(floor) if floor else None,
                        "threshold": float(threshold) if threshold else None,
                        "unit_type": kinds,
                        "evidence_kind": evidence or None,
                        "valid_from_date": since,
                        "valid_to_date": dt.date(since.year, 12, 31) if since == last else None,
                        "rule_group": group,
                        "measure": "%" if how == "完成率" or steps else "个",
                        "step_size": float(steps[0]) if steps else None,
                        "step_points": float(steps[1]) if steps else None,
                        "period_kind": "季",
                    }
                )
    form = Form(
        "云川区招商引资考核计分规则",
        columns("""
            scheme_name 考核办法
            unit_type 适用对象
            rule_group 计分大类
            rule_code 计分项编号
            indicator 计分项
            measured_indicator 取数指标
            rule_kind 计分方式
            weight 指标权重
            points 满分
            cap 封顶值
            floor 保底值
            threshold 门槛值
            measure 计量单位
            step_size 步长
            step_points 每步分值
            period_kind 考核周期
            evidence_kind 佐证要求
            valid_from_date 起效日期
            valid_to_date 废止日期
        """),
        footer=("注：完成率各项权重之和为1。",),
    )
    return Ledger(
        "scoring_rules",
        "考核计分规则",
        form,
        rows,
        sheet=lambda row: f"{row['valid_from_date'].year}年",
        may_spoil=False,
    )


SCHEMES: Final = {
    "镇街招商引资季度考核": "镇、街道",
    "园区招商引资季度考核": "园区",
    "部门和招商组招商引资季度考核": "部门、招商组、产业投促委",
}


def marks_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Each quarter's marks that no ledger of projects can give: missed reports, votes of the departments."""
    rows: list[Row] = []
    day = dt.date(world.as_of.year - 1, 3, 31)
    while day <= world.as_of:
        for unit in district.UNITS:
            scheme = next(name for name, kinds in SCHEMES.items() if unit.kind in kinds.split("、"))
            missed = int(rng.poisson(0.3))
            marks = [("K03", round(float(rng.uniform(2.0, 5.0)), 1), "评分", "区直部门", "季度票决平均分")]
            if missed:
                marks.append(("K02", float(missed), "个数", "云川区投资促进局", f"本季漏报{missed}次"))
            rows += [
                {
                    "scheme_name": scheme,
                    "unit_name": unit.name,
                    "rule_code": code,
                    "period_date": day,
                    "value": value,
                    "value_kind": kind,
                    "given_by": giver,
                    "evidence_text": text,
                }
                for code, value, kind, giver, text in marks
            ]
        day = month_end(plus(first_of_next_month(day), 65))
    form = Form(
        "云川区招商引资考核评分登记表",
        columns("""
            scheme_name 考核办法
            unit_name 被考核单位
            rule_code 计分项编号
            period_date 考核期
            value 核定数
            value_kind 评分性质
            given_by 评分单位
            evidence_text 评分依据
        """),
        merged_field="scheme_name",
    )
    rows.sort(key=lambda row: (row["period_date"], row["scheme_name"]))
    return Ledger(
        "assessment_marks",
        "考核评分",
        form,
        rows,
        sheet=lambda row: f"{row['period_date'].year}年{(row['period_date'].month + 2) // 3}季度",
    )


def ranks_ledger(as_of: dt.date, rng: np.random.Generator) -> Ledger:
    """The district's place among the city's, each half-year, and in the province once a year."""
    rows: list[Row] = []
    others = ("云山县", "河阳区", "临泉县", "南岗区", "石城县", "高阳区")
    for year in range(as_of.year - 3, as_of.year + 1):
        for half, published in (("上半年", dt.date(year, 8, 5)), ("全年", dt.date(year + 1, 2, 8))):
            if published > as_of:
                continue
            order = rng.permutation(len(others) + 1).tolist()
            rows += [
                _rank("全市招商引资综合排名", f"{year}年{half}", name, place + 1, len(order), "市", published)
                for name, place in zip((district.DISTRICT, *others), order, strict=True)
            ]
            if half == "全年":
                place = int(rng.integers(18, 70))
                rows.append(
                    _rank("全省双招双引考核", f"{year}年{half}", district.DISTRICT, place, 136, "省", published)
                )
    form = Form(
        "上级通报排名登记表",
        columns("""
            ranking_name 通报名称
            ranking_period 排名期间
            ranked_name 排名地区
            position 名次
            ranked_count 参评数
            score 得分
            level 排名层级
            published_date 公布日期
            source_text 公布来源
        """),
    )
    return Ledger("external_ranks", "外部排名", form, rows, may_spoil=False)


def _rank(name: str, period: str, ranked: str, place: int, count: int, level: str, published: dt.date) -> Row:
    return {
        "ranking_name": name,
        "ranking_period": period,
        "ranked_name": ranked,
        "position": float(place),
        "ranked_count": float(count),
        "score": round(98.0 - 20 * place / count, 2),
        "level": level,
        "published_date": published,
        "source_text": "合成数据：虚构的通报",
    }
