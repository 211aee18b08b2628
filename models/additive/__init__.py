"""The shared additive estimator, its lookup tables and exact reasons. Importing this package loads no scikit-learn."""

from typing import TYPE_CHECKING, Any

from models.additive.labels import FeatureLabel
from models.additive.plots import plot_term
from models.additive.points import tables_from_points
from models.additive.tables import AdditiveTables, Term, dyadic, from_tables, part_of

if TYPE_CHECKING:
    from models.additive.estimator import AdditiveClassifier, AdditiveRegressor
    from models.additive.forward import ForwardAdditiveClassifier

__all__ = [
    "AdditiveClassifier",
    "AdditiveRegressor",
    "AdditiveTables",
    "FeatureLabel",
    "ForwardAdditiveClassifier",
    "Term",
    "dyadic",
    "from_tables",
    "part_of",
    "plot_term",
    "tables_from_points",
]


def __getattr__(name: str) -> Any:
    """Load the estimators, and with them scikit-learn, on first use: definitions must load without it."""
    if name in {"AdditiveClassifier", "AdditiveRegressor"}:
        from models.additive import estimator

        return getattr(estimator, name)
    if name == "ForwardAdditiveClassifier":
        from models.additive.forward import ForwardAdditiveClassifier

        return ForwardAdditiveClassifier
    raise AttributeError(name)
