"""Settings of the expansion models: features with their labels, networks left out, how rows are sampled.

Belongs here: reading and validating ``settings.yaml`` and ``rules.yaml``.
Does not belong here: computing features (``features``, ``pairs``), learning (``training``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.additive.labels import FeatureLabel
from models.additive.points import tables_from_points
from models.additive.tables import AdditiveTables

FOLDER = Path(__file__).parent
OWN_HISTORY = ("away", "own", "new_cities", "together")  # columns that say nothing of a firm that never moved


@dataclass(frozen=True)
class ExpansionSettings:
    """Validated content of ``settings.yaml`` and the rule that stands in for a model.

    Examples
    --------
    >>> settings = ExpansionSettings.load()
    >>> settings.minimum_events, "away_count" in settings.columns("propensity", has_moved=False)
    (60, False)
    """

    training_years: int
    minimum_events: int
    sampled_firms: int
    sampled_places: int
    stiffness: Mapping[str, float]
    straight_held: float
    affinity_weight: float
    networks: str
    undated: tuple[str, ...]
    propensity: tuple[FeatureLabel, ...]
    affinity: tuple[FeatureLabel, ...]
    rule: AdditiveTables
    rule_label: str

    @classmethod
    def load(cls, path: Path | str | None = None, rules_path: Path | str | None = None) -> ExpansionSettings:
        """Read both files (default: those beside this module)."""
        content = yaml.safe_load(Path(path or FOLDER / "settings.yaml").read_text("utf-8"))
        rules = yaml.safe_load(Path(rules_path or FOLDER / "rules.yaml").read_text("utf-8"))
        return cls.from_mapping(content, rules)

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any], rules: Mapping[str, Any]) -> ExpansionSettings:
        """Validate; a wrong key raises with its name, in Chinese."""
        rest: dict[str, Any] = dict(content)
        try:
            labels = {
                model: tuple(FeatureLabel.read(name, entry) for name, entry in rest.pop(model).items())
                for model in ("propensity", "affinity")
            }
            networks = "|".join(re.escape(str(word)) for word in rest.pop("networks")) or "(?!)"
            undated = tuple(rest.pop("undated"))
            weight = float(rest.pop("affinity_weight"))
            if weight * 16 != int(weight * 16) or not 0 <= weight <= 4:
                raise ValueError(f"affinity_weight：应为 0 至 4 之间 1/16 的整数倍，现为 {weight}")
            stray = sorted(set(undated) - {f.name for f in labels["propensity"]})
            if stray:
                raise ValueError(f"undated.{stray[0]}：不在 propensity 中")
            rule = tables_from_points(rules)
            stray = sorted(set(rule.features) - {f.name for f in labels["propensity"]})
            if stray:
                raise ValueError(f"rules.yaml terms.{stray[0]}：不在 propensity 中")
            return cls(
                **rest,
                propensity=labels["propensity"],
                affinity=labels["affinity"],
                networks=networks,
                undated=undated,
                affinity_weight=weight,
                rule=rule,
                rule_label=str(rules["label"]),
            )
        except (TypeError, KeyError) as error:
            raise ValueError(f"settings.yaml：缺少或不认识的项：{error}") from error

    def columns(self, model: str, *, has_moved: bool) -> list[str]:
        """Columns that a model reads; those of a firm's own moves only where it has any."""
        names = [f.name for f in (self.propensity if model == "propensity" else self.affinity)]
        return [n for n in names if has_moved or not any(word in n for word in OWN_HISTORY)]

    @property
    def feature_labels(self) -> dict[str, str]:
        """Chinese label of every feature."""
        return {f.name: f.label for f in (*self.propensity, *self.affinity)}
