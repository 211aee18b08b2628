"""The fictional district (云川区): its units, and the places and characters that invented names are made of.

Belongs here: tables written by hand. Does not belong: random draws. No unit, firm or person of this file exists;
provinces and big cities are real by name only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DISTRICT: Final = "云川区"
LOCAL_PROVINCE: Final = "山东省"
LOCAL_CITY: Final = "云川市"


@dataclass(frozen=True)
class Unit:
    """One responsible unit. `weight` is its share of the leads, `prefix` what its credit for them is filed under."""

    code: str
    name: str
    kind: str
    short_names: tuple[str, ...]
    parent: str = ""
    weight: float = 1.0
    chain: str = ""
    leads_chain: bool = False  # 产业牵头部门


_TOWNS: Final = ["双河", "石桥", "柳泉", "青榆", "望湖", "马岭", "白塔", "清溪", "古渡", "东皋"]
_STREETS: Final = ["云门", "城南", "文昌", "澄湖", "北苑"]
_BUREAUS: Final = {
    "投资促进局": ("投促局", "招商局"),
    "工业和信息化局": ("工信局",),
    "发展和改革局": ("发改局",),
    "商务局": ("区商务局",),
    "科学技术局": ("科技局",),
    "农业农村局": ("农业局",),
}
_GROUPS: Final = ["京津冀", "长三角", "珠三角", "成渝"]
_PARKS: Final = {"经济开发区": ("经开区", "开发区"), "新材料产业园": ("新材料园",), "医药产业园": ("医药园",)}
_COUNCILS: Final = {"纺织服装产业投促委": ("纺织投促委",), "新能源产业投促委": ("新能源投促委",)}


# Which bureau leads which chain (牵头部门), and which council works for one beside it.
_LED_CHAINS: Final = {
    "商务局": "纺织服装",
    "发展和改革局": "环保水处理",
    "科学技术局": "医药医疗器械",
    "工业和信息化局": "新能源新材料",
}
_SERVED_CHAINS: Final = {"纺织服装产业投促委": "纺织服装", "新能源产业投促委": "新能源新材料"}


def _units() -> tuple[Unit, ...]:
    found: list[Unit] = []

    def add(prefix: str, kind: str, name: str, short: tuple[str, ...], parent: str, weight: float) -> None:
        number = sum(unit.kind == kind for unit in found) + 1
        led = _LED_CHAINS.get(name.removeprefix(DISTRICT), "")
        chain = led or _SERVED_CHAINS.get(name, "")
        found.append(Unit(f"{prefix}{number:02d}", name, kind, short, parent, weight, chain, bool(led)))

    for town in _TOWNS:
        add("Z", "镇", f"{town}镇", (town, f"{town}镇人民政府"), "", 0.8)
    for street in _STREETS:
        add("J", "街道", f"{street}街道办事处", (f"{street}街道", f"{street}街道办"), "", 0.8)
    for bureau, short in _BUREAUS.items():
        add("B", "部门", f"{DISTRICT}{bureau}", short, "", 1.8 if bureau == "投资促进局" else 0.7)
    for group in _GROUPS:
        add("G", "招商组", f"{group}招商组", (f"驻{group}招商组", f"{group}组"), f"{DISTRICT}投资促进局", 1.7)
    for park, short in _PARKS.items():
        add("Y", "园区", f"{LOCAL_CITY.removesuffix('市')}{park}", short, "", 2.2)
    for council, short in _COUNCILS.items():
        add("C", "产业投促委", council, short, f"{DISTRICT}投资促进局", 1.2)
    return tuple(found)


UNITS: Final = _units()
STRANGE_UNITS: Final = ("云川区招商服务队", "云川文旅集团", "高铁新城指挥部")  # in ledgers, not in 单位名录

# province, two digits of its code, weight, big cities
_PROVINCES: Final = """
    北京市 11 6 北京市
    天津市 12 2 天津市
    河北省 13 4 石家庄市 唐山市 保定市 沧州市
    山西省 14 2 太原市 大同市
    内蒙古自治区 15 1 呼和浩特市 包头市
    辽宁省 21 3 沈阳市 大连市
    吉林省 22 1 长春市
    黑龙江省 23 1 哈尔滨市 大庆市
    上海市 31 7 上海市
    江苏省 32 11 南京市 苏州市 无锡市 常州市 南通市 徐州市
    浙江省 33 10 杭州市 宁波市 绍兴市 温州市 嘉兴市 湖州市
    安徽省 34 4 合肥市 芜湖市
    福建省 35 4 福州市 厦门市 泉州市
    江西省 36 2 南昌市 赣州市
    山东省 37 12 济南市 青岛市 烟台市 潍坊市 淄博市 临沂市 威海市
    河南省 41 5 郑州市 洛阳市 新乡市
    湖北省 42 4 武汉市 宜昌市
    湖南省 43 4 长沙市 株洲市
    广东省 44 13 广州市 深圳市 东莞市 佛山市 惠州市 珠海市
    广西壮族自治区 45 2 南宁市 柳州市
    海南省 46 1 海口市
    重庆市 50 3 重庆市
    四川省 51 4 成都市 绵阳市
    贵州省 52 1 贵阳市
    云南省 53 1 昆明市
    西藏自治区 54 0.1 拉萨市
    陕西省 61 2 西安市
    甘肃省 62 1 兰州市
    青海省 63 0.3 西宁市
    宁夏回族自治区 64 0.4 银川市
    新疆维吾尔自治区 65 1 乌鲁木齐市
"""


@dataclass(frozen=True)
class City:
    province: str
    province_code: str
    name: str
    weight: float


def _cities() -> tuple[City, ...]:
    found: list[City] = []
    for line in _PROVINCES.strip().split("\n"):
        province, code, weight, *names = line.split()
        found += [City(province, code, name, float(weight) / len(names)) for name in names]
    return (*found, City(LOCAL_PROVINCE, "37", LOCAL_CITY, 0.0))


CITIES: Final = _cities()  # the district's own city comes last

# Rare characters in threes: a name like 砚岫珩 is nobody's.
BRAND_FIRST: Final = "砚岫昀霁樾珩彧澍骁翊隽黻皓茗筱苡笙溦旻烨琤瑭璟弘劭彤昱晔暄栩棣楷榕樨泓沄洵浚淏湉溥滢潆炜煊熠"
BRAND_SECOND: Final = "澜汐岚屹峤嵘峥巍崧岑峻崎嵩岱峦岷峪嵊崇岭汀沚洲湄浦渚涟漪潇濂瀚溯沛沅泗汾汶沂洙淄"
BRAND_THIRD: Final = "珂瑾瑜琛琪琳瑞瑶璇璋璞珏玥玹珞珺琅琚琰琦瑄瑀璐瓒瑛珑玖玘玢玳珀珈珉珥珧琇琎琏琮"
SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN: Final = "甲乙丙丁戊己庚辛壬癸"  # 赵甲, 钱乙: plainly nobody
ROADS: Final = ["示例路", "样本街", "虚构大道", "假想路", "演示巷"]
