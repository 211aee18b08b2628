"""What the command line says of a rebuilt list."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from orchestration import archive, commands, rebuilding


@pytest.mark.parametrize(
    ("is_success", "is_equal", "code", "text"),
    [(True, True, 0, "逐字节相同"), (True, False, 1, "不同：a.parquet"), (False, False, 1, "重建没有完成，没有比较")],
)
def test_a_rebuild_that_was_cut_off_is_not_told_as_a_different_list(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_success: bool,
    is_equal: bool,
    code: int,
    text: str,
) -> None:
    found = SimpleNamespace(
        snapshot_id="S1",
        folder=None,
        differing=[] if is_equal else ["a.parquet"],
        remarks=[],
        result=SimpleNamespace(problems=[], success=is_success),
        is_equal=is_equal,
    )
    monkeypatch.setattr(archive, "list_of", lambda settings, as_of: "S1")
    monkeypatch.setattr(rebuilding, "rebuild", lambda settings, snapshot_id: found)
    assert commands.rebuild("S1") == code
    said = capsys.readouterr().out
    assert text in said and ("a.parquet" in said) == (is_success and not is_equal)
