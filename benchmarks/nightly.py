"""The nightly job under Dagster against the same functions and `dbt build` called plainly, on the same inputs.

Both run in fresh processes and fresh homes on the fictional district, and on the real register of 1.1 million rows where
ZEYOU_REFERENCE_DATA is set; memory is the peak over the whole process tree.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import measure, table

ROOT = Path(__file__).parents[1]
AS_OF = "2026-06-30"
REAL = "enterprises/cn_registry_1978_2004_core.parquet"


def plain(home: Path, inbox: Path, register: Path) -> None:
    """Do what the nightly job does, without Dagster."""
    import pandas as pd
    import pyarrow.parquet as pq

    from desk.snapshot import publish, ranked_leads_table
    from desk.workbook import write_ranked_workbook
    from intake.landing import LandingStore, content_hash
    from intake.matching.leads import match_leads
    from models.chain import load_chains
    from models.landing import LandingSettings, train_landing
    from models.promotion import judge, version_in_use
    from models.ranking import RankingWeights, rank_leads
    from models.registry import Registry
    from models.tax import TaxSettings, train_tax
    from models.wording import word_contributions
    from orchestration.defs.transformation.assets import FACTS, FEATURES, SCORES
    from orchestration.quality import suites, validate
    from orchestration.resources import DBT_EXECUTABLE, DBT_FOLDER, dbt_environment

    store = LandingStore(home / "landing")
    store.land_inbox(inbox)
    store.land_register(register)
    match_leads(home / "landing", home / "identity", lambda line: None)
    chains = load_chains()
    for name, frame in chains.to_tables().items():
        frame.to_parquet(home / "landing" / f"chain_{name}.parquet", index=False)
    for name in ("units", "leads", "follow_ups", "stage_moves"):
        found = validate(name, pd.read_parquet(home / f"landing/{name}.parquet"), getattr(suites, name))
        assert found.passed, found.failed

    def dbt_build(select: str) -> None:
        (home / "warehouse").mkdir(exist_ok=True)
        environment = {**os.environ, **dbt_environment(home, home / "dbt")}
        command = [str(DBT_EXECUTABLE), "--quiet", "build", "--project-dir", str(DBT_FOLDER), "--profiles-dir"]
        command += [str(DBT_FOLDER), "--vars", json.dumps({"as_of": AS_OF}), "--select", *select.split()]
        subprocess.run(command, env=environment, check=True)

    dbt_build(FACTS)
    dbt_build(FEATURES)
    features = pd.read_parquet(home / "exports/features/ftr_lead__12m.parquet")
    outcomes = pd.read_parquet(home / "exports/marts/mart_outcomes.parquet")
    day = dt.date.fromisoformat(AS_OF) - dt.timedelta(days=1)
    registry = Registry(home / "registry")
    runs = {
        "landing": train_landing(features, outcomes, day, LandingSettings.load()),
        "tax": train_tax(features, outcomes, day, TaxSettings.load()),
    }
    (home / "learning").mkdir()
    tables, versions = [], []
    for name, run in runs.items():
        made = registry.save(name, run.tables, run.report)
        version = version_in_use(registry, name, day, made, judge(registry, name, made, registry.active(name)))
        tables.append(run.tables.assign(part=name))
        offsets = {key: run.report.get(key) for key in ("interval_low_offset", "interval_high_offset")}
        share = run.report.get("model_share")
        versions.append({"part": name, "version": version, "kind": run.kind, "model_share": share, **offsets})
    pd.concat(tables).to_parquet(home / "learning/model_tables.parquet", index=False)
    floats = dict.fromkeys(("model_share", "interval_low_offset", "interval_high_offset"), "float64")
    pd.DataFrame(versions).astype(floats).to_parquet(home / "learning/model_versions.parquet", index=False)
    dbt_build(SCORES)
    worded = word_contributions(
        pd.read_parquet(home / "exports/scores/scr_lead__contributions.parquet"),
        LandingSettings.load(),
        TaxSettings.load(),
        {c.name: c.label for c in chains.components},
        {c.chain_id: c.name for c in chains.chains},
    )
    parts = pd.read_parquet(home / "exports/scores/scr_lead__parts.parquet")
    ranking = rank_leads(parts, worded, RankingWeights.load())
    ranking["is_exploration"] = False
    others = pd.read_parquet(home / "exports/scores/scr_lead__same_enterprise.parquet").set_index("lead_id")
    ranking["same_enterprise"] = ranking["lead_id"].map(others["same_enterprise_text"])
    checked = ranking.assign(
        reason_count=ranking["reasons"].map(len),
        is_ranked_or_excluded=ranking["rank"].notna() | ranking["excluded_reason"].notna(),
    )
    assert validate("ranked_leads", checked.drop(columns="reasons"), suites.ranked_leads).passed
    described = {
        "as_of_date": AS_OF,
        "is_synthetic": True,
        "models": {row["part"]: row["version"] for row in versions},
        "model_kinds": {row["part"]: row["kind"] for row in versions},
        "weights": RankingWeights.load().version,
        "data": {name: content_hash(home / f"landing/{name}.parquet") for name in ("leads", "register")},
    }
    prospects = pq.read_table(home / "exports/scores/scr_prospect__nodes.parquet")
    publish(home / "published", ranked_leads_table(ranking), prospects, described, write_ranked_workbook)


def main() -> None:
    if len(sys.argv) == 4:
        plain(*(Path(argument) for argument in sys.argv[1:]))
        return
    rows = [("nightly job", "register rows", "seconds", "peak MB", "ratio")]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make = [sys.executable, "-m", "intake", "sample", "--out", str(place / "sample"), "--seed", "7"]
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
