"""The bundle of evidence: a zip for an auditor, who can check it without this software.

It holds the entries that a question asks for, a proof of each, the whole chain of statements with its signed
checkpoints, a report to read, and a program that checks all of it. Read `build_evidence` top to bottom;
`pack_chain` and `pack_parts` are its steps.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO

from audit_archive.answer_ports import AskCaller, Caller, DrawSeed, Handouts, OpenWorkbook
from audit_archive.audit.question import Progress, no_progress
from audit_archive.errors import RequestError
from audit_archive.evidence.chain_part import Audited, pack_chain
from audit_archive.evidence.gathering import MAX_PROOFS, Gathered, gather, write_rows
from audit_archive.evidence.model import BundleFile, Locks, Report, Sampled
from audit_archive.evidence.packing import Packer
from audit_archive.evidence.report.page import report_page
from audit_archive.evidence.sampling import Drawing, SeedFrom
from audit_archive.format.bundle_note import bundle_note, bundle_text
from audit_archive.format.codec import to_json
from audit_archive.format.hashing import chunks_of, hash_all
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.ports import Signer
from audit_archive.retrieve.coverage import Coverage
from audit_archive.retrieve.covering import unnamed
from audit_archive.retrieve.formats import CSV
from audit_archive.retrieve.outcome import AnswerOutcome, outcome_of, sentence
from audit_archive.retrieve.proofs import Proving, Wanted
from audit_archive.retrieve.request import EvidenceRequest
from audit_archive.retrieve.rows import COLUMNS, SAMPLED_COLUMNS, SAMPLED_HEADER
from audit_archive.retrieve.search import Body, Search
from audit_archive.retrieve.statements import Reader
from audit_archive.retrieve.writing import Rows, Write, writing

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

NO_AWS = Caller(unknown_because="A copy of the archive was asked, without AWS: there is no login to name")
"""What is known of the caller where there is no AWS to ask."""

MANIFEST_FIELDS = (
    *("console", "question", "asked", "caller", "resolved", "outcome", "sentence", "coverage"),
    *("verification", "custody", "activity", "locks", "totals", "sample", "files", "proven", "reasons"),
)
"""Fields of the report that are in the manifest too."""


@dataclass(frozen=True)
class BundleTools:
    """What a bundle is made with. `max_proofs`: that many lines, the first ones, get a proof.

    `signer`: the key that signs the list of files; None: the bundle is not signed. `open_workbook`: None: the
    bundle has no workbook. `ask_caller`: None: there is no AWS to ask. `draw_seed`: None: whoever asks for a
    sample must give a seed.
    """

    reader: Reader
    is_signed: SignatureCheck
    handouts: Handouts
    progress: Progress = no_progress
    max_proofs: int = MAX_PROOFS
    signer: Signer | None = None
    open_workbook: OpenWorkbook | None = None
    ask_caller: AskCaller | None = None
    draw_seed: DrawSeed | None = None

    def drawing(self, request: EvidenceRequest) -> Drawing | None:
        """What draws the sample that is asked for. Raises RequestError if it needs a seed."""
        if request.sample is None:
            return None
        if request.seed is not None:
            return Drawing(request.seed, SeedFrom.ASKED, request.sample)
        if self.draw_seed is None:
            raise RequestError("seed", "no seed can be drawn here: give one")
        return Drawing(self.draw_seed(), SeedFrom.DRAWN, request.sample)


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
class Parts:
    """What is known once all but the report is packed. The names are those of `Report`."""

    proven: int
    reasons: tuple[str, ...]
    signer: PublicKey | None
    bundle_key: PublicKey | None


@dataclass(frozen=True)
class Ingredients:
    """All that a report is made of, beside the question. `lines`: entries.ndjson as it is packed."""

    audited: Audited
    gathered: Gathered
    parts: Parts
    lines: BundleFile
    sampled: Sampled
    locks: Locks
    caller: Caller


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
            audited = pack_chain(reader, tools.is_signed, tools.progress, query.console, packer)
            search = audited.search(reader, query)
            gathered = gather(search, request.offset_at, tools.max_proofs, tools.drawing(request), lines)
            answer = _answer(search)
            if answer.outcome == AnswerOutcome.NOTHING_ARCHIVED:
                return answer
            with _writing(tools.open_workbook, rows, book, is_sampled=gathered.sample is not None) as writes:
                sampled = write_rows(lines, gathered, writes)
            packed = packer.add(ENTRIES, chunks_of(lines))
            packer.add(ROWS, chunks_of(rows))
            if tools.open_workbook is not None:
                packer.add(WORKBOOK, chunks_of(book))
            parts = pack_parts(tools, search, gathered.wanted, packer)
            locks, caller = _locks(search, audited), tools.ask_caller() if tools.ask_caller else NO_AWS
            known = Ingredients(audited, gathered, parts, packed, sampled, locks, caller)
            report = _report(request, asked, answer, known, packer.files)
            packer.add(MANIFEST, [_manifest(report)])
            packer.add(PAGE, _page(report, lines, tools.handouts))
            _sign(tools.signer, query.console, packer)
        body = _body(file)
        kept.pop_all()
    return replace(answer, report=report, body=body)


@contextmanager
def _writing(
    open_workbook: OpenWorkbook | None, rows: BinaryIO, book: BinaryIO, *, is_sampled: bool
) -> Iterator[list[Write]]:
    """Write the entries as CSV, and into a workbook, which may be too small for all of them."""
    form = replace(CSV, header=SAMPLED_HEADER) if is_sampled else CSV
    columns: Sequence[str] = SAMPLED_COLUMNS if is_sampled else COLUMNS
    with ExitStack() as open_files:
        writes = [open_files.enter_context(writing(form, rows, None))]
        if open_workbook is None:
            yield writes
            return
        sheet = Rows(open_files.enter_context(closing(open_workbook(columns))), MOST_WORKBOOK_ENTRIES)
        yield [*writes, sheet.add]
        sheet.save(book)


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


def _locks(search: Search, audited: Audited) -> Locks:
    entry_files, stated = search.locks
    return Locks(entry_files, audited.locks, stated)


def _report(
    request: EvidenceRequest,
    asked: Mapping[str, Any],
    answer: Evidence,
    known: Ingredients,
    files: Iterable[BundleFile],
) -> Report:
    gathered, parts = known.gathered, known.parts
    return Report(
        console=request.query.console,
        question=request.question,
        asked=asked,
        resolved=request.query.resolved,
        outcome=answer.outcome,
        sentence=answer.sentence,
        coverage=answer.coverage,
        verification=known.audited.verification,
        custody=known.audited.custody,
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
        totals=gathered.totals.totals(known.lines),
        caller=known.caller,
        locks=known.locks,
        sample=gathered.sample,
        sampled=known.sampled,
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
