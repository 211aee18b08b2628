"""Will a lead reach the milestone in time? Learned where labels allow it, a labelled rule where they do not."""

from typing import TYPE_CHECKING, Any

from models.landing.settings import LandingSettings

if TYPE_CHECKING:
    from models.landing.training import LandingRun, train_landing

__all__ = ["LandingRun", "LandingSettings", "train_landing"]


def __getattr__(name: str) -> Any:
    """Load training, and with it scikit-learn, on first use."""
    if name in {"LandingRun", "train_landing"}:
        from models.landing import training

        return getattr(training, name)
    raise AttributeError(name)
