"""The doctor (体检): every check under its Chinese name, in the order of the table.

Belongs here: which checks there are, running them so that one that fails does not stop the others. Does not belong here: a check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestration.operations.doctor import doors, folders, machine, nights, people, safety
from orchestration.operations.doctor.situation import SHOWN, Check, Situation, State, Verdict, unknown
from orchestration.tables import aligned

CHECKS: Final[Mapping[str, Check]] = {
    "Python": machine.python_version,
    "依赖版本": machine.installed_versions,
    "磁盘": machine.disk_space,
    "磁盘文件数": machine.disk_inodes,
    "内存": machine.memory,
    "时钟": machine.clock,
    "对时": machine.clock_synchronised,
    "时区": machine.time_zone,
    "编码": machine.encoding,
    "打开文件数": machine.open_files,
    "中文字体": machine.fonts,
    "数据目录": folders.home_writable,
    "目录权限": folders.home_mode,
    "保密文件": folders.secret_modes,
    "收件夹": folders.inbox,
    "台账": folders.ledgers,
    "本区设置": folders.office,
    "企业名录": folders.register,
    "仓库": folders.warehouse,
    "名单完整": folders.list_whole,
    "名单日期": folders.list_age,
    "企业编号": folders.identity,
    "模型": folders.models_in_use,
    "存档": folders.archive,
    "节假日": folders.holidays,
    "运行记录": nights.records,
    "守护进程": nights.daemon,
    "定时": nights.schedules,
    "上一夜": nights.last_night,
    "卡住的作业": nights.stuck_runs,
    "名额": nights.pools,
    "办公桌数据库": people.database,
    "数据库版本": people.migrations,
    "审计链": people.audit_chain,
    "管理员": people.administrators,
    "提醒对象": people.recipients,
    "发件箱": people.outbox,
    "办公桌": doors.desk_port,
    "界面门卫": doors.ui_guard,
    "HTTPS": doors.tls,
    "系统服务": doors.units,
    "restic": safety.restic_there,
    "备份": safety.backup_age,
    "备份位置": safety.backup_place,
    "恢复演练": safety.backup_restorable,
    "备份密码": safety.password_file,
}


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    name: str
    state: State
    line: str
    fix: str


def examine(situation: Situation, only: frozenset[str] | None = None) -> list[Finding]:
    """Run the checks (or `only` those of some names) and return what they found."""
    found = []
    for name, check in CHECKS.items():
        if only is not None and name not in only:
            continue
        try:
            verdict = check(situation)
        except Exception as problem:
            verdict = _not_known(problem)
        found.append(Finding(name, verdict.state, verdict.line, verdict.fix))
    return found


def _not_known(problem: Exception) -> Verdict:
    # Not its message: an error of a database may hold an address with a password.
    return unknown(f"没有查成（{type(problem).__name__}）", "先看这张表里别的“不行”")


def table_of(findings: list[Finding]) -> str:
    """Return the findings as a table, each fix on a line of its own below."""
    heads = aligned([(SHOWN[found.state], found.name, "|") for found in findings]).splitlines()
    lines = []
    for head, found in zip(heads, findings, strict=True):
        lines.append(head[:-1] + found.line)
        if found.fix and found.state != "ok":
            lines.append(f"      → {found.fix}")
    return "\n".join(lines)


__all__ = ["CHECKS", "Finding", "Situation", "examine", "table_of"]
