"""Signing in (登录): passwords, sessions on the server, limits on guessing, and who a request comes from.

Belongs here: proving who somebody is. Does not belong here: what they may see (access.py), sign-on at another server
(oidc.py), whose address a request has (proxies.py), pages.

An attempt is written down as failed before the password is looked at: guesses sent at once can't pass the limits together, and
hashing, slow on purpose, holds no lock. Why the limits are what they are: docs/decisions/0050.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as Database
from sqlalchemy.orm import sessionmaker

from desk import audit
from desk.access import Viewer, units_of
from desk.actions import locked_many
from desk.passwords import weakness
from desk.rules import Limits
from desk.store.database import writing
from desk.store.models import LoginAttempt, Person, Session

COOKIE: Final = "zeyou_desk"
DEVICE_COOKIE: Final = "zeyou_browser"
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


@dataclass(frozen=True)
class Password:
    """A password that the first sign-in must change, and its hash: made before a transaction begins."""

    text: str
    hash: str

    @classmethod
    def one_time(cls) -> Password:
        """Make one."""
        text = secrets.token_urlsafe(12)
        return cls(text, hashed(text))


def sign_in(
    sessions: sessionmaker[Database], login: str, password: str, address: str, device: str, now: dt.datetime, limits: Limits
) -> str:  # fmt: skip
    """Check a password, open a session and return its token. `device` is the browser's cookie: known from then on."""
    with sessions() as database:
        attempt, is_braked = _counted(database, login, address, device, now, limits)
        person = database.scalar(sa.select(Person).where(Person.login == login))
        database.commit()
    known = person is not None and person.is_active and bool(person.password_hash)
    right = _matches((person.password_hash if known and person else None) or _nobody(), password) and known
    # A one-time password can't be guessed, so the brake spares it: with a new one an owner always comes in.
    if is_braked and not (right and person and person.must_change_password):
        raise Refused("这个账号近来被反复试错，暂时只能在登录过的电脑上登录；急用请系统管理员重发密码")
    if not right or person is None:
        raise Refused("账号或密码不对")
    if person.must_change_password and person.one_time_until is not None and person.one_time_until < now:
        raise Refused("一次性密码已过期，请系统管理员重发")
    with sessions() as database:
        writing(database)
        found = database.get_one(Person, person.person_id)
        if found.password_hash != person.password_hash or not found.is_active:  # changed while it was checked
            raise Refused("账号或密码不对")
        _succeeded(database, attempt)
        token = open_session(database, found, now, "password")
        database.commit()
    return token


def _counted(
    database: Database, login: str, address: str, device: str, now: dt.datetime, limits: Limits
) -> tuple[int, bool]:
    """Write an attempt down as failed, or refuse it; return its number, and whether the account is braked for whom nobody knows."""
    locked_many(database, [f"login {login}", f"address {address}"])
    old = now - dt.timedelta(days=limits.login_known_days)
    database.execute(sa.delete(LoginAttempt).where(LoginAttempt.attempted_at <= old))
    of_login, of_address = LoginAttempt.login == login, LoginAttempt.address == address
    device_hash = _digest(device) if device else ""
    of_device = LoginAttempt.device_hash == device_hash

    def failures(*which: sa.ColumnElement[bool]) -> int:
        since = now - dt.timedelta(minutes=limits.login_wait_minutes)
        lately = (LoginAttempt.attempted_at > since, LoginAttempt.is_success.is_(False))
        return database.scalar(sa.select(sa.func.count()).select_from(LoginAttempt).where(*lately, *which)) or 0

    def is_known(which: sa.ColumnElement[bool]) -> bool:
        found = sa.select(LoginAttempt.attempt_id).where(of_login, which, LoginAttempt.is_success)
        return database.scalar(found.limit(1)) is not None

    is_braked = False
    if device and is_known(of_device):
        is_over = failures(of_login, of_device) >= limits.login_failures
    else:
        is_over = (
            failures(of_login, of_address) >= limits.login_failures
            or failures(of_address) >= limits.login_failures_address
        )
        is_braked = failures(of_login) >= limits.login_failures_account and not is_known(of_address)
    if is_over:
        raise Refused(f"失败次数过多，请 {limits.login_wait_minutes} 分钟后再试")
    attempt = LoginAttempt(login=login, address=address, device_hash=device_hash, attempted_at=now, is_success=False)
    database.add(attempt)
    database.flush()
    return attempt.attempt_id, is_braked


def _succeeded(database: Database, attempt: int) -> None:
    database.execute(sa.update(LoginAttempt).where(LoginAttempt.attempt_id == attempt).values(is_success=True))


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


def change_password(
    sessions: sessionmaker[Database], person_id: int, old: str, new: str, now: dt.datetime, limits: Limits
) -> None:
    """Set a new password and close all sessions of the person. Guesses at the old one are counted as at the door."""
    with sessions() as database:
        person = database.get_one(Person, person_id)
    if new == old:
        raise Refused("新密码不能与原密码相同")
    if problem := weakness(new, person.login, person.person_name):
        raise Refused(problem)
    with sessions() as database:
        attempt, _ = _counted(database, person.login, f"改密码 {person_id}", "", now, limits)
        database.commit()
    if not _matches(person.password_hash or _nobody(), old) or not person.password_hash:
        raise Refused("原密码不对")
    password_hash = hashed(new)
    with sessions() as database:
        writing(database)
        found = database.get_one(Person, person_id)
        if found.password_hash != person.password_hash:  # changed while it was checked
            raise Refused("原密码不对")
        _succeeded(database, attempt)
        found.password_hash, found.must_change_password, found.one_time_until = password_hash, False, None
        database.execute(sa.delete(Session).where(Session.person_id == person_id))
        audit.append(database, now, found.login, "改密码", found.login)
        database.commit()


def set_one_time_password(
    database: Database, person: Person, password: Password, now: dt.datetime, limits: Limits
) -> None:
    """Give a person a password for one sign-in, good for some days, and close their sessions."""
    person.password_hash, person.must_change_password = password.hash, True
    person.one_time_until = now + dt.timedelta(hours=limits.one_time_password_hours)
    database.execute(sa.delete(Session).where(Session.person_id == person.person_id))


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


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
