"""When jobs run by the clock (定时).

Belongs here: schedules. Does not belong here: what a run covers (jobs.py).
"""

import datetime as dt

import dagster as dg

from orchestration.defs.automation.jobs import nightly, quarterly, retraining
from publishing.documents import Quarter


@dg.schedule(
    job=nightly,
    cron_schedule="0 2 * * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="每天 02:00（北京时间）以当天为截至日运行夜间作业；在界面上启用",
)
def nightly_at_two(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the run of the day: facts known before it count."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=f"nightly-{day}", partition_key=day)


@dg.schedule(
    job=retraining,
    cron_schedule="0 1 1 * *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="每月 1 日 01:00 训练候选模型；没有启用时，由当月第一次夜间作业训练",
)
def retraining_on_the_first(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the month's training, an hour before the night that scores with it."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=f"retraining-{day}", partition_key=day)


@dg.schedule(
    job=quarterly,
    cron_schedule="0 6 1 1,4,7,10 *",
    execution_timezone="Asia/Shanghai",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="每季度首日 06:00（夜间作业之后）生成上一季度的季通报；在界面上启用",
)
def quarterly_on_the_first(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the bulletin of the quarter that ended yesterday."""
    yesterday = context.scheduled_execution_time.date() - dt.timedelta(days=1)
    key = Quarter.of(yesterday).first_day.isoformat()
    return dg.RunRequest(run_key=f"quarterly-{key}", partition_key=key)
