"""Places and zones at the start of a name: in any order and form they are places, and never the firm's own name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_tables import matched, parts, row, table

from intake.matching import names
from intake.matching.places import OWN_ZONE, places, zones

BRANDS = ("美宏", "隆威", "鼎盛恒", "博远")
TRADES = ("信息技术", "餐饮管理", "精密制造", "水处理设备")
CITIES = ("天津", "天津市", "青岛", "青岛市", "山东省青岛市", "浙江余姚", "宁波市鄞州区", "苏州昆山", "江苏省")
GENERAL = tuple(zone for zone in zones() if zone.takes != OWN_ZONE)


def core(*texts: str) -> list[str]:
    found: list[str] = names.take_apart(pa.array(texts)).core_text().to_pylist()
    return found


@pytest.mark.parametrize("zone", GENERAL, ids=lambda zone: zone.written)
def test_every_zone_behind_every_place_is_a_place(zone: object) -> None:
    written = zone.written  # type: ignore[attr-defined]
    texts = [f"{city}{written}美宏信息技术有限公司" for city in CITIES]
    assert set(core(*texts)) == {"美宏信息技术"}, core(*texts)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CITIES), st.sampled_from(GENERAL), st.sampled_from(("", "大榭", "外高桥", "杨家杖子")),
    st.sampled_from(BRANDS), st.sampled_from(TRADES), st.sampled_from(("before", "after", "inside", "full width")),
)  # fmt: skip
def test_one_firm_has_one_core_wherever_its_places_stand(
    city: str, zone: object, own: str, brand: str, trade: str, where: str
) -> None:
    written = (own if zone.takes == "是" else "") + zone.written  # type: ignore[attr-defined]
    text = {
        "before": f"{written}{city}{brand}{trade}有限公司",
        "after": f"{city}{written}{brand}{trade}有限责任公司",
        "inside": f"{brand}（{city}{written}）{trade}有限公司",
        "full width": f"{city}　{written}　{brand}{trade}有限公司",
    }[where]
    taken = names.take_apart(pa.array([text, f"{city}{brand}{trade}有限公司"]))
    assert taken.core_text().to_pylist() == [brand + trade] * 2
    assert taken.city.to_pylist()[0] == taken.city.to_pylist()[1]
    assert taken.zone[0] > 0 and taken.zone[1] == 0 and (taken.zone_own[0] > 0) == (written != zone.written)  # type: ignore[attr-defined]
    assert taken.county[0] == taken.county[1]


def test_full_and_short_forms_of_a_zone_are_one_place_and_two_zones_are_two() -> None:
    for name in {zone.name for zone in GENERAL}:
        texts = [f"青岛{zone.written}美宏信息技术有限公司" for zone in GENERAL if zone.name == name]
        assert len(set(names.take_apart(pa.array(texts)).zone.tolist())) == 1, texts
    one_of_each = [f"青岛{name}美宏有限公司" for name in sorted({zone.name for zone in GENERAL})]
    assert len(set(names.take_apart(pa.array(one_of_each)).zone.tolist())) == len(one_of_each)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(CITIES[:4]), st.sampled_from(GENERAL), st.data())
def test_firms_of_one_zone_are_strangers_and_spellings_of_one_are_not(
    city: str, zone: object, data: st.DataObject
) -> None:
    written, name = zone.written, zone.name  # type: ignore[attr-defined]
    short = data.draw(st.sampled_from([z.written for z in GENERAL if z.name == name]))
    found = matched(
        table(
            row("a", f"{city}{written}美宏信息技术有限公司"),
            row("b", f"{city}{written}隆威餐饮管理有限公司"),
            row("c", f"{city}{short}美宏信息技术有限责任公司"),
            row("d", f"{city}{written}有限公司"),
        )
    )
    assert parts(found) == {frozenset("ac"), frozenset("b"), frozenset("d")}


@pytest.mark.parametrize(
    ("text", "wanted", "city"),
    [
        ("天津港保税区裕丰商贸有限公司", "裕丰商贸", "天津"),
        ("天津市武清开发区腾龙印业有限公司", "腾龙印业", "天津"),
        ("宁波杭州湾新区新和成纺织品有限公司", "新和成纺织品", "宁波"),
        ("宁波鄞州华泰电器有限公司", "华泰电器", "宁波"),
        ("上海浦东华泰电器有限公司", "华泰电器", "上海"),
        ("北京朝阳华泰电器有限公司", "华泰电器", "北京"),
        ("武汉东湖新技术开发区华泰电器有限公司", "华泰电器", "武汉"),
        ("天津开发区有限公司", "开发区", "天津"),
        ("北京市保安服务总公司经济技术开发区分公司", "保安服务经济技术开发区分公司", "北京"),
    ],
)
def test_names_as_registered(text: str, wanted: str, city: str) -> None:
    taken = names.take_apart(pa.array([text]))
    assert (taken.core_text().to_pylist(), taken.city.to_pylist()) == ([wanted], [city])


def test_no_own_name_of_a_real_register_begins_with_a_place(reference_data: Path) -> None:
    """Only where nothing else is left of a name: 天津港集团, 武汉隆昌集团."""
    table_ = pq.read_table(
        reference_data / "enterprises" / "cn_registry_sample20k.parquet", columns=["name", "uscc_valid"]
    )
    texts = table_.filter(pc.field("uscc_valid"))["name"].combine_chunks()
    words = {*places(), *(zone.written for zone in zones())}
    longest = max(map(len, words))
    taken = names.take_apart(texts)
    begins = [
        (name, own)
        for name, own in zip(texts.to_pylist(), taken.core_text().to_pylist(), strict=True)
        if any(own[:size] in words for size in range(2, longest + 1))
    ]
    assert len(begins) <= len(texts) // 2000, begins
