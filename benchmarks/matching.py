"""Benchmark of matching: exact keys, Splink, recordlinkage and ours on the same rows, each in a fresh process.

Run `python benchmarks/matching.py [--rows N] [--full] [--truth]`. The rows are a generated register (matching_register.py) or, with `--truth`,
one by an author who did not read the matcher (matching_truth.py), with codes, without any, and with broken ones; then leads against the real register. Peers need an environment with benchmarks/matching_peers.lock:
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
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.matching_register import register  # noqa: E402
from benchmarks.matching_truth import leads_and_register, truth  # noqa: E402
from benchmarks.measure import table  # noqa: E402
from intake.matching import match  # noqa: E402
from intake.matching.records import checked  # noqa: E402
from intake.matching.register import register_candidates  # noqa: E402

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


def compare(drawn: pa.Table, peers: str | None) -> list[tuple[str, ...]]:
    rows = len(drawn)
    with tempfile.TemporaryDirectory() as folder:
        source, prepared = Path(folder) / "register.parquet", Path(folder) / "prepared.parquet"
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


def against_register(data: Path, count: int) -> list[tuple[str, ...]]:
    """Match disturbed names with the real register; return what became of them by kind."""
    source = data / "enterprises" / "cn_registry_1978_2004_core.parquet"
    firms = duckdb.execute(
        f"""select uscc, any_value(name) as name, any_value(city) as city, any_value(province) as province from '{source}'
        where uscc_valid and name is not null group by uscc order by uscc"""
    ).to_arrow_table()
    asked = leads_and_register(count, SEED, firms.rename_columns(["key", "name", "city", "province"]))
    with tempfile.TemporaryDirectory() as folder:
        register_file = Path(folder) / "register.parquet"
        nulls = pa.nulls(len(firms), pa.string())
        columns = {"uscc": firms["uscc"], "registration_no": nulls, "enterprise_name": firms["name"], "province_name": firms["province"],
                   "city_name": firms["city"], "source_row": pa.array(range(len(firms)))}  # fmt: skip
        pq.write_table(pa.table(columns), register_file)
        leads = pa.table(
            {
                "record_id": pc.binary_join_element_wise("L:", asked["lead_id"], ""),
                "name": asked["name"],
                "city": asked["city"],
            }
        )
        listed = register_candidates(register_file, asked["name"].combine_chunks(), [], lambda line: None)
    matched = match(checked(pa.concat_tables([leads, listed], promote_options="default"), "leads")).table.to_pandas()
    firm = matched[matched["record_id"].str.startswith("R:")].set_index("enterprise_id")["record_id"].str[2:]
    own = matched[matched["record_id"].str.startswith("L:")]
    frame = asked.to_pandas().set_index("lead_id")
    enterprise = pd.Series(own["enterprise_id"].to_numpy(), index=own["record_id"].str[2:])
    got = enterprise.map(firm[~firm.index.duplicated()]).reindex(frame.index)
    frame["right"] = got.eq(frame["register_key"]) & frame["register_key"].notna()
    frame["wrong"] = got.notna() & ~frame["right"]
    frame["listed"] = frame["register_key"].notna()
    lines = [("all", *_shares(frame))]
    return lines + [(str(kind), *_shares(of)) for kind, of in frame.groupby("kind")]


def _shares(of: Any) -> tuple[str, ...]:
    listed = of["listed"].sum()
    right = f"{of['right'].sum() / listed:.4f}" if listed else ""
    return f"{len(of):,}", right, f"{of['wrong'].mean():.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--full", action="store_true", help="a million rows as well")
    parser.add_argument("--peers", help="python of the environment with Splink and recordlinkage")
    parser.add_argument(
        "--truth", action="store_true", help="rows of the independent author, and leads against the real register"
    )
    arguments = parser.parse_args()
    head = ("method", "precision", "recall", "F1", "seconds", "CPU s", "peak MB")
    for rows in (arguments.rows, *([1_000_000] if arguments.full else [])):
        drawn = {f"codes: {codes}": partial(truth, rows, SEED, codes) for codes in ("valid", "none", "invalid")}
        for title, draw in drawn.items() if arguments.truth else [("generated", partial(register, rows, SEED))]:
            print(f"\nmatching: {rows:,} rows (合成数据), {title}, seed {SEED}; precision, recall, F1 over pairs")
            print(table([head, *compare(draw(), arguments.peers)]))
    if os.environ.get("ZEYOU_REFERENCE_DATA") and arguments.truth:
        lines = against_register(Path(os.environ["ZEYOU_REFERENCE_DATA"]), 5_000)
        print("\nleads against the real register: 5,000 disturbed names, a tenth of firms that are not in it")
        print(table([("disturbance", "leads", "right firm", "wrong firm"), *lines]))
    elif os.environ.get("ZEYOU_REFERENCE_DATA"):
        peers = ["--peers", arguments.peers] if arguments.peers else []
        subprocess.run([sys.executable, str(HERE / "matching_pairs.py"), *peers], check=True)


if __name__ == "__main__":
    main()
