"""Landing assets (接入): ledgers of the inbox, the register, the chain file as tables, what the law scanner says of the ledgers.

Belongs here: calling intake, models.chain and models.screening and telling what came of it. Does not belong here: reading a
cell, a rule of the law.
"""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.exc import SQLAlchemyError

import office
from intake.chain_graph import write_listed
from intake.contract import Contract, Field, load_contracts
from intake.landing import Claim, Landed, LandedFile, LandingStore, Plausibility, Summary
from intake.matching.leads import match_leads
from intake.matching.run import NOBODY
from intake.plausibility import read_limits
from intake.template import header_text, written
from intake.workbook import FileProblem
from models.chain import ChainFileError, load_chains
from models.screening.tabulating import MEASURES, PROMISING, findings
from office import DISTRICT, District, OfficeError, read_district
from office.tables import TABLES
from orchestration.desk_events import DeskEvents, desk_of
from orchestration.endings import OURS, Refused, ending_of, texts_of
from orchestration.landing_office import land_office
from orchestration.metadata import FAULT, PREVIEW, preview, returned_workbooks, row_counts
from orchestration.office_workbooks import OfficeWorkbooks, is_one
from orchestration.partitions import day_of
from orchestration.register_limits import LIMITS, NO_PROSPECTS, RegisterLimits, read_note, stamp_of, write_note
from orchestration.resources import Workplace
from storage import write_parquet

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
CHAIN_TITLES = {
    "chain_id": "产业链编号", "chain_name": "产业链", "node_id": "环节编号", "node_name": "环节", "position": "上中下游",
    "gap_class": "强补延", "is_key": "重点环节", "industry_code": "行业代码", "word": "产品词", "is_exclude": "排除词",
    "from_node_id": "上游环节编号", "to_node_id": "下游环节编号", "component": "契合度分项", "level": "档位", "points": "得分",
    "label": "档位说明", "is_whole": "整个属于本环节", "gap_reason": "判断理由", "source": "出处", "hop_count": "相隔步数", "weight_pct": "折算（%）", "enterprise_key": "企业编码",
    "minimum_capital_wan_cny": "最低注册资本（万元）",
}  # fmt: skip
FILE_TITLES = {
    "received_seq": "收件序号", "file": "来件", "contracts": "台账", "rows_read": "读入行", "rows_accepted": "接收行",
    "rows_refused": "拒收行", "rows_not_data": "非数据行", "problem": "整个文件的问题", "is_synthetic": "合成数据",
    "returned_file": "退回件", "unread_amounts": "没有读取的金额列", "is_sent_again": "再次发送",
}  # fmt: skip
REFUSAL_TITLES = {
    "contract": "台账", "file": "来件", "sheet": "工作表", "row": "行", "column": "列", "value": "原值", "reason": "原因",
    "mend": "怎样修改",
}  # fmt: skip
HELD_TITLES = {
    "ledger_name": "台账", "subject_name": "项目或企业", "column_title": "列", "held_value": "存疑的数",
    "counted_value": "现在计入", "measure": "单位", "why_text": "原因", "state": "状态", "due_date": "答复期限",
    "source_file": "来件", "source_row": "行",
}  # fmt: skip
IDENTITY_TITLES = {
    "record_id": "线索编号", "enterprise_id": "企业编号", "why": "归并依据", "register_key": "名录中的编码",
    "register_match_by": "名录匹配依据", "parent_enterprise_id": "所属企业编号", "parent_register_key": "所属企业在名录中的编码",
}  # fmt: skip
FINDING_TITLES = {
    "text_findings": {
        "text": "文字", "rule_name": "红线", "kind": "类别", "found_text": "命中的文字", "verdict": "处理", "article": "条款",
    },
    "measure_obstacles": {"policy_id": "政策编号", "obstacle_text": "不能推荐的原因", "is_forbidden": "不得承诺"},
}  # fmt: skip
OWNERS = ["team:数据专员"]
OFFICE = dg.AssetKey(["office", "settings"])
# What waiting may mend: a share that is gone for a moment, a desk that is just writing.
PASSING = frozenset({errno.EAGAIN, errno.EBUSY, errno.EIO, errno.ESTALE, errno.ETIMEDOUT})


def _spec(name: str, description: str, kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["landing", name], deps=[OFFICE], group_name="ingestion", description=description, kinds=kinds, owners=OWNERS
    )


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what can't be read into a failure with its one Chinese line, and try again only what may pass by itself."""
    try:
        yield
    except (FileProblem, Refused, ChainFileError, OfficeError) as problem:
        kind = problem.kind if isinstance(problem, Refused) else OURS
        raise dg.Failure(str(problem), metadata={FAULT: kind}, allow_retries=False) from None
    except OSError as problem:
        if problem.errno not in PASSING:
            raise
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=5) from problem
    except SQLAlchemyError as problem:
        text = str(problem)
        if "database is locked" in text:
            raise dg.RetryRequested(max_retries=2, seconds_to_wait=5) from problem
        raise dg.Failure(
            "办公桌的数据库打不开，名单里会缺少办公桌上的跟进，所以没有继续；请检查 DESK_DATABASE_URL 和数据库服务",
            allow_retries=False,
        ) from problem


def _rows(summary: Summary) -> dict[str, Any]:
    return row_counts(summary.accepted, summary.read, summary.refused) | {"非数据行": summary.not_data}


def _first_rows(contract: Contract, path: Path) -> pd.DataFrame:
    """Give the first rows and columns of a landed ledger as its template would have them written, 外资 for 是 under 内外资."""

    def cell(field: Field, row: dict[str, Any]) -> Any:
        value = written(field, row)
        return field.choices["true" if value == "是" else "false"][0] if value and field.type == "boolean" else value

    rows = pq.read_table(path).slice(0, 8).to_pylist()
    titled = {header_text(field).lstrip("*"): field for field in contract.landed_fields[:10]}
    shown = [[cell(field, row) for field in titled.values()] for row in rows]
    return pd.DataFrame(shown, columns=list(titled), dtype=object)


def _with_ledgers_named(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Give a frame whose column of contracts (one, or several with 、 between) has the ledgers' Chinese names."""
    titles = {contract.name: contract.title for contract in load_contracts().values()}

    def named(names: str) -> str:
        return "、".join(titles.get(name, name) for name in names.split("、"))

    return frame.assign(**{column: frame[column].map(named, na_action="ignore")})


def _office_spec(name: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["office", name], group_name="office", description=description, kinds={"csv", "parquet"}, owners=OWNERS
    )


@dg.multi_asset(
    specs=[
        _office_spec("settings", "本区设置 files of the office as they hold for this night"),
        *(_office_spec(table.name, f"{table.title}：{table.about}") for table in TABLES.values()),
    ],
    pool="landing",
)
def office_settings(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Take new workbooks of rules, then check everything that the office edits and land it; one wrong row ends the night."""
    with told_plainly():
        received = _receive_rules(workplace, context.log.info)
        landed = land_office(workplace.edited_office, workplace.root)
    office.use(landed)
    yield dg.MaterializeResult(
        asset_key=OFFICE,
        metadata={"本区": read_district(landed).name, "文件夹": str(landed.resolve()), **_of_rules(received)},
    )
    for table in TABLES.values():
        rows = pd.read_parquet(landed / f"{table.name}.parquet")
        metadata = row_counts(len(rows)) | {PREVIEW: preview(rows.head(8), table.columns)}
        yield dg.MaterializeResult(asset_key=["office", table.name], metadata=metadata)


def _receive_rules(workplace: Workplace, say: Callable[[str], None]) -> tuple[LandedFile, ...]:
    """Apply the workbooks of rules in the inbox; one that is wrong goes back and changes nothing."""
    inbox = Path(workplace.inbox)
    workbooks = OfficeWorkbooks(workplace.edited_office, workplace.root, say)
    store = LandingStore(workplace.root / "landing", workplace.root / "outbox", workbooks.claim)
    return store.receive_early(inbox, is_one, say) if inbox.is_dir() else ()


def _of_rules(received: Sequence[LandedFile]) -> dict[str, Any]:
    """Say what came of the workbooks of rules that the inbox holds; nothing where it holds none."""
    if not received:
        return {}
    rows = [(f.file, f.summary.accepted, f.summary.refused, f.returned_file, f.problem) for f in received]
    frame = pd.DataFrame(rows, columns=["来件", "生效的行", "需修改的行", "退回件", "整个文件的问题"])
    return {"规则工作簿": dg.MetadataValue.md(frame.fillna("").to_markdown(index=False))}


def _claim_of(workplace: Workplace, desk: DeskEvents | None, say: Callable[[str], None]) -> Claim:
    """Return who takes a file of the inbox that is no ledger: the office's folder, or the desk."""
    rules = OfficeWorkbooks(workplace.edited_office, workplace.root, say)
    return lambda path: rules.claim(path) or (desk.claim(path) if desk else None)


@dg.multi_asset(
    specs=[
        *(_spec(c.name, f"{c.title} {c.grain}", {"excel", "parquet"}) for c in LEDGERS),
        _spec("files", "收到的文件 one row per file received, with its row accounting", {"parquet"}),
        _spec("refused", "拒收的行 one row per reason why a ledger row was refused", {"parquet"}),
        _spec("held", "存疑的数 one row per amount that was asked about before it counts", {"parquet"}),
    ],
    pool="landing",
)
def ledgers(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Read every new file of the inbox by its contract, and what people did at the desk; refusals carry file, row, reason."""
    outbox = workplace.root / "outbox"
    with told_plainly():
        district = read_district(workplace.landed_office)
        desk = desk_of(workplace)
        store = LandingStore(workplace.root / "landing", outbox, _claim_of(workplace, desk, context.log.info))
        day = day_of(context)
        plausibility = Plausibility(read_limits(workplace.landed_office, day), day)
        landed = store.land_inbox(
            Path(workplace.inbox), context.log.info, desk.ledgers if desk else lambda: None, plausibility
        )
        _refuse_ledgers_of_others(district, landed)
    for contract in LEDGERS:
        first = _first_rows(contract, workplace.parquet(f"landing/{contract.name}"))
        metadata = _rows(landed.rows[contract.name]) | {PREVIEW: preview(first)}
        yield dg.MaterializeResult(asset_key=["landing", contract.name], metadata=metadata)
    for name, column, titles in (("files", "contracts", FILE_TITLES), ("refused", "contract", REFUSAL_TITLES)):
        frame = pd.read_parquet(workplace.parquet(f"landing/{name}"))
        shown = preview(_with_ledgers_named(frame.head(8), column), titles)
        metadata = {"dagster/row_count": len(frame), PREVIEW: shown}
        if name == "refused":
            metadata |= returned_workbooks(pd.read_parquet(workplace.parquet("landing/files")), outbox)
        yield dg.MaterializeResult(asset_key=["landing", name], metadata=metadata)
    held = pd.read_parquet(workplace.parquet("landing/held"))
    if landed.held:
        context.log.info(f"存疑的数：{landed.held:,} 个待确认，在“待你确认”页答复")
    metadata = {"dagster/row_count": len(held), "待确认": landed.held, PREVIEW: preview(held.head(8), HELD_TITLES)}
    yield dg.MaterializeResult(asset_key=["landing", "held"], metadata=metadata)


def _refuse_ledgers_of_others(district: District, landed: Landed) -> None:
    """Stop when ledgers that are not labelled as synthetic would be ranked as those of the fictional district."""
    if not district.is_fictional:
        return
    sent = [file for file in landed.files if file.received_seq and file.contracts]
    if own := [file.file for file in sent if not file.is_synthetic]:
        raise Refused(
            f"{own[0]} 等 {len(own)} 份台账没有“合成数据”字样，却在用虚构区的设置：请把自己的台账放到另一个文件夹，"
            f"用 --inbox 指定，并写好本区的 {DISTRICT}"
        )


@dg.asset(
    key=["landing", "lead_identities"],
    deps=[dg.AssetKey(["landing", name]) for name in ("leads", "merge_decisions", "register")],
    group_name="ingestion",
    kinds={"duckdb", "parquet"},
    owners=OWNERS,
    description="线索归并 one row per lead with the enterprise behind it and its firm in the register, ids stable",
    pool="landing",
)
def lead_identities(context: dg.AssetExecutionContext, workplace: Workplace) -> dg.MaterializeResult[None]:
    """Find which leads are of one enterprise, and which firm of the register it is; people's decisions win."""
    remarks: list[str] = []
    with told_plainly():
        table = match_leads(workplace.root / "landing", workplace.root / "identity", context.log.info, remarks.append)
    nobody = table["why"].to_pylist().count(NOBODY)
    enterprises = len(table["enterprise_id"].unique()) - nobody
    in_register = len(table) - table["register_key"].null_count
    metadata = row_counts(enterprises, len(table)) | {"名录中有的线索数": in_register, "名称只是占位的线索数": nobody}
    metadata |= {"提醒": "；".join(remarks)} if remarks else {}
    shown = preview(table.slice(0, 8).to_pandas(), IDENTITY_TITLES)
    return dg.MaterializeResult(metadata=metadata | {PREVIEW: shown})


@dg.multi_asset(
    specs=[
        _spec("register", "企业名录 one row per enterprise as registered", {"duckdb", "parquet"}),
        _spec("register_refused", "名录拒收的行 one row per refused row of the register", {"parquet"}),
    ],
    pool="landing",
)
def register(context: dg.AssetExecutionContext, workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Stream the register of enterprises, up to what the limits allow; one that can't be read is left out and said."""
    with told_plainly():
        summary = _land_register(workplace, context.log.info)
    problem, _ = read_note(workplace.root)
    if problem:
        context.log.info(f"{problem}；{NO_PROSPECTS}")
    left_out = {"没有用的企业名录": f"{problem}；{NO_PROSPECTS}"} if problem else {}
    yield dg.MaterializeResult(asset_key=["landing", "register"], metadata=_rows(summary) | left_out)
    metadata = {"dagster/row_count": summary.refused}
    yield dg.MaterializeResult(asset_key=["landing", "register_refused"], metadata=metadata)


def _land_register(workplace: Workplace, say: Callable[[str], None]) -> Summary:
    """Land the register, or an empty one with a note that says why."""
    store, home = LandingStore(workplace.root / "landing"), workplace.root
    limits = RegisterLimits.load(workplace.office_file(LIMITS))
    if not workplace.register_file:
        write_note(home, None)
        return store.land_register(None, say)
    source = Path(workplace.register_file)
    problem, stamp = read_note(home)
    try:
        if not source.is_file():
            raise FileProblem(f"{source}：企业名录不存在；请检查路径")
        if not (problem and stamp == stamp_of(source, limits)):
            problem, stamp = limits.problem_of(source, home), None
        if not problem:
            summary = store.land_register(source, limits.timed(source.name, say))
            problem = None if summary.accepted else f"{source.name}：{summary.read:,} 行全部拒收；请按拒收原因核对列"
            write_note(home, problem)
            return summary
    except FileProblem as found:
        problem, stamp = str(found), None
    except OSError as found:
        if found.errno in PASSING:
            raise
        problem, stamp = ending_of(texts_of(found), home).line, None
    except MemoryError:
        problem, stamp = f"{source.name}：企业名录太大，内存不够；请只留目标地区的企业", None
    write_note(home, problem, stamp)
    return store.land_register(None, say)


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
    with told_plainly():
        chains = load_chains(workplace.office_file("chains.yaml"))
    components = {component.name: component.label for component in chains.components}
    for name, table in chains.to_tables().items():
        # Replaced, never written over: the archive keeps the earlier file by its inode.
        write_parquet(workplace.parquet(f"landing/chain_{name}"), pa.Table.from_pandas(table, preserve_index=False))
        titles = {column: CHAIN_TITLES[column] for column in table.columns}
        shown = preview(table.replace({"component": components}), titles)
        metadata = row_counts(len(table)) | {PREVIEW: shown}
        yield dg.MaterializeResult(asset_key=["landing", f"chain_{name}"], metadata=metadata)
    listed = write_listed(workplace.root, workplace.parquet("landing/chain_listed"))
    yield dg.MaterializeResult(asset_key=["landing", "chain_listed"], metadata=row_counts(listed))


@dg.multi_asset(
    specs=[
        _spec(
            "text_findings", "承诺审查 one row per text that promises something and rule that it meets", {"parquet"}
        ).replace_attributes(deps=[OFFICE, *(dg.AssetKey(["landing", name]) for name in PROMISING)]),
        _spec(
            "measure_obstacles",
            "政策核验 one row per received measure and reason why it may not be recommended",
            {"parquet"},
        ).replace_attributes(deps=[OFFICE, dg.AssetKey(["landing", MEASURES])]),
    ],
    pool="landing",
)
def law_findings(workplace: Workplace) -> Iterator[dg.MaterializeResult[None]]:
    """Scan what the ledgers promise and judge every measure; SQL only picks what holds on its day."""
    for name, table in findings(workplace.root / "landing").items():
        write_parquet(workplace.parquet(f"landing/{name}"), table)
        metadata = row_counts(len(table)) | {PREVIEW: preview(table.slice(0, 8).to_pandas(), FINDING_TITLES[name])}
        yield dg.MaterializeResult(asset_key=["landing", name], metadata=metadata)
