"""Codes: what they say of themselves, and every real bad one is told why."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from intake.codes import BadCode, organisation_code_valid, region_name, why_bad
from intake.values import industry_names, parse_industry

VALID = ["91440300708461136T", "9144030071526726XG", "91110000802100433B", "91330100799655058B"]


@pytest.mark.parametrize("code", VALID)
def test_a_credit_code_carries_an_organisation_code(code):
    assert why_bad(code) is None
    assert organisation_code_valid(code[8:17])
    assert organisation_code_valid(f"{code[8:16]}-{code[16]}")
    wrong = "0" if code[16] != "0" else "1"
    assert not organisation_code_valid(code[8:16] + wrong)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, BadCode.EMPTY), ("无", BadCode.EMPTY), ("N/A", BadCode.EMPTY),
        ("321191000000310", BadCode.OLD_NUMBER), ("3303021012389", BadCode.OLD_NUMBER),
        ("企合苏总字第000174", BadCode.OLD_NUMBER), ("95032706-6", BadCode.ORGANISATION),
        ("江苏省南京市某路1号", BadCode.NO_CODE), ("9144030070846113", BadCode.LENGTH),
        ("9144030070846113IT", BadCode.ALPHABET), ("914403A0708461136T", BadCode.REGION),
        ("919903007084611360", BadCode.REGION), ("91440300708461136X", BadCode.CHECK_DIGIT),
        ("91440300708461136t", BadCode.LOWER_CASE),
        ("９１４４０３００７０８４６１１３６X", BadCode.CHECK_DIGIT),
    ],
)  # fmt: skip
def test_why_a_code_is_bad(code, reason):
    assert why_bad(code) is reason


@pytest.mark.skipif(
    not os.environ.get("ZEYOU_REFERENCE_DATA"), reason="ZEYOU_REFERENCE_DATA 未设置：没有真实的错误代码"
)
def test_every_real_bad_code_is_classed():
    path = Path(os.environ["ZEYOU_REFERENCE_DATA"]) / "enterprises" / "cn_registry_bad_uscc.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as lines:
        codes = [row["uscc"] for row in csv.DictReader(lines)]
    counts = Counter(why_bad(code) for code in codes)
    assert len(codes) == 4315
    assert None not in counts
    assert counts[BadCode.OLD_NUMBER] > 3_700
    assert counts[BadCode.LOWER_CASE] == 207
    assert counts[BadCode.CHECK_DIGIT] == 58
    assert counts[BadCode.NO_CODE] > 200


def test_regions_are_named_by_province_and_city():
    assert region_name("370100") == "山东省济南市"
    assert region_name("370102") == "山东省济南市"
    assert region_name("110000") == region_name("110105") == "北京市"
    assert region_name("990000") is None
    assert region_name("810000") == "香港特别行政区"


def test_every_division_is_read_by_its_name_and_sections_are_too_wide():
    names = industry_names()
    divisions = {name: code for name, code in names.items() if code.isdigit()}
    assert len(set(divisions.values())) == 97
    assert all(parse_industry(name) == code for name, code in divisions.items())
    assert len(names) - len(divisions) == 17  # 房地产业, 教育, 国际组织 are both a 门类 and its one 大类
