"""What an attacker or a broken client would try, on SQLite and PostgreSQL. Each line of the list, and where its test is:

CSRF, XSS, SQL in filters, ids of others, path traversal, huge bodies, a locked database: here. Formulas with full-width signs both ways,
zip bombs, huge uploads, replayed and forged workbooks: test_desk_forms. Double posts, concurrent answers, clock skew, a list swapped
while paging: test_desk_actions; of hand-overs and corrections: test_desk_transfers. No byte of a foreign contact: test_desk_privacy for
every page and role, test_desk_forms for workbooks. Whatever else a client may send: test_desk_openapi.
"""

from __future__ import annotations

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from desk.application import STATIC, build_app
from desk.settings import DeskSettings
from desk.store.database import open_engine, sessions
from desk.store.models import AuditEntry, Event, Person, Session
from tests.integration.desk.desk_site import NASTY, NOW, PASSWORD, PEOPLE, Site

ANSWER = {"lead_id": "L00000", "word": "有意向", "client_id": "tap-00001"}


def test_a_form_without_its_token_or_from_another_site_is_refused(site: Site) -> None:
    jia = site.browser("jia")
    assert jia.client.post("/answers", data={**ANSWER, "form_token": "x"}).status_code == 403
    assert jia.client.post("/answers", data=ANSWER).status_code == 422
    assert jia.post("/answers", ANSWER, headers={"origin": "https://evil.example"}).status_code == 403
    assert jia.post("/answers", ANSWER, headers={"origin": "http://["}).status_code == 403
    assert jia.client.get("/login?next=//[").status_code == 303
    assert jia.post("/answers", ANSWER, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    other = site.browser("jia2")
    assert jia.client.post("/answers", data={**ANSWER, "form_token": other.token}).status_code == 403
    with site.database() as session:
        assert not session.scalar(sa.select(Event).where(Event.kind == "answer"))


def test_names_with_markup_stay_text_and_the_policy_forbids_inline(site: Site) -> None:
    leader = site.browser("leader")
    for path in ("/", "/pool", "/prospects?node=water.ro", "/leader", *(f"/lead?id=L{n:05d}" for n in range(6))):
        page = leader.get(path)
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "<script>alert" not in page.text and "<img src=x" not in page.text and "<b>某公司" not in page.text
        assert not re.search(r'(href|src|action)="\s*javascript:', page.text) and " style=" not in page.text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page.text) and "49项目" not in page.text
    assert "{{ 7*7 }}项目" in leader.get("/pool?q=7*7").text


def test_sql_in_filters_is_text(site: Site) -> None:
    leader = site.browser("leader")
    for text in ("%", "_", "\\", "';", "DROP", '"', "(", "[", "*", "' OR 1=1 --"):
        for name in ("q", "unit", "stage", "chain"):
            page = leader.get("/", params={name: text})
            held = sum(all(word.casefold() in one.casefold() for word in text.split()) for one in NASTY)
            assert page.status_code == 200
            assert len(re.findall(r'id="lead-', page.text)) == (held if name == "q" else 0), (name, text)


def test_ids_of_others_give_nothing(site: Site) -> None:
    yi = site.browser("yi")
    for number in (1, 3):
        assert yi.post("/contacts/reveal", {"contact_id": number, "reason": "看看"}).status_code == 403
        assert yi.post("/contacts/correct", {"contact_id": number, "person": "改"}).status_code == 403
        assert yi.post("/contacts/delete", {"contact_id": number}).status_code == 403
    for path, form in (
        ("/answers", ANSWER),
        ("/claims", {"lead_id": "L00000", "client_id": "claim-001"}),
        ("/contacts", {"lead_id": "L00000", "person": "甲", "phone": "13800000000", "source": "网"}),
        ("/leads/refuse", {"lead_id": "L00000", "reason": "捣乱"}),
    ):
        assert yi.post(path, form).status_code == 403, path
    assert yi.post("/undo", {"event_id": 1, "client_id": "undo-0001"}).status_code == 403
    assert yi.get("/unit?name=丙园区").status_code == 404
    for path in ("/people", "/audit", "/doctor", "/leader"):
        assert yi.get(path).status_code == 403
    assert yi.post("/people", {"login": "mine", "person_name": "我", "role": "admin"}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/static/../models.py", "/static/%2e%2e/models.py", "/static/..%2fstore/models.py", "/boards/..%2f..%2fmanifest",
             "/boards/%2e%2e", "/lead?id=../../etc/passwd", "/?after=../../x.1", "/?after=2026-06-30-ffff.1"],
)  # fmt: skip
def test_paths_do_not_climb(site: Site, path: str) -> None:
    page = site.browser("leader").get(path)
    assert page.status_code in (200, 404) and "class Event" not in page.text and "root:" not in page.text


def test_only_what_was_made_to_be_handed_out_is_given_and_only_to_leaders(site: Site) -> None:
    folder = site.home / "documents"
    (folder / "模板").mkdir(parents=True)
    for name in (
        "调度材料_2026-06.docx",
        "调度材料_2026-05.docx",
        "调度材料_2026-04.docx",
        "草稿.docx",
        "模板/调度材料.docx",
    ):
        (folder / name).write_text(name)
    leader, page = site.browser("leader"), "/documents/{}".format
    assert leader.get(page("调度材料_2026-06.docx")).content == "调度材料_2026-06.docx".encode()
    shown = leader.get("/leader").text
    assert "调度材料_2026-05.docx" in shown and "调度材料_2026-04.docx" not in shown and "草稿" not in shown
    for name in (
        "草稿.docx",
        "模板/调度材料.docx",
        "模板%2F调度材料.docx",
        "..%2Fpublished%2Fhistory.jsonl",
        "%2Fetc%2Fpasswd",
    ):
        assert leader.get(page(name)).status_code == 404, name
    for login, (role, _) in PEOPLE.items():
        status = site.browser(login).get(page("调度材料_2026-06.docx")).status_code
        assert status == (200 if role in ("leader", "analyst") else 403), login
    with site.database() as session:
        taken = session.scalars(sa.select(AuditEntry).where(AuditEntry.subject == "调度材料_2026-06.docx")).all()
    assert [entry.actor for entry in taken] == ["leader", "leader", "analyst"]


def test_a_page_is_shown_although_somebody_else_wrote_while_it_was_asked_for(site: Site) -> None:
    """Found under load: the use of a session was written in a transaction that had begun as a reader's."""
    jia, later = site.browser("jia"), NOW + dt.timedelta(minutes=2)
    assert jia.get("/").status_code == 200
    site.clock(later)
    written: list[str] = []

    def meanwhile(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT") and "token_hash" in statement and not written:
            written.append(statement)
            with site.database() as other:
                other.execute(sa.update(Person).where(Person.login == "yi").values(person_name="乙某"))

    engine = site.app.state.desk.engine
    sa.event.listen(engine, "after_cursor_execute", meanwhile)
    try:
        assert jia.get("/").status_code == 200 and written
    finally:
        sa.event.remove(engine, "after_cursor_execute", meanwhile)
    with site.database() as session:
        assert later in [one.last_seen_at for one in session.scalars(sa.select(Session))]


def test_huge_bodies_are_refused(site: Site) -> None:
    jia = site.browser("jia")
    assert jia.post("/answers", {**ANSWER, "reason": "x" * 2_000_000}).status_code == 413

    def endless():  # type: ignore[no-untyped-def]
        for _ in range(300):
            yield b"x" * 10_000

    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert jia.client.post("/answers", content=endless(), headers=headers).status_code == 413


def test_the_door_counts_failures_and_tells_nothing(site: Site) -> None:
    stranger = site.browser(None)
    told = {
        stranger.client.post("/login", data={"login": who, "password": "wrong"}).text.count("账号或密码不对")
        for who in ("jia", "nobody")
    }
    assert told == {1}
    for _ in range(5):
        stranger.client.post("/login", data={"login": "jia", "password": "wrong"})
    assert "失败次数过多" in stranger.client.post("/login", data={"login": "jia", "password": PASSWORD}).text
    site.clock(NOW + dt.timedelta(minutes=16))
    assert stranger.client.post("/login", data={"login": "jia", "password": PASSWORD}).status_code == 303
    cookie = stranger.client.post("/login", data={"login": "yi", "password": PASSWORD, "next": "//evil.example"})
    assert cookie.headers["location"] == "/" and "HttpOnly" in cookie.headers["set-cookie"]
    assert "samesite=lax" in cookie.headers["set-cookie"].lower()


def test_a_one_time_password_opens_only_the_page_that_changes_it(site: Site) -> None:
    root = site.browser("root")
    made = root.post("/people", {"login": "new", "person_name": "新人", "role": "recruiter", "unit_name": "甲镇"}).text
    password = re.findall(r'class="code">([^<]+)</b>', made)[0]
    new = site.browser(None)
    assert new.client.post("/login", data={"login": "new", "password": password}).status_code == 303
    assert new.get("/").headers["location"] == "/password" and new.get("/pool").headers["location"] == "/password"
    new.token = re.findall(r'name="form_token" value="([^"]+)"', new.get("/password").text)[0]
    short = new.post("/password", {"old": password, "new": "short", "again": "short"})
    assert short.status_code == 422
    long = "a better password"
    assert new.post("/password", {"old": password, "new": long, "again": long}).status_code == 303
    assert new.get("/").headers["location"] == "/login"
    assert new.client.post("/login", data={"login": "new", "password": long}).status_code == 303
    assert new.get("/").status_code == 200


def test_sessions_end(site: Site) -> None:
    jia = site.browser("jia")
    with site.database() as session:
        kept = session.scalar(sa.select(Session.token_hash))
    assert kept and kept not in str(jia.client.cookies)
    site.clock(NOW + dt.timedelta(hours=9))
    assert jia.get("/").headers["location"] == "/login"
    site.clock(NOW)
    with site.database() as session:
        session.execute(sa.update(Person).where(Person.login == "jia").values(is_active=False))
    assert jia.get("/").headers["location"] == "/login"


def test_a_proxy_header_counts_only_from_listed_addresses(site: Site) -> None:
    url = site.app.state.desk.settings.database_url
    environment = {"ZEYOU_HOME": str(site.home), "DESK_DATABASE_URL": url, "DESK_PROXY_HEADER": "X-Login"}
    with pytest.raises(ValueError, match="DESK_PROXY_ADDRESSES"):
        DeskSettings.from_environment(environment)
    app = build_app(DeskSettings.from_environment({**environment, "DESK_PROXY_ADDRESSES": "10.1.0.0/16"}), lambda: NOW)
    for address, login, status in (("10.1.2.3", "jia", 200), ("10.2.0.1", "jia", 303), ("10.1.2.3", "ghost", 403)):
        client = TestClient(app, base_url="http://127.0.0.1", client=(address, 5000), follow_redirects=False)
        assert client.get("/", headers={"X-Login": login}).status_code == status
    app.state.desk.engine.dispose()


def test_a_locked_database_is_told_and_nothing_is_half_written(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, jia = site.app.state.desk, site.browser("jia")
    url, is_sqlite = desk.settings.database_url, desk.settings.database_url.startswith("sqlite")
    desk.engine.dispose()
    monkeypatch.setattr("desk.store.database.BUSY_MS", 100)
    desk.engine = open_engine(url)
    desk.sessions = sessions(desk.engine)
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as blocker:
        if is_sqlite:
            blocker.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            blocker.exec_driver_sql("BEGIN; LOCK TABLE events IN EXCLUSIVE MODE")
        told = jia.post("/answers", ANSWER)
        assert told.status_code == 503 and "没有保存" in told.text
        assert jia.get("/").status_code == 200  # reading goes on
        blocker.exec_driver_sql("ROLLBACK")
    assert jia.post("/answers", ANSWER).status_code == 303
    with site.database() as session:
        assert len(list(session.scalars(sa.select(Event).where(Event.kind == "answer")))) == 1


def test_control_characters_and_half_characters_are_refused(site: Site) -> None:
    jia = site.browser("jia")
    for bad in ("a\x00b", "a\x1bb", "a\x7fb"):
        assert jia.get("/", params={"q": bad}).status_code == 422
    assert jia.get("/?q=%ff%fe").status_code in (200, 422)


def test_vendored_files_are_what_their_hashes_say() -> None:
    import hashlib

    listed = dict(reversed(line.split("  ")) for line in (STATIC / "SHA256SUMS").read_text().splitlines())
    vendored = {p.name for p in STATIC.iterdir()} - {"SHA256SUMS", "desk.css", "desk.js"}
    assert set(listed) == vendored
    for name, digest in listed.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest
    for name in ("desk.css", "desk.js"):
        assert "://" not in (STATIC / name).read_text(encoding="utf-8")
