"""The answer to an auditor. It reads everything and changes nothing; its answers go to a bucket of their own.

Every answer repeats the question, says who asked when and what answered, and states its coverage: what was
searched, what is missing of it, and what it does not vouch for.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from audit_archive.errors import RequestError, SettingsError
from audit_archive.evidence.bundle import Workshop, build_evidence
from audit_archive.format.codec import to_json
from audit_archive.format.layout import report_key
from audit_archive.format.times import rfc3339
from audit_archive.ports import LinkExport, ReportStore
from audit_archive.retrieve.exports import Original, find_exports
from audit_archive.retrieve.formats import BUNDLE, Kind
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
class Invocation:
    """By whom a question is answered: the function as it was invoked, the request's id, our version."""

    invoked_by: str
    request_id: str
    version: str


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
        with _on_a_disk():
            answer = self._answer(request, asked_at)
        return {
            "question": dict(request.question),
            "asked": self._asked(request.question, asked_at),
            **answer,
        }

    def _answer(self, request: RetrieveRequest, asked_at: int) -> dict[str, Any]:
        match request:
            case EntriesRequest():
                return self._entries(request, asked_at)
            case ExportRequest():
                return self._exports(request)
            case ProofRequest():
                return self._proofs(request)
            case EvidenceRequest():
                return self._evidence(request, asked_at)
            case StatusRequest():
                return {"consoles": to_json(statuses(self.reader, request.console))}

    def _asked(self, question: Mapping[str, Any], at: int) -> dict[str, Any]:
        """Who asked and why is what the question says; CloudTrail knows the caller."""
        return {
            "at": rfc3339(at),
            "who": question.get("who"),
            "reason": question.get("reason"),
            **to_json(self.invocation),
        }

    def _entries(self, request: EntriesRequest, asked_at: int) -> dict[str, Any]:
        found = find_entries(self.reader, request.query, request.form, with_forms=request.with_forms)
        report = None
        if found.body is not None:
            with closing(found.body.file):
                report = self._report(request.query, found.body, request.form, asked_at)
        return {
            "outcome": found.outcome,
            "sentence": found.sentence,
            "resolved": request.query.resolved,
            "coverage": to_json(found.coverage),
            "report": report,
            **({"forms": to_json(found.forms)} if request.with_forms else {}),
        }

    def _report(self, query: Query, body: Body, kind: Kind, asked_at: int) -> dict[str, Any]:
        """Put an answer where whoever asked can fetch it."""
        if body.size > MAX_REPORT:
            raise RequestError(
                "from", f"the answer has {body.size} bytes, more than {MAX_REPORT}: ask for less"
            )
        key = report_key(query.console, asked_at, body.sha256, kind.suffix)
        self.reports.put(key, body.file, body.sha256, kind.content_type)
        return {
            "format": kind.name,
            "size": body.size,
            "sha256": body.sha256,
            "key": key,
            **self._link(self.reports.link(key, self.link_seconds)),
        }

    def _exports(self, request: ExportRequest) -> dict[str, Any]:
        found = find_exports(self.reader, request.query)
        return {
            "outcome": found.outcome,
            "sentence": found.sentence,
            "resolved": request.query.resolved,
            "coverage": to_json(found.coverage),
            "exports": [self._export(original) for original in found.originals],
        }

    def _proofs(self, request: ProofRequest) -> dict[str, Any]:
        found = find_proofs(self.reader, request.query, self.workshop.is_signed)
        return {
            "outcome": found.outcome,
            "sentence": found.sentence,
            "coverage": to_json(found.coverage),
            "proofs": [proof.as_dict() for proof in found.proofs],
            "unproven_because": list(found.reasons),
        }

    def _evidence(self, request: EvidenceRequest, asked_at: int) -> dict[str, Any]:
        made = build_evidence(self.workshop, request, self._asked(request.question, asked_at))
        report = None
        if made.body is not None:
            with closing(made.body.file):
                report = self._report(request.query, made.body, BUNDLE, asked_at)
        return {
            "outcome": made.outcome,
            "sentence": made.sentence,
            "resolved": request.query.resolved,
            "coverage": to_json(made.coverage),
            **made.summary(),
            "report": report,
        }

    def _export(self, original: Original) -> dict[str, Any]:
        facts = original.facts
        link = None
        if original.absence is None:
            link = self.link_export(facts.key, facts.version_id, self.link_seconds)
        told = {"epoch": original.epoch, "statements": list(original.statements), "absence": original.absence}
        return {**told, **to_json(facts), **self._link(link)}

    def _link(self, link: str | None) -> dict[str, Any]:
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
