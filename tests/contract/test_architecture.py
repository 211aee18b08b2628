"""What the architecture promises: imports, keys, names, and a tree that says the truth."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DEFINITIONS = Path(__file__).with_name("definitions.txt")  # assets, parents, checks, jobs, schedules, sensors
PACKAGES = ("characters", "storage", "office", "intake", "sample", "models", "publishing", "desk", "orchestration")

# Started by name, or needed by an option of another package.
RUN_NOT_IMPORTED = {
    "dagster-dg-cli", "dbt-core", "dbt-duckdb", "psycopg2-binary", "python-multipart", "tabulate",
}  # fmt: skip


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "-c", "core.quotepath=off", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("不是 git 检出")
    return listed.stdout.splitlines()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Load the definitions in a clean process, as a clean clone without a secret would."""
    code = """
import json, sys
from orchestration.definitions import defs
import dagster as dg
found = defs() if not isinstance(defs, dg.Definitions) else defs
graph = found.resolve_asset_graph()
made = {k.to_user_string() for k in graph.materializable_asset_keys}
named = {p.to_user_string() for k in graph.materializable_asset_keys for p in graph.get(k).parent_keys}
checked = {c.asset_key.to_user_string() for c in graph.asset_check_keys}
blocking = [k.to_user_string() for k in graph.asset_check_keys]
jobs = [j.name for j in found.resolve_all_job_defs()]
page = []
for key in sorted(graph.get_all_asset_keys()):
    node = graph.get(key)
    kind = "asset" if node.is_materializable else "source"
    days = f" by {type(node.partitions_def).__name__}" if node.partitions_def else ""
    page.append(f"{kind} {key.to_user_string()} ({node.group_name}){days}")
    for parent in sorted(node.parent_keys):
        page.append(f"    < {parent.to_user_string()}")
    for check in sorted(node.check_keys):
        page.append(f"    ? {check.name}")
for job in sorted(found.resolve_all_job_defs(), key=lambda job: job.name):
    page.append(f"job {job.name}")
for schedule in sorted(found.schedules or (), key=lambda one: one.name):
    page.append(f"schedule {schedule.name} {schedule.cron_schedule} {schedule.execution_timezone}")
for sensor in sorted(found.sensors or (), key=lambda one: one.name):
    page.append(f"sensor {sensor.name}")
heavy = [m for m in ("sklearn", "great_expectations", "splink", "openpyxl") if m in sys.modules]
print("@@" + json.dumps(dict(made=sorted(made), named=sorted(named), checked=sorted(checked),
      blocking=blocking, jobs=jobs, heavy=heavy, page=page,
      groups={k.to_user_string(): graph.get(k).group_name for k in graph.materializable_asset_keys},
      described=[k.to_user_string() for k in graph.materializable_asset_keys if graph.get(k).description])))
"""
    home = tmp_path_factory.mktemp("home")
    kept = {
        k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**kept, "ZEYOU_HOME": str(home), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(done.stdout.split("@@")[1])
    return content


def test_nothing_heavy_is_imported_when_definitions_load(loaded: dict[str, Any]) -> None:
    assert loaded["heavy"] == []


def test_every_key_that_a_stage_names_is_made_by_one(loaded: dict[str, Any]) -> None:
    assert set(loaded["named"]) <= set(loaded["made"])
    assert set(loaded["checked"]) <= set(loaded["made"])


def test_every_asset_has_a_stage_and_says_what_it_is(loaded: dict[str, Any]) -> None:
    stages = {
        "office",
        "ingestion",
        "seeds",
        "staging",
        "intermediate",
        "marts",
        "features",
        "boards",
        "learning",
        "scores",
        "scoring",
    }
    assert set(loaded["groups"].values()) == stages | {"publication"}
    assert set(loaded["described"]) == set(loaded["made"])
    assert "nightly" in loaded["jobs"]


def test_dbt_tests_are_checks_of_staging_marts_features_and_scores(loaded: dict[str, Any]) -> None:
    guarded = {key.split("/")[0] for key in loaded["checked"]}
    assert {"landing", "staging", "marts", "features", "scores", "scoring", "learning", "publication"} <= guarded


def test_the_definitions_are_those_that_were_reviewed(loaded: dict[str, Any]) -> None:
    text = "\n".join(loaded["page"]) + "\n"
    if os.environ.get("ZEYOU_WRITE_DEFINITIONS"):
        DEFINITIONS.write_text(text, encoding="utf-8")
    assert text == DEFINITIONS.read_text(encoding="utf-8"), "ZEYOU_WRITE_DEFINITIONS=1 writes it"


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_root_stays_small_and_names_say_something() -> None:
    files = tracked()
    assert len({name.split("/")[0] for name in files if "/" in name}) <= 16
    assert {name for name in files if "/" not in name} <= {
        ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "pyproject.toml",
        "requirements.lock", "workspace.yaml",
    }  # fmt: skip
    vague = re.compile(r"(^|/)(utils?|helpers?|misc|common|lib)(\.\w+|/|$)")
    assert [name for name in files if vague.search(name)] == []


def test_every_module_opens_with_its_charter() -> None:
    for name in tracked():
        if name.endswith(".py") and name.split("/")[0] in PACKAGES and not name.endswith("__init__.py"):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert text.startswith('"""') and ("Belongs here" in text.split('"""')[1]), name


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock and "://" not in lock and "index-url" not in lock


def test_every_import_is_declared_and_every_declared_package_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    distributions = importlib.metadata.packages_distributions()
    imported: dict[str, str] = {}
    for name in tracked():
        if name.endswith(".py") and name.split("/")[0] in PACKAGES:
            for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
                imported |= {n.split(".")[0]: name for n in names}
    outside = {n: at for n, at in imported.items() if n not in PACKAGES and n not in sys.stdlib_module_names}
    found = {canonicalize_name(d) for n in outside for d in distributions[n]}
    missing = {n: at for n, at in outside.items() if not {canonicalize_name(d) for d in distributions[n]} & declared}
    assert missing == {}
    assert declared - found == RUN_NOT_IMPORTED


def test_the_readme_tree_is_current() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = {name.split("/")[0] for name in tracked() if "/" in name and not name.startswith(".")}
    assert [folder for folder in sorted(folders) if f"{folder}/" not in readme] == []


def test_one_form_of_the_command_is_named_everywhere() -> None:
    """`python -m orchestration` is for environments that the project is not installed in, and only its own file says so."""
    old = re.compile(r"python3? -m (orchestration|intake|desk)(?![.\w])")
    own = {"orchestration/__main__.py", "tests/contract/test_architecture.py", "docs/decisions/0051-one-command.md"}
    texts = [
        name for name in tracked() if name not in own and Path(name).suffix in (".py", ".md", ".ipynb", ".yml", ".yaml")
    ]
    texts += ["Makefile", ".ci/run"]
    assert [name for name in texts if old.search((ROOT / name).read_text(encoding="utf-8"))] == []


# A page or paper may choose, order and write rows. Where one counts all the same, the file declares it (RECKONED).
ADDS_UP = re.compile(r"\.(sum|mean|median|cumsum|agg|rank|pivot_table|value_counts)\(|\bCounter\(|\bfsum\(")
READS = re.compile(r"\bread_(table|parquet)\(")
READERS = {"publishing/boards.py", "publishing/figures.py", "desk/listing.py", "desk/pages/boards.py"}


def test_surfaces_read_by_their_declarations_and_add_nothing_up() -> None:
    rooms = ("desk/", "publishing/")
    texts = {n: (ROOT / n).read_text(encoding="utf-8") for n in tracked() if n.startswith(rooms) and n.endswith(".py")}
    assert {name for name, text in texts.items() if READS.search(text)} == READERS
    # Not counted of a board: what people did (audit, actions), trips, and the list's own rows.
    counting = {name for name, text in texts.items() if ADDS_UP.search(text)}
    assert [name for name in sorted(counting) if "RECKONED" not in texts[name]] == ["desk/notices/digest.py"]
    assert "各档条数" in texts["desk/listing.py"]  # where the digest's counts are declared


def test_the_fictional_district_is_named_by_the_sample_and_the_tests_only() -> None:
    """An office that installs Zeyou never meets another district's name. Benchmarks say by it that they run on the sample."""
    name = "云川"
    own = ("sample/", "tests/", "benchmarks/")
    places = [path for path in tracked() if not path.startswith(own) and (ROOT / path).is_file()]
    named = [path for path in places if name.encode() in (ROOT / path).read_bytes() or name in path]
    assert named == []
