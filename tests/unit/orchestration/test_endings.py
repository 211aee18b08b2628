"""How a command ends: one Chinese line with the fix, no library's class in it, the traceback in a file."""

from __future__ import annotations

import datetime as dt
import errno
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml

from orchestration.endings import Refused, ending_with_log, forget_old_logs

FOREIGN = re.compile(r"Error|Exception|Traceback|[Dd]agster[A-Z]|duckdb\.|pyarrow|sqlite3|No such|No space", re.ASCII)


def assert_is_plain(line: str) -> None:
    assert not FOREIGN.search(line), line
    assert "\n" not in line and re.search("[一-龥]{2}", line), line
    assert "；" in line or "请" in line, "a line says what to do"


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_whatever_the_system_refuses_is_said_in_chinese(tmp_path: Path, number: int) -> None:
    ending = ending_with_log(OSError(number, os.strerror(number), str(tmp_path / "名录.parquet")), tmp_path)
    assert_is_plain(ending.line)


def unreadable_zip() -> None:
    zipfile.ZipFile(__file__)


def broken_yaml() -> None:
    yaml.safe_load("a: [")


def no_database() -> None:
    with duckdb.connect(__file__):
        pass


def arrow() -> None:
    pa.array(["甲"]).cast(pa.int64())


def wrapped() -> None:
    try:
        raise OSError(errno.ENOSPC, "No space left on device", "/数据/仓库/x.parquet")
    except OSError as error:
        raise RuntimeError("step failed") from error


def chinese_key() -> None:
    {}["计划总投资（万元）"]


@pytest.mark.parametrize("break_it", [unreadable_zip, broken_yaml, no_database, arrow, wrapped, chinese_key])
def test_whatever_a_library_raises_is_said_in_chinese_and_kept_whole(
    tmp_path: Path, break_it: Callable[[], None]
) -> None:
    try:
        break_it()
    except Exception as error:
        ending = ending_with_log(error, tmp_path)
    assert_is_plain(ending.line)
    (log,) = (tmp_path / "logs").iterdir()
    assert str(log) in ending.line and break_it.__name__ in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (Refused("没有收件夹：请用 make run INBOX=<文件夹> 指定"), "没有收件夹：请用 make run INBOX=<文件夹> 指定"),
        (LookupError("landing：没有更早的版本可退"), "landing：没有更早的版本可退"),
        (ValueError("名录打不开（IO Error: not a file）；请重新导出"), "名录打不开；请重新导出"),
    ],
)
def test_our_own_lines_stand_as_they_are(tmp_path: Path, error: Exception, line: str) -> None:
    assert ending_with_log(error, tmp_path).line == line
    assert not (tmp_path / "logs").exists()


def test_a_full_disk_names_folder_free_and_needed(tmp_path: Path) -> None:
    for raised in (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "exports" / "x.parquet")),
        duckdb.IOException(f'IO Error: Could not write file "{tmp_path}/exports/x": No space left on device'),
        pa.ArrowException("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),
        duckdb.OutOfMemoryException("failed to offload data block (... max_temp_directory_size ...)"),
    ):
        line = ending_with_log(raised, tmp_path).line
        assert "磁盘满了" in line and "只剩" in line and "约需" in line and str(tmp_path) in line


def test_logs_are_kept_for_ninety_days(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    now = dt.datetime(2026, 11, 30, 12)
    for days in (0, 89, 91, 400):
        log = tmp_path / "logs" / f"nightly-{days}.log"
        log.write_text("x")
        moment = (now - dt.timedelta(days=days)).timestamp()
        os.utime(log, (moment, moment))
    (tmp_path / "logs" / "kept.txt").write_text("x")
    forget_old_logs(tmp_path, now)
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {"nightly-0.log", "nightly-89.log", "kept.txt"}
    forget_old_logs(tmp_path / "nothing")
