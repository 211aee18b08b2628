"""Nights that differ by one thing: four rows of a ledger, a lead that ended, other weights, another model, nothing at all."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import yaml
from installation import AS_OF, Home, content_hashes, settings_at

from models.rank_changes import PLACE_STEPS, POINT_STEPS
from models.registry import Registry
from orchestration.landing_office import LANDED, land_office
from orchestration.nightly import run_job, run_nightly
from orchestration.rebuilding import rebuild
from orchestration.settings import Settings
from publishing.snapshot import current

pytestmark = pytest.mark.long


def table(settings: Settings, name: str) -> pd.DataFrame:
    return pd.read_parquet(settings.home / "published" / "current" / "boards" / f"{name}.parquet")


def ranks(settings: Settings) -> pd.DataFrame:
    found = pd.read_parquet(settings.home / "published" / "current" / "ranked_leads.parquet").set_index("lead_id")
    return found[["rank", "score", "stage", "excluded_reason"]]


def append_rows(book: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows below the last one of a ledger, by its own headings."""
    opened = openpyxl.load_workbook(book)
    sheet = opened.worksheets[0]
    top = next(at for at in range(1, 9) if "项目编号" in _texts(sheet, at) or "线索编号" in _texts(sheet, at))
    heads = _texts(sheet, top)
    for row in rows:
        sheet.append([next((v for k, v in row.items() if k in head.split("|")), None) for head in map(_kind, heads)])
    opened.save(book)


def _texts(sheet: Any, row: int) -> list[str]:
    return [str(cell.value or "") for cell in sheet[row]]


def _kind(head: str) -> str:
    """Return what a heading of the sample's ledgers asks for."""
    if head in ("线索编号", "项目编号", "编号"):
        return "lead"
    if "下" not in head and "日期" in head:
        return "day"
    return "stage" if "阶段" in head else "text" if "内容" in head or "情况" in head else ""


def check_sums(changes: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame) -> None:
    """Compare every row with the two published lists, and its parts with the change, exactly."""
    both = changes[changes["rank_before"].notna() & changes["rank_now"].notna()]
    for row in both.to_dict("records"):
        lead = row["lead_id"]
        assert (row["rank_before"], row["rank_now"]) == (before.loc[lead, "rank"], now.loc[lead, "rank"])
        points = sum((Decimal(repr(row[f"{step}_points"])) for step in POINT_STEPS), Decimal(0))
        assert points == Decimal(repr(now.loc[lead, "score"])) - Decimal(repr(before.loc[lead, "score"]))
        assert sum(row[f"{step}_places"] for step in PLACE_STEPS) == row["rank_before"] - row["rank_now"]
    assert set(changes["lead_id"]) == {
        *before.index[before["rank"].notna()],
        *now.index[now["rank"].notna()],
    }


@pytest.fixture(scope="module")
def living(nightly: Home, district: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published home of its own, with a district of its own beside it."""
    folder = tmp_path_factory.mktemp("moving")
    shutil.copytree(nightly.root, folder / "home", symlinks=True)
    shutil.copytree(district, folder / "district")
    return settings_at(folder / "home", folder / "district")


def test_nothing_before_the_first_list(nightly: Home) -> None:
    assert table(nightly.settings, "rank_changes").empty and table(nightly.settings, "morning_news").empty


def test_four_rows_and_one_end(living: Settings) -> None:
    before = ranks(living)
    ranked = before.index[before["rank"].notna()]
    visited, ended = [*ranked[[3, 20, 60]]], ranked[9]
    inbox = living.inbox
    assert inbox is not None
    seen = {lead: {"lead": lead, "day": dt.date(2026, 6, 25), "text": f"上门商谈入驻时间{lead}"} for lead in visited}
    append_rows(inbox / "跟进记录_2026.xlsx", list(seen.values()))
    append_rows(inbox / "项目进展.xlsx", [{"lead": ended, "day": dt.date(2026, 6, 24), "stage": "终止"}])
    result = run_nightly(living, AS_OF)
    assert result.success, result.problems
    now, changes = ranks(living), table(living, "rank_changes").set_index("lead_id", drop=False)
    check_sums(changes, before, now)
    assert set(changes.index[changes["cause"] == "资料变动"]) == set(visited)
    assert set(changes.index[changes["cause"] == "退出名单"]) == {ended} and now.loc[ended, "stage"] == "终止"
    assert set(changes["cause"]) <= {"资料变动", "退出名单", "其他线索变动", "其他线索进出", "未变"}
    for lead in visited:
        assert "累计跟进次数" in changes.loc[lead, "facts_text"] and "→" in changes.loc[lead, "facts_text"]
        assert "跟进记录新增1行" in changes.loc[lead, "rows_text"]
    assert "终止" in changes.loc[ended, "why_text"]
    news = table(living, "morning_news")
    received = news[news["section"] == "收到资料"]
    assert received.groupby("item")["row_count"].sum().to_dict() == {"跟进记录新增": 3, "项目进展新增": 1}
    stages = news[news["section"] == "阶段变动"]
    assert stages[["item", "row_count"]].to_numpy().tolist() == [["终止", 1]]
    models = news[news["section"] == "模型与规则"].set_index("item")["note"]
    assert models["权重"] == "没有改动" and "没有重新训练" in models["落地模型"]


def test_the_same_night_again_has_the_same_bytes_and_is_rebuilt(living: Settings) -> None:
    earlier = content_hashes(living.home)
    assert run_nightly(living, AS_OF).success
    assert content_hashes(living.home) == earlier
    snapshot = current(living.home / "published")
    assert snapshot is not None
    found = rebuild(replace(living, inbox=living.home / "gone", register=None), snapshot.snapshot_id)
    assert found.is_equal, (found.differing, found.result.problems)


def test_other_weights_alone(living: Settings) -> None:
    before = ranks(living)
    edited = Path(shutil.copytree((living.home / LANDED).resolve(), living.home / "edited"))
    content = yaml.safe_load((edited / "weights.yaml").read_text(encoding="utf-8"))
    content["weights"] = {"landing": 0.2, "tax": 0.2, "fit": 0.6, "expected": 0}
    (edited / "weights.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    land_office(edited, living.home)
    assert run_job(living, AS_OF, "rescoring").success
    changes = table(living, "rank_changes")
    check_sums(changes, before, ranks(living))
    assert set(changes["cause"]) == {"权重与打分规则调整"}
    assert (changes[["facts_points", "shapes_points", "level_points"]] == 0).all(axis=None)
    assert "权重与打分规则调整" in table(living, "morning_news").iloc[0]["note"]


def test_a_retrained_model_alone(living: Settings) -> None:
    before = ranks(living)
    registry = Registry(living.home / "registry")
    artefact = registry.load("landing")
    other = artefact.tables.copy()
    other.loc[other["term"] == "follow_up_count", "value"] *= -1.0
    report = {**artefact.report, "passed": True}
    registry.promote("landing", registry.save("landing", other, report, {"other": True}))
    assert run_job(living, AS_OF, "rescoring").success
    changes = table(living, "rank_changes")
    check_sums(changes, before, ranks(living))
    assert set(changes["cause"]) <= {"模型重新训练", "未变"} and (changes["shapes_points"] != 0).any()
    news = table(living, "morning_news")
    assert "没有收到新资料" in news.iloc[0]["note"] and "全部由“模型重新训练”引起" in news.iloc[0]["note"]
