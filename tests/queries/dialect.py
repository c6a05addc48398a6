"""Athena's SQL made DuckDB's: sqlglot, and what it takes to keep the meaning of Athena's JSON functions."""

from __future__ import annotations

import sqlglot
from sqlglot import exp


def duckdb_sql(athena: str) -> str:
    """The same question for DuckDB.

    In Athena a text that is no JSON has no members; DuckDB fails on it. `json_extract_scalar` gives nothing
    for an object or an array; DuckDB's ->> gives its text.
    """
    tree = sqlglot.parse_one(athena, read="athena")
    for found in list(tree.find_all(exp.JSONExtractScalar, exp.JSONExtract)):
        text, path = found.this.sql("duckdb"), found.expression.sql("duckdb")
        if isinstance(found, exp.JSONExtractScalar):
            scalar = f"json_type({text}, {path}) NOT IN ('OBJECT', 'ARRAY')"
            faithful = (
                f"CASE WHEN json_valid({text}) AND {scalar} THEN json_extract_string({text}, {path}) END"
            )
        else:
            faithful = f"CASE WHEN json_valid({text}) THEN json_extract({text}, {path}) END"
        found.replace(sqlglot.parse_one(faithful, read="duckdb"))
    return tree.sql("duckdb")
