"""Signing in (登录): passwords, sessions on the server, the rate limit, and who a request comes from.

Belongs here: proving who somebody is. Does not belong here: what they may see (access.py), sign-on at another server
(oidc.py), pages.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import logging
import secrets
from collections.abc import Mapping
from functools import cache
from typing import Final

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as Database
from sqlalchemy.orm import sessionmaker

from desk import audit
from desk.access import Viewer, units_of
from desk.rules import Limits
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import LoginAttempt, Person, Session

COOKIE: Final = "zeyou_desk"
SHORTEST_PASSWORD: Final = 10
_LOG = logging.getLogger(__name__)
_SEEN_EVERY: Final = dt.timedelta(minutes=1)
_HASHER: Final = PasswordHasher()
_OF_COOKIE: Final = (
    sa.select(Session, Person)
    .join(Person, Person.person_id == Session.person_id)
    .where(Session.token_hash == sa.bindparam("token_hash"))
)


class Refused(Exception):
    """Signing in failed; the message is for the person and does not tell whether the login exists."""


def hashed(password: str) -> str:
    """Hash a password (argon2id)."""
    return _HASHER.hash(password)


@cache
def _nobody() -> str:
    """A hash to compare with when there is no such login, so that both take as long."""
    return hashed(secrets.token_urlsafe(16))


def one_time_password() -> str:
    """Give a password that the first sign-in must change."""
    return secrets.token_urlsafe(12)


def sign_in(
    database: Database, login: str, password: str, address: str, now: dt.datetime, limits: Limits
) -> tuple[Person, str]:
    """Check a password and open a session; give the person and the cookie's token."""
    since = now - dt.timedelta(minutes=limits.login_wait_minutes)
    failed = sa.select(sa.func.count()).select_from(LoginAttempt).where(
        LoginAttempt.attempted_at > since, LoginAttempt.is_success.is_(False)
    )  # fmt: skip
    of_login = database.scalar(failed.where(LoginAttempt.login == login)) or 0
    of_address = database.scalar(failed.where(LoginAttempt.address == address)) or 0
    if of_login >= limits.login_failures or of_address >= limits.login_failures_address:
        raise Refused(f"失败次数过多，请 {limits.login_wait_minutes} 分钟后再试")
    person = database.scalar(sa.select(Person).where(Person.login == login))
    known = person is not None and person.is_active and bool(person.password_hash)
    right = _matches((person.password_hash if known and person else None) or _nobody(), password) and known
    database.add(LoginAttempt(login=login, address=address, attempted_at=now, is_success=right))
    if not right or person is None:
        raise Refused("账号或密码不对")
    return person, open_session(database, person, now, "password")


def open_session(database: Database, person: Person, now: dt.datetime, signed_in_by: str) -> str:
    """Open a session and give the token for the cookie; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    database.add(
        Session(
            token_hash=_digest(token),
            person_id=person.person_id,
            form_token=secrets.token_urlsafe(24),
            created_at=now,
            last_seen_at=now,
            signed_in_by=signed_in_by,
        )
    )
    audit.append(database, now, person.login, "登录", person.login, {"方式": signed_in_by})
    return token


def close_session(database: Database, token: str) -> None:
    """Forget a session."""
    database.execute(sa.delete(Session).where(Session.token_hash == _digest(token)))


def change_password(database: Database, person_id: int, old: str, new: str, now: dt.datetime) -> None:
    """Set a new password and close all sessions of the person."""
    person = database.get_one(Person, person_id)
    if not _matches(person.password_hash or _nobody(), old) or not person.password_hash:
        raise Refused("原密码不对")
    if len(new) < SHORTEST_PASSWORD:
        raise Refused(f"新密码至少 {SHORTEST_PASSWORD} 位")
    if new == old or person.login.casefold() in new.casefold():
        raise Refused("新密码不能与原密码相同，也不能含账号")
    person.password_hash, person.must_change_password = hashed(new), False
    database.execute(sa.delete(Session).where(Session.person_id == person_id))
    audit.append(database, now, person.login, "改密码", person.login)


def set_one_time_password(database: Database, person: Person) -> str:
    """Give a person a password for one sign-in and close their sessions."""
    password = one_time_password()
    person.password_hash, person.must_change_password = hashed(password), True
    database.execute(sa.delete(Session).where(Session.person_id == person.person_id))
    return password


def viewer_by_cookie(
    database: Database, token: str, now: dt.datetime, parents: Mapping[str, str | None], limits: Limits
) -> tuple[Viewer, bool] | None:
    """Give who a session belongs to, and whether its use should be written down (`mark_seen`); None when it ran out."""
    found = database.execute(_OF_COOKIE, {"token_hash": _digest(token)}).one_or_none()
    if found is None:
        return None
    session, person = found
    old = now - session.created_at > dt.timedelta(hours=limits.session_hours)
    idle = now - session.last_seen_at > dt.timedelta(minutes=limits.session_idle_minutes)
    if old or idle or not person.is_active:
        return None
    must_change = person.must_change_password and session.signed_in_by == "password"
    return viewer_of(person, parents, session.form_token, must_change), now - session.last_seen_at > _SEEN_EVERY


def mark_seen(sessions: sessionmaker[Database], token: str, now: dt.datetime) -> None:
    """Write down that a session is in use, in a transaction that says at its start that it writes.

    Where the database is locked for long, the page is shown all the same: the next request writes it down.
    """
    try:
        with sessions() as session:
            writing(session)
            session.execute(sa.update(Session).where(Session.token_hash == _digest(token)).values(last_seen_at=now))
            session.commit()
    except OperationalError as error:
        _LOG.warning("a session's use was not written down: %s", type(error).__name__)


def viewer_of(person: Person, parents: Mapping[str, str | None], form_token: str, must_change: bool) -> Viewer:
    """Give a person as a viewer."""
    return Viewer(
        person_id=person.person_id,
        login=person.login,
        person_name=person.person_name,
        role=person.role,
        unit_name=person.unit_name,
        units=units_of(person.role, person.unit_name, parents),
        form_token=form_token,
        must_change_password=must_change,
    )


def login_by_proxy(settings: DeskSettings, address: str, header: str | None) -> str | None:
    """Give the login that a trusted proxy names. A header from any other address counts for nothing."""
    if not settings.proxy_header or not header:
        return None
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return None
    return header.strip() if any(asked in network for network in settings.proxy_networks) else None


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
