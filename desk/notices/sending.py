"""The outbox (发件箱) and its channels: a notice is written first and sent after, once.

Belongs here: queueing, sending, limits of the channels. Does not belong here: what a notice says (digest.py).

A digest is queued once for each list and recipient. What could not be sent stays and is tried at the next call. Errors are kept
without the address: a robot's address is its key.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final

import httpx
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from desk.actions import locked
from desk.contacts import refused_leads
from desk.listing import Lists
from desk.notices.digest import unit_digest
from desk.notices.recipients import Recipient
from desk.store.database import writing
from desk.store.models import Notice

# What WeCom's documents say of a group robot: markdown of 4,096 bytes, 20 messages a minute; 45009 is "too often".
WECOM_BYTES: Final = 4_096
WECOM_PAUSE_SECONDS: Final = 3.0
TOO_OFTEN: Final = 45009
ATTEMPTS: Final = 5


class NotSent(Exception):
    """A channel did not take a notice; the message holds no address. `is_over` ends the channel for this call."""

    def __init__(self, why: str, is_over: bool = False) -> None:
        super().__init__(why)
        self.is_over = is_over


@dataclass(frozen=True)
class Mail:
    """A mail server (邮件服务器)."""

    host: str
    port: int
    sender: str
    login: str = ""
    password: str = ""
    is_encrypted: bool = True

    @classmethod
    def from_environment(cls, found: Mapping[str, str]) -> Mail | None:
        """Read DESK_SMTP_*; None where no server is named."""
        if not found.get("DESK_SMTP_HOST"):
            return None
        return cls(
            found["DESK_SMTP_HOST"], int(found.get("DESK_SMTP_PORT", "587")), found["DESK_SMTP_SENDER"],
            found.get("DESK_SMTP_LOGIN", ""), found.get("DESK_SMTP_PASSWORD", ""), found.get("DESK_SMTP_PLAIN", "") != "1",
        )  # fmt: skip


def queue_digests(
    sessions: sessionmaker[Session],
    lists: Lists,
    site: str,
    recipients: list[Recipient],
    now: dt.datetime,
) -> list[Notice]:
    """Write the digests of the current list that are not in the outbox yet, and give them."""
    published = lists.current()
    if published is None:
        return []
    by_key: dict[str, Recipient] = {}
    for recipient in recipients:
        text = f"{published.snapshot_id}|{recipient.channel}|{recipient.address}|{recipient.unit}"
        by_key[hashlib.sha256(text.encode()).hexdigest()] = recipient
    is_known = sa.select(Notice.digest_key).where(Notice.digest_key.in_(by_key))
    with sessions() as session:
        hidden, known = refused_leads(session, published), set(session.scalars(is_known))
    written = []  # before the transaction: counting a unit's list takes its time
    for key, recipient in by_key.items():
        if key not in known:
            subject, body = unit_digest(published, hidden, recipient.unit, site)
            written.append(
                Notice(
                    digest_key=key, channel=recipient.channel, address=recipient.address, subject=subject, body=body,
                    created_at=now, attempt_count=0,
                )
            )  # fmt: skip
    with sessions() as session:
        locked(session, "notices")
        known = set(session.scalars(is_known))
        new = [notice for notice in written if notice.digest_key not in known]
        session.add_all(new)
        session.commit()
    return new


def send_waiting(
    sessions: sessionmaker[Session],
    mail: Mail | None,
    now: Callable[[], dt.datetime],
    pause: Callable[[float], None] = time.sleep,
) -> tuple[int, int]:
    """Send what waits; give how many went and how many still wait. Robots are paced, each by itself."""
    waiting = sa.select(Notice).where(Notice.sent_at.is_(None), Notice.attempt_count < ATTEMPTS)
    with sessions() as session:
        found = list(session.scalars(waiting.order_by(Notice.notice_id)))
    sent, over, used = 0, set[str](), set[str]()
    for notice in found:
        if notice.address in over:
            continue
        error = None
        try:
            if notice.channel == "wecom":
                if notice.address in used:
                    pause(WECOM_PAUSE_SECONDS)
                used.add(notice.address)
                to_robot(notice.address, notice.subject, notice.body)
            elif mail is None:
                raise NotSent("没有设置邮件服务器（DESK_SMTP_HOST）")
            else:
                to_mailbox(mail, notice.address, notice.subject, notice.body)
        except NotSent as problem:
            error = str(problem)
            if problem.is_over:
                over.add(notice.address)
        with sessions() as session:
            writing(session)
            kept = session.get_one(Notice, notice.notice_id)
            kept.attempt_count, kept.last_error = kept.attempt_count + 1, error
            if error is None:
                kept.sent_at = now()
                sent += 1
            session.commit()
    return sent, len(found) - sent


def fitting(text: str, most: int = WECOM_BYTES) -> str:
    """Cut a text at the end of a line, or of a character, so that it has no more bytes than a channel takes.

    Examples
    --------
    >>> fitting("甲乙\\n丙丁", 10), fitting("甲乙丙", 7)
    ('甲乙', '甲乙')
    """
    content = text.encode()
    if len(content) <= most:
        return text
    cut = content[:most].decode(errors="ignore")
    return cut.rpartition("\n")[0] or cut


def to_robot(address: str, subject: str, body: str) -> None:
    """Send to a robot. An answer of 200 is not enough: its errcode must be 0."""
    message = {"msgtype": "markdown", "markdown": {"content": fitting(f"**{subject}**\n{body}")}}
    try:
        answer = httpx.post(address, json=message, timeout=10, follow_redirects=False)
        told = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NotSent(f"机器人没有应答（{type(error).__name__}）", is_over=True) from None
    code = told.get("errcode") if isinstance(told, dict) else None
    if code != 0:
        why = f"errcode {code}" if answer.status_code == 200 else f"HTTP {answer.status_code}"
        raise NotSent(f"机器人没有接收（{why}）", is_over=code == TOO_OFTEN)


def to_mailbox(mail: Mail, address: str, subject: str, body: str) -> None:
    """Send an e-mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, address, subject
    message.set_content(body)
    try:
        with smtplib.SMTP(mail.host, mail.port, timeout=10) as server:
            if mail.is_encrypted:
                server.starttls(context=ssl.create_default_context())  # smtplib's own context trusts anybody
            if mail.login:
                server.login(mail.login, mail.password)
            server.send_message(message)
    except ssl.SSLCertVerificationError as error:
        raise NotSent(
            f"邮件服务器 {mail.host} 的证书不可信（{error.verify_message}），没有送出密码；"
            "请核对 DESK_SMTP_HOST，自签证书用 SSL_CERT_FILE 指明"
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise NotSent(f"邮件服务器 {mail.host} 不支持加密或登录，没有送出密码；请换端口或服务器") from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"邮件没有发出（{type(error).__name__}）") from None
