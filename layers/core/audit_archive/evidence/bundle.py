"""The bundle of evidence: a zip for an auditor, who can check it without this software.

It holds the entries that a question asks for, a proof of each, the whole chain of statements with its signed
checkpoints, a report to read, and a program that checks all of it. Read `build_evidence` top to bottom;
`pack_chain` and `pack_parts` are its steps.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO

from audit_archive.answer_ports import Handouts, OpenWorkbook
from audit_archive.audit.question import Audit, AuditQuestion, Progress, no_progress
from audit_archive.audit.rows import Copy
from audit_archive.audit.verify import verify_archive
from audit_archive.errors import IntegrityError, RequestError
from audit_archive.evidence.custody import CustodyLog
from audit_archive.evidence.gathering import MAX_PROOFS, Gathered, gather
from audit_archive.evidence.model import BundleFile, Custody, Report
from audit_archive.evidence.packing import Packer
from audit_archive.evidence.report.page import report_page
from audit_archive.format.bundle_note import bundle_note, bundle_text
from audit_archive.format.codec import to_json
from audit_archive.format.facts import ObjectRef
from audit_archive.format.hashing import chunks_of, hash_all
from audit_archive.format.head import Head
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.format.statement import Statement, key_named_by
from audit_archive.format.verdicts import Checked, Depth, Verdict, Verification, Why
from audit_archive.ports import NO_VERSION, Signer
from audit_archive.retrieve.coverage import Coverage
from audit_archive.retrieve.covering import unnamed
from audit_archive.retrieve.formats import CSV, NDJSON
from audit_archive.retrieve.outcome import AnswerOutcome, outcome_of, sentence
from audit_archive.retrieve.proofs import Proving, Wanted
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import EvidenceRequest
from audit_archive.retrieve.rows import COLUMNS
from audit_archive.retrieve.search import Body, Search
from audit_archive.retrieve.statements import ChainReading, KnownChain, Reader, answered
from audit_archive.retrieve.writing import Rows, Write, writing
from audit_archive.storage.chain import LoadedObject

KEY, BUNDLE_KEY, VERIFIER = "public-key.pem", "bundle-key.pem", "verify.py"
PAGE, ENTRIES, ROWS, MANIFEST = "report.html", "entries.ndjson", "entries.csv", "manifest.json"
NOTE, WORKBOOK = "SHA256SUMS.note", "entries.xlsx"

MOST_WORKBOOK_ENTRIES = 100_000
"""Entries in the workbook of a bundle at most: a million would take minutes of the fifteen that there are."""

BUNDLE_FORMAT = "canary-audit-evidence/1"
"""The format of a bundle (docs/evidence.md)."""

NOT_VERIFIED_IN_BUNDLE = (
    "locks of exports and entry files",
    "the exports that the entry files were made from: `verify` at the depth `content` checks them",
)
"""What an answer does not check, less what the audit of the chain checked for the bundle."""

MANIFEST_FIELDS = (
    *("console", "question", "asked", "resolved", "outcome", "sentence", "coverage", "verification"),
    *("custody", "activity", "files", "proven", "reasons"),
)
"""Fields of the report that are in the manifest too."""


@dataclass(frozen=True)
class BundleTools:
    """What a bundle is made with. `max_proofs`: that many lines, the first ones, get a proof.

    `signer`: the key that signs the list of files; None: the bundle is not signed. `open_workbook`: None: the
    bundle has no workbook.
    """

    reader: Reader
    is_signed: SignatureCheck
    handouts: Handouts
    progress: Progress = no_progress
    max_proofs: int = MAX_PROOFS
    signer: Signer | None = None
    open_workbook: OpenWorkbook | None = None


@dataclass(frozen=True)
class Evidence:
    """What was made: the content of the report, and the bundle (a zip).

    An empty archive gives neither.
    """

    outcome: AnswerOutcome
    sentence: str
    coverage: Coverage
    report: Report | None = None
    body: Body | None = None

    def summary(self) -> dict[str, Any]:
        """The fields that an answer has beside its coverage."""
        if self.report is None:
            return {"verification": None, "proven": 0, "unproven_because": []}
        found = self.report.verification
        verification = {"is_valid": found.is_valid, "summary": found.summary, "faults": len(found.faults)}
        return {
            "verification": verification,
            "proven": self.report.proven,
            "unproven_because": list(self.report.reasons),
        }


@dataclass(frozen=True)
class Audited:
    """The chain as it was audited and packed. A fault that breaks the chain leaves no `chain`."""

    verification: Verification
    custody: Custody
    chain: KnownChain | None

    def search(self, reader: Reader, query: Query) -> Search:
        """Ask the statements that were audited. If a fault breaks them, ask by the ledger's index."""
        if self.chain is not None:
            return Search(reader, self.chain, query)
        return answered(reader, query.console, lambda chain: Search(reader, chain, query))


@dataclass(frozen=True)
class Parts:
    """What is known once all but the report is packed. The names are those of `Report`."""

    proven: int
    reasons: tuple[str, ...]
    signer: PublicKey | None
    bundle_key: PublicKey | None


def build_evidence(tools: BundleTools, request: EvidenceRequest, asked: Mapping[str, Any]) -> Evidence:
    """Make the bundle for a question. The caller closes its file. `asked`: who asked, when and why.

    The same question to the same archive, with the same `asked`, gives the same bytes, but for the signature.
    Faults of the chain are in the report and do not stop it. Raises IntegrityError if an object that the
    bundle would hold does not match its statement, RequestError if there is not enough time, SigningError.
    """
    reader, query = tools.reader, request.query
    with ExitStack() as kept, reader.scratch() as lines, reader.scratch() as rows, reader.scratch() as book:
        file = kept.enter_context(reader.scratch())
        with Packer(file) as packer:
            audited = pack_chain(tools, query.console, packer)
            search = audited.search(reader, query)
            with _writing(tools.open_workbook, (lines, rows, book)) as writes:
                gathered = gather(search, request.offset_at, tools.max_proofs, writes)
            answer = _answer(search)
            if answer.outcome == AnswerOutcome.NOTHING_ARCHIVED:
                return answer
            packer.add(ENTRIES, chunks_of(lines))
            packer.add(ROWS, chunks_of(rows))
            if tools.open_workbook is not None:
                packer.add(WORKBOOK, chunks_of(book))
            parts = pack_parts(tools, search, gathered.wanted, packer)
            report = _report(request, asked, answer, gathered, (audited, parts), files=packer.files)
            packer.add(MANIFEST, [_manifest(report)])
            packer.add(PAGE, _page(report, lines, tools.handouts))
            _sign(tools.signer, query.console, packer)
        body = _body(file)
        kept.pop_all()
    return replace(answer, report=report, body=body)


@contextmanager
def _writing(
    open_workbook: OpenWorkbook | None, files: tuple[BinaryIO, BinaryIO, BinaryIO]
) -> Iterator[list[Write]]:
    """Write the entries as lines, as CSV, and into a workbook, which may be too small for all of them."""
    lines, rows, book = files
    with ExitStack() as open_files:
        writes = [open_files.enter_context(writing(NDJSON, lines, None))]
        writes.append(open_files.enter_context(writing(CSV, rows, None)))
        if open_workbook is None:
            yield writes
            return
        sheet = Rows(open_files.enter_context(closing(open_workbook(COLUMNS))), MOST_WORKBOOK_ENTRIES)
        yield [*writes, sheet.add]
        sheet.save(book)


def pack_chain(tools: BundleTools, console: str, packer: Packer) -> Audited:
    """Audit the chain of a Console, and pack each statement and checkpoint as it is judged.

    Raises RequestError if time does not suffice for the whole chain.
    """
    reader, log = tools.reader, CustodyLog()
    ports = reader.source, reader.clock, reader.scratch, tools.is_signed, tools.progress
    audit = Audit(*ports).beside(reader.ledger, console)
    packing = _Packing(console, packer, audit.is_recorded, log)
    found = verify_archive(replace(audit, observer=packing.see), AuditQuestion(console, Depth.CHAIN))
    if any(each.what == Checked.STATEMENTS and each.why == Why.TIME for each in found.not_checked):
        raise RequestError(
            "console",
            "this invocation has not enough time to read the whole chain: raise the timeout",
        )
    return Audited(found, log.custody(), packing.chain(audit.recorded or Head(console)))


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

    def see(self, copy: Copy, checkpoint: LoadedObject | None) -> None:
        """Pack a statement and its checkpoint, and note what the statement says."""
        statement = copy.statement
        self._take(copy)
        self._waiting.extend(
            each for each in (copy.stored, checkpoint) if each is not None and each.verdict is None
        )
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


def pack_parts(tools: BundleTools, search: Search, wanted: Wanted, packer: Packer) -> Parts:
    """Pack proofs, key and verifier."""
    proven, reasons = _pack_proofs(tools, search, wanted, packer)
    # The key that the chain named last vouches for those before it.
    signer = search.chain.keys[-1] if search.chain.keys else None
    if signer is not None:
        packer.add(KEY, [signer.pem().encode()])
    bundle_key = tools.signer.public_key() if tools.signer is not None else None
    if bundle_key is not None:
        packer.add(BUNDLE_KEY, [bundle_key.pem().encode()])
    packer.add(VERIFIER, [tools.handouts.verifier])
    return Parts(proven, reasons, signer, bundle_key)


def _sign(signer: Signer | None, console: str, packer: Packer) -> None:
    """Pack the list of all files, and the signature over it."""
    sums = packer.add_sums().sha256
    if signer is not None:
        signature = signer.sign(bundle_text(console, sums))
        packer.add(NOTE, [bundle_note(console, sums, signer.public_key(), signature)])


def _pack_proofs(
    tools: BundleTools, search: Search, wanted: Wanted, packer: Packer
) -> tuple[int, tuple[str, ...]]:
    """Pack the proofs of the wanted lines. Returns how many there are, and why other lines have no proof."""
    proving = Proving(tools.reader, search.chain, tools.is_signed)
    proven = 0
    for each in proving.proofs(wanted):
        packer.add(f"proofs/{each.epoch}-{each.entry_id}.tlog-proof", [each.proof.encode()])
        proven += 1
    cut = f"a bundle holds at most {tools.max_proofs} proofs, and more entries match"
    reasons = [cut] if search.matched > tools.max_proofs else []
    return proven, (*proving.reasons, *reasons)


def _answer(search: Search) -> Evidence:
    """The outcome, once every line was read."""
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
        bundle_key=parts.bundle_key,
        shown=gathered.shown.count,
        shown_sha256=gathered.shown.sha256,
    )


def _manifest(report: Report) -> bytes:
    """What the report says, for programs.

    `proof_limit`: how many lines have a proof, if not all have. Without it the verifier takes a line without
    a proof for a fault.
    """
    fields = {name: to_json(getattr(report, name)) for name in MANIFEST_FIELDS}
    limit = report.proven if report.proven < report.coverage.matched else None
    signer = report.signer.key_id.hex() if report.signer is not None else None
    own = report.bundle_key.key_id.hex() if report.bundle_key is not None else None
    signed = {"signed_by": signer, "bundle_signed_by": own}
    manifest = {"format": BUNDLE_FORMAT, **fields, **signed, "proof_limit": limit}
    return json.dumps(manifest, indent=1).encode()


def _page(report: Report, lines: BinaryIO, handouts: Handouts) -> Iterator[bytes]:
    lines.seek(0)
    shown = (line.rstrip(b"\n") for line in islice(lines, report.shown))
    return report_page(report, shown, handouts.style, handouts.script)


def _body(file: BinaryIO) -> Body:
    hashed = hash_all(chunks_of(file))
    file.seek(0)
    return Body(file, hashed.size, hashed.sha256)
