"""Every parameter of every route with hostile values: a page or a refusal in Chinese under the policy, never an error of the server.

The routes and their parameters come from the application itself; what is right for each stands in RIGHT, and the hostile values are
made from it: values made at random rarely come past the first check (test_desk_openapi sends those).
"""

from __future__ import annotations

import dataclasses
import ipaddress
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi.testclient import TestClient

from desk.guards import POLICY
from publishing.boards import all_boards
from tests.integration.desk.desk_site import PASSWORD, Browser, Site, ledger_id

LAST = ("/people/activity", "/contacts/delete", "/contacts/refuse", "/leads/refuse")  # what they do can't be undone
RIGHT: dict[str, str] = {
    "q": "膜材料", "question": "owes", "unit": "甲镇", "name": "units", "band": "B", "stage": "在谈", "chain": "反渗透与纳滤膜", "only": "moved", "mine": "1",
    "view": "list", "node": "water.ro", "region": "长三角", "first": "2026-07-01", "last": "2026-07-02", "since_days": "30", "who": "all",
    "since": "2026-01", "until": "2026-06", "indicator": "跟进次数", "zero": "1", "id": "L00000", "next": "/pool?q=1", "code": "good",
    "state": "x1", "login": "new1", "password": PASSWORD, "old": "wrong1", "new": "a better password 1", "again": "a better password 1",
    "person_name": "新人1", "role": "recruiter", "unit_name": "甲镇", "lead_capacity": "30", "person_id": "2", "is_active": "true",
    "lead_id": "L00003", "client_id": "hostile-0001", "word": "有意向", "reason": "愿意面谈", "seen_event_id": "0", "back": "/?q=1",
    "event_id": "1", "follow_up_date": "2026-06-29", "method": "电话", "led_by": "工作人员", "result": "有意向", "content": "谈1",
    "next_step": "再谈1", "next_step_date": "2026-07-05", "to_unit": "乙街道", "is_accepted": "true", "person": "某1", "phone": "13900001111",
    "source": "名片1", "position": "经理1", "contact_id": "1", "view_name": "视图1", "query": "q=1", "view_id": "1", "text": "先征后返1",
    "project_name": "项目1", "enterprise_name": "企业1", "uscc": "91110000802100433B", "as_new_project": "true", "kind": "held", "key": "held00",
}  # fmt: skip

# Of the page 台账版式, where names mean something else; `act` is what changes nothing.
OF_LAYOUTS = {
    "sheet": "Sheet1", "act": "try", "ledger": "leads", "first": "1", "last": "1", "field": "项目名称", "shown": "leads 1 1", "unit": "万元",
    "done": "好1", "problem": "不行1", "question": "0123456789ab", "key": "自编-1",
}  # fmt: skip


FAR = ("0001-01-01", "9999-12-31", "0001-01", "9999-12")
DAY_OR_MONTH = re.compile("[0-9]{4}-[0-9]{2}(-[0-9]{2})?")


def hostile(right: str, is_stored: bool) -> Iterator[str]:
    """Make hostile values out of a right one; `is_stored` gives those that only a database may choke on."""
    if is_stored:
        yield from (right + "\x00", "9" * 20)
        return
    yield from ("", "\ud800\x00", right + "²", "-1", "9" * 5_000, (right * 5_000)[:5_000])
    if right.startswith("/"):
        yield from ("//[", "/\\x", "//x@y")
    if DAY_OR_MONTH.fullmatch(right):
        yield from FAR
    if re.search("[0-9]", right):
        yield from (re.sub("[0-9]+", other, right) for other in ("²", "٣", "9" * 20))


Values = dict[str, dict[str, str]]


def asked(site: Site) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Give every route: method, path, and of each parameter where it stands and its name; boards with the columns to choose by."""
    description = site.app.openapi()
    for path, kinds in description["paths"].items():
        for method, found in kinds.items():
            fields = [(p["in"], p["name"]) for p in found.get("parameters", ())]
            for content in found.get("requestBody", {}).get("content", {}).values():
                name = content["schema"]["$ref"].rpartition("/")[2]
                fields += [("form", field) for field in description["components"]["schemas"][name]["properties"]]
            yield method.upper(), path, fields
    for board in [board for board in all_boards() if board.is_page and board.choose][:3]:  # one page draws them all
        yield "GET", f"/boards/{board.name}", [("query", column) for column, _ in board.choose]


def sent(someone: Browser, method: str, path: str, values: Values) -> Any:
    def written(given: dict[str, str]) -> str:
        return urlencode(given, errors="surrogatepass")

    for name, value in values["path"].items():
        path = path.replace(f"{{{name}}}", quote(value, safe="", errors="surrogatepass"))
    address, form = f"{path}?{written(values['query'])}", values["form"]
    if "file" in form:
        name = form.pop("file").encode("utf-8", "replace").decode()[:300]
        return someone.client.post(address, data={"form_token": someone.token}, files={"file": (name, b"PK\x03\x04")})
    headers = {"content-type": "application/x-www-form-urlencoded"} if method == "POST" else {}
    return someone.client.request(method, address, content=written(form) if form else None, headers=headers)


def assert_held(answer: Any, told: Any) -> None:
    assert answer.status_code < 500, told
    assert answer.headers["content-security-policy"] == POLICY, told
    if answer.status_code >= 400 and "/static/" not in str(answer.request.url):
        assert re.search("[一-龥]", answer.text), told


def test_no_value_of_any_parameter_breaks_a_page(site: Site) -> None:
    is_stored = site.app.state.desk.engine.dialect.name == "postgresql"
    head, root, analyst, count = site.browser("jiahead"), site.browser("root"), site.browser("analyst"), 0
    snapshot = site.app.state.desk.lists.current().snapshot_id
    right = {**RIGHT, "after": f"{snapshot}.5", "file": "回填.xlsx"}
    right |= {column: "全区" for board in all_boards() for column, _ in board.choose}
    seen = set[str]()
    with head.client, root.client, analyst.client:
        for method, path, fields in sorted(asked(site), key=lambda route: route[1] in LAST):
            is_layouts = path.startswith("/layouts")
            someone = root if path.startswith(("/people", "/audit")) else analyst if is_layouts else head
            of_route = {**right, "form_token": someone.token, **({"name": "甲镇"} if path == "/unit" else {})}
            of_route |= {**OF_LAYOUTS, "id": ledger_id(site.home)} if is_layouts else {}
            assert {name for _, name in fields} <= set(of_route), f"{path}: RIGHT needs a right value"
            for kind, name in fields:
                if name == "form_token" and name in seen:  # read in one place for all forms
                    continue
                seen.add(name)
                for value in hostile(of_route[name], is_stored):
                    # Beside right values, and what may be far also where the rest is left out or as far.
                    for beside in ("right", "nothing", "as far")[: 3 if value in FAR else 1]:
                        values: Values = {"path": {}, "query": {}, "form": {}}
                        for other_kind, other in fields if beside != "nothing" else ():
                            is_far = beside == "as far" and DAY_OR_MONTH.fullmatch(of_route[other])
                            values[other_kind][other] = value if is_far else of_route[other]
                        values[kind][name] = value
                        assert_held(sent(someone, method, path, values), (path, name, value[:40], beside))
                        count += 1
    assert count > (250 if is_stored else 800), count


HEADERS: dict[bytes, tuple[bytes, ...]] = {
    b"host": (b"[", b"a[b", b"", b"\xff", b"127.0.0.1:99999999", b"x" * 5_000),
    b"cookie": (b"zeyou_desk=\xff; zeyou_browser=\x01", b"zeyou_desk=", b"=;=;", b"zeyou_browser=" + b"x" * 5_000),
    b"content-length": (b"\xb2", b"-1", b"9" * 5_000, b"1e3", b""),
    b"range": (
        b"bytes=\xb2-",
        b"bytes=9" + b"9" * 5_000 + b"-",
        b"bytes=5-1",
        b"bytes=-",
        b"lines=1",
        b"bytes=0-1,2-3," * 400,
    ),
    b"if-modified-since": (b"\xff", b"Mon, 99 Zzz 99999 99:99:99 GMT", b"9" * 5_000),
    b"origin": (b"null", b"http://[", b"\xff"),
    b"x-forwarded-for": (b"\xb2", b"," * 5_000, b"1.2.3.4.5", b"[::"),
    b"forwarded": (b'for="', b";;,;=", b"for=" * 999),
    b"x-forwarded-proto": (b"\xff", b","),
}


def test_no_header_breaks_a_page(site: Site) -> None:
    desk = site.app.state.desk
    desk.settings = dataclasses.replace(desk.settings, proxy_networks=(ipaddress.ip_network("10.1.0.0/16"),))
    client = TestClient(
        site.app,
        base_url="http://127.0.0.1",
        client=("10.1.0.1", 1),
        raise_server_exceptions=False,
        follow_redirects=False,
    )
    with client:
        for name, values in HEADERS.items():
            for value in values:
                for method, path in (("GET", "/"), ("GET", "/login"), ("GET", "/static/desk.css"), ("POST", "/login")):
                    form = {"data": {"login": "jia", "password": "wrong"}} if method == "POST" else {}
                    request = client.build_request(method, path, **form)
                    others = [(k, v) for k, v in request.headers.raw if k.lower() != name]
                    request.headers = httpx.Headers([*others, (name, value)])
                    assert_held(client.send(request), (method, path, name, value[:40]))


CODECS = (
    "unicode_escape",
    "raw_unicode_escape",
    "utf-16",
    "utf-7",
    "idna",
    "undefined",
    "punycode",
    "a\x00b",
    "²",
    "zlib",
    "cp037",
)


def test_a_form_that_names_any_codec_of_python_breaks_nothing(site: Site) -> None:
    someone = site.browser("jia")
    part = b'--x\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    half = rb"\ud800 0123456789"
    fields = {b"form_token": someone.token.encode(), b"old": half, b"new": half, b"again": half}
    body = b"".join(part % pair for pair in fields.items()) + b"--x--\r\n"
    with someone.client:
        for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
            for codec in CODECS:
                for spelt in (f"{kind}; charset={codec}", f'{kind};Charset = "{codec}"', f"{kind}; charset*={codec}"):
                    headers = [(b"content-type", spelt.encode("latin-1", "replace"))]
                    assert_held(someone.client.post("/password", content=body, headers=headers), spelt)
        for kind in (
            b"",
            b"multipart/form-data",
            b"multipart/form-data; boundary=",
            b"application/json",
            b"multipart/form-data; boundary=\xff",
        ):
            for sent_body in (body, b"", b"{", b"[1]", b"\xff", b"--x\r\n\r\n--x--"):
                answer = someone.client.post("/password", content=sent_body, headers=[(b"content-type", kind)])
                assert_held(answer, (kind, sent_body[:10]))
        chance = random.Random(16)
        for _ in range(40):
            broken = bytearray(body)
            for _ in range(chance.randint(1, 4)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            for path in ("/password", "/workbook"):
                headers = [(b"content-type", b"multipart/form-data; boundary=x")]
                assert_held(someone.client.post(path, content=bytes(broken), headers=headers), (path, bytes(broken)))


def test_an_error_of_the_server_is_told_in_chinese_under_the_policy(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = site.browser("jia")
    monkeypatch.setattr(site.app.state.desk.lists, "current", lambda: 1 // 0)
    for answer in (
        someone.get("/"),
        someone.get("/login"),
        someone.post("/undo", {"event_id": 1, "client_id": "undo-0001"}),
    ):
        assert answer.status_code == 500 and "系统出错" in answer.text and "division" not in answer.text
        assert answer.headers["content-security-policy"] == POLICY and answer.headers["cache-control"] == "no-store"
