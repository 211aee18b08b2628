"""The weights that the office edits: read, validate, version.

Belongs here: the meaning and limits of every key of ``weights.yaml``.
Does not belong here: scoring with them (``ranking``), settings of a model (``models.landing``, ``models.tax``).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from office import settings_file

PARTS = ("landing", "tax", "fit")
PART_NAMES: Final = {"landing": "落地", "tax": "税收", "fit": "契合"}
KIND_NAMES: Final = {"model": "模型", "rule": "按规则，暂无模型"}
EXPECTED = "expected"  # probability times tax: a weight, no part of its own, since its reasons are those of the two
BASE_LABEL = "基准"


class WeightsError(ValueError):
    """A key of the weights file is missing, unknown or out of range; the message names it in Chinese."""


@dataclass(frozen=True)
class Band:
    """A band holds scores from ``lower`` up to, not including, ``upper``; the top band includes 100."""

    name: str
    lower: float
    upper: float


@dataclass(frozen=True)
class RankingWeights:
    """Validated content of ``weights.yaml``; ``version`` is a hash of the content, comments and order aside.

    Examples
    --------
    >>> weights = RankingWeights.load()
    >>> weights.landing + weights.tax + weights.fit + weights.expected
    1.0
    >>> weights.band(60.0), weights.band(59.9999)
    ('A', 'B')
    """

    landing: float
    tax: float
    fit: float
    tax_full_marks_wan_cny: float
    bands: tuple[Band, ...]
    expected: float = 0.0
    expected_full_marks_wan_cny: float = 300.0
    exploration_share: float = 0.0
    reasons_per_part: int = 3
    excluding_stages: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | str | None = None) -> RankingWeights:
        """Read a weights file (default: the one of the office in use)."""
        path = Path(path) if path is not None else settings_file("weights.yaml")
        try:
            content = yaml.safe_load(path.read_text("utf-8"))
        except yaml.YAMLError as error:
            raise WeightsError(f"{path.name}：不是有效的 YAML：{error}") from error
        except FileNotFoundError as error:
            raise WeightsError(f"找不到权重文件，请检查路径：{path}") from error
        return cls.from_mapping(content)

    @classmethod
    def from_mapping(cls, content: Any) -> RankingWeights:
        """Validate the content of a weights file."""
        if not isinstance(content, Mapping):
            raise WeightsError("权重文件为空或不是键值结构；格式同默认设置 weights.yaml")
        known = {
            "weights",
            "tax_full_marks_wan_cny",
            "expected_full_marks_wan_cny",
            "bands",
            "exploration_share",
            "reasons_per_part",
            "excluding_stages",
        }
        _require_keys("", content, required={"weights", "tax_full_marks_wan_cny", "bands"}, known=known)
        parts = content["weights"]
        if not isinstance(parts, Mapping):
            raise WeightsError("weights：应写明 landing、tax、fit 三项")
        # A file from before expected tax had a weight gives it none.
        _require_keys("weights.", parts, required=set(PARTS), known={*PARTS, EXPECTED})
        shares = {part: _number(f"weights.{part}", parts.get(part, 0), 0, 1) for part in (*PARTS, EXPECTED)}
        total = math.fsum(shares.values())
        if abs(total - 1) > 1e-9:
            raise WeightsError(f"weights：landing、tax、fit、expected 合计应为 1，现为 {total:g}")
        full = _number("tax_full_marks_wan_cny", content["tax_full_marks_wan_cny"], 0, 1e9)
        if full == 0:
            raise WeightsError("tax_full_marks_wan_cny：应大于 0")
        expected_full = _number("expected_full_marks_wan_cny", content.get("expected_full_marks_wan_cny", 300), 0, 1e9)
        if expected_full == 0:
            raise WeightsError("expected_full_marks_wan_cny：应大于 0")
        per_part = content.get("reasons_per_part", 3)
        if not isinstance(per_part, int) or isinstance(per_part, bool) or per_part < 1:
            raise WeightsError(f"reasons_per_part：应为不小于 1 的整数，现为 {per_part!r}")
        stages = content.get("excluding_stages") or {}
        if not isinstance(stages, Mapping):
            raise WeightsError("excluding_stages：应为“环节: 原因”的键值")
        blank = [str(k) for k, v in stages.items() if not v]
        if blank:
            raise WeightsError(f"excluding_stages.{blank[0]}：缺少原因")
        return cls(
            **shares,
            tax_full_marks_wan_cny=full,
            expected_full_marks_wan_cny=expected_full,
            bands=_read_bands(content["bands"]),
            exploration_share=_number("exploration_share", content.get("exploration_share", 0.0), 0, 1),
            reasons_per_part=per_part,
            excluding_stages={str(k): str(v) for k, v in stages.items()},
        )

    @property
    def version(self) -> str:
        """``weights-`` and 12 hex digits of the content's hash."""
        content = {
            "weights": [self.landing, self.tax, self.fit],
            "tax_full_marks_wan_cny": self.tax_full_marks_wan_cny,
            "bands": [[b.name, b.lower, b.upper] for b in self.bands],
            "exploration_share": self.exploration_share,
            "reasons_per_part": self.reasons_per_part,
            "excluding_stages": dict(sorted(self.excluding_stages.items())),
        }
        if self.expected:
            content["expected"] = [self.expected, self.expected_full_marks_wan_cny]
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        return "weights-" + hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def shares_text(self) -> str:
        """Weights as a person reads them."""
        expected = f"、期望税收（概率×年纳税） {self.expected:.0%}" if self.expected else ""
        return f"落地 {self.landing:.0%}、税收 {self.tax:.0%}{expected}、契合 {self.fit:.0%}"

    def band(self, score: float) -> str:
        """Band of a score."""
        return next(b.name for b in self.bands if score >= b.lower)


def _read_bands(content: Any) -> tuple[Band, ...]:
    if not isinstance(content, Mapping) or not content:
        raise WeightsError("bands：应写明各档的分数范围，例如 A: [60, 100]")
    bands = []
    for name, limits in content.items():
        if not isinstance(limits, (list, tuple)) or len(limits) != 2:
            raise WeightsError(f"bands.{name}：应写成 [下限, 上限]")
        lower, upper = (_number(f"bands.{name}", v, 0, 100) for v in limits)
        if not lower < upper:
            raise WeightsError(f"bands.{name}：下限应小于上限，现为 [{lower:g}, {upper:g}]")
        bands.append(Band(str(name), lower, upper))
    bands.sort(key=lambda b: -b.lower)
    if bands[0].upper != 100 or bands[-1].lower != 0:
        raise WeightsError("bands：各档应覆盖 0 到 100")
    for above, below in itertools.pairwise(bands):
        if above.lower != below.upper:
            raise WeightsError(f"bands.{above.name} 与 bands.{below.name}：分数范围应首尾相接，不重叠、不留空")
    return tuple(bands)


def _require_keys(prefix: str, content: Mapping[Any, Any], required: set[str], known: set[str]) -> None:
    for key in sorted(required - set(content)):
        raise WeightsError(f"{prefix}{key}：缺少这一项")
    for key in sorted(str(k) for k in content if k not in known):
        raise WeightsError(f"{prefix}{key}：不认识这一项，可用的是 {'、'.join(sorted(known))}")


def _number(key: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise WeightsError(f"{key}：应为数字，现为 {value!r}")
    if not low <= value <= high:
        raise WeightsError(f"{key}：应在 {low:g} 到 {high:g} 之间，现为 {value:g}")
    return float(value)
