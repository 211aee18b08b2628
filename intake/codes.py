"""What a code says of itself, and why a bad one is bad (代码核对): credit codes, organisation codes, regions.

Belongs here: GB 11714 organisation codes, the reason why a credit code fails GB 32100, names of GB/T 2260 regions. Does
not belong: reading a cell (values.py); whether an enterprise exists, which no check digit tells.
"""

from __future__ import annotations

import csv
import re
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

import pyarrow as pa

from intake.values import EMPTY_WORDS, USCC_ALPHABET, fold, uscc_valid

_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION = re.compile(r"^[0-9A-Z]{8}-?[0-9X]$")
# 企合苏总字第000174, 企独粤穗总字第1021号: how enterprises with foreign capital were numbered before 2008
_FOREIGN_NUMBER = re.compile(r"^企[合独作股外].{0,8}第\d+号?$")


class BadCode(StrEnum):
    """Why a credit code is none."""

    EMPTY = "没有填写"
    OLD_NUMBER = "旧工商注册号"
    ORGANISATION = "组织机构代码"
    NO_CODE = "不是代码"
    LENGTH = "位数不对"
    ALPHABET = "有代码中不会出现的字符"
    REGION = "登记机关区划不对"
    LOWER_CASE = "字母写成了小写"  # the reader mends it, a register's column must not hold it
    CHECK_DIGIT = "校验位不对"


def organisation_code_valid(code: str) -> bool:
    """Say whether an organisation code is well formed by GB 11714: eight characters and a check digit, 10 is X, 11 is 0."""
    folded = fold(code).upper()
    if not _ORGANISATION.match(folded):
        return False
    digits = folded.replace("-", "")
    total = sum(_ORGANISATION_ALPHABET.index(c) * w for c, w in zip(digits, _ORGANISATION_WEIGHTS, strict=False))
    return "0123456789X0"[11 - total % 11] == digits[8]


def why_bad(code: str | None) -> BadCode | None:
    """Say why a credit code is not well formed; None for one that is. The first reason that explains it is told."""
    text = fold(code or "").upper()
    if text in {fold(word).upper() for word in EMPTY_WORDS}:
        return BadCode.EMPTY
    if uscc_valid(pa.array([text]))[0].as_py():
        return None if text == fold(code or "") else BadCode.LOWER_CASE
    if re.fullmatch(r"\d{15}|\d{13}", text) or _FOREIGN_NUMBER.match(text):
        return BadCode.OLD_NUMBER
    if _ORGANISATION.match(text):
        return BadCode.ORGANISATION
    if not re.fullmatch(r"[0-9A-Z*-]+", text):
        return BadCode.NO_CODE
    if len(text) != 18:
        return BadCode.LENGTH
    if not set(text) <= set(USCC_ALPHABET):
        return BadCode.ALPHABET
    if not text[2:8].isdigit() or region_name(text[2:4] + "0000") is None:
        return BadCode.REGION
    return BadCode.CHECK_DIGIT


@cache
def _regions() -> dict[str, str]:
    path = Path(__file__).parent / "reference" / "regions.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["code"]: row["name"] for row in csv.DictReader(lines)}


def region_name(code: str) -> str | None:
    """Give the province and city of a GB/T 2260 code, as of the table's year; None where the province is not in it.

    A county's code gives its city: counties are not kept. 100000 is the national registering authority's own code.
    """
    regions = _regions()
    province = regions.get(f"{code[:2]}0000")
    if province is None:
        return "国家" if code[:2] == "10" else None
    city = regions.get(f"{code[:4]}00")
    return province if city is None or city == province else f"{province}{city}"
