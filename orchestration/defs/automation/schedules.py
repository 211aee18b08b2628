"""When the nightly job runs by the clock (定时).

Belongs here: schedules. Does not belong here: what a run covers (jobs.py).
"""

import dagster as dg

from orchestration.defs.automation.jobs import nightly, retraining


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
