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
from typing import Final

from characters import plain_forms

HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
# Letters of other scripts that look like Latin ones: what is read is what counts.
_LOOK_ALIKES: Final = str.maketrans("аеорсухіѕјԁһкмтнвгɡαορυνικτ∶", "aeopcyxisjdhkmthbrgaopuvikt:")
_HARD: Final = "。;!?"
_KEPT: Final = frozenset("。;!?,:、%《》〔〕")
_YEAR: Final = re.compile(r"[\[(【〔<〈](\d{4})[\])】〕>〉]")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
# Characters that stand alone between marks or blanks (税·收·返·还, 税 收, 税，收，返，还): no writing separates them so.
_ALONE: Final = re.compile(
    rf"([{HAN}\d%])[^{HAN}\w%]{{1,4}}(?=[{HAN}%](?![{HAN}]))|([{HAN}])[^{HAN}\w%]{{1,4}}(?=\d(?![{HAN}\d.%]))"
)
_DIGITS_APART: Final = re.compile(r"(?<=\d)[。·、;](?=\d(?!\d))")
_LAST_ALONE: Final = re.compile(rf"(?:(?<=[^{HAN}\w])|^)([{HAN}])[^{HAN}\w%]{{1,4}}(?=[{HAN}])")
_PIECES: Final = re.compile(r"[^\W_]{1,100}%?|%")
_FEW: Final = 6  # fewer pieces of one character are an enumeration (水、电、气)
_LETTER_BETWEEN: Final = re.compile(rf"(?<=[{HAN}])[a-z](?=[{HAN}])")
_FEW_LETTERS: Final = 3  # fewer are names (a公司, b级)
_BLANK: Final = re.compile(r"\s+")
# A cell of a table that says no (返还比例：无). Only a gift or a question may be answered so: 租金：无 is a gift itself.
_NO: Final = r"(?:无|否|没有|不适用|不含|不涉及|不存在|未发现|未约定|无此项|零|0(?:%|元|万元)?|[-—–―─]{1,4}|[/\\×✗✘x])"
_GIFT_ASKED: Final = (
    r"(?:(?:是否|有无|有没有)(?![^|:,;。\n]{0,14}(?:取消|停止|终止|废止|上限|封顶|不))[^|:,;。\n\d%]{2,14}"
    r"|(?![^|:,;。\n]{0,14}(?:取消|停止|终止|废止|上限|封顶|门槛|限制|条件|不|除|全额|全部|一半|减半|成))"
    r"[^|:,;。\n\d%]{0,10}(?:返还|返税|返补|奖励|奖补|补贴|补助|优惠|减免|扶持|承诺|挂钩|让利|免租|免税|(?:返还|奖励|减免|代缴|代付)[^|:,;。\n\d%]{0,6})"
    r"(?:比例|金额|标准|方式|政策|条款|情况|内容|事项|约定|期限|年限)?)"
)
_CELL_SAYING_NO: Final = re.compile(
    rf"(?:^|(?<=[|,;。\n])|(?<=[无否] )) ?{_GIFT_ASKED} ?: ?{_NO} ?(?=[|,;。\n]|$| ?[^ :]{{2,12}}:)", re.MULTILINE
)
_LABEL: Final = re.compile(rf" ?{_GIFT_ASKED} ?")
_SAYS_NO: Final = re.compile(rf" ?{_NO} ?")
_CELL_ENDS: Final = re.compile(r"\|| {2}")
_HEADS: Final = re.compile("条件|限制|上限|封顶|备注|例外|门槛|要求|说明")  # 返还|无 under 附加条件 is a gift
_LONG_ENOUGH: Final = 4  # characters on both sides of a blank that make it the end of a clause


@cache
def _variants() -> dict[int, str]:
    """Return the plain form of every traditional, variant and radical character."""
    return {ord(character): plain for character, plain in plain_forms().items()}


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


def _without_cells_saying_no(text: str) -> str:
    """Return the text without the cells of a form that deny a gift (返还比例：无, 返还比例|无)."""
    text = _CELL_SAYING_NO.sub("", text)
    if _HEADS.search(text):
        return text
    lines = []
    for line in text.split("\n"):
        cells = _CELL_ENDS.split(line)
        pairs = list(zip(cells[::2], cells[1::2], strict=False))
        if len(cells) % 2 == 0 and any(_SAYS_NO.fullmatch(says) for _, says in pairs):
            left = [pair for pair in pairs if not (_LABEL.fullmatch(pair[0]) and _SAYS_NO.fullmatch(pair[1]))]
            line = "|".join(cell for pair in left for cell in pair)
        lines.append(line)
    return "\n".join(lines)


def readings(text: str, spelled: Iterable[str]) -> tuple[str, ...]:
    """Return the text as it may be read: blanks ending clauses, and blanks and lines running on.

    Parameters
    ----------
    spelled : iterable of str
        Words that are also read where some or all of their characters are written in pinyin.
    """
    plain = _THOUSANDS.sub("", _YEAR.sub(r"〔\1〕", _plain(text)))
    plain = _without_cells_saying_no(plain)
    joined = _DIGITS_APART.sub("", _LAST_ALONE.sub(r"\1", _ALONE.sub(lambda m: m.group(1) or m.group(2), plain)))
    whole = _without_noise(_BLANK.sub("", joined))
    parted = _without_noise(_clauses_at_blanks(plain))
    forms = [whole, parted]
    pieces = _PIECES.findall(plain)
    if len(pieces) >= _FEW and sum(len(piece) == 1 for piece in pieces) >= 0.8 * len(pieces):
        forms.append("".join(pieces))  # a mark between every two characters, whichever
    without_letters, letters = _LETTER_BETWEEN.subn("", whole)
    if letters >= _FEW_LETTERS:
        forms.append(without_letters)
    found = dict.fromkeys(spelled_out(form, tuple(spelled)) for form in forms)
    return tuple(form for form in found if form)


def has_marks_between(text: str) -> bool:
    """Return whether marks, not blanks alone, part nearly every character: no honest writing does that."""
    plain = _plain(text)
    pieces = _PIECES.findall(plain)
    marks = sum(not char.isalnum() and not char.isspace() for char in plain)
    return (
        len(pieces) >= _FEW
        and sum(len(piece) == 1 for piece in pieces) >= 0.8 * len(pieces)
        and marks >= 0.8 * len(pieces)
    )


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


class _Node:
    """A place in the tree of words: where a character or its syllable leads, and the word that ends here."""

    __slots__ = ("by_char", "by_letter", "rank", "word")

    def __init__(self) -> None:
        self.by_char: dict[str, _Node] = {}
        self.by_letter: dict[str, list[tuple[str, _Node]]] = {}
        self.word: str | None = None
        self.rank = 0  # the lower, the likelier of words that sound alike

    def step(self, char: str, syllable: str) -> _Node:
        """Return where a character leads, made if need be; the same syllable may lead to several."""
        if char not in self.by_char:
            self.by_char[char] = _Node()
            self.by_letter.setdefault(syllable[0], []).append((syllable, self.by_char[char]))
        return self.by_char[char]


@cache
def _tree(words: tuple[str, ...]) -> _Node:
    root = _Node()
    for rank, word in enumerate(words):
        node = root
        for char, syllable in zip(word, _syllables(word), strict=True):
            node = node.step(char, syllable)
        if node.word is None:
            node.word, node.rank = word, rank
    return root


def _longest(text: str, start: int, root: _Node) -> tuple[int, str] | None:
    """Return the end and the word of the longest one that begins here with at least one syllable in letters."""
    best: tuple[int, int, str] | None = None
    open_paths = [(start, root, False)]
    while open_paths:
        at, node, has_letters = open_paths.pop()
        if node.word and has_letters and (best is None or (at, -node.rank) > best[:2]):
            best = (at, -node.rank, node.word)
        char = text[at : at + 1]
        if char in node.by_char:
            open_paths.append((at + 1, node.by_char[char], has_letters))
        for syllable, child in node.by_letter.get(char, ()):
            if text.startswith(syllable, at):
                open_paths.append((at + len(syllable), child, True))
    return (best[0], best[2]) if best else None


def spelled_out(text: str, words: tuple[str, ...]) -> str:
    """Return the text with words in pinyin, or half in pinyin, written in characters.

    Examples
    --------
    >>> spelled_out("按税shou的50%fanhuan", ("税收", "返还"))
    '按税收的50%返还'
    """
    if not words or not any("a" <= char <= "z" for char in text):
        return text
    root, written, at = _tree(words), [], 0
    while at < len(text):
        found = _longest(text, at, root)
        written.append(found[1] if found else text[at])
        at = found[0] if found else at + 1
    return "".join(written)


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
