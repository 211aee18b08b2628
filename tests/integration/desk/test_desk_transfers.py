"""Handing a lead over (移交), correcting an answer (更正), the credit code at once: rights, repeats, conflicts, what the night reads."""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from desk.ledgers import ledger_rows, write_ledgers
from desk.listing import PublishedList
from desk.store.models import Assignment, AuditEntry, Event
from publishing.snapshot import verified
from tests.integration.desk.desk_site import NASTY, NOW, Site

ASK = {"lead_id": "L00000", "to_unit": "丙园区", "reason": "丙园区有现成厂房", "client_id": "hand-0001"}


def request_of(site: Site) -> int:
    with site.database() as session:
        return session.scalars(
            sa.select(Event.event_id).where(Event.kind == "transfer_request").order_by(Event.event_id)
        ).all()[-1]


def moved(site: Site) -> list[tuple[str | None, ...]]:
    with site.database() as session:
        return [row[:5] for row in ledger_rows(session)["线索流转"]]


@pytest.mark.parametrize("asker", ["jia", "bing"])
def test_either_unit_asks_the_others_head_answers_and_the_night_reads_it(site: Site, asker: str) -> None:
    jia, head, bing = site.browser("jia"), site.browser("jiahead"), site.browser("bing")
    asking, answering = (jia, bing) if asker == "jia" else (bing, head)
    assert jia.post("/claims", {"lead_id": "L00000", "client_id": "claim-001"}).status_code == 303
    assert [asking.post("/transfers", ASK).status_code for _ in range(2)] == [303, 303]  # a double tap is one request
    assert moved(site) == [("L00000", "甲镇", "丙园区", "2026-06-30", "待接收")]
    told = head.post("/transfers", {**ASK, "to_unit": "乙街道", "client_id": "hand-0002"})
    assert told.status_code == 409 and f"{asker}员已申请由甲镇移交丙园区" in told.text
    page = answering.get("/lead?id=L00000").text
    assert "丙园区有现成厂房" in page and ("同意接收" if asker == "jia" else "同意移交") in page
    reply = {"event_id": request_of(site), "is_accepted": "true", "client_id": "reply-001"}
    # Not by who asked, not by a recruiter, not by a third unit, not without the form's token.
    for other in ("yi", "jia", "leader", "root"):
        assert site.browser(other).post("/transfers/reply", reply).status_code == 403, other
    assert (bing if asker == "bing" else head).post("/transfers/reply", reply).status_code == 403
    assert answering.client.post("/transfers/reply", data={**reply, "form_token": "x"}).status_code == 403
    assert moved(site)[0][4] == "待接收"
    assert [answering.post("/transfers/reply", reply).status_code for _ in range(2)] == [303, 303]
    late = answering.post("/transfers/reply", {**reply, "is_accepted": "false", "client_id": "reply-002"})
    assert late.status_code == 409 and "已经答复过：同意" in late.text
    assert (
        asking.post("/transfers/withdraw", {"event_id": request_of(site), "client_id": "back-0001"}).status_code == 409
    )
    assert moved(site) == [("L00000", "甲镇", "丙园区", "2026-06-30", "已流转")]
    with site.database() as session:
        assert session.scalar(sa.select(Assignment).where(Assignment.lead_id == "L00000")) is None
        acts = list(session.scalars(sa.select(AuditEntry.action).where(AuditEntry.action.like("%移交"))))
    assert acts == ["申请移交", "答复移交"]
    assert "今夜更新名单后生效" in jia.get("/lead?id=L00000").text
    assert "移交已同意：甲镇→丙园区" in jia.get("/lead?id=L00000").text


def test_a_request_is_withdrawn_or_sent_back_and_a_third_unit_sees_nothing_of_it(site: Site) -> None:
    jia, bing, yi = site.browser("jia"), site.browser("bing"), site.browser("yi")
    assert yi.post("/transfers", ASK).status_code == 403  # neither has it nor wants it for itself
    assert jia.post("/transfers", {**ASK, "to_unit": "甲镇"}).status_code == 422
    assert jia.post("/transfers", {**ASK, "to_unit": "没有这个镇"}).status_code == 422
    assert jia.post("/transfers", {**ASK, "lead_id": "L99999"}).status_code == 404
    assert jia.post("/transfers", ASK).status_code == 303
    assert "现成厂房" not in yi.get("/lead?id=L00000").text and "现成厂房" in bing.get("/lead?id=L00000").text
    first = request_of(site)
    assert bing.post("/transfers/withdraw", {"event_id": first, "client_id": "back-0001"}).status_code == 403
    assert jia.post("/transfers/withdraw", {"event_id": first, "client_id": "back-0002"}).status_code == 303
    assert moved(site) == []
    reply = {"event_id": first, "is_accepted": "true", "client_id": "reply-001"}
    assert bing.post("/transfers/reply", reply).status_code == 409
    assert jia.post("/transfers", {**ASK, "client_id": "hand-0002"}).status_code == 303
    reply = {"event_id": request_of(site), "is_accepted": "false", "client_id": "reply-002"}
    assert bing.post("/transfers/reply", reply).status_code == 303
    assert [row[4] for row in moved(site)] == ["退回"] and "已退回" in jia.get("/lead?id=L00000").text
    assert jia.post("/transfers", {**ASK, "client_id": "hand-0003"}).status_code == 303  # asked again


def test_the_list_after_the_night_puts_the_new_unit_and_leaves_old_talks_with_the_old_one(site: Site) -> None:
    snapshot = site.app.state.desk.lists.current().snapshot
    path = snapshot.folder / "boards" / "ownership.parquet"
    table = pq.read_table(path)
    at = table.column_names.index("owner_unit")
    pq.write_table(table.set_column(at, "owner_unit", pa.array(["丙园区"])), path)
    found = PublishedList(snapshot)
    assert found.row("L00000")["unit_name"] == found.fact("L00000")["unit_name"] == "丙园区"
    assert found.row("L00001")["unit_name"] == "乙街道"
    with pytest.raises(ValueError, match="does not match"):
        verified(snapshot.folder)
    site.app.state.desk.lists._kept[snapshot.snapshot_id] = found
    page = site.browser("bing").get("/lead?id=L00000").text
    assert "首谈 甲镇" in page and "我来承办" in page
    assert "台账谈话-甲镇" not in page and "密谈内容之0" not in page and "隐秘人0" not in page
    assert "开工概率" not in site.browser("jia").get("/lead?id=L00000").text


def test_an_answer_is_corrected_after_the_undo_window_and_both_stand_in_the_timeline(site: Site) -> None:
    jia, jia2, head = site.browser("jia"), site.browser("jia2"), site.browser("jiahead")
    assert (
        jia.post(
            "/answers", {"lead_id": "L00003", "word": "已落他地", "reason": "落户外省", "client_id": "tap-00001"}
        ).status_code
        == 303
    )
    with site.database() as session:
        number = session.scalars(sa.select(Event.event_id).where(Event.kind == "answer")).one()
    site.clock(NOW + dt.timedelta(hours=5))
    assert jia.post("/undo", {"event_id": number, "client_id": "undo-0001"}).status_code == 403
    good = {"event_id": number, "word": "无意向", "reason": "资金未落实", "client_id": "mend-0001"}
    for other in (jia2, site.browser("yi"), site.browser("leader")):
        assert other.post("/corrections", good).status_code == 403
    assert jia.post("/corrections", {**good, "reason": "落户外省"}).status_code == 422
    assert [jia.post("/corrections", good).status_code for _ in range(2)] == [303, 303]
    assert head.post("/corrections", {**good, "client_id": "mend-0002"}).status_code == 409
    page = re.sub(r"\s+", " ", jia.get("/lead?id=L00003").text)
    assert "更正为答复“无意向”" in page and "（已更正）" in page and "答复“已落他地”" in page
    with site.database() as session:
        rows = ledger_rows(session)
    assert rows["项目进展"] == []
    (told,) = [row for row in rows["跟进记录"] if row[0] == "L00003"]
    assert (told[2], told[3], told[6], told[7]) == (
        "2026-06-30",
        "2026-06-30",
        "三十秒答复：无意向（资金未落实）",
        "无意向",
    )


def test_a_credit_code_with_a_wrong_check_digit_is_told_at_once(site: Site) -> None:
    jia = site.browser("jia")
    new = {"project_name": "新的膜项目", "enterprise_name": "新来的公司", "client_id": "report-01"}
    told = jia.post("/report", {**new, "uscc": "91110000802100433A"})
    assert told.status_code == 422 and "校验不通过" in told.text and 'value="新的膜项目"' in told.text
    assert "17位" in jia.post("/report", {**new, "uscc": "91110000802100433"}).text
    # Full-width digits and a small letter are read as the code that they mean: that of a lead on the list.
    meant = jia.post("/report", {**new, "uscc": "９１110000802100433b"})
    assert meant.status_code == 409 and NASTY[5] in meant.text
    assert jia.post("/report", {**new, "uscc": ""}).status_code == 200
    with site.database() as session:
        assert len(list(session.scalars(sa.select(Event).where(Event.kind == "report")))) == 1


def test_what_people_said_is_written_for_the_service_only(site: Site) -> None:
    with site.database() as session:
        written = write_ledgers(site.home / "desk" / "ledgers" / "办公桌.xlsx", ledger_rows(session))
    assert written is not None and written.stat().st_mode & 0o777 == 0o600
