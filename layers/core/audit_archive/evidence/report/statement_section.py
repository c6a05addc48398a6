"""The statement on completeness and accuracy, in the words of auditors, with control totals and signatures.

Auditors evaluate information produced by the entity (AICPA AU-C 500, PCAOB AS 1105, ISA 500): its source
data, the parameters of the query, the logic of the report, and whether the output is complete and accurate.
Each statement has three parts: what is stated, whose word that is, and how a reader can check it.
"""

from collections.abc import Iterator

from audit_archive.evidence.model import Report
from audit_archive.evidence.report.made_by import clock, locked, login, login_check
from audit_archive.evidence.report.parts import SILENT
from audit_archive.evidence.report.question_section import instants, question_in_words
from audit_archive.html_page.markup import Markup, Node, element, joined
from audit_archive.html_page.parts import (
    Column,
    code,
    counted,
    moment_text,
    number,
    section,
    span,
    table,
    value,
)

_COLUMNS = [Column("Element"), Column("Statement"), Column("Whose word"), Column("How to check it")]
_IDS = (
    "python3 -c \"import json; i = [json.loads(line)['id'] for line in open('entries.ndjson', 'rb')]; "
    'print(len(i), min(i), max(i), sum(i))"'
)


def statement_section(report: Report) -> Markup:
    """What the answer rests on, element by element; the control totals; the lines for signatures."""
    return section(
        "statement",
        "Completeness and accuracy",
        element(
            "p",
            "This statement is for whoever uses the entries as audit evidence. Auditors call such an extract "
            "information produced by the entity (IPE). They evaluate its source data, the parameters of the "
            "query, the logic of the report, and whether the output is complete and accurate.",
        ),
        table("Statement on completeness and accuracy", _COLUMNS, _elements(report), kind="statement"),
        *_totals(report),
        *_signatures(report),
    )


def _elements(report: Report) -> Iterator[list[Node]]:
    for some in (_query, _answer, _people):
        yield from some(report)


def _query(report: Report) -> Iterator[list[Node]]:
    yield [
        "Source data (population)",
        _population(report),
        "The Console's, which served the entries; and the archive's, which stated at the time what it got.",
        joined(
            code("verify.py"),
            " checks the statements in this bundle. On a copy of the archive it compares "
            "each line with the export that the Console served.",
        ),
    ]
    yield [
        "Parameters",
        joined(*question_in_words(report), " As instants: ", instants(report), "."),
        "Whoever asked. The program answered these and no others.",
        joined("They stand in ", code("manifest.json"), ". Ask again with the same."),
    ]
    yield [
        "Logic of the report",
        _program(report),
        "The program's own.",
        joined(
            "The program is published. Ask a copy of the archive with ",
            code("--folder"),
            ": the same question gives the same entries.",
        ),
    ]


def _answer(report: Report) -> Iterator[list[Node]]:
    yield [
        "Completeness",
        _completeness(report),
        "The program's. A proof is about an entry that is here. It says nothing of an entry that is not.",
        joined(
            "Verify a copy of the archive, ask the copy, and compare the control totals. What the Console "
            "did not serve, no archive can show."
        ),
    ]
    yield [
        "Accuracy",
        _accuracy(report),
        "No person's: each proof stands for itself.",
        joined("Checks 9 and 10 of ", code("verify.py"), ", with a key that you got from elsewhere."),
    ]


def _people(report: Report) -> Iterator[list[Node]]:
    is_known = report.caller.arn is not None
    heard = "AWS STS's, as the program heard it." if is_known else "There is no word on it."
    yield ["Who ran it", login(report), heard, login_check(report)]
    yield ["Who asked, and why", _who(report), "Whoever asked. It was not checked.", "Ask them."]
    compare = "Compare it with the event in CloudTrail." if is_known else "Ask whoever made this bundle."
    yield ["When", clock(report), "That of the clocks." if is_known else "That of one machine.", compare]
    yield [
        "Retention",
        _retention(report),
        "The store's (S3), when this bundle was made; and the statements'.",
        joined("Ask S3 for the retention of a version: ", code("aws s3api get-object-retention"), "."),
    ]


def _population(report: Report) -> Markup:
    coverage = report.coverage
    epochs = [
        f"{counted(each.entries, 'entry', 'entries')}, ids {span(each.first_id, each.last_id)}, "
        f"dates {span(each.first_date, each.last_date)} (UTC)"
        + (f", epoch {each.epoch}" if len(coverage.archived) > 1 else "")
        for each in coverage.archived
    ]
    whole = "; ".join(epochs) or "no entry"
    return joined(
        f"The audit trail of Console {report.console}, as it is archived: {whole}. Archived up to ",
        moment_text(coverage.up_to),
        ".",
    )


def _program(report: Report) -> Markup:
    asked = report.asked
    request = joined(", request ", value(asked["request_id"])) if asked.get("request_id") else joined()
    return joined(
        "Canary Audit Archive, version ",
        value(asked.get("version")),
        ", through ",
        value(asked.get("invoked_by") or "an unknown program"),
        request,
        ". An entry must match all parameters. Each file that was read had the hash in its statement.",
    )


def _completeness(report: Report) -> Markup:
    coverage, searched = report.coverage, report.coverage.searched
    read = (
        f"{counted(searched.entries, 'entry', 'entries')} searched in "
        f"{counted(searched.entry_files, 'entry file')}, {number(coverage.matched)} matched."
    )
    if report.outcome in SILENT:
        claim = "This answer says nothing about what happened then."
    elif coverage.not_covered:
        claim = f"Not complete: {counted(len(coverage.not_covered), 'limit')}."
    else:
        claim = "Complete as far as the archive goes."
    missing = f" Ids missing in this range: {number(coverage.missing_ids)}."
    return joined(
        element("strong", claim),
        f" {read}{missing} See ",
        element("a", "the coverage", href="#coverage"),
        ".",
    )


def _accuracy(report: Report) -> str:
    matched = report.coverage.matched
    if not matched:
        return "There is no line to prove."
    return (
        f"{number(report.proven)} of {number(matched)} lines have a proof that the archive held exactly this "
        "line when its checkpoint was signed."
    )


def _who(report: Report) -> Markup:
    who, reason = report.asked.get("who"), report.asked.get("reason")
    return joined(
        "Who: ",
        value(who) if who else "not stated",
        ". Why: ",
        value(reason) if reason else "not stated",
        ".",
    )


def _retention(report: Report) -> Markup:
    locks, stated = report.locks, report.locks.stated
    chain = "statement or checkpoint", "statements and checkpoints"
    told = [locked(locks.entry_files, "entry file"), locked(locks.chain, *chain)]
    if stated.first is not None:
        told.append(
            joined(
                "By the statements the exports behind the entries were locked until ",
                moment_text(stated.first),
                " at least.",
            )
        )
    return joined(*told)


def _totals(report: Report) -> Iterator[Markup]:
    """The control totals, and how to make them anew."""
    totals = report.totals
    lowest, highest = (
        ("none" if each is None else str(each)) for each in (totals.lowest_id, totals.highest_id)
    )
    rows: list[list[Node]] = [
        ["Entries", str(totals.entries), "Lines of the file", "ROWS of the table"],
        ["Lowest id", lowest, "Lowest id", "MIN of the column id"],
        ["Highest id", highest, "Highest id", "MAX of the column id"],
        ["Sum of all ids (hash total)", str(totals.sum_of_ids), "Sum of the ids", "SUM of the column id"],
        ["Bytes", str(totals.size), code("wc -c entries.ndjson"), "not there"],
        ["SHA-256", code(totals.sha256), code("sha256sum entries.ndjson"), "not there"],
    ]
    columns = [
        Column("Total"),
        Column("Value", "code"),
        Column("From entries.ndjson"),
        Column("From entries.csv"),
    ]
    yield table("Control totals of entries.ndjson", columns, rows, kind="totals")
    if totals.entries:
        yield element(
            "p",
            "One command prints the first four, in this order. ",
            code("verify.py"),
            " makes them all anew.",
        )
        yield element("p", code(_IDS), class_="command")


def _signatures(report: Report) -> Iterator[Markup]:
    """Lines to sign. What somebody stated stands beside them, as stated."""
    yield element("h3", "Prepared and reviewed")
    organisation = report.question.get("organisation")
    if organisation:
        yield element("p", "Organisation, as stated: ", element("b", value(organisation)))
    columns = [Column("Role"), Column("Name"), Column("Date"), Column("Signature")]
    lines = ([role, "", "", ""] for role in ("Prepared by", "Reviewed by"))
    yield table("Signatures", columns, lines, kind="signatures")
