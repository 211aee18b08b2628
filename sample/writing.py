"""Write the whole sample (写出样例): inbox, office, register, truth, 说明.txt, in that order, from one seed.

Belongs here: the order of the steps, the random streams, the truth tables. Does not belong: any draw or layout.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from office.installing import library_of_chains, write_folder
from sample import (
    decisions,
    details,
    district,
    firms,
    measures,
    outings,
    partners,
    people,
    permits,
    places,
    projects,
    promises,
    show,
    tasks,
    wishes,
)
from sample.enterprises import BROKEN_KINDS, Enterprises, draw_enterprises, write_register
from sample.leads import Lead, draw_leads
from sample.ledgers import LedgerRow, spoil, write_ledgers
from sample.process import FollowUp, Move, run_process
from sample.records import (
    RecordRow,
    Target,
    draw_targets,
    write_follow_ups,
    write_moves,
    write_targets,
    write_units,
)
from sample.tables import Ledger, refused_of, write_ledger, write_truth
from sample.world import World

FEWEST_LEADS: Final = 60  # two a unit
FEWEST_ENTERPRISES: Final = 500


@dataclass(frozen=True)
class SampleSummary:
    """Counts of what was written; prints as one Chinese line."""

    leads: int
    follow_ups: int
    moves: int
    refused: int
    register: int
    landed: int
    lost: int
    paid: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"线索 {self.leads:,} 条（开工 {self.landed:,}，终止 {self.lost:,}，有实缴税收 {self.paid:,}），"
            f"跟进 {self.follow_ups:,} 条，进展 {self.moves:,} 条，应拒收 {self.refused:,} 行，"
            f"企业名录 {self.register:,} 家，用时 {self.seconds:.1f} 秒"
        )


def write_sample(
    *,
    out: Path,
    leads: int = 3000,
    register: int = 200_000,
    seed: int = 7,
    as_of: dt.date = dt.date(2026, 6, 30),
    progress: Callable[[str], None] = lambda line: None,
) -> SampleSummary:
    """Write the fictional district to `out`: inbox/, office/, register.parquet, truth/, 说明.txt; the same seed, the same bytes."""
    if leads < FEWEST_LEADS or register < FEWEST_ENTERPRISES:
        raise ValueError(f"样例至少要 {FEWEST_LEADS} 条线索、{FEWEST_ENTERPRISES} 家企业")
    started = time.perf_counter()
    # One stream a subject: a change in how follow-ups are written moves no lead.
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(21)]
    inbox, truth = out / "inbox", out / "truth"
    for folder in (inbox, truth):
        shutil.rmtree(folder, ignore_errors=True)  # a sample is written whole: no workbook of an earlier one stays
        folder.mkdir(parents=True)

    _write_office(out / "office")
    enterprises = draw_enterprises(register, leads, as_of, streams[0])
    write_register(enterprises, out / "register.parquet", streams[1])
    progress(f"企业名录：{register:,} 家，用时 {time.perf_counter() - started:.1f} 秒")

    drawn = draw_leads(enterprises, leads, as_of, streams[2])
    follow_ups, moves = run_process(drawn, as_of, streams[3])
    facts = show.sign_again(drawn, moves, as_of, streams[8]) + show.inflate(drawn, streams[8])
    facts += show.reopen(drawn, moves, as_of, streams[20])
    spoil(drawn, Counter(f.lead_id for f in follow_ups), streams[4])
    staff = people.draw_recruiters(as_of, streams[9])
    people.assign_recruiters(drawn, staff, streams[9])
    trips = outings.draw_trips(drawn, as_of, streams[11])
    local = firms.draw_local_firms(enterprises, streams[13])
    details.set_details(drawn, enterprises, local, as_of, streams[10])
    progress(f"过程：线索 {len(drawn):,} 条，跟进 {len(follow_ups):,} 次，阶段变动 {len(moves):,} 次")

    by_id = {lead.lead_id: lead for lead in drawn}
    ledger_rows = write_ledgers(inbox, drawn, streams[5])
    progress(f"线索台账：{len(ledger_rows):,} 行")
    written = {row.lead_id for row in ledger_rows if row.is_current}
    write_units(inbox / "单位名录.xlsx")
    facts += _show_in(follow_ups, drawn, written, as_of, trips, staff, streams[8])
    targets, missing = draw_targets(as_of, streams[6])
    more, more_missing = tasks.more_targets(as_of, streams[12])
    targets, missing = sorted(targets + more, key=lambda t: t.year), missing + more_missing
    records = write_follow_ups(inbox, follow_ups, by_id, written, streams[7])
    records += write_moves(inbox, moves, by_id, written, streams[7])
    records += write_targets(inbox / "年度任务.xlsx", targets)
    world = World(enterprises, [lead for lead in drawn if lead.lead_id in written], follow_ups, moves, as_of)
    others, more_facts = _other_ledgers(world, targets, trips, staff, local, streams)
    for ledger in others:
        write_ledger(inbox, ledger, streams[19])
    write_truth(truth, others)
    progress(f"其余台账：{len({ledger.contract for ledger in others})} 种，{sum(len(x.rows) for x in others):,} 行")
    # What Excel and WPS leave beside a workbook that somebody has open.
    (inbox / "~$线索台账_镇.xlsx").write_bytes(b"\x06Zhao" + b"\x00" * 160)
    (inbox / ".~线索台账_街道.xlsx").write_bytes(b"\x05Qian" + b"\x00" * 49)
    progress(f"跟进记录、项目进展、年度任务：{len(records):,} 行")

    tables = {
        "leads": _lead_rows(drawn, enterprises, moves, {r.lead_id: r for r in ledger_rows if r.is_current}),
        "lead_details": _detail_rows(drawn),
        "ledger_rows": [dict(vars(row)) for row in ledger_rows],
        "follow_ups": _record_rows(follow_ups, "follow_ups", records),
        "stage_moves": _record_rows(moves, "stage_moves", records),
        "targets": _record_rows(targets, "targets", records),
        "targets_not_set": [dict(zip(("year", "unit_name", "indicator"), key, strict=True)) for key in missing],
        "show_facts": sorted(facts + more_facts, key=lambda f: (f["kind"], f["date"], f["lead_id"] or "")),
        "refused_rows": _refused_rows(ledger_rows, records) + refused_of(others),
        "same_firm": _same_firm_rows(drawn),
        "strange_rows": _strange_rows(drawn, ledger_rows, records),
        "register_refused": [
            {"row": int(place) + 1, "kind": BROKEN_KINDS[enterprises.broken[place]]}
            for place in np.flatnonzero(enterprises.broken >= 0)
        ],
    }
    for name, rows in tables.items():
        pq.write_table(_table(rows), truth / f"{name}.parquet")
    summary = SampleSummary(
        leads=len(drawn),
        follow_ups=sum(r.ledger == "follow_ups" for r in records),
        moves=sum(r.ledger == "stage_moves" for r in records),
        refused=len(tables["refused_rows"]),
        register=register,
        landed=len({m.lead_id for m in moves if m.stage == "开工"}),
        lost=len({m.lead_id for m in moves if m.stage == "终止"}),
        paid=len({m.lead_id for m in moves if m.tax is not None and m.is_written}),
        seconds=time.perf_counter() - started,
    )
    (out / "说明.txt").write_text(_explanation(seed, as_of, summary), encoding="utf-8")
    return summary


def _show_in(
    follow_ups: list[FollowUp],
    leads: list[Lead],
    written: set[str],
    as_of: dt.date,
    trips: list[outings.Trip],
    staff: list[people.Recruiter],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Make follow-ups tell what they tell in the ledgers, true or for show; changes the list in place."""
    by_number, by_id = {r.number: r for r in staff}, {lead.lead_id: lead for lead in leads}
    follow_ups[:] = show.enrich(follow_ups, leads, rng)
    facts = show.copy_texts(follow_ups, leads, written, rng) + show.shift_records(follow_ups, leads, as_of, rng)
    show.name_events(follow_ups, trips, leads)
    for i, follow_up in enumerate(follow_ups):
        number = people.recruiter_of(by_id[follow_up.lead_id], follow_up.date, by_number)
        follow_ups[i] = replace(follow_up, recruiter_no=number)
    return facts + show.found_afterwards(follow_ups, leads, written, as_of)


def _other_ledgers(
    world: World,
    targets: list[Target],
    trips: list[outings.Trip],
    staff: list[people.Recruiter],
    local: list[firms.LocalFirm],
    streams: list[np.random.Generator],
) -> tuple[list[Ledger], list[dict[str, Any]]]:
    """Draw every ledger besides the first five, and facts found on the way."""
    as_of = world.as_of
    parks = places.PARK_NAMES
    teams, without_leader = people.teams_ledger(world, streams[9])
    commitments, unlawful = projects.commitments_ledger(world, streams[14])
    signals, leaving = wishes.signals_ledger(world, local, streams[16])
    outing, claimed = outings.trips_ledger(world, trips, streams[11])
    meetings = outings.meetings_ledger(world, streams[11])
    meetings.rows.extend(promises.risk_items(signals, as_of, wishes.RISKY, world.unit_name(world.signed[0])))
    facts = [
        {"kind": kind, "lead_id": lead_id, "other_lead_id": None, "date": as_of, "detail": detail}
        for kind, detail, ids in (
            ("无包保领导", "已签约未明确领导和班子", without_leader),
            ("违规承诺", "合同约定事项含不得承诺的内容", unlawful),
            ("多次出差同一线索", "两次外出都列了该线索", [c["lead_id"] for c in claimed]),
        )
        for lead_id in ids
    ]
    facts += [
        {"kind": "外迁迹象", "lead_id": None, "other_lead_id": None, "date": firm["first_sign_date"]}
        | {"detail": f"{firm['enterprise_name']} {firm['uscc']}"}
        for firm in leaving
    ]
    return [
        people.recruiters_ledger(staff, streams[9]),
        teams,
        people.transfers_ledger(world, streams[9]),
        permits.rules_ledger(),
        permits.procedures_ledger(world, streams[15]),
        commitments,
        promises.clauses_ledger(world),
        *projects.progress_ledgers(world, streams[14]),
        projects.tax_ledger(world, local, streams[14]),
        projects.evidence_ledger(world, streams[14]),
        outing,
        meetings,
        outings.publicity_ledger(world, streams[11]),
        tasks.city_ledger(as_of, targets),
        tasks.changes_ledger(as_of, targets, streams[12]),
        tasks.rates_ledger(as_of, streams[12]),
        tasks.scoring_ledger(as_of),
        tasks.marks_ledger(world, streams[12]),
        tasks.ranks_ledger(as_of, streams[12]),
        firms.firms_ledger(world, local, parks, streams[13]),
        firms.supply_ledger(world, local, streams[13]),
        firms.needs_ledger(world, local, parks, streams[13]),
        wishes.requests_ledger(world, local, streams[16]),
        signals,
        partners.agencies_ledger(world, streams[17]),
        *partners.fund_ledgers(world, streams[17]),
        partners.connections_ledger(world, local, streams[17]),
        partners.lists_ledger(world, streams[17]),
        places.parks_ledger(world, streams[18]),
        places.sites_ledger(world, streams[18]),
        places.buildings_ledger(world, streams[18]),
        measures.policies_ledger(as_of),
        measures.catalogue_ledger(as_of),
        measures.overrides_ledger(world),
        decisions.reviews_ledger(world, streams[18]),
        decisions.merges_ledger(world, streams[18]),
    ], facts


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows).replace_schema_metadata({"说明": "合成数据：真值，只供检验"})


def _lead_rows(
    leads: list[Lead], enterprises: Enterprises, moves: list[Move], current: dict[str, LedgerRow]
) -> list[dict[str, Any]]:
    started = {move.lead_id: move for move in moves if move.stage == "开工"}
    rows = []
    for lead in leads:
        row, start = current.get(lead.lead_id), started.get(lead.lead_id)
        in_register = lead.enterprise < enterprises.in_register
        rows.append(
            {
                "lead_id": lead.lead_id,
                "enterprise_id": lead.enterprise,
                "register_row": lead.enterprise + 1 if in_register else None,
                "is_in_register": in_register,
                "enterprise_name": lead.enterprise_name,
                "written_name": lead.written_name,
                "uscc": lead.uscc,
                "is_code_written": lead.is_code_written,
                "unit_name": district.UNITS[lead.unit].name,
                "written_unit_name": lead.unit_name,
                "unit_type": district.UNITS[lead.unit].kind,
                "reported_date": lead.reported,
                "is_month_only": lead.is_month_only,
                "project_name": lead.project_name,
                "lead_source": lead.source,
                "is_foreign": lead.is_foreign,
                "origin_name": lead.origin,
                "industry": lead.industry.trade,
                "industry_code": lead.industry_code,
                "chain": lead.industry.chain,
                "product_text": lead.product_text,
                "investment_wan_cny": lead.investment,
                "fixed_investment_wan_cny": lead.fixed,
                "land_mu": lead.land,
                "expected_output_wan_cny": lead.output,
                "promised_tax_wan_cny": lead.promised,
                "yearly_tax_wan_cny": round(lead.yearly_tax, 2),
                "warmth": lead.warmth,
                "covariates_log_odds": lead.covariates,
                "landing_hazard_month": lead.landing_hazard,
                "start_date": start.date if start else None,
                "is_start_evidenced": bool(start and start.evidence_no),
                "lost_date": lead.events.get("终止"),
                "refused_kind": lead.refused_kind,
                "file": row.file if row else None,
                "sheet": row.sheet if row else None,
                "row": row.row if row else None,
            }
        )
    return rows


def _detail_rows(leads: list[Lead]) -> list[dict[str, Any]]:
    names = sorted({name for lead in leads for name in lead.details})
    return [{"lead_id": lead.lead_id} | {name: lead.details.get(name) for name in names} for lead in leads]


def _record_rows(
    items: Sequence[FollowUp | Move | Target], ledger: str, records: list[RecordRow]
) -> list[dict[str, Any]]:
    places = {record.item: record for record in records if record.ledger == ledger and record.item >= 0}
    rows = []
    for number, item in enumerate(items):
        record = places.get(number)
        rows.append(
            vars(item)
            | {
                "file": record.file if record else None,
                "sheet": record.sheet if record else None,
                "row": record.row if record else None,
                "is_refused": bool(record and record.refused_kind),
                "strange_lead_id": record.strange_lead_id if record else None,
            }
        )
    return rows


def _refused_rows(ledger_rows: list[LedgerRow], records: list[RecordRow]) -> list[dict[str, Any]]:
    return [
        {"contract": ledger, "file": r.file, "sheet": r.sheet, "row": r.row, "kind": r.refused_kind}
        for ledger, r in [("leads", row) for row in ledger_rows] + [(record.ledger, record) for record in records]
        if r.refused_kind
    ]


def _same_firm_rows(leads: list[Lead]) -> list[dict[str, Any]]:
    by_id = {lead.lead_id: lead for lead in leads}
    return [
        {
            "lead_id": lead.same_firm_as,
            "other_lead_id": lead.lead_id,
            "written_name": by_id[lead.same_firm_as].written_name,
            "other_written_name": lead.written_name,
            "enterprise_id": lead.enterprise,
        }
        for lead in leads
        if lead.same_firm_as
    ]


def _strange_rows(leads: list[Lead], ledger_rows: list[LedgerRow], records: list[RecordRow]) -> list[dict[str, Any]]:
    by_id = {lead.lead_id: lead for lead in leads}
    units = {unit.name for unit in district.UNITS}
    found = [
        {"kind": "单位不在名录", "value": by_id[r.lead_id].unit_name, "file": r.file, "sheet": r.sheet, "row": r.row}
        for r in ledger_rows
        if by_id[r.lead_id].unit_name not in units
    ]
    return found + [
        {"kind": "线索编号不存在", "value": r.strange_lead_id, "file": r.file, "sheet": r.sheet, "row": r.row}
        for r in records
        if r.strange_lead_id
    ]


def _explanation(seed: int, as_of: dt.date, summary: SampleSummary) -> str:
    return f"""合成数据：虚构的云川区（云川市，山东省）

本文件夹由 zeyou sample 写出，种子 {seed}，截至 {as_of}。区、单位、企业、人名、电话均为虚构；
信用代码校验位正确，但行政区划为不存在的 99xx，不属于任何企业；电话以 1540000 开头，不属于任何人。

inbox/            各单位报来的全部台账（.xlsx），写法各不相同，约百分之一的行故意写错
register.parquet  企业名录 {summary.register:,} 家，约千分之三故意写错
truth/            真值：每条线索、每次变动的真实情况，哪些行应被拒收，哪些线索是同一家企业；平台不读它

线索 {summary.leads:,} 条，开工 {summary.landed:,}，终止 {summary.lost:,}，有实缴税收 {summary.paid:,}；
跟进 {summary.follow_ups:,} 条，进展 {summary.moves:,} 条，应拒收 {summary.refused:,} 行。

线索的“热度”决定跟进、当面洽谈和落地，过程见 sample/PROCESS.md。
它只用来演示和检验软件；在它上面得到的准确率不说明对真实线索有任何预测能力。
"""


# Why the office of the fictional district sees a node otherwise than firms and output say (合成).
_WHY_ANOTHER_CLASS: Final = {
    "textile.synthetic_fibre": "本地纱线企业的化纤由周边大厂供应，不缺，看作向上游延伸",
    "textile.knitted": "本地面料以机织为主，针织是新方向，不是缺口",
    "textile.nonwoven": "现有下游用量小，看作向产业用方向延伸",
    "textile.design": "企业都是小工作室，产能谈不上强",
    "water.filter_media": "滤料外购方便，不列为缺口",
    "water.smart_water": "企业规模小，多为软件代理，还要延伸",
    "water.zero_discharge": "企业刚起步，产值占比低，仍按延伸招引",
    "medical.tcm": "产值集中在一家，其余是小饮片厂",
    "medical.ivd": "区里要配套医院检验中心，按缺口招引",
    "medical.imaging": "下游用量小，看作延伸",
    "medical.surgical": "省级医疗器械园要求补齐，按缺口招引",
    "medical.rehab": "企业以组装为主，还要延伸",
    "medical.services": "外包由省会机构承担，看作延伸",
    "energy_materials.separator": "电芯尚未成规模，隔膜先看作延伸",
    "energy_materials.composites": "风电配套在邻区，看作延伸",
    "energy_materials.cell": "正负极先行，电芯看作向下游延伸",
    "energy_materials.hydrogen": "企业多为零部件，整机仍缺",
}


def _write_office(folder: Path) -> None:
    """Write the settings of the district, marked as fictional: ledgers without the label 合成数据 are refused with them."""
    facts = {
        "name": district.DISTRICT,
        "province": district.LOCAL_PROVINCE,
        "city": district.LOCAL_CITY,
        "is_fictional": True,
    }
    shutil.rmtree(folder, ignore_errors=True)  # the sample's own, written anew like its ledgers
    write_folder(folder, facts, list(library_of_chains().values()))
    path = folder / "chains.yaml"
    text = path.read_text(encoding="utf-8")
    for node, reason in _WHY_ANOTHER_CLASS.items():
        text, count = re.subn(rf"(\{{id: {node}, [^}}]*?gap: .),", rf'\1, gap_reason: "{reason}",', text, count=1)
        if count != 1:
            raise ValueError(f"chains.yaml has no node {node}")
    path.write_text(text, encoding="utf-8")
