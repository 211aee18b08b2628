"""Who will set up somewhere else, and where? Learned from the branches that a register of enterprises holds."""

from typing import TYPE_CHECKING, Any

from models.expansion.settings import ExpansionSettings

if TYPE_CHECKING:
    from models.expansion.features import Register
    from models.expansion.training import ExpansionModel, train_expansion

__all__ = ["ExpansionModel", "ExpansionSettings", "Register", "train_expansion"]


def __getattr__(name: str) -> Any:
    """Load training, and with it scikit-learn, on first use."""
    if name in {"ExpansionModel", "train_expansion"}:
        from models.expansion import training

        return getattr(training, name)
    if name == "Register":
        from models.expansion.features import Register

        return Register
    raise AttributeError(name)
