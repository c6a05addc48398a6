"""The saved queries on the emulator's Athena, through the table and the workgroup of the template.

The emulator's Athena is DuckDB with Athena's API. What it proves: the table's location, its SerDe and its
partitions fit the entry files in S3, the workgroup takes a question and puts the answer where the template
says, and the queries, translated, answer the same there. What it can't prove, because it knows neither: that
Athena parses the text as it stands, the projection of partitions, the limit on what is read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.aws import client, ministack_server, plain_bucket
from tests.queries.cases import CASES, Case
from tests.queries.dialect import duckdb_sql
from tests.queries.plain import Plain
from tests.template.rendered import render
from tests.unit.run.world import World

PATIENCE_SECONDS = 60
ONE_OF_EACH = list({case.name: case for case in reversed(CASES)}.values())


class Athena:
    """An Athena with the template's database, table and workgroup over a bucket."""

    def __init__(self, endpoint: str, archive: str, reports: str) -> None:
        names = {"ArchiveBucket": archive, "ReportsBucket": reports}
        stack = render()
        table, database, group = (
            _renamed(stack.properties(name), names)
            for name in ("LinesTable", "EntriesDatabase", "AthenaWorkGroup")
        )
        self.reports = reports
        self._database, self._group = database["DatabaseInput"]["Name"], group["Name"]
        glue = client("glue", endpoint)
        glue.create_database(DatabaseInput=database["DatabaseInput"])
        glue.create_table(DatabaseName=self._database, TableInput=table["TableInput"])
        self._athena = client("athena", endpoint)
        settings = group["WorkGroupConfiguration"]
        settings["BytesScannedCutoffPerQuery"] = int(settings["BytesScannedCutoffPerQuery"])
        self._athena.create_work_group(Name=self._group, Configuration=settings)

    def ask(self, sql: str) -> tuple[list[list[str | None]], str]:
        """The answer's rows, as text, and where the answer was put."""
        started = self._athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": self._database}, WorkGroup=self._group
        )
        put = self._wait_for(started["QueryExecutionId"])
        answer = self._athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])
        _, *rows = answer["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows], put

    def _wait_for(self, query: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            if found["Status"]["State"] == "SUCCEEDED":
                return str(found["ResultConfiguration"]["OutputLocation"])
            assert found["Status"]["State"] in {"QUEUED", "RUNNING"}, found["Status"]
            time.sleep(0.02)
        raise TimeoutError(f"no answer within {PATIENCE_SECONDS} s")


@pytest.fixture(scope="module")
def athena(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    """The emulator's Athena over the archive's entry files in S3."""
    folder: Path = tmp_path_factory.mktemp("ministack")
    with ministack_server(folder) as endpoint:
        archive, reports = plain_bucket(endpoint), plain_bucket(endpoint)
        s3 = client("s3", endpoint)
        for key in world.store.keys("entries/"):
            s3.put_object(Bucket=archive, Key=key, Body=world.store.data(key))
        yield Athena(endpoint, archive, reports)


@pytest.mark.parametrize("case", ONE_OF_EACH, ids=str)
def test_a_saved_query_answers_what_the_lines_say(
    case: Case, athena: Athena, entries: Sequence[Plain]
) -> None:
    rows, put = athena.ask(duckdb_sql(case.sql))
    assert rows == [[_as_athena_shows(value) for value in row] for row in case.rows(entries)]
    assert put.startswith(f"s3://{athena.reports}/athena/")


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
