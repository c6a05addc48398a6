"""`entries`: every archived entry that a query asks for, in order of epoch and id, and what that rests on."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from audit_archive.domain.coverage import Absence, Coverage, Gone
from audit_archive.domain.files import Filed
from audit_archive.domain.forms import Form, Place
from audit_archive.domain.outcomes import outcome_of, sentence
from audit_archive.domain.query import Query
from audit_archive.domain.times import from_rfc3339
from audit_archive.reading.chain import Chain, open_chain
from audit_archive.reading.content import find_version, read_content
from audit_archive.reading.cover import cover
from audit_archive.reading.reader import Reader
from audit_archive.reading.scan import Scanner, Tally
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

    The same question to the same archive gives a body of the same bytes; None if nothing was found.
    """

    outcome: str
    sentence: str
    coverage: Coverage
    body: Body | None


def find_entries(reader: Reader, query: Query, form: Form) -> Found:
    """Search the archive of a Console. Nothing is handed out before all of it is proven.

    Raises IntegrityError naming the object if a statement or an entry file is not what it should be,
    RequestError if there is not enough time.
    """
    chain = open_chain(reader, query.console)
    selected = select(reader, chain, query)
    tally = Tally()
    scanner = Scanner(query, lambda filed: _read(reader, chain, filed, tally), reader.scratch, tally)
    with ExitStack() as files:
        file = files.enter_context(reader.scratch())
        digest, size = sha256(form.header), file.write(form.header)
        for each in selected:
            place = Place(query.console, each.epoch)
            for lines in scanner.in_order(each.files):
                rendered = b"".join([form.render(line, place) for line in lines])
                digest.update(rendered)
                size += file.write(rendered)
        coverage = cover(reader, chain, query, selected, tally)
        outcome = outcome_of(query, coverage)
        words = sentence(query.console, outcome, coverage)
        if not coverage.matched:
            return Found(outcome, words, coverage, None)
        files.pop_all()
        file.seek(0)
        return Found(outcome, words, coverage, Body(file, size, digest.hexdigest()))


def _read(reader: Reader, chain: Chain, filed: Filed, tally: Tally) -> Iterator[bytes]:
    """The texts of an entry file; one that is not there is noted."""
    reader.check_time("from")
    version_id = find_version(reader.source, filed.file.key)
    if version_id is None:
        tally.gone.append(_gone(filed, _absence(reader, chain, filed)))
        return
    yield from read_content(reader.source, filed.file, version_id)
    tally.note_searched(filed.file)


def _absence(reader: Reader, chain: Chain, filed: Filed) -> str:
    """Why an entry file is not there."""
    if reader.ledger is not None and filed.seq > chain.recorded:
        return Absence.NOT_PUBLISHED
    is_over = from_rfc3339(filed.retain_until) <= reader.clock.now()
    return Absence.EXPIRED if is_over else Absence.REMOVED


def _gone(filed: Filed, cause: str) -> Gone:
    file = filed.file
    return Gone(file.key, cause, filed.epoch, file.date, file.first_id, file.last_id, file.count)
