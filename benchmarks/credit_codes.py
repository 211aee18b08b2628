"""The credit-code check against the same check in SQL, on the same codes (信用代码校验的速度).

Run `python benchmarks/credit_codes.py [codes]`. Ten million codes by default, one in a hundred with a wrong check digit;
both must call the same ones valid. DuckDB runs on all the cores it finds, the vectorised check on one.
"""

from __future__ import annotations

import sys
import time

import duckdb
import numpy as np
import pyarrow as pa

from intake.values import USCC_ALPHABET, uscc_valid

CHUNK = 1_000_000


def draw_codes(count: int, rng: np.random.Generator) -> pa.Array:
    """Draw well-formed codes and spoil one in a hundred."""
    values = rng.integers(0, 10, (count, 18))
    values[:, 8] = rng.integers(0, 31, count)
    weights = np.array([pow(3, i, 31) for i in range(17)])
    values[:, 17] = (31 - (values[:, :17] * weights).sum(axis=1) % 31) % 31
    spoiled = rng.random(count) < 0.01
    values[spoiled, 17] = (values[spoiled, 17] + 1) % 31
    letters = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)[values]
    return (
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(18), count, [None, pa.py_buffer(letters.tobytes())])
        .cast(pa.binary())
        .cast(pa.string())
    )


def sql_check() -> str:
    """Give the same rule as one SQL expression: alphabet, digits of the region, weighted sum."""
    terms = " + ".join(f"(strpos('{USCC_ALPHABET}', code[{i + 1}]) - 1) * {pow(3, i, 31)}" for i in range(17))
    return (
        f"length(code) = 18 and regexp_full_match(code, '[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}') "
        f"and (31 - ({terms}) % 31) % 31 = strpos('{USCC_ALPHABET}', code[18]) - 1"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    rng = np.random.default_rng(7)
    ours = theirs = 0.0
    valid = sql_valid = 0
    with duckdb.connect() as connection:
        for start in range(0, count, CHUNK):
            codes = draw_codes(min(CHUNK, count - start), rng)
            started = time.perf_counter()
            valid += uscc_valid(codes).true_count
            ours += time.perf_counter() - started
            connection.register("codes", pa.table({"code": codes}))
            started = time.perf_counter()
            (found,) = connection.execute(f"select count(*) from codes where {sql_check()}").fetchone() or (0,)
            theirs += time.perf_counter() - started
            sql_valid += found
    assert valid == sql_valid, (valid, sql_valid)
    print(f"| check of {count:,} codes, {valid:,} valid | seconds | codes/s |")
    print("|---|---|---|")
    print(f"| intake.values.uscc_valid | {ours:.2f} | {count / ours:,.0f} |")
    print(f"| DuckDB SQL | {theirs:.2f} | {count / theirs:,.0f} |")


if __name__ == "__main__":
    main()
