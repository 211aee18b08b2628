"""The nightly job under Dagster against the same functions and `dbt build` called plainly, on the same inputs.

Both run in fresh processes and fresh homes on the fictional district, and on the real register of 1.1 million rows where
ZEYOU_REFERENCE_DATA is set; memory is the peak over the whole process tree. The peer leaves out the archive of what the list
was made of, and Dagster's metadata (cards, pictures, previews).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.measure import measure, table

ROOT = Path(__file__).parents[1]
AS_OF = "2026-06-30"
REAL = "enterprises/cn_registry_1978_2004_core.parquet"


def plain(home: Path, inbox: Path, register: Path) -> None:
    """Do what the nightly job does, without Dagster."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    import office
    from intake.chain_graph import write_listed
    from intake.landing import LandingStore
    from intake.matching.leads import match_leads
    from models.assessment import assess, assessment_table
    from models.assignment import AssignmentSettings, assignment_table
    from models.chain import load_chains
    from models.landing import LandingSettings, train_landing
    from models.landing.coming_true import COLUMNS as SAID_COLUMNS
    from models.landing.coming_true import said_and_came
    from models.landing.level import level_on, pairs_through, rule_of
    from models.ownership import first_reports, protection_days
    from models.promotion import judge, version_in_use
    from models.ranking import RankingWeights, exploration_picks, rank_leads
    from models.registry import Registry
    from models.screening.tabulating import findings
    from models.tax import TaxSettings, train_tax
    from models.wording import word_contributions
    from orchestration.defs.scoring import assets as scoring
    from orchestration.defs.transformation.assets import BOARDS, FACTS, FEATURES, SCORES
    from orchestration.landing_office import land_office
    from orchestration.quality import suites, validate
    from orchestration.resources import DBT_EXECUTABLE, DBT_FOLDER, dbt_environment
    from publishing.boards import all_boards
    from publishing.documents import chart_content, write_wall_chart
    from publishing.documents.wall_chart import READINGS as CHART
    from publishing.figures import stems
    from publishing.snapshot import publish, ranked_leads_table
    from publishing.workbook import write_ranked_workbook
    from storage import content_hash, write_parquet

    landed = land_office(inbox.parent / "office", home)
    office.use(landed)
    store = LandingStore(home / "landing")
    store.land_inbox(inbox)
    store.land_register(register)
    match_leads(home / "landing", home / "identity", lambda line: None)
    chains = load_chains()
    for name, frame in chains.to_tables().items():
        frame.to_parquet(home / "landing" / f"chain_{name}.parquet", index=False)
    write_listed(home, home / "landing/chain_listed.parquet")
    for name, found_rows in findings(home / "landing").items():
        write_parquet(home / "landing" / f"{name}.parquet", found_rows)
    for name in ("units", "leads", "follow_ups", "stage_moves"):
        found = validate(name, pd.read_parquet(home / f"landing/{name}.parquet"), getattr(suites, name))
        assert found.passed, found.failed

    def dbt_build(select: str) -> None:
        (home / "warehouse").mkdir(exist_ok=True)
        place = office.read_district(landed)
        environment = {**os.environ, **dbt_environment(home, home / "dbt", AS_OF, place)}
        command = [str(DBT_EXECUTABLE), "--quiet", "build", "--project-dir", str(DBT_FOLDER), "--profiles-dir"]
        command += [str(DBT_FOLDER), "--select", *select.split()]
        subprocess.run(command, env=environment, check=True)

    def exported(name: str) -> pd.DataFrame:
        return pd.read_parquet(home / f"exports/{name}.parquet")

    dbt_build(FACTS)
    dbt_build(FEATURES)
    dbt_build(BOARDS)
    features, outcomes = exported("features/ftr_lead__12m"), exported("marts/fct_outcomes")
    day = dt.date.fromisoformat(AS_OF)
    registry = Registry(home / "registry")
    runs = {
        "landing": train_landing(features, outcomes, day, LandingSettings.load()),
        "tax": train_tax(features, outcomes, day, TaxSettings.load()),
    }
    (home / "learning").mkdir()
    landing, rule = runs["landing"], rule_of(runs["landing"].report)
    learned = landing.compiled()
    if landing.kind == "model":
        level = level_on(learned, rule, pairs_through(features, day), outcomes, day, LandingSettings.load())
        runs["landing"] = replace(landing, tables=learned.levelled(level.shift).to_tables())
    tables, versions = [], []
    for name, run in runs.items():
        made = registry.save(name, run.tables, run.report)
        version = version_in_use(registry, name, day, made, judge(registry, name, made, registry.active(name)))
        tables.append(run.tables if "part" in run.tables else run.tables.assign(part=name))
        offsets = {key: run.report.get(key) for key in ("interval_low_offset", "interval_high_offset")}
        share = run.report.get("model_share")
        versions.append({"part": name, "version": version, "kind": run.kind, "model_share": share, **offsets})
    pd.concat(tables).to_parquet(home / "learning/model_tables.parquet", index=False)
    floats = dict.fromkeys(("model_share", "interval_low_offset", "interval_high_offset"), "float64")
    pd.DataFrame(versions).astype(floats).to_parquet(home / "learning/model_versions.parquet", index=False)
    dbt_build(SCORES)
    worded = word_contributions(
        exported("scores/scr_lead__contributions"),
        LandingSettings.load(),
        TaxSettings.load(),
        {c.name: c.label for c in chains.components},
        {c.chain_id: c.name for c in chains.chains},
    )
    parts = exported("scores/scr_lead__parts")
    weights = RankingWeights.load()
    ranking = rank_leads(parts, worded, weights)
    ranking["is_exploration"] = ranking["lead_id"].isin(exploration_picks(ranking, weights))
    others = exported("boards/brd_lead__same_enterprise").set_index("lead_id")
    ranking["same_enterprise"] = ranking["lead_id"].map(others["same_enterprise_text"])
    checked = ranking.assign(
        reason_count=ranking["reasons"].map(len),
        is_ranked_or_excluded=ranking["rank"].notna() | ranking["excluded_reason"].notna(),
    )
    assert validate("ranked_leads", checked.drop(columns="reasons"), suites.ranked_leads).passed
    (home / "scoring").mkdir()
    leads = ranked_leads_table(ranking)
    write_parquet(home / "scoring/ranked_leads.parquet", leads)
    units = exported("marts/dim_units").set_index("unit_name")["unit_type"].dropna().to_dict()
    said = pd.DataFrame(columns=SAID_COLUMNS)
    if landing.kind == "model":
        said = said_and_came(learned, rule, features, outcomes, day, LandingSettings.load(), units)
    write_parquet(
        home / "scoring/said_and_came.parquet",
        pa.Table.from_pandas(said, scoring.SAID_AND_CAME, preserve_index=False),
    )

    as_of = dt.date.fromisoformat(AS_OF)

    def known(name: str, column: str, columns: list[str]) -> pa.Table:
        return pq.read_table(home / f"exports/marts/{name}.parquet", columns=columns, filters=[(column, "<=", as_of)])

    reports = known("dim_leads", "reported_date", scoring.REPORT)
    identities = pq.read_table(home / "landing/lead_identities.parquet", columns=["record_id", "enterprise_id"])
    progress = [
        known(name, "known_date", ["lead_id", column]).rename_columns(["lead_id", "progress_date"])
        for name, column in scoring.PROGRESS.items()
    ]
    moved = known("fct_lead_transfers", "transferred_date", ["lead_id", "to_unit_name", "transferred_date"])
    judged = first_reports(
        reports.append_column("project_key", scoring.project_keys(reports)).join(identities, "lead_id", "record_id"),
        pa.concat_tables(progress),
        moved.rename_columns(["lead_id", "to_unit", "transfer_date"]),
        protection_days(),
    )
    write_parquet(home / "scoring/lead_ownership.parquet", reports.join(judged, "lead_id").sort_by("lead_id"))
    stood = assess(
        *(exported(f"marts/{name}") for name in scoring.ASSESSED),
        pd.read_parquet(landed / "indicators.parquet"),
        as_of,
        pd.read_parquet(landed / "scoring_measures.parquet")
        .fillna({"measure_text": ""})
        .set_index("measure_key")["measure_text"]
        .to_dict(),
    )
    for name in scoring.STANDINGS:
        write_parquet(home / f"scoring/assessment_{name}.parquet", assessment_table(name, getattr(stood, name)))
    built = {part: exported(f"boards/{name}") for part, name in scoring.ASSIGNED_FROM.items()}
    first = ranking.loc[ranking["rank"].notna(), ["lead_id", "project_name", "unit_name", "rank", "score"]]
    standing = built["leads"].loc[built["leads"]["is_before_land"] & built["leads"]["lost_date"].isna()]
    assigned, _ = assignment_table(
        first.merge(standing[["lead_id", "chain_unit_name", "park_name"]], on="lead_id").merge(
            exported("marts/dim_units")[["unit_name", "unit_type"]], on="unit_name", how="left"
        ),
        built["matches"],
        built["parks"].query("is_usable"),
        built["recruiters"].query("is_active").groupby("unit_name").size(),
        AssignmentSettings.load(),
    )
    write_parquet(
        home / "scoring/lead_assignment.parquet",
        pa.Table.from_pandas(assigned, scoring.ASSIGNED, preserve_index=False),
    )
    described = {
        "as_of_date": AS_OF,
        "is_synthetic": True,
        "models": {row["part"]: row["version"] for row in versions},
        "model_kinds": {row["part"]: row["kind"] for row in versions},
        "weights": weights.version,
        "data": {name: content_hash(home / f"landing/{name}.parquet") for name in ("leads", "register")},
    }
    prospects = pq.read_table(home / "exports/boards/brd_prospect__nodes.parquet")
    boards = {
        board.file: pq.read_table(
            home / f"{board.export}.parquet"
            if board.export.startswith("scoring/")
            else home / f"exports/{board.export}.parquet"
        )
        for board in all_boards()
    }
    write = partial(write_ranked_workbook, weights=weights)
    publish(home / "published", leads, prospects, described, write, boards)
    (home / "documents").mkdir()
    charted = {name: exported(f"boards/{name}") for name in stems(CHART)}
    chart = chart_content(charted, as_of, is_synthetic=True)
    write_wall_chart(home / "documents/挂图作战.pdf", chart)


def main() -> None:
    if len(sys.argv) == 4:
        plain(*(Path(argument) for argument in sys.argv[1:]))
        return
    rows = [("nightly job", "register rows", "seconds", "peak MB", "ratio")]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make = [sys.executable, "-m", "orchestration", "sample", "--out", str(place / "sample"), "--seed", "7"]
        measure(make, cwd=ROOT)
        registers = {"200,000": place / "sample/register.parquet"}
        reference = os.environ.get("ZEYOU_REFERENCE_DATA")
        if reference and (Path(reference) / REAL).exists():
            registers["1,107,633"] = Path(reference) / REAL
        inbox = place / "sample/inbox"
        for count, register in registers.items():
            arguments = ["--inbox", str(inbox), "--register", str(register), "--as-of", AS_OF]
            commands = {
                "peer: functions and dbt build": [
                    sys.executable,
                    "-m",
                    "benchmarks.nightly",
                    str(place / "peer"),
                    str(inbox),
                    str(register),
                ],
                "ours: under Dagster, with checks": [sys.executable, "-m", "orchestration", "run", *arguments],
            }
            base = 0.0
            for name, command in commands.items():
                home = place / name.split(":")[0]
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir()
                found = measure(command, {"ZEYOU_HOME": str(home)}, ROOT)
                base = base or found.seconds
                rows.append(
                    (name, count, f"{found.seconds:.1f}", f"{found.peak_mb:.0f}", f"{found.seconds / base:.2f}")
                )
    print(table(rows))
    print("limit: ratio 1.50; peak 2,000 MB")


if __name__ == "__main__":
    main()
