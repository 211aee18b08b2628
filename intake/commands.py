"""What the commands of the intake do and print (命令): read or explain a file, match enterprises, write a template.

Belongs here: one function per command, its lines on the terminal. Does not belong here: what may be typed
(orchestration/command_line.py), reading.
"""

from __future__ import annotations

import sys
from pathlib import Path

from intake.contract import get_contract


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def read(file: Path, contract: str, out: Path) -> int:
    """Read one file by a contract into the folder `out`."""
    from intake.landing import read_file

    summary = read_file(file, contract, out, _say)
    print(
        f"{file.name}：读入 {summary.read:,} 行 = 接收 {summary.accepted:,} + 拒收 {summary.refused:,} "
        f"+ 非数据 {summary.not_data:,}；结果在 {out}"
    )
    return 0


def explain(file: Path, contract: str | None) -> int:
    """Print what would be read from a file, and why; None: the contract is recognised by the header."""
    from intake.explain import explain as lines_of

    print("\n".join(lines_of(file, get_contract(contract) if contract else None)))
    return 0


def template(contract: str, out: Path) -> int:
    """Write an empty ledger."""
    from intake.template import write_template

    found = get_contract(contract)
    write_template(found, out)
    print(f"“{found.title}”的填报模板已写到 {out}")
    return 0


def match(file: Path, out: Path, crosswalk: Path | None, decisions: Path | None) -> int:
    """Find which rows of a table are one enterprise."""
    from intake.matching import match_file

    found = match_file(file, out, crosswalk, decisions, _say)
    print(f"{file.name}：{found.summary()}；结果在 {out}")
    return 0


def chain_graph(folder: Path, home: Path) -> int:
    """Read the chain graph of listed companies into the data under `home`."""
    from intake.chain_graph import FOLDER, load_chain_graph

    found = load_chain_graph(folder, home / FOLDER)
    print(f"上市公司产业链图谱：{found.said()}；结果在 {home / FOLDER}")
    return 0
