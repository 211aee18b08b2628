"""Layers of the SQL project point down (docs/decisions/0052): read from dbt's manifest, with no list of exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.resources import DBT_FOLDER, manifest_of, parsed_project
from orchestration.settings import Settings

# What each layer may read, itself included. Staging alone reads what landed, scores alone what was learned; what the office
# edits was checked before it landed, and every layer reckons with it.
OFFICE = "source.office"
READS = {
    "staging": {OFFICE, "source.landing", "seeds", "staging"},
    "intermediate": {OFFICE, "seeds", "staging", "intermediate"},
    "marts": {OFFICE, "seeds", "staging", "intermediate", "marts"},
    "features": {OFFICE, "seeds", "intermediate", "marts", "features"},
    "boards": {OFFICE, "seeds", "staging", "intermediate", "marts", "features", "boards"},
    "scores": {OFFICE, "seeds", "staging", "intermediate", "marts", "features", "boards", "scores", "source.learning"},
}
PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_"),
    "features": ("ftr_",),
    "boards": ("brd_",),
    "scores": ("scr_",),
}
# Ledgers whose rows a fact judges (evidence, hand-over, version): above the facts, only the fact says what counts.
JUDGED = {
    "stage_moves": "fct_stage_moves",
    "lead_transfers": "fct_lead_transfers",
    "targets": "fct_targets",
    "target_changes": "fct_target_history",
    "assessment_marks": "fct_assessment_marks",
    "scoring_rules": "fct_scoring_rules",
    "external_lists": "fct_list_entries",
    "chain_needs": "fct_chain_needs",
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    return Settings(home=home, inbox=home / "inbox", register=None)


@pytest.fixture(scope="module")
def manifest(installation: Settings) -> dict[str, Any]:
    return manifest_of(parsed_project(installation))


def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def layer_of(manifest: dict[str, Any], key: str) -> str:
    """Return the folder under models/ of a model, `seeds`, or `source.<name>`."""
    if key in manifest["sources"]:
        return f"source.{manifest['sources'][key]['source_name']}"
    node = manifest["nodes"][key]
    return "seeds" if node["resource_type"] == "seed" else str(node["fqn"][1])


def edges(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (reader, what it reads) of every model."""
    for key, node in models(manifest).items():
        yield from ((key, read) for read in node["depends_on"]["nodes"])


def test_every_reference_points_down(manifest: dict[str, Any]) -> None:
    wrong = [
        (reader, read)
        for reader, read in edges(manifest)
        if layer_of(manifest, read) not in READS[layer_of(manifest, reader)]
    ]
    assert wrong == []


def test_what_the_check_knows_is_all_there_is(manifest: dict[str, Any]) -> None:
    """A layer, a source or a judged ledger that came or went must not leave the check looking at nothing."""
    assert {layer_of(manifest, key) for key in models(manifest)} == set(READS)
    sources = {f"source.{source['source_name']}" for source in manifest["sources"].values()}
    assert sources == {read for reads in READS.values() for read in reads if read.startswith("source.")}
    names = {node["name"] for node in models(manifest).values()}
    assert names >= {*JUDGED.values(), *(f"stg_ledger__{ledger}" for ledger in JUDGED)}


def test_no_macro_reads_a_source_but_the_offices() -> None:
    """A macro that does would read it for every layer, and what runs only while executing is in no manifest."""
    text = "".join(path.read_text(encoding="utf-8") for path in (DBT_FOLDER / "macros").rglob("*.sql"))
    assert set(re.findall(r"source\(\s*['\"](\w+)", text)) == {"office"}


def test_a_name_says_its_layer_and_its_folder(manifest: dict[str, Any]) -> None:
    for node in models(manifest).values():
        _, layer, *folders, name = node["fqn"]
        assert name.startswith(PREFIXES[layer]), name
        if layer == "marts":
            assert "__" not in name, name  # dim_<things>, fct_<facts>
        elif folders:
            assert name.startswith(f"{PREFIXES[layer][0]}{folders[0]}__"), name


def test_above_the_facts_only_facts_say_what_counts(manifest: dict[str, Any]) -> None:
    """A board whose question is the writing itself (台账完整率) says so in its meta."""
    nodes = models(manifest)
    judged = {f"model.zeyou.stg_ledger__{ledger}" for ledger in JUDGED}
    readers = {
        reader
        for reader, read in edges(manifest)
        if read in judged and layer_of(manifest, reader) in ("features", "boards", "scores")
    }
    declared = {key for key, node in nodes.items() if node["config"]["meta"].get("reads_rows_as_written")}
    assert readers == declared


def test_boards_wait_for_no_learning(installation: Settings) -> None:
    """Whatever becomes of a training, what people read of the day is built."""
    graph = build_defs(installation).resolve_asset_graph()
    groups = {key: graph.get(key).group_name for key in graph.materializable_asset_keys}
    found: set[dg.AssetKey] = set()
    waiting = [key for key, group in groups.items() if group == "boards"]
    assert waiting
    while waiting:
        parents = graph.get(waiting.pop()).parent_keys - found
        found |= parents
        waiting.extend(parents)
    assert {groups[key] for key in found} == {
        "office", "ingestion", "seeds", "staging", "intermediate", "marts", "features", "boards",
    }  # fmt: skip


def test_scores_are_what_was_learned(manifest: dict[str, Any]) -> None:
    """A model that no learned table reaches is a board."""
    reached = {key for key in manifest["sources"] if layer_of(manifest, key) == "source.learning"}
    grown = True
    while grown:
        more = {reader for reader, read in edges(manifest) if read in reached} - reached
        grown, reached = bool(more), reached | more
    scores = {key for key in models(manifest) if layer_of(manifest, key) == "scores"}
    assert reached & set(models(manifest)) == scores
