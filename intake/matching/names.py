"""Names of Chinese firms in comparable form (企业名称归一): written form, core name, place, branch, aliases.

Belongs here: what one name says, taken apart: 行政区划 + 功能区 + 字号 + 行业 + 组织形式. Places and zones are found by
places.py. Does not belong: whether two names mean one firm (comparison.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from characters import plain_forms
from intake.matching.engine import by_parts, in_order, session
from intake.matching.letters import WIDTH, Chars, Keys, chars_of, shifted, text_of, whole_hash
from intake.matching.places import city_of, leading_places, province_of

# Numerals of cheques and these two are letters of names in their own right: 2,444 firms of the real register have 陆.
_OWN_LETTERS: Final = frozenset("昇濛")
_NUMERALS: Final = frozenset("〇零一二三四五六七八九十百千")
_BRACKETS: Final = "〔〕【】[]{}《》<>〈〉「」"
_ROUND: Final = "()()()()()()()()"
_DROPPED: Final = " \t\n\r\x0b\x0c\u3000\u200b\ufeff·•.,，。、;；:：-－_—~!?*#&'\"`|/\\^+="
_PUNCTUATION: Final = "[" + re.escape(_DROPPED) + r"\s\x{200b}\x{feff}]+"
_ODD: Final = "[" + re.escape(_BRACKETS + _DROPPED).replace("'", "''") + "]"

# Kept apart from the text: (曾用名:…), (简称:…), (原…公司).
_ALIAS: Final = r"\((?:曾用名|原名称?|原名为|简称|又名|别名|原)([^()]{2,})\)?"
_BEHIND_COMMA: Final = r"[,，、;；/](?:曾用名|原名称?|原名为|原)[:：]?([^,，、;；/()（）]{4,})\s*$"
_WRITTEN_WRONG: Final = r"有[限线现陷](?:[责贵][任仁认])?[公工][司同可]+"
_LEGAL_ENDS: Final = "('公司', '集团', '股份', '控股', '企业', '合伙', '独资', '责任', '有限')"
_LEGAL: Final = (
    r"(?:股份有限公司|有限公司|股份公司|总公司|集团公司|公司|集团|股份|控股|合伙企业|有限合伙|普通合伙|特殊普通合伙|个人独资|"
    r"有限责任|有限|合伙)+$"
)
_SAYS_NOTHING: Final = "集团|股份|有限|责任|控股|公司|合伙|普通|特殊|[市省区县]"
_BRANCH_WORDS: Final = "分公司|支公司|办事处|支行|分行|分理处|分店|营业部|营业厅|营业所|代表处|联络处|储蓄所|分厂|分院|分所|分部|分社|支局|支社"
# A shop of its own ends in 部, 厂, 店 too: these make a branch only behind a whole company's name, or a cooperative's.
_UNITS: Final = "部厂店站所处局行厅场心房市亭馆点队矿城库院社楼校庄厦室园汇井堂"
_OWNER: Final = r".{2,}?公司(?:\(集团\))?|.{2,}?(?:银行|信用社|信用合作联社|合作社|供销社)"
_BRANCH: Final = rf"^(?:({_OWNER}|.{{2,}}?集团)(.*(?:{_BRANCH_WORDS}))|({_OWNER})(.+[{_UNITS}]))$"
_BRANCH_ENDS: Final = "(" + ", ".join(
    f"'{end}'" for end in sorted({word[-1] for word in _BRANCH_WORDS.split("|")} | set(_UNITS))
) + ")"  # fmt: skip
_PLAIN_BRANCH: Final = rf"(?:{_BRANCH_WORDS})$"


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
    county: Keys  # named in the name, 0 where none is; zones too
    zone: Keys
    zone_own: Keys  # 大榭 of 大榭开发区
    aside: Keys  # what brackets say besides places and forms: (一分店), (中国)
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


@cache
def _traditional() -> dict[int, str]:
    """Return the plain form of the traditional and variant characters that mean the same in a name."""
    forms = plain_forms().items()
    return {ord(c): plain for c, plain in forms if plain not in _NUMERALS and c not in _OWN_LETTERS}


def _simplified(names: pa.Array) -> pa.Array:
    """Write traditional and variant characters plainly; few names have any, and only those are walked over."""
    seen = pc.match_substring_regex(names, "[" + "".join(map(chr, _traditional())) + "]")
    if not pc.any(seen).as_py():
        return names
    plain = pa.array([name.translate(_traditional()) for name in names.filter(seen).to_pylist()], pa.string())
    return pc.replace_with_mask(names, seen, plain)


def _folded(names: pa.Array) -> pa.Array:
    """Fold to half width, capitals and simplified characters; null gives an empty text."""
    return _simplified(_half_width(_bracketed(pc.fill_null(names.cast(pa.string()), ""))))


def _bracketed(names: pa.Array) -> pa.Array:
    """Put a former name behind a comma into brackets: 新名公司，原老名公司 means what 新名公司(原老名公司) does."""
    seen = pc.match_substring_regex(names, _BEHIND_COMMA)
    if not pc.any(seen).as_py():
        return names
    plain = pc.replace_substring_regex(names.filter(seen), _BEHIND_COMMA, r"(原\1)")
    return pc.replace_with_mask(names, seen, plain)


def _half_width(names: pa.Array) -> pa.Array:
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
                        name, '{_BRACKETS}{_DROPPED.replace("'", "''")}', '{_ROUND}'
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
            select *, right(written, 1) in {_BRANCH_ENDS} and not ends_with(written, '有限公司') as may_be_branch
            from mended
        ),
        divided as (
            select
                *,
                case when may_be_branch then regexp_extract(written, '{_BRANCH}', ['parent', 'own', 'owner', 'unit']) end
                    as branch
            from ended
        ),
        headed as (
            select
                place,
                written,
                aliases,
                nullif(branch['parent'] || branch['owner'], '') as parent,
                nullif(branch['own'] || branch['unit'], '') as own,
                may_be_branch and regexp_matches(written, '{_PLAIN_BRANCH}') as is_plain_branch,
                coalesce(nullif(branch['parent'] || branch['owner'], ''), written) as head
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
            case when has_brackets then array_to_string(regexp_extract_all(head, '[(]([^()]+)[)]', 1), '') end as inside,
            case when has_brackets then translate(head, '()', '') else head end as plain,
            case when right(shorter, 2) in {_LEGAL_ENDS} then regexp_replace(shorter, '{_LEGAL}', '') else shorter end
                as outside
        from shortened
    """
    with session() as connection:
        connection.register("source", source)
        return in_order(connection.execute(query).to_arrow_table())


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
    leading = leading_places(outside, column("outside"))
    brackets = chars_of(column("inside"), 20)
    inside = leading_places(brackets, column("inside"))
    number = np.where(inside.number >= 0, inside.number, leading.number)
    core = shifted(outside, leading.taken, WIDTH)
    length = np.count_nonzero(core, axis=1)
    # 上海有限公司, 北京银行: where nothing or one character would be left, the last place is the brand.
    short = length < 2
    core[short] = shifted(outside[short], leading.last[short], WIDTH)
    none = np.flatnonzero(short)[np.count_nonzero(core[short], axis=1) < 2]
    core[none] = chars_of(column("plain").take(pa.array(none)))
    aside = np.zeros(len(names), dtype=np.uint64)
    if len(rows := np.flatnonzero(brackets[:, 0])):
        said = text_of(shifted(brackets[rows], inside.taken[rows], 20))
        aside[rows] = whole_hash(chars_of(pc.replace_substring_regex(said, _SAYS_NOTHING, ""), 20))
    is_branch = flags("is_branch")
    own = column("own")
    behind = np.flatnonzero(is_branch & (pc.utf8_length(own).to_numpy(zero_copy_only=False) > 0))
    if len(behind):
        joined = pc.binary_join_element_wise(
            text_of(core[behind]), pc.replace_substring_regex(own.take(pa.array(behind)), "[()]", ""), ""
        )
        core[behind] = chars_of(joined)
    return Names(
        written=column("written"),
        whole=column("whole").to_numpy(),
        core=core,
        length=np.count_nonzero(core, axis=1),
        city=city_of(number),
        province=province_of(number),
        county=np.where(leading.county > 0, leading.county, inside.county),
        zone=np.where(leading.zone > 0, leading.zone, inside.zone),
        zone_own=np.where(leading.zone > 0, leading.zone_own, inside.zone_own),
        aside=aside,
        is_branch=is_branch,
        parent=column("parent"),
        is_group=flags("is_group"),
        is_shares=flags("is_shares"),
        aliases=column("aliases"),
    )
