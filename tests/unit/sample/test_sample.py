"""The sample district: deterministic, readable by the shipped contracts, and in agreement with its own truth."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import python_calamine

from intake.contract import load_contracts
from intake.landing import Landed, LandingStore, is_ledger, read_file
from intake.values import month_end, parse_industry, uscc_valid
from sample import district, write_sample
from sample.industries import INDUSTRIES, lettered
from storage import content_hash

AS_OF = dt.date(2026, 6, 30)
PHONE = re.compile(r"(?<!\d)1\d{10}(?!\d)")
Row = dict[str, object]
# 问题答复 names questions of one installation: a district that is only written down was asked none.
LEDGERS = {name for name, contract in load_contracts().items() if not contract.bulk} - {"question_answers"}
FILES = {
    "单位名录": "units",
    "线索台账": "leads",
    "跟进记录": "follow_ups",
    "项目进展": "stage_moves",
    "年度任务": "targets",
    "上级下达任务": "district_targets",
    "任务调整": "target_changes",
    "月度汇率": "exchange_rates",
    "考核计分规则": "scoring_rules",
    "考核评分": "assessment_marks",
    "外部排名": "external_ranks",
    "招商队伍": "recruiters",
    "责任领导班子": "officials_teams",
    "线索流转": "lead_transfers",
    "手续规程": "procedure_rules",
    "手续办理": "procedures",
    "项目约定": "project_commitments",
    "到资进度": "investment_progress",
    "实缴税收": "tax_paid",
    "佐证材料": "evidence_items",
    "外出招商与活动": "trips_events",
    "调度事项": "meeting_items",
    "宣传发布": "publicity_releases",
    "本地企业": "local_enterprises",
    "上下游供需": "supply_links",
    "产业链需求": "chain_needs",
    "企业诉求": "enterprise_requests",
    "企业动向": "enterprise_signals",
    "人脉资源": "connections",
    "委托招商机构": "agencies",
    "总部楼宇": "headquarters_buildings",
    "基金台账": "funds",
    "基金投资项目": "fund_investments",
    "园区名录": "parks",
    "地块厂房": "parcels_plants",
    "政策库": "policies",
    "目录清单": "catalogue_items",
    "筛查改判": "screen_overrides",
    "外部榜单": "external_lists",
    "准入评审": "admission_reviews",
    "承诺条款台账": "promise_clauses",
    "归并决定": "merge_decisions",
}
FIRST_FIVE = {"units", "leads", "follow_ups", "stage_moves", "targets"}  # their truth has its own columns


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    write_sample(out=out, leads=150, register=2000, seed=11, as_of=AS_OF)
    return out


@pytest.fixture(scope="module")
def landed(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    return LandingStore(tmp_path_factory.mktemp("landing")).land_inbox(sample / "inbox")


def truth(sample: Path, name: str) -> list[Row]:
    return pq.read_table(sample / "truth" / f"{name}.parquet").to_pylist()  # type: ignore[no-any-return]


def landed_rows(landed: Landed, name: str) -> list[Row]:
    return pq.read_table(landed.folder / f"{name}.parquet").to_pylist()  # type: ignore[no-any-return]


def rows(landed: Landed, name: str) -> list[Row]:
    """Return the rows of a ledger but those of which a cell was left out, which the truth lists among the refused."""
    if name == "refused":
        return landed_rows(landed, name)
    cut = {(r["file"], r["sheet"], r["row"]) for r in landed_rows(landed, "refused") if r["is_row_taken"]}
    return [row for row in landed_rows(landed, name) if "source_file" not in row or place(row) not in cut]


def place(row: Row) -> tuple[object, object, object]:
    return row["source_file"], row["source_sheet"], row["source_row"]


def written_place(row: Row) -> tuple[object, object, object]:
    return row["file"], row["sheet"], row["row"]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def test_same_seed_gives_the_same_bytes_of_every_file(sample: Path, tmp_path: Path) -> None:
    write_sample(out=tmp_path, leads=150, register=2000, seed=11, as_of=AS_OF)
    first = {path.relative_to(sample): content_hash(path) for path in files(sample)}
    assert first == {path.relative_to(tmp_path): content_hash(path) for path in files(tmp_path)}


def test_another_seed_gives_another_district(sample: Path, tmp_path: Path) -> None:
    write_sample(out=tmp_path, leads=150, register=2000, seed=12, as_of=AS_OF)
    assert content_hash(sample / "register.parquet") != content_hash(tmp_path / "register.parquet")


def test_writing_again_leaves_no_workbook_of_the_earlier_sample(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    stale = tmp_path / "inbox" / "旧台账.xlsx"
    stale.write_bytes(b"")
    write_sample(out=tmp_path, leads=60, register=500, seed=1, as_of=AS_OF)
    assert not stale.exists()


def test_too_small_a_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="至少"):
        write_sample(out=tmp_path, leads=3)


def test_no_file_is_unreadable_and_every_row_is_accounted_for(landed: Landed) -> None:
    assert landed.problems == ()
    for name, summary in landed.rows.items():
        assert summary.read == summary.accepted + summary.refused + summary.not_data, name
    # Every ledger that the platform knows is written, and at least one row of each can be read.
    assert {name for file in landed.files for name in file.contracts} == LEDGERS
    assert {name for name, summary in landed.rows.items() if summary.accepted} == LEDGERS


def test_every_workbook_is_read_by_the_ledger_it_is(landed: Landed) -> None:
    assert {f.file: f.contracts for f in landed.files} == {
        f.file: (FILES[f.file.removesuffix(".xlsx").split("_")[0]],) for f in landed.files
    }


def test_exactly_the_intended_rows_are_refused(sample: Path, landed: Landed) -> None:
    refused = {(r["contract"], r["file"], r["sheet"], r["row"]) for r in rows(landed, "refused")}
    intended = {(r["contract"], r["file"], r["sheet"], r["row"]) for r in truth(sample, "refused_rows")}
    assert refused == intended
    assert {"leads", "follow_ups", "targets"} <= {contract for contract, *_ in refused}


def test_a_bad_optional_cell_costs_the_cell(landed: Landed) -> None:
    by_place = {place(row): row for row in landed_rows(landed, "leads")}
    cut = [r for r in rows(landed, "refused") if r["is_row_taken"] and r["contract"] == "leads"]
    assert cut
    for refusal in cut:
        row = by_place[refusal["file"], refusal["sheet"], refusal["row"]]
        field = load_contracts()["leads"].match(str(refusal["column"]))
        assert field is not None and not field.required
        assert row[field.name] is None and row["enterprise_name"]


def test_accepted_leads_equal_the_truth(sample: Path, landed: Landed) -> None:
    by_id = {row["lead_id"]: row for row in truth(sample, "leads")}
    by_place = {written_place(row): row for row in truth(sample, "ledger_rows") if not row["refused_kind"]}
    accepted = rows(landed, "leads")
    assert {place(row) for row in accepted} == set(by_place)
    names = {name: unit.name for unit in district.UNITS for name in (unit.name, *unit.short_names)}
    for row in accepted:
        true, written = by_id[row["lead_id"]], by_place[place(row)]
        assert row["enterprise_name"] == true["written_name"]
        assert row["reported_date"] == true["reported_date"]
        assert row["reported_date_precision"] == ("month" if true["is_month_only"] else "day")
        assert row["uscc"] == (true["uscc"] if true["is_code_written"] else None)
        assert row["lead_source"] == true["lead_source"]
        assert names.get(str(row["unit_name"]), row["unit_name"]) == true["written_unit_name"]
        assert row["investment_wan_cny"] == pytest.approx(written["investment"], abs=0.01)
        for field in ("fixed_investment_wan_cny", "expected_output_wan_cny", "promised_tax_wan_cny", "land_mu"):
            if row[field] is not None:  # an office need not have the column
                assert row[field] == pytest.approx(true[field], abs=0.01)
        if row["is_foreign"] is not None:
            assert row["is_foreign"] == true["is_foreign"]
        if row["industry_code"] is not None:
            assert row["industry_code"] == true["industry_code"]


def test_the_last_row_of_a_lead_is_the_corrected_one(sample: Path, landed: Landed) -> None:
    current = {row["lead_id"]: row for row in truth(sample, "ledger_rows") if row["is_current"]}
    last: dict[object, Row] = {}
    for row in sorted(rows(landed, "leads"), key=lambda row: (row["received_seq"], row["source_row"])):
        last[row["lead_id"]] = row
    assert {lead: place(row) for lead, row in last.items()} == {k: written_place(v) for k, v in current.items()}
    true = {row["lead_id"]: row["investment_wan_cny"] for row in truth(sample, "leads")}
    for lead, row in last.items():
        assert row["investment_wan_cny"] == pytest.approx(true[lead], abs=0.01)
    assert len(rows(landed, "leads")) > len(last)


@pytest.mark.parametrize(
    ("ledger", "columns"),
    [
        ("follow_ups", {"follow_up_date": "date", "recorded_date": "recorded", "method": "method", "result": "result"}),
        (
            "stage_moves",
            {"stage": "stage", "moved_date": "date", "recorded_date": "recorded", "evidence_no": "evidence_no"},
        ),
        (
            "targets",
            {"target_year": "year", "unit_name": "unit_name", "indicator": "indicator", "target_value": "value"},
        ),
    ],
)
def test_accepted_records_equal_the_truth(sample: Path, landed: Landed, ledger: str, columns: dict[str, str]) -> None:
    by_place = {written_place(row): row for row in truth(sample, ledger) if row["file"] and not row["is_refused"]}
    accepted = rows(landed, ledger)
    assert {place(row) for row in accepted} == set(by_place)
    for row in accepted:
        true = by_place[place(row)]
        assert {name: row[name] for name in columns} == {name: true[true_name] for name, true_name in columns.items()}
        if ledger == "stage_moves":
            assert row["paid_tax_wan_cny"] == pytest.approx(true["tax"])
        if ledger != "targets":
            assert row["lead_id"] == (true["strange_lead_id"] or true["lead_id"])


def test_other_columns_of_leads_equal_the_truth(sample: Path, landed: Landed) -> None:
    by_id = {row["lead_id"]: row for row in truth(sample, "lead_details")}
    filled: Counter[str] = Counter()
    for row in rows(landed, "leads"):
        for name, true in by_id[row["lead_id"]].items():
            if row[name] is not None:  # an office need not have the column
                filled[name] += 1
                assert row[name] == (pytest.approx(true, abs=0.01) if isinstance(true, float) else true), name
    assert set(filled) == {name for row in by_id.values() for name in row}


@pytest.mark.parametrize("ledger", sorted(LEDGERS - FIRST_FIVE))
def test_accepted_rows_of_every_other_ledger_equal_the_truth(sample: Path, landed: Landed, ledger: str) -> None:
    by_place = {written_place(row): row for row in truth(sample, ledger) if not row["is_refused"]}
    accepted = {place(row): row for row in rows(landed, ledger)}
    assert set(accepted) == set(by_place)
    for where, row in accepted.items():
        for f in load_contracts()[ledger].landed_fields:
            true, read = by_place[where][f.name], row[f.name]
            if isinstance(true, float):  # 万美元 and 千平方米 are rounded in the cell
                assert read == pytest.approx(true, rel=1e-4, abs=0.01), (where, f.name)
            else:
                assert read == true, (where, f.name)


def test_keys_of_records_are_unique(landed: Landed) -> None:
    for name in sorted(LEDGERS - {"leads"}):
        key = load_contracts()[name].key
        counts = Counter(tuple(row[field] for field in key) for row in rows(landed, name))
        assert max(counts.values()) == 1, name


def test_nothing_is_known_before_it_happened_or_after_the_as_of_day(landed: Landed) -> None:
    for name, day in (("follow_ups", "follow_up_date"), ("stage_moves", "moved_date")):
        for row in rows(landed, name):
            assert row[day] <= row["recorded_date"] <= AS_OF  # type: ignore[operator]
    reported = {row["lead_id"]: row["reported_date"] for row in rows(landed, "leads")}
    for row in rows(landed, "follow_ups"):
        if row["lead_id"] in reported:
            assert row["follow_up_date"] >= reported[row["lead_id"]]  # type: ignore[operator]
    assert all(row["reported_date"] <= AS_OF for row in rows(landed, "leads"))  # type: ignore[operator]
    for row in rows(landed, "stage_moves"):
        if row["moved_date_precision"] == "month":
            moved = row["moved_date"]
            assert isinstance(moved, dt.date) and moved == month_end(moved.year, moved.month)


def test_follow_ups_stop_once_a_lead_has_started_or_is_lost(sample: Path) -> None:
    ends = {
        row["lead_id"]: min(d for d in (row["start_date"], row["lost_date"]) if d)  # type: ignore[type-var]
        for row in truth(sample, "leads")
        if row["start_date"] or row["lost_date"]
    }
    for row in truth(sample, "follow_ups"):
        assert row["lead_id"] not in ends or row["date"] <= ends[row["lead_id"]]  # type: ignore[operator]


def test_every_unit_has_leads_and_strange_rows_are_listed(sample: Path, landed: Landed) -> None:
    assert {row["unit_name"] for row in truth(sample, "leads")} == {unit.name for unit in district.UNITS}
    known = {row["unit_name"] for row in rows(landed, "units")}
    assert known == {unit.name for unit in district.UNITS}
    strange = truth(sample, "strange_rows")
    assert {row["kind"] for row in strange} == {"单位不在名录", "线索编号不存在"}
    leads = {row["lead_id"] for row in rows(landed, "leads")}
    orphans = {place(row) for row in rows(landed, "follow_ups") if row["lead_id"] not in leads}
    assert orphans == {written_place(row) for row in strange if row["kind"] == "线索编号不存在"}
    assert all(row["lead_id"] in leads for row in rows(landed, "stage_moves"))


def test_same_firm_pairs_share_an_enterprise_and_differ_in_spelling_or_unit(sample: Path) -> None:
    by_id = {row["lead_id"]: row for row in truth(sample, "leads")}
    pairs = truth(sample, "same_firm")
    assert pairs
    for pair in pairs:
        one, other = by_id[pair["lead_id"]], by_id[pair["other_lead_id"]]
        assert one["enterprise_id"] == other["enterprise_id"] and one["uscc"] == other["uscc"]
        assert one["unit_name"] != other["unit_name"]


def test_what_the_city_sets_is_what_the_units_were_given_and_changes_start_from_it(sample: Path) -> None:
    units: dict[tuple[object, object], float] = {}
    first: dict[tuple[object, object, object], object] = {}
    for row in truth(sample, "targets"):
        key = row["year"], row["indicator"]
        units[key] = units.get(key, 0.0) + float(str(row["value"]))
        first[row["year"], row["unit_name"], row["indicator"]] = row["value"]
    city = {(r["target_year"], r["indicator"]): r["target_value"] for r in truth(sample, "district_targets")}
    assert set(city) == set(units)
    # One task of this year is more than all units together were given.
    assert {key for key in city if city[key] != units[key]} == {(AS_OF.year, "签约金额")}
    changes = truth(sample, "target_changes")
    by_group: Counter[object] = Counter()
    for row in changes:
        assert row["old_value"] == first[row["target_year"], row["unit_name"], row["indicator"]]
        by_group[row["indicator"], row["effective_date"]] += row["new_value"] - row["old_value"]  # type: ignore[operator]
    september = {group: change for group, change in by_group.items() if group[1].month == 9}  # type: ignore[index]
    assert september and set(september.values()) == {0}


def test_weights_of_every_scoring_scheme_and_edition_add_up_to_one(sample: Path) -> None:
    total: Counter[object] = Counter()
    for row in truth(sample, "scoring_rules"):
        total[row["scheme_name"], row["valid_from_date"]] += round(100 * float(str(row["weight"] or 0)))
    assert len(total) == 6 and set(total.values()) == {100}


def test_money_paid_in_adds_up_month_by_month_and_follows_the_signing(sample: Path) -> None:
    signed: dict[object, object] = {}
    for move in truth(sample, "stage_moves"):
        if move["stage"] == "签约":
            signed[move["lead_id"]] = min(move["date"], signed.get(move["lead_id"], move["date"]))  # type: ignore[type-var]
    by_lead: dict[object, list[Row]] = {}
    for row in truth(sample, "investment_progress"):
        by_lead.setdefault(row["lead_id"], []).append(row)
    assert set(by_lead) <= set(signed)
    for lead, months in by_lead.items():
        total, of_year = 0.0, Counter[int]()
        for row in sorted(months, key=lambda row: str(row["period_date"])):
            day = row["period_date"]
            assert isinstance(day, dt.date) and str(signed[lead])[:7] <= str(day)[:7] and day <= AS_OF
            paid = float(str(row["month_paid_in_wan_cny"]))
            total += paid
            of_year[day.year] += paid  # type: ignore[assignment]
            assert row["total_paid_in_wan_cny"] == pytest.approx(total, abs=0.06)
            assert row["year_paid_in_wan_cny"] == pytest.approx(of_year[day.year], abs=0.06)


def test_permits_come_in_their_order_and_a_start_follows_its_permit(sample: Path) -> None:
    after = {
        (row["project_kind"], row["procedure_step"]): str(row["after_steps"] or "").split("、")
        for row in truth(sample, "procedure_rules")
    }
    start = {row["lead_id"]: row["start_date"] for row in truth(sample, "leads")}
    by_lead: dict[object, dict[object, Row]] = {}
    for row in truth(sample, "procedures"):
        by_lead.setdefault(row["lead_id"], {})[row["procedure_step"]] = row
    blocked = 0
    for lead, steps in by_lead.items():
        for name, row in steps.items():
            blocked += row["blocker"] is not None
            assert (row["done_date"] is None) == (row["document_no"] is None)
            assert row["done_date"] is None or row["accepted_date"] <= row["done_date"] <= AS_OF  # type: ignore[operator]
            if row["done_date"] and name != "竣工验收":
                for before in after[row["project_kind"], name]:
                    if before in steps and steps[before]["is_required"]:
                        assert steps[before]["done_date"] <= row["done_date"], (lead, name)  # type: ignore[operator]
        done = steps["施工许可"]["done_date"]
        if done and start[lead]:
            assert done <= start[lead], lead  # type: ignore[operator]
    assert blocked > 3


def test_the_chains_have_departments_that_lead_them(landed: Landed) -> None:
    units = rows(landed, "units")
    leading = {row["chain_name"]: row["unit_name"] for row in units if row["is_lead_department"]}
    assert set(leading) == {"纺织服装", "环保水处理", "医药医疗器械", "新能源新材料"}
    assert all(row["unit_type"] == "部门" for row in units if row["is_lead_department"])


def _worn(text: object) -> str:
    return re.sub(r"\d+", "#", str(text).replace("企业", "公司").replace("。", ""))


def test_what_is_for_show_stands_in_the_ledgers(sample: Path, landed: Landed) -> None:
    facts: dict[object, list[Row]] = {}
    for fact in truth(sample, "show_facts"):
        facts.setdefault(fact["kind"], []).append(fact)
    assert {
        "雷同内容",
        "倒填日期",
        "期末突击",
        "重复签约",
        "金额偏大",
        "一次性接触",
        "无洽谈对象",
        "无包保领导",
        "终止后重启",
        "签约后退回",
    } <= set(facts)
    follow_ups: dict[tuple[object, object], Row] = {}
    for row in truth(sample, "follow_ups"):
        follow_ups[row["lead_id"], row["date"]] = row
    for fact in facts["倒填日期"]:
        row = follow_ups[fact["lead_id"], fact["date"]]
        assert (row["recorded"] - row["date"]).days > 30  # type: ignore[operator]
    for fact in facts["雷同内容"]:
        copy = follow_ups[fact["other_lead_id"], fact["date"]]["content"]
        texts = [row["content"] for (lead, _), row in follow_ups.items() if lead == fact["lead_id"]]
        # But for a word, a full stop and figures: the copy is the source.
        assert _worn(copy) in {_worn(text) for text in texts}, (copy, texts)
    signings = Counter(row["lead_id"] for row in truth(sample, "stage_moves") if row["stage"] == "签约")
    for fact in facts["重复签约"]:
        assert signings[fact["lead_id"]] + signings[fact["other_lead_id"]] >= 2
    days: dict[tuple[object, object], list[dt.date]] = {}
    for row in rows(landed, "stage_moves"):
        days.setdefault((row["lead_id"], row["stage"]), []).append(row["moved_date"])  # type: ignore[arg-type]
    for fact in facts["终止后重启"]:
        lead, day = fact["lead_id"], fact["date"]
        assert day in days[lead, "在谈"] and min(days[lead, "终止"]) < day  # type: ignore[operator]
    for fact in facts["签约后退回"]:
        lead, day = fact["lead_id"], fact["date"]
        assert day in days[lead, "在谈"] and min(days[lead, "签约"]) < day  # type: ignore[operator]
    led = {row["lead_id"] for row in rows(landed, "officials_teams")}
    assert not led & {fact["lead_id"] for fact in facts["无包保领导"]}


def test_targets_that_were_never_set_are_absent_not_zero(sample: Path, landed: Landed) -> None:
    missing = {(r["year"], r["unit_name"], r["indicator"]) for r in truth(sample, "targets_not_set")}
    present = {(r["target_year"], r["unit_name"], r["indicator"]) for r in rows(landed, "targets")}
    assert missing and not missing & present


def test_register_lands_with_exactly_the_broken_rows_refused(sample: Path, tmp_path: Path) -> None:
    summary = read_file(sample / "register.parquet", "register", tmp_path / "out")
    refused = pq.read_table(tmp_path / "out" / "refused.parquet")
    assert (summary.read, summary.refused) == (2000, refused.num_rows)
    assert set(refused.column("row").to_pylist()) == {row["row"] for row in truth(sample, "register_refused")}


def test_codes_of_the_register_are_valid_unique_and_nobodys(sample: Path) -> None:
    broken = {row["row"] for row in truth(sample, "register_refused")}
    codes = pq.read_table(sample / "register.parquet").column("统一社会信用代码").to_pylist()
    sound = [code for number, code in enumerate(codes, start=1) if number not in broken]
    assert pc.all(uscc_valid(pa.array(sound))).as_py()
    assert len(set(codes)) == len(codes)
    assert {code[4:6] for code in codes} == {"99"}


def test_leads_of_the_register_carry_its_name_and_code(sample: Path) -> None:
    register = pq.read_table(sample / "register.parquet").to_pylist()
    leads = truth(sample, "leads")
    for row in leads:
        if row["is_in_register"]:
            entry = register[int(str(row["register_row"])) - 1]
            assert (entry["企业名称"], entry["统一社会信用代码"]) == (row["enterprise_name"], row["uscc"])
    assert 0.65 < sum(bool(row["is_in_register"]) for row in leads) / len(leads) < 0.85


def test_every_workbook_says_that_it_is_synthetic(sample: Path) -> None:
    for path in sorted((sample / "inbox").glob("*.xlsx")):
        if is_ledger(path):
            book = python_calamine.CalamineWorkbook.from_path(str(path))
            for name in book.sheet_names:
                assert "合成数据" in str(book.get_sheet_by_name(name).to_python()[0][0]), f"{path.name}/{name}"
    assert (sample / "说明.txt").read_text(encoding="utf-8").startswith("合成数据")
    assert [p.name for p in sorted((sample / "inbox").iterdir()) if not is_ledger(p)] == [
        ".~线索台账_街道.xlsx",
        "~$线索台账_镇.xlsx",
    ]


def test_no_phone_number_or_contact_lands_in_parquet(sample: Path, landed: Landed) -> None:
    book = python_calamine.CalamineWorkbook.from_path(str(sample / "inbox" / "线索台账_街道.xlsx"))
    cells = [cell for row in book.get_sheet_by_index(0).to_python() for cell in row]
    assert any(PHONE.fullmatch(str(cell)) for cell in cells)
    for path in [*landed.folder.rglob("*.parquet"), sample / "register.parquet"]:
        table = pq.read_table(path)
        assert not {"contact_person", "contact_phone"} & set(table.column_names)
        for column in table.columns:
            if pa.types.is_string(column.type):
                assert not any(PHONE.search(text) for text in column.to_pylist() if text), path


def test_credit_codes_stay_unique_and_valid_over_a_large_draw() -> None:
    import numpy as np

    from sample.enterprises import credit_codes

    rng = np.random.default_rng(3)
    codes = credit_codes(np.full(200_000, 37), rng.random(200_000) < 0.5, rng)
    assert len(pc.unique(codes)) == 200_000
    assert pc.all(uscc_valid(codes)).as_py()


def test_every_industry_code_reads_with_its_letter() -> None:
    for industry in INDUSTRIES:
        assert all(parse_industry(lettered(code)) == code for code in industry.codes), industry.trade


def test_warm_leads_land_cold_ones_are_lost_and_promises_are_optimistic(tmp_path: Path) -> None:
    write_sample(out=tmp_path, leads=800, register=2000, seed=5, as_of=AS_OF)
    leads = pq.read_table(tmp_path / "truth" / "leads.parquet").to_pandas()
    landed, lost = leads[leads["start_date"].notna()], leads[leads["lost_date"].notna()]
    assert landed["warmth"].mean() > 0.4 > 0 > lost["warmth"].mean()
    assert 0.10 < len(landed) / len(leads) < 0.30
    promised = leads.dropna(subset=["promised_tax_wan_cny"])
    assert (promised["promised_tax_wan_cny"] > promised["yearly_tax_wan_cny"]).mean() > 0.8
    follow_ups = pq.read_table(tmp_path / "truth" / "follow_ups.parquet").to_pandas()
    counts = leads["lead_id"].map(follow_ups["lead_id"].value_counts()).fillna(0)
    warm = leads["warmth"] > 0
    assert counts[warm].sum() > 1.5 * counts[~warm].sum()


@pytest.mark.parametrize("as_of", [dt.date(2024, 2, 29), dt.date(2026, 3, 15)])
def test_any_as_of_day_gives_a_readable_district(as_of: dt.date, tmp_path: Path) -> None:
    write_sample(out=tmp_path / "sample", leads=80, register=1000, seed=2, as_of=as_of)
    landed = LandingStore(tmp_path / "landing").land_inbox(tmp_path / "sample" / "inbox")
    refused = {(r["file"], r["sheet"], r["row"]) for r in rows(landed, "refused")}
    assert refused == {written_place(row) for row in truth(tmp_path / "sample", "refused_rows")}
    assert max(row["recorded_date"] for row in rows(landed, "stage_moves")) <= as_of  # type: ignore[type-var,operator]


@pytest.mark.parametrize("includes_the_day", [False, True])
def test_a_funds_money_has_one_value(landed: Landed, includes_the_day: bool) -> None:
    """What a fund says it paid in is the sum of its projects, whether the list's own day counts or not."""

    def last(name: str, key: tuple[str, ...]) -> dict[tuple[object, ...], Row]:
        before = AS_OF + dt.timedelta(days=1) if includes_the_day else AS_OF
        known = [row for row in rows(landed, name) if row["as_of_date"] < before]  # type: ignore[operator]
        ordered = sorted(known, key=lambda row: str(row["as_of_date"]))
        return {tuple(row[column] for column in key): row for row in ordered}

    funds = last("funds", ("fund_name",))
    projects = last("fund_investments", ("fund_name", "project_name")).values()
    for (fund,), told in funds.items():
        paid = [row for row in projects if row["fund_name"] == fund and row["step"] in ("出资", "退出")]
        assert told["invested_wan_cny"] == sum(float(row["invested_wan_cny"]) for row in paid)  # type: ignore[arg-type]
    assert sum(float(row["invested_wan_cny"]) for row in funds.values()) > 0  # type: ignore[arg-type]


def test_headquarters_look_for_an_office_and_expansions_are_filed(landed: Landed) -> None:
    kinds = Counter(row["headquarters_kind"] for row in landed_rows(landed, "leads"))
    assert set(kinds) - {None} and 0.03 < 1 - kinds[None] / kinds.total() < 0.2
    signs = Counter(row["signal_kind"] for row in rows(landed, "enterprise_signals"))
    assert signs["扩产备案"] > 0 and signs["招聘"] > 0
