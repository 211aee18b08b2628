"""For every page and every role: not a byte of another unit's contacts or talks."""

from __future__ import annotations

import re

from desk.access import Viewer, units_of
from tests.integration.desk.desk_site import PEOPLE, UNITS, Site, secret_of

PARENTS = {"甲镇": None, "乙街道": "甲镇", "丙园区": None}


def pages(site: Site) -> list[str]:
    """Every address that may be asked for, with every lead, unit, board and node; a new route must be listed here."""
    leads = [f"L{number:05d}" for number in range(6)]
    asked = {
        "/": ["", "?only=moved", "?only=excluded", "?q=L00000", "?mine=1", "?unit=甲镇"],
        "/lead": [f"?id={lead}" for lead in leads],
        "/pool": ["", "?unit=乙街道"],
        "/unit": ["", *(f"?name={unit}" for unit in UNITS)],
        "/boards/{name}": [
            "units",
            "funnel_slices",
            "task_progress",
            "follow_ups",
            "lead_facts",
            "copied_texts",
            "no_counterparty",
        ],
        "/documents/{name}": ["调度材料_2026-06.docx"],
        "/periods": ["", "?since=2025-07&until=2026-02&indicator=跟进次数", "?unit=甲镇&zero=1"],
        "/prospects": ["", "?node=water.ro"],
        "/trips": ["", "?region=长三角&since_days=0"],
        "/trips/plan.xlsx": ["?region=长三角&first=2026-07-01&last=2026-07-02"],
        "/workbook/returned": ["", "?id=1"],
    }
    plain = (
        "/login",
        "/password",
        "/report",
        "/boards",
        "/leader",
        "/menu",
        "/workbook",
        "/people",
        "/audit",
        "/promises",
        "/health",
        "/login/oidc",
        "/login/oidc/back",
    )
    known = {path for path, kinds in site.app.openapi()["paths"].items() if "get" in kinds}
    # What is inside a downloaded workbook: test_desk_forms.py.
    assert known == set(asked) | set(plain) | {"/download"}
    return [*plain, *(path.replace("{name}", "") + more for path, found in asked.items() for more in found)]


def test_no_byte_of_a_foreign_contact_on_any_page_for_any_role(site: Site) -> None:
    for login, (role, unit) in PEOPLE.items():
        viewer = Viewer(1, login, login, role, unit, units_of(role, unit, PARENTS))
        someone = site.browser(login)
        texts = {path: someone.get(path).text for path in pages(site)}
        for other in UNITS:
            secret = secret_of(other)
            for path, text in texts.items():
                assert secret["phone"] not in text and secret["person"] not in text, (login, path)
                if not viewer.reach("private").covers(other):
                    for private in (
                        secret["content"],
                        f"后续密约{UNITS.index(other)}",
                        f"要职{UNITS.index(other)}",
                        f"台账谈话-{other}",
                    ):
                        assert private not in text, (login, path, private)
                    assert secret["phone"][-4:] + "<" not in text
        own = [u for u in UNITS if viewer.reach("private").covers(u)]
        everything = "".join(texts.values())
        assert all(secret_of(u)["content"] in everything for u in own)


def test_answers_to_forms_leak_nothing_either(site: Site) -> None:
    for login in PEOPLE:
        someone = site.browser(login)
        units = units_of(*PEOPLE[login], PARENTS)
        for number, unit in enumerate(UNITS, start=1):
            shown = someone.post("/contacts/reveal", {"contact_id": number, "reason": "核对"}).text
            may = PEOPLE[login][0] in ("recruiter", "unit_head") and unit in units
            assert (secret_of(unit)["phone"] in shown) == may


def test_the_shared_pool_tells_whose_a_lead_is_and_no_more(site: Site) -> None:
    yi = site.browser("yi")
    page = yi.get("/lead?id=L00000").text
    assert "甲镇" in page and "在谈" in page and "开工概率" not in page and "承办" not in page
    assert "L00000" not in re.findall(r'id="lead-(L\d+)"', yi.get("/").text)
    assert "id=L00000" in yi.get("/pool?q=L00000").text
