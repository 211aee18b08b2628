"""What starts a run: the inbox once it stands still and its content is new, the clock at two."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.automation.schedules import nightly_at_two
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


def test_lock_files_and_other_kinds_are_no_ledgers(inbox: Path) -> None:
    for name in ("~$线索台账.xlsx", ".~线索台账.xlsx", "说明.docx"):
        (inbox / name).write_bytes(b"x")
    assert inbox_sizes(inbox) == {}
    assert "空" in tick(inbox, None)[2]


def test_the_clock_asks_for_the_day_at_the_office() -> None:
    late = dt.datetime(2026, 7, 1, 18, 0, tzinfo=dt.UTC)  # 02:00 on 2 July in Shanghai
    context = dg.build_schedule_context(scheduled_execution_time=late.astimezone(dt.timezone(dt.timedelta(hours=8))))
    request = nightly_at_two(context)
    assert isinstance(request, dg.RunRequest) and request.partition_key == "2026-07-02"
    assert json.dumps(nightly_at_two.cron_schedule) == '"0 2 * * *"'
    assert nightly_at_two.execution_timezone == "Asia/Shanghai"
