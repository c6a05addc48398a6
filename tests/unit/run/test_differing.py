"""What is stated and told of entries that differ from the archive."""

import pytest

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.facts import IdSpan
from audit_archive.format.ids import IdSet
from audit_archive.run.comparison import (
    MAX_NAMES,
    MAX_SHOWN,
    MAX_SINGLE_AMENDMENTS,
    Change,
    Difference,
    Differing,
    difference,
)

CONSOLE = "1234abcd"


def told(found: Differing) -> list[str]:
    return [finding.sentence for finding in found.findings()]


def add(found: Differing, entry_id: int, before: dict[str, object], after: dict[str, object]) -> None:
    lines = [canonical_bytes(fields | {"id": entry_id}) for fields in (before, after)]
    found.add(entry_id, difference(*lines))


def changed(ids: range, member: str = "user", stated: IdSet | None = None, new: str = "b") -> Differing:
    found = Differing(CONSOLE, stated or IdSet())
    for entry_id in ids:
        add(found, entry_id, {member: "a"}, {member: new})
    return found


def test_an_amended_entry_is_told_with_both_texts() -> None:
    found = Differing(CONSOLE, IdSet())
    add(found, 17, {"user": "a", "message": None}, {"user": "b", "user_ip": "192.0.2.7"})
    (finding,) = found.findings()
    assert finding.kind == "AmendedEntry"
    assert finding.console == CONSOLE
    assert finding.sentence == (
        'Entry 17 of Console 1234abcd was amended after it was archived: user was "a" and is "b" now; '
        'user_ip was absent and is "192.0.2.7" now. '
        "The archive keeps both forms. Find out who changed what was recorded."
    )
    assert finding.facts == {
        "id": 17,
        "members": {
            "user": {"archived": '"a"', "live": '"b"'},
            "user_ip": {"archived": "absent", "live": '"192.0.2.7"'},
        },
    }


def test_spans_join_neighbours_in_whatever_order_they_come() -> None:
    found = Differing(CONSOLE, IdSet())
    for entry_id in (9, 2, 5, 3, 1):
        add(found, entry_id, {"user": "a"}, {"user": "b"})
    assert found.spans == (IdSpan(1, 3), IdSpan(5, 5), IdSpan(9, 9))
    assert len(found) == 5


def test_up_to_a_hundred_entries_with_one_member_changed_are_told_one_by_one() -> None:
    assert len(told(changed(range(1, MAX_SINGLE_AMENDMENTS + 1)))) == MAX_SINGLE_AMENDMENTS == 100


def test_more_than_a_hundred_are_told_as_one_with_a_count_and_three_examples() -> None:
    found = changed(range(1, MAX_SINGLE_AMENDMENTS + 2))
    add(found, 500, {"message": "a"}, {"message": "b"})
    of_many, of_one = found.findings()
    assert of_many.sentence.startswith(
        "101 entries of Console 1234abcd were amended after they were archived: their user changed. "
        'For example, in entry 1 user was "a" and is "b" now; in entry 2 '
    )
    assert of_many.sentence.count("in entry") == 3
    assert of_many.facts["count"] == 101
    assert [each["entry_id"] for each in of_many.facts["examples"]] == [1, 2, 3]
    assert of_one.sentence.startswith("Entry 500 of Console 1234abcd was amended")
    assert found.spans == (IdSpan(1, 101), IdSpan(500, 500))


def test_an_entry_of_the_many_is_told_alone_for_what_only_it_shows() -> None:
    found = changed(range(1, MAX_SINGLE_AMENDMENTS + 1))
    add(found, 200, {"user": "a", "message": "a"}, {"user": "b", "message": "b"})
    of_many, of_one = told(found)
    assert "101 entries" in of_many
    assert 'message was "a" and is "b" now' in of_one
    assert "user" not in of_one


def test_a_sentence_says_the_same_in_every_run_while_the_entry_does() -> None:
    again = changed(range(5, 9), stated=IdSet.of((5, 8)))
    assert told(again) == told(changed(range(5, 9)))
    assert told(changed(range(5, 6))) == told(changed(range(5, 9)))[:1]


def test_another_amendment_of_the_same_entry_is_another_sentence() -> None:
    assert set(told(changed(range(5, 6)))).isdisjoint(told(changed(range(5, 6), new="c")))


def test_many_that_were_told_as_many_are_not_told_one_by_one_when_few_are_left() -> None:
    few = changed(range(140, 151), stated=IdSet.of((1, 150)))
    assert few.spans == (IdSpan(140, 150),)
    assert told(few) == []
    add(few, 151, {"user": "a"}, {"user": "b"})
    assert [sentence.partition(" of ")[0] for sentence in told(few)] == ["Entry 151"]


# ---------------------------------------------------------------------------- shown, and nothing more


def test_what_does_not_print_shows_as_an_escape() -> None:
    (sentence,) = told(changed(range(1, 2), new="\x1b[2J\u202e\u200b\x85"))
    assert sentence.isprintable()
    assert "\\u001b[2J\\u202e\\u200b\\x85" in sentence


def test_a_long_text_is_cut_where_it_differs_and_told_by_its_hash() -> None:
    found = Differing(CONSOLE, IdSet())
    same = "x" * 100_000
    add(found, 1, {"message": same + "old" + same}, {"message": same + "new" + same})
    (sentence,) = told(found)
    assert len(sentence) < 4 * MAX_SHOWN
    assert "xold" in sentence
    assert "xnew" in sentence
    assert sentence.count("(200005 characters, SHA-256 ") == 2


def test_texts_that_differ_far_behind_the_first_difference_are_told_apart() -> None:
    one, two = (changed(range(1, 2), new="b" * 5000 + end) for end in "yz")
    assert told(one) != told(two)


def test_bytes_that_are_no_text_are_shown_too() -> None:
    found = Differing(CONSOLE, IdSet())
    found.add(1, Difference((Change("user", b'"a\xff"', b'"a\xfe"'),), is_respelled=False, drift=()))
    (sentence,) = told(found)
    assert 'user was "a\\xff" and is "a\\xfe" now' in sentence


# ---------------------------------------------------------------------------- drift


def test_drift_is_counted_by_name() -> None:
    found = Differing(CONSOLE, IdSet())
    for entry_id in (1, 2):
        add(found, entry_id, {"flock_name": "a"}, {"flock_name": "b", "new\x1b": 1})
    add(found, 3, {"user": "a", "flock_name": "a"}, {"user": "b"})
    assert found.drift == {"changed:flock_name": 3, "changed:new\\x1b": 2}
    assert found.spans == (IdSpan(3, 3),)


@pytest.mark.parametrize("names", [MAX_NAMES, MAX_NAMES + 7])
def test_names_that_somebody_made_up_do_not_fill_a_statement(names: int) -> None:
    found = Differing(CONSOLE, IdSet())
    for number in range(names):
        add(found, 1, {}, {f"{number:03}" + "n" * 5000: 1})
    assert len(found.drift) == min(names, MAX_NAMES + 1)
    assert sum(found.drift.values()) == names
    assert max(map(len, found.drift)) < 120
