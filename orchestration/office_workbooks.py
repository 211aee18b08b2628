"""Workbooks of rules out of the inbox (规则工作簿来件): each content taken once, before the night checks the settings.

Belongs here: joining the office's folder and the intake, which know nothing of each other; the record of what was taken.
Does not belong here: what a row means for the folder (office.receiving), opening a file (intake.opening).

`ZEYOU_HOME/office_workbooks/<hash>.json` says what came of a content. The ledger store keeps that too, but reads a file again
when a contract changes: a workbook of last year must not be applied a second time for it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from intake.landing import Claimed, Summary
from intake.opening import FileProblem, has_sheet, open_sheets
from intake.reading import Refusal
from office import OfficeError
from office.problems import Problem
from office.receiving import NotReadable, Received, is_rules_workbook, receive
from office.workbook import GUIDE
from orchestration.landing_office import check_office
from storage import content_hash, write_json, write_whole

TAKEN: Final = "office_workbooks"
CONTRACT: Final = "office"  # stands where a ledger's contract would, in the list of refused rows


@dataclass(frozen=True)
class OfficeWorkbooks:
    """Workbooks of rules for one folder; `say` hears one Chinese line about each."""

    folder: Path
    home: Path
    say: Callable[[str], None] = print

    def claim(self, path: Path) -> Claimed | None:
        """Take a workbook of rules, once for each content; None for any other file."""
        if not is_one(path):
            return None
        return self._recorded(path) or self._take(path)

    def _take(self, path: Path) -> Claimed:
        try:
            received = self.apply(path)
        except (NotReadable, FileProblem) as problem:
            said = str(problem)
            claimed = Claimed(problem=said if said.startswith(path.name) else f"{path.name}：{said}")
        except OfficeError as error:
            # Of the folder, not of this file: the next run reads it again.
            raise OSError(None, f"本区设置读不了（{error.problems[0]}）", path.name) from None
        else:
            self.say(f"{path.name}：{line_of(received)}")
            claimed = _claimed(path, received)
        self._record(path, claimed)
        return claimed

    def apply(self, path: Path) -> Received:
        """Apply a workbook to the folder, or find what is wrong with it."""
        now = dt.datetime.now(dt.UTC)
        return receive(self.folder, list(open_sheets(path)), check_office, content_hash(path)[:16], now)

    def record(self, path: Path, received: Received) -> None:
        """Keep what came of a workbook that did not come through the inbox, so that the inbox does not take it again."""
        self._record(path, _claimed(path, received))

    def _record(self, path: Path, claimed: Claimed) -> None:
        place = self._place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if (returned := claimed.returned) is not None:
            write_whole(place.with_suffix(".xlsx"), lambda partial: partial.write_bytes(returned))
        content: dict[str, Any] = {"summary": asdict(claimed.summary), "problem": claimed.problem}
        write_json(place, content | {"refusals": [asdict(refusal) for refusal in claimed.refusals]})

    def _recorded(self, path: Path) -> Claimed | None:
        place = self._place(path)
        if not place.is_file():
            return None
        content = json.loads(place.read_text(encoding="utf-8"))
        returned = place.with_suffix(".xlsx")
        return Claimed(
            Summary(**content["summary"]),
            content["problem"],
            tuple(Refusal(**refusal) for refusal in content["refusals"]),
            returned.read_bytes() if returned.is_file() else None,
        )

    def _place(self, path: Path) -> Path:
        return self.home / TAKEN / f"{content_hash(path)[:32]}.json"


def is_one(path: Path) -> bool:
    """Say whether a file is a workbook of rules; whatever can't be opened is none, and the reader of ledgers says why."""
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".xlsm", ".xls") or (suffix != ".xls" and not has_sheet(path, GUIDE)):
        return False
    try:
        return is_rules_workbook(open_sheets(path))
    except (FileProblem, OSError):
        return False


def line_of(received: Received) -> str:
    """Return one Chinese line that says what came of a workbook."""
    if received.problems:
        count = len(received.problems)
        return f"规则工作簿有 {count:,} 处要改，整本没有生效，设置照旧：{received.problems[0]}"
    if not received.changes:
        return "规则工作簿与本区设置相同，没有改动"
    files = "、".join(dict.fromkeys(change.file for change in received.changes))
    return f"{received.sender} 改的 {len(received.changes):,} 处已写入本区设置（{files}）"


def _claimed(path: Path, received: Received) -> Claimed:
    """Return how the ledger store accounts for a workbook: rows changed are accepted, rows as they were are no data."""
    refused = (received.refused or 1) if received.problems else 0
    accepted = 0 if received.problems else len(received.changes)
    read = max(received.read, refused + accepted)
    refusals = tuple(_refusal(path, problem) for problem in received.problems)
    return Claimed(Summary(read, accepted, refused, read - accepted - refused), None, refusals, received.returned)


def _refusal(path: Path, problem: Problem) -> Refusal:
    sheet = problem.file.removeprefix("工作表“").removesuffix("”")
    return Refusal(
        CONTRACT,
        path.name,
        sheet,
        problem.line or 1,
        problem.field or None,
        problem.value or None,
        problem.reason,
        problem.fix,
    )
