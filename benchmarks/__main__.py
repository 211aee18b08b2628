"""Run every benchmark, each in its own process, one table each; speed first, then skill, which other work disturbs less.

Run `python -m benchmarks [name ...]` for some of them. One that fails is told at the end, and does not stop the others.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
import time
from pathlib import Path

SPEED = (
    "definitions_load",
    "register_reader",
    "workbook_reader",
    "credit_codes",
    "bulk_scoring",
    "nightly",
    "prospects",
    "chain_reach",
    "desk_load",
    "city_marts",
)
SKILL = ("field", "matching", "ranking", "landing", "tax", "chain_edges", "expansion")
OPTIONS = {"field": ["--quiet"], "landing": ["--few"], "matching": ["--full"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join((*SPEED, *SKILL))}")
    parser.add_argument("--peers", help="python of the environment with Splink and recordlinkage (matching_peers.lock)")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {*SPEED, *SKILL}
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    failed = []
    for name in arguments.names or (*SPEED, *SKILL):
        print(f"\n== {name}, {dt.datetime.now():%Y-%m-%d %H:%M}", flush=True)
        options = list(OPTIONS.get(name, ()))
        if name == "matching" and arguments.peers:
            options += ["--peers", arguments.peers]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *options], cwd=Path(__file__).parents[1], check=False
        )
        print(f"== {name}: {time.perf_counter() - started:,.0f} s", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
