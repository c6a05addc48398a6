"""Batches against the same work entry by entry: survey, slices, tree, entry files."""

import gzip
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from itertools import accumulate
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_archive.export.sorting import sort_entries
from audit_archive.format.batch import Batch
from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.entry import ACTIONS, Entry, Mark, marks_of, marks_of_all
from audit_archive.format.facts import Anchor, Cause
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.ids import IdSet, IdSetBuilder, id_set
from audit_archive.format.merkle import EMPTY_TREE, TreeBuilder
from audit_archive.format.times import DAY
from audit_archive.run import survey
from audit_archive.run.survey import survey_entries
from audit_archive.storage.entry_files import build, select_entries
from tests.support import one_by_one
from tests.support.batches import in_batches
from tests.support.merkle import mth

NOW = 1_795_413_600
CUTOFF = NOW - 3600
LIMITS = one_by_one.Limits(dates=3, entries=7)

seconds = st.one_of(
    st.none(),
    st.integers(NOW - 9 * DAY, NOW + 2 * DAY),
    st.integers(CUTOFF - 5, CUTOFF + 5),
    st.just(NOW - DAY),
)
marks = st.one_of(st.just(0), st.sampled_from([1, 2, 4, 8, 16, 32, 65]), st.integers(0, 127))


ROWS = st.lists(st.tuples(st.sampled_from([1, 1, 1, 1, 2, 9]), seconds, marks), max_size=30)


def trails() -> st.SearchStrategy[list[Entry]]:
    """Entries ascending by id, with holes, of which many are alike."""
    return ROWS.map(
        lambda rows: [
            Entry(entry_id, canonical_bytes({"id": entry_id, "message": "é" * (entry_id % 3)}), moment, mark)
            for entry_id, (_, moment, mark) in zip(accumulate(step for step, _, _ in rows), rows, strict=True)
        ]
    )


@st.composite
def heads(draw: st.DrawFn) -> Head:
    """What was archived before: up to any id, with holes in it."""
    archived = draw(st.integers(0, 60))
    holes = draw(st.lists(st.integers(1, archived), unique=True, max_size=9)) if archived else []
    before = TreeBuilder(EMPTY_TREE)
    before.extend([b"%d" % number for number in range(draw(st.integers(0, 9)))])
    return Head(
        "c",
        highest_archived_id=archived,
        anchor=Anchor(archived, None, None) if archived else None,
        holes=tuple(OpenHole(r.first, r.last, Cause.UNEXPLAINED, 0) for r in id_set(holes).ranges),
        tree=before.tree(),
    )


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MAX_SLICE_DATES", LIMITS.dates)
    monkeypatch.setattr(survey, "MAX_SLICE_ENTRIES", LIMITS.entries)


@settings(deadline=None, max_examples=150)
@given(trails(), heads(), st.integers(1, 12))
def test_a_survey_is_what_it_is_entry_by_entry(trail: list[Entry], head: Head, size: int) -> None:
    found = survey_entries(in_batches(trail, size), head, NOW, CUTOFF)
    expected = one_by_one.survey(trail, head, NOW, CUTOFF, LIMITS)
    assert [found.days.up_to(entry.id) for entry in trail] == [
        expected.days.up_to(entry.id) for entry in trail
    ]
    assert replace(found, days=expected.days) == expected


@settings(deadline=None, max_examples=150)
@given(trails(), heads(), st.integers(1, 12))
def test_entry_files_are_what_they_are_entry_by_entry(trail: list[Entry], head: Head, size: int) -> None:
    entries = sort_entries(in_batches(trail, size), BytesIO)
    found = survey_entries(in_batches(trail, size), head, NOW, CUTOFF)
    for part in found.slices:
        selected = select_entries(entries, head, part, found.first_day, NOW)
        built = build(selected, head, 7, BytesIO)
        made = one_by_one.files(trail if part.count else [], head, part, found.first_day, NOW)
        assert {facts.date: gzip.decompress(content(file)) for facts, file in built.files} == made.texts
        for facts, file in built.files:
            ids = made.ids[facts.date]
            assert (facts.first_id, facts.last_id, facts.count) == (ids[0], ids[-1], len(ids))
            assert facts.content_sha256 == sha256(made.texts[facts.date]).hexdigest()
            assert (facts.sha256, facts.size) == (sha256(content(file)).hexdigest(), len(content(file)))
        assert (list(built.filled), built.drift, built.anchor) == (made.filled, made.drift, made.anchor)
        tree = TreeBuilder(head.tree)
        for line in made.lines:
            tree.extend((line,))
        assert built.tree == tree.tree()


def content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


@given(st.lists(st.lists(st.binary(max_size=3), max_size=40), max_size=6))
def test_a_tree_that_grows_by_many_lines_is_the_tree_of_them(parts: list[list[bytes]]) -> None:
    tree, so_far = TreeBuilder(EMPTY_TREE), list[bytes]()
    for part in parts:
        tree.extend(part)
        so_far += part
        assert (tree.tree().size, tree.tree().root) == (len(so_far), mth(so_far).hex())
        assert TreeBuilder(tree.tree()).tree() == tree.tree()


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60), min_size=1), st.data())
def test_places_are_where_the_ids_are(wanted: set[int], held: set[int], data: st.DataObject) -> None:
    ids = sorted(held)
    start = data.draw(st.integers(0, len(ids) - 1))
    stop = data.draw(st.integers(start + 1, len(ids)))
    places = [place for first, end in id_set(wanted).places(ids, start, stop) for place in range(first, end)]
    assert places == [place for place in range(start, stop) if ids[place] in wanted]


@given(st.sets(st.integers(1, 60)), st.integers(0, 60))
def test_a_set_and_all_above(ids: set[int], last: int) -> None:
    found = id_set(ids).and_above(last)
    assert all((number in found) == (number in ids or number > last) for number in range(1, 130))


@given(st.lists(st.sets(st.integers(1, 90), min_size=1), max_size=5))
def test_ids_that_are_added_together_are_the_set_of_them(parts: list[set[int]]) -> None:
    builder, base, all_ids = IdSetBuilder(), 0, set[int]()
    for part in parts:
        ids = [base + number for number in sorted(part)]
        builder.extend(ids)
        all_ids.update(ids)
        base = ids[-1]
    assert builder.build() == (id_set(all_ids) if all_ids else IdSet())


values: st.SearchStrategy[object] = st.one_of(
    st.sampled_from([None, "", "in", "PURGED", "Successfully purged 7 logs before id:7", 7]),
    st.just([1]),
    st.just({}),
)
members = st.fixed_dictionaries(
    {},
    optional={
        "action_type": st.one_of(st.sampled_from(sorted(ACTIONS)), values),
        "message": values,
        "timestamp": values,
        "additional_information": values,
        "user": values,
        "other": values,
    },
)


@given(st.lists(st.tuples(members, st.one_of(st.none(), st.integers(0, 9))), max_size=8))
def test_marks_of_all_are_the_marks_of_each(rows: list[tuple[dict[str, object], int | None]]) -> None:
    objects, moments = [row for row, _ in rows], [moment for _, moment in rows]
    expected = bytes(map(marks_of, objects, moments))
    nested = [place for place, mark in enumerate(expected) if mark & Mark.NESTED_VALUE]
    fields = set[str]().union(*objects)
    assert marks_of_all(objects, fields, moments, nested) == expected


@given(trails(), st.data())
def test_a_batch_is_its_entries(trail: list[Entry], data: st.DataObject) -> None:
    batch = Batch.of(trail)
    assert (list(batch), len(batch)) == (trail, len(trail))
    assert list(batch.backwards()) == trail[::-1]
    start = data.draw(st.integers(0, len(trail)))
    stop = data.draw(st.integers(start, len(trail)))
    assert list(batch.part(start, stop)) == trail[start:stop]
    assert [(e.id, e.marks) for e in map(batch.entry, batch.marked(5))] == [
        (e.id, e.marks) for e in trail if e.marks & 5
    ]
    if trail:
        places = data.draw(st.lists(st.integers(0, len(trail) - 1), min_size=1))
        assert list(batch.chosen(places)) == [trail[place] for place in places]
