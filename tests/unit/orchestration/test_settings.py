"""One place knows the environment, and a run's inputs are remembered whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.nightly import AlreadyRunning, only_one
from orchestration.settings import Settings


def test_environment_goes_before_what_was_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ZEYOU_INBOX", "ZEYOU_REGISTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZEYOU_HOME", str(tmp_path))
    assert Settings.from_environment() == Settings(tmp_path, tmp_path / "inbox", None)
    Settings(tmp_path, tmp_path / "台账", tmp_path / "r.parquet").remember()
    assert Settings.from_environment() == Settings(tmp_path, tmp_path / "台账", tmp_path / "r.parquet")
    monkeypatch.setenv("ZEYOU_INBOX", str(tmp_path / "other"))
    assert Settings.from_environment().inbox == tmp_path / "other"


def test_two_runs_of_one_installation_do_not_meet(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, None)
    with only_one(settings, "nightly"), pytest.raises(AlreadyRunning, match="已有一个"), only_one(settings, "nightly"):
        pass
    with only_one(settings, "nightly"):
        pass
