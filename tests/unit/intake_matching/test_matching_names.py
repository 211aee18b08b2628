"""Names of firms in comparable form: what is one, what stays apart, and that doing it twice changes nothing."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.matching import names, written_form

LETTERS = "华泰建材青岛上海市（）()有限责任公司股份集团分支行办事处曾用名：简称 　ＡＢaB1·國華厂〔〕"


def core(*texts: str | None) -> list[str]:
    found: list[str] = names.take_apart(pa.array(texts, pa.string())).core_text().to_pylist()
    return found


@pytest.mark.parametrize(
    "other",
    [
        "青岛华泰建材有限责任公司", "华泰（青岛）建材有限公司", "华泰(青岛) 建材有限公司", "青岛市华泰建材", "山东省青岛市华泰建材有限公司",
        "青島華泰建材有限公司", "青岛华泰建材有线公司", "青岛华泰建材有限公同", "青岛　华泰建材（集团）股份有限公司", "山东华泰建材公司",
    ],
)  # fmt: skip
def test_one_firm_has_one_core_however_written(other: str) -> None:
    assert core("青岛华泰建材有限公司", other) == ["华泰建材"] * 2


def test_different_firms_keep_different_cores() -> None:
    found = core("华泰建材有限公司", "华泰化工有限公司", "华秦建材有限公司", "华泰建材厂", "华泰建材有限公司青岛分公司")
    assert len(set(found)) == len(found)


def test_a_firm_called_after_its_place_keeps_it() -> None:
    assert core("上海有限公司", "公司", "", None) == ["上海", "公司", "", ""]


def test_place_and_prefecture_of_a_name() -> None:
    taken = names.take_apart(
        pa.array(["昆山宏达电子有限公司", "宏达（上海）电子有限公司", "宏达电子", "山东宏达电子", "朝阳区宏达电子"])
    )
    assert taken.city.to_pylist() == ["苏州", "上海", None, None, None]
    assert taken.province.to_pylist() == ["江苏", "上海", None, "山东", None]


def test_branches_know_their_parents_name() -> None:
    texts = [
        "青岛华泰建材有限公司潍坊分公司",
        "中国工商银行股份有限公司武汉大连路支行",
        "华泰建材潍坊办事处",
        "华泰经营部",
        "华泰建材有限公司",
    ]
    taken = names.take_apart(pa.array(texts))
    assert taken.is_branch.tolist() == [True, True, True, False, False]
    assert taken.parent.to_pylist() == ["青岛华泰建材有限公司", "中国工商银行股份有限公司", None, None, None]


def test_aliases_in_brackets_are_taken_out() -> None:
    taken = names.take_apart(pa.array(["宏远化工有限公司（曾用名：大华化工有限公司）（简称：宏远）"]))
    assert taken.aliases.to_pylist() == [["大华化工有限公司", "宏远"]]
    assert taken.written.to_pylist() == ["宏远化工有限公司"]


def test_traditional_characters_are_simplified_and_letters_of_names_are_left() -> None:
    assert len(names._BRACKETS) == len(names._ROUND)
    written = {"江蘇青禾膜材料科技有限公司": "江苏青禾膜材料科技有限公司", "⻓江實業（集團）有限公司": "长江实业(集团)有限公司",
               "陸家嘴貿易有限公司": "陆家嘴贸易有限公司", "东昇伍佰贸易有限公司": "东昇伍佰贸易有限公司"}  # fmt: skip
    assert written_form(pa.array(list(written))).to_pylist() == list(written.values())


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.text(st.sampled_from(LETTERS) | st.characters(codec="utf-8"), max_size=24), min_size=40, max_size=60)
)
def test_normalising_twice_changes_nothing(texts: list[str]) -> None:
    once = written_form(pa.array(texts, pa.string()))
    assert written_form(once).to_pylist() == once.to_pylist()
