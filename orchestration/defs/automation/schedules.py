"""When jobs run by the clock (定时): off on one's own machine, on in an installed service.

Belongs here: schedules. Does not belong here: what a run covers (jobs.py).
"""

import datetime as dt
from collections.abc import Callable
from typing import Final

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.defs.automation.jobs import monthly, nightly, quarterly, retraining
from orchestration.settings import OFFICE_ZONE
from publishing.documents import Quarter

Request = Callable[[dg.ScheduleEvaluationContext], dg.RunRequest]


def _day_of(context: dg.ScheduleEvaluationContext) -> dt.date:
    return context.scheduled_execution_time.astimezone(OFFICE_ZONE).date()


def _nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the run of the day: facts known before it count."""
    day = _day_of(context).isoformat()
    return dg.RunRequest(run_key=f"nightly-{day}", partition_key=day)


def _retraining(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the month's training, an hour before the night that scores with it."""
    day = _day_of(context).isoformat()
    return dg.RunRequest(run_key=f"retraining-{day}", partition_key=day)


def _quarterly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the bulletin of the quarter that ended yesterday."""
    key = Quarter.of(_day_of(context) - dt.timedelta(days=1)).first_day.isoformat()
    return dg.RunRequest(run_key=f"quarterly-{key}", partition_key=key)


def _monthly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the pack of this month's meeting, from the list of its first day."""
    key = _day_of(context).replace(day=1).isoformat()
    return dg.RunRequest(run_key=f"monthly-{key}", partition_key=key)


_TIMES: Final[tuple[tuple[str, UnresolvedAssetJobDefinition, str, Request, str], ...]] = (
    ("nightly_at_two", nightly, "0 2 * * *", _nightly, "每天 02:00（北京时间）以当天为截至日运行夜间作业"),
    (
        "retraining_on_the_first", retraining, "0 1 1 * *", _retraining,
        "每月 1 日 01:00 训练候选模型；没有启用时，由当月第一次夜间作业训练",
    ),
    (
        "quarterly_on_the_first", quarterly, "0 6 1 1,4,7,10 *", _quarterly,
        "每季度首日 06:00（夜间作业之后）生成上一季度的季通报",
    ),
    (
        "monthly_on_the_first", monthly, "30 6 1 * *", _monthly,
        "每月 1 日 06:30 以当天的清单生成并冻结本月调度会材料；会前要换用更新的清单，须写明原因另出一版",
    ),
)  # fmt: skip
SCHEDULES: Final = tuple(name for name, *_ in _TIMES)


def schedules_for(is_installed: bool) -> list[dg.ScheduleDefinition]:
    """Return the schedules; of an installed service they are on until a person turns them off, elsewhere the other way round."""
    status = dg.DefaultScheduleStatus.RUNNING if is_installed else dg.DefaultScheduleStatus.STOPPED
    return [
        dg.schedule(
            name=name, job=job, cron_schedule=cron, execution_timezone=OFFICE_ZONE.key, default_status=status,
            description=f"{text}；在界面上开关",
        )(request)
        for name, job, cron, request, text in _TIMES
    ]  # fmt: skip
