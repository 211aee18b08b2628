"""What the commands of running a service do and print (运维的命令): doctor, backup, restore, install, alert.

Belongs here: one function per command, its lines on the terminal. Does not belong here: what may be typed (command_line.py), the work itself.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from desk.settings import DeskSettings
from orchestration.endings import Refused, shown_size
from orchestration.nightly import only_one
from orchestration.operations import backup as backups
from orchestration.operations import restoring
from orchestration.operations.restic import Restic
from orchestration.settings import OFFICE_ZONE, Service, Settings


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def doctor(is_json: bool) -> int:
    """Examine the installation; return 1 where something does not work."""
    from orchestration.operations.doctor import Situation, examine, table_of

    found = examine(Situation.from_environment())
    counts = {state: sum(one.state == state for one in found) for state in ("ok", "warn", "bad", "unknown")}
    if is_json:
        print(json.dumps({"counts": counts, "checks": [asdict(one) for one in found]}, ensure_ascii=False, indent=1))
    else:
        print(table_of(found))
        print(
            f"\n共 {len(found)} 项：正常 {counts['ok']}，注意 {counts['warn']}，不行 {counts['bad']}，不知 {counts['unknown']}"
        )
    return 1 if counts["bad"] else 0


def backup(wait_minutes: int, is_rehearsed: bool) -> int:
    """Make a backup, or restore the newest one for trial; return 1 where the trial shows that something is missing."""
    settings, service = Settings.from_environment(), Service.from_environment()
    with only_one(settings, "backup"):
        if is_rehearsed:
            restic = backups.open_repository(settings.home, service)
            done = restoring.rehearse(restic, settings, _now)
            for problem in done.problems:
                print(f"  {problem}")
            print("恢复演练没有通过" if done.problems else "恢复演练通过：名单、存档、答复和审计链都与备份时一致")
            return 1 if done.problems else 0
        is_first = not backups.password_file(settings.home).exists()
        made = backups.back_up(settings, DeskSettings.from_environment(), service, _now, _say, wait_minutes * 60.0)
    print(
        f"已备份 {made.file_count:,} 个文件，新增 {shown_size(made.new_bytes)}：{made.repository}，编号 {made.snapshot}"
    )
    if is_first:
        place = backups.password_file(settings.home)
        print(f"备份已加密，密码在 {place}：请抄一份放在别处，没有它谁也恢复不了")
    return 0


def restore(folder: Path, source: str, password: Path | None, snapshot: str, database_url: str) -> int:
    """Restore a backup into an empty folder; return 1 where something is not as it was."""
    settings, service = Settings.from_environment(), Service.from_environment()
    repository = source or backups.repository_of(settings.home, service)
    secret = password or backups.password_file(settings.home)
    if not secret.is_file():
        raise Refused(f"没有备份的密码文件 {secret}；请用 --password-file 指明（里面一行密码）")
    found = restoring.restore(Restic(repository, secret), folder.resolve(), snapshot, database_url)
    made = dt.datetime.fromisoformat(found.label["at"]).astimezone(OFFICE_ZONE)
    print(f"已恢复 {made:%Y-%m-%d %H:%M}（北京时间）的备份：{folder}")
    print(f"  名单 {found.lists} 份，存档的输入 {found.archived} 个，逐个核对哈希")
    if found.label["database"]:
        print(
            f"  答复等记录 {found.label['events']} 条，审计 {found.label['audit_entries']} 条，末条 {found.label['audit_head'][:16]}"
        )
    if found.label["register"] and not Path(found.label["register"]).is_file():
        print(f"  企业名录不在备份里：请另放，用 zeyou run --register 指定（原来在 {found.label['register']}）")
    for problem in found.problems:
        print(f"  不一致：{problem}")
    print("恢复后与备份时不一致" if found.problems else f"全部一致；以后用它：ZEYOU_HOME={folder}")
    return 1 if found.problems else 0


def install(user: str, unit_folder: Path, settings_folder: Path, is_started: bool) -> int:
    """Write units and settings of a service, and start it where that is asked for."""
    from orchestration.operations import installing

    settings, service = Settings.from_environment(), Service.from_environment()
    done = installing.install(
        settings, service, os.environ, user, unit_folder.resolve(), settings_folder.resolve()
    )  # fmt: skip
    print(f"已写出 {len(done.units)} 个单元：{unit_folder}")
    print(f"设置：{done.settings_file}" + ("（权限 600，含密码）" if done.is_new else "（已有，没有改动）"))
    if is_started:
        installing.start()
        print("服务已启动，并随开机启动")
    else:
        print("接着运行：")
        for step in done.next_steps:
            print(f"  {step}")
    return 0


def alert() -> int:
    """Queue what is to be told and send it; return 1 if something could not be sent or nobody is to be told."""
    from desk.notices.recipients import read_operators
    from desk.notices.sending import Mail, send_waiting
    from desk.store.database import open_engine, sessions, upgrade
    from orchestration.operations.alarms import alarms, queue
    from orchestration.operations.doctor import Situation

    situation = Situation.from_environment()
    found = alarms(situation)
    for alarm in found:
        print(f"{alarm.subject}：{alarm.body.splitlines()[0]}")
    operators = read_operators(situation.home / "desk" / "notices.yaml")
    if not found:
        print("没有要提醒的")
        if not operators:
            return 0  # else what could not be sent before is tried again
    elif not operators:
        print("没有写值守的人，没有发出（desk/notices.yaml 的 operators）", file=sys.stderr)
        return 1
    engine = open_engine(situation.desk.database_url)
    try:
        upgrade(engine)
        make = sessions(engine)
        new = queue(make, found, operators, _now())
        sent, left = send_waiting(make, Mail.from_environment(os.environ), _now)
    finally:
        engine.dispose()
    print(f"新写 {len(new)} 件，发出 {sent} 条，未发出 {left} 条")
    return 1 if left else 0
