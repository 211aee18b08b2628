"""Whether amounts can be true (数值合理性): what is likely a thousandfold error waits for a yes before the list moves.

The public face is `hold_back` (holding.py) and its limits (limits.py); what makes a number suspicious stands in judging.py.
"""

from intake.plausibility.holding import ANSWERS, HELD_SCHEMA, NO, QUESTION, WAITS, YES, Held, hold_back, read_held
from intake.plausibility.limits import Limits, read_limits
from intake.plausibility.totals import Total

__all__ = [
    "ANSWERS", "HELD_SCHEMA", "NO", "QUESTION", "WAITS", "YES", "Held", "Limits", "Total", "hold_back", "read_held", "read_limits",
]  # fmt: skip
