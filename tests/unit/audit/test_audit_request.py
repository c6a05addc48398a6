"""What the audit may be asked: bad requests name the field and what it accepts."""

from typing import Any

import pytest

from audit_archive.audit.question import AuditQuestion, KnownPoint, Since
from audit_archive.audit.request import DailyRequest, parse_verify_request
from audit_archive.errors import RequestError
from audit_archive.format.checkpoint import Checkpoint
from audit_archive.format.verdicts import Depth
from tests.support.fakes import FakeSigner
from tests.support.rows import all_rows

SIGNER = FakeSigner()
KEY = SIGNER.public_key()
CHECKPOINT = Checkpoint("1234abcd", 7, "ab" * 32, "cd" * 32)
NOTE = CHECKPOINT.signed(KEY, SIGNER.sign(CHECKPOINT.text())).decode()


def test_a_console_alone_is_audited_daily() -> None:
    assert parse_verify_request({"console": "1234abcd"}) == DailyRequest("1234abcd")


def test_the_daily_audit_may_know_the_period_and_the_key() -> None:
    event = {"console": "1234abcd", "period_hours": 6, "trusted_keys": [KEY.pem()], "reason": "as agreed"}
    assert parse_verify_request(event) == DailyRequest("1234abcd", 6, (KEY,))
    assert parse_verify_request(event | {"part": 12}) == DailyRequest("1234abcd", 6, (KEY,), 12)


@pytest.mark.parametrize("part", [0, 13, "2", 1.5])
def test_a_daily_audit_has_twelve_parts_at_most(part: object) -> None:
    with pytest.raises(RequestError) as error:
        parse_verify_request({"console": "1234abcd", "part": part})
    assert error.value.field == "part"


def test_with_a_depth_it_is_a_question() -> None:
    event = {
        "console": "1234abcd",
        "depth": "content",
        "from_seq": 3,
        "to_seq": 5,
        "trusted_keys": [KEY.pem()],
    }
    assert parse_verify_request(event) == AuditQuestion("1234abcd", Depth.CONTENT, 3, 5, (KEY,))


@pytest.mark.parametrize("text", [NOTE, "cd" * 32])
def test_a_kept_checkpoint_or_hash_is_a_known_point(text: str) -> None:
    request = parse_verify_request({"console": "1234abcd", "depth": "chain", "known_checkpoint": text})
    assert isinstance(request, AuditQuestion)
    checkpoint = CHECKPOINT if text == NOTE else None
    assert request.known == (KnownPoint("the checkpoint that was given", "cd" * 32, checkpoint=checkpoint),)


def test_a_kept_checkpoint_is_one_to_have_grown_from() -> None:
    request = parse_verify_request({"console": "1234abcd", "depth": "chain", "since": NOTE})
    assert request == AuditQuestion("1234abcd", Depth.CHAIN, since=Since(NOTE.encode(), CHECKPOINT))


def test_further_signatures_on_a_kept_checkpoint_are_let_pass() -> None:
    more = NOTE + NOTE.rpartition("\n\n")[2].replace("canary-audit-archive/1234abcd", "witness")
    request = parse_verify_request({"console": "1234abcd", "depth": "chain", "since": more})
    assert isinstance(request, AuditQuestion)
    assert request.since == Since(more.encode(), CHECKPOINT)


@all_rows(
    ("field", "value"),
    [
        ("console", None),
        ("console", "../etc"),
        ("depth", "deep"),
        ("depth", 3),
        ("from_seq", 0),
        ("from_seq", "1"),
        ("from_seq", True),
        ("to_seq", 10**10),
        ("to_seq", 2),
        ("known_checkpoint", "cafe"),
        ("known_checkpoint", 7),
        ("known_checkpoint", NOTE.replace("1234abcd", "feedbeef")),
        ("known_checkpoint", "\ud800"),
        ("since", "cafe"),
        ("since", 7),
        ("since", "cd" * 32),
        ("since", NOTE.replace("1234abcd", "feedbeef")),
        ("since", NOTE.replace("\n", "\r\n")),
        ("since", NOTE.replace("\n7\n", "\n" + "7" * 5000 + "\n")),
        ("since", NOTE.partition("\n\n")[0] + "\n"),
        ("since", NOTE + "\n" + NOTE),
        ("since", NOTE + "x" * (1 << 18)),
        ("since", "\ud800"),
        ("trusted_keys", "pem"),
        ("trusted_keys", []),
        ("trusted_keys", ["no key"]),
        ("trusted_keys", [7]),
        ("period_hours", 24),
        ("part", 2),
        ("reason", ""),
        ("colour", "red"),
    ],
)
def test_a_bad_request_names_the_field(field: str, value: Any) -> None:
    event = {"console": "1234abcd", "depth": "chain", "from_seq": 3, field: value}
    with pytest.raises(RequestError) as error:
        parse_verify_request(event)
    assert error.value.field == field


@pytest.mark.parametrize(("field", "value"), [("from_seq", 1), ("to_seq", 1), ("since", NOTE)])
def test_what_is_by_hand_without_a_depth_asks_for_one(field: str, value: object) -> None:
    with pytest.raises(RequestError, match=r"depth: missing.*chain, objects, content"):
        parse_verify_request({"console": "1234abcd", field: value})


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"fleet": False}, "fleet: false is not true: leave it out to audit one Console"),
        ({"fleet": [None]}, "fleet: [null] is not true: leave it out to audit one Console"),
        ({"console": True}, "console: true is not a Console id"),
        ({"console": {"a": "\u00e9"}}, 'console: {"a": "\\u00e9"} is not a Console id'),
        (None, 'event: expected an object such as {"console": "1234abcd"}, got null'),
    ],
)
def test_a_refused_value_is_shown_as_its_sender_wrote_it(event: object, said: str) -> None:
    """The event is JSON: whoever sent `false` never wrote `False`."""
    with pytest.raises(RequestError) as caught:
        parse_verify_request(event)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("value", ["x" * 1000, ["x" * 1000], {"a": ["x"] * 1000}])
def test_a_refused_value_is_shown_shortened(value: object) -> None:
    with pytest.raises(RequestError) as caught:
        parse_verify_request({"fleet": value})
    assert len(str(caught.value)) < 150


def test_a_fleet_that_is_null_counts_as_absent() -> None:
    assert parse_verify_request({"console": "1234abcd", "fleet": None}) == DailyRequest("1234abcd")
    with pytest.raises(RequestError, match=r"^console: missing"):
        parse_verify_request({"fleet": None})
