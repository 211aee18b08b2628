"""What people get: a snapshot that is there whole or not at all, and a workbook that opens as it should."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from models.ranking import RANKING_COLUMNS
from publishing.snapshot import LEADS, WORKBOOK, current, publish, ranked_leads_table, verified
from publishing.workbook import shown_width, write_ranked_workbook

VERSIONS: dict[str, Any] = {
    "as_of_date": "2026-06-30",
    "is_synthetic": False,
    "models": {"landing": "model-1", "tax": "rule-2"},
    "model_kinds": {"landing": "model", "tax": "rule"},
    "weights": "weights-3",
    "data": {},
}
PROSPECTS = pa.table({"node_id": ["a"], "enterprise_name": ["某公司"]})


def reason(part: str, term: str, points: float) -> dict[str, Any]:
    return {"part": part, "term": term, "label": "跟进", "value": "3次", "contribution": points / 10, "points": points}


def ranking() -> pd.DataFrame:
    rows = []
    for number, (name, unit) in enumerate(
        [('=HYPERLINK("x")', "甲镇"), ("+普通项目", "甲镇"), ("乙/项目", "乙[镇]:*?"), ("不排的", "甲镇")], start=1
    ):
        ranked = number < 4
        row = dict.fromkeys(RANKING_COLUMNS)
        row |= {
            "lead_id": f"L{number}", "project_name": name, "enterprise_name": "@某公司", "uscc": "91110000802100433B",
            "unit_name": unit, "stage": "在谈", "rank": number if ranked else None, "band": "A" if ranked else None,
            "score": 70.0 - number, "landing_probability": 0.5, "landing_logit": 0.0, "tax_wan_cny": 100.0,
            "tax_low_wan_cny": 50.0, "tax_high_wan_cny": 200.0, "chain_fit": 40.0, "chain_node": "反渗透与纳滤膜",
            "reasons": [reason("landing", "t", 3.25), reason("fit", "f", 1.0), reason("landing", "base", 20.0)],
            "excluded_reason": None if ranked else "线索已终止", "landing_kind": "model", "tax_kind": "rule",
            "as_of_date": pd.Timestamp("2026-06-30"),
        }  # fmt: skip
        rows.append(row)
    frame = pd.DataFrame(rows)
    frame["same_enterprise"] = None
    frame["is_exploration"] = [False, False, True, False]
    frame["rank"] = frame["rank"].astype("Int64")
    return frame


@pytest.fixture
def leads() -> pa.Table:
    return ranked_leads_table(ranking())


def test_a_snapshot_is_named_by_its_content_and_read_back(tmp_path: Path, leads: pa.Table) -> None:
    first = publish(tmp_path, leads, PROSPECTS, VERSIONS, write_ranked_workbook)
    assert first.snapshot_id.startswith("2026-06-30-") and first.as_of_date == dt.date(2026, 6, 30)
    found = current(tmp_path)
    assert found is not None and found.snapshot_id == first.snapshot_id and verified(found.folder) == first
    before = {p.name: p.read_bytes() for p in first.folder.iterdir()}
    assert publish(tmp_path, leads, PROSPECTS, VERSIONS, write_ranked_workbook) == first
    assert {p.name: p.read_bytes() for p in first.folder.iterdir()} == before
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 1
    other = publish(tmp_path, leads, PROSPECTS, {**VERSIONS, "weights": "weights-4"}, write_ranked_workbook)
    assert other.snapshot_id != first.snapshot_id and current(tmp_path) == other


def test_an_interruption_anywhere_leaves_the_old_list(
    tmp_path: Path, leads: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = publish(tmp_path, leads, PROSPECTS, VERSIONS, write_ranked_workbook)
    replaced = os.replace
    for fails_at in (1, 2):
        calls = [0]

        def cut(source: Any, target: Any, calls: list[int] = calls, fails_at: int = fails_at) -> None:
            calls[0] += 1
            if calls[0] == fails_at:
                raise KeyboardInterrupt
            replaced(source, target)

        monkeypatch.setattr(os, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            publish(tmp_path, leads, PROSPECTS, {**VERSIONS, "weights": f"w{fails_at}"}, write_ranked_workbook)
        found = current(tmp_path)
        assert found is not None and verified(found.folder) == old
    monkeypatch.setattr(os, "replace", replaced)
    new = publish(tmp_path, leads, PROSPECTS, {**VERSIONS, "weights": "w2"}, write_ranked_workbook)
    assert current(tmp_path) == new
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []


def test_a_changed_file_is_noticed(tmp_path: Path, leads: pa.Table) -> None:
    snapshot = publish(tmp_path, leads, PROSPECTS, VERSIONS, write_ranked_workbook)
    (snapshot.folder / LEADS).write_bytes(b"x")
    with pytest.raises(ValueError, match="manifest"):
        verified(snapshot.folder)


def test_the_workbook_opens_with_instructions_all_leads_and_one_sheet_a_unit(tmp_path: Path, leads: pa.Table) -> None:
    folder = publish(tmp_path, leads, PROSPECTS, VERSIONS, write_ranked_workbook).folder
    book = openpyxl.load_workbook(folder / WORKBOOK)
    assert book.sheetnames == ["说明", "全部线索", "不参加排序", "乙·镇····", "甲镇"]
    everything = book["全部线索"]
    titles = [cell.value for cell in everything[1]]
    rows = [dict(zip(titles, list(row), strict=True)) for row in everything.iter_rows(min_row=2)]
    assert len(rows) == 4 and [r["名次"].value for r in rows] == [1, 2, 3, None]
    # Text stays text: no formula, no number out of a credit code.
    assert [r["项目名称"].data_type for r in rows] == ["s"] * 4 and rows[0]["项目名称"].value.startswith("=")
    assert {r["统一社会信用代码"].data_type for r in rows} == {"s"}
    assert {r["统一社会信用代码"].number_format for r in rows} == {"@"}
    assert rows[0]["落地理由（加减分）"].value == "跟进 3次（+3.2）" and rows[3]["不排序的原因"].value == "线索已终止"
    assert everything.freeze_panes == "E2" and everything.auto_filter.ref.startswith("A1:")
    width = everything.column_dimensions["O"].width
    assert width >= len("91110000802100433B") + 1
    assert book["甲镇"].max_row == 4
    told = "".join(str(cell.value) for row in book["说明"].iter_rows() for cell in row if cell.value)
    assert "参加排序 3 条" in told and "按规则，暂无模型" in told and "2026-06-30" in told


def test_width_counts_chinese_twice() -> None:
    assert shown_width("择优A（1）") == 2 + 2 + 1 + 2 + 1 + 2
