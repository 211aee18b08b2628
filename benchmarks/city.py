"""A fictional city (虚构的市) as landing tables: the fictional district, landed once, repeated under other ids and unit names.

Belongs here: how rows are repeated. Does not belong: drawing a district (sample), reading workbooks (intake), measuring. A repeated
visit gets other days and another text, put together out of the district's own phrases and the project's name; three in a hundred keep the
text they were copied from. The register, rules, catalogues and everything without a lead or a unit stay as they are.
"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from intake.chain_graph import write_listed
from intake.landing import LandingStore
from intake.matching.leads import match_leads
from models.chain import load_chains
from models.screening.tabulating import findings
from orchestration.landing_office import land_office

ROOT = Path(__file__).parents[1]
AS_OF = dt.date(2026, 6, 30)
# Rows that are of a lead or of a trip, once for every copy; and rows that are of a unit alone, once for every unit.
BY_COPY = (
    "admission_reviews", "enterprise_requests", "evidence_items", "investment_progress", "lead_identities", "lead_transfers", "leads",
    "meeting_items", "officials_teams", "procedures", "project_commitments", "publicity_releases", "screen_overrides", "stage_moves",
    "tax_paid", "trips_events",
)  # fmt: skip
BY_UNIT = ("assessment_marks", "recruiters", "target_changes", "targets", "units")
LEADS = ("lead_id", "record_id")
UNITS = ("unit_name", "parent_unit_name", "from_unit_name", "to_unit_name")
KEYS = ("item_id", "release_id", "event_id", "request_id", "uscc", "enterprise_id", "agreed_contract_no", "evidence_no")
COPIED_PCT = 3


@dataclass(frozen=True)
class CitySize:
    """How large a city is to be."""

    units: int = 100
    projects: int = 50_000
    follow_ups: int = 2_000_000


def land_district(folder: Path) -> None:
    """Write the fictional district and land it, with its identities and chain tables."""
    make = [sys.executable, "-m", "orchestration", "sample", "--out", str(folder / "sample"), "--seed", "7"]
    subprocess.run(make, cwd=ROOT, check=True, capture_output=True)
    landing = folder / "landing"
    land_office(folder / "sample/office", folder)
    store = LandingStore(landing)
    store.land_inbox(folder / "sample/inbox")
    store.land_register(folder / "sample/register.parquet")
    match_leads(landing, folder / "identity", lambda line: None)
    for name, frame in load_chains().to_tables().items():
        frame.to_parquet(landing / f"chain_{name}.parquet", index=False)
    write_listed(folder, landing / "chain_listed.parquet")
    for name, table in findings(landing).items():
        pq.write_table(table, landing / f"{name}.parquet")


def make_city(district: Path, city: Path, size: CitySize) -> None:
    """Repeat the landed district until the city has its size."""
    source, out = district / "landing", city / "landing"
    out.mkdir(parents=True)
    shutil.copytree(source / "office", out / "office")
    with duckdb.connect(config={"threads": 2, "memory_limit": "4GB"}) as connection:
        connection.execute("set enable_progress_bar = false")
        _place(connection, source, size)
        for file in sorted(source.glob("*.parquet")):
            name = file.stem
            if name == "follow_ups":
                _write(connection, _follow_ups(connection, file, size), out / file.name)
            elif name in BY_COPY or name in BY_UNIT:
                _write(connection, _repeated(connection, file, by_unit=name in BY_UNIT), out / file.name)
            else:
                shutil.copy(file, out / file.name)


def _write(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    connection.execute(f"copy ({query}) to '{file}' (format parquet, compression zstd)")


def _place(connection: duckdb.DuckDBPyConnection, source: Path, size: CitySize) -> None:
    """Make `placed` (lead and copy), `trips` (copy) and `renamed` (written unit and copy), all with what they become."""
    connection.execute(
        f"""
        create table leads as
            select lead_id, row_number() over (order by lead_id) - 1 as lead_no
            from (select distinct lead_id from '{source / "leads.parquet"}');
        create table copies as
            select unnest(range(cast(ceil({size.projects} / (select count(*) from leads)) as bigint))) as copy;
        create table suffixes as
            select copy, case when copy = 0 then '' else '-' || lpad(cast(copy as varchar), 3, '0') end as suffix from copies;
        create table placed as
            select lead_id, copy from leads cross join copies
            where copy * (select count(*) from leads) + lead_no < {size.projects};
        create table known as
            select row_number() over (order by source_row) - 1 as unit_no, *
            from '{source / "units.parquet"}' qualify row_number() over (partition by unit_name order by source_row desc) = 1;
        -- A unit of the district stands for as many of the city as it takes to have them all.
        create table sets as
            select unit_no, unit_name, short_names, former_names,
                greatest(1, ({size.units} - unit_no + (select count(*) from known) - 1) // (select count(*) from known)) as set_count
            from known;
        create table written as
            select distinct on (written_name) written_name, set_count from (
                select unit_name as written_name, set_count, 1 as precedence from sets
                union all
                select unnest(regexp_split_to_array(concat_ws('、', short_names, former_names), '[、;；,，]')), set_count, 2 from sets
            ) where written_name != '' order by written_name, precedence;
        create table renamed as
            select written_name, copy, set_count,
                case when copy % set_count = 0 then '' else '第' || (copy % set_count + 1) || '片' end as prefix
            from written cross join copies
        """
    )


def _columns(connection: duckdb.DuckDBPyConnection, file: Path) -> list[str]:
    return [row[0] for row in connection.execute(f"select column_name from (describe from '{file}')").fetchall()]


def _replaced(columns: list[str], by_unit: bool) -> tuple[list[str], str]:
    """Give the columns that a copy changes, and the joins that tell into what."""
    changed, joins = [], ""
    for column in columns:
        if column in UNITS:
            joins += (
                f" left join renamed as {column}s on t.{column} = {column}s.written_name and {column}s.copy = c.copy"
            )
            changed.append(f"coalesce({column}s.prefix, '') || t.{column} as {column}")
        elif column in LEADS or column in KEYS:
            changed.append(f"t.{column} || s.suffix as {column}")
        elif column in ("recruiter_no", "handover_to_no", "unit_code"):
            # Of a unit, not of a lead: as many as the unit has copies.
            own = "coalesce(unit_names.prefix, '')" if "unit_name" in columns else "''"
            changed.append(f"{own} || t.{column} as {column}")
        elif column in ("short_names", "former_names") and by_unit:
            changed.append(
                f"array_to_string(list_transform(regexp_split_to_array(t.{column}, '[、;；,，]'), x -> unit_names.prefix || x), '、') as {column}"
            )
    return changed, joins


def _repeated(connection: duckdb.DuckDBPyConnection, file: Path, by_unit: bool) -> str:
    """Repeat the rows of a ledger: rows of leads and units that nobody knows stay single."""
    columns = _columns(connection, file)
    changed, joins = _replaced(columns, by_unit)
    lead = next((column for column in LEADS if column in columns), None)
    if lead:
        copies = f"left join placed as p on t.{lead} = p.lead_id cross join lateral (select coalesce(p.copy, 0) as copy) as c"
    elif by_unit:
        copies = (
            "left join written as w on t.unit_name = w.written_name"
            " inner join copies as c on c.copy < coalesce(w.set_count, 1)"
        )
    else:
        copies = "cross join copies as c"
    return (
        f"select t.* replace ({', '.join(changed)}) from '{file}' as t {copies}"
        f" inner join suffixes as s on c.copy = s.copy {joins}"
    )


def _follow_ups(connection: duckdb.DuckDBPyConnection, file: Path, size: CitySize) -> str:
    """Repeat visits within each copy of a lead, with days and texts of their own."""
    changed, joins = _replaced(_columns(connection, file), by_unit=False)
    connection.execute(
        f"""
        create table phrases as
            with parts as (select method, string_split(content, '，') as part from '{file}' where content is not null),
            placed_parts as (
                select method, 'first' as place, part[1] as phrase from parts
                union all select method, 'last', part[-1] from parts
                union all select method, 'middle', unnest(part[2:-2]) from parts
            )
            select method, place, phrase, row_number() over (partition by method, place order by phrase) - 1 as phrase_no
            from placed_parts;
        create table phrase_counts as
            select method,
                count(*) filter (where place = 'first') as first_count,
                count(*) filter (where place = 'middle') as middle_count,
                count(*) filter (where place = 'last') as last_count
            from phrases group by method;
        create table visits as
            with numbered as (select *, row_number() over () as visit_no from '{file}'),
            placed_visits as (
                select n.*, coalesce(p.copy, 0) as copy, p.lead_id is not null as is_placed
                from numbered as n left join placed as p on n.lead_id = p.lead_id
            ),
            repeats as (
                select unnest(range(cast(ceil({size.follow_ups} / (select count(*) from placed_visits)) as bigint))) as repeat
            )
            select *, hash(visit_no, copy, repeat) as dice
            from placed_visits cross join repeats
            where is_placed or repeat = 0
            qualify row_number() over (order by repeat, copy, visit_no) <= {size.follow_ups}
        """
    )
    # The same visit in another week; both of its days move together, and none goes past the last day of the district.
    moved = f"least(t.repeat * 9 + cast(t.dice % 9 as bigint), greatest(date '{AS_OF}' - t.follow_up_date, 0))"
    later = f"cast(case when t.repeat = 0 then 0 else {moved} end as integer)"
    changed += [
        f"t.follow_up_date + {later} as follow_up_date",
        f"t.recorded_date + {later} as recorded_date",
        f"t.next_step_due_date + {later} as next_step_due_date",
        # A row of a sheet is one visit: what can't be tied to a lead is told by its row.
        "t.source_row + 1000000 * t.repeat as source_row",
        "case when t.copy = 0 and t.repeat = 0 or t.dice % 100 < "
        f"{COPIED_PCT} then t.content else concat_ws('，', f.phrase, '关于' || t.project_name, m.phrase, n.phrase, l.phrase) end as content",
    ]
    return f"""
        select t.* exclude (visit_no, copy, is_placed, repeat, dice) replace ({", ".join(changed)})
        from visits as t
        inner join suffixes as s on t.copy = s.copy
        inner join copies as c on t.copy = c.copy
        left join phrase_counts as k on t.method = k.method
        left join phrases as f
            on t.method = f.method and f.place = 'first' and f.phrase_no = hash(t.dice, 1) % k.first_count
        left join phrases as m
            on t.method = m.method and m.place = 'middle' and m.phrase_no = hash(t.dice, 2) % k.middle_count
        left join phrases as n
            on t.method = n.method and n.place = 'middle' and n.phrase_no = hash(t.dice, 3) % k.middle_count
        left join phrases as l
            on t.method = l.method and l.place = 'last' and l.phrase_no = hash(t.dice, 4) % k.last_count
        {joins}
    """
