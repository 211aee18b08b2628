"""One ledger of leads and nothing else gives a list: units from it, a labelled rule, 暂无 for what no ledger tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from office.installing import write_folder
from orchestration.command_line import main

HEADER = ("线索编号", "项目名称", "企业名称", "责任单位", "首报日期", "计划总投资（万元）", "主要产品")
UNITS = ("城关镇", "城南街道", "招商局")
FACTS = {"name": "东皋区", "province": "江苏省", "city": "南通市"}


def write_leads(inbox: Path, rows: int, without: Sequence[str] = ()) -> None:
    """Write a ledger of leads without some of its columns."""
    inbox.mkdir(parents=True)
    with xlsxwriter.Workbook(str(inbox / "线索.xlsx")) as book:
        sheet = book.add_worksheet("线索台账")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        kept = [name for name in HEADER if name not in without]
        sheet.write_row(0, 0, kept)
        for n in range(1, rows + 1):
            firm = f"南通{chr(0x4E00 + 37 * n)}纺织有限公司"
            reported = dt.date(2024, 3, 1) + dt.timedelta(days=37 * n % 800)
            cells = (f"L{n:04d}", f"面料项目{n}", firm, UNITS[n % 3], reported, 1000 + 37 * n, "高档面料")
            for x, name in enumerate(kept):
                value = cells[HEADER.index(name)]
                sheet.write_datetime(n, x, value, day) if isinstance(value, dt.date) else sheet.write(n, x, value)


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a night on the inbox with the settings of a fresh zeyou init."""
    monkeypatch.setenv("ZEYOU_HOME", str(tmp_path / "home"))
    write_folder(tmp_path / "home/office", FACTS, ["纺织服装"])
    return main(["run", "--inbox", str(tmp_path / "inbox"), "--as-of", "2026-06-30"])


@pytest.mark.long
@pytest.mark.parametrize(
    ("rows", "without"), [(5, ()), (1, ()), (30, HEADER[3:6]), (30, HEADER[5:6])], ids=["5", "1", "bare", "no amounts"]
)
def test_a_ledger_of_leads_is_enough(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    rows: int,
    without: Sequence[str],
) -> None:
    write_leads(tmp_path / "inbox", rows, without)
    assert run(tmp_path, monkeypatch) == 0
    told = capsys.readouterr().out
    assert "按规则，暂无模型" in told and "没有收到" in told and "/boards/ledgers" in told
    current = tmp_path / "home/published/current"
    leads = pd.read_parquet(current / "ranked_leads.parquet")
    assert len(leads) == rows and set(leads["landing_kind"]) == {"rule"}
    units = {"未注明单位"} if "责任单位" in without else set(UNITS[: max(1, rows)] if rows > 2 else {UNITS[1]})
    assert set(leads["unit_name"]) == units
    boards = {
        name: pd.read_parquet(current / f"boards/{name}.parquet") for name in ("units", "ledgers", "unit_standing")
    }
    types = dict(zip(boards["units"]["unit_name"], boards["units"]["unit_type"], strict=True))
    known = {"城关镇": "镇", "城南街道": "街道", "招商局": "部门", "未注明单位": "未注明"}
    assert types == {unit: known[unit] for unit in units}
    received = boards["ledgers"].set_index("ledger_name")["received_count"].dropna()
    assert received.to_dict() == {"线索台账": rows}
    for column in ("follow_up_count_30d", "overdue_count", "is_silent", "signed_count", "started_wan_cny"):
        assert boards["unit_standing"][column].isna().all(), column
    ranks = pd.read_parquet(tmp_path / "home/exports/boards/brd_unit__ranks.parquet")
    ranked = set(ranks.loc[ranks["peer_rank"].notna(), "indicator"])
    assert ranked == (set() if "首报日期" in without else {"新增线索数"})
    assert ranks.loc[~ranks["indicator"].isin(ranked), ["year_value", "peer_median"]].isna().all(axis=None)


@pytest.mark.long
def test_a_ledger_with_a_header_only_says_what_is_missing_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_leads(tmp_path / "inbox", 0)
    assert run(tmp_path, monkeypatch) == 3
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("错误：本次没有发布：没有收到线索台账") and str(tmp_path / "inbox") in line
