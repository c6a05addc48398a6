"""docs/queries.md: its recipe runs as it stands, and its list of saved queries is the template's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from tests.queries import plain
from tests.queries.archive import write_entry_files
from tests.queries.plain import Plain
from tests.support.stack import ROOT, render
from tests.support.world import World

PAGE = (ROOT / "docs" / "queries.md").read_text()
RECIPE = re.findall(r"<!-- duckdb -->\n```sql\n(.*?)```", PAGE, re.DOTALL)
TEXTS = ("action_type", "message", "user", "user_ip", "user_access_route", "flock_id", "flock_name")


@pytest.fixture(scope="module")
def recipe(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the page's view, in a folder with a copy of the archive."""
    folder = tmp_path_factory.mktemp("analyst")
    write_entry_files(world, folder / "archive")
    with pytest.MonkeyPatch.context() as elsewhere, duckdb.connect() as connection:
        elsewhere.chdir(folder)
        connection.execute(RECIPE[0])
        yield connection


def test_the_recipe_gives_every_entry(recipe: duckdb.DuckDBPyConnection, entries: Sequence[Plain]) -> None:
    columns = ", ".join(f'"{name}"' for name in TEXTS)
    rows = recipe.execute(f"SELECT id, dt::VARCHAR, line, {columns} FROM entries ORDER BY id").fetchall()  # noqa: S608
    assert [row[:3] for row in rows] == [(e.id, e.day, e.line) for e in entries]
    shown = {row[0]: row[3:] for row in rows}
    flat = [e for e in entries if not any(isinstance(e.fields.get(name), dict | list) for name in TEXTS)]
    assert len(flat) > len(entries) - 3
    assert {e.id: shown[e.id] for e in flat} == {e.id: tuple(map(e.text, TEXTS)) for e in flat}


def test_the_recipe_reads_every_time_that_can_be_read(
    recipe: duckdb.DuckDBPyConnection, entries: Sequence[Plain]
) -> None:
    found = dict(recipe.execute("SELECT id, happened_at FROM entries").fetchall())
    assert {e.id: found[e.id] for e in entries if e.happened_at} == {
        e.id: e.happened_at for e in entries if e.happened_at
    }


def test_the_recipes_questions_are_answered(
    recipe: duckdb.DuckDBPyConnection, entries: Sequence[Plain]
) -> None:
    by_day, mine, _ = (s for s in RECIPE[1].split(";") if s.strip())
    november = [e for e in entries if e.day.startswith("2026-11")]
    assert sum(row[2] for row in recipe.execute(by_day).fetchall()) == len(november)
    of_alice = plain.who_did_what(entries, "alice@example.com")
    assert [row[0] for row in recipe.execute(mine).fetchall()] == [row[0] for row in of_alice]
    of_jose = {row[0] for row in plain.who_did_what(entries, "José@example.com")}
    asked = recipe.execute("""SELECT id FROM entries WHERE as_name("user") = as_name('José@example.com')""")
    assert {row[0] for row in asked.fetchall()} == of_jose
    assert len(of_jose) == 4
    recipe.execute(RECIPE[1])
    (count,) = recipe.execute("SELECT count(*) FROM 'entries.parquet'").fetchall()[0]
    assert count == len(entries)
    assert Path("entries.parquet").exists()


def test_the_page_lists_the_saved_queries() -> None:
    section = PAGE.partition("## The saved queries")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| (.+?) \| (.+\.) \|$", section, re.MULTILINE)
    saved = render().of_type("AWS::Athena::NamedQuery").values()
    assert listed == [(query["Name"], query["Description"]) for query in saved]
