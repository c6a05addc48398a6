"""The saved queries against the streaming engine, as far as its filters can put the same question."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

import duckdb
import pytest

from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.retrieve.formats import NDJSON
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import find_entries
from audit_archive.retrieve.statements import Reader
from tests.queries.archive import CONSOLE
from tests.queries.cases import SAVED
from tests.support.dialect import duckdb_sql
from tests.support.fakes import FakeScratch
from tests.support.world import World

DAYS = "'2026-01-01' AND '2026-12-31'"
ALWAYS = "'1970-01-01' AND '2099-12-31'"


def engine(world: World, **filters: Any) -> list[dict[str, Any]]:
    """The lines that the streaming engine hands out, parsed."""
    reader = Reader(world.store, world.ledger, world.clock, FakeScratch())
    body = find_entries(reader, Query(CONSOLE, **filters), NDJSON).body
    assert body is not None
    with body.file as file:
        return [json.loads(line) for line in file]


def ids(lines: list[dict[str, Any]]) -> list[int]:
    return [line["id"] for line in lines]


def test_who_did_what(world: World, database: duckdb.DuckDBPyConnection) -> None:
    sql = SAVED["Who did what"].replace(DAYS, ALWAYS).replace("'alice@example.com'", "'Mallory@example.com'")
    rows = database.execute(duckdb_sql(sql)).fetchall()
    assert [row[0] for row in rows] == ids(engine(world, users=("Mallory@example.com",)))


@pytest.mark.parametrize("who", ["José@example.com", "jose\u0301@EXAMPLE.com", "jose@example.com", "strasse"])
def test_who_did_what_is_found_however_the_name_is_spelled(
    world: World, database: duckdb.DuckDBPyConnection, who: str
) -> None:
    sql = SAVED["Who did what"].replace(DAYS, ALWAYS).replace("'alice@example.com'", f"'{who}'")
    rows = database.execute(duckdb_sql(sql)).fetchall()
    assert [row[0] for row in rows] == ids(engine(world, users=(who,)))
    assert rows


def test_everything_from_an_address(world: World, database: duckdb.DuckDBPyConnection) -> None:
    for address in ("192.0.2.7", "10.0.0.1", "2001:db8::77"):
        sql = SAVED["Everything from an address"].replace(DAYS, ALWAYS).replace("'192.0.2.7'", f"'{address}'")
        rows = database.execute(duckdb_sql(sql)).fetchall()
        assert [row[0] for row in rows] == ids(engine(world, networks=(ip_network(address),)))


def test_who_did_what_in_some_days(world: World, database: duckdb.DuckDBPyConnection) -> None:
    """SQL also gives what is filed under these days, because nobody can read when it happened."""
    sql = SAVED["Who did what"].replace(DAYS, "'2026-03-29' AND '2026-11-25'")
    rows = database.execute(duckdb_sql(sql)).fetchall()
    start, end = from_rfc3339("2026-03-29T00:00:00Z"), from_rfc3339("2026-11-25T00:00:00Z") + DAY
    assert [row[0] for row in rows if row[1] is None]
    assert [row[0] for row in rows if row[1] is not None] == ids(
        engine(world, users=("alice@example.com",), start=start, end=end)
    )


def test_logins_by_address(world: World, database: duckdb.DuckDBPyConnection) -> None:
    sql = SAVED["Logins by address"].replace(DAYS, ALWAYS)
    rows = database.execute(duckdb_sql(sql)).fetchall()
    assert len(rows) > 5
    for address, logins, *_ in rows:
        if address is not None:
            networks = (ip_network(address),)
            assert logins == len(engine(world, networks=networks, action_types=("user_login",)))


def test_purges(world: World, database: duckdb.DuckDBPyConnection) -> None:
    sql = SAVED["Purges"].replace(DAYS, ALWAYS)
    rows = database.execute(duckdb_sql(sql)).fetchall()
    by_action = ids(engine(world, action_types=("audit_trail_purge",)))
    by_message = ids(engine(world, text="Successfully purged"))
    assert len(set(by_message) - set(by_action)) == 1
    assert [row[0] for row in rows] == sorted({*by_action, *by_message})
