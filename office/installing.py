"""Write the office's folder once, and bring new defaults beside it (新建、升级设置).

Belongs here: the folder of a new district, what an upgrade adds and where it differs. Does not belong here: checking
(reading.py), asking on the terminal (orchestration).

Nothing that an office has is ever overwritten: an upgrade adds what is missing, and lists what differs.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from office.district import DISTRICT, District, parse_district, read_district
from office.folder import DEFAULTS
from office.problems import OfficeError, Problem
from office.reading import FILES, SETTINGS, records, written_rows
from office.tables import TABLES, Table
from storage import content_hash, replace_folder, write_json, write_text, write_whole

GUIDE: Final = "说明.md"
ORIGIN: Final = ".defaults.json"  # the hash of the default that each file was written from
NEW: Final = "新默认"
CHAINS: Final = "chains.yaml"
TRIPS: Final = "trips.yaml"
_REGIONS: Final = re.compile(r"(?<=\nregions:)[^\n]*(?:\n  - \S+)+")
_START: Final = re.compile(r"(?<=\n)start_city: \S+")
_CHAIN: Final = re.compile(r"^  - id: (\S+)$", re.M)


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade did: files and rows that it added, and files whose new default differs from what the office has."""

    added: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def library_of_chains() -> dict[str, str]:
    """Return the names of the chains that come with the program, by their ids."""
    content = yaml.safe_load((DEFAULTS / CHAINS).read_text(encoding="utf-8"))
    return {chain["id"]: chain["name"] for chain in content["chains"]}


def is_begun(folder: Path) -> bool:
    """Return whether a folder holds a district by hand and nothing else that `zeyou init` writes."""
    return (folder / DISTRICT).is_file() and not (folder / CHAINS).exists()


def write_folder(folder: Path, facts: Mapping[str, Any], chains: Sequence[str] | Path) -> District:
    """Write the folder of a district; raise OfficeError where it has one already or the facts are wrong.

    A folder that holds district.yaml and no chains was begun by hand: the rest is added, its district stays as it is.

    Parameters
    ----------
    facts : mapping
        Content of district.yaml, see :class:`office.District`.
    chains : sequence of str or Path
        Names of chains of the library, or a chain file of the office's own.
    """
    if (folder / DISTRICT).exists() and not is_begun(folder):
        raise OfficeError(
            [Problem(str(folder / DISTRICT), "已经有本区的设置，没有改动", "要改请直接编辑这个文件夹里的文件")]
        )
    district = read_district(folder) if is_begun(folder) else parse_district(dict(facts), DISTRICT)
    chain_text = _own_chains(chains) if isinstance(chains, Path) else _chosen_chains(chains)
    if not folder.exists():
        with replace_folder(folder) as partial:
            _fill(partial, district, chain_text)
        return district
    with replace_folder(folder.with_name(f".{folder.name}.new")) as partial:
        _fill(partial, district, chain_text)
        for name in (*FILES, GUIDE, ORIGIN):  # the district last: until it is there, the folder is none
            if name != DISTRICT and not (folder / name).exists():
                shutil.copyfile(partial / name, folder / name)
        if not (folder / DISTRICT).exists():
            shutil.copyfile(partial / DISTRICT, folder / DISTRICT)
    shutil.rmtree(folder.with_name(f".{folder.name}.new"), ignore_errors=True)
    return district


def upgrade_folder(folder: Path) -> Upgrade:
    """Add files and rows that a newer program needs; list files whose default changed, each laid beside for comparing."""
    origin = _read_origin(folder)
    done = Upgrade()
    for name in FILES:
        default, own = DEFAULTS / name, folder / name
        if name == DISTRICT or not default.exists():
            continue
        if not own.exists():
            if name == CHAINS:
                done.conflicts.append(f"{CHAINS}：没有产业链；请运行 zeyou init 选择，或自己写")
                continue
            shutil.copyfile(default, own)
            origin[name] = content_hash(default)
            done.added.append(f"{name}：{_title(name)}")
        elif (
            content_hash(own) != content_hash(default) and origin.get(name) != content_hash(default) and name != CHAINS
        ):
            done.added.extend(_add_rows(folder, name))
            if difference := _difference(own, default):
                (folder / NEW).mkdir(exist_ok=True)
                shutil.copyfile(default, folder / NEW / name)
                done.conflicts.append(f"{name}：{difference}；新默认放在 {NEW}/{name}，请对照后自行取舍")
            origin[name] = content_hash(default)
    write_text(folder / GUIDE, _guide())
    write_json(folder / ORIGIN, origin)
    return done


def _fill(folder: Path, district: District, chain_text: str) -> None:
    for name in FILES:
        if name not in (DISTRICT, CHAINS):
            shutil.copyfile(DEFAULTS / name, folder / name)
    write_text(folder / CHAINS, chain_text)
    trips = (DEFAULTS / TRIPS).read_text(encoding="utf-8")
    trips = _START.sub(f"start_city: {_start_city(district)}", trips)
    if district.recruits_from:
        trips = _REGIONS.sub("".join(f"\n  - {region}" for region in district.recruits_from), trips)
    write_text(folder / TRIPS, trips)
    write_text(folder / DISTRICT, _district_text(district))
    write_text(folder / GUIDE, _guide())
    write_json(folder / ORIGIN, {name: content_hash(DEFAULTS / name) for name in FILES if (DEFAULTS / name).exists()})


def _start_city(district: District) -> str:
    """Return the city that trips begin in: the district's, else the first that the table has of its province."""
    cities = [cells for _, cells in written_rows(DEFAULTS / "cities.csv", TABLES["cities"])]
    own = [c for c in cities if c["city_name"] == district.city]
    near = [c for c in cities if str(c["province_name"]).startswith(district.short_province)]
    return str([*own, *near, *cities][0]["city_name"])


def _district_text(district: District) -> str:
    lines = ["# 本区的基本情况：由办公室修改，下一次夜间运行后生效。"]
    for name, info in District.model_fields.items():
        value = getattr(district, name)
        if name != "is_fictional" or value:
            lines.append(f"{name}: {_as_yaml(value)}  # {info.title}")
    return "\n".join(lines) + "\n"


def _as_yaml(value: object) -> str:
    return (
        f"[{', '.join(map(str, value))}]"
        if isinstance(value, list)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _guide() -> str:
    """Return the guide to the folder in Chinese: one line a file."""
    lines = [
        "# 本区设置文件夹",
        "",
        "这里的文件都由办公室修改，升级程序不会覆盖。改完后下一次夜间运行生效；改错了，夜间运行开始前会停下，说明哪个文件第几行、怎样改，"
        "原来的清单不变。`zeyou office check` 随时检查；`zeyou office export 规则.xlsx` 把规则表导成一本工作簿，改好后放进收件夹即可。",
        "谁在什么时候通过工作簿改了什么，记在 changes.jsonl。",
        "规则每次修订加一行，写明生效日期（valid_from）和来源；没有核实的写“未核实”。",
        "",
        "| 文件 | 内容 |",
        "|---|---|",
        *(f"| {name} | {_title(name)} |" for name in FILES),
    ]
    return "\n".join(lines) + "\n"


def _title(name: str) -> str:
    table = TABLES.get(Path(name).stem)
    return f"{table.title}：{table.about}" if table else SETTINGS[name]


def _own_chains(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise OfficeError([Problem(str(path), "产业链文件打不开", "请核对路径，并存为 UTF-8")]) from None


def _chosen_chains(names: Sequence[str]) -> str:
    """Return the chain file with the chosen chains only; edges to chains left out go too."""
    library = library_of_chains()
    unknown = [name for name in names if name not in library.values()]
    if unknown or not names:
        said = f"不认识的产业链：{'、'.join(unknown)}" if unknown else "没有选产业链"
        raise OfficeError(
            [Problem(CHAINS, said, f"可选：{'、'.join(library.values())}；都不合适就自己写一份，用 --chains-file 指定")]
        )
    text = (DEFAULTS / CHAINS).read_text(encoding="utf-8")
    starts = [*_CHAIN.finditer(text)]
    head = text[: starts[0].start()]
    ends = [*(found.start() for found in starts[1:]), len(text)]
    kept = [text[found.start() : end] for found, end in zip(starts, ends, strict=True) if library[found[1]] in names]
    gone = [chain for chain, name in library.items() if name not in names]
    lines = (head + "".join(kept)).splitlines(keepends=True)
    crossed = re.compile(rf"^ +- \[.*\b(?:{'|'.join(map(re.escape, gone))})\." if gone else r"(?!)")
    return "".join(line for line in lines if not crossed.match(line))


def _read_origin(folder: Path) -> dict[str, str]:
    try:
        content: dict[str, str] = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def _add_rows(folder: Path, name: str) -> list[str]:
    """Append the rows of words that the program knows and the office's table has no row for."""
    table = TABLES.get(Path(name).stem)
    if table is None or not table.closed:
        return []
    own = {tuple(cells[c] for c in table.closed) for _, cells in written_rows(folder / name, table)}
    missing = [
        cells for _, cells in written_rows(DEFAULTS / name, table) if tuple(cells[c] for c in table.closed) not in own
    ]
    if not missing:
        return []
    content = (folder / name).read_bytes()
    end = "\r\n" if b"\r\n" in content else "\n"
    lines = io.StringIO(newline="")
    header = records(folder / name, table)[0].removeprefix("\ufeff")
    csv.DictWriter(lines, next(csv.reader([header])), lineterminator=end).writerows(missing)
    whole = content.rstrip(b"\r\n") + (end + lines.getvalue()).encode()
    write_whole(folder / name, lambda partial: partial.write_bytes(whole))
    return [f"{name}：新增 {len(missing)} 行"]


def _difference(own: Path, default: Path) -> str:
    """Say how a file differs from its new default; empty where it does not."""
    table: Table | None = TABLES.get(own.stem) if own.suffix == ".csv" else None
    if table:
        rows = [{tuple(cells.values()) for _, cells in written_rows(path, table)} for path in (own, default)]
        parts = [f"新默认多 {len(rows[1] - rows[0])} 行"] if rows[1] - rows[0] else []
        parts += [f"本区多 {len(rows[0] - rows[1])} 行"] if rows[0] - rows[1] else []
        return "、".join(parts)
    before, after = (path.read_text(encoding="utf-8-sig").splitlines() for path in (own, default))
    lines = difflib.unified_diff(before, after, lineterm="", n=0)
    changed = sum(line[0] in "+-" and line[:3] not in ("+++", "---") for line in lines)
    return f"与新默认有 {changed} 行不同" if changed else ""
