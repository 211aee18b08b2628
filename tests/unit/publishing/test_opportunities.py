"""What stands beside the ranked list: first rows in order, nothing unranked recommended, every chain drawn, all of it in the workbook."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_published import VERSIONS, ranking

from orchestration.metadata import told_of_opportunities
from publishing import opportunities
from publishing.boards import board_named
from publishing.opportunities import Opportunities, gather, targets_by_node
from publishing.workbook import write_ranked_workbook

AS_OF = dt.date(2026, 6, 30)
Row = dict[str, Any]


def table(name: str, rows: list[Row], **more: pa.DataType) -> pa.Table:
    """A published table: the columns of its board and `more`, null where a row doesn't say."""
    kinds = {"text": pa.string(), "date": pa.date32(), "count": pa.int64()}
    board = board_named(name)
    assert board is not None
    schema = {column.name: kinds.get(column.kind, pa.float64()) for column in board.columns} | more
    return pa.Table.from_pylist([dict.fromkeys(schema) | row for row in rows], pa.schema(schema))


TEXT, COUNT = pa.string(), pa.int64()
NODE = {"node_id": TEXT, "node_order": COUNT, "position_name": TEXT, "is_saturated": pa.bool_()}
VISIT = dict.fromkeys(
    ("target_kind", "target_key", "lead_id", "enterprise_name", "project_name", "unit_name", "city_name", "reason_text",
     "path_text"), TEXT,
)  # fmt: skip


def tables(leads: list[str], nodes: int = 0) -> dict[str, pa.Table]:
    """Every lead is screened, fits two parks, gets two measures, and could be visited in Beijing."""
    chain = [
        {"chain_name": "环保", "node_id": f"n{at}", "node_name": f"环节{at}", "node_order": at, "gap_class": "补",
         "position_name": ("上游", "中游", "下游")[at % 3], "local_enterprise_count": at, "is_saturated": False}
        for at in range(nodes)
    ]  # fmt: skip
    parks = [
        {"lead_id": x, "project_name": x, "park_name": p, "park_rank": r}
        for x in leads
        for p, r in (("东", 1.0), ("西", 9.0))
    ]
    measures = [{"lead_id": x, "policy_id": v, "verdict": v} for x in leads for v in ("待核对", "不符合", "符合")]
    visits = [{"target_kind": "lead", "target_key": x, "lead_id": x, "city_name": "北京市", "fit": 1.0} for x in leads]
    visits += [
        {"target_kind": "prospect", "target_key": "K1", "city_name": "上海市", "fit": 2.0, "path_text": "商会引荐"}
    ]
    schema = pa.schema(VISIT | {"fit": pa.float64(), "last_visit_date": pa.date32()})
    edges = [{"from_node_id": "n0", "to_node_id": "n1", "trade_wan_cny": None}]
    edge = pa.schema({"from_node_id": TEXT, "to_node_id": TEXT, "trade_wan_cny": pa.float64()})
    counted = [{"slice_kind": "环节", "slice_key": node["node_id"], "node_count": 1, "fill_count": 1} for node in chain]
    counted += [{"slice_kind": "产业链", "slice_key": "环保", "node_count": nodes, "fill_count": nodes}]
    none = dict.fromkeys(("node_count", "strong_count", "fill_count", "extend_count", "prospect_count"), 0)
    # The register gives three prospects for the first node.
    firms = {"prospect_count": 3}
    counts = [none | row | (firms if row["slice_key"] in ("n0", "环保") else {}) for row in counted]
    return {
        "prospect_counts": pa.Table.from_pylist(counts),
        "chain_nodes": table("chain_nodes", chain, **NODE),
        "chain_edges": pa.Table.from_pylist(edges if nodes else [], edge),
        "lead_screens": table("lead_screens", [{"lead_id": x, "screen_result": "通过"} for x in leads], lead_id=TEXT),
        "park_matches": table("park_matches", parks, lead_id=TEXT),
        "policy_matches": table("policy_matches", measures, lead_id=TEXT, policy_id=TEXT),
        "trip_targets": pa.Table.from_pylist([dict.fromkeys(schema.names) | v for v in visits], schema),
    }


def prospects(*ranks: int) -> pa.Table:
    texts = ("chain_name", "enterprise_name", "reason_text", "growth_text", "need_text", "list_text", "screen_result",
             "screen_text", "uscc", "tie_text", "gap_class")  # fmt: skip
    rows = [
        dict.fromkeys(texts) | {"node_id": "n0", "node_name": "环节0", "node_rank": rank, "enterprise_key": f"K{rank}",
         "enterprise_name": f"第{rank}家", "province_name": "上海市", "city_name": "上海市", "fit": 50.0, "gap_class": "补",
         "growth_date": AS_OF, "growth_age_days": 3, "registered_capital_wan_cny": None, "established_date": None}
        for rank in ranks
    ]  # fmt: skip
    return pa.Table.from_pylist(rows)


def listed(ranks: list[int | None]) -> pd.DataFrame:
    ids = [f"L{at}" for at in range(len(ranks))]
    return pd.DataFrame({"lead_id": ids, "rank": pd.array(ranks, "Int64"), "score": [float(r or 0) for r in ranks]})


@settings(max_examples=25)
@given(st.lists(st.booleans(), max_size=8))
def test_only_what_is_ranked_is_matched_offered_or_visited(is_ranked: list[bool]) -> None:
    """A lead that the screens forbid has no rank (test_ranking), so it can stand in no extract but that of the screens."""
    ranks = [at + 1 if ranked else None for at, ranked in enumerate(is_ranked)]
    leads = listed(ranks)
    found = gather(tables(leads["lead_id"].tolist()), prospects(), leads, AS_OF)
    ranked = leads.loc[leads["rank"].notna(), "lead_id"].tolist()
    assert [
        r["lead_id"] for r in found.named("园区匹配").rows
    ] == ranked  # in the list's order, the ninth park left out
    offers = found.named("可依法推荐的政策").rows
    assert [(r["verdict"], r["lead_id"]) for r in offers] == [(v, x) for v in ("符合", "待核对") for x in ranked]
    visited = [r["lead_id"] for r in found.named("外出行程").rows if r["lead_id"]]
    assert set(visited) == set(ranked) and len(visited) == len(ranked)
    assert len(found.named("准入筛查").rows) == len(leads)
    assert found.pictures == ()


@pytest.fixture(scope="module")
def found() -> Opportunities:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(opportunities, "MOST_ROWS", 2)
        patched.setattr(opportunities, "PROSPECTS_A_NODE", 2)
        return gather(tables(["L0", "L1", "L2"], nodes=3), prospects(3, 1, 2), listed([2, 1, None]), AS_OF)


def test_limits_are_said_and_targets_have_reason_path_and_evidence(found: Opportunities) -> None:
    targets = found.named("目标企业")
    assert [r["enterprise_name"] for r in targets.rows] == ["第1家", "第2家"] and targets.total == 3
    assert "仅列前 2 家：列 2 家次，共 3 家次" in targets.note
    first, second = targets.rows
    assert (first["path"], first["place"], first["evidence"]) == ("商会引荐", "上海市", "2026-06-30（距今 3 天）")
    assert second["path"] == "暂无"
    offers = found.named("可依法推荐的政策")
    assert [r["lead_id"] for r in offers.rows] == ["L1", "L0"] and "仅列前 2 条，共 4 条" in offers.note
    assert targets_by_node(found)[0]["目标企业"] == 3


def test_the_workbook_holds_the_pictures_and_the_extracts(found: Opportunities, tmp_path: Path) -> None:
    path = tmp_path / "择优清单.xlsx"
    leads = ranking()
    write_ranked_workbook(path, leads, VERSIONS | {"is_synthetic": True, "snapshot_id": "x"}, opportunities=found)
    book = openpyxl.load_workbook(path)
    names = ["强补延链图", "链条环节", "目标企业", "准入筛查", "园区匹配", "可依法推荐的政策", "外出行程"]
    assert book.sheetnames[3:10] == names
    (image,) = book["强补延链图"]._images  # type: ignore[attr-defined]
    assert image._data() == found.pictures[0].png
    for name in names[1:]:
        sheet = book[name]
        extract = found.named(name)
        assert "合成数据" in sheet["A1"].value and extract.note in sheet["A1"].value
        assert [c.value for c in sheet[2]] == [column.title for column in extract.columns]
        assert sheet.freeze_panes == "C3" and sheet.auto_filter.ref.startswith("A2:")
        assert sheet.max_row == 2 + len(extract.rows)
    again = tmp_path / "again.xlsx"
    write_ranked_workbook(again, leads, VERSIONS | {"is_synthetic": True, "snapshot_id": "x"}, opportunities=found)
    assert again.read_bytes() == path.read_bytes()


def test_a_picture_shows_the_chain_as_drawn(found: Opportunities) -> None:
    from PIL import Image

    (chain,) = found.pictures
    picture = Image.open(io.BytesIO(chain.png)).convert("RGB")
    colours = {colour for _, colour in picture.getcolors(picture.width * picture.height) or []}
    assert (0xB6, 0x43, 0x3D) in colours  # the edge of a node to be filled (补), from the desk's style sheet
    assert picture.width > 900 and chain.told == "环保：3 个环节（强 0、补 3、延 0），目标企业 3 家次"


def test_dagster_is_told_the_pictures_and_the_first_rows(found: Opportunities) -> None:
    told = told_of_opportunities(found, is_synthetic=True)
    assert all("合成数据" in str(value.value) for value in told.values())
    assert told["强补延链图"].value.count("data:image/png;base64,") == 1
    assert "| 环节0" in str(told["目标企业"].value) and "商会引荐" in str(told["目标企业"].value)
    empty = told_of_opportunities(gather(tables([]), prospects(), listed([]), AS_OF))
    assert empty["园区匹配"].value.endswith("没有") and "没有读入产业链" in str(empty["强补延链图"].value)


def test_where_the_register_was_left_out_the_note_says_why(tmp_path: Path) -> None:
    why = "企业名录 名录.csv 约 60,000,000 行，超过上限；请只留目标地区的企业"
    found = gather(tables([], nodes=1), prospects(), listed([]), AS_OF, why)
    assert found.named("目标企业").note == f"没有目标企业：{why}"
    assert why in str(told_of_opportunities(found)["目标企业"].value)
