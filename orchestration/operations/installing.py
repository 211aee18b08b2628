"""Installing as a service (装成服务): systemd units from deploy/, the file of settings, folders that nobody else can open.

Belongs here: filling in the templates, writing them, what is to be typed next. Does not belong here: the commands that the units run,
installing packages (Makefile).
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestration.endings import Refused
from orchestration.operations.backup import write_secret
from orchestration.settings import OFFICE_ZONE, REPOSITORY, Service, Settings
from storage import write_text

TEMPLATES: Final = REPOSITORY / "deploy" / "systemd"
ADMIN: Final = REPOSITORY / "deploy" / "zeyou-admin"
UNIT_FOLDER: Final = Path("/etc/systemd/system")
SETTINGS_FOLDER: Final = Path("/etc/zeyou")
SERVICES: Final = (
    "zeyou-ui.service", "zeyou-daemon.service", "zeyou-desk.service", "zeyou-backup.timer", "zeyou-rehearsal.timer",
    "zeyou-alert.timer", "zeyou-digest.timer",
)  # fmt: skip
SETTINGS_FILE: Final = "zeyou.env"
_UNFIT: Final = re.compile(r"[\s%\"'\\$@]")  # what means something else in a unit
_CARRIED: Final = re.compile(r"DESK_[A-Z_]+|SSL_CERT_FILE")


@dataclass(frozen=True)
class Installed:
    """What was written, and what is to be typed next."""

    units: list[Path]
    settings_file: Path
    is_new: bool
    next_steps: list[str]


def install(
    settings: Settings,
    service: Service,
    environment: Mapping[str, str],
    user: str,
    unit_folder: Path = UNIT_FOLDER,
    settings_folder: Path = SETTINGS_FOLDER,
) -> Installed:
    """Write units and settings; settings that are there already stay as they are.

    `environment` gives DESK_* and SSL_CERT_FILE to the file of settings: an address with a password is never typed as an argument.
    """
    program = Path(sys.executable).with_name("zeyou")
    for path in (program, settings.home, unit_folder, settings_folder):
        if _UNFIT.search(str(path)):
            raise Refused(f"{path}：路径里有空格或 % \" ' \\ $ @ 之一，systemd 的单元里不能用；请换一个位置")
    if not program.exists():
        raise Refused(f"没有 {program}；请先运行 make install")
    _make_home(settings.home, user)
    settings_file = settings_folder / SETTINGS_FILE
    is_new = not settings_file.exists()
    if is_new:
        settings_folder.mkdir(parents=True, exist_ok=True)
        write_secret(settings_file, settings_text(settings, service, environment))
    values = _values(settings_file, program, service, user)
    units = [_fill_in(template, unit_folder, values) for template in _templates()]
    _fill_in(ADMIN, settings_folder, values, 0o755)
    return Installed(units, settings_file, is_new, _next_steps(unit_folder, settings_folder))


def _templates() -> list[Path]:
    return sorted(path for path in TEMPLATES.iterdir() if path.suffix in (".service", ".timer"))


def _values(settings_file: Path, program: Path, service: Service, user: str) -> dict[str, str]:
    return {
        "USER": user,
        "SETTINGS": str(settings_file),
        "PROGRAM": str(REPOSITORY),
        "ZEYOU": str(program),
        "UI_PORT": str(service.ui_port),
        "DESK_PORT": str(service.desk_port),
    }


def _fill_in(template: Path, folder: Path, values: Mapping[str, str], mode: int = 0o644) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = template.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    write_text(folder / template.name, text)
    (folder / template.name).chmod(mode)
    return folder / template.name


def settings_text(settings: Settings, service: Service, environment: Mapping[str, str]) -> str:
    """Return the file of settings, readable by systemd (EnvironmentFile=) and by sh."""
    known = {
        "ZEYOU_SERVICE": "1",
        "ZEYOU_HOME": str(settings.home),
        "ZEYOU_INBOX": str(settings.inbox),
        "ZEYOU_REGISTER": str(settings.register or ""),
        "ZEYOU_BACKUP": service.backup,
        "ZEYOU_UI_HOSTS": " ".join(service.ui_hosts),
        "ZEYOU_UI_PORT": str(service.ui_port),
        "ZEYOU_DESK_PORT": str(service.desk_port),
        "TZ": OFFICE_ZONE.key,
        "PYTHONUTF8": "1",
        "LANG": "C.UTF-8",
    }
    known |= {name: value for name, value in sorted(environment.items()) if _CARRIED.fullmatch(name)}
    lines = ["# 择优的设置：改后 systemctl restart zeyou-ui zeyou-daemon zeyou-desk。含密码，权限须为 600。"]
    lines += [f"{name}={_quoted(name, value)}" for name, value in known.items() if value]
    return "\n".join(lines)


def _quoted(name: str, value: str) -> str:
    if "\n" in value:
        raise Refused(f"{name} 的值里有换行，不能写进设置")
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def _make_home(home: Path, user: str) -> None:
    """Make the folder of all data; nobody but the service opens it. Only root can give it away."""
    for folder in (home, home / "inbox", home / "secrets"):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (home, home / "secrets"):
        folder.chmod(0o700)
    token = home / "secrets" / "ui.token"
    if not token.exists():
        write_secret(token, secrets.token_urlsafe(24))
    if os.geteuid() == 0 and user != "root":
        try:
            owner = pwd.getpwnam(user)
        except KeyError:
            raise Refused(
                f"没有用户 {user}；请先 useradd --system --home-dir {home} --shell /usr/sbin/nologin {user}"
            ) from None
        for path in (home, *home.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def _next_steps(unit_folder: Path, settings_folder: Path) -> list[str]:
    steps = []
    if unit_folder != UNIT_FOLDER:
        steps.append(f"cp {unit_folder}/zeyou-* {UNIT_FOLDER}/")
    steps += ["systemctl daemon-reload", f"systemctl enable --now {' '.join(SERVICES)}"]
    return [*steps, f"{settings_folder / ADMIN.name} doctor"]


def start() -> None:
    """Let systemd read the units and start them, now and at every boot."""
    if not Path("/run/systemd/system").is_dir() or shutil.which("systemctl") is None:
        raise Refused("本机不是由 systemd 启动的，不能 --start；单元已写好，用单位自己的办法启动其中的命令")
    for command in (["daemon-reload"], ["enable", "--now", *SERVICES]):
        done = subprocess.run(["systemctl", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["没有说原因"])[-1]
            raise Refused(f"systemctl {command[0]} 没有做成：{why}")
