"""What recruiters see is what was tested (发布后核对).

Belongs here: checks of the published folder. Does not belong here: gates before publication (defs/scoring/checks.py).
"""

import dagster as dg

from orchestration.resources import Workplace
from publishing.snapshot import current, verified


@dg.asset_check(asset=["publication", "snapshot"], description="current 指向的快照与其清单（哈希）一致")
def current_snapshot_is_whole(workplace: Workplace) -> dg.AssetCheckResult:
    """Read the current snapshot back and compare every file with the manifest."""
    found = current(workplace.root / "published")
    if found is None:
        return dg.AssetCheckResult(passed=False, description="尚无发布的清单")
    try:
        verified(found.folder)
    except (OSError, ValueError) as error:
        return dg.AssetCheckResult(passed=False, description=str(error))
    return dg.AssetCheckResult(passed=True, metadata={"快照编号": found.snapshot_id})
