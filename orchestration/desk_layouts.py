"""Forms on the desk's page (台账版式页的衔接): what intake says of them, in the shapes that the desk shows.

Belongs here: joining the desk and the intake, which do not know each other. Does not belong here: the page (desk/pages), what a
form seems to be (intake.layouts).
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xlsxwriter.utility import xl_col_to_name

import office
from desk.layouts import AskedRow, Choice, ColumnView, FormView, KnownForm, NotUsable, WaitingForm
from intake.contract import Contract, load_contracts
from intake.landing import is_ledger
from intake.layouts import asking, filling, keys, waiting
from intake.layouts.assigning import books_of
from intake.layouts.layout import LayoutProblem, keep_layout, units_of
from intake.layouts.proposal import Proposal, propose
from intake.opening import FileProblem
from intake.reading import SheetReading
from intake.template import UNIT_OF
from orchestration.endings import Refused
from orchestration.ledger_layouts import UNSURE_BELOW, layouts_of, leads_to_fill, waiting_layouts
from orchestration.settings import Settings, office_today
from storage import content_hash

SHOWN_ROWS: Final = 10
LONGEST_CELL: Final = 60
LONGEST_NAME: Final = 150  # bytes


@dataclass(frozen=True)
class DeskLayouts:
    """The forms of one installation, for its desk. `settings` is asked anew each time: a run may have another inbox."""

    settings: Callable[[], Settings]

    def waiting(self) -> Sequence[WaitingForm]:
        """Return the forms that wait for an answer, oldest first."""
        return [_waiting_form(entry) for entry in waiting_layouts(self.settings())]

    def known(self) -> Sequence[KnownForm]:
        """Return the confirmed ones, newest first."""
        found = sorted(layouts_of(self.settings()).values(), key=lambda layout: layout.confirmed_on, reverse=True)
        return [
            KnownForm(
                layout.contract.title,
                tuple(f"{c.header}→{c.field or '不读'}{f'（{c.unit}）' if c.unit else ''}" for c in layout.columns),
                layout.confirmed_by,
                layout.confirmed_on,
            )
            for layout in found
        ]

    def asked(self) -> Sequence[AskedRow]:
        """Return the rows that may be earlier ones."""
        path, rows = keys.keys_path(self.settings().home), []
        for ledger, q in keys.waiting_keys(path):
            book = keys.KeyBook.load(path, ledger)
            may_be = tuple((key, book.described(key)) for key in q.keys)
            said = "、".join(part for part in q.parts if part)
            rows.append(AskedRow(ledger, q.question_id, q.file, q.parts[keys.UNIT], said, may_be, q.since))
        return rows

    def answer(self, ledger: str, question_id: str, key: str) -> None:
        """Say which row a row is; an empty key: a new one."""
        try:
            keys.answer_key(keys.keys_path(self.settings().home), ledger, question_id, key or keys.NEW)
        except LookupError as problem:
            raise NotUsable(str(problem.args[0])) from None

    def look(self, file_id: str, sheet: str, choice: Choice | None) -> FormView:
        """Return a form as it seems to be, or as the person says."""
        settings = self.settings()
        with office.using(settings.office_folder):
            path, proposal = self._proposal(settings, file_id, sheet, choice)
            problem, readings = proposal.doubt, list[SheetReading]()
            if not problem:
                try:
                    layout = proposal.confirmed("", office_today())
                    received = books_of(settings.home, office_today())
                    readings = asking.outcome(path, layout, layouts_of(settings), received)
                except (LayoutProblem, FileProblem) as found:
                    problem = str(found)
            # What a person has not looked at yet is no mistake of theirs.
            return _view(path.name, proposal, readings, problem if choice and choice.columns else "")

    def confirm(self, file_id: str, sheet: str, choice: Choice, by: str) -> None:
        """Keep what the person says of a form."""
        settings = self.settings()
        with office.using(settings.office_folder):
            _, proposal = self._proposal(settings, file_id, sheet, choice)
        if proposal.doubt:
            raise NotUsable(proposal.doubt)
        try:
            keep_layout(settings.office_folder, proposal.confirmed(by, office_today()))
        except LayoutProblem as problem:
            raise NotUsable(str(problem)) from None

    def put_away(self, file_id: str, sheet: str) -> None:
        """Ask no more about a form."""
        settings = self.settings()
        waiting.put_away(settings.home, _entry(settings, file_id, sheet).file_hash, sheet)

    def receive(self, name: str, content: Path) -> Sequence[WaitingForm]:
        """Lay a file into the inbox; return what of it must be confirmed."""
        settings = self.settings()
        if not is_ledger(content) or name.startswith((".", "~$")) or len(name.encode()) > LONGEST_NAME or "/" in name:
            raise NotUsable("只收 .xlsx、.xls、.xlsm 或 .csv 台账，文件名不超过 50 个汉字")
        if not settings.inbox.is_dir():
            raise NotUsable("收件夹不存在；请系统管理员检查")
        digest = content_hash(content)
        with office.using(settings.office_folder):
            try:
                tables = asking.unknown_tables(content, layouts_of(settings))
            except FileProblem as problem:
                raise NotUsable(str(problem).replace(content.name, name)) from None
        target = settings.inbox / name
        if target.exists() and content_hash(target) != digest:  # another content under the name: both are kept
            target = target.with_stem(f"{target.stem}_{digest[:8]}")
        partial = target.with_name(f".{target.name}.part")
        shutil.copyfile(content, partial)
        partial.replace(target)
        found = waiting.waiting_of(target.name, digest, tables, office_today().isoformat())
        waiting.add_waiting(settings.home, settings.inbox, found)
        return [_waiting_form(entry) for entry in found]

    def fill(self, name: str, blank: Path, unit: str, covers: Callable[[str | None], bool]) -> tuple[bytes, str]:
        """Return a blank form filled from our columns, and what to say of it."""
        settings = self.settings()
        layouts = layouts_of(settings)
        try:
            form = filling.form_of(blank, layouts)
            layout = layouts.get(form.fingerprint)
            if layout is None:
                raise NotUsable(f"{name}：这张表的列还没有人确认；请先运行 zeyou fill {name} --out 文件 确认一次")
            content, filled = filling.fill_form(blank, layout, leads_to_fill(settings, unit or None, covers))
        except (FileProblem, Refused) as problem:
            raise NotUsable(str(problem).replace(blank.name, name)) from None
        empty = f"，没有填的列：{'、'.join(filled.empty)}" if filled.empty else ""
        return content, f"已填 {filled.rows:,} 条{empty}"

    def _proposal(self, settings: Settings, file_id: str, sheet: str, choice: Choice | None) -> tuple[Path, Proposal]:
        entry = _entry(settings, file_id, sheet)
        path = waiting.find_file(Path(entry.inbox), entry)
        if path is None:
            raise NotUsable(f"“{entry.file}”已不在收件夹；请重新放入，或上传一次")
        contract = load_contracts().get(choice.ledger) if choice else None
        rows = (choice and choice.header_rows) or entry.header_rows
        try:
            found = asking.sheet_of(path, sheet)
            if rows[1] > len(found.rows) or rows[1] - rows[0] > 2:
                raise NotUsable("表头行写得不对：从第几行到第几行，最多三行")
            proposal = propose(found, layouts_of(settings), contract, rows)
        except (FileProblem, LookupError) as problem:
            raise NotUsable(str(problem.args[0])) from None
        if proposal is None:
            raise NotUsable(f"“{entry.file}”的这几行里没有表头；请换一行")
        if choice and len(choice.columns) == len(proposal.columns):
            proposal = _as_said(proposal, choice.columns)
        return path, proposal


def _as_said(proposal: Proposal, columns: Sequence[tuple[str, str]]) -> Proposal:
    for column, (field, unit) in zip(proposal.columns, columns, strict=True):
        if (field, unit) != (column.title, column.unit):
            kept = unit if unit or field == column.title else None
            try:
                proposal = proposal.corrected(column.index, field or None, kept)
            except LookupError as problem:
                raise NotUsable(str(problem.args[0])) from None
    return proposal


def _entry(settings: Settings, file_id: str, sheet: str) -> waiting.Waiting:
    for entry in waiting_layouts(settings):
        if (entry.file_hash[:16], entry.sheet) == (file_id, sheet):
            return entry
    raise NotUsable("这份台账已经确认过")


def _waiting_form(entry: waiting.Waiting) -> WaitingForm:
    return WaitingForm(entry.file_hash[:16], entry.file, entry.sheet, entry.unit, entry.since, entry.why)


def _view(file: str, proposal: Proposal, readings: Sequence[SheetReading], problem: str) -> FormView:
    rows = proposal.rows[:SHOWN_ROWS]
    cells = {c.index: [asking.shown_cell(c, row)[:LONGEST_CELL] for row in rows] for c in proposal.columns}
    columns = tuple(
        ColumnView(
            name=xl_col_to_name(c.index),
            header=c.header,
            examples=tuple(dict.fromkeys(text for text in cells[c.index] if text))[:3],
            field=c.title,
            unit=c.unit,
            units=units_of(c.field) if c.field else (),
            why=c.why + ("；单位没有写明，按数的大小估计" if c.is_unit_guessed and c.unit else ""),
            needs_look=bool(c.field) and (c.confidence < UNSURE_BELOW or c.is_unit_guessed),
        )
        for c in proposal.columns
    )
    like, remarks = proposal.like, tuple[str, ...]()
    if like and proposal.changes:
        said = f"像 {like.confirmed_by} {like.confirmed_on} 确认过的版式，但{'、'.join(proposal.changes)}；请再确认一次"
        remarks = (said,)
    masked = {c.field.name for c in proposal.columns if c.field and c.is_personal}
    titles, result = _result(proposal.contract, readings, masked)
    refusals = dict.fromkeys(
        f"第 {r.row} 行{f'“{r.column}”' if r.column else ''}：{r.reason}" for x in readings for r in x.refusals
    )
    return FormView(
        file=file,
        sheet=proposal.sheet,
        unit=proposal.unit,
        ledger=proposal.contract.name,
        ledgers=tuple((c.name, c.title) for c in load_contracts().values() if not c.bulk),
        fields=tuple(f.title for f in proposal.contract.fields),
        header_rows=proposal.header_rows,
        columns=columns,
        rows=tuple(zip(*cells.values(), strict=True)),
        outside=tuple(proposal.outside),
        remarks=remarks,
        taken=sum(len(r.accepted) for r in readings),
        refused=sum(r.refused for r in readings),
        result_titles=titles,
        result_rows=result,
        refusals=tuple(refusals)[:5],
        problem=problem,
    )


def _result(
    contract: Contract, readings: Sequence[SheetReading], masked: set[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the first rows that would come out, in our units."""
    rows = [row for reading in readings for row in reading.accepted][:SHOWN_ROWS]
    fields = [f for f in contract.landed_fields if any(row.get(f.name) is not None for row in rows)]
    titles = tuple(f"{f.title}（{UNIT_OF[f.type]}）" if f.type in UNIT_OF else f.title for f in fields)
    return titles, tuple(tuple("***" if f.name in masked else _text(row.get(f.name)) for f in fields) for row in rows)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return value.isoformat() if isinstance(value, dt.date) else str(value)[:LONGEST_CELL]
