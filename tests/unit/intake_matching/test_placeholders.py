"""Placeholder names (待定, 保密, XX公司 …): no enterprise, never the same, never in the way of a first report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_tables import CODES, ids, matched, parts, row, table
from test_leads_and_register import FIRMS, found

from intake.matching.placeholders import names_a_firm, placeholders
from models.ownership import first_reports

STATES = (
    "待定",
    "未定",
    "待确定",
    "未知",
    "保密",
    "暂定名",
    "拟注册",
    "拟新设",
    "新设",
    "待注册",
    "暂未确定",
    "尚未注册",
    "筹建中",
    "不详",
)
ANYBODY = (
    "外地客商",
    "客商",
    "个人",
    "自然人",
    "投资方",
    "项目公司",
    "新公司",
    "上市公司",
    "央企",
    "世界500强",
    "个体工商户",
)
MASKS = ("某", "某某", "XX", "xx", "ＸＸ", "×××", "××", "***", "○○", "□□", "？？", "＿＿＿")
TRADES = ("", "科技", "新能源", "新材料", "生物医药")
STROKES = ("／", "/", "－", "-", "——", "…", "、", "\\", "*", "无", "空", "0", "1", "N/A", "null", "", "  ", None)
SURNAMES = ("王", "李", "欧阳")


@st.composite
def placeholder(draw: st.DrawFn) -> str:
    """Draw a placeholder as an office would write it."""
    kind = draw(st.sampled_from(("state", "anybody", "mask", "person", "place", "letter")))
    place = draw(st.sampled_from(("", "浙江", "上海", "青岛市", "香港", "外地")))
    if kind == "state":
        noun = draw(st.sampled_from(("", "企业", "公司", "项目公司", "单位", "投资方")))
        text = (
            draw(st.sampled_from(STATES)) + (draw(st.sampled_from(TRADES)) if noun in ("公司", "企业") else "") + noun
        )
        text = draw(st.sampled_from(("", "企业名称", "公司"))) + text if noun == "" else text
    elif kind == "anybody":
        text = place + draw(st.sampled_from(ANYBODY))
    elif kind == "mask":
        ends = draw(st.sampled_from(("公司", "有限公司", "企业", "集团", "股份有限公司")))
        text = place + draw(st.sampled_from(MASKS)) + draw(st.sampled_from(TRADES)) + ends
    elif kind == "person":
        text = draw(st.sampled_from(SURNAMES)) + draw(st.sampled_from(("先生", "女士", "总", "老板", "某", "某某")))
    elif kind == "place":
        text = draw(st.sampled_from(("浙江", "外地", "香港", "日本", "省外"))) + draw(
            st.sampled_from(("企业", "客商", "老板"))
        )
    else:
        text = draw(st.sampled_from("ABX甲乙")) + draw(st.sampled_from(("公司", "企业")))
    text += draw(st.sampled_from(("", "", "1", "2", "（浙江客商）"))) if kind in ("state", "anybody") else ""
    return draw(st.sampled_from(("{}", "（{}）", "【{}】", "“{}”", " {} ", "{}。", "{}！"))).format(text)


@settings(max_examples=300, deadline=None)
@given(placeholder())
def test_placeholders_name_no_firm(text: str) -> None:
    assert not names_a_firm(text)


@pytest.mark.parametrize("text", STROKES)
def test_strokes_and_blanks_name_no_firm(text: str | None) -> None:
    assert not names_a_firm(text) and placeholders(pa.array([text], pa.string())).all()


@pytest.mark.parametrize(
    "text",
    [
        "青岛华泰建材有限公司", "上海有限公司", "华为", "小米", "未来建设集团有限公司", "未名生物医药有限公司", "北京李先生加州牛肉面大王有限公司",
        "西宁惠客商贸有限责任公司", "北京金天城保密技术有限公司", "上海鼎新设备安装有限公司", "太原化肥厂三新公司", "浙江老板娘食品集团有限公司",
        "哈尔滨北江制药设备有限公司*", "MAXX科技有限公司", "上海X射线仪器有限公司", "一○一厂", "山东投资公司", "天津市北海公司", "大理市建设投资公司",
        "青岛华泰新能源有限公司（暂定名）", "青岛华泰新能源有限公司（筹）", "拟注册华泰新能源有限公司", "华泰集团拟新设公司", "3M中国有限公司",
    ],
)  # fmt: skip
def test_names_that_say_more_are_firms(text: str) -> None:
    assert names_a_firm(text) and not placeholders(pa.array([text])).any()


@settings(max_examples=12, deadline=None)
@given(st.lists(placeholder(), min_size=2, max_size=8), st.booleans())
def test_placeholders_never_meet_whatever_stands_beside_them(texts: list[str], is_attributed: bool) -> None:
    beside = {"city": "青岛", "phone": "13900000001", "legal_person": "赵甲", "address": "青岛市长江路1号"}
    rows = [row(f"{at:02d}", text, **(beside if is_attributed else {})) for at, text in enumerate([*texts, *texts])]
    found_ = matched(table(*rows, row("x", "青岛华泰建材有限公司", aliases=texts[0], **beside)))
    assert len(parts(found_)) == len(rows) + 1
    assert found_.table["why"].to_pylist()[: len(rows)] == ["名称只是占位，不算企业"] * len(rows)
    assert f"1 家企业，0 行是有总公司的分支机构；{len(rows)} 行名称只是占位、不算企业" in found_.summary()


def test_a_code_speaks_for_a_row_without_a_name() -> None:
    found_ = matched(
        table(row("a", "待定", uscc=CODES[0]), row("b", "青岛华泰建材有限公司", uscc=CODES[0]), row("c", "待定"))
    )
    assert parts(found_) == {frozenset("ab"), frozenset("c")}


@settings(max_examples=5, deadline=None)
@given(st.lists(placeholder(), min_size=1, max_size=4))
def test_first_reports_are_not_refused_for_a_placeholder(texts: list[str]) -> None:
    names = [*texts, *texts]
    enterprises = ids(matched(table(*(row(f"X{at}", text) for at, text in enumerate(names)))))
    leads = pa.table(
        {
            "lead_id": list(enterprises), "enterprise_id": list(enterprises.values()), "project_key": ["同名项目"] * len(names),
            "unit_name": [f"{at}镇" for at in range(len(names))],
            "reported_date": [dt.date(2026, 1, 1) + dt.timedelta(days=at) for at in range(len(names))],
        }
    )  # fmt: skip
    none = pa.table({"lead_id": pa.nulls(0, pa.string()), "progress_date": pa.nulls(0, pa.date32())})
    moved = none.rename_columns(["lead_id", "transfer_date"]).append_column("to_unit", pa.nulls(0, pa.string()))
    assert set(first_reports(leads, none, moved, 180)["verdict"].to_pylist()) == {"首报有效"}


def test_leads_without_a_name_find_no_firm_and_not_each_other(tmp_path: Path) -> None:
    texts = ("待定", "待定", "保密", "拟新设公司", "拟新设公司", "某公司", "无")
    firms = [*FIRMS, ("待定企业公司", CODES[20], None), ("拟新设公司", CODES[21], None)]
    rows = found(tmp_path, [(f"X{at}", text, None) for at, text in enumerate(texts)], firms)
    assert len({line["enterprise_id"] for line in rows.values()}) == len(texts)
    assert {line["register_key"] for line in rows.values()} == {None}


def test_real_names_are_no_placeholders(reference_data: Path) -> None:
    """Measured: of 1,103,318 real names none is taken for a placeholder."""
    source = reference_data / "enterprises" / "cn_registry_1978_2004_core.parquet"
    real = pq.read_table(source, columns=["name", "uscc_valid"], filters=pc.field("uscc_valid"))[
        "name"
    ].combine_chunks()
    taken = real.filter(pa.array(placeholders(real))).to_pylist()
    assert len(taken) <= 20, taken
