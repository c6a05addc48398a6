"""The saved queries on the emulator's Athena, through the table and the workgroup of the template.

The emulator's Athena is DuckDB with Athena's API. What it proves: the table's location, its SerDe and its
partitions fit the entry files in S3, the workgroup takes a question and puts the answer where the template
says, and the queries, translated, answer the same there. What it can't prove, because it knows neither: that
Athena parses the text as it stands, the projection of partitions, the limit on what is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.queries.cases import CASES
from tests.queries.plain import Plain
from tests.support.athena import Athena
from tests.support.aws import client, ministack_server, plain_bucket
from tests.support.dialect import duckdb_sql
from tests.support.stack import render
from tests.support.world import World

ONE_OF_EACH = list({case.name: case for case in reversed(CASES)}.values())


@pytest.fixture(scope="module")
def buckets() -> dict[str, str]:
    """The buckets' names in the template, and in the emulator."""
    return {}


@pytest.fixture(scope="module")
def athena(
    world: World, buckets: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Athena]:
    """The template's database, table and workgroup over the archive's entry files in S3."""
    with ministack_server(tmp_path_factory.mktemp("ministack")) as endpoint:
        buckets |= {name: plain_bucket(endpoint) for name in ("ArchiveBucket", "ReportsBucket")}
        s3, glue, athena = (client(service, endpoint) for service in ("s3", "glue", "athena"))
        for key in world.store.keys("entries/"):
            s3.put_object(Bucket=buckets["ArchiveBucket"], Key=key, Body=world.store.data(key))
        table, database, group = (
            _renamed(render().properties(name), buckets)
            for name in ("LinesTable", "EntriesDatabase", "AthenaWorkGroup")
        )
        name = database["DatabaseInput"]["Name"]
        glue.create_database(DatabaseInput=database["DatabaseInput"])
        glue.create_table(DatabaseName=name, TableInput=table["TableInput"])
        settings = group["WorkGroupConfiguration"]
        settings["BytesScannedCutoffPerQuery"] = int(settings["BytesScannedCutoffPerQuery"])
        athena.create_work_group(Name=group["Name"], Configuration=settings)
        yield Athena(athena, group["Name"], name)


@pytest.mark.wide
def test_every_saved_query_answers_what_the_lines_say(
    athena: Athena, buckets: dict[str, str], entries: Sequence[Plain]
) -> None:
    """In one test: an emulator takes longer to start than to answer."""
    for case in ONE_OF_EACH:
        rows, put = athena.ask(duckdb_sql(case.sql))
        assert rows == [[_as_athena_shows(value) for value in row] for row in case.rows(entries)], str(case)
        assert put.startswith(f"s3://{buckets['ReportsBucket']}/athena/")


def _as_athena_shows(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _renamed(properties: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(properties)
    for name, bucket in names.items():
        text = text.replace(f"s3://{name}/", f"s3://{bucket}/")
    renamed: dict[str, Any] = json.loads(text)
    return renamed
