"""Restoring a backup (恢复) into an empty folder, and proving by content that all of it is there.

Belongs here: from a backup to a home that works, the proofs, the rehearsal. Does not belong here: making backups (backup.py).

The same version or a newer one restores: tables of the desk that are older are migrated when the desk starts; a backup of a newer
program is refused, for its tables would not be understood.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from desk.store.database import open_engine, revisions
from intake.landing import LandingStore
from orchestration.endings import Refused
from orchestration.operations.backup import FORMAT, LABEL, STAGED, Rehearsal, counts_of, remember, run_postgres
from orchestration.operations.restic import HOST, Restic
from orchestration.settings import Settings
from publishing.snapshot import MANIFEST, current, verified
from storage import content_hash, replace_folder, write_json

NEWEST: Final = "latest"
COUNTED: Final = {
    "events": "答复等记录",
    "audit_entries": "审计条数",
    "audit_head": "审计末条哈希",
    "audit_broken_at": "审计链",
}


@dataclass(frozen=True)
class Restored:
    """What was restored: the label of the backup, what was compared, what does not fit (nothing, if all is well)."""

    label: dict[str, Any]
    lists: int
    archived: int
    problems: list[str]


def restore(restic: Restic, folder: Path, snapshot: str = NEWEST, database_url: str = "") -> Restored:
    """Restore a backup as the home `folder`, whole or not at all.

    Parameters
    ----------
    folder : Path
        A folder that is not there yet, or empty.
    database_url : str
        For a backup of a desk on PostgreSQL: an empty database. SQLite comes with the folder.
    """
    if folder.exists():
        if not folder.is_dir() or any(folder.iterdir()):
            raise Refused(f"{folder} 不是空的；恢复只写到空的文件夹，不覆盖任何东西")
        folder.rmdir()
    with replace_folder(folder) as partial:
        partial.chmod(0o700)
        restic.run("restore", snapshot, "--host", HOST, "--target", str(partial), "--verify")
        label = _label(partial)
        _put_in_place(partial, folder, label)
        target = _restore_database(partial, label, database_url)
        problems = [*_wrong_lists(partial), *_wrong_archive(partial), *_wrong_counts(label, target)]
        lists = len(list(_lists(partial)))
        archived = (
            sum(1 for path in (partial / "archive" / "inputs").glob("*")) if (partial / "archive").exists() else 0
        )
    return Restored(label, lists, archived, problems)


def rehearse(restic: Restic, settings: Settings, now: Callable[[], dt.datetime], scratch_url: str = "") -> Rehearsal:
    """Restore the newest backup beside the data, compare it, remember how it went and delete it again."""
    place = settings.home / "backup" / "rehearsal"
    shutil.rmtree(place, ignore_errors=True)
    try:
        found = restore(restic, place, database_url=scratch_url or _NO_DATABASE)
        done = Rehearsal(now(), NEWEST, found.problems)
    except Refused as problem:
        done = Rehearsal(now(), NEWEST, [str(problem)])
    finally:
        shutil.rmtree(place, ignore_errors=True)
    remember(settings.home, "rehearsal.json", done)
    return done


_NO_DATABASE: Final = (
    "none"  # a rehearsal of PostgreSQL without a scratch database proves the files and that the dump can be listed
)


def _label(partial: Path) -> dict[str, Any]:
    path = partial / STAGED / LABEL
    if not path.exists():
        raise Refused("这份备份不完整（没有 backup.json）；请换一份（--snapshot）")
    label: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if label["format"] > FORMAT:
        raise Refused("这份备份出自更新的版本；请先把程序升级到当时的版本，再恢复")
    return label


def _put_in_place(partial: Path, folder: Path, label: dict[str, Any]) -> None:
    """Turn what was staged into what it stands for, and let the inputs of the next night point into the new home."""
    staged = partial / STAGED
    for name in ("inbox", "office"):
        if (staged / name).exists():
            shutil.rmtree(partial / name, ignore_errors=True)
            os.replace(staged / name, partial / name)
    if (staged / "desk.sqlite").exists():
        (partial / "desk").mkdir(mode=0o700, exist_ok=True)
        os.replace(staged / "desk.sqlite", partial / "desk" / "desk.sqlite")
        (partial / "desk" / "desk.sqlite").chmod(0o600)
    if (inputs := partial / "inputs.json").exists():
        known = json.loads(inputs.read_text(encoding="utf-8"))
        register = Path(known.get("register") or "")
        moved = {"inbox": str(folder / "inbox"), "register": str(register) if register.is_file() else ""}
        write_json(inputs, known | moved)
    LandingStore(partial / "landing").move_inbox(Path(label["inbox"]), folder / "inbox")


def _restore_database(partial: Path, label: dict[str, Any], url: str) -> str | None:
    """Bring the desk's database back; return its address, None where there is none to look into."""
    staged = partial / STAGED
    if label["database"] == "sqlite":
        target = f"sqlite:///{partial / 'desk' / 'desk.sqlite'}"
        with _engine(target) as engine:
            found, _, known = revisions(engine)
        if found is not None and found not in known:
            raise Refused("这份备份出自更新的版本；请先把程序升级到当时的版本，再恢复")
        shutil.rmtree(staged.parent)
        return target
    if label["database"] != "postgresql":
        shutil.rmtree(staged.parent)
        return None
    dump = staged / "desk.dump"
    if url == _NO_DATABASE:
        run_postgres("pg_restore", sa.make_url("postgresql://"), "--list", str(dump))
        return None  # the whole folder goes again
    if not url:
        raise Refused("这份备份的办公桌用 PostgreSQL；请建一个空的数据库，用 --database-url 写明它的地址")
    with _engine(url) as engine:
        found, _, _ = revisions(engine)
        if found is not None or sa.inspect(engine).get_table_names():
            raise Refused("--database-url 的数据库不是空的；恢复只写到空的数据库，不覆盖任何东西")
    target_url = sa.make_url(url)
    name = target_url.database or "postgres"
    run_postgres(
        "pg_restore", target_url, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
        f"--dbname={name}", str(dump),
    )  # fmt: skip
    shutil.rmtree(staged.parent)
    return url


@contextmanager
def _engine(url: str) -> Iterator[sa.Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


# --- proofs (核对) -------------------------------------------------------------------------------------------------------


def _lists(home: Path) -> Iterator[Path]:
    published = home / "published"
    if published.is_dir():
        yield from (path.parent for path in sorted(published.glob(f"[!.]*/{MANIFEST}")) if not path.parent.is_symlink())


def _wrong_lists(home: Path) -> list[str]:
    """Compare every file of every published list with its manifest; the list in use must be one of them."""
    wrong = []
    for folder in _lists(home):
        try:
            verified(folder)
        except (OSError, ValueError, KeyError):
            wrong.append(f"名单 {folder.name} 的文件与清单上的哈希不符")
    if (home / "published").is_dir() and next(_lists(home), None) and current(home / "published") is None:
        wrong.append("没有指明在用的是哪一份名单（published/current）")
    return wrong


def _wrong_archive(home: Path) -> list[str]:
    """Compare every archived input with its name, which is its hash."""
    folder = home / "archive" / "inputs"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [f"存档的输入 {path.name[:12]} 与哈希不符" for path in files if content_hash(path) != path.name]


def _wrong_counts(label: dict[str, Any], url: str | None) -> list[str]:
    """Compare answers and audit chain with what they were when the backup was made."""
    if url is None:
        return []
    found = counts_of(url)
    return [
        f"{name}：备份时 {label[key]}，恢复后 {found[key]}" for key, name in COUNTED.items() if found[key] != label[key]
    ]
