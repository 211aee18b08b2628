"""What a trusted proxy (可信代理) says of a request: the client's address, the login, whether the browser came by https.

Belongs here: whose headers are believed, and reading them. Does not belong here: which proxies there are (settings.py), what is counted by
an address (login.py).

A header is believed only when the peer itself is trusted, and read from the right: a proxy appends, so whatever stands further left may
have been sent by anybody.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from starlette.datastructures import Headers

from desk.settings import DeskSettings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TwoLogins(Exception):
    """The header that names the login came more than once: one of them is not the proxy's."""


def is_trusted(settings: DeskSettings, address: Address | None) -> bool:
    """Return whether an address is one of the trusted proxies."""
    return address is not None and any(address in network for network in settings.proxy_networks)


def client_address(settings: DeskSettings, peer: str, headers: Headers) -> str:
    """Return what failed sign-ins are counted by: the client's address; of IPv6 its /64, which one client has whole.

    Where X-Forwarded-For and Forwarded disagree, the proxy let one of them through unread: then the proxy itself is counted.
    """
    found = _address(peer)
    if found is None:
        return peer[:64]
    if is_trusted(settings, found):
        ways = [hops for hops in (_x_forwarded_for(headers), _forwarded(headers)) if hops]
        clients = {_first_untrusted(settings, found, hops) for hops in ways}
        if len(clients) == 1:
            found = clients.pop()
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def login_by_proxy(settings: DeskSettings, peer: str, headers: Headers) -> str | None:
    """Return the login that a trusted proxy names. A header from any other address counts for nothing."""
    if not settings.proxy_header or not is_trusted(settings, _address(peer)):
        return None
    named = headers.getlist(settings.proxy_header)
    if len(named) > 1:
        raise TwoLogins
    return named[0].strip() or None if named else None


def is_https(settings: DeskSettings, peer: str, scheme: str, headers: Headers) -> bool:
    """Return whether the browser came by https: to us, or to the proxy that says so."""
    said = ",".join(headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip().lower()
    return scheme == "https" or (said == "https" and is_trusted(settings, _address(peer)))


def _first_untrusted(settings: DeskSettings, peer: Address, hops: list[str]) -> Address:
    """Walk from the proxy towards the client; what can't be read (unknown, _hidden) ends the walk."""
    found = peer
    for hop in reversed(hops):
        address = _address(hop)
        if address is None:
            break
        found = address
        if not is_trusted(settings, address):
            break
    return found


def _x_forwarded_for(headers: Headers) -> list[str]:
    return [hop for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]


def _forwarded(headers: Headers) -> list[str]:
    # Split at every comma: with quotes minded, one that a client opens would swallow what the proxy appends.
    elements = [element for line in headers.getlist("forwarded") for element in line.split(",")]
    return [next(_for(element), "") for element in elements]


def _for(element: str) -> Iterator[str]:
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            yield value.strip().strip('"')


def _address(text: str) -> Address | None:
    """Read an address with or without port and brackets; an IPv4 address written as IPv6 is the IPv4 one."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
