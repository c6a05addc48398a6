"""`entries`: every archived entry that a query asks for, in order of epoch and id, and what that rests on."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from audit_archive.domain.coverage import Absence, Coverage, Gone, Overlaid
from audit_archive.domain.files import Filed
from audit_archive.domain.forms import Form, Place
from audit_archive.domain.judge import members_of
from audit_archive.domain.outcomes import outcome_of, sentence
from audit_archive.domain.query import Query
from audit_archive.domain.times import from_rfc3339
from audit_archive.reading.amending import OtherForm, find_amendments, find_forms
from audit_archive.reading.chain import Chain, answered
from audit_archive.reading.content import find_version, read_content
from audit_archive.reading.cover import Read, cover
from audit_archive.reading.reader import Reader
from audit_archive.reading.scan import Lines, Scanner, Tally
from audit_archive.reading.selection import select


@dataclass(frozen=True)
class Body:
    """Entries in some form, in a temporary file that whoever asked closes: its bytes, SHA-256 (hex)."""

    file: BinaryIO
    size: int
    sha256: str


@dataclass(frozen=True)
class Found:
    """The answer to a query: how it ends, in a word and in a sentence, what it rests on, and what was found.

    The same question to the same archive gives a body of the same bytes; None if nothing was found. `forms`:
    the entries that have another form, in both; None if they were not asked for.
    """

    outcome: str
    sentence: str
    coverage: Coverage
    body: Body | None
    forms: tuple[OtherForm, ...] | None = None


class Search:
    """One question to the archive of a Console. Nothing may be handed out before all of it is read."""

    def __init__(self, reader: Reader, chain: Chain, query: Query) -> None:
        """Raises as `select` does."""
        self.chain = chain
        self.query = query
        self._reader = reader
        self._selected = select(reader, chain, query)
        self._amendments = find_amendments(reader, chain, self._selected)
        self._tally = Tally()

    def lines(self) -> Iterator[tuple[Place, Lines]]:
        """The lines that answer it, in order of epoch and id, some at a time. To be read once.

        Raises IntegrityError naming the object if an entry file is not what its statement says.
        """
        scanner = Scanner(self.query, self._read, self._reader.scratch, self._tally)
        for each in self._selected:
            place = Place(self.query.console, each.epoch)
            for lines in scanner.in_order(each.files):
                if self._amendments.concerns(each.epoch):
                    for line in lines:
                        self._amendments.note(each.epoch, members_of(line)["id"], line)
                yield place, lines

    @property
    def matched(self) -> int:
        """How many lines were found so far."""
        return self._tally.matched

    def coverage(self) -> Coverage:
        """What the answer rests on, once every line was read."""
        read = Read(self._selected, self._tally, self._amendments)
        return cover(self._reader, self.chain, self.query, read)

    def forms(self) -> tuple[OtherForm, ...]:
        """Both forms of the entries that have another one, once every line was read.

        Raises IntegrityError naming the export that is not what its statement says.
        """
        return tuple(find_forms(self._reader, self._amendments))

    def _read(self, filed: Filed) -> Iterator[bytes]:
        """The texts of an entry file; one that is not there is noted."""
        reader = self._reader
        reader.check_time("from")
        found = find_version(reader.source, filed.file)
        if found is None:
            self._tally.gone.append(_gone(filed, _absence(reader, self.chain, filed)))
            return
        yield from read_content(reader.source, filed.file, found.version_id)
        if found.false:
            self._tally.overlaid.append(Overlaid(filed.file.key, found.version_id, found.false))
        self._tally.note_searched(filed.file)


def find_entries(reader: Reader, query: Query, form: Form, *, with_forms: bool = False) -> Found:
    """Search the archive of a Console. Nothing is handed out before all of it is proven.

    Raises IntegrityError naming the object if a statement or an entry file is not what it should be,
    RequestError if there is not enough time.
    """
    search = answered(reader, query.console, lambda chain: Search(reader, chain, query))
    with ExitStack() as files:
        file = files.enter_context(reader.scratch())
        digest, size = sha256(form.header), file.write(form.header)
        for place, lines in search.lines():
            rendered = b"".join([form.render(line, place) for line in lines])
            digest.update(rendered)
            size += file.write(rendered)
        coverage = search.coverage()
        outcome = outcome_of(query, coverage)
        words = sentence(query.console, outcome, coverage)
        forms = search.forms() if with_forms else None
        if not coverage.matched:
            return Found(outcome, words, coverage, None, forms)
        files.pop_all()
        file.seek(0)
        return Found(outcome, words, coverage, Body(file, size, digest.hexdigest()), forms)


def _absence(reader: Reader, chain: Chain, filed: Filed) -> str:
    """Why an entry file is not there."""
    if reader.ledger is not None and filed.seq > chain.recorded:
        return Absence.NOT_PUBLISHED
    is_over = from_rfc3339(filed.retain_until) <= reader.clock.now()
    return Absence.EXPIRED if is_over else Absence.REMOVED


def _gone(filed: Filed, cause: str) -> Gone:
    file = filed.file
    return Gone(file.key, cause, filed.epoch, file.date, file.first_id, file.last_id, file.count)
