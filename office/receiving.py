"""Take a workbook of rules back (收回规则工作簿): compare it with the folder, apply it whole or return it with what is wrong.

Belongs here: what a row of the workbook means for the folder, conflicts, writing the files and the record of changes.
Does not belong here: opening the file (the caller gives its sheets), what a room demands of its own file (the caller's check).

A row is known by its key. The sender changed it if it differs from what was exported; the folder changed it if the folder
does. Where both did, and not to the same, nobody is overwritten. A row that only the folder changed stays as the folder has it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import ValidationError

from office.district import read_district
from office.problems import OfficeError, Problem, problems_of
from office.reading import FILES, records
from office.scalars import number_text, read_typed, with_values
from office.tables import TABLES, Table
from office.workbook import (
    BASE,
    DISTRICT_LABEL,
    GUIDE,
    OTHER,
    OTHER_COLUMNS,
    RESULT,
    SAID,
    SENDER,
    STATE,
    TITLE,
    Cell,
    Key,
    Kind,
    Page,
    Texts,
    digest_of,
    empty_page,
    folder_settings,
    kinds_of,
    mark_of,
    one_form,
    settings_page,
    shown,
    table_rows,
    write_book,
)
from storage import write_text, write_whole

CHANGES: Final = "changes.jsonl"
MOST_ROWS: Final = 20_000  # of a sheet; the largest default table has 612
LONGEST_SENDER: Final = 40
_INVISIBLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_OWN_COLUMNS: Final = (RESULT, SAID)
State = Mapping[tuple[str, Key], str]


class Sheet(Protocol):
    """What an opener gives of each sheet: rows from A1, and cells that show something else than they hold."""

    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> list[list[Any]]: ...
    @property
    def broken(self) -> dict[tuple[int, int], str]: ...
    @property
    def formats(self) -> dict[tuple[int, int], str]: ...
    @property
    def marked(self) -> frozenset[tuple[int, int]]: ...


@dataclass(frozen=True)
class Change:
    """One row that another value replaces: cells by column, None where there is none."""

    file: str
    key: Key
    before: Texts | None
    after: Texts | None


@dataclass(frozen=True)
class Received:
    """What came of a workbook: its sender, its rows, the changes that were applied, or what is wrong and what goes back."""

    sender: str
    read: int
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    refused: int = 0  # rows with something wrong, and good rows that wait for them
    returned: bytes | None = None


class NotReadable(ValueError):
    """A workbook of rules of which nothing can be used; one Chinese line."""


@dataclass
class _Reading:
    """The sheets of one workbook as far as they were read."""

    folder: Path
    base: State
    pages: dict[str, Page] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    places: dict[tuple[str, Key], tuple[str, int]] = field(default_factory=dict)  # sheet and index of a row
    # Hashes of rows in conflict as the folder has them now: sent again, the sender's rows win.
    settled: dict[tuple[str, Key], str] = field(default_factory=dict)

    def say(self, title: str, index: int | None, problem: Problem, column: int | None = None) -> None:
        """Record what is wrong with a row, or with a sheet as a whole."""
        self.problems.append(problem)
        if index is not None:
            page = self.pages[title]
            about = f"【{problem.field}】" if problem.field else ""
            page.said.setdefault(index, []).append(f"{about}{problem.reason}；{problem.fix}")
            if column is not None:
                page.wrong.add((index, column))


def is_rules_workbook(sheets: Iterable[Sheet]) -> bool:
    """Say whether a workbook is one of rules: by the mark in its sheet 说明, whatever the file is called."""
    return any(sheet.name == GUIDE and _cell(sheet, 0, 0) == TITLE for sheet in sheets)


def receive(
    folder: Path,
    sheets: Sequence[Sheet],
    check: Callable[[Path], list[Problem]],
    workbook: str,
    when: dt.datetime,
) -> Received:
    """Apply a workbook to a folder, all of it or nothing; `workbook` names its content in the record of changes.

    Raises
    ------
    NotReadable
        The workbook has lost what tells its changes from those of the folder, or is another district's.
    """
    guide = next(sheet for sheet in sheets if sheet.name == GUIDE)
    facts = {_cell(guide, y, 0): _cell(guide, y, 1) for y in range(min(len(guide.rows), 20))}
    district = read_district(folder).name
    if facts.get(DISTRICT_LABEL) != district:
        raise NotReadable(
            f"是“{facts.get(DISTRICT_LABEL) or '（空）'}”的规则工作簿，本区是“{district}”；请重新导出再改"
        )
    reading = _Reading(folder, _state_in(sheets, facts.get(BASE, "")))
    sender = facts.get(SENDER, "")
    _read_sheets(reading, sheets)
    if (reading.changes or reading.problems) and (
        not sender or len(sender) > LONGEST_SENDER or _INVISIBLE.search(sender)
    ):
        reason = "没有填" if not sender else "不像姓名"
        reading.problems.append(Problem(f"工作表“{GUIDE}”", reason, "请写上填表人的姓名", 3, SENDER))
    rows = sum(len(page.rows) for page in reading.pages.values())
    if not reading.problems and reading.changes:
        _try_changes(reading, check)
    if reading.problems:
        for change in reading.changes:
            title, index = reading.places.get((change.file, change.key), ("", -1))
            if title and index not in reading.pages[title].said:
                reading.pages[title].waits.add(index)
        state = {**reading.base, **reading.settled}
        state = {key: digest for key, digest in state.items() if digest}
        returned = write_book(list(reading.pages.values()), state, district, sender[:LONGEST_SENDER], reading.problems)
        refused = sum(len(page.said) + len(page.waits) for page in reading.pages.values())
        return Received(sender, rows, (), tuple(reading.problems), refused, returned)
    _apply(folder, reading.changes, sender, workbook, when)
    return Received(sender, rows, tuple(reading.changes))


# --- reading --------------------------------------------------------------------------------------------------------


def _state_in(sheets: Sequence[Sheet], mark: str) -> State:
    hidden = next((sheet for sheet in sheets if sheet.name == STATE), None)
    try:
        state = {
            (str(row[0]), tuple(str(part) for part in json.loads(row[1]))): str(row[2])
            for row in (hidden.rows if hidden else [])
        }
    except (ValueError, TypeError, IndexError):
        state = {}
    if not state or mark_of(state) != mark:
        raise NotReadable("工作簿里的底稿标记缺了或被改动过，看不出哪些是您改的；请重新运行 zeyou office export 再改")
    return state


def _read_sheets(reading: _Reading, sheets: Sequence[Sheet]) -> None:
    by_title = {table.title: table for table in TABLES.values()}
    for sheet in sheets:
        if sheet.name in (GUIDE, STATE):
            continue
        if sheet.name in by_title:
            _read_table(reading, sheet, by_title[sheet.name])
        elif sheet.name == OTHER:
            _read_settings(reading, sheet)
        elif any(_as_text("text", cell) for row in sheet.rows for cell in row):
            problem = Problem(f"工作表“{sheet.name}”", "不认识这张工作表", "请改回原来的名称，或删去")
            reading.problems.append(problem)


def _columns_of(reading: _Reading, sheet: Sheet, page: Page) -> list[int] | None:
    """Return where each column of a page is in a sheet; None where the header can't be used."""
    reading.pages[page.title] = page
    place = f"工作表“{sheet.name}”"
    header = [_as_text("text", cell) for cell in (sheet.rows[0] if sheet.rows else [])]
    used = {x for row in sheet.rows[1:] for x, cell in enumerate(row) if _as_text("text", cell)}
    titled = [title for title in header if title]
    odd = [f"缺“{title}”" for title in page.header if title not in titled]
    odd += [f"多“{title}”" for title in dict.fromkeys(titled) if title not in (*page.header, *_OWN_COLUMNS)]
    odd += [f"“{title}”有两列" for title in dict.fromkeys(titled) if titled.count(title) > 1]
    odd += [f"第 {x + 1} 列没有列名" for x in sorted(used) if x >= len(header) or not header[x]]
    if odd:
        fix = "请把第一行改回导出时的样子，多出的列删去"
        reading.say(sheet.name, None, Problem(place, f"表头不对（{'、'.join(odd[:5])}）", fix, 1))
    elif len(sheet.rows) > MOST_ROWS:
        said = f"有 {len(sheet.rows):,} 行，超过 {MOST_ROWS:,} 行"
        reading.say(sheet.name, None, Problem(place, said, "请删去多余的行"))
    else:
        return [header.index(title) for title in page.header]
    page.header = [title or f"第{x + 1}列" for x, title in enumerate(header) if title not in _OWN_COLUMNS]
    page.kinds = ["text"] * len(page.header)
    page.choices = {}
    kept = [x for x, title in enumerate(header) if title not in _OWN_COLUMNS]
    page.rows = [[row[x] if x < len(row) else "" for x in kept] for row in sheet.rows[1 : MOST_ROWS + 1]]
    return None


def _filled_rows(
    reading: _Reading, sheet: Sheet, page: Page, columns: Sequence[int]
) -> Iterable[tuple[int, int, list[str] | None]]:
    """Yield every row that is not blank: its index in the page, its number, its texts; None where a cell can't be read."""
    for y, row in enumerate(sheet.rows[1:], start=1):
        cells = [row[x] if x < len(row) else "" for x in columns]
        broken = {at: sheet.broken[y, x] for at, x in enumerate(columns) if (y, x) in sheet.broken}
        if not broken and not any(_as_text("text", cell) for cell in cells):
            continue
        index = len(page.rows)
        page.rows.append(cells)
        for at, x in enumerate(columns):
            kind, cell = page.kinds[at], cells[at]
            if at not in broken and (said := _doubt(kind, cell, (y, x), sheet)):
                broken[at] = said
        for at, said in broken.items():
            problem = Problem(f"工作表“{page.title}”", said, "请直接填文字或数", y + 1, page.header[at])
            reading.say(page.title, index, problem, at)
        texts = [_as_text(kind, cell) for kind, cell in zip(page.kinds, cells, strict=True)]
        yield index, y + 1, None if broken else texts


def _doubt(kind: Kind, cell: Cell, place: tuple[int, int], sheet: Sheet) -> str:
    """Return why a cell may show something else than it holds; empty where it does not."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and place in sheet.formats:
        return "显示的和存的不是同一个数（百分比、加了单位等）"
    if place in sheet.marked:
        return "文字有划线或上下标，看不出算不算数"
    if isinstance(cell, dt.date | dt.time | dt.timedelta) and kind != "day":
        return "被 Excel 变成了日期或时间"
    if isinstance(cell, str) and _INVISIBLE.search(cell):
        return "有看不见的字符"
    return ""


def _read_table(reading: _Reading, sheet: Sheet, table: Table) -> None:
    page = empty_page(table)
    columns = _columns_of(reading, sheet, page)
    if columns is None:
        return
    found: dict[Key, int] = {}
    current = {key: texts for key, texts, _ in table_rows(reading.folder, table)}
    titles = table.columns
    names = list(titles)
    is_whole = True
    for index, number, texts in _filled_rows(reading, sheet, page, columns):
        place = f"工作表“{page.title}”"
        if texts is None:
            is_whole = False
            continue
        cells = dict(zip(names, texts, strict=True))
        try:
            table.row.model_validate({name: text or None for name, text in cells.items()})
        except ValidationError as error:
            is_whole = False
            for problem in problems_of(error, place, number):
                at = names.index(problem.field) if problem.field in names else None
                shown_field = titles.get(problem.field, problem.field)
                fixed = problem.fix.replace("true 或 false", "是 或 否")
                reading.say(page.title, index, replace(problem, field=shown_field, fix=fixed), at)
            continue
        key = tuple(cells[name] for name in table.key)
        if key in found:
            named = "、".join(titles[name] for name in table.key)
            problem = Problem(place, "与另一行重复", "请删去其中一行", number, named, "、".join(key))
            reading.say(page.title, index, problem)
            continue
        found[key] = index
        _compare(reading, page, table.file, key, tuple(texts), current.get(key), index, number)
    if is_whole:
        _find_removed(reading, page, table, found, current)


def _compare(
    reading: _Reading, page: Page, file: str, key: Key, new: Texts, now: Texts | None, index: int, number: int
) -> None:
    """Tell a change of the sender from one of the folder, and from one of both."""
    reading.places[file, key] = page.title, index
    exported = reading.base.get((file, key))
    if new == now or digest_of(new) == exported:
        return
    if exported == (digest_of(now) if now else None):
        reading.changes.append(Change(file, key, now, new))
        return
    other = "已删去" if now is None else "现为 " + "｜".join(now)
    said = f"导出之后本区设置里的这一行也改过：{other}；这里写的是 {'｜'.join(new)}"
    fix = "要用这里的值就原样再发一次，要用现在的值就照现在的填"
    reading.say(page.title, index, Problem(f"工作表“{page.title}”", said, fix, number))
    reading.settled[file, key] = digest_of(now) if now else ""


def _find_removed(
    reading: _Reading, page: Page, table: Table, found: Mapping[Key, int], current: Mapping[Key, Texts]
) -> None:
    """Find rows that the sender removed, in a sheet whose every row could be read."""
    place = f"工作表“{page.title}”"
    exported = [key for file, key in reading.base if file == table.file]
    if exported and not page.rows:
        fix = "要取消就逐行改；不改这张表就把整张工作表删去"
        reading.say(page.title, None, Problem(place, "整张表都空了", fix))
        return
    for key in exported:
        if key in found or key not in current:
            continue
        now = current[key]
        if digest_of(now) == reading.base[table.file, key]:
            reading.changes.append(Change(table.file, key, now, None))
            continue
        page.rows.append(list(now))
        said = f"这里删去了，但导出之后本区设置里改过：现为 {'｜'.join(now)}"
        reading.say(page.title, len(page.rows) - 1, Problem(place, said, "要删就再删一次，要留就不动"))
        reading.settled[table.file, key] = digest_of(now)


def _read_settings(reading: _Reading, sheet: Sheet) -> None:
    page = settings_page([])
    current = {(name, s.path): s for name, found in folder_settings(reading.folder).items() for s in found}
    seen: set[tuple[str, str]] = set()
    place = f"工作表“{OTHER}”"
    columns = _columns_of(reading, sheet, page)
    if columns is None:
        return
    value_at = list(OTHER_COLUMNS).index("value")
    for index, number, texts in _filled_rows(reading, sheet, page, columns):
        if texts is None:
            continue
        file, path, _, typed = texts
        setting = current.get((file, path))
        if setting is None or (file, path) in seen:
            said = "与另一行重复" if setting else "没有这一项设置"
            problem = Problem(place, said, "请删去这一行", number, "设置项", f"{file} {path}")
            reading.say(OTHER, index, problem)
            continue
        seen.add((file, path))
        try:
            text = read_typed(setting, typed)
        except ValueError as error:
            reason, _, fix = str(error).partition("；")
            reading.say(OTHER, index, Problem(place, reason, fix, number, f"{file} {path}", typed), value_at)
            continue
        page.rows[index][value_at] = shown(replace(setting, text=text))
        _compare(reading, page, file, (path,), (text,), (setting.text,), index, number)


def _as_text(kind: Kind, cell: Cell) -> str:
    """Return a cell as the text that a file would have."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return one_form(kind, "true" if cell else "false") if kind == "yes_no" else "是" if cell else "否"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, int | float):
        if kind == "day" and 20_000 < cell < 60_000:
            return (dt.date(1899, 12, 30) + dt.timedelta(days=int(cell))).isoformat()
        return one_form(kind, number_text(float(cell)))
    return one_form(kind, str(cell).strip())


def _cell(sheet: Sheet, row: int, column: int) -> str:
    cells = sheet.rows[row] if row < len(sheet.rows) else []
    return _as_text("text", cells[column]) if column < len(cells) else ""


# --- applying -------------------------------------------------------------------------------------------------------


def _try_changes(reading: _Reading, check: Callable[[Path], list[Problem]]) -> None:
    """Check the folder as it would be; what is wrong goes to the rows that it came from."""
    with tempfile.TemporaryDirectory() as scratch:
        trial = Path(scratch) / "office"
        trial.mkdir()
        for name in FILES:
            if (reading.folder / name).is_file():
                shutil.copyfile(reading.folder / name, trial / name)
        try:
            for name, content in _new_files(trial, reading.changes).items():
                (trial / name).write_bytes(content)
            problems = check(trial)
        except OfficeError as error:
            problems = error.problems
        except ValueError as error:
            reason, _, fix = str(error).partition("；")
            problems = [Problem(OTHER, reason, fix)]
        for problem in problems:
            _place(reading, trial, replace(problem, file=Path(problem.file).name))


def _place(reading: _Reading, trial: Path, problem: Problem) -> None:
    """Put a problem of a file beside the row of the workbook that has to do with it."""
    table = TABLES.get(Path(problem.file).stem)
    if table and table.file == problem.file and problem.line:
        for record in records(trial / table.file, table)[1]:
            if record.line == problem.line:
                kinds = kinds_of(table)
                key = tuple(one_form(kinds[name], record.cells[name]) for name in table.key)
                title, index = reading.places.get((table.file, key), (table.title, None))
                shown_field = "、".join(table.columns.get(name, name) for name in problem.field.split("、"))
                said = replace(problem, file=f"工作表“{title}”", line=None, field=shown_field)
                reading.say(title, index if title in reading.pages else None, said)
                return
    if table and table.file == problem.file:
        reading.say(table.title, None, replace(problem, file=f"工作表“{table.title}”"))
        return
    rows = [reading.places[c.file, c.key] for c in reading.changes if c.file == problem.file]
    reading.say(OTHER, None, problem)
    for title, index in rows:
        reading.pages[title].said.setdefault(index, []).append(f"{problem.reason}；{problem.fix}")


def _new_files(folder: Path, changes: Sequence[Change]) -> dict[str, bytes]:
    """Return the content of every file that changes touch."""
    by_file: dict[str, list[Change]] = {}
    for change in changes:
        by_file.setdefault(change.file, []).append(change)
    return {
        name: _new_table(folder, TABLES[Path(name).stem], found)
        if name.endswith(".csv")
        else with_values(
            (folder / name).read_bytes().decode(), {c.key[0]: c.after[0] for c in found if c.after}
        ).encode()
        for name, found in by_file.items()
    }


def _new_table(folder: Path, table: Table, changes: Sequence[Change]) -> bytes:
    """Return a table with changed rows; others keep their bytes, new ones follow the last of the same first key part."""
    header, found = records(folder / table.file, table)
    columns = next(csv.reader([header.removeprefix("\ufeff")]))
    end = "\r\n" if header.endswith("\r\n") else "\n"
    new = {change.key: change.after for change in changes}
    kinds = kinds_of(table)
    rows: list[tuple[Key, str]] = []
    for record in found:
        key = tuple(one_form(kinds[name], record.cells[name]) for name in table.key)
        if key not in new:
            rows.append((key, record.source.rstrip("\r\n") + end))
        elif (texts := new.pop(key)) is not None:
            rows.append((key, _as_csv(columns, table, texts, end)))
    for key, texts in new.items():
        if texts is not None:
            same = [at for at, (other, _) in enumerate(rows) if other[0] == key[0]]
            rows.insert(same[-1] + 1 if same else len(rows), (key, _as_csv(columns, table, texts, end)))
    return (header.rstrip("\r\n") + end + "".join(source for _, source in rows)).encode()


def _as_csv(columns: Sequence[str], table: Table, texts: Texts, end: str) -> str:
    cells = dict(zip(table.columns, texts, strict=True))
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator=end).writerow([cells[name] for name in columns])
    return line.getvalue()


def _apply(folder: Path, changes: Sequence[Change], sender: str, workbook: str, when: dt.datetime) -> None:
    """Write the record of changes, then the files: interrupted between them, the same workbook ends what it began."""
    if not changes:
        return
    contents = _new_files(folder, changes)
    path = folder / CHANGES
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    known = [json.loads(line) for line in before.splitlines()]
    done = {(c["file"], tuple(c["key"])) for c in known if c["workbook"] == workbook}
    lines = [
        json.dumps(_recorded(change) | {"who": sender, "when": when.isoformat(timespec="seconds"), "workbook": workbook},
                   ensure_ascii=False, sort_keys=True)
        for change in changes
        if (change.file, change.key) not in done
    ]  # fmt: skip
    write_text(path, before + "".join(f"{line}\n" for line in lines))
    for name, content in contents.items():
        write_whole(folder / name, lambda partial, content=content: partial.write_bytes(content))  # type: ignore[misc]


def _recorded(change: Change) -> dict[str, Any]:
    table = TABLES.get(Path(change.file).stem)

    def cells(texts: Texts | None) -> Any:
        if texts is None:
            return None
        return dict(zip(table.columns, texts, strict=True)) if table and change.file == table.file else texts[0]

    return {"file": change.file, "key": list(change.key), "before": cells(change.before), "after": cells(change.after)}
