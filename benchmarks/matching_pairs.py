"""Real labelled pairs through our comparison and weights: firm names, and three benchmarks it was not made for.

Run with ZEYOU_REFERENCE_DATA set (matching.py calls it). The weights are learned on the training part, the verdict is
given on the other: the sets' own test split, or half of the pairs by a hash. The peers are chosen on the same training
part: the best threshold of the bigram similarity of the names, as written and as core names.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.measure import table as laid_out  # noqa: E402
from intake.matching import match  # noqa: E402
from intake.matching.comparison import SHAPE, patterns  # noqa: E402
from intake.matching.records import checked, prepared  # noqa: E402
from intake.matching.weights import learned  # noqa: E402

Line = tuple[str, str, str, str]


def scores(said: Any, label: Any) -> tuple[float, float, float]:
    right = int((said & label).sum())
    return (
        right / max(int(said.sum()), 1),
        right / max(int(label.sum()), 1),
        2 * right / max(int(said.sum() + label.sum()), 1),
    )


def line(title: str, said: Any, label: Any) -> Line:
    precision, recall, f1 = scores(said, label)
    return title, f"{precision:.4f}", f"{recall:.4f}", f"{f1:.4f}"


def records_of(left: dict[str, list[Any]], right: dict[str, list[Any]], count: int) -> Any:
    columns = {
        name: pa.array([None if v is None else str(v) for v in left[name] + right[name]], pa.string()) for name in left
    }
    ids = [f"{at:08d}" for at in range(2 * count)]
    return prepared(checked(pa.table({"record_id": ids, **columns}), "对"))


def bigrams(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)} or {text}


def similarity(left: list[str], right: list[str]) -> Any:
    """Share of bigrams of the shorter name that the longer has too, times 0.5, plus half their Jaccard similarity."""
    found = []
    for one, other in zip(left, right, strict=True):
        a, b = bigrams(one or ""), bigrams(other or "")
        both = len(a & b)
        found.append(0.5 * both / max(min(len(a), len(b)), 1) + 0.5 * both / max(len(a | b), 1))
    return np.array(found)


def best_threshold(value: Any, label: Any) -> float:
    return float(max(np.linspace(0.05, 0.95, 46), key=lambda t: scores(value >= t, label)[2]))


def compared(title: str, left: dict[str, list[Any]], right: dict[str, list[Any]], label: Any, train: Any) -> list[Line]:
    count = len(label)
    records = records_of(left, right, count)
    one = np.arange(count, dtype=np.int32)
    pattern = patterns(records, one, one + np.int32(count))
    # A branch and its parent are told apart before any weight.
    branch = records.names.is_branch
    apart = branch[:count] != branch[count:]
    size = int(np.prod(SHAPE))

    def counted(keep: Any) -> Any:
        return np.bincount(pattern[keep], minlength=size).astype(float)

    log_odds, _ = learned(counted(train & label), counted(train & ~label), np.zeros(size))
    said = (log_odds[pattern] >= 0) & ~apart
    lines = [line(f"{title}: ours", said[~train], label[~train])]
    cores = records.names.core_text().to_pylist()
    for name, texts in (("names as written", left["name"] + right["name"]), ("core names", cores)):
        value = similarity([str(t) for t in texts[:count]], [str(t) for t in texts[count:]])
        threshold = best_threshold(value[train], label[train])
        lines.append(line(f"{title}: bigrams of {name}", (value >= threshold)[~train], label[~train]))
    return lines


def firm_names(data: Path) -> list[Line]:
    got = duckdb.execute(
        f"""select "left", "right", label, hash("left" || "right") % 2 = 0 as train, kind
        from '{data}/cn_company_alias_pairs.parquet' order by "left", "right", label"""
    ).fetchnumpy()
    left, right = ({"name": list(got[side])} for side in ("left", "right"))
    return compared("cn_company_alias_pairs", left, right, got["label"].astype(bool), got["train"].astype(bool))


def magellan(data: Path, name: str, columns: dict[str, str]) -> list[Line]:
    got = duckdb.execute(f"select * from '{data}/magellan_structured_{name}.parquet'").to_arrow_table().to_pydict()
    left, right = ({ours: got[f"{side}_{theirs}"] for ours, theirs in columns.items()} for side in ("l", "r"))
    return compared(
        f"magellan {name}",
        left,
        right,
        np.array(got["label"]).astype(bool),
        np.array([s != "test" for s in got["split"]]),
    )


def febrl(data: Path) -> list[Line]:
    """Link persons by the whole path, given names for a firm's and the birthday for its legal person."""
    rows = duckdb.execute(
        f"""
        select
            rec_id as record_id,
            concat_ws(' ', nullif(given_name, 'NaN'), nullif(surname, 'NaN')) as name,
            nullif(date_of_birth, 'NaN') as legal_person,
            nullif(soc_sec_id, 'NaN') as phone,
            nullif(suburb, 'NaN') as city,
            concat_ws(' ', nullif(address_1, 'NaN'), nullif(street_number, 'NaN')) as address
        from (from '{data}/splink_febrl_dataset4a.parquet' union all from '{data}/splink_febrl_dataset4b.parquet')
        """
    ).to_arrow_table()
    found = match(checked(rows, "febrl"))
    groups: dict[str, list[str]] = {}
    for record, enterprise in zip(
        found.table["record_id"].to_pylist(), found.table["enterprise_id"].to_pylist(), strict=True
    ):
        groups.setdefault(enterprise, []).append(record)
    said = right = 0
    for group in groups.values():
        first = [record.split("-")[1] for record in group if record.endswith("org")]
        second = [record.split("-")[1] for record in group if not record.endswith("org")]
        said += len(first) * len(second)
        right += len(set(first) & set(second))
    precision, recall = right / max(said, 1), right / 5000
    f1 = 2 * precision * recall / (precision + recall)
    return [("febrl 4a/4b: ours, no labels", f"{precision:.4f}", f"{recall:.4f}", f"{f1:.4f}")]


def main() -> None:
    data = Path(os.environ["ZEYOU_REFERENCE_DATA"]) / "matching"
    lines = firm_names(data)
    lines += febrl(data)
    lines += magellan(data, "dblpacm", {"name": "title", "legal_person": "authors", "city": "venue", "uscc": "year"})
    lines += magellan(
        data, "walmartamazon", {"name": "title", "legal_person": "brand", "phone": "modelno", "city": "category"}
    )
    print("\nreal labelled pairs: firm names are what it is made for, persons, papers and goods are not")
    print(laid_out([("pairs: method", "precision", "recall", "F1"), *lines]))


if __name__ == "__main__":
    main()
