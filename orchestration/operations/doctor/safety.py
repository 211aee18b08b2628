"""Checks of backups (备份): restic, the age of the last one, where it lies, whether it was ever restored.

Belongs here: what the last backup and rehearsal left. Does not belong here: making one (operations/backup.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from orchestration.operations import backup
from orchestration.operations.doctor.situation import Situation, Verdict, bad, ok, unknown, warn
from orchestration.operations.restic import INSTALLATION, executable, is_elsewhere

BACKUP_HOURS: Final = 26.0
REHEARSAL_DAYS: Final = 35


def restic_there(situation: Situation) -> Verdict:
    """Look for restic."""
    if found := executable():
        return ok(f"restic：{found}")
    return situation.severe("没有 restic，不能备份", INSTALLATION)


def backup_age(situation: Situation) -> Verdict:
    """See when the last backup was made."""
    made = backup.last_backup(situation.home)
    if made is None:
        return situation.severe("从来没有备份过", "zeyou backup")
    hours = situation.hours_since(made.at)
    if hours > BACKUP_HOURS:
        return situation.severe(
            f"上次备份已过 {hours:.0f} 小时", "zeyou backup；看 systemctl status zeyou-backup.timer"
        )
    if made.was_disturbed:
        return warn("上次备份时有作业在运行，其中的文件可能新旧不齐", "等作业结束后再 zeyou backup")
    return ok(f"上次备份 {hours:.0f} 小时前")


def backup_place(situation: Situation) -> Verdict:
    """See whether the backup lies on another disk than the data."""
    place = backup.repository_of(situation.home, situation.service)
    if is_elsewhere(place):
        return ok("备份在别的机器上")
    folder = Path(place)
    if not folder.is_dir():
        return unknown(f"备份的位置 {place} 还没有建立", "zeyou backup")
    if folder.stat().st_dev == situation.home.stat().st_dev:
        fix = "在 zeyou.env 写 ZEYOU_BACKUP=另一块盘的文件夹，或 sftp:用户@别的机器:/文件夹"
        return situation.severe(f"备份 {place} 与数据在同一块盘：盘坏了都没有", fix)
    return ok(f"备份在另一块盘：{place}")


def backup_restorable(situation: Situation) -> Verdict:
    """See when a backup was last restored for trial, and how that went."""
    found = backup.last_rehearsal(situation.home)
    if found is None:
        return situation.severe("备份从来没有试着恢复过", "zeyou backup --rehearse")
    if found.problems:
        return bad(
            f"上次恢复演练没有通过：{found.problems[0]}",
            "再备份一次，再 zeyou backup --rehearse；仍不通过则换一个备份位置",
        )
    days = situation.hours_since(found.at) / 24
    if days > REHEARSAL_DAYS:
        return warn(f"上次恢复演练已过 {days:.0f} 天", "zeyou backup --rehearse")
    return ok(f"{days:.0f} 天前演练恢复过，内容一致")


def password_file(situation: Situation) -> Verdict:
    """See whether the password that backups are encrypted with is there."""
    path = backup.password_file(situation.home)
    if path.is_file() and path.read_text(encoding="utf-8").strip():
        return ok("备份的密码在 secrets/，须另抄一份放在别处")
    if backup.last_backup(situation.home) is None:
        return unknown("备份的密码在第一次备份时生成")
    return bad("备份的密码文件不见了，以后不能备份，也不能恢复", f"把另抄的那份写回 {path}，chmod 600")
