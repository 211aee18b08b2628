"""The one path (归并一遍): rows in, an id and a reason for every row out; files written whole or not at all.

Belongs here: the order of the steps, the wording of reasons, files. Does not belong: any step's own rule.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.matching import names
from intake.matching.candidates import candidate_pairs
from intake.matching.comparison import ALIAS_LEVEL, NAME_LEVELS, SHAPE, patterns, places_differ
from intake.matching.crosswalk import EVENTS_SCHEMA, SCHEMA, Assigned, assign, read_crosswalk, read_events
from intake.matching.decisions import Decision, read_decisions
from intake.matching.grouping import (
    BY_CODE,
    BY_DECISION,
    BY_NAME,
    BY_REGISTER,
    BY_SCORE,
    Edges,
    Groups,
    grouped,
    joined,
    overgrown,
    star,
)
from intake.matching.letters import WIDTH, Keys, stirred, whole_hash
from intake.matching.nearest import IN_WORDS, NOTES, nearest
from intake.matching.records import Records, prepared, read_records
from intake.matching.trust import disagreeing, judged, likely, of_name_level, sure_enough
from intake.matching.weights import Floats, Weights, learned
from intake.workbook import FileProblem

Say = Callable[[str], None]
Rows = npt.NDArray[np.int64]

OUT_SCHEMA: Final = pa.schema(
    [
        ("record_id", pa.string()),
        ("enterprise_id", pa.string()),
        ("parent_enterprise_id", pa.string()),
        ("why", pa.string()),
    ]
)
_ALONE: Final = "没有相同的企业"
NOBODY: Final = "名称只是占位，不算企业"
_ALIAS, _ALIAS_NOTE = "曾用名或简称与名录中唯一一家相同", -2
_CORE, _CORE_NOTE = "名录中唯一核心名称相同", -3
_EXACT: Final = "只按信用代码、全称加地点归并"
_IN_DOUBT: Final = "与多家企业相近，待人工核对"
_PERSON, _PHONE, _ADDRESS = (("", "", "法定代表人相同", "法定代表人相同"), ("", "", "电话相同", "电话相同"),
                             ("", "", "道路相同", "地址相同"))  # fmt: skip


@dataclass(frozen=True)
class Matched:
    """`table` has one row per record_id, sorted by it (OUT_SCHEMA)."""

    table: pa.Table
    crosswalk: pa.Table
    events: pa.Table
    weights: list[Weights]
    warnings: tuple[str, ...]

    def summary(self) -> str:
        is_nobody = pc.equal(self.table["why"], NOBODY)
        ids = self.table.filter(pc.invert(is_nobody))["enterprise_id"]
        branches = len(self.table) - self.table["parent_enterprise_id"].null_count
        nobody = pc.sum(is_nobody).as_py()
        text = f"{len(self.table):,} 行，{pc.count_distinct(ids).as_py():,} 家企业，{branches:,} 行是有总公司的分支机构"
        parts = [text, f"{nobody:,} 行名称只是占位、不算企业" if nobody else "", *self.warnings]
        return "；".join(part for part in parts if part)


def match_file(
    source: Path,
    out: Path,
    crosswalk: Path | None = None,
    decisions: Path | None = None,
    say: Say | None = None,
) -> Matched:
    """Match the rows of a Parquet file and write the result, the crosswalk and its log (`.events.parquet` beside it)."""
    table = read_records(source)
    decided = read_decisions(decisions) if decisions else []
    log = crosswalk.with_suffix(".events.parquet") if crosswalk else None
    before = read_crosswalk(crosswalk) if crosswalk else SCHEMA.empty_table()
    events = read_events(log) if log else EVENTS_SCHEMA.empty_table()
    found = match(table, before, events, decided, say or (lambda line: None))
    targets = {out: found.table}
    if crosswalk and log:
        targets |= {crosswalk: found.crosswalk, log: found.events}
    write_whole(targets)
    return found


def write_whole(targets: dict[Path, pa.Table]) -> None:
    """Write all tables beside their places, then move them in: a broken run leaves the old files."""
    partial = {path: path.with_name(f".{path.name}.partial") for path in targets}
    try:
        for path, table in targets.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, partial[path], compression="zstd")
        for path, written in partial.items():
            os.replace(written, path)
    except pa.ArrowException as error:
        raise FileProblem(f"{next(iter(targets)).name}：写不出去（{str(error).splitlines()[0][:120]}）") from None
    finally:
        for written in partial.values():
            written.unlink(missing_ok=True)


def match(
    table: pa.Table,
    crosswalk: pa.Table | None = None,
    events: pa.Table | None = None,
    decisions: Sequence[Decision] = (),
    say: Say = lambda line: None,
) -> Matched:
    """Match the rows of a table that was checked (records.checked)."""
    started = time.perf_counter()
    crosswalk = SCHEMA.empty_table() if crosswalk is None else crosswalk
    events = EVENTS_SCHEMA.empty_table() if events is None else events
    records = prepared(table)
    if nobody := int(records.is_nobody.sum()):
        say(f"归并：{nobody:,} 行的名称只是占位（待定、保密之类）或为空，不算企业，各自单列")
    say(f"归并：{len(records):,} 行已整理，用时 {time.perf_counter() - started:.1f} 秒")
    edges, asked, log_odds, weights, told = _edges(records, say)
    say(f"归并：已比较，用时 {time.perf_counter() - started:.1f} 秒")
    same, different, warnings = _resolved(decisions, records, crosswalk)
    groups = grouped(len(records), records.code, joined(same, edges), different, records.listed)
    if (broken := overgrown(records, groups, log_odds)).any():
        before = groups
        inside = broken[before.label[before.edges.left]] & (before.edges.kind == BY_SCORE)
        groups = grouped(len(records), records.code, before.edges.where(~inside), different, records.listed)
        groups = replace(groups, doubtful=groups.doubtful | broken[before.label])
        told.append(f"{int(broken.sum()):,} 组行首尾不像一家企业，已拆开，{_EXACT}；请人工核对")
    groups = replace(groups, doubtful=groups.doubtful | asked)
    assigned = assign(records.record_id, groups.label, crosswalk, events)
    warnings += [
        f"人工决定互相矛盾，“同一”未执行：{decisions[int(number)].record_id} 与 {decisions[int(number)].other_id}"
        for number in groups.refused_decisions
    ]
    warnings = told + warnings
    for warning in warnings:
        say(f"提醒：{warning}")
    result = pa.table(
        [records.record_id, assigned.enterprise_id, _parents(records, assigned), _why(records, groups, decisions)],
        schema=OUT_SCHEMA,
    )
    say(f"归并：完成，用时 {time.perf_counter() - started:.1f} 秒")
    return Matched(result, assigned.crosswalk, assigned.events, weights, tuple(warnings))


# --- edges ----------------------------------------------------------------------------------------------------------


def _edges(records: Records, say: Say) -> tuple[Edges, npt.NDArray[np.bool_], Floats, list[Weights], list[str]]:
    """Return the pairs that speak for one firm: exact keys, then what is likely among the candidates.

    With them the rows that several firms of the register are near to, the log-odds of every pattern, what was learned, and what
    people should be told of it.
    """
    left, right = candidate_pairs(records)
    # A branch is never its parent.
    alike = records.names.is_branch[left] == records.names.is_branch[right]
    left, right = left[alike], right[alike]
    say(f"归并：{len(left):,} 对候选")
    pattern = patterns(records, left, right)
    one, other = records.code[left], records.code[right]
    coded = (one >= 0) & (other >= 0)
    # A register has one row a firm.
    apart = (coded & (one != other)) | ((records.listed[left] >= 0) & (records.listed[right] >= 0))
    size = int(np.prod(SHAPE))

    def counted(keep: npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(pattern[keep], minlength=size).astype(np.float64)

    labels = counted(coded & (one == other)), counted(apart), counted(~coded & ~apart)
    log_odds, weights = learned(*labels)
    trust = judged(log_odds, weights, *labels)
    joins = trust.vouched & likely(log_odds)
    # What no code vouches for joins nothing by names and places alone: those are for exact keys. A former name that
    # somebody wrote down is one.
    joins |= trust.allowed & sure_enough(log_odds)
    joins |= of_name_level(ALIAS_LEVEL) & ~disagreeing("place", "city")
    keep = joins[pattern] & ~coded & ~apart
    scored = Edges(
        left[keep].astype(np.int64),
        right[keep].astype(np.int64),
        log_odds[pattern[keep]],
        np.full(int(keep.sum()), BY_SCORE, dtype=np.int8),
        pattern[keep],
    )
    is_vouched = bool(trust.vouched[of_name_level(6)].all())
    if is_vouched:
        named = _by_name(records)
    else:
        whole = _whole_names(records)
        # Also pairs where two codes bear the name: a row that fits both is left to people.
        alike = (whole[left] == whole[right]) & (whole[left] > 0) & ~coded & ~apart
        named = joined(
            _by_whole_name(records, whole), _by_core_of_register(records), _paired(left[alike], right[alike])
        )
    found = joined(_by_code(records), _by_register(records), named, scored)
    meant, asked = nearest(records, left, right, pattern, _has_firm(records, found))
    told = []
    if trust.objections:
        told = [f"归并权重在这份数据上不可信，未采用，{_EXACT}：{'；'.join(trust.objections)}"]
    elif not is_vouched and labels[2].any():
        told = [f"没有足够的有效信用代码可学，用自带的归并权重：法定代表人、电话、地址都对不上的，{_EXACT}"]
    return joined(found, meant), asked, log_odds, weights, told


def _has_firm(records: Records, edges: Edges) -> npt.NDArray[np.bool_]:
    """Tell which rows are tied to a firm of the register."""
    is_firm = records.listed >= 0
    has = is_firm.copy()
    for one, other in ((edges.left, edges.right), (edges.right, edges.left)):
        has[one[is_firm[other]]] = True
    return has


def _by_code(records: Records) -> Edges:
    rows = np.flatnonzero(records.code >= 0)
    key = stirred(records.code[rows].astype(np.uint64), records.names.is_branch[rows])
    return star(key, rows, np.inf, BY_CODE)


def _by_name(records: Records) -> Edges:
    """Tie rows of one core name, form and city, where no two codes and no two counties or zones bear it."""
    city = np.where(records.place > 0, records.place, records.city)
    rows = np.flatnonzero((city > 0) & (records.names.length >= 3))
    key = stirred(stirred(records.core_key[rows], city[rows]), _form(records)[rows])
    return _star_of_one_firm(records, key, rows, 40.0, BY_NAME, one_place=True)


def _whole_names(records: Records) -> Keys:
    """Return keys of whole names (core, form, what brackets say) at one place down to the zone; 0 where too short.

    华泰建材 of the record's city 青岛 is 青岛华泰建材; 山东华泰建材 is not, 青岛高新区华泰建材 is not, nor is 华泰建材 of
    nowhere: that is 华泰建材 of nowhere.
    """
    names_ = records.names
    place = np.where(records.place > 0, records.place, np.where(records.province > 0, ~records.province, records.city))
    cut = np.where(names_.length == WIDTH, names_.whole, np.uint64(0))  # what is longer was cut off
    key = records.core_key
    for part in (place, _form(records), names_.county, names_.zone, names_.zone_own, names_.aside, cut):
        key = stirred(key, part)
    return np.where(names_.length >= np.where(place > 0, 2, 3), key, np.uint64(0))


def _by_whole_name(records: Records, whole: Keys) -> Edges:
    """Tie rows of one whole name, where no two codes bear it."""
    rows = np.flatnonzero(whole > 0)
    return _star_of_one_firm(records, whole[rows], rows, 40.0, BY_NAME)


def _paired(left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]) -> Edges:
    count = len(left)
    none = np.full(count, -1, dtype=np.int64)
    kind = np.full(count, BY_NAME, dtype=np.int8)
    return Edges(left.astype(np.int64), right.astype(np.int64), np.full(count, 40.0), kind, none)


def _by_core_of_register(records: Records) -> Edges:
    """Tie a row to the firm of the register that alone bears its core name and form, unless places or codes differ."""
    rows = np.flatnonzero(records.names.length >= 3)
    key = stirred(records.core_key[rows], _form(records)[rows])
    of_register = records.listed[rows] >= 0
    keys, at, count = np.unique(key[of_register], return_index=True, return_counts=True)
    asked, key = rows[~of_register], key[~of_register]
    spot = np.minimum(np.searchsorted(keys, key), max(len(keys) - 1, 0))
    hit = (keys[spot] == key) & (count[spot] == 1) if len(keys) else np.zeros(len(key), dtype=bool)
    one, other = asked[hit], rows[of_register][at[spot[hit]]]
    two_codes = (records.code[one] >= 0) & (records.code[other] >= 0) & (records.code[one] != records.code[other])
    keep = ~two_codes & ~places_differ(records, one, other)
    one, other = one[keep], other[keep]
    kind = np.full(len(one), BY_REGISTER, dtype=np.int8)
    return Edges(one, other, np.full(len(one), 30.0), kind, np.full(len(one), _CORE_NOTE, dtype=np.int64))


def _form(records: Records) -> Rows:
    return np.asarray(
        records.names.is_group * 4 + records.names.is_shares * 2 + records.names.is_branch, dtype=np.int64
    )


def _by_register(records: Records) -> Edges:
    """Tie a firm of the register to the rows of its whole name, where it alone bears it."""
    none = np.zeros(0, dtype=np.int64)
    if not (records.listed >= 0).any():
        return star(none.astype(np.uint64), none, 0.0, BY_REGISTER)
    rows = np.flatnonzero(records.names.length >= 2)
    wanted = records.names.whole[records.listed >= 0]
    rows = rows[np.isin(records.names.whole[rows], wanted)]
    whole = _star_of_one_firm(records, records.names.whole[rows], rows, 60.0, BY_REGISTER)
    return joined(whole, _by_alias(records))


def _by_alias(records: Records) -> Edges:
    """Tie a firm of the register to who says 曾用名 or 简称 of it, where no other firm of the register answers to that."""
    every = np.flatnonzero(records.names.length >= 2)
    row = np.concatenate([every, records.alias_row])
    key = np.concatenate([records.core_key[every], records.alias_key])
    key = stirred(key, records.names.is_branch[row])
    said = np.arange(len(row)) >= len(every)
    listed = records.listed[row] >= 0
    firms, at = row[listed], np.argsort(key[listed], kind="stable")
    keys, firms, of_firm = key[listed][at], firms[at], said[listed][at]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    lowest, highest = np.minimum.reduceat(firms, starts), np.maximum.reduceat(firms, starts)
    is_said = np.logical_or.reduceat(of_firm, starts)
    others, key, said = row[~listed], key[~listed], said[~listed]
    spot = np.minimum(np.searchsorted(keys[starts], key), len(starts) - 1)
    hit = (keys[starts][spot] == key) & (lowest[spot] == highest[spot]) & (said | is_said[spot])
    one, other = others[hit], lowest[spot[hit]]
    clash = (records.code[one] >= 0) & (records.code[other] >= 0) & (records.code[one] != records.code[other])
    one, other = one[~clash], other[~clash]
    kind = np.full(len(one), BY_REGISTER, dtype=np.int8)
    return Edges(one, other, np.full(len(one), 50.0), kind, np.full(len(one), _ALIAS_NOTE, dtype=np.int64))


def _star_of_one_firm(
    records: Records, key: Keys, rows: Rows, score: float, kind: int, one_place: bool = False
) -> Edges:
    """Tie the rows of a key, where no two codes and no two rows of the register bear it; nor, if asked, two places."""
    order = np.argsort(key, kind="stable")
    key, rows = key[order], rows[order]
    if not len(key):
        return star(key, rows, score, kind)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    plain = np.ones(len(starts), dtype=bool)
    marks = [records.code[rows], records.listed[rows]]
    if one_place:
        taken = records.names
        marks += [
            _numbered(part[rows]) for part in (taken.county, stirred(taken.zone, taken.zone_own) * (taken.zone > 0))
        ]
    for mark in marks:
        highest = np.maximum.reduceat(mark, starts)
        lowest = np.minimum.reduceat(np.where(mark < 0, np.iinfo(np.int64).max, mark), starts)
        plain &= (highest < 0) | (highest == lowest)
    plain = np.repeat(plain, np.diff(np.append(starts, len(key))))
    return star(key[plain], rows[plain], score, kind)


def _numbered(keys: Keys) -> Rows:
    """Number keys, -1 for 0."""
    number = np.unique(keys, return_inverse=True)[1]
    return np.where(keys == 0, -1, number)


# --- decisions ------------------------------------------------------------------------------------------------------


def _resolved(
    decisions: Sequence[Decision], records: Records, crosswalk: pa.Table
) -> tuple[Edges, list[tuple[int, int]], list[str]]:
    """Find the rows that decisions speak of; an enterprise stands for its founder, else its first record."""
    none = np.zeros(0, dtype=np.int64)
    if not decisions:
        return Edges(none, none, np.zeros(0), np.zeros(0, dtype=np.int8), none), [], []
    asked = pa.array(sorted({name for d in decisions for name in (d.record_id, d.other_id)}))
    places = pc.index_in(asked, records.record_id)
    row: dict[str, int] = {
        name: place for name, place in zip(asked.to_pylist(), places.to_pylist(), strict=True) if place is not None
    }
    members: dict[str, list[tuple[bool, str]]] = {}
    known = crosswalk.filter(pc.and_(pc.is_in(crosswalk["enterprise_id"], asked), crosswalk["is_current"]))
    founded = crosswalk.filter(pc.and_(pc.is_in(crosswalk["enterprise_id"], asked), crosswalk["is_founder"]))
    for line in pa.concat_tables([known, founded]).to_pylist():
        members.setdefault(line["enterprise_id"], []).append((not line["is_founder"], line["record_id"]))

    def find(name: str, besides: str) -> int | None:
        if name in row:
            return row[name]
        for _, record in sorted(members.get(name, [])):
            place = pc.index(records.record_id, record).as_py()
            if record != besides and place >= 0:
                return int(place)
        return None

    pairs: list[tuple[int, int, int]] = []
    different: list[tuple[int, int]] = []
    lost = 0
    for number, decision in enumerate(decisions):
        one, other = find(decision.record_id, decision.other_id), find(decision.other_id, decision.record_id)
        if one is None or other is None:
            lost += 1
        elif decision.is_same:
            pairs.append((one, other, number))
        else:
            different.append((one, other))
    found = np.array(pairs, dtype=np.int64).reshape(-1, 3)
    count = len(found)
    # Older words first: where two contradict a third, the younger is the one refused.
    same = Edges(
        found[:, 0],
        found[:, 1],
        -found[:, 2].astype(np.float64),
        np.full(count, BY_DECISION, dtype=np.int8),
        found[:, 2],
    )
    return same, different, [f"{lost:,} 条人工决定的编号不在本次数据中，未执行"] if lost else []


# --- what is told ---------------------------------------------------------------------------------------------------


def _parents(records: Records, assigned: Assigned) -> pa.Array:
    """Give the enterprise of a branch's parent: the one that bears the parent's whole name, if only one does."""
    count = len(records)
    written = records.names.parent
    branch = np.flatnonzero(written.is_valid().to_numpy(zero_copy_only=False))
    if not len(branch):
        return pa.nulls(count, pa.string())
    number = assigned.enterprise_id.dictionary_encode()
    firm = number.indices.to_numpy().astype(np.int64)
    head = np.flatnonzero(~records.names.is_branch & (records.names.length >= 2))
    parent = names.take_apart(written.take(pa.array(branch)))
    # 华泰建材有限公司青岛分公司 leaves out the 济南 of its parent: then the core decides, if one firm alone has it.
    by_whole = _only_firm(records.names.whole[head], firm[head], parent.whole)
    by_core = _only_firm(records.core_key[head], firm[head], whole_hash(parent.core))
    chosen = np.where(by_whole >= 0, by_whole, by_core)
    place = np.full(count, -1, dtype=np.int64)
    place[branch] = chosen
    padded = pa.concat_arrays([number.dictionary, pa.nulls(1, number.dictionary.type)])
    return padded.take(pa.array(np.where(place < 0, len(padded) - 1, place)))


def _only_firm(keys: Keys, firm: Rows, asked: Keys) -> Rows:
    order = np.argsort(keys, kind="stable")
    keys, firm = keys[order], firm[order]
    if not len(keys):
        return np.full(len(asked), -1, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    lowest, highest = np.minimum.reduceat(firm, starts), np.maximum.reduceat(firm, starts)
    spot = np.minimum(np.searchsorted(keys[starts], asked), len(starts) - 1)
    hit = (keys[starts][spot] == asked) & (lowest[spot] == highest[spot])
    return np.where(hit, lowest[spot], -1)


def _why(records: Records, groups: Groups, decisions: Sequence[Decision]) -> pa.Array:
    """Word each row's strongest reason."""
    edges = groups.edges
    has = groups.edge >= 0
    at = groups.edge[has]
    reasons = [_ALONE, _IN_DOUBT, "统一社会信用代码相同", "核心名称和城市相同", "名录中唯一同名", _ALIAS, _CORE, NOBODY]
    number = np.where(groups.doubtful & ~has, 1, np.where(records.is_nobody, 7, 0))
    chosen = np.where(edges.kind[at] == BY_CODE, 2, np.where(edges.kind[at] == BY_REGISTER, 4, 3))
    for note, reason in ((_ALIAS_NOTE, 5), (_CORE_NOTE, 6)):
        chosen[(edges.kind[at] == BY_REGISTER) & (edges.note[at] == note)] = reason
    near = (edges.kind[at] == BY_REGISTER) & (edges.note[at] <= -NOTES)
    chosen[near] = len(reasons) - NOTES - edges.note[at[near]]
    reasons += IN_WORDS
    for kind, word in ((BY_DECISION, None), (BY_SCORE, _pattern_in_words)):
        mine = edges.kind[at] == kind
        notes, inverse = np.unique(edges.note[at[mine]], return_inverse=True)
        chosen[mine] = len(reasons) + inverse
        reasons += [word(int(note)) if word else f"人工决定（{decisions[int(note)].day}）：同一" for note in notes]
    number[has] = chosen
    return pa.array(reasons, pa.string()).take(pa.array(number))


def _pattern_in_words(pattern: int) -> str:
    level: tuple[Any, ...] = np.unravel_index(pattern, SHAPE)
    name, _, city, person, phone, address, _ = (int(part) for part in level)
    said = [NAME_LEVELS[name], "城市相同" if city == 2 else "", _PERSON[person], _PHONE[phone], _ADDRESS[address]]
    return "、".join(part for part in said if part)
