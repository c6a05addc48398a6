"""The other forms of archived entries: which statements tell of them, and what their exports hold."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from audit_archive.domain.amended import Amendment, Amendments
from audit_archive.domain.facts import ExportFacts
from audit_archive.domain.json_entries import read_entries
from audit_archive.domain.ranges import IdSet
from audit_archive.domain.zip_export import open_member
from audit_archive.errors import IntegrityError, InvalidExportError
from audit_archive.reading.chain import Chain, read_amending
from audit_archive.reading.content import read_export
from audit_archive.reading.reader import Reader
from audit_archive.reading.selection import Selected


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


def find_amendments(reader: Reader, chain: Chain, selected: Iterable[Selected]) -> Amendments:
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


def _amendments(reader: Reader, chain: Chain, selected: Selected) -> Iterator[Amendment]:
    searched = IdSet.of(*(filed.ids for filed in selected.files))
    for each in chain.amending:
        if each.epoch == selected.epoch and searched.within(each.span.first, each.span.last):
            reader.check_time("from")
            said = read_amending(reader, chain, each)
            amended = IdSet.of(*((span.first, span.last) for span in said.amended))
            yield Amendment(said, amended.intersection(searched))


def _lines(reader: Reader, facts: ExportFacts, wanted: Collection[int]) -> dict[int, bytes]:
    """The lines of some entries in an export; none if the export is no longer there."""
    reader.check_time("forms")
    if reader.source.inspect(facts.key, facts.version_id) is None:
        return {}
    with reader.scratch() as spool:
        for chunk in read_export(reader.source, facts):
            spool.write(chunk)
        try:
            batches = read_entries(open_member(spool, facts.size))
            return {entry.id: entry.line for batch in batches for entry in batch if entry.id in wanted}
        except InvalidExportError as error:
            raise IntegrityError(f"{facts.key} can't be read, though its hash is right: {error}") from error
