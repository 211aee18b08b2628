"""A register costs its prospects at most: too large, broken or unreadable, an empty one is landed and the reason kept."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from pathlib import Path
from typing import Any, cast

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake import landing, registers
from intake.registers import estimate_rows
from office import DEFAULTS
from orchestration import nightly
from orchestration.defs.ingestion.assets import _land_register, ledgers, told_plainly
from orchestration.defs.ingestion.checks import register_could_be_used
from orchestration.endings import Refused
from orchestration.landing_office import LANDED
from orchestration.register_limits import LIMITS, RegisterLimits, read_note, write_note
from orchestration.resources import Workplace
from orchestration.settings import Settings

HEADER = "企业名称,统一社会信用代码,成立日期,企业类型,注册资本,币种,省份,城市\n"
ROW = "东皋纺织有限公司,91440300708461136T,2003-05-20,有限责任公司,100,CNY,江苏,南通\n"
GENEROUS = {"rows_at_most": 10_000, "disk_bytes_per_row": 1, "memory_bytes_per_row": 1, "minutes_at_most": 5}


def workplace(
    home: Path, name: str = "名录.csv", content: bytes = (HEADER + ROW).encode(), **limits: float
) -> Workplace:
    """A home with a register and limits of its own."""
    shutil.copytree(DEFAULTS, home / LANDED, dirs_exist_ok=True)
    text = "".join(f"{key}: {value}\n" for key, value in {**GENEROUS, **limits}.items())
    (home / LANDED / LIMITS).write_text(text, encoding="utf-8")
    (home / name).write_bytes(content)
    return Workplace(home=str(home), inbox=str(home), register_file=str(home / name))


def land(place: Workplace) -> str | None:
    """Land the register; give the note."""
    _land_register(place, lambda line: None)
    return read_note(place.root)[0]


def assert_left_out(place: Workplace, said: str) -> None:
    note = land(place)
    assert note and said in note and "请" in note and "Error" not in note, note
    assert pq.read_metadata(place.parquet("landing/register")).num_rows == 0
    judged = cast(dg.AssetCheckResult, register_could_be_used(workplace=place))
    assert not judged.passed and judged.severity == dg.AssetCheckSeverity.WARN
    assert note in str(judged.description) and "名单照常" in str(judged.description)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"rows_at_most": 100}, "超过上限 100 行"),
        ({"disk_bytes_per_row": 1e15}, "约需磁盘"),
        ({"memory_bytes_per_row": 1e12}, "约需内存"),
    ],
)
@pytest.mark.parametrize("name", ["名录.csv", "名录.csv.gz", "名录.parquet"])
def test_too_large_a_register_is_judged_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limits: dict[str, float], said: str
) -> None:
    text = (HEADER + ROW * 2000).encode()
    place = workplace(tmp_path, name, gzip.compress(text) if name.endswith("gz") else text, **limits)
    if name.endswith("parquet"):
        pq.write_table(pa.table({"企业名称": ["东皋纺织有限公司"] * 2000}), tmp_path / name)
    if name.endswith("gz") and "rows_at_most" in limits:
        place = workplace(tmp_path, name, gzip.compress(os.urandom(200_000) + text), **limits)

    def never(source: Path, *_: Any, may_be_empty: bool = False) -> registers.RegisterCounts:
        assert may_be_empty, "it was read"
        return read(source, *_, may_be_empty=may_be_empty)

    read = landing.land_register
    monkeypatch.setattr(landing, "land_register", never)
    assert_left_out(place, said)


@pytest.mark.parametrize("count", [1, 50, 20_000])
def test_rows_are_estimated_within_a_fifth(tmp_path: Path, count: int) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.parquet"
    plain.write_text(HEADER + ROW * count, encoding="utf-8")
    pq.write_table(pa.table({"n": list(range(count))}), packed)
    assert estimate_rows(packed) == count
    assert abs(estimate_rows(plain) - count) <= count / 5 + 1
    (tmp_path / "b.parquet").write_bytes(b"none")
    assert estimate_rows(tmp_path / "b.parquet") == 0


def parquet_bytes(**columns: list[Any]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return cast(bytes, sink.getvalue().to_pybytes())


WHOLE = parquet_bytes(
    企业名称=["东皋纺织有限公司"] * 5000, 统一社会信用代码=["91440300708461136T"] * 5000, 省份=["江苏"] * 5000
)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("名录.parquet", b"not parquet", "打不开"),
        ("名录.parquet", WHOLE[: len(WHOLE) // 2], "打不开"),
        ("名录.parquet", WHOLE[:100] + b"\xff" * 200 + WHOLE[300:], "企业名录"),
        ("名录.parquet", parquet_bytes(a=[1], b=["二"]), "缺少列"),
        ("名录.parquet", b"", "0 字节"),
        ("名录.csv", HEADER.encode(), "只有表头"),
        ("名录.csv", "甲,乙\n1,2\n".encode(), "缺少列"),
        ("名录.csv", bytes(range(256)) * 50, "企业名录"),
        ("名录.csv", (HEADER + ROW.replace("江苏", "未知")).encode(), "全部拒收"),
        ("名录.csv.gz", b"\x1f\x8b\x08 cut", "企业名录"),
        ("名录.csv.gz", gzip.compress(os.urandom(1 << 17))[:1000], "企业名录"),
        ("名录.xlsx", b"PK", "应为 .parquet"),
        ("名录", b"", "企业名录"),
    ],
)
def test_a_register_that_cannot_be_read_costs_its_prospects_only(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    place = workplace(tmp_path, name, content)
    note = land(place)
    assert note and "Error" not in note
    assert pq.read_metadata(place.parquet("landing/register")).num_rows == 0
    if "0 字节" not in said and name != "名录":
        assert said in note
    place = workplace(tmp_path)  # tomorrow's is good
    assert land(place) is None and pq.read_metadata(place.parquet("landing/register")).num_rows == 1


def test_a_register_that_is_gone_costs_its_prospects_only(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    Path(str(place.register_file)).unlink()
    assert_left_out(place, "不存在")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "内存不够"),
        (duckdb.OutOfMemoryException("could not allocate block"), "内存不够"),
        (pa.ArrowMemoryError("malloc of size 1 failed"), "内存不够"),
        (duckdb.IOException("No space left on device"), "磁盘满了"),
        (OSError(errno.ENOSPC, "No space left on device"), "磁盘满了"),
        (PermissionError(errno.EACCES, "Permission denied"), "权限"),
        (RuntimeError("something new"), "重新导出"),
    ],
)
def test_what_runs_out_while_reading_costs_the_prospects_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    read = registers._stream

    def stream(result: Any, refusals: Any, *rest: Any) -> tuple[int, int]:
        if refusals.file_name.startswith("名录"):
            raise error
        return read(result, refusals, *rest)

    monkeypatch.setattr(registers, "_stream", stream)
    assert_left_out(workplace(tmp_path), said)


def test_reading_ends_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "SAY_EVERY", 0.0)
    assert_left_out(workplace(tmp_path, minutes_at_most=0), "超过 0 分钟")


def test_the_limits_that_come_with_the_program_can_be_read() -> None:
    assert RegisterLimits.load(DEFAULTS / LIMITS).rows_at_most > 0


@pytest.mark.parametrize("fault", ["memory", "disk", "corrupt", "unknown"])
def test_a_night_that_ends_for_want_of_room_runs_again_without_its_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    place = workplace(tmp_path)
    assert land(place) is None
    settings = Settings(tmp_path, tmp_path, Path(str(place.register_file)), tmp_path / "office")
    runs: list[str | None] = []

    def execute(*_: Any) -> nightly.NightlyResult:
        runs.append(land(place))
        is_first = len(runs) == 1
        return nightly.NightlyResult(not is_first, [], 0, 0, [], 0.0, frozenset({fault} if is_first else ()))

    monkeypatch.setattr(nightly, "_execute", execute)
    result = nightly.run_job(settings, nightly.office_today(), "nightly")
    assert result.success == (fault != "unknown")
    assert len(runs) == (1 if fault == "unknown" else 2)
    assert all(note is None for note in runs[:1])
    if fault in ("memory", "disk"):
        assert runs[1] and "加工时" in runs[1]
        assert land(place) == runs[1], "left out the next night too, as long as nothing changed"
        os.utime(str(place.register_file), (1, 1))
        assert land(place) is None
    elif fault == "corrupt":
        assert runs[1] is None


def test_what_waiting_cannot_mend_is_not_tried_again() -> None:
    assert ledgers.op.retry_policy is None
    for error, raised in (
        (OSError(errno.ENOSPC, "full"), OSError),
        (PermissionError(errno.EACCES, "no"), OSError),
        (KeyError("x"), KeyError),
        (Refused("没有"), dg.Failure),
        (OSError(errno.ESTALE, "share"), dg.RetryRequested),
        (OSError(errno.ETIMEDOUT, "share"), dg.RetryRequested),
    ):
        with pytest.raises(raised) as told, told_plainly():
            raise error
        if isinstance(told.value, dg.Failure):
            assert not told.value.allow_retries


def test_a_note_without_a_problem_says_nothing(tmp_path: Path) -> None:
    write_note(tmp_path, None)
    assert read_note(tmp_path) == (None, None) == read_note(tmp_path / "nowhere")
