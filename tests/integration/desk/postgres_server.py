"""A PostgreSQL of Debian's, started for a test session by a user who is not root, on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """Where initdb and pg_ctl are, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _user() -> str | None:
    """Who runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
            return name
        except KeyError:
            continue
    raise RuntimeError("没有可以运行 PostgreSQL 的普通用户")


@contextmanager
def running_postgres(fsync: str = "off") -> Iterator[str]:
    """Give the address of an empty database; the server and its folder go afterwards. Tests need no disk to be waited for."""
    found = programs()
    if found is None:
        raise FileNotFoundError
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="desk-pg-"))
    data = folder / "data"
    given = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    if user:
        shutil.chown(folder, user)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, env=environment, cwd=folder, **given)  # type: ignore[call-overload]

    try:
        run(str(found / "initdb"), "-D", str(data), "-A", "trust", "-U", "desk", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync={fsync} -c max_connections=60"
        run(str(found / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg2://desk@/postgres?host={folder}"
        finally:
            run(str(found / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
