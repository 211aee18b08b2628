"""A gate that fails leaves the old list, dated; a file that can't be read does not stop the others."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from conftest import AS_OF, Home, settings_at

from desk.snapshot import current
from orchestration.nightly import run_nightly
from orchestration.quality import suites

NEXT_DAY = AS_OF + dt.timedelta(days=1)


@pytest.fixture
def copied(nightly: Home, tmp_path: Path) -> Path:
    """A published home that a test may spoil."""
    home = tmp_path / "home"
    shutil.copytree(nightly.root, home, symlinks=True)
    return home


def published_bytes(home: Path) -> dict[str, bytes]:
    folder = (home / "published" / "current").resolve()
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.mark.parametrize("gate", ["units", "ranked_leads"])
def test_a_failing_suite_stops_publication(
    gate: str, copied: Path, district: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published_bytes(copied)
    # The suite is read when the check runs: this one expects what no table can hold.
    target = "orchestration.quality.suites.ranked_leads" if gate == "ranked_leads" else None
    if target:
        monkeypatch.setattr(target, lambda gxe: [gxe.ExpectTableRowCountToBeBetween(max_value=0)])
    else:
        inbox = copied.parent / "inbox"
        shutil.copytree(district / "inbox", inbox)
        (inbox / "单位名录.xlsx").unlink()
        shutil.rmtree(copied / "landing")
    settings = settings_at(copied, copied.parent if not target else district)
    result = run_nightly(
        settings if target else type(settings)(copied, copied.parent / "inbox", district / "register.parquet"), NEXT_DAY
    )
    assert not result.success
    assert any("检查未通过" in problem for problem in result.problems)
    snapshot = current(copied / "published")
    assert snapshot is not None and snapshot.as_of_date == AS_OF, "yesterday's list stays, dated"
    assert published_bytes(copied) == before


def test_a_failing_dbt_test_stops_publication(copied: Path, district: Path) -> None:
    before = published_bytes(copied)
    register = copied.parent / "register.parquet"
    shutil.copyfile(district / "register.parquet", register)
    # The chain points are landed by us; a spoiled learning table must be caught by a dbt test or by the scores' gate.
    from models.registry import Registry

    registry = Registry(copied / "registry")
    artefact = registry.load("landing")
    spoiled = artefact.tables.copy()
    spoiled.loc[spoiled["kind"] == "intercept", "value"] = float("nan")
    version = registry.save("landing", spoiled, {**artefact.report, "passed": True, "kind": "model"}, {"spoiled": True})
    registry.promote("landing", version)
    result = run_nightly(settings_at(copied, district), AS_OF)
    promoted = registry.active("landing") != version
    assert promoted or not result.success
    if not result.success:
        assert published_bytes(copied) == before


def test_a_broken_ledger_is_named_and_the_others_go_on(district: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(district / "inbox", inbox)
    (inbox / "坏的台账.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with xlsxwriter.Workbook(str(inbox / "空的台账.xlsx")) as book:
        book.add_worksheet()
    settings = settings_at(tmp_path / "home", district)
    result = run_nightly(type(settings)(settings.home, inbox, settings.register), AS_OF)
    assert result.success
    assert any("every_file_could_be_read" in problem for problem in result.problems)
    files = pd.read_parquet(settings.home / "landing/files.parquet").set_index("file")
    assert "损坏" in files.loc["坏的台账.xlsx", "problem"] and "空" in files.loc["空的台账.xlsx", "problem"]
    assert files["problem"].notna().sum() == 2


def test_suites_name_what_is_broken() -> None:
    from orchestration.quality import validate

    frame = pd.DataFrame({"unit_name": ["甲镇", None], "unit_type": "镇", "source_file": "f", "source_row": [1, 2]})
    found = validate("landing/units", frame, suites.units)
    assert not found.passed and found.failed["column"].tolist() == ["unit_name"]
