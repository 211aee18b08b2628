"""A small invented district (合成数据), written as the landing store writes it, and a dbt that runs on it.

Belongs here: a few leads whose numbers are worked out by hand, many seeded ones around them, model tables over every
feature, running dbt as the nightly job does. Does not belong: assertions.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import followed_up
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from intake.chain_graph import LISTED_SCHEMA
from intake.contract import get_contract, load_contracts
from intake.landing import FILES_SCHEMA
from intake.plausibility import HELD_SCHEMA
from intake.registers import REFUSED_SCHEMA
from models.additive.tables import AdditiveTables, Term
from models.chain.tables import load_chains
from models.landing.settings import LandingSettings
from models.screening.tabulating import findings
from models.tax.settings import TaxSettings
from office.installing import library_of_chains, write_folder
from orchestration.landing_office import land_office

FACTS = {"name": "云川区", "province": "山东省", "city": "云川市", "is_fictional": True}
PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
AS_OF = dt.date(2026, 6, 30)
STEPS = {
    "warehouse": ["path:seeds", "path:models/staging", "path:models/intermediate", "path:models/marts"],
    "features": ["path:models/features"],
    "boards": ["path:models/boards"],
    "scores": ["path:models/scores"],
}
LEDGERS = tuple(name for name, contract in load_contracts().items() if not contract.bulk)
Row = dict[str, Any]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@dataclass(frozen=True)
class District:
    """Rows of every ledger in landed form, `source_row` and `received_seq` filled in where a row doesn't say."""

    units: list[Row]
    leads: list[Row]
    follow_ups: list[Row]
    stage_moves: list[Row]
    targets: list[Row]
    register: list[Row]
    refused: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    lead_transfers: list[Row] = field(default_factory=list)
    others: Mapping[str, list[Row]] = field(default_factory=dict)
    """Rows of further ledgers, written after the three examples that every ledger has."""
    numbered_ids: tuple[str, ...] = ()
    """The leads in whose order two by two are one enterprise, if not those above: which belong together is of no day."""

    def known_by(self, limit: dt.date) -> District:
        """The same district as it was known by a day, the day included: later facts were never written down."""

        def early(row: Row, name: str) -> bool:
            return max(row[name], row.get("recorded_date") or row[name]) <= limit

        return replace(
            self,
            numbered_ids=tuple(r["lead_id"] for r in self.leads),
            leads=[r for r in self.leads if r["reported_date"] <= limit],
            follow_ups=[r for r in self.follow_ups if early(r, "follow_up_date")],
            stage_moves=[r for r in self.stage_moves if early(r, "moved_date")],
        )


def build_district(seed: int = 7, n_leads: int = 45) -> District:
    """A district of hand-checked leads H1 to H9 and `n_leads` seeded ones."""
    rng = np.random.default_rng(seed)
    units = [
        {"unit_name": "云山镇", "unit_type": "镇", "unit_code": "01", "short_names": "云山、山镇"},
        {"unit_name": "河东街道办事处", "unit_type": "街道", "unit_code": "02", "short_names": "河东；河东街道"},
        {"unit_name": "区工业和信息化局", "unit_type": "部门", "unit_code": "03", "short_names": "工信局、信息"},
        {"unit_name": "区信息中心", "unit_type": "部门", "unit_code": "04", "short_names": "信息"},
        {"unit_name": "静默镇", "unit_type": "镇", "unit_code": "05"},
    ]
    spellings = ["云山镇", "云山", "河东", "河东街道办事处", "工信局", "区工业和信息化局"]
    register = _register(rng)
    leads = [
        # Corrected later: the row with the larger received_seq stands.
        _lead("H1", "反渗透膜元件项目", "远方膜科技(北京)有限公司", "云山", "2025-01-15", investment_wan_cny=1000.0),
        _lead("H1", "反渗透膜元件项目", "远方膜科技(北京)有限公司", "云山", "2025-01-15", received_seq=2,
              investment_wan_cny=20000.0, fixed_investment_wan_cny=15000.0, land_mu=50.0, industry_code="2921",
              product_text="反渗透膜、纳滤膜", lead_source="外出招商", is_foreign=False),
        # Unknown unit, and a short name that two units share: both are rejected with all that hangs on them.
        _lead("H2", "口罩机项目", "某机械有限公司", "不存在的局", "2025-02-01"),
        _lead("H3", "软件项目", "某软件有限公司", "信息", "2025-02-01"),
        # An exclude word stands in the text: the words of the node do not count.
        _lead("H4", "医用口罩机与医用口罩项目", "口罩机械有限公司", "河东", "2025-03-31", uscc="91110108MA01ABCD2X"),
        # Reported on the day before as-of: one row, no month end.
        _lead("H5", "新线索", "新线索有限公司", "静默镇", "2026-06-29"),
        # Reported on as-of: not a lead yet.
        _lead("H6", "次日线索", "次日线索有限公司", "静默镇", "2026-07-01"),
        _lead("H7", "面料项目", "远方面料有限公司", "河东", "2025-05-10", investment_wan_cny=8000.0),
        # Its project company is founded long after the lead was reported.
        _lead("H8", "储能项目", "后来注册的储能有限公司", "工信局", "2025-06-01"),
        _lead("H9", "终止项目", "终止有限公司", "云山镇", "2025-07-01"),
    ]  # fmt: skip
    follow_ups = [
        _follow("H1", "2025-02-10", method="见商", led_by="一把手", result="有意向"),
        # Happened in March, recorded in June: known in June.
        _follow("H1", "2025-03-10", recorded_date=day("2025-06-20"), method="电话", result="推进签约"),
        _follow("H1", "2026-06-29", method="考察", led_by="分管领导", result="待回复"),
        _follow("H1", "2026-07-01", method="考察", led_by="一把手", result="有意向"),
        _follow("H2", "2025-03-01", method="电话"),
        _follow("X9", "2025-03-01", method="电话"),
        _follow("H7", "2025-06-01", method="线上", unit_name="云山"),
    ]
    moves = [
        _move("H1", "在谈", "2025-03-01"),
        _move("H1", "签约", "2025-04-01", recorded_date=day("2025-04-20"), evidence_kind="签约协议"),
        _move("H1", "开工", "2025-09-01", evidence_kind="情况说明"),
        _move("H1", "开工", "2026-05-01", evidence_kind="施工许可证"),
        _move("H3", "签约", "2025-04-01", evidence_kind="签约协议"),
        _move("H7", "签约", "2025-06-15"),
        _move("H9", "签约", "2025-08-01", evidence_kind="签约协议"),
        _move("H9", "终止", "2025-10-10", lost_reason="落他地"),
    ]
    targets = [
        {"target_year": 2025, "unit_name": "云山", "indicator": "新签约项目数", "target_value": 4.0, "measure": "个"},
        {"target_year": 2025, "unit_name": "云山镇", "indicator": "签约金额", "target_value": 3.0, "measure": "亿元"},
        # Full name and short name of one unit: one task, the row further down stands.
        {"target_year": 2025, "unit_name": "云山镇", "indicator": "新签约项目数", "target_value": 5.0, "measure": "个"},
        {"target_year": 2025, "unit_name": "河东", "indicator": "新签约项目数", "target_value": -1.0, "measure": "个"},
        {"target_year": 2025, "unit_name": "河东", "indicator": "签约金额", "target_value": 2.0, "measure": "个"},
        {"target_year": 2025, "unit_name": "无名局", "indicator": "新增线索数", "target_value": 9.0, "measure": "个"},
    ]
    words = list(load_chains().to_tables()["words"]["word"])
    known = [r for r in register if r.get("uscc")]
    for i in range(n_leads):
        lead_id = f"L{i:03d}"
        reported = day("2024-06-01") + dt.timedelta(days=int(rng.integers(0, 700)))
        firm = known[int(rng.integers(0, len(known)))] if i % 3 else None
        leads.append(
            _lead(
                lead_id,
                f"{words[int(rng.integers(0, len(words)))]}生产项目" if i % 2 else "标准厂房项目",
                firm["enterprise_name"] if firm else f"虚构{i}有限公司",
                spellings[i % len(spellings)],
                reported.isoformat(),
                uscc=firm["uscc"] if firm and i % 2 else None,
                investment_wan_cny=None if i % 9 == 0 else float(np.round(np.exp(rng.normal(9, 1)), 2)),
                fixed_investment_wan_cny=None if i % 5 == 0 else float(rng.integers(100, 5000)),
                land_mu=None if i % 4 == 0 else float(rng.integers(5, 300)),
                promised_tax_wan_cny=None if i % 6 == 0 else float(rng.integers(10, 900)),
                is_foreign=None if i % 10 == 0 else i % 11 == 0,
                industry_code=None if i % 4 == 0 else str(rng.choice(["2921", "1751", "3591", "27", "6510", "411"])),
                lead_source=str(rng.choice(["以商招商", "展会活动", "驻点招商"])) if i % 7 else None,
            )
        )
        for _ in range(int(rng.integers(0, 9))):
            at = reported + dt.timedelta(days=int(rng.integers(0, 500)))
            late = None if rng.random() < 0.5 else at + dt.timedelta(days=int(rng.integers(0, 60)))
            if at <= AS_OF:
                follow_ups.append(
                    _follow(
                        lead_id,
                        at.isoformat(),
                        recorded_date=late,
                        method=str(rng.choice(["电话", "见商", "出差", "线上", "考察"])),
                        led_by=str(rng.choice(["一把手", "分管领导", "工作人员"])),
                        result=str(rng.choice(["有意向", "推进签约", "无意向", "待回复"])),
                        content=f"第{len(follow_ups)}次",
                    )
                )
        for stage, kind, chance in [("签约", "签约协议", 0.6), ("开工", "施工合同", 0.4), ("投产", "完税证明", 0.5)]:
            if rng.random() > chance:
                break
            reported += dt.timedelta(days=int(rng.integers(20, 200)))
            if reported <= AS_OF:
                tax = float(rng.integers(50, 900)) if stage == "投产" else None
                moves.append(
                    _move(lead_id, stage, reported.isoformat(), evidence_kind=kind if i % 5 else None,
                          paid_tax_wan_cny=tax)
                )  # fmt: skip
    transfers = [
        _transfer("H1", "山镇", "工信局", "2025-05-01"),  # written with short names
        _transfer("H1", "云山镇", "区工业和信息化局", "2025-05-01", transfer_state="已流转"),  # the same once more
        _transfer("H1", "区工业和信息化局", "外区招商局", "2025-06-01", transfer_state="已流转"),
        _transfer("H1", "区工业和信息化局", "河东", "2025-05-20", transfer_state="退回"),
        _transfer("H9", "云山镇", "河东", "2025-05-20", transfer_state="待接收"),
        _transfer("X9", "云山镇", "河东", "2025-05-20", transfer_state="已流转"),  # no such lead
    ]
    return District(
        units + followed_up.UNITS,
        leads + followed_up.LEADS,
        follow_ups + followed_up.FOLLOW_UPS,
        moves + followed_up.STAGE_MOVES,
        targets + followed_up.TARGETS,
        register,
        lead_transfers=transfers + followed_up.TRANSFERS,
        others=followed_up.OTHERS,
    )


def _lead(lead_id: str, project: str, enterprise: str, unit: str, reported: str, **more: Any) -> Row:
    row = {"lead_id": lead_id, "project_name": project, "enterprise_name": enterprise, "unit_name": unit}
    return {**row, "reported_date": day(reported), "reported_date_precision": "day", **more}


def _transfer(lead_id: str, giver: str, taker: str, at: str, **more: Any) -> Row:
    row = {"lead_id": lead_id, "from_unit_name": giver, "to_unit_name": taker, "transferred_date": day(at)}
    return {**row, "transferred_date_precision": "day", **more}


def _follow(lead_id: str, at: str, **more: Any) -> Row:
    return {"lead_id": lead_id, "follow_up_date": day(at), "follow_up_date_precision": "day", **more}


def _move(lead_id: str, stage: str, at: str, **more: Any) -> Row:
    return {"lead_id": lead_id, "stage": stage, "moved_date": day(at), "moved_date_precision": "day", **more}


def _register(rng: np.random.Generator) -> list[Row]:
    words = load_chains().to_tables()["words"]["word"]
    codes = load_chains().to_tables()["codes"]["industry_code"]
    local = {"province_name": "山东省", "city_name": "云川市"}
    away = {"province_name": "江苏", "city_name": "苏州市"}
    rows = [
        # Written with full-width brackets: the lead H1 writes half-width ones.
        {"enterprise_name": "远方膜科技（北京）有限公司", "uscc": "91110108000000001A", **away, "industry_code": "2921",
         "established_date": day("2015-06-01"), "business_scope": "膜元件生产；海水淡化", "status": "存续",
         "registered_capital_wan_cny": 5000.0},
        {"enterprise_name": "后来注册的储能有限公司", "uscc": "91110108000000002B", **away, "industry_code": "3841",
         "established_date": day("2026-02-01"), "business_scope": "储能系统", "registered_capital_wan_cny": 100.0},
        # The same key twice: the later row stands.
        {"enterprise_name": "旧名反渗透有限公司", "uscc": "91110108000000003C", **away},
        {"enterprise_name": "新名反渗透有限公司", "uscc": "91110108000000003C", **away, "status": "在业"},
        {"enterprise_name": "已注销反渗透膜有限公司", "uscc": "91110108000000004D", **away, "status": "注销",
         "industry_code": "2921"},
        {"enterprise_name": "本地中空纤维膜有限公司", "uscc": "91110108000000005E", **local, "industry_code": "2921"},
        {"enterprise_name": "只有注册号的丝绸厂", "registration_no": "110000000000001", **away},
        {"enterprise_name": "同名丝绸有限公司", "registration_no": "110000000000002", **away},
        {"enterprise_name": "同名丝绸有限公司", "registration_no": "110000000000003", **away},
    ]  # fmt: skip
    for i in range(160):
        place = local if i % 4 == 0 else away
        rows.append(
            {
                "enterprise_name": f"第{i}号{words[int(rng.integers(0, len(words)))] if i % 3 else '商贸'}有限公司",
                "uscc": f"9111010800000{i:04d}X",
                **place,
                "industry_code": str(codes[int(rng.integers(0, len(codes)))]) if i % 2 else None,
                "business_scope": "、".join(rng.choice(words, 3)) if i % 5 == 0 else None,
                "established_date": None if i % 8 == 0 else day("2001-01-01") + dt.timedelta(days=int(i * 50)),
                "registered_capital_wan_cny": None if i % 7 == 0 else float(rng.integers(10, 9000)),
                "status": ["存续", "吊销，未注销", None][i % 3],
            }
        )
    return rows


# --- writing ----------------------------------------------------------------------------------------------------------


def _with_provenance(rows: Sequence[Row], name: str) -> list[Row]:
    return [
        {"source_file": f"{name}.xlsx", "source_sheet": "Sheet1", "source_row": i + 2, "file_hash": "0" * 64,
         "received_seq": 1, **row}
        for i, row in enumerate(rows)
    ]  # fmt: skip


def example_rows(ledger: str) -> list[Row]:
    """Three rows of a ledger that no hand-made case fills, every column written; the last corrects the one before."""
    rows: list[Row] = []
    for i in (0, 1, 1):
        row: Row = {"received_seq": 1 + len(rows) // 2}
        for f in get_contract(ledger).landed_fields:
            values = {"date": day("2025-03-31"), "year": 2025, "boolean": bool(i), "uscc": f"91110108000000{i:03d}A"}
            values |= dict.fromkeys(("amount", "area", "intensity", "number"), 10.0 + i)
            row[f.name] = next(iter(f.choices)) if f.type == "choice" else values.get(f.type, f"{f.title}{i}")
            if f.type == "date":
                row[f"{f.name}_precision"] = "day"
            if f.type == "amount":
                stem = f.name.removesuffix("_wan_cny")
                row |= {f"{stem}_currency": "CNY", f"{stem}_rate": 1.0}
        rows.append(row | ({"lead_id": ("H1", "H7")[i]} if "lead_id" in row else {}))
    return rows


def write_landing(district: District, home: Path) -> None:
    """Write every file that dbt reads from the landing store."""
    folder = home / "landing"
    folder.mkdir(parents=True, exist_ok=True)
    (home / "warehouse").mkdir(exist_ok=True)
    if not (home / "office").exists():
        write_folder(home / "office", FACTS, list(library_of_chains().values()))
    land_office(home / "office", home)
    for name in LEDGERS:
        schema = get_contract(name).schema().append(pa.field("received_seq", pa.int64()))
        own = getattr(district, name, None) or [*example_rows(name), *district.others.get(name, [])]
        rows = _with_provenance(own, name)
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{name}.parquet")
    pq.write_table(pa.Table.from_pylist([], FILES_SCHEMA), folder / "files.parquet")
    pq.write_table(pa.Table.from_pylist(district.held, HELD_SCHEMA), folder / "held.parquet")
    pq.write_table(pa.Table.from_pylist(district.refused, REFUSED_SCHEMA), folder / "refused.parquet")
    pq.write_table(pa.Table.from_pylist([], REFUSED_SCHEMA), folder / "register_refused.parquet")
    fields = [f for f in get_contract("register").schema() if f.name not in {"uscc", "registered_capital_wan_cny"}]
    fields = [f for f in fields if not f.name.startswith(("source_", "file_hash")) and "_precision" not in f.name]
    codes = [pa.field("uscc", pa.string()), pa.field("registration_no", pa.string())]
    computed = [pa.field("registered_capital_wan_cny", pa.float64()), pa.field("source_row", pa.int64())]
    register = pa.schema([*codes, *fields, *computed])
    rows = [{"source_row": i, **row} for i, row in enumerate(district.register)]
    pq.write_table(pa.Table.from_pylist(rows, register), folder / "register.parquet")
    ids = sorted({row["lead_id"] for row in district.leads})
    numbers = {lead_id: n // 2 for n, lead_id in enumerate(sorted({*ids, *getattr(district, "numbered_ids", ())}))}
    identities = {"record_id": ids, "enterprise_id": [f"E{numbers[lead_id]}" for lead_id in ids]}
    blank = pa.nulls(len(ids), pa.string())
    firms = [_firm_of(district, lead_id) for lead_id in identities["record_id"]]
    keys = pa.array([firm[0] for firm in firms], pa.string())
    match_by = pa.array([firm[1] for firm in firms], pa.string())
    found = {"why": blank, "register_key": keys, "register_match_by": match_by, "parent_register_key": blank}
    table = pa.table({**identities, "parent_enterprise_id": blank, **found})
    pq.write_table(table, folder / "lead_identities.parquet")
    for name, frame in load_chains().to_tables().items():
        frame.to_parquet(folder / f"chain_{name}.parquet", index=False)
    pq.write_table(
        pa.Table.from_pylist(getattr(district, "listed", []), LISTED_SCHEMA), folder / "chain_listed.parquet"
    )
    for name, table in findings(folder).items():
        pq.write_table(table, folder / f"{name}.parquet")


def _firm_of(district: District, lead_id: str) -> tuple[str | None, str | None]:
    """The firm of the register by code, else by a name that one firm alone bears: what intake/matching would say."""
    rows = [row for row in district.leads if row["lead_id"] == lead_id]
    lead = max(rows, key=lambda row: row.get("received_seq", 1))
    standing = {row.get("uscc") or row["registration_no"]: row for row in district.register}
    if lead.get("uscc") in standing:
        return lead["uscc"], "信用代码"

    def form(name: str) -> str:
        return name.replace("（", "(").replace("）", ")").replace(" ", "")

    named = [key for key, row in standing.items() if form(row["enterprise_name"]) == form(lead["enterprise_name"])]
    if len(named) != 1 or (lead.get("uscc") and standing[named[0]].get("uscc")):
        return None, None
    return named[0], "企业名称"


def model_tables(seed: int = 3) -> dict[str, AdditiveTables]:
    """Tables over every feature of both models: bins, categories, other and missing all earn something; landing has a level."""
    found = {}
    for part, settings in (("landing", LandingSettings.load()), ("tax", TaxSettings.load())):
        rng = np.random.default_rng(seed)
        terms = []
        for feature in settings.features:
            if feature.name in settings.categorical:
                keys = ["true", "false", "以商招商", "外出招商", "C", "I", "textile", "water"]
                values = dict(zip(keys, rng.normal(size=len(keys)).tolist(), strict=True))
                extra = {"missing": float(rng.normal()), "other": float(rng.normal())}
                terms.append(Term(feature.name, feature.name, False, categories=values, **extra))
            else:
                edges = np.array([0.0, 1.0, 2.0, 5.0, 20.0, 50.0, 90.0, 400.0, 20000.0])
                values = rng.normal(size=len(edges) + 1)
                terms.append(Term(feature.name, feature.name, True, edges, values, missing=float(rng.normal())))
        found[part] = AdditiveTables(float(rng.normal()), terms).rounded()
    found["landing"] = found["landing"].levelled(-0.375)
    return found | further_tax_tables()


def further_tax_tables() -> dict[str, AdditiveTables]:
    """Ends of the interval of tax, which a number and a category move, here and there past the middle; the chance to pay."""
    mu = np.array([5.0, 20.0, 50.0])
    low = Term("land_mu", "land_mu", True, mu, np.array([0.25, -0.5, 0.0, 1.5]), missing=-0.75)
    high = Term("industry_section", "industry_section", False, categories={"C": 0.5, "I": -1.75}, missing=0.25)
    return {
        "tax_low": AdditiveTables(-1.25, [low]).rounded(),
        "tax_high": AdditiveTables(1.5, [high]).rounded(),
        "tax_pays": AdditiveTables(2.0, [low, high]).rounded(),
    }


def write_learning(home: Path, tables: Mapping[str, AdditiveTables]) -> None:
    """Write what the learning stage hands to scores."""
    folder = home / "learning"
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.concat([t.to_tables().assign(part=part) for part, t in tables.items()], ignore_index=True)
    frame[["part", *frame.columns.drop("part")]].to_parquet(folder / "model_tables.parquet", index=False)
    versions = pd.DataFrame(
        {
            "part": ["landing", "tax"],
            "version": ["landing-1", "tax-1"],
            "kind": ["model", "rule"],
            "interval_low_offset": [None, -1.25],
            "interval_high_offset": [None, 1.5],
        }
    )
    versions.to_parquet(folder / "model_versions.parquet", index=False)


# --- running ----------------------------------------------------------------------------------------------------------


def run_dbt(
    home: Path, *arguments: str, as_of: dt.date = AS_OF, project: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    """Run the environment's dbt on a home; the caller looks at the return code."""
    command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", arguments[0]]
    command += ["--project-dir", str(project), "--profiles-dir", str(project)]
    command += ["--vars", f"{{as_of: '{as_of}'}}", *arguments[1:]]
    environment = {
        **os.environ,
        "ZEYOU_HOME": str(home),
        "ZEYOU_LOCAL_PROVINCE": "山东",
        "ZEYOU_LOCAL_CITY": "云川市",
        "DBT_TARGET_PATH": str(home / "dbt_target"),
        "DBT_LOG_PATH": str(home / "dbt_logs"),
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def build(home: Path, *selectors: str, as_of: dt.date = AS_OF) -> None:
    """Build what the selectors name in one run, which must be green."""
    run = run_dbt(home, "build", "--select", *selectors, as_of=as_of)
    assert run.returncode == 0, f"{selectors}:\n{run.stdout[-6000:]}\n{run.stderr[-2000:]}"


def exported(home: Path, schema: str, name: str) -> pd.DataFrame:
    """Read an exported table: tests never open the warehouse to look at a result."""
    return pd.read_parquet(home / "exports" / schema / f"{name}.parquet")


def told_on(home: Path, board: str, as_of: str = "2026-06-30", **tables: pd.DataFrame) -> pd.DataFrame:
    """Run a board's compiled SQL (funnel/brd_….sql) as of a day, on a test's own tables where it brings them."""
    compiled = home / "dbt_target" / "compiled" / "zeyou" / "models" / "boards" / board
    sql = compiled.read_text(encoding="utf-8").replace(f"date '{AS_OF}'", f"date '{as_of}'")
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as connection:
        for name, frame in tables.items():
            connection.register(f"own_{name}", frame)
            relation = rf"""\"warehouse"\."\w+"\."{name}"|'[^']*/office/{name}\.parquet'"""
            sql, count = re.subn(relation, f"own_{name}", sql)
            assert count, name
        return connection.execute(sql).df()
