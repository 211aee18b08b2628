"""What the command of the sample does and prints (命令).

Belongs here: calling the writer, its lines on the terminal. Does not belong here: what may be typed
(orchestration/command_line.py), what the district looks like.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from sample.writing import write_sample


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def sample(out: Path, leads: int, register: int, seed: int, as_of: dt.date) -> int:
    """Write the fictional district."""
    summary = write_sample(out=out, leads=leads, register=register, seed=seed, as_of=as_of, progress=_say)
    print(f"合成数据已写到 {out}：{summary}")
    return 0
