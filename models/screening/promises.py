"""What is judged of a text that somebody wants to promise (承诺审查), for the page and for the command line.

Belongs here: one text for people, a file line by line for machines. Does not belong here: the rules and the scan
(models/screening, one place for the desk and the night), whether something is lawful: people judge that.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

from models.screening import as_record, in_words, is_stopped, scan
from models.screening.measures import judged_as_policy


def finding(text: str, day: dt.date) -> tuple[str, int]:
    """Return the finding of a whole text in words, and 1 where it may not be promised."""
    hits = scan(text, day)
    return in_words(hits), int(is_stopped(hits))


def records(text: str, day: dt.date, as_policy: bool) -> Iterator[str]:
    """Yield one JSON object per line, with its number: its verdict as a promise, or as the clause of a clean measure."""
    # Only \n ends a line: a separator that people can't see may stand inside a word.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            judged = judged_as_policy(line, day) if as_policy else as_record(scan(line, day))
            yield json.dumps({"line": number, **judged}, ensure_ascii=False)


def read(path: Path) -> str:
    """Return a UTF-8 file; raise ValueError with one line where it is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError:
        raise ValueError(f"{path}：打不开，请核对文件名") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}：不是 UTF-8 文本，请另存为 UTF-8 再审查") from None
