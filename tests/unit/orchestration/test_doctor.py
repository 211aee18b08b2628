"""The doctor: every check sees what it is for, in a Chinese line with a fix, and one that breaks stops no other."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import ssl
import subprocess
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from healthy_place import NOON, Place, free_port, healthy, situation_of

from desk.settings import DeskSettings
from desk.store.models import AuditEntry, Notice, Person
from orchestration.command_line import main
from orchestration.operations.backup import Backup, Rehearsal, remember
from orchestration.operations.doctor import CHECKS, Situation, examine, machine, table_of
from orchestration.settings import Service, Settings
from orchestration.warehouse import warehouse_path

ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{3,} [a-z]{2,}")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The healthy installation, written once."""
    found = Place(healthy(tmp_path_factory.mktemp("doctor") / "home"), pytest.MonkeyPatch())
    found.run(dg.DagsterRunStatus.SUCCESS)
    return found.home


@pytest.fixture
def place(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    home = tmp_path / "home"
    shutil.copytree(original, home, symlinks=True)
    found = Place(situation_of(home), monkeypatch)
    instance = found.situation.instance
    assert instance is not None
    # Dagster stamps what it writes with the clock of this machine.
    record = instance.get_run_records(limit=1)[0]
    monkeypatch.setattr(type(record), "create_timestamp", NOON - dt.timedelta(hours=10), raising=False)
    return found


@contextmanager
def answering(port: int, status: int, text: str) -> Iterator[None]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def says(place: Place, output: str) -> None:
    """Let every program that is asked say the same."""
    place.patch.setattr(subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, output, ""))


Breaking = Callable[[Place], None]
BROKEN: dict[str, list[tuple[str, Breaking, str, str]]] = {}


def breaks(name: str, state: str, line: str, fix: str = "") -> Callable[[Breaking], Breaking]:
    def register(breaking: Breaking) -> Breaking:
        BROKEN.setdefault(name, []).append((state, breaking, line, fix))
        return breaking

    return register


# --- machine -------------------------------------------------------------------------------------------------------------


@breaks("Python", "bad", "Python 3.9.1 不能用", "make install")
def _(place: Place) -> None:
    place.patch.setattr(machine.platform, "python_version", lambda: "3.9.1")


@breaks("依赖版本", "bad", "pandas（0.1）", "make install")
def _(place: Place) -> None:
    real = machine.metadata.version
    place.patch.setattr(machine.metadata, "version", lambda name: "0.1" if name == "pandas" else real(name))


@breaks("磁盘", "bad", "剩 1 MB", "清理磁盘")
def _(place: Place) -> None:
    place.patch.setattr(machine, "free_space", lambda folder: 1 << 20)


@breaks("磁盘文件数", "bad", "还能放 7 个文件", "df -i")
def _(place: Place) -> None:
    real = os.statvfs(place.home)
    names = ("f_files", "f_favail")
    found = namedtuple("found", names)(real.f_files or 100, 7)
    place.patch.setattr(machine.os, "statvfs", lambda path: found)


@breaks("内存", "bad", "可用内存 0.5 GB", "增加内存")
def _(place: Place) -> None:
    place.patch.setattr(machine, "available_memory", lambda: 1 << 29)


@breaks("时钟", "bad", "时钟倒退了", "timedatectl")
def _(place: Place) -> None:
    place.later(days=-400)


@breaks("对时", "warn", "没有自动校准", "set-ntp true")
def _(place: Place) -> None:
    says(place, "no\n")


@breaks("时区", "warn", "本机时区", "Asia/Shanghai")
def _(place: Place) -> None:
    place.patch.setenv("TZ", "America/New_York")
    machine.time_tzset = __import__("time").tzset  # type: ignore[attr-defined]
    machine.time_tzset()  # type: ignore[attr-defined]


@breaks("编码", "bad", "编码是 ANSI_X3.4-1968", "PYTHONUTF8=1")
def _(place: Place) -> None:
    place.patch.setattr(machine.locale, "getpreferredencoding", lambda do_setlocale: "ANSI_X3.4-1968")


@breaks("打开文件数", "warn", "可同时打开 256 个文件", "4096")
def _(place: Place) -> None:
    place.patch.setattr(machine.resource, "getrlimit", lambda kind: (256, 256))


@breaks("中文字体", "bad", "没有中文字体", "fonts-noto-cjk")
def _(place: Place) -> None:
    import typst

    place.patch.setattr(typst, "Fonts", lambda: namedtuple("Fonts", "families")(lambda: ["DejaVu Sans"]))


# --- folders -------------------------------------------------------------------------------------------------------------


@breaks("数据目录", "bad", "不能写", "chown")
def _(place: Place) -> None:
    def refuse(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    place.patch.setattr("orchestration.operations.doctor.folders.tempfile.NamedTemporaryFile", refuse)


@breaks("目录权限", "bad", "权限是 755", "chmod 700")
def _(place: Place) -> None:
    place.home.chmod(0o755)


@breaks("保密文件", "bad", "desk/desk.sqlite", "chmod 600")
def _(place: Place) -> None:
    (place.home / "desk" / "desk.sqlite").chmod(0o644)


@breaks("保密文件", "bad", "secrets/backup.password", "chmod 600")
def _(place: Place) -> None:
    (place.home / "secrets" / "backup.password").chmod(0o640)


@breaks("收件夹", "bad", "不存在", "mkdir -p")
def _(place: Place) -> None:
    place.settings(inbox=place.home / "没有")


@breaks("收件夹", "warn", "不能写", "chmod u+w")
def _(place: Place) -> None:
    place.patch.setattr("orchestration.operations.doctor.folders.os.access", lambda path, mode: mode != os.W_OK)


@breaks("台账", "warn", "没有台账", "放进去")
def _(place: Place) -> None:
    (place.home / "inbox" / "线索台账.xlsx").unlink()


@breaks("台账", "warn", "最新的是 2026-06-30", "催")
def _(place: Place) -> None:
    place.later(days=60)


@breaks("本区设置", "bad", "不是省级行政区", "改好设置")
def _(place: Place) -> None:
    (place.home / "office" / "district.yaml").write_text("name: 云川区\nprovince: 云川省\ncity: 云川市\n")


@breaks("本区设置", "bad", "weights", "改好设置")
def _(place: Place) -> None:
    (place.home / "office" / "weights.yaml").write_text("landing: 很高\n", encoding="utf-8")


@breaks("企业名录", "bad", "不存在", "--register")
def _(place: Place) -> None:
    (place.home / "register.parquet").unlink()


@breaks("企业名录", "warn", "没有企业名录", "--register")
def _(place: Place) -> None:
    place.settings(register=None)


@breaks("企业名录", "warn", "已过半年", "新名录")
def _(place: Place) -> None:
    place.later(days=200)


@breaks("仓库", "warn", "损坏", "不必处理")
def _(place: Place) -> None:
    warehouse_path(place.home).write_bytes(b"no warehouse" * 1000)


@breaks("名单完整", "bad", "不完整", "zeyou rescore")
def _(place: Place) -> None:
    workbook = place.home / "published" / "current" / "择优清单.xlsx"
    workbook.write_bytes(b"changed")


@breaks("名单完整", "bad", "不完整", "published/current")
def _(place: Place) -> None:
    link = place.home / "published" / "current"
    link.unlink()
    link.symlink_to("2020-01-01-gone")


@breaks("名单日期", "bad", "仍是 2026-06-30 的，应有 2026-07-02 的", "zeyou run")
def _(place: Place) -> None:
    place.later(days=2)


@breaks("企业编号", "bad", "损坏", "企业编号")
def _(place: Place) -> None:
    folder = place.home / "identity"
    folder.mkdir()
    (folder / "crosswalk.parquet").write_bytes(b"PAR1")


@breaks("模型", "bad", "落地模型在用的版本损坏", "zeyou revert landing")
def _(place: Place) -> None:
    folder = place.home / "registry"
    folder.mkdir()
    place.patch.setattr("models.registry.Registry.active", lambda self, name: "v1")


@breaks("存档", "bad", "landing/leads", "从备份恢复")
def _(place: Place) -> None:
    for path in (place.home / "archive" / "inputs").iterdir():
        path.write_bytes(b"changed")


@breaks("存档", "warn", "没有存档", "zeyou rescore")
def _(place: Place) -> None:
    for path in (place.home / "archive" / "lists").iterdir():
        path.unlink()


@breaks("节假日", "bad", "没有 2039 年的法定节假日", "chinesecalendar")
def _(place: Place) -> None:
    place.later(days=365.25 * 13)


# --- nights --------------------------------------------------------------------------------------------------------------


@breaks("运行记录", "bad", "打不开", "改名")
def _(place: Place) -> None:
    (place.home / "dagster" / "dagster.yaml").write_text("telemetry: [", encoding="utf-8")
    place.later(seconds=0)  # opened anew


@breaks("守护进程", "bad", "没有运行", "zeyou-daemon")
def _(place: Place) -> None:
    pass  # nobody started one


@breaks("定时", "bad", "nightly_at_two", "Automation")
def _(place: Place) -> None:
    stop_schedule(place, "nightly_at_two")


@breaks("上一夜", "bad", "没有做完", "zeyou run")
def _(place: Place) -> None:
    place.run(dg.DagsterRunStatus.FAILURE)


@breaks("上一夜", "bad", "已过 106 小时", "守护进程")
def _(place: Place) -> None:
    place.later(days=4)


@breaks("卡住的作业", "bad", "最早的是 nightly", "终止")
def _(place: Place) -> None:
    place.run(dg.DagsterRunStatus.STARTED)


@breaks("名额", "bad", "warehouse", "zeyou run")
def _(place: Place) -> None:
    instance = place.situation.instance
    assert instance is not None
    dead = place.run(dg.DagsterRunStatus.FAILURE)
    instance.event_log_storage.set_concurrency_slots("warehouse", 1)
    instance.event_log_storage.claim_concurrency_slot("warehouse", dead, "step")


# --- the desk ------------------------------------------------------------------------------------------------------------


@breaks("办公桌数据库", "bad", "打不开", "zeyou restore")
def _(place: Place) -> None:
    (place.home / "desk" / "desk.sqlite").write_bytes(b"no database" * 1000)


@breaks("办公桌数据库", "bad", "连不上", "PostgreSQL")
def _(place: Place) -> None:
    place.desk(f"postgresql+psycopg2://desk:geheim@127.0.0.1:{free_port()}/desk")


@breaks("数据库版本", "bad", "比程序新", "升级")
def _(place: Place) -> None:
    with place.database() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))


@breaks("数据库版本", "warn", "空", "zeyou backup")
def _(place: Place) -> None:
    place.desk(f"sqlite:///{place.home / 'desk' / 'empty.sqlite'}")
    (place.home / "desk" / "empty.sqlite").touch()


@breaks("审计链", "bad", "第 2 条断开", "留存")
def _(place: Place) -> None:
    with place.database() as session:
        session.execute(sa.update(AuditEntry).where(AuditEntry.audit_id == 2).values(actor="nobody"))


@breaks("管理员", "bad", "没有启用的系统管理员", "zeyou desk admin")
def _(place: Place) -> None:
    with place.database() as session:
        session.execute(sa.update(Person).values(is_active=False))


@breaks("提醒对象", "bad", "没有写值守的人", "operators")
def _(place: Place) -> None:
    (place.home / "desk" / "notices.yaml").write_text("site: https://desk.example.gov.cn\n")


@breaks("提醒对象", "bad", "notices.yaml 写错", "recipients.py")
def _(place: Place) -> None:
    (place.home / "desk" / "notices.yaml").write_text("operators:\n  - {channel: fax, address: x}\n")


@breaks("发件箱", "warn", "1 条提醒发不出去：机器人没有接收", "notices.yaml")
def _(place: Place) -> None:
    with place.database() as session:
        session.add(
            Notice(
                digest_key="k", channel="wecom", address="https://x", subject="s", body="b", created_at=NOON,
                attempt_count=5, last_error="机器人没有接收",
            )
        )  # fmt: skip


# --- doors ---------------------------------------------------------------------------------------------------------------


@breaks("办公桌", "bad", "没有应答", "zeyou-desk")
def _(place: Place) -> None:
    pass  # nobody serves it


@breaks("界面门卫", "bad", "没有应答", "zeyou-ui")
def _(place: Place) -> None:
    pass


@breaks("HTTPS", "warn", "没有写对外的网址", "site:")
def _(place: Place) -> None:
    pass


@breaks("HTTPS", "bad", "不是 HTTPS", "deploy/")
def _(place: Place) -> None:
    (place.home / "desk" / "notices.yaml").write_text("site: http://desk.example.gov.cn\n")


@breaks("HTTPS", "bad", "连不上", "代理")
def _(place: Place) -> None:
    (place.home / "desk" / "notices.yaml").write_text(f"site: https://127.0.0.1:{free_port()}\n")


@breaks("系统服务", "bad", "没有运行：zeyou-daemon.service", "systemctl enable --now zeyou-daemon.service")
def _(place: Place) -> None:
    from orchestration.operations.installing import SERVICES

    place.patch.setattr("orchestration.operations.doctor.doors.shutil.which", lambda name: "/bin/systemctl")
    says(place, "".join("failed\n" if name == "zeyou-daemon.service" else "active\n" for name in SERVICES))


# --- backups -------------------------------------------------------------------------------------------------------------


@breaks("restic", "bad", "没有 restic", "apt install restic")
def _(place: Place) -> None:
    place.patch.setattr("orchestration.operations.restic.shutil.which", lambda name: None)


@breaks("备份", "bad", "从来没有备份过", "zeyou backup")
def _(place: Place) -> None:
    (place.home / "backup" / "last.json").unlink()


@breaks("备份", "bad", "上次备份已过 38 小时", "zeyou-backup.timer")
def _(place: Place) -> None:
    place.later(hours=30)


@breaks("备份", "warn", "新旧不齐", "zeyou backup")
def _(place: Place) -> None:
    remember(place.home, "last.json", Backup(NOON, "abc", "x", 9, 9, was_disturbed=True))


@breaks("备份位置", "bad", "同一块盘", "ZEYOU_BACKUP")
def _(place: Place) -> None:
    (place.home / "backup" / "repository").mkdir()


@breaks("恢复演练", "bad", "从来没有试着恢复过", "--rehearse")
def _(place: Place) -> None:
    (place.home / "backup" / "rehearsal.json").unlink()


@breaks("恢复演练", "bad", "审计条数：备份时 3，恢复后 2", "--rehearse")
def _(place: Place) -> None:
    remember(place.home, "rehearsal.json", Rehearsal(NOON, "abc", ["审计条数：备份时 3，恢复后 2"]))


@breaks("恢复演练", "warn", "已过 58 天", "--rehearse")
def _(place: Place) -> None:
    place.later(days=50)


@breaks("备份密码", "bad", "不见了", "chmod 600")
def _(place: Place) -> None:
    (place.home / "secrets" / "backup.password").unlink()


def stop_schedule(place: Place, name: str) -> None:
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteInstigatorOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    instance = place.situation.instance
    assert instance is not None
    location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="orchestration.definitions"))
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)
    data = ScheduleInstigatorData("0 2 * * *", None)
    instance.add_instigator_state(InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.STOPPED, data))


CASES = [(name, *case) for name, cases in BROKEN.items() for case in cases]


def finding(place: Place, name: str) -> Any:
    (found,) = examine(place.situation, only=frozenset({name}))
    return found


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    yield
    os.environ.pop("TZ", None)
    __import__("time").tzset()


def test_every_check_has_its_test() -> None:
    assert set(BROKEN) == set(CHECKS) and len(CHECKS) >= 25


@pytest.mark.parametrize(
    ("name", "state", "breaking", "line", "fix"), CASES, ids=[f"{c[0]}-{at}" for at, c in enumerate(CASES)]
)
def test_what_is_broken_is_seen_in_plain_chinese(
    place: Place, name: str, state: str, breaking: Breaking, line: str, fix: str
) -> None:
    breaking(place)
    found = finding(place, name)
    assert found.state == state, found
    assert line in found.line and fix in found.fix
    assert not ENGLISH.search(found.line), found.line


# What no folder can show: a daemon, the desk, the UI, the site, systemd, a second disk.
NOT_IN_A_FOLDER = {
    "守护进程",
    "办公桌",
    "界面门卫",
    "HTTPS",
    "系统服务",
    "备份位置",
    "对时",
    "时区",
    "企业编号",
    "模型",
}


def test_a_healthy_installation_is_found_healthy(place: Place) -> None:
    found = {one.name: one for one in examine(place.situation)}
    wrong = [one for name, one in found.items() if one.state != "ok" and name not in NOT_IN_A_FOLDER]
    assert wrong == []


def test_a_desk_and_a_guard_that_answer_are_told_from_others(place: Place) -> None:
    desk, ui = place.situation.service.desk_port, place.situation.service.ui_port
    with answering(desk, 200, '{"status": "ok", "snapshot_id": null}'), answering(ui, 401, "请先登录"):
        assert [finding(place, name).state for name in ("办公桌", "界面门卫")] == ["ok", "ok"]
    with answering(desk, 200, "another"), answering(ui, 200, "{}"):
        found = [finding(place, name) for name in ("办公桌", "界面门卫")]
        assert [one.state for one in found] == ["bad", "bad"] and "没有门卫" in found[1].line


@contextmanager
def served_by_https(folder: Path, days: int) -> Iterator[tuple[str, Path]]:
    """A site with a certificate of its own that is good for some days: its address, the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path = folder / "site.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "site.key").write_bytes(secret)
    server = HTTPServer(("localhost", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, folder / "site.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://localhost:{server.server_port}", path
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("days", "state"), [(100, "ok"), (10, "warn")])
def test_a_certificate_is_looked_at(place: Place, tmp_path: Path, days: int, state: str) -> None:
    place.situation = replace(place.situation, now=dt.datetime.now(dt.UTC))
    with served_by_https(tmp_path, days) as (site, certificate):
        (place.home / "desk" / "notices.yaml").write_text(f"site: {site}\n")
        found = finding(place, "HTTPS")
        assert found.state == "bad" and "证书不可信" in found.line and "SSL_CERT_FILE" in found.fix
        place.patch.setenv("SSL_CERT_FILE", str(certificate))
        found = finding(place, "HTTPS")
        assert (found.state, f"还有 {days} 天到期" in found.line) == (state, True)


def test_a_schedule_that_somebody_turned_on_counts_where_it_is_off_by_default(place: Place) -> None:
    assert finding(place, "定时").state == "ok"
    place.service(is_installed=False)
    assert finding(place, "定时").state == "warn"


def test_a_check_that_breaks_stops_no_other(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Situation) -> Any:
        raise RuntimeError("postgresql://desk:geheim@host")

    monkeypatch.setattr("orchestration.operations.doctor.CHECKS", {"坏的": broken, "Python": CHECKS["Python"]})
    found = examine(place.situation)
    assert [one.state for one in found] == ["unknown", "ok"] and "geheim" not in table_of(found)


def test_nothing_of_a_password_is_shown(place: Place) -> None:
    place.desk(f"postgresql+psycopg2://desk:geheim@127.0.0.1:{free_port()}/desk")
    assert "geheim" not in table_of(examine(place.situation))


def test_the_doctor_makes_nothing_where_nothing_is(tmp_path: Path) -> None:
    home = tmp_path / "none"
    desk = DeskSettings(home, f"sqlite:///{home / 'desk' / 'desk.sqlite'}")
    found = examine(Situation(Settings(home, home / "inbox", None), desk, Service(), dt.datetime.now(dt.UTC)))
    assert len(found) == len(CHECKS) and not home.exists()


def test_the_command_prints_a_table_or_json_and_its_code_says_whether_anything_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZEYOU_HOME", str(tmp_path / "home"))
    checks = {name: CHECKS[name] for name in ("Python", "收件夹")}
    monkeypatch.setattr("orchestration.operations.doctor.CHECKS", checks)
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "不行  收件夹  收件夹" in shown and "→ mkdir -p" in shown and "共 2 项：正常 1" in shown
    assert main(["doctor", "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert [check["state"] for check in content["checks"]] == ["ok", "bad"]
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    assert main(["doctor"]) == 0
