"""The scan: every line of the chosen files is looked at, and those that match are given, in order of id."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from typing import TypeAlias

import orjson

from audit_archive.domain.coverage import NOTHING_SEARCHED, Gone, Overlaid, Searched
from audit_archive.domain.entry import Entry
from audit_archive.domain.facts import EntryFile
from audit_archive.domain.files import Filed
from audit_archive.domain.judge import MATCH, NO, Judge
from audit_archive.domain.prefilter import Prefilter
from audit_archive.domain.query import Query
from audit_archive.domain.sorted_runs import Run, write_run
from audit_archive.errors import IntegrityError
from audit_archive.ports import ScratchFile

Lines: TypeAlias = list[bytes]
Read: TypeAlias = Callable[[Filed], Iterator[bytes]]
"""Gives the texts of a file, whole lines each."""

FAN_IN = 16
UNJUDGED_LISTED = 100
_BATCH = 512


@dataclass
class Tally:
    """What a scan has seen: files searched, gone and overlaid, lines that match, lines that can't be judged.

    `unjudged`: by unreadable field the first ids, `unjudged_counts` how many.
    """

    searched: Searched = NOTHING_SEARCHED
    matched: int = 0
    gone: list[Gone] = field(default_factory=list)
    overlaid: list[Overlaid] = field(default_factory=list)
    unjudged: dict[str, list[int]] = field(default_factory=dict)
    unjudged_counts: Counter[str] = field(default_factory=Counter)

    def note_searched(self, file: EntryFile) -> None:
        """A file was read to its end, and is what its statement says."""
        so_far = self.searched
        self.searched = Searched(
            entry_files=so_far.entry_files + 1,
            entries=so_far.entries + file.count,
            first_id=min(so_far.first_id or file.first_id, file.first_id),
            last_id=max(so_far.last_id or 0, file.last_id),
            first_date=min(so_far.first_date or file.date, file.date),
            last_date=max(so_far.last_date or "", file.date),
        )

    def note_unjudged(self, unreadable: str, entry_id: int) -> None:
        """Nobody can say whether an entry is asked for, as a field of it can't be read."""
        self.unjudged_counts[unreadable] += 1
        ids = self.unjudged.setdefault(unreadable, [])
        if len(ids) < UNJUDGED_LISTED:
            ids.append(entry_id)


class Scanner:
    """Scans files for one query, and counts as it goes."""

    def __init__(self, query: Query, read: Read, scratch: ScratchFile, tally: Tally) -> None:
        self._tally = tally
        self._judge = Judge(query)
        self._prefilter = Prefilter(query)
        self._read = read
        self._scratch = scratch

    def in_order(self, files: Sequence[Filed]) -> Iterator[Lines]:
        """The matching lines of one epoch's files, ascending by id, some at a time.

        `files` come by first id. Files whose ids overlap are scanned one after the other, and what matches in
        them is merged. Raises IntegrityError if an id comes twice.
        """
        for group in _overlapping(files):
            if len(group) == 1:
                yield from self._matches(group[0])
            else:
                yield from self._merged(group)

    def _matches(self, filed: Filed) -> Iterator[Lines]:
        for text in self._read(filed):
            passes = self._judge.passes_all(text, filed.file.date)
            found = text.split(b"\n")[:-1] if passes else self._judged(text)
            self._tally.matched += len(found)
            if found:
                yield found

    def _judged(self, text: bytes) -> Lines:
        """The lines that match; those that can't be judged are noted."""
        lines = self._prefilter.candidates(text)
        verdicts = self._judge.verdicts(lines)
        found = [line for line, verdict in zip(lines, verdicts, strict=True) if verdict is MATCH]
        if verdicts.count(NO) + len(found) < len(lines):
            for line, verdict in zip(lines, verdicts, strict=True):
                if verdict not in (MATCH, NO):
                    self._tally.note_unjudged(verdict, orjson.loads(line)["id"])
        return found

    def _merged(self, group: Sequence[Filed]) -> Iterator[Lines]:
        with ExitStack() as files:
            file = files.enter_context(self._scratch())
            runs = [write_run(file, map(_entry, chain.from_iterable(self._matches(f)))) for f in group]
            while len(runs) > FAN_IN:
                file = files.enter_context(self._scratch())
                parts = [runs[at : at + FAN_IN] for at in range(0, len(runs), FAN_IN)]
                runs = [write_run(file, _merge(part)) for part in parts]
            merged = _merge(runs)
            while batch := [entry.line for entry in islice(merged, _BATCH)]:
                yield batch


def _entry(line: bytes) -> Entry:
    return Entry(orjson.loads(line)["id"], line, None, 0)


def _merge(runs: Iterable[Run]) -> Iterator[Entry]:
    """The entries of some runs, ascending by id. Raises IntegrityError for an id that comes twice."""
    last = 0
    for entry in merge(*(run.entries() for run in runs), key=itemgetter(0)):
        if entry.id == last:
            raise IntegrityError(f"The entry {last} is archived twice in one epoch; verify the archive")
        last = entry.id
        yield entry


def _overlapping(files: Iterable[Filed]) -> Iterator[list[Filed]]:
    """The files, those together whose ids overlap."""
    group, last = list[Filed](), 0
    for filed in files:
        if group and filed.ids.first > last:
            yield group
            group = []
        group.append(filed)
        last = max(last, filed.ids.last)
    if group:
        yield group
