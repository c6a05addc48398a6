"""The chain of a Console in a bundle: each statement and checkpoint, as the audit of them judged it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from audit_archive.audit.question import Audit, AuditQuestion, Progress
from audit_archive.audit.rows import Copy
from audit_archive.audit.verify import verify_archive
from audit_archive.errors import IntegrityError, RequestError
from audit_archive.evidence.custody import CustodyLog
from audit_archive.evidence.model import Custody
from audit_archive.evidence.packing import Packer
from audit_archive.format.facts import ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.keys import SignatureCheck
from audit_archive.format.statement import Statement, key_named_by
from audit_archive.format.verdicts import Checked, Depth, Verdict, Verification, Why
from audit_archive.ports import NO_VERSION
from audit_archive.retrieve.locks import NO_LOCKS, LockSpan
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import Search
from audit_archive.retrieve.statements import ChainReading, KnownChain, Reader, answered
from audit_archive.storage.chain import LoadedObject


@dataclass(frozen=True)
class Audited:
    """The chain as it was audited and packed, and its locks. A fault that breaks it leaves no `chain`."""

    verification: Verification
    custody: Custody
    chain: KnownChain | None
    locks: LockSpan

    def search(self, reader: Reader, query: Query) -> Search:
        """Ask the statements that were audited. If a fault breaks them, ask by the ledger's index."""
        if self.chain is not None:
            return Search(reader, self.chain, query)
        return answered(reader, query.console, lambda chain: Search(reader, chain, query))


def pack_chain(
    reader: Reader, is_signed: SignatureCheck, progress: Progress, console: str, packer: Packer
) -> Audited:
    """Audit the chain of a Console, and pack each statement and checkpoint as it is judged.

    Raises RequestError if time does not suffice for the whole chain.
    """
    log = CustodyLog()
    ports = reader.source, reader.clock, reader.scratch, is_signed, progress
    audit = Audit(*ports).beside(reader.ledger, console)
    packing = _Packing(console, packer, audit.is_recorded, log)
    found = verify_archive(replace(audit, observer=packing.see), AuditQuestion(console, Depth.CHAIN))
    if any(each.what == Checked.STATEMENTS and each.why == Why.TIME for each in found.not_checked):
        raise RequestError(
            "console",
            "this invocation has not enough time to read the whole chain: raise the timeout",
        )
    return Audited(found, log.custody(), packing.chain(audit.recorded or Head(console)), packing.locks)


class _Packing:
    """Packs each statement as it is judged.

    A statement without a checkpoint waits until a signed one follows: its run has not ended, or failed before
    it signed. At the end of the chain a reader could not tell such a statement from a forged one, so it is
    left out.
    """

    def __init__(
        self, console: str, packer: Packer, is_recorded: Callable[[Statement], bool], log: CustodyLog
    ) -> None:
        self._packer = packer
        self._is_recorded = is_recorded
        self._log = log
        self._waiting: list[LoadedObject] = []
        self._is_signing = self._is_broken = False
        self._reading = ChainReading(console)
        self.locks = NO_LOCKS

    def see(self, copy: Copy, checkpoint: LoadedObject | None) -> None:
        """Pack a statement and its checkpoint, and note what the statement says."""
        statement = copy.statement
        self._take(copy)
        sound = [each for each in (copy.stored, checkpoint) if each is not None and each.verdict is None]
        self._waiting.extend(sound)
        for each in sound:
            self.locks = self.locks.seen(each.facts)
        is_signed = checkpoint is not None and checkpoint.verdict != Verdict.MISSING
        if is_signed or not self._is_signing or statement is None or self._is_recorded(statement):
            for stored in self._waiting:
                self._packer.add(stored.key, [stored.data])
            self._waiting.clear()

    def chain(self, recorded: Head) -> KnownChain | None:
        """The chain that was seen, compared with the ledger's head; None if a fault breaks it."""
        return None if self._is_broken else self._reading.read(recorded)

    def _take(self, copy: Copy) -> None:
        statement, stored = copy.statement, copy.stored
        if statement is None:
            self._is_broken = True
            return
        self._log.add(statement)
        self._is_signing = self._is_signing or key_named_by(statement) is not None
        try:
            if not self._is_broken:
                self._reading.add(
                    statement, ObjectRef(stored.key, stored.version_id or NO_VERSION, copy.sha256)
                )
        except IntegrityError:
            self._is_broken = True
