"""A new or changed ledger in the inbox starts a run (收件夹感应).

Belongs here: sensors. Does not belong here: reading a file (intake).
"""

import hashlib
import json
from pathlib import Path

import dagster as dg

from intake.landing import is_ledger
from orchestration.defs.automation.jobs import nightly, rescoring, revert_model
from orchestration.resources import Workplace
from orchestration.settings import office_today
from publishing.snapshot import current
from storage import content_hash


def inbox_sizes(inbox: Path) -> dict[str, list[int]]:
    """Give size and modification time of every ledger in the inbox; lock files of Excel and WPS are no ledgers."""
    ledgers = sorted(path for path in inbox.rglob("*") if is_ledger(path)) if inbox.is_dir() else []
    return {str(p.relative_to(inbox)): [p.stat().st_size, p.stat().st_mtime_ns] for p in ledgers}


def inbox_key(inbox: Path) -> str:
    """Return a key of what was sent, content and time: A, B and A again are three keys, a renamed file none."""
    sent = sorted(f"{content_hash(inbox / name)} {time}" for name, (_, time) in inbox_sizes(inbox).items())
    return hashlib.sha256("\n".join(sent).encode()).hexdigest()[:16]


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="收件夹有新台账或台账有改动、且大小已稳定时运行一次；内容没变不重复运行",
)
def inbox_changed(context: dg.SensorEvaluationContext, workplace: Workplace) -> dg.SensorResult | dg.SkipReason:
    """Start a run once the files of the inbox stood still for one tick and their content is new."""
    inbox = Path(workplace.inbox)
    seen = inbox_sizes(inbox)
    cursor = json.loads(context.cursor) if context.cursor else {}
    if not seen:
        return dg.SkipReason(f"收件夹是空的：{inbox}")
    if seen != cursor.get("seen"):
        # A file still being copied changes between two ticks: wait until nothing moves.
        return dg.SensorResult(
            skip_reason=dg.SkipReason("台账正在变动，等到大小稳定"), cursor=json.dumps({**cursor, "seen": seen})
        )
    key = cursor.get("key") if cursor.get("hashed") == seen else inbox_key(inbox)
    if cursor.get("key") == key:
        return dg.SkipReason("内容没有变化")
    day = office_today().isoformat()
    request = dg.RunRequest(run_key=f"inbox-{key}", partition_key=day, tags={"zeyou/inbox": key or ""})
    return dg.SensorResult(run_requests=[request], cursor=json.dumps({"seen": seen, "hashed": seen, "key": key}))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[revert_model],
    request_job=rescoring,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="退回模型之后，以当前清单的截至日重新评分并发布",
)
def rescore_after_revert(context: dg.RunStatusSensorContext, workplace: Workplace) -> dg.RunRequest | dg.SkipReason:
    """Score the day of the current list again once a model was reverted."""
    snapshot = current(workplace.root / "published")
    if snapshot is None:
        return dg.SkipReason("尚无发布过的清单")
    return dg.RunRequest(run_key=context.dagster_run.run_id, partition_key=str(snapshot.as_of_date))
