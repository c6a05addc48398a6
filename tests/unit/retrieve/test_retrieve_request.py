"""What a question may ask for: every field checked, each refusal naming the field and what it accepts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.machine import find_zone
from audit_archive.errors import RequestError
from audit_archive.format.ids import MAX_ID, IdRange
from audit_archive.format.times import from_rfc3339
from audit_archive.retrieve.fields import network
from audit_archive.retrieve.formats import CSV, NDJSON
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import (
    EntriesRequest,
    EvidenceRequest,
    ExportRequest,
    RetrieveRequest,
    StatusRequest,
    parse_request,
)
from tests.support.asking import ASKED_AT
from tests.support.rows import all_rows


def parse(**event: Any) -> RetrieveRequest:
    return parse_request(event, find_zone, ASKED_AT)


def query(**event: Any) -> Query:
    request = parse(request="entries", console="a", **event)
    assert isinstance(request, EntriesRequest)
    return request.query


def test_the_least_that_a_question_says() -> None:
    event = {"request": "entries", "console": "1234abcd"}
    assert parse(**event) == EntriesRequest(Query("1234abcd"), NDJSON, event)
    assert parse(request="status") == StatusRequest(None, {"request": "status"})


def test_the_most_that_a_question_says() -> None:
    event = {
        "request": "entries",
        "console": "1234abcd",
        "from": "2026-03-01",
        "to": "2026-03-31",
        "zone": "Europe/London",
        "user": ["alice", "bob"],
        "action_type": "user_login",
        "address": ["192.0.2.7", "2001:db8::/32"],
        "text": "API key\n",
        "first_id": 5,
        "last_id": 9,
        "flock": "flock:default",
        "epoch": 2,
        "format": "csv",
        "who": "ada@example.com",
        "reason": "because",
    }
    expected = Query(
        "1234abcd",
        start=from_rfc3339("2026-03-01T00:00:00Z"),
        end=from_rfc3339("2026-03-31T23:00:00Z"),
        users=("alice", "bob"),
        action_types=("user_login",),
        networks=(network("192.0.2.7/32"), network("2001:db8::/32")),
        text="API key\n",
        ids=IdRange(5, 9),
        flocks=("flock:default",),
        epoch=2,
    )
    assert parse(**event) == EntriesRequest(expected, CSV, event)


def test_an_export_is_asked_for_by_id_or_by_date() -> None:
    by_id = parse(request="export", console="a", id=7, epoch=2)
    assert isinstance(by_id, ExportRequest)
    assert by_id.query == Query("a", ids=IdRange(7, 7), epoch=2)
    by_date = parse(request="export", console="a", date="2026-03-29", zone="Europe/London")
    assert isinstance(by_date, ExportRequest)
    start, end = from_rfc3339("2026-03-29T00:00:00Z"), from_rfc3339("2026-03-29T23:00:00Z")
    assert by_date.query == Query("a", start=start, end=end)


def test_null_is_as_good_as_absent() -> None:
    assert query(user=None, **{"from": None}, zone=None, format=None) == Query("a")


@all_rows(
    ("event", "field", "accepts"),
    [
        (None, "request", "entries, export, proof, evidence, status"),
        ([], "request", "entries, export, proof, evidence, status"),
        ({}, "request", "entries, export, proof, evidence, status"),
        ({"request": ["entries"]}, "request", "entries, export, proof, evidence, status"),
        ({"request": "delete", "console": "a"}, "request", "entries, export, proof, evidence, status"),
        ({"request": "entries"}, "console", "missing"),
        ({"request": "entries", "console": "A"}, "console", "a-z"),
        ({"request": "status", "console": "../x"}, "console", "a-z"),
        ({"request": "status", "from": "2026-01-01"}, "from", "unknown"),
        ({"request": "export", "console": "a"}, "id", "by `id` or by `date`"),
        ({"request": "export", "console": "a", "id": 1, "date": "2026-01-01"}, "id", "one of the two"),
        ({"request": "export", "console": "a", "id": 1, "zone": "UTC"}, "zone", "`date`"),
        ({"request": "export", "console": "a", "date": "2026-01-01T10:00"}, "date", "a date such as"),
        ({"request": "export", "console": "a", "date": "2026-01-01", "zone": "X"}, "zone", "Europe/London"),
        ({"request": "export", "console": "a", "id": "7"}, "id", "whole number from 1"),
        ({"request": "proof", "console": "a"}, "id", "missing"),
        ({"request": "proof", "console": "a", "id": 0}, "id", "whole number from 1"),
        ({"request": "proof", "console": "a", "id": 1, "user": "x"}, "user", "unknown"),
        ({"request": "evidence"}, "console", "missing"),
        ({"request": "evidence", "console": "a", "format": "csv"}, "format", "unknown"),
        ({"request": "evidence", "console": "a", "zone": "London"}, "zone", "Europe/London"),
    ],
)
def test_a_question_that_is_none(event: Any, field: str, accepts: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_request(event, find_zone, ASKED_AT)
    assert refused.value.field == field
    assert accepts in str(refused.value)


@all_rows(
    ("fields", "field", "accepts"),
    [
        ({"users": "a"}, "users", "user, action_type"),
        ({"from": "March"}, "from", "2026-03-01"),
        ({"from": 1_795_413_600}, "from", "2026-03-01"),
        ({"to": "2026-02-29"}, "to", "2026-03-01T08:30"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to", "before `from`"),
        ({"from": "2026-03-01T10:00", "to": "2026-03-01T09:59"}, "to", "before `from`"),
        ({"zone": "London"}, "zone", "Europe/London"),
        ({"zone": 2}, "zone", "text"),
        ({"user": ""}, "user", "1 to 500"),
        ({"user": "x" * 501}, "user", "1 to 500"),
        ({"user": "\ud800"}, "user", "text"),
        ({"user": []}, "user", "a list of 1 to 100"),
        ({"user": ["a"] * 101}, "user", "a list of 1 to 100"),
        ({"user": [["a"]]}, "user", "text"),
        ({"user": {"name": "a"}}, "user", "text"),
        ({"action_type": 5}, "action_type", "text"),
        ({"flock": ["a", None]}, "flock", "text"),
        ({"address": "example.com"}, "address", "192.0.2.0/24"),
        ({"address": "192.0.2.7/24"}, "address", "host bits"),
        ({"address": "1" * 65}, "address", "192.0.2.0/24"),
        ({"address": "192.0.2.0/33"}, "address", "192.0.2.0/24"),
        ({"address": 3_221_225_991}, "address", "192.0.2.0/24"),
        ({"text": ""}, "text", "1 to 500"),
        ({"first_id": 0}, "first_id", "from 1 to 9223372036854775807"),
        ({"last_id": MAX_ID + 1}, "last_id", "from 1"),
        ({"last_id": True}, "last_id", "from 1"),
        ({"last_id": 1.0}, "last_id", "from 1"),
        ({"first_id": 5, "last_id": 4}, "last_id", "which is 5"),
        ({"epoch": 0}, "epoch", "from 1"),
        ({"format": "xls"}, "format", "ndjson, csv"),
        ({"format": []}, "format", "ndjson, csv"),
        ({"who": ""}, "who", "printable"),
        ({"reason": "a\nb"}, "reason", "printable"),
    ],
)
def test_a_wrong_field_is_named_with_what_it_accepts(fields: Any, field: str, accepts: str) -> None:
    with pytest.raises(RequestError) as refused:
        query(**fields)
    assert refused.value.field == field
    assert accepts in str(refused.value)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12))
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=3), SCALARS, max_size=1)
)
NAMES = [
    "from",
    "to",
    "zone",
    "user",
    "address",
    "text",
    "first_id",
    "last_id",
    "flock",
    "epoch",
    "format",
    "x",
]


@given(
    st.sampled_from(["entries", "export", "proof", "evidence", "status"]),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
)
def test_any_other_question_is_refused_and_nothing_else_happens(kind: str, fields: dict[str, Any]) -> None:
    try:
        parse(request=kind, console="a", **fields)
    except RequestError as error:
        json.dumps(str(error))


def test_a_block_of_mapped_addresses_is_what_it_maps() -> None:
    assert network("::ffff:192.0.2.0/120") == network("192.0.2.0/24")
    assert network("::ffff:192.0.2.7") == network("192.0.2.7/32")
    assert str(network("::fffe:0:0/95")) == "::fffe:0:0/95"


NO_TEXTS: list[Any] = ["", "a\nb", "\x1b[31mred", "abc\u202edcba", "a\u200bb", "\ud800", "x" * 501, 7, ["a"]]
NO_SAMPLES: list[Any] = [0, -1, 10_001, "25", 2.5, True, [25]]
NO_SEEDS: list[Any] = [-1, 10**15, "4711", 1.0, False, []]
A_TEXT = "must be printable text of 1 to 500 characters"
A_SAMPLE = "is not a whole number from 1 to 10000"
A_SEED = "is not a whole number from 0 to 999999999999999"


@all_rows(
    ("fields", "told"),
    [
        *(({"sample": bad}, A_SAMPLE) for bad in NO_SAMPLES),
        *(({"sample": 1, "seed": bad}, A_SEED) for bad in NO_SEEDS),
        ({"seed": 4711}, "it draws a sample: give `sample` too, how many entries"),
        *(({name: bad}, A_TEXT) for name in ("organisation", "who", "reason") for bad in NO_TEXTS),
    ],
)
def test_what_is_asked_of_a_report_is_refused_with_what_is_allowed(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as raised:
        parse(request="evidence", console="a", **fields)
    assert told in str(raised.value)
    assert list(fields)[-1] in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_report_may_be_asked_for_with_a_sample() -> None:
    names = {"organisation": "Müller & Söhne <AG>", "sample": 10_000, "seed": 0}
    asked = parse(request="evidence", console="a", **names)
    assert isinstance(asked, EvidenceRequest)
    assert (asked.sample, asked.seed, asked.question["organisation"]) == (10_000, 0, "Müller & Söhne <AG>")
