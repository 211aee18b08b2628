"""Keys of rows that have only 序号 (无编号台账的编号): by unit, firm, project and first day, kept from file to file.

Belongs here: which row of a new file is which row of an earlier one, what is asked, the store of all that was seen.
Does not belong here: duplicates within one file (doubtful_keys.py), which enterprise it is (matching).

The scheme. The key of a row first seen is a hash of its four parts. Every combination of parts ever taken for a row is kept
with its key, so that a file sent or read again, in whatever order, gives the same keys. A row that nobody has seen takes an
earlier key if just one of the four parts differs, and only by a small edit: another first day, a unit or firm written longer or
shorter, a firm that was not known (待定) before, a word of the project. The earlier row must not stand in the same table itself.
What differs in a way that tells two projects apart (一期 and 二期, 3万吨 and 5万吨), or may be either of two rows, is a question. Two
parts changed at once are a new row: nothing in the file says otherwise.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from characters import plain_forms
from intake.values import fold
from storage import write_json

MINTED: Final = "自编-"
NEW: Final = "新"
LIKE: Final = 0.7  # share of the letters that two spellings of a project have in common
_PUNCTUATION = re.compile(r"[\s\"'“”‘’,，.。:：;；、()（）《》<>【】\[\]\-—_/]")
_TELLING = re.compile(
    r"[0-9a-zA-Z一二三四五六七八九十百千零两甲乙丙丁戊东南西北中上下左右前后新老旧增扩续期号楼区段标]"
)
_UNIT_ENDS = re.compile(r"(?:办事处|人民政府|管委会|管理委员会|党工委)$")
Parts = tuple[str, str, str, str]  # unit, firm, project, first day ("" where the ledger has none)
UNIT, FIRM, PROJECT, DAY = range(4)
NAMES: Final = ("负责单位", "投资主体", "项目名称", "首报日期")


def keys_path(home: Path) -> Path:
    """Return where the rows of an installation are kept."""
    return home / "identity" / "ledger_keys.json"


@dataclass(frozen=True)
class KeyQuestion:
    """A row that may be an earlier one: its parts, the keys it may have, where it stands, since when it waits."""

    parts: Parts
    keys: tuple[str, ...]
    file: str
    sheet: str
    since: str

    @property
    def question_id(self) -> str:
        """Return the id by which the question is answered."""
        return _hash(self.parts)


def _hash(parts: Parts) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def _fold(text: Any) -> str:
    plain = "".join(plain_forms().get(letter, letter) for letter in fold(str(text or "")))
    return _PUNCTUATION.sub("", plain).lower()


def _is_firm(name: str) -> bool:
    from intake.matching.placeholders import names_a_firm  # brings DuckDB along, which few readings need

    return names_a_firm(name)


def parts_of(unit: Any, firm: Any, project: Any, day: dt.date | None) -> Parts:
    """Return the parts of a row in the form in which they compare."""
    return (
        _UNIT_ENDS.sub("", _fold(unit)), _fold(firm).replace("有限责任公司", "有限公司"), _fold(project),
        day.isoformat() if day else "",
    )  # fmt: skip


def _differs(part: int, one: str, other: str) -> str:
    """Say how two spellings of one part differ: `small`, `ask` or `other`."""
    if part == DAY:
        return "small"
    if part == UNIT:
        return "small" if min(len(one), len(other)) > 1 and (one in other or other in one) else "other"
    if part == FIRM and not (_is_firm(one) and _is_firm(other)):
        return "small"
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    is_within = min(len(one), len(other)) >= 3 and (one in other or other in one)
    if not is_within and matcher.ratio() < LIKE:
        return "other"
    changed = "".join(one[a:b] + other[c:d] for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal")
    if part == FIRM and is_within:  # a short name written out
        return "small"
    return "ask" if _TELLING.search(changed) else "small"


@dataclass
class KeyBook:
    """All rows of one ledger that were ever told apart by their parts, and what is asked about others."""

    known: dict[Parts, str] = field(default_factory=dict)
    first_days: dict[str, str] = field(default_factory=dict)  # of keys whose ledger has no day, as they were first seen
    decisions: dict[str, str] = field(default_factory=dict)  # question -> key, or NEW
    questions: dict[str, KeyQuestion] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None, ledger: str) -> KeyBook:
        """Read the rows of a ledger; a missing file has none."""
        if path is None or not path.is_file():
            return cls()
        content = json.loads(path.read_text(encoding="utf-8")).get(ledger, {})
        asked = [
            KeyQuestion(_parts(q["parts"]), tuple(q["keys"]), q["file"], q["sheet"], q["since"])
            for q in content.get("questions", [])
        ]
        return cls(
            {_parts(row["parts"]): row["key"] for row in content.get("rows", [])},
            content.get("first_days", {}),
            content.get("decisions", {}),
            {q.question_id: q for q in asked},
        )

    def save(self, path: Path, ledger: str) -> None:
        """Write the rows of a ledger, in an order that depends on nothing but them."""
        whole = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        whole[ledger] = {
            "rows": [{"parts": list(parts), "key": key} for parts, key in sorted(self.known.items())],
            "first_days": dict(sorted(self.first_days.items())),
            "decisions": dict(sorted(self.decisions.items())),
            "questions": [
                {"parts": list(q.parts), "keys": list(q.keys), "file": q.file, "sheet": q.sheet, "since": q.since}
                for _, q in sorted(self.questions.items())
            ],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, whole)

    def assign(self, rows: Sequence[Parts]) -> list[str | tuple[str, ...]]:
        """Return the key of each row of one table, or the keys between which nothing decides.

        Nothing is remembered: :meth:`remember` does, once the rows are taken.
        """
        found: list[str | tuple[str, ...] | None] = [self._settled(parts) for parts in rows]
        here = {key for key in found if isinstance(key, str)}
        nearest = self._nearest(here)
        wanted: dict[int, tuple[set[str], set[str]]] = {
            at: nearest(parts) for at, parts in enumerate(rows) if found[at] is None
        }
        # Rows that are the same to the last part are one row: they count once among those that want a key.
        claims = Counter(key for _, keys in {(rows[at], frozenset(s)) for at, (s, _) in wanted.items()} for key in keys)
        for at, (small, asked) in wanted.items():
            if len(small) == 1 and not asked and claims[next(iter(small))] == 1:
                found[at] = next(iter(small))
            elif small or asked:
                found[at] = tuple(sorted(small | asked))
            else:
                found[at] = MINTED + _hash(rows[at])[:10]
        return [key for key in found if key is not None]

    def _settled(self, parts: Parts) -> str | None:
        if parts in self.known:
            return self.known[parts]
        decided = self.decisions.get(_hash(parts))
        return MINTED + _hash(parts)[:10] if decided == NEW else decided

    def _nearest(self, here: set[str]) -> Any:
        """Return a function that finds the earlier rows, not of this table, that differ from a row in one part."""
        index: dict[tuple[int, Parts], set[tuple[str, str]]] = defaultdict(set)
        for parts, key in self.known.items():
            if key not in here:
                for part in range(4):
                    index[part, _without(parts, part)].add((parts[part], key))

        def nearest(parts: Parts) -> tuple[set[str], set[str]]:
            small: set[str] = set()
            asked: set[str] = set()
            for part in range(4):
                for other, key in index.get((part, _without(parts, part)), ()):
                    how = _differs(part, parts[part], other)
                    if how == "small" and part != FIRM and not _is_firm(parts[FIRM]):
                        how = "ask"  # of a firm that nobody knows the other three parts may be another's too
                    (small if how == "small" else asked if how == "ask" else set()).add(key)
            return small, asked - small

        return nearest

    def remember(self, taken: Iterable[tuple[Parts, str]], questions: Iterable[KeyQuestion] = ()) -> bool:
        """Keep the rows that were taken and what is asked; say whether anything is new."""
        before = len(self.known), dict(self.questions)
        for parts, key in taken:
            self.known.setdefault(parts, key)
            self.questions.pop(_hash(parts), None)
        for question in questions:
            self.questions.setdefault(question.question_id, question)
        return before != (len(self.known), self.questions)

    def described(self, key: str) -> str:
        """Return what an earlier row was, for people."""
        parts = next((parts for parts, known in self.known.items() if known == key), None)
        return "、".join(part for part in parts if part) if parts else key


def _parts(written: Sequence[str]) -> Parts:
    unit, firm, project, day = written
    return unit, firm, project, day


def _without(parts: Parts, part: int) -> Parts:
    return _parts([*parts[:part], "\x00", *parts[part + 1 :]])


def waiting_keys(path: Path) -> list[tuple[str, KeyQuestion]]:
    """Return the rows that wait for an answer, each with its ledger."""
    if not path.is_file():
        return []
    ledgers: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return [
        (ledger, question)
        for ledger in ledgers
        for question in KeyBook.load(path, ledger).questions.values()
        if question.question_id not in ledgers[ledger].get("decisions", {})
    ]


def answer_key(path: Path, ledger: str, question_id: str, key: str) -> None:
    """Answer a question: one of the keys that it asks about, or NEW.

    Raises
    ------
    LookupError
        There is no such question, or the key is none of its own.
    """
    book = KeyBook.load(path, ledger)
    question = book.questions.get(question_id)
    if question is None or key not in (*question.keys, NEW):
        raise LookupError("这条待确认的线索已经有了答复，或不存在")
    book.decisions[question_id] = key
    book.save(path, ledger)
