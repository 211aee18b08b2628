"""A whole country's enterprises scored with reasons, against only reading their features (六千万企业批量评分).

Run `python -m benchmarks.bulk_scoring [rows]`, 60 million by default (about 2 GB of disk for the features, 4 GB for the scores). The register is invented:
fourteen features with the shapes of a real one, and two models whose tables hold 64 bins a number and every category, at random; this is speed, not
skill. Ours reads Parquet, scores both models with the three largest exact reasons each, and writes Parquet. The peers only read the same columns with
the same threads: Arrow batches that are dropped, and DuckDB's maximum of every column. Boosted trees, which give no reasons at that price, score some of
the rows. Limits: twice the faster reader, 2 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import table
from models.additive import AdditiveTables, Term
from models.additive.bulk import BATCH, BulkScorer, score_parquet

ROWS = 60_000_000
GROUP = 1_000_000
THREADS = 2
ROUNDS = 2
SEED = 26
CATEGORIES = {"division": 96, "province": 31, "city": 340, "type": 12, "status": 5, "size": 4}
NUMBERS = ["capital_wan_cny", "age_days", "insured", "branches", "patents", "trademarks", "lawsuits", "revenue_wan_cny"]
FEATURES = [*CATEGORIES, *NUMBERS]
BINS = 64


def drawn(rows: int, seed: int) -> pa.Table:
    """Enterprises of no place: capital as it is written, counts that are mostly 0, revenue known of one in five."""
    rng = np.random.default_rng([SEED, seed])
    columns: dict[str, pa.Array] = {"enterprise": pa.array(np.arange(rows) + seed * GROUP)}
    for name, count in CATEGORIES.items():
        words = pa.array([f"{name}{i:03}" for i in range(count)])
        places = (rng.random(rows) ** 2 * count).astype(np.int32)
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(places, mask=rng.random(rows) < 0.01), words)
    columns["capital_wan_cny"] = pa.array(np.round(rng.lognormal(5, 1.8, rows), 1))
    columns["age_days"] = pa.array(rng.integers(0, 14_000, rows, dtype=np.int32))
    columns["insured"] = pa.array(rng.lognormal(1, 1.5, rows).astype(np.int32), mask=rng.random(rows) < 0.4)
    for name, mean in (("branches", 0.2), ("patents", 0.5), ("trademarks", 0.8), ("lawsuits", 0.3)):
        columns[name] = pa.array((rng.exponential(mean, rows) ** 1.5).astype(np.int32))
    columns["revenue_wan_cny"] = pa.array(rng.lognormal(7, 2, rows), mask=rng.random(rows) < 0.8)
    return pa.table(columns)


def write_register(path: Path, rows: int) -> None:
    with pq.ParquetWriter(path, drawn(1, 0).schema, compression="snappy") as writer:
        for at in range(0, rows, GROUP):
            writer.write_table(drawn(min(GROUP, rows - at), at // GROUP))


def invented(seed: int) -> AdditiveTables:
    """One term a feature, values at random on the grid on which sums are exact."""
    rng, sample = np.random.default_rng([SEED, 1000, seed]), drawn(100_000, 10_000 + seed)
    terms = []
    for name in FEATURES:
        if name in CATEGORIES:
            keys = sample[name].combine_chunks().dictionary.to_pylist()
            values = dict(zip(keys, rng.normal(0, 0.4, len(keys)).tolist(), strict=True))
            terms.append(Term(name, name, False, categories=values, missing=float(rng.normal(0, 0.4))))
            continue
        known = sample[name].drop_null().to_numpy()
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
        steps = rng.normal(0, 0.4, len(edges) + 1)
        terms.append(Term(name, name, True, edges.astype(float), steps, missing=float(rng.normal(0, 0.4))))
    return AdditiveTables(-2.0, terms).rounded()


def _groups(source: Path, work: Callable[[pa.RecordBatch], Any]) -> None:
    """``work`` on every batch, row groups shared among the threads."""

    def one(group: int) -> None:
        with pq.ParquetFile(source, read_dictionary=list(CATEGORIES)) as file:
            for batch in file.iter_batches(BATCH, row_groups=[group], columns=FEATURES, use_threads=False):
                work(batch)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(pq.ParquetFile(source).num_row_groups)))


def read_arrow(source: Path, folder: Path) -> None:
    _groups(source, lambda batch: None)


def read_duckdb(source: Path, folder: Path) -> None:
    highest = ", ".join(f"max({name})" for name in FEATURES)
    duckdb.connect(config={"threads": THREADS}).execute(f"select {highest} from read_parquet('{source}')").fetchall()


def score_only(source: Path, folder: Path) -> None:
    scorer = BulkScorer({"landing": invented(0), "tax": invented(1)})
    _groups(source, scorer.score)


def score_and_write(source: Path, folder: Path) -> None:
    scorer = BulkScorer({"landing": invented(0), "tax": invented(1)})
    score_parquet(source, folder / "scores.parquet", scorer, ["enterprise"], THREADS)


CASES: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "arrow": ("peer: read the features (Arrow)", read_arrow),
    "duckdb": ("peer: maximum of every feature (DuckDB)", read_duckdb),
    "only": ("ours: two models, three reasons each", score_only),
    "ours": ("ours: the same, written as Parquet", score_and_write),
}


def in_own_process(case: str, source: Path) -> dict[str, float]:
    """Seconds without the start of Python, and the highest resident memory of the process, in MB."""
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        command = [sys.executable, "-m", "benchmarks.bulk_scoring", "--child", case, str(source), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout.strip().split("\n")[-1])
    return result


def trees(rows: int, source: Path) -> list[tuple[str, ...]]:
    """Boosting of usual size on some rows: 100 trees of 31 leaves; its exact reasons are Shapley values of trees."""
    if not find_spec("lightgbm"):
        print("not installed, so missing below: lightgbm (benchmarks/peers.lock)")
        return []
    from lightgbm import LGBMClassifier

    group = pq.ParquetFile(source, read_dictionary=list(CATEGORIES)).read_row_group(0, columns=FEATURES)
    frame = group.to_pandas()
    model = LGBMClassifier(n_estimators=100, random_state=0, n_jobs=THREADS, verbose=-1)
    model.fit(frame.iloc[:100_000], invented(0).score(frame.iloc[:100_000]) > -2)
    lines = []
    for title, count, options in (
        ("peer: LightGBM, 100 trees, no reasons", len(frame), {}),
        ("peer: LightGBM, Shapley values", min(5_000, len(frame)), {"pred_contrib": True}),
    ):
        started = time.perf_counter()
        model.predict(frame.iloc[:count], raw_score=not options, **options)
        rate = count / (time.perf_counter() - started)
        lines.append((title, f"({rows / rate:,.1f})", f"{rate:,.0f}", "", "", ""))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        case, source, folder = given.child
        started = time.perf_counter()
        CASES[case][1](Path(source), Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": time.perf_counter() - started, "peak_mb": peak}))
        return
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "register.parquet"
        write_register(source, given.rows)
        print(
            f"{given.rows:,} invented enterprises, {len(FEATURES)} features, {source.stat().st_size / 1e9:.1f} GB,"
            f" {THREADS} threads; fastest of {ROUNDS}; in brackets: from a part of the rows",
            flush=True,
        )
        found = {case: [in_own_process(case, source) for _ in range(ROUNDS)] for case in CASES}
        seconds = {case: min(one["seconds"] for one in runs) for case, runs in found.items()}
        reading = min(seconds["arrow"], seconds["duckdb"])
        lines: list[tuple[str, ...]] = [("", "seconds", "rows/s", "ratio", "peak MB", "limit")]
        for case, (title, _) in CASES.items():
            peak = max(one["peak_mb"] for one in found[case])
            figures = (f"{seconds[case]:.1f}", f"{given.rows / seconds[case]:,.0f}", f"{seconds[case] / reading:.2f}")
            lines.append((title, *figures, f"{peak:,.0f}", "2.00, 2,048 MB" if case == "ours" else ""))
        print(table([*lines, *trees(given.rows, source)]))


if __name__ == "__main__":
    main()
