"""Alarms (值守提醒): what whoever is on duty must know within minutes, each told once.

Belongs here: what is an alarm, and queueing it in the desk's outbox. Does not belong here: checks (doctor/), channels (desk/notices).

An alarm holds names of jobs and of checks, never a person's or a firm's: the lines of a failed run are counted and stay in the log and the UI.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from desk.actions import locked
from desk.notices.recipients import Recipient
from desk.store.models import Notice
from orchestration.nightly import STEP_NAMES
from orchestration.operations.doctor import Situation, examine
from orchestration.settings import OFFICE_ZONE

# What of the doctor's checks wakes somebody; the others wait until somebody looks.
WATCHED: Final = frozenset({"磁盘", "名单日期", "守护进程", "卡住的作业", "办公桌数据库", "备份", "恢复演练"})
LOOKED_BACK: Final = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Alarm:
    """One thing to tell. `key` is the same as long as it is the same thing: told once."""

    key: str
    subject: str
    body: str


def alarms(situation: Situation) -> list[Alarm]:
    """Return what is to be told now, whether or not it was told already."""
    return [*_failed_runs(situation), *_bad_checks(situation)]


def _bad_checks(situation: Situation) -> Iterator[Alarm]:
    """Tell what the doctor finds bad, once a day."""
    for found in examine(situation, only=WATCHED):
        if found.state == "bad":
            yield Alarm(f"{found.name}|{situation.today}", f"择优：{found.name}", f"{found.line}\n怎么办：{found.fix}")


def _failed_runs(situation: Situation) -> Iterator[Alarm]:
    """Tell every run that failed, with the steps that failed and the gates that are red."""
    instance = situation.instance
    if instance is None:
        return
    wanted = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=situation.now - LOOKED_BACK)
    for record in instance.get_run_records(wanted):
        run = record.dagster_run
        started = record.create_timestamp.astimezone(OFFICE_ZONE)
        steps, gates = _what_failed(instance, run.run_id)
        lines = [f"作业 {run.job_name}（{started:%m-%d %H:%M} 开始）没有做完，名单保持原样。"]
        lines += [f"关卡未通过：{'、'.join(gates)}"] if gates else []
        lines += [f"出错的步骤：{'、'.join(steps)}"] if steps else []
        lines.append(f"原因见界面 Runs（{run.run_id[:8]}）或数据目录的 logs；改好后 zeyou run。")
        yield Alarm(f"run|{run.run_id}", f"择优：{run.job_name} 失败", "\n".join(lines))


def _what_failed(instance: dg.DagsterInstance, run_id: str) -> tuple[list[str], list[str]]:
    steps, gates = [], []
    wanted = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    for entry in instance.all_logs(run_id, of_type=wanted):
        event = entry.get_dagster_event()
        if event.event_type == dg.DagsterEventType.STEP_FAILURE:
            steps.append(STEP_NAMES.get(str(event.step_key), str(event.step_key)))
            continue
        check = event.asset_check_evaluation_data
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            gates.append(f"{check.asset_key.to_user_string()} · {check.check_name}")
    return steps, gates


def queue(
    sessions: sessionmaker[Session], found: list[Alarm], operators: list[Recipient], now: dt.datetime
) -> list[Alarm]:
    """Write alarms into the outbox for every operator, each once; return those that were new to somebody."""
    if not found or not operators:
        return []
    notices = {}
    for alarm in found:
        for operator in operators:
            text = f"alarm|{alarm.key}|{operator.channel}|{operator.address}"
            notices[hashlib.sha256(text.encode()).hexdigest()] = (alarm, operator)
    new = []
    with sessions() as session:
        locked(session, "notices")
        known = set(session.scalars(sa.select(Notice.digest_key).where(Notice.digest_key.in_(notices))))
        for key, (alarm, operator) in notices.items():
            if key in known:
                continue
            new.append(alarm)
            session.add(
                Notice(
                    digest_key=key, channel=operator.channel, address=operator.address, subject=alarm.subject[:128],
                    body=alarm.body, created_at=now, attempt_count=0,
                )
            )  # fmt: skip
        session.commit()
    return list(dict.fromkeys(new))
