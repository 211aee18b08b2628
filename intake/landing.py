"""The landing store (落地区): what was received, what was read from it, append-only, and one Parquet file a ledger.

Belongs here: recognising a file by its content, reading each content once, joining what stands in one inbox, writing so
that a file appears whole or not at all. Does not belong: Dagster, SQL, what a cell means.

A file received again changes nothing, unless another file was received over it: content A, B and A again takes effect as A.
A corrected file is a new content: its rows come later (`received_seq`) and staging lets the later row of a key stand; the
earlier one stays in the store. A file taken out of the inbox changes
nothing either: what was received stays landed (a row goes by a correction, never by tidying up). The originals are not
kept, for they hold phones: when a contract changes, a file that is gone can't be read again and is listed as a problem.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.contract import Contract, get_contract, load_contracts
from intake.layouts.assigning import books_of
from intake.layouts.keys import KeyBook, keys_path
from intake.layouts.layout import Layouts, layouts_in_use
from intake.layouts.waiting import Waiting, waiting_of, write_waiting
from intake.plausibility import HELD_SCHEMA, QUESTION, WAITS, Limits, Total, hold_back, read_held
from intake.reading import Refusal, SheetReading, UnknownTable
from intake.registers import REFUSED_SCHEMA, land_register
from intake.returned import returned_workbook
from intake.workbook import SUFFIXES, FileProblem, UnknownLayout, read_workbook
from storage import content_hash, replace_folder, write_json, write_parquet, write_whole

READER_VERSION: Final = "7"  # raise it when the reader reads the same bytes differently
FAILURE: Final = "failure.txt"  # beside a file's line, where the program failed on it
NO_REGISTER: Final = Path(__file__).parent / "reference" / "no_register.csv"  # a header and no rows
Say = Callable[[str], None]
_OF_THE_SYSTEM: Final = frozenset({"thumbs.db", "desktop.ini"})
FILES_SCHEMA: Final = pa.schema(
    [("received_seq", pa.int64()), ("file", pa.string()), ("file_hash", pa.string()), ("contracts", pa.string())]
    + [(name, pa.int64()) for name in ("rows_read", "rows_accepted", "rows_refused", "rows_not_data")]
    + [("problem", pa.string()), ("is_synthetic", pa.bool_()), ("returned_file", pa.string())]
    + [("unread_amounts", pa.string()), ("is_sent_again", pa.bool_())]
)


@dataclass(frozen=True)
class Summary:
    """How many non-empty rows a file had and where each went: read = accepted + refused + not_data."""

    read: int = 0
    accepted: int = 0
    refused: int = 0
    not_data: int = 0

    def __add__(self, other: Summary) -> Summary:
        return Summary(*(a + b for a, b in zip(asdict(self).values(), asdict(other).values(), strict=True)))


def is_sent(path: Path) -> bool:
    """Say whether somebody put a file into the inbox: no lock file of Excel (~$) or WPS (.~), nothing of the system."""
    return path.is_file() and not path.name.startswith(("~$", ".")) and path.name.lower() not in _OF_THE_SYSTEM


def is_ledger(path: Path) -> bool:
    """Say whether a file in an inbox is of a kind that can be read as a ledger."""
    return is_sent(path) and path.suffix.lower() in SUFFIXES


# --- one file -------------------------------------------------------------------------------------------------------


def read_file(
    path: Path,
    contract_name: str,
    out: Path,
    say: Say = lambda line: None,
    layouts: Layouts | None = None,
    home: Path | None = None,
) -> Summary:
    """Read one file by one contract into `out`: accepted.parquet, refused.parquet, summary.json, all or nothing.

    `layouts` are those that people confirmed (None: of the settings in use); rows that `home` received before keep their keys.
    """
    contract, out = get_contract(contract_name), out.resolve()
    partial = out.with_name(out.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if contract.bulk:
            counts = land_register(path, partial / "accepted.parquet", partial / "refused.parquet", say)
            summary = Summary(counts.read, counts.accepted, counts.refused)
        else:
            readings = read_workbook(path, contract, layouts=layouts, received=books_of(home) if home else None)
            pq.write_table(_accepted(readings, contract, path, content_hash(path)), partial / "accepted.parquet")
            pq.write_table(_refused(readings), partial / "refused.parquet")
            summary = _summary(readings)
        write_json(partial / "summary.json", asdict(summary))
        out.mkdir(parents=True, exist_ok=True)
        (out / "summary.json").unlink(missing_ok=True)  # it comes back last: where it is, the three belong together
        for name in ("accepted.parquet", "refused.parquet", "summary.json"):
            os.replace(partial / name, out / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return summary


def _accepted(readings: list[SheetReading], contract: Contract, path: Path, file_hash: str) -> pa.Table:
    rows = [
        {**row, "source_file": path.name, "file_hash": file_hash}
        for reading in readings
        if reading.contract == contract.name
        for row in reading.accepted
    ]
    return pa.Table.from_pylist(rows, contract.schema())


def _refused(readings: list[SheetReading]) -> pa.Table:
    return pa.Table.from_pylist([asdict(r) for reading in readings for r in reading.refusals], REFUSED_SCHEMA)


def _summary(readings: list[SheetReading]) -> Summary:
    return Summary(
        sum(r.read for r in readings),
        sum(len(r.accepted) for r in readings),
        sum(r.refused for r in readings),
        sum(r.not_data for r in readings),
    )


def _unread(readings: list[SheetReading]) -> list[str]:
    return [f"工作表“{reading.sheet}”的“{header}”" for reading in readings for header in reading.unread_amounts]


def _totals(readings: list[SheetReading]) -> list[dict[str, Any]]:
    return [{"sheet": r.sheet, "contract": r.contract, **asdict(total)} for r in readings for total in r.totals]


def _left_out(readings: list[SheetReading]) -> int:
    return sum(refusal.is_row_taken for reading in readings for refusal in reading.refusals)


def _waiting_rows(readings: list[SheetReading]) -> int:
    return sum(reading.refused for reading in readings if reading.unknown)


def _unknown_table(written: dict[str, Any]) -> UnknownTable:
    first, last = written["header_rows"]
    return UnknownTable(**written | {"headers": tuple(written["headers"]), "header_rows": (first, last)})


def _waiting(file: LandedFile) -> list[Waiting]:
    return waiting_of(file.file, file.file_hash, file.unknown, file.received_at[:10])


@cache
def _written_out(contracts: tuple[Contract, ...]) -> str:
    return json.dumps([repr(c) for c in contracts])


# --- the store ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LandedFile:
    """One content received in an inbox. `problem` is the one Chinese line for a file that can't be read at all."""

    received_seq: int
    file: str
    file_hash: str
    received_at: str
    inbox: str
    contracts: tuple[str, ...] = ()
    summary: Summary = Summary()
    problem: str | None = None
    is_synthetic: bool = False
    unread_amounts: tuple[str, ...] = ()  # columns of money that no contract knows, each with its sheet
    left_out: int = 0  # optional cells that could not be read, of rows that were taken
    waiting: int = 0  # refused rows of tables whose columns somebody here must confirm: nothing their sender could mend
    unknown: tuple[UnknownTable, ...] = ()
    is_sent_again: bool = False  # the same bytes were received before, and others over them

    @property
    def returned_file(self) -> str | None:
        """Return the name in the outbox of the workbook that goes back (退回件); None where none does, or nobody sent it."""
        # A name of 255 bytes is the longest there is; Chinese takes three a character.
        stem = Path(self.file).stem.encode()[:200].decode(errors="ignore")
        name = f"{self.received_seq:05d}_{stem}_退回修改.xlsx"
        goes_back = self.summary.refused > self.waiting or self.unread_amounts or self.left_out
        return name if goes_back and self.received_seq > 0 else None


@dataclass(frozen=True)
class Claimed:
    """What came of a file of the inbox that somebody else reads (a workbook of the desk): no ledger row comes of it.

    `problem` is the one Chinese line for a file that was not taken at all; `refusals` and the `returned` workbook tell
    its sender what to mend.
    """

    summary: Summary = Summary()
    problem: str | None = None
    refusals: tuple[Refusal, ...] = ()
    returned: bytes | None = None


Claim = Callable[[Path], Claimed | None]  # None: not theirs


@dataclass(frozen=True)
class Plausibility:
    """By what amounts are judged before they count, and on which day (decision 64)."""

    limits: Limits
    day: dt.date


@dataclass(frozen=True)
class Landed:
    """What stands landed from one inbox: Parquet files under `folder`, rows by contract, files with their problems."""

    folder: Path
    files: tuple[LandedFile, ...]
    rows: dict[str, Summary]
    seconds: float
    held: int = 0  # amounts that wait for a yes

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(f.problem for f in self.files if f.problem)


class LandingStore:
    """Append-only store under one folder: `files/<hash>/` a content, `<contract>.parquet` what stands now."""

    def __init__(self, folder: Path, outbox: Path | None = None, claim: Claim | None = None) -> None:
        self.folder, self.outbox, self.claim = folder, outbox, claim

    @property
    def received_path(self) -> Path:
        return self.folder / "received.json"

    @property
    def places_path(self) -> Path:
        """Return the file that keeps where in each inbox which content stood, since when, and whether it still did."""
        return self.folder / "inbox.json"

    def received(self) -> list[dict[str, Any]]:
        """Give every content ever received, in order of receipt."""
        if not self.received_path.exists():
            return []
        content: list[dict[str, Any]] = json.loads(self.received_path.read_text(encoding="utf-8"))
        return content

    def ledgers_of(self, inbox: Path) -> set[str]:
        """Return the ledgers of which anything ever received in an inbox gave rows."""
        place, found = str(inbox.resolve()), set[str]()
        for entry in self.received():
            summary = self._kept(entry["file_hash"], entry["file"]) / "summary.json"
            if entry["inbox"] == place and summary.is_file():
                parts = json.loads(summary.read_text(encoding="utf-8")).get("parts", {})
                found |= {name for name, part in parts.items() if part["accepted"]}
        return found

    def move_inbox(self, old: Path, new: Path) -> None:
        """Let what was received in one inbox stand as received in another: the folder was moved, nothing came anew."""
        entries = self.received()
        if entries:
            here = [e | {"inbox": str(new)} if e["inbox"] == str(old) else e for e in entries]
            write_json(self.received_path, here)
            self.places_path.unlink(missing_ok=True)  # copied files bear other times

    def land_inbox(
        self,
        inbox: Path,
        say: Say = lambda line: None,
        whole: Callable[[], Path | None] = lambda: None,
        plausibility: Plausibility | None = None,
    ) -> Landed:
        """Read every new content in the inbox and rewrite the Parquet file of each ledger from what stands there.

        `whole` gives a workbook that holds all of its source each time (the desk's events): asked for after the inbox was
        read, its rows stand as they are now, before everything received (`received_seq` 0). Without `plausibility` every
        amount counts as it is written.
        """
        started = time.perf_counter()
        if not inbox.is_dir():
            raise FileProblem(f"{inbox}：收件夹不存在；请检查路径，或用 make run INBOX=<文件夹> 指定")
        place = str(inbox.resolve())
        failed = self._receive_all(inbox, lambda path: True, say)
        entries = self._standing(place)
        files = tuple(self._load(LandedFile(**entry), failed) for entry in entries)
        unknown = failed.keys() - {entry["file_hash"] for entry in entries}
        files += tuple(
            LandedFile(-at, file_hash, "", "", place, problem=failed[file_hash])
            for at, file_hash in enumerate(sorted(unknown), start=1)
        )
        if (source := whole()) is not None:
            files = (self._read_whole(source, place), *files)
        rows, held = self._join_ledgers(files, plausibility)
        self._join_refusals(files)
        self._write_files(files)
        write_waiting(self.folder.parent, inbox, [_waiting(file) for file in files if file.unknown])
        return Landed(self.folder, files, rows, time.perf_counter() - started, held)

    def _join_ledgers(
        self, files: Sequence[LandedFile], plausibility: Plausibility | None
    ) -> tuple[dict[str, Summary], int]:
        """Write every ledger from what stands received, without the amounts that wait for a yes, and the questions of those."""
        path = self.folder / "held.parquet"
        before = read_held(path)
        questions: list[dict[str, Any]] = []
        answers = self._answers(files) if plausibility else {}
        rows = {}
        for contract in load_contracts().values():
            if contract.bulk:
                continue
            table, rows[contract.name] = self._join(contract, files)
            if plausibility:
                held = hold_back(
                    contract,
                    table,
                    plausibility.limits,
                    plausibility.day,
                    before,
                    answers,
                    self._totals(contract, files),
                )
                table, questions = held.table, [*questions, *held.questions]
            write_parquet(self.folder / f"{contract.name}.parquet", table)
        write_parquet(path, pa.Table.from_pylist(questions, HELD_SCHEMA))
        return rows, sum(question["state"] == WAITS for question in questions)

    def _answers(self, files: Sequence[LandedFile]) -> dict[str, str]:
        """Return what people answered to questions of held amounts: of several answers the last received."""
        table, _ = self._join(get_contract("question_answers"), files)
        told = [row for row in table.to_pylist() if row["question_kind"] == QUESTION]
        return {row["subject_key"]: row["answer"] for row in sorted(told, key=itemgetter("received_seq"))}

    def _totals(self, contract: Contract, files: Sequence[LandedFile]) -> list[Total]:
        """Return the lines of totals that the senders wrote below a ledger's rows."""
        found = []
        for landed in files:
            if contract.name in landed.contracts:
                path = self._kept(landed.file_hash, landed.file) / "summary.json"
                for total in json.loads(path.read_text(encoding="utf-8")).get("totals", ()):
                    if total.pop("contract") == contract.name:
                        found.append(Total(file_hash=landed.file_hash, **total))
        return found

    def receive_early(self, inbox: Path, is_wanted: Callable[[Path], bool], say: Say) -> tuple[LandedFile, ...]:
        """Receive some files of an inbox before the others are read; return what came of them."""
        wanted: set[str] = set()

        def note(path: Path) -> bool:
            if found := is_wanted(path):
                wanted.add(content_hash(path))
            return found

        failed = self._receive_all(inbox, note, say)
        place = str(inbox.resolve())
        entries = [entry for entry in self._standing(place) if entry["file_hash"] in wanted]
        return tuple(self._load(LandedFile(**entry), failed) for entry in entries)

    def _standing(self, inbox: str) -> list[dict[str, Any]]:
        """Return what was received in an inbox, each content once, as it was received last."""
        last = {entry["file_hash"]: entry for entry in self.received() if entry["inbox"] == inbox}
        return sorted(last.values(), key=lambda entry: int(entry["received_seq"]))

    def _receive_all(self, inbox: Path, is_wanted: Callable[[Path], bool], say: Say) -> dict[str, str]:
        """Receive every wanted file; return why some could not be, by content, or by name where not even that could be read."""
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        place = str(inbox.resolve())
        failed: dict[str, str] = {}
        found: dict[str, tuple[str, int]] = {}  # by place: content and time
        sent = sorted(p for p in inbox.rglob("*") if is_sent(p))
        for path in sent:
            if not is_wanted(path):
                continue
            file_hash = name = path.name.encode(errors="surrogateescape").decode(errors="replace")
            try:
                if name != path.name:
                    raise OSError(None, "文件名的编码不是 UTF-8，请改名", name)
                file_hash = content_hash(path)
                self._receive(path, file_hash, place, say)
                found[str(path.relative_to(inbox))] = (file_hash, path.stat().st_mtime_ns)
            except (OSError, MemoryError) as error:
                if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                    raise
                why = (error.strerror or "读不出来") if isinstance(error, OSError) else "内存不够，请拆小"
                failed[file_hash] = f"{name}：{why}；本次没有读，其余文件照常，下次运行再读"
                say(f"没有读：{failed[file_hash]}")
        for name in self._sent_again(place, found, {str(path.relative_to(inbox)) for path in sent}):
            try:
                self._receive(inbox / name, found[name][0], place, say, is_again=True)
            except (OSError, MemoryError):
                say(f"没有读：{name}；本次没有读，其余文件照常，下次运行再读")
        return failed

    def _sent_again(self, inbox: str, found: Mapping[str, tuple[str, int]], present: set[str]) -> list[str]:
        """Return the places of contents that were sent again after others over them, in the order of their last receipt.

        Sent again is a content that came to a place since the last run, by content or time. One that only was moved from
        another place, or was away with its share and is back as it was, was not sent.
        """
        known = json.loads(self.places_path.read_text(encoding="utf-8")) if self.places_path.exists() else {}
        before: dict[str, list[Any]] = known.get(inbox, {})
        is_first = inbox not in known
        left = [tuple(at[:2]) for name, at in before.items() if at[2] and name not in present]
        came: dict[str, str] = {}
        for name, at in found.items():
            if is_first or tuple(before.get(name, (None, None))[:2]) == at:
                continue
            if at in left:
                left.remove(at)
                before = {n: b for n, b in before.items() if n in present or tuple(b[:2]) != at}
            else:
                came[at[0]] = name
        stands = {name: [*at[:2], name in present] for name, at in before.items()}
        stands |= {name: [*at, True] for name, at in found.items()}
        if known.get(inbox) != stands:
            write_json(self.places_path, known | {inbox: stands})
        entries = self._standing(inbox)
        ledgers = {entry["file_hash"]: set(self._load(LandedFile(**entry)).contracts) for entry in entries if came}
        return [
            came[entry["file_hash"]]
            for at, entry in enumerate(entries)
            if entry["file_hash"] in came
            and any(
                ledgers[later["file_hash"]] & ledgers[entry["file_hash"]]
                for later in entries[at + 1 :]
                if later["file_hash"] not in came  # what comes again with it stays later than it
            )
        ]

    def _read_whole(self, path: Path, inbox: str) -> LandedFile:
        """Read a source that is given whole; only its newest content is kept."""
        landed = LandedFile(0, path.name, content_hash(path), "", inbox)
        kept, mark = self._kept(landed.file_hash, landed.file), self.folder / "files" / f"{path.stem}.json"
        before = json.loads(mark.read_text(encoding="utf-8"))["kept"] if mark.exists() else None
        if not kept.exists():
            with replace_folder(kept) as partial:
                self._write_readings(partial, path, landed.file_hash, read_workbook(path, may_repeat=True))
        write_json(mark, {"kept": kept.name})
        if before and before != kept.name:
            shutil.rmtree(self.folder / "files" / before, ignore_errors=True)
        return self._load(landed)

    def land_register(self, source: Path | None, say: Say = lambda line: None) -> Summary:
        """Land a register as register.parquet and register_refused.parquet; an unchanged one is not read again.

        Without a source an empty register is landed: an office that has none still gets its list.
        """
        may_be_empty, source = source is None, source or NO_REGISTER
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = self.folder / "register.json"
        accepted, refused = self.folder / "register.parquet", self.folder / "register_refused.parquet"
        if not source.is_file():
            raise FileProblem(f"{source}：企业名录不存在；请检查路径")
        version = self._version(content_hash(source), get_contract("register"))
        if mark.exists() and accepted.exists() and refused.exists():
            known = json.loads(mark.read_text(encoding="utf-8"))
            if known["version"] == version:
                return Summary(**known["summary"])
        mark.unlink(missing_ok=True)
        counts = land_register(source, accepted, refused, say, may_be_empty=may_be_empty)
        summary = Summary(counts.read, counts.accepted, counts.refused)
        write_json(mark, {"version": version, "summary": asdict(summary)})
        return summary

    def _version(self, content: str, *contracts: Contract) -> str:
        known = _written_out(contracts or tuple(load_contracts().values())) + READER_VERSION
        return hashlib.sha256((content + known).encode()).hexdigest()[:32]

    def _receive(self, path: Path, file_hash: str, inbox: str, say: Say, *, is_again: bool = False) -> None:
        entries = self.received()
        entry = next((e for e in reversed(entries) if e["file_hash"] == file_hash and e["inbox"] == inbox), None)
        if is_again and entry:
            say(f"{path.name}：内容与 {entry['received_at'][:10]} 收到的相同，之后收到过别的，这次再发，现以它为准")
        if not entry or is_again:
            now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            entry = {"file": path.name, "file_hash": file_hash, "inbox": inbox, "received_at": now}
            entry |= {"received_seq": len(entries) + 1} | ({"is_sent_again": True} if is_again else {})
            write_json(self.received_path, [*entries, entry])
        kept = self._kept(entry["file_hash"], entry["file"])
        if kept.exists() and not is_again and not self._has_answer(kept):
            return
        with replace_folder(kept) as partial:
            for line in self._fill(partial, path, entry, kept):
                say(line)
            # What was read before somebody answered goes; should the process end here, the next run reads the file anew.
            shutil.rmtree(kept, ignore_errors=True)

    def _fill(self, folder: Path, path: Path, entry: dict[str, Any], kept: Path) -> list[str]:
        """Write what a file gave, or why it gave nothing, into an empty folder; return what to say of it."""
        started = time.perf_counter()
        problem = trace = None
        unknown: tuple[UnknownTable, ...] = ()
        try:
            summary, lines = self._read_into(folder, path, entry)
        except FileProblem as found:
            problem, unknown = str(found), found.tables if isinstance(found, UnknownLayout) else ()
        except (OSError, MemoryError):
            raise  # of the machine, not of the file: the next run reads it again
        except Exception:
            # Nothing that one file does may cost the others; the trace is for whoever corrects the program.
            trace = traceback.format_exc()
            problem = f"{path.name}：读取时程序出错，整个文件没有读；请用 Excel/WPS 另存后重发，并把 {kept / FAILURE} 发给管理员"
        if problem:
            self._write_problem(folder, problem, trace, unknown)
            return [f"{'待确认版式' if unknown else '拒收整个文件'}：{problem}"]
        seconds = time.perf_counter() - started
        return [
            *lines,
            f"已读 {path.name}：{summary.accepted:,} 行，拒收 {summary.refused:,} 行，用时 {seconds:.1f} 秒",
        ]

    def _read_into(self, folder: Path, path: Path, entry: dict[str, Any]) -> tuple[Summary, list[str]]:
        """Read a file into an empty folder, and write its answer; return its rows and what to say of it."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        claimed = self.claim(path) if self.claim else None
        if claimed:
            if claimed.problem:
                raise FileProblem(claimed.problem)
            self._write_claimed(folder, claimed)
            return claimed.summary, self._send_back(entry, claimed.summary, (), claimed.returned)
        received = books_of(self.folder.parent, dt.date.fromisoformat(entry["received_at"][:10]))
        readings = read_workbook(path, received=received)
        if received.has_news:
            for name, book in received.books.items():
                book.save(self._keys, name)
        self._write_readings(folder, path, entry["file_hash"], readings, received.questions)
        summary, known = _summary(readings), [r for r in readings if not r.unknown]
        answer = returned_workbook(known), _left_out(readings), _waiting_rows(readings)
        lines = self._send_back(entry, summary, tuple(_unread(known)), *answer)
        lines += [f"{path.name}，工作表“{r.sheet}”：{remark}" for r in readings for remark in r.remarks]
        return summary, lines

    @property
    def _keys(self) -> Path:
        return keys_path(self.folder.parent)

    def _has_answer(self, kept: Path) -> bool:
        """Say whether somebody has since answered what had to be asked of a file, or confirmed its layout otherwise."""
        content = json.loads((kept / "summary.json").read_text(encoding="utf-8"))
        layouts = layouts_in_use()
        known = {fingerprint for fingerprint, layout in layouts.items() if layout.is_whole}
        if any(table["fingerprint"] in known for table in content.get("unknown", ())):
            return True
        if any(f not in layouts or layouts[f].digest != old for f, old in content.get("layouts", {}).items()):
            return True
        asked = set(content.get("key_questions", ()))
        return bool(asked) and any(
            not asked.isdisjoint(KeyBook.load(self._keys, name).decisions) for name in content["contracts"]
        )

    def _write_problem(
        self, folder: Path, problem: str, trace: str | None = None, unknown: tuple[UnknownTable, ...] = ()
    ) -> None:
        """Write what stands of a file that was not read: its one line."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self._write_claimed(folder, Claimed(problem=problem), unknown)
        if trace:
            (folder / FAILURE).write_text(trace, encoding="utf-8", errors="backslashreplace")

    def _write_readings(
        self,
        folder: Path,
        path: Path,
        file_hash: str,
        readings: list[SheetReading],
        questions: Iterable[str] = (),
    ) -> None:
        names = sorted({r.contract for r in readings if r.contract})
        for name in names:
            pq.write_table(_accepted(readings, get_contract(name), path, file_hash), folder / f"{name}.parquet")
        pq.write_table(_refused(readings), folder / "refused.parquet")
        # Rows of sheets that no contract knows belong to the file's first ledger as "not data".
        parts = {n: asdict(_summary([r for r in readings if (r.contract or names[0]) == n])) for n in names}
        content: dict[str, Any] = {"problem": None, "contracts": names, "summary": asdict(_summary(readings))}
        content |= {"parts": parts, "is_synthetic": any(reading.is_synthetic for reading in readings)}
        known, layouts = [r for r in readings if not r.unknown], layouts_in_use()
        content |= {"unread_amounts": _unread(known), "left_out": _left_out(readings)}
        content |= {"totals": _totals(known)}
        content |= {"waiting": _waiting_rows(readings), "unknown": [asdict(r.unknown) for r in readings if r.unknown]}
        content |= {"layouts": {r.layout: layouts[r.layout].digest for r in readings if r.layout}}
        content |= {"key_questions": sorted(set(questions))}
        write_json(folder / "summary.json", content)

    def _write_claimed(self, folder: Path, claimed: Claimed, unknown: tuple[UnknownTable, ...] = ()) -> None:
        refused = pa.Table.from_pylist([asdict(r) for r in claimed.refusals], REFUSED_SCHEMA)
        pq.write_table(refused, folder / "refused.parquet")
        content: dict[str, Any] = {"problem": claimed.problem, "contracts": [], "summary": asdict(claimed.summary)}
        content |= {"unknown": [asdict(table) for table in unknown]}
        write_json(folder / "summary.json", content)

    def _send_back(
        self,
        entry: dict[str, Any],
        summary: Summary,
        unread: tuple[str, ...],
        content: bytes | None,
        left_out: int = 0,
        waiting: int = 0,
    ) -> list[str]:
        """Write what was refused back for its sender, named by the order of receipt; nothing there is ever removed."""
        if self.outbox is None or content is None:
            return []
        landed = LandedFile(**entry, summary=summary, unread_amounts=unread, left_out=left_out, waiting=waiting)
        assert landed.returned_file
        self.outbox.mkdir(parents=True, exist_ok=True)
        write_whole(self.outbox / landed.returned_file, lambda partial: partial.write_bytes(content))
        cells = f"，{left_out:,} 个单元格没有读入" if left_out else ""
        return [f"退回件已写到 {landed.returned_file}：共 {summary.refused - waiting:,} 行需修改{cells}"]

    def _load(self, landed: LandedFile, failed: Mapping[str, str] = MappingProxyType({})) -> LandedFile:
        kept = self._kept(landed.file_hash, landed.file)
        if not kept.exists():
            problem = (
                failed.get(landed.file_hash)
                or f"{landed.file}：台账约定改过之后需要重读，但文件已不在收件夹；请把它放回收件夹"
            )
            return replace(landed, problem=problem)
        content = json.loads((kept / "summary.json").read_text(encoding="utf-8"))
        summary, contracts = Summary(**content["summary"]), tuple(content["contracts"])
        synthetic, unread = bool(content.get("is_synthetic")), tuple(content.get("unread_amounts", ()))
        said = {"problem": content["problem"], "is_synthetic": synthetic, "unread_amounts": unread}
        said |= {"left_out": int(content.get("left_out", 0)), "waiting": int(content.get("waiting", 0))}
        said |= {"unknown": tuple(_unknown_table(table) for table in content.get("unknown", ()))}
        return replace(landed, contracts=contracts, summary=summary, **said)

    def _kept(self, file_hash: str, file_name: str) -> Path:
        # The name counts: it is told in every row, and the same bytes may come to another inbox under another name.
        return self.folder / "files" / self._version(f"{file_hash} {file_name}")

    def _join(self, contract: Contract, files: Iterable[LandedFile]) -> tuple[pa.Table, Summary]:
        schema = contract.schema().append(pa.field("received_seq", pa.int64()))
        tables, total = [schema.empty_table()], Summary()
        newest = pa.scalar(None, pa.date32())
        for landed in files:
            if contract.name not in landed.contracts:
                continue
            kept = self._kept(landed.file_hash, landed.file)
            table = pq.read_table(kept / f"{contract.name}.parquet")
            # What names no period is taken to be as new as the newest received before it.
            at = table.schema.get_field_index("source_period_date")
            table = table.set_column(at, schema.field(at), pc.fill_null(table.column(at), newest))
            newest = pc.max(
                pa.chunked_array([table.column(at).combine_chunks(), pa.array([newest.as_py()], pa.date32())])
            )
            tables.append(table.append_column("received_seq", pa.array([landed.received_seq] * len(table), pa.int64())))
            content = json.loads((kept / "summary.json").read_text(encoding="utf-8"))
            total += Summary(**content["parts"][contract.name])
        return pa.concat_tables(tables).combine_chunks(), total

    def _join_refusals(self, files: Iterable[LandedFile]) -> None:
        kept = [self._kept(f.file_hash, f.file) / "refused.parquet" for f in files if not f.problem]
        tables = [REFUSED_SCHEMA.empty_table(), *(pq.read_table(path) for path in kept)]
        write_parquet(self.folder / "refused.parquet", pa.concat_tables(tables).combine_chunks())

    def _write_files(self, files: Iterable[LandedFile]) -> None:
        rows = [
            {
                "received_seq": f.received_seq,
                "file": f.file,
                "file_hash": f.file_hash,
                "contracts": "、".join(f.contracts),
                **{f"rows_{name}": count for name, count in asdict(f.summary).items()},
                "problem": f.problem,
                "is_synthetic": f.is_synthetic,
                "returned_file": f.returned_file if self.outbox else None,
                "unread_amounts": "、".join(f.unread_amounts) or None,
                "is_sent_again": f.is_sent_again,
            }
            for f in files
        ]
        write_parquet(self.folder / "files.parquet", pa.Table.from_pylist(rows, FILES_SCHEMA))
