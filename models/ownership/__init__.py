"""Who owns a lead (首报首谈): the first valid report, and for how long.

Belongs here: the rule of first reports and its settings. Does not belong here: which rows are one enterprise (intake/matching).
"""

from models.ownership.first_report import REFUSED, first_reports, protection_days

__all__ = ["REFUSED", "first_reports", "protection_days"]
