"""What a bundle holds beside entries and report: the chain as it was audited, proofs, key, verifier."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from audit_archive.auditing.load import Copy, Stored
from audit_archive.auditing.question import Audit, Progress, Question, no_progress
from audit_archive.bundling.gathering import MAX_PROOFS
from audit_archive.bundling.packing import Packer
from audit_archive.domain.custody import CustodyLog
from audit_archive.domain.evidence import Custody
from audit_archive.domain.facts import ObjectRef
from audit_archive.domain.head import Head
from audit_archive.domain.public_keys import PublicKey, SignatureCheck
from audit_archive.domain.query import Query
from audit_archive.domain.statement import Statement, key_named_by
from audit_archive.domain.verdicts import Depth, Verdict, Verification, Why
from audit_archive.errors import IntegrityError, RequestError
from audit_archive.ports import NO_VERSION, Handouts
from audit_archive.reading.chain import Chain, ChainReading, answered
from audit_archive.reading.entries import Search
from audit_archive.reading.proving import Proving, Wanted
from audit_archive.reading.reader import Reader
from audit_archive.verify import verify

KEY, VERIFIER = "public-key.pem", "verify.py"


@dataclass(frozen=True)
class Workshop:
    """What a bundle is made with. `max_proofs`: how many of its lines, the first ones, have a proof."""

    reader: Reader
    is_signed: SignatureCheck
    handouts: Handouts
    progress: Progress = no_progress
    max_proofs: int = MAX_PROOFS


@dataclass(frozen=True)
class Audited:
    """The chain as it was audited and packed; `chain` is None where a fault breaks it."""

    verification: Verification
    custody: Custody
    chain: Chain | None

    def search(self, reader: Reader, query: Query) -> Search:
        """A question to the statements that were audited; if they are broken, to what the ledger knows."""
        if self.chain is not None:
            return Search(reader, self.chain, query)
        return answered(reader, query.console, lambda chain: Search(reader, chain, query))


@dataclass(frozen=True)
class Parts:
    """What is known once everything but the report is packed; the names are the report's."""

    proven: int
    reasons: tuple[str, ...]
    signer: PublicKey | None


def pack_parts(workshop: Workshop, search: Search, wanted: Wanted, packer: Packer) -> Parts:
    """Pack proofs, key and verifier."""
    proven, reasons = _pack_proofs(workshop, search, wanted, packer)
    # The key that the chain named last vouches for those before it.
    signer = search.chain.keys[-1] if search.chain.keys else None
    if signer is not None:
        packer.add(KEY, [signer.pem().encode()])
    packer.add(VERIFIER, [workshop.handouts.verifier])
    return Parts(proven, reasons, signer)


def pack_chain(workshop: Workshop, console: str, packer: Packer) -> Audited:
    """Audit the chain of a Console, and pack each statement and checkpoint as it is judged.

    Raises RequestError if time does not suffice for the whole chain.
    """
    reader, log = workshop.reader, CustodyLog()
    ports = reader.source, reader.clock, reader.scratch, workshop.is_signed, workshop.progress
    audit = Audit(*ports).beside(reader.ledger, console)
    packing = _Packing(console, packer, audit.is_recorded, log)
    found = verify(replace(audit, witness=packing.see), Question(console, Depth.CHAIN))
    if any(each.what == "statements" and each.why == Why.TIME for each in found.not_checked):
        raise RequestError(
            "console", "the time of this invocation is not enough to read the whole chain: raise the timeout"
        )
    return Audited(found, log.custody(), packing.chain(audit.recorded or Head(console)))


class _Packing:
    """Sees each statement as it is judged.

    What a run that is not done, or died, has not signed yet waits until something signed follows it: at the
    end, and nobody could tell it from a forgery.
    """

    def __init__(
        self, console: str, packer: Packer, is_recorded: Callable[[Statement], bool], log: CustodyLog
    ) -> None:
        self._packer = packer
        self._is_recorded = is_recorded
        self._log = log
        self._waiting: list[Stored] = []
        self._is_signing = self._is_broken = False
        self._reading = ChainReading(console)

    def see(self, copy: Copy, checkpoint: Stored | None) -> None:
        """Pack a statement and its checkpoint, and take what it says."""
        said = copy.statement
        self._take(copy)
        self._waiting.extend(
            each for each in (copy.stored, checkpoint) if each is not None and each.verdict is None
        )
        is_signed = checkpoint is not None and checkpoint.verdict != Verdict.MISSING
        if is_signed or not self._is_signing or said is None or self._is_recorded(said):
            for stored in self._waiting:
                self._packer.add(stored.key, [stored.data])
            self._waiting.clear()

    def chain(self, recorded: Head) -> Chain | None:
        """The chain that was seen, beside what the ledger has recorded of it; None if it is broken."""
        return None if self._is_broken else self._reading.read(recorded)

    def _take(self, copy: Copy) -> None:
        said, stored = copy.statement, copy.stored
        if said is None:
            self._is_broken = True
            return
        self._log.add(said)
        self._is_signing = self._is_signing or key_named_by(said) is not None
        try:
            if not self._is_broken:
                self._reading.add(said, ObjectRef(stored.key, stored.version_id or NO_VERSION, copy.sha256))
        except IntegrityError:
            self._is_broken = True


def _pack_proofs(
    workshop: Workshop, search: Search, wanted: Wanted, packer: Packer
) -> tuple[int, tuple[str, ...]]:
    """Pack a proof for each wanted line: how many, and why lines have none."""
    proving = Proving(workshop.reader, search.chain, workshop.is_signed)
    proven = 0
    for each in proving.proofs(wanted):
        packer.add(f"proofs/{each.epoch}-{each.entry_id}.tlog-proof", [each.proof.encode()])
        proven += 1
    cut = (
        [f"a bundle has {workshop.max_proofs} proofs at most"] if search.matched > workshop.max_proofs else []
    )
    return proven, (*proving.reasons, *cut)
