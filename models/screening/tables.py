"""The tables of the scanner (红线词表): classes of words, rules over them, measures of national law.

Belongs here: reading the office's law_*.csv, and refusing what can't be read, in Chinese. Does not
belong here: applying them (scanning.py). Notation in a pattern: <6> up to six characters of the same clause, <<6>> of the same
sentence, # a number in figures, @ a number in characters; *, + and {n,} are refused, so matching stays linear in the text.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from office import cached, folder_in_use

STOP: Final = "停止"
REVIEW: Final = "需审查"
FLAG: Final = "提示"
VERDICTS: Final = (FLAG, REVIEW, STOP)
_UNBOUNDED: Final = re.compile(r"(?<!\\)[*+](?![^\[]*\])|\{\d*,\}|\{\d*,?\d{3,}\}")
_PLAIN: Final = re.compile(r"[\u4e00-\u9fff]{1,8}")  # an alternative that is a word and nothing else
_GAP: Final = re.compile(r"<(\d{1,2})>")
_LONG_GAP: Final = re.compile(r"<<(\d{1,2})>>")


@dataclass(frozen=True)
class Rule:
    """One rule: classes that must meet in a sentence, classes that void or weaken it, verdict, article, first day."""

    rule_id: str
    rule_name: str
    kind: str
    needs: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    weaker_if: tuple[str, ...]
    verdict: str
    article: str
    article_text: str
    valid_from: dt.date
    is_verified: bool
    source: str
    example: str
    counter_example: str


@dataclass(frozen=True)
class Tables:
    """Everything the scanner knows."""

    words: Mapping[str, re.Pattern[str]]
    spelled: tuple[str, ...]  # words that are also read in pinyin
    fatal: tuple[str, ...]  # words searched once more in the text without any marks, and by their sound
    national: tuple[tuple[re.Pattern[str], str], ...]  # measures of national law and their documents
    rules: tuple[Rule, ...]
    spoken: tuple[tuple[re.Pattern[str], str], ...]  # how people speak, and the plain words of the same length


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of the tables compiled; raise ValueError where its growth has no bound."""
    if _UNBOUNDED.search(pattern):
        raise ValueError(f"写法不能用 *、+ 或没有上限的次数：{pattern}")
    written = _LONG_GAP.sub(r"[^。;]{0,\1}?", pattern)
    written = _GAP.sub(r"[^。;,:]{0,\1}?", written)
    written = written.replace("#", r"\d{1,12}(?:\.\d{1,6})?").replace("@", r"[零一二三四五六七八九十百千两半\d]{1,8}")
    return re.compile(written)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _names(cell: str) -> tuple[str, ...]:
    return tuple(name for name in cell.split("/") if name)


def read_tables(folder: Path) -> Tables:
    """Return the tables of a folder; raise ValueError with the table and row that can't be read."""
    patterns: dict[str, list[str]] = {}
    for number, row in enumerate(_rows(folder / "law_words.csv"), start=2):
        with _naming("law_words.csv", f"第 {number} 行"):
            compiled(row["pattern"])
            patterns.setdefault(row["class"], []).append(row["pattern"])
    # Lists, not patterns: they are matched by sound.
    spelled, fatal = (tuple("|".join(patterns.pop(name)).split("|")) for name in ("拼音", "致命"))
    plain = {
        word
        for each in patterns.values()
        for p in each
        for word in p.split("|")
        if len(word) > 1 and _PLAIN.fullmatch(word)
    }
    # Listed words first: of two words that sound alike (全免, 全面) the earlier one is read.
    spelled = (*spelled, *sorted(plain - set(spelled)))
    words = {name: compiled(_longest_first(each)) for name, each in patterns.items()}
    national = []
    for row in _rows(folder / "law_national_measures.csv"):
        with _naming("law_national_measures.csv", row["measure"]):
            dt.date.fromisoformat(row["valid_from"])
            national.append((compiled(row["pattern"]), row["document"]))
    rules = []
    for row in _rows(folder / "law_rules.csv"):
        with _naming("law_rules.csv", row["rule_id"]):
            rules.append(_rule(row, words))
    spoken = []
    for row in _rows(folder / "law_spoken.csv"):
        with _naming("law_spoken.csv", row["spoken"]):
            spoken.append((compiled(row["spoken"]), row["plain"]))
    return Tables(words, spelled, fatal, tuple(national), tuple(rules), tuple(spoken))


def _longest_first(patterns: list[str]) -> str:
    """Return patterns as one, so that a longer word is found before one that it begins with."""
    plain = [
        word for pattern in patterns if all(map(_PLAIN.fullmatch, pattern.split("|"))) for word in pattern.split("|")
    ]
    others = [pattern for pattern in patterns if not all(map(_PLAIN.fullmatch, pattern.split("|")))]
    return "|".join(sorted({*plain, *others}, key=lambda each: (-len(each), each)))


def _rule(row: Mapping[str, str], words: Mapping[str, object]) -> Rule:
    needs = tuple(_names(need) for need in row["needs"].split("+"))
    unless, weaker_if = _names(row["unless"]), _names(row["weaker_if"])
    unknown = {name for names in (*needs, unless, weaker_if) for name in names} - set(words)
    if unknown:
        raise ValueError(f"law_words.csv 没有这些词类：{'、'.join(sorted(unknown))}")
    if row["verdict"] not in VERDICTS or not row["article"] or not all(needs):
        raise ValueError("verdict 应为停止、需审查或提示，article、needs 不能为空")
    return Rule(
        row["rule_id"], row["rule_name"], row["kind"], needs, unless, weaker_if, row["verdict"], row["article"],
        row["article_text"], dt.date.fromisoformat(row["valid_from"]), row["is_verified"] == "true", row["source"],
        row["example"], row["counter_example"],
    )  # fmt: skip


@contextmanager
def _naming(table: str, row: str) -> Iterator[None]:
    """Name the table and row of whatever can't be read."""
    try:
        yield
    except (ValueError, KeyError, re.error) as error:
        raise ValueError(f"{table} 的 {row}：{error}") from error


@cached
def tables() -> Tables:
    """Return the tables of this installation."""
    return read_tables(folder_in_use())
