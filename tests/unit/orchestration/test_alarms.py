"""Alarms: what fails is told to whoever is on duty, once, in Chinese, without anybody's name."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from healthy_place import Place, free_port, healthy, situation_of

from desk.notices.recipients import Recipient
from desk.store.database import open_engine, sessions
from desk.store.models import Notice
from orchestration.command_line import main
from orchestration.operations.alarms import WATCHED, Alarm, alarms, queue
from orchestration.operations.backup import Backup, remember
from orchestration.operations.doctor import CHECKS, machine

OPERATOR = Recipient("值守", "mail", "a@example.gov.cn")
SECRET = "张三 13800001234 某某机密公司"


@dg.asset(key=["scoring", "ranked_leads"])
def ranked() -> None:
    """An asset whose gate is red."""


@dg.asset_check(asset=ranked, blocking=True)
def suite_holds() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description=SECRET)


@dg.op(name="ledgers")
def broken() -> None:
    raise RuntimeError(SECRET)


@dg.job(name="nightly")
def failing() -> None:
    broken()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return healthy(tmp_path_factory.mktemp("alarms") / "home").home


@pytest.fixture
def place(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    import shutil

    shutil.copytree(original, tmp_path / "home", symlinks=True)
    found = Place(situation_of(tmp_path / "home"), monkeypatch)
    found.situation = replace(found.situation, now=dt.datetime.now(dt.UTC))
    return found


def told(place: Place) -> dict[str, str]:
    return {alarm.subject.removeprefix("择优："): alarm.body for alarm in alarms(place.situation)}


def test_what_is_watched_is_checked() -> None:
    assert set(CHECKS) >= WATCHED


def test_a_run_that_failed_is_told_with_step_and_gate_but_without_what_stood_in_the_data(place: Place) -> None:
    instance = place.situation.instance
    assert instance is not None
    failing.execute_in_process(instance=instance, raise_on_error=False)
    dg.materialize([ranked, suite_holds], instance=instance, raise_on_error=False)
    bodies = [alarm.body for alarm in alarms(place.situation) if "失败" in alarm.subject]
    assert len(bodies) == 2
    assert any("作业 nightly" in body and "出错的步骤：接入：台账" in body for body in bodies)
    assert any("关卡未通过：scoring/ranked_leads · suite_holds" in body for body in bodies)
    assert all(word not in body for body in bodies for word in SECRET.split())


def test_a_failure_of_last_week_is_not_told(place: Place) -> None:
    place.run(dg.DagsterRunStatus.FAILURE)
    assert any("失败" in subject for subject in told(place))
    place.later(days=7)
    assert not any("失败" in subject for subject in told(place))


def test_list_late_backup_late_disk_low_and_a_run_that_hangs_are_told_with_the_fix(place: Place) -> None:
    remember(place.home, "last.json", Backup(place.situation.now - dt.timedelta(hours=30), "x", "x", 1, 1))
    place.patch.setattr(machine, "free_space", lambda folder: 1 << 20)
    place.run(dg.DagsterRunStatus.STARTED)
    place.later(hours=5)
    found = told(place)
    assert {"名单日期", "备份", "磁盘", "卡住的作业"} <= found.keys()
    assert all("怎么办：" in body for subject, body in found.items() if subject in CHECKS)


def outbox(place: Place) -> list[tuple[str, str]]:
    engine = open_engine(place.situation.desk.database_url)
    with sessions(engine)() as session:
        found = list(session.execute(sa.select(Notice.address, Notice.subject).order_by(Notice.notice_id)).tuples())
    engine.dispose()
    return found


def test_each_is_queued_once_for_each_operator(place: Place) -> None:
    engine = open_engine(place.situation.desk.database_url)
    make, now = sessions(engine), place.situation.now
    other = replace(OPERATOR, address="b@example.gov.cn")
    first, second = Alarm("run|1", "择优：一", "一"), Alarm("run|2", "择优：二", "二")
    assert queue(make, [first], [OPERATOR], now) == [first]
    assert queue(make, [first], [OPERATOR], now) == []
    assert set(queue(make, [first, second], [OPERATOR, other], now)) == {first, second}
    assert sorted(outbox(place)) == sorted(
        [(a.address, alarm.subject) for a in (OPERATOR, other) for alarm in (first, second)]
    )
    assert queue(make, [first, second], [OPERATOR, other], now) == []
    assert queue(make, [], [OPERATOR], now) == queue(make, [first], [], now) == []
    engine.dispose()


@pytest.fixture
def robot() -> Iterator[tuple[str, list[Any], list[int]]]:
    """A robot on this machine: what it was sent, and the errcodes that it answers with next."""
    received: list[Any] = []
    answers: list[int] = []

    class Robot(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"errcode": answers.pop(0) if answers else 0}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    port = free_port()
    server = http.server.HTTPServer(("127.0.0.1", port), Robot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{port}/send", received, answers
    server.shutdown()
    server.server_close()


def test_the_command_sends_and_what_did_not_go_goes_the_next_time(
    place: Place, robot: tuple[str, list[Any], list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    address, received, answers = robot
    notices = place.home / "desk" / "notices.yaml"
    notices.write_text(f'operators:\n  - {{channel: wecom, address: "{address}"}}\n', encoding="utf-8")
    place.patch.setenv("ZEYOU_HOME", str(place.home))
    place.patch.setattr("orchestration.operations.alarms.WATCHED", frozenset[str]())
    assert main(["alert"]) == 0 and "没有要提醒的" in capsys.readouterr().out
    place.run(dg.DagsterRunStatus.FAILURE)
    answers.append(93000)
    assert main(["alert"]) == 1
    assert main(["alert"]) == 0
    assert main(["alert"]) == 0
    assert len(received) == 2 and "nightly 失败" in received[1]["markdown"]["content"]


def test_with_nobody_on_duty_the_command_fails_so_that_the_unit_is_red(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.home / "desk" / "notices.yaml").unlink()
    place.patch.setenv("ZEYOU_HOME", str(place.home))
    place.patch.setattr("orchestration.operations.alarms.WATCHED", frozenset[str]())
    place.run(dg.DagsterRunStatus.FAILURE)
    assert main(["alert"]) == 1 and "operators" in capsys.readouterr().err
