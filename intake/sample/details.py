"""The other columns of a lead (线索的其余各列): elements, screens, trips, next actions; drawn apart from all before.

Belongs here: what a lead ledger says besides who, what and how much. Does not belong: what decides landing (leads.py).
"""

from __future__ import annotations

import numpy as np

from intake.sample import district
from intake.sample.enterprises import Enterprises
from intake.sample.leads import Lead

_TCE_PER_WAN = {"纺织服装": 0.11, "环保水处理": 0.05, "医药医疗器械": 0.06, "新能源新材料": 0.18}


def set_basics(leads: list[Lead], enterprises: Enterprises, rng: np.random.Generator) -> None:
    """Set the yearly energy (吨标准煤) of makers, and whether a firm that is here already extends (增资扩产)."""
    for lead in leads:
        is_local = enterprises.city[lead.enterprise] == len(district.CITIES) - 1
        lead.is_expansion = bool(is_local and lead.industry.section in "CD")
        if lead.industry.section in "CD" and lead.output:
            per_wan = _TCE_PER_WAN.get(lead.industry.chain, 0.12)
            lead.energy = round(lead.output * per_wan * float(np.exp(rng.normal(0, 0.4))), 1)
