"""Three real pipelines with real ends, cut in time: what was known at entry, what came of it, and when that was known.

Belongs here: reading shared/data/outcomes, labels, features that were known at entry, the cut; for ``as_known`` days too.
Does not belong here: methods and metrics (``landing``). Columns that give the end away are never read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Features, labels and entry dates, oldest first."""

    X: pd.DataFrame
    y: Floats
    time: npt.NDArray[np.datetime64]

    def at(self, rows: Any) -> Rows:
        """The rows of a mask, slice or index."""
        keep = np.arange(len(self.y))[rows]
        return Rows(self.X.iloc[keep].reset_index(drop=True), self.y[keep], self.time[keep])


@dataclass(frozen=True)
class Pipeline:
    """One pipeline: rows before the cut, and rows from the cut to the end of the test window."""

    name: str
    train: Rows
    test: Rows


def _cut(name: str, rows: Rows, cut: str, end: str) -> Pipeline:
    before = rows.time < np.datetime64(cut)
    return Pipeline(name, rows.at(before), rows.at(~before & (rows.time < np.datetime64(end))))


def _days(dates: pd.Series[Any]) -> npt.NDArray[np.datetime64]:
    return np.asarray(dates.to_numpy(), dtype="datetime64[D]")


def queues(folder: Path) -> Pipeline:
    """Power plants that entered a grid queue. Landed: completed; not: withdrawn; still active: censored, left out.

    Leaving the active out (222 of 2,517 test rows) makes the landed share 0.236 where it is 0.215 if they all fail.
    """
    table = pd.read_parquet(folder / "us_interconnection_queues_2026.parquet")
    # ERCOT lists no withdrawn rows, so everything decided there is a success.
    table = table[(table["iso"] != "ERCOT") & table["queue_date"].notna() & (table["outcome"] != "active")]
    table = table.sort_values(["queue_date", "iso", "queue_id"], kind="stable")
    y = (table["outcome"] == "completed").to_numpy(np.float64)
    return _cut("queues", Rows(_queue_features(table), y, _days(table["queue_date"])), "2014-01-01", "2020-01-01")


def _queue_features(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "iso": table["iso"],
            "generation_type": table["gen_type"],
            "state": table["state"],
            "county": table["county"],
            "developer": table["developer"].fillna(table["owner"]),
            "is_developer_known": table["developer"].notna(),
            "log_mw": np.log1p(table["mw"].clip(lower=0)),
            "days_to_planned": (table["planned_cod"] - table["queue_date"]).dt.days.astype(float),
        }
    )


def queues_as_known(folder: Path) -> dict[str, Any]:
    """Completed within five years of entering. CAISO and NYISO only: the others lack days of completion or come late."""
    table = pd.read_parquet(folder / "us_interconnection_queues_2026.parquet")
    table = table[table["iso"].isin(["CAISO", "NYISO"]) & table["queue_date"].notna()]
    table = table.sort_values(["queue_date", "iso", "queue_id"], kind="stable")
    done = table["outcome"] == "completed"
    return {
        "frame": _queue_features(table),
        "target": done.where(table["outcome"] != "active").astype(float),
        "time": table["queue_date"],
        "known": table["actual_cod"].where(done, table["withdrawn_date"]),
        "groups": None,
        "horizon_days": 5 * 365,
        "end": "2025-07-01",
        "start": "2012-01-01",
    }


# In progress: neither landed nor failed. A permission that lapsed, was refused, withdrawn or abandoned has failed.
UNDER_WAY = frozenset(
    [
        "planning application submitted",
        "appeal lodged",
        "planning permission granted",
        "appeal granted",
        "secretary of state - granted",
        "under construction",
        "no application required",
    ]
)


def planning(folder: Path) -> Pipeline:
    """Renewable energy in British planning. Landed: operational (or since decommissioned); under way: censored."""
    table = pd.read_parquet(folder / "uk_repd_2021q2.parquet").astype(object)
    submitted = pd.to_datetime(table["Planning Application Submitted"], format="%d/%m/%Y", errors="coerce")
    status = table["Development Status"].str.strip().str.lower()
    order = pd.DataFrame({"submitted": submitted, "reference": pd.to_numeric(table["Ref ID"])})
    order = order[submitted.notna() & ~status.isin(UNDER_WAY)].sort_values(["submitted", "reference"])
    table, status, submitted = (part.loc[order.index] for part in (table, status, submitted))
    landed = status.isin(["operational", "decommissioned"]).to_numpy(np.float64)
    return _cut("uk", Rows(_planning_features(table), landed, _days(submitted)), "2013-01-01", "2017-01-01")


def _planning_features(table: pd.DataFrame) -> pd.DataFrame:
    def number(column: str) -> pd.Series[Any]:
        return pd.to_numeric(table[column].astype(str).str.replace(",", ""), errors="coerce").astype(float)

    text = {
        "technology": "Technology Type",
        "region": "Region",
        "country": "Country",
        "authority": "Planning Authority",
        "county": "County",
        "operator": "Operator (or Applicant)",
        "mounting": "Mounting Type for Solar",
        "chp": "CHP Enabled",
    }
    X = pd.DataFrame({name: table[column] for name, column in text.items()})
    X["log_mw"] = np.log1p(number("Installed Capacity (MWelec)").clip(lower=0))
    X["x"], X["y"] = number("X-coordinate"), number("Y-coordinate")
    return X


ENDED = (
    "Planning Application Withdrawn",
    "Planning Permission Refused",
    "Appeal Withdrawn",
    "Appeal Refused",
    "Secretary of State - Refusal",
    "Planning Permission Expired",
)


def planning_as_known(folder: Path) -> dict[str, Any]:
    """Operational within three years of the application. A refusal counts on its last day, an abandonment at the end."""
    table = pd.read_parquet(folder / "uk_repd_2021q2.parquet").astype(object)

    def day(column: str) -> pd.Series[Any]:
        return pd.to_datetime(table[column], format="%d/%m/%Y", errors="coerce")

    order = pd.DataFrame({"at": day("Planning Application Submitted"), "reference": pd.to_numeric(table["Ref ID"])})
    order = order[order["at"].notna()].sort_values(["at", "reference"])
    table = table.loc[order.index]
    status = table["Development Status"].str.strip().str.lower()
    landed, under_way = status.isin(["operational", "decommissioned"]), status.isin(UNDER_WAY)
    ended = pd.concat([day(c) for c in ENDED], axis=1).max(axis=1)
    return {
        "frame": _planning_features(table),
        "target": landed.astype(float).where(~under_way),
        "time": order["at"],
        "known": day("Operational").where(landed, ended.where(~under_way)),
        "groups": None,
        "horizon_days": 3 * 365,
        "end": "2021-06-30",
        "start": "2007-01-01",
    }


def leads(folder: Path) -> Pipeline:
    """B2B leads of a marketplace. Won: among the closed deals, however late (at most 427 days, 14 at the median)."""
    table = pd.read_parquet(folder / "olist_mql.parquet")
    deals = pd.read_parquet(folder / "olist_closed_deals.parquet", columns=["mql_id"])
    table = table[table["first_contact_date"] >= "2018-01-01"].sort_values(["first_contact_date", "mql_id"])
    won = table["mql_id"].isin(deals["mql_id"]).to_numpy(np.float64)
    return _cut(
        "leads", Rows(_lead_features(table), won, _days(table["first_contact_date"])), "2018-04-01", "2018-06-01"
    )


def _lead_features(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "landing_page": table["landing_page_id"],
            "origin": table["origin"],
            "day_of_week": table["first_contact_date"].dt.day_name(),
            "month": table["first_contact_date"].dt.month.astype(float),
        }
    )


def leads_as_known(folder: Path) -> dict[str, Any]:
    """Won within sixty days of the first contact; from 2018 on, since deals are listed from December 2017 only."""
    table = pd.read_parquet(folder / "olist_mql.parquet")
    deals = pd.read_parquet(folder / "olist_closed_deals.parquet", columns=["mql_id", "won_date"])
    table = table[table["first_contact_date"] >= "2018-01-01"].merge(deals, on="mql_id", how="left")
    table = table.sort_values(["first_contact_date", "mql_id"])
    return {
        "frame": _lead_features(table),
        "target": table["won_date"].notna().astype(float),
        "time": table["first_contact_date"],
        "known": table["won_date"].dt.floor("D"),
        "groups": None,
        "horizon_days": 60,
        "end": "2018-11-14",
        "start": "2018-03-15",
        "every": "SMS",  # half months: the whole past is three
    }


PIPELINES: dict[str, Callable[[Path], Pipeline]] = {"queues": queues, "uk": planning, "leads": leads}
AS_KNOWN: dict[str, Callable[[Path], dict[str, Any]]] = {
    "queues": queues_as_known,
    "uk": planning_as_known,
    "leads": leads_as_known,
}
