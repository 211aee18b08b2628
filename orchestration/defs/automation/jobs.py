"""The nightly job (夜间作业): everything, in order, in one process.

Belongs here: what a run covers and how it is executed. Does not belong here: when it runs (schedules.py, sensors.py).
"""

import dagster as dg

from orchestration.partitions import AS_OF_DAYS

# In one process: a multiprocess executor pays 5 to 7 s of imports a step, and few steps here could run side by side
# (one warehouse, one writer). docs/decisions/0003.
nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    partitions_def=AS_OF_DAYS,
    executor_def=dg.in_process_executor,
    description="夜间作业：接入、加工、学习、评分、发布；任何一道阻断关卡不过，名单保持原样",
    tags={"zeyou/kind": "nightly", "dagster/max_retries": "1"},
)
