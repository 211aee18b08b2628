"""Benchmark of the register reader: ours against plain DuckDB COPY, same data, threads and compression, same run.

Run `python benchmarks/register_reader.py`. The real register is read where ZEYOU_REFERENCE_DATA is set, else a synthetic
one of 1,000,000 rows. Each case runs in its own process, the two of a pair by turns; the best of the rounds counts, and
the peak is the process's highest resident memory. The limit we hold ourselves to: twice plain DuckDB, 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from intake.registers import CONFIG, land_register  # noqa: E402
from intake.values import USCC_ALPHABET  # noqa: E402

REAL = Path("enterprises/cn_registry_1978_2004_core.parquet")
SYNTHETIC_ROWS = 1_000_000
COMPRESSION = "snappy"  # the default of both writers


def write_synthetic(path: Path, rows: int) -> None:
    """Write a register with valid codes and the columns of the real one."""
    digits = [f"substr(stem, {i + 1}, 1)::int * {pow(3, i, 31)}" for i in range(17)]
    duckdb.execute(
        f"""
        copy (
            select
                '云川第' || n || '号纺织科技有限公司' as name,
                stem || substr('{USCC_ALPHABET}', (31 - ({" + ".join(digits)}) % 31) % 31 + 1, 1) as uscc,
                date '1980-01-01' + cast(n % 9000 as integer) as reg_date,
                '有限责任公司' as ent_type,
                cast(n % 5000 as double) as reg_capital_wan,
                'CNY' as reg_capital_ccy,
                '山东' as province,
                '济宁' as city
            from (select n, '9137080000' || lpad(cast(n as varchar), 7, '0') as stem from range({rows}) t(n))
        ) to '{path}' (compression {COMPRESSION})
        """
    )


def run_case(case: str, source: Path, folder: Path) -> dict[str, float]:
    """Run one case in this process and give its rows, seconds and peak in MB."""
    started = time.perf_counter()
    if case == "ours":
        rows = land_register(source, folder / "accepted.parquet", folder / "refused.parquet").read
    else:
        scan = (
            f"read_parquet('{source}')" if source.suffix == ".parquet" else f"read_csv('{source}', all_varchar = true)"
        )
        with duckdb.connect(config=CONFIG) as connection:
            query = (
                f"copy (select * from {scan}) to '{folder}/plain.parquet' (format parquet, compression {COMPRESSION})"
            )
            rows = connection.execute(query).fetchall()[0][0]
    seconds = time.perf_counter() - started
    return {"rows": rows, "seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_own_process(case: str, source: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--case", case, "--source", str(source), "--folder", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def compare(source: Path, rounds: int) -> list[dict[str, Any]]:
    """Run both cases by turns and give the best of each."""
    results: dict[str, list[dict[str, float]]] = {"plain DuckDB COPY": [], "ours": []}
    for _ in range(rounds):
        for case, found in results.items():
            found.append(in_own_process(case, source))
    best = {case: min(found, key=lambda r: r["seconds"]) for case, found in results.items()}
    plain = best["plain DuckDB COPY"]["seconds"]
    return [
        {"source": source.suffix[1:], "case": case, **one, "ratio": one["seconds"] / plain,
         "peak_mb": max(r["peak_mb"] for r in results[case])}
        for case, one in best.items()
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case")
    parser.add_argument("--source", type=Path)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(run_case(arguments.case, arguments.source, arguments.folder)))
        return
    data = os.environ.get("ZEYOU_REFERENCE_DATA")
    with tempfile.TemporaryDirectory() as folder:
        register = Path(folder) / "register.parquet"
        if data:
            register.symlink_to(Path(data) / REAL)
        else:
            write_synthetic(register, SYNTHETIC_ROWS)
        as_csv = register.with_suffix(".csv")
        duckdb.execute(f"copy (from read_parquet('{register}')) to '{as_csv}'")
        rows = [row for source in (register, as_csv) for row in compare(source, arguments.rounds)]
    print(
        f"register: {REAL.name if data else 'synthetic'}, {int(rows[0]['rows']):,} rows, {CONFIG['threads']} threads, {COMPRESSION}"
    )
    print(f"{'from':8}  {'case':18}  {'seconds':>7}  {'rows/s':>10}  {'ratio':>6}  {'peak MB':>7}")
    for r in rows:
        print(
            f"{r['source']:8}  {r['case']:18}  {r['seconds']:7.2f}  {r['rows'] / r['seconds']:10,.0f}  {r['ratio']:5.2f}x  {r['peak_mb']:7.0f}"
        )
    print("limit: ratio 2.00x, peak 2,048 MB")


if __name__ == "__main__":
    main()
