"""The bundle of evidence. Read `build_evidence` top to bottom.

It holds the entries that a question asks for, a proof of each, the whole chain of statements with its signed
checkpoints, a report to read, and a program that checks all of it without our software's say-so.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any, BinaryIO

from audit_archive.bundling.gathering import Gathered, gather
from audit_archive.bundling.packing import Packer, chunks_of
from audit_archive.bundling.parts import Audited, Parts, Workshop, pack_chain, pack_parts
from audit_archive.domain.coverage import Coverage
from audit_archive.domain.evidence import BundleFile, Report
from audit_archive.domain.outcomes import Outcome, outcome_of, sentence
from audit_archive.domain.records import to_json
from audit_archive.ports import Handouts
from audit_archive.reading.cover import unnamed
from audit_archive.reading.entries import Body, Search
from audit_archive.report.page import report_page
from audit_archive.retrieve_request import EvidenceRequest

FORMAT = "canary-audit-evidence/1"
"""The format of a bundle (docs/evidence.md)."""

PAGE, ENTRIES, ROWS, MANIFEST = "report.html", "entries.ndjson", "entries.csv", "manifest.json"
NOT_VERIFIED = (
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
    reader, query = workshop.reader, request.query
    with ExitStack() as kept, reader.scratch() as lines, reader.scratch() as rows:
        file = kept.enter_context(reader.scratch())
        with Packer(file) as packer:
            audited = pack_chain(workshop, query.console, packer)
            search = audited.search(reader, query)
            gathered = gather(search, request.offset_at, workshop.max_proofs, lines, rows)
            answer = _answer(search)
            if answer.outcome == Outcome.NOTHING_ARCHIVED:
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
    coverage = replace(coverage, not_verified=(*NOT_VERIFIED, *unnamed(query)))
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
    manifest = {"format": FORMAT, **told, "signed_by": signer, "proof_limit": limit}
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
