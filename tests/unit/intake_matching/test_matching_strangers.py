"""Strangers stay strangers: firms that all differ are not joined, whatever weights EM finds without codes."""

from __future__ import annotations

import collections
import itertools
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matching_tables import CODES, matched, parts, row, table

from intake.matching.comparison import LEVELS, SHAPE
from intake.matching.grouping import BY_SCORE, Edges, grouped, overgrown
from intake.matching.records import checked, prepared
from intake.matching.run import match
from intake.matching.trust import judged
from intake.matching.weights import learned
from orchestration.command_line import main
from sample.enterprises import credit_codes

LETTERS = "华恒鑫瑞金盛宏天泰永安中新东海通利达丰源德广力龙润"
TRADES = ("电器", "电机", "电子", "机械", "模具", "塑料", "五金", "贸易", "商贸", "工贸", "建材", "服饰")
PLACES = ("余姚市", "慈溪市", "宁波市", "宁波市鄞州区", "宁波市北仑区", "宁波高新区", "宁波经济技术开发区")


def strangers(count: int, seed: int, *columns: str) -> pa.Table:
    """Draw firms of one prefecture that all differ: no two have one name at one place. Person and phone are all different."""
    random = np.random.default_rng(seed)
    names = ["".join(name) for name in itertools.product(PLACES, LETTERS, LETTERS, TRADES)]
    drawn = random.choice(names, count, replace=False).tolist()
    known = {
        "city": ["宁波"] * count,
        "legal_person": [f"甲{at}" for at in range(count)],
        "phone": [f"139{at:08d}" for at in range(count)],
        "address": [f"长江路{at}号" for at in range(count)],
    }
    chosen = {name: pa.array(known[name]) for name in columns}
    return pa.table(
        {"record_id": [f"{at:06d}" for at in range(count)], "name": [f"{n}有限公司" for n in drawn], **chosen}
    )


def assert_strangers(ids: list[str], most_merged: float) -> None:
    sizes = collections.Counter(ids)
    merged = 1 - len(sizes) / len(ids)
    assert max(sizes.values()) <= 5 and merged < most_merged, (max(sizes.values()), merged)


@pytest.mark.parametrize(
    "columns",
    [(), ("city",), ("city", "address"), ("city", "legal_person"), ("city", "legal_person", "phone", "address")],
)
def test_strangers_without_codes_are_not_joined(columns: tuple[str, ...]) -> None:
    found = match(checked(strangers(6000, 3, *columns), "表"))
    assert_strangers(found.table["enterprise_id"].to_pylist(), 0.005)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_few_codes_of_strangers_teach_no_merge(share: float) -> None:
    rows = strangers(6000, 4, "city")
    codes = credit_codes(np.full(6000, 33), np.zeros(6000, dtype=bool), np.random.default_rng(2)).to_pylist()
    has = np.random.default_rng(5).random(6000) < share
    rows = rows.append_column(
        "uscc", pa.array([c if h else None for c, h in zip(codes, has, strict=True)], pa.string())
    )
    assert_strangers(match(checked(rows, "表")).table["enterprise_id"].to_pylist(), 0.005)


def test_the_command_says_that_weights_were_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(strangers(3000, 6, "city"), tmp_path / "in.parquet")
    assert main(["match", str(tmp_path / "in.parquet"), "--out", str(tmp_path / "out.parquet")]) == 0
    said = capsys.readouterr()
    assert "只按信用代码、全称加地点归并" in said.out and "提醒：" in said.err
    assert "3,000 家企业" in said.out


def test_without_weights_one_whole_name_at_one_place_is_one_firm() -> None:
    others = strangers(3000, 7, "city").to_pylist()
    rows = [
        row("a", "青岛华泰建材有限公司", city="青岛"),
        row("b", "华泰（青岛）建材有限责任公司", city="青岛市"),
        row("c", "华泰建材有限公司", city="青岛"),
        row("d", "山东华泰建材有限公司", city="青岛"),
        row("e", "青岛市黄岛区华泰建材有限公司", city="青岛"),
        row("f", "青岛高新区华泰建材有限公司", city="青岛"),
        row("g", "青岛高新技术产业开发区华泰建材有限公司", city="青岛"),
        row("h", "青岛华泰建材（二分店）", city="青岛"),
        row("i", "青岛华泰建材股份有限公司", city="青岛"),
        row("j", "新名科技有限公司", city="济南", aliases="老名纺织有限公司"),
        row("k", "老名纺织有限公司", city="济南"),
        row("l", "隆源绿能科技股份有限公司"),
        row("m", "隆源绿能科技股份有限公司"),
    ]
    groups = parts(matched(table(*rows, *others)))
    assert {group for group in groups if len(group) > 1} == {frozenset(g) for g in ("abc", "fg", "jk", "lm")}


def test_a_lead_finds_the_one_firm_of_its_core_in_the_register_without_weights() -> None:
    firms = [
        row(f"R{at}", name, uscc=CODES[at], city="宁波")
        for at, name in enumerate(("余姚市三和电器有限公司", "慈溪市中星电器有限公司", "宁波市金达电机有限公司"))
    ]
    rows = table(*firms, row("L1", "三和电器"), row("L2", "三星电器"), row("L3", "杭州中星电器有限公司"))
    keys = pa.array([r["uscc"] if r["record_id"].startswith("R") else None for r in rows.to_pylist()], pa.string())
    found = match(checked(rows.append_column("register_key", keys), "表"))
    assert parts(found) == {
        frozenset({"L1", "R0"}),
        frozenset({"L2"}),
        frozenset({"L3"}),
        frozenset({"R1"}),
        frozenset({"R2"}),
    }
    assert found.table["why"].to_pylist()[0] == "名录中唯一核心名称相同"


def test_kept_weights_join_only_with_a_person_a_phone_or_a_door_beside_the_name() -> None:
    size = int(np.prod(SHAPE))
    pairs = np.ones(size)
    log_odds, weights = learned(np.zeros(size), np.zeros(size), pairs)
    trust = judged(log_odds, weights, np.zeros(size), np.zeros(size), pairs)
    levels = dict(zip(LEVELS, np.unravel_index(np.arange(size), SHAPE), strict=True))
    agrees = (levels["person"] >= 2) | (levels["phone"] >= 2) | (levels["address"] == 3)
    assert not trust.vouched.any() and not trust.objections
    assert not trust.allowed[~agrees].any() and trust.allowed[agrees & (levels["name"] > 1)].all()
    assert not trust.allowed[levels["name"] == 1].any()  # two firms of one brand share all three


def test_known_strangers_that_would_be_joined_refuse_the_weights_of_their_stratum() -> None:
    size = int(np.prod(SHAPE))
    levels = dict(zip(LEVELS, np.unravel_index(np.arange(size), SHAPE), strict=True))
    inside = (levels["name"] == 4) & (levels["person"] == 3)
    joins = inside & (np.arange(size) % 2 == 0)
    log_odds = np.where(joins, 6.0, -2.0)
    open_pairs = np.where(inside, 40.0, 0.0)
    none = np.zeros(size)
    weights = learned(none, none, open_pairs)[1]
    for strangers_, is_refused in ((joins, True), (inside & ~joins, False)):
        trust = judged(log_odds, weights, none, np.where(strangers_, 100.0, 0.0), open_pairs)
        assert bool(trust.objections) == is_refused == (not trust.allowed[inside].any())
        assert not trust.vouched.any()  # strangers alone vouch for nothing: pairs of one firm have to be known too


def _firms_of(data: Path, city: str, columns: str) -> pa.Table:
    """Read the real firms of a city, all different: one row a code and a name."""
    source = data / "enterprises" / "cn_registry_1978_2004_core.parquet"
    return duckdb.execute(
        f"""
        with firms as (
            select uscc as record_id, name, city from '{source}' where uscc_valid and city = ?
            qualify row_number() over (partition by uscc order by name) = 1
        )
        select record_id, {columns} from firms
        qualify row_number() over (partition by name order by record_id) = 1
        order by record_id
        """,
        [city],
    ).to_arrow_table()


@pytest.mark.parametrize(
    ("city", "columns"),
    [("宁波", "name, city"), ("台州", "name"), ("滨海", "name, city"), ("黔东南", "name, city"), ("洛阳", "name")],
)
def test_real_firms_of_a_city_are_not_joined(reference_data: Path, tmp_path: Path, city: str, columns: str) -> None:
    pq.write_table(_firms_of(reference_data, city, columns), tmp_path / "in.parquet")
    assert main(["match", str(tmp_path / "in.parquet"), "--out", str(tmp_path / "out.parquet")]) == 0
    assert_strangers(pq.read_table(tmp_path / "out.parquet")["enterprise_id"].to_pylist(), 0.005)


@pytest.mark.parametrize(("count", "weight", "is_broken"), [(7, 0.0, True), (4, -9.0, True), (4, 0.0, False)])
def test_a_chain_of_scores_is_broken_where_it_is_long_or_its_ends_are_no_match(
    count: int, weight: float, is_broken: bool
) -> None:
    names = [f"青岛{LETTERS[at]}{LETTERS[at + 1]}泰建材有限公司" for at in range(count)]
    records = prepared(checked(table(*(row(str(at), name) for at, name in enumerate(names))), "表"))
    one = np.arange(count - 1)
    kind = np.full(count - 1, BY_SCORE, dtype=np.int8)
    groups = grouped(count, records.code, Edges(one, one + 1, np.full(count - 1, 2.0), kind, one), [])
    assert len(set(groups.label.tolist())) == 1
    assert overgrown(records, groups, np.full(int(np.prod(SHAPE)), weight)).tolist() == [is_broken]
