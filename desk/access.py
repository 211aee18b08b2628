"""Who sees what (权限): one predicate over units decides every row, and masks decide what of a phone is shown.

Belongs here: roles, the reach of a viewer, masks. Does not belong here: signing in (login.py), queries of a page.

That a lead exists, whose it is and how far it came is shared by all (共享池, C33). Everything else of a lead belongs to
the reach `detail`; contacts and what was said belong to `private`; changing anything belongs to `write`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

Kind = Literal["detail", "private", "write"]
ROLES: Final = {
    "recruiter": "招商专员",
    "unit_head": "单位负责人",
    "leader": "区领导",
    "analyst": "数据专员",
    "admin": "系统管理员",
}
# What the shared pool shows of any lead to anybody who may sign in.
SHARED_COLUMNS: Final = ("lead_id", "project_name", "enterprise_name", "unit_name", "stage", "reported_date")


@dataclass(frozen=True)
class Reach:
    """A set of units, or all of them: the row predicate, in the three forms that rows come in."""

    units: frozenset[str]
    is_everything: bool = False

    def covers(self, unit: str | None) -> bool:
        """Decide one row."""
        return self.is_everything or (unit is not None and unit in self.units)

    def mask(self, units: pa.ChunkedArray | pa.Array) -> Any:
        """Decide rows of a published table by their column of units."""
        if self.is_everything:
            return pa.array([True]).take(pa.array([0] * len(units), pa.int32()))
        return pc.fill_null(pc.is_in(units, value_set=pa.array(sorted(self.units), pa.string())), False)

    def clause(self, column: sa.orm.InstrumentedAttribute[Any]) -> sa.ColumnElement[bool]:
        """Decide rows of the desk's database."""
        return sa.true() if self.is_everything else column.in_(sorted(self.units))


NOTHING: Final = Reach(frozenset())
EVERYTHING: Final = Reach(frozenset(), is_everything=True)


@dataclass(frozen=True)
class Viewer:
    """Who looks. `units` is the own unit, for a head with the units below it."""

    person_id: int
    login: str
    person_name: str
    role: str
    unit_name: str | None
    units: frozenset[str]
    form_token: str = ""
    must_change_password: bool = False

    @property
    def role_name(self) -> str:
        return ROLES[self.role]

    def reach(self, kind: Kind) -> Reach:
        """Give the rows that the viewer may see in detail, see the private part of, or change."""
        if self.role in ("recruiter", "unit_head"):
            return Reach(self.units)
        if kind == "detail" and self.role in ("leader", "analyst"):
            return EVERYTHING
        return NOTHING

    @property
    def assigns(self) -> bool:
        """Whether the viewer distributes leads among people of the unit."""
        return self.role == "unit_head"


def units_of(role: str, unit_name: str | None, parents: Mapping[str, str | None]) -> frozenset[str]:
    """Give the units of a person: the own one, and for a head all that report to it, however deep.

    Examples
    --------
    >>> sorted(units_of("unit_head", "乙", {"甲": "乙", "乙": None, "丙": "甲"}))
    ['丙', '乙', '甲']
    """
    if not unit_name:
        return frozenset()
    found = {unit_name}
    if role == "unit_head":
        while more := {unit for unit, parent in parents.items() if parent in found} - found:
            found |= more
    return frozenset(found)


def masked_phone(phone: str) -> str:
    """Mask a phone number for a list.

    Examples
    --------
    >>> masked_phone("13800001234"), masked_phone("0530-6221234"), masked_phone("12345")
    ('138****1234', '*****1234', '****')
    """
    digits = re.sub(r"\D", "", phone)
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    return f"*****{digits[-4:]}" if len(digits) >= 8 else "****"


def masked_name(name: str) -> str:
    """Keep the surname only.

    Examples
    --------
    >>> masked_name("欧阳明")
    '欧**'
    """
    return name[:1] + "*" * max(1, len(name) - 1)
