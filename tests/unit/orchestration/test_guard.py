"""The guard before Dagster's UI: no token, no answer; no foreign page, picture, form or socket makes a browser act."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from orchestration.endings import Refused
from orchestration.nightly import prepare_instance
from orchestration.operations.guard import ENTRANCE, Guard, loopback_hosts, read_token
from orchestration.settings import Settings

TOKEN = "a token of many letters"
HOST = "127.0.0.1:3000"
HOME = f"http://{HOST}"
SOCKET = f"ws://{HOST}/graphql"
PAGE = {"accept": "text/html", "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
JSON = {"content-type": "application/json", "origin": HOME, "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    home = tmp_path_factory.mktemp("guarded")
    with prepare_instance(Settings(home, home / "inbox", None)) as found:
        yield found


@pytest.fixture(scope="module")
def app(instance: dg.DagsterInstance) -> Iterator[Any]:
    """Dagster's own application, over no code."""
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context:
        yield create_app_from_workspace_process_context(context)


@pytest.fixture
def stranger(app: Any) -> TestClient:
    return TestClient(Guard(app, TOKEN, loopback_hosts(3000), "zeyou_ui_3000"), base_url=HOME, follow_redirects=False)


@pytest.fixture
def known(stranger: TestClient) -> TestClient:
    assert stranger.get(f"/?token={TOKEN}", headers=PAGE).status_code == 303
    return stranger


def deletion(instance: dg.DagsterInstance) -> tuple[str, str]:
    """A run, and the mutation that deletes it."""
    run = dg.DagsterRun(job_name="nightly", status=dg.DagsterRunStatus.SUCCESS)
    instance.add_run(run)
    return run.run_id, f'mutation {{ deletePipelineRun(runId: "{run.run_id}") {{ __typename }} }}'


def test_without_the_guard_a_get_deletes_a_run(app: Any, instance: dg.DagsterInstance) -> None:
    """The hole that the guard is for; once Dagster closes it, this fails and the rule may go."""
    run_id, mutation = deletion(instance)
    TestClient(app).get("/graphql", params={"query": mutation})
    assert instance.get_run_by_id(run_id) is None


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "//graphql", "/x/../graphql"])
def test_no_get_acts_even_with_the_cookie(known: TestClient, instance: dg.DagsterInstance, path: str) -> None:
    run_id, mutation = deletion(instance)
    for headers in ({}, PAGE, {"sec-fetch-site": "same-origin"}, {"origin": HOME}):
        known.get(path, params={"query": mutation}, headers=headers)
    known.head(path, params={"query": mutation})
    known.options(path, params={"query": mutation})
    assert instance.get_run_by_id(run_id) is not None


def test_the_page_itself_may_act_and_ask(known: TestClient, instance: dg.DagsterInstance) -> None:
    run_id, mutation = deletion(instance)
    assert known.get("/runs", headers=PAGE).status_code == 200
    answer = known.post("/graphql", content=json.dumps({"query": "{ version }"}), headers=JSON)
    assert answer.status_code == 200 and answer.headers["x-frame-options"] == "DENY"
    known.post("/graphql", content=json.dumps({"query": mutation}), headers=JSON)
    assert instance.get_run_by_id(run_id) is None


FOREIGN: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:8000"},  # another service of this machine: the same site, another origin
    {"origin": f"{HOME}.evil.example"},
    {"origin": f"file://{HOST}"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    {"host": "evil.example"},
    {"host": "127.0.0.1:3001"},
    {"host": "rebound.example:3000"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_what_comes_from_elsewhere_is_refused_even_with_the_cookie(
    known: TestClient, instance: dg.DagsterInstance, headers: dict[str, str]
) -> None:
    run_id, mutation = deletion(instance)
    for content, kind in ((json.dumps({"query": mutation}), "application/json"), (mutation, "application/graphql")):
        answer = known.post("/graphql", content=content, headers={"content-type": kind, **headers})
        assert answer.status_code in (403, 421) and "�" not in answer.text
    assert known.post("/graphql", params={"query": mutation}, headers=headers).status_code in (403, 421)
    assert known.get("/server_info", headers=headers).status_code in (403, 421)
    assert instance.get_run_by_id(run_id) is not None


def test_a_link_from_elsewhere_may_lead_to_a_page(known: TestClient) -> None:
    assert known.get("/runs", headers={**PAGE, "sec-fetch-site": "cross-site"}).status_code == 200


def test_two_hosts_are_refused(app: Any) -> None:
    """httpx sends one; a request that is smuggled may have two."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"",
        "headers": [(b"host", HOST.encode()), (b"host", b"evil.example")],
    }  # fmt: skip
    import asyncio

    asyncio.run(Guard(app, TOKEN, loopback_hosts(3000), "c")(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 421


def test_a_stranger_gets_nothing_but_the_entrance(stranger: TestClient, instance: dg.DagsterInstance) -> None:
    page = stranger.get("/runs?a=<b>", headers=PAGE)
    assert page.status_code == 401 and "令牌" in page.text and "<script" not in page.text
    for path in (
        "/",
        "/server_info",
        "/graphql",
        "/vendor/graphiql/graphiql.min.css",
        "/logs/x.out",
        "/download_debug/x",
    ):
        assert stranger.get(path).status_code == 401, path
    run_id, mutation = deletion(instance)
    assert stranger.post("/graphql", content=json.dumps({"query": mutation}), headers=JSON).status_code == 401
    assert stranger.post("/report_asset_materialization/a", headers={"origin": HOME}).status_code == 401
    assert instance.get_run_by_id(run_id) is not None


def test_the_token_opens_by_address_by_form_and_by_header(app: Any) -> None:
    def client() -> TestClient:
        return TestClient(Guard(app, TOKEN, loopback_hosts(3000), "c"), base_url=HOME, follow_redirects=False)

    by_address = client()
    sent = by_address.get("/runs", params={"view": "all", "token": TOKEN}, headers=PAGE)
    assert sent.headers["location"] == "/runs?view=all" and TOKEN not in sent.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(sent.headers["set-cookie"].split("; "))
    assert by_address.get("/runs", headers=PAGE).status_code == 200
    by_form = client()
    sent = by_form.post(ENTRANCE, data={"token": TOKEN, "next": "/runs"}, headers={"origin": HOME})
    assert (sent.status_code, sent.headers["location"]) == (303, "/runs")
    assert client().get("/server_info", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    behind = client().get("/", params={"token": TOKEN}, headers={**PAGE, "x-forwarded-proto": "https"})
    assert "Secure" in behind.headers["set-cookie"]


@pytest.mark.parametrize("token", ["", "a", TOKEN[:-1], TOKEN + "x", "令牌", "\x00"])
def test_a_wrong_token_opens_nothing(app: Any, token: str) -> None:
    client = TestClient(Guard(app, TOKEN, loopback_hosts(3000), "c"), base_url=HOME, follow_redirects=False)
    assert client.get("/", params={"token": token}, headers=PAGE).status_code == 401
    answer = client.post(ENTRANCE, data={"token": token}, headers={"origin": HOME})
    assert answer.status_code == 401 and "set-cookie" not in answer.headers and "令牌不对" in answer.text
    client.cookies.set("c", TOKEN)  # the token itself is not the cookie
    assert client.get("/server_info").status_code == 401


@given(st.text())
def test_after_the_entrance_one_stays_on_this_site(following: str) -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    client = TestClient(Guard(nothing, TOKEN, loopback_hosts(3000), "c"), base_url=HOME, follow_redirects=False)
    sent = client.post(ENTRANCE, data={"token": TOKEN, "next": following}, headers={"origin": HOME})
    place = sent.headers["location"]
    assert place.startswith("/") and not place.startswith(("//", "/\\")) and "\n" not in place


def test_subscriptions_work_for_the_page_only(known: TestClient, app: Any, instance: dg.DagsterInstance) -> None:
    run_id, _ = deletion(instance)
    with known.websocket_connect(SOCKET, subprotocols=["graphql-ws"], headers={"origin": HOME}) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}
        socket.send_json(
            {"type": "start", "id": "1",
             "payload": {"query": f'subscription {{ pipelineRunLogs(runId: "{run_id}") {{ __typename }} }}'}}
        )  # fmt: skip
        assert socket.receive_json()["payload"]["data"]["pipelineRunLogs"]["__typename"]
    stranger = TestClient(Guard(app, TOKEN, loopback_hosts(3000), "zeyou_ui_3000"), base_url=HOME)
    cases: list[tuple[TestClient, dict[str, str]]] = [
        (known, headers) for headers in ({}, *FOREIGN) if "sec-fetch-site" not in headers
    ]
    for client, headers in [*cases, (stranger, {"origin": HOME})]:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=headers):
            pass


def test_a_name_that_a_proxy_offers_is_let_in(app: Any) -> None:
    hosts = loopback_hosts(3000) | {"ui.example.gov.cn"}
    client = TestClient(Guard(app, TOKEN, hosts, "c"), base_url="http://UI.example.gov.cn", follow_redirects=False)
    headers = {"authorization": f"Bearer {TOKEN}", "origin": "https://ui.example.gov.cn"}
    assert client.get("/server_info", headers=headers).status_code == 200


def test_the_token_is_made_once_and_read_by_nobody_else(tmp_path: Path) -> None:
    token = read_token(tmp_path)
    assert read_token(tmp_path) == token and len(token) >= 32
    path = tmp_path / "secrets" / "ui.token"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.write_text("short")
    with pytest.raises(Refused, match="令牌太短"):
        read_token(tmp_path)


def test_a_body_too_large_is_not_read_to_its_end(app: Any) -> None:
    client = TestClient(Guard(app, TOKEN, loopback_hosts(3000), "c"), base_url=HOME)
    assert client.post(ENTRANCE, content=b"x" * 100_000, headers={"origin": HOME}).status_code == 413
