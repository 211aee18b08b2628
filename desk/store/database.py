"""Opening the database (打开数据库): an engine for SQLite or PostgreSQL, sessions, migrations.

Belongs here: how each engine is set up so that both behave alike. Does not belong here: tables (models.py).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

MIGRATIONS: Final = Path(__file__).parent / "migrations"
BUSY_MS: Final = 5_000
# A request may hold two connections (one reads, one writes): with fewer than twice as many as there are threads, threads
# that hold one could wait for each other's. Sixteen threads are plenty: one process computes on one core.
THREADS: Final = 16
_POOL: Final = {"pool_size": THREADS, "max_overflow": 2 * THREADS}


def open_engine(url: str) -> sa.Engine:
    """Give an engine; each waits 5 s for another writer. SQLite gets a write-ahead log and foreign keys besides."""
    target = sa.make_url(url)
    if target.get_backend_name() != "sqlite":
        waits = {"options": f"-c lock_timeout={BUSY_MS}"}
        return sa.create_engine(target, pool_pre_ping=True, connect_args=waits, **_POOL)
    if target.database:
        file = Path(target.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Contacts are in it: nobody but the service reads the file.
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sa.create_engine(target, **_POOL)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A reader that turns writer half-way fails at once instead of waiting: writers say so at the start.
        writes = connection.get_execution_options().get("zeyou_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def sessions(engine: sa.Engine) -> sessionmaker[Session]:
    """Give a maker of sessions."""
    return sessionmaker(engine, expire_on_commit=False)


def writing(session: Session) -> Session:
    """Open the session's transaction as one that writes. Call before the first statement."""
    session.connection(execution_options={"zeyou_writes": True})
    return session


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def revision_of(connection: sa.Connection) -> str | None:
    """Return the migration that the tables have, None before the first."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions(engine: sa.Engine) -> tuple[str | None, str, frozenset[str]]:
    """Return the migration that the tables have (None before the first), the newest one, and all that this program knows."""
    scripts = ScriptDirectory.from_config(_config())
    with engine.connect() as connection:
        found = revision_of(connection)
    return found, str(scripts.get_current_head()), frozenset(step.revision for step in scripts.walk_revisions())


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables to the newest migration; started twice at once, the second waits."""
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def is_busy(error: BaseException) -> bool:
    """Tell whether an error means that the database is locked or away, so that trying again makes sense."""
    return isinstance(error, OperationalError)
