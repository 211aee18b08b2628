"""The morning page and the words on a card: what was published of changes, by the reach of whoever looks."""

from __future__ import annotations

import pytest
from desk_site import GONE, OWN, UNITS, Site

from desk.access import EVERYTHING
from desk.listing import Filters


def test_the_page_says_what_came_in_who_left_and_why(site: Site) -> None:
    page = site.browser("leader").get("/morning").text
    for words in (
        "收到2行资料",
        "跟进记录新增",
        "计划总投资",
        "没有重新训练",
        "累计跟进次数 2次→5次",
        "跟进记录新增1行",
    ):
        assert words in page, words
    assert GONE in page and "线索已终止" in page and "此前第1名" in page
    # Leads that others pushed are a count, not a list.
    assert page.count("自身资料未变") == 0 and "/boards/rank_changes" in page


@pytest.mark.parametrize(("login", "own", "others"), [("jia", OWN[0], OWN[1]), ("yi", OWN[1], OWN[0])])
def test_leads_are_shown_by_reach(site: Site, login: str, own: str, others: str) -> None:
    someone = site.browser(login)
    page = someone.get("/morning").text
    assert f"id={own}" in page and f"id={others}" not in page
    assert (GONE in page) == (login == "yi")
    assert UNITS[0] in page  # counts by unit are for everybody


def test_a_card_says_why_its_rank_moved_as_published(site: Site) -> None:
    page = site.browser("jia").get("/").text
    assert "升 1 位" in page and "累计跟进次数 2次→5次（+0.80分、升1位）" in page
    assert "自身资料未变；其他线索变动（升1位）" in page


def test_leads_with_other_facts_are_those_whose_own_facts_changed(site: Site) -> None:
    published = site.app.state.desk.lists.current()
    rows = published.select(Filters(only="moved"), EVERYTHING)
    assert {published.table["lead_id"][int(at)].as_py() for at in rows} == set(OWN)
