"""A clerk's bad workbook leaves the published list right: what is certain counts, what is not waits, nothing else moves."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from installation import AS_OF, Home, settings_at

from desk.application import build_app
from desk.login import viewer_of
from desk.questions.asking import Asked, Sources, asked_of
from desk.questions.registry import KINDS
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

NEXT = AS_OF + dt.timedelta(days=1)
SENT = "线索补报.xlsx"
HEADER = ["线索编号", "项目名称", "投资主体", "负责单位", "首报日期", "计划总投资（万元）", "预计年税收（万元）"]
MONEY = ["investment_wan_cny", "promised_tax_wan_cny"]
NEW = "XB2026-00001"
# What a night may not change of a lead that no file spoke of.
FACTS = ["unit_name", "stage", *MONEY, "fixed_investment_wan_cny", "land_mu", "expected_output_wan_cny", "held_text"]


@dataclass(frozen=True)
class Clerk:
    """The next night, after a clerk sent a workbook, and the leads of it by what is wrong with their row."""

    settings: Settings
    before: pd.DataFrame
    leads: dict[str, dict[str, Any]]

    def exported(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.settings.home / "exports" / f"{name}.parquet")

    @property
    def after(self) -> pd.DataFrame:
        return self.exported("marts/dim_leads").set_index("lead_id")


def write_workbook(path: Path, leads: dict[str, dict[str, Any]]) -> None:
    """Two tables on one sheet, the lower one in 亿元 and with its columns in another order; one amount in 元, one row new."""

    def row(name: str, investment: Any, tax: Any) -> list[Any]:
        lead = leads[name]
        facts = [lead["lead_id"], lead["project_name"], lead["enterprise_name"], lead["unit_name"]]
        return [*facts, lead["reported_date"].isoformat(), investment, tax]

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "线索"
    sheet.append(["线索台账（合成数据）"])
    sheet.append(HEADER)
    sheet.append(row("words", "3亿元", 1500))
    sheet.append(row("mark", "5000①", 250))
    sheet.append(row("yuan", leads["yuan"]["investment_wan_cny"] * 10_000, leads["yuan"]["promised_tax_wan_cny"]))
    sheet.append(row("new", 8_000 * 10_000, 400))
    sheet.append([])
    sheet.append(["二、续报（合成数据）"])
    order = [0, 1, 2, 3, 4, 6, 5]
    lower = [*HEADER[:5], "计划总投资（亿元）", HEADER[6]]
    sheet.append([lower[at] for at in order])
    for name, investment in (("swapped", 1.2), ("swapped too", 0.9)):
        written = row(name, investment, round(investment * 500))
        sheet.append([written[at] for at in order])
    book.save(path)


@pytest.fixture(scope="module")
def clerk(nightly: Home, district: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clerk]:
    home = tmp_path_factory.mktemp("clerk") / "home"
    shutil.copytree(nightly.root, home, symlinks=True)
    before = pd.read_parquet(home / "exports/marts/dim_leads.parquet").set_index("lead_id")
    ranked = pq.read_table(nightly.current / "ranked_leads.parquet").to_pandas()
    listed = ranked[ranked["rank"].notna()]["lead_id"]
    fit = before.loc[before.index.isin(listed) & before[MONEY].notna().all(axis=1)]
    fit = fit[fit["investment_wan_cny"].between(4000, 40_000)].reset_index()
    names = ("words", "mark", "yuan", "swapped", "swapped too")
    leads = dict(zip(names, fit.head(len(names)).to_dict("records"), strict=True))
    leads["new"] = leads["yuan"] | {
        "lead_id": NEW,
        "project_name": "新报的膜材料项目",
        "enterprise_name": "新报膜材料有限公司",
    }
    settings = settings_at(home, district)
    write_workbook(district / "inbox" / SENT, leads)
    try:
        result = run_nightly(settings, NEXT)
        assert result.success, result.problems
        yield Clerk(settings, before, leads)
    finally:
        (district / "inbox" / SENT).unlink()


def test_what_is_certain_counts_and_what_is_not_waits(clerk: Clerk) -> None:
    after, ids = clerk.after, {name: lead["lead_id"] for name, lead in clerk.leads.items()}
    counted = {name: after.loc[lead, MONEY].tolist() for name, lead in ids.items()}
    old = clerk.leads["yuan"]
    assert counted["words"] == [30_000, 1500] and counted["mark"] == [5000, 250]
    assert counted["swapped"] == [12_000, 600] and counted["swapped too"] == [9000, 450]
    assert counted["yuan"] == [old["investment_wan_cny"], old["promised_tax_wan_cny"]]
    assert pd.isna(counted["new"][0]) and counted["new"][1] == 400
    marked = after[after["held_text"].notna() & after.index.isin(ids.values())]
    assert set(marked.index) == {ids["yuan"], NEW}
    assert "待确认，现按" in marked.loc[ids["yuan"], "held_text"] and "待确认，未计入" in marked.loc[NEW, "held_text"]
    held = clerk.exported("marts/fct_held_values").query("is_question_open and source_file == @SENT")
    assert sorted(held["lead_id"]) == sorted([ids["yuan"], NEW]) and set(held["since_date"].astype(str)) == {str(NEXT)}


def test_the_published_list_is_right(clerk: Clerk) -> None:
    """Every amount that the list shows of these leads is what a careful clerk would take; nobody else's moved."""
    published = clerk.settings.home / "published" / "current"
    facts = pd.read_parquet(published / "boards/lead_facts.parquet").set_index("lead_id")
    pd.testing.assert_frame_equal(facts[MONEY], clerk.after[MONEY])
    spoken = {lead["lead_id"] for lead in clerk.leads.values()}
    others = [lead for lead in clerk.before.index if lead not in spoken]
    pd.testing.assert_frame_equal(facts.loc[others, FACTS], clerk.before.loc[others, FACTS])
    listed = pq.read_table(published / "ranked_leads.parquet").to_pandas().set_index("lead_id")
    # No score knows the wrong amounts: of every lead the value behind 计划总投资 is the one that counts.
    features = clerk.exported("features/ftr_lead__12m").query("is_current").set_index("lead_id")
    same = features.index.intersection(facts.index)
    pd.testing.assert_series_equal(features.loc[same, MONEY[0]], facts.loc[same, MONEY[0]], check_dtype=False)
    assert features[MONEY[0]].max() == clerk.before["investment_wan_cny"].max() and NEW in listed.index
    assert listed.loc[NEW, "tax_wan_cny"] < listed["tax_wan_cny"].max()


@pytest.fixture
def office(clerk: Clerk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Browser]]:
    monkeypatch.setattr("desk.login._HASHER", CHEAP)
    address = f"sqlite:///{tmp_path / 'desk.sqlite'}"
    moment = dt.datetime.combine(NEXT, dt.time(1), dt.UTC)
    app = build_app(DeskSettings(clerk.settings.home, address), lambda: moment)
    with app.state.desk.sessions() as session:
        writing(session)
        session.add(Person(login="li", person_name="李", role="analyst", unit_name=None, password_hash=HASH,
                           must_change_password=False, created_at=moment))  # fmt: skip
        session.commit()
    yield app.state.desk, Browser(app, "li")
    app.state.desk.engine.dispose()


def test_a_yes_on_the_page_counts_from_the_next_landing_on(
    clerk: Clerk, office: tuple[Any, Browser], tmp_path: Path
) -> None:
    desk, browser = office
    lead, home = clerk.leads["yuan"]["lead_id"], clerk.settings.home
    held = clerk.exported("marts/fct_held_values").set_index("lead_id").loc[lead]
    page = browser.get("/questions").text
    assert held["question_id"] in page and "未核实" in page
    assert "待确认" in browser.get(f"/lead?id={lead}").text
    given = {"kind": "held", "key": held["question_id"], "word": "照此计入", "client_id": "yes-00001"}
    assert browser.post("/questions", given).status_code == 303
    events = DeskEvents(str(desk.settings.database_url), tmp_path)

    def landed(day: dt.date, landing: Path) -> pd.DataFrame:
        shutil.copytree(home / "landing", landing, symlinks=True)
        limits = Plausibility(read_limits(home / LANDED, day), day)
        LandingStore(landing).land_inbox(clerk.settings.inbox, whole=events.ledgers, plausibility=limits)
        rows = pd.read_parquet(landing / "leads.parquet")
        return rows[rows["source_file"] == SENT].set_index("lead_id")

    after = landed(NEXT + dt.timedelta(days=1), tmp_path / "landing")
    assert after.loc[lead, "investment_wan_cny"] == clerk.leads["yuan"]["investment_wan_cny"] * 10_000
    assert pd.isna(after.loc[NEW, "investment_wan_cny"])
    # The same answers on the same day give the same bytes.
    again = landed(NEXT + dt.timedelta(days=1), tmp_path / "again")
    assert again.equals(after)
    for name in ("leads", "held"):
        assert (tmp_path / "landing" / f"{name}.parquet").read_bytes() == (
            tmp_path / "again" / f"{name}.parquet"
        ).read_bytes()


def test_the_sample_is_hardly_asked_about(nightly: Home) -> None:
    held = pd.read_parquet(nightly.root / "landing/held.parquet")
    rows = pd.read_parquet(nightly.root / "landing/files.parquet")["rows_accepted"].sum()
    asked = held.drop_duplicates(["source_file", "source_sheet", "source_row"])
    assert len(asked) <= 0.002 * rows
    leads = asked[asked["ledger"] == "leads"]
    assert len(leads) <= 0.005 * len(pd.read_parquet(nightly.root / "landing/leads.parquet"))


def test_an_ordinary_month_asks_at_most_ten_questions_a_week(clerk: Clerk, office: tuple[Any, Browser]) -> None:
    """All kinds together, the office's own; what it has never verified since it was set up is not asked again."""
    desk, _ = office
    published = desk.lists.current()
    with desk.sessions() as session:
        analyst = viewer_of(session.get(Person, 1), published.units, "", False)
        asked: list[Asked] = asked_of(
            session, analyst, KINDS, Sources(published, clerk.settings.home / LANDED), frozenset(), NEXT
        )
    recent = [a for a in asked if a.kind.key != "office_rule" and (a.age_days is None or a.age_days < 30)]
    assert len(recent) * 7 / 30 <= 10
