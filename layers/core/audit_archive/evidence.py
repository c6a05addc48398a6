"""The bundle of evidence. Read `build_evidence` top to bottom.

It holds the entries that a question asks for, a proof of each, the whole chain of statements with its signed
checkpoints, a report to read, and a program that checks all of it without our software's say-so.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, BinaryIO

from audit_archive.auditing.load import Copy, Stored
from audit_archive.auditing.question import Audit, Progress, Question, no_progress
from audit_archive.bundling.gathering import MAX_PROOFS, gather
from audit_archive.bundling.packing import Packer, chunks_of
from audit_archive.domain.coverage import Coverage
from audit_archive.domain.custody import CustodyLog
from audit_archive.domain.evidence import Custody, Report
from audit_archive.domain.outcomes import Outcome, outcome_of, sentence
from audit_archive.domain.public_keys import PublicKey, SignatureCheck
from audit_archive.domain.records import to_json
from audit_archive.domain.verdicts import Depth, Verification, Why
from audit_archive.errors import RequestError
from audit_archive.ports import Handouts
from audit_archive.reading.entries import Body, Search
from audit_archive.reading.proving import Proving, Wanted
from audit_archive.reading.reader import Reader
from audit_archive.report.page import report_page
from audit_archive.retrieve_request import EvidenceRequest
from audit_archive.verify import verify

FORMAT = "canary-audit-evidence/1"
"""The format of a bundle (docs/evidence.md)."""

PAGE, ENTRIES, ROWS, MANIFEST = "report.html", "entries.ndjson", "entries.csv", "manifest.json"
KEY, VERIFIER = "public-key.pem", "verify.py"
TOLD = (
    *("console", "question", "asked", "resolved", "outcome", "sentence", "coverage", "verification"),
    *("custody", "activity", "files", "proven", "reasons"),
)
"""What of the report the manifest tells too."""


@dataclass(frozen=True)
class Workshop:
    """What a bundle is made with."""

    reader: Reader
    is_signed: SignatureCheck
    handouts: Handouts
    progress: Progress = no_progress


@dataclass(frozen=True)
class Evidence:
    """What was made: all that the report says, and the bundle (a zip). None of both: nothing is archived."""

    outcome: str
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
    query, scratch = request.query, workshop.reader.scratch
    search = Search(workshop.reader, query)
    with ExitStack() as kept, scratch() as lines, scratch() as rows:
        gathered = gather(search, request.offset_at, lines, rows)
        coverage = search.coverage()
        outcome = outcome_of(query, coverage)
        words = sentence(query.console, outcome, coverage)
        if outcome == Outcome.NOTHING_ARCHIVED:
            return Evidence(outcome, words, coverage)
        packed = kept.enter_context(scratch())
        packer = Packer(packed)
        packer.add(ENTRIES, chunks_of(lines))
        packer.add(ROWS, chunks_of(rows))
        verification, custody = _pack_chain(workshop, query.console, packer)
        proven, reasons = _pack_proofs(workshop, search, gathered.wanted, packer)
        signer = _pack_key(search, packer)
        packer.add(VERIFIER, [workshop.handouts.verifier])
        report = Report(
            console=query.console,
            question=request.question,
            asked=asked,
            resolved=query.resolved,
            outcome=outcome,
            sentence=words,
            coverage=coverage,
            verification=verification,
            custody=custody,
            activity=gathered.activity,
            zone=request.zone,
            offset_at=request.offset_at,
            files=tuple(each for each in packer.files if "/" not in each.name),
            proven=proven,
            reasons=reasons,
            signer=signer,
            shown=gathered.shown.count,
            shown_sha256=gathered.shown.sha256,
        )
        packer.add(MANIFEST, [_manifest(report)])
        packer.add(PAGE, _page(report, lines, workshop.handouts))
        packer.finish()
        body = _body(packed)
        kept.pop_all()
    return Evidence(outcome, words, coverage, report, body)


def _pack_chain(workshop: Workshop, console: str, packer: Packer) -> tuple[Verification, Custody]:
    """Audit the chain of a Console, and pack each statement and checkpoint as it is judged."""
    reader, log = workshop.reader, CustodyLog()

    def pack(copy: Copy, checkpoint: Stored | None) -> None:
        for stored in (copy.stored, checkpoint):
            if stored is not None and stored.verdict is None:
                packer.add(stored.key, [stored.data])
        if copy.statement is not None:
            log.add(copy.statement)

    ports = reader.source, reader.clock, reader.scratch, workshop.is_signed, workshop.progress
    audit = Audit(*ports, witness=pack)
    found = verify(audit.beside(reader.ledger, console), Question(console, Depth.CHAIN))
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
    is_cut = sum(map(len, wanted.values())) == MAX_PROOFS
    return proven, (*proving.reasons, *([f"a bundle has {MAX_PROOFS} proofs at most"] if is_cut else []))


def _pack_key(search: Search, packer: Packer) -> PublicKey | None:
    """Pack the key that the chain named last; it vouches for those before it."""
    if not search.chain.keys:
        return None
    packer.add(KEY, [search.chain.keys[-1].pem().encode()])
    return search.chain.keys[-1]


def _manifest(report: Report) -> bytes:
    """What the report says, for programs. `proof_limit`: how many proofs the bundle has at most."""
    told = {name: to_json(getattr(report, name)) for name in TOLD}
    signer = report.signer.key_id.hex() if report.signer is not None else None
    manifest = {"format": FORMAT, **told, "signed_by": signer, "proof_limit": report.proven}
    return json.dumps(manifest, indent=1).encode()


def _page(report: Report, lines: BinaryIO, handouts: Handouts) -> Iterator[bytes]:
    lines.seek(0)
    shown = (line.rstrip(b"\n") for line in islice(lines, report.shown))
    return report_page(report, shown, handouts.style, handouts.script)


def _body(file: BinaryIO) -> Body:
    digest, size = sha256(), 0
    for chunk in chunks_of(file):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return Body(file, size, digest.hexdigest())
