"""Round the whole circle: written on the page or in a workbook, read by the night, back on the page and in the labels."""

from __future__ import annotations

import datetime as dt
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from installation import AS_OF, Home, settings_at

from desk.application import build_app
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import Person
from intake.landing import LandingStore, Plausibility
from intake.plausibility import read_limits
from orchestration.desk_events import DeskEvents
from orchestration.landing_office import LANDED
from orchestration.nightly import run_nightly
from orchestration.settings import Settings
from tests.integration.desk.desk_site import CHEAP, HASH, Browser

SENT = "回填.xlsx"
PAGE_TIME = dt.datetime(2026, 6, 29, 1, tzinfo=dt.UTC)  # the day before the list's day: known to the next night


@pytest.fixture
def settings(nightly: Home, district: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr("desk.login._HASHER", CHEAP)
    shutil.copytree(nightly.root, tmp_path / "home", symlinks=True)
    monkeypatch.setattr("orchestration.desk_events.now", lambda: PAGE_TIME)
    yield settings_at(tmp_path / "home", district)
    (district / "inbox" / SENT).unlink()


def filled_in(content: bytes, project: str, word: str, talk: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["名单"]
    columns = {cell.value: cell.column - 1 for cell in sheet[1]}
    for row in sheet.iter_rows(min_row=2):
        if row[columns["项目名称"]].value == project:
            row[columns["回答"]].value, row[columns["跟进内容"]].value = word, talk
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_page_night_page(settings: Settings) -> None:
    home = settings.home
    now = [PAGE_TIME]
    app = build_app(DeskSettings(home, f"sqlite:///{home / 'desk' / 'desk.sqlite'}"), lambda: now[0])
    desk = app.state.desk
    published = desk.lists.current()
    rows = published.light.to_pylist()
    unit = rows[0]["unit_name"]
    own = [r for r in rows if r["unit_name"] == unit and r["rank"] is not None]
    talked, lost, undone, sent_in = own[:4]
    with desk.sessions() as session:
        writing(session)
        session.add(
            Person(login="zhang", person_name="张敏", role="recruiter", unit_name=unit, password_hash=HASH,
                   must_change_password=False, created_at=PAGE_TIME)
        )  # fmt: skip
        session.commit()
    zhang = Browser(app, "zhang")

    def post(path: str, lead: dict[str, Any], **given: Any) -> None:
        answer = zhang.post(path, {"lead_id": lead["lead_id"], "client_id": f"{path[1:]}-{lead['lead_id']}", **given})
        assert answer.status_code == 303, answer.text

    content = "对方愿意来考察，电话13812345678"
    post(
        "/follow-ups",
        talked,
        follow_up_date="2026-06-28",
        method="见商",
        led_by="一把手",
        result="推进签约",
        content=content,
    )
    post("/answers", lost, word="已落他地", reason="落户外省")
    post("/answers", undone, word="无意向")
    with desk.sessions() as session:
        event_id = max(e.event_id for e, _, _ in _events(session, undone["lead_id"]))
    assert zhang.post("/undo", {"event_id": event_id, "client_id": "undo-0001"}).status_code == 303
    new = {"project_name": "高性能膜材料新项目", "enterprise_name": "新来的膜材料有限公司", "client_id": "report-01"}
    assert zhang.post("/report", new).status_code == 200
    form = zhang.get(f"/download?q={sent_in['lead_id']}").content
    filled = filled_in(form, sent_in["project_name"], "联系不上", "改约下周再谈")
    (settings.inbox / SENT).write_bytes(filled)
    before = pd.read_parquet(home / "exports/marts/dim_leads.parquet").set_index("lead_id")

    result = run_nightly(settings, AS_OF)
    assert result.success, result.problems

    talks = pd.read_parquet(home / "exports/marts/fct_follow_ups.parquet").query("is_from_desk")
    assert sorted(zip(talks["lead_id"], talks["method"], talks["result"], talks["content"], strict=True)) == sorted(
        [
            (talked["lead_id"], "见商", "推进签约", "对方愿意来考察，电话138****5678"),
            (sent_in["lead_id"], "电话", "待回复", "三十秒答复：联系不上"),
            (sent_in["lead_id"], "电话", "待回复", "改约下周再谈"),
        ]
    )
    outcomes = pd.read_parquet(home / "exports/marts/fct_outcomes.parquet")
    labels = outcomes[outcomes["lead_id"] == lost["lead_id"]]
    assert ("终止", dt.date(2026, 6, 29)) in [
        (s, pd.Timestamp(d).date()) for s, d in zip(labels["stage"], labels["reached_date"], strict=True)
    ]
    after = pd.read_parquet(home / "exports/marts/dim_leads.parquet").set_index("lead_id")
    gained = (after["follow_up_count"] - before["follow_up_count"]).dropna()
    assert gained[gained != 0].to_dict() == {talked["lead_id"]: 1, sent_in["lead_id"]: 2}
    features = pd.read_parquet(home / "exports/features/ftr_lead__12m.parquet").query("is_current").set_index("lead_id")
    mine = features.loc[talked["lead_id"]]
    assert mine["days_since_follow_up"] == 2 and mine["interested_count_90d"] >= 1 and mine["principal_led_count"] >= 1

    # The page again: the timeline tells the talk once, with its writer; the lost lead is off the list; the new one is on it.
    page = zhang.get(f"/lead?id={talked['lead_id']}").text
    assert page.count("对方愿意来考察") == 1 and "（张敏）" in page and "按计划推进（2 天前联系过）" in page
    fresh = {r["project_name"]: r for r in desk.lists.current().light.to_pylist()}
    assert fresh["高性能膜材料新项目"]["unit_name"] == unit and fresh["高性能膜材料新项目"]["rank"] is not None
    assert fresh[lost["project_name"]]["rank"] is None and fresh[undone["project_name"]]["rank"] is not None
    assert "改约下周再谈" in zhang.get(f"/lead?id={sent_in['lead_id']}").text

    # Again: the same bytes. Taken back in time: gone from the ledger.
    def landed() -> dict[str, bytes]:
        events = DeskEvents(f"sqlite:///{home / 'desk' / 'desk.sqlite'}", home)
        store = LandingStore(home / "landing", home / "outbox", events.claim)
        limits = Plausibility(read_limits(home / LANDED, AS_OF), AS_OF)
        store.land_inbox(settings.inbox, whole=events.ledgers, plausibility=limits)
        return {path.name: path.read_bytes() for path in (home / "landing").glob("*.parquet")}

    was = {path.name: path.read_bytes() for path in (home / "landing").glob("*.parquet")}
    assert landed() == was
    files = pd.read_parquet(home / "landing/files.parquet").set_index("file")
    assert files.loc[SENT, ["rows_read", "rows_accepted", "rows_refused"]].tolist() == [1, 1, 0]
    assert files.loc["办公桌.xlsx", "received_seq"] == 0
    with desk.sessions() as session:
        event_id = max(e.event_id for e, _, _ in _events(session, talked["lead_id"]))
    assert zhang.post("/undo", {"event_id": event_id, "client_id": "undo-0002"}).status_code == 303
    assert landed().keys() == was.keys()
    left = pd.read_parquet(home / "landing/follow_ups.parquet").query("received_seq == 0")
    assert set(left["lead_id"]) == {sent_in["lead_id"]}
    desk.engine.dispose()


def _events(session: Any, lead_id: str) -> list[Any]:
    from desk.actions import timeline_events

    return timeline_events(session, lead_id)
