"""Rows of one file that bear the same key and differ (同一编号、内容不同): which of them counts, or a question.

Belongs here: what a reader can know from the file alone: what is hidden, what a sheet says it reports on. Does not belong:
which of several files counts (dbt_project/macros/ledger.sql ranks by period, then by receipt).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from intake.contract import get_contract
from intake.layouts.keys import MINTED
from intake.reading import SheetReading

_PLACE: Final = frozenset({"source_sheet", "source_row", "source_period_date"})
_MEND_HIDDEN: Final = "请删去旧的，或取消隐藏并只留一行后重新发送"

Found = tuple["SheetReading", dict[str, Any]]


def refuse_doubtful_keys(path: Path, readings: list[SheetReading]) -> None:
    """Refuse what is hidden beside something visible, and rows of one key that differ and none of which is newer.

    A row is never chosen by its place. Rows of sheets that report on other periods all land: the newest counts.
    """
    by_contract: dict[str, list[SheetReading]] = defaultdict(list)
    for reading in readings:
        if reading.contract:
            by_contract[reading.contract].append(reading)
    for name, of_contract in by_contract.items():
        visible = {r.sheet for r in of_contract if not r.is_hidden}
        for reading in of_contract:
            if reading.is_hidden and visible:
                reading.remarks = tuple(remark.replace("已照常读取", "没有读取") for remark in reading.remarks)
                reason = f"工作表是隐藏的，看得见的“{'、'.join(sorted(visible)[:3])}”里是同一种台账"
                for row in list(reading.accepted):
                    _refuse(path, reading, row, reason, _MEND_HIDDEN)
        for found in _repeated([r for r in of_contract if r.accepted], get_contract(name).key):
            _settle(path, found)


def _repeated(readings: list[SheetReading], key: tuple[str, ...]) -> list[list[Found]]:
    """Return the rows, by key, of each key that several rows bear with other contents."""
    is_whole = all(name in reading.accepted[0] for reading in readings for name in key)
    get = itemgetter(*key) if is_whole else lambda row: tuple(map(row.get, key))
    keys = [found for reading in readings for found in map(get, reading.accepted)]
    if len(set(keys)) == len(keys):
        return []
    counts = Counter(keys)
    groups: dict[Any, list[Found]] = defaultdict(list)
    rows = ((reading, row) for reading in readings for row in reading.accepted)
    for at, found in zip(keys, rows, strict=True):
        # A row without its key is nobody's double.
        if counts[at] > 1 and at is not None and (len(key) == 1 or None not in at):
            groups[at].append(found)
    return [group for group in groups.values() if _contents(group) > 1]


def _contents(group: list[Found]) -> int:
    """Return how many contents the rows have, wherever they stand; an empty cell is another content than a full one."""
    return len(
        {tuple(sorted((n, str(v)) for n, v in row.items() if n not in _PLACE and v is not None)) for _, row in group}
    )


def _settle(path: Path, group: list[Found]) -> None:
    hidden = [(reading, row) for reading, row in group if row["source_row"] in reading.hidden]
    seen = [(reading, row) for reading, row in group if row["source_row"] not in reading.hidden]
    if hidden and seen:
        for reading, row in hidden:
            where = "、".join(_place(r, other) for r, other in seen[:3])
            _refuse(path, reading, row, f"这一行是隐藏的，与看得见的{where}编号相同而内容不同", _MEND_HIDDEN)
    rows = seen or hidden
    periods: dict[dt.date | None, list[Found]] = defaultdict(list)
    for found in rows:
        periods[found[0].period].append(found)
    of_one_sheet = len({id(reading) for reading, _ in rows}) == 1
    known = len(periods) > 1 and None not in periods
    for same in periods.values() if known and not of_one_sheet else [rows]:
        if len(same) < 2 or _contents(same) < 2:
            continue
        for reading, row in same:
            others = "、".join(_place(r, other) for r, other in same if other is not row)
            if reading.layout and any(str(value).startswith(MINTED) for value in row.values()):
                same_as, mend = "的单位、企业、项目、首报日期都相同", "请只留一行；不是同一条的请在项目名称里写明不同"
            else:
                same_as, mend = "编号相同", "请只留一行，或改正编号"
            _refuse(path, reading, row, f"与{others[:120]}{same_as}而内容不同，看不出以哪一行为准", mend)


def _place(reading: SheetReading, row: dict[str, Any]) -> str:
    return f"“{reading.sheet}”第 {row['source_row']} 行"


def _refuse(path: Path, reading: SheetReading, row: dict[str, Any], reason: str, mend: str) -> None:
    reading.refuse_taken(row["source_row"], path.name, reason, mend)
