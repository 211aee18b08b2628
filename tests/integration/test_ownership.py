"""First reports (首报首谈) on the fictional district: judged again from the ledgers by another way."""

from __future__ import annotations

import datetime as dt

import pandas as pd
from installation import AS_OF, Home

from intake.values import fold
from models.ownership import protection_days


def test_every_lead_is_judged_and_the_first_report_of_a_project_owns_it(nightly: Home) -> None:
    judged = pd.read_parquet(nightly.root / "scoring/lead_ownership.parquet").set_index("lead_id")
    leads = pd.read_parquet(nightly.root / "exports/marts/dim_leads.parquet").set_index("lead_id")
    identities = pd.read_parquet(nightly.root / "landing/lead_identities.parquet").set_index("record_id")
    assert set(judged.index) == set(leads.index)
    assert (nightly.current / "boards/ownership.parquet").is_file()
    touched = pd.concat(
        [
            pd.read_parquet(nightly.root / f"exports/marts/{name}.parquet")[["lead_id", day, "known_date"]].set_axis(
                ["lead_id", "day", "known"], axis=1
            )
            for name, day in (("fct_follow_ups", "follow_up_date"), ("fct_stage_moves", "moved_date"))
        ]
    )
    touched = touched[touched["known"] < AS_OF]
    project = [fold(name or "") for name in leads["project_name"]]
    groups = leads.assign(enterprise_id=identities["enterprise_id"].reindex(leads.index), project=project)
    days = dt.timedelta(days=protection_days())
    for _, group in groups.sort_values("reported_date").groupby(["enterprise_id", "project"]):
        order = sorted(group.index, key=lambda lead: (leads.loc[lead, "reported_date"], lead))
        assert judged.loc[order[0], "verdict"] == "首报有效"
        assert judged.loc[order[0], "credit_unit"] == leads.loc[order[0], "unit_name"]
        if len(order) > 1:
            first, second = order[:2]
            when = leads.loc[second, "reported_date"]
            seen = touched.loc[(touched["lead_id"] == first) & (touched["day"] <= when), "day"]
            last = max([leads.loc[first, "reported_date"], *seen])
            wanted = "拒绝" if when <= last + days else "保护期满后接手"
            assert judged.loc[second, "verdict"] == wanted
            if wanted == "拒绝":
                assert judged.loc[second, "owner_lead_id"] == first
                assert leads.loc[first, "unit_name"] in judged.loc[second, "why"]
