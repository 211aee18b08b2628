"""A reverted model gives yesterday's bytes; a past list is rebuilt to the byte, whatever came after it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from installation import AS_OF, Home, settings_at

from intake.landing import LandingStore
from models.ranking import RankingWeights
from models.registry import Registry
from office import DEFAULTS
from orchestration.archive import list_of
from orchestration.comparing import compare_with
from orchestration.landing_office import LANDED, land_office
from orchestration.nightly import run_job
from orchestration.rebuilding import rebuild
from orchestration.settings import Settings
from publishing.snapshot import current


def files_of(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.resolve().rglob("*")) if path.is_file())
    return {str(path.relative_to(folder.resolve())): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def living(nightly: Home, district: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published home of its own."""
    home = tmp_path_factory.mktemp("living") / "home"
    shutil.copytree(nightly.root, home, symlinks=True)
    return settings_at(home, district)


@pytest.mark.long
def test_a_reverted_model_gives_yesterdays_bytes(living: Settings) -> None:
    yesterday = files_of(living.home / "published" / "current")
    registry = Registry(living.home / "registry")
    artefact = registry.load("landing")
    other = artefact.tables.copy()
    other.loc[other["kind"] == "intercept", "value"] += 0.5
    report = {**artefact.report, "passed": True, "kind": "model"}
    registry.promote("landing", registry.save("landing", other, report, {"other": True}))
    assert run_job(living, AS_OF, "rescoring").success
    assert files_of(living.home / "published" / "current") != yesterday
    assert registry.revert("landing") == artefact.version
    assert run_job(living, AS_OF, "rescoring").success
    assert files_of(living.home / "published" / "current") == yesterday


def test_a_past_list_is_rebuilt_to_the_byte_after_later_ledgers(
    living: Settings, nightly: Home, district: Path, tmp_path: Path
) -> None:
    past = nightly.current.resolve().name
    inbox = tmp_path / "inbox"
    shutil.copytree(district / "inbox", inbox)
    book = openpyxl.load_workbook(next(inbox.glob("线索台账_镇*.xlsx")))
    book.properties.title = "再次报送"
    book.save(inbox / "线索台账_再次报送.xlsx")
    before = (living.home / "landing" / "leads.parquet").read_bytes()
    LandingStore(living.home / "landing").land_inbox(inbox)
    assert (living.home / "landing" / "leads.parquet").read_bytes() != before
    # The office has other rules by now; the list of then was made by those of then.
    edited = Path(shutil.copytree((living.home / LANDED).resolve(), tmp_path / "office"))
    lights = (edited / "traffic_lights.csv").read_text(encoding="utf-8")
    (edited / "traffic_lights.csv").write_text(lights.replace(",90,180,", ",1,2,"), encoding="utf-8")
    assert land_office(edited, living.home).resolve() != (nightly.root / LANDED).resolve()
    shutil.rmtree(living.home / "warehouse")
    found = rebuild(replace(living, inbox=tmp_path / "gone", register=None), past)
    assert found.is_equal, (found.differing, found.result.problems)
    assert found.folder is not None and files_of(found.folder) == files_of(nightly.current)
    assert list_of(living, str(AS_OF)) == past


def test_exposures_tell_who_was_shown_what(nightly: Home) -> None:
    snapshot = current(nightly.root / "published")
    assert snapshot is not None
    shown = pd.read_parquet(nightly.root / "archive" / "exposures" / f"{snapshot.snapshot_id}.parquet")
    leads = pq.read_table(snapshot.folder / "ranked_leads.parquet").to_pandas()
    ranked = leads[leads["rank"].notna()]
    assert shown["lead_id"].tolist() == ranked["lead_id"].tolist()
    assert shown["rank"].tolist() == ranked["rank"].tolist()
    assert shown["is_exploration"].sum() == int(len(ranked) * RankingWeights.load().exploration_share) > 0
    assert (shown.loc[shown["is_exploration"], "rank"] > len(ranked) // 2).all()


def test_other_weights_are_tried_before_they_are_saved(nightly: Home, tmp_path: Path) -> None:
    content = yaml.safe_load((DEFAULTS / "weights.yaml").read_text(encoding="utf-8"))
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert "名次变动 0 条" in compare_with(nightly.settings, same)
    content["weights"] = {"landing": 0, "tax": 1, "fit": 0}
    other.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    told = compare_with(nightly.settings, other, top=5)
    leads = pq.read_table(nightly.current / "ranked_leads.parquet").to_pandas()
    first = leads[leads["rank"].notna()].sort_values(["tax_wan_cny", "lead_id"], ascending=[False, True]).iloc[0]
    assert "未保存" in told and first["project_name"] in told
