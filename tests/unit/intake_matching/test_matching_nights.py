"""Ids over nights: they stay when rows come and go; merges and splits are logged."""

from __future__ import annotations

from matching_tables import CODES, ids, matched, parts, row, table

from intake.matching.decisions import Decision

A = row("a", "青岛华泰建材有限公司", uscc=CODES[0], city="青岛")
B = row("b", "青岛华泰建材有限责任公司", city="青岛")
C = row("c", "济南宏远化工有限公司", city="济南")
D = row("d", "济南宏远化工", city="济南")
E = row("e", "烟台金鼎纺织有限公司", city="烟台")


def test_new_rows_change_no_id() -> None:
    first = matched(table(B, D, E))
    second = matched(table(A, B, C, D, E), first)
    assert {record: ids(second)[record] for record in "bde"} == ids(first)
    assert ids(second)["a"] == ids(first)["b"] and ids(second)["c"] == ids(first)["d"]
    assert len(second.events) == 0


def test_an_id_outlives_its_first_record_and_its_return() -> None:
    first = matched(table(A, B, C, D, E))
    second = matched(table(B, D), first)
    assert ids(second) == {record: ids(first)[record] for record in "bd"}
    third = matched(table(A, B, C, D, E), second)
    assert ids(third) == ids(first)
    newcomer = matched(table(row("aa", "大同新星煤业有限公司", city="大同"), A), third)
    assert ids(newcomer)["aa"] not in ids(first).values()


def test_a_night_without_change_changes_no_byte() -> None:
    first = matched(table(A, B, C, D, E))
    second = matched(table(A, B, C, D, E), first)
    assert second.crosswalk.equals(first.crosswalk) and second.events.equals(first.events)


def test_merge_and_split_are_logged_and_undone() -> None:
    first = matched(table(A, B, C, D, E))
    merged = matched(table(A, B, C, D, E), first, [Decision("2026-05-01", "a", "c", True)])
    assert parts(merged) == {frozenset("abcd"), frozenset("e")}
    log = merged.events.to_pylist()
    assert [(line["event"], line["to_enterprise_id"], line["record_count"]) for line in log] == [
        ("合并", ids(first)["a"], 2)
    ]
    undone = matched(table(A, B, C, D, E), merged)
    assert ids(undone) == ids(first)
    assert [line["event"] for line in undone.events.to_pylist()] == ["合并", "拆分"]
    split = matched(table(A, B, C, D, E), undone, [Decision("2026-05-02", "a", "b", False)])
    assert ids(split)["a"] == ids(first)["a"] != ids(split)["b"]
    healed = matched(table(A, B, C, D, E), split)
    assert ids(healed) == ids(first)
    split_again = matched(table(A, B, C, D, E), healed, [Decision("2026-05-02", "a", "b", False)])
    assert ids(split_again) == ids(split)


def test_decisions_may_speak_of_an_enterprise() -> None:
    first = matched(table(A, B, C, D, E))
    enterprise = ids(first)["a"]
    merged = matched(table(A, B, C, D, E), first, [Decision("2026-05-01", "e", enterprise, True)])
    assert parts(merged) == {frozenset("abe"), frozenset("cd")}
    split = matched(table(A, B, C, D, E), merged, [Decision("2026-05-01", "b", enterprise, False)])
    assert parts(split) == {frozenset("a"), frozenset("b"), frozenset("cd"), frozenset("e")}


def test_a_decision_of_rows_that_are_gone_is_told() -> None:
    found = matched(table(A, C), None, [Decision("2026-05-01", "a", "zz", True)])
    assert found.warnings == ("1 条人工决定的编号不在本次数据中，未执行",)
