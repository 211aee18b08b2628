"""A healthy installation in a folder, for tests that break it or wait for it to break."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

from desk import audit
from desk.settings import DeskSettings
from desk.store.database import open_engine, sessions, upgrade, writing
from desk.store.models import Person
from office.installing import write_folder
from orchestration.nightly import prepare_instance
from orchestration.operations.backup import Backup, Rehearsal, remember, write_secret
from orchestration.operations.doctor import Situation
from orchestration.settings import Service, Settings
from orchestration.warehouse import warehouse_path
from publishing.snapshot import publish
from storage import content_hash, write_json

NOON = dt.datetime(2026, 6, 30, 4, 0, tzinfo=dt.UTC)  # of Beijing
TODAY = NOON.date()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Place:
    """A healthy installation in a folder, and what a test changes of it."""

    situation: Situation
    patch: pytest.MonkeyPatch

    @property
    def home(self) -> Path:
        return self.situation.home

    def later(self, **passed: float) -> None:
        self.situation = replace(self.situation, now=self.situation.now + dt.timedelta(**passed))

    def service(self, **values: Any) -> None:
        self.situation = replace(self.situation, service=replace(self.situation.service, **values))

    def settings(self, **values: Any) -> None:
        self.situation = replace(self.situation, settings=replace(self.situation.settings, **values))

    def desk(self, url: str) -> None:
        self.situation = replace(self.situation, desk=replace(self.situation.desk, database_url=url))

    @contextmanager
    def database(self) -> Iterator[Any]:
        engine = open_engine(self.situation.desk.database_url)
        with sessions(engine)() as session:
            yield writing(session)
            session.commit()
        engine.dispose()

    def run(self, status: dg.DagsterRunStatus, job: str = "nightly") -> str:
        instance = self.situation.instance
        assert instance is not None
        run = dg.DagsterRun(job_name=job, status=status)
        instance.add_run(run)
        return run.run_id


def healthy(home: Path) -> Situation:
    """Write an installation in which everything that a folder can show is in order."""
    home.mkdir(mode=0o700)
    (home / "inbox").mkdir()
    (home / "inbox" / "线索台账.xlsx").write_bytes(b"ledger")
    write_folder(home / "office", {"name": "云川区", "province": "山东省", "city": "云川市"}, ["纺织服装"])
    (home / "register.parquet").write_bytes(b"register")
    for path in (home / "inbox" / "线索台账.xlsx", home / "register.parquet"):
        os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    warehouse_path(home).parent.mkdir()
    duckdb.connect(str(warehouse_path(home))).close()
    versions = {"as_of_date": str(TODAY), "models": {"landing": "rule"}}
    rows = pa.table({"lead_id": ["L1"]})
    snapshot = publish(home / "published", rows, rows, versions, lambda path, *_: path.write_bytes(b"workbook"))
    (home / "archive" / "inputs").mkdir(parents=True)
    (home / "archive" / "lists").mkdir()
    source = home / "archive" / "inputs" / "x"
    source.write_bytes(b"input")
    digest = content_hash(source)
    source.rename(source.with_name(digest))
    write_json(home / "archive" / "lists" / f"{snapshot.snapshot_id}.json", {"inputs": {"landing/leads": digest}})
    history = home / "published" / "history.jsonl"
    history.write_text(json.dumps({"at": (NOON - dt.timedelta(hours=9)).isoformat(), "snapshot_id": "x"}) + "\n")
    desk = DeskSettings(home, f"sqlite:///{home / 'desk' / 'desk.sqlite'}")
    engine = open_engine(desk.database_url)
    upgrade(engine)
    with sessions(engine)() as session:
        writing(session)
        session.add(Person(login="admin", person_name="管理员", role="admin", created_at=NOON))
        for number in range(3):
            audit.append(session, NOON, "admin", "新增使用人", f"p{number}")
        session.commit()
    engine.dispose()
    write_secret(home / "secrets" / "backup.password", "secret")
    (home / "backup").mkdir()
    remember(home, "last.json", Backup(NOON - dt.timedelta(hours=8), "abc", str(home / "backup"), 9, 9))
    remember(home, "rehearsal.json", Rehearsal(NOON - dt.timedelta(days=8), "abc"))
    notices = home / "desk" / "notices.yaml"
    notices.write_text("operators:\n  - {channel: mail, address: a@example.gov.cn}\n", encoding="utf-8")
    notices.chmod(0o600)
    with prepare_instance(Settings(home, home / "inbox", home / "register.parquet")):
        pass
    return situation_of(home)


def situation_of(home: Path) -> Situation:
    settings = Settings(home, home / "inbox", home / "register.parquet")
    desk = DeskSettings(home, f"sqlite:///{home / 'desk' / 'desk.sqlite'}")
    service = Service(is_installed=True, ui_port=free_port(), desk_port=free_port())
    return Situation(settings, desk, service, NOON)
