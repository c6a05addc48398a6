"""The contract of Verifications, on the fake and on DynamoDbVerifications with both emulators."""

from dataclasses import replace
from random import Random
from typing import Any
from uuid import uuid4
from zlib import compress

import pytest

from audit_archive.adapters.ledger import DynamoDbLedger, DynamoDbVerifications
from audit_archive.bookmark import AuditResult, Bookmark, BookmarkKind, Rotation
from audit_archive.errors import IntegrityError
from audit_archive.events import is_console_id
from audit_archive.finding import Finding, FindingKind
from audit_archive.fleet_ports import Told
from audit_archive.format.facts import Cause
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.verdicts import AuditedCoverage, EpochCoverage, Fault, Verdict
from audit_archive.ports import AuditorNotes
from tests.support import aws
from tests.support.fakes.verifications import FakeVerifications

NOW = 1_795_413_600
ROTATION = Rotation(
    7,
    NOW - 86_400,
    NOW,
    AuditResult.FAULTS,
    1,
    9,
    "ab" * 32,
    open_faults=(Fault(Verdict.MISSING, "entries/é", None, 3, 'entries/é "is" missing'),),
    open_since=(1_764_547_200,),
)
everywhere = pytest.mark.parametrize(
    "endpoint", ["fake", pytest.param("moto", marks=pytest.mark.wide), "ministack"], indirect=True
)


@pytest.fixture
def notes(endpoint: str | None) -> AuditorNotes:
    if endpoint is None:
        return FakeVerifications()
    return DynamoDbVerifications(aws.client("dynamodb", endpoint), aws.ledger_table(endpoint))


@pytest.fixture
def console() -> str:
    return f"console-{uuid4().hex[:8]}"


def finding(console: str, sentence: str = "An export is missing.") -> Finding:
    return Finding(FindingKind.VERIFY_FAULT, console, sentence, {"verdict": "missing"})


@everywhere
def test_what_was_saved_last_is_what_there_is(notes: AuditorNotes, console: str) -> None:
    assert notes.last(console) is None
    notes.save(console, ROTATION)
    assert notes.last(console) == ROTATION
    later = replace(
        ROTATION, next_seq=1, last_result=AuditResult.FAULTS, faults=3, newest_sha256=None, open_seqs=(3, 700)
    )
    notes.save(console, later)
    assert notes.last(console) == later
    assert notes.last(f"{console}-b") is None


@everywhere
def test_a_finding_is_told_once_and_one_that_could_not_be_told_is_pending(
    notes: AuditorNotes, console: str
) -> None:
    assert notes.claim(finding(console), NOW, NOW + 60)
    assert not notes.claim(finding(console), NOW, NOW + 60)
    assert notes.pending(console, NOW + 60) == [finding(console)]
    assert notes.pending(f"{console}-b", NOW + 60) == []
    notes.announced(finding(console))
    assert not notes.claim(finding(console), NOW + 1_000_000, NOW + 1_000_060)
    assert notes.pending(console, NOW + 1_000_000) == []
    assert notes.claim(finding(console, "Another is."), NOW, NOW + 60)


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
def test_everything_lies_under_a_partition_of_its_own(endpoint: str, console: str) -> None:
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    notes = DynamoDbVerifications(client, table)
    notes.save(console, ROTATION)
    notes.tell(Told(NOW, frozenset({"x"})))
    notes.claim(finding(console), NOW, NOW + 60)
    notes.announced(finding(console, "Another is."))
    items = client.scan(TableName=table)["Items"]
    assert {item["console"]["S"] for item in items} == {f"verify/{console}", "verify/_fleet"}
    assert not is_console_id("_fleet")
    assert DynamoDbLedger(client, table).pending(console, NOW + 60) == []


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
@pytest.mark.parametrize("field", ["next_seq", "last_result"])
def test_notes_that_make_no_sense_are_said_to_be_so(endpoint: str, console: str, field: str) -> None:
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    notes = DynamoDbVerifications(client, table)
    notes.save(console, ROTATION)
    key = {"console": {"S": "verify/_fleet"}, "item": {"S": console}}
    client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression=f"SET {field} = :x",
        ExpressionAttributeValues={":x": {"BOOL": True}},
    )
    with pytest.raises(IntegrityError, match="begins a new cycle"):
        notes.last(console)
    assert notes.rotations()[console] is None


@everywhere
def test_the_audits_of_all_consoles_are_known_together(notes: AuditorNotes, console: str) -> None:
    notes.save(console, ROTATION)
    notes.save(f"{console}-b", replace(ROTATION, period=7))
    notes.tell(Told(NOW, frozenset()))
    found = {name: known for name, known in notes.rotations().items() if name.startswith(console)}
    assert found == {console: ROTATION, f"{console}-b": replace(ROTATION, period=7)}
    assert "_told" not in notes.rotations()


@everywhere
def test_what_was_told_of_the_fleet_is_remembered(notes: AuditorNotes) -> None:
    told = Told(NOW, frozenset({"1234abcd stale ", "5678efab unscheduled _verify off"}))
    notes.tell(told)
    assert notes.told() == told
    many = Told(NOW + 1, frozenset(f"{number:08x} failing ConsoleAuthError" for number in range(10_000)))
    notes.tell(many)
    assert notes.told() == many


# ------------------------------------------------------------------------------------------ bookmarks

COVERED = AuditedCoverage(
    (EpochCoverage(1, 5, 40, 1, {Cause.UNEXPLAINED: 2}, 42, 30), EpochCoverage(2, 1, 0, 0, {}, 0, 0)),
    "2026-11-20",
    None,
)


def bookmark(holes: int = 2, names: int = 3) -> Bookmark:
    """Its holes and names don't compress."""
    random = Random(holes)  # noqa: S311 - no secret
    found = (random.randrange(10**12) for _ in range(holes))
    open_holes = tuple(OpenHole(at, at + 5, Cause.UNEXPLAINED, at % 997) for at in sorted(found))
    head = Head("1234abcd", seq=7, highest_archived_id=42, holes=open_holes)
    return Bookmark(head, COVERED, random.randbytes(8 * names), "ab.cd")


@pytest.mark.parametrize(
    ("endpoint", "large"),
    [
        *[("fake", False), ("moto", False), ("ministack", False), ("fake", True), ("ministack", True)],
        pytest.param("moto", True, marks=pytest.mark.wide),
    ],
    indirect=["endpoint"],
)
def test_a_bookmark_is_kept_whole_whatever_was_there_before(
    notes: AuditorNotes, console: str, large: bool
) -> None:
    """Also if it needs fewer parts than the one before, or more."""
    bookmarks = [bookmark(), bookmark(15_000, 40_000)] if large else [bookmark(), bookmark(1, 0)]
    assert notes.bookmark(console, BookmarkKind.CHAIN) is None
    for each in (*bookmarks, *bookmarks[::-1]):
        notes.save_bookmark(console, BookmarkKind.CHAIN, each)
        assert notes.bookmark(console, BookmarkKind.CHAIN) == each
    assert notes.bookmark(console, BookmarkKind.SHARE) is None
    assert notes.bookmark(f"{console}-b", BookmarkKind.CHAIN) is None


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
@pytest.mark.parametrize(
    "body", [None, {"B": b"?"}, {"S": "x"}, {"B": compress(b"[]")}, {"B": compress(b"{}")}]
)
def test_a_note_of_what_was_told_that_makes_no_sense_counts_as_absent(
    endpoint: str, body: dict[str, Any] | None
) -> None:
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    key = {"console": {"S": "verify/_fleet"}, "item": {"S": "_told"}}
    client.put_item(TableName=table, Item=key | ({"body": body} if body is not None else {}))
    assert DynamoDbVerifications(client, table).told() is None


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
@pytest.mark.parametrize(
    "damage", ["a part of another bookmark", "no part", "another item", "no packed bookmark"]
)
def test_a_bookmark_that_is_not_whole_counts_as_absent(endpoint: str, console: str, damage: str) -> None:
    """Then an audit begins at the first statement."""
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    notes = DynamoDbVerifications(client, table)
    notes.save_bookmark(console, BookmarkKind.CHAIN, bookmark())
    key = {"console": {"S": f"verify/{console}"}, "item": {"S": "bookmark#chain"}}
    part = key | {"item": {"S": "bookmark#chain#0000"}}
    match damage:
        case "a part of another bookmark":
            body = client.get_item(TableName=table, Key=part)["Item"]["body"]["B"]
            client.put_item(TableName=table, Item=part | {"body": {"B": body[:-1] + b"?"}})
        case "no part":
            client.delete_item(TableName=table, Key=part)
        case "another item":
            client.put_item(TableName=table, Item=key)
        case _:
            digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            sizes = {"L": [{"N": "0"}] * 4}
            client.put_item(TableName=table, Item=key | {"digest": {"S": digest}, "sizes": sizes})
    assert notes.bookmark(console, BookmarkKind.CHAIN) is None
    notes.save_bookmark(console, BookmarkKind.CHAIN, bookmark())
    assert notes.bookmark(console, BookmarkKind.CHAIN) == bookmark()
