"""Nothing slow goes on while the database is locked: no server is asked, no password hashed, no list or workbook read or written."""

from __future__ import annotations

import dataclasses
import ipaddress
import sqlite3
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from desk import listing, login
from desk.forms import reading
from desk.notices import sending
from desk.notices.recipients import Recipient
from desk.pages import forms
from tests.integration.desk.desk_site import CHEAP, NOW, PASSWORD, Site
from tests.integration.desk.test_desk_forms import downloaded, filled, sent
from tests.integration.desk.test_desk_sign_on import SignOn, server, set_out

__all__ = ["server"]
LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'
      AND (locktype = 'advisory' OR mode IN ('RowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') AND locktype = 'relation')
"""


def is_locked(url: str) -> bool:
    """Whether somebody else would have to wait before writing."""
    target = sa.make_url(url)
    if target.get_backend_name() == "sqlite":
        other = sqlite3.connect(str(target.database), timeout=0, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        finally:
            other.close()
        return False
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return bool(connection.exec_driver_sql(LOCKS).scalar())


class Slow:
    """Wraps what is slow: notes its name, and with `!` that the database was locked meanwhile."""

    def __init__(self, url: str) -> None:
        self.url, self.seen = url, set[str]()

    def wrapped(self, name: str, given: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.seen.add(f"{name}!" if is_locked(self.url) else name)
            return given(*args, **kwargs)

        return call


def test_nothing_slow_goes_on_under_the_write_lock(site: Site, server: SignOn, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = site.app.state.desk
    slow = Slow(desk.settings.database_url)

    class Hasher:
        hash, verify = (staticmethod(slow.wrapped(name, getattr(CHEAP, name))) for name in ("hash", "verify"))

    monkeypatch.setattr(login, "_HASHER", Hasher)
    monkeypatch.setattr(listing, "PublishedList", slow.wrapped("list", listing.PublishedList))
    monkeypatch.setattr(forms, "write_form", slow.wrapped("form", forms.write_form))
    monkeypatch.setattr(reading, "form_bytes", slow.wrapped("returned", reading.form_bytes))
    monkeypatch.setattr(sending, "unit_digest", slow.wrapped("digest", sending.unit_digest))
    monkeypatch.setattr(sending, "to_robot", slow.wrapped("robot", lambda *_: None))
    desk.open_workbook = slow.wrapped("open", desk.open_workbook)
    desk.transport = httpx.MockTransport(slow.wrapped("server", server))

    def during(act: Callable[[], Any]) -> set[str]:
        desk.lists._kept.clear()
        slow.seen.clear()
        act()
        return set(slow.seen)

    browser = site.browser(None)
    state: list[str] = []
    assert during(lambda: state.append(set_out(browser, server))) == {"list", "server"}
    back = {"code": "good", "state": state[0]}
    assert during(lambda: browser.get("/login/oidc/back", params=back)) == {"server"}
    assert browser.get("/").status_code == 200
    jia, root = site.browser("jia"), site.browser("root")
    assert during(lambda: jia.client.post("/login", data={"login": "jia", "password": PASSWORD})) == {"verify"}
    assert during(lambda: jia.client.post("/login", data={"login": "ghost", "password": "x"})) >= {"verify"}
    new = {"login": "new", "person_name": "新人", "role": "recruiter", "unit_name": "甲镇"}
    assert during(lambda: root.post("/people", new)) == {"list", "hash"}
    assert during(lambda: root.post("/people/reset", {"person_id": 9})) == {"list", "hash"}
    jia = site.browser("jia")
    bad = {"膜材料项目6号": {"回答": "有意向"}, "膜材料项目9号": {"回答": "想想"}}
    content: list[bytes] = []
    assert during(lambda: content.append(filled(downloaded(jia, "?q=膜材料项目"), bad))) == {"list", "form"}
    assert during(lambda: sent(jia, content[0])) == {"list", "open", "returned"}
    secret = {"old": PASSWORD, "new": "a better password", "again": "a better password"}
    assert during(lambda: jia.post("/password", secret)) == {"list", "verify", "hash"}
    desk.settings = dataclasses.replace(
        desk.settings, proxy_header="X-Login", proxy_networks=(ipaddress.ip_network("10.1.0.0/16"),)
    )
    proxied = TestClient(site.app, base_url="http://127.0.0.1", client=("10.1.0.1", 1), follow_redirects=False)
    assert during(lambda: proxied.get("/", headers={"X-Login": "yi"})) == {"list"}
    to = [Recipient("甲镇", "wecom", "http://127.0.0.1:9/x")]
    queue = lambda: sending.queue_digests(desk.sessions, desk.lists, "", to, NOW)  # noqa: E731
    assert during(queue) == {"list", "digest"}
    assert during(lambda: sending.send_waiting(desk.sessions, None, lambda: NOW)) == {"robot"}
