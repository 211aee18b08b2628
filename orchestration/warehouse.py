"""The warehouse file before dbt opens it (仓库): held by somebody, broken, or ready.

Belongs here: waiting for a lock, setting a broken file aside. Does not belong here: SQL, and anything that writes: only dbt
does. The file holds nothing that `landing/` does not, so a broken one is built anew.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from orchestration.endings import Busy, Refused, kind_of

LOCK_SECONDS: Final = 20  # a dbt that was killed lets its lock go at once; anybody else has to be asked
BROKEN_KEPT: Final = 2
_HOLDER: Final = re.compile(r"held in (.+?) \(PID (\d+)\)")


def warehouse_path(home: Path) -> Path:
    """Return the one file that dbt builds in."""
    return home / "warehouse" / "warehouse.duckdb"


def make_ready(home: Path, say: Callable[[str], None], seconds: float = LOCK_SECONDS) -> bool:
    """Wait shortly for whoever holds the warehouse, set it aside if it is broken; say whether it was.

    Raises
    ------
    Refused
        It is still held (Busy), or may not be read; the line names the process.
    """
    path, until, is_said = warehouse_path(home), time.monotonic() + seconds, False
    while path.exists():
        try:
            duckdb.connect(str(path), read_only=True).close()
            return False
        except duckdb.Error as error:
            text = str(error)
        kind = kind_of(text)
        if kind == "permission":
            raise Refused(f"仓库没有读写权限：{path}；请检查权限")
        if kind in ("memory", "disk"):
            raise MemoryError(text) if kind == "memory" else OSError(text)
        if kind != "locked":
            set_aside(home, say)
            return True
        who = holder_of(text)
        if time.monotonic() >= until:
            raise Busy(f"仓库 {path} 正被{who}占用，等了 {seconds:.0f} 秒；请关闭它，再运行")
        if not is_said:
            say(f"仓库正被{who}占用，最多等 {seconds:.0f} 秒")
            is_said = True
        time.sleep(0.5)
    return False


def holder_of(text: str) -> str:
    """Return who holds the warehouse, from what DuckDB says of its lock."""
    holder = _HOLDER.search(text)
    return f"进程 {holder[2]}（{Path(holder[1]).name}）" if holder else "别的进程"


def set_aside(home: Path, say: Callable[[str], None]) -> Path:
    """Rename a broken warehouse, and keep the last few of them."""
    path = warehouse_path(home)
    mark = f"{path.name}.broken-"
    kept = path.with_name(f"{mark}{dt.datetime.now():%Y%m%d-%H%M%S-%f}")
    for suffix in ("", ".wal"):
        place = path.with_name(path.name + suffix)
        if place.exists():
            place.rename(kept.with_name(kept.name + suffix))
    broken = sorted(p for p in path.parent.glob(f"{mark}*") if p.suffix != ".wal")
    for old in broken[:-BROKEN_KEPT]:
        for place in (old, old.with_name(old.name + ".wal")):
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)
    say(f"仓库文件损坏或不是本版本的，已移到 {kept}，现在重建（其中没有台账之外的数据）")
    return kept
