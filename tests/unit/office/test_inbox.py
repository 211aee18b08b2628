"""Workbooks of rules through the inbox and by command: taken once, accounted for, and never read as ledgers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import openpyxl
import pandas as pd
import pytest
from office_folders import Book, bytes_of, rows_of, save

from intake.landing import LandingStore
from intake.opening import open_sheets
from office.receiving import CHANGES
from office.workbook import STATE
from orchestration.command_line import main
from orchestration.defs.ingestion.assets import office_settings
from orchestration.landing_office import LANDED, check_office
from orchestration.office_workbooks import OfficeWorkbooks, is_one
from orchestration.resources import Workplace

Fill = Callable[[Book], Book]


def good(book: Book) -> Book:
    return book.add("汇率", "USD", "2026-07-01", 7.05, "核对")


def bad(book: Book) -> Book:
    return good(book).add("汇率", "JPY", "月底", 0.045, "核对")


@pytest.fixture
def home(folder: Path) -> Path:
    """An installation around the folder, with an inbox."""
    (folder.parent / "inbox").mkdir()
    return folder.parent


def store_of(home: Path, said: list[str]) -> LandingStore:
    claim = OfficeWorkbooks(home / "office", home, said.append).claim
    return LandingStore(home / "landing", home / "outbox", claim)


def files_of(home: Path) -> pd.DataFrame:
    return pd.read_parquet(home / "landing/files.parquet")


def test_a_workbook_is_known_by_what_is_in_it(home: Path, book: Book) -> None:
    rules = save(book, home / "inbox/随便叫什么.xlsx")
    for name, content in (
        ("a.xlsx", b"PK\x03\x04"),
        ("b.xlsx", b""),
        ("c.xls", b"\xd0\xcf\x11\xe0"),
        ("d.csv", "说明".encode()),
    ):
        (home / "inbox" / name).write_bytes(content)
    other = openpyxl.Workbook()
    other.active.title = "说明"
    other.save(home / "inbox/规则.xlsx")
    assert [path.name for path in sorted((home / "inbox").iterdir()) if is_one(path)] == [rules.name]


def test_a_workbook_is_applied_once_and_accounted_for(home: Path, book: Book) -> None:
    save(good(book), home / "inbox/规则.xlsx")
    said: list[str] = []
    (received,) = store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    assert (received.summary.accepted, received.summary.refused) == (1, 0) and received.problem is None
    assert said[0] == "规则.xlsx：王某 改的 1 处已写入本区设置（exchange_rates.csv）"
    after = bytes_of(home / "office")
    # Somebody undoes it by hand: the workbook is still in the inbox, and does not come back.
    lines = (home / "office/exchange_rates.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (home / "office/exchange_rates.csv").write_text(
        "".join(line for line in lines if "2026-07-01" not in line), encoding="utf-8"
    )
    undone = bytes_of(home / "office")
    store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    # Not even where the ledger store reads everything again, or under another name.
    shutil.rmtree(home / "landing/files")
    (home / "inbox/规则.xlsx").rename(home / "inbox/改名.xlsx")
    store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    assert bytes_of(home / "office") == undone != after
    landed = store_of(home, said).land_inbox(home / "inbox")
    assert not any(summary.read for summary in landed.rows.values())
    row = files_of(home).iloc[-1]
    assert row["rows_read"] == row["rows_accepted"] + row["rows_refused"] + row["rows_not_data"] > 300
    assert (row["rows_accepted"], row["contracts"]) == (1, "") and pd.isna(row["problem"])


def test_a_wrong_workbook_goes_back_and_changes_nothing(home: Path, book: Book) -> None:
    before = bytes_of(home / "office")
    save(bad(book), home / "inbox/规则.xlsx")
    said: list[str] = []
    store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    assert bytes_of(home / "office") == before
    assert "规则工作簿有 1 处要改，整本没有生效，设置照旧：工作表“汇率”" in said[0]
    landed = store_of(home, said).land_inbox(home / "inbox")
    (returned,) = (home / "outbox").iterdir()
    (file,) = landed.files
    assert file.returned_file == returned.name and file.summary.refused == 2
    (refusal,) = pd.read_parquet(home / "landing/refused.parquet").to_dict("records")
    assert (refusal["sheet"], refusal["column"], refusal["value"]) == ("汇率", "生效日期", "月底")
    # Put right in the workbook that came back, it is taken.
    back = Book(list(open_sheets(returned)))
    at = next(n for n, row in enumerate(back.sheet("汇率").rows) if row[0] == "需修改")
    save(back.set("汇率", at, "生效日期", "2026-07-01"), home / "inbox/改好.xlsx")
    store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    new = {row["currency"] for row in rows_of(home / "office/exchange_rates.csv") if row["valid_from"] == "2026-07-01"}
    assert new == {"USD", "JPY"}


def test_a_workbook_of_which_nothing_can_be_used_is_one_line(home: Path, book: Book) -> None:
    save(good(book).drop(STATE), home / "inbox/规则.xlsx")
    said: list[str] = []
    (received,) = store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    assert received.problem and received.problem.startswith("规则.xlsx：工作簿里的底稿标记缺了")


def test_a_folder_that_can_not_be_read_is_no_fault_of_the_workbook(home: Path, book: Book) -> None:
    save(good(book), home / "inbox/规则.xlsx")
    rates = home / "office/exchange_rates.csv"
    content = rates.read_bytes()
    rates.write_bytes(content.decode().encode("gb18030"))
    said: list[str] = []
    store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    assert "本区设置读不了" in said[0] and "本次没有读" in said[0]
    rates.write_bytes(content)
    store_of(home, said).receive_early(home / "inbox", is_one, said.append)
    assert len(rows_of(rates)) == content.count(b"\n")  # one row more than before


@pytest.mark.parametrize(("fill", "count"), [(good, 1), (bad, 0)])
def test_the_night_takes_the_workbook_before_it_checks(home: Path, book: Book, fill: Fill, count: int) -> None:
    save(fill(book), home / "inbox/规则.xlsx")
    before = rows_of(home / "office/exchange_rates.csv")
    workplace = Workplace(home=str(home), inbox=str(home / "inbox"))
    done = dg.materialize([office_settings], resources={"workplace": workplace})
    assert done.success
    landed = rows_of(home / LANDED / "exchange_rates.csv")
    assert len(landed) == len(before) + count
    metadata = done.asset_materializations_for_node("office_settings")[0].metadata
    assert "规则.xlsx" in str(metadata["规则工作簿"].value)
    assert (home / "outbox").exists() == (count == 0)


# --- commands -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("ZEYOU_INBOX", "ZEYOU_REGISTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZEYOU_HOME", str(home))
    return home


def test_a_workbook_goes_out_and_comes_back_by_command(
    installed: Path, book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    path = installed / "规则.xlsx"
    assert main(["office", "export", str(path)]) == 0
    exported = path.read_bytes()
    assert main(["office", "export", str(path)]) == 2 and path.read_bytes() == exported
    save(good(book), path)
    assert main(["office", "import", str(path)]) == 0
    assert "王某 改的 1 处已写入本区设置" in capsys.readouterr().out
    assert (installed / "office" / CHANGES).is_file() and check_office(installed / "office") == []
    # The inbox does not take again what the command took.
    shutil.copyfile(path, installed / "inbox/规则.xlsx")
    before = bytes_of(installed / "office")
    said: list[str] = []
    store_of(installed, said).receive_early(installed / "inbox", is_one, said.append)
    assert bytes_of(installed / "office") == before


def test_a_wrong_workbook_is_said_by_command(installed: Path, book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(bad(book), installed / "规则.xlsx")
    before = bytes_of(installed / "office")
    assert main(["office", "import", str(path)]) == 1
    assert "不是日期" in capsys.readouterr().out and bytes_of(installed / "office") == before
    assert is_one(installed / "规则_退回修改.xlsx")


@pytest.mark.parametrize("name", ["没有.xlsx", "别的.xlsx", "规则.et"])
def test_what_is_no_workbook_of_rules_is_refused_by_command(
    installed: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    openpyxl.Workbook().save(installed / "别的.xlsx")
    (installed / "规则.et").write_bytes(b"x")
    assert main(["office", "import", str(installed / name)]) == 2
    assert capsys.readouterr().err.startswith("错误：")
