"""Arguments of the command line in Chinese (参数): a parser whose mistakes are one Chinese line, and the kinds of values.

Belongs here: reading what was typed. Does not belong here: the commands (command_line.py).
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from typing import Any, Final, NoReturn

_SAID: Final = tuple(
    (re.compile(pattern, re.DOTALL), line)
    for pattern, line in (
        (r"unrecognized arguments: (.+)", r"不认识的参数：\1"),
        (r"the following arguments are required: 命令", "缺少命令"),
        (r"the following arguments are required: (.+)", r"缺少参数：\1"),
        (r"argument 命令: invalid choice: (\S+) .+", r"没有 \1 这个命令"),
        (r"argument (.+?): invalid choice: (\S+) \(choose from (.+)\)", r"参数 \1 不能是 \2，只能是 \3"),
        (r"argument (.+?): invalid \S+ value: (.+)", r"参数 \1 的值 \2 不对"),
        (r"argument (.+?): expected .+", r"参数 \1 后面要写一个值"),
        (r"argument (.+?): ignored explicit argument (.+)", r"参数 \1 后面不能写 \2"),
        (r"argument (.+?): not allowed with argument (.+)", r"参数 \1 不能与 \2 一起用"),
        (r"ambiguous option: (\S+) .+", r"参数 \1 不完整，有几个都以它开头"),
        (r"argument (.+?): (.*[一-龥].*)", r"参数 \1：\2"),
    )
)


class Parser(argparse.ArgumentParser):
    """A parser that says in one Chinese line what is wrong with the arguments."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, add_help=False)
        self._positionals.title, self._optionals.title = "要写的", "可写的"
        self.add_argument("-h", "--help", action="help", help="看用法")

    def format_help(self) -> str:
        """Return the help under a Chinese heading."""
        return super().format_help().replace("usage: ", "用法：", 1)

    def error(self, message: str) -> NoReturn:
        """End with the line and exit code 2."""
        line = next((p.sub(line, message) for p, line in _SAID if p.fullmatch(message)), "参数不对")
        print(f"错误：{line}；用法见 {self.prog} --help", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)


def commands_of(parser: Parser) -> Any:
    """Return the place for the commands of a parser, one of which must be typed."""
    return parser.add_subparsers(title="命令", metavar="命令", required=True)


def count(text: str) -> int:
    """Read a number of things."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"“{text}”不是数目，应写成 20 这样")
    return int(text)


def day(text: str) -> dt.date:
    """Read a day as it is typed."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}”不是日期，应写成 2026-06-30 这样") from None


def port(text: str) -> int:
    """Read the number of a port."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"“{text}”不是端口号，应在 1 至 65535 之间")
    return int(text)
