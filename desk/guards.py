"""Guards around every request (防护): response headers, size of bodies, where a form may come from.

Belongs here: what holds for all pages and workbooks alike. Does not belong here: who may see a row (access.py), the form's own token
(pages/context.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No inline script, no inline style, nothing from outside; forms go home only; nobody frames us.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
SAFE: Final = ("GET", "HEAD", "OPTIONS")
_SIZE: Final = re.compile("[0-9]{1,15}")


class TooLarge(Exception):
    """A body grew over the limit while it came in."""


class Guards:
    """One ASGI wrapper: adds headers, counts bodies, refuses forms that another site sends."""

    def __init__(self, app: ASGIApp, limit: int, upload_limit: int, upload_paths: tuple[str, ...] = ()) -> None:
        self._app, self._limit, self._upload_limit, self._upload_paths = app, limit, upload_limit, upload_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        limit = self._upload_limit if scope["path"] in self._upload_paths else self._limit
        if scope["method"] not in SAFE and _is_foreign(headers):
            await _plain(send, 403, "请求来自别的网站，已拒绝")
            return
        declared = headers.get("content-length", "0")
        if not _SIZE.fullmatch(declared) or int(declared) > limit:
            await _plain(send, 413, f"提交的内容过大，上限 {limit // 1000:,} KB")
            return
        taken, started, exceeded = 0, False, False

        async def counted() -> Message:
            nonlocal taken, exceeded
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                exceeded = True
                raise TooLarge
            return message

        async def guarded(message: Message) -> None:
            nonlocal started
            if exceeded and not started:
                # Whoever read the body turned our exception into an answer of its own; ours is the true one.
                return
            if message["type"] == "http.response.start":
                started = True
                present = {name for name, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in present]
                if not scope["path"].startswith("/static/"):
                    extra.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        with suppress(TooLarge):
            await self._app(scope, counted, guarded)
        if exceeded and not started:
            await _plain(send, 413, f"提交的内容过大，上限 {limit // 1000:,} KB")


def _is_foreign(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser says that another site sent the request; the form's token is checked besides."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    if not origin or origin == "null":
        return False
    return origin.partition("://")[2] != headers.get("host", "")


async def _plain(send: Send, status: int, text: str) -> None:
    body = json.dumps({"detail": text}, ensure_ascii=False).encode()
    fields: list[tuple[bytes, bytes]] = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
    fields += [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def same_site_path(address: str) -> str:
    """Give an address to go on to after signing in; anything that leaves this site becomes the front page.

    Examples
    --------
    >>> same_site_path("/lead?id=1"), same_site_path("//evil.example/x"), same_site_path("https://evil.example")
    ('/lead?id=1', '/', '/')
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # such as a bracket that opens and never closes
        return "/"
    fits = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if fits and address.isprintable() and "\\" not in address else "/"


def storable(text: str) -> str:
    """Keep texts that every database takes: no control characters but the end of a line, no half characters."""
    text = text.strip().replace("\r\n", "\n")
    if any((ord(c) < 32 and c != "\n") or 0xD800 <= ord(c) <= 0xDFFF or c == "\x7f" for c in text):
        raise ValueError("含有不能保存的控制字符")
    return text
