"""Facts of a few leads, worked out by hand, as they come out of the exports."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from invented_district import AS_OF, LEDGERS, District, day, exported, further_tax_tables, model_tables, told_on

from models.chain.tables import FitPoints, fit_points, load_chains
from models.ranking.ranking import FRAME_COLUMNS, rank_leads
from models.ranking.weights import RankingWeights
from models.tax.interval import Interval

pytestmark = pytest.mark.dbt


def row(frame: pd.DataFrame, **key: Any) -> pd.Series[Any]:
    """The one row with this key."""
    for name, value in key.items():
        column = frame[name].dt.date if name.endswith("_date") and hasattr(frame[name], "dt") else frame[name]
        frame = frame[column == value]
    assert len(frame) == 1, (key, len(frame))
    return frame.iloc[0]


@pytest.fixture(scope="module")
def features(home: Path) -> pd.DataFrame:
    frame = exported(home, "features", "ftr_lead__12m")
    return frame.assign(as_of_date=pd.to_datetime(frame["as_of_date"]))


# --- rows -------------------------------------------------------------------------------------------------------------


def test_every_landed_row_is_accounted_for(home: Path, district: District) -> None:
    found = exported(home, "marts", "fct_row_accounting").set_index("ledger")
    assert found.loc["leads", ["landed_count", "superseded_count", "rejected_count"]].tolist() == [
        len(district.leads),
        1,
        2,
    ]
    assert found.loc["follow_ups", "rejected_count"] == 2
    assert found.loc["stage_moves", "rejected_count"] == 1
    assert found.loc["register", "superseded_count"] == 1
    parts = found[["standing_count", "superseded_count", "rejected_count"]].sum(axis=1)
    assert (parts == found["landed_count"]).all()


def test_an_unknown_unit_is_told_with_its_place_and_mend(home: Path) -> None:
    rejected = exported(home, "marts", "fct_rejected_rows")
    lead = row(rejected, ledger="leads", row_key="H2")
    assert (lead["source_file"], lead["source_sheet"], lead["source_row"]) == ("leads.xlsx", "Sheet1", 4)
    assert lead["reason"] == "负责单位“不存在的局”不在单位名录中"
    assert "单位名录" in lead["mend"]
    assert row(rejected, ledger="leads", row_key="H3")["reason"] == "简称“信息”对应不止一个单位"
    followed = rejected[rejected["ledger"] == "follow_ups"].set_index("written_value")["reason"]
    assert "不在线索台账中" in followed["X9"]
    assert "负责单位不明" in followed["H2"]
    assert not {"H2", "H3"} & set(exported(home, "marts", "dim_leads")["lead_id"])


def test_the_corrected_row_stands(home: Path) -> None:
    lead = row(exported(home, "marts", "dim_leads"), lead_id="H1")
    assert lead["investment_wan_cny"] == 20000
    assert lead["unit_name"] == "云山镇"
    assert lead["match_by"] == "企业名称"


def test_only_hand_overs_that_took_place_move_a_lead(home: Path) -> None:
    moved = exported(home, "marts", "fct_lead_transfers")
    found = [
        (r.lead_id, pd.Timestamp(r.transferred_date).date(), r.from_unit_name, r.to_unit_name)
        for r in moved[moved["lead_id"] != "P7"].itertuples()
    ]
    assert found == [
        ("H1", day("2025-05-01"), "云山镇", "区工业和信息化局"),
        ("H1", day("2025-06-01"), "区工业和信息化局", "外区招商局"),
    ]


def test_only_moves_with_evidence_are_outcomes(home: Path) -> None:
    outcomes = exported(home, "marts", "fct_outcomes")
    mine = outcomes[outcomes["lead_id"].isin(["H1", "H7", "H9"])]
    # A start shows what lies before it, on its own day where nothing had told of it.
    assert {(r.lead_id, r.stage, pd.Timestamp(r.reached_date).date()) for r in mine.itertuples()} == {
        *(("H1", stage, day("2026-05-01")) for stage in ("注册", "备案", "供地", "开工")),
        ("H1", "签约", day("2025-04-01")),
        ("H9", "签约", day("2025-08-01")),
        ("H9", "终止", day("2025-10-10")),
    }
    signed = row(outcomes, lead_id="H1", stage="签约")
    assert pd.Timestamp(signed["known_date"]).date() == day("2025-04-20")


def test_a_missing_target_is_not_zero(home: Path) -> None:
    found = exported(home, "boards", "brd_task__progress")
    unset = row(found, unit_name="静默镇", target_year=2025, indicator="新签约项目数")
    assert unset["target_text"] == "未下达"
    assert unset[["target_value", "gap_value", "completion_pct"]].isna().all()
    money = row(found, unit_name="云山镇", target_year=2025, indicator="签约金额")
    assert (money["target_value"], money["measure"], money["target_text"]) == (30000, "万元", "30000万元")
    signed = row(found, unit_name="云山镇", target_year=2025, indicator="新签约项目数")
    assert signed["target_value"] == 5
    assert signed["gap_value"] == max(5 - signed["done_value"], 0)


def test_a_task_that_cannot_be_compared_is_told(home: Path) -> None:
    rejected = exported(home, "marts", "fct_rejected_rows")
    reasons = rejected[rejected["ledger"] == "targets"].set_index("source_row")["reason"]
    assert reasons.to_dict() == {
        2: "同一单位同一指标的任务以后收到的一行为准",
        5: "任务数为负",
        6: "指标“签约金额”的计量单位不应是“个”",
        7: "责任单位“无名局”不在单位名录中",
    }
    unset = row(
        exported(home, "boards", "brd_task__progress"),
        unit_name="河东街道办事处",
        target_year=2025,
        indicator="签约金额",
    )
    assert unset["target_text"] == "未下达"


def test_a_unit_without_work_stands_with_zeros(home: Path) -> None:
    found = exported(home, "boards", "brd_unit__indicators")
    quiet = found[(found["unit_name"] == "静默镇") & (found["month_date"] == day("2025-06-01"))]
    assert len(quiet) == 14 and not quiet["indicator_value"].any()
    june = row(found, unit_name="静默镇", month_date=day("2026-06-01"), indicator="新增线索数")
    assert june["indicator_value"] == 1  # what is reported on the day after is not known
    assert len(found) == found["unit_name"].nunique() * found["month_date"].nunique() * 14


def test_what_no_ledger_tells_is_no_number_and_no_rank(home: Path) -> None:
    """An office that keeps only some ledgers: each in turn is missing, and what it alone tells is null, never 0."""
    tells = {
        "trips_events": {"外出招商次数"},
        "investment_progress": {"到位资金", "固定资产投资", "实际使用外资"},
        "follow_ups": {"跟进次数", "走访次数"},
        "stage_moves": {"进展更新次数", "新签约项目数", "签约金额", "新开工项目数", "开工金额", "新投产项目数"},
    }
    for missing, indicators in tells.items():
        counts = pd.DataFrame({"ledger": list(LEDGERS), "landed_count": [int(name != missing) for name in LEDGERS]})
        months = told_on(home, "unit/brd_unit__indicators.sql", stg_ledger__landed_counts=counts)
        empty = months.groupby("indicator")["indicator_value"].apply(lambda values: values.isna().all())
        assert set(empty[empty].index) == indicators, missing
        assert months.loc[~months["indicator"].isin(indicators), "indicator_value"].notna().all()
        ranks = told_on(home, "unit/brd_unit__ranks.sql", brd_unit__indicators=months)
        nobody = ranks[ranks["indicator"].isin(indicators)]
        assert nobody[["year_value", "peer_rank", "peer_median", "completion_pct"]].isna().all(axis=None)
        balance = told_on(home, "unit/brd_unit__balance.sql", brd_unit__ranks=ranks)
        balance = balance[balance["indicator"].isin(indicators)]
        assert balance[["town_total", "street_total", "median_gap"]].isna().all(axis=None)


def test_the_funnel_only_narrows(home: Path) -> None:
    funnel = exported(home, "boards", "brd_funnel__stages").query("slice_kind == '全区'").sort_values("stage_order")
    assert funnel["stage"].iloc[0] == "线索"
    assert funnel["at_least_count"].is_monotonic_decreasing
    assert row(funnel, stage="签约")["not_counted_count"] >= 1


# --- features ---------------------------------------------------------------------------------------------------------


def test_features_have_one_row_per_lead_and_as_of(features: pd.DataFrame) -> None:
    assert not features.duplicated(["lead_id", "as_of_date"]).any()
    mine = features[features["lead_id"] == "H4"]["as_of_date"].dt.date.tolist()  # reported on a month end
    assert mine[0] == day("2025-03-31") and mine[-1] == AS_OF and len(mine) == 16
    assert features[features["is_current"]]["as_of_date"].dt.date.unique().tolist() == [AS_OF]
    assert (features["lead_id"] == "H5").sum() == 1
    assert not (features["lead_id"] == "H6").any()


def test_features_count_what_was_known(features: pd.DataFrame) -> None:
    now = row(features, lead_id="H1", as_of_date=AS_OF)
    names = ["follow_up_count", "follow_up_count_90d", "days_since_follow_up", "principal_led_count"]
    names += ["in_person_count_90d", "interested_count_90d", "fixed_investment_pct", "investment_per_mu_wan_cny"]
    assert now[names].tolist() == [3, 1, 1, 1, 1, 0, 75, 400]
    assert now["registered_capital_wan_cny"] == 5000
    assert now["enterprise_age_years"] == pytest.approx(11.08, abs=0.01)
    assert (now["stage"], now["is_open"], now["industry_section"]) == ("开工", False, "C")

    may = row(features, lead_id="H1", as_of_date=day("2025-05-31"))  # the call of March was recorded in June
    assert (may["follow_up_count"], may["stage"], may["is_open"]) == (1, "签约", True)
    june = row(features, lead_id="H1", as_of_date=day("2025-06-30"))
    assert (june["follow_up_count"], june["interested_count_90d"], june["days_since_follow_up"]) == (2, 1, 112)
    october = row(features, lead_id="H1", as_of_date=day("2025-10-31"))  # started by 情况说明 alone
    assert (october["stage"], october["is_open"]) == ("签约", True)

    assert pd.isna(row(features, lead_id="H5", as_of_date=AS_OF)["days_since_follow_up"])
    lost = row(features, lead_id="H9", as_of_date=AS_OF)
    assert (lost["stage"], lost["is_open"]) == ("终止", False)
    assert row(features, lead_id="H7", as_of_date=AS_OF)["stage"] == "线索"


def test_a_firm_founded_later_tells_the_past_nothing(features: pd.DataFrame) -> None:
    mine = features[features["lead_id"] == "H8"]
    mine = mine.set_index(mine["as_of_date"].dt.date)
    assert not mine.loc[day("2026-01-31"), "is_in_register"]
    assert pd.isna(mine.loc[day("2026-01-31"), "registered_capital_wan_cny"])
    assert mine.loc[day("2026-02-28"), "is_in_register"]
    assert mine["chain_id"].isna().all()  # its scope and code would have matched


# --- chain fit --------------------------------------------------------------------------------------------------------


class Reference:
    """Chain fit of any text and code, by plain Python over `models.chain`."""

    def __init__(self, district: District) -> None:
        self.chains = load_chains()
        kept = {r.get("uscc") or r["registration_no"]: r for r in district.register}
        self.firms = list(kept.values())
        on_node = defaultdict(set)
        for i, firm in enumerate(self.firms):
            if firm["city_name"] == "云川市" and "吊销" not in (firm.get("status") or ""):
                code = firm.get("industry_code") or ""
                for node, _, words in self.matches(self.text(firm), code):
                    # Its products name the node, or its code is the node's alone.
                    if words or code.startswith(self.chains.node(node).whole_codes):
                        on_node[node].add(i)
        self.sides: dict[str, dict[str, Any]] = {}
        for node in self.chains.nodes:
            suppliers, lead_up = self.walk(
                node.node_id, [(e.to_node_id, e.from_node_id) for e in self.chains.edges], on_node
            )
            customers, lead_down = self.walk(
                node.node_id, [(e.from_node_id, e.to_node_id) for e in self.chains.edges], on_node
            )
            self.sides[node.node_id] = {
                "local_suppliers": suppliers,
                "local_customers": customers,
                "leader_hop": min((hop for hop in (lead_up, lead_down) if hop), default=None),
            }

    def walk(
        self, start: str, edges: list[tuple[str, str]], on_node: dict[str, set[int]]
    ) -> tuple[list[int], int | None]:
        """New firms after one, two and three edges, and the first edge at which one of them is a leader."""
        seen, firms, edge_of_start = {start}, set[int](), {start}
        counts, leader = [], None
        for hop in (1, 2, 3):
            edge_of_start = {b for a, b in edges if a in edge_of_start} - seen
            seen |= edge_of_start
            new = set().union(*(on_node[n] for n in edge_of_start)) - firms
            firms |= new
            counts.append(len(new))
            if leader is None and any((self.firms[i].get("registered_capital_wan_cny") or 0) >= 10000 for i in new):
                leader = hop
        return counts, leader

    @staticmethod
    def text(firm: dict[str, Any]) -> str:
        return "\n".join(filter(None, [firm["enterprise_name"], firm.get("business_scope")]))

    def matches(self, text: str, code: str | None) -> list[tuple[str, int, int]]:
        found = []
        for node in self.chains.nodes:
            shared = [
                n for c in node.codes for n in (2, 3, 4) if code and len(code) >= n <= len(c) and code[:n] == c[:n]
            ]
            words = 0 if any(w in text for w in node.exclude_words) else sum(w in text for w in node.words)
            if shared or words:
                found.append((node.node_id, max(shared, default=0), words))
        return found

    def fits(self, text: str, code: str | None) -> dict[str, FitPoints]:
        found = {n: fit_points(self.chains, n, d, w, **self.sides[n]) for n, d, w in self.matches(text, code)}
        return {n: f for n, f in found.items() if f is not None}


@pytest.fixture(scope="module")
def reference(district: District) -> Reference:
    return Reference(district)


def test_chain_fit_of_leads_equals_fit_points(home: Path, district: District, reference: Reference) -> None:
    leads = exported(home, "marts", "dim_leads").set_index("lead_id")
    reasons = exported(home, "scores", "scr_lead__contributions")
    reasons = reasons[reasons["part"] == "fit"]
    by_key = {r.get("uscc") or r["registration_no"]: r for r in district.register}
    matched = 0
    for written in {r["lead_id"]: r for r in district.leads if r["lead_id"] in leads.index}.values():
        lead = leads.loc[written["lead_id"]]
        firm = by_key.get(lead["enterprise_key"], {})
        if (firm.get("established_date") or written["reported_date"]) > written["reported_date"]:
            firm = {}
        names = ("project_name", "product_text", "enterprise_name", "industry_name")
        text = "\n".join(filter(None, [*(written.get(n) for n in names), firm.get("business_scope")]))
        fits = reference.fits(text, written.get("industry_code") or firm.get("industry_code"))
        if not fits:
            assert lead["chain_fit"] == 0 and pd.isna(lead["node_id"])
            continue
        best = max(fits, key=lambda n: fits[n].total)  # max keeps the first: file order decides between ties
        assert (lead["node_id"], lead["chain_fit"], lead["fit_confidence"]) == (
            best,
            fits[best].total,
            fits[best].confidence,
        )
        mine = reasons[reasons["lead_id"] == written["lead_id"]].set_index("term")["contribution"]
        if len(mine):
            assert mine.to_dict() == dict(fits[best].parts)
            matched += 1
    assert matched >= 20


def test_prospects_equal_fit_points_and_leave_the_followed_out(
    home: Path, district: District, reference: Reference
) -> None:
    found = exported(home, "boards", "brd_prospect__nodes")
    followed = set(exported(home, "marts", "dim_leads")["enterprise_key"].dropna())
    expected: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    parts = {}
    for firm in reference.firms:
        key = firm.get("uscc") or firm["registration_no"]
        dead = any(w in (firm.get("status") or "") for w in ("注销", "吊销"))
        if key in followed or dead or firm["city_name"] == "云川市":
            continue
        for node, fit in reference.fits(reference.text(firm), firm.get("industry_code")).items():
            # A firm that by its name trades is listed only where three digits of its code say that it makes: 28 points.
            if "商贸" in firm["enterprise_name"] and fit.parts["industry_code"] < 28:
                continue
            capital = firm.get("registered_capital_wan_cny")
            expected[node].append((-fit.total, np.inf if capital is None else -capital, key))
            parts[node, key] = fit
    for node, rows in found.groupby("node_id"):
        assert rows["node_rank"].tolist() == list(range(1, len(rows) + 1))
        assert rows["enterprise_key"].tolist() == [key for *_, key in sorted(expected[str(node)])[:50]]
        for prospect in rows.itertuples():
            fit = parts[str(node), prospect.enterprise_key]
            assert {c: getattr(prospect, f"{c}_points") for c in fit.parts} == dict(fit.parts)
            assert (prospect.fit, prospect.fit_confidence) == (fit.total, fit.confidence)
    assert {str(n) for n in found["node_id"]} == set(expected)
    renamed = found[found["enterprise_key"] == "91110108000000003C"]
    assert set(renamed["enterprise_name"]) == {"新名反渗透有限公司"}
    assert renamed["reason_text"].str.contains("命中产品词：反渗透").all()


# --- scores -----------------------------------------------------------------------------------------------------------


def test_contributions_equal_the_tables_bit_for_bit(home: Path, features: pd.DataFrame) -> None:
    current = features[features["is_current"]].reset_index(drop=True)
    reasons = exported(home, "scores", "scr_lead__contributions")
    parts = exported(home, "scores", "scr_lead__parts").set_index("lead_id").loc[current["lead_id"]]
    for part, total in (("landing", "landing_logit"), ("tax", "tax_log")):
        tables = model_tables()[part]
        expected = tables.contributions(current)
        mine = reasons[reasons["part"] == part]
        found = mine.pivot(index="lead_id", columns="term", values="contribution")
        found = found.loc[current["lead_id"], expected.columns]
        assert np.array_equal(found.to_numpy(), expected.to_numpy())
        assert np.array_equal(parts[total].to_numpy(), tables.score(current))


def test_the_trend_is_what_the_tables_tell_at_each_month_end(home: Path) -> None:
    told = exported(home, "scores", "scr_lead__trend")
    rows = exported(home, "features", "ftr_lead__12m")
    now = rows.loc[rows["is_current"], "as_of_date"].iloc[0]
    month_ends = [(pd.Timestamp(now).to_period("M") - n).to_timestamp("M").normalize() for n in range(1, 8)]
    month_ends = [day for day in month_ends if day < pd.Timestamp(now)][:6]
    rows = rows[rows["is_open"] & (rows["is_current"] | pd.to_datetime(rows["as_of_date"]).isin(month_ends))]
    again = 1 / (1 + np.exp(-model_tables()["landing"].score(rows)))
    expected = pd.Series(again, index=pd.MultiIndex.from_arrays([rows["lead_id"], rows["as_of_date"]]))
    found = told.set_index(["lead_id", "told_date"])["landing_probability"]
    assert told["told_date"].nunique() == 7 and len(found) == len(expected) > 100
    assert np.allclose(found.to_numpy(), expected.loc[list(found.index)].to_numpy(), rtol=0, atol=1e-12)


def test_ranking_takes_the_scores_as_they_are(home: Path) -> None:
    parts = exported(home, "scores", "scr_lead__parts")
    assert set(FRAME_COLUMNS) <= set(parts)
    assert parts["excluded_reason"].isna().all()
    assert (parts["landing_kind"].unique().tolist(), parts["tax_kind"].unique().tolist()) == (["model"], ["rule"])
    reasons = exported(home, "scores", "scr_lead__contributions")
    reasons = reasons[reasons["part"].isin(["landing", "tax", "fit"])]
    reasons = reasons.rename(columns={"value_text": "value"}).assign(label=reasons["term"])
    ranked = rank_leads(parts[FRAME_COLUMNS], reasons, RankingWeights.load())
    assert len(ranked) == len(parts)


def test_the_interval_of_tax_and_the_chance_to_pay_are_sums_of_their_reasons(
    home: Path, features: pd.DataFrame
) -> None:
    current = features[features["is_current"]].reset_index(drop=True)
    parts = exported(home, "scores", "scr_lead__parts").set_index("lead_id").loc[current["lead_id"]]
    tax = parts["tax_log"].to_numpy()
    tables = further_tax_tables()
    low, high = Interval(tables["tax_low"], tables["tax_high"]).ends(tax, current)
    assert len(set(np.round(tax - low, 6))) > 2 and (low == tax).any() and (high == tax).any()
    assert np.allclose(parts["tax_low_wan_cny"], np.expm1(low).clip(min=0))
    assert np.allclose(parts["tax_high_wan_cny"], np.expm1(high).clip(min=0))
    reasons = exported(home, "scores", "scr_lead__contributions")
    chance = 1 / (1 + np.exp(-tables["tax_pays"].score(current)))
    assert np.allclose(parts["tax_pays_probability"], chance) and len(set(np.round(chance, 6))) > 3
    for part, offset in (("tax_low", -1.25), ("tax_high", 1.5), ("tax_pays", 2.0)):
        summed = reasons[reasons["part"] == part].groupby("lead_id")["contribution"].sum().loc[current["lead_id"]]
        assert np.array_equal(offset + summed.to_numpy(), tables[part].score(current))


def test_row_counts_are_written_per_stage(home: Path) -> None:
    counts = exported(home, "row_counts", "scores").set_index("model_name")["row_count"]
    assert counts["scr_lead__parts"] == len(exported(home, "scores", "scr_lead__parts"))
    assert {p.stem for p in (home / "exports" / "row_counts").iterdir()} == {
        "staging",
        "intermediate",
        "marts",
        "features",
        "boards",
        "scores",
    }


def test_every_ledger_is_accounted_for(home: Path) -> None:
    counts = exported(home, "marts", "fct_row_accounting").set_index("ledger").drop(index="register")
    assert set(counts.index) == set(LEDGERS)
    assert (counts["standing_count"] > 0).all()
    sums = counts[["standing_count", "superseded_count", "rejected_count"]].sum(axis=1)
    assert sums.tolist() == counts["landed_count"].tolist()
