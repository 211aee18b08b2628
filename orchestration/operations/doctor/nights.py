"""Checks of Dagster's records (夜间作业): daemon, schedules, the last night, runs that hang, pools that the dead hold.

Belongs here: what stands in Dagster's own storage. Does not belong here: files of the night (folders.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorStatus

from orchestration.defs.automation.schedules import SCHEDULES
from orchestration.operations.doctor.situation import Situation, Verdict, bad, ok, unknown
from orchestration.settings import OFFICE_ZONE

NIGHT_HOURS: Final = 27.0  # a day and the longest night
STUCK_HOURS: Final = 4.0
_UNDER_WAY: Final = [
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.CANCELING,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
]
_NOTHING_YET: Final = "还没有运行记录"


def records(situation: Situation) -> Verdict:
    """Open Dagster's own storage."""
    try:
        instance = situation.instance
        if instance is None:
            return unknown(_NOTHING_YET, "运行 zeyou run")
        count = instance.get_runs_count()
    except Exception as problem:
        place = situation.settings.dagster_home
        return bad(f"运行记录打不开（{type(problem).__name__}）", f"把 {place} 改名，再运行 zeyou run；名单不受影响")
    return ok(f"运行记录可读，共 {count} 次")


def daemon(situation: Situation) -> Verdict:
    """See whether the daemon that starts runs by the clock is alive."""
    instance = situation.instance
    if instance is None:
        return unknown(_NOTHING_YET)
    found = instance.get_daemon_statuses()
    if found and all(status.healthy for status in found.values()):
        return ok("守护进程在运行")
    beats = [status.last_heartbeat.timestamp for status in found.values() if status.last_heartbeat]
    last = f"，最后一次心跳 {_shown(max(beats))}" if beats else ""
    return situation.severe(
        f"守护进程没有运行{last}：到点不会开始夜间作业",
        "systemctl restart zeyou-daemon；没有装成服务的先 zeyou install",
    )


def schedules(situation: Situation) -> Verdict:
    """See whether the schedules are on: by a person in the UI, else as the code says."""
    is_on = dict.fromkeys(SCHEDULES, situation.service.is_installed)
    if situation.instance is not None:
        for state in situation.instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE):
            if state.name in is_on and state.status != InstigatorStatus.DECLARED_IN_CODE:
                is_on[state.name] = state.status == InstigatorStatus.RUNNING
    off = [name for name, on in is_on.items() if not on]
    if not off:
        return ok(f"{len(is_on)} 个定时都已打开")
    return situation.severe(
        f"定时没有打开：{'、'.join(off)}", "在界面 Automation 里打开；或 zeyou install（装成服务后默认打开）"
    )


def last_night(situation: Situation) -> Verdict:
    """See when the last night was, and how it ended."""
    records = _runs(situation, job_name="nightly", limit=1)
    if not records:
        return unknown("还没有运行过夜间作业", "运行 zeyou run")
    run = records[0]
    when = _shown(run.create_timestamp.timestamp())
    if run.dagster_run.status in _UNDER_WAY:
        return ok(f"夜间作业正在运行，{when} 开始")
    if run.dagster_run.status != dg.DagsterRunStatus.SUCCESS:
        return bad(f"上一夜（{when}）没有做完", "zeyou alert 或界面 Runs 里看原因，改好后 zeyou run")
    hours = situation.hours_since(run.create_timestamp)
    if hours > NIGHT_HOURS:
        return situation.severe(
            f"上一夜是 {when}，已过 {hours:.0f} 小时", "看“守护进程”和“定时”两项；补一次：zeyou run"
        )
    return ok(f"上一夜 {when}，做完了")


def stuck_runs(situation: Situation) -> Verdict:
    """Look for runs that are under way for too long."""
    stuck = [run for run in _runs(situation, statuses=_UNDER_WAY) if _hours(situation, run) > STUCK_HOURS]
    if not stuck:
        return ok("没有卡住的作业")
    first = stuck[-1]
    line = f"{len(stuck)} 个作业超过 {STUCK_HOURS:.0f} 小时没有结束，最早的是 {first.dagster_run.job_name}（{_shown(first.create_timestamp.timestamp())}）"
    return bad(line, "在界面 Runs 里终止它；或 systemctl restart zeyou-daemon，它会把断掉的作业记为失败")


def pools(situation: Situation) -> Verdict:
    """Look for places in pools that are held by runs which have ended: the next run would wait for them for ever."""
    instance = situation.instance
    if instance is None:
        return unknown(_NOTHING_YET)
    alive = {run.dagster_run.run_id for run in _runs(situation, statuses=_UNDER_WAY)}
    storage = instance.event_log_storage
    held = [key for key in storage.get_concurrency_keys() if storage.get_concurrency_info(key).active_run_ids - alive]
    if not held:
        return ok("没有被占住的名额")
    return bad(
        f"名额被已经结束的作业占住：{'、'.join(sorted(held))}",
        "再运行一次 zeyou run（它会释放）；或 systemctl restart zeyou-daemon",
    )


def _runs(situation: Situation, limit: int | None = None, **wanted: Any) -> list[dg.RunRecord]:
    if situation.instance is None:
        return []
    return list(situation.instance.get_run_records(dg.RunsFilter(**wanted), limit=limit))


def _hours(situation: Situation, run: dg.RunRecord) -> float:
    return situation.hours_since(run.create_timestamp)


def _shown(timestamp: float) -> str:
    return f"{dt.datetime.fromtimestamp(timestamp, OFFICE_ZONE):%m-%d %H:%M}"
