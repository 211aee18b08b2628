"""Settings of the landing model: milestone, horizon, minimum labels, features and candidates.

Belongs here: reading and validating ``landing.yaml`` and ``landing_points.yaml``.
Does not belong here: ranking weights (``models.ranking``), learning (``training``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from models.additive.labels import FeatureLabel
from models.additive.points import tables_from_points
from models.additive.tables import AdditiveTables
from office import settings_file

NEVER_FEATURES = frozenset({"stage", "unit_name", "unit_id", "lead_id", "as_of_date", "is_open", "is_current"})


@dataclass(frozen=True)
class LandingSettings:
    """Validated content of ``landing.yaml`` and the rule that stands in for a model.

    Examples
    --------
    >>> settings = LandingSettings.load()
    >>> settings.milestone, settings.horizon_days, settings.feature_labels["land_mu"]
    ('开工', 365, '用地需求')
    """

    milestone: str
    lost_stage: str
    horizon_days: int
    censoring: Literal["matured", "ipcw"]
    reporting_lag_days: int
    minimum_landed: int
    minimum_not_landed: int
    ample_landed: int
    ample_not_landed: int
    holdout_share: float
    bootstrap_resamples: int
    max_bins: int
    segments: Mapping[str, tuple[float, ...]]
    features: tuple[FeatureLabel, ...]
    categorical: tuple[str, ...]
    rule: AdditiveTables
    rule_label: str

    @classmethod
    def load(cls, path: Path | str | None = None, rules_path: Path | str | None = None) -> LandingSettings:
        """Read both files (default: those of the office in use)."""
        content = yaml.safe_load(Path(path or settings_file("landing.yaml")).read_text("utf-8"))
        rules = yaml.safe_load(Path(rules_path or settings_file("landing_points.yaml")).read_text("utf-8"))
        return cls.from_mapping(content, rules)

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any], rules: Mapping[str, Any]) -> LandingSettings:
        """Validate; a wrong key raises with its name, in Chinese."""
        rest = dict(content)
        features = tuple(FeatureLabel.read(name, entry) for name, entry in _take(rest, "features").items())
        names = {f.name for f in features}
        forbidden = sorted(names & NEVER_FEATURES)
        if forbidden:
            raise ValueError(f"features.{forbidden[0]}：不得作为特征")
        categorical = tuple(_take(rest, "categorical"))
        directed = [f.name for f in features if f.monotone and f.name in categorical]
        if directed or not set(categorical) <= names:
            raise ValueError(
                f"categorical：{directed or sorted(set(categorical) - names)} 不是特征，或类别特征不能写 monotone"
            )
        minimum = _take(rest, "minimum_labels")
        if rest.get("censoring") not in ("matured", "ipcw"):
            raise ValueError(f"censoring：应为 matured 或 ipcw，现为 {rest.get('censoring')!r}")
        if not 0 < rest.get("holdout_share", 0) < 1:
            raise ValueError("holdout_share：应在 0 与 1 之间")
        rule = tables_from_points(rules)
        stray = sorted(set(rule.features) - names)
        if stray:
            raise ValueError(f"landing_points.yaml terms.{stray[0]}：不在 features 中")
        ample = rest.pop("ample_labels", {"landed": 250, "lost_or_not": 750})
        if not (minimum["landed"] <= ample["landed"] and minimum["lost_or_not"] <= ample["lost_or_not"]):
            raise ValueError("ample_labels：不能少于 minimum_labels")
        segments = {name: tuple(float(b) for b in bounds or ()) for name, bounds in rest.pop("segments", {}).items()}
        if not set(segments) <= names:
            raise ValueError(f"segments：{sorted(set(segments) - names)} 不是特征")
        try:
            return cls(
                **rest,
                minimum_landed=int(minimum["landed"]),
                minimum_not_landed=int(minimum["lost_or_not"]),
                ample_landed=int(ample["landed"]),
                ample_not_landed=int(ample["lost_or_not"]),
                segments=segments,
                features=features,
                categorical=categorical,
                rule=rule,
                rule_label=str(rules["label"]),
            )
        except (TypeError, KeyError) as error:
            raise ValueError(f"landing.yaml：缺少或不认识的项：{error}") from error

    @property
    def feature_labels(self) -> dict[str, str]:
        """Chinese label of every feature."""
        return {f.name: f.label for f in self.features}

    @property
    def monotone(self) -> dict[str, int]:
        """Features with a known direction."""
        return {f.name: f.monotone for f in self.features if f.monotone}

    def model_share(self, landed: int, not_landed: int) -> float:
        """How much of the score the model makes up, the rule being the rest: grows with the leads of the rarer class.

        0 below the minimum, 1 from ample data on.
        """
        if landed < self.minimum_landed or not_landed < self.minimum_not_landed:
            return 0.0
        return round(min(1.0, landed / self.ample_landed, not_landed / self.ample_not_landed), 4)

    def value_text(self, feature: str, value: Any) -> str:
        """A feature's value as a person reads it."""
        return next(f for f in self.features if f.name == feature).value_text(value)


def _take(content: dict[str, Any], key: str) -> Any:
    if key not in content:
        raise ValueError(f"{key}：缺少这一项")
    return content.pop(key)
