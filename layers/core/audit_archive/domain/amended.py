"""Archived entries that the Console showed in another form later. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.domain.coverage import LISTED, Amended
from audit_archive.domain.facts import IdSpan
from audit_archive.domain.layout import statement_key
from audit_archive.domain.ranges import IdSet
from audit_archive.domain.statement import ArchiveStatement

FORMS = 100
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
        if at and len(self.shown) < FORMS:
            self.shown[epoch, entry_id] = line

    def told(self) -> tuple[Amended, ...]:
        """Where the other forms are."""
        return tuple(map(_told, self.found, self._counts))[:LISTED]


def _told(amendment: Amendment, shown: int) -> Amended:
    said = amendment.said
    ids = tuple(IdSpan(r.first, r.last) for r in amendment.ids.ranges[:LISTED])
    key = statement_key(said.console, said.seq)
    return Amended(said.epoch, key, said.export.key, said.export.version_id, ids, shown)
