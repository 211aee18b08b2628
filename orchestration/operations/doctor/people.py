"""Checks of the desk's database (办公桌的数据库): reachable, migrated, its audit chain, who may administer, what waits to be sent.

Belongs here: what stands in that database, and the file of recipients. Does not belong here: whether the desk is served (doors.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from desk import audit
from desk.notices.recipients import read_operators, read_recipients
from desk.notices.sending import ATTEMPTS
from desk.store.database import open_engine, revisions, sessions
from desk.store.models import Notice, Person
from orchestration.operations.doctor.situation import Situation, Verdict, bad, ok, unknown, warn

_NONE_YET = "还没有办公桌的数据库，第一次启动办公桌时建立"


@contextmanager
def _database(situation: Situation) -> Iterator[sa.Engine | None]:
    """Open the database, without making the file of one that is not there."""
    target = sa.make_url(situation.desk.database_url)
    if target.get_backend_name() == "sqlite" and not Path(target.database or "").exists():
        yield None
        return
    engine = open_engine(situation.desk.database_url)
    try:
        yield engine
    finally:
        engine.dispose()


def database(situation: Situation) -> Verdict:
    """Ask the database for anything."""
    with _database(situation) as engine:
        if engine is None:
            return unknown(_NONE_YET, "zeyou desk serve")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
                if engine.dialect.name == "sqlite":
                    said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                    if said != "ok":
                        return bad("办公桌的数据库文件损坏", "停止办公桌，用 zeyou restore 恢复最近的备份")
        except SQLAlchemyError as problem:
            # Never the message: it may hold the address with its password.
            return bad(
                f"办公桌的数据库连不上或打不开（{type(problem).__name__}）",
                "PostgreSQL：看它是否在运行、DESK_DATABASE_URL 是否写对；SQLite：看文件权限，损坏则 zeyou restore",
            )
    kind = "PostgreSQL" if engine.dialect.name == "postgresql" else "SQLite"
    return ok(f"办公桌的数据库（{kind}）可用")


def migrations(situation: Situation) -> Verdict:
    """Compare the version of the tables with the program's."""
    with _database(situation) as engine:
        if engine is None:
            return unknown(_NONE_YET)
        found, newest, known = revisions(engine)
    if found == newest:
        return ok(f"数据库的表是最新的（{newest}）")
    if found is not None and found not in known:
        return bad(f"数据库的表（{found}）比程序新", "把程序升级到当时的版本；不要用旧程序打开")
    return warn(f"数据库的表是 {found or '空'}，程序要 {newest}", "先 zeyou backup，再重新启动办公桌，它会升级表")


def audit_chain(situation: Situation) -> Verdict:
    """Walk the audit chain."""
    with _database(situation) as engine:
        if engine is None:
            return unknown(_NONE_YET)
        with sessions(engine)() as session:
            found = audit.verify(session)
    if found.broken_at is not None:
        fix = "停止办公桌，留存数据库原件，与备份比较（zeyou restore 到别处），报告主管部门"
        return bad(f"审计链在第 {found.broken_at} 条断开：有人改动或删除过", fix)
    return ok(f"审计链完整，{found.entry_count} 条")


def administrators(situation: Situation) -> Verdict:
    """See whether anybody can make accounts."""
    with _database(situation) as engine:
        if engine is None:
            return unknown(_NONE_YET)
        with sessions(engine)() as session:
            wanted = sa.select(sa.func.count()).where(Person.role == "admin", Person.is_active)
            count = session.scalar(wanted) or 0
    if count == 0:
        return bad("没有启用的系统管理员，没有人能建账号", "zeyou desk admin 账号")
    return ok(f"{count} 个系统管理员")


def recipients(situation: Situation) -> Verdict:
    """Read who is told of what."""
    path = situation.home / "desk" / "notices.yaml"
    try:
        _, units = read_recipients(path)
        operators = read_operators(path)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return bad(f"notices.yaml 写错：{problem}", "按 desk/notices/recipients.py 开头的样子改")
    if not operators:
        line = "没有写值守的人：作业失败、备份没做、磁盘将满时没有人知道"
        return situation.severe(line, f"在 {path} 写 operators（机器人或邮箱），chmod 600")
    return ok(f"提醒发给 {len(units)} 个单位的地址，值守 {len(operators)} 个")


def outbox(situation: Situation) -> Verdict:
    """Count what could not be sent."""
    with _database(situation) as engine:
        if engine is None:
            return unknown(_NONE_YET)
        with sessions(engine)() as session:
            given_up = sa.select(sa.func.count()).where(Notice.sent_at.is_(None), Notice.attempt_count >= ATTEMPTS)
            count = session.scalar(given_up) or 0
            why = session.scalar(
                sa.select(Notice.last_error).where(Notice.sent_at.is_(None)).order_by(Notice.notice_id.desc()).limit(1)
            )
    if count:
        return warn(
            f"{count} 条提醒发不出去：{why or '原因不明'}",
            "核对 notices.yaml 的地址和 DESK_SMTP_*，再 zeyou desk notify",
        )
    return ok("发件箱里没有发不出去的提醒")
