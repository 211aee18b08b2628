"""The nightly job (夜间作业): everything of a day, in order, in one process; and the bulletin of a quarter.

Belongs here: what a run covers and how it is executed. Does not belong here: when it runs (schedules.py, sensors.py).
"""

import dagster as dg

from orchestration.partitions import AS_OF_DAYS, QUARTERS

# In one process: a multiprocess executor pays 5 to 7 s of imports a step, and few steps here could run side by side
# (one warehouse, one writer). docs/decisions/0003.
BULLETIN = dg.AssetSelection.assets(["publication", "quarterly_bulletin"])

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all() - BULLETIN,
    partitions_def=AS_OF_DAYS,
    executor_def=dg.in_process_executor,
    description="夜间作业：接入、加工、学习、评分、发布；任何一道阻断关卡不过，名单保持原样",
    tags={"zeyou/kind": "nightly", "dagster/max_retries": "1"},
)

quarterly = dg.define_asset_job(
    "quarterly",
    selection=BULLETIN,
    partitions_def=QUARTERS,
    executor_def=dg.in_process_executor,
    description="季通报：季度结束、夜间作业通过之后生成 Word 与 Excel",
)
