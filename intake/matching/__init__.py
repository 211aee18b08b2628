"""Which rows are the same enterprise (企业归并): exact keys, then likelihood; stable ids; every merge can be undone.

    names -> records -> candidates -> comparison -> weights -> grouping -> crosswalk -> run

Belongs here: everything between a table of names and its enterprise ids. Does not belong: reading workbooks, and what
the ids are used for. Why no Splink inside: docs/decisions/0010-identity.md.
"""

from intake.matching.names import written_form
from intake.matching.run import Matched, match, match_file

__all__ = ["Matched", "match", "match_file", "written_form"]
