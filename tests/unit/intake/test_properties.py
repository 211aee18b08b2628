"""Random workbooks: no crash, counts that add up, nothing invented, nothing lost."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_writing import HEADER, lead, write_xlsx

from intake.contract import get_contract, load_contracts
from intake.explain import explain
from intake.reading import SheetReading
from intake.returned import returned_workbook
from intake.values import as_text, fold, mask_phones, split_note
from intake.workbook import FileProblem, read_workbook

LEADS = get_contract("leads")
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = [w for c in load_contracts().values() for f in c.fields for w in (f.title, *f.synonyms[:1])]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CELL = st.one_of(
    st.none(),
    TEXT,
    st.sampled_from(WORDS),
    st.sampled_from(
        [
            "-",
            "合计",
            "小计",
            "20个",
            "注：1",
            "示例",
            "单位：万元",
            "6月底",
            "1.2亿",
            "13812345678",
            "2025.6",
            "（亿元）",
        ]
    ),
    st.integers(-(10**6), 10**7),
    # A workbook keeps 16 digits: numbers of more would change while being written.
    st.integers(-(10**12), 10**12).map(lambda number: number / 1000),
    st.booleans(),
    st.dates(dt.date(1950, 1, 1), dt.date(2090, 1, 1)),
)
ROW = st.lists(CELL, max_size=14)


def read(sheets: dict[str, Any], merged: list[tuple[str, str, Any]], contract: Any) -> tuple[list[SheetReading], Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = write_xlsx(Path(folder) / "表.xlsx", sheets, merged)
        readings = read_workbook(path, contract)
        explain(path, contract)
    return readings, path


def is_filled(row: list[Any]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)


@FEW
@given(
    st.lists(ROW, max_size=4),
    st.booleans(),
    st.lists(st.one_of(ROW, st.integers(1, 99).map(lead)), max_size=12),
    st.booleans(),
)
def test_any_workbook_adds_up(top, has_header, body, is_known):
    rows = [*top, *([HEADER] if has_header else []), *body]
    try:
        readings, _ = read({"表": rows}, [], LEADS if is_known else None)
    except FileProblem as problem:
        assert "请" in str(problem) or "能读的台账有" in str(problem)
        return
    for reading in readings:
        assert reading.read == len(reading.accepted) + reading.refused + reading.not_data
        assert reading.read == sum(is_filled(row) for row in rows)
        places = [row["source_row"] for row in reading.accepted]
        assert len(set(places)) == len(places)
        assert not set(places) & {refusal.row for refusal in reading.refusals}
        assert all(refusal.reason and refusal.mend for refusal in reading.refusals)
    content = returned_workbook(readings)
    assert (content is None) == (not any(reading.refusals for reading in readings))


@FEW
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "项目名称": st.text("甲乙丙丁ABC123（）-", min_size=1, max_size=10).filter(
                    lambda t: as_text(t) and t.strip("0123456789")
                ),
                "首报日期": st.dates(dt.date(2000, 1, 1), dt.date(2050, 1, 1)),
                "计划总投资（亿元）": st.floats(0, 500, width=32),
                "主要产品": st.one_of(st.none(), st.text("纺织面料涤纶 ", max_size=8)),
            }
        ),
        min_size=1,
        max_size=15,
    ),
    st.permutations(HEADER),
    st.integers(0, 17),
    st.sampled_from([None, ["合计", None, "20个"], ["", "", ""], HEADER]),
)
def test_good_rows_are_all_taken_as_written_whatever_stands_around_them(cells, order, above, between):
    rows: list[list[Any]] = [["二〇二五年台账"] for _ in range(above)] + [list(order)]
    wanted: list[dict[str, Any]] = []
    places = [HEADER.index(title) for title in order]
    for number, changed in enumerate(cells, 1):
        row = lead(number, **changed)
        rows.append([row[place] for place in places])
        wanted.append(changed | {"线索编号": f"YC{number:04d}"})
        if between:
            total = (
                list(order) if between is HEADER else ["合计", *[None] * (len(order) - 1)] if between[0] else between
            )
            rows.append(total)
    readings, _ = read({"线索": rows}, [], None)
    (reading,) = readings
    assert reading.refusals == []
    assert len(reading.accepted) == len(wanted)
    for found, want in zip(reading.accepted, wanted, strict=True):
        assert found["lead_id"] == want["线索编号"]
        assert found["project_name"] == want["项目名称"].strip()
        assert found["reported_date"] == want["首报日期"]
        assert abs(found["investment_wan_cny"] - want["计划总投资（亿元）"] * 10_000) < 1e-5
        assert found["product_text"] == as_text(want["主要产品"])


@FEW
@given(st.lists(st.tuples(st.integers(0, 9), CELL), min_size=1, max_size=10))
def test_nothing_is_invented(changes):
    rows = [lead(n) for n in range(1, 6)]
    for n, (place, cell) in enumerate(changes):
        rows[n % 5][place] = cell
    try:
        readings, _ = read({"线索": [HEADER, *rows]}, [], LEADS)
    except FileProblem:
        return
    (reading,) = readings
    for row in reading.accepted:
        cells = rows[row["source_row"] - 2]
        written = {fold(mask_phones(text)) for cell in cells if (text := as_text(cell))} | {
            fold(text) for cell in cells if (text := as_text(cell))
        }
        written |= {split_note(text, is_name=True)[0] for text in set(written)}
        for name in ("lead_id", "project_name", "enterprise_name", "unit_name"):
            assert fold(row[name]) in written
