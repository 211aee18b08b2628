"""What the desk gives to the night (办公桌来件): the events of its database as a ledger, its workbooks out of the inbox.

Belongs here: joining the desk and intake, which know nothing of each other. Does not belong here: which event is a row of
which ledger (desk.ledgers), reading a ledger (intake), what a filled-in workbook may say (desk.forms).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.resources import Workplace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker


@dataclass(frozen=True)
class DeskEvents:
    """The desk's database of one installation."""

    address: str
    home: Path

    def ledgers(self) -> Path | None:
        """Write the events that stand as a workbook of ledgers, and give it; None while there are none."""
        from desk.ledgers import SOURCE, ledger_rows, write_ledgers

        with self._sessions() as sessions, sessions() as session:
            return write_ledgers(self.home / "desk" / "ledgers" / SOURCE, ledger_rows(session))

    @contextmanager
    def _sessions(self) -> Iterator["sessionmaker[Session]"]:
        from desk.store.database import open_engine, sessions, upgrade

        engine = open_engine(self.address)
        try:
            upgrade(engine)
            yield sessions(engine)
        finally:
            engine.dispose()


def desk_of(workplace: Workplace) -> DeskEvents | None:
    """Give the desk of an installation; None where nobody ever opened one."""
    file = workplace.root / "desk" / "desk.sqlite"
    if workplace.desk_database is None and not file.exists():
        return None
    return DeskEvents(workplace.desk_database or f"sqlite:///{file}", workplace.root)
