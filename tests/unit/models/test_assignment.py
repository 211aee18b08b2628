"""The assignment against every combination tried out, its words, and its independence of the order of rows."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.assignment import AssignmentSettings, assign, assignment_table
from office import settings_file

SETTINGS = replace(AssignmentSettings.load(), relative_gap=0.0, node_limit=10_000)


def greatest_by_hand(options: pd.DataFrame, uses: pd.DataFrame, room: dict[str, float]) -> float:
    """Try every combination of one option or none for each lead."""
    of_lead = [[None, *rows["option_id"]] for _, rows in options.groupby("lead_id")]
    value = dict(zip(options["option_id"], options["value"], strict=True))
    needs = {(o, r): a for o, r, a in uses.itertuples(index=False)}
    best = 0.0
    for picked in itertools.product(*of_lead):
        chosen = [p for p in picked if p is not None]
        if all(sum(needs.get((p, r), 0.0) for p in chosen) <= amount + 1e-9 for r, amount in room.items()):
            best = max(best, sum(value[p] for p in chosen))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_value_is_the_greatest_of_all_combinations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [(f"L{i}", f"L{i}|{p}", float(rng.integers(1, 50))) for i in range(5) for p in "AB"]
    options = pd.DataFrame(rows, columns=["lead_id", "option_id", "value"])
    kinds = [(option, f"{option[-1]}{kind}") for option in options["option_id"] for kind in ("地", "电")]
    uses = pd.DataFrame(
        [(option, resource, float(rng.integers(1, 30))) for option, resource in kinds],
        columns=["option_id", "resource", "amount"],
    )
    room = {"A地": 40.0, "B地": 25.0, "A电": 30.0}  # B电 is not limited
    solved = assign(options, uses, room)
    assert solved.value == pytest.approx(greatest_by_hand(options, uses, room))
    assert solved.gap == pytest.approx(0.0, abs=1e-9)
    assert min(solved.left.values()) >= -1e-6
    again = assign(options.sample(frac=1, random_state=1), uses.sample(frac=1, random_state=2), room)
    assert again.chosen == solved.chosen


def parts() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Series]:
    leads = pd.DataFrame(
        {
            "lead_id": ["L1", "L2", "L3"],
            "project_name": ["甲", "乙", "丙"],
            "unit_name": ["云山镇", "云山镇", "河东"],
            "chain_unit_name": [None, "工信局", None],
            "park_name": [None, None, None],
            "rank": [1, 2, 3],
            "score": [80.0, 50.0, 10.0],
        }
    )
    needs = dict.fromkeys(("plant_area_mu", "water_tpd", "gas_m3ph", "steam_tph", "sewage_tpd", "energy_tce"))
    matches = pd.DataFrame(
        [
            {"lead_id": lead, "park_name": park, "park_unit_name": "云山镇", "is_excluded": bad, "park_rank": rank,
             "match_points": points, "land_mu": land, "power_kva": None, **needs}
            for lead, park, bad, rank, points, land in [
                ("L1", "东园", False, 1, 60.0, 100.0),
                ("L2", "东园", False, 1, 60.0, 80.0),
                ("L2", "西园", True, None, 0.0, 80.0),
                ("L3", "西园", True, None, 0.0, 10.0),
            ]
        ]
    )  # fmt: skip
    free = dict.fromkeys(("vacant_plant_mu", "power_free_kva", "water_free_tpd", "gas_free_m3ph", "steam_free_tph",
                          "sewage_free_tpd", "energy_free_tce"))  # fmt: skip
    parks = pd.DataFrame([{"park_name": "东园", "vacant_land_mu": 150.0, **free}])
    return leads, matches, parks, pd.Series({"云山镇": 1, "河东": 0})


def test_the_table_says_who_where_why_and_what_was_short() -> None:
    table, _ = assignment_table(*parts(), replace(SETTINGS, leads_per_recruiter=1))
    first, second, third = table.to_dict("records")
    # 东园 has 150 亩: 80 × (60 + 60) goes before 50 × (60 + …); 云山镇 has one place.
    assert (first["assigned_unit_name"], first["assigned_park_name"]) == ("云山镇", "东园")
    assert pd.isna(first["short_text"]) and not first["is_unit_changed"]
    assert second["assigned_unit_name"] == "工信局" and pd.isna(second["assigned_park_name"])
    assert second["is_unit_changed"] and "余量容不下" in second["why"]
    assert second["short_text"] == "东园的用地（亩）差 30；云山镇的承办名额差 1"
    assert pd.isna(third["assigned_unit_name"]) and third["why"] == "容量不足，未能分派"
    assert third["short_text"] == "河东的承办名额差 1"


def test_a_unit_that_only_brings_leads_hands_them_to_the_chains_department() -> None:
    leads, matches, parks, people = parts()
    leads = leads.assign(
        chain_unit_name="工信局", unit_type=["镇", "招商组", "部门"], unit_name=["云山镇", "驻沪组", "工信局"]
    )
    settings = replace(SETTINGS, bringing_unit_types=("招商组", "部门"), bringing_unit_points=35.0)
    table, _ = assignment_table(leads, matches.head(0), parks, people * 0 + 9, settings)
    # A town keeps its lead, a group hands its lead on, the department of the chain has its own already.
    assert table["assigned_unit_name"].tolist() == ["云山镇", "工信局", "工信局"]
    assert table["is_unit_changed"].tolist() == [False, True, False]
    assert table["why"].iloc[1].startswith("由产业牵头部门承办")
    kept, _ = assignment_table(
        leads, matches.head(0), parks, people * 0 + 9, replace(settings, bringing_unit_points=None)
    )
    assert not kept["is_unit_changed"].any()


def test_more_room_leaves_nothing_short_and_no_leads_are_no_rows() -> None:
    leads, matches, parks, people = parts()
    roomy = parks.assign(vacant_land_mu=1000.0)
    table, solved = assignment_table(leads, matches, roomy, people * 0 + 9, SETTINGS)
    assert table["short_text"].isna().all() and solved.short == {}
    assert table["assigned_park_name"].tolist()[:2] == ["东园", "东园"]
    empty, _ = assignment_table(leads.head(0), matches.head(0), parks.head(0), people.head(0), SETTINGS)
    assert len(empty) == 0


def test_odd_input_is_refused(tmp_path: object) -> None:
    options = pd.DataFrame({"lead_id": ["L1"], "option_id": ["a"], "value": [-1.0]})
    with pytest.raises(ValueError, match="0 or more"):
        assign(options, pd.DataFrame({"option_id": [], "resource": [], "amount": []}), {})
    text = settings_file("assignment.yaml").read_text(encoding="utf-8")
    path = tmp_path / "settings.yaml"  # type: ignore[operator]
    path.write_text(text.replace("lead_limit: 100", "lead_limit: -1"), encoding="utf-8")
    with pytest.raises(ValueError, match="lead_limit"):
        AssignmentSettings.load(path)
    older = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("bringing"))
    path.write_text(older, encoding="utf-8")  # a file from before these settings: nothing changes for its office
    assert AssignmentSettings.load(path).bringing_unit_points is None
