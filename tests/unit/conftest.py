"""Unit tests leave no settings in use behind: what a process lets hold for the rest of its life ends with the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import office


@pytest.fixture(autouse=True)
def _defaults_in_use() -> Iterator[None]:
    """Let the packaged defaults hold for every test."""
    with office.using(office.DEFAULTS):
        yield
