"""Which folder of settings is in use (在用的设置), for a process and for a block of code.

Belongs here: the path of a settings file, caches that notice a changed file. Does not belong here: what is in a file.

Rooms take a path where they can; where a setting is read deep inside (an exchange rate, a zone's name) they ask here. The
packaged defaults are in use until a process says otherwise, so that a library call or a test needs no installation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

DEFAULTS: Final = Path(__file__).with_name("defaults")
T = TypeVar("T")


class _InUse(NamedTuple):
    folder: Path
    content: int  # a hash of names, sizes and times of its files


def _look_at(folder: Path) -> _InUse:
    files = sorted(
        (path.name, found.st_size, found.st_mtime_ns) for path in folder.glob("*.*") for found in [path.stat()]
    )
    return _InUse(folder, hash(tuple(files)))


_in_use = [_look_at(DEFAULTS)]


def folder_in_use() -> Path:
    """Return the folder whose settings hold now."""
    return _in_use[-1].folder


def use(folder: Path) -> None:
    """Let the settings of a folder, as they are now, hold for the rest of the process."""
    _in_use[-1] = _look_at(folder)


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Let the settings of a folder hold for a block, in all threads."""
    _in_use.append(_look_at(folder))
    try:
        yield
    finally:
        _in_use.pop()


def settings_file(name: str) -> Path:
    """Return the path of a settings file in use."""
    return folder_in_use() / name


def cached(read: Callable[[], T]) -> Callable[[], T]:
    """Cache what a function makes of the settings in use; it runs again once another folder or content is in use."""

    @lru_cache(maxsize=4)
    def remembered(_: _InUse) -> T:
        return read()

    @wraps(read)
    def current() -> T:
        return remembered(_in_use[-1])

    return current
