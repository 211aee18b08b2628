"""Writing the folder once, and what an upgrade adds beside what the office has."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from office_folders import CHAINS, FACTS, bytes_of, rows_of, set_cell, write_rows

import office.installing
import office.reading
from office import DEFAULTS, OfficeError, read_district
from office.installing import NEW, ORIGIN, library_of_chains, upgrade_folder, write_folder
from office.reading import FILES, check_folder
from office.tables import TABLES

LIBRARY = list(library_of_chains().values())
EDITED = ("board_limits.csv", "zones.csv", "weights.yaml", "desk.yaml", "exchange_rates.csv")
ADDED = "新规则"  # a word of the closed table board_limits that only the newer program knows


def ends_of_edges(content: dict[str, Any]) -> Iterator[str]:
    for chain in content["chains"]:
        for edge in chain["edges"]:
            yield from edge


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_folder_begun_by_hand_is_completed_and_its_district_stays(tmp_path: Path) -> None:
    folder = tmp_path / "office"
    folder.mkdir()
    own = "name: 东皋区  # 本区\nprovince: 江苏省\ncity: 南通市\n"
    (folder / "district.yaml").write_text(own, encoding="utf-8")
    assert write_folder(folder, {}, LIBRARY[:1]).name == "东皋区"
    assert (folder / "district.yaml").read_text(encoding="utf-8") == own
    assert check_folder(folder) == []
    with pytest.raises(OfficeError, match="已经有"):
        write_folder(folder, FACTS, LIBRARY)


def test_a_file_under_another_name_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    write_folder(tmp_path / "office", FACTS, LIBRARY)
    (tmp_path / "office" / "landing_settings.yaml").write_text("milestone: 开工\n", encoding="utf-8")
    (problem,) = check_folder(tmp_path / "office")
    assert str(problem).startswith("landing_settings.yaml：不认识这个文件")


@given(st.lists(st.sampled_from(LIBRARY), min_size=1, max_size=len(LIBRARY), unique=True))
@settings(max_examples=6)
def test_the_chosen_chains_are_there_and_no_edge_leads_out_of_them(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        write_folder(Path(place) / "office", FACTS, names)
        content = yaml.safe_load((Path(place) / "office/chains.yaml").read_text(encoding="utf-8"))
    whole = yaml.safe_load((DEFAULTS / "chains.yaml").read_text(encoding="utf-8"))
    assert {chain["name"] for chain in content["chains"]} == set(names)
    nodes = {node["id"] for chain in content["chains"] for node in chain["nodes"]}
    assert set(ends_of_edges(content)) <= nodes
    kept = [e for c in whole["chains"] if c["name"] in names for e in c["edges"] if set(e) <= nodes]
    assert [e for c in content["chains"] for e in c["edges"]] == kept
    # Nothing of a chain is lost but its edges into others.
    for chain in content["chains"]:
        before = next(c for c in whole["chains"] if c["id"] == chain["id"])
        assert {**chain, "edges": None} == {**before, "edges": None}


def test_the_district_is_what_was_typed(written: Path) -> None:
    district = read_district(written)
    assert {name: getattr(district, name) for name in FACTS} == FACTS
    assert yaml.safe_load((written / "trips.yaml").read_text(encoding="utf-8"))["start_city"] in {
        row["city_name"] for row in rows_of(written / "cities.csv") if row["province_name"] == "江苏省"
    }


@pytest.mark.parametrize("chains", [[], ["纺织服装", "航天"]])
def test_no_chain_and_an_unknown_chain_leave_no_folder(tmp_path: Path, chains: list[str]) -> None:
    with pytest.raises(OfficeError, match="可选：.*纺织服装"):
        write_folder(tmp_path / "office", FACTS, chains)
    assert list(tmp_path.iterdir()) == []


def test_a_chain_file_of_the_offices_own_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "链.yaml"
    own.write_bytes((DEFAULTS / "chains.yaml").read_bytes() + "# 自己的\n".encode())
    write_folder(tmp_path / "office", FACTS, own)
    assert (tmp_path / "office/chains.yaml").read_bytes() == own.read_bytes()
    with pytest.raises(OfficeError, match="打不开"):
        write_folder(tmp_path / "other", FACTS, tmp_path / "没有.yaml")


def test_a_folder_is_written_once(folder: Path) -> None:
    before = bytes_of(folder)
    with pytest.raises(OfficeError, match="没有改动"):
        write_folder(folder, FACTS | {"name": "东皋区"}, ["纺织服装"])
    assert bytes_of(folder) == before


@given(st.sets(st.sampled_from([name for name in FILES if name != "district.yaml"]), max_size=6))
@settings(max_examples=6)
def test_files_laid_there_before_are_never_overwritten(names: set[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "office"
        folder.mkdir()
        for name in names:
            (folder / name).write_text(f"# {name} 是办公室自己的\n", encoding="utf-8")
        before = bytes_of(folder)
        write_folder(folder, FACTS, CHAINS)
        after = bytes_of(folder)
        assert {name: after[name] for name in before} == before
        assert set(after) >= set(FILES) and [p.name for p in Path(place).iterdir()] == ["office"]


# --- upgrading --------------------------------------------------------------------------------------------------------


@contextmanager
def newer_defaults() -> Iterator[Path]:
    """Let the program know more than the version that a folder was written by: a rule, a city, a changed weight, a new comment."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        newer = Path(place) / "defaults"
        shutil.copytree(DEFAULTS, newer)
        limits = rows_of(newer / "board_limits.csv")
        write_rows(newer / "board_limits.csv", [*limits, {**limits[0], "rule_code": ADDED}])
        zones = rows_of(newer / "zones.csv")
        write_rows(newer / "zones.csv", [*zones, {**zones[0], "written": "未来功能区"}])
        for name, old, new in (
            ("weights.yaml", "landing: 0.5 ", "landing: 0.45"),
            ("desk.yaml", "rows_a_page: 30", "rows_a_page: 50"),
        ):
            text = (newer / name).read_text(encoding="utf-8")
            assert old in text
            (newer / name).write_text(text.replace(old, new), encoding="utf-8")
        patch.setattr(office.installing, "DEFAULTS", newer)
        patch.setattr(office.reading, "DEFAULTS", newer)
        yield newer


def edit(folder: Path, name: str, how: int) -> None:
    """Edit a file as an office does: a cell, a row, a line of its own, other line ends."""
    path = folder / name
    text = path.read_bytes().decode()
    if how == 0:
        path.write_bytes(text.replace("未核实", "已核对").encode())
    elif how == 1 and name.endswith(".csv"):
        rows = rows_of(path)
        write_rows(
            path, rows[:-1] if not TABLES[path.stem].closed else [*rows, {**rows[0], "valid_from": "2027-01-01"}]
        )
    elif how == 2:
        path.write_bytes((text.rstrip("\n") + "\n" + ("" if name.endswith(".csv") else "# 本区自己的说明\n")).encode())
    elif how == 3:
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    else:
        path.write_bytes(text.replace("\n", "\r\n").encode())


edits = st.dictionaries(st.sampled_from(EDITED), st.integers(0, 4), max_size=4)
removed = st.sets(st.sampled_from(["drift.yaml", "cities.csv", "law_spoken.csv"]), max_size=2)


@given(edits, removed)
@settings(max_examples=10)
def test_an_upgrade_changes_nothing_of_the_offices_but_appends_rows(changes: dict[str, int], gone: set[str]) -> None:
    with tempfile.TemporaryDirectory() as place, newer_defaults() as newer:
        folder = Path(place) / "office"
        with pytest.MonkeyPatch.context() as patch:  # written by the version before
            patch.setattr(office.installing, "DEFAULTS", DEFAULTS)
            write_folder(folder, FACTS, CHAINS)
        for name, how in changes.items():
            edit(folder, name, how)
        for name in gone:
            (folder / name).unlink()
        before = {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}
        done = upgrade_folder(folder)
        for name, content in before.items():
            after = (folder / name).read_bytes()
            if after != content:
                # The one table with a new closed word: its own rows first, byte for byte, then the new one.
                assert name == "board_limits.csv"
                end = b"\r\n" if b"\r\n" in content else b"\n"
                kept = content.rstrip(b"\r\n") + end
                assert after.startswith(kept)
                new = after[len(kept) :].decode()
                assert new.count("\n") == 1 and new.endswith(end.decode()) and ADDED in new
        assert check_folder(folder) == []
        for name in gone:
            assert (folder / name).read_bytes() == (newer / name).read_bytes()
        assert {line.partition("：")[0] for line in done.added} == {*gone, "board_limits.csv"}
        differing = {line.partition("：")[0] for line in done.conflicts}
        assert {"zones.csv", "weights.yaml", "desk.yaml"} <= differing
        for name in differing:
            assert (folder / NEW / name).read_bytes() == (newer / name).read_bytes()
        # A second upgrade to the same version has nothing to say.
        after = bytes_of(folder)
        assert upgrade_folder(folder) == office.installing.Upgrade() and bytes_of(folder) == after


def test_an_upgrade_says_how_many_rows_differ_on_either_side(folder: Path) -> None:
    zones = rows_of(folder / "zones.csv")
    write_rows(folder / "zones.csv", [{**zones[0], "written": "本区功能区"}, *zones[3:]])
    with newer_defaults():
        done = upgrade_folder(folder)
    (line,) = [line for line in done.conflicts if line.startswith("zones.csv")]
    assert "新默认多 4 行、本区多 1 行" in line


def test_a_file_as_the_default_was_is_listed_not_replaced(folder: Path) -> None:
    before = (folder / "weights.yaml").read_bytes()
    with newer_defaults():
        done = upgrade_folder(folder)
    assert any(line.startswith("weights.yaml：与新默认有 2 行不同") for line in done.conflicts)
    assert (folder / "weights.yaml").read_bytes() == before


def test_an_upgrade_without_a_new_version_says_nothing_whatever_the_office_edited(folder: Path) -> None:
    for at, name in enumerate(EDITED):
        edit(folder, name, at % 3)
    set_cell(folder / "placeholders.csv", 0, "word", "暂缺")
    before = bytes_of(folder)
    assert upgrade_folder(folder) == office.installing.Upgrade()
    assert bytes_of(folder) == before


def test_a_lost_note_of_origins_only_lists_more(folder: Path) -> None:
    set_cell(folder / "zones.csv", 0, "source", "本区整理")
    (folder / ORIGIN).unlink()
    done = upgrade_folder(folder)
    assert done.added == [] and [line.partition("：")[0] for line in done.conflicts if "zones" in line] == ["zones.csv"]
    assert json.loads((folder / ORIGIN).read_text(encoding="utf-8"))["zones.csv"]


def test_every_default_reads_back_as_csv_writes_it() -> None:
    for table in TABLES.values():
        with (DEFAULTS / table.file).open(encoding="utf-8", newline="") as stream:
            assert next(csv.reader(stream)) == list(table.columns)
