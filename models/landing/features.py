"""Rows and columns that the landing model may see.

Belongs here: choosing model columns from the features frame, labels of its rows as known on a day.
Does not belong here: computing features (dbt, point in time), fitting.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from models.landing.settings import LandingSettings
from models.validation.censoring import label_pairs
from models.validation.splits import as_days

KEYS = ["lead_id", "as_of_date"]


def check_frames(features: pd.DataFrame, outcomes: pd.DataFrame, settings: LandingSettings) -> None:
    """Raise if a column is missing or a (lead, as-of) pair appears twice."""
    wanted = [*KEYS, "is_open", *(f.name for f in settings.features)]
    absent = [c for c in wanted if c not in features.columns]
    if absent:
        raise ValueError(f"features lack columns {absent}")
    absent = [c for c in ("lead_id", "stage", "reached_date", "known_date") if c not in outcomes.columns]
    if absent:
        raise ValueError(f"outcomes lack columns {absent}")
    if features.duplicated(KEYS).any():
        raise ValueError("features hold a (lead_id, as_of_date) pair more than once")


def open_pairs(features: pd.DataFrame) -> pd.DataFrame:
    """Pairs that were still open, in a fixed order: training must not depend on the order of rows."""
    is_open = features["is_open"].fillna(False).astype(bool)
    return features[is_open].sort_values(["as_of_date", "lead_id"], kind="stable").reset_index(drop=True)


def labels_known_on(
    pairs: pd.DataFrame, outcomes: pd.DataFrame, day: dt.date, settings: LandingSettings
) -> pd.DataFrame:
    """Labels as somebody sitting at ``day`` would have had them."""
    return label_pairs(
        pairs,
        outcomes,
        milestone=settings.milestone,
        lost_stage=settings.lost_stage,
        horizon_days=settings.horizon_days,
        data_through=day,
        mode=settings.censoring,
        reporting_lag_days=settings.reporting_lag_days,
    )


def matrix(pairs: pd.DataFrame, settings: LandingSettings) -> pd.DataFrame:
    """Model columns only, in the order of the settings."""
    return pairs[[f.name for f in settings.features]]


def to_date(day: np.datetime64) -> dt.date:
    """A datetime64 as a date."""
    return pd.Timestamp(day).date()


def age_days(pairs: pd.DataFrame, day: dt.date) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Days from as-of to ``day``."""
    return np.asarray((np.datetime64(day, "D") - as_days(pairs["as_of_date"])).astype(np.float64))
