"""The order of a trip against every order tried out, days filled by hand, and what the command says of a promise."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.command_line import main
from publishing.trips import City, TripSettings, best_order, cities, distance_km, plan_trip, read_trip_settings, way_km

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


def scanned(path: Path, *more: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["scan", str(path), "--day", "2026-06-30", *more])
    told = capsys.readouterr()
    return code, told.out or told.err


def test_a_text_is_told_with_its_articles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("按企业对区级财力贡献的50%给予扶持", encoding="utf-8")
    code, words = scanned(path, capsys=capsys)
    assert code == 1 and words.startswith("含须停止的内容，不得承诺")
    assert "公平竞争审查条例第十条" in words and "命中不等于违法" in words
    path.write_text("证照代办", encoding="utf-8")
    code, words = scanned(path, capsys=capsys)
    assert code == 0 and words.startswith("未发现，仍须公平竞争审查") and "未命中也不等于合规" in words


def test_a_file_is_judged_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.txt"
    lines = ["税 收\u2028返 还", "", "给予300万元", "对实施技术改造的企业按设备投资的10%给予补助"]
    path.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
    code, out = scanned(path, "--json", capsys=capsys)
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [row["line"] for row in found] == [1, 3, 4]
    assert [row["verdict"] for row in found] == ["stop", "review", "none"]
    assert (
        found[0]["kinds"] == ["税收挂钩"]
        and found[0]["articles"]
        and set(found[0]) == {"line", "verdict", "kinds", "articles"}
    )
    _, out = scanned(path, "--as-policy", capsys=capsys)
    found = [json.loads(line) for line in out.splitlines()]
    assert [(row["verdict"], row["recommended"], row["amount_shown"]) for row in found] == [
        ("stop", False, False), ("review", False, False), ("none", True, True),
    ]  # fmt: skip


def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.txt"
    assert scanned(path, "--json", capsys=capsys) == (2, f"错误：{path}：打不开，请核对文件名\n")
    path.write_bytes("税收返还".encode("gbk"))
    assert scanned(path, capsys=capsys) == (2, f"错误：{path}：不是 UTF-8 文本，请另存为 UTF-8 再审查\n")
