"""Chains, screens and prospects of a handmade district: every figure here was worked out by hand or by the pure functions."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invented_district import AS_OF, District, Row, build, day, exported, told_on, write_landing

from office import DEFAULTS

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
    return {
        **row,
        "reported_date": day("2026-03-25"),
        "reported_date_precision": "day",
        "product_text": product,
        **more,
    }


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
            # By its code it could be on any of three nodes; what it makes is on none.
            _firm("云川塑料制品有限公司", 13, LOCAL, "2929", "注塑件"),
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
            _signal("苏州反渗透膜有限公司", "扩产", "2026-07-01", "次日才知道"),
            _signal("云川膜业有限公司", "裁员", "2026-01-01", "裁员一成"),
            _signal("云川膜业有限公司", "外迁", "2026-03-02", "考察外地"),
        ],
        connections=[{"introducer_name": "云川商会", "relation_kind": "商会", "target_name": "苏州反渗透膜有限公司"}],
        screen_overrides=[
            {"lead_id": "LIFTED", "catalogue_name": DIRECTORY, "item_no": "T1", "new_result": "通过", "decided_by": "张三",
             "decided_post": "分管副区长", "override_reason": "产品是替代品", "decided_date": day("2026-06-30")},
            {"lead_id": "OUT", "catalogue_name": DIRECTORY, "item_no": "T1", "new_result": "通过", "decided_by": "张三",
             "override_reason": "次日才改判", "decided_date": day("2026-07-01")},
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
    # A chain file that someone edited badly: two nodes that supply each other, and one without codes and neighbours.
    edges, nodes = home / "landing" / "chain_edges.parquet", home / "landing" / "chain_nodes.parquet"
    more = pd.DataFrame({"from_node_id": ["medical.rehab"], "to_node_id": ["medical.imaging"]})
    pd.concat([pd.read_parquet(edges), more], ignore_index=True).to_parquet(edges, index=False)
    table = pd.read_parquet(nodes)
    bare = table[table["node_id"] == "medical.rehab"].assign(node_id="medical.bare", node_name="无码环节")
    pd.concat([table, bare], ignore_index=True).to_parquet(nodes, index=False)
    build(home, "+path:models/marts/chain", "+path:models/marts/screen", "+path:models/marts/prospect",
          "+brd_unit__quarters", "+brd_chain__leader_targets", "+brd_lead__screens", "+brd_enterprise__key_targets",
          "+brd_enterprise__local_watch", "+brd_park__matches", "+brd_policy__matches", "+brd_fund__suitable",
          "+brd_trip__targets", "--indirect-selection", "cautious")  # fmt: skip
    return home


def rows(home: Path, name: str, key: str) -> pd.DataFrame:
    return exported(home, name.split("/")[0], name.split("/")[1]).set_index(key, drop=False)


# --- screens ----------------------------------------------------------------------------------------------------------


def test_screens_say_what_the_item_the_edition_and_the_day_allow(chain_home: Path) -> None:
    found = rows(chain_home, "boards/brd_lead__screens", "lead_id")
    assert found["screen_result"].to_dict() == {
        "OUT": "禁止",  # words and code; the override of the day after is not known yet
        "CODE": "疑似",  # the code alone
        "OTHER": "疑似",  # words, but the project's code contradicts
        "LIFTED": "无法判断",  # overridden to 通过 on the day itself; the two-high list is missing
        "NEW": "禁止",  # 限制 is new capacity
        "RETROFIT": "无法判断",  # 限制 doesn't bind an old plant
        "ABROAD": "无法判断",  # the list of 2021 ended on 2024-11-01
        "HERE": "疑似",
        "LIKE": "疑似",  # an edition nobody registered says 疑似 at most
    }
    out = found.loc["OUT", "screen_text"]
    assert (
        "产业结构调整指导目录（2024年本）淘汰T1“落后制膜”，2024-02-01起施行，文字与行业代码都相符：落后制膜工艺" in out
    )
    assert "版本未登记" in found.loc["LIKE", "screen_text"]
    assert "2026-06-30由张三（分管副区长）改判为通过：产品是替代品" in found.loc["LIFTED", "screen_text"]
    assert found.loc["LIFTED", "override_count"] == 1 and found.loc["OUT", "override_count"] == 0
    abroad = found.loc["ABROAD", "unjudged_text"]
    assert "“两高目录”没有录入条目" in abroad
    assert "“外商投资准入负面清单”录入的版本（2021年版）已失效或未施行，应为2024年版" in abroad
    assert "外商" not in found.loc["CODE", "unjudged_text"]


def test_tags_drop_on_the_day_they_expire(chain_home: Path) -> None:
    found = rows(chain_home, "boards/brd_lead__screens", "lead_id").loc["HERE"]
    assert (found["province_tags"], found["district_tags"]) == ("新材料", "膜材料")
    assert pd.isna(found["city_tags"]), "失效日期 is the as-of day"
    assert not found["is_untagged"]
    assert rows(chain_home, "boards/brd_lead__screens", "lead_id").loc["ABROAD", "is_untagged"]


def test_low_value_is_told_with_its_floor_and_the_unknown_is_named(chain_home: Path) -> None:
    found = rows(chain_home, "boards/brd_lead__screens", "lead_id")
    here = found.loc["HERE"]
    # 50 / 10 mu, 1000 / 10 mu, 1000 / 100 t and 50 / 100 t.
    assert here[["tax_per_mu_wan_cny", "output_per_mu_wan_cny"]].tolist() == [5.0, 100.0]
    assert here[["output_per_tce_wan_cny", "tax_per_tce_wan_cny"]].tolist() == [10.0, 0.5]
    assert here["is_below_floor"]
    assert here["low_value_text"] == "亩均税收5.0万元，下限10.0（未核实）；亩均产值100.0万元，下限400.0（未核实）"
    assert (
        found.loc["CODE", "low_value_text"] == "亩均税收暂无；能耗产出暂无" and not found.loc["CODE", "is_below_floor"]
    )


def test_a_catalogue_says_which_edition_is_in_force(chain_home: Path) -> None:
    found = rows(chain_home, "boards/brd_screen__catalogues", "catalogue_name")
    directory = found.loc[DIRECTORY]
    assert directory["edition_in_force"] == "2024年本" and pd.isna(directory["gap_text"])
    assert directory[["item_count", "in_force_count", "expired_count", "unknown_edition_count"]].tolist() == [
        4,
        3,
        1,
        1,
    ]


# --- prospects --------------------------------------------------------------------------------------------------------


def test_prospects_are_the_best_that_nothing_speaks_against(chain_home: Path) -> None:
    found = exported(chain_home, "boards", "brd_prospect__nodes")
    membrane = found[found["node_id"] == "water.ro_membrane"].sort_values("node_rank")
    # Equal fit: evidence goes before capital. Forbidden, followed, struck off, local and trading firms are not there.
    assert membrane["enterprise_name"].tolist() == [
        "苏州反渗透膜有限公司",
        "无锡反渗透膜有限公司",
        "苏州水处理设备有限公司",
    ]
    first, second = membrane.iloc[0], membrane.iloc[1]
    # 3 digits 28, two words 25, 补 18, key 4, no local neighbours.
    assert first["fit"] == 75
    assert first["growth_text"] == "扩产（2026-05-31）：新建二厂" and first["growth_age_days"] == 30
    assert (first["list_text"], first["group_name"]) == ("上市公司2026", "反渗透集团")
    assert first["tie_text"] == "商会：云川商会可引荐"
    assert second["tie_text"] == "本地客户云川膜业有限公司（反渗透膜元件）" and pd.isna(second["list_text"])
    assert first["age_years"] == 16
    sludge = found[found["node_id"] == "water.sludge"]
    assert sludge["need_text"].tolist() == ["N2：压滤机"]


def test_what_is_not_listed_keeps_its_reason(chain_home: Path) -> None:
    found = exported(chain_home, "boards", "brd_prospect__candidates")
    out = found[found["enterprise_name"] == "常州反渗透膜有限公司"]
    assert len(out) and (out["screen_result"] == "禁止").all()
    assert out["excluded_reason"].str.startswith("筛查为禁止：产业结构调整指导目录").all()
    names = set(found["enterprise_name"])
    assert not names & {"苏州同行膜有限公司", "吊销反渗透膜有限公司", "苏州反渗透膜贸易有限公司", "云川膜业有限公司"}


def test_headquarters_are_found_by_their_branches(chain_home: Path) -> None:
    (found,) = exported(chain_home, "boards", "brd_prospect__headquarters").to_dict("records")
    assert (found["enterprise_name"], found["branch_count"], found["local_branch_count"]) == ("大树集团有限公司", 3, 1)
    assert found["headquarters_kind"] == "企业总部"
    assert found["tie_text"] == "本地已有分支：大树集团有限公司云川分公司"


def test_a_leader_gets_its_named_partners_and_the_first_prospects_beside_it(chain_home: Path) -> None:
    found = exported(chain_home, "boards", "brd_chain__leader_targets")
    told = {(r.side_name, r.target_name, r.found_by, r.reason_text) for r in found.itertuples()}
    assert told == {
        ("供应商", "无锡反渗透膜有限公司", "供需台账", "链主采购反渗透膜元件，年80万元"),
        ("客户", "苏州水处理设备有限公司", "名录", "强链环节“污水处理成套设备”第1位，命中产品词：水处理设备"),
    }


def test_growth_and_risk_are_known_by_the_day(chain_home: Path) -> None:
    (key,) = exported(chain_home, "boards", "brd_enterprise__key_targets").to_dict("records")
    assert (key["enterprise_name"], key["signal_count"], key["evidence_age_days"]) == ("苏州反渗透膜有限公司", 1, 30)
    watch = rows(chain_home, "boards/brd_enterprise__local_watch", "enterprise_name")
    membrane = watch.loc["云川膜业有限公司"]
    assert membrane["expansion_state"] == "已立增资扩产线索，不计入新引进"
    # 裁员 on 1 January, 外迁 on 2 March: 30 + 28 + 1 days and one more.
    assert (membrane["risk_signal_count"], membrane["warning_lead_days"]) == (2, 60)
    assert watch.loc["云川水处理设备有限公司", "risk_signal_count"] == 0


# --- chains -----------------------------------------------------------------------------------------------------------


def test_the_gap_map_prints_its_rule_and_figures(chain_home: Path) -> None:
    found = rows(chain_home, "marts/dim_chain_nodes", "node_id")
    membrane = found.loc["water.ro_membrane"]
    # Output of the chain 3000 + 1000; the register's local firm and the ledger's are one.
    assert (membrane["output_wan_cny"], membrane["output_share_pct"]) == (3000.0, 75.0)
    assert membrane["rule_gap_class"] == "强" and membrane["gap_class"] == "补" and not membrane["is_class_agreed"]
    assert "占本链本地产值75.0%" in membrane["gap_rule_text"] and "不少于5家" in membrane["gap_rule_text"]
    assert membrane["leader_names"] == "云川膜业有限公司" and not membrane["is_saturated"]
    # 苏州、无锡、常州、同行 by code and words, 水处理设备 by code; the trading firm is set aside.
    assert (membrane["target_enterprise_count"], membrane["set_aside_count"]) == (5, 1)
    assert (membrane["listed_company_count"], membrane["need_count"]) == (1, 1)
    empty = found.loc["medical.api"]
    assert empty["local_enterprise_count"] == 0 and pd.isna(empty["output_share_pct"])
    assert "产值占比暂无" in empty["gap_rule_text"]


def test_a_firm_stands_on_the_nodes_that_its_products_say(chain_home: Path) -> None:
    found = rows(chain_home, "marts/dim_chain_nodes", "node_id")
    membrane, ultra = found.loc["water.ro_membrane"], found.loc["water.uf_membrane"]
    # The membrane firm is on the node of its product; the maker of plastic parts shares its code and is on none.
    assert (membrane["local_enterprise_count"], membrane["local_names"], membrane["code_only_count"]) == (
        1,
        "云川膜业有限公司",
        1,
    )
    assert (ultra["local_enterprise_count"], ultra["code_only_count"]) == (0, 2) and pd.isna(ultra["local_names"])
    # A code that is a node's alone says enough: 3597 is 水资源专用机械.
    assert found.loc["water.equipment", "local_names"] == "云川水处理设备有限公司"
    told = found[found["gap_class"] != found["rule_gap_class"]]
    assert len(told) and told["class_reason_text"].str.match("办公室定为.，规则为.：.+").all()
    assert found.loc[found["gap_class"] == found["rule_gap_class"], "class_reason_text"].isna().all()
    assert found["source_text"].str.contains("GB/T 4754-2017").all()


def test_the_cluster_index_is_the_weighted_shares_of_its_full_marks(chain_home: Path) -> None:
    rules = pd.read_csv(DEFAULTS / "chain_rules.csv").set_index("rule")["value"].astype(float)
    clusters = rows(chain_home, "marts/dim_chains", "chain_id")
    leads = rows(chain_home, "marts/dim_leads_in_chains", "lead_id")
    water = clusters.loc["water"]
    covered = rules["completeness_weight"] * water["covered_node_count"] / water["node_count"]

    def index(firms: int, output: float, tax: float) -> float:
        parts = (("firms", firms / rules["firms_full"]), ("output", output / rules["output_full_wan_cny"]),
                 ("tax", tax / rules["tax_full_wan_cny"]))  # fmt: skip
        return float(covered + sum(rules[f"{name}_weight"] * min(share, 1.0) for name, share in parts))

    now = index(2, 4000.0, 300.0)
    assert water["cluster_index"] == pytest.approx(now)
    # Both projects are on covered nodes: a new firm, and more of a firm that is here.
    assert leads.loc["LIKE", "cluster_index_gain"] == pytest.approx(index(3, 14_000.0, 800.0) - now)
    assert leads.loc["HERE", "cluster_index_gain"] == pytest.approx(index(2, 5000.0, 350.0) - now)


def test_a_lead_is_set_beside_what_is_here(chain_home: Path) -> None:
    found = rows(chain_home, "marts/dim_leads_in_chains", "lead_id")
    assert found.loc["LIKE", "duplicate_text"] == "本地已有同类产品企业1家（云川膜业有限公司），产值3000万元"
    assert found.loc["HERE", "duplicate_count"] == 0, "a firm is no duplicate of itself"
    assert found.loc[["HERE", "LIKE"], "recruit_kind"].tolist() == ["增资扩产", "新引进"]
    assert found.loc["HERE", "need_text"] == "对接需求N1：膜元件" and pd.isna(found.loc["LIKE", "need_text"])


def test_needs_are_ranked_and_tied_to_leads(chain_home: Path) -> None:
    found = exported(chain_home, "marts", "fct_chain_needs").sort_values("need_rank")
    assert found["need_id"].tolist() == ["N2", "N1", "N3"]
    assert found["need_status"].tolist() == ["尚无线索", "已有线索对接", "环节不存在，见链条数据问题"]


def test_leads_for_the_task_are_counted_without_a_verdict(chain_home: Path) -> None:
    (found,) = exported(chain_home, "boards", "brd_unit__quarters").to_dict("records")
    # All nine of 25 March: 7 days before the quarter ends. OTHER and ABROAD stand on no chain.
    assert (found["lead_count"], found["outside_chain_count"], found["rushed_count"]) == (9, 2, 9)
    assert found["rushed_without_follow_up_count"] == 9


def test_bad_input_is_flagged_with_its_row(chain_home: Path) -> None:
    found = exported(chain_home, "marts", "fct_chain_findings")
    assert set(zip(found["finding_kind"], found["subject_key"], strict=True)) == {
        ("目录版本未登记", "产业结构调整指导目录（2030年本）T8"),
        ("条目的环节不存在", "省十强产业（2023版）1 没有的环节"),
        ("需求的环节不存在", "N3"),
        ("需求的线索不存在", "N3"),
        ("环路", "medical.imaging"),
        ("环路", "medical.rehab"),
        ("孤立环节", "medical.bare"),
        ("环节无行业代码", "medical.bare"),
    }
    assert found["mend"].notna().all()
    edition = found[found["finding_kind"] == "目录版本未登记"].iloc[0]
    assert (edition["source_file"], edition["source_row"]) == ("catalogue_items.xlsx", 5)


# --- properties -------------------------------------------------------------------------------------------------------

WORDS = ["落后制膜工艺", "反渗透膜", "水处理设备"]
CODES = ["2929", "3591", None]
EDITIONS = {"2024年本": True, "2019年本": False, "2030年本": False}  # whether it is known and in force on the day
items_drawn = st.lists(
    st.fixed_dictionaries(
        {
            "catalogue_edition": st.sampled_from(list(EDITIONS)),
            "item_kind": st.sampled_from(["淘汰", "限制", "鼓励"]),
            "item_words": st.sampled_from([None, *WORDS]),
            "industry_codes": st.sampled_from([None, "29", "3591", "2929、3591"]),
            "valid_to_date": st.sampled_from([None, day("2026-06-30"), day("2026-07-01")]),
        }
    ),
    max_size=6,
)
leads_drawn = st.lists(
    st.tuples(st.sampled_from([*WORDS, "别的产品"]), st.sampled_from(CODES), st.booleans()), min_size=1, max_size=4
)


def _forbids(item: Row, text: str, code: str | None, is_new: bool) -> bool:
    """Whether an item forbids a project, said once more in plain Python."""
    codes = item["industry_codes"].split("、") if item["industry_codes"] else []
    contrary = bool(codes) and code is not None and not any(code.startswith(c) for c in codes)
    stands = EDITIONS[item["catalogue_edition"]] and (item["valid_to_date"] or day("2099-01-01")) > day("2026-06-30")
    kind = item["item_kind"] == "淘汰" or (item["item_kind"] == "限制" and is_new)
    return stands and kind and bool(item["item_words"]) and item["item_words"] in text and not contrary


@pytest.fixture(scope="module")
def screening(chain_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Screening:
    return Screening(chain_home, tmp_path_factory.mktemp("screening"))


class Screening:
    """The project's own screens, compiled, on a copy of the warehouse whose leads and items are changed at will."""

    STEPS = ("fct_screen_hits", "brd_screen__catalogues", "brd_screen__enterprises", "brd_lead__screens",
             "brd_lead__standing", "brd_prospect__headquarters", "brd_prospect__candidates", "brd_prospect__nodes",
             "brd_chain__leader_targets", "brd_enterprise__key_targets", "brd_park__matches", "brd_policy__matches",
             "brd_fund__suitable", "brd_trip__paths", "brd_trip__targets")  # fmt: skip
    LEADS_HANDED_OUT = (
        "brd_park__matches",
        "brd_policy__matches",
        "brd_fund__suitable",
        "brd_trip__paths",
        "brd_trip__targets",
    )
    FIRMS_HANDED_OUT: ClassVar = {
        "brd_prospect__nodes": "enterprise_name", "brd_prospect__headquarters": "enterprise_name",
        "brd_chain__leader_targets": "target_name", "brd_enterprise__key_targets": "enterprise_name",
        "brd_trip__paths": "target_name", "brd_trip__targets": "enterprise_name",
    }  # fmt: skip

    def __init__(self, home: Path, folder: Path) -> None:
        copied = folder / "warehouse.duckdb"
        shutil.copy(home / "warehouse" / "warehouse.duckdb", copied)
        self.connection = duckdb.connect(str(copied))
        compiled = home / "dbt_target" / "compiled" / "zeyou" / "models"
        self.queries = {name: next(compiled.rglob(f"{name}.sql")).read_text(encoding="utf-8") for name in self.STEPS}

    def run(self, items: list[Row], leads: list[tuple[str, str | None, bool]]) -> tuple[set[str], set[str], set[str]]:
        """Give the leads that are forbidden, the leads that any list hands out, and the enterprises that nobody follows on any list."""
        do = self.connection.execute
        do("begin")
        try:
            do("delete from staging.stg_ledger__catalogue_items")
            do("delete from staging.stg_ledger__screen_overrides")
            for number, item in enumerate(items):
                row = {**item, "catalogue_name": DIRECTORY, "item_no": str(number), "item_text": "条目",
                       "valid_from_date": day("2020-01-01")}  # fmt: skip
                columns, values = ", ".join(row), list(row.values())
                marks = ", ".join("?" * len(row))
                do(f"insert into staging.stg_ledger__catalogue_items ({columns}) values ({marks})", values)
            for lead, (text, code, is_new) in zip(sorted(LEADS), leads, strict=False):
                do(
                    "update staging.stg_ledger__leads set project_name = ?, product_text = null, industry_name = null, "
                    "industry_code = ?, construction_kind = ? where lead_id = ?",
                    [text, code, "新建" if is_new else "技术改造", lead],
                )
            do("update intermediate.int_lead__enterprise set industry_code = null")
            for name, query in self.queries.items():
                schema = "marts" if name.startswith("fct") else "boards"
                do(f"create or replace table {schema}.{name} as {query}")
            forbidden = do("select lead_id from boards.brd_lead__screens where screen_result = '禁止'").fetchall()
            out = " union ".join(f"select lead_id from boards.{name}" for name in self.LEADS_HANDED_OUT)
            firms = " union ".join(
                f"select {column} from boards.{name}" for name, column in self.FIRMS_HANDED_OUT.items()
            )
            firms = f"select * from ({firms}) except select enterprise_name from boards.brd_lead__standing"
            found = [do(query).fetchall() for query in (out, firms)]
        finally:
            do("rollback")
        return {row[0] for row in forbidden}, {row[0] for row in found[0]}, {row[0] for row in found[1]}


LEADS = ["CODE", "HERE", "LIFTED", "OUT"]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=items_drawn, leads=leads_drawn)
def test_what_an_item_in_force_forbids_is_forbidden_on_every_path(
    screening: Screening, items: list[Row], leads: list[tuple[str, str | None, bool]]
) -> None:
    forbidden, handed_out, listed = screening.run(items, leads)
    drawn = dict(zip(sorted(LEADS), leads, strict=False))
    expected = {
        lead
        for lead, (text, code, is_new) in drawn.items()
        if any(_forbids(item, text, code, is_new) for item in items)
    }
    assert forbidden & set(drawn) == expected
    assert not forbidden & handed_out
    # A lead is handed out somewhere unless something forbids it: the assertion above is not about empty lists.
    assert set(LEADS) - forbidden <= handed_out
    for firm in chain_district().register:
        text = firm["enterprise_name"] + "\n" + firm["business_scope"]
        if any(_forbids(item, text, firm["industry_code"], True) for item in items):
            assert firm["enterprise_name"] not in listed


@pytest.mark.parametrize(
    ("signs", "verdict"),
    [
        ([("招聘", "2026-06-29")], "迹象弱，不算扩张"),
        ([("招聘", "2026-06-29"), ("招聘", "2026-06-28"), ("招聘", "2026-06-20")], "迹象弱，不算扩张"),
        ([("专利", "2026-06-29")], "迹象弱，不算扩张"),
        ([("招聘", "2026-06-29"), ("资质认定", "2026-06-29"), ("专利", "2026-06-29")], "有扩张证据"),
        ([("拿地", "2026-06-01")], "有扩张证据"),
        ([("拿地", "2024-06-01")], "迹象弱，不算扩张"),
        ([("扩产备案", "2025-01-01")], "已确认"),
        ([("扩产备案", "2022-01-01")], "迹象弱，不算扩张"),
        ([("拿地", "2026-06-30")], "有扩张证据"),
        ([("拿地", "2026-07-01")], None),
        ([("外迁", "2026-06-01")], None),
    ],
)
def test_signs_are_graded_and_fade(home: Path, signs: list[tuple[str, str]], verdict: str | None) -> None:
    """The strength of each kind is its grade halved every half-life; recruiting alone, however often, is no expansion."""
    rows = [
        {"enterprise_name": "某某膜业有限公司", "signal_kind": kind, "signal_date": dt.date.fromisoformat(at),
         "signal_text": "有动向", "source_text": "企业走访"}
        for kind, at in signs
    ]  # fmt: skip
    found = told_on(home, "enterprise/brd_enterprise__signals.sql", stg_ledger__enterprise_signals=pd.DataFrame(rows))
    assert set(found["verdict_text"]) == ({verdict} if verdict else set())
    office = pd.read_csv(DEFAULTS / "signal_kinds.csv").set_index("signal_kind")
    for row in found.to_dict("records"):
        kind = office.loc[row["signal_kind"]]
        age = (AS_OF - max(dt.date.fromisoformat(at) for name, at in signs if name == row["signal_kind"])).days
        assert row["strength"] == pytest.approx(kind["grade"] * 0.5 ** (age / kind["half_life_days"]), abs=0.006)
        assert (row["latest_source"], row["age_days"]) == ("企业走访", age)
