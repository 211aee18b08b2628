"""One checked copy of the folder: the same content gives the same copy, and settings in use follow the folder in use."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from office_folders import FACTS, bytes_of, rows_of, set_cell, write_rows

import office
from office import cached, folder_in_use, settings_file
from office.reading import FILES
from office.tables import TABLES
from orchestration.endings import Refused
from orchestration.landing_office import LANDED, check_office, land_office
from sample.district import DISTRICT


def test_landing_twice_gives_the_same_folder_and_changes_nothing(folder: Path, tmp_path: Path) -> None:
    before, home = bytes_of(folder), tmp_path / "home"
    first = land_office(folder, home).resolve()
    landed = bytes_of(home)
    times = {path: path.stat().st_mtime_ns for path in first.iterdir()}
    assert land_office(folder, home).resolve() == first
    assert bytes_of(home) == landed and bytes_of(folder) == before
    assert {path: path.stat().st_mtime_ns for path in first.iterdir()} == times
    assert {path.name for path in first.iterdir()} == {*FILES, *(f"{name}.parquet" for name in TABLES)}
    for name in TABLES:
        assert pq.read_table(first / f"{name}.parquet").num_rows == len(rows_of(folder / f"{name}.csv"))


def test_another_content_is_another_copy_and_the_first_stays(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = land_office(folder, home).resolve()
    kept = bytes_of(first)
    set_cell(folder / "stage_limits.csv", 0, "limit_days", "61")
    second = land_office(folder, home).resolve()
    assert second != first and bytes_of(first) == kept and (home / LANDED).resolve() == second
    set_cell(folder / "stage_limits.csv", 0, "limit_days", rows_of(first / "stage_limits.csv")[0]["limit_days"])
    (folder / "stage_limits.csv").write_bytes((first / "stage_limits.csv").read_bytes())
    assert land_office(folder, home).resolve() == first


def test_a_folder_that_is_wrong_leaves_the_copy_in_use(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = land_office(folder, home).resolve()
    before = bytes_of(home)
    set_cell(folder / "traffic_lights.csv", 0, "valid_from", "")
    with pytest.raises(Refused, match="traffic_lights.csv 第 2 行 valid_from"):
        land_office(folder, home)
    assert (home / LANDED).resolve() == first and bytes_of(home) == before


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("weights.yaml", "tax: 0.15 ", "tax: 0.65 ", "weights.yaml"),
        ("chains.yaml", "[textile.nonwoven, ", "[textile.nowhere, ", "chains.yaml"),
        ("boards.yaml", "hidden: []", "hidden: [nothing]", "boards.yaml hidden：没有这些看板：nothing"),
        ("passwords.yaml", "words:", "word:", "passwords.yaml"),
        ("desk.yaml", "rows_a_page: 30", "rows_a_page: 0", "desk.yaml"),
        ("law_words.csv", "挂钩|联动", "挂钩.*联动", "law_words.csv 第 2 行"),
        ("law_rules.csv", "先缴后返", "没有的词类", "law_rules.csv“T01”：law_words.csv 没有这些词类"),
    ],
)
def test_what_a_room_demands_of_its_file_is_said_of_that_file(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = check_office(folder)
    assert problems and str(problems[0]).startswith(said) and "；" in str(problems[0])


def test_settings_in_use_follow_the_folder_and_its_content(folder: Path, tmp_path: Path) -> None:
    reads = []

    @cached
    def first_zone() -> str:
        reads.append(folder_in_use())
        return rows_of(settings_file("zones.csv"))[0]["written"]

    default = first_zone()
    assert first_zone() == default and len(reads) == 1
    with office.using(folder):
        assert (first_zone(), first_zone(), len(reads)) == (default, default, 2)
        rows = rows_of(folder / "zones.csv")
        write_rows(folder / "zones.csv", [{**rows[0], "written": "未来功能区"}, *rows[1:]])
        assert first_zone() == default  # whoever reckons goes on with what it began with
        with office.using(folder):
            assert first_zone() == "未来功能区"
            seen: list[str] = []
            thread = threading.Thread(target=lambda: seen.append(first_zone()))
            thread.start()
            thread.join()
            assert seen == ["未来功能区"]
    assert first_zone() == default and folder_in_use() == office.DEFAULTS


def test_the_defaults_name_no_district(written: Path) -> None:
    texts = [(written / name).read_text(encoding="utf-8") for name in FILES]
    place = DISTRICT.removesuffix("区")
    assert not [text for text in texts if place in text]
    assert [name for name in FILES if FACTS["name"] in (written / name).read_text(encoding="utf-8")] == [
        "district.yaml"
    ]
