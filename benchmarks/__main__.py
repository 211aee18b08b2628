"""Run every benchmark, each in its own process, one table each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ORDER = (
    "definitions_load",
    "register_reader",
    "workbook_reader",
    "credit_codes",
    "matching",
    "nightly",
    "ranking",
    "landing",
    "prospects",
    "tax",
    "chain_edges",
    "chain_reach",
    "desk_load",
    "city_marts",
)

for name in ORDER:
    print(f"\n== {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=Path(__file__).parents[1], check=True)
