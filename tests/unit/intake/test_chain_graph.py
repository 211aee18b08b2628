"""The chain graph of listed companies: every cleaning rule on rows written by hand, and on the real files where they are."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from intake.chain_graph import EDGES_FILE, FOLDER, LISTED_FILE, LISTED_SCHEMA, load_chain_graph, write_listed
from intake.workbook import FileProblem
from orchestration.command_line import main

COMPANY = """name,fullname,code,location,time
膜股份,膜股份有限公司,300001.SZ,深圳证券交易所,2012-01-01
膜旧名,膜旧名有限公司,300001,深圳证券交易所,2013-01-01
糖业,糖业有限公司,600002,上海证券交易所,2001-01-01
错列,2010-02-11,深圳证券交易所,x,2010-02-11
无日期,无日期有限公司,600003,上海证券交易所,
"""
PRODUCT = """company_code,product,weight
300001.SZ,反渗透膜,3.2
300001.SZ,反渗透膜,0.4
300001.SZ,咨询,-59
600002.SH,白糖,0.9
999999.SH,没有的公司,0.5
"""
INDUSTRY = """company_code,industry_code
300001.SZ,760101
600002.SH,340101
"""
EDGES = """from_product,to_product,rel
聚砜,反渗透膜,上游材料
反渗透膜,反渗透膜,下游产品
绿豆汤,白糖,上游材料
绿豆汤,大米,上游材料
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    folder = tmp_path / "graph"
    folder.mkdir()
    for name, text in (
        ("company", COMPANY), ("company_product", PRODUCT), ("company_industry", INDUSTRY), ("product_product", EDGES)
    ):  # fmt: skip
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_every_cleaning_rule_takes_its_rows_and_no_others(graph: Path, tmp_path: Path) -> None:
    found = load_chain_graph(graph, tmp_path / "out").counts
    listed = pq.read_table(tmp_path / "out" / LISTED_FILE)
    assert listed.schema == LISTED_SCHEMA
    rows = [(r["company_code"], r["company_name"], r["product_name"], r["weight"]) for r in listed.to_pylist()]
    # The row listed first stands for its code; weights are clipped, a product written twice keeps the largest.
    assert rows == [
        ("300001", "膜股份", "反渗透膜", 1.0),
        ("300001", "膜股份", "咨询", 0.0),
        ("600002", "糖业", "白糖", 0.9),
    ]
    assert pq.read_table(tmp_path / "out" / EDGES_FILE).to_pylist() == [
        {"from_product": "聚砜", "to_product": "反渗透膜", "rel": "上游材料"}
    ]
    assert (found["代码或日期不可用"], found["重复代码"], found["权重截到0至1"]) == (2, 1, 2)
    assert found["食谱或无人生产的关系剔除"] == 2 and found["指向自身剔除"] == 1


def test_a_missing_table_or_column_is_told_and_nothing_is_written(graph: Path, tmp_path: Path) -> None:
    (graph / "product_product.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FileProblem, match="product_product.csv：缺少列 from_product、to_product、rel"):
        load_chain_graph(graph, tmp_path / "out")
    (graph / "product_product.csv").unlink()
    with pytest.raises(FileProblem, match="缺少产业链图谱的表 product_product"):
        load_chain_graph(graph, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_lays_the_graph_where_the_next_run_finds_it(graph: Path, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert write_listed(tmp_path, tmp_path / "before.parquet") == 0, "an office without a graph has an empty table"
    assert main(["chain-graph", str(graph), "--home", str(tmp_path)]) == 0
    assert "保留公司 2" in capsys.readouterr().out
    assert (tmp_path / FOLDER / LISTED_FILE).exists()
    assert write_listed(tmp_path, tmp_path / "after.parquet") == 3


def test_the_real_graph_loads(reference_data: Path, tmp_path: Path) -> None:
    folder = reference_data / "enterprises"
    if not (folder / "chainkg_company.csv").exists():
        pytest.skip("没有上市公司产业链图谱的参考数据（chainkg_*）")
    found = load_chain_graph(folder, tmp_path).counts
    assert found["公司"] == 4654 and found["公司产品"] == 53_779
    table = pq.read_table(tmp_path / LISTED_FILE)
    weights = table["weight"].to_numpy()
    assert weights.min() >= 0 and weights.max() <= 1
    assert len(set(table["company_code"].to_pylist())) <= found["保留公司"] < found["公司"]
    assert found["食谱或无人生产的关系剔除"] + found["指向自身剔除"] + found["保留产品关系"] <= found["产品关系"]
