"""Digests to a robot and a mailbox: local fakes of both, honest first, then refusing."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desk.notices.recipients import Recipient
from desk.notices.sending import WECOM_BYTES, Mail, NotSent, queue_digests, send_waiting, to_mailbox, to_robot
from desk.store.models import Notice
from orchestration.command_line import main
from tests.integration.desk.desk_site import NASTY, NOW, UNITS, Site, secret_of


class Robot(BaseHTTPRequestHandler):
    got: list[dict[str, Any]] = []  # noqa: RUF012
    errcode = 0

    def do_POST(self) -> None:
        Robot.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        body = json.dumps({"errcode": Robot.errcode, "errmsg": "x"}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Post(socketserver.StreamRequestHandler):
    got: list[str] = []  # noqa: RUF012

    def handle(self) -> None:
        self.wfile.write(b"220 fake\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.decode())
                Post.got.append("".join(lines))
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


@contextmanager
def serving(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_digests_go_once_hold_counts_only_and_refusals_wait(site: Site) -> None:
    Robot.got, Post.got, Robot.errcode = [], [], 0
    desk = site.app.state.desk
    site.browser("yi").post("/leads/refuse", {"lead_id": "L00001", "reason": "来函拒绝"})
    with (
        serving(HTTPServer(("127.0.0.1", 0), Robot)) as robot,
        serving(socketserver.TCPServer(("127.0.0.1", 0), Post)) as post,
    ):
        mail = Mail("127.0.0.1", post, "desk@example.invalid", is_encrypted=False)
        recipients = [
            Recipient("乙街道", "wecom", f"http://127.0.0.1:{robot}/send?key=secret"),
            Recipient("甲镇", "wecom", f"http://127.0.0.1:{robot}/send?key=secret"),
            Recipient("甲镇", "mail", "office@example.invalid"),
        ]
        pauses: list[float] = []

        def queue() -> int:
            return len(queue_digests(desk.sessions, desk.lists, "https://desk.invalid", recipients, NOW))

        def send(given: Mail | None = mail) -> tuple[int, int]:
            return send_waiting(desk.sessions, given, lambda: NOW, pauses.append)

        assert (queue(), queue()) == (3, 0)
        Robot.errcode = 45009
        assert send(None) == (0, 3) and len(Robot.got) == 1  # too often: the robot is left alone until the next call
        Robot.errcode = 0
        assert send() == (3, 0) and send() == (0, 0) and pauses == [3.0]
        told = [g["markdown"]["content"] for g in Robot.got[1:]]
        # L00001 (乙街道) and L00051 (甲镇) are of the firm that refused: each unit has 29 of its thirty left.
        assert "乙街道：参加排序 29 条（B 档 29 条）" in told[0] and "甲镇：参加排序 29 条" in told[1]
        assert "https://desk.invalid/unit?name=" in told[0] and "合成数据" in told[0]
        everything = "".join(told) + "".join(Post.got)
        assert len(Post.got) == 1
        for unit in UNITS:
            assert not any(value in everything for value in secret_of(unit).values())
        assert not any(name in everything for name in NASTY) and "云川" not in everything
        to_robot(f"http://127.0.0.1:{robot}/", "长", "线索很多\n" * 2000)
        assert len(Robot.got[-1]["markdown"]["content"].encode()) <= WECOM_BYTES
    with site.database() as session:
        kept = list(session.scalars(sa.select(Notice)))
    assert all(n.sent_at and "secret" not in (n.last_error or "") for n in kept)


def test_a_dry_run_prints_and_sends_nothing(site: Site, monkeypatch: Any, capsys: Any) -> None:
    folder = site.home / "desk"
    folder.mkdir(exist_ok=True)
    text = (
        "site: https://desk.invalid\nrecipients:\n  - {unit: 甲镇, channel: wecom, address: 'http://127.0.0.1:9/x'}\n"
    )
    (folder / "notices.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ZEYOU_HOME", str(site.home))
    monkeypatch.setenv("DESK_DATABASE_URL", site.app.state.desk.settings.database_url)
    assert main(["desk", "notify", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "参加排序 30 条" in told and "没有发送" in told
    with site.database() as session:
        assert session.scalar(sa.select(Notice)) is None
    (folder / "notices.yaml").write_text(
        "recipients:\n  - {unit: 甲, channel: wecom, address: 'ftp://x'}\n", encoding="utf-8"
    )
    assert main(["desk", "notify"]) == 1


class TlsPost:
    """A mail server with STARTTLS and a certificate of its own making; notes every line that it is sent."""

    def __init__(self, folder: Path, name: str, offers_tls: bool = True) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
        now = dt.datetime.now(dt.UTC)
        alternative: x509.GeneralName = (
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        )
        certificate = (
            x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(7)
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.certificate = folder / "mail.pem"
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "mail.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *secret))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, folder / "mail.key")
        self.offers_tls, self.got, self.port = offers_tls, list[str](), 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 fake\r\n")
        try:
            while line := await reader.readline():
                self.got.append(line.decode().strip())
                word = line[:4].upper()
                if word == b"EHLO":
                    more = b"250-STARTTLS\r\n" if self.offers_tls else b""
                    writer.write(b"250-fake\r\n" + more + b"250 AUTH PLAIN LOGIN\r\n")
                elif word == b"STAR":
                    writer.write(b"220 go\r\n")
                    await writer.start_tls(self.context)
                elif word == b"AUTH":
                    writer.write(b"235 ok\r\n")
                elif word == b"DATA":
                    writer.write(b"354 go\r\n")
                    while await reader.readline() != b".\r\n":
                        pass
                    writer.write(b"250 ok\r\n")
                else:
                    writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
        except (OSError, ssl.SSLError):
            pass
        writer.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(asyncio.start_server(self.handle, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        yield
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@pytest.mark.parametrize(
    ("name", "is_known", "offers_tls", "said"),
    [("127.0.0.1", True, True, ""), ("127.0.0.1", False, True, "证书不可信"), ("mail.example.invalid", True, True, "证书不可信"),
     ("127.0.0.1", True, False, "不支持加密")],
)  # fmt: skip
def test_a_mail_password_goes_to_the_named_server_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_known: bool, offers_tls: bool, said: str
) -> None:
    """Self-signed, another's certificate, no TLS at all: neither password nor notice leaves."""
    post = TlsPost(tmp_path, name, offers_tls)
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(post.certificate))
    with post.running():
        mail = Mail("127.0.0.1", post.port, "desk@example.invalid", "desk", "mail secret")
        if not said:
            to_mailbox(mail, "office@example.invalid", "摘要", "一条")
            assert any(line.startswith("AUTH") for line in post.got)
            return
        with pytest.raises(NotSent, match=said):
            to_mailbox(mail, "office@example.invalid", "摘要", "一条")
    assert not any(line.startswith(("AUTH", "MAIL", "DATA")) for line in post.got)
