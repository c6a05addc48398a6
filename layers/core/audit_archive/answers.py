"""Makes every answer to a question as a plain dict, for JSON; no other module does.

The retrieve function returns it, and `canary-audit ... --json` prints it. The caller says where a result can
be fetched: the function gives a link, the command a file (docs/command-line.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from audit_archive.evidence.bundle import Evidence
from audit_archive.format.codec import to_json
from audit_archive.format.times import rfc3339
from audit_archive.retrieve.exports import FoundExports, Original
from audit_archive.retrieve.fleet import OfOneConsole
from audit_archive.retrieve.formats import BUNDLE, OCSF, FileKind, Form
from audit_archive.retrieve.ocsf import unknown_actions
from audit_archive.retrieve.outcome import AnswerOutcome
from audit_archive.retrieve.proofs import FoundProofs
from audit_archive.retrieve.request import (
    EntriesRequest,
    EveryConsoleRequest,
    EvidenceRequest,
    ExportRequest,
    ProofRequest,
    StatusRequest,
)
from audit_archive.retrieve.search import Body, FoundEntries
from audit_archive.retrieve.status import Status

Plain: TypeAlias = dict[str, Any]
Asked: TypeAlias = Mapping[str, Any]
Place: TypeAlias = Mapping[str, Any]
"""The fields that say where a result can be fetched."""


@dataclass(frozen=True)
class Invocation:
    """What answers a question: the function as it was invoked, or the command; and our version.

    `request_id`: that of the invocation; None for the command.
    """

    invoked_by: str
    request_id: str | None
    version: str


def asked_of(question: Mapping[str, Any], at: int, invocation: Invocation) -> Plain:
    """When a question was asked, by whom and why.

    The question itself says who and why, unchecked. CloudTrail records the caller.
    """
    return {
        "at": rfc3339(at),
        "who": question.get("who"),
        "reason": question.get("reason"),
        **to_json(invocation),
    }


def unknown_in(request: EntriesRequest, found: FoundEntries) -> dict[str, int] | None:
    """The actions that no rule of OCSF knows, if the entries are OCSF events. Reads the open body."""
    if request.form is not OCSF:
        return None
    if found.body is None:
        return {}
    found.body.file.seek(0)
    unknown = unknown_actions(found.body.file)
    found.body.file.seek(0)
    return unknown


def entries_answer(
    request: EntriesRequest,
    asked: Asked,
    found: FoundEntries,
    place: Place,
    unknown: Mapping[str, int] | None = None,
) -> Plain:
    """The answer to `entries`. `place`: where the entries can be fetched, if any match.

    `unknown`: what `unknown_in` gave before the body was closed.
    """
    forms = {"forms": to_json(found.forms)} if found.forms is not None else {}
    actions = {"unknown_actions": dict(unknown)} if unknown is not None else {}
    report = {"report": _report(found.body, request.form, place)}
    return _answer(request, asked, found) | report | forms | actions


def entries_of_one(one: OfOneConsole, form: Form, place: Place) -> Plain:
    """The answer of one Console to a question to all of them."""
    found = one.found
    if found is None:
        return fault_of_one(one)
    told = {"console": one.query.console, "name": one.name, "fault": None, "resolved": one.query.resolved}
    told |= {"outcome": to_json(found.outcome), "sentence": found.sentence}
    return told | {"coverage": to_json(found.coverage), "report": _report(found.body, form, place)}


def fault_of_one(one: OfOneConsole) -> Plain:
    """What stands in place of the answer of a Console with a fault in its archive."""
    fault = f"{type(one.fault).__name__}: {one.fault}"
    return {
        "console": one.query.console,
        "name": one.name,
        "fault": fault,
        "outcome": "fault",
        "coverage": None,
        "report": None,
    }


def fleet_answer(request: EveryConsoleRequest, asked: Asked, parts: Sequence[Plain]) -> Plain:
    """The answer to `entries` of all Consoles: `parts`, one for each."""
    found = sum(part["outcome"] == AnswerOutcome.FOUND for part in parts)
    matched = sum(part["coverage"]["matched"] for part in parts if part["coverage"] is not None)
    faults = sum(part["fault"] is not None for part in parts)
    silent = sum(bool(part["coverage"] and part["coverage"]["not_covered"]) for part in parts)
    has = "has" if found == 1 else "have"
    sentence = f"{found} of {len(parts)} Consoles {has} matching entries, {matched} in all."
    if silent:
        sentence += f" The answers of {silent} are not complete: see not_covered of each."
    if faults:
        sentence += f" The archives of {faults} could not be read: see fault of each."
    outcome = AnswerOutcome.FOUND if found else AnswerOutcome.NONE_FOUND
    outcome = outcome if parts else AnswerOutcome.NOTHING_ARCHIVED
    head = {"outcome": to_json(outcome), "sentence": sentence, "consoles": list(parts)}
    return _head(request, asked) | head


def exports_answer(
    request: ExportRequest, asked: Asked, found: FoundExports, places: Sequence[Place]
) -> Plain:
    """The answer to `export`. `places`: where each export can be fetched, in their order."""
    exports = [_export(each, place) for each, place in zip(found.originals, places, strict=True)]
    return _answer(request, asked, found) | {"exports": exports}


def proofs_answer(request: ProofRequest, asked: Asked, found: FoundProofs) -> Plain:
    """The answer to `proof`: the proofs themselves."""
    proofs = [proof.as_dict() for proof in found.proofs]
    return _answer(request, asked, found) | {"proofs": proofs, "unproven_because": to_json(found.reasons)}


def evidence_answer(request: EvidenceRequest, asked: Asked, made: Evidence, place: Place) -> Plain:
    """The answer to `evidence`. `place`: where the bundle can be fetched, if one was made."""
    return _answer(request, asked, made) | made.summary() | {"report": _report(made.body, BUNDLE, place)}


def status_answer(request: StatusRequest, asked: Asked, statuses: Iterable[Status]) -> Plain:
    """The answer to `status`."""
    return _head(request, asked) | {"consoles": [status.as_dict() for status in statuses]}


def long_answer(answer: Plain, size: int, sha256: str, place: Place) -> Plain:
    """What is returned in place of an answer that is too long: its sentences, and where all of it is."""
    kept = {name: answer[name] for name in ("question", "asked", "outcome", "sentence") if name in answer}
    return kept | {"whole_answer": {"format": "json", "size": size, "sha256": sha256, **place}}


def _head(
    request: EntriesRequest
    | EveryConsoleRequest
    | ExportRequest
    | ProofRequest
    | EvidenceRequest
    | StatusRequest,
    asked: Asked,
) -> Plain:
    return {"question": dict(request.question), "asked": dict(asked)}


def _answer(
    request: EntriesRequest | ExportRequest | ProofRequest | EvidenceRequest,
    asked: Asked,
    found: FoundEntries | FoundExports | FoundProofs | Evidence,
) -> Plain:
    """The fields of all answers: question, outcome, sentence, coverage."""
    return _head(request, asked) | {
        "outcome": to_json(found.outcome),
        "sentence": found.sentence,
        "resolved": request.query.resolved,
        "coverage": to_json(found.coverage),
    }


def _report(body: Body | None, kind: FileKind, place: Place) -> Plain | None:
    if body is None:
        return None
    return {"format": kind.name, "size": body.size, "sha256": body.sha256, **place}


def _export(original: Original, place: Place) -> Plain:
    where = {"epoch": original.epoch, "statements": list(original.statements)}
    return {**where, "absence": to_json(original.absence), **to_json(original.facts), **place}
