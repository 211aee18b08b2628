"""Whose address a request has: a trusted proxy's word for it, read from the right; anybody else's for nothing."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from desk.proxies import TwoLogins, client_address, is_https, login_by_proxy
from desk.settings import DeskSettings

PROXIES = ("10.1.0.0/16", "fd00::/8")
SETTINGS = DeskSettings(
    Path(), "sqlite://", proxy_header="X-Login", proxy_networks=tuple(ipaddress.ip_network(p) for p in PROXIES)
)
trusted = st.sampled_from(["10.1.0.1", "10.1.255.3", "fd00::7", "::ffff:10.1.0.9"])
client = st.sampled_from(["203.0.113.9", "198.51.100.77", "10.2.0.1", "2001:db8:1:2::5"])
# What a client may have sent itself: other addresses, trusted ones too, and what would upset a careless reader.
lie = st.one_of(
    trusted, client, st.sampled_from(["", "unknown", 'for="', '"', ";", "for=10.1.0.1", "1.2.3.4;for=5.6.7.8"])
)


def counted(address: str) -> str:
    found = ipaddress.ip_address(address)
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def forwarded(address: str) -> str:
    return f'proto=https;For="[{address}]:4711";by=_x' if ":" in address else f"for={address}"


@given(trusted, client, st.lists(trusted, max_size=3), st.lists(lie, max_size=3), st.booleans(), st.booleans())
def test_a_client_behind_proxies_is_counted_whatever_it_sent(
    peer: str, address: str, hops: list[str], lies: list[str], is_standard: bool, is_one_line: bool
) -> None:
    # The client's own words first; each proxy appends whom it was asked by.
    written = [forwarded(a) if is_standard else a for a in [address, *hops]]
    lines = [", ".join([*lies, *written])] if is_one_line else [*lies, *written]
    name = b"forwarded" if is_standard else b"x-forwarded-for"
    headers = Headers(raw=[(name, line.encode()) for line in lines])
    assert client_address(SETTINGS, peer, headers) == counted(address)
    other = b"x-forwarded-for" if is_standard else b"forwarded"
    both = Headers(raw=[*headers.raw, (other, b"for=192.0.2.1" if other == b"forwarded" else b"192.0.2.1")])
    mapped = ipaddress.ip_address(peer)
    itself = str(mapped.ipv4_mapped) if mapped.version == 6 and mapped.ipv4_mapped else counted(peer)
    assert client_address(SETTINGS, peer, both) == itself  # a header that the proxy let through unread


@given(client, st.lists(lie, max_size=3))
def test_whoever_is_no_proxy_is_counted_itself(peer: str, lies: list[str]) -> None:
    raw = [(name, line.encode()) for line in lies for name in (b"x-forwarded-for", b"forwarded", b"x-login")]
    headers = Headers(raw=[*raw, (b"x-login", b"root"), (b"x-forwarded-proto", b"https")])
    assert client_address(SETTINGS, peer, headers) == counted(peer)
    assert login_by_proxy(SETTINGS, peer, headers) is None and not is_https(SETTINGS, peer, "http", headers)


def test_a_client_of_ipv6_is_counted_by_its_network() -> None:
    asked = {
        client_address(SETTINGS, "10.1.0.1", Headers({"x-forwarded-for": f"2001:db8:1:2::{n:x}"})) for n in range(9)
    }
    assert asked == {"2001:db8:1:2::/64"}
    assert client_address(SETTINGS, "10.1.0.1", Headers()) == "10.1.0.1"
    assert client_address(SETTINGS, "", Headers()) == ""


def test_two_logins_of_a_proxy_are_one_too_many() -> None:
    one, two = [(b"x-login", b"jia")], [(b"x-login", b"root"), (b"x-login", b"jia")]
    assert login_by_proxy(SETTINGS, "10.1.0.1", Headers(raw=one)) == "jia"
    assert login_by_proxy(SETTINGS, "10.1.0.1", Headers({"x-login": " "})) is None
    with pytest.raises(TwoLogins):
        login_by_proxy(SETTINGS, "10.1.0.1", Headers(raw=two))
