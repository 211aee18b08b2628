"""Backups (备份): what belongs into one, a consistent copy of the desk's database, how long they are kept.

Belongs here: making a backup, remembering when. Does not belong here: restoring one (restoring.py), calling restic (restic.py).

What can be made again is left out: the warehouse, exports, models in training, logs, Dagster's records. A file is only ever replaced whole,
so each is copied whole whatever goes on; to have all of one night, a backup waits for a run that is under way, but not for ever.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from desk import audit
from desk.settings import DeskSettings
from desk.store.database import open_engine, revision_of, sessions
from desk.store.models import Event
from orchestration.archive import code_hash
from orchestration.endings import Refused
from orchestration.operations.restic import HOST, Restic
from orchestration.settings import Service, Settings
from storage import link_or_copy, write_json

FORMAT: Final = 1  # of what a backup holds; a program that knows less refuses it
PARTS: Final = (
    "landing", "identity", "registry", "published", "archive", "documents", "office", "inbox", "chain_graph",
    "inputs.json", "desk/notices.yaml", "desk/ledgers",
)  # fmt: skip
STAGED: Final = "backup/staged"
LABEL: Final = "backup.json"
KEPT: Final = ("--keep-last", "7", "--keep-daily", "14", "--keep-weekly", "8", "--keep-monthly", "24")
WAIT_SECONDS: Final = 3_600.0


@dataclass(frozen=True)
class Backup:
    """One backup that was made. `was_disturbed`: a run went on meanwhile, so files may be of two nights."""

    at: dt.datetime
    snapshot: str
    repository: str
    file_count: int
    new_bytes: int
    was_disturbed: bool = False


@dataclass(frozen=True)
class Rehearsal:
    """One restoring for trial. No problems: everything was there."""

    at: dt.datetime
    snapshot: str
    problems: list[str] = field(default_factory=list)


def repository_of(home: Path, service: Service) -> str:
    """Return where backups go; without a setting beside the data, which the doctor warns of."""
    return service.backup or str(home / "backup" / "repository")


def password_file(home: Path) -> Path:
    """Return the file with the password that backups are encrypted with."""
    return home / "secrets" / "backup.password"


def last_backup(home: Path) -> Backup | None:
    """Return the last backup that was made."""
    content = _remembered(home / "backup" / "last.json")
    return Backup(**content) if content else None


def last_rehearsal(home: Path) -> Rehearsal | None:
    """Return the last restoring for trial."""
    content = _remembered(home / "backup" / "rehearsal.json")
    return Rehearsal(**content) if content else None


def remember(home: Path, name: str, what: Backup | Rehearsal) -> None:
    """Write down what was done, for the doctor."""
    write_json(home / "backup" / name, asdict(what) | {"at": what.at.isoformat()})


def _remembered(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content | {"at": dt.datetime.fromisoformat(content["at"])}
    except (OSError, ValueError, KeyError):
        return None


def open_repository(home: Path, service: Service) -> Restic:
    """Return the repository of an installation, made with a new password where there is none."""
    secret = password_file(home)
    repository = repository_of(home, service)
    _private(home / "backup")
    if not secret.exists():
        if last_backup(home) is not None:
            raise Refused(f"备份的密码文件 {secret} 不见了；请把另抄的那份写回去，chmod 600")
        write_secret(secret, secrets.token_urlsafe(24))
    restic = Restic(repository, secret, home / "backup" / "cache")
    if not restic.is_made:
        restic.run("init")
    return restic


def write_secret(path: Path, text: str) -> None:
    """Write a new file that nobody else on this machine can read; a folder made for it is as closed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")


def _private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def back_up(
    settings: Settings,
    desk: DeskSettings,
    service: Service,
    now: Callable[[], dt.datetime],
    say: Callable[[str], None],
    wait_seconds: float = WAIT_SECONDS,
) -> Backup:
    """Make one backup, forget the old ones, and remember it."""
    home = settings.home
    if not any((home / part).exists() for part in ("landing", "published", "desk")):
        raise Refused(f"数据目录 {home} 里还没有名单和办公桌，没有可备份的；请看 ZEYOU_HOME 指得对不对")
    restic = open_repository(home, service)
    was_disturbed = not _wait_for_runs(settings, say, wait_seconds)
    try:
        stage(settings, desk, now())
        parts = [STAGED, *_parts(settings)]
        restic.run("unlock")  # of a backup that was killed; one that is alive keeps its lock
        summary, is_complete = restic.back_up(home, parts)
    finally:
        shutil.rmtree(home / STAGED, ignore_errors=True)
    restic.run("forget", "--host", HOST, "--group-by", "host", *KEPT, "--prune")
    was_disturbed = was_disturbed or not is_complete or _is_run_under_way(settings)
    made = Backup(
        now(), str(summary["snapshot_id"])[:8], restic.repository, int(summary["total_files_processed"]),
        int(summary["data_added"]), was_disturbed,
    )  # fmt: skip
    remember(home, "last.json", made)
    return made


def _parts(settings: Settings) -> list[str]:
    """Return what of the home belongs into a backup; an inbox or office that lies elsewhere is staged instead."""
    home = settings.home
    elsewhere = {name for name, folder in _outside(settings)}
    return [part for part in PARTS if part not in elsewhere and (home / part).exists()]


def _outside(settings: Settings) -> list[tuple[str, Path]]:
    named = (("inbox", settings.inbox), ("office", settings.office_folder))
    return [(name, folder) for name, folder in named if folder.is_dir() and folder.resolve() != settings.home / name]


def stage(settings: Settings, desk: DeskSettings, at: dt.datetime) -> None:
    """Put beside the data what is not simply a file below it: the desk's database, folders that lie elsewhere, the label."""
    home, staged = settings.home, settings.home / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    _private(staged)
    about = copy_database(desk.database_url, staged)
    for name, folder in _outside(settings):
        _copy_folder(folder, staged / name)
    label = {
        "format": FORMAT,
        "at": at.isoformat(),
        "code": code_hash(),
        "home": str(home),
        "inbox": str(settings.inbox.resolve()),
        "register": str(settings.register or ""),
        **about,
    }
    write_json(staged / LABEL, label)


def copy_database(url: str, folder: Path) -> dict[str, Any]:
    """Copy the desk's database as of one moment, while people go on writing; return what a copy must have."""
    target = sa.make_url(url)
    if target.get_backend_name() == "sqlite":
        source = Path(target.database or "")
        if not source.exists():
            return {"database": None}
        copy = folder / "desk.sqlite"
        os.close(os.open(copy, os.O_CREAT | os.O_RDWR, 0o600))
        with sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30) as old, sqlite3.connect(copy) as new:
            old.backup(new)
        new.close()
        old.close()
        return {"database": "sqlite", **counts_of(f"sqlite:///{copy}")}
    copy = folder / "desk.dump"
    os.close(os.open(copy, os.O_CREAT | os.O_RDWR, 0o600))
    engine = open_engine(url)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            # The dump and the counts are of the same moment.
            moment = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
            with Session(connection) as session:
                counts = _counts(session)
            options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}")
            run_postgres("pg_dump", target, *options, f"--file={copy}")
    finally:
        engine.dispose()
    return {"database": "postgresql", **counts}


def counts_of(url: str) -> dict[str, Any]:
    """Return what tells one state of the desk from another: migration, answers, the head of the audit chain."""
    engine = open_engine(url)
    try:
        with sessions(engine)() as session:
            return _counts(session)
    finally:
        engine.dispose()


def _counts(session: Session) -> dict[str, Any]:
    found = revision_of(session.connection())
    if found is None:
        return {"revision": None, "events": 0, "audit_entries": 0, "audit_head": audit.START, "audit_broken_at": None}
    events = session.scalar(sa.select(sa.func.count()).select_from(Event)) or 0
    chain = audit.verify(session)
    return {
        "revision": found, "events": events, "audit_entries": chain.entry_count, "audit_head": chain.last_hash,
        "audit_broken_at": chain.broken_at,
    }  # fmt: skip


def run_postgres(program: str, target: sa.URL, *arguments: str) -> None:
    """Call a tool of PostgreSQL; the password goes by the environment, for arguments are seen by everybody on the machine."""
    found = shutil.which(program)
    if found is None:
        raise Refused(f"没有 {program}，不能备份或恢复 PostgreSQL；请安装 postgresql-client")
    query = target.query.get("host")
    environment = {
        **os.environ,
        **({"PGPASSWORD": target.password} if target.password else {}),
        **({"PGUSER": target.username} if target.username else {}),
        **({"PGPORT": str(target.port)} if target.port else {}),
        "PGHOST": target.host or (query if isinstance(query, str) else "") or "localhost",
        "PGDATABASE": target.database or "postgres",
    }
    done = subprocess.run([found, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"{program} 没有做成：{(done.stderr.strip().splitlines() or ['没有说原因'])[-1][:300]}")


def _copy_folder(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_symlink():
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(path, place, may_link=True)


def _is_run_under_way(settings: Settings) -> bool:
    if not (settings.dagster_home / "dagster.yaml").exists():
        return False
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        started = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
        return bool(instance.get_runs(dg.RunsFilter(statuses=started), limit=1))


def _wait_for_runs(settings: Settings, say: Callable[[str], None], seconds: float) -> bool:
    """Wait for runs to end; return whether none is left."""
    until, is_said = time.monotonic() + seconds, False
    while _is_run_under_way(settings):
        if not is_said:
            say(f"有作业在运行，最多等 {seconds / 60:.0f} 分钟")
            is_said = True
        if time.monotonic() >= until:
            say("作业还没有结束，先备份；其中的文件可能新旧不齐")
            return False
        time.sleep(min(10.0, seconds))
    return True
