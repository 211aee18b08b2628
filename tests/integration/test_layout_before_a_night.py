"""`zeyou run` over a folder with one ledger that nobody knows: asked once on a terminal, said and ended with its own code without."""

from __future__ import annotations

import datetime as dt
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest

from intake.layouts.layout import FILE, read_layouts
from office import DEFAULTS
from office.installing import write_folder
from orchestration.ledger_layouts import WAITS
from orchestration.settings import REPOSITORY

HEADER = ["序号", "在谈项目", "来资企业", "总盘子（万元）", "牵头部门", "首次接洽时间", "联系人"]
FACTS = {"name": "试验区", "province": "浙江省", "city": "湖州市"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home with its settings, and an inbox with one ledger that has 序号 only."""
    chains = [
        line
        for line in (DEFAULTS / "chains.yaml").read_text(encoding="utf-8").splitlines()
        if line.startswith("    name:")
    ]
    write_folder(tmp_path / "home" / "office", FACTS, [chains[0].split(": ")[1]])
    (tmp_path / "inbox").mkdir()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for i in range(1, 31):
        sheet.append(
            [
                i,
                f"机床{i}线项目",
                f"云川{i}号机床有限公司",
                5_000 + i,
                ("城北街道", "东皋镇")[i % 2],
                dt.datetime(2026, 3, i),
                "王小明",
            ]
        )
    book.save(tmp_path / "inbox" / "招商.xlsx")
    return tmp_path


def run(place: Path, *extra: str) -> tuple[list[str], dict[str, str]]:
    command = [
        sys.executable,
        "-m",
        "orchestration",
        "run",
        "--inbox",
        str(place / "inbox"),
        "--as-of",
        "2026-06-30",
        *extra,
    ]
    return command, os.environ | {"ZEYOU_HOME": str(place / "home")}


@pytest.mark.integration
def test_without_a_terminal_it_says_where_to_confirm_and_ends_with_its_own_code(place: Path) -> None:
    command, environment = run(place)
    done = subprocess.run(
        command, env=environment, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == WAITS == 7
    assert len(done.stderr.splitlines()) == 1 and done.stdout == ""
    assert "招商.xlsx" in done.stderr and "--learn" in done.stderr and "台账版式" in done.stderr
    assert not (place / "home" / "published").exists()
    # The same on the command that it names, answered through a pipe; the next run finds it known.
    learn = [sys.executable, "-m", "orchestration", "read", str(place / "inbox" / "招商.xlsx"), "--learn"]
    nobody = subprocess.run(
        learn, env=environment, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert nobody.returncode == 7 and read_layouts(place / "home" / "office" / FILE) == {}
    somebody = subprocess.run(
        learn, env=environment, cwd=REPOSITORY, input="\n", capture_output=True, text=True, check=False
    )
    assert somebody.returncode == 0 and "王小明" not in somebody.stdout
    (layout,) = read_layouts(place / "home" / "office" / FILE).values()
    assert [c.field for c in layout.columns] == [
        None,
        "项目名称",
        "投资主体",
        "计划总投资",
        "负责单位",
        "首报日期",
        "联系人",
    ]


@pytest.mark.integration
def test_on_a_terminal_it_asks_once(place: Path) -> None:
    """Enter accepts. What the run makes of one ledger alone is tested where a list is made."""
    shutil.copyfile(place / "inbox" / "招商.xlsx", place / "inbox" / "招商2.xlsx")
    command, environment = run(place)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said, asked, until = "", 0, time.monotonic() + 300
    try:
        while time.monotonic() < until and process.poll() is None:
            if not select.select([ours], [], [], 1)[0]:
                continue
            said += os.read(ours, 65_536).decode(errors="replace")
            if said.count("> ") > asked:
                asked = said.count("> ")
                os.write(ours, b"\n")
            if "接入：" in said:
                break
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert asked == 1, said
    assert "回车＝照此确认" in said and "计划总投资，单位 万元" in said and "王小明" not in said
    assert len(read_layouts(place / "home" / "office" / FILE)) == 1
