"""Every published figure of C1–C31 and C88–C115 once more in pandas, from what was written into the ledgers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from installation import AS_OF, Home
from recomputed.boards import BOARDS, differences
from recomputed.ledgers import Ledgers

CATALOGUE = Path(__file__).resolve().parents[2] / "publishing" / "catalogue"
SECTIONS = ("assessment", "conduct", "funnel", "progress", "project", "task", "unit")


@pytest.fixture(scope="session")
def ledgers(district: Path) -> Ledgers:
    return Ledgers(district, AS_OF)


def test_every_board_of_these_capabilities_is_recomputed() -> None:
    published = {
        table["export"]
        for name in SECTIONS
        for table in yaml.safe_load((CATALOGUE / f"{name}.yaml").read_text())["tables"]
    }
    assert published <= set(BOARDS)
    assert all(reason for board in BOARDS.values() for reason in board.left_out.values())


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_the_board_says_what_the_ledgers_say(name: str, ledgers: Ledgers, nightly: Home) -> None:
    folder = nightly.root if name.startswith("scoring/") else nightly.root / "exports"
    published = pd.read_parquet(folder / f"{name}.parquet")
    assert differences(ledgers, name, published) == []
