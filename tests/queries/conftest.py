"""One awkward archive for all: its lines in plain Python, and its entry files in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.queries.archive import awkward, lines, write_entry_files
from tests.queries.plain import Plain, read
from tests.support.world import World


@pytest.fixture(scope="session")
def world() -> World:
    """Where it was archived."""
    return awkward()


@pytest.fixture(scope="session")
def entries(world: World) -> list[Plain]:
    """Every archived entry, by id."""
    return read(lines(world))


@pytest.fixture(scope="session")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the bucket's entry files."""
    path = tmp_path_factory.mktemp("archive")
    write_entry_files(world, path)
    return path


@pytest.fixture(scope="session")
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the table `lines`, as the template describes it; the files are read once."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""CREATE TABLE lines AS SELECT * FROM read_csv('{folder}/entries/*/*/*.ndjson.gz',
            auto_detect = false, header = false, delim = '\x01', quote = '', escape = '',
            columns = {{'line': 'VARCHAR'}}, max_line_size = 10000000,
            hive_partitioning = true, hive_types = {{'console': VARCHAR, 'dt': VARCHAR}})"""  # noqa: S608
        )
        yield connection
