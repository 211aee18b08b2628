"""Words that warn in a text that promises something (承诺事项审查), by the office's table of red-flag words.

Belongs here: reading dbt_project/seeds/red_flag_words.csv and scanning one text. Does not belong here: the same scan over
the ledgers (scr_policy__promises; tests/dbt compares the two), whether something is lawful: people judge that.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

# The one table: the warehouse loads it as a seed, the desk and the command line read the file.
PATH: Final = Path(__file__).resolve().parents[1] / "dbt_project" / "seeds" / "red_flag_words.csv"
STOP: Final = "停止"
NOTE: Final = "命中不等于违法，未命中也不等于合规；由公平竞争审查机构认定。"


@dataclass(frozen=True)
class RedFlag:
    """One rule of the table."""

    flag_id: str
    name: str
    pattern: re.Pattern[str]
    action: str
    article: str
    article_text: str
    valid_from: dt.date
    is_verified: bool


@dataclass(frozen=True)
class Hit:
    """One rule that a text meets, with the words that were found."""

    flag: RedFlag
    found: tuple[str, ...]


def read_red_flags(path: Path = PATH) -> tuple[RedFlag, ...]:
    """Read and check the table; a rule that can't be read is named in Chinese."""
    flags = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                if row["action"] not in (STOP, "需审查") or not row["article"]:
                    raise ValueError("action 应为停止或需审查，article 不能为空")
                flags.append(
                    RedFlag(
                        row["flag_id"], row["flag_name"], re.compile(row["pattern"]), row["action"], row["article"],
                        row["article_text"], dt.date.fromisoformat(row["valid_from"]), row["is_verified"] == "true",
                    )
                )  # fmt: skip
            except (ValueError, KeyError, re.error) as error:
                raise ValueError(f"{path.name} 的 {row.get('flag_id')}：{error}") from error
    return tuple(flags)


@cache
def red_flags() -> tuple[RedFlag, ...]:
    """Give the table of this installation."""
    return read_red_flags()


def scan(text: str, day: dt.date, flags: Sequence[RedFlag] | None = None) -> tuple[Hit, ...]:
    """Find the rules in force before ``day`` that a text meets, in the order of the table; blanks do not hide a word.

    Examples
    --------
    >>> [hit.flag.name for hit in scan("对企业所缴税款先征 后返", dt.date(2026, 6, 30))]
    ['先征后返']
    """
    spoken = text.translate({ord(" "): None, ord("　"): None})
    hits = []
    for flag in red_flags() if flags is None else flags:
        found = tuple(dict.fromkeys(m.group(0) for m in flag.pattern.finditer(spoken))) if flag.valid_from < day else ()
        if found:
            hits.append(Hit(flag, found))
    return tuple(hits)


def is_stopped(hits: Sequence[Hit]) -> bool:
    """Whether a text may not be promised as it stands."""
    return any(hit.flag.action == STOP for hit in hits)


def in_words(hits: Sequence[Hit]) -> str:
    """Give the finding for a terminal."""
    lines = [
        f"{hit.flag.action}　{hit.flag.name}：“{'”“'.join(hit.found)}”　{hit.flag.article}："
        f"{hit.flag.article_text}{'' if hit.flag.is_verified else '　〔未核实〕'}"
        for hit in hits
    ]
    verdict = "含须停止的内容，不得承诺" if is_stopped(hits) else "需送公平竞争审查" if hits else "没有命中红线词"
    return "\n".join([verdict, *lines, NOTE])
