"""What the commands of the office's folder do and print (命令): write it for a new district, check it,
upgrade it, its workbook out and in.

Belongs here: one function per command, questions on the terminal. Does not belong here: what may be typed
(command_line.py), reading and writing the folder (office).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from intake.opening import FileProblem
from office import DISTRICT, OfficeError
from office.district import load_yaml
from office.installing import CHAINS, is_begun, library_of_chains, upgrade_folder, write_folder
from office.problems import Problem
from office.reading import unverified
from office.receiving import NotReadable
from office.workbook import GUIDE, export
from orchestration.endings import Refused
from orchestration.landing_office import check_office
from orchestration.office_workbooks import OfficeWorkbooks, is_one, line_of
from orchestration.settings import Settings, home_from_environment
from storage import write_whole

SHOWN: Final = 20
_ASKED: Final = {"name": "本区名称（如 某某区）", "province": "所在省（全称）", "city": "所在市（全称）"}


def init(facts_file: Path | None, typed: Mapping[str, Any], chains_file: Path | None) -> int:
    """Write the folder of a district from a file of facts, from what was typed, or by asking."""
    facts = {**(load_yaml(facts_file) if facts_file else {}), **{key: value for key, value in typed.items() if value}}
    chains = facts.pop("chains", None)
    if named := facts.pop("chains_file", None):
        chains_file = chains_file or (facts_file or Path()).parent / str(named)
    folder = home_from_environment() / "office"
    is_by_hand = is_begun(folder)
    missing = [] if is_by_hand else [key for key in _ASKED if key not in facts]
    if missing and sys.stdin.isatty():
        facts |= {key: input(f"{_ASKED[key]}：").strip() for key in missing}
    if not chains and not chains_file and sys.stdin.isatty():
        chains = input(f"主导产业链，用顿号分隔（可选：{'、'.join(library_of_chains().values())}）：").strip()
    if isinstance(chains, str):
        chains = [name for name in chains.replace(",", "、").replace("，", "、").split("、") if name]
    district = write_folder(folder, facts, chains_file or chains or [])
    if problems := check_office(folder):
        # Without either the folder is none: correct the facts and start again.
        (folder / (CHAINS if is_by_hand else DISTRICT)).unlink()
        raise OfficeError(problems)
    print(f"{district.name}的设置已写到 {folder}，每个文件的说明见其中的 说明.md")
    print(f"其中未核实 {sum(1 for _ in unverified(folder)):,} 处，请逐步核实：zeyou office check")
    return 0


def check(is_whole: bool) -> int:
    """Print what is wrong, and what nobody has verified; return 1 where a night would not start."""
    folder = _folder()
    problems = check_office(folder)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{folder}：可用")
    found = list(unverified(folder))
    by_file: dict[str, int] = {}
    for name, _, _ in found:
        by_file[name] = by_file.get(name, 0) + 1
    print(f"未核实 {len(found):,} 处：{'、'.join(f'{name} {count} 处' for name, count in by_file.items())}")
    for name, line, text in found if is_whole else found[:SHOWN]:
        print(f"  {name} 第 {line} 行：{text[:100]}")
    if not is_whole and len(found) > SHOWN:
        print(f"  （只列前 {SHOWN} 处，全部：zeyou office check --all）")
    return 1 if problems else 0


def upgrade() -> int:
    """Add what a newer program needs, and print what differs from its defaults."""
    folder = _folder()
    done = upgrade_folder(folder)
    for line in done.added:
        print(f"新增 {line}")
    for line in done.conflicts:
        print(f"不同 {line}")
    if not done.added and not done.conflicts:
        print(f"{folder}：没有要新增的，也没有与新默认不同的")
    for problem in (problems := check_office(folder)):
        print(problem)
    return 1 if problems else 0


def export_workbook(file: Path) -> int:
    """Write the workbook of rules; a file that exists is kept, somebody may be filling it in."""
    folder = _folder()
    if file.suffix.lower() != ".xlsx":
        raise Refused(f"{file}：规则工作簿应为 .xlsx；请改文件名")
    if file.exists():
        raise Refused(f"{file}：已经有这个文件，没有覆盖；请换一个名字，或先移走它")
    content = export(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, lambda partial: partial.write_bytes(content))
    print(f"规则工作簿已写到 {file}；改好、写上填表人后放进收件夹，或运行 zeyou office import {file}")
    return 0


def import_workbook(file: Path) -> int:
    """Apply a workbook of rules at once; what is wrong is printed, and written into a workbook beside it."""
    settings = Settings.from_environment()
    workbooks = OfficeWorkbooks(_folder(), settings.home)
    if not file.is_file():
        raise Refused(f"{file}：文件不存在；请检查路径")
    if not is_one(file):
        raise Refused(f"{file}：不是规则工作簿（没有“{GUIDE}”表或读不了）；请用 zeyou office export 导出的工作簿来改")
    try:
        received = workbooks.apply(file)
    except (NotReadable, FileProblem) as problem:
        raise Refused(f"{file.name}：{problem}") from None
    print(f"{file.name}：{line_of(received)}")
    if received.returned is None:
        workbooks.record(file, received)
        return 0
    for wrong in received.problems[1:SHOWN]:
        print(f"  {wrong}")
    content, returned = received.returned, file.with_name(f"{file.stem}_退回修改.xlsx")
    write_whole(returned, lambda partial: partial.write_bytes(content))
    print(f"逐行写明原因的工作簿：{returned}")
    return 1


def _folder() -> Path:
    folder = Settings.from_environment().office_folder
    if not (folder / DISTRICT).is_file():
        raise Refused(str(Problem(str(folder / DISTRICT), "没有本区的设置", "请先运行 zeyou init")))
    return folder
