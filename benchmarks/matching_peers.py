"""One peer of the benchmark of matching, in a process of its own: exact keys, Splink, recordlinkage, or ours.

Run by matching.py: `python matching_peers.py CASE IN.parquet OUT.parquet`. Splink and recordlinkage live in an
environment of their own (matching_peers.lock); they are given the core names and hashes of our normaliser as columns,
made beforehand and not counted in their time.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
# Splink's clusters at several thresholds; the best by the truth counts, which favours it.
SPLINK_THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
ATTRIBUTES = ("uscc", "city", "legal_person", "phone", "address")


def prepare(source: Path, out: Path) -> None:
    """Write the register with core name, whole name and plain city, for the peers."""
    from intake.matching import names
    from intake.matching.places import place_of

    table = pq.read_table(source)
    taken = names.take_apart(table["name"].combine_chunks())
    table = table.append_column("core", taken.core_text()).append_column("place", taken.city)
    table = table.append_column("written", taken.written)
    plain, _ = place_of(table["city"].combine_chunks())
    city = plain.combine_chunks() if isinstance(plain, pa.ChunkedArray) else plain
    table = table.set_column(table.column_names.index("city"), "city", city)
    pq.write_table(table, out)


def components(count: int, left: Any, right: Any) -> Any:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def exact(source: Path) -> dict[str, Any]:
    """Tie rows of one code, and rows of one core name, place and city."""
    import duckdb

    duckdb.execute(
        f"create table r as select row_number() over () - 1 as i, uscc, core, coalesce(place, city) as p, city from '{source}'"
    )
    edges = duckdb.execute(
        """
        select min(i) over (partition by uscc), i from r where uscc is not null
        union all
        select min(i) over (partition by core, p), i from r where p is not null and length(core) > 2
        """
    ).fetchnumpy()
    left, right = edges.values()
    count = pq.read_metadata(source).num_rows
    return {"": components(count, np.asarray(left), np.asarray(right))}


def splink(source: Path) -> dict[str, Any]:
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    frame = pq.read_table(source).drop_columns(["truth", "aliases", "name", "written"]).to_pandas()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.JaroWinklerAtThresholds("core", [0.95, 0.88]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("uscc"),
            cl.ExactMatch("place"),
            cl.ExactMatch("city"),
            cl.ExactMatch("legal_person").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address", [0.9]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("uscc"),
            block_on("core"),
            block_on("phone"),
            block_on("legal_person", "city"),
            block_on("substr(core, 1, 2)", "city"),
            block_on("address", "city"),
        ],
        retain_intermediate_calculation_columns=False,
    )
    api = DuckDBAPI()
    linker = Linker(api.register(frame), settings)
    # Without codes a phone and a person together stand in for them.
    sure = block_on("uscc") if frame["uscc"].notna().any() else block_on("phone", "legal_person")
    linker.training.estimate_probability_two_random_records_match([sure], recall=0.3)
    linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(sure, record_sample_proportion=0.2)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("core"), record_sample_proportion=0.2)
    predicted = linker.inference.predict(threshold_match_probability=min(SPLINK_THRESHOLDS))
    pairs = predicted.as_pyarrow_table()
    ids = pq.read_table(source, columns=["record_id"])["record_id"].combine_chunks()
    import pyarrow.compute as pc

    left = pc.index_in(pairs["record_id_l"], ids).to_numpy()
    right = pc.index_in(pairs["record_id_r"], ids).to_numpy()
    chance = pairs["match_probability"].to_numpy()
    found = {}
    for threshold in SPLINK_THRESHOLDS:
        keep = chance >= threshold
        found[f"{threshold}"] = components(len(ids), left[keep], right[keep])
    return found


def splink_pairs(source: Path) -> dict[str, Any]:
    """Give Splink's probability of each labelled pair (rows with one `pair`); m is learned from those of the training part."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    table = pq.read_table(source)
    frame = table.to_pandas()
    attributes = [
        c
        for c in table.column_names
        if c not in ("unique_id", "source_dataset", "pair", "is_match", "is_train", "name")
    ]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8, 0.7]),
            *(cl.JaroWinklerAtThresholds(column, [0.9]) for column in attributes),
        ],
        blocking_rules_to_generate_predictions=[block_on("pair")],
        retain_intermediate_calculation_columns=False,
    )
    api = DuckDBAPI()
    sides = [frame[frame["source_dataset"] == side] for side in ("l", "r")]
    linker = Linker(
        [api.register(side, dataset_display_name=name) for side, name in zip(sides, "lr", strict=True)], settings
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
    known = sides[0][sides[0]["is_train"] & sides[0]["is_match"]]
    labels = known[["pair"]].assign(
        source_dataset_l="l", source_dataset_r="r", unique_id_l=known["pair"], unique_id_r=known["pair"]
    )
    linker.training.estimate_m_from_pairwise_labels(api.register(labels.drop(columns="pair")))
    pairs = linker.inference.predict(threshold_match_probability=0.0).as_pyarrow_table()
    found = np.zeros(len(sides[0]))
    found[pairs["unique_id_l"].to_numpy().astype(int)] = pairs["match_probability"].to_numpy()
    return {"": found}


def splink_persons(source: Path) -> dict[str, Any]:
    """Cluster the persons of febrl 4 (record_id, name, birthday, number, suburb, address), without labels."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    frame = pq.read_table(source).to_pandas().rename(columns={"record_id": "unique_id"})
    rules = [
        block_on("phone"),
        block_on("legal_person"),
        block_on("name"),
        block_on("address"),
        block_on("substr(name, 1, 4)", "city"),
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88]),
            cl.LevenshteinAtThresholds("legal_person", [1, 2]),
            cl.LevenshteinAtThresholds("phone", [1, 2]),
            cl.JaroWinklerAtThresholds("city", [0.9]),
            cl.JaroWinklerAtThresholds("address", [0.9]),
        ],
        blocking_rules_to_generate_predictions=rules,
        retain_intermediate_calculation_columns=False,
    )
    api = DuckDBAPI()
    linker = Linker(api.register(frame), settings)
    linker.training.estimate_probability_two_random_records_match([block_on("phone")], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("phone"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name"))
    pairs = linker.inference.predict(threshold_match_probability=0.5).as_pyarrow_table()
    place = {name: at for at, name in enumerate(frame["unique_id"])}
    left, right = (np.array([place[i] for i in pairs[f"unique_id_{side}"].to_pylist()]) for side in "lr")
    return {"": components(len(frame), left, right)}


def linkage(source: Path) -> dict[str, Any]:
    """Compare within blocks with recordlinkage, tell matches by its ECM classifier."""
    import jellyfish
    import pandas as pd
    import recordlinkage

    jellyfish.jaro_winkler = jellyfish.jaro_winkler_similarity  # recordlinkage 0.14 asks for the old name
    frame = pq.read_table(source).drop_columns(["truth", "aliases", "name", "written"]).to_pandas()
    frame["brand"] = frame["core"].str[:2]
    pairs = None
    for keys in (["uscc"], ["core", "city"], ["phone"], ["legal_person", "city"], ["brand", "city"]):
        if frame.dropna(subset=keys).empty:
            continue
        indexer = recordlinkage.Index()
        indexer.block(keys)
        part = indexer.index(frame.dropna(subset=keys))
        pairs = part if pairs is None else pairs.union(part)
    compare = recordlinkage.Compare()
    compare.string("core", "core", method="jarowinkler", threshold=0.92)
    for column in ("uscc", "place", "city", "legal_person", "phone", "address"):
        compare.exact(column, column)
    features = compare.compute(pairs, frame).astype(int)
    matches = recordlinkage.ECMClassifier().fit_predict(features)
    index = pd.MultiIndex.from_tuples(matches).to_frame().to_numpy()
    return {"": components(len(frame), index[:, 0].astype(int), index[:, 1].astype(int))}


def ours(source: Path) -> dict[str, Any]:
    from intake.matching import match_file

    out = source.with_suffix(".matched.parquet")
    match_file(source, out)
    matched = pq.read_table(out, columns=["record_id", "enterprise_id"])
    import pyarrow.compute as pc

    place = pc.index_in(
        pq.read_table(source, columns=["record_id"])["record_id"], matched["record_id"].combine_chunks()
    )
    return {
        "": matched["enterprise_id"]
        .combine_chunks()
        .dictionary_encode()
        .indices.take(place.combine_chunks())
        .to_numpy()
    }


def main() -> None:
    case, source, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    started = time.perf_counter()
    if case == "prepare":
        prepare(source, out)
        return
    found = {
        "exact": exact,
        "splink": splink,
        "linkage": linkage,
        "ours": ours,
        "pairs": splink_pairs,
        "persons": splink_persons,
    }[case](source)
    seconds = time.perf_counter() - started
    pq.write_table(pa.table({name or "only": pa.array(labels) for name, labels in found.items()}), out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # On a busy machine wall seconds say little: the processor's are told beside them.
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
