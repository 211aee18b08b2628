"""Registry: same content same version, promotion and a way back, nothing half written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from models.additive import tables_from_points
from models.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry", clock=lambda: dt.datetime(2026, 6, 30, tzinfo=dt.UTC))


def table(base: float = 0.0) -> pd.DataFrame:
    sheet = {"points_per_unit": 1, "base_points": base, "terms": {"a": {"categories": {"甲": 1}}}}
    return tables_from_points(sheet).to_tables()


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_same_content_gives_same_version_and_bytes(registry: Registry, tmp_path: Path) -> None:
    report: dict[str, Any] = {"kind": "model", "passed": True, "reasons": ["无"]}
    version = registry.save("landing", table(), report, {"data_hash": "abc"})
    assert version.startswith("model-") and len(version) == len("model-") + 12
    assert registry.save("landing", table(), dict(reversed(report.items())), {"data_hash": "abc"}) == version
    elsewhere = Registry(tmp_path / "other")
    assert elsewhere.save("landing", table(), report, {"data_hash": "abc"}) == version
    assert content(registry.root / "landing" / version) == content(elsewhere.root / "landing" / version)
    others = {
        registry.save("landing", table(1.0), report, {"data_hash": "abc"}),
        registry.save("landing", table(), {**report, "passed": False}, {"data_hash": "abc"}),
        registry.save("landing", table(), report, {"data_hash": "abd"}),
        registry.save("landing", table(), {**report, "kind": "rule"}, {"data_hash": "abc"}),
    }
    assert len(others | {version}) == 5 and sorted(others | {version}) == registry.versions("landing")
    assert not [p for p in (registry.root / "landing").iterdir() if p.name.startswith(".")]


def test_round_trip(registry: Registry) -> None:
    version = registry.save("tax", table(2.5), {"kind": "rule", "n": 3}, {"code": "x"})
    got = registry.load("tax", version)
    pd.testing.assert_frame_equal(got.tables, table(2.5), check_exact=True)
    assert got.report == {"kind": "rule", "n": 3} and got.manifest["code"] == "x" and got.manifest["version"] == version


def test_promote_and_revert_walk_the_stack(registry: Registry) -> None:
    one, two, three = (registry.save("landing", table(b), {"kind": "model"}, {}) for b in (1.0, 2.0, 3.0))
    assert registry.active("landing") is None
    for version in (one, two, two, three):
        registry.promote("landing", version)
    assert registry.active("landing") == three and registry.load("landing").version == three
    assert registry.revert("landing") == two and registry.revert("landing") == one
    with pytest.raises(LookupError):
        registry.revert("landing")
    assert registry.active("landing") == one
    assert [(h["action"], h["to"]) for h in registry.history("landing")] == [
        ("promote", one), ("promote", two), ("promote", three), ("revert", two), ("revert", one),
    ]  # fmt: skip


def test_a_changed_or_unknown_version_is_not_promoted(registry: Registry) -> None:
    version = registry.save("landing", table(), {"kind": "model"}, {})
    (registry.root / "landing" / version / "report.json").write_text("{}")
    with pytest.raises(ValueError, match="report_sha256"):
        registry.promote("landing", version)
    with pytest.raises(LookupError):
        registry.promote("landing", "model-000000000000")
    with pytest.raises(ValueError, match="name"):
        registry.active("../landing")
    assert registry.active("landing") is None


def test_a_failed_save_leaves_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", broken)
    with pytest.raises(OSError, match="disk full"):
        registry.save("landing", table(), {"kind": "model"}, {})
    assert list((registry.root / "landing").iterdir()) == []
