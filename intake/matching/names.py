"""Names of Chinese firms in comparable form (企业名称归一): written form, core name, place, branch, aliases.

Belongs here: what one name says, taken apart: 行政区划 + 字号 + 行业 + 组织形式. Places come from GB/T 2260
(reference/places.csv). Does not belong: whether two names mean one firm (comparison.py).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from intake.matching.engine import by_parts, in_order, session

WIDTH: Final = 28  # characters of a core name that are kept
LONGEST_PLACE: Final = 9

Keys = npt.NDArray[np.uint64]
Chars = npt.NDArray[np.uint32]

# The traditional and shape-variant characters met in names of firms from Hong Kong, Macao and Taiwan.
_TRADITIONAL: Final = "國華東廣業貿實團責電機發資產車開關門馬龍鳳麗寶興豐達遠聯環飛營農雲藝術學醫藥紡織綠園設備進際創傑億萬爾羅製盛樂鋼鐵銀錦鑫顧問財經濟區縣灣島長張陽陰陳偉強勝聖賽賓館應優質檢測運輸訊網線纖維塗飾燈動計畫貨櫃廠場熱氣軟體儀錶號處務總會節點顏顯風險驗證誠訂購買賣聲視聽書報紙紅綵約級組結絲統繼續"
_SIMPLIFIED: Final = "国华东广业贸实团责电机发资产车开关门马龙凤丽宝兴丰达远联环飞营农云艺术学医药纺织绿园设备进际创杰亿万尔罗制盛乐钢铁银锦鑫顾问财经济区县湾岛长张阳阴陈伟强胜圣赛宾馆应优质检测运输讯网线纤维涂饰灯动计画货柜厂场热气软体仪表号处务总会节点颜显风险验证诚订购买卖声视听书报纸红彩约级组结丝统继续"
_BRACKETS: Final = "〔〕【】[]{}《》<>〈〉「」"
_ROUND: Final = "()()()()()()()()"
_DROPPED: Final = " \t\n\r\x0b\x0c\u3000\u200b\ufeff·•.,，。、;；:：-－_—~!?*#&'\"`|/\\^+="
_PUNCTUATION: Final = "[" + re.escape(_DROPPED) + r"\s\x{200b}\x{feff}]+"
_ODD: Final = "[" + re.escape(_TRADITIONAL + _BRACKETS + _DROPPED).replace("'", "''") + "]"

# Kept apart from the text: (曾用名:…), (简称:…), (原…公司).
_ALIAS: Final = r"\((?:曾用名|原名称?|原名为|简称|又名|别名|原)([^()]{2,})\)?"
_WRITTEN_WRONG: Final = r"有[限线现陷](?:[责贵][任仁认])?[公工][司同可]+"
_LEGAL_ENDS: Final = "('公司', '集团', '股份', '控股', '企业', '合伙', '独资', '责任', '有限')"
_LEGAL: Final = (
    r"(?:股份有限公司|有限公司|股份公司|总公司|集团公司|公司|集团|股份|控股|合伙企业|有限合伙|普通合伙|特殊普通合伙|个人独资|"
    r"有限责任|有限|合伙)+$"
)
_BRANCH_WORDS: Final = "分公司|支公司|办事处|支行|分行|分理处|分店|营业部|营业厅|营业所|代表处|联络处|储蓄所|分厂|分院|分所|分部|分社|支局|支社"
_WEAK_BRANCH_WORDS: Final = "项目部|经营部|门市部|服务部|销售部|经销部|加油站|维修站|营业点|网点|购销站"
# A shop of its own is called 经营部 too: the weak words make a branch only behind a whole company's name.
_BRANCH: Final = (
    rf"^(.{{2,}}?公司(?:\(集团\))?|.{{2,}}?(?:银行|信用社|合作社|集团))(.*(?:{_BRANCH_WORDS}|{_WEAK_BRANCH_WORDS}))$"
)
_BRANCH_ENDS: Final = "(" + ", ".join(
    f"'{end}'" for end in sorted({word[-2:] for word in f"{_BRANCH_WORDS}|{_WEAK_BRANCH_WORDS}".split("|")})
) + ")"  # fmt: skip
_PLAIN_BRANCH: Final = rf"(?:{_BRANCH_WORDS})$"


@cache
def places() -> dict[str, tuple[str, str]]:
    """Read the places of GB/T 2260: each spelling to its prefecture (地级) and province, empty where ambiguous."""
    path = Path(__file__).parents[1] / "reference" / "places.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["place"]: (row["city"], row["province"]) for row in csv.DictReader(lines)}


@dataclass(frozen=True)
class Names:
    """Columns of equal length, one row per name.

    `core` holds code points (n, WIDTH), zero behind the end. A branch's core is its parent's with its own part behind.
    """

    written: pa.Array
    whole: Keys  # hash of the written form without brackets
    core: Chars
    length: npt.NDArray[np.int64]
    city: pa.Array  # of the name itself; null where none is named
    province: pa.Array
    is_branch: npt.NDArray[np.bool_]
    parent: pa.Array  # written form of the parent's name; null where it can't be told
    is_group: npt.NDArray[np.bool_]
    is_shares: npt.NDArray[np.bool_]
    aliases: pa.Array  # lists of names given in brackets

    def core_text(self) -> pa.Array:
        return text_of(self.core)


def written_form(names: pa.Array) -> pa.Array:
    """Give the form in which names are equal: half width, simplified, no blanks, 有限责任公司 as 有限公司.

    Applied twice it changes nothing more.
    """
    return _parts(names)["written"].combine_chunks()


def _folded(names: pa.Array) -> pa.Array:
    """Fold to half width and capitals; null gives an empty text."""
    once = pc.utf8_upper(pc.utf8_normalize(pc.fill_null(names.cast(pa.string()), ""), "NFKC"))
    strange = pc.match_substring_regex(once, r"[^\x21-\x7e\x{4e00}-\x{9fff}]")
    if not pc.any(strange).as_py():
        return once
    # Capitals and dropped marks may compose anew (A´), so the few rows with anything else are folded until they rest.
    rest = once.filter(strange)
    for _ in range(4):
        plain = pc.utf8_upper(pc.utf8_normalize(pc.replace_substring_regex(rest, _PUNCTUATION, ""), "NFKC"))
        if plain.equals(rest):
            break
        rest = plain
    return pc.replace_with_mask(once, strange, rest)


def _parts(names: pa.Array) -> pa.Table:
    source = pa.table({"place": pa.array(np.arange(len(names))), "name": _folded(names)})
    # Regular expressions and `translate` only see the rows that a cheap look lets through: 17 s for a million names became 2.4.
    query = f"""
        with straight as (
            select
                place,
                case
                    when regexp_matches(name, '{_ODD}') then translate(
                        name, '{_TRADITIONAL}{_BRACKETS}{_DROPPED.replace("'", "''")}', '{_SIMPLIFIED}{_ROUND}'
                    )
                    else name
                end as text
            from source
        ),
        noticed as (
            select
                place,
                text,
                coalesce(contains(text, '(') and regexp_matches(text, '{_ALIAS}'), false) as has_alias
            from straight
        ),
        without_aliases as (
            select
                place,
                case when has_alias then regexp_extract_all(text, '{_ALIAS}', 1) end as aliases,
                replace(case when has_alias then regexp_replace(text, '{_ALIAS}', '', 'g') else text end,
                    '有限责任公司', '有限公司') as kept
            from noticed
        ),
        mended as (
            select
                place,
                aliases,
                case
                    when ends_with(kept, '有限公司') or not contains(kept, '有') then kept
                    else regexp_replace(kept, '{_WRITTEN_WRONG}', '有限公司', 'g')
                end as written
            from without_aliases
        ),
        ended as (
            select *, right(written, 2) in {_BRANCH_ENDS} and not ends_with(written, '有限公司') as may_be_branch
            from mended
        ),
        divided as (
            select
                *,
                case when may_be_branch then regexp_extract(written, '{_BRANCH}', ['parent', 'own']) end as branch
            from ended
        ),
        headed as (
            select
                place,
                written,
                aliases,
                nullif(branch['parent'], '') as parent,
                nullif(branch['own'], '') as own,
                may_be_branch and regexp_matches(written, '{_PLAIN_BRANCH}') as is_plain_branch,
                coalesce(nullif(branch['parent'], ''), written) as head
            from divided
        ),
        bracketed as (
            select *, contains(head, '(') or contains(head, ')') as has_brackets from headed
        ),
        bared as (
            select
                *,
                case when has_brackets then regexp_replace(head, '[(][^()]*[)]|[()]', '', 'g') else head end as bare
            from bracketed
        ),
        shortened as (
            select *, case when ends_with(bare, '有限公司') then left(bare, -4) else bare end as shorter from bared
        )
        select
            place,
            written,
            aliases,
            hash(case when contains(written, '(') or contains(written, ')') then translate(written, '()', '') else written end)
                as whole,
            parent,
            own,
            parent is not null or is_plain_branch as is_branch,
            contains(head, '集团') as is_group,
            contains(head, '股份') as is_shares,
            case when has_brackets then regexp_extract(head, '[(]([^()]+)[)]', 1) end as inside,
            case when has_brackets then translate(head, '()', '') else head end as plain,
            case when right(shorter, 2) in {_LEGAL_ENDS} then regexp_replace(shorter, '{_LEGAL}', '') else shorter end
                as outside
        from shortened
    """
    with session() as connection:
        connection.register("source", source)
        return in_order(connection.execute(query).to_arrow_table())


def chars_of(text: pa.Array, width: int = WIDTH) -> Chars:
    """Give code points, shape (n, width), cut at the width and zero behind the end."""
    cut = pc.utf8_slice_codeunits(pc.fill_null(text, ""), 0, width)
    wide = np.asarray(cut.to_numpy(zero_copy_only=False), dtype=f"U{width}")
    return np.ascontiguousarray(wide).view(np.uint32).reshape(len(wide), width)


def text_of(chars: Chars) -> pa.Array:
    wide = np.ascontiguousarray(chars).view(f"U{chars.shape[1]}").ravel()
    return pa.array(wide.astype(object), pa.string())


def stirred(key: Keys, value: npt.NDArray[Any]) -> Keys:
    """Fold one more value into 64-bit keys (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = (key * np.uint64(0x9E3779B97F4A7C15)) ^ (value.astype(np.uint64) + np.uint64(0x632BE59BD9B4E019))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        return np.asarray(mixed ^ (mixed >> np.uint64(29)), dtype=np.uint64)


def whole_hash(chars: Chars, first: int = 0) -> Keys:
    """Hash each row's characters from `first` on; 0 for an empty row."""
    key = np.zeros(len(chars), dtype=np.uint64)
    for at in range(first, chars.shape[1]):
        letter = chars[:, at]
        if not letter.any():
            break
        key = np.where(letter > 0, stirred(key, letter), key)
    return key


@dataclass(frozen=True)
class _PlaceTable:
    keys: Keys  # sorted
    sieve: npt.NDArray[np.bool_]  # by the low bits of a key: may it be one of a place?
    beginnings: npt.NDArray[np.bool_]  # the same of the first two characters
    number: npt.NDArray[np.int64]
    cities: pa.Array
    provinces: pa.Array


_SIEVE: Final = np.uint64(2**18 - 1)  # 4,115 places leave 98% of it empty


def _sieve(keys: Keys) -> npt.NDArray[np.bool_]:
    found = np.zeros(int(_SIEVE) + 1, dtype=bool)
    found[keys & _SIEVE] = True
    return found


@cache
def _place_table() -> _PlaceTable:
    words = list(places())
    chars = chars_of(pa.array(words), LONGEST_PLACE)
    keys = whole_hash(chars)
    order = np.argsort(keys)
    none = (None,)
    cities = [places()[word][0] or None for word in words]
    provinces = [places()[word][1] or None for word in words]
    return _PlaceTable(
        keys[order],
        _sieve(keys),
        _sieve(whole_hash(chars[:, :2])),
        order,
        pa.array([*cities, *none], pa.string()),
        pa.array([*provinces, *none], pa.string()),
    )


def leading_places(chars: Chars) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Give how many characters at the start are places, and the number of the last place, -1 where there is none.

    山东省青岛市崂山区华泰… is 9 characters of places: the longest spelling is taken, again and again.
    """
    table = _place_table()
    count = len(chars)
    taken = np.zeros(count, dtype=np.int64)
    number = np.full(count, -1, dtype=np.int64)
    looking = np.arange(count)
    for _ in range(4):  # province, prefecture, county, and one more
        window = shifted(chars[looking], taken[looking], LONGEST_PLACE)
        # Two characters that begin no place end the search for most rows.
        key = stirred(stirred(np.zeros(len(looking), dtype=np.uint64), window[:, 0]), window[:, 1])
        begins = table.beginnings[key & _SIEVE] & (window[:, 1] > 0)
        looking, window, key = looking[begins], window[begins], key[begins]
        if not len(looking):
            break
        longest = np.zeros(len(looking), dtype=np.int64)
        which = np.full(len(looking), -1, dtype=np.int64)
        for size in range(2, LONGEST_PLACE + 1):
            if size > 2:
                key = stirred(key, window[:, size - 1])
            likely = np.flatnonzero(table.sieve[key & _SIEVE] & (window[:, size - 1] > 0))
            spot = np.minimum(np.searchsorted(table.keys, key[likely]), len(table.keys) - 1)
            hit = table.keys[spot] == key[likely]
            longest[likely[hit]] = size
            which[likely[hit]] = table.number[spot[hit]]
        found = longest > 0
        looking, longest, which = looking[found], longest[found], which[found]
        if not len(looking):
            break
        taken[looking] += longest
        # A county that two provinces have says nothing: the prefecture before it stands.
        known = table.cities.take(pa.array(which)).is_valid().to_numpy(zero_copy_only=False) | (number[looking] < 0)
        number[looking[known]] = which[known]
    return taken, number


def shifted(chars: Chars, by: npt.NDArray[np.int64], width: int) -> Chars:
    padded = np.pad(chars, ((0, 0), (0, width)))
    return np.asarray(np.take_along_axis(padded, by[:, None] + np.arange(width)[None, :], axis=1))


def place_of(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Give prefecture and province of the places that a text starts with."""
    table = _place_table()
    _, number = leading_places(chars_of(text, 20))
    return _taken(table.cities, number), _taken(table.provinces, number)


def city_of(number: npt.NDArray[np.int64]) -> pa.Array:
    """Give the prefecture of places by their number (leading_places); null for -1."""
    return _taken(_place_table().cities, number)


def _taken(values: pa.Array, number: npt.NDArray[np.int64]) -> pa.Array:
    return values.take(pa.array(np.where(number < 0, len(values) - 1, number)))


def take_apart(names: pa.Array) -> Names:
    """Take names apart; a null or empty name gives an empty core."""
    parts = by_parts(_part_taken_apart, names)
    joined: dict[str, Any] = {}
    for field in fields(Names):
        columns = [getattr(part, field.name) for part in parts]
        together = pa.concat_arrays if isinstance(columns[0], pa.Array) else np.concatenate
        joined[field.name] = together(columns)
    return Names(**joined)


def _part_taken_apart(names: pa.Array) -> Names:
    parts = _parts(names)

    def column(name: str) -> pa.Array:
        return parts[name].combine_chunks()

    def flags(name: str) -> npt.NDArray[np.bool_]:
        return np.asarray(column(name).to_numpy(zero_copy_only=False), dtype=bool)

    outside = chars_of(column("outside"))
    taken, number = leading_places(outside)
    _, inside_number = leading_places(chars_of(column("inside"), 12))
    number = np.where(inside_number >= 0, inside_number, number)
    core = shifted(outside, taken, WIDTH)
    length = np.count_nonzero(core, axis=1)
    # 上海有限公司, 北京银行: where nothing or one character would be left, the place is the brand.
    plain = chars_of(column("plain"))
    short = length < 2
    core[short] = np.where((np.count_nonzero(outside, axis=1) >= 2)[short, None], outside[short], plain[short])
    is_branch = flags("is_branch")
    own = column("own")
    behind = np.flatnonzero(is_branch & (pc.utf8_length(own).to_numpy(zero_copy_only=False) > 0))
    if len(behind):
        joined = pc.binary_join_element_wise(
            text_of(core[behind]), pc.replace_substring_regex(own.take(pa.array(behind)), "[()]", ""), ""
        )
        core[behind] = chars_of(joined)
    table = _place_table()
    return Names(
        written=column("written"),
        whole=column("whole").to_numpy(),
        core=core,
        length=np.count_nonzero(core, axis=1),
        city=_taken(table.cities, number),
        province=_taken(table.provinces, number),
        is_branch=is_branch,
        parent=column("parent"),
        is_group=flags("is_group"),
        is_shares=flags("is_shares"),
        aliases=column("aliases"),
    )
