"""A compiled model as one SELECT, for a database that has the rows.

Belongs here: SQL text whose score equals that of the tables bit for bit.
Does not belong here: running it, or joins to tables of millions of rows: CASE ran at 0.4 to 1 million rows a second in a
trial, and a lookup by bins at 1.7 to 6 million.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from models.additive.tables import AdditiveTables, Floats, Term

Dialect = Literal["duckdb"]


def to_sql(tables: AdditiveTables, relation: str, keys: list[str] | None = None, dialect: Dialect = "duckdb") -> str:
    """SELECT with the key columns, one column per term named ``contribution: <term>``, and ``score``.

    Categories are compared as text: a category that is a number must be an integer column, since 3.0 reads '3.0' there.

    Examples
    --------
    >>> from models.additive import AdditiveTables, Term
    >>> rare = Term("source", "source", False, categories={"展会": 0.5}, missing=-0.25)
    >>> print(to_sql(AdditiveTables(-1.0, [rare]), "leads", ["lead_id"]))
    SELECT *, -1.0e0 + "contribution: source" AS score FROM (SELECT "lead_id",
      CASE WHEN "source" IS NULL THEN -2.5e-1 WHEN CAST("source" AS VARCHAR) = '展会' THEN 5.0e-1 ELSE 0.0e0 END AS "contribution: source"
    FROM leads)
    """
    if dialect != "duckdb":
        raise ValueError(f"unknown dialect {dialect!r}; known: duckdb")
    parts = [f"  {_case(term)} AS {_name('contribution: ' + term.name)}" for term in tables.terms]
    columns = ", ".join(_name(k) for k in keys) if keys else "*"
    total = " + ".join([_number(tables.intercept), *(_name("contribution: " + t.name) for t in tables.terms)])
    return f"SELECT *, {total} AS score FROM (SELECT {columns},\n" + ",\n".join(parts) + f"\nFROM {relation})"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _number(value: float) -> str:
    """Shortest text that reads back as the same double; with an exponent, since a plain 0.5 is a decimal in SQL."""
    return np.format_float_scientific(value, trim="0", exp_digits=1).replace("e+", "e")


def _case(term: Term) -> str:
    if term.is_constant:
        return _number(term.other)
    if term.cells:
        return _pair_case(term)
    column = _name(term.feature)
    if term.is_numeric:
        number = f"CAST({column} AS DOUBLE)"
        whens = [
            f"WHEN {number} < {_number(e)} THEN {_number(v)}" for e, v in zip(term.edges, term.values, strict=False)
        ]
        # NaN is larger than every number in SQL; here it is missing.
        absent = f"WHEN {column} IS NULL OR isnan({number}) THEN {_number(term.missing)}"
        return " ".join(["CASE", absent, *whens, f"ELSE {_number(float(term.values[-1]))} END"])
    text = f"CAST({column} AS VARCHAR)"
    whens = [f"WHEN {text} = {_text(k)} THEN {_number(v)}" for k, v in sorted(term.categories.items())]
    absent = f"WHEN {column} IS NULL THEN {_number(term.missing)}"
    return " ".join(["CASE", absent, *whens, f"ELSE {_number(term.other)} END"])


def _pair_case(term: Term) -> str:
    first, second = (_name(c) for c in term.columns)
    number = f"CAST({second} AS DOUBLE)" if term.partner_is_numeric else ""
    last = len(term.edges) + 1
    absent = f"({second} IS NULL OR isnan({number}))" if number else f"{second} IS NULL"
    whens = []
    for (key, b), value in sorted(term.cells.items()):
        inside = absent if b == last else f"NOT {absent}" + _bounds(number, term.edges, b)
        whens.append(f"WHEN CAST({first} AS VARCHAR) = {_text(key)} AND {inside} THEN {_number(value)}")
    return " ".join(["CASE", *whens, "ELSE 0.0e0 END"])


def _bounds(number: str, edges: Floats, b: int) -> str:
    low = f" AND {number} >= {_number(edges[b - 1])}" if number and b > 0 else ""
    high = f" AND {number} < {_number(edges[b])}" if number and b < len(edges) else ""
    return low + high
