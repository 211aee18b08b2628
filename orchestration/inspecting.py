"""Looking at the platform (查看): the Dagster UI on this machine only, and the data dictionary of the SQL project.

Belongs here: starting tools of Dagster and dbt with the right folders. Does not belong here: runs (nightly.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from office import read_district
from orchestration.endings import Refused
from orchestration.landing_office import LANDED
from orchestration.nightly import bury_dead_runs, only_one, prepare_instance
from orchestration.ports import require_free_port
from orchestration.resources import DBT_EXECUTABLE, DBT_FOLDER, dbt_environment, parsed_project
from orchestration.settings import REPOSITORY, Settings
from orchestration.warehouse import make_ready, warehouse_path

LOOPBACK = "127.0.0.1"  # the open UI has no login; docs/runbook.md says how to put it behind a proxy


def serve_ui(settings: Settings, port: int) -> int:
    """Start the Dagster UI and its daemon on loopback, and stay until it is stopped."""
    require_free_port(LOOPBACK, port)
    with only_one(settings, "ui"), prepare_instance(settings) as instance:
        bury_dead_runs(instance, "ui")
        return _dagster_dev(settings, port)


def _dagster_dev(settings: Settings, port: int) -> int:
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "--workspace", str(REPOSITORY / "workspace.yaml")]
    environment = {**os.environ, "ZEYOU_HOME": str(settings.home), "DAGSTER_HOME": str(settings.dagster_home)}
    return subprocess.call([*command, "--host", LOOPBACK, "--port", str(port)], cwd=REPOSITORY, env=environment)


def write_dictionary(settings: Settings) -> Path:
    """Write the data dictionary (dbt docs, one page that opens without a server) and give its path."""
    if not warehouse_path(settings.home).exists():
        raise Refused("还没有运行过夜间作业，没有可写的数据字典：请先运行 zeyou run")
    make_ready(settings.home, _say)
    target = parsed_project(settings).target_path
    command = [str(DBT_EXECUTABLE), "--quiet", "docs", "generate", "--static", "--project-dir", str(DBT_FOLDER)]
    district = read_district(settings.home / LANDED)
    environment = {**os.environ, **dbt_environment(settings.home, Path(target), district=district)}
    done = subprocess.run(
        [*command, "--profiles-dir", str(DBT_FOLDER)], cwd=DBT_FOLDER, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"dbt docs generate\n{done.stdout}{done.stderr}")
    page = settings.home / "docs" / "data-dictionary.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    os.replace(Path(target) / "static_index.html", page)
    return page


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
