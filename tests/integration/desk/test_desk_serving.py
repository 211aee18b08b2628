"""Connections of clients that keep the server waiting end; those of others do not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from desk import serving


async def app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = [(b"content-length", str(len(body) + 2).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok" + body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(serving, "SECONDS", {"head": 0.3, "body": 0.3})
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **serving.OPTIONS))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    listening.close()


def rest(client: socket.socket) -> bytes:
    """Read until the other side closes."""
    found = b""
    while piece := client.recv(4096):
        found += piece
    return found


HEAD = b"POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n"


@pytest.mark.parametrize(
    "sent",
    [b"", b"G", HEAD, HEAD + b"\r\n", HEAD + b"\r\nab"],
    ids=["nothing", "a byte", "half a head", "no body", "half a body"],
)
def test_who_keeps_us_waiting_is_hung_up_on(port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(sent)
        assert b"200 OK" not in rest(client)


def test_dripping_does_not_help(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.settimeout(0.05)
        for byte in HEAD * 50:
            try:
                client.sendall(bytes([byte]))
                if client.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
    raise AssertionError("still open")


def test_requests_one_after_the_other_are_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        for _ in range(3):
            client.sendall(HEAD + b"\r\nab")
            client.sendall(b"cd")
            found = b""
            while not found.endswith(b"okabcd"):
                found += client.recv(4096)
