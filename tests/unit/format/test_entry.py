"""Timestamps, receipts and marks."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format import times as timestamps
from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.format.entry import Entry, Mark, Receipt, is_receipt, marks_of, read_receipt
from audit_archive.format.times import read_timestamp, read_timestamps
from tests.support.examples import examples
from tests.support.rows import all_rows

moments = st.integers(3 * 86_400, 253_402_300_800 - 3 * 86_400)
offsets = st.builds(lambda m: timezone(timedelta(minutes=m)), st.integers(-1439, 1439))


def spell(moment: datetime) -> str:
    # strftime does not pad years below 1000, but there are none here
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC%z")


@given(st.lists(st.builds(datetime.fromtimestamp, moments, offsets), min_size=1))
def test_a_timestamp_is_the_moment_it_says(times: list[datetime]) -> None:
    expected = [int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) for moment in times]
    texts = [spell(moment) for moment in times]
    assert [read_timestamp(text) for text in texts] == expected
    assert read_timestamps(texts) == expected
    assert read_timestamps([*texts, None, [1]]) == [*expected, None, None]


def test_the_sample_of_the_console() -> None:
    assert read_timestamp("2020-04-03 12:56:42 UTC+0000") == 1585918602
    assert read_timestamp("2020-04-03 12:56:42 UTC+0200") == 1585918602 - 7200
    assert read_timestamp("2020-04-03 12:56:42 UTC-0330") == 1585918602 + 12600


def test_the_edges_of_time() -> None:
    assert read_timestamp("1970-01-01 00:00:00 UTC+0000") == 0
    assert read_timestamp("1970-01-01 00:59:59 UTC+0100") is None
    assert read_timestamp("1970-01-01 01:00:00 UTC+0100") == 0
    assert read_timestamp("1969-12-31 23:30:00 UTC-0100") == 1800
    assert read_timestamp("9999-12-31 23:59:59 UTC+0000") == 253402300799
    assert read_timestamp("9999-12-31 23:59:59 UTC-0001") is None
    assert read_timestamp("9999-12-31 00:00:00 UTC-0001") == 253402214460


SAME_INSTANT = [
    *("2020-04-03 12:56:42 UTC+0000", "2020-04-03 12:56:42 UTC+00:00", "2020-04-03 12:56:42+00:00"),
    *("2020-04-03T12:56:42+00:00", "2020-04-03T12:56:42+0000", "2020-04-03T12:56:42-00:00"),
    *("2020-04-03T12:56:42Z", "2020-04-03t12:56:42z", "2020-04-03 12:56:42Z", "2020-04-03T12:56:42 UTC+0000"),
    *("2020-04-03T18:26:42+0530", "2020-04-03T18:26:42+05:30", "2020-04-02 23:56:42 UTC-1300"),
    *("2020-04-03 12:56:42.9 UTC+0000", "2020-04-03T12:56:42.123456Z", "2020-04-03T12:56:42,999+00:00"),
    "2020-04-03T12:56:42.999999999999999999999999Z",
]


@all_rows("text", SAME_INSTANT)
@all_rows("known", [None, *SAME_INSTANT[:5], "2020-04-03T00:00:00Z"])
def test_every_spelling_of_an_instant_is_the_same_whole_second(text: str, known: str | None) -> None:
    timestamps._days.clear()
    assert known is None or read_timestamp(known) is not None
    assert read_timestamp(text) == 1585918602
    assert read_timestamps([text, text]) == [1585918602] * 2


def test_a_fraction_is_floored_also_at_the_edges_of_time() -> None:
    assert read_timestamp("1970-01-01T00:00:00.999Z") == 0
    assert read_timestamp("1969-12-31T23:59:59.999Z") is None
    assert read_timestamp("9999-12-31T23:59:59.999Z") == 253402300799
    assert read_timestamp("9999-12-31T23:59:59.0-00:01") is None


@examples(300)
@given(
    st.lists(
        st.one_of(
            st.builds(
                "".join,
                st.tuples(
                    *map(
                        st.sampled_from,
                        (
                            ("2020-04-03", "2020-02-30", "1969-12-31", "9999-12-31"),
                            (" ", "T", "t", "  ", ""),
                            ("00:00:00", "23:59:59", "12:56:42", "24:00:00", "12:56:60", "12:56"),
                            ("", ".5", ",123", ".", ".x", ".123456789"),
                            (" UTC", "", "UTC", " utc", " "),
                            ("+0000", "-01:00", "Z", "z", "+2400", "+00:60", "+00", "", "+0530 "),
                        ),
                    )
                ),
            ),
            st.sampled_from(SAME_INSTANT),
            st.none(),
        ),
        min_size=1,
    )
)
def test_the_fast_way_reads_what_the_slow_way_reads(texts: list[str | None]) -> None:
    expected = []
    for text in texts:
        timestamps._days.clear()
        timestamps._seconds.clear()
        expected.append(read_timestamp(text))
    assert read_timestamps(texts) == expected
    assert [read_timestamp(text) for text in texts] == expected


UNREADABLE: list[object] = [
    *(None, 7, b"2020-04-03 12:56:42 UTC+0000", [], {}, True, "", "yesterday"),
    *("2020-04-03T12:56:42", "2020-04-03T12:56:42.Z", "2020-04-03T12:56:42.1", "2020-04-03T12:56:42 Z"),
    *("2020-04-03T12:56Z", "2020-04-03T12:56:42+00", "2020-04-03T12:56:42+00:0", "2020-04-03T12:56:42 UTCZ"),
    *("2020-04-03T12:56:60Z", "2020-04-03T24:00:00Z", "2020-04-03T12:56:42+24:00", "2020-04-03T12:56:42ZZ"),
    *("2020-04-03T12:56:42.٢Z", "2020-04-03T12:56:42Z\n", "20200403T125642Z", "2020-04-03_12:56:42Z"),
    *(
        "2020-04-03 12:56:42",
        "2020-04-03 12:56:42 UTC",
        "2020-04-03 12:56:42 +0000",
    ),
    *("2020-04-03 12:56:42 UTC+000", "2020-04-03 12:56:42 UTC+00000", " 2020-04-03 12:56:42 UTC+0000"),
    *("2020-04-03 12:56:42 UTC+0000\n", "2020-02-30 12:56:42 UTC+0000", "2020-13-01 12:56:42 UTC+0000"),
    *("2020-04-03 24:00:00 UTC+0000", "2020-04-03 12:60:42 UTC+0000", "2020-04-03 12:56:60 UTC+0000"),
    *("2020-04-03 12:56:42 UTC+2400", "2020-04-03 12:56:42 UTC+0060", "0000-04-03 12:56:42 UTC+0000"),
    *("٢٠٢٠-04-03 12:56:42 UTC+0000", "2020-04-03 12:56:4٢ UTC+0000", "2020-04-03 12:56:42 utc+0000"),
]


@all_rows("text", UNREADABLE)
@all_rows("known_day", [False, True])
def test_what_is_no_timestamp_is_none(text: object, known_day: bool) -> None:
    timestamps._days.clear()
    timestamps._seconds.clear()
    if known_day:
        assert read_timestamp("2020-04-03 00:00:00 UTC+0000") is not None
    assert read_timestamp(text) is None
    assert read_timestamps([text]) == [None]


def test_the_cache_of_days_is_bounded() -> None:
    for day in range(3 * timestamps._MOST_KEPT):
        moment = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(days=day)
        assert read_timestamp(spell(moment)) == int(moment.timestamp())
        assert len(timestamps._days) <= timestamps._MOST_KEPT


def test_the_cache_of_seconds_is_bounded() -> None:
    for offset in range(1440):
        for second in range(10):
            text = f"2020-04-03T12:56:0{second}+{offset // 60:02}:{offset % 60:02}"
            assert read_timestamp(text) == int(datetime.fromisoformat(text).timestamp())
        assert len(timestamps._seconds) <= timestamps._MOST_KEPT


def entry_of(members: dict[str, object]) -> Entry:
    return Entry(80, canonical_bytes({"id": 80, **members}), None, 0)


def test_a_receipt_is_read() -> None:
    members: dict[str, object] = {
        "message": "Successfully purged 72 logs before id:72",
        "user": "bob@example.com",
        "user_ip": "10.0.0.1",
        "timestamp": "2020-04-03 12:56:42 UTC+0000",
    }
    expected = Receipt(80, 72, 72, "bob@example.com", "10.0.0.1", "2020-04-03 12:56:42 UTC+0000")
    assert read_receipt(entry_of(members)) == expected
    source = json.dumps({"id": 80, "user_browser_agent": "\ud800", **members})
    assert read_receipt(Entry(80, source_line(source.encode(), 80), None, 0)) == expected


@pytest.mark.parametrize(
    "message",
    [
        "Successfully purged 1 log before id:72",
        "successfully  PURGED 1 logs before id: 72 ",
        "Successfully purged 1 logs before ID : 72.",
    ],
)
def test_the_message_is_read_with_some_tolerance(message: str) -> None:
    receipt = read_receipt(entry_of({"message": message}))
    assert (receipt.count, receipt.before_id) == (1, 72)


def test_a_message_with_comma_groups_is_read() -> None:
    message = "Successfully purged 2,500 logs before id:1,002,499"
    receipt = read_receipt(entry_of({"message": message}))
    assert (receipt.count, receipt.before_id) == (2500, 1_002_499)


@all_rows(
    "message",
    [
        *(None, 7, [], "", "72 logs purged successfully", "Successfully purged 72 logs before id:"),
        *("Successfully purged -1 logs before id:72", "Successfully purged 7 2 logs before id:72"),
        *(
            "Successfully purged 72 logs before id:72 and more",
            "Successfully purged \u0667 logs before id:72",
        ),
        *(
            "Successfully purged 1 logs before id:9223372036854775808",
            "Successfully purged 1.5 logs before id:72",
        ),
        *("Successfully purged 1.234 logs before id:72", "Successfully purged 1 234 logs before id:72"),
        *("Successfully purged 12,34 logs before id:72", "Successfully purged 72 logs before id:12,34"),
        *("Successfully purged 0,072 logs before id:72", "Successfully purged 72 logs before id:072"),
        "Successfully purged 1 logs before id:" + "9" * 5000,
        "Successfully purged " + "9," * 300_000 + " logs before id:1",
        "Successfully purged 1 logs before id:72" + " " * 300_000 + "!",
    ],
)
def test_an_unreadable_message_leaves_its_fields_none(message: object) -> None:
    receipt = read_receipt(entry_of({"message": message, "user": 7}))
    assert receipt == Receipt(80, None, None, None, None, None)


def test_a_receipt_with_a_lone_surrogate_in_its_user_can_still_be_written() -> None:
    source = b'{"id":80,"user":"a\\ud800b\\ud83d\\ude00","message":"Successfully purged 3 logs before id:72"}'
    receipt = read_receipt(Entry(80, source_line(source, 80), None, 0))
    assert (receipt.user, receipt.count) == ("a\ufffdb\U0001f600", 3)


def test_a_receipt_keeps_the_beginning_of_an_endless_text() -> None:
    receipt = read_receipt(entry_of({"user": "\U0001f600" * 5000, "user_ip": "x" * 1000}))
    assert (receipt.user, receipt.user_ip) == ("\U0001f600" * 1000, "x" * 1000)


@all_rows(
    ("members", "seconds", "marks"),
    [
        ({"id": 1}, None, 0),
        ({"id": 1, "action_type": None, "timestamp": None}, None, 0),
        ({"action_type": "user_login", "timestamp": "x"}, None, Mark.UNREADABLE_TIMESTAMP),
        ({"action_type": "user_login", "timestamp": "x"}, 5, 0),
        ({"action_type": "user_logout"}, None, Mark.UNKNOWN_ACTION),
        ({"action_type": 7}, None, Mark.UNKNOWN_ACTION),
        ({"action_type": ["user_login"]}, None, Mark.UNKNOWN_ACTION | Mark.NESTED_VALUE),
        ({"action_type": "audit_trail_purge"}, None, Mark.RECEIPT | Mark.UNREADABLE_RECEIPT),
        (
            {"action_type": "audit_trail_purge", "message": "Successfully purged 72 logs before id:72"},
            None,
            Mark.RECEIPT,
        ),
        (
            {"action_type": "user_login", "message": "Successfully purged 72 logs before id:72"},
            None,
            Mark.RECEIPT,
        ),
        ({"message": "Successfully purged 72 logs before id:72"}, None, Mark.RECEIPT),
        ({"action_type": "user_login", "message": "Successfully purged all logs before id:72"}, None, 0),
        (
            {"action_type": "logs_purge", "message": "Successfully purged 2,500 logs before id:72"},
            None,
            Mark.RECEIPT | Mark.UNKNOWN_ACTION,
        ),
        (
            {"action_type": "audit_trail_purge", "message": "Successfully purged 1.234 logs before id:72"},
            None,
            Mark.RECEIPT | Mark.UNREADABLE_RECEIPT,
        ),
        ({"additional_information": {}}, None, Mark.NESTED_VALUE),
        ({"surprise": 1}, None, Mark.UNKNOWN_FIELD),
    ],
)
def test_marks(members: dict[str, object], seconds: int | None, marks: int) -> None:
    assert marks_of(members, seconds) == marks


RECEIPT_MESSAGE = "Successfully purged 9 logs before id:9"


@all_rows(
    ("action", "message", "expected"),
    [
        ("audit_trail_purge", None, True),
        ("audit_trail_purge", 7, True),
        ("audit_trail_purge", "Purged a lot", True),
        (None, RECEIPT_MESSAGE, True),
        ([], RECEIPT_MESSAGE, True),
        ("user_login", RECEIPT_MESSAGE, True),
        ("user_login", None, False),
        ("user_login", [], False),
        ("user_login", "Purged a lot", False),
        ("user_login", f"User '{RECEIPT_MESSAGE}' logged in", False),
    ],
)
def test_a_receipt_is_known_by_its_action_or_by_its_message(
    action: object, message: object, expected: bool
) -> None:
    assert is_receipt(action, message) is expected


def test_a_receipt_in_other_words_says_who_purged() -> None:
    members: dict[str, object] = {
        "action_type": "audit_trail_purge",
        "message": "Purged everything up to 72",
        "user": "mallory@example.com",
        "user_ip": "192.0.2.66",
        "timestamp": "2020-04-03T12:56:42Z",
    }
    assert marks_of(members, 0) == Mark.RECEIPT | Mark.UNREADABLE_RECEIPT
    assert read_receipt(entry_of(members)) == Receipt(
        80, None, None, "mallory@example.com", "192.0.2.66", "2020-04-03T12:56:42Z"
    )


def test_the_marks_fit_a_byte() -> None:
    assert sum(Mark) < 256
