"""The digest of a head: whatever the ledger could change in it changes the digest."""

import json
from dataclasses import asdict, fields, replace
from hashlib import sha256
from typing import Any

from audit_archive.format.codec import UnknownMember
from audit_archive.format.decisions import Acceptance, LegalHold, Pause
from audit_archive.format.facts import (
    Anchor,
    Cause,
    ExportFacts,
    HeldBackBy,
    IdSpan,
    LockMode,
    ObjectRef,
    Respelled,
)
from audit_archive.format.head import Head, Hold, Intent, KnownReceipt, OpenHole
from audit_archive.format.head_digest import HEAD_FIELDS, HEAD_FORMAT, head_sha256, holes_sha256
from audit_archive.format.merkle import EMPTY_TREE, Tree
from tests.support.rows import all_rows

EXPORT = ExportFacts("k", "v", "00", 1, LockMode.GOVERNANCE, "then", "then", 1, 9, 9, 9, "11")
HOLES = (OpenHole(3, 4, Cause.UNEXPLAINED, 100), OpenHole(6, 6, Cause.FOREIGN_PURGE, 200, is_accepted=True))
ACCEPTANCE = Acceptance(6, 70, "ada", "looked", "request-1", ("aa",))
PAUSE = Pause(6, 60, "ann", "why", "request")
HELD = LegalHold(6, 60, "ann", "why", "request", (IdSpan(1, 6),))
INTENT, RECEIPT = Intent(1, 5, 4, 9), KnownReceipt(10, 1, 5)
HEAD = Head(
    console="c",
    epoch=2,
    seq=7,
    statement=ObjectRef("k", "v", "00"),
    tree=Tree(1, "aa", ("aa",)),
    highest_archived_id=9,
    highest_purged_id=2,
    anchor=Anchor(9, "then", "x"),
    holes=HOLES,
    late_ids=(1,),
    intents=(INTENT,),
    receipts=(RECEIPT,),
    next_due_at=5,
    first_live_id=3,
    window=3600,
    public_key="key",
    live_count=6,
    count_offset=0,
    surveyed_at=50,
    history_up_to=4,
    hold=Hold(HeldBackBy.UNEXPLAINED_HOLE, 5, 60),
    vanished=(IdSpan(5, 5),),
    respelled=(Respelled("k", "00", 8),),
    export=EXPORT,
    acceptances=(ACCEPTANCE,),
    pause=PAUSE,
    legal_holds=(HELD,),
    decided_at=70,
)
CHANGES: dict[str, list[Any]] = {
    "console": ["d"],
    "epoch": [3],
    "seq": [8],
    "tree": [EMPTY_TREE, Tree(1, "bb", ("aa",)), Tree(1, "aa", ())],
    "highest_archived_id": [10, 8],
    "highest_purged_id": [3, 0],
    "anchor": [None, Anchor(8, "then", "x"), Anchor(9, None, "x"), Anchor(9, "then", None)],
    "holes": [
        (),
        HOLES[:1],
        HOLES[::-1],
        (replace(HOLES[0], first=2), HOLES[1]),
        (replace(HOLES[0], last=5), HOLES[1]),
        (replace(HOLES[0], cause=Cause.BEFORE_ARCHIVE), HOLES[1]),
        (replace(HOLES[0], served_at=99), HOLES[1]),
        (replace(HOLES[0], is_accepted=True), HOLES[1]),
        (HOLES[0], replace(HOLES[1], is_accepted=False)),
    ],
    "late_ids": [(), (2,), (1, 2)],
    "intents": [
        (),
        (INTENT, INTENT),
        (replace(INTENT, seq=99),),
        (replace(INTENT, boundary=99),),
        (replace(INTENT, expected_count=99),),
        (replace(INTENT, export_last_id=8),),
        (replace(INTENT, is_open=False),),
        (replace(INTENT, reported_count=4),),
    ],
    "receipts": [(), (KnownReceipt(11, 1, 5),), (KnownReceipt(10, 2, 5),), (KnownReceipt(10, 1, 6),)],
    "is_latched": [True],
    "next_due_at": [None, 6],
    "first_live_id": [0],
    "window": [0],
    "public_key": [None, "other"],
    "live_count": [None, 7],
    "count_offset": [None, 1],
    "surveyed_at": [None, 51],
    "history_up_to": [5],
    "hold": [
        None,
        Hold(UnknownMember("latch"), 5, 60),
        Hold(HeldBackBy.UNEXPLAINED_HOLE, 6, 60),
        Hold(HeldBackBy.UNEXPLAINED_HOLE, 5, 61),
    ],
    "vanished": [(), (IdSpan(5, 6),)],
    "respelled": [(), (Respelled("k", "11", 8),)],
    "export": [None, replace(EXPORT, lines_sha256="22")],
    "acceptances": [(), (ACCEPTANCE, ACCEPTANCE), (replace(ACCEPTANCE, faults=("ab",)),)],
    "legal_holds": [(), (HELD, HELD), (replace(HELD, held=(IdSpan(1, 5),)),)],
    "pause": [
        None,
        replace(PAUSE, seq=5),
        replace(PAUSE, since=61),
        replace(PAUSE, who="bob"),
        replace(PAUSE, reason="because"),
        replace(PAUSE, request_id="other"),
    ],
    "decided_at": [None, 71],
}
NAMES = {field.name for field in fields(Head)} - {"statement"}


def test_every_field_is_covered() -> None:
    assert {*HEAD_FIELDS, "holes"} == NAMES, "another field takes another HEAD_FORMAT"
    assert len(set(HEAD_FIELDS)) == len(HEAD_FIELDS)
    assert set(CHANGES) == NAMES


@all_rows("name", sorted(NAMES))
def test_whatever_changes_in_a_head_changes_its_digest(name: str) -> None:
    digests = {head_sha256(replace(HEAD, **{name: value})) for value in CHANGES[name]}
    assert head_sha256(HEAD) not in digests
    assert len(digests) == len(CHANGES[name])


def test_the_statement_that_states_the_digest_is_no_part_of_it() -> None:
    assert head_sha256(replace(HEAD, statement=None)) == head_sha256(HEAD)


def test_holes_are_hashed_line_by_line() -> None:
    """What a reader without this code can make anew: sha256sum of these lines."""
    assert holes_sha256(()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    lines = b"3 4 unexplained 100 0\n6 6 foreign_purge 200 1\n"
    assert holes_sha256(HOLES) == sha256(lines).hexdigest()


def test_the_digest_of_one_head_to_the_letter() -> None:
    """A changed digest of an unchanged head is another format: old statements would be faults."""
    assert HEAD_FORMAT == "4"
    assert head_sha256(HEAD) == "9dd8ed87d35bf8b1a6d19c7a95a4306e710391e3398d56a86b97890227b80ce3"


def test_the_digest_can_be_made_by_the_standard_library_alone() -> None:
    stated = asdict(HEAD)
    del stated["statement"]
    stated["holes"] = {"ranges": 2, "ids": 3, "sha256": holes_sha256(HOLES)}
    text = json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert head_sha256(HEAD) == sha256(text.encode()).hexdigest()
