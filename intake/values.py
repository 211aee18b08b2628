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
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Cell = object
EMPTY_WORDS: Final = frozenset(
    {"", "-", "--", "—", "——", "/", "无", "暂无", "不详", "n/a", "N/A", "nan", "NaN", "None", "null", "NULL"}
)


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
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def as_text(cell: Cell) -> str | None:
    """Give the cell as stripped text, whole numbers without `.0`; None for the forms of empty (-, 无, 暂无, /)."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d")
    text = _CONTROL.sub("", str(cell)).strip()
    return None if text in EMPTY_WORDS else text


def fold(text: str) -> str:
    """Fold full width to half width, drop all white space, and straighten quotes: the form in which words compare."""
    # Twice: a space dropped between a letter and an accent lets the two compose.
    folded = unicodedata.normalize("NFKC", _SPACES.sub("", unicodedata.normalize("NFKC", text)))
    return folded.replace("“", '"').replace("”", '"').replace("〔", "(").replace("〕", ")")


def mask_phones(text: str) -> str:
    """Mask the middle of every phone number in free text: numbers live only in the desk's database."""
    return _LANDLINE.sub(r"\1\2****\3", _MOBILE.sub(r"\1****\2", text))


# --- amounts --------------------------------------------------------------------------------------------------------

CURRENCY_WORDS: Final = {
    "美元": "USD", "美金": "USD", "USD": "USD", "港币": "HKD", "港元": "HKD", "HKD": "HKD", "欧元": "EUR", "EUR": "EUR",
    "日元": "JPY", "JPY": "JPY", "人民币": "CNY", "元": "CNY", "CNY": "CNY", "RMB": "CNY",
}  # fmt: skip
_SCALE: Final = {"亿": 10_000.0, "千万": 1_000.0, "百万": 100.0, "万": 1.0, "千": 0.1, "": 0.0001}
_UNIT = re.compile(r"^(?:人民币)?(亿|千万|百万|万|千)?(人民币|美元|美金|港币|港元|欧元|日元|元(?:人民币)?)?$")
_NUMBER = re.compile(r"^[约近超逾≈>≥]*([+-]?\d+(?:,\d{3})*(?:\.\d+)?)(?:左右|以上|余)?(.*?)(?:左右|以上|余|整)?$")


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


@cache
def exchange_rates() -> dict[str, float]:
    """Read the office's dated table of rates (reference/exchange_rates.csv): newest CNY per unit of each currency."""
    path = Path(__file__).parent / "reference" / "exchange_rates.csv"
    rates: dict[str, tuple[str, float]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
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
    return AmountUnit(_SCALE[scale or ""], CURRENCY_WORDS[word.removesuffix("人民币") or word] if word else currency)


def parse_amount(cell: Cell, column_unit: AmountUnit | None) -> Amount | None:
    """Read money into 万元. A unit in the cell goes before the column's; with neither, the cell is refused."""
    unit = column_unit
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        number = float(cell)
    else:
        text = as_text(cell)
        if text is None:
            return None
        match = _NUMBER.match(fold(text))
        if not match:
            raise Unreadable(f"“{text}”不是金额", "请填数字，如 12000 或 1.2亿元")
        number = float(match.group(1).replace(",", ""))
        if match.group(2):
            unit = parse_amount_unit(match.group(2), column_unit.currency if column_unit else "CNY")
            if unit is None:
                raise Unreadable(f"金额“{text}”的单位“{match.group(2)}”不认识", "请写 元、万元、亿元 或 万美元")
    if not np.isfinite(number):
        return None
    if unit is None:
        raise Unreadable("金额的单位无法确定", "请在表头写明（万元）或（亿元），或在单元格里写单位")
    if number < 0:
        raise Unreadable(f"金额“{number:g}”为负数", "请核对后填正数")
    rate = exchange_rates().get(unit.currency)
    if rate is None:
        raise Unreadable(f"没有 {unit.currency} 的汇率", "请在 intake/reference/exchange_rates.csv 中补充")
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
}
_AREA = re.compile(r"^约?(\d+(?:,\d{3})*(?:\.\d+)?)(亩|千平方米|平方米|平米|m2|公顷)?(?:左右)?$")


def parse_area(cell: Cell, to_mu: float | None) -> float | None:
    """Read an area into 亩 (1 亩 = 1/0.0015 m²). A unit in the cell goes before the column's."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        number, factor = float(cell), to_mu
    else:
        text = as_text(cell)
        if text is None:
            return None
        match = _AREA.match(fold(text))
        if not match:
            raise Unreadable(f"“{text}”不是面积", "请填数字（亩）或写明单位，如 30亩、20000平方米")
        number = float(match.group(1).replace(",", ""))
        factor = AREA_UNITS[match.group(2)] if match.group(2) else to_mu
    if factor is None:
        raise Unreadable("面积的单位无法确定", "请在表头写明（亩）或（平方米）")
    return round(number * factor, 6)


# --- numbers, years -------------------------------------------------------------------------------------------------


def parse_number(cell: Cell) -> float | None:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return float(cell) if np.isfinite(float(cell)) else None
    text = as_text(cell)
    if text is None:
        return None
    try:
        return float(fold(text).replace(",", ""))
    except ValueError:
        raise Unreadable(f"“{text}”不是数字", "请只填数字") from None


def parse_year(cell: Cell) -> int | None:
    text = as_text(cell)
    if text is None:
        return None
    match = re.match(r"^(\d{4})年?(度)?$", fold(text))
    if not match or not 1978 <= int(match.group(1)) <= 2100:
        raise Unreadable(f"“{text}”不是年份", "请填四位年份，如 2026")
    return int(match.group(1))


# --- dates ----------------------------------------------------------------------------------------------------------

_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?\s*$")
_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")
_MONTH = re.compile(r"^(\d{4})[-/.年](\d{1,2})月?(?:底|末)?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_EPOCH = dt.date(1899, 12, 30)
_DATE_MEND = "请填年月日，如 2025-06-03"


def _date(year: int, month: int, day: int, written: str) -> dt.date:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        raise Unreadable(f"日期“{written}”不存在", _DATE_MEND) from None
    if not 1949 <= found.year <= 2100:
        raise Unreadable(f"日期“{written}”的年份不合理", _DATE_MEND)
    return found


def month_end(year: int, month: int) -> dt.date:
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def parse_date(cell: Cell) -> tuple[dt.date, str] | None:
    """Read a date and its stated precision, `day` or `month`.

    A month alone becomes its last day: a fact is never known earlier than it was. Excel serials are taken between
    20000 (1954) and 60000 (2064).
    """
    if isinstance(cell, dt.datetime):
        return _date(cell.year, cell.month, cell.day, cell.isoformat()), "day"
    if isinstance(cell, dt.date):
        return _date(cell.year, cell.month, cell.day, cell.isoformat()), "day"
    text = as_text(cell)
    if text is None:
        return None
    # The time goes before the spaces do: “2025-5-3 10:00” without its space would read as the 31st.
    folded = fold(_TIME.sub("", unicodedata.normalize("NFKC", text)))
    if match := _DAY.match(folded):
        year, month, day = (int(part) for part in match.groups())
        return _date(year, month, day, text), "day"
    if match := _COMPACT.match(folded):
        year, month, day = (int(part) for part in match.groups())
        return _date(year, month, day, text), "day"
    if match := _MONTH.match(folded):
        year, month = int(match.group(1)), int(match.group(2))
        # Excel turns the text 2025.10 into the number 2025.1: October and January can't be told apart.
        if isinstance(cell, float) and month == 1:
            raise Unreadable(f"“{text}”可能是1月，也可能是10月", "请写成 2025-01 或 2025-10，并把单元格设为文本")
        _date(year, month, 1, text)
        return month_end(year, month), "month"
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
    code = fold(text).upper()
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


def parse_industry(cell: Cell) -> str | None:
    """Read an industry code of GB/T 4754-2017 as written (`C29`, `2911`, `I6410`) into its 2 to 4 digits."""
    text = as_text(cell)
    if text is None:
        return None
    match = _INDUSTRY.match(fold(text).upper())
    if not match:
        raise Unreadable(f"“{text}”不是行业代码", "请填国民经济行业代码，如 C1781 或 1781")
    letter, digits = match.groups()
    section = next((name for name, span in SECTION_OF_DIVISION if int(digits[:2]) in span), None)
    if section is None or (letter is not None and letter != section):
        raise Unreadable(f"行业代码“{text}”在 GB/T 4754-2017 中不存在", "请核对门类字母和大类数字")
    return digits
