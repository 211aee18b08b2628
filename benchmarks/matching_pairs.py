"""Real labelled pairs through our comparison and weights: firm names, and three benchmarks it was not made for.

Run with ZEYOU_REFERENCE_DATA set (matching.py calls it). The weights are learned on the training part, the verdict is
given on the other: the sets' own test split, or half of the pairs by a hash. The peers are chosen on the same training
part: the best threshold of the bigram similarity of the names, as written and as core names.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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


def compared(
    title: str,
    left: dict[str, list[Any]],
    right: dict[str, list[Any]],
    label: Any,
    train: Any,
    peers: str | None,
) -> list[Line]:
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

    taught = train & ~apart  # as the product learns: a branch never meets a firm
    log_odds, _ = learned(counted(taught & label), counted(taught & ~label), np.zeros(size))
    said = (log_odds[pattern] >= 0) & ~apart
    lines = [line(f"{title}: ours", said[~train], label[~train])]
    cores = records.names.core_text().to_pylist()
    for name, texts in (("names as written", left["name"] + right["name"]), ("core names", cores)):
        value = similarity([str(t) for t in texts[:count]], [str(t) for t in texts[count:]])
        threshold = best_threshold(value[train], label[train])
        lines.append(line(f"{title}: bigrams of {name}", (value >= threshold)[~train], label[~train]))
    if peers:
        # Splink reads names in the form that served it better: core names for firms, as written for others.
        texts = cores if title.startswith("cn_") else [*left["name"], *right["name"]]
        chance = by_splink(peers, {**left, "name": texts[:count]}, {**right, "name": texts[count:]}, label, train)
        threshold = best_threshold(chance[train], label[train])
        lines.append(line(f"{title}: Splink, labels, best threshold", (chance >= threshold)[~train], label[~train]))
    return lines


def by_splink(peers: str, left: dict[str, list[Any]], right: dict[str, list[Any]], label: Any, train: Any) -> Any:
    """Give Splink's probability of each pair, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "pairs.parquet", Path(folder) / "out.parquet"
        sides = [
            pa.table(
                {
                    "unique_id": pa.array(range(len(label)), pa.int64()),
                    "source_dataset": [name] * len(label),
                    "pair": pa.array(range(len(label)), pa.int64()),
                    "is_match": label,
                    "is_train": train,
                    **{k: pa.array([None if v is None else str(v) for v in vs], pa.string()) for k, vs in side.items()},
                }
            )
            for name, side in (("l", left), ("r", right))
        ]
        pq.write_table(pa.concat_tables(sides), source)
        by_peer(peers, "pairs", source, out)
        return pq.read_table(out)["only"].to_numpy()


def firm_names(data: Path, peers: str | None) -> list[Line]:
    got = duckdb.execute(
        f"""select "left", "right", label, hash("left" || "right") % 2 = 0 as train, kind
        from '{data}/cn_company_alias_pairs.parquet' order by "left", "right", label"""
    ).fetchnumpy()
    left, right = ({"name": list(got[side])} for side in ("left", "right"))
    return compared("cn_company_alias_pairs", left, right, got["label"].astype(bool), got["train"].astype(bool), peers)


def magellan(data: Path, name: str, columns: dict[str, str], peers: str | None) -> list[Line]:
    got = duckdb.execute(f"select * from '{data}/magellan_structured_{name}.parquet'").to_arrow_table().to_pydict()
    left, right = ({ours: got[f"{side}_{theirs}"] for ours, theirs in columns.items()} for side in ("l", "r"))
    return compared(
        f"magellan {name}",
        left,
        right,
        np.array(got["label"]).astype(bool),
        np.array([s != "test" for s in got["split"]]),
        peers,
    )


def febrl(data: Path, peers: str | None) -> list[Line]:
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
    table = checked(rows, "febrl")
    groups = {"ours, no labels": match(table).table["enterprise_id"].to_pylist()}
    if peers:
        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder) / "persons.parquet", Path(folder) / "out.parquet"
            pq.write_table(table, source)
            by_peer(peers, "persons", source, out)
            groups["Splink, no labels"] = pq.read_table(out)["only"].to_pylist()
    return [_linked(f"febrl 4a/4b: {title}", table["record_id"].to_pylist(), ids) for title, ids in groups.items()]


def _linked(title: str, records: list[str], ids: list[Any]) -> Line:
    """Count the links between the two files: a record's number tells its other."""
    members: dict[Any, list[str]] = {}
    for record, found in zip(records, ids, strict=True):
        members.setdefault(found, []).append(record)
    said = right = 0
    for group in members.values():
        first = [record.split("-")[1] for record in group if record.endswith("org")]
        second = [record.split("-")[1] for record in group if not record.endswith("org")]
        said += len(first) * len(second)
        right += len(set(first) & set(second))
    precision, recall = right / max(said, 1), right / 5000
    return title, f"{precision:.4f}", f"{recall:.4f}", f"{2 * precision * recall / (precision + recall):.4f}"


def by_peer(peers: str, case: str, source: Path, out: Path) -> None:
    command = [peers, str(Path(__file__).with_name("matching_peers.py")), case, str(source), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="python of the environment with Splink")
    peers = parser.parse_args().peers
    data = Path(os.environ["ZEYOU_REFERENCE_DATA"]) / "matching"
    lines = firm_names(data, peers)
    lines += febrl(data, peers)
    lines += magellan(
        data, "dblpacm", {"name": "title", "legal_person": "authors", "city": "venue", "uscc": "year"}, peers
    )
    lines += magellan(
        data,
        "walmartamazon",
        {"name": "title", "legal_person": "brand", "phone": "modelno", "city": "category"},
        peers,
    )
    print("\nreal labelled pairs: firm names are what it is made for, persons, papers and goods are not")
    print(laid_out([("pairs: method", "precision", "recall", "F1"), *lines]))


if __name__ == "__main__":
    main()
