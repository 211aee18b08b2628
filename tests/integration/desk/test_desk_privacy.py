"""For every page and every role: not a byte of another unit's contacts or talks, and nothing of its leads' ranks."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from desk.access import Viewer, units_of
from tests.integration.desk.desk_site import (
    CHEAP,
    PEOPLE,
    UNITS,
    Site,
    build_site,
    ledger_id,
    publish_list,
    ranking,
    secret_of,
)

PARENTS = {"甲镇": None, "乙街道": "甲镇", "丙园区": None}


def pages(site: Site) -> list[str]:
    """Every address that may be asked for, with every lead, unit, board and node; a new route must be listed here."""
    leads = [f"L{number:05d}" for number in range(6)]
    asked = {
        "/morning": [""],
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
        "/layouts": ["", "?done=好"],
        "/layouts/file": ["", f"?id={ledger_id(site.home)}&sheet=Sheet1"],
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
        "/doctor",
        "/promises",
        "/questions",
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


def seen_by(site: Site, login: str) -> dict[str, str]:
    """Everything that somebody can read, made comparable: names of lists, tokens and marks of forms are random."""
    someone, snapshot = site.browser(login), site.app.state.desk.lists.current().snapshot_id
    found = {path: someone.get(path).text for path in pages(site) if ".xlsx" not in path}
    for first in ("/pool", "/pool?unit=甲镇", "/pool?q=膜材料"):
        at = first
        for number in range(20):
            text = found[f"{first} page {number}"] = someone.get(at).text
            onward = re.search(r'rel="next" href="([^"]+)"', text)
            if onward is None:
                break
            at = onward[1].replace("&amp;", "&")
    firm = {"enterprise_name": "云川7号材料有限公司", "project_name": "新项目", "client_id": "report-0001"}
    found["report"] = someone.post("/report", firm).text
    books = [path for path in pages(site) if ".xlsx" in path] + [
        f"/download?view={v}" for v in ("list", "pool", "unit")
    ]
    for path in books:
        sheet = openpyxl.load_workbook(io.BytesIO(someone.get(path).content)).worksheets[0]
        found[path] = str([[cell.value for cell in row] for row in sheet.iter_rows()])
    random = re.compile(r'name="(form_token|client_id)" value="[^"]+"|[0-9a-f]{20,}')
    return {path: random.sub("…", text.replace(snapshot, "SNAPSHOT")) for path, text in found.items()}


def test_what_is_shown_to_a_unit_does_not_depend_on_the_ranks_of_other_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.login._HASHER", CHEAP)
    day, own = dt.date(2026, 6, 30), PEOPLE["yi"][1]
    frame = ranking(day, 90)
    frame.loc[frame.index[-6:], ["rank", "band", "score"]] = pd.NA, None, float("nan")  # not ranked: at the end
    places = frame.index[frame["unit_name"] != own]
    ranks = [c for c in frame.columns if c in ("rank", "band", "score", "reasons") or c.startswith("landing_")]
    other = frame.copy()
    # The others' leads change places among themselves: the best of them is the worst now, reported or not.
    for column in frame.columns.difference(ranks):
        other.loc[places, column] = frame.loc[places[::-1], column].to_numpy()
    seen, leaders = [], []
    for name, given in (("one", frame), ("other", other)):
        publish_list(tmp_path / name, day, frame=given)
        site = build_site(tmp_path / name, f"sqlite:///{tmp_path / name / 'desk.sqlite'}")
        leaders.append(re.findall(r'id="lead-(L[0-9]+)"', site.browser("leader").get("/").text))
        seen.append(seen_by(site, "yi"))
        site.app.state.desk.engine.dispose()
    assert [path for path in seen[0] if seen[0][path] != seen[1][path]] == []
    assert "云川7号" in seen[0]["report"] and leaders[0] != leaders[1]
