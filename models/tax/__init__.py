"""How much tax would a project pay a year once mature? Learned from paid tax only; a labelled estimate otherwise."""

from typing import TYPE_CHECKING, Any

from models.tax.settings import TaxSettings

if TYPE_CHECKING:
    from models.tax.training import TaxRun, train_tax

__all__ = ["TaxRun", "TaxSettings", "train_tax"]


def __getattr__(name: str) -> Any:
    """Load training, and with it scikit-learn, on first use."""
    if name in {"TaxRun", "train_tax"}:
        from models.tax import training

        return getattr(training, name)
    raise AttributeError(name)
