"""How long the definitions take to load, cold (SQL project parsed first) and warm, against importing dagster alone."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import measure, table

ROOT = Path(__file__).parents[1]
LOAD = "from orchestration.definitions import build_defs; from orchestration.settings import Settings; \
build_defs(Settings.from_environment()).resolve_asset_graph()"


def main() -> None:
    rows = [("definitions", "seconds", "peak MB", "ratio")]
    with tempfile.TemporaryDirectory() as home:
        environment = {"ZEYOU_HOME": home}
        peer = measure([sys.executable, "-c", "import dagster, dagster_dbt"], environment, ROOT)
        rows.append(("peer: import dagster, dagster_dbt", f"{peer.seconds:.2f}", f"{peer.peak_mb:.0f}", "1.00"))
        for name in ("first load (parses the SQL project)", "every later load"):
            ours = measure([sys.executable, "-c", LOAD], environment, ROOT)
            rows.append((name, f"{ours.seconds:.2f}", f"{ours.peak_mb:.0f}", f"{ours.seconds / peer.seconds:.2f}"))
    print(table(rows))


if __name__ == "__main__":
    main()
