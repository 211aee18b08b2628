"""The kinds of questions there are (问题类别), in the order in which they are shown: what changes most comes first.

Belongs here: the list. Does not belong here: a kind (its own module).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from desk.questions import doubtful_rows, held_values, identities, office_rules, policies
from desk.questions.asking import Kind

KINDS: Final = (held_values.KIND, doubtful_rows.KIND, identities.KIND, policies.KIND, office_rules.KIND)
READINGS: Final = (held_values.HELD, doubtful_rows.ROWS, identities.PROPOSALS, policies.MEASURES)


def kind_named(key: str, kinds: Sequence[Kind] = KINDS) -> Kind | None:
    """Return a kind by its key."""
    return next((kind for kind in kinds if kind.key == key), None)
