"""The head of the report: what was asked, the answer in a sentence, and how far the answer carries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit_archive.evidence.model import Report
from audit_archive.evidence.report.made_by import login
from audit_archive.evidence.report.parts import SILENT, with_links
from audit_archive.html_page.markup import Markup, Node, element, joined
from audit_archive.html_page.parts import (
    code,
    counted,
    facts,
    moment_text,
    nothing,
    number,
    section,
    value,
    verdict_sign,
)

_MOST = 10  # alternatives of one filter that the sentence names
_KNOWN = frozenset(
    {"request", "console", "format", "who", "reason", "from", "to", "zone", "user", "action_type", "address"}
    | {"flock", "text", "first_id", "last_id", "epoch", "since", "during", "ids"}
    | {"organisation", "sample", "seed"}
)


def question_section(report: Report) -> Markup:
    """Question, answer, and up to four verdicts on how far the answer carries."""
    answer, colon, rest = report.sentence.partition(": ")
    return section(
        "answer",
        "Question and answer",
        element("p", *question_in_words(report), class_="question"),
        element("p", element("strong", answer), colon, with_links(rest), class_="answer"),
        _verdicts(report),
        facts(*_asked(report)),
    )


def question_in_words(report: Report) -> Iterator[Node]:
    """The question as a sentence, with every filter."""
    yield from ("All entries of Console ", code(report.console))
    for clause in _clauses(report.question):
        if clause:
            yield joined(",", *clause)
    yield "."


def _clauses(question: Mapping[str, Any]) -> Iterator[Sequence[Node]]:
    """A clause for each filter; an empty one for a filter that was not used."""
    start, end, zone = (question.get(name) for name in ("from", "to", "zone"))
    start = start or question.get("since")
    if question.get("during"):
        yield [" during ", _bold(question["during"]), " (time zone ", _bold(zone or "UTC"), ")"]
    edges = [*((" from ", _bold(start)) if start else ()), *((" to ", _bold(end)) if end else ())]
    if edges:
        included = "both included" if start and end else "included"
        yield [*edges, f" ({included}, time zone ", _bold(zone or "UTC"), ")"]
    yield _one_of(" by user ", question.get("user"))
    yield _one_of(" of action ", question.get("action_type"))
    yield _one_of(" from address ", question.get("address"))
    yield _one_of(" of flock ", question.get("flock"))
    if question.get("text") is not None:
        yield [" with the text ", _bold(question["text"]), " in any field"]
    first, last = question.get("first_id"), question.get("last_id")
    if first or last:
        ids = [*((" from ", _bold(first)) if first else ()), *((" up to ", _bold(last)) if last else ())]
        yield [" with an id", *ids]
    if question.get("ids"):
        yield [" with an id of ", _bold(question["ids"])]
    if question.get("epoch") is not None:
        yield [" of epoch ", _bold(question["epoch"])]
    for name in sorted(question.keys() - _KNOWN):
        yield [f" with {name} ", _bold(question[name])]


def _one_of(before: str, wanted: Any) -> Sequence[Node]:
    """A filter for which any one of some values suffices."""
    values = list(wanted) if isinstance(wanted, list | tuple) else [] if wanted is None else [wanted]
    clause: list[Node] = []
    for at, each in enumerate(values[:_MOST]):
        clause += [before if at == 0 else " or ", _bold(each)]
    if len(values) > _MOST:
        clause.append(f" or one of {len(values) - _MOST} more, in manifest.json")
    return clause


def _bold(content: object) -> Markup:
    return element("b", value(content))


def _verdicts(report: Report) -> Markup:
    """How far the answer carries, at a glance. Each verdict is a link to the section with the details."""
    coverage, audit, matched = report.coverage, report.verification, report.coverage.matched
    limits = len(coverage.not_covered)
    if report.outcome in SILENT:
        complete = _verdict("coverage", "warn", "Says nothing", "about what happened then")
    elif limits:
        why = (
            f"{counted(coverage.missing_ids, 'id')} missing"
            if coverage.missing_ids
            else "see coverage for the reasons"
        )
        complete = _verdict("coverage", "bad", "Not complete", why)
    else:
        complete = _verdict("statement", "good", "Complete", "as far as the archive goes")
    faults = counted(len(audit.faults), "fault")
    chain = (
        _verdict("audit", "good", "No fault", "in the audit of the chain")
        if audit.is_valid
        else _verdict("audit", "bad", faults, "in the audit of the chain")
    )
    all_proven = report.proven == matched
    proof = _verdict(
        "files",
        "good" if all_proven else "warn",
        f"{number(report.proven)} proven",
        f"of {counted(matched, 'matching entry', 'matching entries')}, each with its own proof",
    )
    found = _verdict("entries", "", number(matched), "matching entry" if matched == 1 else "matching entries")
    tiles = [found, complete, chain, *([proof] if matched else [])]
    return element("ul", *(element("li", tile) for tile in tiles), class_="verdicts")


def _verdict(where: str, kind: str, headline: str, rest: str) -> Markup:
    sign = verdict_sign(kind) if kind else nothing()
    return element(
        "a",
        element("strong", sign, headline),
        " ",
        element("span", rest),
        href=f"#{where}",
        class_=kind or False,
    )


def _asked(report: Report) -> Iterator[tuple[str, Node]]:
    """The time asked for as instants; and who asked, when and why."""
    yield ("Time asked for, in UTC" if any(report.resolved.values()) else "Time asked for"), instants(report)
    yield "Time zone of this page", report.zone
    asked = report.asked
    names = {"at": "Asked", "who": "By, as stated", "reason": "Why, as stated"}
    names |= {"version": "Answered by version"}
    names |= {"invoked_by": "Through", "request_id": "Request"}
    for key in [*names, *sorted(asked.keys() - names.keys())]:
        if asked.get(key) is not None or key in {"who", "reason"}:
            content = moment_text(asked["at"]) if key == "at" else _stated(asked.get(key))
            yield names.get(key, key), content
    yield "With the login of", login(report)


def instants(report: Report) -> Node:
    """The time asked for as instants in UTC."""
    start, end = report.resolved.get("start"), report.resolved.get("end")
    if start is None and end is None:
        return "all that is archived"
    since = (
        joined("from ", moment_text(start), " on") if start is not None else joined("from the first entry")
    )
    until = joined(", and before ", moment_text(end)) if end is not None else joined(" to the last")
    return joined(since, until)


def _stated(content: object) -> Markup:
    return element("span", "not stated", class_="none") if content is None else value(content)
