"""The ranked list (评分排序): contributions put into words, combined by the office's weights.

Belongs here: reading what SQL scored and calling the ranking. Does not belong here: scores (dbt_project/models/scores),
weights and points (models.ranking).
"""

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq

from desk.snapshot import ranked_leads_table
from intake.landing import write_parquet
from models.chain import load_chains
from models.landing import LandingSettings
from models.ranking import RankingWeights, exploration_picks, rank_leads
from models.tax import TaxSettings
from models.wording import word_contributions
from orchestration.metadata import preview, row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN
from orchestration.resources import Workplace


@dg.asset(
    key=["scoring", "ranked_leads"],
    deps=[
        dg.AssetKey(["scores", name])
        for name in ("scr_lead__parts", "scr_lead__contributions", "scr_lead__same_enterprise")
    ],
    group_name="scoring",
    kinds={"python", "parquet"},
    owners=["team:招商专员"],
    description="排序线索 one row per lead of the day, with rank, score and every reason",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def ranked_leads(workplace: Workplace) -> dg.MaterializeResult[None]:
    """Rank the leads of the day by weights.yaml; the points of all reasons add up to the score."""
    frame = pd.read_parquet(workplace.export("scores/scr_lead__parts"))
    raw = pd.read_parquet(workplace.export("scores/scr_lead__contributions"))
    worded = worded_contributions(workplace, raw)
    weights = weights_of(workplace)
    others = pd.read_parquet(workplace.export("scores/scr_lead__same_enterprise")).set_index("lead_id")
    ranking = rank_leads(frame, worded, weights)
    ranking["is_exploration"] = ranking["lead_id"].isin(exploration_picks(ranking, weights))
    ranking["same_enterprise"] = ranking["lead_id"].map(others["same_enterprise_text"])
    write_parquet(workplace.parquet("scoring/ranked_leads"), ranked_leads_table(ranking))
    ranked = int(ranking["rank"].notna().sum())
    shown = ranking[
        ["rank", "band", "score", "project_name", "unit_name", "landing_probability", "tax_wan_cny", "chain_fit"]
    ]
    metadata = row_counts(ranked, len(frame), len(ranking) - ranked) | {"preview": preview(shown.head(10).round(3), 10)}
    return dg.MaterializeResult(metadata=metadata)


def weights_of(workplace: Workplace) -> RankingWeights:
    """Read the office's weights."""
    return RankingWeights.load(workplace.office_file("weights.yaml"))


def worded_contributions(workplace: Workplace, raw: pd.DataFrame) -> pd.DataFrame:
    """Put contributions into words with the labels of the office's files."""
    chains = load_chains(workplace.office_file("chains.yaml"))
    landing = [workplace.office_file(f"landing_{part}.yaml") for part in ("settings", "rules")]
    return word_contributions(
        raw,
        LandingSettings.load(*landing),
        TaxSettings.load(workplace.office_file("tax_settings.yaml")),
        fit_labels={component.name: component.label for component in chains.components},
        chain_names={chain.chain_id: chain.name for chain in chains.chains},
    )


def read_ranked(workplace: Workplace) -> pd.DataFrame:
    """Read the ranked list of the last scoring."""
    frame: pd.DataFrame = pq.read_table(workplace.parquet("scoring/ranked_leads")).to_pandas()
    return frame
