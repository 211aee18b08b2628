"""The guard before Dagster's UI (门卫): whoever has no token gets nothing, and no foreign page can make a browser act.

Belongs here: who may send a request to the UI. Does not belong here: serving it (orchestration/inspecting.py), the desk's guards.

Dagster's open UI has no sign-in, and its GraphQL answers a mutation sent by GET: an image on any page deleted a run. The guard wraps
Dagster's own application in the same process, so that subscriptions (websockets) work and no unguarded port is left behind it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration.endings import Refused
from orchestration.operations.backup import write_secret

ENTRANCE: Final = "/zeyou-entrance"
HOURS: Final = 72
MOST_OF_A_FORM: Final = 4_096
SAFE: Final = ("GET", "HEAD", "OPTIONS")
_HEADERS: Final = (
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OWN_POLICY: Final = (
    (b"content-security-policy", b"default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
_PAGE: Final = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>Dagster 界面</title><h1>Dagster 界面</h1><p>{line}</p>'
    '<form method="post" action="{entrance}"><label>令牌 <input name="token" type="password" autocomplete="current-password" required>'
    '</label><input type="hidden" name="next" value="{following}"><button>进入</button></form>'
    "<p>令牌在服务器上数据目录的 secrets/ui.token，由管理员给出。</p></html>"
)


class _Server(uvicorn.Server):
    """A server that leaves signals to the command (orchestration/stopping.py), which ends what it started within seconds."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until the process is ended. The loop is asyncio's: uvloop would take the signals for itself."""
    options = {"log_level": "warning", "server_header": False, "proxy_headers": False, "loop": "asyncio"}
    _Server(uvicorn.Config(app, host=host, port=port, **options)).run()  # type: ignore[arg-type]


def loopback_hosts(port: int) -> set[str]:
    """Return the names under which this machine itself asks."""
    return {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}


def read_token(home: Path) -> str:
    """Return the token of the UI; made where there is none, readable by the service only."""
    path = home / "secrets" / "ui.token"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(24))
    token = path.read_text(encoding="utf-8").strip()
    if len(token) < 16:
        raise Refused(f"{path}：令牌太短；请删除这个文件，再启动，会生成新的")
    return token


class Guard:
    """One ASGI wrapper. `hosts` are the names with ports that may be asked for; the cookie holds a keyed hash of the token."""

    def __init__(self, app: ASGIApp, token: str, hosts: set[str], cookie: str) -> None:
        self._app, self._token, self._cookie = app, token, cookie
        self._hosts = frozenset(host.lower() for host in hosts)
        self._pass = hmac.new(token.encode(), b"cookie", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or one websocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers, is_socket = Headers(scope=scope), scope["type"] == "websocket"
        refusal = self._refusal(scope, headers, is_socket)
        if refusal is None and not is_socket:
            if scope["path"] == ENTRANCE:
                await self._enter(scope, headers, receive, send)
                return
            if "token" in (given := QueryParams(scope["query_string"])) and scope["method"] == "GET":
                await self._answer_token(given["token"], _without_token(scope, given), headers, send)
                return
        if refusal is None and not self._is_known(headers):
            if not is_socket and "text/html" in headers.get("accept", ""):
                await _show_entrance(send, 401, "请输入令牌。", scope["path"])
                return
            refusal = 401, "没有令牌：请先在浏览器里打开界面"
        if refusal is not None:
            await _refuse(send, is_socket, *refusal)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: Headers, is_socket: bool) -> tuple[int, str] | None:
        """Return why nobody may ask this, whatever cookie comes along."""
        named = headers.getlist("host")
        if len(named) != 1 or named[0].lower() not in self._hosts:
            return 421, "这个网址不是本界面的名字（由代理对外的，名字写在 ZEYOU_UI_HOSTS）"
        origin = headers.get("origin")
        if origin is not None and not _is_same(origin, named[0]):
            return 403, "请求来自别的网站，已拒绝"
        if is_socket:
            return None if origin is not None else (403, "请求没有说明来自哪里，已拒绝")
        site = headers.get("sec-fetch-site", "none")
        # A link from elsewhere may lead here; a picture, a script, a form or a fetch from elsewhere may not.
        is_link = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if site not in ("same-origin", "none") and not (is_link and headers.get("sec-fetch-dest") == "document"):
            return 403, "请求来自别的网站，已拒绝"
        if scope["method"] in SAFE and _asks_graphql(scope):
            return 405, "查询和操作只能用 POST"
        return None

    def _is_known(self, headers: Headers) -> bool:
        """Return whether the cookie is ours, or the token comes with the request itself (for scripts)."""
        given = [value for line in headers.getlist("cookie") if (value := cookie_parser(line).get(self._cookie))]
        if any(hmac.compare_digest(value.encode(), self._pass.encode()) for value in given):
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and hmac.compare_digest(token.encode(), self._token.encode())

    async def _enter(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _show_entrance(send, 200, "请输入令牌。", "/")
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if len(body) > MOST_OF_A_FORM:
                await _refuse(send, False, 413, "提交的内容过大")
                return
            if not message.get("more_body"):
                break
        form = parse_qs(body.decode("utf-8", "replace"))
        following = form.get("next", ["/"])[0]
        await self._answer_token(form.get("token", [""])[0].strip(), following, headers, send)

    async def _answer_token(self, token: str, following: str, headers: Headers, send: Send) -> None:
        """Give the browser its cookie and send it on, to a page of ours only."""
        if not following.startswith("/") or following.startswith(("//", "/\\")) or not following.isprintable():
            following = "/"
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            await _show_entrance(send, 401, "令牌不对。", following)
            return
        is_https = headers.get("x-forwarded-proto", "").strip() == "https"  # a lie here only harms who tells it
        cookie = f"{self._cookie}={self._pass}; Path=/; Max-Age={HOURS * 3600}; HttpOnly; SameSite=Lax"
        fields = [
            (b"location", following.encode("ascii", "ignore")),
            (b"set-cookie", (cookie + ("; Secure" if is_https else "")).encode()),
            (b"content-length", b"0"),
            *_OWN_POLICY,
        ]
        await send({"type": "http.response.start", "status": 303, "headers": fields})
        await send({"type": "http.response.body", "body": b""})


def _is_same(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _asks_graphql(scope: Scope) -> bool:
    """Return whether a query stands in the address: pages never ask so, and Dagster would execute even a mutation."""
    return scope["path"].rstrip("/").endswith("/graphql") and bool(scope["query_string"])


def _without_token(scope: Scope, given: QueryParams) -> str:
    left = urlencode([(name, value) for name, value in given.multi_items() if name != "token"])
    path = str(scope.get("raw_path", scope["path"].encode()).decode("ascii", "replace"))
    return path.partition("?")[0] + (f"?{left}" if left else "")


async def _show_entrance(send: Send, status: int, line: str, following: str) -> None:
    page = _PAGE.format(line=line, entrance=ENTRANCE, following=escape(following, quote=True)).encode()
    fields = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode()),
        *_OWN_POLICY,
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*fields, *_HEADERS]})
    await send({"type": "http.response.body", "body": page})


async def _refuse(send: Send, is_socket: bool, status: int, line: str) -> None:
    if is_socket:
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before it is accepted: 403
        return
    text = line.encode()
    fields = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        *_OWN_POLICY,
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*fields, *_HEADERS]})
    await send({"type": "http.response.body", "body": text})
