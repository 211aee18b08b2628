"""Whether a measure may be recommended (政策核验): every proof there, nothing in any cell that a rule stops or holds.

Belongs here: the proofs of one row of 政策库 and since when each obstacle holds. Does not belong here: the words (words.csv),
who may grant what (granting_levels.csv), reading the ledger (intake), the register of measures (dbt_project).
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.screening.normalise import compact, readings
from models.screening.scanning import CODES, scan, without_what_is_no_promise
from models.screening.tables import STOP, Tables, tables
from office import cached, settings_file

RECOMMENDED: Final = "可推荐"
HELD: Final = "需审查"
FORBIDDEN: Final = "不得承诺"
NATIONAL: Final = "国家"
ALWAYS: Final = dt.date.max  # a scan as of this day knows every rule; each finding carries the day from which it holds
SCANNED: Final = {
    "policy_name": "政策名称", "document_no": "政策文号", "issued_by": "发文单位", "legal_basis": "上位法依据",
    "clause_text": "政策内容", "audience": "适用对象", "conditions": "申报条件", "amount_text": "支持标准",
    "review_no": "意见书号", "chain_name": "适用产业链",
}  # fmt: skip
# What may not stand in the audience or the conditions, whatever is given for it.
_CLOSED: Final = {
    "税基": "以纳税或者贡献为条件", "个税": "以个人所得税为条件", "阻迁": "以不迁出为条件", "落地": "以迁入、落户或者在本地纳税统计为条件",
    "本地注册": "以本地注册为条件", "本地采购": "以采购本地产品为条件", "名单": "限于名单内的对象", "具名": "指名一家企业",
    "强特定": "指向一家企业", "弱特定": "限于引进、签约或者协议的企业", "个案": "一事一议", "唯一": "只给一家", "先缴后返": "享受先征后返等的对象",
}  # fmt: skip
_CLEAN: Final = {
    "policy_name": "支持办法", "document_no": "区政办〔2025〕1号", "issuing_level": "区", "issued_by": "区人民政府办公室",
    "legal_basis": "《优化营商环境条例》（国务院令第722号）", "audience": "符合条件的各类经营主体", "conditions": None,
    "valid_from_date": dt.date(2025, 1, 1), "valid_to_date": None, "is_tax_linked": False, "review_result": "通过",
    "reviewed_date": dt.date(2024, 12, 1), "review_no": "公竞审〔2024〕1号", "generality": "普惠", "measure_kind": "资金",
    "chain_name": None, "amount_text": "以年度申报通知为准",
}  # fmt: skip


_NUMERALS: Final = {char: at for at, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0}
_IN_WORDS: Final = re.compile("第([零〇○一二三四五六七八九十百]{1,9})号")


@dataclass(frozen=True)
class Document:
    """A law or document of the state or the province that the library knows, with its days (both included)."""

    number: str
    title: str
    level: str
    valid_from: dt.date
    valid_to: dt.date | None
    is_verified: bool


@dataclass(frozen=True)
class Obstacle:
    """Why a measure may not be recommended, and the days of which that is true (both included, None: no end)."""

    text: str
    is_forbidden: bool = False
    from_day: dt.date | None = None
    until_day: dt.date | None = None
    rule_name: str | None = None
    verdict: str | None = None

    def holds(self, day: dt.date) -> bool:
        """Return whether the obstacle is there as of a day."""
        return (self.from_day is None or self.from_day <= day) and (self.until_day is None or day <= self.until_day)


@dataclass(frozen=True)
class Judgement:
    """What may be done with a measure as of a day; the amount only where everything is proven."""

    verdict: str
    is_recommended: bool
    amount_text: str | None
    obstacles: tuple[Obstacle, ...]


@cached
def _levels() -> dict[tuple[str, str], bool]:
    with settings_file("law_granting_levels.csv").open(encoding="utf-8-sig", newline="") as file:
        return {(row["measure_kind"], row["level"]): row["may_grant"] in ("true", "是") for row in csv.DictReader(file)}


@cached
def _documents() -> tuple[Document, ...]:
    with settings_file("law_documents.csv").open(encoding="utf-8-sig", newline="") as file:
        return tuple(
            Document(
                _as_number(row["document_no"]), _as_number(row["title"]), row["level"],
                dt.date.fromisoformat(row["valid_from"]),
                dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                row["is_verified"] in ("true", "是"),
            )
            for row in csv.DictReader(file)
        )  # fmt: skip


def _as_number(text: str) -> str:
    """Return a document's number or title as it is compared: no marks, numerals as figures (第七十四号 is 第74号)."""
    bare = compact(next(iter(readings(text, ())), ""))
    return _IN_WORDS.sub(lambda match: f"第{_figures(match.group(1))}号", bare)


def _figures(numeral: str) -> int:
    """Return a numeral up to 999."""
    if not set(numeral) & set("十百"):
        return int("".join(str(_NUMERALS[char]) for char in numeral))
    total, digit = 0, 0
    for char in numeral:
        if char in "十百":
            total += (digit or 1) * {"十": 10, "百": 100}[char]
            digit = 0
        else:
            digit = _NUMERALS[char]
    return total + digit


def _cited(text: str, *, is_whole: bool = False) -> tuple[Document, ...]:
    """Return the known documents that a cell names.

    Numbers of laws repeat with every congress and those of orders are short, so a law counts by its number and its title;
    a number with its year is enough. ``is_whole``: the cell is the number of one document.
    """
    bare = _as_number(text)
    found = []
    for one in _documents():
        at = bare.find(one.number)
        if at < 0 or (one.number[0].isdigit() and bare[at - 1 : at].isdigit()):
            continue
        is_enough = one.title in bare or (_has_year(one.number) and (not is_whole or bare == one.number))
        if is_enough:
            found.append(one)
    return tuple(found)


def _has_year(number: str) -> bool:
    return bool(re.search(r"(?:19|20)\d{2}", number))


def judge(measure: Mapping[str, Any], day: dt.date) -> Judgement:
    """Return the judgement of one measure as of a day."""
    obstacles = tuple(one for one in obstacles_of(measure) if one.holds(day))
    is_recommended = not obstacles
    verdict = RECOMMENDED if is_recommended else FORBIDDEN if any(o.is_forbidden for o in obstacles) else HELD
    return Judgement(verdict, is_recommended, _written(measure, "amount_text") if is_recommended else None, obstacles)


def judged_as_policy(clause: str, day: dt.date) -> dict[str, object]:
    """Return what becomes of a clause in a measure whose other cells are clean."""
    found = judge({**_CLEAN, "clause_text": clause}, day)
    code = {RECOMMENDED: CODES[None], HELD: "review", FORBIDDEN: "stop"}[found.verdict]
    return {"verdict": code, "recommended": found.is_recommended, "amount_shown": found.amount_text is not None}


def obstacles_of(measure: Mapping[str, Any], using: Tables | None = None) -> tuple[Obstacle, ...]:
    """Return every obstacle of a measure with its days; none on a day means every proof is there."""
    known = using or tables()
    return (*_proofs(measure, known), *_audience(measure, known), *_findings(measure, known))


def _written(measure: Mapping[str, Any], name: str) -> str | None:
    """Return the text of a cell, none where nothing that can be read is written."""
    value = measure.get(name)
    text = "" if value is None else str(value).strip()
    return text if compact(text) else None


def _plain(measure: Mapping[str, Any], name: str) -> str:
    """Return a cell as it is read, blanks left out."""
    return next(iter(readings(_written(measure, name) or "", ())), "")


def _proofs(measure: Mapping[str, Any], known: Tables) -> Iterator[Obstacle]:
    words = known.words
    since, until = measure.get("valid_from_date"), measure.get("valid_to_date")
    number, level = _plain(measure, "document_no"), measure.get("issuing_level")
    has_number = bool(words["文号"].search(number)) and not words["占位"].search(number)
    own = tuple(one for one in _cited(_written(measure, "document_no") or "", is_whole=True) if one.level == level)
    is_national = level == NATIONAL and has_number and bool(own)
    if since is None:
        yield Obstacle("没有生效日期")
    else:
        yield Obstacle("尚未生效", until_day=since)
    if until is not None:
        yield Obstacle("已过有效期", from_day=until + dt.timedelta(days=1) if until < dt.date.max else dt.date.max)
        if since is not None and until < since:
            yield Obstacle("有效期止早于生效日")
    if not has_number:
        yield Obstacle("没有文号")
    elif level == NATIONAL and not is_national:
        yield Obstacle("文号不在依据文件库中，须人工核对")
    if level is None:
        yield Obstacle("没有层级")
    kind = measure.get("measure_kind")
    if kind is None:
        yield Obstacle("未填措施类别")
    elif level is not None and not _levels().get((kind, level), False):
        yield Obstacle(f"{level}级不得给予{kind}类措施", is_forbidden=True)
    yield from _basis(measure, known, own if is_national else ())
    generality = measure.get("generality")
    if generality is None:
        yield Obstacle("未填普惠或特定")
    elif generality != "普惠":
        yield Obstacle("针对特定经营者", is_forbidden=True)
    # The tax law of the state is tied to tax by its nature (C64); no other measure may be.
    is_of_the_state = is_national and _is_known_preference(measure, own, known)
    if not (is_of_the_state and kind == "税收"):
        if measure.get("is_tax_linked") is None:
            yield Obstacle("未填是否与税收挂钩")
        elif measure["is_tax_linked"]:
            yield Obstacle("与税收挂钩", is_forbidden=True)
    yield from _review(measure, known, is_of_the_state)


def _basis(measure: Mapping[str, Any], known: Tables, own: Sequence[Document]) -> Iterator[Obstacle]:
    """Yield why the basis is none: no document that the library knows, not checked by anybody, not in force on a day."""
    basis = _plain(measure, "legal_basis")
    cited = own or (() if known.words["不作依据"].search(basis) else _cited(_written(measure, "legal_basis") or ""))
    if not cited:
        yield Obstacle("依据没有写明依据文件库中的法律、行政法规或者国家、省文件及其编号")
        return
    checked = [one for one in cited if one.is_verified]
    if not checked:
        yield Obstacle(f"依据未核实，请法制人员核对：{'、'.join(sorted(one.title for one in cited))}")
        return
    yield Obstacle("依据在当日尚未施行", until_day=min(one.valid_from for one in checked) - dt.timedelta(days=1))
    ends = [one.valid_to for one in checked]
    if all(ends):
        yield Obstacle("依据在当日已失效", from_day=max(end for end in ends if end) + dt.timedelta(days=1))


def _is_known_preference(measure: Mapping[str, Any], own: Sequence[Document], known: Tables) -> bool:
    """Return whether the clause is a measure of the state that the library knows by this very document.

    The number of a national document alone proves nothing: what a district gives may stand under it.
    """
    clause = _plain(measure, "clause_text")
    named = [document for pattern, document in known.national if pattern.search(clause)]
    return any(one.number in _as_number(document) for document in named for one in own)


def _review(measure: Mapping[str, Any], known: Tables, is_of_the_state: bool) -> Iterator[Obstacle]:
    """Yield what the review lacks; a measure of the state needs no local review, but none may have failed it."""
    result = measure.get("review_result")
    if result == "未通过":
        yield Obstacle("公平竞争审查未通过", is_forbidden=True)
    if is_of_the_state:
        return
    if result not in ("通过", "未通过"):
        yield Obstacle("公平竞争审查未审查")
    number, reviewed = _plain(measure, "review_no"), measure.get("reviewed_date")
    if not known.words["意见书号"].search(number) or known.words["占位"].search(number):
        yield Obstacle("没有审查意见书号")
    if reviewed is None:
        yield Obstacle("没有审查日期")
    else:
        yield Obstacle("审查意见在截至日之后", until_day=reviewed)


def _audience(measure: Mapping[str, Any], known: Tables) -> Iterator[Obstacle]:
    """Yield why the audience or the conditions are not open to everybody who meets them."""
    for name in ("audience", "conditions"):
        for reading in readings(_written(measure, name) or "", known.spelled):
            open_text = without_what_is_no_promise(reading, known)
            reasons = dict.fromkeys(text for cls, text in _CLOSED.items() if known.words[cls].search(open_text))
            for text in reasons:
                yield Obstacle(f"{SCANNED[name]}{text}", is_forbidden=True)
            if reasons:
                break
    audience = _plain(measure, "audience")
    if not known.words["一般对象"].search(audience):
        yield Obstacle("没有写明普遍的适用对象")
        return
    rest = known.words["对象词"].sub("", audience)
    strange = "".join(char for char in rest if char.isalpha())
    if strange:
        yield Obstacle(f"适用对象有认不出的字样“{strange[:12]}”，须人工核对")


def _findings(measure: Mapping[str, Any], known: Tables) -> Iterator[Obstacle]:
    """Yield what the rules find in any cell, and in the cells read together as one sentence."""
    cells = {title: text for name, title in SCANNED.items() if (text := _written(measure, name))}
    given = [cells[title] for title in ("政策内容", "支持标准") if title in cells]
    asked = [cells[title] for title in ("适用对象", "申报条件") if title in cells]
    together = {"内容和标准": "，".join(given), "各列连读": "，".join([*asked, *given])}
    seen: set[str] = set()
    # The amount alone says nothing of whom and for what: it is read behind the clause.
    cells.pop("支持标准", None)
    for title, text in (cells | together).items():
        for hit in scan(text, ALWAYS, known, is_strict=True):
            if hit.rule.rule_id in seen:
                continue
            seen.add(hit.rule.rule_id)
            yield Obstacle(
                # The words found are not quoted: an amount might stand among them.
                f"{title}有{hit.verdict}的内容：{hit.rule.rule_name}",
                is_forbidden=hit.verdict == STOP,
                from_day=hit.rule.valid_from + dt.timedelta(days=1),
                rule_name=hit.rule.rule_name,
                verdict=hit.verdict,
            )
