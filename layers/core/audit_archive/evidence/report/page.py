"""The report as one page. It needs no network and no other file, and it can be read without its script."""

from collections.abc import Iterable, Iterator

from audit_archive.evidence.model import Report
from audit_archive.evidence.report.activity_section import activity_section
from audit_archive.evidence.report.audit_section import audit_section
from audit_archive.evidence.report.coverage_section import coverage_section
from audit_archive.evidence.report.custody_section import custody_section
from audit_archive.evidence.report.entries_section import entries_section
from audit_archive.evidence.report.question_section import question_section
from audit_archive.evidence.report.sample_section import sample_section
from audit_archive.evidence.report.statement_section import statement_section
from audit_archive.evidence.report.verify_section import files_section, verify_section
from audit_archive.evidence.report.words_section import words_section
from audit_archive.html_page.frame import sealed_head
from audit_archive.html_page.markup import Markup, around, document, element, joined, program
from audit_archive.html_page.parts import code

_CONTENTS = {
    "answer": "Answer",
    "statement": "Completeness and accuracy",
    "coverage": "Coverage",
    "audit": "Audit",
    "custody": "Custody",
    "activity": "Activity",
    "sample": "Sample",
    "files": "Files and keys",
    "verify": "Verify it yourself",
    "words": "Words",
    "entries": "Entries",
}

_SECTIONS = (
    *(question_section, statement_section, coverage_section, audit_section, custody_section),
    *(activity_section, sample_section, files_section, verify_section),
)


def report_page(report: Report, lines: Iterable[bytes], style: str, script: str) -> Iterator[bytes]:
    """The page in pieces of UTF-8. The same report gives the same bytes; one entry at a time is in memory.

    `lines`: the first `report.shown` archived lines that match, each without its line feed. `style` and
    `script`: the texts of `report.css` and `report.js`. The entries come last, as there may be thousands.
    """
    for piece in _page(report, lines, style, script):
        yield piece.html.encode()


def _page(report: Report, lines: Iterable[bytes], style: str, script: str) -> Iterator[Markup]:
    begin, end = document(sealed_head(_title(report), style, script), "en")
    body, body_end = around("body", element("a", "Skip to the answer", href="#answer", class_="skip"))
    main, main_end = around("main", id="main")
    yield from (begin, body, _header(report), main)
    for section in _SECTIONS:
        yield section(report)
    yield words_section()
    yield from entries_section(report, lines)
    yield from (main_end, _footer(report), program("script", script), body_end, end)


def _title(report: Report) -> str:
    return f"Evidence of Console {report.console}, {report.asked.get('at') or 'undated'}"


def _header(report: Report) -> Markup:
    contents = dict(_CONTENTS)
    if not report.coverage.matched:
        del contents["activity"]
    if report.sample is None:
        del contents["sample"]
    links = (element("li", element("a", name, href=f"#{where}")) for where, name in contents.items())
    return element(
        "header",
        element("p", "Evidence report", class_="eyebrow"),
        element("h1", "Audit trail of Console ", code(report.console)),
        element("nav", element("ul", *links), aria_label="Contents"),
    )


def _footer(report: Report) -> Markup:
    version = report.asked.get("version")
    made = f"Made by Canary Audit Archive{f' {version}' if version else ''}."
    return element("footer", element("p", joined(made, " This page loads no data and sends no data.")))
