"""The ranked list (评分排序): contributions put into words, combined by the office's weights; and who owns a lead (首报首谈).

Belongs here: reading what SQL scored or built, calling the ranking and the rule of first reports. Does not belong here: scores (dbt_project/models/scores),
weights and points (models.ranking).
"""

import datetime as dt

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from desk.snapshot import ranked_leads_table
from intake.first_report import OWNER, REFUSED, TAKEN_OVER, first_reports, protection_days
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


@dg.asset(
    key=["scoring", "lead_ownership"],
    deps=[
        *(dg.AssetKey(["marts", name]) for name in ("dim_leads", "fct_follow_ups", "fct_stage_moves")),
        *(dg.AssetKey(["landing", name]) for name in ("lead_identities", "lead_transfers")),
    ],
    group_name="scoring",
    kinds={"python", "parquet"},
    owners=["team:招商专员"],
    description="首报首谈 one row per lead: who owns it, until when it is protected, why a later report is refused",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def lead_ownership(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Judge every report by what was known before the as-of day."""
    as_of = dt.date.fromisoformat(context.partition_key)
    columns = ["lead_id", "project_name", "enterprise_name", "unit_name", "reported_date", "stage"]
    leads = pd.read_parquet(workplace.export("marts/dim_leads"), columns=columns)
    leads = leads[leads["reported_date"] < as_of]
    identities = pd.read_parquet(workplace.parquet("landing/lead_identities"), columns=["record_id", "enterprise_id"])
    reports = leads.merge(identities.rename(columns={"record_id": "lead_id"}), on="lead_id", how="left")
    follow_ups = pd.read_parquet(workplace.export("marts/fct_follow_ups"), columns=["lead_id", "follow_up_date"])
    moves = pd.read_parquet(workplace.export("marts/fct_stage_moves"), columns=["lead_id", "moved_date"])
    progress = pd.concat([frame.set_axis(["lead_id", "progress_date"], axis=1) for frame in (follow_ups, moves)])
    handed = pd.read_parquet(workplace.parquet("landing/lead_transfers")).drop_duplicates(
        ["lead_id", "transferred_date", "to_unit_name"], keep="last"
    )
    handed = handed[handed["transfer_state"].isna() | (handed["transfer_state"] == "已流转")]
    transfers = handed[["lead_id", "to_unit_name", "transferred_date"]].set_axis(
        ["lead_id", "to_unit", "transfer_date"], axis=1
    )
    judged = first_reports(
        _dated(reports, "reported_date", None),
        _dated(progress, "progress_date", as_of),
        _dated(transfers, "transfer_date", as_of),
        protection_days(),
    ).to_pandas()
    table = leads.merge(judged, on="lead_id").sort_values("lead_id")
    until = pd.to_datetime(table["protected_until_date"])
    table["is_protected"] = (until >= pd.Timestamp(as_of)) & table["verdict"].isin([OWNER, TAKEN_OVER])
    write_parquet(workplace.parquet("scoring/lead_ownership"), pa.Table.from_pandas(table, preserve_index=False))
    refused = table[table["verdict"] == REFUSED]
    shown = refused[["project_name", "unit_name", "owner_unit", "why"]].head(10)
    metadata = row_counts(len(table), len(leads), len(refused)) | {"preview": preview(shown, 10)}
    return dg.MaterializeResult(metadata=metadata)


def _dated(frame: pd.DataFrame, column: str, before: dt.date | None) -> pa.Table:
    """Give the facts of before a day as a table with a date32 column."""
    known = frame if before is None else frame[frame[column].notna() & (frame[column] < before)]
    table = pa.Table.from_pandas(known, preserve_index=False)
    at = table.schema.get_field_index(column)
    return table.set_column(at, column, table[column].cast(pa.date32()))


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
