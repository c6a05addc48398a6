"""Other forms of archived entries: what the Console showed in place of an entry after it was archived.

`find_amendments` finds the statements that name such entries; `find_forms` reads both forms.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from audit_archive.errors import IntegrityError, InvalidExportError
from audit_archive.export import read_batches
from audit_archive.format.facts import ExportFacts, IdSpan
from audit_archive.format.ids import IdSet, span_set
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import ArchiveStatement
from audit_archive.retrieve.coverage import LISTED, Amended
from audit_archive.retrieve.selection import Selected
from audit_archive.retrieve.statements import KnownChain, Reader, read_amending
from audit_archive.storage.entry_files import read_stored_export

MOST_FORMS = 100
"""Entries of an answer that are shown in both forms at most. For the others the answer names the exports."""


@dataclass(frozen=True)
class Amendment:
    """A statement with other forms of entries in its export, and those of their ids that were searched."""

    statement: ArchiveStatement
    ids: IdSet


class Amendments:
    """Notes which entries of an answer have another form.

    `shown`: the first archived lines of these, by epoch and id; `count`: how many entries there are.
    """

    def __init__(self, found: Iterable[Amendment]) -> None:
        self.found = tuple(each for each in found if each.ids.ranges)
        self.shown: dict[tuple[int, int], bytes] = {}
        self.count = 0
        self._counts = [0] * len(self.found)
        self._epochs = {each.statement.epoch for each in self.found}

    def concerns(self, epoch: int) -> bool:
        """Whether any entry of an epoch may have another form."""
        return epoch in self._epochs

    def note(self, epoch: int, entry_id: int, line: bytes) -> None:
        """Note an entry of the answer."""
        at = [
            n for n, each in enumerate(self.found) if each.statement.epoch == epoch and entry_id in each.ids
        ]
        for n in at:
            self._counts[n] += 1
        self.count += bool(at)
        if at and len(self.shown) < MOST_FORMS:
            self.shown[epoch, entry_id] = line

    def places(self) -> tuple[Amended, ...]:
        """Where the other forms are."""
        return tuple(map(_place, self.found, self._counts))[:LISTED]


def _place(amendment: Amendment, shown: int) -> Amended:
    statement = amendment.statement
    ids = tuple(IdSpan(r.first, r.last) for r in amendment.ids.ranges[:LISTED])
    key = statement_key(statement.console, statement.seq)
    return Amended(statement.epoch, key, statement.export.key, statement.export.version_id, ids, shown)


@dataclass(frozen=True)
class OtherForm:
    """An entry in both its forms, as lines: the archived one, and that of a later export.

    Without `other`, the export is no longer there.
    """

    epoch: int
    id: int
    archived: str
    other: str | None
    export_key: str
    export_version_id: str


def find_amendments(reader: Reader, chain: KnownChain, selected: Iterable[Selected]) -> Amendments:
    """Which of the entries in the selected files have another form. Raises as `select` does."""
    return Amendments(found for each in selected for found in _amendments(reader, chain, each))


def find_forms(reader: Reader, amendments: Amendments) -> Iterator[OtherForm]:
    """The other forms of the entries of an answer. Each export is read once and compared with its hash.

    Raises IntegrityError naming the export that does not match its statement.
    """
    for each in amendments.found:
        statement, epoch = each.statement, each.statement.epoch
        wanted = {i: line for (e, i), line in amendments.shown.items() if e == epoch and i in each.ids}
        if wanted:
            others = _lines(reader, statement.export, wanted.keys())
            for entry_id, line in sorted(wanted.items()):
                other = others.get(entry_id)
                forms = line.decode(), other.decode() if other is not None else None
                yield OtherForm(epoch, entry_id, *forms, statement.export.key, statement.export.version_id)


def _amendments(reader: Reader, chain: KnownChain, selected: Selected) -> Iterator[Amendment]:
    searched = IdSet.of(*(filed.ids for filed in selected.files))
    for each in chain.amending:
        if each.epoch == selected.epoch and searched.within(each.span.first, each.span.last):
            reader.check_time("from")
            statement = read_amending(reader, chain, each)
            amended = span_set(statement.amended)
            yield Amendment(statement, amended.intersection(searched))


def _lines(reader: Reader, facts: ExportFacts, wanted: Collection[int]) -> dict[int, bytes]:
    """The lines of some entries in an export; none if the export is no longer there."""
    reader.check_time("forms")
    if reader.source.inspect(facts.key, facts.version_id) is None:
        return {}
    with reader.scratch() as spool:
        for chunk in read_stored_export(reader.source, facts):
            spool.write(chunk)
        try:
            batches = read_batches(spool, facts.size)
            return {entry.id: entry.line for batch in batches for entry in batch if entry.id in wanted}
        except InvalidExportError as error:
            raise IntegrityError(
                f"{facts.key} can't be read as an export, though its bytes match their hash: {error}. "
                "Verify the archive"
            ) from error
