"""The chain file (产业链图谱): the shipped file holds together, and a broken one is refused in Chinese.

Belongs here: loader, tables, arithmetic of points. Does not belong here: SQL that joins the tables.
"""

import copy
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.chain import ChainFileError, fit_points, load_chains
from office import DEFAULTS

Document = dict[str, Any]
SHIPPED = load_chains()


@pytest.fixture
def document() -> Document:
    loaded: Document = yaml.safe_load((DEFAULTS / "chains.yaml").read_text(encoding="utf-8"))
    return copy.deepcopy(loaded)


def refuse(tmp_path: Path, document: Document) -> str:
    file = tmp_path / "链.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ChainFileError) as caught:
        load_chains(file)
    assert "链.yaml" in str(caught.value)
    return str(caught.value)


def test_shipped_file_has_the_four_chains() -> None:
    chains = load_chains()
    assert [c.chain_id for c in chains.chains] == ["textile", "water", "medical", "energy_materials"]
    for chain in chains.chains:
        assert 8 <= len(chain.nodes) <= 13
        assert {n.position for n in chain.nodes} == {"上游", "中游", "下游"}
        assert {n.gap_class for n in chain.nodes} == {"强", "补", "延"}
        assert 1 <= sum(n.is_key for n in chain.nodes) <= 4


def test_no_node_is_alone() -> None:
    chains = load_chains()
    touched = {end for e in chains.edges for end in (e.from_node_id, e.to_node_id)}
    assert {n.node_id for n in chains.nodes} == touched


def test_tables_have_their_columns_keys_and_order() -> None:
    tables = load_chains().to_tables()
    assert {name: list(table.columns) for name, table in tables.items()} == {
        "nodes": [
            "chain_id",
            "chain_name",
            "node_id",
            "node_name",
            "position",
            "gap_class",
            "is_key",
            "gap_reason",
            "source",
        ],
        "codes": ["node_id", "industry_code", "is_whole"],
        "words": ["node_id", "word", "is_exclude"],
        "edges": ["from_node_id", "to_node_id"],
        "points": ["component", "level", "points", "label"],
        "hops": ["hop_count", "weight_pct"],
        "leaders": ["enterprise_key", "minimum_capital_wan_cny"],
    }
    assert tables["nodes"]["node_id"].is_unique
    for name, table in tables.items():
        told = table.drop(columns=["gap_reason"], errors="ignore")  # every node has its source, not every one a reason
        assert not table.duplicated().any() and (name == "leaders" or not told.isna().any().any())
    again = load_chains().to_tables()
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, again[name])
    assert tables["points"].groupby("component")["points"].max().sum() == 100


def test_a_whole_code_is_the_nodes_own_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "chains.yaml"
    document = yaml.safe_load((DEFAULTS / "chains.yaml").read_text(encoding="utf-8"))
    nodes = {node["id"]: node for chain in document["chains"] for node in chain["nodes"]}

    def refused(message: str) -> None:
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        with pytest.raises(ChainFileError, match=message):
            load_chains(path)

    assert load_chains().node("textile.yarn").whole_codes == ("1711", "1721", "1731")
    nodes["textile.yarn"]["whole_codes"] = ["1712"]
    refused("不在本环节的 codes 中")
    nodes["textile.yarn"]["whole_codes"] = []
    nodes["water.ro_membrane"]["whole_codes"] = nodes["water.uf_membrane"]["whole_codes"] = ["3591"]
    refused("只能整个属于一个环节")


@pytest.mark.skipif(not os.environ.get("ZEYOU_REFERENCE_DATA"), reason="ZEYOU_REFERENCE_DATA 未设置：没有参考数据")
def test_every_code_exists_in_the_2017_edition() -> None:
    standard = Path(os.environ["ZEYOU_REFERENCE_DATA"]) / "standards" / "gbt4754_2017.csv"
    known = set(pd.read_csv(standard, dtype=str)["code"])
    assert set(load_chains().to_tables()["codes"]["industry_code"]) <= known


def test_best_possible_company_earns_exactly_100() -> None:
    fit = fit_points(
        load_chains(),
        "water.ro_membrane",
        matched_digits=4,
        matched_words=3,
        local_suppliers=[40],
        local_customers=[40],
        leader_hop=1,
    )
    assert fit is not None and fit.total == 100 and fit.confidence == "正常"


def test_text_only_match_is_low_confidence_and_no_match_is_none() -> None:
    chains = load_chains()
    fit = fit_points(chains, "textile.silk", matched_digits=1, matched_words=2)
    assert fit is not None and fit.confidence == "低" and fit.parts["industry_code"] == 0
    assert fit_points(chains, "textile.silk", 0, 0, [9], [9], 1) is None


@given(
    node=st.sampled_from([n.node_id for n in SHIPPED.nodes]),
    digits=st.integers(0, 4),
    words=st.integers(0, 6),
    neighbours=st.integers(0, 50),
)
def test_total_is_the_sum_of_parts_within_0_and_100(node: str, digits: int, words: int, neighbours: int) -> None:
    fit = fit_points(SHIPPED, node, digits, words, [neighbours], [0, neighbours])
    if fit is not None:
        assert fit.total == sum(fit.parts.values()) and 0 <= fit.total <= 100
        more = fit_points(SHIPPED, node, digits, words, [neighbours + 1], [0, neighbours], 2)
        assert more is not None and more.total >= fit.total


def test_firms_further_off_count_in_part_and_a_leader_less() -> None:
    def parts(suppliers: list[int], leader_hop: int | None) -> tuple[float, float]:
        fit = fit_points(SHIPPED, "textile.silk", 4, 0, suppliers, leader_hop=leader_hop)
        assert fit is not None
        return fit.parts["local_suppliers"], fit.parts["local_leader"]

    assert parts([0, 1, 1], None) == (0, 0)  # half a firm and a quarter
    assert parts([0, 1, 2], 3) == (2, 2)
    assert parts([1, 3, 2], 2) == (4, 4)
    assert parts([10, 0, 0], 1) == (6, 6)


@pytest.mark.parametrize("weights", [[], [50, 100], [100, 50, 25, 10], [100, 0.5], [101], [True]])
def test_hop_weights_that_grow_or_are_no_percents_are_refused(
    tmp_path: Path, document: Document, weights: list[object]
) -> None:
    document["fit"]["hop_weights_pct"] = weights
    assert "fit.hop_weights_pct" in refuse(tmp_path, document)


def test_node_id_used_twice_is_refused(tmp_path: Path, document: Document) -> None:
    document["chains"][0]["nodes"].append(dict(document["chains"][0]["nodes"][0], words=["另一个词"]))
    assert "重复：textile.synthetic_fibre" in refuse(tmp_path, document)


def test_edge_to_unknown_node_is_refused(tmp_path: Path, document: Document) -> None:
    document["chains"][1]["edges"].append(["water.equipment", "water.nowhere"])
    assert "water.edges：没有环节“water.nowhere”" in refuse(tmp_path, document)


def test_self_loop_is_refused(tmp_path: Path, document: Document) -> None:
    document["chains"][1]["edges"].append(["water.sludge", "water.sludge"])
    assert "指向了自己" in refuse(tmp_path, document)


@pytest.mark.parametrize("code", ["1", "17811", "C178", "１７８１", 1781])
def test_code_that_is_not_two_to_four_digits_of_text_is_refused(
    tmp_path: Path, document: Document, code: object
) -> None:
    document["chains"][0]["nodes"][0]["codes"] = [code]
    assert "textile.synthetic_fibre.codes" in refuse(tmp_path, document)


def test_word_of_one_character_is_refused(tmp_path: Path, document: Document) -> None:
    document["chains"][0]["nodes"][0]["words"] = ["布"]
    assert "不足两个字" in refuse(tmp_path, document)


def test_word_on_two_nodes_is_refused(tmp_path: Path, document: Document) -> None:
    document["chains"][0]["nodes"][0]["words"].append("真丝")
    assert "真丝" in refuse(tmp_path, document)


def test_maxima_that_do_not_sum_to_100_are_refused(tmp_path: Path, document: Document) -> None:
    document["fit"]["components"]["key_node"] = {
        "label": "重点", "maximum": 5, "levels": {"true": {"points": 5, "label": "重点环节"}}
    }  # fmt: skip
    assert "之和为 101，应为 100" in refuse(tmp_path, document)


def test_highest_level_must_equal_the_maximum(tmp_path: Path, document: Document) -> None:
    document["fit"]["components"]["gap_class"]["levels"]["补"]["points"] = 17
    assert "fit.components.gap_class" in refuse(tmp_path, document)


def test_unknown_key_and_missing_component_are_refused(tmp_path: Path, document: Document) -> None:
    broken = copy.deepcopy(document)
    broken["chains"][0]["nodes"][0]["keyy"] = True
    assert "不认识的键 keyy" in refuse(tmp_path, broken)
    del document["fit"]["components"]["product_word"]
    assert "缺少分项 product_word" in refuse(tmp_path, document)
