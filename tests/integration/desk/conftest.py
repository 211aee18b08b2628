"""The desk on SQLite and on PostgreSQL: the same tests on both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.desk.desk_site import CHEAP, Site, build_site, publish_two_days
from tests.integration.desk.postgres_server import programs, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """One server for all tests."""
    if programs() is None:
        pytest.skip("没有 PostgreSQL：apt-get install postgresql 后再测")
    with running_postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'desk.sqlite'}"
    address: str = request.getfixturevalue("postgres")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return address


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days' lists, written once and copied for every test."""
    home = tmp_path_factory.mktemp("desk")
    publish_two_days(home)
    return home


@pytest.fixture
def site(tmp_path: Path, database_url: str, published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A desk with people, contacts and follow-ups; passwords are hashed cheaply, the same way."""
    monkeypatch.setattr("desk.login._HASHER", CHEAP)
    shutil.copytree(published, tmp_path / "home", symlinks=True)
    found = build_site(tmp_path / "home", database_url)
    yield found
    found.app.state.desk.engine.dispose()
