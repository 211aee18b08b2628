"""Resources of the assets (资源): folders of one installation, and the dbt of the environment.

Belongs here: building every resource from Settings, the cached parse of the SQL project. Does not belong here: logic of
an asset, reading the environment (settings.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource, DbtProject
from filelock import FileLock
from packaging.version import Version

import office as the_office
from office import District, read_district
from orchestration.endings import Refused
from orchestration.landing_office import LANDED
from orchestration.metadata import FAULT
from orchestration.settings import REPOSITORY, Settings
from orchestration.warehouse import make_ready, warehouse_path

DBT_FOLDER = REPOSITORY / "dbt_project"
DBT_EXECUTABLE = Path(sys.executable).with_name("dbt")  # not on PATH unless the environment is activated
DBT_SOURCES = (".sql", ".yml", ".yaml", ".md", ".csv")


class Workplace(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Folders that the stages meet in: Parquet is the interface, each asset key is a file below `home`."""

    home: str
    inbox: str
    register_file: str | None = None
    office: str | None = None
    desk_database: str | None = None

    @property
    def root(self) -> Path:
        return Path(self.home)

    def parquet(self, key: str) -> Path:
        """Give the file of an asset key written as `stage/name`, its folder made."""
        path = self.root / f"{key}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def export(self, key: str) -> Path:
        """Give the file that dbt exported for a model, once its build was green."""
        return self.root / "exports" / f"{key}.parquet"

    @property
    def edited_office(self) -> Path:
        """Return the folder that the office edits; only landing it reads there."""
        return Path(self.office) if self.office else self.root / "office"

    @property
    def landed_office(self) -> Path:
        """Return the checked copy that everything of a night reckons with."""
        return self.root / LANDED

    def office_file(self, name: str) -> Path:
        """Return a file of the landed settings."""
        return self.landed_office / name

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Let the landed settings hold in this process."""
        if (self.landed_office / the_office.DISTRICT).is_file():
            the_office.use(self.landed_office)

    def office_hash(self, *names: str) -> str:
        """Give a hash of the content of files that the office edits."""
        return hashlib.sha256(b"\0".join(self.office_file(name).read_bytes() for name in names)).hexdigest()[:12]


def dbt_environment(
    home: Path, target: Path, as_of: str | None = None, district: District | None = None
) -> dict[str, str]:
    """Return what the SQL project reads from the environment; parsing it asks for neither day nor district."""
    place = {"ZEYOU_LOCAL_PROVINCE": district.short_province, "ZEYOU_LOCAL_CITY": district.city} if district else {}
    return {
        **({"ZEYOU_AS_OF": as_of} if as_of else {}),
        **place,
        "ZEYOU_HOME": str(home),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


class WarehouseDbt(DbtCliResource):
    """The dbt command with the environment of its own warehouse; a subprocess, so its lock dies with it."""

    home: str
    parsed: str

    @cached_property
    def _cli_version(self) -> Version:
        """Give the version of the installed dbt; asking the command takes 2 to 3 s a step."""
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        """Give no adapter: it would load dbt into this process to look into the warehouse, which only dbt may open."""
        return None

    def build(self, context: dg.AssetExecutionContext, as_of: str | None) -> DbtCliInvocation:
        """Start `dbt build` for the selection of the context; the process gets its environment as it starts."""
        home = Path(self.home)
        (home / "warehouse").mkdir(parents=True, exist_ok=True)
        try:
            district = read_district(home / LANDED)
            make_ready(home, context.log.info)
            if as_of and not warehouse_path(home).exists():
                raise Refused("仓库要重建，要从台账做起：请再运行一次夜间作业（zeyou run）")
        except Refused as problem:
            raise dg.Failure(str(problem), metadata={FAULT: problem.kind}, allow_retries=False) from None
        before = dict(os.environ)
        os.environ.update(dbt_environment(home, Path(self.parsed), as_of, district))
        try:
            return self.cli(["build"], context=context, raise_on_error=False)
        finally:
            os.environ.clear()
            os.environ.update(before)


def parsed_project(settings: Settings) -> DbtProject:
    """Give the parsed SQL project; it is parsed once for each content and kept under `home/dbt/<digest>`."""
    digest = hashlib.sha256(str(settings.home).encode())
    for path in sorted(p for p in DBT_FOLDER.rglob("*") if p.suffix in DBT_SOURCES and "target" not in p.parts):
        digest.update(str(path.relative_to(DBT_FOLDER)).encode() + b"\0" + path.read_bytes())
    target = settings.home / "dbt" / digest.hexdigest()[:12]
    target.mkdir(parents=True, exist_ok=True)
    with FileLock(target / "lock"):
        if not (target / "manifest.json").exists():
            _parse(settings, target)
    return DbtProject(project_dir=DBT_FOLDER, profiles_dir=DBT_FOLDER, target_path=target)


def _parse(settings: Settings, target: Path) -> None:
    command = [str(DBT_EXECUTABLE), "--quiet", "parse", "--project-dir", str(DBT_FOLDER), "--profiles-dir"]
    environment = {**os.environ, **dbt_environment(settings.home, target)}
    done = subprocess.run(
        [*command, str(DBT_FOLDER)], env=environment, cwd=DBT_FOLDER, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"dbt parse 失败：{done.stdout}{done.stderr}")


def manifest_of(project: DbtProject) -> dict[str, Any]:
    """Read the manifest of a parsed project."""
    content: dict[str, Any] = json.loads(Path(project.manifest_path).read_text(encoding="utf-8"))
    return content


def workplace_of(settings: Settings) -> Workplace:
    """Return the folders of an installation."""
    return Workplace(
        home=str(settings.home),
        inbox=str(settings.inbox),
        register_file=str(settings.register) if settings.register else None,
        office=str(settings.office_folder),
        desk_database=settings.desk_database,
    )


def resources_for(settings: Settings, project: DbtProject) -> Mapping[str, Any]:
    """Build every resource of an installation."""
    dbt = WarehouseDbt(
        project_dir=str(DBT_FOLDER),
        profiles_dir=str(DBT_FOLDER),
        dbt_executable=str(DBT_EXECUTABLE),
        home=str(settings.home),
        parsed=str(project.target_path),
    )
    return {"workplace": workplace_of(settings), "dbt": dbt}
