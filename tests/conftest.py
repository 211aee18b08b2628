"""Tiers of tests, enforced at collection: a test's folder says what it may need and how long it may take.

unit: seconds, nothing but tmp_path. contract: what the architecture promises. dbt: the SQL project on a small district.
integration: the whole graph. browser: a real headless Chromium.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import office

# The same examples every time: a test run needs no luck. Look for new ones with HYPOTHESIS_PROFILE=search.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

TIERS = ("unit", "contract", "dbt", "integration", "browser")
ROOT = Path(__file__).parent
# Two workers, two nightly runs: modules that need a built home share it on one worker, those named here share another one.
SECOND_HOME = ("test_gates.py", "test_desk_circle.py", "test_interruption.py")
OF_ITS_OWN = ("test_real_register.py",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with the tier of its folder and run quick tiers first; a test outside a tier is an error."""
    for item in items:
        tier = item.path.relative_to(ROOT).parts[0]
        if tier not in TIERS:
            raise pytest.UsageError(f"{item.nodeid}: tests live in one of {', '.join(TIERS)}")
        item.add_marker(tier)
    # On workers the longest goes first.
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    items.sort(key=lambda item: TIERS.index(item.path.relative_to(ROOT).parts[0]) * (-1 if is_worker else 1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[Any, Any, Any]:
    """Let the settings that come with the program hold for every test, whatever folder the one before used."""
    with office.using(office.DEFAULTS):
        return (yield)


def room_of(nodeid: str) -> str:
    """Tests of one room share what was built for them: a home, a district, a server."""
    _, tier, *rest = nodeid.split("::")[0].split("/")
    if tier in ("unit", "contract") or rest[0] in ("desk", *OF_ITS_OWN):
        return f"{tier}/{rest[0]}"
    return f"{tier}/second" if rest[0] in SECOND_HOME else tier


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a room on one worker: `--dist loadgroup` of xdist 3.8 no longer reads its marks under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return room_of(nodeid)

    return ByRoom(config, log)


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Real data beside the project; tests that need it skip where it is absent."""
    folder = os.environ.get("ZEYOU_REFERENCE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("没有参考数据：请设置 ZEYOU_REFERENCE_DATA")
    return Path(folder)
