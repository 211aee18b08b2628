"""Forms that wait for somebody who knows them, of one installation (台账版式的衔接): before a night, and on the desk's page.

Belongs here: joining the intake with the office's folder, the inbox and the desk, which know nothing of each other. Does not
belong here: what a form seems to be (intake.layouts), the page (desk/pages/layouts.py).
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

import office
from desk.forms.columns import META
from intake.commands import NOT_CONFIRMED
from intake.landing import LandingStore, is_ledger
from intake.layouts import asking, waiting
from intake.layouts.assigning import books_of
from intake.layouts.layout import FILE, Layout, Layouts, keep_layout, read_layouts
from intake.opening import has_sheet
from intake.reading import UnknownTable
from orchestration.endings import Refused
from orchestration.nightly import only_one
from orchestration.office_workbooks import is_one
from orchestration.settings import Settings, office_today
from storage import content_hash

WAITS: Final = NOT_CONFIRMED  # also of a night that can make no list before
LEADS: Final = "leads"
UNSURE_BELOW: Final = asking.UNSURE


def signed() -> str:
    """Return who types on this terminal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "终端"


def layouts_of(settings: Settings) -> dict[str, Layout]:
    """Return the confirmed layouts of the office's folder as they are now."""
    return read_layouts(settings.office_folder / FILE)


def waiting_layouts(settings: Settings) -> list[waiting.Waiting]:
    """Return the forms of the inbox in use that wait for an answer."""
    place = str(settings.inbox.resolve())
    return [w for w in waiting.waiting_layouts(settings.home, layouts_of(settings)) if w.inbox == place]


@dataclass(frozen=True)
class InboxLook:
    """What a look into the inbox before a night found: files with tables that nobody knows, and whether leads come otherwise."""

    unknown: tuple[tuple[Path, tuple[UnknownTable, ...]], ...]
    has_leads: bool


def look_into(settings: Settings) -> InboxLook:
    """Receive the ledgers of the inbox as the night would, which then reads none of them again, and return what nobody knows."""
    known = {fingerprint for fingerprint, layout in layouts_of(settings).items() if layout.is_whole}
    paths: dict[str, Path] = {}

    def is_wanted(path: Path) -> bool:
        if not is_ledger(path) or is_one(path) or has_sheet(path, META):
            return False
        try:
            paths[content_hash(path)] = path
        except OSError:
            return False  # the night says what is wrong with it
        return True

    store = LandingStore(settings.home / "landing", settings.home / "outbox")
    with only_one(settings, "nightly"), office.using(settings.office_folder):
        files = store.receive_early(settings.inbox, is_wanted, lambda line: None)
        ledgers = store.ledgers_of(settings.inbox)
    unknown = [
        (paths[file.file_hash], tables)
        for file in files
        if (tables := tuple(table for table in file.unknown if table.fingerprint not in known))
    ]
    return InboxLook(tuple(unknown), LEADS in ledgers)


def confirm_before_run(settings: Settings, is_terminal: bool) -> int:
    """Ask about the tables that nobody knows, and say which still wait; WAITS where no list can be made without one."""
    look = look_into(settings)
    has_leads, left = look.has_leads, []
    for path, tables in look.unknown:
        for table in tables:
            layouts = layouts_of(settings)
            if table.fingerprint in layouts and layouts[table.fingerprint].is_whole:
                continue
            layout = _ask(settings, path, table, layouts) if is_terminal else None
            if layout:
                keep_layout(settings.office_folder, layout)
                has_leads |= layout.ledger == LEADS
            else:
                left.append((path, table))
    day = office_today().isoformat()
    for path, table in left:
        found = waiting.waiting_of(path.name, content_hash(path), [table], day)
        waiting.add_waiting(settings.home, settings.inbox, found)
    if not left or has_leads:
        return 0
    path, table = left[0]
    others = f"等 {len(left)} 张表" if len(left) > 1 else ""
    sys.stderr.write(
        f"待确认版式：{path.name}，工作表“{table.sheet}”{others}的列还没有人确认，没有它就排不出清单；"
        f"请运行 zeyou read {path} --learn，或在办公桌“台账版式”页确认，再运行\n"
    )
    return WAITS


def _ask(settings: Settings, path: Path, table: UnknownTable, layouts: Layouts) -> Layout | None:
    _say(f"\n{path.name} 的列还没有人确认过（{table.why}），请看一遍：")
    return asking.ask(
        path, table, layouts, signed(), input, _say, lambda: books_of(settings.home, office_today())
    )  # fmt: skip


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def lines_of_waiting(settings: Settings) -> list[str]:
    """Return a line for each form that waits after a night."""
    return [
        f"待确认版式：{w.file}，工作表“{w.sheet}”（{w.since} 起）：请在办公桌“台账版式”页或用 zeyou read 文件 --learn 确认"
        for w in waiting_layouts(settings)
    ]


def leads_to_fill(
    settings: Settings, unit: str | None = None, covers: Callable[[str | None], bool] | None = None
) -> list[dict[str, Any]]:
    """Return the leads of the last night, ordered by unit and first day.

    Raises
    ------
    Refused
        There has been no night yet.
    """
    path = settings.home / "exports" / "marts" / "dim_leads.parquet"
    if not path.is_file():
        raise Refused("还没有运行过夜间作业，没有可填的线索：请先运行 zeyou run")
    rows = pq.read_table(path).to_pylist()
    wanted = [r for r in rows if unit in (None, r["unit_name"]) and (covers is None or covers(r["unit_name"]))]
    return sorted(wanted, key=lambda r: (str(r["unit_name"]), str(r["reported_date"]), r["lead_id"]))
