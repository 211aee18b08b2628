"""The command `zeyou read`: the result whole, or one clear line and nothing at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ledger_writing import HEADER, OLE, lead

from orchestration.command_line import main

REGISTER = "企业名称,统一社会信用代码,省份\n云川纺织有限公司,91440300708461136T,山东\n短,91440300708461136T,山东\n"


def test_read_writes_three_files_that_add_up(book, tmp_path, capsys):
    path = book(["台账"], HEADER, lead(1), lead(2, 首报日期="6月底", 投资主体=None), ["合计"], header=[None])
    out = tmp_path / "结果"
    assert main(["read", str(path), "--contract", "leads", "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["accepted.parquet", "refused.parquet", "summary.json"]
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary == {"read": 5, "accepted": 1, "refused": 1, "not_data": 3}
    accepted, refused = pq.read_table(out / "accepted.parquet"), pq.read_table(out / "refused.parquet")
    assert accepted.column_names[-4:] == ["source_file", "source_sheet", "source_row", "file_hash"]
    assert refused.column_names[:8] == ["contract", "file", "sheet", "row", "column", "value", "reason", "mend"]
    assert (len(accepted), refused["column"].to_pylist()) == (1, ["首报日期", "投资主体"])
    assert "读入 5 行 = 接收 1 + 拒收 1 + 非数据 3" in capsys.readouterr().out


def test_read_of_a_register(tmp_path):
    (tmp_path / "r.csv").write_text(REGISTER, encoding="utf-8")
    assert main(["read", str(tmp_path / "r.csv"), "--contract", "register", "--out", str(tmp_path / "out")]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary == {"read": 2, "accepted": 1, "refused": 1, "not_data": 0}
    assert pq.read_table(tmp_path / "out" / "refused.parquet")["row"].to_pylist() == [3]


BAD = (
    "missing", "missing register", "zero bytes", "no contract", "wrong contract", "password", "broken", "kind",
    "register kind", "truncated parquet", "lacks a column",
)  # fmt: skip


def bad_files(folder: Path, good: Path) -> dict[str, tuple[Path, str, str]]:
    """Give every bad input by name: the file, the contract it is read by, what is said."""

    def write(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    pq.write_table(pa.table({"name": ["云川纺织有限公司"]}), folder / "lacks.parquet")
    whole = (folder / "lacks.parquet").read_bytes()
    return {
        "missing": (folder / "没有.xlsx", "leads", "文件不存在"),
        "missing register": (folder / "没有.csv", "register", "企业名录不存在"),
        "zero bytes": (write("零.xlsx", b""), "leads", "0 字节"),
        "no contract": (good, "lead", "没有名为“lead”的台账约定"),
        "wrong contract": (good, "targets", "找不到“年度任务”的表头"),
        "password": (write("密.xlsx", OLE + bytes(4096)), "leads", "打开密码"),
        "broken": (write("坏.xlsx", good.read_bytes()[:500]), "leads", "损坏"),
        "kind": (write("a.pdf", b"%PDF"), "leads", "不是 Excel 工作簿"),
        "register kind": (good, "register", "应为 .parquet"),
        "truncated parquet": (write("截断.parquet", whole[:-9]), "register", "损坏"),
        "lacks a column": (folder / "lacks.parquet", "register", "缺少列"),
    }


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("older", [False, True])
def test_bad_input_is_one_line_and_leaves_the_folder_as_it_was(book, tmp_path, capsys, name, older):
    good, out = book(lead(1)), tmp_path / "out"
    if older:
        main(["read", str(good), "--contract", "leads", "--out", str(out)])
    before = {p.name: p.read_bytes() for p in out.iterdir()} if older else None
    path, contract, said = bad_files(tmp_path, good)[name]
    listed = sorted(p.name for p in tmp_path.iterdir())
    capsys.readouterr()
    assert main(["read", str(path), "--contract", contract, "--out", str(out)]) != 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("错误：")
    assert told.err.count("\n") == 1
    assert said in told.err
    assert ("请" in told.err) or ("可用的有" in told.err)
    assert path.name in told.err or name == "no contract"
    assert ({p.name: p.read_bytes() for p in out.iterdir()} if older else None) == before
    assert out.exists() == older
    assert sorted(p.name for p in tmp_path.iterdir()) == listed


def test_a_folder_that_can_not_be_written_is_told(book, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ZEYOU_HOME", str(tmp_path / "home"))
    (tmp_path / "file").write_text("x")
    assert main(["read", str(book(lead(1))), "--contract", "leads", "--out", str(tmp_path / "file")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"错误：这个路径不能用：{tmp_path / 'file'}") and "请检查路径" in line


def test_the_module_runs_from_the_shell_into_the_folder_it_stands_in(book, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-m", "orchestration", "read", str(book(lead(1))), "--contract", "leads", "--out", "."]
    done = subprocess.run(
        command, cwd=here, env=os.environ | {"PYTHONPATH": root}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(here.iterdir())) == 3
