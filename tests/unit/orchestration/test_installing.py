"""Installing as a service: units that systemd takes, settings that systemd and sh read alike, nothing that others can read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.command_line import build_parser, main
from orchestration.endings import Refused
from orchestration.operations.installing import SERVICES, Installed, install, settings_text, start
from orchestration.settings import REPOSITORY, Service, Settings

SERVICE = Service(
    is_installed=True, backup="/mnt/backup", ui_hosts=("ui.example.gov.cn",), ui_port=3100, desk_port=8100
)
USER = "root" if os.geteuid() == 0 else "nobody"
SECRET = 'p"a\\s$`s w%n'


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command as `make install` puts it beside Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "zeyou").write_text("#!/bin/sh\n")
    (folder / "zeyou").chmod(0o755)
    monkeypatch.setattr("orchestration.operations.installing.sys.executable", str(folder / "python"))
    return folder / "zeyou"


def installed(folder: Path, environment: Mapping[str, str] | None = None) -> Installed:
    settings = Settings(folder / "home", folder / "home" / "inbox", folder / "register.parquet")
    return install(settings, SERVICE, environment or {}, USER, folder / "units", folder / "settings")


def test_systemd_takes_every_unit(program: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("没有 systemd-analyze：apt-get install systemd 后再测")
    units = installed(tmp_path).units
    assert {unit.name for unit in units} >= set(SERVICES)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, units)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    timers = [unit for unit in units if unit.suffix == ".timer"]
    for timer in timers:
        (when,) = [line.partition("=")[2] for line in timer.read_text().splitlines() if line.startswith("OnCalendar=")]
        assert subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, check=False).returncode == 0


def test_every_unit_starts_a_command_that_there_is(program: Path, tmp_path: Path) -> None:
    units = [unit for unit in installed(tmp_path).units if unit.suffix == ".service"]
    commands = []
    for unit in units:
        text = unit.read_text()
        assert "@" not in text.replace(str(tmp_path), ""), unit.name
        (line,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
        given_program, *typed = line.removeprefix("ExecStart=").split()
        assert given_program == str(program)
        commands.append(build_parser().parse_args(typed).command.__name__)
        assert f"User={USER}" in text and "UMask=0077" in text and "NoNewPrivileges=yes" in text
    assert sorted(commands) == ["_alert", "_backup", "_backup", "_daemon", "_notify", "_serve", "_ui"]


def test_only_services_that_stay_are_enabled_and_each_timer_has_its_service(program: Path, tmp_path: Path) -> None:
    units = {unit.name: unit.read_text() for unit in installed(tmp_path).units}
    assert {name for name, text in units.items() if "[Install]" in text} == set(SERVICES)
    for name in units:
        if name.endswith(".timer"):
            assert "Type=oneshot" in units[name.replace(".timer", ".service")]


def read_by_sh(path: Path) -> dict[str, str]:
    command = ["sh", "-c", 'set -a; . "$0"; env -0', str(path)]
    done = subprocess.run(command, env={}, capture_output=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)  # type: ignore[misc]


def test_settings_carry_the_desks_and_nobody_else_reads_them(program: Path, tmp_path: Path) -> None:
    given_environment = {
        "DESK_DATABASE_URL": f"postgresql+psycopg2://desk:{SECRET}@db/desk",
        "PATH": "/bin",
        "HOME": "/root",
    }
    done = installed(tmp_path, given_environment)
    found = read_by_sh(done.settings_file)
    assert found["DESK_DATABASE_URL"] == given_environment["DESK_DATABASE_URL"]
    assert (found["ZEYOU_SERVICE"], found["TZ"], found["ZEYOU_BACKUP"]) == ("1", "Asia/Shanghai", "/mnt/backup")
    assert found["ZEYOU_REGISTER"] == str(tmp_path / "register.parquet") and "HOME" not in found
    home = tmp_path / "home"
    assert [mode(path) for path in (home, home / "secrets", home / "secrets" / "ui.token", done.settings_file)] == [
        0o700, 0o700, 0o600, 0o600,
    ]  # fmt: skip
    assert all(SECRET not in unit.read_text() for unit in done.units)


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\n\r")))
def test_any_value_reads_back_as_it_was(value: str) -> None:
    import tempfile

    settings = Settings(Path("/srv/zeyou"), Path("/srv/inbox"), None)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(settings_text(settings, SERVICE, {"DESK_OIDC_CLIENT_SECRET": value}))
        file.flush()
        assert read_by_sh(Path(file.name)).get("DESK_OIDC_CLIENT_SECRET", "") == value


def test_a_service_finds_its_settings_again(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in read_by_sh(installed(tmp_path).settings_file).items():
        if name != "TZ":
            monkeypatch.setenv(name, value)
    assert Service.from_environment() == SERVICE
    found = Settings.from_environment()
    assert (found.home, found.inbox) == (tmp_path / "home", tmp_path / "home" / "inbox")


def test_installing_again_keeps_the_settings_and_the_token(program: Path, tmp_path: Path) -> None:
    first = installed(tmp_path)
    token = (tmp_path / "home" / "secrets" / "ui.token").read_text()
    first.settings_file.write_text("ZEYOU_HOME=/elsewhere\n")
    again = installed(tmp_path)
    assert not again.is_new and again.settings_file.read_text() == "ZEYOU_HOME=/elsewhere\n"
    assert (tmp_path / "home" / "secrets" / "ui.token").read_text() == token


@pytest.mark.parametrize("name", ["a b", "a%b", 'a"b', "a$b", "a@b"])
def test_a_path_that_a_unit_would_misread_is_refused(program: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="systemd 的单元里不能用"):
        installed(tmp_path / name)


def test_a_user_that_is_not_there_is_told_how_to_make_it(program: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("只有 root 才把数据目录交给别的用户")
    settings = Settings(tmp_path / "home", tmp_path / "inbox", None)
    with pytest.raises(Refused, match="useradd --system"):
        install(settings, SERVICE, {}, "nobody-of-that-name", tmp_path / "units", tmp_path / "settings")


def test_the_command_says_what_to_type_next(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZEYOU_HOME", str(tmp_path / "home"))
    typed = ["install", "--user", USER, "--to", str(tmp_path / "units"), "--settings", str(tmp_path / "settings")]
    assert main(typed) == 0
    shown = capsys.readouterr().out
    assert "systemctl daemon-reload" in shown and "zeyou-admin doctor" in shown and "已写出 11 个单元" in shown
    admin = (tmp_path / "settings" / "zeyou-admin").read_text()
    assert f". {tmp_path / 'settings' / 'zeyou.env'}" in admin and f"runuser -u {USER}" in admin


def test_without_systemd_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.operations.installing.shutil.which", lambda name: None)
    with pytest.raises(Refused, match="不是由 systemd 启动的"):
        start()


def test_the_examples_of_proxies_name_the_ports_that_are_served() -> None:
    for name in ("Caddyfile", "nginx.conf"):
        text = (REPOSITORY / "deploy" / "proxy" / name).read_text(encoding="utf-8")
        assert f"127.0.0.1:{Service.ui_port}" in text and f"127.0.0.1:{Service.desk_port}" in text
        assert "DESK_PROXY_ADDRESSES" in text and "ZEYOU_UI_HOSTS" in text and "Strict-Transport-Security" in text
