"""Where projects can go (承载): parks with what they have left, plots and plants, office buildings.

Belongs here: 园区名录, 地块厂房, 总部楼宇; tables of them written by hand. Does not belong: who applies (decisions.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np

from sample.leads import Lead
from sample.sheets import Form
from sample.tables import Ledger, Row, columns
from sample.world import World, pick, plus

QUARTERS: Final = 5  # reports of each park, the newest last
REPORT_DAY: Final = 20  # of the last month of a quarter
STALE_PARK: Final = "古渡特色园区"  # has not reported for a year
FULL_PARK: Final = "石桥环保装备园"  # has no power to give


@dataclass(frozen=True)
class Park:
    name: str
    unit: str
    kind: str
    industries: str
    planned_mu: float
    land_mu: float
    plant_mu: float
    power_kva: float
    steam_tph: float
    sewage_tpd: float
    floor_intensity: float
    floor_tax: float
    longitude: float
    latitude: float


PARKS: Final = (
    Park("云川经济开发区", "云川经济开发区", "省级开发区", "新能源新材料、医药医疗器械", 12000, 1650, 96, 80000, 60, 20000, 300, 18, 118.02, 36.51),
    Park("云川新材料产业园", "云川新材料产业园", "特色园区", "新能源新材料、环保水处理", 5600, 720, 45, 50000, 40, 8000, 320, 20, 118.07, 36.47),
    Park("云川医药产业园", "云川医药产业园", "特色园区", "医药医疗器械", 3800, 410, 60, 31500, 25, 6000, 350, 25, 117.98, 36.55),
    Park("双河纺织园", "双河镇", "特色园区", "纺织服装", 2600, 280, 75, 20000, 30, 12000, 220, 10, 117.93, 36.44),
    Park(FULL_PARK, "石桥镇", "特色园区", "环保水处理", 1500, 90, 18, 8000, 0, 2500, 260, 14, 118.11, 36.53),
    Park(STALE_PARK, "古渡镇", "其他", "食品加工、现代物流", 900, 160, 12, 6300, 5, 1500, 180, 8, 118.15, 36.41),
)  # fmt: skip
PARK_NAMES: Final = [park.name for park in PARKS]
BUILDINGS: Final = (
    ("云川金融中心", "总部楼宇", "云门街道办事处", 68000, 0),
    ("文昌创新大厦", "商务楼宇", "文昌街道办事处", 42000, 0),
    ("澄湖商务港", "商务楼宇", "澄湖街道办事处", 35000, 0),
    ("北苑科创孵化器", "孵化器", "北苑街道办事处", 16000, 420),
    ("城南加速器", "孵化器", "城南街道办事处", 9000, 260),
)


def park_of(lead: Lead, rng: np.random.Generator) -> str | None:
    """Give the park a project goes to: its unit's own, else mostly one that its trade suits; None outside of any."""
    own = [park for park in PARKS if park.unit.startswith(lead.unit_name) or lead.unit_name == park.unit]
    if own:
        return own[0].name
    if rng.random() < 0.3:
        return None
    suited = [park.name for park in PARKS if lead.industry.chain and lead.industry.chain in park.industries]
    return pick(suited, rng) if suited and rng.random() < 0.85 else pick(PARK_NAMES, rng)


def parks_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """One report a park and quarter; land shrinks as projects take it."""
    rows: list[Row] = []
    ends: list[dt.date] = []
    day = world.as_of - dt.timedelta(days=1)  # figures of the day itself are not known yet
    while len(ends) < QUARTERS:
        if day.day == REPORT_DAY and day.month % 3 == 0:
            ends.append(day)
        day -= dt.timedelta(days=1)
    for number, end in enumerate(reversed(ends)):
        for park in PARKS:
            if park.name == STALE_PARK and number > 0:
                continue
            left = QUARTERS - 1 - number
            is_full = park.name == FULL_PARK
            free = 0.0 if is_full else round(0.12 + 0.05 * left + 0.05 * float(rng.random()), 2)
            rows.append(
                {
                    "park_name": park.name,
                    "as_of_date": end,
                    "unit_name": park.unit,
                    "industries": park.industries,
                    "planned_area_mu": park.planned_mu,
                    "vacant_land_mu": park.land_mu + 24.0 * left,
                    "vacant_plant_mu": park.plant_mu + 1.5 * left,
                    "power_kva": park.power_kva,
                    "water_tpd": park.sewage_tpd * 1.5,
                    "gas_m3ph": round(park.power_kva / 10),
                    "steam_tph": park.steam_tph,
                    "sewage_tpd": park.sewage_tpd,
                    "environment_capacity": "余量不足" if is_full else pick(("充足", "一般"), rng),
                    "floor_intensity_wan_cny_per_mu": park.floor_intensity,
                    "floor_tax_wan_cny_per_mu": park.floor_tax,
                    "park_kind": park.kind,
                    "city_name": "云川市",
                    "longitude": park.longitude,
                    "latitude": park.latitude,
                    "power_free_kva": round(park.power_kva * free),
                    "water_free_tpd": round(park.sewage_tpd * 1.5 * free),
                    "gas_free_m3ph": round(park.power_kva / 10 * free),
                    "steam_free_tph": round(park.steam_tph * free, 1),
                    "sewage_free_tpd": round(park.sewage_tpd * free),
                    "energy_free_tce": round(30_000 * free),
                    "floor_output_wan_cny_per_tce": 6.0,
                    "tenant_count": float(round(park.planned_mu / 60) + number),
                    "infrastructure_text": "需新建110千伏变电站" if is_full else pick((None, "需延伸蒸汽管网"), rng),
                }
            )
    form = Form(
        "云川市园区承载能力季报",
        columns("""
            - 序号
            park_name 园区全称
            as_of_date 数据时点
            unit_name 管理单位
            park_kind 园区类别
            industries 产业定位
            planned_area_mu 土地>规划面积（亩）
            vacant_land_mu 土地>剩余可用地（亩）
            vacant_plant_mu 土地>空置厂房面积（平方米）
            power_kva 供应能力>供电容量
            power_free_kva 供应能力>剩余供电能力
            water_tpd 供应能力>供水能力
            water_free_tpd 供应能力>剩余供水能力
            gas_m3ph 供应能力>供气能力
            gas_free_m3ph 供应能力>剩余供气能力
            steam_tph 供应能力>蒸汽能力
            steam_free_tph 供应能力>剩余供汽能力
            sewage_tpd 供应能力>污水处理能力
            sewage_free_tpd 供应能力>剩余污水处理能力
            environment_capacity 环境容量余量
            energy_free_tce 能耗指标余量
            floor_intensity_wan_cny_per_mu 准入>投资强度门槛（万元/亩）
            floor_tax_wan_cny_per_mu 准入>亩均税收门槛（万元/千平方米）
            floor_output_wan_cny_per_tce 准入>单位能耗产值下限
            tenant_count 入驻企业数
            infrastructure_text 基础设施需求
            city_name 所在城市
            longitude 经度
            latitude 纬度
        """),
        footer=("填报单位：各园区管委会", "注：供电为kVA，水和污水为吨/日，气为立方米/小时，汽为吨/小时。"),
    )
    return Ledger("parks", "园区名录", form, rows, may_spoil=False)


def sites_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Plots and plants of each park, free, spoken for, or used by a project that started."""
    rows: list[Row] = []
    started = [lead for lead in world.signed if "开工" in world.known[lead.lead_id]]
    users = {name: [lead for lead in started if lead.details.get("park_name") == name] for name in PARK_NAMES}
    for number, park in enumerate(PARKS):
        for place in range(6 + round(park.planned_mu / 800)):
            is_plot = rng.random() < 0.55
            status = pick(("可用", "可用", "意向", "已用"), rng)
            fit = [lead for lead in users[park.name] if bool(lead.land) == is_plot]
            user = fit.pop() if status == "已用" and fit else None
            if user:
                users[park.name].remove(user)
            area = user.land if user and user.land else float(rng.integers(15, 160)) if is_plot else None
            rows.append(
                {
                    "site_id": f"{'DK' if is_plot else 'CF'}{number + 1:02d}-{place + 1:02d}",
                    "site_kind": "地块" if is_plot else "厂房",
                    "park_name": park.name,
                    "location": f"{pick(('示例路', '样本街', '虚构大道'), rng)}{'东西南北'[place % 4]}侧",
                    "area_mu": area or float(rng.integers(2, 20)),
                    "land_use": pick(("二类工业用地", "一类工业用地"), rng) if is_plot else "工业",
                    "site_status": status,
                    "storey_height_m": None if is_plot else float(rng.choice([4.5, 6.0, 8.0, 12.0])),
                    "floor_load_t": None if is_plot else float(rng.choice([0.5, 1.0, 2.0, 3.0])),
                    "plot_ratio": round(float(rng.uniform(1.0, 2.5)), 1) if is_plot else None,
                    "power_kva": float(rng.choice([315, 630, 1250, 2500])),
                    "price_text": "以挂牌公告为准" if is_plot else f"每平方米每月{int(rng.integers(8, 18))}元",
                    "available_from_date": plus(world.as_of, float(rng.integers(-200, 300))),
                    "updated_date": plus(world.as_of, -float(rng.integers(3, 260))),
                    "unit_name": park.unit,
                    "storeys": None if is_plot else float(rng.integers(1, 5)),
                    "crane_t": None if is_plot else float(rng.choice([0, 5, 10, 20])),
                    "fire_class": None if is_plot else pick(("丙类", "丁类", "戊类"), rng),
                    "owner_name": f"{park.name}投资公司",
                    "lead_id": user.lead_id if user else None,
                }
            )
    form = Form(
        "云川市地块和标准厂房清单",
        columns("""
            - 序号
            site_id 载体编号
            site_kind 载体类别
            park_name 园区名称
            unit_name 所在镇街
            location 坐落
            area_mu 可用面积（平方米）
            land_use 土地用途
            site_status 载体状态
            plot_ratio 容积率
            storeys 层数
            storey_height_m 层高
            floor_load_t 楼面承重
            crane_t 行车吨位
            fire_class 火灾危险性类别
            power_kva 配电容量
            price_text 租金
            available_from_date 可交付日期
            owner_name 产权单位
            lead_id 已用项目线索编号
            updated_date 更新日期
        """),
        merged_field="park_name",
    )
    return Ledger("parcels_plants", "地块厂房", form, rows)


def buildings_ledger(world: World, rng: np.random.Generator) -> Ledger:
    """Return the ledger of headquarters buildings (总部楼宇), one row a building and year."""
    rows: list[Row] = []
    for year in (world.as_of.year - 2, world.as_of.year - 1):
        for name, kind, unit, area, places in BUILDINGS:
            vacant = round(area * float(rng.uniform(0.08, 0.42)))
            rows.append(
                {
                    "building_name": name,
                    "building_kind": kind,
                    "unit_name": unit,
                    "address": f"虚构大道{int(rng.integers(1, 200))}号",
                    "total_area_m2": float(area),
                    "vacant_area_m2": float(vacant),
                    "places_count": float(places) if places else None,
                    "rent_text": f"每平方米每天{rng.uniform(0.8, 2.4):.1f}元",
                    "tenant_count": float(round((area - vacant) / 450)),
                    "headquarters_count": float(rng.integers(0, 9)) if kind != "孵化器" else 0.0,
                    "tax_wan_cny": round((area - vacant) * float(rng.uniform(0.02, 0.09)), 1),
                    "head_count": float(round((area - vacant) / 16)),
                    "as_of_date": dt.date(year, 12, 31),
                }
            )
    form = Form(
        "云川区总部楼宇和孵化载体台账",
        columns("""
            building_name 总部楼宇名称
            building_kind 楼宇类别
            unit_name 属地单位
            address 楼宇地址
            total_area_m2 建筑面积
            vacant_area_m2 可租售面积
            places_count 孵化工位数
            rent_text 租金水平
            tenant_count 入驻企业数
            headquarters_count 总部企业数
            tax_wan_cny 上年楼宇税收（万元）
            head_count 从业人数
            as_of_date 数据时点
        """),
        footer=("注：面积为平方米。",),
    )
    return Ledger("headquarters_buildings", "总部楼宇", form, rows, may_spoil=False)
