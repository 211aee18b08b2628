"""Columns of a workbook that comes back, its sealed `_meta`, and the opaque marks of its rows (列、封签、行标记).

Belongs here: what both directions must agree on. Does not belong here: layout (writing.py), checks (reading.py).

A mark is a keyed hash of the workbook and the lead: it can't be guessed, and says nothing outside the desk. `version` is the
newest event that the workbook could show: whatever came later is a conflict.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from desk.rules import ANSWERS, LEVELS, METHODS, RESULTS, USEFULNESS, Rules

KEY: Final = "workbooks"  # purpose of the key, desk/store/keys.py
SHEET, META, OPTIONS = "名单", "_meta", "选项"
MARK, SAID, RESULT = "行标记（勿改）", "错误说明", "处理结果"
REFUSED, CONFLICT = "需修改", "冲突"
# What Excel, WPS or a reader of .csv may take for a formula, with the full-width signs that a Chinese keyboard gives.
FORMULA: Final = re.compile(r"^[\s'＇]*[=＝+＋\-－﹣−@＠]")
Kind = Literal["choice", "text", "date"]


@dataclass(frozen=True)
class Input:
    """One column that people fill in."""

    name: str
    title: str
    kind: Kind
    width: float


INPUTS: Final = (
    Input("answer", "回答", "choice", 11),
    Input("reason", "原因", "choice", 16),
    Input("usefulness", "名单有用吗", "choice", 11),
    Input("follow_up_date", "跟进日期", "date", 12),
    Input("method", "跟进方式", "choice", 10),
    Input("led_by", "带队层级", "choice", 10),
    Input("content", "跟进内容", "text", 40),
    Input("result", "跟进结果", "choice", 11),
    Input("next_step", "下一步计划", "text", 26),
    Input("next_step_date", "下次联系日期", "date", 13),
)


def choices(rules: Rules) -> dict[str, list[str]]:
    """Give the words of each column with a dropdown (下拉)."""
    return {
        "answer": list(ANSWERS),
        "reason": list(dict.fromkeys(reason for found in rules.answers.values() for reason in found)),
        "usefulness": list(USEFULNESS),
        "method": list(METHODS),
        "led_by": list(LEVELS),
        "result": list(RESULTS),
    }


class Unsealed(ValueError):
    """A workbook that is not one of ours, or whose seal does not fit; the message is Chinese."""


@dataclass(frozen=True)
class Meta:
    """What a workbook says of itself, sealed: for whom it was made, from which list and view, what it could show."""

    book_id: str
    snapshot_id: str
    view: str
    login: str
    version: int
    issued_at: str

    @classmethod
    def new(cls, snapshot_id: str, view: str, login: str, version: int, now: dt.datetime) -> Meta:
        """Give the meta of a new workbook."""
        issued = now.astimezone(dt.UTC).isoformat(timespec="seconds")
        return cls(secrets.token_hex(8), snapshot_id, view, login, version, issued)

    def sealed(self, key: bytes) -> tuple[str, str]:
        """Give the text of the meta and its seal."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return text, _seal(key, f"meta|{text}")

    @classmethod
    def opened(cls, key: bytes, text: str, seal: str) -> Meta:
        """Read the meta back, if the seal fits."""
        if not hmac.compare_digest(_seal(key, f"meta|{text}"), seal):
            raise Unsealed("封签不符：这份工作簿的“_meta”被改动过，或不是本系统下载的；请重新下载")
        content: dict[str, Any] = json.loads(text)
        return cls(**content)

    def mark(self, key: bytes, lead_id: str) -> str:
        """Give the mark of a lead's row in this workbook."""
        return _seal(key, f"row|{self.book_id}|{lead_id}")[:20]


def _seal(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
