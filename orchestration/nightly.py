"""Run the nightly job from the command line and tell what happened (夜间运行).

Belongs here: executing the job in this process, progress while it runs, the table at its end. Does not belong here: what
the job does (defs/), where inputs are (settings.py).
"""

from __future__ import annotations

import datetime as dt
import io
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import dagster as dg
from filelock import FileLock, Timeout

import office
from intake.contract import get_contract
from intake.landing import LandingStore, is_ledger
from office import read_district
from orchestration.endings import (
    GATE,
    LEDGERS,
    UNKNOWN,
    Busy,
    Ending,
    NoLedgers,
    Refused,
    disk_line,
    ending_of,
    forget_old_logs,
    free_space,
    texts_of_step,
)
from orchestration.landing_office import LANDED, require_office
from orchestration.metadata import FAULT, REFUSED, ROWS_IN, ROWS_OUT
from orchestration.partitions import FIRST_DAY
from orchestration.quality.suites import REQUIRED
from orchestration.register_limits import LIMITS, NO_PROSPECTS, RegisterLimits, read_note, stamp_of, write_note
from orchestration.resources import workplace_of
from orchestration.settings import REPOSITORY, Settings, office_today
from orchestration.stopping import ends_when_deleted, hold_while_ending
from orchestration.warehouse import set_aside, warehouse_path

STEP_NAMES = {
    "office_settings": "接入：本区设置",
    "ledgers": "接入：台账",
    "register": "接入：企业名录",
    "landing__lead_identities": "接入：线索归并",
    "chain_tables": "接入：产业链",
    "law_findings": "接入：承诺审查和政策核验",
    "facts": "加工：事实",
    "features": "加工：特征",
    "learning__landing_candidate": "学习：落地模型",
    "learning__tax_candidate": "学习：税收模型",
    "active_models": "学习：启用的版本",
    "boards": "加工：看板与名录",
    "scores": "评分：得分与理由",
    "scoring__ranked_leads": "评分：排序",
    "scoring__lead_ownership": "评分：首报首谈",
    "list_changes": "评分：名单变动",
    "scoring__lead_assignment": "评分：分派",
    "scoring__said_and_came": "评分：说与成真",
    "assessment": "评分：考核",
    "publication__snapshot": "发布",
    "publication__archive": "发布：存档",
    "publication__wall_chart": "发布：挂图",
    "publication__quarterly_bulletin": "发布：季通报",
    "publication__dispatch_pack": "发布：调度会材料",
    "publication__frozen_assessment": "发布：考核冻结",
}


LEAST_TO_START = 100 << 20  # the parsed SQL project and an empty warehouse take about that
STARTED_BY = "zeyou/started_by"


FICTIONS = {"registry": "模型", "identity": "企业编号"}
LOCKS = {"nightly": "夜间作业（或重新评分、训练）", "ui": "界面（或守护进程）", "backup": "备份"}


class AlreadyRunning(Busy):
    """Another process of this installation does the same."""


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
    """What one run left: success, the table, checks (passed, all), what failed in Chinese, the kinds of its errors, and why it
    ended without a list.
    """

    success: bool
    steps: list[StepRow]
    checks_passed: int
    check_count: int
    problems: list[str]
    seconds: float
    faults: frozenset[str] = frozenset()
    ending: Ending | None = None


def prepare_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the Dagster instance under `home/dagster`, its configuration copied from the repository."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPOSITORY / "orchestration" / "instance" / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    return dg.DagsterInstance.get()


@contextmanager
def only_one(settings: Settings, name: str) -> Iterator[None]:
    """Hold a lock of this installation; the system lets it go when the process ends, however it ends."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.home / f"{name}.lock"
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        holder = f"（进程 {number}）" if (number := path.read_text(encoding="ascii").strip()) else ""
        raise AlreadyRunning(f"{settings.home}：已有一个{LOCKS[name]}在运行{holder}；请等它结束") from None
    with lock, path.open("w", encoding="ascii") as file:
        file.write(str(os.getpid()))
        file.flush()
        with ends_when_deleted(
            file, f"数据目录 {settings.home} 在运行中被删除或移走，已停止；请放回（或从备份恢复），再运行"
        ):
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


_terminal: TextIO | None = None  # standard error while it goes to a log


def _say(line: str) -> None:
    terminal = _terminal or sys.stderr
    terminal.write(line + "\n")
    terminal.flush()


class _Progress(logging.Handler):
    """One line a step and one a message of an asset; Dagster's own events stay in the UI."""

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {}) or {}
        event = meta.get("dagster_event")
        name = STEP_NAMES.get(str(meta.get("step_key")))
        message = str(meta.get("orig_message", record.getMessage()))
        # What libraries log in English (dbt's command lines) stays in the UI; our own messages are Chinese.
        if event is None and record.levelno >= logging.INFO and any("一" <= c <= "龥" for c in message):
            _say(f"    {message}")
        elif event is not None and name and event.event_type_value == "STEP_START":
            _say(f"  {name} …")
        elif event is not None and event.event_type_value == "STEP_UP_FOR_RETRY":
            _say(f"  {name or meta.get('step_key')}：出错，稍后重试")


@dg.logger({}, "进度 progress of a run on the terminal")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """Log progress to standard error."""
    found = logging.Logger("zeyou.progress", level=logging.DEBUG)
    found.addHandler(_Progress())
    return found


class _Log(io.TextIOBase):
    """A log file that goes quiet when the disk is full: writing a log must not be what a run ends for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, text: str) -> int:
        """Write what there is room for."""
        with suppress(OSError):
            self._file.write(text)
            self._file.flush()
        return len(text)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._file.close()
        super().close()


@contextmanager
def _quiet(path: Path) -> Iterator[None]:
    """Send what dbt and Dagster print to a log file: the terminal shows progress."""
    global _terminal
    path.parent.mkdir(parents=True, exist_ok=True)
    before = _terminal
    _terminal = sys.stderr
    try:
        with closing(_Log(path)) as log, redirect_stdout(log), redirect_stderr(log):
            yield
    finally:
        _terminal = before


def check_day(as_of: dt.date) -> None:
    """Raise Refused for a day that no list is made for."""
    last = office_today()
    if not dt.date.fromisoformat(FIRST_DAY) <= as_of <= last:
        raise Refused(f"截至日 {as_of} 不能用：只能从 {FIRST_DAY} 到今天（北京时间 {last}）；请换一天")


def check_inputs(settings: Settings, as_of: dt.date) -> None:
    """Raise Refused for what would end the run anyway, before anything is read."""
    check_day(as_of)
    if re.search(r"[*?\[]", str(settings.home)):
        raise Refused(f"数据目录（ZEYOU_HOME）{settings.home} 的路径里有 * ? [ 之一，不能用；请换一个")
    if not settings.inbox.is_dir():
        raise Refused(f"{settings.inbox}：收件夹不存在；请检查路径，或用 make run INBOX=<文件夹> 指定")
    if settings.register and not settings.register.is_file():
        raise Refused(f"{settings.register}：企业名录不存在；请检查路径，没有名录就不写 --register")
    if free_space(settings.home) < LEAST_TO_START:
        raise Refused(disk_line("", settings.home))
    require_office(settings.office_folder)
    received = LandingStore(settings.home / "landing").received()
    if not any(entry["inbox"] == str(settings.inbox.resolve()) for entry in received) and not any(
        is_ledger(path) for path in settings.inbox.rglob("*")
    ):
        titles = "、".join(get_contract(name).title for name in REQUIRED)
        raise NoLedgers(f"没有收到{titles}：收件夹 {settings.inbox} 里没有台账（.xlsx、.xls、.csv）；请放进去再运行")


def run_nightly(settings: Settings, as_of: dt.date) -> NightlyResult:
    """Execute the nightly job for one as-of day; a failed gate leaves the published list as it was."""
    begin_night(settings, as_of)
    return run_job(settings, as_of, "nightly")


def begin_night(settings: Settings, as_of: dt.date) -> None:
    """Check the inputs of a night and take them for those of the nights to come."""
    check_inputs(settings, as_of)
    is_fictional = read_district(settings.office_folder).is_fictional
    if settings.was_fictional and not is_fictional:
        _leave_fiction(settings)
    settings.remember(is_fictional)


def _leave_fiction(settings: Settings) -> None:
    """Set aside what was learned from the fictional district: its model would rank the first real list."""
    with only_one(settings, "nightly"):
        place = settings.home / f"fictional-{dt.datetime.now():%Y%m%d-%H%M%S}"
        for name in ("registry", "identity"):
            if (settings.home / name).exists():
                place.mkdir(exist_ok=True)
                (settings.home / name).rename(place / name)
                _say(f"上次用的是虚构的区：它的{FICTIONS[name]}已移到 {place / name}，不用于本区")


def run_job(settings: Settings, as_of: dt.date, name: str, only: Sequence[dg.AssetKey] | None = None) -> NightlyResult:
    """Execute a job for one as-of day, or `only` some of its assets with their checks.

    A nightly job that ended for a broken warehouse, or for want of room while it had a register, runs once more without.
    """
    check_day(as_of)
    if name in ("rescoring", "retraining") and not warehouse_path(settings.home).exists():
        raise Refused("还没有运行过夜间作业：请先运行 zeyou run")
    landed = settings.home / LANDED
    settled = office.using(landed if landed.is_dir() else settings.office_folder)
    with only_one(settings, "nightly"), settled, prepare_instance(settings) as instance:
        bury_dead_runs(instance, "command")
        forget_old_logs(settings.home)
        result = _execute(settings, instance, as_of, name, only)
        if not result.success and _put_away(settings, result.faults, may_leave_register=name == "nightly" and not only):
            if name != "nightly":
                return result
            _say("重新运行 …")
            result = _execute(settings, instance, as_of, name, only)
    return result


def _put_away(settings: Settings, faults: frozenset[str], may_leave_register: bool) -> bool:
    """Put away what a run ended for; say whether there was anything."""
    if "corrupt" in faults:
        set_aside(settings.home, _say)
        return True
    if not (faults & {"memory", "disk"} and may_leave_register and settings.register and settings.register.is_file()):
        return False
    if read_note(settings.home)[0]:
        return False  # it was left out already
    limits = RegisterLimits.load(workplace_of(settings).office_file(LIMITS))
    short = "内存" if "memory" in faults else "磁盘"
    problem = f"企业名录 {settings.register.name} 太大，加工时{short}不够；请只留目标地区的企业，或增加{short}"
    write_note(settings.home, problem, stamp_of(settings.register, limits))
    _say(f"{problem}；{NO_PROSPECTS}")
    return True


def _execute(
    settings: Settings, instance: dg.DagsterInstance, as_of: dt.date, name: str, only: Sequence[dg.AssetKey] | None
) -> NightlyResult:
    from orchestration.definitions import build_defs

    started, log = time.perf_counter(), settings.home / "logs" / f"{name}-{as_of}.log"
    defs = build_defs(settings, loggers={"progress": progress_logger})
    job = defs.resolve_job_def(name)
    with _quiet(log):
        result = job.execute_in_process(
            instance=instance,
            partition_key=as_of.isoformat(),
            raise_on_error=False,
            asset_selection=list(only) if only else None,
            run_config={**_set_by(job), "loggers": {"progress": {}}},
            tags={STARTED_BY: "command"},
        )
        hold_while_ending()
        entries = instance.all_logs(result.run_id)
        _keep_errors(entries)
    return _summary(result.success, entries, time.perf_counter() - started, settings.home, log)


def _set_by(job: dg.JobDefinition) -> Mapping[str, Any]:
    """Return the configuration that a job comes with: giving our own to Dagster would replace it."""
    return job.run_config or {}


def _keep_errors(entries: Sequence[dg.EventLogEntry]) -> None:
    """Write the traceback of every failure to the run's log, where standard output goes now."""
    for entry in entries:
        event = entry.dagster_event
        if event is not None and event.event_type_value in ("STEP_FAILURE", "STEP_UP_FOR_RETRY"):
            error = getattr(event.event_specific_data, "error", None)
            sys.stdout.write(f"{event.step_key}\n{error.to_string() if error else ''}\n")


def _ending(failure: Any, home: Path, log: Path) -> Ending:
    """Return why a step failed, and the file with its traceback where we don't know better."""
    own = failure.user_failure_data
    if own and own.description:
        fault = (own.metadata or {}).get(FAULT)
        return Ending(str(fault.value) if fault else "ours", str(own.description))
    ending = ending_of(texts_of_step(failure.error), home)
    return ending if ending.kind == "ours" else replace(ending, line=f"{ending.line}；详情记在 {log}")


def _place(check: dg.AssetCheckEvaluation) -> str:
    return f"{check.asset_key.to_user_string()} · {check.check_name}"


def _summary(
    success: bool, entries: Sequence[dg.EventLogEntry], seconds: float, home: Path, log: Path
) -> NightlyResult:
    rows: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    endings: list[Ending] = []
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
        if event.event_type_value == "STEP_FAILURE" and not _is_of_a_check(event.step_failure_data):
            ending = _ending(event.step_failure_data, home, log)
            endings.append(ending)
            problems.append(f"{STEP_NAMES.get(step, step)}：{ending.line}")
        if event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE") and step in rows:
            rows[step]["seconds"] = entry.timestamp - rows[step]["started"]
    of_checks: list[Ending] = []
    for check in checks:
        if not check.passed:
            is_red = check.severity == dg.AssetCheckSeverity.ERROR
            problems.append(f"{'关卡未通过' if is_red else '提醒'}：{_of_check(check)}（{_place(check)}）")
            if is_red:
                fault = check.metadata.get(FAULT)
                of_checks.append(Ending(str(fault.value) if fault else GATE, _of_check(check)))
    # A gate says what is wrong with the data; a step of SQL that failed its tests only counts them.
    of_checks.sort(key=lambda ending: ending.kind != LEDGERS)
    why = [e for e in endings if e.kind != GATE] + of_checks + endings
    if not success and not why:
        why = [Ending(UNKNOWN, f"程序出错，没有做完；详情记在 {log}")]
        problems.append(why[0].line)
    steps = [
        StepRow(STEP_NAMES[step], row.get(ROWS_IN), row.get(ROWS_OUT), row.get(REFUSED), row.get("seconds", 0.0))
        for step, row in rows.items()
        if step in STEP_NAMES
    ]
    passed = sum(check.passed for check in checks)
    faults = frozenset(ending.kind for ending in endings)
    return NightlyResult(success, steps, passed, len(checks), problems, seconds, faults, None if success else why[0])


def _is_of_a_check(failure: Any) -> bool:
    """Say whether a step failed for a blocking check, which is reported as a check."""
    return bool(failure.error) and failure.error.cls_name == "DagsterAssetCheckFailedError"


def _of_check(check: dg.AssetCheckEvaluation) -> str:
    line = str(check.description or "").splitlines()
    return line[0] if line else f"检验 {check.check_name} 没有通过；不符的行见界面上这一项"
