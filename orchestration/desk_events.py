"""What the desk gives to the night (办公桌来件): the events of its database as a ledger, its workbooks out of the inbox.

Belongs here: joining the desk and intake, which know nothing of each other. Does not belong here: which event is a row of
which ledger (desk.ledgers), reading a ledger (intake), what a filled-in workbook may say (desk.forms).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from intake.landing import Claimed, Summary
from intake.opening import FileProblem, has_sheet, open_sheets
from intake.reading import Refusal
from orchestration.resources import Workplace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    from desk.forms.reading import Outcome


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

    def claim(self, path: Path) -> Claimed | None:
        """Take a workbook that somebody downloaded from the desk, filled in and put into the inbox; None for any other."""
        from desk.forms.columns import META, Unsealed

        try:
            if path.suffix.lower() != ".xlsx" or not has_sheet(path, META):
                return None
            outcome = self._take(path)
        except (Unsealed, FileProblem) as problem:
            told = str(problem)
            return Claimed(problem=told if told.startswith(path.name) else f"{path.name}：{told}")
        except (OSError, SQLAlchemyError):
            raise  # of the disk or the database, not of this file: what is written down of a file stands for good
        except Exception:
            return Claimed(problem=f"{path.name}：这份回填工作簿读不了，可能已损坏；请重新下载填写后再发")
        refusals = [
            Refusal("follow_ups", path.name, "名单", t.row, None, None, "；".join(t.said), "请按退回件改好后再发")
            for t in outcome.told
        ]
        blank, told_rows = outcome.unchanged, len(outcome.told)
        summary = Summary(outcome.taken + blank + told_rows, outcome.taken, told_rows, blank)
        return Claimed(summary, None, tuple(refusals), outcome.returned)

    def _take(self, path: Path) -> Outcome:
        from desk.forms.columns import Meta, Unsealed
        from desk.forms.reading import open_sealed, take
        from desk.listing import Lists
        from desk.login import viewer_of
        from desk.rules import rules
        from desk.store.models import Person

        published = Lists(self.home / "published").current()
        if published is None:
            raise Unsealed("尚未发布过名单，工作簿无从核对")
        with self._sessions() as sessions:
            senders: list[Person] = []

            def check(meta: Meta) -> None:
                with sessions() as session:
                    senders.extend(
                        session.scalars(sa.select(Person).where(Person.login == meta.login, Person.is_active))
                    )
                if not senders:
                    raise Unsealed(f"下载人 {meta.login} 的账号已停用")

            meta, sheets = open_sealed(sessions, path, open_sheets, check)
            viewer = viewer_of(senders[0], published.units, "", False)
            return take(sessions, published, viewer, meta, sheets, rules(), now(), "收件夹")

    @contextmanager
    def _sessions(self) -> Iterator[sessionmaker[Session]]:
        from desk.store.database import open_engine, sessions, upgrade

        engine = open_engine(self.address)
        try:
            upgrade(engine)
            yield sessions(engine)
        finally:
            engine.dispose()


def now() -> dt.datetime:
    """Give the moment; what a workbook of the inbox says is written down now."""
    return dt.datetime.now(dt.UTC)


def desk_of(workplace: Workplace) -> DeskEvents | None:
    """Give the desk of an installation; None where nobody ever opened one."""
    file = workplace.root / "desk" / "desk.sqlite"
    if workplace.desk_database is None and not file.exists():
        return None
    return DeskEvents(workplace.desk_database or f"sqlite:///{file}", workplace.root)
