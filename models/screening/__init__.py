"""The law scanner (承诺审查和政策核验): kinds of unlawful promises in any writing, and the proofs of a measure. Loads no pandas."""

from models.screening.scanning import (
    NOTE,
    NOTHING_FOUND,
    VERDICT_TEXTS,
    Hit,
    as_record,
    in_words,
    is_stopped,
    scan,
    verdict_of,
)
from models.screening.tables import FLAG, REVIEW, STOP, Rule, read_tables, tables

__all__ = [
    "FLAG",
    "VERDICT_TEXTS",
    "NOTE",
    "NOTHING_FOUND",
    "REVIEW",
    "STOP",
    "Hit",
    "Rule",
    "as_record",
    "is_stopped",
    "read_tables",
    "scan",
    "tables",
    "in_words",
    "verdict_of",
]
