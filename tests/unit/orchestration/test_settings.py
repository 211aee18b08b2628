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


def test_a_home_that_is_made_is_for_nobody_else(tmp_path: Path) -> None:
    remembered, locked = tmp_path / "remembered", tmp_path / "locked"
    Settings(remembered, remembered / "inbox", None).remember()
    with only_one(Settings(locked, locked / "inbox", None), "nightly"):
        pass
    assert [home.stat().st_mode & 0o777 for home in (remembered, locked)] == [0o700, 0o700]


def test_a_home_that_somebody_opened_stays_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o750)
    Settings(home, home / "inbox", None).remember()
    assert home.stat().st_mode & 0o777 == 0o750
