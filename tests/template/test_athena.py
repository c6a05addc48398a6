"""Asking the archive with SQL: the table fits the entry files, and an answer costs and leaves what it may."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.layout import entries_key
from tests.support.stack import Rendered, render


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render()


@pytest.fixture(scope="module")
def table(stack: Rendered) -> dict[str, Any]:
    properties = stack.properties("LinesTable")
    assert properties["DatabaseName"] == "EntriesDatabase"
    found: dict[str, Any] = properties["TableInput"]
    return found


def test_the_table_looks_where_the_entry_files_are(table: dict[str, Any]) -> None:
    bucket = "s3://ArchiveBucket/"
    assert table["StorageDescriptor"]["Location"] == f"{bucket}entries/"
    place = table["Parameters"]["storage.location.template"]
    folder = place.replace("${console}", "1234abcd").replace("${dt}", "2026-11-23")
    assert entries_key("1234abcd", "2026-11-23", 7) == f"{folder.removeprefix(bucket)}0000000007.ndjson.gz"


def test_a_query_names_its_console_and_every_day_is_known_without_a_crawler(table: dict[str, Any]) -> None:
    projection = {k: v for k, v in table["Parameters"].items() if k.startswith("projection.")}
    assert projection == {
        "projection.enabled": "true",
        "projection.console.type": "injected",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "1970-01-01,NOW+10YEARS",
        "projection.dt.interval": "1",
        "projection.dt.interval.unit": "DAYS",
    }
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [
        ("console", "string"),
        ("dt", "string"),
    ]


def test_a_line_is_one_value_whatever_is_in_it(table: dict[str, Any]) -> None:
    """Hive's default: fields end at U+0001, rows at a line feed or a carriage return, nothing is quoted."""
    storage = table["StorageDescriptor"]
    assert [(column["Name"], column["Type"]) for column in storage["Columns"]] == [("line", "string")]
    assert storage["SerdeInfo"] == {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"serialization.format": "1"},
    }
    everything = "".join(map(chr, range(0x300)))
    assert not set(canonical_bytes({everything: everything})) & set(b"\x01\n\r")


def test_no_question_reads_more_than_the_owner_allows() -> None:
    settings = render(AthenaScanLimitMb="250").properties("AthenaWorkGroup")["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == "250000000"


def test_answers_never_go_into_the_archive_and_go_away(stack: Rendered) -> None:
    results = stack.properties("AthenaWorkGroup")["WorkGroupConfiguration"]["ResultConfiguration"]
    assert results["OutputLocation"] == "s3://ReportsBucket/athena/"
    assert results["ExpectedBucketOwner"] == "111122223333"
    assert results["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    rules = stack.properties("ReportsBucket")["LifecycleConfiguration"]["Rules"]
    assert [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule] == [30]


def test_the_saved_queries_are_where_one_asks(stack: Rendered) -> None:
    saved = stack.of_type("AWS::Athena::NamedQuery").values()
    assert len(saved) == 10
    assert {(q["Database"], q["WorkGroup"]) for q in saved} == {("EntriesDatabase", "AthenaWorkGroup")}
    assert len({q["Name"] for q in saved}) == len(saved)
    assert all(q["Description"] and "${" not in q["QueryString"] for q in saved)


def test_the_database_has_a_name_that_athena_takes(stack: Rendered) -> None:
    name = stack.properties("EntriesDatabase")["DatabaseInput"]["Name"]
    assert name == "audit_trails_abc9dbf0"
    assert re.fullmatch("[a-z][a-z0-9_]*", name)
