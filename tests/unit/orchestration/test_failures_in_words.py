"""What dbt, Dagster and a broken workbook leave behind is told in one Chinese line a failure."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy.exc
from test_endings import assert_is_plain

from orchestration import desk_events
from orchestration.defs.transformation.assets import _failure
from orchestration.desk_events import DeskEvents
from orchestration.metadata import FAULT
from orchestration.resources import dbt_environment

CORRUPT = "Runtime Error in model dim_leads\n  IO Error: Corrupt database file: computed checksum 1 does not match"


def failure(folder: Path, results: list[dict[str, Any]] | None, code: int = 1, log: str = "") -> tuple[str, str]:
    """The line and the kind of a dbt build that left these results."""
    if results is not None:
        (folder / "run_results.json").write_text(json.dumps({"results": results}), encoding="utf-8")
    (folder / "dbt.log").write_text(log, encoding="utf-8")
    found = _failure(SimpleNamespace(target_path=folder, process=SimpleNamespace(returncode=code)), folder)  # type: ignore[arg-type]
    assert not found.allow_retries
    return str(found.description), str(found.metadata[FAULT].value)


def result(
    message: str, status: str = "error", name: str = "model.zeyou.dim_leads", failures: int | None = None
) -> dict[str, Any]:
    return {"unique_id": name, "status": status, "message": message, "failures": failures}


@pytest.mark.parametrize(
    ("results", "said", "kind"),
    [
        ([result("Got 3 results, configured to fail if != 0", "fail", "test.zeyou.unique_x.1", 3)], "检验 unique_x 有 3 行不符", "gate"),
        ([result("Binder Error: column not found\nLINE 1: select")], "SQL 构建有 1 项未通过：出错（dim_leads）", "unknown"),
        ([result(CORRUPT)], "已损坏", "corrupt"),
        ([result("Out of Memory Error: could not allocate block of size 1")], "内存不够", "memory"),
        ([result("IO Error: Could not write: No space left on device")], "磁盘满了", "disk"),
        ([result("Compilation Error in model dim_leads (models/dim_leads.sql)\n  没有本区的设置（district.yaml）\n  \n  > in macro local_city")], "没有本区的设置", "ours"),
    ],
)  # fmt: skip
def test_what_dbt_says_is_worded(tmp_path: Path, results: list[dict[str, Any]], said: str, kind: str) -> None:
    line, found = failure(tmp_path, results)
    assert said in line and found == kind
    assert_is_plain(line)


@pytest.mark.parametrize(
    ("code", "log", "said", "kind"),
    [
        (-9, "", "内存不够", "memory"),
        (1, "IO Error: Could not set lock on file: Conflicting lock is held in python (PID 12)", "占用", "locked"),
        (1, "IO Error: No space left on device", "磁盘满了", "disk"),
        (2, "Encountered an error:\nsomething", "dbt 没有运行起来", "unknown"),
    ],
)
def test_a_build_without_results_is_worded(tmp_path: Path, code: int, log: str, said: str, kind: str) -> None:
    line, found = failure(tmp_path, None, code, log)
    assert said in line and str(tmp_path / "dbt.log") in line and found == kind
    assert_is_plain(line)


def test_parsing_asks_for_no_district(tmp_path: Path) -> None:
    assert not [name for name in dbt_environment(tmp_path, tmp_path) if name.startswith("ZEYOU_LOCAL")]


ERRORS = [
    KeyError("x"),
    ValueError("bad"),
    RecursionError(),
    MemoryError(),
    AttributeError("x"),
    UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_whatever_goes_wrong_with_a_filled_in_workbook_is_its_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(desk_events, "has_sheet", lambda path, name: True)
    monkeypatch.setattr(DeskEvents, "_take", fail)
    claimed = DeskEvents("sqlite://", tmp_path).claim(tmp_path / "名单.xlsx")
    assert claimed is not None and claimed.problem is not None and claimed.problem.startswith("名单.xlsx：")
    assert_is_plain(claimed.problem)


@pytest.mark.parametrize(
    "error", [OSError(28, "full"), sqlalchemy.exc.OperationalError("x", {}, Exception())], ids=repr
)
def test_what_is_not_of_the_file_is_not_written_down_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(desk_events, "has_sheet", fail)
    with pytest.raises(type(error)):
        DeskEvents("sqlite://", tmp_path).claim(tmp_path / "名单.xlsx")


def test_noise_is_no_workbook_of_the_desk_or_a_line(tmp_path: Path) -> None:
    for seed in range(20):
        path = tmp_path / f"{seed}.xlsx"
        path.write_bytes(b"PK\x03\x04" * (seed % 2) + random.Random(seed).randbytes(500))
        claimed = DeskEvents("sqlite://", tmp_path).claim(path)
        assert claimed is None or (claimed.problem or "").startswith(path.name)
