"""Hand-written points compiled to the same tables as a learned model.

Belongs here: reading a points sheet (bins, categories, points) into :class:`AdditiveTables`.
Does not belong here: the points themselves (the office's ``landing_points.yaml``), deciding when a rule stands in for a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.additive.tables import AdditiveTables, Term, category_key


def tables_from_points(sheet: Mapping[str, Any]) -> AdditiveTables:
    """Compile a points sheet; ``points_per_unit`` points make one unit of the score.

    Examples
    --------
    >>> import pandas as pd
    >>> sheet = {"points_per_unit": 10, "base_points": -20, "terms": {
    ...     "visits": {"bins": [{"below": 1, "points": -5}, {"points": 10}], "missing": 0},
    ...     "is_foreign": {"categories": {True: 5}}}}
    >>> tables_from_points(sheet).score(pd.DataFrame({"visits": [0, 4], "is_foreign": [True, False]})).tolist()
    [-2.0, -1.0]
    """
    unit = float(sheet["points_per_unit"])
    terms = []
    for name, entry in sheet["terms"].items():
        missing = float(entry.get("missing", 0)) / unit
        if "bins" in entry:
            bins = entry["bins"]
            edges = np.array([float(b["below"]) for b in bins[:-1]])
            if "below" in bins[-1] or not (np.diff(edges) > 0).all():
                raise ValueError(f"{name}: bins 的 below 必须递增，最后一档不写 below")
            values = np.array([float(b["points"]) for b in bins]) / unit
            terms.append(Term(name, name, True, edges, values, missing=missing))
        else:
            categories = {category_key(k): float(v) / unit for k, v in entry["categories"].items()}
            other = float(entry.get("other", 0)) / unit
            terms.append(Term(name, name, False, categories=categories, missing=missing, other=other))
    return AdditiveTables(float(sheet["base_points"]) / unit, terms).rounded()
