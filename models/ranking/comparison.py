"""What would change if the weights were changed.

Belongs here: ranking the same leads twice and putting the moves side by side.
Does not belong here: day-to-day changes of the published list (the marts), ranking itself (``ranking``).
"""

from __future__ import annotations

import pandas as pd

from models.ranking.ranking import rank_leads
from models.ranking.weights import RankingWeights

COMPARISON_COLUMNS = [
    "lead_id", "project_name", "unit_name", "old_rank", "new_rank", "rank_gain", "old_score", "new_score",
    "old_band", "new_band",
]  # fmt: skip


def compare_weights(
    frame: pd.DataFrame, contributions: pd.DataFrame, old: RankingWeights, new: RankingWeights
) -> pd.DataFrame:
    """One row per lead in the new order; ``rank_gain`` is positive for a lead that moves up, null if unranked."""
    before = rank_leads(frame, contributions, old).set_index("lead_id")[["rank", "score", "band"]].add_prefix("old_")
    after = rank_leads(frame, contributions, new).rename(
        columns={"rank": "new_rank", "score": "new_score", "band": "new_band"}
    )
    moves = after.join(before, on="lead_id")
    moves["rank_gain"] = moves["old_rank"] - moves["new_rank"]
    return moves[COMPARISON_COLUMNS]
