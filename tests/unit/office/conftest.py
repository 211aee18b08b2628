"""A folder of a district that nobody invented for the sample, fresh for each test, and its workbook as sheets in memory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from office_folders import CHAINS, FACTS, LARGE, Book, copy_of

from intake.opening import Sheet, open_sheets
from office.installing import write_folder
from office.workbook import export


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `zeyou init` writes it; nobody changes it."""
    folder = tmp_path_factory.mktemp("written") / "office"
    write_folder(folder, FACTS, CHAINS)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A folder of its own for a test."""
    shutil.copytree(written, tmp_path / "office")
    return tmp_path / "office"


@pytest.fixture(scope="session")
def exported(written: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Sheet]:
    """The workbook of the folder, read once as the night reads it."""
    path = tmp_path_factory.mktemp("exported") / "规则.xlsx"
    path.write_bytes(export(written))
    return list(open_sheets(path))


@pytest.fixture
def whole_book(exported: list[Sheet]) -> Book:
    """The workbook for a test to fill in, signed."""
    return copy_of(exported)


@pytest.fixture
def book(whole_book: Book) -> Book:
    """The workbook without its largest sheets, which is quicker: a sheet that was taken out is no change."""
    return whole_book.drop(*LARGE)
