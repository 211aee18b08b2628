"""What may not be a password (弱密码): too short, too plain, a common word with a tail, a run of the keyboard.

Belongs here: judging a new password by passwords.yaml. Does not belong here: hashing, signing in (login.py).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from office import cached, settings_file

SHORTEST: Final = 10
FEWEST_KINDS: Final = 5  # different characters
SHORTEST_RUN: Final = 6
_LETTERS: Final = str.maketrans("0134578@$!", "oleastbasi")
_ENDS: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")


@dataclass(frozen=True)
class Plain:
    """Checked content of passwords.yaml."""

    words: frozenset[str]
    runs: tuple[str, ...]


def read_plain(content: Mapping[str, Any]) -> Plain:
    """Check the content of the file."""
    if not isinstance(content.get("valid_from"), dt.date) or not content.get("words") or not content.get("runs"):
        raise ValueError("passwords.yaml：valid_from、words、runs 缺失或写错")
    runs = [str(run) for run in content["runs"]]
    return Plain(
        frozenset(str(word).casefold() for line in content["words"] for word in line),
        tuple(way for run in runs for way in (run, run[::-1])),
    )


@cached
def plain() -> Plain:
    """Return the table of this installation."""
    return read_plain(yaml.safe_load(settings_file("passwords.yaml").read_text(encoding="utf-8-sig")))


def weakness(password: str, login: str, name: str) -> str:
    """Return in Chinese why a password is too weak, and how to choose another; empty if it is not.

    Examples
    --------
    >>> bool(weakness("password12", "jia", "甲")), weakness("correct horse battery", "jia", "甲")
    (True, '')
    """
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(password) < SHORTEST:
        return f"新密码至少 {SHORTEST} 位"
    if any(len(own) > 1 and own.casefold() in folded for own in (login, name)):
        return "新密码不能含账号或姓名"
    if folded.isdigit():
        return "新密码不能全是数字，请加上文字"
    if len(set(folded)) < FEWEST_KINDS:
        return f"新密码里不同的字符少于 {FEWEST_KINDS} 个，请换一个"
    if _is_common(folded) or len(_without_runs(folded)) < SHORTEST - SHORTEST_RUN:
        return "新密码太常见（常用词加数字，或键盘顺序），请换成几个不相干的词"
    return ""


def _is_common(folded: str) -> bool:
    """Return whether only common words, each perhaps repeated, are left of a password between its digits and signs."""
    core = _ENDS.sub("", folded)
    for text in (core, core.translate(_LETTERS)):
        parts = [part for part in re.split(r"[\W\d_]+", text) if part]
        if not parts or all(part in plain().words or _repeated(part) in plain().words for part in parts):
            return True
    return False


def _repeated(part: str) -> str:
    """Return what a text repeats; itself if nothing."""
    at = (part + part).find(part, 1)
    return part[:at]


def _without_runs(folded: str) -> str:
    """Take the longest runs of the table out of a password."""
    for length in range(len(folded), SHORTEST_RUN - 1, -1):
        for start in range(len(folded) - length + 1):
            piece = folded[start : start + length]
            if any(piece in run for run in plain().runs):
                return _without_runs(folded[:start] + folded[start + length :])
    return folded
