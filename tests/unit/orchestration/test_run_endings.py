"""Whatever ends a run, the command says it in one Chinese line with a fix, and its exit code says of what kind it is."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from test_endings import assert_is_plain

from intake.workbook import FileProblem
from orchestration import commands
from orchestration.checking import accounting_result, suite_check
from orchestration.command_line import build_parser
from orchestration.defs.ingestion.assets import told_plainly
from orchestration.endings import EXIT_CODES, Busy, NoLedgers, Refused
from orchestration.metadata import FAULT
from orchestration.nightly import NightlyResult, _summary
from orchestration.quality import suites
from orchestration.resources import Workplace
from orchestration.settings import Settings
from storage import write_parquet


def raised(error: Exception, *, plainly: bool = False) -> Callable[[Path], dg.Definitions]:
    """A run whose only step raises."""

    def build(_: Path) -> dg.Definitions:
        @dg.asset(key=["landing", "files"])
        def step() -> None:
            if plainly:
                with told_plainly():
                    raise error
            raise error

        return dg.Definitions([step])

    return build


def gate(home: Path) -> dg.Definitions:
    """A run that a gate of rows ends."""
    import pandas as pd

    @dg.asset(key=["landing", "files"])
    def step() -> None:
        """Do nothing."""

    @dg.asset_check(asset=step, blocking=True)
    def rows_add_up() -> dg.AssetCheckResult:
        return accounting_result(
            pd.DataFrame({"file": ["线索.xlsx"], "gone": [3]}), {"file": "来件", "gone": "少的行"}, {}
        )

    @dg.asset(deps=[step])
    def never() -> None:
        raise AssertionError

    return dg.Definitions([step, never], asset_checks=[rows_add_up])


def ledger(rows: int) -> Callable[[Path], dg.Definitions]:
    """A run that the suite of the ledger of leads ends: no row of it, or rows without a key."""
    import pyarrow as pa

    from intake.contract import get_contract

    def build(home: Path) -> dg.Definitions:
        @dg.asset(key=["landing", "leads"])
        def step() -> None:
            table = pa.Table.from_pylist([{}] * rows, get_contract("leads").schema())
            (home / "landing").mkdir(exist_ok=True)
            write_parquet(home / "landing/leads.parquet", table)

        place = Workplace(home=str(home), inbox=str(home / "inbox"))
        return dg.Definitions(
            [step], asset_checks=[suite_check("landing/leads", suites.leads)], resources={"workplace": place}
        )

    return build


def failure(line: str, kind: str) -> Exception:
    return dg.Failure(line, metadata={FAULT: kind}, allow_retries=False)


KINDS: list[tuple[Callable[[Path], dg.Definitions], int, str]] = [
    (raised(FileProblem("线索.xlsx：打不开；请另存后重发"), plainly=True), 2, "线索.xlsx"),
    (raised(Refused("district.yaml：缺少这一项；请补上"), plainly=True), 2, "district.yaml"),
    (raised(NoLedgers("没有收到线索台账；请放进收件夹"), plainly=True), 3, "没有收到线索台账"),
    (ledger(0), 3, "没有一行能接收"),
    (ledger(2), 4, "请按此改正线索台账"),
    (gate, 4, "线索.xlsx"),
    (raised(failure("SQL 构建有 1 项未通过：检验 unique 有 3 行不符；详情在 dbt.log", "gate")), 4, "检验 unique"),
    (raised(Busy("仓库正被进程 7 占用，等了 20 秒；请关闭它，再运行"), plainly=True), 5, "占用"),
    (raised(duckdb.IOException('IO Error: Could not set lock on file "x": Conflicting lock is held')), 5, "占用"),
    (raised(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/数据/x.parquet")), 6, "磁盘满了"),
    (raised(OSError(errno.EACCES, os.strerror(errno.EACCES), "/数据/x.parquet")), 6, "没有读写权限"),
    (raised(MemoryError()), 6, "内存不够"),
    (raised(KeyError("investment_wan_cny")), 1, "详情记在"),
    (raised(ZeroDivisionError("float division by zero")), 1, "详情记在"),
]


def run(home: Path, build: Callable[[Path], dg.Definitions]) -> NightlyResult:
    """Execute everything of a graph as a run is executed, and sum it up as the command does."""
    defs = build(home)
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        entries = instance.all_logs(result.run_id)
    return _summary(result.success, entries, 0.0, home, home / "logs/nightly.log")


@pytest.mark.parametrize(("build", "code", "said"), KINDS, ids=[f"{kind[1]}-{kind[2][:8]}" for kind in KINDS])
def test_whatever_ends_a_run_is_one_line_and_one_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], build: Callable[[Path], dg.Definitions], code: int, said: str
) -> None:
    result = run(tmp_path, build)
    assert not result.success and result.ending
    assert result.ending.code == code and code in EXIT_CODES
    capsys.readouterr()
    assert commands._report(result, Settings(tmp_path, tmp_path / "inbox", None)) == code
    told = capsys.readouterr()
    (line,) = told.err.strip().splitlines()
    assert line.startswith("错误：本次没有发布：") and said in line
    assert_is_plain(line)
    assert not re.search(r"Error|Exception|[Dd]agster", told.out + told.err)


def test_every_code_is_told_with_the_command() -> None:
    parser = build_parser()
    commands_of = next(a for a in parser._actions if a.choices and "run" in a.choices)
    assert commands_of.choices
    told = "".join(commands_of.choices["run"].format_help().split())  # type: ignore[attr-defined]
    assert all(f"{code}{text}" in told for code, text in EXIT_CODES.items())
