"""Chains, screens and prospects of a handmade district: every figure here was worked out by hand or by the pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from invented_district import District, Row, build, day, exported, write_landing

from models.chain import cluster_index
from models.chain.cluster import ClusterRules

pytestmark = pytest.mark.dbt
SUZHOU = {"province_name": "江苏", "city_name": "苏州市"}
LOCAL = {"province_name": "山东省", "city_name": "云川市"}


@dataclass(frozen=True)
class ChainDistrict(District):
    """The ledgers that chains and screens read besides."""

    local_enterprises: list[Row] = field(default_factory=list)
    supply_links: list[Row] = field(default_factory=list)
    chain_needs: list[Row] = field(default_factory=list)
    catalogue_items: list[Row] = field(default_factory=list)
    external_lists: list[Row] = field(default_factory=list)
    enterprise_signals: list[Row] = field(default_factory=list)
    connections: list[Row] = field(default_factory=list)
    screen_overrides: list[Row] = field(default_factory=list)
    listed: list[Row] = field(default_factory=list)


def _item(name: str, edition: str, no: str, text: str, kind: str, since: str = "2024-02-01", **more: Any) -> Row:
    row = {"catalogue_name": name, "catalogue_edition": edition, "item_no": no, "item_text": text, "item_kind": kind}
    return {**row, "valid_from_date": day(since), "is_verified": True, **more}


def _lead(lead_id: str, firm: str, product: str, **more: Any) -> Row:
    row = {"lead_id": lead_id, "project_name": f"{lead_id}号项目", "enterprise_name": firm, "unit_name": "云山镇"}
    return {**row, "reported_date": day("2026-03-25"), "reported_date_precision": "day", "product_text": product, **more}


def _firm(name: str, number: int, place: Row, code: str, scope: str, capital: float | None = None, **more: Any) -> Row:
    row = {"enterprise_name": name, "uscc": f"9132050800{number:07d}X", "industry_code": code, "business_scope": scope}
    return {**row, **place, "registered_capital_wan_cny": capital, "established_date": day("2010-05-01"), **more}


def _signal(firm: str, kind: str, at: str, text: str) -> Row:
    return {"enterprise_name": firm, "signal_kind": kind, "signal_date": day(at), "signal_text": text}


DIRECTORY = "产业结构调整指导目录"


def chain_district() -> ChainDistrict:
    """Two local firms on 环保水处理, five outside, eight leads."""
    membranes, equipment = "91320508000000011X", "91320508000000012X"
    return ChainDistrict(
        units=[{"unit_name": "云山镇", "unit_type": "镇", "unit_code": "01"}],
        leads=[
            _lead("OUT", "甲公司", "落后制膜工艺生产反渗透膜", industry_code="2921"),
            _lead("CODE", "乙公司", "塑料件", industry_code="2921"),
            _lead("OTHER", "丙公司", "落后制膜工艺改造服务", industry_code="7512"),
            _lead("LIFTED", "丁公司", "落后制膜工艺的替代品", industry_code="2921"),
            _lead("NEW", "戊公司", "小型限产机", industry_code="3591"),
            _lead("RETROFIT", "戊公司", "小型限产机", industry_code="3591", construction_kind="技术改造"),
            _lead("ABROAD", "己公司", "稀土冶炼", is_foreign=True),
            _lead("HERE", "云川膜业有限公司", "反渗透膜", uscc=membranes, need_id="N1", land_mu=10.0, energy_tce=100.0,
                  expected_output_wan_cny=1000.0, promised_tax_wan_cny=50.0, industry_code="2929"),
            _lead("LIKE", "苏州同行膜有限公司", "反渗透膜", expected_output_wan_cny=10_000.0, promised_tax_wan_cny=500.0,
                  industry_code="2929"),
        ],
        follow_ups=[], stage_moves=[], targets=[],
        register=[
            _firm("云川膜业有限公司", 11, LOCAL, "2929", "反渗透膜制造"),
            _firm("苏州反渗透膜有限公司", 21, SUZHOU, "2929", "反渗透膜、膜元件", 5000.0),
            _firm("无锡反渗透膜有限公司", 22, SUZHOU, "2929", "反渗透膜、膜元件", 9000.0),
            _firm("常州反渗透膜有限公司", 23, SUZHOU, "2929", "反渗透膜、膜元件，采用落后制膜工艺", 99_000.0),
            _firm("苏州同行膜有限公司", 24, SUZHOU, "2929", "反渗透膜、膜元件", 99_000.0),
            _firm("吊销反渗透膜有限公司", 25, SUZHOU, "2929", "反渗透膜、膜元件", 99_000.0, status="吊销"),
            _firm("苏州水处理设备有限公司", 26, SUZHOU, "3591", "水处理设备", 100.0),
            _firm("苏州反渗透膜贸易有限公司", 27, SUZHOU, "5179", "反渗透膜、膜元件销售", 99_000.0),
            _firm("大树集团有限公司", 31, SUZHOU, "7212", "投资"),
            _firm("大树集团有限公司云川分公司", 32, LOCAL, "7212", "联络"),
            _firm("大树集团有限公司上海分公司", 33, {"province_name": "上海", "city_name": "上海市"}, "7212", "联络"),
            _firm("大树集团有限公司杭州分公司", 34, {"province_name": "浙江", "city_name": "杭州市"}, "7212", "联络"),
        ],
        local_enterprises=[
            {"uscc": membranes, "enterprise_name": "云川膜业有限公司", "care_level": "重点", "unit_name": "云山镇",
             "industry_code": "2929", "products": "反渗透膜", "output_wan_cny": 3000.0, "tax_wan_cny": 300.0,
             "is_chain_leader": True, "expansion_text": "二期"},
            {"uscc": equipment, "enterprise_name": "云川水处理设备有限公司", "care_level": "一般", "unit_name": "云山镇",
             "industry_code": "3597", "products": "水处理设备", "output_wan_cny": 1000.0},
        ],
        supply_links=[
            {"supplier_name": "无锡反渗透膜有限公司", "customer_name": "云川膜业有限公司", "product_text": "反渗透膜元件",
             "yearly_amount_wan_cny": 80.0, "is_local": False},
        ],
        chain_needs=[
            {"need_id": "N1", "chain_name": "环保水处理", "node_name": "反渗透与纳滤膜", "need_text": "膜元件",
             "priority": "中", "yearly_amount_wan_cny": 500.0},
            {"need_id": "N2", "chain_name": "环保水处理", "node_name": "污泥处理装备", "need_text": "压滤机", "priority": "高"},
            {"need_id": "N3", "chain_name": "环保水处理", "node_name": "没有的环节", "need_text": "某物", "met_by_lead_id": "X"},
        ],
        catalogue_items=[
            _item(DIRECTORY, "（2024年本）", "T1", "落后制膜", "淘汰", item_words="落后制膜工艺", industry_codes="292"),
            _item(DIRECTORY, "2024年本", "X1", "小型限产机", "限制", item_words="小型限产机", industry_codes="3591"),
            _item(DIRECTORY, "2019年本", "T9", "旧条目", "淘汰", "2020-01-01", item_words="塑料件"),
            _item(DIRECTORY, "2030年本", "T8", "未登记的版本", "淘汰", item_words="反渗透膜"),
            _item("外商投资准入负面清单", "2021年版", "1", "稀土", "禁止", "2022-01-01", item_words="稀土冶炼"),
            _item("区主导产业", "2025版", "1", "膜材料", "标签", node_ids="water.ro_membrane"),
            _item("市六大产业", "2023版", "1", "膜材料", "标签", node_ids="water.ro_membrane", valid_to_date=day("2026-06-30")),
            _item("省十强产业", "2023版", "1", "新材料", "标签", node_ids="water.ro_membrane、没有的环节"),
        ],
        external_lists=[
            {"list_name": "上市公司", "edition": "2026", "enterprise_name": "苏州反渗透膜有限公司", "group_name": "反渗透集团"},
            {"list_name": "上市公司", "edition": "2025", "enterprise_name": "无锡反渗透膜有限公司"},
        ],
        enterprise_signals=[
            _signal("苏州反渗透膜有限公司", "扩产", "2026-05-31", "新建二厂"),
            _signal("苏州反渗透膜有限公司", "扩产", "2026-06-30", "当日才知道"),
            _signal("云川膜业有限公司", "裁员", "2026-01-01", "裁员一成"),
            _signal("云川膜业有限公司", "外迁", "2026-03-02", "考察外地"),
        ],
        connections=[{"introducer_name": "云川商会", "relation_kind": "商会", "target_name": "苏州反渗透膜有限公司"}],
        screen_overrides=[
            {"lead_id": "LIFTED", "catalogue_name": DIRECTORY, "item_no": "T1", "new_result": "通过", "decided_by": "张三",
             "decided_post": "分管副区长", "override_reason": "产品是替代品", "decided_date": day("2026-06-01")},
            {"lead_id": "OUT", "catalogue_name": DIRECTORY, "item_no": "T1", "new_result": "通过", "decided_by": "张三",
             "override_reason": "当日才改判", "decided_date": day("2026-06-30")},
        ],
        listed=[
            {"company_code": "300001", "company_name": "膜股份", "full_name": "膜股份有限公司", "product_name": "反渗透膜组件",
             "listed_date": day("2012-01-01"), "exchange_name": "深圳证券交易所", "weight": 0.6},
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def chain_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("chain_home")
    write_landing(chain_district(), home)
    build(home, "+path:models/marts/chain", "+path:models/marts/screen", "+path:models/marts/prospect",
          "+scr_chain__leader_targets", "+scr_lead__screens", "+scr_enterprise__key_targets",
          "+scr_enterprise__local_watch")  # fmt: skip
    return home


def rows(home: Path, name: str, key: str) -> pd.DataFrame:
    return exported(home, name.split("/")[0], name.split("/")[1]).set_index(key, drop=False)
