"""An office's own past as a pipeline to be judged as known: every open lead at every month end, of a finished night.

Belongs here: reading features and outcomes that a night exported. Does not belong here: the protocol (``as_known``).

`ZEYOU_HOME=... python -m benchmarks.landing --as-known --adapter benchmarks.office`
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from models.landing.features import matrix, open_pairs
from models.landing.settings import LandingSettings

FIRST_MONTHS = 15  # months after the first as-of day before an origin is judged: a horizon, and some to rehearse on


def load() -> dict[str, Any]:
    """Return what the adapter promises; landing is seen on the day on which the office knew of it."""
    home = Path(os.environ.get("ZEYOU_HOME", "var"))
    settings = LandingSettings.load()
    features = pd.read_parquet(home / "exports/features/ftr_lead__12m.parquet")
    outcomes = pd.read_parquet(home / "exports/marts/fct_outcomes.parquet")
    pairs = open_pairs(features)
    as_of = pd.to_datetime(pairs["as_of_date"])
    days = outcomes.assign(known=pd.to_datetime(outcomes["known_date"])).groupby(["stage", "lead_id"])["known"].min()
    landed, lost = (
        pairs["lead_id"].map(days[stage]) if stage in days.index.get_level_values(0) else pd.Series(pd.NaT, pairs.index)
        for stage in (settings.milestone, settings.lost_stage)
    )
    # Lost or landed by the as-of day, but closed later in the book: no case any more.
    is_case = ~(landed <= as_of) & ~(lost <= as_of)
    target = landed.notna().astype(float).where(landed.notna() | lost.notna())
    last = as_of.max() - pd.Timedelta(days=1)
    return {
        "name": f"office {home.name}",
        "frame": matrix(pairs, settings)[is_case],
        "target": target[is_case],
        "time": as_of[is_case],
        "known": landed.where(landed.notna(), lost)[is_case],
        "groups": pairs["lead_id"][is_case],
        "horizon_days": settings.horizon_days,
        "end": last,
        "start": as_of.min() + pd.offsets.MonthEnd(FIRST_MONTHS),
        "every": "ME",
    }
