"""The command `zeyou`: every subcommand is in its Chinese help, mistakes are one line, and help loads nothing heavy."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.settings import DeskSettings
from intake.matching.placeholders import names_a_firm
from intake.opening import open_sheets
from intake.values import parse_uscc
from orchestration.command_line import build_parser, main
from orchestration.serving import build_desk

ROOT = Path(__file__).parents[3]
ENGLISH = re.compile(r"\b(usage|options|positional|arguments|show|exit|default|required)\b")


def parsers(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    yield path, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from parsers(below, (*path, name))


ALL = dict(parsers(build_parser()))
GROUPS = [path for path, parser in ALL.items() if any(len(p) == len(path) + 1 and p[: len(path)] == path for p in ALL)]


def is_chinese(text: str | None) -> bool:
    return text is not None and re.search("[一-龥]", text) is not None


def helped(*path: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main([*path, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_the_commands_of_every_room_are_there() -> None:
    assert {path[0] for path in ALL if path} == {
        "run", "rescore", "rebuild", "ui", "docs", "figures", "desk", "scan", "read", "explain", "template", "match", "chain-graph",
        "sample", "score", "retrain", "revert", "what-if", "init", "office", "doctor", "backup", "restore", "install",
        "alert", "daemon", "fill",
    }  # fmt: skip
    assert {path[1] for path in ALL if len(path) == 2} == {
        "serve", "admin", "notify", "verify-audit", "check-static", "scan", "check", "upgrade", "export", "import",
    }  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_is_chinese_and_complete(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    shown, parser = helped(*path, capsys=capsys), ALL[path]
    assert shown.startswith(f"用法：{' '.join(('zeyou', *path))} ") and not ENGLISH.search(shown)
    assert is_chinese(parser.description)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert {choice.dest for choice in action._choices_actions} == set(action.choices)
            assert all(is_chinese(choice.help) for choice in action._choices_actions)
            assert all(re.search(rf"^ +{name}\b", shown, re.MULTILINE) for name in action.choices)
        else:
            assert is_chinese(action.help) or action.choices, f"{path} {action.dest}"
            assert action.nargs == 0 or action.choices or is_chinese(str(action.metavar)), f"{path} {action.dest}"


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
@pytest.mark.parametrize(("typed", "said"), [((), "缺少命令"), (("天气",), "没有 '天气' 这个命令")])
def test_no_command_or_an_unknown_one_is_one_line(
    path: tuple[str, ...], typed: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([*path, *typed])
    out, error = capsys.readouterr()
    name = " ".join(("zeyou", *path))
    assert (end.value.code, out, error) == (2, "", f"错误：{said}；用法见 {name} --help\n")


def test_help_and_mistakes_load_nothing_heavy(tmp_path: Path) -> None:
    code = """
import sys
from orchestration.command_line import main
for typed in (["--help"], ["run", "--help"], ["desk", "serve", "--help"], ["天气"]):
    try:
        main(typed)
    except SystemExit:
        pass
rooms = ("intake", "models", "desk")
heavy = {"dagster", "sklearn", "great_expectations", "dbt", "duckdb", "pandas", "numpy", "pyarrow", "sqlalchemy", "fastapi", "yaml"}
print("@@", *sorted(heavy & sys.modules.keys()), *(name for name in rooms if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("@@")[1].split() == []


def test_an_interruption_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("intake.commands.get_contract", interrupt)
    assert main(["template", "leads", "--out", str(tmp_path / "a.xlsx")]) == 130
    assert capsys.readouterr().err == "已中断\n"


def test_a_text_that_is_scanned_gives_nothing_but_its_finding() -> None:
    command = [sys.executable, "-m", "orchestration", "scan", "-"]
    done = subprocess.run(command, cwd=ROOT, input="证照代办", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("未发现")


def test_tab_completes_commands(tmp_path: Path) -> None:
    """As argcomplete's function in the shell asks: the line so far in the environment, the answers in a file."""
    answers = tmp_path / "answers"
    line = "zeyou re"
    asked = {
        "_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_STDOUT_FILENAME": str(answers),
        "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
    }  # fmt: skip
    code = "import sys; from orchestration.command_line import main; main()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ | asked, check=False)
    assert {"rescore", "rebuild", "read", "retrain", "revert", "restore"} == {
        a.strip() for a in answers.read_text().splitlines()
    }


def test_the_desk_is_served_with_what_the_intake_knows(tmp_path: Path) -> None:
    desk = build_desk(DeskSettings(tmp_path, f"sqlite:///{tmp_path / 'desk.sqlite'}")).state.desk
    assert (desk.open_workbook, desk.read_code, desk.lists._names_a_firm) == (open_sheets, parse_uscc, names_a_firm)


def test_the_project_is_installed_by_what_the_lock_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert all(re.search(rf"^{name}==", lock, re.MULTILINE) for name in project["build-system"]["requires"])
    assert project["project"]["scripts"] == {"zeyou": "orchestration.command_line:main"}
