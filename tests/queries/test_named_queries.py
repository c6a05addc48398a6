"""Every saved query, translated for DuckDB, over entry files that real runs wrote."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from audit_archive.format.display import INVISIBLE
from audit_archive.format.entry import ACTIONS
from audit_archive.format.facts import Cause
from audit_archive.retrieve.reading import NO_BREAK
from tests.queries.archive import CONSOLE, Line, lines
from tests.queries.cases import CASES, SAVED, Case
from tests.queries.plain import Plain
from tests.support.dialect import PAGE, duckdb_sql
from tests.support.world import World

SAVED_NAMES = sorted(SAVED)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_saved_query_answers_what_the_lines_say(
    case: Case, database: duckdb.DuckDBPyConnection, entries: Sequence[Plain]
) -> None:
    expected = case.rows(entries)
    assert expected
    assert database.execute(duckdb_sql(case.sql)).fetchall() == expected


def test_every_saved_query_has_a_case() -> None:
    assert {case.name for case in CASES} == set(SAVED)


def test_the_table_has_every_line_byte_for_byte(database: duckdb.DuckDBPyConnection, world: World) -> None:
    found = database.execute("SELECT dt, encode(line) FROM lines").fetchall()
    assert sorted(Line(*row) for row in found) == sorted(lines(world))


def test_nobody_hides_from_a_query_by_what_his_browser_says(
    database: duckdb.DuckDBPyConnection, entries: Sequence[Plain]
) -> None:
    (case,) = [c for c in CASES if c.name == "Who did what" and not c.changes]
    text = case.sql.replace("'alice@example.com'", "'mallory@example.com'")
    found = {row[0] for row in database.execute(duckdb_sql(text)).fetchall()}
    hidden = {e.id for e in entries if e.is_source_form and e.text("user") == "mallory@example.com"}
    assert len(hidden) >= 6
    assert hidden < found


def test_holes_are_those_that_the_statements_explain(
    database: duckdb.DuckDBPyConnection, world: World
) -> None:
    stated = {(m.first, m.last) for said in world.archives() for m in said.missing}
    causes = {m.cause for said in world.archives() for m in said.missing}
    assert causes == {Cause.BEFORE_ARCHIVE, Cause.FOREIGN_PURGE, Cause.UNEXPLAINED}
    assert {row[:2] for row in database.execute(duckdb_sql(SAVED["Holes"])).fetchall()} == stated


@pytest.mark.parametrize("name", SAVED_NAMES)
def test_each_reads_one_console_and_its_days_and_no_more(name: str) -> None:
    """An injected partition takes nothing but static equality, and it must stand where the table is read."""
    tree = sqlglot.parse_one(SAVED[name], read="athena")
    (table,) = [t for t in tree.find_all(exp.Table) if t.name == "lines"]
    read = table.find_ancestor(exp.Select)
    assert read is not None
    console, days = read.args["where"].this.flatten()
    assert console == exp.EQ(this=exp.column("console"), expression=exp.Literal.string(CONSOLE))
    assert isinstance(days, exp.Between)
    assert days.this.name == "dt"
    assert {days.args[end].is_string for end in ("low", "high")} == {True}


@pytest.mark.parametrize("name", SAVED_NAMES)
def test_each_says_what_it_is_in_its_first_line(name: str) -> None:
    assert SAVED[name].startswith("-- ")
    assert "Change what stands in quotes, then run." in SAVED[name].splitlines()[0]


@pytest.mark.parametrize("where", ["the template", "the page"])
def test_both_pass_over_the_characters_that_the_engine_passes_over(where: str) -> None:
    sql = SAVED["Who did what"] if where == "the template" else PAGE
    spaces = [int(code) for code in re.findall(r"chr\(([0-9]+)\)", sql) if int(code) != ord("ß")]
    assert spaces == list(map(ord, NO_BREAK))
    (pattern,) = re.findall(r"'(\[\\x\{ad\}[^']*\])'", sql)
    in_python = re.sub(r"\\x\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), pattern)
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert "".join(re.findall(in_python, every)) == INVISIBLE


def test_new_actions_are_those_that_the_product_does_not_know() -> None:
    known = re.findall("'([a-z_]+)'", SAVED["Actions"].partition("NOT IN (")[2].partition(")")[0])
    assert set(known) == ACTIONS
