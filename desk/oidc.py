"""Sign-on at another server (统一身份认证, OpenID Connect): the code flow with PKCE, state and nonce.

Belongs here: the way to the sign-on server and back, checking what it says. Does not belong here: sessions (login.py), pages.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import sqlalchemy as sa
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.orm import Session, sessionmaker

from desk.login import Refused as Refused
from desk.settings import Oidc
from desk.store.database import writing
from desk.store.models import LoginFlow, Person

# Authlib prints its plans for httpx, in English, on the terminal of whoever runs a command of the desk.
warnings.simplefilter("ignore", AuthlibDeprecationWarning)
from authlib.integrations.httpx_client import OAuth2Client  # noqa: E402

COOKIE: Final = "zeyou_sign_on"
LASTS: Final = dt.timedelta(minutes=10)
ALGORITHMS: Final = ["RS256", "ES256"]
_SECONDS: Final = 10


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def _asking() -> Iterator[None]:
    """Turn whatever goes wrong while the server is asked into one line: it is away, or answers what no such server answers."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, AuthlibBaseError, JoseError, ValueError, LookupError, TypeError, AttributeError) as error:  # fmt: skip
        raise Refused("统一身份认证暂不可用，请稍后再试") from error


def _configuration(oidc: Oidc, transport: httpx.BaseTransport | None) -> dict[str, str]:
    with httpx.Client(transport=transport, timeout=_SECONDS) as client:
        found = client.get(f"{oidc.issuer}/.well-known/openid-configuration").raise_for_status().json()
    said = {name: str(found[name]) for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")}
    if said["issuer"].rstrip("/") != oidc.issuer:
        raise Refused("统一身份认证的配置与本系统的设置不一致，请联系系统管理员")
    return said


def begin(
    sessions: sessionmaker[Session], oidc: Oidc, now: dt.datetime, transport: httpx.BaseTransport | None
) -> tuple[str, str]:
    """Return the address to go to and the state, which the browser keeps in a cookie until it is back.

    The server is asked first and written down after: nobody waits for its answer with the database locked.
    """
    state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    client = OAuth2Client(
        oidc.client_id, scope="openid profile", redirect_uri=oidc.redirect_address, code_challenge_method="S256"
    )
    with _asking(), client:
        found = _configuration(oidc, transport)
        address, _ = client.create_authorization_url(
            found["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    with sessions() as session:
        writing(session)
        session.execute(sa.delete(LoginFlow).where(LoginFlow.created_at < now - LASTS))
        session.add(LoginFlow(state_hash=_digest(state), nonce=nonce, code_verifier=verifier, created_at=now))
        session.commit()
    return str(address), state


def finish(
    sessions: sessionmaker[Session],
    oidc: Oidc,
    code: str,
    state: str,
    cookie: str,
    now: dt.datetime,
    transport: httpx.BaseTransport | None,
) -> Person:
    """Check what came back and return the person. The state counts once, in the browser that set out with it."""
    with sessions() as session:
        writing(session)
        flow = session.get(LoginFlow, _digest(state))
        if flow is None or not secrets.compare_digest(state.encode(), cookie.encode()) or now - flow.created_at > LASTS:
            raise Refused("这次登录已过期或不是从本页发起的，请重新登录")
        session.delete(flow)
        session.commit()
    with _asking():
        found = _configuration(oidc, transport)
        sign_on = OAuth2Client(
            oidc.client_id,
            oidc.client_secret,
            redirect_uri=oidc.redirect_address,
            transport=transport,
            timeout=_SECONDS,
        )
        with sign_on:
            token = sign_on.fetch_token(found["token_endpoint"], code=code, code_verifier=flow.code_verifier)
        with httpx.Client(transport=transport, timeout=_SECONDS) as client:
            keys = KeySet.import_key_set(client.get(found["jwks_uri"]).raise_for_status().json())
        claims = _claims(oidc, str(token.get("id_token", "")), keys, flow.nonce, now)
    named = str(claims.get(oidc.login_claim) or "")
    with sessions() as session:
        person = session.scalar(sa.select(Person).where(Person.login == named, Person.is_active)) if named else None
    if person is None:
        raise Refused("统一身份已确认，但本系统没有这个账号，请联系系统管理员")
    return person


def _claims(oidc: Oidc, token: str, keys: KeySet, nonce: str, now: dt.datetime) -> dict[str, Any]:
    """Check signature, issuer, audience, nonce and times of an id token."""
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()), leeway=60,
        iss={"essential": True, "value": oidc.issuer}, aud={"essential": True, "value": oidc.client_id},
        nonce={"essential": True, "value": nonce}, exp={"essential": True}, sub={"essential": True},
    )  # fmt: skip
    try:
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
        registry.validate(read.claims)
    except (JoseError, ValueError) as error:
        raise Refused("统一身份认证的凭据不可信，已拒绝登录") from error
    return dict(read.claims)
