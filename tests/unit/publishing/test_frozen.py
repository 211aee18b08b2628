"""Frozen copies: numbered, hashed, never written again; the same bytes are the same version, a correction needs its reason."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from publishing.documents.frozen import Correction, freeze, verify, versions
from storage import content_hash

DAY = dt.date(2026, 6, 30)


def given(folder: Path, text: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / "材料.docx", folder / "附表.xlsx"]
    for path in paths:
        path.write_text(f"{path.name}{text}", encoding="utf-8")
    return paths


def test_the_first_is_version_one_and_the_same_again_is_it(tmp_path: Path) -> None:
    first = freeze(tmp_path, "调度材料", "2026-06", given(tmp_path / "甲", "一"), DAY)
    again = freeze(tmp_path, "调度材料", "2026-06", given(tmp_path / "乙", "一"), DAY)
    assert (first.number, first.is_new) == (1, True) and (again.number, again.is_new) == (1, False)
    note = json.loads((first.folder / "说明.json").read_text(encoding="utf-8"))
    assert note["files"]["材料.docx"] == content_hash(first.folder / "材料.docx") and note["reason"] == "首次冻结"
    assert not list(tmp_path.rglob("*.part"))


def test_a_correction_is_a_new_version_with_its_reason_and_the_old_one_stays(tmp_path: Path) -> None:
    freeze(tmp_path, "考核", "2026-06", given(tmp_path / "甲", "一"), DAY)
    with pytest.raises(ValueError, match=r"已冻结为第1版，内容有变（材料.docx、附表.xlsx）；更正须写明原因"):
        freeze(tmp_path, "考核", "2026-06", given(tmp_path / "甲", "二"), DAY)
    correction = Correction("南岭镇申诉：漏计1个开工项目", "南岭镇", "区考核办")
    second = freeze(tmp_path, "考核", "2026-06", given(tmp_path / "甲", "二"), DAY, correction)
    assert (second.number, second.note["appealed_by"]) == (2, "南岭镇")
    old, new = versions(tmp_path, "考核", "2026-06")
    assert new.note["before"] == content_hash(old.folder / "说明.json")
    assert (old.folder / "材料.docx").read_text(encoding="utf-8") == "材料.docx一"
    assert [v.number for v in versions(tmp_path, "考核", "2026-07")] == []


def test_a_frozen_file_that_was_changed_is_told(tmp_path: Path) -> None:
    frozen = freeze(tmp_path, "考核", "2026-06", given(tmp_path / "甲", "一"), DAY)
    (frozen.folder / "附表.xlsx").write_text("改过", encoding="utf-8")
    with pytest.raises(ValueError, match="“附表.xlsx”与冻结时不符"):
        verify(frozen)
    with pytest.raises(ValueError, match="与冻结时不符"):
        freeze(tmp_path, "考核", "2026-06", given(tmp_path / "甲", "三"), DAY, Correction("更正"))
