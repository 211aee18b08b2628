"""Read and check a folder of the office (读取设置): every table typed, every key once, every word known.

Belongs here: what can be said of the files by themselves. Does not belong here: what a room demands of its own file
(chains that contradict themselves, weights that don't add up): the wiring asks the rooms, see orchestration/landing_office.py.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
from pydantic import ValidationError

from office.district import DISTRICT, District, load_yaml, read_district
from office.folder import DEFAULTS
from office.problems import OfficeError, Problem, problems_of
from office.tables import TABLES, Row, Table

# Settings that a room reads by itself: what each is, for people.
SETTINGS: Final = {
    DISTRICT: "本区：名称、省、市、镇街、相邻区县、主要招商地区",
    "chains.yaml": "产业链：环节、行业代码、产品词、上下游、链主、契合度计分",
    "weights.yaml": "排序：落地、税收、契合的权重，分档，不参加排序的阶段",
    "landing.yaml": "落地模型：里程碑、观察期、最少样本、特征",
    "landing_points.yaml": "落地模型样本不足时的规则分",
    "tax.yaml": "税收模型：最少样本、特征、规则分",
    "promotion.yaml": "模型关卡：候选模型何时替换在用模型",
    "drift.yaml": "漂移提醒的界限",
    "assignment.yaml": "线索分派：容量、分值",
    "first_report.yaml": "首报首谈的保护天数",
    "register_limits.yaml": "企业名录的上限",
    "desk.yaml": "办公桌：答复的理由、各项限额、理由的出处",
    "passwords.yaml": "不可用的密码",
    "trips.yaml": "外出行程：出发地、每天家数、地区",
    "documents.yaml": "简报、调度材料的版式设置",
    "boards.yaml": "不显示的看板",
}
FILES: Final = (*SETTINGS, *(table.file for table in TABLES.values()))
# Chains are chosen: nobody gets those of another district by an upgrade.
_ADDED_BY: Final = {"chains.yaml": "请运行 zeyou init --chains 产业链（或 --chains-file 自己写的文件）"}
_UNVERIFIED: Final = re.compile("未核实|未下达|(?:is_)?verified: *false")
_TOWN: Final = re.compile("[一-龥]{2,}(?:镇|乡|街道|街道办事处)")
_KINDS_OF_UNITS: Final = frozenset({"镇", "乡", "街道", "园区", "部门", "牵头部门", "招商组", "产业投促委", "开发区"})


def read_table(folder: Path, name: str) -> pa.Table:
    """Return a table of a folder, typed; raise OfficeError with every row that can't be used."""
    table = TABLES[name]
    rows, problems = _typed_rows(folder, table)
    if problems:
        raise OfficeError(problems)
    return pa.Table.from_pylist([row.model_dump(by_alias=True) for _, row in rows], table.schema)


def check_folder(folder: Path) -> list[Problem]:
    """Return everything that is wrong with the files by themselves; an empty list is a folder that can be used."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if DISTRICT in missing:
        try:
            read_district(folder)
        except OfficeError as error:
            return error.problems
    problems = [
        Problem(name, "缺少这个文件", _ADDED_BY.get(name, "请运行 zeyou office upgrade 补上")) for name in missing
    ]
    problems += [
        Problem(path.name, "不认识这个文件，不会读取", "请改成 说明.md 里的文件名，或移到别处")
        for path in sorted(folder.iterdir())
        if path.suffix in (".csv", ".yaml", ".yml") and path.name not in FILES
    ]
    district = None
    for name in sorted(set(SETTINGS) - set(missing)):
        try:
            load_yaml(folder / name)
            if name == DISTRICT:
                district = read_district(folder)
        except OfficeError as error:
            problems += error.problems
    for table in TABLES.values():
        if table.file not in missing:
            problems += _typed_rows(folder, table)[1]
    return problems + (_unknown_towns(folder, district) if district else [])


def unverified(folder: Path) -> Iterator[tuple[str, int, str]]:
    """Yield what nobody has verified (未核实): file, line, text."""
    for name in FILES:
        path = folder / name
        if not path.is_file():
            continue
        table = TABLES.get(Path(name).stem) if name.endswith(".csv") else None
        flag = list(table.columns).index("is_verified") if table and "is_verified" in table.columns else None
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
            cells = next(csv.reader([line]), []) if flag is not None else []
            is_flagged = flag is not None and number > 1 and len(cells) > flag and cells[flag] in ("false", "否")
            if is_flagged or _UNVERIFIED.search(line):
                yield name, number, line.strip()


def _typed_rows(folder: Path, table: Table) -> tuple[list[tuple[int, Row]], list[Problem]]:
    found: list[tuple[int, Row]] = []
    problems: list[Problem] = []
    try:
        written = list(written_rows(folder / table.file, table))
    except OfficeError as error:
        return [], error.problems
    for line, cells in written:
        try:
            found.append((line, table.row.model_validate(cells)))
        except ValidationError as error:
            problems += problems_of(error, table.file, line)
    return found, problems + _repeated(table, found) + _unknown_words(table, written)


class Record(NamedTuple):
    """A row of a CSV file: the line that it begins on, its cells (blank ones None), its text as it stands in the file."""

    line: int
    cells: dict[str, str | None]
    source: str


def written_rows(path: Path, table: Table) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Yield the rows of a CSV file with their line numbers; blank cells are None. Raise OfficeError for another header."""
    for record in records(path, table)[1]:
        yield record.line, record.cells


def records(path: Path, table: Table) -> tuple[str, Iterator[Record]]:
    """Return the header line of a CSV file and its rows; raise OfficeError for another header."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise OfficeError([Problem(table.file, "不是 UTF-8 编码", "请另存为“CSV UTF-8”")]) from None
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader([line.removeprefix("\ufeff") if at == 0 else line for at, line in enumerate(lines)])
    header = next(reader, [])
    if sorted({*header, *table.optional}) != sorted(table.columns) or len(set(header)) != len(header):
        odd = [
            *(f"缺 {c}" for c in table.columns if c not in header and c not in table.optional),
            *(f"多 {c}" for c in header if c not in table.columns),
        ]
        raise OfficeError([Problem(table.file, f"表头不对（{'、'.join(odd) or '有重复'}）", "请恢复默认表头", 1)])
    return "".join(lines[: reader.line_num]), _records(reader, reader.line_num, header, lines, table)


def _records(reader: Any, before: int, header: list[str], lines: list[str], table: Table) -> Iterator[Record]:
    for cells in reader:
        first, before = before, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise OfficeError(
                [Problem(table.file, f"有 {len(cells)} 格，表头有 {len(header)} 格", "请核对逗号和引号", first + 1)]
            )
        named = {name: cell.strip() or None for name, cell in zip(header, cells, strict=True)}
        yield Record(first + 1, named, "".join(lines[first : reader.line_num]))


def _key(table: Table, row: Row) -> tuple[Any, ...]:
    values = row.model_dump(by_alias=True)
    return tuple(values[name] for name in table.key)


def _repeated(table: Table, rows: list[tuple[int, Row]]) -> list[Problem]:
    counts = Counter(_key(table, row) for _, row in rows)
    seen: set[tuple[Any, ...]] = set()
    problems = []
    for line, row in rows:
        key = _key(table, row)
        if counts[key] > 1 and key in seen:
            text = "、".join(str(part) for part in key)
            problems.append(Problem(table.file, "与前面一行重复", "请删去其中一行", line, "、".join(table.key), text))
        seen.add(key)
    return problems


def _unknown_words(table: Table, rows: list[tuple[int, dict[str, str | None]]]) -> list[Problem]:
    """Words that the program does not know, and those it knows that have no row."""
    problems = []
    for column in table.closed:
        title = table.columns[column]
        known = [cells[column] for _, cells in written_rows(DEFAULTS / table.file, table)]
        fix = "请改回默认表里的写法，或删去这一行"
        problems += [
            Problem(table.file, f"程序不认识这个{title}", fix, line, column, word)
            for line, cells in rows
            if (word := cells[column]) and word not in known
        ]
        written = {cells[column] for _, cells in rows}
        problems += [
            Problem(table.file, f"缺少{title}“{word}”的一行", "请补上（默认表里有）", None, column)
            for word in dict.fromkeys(known)
            if word not in written
        ]
    return problems


def _unknown_towns(folder: Path, district: District) -> list[Problem]:
    """Towns that rules of units name and the district does not have; nothing where the district lists none."""
    if not district.towns or not (folder / "unit_rules.csv").is_file():
        return []
    problems = []
    for line, row in _typed_rows(folder, TABLES["unit_rules"])[0]:
        for word in re.split("[、,，]", str(row.model_dump()["applies_to"])):
            if word not in _KINDS_OF_UNITS and _TOWN.fullmatch(word) and word not in district.towns:
                problems.append(
                    Problem(
                        "unit_rules.csv",
                        f"{district.name}没有这个镇街",
                        f"请改正，或写进 {DISTRICT} 的 towns",
                        line,
                        "applies_to",
                        word,
                    )
                )
    return problems
