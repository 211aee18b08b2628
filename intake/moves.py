"""Branches tied to their parents (分支机构归属): who set something up, where, and from which day that was known.

Belongs here: reading the names of a landed register, the rule that ties a name to the longest name it starts with.
Does not belong here: what follows from a move (models/expansion), which rows are one enterprise (matching/).

A branch of China bears its parent's full name with its own words behind: 徐州市久隆建安工程有限公司 + 常熟分公司. So the parent
is the firm with the longest registered name that the branch's begins with, of those registered by the branch's own day.
Where there is none, the first to be registered later is taken (a firm that was newly registered when it was restructured), and the tie is
known from that day on. Facts that arrive later thus never change what was known on a day.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from intake.matching.names import take_apart

COLUMNS: Final = (
    "uscc", "registration_no", "enterprise_name", "established_date", "province_name", "city_name",
    "registered_capital_wan_cny", "registered_capital_currency", "source_row",
)  # fmt: skip
SHORTEST_PARENT: Final = 5  # characters: 北京公司 begins too many names
MOST_STEPS: Final = 6  # branch of a branch of …
_PROVINCE_ENDS: Final = r"(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)$"
MUNICIPALITIES: Final = frozenset({"北京", "上海", "天津", "重庆"})

Rows = npt.NDArray[np.int64]


def read_named_firms(register: Path) -> pd.DataFrame:
    """Return the dated rows of a landed register with their names taken apart, oldest first.

    One row per registered name: of several rows of one name the oldest is kept. `place` is the city with its province;
    a municipality is one place, whichever of its districts the register names.
    """
    table = pq.read_table(register, columns=list(COLUMNS))
    table = table.filter(
        pa.compute.and_(table["established_date"].is_valid(), table["province_name"].is_valid())
    ).combine_chunks()
    found = take_apart(table["enterprise_name"].combine_chunks())
    firms = pd.DataFrame(
        {
            "firm_id": pa.compute.coalesce(table["uscc"], table["registration_no"]).to_pandas(),
            "written_name": found.written.to_pandas(),
            "core_name": found.core_text().to_pandas(),
            "named_city": found.city.to_pandas(),
            "named_province": found.province.to_pandas(),
            "is_named_branch": found.is_branch,
            "is_group": found.is_group,
            "is_shares": found.is_shares,
            "established_date": np.asarray(table["established_date"].to_numpy(), dtype="datetime64[D]"),
            "province_name": table["province_name"].to_pandas(),
            "place": place_name(table["province_name"].to_pandas(), table["city_name"].to_pandas()),
            "capital_wan_cny": table["registered_capital_wan_cny"].to_pandas(),
            "capital_currency": table["registered_capital_currency"].to_pandas(),
            "source_row": table["source_row"].to_numpy(),
        }
    )
    firms = firms[firms["place"].notna() & firms["firm_id"].notna()]
    firms = firms.sort_values(["established_date", "source_row"], kind="stable")
    return firms.drop_duplicates("written_name").reset_index(drop=True)


def place_name(province: pd.Series[Any], city: pd.Series[Any]) -> pd.Series[Any]:
    """Return province and city as one name, a municipality under its own; missing where the city is."""
    province = province.str.replace(_PROVINCE_ENDS, "", regex=True)
    return (province + city.str.replace(r"市$", "", regex=True)).where(~province.isin(MUNICIPALITIES), province)


def tie_branches(firms: pd.DataFrame) -> pd.DataFrame:
    """Return one row per branch: row numbers of ``firm`` (the topmost parent) and ``branch`` in ``firms``, days, place.

    ``date`` is the branch's day, ``known_date`` the first day on which branch and all parents up to the topmost were
    registered.
    """
    days = firms["established_date"].to_numpy().astype("datetime64[D]")
    parent = _parents(firms["written_name"].tolist(), days)
    top, known = parent.copy(), np.where(parent >= 0, np.maximum(days, days[parent]), days)
    for _ in range(MOST_STEPS):
        above = np.where(top >= 0, parent[top], -1)
        # A tie that becomes known later must not take a branch from the firm it was known to be of.
        above = np.where((above >= 0) & (days[above] <= known), above, -1)
        if (above < 0).all():
            break
        top = np.where(above >= 0, above, top)
    branch = np.flatnonzero(top >= 0)
    return pd.DataFrame(
        {
            "firm": top[branch],
            "branch": branch,
            "date": days[branch],
            "known_date": known[branch],
            "place": firms["place"].to_numpy()[branch],
        }
    ).reset_index(drop=True)


def _parents(names: list[str], days: npt.NDArray[np.datetime64]) -> Rows:
    """Return the row of each name's parent, -1 where it has none; ``names`` are unique and oldest first."""
    row_of = {name: row for row, name in enumerate(names) if len(name) >= SHORTEST_PARENT}
    parent = np.full(len(names), -1, dtype=np.int64)
    for row, name in enumerate(names):
        first_later = -1
        for length in range(len(name) - 1, SHORTEST_PARENT - 1, -1):
            at = row_of.get(name[:length])
            if at is None:
                continue
            if days[at] <= days[row]:
                parent[row] = at
                break
            if first_later < 0 or at < first_later:
                first_later = at
        else:
            parent[row] = first_later
    return parent
