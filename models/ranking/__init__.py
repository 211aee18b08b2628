"""Combine landing, tax and chain fit into one ranked list whose points add up. Loads no scikit-learn."""

from models.ranking.comparison import compare_weights
from models.ranking.exploration import exploration_picks
from models.ranking.ranking import FORBIDDEN, RANKING_COLUMNS, SAME_FOR_ALL, rank_leads, top_reasons
from models.ranking.weights import KIND_NAMES, PART_NAMES, Band, RankingWeights, WeightsError

__all__ = [
    "FORBIDDEN",
    "KIND_NAMES",
    "PART_NAMES",
    "RANKING_COLUMNS",
    "Band",
    "RankingWeights",
    "WeightsError",
    "compare_weights",
    "exploration_picks",
    "SAME_FOR_ALL",
    "rank_leads",
    "top_reasons",
]
