"""Measures: no cell, however gamed, yields an amount without every proof; honest ones keep theirs."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.screening import likeness
from models.screening.measures import FORBIDDEN, HELD, RECOMMENDED, judge, judged_as_policy
from models.screening.tabulating import measure_obstacles, text_findings
from sample.measures import policies_ledger

DAY = dt.date(2026, 6, 30)
AMOUNT = "每家4321万元"
HONEST: dict[str, Any] = {
    "policy_id": "Z1", "policy_name": "技术改造补助办法", "document_no": "鲁政办发〔2024〕12号", "issuing_level": "省",
    "issued_by": "省人民政府办公厅", "legal_basis": "《中华人民共和国科学技术进步法》（主席令第一〇三号）",
    "clause_text": "对实施技术改造的企业给予补助", "audience": "符合条件的各类工业企业", "conditions": "固定资产投资不低于2000万元",
    "valid_from_date": dt.date(2025, 1, 1), "valid_to_date": dt.date(2027, 12, 31), "is_tax_linked": False,
    "review_result": "通过", "reviewed_date": dt.date(2024, 11, 20), "review_no": "公竞审〔2024〕7号", "generality": "普惠",
    "measure_kind": "资金", "chain_name": None, "amount_text": AMOUNT, "received_seq": 1, "source_file": "a.xlsx",
    "source_sheet": "表", "source_row": 2,
}  # fmt: skip
NO_NUMBER = (
    None, "", " ", "　", "\u200b", "-", "—", "/", "0", "无", "无文号", "暂无", "没有", "待定", "待补", "会议纪要", "会议纪要〔2024〕3号", "专题会议纪要",
    "领导批示", "口头", "同上", "见附件", "略", "不详", "拟发", "草案〔2024〕1号", "n/a", "某政办〔2024〕1号", "有关规定",
    "有关法律、行政法规", "按政策", "文", "号", "无〔2024〕1号",
)  # fmt: skip
CLOSED = (
    None, "无", "待定", "云川膜科技有限公司", "天元实业", "符合条件的天元实业", "某某企业", "甲公司", "该企业", "乙方", "享受先征后返的企业", "协议企业",
    "签约企业", "在本区注册的企业", "本市注册的各类企业", "注册地在云川区的企业", "迁入我区的企业", "新引进企业", "年纳税500万元以上的企业",
    "地方贡献前十的企业", "名录库内企业", "白名单企业", "承诺不迁出的企业", "仅限1家企业", "云 川 膜 科 技 有 限 公 司", "区里选定的企业",
    "在本区纳税的企业", "采购本地产品的企业", "项目",
)  # fmt: skip
GAMES: dict[str, tuple[Any, ...]] = {
    "document_no": NO_NUMBER,
    "review_no": NO_NUMBER,
    "legal_basis": (
        *NO_NUMBER, "国发〔2024〕999号", "财税〔2025〕88号", "《中华人民共和国产业促进法》（主席令第103号）", "主席令第103号", "国务院令第722号",
        "《优化营商环境条例》", "国务院令第9722号《优化营商环境》", "《中华人民共和国中小企业促进法》（主席令第74号）", "云川政办发〔2024〕5号", "《某某办法》", "区政府常务会议", "国务院有关规定", "（主席令第74号）草案",
        "《优化营商环境条例》（国务院令第722号）征求意见稿",
    ),
    "audience": CLOSED,
    "conditions": tuple(value for value in CLOSED[3:] if value != "项目"),
    "reviewed_date": (None, dt.date(2026, 6, 30), dt.date(2027, 1, 1)),
    "valid_from_date": (None, dt.date(2026, 6, 30), dt.date(2030, 1, 1)),
    "valid_to_date": (dt.date(2026, 6, 29), dt.date(2020, 1, 1)),
    "issuing_level": (None, "国家", "镇"),
    "measure_kind": (None, "税收?", "奖励"),
    "generality": (None, "特定"),
    "is_tax_linked": (None, True),
    "review_result": (None, "未审查", "未通过"),
    "policy_name": ("先征后返办法", "税收返还办法"),
    "chain_name": ("税收返还",),
    "amount_text": (f"按地方贡献的50%，{AMOUNT}", f"{AMOUNT}，返还个人所得税", f"税收返还{AMOUNT}"),
    "clause_text": ("按地方留成返还企业", "对云川膜科技有限公司给予补助", "区级企业所得税减免五年", "一企一策给予补助", "给予企业补贴"),
}  # fmt: skip
ONE_GAME = [(name, value) for name, values in GAMES.items() for value in values]


def phrases(name: str) -> list[str]:
    with (Path(likeness.__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def test_an_honest_measure_has_its_amount_and_only_within_its_days() -> None:
    assert judge(HONEST, DAY).amount_text == AMOUNT and judge(HONEST, DAY).verdict == RECOMMENDED
    for day in (dt.date(2025, 1, 1), dt.date(2028, 1, 1), dt.date(2024, 11, 20)):
        assert judge(HONEST, day).amount_text is None
    assert judge(HONEST, dt.date(2025, 1, 2)).is_recommended and judge(HONEST, dt.date(2027, 12, 31)).is_recommended


@pytest.mark.parametrize(("name", "value"), ONE_GAME, ids=lambda value: repr(value)[:40])
def test_one_gamed_cell_is_enough_to_show_no_amount(name: str, value: Any) -> None:
    found = judge({**HONEST, name: value}, DAY)
    assert not found.is_recommended and found.amount_text is None and found.verdict in (HELD, FORBIDDEN)
    assert found.obstacles and not any("4321" in one.text for one in found.obstacles)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(ONE_GAME), min_size=1, max_size=6), st.sampled_from(phrases("lawful.csv")))
def test_no_mixture_of_gamed_cells_shows_an_amount(games: list[tuple[str, Any]], clause: str) -> None:
    found = judge({**HONEST, "clause_text": clause, **dict(games)}, DAY)
    assert found.amount_text is None and not found.is_recommended


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["document_no", "legal_basis", "review_no", "audience"]), st.text(max_size=20))
def test_no_text_by_chance_is_a_proof(name: str, text: str) -> None:
    assert judge({**HONEST, name: text}, DAY).amount_text is None


_PROOFS = ("document_no", "issuing_level", "legal_basis", "review_no", "review_result", "reviewed_date", "generality",
           "audience", "valid_from_date", "measure_kind", "is_tax_linked")  # fmt: skip
_ANY = st.one_of(
    st.none(), st.text(max_size=30), st.sampled_from([value for _, value in ONE_GAME if isinstance(value, str)])
)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(_PROOFS),
    st.dictionaries(
        st.sampled_from([name for name, value in HONEST.items() if isinstance(value, str)]), _ANY, max_size=8
    ),
    st.sampled_from(["国家", "省", "市", "区", None]),
)
def test_whatever_stands_in_other_cells_a_missing_proof_is_never_made_up_for(
    missing: str, others: dict[str, Any], level: str | None
) -> None:
    row = {**HONEST, "issuing_level": level, **others, missing: None, "clause_text": "对符合条件的企业给予补助"}
    found = judge(row, DAY)
    assert found.amount_text is None and not found.is_recommended


def test_a_basis_counts_by_number_and_title_and_only_while_it_is_in_force() -> None:
    basis = "《中华人民共和国科学技术进步法》（主席令第103号）"
    for written in (basis, basis.replace("103", "一〇三"), f"依据{basis}第十条"):
        assert judge({**HONEST, "legal_basis": written}, DAY).amount_text == AMOUNT, written
    early = {**HONEST, "valid_from_date": dt.date(2021, 1, 1), "reviewed_date": dt.date(2020, 12, 1)}
    assert judge({**early, "legal_basis": basis}, dt.date(2021, 12, 31)).amount_text is None
    assert any("律" in one.text or "未核实" in one.text
               for one in judge({**HONEST, "legal_basis": "《中华人民共和国中小企业促进法》（主席令第74号）"}, DAY).obstacles)  # fmt: skip


def test_the_number_of_a_national_document_shields_no_measure_of_the_district() -> None:
    unreviewed = {"issuing_level": "国家", "review_result": None, "review_no": None, "reviewed_date": None}
    for number in (
        "财政部 税务总局公告2023年第7号",
        "工信部联重装〔2024〕89号",
        "国务院令第722号",
        "财政部 税务总局公告2030年第7号",
    ):
        for clause in ("对实施技术改造的企业给予补助", "对入驻企业给予开办补助", "按投资额给予奖励", "研发费用补助"):
            row = {**HONEST, **unreviewed, "document_no": number, "clause_text": clause}
            assert judge(row, DAY).amount_text is None, (number, clause)


def test_no_unlawful_clause_is_recommended_in_a_clean_row() -> None:
    for clause in phrases("unlawful.csv")[::3]:
        judged = judged_as_policy(clause, DAY)
        assert judged["recommended"] is False and judged["amount_shown"] is False and judged["verdict"] != "none", (
            clause
        )


def test_lawful_clauses_are_recommended_in_a_clean_row() -> None:
    judged = [judged_as_policy(clause, DAY) for clause in phrases("lawful.csv")[::3]]
    assert all(one["recommended"] == one["amount_shown"] == (one["verdict"] == "none") for one in judged)
    assert sum(bool(one["recommended"]) for one in judged) >= 0.9 * len(judged)


def test_a_national_preference_needs_no_local_review() -> None:
    national = {
        **HONEST, "issuing_level": "国家", "document_no": "财政部 税务总局公告2023年第7号", "measure_kind": "税收", "is_tax_linked": True,
        "legal_basis": None, "review_result": None, "review_no": None, "reviewed_date": None, "clause_text": "研发费用按规定加计扣除",
        "amount_text": "100%加计扣除",
    }  # fmt: skip
    assert judge(national, DAY).amount_text == "100%加计扣除"
    # The word 国家 alone is no proof, and what a district gives is none of it.
    for game in (
        {"document_no": "云川政办〔2024〕5号"}, {"document_no": "无"}, {"clause_text": "区级企业所得税减免五年"}, {"issuing_level": "区"},
        {"review_result": "未通过"}, {"audience": "云川膜科技有限公司"}, {"clause_text": "按地方留成返还"}, {"measure_kind": "资金"},
    ):  # fmt: skip
        assert judge({**national, **game}, DAY).amount_text is None, game


def test_the_sample_has_measures_of_every_verdict_and_ten_with_amount() -> None:
    judged = {row["policy_name"]: judge(row, DAY) for row in policies_ledger(DAY).rows}
    assert {one.verdict for one in judged.values()} == {RECOMMENDED, HELD, FORBIDDEN}
    assert sum(one.amount_text is not None for one in judged.values()) >= 10
    assert judged["研发费用加计扣除政策指引（合成数据）"].verdict == RECOMMENDED
    assert judged["专精特新企业培育服务办法（合成数据）"].verdict == FORBIDDEN  # 本市注册


def test_findings_are_tables_in_which_every_row_was_looked_at() -> None:
    table = measure_obstacles([HONEST, {**HONEST, "policy_id": "Z2", "review_no": "无"}]).to_pylist()
    assert [(row["policy_id"], row["obstacle_no"]) for row in table if row["obstacle_no"] == 0] == [
        ("Z1", 0),
        ("Z2", 0),
    ]
    there = [
        row for row in table
        if row["obstacle_no"] and (row["holds_from_date"] or DAY) <= DAY <= (row["holds_until_date"] or DAY)
    ]  # fmt: skip
    assert [(row["policy_id"], row["obstacle_text"]) for row in there] == [("Z2", "没有审查意见书号")]
    texts = text_findings(["税收返还", "证照代办", "税收返还"]).to_pylist()
    assert {row["text"] for row in texts} == {"税收返还", "证照代办"}
    assert [row["verdict"] for row in texts if row["text"] == "证照代办"] == [None]
