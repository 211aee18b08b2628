"""The order of a trip against every order tried out, days filled by hand, and texts that must be stopped."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.promises import STOP, in_words, is_stopped, red_flags, scan
from desk.trips import City, TripSettings, best_order, cities, distance_km, plan_trip, read_trip_settings, way_km

DAY = dt.date(2026, 6, 30)
NAMES = sorted(cities())
RULES = TripSettings("济南市", visits_a_day=2, long_move_km=300, visited_within_days=30, most_days=14, regions=())


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True), st.sampled_from(NAMES))
def test_the_way_is_the_shortest_of_all_orders(names: list[str], start: str) -> None:
    stops = [cities()[name] for name in names]
    home = cities()[start]
    shortest = min(way_km(home, list(order)) for order in itertools.permutations(stops))
    found = best_order(home, stops)
    assert sorted(c.name for c in found) == sorted(names)
    assert way_km(home, found) == pytest.approx(shortest)
    assert found == best_order(home, stops[::-1])


def test_seven_stops_are_ordered_as_the_best_of_5040_ways() -> None:
    home = cities()["济南市"]
    stops = [cities()[n] for n in ("北京市", "天津市", "上海市", "苏州市", "杭州市", "合肥市", "广州市")]
    shortest = min(way_km(home, order) for order in itertools.permutations(stops))
    assert way_km(home, best_order(home, stops)) == pytest.approx(shortest)


def test_many_stops_are_each_visited_once_and_no_two_roads_cross_for_nothing() -> None:
    stops = [cities()[name] for name in NAMES[::14]]
    found = best_order(cities()["济南市"], stops)
    assert len(found) == len(stops) > 20 and set(found) == set(stops)
    assert way_km(cities()["济南市"], found) < 0.6 * way_km(cities()["济南市"], stops)


def test_distances_are_those_of_the_map() -> None:
    assert distance_km(cities()["北京市"], cities()["天津市"]) == pytest.approx(113, abs=5)
    assert distance_km(cities()["广州市"], cities()["深圳市"]) == pytest.approx(105, abs=5)
    assert {c.region for c in cities().values()} == {"", "京津", "长三角", "珠三角"}


def target(key: str, city: str, score: float) -> dict[str, object]:
    return {"target_key": key, "city_name": city, "score": score}


def test_days_are_filled_city_by_city_and_the_worst_are_left_out() -> None:
    # On one line, a degree of latitude (111 km) apart; 远 lies 1,000 km on.
    places = {n: City(n, "", "", 117.0, 30.0 + k) for n, k in (("家", 0), ("近", 1), ("中", 2), ("远", 11))}
    targets = [
        target("a", "近", 90), target("b", "近", 80), target("c", "中", 70), target("d", "远", 60), target("e", "近", 10),
        target("f", "不在表中", 99),
    ]  # fmt: skip
    plan = plan_trip(targets, DAY, 2, places["家"], RULES, places)
    assert [(s.day, s.city, [v["target_key"] for v in s.visits]) for s in plan.stops] == [
        (DAY, "近", ["a", "b"]),
        (DAY + dt.timedelta(days=1), "中", ["c"]),
    ]  # 远 would cost half a day more than there is: it is left out, and so is the worst
    assert (plan.visited, plan.left_out) == (3, 2)
    assert plan.distance_km == pytest.approx(4 * 111.2, rel=0.01)
    assert plan_trip([], DAY, 3, places["家"], RULES, places).stops == ()


def test_settings_of_trips_are_checked() -> None:
    with pytest.raises(ValueError, match=r"visits_a_day.*start_city"):
        read_trip_settings({"visits_a_day": 0, "start_city": "无此市"}, cities())


# --- promises ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "stopped"),
    [
        ("对企业上缴税收实行先征后返", "先征后返", True),
        ("增值税即征　即退", "即征即退", True),
        ("按地方留成部分给予扶持", "地方留成", False),
        ("企业缴纳税收的50%予以返还", "税收返还或挂钩", True),
        ("工业用地零地价供应", "零地价或优惠地价", True),
        ("企业须承诺五年内不迁出本区", "承诺不迁出", True),
        ("按纳税额给予奖励", "按纳税额奖励", True),
        ("按一事一议方式研究", "一事一议", False),
        ("基金承诺年化收益8%，本金不受损失", "保底收益", True),
    ],
)
def test_a_text_is_found_with_its_article(text: str, name: str, stopped: bool) -> None:
    hits = scan(text, DAY)
    (hit,) = [h for h in hits if h.flag.name == name]
    assert hit.flag.article and hit.found
    assert is_stopped(hits) is stopped
    words = in_words(hits)
    assert hit.flag.article in words and "命中不等于违法" in words
    assert words.startswith("含须停止的内容，不得承诺" if stopped else "需送公平竞争审查")


def test_a_package_of_services_is_let_through_but_not_called_lawful() -> None:
    hits = scan("提供证照代办、用工对接，协助申报国家高新技术企业", DAY)
    assert hits == () and "未命中也不等于合规" in in_words(hits)


def test_a_rule_counts_from_its_day_on() -> None:
    assert scan("先征后返", dt.date(2024, 8, 1)) == ()
    assert is_stopped(scan("先征后返", dt.date(2024, 8, 2)))


@given(
    st.text(max_size=30), st.sampled_from([f for f in red_flags() if f.action == STOP and "|" not in f.pattern.pattern])
)
def test_a_stopped_word_is_found_inside_any_text(around: str, flag: object) -> None:
    word = flag.name  # type: ignore[attr-defined]
    assert is_stopped(scan(f"{around}\n{' '.join(word)}\n{around}", DAY))
