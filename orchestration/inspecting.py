"""Looking at the platform (查看): the Dagster UI behind its guard, its daemon, and the data dictionary of the SQL project.

Belongs here: starting tools of Dagster and dbt with the right folders. Does not belong here: runs (nightly.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg

from office import read_district
from orchestration.endings import Refused
from orchestration.landing_office import LANDED
from orchestration.nightly import bury_dead_runs, only_one, prepare_instance
from orchestration.ports import require_free_port
from orchestration.resources import DBT_EXECUTABLE, DBT_FOLDER, dbt_environment, parsed_project
from orchestration.settings import REPOSITORY, Service, Settings
from orchestration.warehouse import make_ready, warehouse_path

LOOPBACK = "127.0.0.1"  # for others, a proxy stands in front (deploy/proxy)
WORKSPACE = REPOSITORY / "workspace.yaml"


def serve_ui(settings: Settings, service: Service, port: int, has_daemon: bool = True) -> int:
    """Serve the Dagster UI behind its guard on loopback, and stay until it is stopped; with the daemon unless it is a service of its own."""
    require_free_port(LOOPBACK, port)
    if not has_daemon:
        with prepare_instance(settings) as instance:
            return _serve_guarded(instance, settings, service, port)
    with only_one(settings, "ui"), prepare_instance(settings) as instance:
        bury_dead_runs(instance, "ui")
        with subprocess.Popen(_daemon_command(), cwd=REPOSITORY, env=_environment(settings)) as daemon:
            try:
                return _serve_guarded(instance, settings, service, port)
            finally:
                daemon.terminate()


def run_daemon(settings: Settings) -> int:
    """Run the daemon that starts jobs by the clock, and stay until it is stopped."""
    with only_one(settings, "ui"), prepare_instance(settings) as instance:
        bury_dead_runs(instance, "ui")
        return subprocess.call(_daemon_command(), cwd=REPOSITORY, env=_environment(settings))


def _serve_guarded(instance: dg.DagsterInstance, settings: Settings, service: Service, port: int) -> int:
    """Serve Dagster's own application inside the guard: in one process, so that no unguarded port is open behind it."""
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.app import create_app_from_workspace_process_context
    from dagster_webserver.version import __version__

    from orchestration.operations.guard import Guard, loopback_hosts, read_token, serve

    token = read_token(settings.home)
    hosts = loopback_hosts(port) | set(service.ui_hosts)
    target = WorkspaceFileTarget([str(WORKSPACE)])
    with WorkspaceProcessContext(instance, workspace_load_target=target, version=__version__) as context:
        app = Guard(create_app_from_workspace_process_context(context), token, hosts, f"zeyou_ui_{port}")
        _say(
            f"Dagster 界面：http://{LOOPBACK}:{port}/?token={token}（令牌在 {settings.home}/secrets/ui.token，不要给别人）"
        )
        serve(app, LOOPBACK, port)
    return 0


def _daemon_command() -> list[str]:
    return [str(Path(sys.executable).with_name("dagster-daemon")), "run", "--workspace", str(WORKSPACE)]


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "ZEYOU_HOME": str(settings.home), "DAGSTER_HOME": str(settings.dagster_home)}


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
