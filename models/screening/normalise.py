"""A text as it is meant (归一): one form for every way of writing the same words, whatever was put between the characters.

Belongs here: width, variants, invisible characters, look-alikes, marks inside words, pinyin, numerals of cheques. Does not
belong here: what a word means (words.csv, scanning.py). Every step is linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
# Letters of other scripts that look like Latin ones: what is read is what counts.
_LOOK_ALIKES: Final = str.maketrans("аеорсухіѕјԁһкмтнвгɡαορυνικτ∶", "aeopcyxisjdhkmthbrgaopuvikt:")
_HARD: Final = "。;!?"
_KEPT: Final = frozenset("。;!?,:、%《》〔〕")
_YEAR: Final = re.compile(r"[\[(【〔<〈](\d{4})[\])】〕>〉]")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# Characters that stand alone between marks or blanks (税·收·返·还, 税 收, 税，收，返，还): no writing separates them so.
_ALONE: Final = re.compile(rf"([{HAN}\d])[^{HAN}\w]{{1,4}}(?=[{HAN}](?![{HAN}]))|([{HAN}])[^{HAN}\w]{{1,4}}(?=\d(?![{HAN}\d.%]))")
_DIGITS_APART: Final = re.compile(r"(?<=\d)[。·、;](?=\d(?!\d))")
_LAST_ALONE: Final = re.compile(rf"(?:(?<=[^{HAN}\w])|^)([{HAN}])[^{HAN}\w]{{1,4}}(?=[{HAN}])")
_BLANK: Final = re.compile(r"\s+")
_LONG_ENOUGH: Final = 4  # characters on both sides of a blank that make it the end of a clause


@cache
def _variants() -> dict[int, str]:
    """Return the plain form of every traditional, variant and radical character of variants.txt."""
    lines = (FOLDER / "variants.txt").read_text(encoding="utf-8").splitlines()
    return {ord(pair[0]): pair[1] for line in lines if not line.startswith("#") for pair in line.split()}


def _plain(text: str) -> str:
    """Return the text in half width, simplified, lower case, without what can't be seen."""
    wide = unicodedata.normalize("NFKC", text).translate(_variants()).casefold().translate(_LOOK_ALIKES)
    seen = []
    for char in unicodedata.normalize("NFD", wide):
        kind = unicodedata.category(char)
        if kind[0] == "Z" or char in "\n\r\t\v\f\x85":
            seen.append("\n" if char in "\n\r\v\f\x85\u2028\u2029" else " ")
        elif kind not in ("Cf", "Cc", "Co", "Cn", "Cs", "Mn", "Me", "Mc"):
            seen.append(char)
    return unicodedata.normalize("NFKC", "".join(seen)).translate(_variants())


def _without_noise(text: str) -> str:
    """Drop marks that end no clause; a point or stroke beside a digit stays, brackets become commas."""
    kept = []
    for at, char in enumerate(text):
        if char.isalnum() or char in _KEPT:
            kept.append(char)
        elif char in "()":
            kept.append(",")
        elif char in "./":
            before, behind = text[at - 1 : at], text[at + 1 : at + 2]
            if before.isdigit() or (char == "/" and behind.isdigit()):
                kept.append(char)
    return "".join(kept)


def _clauses_at_blanks(text: str) -> str:
    """Write a comma where a blank or a line's end parts two longer pieces, nothing where it parts a word."""
    pieces = _BLANK.split(text.strip())
    written = pieces[:1]
    for before, behind in pairwise(pieces):
        is_parting = len(before) >= _LONG_ENOUGH and len(behind) >= _LONG_ENOUGH
        written.append(("," if is_parting and before[-1] not in _HARD + ",:、" else "") + behind)
    return "".join(written)


def readings(text: str, spelled: Iterable[str]) -> tuple[str, ...]:
    """Return the text as it may be read: blanks ending clauses, and blanks and lines running on.

    Parameters
    ----------
    spelled : iterable of str
        Words that are also read where some or all of their characters are written in pinyin.
    """
    plain = _THOUSANDS.sub("", _YEAR.sub(r"〔\1〕", _plain(text)))
    joined = _DIGITS_APART.sub("", _LAST_ALONE.sub(r"\1", _ALONE.sub(lambda m: m.group(1) or m.group(2), plain)))
    whole = _without_noise(_BLANK.sub("", joined))
    parted = _without_noise(_clauses_at_blanks(plain))
    found = dict.fromkeys(spelled_out(form, tuple(spelled)) for form in (whole, parted))
    return tuple(form for form in found if form)


def compact(text: str) -> str:
    """Return only the characters of a reading, nothing between them."""
    return "".join(char for char in text if char.isalnum())


# --- pinyin -----------------------------------------------------------------------------------------------------------


@cache
def _syllables(word: str) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin

    return tuple(lazy_pinyin(word))


@cache
def _sounds(char: str) -> frozenset[str]:
    from pypinyin import Style, pinyin

    return frozenset(pinyin(char, style=Style.NORMAL, heteronym=True)[0])


@cache
def _half_spelled(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern of all words in which every character may be its syllable."""
    longest_first = sorted(set(words), key=lambda word: (-len(word), word))
    each = ("".join(f"(?:{c}|{s})" for c, s in zip(word, _syllables(word), strict=True)) for word in longest_first)
    return re.compile("|".join(f"({word})" for word in each))


def spelled_out(text: str, words: tuple[str, ...]) -> str:
    """Return the text with words in pinyin, or half in pinyin, written in characters.

    Examples
    --------
    >>> spelled_out("按税shou的50%fanhuan", ("税收", "返还"))
    '按税收的50%返还'
    """
    if not words or not any("a" <= char <= "z" for char in text):
        return text
    longest_first = sorted(set(words), key=lambda word: (-len(word), word))
    return _half_spelled(words).sub(lambda m: longest_first[(m.lastindex or 1) - 1], text)


def sounding_like(text: str, words: Iterable[str]) -> tuple[str, ...]:
    """Return which of the words the text sounds like (睡收返环), for words of four characters or more."""
    chars = [char for char in text if re.match(f"[{HAN}]", char)]
    sounds = [_sounds(char) for char in chars]
    found = []
    for word in words:
        wanted = _syllables(word)
        for at in range(len(chars) - len(wanted) + 1):
            if all(syllable in sounds[at + k] for k, syllable in enumerate(wanted)):
                found.append(word)
                break
    return tuple(found)
