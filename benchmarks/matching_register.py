"""A generated register with known truth for the benchmark of matching (合成数据): real kinds of variation, hard negatives.

Belongs here: the invented firms, and how offices write them. The parts of names are this file's own: the normaliser
never reads them, and no list of variants is shared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sample.enterprises import credit_codes

FIRST = (
    "华恒鑫瑞金盛宏天泰永安中新东海通利达丰源德广力龙润嘉博远君卓诚信凯科康美佳明星光正大长兴顺百亿万众联合普优创智云飞"
)
SECOND = (
    "泰达源盛丰瑞邦信诚昌隆兴旺发展腾飞翔宇航图森林海洋川江河岳峰岩石磊鼎铭铄锐捷迅通联创想维思博雅致远景晨曦阳辉煌耀"
)
TRADES = [
    "新材料科技",
    "建筑材料",
    "机械设备",
    "电子科技",
    "纺织",
    "化工",
    "生物医药",
    "医疗器械",
    "环保科技",
    "食品",
    "包装材料",
    "物流",
    "国际贸易",
    "汽车零部件",
    "精密制造",
    "新能源科技",
    "光电科技",
    "智能装备",
    "农业科技",
    "塑料制品",
    "金属制品",
    "家具",
    "服饰",
    "印刷",
    "玻璃",
    "陶瓷",
    "橡胶制品",
    "仪器仪表",
    "自动化设备",
    "信息技术",
    "软件",
    "网络科技",
    "建设工程",
    "装饰工程",
    "园林绿化",
    "供应链管理",
    "企业管理咨询",
    "文化传媒",
    "餐饮管理",
    "酒店用品",
    "五金制品",
    "电气",
    "电缆",
    "泵业",
    "阀门",
    "模具",
    "数控机床",
    "轴承",
    "石油装备",
    "水处理设备",
    "半导体",
    "储能科技",
    "氢能科技",
    "航空科技",
    "船舶重工",
    "钢结构",
    "铝业",
    "铜业",
    "矿业",
    "水泥",
]
CITIES = [
    "北京",
    "上海",
    "天津",
    "重庆",
    "青岛",
    "济南",
    "烟台",
    "潍坊",
    "临沂",
    "南京",
    "苏州",
    "无锡",
    "常州",
    "南通",
    "徐州",
    "杭州",
    "宁波",
    "温州",
    "绍兴",
    "嘉兴",
    "合肥",
    "芜湖",
    "福州",
    "厦门",
    "泉州",
    "南昌",
    "郑州",
    "洛阳",
    "武汉",
    "宜昌",
    "长沙",
    "株洲",
    "广州",
    "深圳",
    "东莞",
    "佛山",
    "惠州",
    "珠海",
    "成都",
    "绵阳",
    "西安",
    "沈阳",
    "大连",
    "长春",
    "哈尔滨",
    "石家庄",
    "唐山",
    "太原",
    "昆明",
    "贵阳",
]
PROVINCE = dict(
    zip(
        CITIES,
        ["北京", "上海", "天津", "重庆", "山东", "山东", "山东", "山东", "山东", "江苏", "江苏", "江苏", "江苏", "江苏", "江苏", "浙江", "浙江", "浙江", "浙江", "浙江", "安徽", "安徽", "福建", "福建", "福建", "江西", "河南", "河南", "湖北", "湖北", "湖南", "湖南", "广东", "广东", "广东", "广东", "广东", "广东", "四川", "四川", "陕西", "辽宁", "辽宁", "吉林", "黑龙江", "河北", "河北", "山西", "云南", "贵州"],
        strict=True,
    )
)  # fmt: skip
# Written by ear (同音) or by shape (形近).
WRONG = {
    "华": "花", "恒": "衡", "鑫": "新", "瑞": "锐", "盛": "胜", "宏": "弘", "泰": "太", "永": "勇", "达": "大", "源": "元", "德": "得",
    "利": "力", "润": "闰", "嘉": "佳", "博": "搏", "诚": "城", "凯": "恺", "邦": "帮", "隆": "龙", "腾": "滕", "宇": "羽", "鼎": "顶",
    "铭": "名", "锐": "瑞", "维": "惟", "晨": "辰", "辉": "晖", "耀": "跃", "装": "妆", "备": "各", "料": "科", "制": "治", "械": "戒",
    "技": "枝", "药": "约", "品": "晶", "机": "机械", "设": "没", "阀": "伐", "模": "摸",
}  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华建国志文斌玉海波宁辰宇轩"
ROADS = [
    "人民路",
    "中山路",
    "建设路",
    "解放路",
    "长江路",
    "黄河路",
    "工业大道",
    "科技路",
    "创新路",
    "滨海大道",
    "迎宾路",
    "文化路",
    "学院路",
    "开发大道",
    "金桥路",
    "振兴街",
    "和平街",
    "新华街",
]
PERSONAL = ("legal_person", "phone")


class Draws:
    """Random numbers by the block: one call of numpy a number would take minutes for a million records."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._block: list[float] = []

    def chance(self) -> float:
        if not self._block:
            self._block = self._rng.random(200_000).tolist()
        return self._block.pop()

    def one(self, items: Sequence[Any]) -> Any:
        return items[int(self.chance() * len(items))]

    def below(self, count: int) -> int:
        return int(self.chance() * count)


def register(records: int, seed: int) -> pa.Table:
    """Draw about `records` rows of about 0.4 as many firms; `truth` numbers the firm, a branch is a firm of its own."""
    draws = Draws(seed)
    firms = int(records / 2.5)
    codes = credit_codes(
        np.full(firms * 2, 37), np.zeros(firms * 2, dtype=bool), np.random.default_rng(seed)
    ).to_pylist()
    agents = [_phone(draws) for _ in range(max(3, firms // 400))]
    rows: list[tuple[object, ...]] = []
    known: list[tuple[str, str, str]] = []
    number = 0
    while len(rows) < records:
        brand, trade, city = _identity(draws, known)
        known.append((brand, trade, city))
        firm = _Firm(draws, brand, trade, city, codes[number % len(codes)], agents)
        for _ in range(firm.count):
            rows.append((*firm.record(draws), number))
        number += 1
        if draws.chance() < 0.03:  # a branch in another city: not the firm
            rows.append((*firm.branch(draws, codes[number % len(codes)]), number))
            number += 1
    rows = rows[:records]
    order = np.random.default_rng(seed + 1).permutation(len(rows)).tolist()
    columns = ("name", "uscc", "city", "legal_person", "phone", "address", "aliases", "truth")
    drawn = {column: [rows[at][place] for at in order] for place, column in enumerate(columns)}
    return pa.table({"record_id": [f"R{at:08d}" for at in range(len(rows))], **drawn})


def _identity(draws: Draws, known: list[tuple[str, str, str]]) -> tuple[str, str, str]:
    """Draw brand, trade, city; one firm in six is a hard negative of an earlier one."""
    hard = draws.chance()
    if known and hard < 0.08:  # the same brand and trade in another city
        brand, trade, city = draws.one(known)
        return brand, trade, draws.one([c for c in (draws.one(CITIES), draws.one(CITIES)) if c != city] or CITIES)
    if known and hard < 0.16:  # the same trade and city, a brand one character off
        brand, trade, city = draws.one(known)
        return (
            draws.one(FIRST) + brand[1:] if draws.chance() < 0.5 else brand[:1] + draws.one(SECOND) + brand[2:],
            trade,
            city,
        )
    if known and hard < 0.18:  # the same brand and city, another trade
        brand, _, city = draws.one(known)
        return brand, draws.one(TRADES), city
    third = draws.one(SECOND) if draws.chance() < 0.45 else ""
    return draws.one(FIRST) + draws.one(SECOND) + third, draws.one(TRADES), draws.one(CITIES)


def _phone(draws: Draws) -> str:
    return f"1{draws.one('3578')}{int(draws.chance() * 1e9):09d}"


def _person(draws: Draws) -> str:
    return draws.one(SURNAMES) + draws.one(GIVEN) + (draws.one(GIVEN) if draws.chance() < 0.7 else "")


class _Firm:
    def __init__(self, draws: Draws, brand: str, trade: str, city: str, code: str, agents: list[str]) -> None:
        self.trade, self.city, self.code = trade, city, code
        self.form = "有限公司" if draws.chance() < 0.9 else draws.one(("股份有限公司", "集团有限公司"))
        self.inside = draws.chance() < 0.15
        self.brands = [brand]
        if draws.chance() < 0.04:  # renamed
            self.brands.append(draws.one(FIRST) + draws.one(SECOND) + draws.one(SECOND))
        self.persons = [_person(draws) for _ in range(1 if draws.chance() < 0.88 else 2)]
        self.phones = [draws.one(agents) if draws.chance() < 0.06 else _phone(draws), _phone(draws)]
        self.addresses = [self._address(draws) for _ in range(1 if draws.chance() < 0.85 else 2)]
        size = draws.chance()
        self.count = 1 if size < 0.3 else 2 if size < 0.58 else 3 if size < 0.8 else 4 + draws.below(3)

    def _address(self, draws: Draws) -> str:
        return f"{draws.one(ROADS)}{1 + draws.below(900)}号"

    def full_name(self, draws: Draws, brand: str) -> str:
        if draws.chance() < 0.05:
            return f"{PROVINCE[self.city]}{'省' if draws.chance() < 0.5 else ''}{brand}{self.trade}{self.form}"
        inside = self.inside if draws.chance() < 0.93 else not self.inside  # 上海X / X（上海）
        if inside:
            return f"{brand}（{self.city}）{self.trade}{self.form}"
        return f"{self.city}{'市' if draws.chance() < 0.2 else ''}{brand}{self.trade}{self.form}"

    def record(self, draws: Draws) -> tuple[object, ...]:
        brand = draws.one(self.brands)
        name = self.full_name(draws, brand)
        for share, change in _CHANGES:
            if draws.chance() < share:
                name = change(draws, name, self)
        aliases = None
        if len(self.brands) > 1 and draws.chance() < 0.5:
            former = self.brands[0] if brand == self.brands[1] else None
            if former:
                aliases = f"{self.city}{former}{self.trade}{self.form}"
        city = None if draws.chance() < 0.12 else self.city + ("市" if draws.chance() < 0.4 else "")
        address = None if draws.chance() < 0.3 else draws.one(self.addresses)
        if address and draws.chance() < 0.6:
            address = f"{self.city}市{address}"
        if address and draws.chance() < 0.2:
            address += f"{1 + draws.below(9)}楼"
        phone = self.phones[0] if draws.chance() < 0.82 else self.phones[1]
        return (
            name,
            self.code if draws.chance() < 0.45 else None,
            city,
            None if draws.chance() < 0.3 else draws.one(self.persons),
            None if draws.chance() < 0.35 else phone,
            address,
            aliases,
        )

    def branch(self, draws: Draws, code: str) -> tuple[object, ...]:
        city = draws.one(CITIES)
        name = f"{self.city}{self.brands[0]}{self.trade}{self.form}{city}{draws.one(('分公司', '办事处', '营业部'))}"
        phone = self.phones[0] if draws.chance() < 0.3 else _phone(draws)
        return (
            name,
            code if draws.chance() < 0.5 else None,
            city,
            draws.one(self.persons),
            phone,
            self._address(draws),
            None,
        )


def _wrong_character(draws: Draws, name: str, firm: _Firm) -> str:
    spots = [at for at, letter in enumerate(name) if letter in WRONG and at >= 2]
    if not spots:
        return name
    at = draws.one(spots)
    return name[:at] + WRONG[name[at]] + name[at + 1 :]


def _swapped(draws: Draws, name: str, firm: _Firm) -> str:
    at = 2 + draws.below(max(1, len(name) - 7))
    return name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :]


def _dropped(draws: Draws, name: str, firm: _Firm) -> str:
    at = 2 + draws.below(max(1, len(name) - 7))
    return name[:at] + name[at + 1 :]


def _short(draws: Draws, name: str, firm: _Firm) -> str:
    brand = firm.brands[0]
    return draws.one(
        (brand + firm.trade[:2], firm.city + brand + firm.trade[:2], brand + firm.trade, brand + firm.trade[-2:])
    )


_CHANGES: tuple[tuple[float, Callable[[Draws, str, _Firm], str]], ...] = (
    (0.08, lambda draws, name, firm: name.removeprefix(firm.city).removeprefix("市")),
    (0.05, _wrong_character),
    (0.012, _swapped),
    (0.015, _dropped),
    (0.14, lambda draws, name, firm: name.removesuffix("有限公司")),
    (0.10, lambda draws, name, firm: name.replace("有限公司", "有限责任公司") if "股份" not in name else name),
    (0.02, lambda draws, name, firm: name.replace("有限公司", draws.one(("有线公司", "有限公同", "有限责仁公司")))),
    (0.07, _short),
    (0.5, lambda draws, name, firm: name.replace("（", "(").replace("）", ")")),
    (0.05, lambda draws, name, firm: name[:2] + draws.one((" ", "　")) + name[2:]),
)
