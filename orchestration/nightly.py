"""Run the nightly job from the command line and tell what happened (夜间运行).

Belongs here: executing the job in this process, progress while it runs, the table at its end. Does not belong here: what
the job does (defs/), where inputs are (settings.py).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.metadata import REFUSED, ROWS_IN, ROWS_OUT
from orchestration.settings import REPOSITORY, Settings

STEP_NAMES = {
    "ledgers": "接入：台账",
    "register": "接入：企业名录",
    "landing__lead_identities": "接入：线索归并",
    "chain_tables": "接入：产业链",
    "law_findings": "接入：承诺审查和政策核验",
    "facts": "加工：事实与看板",
    "features": "加工：特征",
    "learning__landing_candidate": "学习：落地模型",
    "learning__tax_candidate": "学习：税收模型",
    "active_models": "学习：启用的版本",
    "boards": "加工：进度与督查看板",
    "scores": "评分：贡献与潜客",
    "scoring__ranked_leads": "评分：排序",
    "scoring__lead_ownership": "评分：首报首谈",
    "scoring__lead_assignment": "评分：分派",
    "assessment": "评分：考核",
    "publication__snapshot": "发布",
    "publication__archive": "发布：存档",
}


STARTED_BY = "zeyou/started_by"


class AlreadyRunning(RuntimeError):
    """Another process of this installation does the same; the message is Chinese."""


@dataclass(frozen=True)
class StepRow:
    """One line of the run's table; rows that a step doesn't have are None."""

    name: str
    rows_in: int | None
    rows_out: int | None
    refused: int | None
    seconds: float


@dataclass(frozen=True)
class NightlyResult:
    """What one run left: success, the table, checks (passed, all), what failed in Chinese."""

    success: bool
    steps: list[StepRow]
    checks_passed: int
    check_count: int
    problems: list[str]
    seconds: float


def prepare_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the Dagster instance under `home/dagster`, its configuration copied from the repository."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPOSITORY / "orchestration" / "instance" / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    return dg.DagsterInstance.get()


@contextmanager
def only_one(settings: Settings, name: str) -> Iterator[None]:
    """Hold a lock of this installation; the system lets it go when the process ends, however it ends."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"{settings.home}：已有一个“{name}”在运行；请等它结束") from None
        yield


def bury_dead_runs(instance: dg.DagsterInstance, started_by: str) -> int:
    """Mark runs failed that a killed process left as started, and free the pool slots that they hold.

    Called while holding the lock of `started_by`, so whatever it left as started can't be alive. Without this, the next
    run waits for ever for the slot of the dead one.
    """
    unfinished = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
    dead = [r for r in instance.get_runs(dg.RunsFilter(statuses=unfinished)) if _starter(r) == started_by]
    for run in dead:
        instance.report_run_failed(run, "进程已中断；由下一次运行记为失败")
    ended = instance.get_runs(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]), limit=20
    )
    for run in [*dead, *(r for r in ended if _starter(r) == started_by)]:
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(dead)


def _starter(run: dg.DagsterRun) -> str:
    return run.tags.get(STARTED_BY, "ui")


class _Progress(logging.Handler):
    """One line a step and one a message of an asset; Dagster's own events stay in the UI."""

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {}) or {}
        event = meta.get("dagster_event")
        name = STEP_NAMES.get(str(meta.get("step_key")))
        message = str(meta.get("orig_message", record.getMessage()))
        # What libraries log in English (dbt's command lines) stays in the UI; our own messages are Chinese.
        if event is None and record.levelno >= logging.INFO and any("一" <= c <= "龥" for c in message):
            self._say(f"    {message}")
        elif event is not None and name and event.event_type_value == "STEP_START":
            self._say(f"  {name} …")
        elif event is not None and event.event_type_value == "STEP_UP_FOR_RETRY":
            self._say(f"  {name or meta.get('step_key')}：出错，稍后重试")

    @staticmethod
    def _say(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


@dg.logger({}, "进度 progress of a run on the terminal")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """Log progress to standard error."""
    found = logging.Logger("zeyou.progress", level=logging.DEBUG)
    found.addHandler(_Progress())
    return found


@contextmanager
def _quiet(log: Path) -> Iterator[None]:
    """Send what dbt prints to a log file: the terminal shows progress."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as stream, redirect_stdout(stream):
        yield


def run_nightly(settings: Settings, as_of: dt.date) -> NightlyResult:
    """Execute the nightly job for one as-of day; a failed gate leaves the published list as it was."""
    settings.remember()
    return run_job(settings, as_of, "nightly")


def run_job(settings: Settings, as_of: dt.date, name: str, only: Sequence[dg.AssetKey] | None = None) -> NightlyResult:
    """Execute a job for one as-of day, or `only` some of its assets with their checks."""
    from orchestration.definitions import build_defs

    started = time.perf_counter()
    with only_one(settings, "nightly"), prepare_instance(settings) as instance:
        bury_dead_runs(instance, "command")
        defs = build_defs(settings, loggers={"progress": progress_logger})
        job = defs.resolve_job_def(name)
        with _quiet(settings.home / "logs" / f"{name}-{as_of}.log"):
            result = job.execute_in_process(
                instance=instance,
                partition_key=as_of.isoformat(),
                raise_on_error=False,
                asset_selection=list(only) if only else None,
                run_config={**_set_by(job), "loggers": {"progress": {}}},
                tags={STARTED_BY: "command"},
            )
            entries = instance.all_logs(result.run_id)
    return _told(result.success, entries, time.perf_counter() - started)


def _set_by(job: dg.JobDefinition) -> Mapping[str, Any]:
    """Give the configuration that a job comes with: giving our own to Dagster would replace it."""
    return job.run_config or {}


def _reason(failure: Any) -> str:
    """Give the one line of a failure: ours as it was written, a library's with its class."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    cause = (error.cause or error) if error else None
    return str(cause.message).strip() if cause else "失败"


def _told(success: bool, entries: Sequence[dg.EventLogEntry], seconds: float) -> NightlyResult:
    rows: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    checks = []
    for entry in entries:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            continue
        step = event.step_key
        if event.event_type_value == "STEP_START":
            rows.setdefault(step, {"started": entry.timestamp})
        if event.event_type_value == "ASSET_MATERIALIZATION":
            metadata: Any = event.step_materialization_data.materialization.metadata
            for key in (ROWS_IN, ROWS_OUT, REFUSED):
                if key in metadata:
                    rows[step][key] = rows[step].get(key, 0) + int(metadata[key].value)
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            checks.append(event.asset_check_evaluation_data)
        if event.event_type_value == "STEP_FAILURE":
            problems.append(f"{STEP_NAMES.get(step, step)}：{_reason(event.step_failure_data)}")
        if event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE") and step in rows:
            rows[step]["seconds"] = entry.timestamp - rows[step]["started"]
    for check in checks:
        if not check.passed:
            place = f"{check.asset_key.to_user_string()} · {check.check_name}"
            problems.append(f"检查未通过（{check.severity.value}）{place}：{check.description or '见界面上的元数据'}")
    steps = [
        StepRow(STEP_NAMES[step], row.get(ROWS_IN), row.get(ROWS_OUT), row.get(REFUSED), row.get("seconds", 0.0))
        for step, row in rows.items()
        if step in STEP_NAMES
    ]
    passed = sum(check.passed for check in checks)
    return NightlyResult(success, steps, passed, len(checks), problems, seconds)
