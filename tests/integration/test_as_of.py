"""A list of a past day, made today, holds nothing that happened later (时点一致): every published table is searched."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from installation import AS_OF, Home, settings_at

from orchestration.nightly import run_nightly

PAST = dt.date(2025, 9, 30)
# Days that lie ahead by their nature: due days, ends of validity and of spans, what was planned or foretold.
AHEAD = re.compile(
    r"due|valid_to|until|expire|planned|expected|available_from|last_date|after_date|to_date|holds"
    r"|^month_date$|^told_date$|^start_date$|^end_date$|^signed_quarter_date$"
)


def later_facts(folder: Path, day: dt.date) -> list[str]:
    """Return table, column and count of days after `day` in columns that tell of what happened."""
    found = []
    for file in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(file)
        for field in table.schema:
            if not (pa.types.is_date(field.type) or pa.types.is_timestamp(field.type)) or AHEAD.search(field.name):
                continue
            days = pd.to_datetime(table[field.name].to_pandas()).dropna()
            late = int((days > pd.Timestamp(day)).sum())
            if late:
                found.append(f"{file.stem}.{field.name}: {late}")
    return found


def test_later_facts_are_found(nightly: Home) -> None:
    """Searched for a day before it, the list of today is full of later facts."""
    assert len(later_facts(nightly.current, PAST)) > 20


def test_the_list_of_a_day_holds_nothing_later(nightly: Home) -> None:
    assert later_facts(nightly.current, AS_OF) == []


@pytest.mark.long
def test_the_list_of_a_past_day_holds_nothing_later(district: Path, tmp_path: Path) -> None:
    settings = settings_at(tmp_path / "home", district)
    home = Home(settings, run_nightly(settings, PAST))
    assert later_facts(home.current, PAST) == []
    listed = pq.read_table(home.current / "ranked_leads.parquet").to_pandas().set_index("lead_id")["stage"]
    page = pq.read_table(home.current / "boards/lead_facts.parquet").to_pandas().set_index("lead_id")["stage"]
    assert len(listed) and (page.reindex(listed.index) == listed).all()
