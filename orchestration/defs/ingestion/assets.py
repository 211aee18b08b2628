"""Landing assets (接入): ledgers of the inbox, the register, and the chain file as tables.

Belongs here: calling intake and models.chain and telling what came of it. Does not belong here: reading a cell.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from intake.chain_graph import write_listed
from intake.contract import load_contracts
from intake.landing import LandingStore, Summary, write_parquet
from intake.matching.leads import match_leads
from intake.workbook import FileProblem
from models.chain import load_chains
from orchestration.desk_events import desk_of
from orchestration.metadata import preview, returned_workbooks, row_counts
from orchestration.resources import Workplace

LEDGERS = tuple(c for c in load_contracts().values() if not c.bulk)
CHAIN_TABLES = {
    "nodes": "产业链环节 one row per node of a chain",
    "codes": "环节的行业代码 one row per node and GB/T 4754 code",
    "words": "环节的产品词 one row per node and word",
    "edges": "上下游关系 one row per supplier and customer node",
    "points": "契合度计分表 one row per component and level",
    "hops": "远近折算 one row per number of edges that counts",
    "leaders": "链主名单 one row per leader, and one with the minimum capital",
}
OWNERS = ["team:数据专员"]
RETRY = dg.RetryPolicy(max_retries=2, delay=5)


def _spec(name: str, description: str, kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(["landing", name], group_name="ingestion", description=description, kinds=kinds, owners=OWNERS)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn a file that can't be read into a failure with its one Chinese line; trying again would not mend it."""
    try:
        yield
    except FileProblem as problem:
        raise dg.Failure(str(problem), allow_retries=False) from None


def _rows(summary: Summary) -> dict[str, Any]:
    return row_counts(summary.accepted, summary.read, summary.refused) | {"not_data": summary.not_data}


@dg.multi_asset(
    specs=[
        *(_spec(c.name, f"{c.title} {c.grain}", {"excel", "parquet"}) for c in LEDGERS),
        _spec("files", "收到的文件 one row per file received, with its row accounting", {"parquet"}),
        _spec("refused", "拒收的行 one row per reason why a ledger row was refused", {"parquet"}),
    ],
    retry_policy=RETRY,
    pool="landing",
)
def ledgers(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Read every new file of the inbox by its contract, and what people did at the desk; refusals carry file, row, reason."""
    with told_plainly():
        outbox = workplace.root / "outbox"
        desk = desk_of(workplace)
        store = LandingStore(workplace.root / "landing", outbox, desk.claim if desk else None)
        landed = store.land_inbox(Path(workplace.inbox), context.log.info, desk.ledgers if desk else lambda: None)
    for contract in LEDGERS:
        first = pd.read_parquet(workplace.parquet(f"landing/{contract.name}")).iloc[:, :10]
        metadata = _rows(landed.rows[contract.name]) | {"preview": preview(first)}
        yield dg.MaterializeResult(asset_key=["landing", contract.name], metadata=metadata)
    for name in ("files", "refused"):
        frame = pd.read_parquet(workplace.parquet(f"landing/{name}"))
        metadata = {"dagster/row_count": len(frame), "preview": preview(frame)}
        if name == "refused":
            metadata |= returned_workbooks(pd.read_parquet(workplace.parquet("landing/files")), outbox)
        yield dg.MaterializeResult(asset_key=["landing", name], metadata=metadata)


@dg.asset(
    key=["landing", "lead_identities"],
    deps=[dg.AssetKey(["landing", name]) for name in ("leads", "merge_decisions", "register")],
    group_name="ingestion",
    kinds={"duckdb", "parquet"},
    owners=OWNERS,
    description="线索归并 one row per lead with the enterprise behind it and its firm in the register, ids stable",
    retry_policy=RETRY,
    pool="landing",
)
def lead_identities(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Find which leads are of one enterprise, and which firm of the register it is; people's decisions win."""
    with told_plainly():
        table = match_leads(workplace.root / "landing", workplace.root / "identity", context.log.info)
    enterprises = len(table["enterprise_id"].unique())
    in_register = len(table) - table["register_key"].null_count
    metadata = row_counts(enterprises, len(table)) | {"in_register": in_register}
    return dg.MaterializeResult(metadata=metadata | {"preview": preview(table.slice(0, 8).to_pandas())})


@dg.multi_asset(
    specs=[
        _spec("register", "企业名录 one row per enterprise as registered", {"duckdb", "parquet"}),
        _spec("register_refused", "名录拒收的行 one row per refused row of the register", {"parquet"}),
    ],
    retry_policy=RETRY,
    pool="landing",
)
def register(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Stream the register of enterprises, up to the whole country, in constant memory."""
    source = Path(workplace.register_file) if workplace.register_file else None
    with told_plainly():
        summary = LandingStore(workplace.root / "landing").land_register(source, context.log.info)
    yield dg.MaterializeResult(asset_key=["landing", "register"], metadata=_rows(summary))
    metadata = {"dagster/row_count": summary.refused}
    yield dg.MaterializeResult(asset_key=["landing", "register_refused"], metadata=metadata)


@dg.multi_asset(
    specs=[
        *(_spec(f"chain_{name}", text, {"yaml", "parquet"}) for name, text in CHAIN_TABLES.items()),
        _spec(
            "chain_listed",
            "上市公司产业链图谱 one row per listed company and product, empty where none was loaded",
            {"parquet"},
        ),
    ],
    pool="landing",
)
def chain_tables(workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Lay the office's chain file out as tables for SQL."""
    for name, table in load_chains(workplace.office_file("chains.yaml")).to_tables().items():
        # Replaced, never written over: the archive keeps the earlier file by its inode.
        write_parquet(workplace.parquet(f"landing/chain_{name}"), pa.Table.from_pandas(table, preserve_index=False))
        metadata = row_counts(len(table)) | {"preview": preview(table)}
        yield dg.MaterializeResult(asset_key=["landing", f"chain_{name}"], metadata=metadata)
    listed = write_listed(workplace.root, workplace.parquet("landing/chain_listed"))
    yield dg.MaterializeResult(asset_key=["landing", "chain_listed"], metadata=row_counts(listed))
