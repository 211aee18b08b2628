"""The door under attack: guesses from one address, behind a proxy, from everywhere, all at once. Nobody locks somebody else out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from desk import login
from desk.store.models import LoginAttempt, Person
from tests.integration.desk.desk_site import NOW, PASSWORD, Site

PROXY = "10.1.0.1"


def at(site: Site, address: str, https: bool = False) -> TestClient:
    """A browser that nobody knows, at an address."""
    base = "https://127.0.0.1" if https else "http://127.0.0.1"
    return TestClient(site.app, base_url=base, client=(address, 5000), follow_redirects=False)


def status(client: TestClient, who: str, password: str = "wrong", **headers: str) -> int:
    return int(client.post("/login", data={"login": who, "password": password}, headers=headers).status_code)


@contextmanager
def trusting(site: Site) -> Iterator[None]:
    desk = site.app.state.desk
    before = desk.settings
    desk.settings = dataclasses.replace(before, proxy_networks=(ipaddress.ip_network("10.1.0.0/16"),))
    yield
    desk.settings = before


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_behind_a_trusted_proxy_each_client_has_its_own_count(site: Site, header: str) -> None:
    def named(address: str) -> dict[str, str]:
        return {header: f"for={address}" if header == "Forwarded" else address}

    with trusting(site):
        proxy = at(site, PROXY)
        for number in range(30):
            assert status(proxy, f"nobody{number}", **named("203.0.113.66")) == 403
        assert status(proxy, "yi", PASSWORD, **named("203.0.113.66")) == 403
        # What the guesser writes in front of its own address counts for nothing.
        assert status(proxy, "yi", PASSWORD, **named("198.51.100.1, " + named("203.0.113.66")[header])) == 403
        assert status(proxy, "jia", PASSWORD, **named("203.0.113.7")) == 303


def test_without_a_trusted_proxy_a_forwarded_address_is_not_believed(site: Site) -> None:
    liar = at(site, "203.0.113.66")
    for number in range(30):
        said = f"198.51.100.{number}"
        assert status(liar, f"nobody{number}", **{"X-Forwarded-For": said, "Forwarded": f"for={said}"}) == 403
    assert status(liar, "jia", PASSWORD, **{"X-Forwarded-For": "198.51.100.99"}) == 403
    assert status(at(site, "198.51.100.3"), "jia", PASSWORD) == 303


def test_wrong_passwords_for_a_name_stop_the_guesser_and_not_the_owner(site: Site) -> None:
    owner, guesser = at(site, "198.51.100.1"), at(site, "203.0.113.66")
    assert status(owner, "jia", PASSWORD) == 303
    for _ in range(5):
        assert status(guesser, "jia") == 403
    assert status(guesser, "jia", PASSWORD) == 403  # although it is the right one
    assert status(at(site, "198.51.100.9"), "jia", PASSWORD) == 303
    # From the owner's own address, as everybody in one office may have: a browser that signed in before is known.
    neighbour = at(site, "198.51.100.1")
    for _ in range(35):
        status(neighbour, "jia")
    assert status(neighbour, "jia", PASSWORD) == 403
    assert status(owner, "jia", PASSWORD) == 303
    assert [status(owner, "jia") for _ in range(5)] == [403] * 5
    assert status(owner, "jia", PASSWORD) == 403  # a known browser may not guess either
    site.clock(NOW + dt.timedelta(minutes=16))
    assert status(owner, "jia", PASSWORD) == 303 and status(guesser, "jia", PASSWORD) == 303


def test_guesses_from_everywhere_are_braked_and_the_owner_still_comes_in(site: Site) -> None:
    owner = at(site, "198.51.100.1")
    assert status(owner, "jia", PASSWORD) == 303
    for number in range(25):
        assert status(at(site, f"203.0.113.{number}"), "jia") == 403
    braked = at(site, "203.0.113.99").post("/login", data={"login": "jia", "password": PASSWORD})
    assert braked.status_code == 403 and "登录过的电脑" in braked.text
    for login_name in ("jia", "nobody-there"):  # a name that does not exist is braked in the same words
        for number in range(25):
            status(at(site, f"203.0.113.{number}"), login_name)
    told = at(site, "203.0.113.98").post("/login", data={"login": "nobody-there", "password": "wrong"})
    assert "登录过的电脑" in told.text
    assert status(owner, "jia", PASSWORD) == 303  # at home on another line, by the browser
    roaming = at(site, "192.0.2.8")
    roaming.cookies.update(owner.cookies)
    assert status(roaming, "jia", PASSWORD) == 303
    assert status(at(site, "198.51.100.1"), "jia", PASSWORD) == 303  # by the address, with no cookie left
    assert status(at(site, "203.0.113.97"), "yi", PASSWORD) == 303  # nobody else is braked
    root = site.browser("root")
    with site.database() as session:
        number = session.scalar(sa.select(Person.person_id).where(Person.login == "jia"))
    shown = root.post("/people/reset", {"person_id": number}).text
    one_time = re.findall(r'class="code">([^<]+)</b>', shown)[0]
    assert status(at(site, "203.0.113.96"), "jia", one_time) == 303


def test_guesses_sent_at_once_do_not_pass_the_limits_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, limits, looked = site.app.state.desk, site.app.state.desk.rules.limits, []
    crowd = 24
    start = threading.Barrier(crowd)

    def matches(_hash: str, _password: str) -> bool:
        looked.append(1)
        return False

    monkeypatch.setattr(login, "_matches", matches)

    def guess(number: int, who: str, address: str) -> None:
        start.wait()
        with suppress(login.Refused):
            login.sign_in(desk.sessions, who, f"guess {number}", address, "", NOW, limits)

    with ThreadPoolExecutor(crowd) as pool:
        list(pool.map(lambda n: guess(n, "jia", "203.0.113.66"), range(crowd)))
    assert len(looked) == limits.login_failures
    with site.database() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LoginAttempt)) == limits.login_failures


def test_a_one_time_password_ends(site: Site) -> None:
    root = site.browser("root")
    made = root.post("/people", {"login": "new", "person_name": "新人", "role": "recruiter", "unit_name": "甲镇"}).text
    one_time = re.findall(r'class="code">([^<]+)</b>', made)[0]
    site.clock(NOW + dt.timedelta(hours=73))
    late = at(site, "198.51.100.1").post("/login", data={"login": "new", "password": one_time})
    assert late.status_code == 403 and "已过期" in late.text
    site.clock(NOW + dt.timedelta(hours=71))
    assert status(at(site, "198.51.100.1"), "new", one_time) == 303


def test_guesses_at_the_old_password_are_limited_too(site: Site) -> None:
    jia, new = site.browser("jia"), "a better password"
    for _ in range(5):
        assert "原密码不对" in jia.post("/password", {"old": "wrong", "new": new, "again": new}).text
    assert "失败次数过多" in jia.post("/password", {"old": PASSWORD, "new": new, "again": new}).text
    assert status(at(site, "198.51.100.1"), "jia", PASSWORD) == 303  # the door is another matter
    site.clock(NOW + dt.timedelta(minutes=16))
    assert jia.post("/password", {"old": PASSWORD, "new": new, "again": new}).status_code == 303


def test_by_https_cookies_are_secure_and_bound_to_this_host(site: Site) -> None:
    def cookies(client: TestClient, **headers: str) -> list[str]:
        answer = client.post("/login", data={"login": "jia", "password": PASSWORD}, headers=headers)
        return [line.lower() for line in answer.headers.get_list("set-cookie")]

    with trusting(site):
        by_https = at(site, "198.51.100.1", https=True)
        for found in (cookies(by_https), cookies(at(site, PROXY), **{"X-Forwarded-Proto": "https"})):
            assert len(found) == 2 and all(c.startswith("__host-zeyou_") and "; secure" in c for c in found)
        assert by_https.get("/menu").status_code == 200
        assert not any("secure" in c for c in cookies(at(site, "198.51.100.1"), **{"X-Forwarded-Proto": "https"}))
    desk = site.app.state.desk
    desk.settings = dataclasses.replace(desk.settings, is_cookie_secure=True)
    assert all("; secure" in c for c in cookies(at(site, "198.51.100.2")))
