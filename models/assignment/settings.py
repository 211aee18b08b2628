"""The settings of the assignment that the office edits: read and validate.

Belongs here: the meaning and limits of every key of ``assignment.yaml``. Does not belong here: options, solving.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import yaml

from office import settings_file


@dataclass(frozen=True)
class AssignmentSettings:
    """Validated content of ``assignment.yaml``.

    Examples
    --------
    >>> AssignmentSettings.load().parks_per_lead
    4
    """

    valid_from: dt.date
    lead_limit: int
    parks_per_lead: int
    leads_per_recruiter: int
    default_unit_leads: int
    park_weight: float
    own_unit_points: float
    chain_unit_points: float
    park_unit_points: float
    chosen_park_points: float
    relative_gap: float
    node_limit: int
    # Units that bring leads and have no place to put them (招商组、部门): such a lead is rather handed on.
    bringing_unit_types: tuple[str, ...] = ()
    bringing_unit_points: float | None = None  # as any reporting unit

    @classmethod
    def load(cls, path: Path | None = None) -> AssignmentSettings:
        """Read a settings file (default: the one of the office in use); what is odd is named in Chinese."""
        path = path or settings_file("assignment.yaml")
        content = yaml.safe_load(path.read_text("utf-8"))
        names = {field.name for field in fields(cls)}
        needed = {field.name for field in fields(cls) if field.default is MISSING}
        if not isinstance(content, dict) or not needed <= set(content) <= names:
            odd = (
                sorted((needed - set(content)) | (set(content) - names))
                if isinstance(content, dict)
                else sorted(needed)
            )
            raise ValueError(f"{path.name}：缺少或多出：{'、'.join(odd)}")
        types = content.get("bringing_unit_types", [])
        if not isinstance(types, list) or not all(isinstance(kind, str) for kind in types):
            raise ValueError(f"{path.name}：bringing_unit_types 应为单位类型的清单，如 [招商组, 部门]")
        content = {**content, "bringing_unit_types": tuple(types)}
        numbers = {k: v for k, v in content.items() if k not in ("valid_from", "bringing_unit_types")}
        wrong = [k for k, v in numbers.items() if isinstance(v, bool) or not isinstance(v, int | float) or v < 0]
        whole = ("lead_limit", "parks_per_lead", "leads_per_recruiter", "default_unit_leads", "node_limit")
        wrong += [k for k in whole if not isinstance(content[k], int) and k not in wrong]
        if wrong or not isinstance(content["valid_from"], dt.date):
            raise ValueError(
                f"{path.name}：应为不小于 0 的数（条数为整数），日期为日期：{'、'.join(wrong) or 'valid_from'}"
            )
        return cls(**content)
