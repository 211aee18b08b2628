"""Where everything is (设置): the one place that reads the environment.

Belongs here: paths under ZEYOU_HOME, the inputs of a run, the office's time zone. Does not belong here: what the
office edits (office), and anything that opens a file of data.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from office import DISTRICT
from orchestration.endings import Refused
from storage import write_json

REPOSITORY = Path(__file__).resolve().parents[1]
OFFICE_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Settings:
    """Paths of one installation. `register` may be None: an office without a register still gets its list.

    `office` is the folder of the district's own settings. None: the folder `office` beside the inbox if a district.yaml lies
    in it (the sample brings its own), else `office` under `home`.
    `desk_database` is the address of the desk's database; None: the SQLite file that the desk makes under `home`.
    """

    home: Path
    inbox: Path
    register: Path | None
    office: Path | None = None
    desk_database: str | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        """Read ZEYOU_HOME, ZEYOU_INBOX, ZEYOU_REGISTER (else the last run's `inputs.json`) and DESK_DATABASE_URL."""
        home = home_from_environment()
        known = _remembered(home / "inputs.json")
        inbox = os.environ.get("ZEYOU_INBOX") or known.get("inbox") or str(home / "inbox")
        register = os.environ.get("ZEYOU_REGISTER") or known.get("register") or ""
        found = Path(register).resolve() if register else None
        return cls(home, Path(inbox).resolve(), found, desk_database=os.environ.get("DESK_DATABASE_URL") or None)

    def remember(self, is_fictional: bool = False) -> None:
        """Keep the inputs of a run, so that the UI and the schedule go on with them, and whether they were invented."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = {"inbox": str(self.inbox), "register": str(self.register or ""), "is_fictional": is_fictional}
        write_json(self.home / "inputs.json", content)

    @property
    def was_fictional(self) -> bool:
        return bool(_remembered(self.home / "inputs.json").get("is_fictional"))

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def office_folder(self) -> Path:
        if self.office:
            return self.office
        beside = self.inbox.parent / "office"
        return beside if (beside / DISTRICT).is_file() else self.home / "office"


def home_from_environment() -> Path:
    """Return the folder of all data."""
    return Path(os.environ.get("ZEYOU_HOME") or REPOSITORY / "var").resolve()


@dataclass(frozen=True)
class Service:
    """What an installed service knows besides (`zeyou install` writes these): is it one, where backups go, names and ports.

    `backup` is a folder or any repository that restic knows; `ui_hosts` are the names under which a proxy offers the Dagster UI.
    """

    is_installed: bool = False
    backup: str = ""
    ui_hosts: tuple[str, ...] = ()
    ui_port: int = 3000
    desk_port: int = 8000

    @classmethod
    def from_environment(cls) -> Service:
        """Read ZEYOU_SERVICE (1 for an installed one), ZEYOU_BACKUP, ZEYOU_UI_HOSTS, ZEYOU_UI_PORT and ZEYOU_DESK_PORT."""
        found = os.environ
        return cls(
            is_installed=found.get("ZEYOU_SERVICE") == "1",
            backup=found.get("ZEYOU_BACKUP", ""),
            ui_hosts=tuple(found.get("ZEYOU_UI_HOSTS", "").replace(",", " ").lower().split()),
            ui_port=int(found.get("ZEYOU_UI_PORT") or cls.ui_port),
            desk_port=int(found.get("ZEYOU_DESK_PORT") or cls.desk_port),
        )


def _remembered(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise Refused(f"{path} 损坏；请删除它，再用 --inbox 指定收件夹运行一次")
    return known


def office_today() -> dt.date:
    """Give the day it is at the office."""
    return dt.datetime.now(OFFICE_ZONE).date()
