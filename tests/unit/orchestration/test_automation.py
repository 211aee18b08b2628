"""What starts a run: the inbox once it stands still and its content is new, the clock at two."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from orchestration.defs.automation.schedules import SCHEDULES, schedules_for
from orchestration.defs.automation.sensors import inbox_changed, inbox_key, inbox_sizes
from orchestration.resources import Workplace


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def tick(inbox: Path, cursor: str | None) -> tuple[list[str], str | None, str]:
    """One tick of the sensor: run keys, the new cursor, why it skipped."""
    place = Workplace(home=str(inbox.parent), inbox=str(inbox))
    result = inbox_changed(dg.build_sensor_context(cursor=cursor), workplace=place)
    if isinstance(result, dg.SkipReason):
        return [], cursor, str(result.skip_message)
    assert isinstance(result, dg.SensorResult)
    keys = [str(request.run_key) for request in result.run_requests or []]
    return keys, result.cursor, str(result.skip_reason.skip_message if result.skip_reason else "")


def test_a_file_being_copied_waits_and_then_starts_one_run(inbox: Path) -> None:
    assert tick(inbox, None)[0] == []
    ledger = inbox / "线索台账.xlsx"
    ledger.write_bytes(b"first half")
    keys, cursor, why = tick(inbox, None)
    assert keys == [] and "稳定" in why
    ledger.write_bytes(b"first half and the second")
    keys, cursor, _ = tick(inbox, cursor)
    assert keys == []
    keys, cursor, _ = tick(inbox, cursor)
    assert keys == [f"inbox-{inbox_key(inbox)}"]
    for _ in range(2):
        keys, cursor, why = tick(inbox, cursor)
        assert keys == [] and "没有变化" in why


def test_the_same_content_again_starts_nothing(inbox: Path) -> None:
    ledger = inbox / "线索台账.xlsx"
    ledger.write_bytes(b"content")
    cursor = tick(inbox, None)[1]
    keys, cursor, _ = tick(inbox, cursor)
    assert len(keys) == 1
    ledger.rename(inbox / "线索台账（再发）.xlsx")
    _, cursor, _ = tick(inbox, cursor)
    keys, cursor, _ = tick(inbox, cursor)
    assert keys == []


def test_content_a_b_and_a_again_start_three_runs(inbox: Path) -> None:
    cursor, keys = None, []
    for at, content in enumerate((b"a", b"b", b"a")):
        (inbox / "线索台账.xlsx").write_bytes(content)
        os.utime(inbox / "线索台账.xlsx", (1_700_000_000 + at, 1_700_000_000 + at))
        cursor = tick(inbox, cursor)[1]
        started, cursor, _ = tick(inbox, cursor)
        keys += started
    assert len(set(keys)) == 3


def test_lock_files_and_other_kinds_are_no_ledgers(inbox: Path) -> None:
    for name in ("~$线索台账.xlsx", ".~线索台账.xlsx", "说明.docx"):
        (inbox / name).write_bytes(b"x")
    assert inbox_sizes(inbox) == {}
    assert "空" in tick(inbox, None)[2]


def test_the_clock_asks_for_the_day_at_the_office() -> None:
    late = dt.datetime(2026, 7, 1, 18, 0, tzinfo=dt.UTC)  # 02:00 on 2 July in Shanghai
    context = dg.build_schedule_context(scheduled_execution_time=late.astimezone(dt.timezone(dt.timedelta(hours=8))))
    nightly = next(schedule for schedule in schedules_for(False) if schedule.name == "nightly_at_two")
    request = nightly(context)
    assert isinstance(request, dg.RunRequest) and request.partition_key == "2026-07-02"
    assert json.dumps(nightly.cron_schedule) == '"0 2 * * *"'
    assert nightly.execution_timezone == "Asia/Shanghai"


def test_each_schedule_asks_for_a_partition_that_there_is() -> None:
    """The first of a quarter, at the hour of each schedule: 1 July is also the first of a month."""
    keys = {}
    for schedule in schedules_for(False):
        minute, hour = (int(part) for part in str(schedule.cron_schedule).split()[:2])
        moment = dt.datetime(2026, 7, 1, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))
        request = schedule(dg.build_schedule_context(scheduled_execution_time=moment))
        assert isinstance(request, dg.RunRequest)
        keys[schedule.name] = request.partition_key
        assert schedule.job.partitions_def.has_partition_key(request.partition_key), schedule.name  # type: ignore[union-attr]
    assert keys == {
        "nightly_at_two": "2026-07-01",
        "retraining_on_the_first": "2026-07-01",
        "quarterly_on_the_first": "2026-04-01",
        "monthly_on_the_first": "2026-07-01",
    }


def test_schedules_are_on_in_an_installed_service_only() -> None:
    for is_installed, status in ((True, "RUNNING"), (False, "STOPPED")):
        assert {s.default_status.name for s in schedules_for(is_installed)} == {status}
        assert tuple(s.name for s in schedules_for(is_installed)) == SCHEDULES
