"""Bulk registers of enterprises (企业名录): Parquet or CSV in, accepted and refused Parquet out, streamed by DuckDB.

Belongs here: mapping a register's columns to the contract, the rules a registered row must hold, reading any number of
rows in constant memory with progress. Does not belong: pandas, ledgers in workbooks (workbook.py), matching of names.

A row is refused when it can't be identified or its columns have shifted. It is identified by its credit code (uscc) or
by the 13- or 15-digit registration number that came before it (registration_no; no check is published for the 13
digits). Anything else in that column (企合苏分字第00087, 无, a code with a wrong digit) names nobody: kept with a null
code it could be joined to the wrong firm by name alone. `row` counts as a person does: in CSV the header is row 1 and a
record is one row, as Excel shows it; in Parquet the first row is row 1.
"""

from __future__ import annotations

import codecs
import errno
import gzip
import os
import re
import shutil
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.contract import Contract, Field, get_contract
from intake.values import EMPTY_WORDS, exchange_rates, mask_phones, uscc_valid
from intake.workbook import FileProblem
from office.district import PROVINCES

BATCH_ROWS: Final = 122_880  # DuckDB's own row group
CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {"threads": 2, "memory_limit": "1GB"}
READ_AHEAD: Final = "64MB"  # DuckDB reads on while a batch is checked and written; its default of 1 MB stalls it
BLOCK: Final = 1 << 20
SAY_EVERY: Final = 2.0  # seconds
CSV_FIRST_ROW: Final = 2
HIGHEST_CAPITAL_WAN: Final = 2e8  # the largest in China is 1.74e8 (中国国家铁路集团); above it, 元 were taken for 万元
REPEATED: Final = ("enterprise_type", "registered_capital_currency", "province_name", "city_name", "status")
REFUSED_SCHEMA: Final = pa.schema(
    [("contract", pa.string()), ("file", pa.string()), ("sheet", pa.string()), ("row", pa.int64())]
    + [(name, pa.string()) for name in ("column", "value", "reason", "mend")]
    + [("is_row_taken", pa.bool_())]  # only the cell was left out
)

_PACKED: Final = 6
_DISK_FULL: Final = re.compile(r"no space left|errno 28|max_temp_directory_size", re.IGNORECASE)
_OUT_OF_MEMORY: Final = re.compile(r"out ?of ?memory|cannot allocate|bad_alloc|malloc of size", re.IGNORECASE)

# Rules in the order in which they are told; each a DuckDB condition over the contract's fields that makes a row refused.
_RULES: Final = (
    ("enterprise_name", "enterprise_name is null or length(enterprise_name) < 4",
     "企业名称不足4个字", "请填写营业执照上的全称"),
    ("enterprise_name", "length(enterprise_name) > 100",
     "企业名称超过100个字，像是多行粘在了一起", "请检查源文件的引号和换行"),
    ("enterprise_name", "contains(enterprise_name, '\ufffd')",
     "企业名称是乱码，源文件转换编码时已损坏", "请从原系统按 UTF-8 重新导出"),
    ("province_name", "province_name is null or not list_contains([{provinces}], province_name)",
     "省份不是中国的省级行政区，整行可能错列", "请核对该行是否错位"),
    ("established_date", "established_date is null and established_date_text is not null",
     "成立日期无法识别", "请填年月日，如 2003-05-20"),
    ("registered_capital_wan", "registered_capital_wan is null and registered_capital_wan_text is not null",
     "注册资本不是数字", "请填以万为单位的数字"),
    ("registered_capital_wan", "registered_capital_wan < 0 or registered_capital_wan > {highest}",
     "注册资本超出合理范围（0 至 2 万亿元）", "请核对单位是否为万元"),
    ("employee_count", "employee_count is null and employee_count_text is not null",
     "参保人数不是数字", "请填整数"),
)  # fmt: skip
_CODE_RULE: Final = (
    "uscc",
    "统一社会信用代码不是18位有效代码，也不是13位或15位注册号",
    "请照营业执照核对18位代码",
)
_SAID: Final = (*((name, reason, mend) for name, _, reason, mend in _RULES), _CODE_RULE)
_LINE_RULE: Final = ("这一行的列数、引号或编码与表头不符", "请用表格软件打开源文件，核对该行的逗号和引号")
# list_contains and not IN: DuckDB turns a long IN list into a join, which is slower and loses the order of the file.
_EMPTY: Final = ", ".join(f"'{word}'" for word in sorted(EMPTY_WORDS))
_LONGEST_EMPTY: Final = max(len(word.encode()) for word in EMPTY_WORDS)
_OLD_NUMBER: Final = r"^(\d{13}|\d{15})$"
_DATE_FORMS: Final = ("%Y年%-m月%-d日", "%Y%m%d", "%Y.%-m.%-d", "%Y/%-m/%-d %H:%M:%S")


class RegisterTooLarge(FileProblem):
    """The register needs more memory or time than there is; the message is one Chinese line."""


@dataclass(frozen=True)
class RegisterCounts:
    """How many rows a register had and where each went: read = accepted + refused."""

    read: int
    accepted: int
    refused: int
    seconds: float


def land_register(
    source: Path,
    accepted: Path,
    refused: Path,
    say: Callable[[str], None] = lambda line: None,
    *,
    may_be_empty: bool = False,
) -> RegisterCounts:
    """Stream a register into `accepted` and `refused` Parquet files; both appear whole or not at all.

    Raises
    ------
    FileProblem
        The register is missing, broken, empty, of an unknown kind, or lacks a required column; RegisterTooLarge if it
        does not fit into memory.
    OSError
        The disk is full.
    """
    started = time.perf_counter()
    partial = (accepted.with_name(accepted.name + ".part"), refused.with_name(refused.name + ".part"))
    scratch = accepted.with_name(accepted.name + ".utf8.part")
    try:
        with duckdb.connect(config=CONFIG | {"temp_directory": str(scratch.with_suffix(".spill"))}) as connection:
            connection.execute(f"set streaming_buffer_size = '{READ_AHEAD}'")
            scan, first_row = _open(connection, source, scratch)
            query = _query(connection, source.name, scan)
            counts = _stream(connection.execute(query), _Refusals(source.name, first_row), *partial, say)
            if first_row == CSV_FIRST_ROW and (lines := _broken_lines(connection)):
                # Which lines DuckDB left out is known only now, and they shift the numbers of the rows after them.
                counts = _stream(connection.execute(query), _Refusals(source.name, first_row, lines), *partial, say)
        if not counts[0] and not may_be_empty:
            raise FileProblem(f"{source.name}：企业名录只有表头，没有一行数据；请重新导出")
        partial[0].replace(accepted)
        partial[1].replace(refused)
    except FileProblem:
        raise
    except Exception as error:
        # Arrow, DuckDB and zlib have classes of their own for what is wrong with bytes, some of them under no common one.
        raise _worded(error, source, accepted.parent) from error
    finally:
        for path in (*partial, scratch):
            path.unlink(missing_ok=True)
        shutil.rmtree(scratch.with_suffix(".spill"), ignore_errors=True)
    read, refused_rows = counts
    return RegisterCounts(read, read - refused_rows, refused_rows, time.perf_counter() - started)


def _worded(error: Exception, source: Path, folder: Path) -> Exception:
    """Return what to raise for an error while reading: the disk's, the memory's, or that of the file."""
    said = f"{type(error).__name__}: {error}"
    if _DISK_FULL.search(said):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "register.parquet"))
    if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(said):
        return RegisterTooLarge(f"{source.name}：企业名录太大，内存不够；请只留目标地区的企业，或换内存更大的机器")
    if isinstance(error, PermissionError):
        return FileProblem(f"{source}：没有读企业名录的权限；请检查文件权限")
    return FileProblem(f"{source.name}：企业名录读到一半出错；文件可能损坏，请重新导出")


def estimate_rows(source: Path) -> int:
    """Return about how many rows a register has without reading them; 0 for what is no register, as reading it will say."""
    name = source.name.lower()
    try:
        if name.endswith(".parquet"):
            return int(pq.read_metadata(source).num_rows)
        if name.endswith(".gz"):
            with gzip.open(source, "rb") as stream:
                block = stream.read(BLOCK)
            # A packed file does not say how long it is. Registers shrink to a fifth and more.
            return int(source.stat().st_size * _PACKED / _bytes_per_row(block))
        with source.open("rb") as plain:
            return int(source.stat().st_size / _bytes_per_row(plain.read(BLOCK)))
    except (pa.ArrowException, OSError, EOFError, zlib.error):
        return 0


def _bytes_per_row(block: bytes) -> float:
    return max(len(block), 1) / max(block.count(b"\n"), 1)


# --- opening --------------------------------------------------------------------------------------------------------


def _open(connection: duckdb.DuckDBPyConnection, source: Path, scratch: Path) -> tuple[str, int]:
    """Give the DuckDB table function that reads the register, and the number of its first row."""
    if not source.is_file():
        raise FileProblem(f"{source}：企业名录不存在；请检查路径")
    if source.stat().st_size == 0:
        raise FileProblem(f"{source.name}：文件是空的（0 字节）；请重新发送")
    if "\\" in str(source):  # DuckDB takes it for a slash
        raise FileProblem(f"{source.name}：企业名录的路径里有反斜杠，不能读；请改名")
    kind = source.name.lower()
    if kind.endswith(".parquet"):
        scan, first_row = f"read_parquet({quoted_path(source)}, hive_partitioning = false)", 1
    elif kind.endswith((".csv", ".csv.gz", ".txt")):
        path = _as_utf8(source, scratch)
        dialect = "all_varchar = true, header = true, quote = '\"', escape = '\"', store_rejects = true"
        dialect += f", hive_partitioning = false, compression = '{'gzip' if path.suffix.lower() == '.gz' else 'none'}'"
        scan, first_row = f"read_csv({quoted_path(path)}, {dialect})", CSV_FIRST_ROW
    else:
        raise FileProblem(f"{source.name}：企业名录应为 .parquet、.csv 或 .csv.gz；请转换后再试")
    try:
        connection.execute(f"select * from {scan} limit 1").fetchall()
    except duckdb.Error as error:
        if _OUT_OF_MEMORY.search(str(error)) or _DISK_FULL.search(str(error)):
            raise
        raise FileProblem(f"{source.name}：企业名录打不开；文件可能损坏，请重新导出") from error
    return scan, first_row


def quoted_path(path: Path) -> str:
    """Return a path as SQL text that names exactly this file: DuckDB takes `*`, `?` and `[` for patterns.

    >>> quoted_path(Path("/a/名录[1]*.csv"))
    "'/a/名录[[]1][*].csv'"
    """
    return "'" + re.sub(r"[*?\[]", r"[\g<0>]", str(path)).replace("'", "''") + "'"


def _as_utf8(source: Path, scratch: Path) -> Path:
    """Give a CSV as UTF-8: itself when its first block is, else copied block by block from GB18030 into `scratch`.

    DuckDB reads GBK only with an extension that would have to be downloaded.
    """
    opener = gzip.open if source.suffix.lower() == ".gz" else open
    with opener(source, "rb") as stream:
        block = stream.read(BLOCK)
        try:
            codecs.getincrementaldecoder("utf-8")().decode(block)
        except UnicodeDecodeError:
            decoder = codecs.getincrementaldecoder("gb18030")("replace")
        else:
            return source
        with scratch.open("wb") as out:
            while block:
                out.write(decoder.decode(block).encode())
                block = stream.read(BLOCK)
            out.write(decoder.decode(b"", final=True).encode())
    return scratch


def _broken_lines(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, str]]:
    """Give the lines of a CSV that don't have the header's columns, quotes or encoding, in order."""
    return connection.execute("select line, min(csv_line) from reject_errors group by line order by line").fetchall()


# --- the one query --------------------------------------------------------------------------------------------------


def _query(connection: duckdb.DuckDBPyConnection, file_name: str, scan: str) -> str:
    """Build the one SELECT that maps columns, casts, and names the first broken rule of each row.

    No CTE and no join: DuckDB would materialise the one, and either loses the order of the file, hence the row numbers.
    """
    contract = get_contract("register")
    kinds = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {scan}").fetchall()}
    columns = _columns(contract, kinds, file_name)
    mapped = [part for f in contract.fields for part in _mapped(f, columns.get(f.name), kinds)]
    words = {
        "provinces": ", ".join(f"'{name}'" for name in _province_spellings()),
        "highest": f"{HIGHEST_CAPITAL_WAN:f}",
    }
    whens = " ".join(f"when {condition.format(**words)} then {n}" for n, (_, condition, *_) in enumerate(_RULES))
    rates = " ".join(f"when '{currency}' then {rate}" for currency, rate in exchange_rates().items())
    return f"""
        select
            *,
            round(registered_capital_wan
                * case coalesce(upper(registered_capital_currency), 'CNY') {rates} end, 4) as registered_capital_wan_cny,
            cast(case {whens} else -1 end as tinyint) as broken_rule
        from (select {", ".join(mapped)} from {scan})
    """


def _columns(contract: Contract, kinds: dict[str, str], file_name: str) -> dict[str, str]:
    """Give the register's column of each field of the contract."""
    found: dict[str, str] = {}
    for column in kinds:
        if not (f := contract.match(column)):
            continue
        if f.name in found:
            raise FileProblem(f"{file_name}：“{found[f.name]}”和“{column}”两列都像“{f.title}”；请只保留一列")
        found[f.name] = column
    if missing := [f.title for f in contract.fields if f.required and f.name not in found]:
        raise FileProblem(
            f"{file_name}：企业名录缺少列 {'、'.join(missing)}；现有列：{'、'.join(kinds)}，请补上或改表头"
        )
    return found


def _mapped(f: Field, column: str | None, kinds: dict[str, str]) -> list[str]:
    """Give the SELECT items of one field; what can't be cast is kept beside it as written, for the refusal."""
    name = "null" if column is None else '"' + column.replace('"', '""') + '"'
    kind = "VARCHAR" if column is None else kinds[column]
    text = f"trim(cast({name} as varchar))"
    cleaned = f"case when strlen({text}) > {_LONGEST_EMPTY} or not list_contains([{_EMPTY}], {text}) then {text} end"
    if f.type == "number":
        value = f"nullif(try_cast(replace({text}, ',', '') as double), 'NaN')"
        if kind in {"DOUBLE", "FLOAT"}:
            value, cleaned = f"nullif(cast({name} as double), 'NaN')", "null"
    elif f.type == "date":
        value = f"try_cast({name} as date)"
        if kind == "VARCHAR":
            forms = ", ".join(f"'{form}'" for form in _DATE_FORMS)
            value = f"coalesce({value}, cast(try_strptime({text}, [{forms}]) as date))"
    elif f.type == "uscc":
        return [f"cast({name} as varchar) as {f.name}"]  # cleaned in _identify, where it is wrong
    else:
        return [f"{text if f.required else cleaned} as {f.name}"]  # a rule refuses what a required one leaves empty
    return [f"{value} as {f.name}", f"case when {value} is null then {cleaned} end as {f.name}_text"]


def _province_spellings() -> list[str]:
    municipal = ("北京", "天津", "上海", "重庆")
    regions = {"内蒙古": "", "广西": "壮族", "西藏": "", "宁夏": "回族", "新疆": "维吾尔"}
    full = [
        f"{name}市" if name in municipal
        else f"{name}{regions[name]}自治区" if name in regions
        else f"{name}特别行政区" if name in ("香港", "澳门")
        else f"{name}省"
        for name in PROVINCES
    ]  # fmt: skip
    return [*PROVINCES, *full]


# --- the one pass ---------------------------------------------------------------------------------------------------


class _Refusals:
    """Numbers the rows as a person does, and says what was wrong with a refused one."""

    def __init__(self, file_name: str, first_row: int, lines: Sequence[tuple[int, str]] = ()) -> None:
        self.file_name, self.first_row, self.lines = file_name, first_row, lines
        # How many good rows stand before each broken line.
        self._before = np.array([line - first_row - earlier for earlier, (line, _) in enumerate(lines)], dtype=np.int64)
        self._titles = {f.name: f.title for f in get_contract("register").fields}

    def row_numbers(self, start: int, count: int) -> npt.NDArray[np.int64]:
        index = np.arange(start, start + count)
        return index + self.first_row + np.searchsorted(self._before, index, side="right")

    def of_rows(self, batch: pa.RecordBatch, rules: npt.NDArray[np.int8], numbers: npt.NDArray[np.int64]) -> pa.Table:
        """Give the refusals of the rows of a batch that break a rule (rules >= 0)."""
        said = []
        for place in np.flatnonzero(rules >= 0).tolist():
            name, reason, mend = _SAID[rules[place]]
            value = batch.column(name)[place].as_py()
            if value is None and f"{name}_text" in batch.schema.names:
                value = batch.column(f"{name}_text")[place].as_py()
            said.append(self._said(int(numbers[place]), self._titles[name], value, reason, mend))
        return pa.Table.from_pylist(said, REFUSED_SCHEMA)

    def of_lines(self) -> pa.Table:
        """Give the refusals of the lines that are no rows at all."""
        return pa.Table.from_pylist(
            [self._said(line, None, text, *_LINE_RULE) for line, text in self.lines], REFUSED_SCHEMA
        )

    def _said(self, row: int, column: str | None, value: object, reason: str, mend: str) -> dict[str, object]:
        shown = None if value is None else mask_phones(str(value)[:200])
        where = {"contract": "register", "file": self.file_name, "sheet": None, "row": row}
        return {**where, "column": column, "value": shown, "reason": reason, "mend": mend}


def _stream(
    result: duckdb.DuckDBPyConnection,
    refusals: _Refusals,
    accepted: Path,
    refused: Path,
    say: Callable[[str], None],
) -> tuple[int, int]:
    """Write every batch of the query into the two files; give the rows read and the rows refused."""
    started = told = time.perf_counter()
    read, left = 0, len(refusals.lines)
    batches = result.to_arrow_reader(BATCH_ROWS)
    kept = [f for f in batches.schema if f.name not in {"uscc", "broken_rule"} and not f.name.endswith("_text")]
    codes = [pa.field("uscc", pa.string()), pa.field("registration_no", pa.string())]
    schema = pa.schema([*codes, *kept, pa.field("source_row", pa.int64())])
    with (
        pq.ParquetWriter(accepted, schema, use_dictionary=list(REPEATED)) as good,
        pq.ParquetWriter(refused, REFUSED_SCHEMA) as bad,
        ThreadPoolExecutor(max_workers=1) as behind,  # one batch is checked and written while the next is read
    ):

        def settle(batch: pa.RecordBatch, start: int) -> int:
            uscc, old_number, unknown = _identify(batch.column("uscc"))
            rules = batch.column("broken_rule").to_numpy(zero_copy_only=False)
            rules = np.where((rules < 0) & unknown, np.int8(len(_RULES)), rules)
            numbers = refusals.row_numbers(start, len(batch))
            rows = pa.table([uscc, old_number, *(batch.column(f.name) for f in kept), pa.array(numbers)], schema)
            broken = int(np.count_nonzero(rules >= 0))
            if broken:
                rows = rows.filter(pa.array(rules < 0))
                bad.write_table(refusals.of_rows(batch, rules, numbers))
            good.write_table(rows)
            return broken

        settling: Future[int] | None = None
        for batch in batches:
            left += settling.result() if settling else 0
            settling = behind.submit(settle, batch, read)
            read += len(batch)
            if time.perf_counter() - told >= SAY_EVERY:
                told = time.perf_counter()
                say(f"企业名录：已读 {read:,} 行，拒收 {left:,} 行，用时 {told - started:.0f} 秒")
        left += settling.result() if settling else 0
        if refusals.lines:
            bad.write_table(refusals.of_lines())
    return read + len(refusals.lines), left


def _identify(written: pa.Array) -> tuple[pa.Array, pa.Array, npt.NDArray[np.bool_]]:
    """Split the code column into credit codes and old registration numbers; say which rows have neither."""
    valid = uscc_valid(written)
    if valid.true_count == len(written):
        return written, pa.nulls(len(written), pa.string()), np.zeros(len(written), dtype=bool)
    # One in 250 real codes fails as written, most for a small x: only those are cleaned and looked at again.
    doubtful = pc.invert(valid)
    rest = pc.utf8_upper(pc.utf8_trim_whitespace(written.filter(doubtful)))
    nothing = pa.scalar(None, pa.string())
    uscc = pc.replace_with_mask(written, doubtful, pc.if_else(uscc_valid(rest), rest, nothing))
    is_old = pc.fill_null(pc.match_substring_regex(rest, _OLD_NUMBER), False)
    none = pa.nulls(len(written), pa.string())
    old_number = pc.replace_with_mask(none, doubtful, pc.if_else(is_old, rest, nothing))
    return uscc, old_number, pc.and_(uscc.is_null(), old_number.is_null()).to_numpy(zero_copy_only=False)
