"""The bundle of evidence. Read `build_evidence` top to bottom.

It holds the entries that a question asks for, a proof of each, the whole chain of statements with its signed
checkpoints, a report to read, and a program that checks all of it without our software's say-so.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO

from audit_archive.audit.question import Audit, AuditQuestion, Progress, no_progress
from audit_archive.audit.rows import Copy
from audit_archive.audit.verify import verify_archive
from audit_archive.errors import IntegrityError, RequestError
from audit_archive.evidence.custody import CustodyLog
from audit_archive.evidence.gathering import MAX_PROOFS, Gathered, gather
from audit_archive.evidence.model import BundleFile, Custody, Report
from audit_archive.evidence.packing import Packer
from audit_archive.evidence.report.page import report_page
from audit_archive.format.codec import to_json
from audit_archive.format.facts import ObjectRef
from audit_archive.format.hashing import chunks_of, hash_all
from audit_archive.format.head import Head
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.format.statement import Statement, key_named_by
from audit_archive.format.verdicts import Checked, Depth, Verdict, Verification, Why
from audit_archive.ports import NO_VERSION, Handouts
from audit_archive.retrieve.coverage import Coverage
from audit_archive.retrieve.covering import unnamed
from audit_archive.retrieve.outcome import AnswerOutcome, outcome_of, sentence
from audit_archive.retrieve.proofs import Proving, Wanted
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import EvidenceRequest
from audit_archive.retrieve.search import Body, Search
from audit_archive.retrieve.statements import ChainReading, KnownChain, Reader, answered
from audit_archive.storage.chain import LoadedObject

# What a bundle holds beside entries and report: the chain as it was audited, proofs, key, verifier.

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
    chain: KnownChain | None

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
    found = verify_archive(replace(audit, observer=packing.see), AuditQuestion(console, Depth.CHAIN))
    if any(each.what == Checked.STATEMENTS and each.why == Why.TIME for each in found.not_checked):
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
        self._waiting: list[LoadedObject] = []
        self._is_signing = self._is_broken = False
        self._reading = ChainReading(console)

    def see(self, copy: Copy, checkpoint: LoadedObject | None) -> None:
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

    def chain(self, recorded: Head) -> KnownChain | None:
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


BUNDLE_FORMAT = "canary-audit-evidence/1"
"""The format of a bundle (docs/evidence.md)."""

PAGE, ENTRIES, ROWS, MANIFEST = "report.html", "entries.ndjson", "entries.csv", "manifest.json"
NOT_VERIFIED_IN_BUNDLE = (
    "locks of exports and entry files",
    "the exports behind the entry files: `verify` at the depth `content` does",
)
"""What remains, once the chain was audited for the bundle."""

TOLD = (
    *("console", "question", "asked", "resolved", "outcome", "sentence", "coverage", "verification"),
    *("custody", "activity", "files", "proven", "reasons"),
)
"""What of the report the manifest tells too."""


@dataclass(frozen=True)
class Evidence:
    """What was made: all that the report says, and the bundle (a zip). None of both: nothing is archived."""

    outcome: AnswerOutcome
    sentence: str
    coverage: Coverage
    report: Report | None = None
    body: Body | None = None

    def summary(self) -> dict[str, Any]:
        """What was made, in short, for an answer."""
        if self.report is None:
            return {"verification": None, "proven": 0, "unproven_because": []}
        found = self.report.verification
        verification = {"is_valid": found.is_valid, "summary": found.summary, "faults": len(found.faults)}
        return {
            "verification": verification,
            "proven": self.report.proven,
            "unproven_because": list(self.report.reasons),
        }


def build_evidence(workshop: Workshop, request: EvidenceRequest, asked: Mapping[str, Any]) -> Evidence:
    """Make the bundle for a question; whoever asked closes its file. `asked`: who asked, when and why.

    The same question to the same archive gives the same bytes, but for what `asked` says. Faults of the chain
    do not stop it: they are in the report. Raises IntegrityError if what would be handed out is not what its
    statement says, RequestError if there is not enough time.
    """
    reader, query = workshop.reader, request.query
    with ExitStack() as kept, reader.scratch() as lines, reader.scratch() as rows:
        file = kept.enter_context(reader.scratch())
        with Packer(file) as packer:
            audited = pack_chain(workshop, query.console, packer)
            search = audited.search(reader, query)
            gathered = gather(search, request.offset_at, workshop.max_proofs, lines, rows)
            answer = _answer(search)
            if answer.outcome == AnswerOutcome.NOTHING_ARCHIVED:
                return answer
            packer.add(ENTRIES, chunks_of(lines))
            packer.add(ROWS, chunks_of(rows))
            parts = pack_parts(workshop, search, gathered.wanted, packer)
            report = _report(request, asked, answer, gathered, (audited, parts), files=packer.files)
            packer.add(MANIFEST, [_manifest(report)])
            packer.add(PAGE, _page(report, lines, workshop.handouts))
            packer.add_sums()
        body = _body(file)
        kept.pop_all()
    return replace(answer, report=report, body=body)


def _answer(search: Search) -> Evidence:
    """How the question ends, once every line was read."""
    query, coverage = search.query, search.coverage()
    coverage = replace(coverage, not_verified=(*NOT_VERIFIED_IN_BUNDLE, *unnamed(query)))
    outcome = outcome_of(query, coverage)
    return Evidence(outcome, sentence(query.console, outcome, coverage), coverage)


def _report(
    request: EvidenceRequest,
    asked: Mapping[str, Any],
    answer: Evidence,
    gathered: Gathered,
    made: tuple[Audited, Parts],
    *,
    files: Iterable[BundleFile],
) -> Report:
    audited, parts = made
    return Report(
        console=request.query.console,
        question=request.question,
        asked=asked,
        resolved=request.query.resolved,
        outcome=answer.outcome,
        sentence=answer.sentence,
        coverage=answer.coverage,
        verification=audited.verification,
        custody=audited.custody,
        activity=gathered.activity,
        zone=request.zone,
        offset_at=request.offset_at,
        files=tuple(each for each in files if "/" not in each.name),
        proven=parts.proven,
        reasons=parts.reasons,
        signer=parts.signer,
        shown=gathered.shown.count,
        shown_sha256=gathered.shown.sha256,
    )


def _manifest(report: Report) -> bytes:
    """What the report says, for programs.

    `proof_limit`: how many lines are proven, if not all are. Without it an unproven line is a fault.
    """
    told = {name: to_json(getattr(report, name)) for name in TOLD}
    limit = report.proven if report.proven < report.coverage.matched else None
    signer = report.signer.key_id.hex() if report.signer is not None else None
    manifest = {"format": BUNDLE_FORMAT, **told, "signed_by": signer, "proof_limit": limit}
    return json.dumps(manifest, indent=1).encode()


def _page(report: Report, lines: BinaryIO, handouts: Handouts) -> Iterator[bytes]:
    lines.seek(0)
    shown = (line.rstrip(b"\n") for line in islice(lines, report.shown))
    return report_page(report, shown, handouts.style, handouts.script)


def _body(file: BinaryIO) -> Body:
    hashed = hash_all(chunks_of(file))
    file.seek(0)
    return Body(file, hashed.size, hashed.sha256)
