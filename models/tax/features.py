"""Projects with paid tax: one row each, with the features that were visible before the milestone.

Belongs here: which tax counts as a label, which as-of row stands for a project.
Does not belong here: promised or estimated tax as a label, ever; computing features (dbt).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from models.tax.settings import TaxSettings
from models.validation.splits import as_days


def check_frames(features: pd.DataFrame, outcomes: pd.DataFrame, settings: TaxSettings) -> None:
    """Raise if a column is missing or a (lead, as-of) pair appears twice."""
    wanted = ["lead_id", "as_of_date", "is_open", *(f.name for f in settings.features)]
    absent = [c for c in wanted if c not in features.columns]
    if absent:
        raise ValueError(f"features lack columns {absent}")
    wanted = ["lead_id", "stage", "reached_date", "known_date", "paid_tax_wan_cny"]
    absent = [c for c in wanted if c not in outcomes.columns]
    if absent:
        raise ValueError(f"outcomes lack columns {absent}")
    if features.duplicated(["lead_id", "as_of_date"]).any():
        raise ValueError("features hold a (lead_id, as_of_date) pair more than once")


def paid_projects(features: pd.DataFrame, outcomes: pd.DataFrame, day: dt.date, settings: TaxSettings) -> pd.DataFrame:
    """One row per project whose paid tax was known on ``day``, in the order in which it became known.

    Paid tax is that of the first of ``paid_stages`` that has one, latest report first. Features come from the latest
    open as-of strictly before the milestone: what a scorer would have seen.

    Returns
    -------
    DataFrame
        Feature columns, ``lead_id``, ``as_of_date``, ``known_date``, ``paid_tax_wan_cny``.
    """
    known = outcomes[as_days(outcomes["known_date"]) <= np.datetime64(day)]
    paid = known[known["stage"].isin(settings.paid_stages)]
    tax = pd.to_numeric(paid["paid_tax_wan_cny"])
    paid = paid.assign(paid_tax_wan_cny=tax.astype(float), _priority=paid["stage"].map(settings.paid_stages.index))
    paid = paid[tax.notna() & (tax >= 0)]
    paid = paid.assign(known_date=as_days(paid["known_date"]), _reached=as_days(paid["reached_date"]))
    paid = paid.sort_values(["lead_id", "_priority", "known_date"], ascending=[True, True, False], kind="stable")
    paid = paid.drop_duplicates("lead_id").set_index("lead_id")

    started = known[known["stage"] == settings.features_before]
    milestone = started.assign(_at=as_days(started["reached_date"])).groupby("lead_id")["_at"].min()
    limit = milestone.reindex(paid.index).fillna(paid["_reached"])
    limit = limit.where(limit < paid["_reached"], paid["_reached"])

    rows = features[features["lead_id"].isin(paid.index) & features["is_open"].fillna(False).astype(bool)]
    rows = rows[as_days(rows["as_of_date"]) < as_days(limit.reindex(rows["lead_id"]).to_numpy())]
    rows = rows.sort_values(["lead_id", "as_of_date"], kind="stable").drop_duplicates("lead_id", keep="last")
    rows = rows.drop(columns=[c for c in ("paid_tax_wan_cny", "known_date") if c in rows])
    rows = rows.join(paid[["paid_tax_wan_cny", "known_date"]], on="lead_id")
    return rows.sort_values(["known_date", "lead_id"], kind="stable").reset_index(drop=True)


def matrix(projects: pd.DataFrame, settings: TaxSettings) -> pd.DataFrame:
    """Model columns only, in the order of the settings."""
    return projects[[f.name for f in settings.features]]
