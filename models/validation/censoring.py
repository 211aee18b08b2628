"""Labels of (lead, as-of) pairs when the future is only partly known.

Belongs here: who is a success, a failure or not yet known on a given day, and with which weight.
Does not belong here: which milestone counts and within how many days (each task's settings), features.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.validation.splits import Days, as_days

Mode = Literal["matured", "ipcw"]

REOPENED = "重启"  # the outcome of a lost lead that came back (fct_outcomes)


def first_dates(outcomes: pd.DataFrame, stage: str, data_through: dt.date) -> pd.Series[pd.Timestamp]:
    """First day each lead reached ``stage``, among what the office knew by ``data_through``."""
    rows = outcomes[outcomes["stage"] == stage]
    rows = rows[as_days(rows["known_date"]) <= np.datetime64(data_through)]
    return pd.to_datetime(rows["reached_date"]).groupby(rows["lead_id"]).min()


def last_losses(
    leads: pd.Series[str], days: Days, outcomes: pd.DataFrame, lost_stage: str, data_through: dt.date
) -> Days:
    """Return the day on which each lead was lost as it stands on its day; NaT if it never was, or came back (重启) since."""
    known = outcomes[as_days(outcomes["known_date"]) <= np.datetime64(data_through)]
    asked = pd.DataFrame(
        {"lead_id": leads.to_numpy(), "day": days.astype("datetime64[s]"), "at": np.arange(len(leads))}
    )

    def last(stage: str) -> Days:
        rows = known.loc[known["stage"] == stage, ["lead_id", "reached_date"]]
        rows = rows.assign(
            day=as_days(rows["reached_date"]).astype("datetime64[s]"), lead_id=rows["lead_id"].astype(object)
        )
        found = pd.merge_asof(
            asked.astype({"lead_id": object}).sort_values("day", kind="stable"),
            rows[["lead_id", "day"]].assign(found=rows["day"]).sort_values("day", kind="stable"),
            on="day",
            by="lead_id",
        )
        return as_days(found.sort_values("at", kind="stable")["found"])

    lost, reopened = last(lost_stage), last(REOPENED)
    return np.where(reopened > lost, np.datetime64("NaT"), lost)


def label_pairs(
    pairs: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    milestone: str,
    lost_stage: str,
    horizon_days: int,
    data_through: dt.date,
    mode: Mode = "matured",
    reporting_lag_days: int = 0,
) -> pd.DataFrame:
    """Label each pair as it was known on ``data_through``.

    Parameters
    ----------
    pairs : DataFrame
        Columns ``lead_id``, ``as_of_date``.
    outcomes : DataFrame
        Columns ``lead_id``, ``stage``, ``reached_date``, ``known_date``.
    mode : {"matured", "ipcw"}
        ``matured``: a pair counts once its whole horizon has passed, whatever happened, so quick failures and quick
        successes are not over-represented. ``ipcw``: a pair counts as soon as it is decided (reached, lost, or horizon
        over), weighted by one over the share of pairs observed at least that long; that uses the young cohorts, and
        is right when follow-up time does not depend on the outcome.
    reporting_lag_days : int
        Days the office takes to learn of a milestone; maturity waits as much longer.

    Returns
    -------
    DataFrame
        Index of ``pairs``; ``label`` (1.0, 0.0, NaN), ``weight`` (0 where NaN), ``final_date`` (when the label became
        final, NaT where NaN). A pair whose lead had already landed or was lost on its as-of is NaN. A lead that came back
        (重启) is a case again from that day on; a loss that was undone within the horizon decides nothing.
    """
    if mode not in ("matured", "ipcw"):
        raise ValueError(f"unknown censoring mode {mode!r}")
    as_of = as_days(pairs["as_of_date"])
    through = np.datetime64(data_through, "D")
    never = np.datetime64("NaT")

    landed = as_days(first_dates(outcomes, milestone, data_through).reindex(pairs["lead_id"]).to_numpy())
    horizon_end = as_of + np.timedelta64(horizon_days, "D")
    mature = horizon_end + np.timedelta64(reporting_lag_days, "D")
    eligible = (as_of <= through) & ~(landed <= as_of)  # comparisons with NaT are False
    eligible &= np.isnat(last_losses(pairs["lead_id"], as_of, outcomes, lost_stage, data_through))
    success = (landed > as_of) & (landed <= horizon_end)
    label = np.full(len(pairs), np.nan)
    weight = np.zeros(len(pairs))
    final = np.full(len(pairs), never, dtype="datetime64[D]")

    if mode == "matured":
        decided = eligible & (mature <= through)
        label[decided] = success[decided]
        weight[decided] = 1.0
        final[decided] = mature[decided]
    else:
        lost = last_losses(pairs["lead_id"], np.minimum(horizon_end, through), outcomes, lost_stage, data_through)
        failed = np.where(lost > as_of, lost, never)
        seen = np.where(success, landed, never)
        label[eligible], weight[eligible] = decided_weights(
            as_of[eligible], seen[eligible], failed[eligible], horizon_days + reporting_lag_days, through
        )
        at = np.where(success, landed, np.where(np.isnat(failed), mature, failed))
        final[~np.isnan(label)] = at[~np.isnan(label)]
    return pd.DataFrame(
        {"label": label, "weight": weight, "final_date": final.astype("datetime64[s]")}, index=pairs.index
    )


def decided_weights(
    entered: Days, landed: Days, lost: Days, horizon_days: int, day: np.datetime64
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Labels of all cases decided by ``day`` (NaN: not yet), each weighted by one over the share observed that long.

    ``landed`` and ``lost`` are days within the horizon, NaT otherwise; a case that did both has landed.
    """
    success = ~np.isnat(landed)
    over = entered + np.timedelta64(horizon_days, "D")
    at = np.where(success, landed, np.where(np.isnat(lost), over, lost))
    open_by = entered <= day
    decided = open_by & (at <= day)
    label, weight = np.full(len(entered), np.nan), np.zeros(len(entered))
    label[decided] = success[decided]
    # Everyone's follow-up time is known (day - entered), so its survival curve is an empirical share.
    follow_up = np.sort((day - entered[open_by]).astype(np.int64))
    needed = (at - entered)[decided].astype(np.int64)
    weight[decided] = 1.0 / (1.0 - np.searchsorted(follow_up, needed, side="left") / max(len(follow_up), 1))
    return label, weight
