"""No file takes longer than its size: every pattern of the intake, tried with its worst texts at once, twice and four times."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import numpy as np
import pytest

import intake
from intake import opening, values

SIZE = 3_000  # a quadratic pattern takes a second at four times this


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for module in pkgutil.walk_packages(intake.__path__, "intake."):
        if ".sample" in module.name:
            continue
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            found = {name: value} | (vars(value) if isinstance(value, opening._Tags) else {})
            for part, pattern in found.items():
                if isinstance(pattern, re.Pattern):
                    yield f"{module.name}.{name}.{part}", pattern


PATTERNS = dict(patterns())


def pieces(tree: Any) -> Iterator[str]:
    """Yield texts that parts of a pattern match: of these its worst text is made."""
    for kind, value in tree:
        if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            inner = list(pieces(value[2]))
            yield from inner
            yield "".join(inner[:3])
        elif kind is sre.SUBPATTERN:
            yield from pieces(value[3])
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from pieces(branch)
        elif kind in {sre.ASSERT, sre.ASSERT_NOT}:
            yield from pieces(value[1])
        elif kind is sre.LITERAL:
            yield chr(value)
        elif kind is sre.NOT_LITERAL:
            yield "a" if value != ord("a") else "b"
        elif kind is sre.ANY:
            yield "a"
        elif kind is sre.IN:
            yield from of_set(value)


def of_set(items: Any) -> Iterator[str]:
    if items[0][0] is sre.NEGATE:
        yield next(c for c in "a1 元<" if not re.match(rebuilt(items[1:]), c))
        return
    for kind, value in items[:2]:
        if kind is sre.LITERAL:
            yield chr(value)
        elif kind is sre.RANGE:
            yield chr(value[0])
        elif kind is sre.CATEGORY:
            yield {sre.CATEGORY_DIGIT: "1", sre.CATEGORY_SPACE: " ", sre.CATEGORY_WORD: "a"}.get(value, "-")


def rebuilt(items: Any) -> str:
    parts = []
    for kind, value in items:
        if kind is sre.LITERAL:
            parts.append(re.escape(chr(value)))
        elif kind is sre.RANGE:
            parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        elif kind is sre.CATEGORY:
            parts.append(
                {sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_WORD: r"\w"}.get(value, "")
            )
    return f"[{''.join(parts)}]"


def worst_texts(pattern: re.Pattern[Any]) -> list[str]:
    """Return beginnings of the pattern, each piece and pair of pieces: repeated, they make it start over and over."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    found = list(dict.fromkeys(p for p in pieces(_parser.parse(source, pattern.flags & ~re.LOCALE)) if p))
    literal = "".join(found)
    starts = [literal[:length] for length in range(1, min(len(literal), 12))]
    return [*dict.fromkeys([*found, *starts, *(a + b for a in found[:8] for b in found[:8])])]


def seconds(run: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(2):
        started = time.process_time()
        run()
        best = min(best, time.process_time() - started)
    return best


def assert_linear(run: Callable[[int], Callable[[], object]], what: str) -> None:
    """Compare the time for one size, twice and four times it: what is too short to measure is no danger."""
    if (longest := seconds(run(4))) < 0.05:
        return
    times = [seconds(run(1)), seconds(run(2)), longest]
    assert times[2] < 8 * max(times[0], 0.001) and times[2] < 4 * max(times[1], 0.001), (what, times)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_linear_in_its_worst_texts(name):
    pattern = PATTERNS[name]
    for piece in worst_texts(pattern):
        for end in ("", "\x01"):

            def run(times: int, piece: str = piece, end: str = end) -> Callable[[], object]:
                text: Any = piece * (SIZE * times // len(piece)) + end
                if isinstance(pattern.pattern, bytes):
                    text = text.encode("latin-1", errors="ignore")
                return lambda: (pattern.findall(text), pattern.fullmatch(text))

            assert_linear(run, f"{name}: {piece!r} {end!r}")


def test_a_pattern_that_is_quadratic_is_found():
    quadratic = re.compile(rb'row\s[^>]*?\br="(\d{1,9})"')
    with pytest.raises(AssertionError, match="row"):
        for piece in [*worst_texts(quadratic), "row "]:
            assert_linear(
                lambda times, piece=piece: lambda: quadratic.findall(piece.encode() * (4 * SIZE * times // len(piece))),
                piece,
            )


XML = [b"<row ", b"<row>", b"row ", b"<c ", b"<c>", b"<c/>", b'<c r="A1" ', b'<c r="A1"><f>', b'<c t="e" ', b"<v>0", b"<f>", b"<x:c ",
       b"<x:row ", b":c ", b'r="', b'<c s="1"', b"<c r='", b"<aaaa", b"a:b:", b'<row r="1" hidden="1"', b"<col ", b"</", b"</c>", b" "]  # fmt: skip


@pytest.mark.parametrize("before", [b"", b'<row r="1"><c r="A1" t="e"><f>1</f><v>0</v></c>'])
@pytest.mark.parametrize("piece", XML)
def test_a_sheet_of_beginnings_of_tags_is_looked_at_in_linear_time(piece, before):
    styles = opening._Styles({0: "0%", 1: "0%"}, frozenset({2}), {0: "0%"})

    def run(times: int) -> Callable[[], object]:
        content = b"<worksheet><sheetData>" + before + piece * (10_000 * times)

        def look() -> None:
            with contextlib.suppress(opening.FileProblem):
                opening._look_at_sheet(Path("a"), "a", content, np.ones(1, dtype=np.int64), styles, True)

        return look

    assert_linear(run, repr(piece))


@pytest.mark.parametrize("parse", [values.parse_date, values.parse_number, values.parse_uscc, values.parse_year, values.parse_industry,
                                   values.as_text, values.mask_phones, lambda text: values.parse_amount(text, None),
                                   lambda text: values.parse_area(text, 1.0), lambda text: values.parse_intensity(text, 1.0)])  # fmt: skip
@pytest.mark.parametrize(
    "piece", ["T", " ", "1", "1 ", "T1:00", "1,", "万", "1.", "1-", "年", "-", "\u200b", "①", "0\n", "138"]
)
def test_a_long_cell_is_read_or_refused_in_linear_time(parse, piece):
    def run(times: int) -> Callable[[], object]:
        text = piece * (SIZE * times)

        def read() -> None:
            try:
                parse(text)
            except values.Unreadable as error:
                assert len(str(error)) < 200

        return read

    assert_linear(run, repr(piece))
