"""Show a form on the terminal and hear what its columns are (终端上确认版式).

Belongs here: the lines of a proposal, the words of an answer. Does not belong here: the proposal itself, keeping it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from xlsxwriter.utility import xl_col_to_name

from intake.contract import load_contracts
from intake.layouts.assigning import Received
from intake.layouts.layout import Layout, LayoutProblem, Layouts, check_layout
from intake.layouts.proposal import Proposal, ProposedColumn, propose
from intake.opening import Row, Sheet, open_sheets
from intake.reading import SheetReading, UnknownTable
from intake.values import as_text, fold, mask_phones
from intake.workbook import UnknownLayout, read_workbook

HELP: Final = (
    "回车＝照此确认；改一列写 列=字段/单位，如 D=计划总投资/亿元、F=不读、E=/万元；另可写 主键=B、主键=无、表头=3 或 表头=3-4、"
    "台账=leads；q＝不确认"
)
NOT_READ: Final = frozenset({"不读", "无", "-", ""})
UNSURE: Final = 0.7
_ANSWER = re.compile(r"^([A-Za-z]{1,3}|表头|台账|主键)=(.*)$")


def unknown_tables(path: Path, layouts: Layouts) -> tuple[UnknownTable, ...]:
    """Return the tables of a file whose columns nobody has confirmed.

    Raises
    ------
    FileProblem
        The file can't be opened at all.
    """
    try:
        return tuple(r.unknown for r in read_workbook(path, layouts=layouts) if r.unknown)
    except UnknownLayout as problem:
        return problem.tables


def known_tables(path: Path, layouts: Layouts) -> tuple[UnknownTable, ...]:
    """Return the tables of a file whose columns are known, as questions: somebody may want them read otherwise."""
    found = []
    for sheet in open_sheets(path):
        if not sheet.is_hidden and (proposal := propose(sheet, layouts)):
            headers = tuple(column.header for column in proposal.columns)
            found.append(
                UnknownTable(sheet.name, proposal.fingerprint, headers, proposal.header_rows, proposal.unit, "重新确认")
            )
    return tuple(found)


def sheet_of(path: Path, name: str) -> Sheet:
    """Return a sheet of a file by its name."""
    found = next((sheet for sheet in open_sheets(path) if sheet.name == name), None)
    if found is None:
        raise LookupError(f"{path.name} 里没有工作表“{name}”")
    return found


def outcome(path: Path, layout: Layout, layouts: Layouts, received: Received | None = None) -> list[SheetReading]:
    """Return what would come out of the tables that a layout reads, with nothing kept."""
    check_layout(layout)
    readings = read_workbook(path, layouts={**layouts, layout.fingerprint: layout}, received=received)
    return [reading for reading in readings if reading.layout == layout.fingerprint]


def shown_cell(column: ProposedColumn, row: Row) -> str:
    """Return a cell as anybody may see it: contacts and phones masked."""
    text = (as_text(row[column.index]) if column.index < len(row) else None) or ""
    if column.is_personal and text:
        return text[:1] + "*" * max(len(text) - 1, 1)
    return mask_phones(text)


def proposal_lines(proposal: Proposal) -> list[str]:
    """Return the lines that show a proposal: each column with an example, what it seems to be, and why."""
    first, last = proposal.header_rows
    rows = f"第 {first} 行" if first == last else f"第 {first}-{last} 行"
    lines = [f"工作表“{proposal.sheet}”：表头在{rows}，按“{proposal.contract.title}”（{proposal.contract.name}）读取"]
    if proposal.like and proposal.changes:
        by = proposal.like
        lines.append(f"  像 {by.confirmed_by} {by.confirmed_on} 确认过的版式，但{'、'.join(proposal.changes)}")
    for column in proposal.columns:
        example = next((text for row in proposal.rows if (text := shown_cell(column, row))), "（空）")
        mark = " ←请核对" if column.field and (column.confidence < UNSURE or column.is_unit_guessed) else ""
        unit = f"，单位 {column.unit}" if column.unit else ""
        guessed = "（表上没写，按数的大小估计）" if column.is_unit_guessed and column.unit else ""
        what = f"{column.title}{unit}{guessed}" if column.field else "不读"
        name = xl_col_to_name(column.index)
        lines.append(f"  {name} “{column.header}”（如 {example[:24]}）→ {what}：{column.why}{mark}")
    lines += [f"  {title}：{source}" for title, source in proposal.outside]
    return lines


def outcome_lines(readings: list[SheetReading]) -> list[str]:
    """Return the lines that say what would come out."""
    accepted, refused = sum(len(r.accepted) for r in readings), sum(r.refused for r in readings)
    lines = [f"  照此读取：接收 {accepted:,} 行，拒收 {refused:,} 行"]
    said = dict.fromkeys(
        f"第 {r.row} 行{f'“{r.column}”' if r.column else ''}：{r.reason}" for x in readings for r in x.refusals
    )
    return lines + [f"    {line}" for line in list(said)[:3]]


def answered(proposal: Proposal, text: str, sheet: Sheet, layouts: Layouts) -> Proposal:
    """Return the proposal as a line of an answer corrects it.

    Raises
    ------
    LookupError
        The line names a column, a field or a ledger that there is not.
    """
    for part in re.split(r"[,，;；\s]+", text.strip()):
        match = _ANSWER.match(fold(part))
        if not match:
            raise LookupError(f"看不懂“{part}”")
        proposal = _corrected(proposal, match.group(1), match.group(2), sheet, layouts)
    return proposal


def _corrected(proposal: Proposal, name: str, said: str, sheet: Sheet, layouts: Layouts) -> Proposal:
    if name == "表头":
        numbers = [int(n) for n in re.findall(r"\d+", said)]
        if not numbers or not 1 <= numbers[0] <= numbers[-1] <= min(len(sheet.rows), numbers[0] + 2):
            raise LookupError("表头请写行号，如 表头=3 或 表头=3-4")
        return propose(sheet, layouts, proposal.contract, (numbers[0], numbers[-1])) or proposal
    if name == "台账":
        found = next((c for c in load_contracts().values() if said in (c.name, c.title) and not c.bulk), None)
        if found is None:
            raise LookupError(f"没有台账“{said}”")
        return propose(sheet, layouts, found, proposal.header_rows) or proposal
    key = next(f.title for f in proposal.contract.fields if f.name == proposal.contract.key[0])
    if name == "主键":
        for column in proposal.columns:
            if column.title == key:
                proposal = proposal.corrected(column.index, None)
        return proposal if said in NOT_READ else _corrected(proposal, said, key, sheet, layouts)
    index = next((c.index for c in proposal.columns if xl_col_to_name(c.index) == name.upper()), None)
    if index is None:
        raise LookupError(f"没有 {name.upper()} 列")
    title, slash, unit = said.partition("/")
    if slash and not title:
        title = next(column.title for column in proposal.columns if column.index == index)
    taken = next(
        (c for c in proposal.columns if c.index != index and c.field and c.field is proposal.contract.match(title)),
        None,
    )
    if taken and taken.field and not taken.field.personal:  # the field moves to the column that was named
        proposal = proposal.corrected(taken.index, None)
    return proposal.corrected(index, None if title in NOT_READ else title, unit or None)


def ask(
    path: Path,
    table: UnknownTable,
    layouts: Layouts,
    by: str,
    read_line: Callable[[str], str],
    say: Callable[[str], None],
    received: Callable[[], Received] = Received,
    ledger: str | None = None,
) -> Layout | None:
    """Show what a table seems to be and return the layout that a person confirmed; None where nobody did."""
    sheet = sheet_of(path, table.sheet)
    contract = load_contracts()[ledger] if ledger else None
    proposal = propose(sheet, layouts, contract, table.header_rows)
    if proposal is None:
        return None
    while True:
        layout = proposal.confirmed(by, dt.date.today())
        problem = None
        say("\n".join(proposal_lines(proposal)))
        try:
            if proposal.doubt:
                raise LayoutProblem(proposal.doubt)
            say("\n".join(outcome_lines(outcome(path, layout, layouts, received()))))
        except LayoutProblem as found:
            problem = str(found)
            say(f"  还不能读：{problem}")
        if (text := _typed(read_line)) is None:
            return None
        if not text:
            if problem is None:
                return layout
            continue
        try:
            proposal = answered(proposal, text, sheet, layouts)
        except LookupError as wrong:
            say(f"  {wrong.args[0]}")


def _typed(read_line: Callable[[str], str]) -> str | None:
    """Return what a person typed, or None where they quit or nobody is there."""
    try:
        text = read_line(f"{HELP}\n> ").strip()
    except EOFError:
        return None
    return None if text.lower() in {"q", "quit", "不"} else text


def ask_about_form(
    path: Path,
    form: Proposal,
    layouts: Layouts,
    by: str,
    read_line: Callable[[str], str],
    say: Callable[[str], None],
) -> Layout | None:
    """Show what the columns of a blank form seem to be and return the layout that a person confirmed."""
    sheet, proposal = sheet_of(path, form.sheet), form
    while True:
        say("\n".join(line for line in proposal_lines(proposal)[: len(proposal.columns) + 2] if "自动编号" not in line))
        if (text := _typed(read_line)) is None:
            return None
        if not text:
            return proposal.confirmed(by, dt.date.today())
        try:
            proposal = answered(proposal, text, sheet, layouts)
        except LookupError as wrong:
            say(f"  {wrong.args[0]}")
