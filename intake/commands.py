"""What the commands of the intake do and print (命令): read or explain a file, match enterprises, write a template.

Belongs here: one function per command, its lines on the terminal. Does not belong here: what may be typed
(orchestration/command_line.py), reading.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from intake.contract import get_contract

NOT_CONFIRMED: Final = 7  # exit code: the columns of a file wait for somebody who knows them


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def read(file: Path, contract: str, out: Path, office: Path, home: Path) -> int:
    """Read one file by one contract into the folder `out`, by the layouts of the office's folder too."""
    from intake.landing import read_file
    from intake.layouts.layout import FILE, read_layouts

    summary = read_file(file, contract, out, _say, read_layouts(office / FILE), home)
    print(
        f"{file.name}：读入 {summary.read:,} 行 = 接收 {summary.accepted:,} + 拒收 {summary.refused:,} "
        f"+ 非数据 {summary.not_data:,}；结果在 {out}"
    )
    return 0


def learn(file: Path, contract: str | None, office: Path, home: Path, by: str) -> int:
    """Ask on the terminal what the columns of a file are, and keep what was confirmed in the office's folder.

    Return 0 where every table of the file is known afterwards, NOT_CONFIRMED where one is not.
    """
    from intake.layouts.asking import ask, known_tables, unknown_tables
    from intake.layouts.assigning import books_of
    from intake.layouts.layout import FILE, keep_layout, read_layouts

    layouts = read_layouts(office / FILE)
    if contract:
        get_contract(contract)
    tables = unknown_tables(file, layouts)
    if not tables:
        print(f"{file.name}：各列都认识，照下面读取；直接回车即可")
    for table in tables or known_tables(file, layouts):
        if tables and table.fingerprint in layouts:
            continue  # another sheet of the same form was just confirmed
        layout = ask(file, table, layouts, by, input, print, lambda: books_of(home), contract)
        if layout is None:
            print(f"{file.name}，工作表“{table.sheet}”：没有确认，没有保存", file=sys.stderr)
            return NOT_CONFIRMED
        keep_layout(office, layout)
        layouts = read_layouts(office / FILE)
        print(f"已保存到 {office / FILE}：以后同样表头的来件照此读取")
    return 0


def fill(blank: Path, out: Path, leads: list[dict[str, Any]], office: Path, by: str) -> int:
    """Fill a blank form from leads; a form that nobody knows is asked about first."""
    from intake.layouts.asking import ask_about_form
    from intake.layouts.filling import form_of, write_form
    from intake.layouts.layout import FILE, keep_layout, read_layouts

    layouts = read_layouts(office / FILE)
    form = form_of(blank, layouts)
    layout = layouts.get(form.fingerprint)
    if layout is None:
        layout = ask_about_form(blank, form, layouts, by, input, print)
        if layout is None:
            print(f"{blank.name}：没有确认，没有填写", file=sys.stderr)
            return NOT_CONFIRMED
        keep_layout(office, layout, is_form=True)
    filled = write_form(blank, out, layout, leads)
    print(f"已填 {filled.rows:,} 条：{out}" + (f"；没有填的列：{'、'.join(filled.empty)}" if filled.empty else ""))
    return 0


def explain(file: Path, contract: str | None, office: Path) -> int:
    """Print what would be read from a file, and why; None: the contract is recognised by the header."""
    from intake.explain import explain as lines_of
    from intake.layouts.layout import FILE, read_layouts

    print("\n".join(lines_of(file, get_contract(contract) if contract else None, read_layouts(office / FILE))))
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
