"""The other forms of archived entries: which statements tell of them, and what their exports hold."""

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

# Archived entries that the Console showed in another form later. Pure.

MOST_FORMS = 100
"""Entries of an answer whose other forms are shown; for the rest their exports are named."""


@dataclass(frozen=True)
class Amendment:
    """A statement that says that entries have another form in its export, and the ids that were searched."""

    said: ArchiveStatement
    ids: IdSet


class Amendments:
    """Finds the entries with another form among those that are handed out.

    `shown`: the first archived lines of these, by epoch and id.
    """

    def __init__(self, found: Iterable[Amendment]) -> None:
        self.found = tuple(each for each in found if each.ids.ranges)
        self.shown: dict[tuple[int, int], bytes] = {}
        self.count = 0
        self._counts = [0] * len(self.found)
        self._epochs = {each.said.epoch for each in self.found}

    def concerns(self, epoch: int) -> bool:
        """Whether any entry of an epoch may have another form."""
        return epoch in self._epochs

    def note(self, epoch: int, entry_id: int, line: bytes) -> None:
        """An entry is handed out."""
        at = [n for n, each in enumerate(self.found) if each.said.epoch == epoch and entry_id in each.ids]
        for n in at:
            self._counts[n] += 1
        self.count += bool(at)
        if at and len(self.shown) < MOST_FORMS:
            self.shown[epoch, entry_id] = line

    def told(self) -> tuple[Amended, ...]:
        """Where the other forms are."""
        return tuple(map(_told, self.found, self._counts))[:LISTED]


def _told(amendment: Amendment, shown: int) -> Amended:
    said = amendment.said
    ids = tuple(IdSpan(r.first, r.last) for r in amendment.ids.ranges[:LISTED])
    key = statement_key(said.console, said.seq)
    return Amended(said.epoch, key, said.export.key, said.export.version_id, ids, shown)


@dataclass(frozen=True)
class OtherForm:
    """An entry in both its forms, as lines: the archived one, and that of a later export.

    `other` is None if the export is no longer there.
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
    """The other forms of the entries that are handed out, each export read once and held to its hash.

    Raises IntegrityError naming the export that is not what its statement says.
    """
    for each in amendments.found:
        said, epoch = each.said, each.said.epoch
        wanted = {i: line for (e, i), line in amendments.shown.items() if e == epoch and i in each.ids}
        if wanted:
            others = _lines(reader, said.export, wanted.keys())
            for entry_id, line in sorted(wanted.items()):
                other = others.get(entry_id)
                told = line.decode(), other.decode() if other is not None else None
                yield OtherForm(epoch, entry_id, *told, said.export.key, said.export.version_id)


def _amendments(reader: Reader, chain: KnownChain, selected: Selected) -> Iterator[Amendment]:
    searched = IdSet.of(*(filed.ids for filed in selected.files))
    for each in chain.amending:
        if each.epoch == selected.epoch and searched.within(each.span.first, each.span.last):
            reader.check_time("from")
            said = read_amending(reader, chain, each)
            amended = span_set(said.amended)
            yield Amendment(said, amended.intersection(searched))


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
            raise IntegrityError(f"{facts.key} can't be read, though its hash is right: {error}") from error
