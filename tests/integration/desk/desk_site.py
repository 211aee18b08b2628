"""A desk in a test: a small handmade list of three units, published twice, and one person of every role."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import xlsxwriter
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from desk.application import build_app
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import Contact, Event, Person
from intake.layouts.asking import unknown_tables
from intake.layouts.waiting import add_waiting, waiting_of
from intake.opening import open_sheets
from intake.values import parse_uscc
from models.morning import MORNING_COLUMNS
from models.ranking import RANKING_COLUMNS
from office import DEFAULTS
from orchestration.desk_layouts import DeskLayouts
from orchestration.settings import Settings
from publishing.boards import Board, all_boards, board_named
from publishing.snapshot import publish, ranked_leads_table
from storage import content_hash

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
HASH = CHEAP.hash(PASSWORD)
UNITS = ("甲镇", "乙街道", "丙园区")
OWN = ("L00000", "L00001")  # leads whose facts changed since yesterday
GONE = "退出的那个项目"
NOW = dt.datetime(2026, 6, 30, 1, 0, tzinfo=dt.UTC)
# Names that would do harm if a page, a query or an address took them for more than names.
NASTY = (
    "<script>alert('项目')</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)//项目",
    "'; DROP TABLE events; --",
    "{{ 7*7 }}项目",
    "重庆长安膜材料项目",
)
FACTS: dict[str, pa.DataType] = {
    "lead_id": pa.string(), "project_name": pa.string(), "enterprise_name": pa.string(), "uscc": pa.string(),
    "enterprise_key": pa.string(), "unit_name": pa.string(), "reported_date": pa.date32(), "stage": pa.string(),
    "stage_date": pa.date32(), "is_open": pa.bool_(), "last_follow_up_date": pa.date32(),
    "investment_wan_cny": pa.float64(), "promised_tax_wan_cny": pa.float64(), "origin_name": pa.string(),
    "product_text": pa.string(), "lead_source": pa.string(), "land_mu": pa.float64(), "chain_id": pa.string(),
    "chain_name": pa.string(), "node_id": pa.string(), "node_name": pa.string(), "gap_class": pa.string(),
}  # fmt: skip


def _reason(part: str, term: str, label: str, value: str | None, points: float) -> dict[str, Any]:
    return {"part": part, "term": term, "label": label, "value": value, "contribution": points / 10, "points": points}


def ranking(as_of: dt.date, leads: int, shift: int = 0) -> pd.DataFrame:
    """A list of `leads` rows over the three units; `shift` moves the follow-up reason, so that two days differ."""
    rows = []
    for number in range(leads):
        follow = 5.0 - ((number + shift) % 7)
        row: dict[str, Any] = dict.fromkeys(RANKING_COLUMNS)
        row |= {
            "lead_id": f"L{number:05d}",
            "project_name": NASTY[number] if number < len(NASTY) else f"膜材料项目{number}号",
            "enterprise_name": f"云川{number % 50}号材料有限公司",
            "uscc": "91110000802100433B" if number == 5 else None,
            "unit_name": UNITS[number % 3],
            "stage": "在谈",
            "band": "B",
            "score": 40.0 + follow,
            "landing_probability": 0.4,
            "landing_logit": -0.4,
            "tax_wan_cny": 120.0,
            "tax_low_wan_cny": 60.0,
            "tax_high_wan_cny": 240.0,
            "chain_fit": 55.0,
            "chain_node": "反渗透与纳滤膜",
            "reasons": [
                _reason("landing", "days_since_follow_up", "距上次跟进天数", f"{number + shift}天", follow),
                _reason("landing", "base", "基准", None, 20.0),
                _reason("tax", "base", "基准", None, 10.0),
                _reason("fit", "base", "基准", None, 10.0),
            ],
            "landing_kind": "rule",
            "tax_kind": "rule",
            "as_of_date": pd.Timestamp(as_of),
        }
        rows.append(row)
    frame = pd.DataFrame(rows).sort_values(["score", "lead_id"], ascending=[False, True]).reset_index(drop=True)
    frame["rank"] = pd.array(range(1, leads + 1), dtype="Int64")
    frame["same_enterprise"] = None
    frame["is_exploration"] = False
    return frame


def _tables(frame: pd.DataFrame, as_of: dt.date) -> dict[str, pa.Table]:
    leads = frame.sort_values("lead_id")
    facts: list[dict[str, Any]] = []
    for row in leads.to_dict("records"):
        fact: dict[str, Any] = dict.fromkeys(FACTS)
        fact |= {
            name: row[name] if isinstance(row[name], str) else None
            for name in ("lead_id", "project_name", "enterprise_name", "uscc", "unit_name", "stage")
        }
        fact |= {"reported_date": as_of - dt.timedelta(days=100), "last_follow_up_date": as_of - dt.timedelta(days=20)}
        facts.append(
            {**fact, "is_open": True, "investment_wan_cny": 5000.0, "chain_id": "water", "node_id": "water.ro"}
        )
    day, text, count = pa.date32(), pa.string(), pa.int64()
    follow_ups = [
        {"lead_id": f["lead_id"], "follow_up_date": as_of - dt.timedelta(days=20), "method": "电话", "led_by": None,
         "content": f"台账谈话-{f['unit_name']}", "result": "有意向", "next_step": None, "unit_name": f["unit_name"]}
        for f in facts
    ]  # fmt: skip
    kinds = dict.fromkeys(follow_ups[0], text) | {"follow_up_date": day}
    return {
        "boards/lead_facts.parquet": pa.Table.from_pylist(facts, pa.schema(list(FACTS.items()))),
        "boards/lead_standing.parquet": pa.table(
            {name: [f[name] for f in facts] for name in ("lead_id", "unit_name")}
            | {"introduced_by": [NASTY[0]] * len(facts), "source_row": [12] * len(facts)}
        ),
        "boards/follow_ups.parquet": pa.Table.from_pylist(follow_ups, pa.schema(list(kinds.items()))),
        "boards/stage_moves.parquet": pa.table(
            {"lead_id": ["L00000"], "stage": ["在谈"], "moved_date": pa.array([as_of], day),
             "not_counted_reason": pa.array([None], text), "evidence_kind": pa.array([None], text)}
        ),
        "boards/landing_trend.parquet": pa.table(
            {"lead_id": ["L00000"] * 2, "unit_name": [UNITS[0]] * 2, "stage": ["在谈"] * 2, "landing_probability": [0.31, 0.4],
             "told_date": pa.array([as_of - dt.timedelta(days=30), as_of], day)}
        ),
        "boards/ownership.parquet": pa.table(
            {"lead_id": ["L00000"], "project_name": [NASTY[0]], "unit_name": [UNITS[0]], "reported_date": pa.array([as_of], day),
             "stage": ["在谈"], "verdict": ["首报有效"], "owner_unit": [UNITS[0]], "credit_unit": [UNITS[0]],
             "protected_until_date": pa.array([as_of], day), "why": ["本项目第一个有效报备"]}
        ),
        "boards/trip_targets.parquet": pa.table(
            {"target_kind": ["lead", "lead", "prospect"], "target_key": ["L00000", "L00001", "X1"],
             "lead_id": pa.array(["L00000", "L00001", None], text), "enterprise_name": ["甲镇的企业", "乙街道的企业", NASTY[0]],
             "project_name": pa.array(["甲镇项目", "乙街道项目", None], text), "unit_name": pa.array([UNITS[0], UNITS[1], None], text),
             "province_name": ["江苏省"] * 3, "city_name": ["苏州市", "苏州市", "杭州市"], "fit": [10.0, 20.0, 30.0],
             "reason_text": ["补链"] * 3, "last_visit_date": pa.array([None, None, as_of - dt.timedelta(days=5)], day),
             "path_text": pa.array([None, None, "某商会（商会，联系强）"], text)}
        ),
        "boards/lead_assignment.parquet": pa.table(
            {"lead_id": ["L00000"], "rank": [1], "project_name": [NASTY[0]], "unit_name": [UNITS[0]], "assigned_unit_name": [UNITS[0]],
             "assigned_park_name": ["东园区"], "match_points": [60.0], "why": ["由报备单位承办"], "short_text": pa.array([None], text)}
        ),
        "boards/rank_changes.parquet": _changes(frame),
        "boards/morning_news.parquet": pa.Table.from_pylist(
            [
                dict(zip(MORNING_COLUMNS, row, strict=True))
                for row in (
                    ("结论", "比上一份名单", "全区", None, None, None, "收到2行资料。按主要原因：其他线索变动80条、资料变动2条。"),
                    ("收到资料", "跟进记录新增", UNITS[0], 2, None, None, None),
                    ("阶段变动", "签约", UNITS[1], 1, 5000.0, "计划总投资", None),
                    ("变动原因", "资料变动", "全区", 2, None, None, None),
                    ("模型与规则", "落地模型", "全区", None, None, None, "没有重新训练（rule-1）"),
                )
            ],
            pa.schema([(n, count if n == "row_count" else pa.float64() if n == "amount_wan_cny" else text) for n in MORNING_COLUMNS]),
        ),
        "boards/outcomes.parquet": pa.table({"lead_id": ["L00000"], "stage": ["开工"], "reached_date": pa.array([as_of], day)}),
        "boards/units.parquet": pa.table(
            {"unit_name": list(UNITS), "unit_type": ["镇", "街道", "园区"], "parent_unit_name": pa.array([None, "甲镇", None], text),
             "lead_count": pa.array([1, 1, 1], count)}
        ),
        "boards/task_progress.parquet": pa.table(
            {**_empty("task_progress", 3), "unit_name": list(UNITS), "target_year": [2026] * 3, "indicator": ["新开工项目数"] * 3, "measure": ["个"] * 3,
             "target_value": [4.0, None, 2.0], "target_text": ["4个", "未下达", "2个"], "done_value": [1.0, 0.0, 2.0],
             "gap_value": [3.0, None, 0.0], "completion_pct": [25.0, None, 100.0], "passed_pct": [49.32] * 3}
        ),
        "boards/unit_overdue.parquet": pa.table(
            {"lead_id": [f["lead_id"] for f in facts], "unit_name": [f["unit_name"] for f in facts],
             "rule_name": ["进展更新间隔"] * len(facts), "overdue_days": [6] * len(facts),
             "since_date": pa.array([as_of - dt.timedelta(days=20)] * len(facts), day)}
            | {name: values for name, values in _empty("unit_overdue", len(facts)).items()
               if name not in ("unit_name", "rule_name", "overdue_days", "since_date")}
        ),
        "boards/unit_running.parquet": pa.Table.from_pylist(
            [{"slice_kind": kind, "slice_name": name, "indicator": indicator, "indicator_order": order, "measure": "个",
              "month_date": as_of.replace(day=1), "month_value": 1.0, "running_value": 1.0, "started_running_value": 0.0}
             for kind, name in (("全区", "全区"), *(("责任单位", unit) for unit in UNITS))
             for order, indicator in enumerate(("新签约项目数", "新开工项目数"))]
        ),
        "boards/chain_nodes.parquet": pa.Table.from_pylist(
            [
                {"chain_id": "water", "chain_name": "环保水处理", "node_id": "water.ro", "node_name": "反渗透膜", "gap_class": "补",
                 "rule_gap_class": "延", "position_name": "中游", "is_saturated": True, "local_enterprise_count": 2,
                 "gap_rule_text": "本地企业2家", "saturation_text": "已饱和", "node_order": 1,
                 **dict.fromkeys(("local_names", "leader_names", "supplier_nodes", "customer_nodes"), "某公司"),
                 **dict.fromkeys(("target_enterprise_count", "listed_company_count", "need_count", "open_lead_count"), 1),
                 "output_share_pct": 10.0},
                {"chain_id": "water", "chain_name": "环保水处理", "node_id": "water.plant", "node_name": "成套设备", "gap_class": "强",
                 "position_name": "下游", "is_saturated": False, "local_enterprise_count": 0},
            ]
        ),
        "boards/chain_edges.parquet": pa.table(
            {"from_node_id": ["water.ro"], "to_node_id": ["water.plant"], "trade_wan_cny": [80.0]}
        ),
        "boards/held_values.parquet": pa.Table.from_pylist([
            {"question_id": f"held{number:02d}", "ledger_name": "线索台账", "row_key": f"L{number:05d}", "lead_id": f"L{number:05d}",
             "unit_name": UNITS[number % 3], "subject_name": NASTY[number], "column_title": "计划总投资", "measure": "万元",
             "held_value": 3e7 / (number + 1), "counted_value": None if number else 3000.0, "why_text": f"约为常见值的 {NASTY[0]}",
             "times_off": 1e4, "state": ("待确认", "逾期未答", "待确认", "已确认")[number], "is_question_open": number < 3,
             "since_date": as_of - dt.timedelta(days=3), "due_date": as_of + dt.timedelta(days=4), "source_file": "线索.xlsx",
             "source_sheet": "<b>表</b>", "source_row": 12} for number in range(4)
        ]),
        "boards/policies.parquet": pa.table(
            {**_empty("policies", 2), "policy_id": ["ZC1", "ZC2"], "policy_name": ["贴息细则", "补助办法"],
             "is_recommended": [False, True], "verdict": ["需审查", "可推荐"], "stop_text": pa.array(["只说到给付", None], text),
             "valid_from_date": pa.array([as_of] * 2, day), "valid_to_date": pa.nulls(2, day)}
        ),
        "boards/identity_proposals.parquet": pa.table(
            {"lead_id": ["L00000"], "unit_name": [UNITS[0]], "project_name": [NASTY[0]], "enterprise_name": ["云川膜材"],
             "enterprise_key": ["91110000802100433B"], "registered_enterprise_name": ["云川膜材料有限公司"],
             "proposal_text": ["核心名称和城市相同"], "reported_date": pa.array([as_of], day)}
        ),
        "boards/doubtful_rows.parquet": pa.table(
            {"ledger": ["leads"], "source_file": ["坏表.xlsx"], "source_sheet": ["一"], "doubtful_row_count": pa.array([2], count),
             "doubtful_reason": ["与“一”第 3 行编号相同而内容不同"]}
        ),
        "boards/funnel_slices.parquet": pa.table(
            {**_empty("funnel_slices", 2), "slice_kind": ["全区"] * 2, "slice_name": ["全区"] * 2, "stage": ["线索", "开工"],
             "at_least_count": [9, 2], "from_previous_pct": [None, 22.2], "current_count": [7, 2], "not_counted_count": [0, 1]}
        ),
    }  # fmt: skip


def _changes(frame: pd.DataFrame) -> pa.Table:
    """Why ranks moved: a visit to the first lead of each unit, the others pushed by it, and one lead that left, of 乙街道."""
    rows: list[dict[str, Any]] = [
        {"lead_id": row["lead_id"], "project_name": row["project_name"], "unit_name": row["unit_name"],
         "cause": "资料变动" if row["lead_id"] in OWN else "其他线索变动", "is_own": row["lead_id"] in OWN,
         "rank_before": int(row["rank"]) + 1, "rank_now": int(row["rank"]), "rank_gain": 1,
         "rows_text": "跟进记录新增1行" if row["lead_id"] in OWN else None,
         "why_text": "资料变动：累计跟进次数 2次→5次（+0.80分、升1位）" if row["lead_id"] in OWN else "自身资料未变；其他线索变动（升1位）"}
        for row in frame.to_dict("records") if not pd.isna(row["rank"])
    ]  # fmt: skip
    left = {"lead_id": "L99999", "project_name": GONE, "unit_name": UNITS[1], "cause": "退出名单", "is_own": True,
            "rank_before": 1, "rank_now": None, "rank_gain": None, "why_text": "退出名单：线索已终止（阶段 在谈→终止），此前第1名"}  # fmt: skip
    kinds = {"is_own": pa.bool_(), **dict.fromkeys(("rank_before", "rank_now", "rank_gain"), pa.int64())}
    columns = {"lead_id", "is_own", *(c.name for c in board_named("rank_changes").columns)}  # type: ignore[union-attr]
    numbers = {c.name for c in board_named("rank_changes").columns if c.kind != "text"}  # type: ignore[union-attr]
    schema = pa.schema([(n, kinds.get(n, pa.float64() if n in numbers else pa.string())) for n in sorted(columns)])
    return pa.Table.from_pylist([*rows, left], schema)


def _empty(name: str, rows: int) -> dict[str, pa.Array]:
    """Columns of a board that a test doesn't fill."""
    board = board_named(name)
    assert board is not None
    return {c.name: pa.nulls(rows, pa.string() if c.kind == "text" else pa.float64()) for c in board.columns}


def _one_row(board: Board, as_of: dt.date) -> pa.Table:
    """A board that no test looks into: one row of what its columns hold, of a unit where it has one."""
    text, number = pa.array([NASTY[0]]), pa.array([1.0])
    content = {
        c.name: text if c.kind == "text" else pa.array([as_of]) if c.kind == "date" else number for c in board.columns
    }
    return pa.table(content | ({board.unit: pa.array([UNITS[0]])} if board.unit else {}))


def publish_list(home: Path, as_of: dt.date, leads: int = 90, shift: int = 0, frame: pd.DataFrame | None = None) -> str:
    """Publish a list as the nightly job does; give its name. A frame of one's own takes the place of `leads` and `shift`."""
    frame = ranking(as_of, leads, shift) if frame is None else frame
    prospects = pa.table(
        {"chain_name": ["环保水处理"], "node_id": ["water.ro"], "node_name": ["反渗透膜"], "gap_class": ["补"], "node_rank": [1],
         "enterprise_name": ["<b>某公司</b>"], "uscc": pa.array([None], pa.string()), "registration_no": pa.array([None], pa.string()),
         "province_name": ["江苏省"], "city_name": ["苏州市"], "registered_capital_wan_cny": [1000.0], "fit": [50.0], "reason_text": ["补链环节"]}
    )  # fmt: skip
    versions: dict[str, Any] = {
        "as_of_date": as_of.isoformat(), "is_synthetic": True, "models": {"landing": "rule-1", "tax": "rule-2"},
        "model_kinds": {"landing": "rule", "tax": "rule"}, "weights": "weights-3", "data": {},
    }  # fmt: skip
    written = _tables(frame, as_of)
    tables = {board.file: written.get(board.file, _one_row(board, as_of)) for board in all_boards()}
    return publish(
        home / "published",
        ranked_leads_table(frame),
        prospects,
        versions,
        lambda path, *_: path.write_bytes(b""),
        tables,
    ).snapshot_id


def publish_two_days(home: Path) -> None:
    """Publish yesterday's list and today's."""
    publish_list(home, dt.date(2026, 6, 29), shift=1)
    publish_list(home, dt.date(2026, 6, 30))


class Browser:
    """Somebody's browser: posts carry the form's token, as a page's form would."""

    def __init__(self, app: FastAPI, login: str | None) -> None:
        self.client = TestClient(
            app, base_url="http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False
        )
        self.token = ""
        if login:
            answer = self.client.post("/login", data={"login": login, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            self.token = re.findall(r'name="form_token" value="([^"]+)"', self.get("/menu").text)[0]

    def get(self, path: str, **given: Any) -> Any:
        return self.client.get(path, **given)

    def post(self, path: str, data: dict[str, Any], **given: Any) -> Any:
        return self.client.post(path, data={"form_token": self.token, **data}, **given)


@dataclass
class Site:
    """A desk with people and things that only their unit may see."""

    app: FastAPI
    home: Path

    def browser(self, login: str | None) -> Browser:
        return Browser(self.app, login)

    @contextmanager
    def database(self) -> Iterator[Any]:
        with self.app.state.desk.sessions() as session:
            writing(session)
            yield session
            session.commit()

    def clock(self, now: dt.datetime) -> None:
        self.app.state.desk.now = lambda: now


PEOPLE = {
    "jia": ("recruiter", "甲镇"), "jia2": ("recruiter", "甲镇"), "jiahead": ("unit_head", "甲镇"), "yi": ("recruiter", "乙街道"),
    "bing": ("unit_head", "丙园区"), "leader": ("leader", None), "analyst": ("analyst", None), "root": ("admin", None),
}  # fmt: skip


def secret_of(unit: str) -> dict[str, str]:
    """What is private to a unit: a person's name, a phone and what was said, each unlike anything else on any page."""
    number = UNITS.index(unit)
    return {"person": f"隐秘人{number}", "phone": f"1390000{number}{number}77", "content": f"密谈内容之{number}"}


LEDGER = "来件.xlsx"
LEDGER_HEADER = ("序号", "招引的事", "哪家来投", "盘子", "谁在跟", "头一回见", "老板", "打给谁")


def unknown_ledger(home: Path) -> DeskLayouts:
    """Lay a ledger that nobody knows, with everybody's secrets in it, into an inbox; return what the desk asks about it."""
    inbox, office = home / "inbox", home / "office"
    inbox.mkdir(exist_ok=True)
    shutil.copytree(DEFAULTS, office, dirs_exist_ok=True)
    settings = Settings(home, inbox, None, office)
    with xlsxwriter.Workbook(inbox / LEDGER) as book:
        book.set_properties({"created": dt.datetime(2000, 1, 1)})
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, LEDGER_HEADER)
        for at, unit in enumerate(UNITS * 2, start=1):
            told = secret_of(unit)
            row = [
                at,
                f"膜材料{at}号项目",
                f"云川{at}号材料有限公司",
                3_000 + at,
                unit,
                f"2026-03-0{at}",
                told["person"],
                told["phone"],
            ]
            sheet.write_row(at, 0, row)
    tables = unknown_tables(inbox / LEDGER, {})
    add_waiting(home, inbox, waiting_of(LEDGER, content_hash(inbox / LEDGER), tables, "2026-06-30"))
    return DeskLayouts(lambda: settings)


def ledger_id(home: Path) -> str:
    """Return the id by which the page names that ledger."""
    return content_hash(home / "inbox" / LEDGER)[:16]


def build_site(home: Path, database_url: str) -> Site:
    """Open a desk on what is published, make the people, give every unit a contact and a follow-up."""
    app = build_app(
        DeskSettings(home, database_url),
        now=lambda: NOW,
        open_workbook=open_sheets,
        read_code=parse_uscc,
        layouts=unknown_ledger(home),
    )
    site = Site(app, home)
    with site.database() as session:
        for login, (role, unit) in PEOPLE.items():
            session.add(
                Person(login=login, person_name=f"{login}员", role=role, unit_name=unit, password_hash=HASH,
                       must_change_password=False, lead_capacity=5, created_at=NOW)
            )  # fmt: skip
        session.flush()
        for number, unit in enumerate(UNITS):
            secret = secret_of(unit)
            session.add(
                Contact(lead_id=f"L{number:05d}", unit_name=unit, contact_person=secret["person"], contact_phone=secret["phone"],
                        position=f"要职{number}", source="名片", created_by=1, created_at=NOW)
            )  # fmt: skip
            session.add(
                Event(client_id=f"seed{number:04d}", kind="follow_up", lead_id=f"L{number:05d}", unit_name=unit, person_id=1,
                      recorded_at=NOW, follow_up_date=dt.date(2026, 6, 29), method="电话", content=secret["content"],
                      next_step=f"后续密约{number}", result="有意向")
            )  # fmt: skip
    return site
