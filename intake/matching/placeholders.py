"""Names that name nobody (占位名称): 待定, 保密, 外地客商, 拟注册公司, 某科技公司, XX公司, a stroke.

Belongs here: which written names stand for "not known yet" and are therefore no enterprise. Does not belong: what becomes
of such rows (records.py: each is its own and meets nobody). The words are the office's: reference/placeholders.csv.

A name is a placeholder where it consists of such words from end to end: 北京保密技术有限公司 has more to say.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from intake.matching.places import places, zones
from office import cached, settings_file

LONGEST: Final = 40  # characters; what is longer says something
# Kinds of words, as bits: what a name was made of.
_STATE, _ANYBODY, _KIND, _COMPANY, _FORM, _QUALITY, _TRADE, _PLACE = (1 << at for at in range(8))
_BITS: Final = {
    "占位": _STATE, "泛称": _ANYBODY, "类别": _KIND, "公司": _COMPANY, "组织形式": _FORM, "修饰": _QUALITY, "行业": _TRADE,
}  # fmt: skip
_CROSSES, _CIRCLES = "×✕✖╳╋*", "○◯〇●"  # 九一○厂 is a factory
_MASKS: Final = _CROSSES + "□■△▲☆★◇◆※?_…█"
# XX公司, ×××公司, 张某某; not the X of MAXX, nor a lone mark behind a whole name.
_MASKED: Final = re.compile(
    rf"某|[{re.escape(_MASKS)}]{{2,}}|(?<![A-Z0-9])X{{2,}}(?![A-Z0-9])"
    rf"|(?<![一二三四五六七八九十百])[{_CIRCLES}]{{2,}}"
    rf"|[{re.escape(_CROSSES)}](?=[^A-Z0-9])|(?<![A-Z0-9])X(?=公司|有限|集团|企业|股份|总|先生|女士)"
)
_PERSON: Final = re.compile("[一-鿿]{1,2}(?:先生|女士|小姐|老板|老师|总经理|董事长|总裁|经理|总|董)")
_LETTERED: Final = re.compile(
    "(?:[A-Z]|[甲乙丙丁戊])(?:公司|企业|集团|厂|单位|客商)|(?:公司|企业|集团|单位|客商)(?:[A-Z]|[甲乙丙丁戊])"
)
_COUNTED: Final = re.compile("第?[0-9一二三四五六七八九十]{1,6}[号家个期位名户人]?$")
_BRACKETED: Final = re.compile(r"\([^()]*\)?")


@cached
def _words() -> dict[str, int]:
    """Return every word of which placeholders are made, with its kind."""
    with settings_file("placeholders.csv").open(encoding="utf-8-sig", newline="") as lines:
        found = {row["word"]: _BITS[row["kind"]] for row in csv.DictReader(lines)}
    return dict.fromkeys([*places(), *(zone.written for zone in zones())], _PLACE) | found


@cached
def _longest_word() -> int:
    return max(map(len, _words()))


@cached
def _telling() -> str:
    """Return a pattern for what a placeholder of more than a few characters holds."""
    words = [re.escape(word) for word, kind in _words().items() if kind in (_STATE, _ANYBODY) and len(word) > 1]
    return "|".join([*words, f"[某X{re.escape(_MASKS + _CIRCLES)}]", "企业$", "单位$"])


def names_a_firm(name: str | None) -> bool:
    """Tell whether a written name names an enterprise, or only says that none is known.

    Examples
    --------
    >>> [names_a_firm(name) for name in ("青岛华泰建材有限公司", "待定", "拟注册新能源公司", "××公司", "／", None)]
    [True, False, False, False, False, False]
    """
    text = unicodedata.normalize("NFKC", name or "").upper()
    text = text.translate(_ROUND)
    if _MASKED.search(text):
        return False
    text = "".join(letter for letter in text if letter in "()" or letter.isalnum())
    if text.startswith("(") and text.endswith(")"):
        text = text.strip("()")
    return not (_is_placeholder(_BRACKETED.sub("", text).replace(")", "")) or _is_placeholder(text.strip("()")))


_AROUND: Final = " \t\r\n\u3000\"'()[]{}<>“”‘’《》【】〔〕「」〈〉.。,，、:：;；!！~-—|"
_ROUND: Final = str.maketrans("〔〕【】[]{}《》<>〈〉「」", "()" * 8)


def _is_placeholder(text: str) -> bool:
    if len(text) < 2 or _PERSON.fullmatch(text) or _LETTERED.fullmatch(text) or _COUNTED.fullmatch(text):
        return True
    return len(text) <= LONGEST and any(map(_says_nobody, _made_of(text)))


def _says_nobody(kinds: int) -> bool:
    if kinds & _STATE:
        return True
    if kinds & _FORM or (kinds & _PLACE and kinds & (_TRADE | _COMPANY)):
        return False  # 上海有限公司, 山东投资公司, 天津市北海公司 are firms
    if kinds & _ANYBODY:
        return True
    # 外地企业, 浙江企业, 大型化工公司; not 科技公司.
    return bool(kinds & (_KIND | _COMPANY)) and bool(kinds & _QUALITY or not kinds & _TRADE)


def _made_of(text: str) -> set[int]:
    """Return the kinds of words of every way in which a text can be read as such words from end to end."""
    words, longest = _words(), _longest_word()
    reached: list[set[int]] = [{0}, *(set() for _ in text)]
    for start, kinds in enumerate(reached[:-1]):
        if not kinds:
            continue
        for end in range(start + 1, min(start + longest, len(text)) + 1):
            if (kind := words.get(text[start:end])) is not None:
                reached[end] |= {before | kind for before in kinds}
        if start and (counted := _COUNTED.match(text, start)):
            reached[counted.end()] |= kinds
    return reached[-1]


def placeholders(names: pa.Array) -> npt.NDArray[np.bool_]:
    """Tell which names name nobody; null and empty ones do not either."""
    text = pc.utf8_upper(pc.utf8_normalize(pc.fill_null(names.cast(pa.string()), ""), "NFKC"))
    text = pc.utf8_trim(text, _AROUND)
    length = pc.utf8_length(text)
    # Real names hold none of this: most of a register ends here, and is not read word by word.
    short = pc.and_(pc.less_equal(length, 10), pc.match_substring_regex(text, "[^限]公司$"))
    likely = pc.or_(pc.or_(pc.less_equal(length, 5), short), pc.match_substring_regex(text, _telling()))
    found = np.zeros(len(names), dtype=bool)
    rows = np.flatnonzero(likely.to_numpy(zero_copy_only=False))
    found[rows] = [not names_a_firm(name) for name in names.take(pa.array(rows)).to_pylist()]
    return found
