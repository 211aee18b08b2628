"""What people do at the desk: answers, undo, claims, capacity, contacts, the list while it is swapped."""

from __future__ import annotations

import datetime as dt
import re
import threading

import sqlalchemy as sa

from desk import audit
from desk.listing import Lists
from desk.store.models import Assignment, AuditEntry, Contact, Event
from tests.integration.desk.desk_site import NOW, Site, publish_list, secret_of

ANSWER = {"lead_id": "L00000", "word": "有意向", "client_id": "tap-00001"}


def events(site: Site, kind: str) -> list[Event]:
    with site.database() as session:
        return list(session.scalars(sa.select(Event).where(Event.kind == kind, ~Event.client_id.startswith("seed"))))


def test_an_answer_posted_twice_is_one_event_and_can_be_taken_back(site: Site) -> None:
    jia = site.browser("jia")
    assert [jia.post("/answers", ANSWER).status_code for _ in range(3)] == [303] * 3
    (event,) = events(site, "answer")
    assert (event.result, event.unit_name, event.snapshot_id and event.snapshot_id[:10]) == (
        "有意向",
        "甲镇",
        "2026-06-30",
    )
    assert "jia员" in jia.get("/?q=script").text and "撤销" in jia.get("/?q=script").text
    part = jia.post("/undo", {"event_id": event.event_id, "client_id": "undo-0001"}, headers={"hx-request": "true"})
    assert part.status_code == 200 and part.text.lstrip().startswith("<article") and "无意向" in part.text
    assert jia.post("/undo", {"event_id": event.event_id, "client_id": "undo-0002"}).status_code == 303
    assert len(events(site, "undo")) == 1 and len(events(site, "answer")) == 1
    site.clock(NOW + dt.timedelta(hours=3))
    jia.post("/answers", {**ANSWER, "client_id": "tap-00002"})
    site.clock(NOW + dt.timedelta(hours=4))
    late = jia.post("/undo", {"event_id": events(site, "answer")[1].event_id, "client_id": "undo-0003"})
    assert late.status_code == 403 and "不能撤销" in late.text


def test_concurrent_answers_on_one_lead_are_put_in_order_and_the_second_is_told(site: Site) -> None:
    people = [site.browser("jia"), site.browser("jia2")]
    found: list[int] = []
    words = ("有意向", "无意向")

    def tap(at: int) -> None:
        found.append(
            people[at].post("/answers", {**ANSWER, "word": words[at], "client_id": f"race-{at:04d}"}).status_code
        )

    threads = [threading.Thread(target=tap, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [303, 409] and len(events(site, "answer")) == 1


def test_the_first_to_claim_has_the_lead(site: Site) -> None:
    one, two, head = site.browser("jia"), site.browser("jia2"), site.browser("jiahead")
    assert one.post("/claims", {"lead_id": "L00003", "client_id": "claim-001"}).status_code == 303
    told = two.post("/claims", {"lead_id": "L00003", "client_id": "claim-002"})
    assert told.status_code == 409 and "jia员已先认领" in told.text
    assert two.post("/releases", {"lead_id": "L00003", "client_id": "rel-00001"}).status_code == 403
    assert head.post("/releases", {"lead_id": "L00003", "client_id": "rel-00002"}).status_code == 303
    assert two.post("/claims", {"lead_id": "L00003", "client_id": "claim-003"}).status_code == 303


def test_overdue_contacts_of_a_unit_are_counted_beyond_the_first_page(site: Site) -> None:
    publish_list(site.home, dt.date(2026, 7, 1), leads=180)  # sixty of each unit, all last spoken to 20 days ago
    page = site.browser("jiahead").get("/unit").text
    assert "60 条" in page and page.count("回访（20 天未联系，超期 6 天）") >= 12
    assert "时序进度 49.3%" in page  # what the board says


def test_on_new_years_day_pages_are_of_the_new_year(site: Site) -> None:
    publish_list(site.home, dt.date(2027, 1, 1))  # the day itself counts, and there are no tasks of 2027 yet
    assert "这份名单里没有本年度任务" in site.browser("jiahead").get("/unit").text
    assert "全区一页 <small>2027 年" in site.browser("leader").get("/leader").text


def test_assigning_stays_within_the_capacity_or_does_nothing(site: Site) -> None:
    head = site.browser("jiahead")
    page = head.get("/unit").text
    person = int(re.findall(r'<option value="(\d+)">jia员（0/5 条）', page)[0])
    leads = [f"L{number:05d}" for number in range(0, 18, 3)]
    refused = head.post("/assignments", {"person_id": person, "client_id": "assign-01", "lead_id": leads})
    assert refused.status_code == 409 and "只能再接 5 条" in refused.text
    for _ in range(2):
        fits = head.post("/assignments", {"person_id": person, "client_id": "assign-02", "lead_id": leads[:5]})
        assert fits.status_code == 303
    with site.database() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Assignment)) == 5
    # 乙街道 reports to 甲镇, so its leads may be given too; those of 丙园区 may not.
    assert (
        head.post("/assignments", {"person_id": person, "client_id": "assign-03", "lead_id": ["L00002"]}).status_code
        == 403
    )
    assert (
        site.browser("jia")
        .post("/assignments", {"person_id": person, "client_id": "assign-04", "lead_id": leads})
        .status_code
        == 403
    )


def test_a_follow_up_is_refused_with_the_field_named_and_kept_once(site: Site) -> None:
    jia = site.browser("jia")
    good = {
        "lead_id": "L00000", "client_id": "follow-01", "follow_up_date": "2026-06-30", "method": "见商", "led_by": "一把手",
        "result": "推进签约", "content": "第一行\r\n第二行", "next_step": "送资料", "next_step_date": "2026-07-05",
    }  # fmt: skip
    assert jia.post("/follow-ups", {**good, "follow_up_date": "2026-07-01"}).status_code == 422
    assert "跟进方式" in jia.post("/follow-ups", {**good, "method": "飞鸽"}).text
    assert [jia.post("/follow-ups", good).status_code for _ in range(2)] == [303, 303]
    (event,) = events(site, "follow_up")
    assert event.content == "第一行\n第二行" and event.next_step_date == dt.date(2026, 7, 5)
    page = jia.get("/lead?id=L00000").text
    assert "第二行" in page and "送资料" in page and "台账谈话-甲镇" in page


def test_a_phone_is_masked_revealed_with_a_reason_counted_and_logged(site: Site) -> None:
    jia, secret = site.browser("jia"), secret_of("甲镇")
    page = jia.get("/lead?id=L00000").text
    assert secret["phone"] not in page and "139****0077" in page and secret["person"] not in page
    contact = int(re.findall(r'name="contact_id" value="(\d+)"', page)[0])
    assert jia.post("/contacts/reveal", {"contact_id": contact, "reason": ""}).status_code == 422
    for number in range(20):
        shown = jia.post("/contacts/reveal", {"contact_id": contact, "reason": "约见"})
        assert (
            shown.status_code == 200
            and secret["phone"] in shown.text
            and f"今天还可查看 {19 - number} 次" in shown.text
        )
    assert "每日上限" in jia.post("/contacts/reveal", {"contact_id": contact, "reason": "约见"}).text
    site.clock(NOW + dt.timedelta(days=1))
    again = site.browser("jia").post("/contacts/reveal", {"contact_id": contact, "reason": "约见"})
    assert again.status_code == 200
    with site.database() as session:
        logged = list(session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "查看电话")))
        assert len(logged) == 21 and all(secret["phone"] not in e.detail for e in logged)
        assert audit.verify(session).broken_at is None


def test_a_refused_phone_goes_everywhere_and_can_not_come_back(site: Site) -> None:
    jia, yi = site.browser("jia"), site.browser("yi")
    phone = secret_of("甲镇")["phone"]
    new = {"lead_id": "L00001", "person": "同一人", "phone": f"+86 {phone}", "source": "展会"}
    assert yi.post("/contacts", new).status_code == 303
    contact = int(re.findall(r'name="contact_id" value="(\d+)"', jia.get("/lead?id=L00000").text)[0])
    assert jia.post("/contacts/refuse", {"contact_id": contact, "reason": "来电明确拒绝"}).status_code == 303
    with site.database() as session:
        assert not list(session.scalars(sa.select(Contact).where(Contact.contact_phone == phone)))
    assert yi.post("/contacts", new).status_code == 409
    assert jia.post("/leads/refuse", {"lead_id": "L00000", "reason": "来函拒绝"}).status_code == 303
    for login in ("jia", "jiahead", "leader", "analyst", "yi"):
        someone = site.browser(login)
        assert someone.get("/lead?id=L00000").status_code == 404
        assert "L00000" not in someone.get("/").text + someone.get("/pool").text + someone.get("/unit").text


def test_a_firm_that_refuses_is_hidden_with_all_its_leads_whoever_reported_them(site: Site) -> None:
    # 云川2号 stands behind L00002 (丙园区), L00052 (乙街道); the prospects hold <b>某公司</b>.
    bing, yi = site.browser("bing"), site.browser("yi")
    assert yi.get("/lead?id=L00052").status_code == 200
    assert bing.post("/leads/refuse", {"lead_id": "L00002", "reason": "来函拒绝"}).status_code == 303
    assert yi.get("/lead?id=L00052").status_code == 404
    for path in ("/?q=云川2号", "/pool?q=云川2号", "/unit", "/?only=moved&q=云川2号"):
        page = yi.get(path).text
        assert "L00052" not in page and "云川2号材料有限公司" not in page, path
    answer = {"lead_id": "L00052", "word": "有意向", "client_id": "tap-00001"}
    assert yi.post("/answers", answer).status_code == 404
    head = site.browser("jiahead")
    assert (
        head.post("/assignments", {"person_id": 4, "client_id": "assign-09", "lead_id": ["L00052"]}).status_code == 404
    )
    new = {"project_name": "又一项目", "enterprise_name": "云川2号材料有限公司", "client_id": "report-09"}
    assert yi.post("/report", new).status_code == 409 and not events(site, "report")
    publish_list(site.home, dt.date(2026, 7, 1), leads=180)  # L00102, L00152 of the same firm are new
    assert yi.get("/lead?id=L00152").status_code == 404 and yi.get("/lead?id=L00151").status_code == 200
    jia = site.browser("jia")
    assert "&lt;script&gt;" in jia.get("/boards/ownership").text
    assert jia.post("/leads/refuse", {"lead_id": "L00000", "reason": "来函拒绝"}).status_code == 303
    assert "&lt;script&gt;" not in jia.get("/boards/ownership").text


def test_a_list_swapped_while_paging_neither_skips_nor_repeats(site: Site) -> None:
    leader = site.browser("leader")
    seen: list[str] = []
    page = leader.get("/").text
    for turn in range(3):
        seen += re.findall(r'<article class="card" id="lead-(L\d+)"', page)
        if turn == 0:
            publish_list(site.home, dt.date(2026, 7, 1), leads=60, shift=3)
        more = re.findall(r'rel="next" href="([^"]+)"', page)
        if more:
            page = leader.get(more[0].replace("&amp;", "&")).text
            assert "翻页期间已发布新名单" in page
    assert len(seen) == 90 and len(set(seen)) == 90


def test_a_broken_snapshot_leaves_the_last_good_one_in_use_and_says_so(site: Site) -> None:
    leader = site.browser("leader")
    assert leader.get("/").status_code == 200
    name = publish_list(site.home, dt.date(2026, 7, 1), leads=10)
    path = site.home / "published" / name / "ranked_leads.parquet"
    path.write_bytes(path.read_bytes()[:100])
    page = leader.get("/")
    assert page.status_code == 200 and "最新名单文件不完整" in page.text and "90 条" in page.text


def test_the_day_without_a_new_list_is_told(site: Site) -> None:
    site.clock(dt.datetime(2026, 7, 2, 1, tzinfo=dt.UTC))
    assert "今日无新名单，显示 6 月 30 日" in site.browser("jia").get("/").text


def test_reporting_a_lead_that_is_taken_names_the_first_unit(site: Site) -> None:
    yi = site.browser("yi")
    new = {"project_name": "另一个项目", "enterprise_name": "云川5号材料有限公司", "client_id": "report-01"}
    told = yi.post("/report", new)
    assert told.status_code == 409 and "这家企业已在名单上" in told.text and "丙园区" in told.text
    assert not events(site, "report")
    assert yi.post("/report", {**new, "as_new_project": "true"}).status_code == 200
    assert yi.post("/report", {**new, "as_new_project": "true"}).status_code == 200
    (event,) = events(site, "report")
    assert event.unit_name == "乙街道" and (event.detail or {})["project_name"] == "另一个项目"


def test_a_placeholder_is_no_firm_that_is_taken_or_has_refused(site: Site) -> None:
    """A lead of 待定 keeps nobody from reporting another 待定, nor does one that refused contact hide the others."""
    desk = site.app.state.desk
    five, six = "云川5号材料有限公司", "云川6号材料有限公司"
    desk.lists = Lists(site.home / "published", lambda name: name != five)
    found = desk.lists.current()
    leads = {
        name: lead
        for lead, name in zip(*(found.table[c].to_pylist() for c in ("lead_id", "enterprise_name")), strict=True)
    }
    assert len(found.marks_of(leads[six])) == len(found.marks_of(leads[five])) + 1
    assert not found.relatives(leads[five])
    new = {"project_name": "另一个项目", "enterprise_name": five, "client_id": "report-01"}
    assert site.browser("yi").post("/report", new).status_code == 200
    assert (
        site.browser("yi").post("/report", {**new, "enterprise_name": six, "client_id": "report-02"}).status_code == 409
    )


def test_changing_an_entry_breaks_the_chain_there(site: Site) -> None:
    for login in ("jia", "yi", "leader"):
        site.browser(login)
    with site.database() as session:
        assert audit.verify(session).entry_count == 3
        session.execute(sa.update(AuditEntry).where(AuditEntry.audit_id == 2).values(actor="someone"))
    with site.database() as session:
        assert audit.verify(session).broken_at == 2


def test_search_by_name_initials_and_code(site: Site) -> None:
    leader = site.browser("leader")
    for words in ("长安", "cqca", "91110000802100433b", "L00005", "膜材料 cq"):
        page = leader.get("/", params={"q": words}).text
        assert re.findall(r'id="lead-(L\d+)"', page) == ["L00005"], words
