"""The section for who takes nobody's word: what to run, what it shows, what it can't show."""

from collections.abc import Iterator

from audit_archive.domain.evidence import Report
from audit_archive.report.markup import Markup, Node, element, joined
from audit_archive.report.parts import bullets, code, section

_SHOWN = (
    "Every line that has a proof stood in the archive, unaltered, when its checkpoint was signed.",
    "The statements are one chain: none was altered, taken out or slipped in between.",
    "Which ids are archived, and which are missing and why, as it was stated at the time.",
    "If you bring the key: that whoever holds it signed this archive.",
)
_NOT_SHOWN = (
    "That what the Console served was true or complete. The archive proves what was served.",
    "That the bundle holds every entry that answers the question. It proves the lines that are in it.",
    "That the newest statements were not cut off, unless you kept a checkpoint from before (--checkpoint).",
    "When a statement was made, other than by the archive's own clock.",
    "Who made the archive, unless the key came to you another way than with this bundle.",
    "Anything about this page beyond itself: its own check shows that the entries on it have the hash that "
    "is written on it. Whoever could alter one could alter both. verify.py is what counts.",
)


def verify_section(report: Report) -> Markup:
    """Three steps, and the limits of what they show."""
    return section(
        "verify",
        "Verify it yourself",
        element(
            "p",
            "You need no login, no network and no trust in who made this. Unpack the bundle, and open a "
            "terminal in its folder. ",
            code("verify.py"),
            " takes Python 3.9 or newer, and the package ",
            code("cryptography"),
            " to check signatures; it is one file, to be read before it is run. With ",
            code("-I"),
            " no other file of this folder runs in its place.",
        ),
        element("ol", *(element("li", step) for step in _steps(report))),
        element("h3", "What this shows"),
        bullets(_SHOWN),
        element("h3", "What it can't show"),
        bullets(_NOT_SHOWN),
        element(
            "p",
            "A proof holds hashes of other entries. A hash hides a line only from whoever can't guess it: "
            "who knows all but one field of an entry can try values against its hash.",
        ),
    )


def _steps(report: Report) -> Iterator[Markup]:
    key = " --without-signatures" if report.signer is None else " --key KEY.pem"
    limit = " --without-proofs" if report.proven < report.coverage.matched else ""
    limit = limit if report.coverage.matched else " --without-lines"
    yield _step(
        "Check lines, proofs, statements and signatures. The last line that it prints must begin with VALID, "
        "and say by whose key.",
        f"python3 -I verify.py .{key}{limit}",
        *_why(report, limit),
    )
    yield _step(
        "Look for damage in transit. (Who alters a file can alter this list too.)", "sha256sum -c SHA256SUMS"
    )
    yield joined(
        "Compare the key with one that came to you another way: see ",
        element("a", "files and keys", href="#files"),
        ".",
    )


def _why(report: Report, limit: str) -> Iterator[Node]:
    if report.signer is None:
        yield "This archive is not signed, so there is no key to check it with. "
    if report.coverage.matched == 0:
        yield "The question found nothing, and the option says that you know. "
    elif limit:
        yield "Not every line has a proof in this bundle, and the option says that you know."


def _step(told: str, command: str, *more: Node) -> Markup:
    note = element("p", *more) if more else joined()
    return joined(element("p", told), element("p", code(command), class_="command"), note)
