"""A chain graph of listed companies (上市公司产业链图谱): raw tables in, cleaned Parquet out, every dropped row counted by its rule.

Belongs here: the expected columns of the graph's files, the cleaning rules, writing what the warehouse reads. Does not belong here:
which node of the district's chains a product belongs to (SQL asks the words of the chain file), downloading anything.

Rules, in order: a company without a six-digit code or without a date is refused, `.SH` and `.SZ` are cut off; a code written twice keeps
the row listed first, then the one whose full name sorts first; weights are clipped to 0 to 1 and products of one company written
twice keep the largest; a product of an unknown company is dropped; of the edges those to itself are dropped, and food recipes (食谱):
edges with an end that a food or farming company makes (行业 11、34), or of which no listed company makes either end.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from intake.workbook import FileProblem
from storage import write_parquet

FOLDER: Final = "chain_graph"  # under the home; absent where an office has no graph
LISTED_FILE: Final = "listed.parquet"
EDGES_FILE: Final = "product_edges.parquet"
LISTED_SCHEMA: Final = pa.schema(
    [(name, pa.string()) for name in ("company_code", "company_name", "full_name", "exchange_name")]
    + [("listed_date", pa.date32()), ("product_name", pa.string()), ("weight", pa.float64())]
)
# The contract: each table with the columns that it must have; a CSV or a Parquet of that name is read.
TABLES: Final = {
    "company": ("name", "fullname", "code", "location", "time"),
    "company_product": ("company_code", "product", "weight"),
    "company_industry": ("company_code", "industry_code"),
    "product_product": ("from_product", "to_product", "rel"),
}
FOOD_INDUSTRIES: Final = ("11", "34")

_CLEAN: Final = """
create temp table companies as
select
    regexp_extract(code, '^(\\d{6})(\\.(SH|SZ|BJ))?$', 1) as company_code,
    name, fullname, location, try_cast(time as date) as listed_date
from company;
create temp table kept_companies as
select * from companies where company_code != '' and listed_date is not null
qualify row_number() over (partition by company_code order by listed_date, fullname) = 1;
create temp table products as
select left(company_code, 6) as company_code, trim(product) as product_name, greatest(0.0, least(1.0, try_cast(weight as double))) as weight,
    not (try_cast(weight as double) between 0 and 1) as is_clipped
from company_product
where product is not null and try_cast(weight as double) is not null and regexp_matches(company_code, '^\\d{6}');
create temp table listed as
select kept.company_code, kept.name as company_name, kept.fullname as full_name, kept.location as exchange_name,
    kept.listed_date, products.product_name, max(products.weight) as weight
from products inner join kept_companies as kept on products.company_code = kept.company_code
group by all;
create temp table food as
select distinct products.product_name
from products inner join company_industry as industries on products.company_code = left(industries.company_code, 6)
where left(cast(industries.industry_code as varchar), 2) in ('11', '34');
create temp table made as select distinct product_name from products;
create temp table judged as
select distinct from_product, to_product, rel,
    from_product = to_product as is_self,
    from_product in (select product_name from food) or to_product in (select product_name from food)
    or not (from_product in (select product_name from made) or to_product in (select product_name from made)) as is_recipe
from product_product where from_product is not null and to_product is not null;
"""


@dataclass(frozen=True)
class GraphSummary:
    """What came in, what was kept, and what each rule took away."""

    counts: dict[str, int]

    def said(self) -> str:
        """Tell it in one line."""
        return "，".join(f"{name} {count:,}" for name, count in self.counts.items())


def load_chain_graph(source: Path, out: Path) -> GraphSummary:
    """Read the four tables of a graph from a folder (`*company.csv` …), clean them, write `listed` and `product_edges`.

    Raises
    ------
    FileProblem
        A table is missing, can't be read or lacks a column; nothing is written then.
    """
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as connection:
        for table, columns in TABLES.items():
            _open(connection, source, table, columns)
        try:
            connection.execute(_CLEAN)
        except duckdb.Error as error:
            raise FileProblem(
                f"{source.name}：产业链图谱的内容无法识别，请核对四张表（{str(error).splitlines()[0]}）"
            ) from error
        out.mkdir(parents=True, exist_ok=True)
        _write(
            connection.sql("select * from listed order by company_code, product_name").to_arrow_table(),
            out / LISTED_FILE,
            LISTED_SCHEMA,
        )
        edges = "select from_product, to_product, rel from judged where not is_self and not is_recipe order by all"
        _write(connection.sql(edges).to_arrow_table(), out / EDGES_FILE)
        return GraphSummary({name: _count(connection, query) for name, query in _COUNTS.items()})


_COUNTS: Final = {
    "公司": "company",
    "代码或日期不可用": "companies where company_code = '' or listed_date is null",
    "重复代码": "(select company_code from companies where company_code != '' and listed_date is not null "
    "group by company_code having count(*) > 1)",
    "保留公司": "kept_companies",
    "公司产品": "company_product",
    "权重截到0至1": "products where is_clipped",
    "保留公司产品": "listed",
    "产品关系": "product_product",
    "食谱或无人生产的关系剔除": "judged where is_recipe and not is_self",
    "指向自身剔除": "judged where is_self",
    "保留产品关系": "judged where not is_self and not is_recipe",
}


def write_listed(home: Path, path: Path) -> int:
    """Lay the loaded graph where the warehouse reads it; without one, an empty table. Gives the rows."""
    loaded = home / FOLDER / LISTED_FILE
    table = pq.read_table(loaded) if loaded.exists() else pa.Table.from_pylist([], LISTED_SCHEMA)
    _write(table, path, LISTED_SCHEMA)
    return len(table)


def _open(connection: duckdb.DuckDBPyConnection, source: Path, table: str, columns: tuple[str, ...]) -> None:
    found = [
        p
        for p in sorted(source.glob("*"))
        if p.stem in (table, f"chainkg_{table}") and p.suffix in (".csv", ".parquet")
    ]
    if not found:
        raise FileProblem(f"{source}：缺少产业链图谱的表 {table}；请把它（CSV 或 Parquet）放进这个文件夹")
    place = str(found[0]).replace("'", "''")
    scan = f"read_csv('{place}', all_varchar = true)" if found[0].suffix == ".csv" else f"read_parquet('{place}')"
    try:
        have = [row[0] for row in connection.execute(f"describe select * from {scan}").fetchall()]
    except duckdb.Error as error:
        raise FileProblem(f"{found[0].name}：读不出来，请核对文件（{str(error).splitlines()[0]}）") from error
    absent = [c for c in columns if c not in have]
    if absent:
        raise FileProblem(f"{found[0].name}：缺少列 {'、'.join(absent)}；请补上这些列")
    connection.execute(f"create temp view {table} as select {', '.join(columns)} from {scan}")


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"select count(*) from {query}").fetchone()
    return int(row[0]) if row else 0


def _write(table: pa.Table, path: Path, schema: pa.Schema | None = None) -> None:
    write_parquet(path, table.cast(schema) if schema is not None else table, compression="zstd")
