"""Jobs (作业): the night, the month's training, scoring again, the way back, the pack of a month and the bulletin of a quarter.

Belongs here: what a run covers and how it is executed. Does not belong here: when it runs (schedules.py, sensors.py).
"""

from enum import Enum

import dagster as dg

from models.ranking import PART_NAMES
from orchestration.defs.learning.assets import registry_of
from orchestration.partitions import AS_OF_DAYS, MONTHS, QUARTERS
from orchestration.resources import Workplace

LEARNED = dg.AssetSelection.keys("learning/model_tables", "learning/model_versions")
MEETING = dg.AssetSelection.assets(["publication", "dispatch_pack"], ["publication", "frozen_assessment"])
BULLETIN = dg.AssetSelection.assets(["publication", "quarterly_bulletin"])

# In one process: a multiprocess executor pays 5 to 7 s of imports a step, and few steps here could run side by side
# (one warehouse, one writer). docs/decisions/0003.
nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all() - BULLETIN - MEETING,
    partitions_def=AS_OF_DAYS,
    executor_def=dg.in_process_executor,
    description="夜间作业：接入、加工、评分、发布，本月尚未训练时也训练；任何一道阻断关卡不过，名单保持原样",
    tags={"zeyou/kind": "nightly"},
)

retraining = dg.define_asset_job(
    "retraining",
    selection=dg.AssetSelection.groups("features", "learning"),
    partitions_def=AS_OF_DAYS,
    executor_def=dg.in_process_executor,
    config={"ops": {f"learning__{name}_candidate": {"config": {"retrain": True}} for name in ("landing", "tax")}},
    description="每月训练：候选模型与在用模型比较，不差且校准才启用；名单到下一次评分才变",
    tags={"zeyou/kind": "retraining"},
)

rescoring = dg.define_asset_job(
    "rescoring",
    selection=(dg.AssetSelection.groups("features", "scores", "boards", "scoring", "publication") | LEARNED)
    - BULLETIN
    - MEETING,
    partitions_def=AS_OF_DAYS,
    executor_def=dg.in_process_executor,
    description="重新评分并发布：用在用的模型和权重，不接入、不训练；退回模型或改权重之后用",
    tags={"zeyou/kind": "rescoring"},
)


class Task(Enum):
    """The model to go back with."""

    landing = "landing"
    tax = "tax"


class Revert(dg.Config):
    """Which model goes back to the version before. 退回哪个模型：landing 落地，tax 税收"""

    task: Task = Task.landing


@dg.op(pool="learning", description="退回上一个版本 go back to the version that was active before")
def revert_to_earlier_version(context: dg.OpExecutionContext, config: Revert, workplace: Workplace) -> None:
    """Revert, and tell from which version to which."""
    registry, name = registry_of(workplace), config.task.value
    try:
        left, version = registry.active(name), registry.revert(name)
    except LookupError:
        raise dg.Failure(f"{name}：没有更早的版本可退；在用的版本不变", allow_retries=False) from None
    context.log.info(f"{name} 已从 {left} 退回到 {version}；{left} 不会再自动启用")
    context.add_output_metadata({"模型": PART_NAMES[name], "退回前版本": str(left), "退回后版本": version})


@dg.job(
    executor_def=dg.in_process_executor,
    description="退回模型：回到上一个启用的版本，随后自动重新评分（rescore_after_revert）",
    tags={"zeyou/kind": "revert"},
)
def revert_model() -> None:
    """Go back one version of one model."""
    revert_to_earlier_version()


quarterly = dg.define_asset_job(
    "quarterly",
    selection=BULLETIN,
    partitions_def=QUARTERS,
    executor_def=dg.in_process_executor,
    description="季通报：季度结束、夜间作业通过之后生成 Word 与 Excel",
)

monthly = dg.define_asset_job(
    "monthly",
    selection=MEETING,
    partitions_def=MONTHS,
    executor_def=dg.in_process_executor,
    description="每月调度：以该月内某日的清单生成并冻结调度会材料和考核得分；更正须写明原因，另出一版",
)
