"""How large a register may be (名录上限): judged before it is read, so that it costs its prospects and never the list.

Belongs here: the limits, the estimate, the note that says why a register was left out. Does not belong here: reading it
(intake/registers.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from intake.registers import RegisterTooLarge, estimate_rows
from orchestration.endings import Refused, free_space, shown_size
from storage import write_parquet

LIMITS: Final = "register_limits.yaml"
NO_PROSPECTS: Final = "本次不用企业名录，没有目标企业，名单照常"
_NOTE: Final = pa.schema([("problem", pa.string()), ("stamp", pa.string())])


@dataclass(frozen=True)
class RegisterLimits:
    """What a register may need of this machine."""

    rows_at_most: int
    disk_bytes_per_row: int
    memory_bytes_per_row: int
    minutes_at_most: float

    @classmethod
    def load(cls, path: Path) -> RegisterLimits:
        """Read the limits; raises Refused with one line that says what is wrong with the file."""
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        except (yaml.YAMLError, UnicodeDecodeError):
            content = None
        if not isinstance(content, dict):
            raise Refused(f"{path}：格式不对；每行应写成 rows_at_most: 10000000")
        found: dict[str, Any] = {field.name: content.get(field.name) for field in fields(cls)}
        for name, value in found.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise Refused(f"{path}：{name} 应是不小于 0 的数；请改正")
        return cls(**found)

    def problem_of(self, source: Path, home: Path) -> str | None:
        """Say why a register is too large for this machine, None if it is not. Its rows are not read."""
        rows = estimate_rows(source)
        if rows > self.rows_at_most:
            return (
                f"企业名录 {source.name} 约 {rows:,} 行，超过上限 {self.rows_at_most:,} 行；请只留本省和目标地区的企业，"
                f"或改大 {LIMITS} 的 rows_at_most"
            )
        need, free = rows * self.disk_bytes_per_row, free_space(home)
        if need > free:
            return (
                f"企业名录 {source.name} 约 {rows:,} 行，约需磁盘 {shown_size(need)}，{home} 只剩 {shown_size(free)}；"
                "请清理磁盘，或只留目标地区的企业"
            )
        need, memory = rows * self.memory_bytes_per_row, available_memory()
        if memory is not None and need > memory:
            return (
                f"企业名录 {source.name} 约 {rows:,} 行，约需内存 {shown_size(need)}，现在只剩 {shown_size(memory)}；"
                "请关闭别的程序，或只留目标地区的企业"
            )
        return None

    def timed(self, name: str, say: Callable[[str], None]) -> Callable[[str], None]:
        """Return `say` that ends the reading once it takes longer than it may."""
        until = time.monotonic() + 60 * self.minutes_at_most

        def say_in_time(line: str) -> None:
            if time.monotonic() > until:
                raise RegisterTooLarge(
                    f"{name}：读企业名录超过 {self.minutes_at_most:g} 分钟；请只留目标地区的企业，或改大 {LIMITS} 的 minutes_at_most"
                )
            say(line)

        return say_in_time


def available_memory() -> int | None:
    """Return the bytes of memory that may still be taken, within the limit of a container; None where nobody says."""
    found, group = [], Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
        used = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        cached = int(used["active_file"]) + int(used["inactive_file"])  # given back when it is asked for
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()) + cached)
    except (OSError, ValueError, KeyError):
        pass
    return min(found) if found else None


# --- the note that lies beside the landed register, archived with it ----------------------------------------------------


def note_path(home: Path) -> Path:
    """Return the file that says why the register of the last night was left out; it has no row if it was not."""
    return home / "landing" / "register_note.parquet"


def write_note(home: Path, problem: str | None, stamp: str | None = None) -> None:
    """Write why a register was left out. With a stamp, it is left out again as long as file, limits and memory are those."""
    rows = [{"problem": problem, "stamp": stamp}] if problem else []
    note_path(home).parent.mkdir(parents=True, exist_ok=True)
    write_parquet(note_path(home), pa.Table.from_pylist(rows, _NOTE))


def read_note(home: Path) -> tuple[str | None, str | None]:
    """Return why the register was left out, and the stamp."""
    rows = pq.read_table(note_path(home)).to_pylist() if note_path(home).exists() else []
    return (rows[0]["problem"], rows[0]["stamp"]) if rows else (None, None)


def stamp_of(source: Path, limits: RegisterLimits) -> str:
    """Return what a register that did not fit was tried with: after any of it changed, it is tried again."""
    about = source.stat()
    meminfo = Path("/proc/meminfo")
    total = meminfo.read_text().split("\n")[0] if meminfo.exists() else ""
    return f"{source}|{about.st_size}|{about.st_mtime_ns}|{limits}|{total}"
