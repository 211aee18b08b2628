"""Reading a filled-in workbook back (回填): row by row, good rows taken, the others returned with all that is wrong at once.

Belongs here: what an input may say, conflicts with what came later, writing the events. Does not belong here: opening the file:
the desk is given sheets by an opener that it does not know (docs/decisions/0024).

A blank input changes nothing. The same workbook sent twice gives the same events: their ids are hashes of what they say.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from desk import audit
from desk.access import Viewer
from desk.actions import Answer, answer_problem, event_of, follow_up_problems, locked_many, standing_answers
from desk.contacts import refused_leads
from desk.forms.columns import FORMULA, INPUTS, KEY, MARK, META, SHEET, Input, Meta, Unsealed, choices
from desk.forms.seal import BROKEN, sealed_texts
from desk.forms.writing import FormRow, form_bytes, printable
from desk.guards import storable
from desk.ledgers import OFFICE_ZONE
from desk.listing import PublishedList
from desk.rules import Rules
from desk.store.keys import key as key_of
from desk.store.models import Event

BATCH: Final = 200  # leads a transaction: a page's answer waits for one batch at most
LONGEST: Final = 2000
_LOG = logging.getLogger(__name__)
_DAY: Final = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00:00)?$")


class Sheet(Protocol):
    """What an opener gives of each sheet: rows from A1, and the places where a cell has no value to read."""

    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> list[list[Any]]: ...
    @property
    def broken(self) -> dict[tuple[int, int], str]: ...


@dataclass(frozen=True)
class Told:
    """One row that was not taken, or not whole: where it stands, of what project, what to mend."""

    row: int
    project_name: str
    said: tuple[str, ...]
    is_conflict: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a workbook: rows that had inputs and were taken, rows left blank, rows told; what goes back (None if it can't be written)."""

    taken: int
    unchanged: int
    told: tuple[Told, ...]
    returned: bytes | None

    @property
    def conflicts(self) -> int:
        return sum(t.is_conflict for t in self.told)


@dataclass
class _Filled:
    """One row with inputs."""

    number: int
    mark: str
    project_name: str
    raw: dict[str, Any]
    lead_id: str = ""
    unit: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    is_conflict: bool = False


def open_sealed(
    sessions: sessionmaker[Session],
    path: Path,
    open_workbook: Callable[[Path], Iterable[Sheet]],
    check: Callable[[Meta], None],
) -> tuple[Meta, list[Sheet]]:
    """Open a workbook that the desk sealed. Its seal, and by `check` whose it is, come before anything else in it is looked at.

    Raises
    ------
    Unsealed
        Whatever is wrong with the file, in one Chinese line.
    """
    texts = sealed_texts(path)
    with sessions() as session:
        meta = _meta_of(session, texts)
    check(meta)
    try:
        sheets = list(open_workbook(path))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the reader's Rust code is no Exception
        if isinstance(error, ValueError) and any("一" <= c <= "龥" for c in str(error)):
            raise Unsealed(str(error)) from None
        _LOG.exception("a sealed workbook can't be opened")
        raise Unsealed(BROKEN) from None
    sheet = next((s for s in sheets if s.name == META), None)
    if [str(row[0]) for row in (sheet.rows if sheet else [])[:2] if row] != texts:
        raise Unsealed("“_meta”表读出两种内容，像是拼接的文件；请重新下载再填")
    return meta, sheets


def _meta_of(session: Session, texts: Sequence[str]) -> Meta:
    try:
        return Meta.opened(key_of(session, KEY), *texts)
    except (ValueError, TypeError) as error:
        raise error if isinstance(error, Unsealed) else Unsealed("“_meta”表读不懂；请重新下载") from None


def take(
    sessions: sessionmaker[Session],
    published: PublishedList,
    viewer: Viewer,
    meta: Meta,
    sheets: Sequence[Sheet],
    rules: Rules,
    now: dt.datetime,
    via: str,
) -> Outcome:
    """Check every row, record the good ones, and give what goes back.

    Raises
    ------
    Unsealed
        The workbook is too old, has lost its marks, or has more rows than a workbook may have.
    """
    today = now.astimezone(OFFICE_ZONE).date()
    if now - dt.datetime.fromisoformat(meta.issued_at) > dt.timedelta(days=rules.limits.workbook_days):
        raise Unsealed(f"这份工作簿下载已超过 {rules.limits.workbook_days} 天；请重新下载再填")
    with sessions() as session:
        key = key_of(session, KEY)
        hidden = refused_leads(session, published)
        session.commit()
    filled, unchanged = _filled(sheets, rules)
    _find_leads(filled, published, viewer, meta, key, hidden)
    for row in filled:
        if not row.said:
            _check(row, rules, today)
    good = sorted((row for row in filled if not row.said), key=lambda row: row.lead_id)
    for at in range(0, len(good), BATCH):
        with sessions() as session:
            _record(session, good[at : at + BATCH], viewer, meta, now, today)
            session.commit()
    bad = [row for row in filled if row.said]
    told = tuple(Told(r.number, r.project_name, tuple(r.said), r.is_conflict) for r in bad)
    taken = len(filled) - len(bad)
    returned = None
    if bad:
        try:
            with sessions() as session:
                returned = _returned(session, bad, published, meta, key, rules, now)
        except (
            Exception
        ):  # the good rows are recorded: what is wrong with the others is told all the same, line by line
            _LOG.exception("a workbook that goes back can't be written")
    with sessions() as session:
        detail = {"工作簿": meta.book_id, "途径": via, "记录": taken, "退回": len(bad), "未填": unchanged}
        locked_many(session, [])
        audit.append(session, now, viewer.login, "回填工作簿", meta.snapshot_id, detail)
        session.commit()
    return Outcome(taken, unchanged, told, returned)


# --- cells ----------------------------------------------------------------------------------------------------------


def _filled(sheets: Sequence[Sheet], rules: Rules) -> tuple[list[_Filled], int]:
    """Give the rows with inputs, each with what can't be read in it, and the number of rows left blank."""
    sheet = next((s for s in sheets if s.name == SHEET and s.rows), None)
    header = [_text(cell) for cell in sheet.rows[0]] if sheet else []
    if sheet is None or MARK not in header:
        raise Unsealed(f"“{SHEET}”表或“{MARK}”列不见了；请重新下载，不要改表头")
    if len(sheet.rows) - 1 > rules.limits.rows_a_workbook:
        raise Unsealed(
            f"“{SHEET}”表有 {len(sheet.rows) - 1:,} 行，超过 {rules.limits.rows_a_workbook:,} 行；请分次回填"
        )
    mark_at = header.index(MARK)
    name_at = header.index("项目名称") if "项目名称" in header else -1
    inputs = [(header.index(i.title), i) for i in INPUTS if i.title in header]
    filled, unchanged = [], 0
    for number, row in enumerate(sheet.rows[1:], start=1):
        cells = {i.name: row[at] for at, i in inputs if at < len(row) and _text(row[at])}
        broken = [
            f"【{i.title}】{sheet.broken[number, at]}，请改成文字或数"
            for at, i in inputs
            if (number, at) in sheet.broken
        ]
        mark = _text(row[mark_at]) if mark_at < len(row) else ""
        if not cells and not broken:
            unchanged += bool(mark)
            continue
        name = printable(_text(row[name_at]))[:120] if 0 <= name_at < len(row) else ""
        filled.append(_Filled(number + 1, mark, name, cells, said=broken))
    return filled, unchanged


def _text(cell: Any) -> str:
    """Give a cell as text: a whole number without .0, a day as a day."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, dt.datetime):
        cell = cell.date()
    return str(cell).strip()


def day_of(cell: Any) -> dt.date | None:
    """Read a day as Excel, WPS or a person writes it; None if it is none.

    Examples
    --------
    >>> day_of("2026年7月5日"), day_of("２０２６-７-５"), day_of(46208.0), day_of("6月底")
    (datetime.date(2026, 7, 5), datetime.date(2026, 7, 5), datetime.date(2026, 7, 5), None)
    """
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    text = unicodedata.normalize("NFKC", _text(cell)).replace(" ", "") if not isinstance(cell, float) else ""
    try:
        if isinstance(cell, int | float) and 20_000 < cell < 60_000:
            return dt.date(1899, 12, 30) + dt.timedelta(days=int(cell))
        if found := _DAY.match(text):
            return dt.date(*(int(part) for part in found.groups()))
        if re.fullmatch(r"(19|20)\d{6}", text):
            return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except (ValueError, OverflowError):
        return None
    return None


def _value(given: Input, cell: Any, words: Mapping[str, list[str]]) -> tuple[Any, str]:
    """Read one input: its value and what is wrong with it."""
    if given.kind == "date":
        day = day_of(cell)
        return day, "" if day else f"【{given.title}】“{printable(_text(cell))[:40]}”不是日期，请写成 2026-07-05"
    try:
        text = storable(_text(cell))
    except ValueError as error:
        return None, f"【{given.title}】{error}，请删去后重填"
    if given.kind == "choice":
        folded = unicodedata.normalize("NFKC", text).replace(" ", "")
        if folded not in words[given.name]:
            return None, f"【{given.title}】“{text[:40]}”不在可选项中，请从 {'、'.join(words[given.name])} 中选"
        return folded, ""
    if FORMULA.match(text):
        return None, f"【{given.title}】以“{text.lstrip()[0]}”开头，会被当成公式，请在前面加文字"
    if len(text) > LONGEST:
        return None, f"【{given.title}】有 {len(text):,} 字，最多 {LONGEST:,} 字"
    return text, ""


# --- rows -----------------------------------------------------------------------------------------------------------


def _find_leads(
    filled: Iterable[_Filled], published: PublishedList, viewer: Viewer, meta: Meta, key: bytes, hidden: frozenset[str]
) -> None:
    """Tell by its mark which lead each row is, and whether the viewer may write there."""
    rows = list(filled)
    reach = viewer.reach("write")
    names, units = published.table["lead_id"].to_pylist(), published.table["unit_name"].to_pylist()
    leads = {meta.mark(key, lead): (lead, unit) for lead, unit in zip(names, units, strict=True)} if rows else {}
    seen: dict[str, int] = {}
    for row in rows:
        found = leads.get(row.mark)
        if found is None:
            row.said.append("行标记缺失或被改动，或这条线索已不在名单上；请重新下载后再填")
            continue
        row.lead_id, row.unit = found[0], found[1] or ""
        if row.lead_id in seen:
            row.said.append(f"与第 {seen[row.lead_id]} 行是同一条线索，请合并成一行")
        elif row.lead_id in hidden:
            row.said.append("企业已拒绝联系，不再记录")
        elif not reach.covers(row.unit):
            row.said.append(f"这条线索由{row.unit}负责，只有该单位的人能填")
        seen.setdefault(row.lead_id, row.number)


def _check(row: _Filled, rules: Rules, today: dt.date) -> None:
    """Read every input of a row and tell all that is wrong at once."""
    words = choices(rules)
    for given in INPUTS:
        if given.name in row.raw:
            value, problem = _value(given, row.raw[given.name], words)
            row.values[given.name] = value
            if problem:
                row.said.append(problem)
    values = row.values
    answer, content = values.get("answer"), values.get("content")
    if "reason" in values and "answer" not in values:
        row.said.append("【原因】填了原因，请同时选回答")
    elif answer and values.get("reason") and (problem := answer_problem(rules, answer, values["reason"])):
        row.said.append(f"【原因】{problem}")
    of_talk = [i for i in INPUTS if i.name in ("follow_up_date", "method", "led_by", "result")]
    lonely = [i.title for i in of_talk if i.name in row.raw]
    if "content" not in values and lonely:
        row.said.append(f"【{'、'.join(lonely)}】请同时填跟进内容")
    if not {"content", "answer"} & values.keys() and {"next_step", "next_step_date"} & values.keys():
        row.said.append("【下次联系日期、下一步计划】请同时填回答或跟进内容")
    if content:
        # What could not be read is told already; a stand-in keeps it from being told twice.
        row.said += follow_up_problems(
            today, values.get("follow_up_date") or today, values.get("method") or "电话",
            values.get("led_by") or "工作人员", content, values.get("result") or "待回复", values.get("next_step_date"),
        )  # fmt: skip
    elif answer and values.get("next_step_date") and not today <= values["next_step_date"]:
        row.said.append("【下次联系日期】应在今天之后")


def _record(
    session: Session, rows: Sequence[_Filled], viewer: Viewer, meta: Meta, now: dt.datetime, today: dt.date
) -> None:
    """Write the events of some rows, unless something newer stands."""
    locked_many(session, [row.lead_id for row in rows])
    leads = [row.lead_id for row in rows]
    standing = standing_answers(session, leads)
    known = set(
        session.scalars(sa.select(Event.client_id).where(Event.person_id == viewer.person_id, Event.lead_id.in_(leads)))
    )
    for row in rows:
        v, newer = row.values, standing.get(row.lead_id)
        if v.get("answer") and newer and newer.event.event_id > meta.version:
            theirs = newer.event
            is_own = theirs.client_id.startswith(f"wb-{meta.book_id}-")  # an earlier sending of this very workbook
            is_same = theirs.result == v["answer"] and v.get("reason") in (None, theirs.lost_reason)
            if is_same:
                v = {name: value for name, value in v.items() if name not in ("answer", "reason")}
            elif not is_own and _id(meta, row, "answer") not in known:
                row.said.append(_conflict(newer, v))
                row.is_conflict = True
                continue
        for kind, values in _events(v, today).items():
            client_id = _id(meta, row, kind)
            if client_id not in known:
                session.add(
                    event_of(viewer, client_id, kind, row.lead_id, row.unit, now, snapshot_id=meta.snapshot_id, **values)
                )  # fmt: skip
    session.flush()


def _conflict(newer: Answer, v: Mapping[str, Any]) -> str:
    """Tell both values, who was first, and what to do."""
    why = f"（{newer.event.lost_reason}）" if newer.event.lost_reason else ""
    at = newer.event.recorded_at.astimezone(OFFICE_ZONE)
    mine = f"{v['answer']}（{v['reason']}）" if v.get("reason") else v["answer"]
    return (
        f"【回答】冲突：{newer.person_name} {at:%m-%d %H:%M} 已答“{newer.event.result}{why}”，表中是“{mine}”；整行没有记录。"
        "仍要改的，把退回的这份再发一次；不改的，清空“回答”和“原因”"
    )


def _events(v: Mapping[str, Any], today: dt.date) -> dict[str, dict[str, Any]]:
    """Give the events that a row's inputs are."""
    found: dict[str, dict[str, Any]] = {}
    plan = {"next_step": v.get("next_step"), "next_step_date": v.get("next_step_date")}
    if v.get("answer"):
        found["answer"] = {
            "result": v["answer"], "lost_reason": v.get("reason"), "follow_up_date": today, "method": "电话",
            **({} if v.get("content") else plan),
        }  # fmt: skip
    if v.get("content"):
        found["follow_up"] = {
            "follow_up_date": v.get("follow_up_date") or today, "method": v.get("method") or "电话",
            "led_by": v.get("led_by") or "工作人员", "content": v["content"], "result": v.get("result") or "待回复", **plan,
        }  # fmt: skip
    if v.get("usefulness"):
        found["usefulness"] = {"result": v["usefulness"]}
    return found


def _id(meta: Meta, row: _Filled, kind: str) -> str:
    """Give the id of an event: the same inputs of the same workbook give the same one."""
    said = "\x1f".join(f"{name}={row.values[name]}" for name in sorted(row.values))
    digest = hashlib.sha256(f"{row.lead_id}|{kind}|{said}".encode()).hexdigest()
    return f"wb-{meta.book_id}-{digest[:40]}"


def _returned(
    session: Session, bad: Sequence[_Filled], published: PublishedList, meta: Meta, key: bytes, rules: Rules, now: dt.datetime
) -> bytes:  # fmt: skip
    """Write the rows that were not taken as a fresh workbook: the inputs stand as they were, with what is wrong beside."""
    version = session.scalar(sa.select(sa.func.max(Event.event_id))) or 0
    fresh = Meta.new(published.snapshot_id, "returned", meta.login, version, now)
    answers = standing_answers(session, [row.lead_id for row in bad if row.lead_id])
    rows = []
    for row in bad:
        lead = published.row(row.lead_id) if row.unit else None
        shown: dict[str, Any] = {"project_name": row.project_name}
        if lead:
            # Only what everybody may know of any lead: the mark may be of a lead that is not the sender's.
            shown = {n: lead[n] for n in ("project_name", "enterprise_name", "unit_name", "stage")}
        said = f"原第 {row.number} 行：{'；'.join(row.said)}"
        standing = answers.get(row.lead_id)
        if standing and row.is_conflict:
            shown["answered"] = standing.event.result
        mark = fresh.mark(key, row.lead_id) if lead else row.mark
        rows.append(FormRow(shown, mark, True, row.raw, said, row.is_conflict))
    label = "（合成数据）" if published.snapshot.manifest["is_synthetic"] else ""
    return form_bytes(fresh, key, rows, rules, label)
