"""Athena's SQL made DuckDB's: sqlglot, and what it takes to keep the meaning of Athena's JSON functions."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp

from tests.support.stack import ROOT

PAGE = (ROOT / "docs" / "queries.md").read_text()
LENIENT = re.findall(r"CREATE MACRO lenient\(bytes\) AS (.*?);\n", PAGE, re.DOTALL)[0]
"""Athena's `from_utf8` for DuckDB, as the page has it; the emulator knows no macros."""


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
    for composed in list(tree.find_all(exp.Normalize)):
        composed.replace(exp.func("nfc_normalize", composed.this))
    for lenient in list(tree.find_all(exp.Decode)):  # Athena's from_utf8 puts U+FFFD for what is not UTF-8
        text = LENIENT.replace("bytes", lenient.this.sql("duckdb"))
        lenient.replace(sqlglot.parse_one(text, read="duckdb"))
    return tree.sql("duckdb")
