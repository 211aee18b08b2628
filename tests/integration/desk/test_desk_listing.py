"""The list in memory answers as the files do: rows about a lead, what a reach covers, what a search finds (名单)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from desk import listing
from desk.access import EVERYTHING, NOTHING, Reach
from desk.listing import Filters, Lists, PublishedList
from publishing.boards import board_named
from publishing.figures import Reading
from tests.integration.desk.desk_site import publish_list

DAY = dt.date(2026, 6, 30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("list")
    publish_list(home, DAY)
    return home


def read(home: Path) -> PublishedList:
    found = Lists(home / "published").current()
    assert found is not None
    return found


def test_rows_about_a_lead_are_those_of_the_file_kept_or_not(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = read(home)
    monkeypatch.setattr(listing, "IN_MEMORY", -1)
    unkept = read(home)
    leads = [*kept.table["lead_id"].to_pylist(), "没有的线索", ""]
    seen = 0
    for name in sorted(kept.tables_of_leads):
        board = board_named(name)
        assert board is not None
        rows = pq.read_table(kept.snapshot.folder / board.file).to_pylist()
        for lead in leads:
            expected = [row for row in rows if row["lead_id"] == lead]
            whole = Reading("", "", name)
            assert kept.about(lead, whole) == expected == unkept.about(lead, whole)
            seen += len(expected)
    assert seen > len(leads)
    with pytest.raises(KeyError):
        kept.about(leads[0], Reading("", "", "no_such_table"))


@pytest.mark.parametrize("search", ["", "膜", "云川 材料", "L1", "ycc", "没有"])
def test_a_search_finds_what_the_viewer_may_see_and_nothing_else(home: Path, search: str) -> None:
    published = read(home)
    units = published.table["unit_name"].to_pylist()
    texts = published.searchable.to_pylist()
    one = Reach(frozenset({units[0]}))
    for reach in (EVERYTHING, NOTHING, one):
        # Twice: what a reach covers is kept, and must not be changed by the search before.
        for _ in range(2):
            found = published.select(Filters(search=search, only=""), reach)
            expected = [
                at
                for at, (unit, text) in enumerate(zip(units, texts, strict=True))
                if reach.covers(unit) and all(word in text for word in search.casefold().split())
            ]
            assert np.array_equal(found, expected)
