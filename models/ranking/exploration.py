"""A second, short list of leads to try although their score does not put them first (试探名单).

Belongs here: which leads, reproducibly. A ranker that only ever calls its own favourites never learns about the rest.
Does not belong here: the ranking, which exploration leaves as it is.
"""

from __future__ import annotations

import hashlib
import math

import pandas as pd

from models.ranking.weights import RankingWeights


def exploration_picks(ranking: pd.DataFrame, weights: RankingWeights) -> list[str]:
    """Ids of ``exploration_share`` of the ranked leads, drawn from below the top half by a hash of id and as-of date.

    A hash, not a random number: the same list gives the same picks, and next month gives others a turn.
    """
    ranked = ranking[ranking["rank"].notna()]
    wanted = math.floor(weights.exploration_share * len(ranked))
    pool = ranked.iloc[len(ranked) // 2 :]
    keys = [
        (hashlib.sha256(f"{lead}|{as_of}".encode()).hexdigest(), str(lead))
        for lead, as_of in zip(pool["lead_id"], pool["as_of_date"].astype(str), strict=True)
    ]
    return [lead for _, lead in sorted(keys)[:wanted]]
