"""Measures and catalogues (政策、目录): written by hand, wording invented, a few of each kind that the law tells apart.

Belongs here: 政策库, 目录清单, 筛查改判. Does not belong: what a match means (the platform's own rules).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World

SYNTHETIC: Final = "（合成数据）"
# name | level | kind | general? | review | tax-linked? | from, to (years from the as-of year) | clause | conditions | chain
_POLICIES: Final = """
    技术改造贷款贴息实施细则|省|资金|普惠|通过|否|-1|2|对设备投资2000万元以上的技术改造项目给予贷款贴息|固定资产投资不低于2000万元；已取得备案证|
    专精特新企业培育服务办法|市|服务|普惠|通过|否|-2|2|提供诊断、培训和融资对接服务|本市注册的制造业企业|
    工业项目代办服务规定|区|服务|普惠|通过|否|-1|3|为工业项目提供全程免费代办|总投资1000万元以上|
    高层次人才安居办法|市|人才|普惠|通过|否|-1|2|为符合条件的人才提供公寓|全职引进的博士或高级职称|
    标准地供应实施办法|市|要素|普惠|通过|否|-2|3|按标准地条件公开出让工业用地|投资强度不低于200万元/亩|
    绿色工厂奖补办法|省|资金|普惠|通过|否|-1|1|对首次认定的绿色工厂给予一次性奖补|获得省级以上绿色工厂认定|
    海水淡化和再生水利用支持办法|市|要素|普惠|通过|否|-1|2|再生水利用项目优先保障用水指标|年利用再生水10万吨以上|环保水处理
    医疗器械注册服务指引|省|服务|普惠|通过|否|-2|3|提供注册申报辅导|第二类以上医疗器械|医药医疗器械
    纺织行业数字化改造支持办法|市|资金|普惠|通过|否|-1|1|对数字化改造投入给予补助|固定资产投资500万元以上|纺织服装
    新能源材料首批次应用保险补偿|国家|资金|普惠|通过|否|-2|2|对首批次应用保险保费给予补偿|列入国家首批次目录|新能源新材料
    研发费用加计扣除政策指引|国家|税收|普惠|未审查|是|-3||研发费用按规定加计扣除|据实发生研发费用|
    小微企业普惠贷款办法|国家|资金|普惠|通过|否|-2|3|普惠小微贷款支持|小微企业|
    工业企业用电容量保障办法|区|要素|普惠|通过|否|-1|2|接电工程投资由供电企业承担|报装容量160千伏安以下|
    招工用工服务办法|区|服务|普惠|通过|否|-1|2|组织专场招聘、岗前培训|用工20人以上|
    外商投资企业服务专员制度|市|服务|普惠|通过|否|-1|3|每家外资企业配服务专员|外商投资企业|
    工业设计补助办法|市|资金|普惠|通过|否|-5|-2|对购买工业设计服务给予补助|合同金额10万元以上|
    重点产业扶持暂行办法|区|资金|普惠|通过|否|-6|-1|对新建项目给予设备补助|设备投资500万元以上|
    总部经济奖励意见|区|资金|普惠|未审查|否|-1|2|对新迁入总部企业给予开办奖励|注册地迁入本区|
    电商集聚区租金补贴办法|区|资金|普惠|未审查|否|0|2|对入驻企业给予租金减免|入驻电商园|
    链主企业进档奖励办法|区|资金|特定|未通过|否|-1|1|对白名单链主企业进档给予奖励|列入链主企业名录库|
    某某膜科技项目一事一议协议|区|税收|特定|未审查|是|-1|4|地方留成部分前三年先征后返|签订协议的企业|环保水处理
    税收贡献奖励办法|区|税收|普惠|未通过|是|-3|1|按纳税额的地方留成给予财力贡献奖励|年纳税500万元以上|
"""
# Laws of the state that such measures name as their basis; numbers of the order that published them.
_BASES: Final = {
    "资金": "《中华人民共和国科学技术进步法》（主席令第103号）", "服务": "《优化营商环境条例》（国务院令第722号）",
    "人才": "《中华人民共和国就业促进法》（主席令第70号）", "要素": "《优化营商环境条例》（国务院令第722号）",
    "税收": "《中华人民共和国企业所得税法》（主席令第63号）",
}  # fmt: skip
# What the state grants is known by its own document; the third is known to no library.
_NATIONAL: Final = {
    "新能源材料首批次应用保险补偿": "工信部联重装〔2024〕89号", "研发费用加计扣除政策指引": "财政部 税务总局公告2023年第7号",
}  # fmt: skip
_AMOUNTS: Final = {
    "技术改造贷款贴息实施细则": "按设备贷款利息的50%贴息，每个项目最高200万元", "绿色工厂奖补办法": "一次性30万元",
    "纺织行业数字化改造支持办法": "按数字化改造投资额的10%，最高100万元", "新能源材料首批次应用保险补偿": "按保费的80%",
    "研发费用加计扣除政策指引": "按研发费用的100%加计扣除",
}  # fmt: skip
_LEVEL_TITLES: Final = {"国家": "国发", "省": "鲁政办", "市": "云政办", "区": "云川政办"}
# catalogue | edition | item | kind | codes | words | text
_ITEMS: Final = """
    产业结构调整指导目录|2024年本|鼓励-01|鼓励|2812、2831|莱赛尔、聚乳酸纤维、生物基纤维|生物基纤维和再生纤维素的绿色制造
    产业结构调整指导目录|2024年本|鼓励-02|鼓励|2929、3591|反渗透膜、纳滤|高性能分离膜及组件制造
    产业结构调整指导目录|2024年本|鼓励-03|鼓励|3581、3582、3583、3584|内窥镜、骨科植入、体外诊断|高端医疗器械制造
    产业结构调整指导目录|2024年本|鼓励-04|鼓励|3985、3841|磷酸铁锂、动力电池、固态电池|新型电池及其关键材料制造
    产业结构调整指导目录|2024年本|鼓励-05|鼓励|1752、1762|无水染色、数码印花|少水无水印染技术应用
    产业结构调整指导目录|2024年本|限制-01|限制|1713、1752|常规印染|新建单纯加工且水重复利用率不达标的印染生产能力
    产业结构调整指导目录|2024年本|限制-02|限制|2666|聚丙烯酰胺|新建规模以下的水处理药剂生产装置
    产业结构调整指导目录|2024年本|限制-03|限制|3073|普通陶瓷|新建低档陶瓷生产线
    产业结构调整指导目录|2024年本|淘汰-01|淘汰|1713|74型染整设备|使用落后染整设备的生产线
    产业结构调整指导目录|2024年本|淘汰-02|淘汰|2710|小型原料药釜|规模以下落后原料药生产装置
    产业结构调整指导目录|2024年本|淘汰-03|淘汰|3031|砖瓦|粘土砖瓦生产线
    产业结构调整指导目录|2019年本|限制-旧01|限制|1752|印染|旧版目录限制的印染生产能力
    产业结构调整指导目录|2019年本|淘汰-旧01|淘汰|1713|74型染整设备|旧版目录淘汰的染整设备
    两高目录|2023年版|两高-01|两高|2611、2612、2613|基础化学原料|基础化学原料制造
    两高目录|2023年版|两高-02|两高|2651|合成树脂|初级形态塑料制造
    两高目录|2023年版|两高-03|两高|3041|平板玻璃|平板玻璃制造
    两高目录|2023年版|两高-04|两高|3240、3252|铝箔、铝合金|有色金属合金制造
    两高目录|2023年版|两高-05|两高|307|建筑陶瓷|建筑陶瓷制品制造
    外商投资准入负面清单|2024年版|负面-01|禁止|7340|人体干细胞、基因诊断|人体干细胞和基因诊断治疗技术开发应用
    外商投资准入负面清单|2024年版|负面-02|限制持股|6311、6312|基础电信|基础电信业务须由中方控股
    外商投资准入负面清单|2021年版|负面-旧01|禁止|2730|中药饮片炮制|中药饮片炮制技术应用及中成药保密处方
    省十强产业|2025年版|十强-01|标签|26、28、29|新材料|新能源新材料
    省十强产业|2025年版|十强-02|标签|27、358|医药、医疗器械|医养健康
    省十强产业|2025年版|十强-03|标签|17、18|纺织、服装|高端纺织服装
    市六大产业|2025年版|六大-01|标签|3591、2929、4620|水处理、膜|节能环保
    市六大产业|2025年版|六大-02|标签|38|电池、储能|新能源装备
    区主导产业|2026年版|主导-01|标签|17、18、28|纺织、服装、纤维|纺织服装
    区主导产业|2026年版|主导-02|标签|3591、2929、2666|水处理、膜|环保水处理
    区主导产业|2026年版|主导-03|标签|27、358|药、医疗|医药医疗器械
    区主导产业|2026年版|主导-04|标签|384、382、398、306|电池、光伏、储能、碳纤维|新能源新材料
    新旧动能转换|2024年版|动能-01|标签|3985、3841、2929|膜、电池材料|新动能：新材料
    国家产业政策|2022年版|政策-旧01|标签|3825|光伏|光伏制造行业规范条件（旧版）
    国家产业政策|2024年版|政策-01|标签|3825|光伏|光伏制造行业规范条件
"""
# edition | in force from | until
_EDITIONS: Final = {
    ("产业结构调整指导目录", "2024年本"): (dt.date(2024, 2, 1), None, "国家发展改革委令第7号"),
    ("产业结构调整指导目录", "2019年本"): (dt.date(2020, 1, 1), dt.date(2024, 1, 31), "国家发展改革委令第29号"),
    ("两高目录", "2023年版"): (dt.date(2023, 1, 1), None, "省两高目录（未核实）"),
    ("外商投资准入负面清单", "2024年版"): (dt.date(2024, 11, 1), None, "发展改革委商务部令第23号"),
    ("外商投资准入负面清单", "2021年版"): (dt.date(2022, 1, 1), dt.date(2024, 10, 31), "发展改革委商务部令第47号"),
    ("国家产业政策", "2022年版"): (dt.date(2022, 1, 1), dt.date(2024, 11, 30), "（未核实）"),
    ("国家产业政策", "2024年版"): (dt.date(2024, 12, 1), None, "（未核实）"),
}


def policies_ledger(as_of: dt.date) -> Ledger:
    """Measures that may be recommended, and those that may not: expired, unreviewed, for one firm, tied to tax."""
    rows: list[Row] = []
    for number, line in enumerate(_POLICIES.strip().split("\n"), start=1):
        name, level, kind, generality, review, linked, since, until, clause, conditions, chain = line.strip().split("|")
        first = dt.date(as_of.year + int(since), 1, 1)
        is_national = level == "国家"
        rows.append(
            {
                "policy_id": f"ZC{number:03d}",
                "policy_name": name + SYNTHETIC,
                "document_no": _NATIONAL.get(name, f"{_LEVEL_TITLES[level]}〔{first.year}〕{number + 3}号"),
                "issuing_level": level,
                "issued_by": {"国家": "国务院部门", "省": "山东省人民政府办公厅"}.get(
                    level, f"云川{level}人民政府办公室"
                ),
                "legal_basis": _BASES[kind] if is_national or (generality == "普惠" and review == "通过") else None,
                "clause_text": clause,
                "audience": "符合条件的各类经营主体" if generality == "普惠" else "协议企业",
                "conditions": conditions,
                "valid_from_date": first,
                "valid_to_date": dt.date(as_of.year + int(until), 12, 31) if until else None,
                "is_tax_linked": linked == "是",
                "review_result": review,
                "reviewed_date": None if review == "未审查" else dt.date(first.year - 1, 11, 20),
                "review_no": f"公竞审〔{first.year - 1}〕{number}号" if review == "通过" else None,
                "generality": generality,
                "measure_kind": kind,
                "chain_name": chain or None,
                "amount_text": _AMOUNTS.get(name)
                or {
                    "资金": "以年度申报通知为准",
                    "服务": "免费",
                    "人才": "按统一标准轮候",
                    "要素": "按公开标准执行",
                }.get(kind),
            }
        )
    form = Form(
        "云川区涉企政策库",
        columns("""
            policy_id 条款编号
            policy_name 文件名称
            document_no 发文字号
            issuing_level 政策层级
            issued_by 发文机关
            legal_basis 制定依据
            clause_text 条款内容
            audience 适用范围
            conditions 享受条件
            valid_from_date 施行日期
            valid_to_date 有效期至
            is_tax_linked 与税收挂钩
            generality 政策性质
            review_result 审查结论
            reviewed_date 审查日期
            review_no 审查意见书号
            measure_kind 措施类别
            chain_name 适用产业
            amount_text 奖补标准
        """),
        footer=("注：均为虚构的政策，只供演示。",),
    )
    return Ledger("policies", "政策库", form, rows, may_spoil=False)


def catalogue_ledger(as_of: dt.date) -> Ledger:
    """Items of the catalogues in force and of those that were replaced; wording invented."""
    rows: list[Row] = []
    for line in _ITEMS.strip().split("\n"):
        catalogue, edition, number, kind, codes, words, text = line.strip().split("|")
        since, until, document = _EDITIONS.get(
            (catalogue, edition), (dt.date(int(edition[:4]), 1, 1), None, f"云川{edition[:4]}产业文件（虚构）")
        )
        rows.append(
            {
                "catalogue_name": catalogue,
                "catalogue_edition": edition,
                "item_no": number,
                "item_text": text + SYNTHETIC,
                "item_kind": kind,
                "industry_codes": codes,
                "item_words": words,
                "node_ids": "textile.bio_fibre" if number == "鼓励-01" else None,
                "valid_from_date": since,
                "valid_to_date": until,
                "document_no": document,
                "is_verified": False,
            }
        )
    form = Form(
        "产业准入目录条目清单",
        columns("""
            - 序号
            catalogue_name 目录清单名称
            catalogue_edition 目录版次
            item_no 条目序号
            item_kind 条目类别
            item_text 条目内容
            industry_codes 行业代码清单
            item_words 条目关键词
            node_ids 对应环节编号
            valid_from_date 施行日期
            valid_to_date 废止日期
            document_no 发布文号
            is_verified 是否核实
        """),
        footer=("注：条目文字为虚构，不是目录原文。",),
    )
    return Ledger("catalogue_items", "目录清单", form, rows, may_spoil=False)


def overrides_ledger(world: World) -> Ledger:
    """Some of the leads that an item of the catalogue touches by its words, each looked at by a person (all names invented)."""
    touched = [lead for lead in world.leads if "聚丙烯酰胺" in lead.product_text] or world.leads[:1]
    days = [lead.reported + dt.timedelta(days=30) for lead in touched]
    known = [(lead, day) for lead, day in zip(touched, days, strict=True) if day < world.as_of][:4] or [
        (touched[0], days[0])
    ]
    rows: list[Row] = [
        {
            "lead_id": lead.lead_id,
            "catalogue_name": "产业结构调整指导目录",
            "item_no": "限制-02",
            "new_result": "通过" if number % 2 == 0 else "疑似",
            "decided_by": f"合成改判人{number + 1}",
            "decided_post": "区发展改革局科长",
            "override_reason": "核对工艺后，规模在限制线以上" if number % 2 == 0 else "工艺资料未齐，补齐后再定",
            "decided_date": day,
        }
        for number, (lead, day) in enumerate(known)
    ]
    form = Form(
        "云川区准入筛查改判登记表",
        columns("""
            lead_id 线索编号
            catalogue_name 改判目录
            item_no 改判条目编号
            new_result 改判结论
            decided_by 改判人
            decided_post 改判人职务
            override_reason 改判理由
            decided_date 改判日期
        """),
    )
    return Ledger("screen_overrides", "筛查改判", form, rows, may_spoil=False)
