"""Scores of units by the office's own table of rules (考核计分), every point traced. No statistics are learned here."""

from models.assessment.engine import Assessment, assess, assessment_table
from models.assessment.rules import KINDS, Measure, Rule, read_rules

__all__ = ["KINDS", "Assessment", "Measure", "Rule", "assess", "assessment_table", "read_rules"]
