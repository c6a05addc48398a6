"""What a bundle holds beside entries and report: the chain as it was audited, proofs, key, verifier."""

from dataclasses import dataclass

from audit_archive.auditing.load import Copy, Stored
from audit_archive.auditing.question import Audit, Progress, Question, no_progress
from audit_archive.bundling.gathering import MAX_PROOFS
from audit_archive.bundling.packing import Packer
from audit_archive.domain.custody import CustodyLog
from audit_archive.domain.evidence import Custody
from audit_archive.domain.public_keys import PublicKey, SignatureCheck
from audit_archive.domain.verdicts import Depth, Verdict, Verification, Why
from audit_archive.errors import RequestError
from audit_archive.ports import Handouts
from audit_archive.reading.chain import Chain
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
class Parts:
    """What is known once everything but the report is packed; the names are the report's."""

    verification: Verification
    custody: Custody
    proven: int
    reasons: tuple[str, ...]
    signer: PublicKey | None


def pack_parts(workshop: Workshop, search: Search, wanted: Wanted, packer: Packer) -> Parts:
    """Pack them all. Raises RequestError if time does not suffice for the whole chain."""
    verification, custody = _pack_chain(workshop, search.chain, packer)
    proven, reasons = _pack_proofs(workshop, search, wanted, packer)
    # The key that the chain named last vouches for those before it.
    signer = search.chain.keys[-1] if search.chain.keys else None
    if signer is not None:
        packer.add(KEY, [signer.pem().encode()])
    packer.add(VERIFIER, [workshop.handouts.verifier])
    return Parts(verification, custody, proven, reasons, signer)


def _pack_chain(workshop: Workshop, chain: Chain, packer: Packer) -> tuple[Verification, Custody]:
    """Audit the chain of a Console, and pack each statement and checkpoint as it is judged.

    What a run that is not done, or died, has not signed yet waits until something signed follows it: at the
    end, and nobody could tell it from a forgery.
    """
    reader, console, log = workshop.reader, chain.console, CustodyLog()
    waiting = list[Stored]()

    def pack(copy: Copy, checkpoint: Stored | None) -> None:
        waiting.extend(
            each for each in (copy.stored, checkpoint) if each is not None and each.verdict is None
        )
        said = copy.statement
        is_signed = checkpoint is not None and checkpoint.verdict != Verdict.MISSING
        if is_signed or not chain.keys or said is None or audit.is_recorded(said):
            for stored in waiting:
                packer.add(stored.key, [stored.data])
            waiting.clear()
        if said is not None:
            log.add(said)

    ports = reader.source, reader.clock, reader.scratch, workshop.is_signed, workshop.progress
    audit = Audit(*ports, witness=pack).beside(reader.ledger, console)
    found = verify(audit, Question(console, Depth.CHAIN))
    if any(each.what == "statements" and each.why == Why.TIME for each in found.not_checked):
        raise RequestError(
            "console", "the time of this invocation is not enough to read the whole chain: raise the timeout"
        )
    return found, log.custody()


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
