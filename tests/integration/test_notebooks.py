"""Notebooks run from top to bottom on what a nightly run left. Jupyter is not needed: its cells are Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from installation import Home

FOLDER = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, nightly: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEYOU_HOME", str(nightly.root))
    monkeypatch.chdir(FOLDER)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{path.name}[{number}]", "exec"), names)
            assert cell["outputs"] == [] and cell["execution_count"] is None, "notebooks are kept without outputs"
