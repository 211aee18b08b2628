"""The published list in memory (名单): filters, search, keyset pages, and what was published of changes since the list before.

Belongs here: reading a snapshot so that a page takes milliseconds, whatever its size. Does not belong here: who may see a
row (access.py), what people did with a lead (the database), how a row looks (templates).

A page is addressed by the snapshot and the row that it starts after. When the nightly job swaps the list in between, the
next page still comes from the list that the first one came from; the page says that there is a newer one.

The list stands in the order of its ranks, which belong to the reach `detail`: whatever is shown of other units' leads goes through
`in_shared_order`, and is addressed by its place there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import re
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from markupsafe import Markup
from pypinyin import Style, lazy_pinyin, pinyin

from desk.access import Reach
from publishing.boards import all_boards, board_named, read_table
from publishing.figures import Reading, Reckoned, shown
from publishing.snapshot import LEADS, PROSPECTS, Snapshot, verified

KEPT: Final = 3
_LOG = logging.getLogger(__name__)
_HEAVY: Final = ("reasons",)
_AFTER: Final = re.compile(r"(.{1,64})\.([0-9]{1,9})")
OVERDUE = Reading(
    "线索卡片、单位页、提醒", "该联系而没有联系", "unit_overdue",
    (shown("超期天数", "overdue_days"), shown("起算日", "since_date"), shown("规则", "rule_name")),
    ("lead_id", "unit_name"),
)  # fmt: skip
FACTS = Reading("线索页、今日名单、回填工作簿", "线索概况", "lead_facts")
UNITS = Reading("各页", "单位和它的上级", "units", (), ("unit_name", "parent_unit_name"))
OUTCOMES = Reading(
    "今日名单", "往期名单前几名开工的", "outcomes", (shown("开工日期", "reached_date"),), ("lead_id", "stage")
)
HANDED_OVER = Reading(
    "各页", "流转后的负责单位", "ownership", (), ("lead_id", "unit_name", "credit_unit", "owner_unit")
)
CHANGES = Reading(
    "线索卡片、今日名单、提醒", "比上期升降", "rank_changes",
    (shown("升降", "rank_gain"), shown("为什么", "why_text"), shown("主要原因", "cause")),
    ("lead_id", "unit_name", "rank_before", "rank_now", "is_own"),
)  # fmt: skip
READINGS = (OVERDUE, FACTS, UNITS, OUTCOMES, HANDED_OVER, CHANGES)
RECKONED = (
    Reckoned("今日名单、线索页、单位页", "名单", "条数、页数", "数的是本人看得到的行，拒绝联系的企业不在内"),
    Reckoned(
        "今日名单", "往期命中率", "往期名单前几名在期限内开工的条数", "要逐份打开往期名单；开工日期取自凭证落地情况"
    ),
    Reckoned("线索卡片", "下一步", "多少天未联系", "列出的最近跟进日期到截至日的天数；是否超期取看板"),
    Reckoned("提醒", "摘要", "各档条数、有变化条数", "数的是该单位在名单上的行"),
)
IN_MEMORY: Final = 500_000  # rows of a table of leads that is kept; a larger one is read for every page


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; every field may be empty. `only` is ranked, excluded or moved."""

    search: str = ""
    unit: str = ""
    band: str = ""
    stage: str = ""
    chain: str = ""
    only: str = "ranked"


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the address of the next ones (None at the end)."""

    rows: list[dict[str, Any]]
    total: int
    after: str | None
    snapshot_id: str


@dataclass(frozen=True)
class Change:
    """What became of a lead since the list before: `gain` is positive for a lead that moved up."""

    before: int | None
    gain: int | None
    why: str


class PublishedList:
    """One snapshot, read once."""

    def __init__(self, snapshot: Snapshot, names_a_firm: Callable[[str], bool] | None = None) -> None:
        self.snapshot = snapshot
        self._names_a_firm = names_a_firm
        self.handed_over = _handed_over(snapshot.folder)
        # One piece a column: taking rows out of many pieces costs as much as copying all of them.
        self.table = self._with_handlers(pq.read_table(snapshot.folder / LEADS)).combine_chunks()
        self.faces: dict[str, Markup] = {}  # drawn by pages/today.py
        self._of_leads: dict[str, _ByLead | None] = {}
        self._reaches: dict[Reach, npt.NDArray[np.bool_]] = {}
        self._row_of = {lead: at for at, lead in enumerate(self.table["lead_id"].to_pylist())}

    @property
    def snapshot_id(self) -> str:
        return self.snapshot.snapshot_id

    @property
    def as_of_date(self) -> dt.date:
        return self.snapshot.as_of_date

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def light(self) -> pa.Table:
        """Give the list without reasons."""
        return self.table.drop_columns(list(_HEAVY))

    @cached_property
    def searchable(self) -> pa.Array:
        """Give one folded text a lead: name, firm, code, id and the initials of both names."""
        initials = Initials()
        columns = [self.table[c].to_pylist() for c in ("project_name", "enterprise_name", "uscc", "lead_id")]
        texts = []
        for project, firm, code, lead in zip(*columns, strict=True):
            parts = [project or "", firm or "", code or "", lead, initials.of(project or ""), initials.of(firm or "")]
            texts.append("\n".join(parts).casefold())
        return pa.array(texts, pa.large_string())

    @cached_property
    def facts(self) -> pa.Table | None:
        """Give the facts of every lead (lead_facts), or None for a snapshot older than that table."""
        found = FACTS.table(self.snapshot.folder)
        return None if found is None else self._with_handlers(found).combine_chunks()

    def _with_handlers(self, table: pa.Table) -> pa.Table:
        """Put who works on a lead that was handed over (线索流转) in the place of who reported it."""
        if not self.handed_over or "unit_name" not in table.column_names:
            return table
        pairs = zip(table["lead_id"].to_pylist(), table["unit_name"].to_pylist(), strict=True)
        units = pa.array([self.handed_over.get(lead, (unit, unit))[1] for lead, unit in pairs], pa.string())
        return table.set_column(table.column_names.index("unit_name"), "unit_name", units)

    @cached_property
    def _fact_row_of(self) -> dict[str, int]:
        return {} if self.facts is None else {x: at for at, x in enumerate(self.facts["lead_id"].to_pylist())}

    @cached_property
    def units(self) -> dict[str, str | None]:
        """Give every unit with the one above it; without a register of units, those that hold leads."""
        table = UNITS.table(self.snapshot.folder)
        if table is not None:
            return dict(zip(table["unit_name"].to_pylist(), table["parent_unit_name"].to_pylist(), strict=True))
        return dict.fromkeys(sorted(x for x in pc.unique(self.table["unit_name"]).to_pylist() if x))

    @cached_property
    def stages(self) -> list[str]:
        """Give the stages that leads stand in, the most frequent first."""
        counted = pc.value_counts(self.table["stage"]).to_pylist()
        return [c["values"] for c in sorted(counted, key=lambda c: -c["counts"]) if c["values"]]

    @cached_property
    def firm_leads(self) -> dict[str, list[str]]:
        """Give the leads of every firm, by each of its marks (firm_marks)."""
        found: dict[str, list[str]] = {}
        names = ("lead_id", "enterprise_name", "uscc")
        for lead, name, code in zip(*(self.table[c].to_pylist() for c in names), strict=True):
            for mark in firm_marks(self.firm_name(name), code, self._enterprise_keys.get(lead)):
                found.setdefault(mark, []).append(lead)
        return found

    def firm_name(self, written: str | None) -> str | None:
        """Return a name if it names a firm: 待定 and 保密 (placeholders) are no name by which firms are one."""
        return written if written and (self._names_a_firm is None or self._names_a_firm(written)) else None

    @cached_property
    def _enterprise_keys(self) -> dict[str, str | None]:
        if self.facts is None or "enterprise_key" not in self.facts.column_names:
            return {}
        return dict(zip(self.facts["lead_id"].to_pylist(), self.facts["enterprise_key"].to_pylist(), strict=True))

    def marks_of(self, lead_id: str) -> list[str]:
        """Give what the firm of a lead is known by."""
        row = self.row(lead_id)
        if not row:
            return []
        return firm_marks(self.firm_name(row["enterprise_name"]), row["uscc"], self._enterprise_keys.get(lead_id))

    @cached_property
    def prospects(self) -> pa.Table:
        """Give the prospects of every node."""
        return pq.read_table(self.snapshot.folder / PROSPECTS)

    def row(self, lead_id: str) -> dict[str, Any] | None:
        """Give one lead with all its reasons."""
        at = self._row_of.get(lead_id)
        return None if at is None else self.table.slice(at, 1).to_pylist()[0]

    def fact(self, lead_id: str) -> dict[str, Any]:
        """Give the facts of one lead; empty for a snapshot older than that table."""
        at = self._fact_row_of.get(lead_id)
        return {} if at is None or self.facts is None else self.facts.slice(at, 1).to_pylist()[0]

    def facts_of(self, lead_ids: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Give some columns of the facts of many leads."""
        if self.facts is None:
            return {}
        known = [lead for lead in lead_ids if lead in self._fact_row_of]
        rows = pa.array([self._fact_row_of[lead] for lead in known], pa.int64())
        return dict(zip(known, self.facts.select(list(columns)).take(rows).to_pylist(), strict=True))

    @cached_property
    def overdue(self) -> dict[str, dict[str, Any]]:
        """Return the leads that wait for a contact longer than the rule allows (逾期未联系、未更新), as the board has them."""
        found = {row["lead_id"]: row for row in OVERDUE.rows(self.snapshot.folder)}
        for lead in found.keys() & self.handed_over.keys():
            found[lead]["unit_name"] = self.handed_over[lead][1]
        return found

    def overdue_of(self, unit: str, hidden: frozenset[str]) -> list[dict[str, Any]]:
        """Return the overdue leads of a unit, those that wait longest first; leads that refuse contact are left out."""
        own = [row for lead, row in self.overdue.items() if row["unit_name"] == unit and lead not in hidden]
        return sorted(own, key=lambda row: (-row["overdue_days"], row["lead_id"]))

    def about(self, lead_id: str, reading: Reading) -> list[dict[str, Any]]:
        """Give the rows of a published table about one lead, as far as the page declares that it reads them."""
        return reading.narrowed(self._about(lead_id, reading.board))

    def _about(self, lead_id: str, name: str) -> list[dict[str, Any]]:
        if name not in self._of_leads:
            self._of_leads[name] = _ByLead.read(self.snapshot.folder, name)
        kept = self._of_leads[name]
        if kept is not None:
            return kept.rows(lead_id)
        table = read_table(self.snapshot.folder, name, [("lead_id", "=", lead_id)])
        return [] if table is None else table.to_pylist()

    def within(self, reach: Reach) -> npt.NDArray[np.bool_]:
        """Give the rows that a reach covers; worked out once for each."""
        if reach not in self._reaches:
            self._reaches[reach] = _mask(reach.mask(self.table["unit_name"]))
        return self._reaches[reach]

    @cached_property
    def tables_of_leads(self) -> frozenset[str]:
        """Give the names of the published tables that speak of single leads."""
        folder = self.snapshot.folder
        files = [(board.name, folder / board.file) for board in all_boards()]
        return frozenset(n for n, file in files if file.exists() and "lead_id" in pq.read_schema(file).names)

    @cached_property
    def _relatives(self) -> dict[str, list[int]]:
        """Give the rows of the facts by enterprise: its key, else its name."""
        found: dict[str, list[int]] = {}
        if self.facts is not None:
            names = self.facts["enterprise_name"].to_pylist()
            has_keys = "enterprise_key" in self.facts.column_names
            keys = self.facts["enterprise_key"].to_pylist() if has_keys else [None] * len(names)
            for at, (key, name) in enumerate(zip(keys, names, strict=True)):
                for mark in (f"key {key}" if key else "", f"name {name}" if self.firm_name(name) else ""):
                    if mark:
                        found.setdefault(mark, []).append(at)
        return found

    def relatives(self, lead_id: str) -> list[dict[str, Any]]:
        """Give the other leads of the same enterprise by its key, else by its name: what the shared pool says of them."""
        mine = self.fact(lead_id)
        if not mine or self.facts is None:
            return []
        key = mine.get("enterprise_key")
        rows = self._relatives.get(f"key {key}" if key else f"name {mine['enterprise_name']}", [])
        columns = ["lead_id", "project_name", "enterprise_name", "unit_name", "stage", "reported_date"]
        same = self.facts.select(columns).take(pa.array(rows, pa.int64())).to_pylist()
        return sorted(
            (row for row in same if row["lead_id"] != lead_id),
            key=lambda row: (row["reported_date"] or dt.date.max, row["lead_id"]),
        )

    def rows_of(self, lead_ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Give the row numbers of leads; ids that are not in the list are left out."""
        found = [self._row_of[lead] for lead in lead_ids if lead in self._row_of]
        return np.asarray(sorted(found), dtype=np.int64)

    def select(
        self,
        filters: Filters,
        visible: Reach,
        hidden: frozenset[str] = frozenset(),
        among: frozenset[str] | None = None,
    ) -> npt.NDArray[np.int64]:
        """Give the numbers of the rows that pass, in the order of the list.

        `visible` is the viewer's reach, `hidden` the leads that refuse contact, `among` narrows to some ids.
        """
        chosen = self.within(visible).copy()
        for column, wanted in (("unit_name", filters.unit), ("band", filters.band), ("stage", filters.stage)):
            if wanted:
                chosen &= _mask(pc.equal(self.table[column], wanted))
        if filters.chain:
            chosen &= _mask(pc.equal(self.table["chain_node"], filters.chain))
        if filters.only == "ranked":
            chosen &= _mask(pc.is_valid(self.table["rank"]))
        elif filters.only == "excluded":
            chosen &= _mask(pc.is_null(self.table["rank"]))
        elif filters.only == "moved":
            chosen &= self._moved
        if hidden:
            chosen[self.rows_of(hidden)] = False
        if among is not None:
            kept = np.zeros(len(self), dtype=bool)
            kept[self.rows_of(among)] = True
            chosen &= kept
        found = np.flatnonzero(chosen)
        for word in filters.search.casefold().split()[:4]:
            found = found[_mask(pc.match_substring(self.searchable.take(pa.array(found)), word))]
        return found

    @cached_property
    def _shared_places(self) -> npt.NDArray[np.int64]:
        """Return the place of each row among all by first report, newest first, then by id."""
        leads = self.table["lead_id"].to_pylist()
        facts = self.facts_of(leads, ("reported_date",))
        days = [facts.get(lead, {}).get("reported_date") or dt.date.min for lead in leads]
        order = sorted(range(len(leads)), key=lambda at: (-days[at].toordinal(), leads[at]))
        places = np.empty(len(leads), dtype=np.int64)
        places[order] = np.arange(len(leads))
        return places

    def in_shared_order(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Put rows into an order that says nothing of their ranks."""
        return rows[np.argsort(self._shared_places[rows])]

    def page(self, rows: npt.NDArray[np.int64], after: int, size: int, is_shared: bool = False) -> Page:
        """Return the rows that come after place `after` (-1 for the first page), in the order of the list or the shared one."""
        rows = self.in_shared_order(rows) if is_shared else rows
        places = self._shared_places[rows] if is_shared else rows
        start = int(np.searchsorted(places, after, side="right"))
        chosen = rows[start : start + size]
        more = len(rows) > start + size
        taken = self.table.take(pa.array(chosen)).to_pylist()
        at = f"{self.snapshot_id}.{int(places[start + size - 1])}" if more else None
        return Page(taken, len(rows), at, self.snapshot_id)

    @cached_property
    def changes(self) -> dict[str, dict[str, Any]]:
        """Return why each lead's score and rank moved since the list before (名单变动); empty where there was none."""
        return {row["lead_id"]: row for row in CHANGES.rows(self.snapshot.folder) if row["lead_id"]}

    @cached_property
    def _moved(self) -> npt.NDArray[np.bool_]:
        """Rows that changed of themselves: new, back, or with other facts. What others or a retraining did moves nearly everybody."""
        own = {lead for lead, row in self.changes.items() if row["is_own"] and row["rank_now"] is not None}
        return np.asarray([lead in own for lead in self.table["lead_id"].to_pylist()], dtype=bool)


@dataclass(frozen=True)
class _ByLead:
    """A published table in memory, with its rows by lead."""

    table: pa.Table
    leads: npt.NDArray[np.bytes_]
    order: npt.NDArray[np.int64]

    @classmethod
    def read(cls, folder: Path, name: str) -> _ByLead | None:
        """Read a table; None where there is none, or one too large to be kept."""
        board = board_named(name)
        if board is None or not (folder / board.file).exists():
            return None
        if pq.read_metadata(folder / board.file).num_rows > IN_MEMORY:
            return None
        table = pq.read_table(folder / board.file).combine_chunks()
        leads = np.array([(lead or "").encode() for lead in table["lead_id"].to_pylist()], dtype=np.bytes_)
        order = np.argsort(leads, kind="stable")
        return cls(table, leads[order], order)

    def rows(self, lead_id: str) -> list[dict[str, Any]]:
        """Give the rows of a lead in the order of the table."""
        key = lead_id.encode()
        first, last = np.searchsorted(self.leads, key, side="left"), np.searchsorted(self.leads, key, side="right")
        found: list[dict[str, Any]] = self.table.take(pa.array(self.order[first:last])).to_pylist()
        return found


def _handed_over(folder: Path) -> dict[str, tuple[str, str]]:
    """Give of each lead that was handed over by the list's day who reported it (首谈，业绩归属) and who works on it now."""
    table, units = HANDED_OVER.table(folder), UNITS.table(folder)
    if table is None or units is None:
        return {}
    is_moved = pc.and_(
        pc.equal(table["credit_unit"], table["unit_name"]), pc.not_equal(table["owner_unit"], table["credit_unit"])
    )
    moved = table.filter(pc.fill_null(is_moved, False)).select(["lead_id", "credit_unit", "owner_unit"]).to_pylist()
    known = set(units["unit_name"].to_pylist())
    return {row["lead_id"]: (row["credit_unit"], row["owner_unit"]) for row in moved if row["owner_unit"] in known}


def firm_marks(name: str | None, uscc: str | None, enterprise_key: str | None = None) -> list[str]:
    """Give what a firm is recognised by: its name as written without spaces and brackets' width, its code, its key.

    Examples
    --------
    >>> firm_marks("某某（北京） 公司", None) == firm_marks("某某(北京)公司", "")
    True
    """
    written = "".join(unicodedata.normalize("NFKC", name or "").split()).casefold()
    texts = (("name", written), ("uscc", (uscc or "").upper()), ("key", enterprise_key or ""))
    return [hashlib.sha256(f"{kind}|{text}".encode()).hexdigest() for kind, text in texts if text]


def change(published: PublishedList, lead_id: str) -> Change | None:
    """Return what became of a ranked lead since the list before, as it was published; None where there is no list before."""
    row = published.changes.get(lead_id)
    if row is None or row["rank_now"] is None:
        return None
    before = None if row["rank_before"] is None else int(row["rank_before"])
    return Change(before, None if before is None else int(row["rank_gain"]), row["why_text"])


class Initials:
    """Initials of names (拼音首字母). A character is looked up once; one with several initials once for each neighbourhood.

    100,000 names hold some thousand characters: reading each name as a whole took 28 s.
    """

    def __init__(self) -> None:
        self._letters: dict[str, str | None] = {}
        self._near: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Give the initials of a name.

        Examples
        --------
        >>> Initials().of("重庆长安3号")
        'cqca3h'
        """
        found = []
        for at, character in enumerate(name):
            letter = self._letter(character)
            found.append(self._by_neighbours(name[max(at - 1, 0) : at + 2], at > 0) if letter is None else letter)
        return "".join(found)

    def _letter(self, character: str) -> str | None:
        if character not in self._letters:
            read = pinyin(character, style=Style.FIRST_LETTER, heteronym=True)
            letters = {letter[:1] for letter in read[0]} if read else {""}
            self._letters[character] = letters.pop() if len(letters) == 1 else None
        return self._letters[character]

    def _by_neighbours(self, near: str, has_before: bool) -> str:
        key = f"{near}{int(has_before)}"
        if key not in self._near:
            read: list[str] = lazy_pinyin(near, style=Style.FIRST_LETTER, errors=_single)
            self._near[key] = read[1 if has_before else 0][:1] if len(read) == len(near) else ""
        return self._near[key]


def _single(text: str) -> Any:
    """Keep what is not Chinese as one entry a character, so that positions agree."""
    return list(text)


class Lists:
    """The lists of one installation: the current one, the ones before, a few kept in memory.

    A snapshot that can't be read leaves the last good one in use; `problem` then says so.
    """

    def __init__(self, root: Path, names_a_firm: Callable[[str], bool] | None = None) -> None:
        self._root = root
        self._names_a_firm = names_a_firm
        self._kept: OrderedDict[str, PublishedList] = OrderedDict()
        self._lock = threading.RLock()
        self._good: str | None = None
        self.problem: str | None = None

    def current(self) -> PublishedList | None:
        """Give the list in use, or None when nothing was ever published."""
        link = self._root / "current"
        try:
            name = link.resolve(strict=True).name
            found = self._read(name)
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            if not link.is_symlink() and self._good is None:
                return None
            if self.problem is None:
                _LOG.error("published list can't be read: %s", error)
            self.problem = "最新名单文件不完整，暂不采用"
            return self._kept.get(self._good) if self._good else None
        self._good, self.problem = name, None
        return found

    def at(self, snapshot_id: str) -> PublishedList | None:
        """Give a past list by its name, if it is still there. Names come from addresses: only known folders match."""
        with self._lock:
            if snapshot_id in self._kept:
                return self._kept[snapshot_id]
        if snapshot_id not in self.history():
            return None
        try:
            return self._read(snapshot_id)
        except (OSError, ValueError, KeyError, pa.ArrowException):
            return None

    def continued(self, after: str, newest: PublishedList) -> tuple[PublishedList, int]:
        """Return the list that a page's address goes on with and the place it starts after; of any other text the newest, from its start."""
        found = _AFTER.fullmatch(after)
        published = self.at(found[1]) if found else None
        return (published, int(found[2])) if found and published else (newest, -1)

    def history(self) -> list[str]:
        """Give the names of all lists in the order in which they were swapped in."""
        log = self._root / "history.jsonl"
        if not log.exists():
            return []
        names = [json.loads(line)["snapshot_id"] for line in log.read_text(encoding="utf-8").splitlines() if line]
        return [name for name in dict.fromkeys(names) if (self._root / name).is_dir()]

    def _read(self, name: str) -> PublishedList:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            found = PublishedList(verified(self._root / name), self._names_a_firm)
            self._kept[name] = found
            while len(self._kept) > KEPT:
                oldest = next(n for n in self._kept if n not in (name, self._good))
                del self._kept[oldest]
            return found


@dataclass(frozen=True)
class HitRate:
    """How often the first places of past lists were right: `hits` of `n`, over `lists` lists. No n, no rate."""

    lists: int
    n: int
    hits: int


def hit_rate(lists: Lists, published: PublishedList, top: int, horizon_days: int = 365) -> HitRate:
    """Count the first `top` of every past list old enough, and how many of them started building within the horizon."""
    outcomes = OUTCOMES.table(published.snapshot.folder)
    if outcomes is None:
        return HitRate(0, 0, 0)
    started: dict[str, dt.date] = {}
    for row in outcomes.filter(pc.equal(outcomes["stage"], "开工")).to_pylist():
        started[row["lead_id"]] = min(row["reached_date"], started.get(row["lead_id"], row["reached_date"]))
    count = n = hits = 0
    for name in {s[:10]: s for s in lists.history()}.values():
        day = dt.date.fromisoformat(name[:10])
        if (published.as_of_date - day).days < horizon_days:
            continue
        past = lists.at(name)
        if past is None:
            continue
        leads = past.light.slice(0, top)
        first = [x for x, r in zip(leads["lead_id"].to_pylist(), leads["rank"].to_pylist(), strict=True) if r]
        count, n = count + 1, n + len(first)
        hits += sum(1 for x in first if x in started and 0 <= (started[x] - day).days <= horizon_days)
    return HitRate(count, n, hits)


def similar_landings(published: PublishedList, lead_id: str, shown: int = 3) -> list[dict[str, Any]]:
    """Give past leads that started building, of the same node first, then the nearest investment."""
    facts, mine = published.facts, published.fact(lead_id)
    if facts is None or not mine or not mine.get("chain_id"):
        return []
    done = facts.filter(pc.is_in(facts["stage"], value_set=pa.array(["开工", "竣工", "投产", "达效"])))
    done = done.filter(
        pc.and_kleene(pc.equal(done["chain_id"], mine["chain_id"]), pc.not_equal(done["lead_id"], lead_id))
    )
    wanted = mine.get("investment_wan_cny")

    def distance(row: Mapping[str, Any]) -> tuple[bool, float, str]:
        size = row["investment_wan_cny"]
        apart = abs(np.log(size / wanted)) if size and wanted else float("inf")
        return (row["node_id"] != mine["node_id"], apart, row["lead_id"])

    columns = [
        "lead_id",
        "project_name",
        "unit_name",
        "stage",
        "stage_date",
        "investment_wan_cny",
        "node_id",
        "node_name",
    ]
    return sorted(done.select(columns).to_pylist(), key=distance)[:shown]


def _mask(found: Any) -> npt.NDArray[np.bool_]:
    """Give a mask as NumPy; unknown is no."""
    filled = pc.fill_null(found, False)
    whole = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    return np.asarray(whole.to_numpy(zero_copy_only=False), dtype=bool).copy()


def day_in_words(day: dt.date, today: dt.date) -> str:
    """Give a day as people say it.

    Examples
    --------
    >>> day_in_words(dt.date(2026, 11, 23), dt.date(2026, 11, 24)), day_in_words(dt.date(2025, 1, 2), dt.date(2026, 1, 1))
    ('11 月 23 日', '2025 年 1 月 2 日')
    """
    short = f"{day.month} 月 {day.day} 日"
    return short if day.year == today.year else f"{day.year} 年 {short}"


def next_step(fact: Mapping[str, Any], overdue: Mapping[str, Any] | None, as_of: dt.date) -> str:
    """Say what to do next from what is known by the as-of day; `overdue` is the lead's row of the board 逾期未联系、未更新, if any."""
    last, late = fact.get("last_follow_up_date"), f"，超期 {overdue['overdue_days']} 天" if overdue else ""
    if last is None:
        return f"首次联系{late}"
    silent = (as_of - last).days
    return f"回访（{silent} 天未联系{late}）" if overdue else f"按计划推进（{silent} 天前联系过）"


def distinct(values: Sequence[Any]) -> list[Any]:
    """Give the values in order, each once, blanks left out."""
    return [v for v in dict.fromkeys(values) if v]
