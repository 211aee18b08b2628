"""Run a command and tell its seconds and the highest memory of any one of its processes."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """Wall seconds, and the peak of resident memory summed over the process tree, in MB, sampled every 50 ms."""

    seconds: float
    peak_mb: float


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None, cwd: Path | None = None) -> Measured:
    """Run a command to its end; its failure is an error."""
    started = time.perf_counter()
    process = subprocess.Popen(
        list(command),
        env={**os.environ, **(environment or {})},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # dbt tells its errors on the one, Python on the other
    )
    peak = [0.0]

    def watch() -> None:
        while process.poll() is None:
            peak[0] = max(peak[0], _tree_mb(process.pid))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    told, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{command}: {told.decode()[-2000:]}")
    return Measured(time.perf_counter() - started, peak[0])


def _tree_mb(root: int) -> float:
    """Sum resident memory of a process and all below it, from /proc."""
    total, queue = 0.0, [root]
    while queue:
        pid = queue.pop()
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
            for task in Path(f"/proc/{pid}/task").iterdir():
                queue += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError):
            continue
    return total


def table(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out in columns, the first one left-aligned."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(widths[at]) if at == 0 else cell.rjust(widths[at]) for at, cell in enumerate(row))
        for row in rows
    )
