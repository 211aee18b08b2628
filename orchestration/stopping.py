"""Ending on a signal (停止): SIGTERM, Ctrl-C or a closed terminal end a command and everything it started, with one line.

Belongs here: noticing the signal, ending children. Does not belong here: what a half-done run leaves (every file appears
whole or not at all, the next run clears up what Dagster has as started).
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO

SIGNALS: Final = {signal.SIGTERM: "停止信号", signal.SIGINT: "中断（Ctrl-C）", signal.SIGHUP: "终端关闭"}
SECONDS_TO_END: Final = 5.0  # then what is left is killed
SECONDS_BETWEEN_LOOKS: Final = 2.0
_ending = threading.Event()


@contextmanager
def ends_on_signals(last: Callable[[], str]) -> Iterator[None]:
    """End this process within seconds of a signal: children first, then the line `last()`, then 128 + signal.

    A thread reads the signals from a pipe: while Dagster runs a step it puts its own handlers in place, which wait for the
    step, and a step may wait for a process that does not end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, _do_nothing) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(reader, last), daemon=True, name="signals")
    watcher.start()
    try:
        yield
    finally:
        hold_while_ending()
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)
        watcher.join(1)
        os.close(reader)


def hold_while_ending() -> None:
    """Wait for the end once a signal has come: Dagster returns from a run that it was interrupted in, as if it had failed."""
    if _ending.is_set():
        threading.Event().wait()


@contextmanager
def ends_when_deleted(lock: TextIO, line: str) -> Iterator[None]:
    """End this process and its children with a line once an open file is gone from its place: a run whose home is gone only spins."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(SECONDS_BETWEEN_LOOKS):
            if _is_gone(lock):
                try:
                    end_children(SECONDS_TO_END)
                    _say(f"错误：{line}")
                finally:
                    os._exit(1)

    watcher = threading.Thread(target=watch, daemon=True, name="home")
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _is_gone(file: TextIO) -> bool:
    try:
        return not os.path.samestat(os.fstat(file.fileno()), Path(file.name).stat())
    except FileNotFoundError:
        return True
    except OSError:
        return False  # a disk that is away for a moment is not a deleted folder


def _do_nothing(number: int, frame: object) -> None:
    """Be a handler in Python, so that the system tells the pipe; the watcher acts."""


def _watch(reader: int, last: Callable[[], str]) -> None:
    while received := os.read(reader, 1):
        if received[0] in SIGNALS:
            _end(received[0], last)


def _end(number: int, last: Callable[[], str]) -> None:
    _ending.set()
    try:
        _say(f"\n收到{SIGNALS[signal.Signals(number)]}，正在停止 …")
        end_children(SECONDS_TO_END)
        _say(f"已停止：{last()}")
    finally:
        os._exit(128 + number)


def _say(line: str) -> None:
    # Not sys.stderr: while a job runs, that goes to its log.
    with suppress(OSError, ValueError):
        os.write(2, (line + "\n").encode())


def end_children(seconds: float) -> None:
    """End every process below this one: asked first, killed after some seconds."""
    below = _below(os.getpid())
    for number in (signal.SIGTERM, signal.SIGKILL):
        for child in below:
            with suppress(OSError):
                os.kill(child, number)
        until = time.monotonic() + seconds
        while (below := [child for child in below if _is_alive(child)]) and time.monotonic() < until:
            time.sleep(0.1)
        if not below:
            return


def _processes() -> dict[int, tuple[int, str]]:
    """Return parent and state of every process."""
    found: dict[int, tuple[int, str]] = {}
    if Path("/proc/self/stat").exists():
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                # The name of the program stands in brackets and may hold anything.
                state, parent, *_ = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()
                found[int(place.name)] = (int(parent), state)
        return found
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,state="], capture_output=True, text=True, check=False)
    for line in listed.stdout.splitlines():
        child, parent, state = line.split()[:3]
        found[int(child)] = (int(parent), state[0])
    return found


def _below(ancestor: int) -> list[int]:
    processes, found, level = _processes(), [], [ancestor]
    while level:
        level = [child for child, (parent, _) in processes.items() if parent in level]
        found += level
    return found


def _is_alive(process: int) -> bool:
    return _processes().get(process, (0, "Z"))[1] != "Z"
