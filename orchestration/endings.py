"""How a command ends (结束语): one Chinese line that says what, where and the fix; the traceback goes to a file.

Belongs here: wording what libraries and the system say, writing tracebacks. Does not belong here: what is checked before
a run (nightly.py), lines of our own errors (they are Chinese where they are raised).
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
GIGABYTE: Final = 1 << 30
LOGS_KEPT_DAYS: Final = 90
LEAST_FREE: Final = GIGABYTE  # asked for where nothing of an earlier run says how much a run writes
ALMOST_FULL: Final = (
    32 << 20
)  # below it, what fails without a reason fails for the disk: SQLite says only disk I/O error
_CLASS: Final = re.compile(r"^[A-Za-z_][\w.]*: ")
_OURS: Final = re.compile(r"(?:orchestration|intake|models|desk|publishing|office|storage|sample)\.")
_QUOTED: Final = re.compile(
    r"""'[^']*'|"[^"]*"|/[^\s，；：（）]*|[A-Za-z0-9]+[._][A-Za-z0-9._]+"""
)  # with names of files
_ENGLISH: Final = re.compile(r"[A-Za-z]{2,}[,:]? [A-Za-z]{2,}")
_BRACKETS: Final = re.compile(r"（[^（）]*）")
_PATH: Final = re.compile(r"""['"](/[^'"]+)['"]""")


# How a command ends, by its exit code; `zeyou run --help` prints this table.
EXIT_CODES: Final = {
    0: "做完了",
    1: "程序出错，详情记在日志里",
    2: "不能开始：命令、路径、日期或本区设置不对",
    3: "台账给不出名单：没有收到线索，或没有一行能接收",
    4: "关卡未通过，名单保持原样",
    5: "仓库或作业正被别的程序占用，等它结束再运行",
    6: "机器的问题：磁盘、内存、权限、文件损坏",
    7: "有台账的版式没有确认过，等人确认",
    130: "被中断",
}
OURS: Final = "ours"
LEDGERS: Final = "ledgers"  # what came in gives no list
GATE: Final = "gate"
BUSY: Final = "locked"
UNKNOWN: Final = "unknown"
_CODES: Final = {OURS: 2, "path": 2, "missing": 2, "port": 2, LEDGERS: 3, GATE: 4, BUSY: 5, UNKNOWN: 1}
_OF_THE_MACHINE: Final = 6


class Refused(ValueError):
    """Something was asked for that can't be started; the message is one Chinese line, `kind` why it can't."""

    kind = OURS


class NoLedgers(Refused):
    """Nothing came in that a list could be made of."""

    kind = LEDGERS


class Busy(Refused):
    """Another program holds what is needed."""

    kind = BUSY


@dataclass(frozen=True)
class Ending:
    """Why something ended: the `kind` that a remedy is chosen by, and the line for people."""

    kind: str
    line: str

    @property
    def code(self) -> int:
        """Return the exit code, one of EXIT_CODES."""
        return _CODES.get(self.kind, _OF_THE_MACHINE)


def shown_size(count: float) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / GIGABYTE:.1f} GB" if count >= GIGABYTE / 10 else f"{count / (1 << 20):.0f} MB"


def free_space(folder: Path) -> int:
    """Return how many bytes are free where a folder is, or where it would be made."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def space_needed(home: Path) -> int:
    """Return how many bytes one more run takes: it writes the warehouse, the exports and a list anew before the old ones go."""
    last = [home / "warehouse", home / "exports", (home / "published" / "current").resolve()]
    return max(LEAST_FREE, sum(p.stat().st_size for place in last for p in place.rglob("*") if p.is_file()))


def disk_line(text: str, home: Path) -> str:
    """Say which folder's disk is full, what is free and what a run needs."""
    found = _PATH.search(text)
    folder = Path(found[1]).parent if found else home
    return (
        f"磁盘满了：{folder} 只剩 {shown_size(free_space(folder))}，再运行一次约需 {shown_size(space_needed(home))}；"
        "请清理磁盘，或把 ZEYOU_HOME 指到更大的盘，再运行"
    )


def _named(before: str, after: str) -> Callable[[str, Path], str]:
    def word(text: str, home: Path) -> str:
        found = _PATH.search(text)
        return f"{before}：{found[1] if found else home}；{after}"

    return word


def _said(line: str) -> Callable[[str, Path], str]:
    return lambda text, home: line.format(home=home)


# What libraries and the system say, most telling first: kind, how it is recognised, how it is worded.
_KINDS: Final[tuple[tuple[str, re.Pattern[str], Callable[[str, Path], str]], ...]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL), word)
    for kind, pattern, word in (
        ("disk", r"no space left|\[errno (?:28|122)\]|disk is full|max_temp_directory_size|quota exceeded", disk_line),
        (
            "memory",
            r"memoryerror|out of memory|outofmemory|cannot allocate memory|\[errno 12\]|bad_alloc|malloc of size",
            _said("内存不够；请关闭别的程序，或换内存更大的机器，再运行"),
        ),
        (
            "locked",
            r"could not set lock on file|conflicting lock",
            _said("仓库 {home}/warehouse/warehouse.duckdb 正被别的进程占用；请关闭它，再运行"),
        ),
        (
            "corrupt",
            r"not a valid duckdb|corrupt database|computed checksum|database file with version|read enough bytes from file"
            r"|failed to deserialize|serializationexception|database has been invalidated",
            _said("仓库 {home}/warehouse/warehouse.duckdb 已损坏；请再运行一次夜间作业，它会重建"),
        ),
        (
            "records",
            r"file is not a database|disk image is malformed",
            _named("数据库文件损坏", "运行记录（dagster）可改名后再运行，办公桌的数据库（desk）请从备份恢复"),
        ),
        (
            "permission",
            r"\[errno (?:1|13|30)\]|permission denied|read-only file system",
            _named("没有读写权限", "请检查权限，或换一个位置"),
        ),
        ("port", r"\[errno (?:48|98)\]|address already in use", _said("端口已被占用；请用 --port 换一个")),
        ("missing", r"\[errno 2\]|no such file", _named("没有这个文件或文件夹", "请检查路径")),
        (
            "path",
            r"\[errno (?:17|20|21|36|40)\]",
            _named("这个路径不能用", "它应是文件夹却是文件，或反过来；请检查路径"),
        ),
        ("files", r"\[errno 24\]|too many open files", _said("打开的文件太多；请先运行 ulimit -n 4096，再运行")),
        (
            "zip",
            r"badzipfile|not a zip file|bad crc-32|bad magic number",
            _said("有一个 Excel 文件损坏，打不开；请用表格软件另存后再放入收件夹"),
        ),
    )
)


def kind_of(text: str) -> str | None:
    """Return the kind of what a library says, None for what is not known."""
    return next((kind for kind, pattern, _ in _KINDS if pattern.search(text)), None)


def chinese_line(text: str) -> str | None:
    """Return a message of ours as one line, without its class and what a library said in brackets; None for another's."""
    line = _CLASS.sub("", text.strip()).split("\n")[0].strip()
    line = _BRACKETS.sub(lambda found: "" if _ENGLISH.search(found[0]) else found[0], line)
    bare = _QUOTED.sub("", line)
    chinese = sum("一" <= character <= "龥" for character in bare)
    latin = sum(character.isascii() and character.isalpha() for character in bare)
    # LookupError and ValueError are raised by us and by libraries: theirs may name a Chinese column, and that is all.
    return line if chinese >= 4 and (_OURS.match(text) or chinese >= latin) else None


def ending_of(texts: Iterator[str], home: Path) -> Ending:
    """Word a chain of errors, given as `class: message`, outermost first; kind "unknown" if nobody knows any of them."""
    for text in texts:
        if line := chinese_line(text):
            return Ending(OURS, line)
        for kind, pattern, word in _KINDS:
            if pattern.search(text):
                return Ending(kind, word(text, home))
    if free_space(home) < ALMOST_FULL:
        return Ending("disk", disk_line("", home))
    return Ending(UNKNOWN, "程序出错，没有做完")


def texts_of(error: BaseException | None) -> Iterator[str]:
    """Walk an exception and what caused it."""
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = _mark(frames[-1].filename) if frames else ""
        yield ours + f"{type(error).__module__}.{type(error).__qualname__}: {error}".removeprefix("builtins.")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def texts_of_step(error: Any) -> Iterator[str]:
    """Walk what Dagster kept of an exception of a step (SerializableErrorInfo)."""
    while error is not None:
        place = re.search(r'File "([^"]+)"', error.stack[-1]) if error.stack else None
        ours = _mark(place[1]) if place else ""
        yield ours + (str(error.message) if str(error.message).strip() else str(error.cls_name))
        error = error.cause or error.context


def _mark(file: str) -> str:
    """Return the mark of what our code raised: a LookupError of ours is told from a library's by its place."""
    is_ours = any(Path(file).is_relative_to(ROOT / room) for room in ("orchestration", "intake", "models", "desk"))
    return "orchestration." if is_ours else ""


def keep_traceback(text: str, home: Path) -> Path | None:
    """Write a traceback under `home/logs`, or where temporary files go if that can't be written; None if neither can."""
    name = f"error-{dt.datetime.now():%Y%m%d-%H%M%S-%f}.log"
    for folder in (home / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return None


def forget_old_logs(home: Path, now: dt.datetime | None = None) -> None:
    """Delete logs that nobody will read any more: one or two come a day."""
    oldest = (now or dt.datetime.now()) - dt.timedelta(days=LOGS_KEPT_DAYS)
    for log in (home / "logs").glob("*.log"):
        with suppress(OSError):
            if dt.datetime.fromtimestamp(log.stat().st_mtime) < oldest:
                log.unlink()


def ending_with_log(error: Exception, home: Path) -> Ending:
    """Return how a command ends; what is not ours leaves its traceback in a file that the line names."""
    ending = ending_of(texts_of(error), home)
    if ending.kind == OURS:
        return replace(ending, kind=error.kind) if isinstance(error, Refused) else ending
    log = keep_traceback("".join(traceback.format_exception(error)), home)
    return replace(ending, line=f"{ending.line}；详情记在 {log}") if log else ending
