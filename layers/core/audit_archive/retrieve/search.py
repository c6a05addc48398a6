"""`entries`: every archived entry that a query asks for, in order of epoch and id, with its coverage.

`find_entries` is the question; `Search` reads for it; `Scanner` looks at every line of the chosen files.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from typing import BinaryIO, TypeAlias

from audit_archive.answer_ports import OpenWorkbook
from audit_archive.errors import IntegrityError
from audit_archive.export.sorting import SortedRun, in_blocks, write_run
from audit_archive.format.entry import Entry, members_of
from audit_archive.format.hashing import chunks_of, hash_all
from audit_archive.format.times import OffsetAt, from_rfc3339
from audit_archive.ports import ScratchFile
from audit_archive.retrieve.amendments import OtherForm, find_amendments, find_forms
from audit_archive.retrieve.coverage import Absence, Coverage, Gone, Overlaid, SearchTally
from audit_archive.retrieve.covering import AnswerSources, cover
from audit_archive.retrieve.formats import Form
from audit_archive.retrieve.locks import LockSpan
from audit_archive.retrieve.match import MATCH, NO, EntryMatcher, Prefilter
from audit_archive.retrieve.narrowing import Filed
from audit_archive.retrieve.outcome import AnswerOutcome, outcome_of, sentence
from audit_archive.retrieve.query import EntryPlace, Query
from audit_archive.retrieve.rows import LineOrigin, utc
from audit_archive.retrieve.selection import select_statements
from audit_archive.retrieve.statements import KnownChain, Reader, answered
from audit_archive.retrieve.writing import writing
from audit_archive.storage.entry_files import find_version, no_entry, read_lines

Lines: TypeAlias = list[bytes]
ReadFile: TypeAlias = Callable[[Filed], Iterator[bytes]]
"""Yields the texts of a file, each of whole lines."""

_FAN_IN = 16
_BATCH = 512


class Scanner:
    """Scans files for one query, and counts what it reads in a tally."""

    def __init__(self, query: Query, read: ReadFile, scratch: ScratchFile, tally: SearchTally) -> None:
        self._tally = tally
        self._judge = EntryMatcher(query)
        self._prefilter = Prefilter(query)
        self._read = read
        self._scratch = scratch

    def in_order(self, files: Sequence[Filed]) -> Iterator[Lines]:
        """The matching lines of one epoch's files, ascending by id, some at a time.

        `files` come by first id. Files with overlapping ids are scanned one after the other, and their
        matching lines are merged. Raises IntegrityError if an id comes twice.
        """
        for group in _overlapping(files):
            if len(group) == 1:
                yield from self._matches(group[0])
            else:
                yield from self._merged(group)

    def _matches(self, filed: Filed) -> Iterator[Lines]:
        for text in self._read(filed):
            passes = self._judge.passes_all(text, filed.file.date)
            with entries_of(filed.file.key):
                found = text.split(b"\n")[:-1] if passes else self._judged(text)
            if not all(line.startswith(b"{") and line.endswith(b"}") for line in found):
                raise no_entry(filed.file.key, "it is not an object")
            self._tally.matched += len(found)
            if found:
                yield found

    def _judged(self, text: bytes) -> Lines:
        """The lines that match; the tally notes those that can't be judged."""
        lines = self._prefilter.candidates(text)
        verdicts = self._judge.verdicts(lines)
        found = [line for line, verdict in zip(lines, verdicts, strict=True) if verdict is MATCH]
        if verdicts.count(NO) + len(found) < len(lines):
            for line, verdict in zip(lines, verdicts, strict=True):
                if verdict not in (MATCH, NO):
                    self._tally.note_unjudged(verdict, members_of(line)["id"])
        return found

    def _merged(self, group: Sequence[Filed]) -> Iterator[Lines]:
        with ExitStack() as files:
            file = files.enter_context(self._scratch())
            runs = [write_run(file, in_blocks(self._entries(each))) for each in group]
            while len(runs) > _FAN_IN:
                file = files.enter_context(self._scratch())
                parts = [runs[at : at + _FAN_IN] for at in range(0, len(runs), _FAN_IN)]
                runs = [write_run(file, in_blocks(_merge(part))) for part in parts]
            merged = _merge(runs)
            while batch := [entry.line for entry in islice(merged, _BATCH)]:
                yield batch

    def _entries(self, filed: Filed) -> Iterator[Entry]:
        for line in chain.from_iterable(self._matches(filed)):
            with entries_of(filed.file.key):
                entry_id = members_of(line)["id"]
            yield Entry(entry_id, line, None, 0)


def files_of(origin: LineOrigin) -> str:
    """Where a line is, for a message."""
    return f"An entry file of Console {origin.console}, epoch {origin.epoch},"


@contextmanager
def entries_of(place: str) -> Iterator[None]:
    """Turn what reading a line that is not an entry raises into IntegrityError. `place`: what holds it."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise no_entry(place, error) from error


def _merge(runs: Iterable[SortedRun]) -> Iterator[Entry]:
    """The entries of some runs, ascending by id. Raises IntegrityError for an id that comes twice."""
    last = 0
    for entry in merge(*(run.entries() for run in runs), key=itemgetter(0)):
        if entry.id == last:
            raise IntegrityError(f"Entry {last} is archived twice in one epoch. Verify the archive")
        last = entry.id
        yield entry


def _overlapping(files: Iterable[Filed]) -> Iterator[list[Filed]]:
    """The files in groups: files with overlapping ids are in one group."""
    group, last = list[Filed](), 0
    for filed in files:
        if group and filed.ids.first > last:
            yield group
            group = []
        group.append(filed)
        last = max(last, filed.ids.last)
    if group:
        yield group


@dataclass(frozen=True)
class Body:
    """An answer's file: a temporary file that the caller closes, its size in bytes, its SHA-256 (hex)."""

    file: BinaryIO
    size: int
    sha256: str


@dataclass(frozen=True)
class FoundEntries:
    """The answer to a query: its outcome, the same as a sentence, its coverage, and the entries.

    The same question to the same archive gives a body of the same bytes; None if no entry matches. `forms`:
    the entries with another form, in both forms; None if they were not asked for.
    """

    outcome: AnswerOutcome
    sentence: str
    coverage: Coverage
    body: Body | None
    forms: tuple[OtherForm, ...] | None = None


class Search:
    """One question to the archive of a Console.

    Read all of it before you hand out a part: it may raise late.
    """

    def __init__(self, reader: Reader, chain: KnownChain, query: Query) -> None:
        """Raises as `select_statements` does."""
        self.chain = chain
        self.query = query
        self._reader = reader
        self._selected = select_statements(reader, chain, query)
        self._amendments = find_amendments(reader, chain, self._selected)
        self._tally = SearchTally()

    def lines(self, offset_at: OffsetAt = utc) -> Iterator[tuple[LineOrigin, Lines]]:
        """The matching lines, in order of epoch and id, some at a time. To be read once.

        Raises IntegrityError naming the object if an entry file does not match its statement.
        """
        left = self.query.limit
        for each in self._selected:
            query = self.query.within(each.epoch) or self.query
            scanner = Scanner(query, self._read, self._reader.scratch, self._tally)
            origin = LineOrigin(self.query.console, each.epoch, offset_at)
            for found in scanner.in_order(each.files):
                lines = found if left is None else found[:left]
                if left is not None:
                    self._tally.matched -= len(found) - len(lines)
                    left -= len(lines)
                    if len(lines) < len(found) and not lines:
                        self._tally.is_cut = True
                        return
                    with entries_of(files_of(origin)):
                        self._tally.last = EntryPlace(each.epoch, members_of(lines[-1])["id"])
                if self._amendments.concerns(each.epoch):
                    with entries_of(files_of(origin)):
                        for line in lines:
                            self._amendments.note(each.epoch, members_of(line)["id"], line)
                yield origin, lines
                if len(lines) < len(found):
                    self._tally.is_cut = True
                    return

    @property
    def matched(self) -> int:
        """How many lines matched so far."""
        return self._tally.matched

    @property
    def locks(self) -> tuple[LockSpan, LockSpan]:
        """The locks of the entry files that were searched so far: as the store says, and as was stated."""
        return self._tally.locks, self._tally.stated_locks

    def coverage(self) -> Coverage:
        """The coverage of the answer, once every line was read."""
        read = AnswerSources(self._selected, self._tally, self._amendments)
        return cover(self._reader, self.chain, self.query, read)

    def forms(self) -> tuple[OtherForm, ...]:
        """Both forms of the entries with another form, once every line was read.

        Raises IntegrityError naming the export that does not match its statement.
        """
        return tuple(find_forms(self._reader, self._amendments))

    def _read(self, filed: Filed) -> Iterator[bytes]:
        """The texts of an entry file. The tally notes a file that is not there."""
        reader = self._reader
        reader.check_time("from")
        found = find_version(reader.source, filed.file)
        if found is None:
            self._tally.gone.append(_gone(filed, _absence(reader, self.chain, filed)))
            return
        yield from read_lines(reader.source, filed.file, found.version_id)
        if found.false:
            self._tally.overlaid.append(Overlaid(filed.file.key, found.version_id, found.false))
        self._tally.note_searched(filed.file)
        self._tally.locks = self._tally.locks.seen(found.facts)
        self._tally.stated_locks = self._tally.stated_locks.until(filed.retain_until)


def find_entries(
    reader: Reader,
    query: Query,
    form: Form,
    *,
    with_forms: bool = False,
    offset_at: OffsetAt = utc,
    open_workbook: OpenWorkbook | None = None,
) -> FoundEntries:
    """Search the archive of a Console. The answer is complete and checked before it is returned.

    `offset_at`: the time zone of the times in a spreadsheet.

    Raises IntegrityError naming the object if a statement or an entry file does not match its hash,
    RequestError if there is not enough time, or if a workbook can't hold the answer.
    """
    search = answered(reader, query.console, lambda chain: Search(reader, chain, query))
    with ExitStack() as files:
        file = files.enter_context(reader.scratch())
        with writing(form, file, open_workbook) as write:
            for origin, lines in search.lines(offset_at):
                with entries_of(files_of(origin)):
                    write(lines, origin)
        coverage = search.coverage()
        outcome = outcome_of(query, coverage)
        text = sentence(query.console, outcome, coverage)
        forms = search.forms() if with_forms else None
        if not coverage.matched:
            return FoundEntries(outcome, text, coverage, None, forms)
        hashed = hash_all(chunks_of(file))
        file.seek(0)
        files.pop_all()
        return FoundEntries(outcome, text, coverage, Body(file, hashed.size, hashed.sha256), forms)


def _absence(reader: Reader, chain: KnownChain, filed: Filed) -> Absence:
    """Why an entry file is not there."""
    if reader.ledger is not None and filed.seq > chain.recorded:
        return Absence.NOT_PUBLISHED
    is_over = from_rfc3339(filed.retain_until) <= reader.clock.now()
    return Absence.EXPIRED if is_over else Absence.REMOVED


def _gone(filed: Filed, cause: Absence) -> Gone:
    file = filed.file
    return Gone(file.key, cause, filed.epoch, file.date, file.first_id, file.last_id, file.count)
