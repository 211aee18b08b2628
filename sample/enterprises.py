"""Invented enterprises (虚构企业): names, valid credit codes, capital, scope, all as columns; and the register file.

Belongs here: what a business register says of a firm, drawn for any number of rows without a loop over rows.
Does not belong: leads (leads.py) and what becomes of them (process.py).

Every credit code is valid by GB 32100, and belongs to nobody: its region ends in 99xx, which no authority has.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.values import USCC_ALPHABET
from sample import district
from sample.industries import CHAIN_SHARE, INDUSTRIES, lead_shares, local_shares, shares

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LOCAL_SHARE: Final = 0.03
YOUNGEST_BEYOND_DAYS: Final = 1300  # firms beyond the register exist before the first lead
BROKEN_SHARE: Final = 0.003
NO_INDUSTRY_SHARE: Final = 0.06
SCOPE_VARIANTS: Final = 12
STATUSES: Final = ("存续", "在业", "注销", "吊销")
TYPES: Final = ("有限责任公司", "有限责任公司(自然人独资)", "股份有限公司", "有限合伙企业", "外商投资有限责任公司")
CURRENCIES: Final = ("CNY", "USD", "HKD")
BROKEN_KINDS: Final = ("校验位错误", "名称过短", "省份错列", "成立日期不存在", "注册资本为负")

_ALPHABET: Final = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)
_USCC_WEIGHTS: Final = np.array([pow(3, i, 31) for i in range(17)], dtype=np.int64)
_BODY_WEIGHTS: Final = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)  # GB 11714, characters 9-16
_VALUE_OF: Final = np.full(256, -1, dtype=np.int64)
_VALUE_OF[_ALPHABET] = np.arange(31)
# GB 11714 counts letters with I, O, S, V, Z among them.
_BODY_VALUE_OF: Final = np.array(
    [c - 48 if 48 <= c <= 57 else c - 55 if 65 <= c <= 90 else 0 for c in range(256)], dtype=np.int64
)


@dataclass(frozen=True)
class Enterprises:
    """Columns of equal length; the first `in_register` rows stand in the register file, the rest in none."""

    in_register: int
    name: pa.Array
    brand: pa.Array
    uscc: pa.Array
    industry: Ints
    industry_code: pa.Array
    city: Ints
    established: npt.NDArray[np.datetime64]
    capital_wan: Floats
    currency: Ints
    scope: pa.Array
    kind: Ints
    employees: pa.Array
    status: Ints
    broken: Ints  # index into BROKEN_KINDS, -1 where the row is sound

    def __len__(self) -> int:
        return len(self.industry)


def credit_codes(province_code: npt.NDArray[np.int64], old: Bools, rng: np.random.Generator) -> pa.Array:
    """Draw unique credit codes, valid by GB 32100 and GB 11714; `old` firms have a body of digits, later ones MA…"""
    n = len(old)
    raw = np.empty((n, 18), dtype=np.uint8)
    raw[:, 0], raw[:, 1] = ord("9"), ord("1")
    raw[:, 2], raw[:, 3] = province_code // 10 + 48, province_code % 10 + 48
    raw[:, 4], raw[:, 5], raw[:, 6] = ord("9"), ord("9"), ord("0")
    raw[:, 7] = rng.integers(1, 9, n) + 48
    # A walk with a step coprime to the number of codes visits none twice: unique without remembering any.
    place = np.arange(n, dtype=np.int64)
    start = int(rng.integers(0, 10**8))
    letters = (place * 198_491_317 + start) % 31**6
    digits = (place * 37_139_213 + start) % 10**8
    raw[:, 8], raw[:, 9] = ord("M"), ord("A")
    for column in range(10, 16):
        raw[:, column] = _ALPHABET[letters % 31]
        letters = letters // 31
    for column in range(8, 16):
        raw[:, column] = np.where(old, digits % 10 + 48, raw[:, column])
        digits = digits // 10
    body = 11 - (_BODY_VALUE_OF[raw[:, 8:16]] * _BODY_WEIGHTS).sum(axis=1) % 11
    raw[:, 16] = np.where(body == 10, ord("X"), np.where(body == 11, ord("0"), body + 48))
    raw[:, 17] = check_characters(raw)
    return (
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(18), n, [None, pa.py_buffer(raw.tobytes())])
        .cast(pa.binary())
        .cast(pa.string())
    )


def check_characters(raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Give the check character of each code, from its first 17 characters."""
    total = np.zeros(len(raw), dtype=np.int64)
    for place, weight in enumerate(_USCC_WEIGHTS):
        total += _VALUE_OF[raw[:, place]] * weight
    return np.asarray(_ALPHABET[(31 - total % 31) % 31])


def _take(words: list[str] | tuple[str, ...], index: npt.NDArray[Any]) -> pa.Array:
    return pa.array(list(words), pa.string()).take(pa.array(index))


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _scopes(rng: np.random.Generator) -> list[str]:
    """Write SCOPE_VARIANTS business scopes for every industry, naming one to four of its products."""
    verbs = {"C": "制造；{}销售", "F": "", "M": "服务；技术咨询", "I": "；信息系统集成服务", "D": "服务；工程管理服务"}
    general = ("货物进出口；技术进出口", "技术服务、技术开发、技术咨询", "普通货物仓储服务", "会议及展览服务")
    written = []
    for industry in INDUSTRIES:
        for _ in range(SCOPE_VARIANTS):
            count = int(rng.integers(1, min(4, len(industry.products)) + 1))
            chosen = rng.choice(len(industry.products), count, replace=False)
            products = "、".join(industry.products[i] for i in chosen)
            verb = verbs.get(industry.section, "").format(industry.products[chosen[0]])
            tail = general[int(rng.integers(len(general)))]
            written.append(
                f"一般项目：{products}{verb}；{tail}（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）"
            )
    return written


def draw_enterprises(register: int, beyond: int, as_of: dt.date, rng: np.random.Generator) -> Enterprises:
    """Draw `register` enterprises of the country and `beyond` more that are in no register and have leads' industries."""
    n = register + beyond
    cities = len(district.CITIES)
    weight = np.array([c.weight for c in district.CITIES])
    city = rng.choice(cities, n, p=weight / weight.sum())
    city[rng.random(n) < LOCAL_SHARE] = cities - 1
    local = city == cities - 1
    industry = rng.choice(len(INDUSTRIES), n, p=shares(CHAIN_SHARE))
    industry[local] = rng.choice(len(INDUSTRIES), int(local.sum()), p=local_shares())
    industry[register:] = rng.choice(len(INDUSTRIES), beyond, p=lead_shares())
    age_days = np.minimum(rng.exponential(2600.0, n).astype(np.int64) + 120, 11_000)
    age_days[register:] += YOUNGEST_BEYOND_DAYS
    established = np.datetime64(as_of, "D") - age_days
    province_code = np.array([int(c.province_code) for c in district.CITIES])[city]
    uscc = credit_codes(province_code, established < np.datetime64("2015-10-01"), rng)

    brand = _join(
        *(
            _take(tuple(pool), rng.integers(0, len(pool), n))
            for pool in (district.BRAND_FIRST, district.BRAND_SECOND, district.BRAND_THIRD)
        )
    )
    place = _take(tuple(c.name.removesuffix("市") for c in district.CITIES), city)
    trade = _take(tuple(i.trade for i in INDUSTRIES), industry)
    kind = rng.choice(len(TYPES), n, p=[0.62, 0.27, 0.05, 0.03, 0.03])
    suffix = _take(("有限公司", "有限公司", "股份有限公司", "中心（有限合伙）", "有限公司"), kind)
    inside = pa.array(rng.random(n) < 0.18)
    name = pc.if_else(inside, _join(brand, "（", place, "）", trade, suffix), _join(place, brand, trade, suffix))

    first_code = np.cumsum([0, *(len(i.codes) for i in INDUSTRIES)])
    lengths = np.array([len(i.codes) for i in INDUSTRIES])[industry]
    all_codes = tuple(code for i in INDUSTRIES for code in i.codes)
    code = _take(all_codes, first_code[industry] + (rng.random(n) * lengths).astype(np.int64))
    code = pc.if_else(pa.array(rng.random(n) < NO_INDUSTRY_SHARE), pa.scalar(None, pa.string()), code)

    capital = np.exp(rng.normal(5.6, 1.5, n))
    capital[register:] *= 3.0
    capital = np.where(capital < 100, np.round(capital / 10) * 10 + 10, np.round(capital / 100) * 100)
    staff = np.round(np.exp(rng.normal(1.6, 1.4, n)) - 1).astype(np.int64)
    alive_p = rng.choice(len(STATUSES), n, p=[0.5, 0.32, 0.13, 0.05])
    alive_p[register:] = 0
    broken = np.full(n, -1, dtype=np.int64)
    hit = rng.permutation(register)[: round(register * BROKEN_SHARE)]
    broken[hit] = np.arange(len(hit)) % len(BROKEN_KINDS)
    return Enterprises(
        in_register=register,
        name=name,
        brand=brand,
        uscc=uscc,
        industry=industry,
        industry_code=code,
        city=city,
        established=established,
        capital_wan=capital,
        currency=rng.choice(len(CURRENCIES), n, p=[0.985, 0.010, 0.005]),
        scope=_take(_scopes(rng), industry * SCOPE_VARIANTS + rng.integers(0, SCOPE_VARIANTS, n)),
        kind=kind,
        employees=pa.array(staff, mask=rng.random(n) < 0.15),
        status=alive_p,
        broken=broken,
    )


def write_register(enterprises: Enterprises, path: Path, rng: np.random.Generator) -> None:
    """Write the register under Chinese titles, its broken rows broken as their kind says."""
    n = enterprises.in_register
    broken = enterprises.broken[:n]
    city = enterprises.city[:n]

    def where(kind: str, broken_value: pa.Array | pa.Scalar, sound: pa.Array) -> pa.Array:
        return pc.if_else(pa.array(broken == BROKEN_KINDS.index(kind)), broken_value, sound)

    uscc = enterprises.uscc.slice(0, n)
    wrong = pc.if_else(pc.equal(pc.utf8_slice_codeunits(uscc, 17), "0"), "1", "0")
    province = _take(tuple(c.province for c in district.CITIES), city)
    city_name = _take(tuple(c.name for c in district.CITIES), city)
    road = _take(tuple(district.ROADS), rng.integers(0, len(district.ROADS), n))
    house = pa.array(rng.integers(1, 999, n)).cast(pa.string())
    capital = pa.array(enterprises.capital_wan[:n])
    district_name = pc.if_else(pa.array(city == len(district.CITIES) - 1), district.DISTRICT, "")
    table = pa.table(
        {
            "企业名称": where("名称过短", pa.scalar("某厂"), enterprises.name.slice(0, n)),
            "统一社会信用代码": where("校验位错误", _join(pc.utf8_slice_codeunits(uscc, 0, 17), wrong), uscc),
            "成立日期": where(
                "成立日期不存在", pa.scalar("2019-02-30"), pa.array(enterprises.established[:n]).cast(pa.string())
            ),
            "企业类型": _take(TYPES, enterprises.kind[:n]),
            "注册资本(万元)": where("注册资本为负", pc.negate(pc.add(capital, 1.0)), capital),
            "币种": _take(CURRENCIES, enterprises.currency[:n]),
            "省份": where("省份错列", pa.scalar("有限责任公司"), province),
            "城市": city_name,
            "地址": _join(city_name, district_name, road, house, "号"),
            "经营范围": enterprises.scope.slice(0, n),
            "行业代码": enterprises.industry_code.slice(0, n),
            "参保人数": enterprises.employees.slice(0, n),
            "登记状态": _take(STATUSES, enterprises.status[:n]),
        }
    ).replace_schema_metadata({"说明": "合成数据：企业均为虚构"})
    pq.write_table(table, path)
