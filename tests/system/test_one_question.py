"""One question, asked in every way that there is: the rows are the same, and the bundle proves them."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import duckdb
import pytest
from click.testing import CliRunner

from cli.main import main
from local.aws import DeployedStack, Laptop
from local.aws.clients import CONFIG
from local.aws.sam import STACK
from tests.support.athena import Athena
from tests.support.dialect import duckdb_sql
from tests.support.stack import ROOT
from tests.support.verify_program import ask
from tests.system.conftest import NewConsole, OwnConsole

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack

ENTRIES = 300
RECIPE = re.findall(
    r"<!-- duckdb -->\n```sql\n(.*?)```", (ROOT / "docs" / "queries.md").read_text(), re.DOTALL
)


def of_the_function(stack: DeployedStack, console: str, user: str) -> list[bytes]:
    asked = {"request": "entries", "console": console, "user": user}
    answer = stack.invoke(asked, "RetrieveFunction").result
    with urlopen(answer["report"]["link"]) as file:  # noqa: S310 - the emulator's, on loopback
        lines: list[bytes] = file.read().splitlines()
    return lines


def of_the_bundle(stack: DeployedStack, console: str, user: str, folder: Path) -> list[bytes]:
    """The same as evidence; the auditor's copy finds it valid."""
    asked = {"request": "evidence", "console": console, "user": user, "who": "ada", "reason": "4711"}
    ran = stack.invoke(asked, "RetrieveFunction")
    assert ran.error == ""
    with urlopen(ran.result["report"]["link"]) as file:  # noqa: S310 - the emulator's, on loopback
        ZipFile(BytesIO(file.read())).extractall(folder)
    answer = ask(folder, "--key", folder / "public-key.pem")
    assert answer.status == 0
    assert " lines proven, signed by a key that you trust" in answer.said["verdict"]
    return (folder / "entries.ndjson").read_bytes().splitlines()


def of_the_command(laptop: Laptop, console: str, user: str) -> list[bytes]:
    runner = CliRunner(mix_stderr=False, env=laptop.aws.env() | {"CANARY_AUDIT_STACK": STACK})
    answer = runner.invoke(main, ["entries", console, "--user", user])
    assert answer.exit_code == 0, answer.stderr
    return answer.stdout_bytes.splitlines()


def of_athena(stack: DeployedStack, console: str, user: str) -> list[bytes]:
    """In Athena's SQL, made that of the emulator's engine."""
    days = sorted(each.key.split("dt=")[1][:10] for each in stack.objects(f"entries/console={console}/"))
    sql = (
        f"SELECT line FROM lines WHERE console = '{console}' AND dt BETWEEN '{days[0]}' AND '{days[-1]}' "  # noqa: S608
        f"AND json_extract_scalar(line, '$.user') = '{user}' "
        "ORDER BY CAST(json_extract_scalar(line, '$.id') AS BIGINT)"
    )
    client = stack.aws.session.client("athena", endpoint_url=stack.aws.endpoint, config=CONFIG)
    try:
        rows, put = Athena(client, stack.outputs["AthenaWorkGroup"], stack.outputs["EntriesDatabase"]).ask(
            duckdb_sql(sql)
        )
    finally:
        client.close()
    assert put.startswith(f"s3://{stack.outputs['ReportsBucket']}/athena/")
    return [str(line).encode() for (line,) in rows]


def of_duckdb(
    stack: DeployedStack, console: str, user: str, folder: Path, elsewhere: pytest.MonkeyPatch
) -> list[bytes]:
    """By the recipe of docs/queries.md, over a copy of the entry files."""
    for each in stack.objects(f"entries/console={console}/"):
        path = folder / "archive" / each.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stack.read(each.key, each.version_id))
    elsewhere.chdir(folder)
    with duckdb.connect() as connection:
        connection.execute(RECIPE[0])
        rows = connection.execute('SELECT line FROM entries WHERE "user" = ? ORDER BY id', [user]).fetchall()
    return [line.encode() for (line,) in rows]


def busiest(console: OwnConsole) -> str:
    """The user of most entries."""
    users = [str(entry.get("user")) for entry in console.newest(ENTRIES)]
    return max(sorted(set(users)), key=users.count)


def test_every_way_gives_the_same_rows(
    laptop: Laptop, new_console: NewConsole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, console = laptop.stack, new_console(entries=ENTRIES)
    user = busiest(console)
    assert stack.invoke({"console": console.id}).result["outcome"] == "purged"

    lines = of_the_function(stack, console.id, user)
    assert len(lines) > ENTRIES / 20
    assert {json.loads(line)["user"] for line in lines} == {user}
    assert of_the_command(laptop, console.id, user) == lines
    assert of_the_bundle(stack, console.id, user, tmp_path / "bundle") == lines
    assert of_athena(stack, console.id, user) == lines
    assert of_duckdb(stack, console.id, user, tmp_path, monkeypatch) == lines
