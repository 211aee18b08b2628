"""Contracts (台账约定): what a ledger's columns are called, mean and must hold, one YAML file each in contracts/.

Belongs here: loading and checking the files, matching a written header to a field, the Arrow schema of a landed ledger.
Does not belong: finding the table in a sheet (workbook.py) or reading a cell (values.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import yaml

from intake.values import fold

TYPES: Final = frozenset(
    {"text", "uscc", "industry", "date", "amount", "area", "intensity", "number", "year", "choice", "boolean"},
)
_BRACKETED = re.compile(r"\(([^()]*)\)")
_OTHER_BRACKETS: Final = str.maketrans("[]{}<>【】〔〕［］｛｝〈〉", "()()()()()()()()")
_DECORATION = re.compile(r"[*:：#\"'、,，。]")
_NUMBERED = re.compile(r"^\d{1,2}[.、:)](?!\d)")  # 7.计划总投资
# 计划总投资/万元: the unit after the name, without brackets.
_UNIT_BEHIND = re.compile(r"^(.{2,}?)(?:单位)?[/_-]?((?:[万亿千]元|万?美元|元|平方米|m2|公顷|亩)(?:/亩)?)$")
# How a right value looks, by the type of the field or, of a text, by its name.
_RIGHT: Final = {
    "uscc": "91370300MA3C000700", "industry": "C1781", "date": "2025-06-03", "amount": "12000万元", "area": "30亩",
    "intensity": "300万元/亩", "number": "10", "year": "2026",
}  # fmt: skip
_RIGHT_TEXTS: Final = {
    "lead_id": "XS2026001", "unit_name": "城关镇", "enterprise_name": "东海纺织有限公司", "project_name": "高档面料项目",
}  # fmt: skip
PROVENANCE: Final = (
    pa.field("source_period_date", pa.date32()),  # the day up to which the sheet reports, where it says so
    pa.field("source_file", pa.string()),
    pa.field("source_sheet", pa.string()),
    pa.field("source_row", pa.int64()),
    pa.field("file_hash", pa.string()),
)


class ContractError(ValueError):
    """A contract that can't be used; the message is Chinese and names the file and the key."""


@lru_cache(maxsize=16_384)  # every header word is compared with every contract
def header_form(text: str) -> str:
    """Give the form in which headers compare: folded, without decoration."""
    return _DECORATION.sub("", _NUMBERED.sub("", fold(text)))


@lru_cache(maxsize=16_384)
def split_header(text: str) -> tuple[str, tuple[str, ...]]:
    """Split a header into its name without brackets and the texts in its brackets (units, notes).

    A unit that is written behind the name counts as one in brackets.
    """
    folded = fold(text).translate(_OTHER_BRACKETS)
    name, texts = header_form(_BRACKETED.sub("", folded)), tuple(_BRACKETED.findall(folded))
    if not texts and (match := _UNIT_BEHIND.match(name)):
        return match.group(1), (match.group(2),)
    return name, texts


@dataclass(frozen=True)
class Field:
    """One column of a ledger. `also` are words that mean it where no column bears another of its words. `choices` maps each stored value to the words that people write for it.

    `unit_by` names the field on whose value the unit depends where the header names several units. `else_from` names,
    in order, dates that stand in for this one in ledgers without its column: none of them is earlier than it. Which one
    did is stored in `<name>_basis`. `may_be_absent` says that a ledger without the column of a required field is read.
    """

    name: str
    title: str
    type: str
    required: bool = False
    may_be_absent: bool = False
    from_sheet: bool = False
    personal: bool = False
    mask_phones: bool = True
    synonyms: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    unit_by: dict[str, Any] = field(default_factory=dict, hash=False)
    else_from: tuple[str, ...] = ()
    example: str = ""
    description: str = ""

    def arrow_fields(self) -> Iterator[pa.Field]:
        """Yield the landed columns of this field: the value, and what it was written in or how precisely."""
        kinds = {
            "date": pa.date32(),
            "amount": pa.float64(),
            "area": pa.float64(),
            "intensity": pa.float64(),
            "number": pa.float64(),
        }
        kinds |= {"year": pa.int64(), "boolean": pa.bool_()}
        yield pa.field(self.name, kinds.get(self.type, pa.string()))
        if self.type == "date":
            yield pa.field(f"{self.name}_precision", pa.string())
        if self.else_from:
            yield pa.field(f"{self.name}_basis", pa.string())
        if self.type == "amount":
            stem = self.name.removesuffix("_wan_cny")
            yield pa.field(f"{stem}_currency", pa.string())
            yield pa.field(f"{stem}_rate", pa.float64())


def chosen_word(f: Field, value: str) -> str:
    """Return the word that people write for a stored choice."""
    return {"true": "是", "false": "否"}[value] if f.type == "boolean" else f.choices[value][0]


def right_value(f: Field) -> str | None:
    """Return an example of a right value, whatever unit the header names; None for a text that may be anything."""
    if f.example or f.choices:
        return f.example or chosen_word(f, next(iter(f.choices)))
    return _RIGHT.get(f.type) or _RIGHT_TEXTS.get(f.name)


@dataclass(frozen=True)
class Contract:
    name: str
    title: str
    grain: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    bulk: bool = False
    identified_by: tuple[
        str, ...
    ] = ()  # fields that tell rows apart in ledgers without the key, as those with 序号 only

    @property
    def landed_fields(self) -> tuple[Field, ...]:
        """Give the fields that are stored: personal ones (联系人, 电话) are recognised and left out."""
        return tuple(f for f in self.fields if not f.personal)

    def schema(self) -> pa.Schema:
        """Give the Arrow schema of the accepted rows, provenance last."""
        return pa.schema([column for f in self.landed_fields for column in f.arrow_fields()] + list(PROVENANCE))

    @cached_property
    def words(self) -> dict[str, Field]:
        """Every header word of the contract, in its compared form, and the field it means."""
        found: dict[str, Field] = {}
        for f in self.fields:
            for word in (f.title, f.name, *f.synonyms, *f.also):
                form = header_form(word)
                if found.setdefault(form, f) is not f:
                    raise ContractError(f"约定 {self.name}：“{word}”同时属于 {found[form].name} 和 {f.name}")
        return found

    @cached_property
    def weak_words(self) -> frozenset[str]:
        """Every word, in its compared form, that means a field only where no column bears another of its words."""
        return frozenset(header_form(word) for f in self.fields for word in f.also)

    def match(self, header: str) -> Field | None:
        """Give the field that a written header means, with or without its brackets; None when none does."""
        return self.words.get(header_form(header)) or self.words.get(split_header(header)[0])


def _parse_field(raw: dict[str, Any], where: str) -> Field:
    known = {*Field.__dataclass_fields__}
    unknown = set(raw) - known
    if unknown or not {"name", "title", "type"} <= set(raw):
        raise ContractError(f"{where}：字段 {raw.get('name', '?')} 缺少 name/title/type 或有未知的键 {sorted(unknown)}")
    if raw["type"] not in TYPES:
        raise ContractError(f"{where}：字段 {raw['name']} 的类型 {raw['type']} 不认识")
    if raw["type"] in {"choice", "boolean"} and not raw.get("choices"):
        raise ContractError(f"{where}：字段 {raw['name']} 没有 choices")
    values = dict(raw)
    values["else_from"] = tuple(raw.get("else_from", ()))
    values["example"] = str(raw.get("example", ""))
    values["synonyms"], values["also"] = tuple(raw.get("synonyms", ())), tuple(raw.get("also", ()))
    values["choices"] = {str(key): tuple(words) for key, words in raw.get("choices", {}).items()}
    return Field(**values)


@cache
def load_contracts(folder: Path | None = None) -> dict[str, Contract]:
    """Load every contract of a folder (default: the shipped ones), by name, checked."""
    contracts: dict[str, Contract] = {}
    for path in sorted((folder or Path(__file__).parent / "contracts").glob("*.yaml")):
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        contract = Contract(
            name=raw["name"],
            title=raw["title"],
            grain=raw["grain"],
            key=tuple(raw["key"]),
            fields=tuple(_parse_field(item, path.name) for item in raw["fields"]),
            bulk=bool(raw.get("bulk", False)),
            identified_by=tuple(raw.get("identified_by", ())),
        )
        names = {f.name for f in contract.fields}
        missing = (
            set(contract.key) | set(contract.identified_by) | {n for f in contract.fields for n in f.else_from}
        ) - names
        if missing or contract.name != path.stem:
            raise ContractError(
                f"{path.name}：主键、identified_by 或 else_from 的 {sorted(missing)} 不在字段中，或 name 与文件名不同"
            )
        assert contract.words  # raises where a word means two fields
        contracts[contract.name] = contract
    return contracts


def get_contract(name: str) -> Contract:
    """Give one contract by name; the error lists the names there are."""
    contracts = load_contracts()
    if name not in contracts:
        known = "、".join(f"{c.name}（{c.title}）" for c in contracts.values())
        raise ContractError(f"没有名为“{name}”的台账约定；可用的有：{known}")
    return contracts[name]
