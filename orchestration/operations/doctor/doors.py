"""Checks of what is open to others (门户): the desk's port, the guard before Dagster's UI, TLS, the units of the system.

Belongs here: what is asked over a socket or of systemd. Does not belong here: the guard itself (operations/guard.py).
"""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import ssl
import subprocess
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from desk.notices.recipients import read_recipients
from orchestration.operations.doctor.situation import Situation, Verdict, bad, ok, unknown, warn
from orchestration.operations.installing import SERVICES

SECONDS: Final = 3.0
CERTIFICATE_DAYS: Final = 21


def desk_port(situation: Situation) -> Verdict:
    """Ask the desk how it is."""
    port = situation.service.desk_port
    answer = _get(f"http://127.0.0.1:{port}/health")
    if answer is None:
        if not situation.service.is_installed:
            return unknown(f"办公桌没有启动（端口 {port}）", "zeyou desk serve")
        return bad(f"办公桌没有应答（端口 {port}）", "systemctl restart zeyou-desk；看 journalctl -u zeyou-desk")
    if answer.status_code != 200 or "snapshot_id" not in answer.text:
        return bad(
            f"端口 {port} 上应答的不是办公桌，或它出错（HTTP {answer.status_code}）", f"ss -ltnp 查谁占用 {port}"
        )
    return ok(f"办公桌在应答（端口 {port}）")


def ui_guard(situation: Situation) -> Verdict:
    """Ask Dagster's UI for a page as a stranger: only its guard may answer."""
    port = situation.service.ui_port
    answer = _get(f"http://127.0.0.1:{port}/server_info")
    if answer is None:
        if not situation.service.is_installed:
            return unknown(f"Dagster 界面没有启动（端口 {port}）", "zeyou ui")
        return bad(f"Dagster 界面没有应答（端口 {port}）", "systemctl restart zeyou-ui；看 journalctl -u zeyou-ui")
    if answer.status_code == 200:
        return bad(
            f"端口 {port} 上的 Dagster 界面没有门卫：任何网页都能指使它",
            "停掉它，改用 zeyou ui（不要直接用 dagster dev）",
        )
    return ok(f"Dagster 界面在门卫之后（端口 {port}）")


def tls(situation: Situation) -> Verdict:
    """Open the site that notices lead to, and look at its certificate."""
    try:
        site, _ = read_recipients(situation.home / "desk" / "notices.yaml")
    except (ValueError, KeyError, TypeError, AttributeError):
        return unknown("notices.yaml 写错，不知网址")
    address = urlsplit(site)
    if not site:
        if not situation.service.is_installed:
            return unknown("没有对外的网址，只在本机用")
        return warn("没有写对外的网址，不知是否用了 HTTPS", "在 desk/notices.yaml 写 site: https://…，代理见 deploy/")
    if address.scheme != "https" or not address.hostname:
        return bad(f"{site} 不是 HTTPS：密码和名单明文在网上走", "按 deploy/ 的例子放一个 Caddy 或 nginx 在前面")
    try:
        with (
            socket.create_connection((address.hostname, address.port or 443), timeout=SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=address.hostname) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as problem:
        return bad(f"{site} 的证书不可信（{problem.verify_message}）", "换证书；单位自己的根证书用 SSL_CERT_FILE 指明")
    except OSError as problem:
        return bad(f"{site} 连不上（{type(problem).__name__}）", "看代理是否在运行，域名是否指到本机")
    left = parsedate_to_datetime(str(certificate["notAfter"])) - situation.now
    line = f"{site} 的证书还有 {left.days} 天到期"
    return ok(line) if left > dt.timedelta(days=CERTIFICATE_DAYS) else warn(line, "续期证书，并让代理重新载入")


def units(situation: Situation) -> Verdict:
    """Ask systemd for the services and timers."""
    if not situation.service.is_installed:
        return unknown("没有装成服务", "zeyou install")
    if shutil.which("systemctl") is None:
        return unknown("本机没有 systemd", "用单位自己的办法保证这些命令一直运行（见 deploy/）")
    done = subprocess.run(
        ["systemctl", "is-active", *SERVICES], capture_output=True, text=True, check=False, timeout=10
    )
    states = dict(zip(SERVICES, done.stdout.split(), strict=False))
    down = [name for name in SERVICES if states.get(name) != "active"]
    if down:
        return bad(f"没有运行：{'、'.join(down)}", f"systemctl enable --now {' '.join(down)}")
    return ok(f"{len(SERVICES)} 个服务和定时都在运行")


def _get(address: str) -> httpx.Response | None:
    try:
        return httpx.get(address, timeout=SECONDS, follow_redirects=False, trust_env=False)
    except httpx.HTTPError:
        return None
