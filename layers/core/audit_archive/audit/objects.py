"""The objects that a statement names: that they are there, of the size, checksum and lock that it states."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from audit_archive.audit.locks import Promise, judge_lock, later, promise_of
from audit_archive.audit.pace import read_ahead
from audit_archive.audit.question import Audit
from audit_archive.audit.tally import AuditTally
from audit_archive.format.facts import EntryFile, ExportFacts
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY
from audit_archive.format.verdicts import AuditNote, Checked, Fault, Verdict, Why
from audit_archive.ports import NO_VERSION, ObjectFacts


@dataclass(frozen=True)
class Expected:
    """An object as a statement names it: an export by its version, an entry file by its latest.

    `may_go_at`: from when on (epoch seconds) a lifecycle rule may have removed it.
    """

    what: Checked
    stated: ExportFacts | EntryFile
    version_id: str | None
    promise: Promise
    may_go_at: int

    @property
    def key(self) -> str:
        """Its key."""
        return self.stated.key


@dataclass(frozen=True)
class FoundObject:
    """An object that is there. `is_repacked`: an entry file whose bytes are not those first written."""

    expected: Expected
    facts: ObjectFacts
    is_repacked: bool


class Objects:
    """Looks at objects without reading them."""

    def __init__(self, audit: Audit, tally: AuditTally, pool: ThreadPoolExecutor, *, is_copy: bool) -> None:
        """`is_copy`: the source has latest versions only."""
        self._audit = audit
        self._is_copy = is_copy
        self._tally = tally
        self._pool = pool
        self._export: ExportFacts | None = None

    def look(self, said: ArchiveStatement) -> list[FoundObject]:
        """The objects of a statement that are there and not known to be wrong.

        An export that the statement looked at before rests on as well is left out.
        """
        expected = list(self._expected(said))
        self._export = said.export
        answers = read_ahead(self._pool, self._inspect, expected)
        judged = [self._judged(said, each, facts) for each, facts in zip(expected, answers, strict=True)]
        return [found for found in judged if found is not None]

    def _inspect(self, expected: Expected) -> ObjectFacts | None:
        return self._audit.source.inspect(expected.key, expected.version_id)

    def _expected(self, said: ArchiveStatement) -> Iterator[Expected]:
        export, promise = said.export, promise_of(said)
        # The lifecycle rule hides the latest version a day before the lock of it ends.
        latest_may_go_at = promise.until - DAY
        if export != self._export:
            may_go_at = latest_may_go_at if self._is_copy else promise.until
            yield Expected(Checked.EXPORTS, export, export.version_id, promise, may_go_at)
        for file in said.entries:
            yield Expected(Checked.FILES, file, None, later(promise), latest_may_go_at)

    def _judged(self, said: ArchiveStatement, it: Expected, facts: ObjectFacts | None) -> FoundObject | None:
        if facts is None:
            self._absent(said, it)
            return None
        self._tally.checked[it.what] += 1
        if facts.version_id == NO_VERSION:
            self._tally.skip(Checked.VERSIONS, Why.COPY)
        if facts.sha256 is None:
            self._tally.skip(Checked.CHECKSUMS, Why.COPY if facts.version_id == NO_VERSION else Why.UNKEPT)
        judge_lock(self._tally, facts, it.promise, said.seq)
        is_other = facts.size != it.stated.size or facts.sha256 not in {None, it.stated.sha256}
        if is_other and it.what == Checked.EXPORTS:
            sentence = f"{it.key} (version {facts.version_id}) has another size or checksum than is stated"
            self._tally.fault(Fault(Verdict.ALTERED, it.key, facts.version_id, said.seq, sentence))
            return None
        return FoundObject(it, facts, is_other)

    def _absent(self, said: ArchiveStatement, it: Expected) -> None:
        """Missing, unless its time is over, or its run is not."""
        if self._audit.clock.now() >= it.may_go_at:
            sentence = f"{it.key} is gone: its retention is over"
            self._tally.note(AuditNote(Verdict.EXPIRED, it.key, said.seq, sentence))
            self._tally.skip(it.what, Why.EXPIRED)
        elif it.what == Checked.FILES and not self._audit.is_recorded(said):
            self._tally.skip(it.what, Why.UNRECORDED)
        else:
            self._tally.checked[it.what] += 1
            self._tally.fault(
                Fault(Verdict.MISSING, it.key, it.version_id, said.seq, f"{it.key} {self._where(it)}")
            )

    def _where(self, it: Expected) -> str:
        """What is there in its place, in a clause."""
        versions = list(self._audit.source.versions(it.key))
        mine = [version for version in versions if version.key == it.key]
        if any(version.is_delete_marker for version in mine) and it.version_id is None:
            return "is hidden by a delete marker"
        return f"is missing in the version {it.version_id}" if it.version_id and mine else "is missing"
