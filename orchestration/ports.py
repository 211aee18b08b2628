"""Ports of this machine (端口): whether a server can take one, asked before it starts.

Belongs here: the question and its Chinese answer. Does not belong here: reading a port that was typed (arguments.py), servers.
"""

from __future__ import annotations

import socket

from orchestration.endings import Refused


def require_free_port(host: str, port: int) -> None:
    """Raise Refused with one line if nothing can listen there."""
    try:
        ((family, kind, _, _, address), *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise Refused(f"没有 {host} 这个地址；请改 --host，只在本机用则不写") from None
    with socket.socket(family, kind) as probe:
        # As the server asks: a port that was just let go is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            raise Refused(
                f"端口 {port} 已被占用或不许使用；请关闭占用它的程序，或换一个：--port {port % 60000 + 1}"
            ) from None
