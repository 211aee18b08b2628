"""The past does not move: not with later facts, not with a second run; and a leak is found."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pandas as pd
import pytest
from invented_district import PROJECT, STEPS, District, build, day, exported, run_dbt, write_landing

from orchestration.landing_office import land_office

pytestmark = pytest.mark.dbt

# Boards of a past day that later facts still change: a firm that became a lead later is no prospect of an earlier day either (four
# boards), 完整率 counts the rows refused in what was received, and 台账情况 counts what was received.
LATER_STILL = {
    "brd_prospect__candidates",
    "brd_prospect__counts",
    "brd_prospect__nodes",
    "brd_trip__targets",
    "brd_unit__completeness",
    "brd_unit__ledgers",
}


def hashes(home: Path) -> dict[str, str]:
    folder = home / "exports"
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.parquet"))
    }


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Path:
    """The built home, free to be changed."""
    return Path(shutil.copytree(home, tmp_path / "home"))


def test_a_past_row_needs_nothing_that_came_later(district: District, home: Path, tmp_path: Path) -> None:
    limit = day("2025-10-31")
    write_landing(district.known_by(limit), tmp_path)
    build(tmp_path, *STEPS["warehouse"], *STEPS["features"], *STEPS["boards"], as_of=limit)
    then = exported(tmp_path, "features", "ftr_lead__12m").drop(columns="is_current")
    now = exported(home, "features", "ftr_lead__12m").drop(columns="is_current")
    now = now[pd.to_datetime(now["as_of_date"]) <= pd.Timestamp(limit)].reset_index(drop=True)
    assert len(then) > 100
    pd.testing.assert_frame_equal(then, now, check_exact=True)
    # Nor does a board of that day, made with later facts in the ledgers.
    past = Path(shutil.copytree(home, tmp_path / "past"))
    build(past, *STEPS["features"], *STEPS["boards"], as_of=limit)
    boards = sorted(path.stem for path in (tmp_path / "exports" / "boards").glob("*.parquet"))
    assert len(boards) > 60
    for name in set(boards) - LATER_STILL:
        # Numbers of firms and places in files are those of what was received, not of a day.
        ours, theirs = (
            exported(at, "boards", name).drop(columns=["enterprise_id", "source_row"], errors="ignore")
            for at in (tmp_path, past)
        )
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True, obj=name)


def test_a_second_run_writes_the_same_bytes(copied: Path) -> None:
    before = hashes(copied)
    shutil.rmtree(copied / "exports")
    build(copied, *(selector for step in STEPS.values() for selector in step))
    assert hashes(copied) == before


def test_a_leak_is_found_and_not_published(copied: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))
    sql = project / "models" / "features" / "ftr_lead__12m.sql"
    honest = sql.read_text(encoding="utf-8")
    # The usual mistake: a visit of March that was written down in June is used in May.
    leaking = honest.replace(
        "{{ by_the_day('facts.known_date', 'pairs.as_of_date') }}", "facts.follow_up_date <= pairs.as_of_date", 1
    )
    assert leaking != honest
    sql.write_text(leaking, encoding="utf-8")
    before = hashes(copied)
    run = run_dbt(copied, "build", "--select", *STEPS["features"], project=project)
    failed = [line for line in run.stdout.splitlines() if " FAIL " in line]
    assert any("no_fact_after_as_of" in line for line in failed), run.stdout[-4000:]
    assert any("recount" in line for line in failed), run.stdout[-4000:]
    assert run.returncode != 0
    assert hashes(copied) == before, "a red run must not export"


def test_a_new_rule_of_evidence_holds_from_its_day(copied: Path, tmp_path: Path) -> None:
    office = Path(shutil.copytree(copied / "office", tmp_path / "office"))
    with (office / "stage_rules.csv").open("a", encoding="utf-8") as rules:
        rules.write("开工,7,施工许可证、施工合同、情况说明,2025-09-01\n签约,3,备案证,2025-04-02\n")
    land_office(office, copied)
    run = run_dbt(copied, "build", "--select", "fct_stage_moves", "fct_outcomes")
    assert run.returncode == 0, run.stdout[-4000:]
    outcomes = exported(copied, "marts", "fct_outcomes")
    found = set(zip(outcomes["lead_id"], outcomes["stage"], outcomes["reached_date"].astype(str), strict=True))
    assert ("H1", "开工", "2025-09-01") in found  # 情况说明 is enough from that day on
    assert ("H1", "签约", "2025-04-01") in found  # a stricter rule does not undo what came before it
    assert not any(lead == "H9" and stage == "签约" for lead, stage, _ in found)
