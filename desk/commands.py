"""What the commands of the desk do and print (命令): make an administrator, send notices, verify the audit, scan a promise.

Belongs here: one function per command, its lines on the terminal. Does not belong here: what may be typed
(orchestration/command_line.py), serving (orchestration/serving.py), anything that a page also does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sys
from pathlib import Path

import sqlalchemy as sa

from desk import audit
from desk.application import STATIC
from desk.contacts import refused_leads
from desk.listing import Lists
from desk.login import Password, set_one_time_password
from desk.notices.digest import unit_digest
from desk.notices.recipients import read_recipients
from desk.notices.sending import Mail, queue_digests, send_waiting
from desk.rules import rules
from desk.settings import DeskSettings
from desk.store.database import open_engine, sessions, upgrade, writing
from desk.store.models import Notice, Person
from models.screening import promises


def add_administrator(settings: DeskSettings, login: str) -> int:
    """Make an administrator, or give one a new one-time password; print it."""
    engine = open_engine(settings.database_url)
    upgrade(engine)
    password = Password.one_time()
    with sessions(engine)() as session:
        writing(session)
        now = dt.datetime.now(dt.UTC)
        person = session.scalar(sa.select(Person).where(Person.login == login))
        if person is not None and person.role != "admin":
            raise ValueError(f"{login} 已是其他角色的账号；请换一个账号名")
        if person is None:
            person = Person(login=login, person_name="系统管理员", role="admin", created_at=now)
            session.add(person)
            session.flush()
        person.is_active = True
        set_one_time_password(session, person, password, now, rules().limits)
        audit.append(session, now, "command", "建立管理员", login)
        session.commit()
    hours = rules().limits.one_time_password_hours
    print(f"账号 {login}，一次性密码（{hours} 小时内有效，首次登录须修改）：{password.text}")
    return 0


def verify_audit(settings: DeskSettings) -> int:
    """Walk the audit chain; return 1 where it is broken."""
    engine = open_engine(settings.database_url)
    upgrade(engine)
    with sessions(engine)() as session:
        verdict = audit.verify(session)
    if verdict.broken_at is not None:
        print(f"审计链在第 {verdict.broken_at} 条断开：此条或之前的一条被改动或删除")
        return 1
    print(f"审计链完整：{verdict.entry_count} 条，末条哈希 {verdict.last_hash}")
    return 0


def notify(settings: DeskSettings, is_dry: bool) -> int:
    """Send each unit its digest, or only print them; return 1 if something could not be sent."""
    engine = open_engine(settings.database_url)
    upgrade(engine)
    make = sessions(engine)
    now, lists = dt.datetime.now(dt.UTC), Lists(settings.published)
    try:
        site, recipients = read_recipients(settings.home / "desk" / "notices.yaml")
    except (ValueError, KeyError) as problem:
        print(f"notices.yaml 写错：{problem}", file=sys.stderr)
        return 1
    if is_dry:
        published = lists.current()
        for recipient in recipients if published else ():
            assert published is not None
            with make() as session:
                hidden = refused_leads(session, published)
            subject, body = unit_digest(published, hidden, recipient.unit, site)
            print(f"[{recipient.channel}] {recipient.unit}\n{subject}\n{body}\n")
        print(f"试运行：{len(recipients)} 份，没有发送")
        return 0
    new = queue_digests(make, lists, site, recipients, now)
    sent, left = send_waiting(make, Mail.from_environment(os.environ), lambda: dt.datetime.now(dt.UTC))
    print(f"新写 {len(new)} 份，发出 {sent} 份，未发出 {left} 份")
    with make() as session:
        why = session.scalars(sa.select(Notice.last_error).where(Notice.sent_at.is_(None)).distinct())
        print("".join(f"未发出的原因：{one}\n" for one in why if one), end="")
    return 1 if left else 0


def check_static() -> int:
    """Compare the static files with their list of hashes; return 1 where they differ."""
    wrong = []
    for line in (STATIC / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        if hashlib.sha256((STATIC / name).read_bytes()).hexdigest() != digest:
            wrong.append(name)
    print(f"不一致：{'、'.join(wrong)}" if wrong else "静态文件与 SHA256SUMS 一致")
    return 1 if wrong else 0


def scan(file: str, day: dt.date, is_json: bool, as_policy: bool) -> int:
    """Scan a text (`-`: standard input) by the rules of a day; return 1 where it holds what may not be promised."""
    text = sys.stdin.read() if file == "-" else promises.read(Path(file))
    if is_json or as_policy:
        for line in promises.records(text, day, as_policy):
            print(line)
        return 0
    words, code = promises.finding(text, day)
    print(words)
    return code
