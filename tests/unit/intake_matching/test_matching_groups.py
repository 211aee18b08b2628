"""Which rows become one enterprise: codes, names, branches, decisions, in any order of the rows."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_tables import CODES, ids, matched, parts, row, table

from intake.matching import match_file
from intake.matching.decisions import Decision
from sample import write_sample

BRANDS = ("华泰", "华秦", "宏远", "金鼎")
PLACES = ("青岛", "济南", "")
TRADES = ("建材", "化工")
SUFFIXES = ("有限公司", "有限责任公司", "", "有限公司潍坊分公司")


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = []
    for number in range(draw(st.integers(2, 12))):
        place = draw(st.sampled_from(PLACES))
        name = place + draw(st.sampled_from(BRANDS)) + draw(st.sampled_from(TRADES)) + draw(st.sampled_from(SUFFIXES))
        rows.append(
            row(
                f"r{number:02d}",
                name,
                uscc=draw(st.sampled_from([None, None, *CODES[:3]])),
                city=draw(st.sampled_from(["青岛", "济南市", None])),
                legal_person=draw(st.sampled_from(["赵甲", "钱乙", None])),
                phone=draw(st.sampled_from(["13900000001", "13900000002", None])),
            )
        )
    return table(*rows)


@settings(max_examples=12, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: pa.Table, random: st.DataObject) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert matched(rows).table.equals(matched(rows.take(pa.array(order))).table)


@settings(max_examples=12, deadline=None)
@given(tables())
def test_two_codes_never_share_an_enterprise(rows: pa.Table) -> None:
    found = ids(matched(rows))
    codes: dict[str, set[str]] = {}
    for record, code in zip(rows["record_id"].to_pylist(), rows["uscc"].to_pylist(), strict=True):
        if code:
            codes.setdefault(found[record], set()).add(code)
    assert all(len(held) == 1 for held in codes.values())


@settings(max_examples=12, deadline=None)
@given(tables())
def test_a_branch_never_shares_an_enterprise_with_a_firm(rows: pa.Table) -> None:
    found = ids(matched(rows))
    branch = dict(zip(rows["record_id"].to_pylist(), pc.ends_with(rows["name"], "分公司").to_pylist(), strict=True))
    held: dict[str, set[bool]] = {}
    for record, enterprise in found.items():
        held.setdefault(enterprise, set()).add(branch[record])
    assert all(len(kinds) == 1 for kinds in held.values())


@settings(max_examples=8, deadline=None)
@given(tables(), st.booleans())
def test_decisions_win_and_undoing_them_restores(rows: pa.Table, is_same: bool) -> None:
    before = matched(rows)
    decision = Decision("2026-05-01", "r00", "r01", is_same)
    decided = matched(rows, before, [decision])
    assert (ids(decided)["r00"] == ids(decided)["r01"]) == is_same
    again = matched(rows, decided)
    assert ids(again) == ids(before)
    against = matched(rows, decided, [decision, Decision("2026-05-02", "r01", "r00", not is_same)])
    assert (ids(against)["r00"] == ids(against)["r01"]) != is_same


def test_spellings_of_one_firm_are_one_enterprise_and_each_row_says_why() -> None:
    found = matched(
        table(
            row("a", "青岛华泰建材有限公司", uscc=CODES[0], city="青岛"),
            row("b", "华泰（青岛）建材有限责任公司", city="青岛市"),
            row("c", "华泰建材股份有限公司", uscc=CODES[0]),
            row("d", "济南华泰建材有限公司", city="济南"),
            row("e", "大华化工有限公司", city="济南"),
            row("f", "宏远化工有限公司", city="济南", aliases="大华化工有限公司、宏远"),
        )
    )
    assert parts(found) == {frozenset("abc"), frozenset("d"), frozenset("ef")}
    why = dict(zip(found.table["record_id"].to_pylist(), found.table["why"].to_pylist(), strict=True))
    assert why["c"] == "统一社会信用代码相同"
    assert why["b"] == "核心名称和城市相同"
    assert why["d"] == "没有相同的企业"
    assert why["e"].startswith("曾用名或简称相同")


def test_branches_are_linked_to_their_parent_not_merged() -> None:
    found = matched(
        table(
            row("a", "青岛华泰建材有限公司", uscc=CODES[0], city="青岛"),
            row("b", "青岛华泰建材有限公司潍坊分公司", uscc=CODES[1], city="潍坊"),
            row("c", "华泰建材有限公司烟台办事处", city="烟台"),
            row("d", "无此公司有限公司烟台分公司", city="烟台"),
        )
    )
    assert len(parts(found)) == 4
    parent = dict(zip("abcd", found.table["parent_enterprise_id"].to_pylist(), strict=True))
    assert parent == {"a": None, "b": ids(found)["a"], "c": ids(found)["a"], "d": None}


def test_a_row_that_fits_two_codes_is_left_to_people() -> None:
    found = matched(
        table(
            row("a", "青岛华泰建材有限公司", uscc=CODES[0], city="青岛"),
            row("b", "青岛华泰建材有限公司", uscc=CODES[1], city="青岛"),
            row("c", "青岛华泰建材有限公司", city="青岛"),
        )
    )
    assert len(parts(found)) == 3
    assert found.table["why"].to_pylist()[2] == "与多家企业相近，待人工核对"


def test_words_that_contradict_each_other_are_told() -> None:
    rows = table(row("a", "甲乙丙建材"), row("b", "丁戊己化工"), row("c", "庚辛壬纺织"))
    words = [
        Decision("2026-05-01", "a", "b", True),
        Decision("2026-05-02", "b", "c", True),
        Decision("2026-05-03", "a", "c", False),
    ]
    found = matched(rows, None, words)
    assert parts(found) == {frozenset("ab"), frozenset("c")}
    assert [warning for warning in found.warnings if "互相矛盾" in warning]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("district")
    write_sample(out=out, leads=1500, register=3000, seed=7)
    return out


def test_agrees_with_the_fictional_district(district: Path) -> None:
    """Floors under what was measured: precision 1.0000, recall 1.0000."""
    leads = pq.read_table(district / "truth" / "leads.parquet")
    register = pq.read_table(district / "register.parquet")
    lead_rows = pa.table(
        {
            "record_id": leads["lead_id"],
            "name": leads["written_name"],
            "uscc": pc.if_else(leads["is_code_written"], leads["uscc"], pa.scalar(None, pa.string())),
            "city": leads["origin_name"],
        }
    )
    register_rows = pa.table(
        {
            "record_id": pa.array([f"M{at:06d}" for at in range(len(register))]),
            "name": register["企业名称"],
            "uscc": register["统一社会信用代码"],
            "city": register["城市"],
        }
    )
    found = ids(matched(pa.concat_tables([lead_rows, register_rows])))
    real = dict(zip(leads["lead_id"].to_pylist(), leads["enterprise_id"].to_pylist(), strict=True))
    real |= {f"M{at:06d}": at for at in range(len(register))}
    right = count_pairs([f"{found[record]} {real[record]}" for record in found])
    precision, recall = right / count_pairs(list(found.values())), right / count_pairs(list(real.values()))
    assert precision >= 0.98 and recall >= 0.98
    pairs = pq.read_table(district / "truth" / "same_firm.parquet").to_pylist()
    assert sum(found[p["lead_id"]] == found[p["other_lead_id"]] for p in pairs) >= 0.98 * len(pairs)


def count_pairs(keys: list[object]) -> int:
    counts: dict[object, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return sum(count * (count - 1) // 2 for count in counts.values())


def test_the_same_rows_give_the_same_bytes_and_nothing_personal(tmp_path: Path) -> None:
    rows = table(
        row(
            "a",
            "青岛华泰建材有限公司",
            city="青岛",
            legal_person="欧阳示例",
            phone="13912345678",
            address="青岛市虚构大道88号",
        ),
        row("b", "华泰建材（青岛）", city="青岛", legal_person="欧阳示例", phone="13912345678", address="虚构大道88号"),
        row("c", "宏远化工有限公司", city="济南", legal_person="司马样本", phone="0532-87654321"),
    )
    digests = set()
    for number, order in enumerate(([0, 1, 2], [2, 0, 1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        pq.write_table(rows.take(pa.array(order)), folder / "in.parquet")
        match_file(folder / "in.parquet", folder / "out.parquet", folder / "编号.parquet")
        written = [folder / name for name in ("out.parquet", "编号.parquet", "编号.events.parquet")]
        digests.add(tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in written))
        told = "".join(str(pq.read_table(path).to_pylist()) for path in written)
        assert not any(secret in told for secret in ("欧阳", "司马", "139123", "8765", "虚构大道"))
    assert len(digests) == 1
