"""Rows to be matched (待匹配记录): read, checked, sorted, and what is personal hashed away.

Belongs here: the input file and its complaints, attributes in comparable form. Legal persons and phones become 64-bit
hashes with the first query and are never text again. Does not belong: comparing two rows.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.matching import names
from intake.matching.engine import by_parts, in_order, session
from intake.matching.letters import Keys, chars_of, shifted, whole_hash
from intake.matching.names import Names
from intake.matching.placeholders import placeholders
from intake.matching.places import city_of, leading_places, place_of
from intake.values import uscc_valid
from intake.workbook import FileProblem

REQUIRED: Final = ("record_id", "name")
KEPT_OF_NOBODY: Final = ("uscc", "register_key")
OPTIONAL: Final = ("uscc", "city", "legal_person", "phone", "address", "aliases")
_NO_TEXT: Final = pa.scalar(None, pa.string())
_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_null)


@dataclass(frozen=True)
class Records:
    """Columns of equal length, sorted by record_id. A hash of 0 is a missing value, a code of -1 too."""

    record_id: pa.Array
    names: Names
    core_key: Keys
    code: npt.NDArray[np.int64]  # number of the valid credit code
    place: Keys  # prefecture named in the name
    province: Keys
    city: Keys  # prefecture of the record
    person: Keys
    phone: Keys
    address: Keys
    road: Keys
    alias_row: npt.NDArray[np.int64]
    alias_key: Keys  # core of an alias of row alias_row
    listed: npt.NDArray[np.int64]  # number of the row in a register, -1 for others
    is_nobody: npt.NDArray[np.bool_]  # the name is a placeholder: the row is met by its code only

    def __len__(self) -> int:
        return len(self.record_id)

    @property
    def where(self) -> Keys:
        """The prefecture of the record, else the one that its name says."""
        return np.where(self.city > 0, self.city, self.place)


def read_records(path: Path) -> pa.Table:
    """Read the known columns of a Parquet file, or say in one Chinese line what is wrong with it."""
    if not path.is_file():
        raise FileProblem(f"{path}：待匹配文件不存在；请检查路径")
    if path.stat().st_size == 0:
        raise FileProblem(f"{path.name}：文件是空的（0 字节）；请重新生成")
    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            table = file.read([name for name in (*REQUIRED, *OPTIONAL) if name in present])
    except (pa.ArrowException, OSError, UnicodeError):
        raise FileProblem(f"{path.name}：打不开，不是完整的 Parquet 文件；请重新生成") from None
    return checked(table, path.name)


def checked(table: pa.Table, name: str) -> pa.Table:
    """Give the table sorted by record_id, or complain."""
    if missing := [column for column in REQUIRED if column not in table.column_names]:
        raise FileProblem(
            f"{name}：缺少列 {'、'.join(missing)}；现有列：{'、'.join(table.column_names) or '无'}，请补上"
        )
    for column in table.column_names:
        kind = table.schema.field(column).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if not any(is_kind(kind) for is_kind in _TEXTS):
            raise FileProblem(f"{name}：列 {column} 应为文本，实际是 {kind}；请按文本保存")
    if not len(table):
        raise FileProblem(f"{name}：没有一行数据；请检查上一步的输出")
    table = pa.table({column: table[column].cast(pa.string()).combine_chunks() for column in table.column_names})
    ids = table["record_id"].combine_chunks()
    if ids.null_count or pc.any(pc.equal(ids, "")).as_py():
        raise FileProblem(f"{name}：record_id 有空值；请给每一行唯一的编号")
    if not pc.all(pc.less_equal(ids.slice(0, len(ids) - 1), ids.slice(1))).as_py():
        table = table.take(pc.sort_indices(ids))
        ids = table["record_id"].combine_chunks()
    repeated = pc.equal(ids.slice(1), ids.slice(0, len(ids) - 1))
    if pc.any(repeated).as_py():
        shown = ids.slice(1).filter(repeated)[0].as_py()
        raise FileProblem(f"{name}：record_id“{shown}”出现不止一次；请去掉重复的行")
    return table


def prepared(table: pa.Table) -> Records:
    """Bring the checked table into comparable form."""
    count = len(table)
    is_nobody = np.concatenate(by_parts(placeholders, table["name"].combine_chunks()))
    nobody = pa.array(is_nobody) if is_nobody.any() else None

    def column(name: str) -> pa.Array:
        if name not in table.column_names:
            return pa.nulls(count, pa.string())
        values = table[name].combine_chunks()
        # 待定 and 待定 are two firms, also where one agent's phone stands beside them: only the code is left.
        return values if nobody is None or name in KEPT_OF_NOBODY else pc.if_else(nobody, _NO_TEXT, values)

    address = column("address")

    def all_but_names() -> tuple[Keys, pa.Table, Keys, Keys, npt.NDArray[np.int64]]:
        folded = _folded(column("legal_person"), column("phone"), address)
        rest, road, from_address = _address(folded["address"].combine_chunks())
        city = _city(column("city"))
        return np.where(city > 0, city, _hashed(from_address)), folded, rest, road, _codes(column("uscc"))

    with ThreadPoolExecutor(max_workers=1) as beside:  # names on one core, the rest on the other
        others = beside.submit(all_but_names)
        taken = names.take_apart(column("name"))
        alias_row, alias_key = _aliases(taken, column("aliases"))
        core_key = whole_hash(taken.core)
        city, folded, rest, road, code = others.result()
    return Records(
        record_id=table["record_id"].combine_chunks(),
        names=taken,
        core_key=core_key,
        code=code,
        place=_hashed(taken.city),
        province=_hashed(taken.province),
        city=city,
        person=folded["person"].to_numpy(),
        phone=folded["phone"].to_numpy(),
        address=rest,
        road=road,
        alias_row=alias_row,
        alias_key=alias_key,
        listed=_numbered(column("register_key")),
        is_nobody=is_nobody,
    )


def _hashed(text: pa.Array) -> Keys:
    """Hash short texts; 0 where missing. Few distinct values: each is hashed once."""
    encoded = text.dictionary_encode()
    keys = np.append(whole_hash(chars_of(encoded.dictionary, 24)), np.uint64(0))
    return np.asarray(keys[pc.fill_null(encoded.indices, len(keys) - 1).to_numpy(zero_copy_only=False)])


def _city(text: pa.Array) -> Keys:
    """Give the prefecture of what stands as city: 青岛, 青岛市, 山东省青岛市, 昆山 (苏州); unknown words stand for themselves."""
    encoded = text.dictionary_encode()
    words = encoded.dictionary.cast(pa.string())
    if not len(words):
        return np.zeros(len(text), dtype=np.uint64)
    plain = names.written_form(words)
    city, province = place_of(plain)
    meant = pc.coalesce(city, province, plain)
    keys = np.append(whole_hash(chars_of(meant, 24)), np.uint64(0))
    return np.asarray(keys[pc.fill_null(encoded.indices, len(words)).to_numpy(zero_copy_only=False)])


def _codes(text: pa.Array) -> npt.NDArray[np.int64]:
    if text.null_count == len(text):
        return np.full(len(text), -1, dtype=np.int64)
    cleaned = pc.utf8_upper(pc.utf8_trim_whitespace(text))
    kept = pc.if_else(uscc_valid(cleaned), cleaned, pa.scalar(None, pa.string()))
    return np.asarray(pc.fill_null(kept.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _numbered(text: pa.Array) -> npt.NDArray[np.int64]:
    numbers = pc.fill_null(text.dictionary_encode().indices, -1)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def _folded(person: pa.Array, phone: pa.Array, address: pa.Array) -> pa.Table:
    """Hash person and phone, and bring addresses to half width."""
    table = pa.table(
        {
            "place": pa.array(np.arange(len(person))),
            "person": person,
            "phone": phone,
            "address": pc.utf8_normalize(address, "NFKC") if address.null_count < len(address) else address,
        }
    )
    with session() as connection:
        connection.register("source", table)
        found = connection.execute(
            r"""
            with cleaned as (
                select
                    place,
                    nullif(replace(replace(person, ' ', ''), '　', ''), '') as person,
                    right(nullif(regexp_replace(phone, '[^0-9]', '', 'g'), ''), 11) as phone,
                    case when regexp_matches(address, '[ ,，.。()/\\-]')
                        then regexp_replace(address, '[ ,，.。()/\\-]', '', 'g') else address end as address
                from source
            )
            select
                place,
                case when person is null then 0::ubigint else hash(person) end as person,
                case when phone is null or length(phone) < 7 then 0::ubigint else hash(phone) end as phone,
                coalesce(address, '') as address
            from cleaned
            """
        ).to_arrow_table()
    return in_order(found)


def _address(text: pa.Array) -> tuple[Keys, Keys, pa.Array]:
    """Hash the address behind its places, and its road (up to the first digit); give the prefecture it starts with."""
    whole, road, city = zip(*by_parts(_part_of_addresses, text), strict=True)
    return np.concatenate(whole), np.concatenate(road), pa.concat_arrays(city)


def _part_of_addresses(text: pa.Array) -> tuple[Keys, Keys, pa.Array]:
    chars = chars_of(text, 40)
    leading = leading_places(chars[:, :24])
    rest = shifted(chars, leading.taken, WIDTH_OF_ADDRESS)
    digit = (rest >= ord("0")) & (rest <= ord("9"))
    before = np.cumsum(digit, axis=1) == 0
    road = np.where(before, rest, 0)
    road_key = np.where(np.count_nonzero(road, axis=1) >= 2, whole_hash(road), np.uint64(0))
    whole_key = np.where(np.count_nonzero(rest, axis=1) >= 4, whole_hash(rest), np.uint64(0))
    return whole_key, road_key, city_of(leading.number)


WIDTH_OF_ADDRESS: Final = 28


def _aliases(taken: Names, column: pa.Array) -> tuple[npt.NDArray[np.int64], Keys]:
    """Give the cores of 曾用名 and 简称: those in brackets of the name, and those of the column `aliases` (、；; between)."""
    rows: list[npt.NDArray[Any]] = []
    texts: list[pa.Array] = []
    for lists in (taken.aliases, pc.split_pattern_regex(column, "[、；;,，|]+")):
        if lists.null_count < len(lists):
            rows.append(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False))
            texts.append(pc.list_flatten(lists))
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    said = pa.concat_arrays([text.cast(pa.string()) for text in texts])
    named = names.take_apart(said)
    known = (named.length >= 2) & ~placeholders(said)
    return np.concatenate(rows)[known].astype(np.int64), whole_hash(named.core)[known]
