"""The nightly job on 1.1 million real enterprises: every row accounted for, broken rows refused, real firms ranked."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from installation import AS_OF

from intake.values import uscc_valid
from models.chain import load_chains
from orchestration.nightly import run_nightly
from orchestration.settings import Settings


def test_the_real_register_runs_whole(reference_data: Path, district: Path, tmp_path: Path) -> None:
    register = reference_data / "enterprises" / "cn_registry_1978_2004_core.parquet"
    settings = Settings(tmp_path / "home", district / "inbox", register)
    result = run_nightly(settings, AS_OF)
    assert result.success, result.problems
    landing = settings.home / "landing"
    summary = json.loads((landing / "register.json").read_text())["summary"]
    accepted = pq.read_table(landing / "register.parquet", columns=["source_row", "uscc", "registration_no"])
    refused = pd.read_parquet(landing / "register_refused.parquet")
    assert summary["read"] == pq.ParquetFile(register).metadata.num_rows == 1_107_633
    assert summary["read"] == summary["accepted"] + summary["refused"] == len(accepted) + len(refused)
    # Accepted and refused rows together are every row of the file once.
    rows = set(accepted["source_row"].to_numpy()) | set(refused["row"])
    assert rows == set(range(1, summary["read"] + 1))
    assert refused["reason"].notna().all() and refused["mend"].notna().all() and 300 < len(refused) < 600
    codes = accepted["uscc"].drop_null()
    assert uscc_valid(codes).to_numpy(zero_copy_only=False).all()

    prospects = pq.read_table(settings.home / "published" / "current" / "ranked_prospects.parquet").to_pandas()
    assert prospects["node_id"].nunique() >= 35
    words = {node.node_id: node.words for node in load_chains().nodes}
    for row in prospects.to_dict("records"):
        assert any(word in row["enterprise_name"] for word in words[row["node_id"]]), "a name is all this register has"
