"""Gates on the list before it is published (评分关卡): ranges, coverage, and sums of reasons.

Belongs here: blocking checks on scoring/ranked_leads. Does not belong here: what a suite expects (quality/suites.py).
"""

import math
from typing import Any

import dagster as dg
import pandas as pd

from models.ranking import FORBIDDEN
from orchestration.checking import accounting_result, suite_result
from orchestration.defs.scoring.assets import read_ranked
from orchestration.endings import LEDGERS
from orchestration.metadata import FAULT
from orchestration.quality import suites
from orchestration.resources import Workplace

ASSET = ["scoring", "ranked_leads"]
NATURAL = {"landing": "landing_logit", "fit": "chain_fit"}


@dg.asset_check(asset=ASSET, blocking=True, description="Great Expectations：排序清单的取值、覆盖与理由")
def suite_holds(workplace: Workplace) -> dg.AssetCheckResult:
    """Validate ranges, uniqueness and coverage of the list."""
    frame = read_ranked(workplace)
    if frame.empty:
        why = "截至日之前没有一条报备的线索，名单是空的；请换一个截至日，或核对线索台账的报备日期"
        return dg.AssetCheckResult(passed=False, metadata={"行数": 0, FAULT: LEDGERS}, description=why)
    frame["reason_count"] = frame["reasons"].map(len)
    frame["is_ranked_or_excluded"] = frame["rank"].notna() | frame["excluded_reason"].notna()
    suite = suites.ranked_by_model if (frame["landing_kind"] == "model").any() else suites.ranked_leads
    return suite_result("scoring/ranked_leads", frame.drop(columns="reasons"), suite, before="排序清单：")


@dg.asset_check(asset=ASSET, blocking=True, description="每条线索的理由之和等于分数，落地和契合各自也相加得上")
def reasons_add_up_to_the_score(workplace: Workplace) -> dg.AssetCheckResult:
    """Add the reasons of every lead again: points to the score, contributions to the log odds and the fit, exactly."""
    frame = read_ranked(workplace)
    offending = [row for row in frame.to_dict("records") if row["score"] == row["score"] and not _adds_up(row)]
    titles = {"lead_id": "线索编号", "score": "总分", "landing_logit": "落地（对数几率）", "chain_fit": "产业链契合度"}
    return accounting_result(pd.DataFrame(offending, columns=list(titles)), titles, {"线索数": len(frame)})


def _adds_up(row: dict[Any, Any]) -> bool:
    reasons = list(row["reasons"])
    units = sum(round(reason["points"] * 10_000) for reason in reasons)
    parts = all(
        math.fsum(r["contribution"] for r in reasons if r["part"] == part) == row[column]
        for part, column in NATURAL.items()
    )
    return parts and units == round(float(row["score"]) * 10_000)


# Everything that is handed out, and the column by which a forbidden lead or firm would stand in it.
LEADS_HANDED_OUT = {
    "brd_park__matches": "lead_id",
    "brd_policy__matches": "lead_id",
    "brd_fund__suitable": "lead_id",
    "brd_trip__targets": "lead_id",
    "brd_trip__paths": "lead_id",
}
FIRMS_HANDED_OUT = {
    "brd_prospect__nodes": "enterprise_key",
    "brd_prospect__headquarters": "enterprise_key",
    "brd_chain__leader_targets": "target_key",
    "brd_enterprise__key_targets": "enterprise_key",
    "brd_trip__targets": "target_key",
}
SCREENED = {"brd_prospect__candidates": "enterprise_key", "brd_screen__enterprises": "enterprise_key"}


SCREENS = ("brd_lead__screens", *SCREENED)


@dg.asset_check(
    asset=ASSET,
    blocking=True,
    description="准入筛查为禁止的线索和企业，不在名单、招商对象、园区、政策、基金和行程里",
    additional_deps=[["boards", name] for name in sorted({*SCREENS, *LEADS_HANDED_OUT, *FIRMS_HANDED_OUT})],
)
def nothing_forbidden_is_recommended(workplace: Workplace) -> dg.AssetCheckResult:
    """Look for what the screens forbid in everything that is handed out."""
    leads = _forbidden(workplace, "brd_lead__screens", "lead_id")
    firms = pd.concat([_forbidden(workplace, name, column) for name, column in SCREENED.items()]).drop_duplicates()
    ranked = read_ranked(workplace)
    handed_out = ranked["rank"].notna() | ranked["is_exploration"]
    found = [("ranked_leads", ranked.loc[handed_out & ranked["lead_id"].isin(leads), "lead_id"])]
    for forbidden, places in ((leads, LEADS_HANDED_OUT), (firms, FIRMS_HANDED_OUT)):
        for name, column in places.items():
            keys = pd.read_parquet(workplace.export(f"boards/{name}"), columns=[column])[column]
            found.append((name, keys[keys.isin(forbidden)]))
    offending = pd.DataFrame([(name, key) for name, keys in found for key in keys.unique()], columns=["table", "key"])
    counts = {"禁止的线索数": len(leads), "禁止的企业数": len(firms)}
    return accounting_result(offending, {"table": "所在的表", "key": "线索或企业编号"}, counts)


def _forbidden(workplace: Workplace, name: str, column: str) -> "pd.Series[str]":
    """Give the keys that a screen forbids."""
    judged = pd.read_parquet(workplace.export(f"boards/{name}"), columns=[column, "screen_result"])
    return judged.loc[judged["screen_result"] == FORBIDDEN, column].dropna()


@dg.asset_check(asset=ASSET, blocking=True, description="当日在册线索无一遗漏：入排或写明不排的原因")
def no_lead_is_missing(workplace: Workplace) -> dg.AssetCheckResult:
    """Compare the list with the leads of the day."""
    features = pd.read_parquet(workplace.export("features/ftr_lead__12m"), columns=["lead_id", "is_current"])
    current = features.loc[features["is_current"], "lead_id"]
    missing = current[~current.isin(read_ranked(workplace)["lead_id"])]
    return accounting_result(missing.to_frame(), {"lead_id": "线索编号"}, {"当日在册线索数": len(current)})
