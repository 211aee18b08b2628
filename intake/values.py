"""Cell parsers (单元格取值): amounts, dates, areas, credit and industry codes; parse or say why not.

Belongs here: what one cell means, given its field's type and its column's unit. Every parser returns the value or
raises `Unreadable` with the reason and the mend in Chinese. Does not belong: where the cell was found (workbook.py).
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from office import cached, settings_file

Cell = object
EMPTY_WORDS: Final = frozenset(
    {"", "-", "--", "—", "——", "/", "无", "暂无", "不详", "n/a", "N/A", "nan", "NaN", "None", "null", "NULL"}
    | {"不涉及", "不适用", "／", "－", "–", "―", "\\", "＼"}
)
# Where a number, a day, a code or a choice should stand, these say that there is none yet; in a text they are a text.
UNKNOWN_WORDS: Final = frozenset(
    {
        "办理中",
        "正在办理",
        "在办",
        "待办",
        "未办理",
        "尚未办理",
        "待定",
        "未定",
        "待核",
        "待核实",
        "待补",
        "待补充",
        "待填",
        "待确认",
    }
    | {
        "未知",
        "不明",
        "不明确",
        "保密",
        "无法提供",
        "未提供",
        "暂缺",
        "暂未",
        "暂未确定",
        "尚未确定",
        "不确定",
        "空",
        "?",
        "？",
    }
)
_STROKES: Final = frozenset("-－–—―─/／\\＼.．…_＿ \u3000\n\t")
FIRST_OF_EMPTY: Final = _STROKES | {word[0] for word in EMPTY_WORDS if word}
LONGEST_NUMBER: Final = 64  # characters; no amount, area, date or code has as many


class Unreadable(ValueError):
    """A cell that can't be read: `reason` and `mend` are Chinese sentences for the person who filled it in."""

    def __init__(self, reason: str, mend: str) -> None:
        self.reason = mask_phones(reason)  # it quotes the cell
        super().__init__(f"{self.reason}；{mend}")
        self.mend = mend


# --- text -----------------------------------------------------------------------------------------------------------

_SPACES = re.compile(r"\s+")
_MOBILE = re.compile(r"(?<!\d)((?:86[- ]?)?[1１][3-9３-９]\d)[- ]?\d{4}[- ]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})([-—－ ])\d{3,4}(\d{4})(?!\d)")
# Control characters, letters without a shape and marks that turn the direction of writing: nobody can see or correct them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ue5e5\ufe00-\ufe0f\ufeff\uffa0\ufff9-\uffff\U000e0000-\U000e01ef]"
)
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc\ufffd]"
)  # called printable
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")  # end a line, so that they part two numbers
TURNED: Final = frozenset("\u202d\u202e")  # what follows is shown in another order than it is stored


def is_visible(text: str) -> bool:
    """Say whether every character of a text can be seen, spaces but for the plain one excepted."""
    return text.isprintable() and (text.isascii() or not _SHAPELESS.search(text))


def is_empty_word(text: str) -> bool:
    """Say whether a text means an empty cell: a word like 无, or nothing but strokes."""
    return text in EMPTY_WORDS or (text[0] in _STROKES and _STROKES.issuperset(text))


def as_text(cell: Cell) -> str | None:
    """Give the cell as stripped text, whole numbers without `.0`; None for the forms of empty (-, 无, 暂无, /)."""
    if cell is None:
        return None
    if type(cell) is str and is_visible(cell):  # nearly every cell: nothing but its ends to take off
        text = cell.strip()
        return None if is_empty_word(text) else text
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d")
    text = _BREAKS.sub(" ", _INVISIBLE.sub("", str(cell))).strip()
    return None if is_empty_word(text) else text


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Fold full width to half width, drop all white space, and straighten quotes: the form in which words compare."""
    # Twice: a space dropped between a letter and an accent lets the two compose.
    folded = unicodedata.normalize("NFKC", _SPACES.sub("", unicodedata.normalize("NFKC", text)))
    return folded.replace("“", '"').replace("”", '"').replace("〔", "(").replace("〕", ")")


_SQUARE = re.compile("[mM]²|㎡|㎢")
_DECIMAL = re.compile(r"\d")
_APART = re.compile(r"\d[\s]+\d")
_APART_NUMBERS = re.compile(r"[\d.,]\s+[\d.,]|(?<=[0-9])，(?=[0-9])")


def fold_number(text: str, what: str, *, may_be_apart: bool = False) -> str:
    """Fold the text of a number, date or code. Words fold alike, but here a footnote mark must not become a digit.

    Raises
    ------
    Unreadable
        The text is too long for `what`, holds a mark that folding would turn into a digit (5000①, 120²), or, unless
        `may_be_apart`, two numbers that folding would join (3000⏎2000).
    """
    if len(text) > LONGEST_NUMBER:
        raise Unreadable(f"“{text[:20]}…”有 {len(text):,} 个字，不是{what}", f"请只填{what}，说明写到备注")
    if not text.isascii():
        bare = _SQUARE.sub("", text)
        marks = [c for c in bare if not c.isdecimal() and _DECIMAL.search(unicodedata.normalize("NFKC", c))]
        if marks:
            raise Unreadable(f"“{text}”带有注号“{''.join(marks)}”", f"请只填{what}，注释写到备注")
    if not may_be_apart and (_APART if what == "日期" else _APART_NUMBERS).search(text):
        raise Unreadable(f"“{' '.join(text.split())}”像是两个数", f"请只填一个{what}；分期、分项的各填一行或写到备注")
    return fold(text)


_NOTE_SIGNS: Final = "①-⑳⑴-⒇❶-❿※†‡"
_IN_BRACKETS: Final = r"[【\[(（〔][ ]{0,2}(?:详?见)?[ ]{0,2}(?:备注|附注|注释|注|说明)[ ]{0,2}[\d①-⑳一二三四五六七八九十]{0,3}[ ]{0,2}[】\])）〕]"
_ONE_BEHIND: Final = rf"[{_NOTE_SIGNS}㈠-㈩]|(?<![*＊])[*＊]|{_IN_BRACKETS}"
_NOTE_BEHIND = re.compile(rf"(?:{_ONE_BEHIND})$")
_NOTE_BEHIND_NAME = re.compile(rf"(?:{_ONE_BEHIND}|(?<![mMｍ\d¹²³⁰⁴-⁹])[¹²³⁰⁴-⁹]{{1,2}})$")
_NOTE_BEFORE_NAME = re.compile(rf"^(?:[{_NOTE_SIGNS}]|[*＊](?![*＊]|ST))")
_LONGEST_NOTE: Final = 24
NOTE_ENDS: Final = frozenset(
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇❶❷❸❹❺❻❼❽❾❿㈠㈡㈢㈣㈤㈥㈦㈧㈨㈩*＊※†‡】])）〕¹²³⁰⁴⁵⁶⁷⁸⁹"
)


def split_note(text: str, *, is_name: bool = False) -> tuple[str, str]:
    """Return a text without the marks that point to a note (①, *, 【注1】), and the marks.

    Behind a number a raised digit may be a power, so that only a name loses it.
    """
    bare, marks = text.strip(), ""
    pattern = _NOTE_BEHIND_NAME if is_name else _NOTE_BEHIND
    while match := pattern.search(bare[-_LONGEST_NOTE:]):
        bare, marks = bare[: len(bare) - len(match.group())].rstrip(), match.group() + marks
    if is_name and (match := _NOTE_BEFORE_NAME.search(bare)):
        bare, marks = bare[1:].lstrip(), match.group() + marks
    return (bare, marks) if marks else (text, "")


def is_number(cell: Cell) -> TypeGuard[int | float]:
    """Say whether a cell holds a number; not-a-number is an empty cell."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and cell == cell


def _finite(number: float, written: object) -> float:
    if abs(number) >= 1e15:
        raise Unreadable(f"数值“{written}”大得不合理", "请核对后重新填写")
    return number


def mask_phones(text: str) -> str:
    """Mask the middle of every phone number in free text: numbers live only in the desk's database."""
    if len(text) < 11:  # the shortest phone: 0537-234567
        return text
    return _LANDLINE.sub(r"\1\2****\3", _MOBILE.sub(r"\1****\2", text))


# --- amounts --------------------------------------------------------------------------------------------------------

CURRENCY_WORDS: Final = {
    "美元": "USD", "美金": "USD", "USD": "USD", "港币": "HKD", "港元": "HKD", "HKD": "HKD", "欧元": "EUR", "EUR": "EUR",
    "日元": "JPY", "JPY": "JPY", "人民币": "CNY", "元": "CNY", "CNY": "CNY", "RMB": "CNY",
}  # fmt: skip
_SCALE: Final = {"亿": 10_000.0, "千万": 1_000.0, "百万": 100.0, "万": 1.0, "千": 0.1, "": 0.0001}
_UNIT = re.compile(
    r"^(?:人民币)?(亿|千万|百万|万|千)?(人民币|美元|美金|港币|港元|欧元|日元|元(?:\(?人民币\)?)?|\(人民币\))?$"
)
_PLAIN: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_NUMBER = re.compile(r"^([+-]?" + _PLAIN + r")(?:个(?=亿))?(.*?)整?$")
_TWO_PARTS = re.compile(r"^([0-9]+)亿([0-9]{1,4})(万|千万|百万)(元|元?人民币|美元|港元|港币|欧元|日元)?整?$")
_BOUND = re.compile(
    r"^(?:大?约|近|超过?|逾|不[低少高多大小]于|不超过?|不足|至[少多]|最[少多高低]|[大高少低小多]于|上限|下限)|^[<>≥≤≈~±]|^至(?=[0-9])"
    r"|左右|上下|以[上下内外]|[0-9][几余多](?![0-9])|[万亿元亩][余多]|[起\+]$|(?:不足|以上|以下)$|不等$|之[内间]$|内$"
)
_SIGNS: Final = {
    "¥": "CNY",
    "RMB": "CNY",
    "CNY": "CNY",
    "人民币": "CNY",
    "US$": "USD",
    "USD": "USD",
    "HK$": "HKD",
    "HKD": "HKD",
    "€": "EUR",
    "EUR": "EUR",
}
_SIGN = re.compile(r"^(¥|RMB|CNY|人民币|US\$|USD|HK\$|HKD|€|EUR):?(?=[0-9])", re.IGNORECASE)
_ONE_NUMBER = re.compile(r"^[+-]?" + _PLAIN + "$")


@dataclass(frozen=True)
class AmountUnit:
    """What a column of money is written in: `to_wan` makes 万 of the currency out of the written number."""

    to_wan: float
    currency: str


@dataclass(frozen=True)
class Amount:
    wan_cny: float
    currency: str
    rate: float


@cached
def exchange_rates() -> dict[str, float]:
    """Read the office's dated table of rates (exchange_rates.csv): newest CNY per unit of each currency."""
    rates: dict[str, tuple[str, float]] = {}
    with settings_file("exchange_rates.csv").open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["currency"] not in rates or row["valid_from"] > rates[row["currency"]][0]:
                rates[row["currency"]] = (row["valid_from"], float(row["cny_per_unit"]))
    return {currency: rate for currency, (_, rate) in rates.items()}


def parse_amount_unit(text: str, currency: str = "CNY") -> AmountUnit | None:
    """Read a written unit of money (元, 万元, 亿元, 万美元 …); None when the text is no unit of money.

    `currency` is meant where none is written: “500万” in a column of 万美元 is dollars.
    """
    match = _UNIT.match(fold(text).strip("()"))
    if not match or not any(match.groups()):
        return None
    scale, word = match.groups()
    return AmountUnit(
        _SCALE[scale or ""], CURRENCY_WORDS[re.sub(r"(?<=元)\(?人民币\)?$|[()]", "", word)] if word else currency
    )


def _exact(folded: str, text: str, what: str) -> str:
    """Return the folded text of a number; a bound or an estimate beside it is no number.

    Raises
    ------
    Unreadable
        约5000万, 5000万以上, 不低于3亿: what the row would be counted with was not written.
    """
    if found := _BOUND.search(folded):
        raise Unreadable(f"“{text}”里的“{found.group()}”表明不是确定的数", f"请填一个确定的{what}，说明写到备注")
    return folded


def parse_amount(cell: Cell, column_unit: AmountUnit | None) -> Amount | None:
    """Read money into 万元. A unit in the cell goes before the column's; with neither, the cell is refused."""
    unit = column_unit
    if is_number(cell):
        number = _finite(float(cell), cell)
    else:
        text = as_text(cell)
        if text is None:
            return None
        folded = _exact(fold_number(text, "金额"), text, "金额")
        sign = _SIGN.match(folded)
        currency = _SIGNS[sign.group(1).upper()] if sign else None
        folded = folded[sign.end() :] if sign else folded
        if parts := _TWO_PARTS.match(folded):  # 1亿2000万
            lower = float(parts.group(2)) * _SCALE[parts.group(3)]
            if lower >= 10_000:
                raise Unreadable(f"“{text}”不是金额", "请填数字，如 12000 或 1.2亿元")
            folded = f"{float(parts.group(1)) * 10_000 + lower:.0f}万{parts.group(4) or ''}"
        match = _NUMBER.match(folded)
        if not match:
            raise Unreadable(f"“{text}”不是金额", "请填数字，如 12000 或 1.2亿元")
        number = _finite(float(match.group(1).replace(",", "")), text)
        if match.group(2):
            if _DECIMAL.search(match.group(2)):
                raise Unreadable(f"“{text}”像是不止一个金额", "请只填一个金额；分期、分项的各填一行或写到备注")
            unit = parse_amount_unit(match.group(2), currency or (column_unit.currency if column_unit else "CNY"))
            if unit is None:
                raise Unreadable(f"金额“{text}”的单位“{match.group(2)}”不认识", "请写 元、万元、亿元 或 万美元")
        elif sign and (unit is None or unit.to_wan != _SCALE[""]):
            raise Unreadable(f"“{text}”写了货币符号，看不出是元还是万元", "请去掉货币符号，或写明 元、万元、亿元")
        if currency and unit and unit.currency != currency:
            raise Unreadable(f"“{text}”的货币与单位不一致", "请只写一种货币")
    if unit is None:
        raise Unreadable("金额的单位无法确定", "请在表头写明（万元）或（亿元），或在单元格里写单位")
    if number < 0:
        raise Unreadable(f"金额“{number:g}”为负数", "请核对后填正数")
    rate = exchange_rates().get(unit.currency)
    if rate is None:
        raise Unreadable(f"没有 {unit.currency} 的汇率", "请在本区设置的 exchange_rates.csv 中补充")
    return Amount(round(number * unit.to_wan * rate, 6), unit.currency, rate)


# --- areas ----------------------------------------------------------------------------------------------------------

AREA_UNITS: Final = {
    "亩": 1.0,
    "平方米": 0.0015,
    "㎡": 0.0015,
    "m2": 0.0015,
    "平米": 0.0015,
    "千平方米": 1.5,
    "公顷": 15.0,
    "平方公里": 1500.0,
}
_AREA = re.compile(r"^(" + _PLAIN + r")(亩|千平方米|平方米|平米|m2|公顷|平方公里)?$")


def parse_area(cell: Cell, to_mu: float | None) -> float | None:
    """Read an area into 亩 (1 亩 = 1/0.0015 m²). A unit in the cell goes before the column's."""
    if is_number(cell):
        number, factor = _finite(float(cell), cell), to_mu
    else:
        text = as_text(cell)
        if text is None:
            return None
        match = _AREA.match(_exact(fold_number(text, "面积"), text, "面积"))
        if not match:
            raise Unreadable(f"“{text}”不是面积", "请填数字（亩）或写明单位，如 30亩、20000平方米")
        number = float(match.group(1).replace(",", ""))
        factor = AREA_UNITS[match.group(2)] if match.group(2) else to_mu
    if factor is None:
        raise Unreadable("面积的单位无法确定", "请在表头写明（亩）或（平方米）")
    return round(number * factor, 6)


# --- money per area -------------------------------------------------------------------------------------------------

# 万元 per 亩 in one of the unit. A thousand square metres are 1.5 亩, so 300 万元/千平方米 are 200 万元/亩.
INTENSITY_UNITS: Final = {
    "万元/亩": 1.0,
    "元/平方米": 1 / 15,
    "万元/千平方米": 1 / 1.5,
    "万元/平方米": 1 / 0.0015,
    "万元/公顷": 1 / 15,
    "亿元/平方公里": 10_000 / 1_500,
}
_INTENSITY = re.compile(r"^(" + _PLAIN + r")(.*)$")


def parse_intensity(cell: Cell, to_wan_per_mu: float | None) -> float | None:
    """Read money per area (投资强度, 亩均税收) into 万元/亩. A unit in the cell goes before the column's."""
    if is_number(cell):
        number, factor = _finite(float(cell), cell), to_wan_per_mu
    else:
        text = as_text(cell)
        if text is None:
            return None
        match = _INTENSITY.match(_exact(fold_number(text, "每亩金额"), text, "数"))
        if not match or (match.group(2) and match.group(2) not in INTENSITY_UNITS):
            raise Unreadable(f"“{text}”不是每亩金额", "请填数字，或写明单位，如 300万元/亩")
        number = float(match.group(1).replace(",", ""))
        factor = INTENSITY_UNITS[match.group(2)] if match.group(2) else to_wan_per_mu
    if factor is None:
        raise Unreadable("单位无法确定", "请在表头写明（万元/亩）或（万元/千平方米）")
    return round(number * factor, 6)


# --- numbers, years -------------------------------------------------------------------------------------------------


def parse_number(cell: Cell, *, is_share: bool = False) -> float | None:
    """Read a plain number; a share (百分比) may bear its sign: 50% is 50."""
    if is_number(cell):
        return _finite(float(cell), cell)
    text = as_text(cell)
    if text is None:
        return None
    folded = _exact(fold_number(text, "数字"), text, "数")
    folded = folded.removesuffix("%") if is_share else folded
    if not _ONE_NUMBER.match(folded):
        raise Unreadable(f"“{text}”不是数字", "请只填数字")
    return _finite(float(folded.replace(",", "")), text)


def parse_year(cell: Cell) -> int | None:
    """Return a year of four digits, or None for an empty cell; `Unreadable` for anything else."""
    text = as_text(cell)
    if text is None:
        return None
    match = re.match(r"^([0-9]{4})年?(度)?$", fold_number(text, "年份"))
    if not match or not 1978 <= int(match.group(1)) <= 2100:
        raise Unreadable(f"“{text}”不是年份", "请填四位年份，如 2026")
    return int(match.group(1))


# --- dates ----------------------------------------------------------------------------------------------------------

# A time begins where white space begins: else each space of a long run would start a search of its own.
_TIME = re.compile(r"(?<![T\s])[T\s]+(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?:\.\d{1,9})?\s*$")
_DAY = re.compile(r"^(\d{4})(?:年(?=\d{1,2}月)|([-/.])(?=\d{1,2}\2))(\d{1,2})[-/.月](\d{1,2})[日号]?$")
_MONTH = re.compile(r"^(\d{4})[-/.年](\d{1,2})月?(?:份|底|末|月底|月末)?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\.0+)?$")
_PART = re.compile(
    r"^(?:(\d{4})年)?(?:(\d{1,2})月(?:份|底|末|(上旬|中旬|下旬)|(\d{1,2})[日号])?|(?:第?([一二三四1-4])季度)|(上|下)半年|(年底|年末))$"
)
_YEAR_END = re.compile(r"^(\d{4})(?:年底|年末)$")
_MILLISECONDS = re.compile(r"^(\d{13})(?:\.0+)?$")
_EPOCH = dt.date(1899, 12, 30)
_BEIJING = dt.timezone(dt.timedelta(hours=8))
_DATE_MEND = "请填年月日，如 2025-06-03"
_QUARTERS = {word: number for number in range(1, 5) for word in ("一二三四"[number - 1], str(number))}


def _date(year: int, month: int, day: int, written: str) -> dt.date:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        raise Unreadable(f"日期“{written}”不存在", _DATE_MEND) from None
    if not 1949 <= found.year <= 2100:
        raise Unreadable(f"日期“{written}”的年份不合理", _DATE_MEND)
    return found


def month_end(year: int, month: int) -> dt.date:
    """Return the last day of a month."""
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def _partial_date(match: re.Match[str], text: str, year: int | None) -> tuple[dt.date, str]:
    """Read 6月底, 6月上旬, 二季度, 上半年: with a year of its own, or the one that is known for the row."""
    written, month, third, day, quarter, half, _ = match.groups()
    year = int(written) if written else year
    if year is None:
        raise Unreadable(f"“{text}”没有写年份", f"{_DATE_MEND}；或在表的标题、“年度”列写明年份")
    if day:
        return _date(year, int(month), int(day), text), "day"
    if month:
        first = _date(year, int(month), 1, text)
        if third in {"上旬", "中旬"}:
            return first.replace(day=10 if third == "上旬" else 20), "ten_days"
        return _date_end(year, int(month), text), "ten_days" if third else "month"
    if quarter:
        return _date_end(year, 3 * _QUARTERS[quarter], text), "quarter"
    return (_date_end(year, 6 if half == "上" else 12, text), "half" if half else "year")


def _date_end(year: int, month: int, text: str) -> dt.date:
    _date(year, month, 1, text)
    return month_end(year, month)


def parse_date(cell: Cell, year: int | None = None) -> tuple[dt.date, str] | None:
    """Read a date and its stated precision: `day`, `ten_days` (旬), `month`, `quarter`, `half`, `year`.

    A span alone becomes its last day: a fact is never known earlier than it was. `year` is the one year that the
    table's title or the row's 年度 names; without it 6月底 is refused. Excel serials are taken between 20000 (1954) and
    60000 (2064), timestamps of 13 digits are milliseconds and read in Beijing time.
    """
    if isinstance(cell, dt.datetime):
        return _date(cell.year, cell.month, cell.day, cell.isoformat()), "day"
    if isinstance(cell, dt.date):
        return _date(cell.year, cell.month, cell.day, cell.isoformat()), "day"
    text = as_text(cell)
    if text is None:
        return None
    # The time goes before the spaces do: “2025-5-3 10:00” without its space would read as the 31st.
    untimed = _TIME.sub("", text.replace("：", ":")) if len(text) <= LONGEST_NUMBER else text
    folded = fold_number(untimed, "日期")
    if match := _DAY.match(folded) or _COMPACT.match(folded):
        written_year, month, day = (int(part) for part in match.groups() if part and part.isdecimal())
        return _date(written_year, month, day, text), "day"
    if match := _MONTH.match(folded):
        written_year, month = int(match.group(1)), int(match.group(2))
        # Excel turns the text 2025.10 into the number 2025.1: October and January can't be told apart.
        if isinstance(cell, float) and month == 1:
            raise Unreadable(f"“{text}”可能是1月，也可能是10月", "请写成 2025-01 或 2025-10，并把单元格设为文本")
        return _date_end(written_year, month, text), "month"
    if match := _YEAR_END.match(folded):
        return _date_end(int(match.group(1)), 12, text), "year"
    if match := _PART.match(folded):
        return _partial_date(match, text, year)
    if match := _MILLISECONDS.match(folded):
        moment = dt.datetime.fromtimestamp(int(match.group(1)) / 1000, _BEIJING)
        return _date(moment.year, moment.month, moment.day, text), "day"
    try:
        serial = float(folded)
    except ValueError:
        raise Unreadable(f"“{text}”不是日期", _DATE_MEND) from None
    if not 20_000 <= serial <= 60_000:
        raise Unreadable(f"“{text}”不是日期", _DATE_MEND)
    return _EPOCH + dt.timedelta(days=int(serial)), "day"


# --- codes ----------------------------------------------------------------------------------------------------------

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS: Final = tuple(pow(3, i, 31) for i in range(17))
_USCC_VALUE = np.full(256, -1, dtype=np.int16)
for _value, _char in enumerate(USCC_ALPHABET):
    _USCC_VALUE[ord(_char)] = _value
_USCC_REGION = range(2, 8)  # GB 32100: characters 3-8 are the registering authority's region, digits


def uscc_valid(codes: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Say which codes are well formed by GB 32100-2015: 18 characters, region of digits, right check character.

    Shape (n,) strings in, (n,) booleans out; null in, false out. A valid code is no proof that the firm exists.
    """
    flat = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    flat = flat.cast(pa.binary())
    right_length = pc.fill_null(pc.equal(pc.binary_length(flat), 18), False)
    kept = pc.filter(flat, right_length).cast(pa.binary(18))
    result = right_length.to_numpy(zero_copy_only=False).copy()
    if len(kept):
        raw = np.frombuffer(kept.buffers()[1], dtype=np.uint8)[kept.offset * 18 : (kept.offset + len(kept)) * 18]
        columns = np.ascontiguousarray(raw.reshape(-1, 18).T)  # character by character: 5 times faster than row by row
        total = np.zeros(columns.shape[1], dtype=np.int16)  # at most 30 * 30 * 17 = 15,300
        lowest = np.zeros_like(total)
        region = np.zeros_like(total)
        for place, weight in enumerate(_USCC_WEIGHTS):
            value = _USCC_VALUE[columns[place]]
            total += value * np.int16(weight)
            np.minimum(lowest, value, out=lowest)
            if place in _USCC_REGION:
                np.maximum(region, value, out=region)
        result[result] = (lowest >= 0) & (region <= 9) & ((31 - total % 31) % 31 == _USCC_VALUE[columns[17]])
    return pa.array(result)


def parse_uscc(cell: Cell) -> str | None:
    """Read a credit code (统一社会信用代码); a code that Excel kept as a number has lost digits and is refused."""
    if isinstance(cell, float) and abs(cell) >= 1e15:
        raise Unreadable("统一社会信用代码被存成了数字，末几位已丢失", "请把该列设为文本后重新填写18位代码")
    text = as_text(cell)
    if text is None:
        return None
    code = fold_number(text, "18位代码", may_be_apart=True).upper()
    if re.fullmatch(r"\d+(\.\d+)?E\+\d+", code):
        raise Unreadable("统一社会信用代码被存成了数字，末几位已丢失", "请把该列设为文本后重新填写18位代码")
    if len(code) != 18:
        raise Unreadable(f"统一社会信用代码“{text}”是{len(code)}位，应为18位", "请照营业执照填写18位代码")
    if not uscc_valid(pa.array([code]))[0].as_py():
        raise Unreadable(f"统一社会信用代码“{text}”校验不通过", "请照营业执照核对，注意字母 I、O、Z、S、V 不会出现")
    return code


_INDUSTRY = re.compile(r"^([A-T])?(\d{2,4})$")
SECTION_OF_DIVISION: Final = tuple(
    (letter, range(first, last + 1))
    for letter, first, last in [
        ("A", 1, 5), ("B", 6, 12), ("C", 13, 43), ("D", 44, 46), ("E", 47, 50), ("F", 51, 52), ("G", 53, 60),
        ("H", 61, 62), ("I", 63, 65), ("J", 66, 69), ("K", 70, 70), ("L", 71, 72), ("M", 73, 75), ("N", 76, 79),
        ("O", 80, 82), ("P", 83, 83), ("Q", 84, 85), ("R", 86, 90), ("S", 91, 96), ("T", 97, 97),
    ]
)  # fmt: skip


@cache
def industry_names() -> dict[str, str]:
    """Read the names of 门类 and 大类 of GB/T 4754-2017 (reference/industries.csv), folded, and their codes."""
    path = Path(__file__).parent / "reference" / "industries.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {fold(row["name"]): row["code"] for row in csv.DictReader(lines)}


def parse_industry(cell: Cell) -> str | None:
    """Read an industry of GB/T 4754-2017 into its 2 to 4 digits: `C29`, `2911`, `I6410`, or the name of a 大类.

    A 门类 is refused: what it holds ranges too widely.
    """
    text = as_text(cell)
    if text is None:
        return None
    named = industry_names().get(fold(text)) or industry_names().get(fold(text) + "业")
    if named and named.isdigit():
        return named
    if named or re.fullmatch("[A-Ta-t]", fold(text)):
        raise Unreadable(f"行业“{text}”是门类，太宽", "请填到大类以下，如 C17 或 纺织业")
    match = _INDUSTRY.match(fold_number(text, "行业代码").upper())
    if not match:
        raise Unreadable(f"“{text}”不是行业代码，也不是大类的名称", "请填国民经济行业代码，如 C1781 或 1781")
    letter, digits = match.groups()
    section = next((name for name, span in SECTION_OF_DIVISION if int(digits[:2]) in span), None)
    if section is None or (letter is not None and letter != section):
        raise Unreadable(f"行业代码“{text}”在 GB/T 4754-2017 中不存在", "请核对门类字母和大类数字")
    return digits
