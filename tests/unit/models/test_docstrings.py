"""Examples in docstrings run, and models import nothing that they must not."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "models"
OWN = ("additive", "validation", "landing", "tax", "ranking", "expansion")
FILES = sorted([p for d in OWN for p in (ROOT / d).glob("*.py")] + [ROOT / "registry.py"])
ALLOWED = {
    "office",
    "storage",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "yaml",
    "matplotlib",
    "threadpoolctl",
    "models",
}
TASKS = {"landing", "tax", "chain", "ranking", "expansion"}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_examples_run(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_imports_stay_inside_the_fence(path: Path) -> None:
    import sys

    names = imported(path)
    outside = {n.split(".")[0] for n in names} - ALLOWED - set(sys.stdlib_module_names)
    assert not outside
    others = {n.split(".")[1] for n in names if n.startswith("models.")} & TASKS - {path.parent.name}
    assert not others, "task packages do not import each other"
