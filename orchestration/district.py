"""Whose district it is (本区): the few facts of a district that SQL reckons with, from its own settings.

Belongs here: reading and checking district.yaml. Does not belong here: chains, weights and other files of the office (each
beside its code), which an office may put into the same folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from intake.registers import PROVINCES
from orchestration.endings import Refused

DISTRICT: Final = "district.yaml"
_EXAMPLES: Final = {"name": "某某区", "province": "某某省", "city": "某某市"}
_NAME: Final = re.compile(r"[一-龥]{2,20}")


@dataclass(frozen=True)
class District:
    """`province` and `city` decide which firms are local; a fictional district ranks nobody's ledgers but its own."""

    name: str
    province: str
    city: str
    is_fictional: bool = False

    @property
    def short_province(self) -> str:
        """Return the province as every spelling of it begins: 江苏 of 江苏省."""
        return next(province for province in PROVINCES if self.province.startswith(province))


def read_district(folder: Path) -> District:
    """Read the district's settings; raises Refused with one line that says which file to write, or what is wrong in it."""
    path = folder / DISTRICT
    if not path.is_file():
        lines = "  ".join(f"{key}: {example}" for key, example in _EXAMPLES.items())
        raise Refused(
            f"没有本区的设置，没有开始计算：请新建文件 {path}，写三行（各占一行，换成本区的）  {lines}  ；"
            "本区的产业链、权重也可放在同一文件夹（chains.yaml、weights.yaml 等），不放则用程序自带的示例"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise Refused(f"{path}：不是 UTF-8 编码；请用记事本另存为 UTF-8") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"第 {mark.line + 1} 行" if mark else "格式"
        raise Refused(f"{path}：{place}不对；每行应写成 name: 某某区（英文冒号，后面一个空格）") from None
    return _checked(path, content)


def _checked(path: Path, content: Any) -> District:
    if not isinstance(content, dict):
        raise Refused(f"{path}：格式不对；每行应写成 name: 某某区（英文冒号，后面一个空格）")
    if unknown := sorted(str(key) for key in content if key not in {*_EXAMPLES, "is_fictional"}):
        raise Refused(f"{path}：不认识 {'、'.join(unknown)}；只应有 {'、'.join(_EXAMPLES)} 三行")
    for key, example in _EXAMPLES.items():
        value = content.get(key)
        if not isinstance(value, str) or not _NAME.fullmatch(value) or value == example:
            raise Refused(f"{path}：{key} 没有写或写得不对；应是本区的中文名称，如 {key}: {example}")
    if not content["province"].startswith(PROVINCES):
        raise Refused(f"{path}：province 的“{content['province']}”不是省级行政区；请写全称，如 province: 江苏省")
    if not isinstance(content.get("is_fictional", False), bool):
        raise Refused(f"{path}：is_fictional 只能是 true 或 false；自己的区不用写")
    return District(**content)
