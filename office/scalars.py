"""Single values of the YAML settings (单项设置): where each stands, what its comment says, and putting another in its place.

Belongs here: finding values by their path, reading what a person typed for one, writing it without touching comments or
layout. Does not belong here: sheets (workbook.py), whether a value makes sense (the room that reads the file).

A list on one line is one value, its words parted by 、. Left out are lists that only a developer extends (features of
models, what proves a reason) and chains.yaml, which is a text of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import yaml

Kind = Literal["text", "number", "day", "yes_no", "nothing", "list"]
LEFT_OUT: Final = frozenset({"chains", "features", "categorical", "evidence"})
_KINDS: Final[Mapping[str, Kind]] = {
    "tag:yaml.org,2002:int": "number",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:bool": "yes_no",
    "tag:yaml.org,2002:timestamp": "day",
    "tag:yaml.org,2002:null": "nothing",
}
_COMMENT: Final = re.compile(r"(?:^|\s)#\s?(.*)$")
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00:00)?|(\d{4})(\d{2})(\d{2})")
_YES_NO: Final = {"是": "true", "否": "false", "true": "true", "false": "false"}
_SEPARATOR: Final = re.compile("[、，,]")


@dataclass(frozen=True)
class Setting:
    """One value of a file: `text` is the value in its one form, `start` and `end` where it stands in the file."""

    path: str
    note: str
    kind: Kind
    text: str
    start: int
    end: int
    quote: str = ""
    is_numeric: bool = False  # a list of numbers


def number_text(value: float) -> str:
    """Return a number as short as it can be written, never with an exponent.

    Examples
    --------
    >>> number_text(30.0), number_text(7.1217), number_text(1e-07)
    ('30', '7.1217', '0.0000001')
    """
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def day_text(text: str) -> str:
    """Return a day that a person, Excel or WPS wrote as 2026-01-31; a text that is none as it is.

    Examples
    --------
    >>> day_text("2026/1/31"), day_text("2026年1月31日"), day_text("20260131"), day_text("月底")
    ('2026-01-31', '2026-01-31', '2026-01-31', '月底')
    """
    found = _DAY.fullmatch(text)
    if not found:
        return text
    year, month, day = (part for part in found.groups() if part)
    return f"{year}-{int(month):02}-{int(day):02}"


def settings_in(text: str) -> list[Setting]:
    """Return the values of a YAML file, in the order of the file."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return list(_walk(root, "", "", text)) if root else []


def read_typed(setting: Setting, typed: str) -> str:
    """Return what a person typed for a setting in its one form; raise ValueError with reason and fix in Chinese."""
    if setting.kind == "list":
        words = [word.strip() for word in _SEPARATOR.split(typed) if word.strip()]
        return "、".join(_read_number(word) if setting.is_numeric and word != "null" else word for word in words)
    if not typed:
        if setting.kind == "nothing":
            return ""
        raise ValueError("没有填；请填写，不改就填回原来的值")
    if setting.kind == "number":
        return _read_number(typed)
    if setting.kind == "yes_no":
        if typed not in _YES_NO:
            raise ValueError("应为 是 或 否；请改正")
        return _YES_NO[typed]
    if setting.kind == "day":
        day = day_text(typed)
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
            raise ValueError("不是日期；请写成 2026-01-31 的样子")
        return day
    return _read_number(typed) if setting.kind == "nothing" and _NUMBER.fullmatch(typed) else typed


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return a YAML text with other values at some paths, all else to the letter as it was."""
    for setting in reversed([s for s in settings_in(text) if s.path in values]):
        text = text[: setting.start] + _as_yaml(setting, values[setting.path]) + text[setting.end :]
    found = {setting.path: setting.text for setting in settings_in(text)}
    if wrong := [path for path, value in values.items() if found.get(path) != value]:
        raise ValueError(f"{wrong[0]} 写不成 YAML；请直接在文件里改")
    return text


def _walk(node: yaml.Node, path: str, note: str, text: str) -> Iterator[Setting]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in LEFT_OUT:
                said = _note_of(key, value, text) or note
                yield from _walk(value, f"{path}.{key.value}".lstrip("."), said, text)
    elif isinstance(node, yaml.SequenceNode):
        if node.flow_style and all(_is_word(item) for item in node.value):
            texts = [_text_of(item) or "null" for item in node.value]
            is_numeric = any(_KINDS.get(item.tag) == "number" for item in node.value)
            at = node.start_mark.index, node.end_mark.index
            yield Setting(path, note, "list", "、".join(texts), *at, is_numeric=is_numeric)
        else:
            for number, item in enumerate(node.value, start=1):
                yield from _walk(item, f"{path}.{number}".lstrip("."), _note_of(item, item, text) or note, text)
    elif (
        isinstance(node, yaml.ScalarNode)
        and node.style not in ("|", ">")
        and node.start_mark.index < node.end_mark.index
    ):
        kind = _KINDS.get(node.tag, "text")
        at = node.start_mark.index, node.end_mark.index
        yield Setting(path, note, kind, _text_of(node), *at, quote=node.style or "")


def _is_word(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not _SEPARATOR.search(node.value) and node.value == node.value.strip()


def _text_of(node: yaml.ScalarNode) -> str:
    kind = _KINDS.get(node.tag, "text")
    if kind == "number":
        return number_text(_value_of(node))
    if kind == "yes_no":
        return str(_value_of(node)).lower()
    return "" if kind == "nothing" else str(node.value)


def _value_of(node: yaml.ScalarNode) -> Any:
    return yaml.SafeLoader("").construct_object(node)


def _note_of(key: yaml.Node, value: yaml.Node, text: str) -> str:
    """Return the comment on the line of a value, else the comment lines right above it."""
    is_block = isinstance(value, yaml.CollectionNode) and not value.flow_style
    end = (key if is_block else value).end_mark.index
    if found := _COMMENT.search(text[end:].partition("\n")[0].rstrip("\r")):
        return str(found[1]).strip()
    above: list[str] = []
    for line in reversed(text[: key.start_mark.index].split("\n")[:-1]):
        if not line.lstrip().startswith("#"):
            break
        above.insert(0, line.strip().lstrip("#").strip())
    return "".join(above)


def _read_number(typed: str) -> str:
    if not _NUMBER.fullmatch(typed):
        raise ValueError("应为数字；请改成数字，如 30")
    return number_text(float(typed)) if re.search("[.eE]", typed) else str(int(typed))


def _as_yaml(setting: Setting, value: str) -> str:
    if setting.kind == "list":
        words = value.split("、") if value else []
        return f"[{', '.join(word if setting.is_numeric else _quoted(word) for word in words)}]"
    if setting.kind == "nothing":
        return value if _NUMBER.fullmatch(value) else _quoted(value) if value else "null"
    if setting.kind != "text":
        return value
    if setting.quote == "'":
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False) if setting.quote else _quoted(value)


def _quoted(word: str) -> str:
    """Return a text as YAML that reads back as this text, in quotes only where it must be."""
    try:
        is_plain = yaml.safe_load(f"[{word}]") == [word] and "#" not in word
    except yaml.YAMLError:
        is_plain = False
    return word if is_plain else json.dumps(word, ensure_ascii=False)
