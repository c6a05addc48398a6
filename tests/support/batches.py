"""Entries in batches, as tests hand them to what takes batches."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from audit_archive.format.batch import Batch
from audit_archive.format.entry import Entry
from audit_archive.format.head import Head
from audit_archive.run.survey import Survey, survey_entries


def in_batches(entries: Iterable[Entry], size: int) -> Iterator[Batch]:
    """The entries in batches of `size`; the last may be shorter."""
    left = iter(entries)
    while rows := list(islice(left, size)):
        yield Batch.of(rows)


def surveyed_whole(entries: Iterable[Entry], head: Head, now: int, cutoff: int, size: int = 4) -> Survey:
    """The survey of some entries, which is the same in batches of `size` and of one."""
    rows = list(entries)
    found = survey_entries(in_batches(rows, size), head, now, cutoff)
    single = survey_entries(in_batches(rows, 1), head, now, cutoff)
    assert [found.days.up_to(row.id) for row in rows] == [single.days.up_to(row.id) for row in rows]
    assert found == replace(single, days=found.days)
    return found
