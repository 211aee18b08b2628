"""restic, the program that backups are made by (备份程序): finding it, calling it, what it says in Chinese.

Belongs here: one call of restic and its mistakes. Does not belong here: what is backed up (backup.py), restoring (restoring.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestration.endings import Refused

INSTALLATION: Final = (
    "安装 restic：apt install restic（Debian、Ubuntu），dnf install restic（openEuler、Kylin），"
    "或把下载好的一个程序文件放到 /usr/local/bin/restic 并 chmod 755"
)
HOST: Final = "zeyou"  # the same on every machine, so that a new one goes on with the backups of the old
HALF_WRITTEN: Final = ".*.part*"  # storage/whole.py writes there, and renames
INCOMPLETE: Final = 3  # what restic ends with when it could not read some file
_ELSEWHERE: Final = ("sftp", "rest", "s3", "b2", "azure", "gs", "rclone", "swift")
_SAID: Final = (
    ("wrong password", "备份的密码不对；请用当时抄下的密码（--password-file）"),
    ("Is there a repository at", "这里没有备份；请检查位置"),
    ("unable to open config file", "这里没有备份；请检查位置"),
    ("no snapshot found", "备份里没有这个编号；不写 --snapshot 则用最新的一份"),
    ("no matching ID found", "备份里没有这个编号；不写 --snapshot 则用最新的一份"),
    ("unable to create lock", "另一个备份正在进行；请等它结束"),
    ("already locked", "另一个备份正在进行；请等它结束"),
    ("no space left", "磁盘满了；请清理备份所在的盘"),
    ("permission denied", "没有读写权限；请用运行服务的用户"),
    ("read-only file system", "备份所在的盘是只读的"),
)


def executable() -> str | None:
    """Return where restic is, None where it is not."""
    return shutil.which("restic")


def is_elsewhere(repository: str) -> bool:
    """Return whether a repository is on another machine.

    Examples
    --------
    >>> is_elsewhere("sftp:zeyou@10.1.0.9:/backup"), is_elsewhere("/mnt/disk/backup")
    (True, False)
    """
    return repository.split(":")[0] in _ELSEWHERE


@dataclass(frozen=True)
class Restic:
    """A repository and the file with its password."""

    repository: str
    password_file: Path
    cache: Path | None = None

    def run(self, *arguments: str, folder: Path | None = None, may_fail: bool = False) -> list[dict[str, Any]]:
        """Call restic with --json and return the messages that it printed; raises Refused with one Chinese line."""
        done = self._call(arguments, folder)
        if done.returncode and not may_fail:
            raise Refused(f"{self.repository}：{_in_chinese(done.stderr or done.stdout)}")
        return list(_messages(done.stdout))

    def back_up(self, folder: Path, parts: Sequence[str]) -> tuple[dict[str, Any], bool]:
        """Back up parts of a folder; return what restic sums up, and whether every file could be read.

        A file that is replaced at this moment is gone when its turn comes: the backup is made, without it.
        """
        done = self._call(["backup", "--host", HOST, "--exclude", HALF_WRITTEN, *parts], folder)
        summary = next((said for said in _messages(done.stdout) if said.get("message_type") == "summary"), None)
        if done.returncode not in (0, INCOMPLETE) or summary is None:
            raise Refused(f"{self.repository}：{_in_chinese(done.stderr or done.stdout)}")
        return summary, done.returncode == 0

    def _call(self, arguments: Sequence[str], folder: Path | None) -> subprocess.CompletedProcess[str]:
        program = executable()
        if program is None:
            raise Refused(f"没有 restic，不能备份和恢复；{INSTALLATION}")
        environment = {
            **os.environ,
            "RESTIC_REPOSITORY": self.repository,
            "RESTIC_PASSWORD_FILE": str(self.password_file),
            "RESTIC_PROGRESS_FPS": "0.01",
        }
        cache = ["--cache-dir", str(self.cache)] if self.cache and is_elsewhere(self.repository) else ["--no-cache"]
        command = [program, "--json", *cache, *arguments]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    @property
    def is_made(self) -> bool:
        """Whether the repository exists and the password opens it, also while a lock of a killed backup is on it."""
        return any("version" in message for message in self.run("cat", "config", "--no-lock", may_fail=True))


def _messages(text: str) -> list[dict[str, Any]]:
    try:
        whole = json.loads(text)
    except ValueError:
        found = []
        for line in text.splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
        return found
    return whole if isinstance(whole, list) else [whole] if isinstance(whole, dict) else []


def _in_chinese(text: str) -> str:
    said = next((line for words, line in _SAID if words.lower() in text.lower()), None)
    return said or f"restic 没有做成：{(text.strip().splitlines() or ['没有说原因'])[-1][:300]}"
