"""Industries of the sample (行业表): GB/T 4754 codes, the words firms use for their products, tax and pull of the chains.

Belongs here: one row per kind of firm, written by hand. Does not belong: the platform's own view of the chains
(office/defaults/chains.yaml), which the sample must be able to disagree with: nothing here is read by the models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from intake.values import SECTION_OF_DIVISION

Floats = npt.NDArray[np.float64]

CHAIN_SHARE: Final = 0.05  # of a register: at 200,000 rows about 200 firms a node, most firms in unrelated industries
LOCAL_CHAIN_SHARE: Final = 0.12  # the district lives from its chains
# What the district is strong in; what it most needs (a star below) is nearly missing here.
LOCAL_STRENGTHS: Final = frozenset(
    [
        "棉纺",
        "丝绸",
        "织造",
        "制衣",
        "家纺",
        "水处理剂",
        "泵阀",
        "超滤",
        "环保装备",
        "药化",
        "制药",
        "医用卫材",
        "高分子",
        "工业陶瓷",
        "有色金属",
        "光伏",
    ]
)
LEAD_CHAIN_SHARE: Final = 0.66  # offices look for the chains, and don't always find them
LEAD_OTHER_MAKING_SHARE: Final = 0.22


@dataclass(frozen=True)
class Industry:
    """One kind of firm. `pull` is added to the log-odds of landing, `tax_rate` is yearly tax per 万元 invested."""

    trade: str
    section: str
    codes: tuple[str, ...]
    products: tuple[str, ...]
    chain: str = ""
    is_key: bool = False

    @property
    def pull(self) -> float:
        if self.chain:
            return 0.80 if self.is_key else 0.50
        return -0.10 if self.section == "C" else -0.70

    @property
    def tax_rate(self) -> float:
        by_chain = {"纺织服装": 0.020, "环保水处理": 0.030, "医药医疗器械": 0.055, "新能源新材料": 0.026}
        by_section = {"C": 0.028, "D": 0.014, "F": 0.05, "G": 0.018, "I": 0.042, "L": 0.04, "M": 0.03, "N": 0.014}
        return by_chain.get(self.chain) or by_section.get(self.section, 0.02)


# trade word in names | codes | products; a star marks what the district most needs
_CHAINS: Final = {
    "纺织服装": """
        化纤|2821 2822 2826|涤纶 锦纶 氨纶 丙纶 聚酯切片 化纤长丝
        *生物纤维|2812 2831|再生纤维素 莱赛尔 粘胶纤维 聚乳酸纤维 生物基纤维
        棉纺|1711 1721 1731|棉纱 纺纱 混纺纱 包芯纱 气流纺
        纺机|3551 3553|纺织机械 纺机配件 喷水织机 剑杆织机 工业缝纫机
        丝绸|1741 1742 1743|丝绸 真丝 缫丝 桑蚕丝
        织造|1712 1722 1751|坯布 梭织 机织面料 色织布 牛仔布
        针织|1761|针织面料 针织布 经编 纬编
        *染整|1713 1752 1762|印染 染整 数码印花 无水染色 面料后整理
        *产业用布|1781 1789 1784|无纺布 非织造 水刺布 熔喷布 土工布
        制衣|1811 1819 1821 1829|成衣 职业装 运动服 羽绒服 针织服装 服装加工
        家纺|1771 1772 1773 1779|家纺 床上用品 毛巾 窗帘布艺
        服饰设计|7491 7452|服装设计 面料设计 纺织品检测 服装品牌
    """,
    "环保水处理": """
        *膜材料|2651 2659|聚砜 聚醚砜 聚偏氟乙烯 膜支撑层 制膜液
        水处理剂|2666 2661|水处理药剂 絮凝剂 阻垢剂 聚丙烯酰胺 聚合氯化铝
        滤料|2663 3091|活性炭 离子交换树脂 陶粒滤料 石英砂滤料
        泵阀|3441 3443|污水泵 潜水泵 计量泵 蝶阀 高压柱塞泵
        *膜科技|2929 3591|反渗透膜 反渗透 纳滤 膜元件
        超滤|2929 3591|超滤 微滤 中空纤维膜 平板膜 膜生物反应器
        环保装备|3591 3597|污水处理设备 水处理设备 气浮机 曝气器 一体化污水
        污泥装备|3591 7723|污泥脱水 污泥干化 板框压滤机 叠螺机
        *水质仪器|4021 4016|水质监测 水质分析仪 智能水表 在线监测仪
        水务软件|6513 6531|智慧水务 水务信息化 管网漏损
        水务运营|4620 7721 4690|污水处理厂 中水回用 再生水 水污染治理 流域治理
        淡化装备|4630 3521|海水淡化 废水零排放 蒸发结晶 高盐废水
    """,
    "医药医疗器械": """
        药化|2710|原料药 医药中间体 手性中间体
        药包|2780|药用辅料 药用玻璃 药用胶塞 药包材 空心胶囊
        *医用材料|2915 2659|医用高分子 医用硅胶 医用级聚乳酸 可吸收材料
        制药|2720|片剂 胶囊剂 注射剂 冻干粉针 口服溶液剂
        中药|2730 2740|中药饮片 中成药 中药提取 配方颗粒
        生物制药|2761 2762|单克隆抗体 疫苗 重组蛋白 细胞治疗 透明质酸
        *诊断|3583 2770|体外诊断 诊断试剂 生化分析仪 核酸检测 微流控
        医用卫材|2770 3589|医用敷料 医用口罩 手术衣 输液器 医用手套 留置针
        医疗影像|3581|监护仪 超声诊断 医学影像 心电图机
        *外科器械|3584 3582 3586|骨科植入 内窥镜 手术器械 口腔种植 血管支架
        康复|3585 3586|康复器械 护理床 轮椅 助行器 适老化
        医药研究|7340 7452|医药研发外包 临床试验 药物发现 医疗器械检测
    """,
    "新能源新材料": """
        *锂电材料|3985 2613|锂电池正极 磷酸铁锂 三元前驱体 正极材料
        碳材料|3091|负极材料 人造石墨 硅碳负极 石墨烯
        电解质|2669 2619|电解液 六氟磷酸锂 碳酸乙烯酯
        *功能膜|2921|电池隔膜 锂电隔膜 光学膜 质子交换膜
        高分子|2651 2652 2659|改性塑料 工程塑料 聚烯烃 有机硅 聚氨酯弹性体
        工业陶瓷|3073 3089|特种陶瓷 氧化铝陶瓷 氮化硅 陶瓷纤维 陶瓷基板
        有色金属|3251 3252 3240|铝箔 电解铜箔 高端铝材 铝合金型材
        复合材料|3062 3061|碳纤维 玻璃纤维 树脂基复合材料 预浸料
        电池|3841 3849|锂离子电池 动力电池 钠离子电池 固态电池
        光伏|3825|光伏组件 光伏支架 光伏玻璃 单晶硅片
        氢能|3849 3332|燃料电池 电解水制氢 储氢瓶 加氢站
        *储能|3824 3829|储能系统 储能变流器 逆变器 储能电站
        循环利用|4210 4220|电池回收 梯次利用 再生塑料
    """,
}
# section, trade word in names | codes | products | weight in a register
_OTHERS: Final = """
    A农业|0111 0121|粮食种植 谷物种植 农产品初加工|4
    A养殖|0313 0321|生猪饲养 家禽饲养|2
    C食品|1353 1411 1432|肉制品 烘焙食品 速冻食品|4
    C饲料|1329|配合饲料 浓缩饲料|1
    C酒业|1512 1515|白酒酿造 葡萄酒酿造|1
    C木业|2011 2021|锯材 胶合板|2
    C家具|2110 2130|木质家具 办公家具|3
    C纸业|2231 2221|纸箱 纸板|2
    C印务|2319|包装装潢印刷 商标印刷|2
    C塑业|2926 2924|塑料包装箱 塑料薄膜袋|3
    C建材|3021 3031|水泥制品 砖瓦|4
    C五金|3351 3359|建筑五金 金属门窗|5
    C机械|3484 3422|机械零部件加工 机床附件|6
    C汽配|3670|汽车零部件 汽车内饰件|4
    C电子|3981 3989|电子元件 连接器|4
    C照明|3872|灯具 照明器具|2
    C玩具|2451|塑胶玩具 毛绒玩偶|1
    D热力|4430|热力供应|1
    D发电|4415|风力发电|1
    E建筑|4710 4720|房屋建筑工程 市政工程|10
    E装饰|5011 5012|室内装饰装修 幕墙安装|8
    F商贸|5191 5181|日用百货销售 建材销售 办公用品销售|22
    F服装贸易|5132|服装批发 鞋帽批发|5
    F原料贸易|5131 5169|棉纱销售 涤纶销售 化工原料销售|0.5
    F食品贸易|5121 5127|粮油批发 预包装食品销售|8
    F汽车销售|5261|新车销售 二手车经销|3
    F零售|5211 5212|便利店零售 超市零售|8
    G物流|5431 5821|普通货物道路运输 国内货物运输代理|7
    G仓储|5990|通用仓储 装卸搬运|2
    H餐饮|6210 6220|正餐服务 快餐服务|8
    H酒店|6110 6121|住宿服务|2
    I软件|6513 6540|软件开发 数据处理服务|8
    I网络|6450 6421|互联网信息服务|4
    K置业|7010 7030|房地产开发经营 房屋租赁|4
    L咨询|7243 7249|企业管理咨询 商务信息咨询|10
    L广告|7251|广告设计制作 广告发布|5
    L人力|7264|劳务派遣 人力资源服务|3
    M工程设计|7484|工程勘察设计 建筑设计|3
    M技术服务|7519 7320|技术推广服务 工程技术研究|7
    N园林|7840|园林绿化施工 绿化养护|2
    O汽修|8111|汽车维修 汽车美容|3
    P教育|8391|职业技能培训|2
    Q医院|8415|专科医院服务|1
    R文化|9010 8810|文艺创作 群众文体活动策划|2
"""


def _read() -> tuple[tuple[Industry, ...], Floats]:
    industries: list[Industry] = []
    weights: list[float] = []
    for chain, text in _CHAINS.items():
        for line in text.split("\n"):
            if written := line.strip():
                trade, codes, products = written.removeprefix("*").split("|")
                section = {"7": "M", "6": "I"}.get(codes[0], "D" if codes[:2] == "46" else "C")
                is_key = written.startswith("*")
                industries.append(
                    Industry(trade, section, tuple(codes.split()), tuple(products.split()), chain, is_key)
                )
                weights.append(1.0)
    for line in _OTHERS.split("\n"):
        if written := line.strip():
            trade, codes, products, weight = written.split("|")
            industries.append(Industry(trade[1:], trade[0], tuple(codes.split()), tuple(products.split())))
            weights.append(float(weight))
    return tuple(industries), np.array(weights)


INDUSTRIES, _WEIGHTS = _read()
IS_CHAIN: Final = np.array([bool(i.chain) for i in INDUSTRIES])
IS_OTHER_MAKING: Final = np.array([i.section == "C" and not i.chain for i in INDUSTRIES])


def lettered(code: str) -> str:
    """Write a code with the letter of its section, as half of the offices do: one kind of firm may span two sections."""
    return next(letter for letter, divisions in SECTION_OF_DIVISION if int(code[:2]) in divisions) + code


def shares(chain_share: float) -> Floats:
    """Give each industry's share of firms, all chains together having `chain_share`."""
    chains, others = _WEIGHTS * IS_CHAIN, _WEIGHTS * ~IS_CHAIN
    return np.asarray(chain_share * chains / chains.sum() + (1 - chain_share) * others / others.sum())


def local_shares() -> Floats:
    """Give each industry's share of the district's own firms."""
    known = [4.0 if i.trade in LOCAL_STRENGTHS else 0.15 if i.is_key else 0.6 for i in INDUSTRIES]
    chains, others = np.array(known) * IS_CHAIN, _WEIGHTS * ~IS_CHAIN
    return np.asarray(LOCAL_CHAIN_SHARE * chains / chains.sum() + (1 - LOCAL_CHAIN_SHARE) * others / others.sum())


def lead_shares() -> Floats:
    """Give each industry's share of leads: chains first, then other makers, then the rest."""
    groups = (IS_CHAIN, IS_OTHER_MAKING, ~IS_CHAIN & ~IS_OTHER_MAKING)
    rest = 1 - LEAD_CHAIN_SHARE - LEAD_OTHER_MAKING_SHARE
    total = np.zeros(len(INDUSTRIES))
    for group, share in zip(groups, (LEAD_CHAIN_SHARE, LEAD_OTHER_MAKING_SHARE, rest), strict=True):
        total += share * _WEIGHTS * group / (_WEIGHTS * group).sum()
    return np.asarray(total)
