"""Prospects for every node over a register: against a plain scan of the columns used, and in how much memory.

The scan reads the same columns of the same Parquet file with the same threads and does nothing but take their maximum. What is timed of the
project is what depends on the register alone: the matching, the candidates and the list (times of dbt's own run_results). ZEYOU_REFERENCE_DATA
gives the real register; the generated one repeats its names with codes of their own until it has the rows asked for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import measure, table
from intake.chain_graph import write_listed
from intake.contract import load_contracts
from intake.landing import FILES_SCHEMA
from intake.registers import REFUSED_SCHEMA, land_register
from models.chain import load_chains
from models.screening.tabulating import findings

PROJECT = Path(__file__).parents[1] / "dbt_project"
GENERATED_ROWS = 10_000_000
TIMED = ("int_enterprise__chain_nodes", "brd_prospect__candidates", "brd_prospect__nodes")
BESIDE = ("stg_register__superseded_rows", "int_enterprise__named", "brd_prospect__headquarters")
COLUMNS = (
    "source_row", "uscc", "registration_no", "enterprise_name", "business_scope", "industry_code", "province_name", "city_name",
    "registered_capital_wan_cny", "established_date", "enterprise_type", "employee_count", "status",
)  # fmt: skip
SCAN = """
import duckdb, time
connection = duckdb.connect(config={{"threads": 2, "memory_limit": "1200MB"}})
connection.execute("set enable_progress_bar = false")
started = time.perf_counter()
connection.execute("select {columns} from read_parquet('{file}')").fetchall()
print(time.perf_counter() - started)
"""


def write_home(home: Path) -> None:
    """Write a landing folder of an office without ledgers, so that only the register counts."""
    landing = home / "landing"
    landing.mkdir(parents=True)
    (home / "warehouse").mkdir()
    for name, contract in load_contracts().items():
        if not contract.bulk:
            schema = contract.schema().append(pa.field("received_seq", pa.int64()))
            pq.write_table(schema.empty_table(), landing / f"{name}.parquet")
    pq.write_table(FILES_SCHEMA.empty_table(), landing / "files.parquet")
    for name in ("refused", "register_refused"):
        pq.write_table(REFUSED_SCHEMA.empty_table(), landing / f"{name}.parquet")
    text = ("record_id", "enterprise_id", "parent_enterprise_id", "why", "register_key", "register_match_by")
    names = (*text, "parent_register_key")
    pq.write_table(pa.schema([(n, pa.string()) for n in names]).empty_table(), landing / "lead_identities.parquet")
    for name, frame in load_chains().to_tables().items():
        frame.to_parquet(landing / f"chain_{name}.parquet", index=False)
    write_listed(home, landing / "chain_listed.parquet")
    for name, found_rows in findings(landing).items():
        pq.write_table(found_rows, landing / f"{name}.parquet")


def generate(register: Path, out: Path, rows: int) -> None:
    """Repeat a landed register with codes of their own, one part after the other."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as connection:
        connection.execute(
            f"""
            copy (
                select r.* replace (
                    case when copy = 0 then uscc else 'G' || lpad(cast(copy * 10000000 + source_row as varchar), 17, '0') end as uscc,
                    copy * 10000000 + source_row as source_row
                )
                from read_parquet('{register}') as r, range(20) as copies(copy)
                limit {rows}
            ) to '{out}' (format parquet, compression zstd)
            """
        )


def build(home: Path) -> tuple[float, dict[str, float]]:
    """Run the project up to the prospects; give the peak of memory and the seconds of each model."""
    environment = {
        **os.environ,
        "ZEYOU_HOME": str(home),
        "ZEYOU_LOCAL_PROVINCE": "山东",
        "ZEYOU_LOCAL_CITY": "云川市",
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet"]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--threads", "1"]
    subprocess.run([*dbt, "seed", *places], env=environment, check=True)
    found = measure([*dbt, "run", *places, "--select", "+brd_prospect__nodes"], environment)
    results = json.loads((home / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return found.peak_mb, {r["unique_id"].split(".")[-1]: float(r["execution_time"]) for r in results}


def main() -> None:
    """Measure the real register, then the generated one."""
    source = Path(os.environ["ZEYOU_REFERENCE_DATA"]) / "enterprises" / "cn_registry_1978_2004_core.parquet"
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else GENERATED_ROWS
    lines: list[list[str]] = [["register", "rows", "scan s", "prospects s", "ratio", "beside s", "peak MB"]]
    with tempfile.TemporaryDirectory() as folder:
        landed = Path(folder) / "landed.parquet"
        land_register(source, landed, Path(folder) / "refused.parquet")
        for name in ("real", "generated"):
            home = Path(folder) / name
            write_home(home)
            register = home / "landing" / "register.parquet"
            if name == "real":
                os.link(landed, register)
            else:
                generate(landed, register, rows)
            code = SCAN.format(columns=", ".join(f"max({c})" for c in COLUMNS), file=register)
            scans = [
                float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
                for _ in range(3)
            ]
            started = time.perf_counter()
            peak, seconds = build(home)
            spent = sum(seconds[model] for model in TIMED)
            scan = min(scans)
            print(
                f"{name}: {time.perf_counter() - started:.0f} s in all; scans {scans}; {seconds}",
                file=sys.stderr,
                flush=True,
            )
            beside = sum(seconds[model] for model in BESIDE)
            lines.append(
                [name, f"{pq.ParquetFile(register).metadata.num_rows:,}", f"{scan:.2f}", f"{spent:.2f}", f"{spent / scan:.1f}",
                 f"{beside:.2f}", f"{peak:,.0f}"]
            )  # fmt: skip
    print(table(lines))


if __name__ == "__main__":
    main()
