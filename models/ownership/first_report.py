"""Who owns a lead (首报首谈): the first valid report does; later ones are refused while its protection lasts.

Belongs here: the rule as one pure function over tables. Does not belong: which enterprise a lead speaks of (intake/matching),
how many days of protection the office gives: no published rule fixes it (first_report.yaml).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import yaml

from office import settings_file

SCHEMA: Final = pa.schema(
    [
        ("lead_id", pa.string()),
        ("verdict", pa.string()),
        ("owner_lead_id", pa.string()),
        ("owner_unit", pa.string()),
        ("credit_unit", pa.string()),
        ("protected_until_date", pa.date32()),
        ("why", pa.string()),
    ]
)
OWNER, TAKEN_OVER, REFUSED, INVALID = "首报有效", "保护期满后接手", "拒绝", "无效"


def protection_days(path: Path | None = None) -> int:
    """Read for how many days a report protects its lead without progress."""
    path = path or settings_file("first_report.yaml")
    days = yaml.safe_load(path.read_text(encoding="utf-8"))["protection_days"]
    if not isinstance(days, int) or days < 0:
        raise ValueError(f"{path.name}：protection_days 应为不小于 0 的整数，现为“{days}”")
    return days


@dataclass
class _Owner:
    lead_id: str
    unit: str  # who reported first: the credit stays here
    touched: dt.date


def first_reports(leads: pa.Table, progress: pa.Table, transfers: pa.Table, protection_days: int) -> pa.Table:
    """Judge every lead; one row per lead_id, sorted by it (SCHEMA).

    `leads`: lead_id, enterprise_id, project_key (the name in the form that names compare by), unit_name, reported_date, and is_valid if there is such a column.
    `progress`: lead_id, progress_date. `transfers`: lead_id, to_unit, transfer_date. Dates are date32.
    A report on the last day of protection is still refused. Of two reports of one day the smaller lead_id is first.
    """
    if protection_days < 0:
        raise ValueError("protection_days is negative")
    days = _by_lead(progress, "progress_date")
    moved = _by_lead(transfers, "transfer_date", "to_unit")
    groups: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    judged: list[dict[str, object]] = []
    for row in leads.to_pylist():
        if row.get("is_valid", True) and row["enterprise_id"] and row["reported_date"]:
            groups[row["enterprise_id"], row["project_key"] or ""].append(row)
        else:
            judged.append(_line(row["lead_id"], INVALID, "报备无效，不取得首谈权"))
    for rows in groups.values():
        judged += _judged(sorted(rows, key=lambda r: (r["reported_date"], r["lead_id"])), days, moved, protection_days)
    return pa.Table.from_pylist(sorted(judged, key=lambda line: str(line["lead_id"])), SCHEMA)


def _by_lead(table: pa.Table, day: str, value: str | None = None) -> dict[str, list[tuple[dt.date, str]]]:
    found: dict[str, list[tuple[dt.date, str]]] = defaultdict(list)
    for row in table.to_pylist():
        if row[day] is not None:
            found[row["lead_id"]].append((row[day], row[value] if value else ""))
    return {lead: sorted(rows) for lead, rows in found.items()}


def _judged(
    rows: Iterable[dict[str, object]],
    days: dict[str, list[tuple[dt.date, str]]],
    moved: dict[str, list[tuple[dt.date, str]]],
    protection_days: int,
) -> list[dict[str, object]]:
    """Judge the reports of one project in order of day."""
    lines: list[dict[str, object]] = []
    owner: _Owner | None = None
    held: dict[str, _Owner] = {}
    for row in rows:
        lead, unit, day = str(row["lead_id"]), str(row["unit_name"]), row["reported_date"]
        assert isinstance(day, dt.date)
        if owner and day <= (until := _touched(owner, days, moved, day) + dt.timedelta(days=protection_days)):
            handler = _handler(owner, moved, day)
            why = f"{owner.touched.isoformat()} 已由{owner.unit}首报（{owner.lead_id}），现由{handler}跟进，保护期至 {until.isoformat()}"
            lines.append(_line(lead, REFUSED, why, owner.lead_id, handler, owner.unit, until))
            continue
        verdict = TAKEN_OVER if owner else OWNER
        why = f"{owner.unit}（{owner.lead_id}）超过 {protection_days} 天无进展" if owner else "本项目第一个有效报备"
        owner = held[lead] = _Owner(lead, unit, day)
        lines.append(_line(lead, verdict, why, lead))
    for line in lines:
        if mine := held.get(str(line["lead_id"])):
            until = _touched(mine, days, moved, dt.date.max) + dt.timedelta(days=protection_days)
            line |= {
                "owner_unit": _handler(mine, moved, dt.date.max),
                "credit_unit": mine.unit,
                "protected_until_date": until,
            }
    return lines


def _touched(
    owner: _Owner,
    days: dict[str, list[tuple[dt.date, str]]],
    moved: dict[str, list[tuple[dt.date, str]]],
    by: dt.date,
) -> dt.date:
    """Give the last day on which the owner's lead was reported, moved on or handed over, known by a day."""
    known = [day for day, _ in (*days.get(owner.lead_id, []), *moved.get(owner.lead_id, [])) if day <= by]
    return max([owner.touched, *known])


def _handler(owner: _Owner, moved: dict[str, list[tuple[dt.date, str]]], by: dt.date) -> str:
    """Give who works on the lead: the last unit it was handed to, else the reporter."""
    return next((unit for day, unit in reversed(moved.get(owner.lead_id, [])) if day <= by), owner.unit)


def _line(
    lead: str,
    verdict: str,
    why: str,
    owner_lead: str | None = None,
    owner_unit: str | None = None,
    credit_unit: str | None = None,
    until: dt.date | None = None,
) -> dict[str, object]:
    values = (lead, verdict, owner_lead, owner_unit, credit_unit, until, why)
    return dict(zip(SCHEMA.names, values, strict=True))
