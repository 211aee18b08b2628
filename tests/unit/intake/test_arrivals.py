"""What came into a ledger between two landings: new, corrected and withdrawn rows, wherever they stand in a file."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from intake.arrivals import ADDED, CORRECTED, KIND, WITHDRAWN, arrivals
from intake.contract import get_contract

CONTRACT = get_contract("stage_moves")
Content = dict[tuple[str, str], str]


def landed(content: Content, file: str) -> pa.Table:
    """A ledger with one row a key (lead, stage) and content, in the order given."""
    rows: list[dict[str, Any]] = [
        {"lead_id": lead, "stage": stage, "moved_date": dt.date(2026, 6, 1), "evidence_no": said,
         "source_file": file, "source_row": at}
        for at, ((lead, stage), said) in enumerate(content.items())
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=CONTRACT.schema())


CONTENTS = st.dictionaries(
    st.tuples(st.sampled_from(["L1", "L2", "L3"]), st.sampled_from(["在谈", "签约"])), st.sampled_from(["一", "二"])
)


@given(old=CONTENTS, new=CONTENTS)
def test_every_difference_is_named_by_its_kind_and_nothing_else(old: Content, new: Content) -> None:
    found = arrivals(landed(old, "旧.xlsx"), landed(dict(reversed(new.items())), "新.xlsx"), CONTRACT)
    told = {(row["lead_id"], row["stage"]): row[KIND] for row in found.to_dict("records")}
    expected = {key: CORRECTED if key in old else ADDED for key, said in new.items() if old.get(key) != said}
    assert told == expected | dict.fromkeys(old.keys() - new.keys(), WITHDRAWN)
    assert len(found) == len(told)


def test_a_ledger_that_is_there_for_the_first_time_is_all_new() -> None:
    found = arrivals(None, landed({("L1", "在谈"): "一", ("L2", "签约"): "二"}, "新.xlsx"), CONTRACT)
    assert found[KIND].tolist() == [ADDED, ADDED]
