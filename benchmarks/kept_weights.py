"""Learn the weights that matching keeps for tables without codes, and write intake/reference/kept_weights.json.

`python -m benchmarks.kept_weights --register FILE` (shared reference data, enterprises/cn_registry_1978_2004_core.parquet). How often names,
places and forms of two firms agree is learned from the real register, where all codes differ; what agrees within one firm, and persons,
phones and addresses, from the generated register of matching_register.py (合成数据), whose codes are known.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.matching_register import register
from intake.matching import weights
from intake.matching.comparison import LEVELS
from intake.matching.records import checked
from intake.matching.run import match

REAL = ("name", "place", "city", "form")
SEED = 5
ROWS = 200_000
LARGEST_CITIES = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--register", required=True)
    asked = parser.parse_args()
    drawn = register(ROWS, SEED)
    generated = match(checked(drawn.drop_columns(["truth"]), "generated")).weights
    whole = f"""select name, city, uscc from (
        select *, row_number() over (partition by uscc order by name) as nth from '{asked.register}' where uscc is not null and name is not null
    ) where nth = 1"""
    cities = f"select city from ({whole}) group by city order by count(*) desc, city limit {LARGEST_CITIES}"
    samples = (
        f"select * from ({whole}) order by hash(uscc) limit {ROWS}",
        f"select * from ({whole}) where city in ({cities}) order by hash(uscc) limit {ROWS}",
    )
    real = []
    for query in samples:
        table = duckdb.execute(query).to_arrow_table()
        ids = pa.array([f"{at:07d}" for at in range(len(table))])
        real.append(match(checked(table.append_column("record_id", ids), "register")).weights)
    content = []
    for at, stratum in enumerate(weights.STRATA):
        u = {name: generated[at].u[name] for name in LEVELS}
        u |= {name: np.mean([found[at].u[name] for found in real], axis=0) for name in REAL}
        one = {
            "levels": list(stratum),
            "share": round(generated[at].share, 4),
            "m": {name: _rounded(generated[at].m[name]) for name in LEVELS},
            "u": {name: _rounded(u[name]) for name in LEVELS},
        }
        content.append(one)
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in content)
    weights.KEPT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(Path(weights.KEPT))


def _rounded(shares: np.ndarray) -> list[float]:
    least = np.maximum(shares, 5e-4)  # nothing is impossible
    return [round(float(share), 4) for share in least / least.sum()]


if __name__ == "__main__":
    main()
