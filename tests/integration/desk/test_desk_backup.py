"""A backup restored on an empty machine is what was backed up: every published file, every row of the desk, every audit hash."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from desk import audit
from desk.settings import DeskSettings
from desk.store.database import open_engine, sessions
from desk.store.models import Base, Event
from intake.landing import LandingStore
from orchestration.command_line import main
from orchestration.endings import Refused
from orchestration.operations import backup as backups
from orchestration.operations.backup import Backup, back_up, last_backup, last_rehearsal, open_repository
from orchestration.operations.restic import Restic, executable
from orchestration.operations.restoring import Restored, rehearse, restore
from orchestration.settings import Service, Settings
from storage import write_json
from tests.integration.desk.desk_site import NOW, Site, build_site

ROOT = Path(__file__).parents[3]
SERVICE = Service()
AUDITED = 20


@pytest.fixture(autouse=True, scope="module")
def needs_restic() -> None:
    if executable() is None:
        pytest.skip("没有 restic：apt-get install restic 后再测")


class Office:
    """An installation with a desk, two lists, an archive, ledgers in an inbox elsewhere, and what else belongs into a backup."""

    def __init__(self, site: Site, url: str, inbox: Path) -> None:
        self.site, self.home, self.url, self.inbox = site, site.home, url, inbox
        self.settings = Settings(site.home, inbox, None, office=site.home / "office", desk_database=url)
        self.desk = DeskSettings(site.home, url)
        for name, content in {
            "identity/crosswalk.parquet": b"ids", "registry/landing/v1/manifest.json": b"{}", "documents/wall.pdf": b"pdf",
            "landing/leads.parquet": b"rows", "office/district.yaml": b"name: x", "desk/notices.yaml": b"site: x",
            "warehouse/warehouse.duckdb": b"made again",
        }.items():  # fmt: skip
            path = site.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        inbox.mkdir()
        (inbox / "线索台账.xlsx").write_bytes(b"ledger")
        kept = site.home / "archive" / "inputs" / hashlib.sha256(b"kept").hexdigest()
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"kept")
        entry = {"file": "线索台账.xlsx", "file_hash": "h", "inbox": str(inbox.resolve()), "received_seq": 1}
        write_json(site.home / "landing" / "received.json", [entry | {"received_at": "2026-06-01T00:00:00+00:00"}])
        write_json(site.home / "inputs.json", {"inbox": str(inbox), "register": "", "is_fictional": False})
        self.act(AUDITED)

    def act(self, times: int) -> None:
        with self.site.database() as session:
            for number in range(times):
                audit.append(session, NOW, "jia", "查看电话", f"L{number}", {"第几次": number})

    def back_up(self) -> Backup:
        return back_up(self.settings, self.desk, SERVICE, lambda: NOW, lambda line: None)

    @property
    def restic(self) -> Restic:
        return open_repository(self.home, SERVICE)


@pytest.fixture
def office(site: Site, database_url: str, tmp_path: Path) -> Office:
    return Office(site, database_url, tmp_path / "inbox")


@pytest.fixture
def sqlite_office(tmp_path: Path, published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    shutil.copytree(published, tmp_path / "home", symlinks=True)
    url = f"sqlite:///{tmp_path / 'home' / 'desk' / 'desk.sqlite'}"
    site = build_site(tmp_path / "home", url)
    yield Office(site, url, tmp_path / "inbox")
    site.app.state.desk.engine.dispose()


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(url: str) -> dict[str, list[str]]:
    """Every row of every table, read by plain SQL."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        names = [*Base.metadata.tables, "alembic_version"]
        return {
            name: sorted(repr(tuple(row)) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"'))
            for name in names
        }


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    """The address of an empty database beside a PostgreSQL one; none for SQLite, whose file comes with the folder."""
    if url.startswith("sqlite"):
        yield ""
        return
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS restored")
        connection.exec_driver_sql("CREATE DATABASE restored")
    try:
        yield sa.make_url(url).set(database="restored").render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE restored WITH (FORCE)")


def test_an_empty_machine_shows_what_was_backed_up(office: Office, tmp_path: Path) -> None:
    office.back_up()
    # What happens after the backup is not in it; what happens to the machine afterwards does not matter.
    before, files = rows_of(office.url), files_of(office.home / "published")
    office.act(1)
    place = tmp_path / "elsewhere" / "home"
    with empty_database(office.url) as url:
        found = restore(office.restic, place, database_url=url)
        assert found.problems == [] and found.lists == 2 and found.archived == 1
        target = url or f"sqlite:///{place / 'desk' / 'desk.sqlite'}"
        assert rows_of(target) == before and len(before["audit"]) >= AUDITED
        assert files_of(place / "published") == files
        for part in ("archive", "identity", "registry", "documents", "office", "landing/leads.parquet"):
            assert (place / part).exists(), part
        assert files_of(place / "inbox") == files_of(office.inbox) and not (place / "warehouse").exists()
        engine = open_engine(target)
        with sessions(engine)() as session:
            assert audit.verify(session).broken_at is None
        engine.dispose()
        # The desk opens on it, with the same people, and shows the same list.
        again = build_app_on(place, target)
        page = again.browser("jia").get("/").text
        assert page.count("膜材料项目") == office.site.browser("jia").get("/").text.count("膜材料项目") > 0
        again.app.state.desk.engine.dispose()


def build_app_on(home: Path, url: str) -> Site:
    from desk.application import build_app

    return Site(build_app(DeskSettings(home, url), now=lambda: NOW), home)


def test_the_next_night_reads_the_restored_inbox_as_the_one_that_it_was(sqlite_office: Office, tmp_path: Path) -> None:
    sqlite_office.back_up()
    place = tmp_path / "new"
    restore(sqlite_office.restic, place)
    known = json.loads((place / "inputs.json").read_text())
    assert known == {"inbox": str(place / "inbox"), "register": "", "is_fictional": False}
    (entry,) = LandingStore(place / "landing").received()
    assert entry["inbox"] == str(place / "inbox") and entry["received_at"].startswith("2026-06-01")


def test_people_may_write_while_it_is_copied(office: Office, tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            office.act(3)
            with office.site.database() as session:
                session.add(Event(client_id=f"during{number:06d}", kind="answer", lead_id="L00001", unit_name="甲镇",
                                  person_id=1, recorded_at=NOW))  # fmt: skip

    writer = threading.Thread(target=write)
    writer.start()
    try:
        office.back_up()
    finally:
        done.set()
        writer.join()
    with empty_database(office.url) as url:
        found = restore(office.restic, tmp_path / "new", database_url=url)
        assert found.problems == [] and found.label["audit_entries"] >= AUDITED
        after = rows_of(office.url)
        target = url or f"sqlite:///{tmp_path / 'new' / 'desk' / 'desk.sqlite'}"
        # What was copied is the beginning of what there is now: nothing torn, nothing out of order.
        restored = rows_of(target)
        assert set(restored["audit"]) <= set(after["audit"]) and set(restored["events"]) <= set(after["events"])
        assert len(restored["audit"]) == found.label["audit_entries"]


def corrupt(path: Path, at: int) -> None:
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 8))])
def test_a_damaged_backup_leaves_nothing_half_restored(sqlite_office: Office, tmp_path: Path, seed: int) -> None:
    """Any byte of any pack: what comes back is whole, or nothing comes back and a Chinese line says so."""
    sqlite_office.back_up()
    files, luck = files_of(sqlite_office.home / "published"), random.Random(seed)
    packs = sorted(p for p in (sqlite_office.home / "backup" / "repository" / "data").rglob("*") if p.is_file())
    corrupt(luck.choice(packs), luck.randrange(1 << 20))
    place = tmp_path / "new"
    try:
        restore(sqlite_office.restic, place)
    except Refused as problem:
        assert "restic" in str(problem) or "备份" in str(problem)
        assert not place.exists() and not place.with_name(f".{place.name}.part").exists()
    else:
        assert files_of(place / "published") == files


def test_what_was_damaged_before_is_told_after(sqlite_office: Office, tmp_path: Path) -> None:
    (sqlite_office.home / "published" / "current" / "ranked_leads.parquet").write_bytes(b"changed")
    next((sqlite_office.home / "archive" / "inputs").iterdir()).write_bytes(b"changed")
    with sqlite_office.site.database() as session:
        session.execute(sa.text("UPDATE audit SET actor = 'nobody' WHERE audit_id = 7"))
    sqlite_office.back_up()
    problems = "；".join(restore(sqlite_office.restic, tmp_path / "new").problems)
    assert "名单 2026-06-30" in problems and "存档的输入" in problems
    # The chain was broken when it was backed up, and is restored as it was.
    label = json.loads(json.dumps(restore(sqlite_office.restic, tmp_path / "again").label))
    assert label["audit_broken_at"] == 7 and "审计" not in problems


def test_a_rehearsal_restores_compares_and_leaves_nothing(office: Office) -> None:
    office.back_up()
    done = rehearse(office.restic, office.settings, lambda: NOW)
    assert done.problems == [] and last_rehearsal(office.home) == done
    assert not (office.home / "backup" / "rehearsal").exists()
    assert {path.name for path in (office.home / "backup").iterdir()} <= {
        "repository",
        "cache",
        "last.json",
        "rehearsal.json",
    }


def test_what_cannot_be_restored_is_one_chinese_line(sqlite_office: Office, tmp_path: Path) -> None:
    sqlite_office.back_up()
    restic = sqlite_office.restic
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("kept")
    (tmp_path / "password").write_text("other\n")
    place = tmp_path / "new"
    for other, folder, snapshot, said in (
        (restic, full, "latest", "不是空的"),
        (restic, full / "mine", "latest", "不是空的"),
        (replace(restic, password_file=tmp_path / "password"), place, "latest", "密码不对"),
        (restic, place, "deadbeef", "没有这个编号"),
        (replace(restic, repository=str(tmp_path / "nowhere")), place, "latest", "这里没有备份"),
    ):
        with pytest.raises(Refused, match=said):
            restore(other, folder, snapshot)
    assert not place.exists() and [path.name for path in full.iterdir()] == ["mine"]


@pytest.mark.parametrize("newer", ["format", "tables"])
def test_a_backup_of_a_newer_program_is_refused(
    sqlite_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: str
) -> None:
    if newer == "format":
        monkeypatch.setattr(backups, "FORMAT", 99)
    else:
        with sqlite_office.site.database() as session:
            session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    sqlite_office.back_up()
    with pytest.raises(Refused, match="更新的版本"):
        restore(sqlite_office.restic, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_database_that_is_not_empty_is_not_written_over(office: Office, tmp_path: Path) -> None:
    if office.url.startswith("sqlite"):
        pytest.skip("只与 PostgreSQL 有关")
    office.back_up()
    before = rows_of(office.url)
    for url, said in ((office.url, "不是空的"), ("", "--database-url")):
        with pytest.raises(Refused, match=said):
            restore(office.restic, tmp_path / "new", database_url=url)
    assert rows_of(office.url) == before and not (tmp_path / "new").exists()


def test_files_of_people_are_for_the_service_only_and_the_password_is_nobodys_argument(
    sqlite_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = subprocess.run

    def watched(command: list[str], **given: Any) -> Any:
        seen.extend(command)
        return real(command, **given)

    monkeypatch.setattr(subprocess, "run", watched)
    sqlite_office.back_up()
    password = backups.password_file(sqlite_office.home)
    restore(sqlite_office.restic, tmp_path / "new")
    assert password.read_text().strip() not in " ".join(seen)
    places = (
        password,
        tmp_path / "new" / "desk" / "desk.sqlite",
        password.parent,
        sqlite_office.home / "backup",
        tmp_path / "new",
    )
    assert [path.stat().st_mode & 0o777 for path in places] == [0o600, 0o600, 0o700, 0o700, 0o700]
    packs = [p.read_bytes() for p in (sqlite_office.home / "backup" / "repository").rglob("*") if p.is_file()]
    assert not any("密谈内容".encode() in pack for pack in packs)


def test_a_lost_password_is_not_silently_replaced(sqlite_office: Office) -> None:
    sqlite_office.back_up()
    backups.password_file(sqlite_office.home).unlink()
    with pytest.raises(Refused, match="密码文件.*不见了"):
        sqlite_office.back_up()


def test_nothing_to_back_up_is_said(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "none", tmp_path / "none" / "inbox", None)
    desk = DeskSettings(tmp_path, f"sqlite:///{tmp_path / 'none' / 'desk.sqlite'}")
    with pytest.raises(Refused, match="没有可备份的"):
        back_up(settings, desk, SERVICE, lambda: NOW, lambda line: None)


def test_without_restic_the_line_says_how_to_install_it(sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.operations.restic.shutil.which", lambda name: None)
    with pytest.raises(Refused, match="apt install restic"):
        sqlite_office.back_up()


def test_a_run_under_way_is_waited_for_and_then_told(sqlite_office: Office) -> None:
    import dagster as dg

    from orchestration.nightly import prepare_instance

    with prepare_instance(sqlite_office.settings) as instance:
        instance.add_run(dg.DagsterRun(job_name="nightly", status=dg.DagsterRunStatus.STARTED))
    said: list[str] = []
    made = back_up(sqlite_office.settings, sqlite_office.desk, SERVICE, lambda: NOW, said.append, wait_seconds=0.1)
    assert made.was_disturbed and "最多等" in said[0] and last_backup(sqlite_office.home) == made


def test_a_file_that_is_replaced_meanwhile_does_not_cost_the_backup(
    sqlite_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """restic then ends with 3, although it made the backup; here a program of that name says so each time."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "restic").write_text(
        f'#!/bin/sh\n{executable()} "$@" || exit\ncase "$*" in *" backup "*) exit 3;; esac\n'
    )
    (folder / "restic").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (sqlite_office.home / "landing" / ".leads.parquet.part.parquet").write_bytes(b"half")
    assert sqlite_office.back_up().was_disturbed
    assert restore(sqlite_office.restic, tmp_path / "new").problems == []
    assert not list((tmp_path / "new").rglob("*.part*"))


def test_the_commands(
    sqlite_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"ZEYOU_HOME": sqlite_office.home, "ZEYOU_INBOX": sqlite_office.inbox}.items():
        monkeypatch.setenv(name, str(value))
    assert main(["backup"]) == 0 and "请抄一份放在别处" in capsys.readouterr().out
    assert main(["backup", "--rehearse"]) == 0 and "恢复演练通过" in capsys.readouterr().out
    password = tmp_path / "copied"
    shutil.copyfile(backups.password_file(sqlite_office.home), password)
    monkeypatch.setenv("ZEYOU_HOME", str(tmp_path / "empty machine"))
    typed = ["restore", "--to", str(tmp_path / "new"), "--from", str(sqlite_office.home / "backup" / "repository")]
    assert main(typed) == 2 and "--password-file" in capsys.readouterr().err
    assert main([*typed, "--password-file", str(password)]) == 0
    shown = capsys.readouterr().out
    assert "名单 2 份" in shown and f"审计 {AUDITED} 条" in shown and "全部一致" in shown
    assert main([*typed, "--password-file", str(password)]) == 2 and "不是空的" in capsys.readouterr().err


KILLS = 10


@pytest.mark.long
def test_a_backup_that_is_killed_anywhere_harms_no_other(sqlite_office: Office, tmp_path: Path) -> None:
    """kill -9 at random instants of backups and restores; then a backup and a restore as if nothing had been."""
    sqlite_office.back_up()
    environment = {**os.environ, "ZEYOU_HOME": str(sqlite_office.home), "ZEYOU_INBOX": str(sqlite_office.inbox)}
    luck = random.Random(11)
    for number in range(KILLS):
        sqlite_office.act(1)
        typed = ["backup"] if number % 2 == 0 else ["restore", "--to", str(tmp_path / f"killed{number}")]
        command = [sys.executable, "-m", "orchestration", *typed]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        time.sleep(luck.uniform(1, 8))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        place = tmp_path / f"killed{number}"
        assert not place.exists() or (place / "published" / "current").exists()
    before = rows_of(sqlite_office.url)
    sqlite_office.back_up()
    found: Restored = restore(sqlite_office.restic, tmp_path / "new")
    assert found.problems == [] and rows_of(f"sqlite:///{tmp_path / 'new' / 'desk' / 'desk.sqlite'}") == before
    assert not (sqlite_office.home / backups.STAGED).exists()
