"""What came into the ledgers between two landings (新收资料): rows that are new, corrected or gone, by content and key.

Belongs here: comparing two landed tables of one contract. Does not belong here: reading files (landing.py), which landing is
compared with which (orchestration), what a row does to a score (models.ranking).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from intake.contract import PROVENANCE, Contract

ADDED, CORRECTED, WITHDRAWN = "新增", "更正", "撤回"
KIND: Final = "arrival"


def arrivals(before: pa.Table | None, now: pa.Table, contract: Contract) -> pd.DataFrame:
    """Return the rows that differ in what they say, each with :data:`KIND`; where a row stands in a file is no content.

    A row whose key stood in the ledger with other content is a correction; the row that it replaces is not given. A row that
    is not there any more, and no other of its key, was withdrawn.
    """
    written = {field.name for field in contract.schema()} - {field.name for field in PROVENANCE}
    names = [n for n in now.column_names if n in written and (before is None or n in before.column_names)]
    new: pd.DataFrame = now.select(names).to_pandas()
    if before is None:
        return new.assign(**{KIND: ADDED}).drop_duplicates()
    old = before.select(names).to_pandas()
    key = [name for name in contract.key if name in names] or names
    keys, contents = ([_hashed(frame, columns) for frame in (old, new)] for columns in (key, names))
    came = new[~np.isin(contents[1], contents[0])]
    kinds = np.where(np.isin(_hashed(came, key), keys[0]), CORRECTED, ADDED)
    gone = old[~np.isin(contents[0], contents[1]) & ~np.isin(keys[0], keys[1])]
    found = pd.concat([came.assign(**{KIND: kinds}), gone.assign(**{KIND: WITHDRAWN})], ignore_index=True)
    distinct: pd.DataFrame = found.drop_duplicates()
    return distinct


def _hashed(frame: pd.DataFrame, columns: list[str]) -> npt.NDArray[Any]:
    texts = frame[columns].astype("str").fillna("")
    return np.asarray(pd.util.hash_pandas_object(texts, index=False).to_numpy())
