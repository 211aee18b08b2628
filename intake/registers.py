"""Bulk registers of enterprises (企业名录): Parquet or CSV in, accepted and refused Parquet out, streamed by DuckDB.

Belongs here: mapping a register's columns to the contract, the rules a registered row must hold, reading any number of
rows in constant memory with progress. Does not belong: pandas, ledgers in workbooks (workbook.py), matching of names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.contract import Contract, get_contract
from intake.values import exchange_rates, uscc_valid
from intake.workbook import FileProblem

BATCH_ROWS: Final = 122_880  # DuckDB's own row group
MEMORY_LIMIT: Final = "1GB"
HIGHEST_CAPITAL_WAN: Final = 1e8  # 万亿元: above it a decimal point was lost
REFUSED_SCHEMA: Final = pa.schema(
    [("contract", pa.string()), ("file", pa.string()), ("sheet", pa.string()), ("row", pa.int64())]
    + [(name, pa.string()) for name in ("column", "value", "reason", "mend")]
)

# Rules in the order in which they are told; each a DuckDB condition over the contract's fields that makes a row refused.
_RULES: Final = (
    ("enterprise_name", "length(enterprise_name) < 4", "企业名称不足4个字", "请填写营业执照上的全称"),
    ("enterprise_name", "length(enterprise_name) > 100", "企业名称超过100个字，像是多行粘在了一起", "请检查源文件的引号和换行"),
    ("province_name", "not regexp_matches(province_name, '^[一-龥]{2,12}$') or province_name not in ({provinces})",
     "省份不是中国的省级行政区，整行可能错列", "请核对该行是否错位"),
    ("established_date", "established_date_text is not null and established_date is null",
     "成立日期无法识别", "请填年月日，如 2003-05-20"),
    ("registered_capital_wan", "registered_capital_wan_text is not null and registered_capital_wan is null",
     "注册资本不是数字", "请填以万为单位的数字"),
    ("registered_capital_wan", "registered_capital_wan < 0 or registered_capital_wan > {highest}",
     "注册资本超出合理范围（0 至 1 亿万元）", "请核对单位是否为万元"),
)  # fmt: skip
_USCC_RULE: Final = ("uscc", "统一社会信用代码不是18位有效代码，也不是15位注册号", "请照营业执照核对18位代码")
PROVINCES: Final = [
    "北京",
    "天津",
    "河北",
    "山西",
    "内蒙古",
    "辽宁",
    "吉林",
    "黑龙江",
    "上海",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "广西",
    "海南",
    "重庆",
    "四川",
    "贵州",
    "云南",
    "西藏",
    "陕西",
    "甘肃",
    "青海",
    "宁夏",
    "新疆",
    "香港",
    "澳门",
    "台湾",
]


@dataclass(frozen=True)
class RegisterCounts:
    read: int
    accepted: int
    refused: int
    seconds: float


def land_register(
    source: Path,
    accepted: Path,
    refused: Path,
    say: Callable[[str], None] = lambda line: None,
) -> RegisterCounts:
    """Stream a register into `accepted` and `refused` Parquet files; both appear whole or not at all.

    Raises
    ------
    FileProblem
        The register is missing, broken, of an unknown kind, or lacks a required column.
    """
    started = time.perf_counter()
    contract = get_contract("register")
    with duckdb.connect(config={"threads": 2, "memory_limit": MEMORY_LIMIT}) as connection:
        query = _query(connection, source, contract)
        partial = [path.with_name(path.name + ".part") for path in (accepted, refused)]
        try:
            batches = connection.execute(query).to_arrow_reader(BATCH_ROWS)
            counts = _write(batches, source.name, partial[0], partial[1], say, started)
        except (duckdb.Error, pa.ArrowException) as error:
            for path in partial:
                path.unlink(missing_ok=True)
            raise FileProblem(
                f"{source.name}：企业名录读到一半出错（{_first_line(error)}）；请检查文件是否完整"
            ) from None
        partial[0].replace(accepted)
        partial[1].replace(refused)
    return RegisterCounts(*counts, seconds=time.perf_counter() - started)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]


def _scan(connection: duckdb.DuckDBPyConnection, source: Path) -> str:
    if not source.is_file():
        raise FileProblem(f"{source}：企业名录不存在；请检查路径")
    quoted = str(source).replace("'", "''")
    if source.suffix.lower() == ".parquet":
        scan = f"read_parquet('{quoted}', file_row_number = true)"
    elif source.suffix.lower() in {".csv", ".gz", ".txt"}:
        scan = f"(select *, row_number() over () as file_row_number from read_csv('{quoted}', all_varchar = true))"
    else:
        raise FileProblem(f"{source.name}：企业名录应为 .parquet 或 .csv；请转换后再试")
    try:
        connection.execute(f"select * from {scan} limit 1").fetchall()
    except duckdb.Error as error:
        raise FileProblem(f"{source.name}：企业名录打不开（{_first_line(error)}）；文件可能损坏，请重新导出") from None
    return scan


def _query(connection: duckdb.DuckDBPyConnection, source: Path, contract: Contract) -> str:
    """Build the one SELECT that maps columns, casts, and names the first broken rule of each row."""
    scan = _scan(connection, source)
    described = connection.execute(f"describe select * from {scan}").fetchall()
    columns: dict[str, str] = {}
    for column, *_ in described:
        if (found := contract.match(column)) and found.name not in columns:
            columns[found.name] = '"' + column.replace('"', '""') + '"'
    missing = [f.title for f in contract.fields if f.required and f.name not in columns]
    if missing:
        raise FileProblem(
            f"{source.name}：企业名录缺少列 {'、'.join(missing)}；现有列：{'、'.join(c for c, *_ in described)}"
        )
    mapped: list[str] = []
    for f in contract.fields:
        column = columns.get(f.name, "null")
        text = f"nullif(trim(cast({column} as varchar)), '')"
        if f.type == "number":
            mapped += [f"{text} as {f.name}_text", f"try_cast(nullif({text}, 'NaN') as double) as {f.name}"]
        elif f.type == "date":
            mapped += [f"{text} as {f.name}_text", f"try_cast({column} as date) as {f.name}"]
        elif f.type == "uscc":
            mapped.append(f"upper({text}) as {f.name}")
        else:
            mapped.append(f"{text} as {f.name}")
    names = {
        "provinces": ", ".join(f"'{name}'" for name in _province_spellings()),
        "highest": f"{HIGHEST_CAPITAL_WAN:f}",
    }
    whens = " ".join(
        f"when coalesce({condition.format_map(names)}, {str(_is_required(contract, column)).lower()}) then {number}"
        for number, (column, condition, *_) in enumerate(_RULES)
    )
    rates = " ".join(f"when '{currency}' then {rate}" for currency, rate in exchange_rates().items())
    kept = [f.name for f in contract.fields]
    return f"""
        with mapped as (select {", ".join(mapped)}, file_row_number as source_row from {scan})
        select
            {", ".join(kept)},
            round(registered_capital_wan * case coalesce(nullif(upper(registered_capital_currency), 'NAN'), 'CNY')
                {rates} end, 4) as registered_capital_wan_cny,
            source_row,
            cast(case {whens} end as tinyint) as broken_rule
        from mapped
    """


def _is_required(contract: Contract, name: str) -> bool:
    return next(f.required for f in contract.fields if f.name == name)


def _province_spellings() -> list[str]:
    suffixes = ("", "省", "市", "自治区", "壮族自治区", "回族自治区", "维吾尔自治区", "特别行政区")
    return [name + suffix for name in PROVINCES for suffix in suffixes]


def _write(
    batches: pa.RecordBatchReader,
    file_name: str,
    accepted: Path,
    refused: Path,
    say: Callable[[str], None],
    started: float,
) -> tuple[int, int, int]:
    read = taken = left = 0
    told = started
    base = [f for f in batches.schema if f.name not in {"broken_rule", "uscc"}]
    schema = pa.schema([pa.field("uscc", pa.string()), pa.field("registration_no", pa.string()), *base])
    with pq.ParquetWriter(accepted, schema) as good, pq.ParquetWriter(refused, REFUSED_SCHEMA) as bad:
        for batch in batches:
            codes = batch.column("uscc")
            is_uscc = uscc_valid(codes)
            is_old = pc.fill_null(pc.match_substring_regex(codes, r"^\d{15}$"), False)
            broken = pc.fill_null(batch.column("broken_rule"), -1).to_numpy(zero_copy_only=False)
            no_code = ~pc.or_(is_uscc, is_old).to_numpy(zero_copy_only=False)
            keep = pa.array((broken < 0) & ~no_code)
            nothing = pa.scalar(None, pa.string())
            table = pa.table(
                {
                    "uscc": pc.if_else(is_uscc, codes, nothing),
                    "registration_no": pc.if_else(is_old, codes, nothing),
                    **{f.name: batch.column(f.name) for f in base},
                }
            ).filter(keep)
            good.write_table(table.cast(schema))
            rows = list(_refusals(batch, broken, no_code, file_name))
            if rows:
                bad.write_table(pa.Table.from_pylist(rows, REFUSED_SCHEMA))
            read, taken, left = read + len(batch), taken + len(table), left + len(rows)
            if time.perf_counter() - told >= 2:
                told = time.perf_counter()
                say(f"企业名录：已读 {read:,} 行，拒收 {left:,} 行，用时 {told - started:.0f} 秒")
    return read, taken, left


def _refusals(
    batch: pa.RecordBatch,
    broken: np.typing.NDArray[np.int8],
    no_code: np.typing.NDArray[np.bool_],
    file_name: str,
) -> Iterator[dict[str, object]]:
    contract = get_contract("register")
    titles = {f.name: f.title for f in contract.fields}
    for place in np.flatnonzero((broken >= 0) | no_code).tolist():
        name, reason, mend = _USCC_RULE
        if broken[place] >= 0:
            name, _, reason, mend = _RULES[broken[place]]
        value = batch.column(name)[place].as_py()
        yield {
            "contract": "register",
            "file": file_name,
            "sheet": None,
            "row": batch.column("source_row")[place].as_py() + 1,
            "column": titles[name],
            "value": None if value is None else str(value)[:200],
            "reason": reason,
            "mend": mend,
        }
