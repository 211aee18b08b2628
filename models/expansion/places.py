"""Where places lie (places.csv), to a tenth of a degree, and the distances between them.

Belongs here: coordinates of prefectures and municipalities as a register names them.
Does not belong here: what a distance means for a move (``pairs``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from models.expansion.features import Floats

EARTH_KM = 12742.0  # across


@cache
def _coordinates() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("places.csv"), index_col="place")


def distances(places: Sequence[str]) -> Floats:
    """Kilometres along the globe between places, rounded; NaN where one is not known.

    Examples
    --------
    >>> distances(["上海", "江苏苏州", "月球"])[0, 1:].tolist()
    [86.0, nan]
    """
    longitude, latitude = np.radians(_coordinates().reindex(list(places)).to_numpy(dtype=np.float64)).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half = half + np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return np.asarray(np.round(EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))), dtype=np.float64)
