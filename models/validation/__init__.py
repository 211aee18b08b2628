"""Honest evaluation: splits in time, censored labels, metrics with intervals, calibration. Loads no scikit-learn."""

from models.validation.calibration import calibration_table, plot_calibration
from models.validation.censoring import label_pairs
from models.validation.metrics import (
    bootstrap_interval,
    brier_score,
    evaluate_probabilities,
    expected_calibration_error,
    lift_at_k,
    log_loss,
    precision_at_k,
    roc_auc,
)
from models.validation.splits import Split, forward_cutoffs, forward_splits

__all__ = [
    "Split",
    "bootstrap_interval",
    "brier_score",
    "calibration_table",
    "evaluate_probabilities",
    "expected_calibration_error",
    "forward_cutoffs",
    "forward_splits",
    "label_pairs",
    "lift_at_k",
    "log_loss",
    "plot_calibration",
    "precision_at_k",
    "roc_auc",
]
