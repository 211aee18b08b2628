"""The whole graph: everything materialises, rows are accounted for, reasons add up, twice the same bytes."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from docx import Document
from installation import AS_OF, Home, content_hashes
from other_district import write_facts, write_other_district

from desk.application import build_app
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import Person
from models.additive import from_tables, part_of
from models.chain import fit_points, load_chains
from models.ranking import RankingWeights
from models.registry import Registry
from orchestration.command_line import main
from orchestration.nightly import run_nightly
from publishing.boards import all_boards
from publishing.documents import chart_content
from publishing.documents.wall_chart import MOST
from publishing.documents.wall_chart import READINGS as CHART
from publishing.figures import read_frames
from publishing.snapshot import current, verified
from tests.integration.desk.desk_site import HASH, Browser

ISSUE_COLUMNS = [
    "lead_id", "project_name", "enterprise_name", "uscc", "unit_name", "stage", "rank", "band", "score",
    "landing_probability", "landing_logit", "tax_wan_cny", "tax_low_wan_cny", "tax_high_wan_cny", "chain_fit",
    "chain_node", "reasons", "excluded_reason", "as_of_date", "snapshot_id", "model_version",
]  # fmt: skip


@pytest.fixture(scope="module")
def leads(nightly: Home) -> pd.DataFrame:
    return pq.read_table(nightly.current / "ranked_leads.parquet").to_pandas()


def test_the_job_succeeds_and_every_check_but_the_model_gates_is_green(nightly: Home) -> None:
    gates = [p for p in nightly.result.problems if "model_gate" in p or "not_drifted" in p]
    assert nightly.result.success, nightly.result.problems
    assert [p for p in nightly.result.problems if p not in gates] == []
    assert nightly.result.check_count > 50


def test_every_expected_asset_was_materialised(nightly: Home) -> None:
    import dagster as dg

    from orchestration.definitions import build_defs
    from orchestration.nightly import prepare_instance

    with prepare_instance(nightly.settings) as instance:
        keys = build_defs(nightly.settings).resolve_asset_graph().materializable_asset_keys
        periods = (
            "quarterly_bulletin",
            "dispatch_pack",
            "frozen_assessment",
        )  # of a quarter or a month, not of a night
        keys = keys - {dg.AssetKey(["publication", name]) for name in periods}
        missing = [k.to_user_string() for k in keys if instance.get_latest_materialization_event(k) is None]
    assert missing == []


def test_every_row_of_every_ledger_is_accounted_for(nightly: Home, district: Path) -> None:
    files = pd.read_parquet(nightly.root / "landing/files.parquet")
    assert len(files) == len([p for p in (district / "inbox").iterdir() if not p.name.startswith(("~$", "."))])
    assert (files["rows_read"] == files["rows_accepted"] + files["rows_refused"] + files["rows_not_data"]).all()
    refused = pd.read_parquet(nightly.root / "landing/refused.parquet")
    rows = refused[~refused["is_row_taken"]].drop_duplicates(["file", "sheet", "row"])
    assert files["rows_refused"].sum() == len(rows)
    accounting = pd.read_parquet(nightly.root / "exports/marts/fct_row_accounting.parquet")
    assert (accounting["landed_count"] == accounting["standing_count"] + accounting["superseded_count"]
            + accounting["rejected_count"]).all()  # fmt: skip
    summary = json.loads((nightly.root / "landing/register.json").read_text())["summary"]
    assert summary["read"] == 4000 == summary["accepted"] + summary["refused"]


def test_what_must_be_mended_is_told_in_the_ui_and_lies_in_the_outbox(nightly: Home) -> None:
    import dagster as dg
    import openpyxl

    from orchestration.nightly import prepare_instance

    with prepare_instance(nightly.settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["landing", "refused"]))
    assert event is not None and event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    outbox = Path(str(metadata["退回件所在文件夹"].value))
    files = pd.read_parquet(nightly.root / "landing/files.parquet")
    bad = files[files["returned_file"].notna()]
    assert (bad["rows_refused"] > 0).any() and set(bad["returned_file"]) == {path.name for path in outbox.iterdir()}
    for file, rows, returned in bad[["file", "rows_refused", "returned_file"]].itertuples(index=False):
        assert file in str(metadata["退回件"].value) and returned in str(metadata["退回件"].value)
        sheets = openpyxl.load_workbook(outbox / returned).worksheets
        said = [row[:2] for sheet in sheets for row in sheet.iter_rows(values_only=True) if row[0] == "需修改"]
        assert len(said) == rows and all(why and why.startswith("原第") for _, why in said)


def test_the_published_file_has_the_columns_that_were_promised(leads: pd.DataFrame) -> None:
    assert set(ISSUE_COLUMNS) <= set(leads.columns)
    assert leads["lead_id"].is_unique and len(leads) > 300
    ranked = leads[leads["rank"].notna()]
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
    assert ranked["score"].is_monotonic_decreasing
    assert leads.loc[leads["rank"].isna(), "excluded_reason"].notna().all()
    assert set(leads["as_of_date"]) == {AS_OF}


def test_reasons_recomputed_from_the_tables_equal_the_published_ones(nightly: Home, leads: pd.DataFrame) -> None:
    registry = Registry(nightly.root / "registry")
    used = pd.read_parquet(nightly.root / "learning/model_tables.parquet")
    features = pd.read_parquet(nightly.root / "exports/features/ftr_lead__12m.parquet")
    features = features[features["is_current"]].set_index("lead_id").loc[leads["lead_id"]]
    for part, column in (("landing", "landing_logit"), ("tax", None)):
        tables = from_tables(part_of(used, part))
        learned = from_tables(part_of(registry.load(part).tables, part))
        # What was learned is used as it is; only the level is added, as a term of its own.
        assert (
            learned.score(features).tolist()
            == (tables.score(features) - tables.contributions(features).get("level", 0.0)).tolist()
        )
        again = tables.contributions(features)
        score = tables.score(features)
        if column:
            assert (score == leads[column].to_numpy()).all()
        for lead, reasons, expected, total in zip(
            leads["lead_id"], leads["reasons"], again.to_dict("records"), score, strict=True
        ):
            told = {r["term"]: r["contribution"] for r in reasons if r["part"] == part}
            base = told.pop("base")
            assert base == tables.intercept
            assert told == {term: size for term, size in expected.items() if size != 0}, lead
            assert math.fsum([base, *told.values()]) == total


def test_any_table_of_features_scored_in_bulk_tells_what_was_published(
    nightly: Home,
    leads: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ZEYOU_HOME", str(nightly.root))
    features, out = nightly.root / "exports/features/ftr_lead__12m.parquet", tmp_path / "scores.parquet"
    assert main(["score", str(features), "--out", str(out)]) == 0
    told = pd.read_parquet(out)
    assert len(told) == pq.read_metadata(features).num_rows and f"{len(told):,} 行" in capsys.readouterr().out
    today = told[pd.to_datetime(told["as_of_date"]) == pd.Timestamp(AS_OF)].set_index("lead_id").loc[leads["lead_id"]]
    assert (today["landing_score"].to_numpy() == leads["landing_logit"].to_numpy()).all()
    for lead, reasons in zip(leads["lead_id"], leads["reasons"], strict=True):
        published = {r["term"]: r["contribution"] for r in reasons if r["part"] == "tax" and r["term"] != "base"}
        row = today.loc[lead]
        mine = {
            row[f"tax_reason_{k}"]: row[f"tax_contribution_{k}"]
            for k in (1, 2, 3)
            if row[f"tax_reason_{k}"] == row[f"tax_reason_{k}"]
        }
        assert mine.items() <= published.items()
        assert sorted(map(abs, mine.values())) == sorted(map(abs, published.values()))[-len(mine) :] or not published

    assert main(["score", str(out), "--out", str(tmp_path / "again.parquet")]) == 2
    error = capsys.readouterr().err
    assert "缺少列" in error and "investment_wan_cny" in error
    assert main(["score", str(features), "--out", str(features)]) == 2
    assert main(["score", str(features), "--out", str(out), "--part", "天气"]) == 2
    assert not (tmp_path / "again.parquet").exists()


def test_points_of_all_reasons_are_the_score(leads: pd.DataFrame) -> None:
    weights = RankingWeights.load()
    for row in leads.to_dict("records"):
        units = sum(round(r["points"] * 10_000) for r in row["reasons"])
        assert units == round(row["score"] * 10_000)
        p = 1 / (1 + math.exp(-row["landing_logit"]))
        tax = min(1.0, math.log1p(row["tax_wan_cny"]) / math.log1p(weights.tax_full_marks_wan_cny))
        promise = min(1.0, math.sqrt(p * row["tax_wan_cny"] / weights.expected_full_marks_wan_cny))
        expected = 100 * (weights.landing * p + weights.tax * tax + weights.expected * promise)
        expected += weights.fit * row["chain_fit"]
        assert row["score"] == pytest.approx(expected, abs=6e-5)


def test_chain_fit_is_a_sum_that_the_chain_file_allows(leads: pd.DataFrame) -> None:
    chains = load_chains()
    nodes = {node.name: node.node_id for node in chains.nodes}
    fitting = leads[leads["chain_fit"] > 0]
    assert len(fitting) > 20
    for row in fitting.to_dict("records"):
        told = {r["term"]: r["contribution"] for r in row["reasons"] if r["part"] == "fit" and r["term"] != "base"}
        possible = [
            fit
            for digits in (0, 2, 3, 4)
            for words in (0, 1, 2)
            for up in ([], [1], [3], [10])
            for down in ([], [1], [3], [10])
            for leader in (None, 1, 2, 3)
            if (fit := fit_points(chains, nodes[row["chain_node"]], digits, words, up, down, leader))
        ]
        assert any({k: v for k, v in fit.parts.items() if v} == told for fit in possible)
        assert sum(told.values()) == row["chain_fit"]


def test_prospects_are_real_firms_nobody_follows(nightly: Home, leads: pd.DataFrame) -> None:
    prospects = pq.read_table(nightly.current / "ranked_prospects.parquet").to_pandas()
    assert len(prospects) > 50 and prospects["node_id"].nunique() > 10
    assert not set(prospects["uscc"].dropna()) & set(leads["uscc"].dropna())
    for _, node in prospects.groupby("node_id"):
        assert node["node_rank"].tolist() == list(range(1, len(node) + 1))
        assert node["fit"].is_monotonic_decreasing


def test_the_manifest_tells_hashes_rows_and_versions(nightly: Home, leads: pd.DataFrame) -> None:
    manifest = verified(nightly.current.resolve()).manifest
    boards = {board.file for board in all_boards()}
    assert set(manifest["files"]) == {"ranked_leads.parquet", "ranked_prospects.parquet", "择优清单.xlsx"} | boards
    assert manifest["files"]["ranked_leads.parquet"]["row_count"] == len(leads)
    assert manifest["weights"] == RankingWeights.load().version
    assert set(manifest["models"]) == {"landing", "tax"}
    assert leads["snapshot_id"].unique().tolist() == [manifest["snapshot_id"]]


def test_the_workbook_and_the_ui_lead_from_gaps_to_targets(nightly: Home, leads: pd.DataFrame) -> None:
    """Gap map drawn, targets, screens, parks, offers, trips: the sheets are the published tables, said once more with pandas."""
    import dagster as dg
    import openpyxl

    from orchestration.nightly import prepare_instance

    def built(name: str) -> pd.DataFrame:
        return pd.read_parquet(nightly.root / f"exports/{name}.parquet")

    book = openpyxl.load_workbook(nightly.current / "择优清单.xlsx")

    def sheet(name: str) -> pd.DataFrame:
        assert "合成数据" in book[name]["A1"].value
        titles, *rows = list(book[name].iter_rows(min_row=2, values_only=True))
        return pd.DataFrame(rows, columns=list(titles))

    nodes, prospects = built("marts/dim_chain_nodes"), built("boards/brd_prospect__nodes")
    assert len(book["强补延链图"]._images) == nodes["chain_name"].nunique() == 4
    assert sheet("链条环节")["环节"].tolist() == nodes.sort_values("node_order")["node_name"].tolist()
    assert sheet("链条环节")["列出的目标企业"].sum() == len(prospects)
    targets, first = sheet("目标企业"), prospects[prospects["node_rank"] <= 10]
    pairs = zip(targets["环节"], targets["目标企业"], strict=True)
    assert sorted(pairs) == sorted(zip(first["node_name"], first["enterprise_name"], strict=True))
    assert (targets["理由"].str.len() > 0).all() and (targets["引荐路径或本地联系"] != "暂无").any()
    assert (
        sheet("准入筛查")["结论"].value_counts().to_dict()
        == built("boards/brd_lead__screens")["screen_result"].value_counts().to_dict()
    )
    ranked = leads[leads["rank"].notna()].set_index("lead_id")["rank"]
    parks = built("boards/brd_park__matches")
    parks = parks[parks["lead_id"].isin(ranked.index) & (parks["park_rank"] <= 3)]
    parks = parks.assign(at=parks["lead_id"].map(ranked)).sort_values(["at", "park_rank"]).head(500)
    told = sheet("园区匹配")
    assert told[["项目", "园区"]].to_numpy().tolist() == parks[["project_name", "park_name"]].to_numpy().tolist()
    offers = sheet("可依法推荐的政策")
    assert len(offers) and set(offers["结论"]) <= {"符合", "待核对"}
    lawful = built("boards/brd_policy__register").query("is_recommended")["policy_name"]
    assert set(offers["政策"]) <= set(lawful)
    trips = sheet("外出行程")
    assert set(trips["地区"]) == {"京津", "长三角", "珠三角"}
    assert set(trips["拜访企业"]) <= set(built("boards/brd_trip__targets")["enterprise_name"])
    with prepare_instance(nightly.settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["publication", "snapshot"]))
    assert event is not None and event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert str(metadata["强补延链图"].value).count("data:image/png;base64,iVBOR") == 4
    for name in ("链条环节", "目标企业", "准入筛查", "园区匹配", "可依法推荐的政策", "外出行程"):
        label, _, note = str(metadata[name].value).split("\n")[0].partition("）")
        assert "合成数据" in label and book[name]["A1"].value.endswith(f"{label}）：{note}")
        assert "|:--" in str(metadata[name].value)


def test_the_graph_materialised_twice_leaves_the_same_bytes(nightly: Home) -> None:
    """In one home; test_interruption compares it with another one."""
    before = content_hashes(nightly.root)
    assert run_nightly(nightly.settings, AS_OF).success
    assert content_hashes(nightly.root) == before


def test_another_district_is_ranked_by_its_own_settings_on_an_earlier_day(
    nightly: Home, district: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Own ledgers, some of them broken, and a register that is too large: nobody is stopped, and nothing is of 云川."""
    earlier, inbox, home = dt.date(2026, 3, 31), tmp_path / "台账", tmp_path / "home"
    write_other_district(district / "inbox", inbox)
    (inbox / "坏的台账.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with xlsxwriter.Workbook(str(inbox / "空的台账.xlsx")) as book:
        book.add_worksheet()
    monkeypatch.setenv("ZEYOU_HOME", str(home))
    command = ["run", "--inbox", str(inbox), "--register", str(district / "register.parquet"), "--as-of", str(earlier)]
    assert main(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(home / "office" / "district.yaml") in line and "zeyou init" in line
    assert not (home / "published").exists() and not (home / "landing").exists()

    assert main(["init", "--from", str(write_facts(tmp_path))]) == 0
    assert "临澜区的设置已写到" in capsys.readouterr().out
    limits = (home / "office" / "register_limits.yaml").read_text(encoding="utf-8")
    limits = limits.replace("rows_at_most: 10000000", "rows_at_most: 1000")
    (home / "office" / "register_limits.yaml").write_text(limits, encoding="utf-8")
    assert main(command) == 0, "a register that is too large costs its prospects, not the list"
    told = capsys.readouterr().out
    assert "约 4,000 行，超过上限 1,000 行" in told and "没有目标企业，名单照常" in told
    assert "本区：临澜区（江苏省临澜市）" in told and "未核实" in told
    files = pd.read_parquet(home / "landing/files.parquet").set_index("file")
    assert "损坏" in files.loc["坏的台账.xlsx", "problem"] and "空" in files.loc["空的台账.xlsx", "problem"]
    assert files["problem"].notna().sum() == 2 and not files["is_synthetic"].any()
    snapshot = current(home / "published")
    assert snapshot is not None and snapshot.as_of_date == earlier and not snapshot.manifest["is_synthetic"]
    assert "超过上限" in snapshot.manifest["register_problem"]
    leads = pq.read_table(snapshot.folder / "ranked_leads.parquet").to_pandas()
    landed = pd.read_parquet(nightly.root / "landing/leads.parquet")
    known = landed[pd.to_datetime(landed["reported_date"]) < pd.Timestamp(earlier)]
    assert len(leads) and set(leads["lead_id"]) <= set(known["lead_id"])
    with zipfile.ZipFile(snapshot.folder / "择优清单.xlsx") as book:
        texts = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    assert "没有目标企业：企业名录" in texts and "临澜" in texts
    tables = [pq.read_table(path) for path in snapshot.folder.rglob("*.parquet")]
    texts += "".join(str(table.to_pylist()) for table in tables) + json.dumps(snapshot.manifest, ensure_ascii=False)
    assert "云川" not in texts and "纺织服装" not in set(leads["chain_node"].dropna().str[:4])
    chart = home / "documents" / f"挂图作战_{earlier}.pdf"
    assert chart.read_bytes().startswith(b"%PDF")
    assert "云川" not in "".join(
        path.read_text("utf-8") for path in (home / "office").glob("*.*") if path.suffix != ".md"
    )
    nodes = pd.read_parquet(home / "landing/chain_nodes.parquet")
    assert set(nodes["chain_name"]) == {"食品加工", "工程机械"}
    parks = pd.read_parquet(home / "exports/boards/brd_park__register.parquet")
    assert not parks["problem_text"].fillna("").str.contains("不在城市表中").any(), (
        "the local city needs no place on the map"
    )


def test_documents_are_made_of_the_published_marts_and_a_quarter_that_is_not_over_is_refused(
    nightly: Home, documents: Path
) -> None:
    assert (documents / f"挂图作战_{AS_OF}.pdf").read_bytes().startswith(b"%PDF")
    kept = {str(path.relative_to(documents / "冻结")) for path in (documents / "冻结").rglob("说明.json")}
    months = {"调度材料/2026-06/第1版/说明.json", "考核/2026-06/第1版/说明.json"}  # made twice, kept once
    assert kept == {*months, "季通报/2026Q1/第1版/说明.json"}
    bulletins = {path.name for path in documents.glob("季通报*")}
    assert bulletins == {"季通报_2026Q1.docx", "季通报_2026Q1.xlsx"}  # nothing of the refused one
    monthly = pq.read_table(nightly.current / "boards/unit_indicators.parquet").to_pandas()
    quarter = monthly[pd.to_datetime(monthly["month_date"]).dt.to_period("Q").astype(str) == "2026Q1"]
    sums = quarter.groupby("indicator")["indicator_value"].sum()
    told = pd.read_excel(documents / "季通报_2026Q1.xlsx", sheet_name="总体情况", header=2).set_index("指标")["本季"]
    assert told.to_dict() == sums[told.index].to_dict() and len(told) == 3


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="没有 pdftotext：apt-get install poppler-utils")
def test_chart_board_and_pack_have_the_same_projects_in_the_same_light(nightly: Home, documents: Path) -> None:
    board = pq.read_table(nightly.current / "boards/project_status.parquet").to_pandas()
    totals = [int((board["light"] == light).sum()) for light in "红黄绿"]
    assert min(totals) > 0
    chart = str(documents / f"挂图作战_{AS_OF}.pdf")
    paper = subprocess.run(["pdftotext", "-layout", chart, "-"], check=True, capture_output=True, text=True).stdout
    head = "签约后在跟进项目{}个：红灯{}、黄灯{}、绿灯{}".format(len(board), *totals)
    assert head in "".join(paper.split())

    content = chart_content(read_frames(nightly.current, CHART), AS_OF, most=len(board))
    drawn = pd.DataFrame(content["rows"]).set_index("lead_id")
    own = board.set_index("lead_id")
    assert drawn["light"].sort_index().equals(own["light"].sort_index())
    assert drawn["reasons"].sort_index().tolist() == own["light_reasons"].sort_index().tolist()
    shown = drawn.head(MOST)["name"]
    assert all("".join(name.split()) in "".join(paper.split()) for name in shown)

    pack = pd.read_excel(documents / "调度材料_2026-06.xlsx", sheet_name=None, header=None)
    summary = f"签约后在跟进项目{len(board)}个，其中红灯{totals[0]}个、黄灯{totals[1]}个、绿灯{totals[2]}个"
    assert any(str(line).startswith(summary) for line in pack["口径"][0])
    for light in "红黄":
        listed = pack[f"{light}灯项目"].iloc[3:]
        of_chart = drawn[drawn["light"] == light]
        assert listed[[0, 1, 5]].to_numpy().tolist() == of_chart[["name", "unit", "reasons"]].to_numpy().tolist()


def test_unit_page_board_and_pack_say_one_share_of_the_year(nightly: Home, documents: Path, tmp_path: Path) -> None:
    board = pq.read_table(nightly.current / "boards/task_progress.parquet").to_pandas()
    (told,) = {f"{share:.1f}%" for share in board.loc[board["target_year"] == AS_OF.year, "passed_pct"]}
    assert told == "49.6%"  # 181 days of 365: papers of 30 June hold 30 June
    totals = pd.read_excel(documents / "调度材料_2026-06.xlsx", sheet_name="总体情况", header=2)
    assert set(totals["时序进度"]) == {told}
    district = pq.read_table(nightly.current / "boards/task_district.parquet").to_pandas()
    own = district[district["target_year"] == AS_OF.year].set_index("indicator").loc[totals["指标"]]
    assert totals["全年任务"].tolist() == own["target_text"].tolist()
    for written, figure in (("完成", "done_value"), ("欠账", "arrears_value")):
        assert pd.to_numeric(totals[written]).tolist() == pytest.approx(own[figure].tolist(), rel=1e-5)
    # What is in stock is due whole at any time: for the district as for a unit.
    assert own.loc["储备项目数", "expected_value"] == own.loc["储备项目数", "target_value"] > 0
    app = build_app(DeskSettings(nightly.root, f"sqlite:///{tmp_path / 'desk.sqlite'}"))
    with app.state.desk.sessions() as session:
        writing(session)
        session.add(
            Person(login="li", person_name="李敏", role="leader", password_hash=HASH, must_change_password=False,
                   created_at=dt.datetime(2026, 6, 30, tzinfo=dt.UTC))
        )  # fmt: skip
        session.commit()
    page = Browser(app, "li")
    leader = page.get("/leader").text
    assert f"时序进度 {told}" in leader and all(text in leader for text in own["done_text"])
    for unit in sorted(board["unit_name"].unique())[::10]:
        assert re.findall(r"时序进度\s*([\d.]+%)", page.get("/unit", params={"name": unit}).text) == [told]


def test_what_the_ui_tells_is_in_chinese(nightly: Home, documents: Path) -> None:
    """Keys are Chinese or a machine's (`owner/name`), titles of tables hold no English word: of the nights and the documents."""
    import dagster as dg

    from orchestration.nightly import prepare_instance

    told: dict[str, Mapping[str, dg.MetadataValue[Any]]] = {}
    with prepare_instance(nightly.settings) as instance:
        entries = [entry for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
    for event in (entry.dagster_event for entry in entries if entry.dagster_event):
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            told[f"{check.asset_key.to_user_string()} {check.check_name}"] = check.metadata
        elif event.event_type_value == "ASSET_MATERIALIZATION":
            made = event.step_materialization_data.materialization
            told[made.asset_key.to_user_string()] = made.metadata
    assert {"marts/dim_leads", "publication/dispatch_pack", "scoring/ranked_leads suite_holds"} <= set(told)
    keys = {(name, key) for name, metadata in told.items() for key in metadata}
    assert {(name, key) for name, key in keys if "/" not in key and not re.search("[一-龥]", key)} == set()
    tables = {(name, str(value.value)) for name, metadata in told.items() for value in metadata.values()}
    titles = {(name, line) for name, text in tables for line in re.findall(r"^(\|.*\|)\n\|[:-]", text, re.MULTILINE)}
    assert len(titles) > 50
    assert {(name, line) for name, line in titles if re.search("[a-z]{2}", line)} == set()


@pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdftotext") is None,
    reason="没有 LibreOffice 或 pdftotext：apt-get install libreoffice-writer poppler-utils",
)
@pytest.mark.parametrize(
    ("name", "heads"),
    [
        ("季通报_2026Q1.docx", ["一、总体情况", "合成数据", "图1"]),
        ("调度材料_2026-06.docx", ["签约预测", "口径说明", "图 5"]),
    ],
)
def test_word_documents_come_out_on_paper(documents: Path, tmp_path: Path, name: str, heads: list[str]) -> None:
    """As an office prints them: A4, every paragraph's Chinese there, fonts of it inside, nothing of the template left."""
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(tmp_path),
        str(documents / name),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    paper = str((tmp_path / name).with_suffix(".pdf"))

    def told(*words: str) -> str:
        return subprocess.run([*words], check=True, capture_output=True, text=True).stdout

    text = "".join(told("pdftotext", "-layout", paper, "-").split())
    for paragraph in (p.text for p in Document(str(documents / name)).paragraphs):
        # A page break may part a long paragraph by the page's number.
        assert "".join(paragraph.split())[:12] in text, paragraph
    assert all("".join(head.split()) in text for head in heads)
    assert "{{" not in text and "{%" not in text and "\ufffd" not in text
    assert "(A4)" in told("pdfinfo", paper)
    embedded = [line for line in told("pdffonts", paper).splitlines()[2:] if "yes" in line]
    assert embedded
