"""The ranked list (评分排序): contributions put into words, combined by the office's weights; who owns a lead (首报首谈); what
was said beside what came true (说与成真); and how units stand by the table of scoring (考核).

Belongs here: reading what SQL scored or built, calling the ranking, the rule of first reports, the engine of scoring and
the assignment (线索分派). Does not belong here: scores (dbt_project/models/scores), weights and points (models.ranking,
models.assessment).
"""

import datetime as dt
import json
from collections.abc import Iterator
from functools import partial

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.values import fold
from models.assessment import assess, assessment_table
from models.assignment import AssignmentSettings, assignment_table
from models.chain import load_chains
from models.landing import LandingSettings
from models.ownership import REFUSED, first_reports, protection_days
from models.rank_changes import CHANGE_COLUMNS
from models.ranking import RankingWeights, exploration_picks, rank_leads
from models.tax import TaxSettings
from models.wording import word_contributions
from orchestration.list_changes import changes_and_news
from orchestration.metadata import PREVIEW, board_titles, preview, row_counts
from orchestration.partitions import AS_OF_DAYS, ONE_DAY_A_RUN
from orchestration.resources import Workplace
from publishing.snapshot import ranked_leads_table
from publishing.workbook import first_leads
from storage import write_parquet

REPORT = ["lead_id", "project_name", "enterprise_name", "unit_name", "reported_date", "stage"]
ASSIGNED_FROM = {
    "leads": "brd_lead__standing",
    "matches": "brd_park__matches",
    "parks": "brd_park__register",
    "recruiters": "brd_team__recruiters",
}
TEXT = pa.string()
ASSIGNED = pa.schema(
    {
        "lead_id": TEXT, "project_name": TEXT, "unit_name": TEXT, "rank": pa.int64(), "score": pa.float64(),
        "assigned_unit_name": TEXT, "assigned_park_name": TEXT, "match_points": pa.float64(), "is_unit_changed": pa.bool_(),
        "why": TEXT, "short_text": TEXT,
    }
)  # fmt: skip
SAID = "scoring/said_and_came"
SAID_AND_CAME = pa.schema(
    {
        "dimension": TEXT, "value": TEXT, "from_date": pa.date32(), "to_date": pa.date32(), "lead_count": pa.int64(),
        "said_count": pa.float64(), "low_count": pa.int64(), "high_count": pa.int64(), "came_count": pa.int64(),
        "evidence": pa.float64(), "colour": TEXT,
    }
)  # fmt: skip
PROGRESS = {"fct_follow_ups": "follow_up_date", "fct_stage_moves": "moved_date"}  # what renews the protection


@dg.asset(
    key=["scoring", "ranked_leads"],
    deps=[
        dg.AssetKey(["scores", "scr_lead__parts"]),
        dg.AssetKey(["scores", "scr_lead__contributions"]),
        dg.AssetKey(["boards", "brd_lead__same_enterprise"]),
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
    others = pd.read_parquet(workplace.export("boards/brd_lead__same_enterprise")).set_index("lead_id")
    ranking = rank_leads(frame, worded, weights)
    ranking["is_exploration"] = ranking["lead_id"].isin(exploration_picks(ranking, weights))
    ranking["same_enterprise"] = ranking["lead_id"].map(others["same_enterprise_text"])
    write_parquet(workplace.parquet("scoring/ranked_leads"), ranked_leads_table(ranking))
    ranked = int(ranking["rank"].notna().sum())
    shown = preview(first_leads(ranking, weights), rows=10)
    return dg.MaterializeResult(metadata=row_counts(ranked, len(frame), len(ranking) - ranked) | {PREVIEW: shown})


CHANGES = {
    "rank_changes": "名单变动 one row per lead of this list or the one before: why its score and rank moved, step by step",
    "morning_news": "晨报 one row per ledger, stage or cause and unit: what came in since the list before",
}
_CHANGE_TYPES = {"rank_before": pa.int64(), "rank_now": pa.int64(), "rank_gain": pa.int64(), "is_own": pa.bool_()}
CHANGED = pa.schema(
    [
        (
            name,
            _CHANGE_TYPES.get(name)
            or (
                pa.int64()
                if name.endswith("_places")
                else pa.float64()
                if "score" in name or name.endswith("_points")
                else TEXT
            ),
        )
        for name in CHANGE_COLUMNS
    ]
)
NEWS = pa.schema(
    {
        "section": TEXT, "item": TEXT, "unit_name": TEXT, "row_count": pa.int64(), "amount_wan_cny": pa.float64(),
        "amount_title": TEXT, "note": TEXT,
    }
)  # fmt: skip


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["scoring", name],
            deps=[
                dg.AssetKey(["scoring", "ranked_leads"]),
                *(dg.AssetKey(["scores", table]) for table in ("scr_lead__parts", "scr_lead__contributions")),
                *(dg.AssetKey(["learning", table]) for table in ("model_tables", "model_versions")),
                dg.AssetKey(["features", "ftr_lead__12m"]),
                dg.AssetKey(["marts", "dim_leads"]),
            ],
            group_name="scoring",
            kinds={"python", "parquet"},
            owners=["team:招商专员"],
            description=text,
            partitions_def=AS_OF_DAYS,
        )
        for name, text in CHANGES.items()
    ],
    name="list_changes",
    backfill_policy=ONE_DAY_A_RUN,
)
def list_changes(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Compare the list with the one before, one replaced cause after another; empty where there is none before."""
    as_of = dt.date.fromisoformat(context.partition_key)
    found = changes_and_news(workplace, as_of, partial(worded_contributions, workplace))
    for (name, _), frame, schema in zip(CHANGES.items(), found, (CHANGED, NEWS), strict=True):
        key = f"scoring/{name}"
        write_parquet(workplace.parquet(key), pa.Table.from_pandas(frame, schema, preserve_index=False))
        shown = preview(frame, board_titles(key), 20)
        yield dg.MaterializeResult(asset_key=key.split("/"), metadata=row_counts(len(frame)) | {PREVIEW: shown})


@dg.asset(
    key=["scoring", "lead_ownership"],
    deps=[
        *(dg.AssetKey(["marts", name]) for name in ("dim_leads", *PROGRESS, "fct_lead_transfers")),
        dg.AssetKey(["landing", "lead_identities"]),
    ],
    group_name="scoring",
    kinds={"python", "parquet"},
    owners=["team:招商专员"],
    description="首报首谈 one row per lead: who owns it, until when it is protected, why a later report is refused",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def lead_ownership(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Judge every report by what was known by the as-of day."""
    as_of = dt.date.fromisoformat(context.partition_key)
    reports = _known(workplace, "dim_leads", "reported_date", as_of, REPORT)
    enterprises = pq.read_table(workplace.parquet("landing/lead_identities"), columns=["record_id", "enterprise_id"])
    progress = [
        _known(workplace, name, "known_date", as_of, ["lead_id", day]).rename_columns(["lead_id", "progress_date"])
        for name, day in PROGRESS.items()
    ]
    moved = ["lead_id", "to_unit_name", "transferred_date"]
    transfers = _known(workplace, "fct_lead_transfers", "transferred_date", as_of, moved)
    judged = first_reports(
        reports.append_column("project_key", project_keys(reports)).join(enterprises, "lead_id", "record_id"),
        pa.concat_tables(progress),
        transfers.rename_columns(["lead_id", "to_unit", "transfer_date"]),
        protection_days(workplace.office_file("first_report.yaml")),
    )
    table = reports.join(judged, "lead_id").sort_by("lead_id")
    write_parquet(workplace.parquet("scoring/lead_ownership"), table)
    refused = table.filter(pc.field("verdict") == REFUSED)
    shown = preview(refused.slice(0, 10).to_pandas(), board_titles("scoring/lead_ownership"), 10)
    return dg.MaterializeResult(metadata=row_counts(len(table), len(reports), len(refused)) | {"后报被拒": shown})


def project_keys(reports: pa.Table) -> pa.Array:
    """Return the names of projects in the form by which names compare, one per row."""
    return pa.array([fold(name or "") for name in reports["project_name"].to_pylist()], pa.string())


@dg.asset(
    key=["scoring", "said_and_came"],
    deps=[
        *(dg.AssetKey(["learning", name]) for name in ("model_tables", "model_versions")),
        dg.AssetKey(["features", "ftr_lead__12m"]),
        *(dg.AssetKey(["marts", name]) for name in ("fct_outcomes", "dim_units")),
    ],
    group_name="scoring",
    kinds={"python", "parquet"},
    owners=["team:数据专员"],
    description="说与成真 one row per month, kind of unit, source and band: landings said beside landings that came",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def said_and_came_true(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Tell beside every month's expected landings those that came; empty while a rule stands in."""
    from models.additive import from_tables, part_of
    from models.landing.coming_true import COLUMNS, said_and_came
    from models.level import LevelRule

    tables, versions = (pd.read_parquet(workplace.parquet(f"learning/model_{n}")) for n in ("tables", "versions"))
    used = versions.set_index("part").loc["landing"]
    found = pd.DataFrame(columns=COLUMNS)
    if used["kind"] == "model" and isinstance(used.get("level_rule"), str):
        units = pd.read_parquet(workplace.export("marts/dim_units")).set_index("unit_name")["unit_type"].dropna()
        found = said_and_came(
            from_tables(part_of(tables, "landing")),
            LevelRule.read(json.loads(str(used["level_rule"]))),
            pd.read_parquet(workplace.export("features/ftr_lead__12m")),
            pd.read_parquet(workplace.export("marts/fct_outcomes")),
            dt.date.fromisoformat(context.partition_key),
            LandingSettings.load(*(workplace.office_file(name) for name in ("landing.yaml", "landing_points.yaml"))),
            {str(unit): str(kind) for unit, kind in units.items()},
        )
    write_parquet(workplace.parquet(SAID), pa.Table.from_pandas(found, SAID_AND_CAME, preserve_index=False))
    return dg.MaterializeResult(metadata=row_counts(len(found)) | {PREVIEW: preview(found, board_titles(SAID), 20)})


STANDINGS = {
    "scores": "考核得分 one row per scheme and unit, with its place among units of its kind",
    "items": "考核得分明细 one row per scheme, unit and rule: done, base, points, in words",
    "traces": "考核得分依据 one row per fact behind a point, with its evidence, counted or not and why",
    "refused": "拒用的计分规则 one row per row of the table that can't be computed or doesn't add up",
}
PACE = "boards/brd_task__pace"
ASSESSED = ("fct_scoring_rules", "fct_assessment_marks", "fct_task_facts", "fct_target_history", "dim_units")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["scoring", f"assessment_{name}"],
            deps=[*(dg.AssetKey(["marts", mart]) for mart in ASSESSED), dg.AssetKey(PACE.split("/"))],
            group_name="scoring",
            kinds={"python", "parquet"},
            owners=["team:督查考核"],
            description=text,
        )
        for name, text in STANDINGS.items()
    ],
    name="assessment",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def assessment(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Score units by every scheme of the table as of the day; a scheme that doesn't add up is refused, with the row."""
    rules, marks, facts, targets, units = (pd.read_parquet(workplace.export(f"marts/{mart}")) for mart in ASSESSED)
    indicators = pd.read_parquet(workplace.office_file("indicators.parquet"))
    words = pd.read_parquet(workplace.office_file("scoring_measures.parquet"))
    further = dict(zip(words["measure_key"], words["measure_text"].fillna(""), strict=True))
    as_of = dt.date.fromisoformat(context.partition_key)
    pace = {row["period_kind"]: row["passed_share"] for row in pq.read_table(workplace.export(PACE)).to_pylist()}
    found = assess(rules, marks, facts, targets, units, indicators, as_of, further, passed=pace)
    for name in STANDINGS:
        table: pd.DataFrame = getattr(found, name)
        key = f"scoring/assessment_{name}"
        write_parquet(workplace.parquet(key), assessment_table(name, table))
        metadata = row_counts(len(table)) | {PREVIEW: preview(table, board_titles(key))}
        yield dg.MaterializeResult(asset_key=key.split("/"), metadata=metadata)


@dg.asset(
    key=["scoring", "lead_assignment"],
    deps=[
        dg.AssetKey(["scoring", "ranked_leads"]),
        *(dg.AssetKey(["boards", name]) for name in ASSIGNED_FROM.values()),
        dg.AssetKey(["marts", "dim_units"]),
    ],
    group_name="scoring",
    kinds={"python", "parquet"},
    owners=["team:数据专员"],
    description="线索分派 one row per lead at the top of the list: unit and park within capacity, why, what was short",
    partitions_def=AS_OF_DAYS,
    backfill_policy=ONE_DAY_A_RUN,
)
def lead_assignment(workplace: Workplace) -> dg.MaterializeResult[None]:
    """Assign the first leads to units and parks as one optimisation."""
    built = {part: pd.read_parquet(workplace.export(f"boards/{name}")) for part, name in ASSIGNED_FROM.items()}
    units = pd.read_parquet(workplace.export("marts/dim_units"), columns=["unit_name", "unit_type"])
    leads = _to_assign(read_ranked(workplace), built["leads"], units)
    recruiters = built["recruiters"].query("is_active").groupby("unit_name").size()
    settings = AssignmentSettings.load(workplace.office_file("assignment.yaml"))
    parks = built["parks"].query("is_usable")
    table, solved = assignment_table(leads, built["matches"], parks, recruiters, settings)
    write_parquet(
        workplace.parquet("scoring/lead_assignment"), pa.Table.from_pandas(table, ASSIGNED, preserve_index=False)
    )
    told = {"与理论最优的差距": solved.gap, "缺容量的线索数": len(solved.short)}
    shown = preview(table, board_titles("scoring/lead_assignment"), 10)
    return dg.MaterializeResult(metadata=row_counts(len(table), len(leads)) | told | {PREVIEW: shown})


def _to_assign(ranked: pd.DataFrame, standing: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Give the ranked leads that have no land yet, with what the assignment asks about them."""
    known = standing.loc[standing["is_before_land"] & standing["lost_date"].isna()]
    asked = known[["lead_id", "chain_unit_name", "park_name"]]
    first = ranked.loc[ranked["rank"].notna(), ["lead_id", "project_name", "unit_name", "rank", "score"]]
    return first.merge(asked, on="lead_id").merge(units, on="unit_name", how="left")


def _known(workplace: Workplace, mart: str, known: str, as_of: dt.date, columns: list[str]) -> pa.Table:
    """Read what a mart knows by a day, the day included."""
    return pq.read_table(workplace.export(f"marts/{mart}"), columns=columns, filters=[(known, "<=", as_of)])


def weights_of(workplace: Workplace) -> RankingWeights:
    """Read the office's weights."""
    return RankingWeights.load(workplace.office_file("weights.yaml"))


def worded_contributions(workplace: Workplace, raw: pd.DataFrame) -> pd.DataFrame:
    """Put contributions into words with the labels of the office's files."""
    chains = load_chains(workplace.office_file("chains.yaml"))
    landing = [workplace.office_file(name) for name in ("landing.yaml", "landing_points.yaml")]
    return word_contributions(
        raw,
        LandingSettings.load(*landing),
        TaxSettings.load(workplace.office_file("tax.yaml")),
        fit_labels={component.name: component.label for component in chains.components},
        chain_names={chain.chain_id: chain.name for chain in chains.chains},
    )


def read_ranked(workplace: Workplace) -> pd.DataFrame:
    """Read the ranked list of the last scoring."""
    frame: pd.DataFrame = pq.read_table(workplace.parquet("scoring/ranked_leads")).to_pandas()
    return frame
