"""Settings of the tax model: where paid tax is found, features, candidates, and the estimate that stands in.

Belongs here: reading and validating ``settings.yaml``, compiling the estimate to tables.
Does not belong here: ranking weights (``models.ranking``), learning (``training``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from models.additive.labels import FeatureLabel
from models.additive.tables import AdditiveTables, Term

DEFAULT_PATH = Path(__file__).with_name("settings.yaml")


@dataclass(frozen=True)
class TaxSettings:
    """Validated content of ``settings.yaml``.

    Examples
    --------
    >>> settings = TaxSettings.load()
    >>> settings.paid_stages, settings.feature_labels["land_mu"]
    (('达效', '投产'), '用地需求')
    """

    paid_stages: tuple[str, ...]
    features_before: str
    minimum_projects: int
    holdout_share: float
    n_forward_splits: int
    bootstrap_resamples: int
    interval_level: float
    candidate_alphas: tuple[float, ...]
    candidate_half_lives_days: tuple[float | None, ...]
    default_alpha: float
    default_half_life_days: float | None
    max_bins: int
    ridge: float
    features: tuple[FeatureLabel, ...]
    categorical: tuple[str, ...]
    rule: AdditiveTables
    rule_label: str
    rule_interval_factor: float

    @classmethod
    def load(cls, path: Path | str | None = None) -> TaxSettings:
        """Read a settings file (default: the one beside this module)."""
        return cls.from_mapping(yaml.safe_load(Path(path or DEFAULT_PATH).read_text("utf-8")))

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> TaxSettings:
        """Validate; a wrong key raises with its name, in Chinese."""
        rest = dict(content)
        features = tuple(FeatureLabel.read(name, entry) for name, entry in _take(rest, "features").items())
        names = {f.name for f in features}
        forbidden = sorted(n for n in names if n in ("stage", "unit_name", "lead_id") or n.startswith("paid_tax"))
        if forbidden:
            raise ValueError(f"features.{forbidden[0]}：不得作为特征")
        categorical = tuple(_take(rest, "categorical"))
        directed = [f.name for f in features if f.monotone and f.name in categorical]
        if directed or not set(categorical) <= names:
            raise ValueError(
                f"categorical：{directed or sorted(set(categorical) - names)} 不是特征，或类别特征不能写 monotone"
            )
        rule = _take(rest, "rule")
        if rule["basis"] not in names:
            raise ValueError("rule.basis：不在 features 中")
        if not rule["interval_factor"] >= 1:
            raise ValueError("rule.interval_factor：应不小于 1")
        for key in ("paid_stages", "candidate_alphas", "candidate_half_lives_days"):
            rest[key] = tuple(_take(rest, key))
        try:
            return cls(
                **rest,
                features=features,
                categorical=categorical,
                rule=estimate_tables(rule),
                rule_label=str(rule["label"]),
                rule_interval_factor=float(rule["interval_factor"]),
            )
        except TypeError as error:
            raise ValueError(f"settings.yaml：缺少或不认识的项：{error}") from error

    @property
    def feature_labels(self) -> dict[str, str]:
        """Chinese label of every feature."""
        return {f.name: f.label for f in self.features}

    @property
    def monotone(self) -> dict[str, int]:
        """Features with a known direction."""
        return {f.name: f.monotone for f in self.features if f.monotone}

    def value_text(self, feature: str, value: Any) -> str:
        """A feature's value as a person reads it."""
        return next(f for f in self.features if f.name == feature).value_text(value)


def estimate_tables(rule: Mapping[str, Any]) -> AdditiveTables:
    """Tax per 万元 of the basis, by section, as tables on the log1p scale.

    Bins of the basis are a tenth of a decade wide (each value is that of the bin's geometric middle, off by 12% at
    most). The sum is exact for the default rate; for another section the product is taken on the log scale, off by
    less than 1/tax.
    """
    rate = float(rule["default_tax_per_wan_cny"])
    reference = math.log1p(float(rule["reference_wan_cny"]) * rate)
    decades = np.arange(20, 71) / 10.0
    edges = np.round(10.0**decades)
    middles = 10.0 ** np.concatenate([[decades[0] - 0.05], decades + 0.05])
    size = Term(str(rule["basis"]), str(rule["basis"]), True, edges, np.log1p(middles * rate) - reference)
    by_section = {str(k): math.log(float(v) / rate) for k, v in rule["tax_per_wan_cny_by_section"].items()}
    section = Term("industry_section", "industry_section", False, categories=by_section)
    return AdditiveTables(reference, [size, section]).rounded()


def _take(content: dict[str, Any], key: str) -> Any:
    if key not in content:
        raise ValueError(f"{key}：缺少这一项")
    return content.pop(key)
