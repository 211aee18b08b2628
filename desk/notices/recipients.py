"""Who is told (收件人): `ZEYOU_HOME/desk/notices.yaml`, kept by the operator, for robots' addresses are secrets.

Belongs here: reading and checking that file. Does not belong here: sending.

    site: https://desk.example.gov.cn     # where links lead
    recipients:
      - {unit: 甲镇, channel: wecom, address: "https://qyapi.example/cgi-bin/webhook/send?key=…"}
      - {unit: 甲镇, channel: mail, address: office@example.gov.cn}
    operators:                            # 值守：失败、迟到、备份、磁盘
      - {channel: mail, address: admin@example.gov.cn}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

CHANNELS: Final = ("wecom", "mail")


@dataclass(frozen=True)
class Recipient:
    """One address that a unit's digest goes to."""

    unit: str
    channel: str
    address: str


def read_recipients(path: Path) -> tuple[str, list[Recipient]]:
    """Give the address of the site and the recipients; without the file there are none."""
    content = _content(path)
    found = [Recipient(str(r["unit"]), str(r["channel"]), str(r["address"])) for r in content.get("recipients", ())]
    _check(path, found)
    return str(content.get("site", "")).rstrip("/"), found


def read_operators(path: Path) -> list[Recipient]:
    """Return who is told when something fails (值守)."""
    found = [Recipient("值守", str(r["channel"]), str(r["address"])) for r in _content(path).get("operators", ())]
    _check(path, found)
    return found


def _content(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(content, dict):
        raise ValueError(f"{path.name}：应有 site、recipients、operators 三部分")
    return content


def _check(path: Path, found: list[Recipient]) -> None:
    for r in found:
        is_right = r.address.startswith(("https://", "http://")) if r.channel == "wecom" else "@" in r.address
        if r.channel not in CHANNELS or not is_right or any(c in r.address for c in "\r\n "):
            raise ValueError(f"{path.name}：{r.unit} 的 channel 应为 {'、'.join(CHANNELS)} 之一，address 应与之相配")
