"""Ids that live from night to night (编号对照): every id that a record ever had, and who founded it.

Belongs here: which id an enterprise of tonight bears, the log of merges and splits. Does not belong: who belongs
together (grouping.py).

An id stays with its founder, the record it was first given for; a merged enterprise bears its oldest id. So undoing a
merge or a split brings the earlier ids back by themselves.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from intake.matching.engine import session
from intake.workbook import FileProblem

KEPT: Final = 7  # versions, one a night
SCHEMA: Final = pa.schema(
    [
        ("record_id", pa.string()),
        ("enterprise_id", pa.string()),
        ("night", pa.int32()),
        ("is_founder", pa.bool_()),
        ("is_current", pa.bool_()),
    ]
)
EVENTS_SCHEMA: Final = pa.schema(
    [
        ("night", pa.int32()),
        ("event", pa.string()),
        ("from_enterprise_id", pa.string()),
        ("to_enterprise_id", pa.string()),
        ("record_count", pa.int32()),
    ]
)


@dataclass(frozen=True)
class Assigned:
    """`enterprise_id` by row of tonight; the crosswalk and the log as they stand after tonight."""

    enterprise_id: pa.Array
    crosswalk: pa.Table
    events: pa.Table


def read_crosswalk(path: Path) -> pa.Table:
    """Read the crosswalk; none yet gives an empty one, one that is gone from beside its versions is told."""
    return _read(path, SCHEMA, "编号对照文件")


def read_events(path: Path) -> pa.Table:
    """Read the log of merges and splits; empty where there is none yet."""
    return _read(path, EVENTS_SCHEMA, "归并日志")


def _read(path: Path, schema: pa.Schema, title: str) -> pa.Table:
    if not path.exists():
        if _version(path, 1).exists():
            raise FileProblem(
                f"{path.name}：{title}不见了，但上一版 {path.name}.1 还在；请把它复制为 {path.name}（两个文件一起恢复），"
                "不要新建，否则企业编号会全部改变；确要重新编号，请把 .1 至 .7 一并移走"
            )
        return schema.empty_table()
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise FileProblem(
            f"{path.name}：{title}损坏；请从备份恢复（同目录 {path.name}.1 是上一版，{path.name}.2 是再上一版，两个文件一起恢复），不要新建，否则企业编号会全部改变"
        ) from None
    if missing := [name for name in schema.names if name not in table.column_names]:
        raise FileProblem(f"{path.name}：{title}缺少列 {'、'.join(missing)}；请从备份恢复")
    return table.select(schema.names).cast(schema)


def keep_versions(*paths: Path) -> None:
    """Keep what tonight will replace beside it, the last KEPT versions (`.1` the youngest): hard links, written at once.

    Call it before the new files are moved in. A version equal to the youngest is not kept twice.
    """
    if not all(path.exists() for path in paths):
        return
    if all(_version(path, 1).exists() and _version(path, 1).samefile(path) for path in paths):
        return
    for path in paths:
        for number in range(KEPT, 1, -1):
            if _version(path, number - 1).exists():
                os.replace(_version(path, number - 1), _version(path, number))
        os.link(path, _version(path, 1))


def _version(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def assign(record_id: pa.Array, label: npt.NDArray[np.int64], crosswalk: pa.Table, events: pa.Table) -> Assigned:
    """Give every enterprise of tonight its id. Rows are sorted by record_id; labels are numbers without meaning."""
    if not len(crosswalk):
        return _first_night(record_id, label, events)
    with session() as connection:
        connection.register("records", pa.table({"record_id": record_id, "label": pa.array(label)}))
        connection.register("before", crosswalk)
        connection.register("logged", events)
        connection.execute("create temp table tonight as select * from records")
        connection.execute("create temp table old as select * from before")
        _keep_old_ids(connection)
        connection.execute(
            """
            create temp table fresh as
            with nameless as (
                select label, min(record_id) as founder
                from tonight
                anti join bearing using (label)
                group by label
            ),
            highest as (select coalesce(max(cast(substr(enterprise_id, 3) as bigint)), 0) as number from old)
            select
                label,
                founder,
                'QY' || lpad(cast(highest.number + row_number() over (order by founder) as varchar), 9, '0')
                    as enterprise_id
            from nameless cross join highest
            """
        )
        connection.execute(
            """
            create temp table given as
            select tonight.record_id, coalesce(bearing.enterprise_id, fresh.enterprise_id) as enterprise_id
            from tonight left join bearing using (label) left join fresh using (label)
            """
        )
        night = connection.execute("select coalesce(max(night), 0) + 1 from old").fetchall()[0][0]
        new_crosswalk = connection.execute(_CROSSWALK, {"night": night}).to_arrow_table().cast(SCHEMA)
        new_events = connection.execute(_EVENTS, {"night": night}).to_arrow_table().cast(EVENTS_SCHEMA)
        ids = connection.execute(
            """
            select given.enterprise_id
            from (select record_id, row_number() over () as place from records) as asked
            inner join given using (record_id)
            order by asked.place
            """
        ).to_arrow_table()
    return Assigned(ids["enterprise_id"].combine_chunks(), new_crosswalk, new_events)


def _first_night(record_id: pa.Array, label: npt.NDArray[np.int64], events: pa.Table) -> Assigned:
    """Number the enterprises by their first record: without old ids nothing need be joined."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    number = rank[inverse]
    names = pa.array([f"QY{at:09d}" for at in range(1, len(first) + 1)], pa.string())
    order = np.argsort(number, kind="stable")
    sorted_number = number[order]
    columns = [
        record_id.take(pa.array(order)),
        names.take(pa.array(sorted_number)),
        pa.array(np.ones(len(order), dtype=np.int32)),
        pa.array(np.concatenate([[True], sorted_number[1:] != sorted_number[:-1]])),
        pa.array(np.ones(len(order), dtype=bool)),
    ]
    return Assigned(names.take(pa.array(number)), pa.table(columns, schema=SCHEMA), events)


def _keep_old_ids(connection: duckdb.DuckDBPyConnection) -> None:
    # First the founders: an id goes where its founder is, an enterprise takes its oldest.
    connection.execute(
        """
        create temp table founded as
        select tonight.label, min(old.enterprise_id) as enterprise_id
        from old inner join tonight using (record_id)
        where old.is_founder
        group by tonight.label
        """
    )
    # Then ids whose founder is gone: to those who bore them, the most records first; the eldest becomes the founder.
    connection.execute(
        """
        create temp table moved as
        with orphaned as (
            select enterprise_id from old where is_founder and record_id not in (select record_id from tonight)
        ),
        claims as (
            select
                tonight.label,
                old.enterprise_id,
                count(*) filter (where old.is_current) as current_count,
                count(*) as held_count,
                min(tonight.record_id) as eldest
            from old
            inner join tonight using (record_id)
            inner join orphaned using (enterprise_id)
            anti join founded on tonight.label = founded.label
            group by tonight.label, old.enterprise_id
        ),
        of_id as (
            select * from claims
            qualify row_number() over (
                partition by enterprise_id order by current_count desc, held_count desc, eldest
            ) = 1
        )
        select label, enterprise_id from of_id
        qualify row_number() over (partition by label order by current_count desc, enterprise_id) = 1
        """
    )
    connection.execute("create temp table bearing as select * from founded union all select * from moved")


# Records that are not in tonight's input keep what they had.
_CROSSWALK: Final = """
    with founders as (
        select fresh.enterprise_id, fresh.founder as record_id from fresh
        union all
        select moved.enterprise_id, min(tonight.record_id)
        from moved inner join tonight using (label)
        group by moved.enterprise_id
    ),
    held as (
        select record_id, enterprise_id, night from old
        union all
        select record_id, enterprise_id, cast($night as integer) as night
        from given
        anti join old on given.record_id = old.record_id and given.enterprise_id = old.enterprise_id
    )
    select
        held.record_id,
        held.enterprise_id,
        held.night,
        case
            when founders.enterprise_id is not null then founders.record_id = held.record_id
            else coalesce(old.is_founder, false)
        end as is_founder,
        case
            when given.record_id is not null then given.enterprise_id = held.enterprise_id
            else coalesce(old.is_current, false)
        end as is_current
    from held
    left join old on held.record_id = old.record_id and held.enterprise_id = old.enterprise_id
    left join given on held.record_id = given.record_id
    left join founders on held.enterprise_id = founders.enterprise_id
    order by held.enterprise_id, held.record_id
"""

_EVENTS: Final = """
    with changed as (
        select
            old.enterprise_id as from_enterprise_id,
            given.enterprise_id as to_enterprise_id,
            count(*) as record_count
        from old inner join given using (record_id)
        where old.is_current and old.enterprise_id <> given.enterprise_id
        group by all
    )
    select * from logged
    union all
    select
        cast($night as integer) as night,
        case when from_enterprise_id in (select enterprise_id from given) then '拆分' else '合并' end as event,
        from_enterprise_id,
        to_enterprise_id,
        cast(record_count as integer) as record_count
    from changed
    order by night, from_enterprise_id, to_enterprise_id
"""
