"""Leads of the landing store and the enterprise behind each (线索归并): so that one firm chased by three offices is seen.

Belongs here: which row of a lead stands, decisions of the landed ledger 归并决定, the crosswalk that keeps ids from night
to night. Does not belong: comparing rows (run.py), what is done with the ids (SQL).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb
import pyarrow.parquet as pq

from intake.matching.crosswalk import read_crosswalk, read_events
from intake.matching.decisions import Decision, standing
from intake.matching.records import checked
from intake.matching.run import Matched, match, write_whole

MERGED: Final = "归并"
# As staging does: the last received row of a lead stands.
_STANDING: Final = """
    select lead_id as record_id, enterprise_name as name, uscc
    from read_parquet(?)
    qualify row_number() over (partition by lead_id order by received_seq desc, source_row desc) = 1
    order by record_id
"""


def match_leads(landing: Path, home: Path, say: Callable[[str], None]) -> Matched:
    """Write `landing/lead_identities.parquet`, and the crosswalk with its log under `home`, all or nothing."""
    with duckdb.connect() as connection:
        table = connection.execute(_STANDING, [str(landing / "leads.parquet")]).to_arrow_table()
    crosswalk, log = home / "crosswalk.parquet", home / "crosswalk.events.parquet"
    found = match(checked(table, "线索台账"), read_crosswalk(crosswalk), read_events(log), _decisions(landing), say)
    write_whole({landing / "lead_identities.parquet": found.table, crosswalk: found.crosswalk, log: found.events})
    return found


def _decisions(landing: Path) -> list[Decision]:
    path = landing / "merge_decisions.parquet"
    if not path.exists():
        return []
    columns = ["left_id", "right_id", "decision", "decided_date"]
    rows = pq.read_table(path, columns=columns).to_pylist()
    return standing(
        [
            Decision(row["decided_date"].isoformat(), row["left_id"], row["right_id"], row["decision"] == MERGED)
            for row in rows
            if row["left_id"] != row["right_id"]
        ]
    )
