"""What a lead may be assigned to, what each option is worth, and the answer in words (方案、分值、说明).

Belongs here: options of a lead (unit and park, or unit alone), their uses of capacity, the table that is published.
Does not belong here: the integer program (assignment), the match of lead and park (dbt_project/models/boards/park).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.assignment.assignment import Assignment, assign
from models.assignment.settings import AssignmentSettings

# What a lead needs, what a park has free, in words.
NEEDS = {
    "land_mu": ("vacant_land_mu", "用地（亩）"),
    "plant_area_mu": ("vacant_plant_mu", "厂房（亩）"),
    "power_kva": ("power_free_kva", "供电（kVA）"),
    "water_tpd": ("water_free_tpd", "供水（吨/日）"),
    "gas_m3ph": ("gas_free_m3ph", "供气（立方米/小时）"),
    "steam_tph": ("steam_free_tph", "供汽（吨/小时）"),
    "sewage_tpd": ("sewage_free_tpd", "污水处理（吨/日）"),
    "energy_tce": ("energy_free_tce", "能耗指标（吨标准煤）"),
}
SLOTS = "承办名额"
ASSIGNMENT_COLUMNS = [
    "lead_id", "project_name", "unit_name", "rank", "score", "assigned_unit_name", "assigned_park_name",
    "match_points", "is_unit_changed", "why", "short_text",
]  # fmt: skip


@dataclass(frozen=True)
class Options:
    """Options of all leads: ``rows`` with what each stands for, and the tables that :func:`assign` takes."""

    rows: list[dict[str, Any]]
    options: pd.DataFrame
    uses: pd.DataFrame
    capacities: dict[str, float]


def lead_options(
    leads: pd.DataFrame,
    matches: pd.DataFrame,
    parks: pd.DataFrame,
    recruiters: pd.Series[int],
    settings: AssignmentSettings,
) -> Options:
    """Lay out what every lead may be assigned to.

    Parameters
    ----------
    leads : DataFrame
        ``lead_id``, ``unit_name``, ``unit_type``, ``chain_unit_name``, ``park_name``, ``score``, ``rank``; only leads to assign.
    matches : DataFrame
        ``lead_id``, ``park_name``, ``park_unit_name``, ``is_excluded``, ``park_rank``, ``match_points``, needs.
    parks : DataFrame
        ``park_name`` and what is free of each need; null is not limited.
    recruiters : Series
        Active recruiters by unit; a unit that is not in it has the default number of leads.
    """
    first = leads.sort_values(["rank", "lead_id"]).head(settings.lead_limit)
    fitting = matches[~matches["is_excluded"] & (matches["park_rank"] <= settings.parks_per_lead)]
    fitting = fitting[fitting["lead_id"].isin(first["lead_id"])]
    by_lead = {str(lead): rows.to_dict("records") for lead, rows in fitting.groupby("lead_id")}
    rows: list[dict[str, Any]] = []
    uses: list[tuple[str, str, float]] = []
    for lead in first.to_dict("records"):
        for park in [None, *by_lead.get(lead["lead_id"], [])]:
            for unit, unit_points, role in _units(lead, park, settings):
                park_name = park["park_name"] if park else None
                option = f"{lead['lead_id']}|{unit}|{park_name or ''}"
                points = settings.park_weight * park["match_points"] if park else 0.0
                if park and _same(park_name, lead.get("park_name")):
                    points += settings.chosen_park_points
                rows.append(
                    {
                        "option_id": option,
                        "lead_id": lead["lead_id"],
                        "value": max(0.0, lead["score"]) * (points + unit_points),
                        "assigned_unit_name": unit,
                        "assigned_park_name": park_name,
                        "match_points": park["match_points"] if park else None,
                        "role": role,
                    }
                )
                uses.append((option, f"{unit}｜{SLOTS}", 1.0))
                if park:
                    uses += [
                        (option, f"{park_name}｜{title}", float(park[need]))
                        for need, (_, title) in NEEDS.items()
                        if pd.notna(park[need]) and park[need] > 0
                    ]
    capacities = {
        f"{park['park_name']}｜{title}": float(park[free])
        for park in parks.to_dict("records")
        for free, title in NEEDS.values()
        if pd.notna(park[free])
    }
    for unit in sorted({row["assigned_unit_name"] for row in rows}):
        people = recruiters.get(unit)
        slots = settings.default_unit_leads if people is None else int(people) * settings.leads_per_recruiter
        capacities[f"{unit}｜{SLOTS}"] = float(slots)
    options = pd.DataFrame(rows, columns=["option_id", "lead_id", "value"])
    return Options(rows, options, pd.DataFrame(uses, columns=["option_id", "resource", "amount"]), capacities)


def _units(
    lead: Mapping[Any, Any], park: Mapping[Any, Any] | None, settings: AssignmentSettings
) -> list[tuple[str, float, str]]:
    """Give the units that could take a lead, each once, in the role that counts most."""
    own = settings.own_unit_points
    if settings.bringing_unit_points is not None and lead.get("unit_type") in settings.bringing_unit_types:
        own = settings.bringing_unit_points
    found = [(lead["unit_name"], own, "报备单位")]
    if isinstance(lead.get("chain_unit_name"), str):
        found.append((lead["chain_unit_name"], settings.chain_unit_points, "产业牵头部门"))
    if park and isinstance(park["park_unit_name"], str):
        found.append((park["park_unit_name"], settings.park_unit_points, "园区所在单位"))
    best: dict[str, tuple[str, float, str]] = {}
    for entry in sorted(found, key=lambda e: -e[1]):
        best.setdefault(entry[0], entry)
    return list(best.values())


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, str) and isinstance(right, str) and left == right


def assignment_table(
    leads: pd.DataFrame,
    matches: pd.DataFrame,
    parks: pd.DataFrame,
    recruiters: pd.Series[int],
    settings: AssignmentSettings,
) -> tuple[pd.DataFrame, Assignment]:
    """Assign and explain: one row per lead within the limit, by rank, with :data:`ASSIGNMENT_COLUMNS`."""
    laid = lead_options(leads, matches, parks, recruiters, settings)
    solved = assign(laid.options, laid.uses, laid.capacities, settings.relative_gap, settings.node_limit)
    by_option = {row["option_id"]: row for row in laid.rows}
    conflicts = matches[matches["is_excluded"]].groupby("lead_id")["park_name"].nunique()
    fitting = matches[~matches["is_excluded"]].groupby("lead_id")["park_name"].nunique()
    rows = []
    for lead in leads.sort_values(["rank", "lead_id"]).head(settings.lead_limit).to_dict("records"):
        option = by_option.get(solved.chosen.get(lead["lead_id"], ""))
        short = solved.short.get(lead["lead_id"], {})
        rows.append(
            {
                **{name: lead[name] for name in ("lead_id", "project_name", "unit_name", "rank", "score")},
                "assigned_unit_name": option["assigned_unit_name"] if option else None,
                "assigned_park_name": option["assigned_park_name"] if option else None,
                "match_points": option["match_points"] if option else None,
                "is_unit_changed": option is not None and option["assigned_unit_name"] != lead["unit_name"],
                "why": _why(option, int(fitting.get(lead["lead_id"], 0)), int(conflicts.get(lead["lead_id"], 0))),
                "short_text": "；".join(
                    f"{name.replace('｜', '的')}差 {missing:g}" for name, missing in sorted(short.items())
                )
                or None,
            }
        )
    return pd.DataFrame(rows, columns=ASSIGNMENT_COLUMNS), solved


def _why(option: dict[str, Any] | None, fitting: int, conflicting: int) -> str:
    if option is None:
        return "容量不足，未能分派"
    unit = f"由{option['role']}承办"
    if option["assigned_park_name"] is not None:
        return f"{unit}；园区匹配分 {option['match_points']:g}，{fitting} 个园区可匹配，{conflicting} 个有硬冲突"
    if fitting:
        return f"{unit}；{fitting} 个园区可匹配，但余量容不下（给了总分更高的组合）"
    return f"{unit}；没有可匹配的园区" + (f"，{conflicting} 个有硬冲突" if conflicting else "")
