"""Asking the emulator's Athena, as anybody asks Athena."""

from __future__ import annotations

import time
from typing import Any

PATIENCE_SECONDS = 60


class Athena:
    """A workgroup and a database to ask; `client` is boto3's."""

    def __init__(self, client: Any, group: str, database: str) -> None:
        self._client = client
        self._group = group
        self._database = database

    def ask(self, sql: str) -> tuple[list[list[str | None]], str]:
        """The answer's rows, as text, and where the answer was put."""
        started = self._client.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": self._database}, WorkGroup=self._group
        )
        put = self._wait_for(started["QueryExecutionId"])
        answer = self._client.get_query_results(QueryExecutionId=started["QueryExecutionId"])
        _, *rows = answer["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows], put

    def _wait_for(self, query: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self._client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            if found["Status"]["State"] == "SUCCEEDED":
                return str(found["ResultConfiguration"]["OutputLocation"])
            assert found["Status"]["State"] in {"QUEUED", "RUNNING"}, found["Status"]
            time.sleep(0.02)
        raise TimeoutError(f"no answer within {PATIENCE_SECONDS} s")
