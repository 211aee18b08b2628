"""Command line of the desk: `serve` it, make an `admin`, `notify`, `verify-audit`, `check-static`, `scan` what is promised.

Belongs here: arguments and what is printed. Does not belong here: anything that a page also does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from desk import audit, promises
from desk.application import STATIC, build_app
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


def main(arguments: list[str] | None = None) -> int:
    """Run one command and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m desk", description="择优办公桌")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="启动网页（只在本机）")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--opener", help="打开来件的函数，写作 模块:函数；不写则不收上传的工作簿")
    serve.add_argument("--code-reader", help="核对统一社会信用代码的函数，写作 模块:函数；不写则只在夜间核对")
    serve.add_argument(
        "--firm-names", help="辨认占位名称（待定、保密等）的函数，写作 模块:函数；不写则一律当作企业名称"
    )
    admin = commands.add_parser("admin", help="建立系统管理员，打印一次性密码")
    admin.add_argument("login")
    notify = commands.add_parser("notify", help="把当前名单的摘要发到企业微信和邮箱（ZEYOU_HOME/desk/notices.yaml）")
    notify.add_argument("--dry-run", action="store_true", help="只打印，不写入发件箱，不发送")
    commands.add_parser("verify-audit", help="核对审计链")
    commands.add_parser("check-static", help="核对静态文件与 SHA256SUMS")
    scan = commands.add_parser("scan", help="承诺审查：查文本中的红线，含须停止的内容时退出码为 1")
    scan.add_argument("file", help="UTF-8 文本文件，- 为标准输入")
    scan.add_argument("--day", type=dt.date.fromisoformat, default=None, help="按哪一天有效的规则（默认今天）")
    scan.add_argument("--json", action="store_true", help="逐行审查，每行输出一个 JSON")
    scan.add_argument("--as-policy", action="store_true", help="逐行作为其余各列齐全的政策条款核验，每行输出一个 JSON")
    asked = parser.parse_args(arguments)
    if asked.command == "scan":
        return _scan(asked.file, asked.day or dt.date.today(), asked.json, asked.as_policy)
    settings = DeskSettings.from_environment()
    if asked.command == "serve":
        return _serve(settings, asked.host, asked.port, asked.opener, asked.code_reader, asked.firm_names)
    if asked.command == "check-static":
        return _check_static()
    engine = open_engine(settings.database_url)
    upgrade(engine)
    if asked.command == "notify":
        return _notify(settings, sessions(engine), asked.dry_run)
    with sessions(engine)() as session:
        if asked.command == "verify-audit":
            verdict = audit.verify(session)
            if verdict.broken_at is not None:
                print(f"审计链在第 {verdict.broken_at} 条断开：此条或之前的一条被改动或删除")
                return 1
            print(f"审计链完整：{verdict.entry_count} 条，末条哈希 {verdict.last_hash}")
            return 0
        password = Password.one_time()
        writing(session)
        now = dt.datetime.now(dt.UTC)
        person = session.scalar(sa.select(Person).where(Person.login == asked.login))
        if person is not None and person.role != "admin":
            print(f"{asked.login} 已是其他角色的账号", file=sys.stderr)
            return 1
        if person is None:
            person = Person(login=asked.login, person_name="系统管理员", role="admin", created_at=now)
            session.add(person)
            session.flush()
        person.is_active = True
        set_one_time_password(session, person, password, now, rules().limits)
        audit.append(session, now, "command", "建立管理员", asked.login)
        session.commit()
        print(
            f"账号 {asked.login}，一次性密码（{rules().limits.one_time_password_hours} 小时内有效，首次登录须修改）：{password.text}"
        )
    return 0


def _scan(file: str, day: dt.date, is_json: bool, as_policy: bool) -> int:
    try:
        text = sys.stdin.read() if file == "-" else promises.read(Path(file))
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    if is_json or as_policy:
        for line in promises.records(text, day, as_policy):
            print(line)
        return 0
    words, code = promises.finding(text, day)
    print(words)
    return code


def _given(name: str | None) -> Any:
    """Give a function named as module:function; none for no name."""
    module, _, function = (name or "").partition(":")
    return getattr(importlib.import_module(module), function) if module else None


def _serve(
    settings: DeskSettings, host: str, port: int, opener: str | None, code_reader: str | None, firm_names: str | None
) -> int:
    import uvicorn

    from desk.serving import OPTIONS

    given = {"open_workbook": _given(opener), "read_code": _given(code_reader), "names_a_firm": _given(firm_names)}
    app = build_app(settings, **given)
    print(f"择优办公桌：http://{host}:{port}　首个管理员：python -m desk admin 账号")
    uvicorn.run(app, host=host, port=port, **OPTIONS)
    return 0


def _notify(settings: DeskSettings, make: sessionmaker[Session], is_dry: bool) -> int:
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
            before = lists.before(published)
            subject, body = unit_digest(published, before, hidden, recipient.unit, rules(), site)
            print(f"[{recipient.channel}] {recipient.unit}\n{subject}\n{body}\n")
        print(f"试运行：{len(recipients)} 份，没有发送")
        return 0
    new = queue_digests(make, lists, site, recipients, rules(), now)
    sent, left = send_waiting(make, Mail.from_environment(os.environ), lambda: dt.datetime.now(dt.UTC))
    print(f"新写 {len(new)} 份，发出 {sent} 份，未发出 {left} 份")
    with make() as session:
        why = session.scalars(sa.select(Notice.last_error).where(Notice.sent_at.is_(None)).distinct())
        print("".join(f"未发出的原因：{one}\n" for one in why if one), end="")
    return 1 if left else 0


def _check_static() -> int:
    wrong = []
    for line in (STATIC / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        if hashlib.sha256((STATIC / name).read_bytes()).hexdigest() != digest:
            wrong.append(name)
    print(f"不一致：{'、'.join(wrong)}" if wrong else "静态文件与 SHA256SUMS 一致")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
