"""One firm chased by several offices is seen as one, beside every lead, and as the truth has it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from installation import AS_OF, Home


def pairs_of(groups: pd.Series) -> set[tuple[str, str]]:
    """All pairs of leads of one enterprise, from a series of enterprise by lead."""
    found = set()
    for _, leads in groups.groupby(groups):
        ids = sorted(leads.index)
        found |= {(a, b) for at, a in enumerate(ids) for b in ids[at + 1 :]}
    return found


def test_leads_of_one_firm_share_an_id_as_the_truth_has_it(nightly: Home, district: Path) -> None:
    table = pd.read_parquet(nightly.root / "landing/lead_identities.parquet").set_index("record_id")
    found = pairs_of(table["enterprise_id"])
    truth = pd.read_parquet(district / "truth/same_firm.parquet")
    standing = set(table.index)
    expected = {
        (min(a, b), max(a, b))
        for a, b in zip(truth["lead_id"], truth["other_lead_id"], strict=True)
        if a in standing and b in standing
    }
    assert len(expected) > 5
    assert len(found & expected) / len(found) >= 0.95, "precision"
    assert len(found & expected) / len(expected) >= 0.9, "recall"


def test_the_list_says_who_else_chases_the_firm_and_who_was_first(nightly: Home) -> None:
    leads = pq.read_table(nightly.current / "ranked_leads.parquet").to_pandas().set_index("lead_id")
    landed = pd.read_parquet(nightly.root / "landing/leads.parquet").drop_duplicates("lead_id", keep="last")
    reported = pd.to_datetime(landed.set_index("lead_id")["reported_date"])
    identities = pd.read_parquet(nightly.root / "landing/lead_identities.parquet").set_index("record_id")
    known = identities.loc[identities.index.isin(leads.index), "enterprise_id"]
    assert (reported.loc[leads.index] < pd.Timestamp(AS_OF)).all()
    for enterprise, ids in known.groupby(known):
        texts = leads.loc[ids.index, "same_enterprise"]
        if len(ids) == 1:
            assert texts.isna().all()
            continue
        first = min(ids.index, key=lambda lead: (reported[lead], lead))
        assert texts[first].startswith("本条为首报"), enterprise
        for lead in set(ids.index) - {first}:
            assert texts[lead].startswith(f"首报：{leads.loc[first, 'unit_name']}")
            assert f"共 {len(ids)} 条" in texts[lead]
