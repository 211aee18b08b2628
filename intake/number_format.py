"""Number formats of spreadsheets (数字格式): what a cell shows of the number it holds.

Belongs here: the format codes of ECMA-376 part 1, 18.8.31 (numFmt), as far as they change what a reader takes the number
for: scale, percent, currency, written units. Does not belong: dates (calamine reads them), which cells matter
(workbook.py), where a style is written (opening.py).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

# The built-in formats (18.8.30) that show more than the number; the others are plain or dates. Excel shows 5 to 8, 42
# and 44 with the currency of its own language.
BUILT_IN: Final = {
    **dict.fromkeys((5, 6, 7, 8), '"¥"#,##0.00'), **dict.fromkeys((42, 44), '_ "¥"* #,##0.00_ '), 9: "0%", 10: "0.00%",
    11: "0.00E+00", 48: "##0.0E+0",
}  # fmt: skip
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]?'
    r"|(?P<general>General|G/通用格式)|(?P<exponent>E[+-])|(?P<digit>[0#?])|(?P<dot>\.)|(?P<comma>,)|(?P<percent>%)"
    r"|(?P<text>@)|(?P<other>.)",
    re.DOTALL | re.IGNORECASE,
)
_CONDITION = re.compile(r"^(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)$")
_DATE_LETTERS: Final = frozenset("ymdhsYMDHS")
_COMPARE: Final = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b,
}  # fmt: skip
_HARMLESS: Final = frozenset(" \u00a0\u3000")

_WRITTEN: Final = frozenset({"quoted", "escaped", "other"})

Token = tuple[str, str]
_GENERAL: Final[tuple[Token, ...]] = (("general", "General"),)


@lru_cache(maxsize=4096)
def _sections(code: str) -> tuple[tuple[Token, ...], ...]:
    """Split a format code at its semicolons into sections of (kind, text)."""
    sections: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = str(match.lastgroup)
        text = match.group(kind)
        if kind == "other" and text == ";":
            sections.append([])
        else:
            sections[-1].append((kind, text))
    return tuple(tuple(section) for section in sections) if code else (_GENERAL,)


def _condition(section: tuple[Token, ...]) -> tuple[str, float] | None:
    for kind, text in section:
        if kind == "bracket" and (match := _CONDITION.match(text)):
            return match.group(1), float(match.group(2))
    return None


def _section_for(code: str, value: float) -> tuple[tuple[Token, ...], bool]:
    """Return the section that shows this value, and whether it writes the sign itself."""
    sections = [s for s in _sections(code) if not any(kind == "text" for kind, _ in s)] or [_GENERAL]
    conditions = [_condition(s) for s in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=True):
            if condition is None or _COMPARE[condition[0]](value, condition[1]):
                return section, False
        return sections[-1], False
    if len(sections) > 2 and value == 0:
        return sections[2], True
    if len(sections) > 1 and value < 0:
        return sections[1], True
    return sections[0], False


def shown_text(text: str, code: str) -> str | None:
    """Return what a cell shows of a text where that is more than the text: 3 under @"亿元" is 3亿元; else None."""
    section = _text_section(code)
    if section is None or not any(kind in _WRITTEN and part.strip(" \u00a0\u3000") for kind, part in section):
        return None
    return "".join(text if kind == "text" else _literal(kind, part) for kind, part in section).strip()


def _text_section(code: str) -> tuple[Token, ...] | None:
    return next((s for s in _sections(code) if any(kind == "text" for kind, _ in s)), None)


def is_plain(code: str) -> bool:
    """Say whether a format shows every cell as it is, or as a date: such cells need no look at their format."""
    if shown_text("", code) is not None:
        return False
    sections = [s for s in _sections(code) if not any(kind == "text" for kind, _ in s)]
    signs = (1.0, 1.0, 1.0) if any(map(_condition, sections)) else (1.0, -1.0, 0.0)
    return not any(_changes(section, sign) for section, sign in zip(sections, signs, strict=False))


def changes_codes(code: str) -> bool:
    """Say whether a format shows a code otherwise though its value is the same: 00000 makes 00123 of 123, 0E+0 1E+5."""
    return bool(re.match(r"[^.;]*00|.*E[+-]", code, re.IGNORECASE))


def _changes(section: tuple[Token, ...], value: float) -> bool:
    """Say whether a section shows anything but the number: a scale, a percent sign, a unit, a mark between digits."""
    kinds = [kind for kind, _ in section]
    if not section or kinds == ["bracket"]:
        return value != 0  # ;;; hides the number
    if (
        "digit" not in kinds
        and "general" not in kinds
        and any(kind == "other" and text in _DATE_LETTERS for kind, text in section)
    ):
        return False
    if "text" in kinds:
        return False
    digits = [at for at, kind in enumerate(kinds) if kind == "digit"]
    literals = "".join(text for kind, text in section if kind in {"quoted", "escaped", "other"})
    if not digits and "general" not in kinds:
        return value != 0 or bool(literals.strip("- —"))
    if ("other", "/") in section:
        return "percent" in kinds  # a fraction
    if value == 0 and literals.strip() == "-":
        return False  # accountants' formats show nothing as a dash
    first, last = (digits[0], digits[-1]) if digits else (-1, -1)
    for at, (kind, text) in enumerate(section):
        if kind == "percent" or (kind == "comma" and not (first < at < last and kinds[at + 1] == "digit")):
            return True
        if kind == "bracket" and text.startswith("$") and text[1:].partition("-")[0]:
            return True
        if kind in {"quoted", "escaped", "other"}:
            inside = first < at < last
            signs = "-+()（）" if value < 0 or not digits else "+"
            if any(c not in _HARMLESS and (inside or c not in signs) for c in text):
                return True
    return False


def shown_otherwise(value: float, code: str) -> str | None:
    """Return what a cell shows of `value` where that is more, or another number, than the value itself; else None."""
    section, signed = _section_for(code, value)
    return _render(section, value, signed) if _changes(section, value) else None


def shown(value: float, code: str) -> str:
    """Return the text that a cell shows; what the format leaves to the program (General, dates) is the plain number."""
    section, signed = _section_for(code, value)
    return _render(section, value, signed)


def _render(section: tuple[Token, ...], value: float, signed: bool) -> str:
    kinds = [kind for kind, _ in section]
    digits = [at for at, kind in enumerate(kinds) if kind == "digit"]
    number = abs(Decimal(repr(float(value))))
    if not digits or "exponent" in kinds or ("other", "/") in section:
        plain = f"{number.normalize():f}" if "general" in kinds or digits else ""
        body = "".join(
            plain if kind in {"general", "text"} or at == (digits[0] if digits else -1) else _literal(kind, text)
            for at, (kind, text) in enumerate(section)
        )
        return f"-{body}" if value < 0 and not signed else body
    point = next((at for at in range(len(kinds)) if kinds[at] == "dot"), len(kinds))
    whole, decimals = [at for at in digits if at < point], [at for at in digits if at > point]
    scaling = [at for at, kind in enumerate(kinds) if kind == "comma" and not _is_separator(kinds, at, whole)]
    number = number.scaleb(2 * kinds.count("percent") - 3 * len(scaling))
    text = f"{number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP):f}"
    before, _, after = text.partition(".")
    before = before.lstrip("0")
    placed: dict[int, str] = {}
    grouped = any(kind == "comma" and at not in scaling for at, kind in enumerate(kinds))
    for left, at in zip(range(len(whole) - 1, -1, -1), whole, strict=True):
        start = 0 if at == whole[0] else max(len(before) - left - 1, 0)
        part = before[start : max(len(before) - left, 0)]
        placed[at] = part or ("0" if section[at][1] == "0" else "")
    if grouped and whole:
        together = "".join(placed[at] for at in whole)
        placed |= dict.fromkeys(whole, "") | {whole[-1]: re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", together)}
    placed |= dict(zip(decimals, after, strict=False))
    body = "".join(placed[at] if at in placed else _literal(kind, text) for at, (kind, text) in enumerate(section))
    return f"-{body}" if value < 0 and not signed and text.strip("0.") else body


def _is_separator(kinds: list[str], at: int, whole: list[int]) -> bool:
    return bool(whole) and whole[0] < at < whole[-1] and kinds[at + 1] == "digit"


def _literal(kind: str, text: str) -> str:
    if kind in {"quoted", "escaped", "other"}:
        return text
    if kind == "bracket":
        return text[1:].partition("-")[0] if text.startswith("$") else ""
    return {"dot": ".", "percent": "%", "space": " "}.get(kind, "")
