"""Whose district it is (本区): the facts of one district that figures and papers depend on.

Belongs here: reading and checking district.yaml. Does not belong here: chains, weights and the other files of the folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from office.problems import OfficeError, Problem, problems_of

DISTRICT: Final = "district.yaml"
PROVINCES: Final = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江", "安徽", "福建", "江西", "山东",
    "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏",
    "新疆", "香港", "澳门", "台湾",
)  # fmt: skip
_EXAMPLES: Final = frozenset({"某某区", "某某省", "某某市"})
_NAME: Final = re.compile(r"[一-龥]{2,20}")


def _check_name(value: str) -> str:
    if not _NAME.fullmatch(value) or value in _EXAMPLES:
        raise ValueError("不是中文地名；请写本区自己的名称")
    return value


def _check_province(value: str) -> str:
    if not value.startswith(PROVINCES):
        raise ValueError("不是省级行政区；请写全称，如 province: 江苏省")
    return value


Name = Annotated[str, AfterValidator(_check_name)]


class District(BaseModel):
    """Checked content of district.yaml.

    `province` and `city` decide which firms are local. `towns` are the towns and streets (镇街), empty where the office lists
    none. `neighbours` are kept, nothing reckons with them yet. `recruits_from` are regions or provinces of cities.csv.
    Targets are counted by calendar years, so the fiscal year begins in January. A fictional district ranks nobody's ledgers
    but its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name = Field(title="本区名称")
    province: Annotated[Name, AfterValidator(_check_province)] = Field(title="所在省")
    city: Name = Field(title="所在市")
    level: Literal["区", "县", "市", "开发区", "旗"] = Field(default="区", title="级别")
    towns: list[Name] = Field(default=[], title="镇街")
    neighbours: list[Name] = Field(default=[], title="相邻区县（暂只作记录）")
    recruits_from: list[str] = Field(default=[], title="主要招商地区，写进外出行程的可选地区")
    fiscal_year_starts_in: Literal[1] = Field(
        default=1, title="财政年度起始月：预算法第十八条为公历年度，任务按公历年计"
    )
    is_fictional: bool = Field(default=False, title="是否虚构")

    @model_validator(mode="after")
    def _names_differ(self) -> District:
        twice = sorted({town for town in self.towns if self.towns.count(town) > 1})
        if twice:
            raise ValueError(f"towns 有重复：{'、'.join(twice)}；请删去重复的")
        return self

    @property
    def short_province(self) -> str:
        """Return the province as every spelling of it begins: 江苏 of 江苏省."""
        return next(province for province in PROVINCES if self.province.startswith(province))


def read_district(folder: Path) -> District:
    """Return the district of a folder; raise OfficeError that says which file to write, or what is wrong in it."""
    path = folder / DISTRICT
    if not path.is_file():
        raise OfficeError([Problem(str(path), "没有本区的设置，没有开始计算", "请运行 zeyou init")])
    return parse_district(load_yaml(path), str(path))


def parse_district(content: object, file: str) -> District:
    """Return a district from the content of a file; raise OfficeError with every problem."""
    try:
        return District.model_validate(content)
    except ValidationError as error:
        raise OfficeError(problems_of(error, file)) from None


def load_yaml(path: Path) -> dict[str, object]:
    """Return the content of a YAML file of keys and values; raise OfficeError with the line that can't be read."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise OfficeError([Problem(str(path), "不是 UTF-8 编码", "请用记事本另存为 UTF-8")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise OfficeError(
            [Problem(str(path), "格式不对", "每行应写成 name: 某某区（英文冒号，后面一个空格）", line)]
        ) from None
    if not isinstance(content, dict):
        raise OfficeError([Problem(str(path), "格式不对", "每行应写成 name: 某某区（英文冒号，后面一个空格）")])
    return content
