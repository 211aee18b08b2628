"""The as-of day (截至日) that a list is made for: facts known before it count, later ones do not.

Belongs here: the partitions of everything that is built as of a day. Does not belong here: facts, which have no as-of.
"""

import datetime as dt

import dagster as dg

from orchestration.settings import office_today

FIRST_DAY = "2024-01-01"
AS_OF_DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="Asia/Shanghai", end_offset=1)

# A bulletin is of one quarter (季度); its key is the quarter's first day.
QUARTERS = dg.TimeWindowPartitionsDefinition(
    start="2024-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 1 */3 *", timezone="Asia/Shanghai"
)

# A dispatch meeting is of one month (调度会); its key is the month's first day. The month that runs may be chosen: the pack is
# made before it is over.
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2024-01-01", timezone="Asia/Shanghai", end_offset=1)


def day_of(context: dg.AssetExecutionContext) -> dt.date:
    """Return the as-of day of the run that an asset without partitions is part of; today where the run has none."""
    key = context.run.tags.get("dagster/partition")
    return dt.date.fromisoformat(key) if key else office_today()


# The warehouse holds the features of one as-of day at a time.
ONE_DAY_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
