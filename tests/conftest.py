"""Tiers of tests, enforced at collection: a test's folder says what it may need and how long it may take.

unit: seconds, nothing but tmp_path. contract: what the architecture promises. dbt: the SQL project on a small district.
integration: the whole graph. browser: a real headless Chromium.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time: a test run needs no luck. Look for new ones with HYPOTHESIS_PROFILE=search.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

TIERS = ("unit", "contract", "dbt", "integration", "browser")
ROOT = Path(__file__).parent
# Slow enough to be worth a second nightly run on the other worker.
WITH_A_HOME_OF_ITS_OWN = ("test_gates.py",)


@pytest.hookimpl(tryfirst=True)  # before the workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with the tier of its folder and run quick tiers first; a test outside a tier is an error.

    On two workers (`-n 2 --dist loadgroup`) what shares a built home stays on one of them, and the longest goes first.
    """
    for item in items:
        tier, *rest = item.path.relative_to(ROOT).parts
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.nodeid}: tests live in one of {', '.join(TIERS)}")
        item.add_marker(tier)
        together = rest[0] if tier in ("unit", "contract") or rest[0] in ("desk", *WITH_A_HOME_OF_ITS_OWN) else tier
        item.add_marker(pytest.mark.xdist_group(f"{tier}/{together}"))
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    items.sort(key=lambda item: TIERS.index(item.path.relative_to(ROOT).parts[0]) * (-1 if is_worker else 1))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Real data beside the project; tests that need it skip where it is absent."""
    folder = os.environ.get("ZEYOU_REFERENCE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("没有参考数据：请设置 ZEYOU_REFERENCE_DATA")
    return Path(folder)
