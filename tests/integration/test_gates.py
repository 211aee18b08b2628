"""A gate that fails leaves the old list, dated."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from installation import AS_OF, Home, settings_at

from models.registry import Registry
from orchestration.nightly import run_job
from orchestration.quality import suites, validate
from orchestration.settings import Settings
from publishing.snapshot import current

NEXT_DAY = AS_OF + dt.timedelta(days=1)


@pytest.fixture
def copied(nightly: Home, tmp_path: Path) -> Path:
    """A published home that a test may spoil."""
    home = tmp_path / "home"
    shutil.copytree(nightly.root, home, symlinks=True)
    return home


def published_bytes(home: Path) -> dict[str, bytes]:
    folder = (home / "published" / "current").resolve()
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_nothing_new_is_published(settings: Settings, why: str, job: str = "nightly") -> None:
    """Run for the next day and find yesterday's list, whole and dated."""
    before = published_bytes(settings.home)
    result = run_job(settings, NEXT_DAY, job)
    assert not result.success
    assert any(why in problem for problem in result.problems), result.problems
    snapshot = current(settings.home / "published")
    assert snapshot is not None and snapshot.as_of_date == AS_OF
    assert published_bytes(settings.home) == before


def test_a_suite_on_landing_data_stops_the_run_before_any_sql(copied: Path, district: Path) -> None:
    inbox = copied.parent / "inbox"
    inbox.mkdir()
    shutil.copytree(district / "office", inbox.parent / "office")
    with xlsxwriter.Workbook(str(inbox / "线索台账（合成数据）.xlsx")) as book:
        sheet = book.add_worksheet("线索台账")
        sheet.write_string(0, 0, "线索台账（合成数据）")
        sheet.write_row(1, 0, ["线索编号", "项目名称", "投资主体", "责任单位", "首报日期"])
    settings = Settings(copied, inbox, district / "register.parquet")
    warehouse = (copied / "warehouse" / "warehouse.duckdb").read_bytes()
    assert_nothing_new_is_published(settings, "没有收到线索台账，或其中没有一行能接收")
    assert (copied / "warehouse" / "warehouse.duckdb").read_bytes() == warehouse


def test_a_suite_on_the_scores_stops_publication(copied: Path, district: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "ranked_leads", lambda gxe: [gxe.ExpectTableRowCountToBeBetween(max_value=0)])
    assert_nothing_new_is_published(settings_at(copied, district), "scoring/ranked_leads · suite_holds", "rescoring")


@pytest.mark.long
def test_a_dbt_test_on_the_scores_stops_publication(copied: Path, district: Path) -> None:
    registry = Registry(copied / "registry")
    artefact = registry.load("landing")
    # An active model that says nothing of missing values: leads with one lack a reason that the tables promise.
    spoiled = artefact.tables[artefact.tables["kind"] != "missing"]
    report = {**artefact.report, "passed": True, "kind": "model"}
    registry.promote("landing", registry.save("landing", spoiled, report, {"spoiled": True}))
    assert_nothing_new_is_published(settings_at(copied, district), "评分", "rescoring")


def test_suites_name_what_is_broken() -> None:
    frame = pd.DataFrame({"unit_name": ["甲镇", None], "unit_type": "镇", "source_file": "f", "source_row": [1, 2]})
    found = validate("landing/units", frame, suites.units)
    assert not found.passed and found.failed["column"].tolist() == ["unit_name"]
