"""The command `zeyou match`: whole files, or one clear line and nothing at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matching_tables import CODES, row, table

from orchestration.command_line import main

HEADER = "record_id,other_id,verdict,decided_by,decided_date\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = table(
        row("a", "青岛华泰建材有限公司", uscc=CODES[0], city="青岛"),
        row("b", "青岛华泰建材", city="青岛"),
        row("c", "宏远化工", city="济南"),
    )
    pq.write_table(rows, tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def run(source: Path, *more: str) -> int:
    return main(["match", str(source), "--out", str(source.parent / "out" / "企业.parquet"), *more])


def test_match_writes_result_crosswalk_and_log(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decisions = tmp_path / "决定.csv"
    decisions.write_text(HEADER + "a,c,同一,赵甲,2026-05-01\n", encoding="utf-8")
    assert run(source, "--crosswalk", str(tmp_path / "out" / "编号.parquet"), "--decisions", str(decisions)) == 0
    out = tmp_path / "out"
    assert sorted(p.name for p in out.iterdir()) == ["企业.parquet", "编号.events.parquet", "编号.parquet"]
    found = pq.read_table(out / "企业.parquet")
    assert found.column_names == ["record_id", "enterprise_id", "parent_enterprise_id", "why"]
    assert found["enterprise_id"].to_pylist() == ["QY000000001"] * 3
    assert found["why"].to_pylist()[2] == "人工决定（2026-05-01）：同一"
    assert "赵甲" not in str(found.to_pylist())
    assert "3 行，1 家企业" in capsys.readouterr().out


BAD_TABLES = {
    "no name": (pa.table({"record_id": ["a"]}), "缺少列 name"),
    "repeated": (pa.table({"record_id": ["a", "a"], "name": ["x", "y"]}), "“a”出现不止一次"),
    "null id": (pa.table({"record_id": pa.array(["a", None]), "name": ["x", "y"]}), "record_id 有空值"),
    "no rows": (pa.table({"record_id": pa.array([], pa.string()), "name": pa.array([], pa.string())}), "没有一行数据"),
    "numbers": (pa.table({"record_id": ["a"], "name": ["x"], "phone": [13900000000]}), "列 phone 应为文本"),
    "lists": (pa.table({"record_id": ["a"], "name": [["x"]]}), "列 name 应为文本"),
}


@pytest.mark.parametrize("name", [*BAD_TABLES, "missing", "zero bytes", "cut off"])
def test_bad_input_is_one_line_and_writes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.parquet"
    said = {"missing": "不存在", "zero bytes": "0 字节", "cut off": "不是完整的 Parquet"}.get(name)
    if name in BAD_TABLES:
        rows, said = BAD_TABLES[name]
        pq.write_table(rows, source)
    elif name == "zero bytes":
        source.write_bytes(b"")
    elif name == "cut off":
        pq.write_table(pa.table({"record_id": ["a"], "name": ["x"]}), source)
        source.write_bytes(source.read_bytes()[:-9])
    assert_refused(run(source), said, tmp_path, capsys)


BAD_DECISIONS = {
    "no column": ("record_id,other_id\na,b\n", "缺少列 verdict"),
    "verdict": (HEADER + "a,b,好像,赵甲,2026-05-01\n", "“好像”不认识"),
    "nobody": (HEADER + "a,b,同一,,2026-05-01\n", "decided_by 为空"),
    "no day": (HEADER + "a,b,同一,赵甲,\n", "decided_date 为空"),
    "day": (HEADER + "a,b,同一,赵甲,某日\n", "不是日期"),
    "itself": (HEADER + "a,a,同一,赵甲,2026-05-01\n", "两个编号相同"),
}


@pytest.mark.parametrize("name", BAD_DECISIONS)
def test_a_bad_ledger_of_decisions_stops_the_run(
    name: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = BAD_DECISIONS[name]
    (tmp_path / "决定.csv").write_text(text, encoding="utf-8")
    assert_refused(run(source, "--decisions", str(tmp_path / "决定.csv")), said, tmp_path, capsys)


def test_a_broken_crosswalk_is_never_started_anew(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "编号.parquet").write_bytes(b"PAR1")
    code = run(source, "--crosswalk", str(tmp_path / "编号.parquet"))
    assert_refused(code, "请从备份恢复", tmp_path, capsys)
    assert (tmp_path / "编号.parquet").read_bytes() == b"PAR1"


def assert_refused(code: int, said: str | None, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = capsys.readouterr()
    assert code != 0
    assert told.out == ""
    assert told.err.startswith("错误：") and told.err.count("\n") == 1
    assert said is not None and said in told.err
    assert not (folder / "out").exists()
