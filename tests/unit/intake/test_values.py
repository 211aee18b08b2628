"""Cells: what is written comes back as what was meant, or with a reason; nothing is guessed."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.values import (
    AREA_UNITS,
    USCC_ALPHABET,
    AmountUnit,
    Unreadable,
    exchange_rates,
    fold,
    industry_names,
    mask_phones,
    month_end,
    parse_amount,
    parse_amount_unit,
    parse_area,
    parse_date,
    parse_industry,
    parse_number,
    parse_uscc,
    parse_year,
    uscc_valid,
)

UNITS = {
    "元": (0.0001, "CNY"), "千元": (0.1, "CNY"), "万元": (1.0, "CNY"), "人民币万元": (1.0, "CNY"), "亿元": (1e4, "CNY"),
    "百万元": (100.0, "CNY"), "万": (1.0, "CNY"), "亿": (1e4, "CNY"), "万美元": (1.0, "USD"), "亿美元": (1e4, "USD"),
    "万美金": (1.0, "USD"), "万港元": (1.0, "HKD"), "万港币": (1.0, "HKD"), "万欧元": (1.0, "EUR"), "亿日元": (1e4, "JPY"),
    "万元人民币": (1.0, "CNY"),
}  # fmt: skip
VALID = ["91440300708461136T", "9144030071526726XG", "91110000802100433B", "91330100799655058B"]
VALID += ["91370300MA3C000700", "91370300MA3C00257Y"]  # remainder 0 and remainder 1
DATES = st.dates(dt.date(1955, 1, 1), dt.date(2060, 12, 31))


# --- amounts --------------------------------------------------------------------------------------------------------


@given(
    st.decimals(0, 10**6, places=2),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["{}{}", "{} {}", "{}（{}）"]),
)
def test_an_amount_reads_back_in_every_unit(number, unit, form):
    to_wan, currency = UNITS[unit]
    amount = parse_amount(
        form.format(number, unit), AmountUnit(1e4, "JPY") if currency not in unit and "元" in unit else None
    )
    assert amount is not None
    assert amount.currency == currency
    assert amount.wan_cny == pytest.approx(float(number) * to_wan * exchange_rates()[currency], abs=1e-6)


@given(st.decimals(0, 10**6, places=2), st.sampled_from(sorted(UNITS)))
def test_the_unit_of_the_column_holds_for_bare_numbers(number, unit):
    in_column = parse_amount_unit(unit)
    assert parse_amount(float(number), in_column) == parse_amount(f"{number:,}", in_column)
    assert parse_amount(float(number), in_column) == parse_amount(f"{number}{unit}", None)


def test_a_cell_without_currency_speaks_the_columns():
    assert parse_amount("500万", parse_amount_unit("亿美元")).currency == "USD"
    assert parse_amount("500万元", parse_amount_unit("亿美元")).currency == "CNY"


@pytest.mark.parametrize("cell", [12000, "12000", "1-2亿元", "12000吨", "面议", "-5万元", "5万英镑", True])
def test_an_amount_that_can_not_be_known_is_refused(cell):
    with pytest.raises(Unreadable):
        parse_amount(cell, None)


@pytest.mark.parametrize("cell", [None, "", "-", "——", "/", "无", "N/A", float("nan")])
def test_the_forms_of_empty_are_no_amount(cell):
    assert parse_amount(cell, None) is None
    assert parse_number(cell) is None
    assert parse_date(None if isinstance(cell, float) else cell) is None


@pytest.mark.parametrize("text", ["个", "亩", "元/亩", "亿元/万美元", ""])
def test_what_is_no_unit_of_money_is_none(text):
    assert parse_amount_unit(text) is None


# --- areas, numbers, years ------------------------------------------------------------------------------------------


@given(st.decimals(0, 10**5, places=2), st.sampled_from(sorted(AREA_UNITS)))
def test_an_area_reads_back_in_every_unit(number, unit):
    assert parse_area(f"{number} {unit}", None) == pytest.approx(float(number) * AREA_UNITS[unit], abs=1e-6)
    assert parse_area(float(number), AREA_UNITS[unit]) == pytest.approx(float(number) * AREA_UNITS[unit], abs=1e-6)


def test_an_area_without_unit_is_refused():
    with pytest.raises(Unreadable, match="单位"):
        parse_area(30, None)


def test_years_and_numbers_are_read_or_refused():
    assert (parse_year(2026.0), parse_year("2026年度"), parse_number("1,200.5")) == (2026, 2026, 1200.5)
    for parse, cell in ((parse_year, "26年"), (parse_year, 1900), (parse_number, "12个")):
        with pytest.raises(Unreadable):
            parse(cell)


# --- dates ----------------------------------------------------------------------------------------------------------

DAY_FORMS = [
    "{d:%Y-%m-%d}", "{d.year}/{d.month}/{d.day}", "{d.year}.{d.month}.{d.day}", "{d.year}年{d.month}月{d.day}日",
    "{d:%Y%m%d}", "{d:%Y-%m-%d} 09:05:07", "{d.year}/{d.month}/{d.day} 0:00", "{d:%Y-%m-%d}T23:59:59.123",
    " {d.year} 年 {d.month} 月 {d.day} 日 ",
]  # fmt: skip
MONTH_FORMS = [
    "{d.year}.{d.month}",
    "{d.year}年{d.month}月",
    "{d:%Y-%m}",
    "{d.year}年{d.month}月底",
    "{d.year}/{d.month}",
]


@given(DATES, st.sampled_from(DAY_FORMS))
def test_a_day_reads_back_in_every_written_form(day, form):
    assert parse_date(form.format(d=day)) == (day, "day")


@given(DATES, st.sampled_from(MONTH_FORMS))
def test_a_month_becomes_its_last_day(day, form):
    found, precision = parse_date(form.format(d=day))
    assert (found, precision) == (month_end(day.year, day.month), "month")
    assert (found + dt.timedelta(days=1)).day == 1


@given(DATES)
def test_what_excel_stores_is_a_day(day):
    serial = (day - dt.date(1899, 12, 30)).days
    for cell in (serial, float(serial), str(serial), f"{serial}.0", dt.datetime(day.year, day.month, day.day, 9), day):
        assert parse_date(cell) == (day, "day")


def test_a_number_that_may_be_january_or_october_is_refused():
    assert parse_date("2025.10") == (dt.date(2025, 10, 31), "month")
    assert parse_date(2025.11) == (dt.date(2025, 11, 30), "month")
    with pytest.raises(Unreadable, match="1月.*10月"):
        parse_date(2025.1)


@pytest.mark.parametrize(
    "cell",
    [
        "6月底",
        "上半年",
        "2025年",
        2025,
        "2025-02-30",
        "2025.13",
        "1899-01-01",
        1750000000,
        99999999999999,
        "25.6.3",
        61000,
    ],
)
def test_a_date_that_can_not_be_known_is_refused(cell):
    with pytest.raises(Unreadable) as refused:
        parse_date(cell)
    assert refused.value.mend


# --- codes ----------------------------------------------------------------------------------------------------------


def test_the_vectors_of_the_standard():
    assert uscc_valid(pa.array(VALID)).to_pylist() == [True] * len(VALID)
    assert uscc_valid(pa.array(["91350100M000100Y43", "91350100M000100Y4Z"])).to_pylist() == [True, False]
    assert uscc_valid(pa.chunked_array([[None, ""], ["短", "91440300708461136T"]])).to_pylist() == [False] * 3 + [True]
    assert uscc_valid(pa.array([], pa.string())).to_pylist() == []
    assert uscc_valid(pa.array(["x", *VALID]).slice(1)).to_pylist() == [True] * len(VALID)


@given(st.sampled_from(VALID), st.integers(0, 17), st.sampled_from(USCC_ALPHABET + "IOZSV中"))
def test_one_changed_character_makes_a_code_invalid(code, place, char):
    changed = code[:place] + char + code[place + 1 :]
    assert uscc_valid(pa.array([changed]))[0].as_py() == (changed == code)


def test_a_code_is_read_as_printed_and_refused_where_excel_broke_it():
    assert parse_uscc(" ９１４４０３００７０８４６１１３６ｔ ") == VALID[0]
    for cell in (9.144030070846113e17, "9.14403E+17", "9144030070846113", "91440300708461136X"):
        with pytest.raises(Unreadable):
            parse_uscc(cell)


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("C29", "29"),
        ("M7590", "7590"),
        ("2911", "2911"),
        (2911.0, "2911"),
        ("i6410", "6410"),
        ("C178", "178"),
        ("纺织业", "17"),
        ("房地产业", "70"),
    ],
)
def test_an_industry_code_is_read_in_its_written_forms(cell, digits):
    assert parse_industry(cell) == digits


def test_every_division_is_read_by_its_name_and_sections_are_too_wide():
    names = industry_names()
    divisions = {name: code for name, code in names.items() if code.isdigit()}
    assert len(set(divisions.values())) == 97
    assert all(parse_industry(name) == code for name, code in divisions.items())
    assert len(names) - len(divisions) == 17  # 房地产业, 教育, 国际组织 are both a 门类 and its one 大类


@pytest.mark.parametrize("cell", ["A29", "00", "C9900", "制造业", "纺织类", "C", "C29111", 9.5])
def test_an_industry_code_that_does_not_exist_is_refused(cell):
    with pytest.raises(Unreadable):
        parse_industry(cell)


# --- text -----------------------------------------------------------------------------------------------------------


@given(st.text())
def test_fold_is_idempotent(text):
    assert fold(fold(text)) == fold(text)


PHONE = st.builds(
    lambda head, body, gaps: f"{head}{body[0]}{gaps[0]}{body[1:5]}{gaps[1]}{body[5:]}",
    st.sampled_from(["13", "15", "17", "18", "19", "+86 13", "8618", "86-15"]),
    st.from_regex(r"[0-9]{9}", fullmatch=True),
    st.sampled_from([("", ""), (" ", " "), ("-", "-")]),
)


@given(st.from_regex(r"[^\d\s-]{0,8}", fullmatch=True), PHONE, st.sampled_from(["", "（微信同号）", "，面谈"]))
def test_no_mobile_number_survives(before, phone, after):
    digits = "".join(c for c in phone if c.isdigit())[-11:]
    masked = mask_phones(f"{before}{phone}{after}")
    assert digits not in "".join(c for c in masked if c.isdigit())
    assert "****" in masked
    assert mask_phones(masked) == masked


def test_landlines_are_masked_and_codes_are_not():
    assert mask_phones("座机0537-2345678") == "座机0537-****5678"
    assert mask_phones("全角１３８１２３４５６７８") == "全角１３８****５６７８"
    for text in (VALID[0], "320100000106316", "投资12000万元", "2025-06-03", "合同〔2025〕13号"):
        assert mask_phones(text) == text
