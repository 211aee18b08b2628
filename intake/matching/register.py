"""Which firms of the register come into question for a few leads (名录候选), out of up to the whole country.

Belongs here: one pass over the landed register in batches, so that memory does not grow with it. Does not belong: whether
a candidate is the lead's firm (run.py decides among leads and candidates alike).

Most rows are put aside by their bytes alone: a name without the brand of any lead can't be one's firm. Names in traditional
characters or small letters are therefore found by code only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.matching import names
from intake.matching.letters import Chars, Keys, chars_of, stirred, text_of, whole_hash
from intake.matching.names import Names

COLUMNS: Final = ("uscc", "registration_no", "enterprise_name", "province_name", "city_name", "source_row")
BATCH_ROWS: Final = 122_880
# A key that more firms of the register bear says too little to compare them all; a whole name (全称) is asked for most.
MOST: Final = {"whole": 50, "core": 40, "core_place": 40, "three": 10, "tail": 10, "brand_place": 5, "near": 10}
LONGEST_NEAR: Final = 12  # characters of a core that slips are looked for in
SIEVE_BITS: Final = 22
_BRAND_BYTES: Final = np.uint64((1 << 48) - 1)  # two Chinese characters
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


def register_candidates(
    register: Path, lead_names: pa.Array, codes: Sequence[str], say: Callable[[str], None]
) -> pa.Table:
    """Give the firms that share a credit code or a telling part of the name with a lead, one row per key of the register.

    Columns: record_id (`R:` and the key), name (as last registered), uscc, city, aliases (earlier names), register_key.
    """
    asked = names.take_apart(lead_names)
    parents = names.take_apart(asked.parent.filter(asked.parent.is_valid()))
    lists = asked.aliases
    others = names.take_apart(lists.flatten() if pa.types.is_list(lists.type) else pa.nulls(0, pa.string()))
    wanted = _Wanted([asked, parents], others, codes)
    found: list[pa.Table] = []
    seen = 0
    for batch in _batches(register):
        seen += len(batch)
        if (taken := wanted.taken(batch)) is not None:
            found.append(taken)
    rows = wanted.standing(found)
    say(f"归并：企业名录 {seen:,} 行中有 {len(rows):,} 家与线索沾边")
    return rows


def _batches(register: Path) -> Iterator[pa.RecordBatch]:
    if register.exists():
        with pq.ParquetFile(register) as file:
            yield from file.iter_batches(BATCH_ROWS, columns=list(COLUMNS))


class _Wanted:
    """What the leads ask for: codes, keys of names, and the sieve of their brands."""

    def __init__(self, asked: Sequence[Names], aliases: Names, codes: Sequence[str]) -> None:
        self.codes = pa.array(sorted(set(codes)), pa.string())
        keys = [key for part in asked for _, key in _keys_of(part, is_asked=True)]
        # An alias is asked for as a core of any length: 宏远 said to be a 简称 means more than a core of two characters.
        keys.append(_mixed("core", whole_hash(aliases.core), aliases)[aliases.length >= 2])
        self.keys: Keys = np.unique(np.concatenate([key[key > 0] for key in keys]))
        self.counts = np.zeros(len(self.keys), dtype=np.int64)
        self.most = np.zeros(len(self.keys), dtype=np.int64)
        self.sieve = np.zeros(1 << SIEVE_BITS, dtype=bool)
        for part in (*asked, aliases):
            # Three looks: a slip of one character leaves one of them as it is, in names of five characters and more, or
            # in shorter ones behind a place.
            for start in (0, 1, 2):
                size = 2 if start == 0 else 3
                text = text_of(np.ascontiguousarray(part.core[:, start : start + size]))
                self.sieve[_grams(text.filter(pc.equal(pc.utf8_length(text), size)), min(start, 1))] = True
            before = _before_brand(part)
            self.sieve[_grams(before.filter(pc.equal(pc.utf8_length(before), 3)), 1)] = True

    def taken(self, batch: pa.RecordBatch) -> pa.Table | None:
        """Give the rows of a batch that share something, with the numbers of their keys (`asked`, a list)."""
        by_code = _is_in(batch.column("uscc"), self.codes) | _is_in(batch.column("registration_no"), self.codes)
        name = pc.fill_null(batch.column("enterprise_name"), "")
        at = np.flatnonzero(self._passing(name) | by_code)
        if not len(at):
            return None
        taken = names.take_apart(name.take(pa.array(at)))
        hits: list[tuple[Rows, Rows]] = []
        for kind, key in _keys_of(taken):
            spot = np.minimum(np.searchsorted(self.keys, key), max(len(self.keys) - 1, 0))
            row = np.flatnonzero((key > 0) & (self.keys[spot] == key)) if len(self.keys) else np.zeros(0, np.int64)
            number = spot[row]
            np.add.at(self.counts, number, 1)
            self.most[number] = MOST[kind]
            live = self.counts[number] <= MOST[kind] + BATCH_ROWS  # the batch that goes over is judged at the end
            hits.append((row[live], number[live]))
        rows, numbers = (np.concatenate([hit[part] for hit in hits]) for part in (0, 1))
        order = np.argsort(rows, kind="stable")
        rows, numbers = rows[order], numbers[order]
        starts = np.searchsorted(rows, np.arange(len(at) + 1))
        keep = (np.diff(starts) > 0) | by_code[at]
        lists = pa.ListArray.from_arrays(pa.array(starts.astype(np.int32)), pa.array(numbers))
        table = pa.Table.from_batches([batch]).take(pa.array(at))
        table = table.append_column("asked", lists).append_column("by_code", pa.array(by_code[at]))
        return table.filter(pa.array(keep))

    def _passing(self, name: pa.Array) -> Bools:
        """Say which names hold the brand of a lead: one look at every character's bytes."""
        offsets = np.frombuffer(name.buffers()[1], np.int32)[name.offset : name.offset + len(name) + 1]
        data = np.frombuffer(name.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
        padded = np.concatenate([data, np.zeros(8, np.uint8)])
        begins = np.flatnonzero((data & 0xC0) != 0x80)
        windows: Any = np.ndarray((len(data),), "<u8", buffer=padded, strides=(1,))[begins]
        found = self.sieve[_slot(windows & _BRAND_BYTES, 0)] | self.sieve[_slot(windows, 1)]
        passing = np.zeros(len(name), dtype=bool)
        passing[np.searchsorted(offsets - offsets[0], begins[found], side="right") - 1] = True
        return passing

    def standing(self, found: list[pa.Table]) -> pa.Table:
        """Drop what only keys of too many firms brought in, and give one row per key of the register."""
        if not found:
            return pa.table({name: pa.nulls(0, pa.string()) for name in OUT})
        table = pa.concat_tables(found)
        asked = table["asked"].combine_chunks()
        parents, numbers = pc.list_parent_indices(asked).to_numpy(), asked.flatten().to_numpy()
        keep = table["by_code"].to_numpy()
        telling = parents[self.counts[numbers] <= self.most[numbers]]
        keep = keep | np.isin(np.arange(len(table)), telling)
        table = table.filter(pa.array(keep))
        key = pc.coalesce(table["uscc"], table["registration_no"])
        table = table.append_column("register_key", key).filter(key.is_valid()).sort_by("source_row")
        rows: dict[str, dict[str, Any]] = {}
        for line in table.drop_columns(["asked", "by_code"]).to_pylist():
            # The last row of a key stands (最后收到的为准); what it was called before is an earlier name.
            before = rows.get(line["register_key"])
            earlier = [*before["earlier"], before["name"]] if before else []
            rows[line["register_key"]] = {
                "name": line["enterprise_name"],
                "uscc": line["uscc"],
                "city": line["city_name"] or line["province_name"],
                "earlier": [name for name in earlier if name != line["enterprise_name"]],
            }
        return pa.Table.from_pylist(
            [
                {**row, "record_id": f"R:{key}", "aliases": "、".join(row["earlier"]) or None, "register_key": key}
                for key, row in sorted(rows.items())
            ],
            pa.schema([(name, pa.string()) for name in OUT]),
        )


OUT: Final = ("record_id", "name", "uscc", "city", "aliases", "register_key")


def _is_in(column: pa.Array, codes: pa.Array) -> Bools:
    return np.asarray(pc.fill_null(pc.is_in(column, codes), False).to_numpy(zero_copy_only=False), dtype=bool)


def _slot(windows: Keys, salt: int) -> Rows:
    with np.errstate(over="ignore"):
        return np.asarray(((windows + np.uint64(salt)) * _ODD) >> np.uint64(64 - SIEVE_BITS), dtype=np.int64)


def _grams(text: pa.Array, salt: int) -> Rows:
    """Give the slots of the first 6 (two characters) or 8 bytes (nearly three) of each text."""
    size = 6 if salt == 0 else 8
    raw = [word.encode()[:size] for word in text.to_pylist()]
    raw = [word.ljust(8, b"\0") for word in raw if len(word) == size]
    return _slot(np.frombuffer(b"".join(raw), "<u8"), salt)


def _mixed(kind: str, key: Keys, taken: Names) -> Keys:
    return stirred(stirred(key, np.full(len(key), list(MOST).index(kind))), taken.is_branch)


def _before_brand(taken: Names) -> pa.Array:
    """Return the last two characters before each core, and its first: 京市华 of 北京市华泰…; shorter where no place is there."""
    first = text_of(np.ascontiguousarray(taken.core[:, :1]))
    texts = zip(taken.written.to_pylist(), first.to_pylist(), strict=True)
    found = [
        written[max(at - 2, 0) : at + 1] if one and (at := written.find(one)) >= 2 else "" for written, one in texts
    ]
    return pa.array(found, pa.string())


def _keys_of(taken: Names, is_asked: bool = False) -> Iterator[tuple[str, Keys]]:
    """Yield the keys of names with their kind; 0 where a name has none. Branches and firms never meet.

    Leads ask (`is_asked`) for a core alone from three characters on, and for a brand at a place where they say no more.
    """
    core, length = taken.core, taken.length
    core_key = whole_hash(core)
    place = whole_hash(chars_of(pc.coalesce(taken.city, taken.province), 12))
    none = np.uint64(0)
    yield "whole", np.where(length >= 2, _mixed("whole", taken.whole, taken), none)
    yield "core", np.where(length >= (3 if is_asked else 2), _mixed("core", core_key, taken), none)
    placed = (length >= 2) & (place > 0)
    yield "core_place", np.where(placed, _mixed("core_place", stirred(core_key, place), taken), none)
    yield "three", np.where(length >= 3, _mixed("three", whole_hash(core[:, :3]), taken), none)
    yield "tail", np.where(length >= 4, _mixed("tail", whole_hash(core, 1), taken), none)
    branded = placed & ((length == 2) if is_asked else (length >= 3))
    yield "brand_place", np.where(branded, _mixed("brand_place", stirred(whole_hash(core[:, :2]), place), taken), none)
    for key in near_keys(core, length):
        yield "near", np.where(key > 0, _mixed("near", key, taken), none)
        yield "near", np.where((key > 0) & (place > 0), _mixed("near", stirred(key, place), taken), none)


def near_keys(core: Chars, length: Rows) -> Iterator[Keys]:
    """Yield keys of which two cores one slip apart share one: the core, and it without each of its characters (SymSpell).

    A slip is a character too much, too few or another one, or two that changed places. 0 where there is no such key.
    """
    fits = (length >= 3) & (length <= LONGEST_NEAR)
    yield np.where(fits, whole_hash(core[:, :LONGEST_NEAR]), np.uint64(0))
    for at in range(LONGEST_NEAR):
        has = fits & (length >= 4) & (length > at)
        if not has.any():
            return
        without = np.concatenate([core[:, :at], core[:, at + 1 : LONGEST_NEAR + 1]], axis=1)
        yield np.where(has, whole_hash(without), np.uint64(0))
