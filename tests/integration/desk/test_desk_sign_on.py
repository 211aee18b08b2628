"""Signing on at another server: a small one of our own, honest first, then lying in every way that counts."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from desk.settings import Oidc
from tests.integration.desk.desk_site import NOW, Browser, Site

ISSUER = "https://sign-on.invalid"
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})


class SignOn:
    """Answers as a sign-on server does; `lies` overrides what an id token says, `key` who signs it."""

    def __init__(self) -> None:
        self.nonce, self.lies, self.key, self.challenge = "", {}, KEY, ""  # type: ignore[var-annotated]
        self.verifiers: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            return httpx.Response(200, json={"issuer": ISSUER} | {k: f"{ISSUER}/{v}" for k, v in names.items()})
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        asked = parse_qs(request.content.decode())
        if asked["code"] == ["bad"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.verifiers += asked["code_verifier"]
        claims: dict[str, Any] = {
            "iss": ISSUER, "aud": "desk", "sub": "1", "exp": int(NOW.timestamp()) + 300, "nonce": self.nonce,
            "preferred_username": "jia", **self.lies,
        }  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)
        return httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "id_token": token})


@pytest.fixture
def server(site: Site) -> SignOn:
    found = SignOn()
    desk = site.app.state.desk
    desk.settings = dataclasses.replace(
        desk.settings, oidc=Oidc(ISSUER, "desk", "secret", "http://127.0.0.1/login/oidc/back")
    )
    desk.transport = httpx.MockTransport(found)
    return found


def set_out(browser: Browser, server: SignOn) -> str:
    """Follow the button; give the state that the desk asked the server to bring back."""
    assert "统一身份认证" in browser.get("/login").text
    sent = browser.get("/login/oidc")
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert sent.status_code == 303 and asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    server.nonce = asked["nonce"][0]
    return asked["state"][0]


def test_the_way_there_and_back(site: Site, server: SignOn) -> None:
    browser = site.browser(None)
    state = set_out(browser, server)
    back = browser.get("/login/oidc/back", params={"code": "good", "state": state})
    assert back.status_code == 303 and back.headers["location"] == "/"
    assert "jia员" in browser.get("/").text and len(server.verifiers) == 1
    assert browser.get("/login/oidc/back", params={"code": "good", "state": state}).status_code == 403  # counts once


@pytest.mark.parametrize(
    "lies",
    [{"iss": "https://evil.invalid"}, {"aud": "other"}, {"nonce": "old"}, {"exp": int(NOW.timestamp()) - 3600},
     {"preferred_username": "ghost"}, {"preferred_username": ""}],
)  # fmt: skip
def test_a_lie_is_refused(site: Site, server: SignOn, lies: dict[str, Any]) -> None:
    browser = site.browser(None)
    state = set_out(browser, server)
    server.lies = lies
    assert browser.get("/login/oidc/back", params={"code": "good", "state": state}).status_code == 403
    assert browser.get("/").status_code == 303


def test_another_key_another_browser_a_bad_code_are_refused(site: Site, server: SignOn) -> None:
    browser, thief = site.browser(None), site.browser(None)
    state = set_out(browser, server)
    assert thief.get("/login/oidc/back", params={"code": "good", "state": state}).status_code == 403
    assert browser.get("/login/oidc/back", params={"code": "bad", "state": state}).status_code == 403
    state = set_out(browser, server)
    server.key = OTHER
    assert browser.get("/login/oidc/back", params={"code": "good", "state": state}).status_code == 403


NONSENSE = [
    httpx.Response(200, content=c) for c in (b"<html>", b"[1]", b"{}", b'{"keys": [7]}', b'{"id_token": 7}', b"\xff")
]
NONSENSE += [httpx.Response(500), httpx.Response(302, headers={"location": "http://["})]


@pytest.mark.parametrize("part", ["openid-configuration", "token", "keys"])
def test_a_server_that_answers_nonsense_is_away(site: Site, server: SignOn, part: str) -> None:
    browser, desk = site.browser(None), site.app.state.desk
    for answer in NONSENSE:
        desk.transport = httpx.MockTransport(server)
        state = set_out(browser, server)
        desk.transport = httpx.MockTransport(lambda r, a=answer: a if r.url.path.endswith(part) else server(r))
        found = browser.get("/login/oidc/back", params={"code": "good", "state": state})
        assert found.status_code == 403 and "统一身份认证" in found.text, answer
        if part == "openid-configuration":
            assert browser.get("/login/oidc").status_code == 503, answer
