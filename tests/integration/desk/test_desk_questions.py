"""待你确认: who is asked what, one tap answers, the tap can be taken back, and the night reads it as a ledger."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import lxml.html
import openpyxl
import pytest

from desk import audit
from desk.ledgers import ledger_rows, write_ledgers
from desk.questions.asking import Answer, Kind, Question
from desk.questions.registry import KINDS
from intake.contract import get_contract
from intake.workbook import read_workbook
from tests.integration.desk.desk_site import NOW, UNITS, Site


def forms(page: str) -> list[dict[str, Any]]:
    """Each form of a question: its hidden fields, and the words of its buttons."""
    return [
        {
            "fields": {str(i.get("name")): str(i.get("value")) for i in found.iter("input")},
            "words": [str(b.get("value")) for b in found.iter("button")],
        }
        for found in lxml.html.fromstring(page).xpath('//form[@action="/questions"]')
    ]


def form(page: str, key: str) -> dict[str, Any]:
    """The form of one question."""
    (found,) = (f for f in forms(page) if f["fields"]["key"] == key)
    return found


def test_a_unit_is_asked_of_its_own_and_the_office_of_the_rest(site: Site) -> None:
    jia, yi, analyst, leader = (site.browser(login) for login in ("jia", "yi", "analyst", "leader"))
    own, other, office, seen = (b.get("/questions").text for b in (jia, yi, analyst, leader))
    assert 'value="held00"' in own and 'value="held01"' not in own and "坏表.xlsx" not in own
    assert 'value="held01"' in other and "期限已过" in other and "是名录中的" not in other
    assert all(f'value="held0{n}"' in office for n in range(3)) and "held03" not in office
    assert "坏表.xlsx" in office and "未核实" in office and "云川膜材料有限公司" in office
    # A leader sees what the units are asked, and answers nothing.
    assert "计划总投资写的是" in seen and 'action="/questions"' not in seen
    assert site.browser("root").get("/questions").text.count("<article") == 0
    for page in (own, office):
        assert "<script>alert" not in page and "<b>表</b>" not in page and "{{" not in page
    # Larger ones first, each with who is asked, how old, until when, and what silence means.
    keys = re.findall(r'name="key" value="(held\d+)"', office)
    assert keys == ["held00", "held01", "held02"]
    assert "由 甲镇 答复" in own and "已 3 天" in own and "2026-07-04" in own and "没有人答复" in own


def test_one_tap_answers_and_can_be_taken_back(site: Site) -> None:
    jia, jia2, yi = (site.browser(login) for login in ("jia", "jia2", "yi"))
    waiting = re.search(r'class="badge">(\d+)<', jia.get("/menu").text)
    assert waiting and waiting[1] == "2"
    asked = form(jia.get("/questions").text, "held00")
    assert asked["words"] == ["照此计入", "有误"]
    given = asked["fields"] | {"word": "照此计入"}
    assert jia.post("/questions", given | {"form_token": "x"}).status_code == 403
    assert yi.post("/questions", given | {"form_token": yi.token}).status_code == 404  # not theirs: it isn't there
    assert jia.post("/questions", given | {"word": "随便"}).status_code == 422
    assert (
        jia.post("/questions", given).status_code == 303 == jia.post("/questions", given).status_code
    )  # twice is once
    told = jia2.post("/questions", given | {"form_token": jia2.token, "word": "有误", "client_id": "jia2-0001"})
    assert told.status_code == 409 and "已答复" in told.text
    page = jia.get("/questions").text
    assert 'value="held00"' not in page and "<b>照此计入</b>" in page and ">1</span>" in jia.get("/menu").text
    with site.database() as session:
        rows = ledger_rows(session)["问题答复"]
        assert [(r[0], r[1], r[3], r[5]) for r in rows] == [("held", "held00", "照此计入", "甲镇")]
        assert audit.verify(session).broken_at is None
    event = re.search(r'name="event_id" value="(\d+)"', page)
    assert event
    assert jia2.post("/questions/undo", {"event_id": event[1], "client_id": "undo-jia2"}).status_code == 403
    assert jia.post("/questions/undo", {"event_id": event[1], "client_id": "undo-jia1"}).status_code == 303
    with site.database() as session:
        assert ledger_rows(session)["问题答复"] == []
    assert 'value="held00"' in jia.get("/questions").text
    jia.post("/questions", given | {"client_id": "again-001"})
    site.clock(NOW + dt.timedelta(hours=2))
    late = re.search(r'name="event_id" value="(\d+)"', jia.get("/questions").text)
    assert late and jia.post("/questions/undo", {"event_id": late[1], "client_id": "late-0001"}).status_code == 403


@pytest.mark.parametrize(("word", "decision"), [("是同一家", "归并"), ("不是同一家", "不归并")])
def test_an_answer_of_identity_is_a_decision_that_the_night_reads(
    site: Site, tmp_path: Path, word: str, decision: str
) -> None:
    analyst = site.browser("analyst")
    key = "L00000｜91110000802100433B"
    given = form(analyst.get("/questions").text, key)["fields"] | {"word": word}
    assert analyst.post("/questions", given).status_code == 303
    with site.database() as session:
        path = write_ledgers(tmp_path / "办公桌.xlsx", ledger_rows(session))
    assert path is not None
    readings = {r.contract: r for r in read_workbook(path, may_repeat=True) if r.contract}
    (merged,), (answered,) = readings["merge_decisions"].accepted, readings["question_answers"].accepted
    assert (merged["left_id"], merged["right_id"], merged["decision"]) == ("L00000", "91110000802100433B", decision)
    assert merged["decided_by"] == "数据专员" and merged["decided_date"] == dt.date(2026, 6, 30)
    assert (answered["question_kind"], answered["subject_key"], answered["answer"]) == ("identity", key, word)
    assert not any(r.refusals for r in readings.values())


def test_every_kind_can_be_answered_with_every_word_and_the_night_takes_it(site: Site, tmp_path: Path) -> None:
    """Whatever kinds are declared, now or later: their answers come through as rows of the ledger."""
    analyst, taken = site.browser("analyst"), 0
    first = {waiting["fields"]["kind"]: waiting for waiting in reversed(forms(analyst.get("/questions").text))}
    assert list(first) == [kind.key for kind in reversed(KINDS)]
    for waiting in first.values():
        for place, word in enumerate(waiting["words"]):
            if place:  # the next question of the kind, where there is one
                again = [
                    f for f in forms(analyst.get("/questions").text) if f["fields"]["kind"] == waiting["fields"]["kind"]
                ]
                if not again:
                    break
                waiting = again[0]
            assert analyst.post("/questions", waiting["fields"] | {"word": word}).status_code == 303
            taken += 1
    with site.database() as session:
        path = write_ledgers(tmp_path / "办公桌.xlsx", ledger_rows(session))
    assert path is not None
    sheets = [s for s in openpyxl.load_workbook(path).sheetnames if s == "问题答复"]
    (reading,) = (r for r in read_workbook(path, may_repeat=True) if r.contract == "question_answers")
    assert sheets and len(reading.accepted) == taken and not reading.refusals
    assert reading.columns and len(reading.columns) == len(get_contract("question_answers").fields)


def test_a_lead_says_what_of_it_waits(site: Site) -> None:
    assert "答复问题" not in site.browser("jia").get("/lead?id=L00000").text
    jia = site.browser("jia")
    given = form(jia.get("/questions").text, "held00")["fields"] | {"word": "有误"}
    jia.post("/questions", given)
    assert "答复问题“有误”" in jia.get("/lead?id=L00000").text


def test_a_firm_that_refuses_contact_is_asked_about_no_more(site: Site) -> None:
    jia = site.browser("jia")
    assert 'value="held00"' in jia.get("/questions").text
    refused = jia.post("/leads/refuse", {"lead_id": "L00000", "reason": "不要再联系"})
    assert refused.status_code in (200, 303), refused.text
    assert 'value="held00"' not in jia.get("/questions").text


def test_a_new_kind_is_one_declaration(site: Site) -> None:
    kind = Kind(
        "layout", "没见过的表样", "列认不出的来件", lambda sources: [Question("x1", "新表.xlsx 的列认不出", "请逐列确认", UNITS[1])],
        (Answer("照建议读", "今夜起自己读"),), "一直不读", "这份台账的线索",
    )  # fmt: skip
    site.app.state.desk.kinds = (kind, *KINDS)
    yi = site.browser("yi")
    given = form(yi.get("/questions").text, "x1")["fields"] | {"word": "照建议读"}
    assert yi.post("/questions", given).status_code == 303
    with site.database() as session:
        assert [r[:2] for r in ledger_rows(session)["问题答复"]] == [("layout", "x1")]
