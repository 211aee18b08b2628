"""Benchmark of matching: exact keys, Splink, recordlinkage and ours on one generated register, each in a fresh process.

Run `python benchmarks/matching.py [--rows N] [--full]`. Peers need an environment with benchmarks/matching_peers.lock:
`--peers PYTHON`; without it only exact keys and ours are measured. Where ZEYOU_REFERENCE_DATA is set, real labelled
pairs follow (matching_pairs.py). The limits we hold ourselves to: F1 at least Splink's, a third of its time, 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.matching_register import register  # noqa: E402
from benchmarks.measure import table  # noqa: E402

HERE = Path(__file__).parent
SEED = 20260630
TITLES = {"exact": "exact keys only", "splink": "Splink 5.0.0", "linkage": "recordlinkage", "ours": "ours"}


def pair_scores(labels: npt.NDArray[np.int64], truth: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """Give precision, recall and F1 over pairs of rows."""

    def pairs(keys: npt.NDArray[np.int64]) -> int:
        counts = np.unique(keys, return_counts=True)[1].astype(np.int64)
        return int((counts * (counts - 1) // 2).sum())

    labels = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    both = pairs(truth.astype(np.int64) * (len(labels) + 1) + labels)
    found, real = pairs(labels), pairs(truth)
    return both / max(found, 1), both / max(real, 1), 2 * both / max(found + real, 1)


def run(case: str, python: str, source: Path, out: Path) -> dict[str, float]:
    done = subprocess.run(
        [python, str(HERE / "matching_peers.py"), case, str(source), str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{case}: {done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.strip().split("\n")[-1]) if case != "prepare" else {}
    return result


def compare(rows: int, peers: str | None) -> list[tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        source, prepared = Path(folder) / "register.parquet", Path(folder) / "prepared.parquet"
        drawn = register(rows, SEED)
        pq.write_table(drawn, source)
        truth = drawn["truth"].to_numpy()
        run("prepare", sys.executable, source, prepared)
        lines = []
        for case in ("exact", "splink", "linkage", "ours"):
            if (case in ("splink", "linkage") and not peers) or (case == "linkage" and rows > 100_000):
                continue
            out = Path(folder) / f"{case}.parquet"
            python = peers if peers and case in ("splink", "linkage") else sys.executable
            # Ours reads the register as it is written: its time holds the normaliser.
            measured = run(case, python, source if case == "ours" else prepared, out)
            found = pq.read_table(out)
            scores = {name: pair_scores(found[name].to_numpy(), truth) for name in found.column_names}
            best = max(scores, key=lambda name: scores[name][2])
            title = TITLES[case] + ("" if best == "only" else f" (best threshold {best})")
            figures = [f"{value:.4f}" for value in scores[best]]
            lines.append(
                (title, *figures, f"{measured['seconds']:.1f}", f"{measured['cpu']:.1f}", f"{measured['peak_mb']:,.0f}")
            )
            print("  ", *lines[-1], file=sys.stderr, flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--full", action="store_true", help="a million rows as well")
    parser.add_argument("--peers", help="python of the environment with Splink and recordlinkage")
    arguments = parser.parse_args()
    for rows in (arguments.rows, *([1_000_000] if arguments.full else [])):
        print(f"\nmatching: {rows:,} generated rows (合成数据), seed {SEED}; precision, recall, F1 over pairs")
        print(
            table(
                [
                    ("method", "precision", "recall", "F1", "seconds", "CPU s", "peak MB"),
                    *compare(rows, arguments.peers),
                ]
            )
        )
    if os.environ.get("ZEYOU_REFERENCE_DATA"):
        peers = ["--peers", arguments.peers] if arguments.peers else []
        subprocess.run([sys.executable, str(HERE / "matching_pairs.py"), *peers], check=True)


if __name__ == "__main__":
    main()
