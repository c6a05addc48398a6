"""Entries that the Console showed in another form after they were archived."""

import json
from typing import Any

import pytest

from audit_archive.errors import IntegrityError
from audit_archive.format.facts import IdSpan
from audit_archive.format.ids import IdRange
from audit_archive.retrieve.amendments import MOST_FORMS
from audit_archive.retrieve.formats import CSV, NDJSON
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import FoundEntries, find_entries
from tests.support.archives import state_archive, stored_export
from tests.support.asking import ask, assert_nothing_open, body_of, ids_of, lines_of, reader_of
from tests.support.bundles import bundle, manifest_of
from tests.support.fakes.trail import Entry
from tests.support.world import CONSOLE, DAY, World


@pytest.fixture
def world() -> World:
    """Six entries; later the Console showed number 2 with another user, and 5 with a comment."""
    world = World()
    world.mode = "off"
    for _ in range(3):
        world.trail.arrive(2)
        world.later(DAY)
        world.run()
    changed = {2: {"user": "mallory@example.com"}, 5: {"additional_information": "because"}}
    amend(world, [entry | changed.get(entry["id"], {}) for entry in world.trail.entries], (2, 2), (5, 5))
    return world


def amend(world: World, entries: list[Entry], *spans: tuple[int, int]) -> None:
    export = stored_export(world, entries)
    state_archive(world, export=export, amended=tuple(IdSpan(*span) for span in spans))


def with_forms(world: World, **filters: Any) -> FoundEntries:
    found = find_entries(reader_of(world), Query(CONSOLE, **filters), NDJSON, with_forms=True)
    if found.body is not None:
        found.body.file.close()
    return found


def test_an_answer_says_which_entries_have_another_form_and_where_it_is(world: World) -> None:
    found = ask(world, ids=IdRange(1, 4))
    export = world.last().export
    (other,) = found.coverage.amended
    assert (other.epoch, other.shown) == (1, 1)
    assert (other.export_key, other.export_version_id) == (export.key, export.version_id)
    assert IdSpan(2, 2) in other.ids
    assert found.coverage.notices == (
        "1 entry of this answer has another form in a later export: see amended",
    )
    assert found.coverage.not_covered == ()
    assert found.forms is None


def test_entries_without_another_form_say_nothing_of_one(world: World) -> None:
    coverage = ask(world, ids=IdRange(3, 4)).coverage
    assert (coverage.amended, coverage.notices) == ((), ())


def test_what_is_handed_out_are_the_archived_lines_and_nothing_else(world: World) -> None:
    lines = lines_of(ask(world))
    assert [json.loads(line)["user"] for line in lines] == ["somebody@example.com"] * 6
    assert len(body_of(ask(world, CSV)).splitlines()) == 7


def test_both_forms_are_told_to_whoever_asks(world: World) -> None:
    two, five = with_forms(world).forms or ()
    assert (two.epoch, two.id, two.export_key) == (1, 2, world.last().export.key)
    assert two.archived.encode() == lines_of(ask(world, ids=IdRange(2, 2)))[0]
    assert json.loads(two.other or "") == json.loads(two.archived) | {"user": "mallory@example.com"}
    assert json.loads(five.other or "")["additional_information"] == "because"
    assert with_forms(world, ids=IdRange(3, 4)).forms == ()


def test_a_filter_looks_into_the_archived_form_only_and_the_answer_says_so(world: World) -> None:
    found = ask(world, users=("mallory@example.com",))
    assert ids_of(found) == []
    assert found.coverage.not_covered[0] == (
        "entries in this range have another form in a later export, and the filters looked at the archived "
        "form only: see amended"
    )
    assert ask(world, users=("mallory@example.com",), ids=IdRange(3, 4)).coverage.not_covered == ()


def test_several_later_forms_are_each_told(world: World) -> None:
    world.later(60)
    entries = [e | {"user": "eve@example.com"} if e["id"] == 2 else e for e in world.trail.entries]
    amend(world, entries, (2, 2))
    forms = with_forms(world, ids=IdRange(1, 2)).forms or ()
    assert [json.loads(each.other or "")["user"] for each in forms] == [
        "mallory@example.com",
        "eve@example.com",
    ]


def test_an_altered_export_hands_out_nothing(world: World) -> None:
    world.store.tamper(world.last().export.key, b"PK")
    reader = reader_of(world)
    with pytest.raises(IntegrityError, match=r"exports/.*was altered"):
        find_entries(reader, Query(CONSOLE), NDJSON, with_forms=True)
    assert_nothing_open(reader)


def test_an_export_that_is_gone_is_told(world: World) -> None:
    export = world.last().export
    world.store.lose(export.key, export.version_id)
    two, five = with_forms(world).forms or ()
    assert (two.other, five.other) == (None, None)
    assert '"id":2' in two.archived


def test_no_more_forms_are_shown_than_an_answer_bears() -> None:
    world = World()
    world.mode = "off"
    world.trail.arrive(MOST_FORMS + 5)
    world.later()
    world.run()
    amend(world, [e | {"user": "eve"} for e in world.trail.entries], (1, MOST_FORMS + 5))
    found = with_forms(world)
    assert len(found.forms or ()) == MOST_FORMS
    assert found.coverage.amended[0].shown == MOST_FORMS + 5


def test_the_bundle_tells_it_and_its_entries_stay_as_they_are(world: World) -> None:
    files = bundle(world)
    told = manifest_of(files)["coverage"]
    assert told["amended"][0]["export_key"] == world.last().export.key
    assert files["entries.ndjson"] == body_of(ask(world))
    page = files["report.html"].decode()
    assert "2 entries of this answer have another form" in page
    assert world.last().export.key in page
