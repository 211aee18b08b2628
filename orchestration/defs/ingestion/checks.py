"""Gates before any SQL runs (接入关卡): suites on landed ledgers, and rows that add up.

Belongs here: binding a suite or an accounting rule to an asset, as blocking checks. Does not belong here: what is
expected (quality/suites.py).
"""

import dagster as dg
import duckdb
import pandas as pd

from intake.registers import quoted_path
from orchestration.checking import accounting_result, suite_check, suite_result
from orchestration.defs.ingestion.assets import FILE_TITLES
from orchestration.quality import suites
from orchestration.register_limits import NO_PROSPECTS, read_note
from orchestration.resources import Workplace

TOLD = ("file", "rows_read", "rows_accepted", "rows_refused", "rows_not_data", "problem")
ACCOUNTS = {name: FILE_TITLES[name] for name in TOLD}

suite_checks = [
    suite_check("landing/units", suites.units, ["unit_name", "unit_type", "source_file", "source_row"]),
    suite_check("landing/leads", suites.leads),
    suite_check("landing/follow_ups", suites.follow_ups),
    suite_check("landing/stage_moves", suites.stage_moves),
]


@dg.asset_check(asset=["landing", "files"], blocking=True, description="每个文件：读入 = 接收 + 拒收 + 非数据")
def every_row_is_accounted_for(workplace: Workplace) -> dg.AssetCheckResult:
    """Compare what was read with where it went, file by file."""
    files = pd.read_parquet(workplace.parquet("landing/files"), columns=list(ACCOUNTS))
    gone = files["rows_read"] - files["rows_accepted"] - files["rows_refused"] - files["rows_not_data"]
    return accounting_result(files[gone != 0], ACCOUNTS, {"读入行数": int(files["rows_read"].sum())})


@dg.asset_check(asset=["landing", "files"], description="整个读不了的文件（不阻断，其余文件照常）")
def every_file_could_be_read(workplace: Workplace) -> dg.AssetCheckResult:
    """Warn of files that could not be read at all; the others go on."""
    files = pd.read_parquet(workplace.parquet("landing/files"), columns=list(ACCOUNTS))
    bad = files[files["problem"].notna()]
    said = f"{len(bad):,} 个文件没有读：{bad['problem'].iloc[0]}" if len(bad) else None
    return accounting_result(bad, ACCOUNTS, {"文件数": len(files)}, warn=True, said=said)


@dg.asset_check(asset=["landing", "leads"], blocking=True, description="有总投资一列的台账，至少一半的行有总投资")
def amounts_are_not_lost(workplace: Workplace) -> dg.AssetCheckResult:
    """Stop where a ledger lost half its money: it reads without complaint and ranks nonsense. One without amounts is read."""
    leads = pd.read_parquet(workplace.parquet("landing/leads"), columns=["source_file", "investment_wan_cny"])
    counts = leads.groupby("source_file")["investment_wan_cny"].agg(row_count="size", amount_count="count")
    counts = counts[counts["amount_count"] > 0].reset_index()
    rows, amounts = int(counts["row_count"].sum()), int(counts["amount_count"].sum())
    offending = counts[counts["amount_count"] * 2 < counts["row_count"]] if amounts * 2 < rows else counts.iloc[:0]
    titles = {"source_file": "来件", "row_count": "行数", "amount_count": "有计划总投资的行数"}
    said = None
    if len(offending):
        said = (
            f"线索台账 {rows:,} 行中只有 {amounts:,} 行有计划总投资（{'、'.join(offending['source_file'][:3])}）；"
            f"请补填或核对这一列，再放进收件夹 {workplace.inbox}"
        )
    return accounting_result(offending, titles, {"行数": rows, "有计划总投资的行数": amounts}, said=said)


@dg.asset_check(asset=["landing", "files"], description="像金额、但表头不认识而没有读取的列（不阻断）")
def every_amount_column_is_read(workplace: Workplace) -> dg.AssetCheckResult:
    """Warn of columns of money that no contract knows: their amounts are missing from every total."""
    titles = {name: FILE_TITLES[name] for name in ("file", "unread_amounts")}
    files = pd.read_parquet(workplace.parquet("landing/files"), columns=list(titles))
    return accounting_result(files[files["unread_amounts"].notna()], titles, {"文件数": len(files)}, warn=True)


@dg.asset_check(asset=["landing", "register"], blocking=True, description="企业名录按省汇总后的质量")
def register_is_sane(workplace: Workplace) -> dg.AssetCheckResult:
    """Validate the register by province; its rows never come through pandas."""
    query = f"""
        select
            province_name,
            count(*) as row_count,
            count(coalesce(uscc, registration_no)) / count(*) as coded_share,
            count(enterprise_name) / count(*) as named_share
        from read_parquet({quoted_path(workplace.parquet("landing/register"))}) group by all order by all
    """
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as connection:
        frame = connection.execute(query).df()
    return suite_result("landing/register", frame, suites.register_summary)


@dg.asset_check(asset=["landing", "register"], description="企业名录读得了、不过大（不阻断：只是没有目标企业）")
def register_could_be_used(workplace: Workplace) -> dg.AssetCheckResult:
    """Warn of a register that was left out; the list goes on without prospects."""
    problem, _ = read_note(workplace.root)
    line = f"{problem}；{NO_PROSPECTS}" if problem else None
    return dg.AssetCheckResult(passed=not problem, severity=dg.AssetCheckSeverity.WARN, description=line)
