"""Thousandfold errors are held before they count; what is ordinary is not; and how a question ends (存疑的数)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.contract import get_contract
from intake.landing import LandingStore, Plausibility
from intake.plausibility import HELD_SCHEMA, NO, QUESTION, YES, Held, Total, hold_back, read_limits
from intake.plausibility.holding import question_id
from intake.workbook import read_workbook
from office import DEFAULTS

LEADS = get_contract("leads")
DAY = dt.date(2026, 7, 1)
LIMITS = read_limits(DEFAULTS, DAY)
SCHEMA = LEADS.schema().append(pa.field("received_seq", pa.int64()))
PLANTED = (
    "investment_wan_cny",
    "fixed_investment_wan_cny",
    "promised_tax_wan_cny",
    "land_mu",
    "expected_output_wan_cny",
)
FACTORS = (1e3, 1e4, 1e-3, 1e-4, 1e8, 1e-8)
Row = dict[str, Any]


def ordinary(seed: int, count: int, *, seq: int = 1, first: int = 0) -> list[Row]:
    """Leads as districts report them: sizes over three decades, ratios that differ by trade and firm, cells left out."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(first, first + count):
        trade = int(rng.integers(0, 5))
        investment = float(np.exp(rng.normal(8.9, 1.2)))
        amounts = {
            "investment_wan_cny": investment,
            "fixed_investment_wan_cny": investment * float(rng.uniform(0.4, 0.95)),
            "promised_tax_wan_cny": investment * float(np.exp(rng.normal(-3.0 - 0.2 * trade, 0.6))),
            "land_mu": investment / float(np.exp(rng.normal(5.8, 0.45))),
            "expected_output_wan_cny": investment * float(np.exp(rng.normal(0.3, 0.4))),
        }
        kept = {name: round(value, 2) for name, value in amounts.items() if rng.random() > 0.25}
        if len(kept) < 2:
            kept = {name: round(amounts[name], 2) for name in PLANTED[:3]}
        rows.append(
            {
                "lead_id": f"L{number:05d}", "project_name": f"项目{number}", "enterprise_name": f"企业{number}",
                "unit_name": f"单位{number % 7}", "industry_code": ("2641", "3670", "1491", "2720", "3011")[trade],
                "source_file": f"{seq}.xlsx", "source_sheet": "线索", "source_row": number + 3, "received_seq": seq,
                "file_hash": str(seq), **kept,
            }
        )  # fmt: skip
    return rows


def held(
    rows: Sequence[Row],
    *,
    day: dt.date = DAY,
    before: Mapping[str, Any] | None = None,
    answers: Mapping[str, str] | None = None,
    totals: Sequence[Total] = (),
) -> Held:
    return hold_back(LEADS, pa.Table.from_pylist(list(rows), SCHEMA), LIMITS, day, before or {}, answers or {}, totals)


def asked(found: Held) -> dict[str, Row]:
    return {question["question_id"]: question for question in found.questions}


def value(found: Held, row: int, column: str) -> float | None:
    answer: float | None = found.table[column][row].as_py()
    return answer


@pytest.mark.parametrize("seed", range(3))
def test_ordinary_rows_are_not_asked_about(seed: int) -> None:
    rows = ordinary(seed, 3000) + ordinary(seed + 50, 300, seq=2, first=3000)
    found = held(rows)
    assert len(found.questions) <= 0.002 * len(rows)


def planted(rng: np.random.Generator, rows: list[Row], at: int) -> tuple[str, float]:
    """Spoil one amount of a row, and return which and by how much."""
    column = str(rng.choice([name for name in PLANTED if name in rows[at]]))
    factor = float(rng.choice(FACTORS[:4]))
    rows[at] = {**rows[at], column: rows[at][column] * factor}
    return column, factor


@pytest.mark.parametrize("kind", ["new", "changed"])
def test_thousandfold_errors_are_held(kind: str) -> None:
    rng, rows = np.random.default_rng(11), ordinary(5, 1500)
    later = (
        ordinary(6, 200, seq=2, first=1500)
        if kind == "new"
        else [{**row, "received_seq": 2, "file_hash": "2"} for row in rows[:200]]
    )
    spoilt = {at: planted(rng, later, at) for at in range(0, 200, 2)}
    found = held(rows + later)
    places = {(q["row_key"], q["column_name"]) for q in found.questions}
    rows_held = {key for key, _ in places}
    caught = [later[at]["lead_id"] in rows_held for at in spoilt]
    right = [(later[at]["lead_id"], column) in places for at, (column, _) in spoilt.items()]
    assert np.mean(caught) >= 0.95 and np.mean(right) >= 0.95
    innocent = [key for key in rows_held if key not in {later[at]["lead_id"] for at in spoilt}]
    assert len(innocent) <= 0.002 * len(rows + later)
    for at, (column, _) in spoilt.items():
        if (later[at]["lead_id"], column) in places:  # what was accepted before counts, or nothing
            assert value(found, 1500 + at, column) == (rows[at][column] if kind == "changed" else None)


@given(seed=st.integers(0, 10_000), factor=st.sampled_from(FACTORS))
@settings(max_examples=15, deadline=None)
def test_a_sheet_in_the_wrong_unit_moves_nothing(seed: int, factor: float) -> None:
    """All money of a file in 元 under 万元, or in 亿元: the money is asked about, its land counts."""
    money = [name for name in PLANTED if name != "land_mu"]
    later = ordinary(seed, 20, seq=2, first=600)
    later = [row | {"land_mu": row.get("land_mu", row[next(n for n in money if n in row)] / 330)} for row in later]
    wrong = [{name: v * factor if name in money else v for name, v in row.items()} for row in later]
    found = held(ordinary(seed + 1, 600) + wrong)
    counted = [value(found, 600 + at, name) for at, row in enumerate(later) for name in money if name in row]
    assert np.mean([v is None for v in counted]) >= 0.9
    assert [value(found, 600 + at, "land_mu") for at in range(20)].count(None) <= 1


def spoilt_pair(factor: float = 1000.0) -> tuple[list[Row], Row]:
    """Ordinary leads, the first of them again a thousand times as large."""
    rows = ordinary(3, 400)
    rows[0] |= {"investment_wan_cny": 8000.0, "promised_tax_wan_cny": 400.0}
    return rows, {
        **rows[0],
        "investment_wan_cny": 8000.0 * factor,
        "received_seq": 2,
        "file_hash": "2",
        "source_row": 9,
    }


def test_a_yes_lets_the_value_pass_and_a_no_does_not() -> None:
    rows, wrong = spoilt_pair()
    found = held([*rows, wrong])
    (question,) = found.questions
    assert question["state"] == "待确认" and question["counted_value"] == 8000.0 == value(
        found, 400, "investment_wan_cny"
    )
    assert question["due_date"] == DAY + dt.timedelta(days=7) and "1,000 倍" in question["why_text"]
    key = question_id("leads", wrong["lead_id"], "investment_wan_cny", wrong["investment_wan_cny"], 2)
    assert key == question["question_id"]
    yes = held([*rows, wrong], before=asked(found), answers={key: YES})
    assert value(yes, 400, "investment_wan_cny") == 8_000_000.0 and yes.questions[0]["state"] == "已确认"
    no = held([*rows, wrong], before=asked(found), answers={key: NO})
    assert value(no, 400, "investment_wan_cny") == 8000.0 and no.questions[0]["state"] == "已答有误"
    # An answer is of this value: another one of the same cell is another question.
    other = {**wrong, "investment_wan_cny": 9_000_000.0}
    assert value(held([*rows, other], answers={key: YES}), 400, "investment_wan_cny") == 8000.0


def test_the_next_ledger_confirms_or_corrects() -> None:
    rows, wrong = spoilt_pair()
    first = held([*rows, wrong])
    again = {**wrong, "received_seq": 3, "file_hash": "3"}
    assert value(held([*rows, wrong, again]), 401, "investment_wan_cny") == 8000.0  # nobody was asked in between
    confirmed = held([*rows, wrong, again], before=asked(first))
    assert value(confirmed, 401, "investment_wan_cny") == 8_000_000.0
    # It stays so: the question is remembered, and asked no more.
    later = held([*rows, wrong, again], before=asked(confirmed), day=DAY + dt.timedelta(days=30))
    assert value(later, 401, "investment_wan_cny") == 8_000_000.0 and later.questions == confirmed.questions
    right = {**again, "investment_wan_cny": 8200.0}
    corrected = held([*rows, wrong, right], before=asked(first))
    assert value(corrected, 401, "investment_wan_cny") == 8200.0 and corrected.questions[0]["state"] == "已更正"


def test_an_error_sent_again_after_its_correction_or_a_no_is_asked_about_anew() -> None:
    rows, wrong = spoilt_pair()
    first = held([*rows, wrong])
    right = {**wrong, "investment_wan_cny": 8200.0, "received_seq": 3, "file_hash": "3"}
    corrected = held([*rows, wrong, right], before=asked(first), day=DAY + dt.timedelta(days=1))
    old = {**wrong, "received_seq": 4, "file_hash": "4"}
    later = held([*rows, wrong, right, old], before=asked(corrected), day=DAY + dt.timedelta(days=40))
    assert value(later, 402, "investment_wan_cny") == 8200.0
    assert {q["since_date"] for q in later.questions if q["state"] == "待确认"} == {DAY + dt.timedelta(days=40)}
    no = {first.questions[0]["question_id"]: NO}
    denied = held([*rows, wrong], before=asked(first), answers=no)
    again = held([*rows, wrong, old], before=asked(denied), answers=no, day=DAY + dt.timedelta(days=2))
    assert value(again, 401, "investment_wan_cny") == 8000.0
    assert [q["question_id"] in no for q in again.questions if q["state"] == "待确认"] == [False]


@pytest.mark.parametrize(
    ("days", "state", "counted"), [(6, "待确认", 8000.0), (7, "逾期未答", None), (90, "逾期未答", None)]
)
def test_after_seven_days_the_row_counts_without_the_value(days: int, state: str, counted: float | None) -> None:
    rows, wrong = spoilt_pair()
    first = held([*rows, wrong])
    later = held([*rows, wrong], before=asked(first), day=DAY + dt.timedelta(days=days))
    assert (later.questions[0]["state"], value(later, 400, "investment_wan_cny")) == (state, counted)
    assert value(later, 400, "promised_tax_wan_cny") == 400.0  # the rest of the row counts
    key = later.questions[0]["question_id"]
    late = held([*rows, wrong], before=asked(later), day=DAY + dt.timedelta(days=99), answers={key: YES})
    assert value(late, 400, "investment_wan_cny") == 8_000_000.0


def test_a_correction_of_an_accepted_error_is_not_asked_about() -> None:
    """Somebody said yes to an error; the value that fits the tax beside it replaces it without a question."""
    rows, wrong = spoilt_pair()
    key = question_id("leads", wrong["lead_id"], "investment_wan_cny", wrong["investment_wan_cny"], 1)
    found = held([wrong | {"received_seq": 1}, *rows[1:], rows[0] | {"received_seq": 2}], answers={key: YES})
    assert value(found, 0, "investment_wan_cny") == 8_000_000.0
    assert value(found, 400, "investment_wan_cny") == 8000.0 and len(found.questions) == 1


def test_a_ledger_without_the_column_does_not_make_the_next_one_forget() -> None:
    rows, wrong = spoilt_pair()
    rows[0] = {name: cell for name, cell in rows[0].items() if name not in PLANTED[1:]}
    blank = {name: cell for name, cell in rows[0].items() if name not in PLANTED}
    late = {**blank, "investment_wan_cny": wrong["investment_wan_cny"], "received_seq": 3, "file_hash": "3"}
    found = held([*rows, {**blank, "received_seq": 2, "file_hash": "2"}, late])
    assert value(found, 401, "investment_wan_cny") is None  # as it was the night before
    assert "上次是 8,000 万元" in found.questions[0]["why_text"]


def test_currency_and_rate_go_with_the_amount() -> None:
    rows, wrong = spoilt_pair()
    rows[0] |= {"investment_currency": "CNY", "investment_rate": 1.0}
    wrong |= {"investment_currency": "USD", "investment_rate": 7.1}
    found = held([*rows, wrong])
    assert [found.table[n][400].as_py() for n in ("investment_currency", "investment_rate")] == ["CNY", 1.0]
    new = held([*rows[1:], wrong])
    assert [new.table[n][399].as_py() for n in ("investment_wan_cny", "investment_currency")] == [None, None]


def test_one_value_larger_than_all_of_its_unit_is_asked_about() -> None:
    """Nothing else stands in the row, and it is within what the trade knows: only the unit's own total tells."""
    small = [
        {**row, "unit_name": "小镇", "investment_wan_cny": 600.0 + at}
        for at, row in enumerate(ordinary(8, 15, first=900))
    ]
    bare = {
        name: small[0][name] for name in ("lead_id", "project_name", "unit_name", "industry_code", "source_sheet")
    } | {"lead_id": "NEW", "received_seq": 2, "file_hash": "2", "source_file": "2.xlsx", "source_row": 3,
         "investment_wan_cny": 300_000.0}  # fmt: skip
    found = held([*ordinary(9, 800), *[{n: v for n, v in r.items() if n not in PLANTED[1:]} for r in small], bare])
    (question,) = (q for q in found.questions if q["row_key"] == "NEW")
    assert "本单位" in question["why_text"]
    assert not [q for q in held([*ordinary(9, 800), bare]).questions if q["row_key"] == "NEW"]


def test_the_senders_total_tells_which_row_is_off() -> None:
    rows = [{**row, "investment_wan_cny": 1000.0 + 7 * at} for at, row in enumerate(ordinary(4, 6))]
    rows = [{n: v for n, v in row.items() if n not in PLANTED[1:]} for row in rows]
    right = sum(row["investment_wan_cny"] for row in rows)
    wrong = [*rows[:2], {**rows[2], "investment_wan_cny": rows[2]["investment_wan_cny"] * 1000}, *rows[3:]]
    total = Total("1", "线索", 99, 0, {"investment_wan_cny": right})
    assert not held(rows, totals=[total]).questions and not held(wrong).questions  # six rows have no distribution
    (question,) = held(wrong, totals=[total]).questions
    assert question["row_key"] == rows[2]["lead_id"] and "合计行" in question["why_text"]
    assert not held(wrong, totals=[replace(total, is_complete=False)]).questions
    # A total that no single row explains says that it is wrong, not which row is.
    assert not held(rows, totals=[Total("1", "线索", 99, 0, {"investment_wan_cny": right * 1.3})]).questions


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows, wrong = spoilt_pair()
    for name in ("a", "b"):
        found = held([*rows, wrong])
        pq.write_table(found.table, tmp_path / name)
        pq.write_table(pa.Table.from_pylist(found.questions, HELD_SCHEMA), tmp_path / f"{name}.held")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.held").read_bytes() == (tmp_path / "b.held").read_bytes()


def write_leads(path: Path, rows: Sequence[Row], total: float | None = None) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        ["线索编号", "项目名称", "投资主体", "负责单位", "首报日期", "计划总投资（万元）", "预计年税收（万元）"]
    )
    for row in rows:
        sheet.append([row["lead_id"], row["project_name"], row["enterprise_name"], "甲镇", "2026-05-01",
                      row["investment_wan_cny"], row["promised_tax_wan_cny"]])  # fmt: skip
    if total is not None:
        sheet.append(["合计", None, None, None, None, total])
    book.save(path)


def test_the_store_lands_what_counts_and_keeps_the_question(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    rows = [r | {"investment_wan_cny": 900.0 + at, "promised_tax_wan_cny": 45.0} for at, r in enumerate(ordinary(2, 5))]
    right = sum(row["investment_wan_cny"] for row in rows)
    rows[1]["investment_wan_cny"] *= 10_000
    write_leads(inbox / "线索.xlsx", rows, right)
    assert [t.values for reading in read_workbook(inbox / "线索.xlsx") for t in reading.totals] == [
        {"investment_wan_cny": right}
    ]
    store = LandingStore(tmp_path / "landing")
    landed = store.land_inbox(inbox, plausibility=Plausibility(LIMITS, DAY))
    assert landed.held == 1
    counted = pq.read_table(tmp_path / "landing/leads.parquet")["investment_wan_cny"].to_pylist()
    assert counted[1] is None and None not in counted[2:]
    (question,) = pq.read_table(tmp_path / "landing/held.parquet").to_pylist()
    # The answer comes as a ledger, from the desk or by mail.
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["问题类别", "问题编号", "问题内容", "问题答案", "答复日期", "答复单位"])
    sheet.append([QUESTION, question["question_id"], "对吗", YES, "2026-07-02", "甲镇"])
    book.save(inbox / "答复.xlsx")
    store.land_inbox(inbox, plausibility=Plausibility(LIMITS, DAY + dt.timedelta(days=1)))
    assert pq.read_table(tmp_path / "landing/leads.parquet")["investment_wan_cny"][1].as_py() == 9_010_000.0
    (question,) = pq.read_table(tmp_path / "landing/held.parquet").to_pylist()
    assert question["state"] == "已确认" and question["since_date"] == DAY


def test_limits_hold_from_their_day(tmp_path: Path) -> None:
    text = (DEFAULTS / "plausibility_limits.csv").read_text(encoding="utf-8")
    line = "change_times,改动,200,倍,2026-08-01,办公室会议纪要\n"
    (tmp_path / "plausibility_limits.csv").write_text(text + line, encoding="utf-8")
    days = (dt.date(2026, 7, 31), dt.date(2026, 8, 1))
    assert [read_limits(tmp_path, day).change_times for day in days] == [30, 200]
    with pytest.raises(ValueError, match="没有生效"):
        read_limits(tmp_path, dt.date(1900, 1, 1))


def test_each_table_of_a_sheet_is_compared_with_its_own_total(tmp_path: Path) -> None:
    """Two tables in other units, each with its total, the lower one a thousand times off in one row; notes are no totals."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    header = ["线索编号", "项目名称", "投资主体", "负责单位", "首报日期"]
    lower = [1.5, 0.8, 900.0]
    for name, unit, amounts, total in (("甲", "万元", [5000, 7000, 900], 12_900), ("乙", "亿元", lower, 3.2)):
        sheet.append([*header, f"计划总投资（{unit}）"])
        for at, amount in enumerate(amounts):
            sheet.append([f"{name}{at}", f"{name}项目{at}", f"{name}企业{at}", "甲镇", "2026-05-01", amount])
        sheet.append(["合计", None, None, None, None, total])
        sheet.append(["注：以上数据由各单位报送"])
        sheet.append([])
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    book.save(inbox / "线索.xlsx")
    totals = [total for reading in read_workbook(inbox / "线索.xlsx") for total in reading.totals]
    assert [t.values for t in totals] == [{"investment_wan_cny": 12_900.0}, {"investment_wan_cny": 32_000.0}]
    LandingStore(tmp_path / "landing").land_inbox(inbox, plausibility=Plausibility(LIMITS, DAY))
    rows = pq.read_table(tmp_path / "landing/leads.parquet").to_pylist()
    counted = {row["lead_id"]: row["investment_wan_cny"] for row in rows}
    assert counted == {"甲0": 5000, "甲1": 7000, "甲2": 900, "乙0": 15_000, "乙1": 8000, "乙2": None}
