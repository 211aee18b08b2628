"""The operator's page: the administrator sees what the doctor finds, nobody else does."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Any

import pytest

from orchestration import serving
from tests.integration.desk.desk_site import Site

FOUND = [
    {"name": "磁盘", "state": "ok", "line": "剩 60 GB", "fix": ""},
    {"name": "备份", "state": "bad", "line": "上次备份已过 <b>40</b> 小时", "fix": "zeyou backup"},
]


def test_the_administrator_sees_what_is_bad_first_with_its_fix(site: Site) -> None:
    site.app.state.desk.examine = lambda: FOUND
    page = site.browser("root").get("/doctor").text
    assert page.index("备份") < page.index("磁盘") and "zeyou backup" in page and "不行 1" in page
    assert "<b>40</b>" not in page and 'href="/doctor"' in site.browser("root").get("/menu").text
    for login in ("jia", "jiahead", "leader", "analyst"):
        assert site.browser(login).get("/doctor").status_code == 403


def test_a_desk_without_a_doctor_says_so(site: Site) -> None:
    root = site.browser("root")
    for examine in (None, lambda: None):
        site.app.state.desk.examine = examine
        answer = root.get("/doctor")
        assert answer.status_code == 200 and "没有查成；请在服务器上运行 zeyou doctor" in answer.text


def test_several_who_ask_at_once_wait_for_one_examination(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run(command: list[str], **_: Any) -> Any:
        asked.append(command[-2:])
        return subprocess.CompletedProcess(command, 1, json.dumps({"checks": FOUND}), "")

    monkeypatch.setattr(subprocess, "run", run)
    examination = serving.Examination()
    threads = [threading.Thread(target=examination) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [["doctor", "--json"]] and examination() == FOUND


def test_an_examination_that_fails_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 2, "", "错误"))
    assert serving.Examination()() is None
