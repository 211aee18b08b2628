"""Settings of the desk (设置): the one place here that reads the environment.

Belongs here: addresses, folders, who is trusted as a proxy, limits that an operator sets. Does not belong here: rules that
the office edits (office), secrets in files of the repository.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Oidc:
    """A sign-on server (统一身份认证). `login_claim` names the claim that equals a login of the desk."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_address: str
    login_claim: str = "preferred_username"


@dataclass(frozen=True)
class DeskSettings:
    """One desk. `proxy_networks` are the trusted proxies: only their headers count, `proxy_header` names the one with the login."""

    home: Path
    database_url: str
    proxy_header: str = ""
    proxy_networks: tuple[Network, ...] = ()
    is_cookie_secure: bool = False
    oidc: Oidc | None = None
    body_limit_bytes: int = 1_000_000
    upload_limit_bytes: int = 20_000_000

    @property
    def published(self) -> Path:
        """Folder of snapshots that the nightly job swaps in."""
        return self.home / "published"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> DeskSettings:
        """Read ZEYOU_HOME and DESK_*; without DESK_DATABASE_URL an SQLite file under ZEYOU_HOME/desk."""
        found = os.environ if environment is None else environment
        home = Path(found.get("ZEYOU_HOME") or REPOSITORY / "var").resolve()
        networks = [part.strip() for part in found.get("DESK_PROXY_ADDRESSES", "").split(",") if part.strip()]
        header = found.get("DESK_PROXY_HEADER", "")
        if header and not networks:
            raise ValueError("DESK_PROXY_HEADER：还须在 DESK_PROXY_ADDRESSES 写明可信代理的地址")
        oidc = None
        if found.get("DESK_OIDC_ISSUER"):
            oidc = Oidc(
                found["DESK_OIDC_ISSUER"].rstrip("/"),
                found["DESK_OIDC_CLIENT_ID"],
                found["DESK_OIDC_CLIENT_SECRET"],
                found["DESK_OIDC_REDIRECT"],
                found.get("DESK_OIDC_LOGIN_CLAIM", "preferred_username"),
            )
        return cls(
            home=home,
            database_url=found.get("DESK_DATABASE_URL") or f"sqlite:///{home / 'desk' / 'desk.sqlite'}",
            proxy_header=header,
            proxy_networks=tuple(ipaddress.ip_network(part) for part in networks),
            is_cookie_secure=found.get("DESK_COOKIE_SECURE", "") == "1",
            oidc=oidc,
        )
