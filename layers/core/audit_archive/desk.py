"""Answers one question of the retrieve function. It never writes to the archive; answers have their own
bucket.

Every answer repeats the question, says who asked and when, and has a coverage: what was searched, what is
missing, and what the answer can't vouch for.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from audit_archive.answer_ports import LinkExport, LinksLast, ReportStore
from audit_archive.answers import (
    Asked,
    Invocation,
    Place,
    asked_of,
    entries_answer,
    entries_of_one,
    evidence_answer,
    exports_answer,
    fleet_answer,
    long_answer,
    proofs_answer,
    status_answer,
    unknown_in,
)
from audit_archive.errors import RequestError, SettingsError
from audit_archive.evidence.bundle import BundleTools, build_evidence
from audit_archive.format.layout import report_key
from audit_archive.format.times import rfc3339
from audit_archive.retrieve.exports import Original, find_exports
from audit_archive.retrieve.fleet import find_in_fleet
from audit_archive.retrieve.formats import BUNDLE, FileKind
from audit_archive.retrieve.proofs import find_proofs
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import (
    EntriesRequest,
    EveryConsoleRequest,
    EvidenceRequest,
    ExportRequest,
    ProofRequest,
    RetrieveRequest,
    StatusRequest,
)
from audit_archive.retrieve.search import Body, find_entries
from audit_archive.retrieve.statements import Reader
from audit_archive.retrieve.status import statuses

MAX_ANSWER = 5_500_000
"""Bytes of an answer at most. Lambda returns 6 MB, and may spell some characters longer."""

MAX_REPORT = 5 * 1024**3
"""Bytes of an answer's file at most: the limit of one S3 PutObject."""


@dataclass(frozen=True)
class Desk:
    """Answers questions, stores the files of answers, and makes links for `link_seconds` at most."""

    tools: BundleTools
    reports: ReportStore
    link_export: LinkExport
    link_seconds: int
    links_last: LinksLast
    invocation: Invocation

    @property
    def reader(self) -> Reader:
        """The archive, to read."""
        return self.tools.reader

    def answer(self, request: RetrieveRequest) -> dict[str, Any]:
        """The answer as a plain dict, for JSON. Raises the errors of `audit_archive.errors`."""
        asked_at = self.reader.clock.now()
        asked = asked_of(request.question, asked_at, self.invocation)
        with _on_a_disk():
            return self._bounded(self._answered(request, asked, asked_at), asked_at)

    def _answered(self, request: RetrieveRequest, asked: Asked, asked_at: int) -> dict[str, Any]:
        match request:
            case EntriesRequest():
                return self._entries(request, asked, asked_at)
            case EveryConsoleRequest():
                return self._fleet(request, asked, asked_at)
            case ExportRequest():
                return self._exports(request, asked)
            case ProofRequest():
                found = find_proofs(self.reader, request.query, self.tools.is_signed)
                return proofs_answer(request, asked, found)
            case EvidenceRequest():
                return self._evidence(request, asked, asked_at)
            case StatusRequest():
                return status_answer(request, asked, statuses(self.reader, request.console))

    def _bounded(self, answer: dict[str, Any], asked_at: int) -> dict[str, Any]:
        """The answer, or where it can be fetched, if it is longer than Lambda returns."""
        data = json.dumps(answer).encode()
        if len(data) <= MAX_ANSWER:
            return answer
        with self.reader.scratch() as file:
            file.write(data)
            digest = sha256(data).hexdigest()
            key = report_key(answer["question"].get("console") or "all", asked_at, digest, ".answer.json")
            self.reports.put(key, file, digest, "application/json")
        place = {"key": key, **self._link(lambda seconds: self.reports.link(key, seconds))}
        return long_answer(answer, len(data), digest, place)

    def _entries(self, request: EntriesRequest, asked: Asked, asked_at: int) -> dict[str, Any]:
        found = find_entries(
            self.reader,
            request.query,
            request.form,
            with_forms=request.with_forms,
            offset_at=request.offset_at,
            open_workbook=self.tools.open_workbook,
        )
        unknown = unknown_in(request, found)
        place = self._put(request.query, found.body, request.form, asked_at)
        return entries_answer(request, asked, found, place, unknown)

    def _fleet(self, request: EveryConsoleRequest, asked: Asked, asked_at: int) -> dict[str, Any]:
        parts = []
        how = {"offset_at": request.offset_at, "open_workbook": self.tools.open_workbook}
        for one in find_in_fleet(self.reader, request.query, request.form, **how):
            body = one.found.body if one.found is not None else None
            place = self._put(one.query, body, request.form, asked_at)
            parts.append(entries_of_one(one, request.form, place))
        return fleet_answer(request, asked, parts)

    def _evidence(self, request: EvidenceRequest, asked: Asked, asked_at: int) -> dict[str, Any]:
        made = build_evidence(self.tools, request, asked)
        place = self._put(request.query, made.body, BUNDLE, asked_at)
        return evidence_answer(request, asked, made, place)

    def _put(self, query: Query, body: Body | None, kind: FileKind, asked_at: int) -> Place:
        """Put the file of an answer where the caller can fetch it, and close it.

        Returns its key and a link.
        """
        if body is None:
            return {}
        with closing(body.file):
            if body.size > MAX_REPORT:
                raise RequestError(
                    "from",
                    f"the answer has {body.size} bytes, and the limit is {MAX_REPORT}: ask for a shorter "
                    "time",
                )
            key = report_key(query.console, asked_at, body.sha256, kind.suffix)
            self.reports.put(key, body.file, body.sha256, kind.content_type)
        return {"key": key, **self._link(lambda seconds: self.reports.link(key, seconds))}

    def _exports(self, request: ExportRequest, asked: Asked) -> dict[str, Any]:
        found = find_exports(self.reader, request.query)
        return exports_answer(request, asked, found, [self._place(each) for each in found.originals])

    def _place(self, original: Original) -> Place:
        """A link to an export; null if the export is no longer there."""
        facts = original.facts
        if original.absence is not None:
            return {"link": None, "link_expires_at": None}
        return self._link(lambda seconds: self.link_export(facts.key, facts.version_id, seconds))

    def _link(self, sign: Callable[[int], str | None]) -> Place:
        """A link, and when it stops working, which is never later than its credentials do."""
        now = self.reader.clock.now()  # before it is signed: the signature counts from then
        seconds = self.links_last(self.link_seconds)
        link = sign(seconds)
        return {"link": link, "link_expires_at": rfc3339(now + seconds) if link is not None else None}


@contextmanager
def _on_a_disk() -> Iterator[None]:
    """Turn the errors of a full temporary disk into SettingsError."""
    try:
        yield
    except OSError as error:  # the adapters translate all others
        raise SettingsError(
            f"The temporary disk failed ({error.strerror}). Ask for less at once, or give the function more "
            "ephemeral storage"
        ) from error
