"""Assign leads to units and parks within capacity, as one optimisation (线索分派)."""

from models.assignment.assignment import Assignment, assign
from models.assignment.options import ASSIGNMENT_COLUMNS, assignment_table, lead_options
from models.assignment.settings import AssignmentSettings

__all__ = ["ASSIGNMENT_COLUMNS", "Assignment", "AssignmentSettings", "assign", "assignment_table", "lead_options"]
