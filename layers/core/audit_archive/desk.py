"""The answer to an auditor. It reads everything and changes nothing; its answers go to a bucket of their own.

Every answer repeats the question, says who asked when and what answered, and states its coverage: what was
searched, what is missing of it, and what it does not vouch for.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from audit_archive.answers import (
    Asked,
    Invocation,
    Place,
    asked_of,
    entries_answer,
    evidence_answer,
    exports_answer,
    proofs_answer,
    status_answer,
)
from audit_archive.errors import RequestError, SettingsError
from audit_archive.evidence.bundle import Workshop, build_evidence
from audit_archive.format.layout import report_key
from audit_archive.format.times import rfc3339
from audit_archive.ports import LinkExport, ReportStore
from audit_archive.retrieve.exports import Original, find_exports
from audit_archive.retrieve.formats import BUNDLE, FileKind
from audit_archive.retrieve.proofs import find_proofs
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import (
    EntriesRequest,
    EvidenceRequest,
    ExportRequest,
    ProofRequest,
    RetrieveRequest,
    StatusRequest,
)
from audit_archive.retrieve.search import Body, find_entries
from audit_archive.retrieve.statements import Reader
from audit_archive.retrieve.status import statuses

MAX_REPORT = 5 * 1024**3
"""Bytes of an answer: what one S3 PutObject takes."""


@dataclass(frozen=True)
class Desk:
    """Where questions are answered: with what, where answers are put, how long a link to one works."""

    workshop: Workshop
    reports: ReportStore
    link_export: LinkExport
    link_seconds: int
    invocation: Invocation

    @property
    def reader(self) -> Reader:
        """What is read."""
        return self.workshop.reader

    def answer(self, request: RetrieveRequest) -> dict[str, Any]:
        """The answer as a plain dict, for JSON. Raises the errors of `audit_archive.errors`."""
        asked_at = self.reader.clock.now()
        asked = asked_of(request.question, asked_at, self.invocation)
        with _on_a_disk():
            match request:
                case EntriesRequest():
                    return self._entries(request, asked, asked_at)
                case ExportRequest():
                    return self._exports(request, asked)
                case ProofRequest():
                    found = find_proofs(self.reader, request.query, self.workshop.is_signed)
                    return proofs_answer(request, asked, found)
                case EvidenceRequest():
                    return self._evidence(request, asked, asked_at)
                case StatusRequest():
                    return status_answer(request, asked, statuses(self.reader, request.console))

    def _entries(self, request: EntriesRequest, asked: Asked, asked_at: int) -> dict[str, Any]:
        found = find_entries(self.reader, request.query, request.form, with_forms=request.with_forms)
        place = self._put(request.query, found.body, request.form, asked_at)
        return entries_answer(request, asked, found, place)

    def _evidence(self, request: EvidenceRequest, asked: Asked, asked_at: int) -> dict[str, Any]:
        made = build_evidence(self.workshop, request, asked)
        place = self._put(request.query, made.body, BUNDLE, asked_at)
        return evidence_answer(request, asked, made, place)

    def _put(self, query: Query, body: Body | None, kind: FileKind, asked_at: int) -> Place:
        """Put what was found where whoever asked can fetch it, and close its file."""
        if body is None:
            return {}
        with closing(body.file):
            if body.size > MAX_REPORT:
                raise RequestError(
                    "from", f"the answer has {body.size} bytes, more than {MAX_REPORT}: ask for less"
                )
            key = report_key(query.console, asked_at, body.sha256, kind.suffix)
            self.reports.put(key, body.file, body.sha256, kind.content_type)
        return {"key": key, **self._link(self.reports.link(key, self.link_seconds))}

    def _exports(self, request: ExportRequest, asked: Asked) -> dict[str, Any]:
        found = find_exports(self.reader, request.query)
        return exports_answer(request, asked, found, [self._place(each) for each in found.originals])

    def _place(self, original: Original) -> Place:
        """A link to an export that is still there."""
        facts, link = original.facts, None
        if original.absence is None:
            link = self.link_export(facts.key, facts.version_id, self.link_seconds)
        return self._link(link)

    def _link(self, link: str | None) -> Place:
        """A link, and when it ceases to work (with the credentials that signed it, if that is sooner)."""
        until = self.reader.clock.now() + self.link_seconds
        return {"link": link, "link_expires_at": rfc3339(until) if link is not None else None}


@contextmanager
def _on_a_disk() -> Iterator[None]:
    """Raises SettingsError for a full disk."""
    try:
        yield
    except OSError as error:  # every other one is translated at its port
        raise SettingsError(
            f"The temporary disk failed ({error.strerror}): ask for less at once, or give the function more "
            "ephemeral storage"
        ) from error
