"""Whether the objects that a statement names exist, with the size, checksum and lock that it states."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf

from audit_archive.audit.locks import RequiredLock, judge_lock, lock_of_later_puts, stated_lock
from audit_archive.audit.pace import read_ahead
from audit_archive.audit.question import Audit
from audit_archive.audit.tally import AuditTally
from audit_archive.format.facts import EntryFile, ExportFacts
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.format.verdicts import AuditNote, Checked, Fault, Verdict, Why
from audit_archive.ports import NO_VERSION, ObjectFacts
from audit_archive.storage.entry_files import find_version


@dataclass(frozen=True)
class ExpectedObject:
    """An object as a statement names it: one version of an export, or the latest version of an entry file.

    `may_go_at`: from when on (epoch seconds) a lifecycle rule may remove it.
    """

    what: Checked
    stated: ExportFacts | EntryFile
    version_id: str | None
    required: RequiredLock
    may_go_at: int

    @property
    def key(self) -> str:
        """Its key."""
        return self.stated.key


@dataclass(frozen=True)
class Inspected:
    """What the bucket says of an expected object, and whether a delete marker hides it."""

    facts: ObjectFacts
    is_hidden: bool = False


@dataclass(frozen=True)
class FoundObject:
    """An object that exists. `is_repacked`: its compressed bytes are not those that were first written."""

    expected: ExpectedObject
    facts: ObjectFacts
    is_repacked: bool


class ObjectCheck:
    """Checks objects by what the bucket says of them, without reading them."""

    def __init__(self, audit: Audit, tally: AuditTally, pool: ThreadPoolExecutor, *, is_copy: bool) -> None:
        """`is_copy`: the source has only the latest version of each object."""
        self._audit = audit
        self._is_copy = is_copy
        self._tally = tally
        self._pool = pool
        self._export: ExportFacts | None = None

    def check(self, statement: ArchiveStatement) -> list[FoundObject]:
        """Check the objects of a statement. Returns those that exist and whose contents may still be right.

        An export that the statement before names too is not checked again, nor returned.
        """
        expected = list(self._expected(statement))
        self._export = statement.export
        answers = read_ahead(self._pool, self._inspect, expected)
        judged = [self._judged(statement, each, found) for each, found in zip(expected, answers, strict=True)]
        return [found for found in judged if found is not None]

    def _inspect(self, expected: ExpectedObject) -> Inspected | None:
        """What is there. Below a delete marker a version with the stated lines may still be there."""
        source, stated = self._audit.source, expected.stated
        facts = source.inspect(expected.key, expected.version_id)
        if facts is not None or not isinstance(stated, EntryFile):
            return Inspected(facts) if facts is not None else None
        below = find_version(source, stated)
        facts = source.inspect(expected.key, below.version_id) if below is not None else None
        return Inspected(facts, is_hidden=True) if facts is not None else None

    def _expected(self, statement: ArchiveStatement) -> Iterator[ExpectedObject]:
        export, required = statement.export, stated_lock(statement)
        # On the last day of its lock an object may be absent from a copy, and nothing is told of it.
        latest_may_go_at = required.until - DAY
        if export != self._export:
            may_go_at = latest_may_go_at if self._is_copy else required.until
            yield ExpectedObject(Checked.EXPORTS, export, export.version_id, required, may_go_at)
        for file in statement.entries:
            yield ExpectedObject(Checked.FILES, file, None, lock_of_later_puts(required), latest_may_go_at)

    def _judged(
        self, statement: ArchiveStatement, expected: ExpectedObject, found: Inspected | None
    ) -> FoundObject | None:
        if found is None:
            self._absent(statement, expected)
            return None
        facts = found.facts
        self._tally.checked[expected.what] += 1
        if found.is_hidden:
            self._hidden(statement, expected, facts)
        if facts.version_id == NO_VERSION:
            self._tally.skip(Checked.VERSIONS, Why.COPY)
        if facts.sha256 is None:
            self._tally.skip(Checked.CHECKSUMS, Why.COPY if facts.version_id == NO_VERSION else Why.UNKEPT)
        judge_lock(self._tally, facts, expected.required, statement.seq)
        is_other = facts.size != expected.stated.size or facts.sha256 not in {None, expected.stated.sha256}
        if is_other and expected.what == Checked.EXPORTS:
            sentence = (
                f"{expected.key} (version {facts.version_id}) does not have the stated size or checksum"
            )
            self._tally.fault(Fault(Verdict.ALTERED, expected.key, facts.version_id, statement.seq, sentence))
            return None
        return FoundObject(expected, facts, is_other)

    def _hidden(self, statement: ArchiveStatement, expected: ExpectedObject, facts: ObjectFacts) -> None:
        """A delete marker before its time is a fault: somebody tried to remove the object.

        The bucket's own expiry puts one as well. If that came while the lock was in force, the expiry is at
        fault, and the check of the settings says so once.
        """
        if self._audit.clock.now() < min(expected.may_go_at, self._expires_at(statement)):
            sentence = f"{expected.key} is hidden by a delete marker"
            self._tally.fault(Fault(Verdict.MISSING, expected.key, None, statement.seq, sentence))
            return
        sentence = f"{expected.key} is hidden by its expiry: version {facts.version_id} is still there"
        self._tally.note(AuditNote(Verdict.EXPIRED, expected.key, statement.seq, sentence))

    def _expires_at(self, statement: ArchiveStatement) -> float:
        """When the bucket's expiry hides what a statement archived (epoch seconds), if that is known."""
        check = self._audit.settings
        if check is None or check.facts is None:
            return inf
        return from_rfc3339(statement.run.started_at) + check.facts.expiry_days * DAY

    def _absent(self, statement: ArchiveStatement, expected: ExpectedObject) -> None:
        """Add a fault, unless the retention of the object has ended, or its run has not."""
        if self._audit.clock.now() >= expected.may_go_at:
            sentence = f"{expected.key} is not there any more: its retention has ended"
            self._tally.note(AuditNote(Verdict.EXPIRED, expected.key, statement.seq, sentence))
            self._tally.skip(expected.what, Why.EXPIRED)
        elif expected.what == Checked.FILES and not self._audit.is_recorded(statement):
            self._tally.skip(expected.what, Why.UNRECORDED)
        else:
            self._tally.checked[expected.what] += 1
            key, version_id = expected.key, expected.version_id
            sentence = f"{key} {self._clause(expected)}"
            self._tally.fault(Fault(Verdict.MISSING, key, version_id, statement.seq, sentence))

    def _clause(self, expected: ExpectedObject) -> str:
        """How an object is missing, in a clause."""
        versions = list(self._audit.source.versions(expected.key))
        of_the_key = [version for version in versions if version.key == expected.key]
        if any(version.is_delete_marker for version in of_the_key) and expected.version_id is None:
            return "is missing: there is only a delete marker"
        return (
            f"is missing in version {expected.version_id}"
            if expected.version_id and of_the_key
            else "is missing"
        )
