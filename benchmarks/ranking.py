"""What the first fifty of a list brought a year later, beside other orders of the same leads (前五十名一年后实现的税收).

Run `python -m benchmarks.ranking [seed ...]`. For each seed a fictional district is written and the nightly job run as of a year
before its last day; realised tax is the true yearly tax of the leads that then started within the year. The district is invented
with a signal in it (sample/PROCESS.md): the table compares orders, it claims no skill on a real district.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from orchestration.nightly import run_nightly
from orchestration.settings import Settings
from publishing.snapshot import LEADS, current
from sample import write_sample

LAST_DAY = dt.date(2026, 6, 30)
AS_OF = dt.date(2025, 6, 30)
TOP = 50


def orders(seed: int, folder: Path) -> dict[str, float]:
    """Give the realised tax in 万元 of the first fifty by each order."""
    write_sample(out=folder, leads=3000, register=20_000, seed=seed, as_of=LAST_DAY, progress=lambda line: None)
    settings = Settings(home=folder / "home", inbox=folder / "inbox", register=folder / "register.parquet")
    result = run_nightly(settings, AS_OF)
    if not result.success:
        raise SystemExit("\n".join(result.problems))
    snapshot = current(settings.home / "published")
    assert snapshot is not None and snapshot.as_of_date == AS_OF
    print(f"seed {seed}: models {snapshot.manifest['model_kinds']}", flush=True)
    leads = pd.read_parquet(snapshot.folder / LEADS)
    leads = leads[leads["rank"].notna()].set_index("lead_id")
    facts = pd.read_parquet(settings.home / "exports/marts/dim_leads.parquet").set_index("lead_id").loc[leads.index]
    truth = pd.read_parquet(folder / "truth/leads.parquet").set_index("lead_id").loc[leads.index]
    start = pd.to_datetime(truth["start_date"])
    lands = (start >= pd.Timestamp(AS_OF)) & (start < pd.Timestamp(LAST_DAY)) & truth["is_start_evidenced"]
    realised = truth["yearly_tax_wan_cny"].where(lands, 0.0)
    keys = {
        "择优 (ours)": -leads["rank"].astype(float),
        "landing only": leads["landing_probability"],
        "expected tax (landing × tax)": leads["landing_probability"] * leads["tax_wan_cny"],
        "investment size": facts["investment_wan_cny"].fillna(0.0),
        "newest first": pd.to_datetime(facts["reported_date"]).astype("int64"),
        "oracle": realised,
    }
    found = {
        name: float(realised[key.sort_values(ascending=False, kind="stable").index[:TOP]].sum())
        for name, key in keys.items()
    }
    return found | {"by lot (mean)": float(realised.mean() * TOP)}


def main() -> None:
    seeds = [int(text) for text in sys.argv[1:]] or [7, 8, 9]
    rows = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            rows[seed] = orders(seed, Path(folder))
    table = pd.DataFrame(rows).round(0).astype(int)
    table["share of the oracle"] = [
        f"{np.mean([rows[s][name] / rows[s]['oracle'] for s in seeds]):.2f}" for name in table.index
    ]
    print(f"realised yearly tax (万元) of the first {TOP}, by seed")
    print(table.to_markdown())


if __name__ == "__main__":
    main()
