"""Chinese labels and units of features, and how a value is written for people.

Belongs here: what a reader sees instead of a column name or a raw number.
Does not belong here: which features a model uses (each task's settings), layout of pages and workbooks (``desk``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

MISSING_TEXT = "暂无"


@dataclass(frozen=True)
class FeatureLabel:
    """Name, Chinese label, unit and direction of one feature; ``texts`` words categories (true -> 是).

    Examples
    --------
    >>> FeatureLabel("visits", "跟进次数", unit="次").value_text(3.0)
    '3次'
    >>> FeatureLabel("visits", "跟进次数", unit="次").value_text(None)
    '暂无'
    >>> FeatureLabel("is_foreign", "外资").value_text(True)
    '是'
    """

    name: str
    label: str
    unit: str = ""
    monotone: int = 0
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, entry: Mapping[str, Any]) -> FeatureLabel:
        """Read one entry of a settings file."""
        texts = {_key(k): str(v) for k, v in (entry.get("texts") or {}).items()}
        return cls(name, str(entry["label"]), str(entry.get("unit") or ""), int(entry.get("monotone") or 0), texts)

    def value_text(self, value: Any) -> str:
        """The value as a person reads it."""
        if value is None or bool(pd.isna(value)):
            return MISSING_TEXT
        if isinstance(value, (bool, np.bool_)):
            return self.texts.get(_key(value), "是" if value else "否")
        if isinstance(value, str):
            return self.texts.get(value, value)
        return f"{float(value):,.2f}".rstrip("0").rstrip(".") + self.unit


def _key(value: Any) -> str:
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)
