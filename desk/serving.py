"""Serving the application (上网服务): uvicorn, with an end to waiting for a client.

Belongs here: the server's options and how long a connection may keep it waiting. Does not belong here: the application, the command line.

uvicorn ends only connections that are idle after an answer: one that never asks, or sends its request a byte a minute, stays for good and
takes one of the files that the process may open.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

# The head of a request comes in one piece; 20 MB, the largest workbook, take four minutes on a slow phone.
SECONDS: Final = {"head": 20.0, "body": 300.0}


class Patient(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """A connection that waits so long for the head of a request, so long for its body, and no longer."""

    _waits_for = ""
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came, and see what is waited for now."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._stop()

    def _wait(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            waits_for = "head"
        else:
            waits_for = "body" if self.cycle.more_body else ""
        if waits_for == self._waits_for:
            return  # the time runs from the first byte on, whatever comes after it
        self._stop()
        self._waits_for = waits_for
        if waits_for:
            self._end = asyncio.get_running_loop().call_later(SECONDS[waits_for], self.transport.close)

    def _stop(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


# Forwarded headers are ours to judge (desk/proxies.py): uvicorn must not rewrite the peer's address.
OPTIONS: Final[dict[str, Any]] = {
    "http": Patient, "log_level": "warning", "server_header": False, "proxy_headers": False
}  # fmt: skip
