"""Which list is the one before: by what the lists were made from, so that a night made again finds what it found."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.archive import LEARNED, SCORED, keep, list_before
from orchestration.landing_office import LANDED
from orchestration.resources import Workplace, workplace_of
from orchestration.settings import Settings
from publishing.snapshot import LEADS, Snapshot
from storage import write_parquet

JUNE = dt.date(2026, 6, 30)


class Nights:
    """A home whose nights differ by what one landed file holds."""

    def __init__(self, home: Path) -> None:
        self.workplace: Workplace = workplace_of(Settings(home=home, inbox=home / "inbox", register=None))
        self.home = home
        self.published: list[str] = []
        (home / LANDED).mkdir(parents=True)
        (home / LANDED / "weights.yaml").write_text("weights: {}\n", encoding="utf-8")

    def night(self, content: str, day: dt.date = JUNE) -> str | None:
        """Score, compare and publish; return the list before."""
        text = pa.table({"content": [content]})
        for name in (*LEARNED, *SCORED, "landing/leads.parquet"):
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_parquet(path, text)
        found = list_before(self.workplace, day)
        before = found.snapshot_id if found else None
        name = f"{day}-{content}-{before or 'none'}"
        folder = self.home / "published" / name
        folder.mkdir(parents=True, exist_ok=True)
        shown = {
            "snapshot_id": [name],
            "as_of_date": [day],
            "lead_id": ["L1"],
            "unit_name": ["甲镇"],
            "rank": [1],
            "band": ["A"],
        }
        write_parquet(folder / LEADS, pa.table({**shown, "is_exploration": [False]}))
        with (self.home / "published" / "history.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps({"snapshot_id": name}) + "\n")
        keep(self.workplace, Snapshot(folder, {"snapshot_id": name, "as_of_date": str(day)}))
        return before


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def test_the_list_before_is_that_of_the_inputs_before(nights: Nights) -> None:
    assert nights.night("a") is None
    assert nights.night("a") is None  # the same night again
    assert nights.night("b") == f"{JUNE}-a-none"
    assert nights.night("b") == f"{JUNE}-a-none"
    # A model reverted, a file taken back: the list that was, compared with what it was compared with.
    assert nights.night("a") is None
    assert nights.night("b") == f"{JUNE}-a-none"
    assert nights.night("c") == f"{JUNE}-b-{JUNE}-a-none"


def test_a_past_day_is_never_compared_with_a_later_one(nights: Nights) -> None:
    nights.night("a")
    assert nights.night("past", dt.date(2026, 5, 31)) is None
    july = nights.night("b", dt.date(2026, 7, 1))
    assert july == f"{JUNE}-a-none"  # the newest day, not what was published last


def test_the_archive_holds_what_the_next_night_compares_with(nights: Nights) -> None:
    nights.night("a")
    nights.night("b")
    found = list_before(nights.workplace, dt.date(2026, 7, 1))
    assert found is not None and found.record["before"] == f"{JUNE}-a-none"
    for name in (*SCORED, *LEARNED, "landing/leads.parquet", f"{LANDED}/weights.yaml"):
        path = found.file(name)
        assert path is not None and path.exists(), name
    assert found.file("landing/unknown.parquet") is None


def test_a_list_from_before_scores_were_kept_is_no_list_before(nights: Nights) -> None:
    nights.night("a")
    record = next((nights.home / "archive" / "lists").glob("*.json"))
    content = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps({k: v for k, v in content.items() if k not in ("scored", "before")}), encoding="utf-8")
    assert nights.night("b") is None
