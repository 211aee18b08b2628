"""Leads of the landing store and the enterprise behind each (线索归并): so that one firm chased by three offices is seen.

Belongs here: which row of a lead stands, decisions of the landed ledger 归并决定, the firm of the register behind a lead,
the crosswalk that keeps ids from night to night. Does not belong: comparing rows (run.py), what is done with the ids (SQL).

Leads and the register's candidates are matched as one set: records `L:`lead_id and `R:`key of the register.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.matching.crosswalk import keep_versions, read_crosswalk, read_events
from intake.matching.decisions import Decision, standing
from intake.matching.names import written_form
from intake.matching.placeholders import placeholders
from intake.matching.records import checked
from intake.matching.register import register_candidates
from intake.matching.run import Matched, match, write_whole

MERGED: Final = "归并"
LEAD, LISTED = "L:", "R:"
BY_CODE, BY_NAME, BY_MATCHING = "信用代码", "企业名称", "名称归并"
# As staging does: the last received row of a lead stands.
_STANDING: Final = """
    select 'L:' || lead_id as record_id, enterprise_name as name, uscc
    from read_parquet(?)
    qualify row_number() over (partition by lead_id order by received_seq desc, source_row desc) = 1
    order by record_id
"""


def match_leads(
    landing: Path, home: Path, say: Callable[[str], None], remark: Callable[[str], None] = lambda line: None
) -> pa.Table:
    """Write `landing/lead_identities.parquet`, and the crosswalk with its log under `home`, all or nothing.

    `remark` is given what people should know of the matching, such as weights that were not used.

    Gives what was written: one row per lead, sorted by `record_id` (the lead_id), with the enterprise, the firm of the
    register (`register_key`, `register_match_by`, null where none is found) and why.
    """
    with duckdb.connect() as connection:
        leads = connection.execute(_STANDING, [str(landing / "leads.parquet")]).to_arrow_table()
    decisions = _decisions(landing, set(leads["record_id"].to_pylist()))
    codes = leads["uscc"].drop_null().to_pylist()
    codes += [id_[2:] for d in decisions for id_ in (d.record_id, d.other_id) if id_.startswith(LISTED)]
    lead_names = leads["name"].combine_chunks()
    lead_names = pc.if_else(pa.array(placeholders(lead_names)), "", lead_names)
    listed = register_candidates(landing / "register.parquet", lead_names, codes, say)
    both = checked(pa.concat_tables([leads, listed], promote_options="default"), "线索台账")
    crosswalk, log = home / "crosswalk.parquet", home / "crosswalk.events.parquet"
    found = match(both, read_crosswalk(crosswalk), read_events(log), decisions, say)
    told = _told(both, found)
    for line in found.warnings:
        remark(line)
    keep_versions(crosswalk, log)
    write_whole({landing / "lead_identities.parquet": told, crosswalk: found.crosswalk, log: found.events})
    return told


def _told(both: pa.Table, found: Matched) -> pa.Table:
    """Give every lead its enterprise and the firm of the register that is in it."""
    with duckdb.connect() as connection:
        connection.register("records", both.append_column("whole", written_whole(both["name"].combine_chunks())))
        connection.register("matched", found.table)
        return connection.execute(
            f"""
            with rows as (select * from records inner join matched using (record_id)),
            firms as (select * from rows where register_key is not null),
            -- People may join two rows of the register: then the one of the lead's own code or name, else the lowest.
            pairs as (
                select
                    leads.record_id,
                    firms.register_key,
                    case
                        when leads.uscc = firms.register_key then '{BY_CODE}'
                        when leads.whole = firms.whole then '{BY_NAME}'
                        else '{BY_MATCHING}'
                    end as register_match_by,
                from rows as leads inner join firms using (enterprise_id)
                where leads.register_key is null
                qualify row_number() over (
                    partition by leads.record_id
                    order by leads.uscc is distinct from firms.register_key, leads.whole <> firms.whole, firms.register_key
                ) = 1
            ),
            parents as (select enterprise_id, min(register_key) as register_key from firms group by enterprise_id)
            select
                substr(leads.record_id, 3) as record_id,
                leads.enterprise_id,
                leads.parent_enterprise_id,
                leads.why,
                pairs.register_key,
                pairs.register_match_by,
                parents.register_key as parent_register_key
            from rows as leads
            left join pairs on leads.record_id = pairs.record_id
            left join parents on leads.parent_enterprise_id = parents.enterprise_id
            where leads.register_key is null
            order by record_id
            """
        ).to_arrow_table()


def written_whole(name: pa.Array) -> pa.Array:
    """Give written forms without brackets, as names are compared whole."""
    return pc.replace_substring_regex(written_form(name), "[()]", "")


def _decisions(landing: Path, leads: set[str]) -> list[Decision]:
    """Read the landed decisions; an id is a lead's, an enterprise's (QY…), else a code of the register."""
    path = landing / "merge_decisions.parquet"
    if not path.exists():
        return []

    def record(id_: str) -> str:
        if LEAD + id_ in leads:
            return LEAD + id_
        return id_ if id_.startswith("QY") else LISTED + id_

    columns = ["left_id", "right_id", "decision", "decided_date"]
    rows = pq.read_table(path, columns=columns).to_pylist()
    return standing(
        [
            Decision(
                row["decided_date"].isoformat(),
                record(row["left_id"]),
                record(row["right_id"]),
                row["decision"] == MERGED,
            )
            for row in rows
            if row["left_id"] != row["right_id"]
        ]
    )
