"""Settings of the tax model: where paid tax is found, features, candidates, and the estimate that stands in.

Belongs here: reading and validating ``tax.yaml``, compiling the estimate to tables.
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
from office import settings_file


@dataclass(frozen=True)
class TaxSettings:
    """Validated content of ``tax.yaml``.

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
    candidate_max_bins: tuple[int, ...]
    default_max_bins: int
    ridge: float
    straight_held: float
    candidate_width_alphas: tuple[float, ...]
    width_max_bins: int
    features: tuple[FeatureLabel, ...]
    categorical: tuple[str, ...]
    rule: AdditiveTables
    rule_label: str
    rule_interval_factor: float

    @classmethod
    def load(cls, path: Path | str | None = None) -> TaxSettings:
        """Read a settings file (default: the one of the office in use)."""
        return cls.from_mapping(yaml.safe_load(Path(path or settings_file("tax.yaml")).read_text("utf-8")))

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
        if not 0 < float(rest.get("straight_held", 1.0)) <= 1:
            raise ValueError("straight_held：应大于 0，不大于 1")
        rule = _take(rest, "rule")
        if rule["basis"] not in names:
            raise ValueError("rule.basis：不在 features 中")
        if not rule["interval_factor"] >= 1:
            raise ValueError("rule.interval_factor：应不小于 1")
        for key in (
            "paid_stages",
            "candidate_alphas",
            "candidate_half_lives_days",
            "candidate_max_bins",
            "candidate_width_alphas",
        ):
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
            raise ValueError(f"tax.yaml：缺少或不认识的项：{error}") from error

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


def estimate_rates(rule: Mapping[str, Any]) -> tuple[float, dict[str, float]]:
    """Yearly tax per 万元 of the basis: for a section that is not told, and by section.

    The prior is the share of net production tax in output of a sector (投入产出表) times output per 万元 of the basis;
    what the office wrote itself (``default_tax_per_wan_cny``, ``tax_per_wan_cny_by_section``) goes first. Sectors that got
    more in subsidies than they paid count as the least rate.

    Examples
    --------
    >>> estimate_rates({"sector_prior": {"output_per_wan_cny": 0.5, "least_tax_per_output": 0.002, "tax_per_output": 0.04,
    ...     "tax_per_output_by_section": {"A": -0.03, "C": 0.05}}, "tax_per_wan_cny_by_section": {"F": 0.06}})
    (0.02, {'A': 0.001, 'C': 0.025, 'F': 0.06})
    """
    rates: dict[str, float] = {}
    default: float | None = None
    if "sector_prior" in rule:
        prior = rule["sector_prior"]
        turnover, least = float(prior["output_per_wan_cny"]), float(prior["least_tax_per_output"])
        if not (turnover > 0 and least > 0):
            raise ValueError("rule.sector_prior：output_per_wan_cny 和 least_tax_per_output 应大于 0")
        default = max(float(prior["tax_per_output"]), least) * turnover
        rates = {str(k): max(float(v), least) * turnover for k, v in prior["tax_per_output_by_section"].items()}
    if rule.get("default_tax_per_wan_cny") is not None:
        default = float(rule["default_tax_per_wan_cny"])
    if default is None:
        raise ValueError("rule：sector_prior 与 default_tax_per_wan_cny 至少要有一项")
    rates |= {str(k): float(v) for k, v in (rule.get("tax_per_wan_cny_by_section") or {}).items()}
    wrong = sorted(k for k, v in {"default": default, **rates}.items() if not v > 0)
    if wrong:
        raise ValueError(f"rule：{wrong} 每万元税收应大于 0")
    return default, rates


def estimate_tables(rule: Mapping[str, Any]) -> AdditiveTables:
    """Tax per 万元 of the basis, by section, as tables on the log1p scale.

    Bins of the basis are a tenth of a decade wide (each value is that of the bin's geometric middle, off by 12% at
    most). The sum is exact for the default rate; for another section the product is taken on the log scale, off by
    less than 1/tax.
    """
    rate, rates = estimate_rates(rule)
    reference = math.log1p(float(rule["reference_wan_cny"]) * rate)
    decades = np.arange(20, 71) / 10.0
    edges = np.round(10.0**decades)
    middles = 10.0 ** np.concatenate([[decades[0] - 0.05], decades + 0.05])
    size = Term(str(rule["basis"]), str(rule["basis"]), True, edges, np.log1p(middles * rate) - reference)
    by_section = {section: math.log(value / rate) for section, value in rates.items()}
    section = Term("industry_section", "industry_section", False, categories=by_section)
    return AdditiveTables(reference, [size, section]).rounded()


def _take(content: dict[str, Any], key: str) -> Any:
    if key not in content:
        raise ValueError(f"{key}：缺少这一项")
    return content.pop(key)
